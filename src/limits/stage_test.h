/* What the tests over a chain share: a small world of blocks (one a day from 2025-01-01, UTC), a
 * programme over it, declared lines and meanings with both their times, and what follows. */
#ifndef SANAD_STAGE_TEST_H
#define SANAD_STAGE_TEST_H

#include "programme_test.h"
#include "world.h"

#define SCRIPT_RESERVE "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_CLIENTS "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCRIPT_SEIZED "0014cccccccccccccccccccccccccccccccccccccccc"
#define SCRIPT_BANK "0014dddddddddddddddddddddddddddddddddddddddd"
#define SCRIPT_LATE "0014eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define SCRIPT_FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"

#define STAGE_ENTITY(id, sector)                                                                   \
    "{\"id\":\"" id "\",\"name\":{\"en\":\"" id "\"},\"sector\":\"" sector "\"}"
#define STAGE_WALLET(id, entity, class_, script)                                                   \
    "{\"id\":\"" id "\",\"entity\":\"" entity "\",\"class\":\"" class_ "\",\"control\":"           \
    "\"declared\",\"visibility\":\"public\",\"descriptors\":[\"raw(" script ")\"],"                \
    "\"since\":null,\"until\":null}"
#define STAGE_BOOK(wallets)                                                                                              \
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"simulated\":true,\"entities\":[" STAGE_ENTITY(                            \
        "office",                                                                                                        \
        "S1311") "," STAGE_ENTITY("operator",                                                                            \
                                  "S11001") "," STAGE_ENTITY("court",                                                    \
                                                             "S1311") "," STAGE_ENTITY("bank",                           \
                                                                                       "S12201") "],"                    \
                                                                                                 "\"wallets\":[" wallets \
                                                                                                 "]}"
#define STAGE_WALLETS                                                                              \
    STAGE_WALLET("reserve", "office", "reserve", SCRIPT_RESERVE)                                   \
    "," STAGE_WALLET("clients", "operator", "client", SCRIPT_CLIENTS) "," STAGE_WALLET(            \
        "seized", "court", "seized", SCRIPT_SEIZED) "," STAGE_WALLET("desk", "bank", "operating",  \
                                                                     SCRIPT_BANK)
enum { RESERVE, CLIENTS, SEIZED, DESK, LATE };
static const char stage_book[] = STAGE_BOOK(STAGE_WALLETS);
static const char stage_book_late[] =
    STAGE_BOOK(STAGE_WALLETS "," STAGE_WALLET("late", "office", "other", SCRIPT_LATE));

#define STAGE_DAY(n) (WORLD_START + (int64_t)(n)*LIMITS_DAY)
#define NET                                                                                        \
    "{'change':{'difference':[{'difference':[{'balance':{'perimeter':'public'}},"                  \
    "{'liabilities':{'perimeter':'public','max_age_days':400}}]},"                                 \
    "{'held_from':{'perimeter':'public','meanings':['seizure','custody']}}]}}"
#define GROSS                                                                                      \
    "{'change':{'flows':{'perimeter':'public','meanings':['purchase','pool-payout'],"              \
    "'classes':['mined']}}}"
#define STAGE_CRITERION(id, continuity, quantity, more)                                            \
    "{'id':'" id "','name':{'en':'C'},'kind':'performance-criterion','continuity':'" continuity    \
    "','unit':'BTC','quantity':" quantity ",'ceiling':0,'base_date':'2025-01-03'" more "}"
#define STAGE_DATES ",'test_dates':['2025-01-10','2025-01-14']"

static const char stage_programme[] =
    "{'programme':'toy','nation':'XS','simulated':true,'name':{'en':'SIMULATED toy'},"
    " 'timezone':'UTC','utc_offset_minutes':0,'sources':[{'id':'s','title':'Source'}],"
    " 'perimeters':{'public':{'sectors':['S13','S11001']}},"
    " 'versions':["
    "  "
    "{'version':'first','from':'2025-01-05','until':'2025-01-16','source':'s','criteria':"
    "[" STAGE_CRITERION("net", "continuous", NET, "") "," STAGE_CRITERION(
        "net-end", "end-period", NET,
        STAGE_DATES) "]},"
                     "  "
                     "{'version':'second','from':'2025-01-16','until':null,'source':'s','criteria':"
                     "[" STAGE_CRITERION("gross", "continuous", GROSS, "") "]}]}";

enum { STAGE_LINES_MAX = 64 };
struct stage {
    struct world world;
    struct ledger *ledger;
    struct flows flows;
    struct programme *programme;
    struct limits_records liabilities;
    struct limits_meanings meanings;
    struct limits_record lines[STAGE_LINES_MAX];
    struct limits_meaning meant[STAGE_LINES_MAX];
    struct limits_knowledge knowledge;
};

static inline void stage_open(struct stage *stage, const char *book)
{
    memset(stage, 0, sizeof *stage);
    world_open(&stage->world, book);
    stage->liabilities.list = stage->lines;
    stage->meanings.list = stage->meant;
}

/* The next block until day n. */
static inline void stage_to(struct stage *stage, uint32_t day)
{
    while (stage->world.height < day)
        world_block(&stage->world);
}

/* By entity, holder, time and number, as records are sorted. */
static inline int stage_line_compare(const void *a, const void *b)
{
    const struct limits_record *x = a;
    const struct limits_record *y = b;
    int order = strcmp(x->entity, y->entity);
    order = order ? order : strcmp(x->holder, y->holder);
    order = order ? order : (x->time > y->time) - (x->time < y->time);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* What an entity owes to its clients from noon of a day on, known from an instant on. */
static inline void stage_owes(struct stage *stage, const char *entity, const char *sector, int day,
                              int64_t sat, int64_t known)
{
    size_t at = stage->liabilities.count++;
    assert_true(at < STAGE_LINES_MAX);
    stage->lines[at] = (struct limits_record){.time = STAGE_DAY(day) + 43200,
                                              .known = known,
                                              .decided = known,
                                              .number = (int64_t)at,
                                              .entity = entity,
                                              .holder = sector, /* one holder of each sector */
                                              .holder_sector = sector,
                                              .value = amount_of(sat),
                                              .source = "toy.csv line 1"};
    qsort(stage->lines, stage->liabilities.count, sizeof *stage->lines, stage_line_compare);
}

static inline int stage_meaning_compare(const void *a, const void *b)
{
    const struct limits_meaning *x = a;
    const struct limits_meaning *y = b;
    int order = hash256_compare(&x->txid, &y->txid);
    if (order == 0 && (!x->wallet || !y->wallet))
        order = (x->wallet != NULL) - (y->wallet != NULL);
    else if (order == 0)
        order = strcmp(x->wallet, y->wallet);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* The transaction that made a coin meant something, known from an instant on. */
static inline void stage_means(struct stage *stage, size_t coin, const char *wallet,
                               enum flow_meaning meaning, int64_t known)
{
    size_t at = stage->meanings.count++;
    assert_true(at < STAGE_LINES_MAX);
    stage->meant[at] = (struct limits_meaning){.txid = stage->world.coins[coin].fact.outpoint.txid,
                                               .wallet = wallet,
                                               .meaning = meaning,
                                               .known = known,
                                               .decided = known,
                                               .number = (int64_t)at};
    qsort(stage->meant, stage->meanings.count, sizeof *stage->meant, stage_meaning_compare);
}

/* The chain is at its end: what follows from it. Takes the reference of `programme`. */
static inline void stage_ready(struct stage *stage, json_t *programme)
{
    struct err err = {0};
    int code;
    struct flows_options options = {.from = 0, .to = stage->world.height};
    world_done(&stage->world);
    stage->programme = programme_try(programme, &err, &code);
    test_ok(code, &err);
    test_ok(ledger_new(&stage->ledger, stage->world.facts, stage->world.book, stage->world.height,
                       &err),
            &err);
    test_ok(flows_make(&stage->flows, stage->ledger, &options, &err), &err);
    stage->knowledge = (struct limits_knowledge){.programme = stage->programme,
                                                 .known = INT64_MAX - 1,
                                                 .ledger = stage->ledger,
                                                 .flows = &stage->flows,
                                                 .meanings = &stage->meanings,
                                                 .liabilities = &stage->liabilities};
}

static inline void stage_close(struct stage *stage)
{
    flows_free(&stage->flows);
    ledger_free(stage->ledger);
    programme_free(stage->programme);
    arena_free(&stage->liabilities.arena);
    arena_free(&stage->meanings.arena);
    world_close(&stage->world);
}

static inline struct limits_result stage_evaluate(const struct stage *stage,
                                                  struct limits_options options)
{
    struct limits_result result = {0};
    struct err err = {0};
    test_ok(limits_evaluate(&result, &stage->knowledge, &options, &err), &err);
    return result;
}

static inline const struct criterion_result *stage_criterion(const struct limits_result *result,
                                                             const char *id)
{
    for (size_t i = 0; i < result->criterion_count; i++)
        if (strcmp(result->criteria[i].criterion->id, id) == 0)
            return &result->criteria[i];
    fail_msg("no criterion %s", id);
    return NULL;
}

static inline const struct reason *stage_reason(const struct limits_change *change,
                                                enum reason_kind kind)
{
    for (size_t i = 0; i < change->count; i++)
        if (change->reasons[i].kind == kind)
            return &change->reasons[i];
    return NULL;
}

#endif
