/* Proves, over random books, chains, lines and meanings (seeded, so that a failure comes back):
 * each value is what a plain sum over the chain says, and every change is the sum of its reasons,
 * to the satoshi; other wallets over the same scripts change no value and no verdict; what was
 * known on a day gives what it gave then, whatever was recorded since; days that are reported
 * together are each what they are alone; and any programme and day that is asked for has an answer
 * that can be written. */
#include "stage_test.h"

enum {
    OWN = 6,      /* scripts inside the perimeter */
    OUTSIDE = 8,  /* up to here those of the bank, which is not */
    SCRIPTS = 11, /* and those of others */
    HEIGHT = 20,
    ENTITIES = 3, /* inside */
    WORLDS = 240,
    RECORD_SETS = 3
};
static const char *const entity_ids[ENTITIES + 1] = {"office", "operator", "court", "bank"};

static uint64_t random_state;

static uint64_t chance(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static const char *script_text(int script)
{
    static char texts[SCRIPTS][45];
    if (!texts[script][0])
        (void)snprintf(texts[script], sizeof texts[script], "0014%040d", script + 1);
    return texts[script];
}

/* ---- books -------------------------------------------------------------------------------------
 */

/* The scripts inside in as many wallets as there are, of any entity and class; the bank's in
 * one. `without`: a script that the book does not know (SCRIPTS: it knows all). */
static char *random_book(int without)
{
    static const char *const classes[] = {"reserve", "operating", "client",
                                          "seized",  "mining",    "other"};
    static const char *const sectors[] = {"S1311", "S11001", "S1311", "S12201"};
    struct buf buf = buf_with_max(1 << 16);
    int wallet_of[OWN];
    buf_text(&buf, "{\"nation\":\"XS\",\"currency\":\"USD\",\"simulated\":true,\"entities\":[");
    for (size_t i = 0; i < countof(entity_ids); i++)
        buf_format(&buf, "%s{\"id\":\"%s\",\"name\":{\"en\":\"E\"},\"sector\":\"%s\"}",
                   i ? "," : "", entity_ids[i], sectors[i]);
    buf_text(&buf, "],\"wallets\":[");
    uint64_t wallets = 1 + chance(OWN);
    for (int i = 0; i < OWN; i++)
        wallet_of[i] = (int)chance(wallets);
    for (int wallet = 0; wallet <= OWN; wallet++) {
        const char *comma = "";
        struct buf list = buf_with_max(1 << 14);
        for (int i = 0; i < OUTSIDE; i++)
            if (i != without && (i < OWN ? wallet_of[i] : OWN) == wallet) {
                buf_format(&list, "%s\"raw(%s)\"", comma, script_text(i));
                comma = ",";
            }
        if (list.size)
            buf_format(&buf,
                       "{\"id\":\"w%d\",\"entity\":\"%s\",\"class\":\"%s\",\"control\":"
                       "\"declared\",\"visibility\":\"public\",\"since\":null,\"until\":null,"
                       "\"descriptors\":[%s]}%s",
                       wallet, entity_ids[wallet == OWN ? ENTITIES : chance(ENTITIES)],
                       wallet == OWN ? "operating" : classes[chance(countof(classes))],
                       buf_cstr(&list), wallet == OWN ? "" : ",");
        buf_free(&list);
    }
    buf_text(&buf, "]}");
    char *text = mem_strdup(buf_cstr(&buf));
    buf_free(&buf);
    return text;
}

/* ---- chains ------------------------------------------------------------------------------------
 */

/* What the generator itself knows of its coins. */
struct model {
    int script[WORLD_COIN_MAX];
    int64_t sat[WORLD_COIN_MAX];
    bool spent[WORLD_COIN_MAX];
    int64_t inside[HEIGHT + 1]; /* balance of the scripts inside, after each block */
    size_t txs[WORLD_COIN_MAX]; /* first coin of each transaction */
    size_t tx_count;
};

static size_t tx_add(struct world *world, struct model *model, const struct world_in *ins,
                     size_t in_count, int64_t sat)
{
    struct world_out outs[4];
    int scripts[4];
    size_t out_count = 1 + chance(4);
    for (size_t i = 0; i < out_count; i++) {
        scripts[i] = (int)chance(SCRIPTS);
        int64_t part = i + 1 == out_count ? sat : (int64_t)chance((uint64_t)sat / 2 + 1);
        outs[i] = (struct world_out){.script = script_text(scripts[i]), .sat = part};
        sat -= part;
    }
    size_t first = world_tx(world, ins, in_count, outs, out_count);
    for (size_t i = 0; i < out_count; i++) {
        model->script[first + i] = scripts[i];
        model->sat[first + i] = outs[i].sat;
    }
    model->txs[model->tx_count++] = first;
    return first;
}

static void payment_add(struct world *world, struct model *model)
{
    struct world_in ins[3];
    size_t in_count = 0;
    size_t wanted = 1 + chance(3);
    int64_t sat = 0;
    for (int tries = 0; tries < 20 && in_count < wanted; tries++) {
        size_t coin = chance(world->coin_count);
        if (model->spent[coin])
            continue;
        model->spent[coin] = true;
        ins[in_count++] = (struct world_in){.coin = coin};
        sat += model->sat[coin];
    }
    int64_t fee = (int64_t)chance(2000);
    if (in_count > 0)
        (void)tx_add(world, model, ins, in_count, sat > fee ? sat - fee : sat);
}

static void chain_play(struct world *world, struct model *model)
{
    for (uint32_t height = 0; height <= HEIGHT; height++) {
        if (height > 0)
            world_block(world);
        if (height == 0 || chance(3) == 0)
            (void)tx_add(world, model, NO_INS, (int64_t)chance(BTC(50)) + 1);
        for (uint64_t left = chance(4); left > 0; left--)
            payment_add(world, model);
        model->inside[height] = 0;
        for (size_t i = 0; i < world->coin_count; i++)
            if (!model->spent[i] && model->script[i] < OWN)
                model->inside[height] += model->sat[i];
    }
}

/* ---- records -----------------------------------------------------------------------------------
 */

static int64_t random_time(void)
{
    return STAGE_DAY(0) + (int64_t)chance(HEIGHT * (uint64_t)LIMITS_DAY);
}

/* Proposed, approved or rejected at any time after it was known. */
static void record_times(int64_t *ret_decided, int64_t *ret_rejected, int64_t known)
{
    *ret_decided = INT64_MAX;
    *ret_rejected = 0;
    int64_t later = known + (int64_t)chance(6 * (uint64_t)LIMITS_DAY);
    switch (chance(4)) {
    case 0:
        *ret_decided = known;
        break;
    case 1:
        *ret_decided = later;
        break;
    case 2:
        *ret_rejected = later;
        break;
    default:
        break;
    }
}

static void line_add(struct stage *stage, const char *entity, const char *sector, int64_t time,
                     int64_t known)
{
    size_t at = stage->liabilities.count++;
    assert_true(at < STAGE_LINES_MAX);
    stage->lines[at] = (struct limits_record){.time = time,
                                              .known = known,
                                              .decided = INT64_MAX,
                                              .decision = (int64_t)at,
                                              .number = (int64_t)at + 1,
                                              .entity = entity,
                                              .holder = sector,
                                              .holder_sector = sector,
                                              .value = amount_of((int64_t)chance(BTC(20))),
                                              .source = "toy.csv line 1"};
}

/* Every entity inside has a line on the first day, so that no book lacks one. */
static void lines_make(struct stage *stage)
{
    stage->liabilities.count = 0;
    for (size_t i = 0; i < ENTITIES; i++)
        line_add(stage, entity_ids[i], "S14", STAGE_DAY(0), STAGE_DAY(0));
    for (uint64_t left = 10 + chance(20); left > 0; left--) {
        const char *entity = entity_ids[chance(countof(entity_ids))];
        int64_t time = random_time();
        int64_t known = time + (int64_t)chance(5 * (uint64_t)LIMITS_DAY);
        line_add(stage, entity, chance(4) ? "S14" : "S1311", time, known);
        if (chance(4) == 0) /* another for the same time, that corrects it */
            line_add(stage, entity, "S14", time, known + (int64_t)chance((uint64_t)LIMITS_DAY));
    }
    for (size_t i = ENTITIES; i < stage->liabilities.count; i++)
        record_times(&stage->lines[i].decided, &stage->lines[i].rejected, stage->lines[i].known);
    qsort(stage->lines, stage->liabilities.count, sizeof *stage->lines, stage_line_compare);
}

static void meanings_make(struct stage *stage, const struct model *model, bool by_wallet)
{
    static const char *const wallets[] = {"w0", "w1", "w2", "w6"};
    stage->meanings.count = 0;
    for (size_t i = 0; i < model->tx_count && stage->meanings.count + 2 < STAGE_LINES_MAX; i++)
        for (uint64_t left = chance(3); left > 0; left--) {
            const char *wallet =
                by_wallet && chance(3) == 0 ? wallets[chance(countof(wallets))] : NULL;
            int64_t known = random_time() + (int64_t)chance(3 * (uint64_t)LIMITS_DAY);
            stage_means(stage, model->txs[i], wallet, (enum flow_meaning)chance(FLOW_MEANING_COUNT),
                        known);
        }
    for (size_t i = 0; i < stage->meanings.count; i++) {
        struct limits_meaning *meaning = &stage->meant[i];
        record_times(&meaning->decided, &meaning->rejected, meaning->known);
        meaning->withdrawn = chance(8) == 0;
        meaning->decision = meaning->number;
    }
}

/* ---- programmes --------------------------------------------------------------------------------
 */

#define HELD(mixing)                                                                               \
    "{'held_from':{'perimeter':'public','meanings':['seizure','custody','donation'],"              \
    "'mixing':'" mixing "'}}"
#define OWED "{'liabilities':{'perimeter':'public','max_age_days':400}}"
#define STOCK "{'difference':[{'balance':{'perimeter':'public'}}," OWED "]}"
#define FLOWING(more)                                                                              \
    "{'change':{'flows':{'perimeter':'public','meanings':['purchase','pool-payout','loan'],"       \
    "'classes':['mined']" more "}}}"

static const char random_programme[] =
    "{'programme':'toy','nation':'XS','simulated':true,'name':{'en':'SIMULATED toy'},"
    " 'timezone':'UTC','utc_offset_minutes':0,'sources':[{'id':'s','title':'Source'}],"
    " 'reporting':{'lag_days':0},'perimeters':{'public':{'sectors':['S13','S11001']}},"
    " 'versions':[{'version':'v','from':'2025-01-05','until':null,'source':'s','criteria':"
    "[" STAGE_CRITERION("stock", "continuous", STOCK, "") "," STAGE_CRITERION(
        "fifo", "continuous", "{'change':{'difference':[" STOCK "," HELD("fifo") "]}}",
        "") "," STAGE_CRITERION("lifo", "continuous",
                                "{'change':{'difference':[" STOCK "," HELD("lifo") "]}}",
                                "") "," STAGE_CRITERION("share", "end-period",
                                                        "{'change':{'difference':[" STOCK
                                                        "," HELD("pro-rata") "]}}",
                                                        STAGE_DATES) "," STAGE_CRITERION("gross",
                                                                                         "continuou"
                                                                                         "s",
                                                                                         FLOWING(
                                                                                             ""),
                                                                                         "") "," STAGE_CRITERION("told",
                                                                                                                 "end-period",
                                                                                                                 FLOWING(
                                                                                                                     ",'unclassified':'ignore'"),
                                                                                                                 STAGE_DATES) "," STAGE_CRITERION("owed",
                                                                                                                                                  "continuous",
                                                                                                                                                  "{'change':{'times':{'of':" OWED
                                                                                                                                                  ",'numerator':-2,'denominator':1}}}",
                                                                                                                                                  "") "]}]}";
enum { CRITERIA = 7, STOCK_AT = 0 };

static json_t *programme_make(void)
{
    json_t *json = json_of(random_programme);
    char path[] = "versions/0/criteria/0/ceiling";
    for (int i = 0; i < CRITERIA; i++) {
        path[20] = (char)('0' + i);
        json_put(json, path, json_integer((int64_t)chance(BTC(20)) - BTC(10)));
    }
    json_put(json, "reporting/lag_days", json_integer((int64_t)chance(4)));
    return json;
}

/* ---- a stage of its own for a book
 * ---------------------------------------------------------------
 */

/* A book over the facts of another stage, up to a height. */
struct view {
    struct book *book;
    struct ledger *ledger;
    struct flows flows;
};

static void view_open(struct view *view, const struct stage *stage, const char *text,
                      uint32_t height)
{
    struct err err = {0};
    struct flows_options options = {.from = 0, .to = height};
    test_ok(book_read(&view->book, "book", bytes_of_text(text), chain_params_get(CHAIN_MAIN), &err),
            &err);
    test_ok(ledger_new(&view->ledger, stage->world.facts, view->book, height, &err), &err);
    test_ok(flows_make(&view->flows, view->ledger, &options, &err), &err);
    assert_true(view->flows.conservation.holds);
}

static void view_close(struct view *view)
{
    flows_free(&view->flows);
    ledger_free(view->ledger);
    book_free(view->book);
}

static struct limits_result evaluate(const struct limits_knowledge *knowledge, int day)
{
    struct limits_result result = {0};
    struct err err = {0};
    struct limits_options options = {.day = STAGE_DAY(day),
                                     .has_daily = true,
                                     .daily_from = STAGE_DAY(2),
                                     .daily_to = STAGE_DAY(HEIGHT)};
    test_ok(limits_evaluate(&result, knowledge, &options, &err), &err);
    assert_int_equal(result.criterion_count, CRITERIA);
    return result;
}

static void same_amount(struct amount a, struct amount b)
{
    assert_true(amount_is_known(a) == amount_is_known(b));
    if (amount_is_known(a))
        assert_int_equal(amount_minor(a), amount_minor(b));
}

/* All days up to one, and the breaches. */
static void same_results(const struct limits_result *a, const struct limits_result *b, int day)
{
    for (size_t i = 0; i < a->criterion_count; i++) {
        const struct criterion_result *x = &a->criteria[i];
        const struct criterion_result *y = &b->criteria[i];
        same_amount(x->value, y->value);
        same_amount(x->headroom, y->headroom);
        assert_int_equal(x->verdict, y->verdict);
        assert_int_equal(x->breach_count, y->breach_count);
        for (size_t n = 0; n < x->breach_count; n++) {
            assert_int_equal(x->breaches[n].from, y->breaches[n].from);
            assert_int_equal(x->breaches[n].corrected, y->breaches[n].corrected);
            same_amount(x->breaches[n].worst, y->breaches[n].worst);
        }
        for (size_t d = 0; d < a->daily_count && a->daily[d].day <= STAGE_DAY(day); d++) {
            const struct daily_value *of = &a->daily[i * a->daily_count + d];
            const struct daily_value *at = &b->daily[i * b->daily_count + d];
            same_amount(of->value, at->value);
            same_amount(of->limit, at->limit);
            assert_int_equal(of->verdict, at->verdict);
        }
    }
}

/* ---- sums --------------------------------------------------------------------------------------
 */

/* What stands for an entity and a holder on a day, chosen among all lines one by one. */
static int64_t owed_of(const struct stage *stage, const char *entity, int64_t end, int64_t known)
{
    const struct limits_record *best = NULL;
    struct two_times times;
    for (size_t i = 0; i < stage->liabilities.count; i++) {
        const struct limits_record *line = &stage->lines[i];
        struct two_times next = {.known = line->known,
                                 .decided = line->decided,
                                 .rejected = line->rejected,
                                 .decision = line->decision,
                                 .number = line->number};
        if (strcmp(line->entity, entity) != 0 || strcmp(line->holder_sector, "S14") != 0 ||
            line->time > end)
            continue;
        bool newer = best && line->time > best->time;
        if (best && line->time < best->time)
            continue;
        if (!two_times_stands(&next, best && !newer ? &times : NULL, known))
            continue;
        best = line;
        times = next;
    }
    return best ? amount_minor(best->value) : 0;
}

static void values_are_plain_sums(const struct stage *stage, const struct model *model,
                                  const struct limits_result *result)
{
    for (size_t d = 0; d < result->daily_count; d++) {
        const struct daily_value *value = &result->daily[STOCK_AT * result->daily_count + d];
        int64_t end = value->day + LIMITS_DAY - 1;
        int64_t sum = model->inside[(value->day - STAGE_DAY(0)) / LIMITS_DAY];
        for (size_t i = 0; i < ENTITIES; i++)
            sum -= owed_of(stage, entity_ids[i], end, stage->knowledge.known);
        assert_int_equal(amount_minor(value->value), sum);
    }
}

/* Of any two days: what came and went, and nothing else. */
static void changes_are_their_reasons(const struct stage *stage)
{
    struct evaluation evaluation;
    struct arena arena = {0};
    struct err err = {0};
    int64_t days[HEIGHT + 1];
    for (int i = 0; i <= HEIGHT; i++)
        days[i] = STAGE_DAY(i);
    test_ok(evaluation_make(&evaluation, &stage->knowledge, days, HEIGHT + 1, &arena, &err), &err);
    for (int i = 0; i < CRITERIA; i++) {
        struct limits_change change;
        int from = 2 + (int)chance(HEIGHT - 2);
        int to = from + 1 + (int)chance((uint64_t)(HEIGHT - from));
        test_ok(change_make(&change, &evaluation, &stage->programme->versions[0].criteria[i],
                            STAGE_DAY(from), STAGE_DAY(to), &err),
                &err);
        struct amount sum = amount_zero();
        for (size_t n = 0; n < change.count; n++)
            sum = amount_add(sum, change.reasons[n].effect);
        assert_int_equal(amount_minor(sum), amount_minor(amount_sub(change.after, change.before)));
        assert_int_equal(amount_minor(change.rest), 0);
    }
    arena_free(&arena);
}

/* ---- what was known
 * ------------------------------------------------------------------------------
 */

/* The records as they were at an instant: those known by then, decided as far as they were. */
static void records_then(struct stage *then, const struct stage *now, int64_t known)
{
    then->liabilities = (struct limits_records){.list = then->lines};
    then->meanings = (struct limits_meanings){.list = then->meant};
    for (size_t i = 0; i < now->liabilities.count; i++)
        if (now->lines[i].known <= known) {
            struct limits_record *line = &then->lines[then->liabilities.count++];
            *line = now->lines[i];
            line->decided = line->decided <= known ? line->decided : INT64_MAX;
            line->rejected = line->rejected <= known ? line->rejected : 0;
        }
    for (size_t i = 0; i < now->meanings.count; i++)
        if (now->meant[i].known <= known) {
            struct limits_meaning *meaning = &then->meant[then->meanings.count++];
            *meaning = now->meant[i];
            meaning->decided = meaning->decided <= known ? meaning->decided : INT64_MAX;
            meaning->rejected = meaning->rejected <= known ? meaning->rejected : 0;
        }
}

static void the_past_stays(const struct stage *stage, const char *book)
{
    static struct stage then;
    struct view view;
    int64_t known = random_time();
    int day = 6 + (int)chance(HEIGHT - 8);
    /* With all that is recorded today, asked with the knowledge of then … */
    struct limits_knowledge today = stage->knowledge;
    today.known = known;
    struct limits_result a = evaluate(&today, day);
    /* … and with what there was then, on the chain as long as it was on the day. */
    records_then(&then, stage, known);
    view_open(&view, stage, book, (uint32_t)day);
    struct limits_knowledge past = stage->knowledge;
    past.known = known;
    past.ledger = view.ledger;
    past.flows = &view.flows;
    past.liabilities = &then.liabilities;
    past.meanings = &then.meanings;
    struct limits_result b = evaluate(&past, day);
    same_results(&a, &b, day);
    limits_result_free(&a);
    limits_result_free(&b);
    view_close(&view);
}

/* ---- other wallets
 * -------------------------------------------------------------------------------
 */

static void other_wallets_change_nothing(const struct stage *stage,
                                         const struct limits_result *result)
{
    struct view view;
    char *book = random_book(SCRIPTS);
    view_open(&view, stage, book, HEIGHT);
    struct limits_knowledge other = stage->knowledge;
    other.ledger = view.ledger;
    other.flows = &view.flows;
    struct limits_result again = evaluate(&other, HEIGHT);
    same_results(result, &again, HEIGHT);
    limits_result_free(&again);
    view_close(&view);
    free(book);
}

/* ---- as reported
 * ---------------------------------------------------------------------------------
 */

struct past {
    const struct stage *stage;
    const struct view *early;
    int64_t late_known;
    struct limits_knowledge answer;
};

static int past_at(const struct limits_knowledge **ret_knowledge, void *context, int64_t known,
                   struct err *err)
{
    struct past *past = context;
    (void)err;
    past->answer = past->stage->knowledge;
    past->answer.known = known;
    if (known < past->late_known) {
        past->answer.ledger = past->early->ledger;
        past->answer.flows = &past->early->flows;
    }
    *ret_knowledge = &past->answer;
    return 0;
}

/* What each criterion says on a day, with the knowledge of its report and of today. */
struct twice {
    enum limits_verdict then[CRITERIA], now[CRITERIA];
};

static void judge(enum limits_verdict ret_verdicts[CRITERIA],
                  const struct limits_knowledge *knowledge, int64_t day)
{
    struct limits_result result;
    struct err err = {0};
    struct limits_options options = {
        .day = day, .has_daily = true, .daily_from = day, .daily_to = day};
    test_ok(limits_evaluate(&result, knowledge, &options, &err), &err);
    for (size_t i = 0; i < CRITERIA; i++)
        ret_verdicts[i] = result.daily[i].verdict;
    limits_result_free(&result);
}

static struct twice alone(struct past *past, int64_t day)
{
    const struct limits_knowledge *then;
    const struct programme *programme = past->stage->programme;
    int64_t known = programme_day_end(programme, day) + programme->lag_days * LIMITS_DAY;
    struct err err = {0};
    struct twice twice;
    test_ok(past_at(&then, past, known, &err), &err);
    judge(twice.then, then, day);
    judge(twice.now, &past->stage->knowledge, day);
    return twice;
}

static bool is_looked_at(const struct criterion *criterion, int64_t day)
{
    bool found = criterion->continuity == CONTINUOUS;
    for (size_t i = 0; i < criterion->date_count; i++)
        found = found || criterion->dates[i].day == day;
    return found;
}

static void groups_are_days_alone(const struct stage *stage)
{
    struct view early;
    struct err err = {0};
    char *other = random_book((int)chance(SCRIPTS + 1));
    view_open(&early, stage, other, HEIGHT);
    struct past past = {.stage = stage, .early = &early, .late_known = random_time()};
    struct limits_history history = {.context = &past, .at = past_at};
    struct twice days[HEIGHT];
    struct limits_result result = evaluate(&stage->knowledge, HEIGHT - 1);
    for (int day = 4; day < HEIGHT; day++)
        days[day] = alone(&past, STAGE_DAY(day));
    test_ok(limits_report_compare(&result, &history, &err), &err);
    for (size_t i = 0; i < result.criterion_count; i++) {
        const struct criterion_result *of = &result.criteria[i];
        size_t changed = 0;
        for (int day = 4; day < HEIGHT; day++) {
            if (!is_looked_at(of->criterion, STAGE_DAY(day)))
                continue;
            enum limits_verdict then = days[day].then[i];
            enum limits_verdict now = days[day].now[i];
            if (STAGE_DAY(day) == of->day)
                assert_int_equal(of->reported_verdict, then);
            bool differs = then != now && then != LIMITS_UNDECIDED && now != LIMITS_UNDECIDED;
            changed += differs;
            if (differs && changed == 1)
                assert_int_equal(of->changed_first, STAGE_DAY(day));
        }
        assert_int_equal(of->changed_days, changed);
        assert_true(of->misreporting == (changed > 0));
    }
    limits_result_free(&result);
    view_close(&early);
    free(other);
}

/* ---- all of it
 * -----------------------------------------------------------------------------------
 */

static void a_world_keeps_its_laws(uint64_t seed, size_t *ret_cases)
{
    static struct stage stage;
    static struct model model;
    random_state = seed * 0x9e3779b97f4a7c15 + 1;
    memset(&model, 0, sizeof model);
    char *book = random_book(SCRIPTS);
    stage_open(&stage, book);
    chain_play(&stage.world, &model);
    stage_ready(&stage, programme_make());
    for (int set = 0; set < RECORD_SETS; set++) {
        lines_make(&stage);
        meanings_make(&stage, &model, false);
        struct limits_result result = evaluate(&stage.knowledge, HEIGHT);
        values_are_plain_sums(&stage, &model, &result);
        other_wallets_change_nothing(&stage, &result);
        limits_result_free(&result);
        meanings_make(&stage, &model, true);
        changes_are_their_reasons(&stage);
        the_past_stays(&stage, book);
        *ret_cases += 4;
    }
    groups_are_days_alone(&stage);
    *ret_cases += 1;
    stage_close(&stage);
    free(book);
}

static void random_worlds_keep_their_laws(void **state)
{
    (void)state;
    const char *only = getenv("SANAD_SEED"); /* one world alone, to look at */
    uint64_t wanted = 0;
    size_t cases = 0;
    assert_true(!only || number_parse(&wanted, only, strlen(only), UINT64_MAX));
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        if (only && wanted != seed)
            continue;

        a_world_keeps_its_laws(seed, &cases);
    }
    print_message("%zu cases\n", cases);
}

/* ---- any programme, any day
 * ----------------------------------------------------------------------
 */

static json_t *date_json(int64_t day)
{
    char text[11];
    date_format(text, STAGE_DAY(0) + day * LIMITS_DAY);
    return json_string(text);
}

/* Versions that follow each other with gaps or without, criteria with dates of any kind; days
 * from before the chain to after it. */
static json_t *dates_shake(void)
{
    json_t *json = programme_make();
    json_t *versions = json_object_get(json, "versions");
    json_t *first = json_array_get(versions, 0);
    int64_t from = (int64_t)chance(30) - 10;
    for (uint64_t left = chance(3); left > 0; left--)
        json_array_append_new(versions, json_deep_copy(first));
    for (size_t v = 0; v < json_array_size(versions); v++) {
        json_t *version = json_array_get(versions, v);
        int64_t until = from + 1 + (int64_t)chance(12);
        char id[] = "v0";
        id[1] = (char)('0' + v);
        json_object_set_new(version, "version", json_string(id));
        json_object_set_new(version, "from", date_json(from));
        json_object_set_new(version, "known", date_json(from + (int64_t)chance(9) - 4));
        if (v + 1 < json_array_size(versions) || chance(2))
            json_object_set_new(version, "until", date_json(until));
        from = until + (int64_t)chance(3);
        for (int i = 0; i < CRITERIA; i++) {
            json_t *criterion = json_array_get(json_object_get(version, "criteria"), (size_t)i);
            int64_t base = (int64_t)chance(30) - 8;
            json_t *dates = json_array();
            for (int64_t day = base + 1, n = 0; n < 3; n++, day += 1 + (int64_t)chance(7))
                json_array_append_new(dates, date_json(day));
            json_object_set_new(criterion, "base_date", date_json(base));
            json_object_set_new(criterion, "test_dates", dates);
            json_object_set_new(criterion, "continuity",
                                json_string(chance(2) ? "continuous" : "end-period"));
        }
    }
    return json;
}

/* Whatever is asked, an answer comes that can be written; where verdicts are met they have
 * headroom, where they are not met they have none, and where undecided a reason. */
static void answer_is_sound(const struct limits_result *result)
{
    struct buf text = buf_with_max(16 << 20);
    struct err err = {0};
    json_t *json = limits_json(result);
    test_ok(json_canonical(&text, json, &err), &err);
    json_decref(json);
    buf_free(&text);
    for (size_t i = 0; i < result->criterion_count; i++) {
        const struct criterion_result *of = &result->criteria[i];
        assert_true((of->verdict == LIMITS_UNDECIDED) == (of->why != NULL));
        if (of->verdict == LIMITS_MET)
            assert_true(amount_compare(of->headroom, amount_zero()) >= 0);
        if (of->verdict == LIMITS_NOT_MET)
            assert_true(amount_compare(of->headroom, amount_zero()) < 0);
        for (size_t n = 0; n < of->breach_count; n++) {
            const struct breach *breach = &of->breaches[n];
            assert_true(breach->from >= of->version->from && breach->from < of->version->until);
            assert_true(breach->corrected == LIMITS_NO_DAY || breach->corrected > breach->from);
        }
    }
}

static void ask_anything(const struct stage *stage, const struct limits_history *history)
{
    static const struct limits_what_if nothing;
    struct limits_event event = {.wallet = 0, .delta = amount_of((int64_t)chance(BTC(9)))};
    struct limits_what_if buy = {.events = &event,
                                 .event_count = 1,
                                 .is_purchase = chance(2) == 0,
                                 .is_external = chance(2) == 0};
    const struct programme *programme = stage->programme;
    struct limits_options options = {.day = STAGE_DAY(0) + ((int64_t)chance(60) - 20) * LIMITS_DAY};
    struct limits_result result;
    struct err err = {0};
    if (chance(2))
        options.version = &programme->versions[chance(programme->version_count)];
    if (chance(2)) {
        options.has_daily = true;
        options.daily_from = options.day + ((int64_t)chance(40) - 20) * LIMITS_DAY;
        options.daily_to = options.daily_from + (int64_t)chance(40) * LIMITS_DAY;
    }
    if (chance(3) == 0)
        options.what_if = chance(2) ? &nothing : &buy;
    test_ok(limits_evaluate(&result, &stage->knowledge, &options, &err), &err);
    if (!options.what_if)
        test_ok(limits_report_compare(&result, history, &err), &err);
    answer_is_sound(&result);
    limits_result_free(&result);
}

static void any_question_has_an_answer(void **state)
{
    (void)state;
    static struct stage stage;
    static struct model model;
    for (uint64_t seed = 1; seed <= WORLDS / 8; seed++) {
        struct view early;
        random_state = seed * 0x9e3779b97f4a7c15 + 2;
        memset(&model, 0, sizeof model);
        char *book = random_book(SCRIPTS);
        char *other = random_book((int)chance(SCRIPTS + 1));
        stage_open(&stage, book);
        chain_play(&stage.world, &model);
        stage_ready(&stage, dates_shake());
        lines_make(&stage);
        meanings_make(&stage, &model, true);
        view_open(&early, &stage, other, HEIGHT);
        struct past past = {.stage = &stage, .early = &early, .late_known = random_time()};
        struct limits_history history = {.context = &past, .at = past_at};
        for (int n = 0; n < 40; n++)
            ask_anything(&stage, &history);
        view_close(&early);
        stage_close(&stage);
        free(book);
        free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_worlds_keep_their_laws),
        cmocka_unit_test(any_question_has_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
