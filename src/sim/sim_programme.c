/* The programmes of both nations: what each agreed to, in the format that limits reads
 * (doc/formats/programme.md). What the truth judges by stands here too: limits, dates, zone. */
#include "sim/sim_priv.h"

const char *const *sim_test_dates(enum sim_nation nation, size_t *ret_count)
{
    static const char *const dates_xs[] = {"2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31"};
    static const char *const dates_xp[] = {"2025-09-30", "2025-12-31"};
    *ret_count = nation == NATION_XS ? countof(dates_xs) : countof(dates_xp);
    return nation == NATION_XS ? dates_xs : dates_xp;
}

/* A ceiling of zero on inflows has no headroom to warn of: no buffer. */
const struct sim_criterion *sim_criteria(size_t *ret_count)
{
    static const struct sim_criterion criteria[] = {
        {NATION_XS, "2025-02-26", "net-public-continuous", "performance-criterion", "continuous",
         "net-stock", 0, SIM_BTC(5), "2025-01-31", "net-stock"},
        {NATION_XS, "2025-02-26", "net-public-end-period", "performance-criterion", "end-period",
         "net-stock", 0, SIM_BTC(5), "2025-01-31", "test-dates-only"},
        {NATION_XS, "2025-07-25", "gross-acquisitions-continuous", "performance-criterion",
         "continuous", "gross-acquisitions", 0, 0, "2025-01-31", "no-offset"},
        {NATION_XS, "2025-07-25", "gross-acquisitions-end-period", "performance-criterion",
         "end-period", "gross-acquisitions", 0, 0, "2025-01-31", "test-dates-only"},
        {NATION_XP, "2025-07-01", "net-public-end-period", "indicative-target", "end-period",
         "net-stock", SIM_BTC(60), SIM_BTC(10), "2025-06-30", "tolerated"},
        {NATION_XP, "2025-07-01", "net-public-continuous", "indicative-target", "continuous",
         "net-stock", SIM_BTC(60), SIM_BTC(10), "2025-06-30", "tolerated"},
    };
    *ret_count = countof(criteria);
    return criteria;
}

const char *sim_programme(enum sim_nation nation)
{
    return nation == NATION_XS ? "xs-arrangement-2025" : "xp-arrangement-2025";
}

int64_t sim_day_end(enum sim_nation nation, int64_t day)
{
    return day + 86399 - (nation == NATION_XS ? XS_OFFSET_SECONDS : XP_OFFSET_SECONDS);
}

/* ---- texts ------------------------------------------------------------------------------------
 */

struct text {
    const char *en, *es, *ur;
};
#define MARK_EN "SIMULATED: "
#define MARK_ES "SIMULATED (simulado): "
#define MARK_UR "SIMULATED (فرضی): "

static const struct {
    enum sim_nation nation; /* NATION_NONE: of both */
    const char *id;
    struct text text;
} assumptions[] = {
    {NATION_XS,
     "net-stock",
     {MARK_EN "voluntary accumulation is read as a rise of the net stock since the base date",
      MARK_ES "la acumulación voluntaria se lee como un aumento de la tenencia neta desde la fecha "
              "base",
      MARK_UR "رضاکارانہ اضافے سے مراد بنیادی تاریخ کے بعد خالص ذخیرے میں اضافہ ہے"}},
    {NATION_XS,
     "test-dates-only",
     {MARK_EN "only the test dates count, not the days between them",
      MARK_ES "solo cuentan las fechas de evaluación, no los días intermedios",
      MARK_UR "صرف جانچ کی تاریخیں شمار ہوتی ہیں، درمیان کے دن نہیں"}},
    {NATION_XS,
     "no-offset",
     {MARK_EN "every purchase and every mined coin counts, sales do not offset them",
      MARK_ES "cuenta toda compra y toda moneda minada, y las ventas no las compensan",
      MARK_UR "ہر خریداری اور ہر مائن کیا ہوا سکہ شمار ہوتا ہے، فروخت اسے کم نہیں کرتی"}},
    {NATION_XP,
     "tolerated",
     {MARK_EN "mining up to the limit is tolerated", MARK_ES "se tolera la minería hasta el límite",
      MARK_UR "حد تک مائننگ کی اجازت ہے"}},
    {NATION_NONE,
     "first-in-first-out",
     {MARK_EN "where excluded coins mix with others in a payment, first in, first out",
      MARK_ES
      "cuando monedas excluidas se mezclan con otras en un pago, primera en entrar, primera "
      "en salir",
      MARK_UR "جہاں مستثنیٰ سکے کسی ادائیگی میں دوسروں سے مل جائیں، جو پہلے آئے وہ پہلے جائے"}},
};

/* By measure and continuity. */
static const struct {
    const char *measure, *continuity;
    struct text text;
    const char *reading;
} names[] = {
    {"net-stock",
     "continuous",
     {MARK_EN "change of the net public position, every day",
      MARK_ES "variación de la posición pública neta, todos los días",
      MARK_UR "خالص سرکاری پوزیشن میں تبدیلی، ہر روز"},
     "net stock, continuous"},
    {"net-stock",
     "end-period",
     {MARK_EN "change of the net public position, on the test dates",
      MARK_ES "variación de la posición pública neta, en las fechas de evaluación",
      MARK_UR "خالص سرکاری پوزیشن میں تبدیلی، جانچ کی تاریخوں پر"},
     "net stock, end of period"},
    {"gross-acquisitions",
     "continuous",
     {MARK_EN "coins bought and mined, every day",
      MARK_ES "monedas compradas y minadas, todos los días",
      MARK_UR "خریدے اور مائن کیے گئے سکے، ہر روز"},
     "gross acquisitions, continuous"},
    {"gross-acquisitions",
     "end-period",
     {MARK_EN "coins bought and mined, on the test dates",
      MARK_ES "monedas compradas y minadas, en las fechas de evaluación",
      MARK_UR "خریدے اور مائن کیے گئے سکے، جانچ کی تاریخوں پر"},
     "gross acquisitions, end of period"},
};

static void set(json_t *object, const char *key, json_t *value)
{
    sanad_assert(json_object_set_new(object, key, value) == 0);
}

static void append(json_t *list, json_t *value)
{
    sanad_assert(json_array_append_new(list, value) == 0);
}

static json_t *text_json(const struct text *text)
{
    json_t *json = json_object();
    set(json, "en", json_string(text->en));
    set(json, "es", json_string(text->es));
    set(json, "ur", json_string(text->ur));
    return json;
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        append(list, json_string(texts[i]));
    return list;
}

static json_t *assumptions_json(enum sim_nation nation)
{
    json_t *list = json_array();
    for (size_t i = 0; i < countof(assumptions); i++) {
        if (assumptions[i].nation != nation && assumptions[i].nation != NATION_NONE)
            continue;
        json_t *json = json_object();
        set(json, "id", json_string(assumptions[i].id));
        set(json, "text", text_json(&assumptions[i].text));
        append(list, json);
    }
    return list;
}

/* ---- quantities --------------------------------------------------------------------------------
 */

/* {NAME: operand} */
static json_t *apply(const char *name, json_t *operand)
{
    json_t *json = json_object();
    set(json, name, operand);
    return json;
}

static json_t *of_public(void)
{
    json_t *json = json_object();
    set(json, "perimeter", json_string("public"));
    return json;
}

static json_t *less(json_t *from, json_t *what)
{
    json_t *list = json_array();
    append(list, from);
    append(list, what);
    return apply("difference", list);
}

/* What is held, less what clients are owed, less what came by seizure or for custody. */
static json_t *net_stock_json(void)
{
    static const char *const excluded[] = {"seizure", "custody"};
    json_t *liabilities = of_public(), *held = of_public();
    set(liabilities, "max_age_days", json_integer(35));
    set(held, "meanings", texts_json(excluded, countof(excluded)));
    set(held, "mixing", json_string("fifo"));
    return less(less(apply("balance", of_public()), apply("liabilities", liabilities)),
                apply("held_from", held));
}

static json_t *gross_json(void)
{
    static const char *const meanings[] = {"purchase", "pool-payout"};
    static const char *const classes[] = {"mined"};
    json_t *flows = of_public();
    set(flows, "meanings", texts_json(meanings, countof(meanings)));
    set(flows, "classes", texts_json(classes, countof(classes)));
    set(flows, "unclassified", json_string("undecided"));
    return apply("flows", flows);
}

/* ---- the programme -------------------------------------------------------------------------- */

static json_t *criterion_json(const struct sim_criterion *criterion)
{
    json_t *json = json_object(), *named = texts_json(&criterion->assumption, 1);
    size_t count, name = 0;
    bool stock = strcmp(criterion->measure, "net-stock") == 0;
    const char *const *dates = sim_test_dates(criterion->nation, &count);
    while (strcmp(names[name].measure, criterion->measure) != 0 ||
           strcmp(names[name].continuity, criterion->continuity) != 0)
        sanad_assert(++name < countof(names));
    if (stock)
        append(named, json_string("first-in-first-out"));
    set(json, "id", json_string(criterion->id));
    set(json, "name", text_json(&names[name].text));
    set(json, "kind", json_string(criterion->kind));
    set(json, "continuity", json_string(criterion->continuity));
    set(json, "unit", json_string("BTC"));
    set(json, "quantity", apply("change", stock ? net_stock_json() : gross_json()));
    set(json, "ceiling", json_integer(criterion->limit_sat));
    set(json, "base_date", json_string(criterion->base_date));
    set(json, "test_dates", texts_json(dates, count));
    set(json, "buffer", json_integer(criterion->buffer_sat));
    set(json, "assumptions", named);
    set(json, "reading", json_string(names[name].reading));
    return json;
}

static json_t *version_json(enum sim_nation nation, const char *version, const char *until)
{
    json_t *json = json_object(), *list = json_array();
    size_t count;
    const struct sim_criterion *criteria = sim_criteria(&count);
    set(json, "version", json_string(version));
    set(json, "from", json_string(version));
    set(json, "until", until ? json_string(until) : json_null());
    set(json, "known", json_string(version));
    set(json, "source", json_string(version));
    for (size_t i = 0; i < count; i++)
        if (criteria[i].nation == nation && strcmp(criteria[i].version, version) == 0)
            append(list, criterion_json(&criteria[i]));
    set(json, "criteria", list);
    return json;
}

/* The memorandum behind a version, which has the version's name. */
static json_t *source_json(struct sim *sim, enum sim_nation nation, const char *version)
{
    json_t *json = json_object();
    char name[64], title[64], sha256[HEX256_SIZE];
    (void)snprintf(name, sizeof name, "memorandum-%s-%s", sim_nation_code(nation), version);
    (void)snprintf(title, sizeof title, "SIMULATED memorandum of %s, %s", sim_nation_code(nation),
                   version);
    hash256_straight(sha256, sim_document_hash(sim, name, "what was agreed, as a programme file"));
    set(json, "id", json_string(version));
    set(json, "title", json_string(title));
    set(json, "date", json_string(version));
    set(json, "sha256", json_string(sha256));
    return json;
}

/* Everybody of the public sector, banks that the state owns too. */
static json_t *perimeters_json(void)
{
    static const char *const sectors[] = {"S13", "S11001", "S12201"};
    json_t *perimeter = json_object();
    set(perimeter, "sectors", texts_json(sectors, countof(sectors)));
    set(perimeter, "holder_sectors", texts_json(sectors, countof(sectors)));
    return apply("public", perimeter);
}

static json_t *size_json(enum sim_nation nation, const char *source)
{
    json_t *json = json_object();
    set(json, "unit", json_string("USD"));
    set(json, "value",
        json_integer(nation == NATION_XS ? INT64_C(90000000000) : INT64_C(420000000000)));
    set(json, "source", json_string(source));
    return json;
}

/* Days of both nations' zones; each flow is declared on the evening after it is settled, so two
 * days on all of a day is known wherever the zone. */
static void frame_set(json_t *json, enum sim_nation nation)
{
    static const struct text name_xs = {MARK_EN "arrangement of XS", MARK_ES "acuerdo de XS",
                                        MARK_UR "XS کا معاہدہ"};
    static const struct text name_xp = {MARK_EN "arrangement of XP", MARK_ES "acuerdo de XP",
                                        MARK_UR "XP کا معاہدہ"};
    bool xs = nation == NATION_XS;
    set(json, "programme", json_string(sim_programme(nation)));
    set(json, "nation", json_string(sim_nation_code(nation)));
    set(json, "simulated", json_true());
    set(json, "name", text_json(xs ? &name_xs : &name_xp));
    set(json, "timezone", json_string(xs ? "Etc/GMT+6" : "Etc/GMT-5"));
    set(json, "utc_offset_minutes",
        json_integer((xs ? XS_OFFSET_SECONDS : XP_OFFSET_SECONDS) / 60));
    set(json, "reporting", apply("lag_days", json_integer(2)));
}

static json_t *programme_json(struct sim *sim, enum sim_nation nation)
{
    static const char *const versions_xs[] = {"2025-02-26", "2025-07-25"};
    static const char *const versions_xp[] = {"2025-07-01"};
    bool xs = nation == NATION_XS;
    const char *const *versions = xs ? versions_xs : versions_xp;
    size_t count = xs ? countof(versions_xs) : countof(versions_xp);
    json_t *json = json_object(), *sources = json_array(), *list = json_array();
    frame_set(json, nation);
    for (size_t i = 0; i < count; i++) {
        append(sources, source_json(sim, nation, versions[i]));
        append(list, version_json(nation, versions[i], i + 1 < count ? versions[i + 1] : NULL));
    }
    set(json, "size", size_json(nation, versions[0]));
    set(json, "sources", sources);
    set(json, "assumptions", assumptions_json(nation));
    set(json, "perimeters", perimeters_json());
    set(json, "versions", list);
    return json;
}

int sim_write_programmes(struct sim *sim, const char *out, struct err *err)
{
    int code = sim_write_json(out, "programme-xs.json", programme_json(sim, NATION_XS), err);
    return code != 0
               ? code
               : sim_write_json(out, "programme-xp.json", programme_json(sim, NATION_XP), err);
}
