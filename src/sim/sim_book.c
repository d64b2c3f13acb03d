/* The address books: what each nation declares, in every version that it published, and the
 * drafts of its programme. */
#include "sim/sim_priv.h"

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static void set(json_t *object, const char *key, json_t *value)
{
    sanad_assert(json_object_set_new(object, key, value) == 0);
}

static json_t *entities_json(enum sim_nation nation, const char *day)
{
    size_t count;
    const struct sim_office *offices = sim_offices(&count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        bool used = false;
        for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++)
            used = used || (sim_in_book(id, nation, day) &&
                            strcmp(sim_plan(id)->entity, offices[i].id) == 0);
        if (!used || offices[i].nation != nation)
            continue;
        json_t *entity = json_object(), *name = json_object();
        set(entity, "id", json_string(offices[i].id));
        set(name, "en", json_string(offices[i].name));
        set(entity, "name", name);
        set(entity, "sector", json_string(offices[i].sector));
        sanad_assert(json_array_append_new(list, entity) == 0);
    }
    return list;
}

static json_t *wallet_json(struct sim *sim, enum sim_wallet_id id)
{
    const struct sim_wallet_plan *plan = sim_plan(id);
    json_t *wallet = json_object(), *descriptors = json_array();
    char note[160];
    (void)snprintf(note, sizeof note, "SIMULATED: %s", plan->note);
    set(wallet, "id", json_string(plan->id));
    set(wallet, "entity", json_string(plan->entity));
    set(wallet, "class", json_string(plan->class_));
    set(wallet, "temperature", json_string(plan->temperature));
    set(wallet, "control", json_string(plan->control));
    set(wallet, "visibility", json_string(plan->visibility));
    sanad_assert(json_array_append_new(descriptors, json_string(sim_descriptor(sim, id))) == 0);
    set(wallet, "descriptors", descriptors);
    if (!plan->single) {
        set(wallet, "range", json_integer(plan->range));
        set(wallet, "gap", json_integer(plan->gap));
    }
    set(wallet, "since", text_or_null(plan->since));
    set(wallet, "until", text_or_null(plan->until));
    set(wallet, "note", json_string(note));
    return wallet;
}

/* The book of a day; `timeless`: only wallets that count always. */
static json_t *book_json(struct sim *sim, enum sim_nation nation, const char *day, bool timeless)
{
    json_t *book = json_object(), *wallets = json_array();
    set(book, "nation", json_string(sim_nation_code(nation)));
    set(book, "currency", json_string("USD"));
    set(book, "simulated", json_true());
    set(book, "entities", entities_json(nation, day));
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++)
        if (sim_in_book(id, nation, day) && (!timeless || sim_in_bulk_book(id)))
            sanad_assert(json_array_append_new(wallets, wallet_json(sim, id)) == 0);
    set(book, "wallets", wallets);
    return book;
}

static const char *lower_code(enum sim_nation nation)
{
    return nation == NATION_XS ? "xs" : "xp";
}

/* Every version under declarations/, the last one as book-<cc>.json as well. */
int sim_write_books(struct sim *sim, const char *out, struct err *err)
{
    int code = 0;
    for (enum sim_nation nation = NATION_XS; nation < NATION_COUNT; nation++) {
        size_t count;
        const char *const *days = sim_book_days(nation, &count);
        for (size_t i = 0; i < count && code == 0; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "declarations/book-%s-%s.json", lower_code(nation),
                           days[i]);
            code = sim_write_json(out, name, book_json(sim, nation, days[i], false), err);
            (void)snprintf(name, sizeof name, "book-%s.json", lower_code(nation));
            if (code == 0 && i + 1 == count)
                code = sim_write_json(out, name, book_json(sim, nation, days[i], false), err);
        }
    }
    return code;
}

bool sim_in_bulk_book(enum sim_wallet_id id)
{
    const struct sim_wallet_plan *plan = sim_plan(id);
    return sim_nation_of(id) == NATION_XS && plan->declared && !plan->since && !plan->until;
}

int sim_write_bulk_book(struct sim *sim, const char *out, struct err *err)
{
    size_t count;
    const char *const *days = sim_book_days(NATION_XS, &count);
    return sim_write_json(out, "book-bulk.json", book_json(sim, NATION_XS, days[count - 1], true),
                          err);
}

/* ---- programmes ---------------------------------------------------------------------------- */

const char *const *sim_test_dates(enum sim_nation nation, size_t *ret_count)
{
    static const char *const dates_xs[] = {"2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31"};
    static const char *const dates_xp[] = {"2025-09-30", "2025-12-31"};
    *ret_count = nation == NATION_XS ? countof(dates_xs) : countof(dates_xp);
    return nation == NATION_XS ? dates_xs : dates_xp;
}

const struct sim_criterion *sim_criteria(size_t *ret_count)
{
    static const struct sim_criterion criteria[] = {
        {NATION_XS, "2025-02-26", "net-public-continuous", "performance-criterion", "continuous",
         "net-stock", 0, "2025-01-31", "voluntary accumulation is read as a rise of the net stock"},
        {NATION_XS, "2025-02-26", "net-public-end-period", "performance-criterion", "end-period",
         "net-stock", 0, "2025-01-31", "only the test dates count"},
        {NATION_XS, "2025-07-25", "gross-acquisitions-continuous", "performance-criterion",
         "continuous", "gross-acquisitions", 0, "2025-01-31",
         "every purchase and every mined coin counts, sales do not offset them"},
        {NATION_XS, "2025-07-25", "gross-acquisitions-end-period", "performance-criterion",
         "end-period", "gross-acquisitions", 0, "2025-01-31", "as above, on the test dates only"},
        {NATION_XP, "2025-07-01", "net-public-end-period", "indicative-target", "end-period",
         "net-stock", SIM_BTC(60), "2025-06-30", "mining up to the limit is tolerated"},
        {NATION_XP, "2025-07-01", "net-public-continuous", "indicative-target", "continuous",
         "net-stock", SIM_BTC(60), "2025-06-30", "as above, every day"},
    };
    *ret_count = countof(criteria);
    return criteria;
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        sanad_assert(json_array_append_new(list, json_string(texts[i])) == 0);
    return list;
}

static json_t *criterion_json(const struct sim_criterion *criterion)
{
    static const char *const excluded[] = {"seizure", "custody"};
    json_t *json = json_object();
    size_t count;
    const char *const *dates = sim_test_dates(criterion->nation, &count);
    set(json, "id", json_string(criterion->id));
    set(json, "kind", json_string(criterion->kind));
    set(json, "continuity", json_string(criterion->continuity));
    set(json, "unit", json_string("BTC"));
    set(json, "measure", json_string(criterion->measure));
    set(json, "ceiling_sat", json_integer(criterion->limit_sat));
    set(json, "base_date", json_string(criterion->base_date));
    set(json, "test_dates", texts_json(dates, count));
    set(json, "sector", json_string("public"));
    set(json, "less_client_liabilities", json_true());
    set(json, "excluded_inflows", texts_json(excluded, countof(excluded)));
    set(json, "assumptions", texts_json(&criterion->assumption, 1));
    return json;
}

static json_t *version_json(enum sim_nation nation, const char *version)
{
    json_t *json = json_object(), *list = json_array();
    size_t count;
    const struct sim_criterion *criteria = sim_criteria(&count);
    set(json, "version", json_string(version));
    set(json, "known", json_string(version));
    for (size_t i = 0; i < count; i++)
        if (criteria[i].nation == nation && strcmp(criteria[i].version, version) == 0)
            sanad_assert(json_array_append_new(list, criterion_json(&criteria[i])) == 0);
    set(json, "criteria", list);
    return json;
}

const char *sim_programme(enum sim_nation nation)
{
    return nation == NATION_XS ? "xs-arrangement-2025" : "xp-arrangement-2025";
}

static json_t *programme_json(enum sim_nation nation)
{
    json_t *json = json_object(), *versions = json_array(), *name = json_object();
    bool xs = nation == NATION_XS;
    set(json, "simulated", json_true());
    set(json, "draft", json_true());
    set(json, "nation", json_string(sim_nation_code(nation)));
    set(json, "programme", json_string(sim_programme(nation)));
    set(name, "en",
        json_string(xs ? "SIMULATED arrangement of XS" : "SIMULATED arrangement of XP"));
    set(json, "name", name);
    set(json, "timezone", json_string(xs ? "Etc/GMT+6" : "Etc/GMT-5"));
    set(json, "utc_offset_minutes",
        json_integer((xs ? XS_OFFSET_SECONDS : XP_OFFSET_SECONDS) / 60));
    sanad_assert(json_array_append_new(
                     versions, version_json(nation, xs ? "2025-02-26" : "2025-07-01")) == 0);
    if (xs)
        sanad_assert(json_array_append_new(versions, version_json(nation, "2025-07-25")) == 0);
    set(json, "versions", versions);
    return json;
}

int sim_write_programmes(struct sim *sim, const char *out, struct err *err)
{
    (void)sim; /* the drafts are the same for every seed */
    int code = sim_write_json(out, "programme-xs.json", programme_json(NATION_XS), err);
    return code != 0 ? code
                     : sim_write_json(out, "programme-xp.json", programme_json(NATION_XP), err);
}

int64_t sim_day_end(enum sim_nation nation, int64_t day)
{
    return day + 86399 - (nation == NATION_XS ? XS_OFFSET_SECONDS : XP_OFFSET_SECONDS);
}
