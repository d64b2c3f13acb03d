/* Proves what each kind of term is worth on each day and where it comes from, that a missing
 * input is named and never zero, and that of two states of knowledge each gives its own value. */
#include "limits/limits_priv.h"

#include "world.h"

#include <stdlib.h>

#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_B "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCRIPT_C "0014cccccccccccccccccccccccccccccccccccccccc"
#define SCRIPT_D "0014dddddddddddddddddddddddddddddddddddddddd"
#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"
#define WALLET(id, entity, class, script, since, until)                                            \
    "{\"id\":\"" id "\",\"entity\":\"" entity                                                      \
    "\",\"class\":\"" class "\",\"control\":\"declared\",\"visibility\":\"public\","               \
                            "\"descriptors\":[\"raw(" script ")\"],\"since\":" since               \
                            ",\"until\":" until "}"
#define ENTITY(id, sector) "{\"id\":\"" id "\",\"name\":{\"en\":\"E\"},\"sector\":\"" sector "\"}"

/* A bank that keeps clients' coins from 2025-01-05 to 2025-03-01, outside the government. */
static const char book[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[" ENTITY("office", "S1311") "," ENTITY(
        "bank", "S11001") "," ENTITY("fund", "S12201") "],\"wallets\":["                  /* */
    WALLET("reserve", "office", "reserve", SCRIPT_A, "null", "null") ","                  /* */
    WALLET("till", "office", "till", SCRIPT_B, "null", "null") ","                        /* */
    WALLET("clients", "bank", "client", SCRIPT_C, "\"2025-01-05\"", "\"2025-03-01\"") "," /* */
    WALLET("fund", "fund", "other", SCRIPT_D, "null", "null") "]}";

enum { DAY_COUNT = 100 };

struct fixture {
    struct world world;
    struct ledger *ledger;
    struct flows flows;
    struct limits_term term;
    struct perimeter perimeter;
    struct programme programme;
    struct limits_meaning list[16];
    struct limits_meanings meanings;
    struct limits_records liabilities, series;
    struct limits_knowledge knowledge;
    struct limits_day days[DAY_COUNT];
    struct term_value values[DAY_COUNT];
    struct arena arena;
};

static struct fixture *fixture_new(void)
{
    struct fixture *fixture = mem_zalloc(1, sizeof *fixture);
    world_open(&fixture->world, book);
    for (size_t i = 0; i < WALLET_CLASS_COUNT; i++)
        fixture->perimeter.has_class[i] = true;
    fixture->perimeter.id = "all";
    return fixture;
}

static void knowledge_fill(struct fixture *fixture)
{
    fixture->programme = (struct programme){.terms = &fixture->term,
                                            .term_count = 1,
                                            .perimeters = &fixture->perimeter,
                                            .perimeter_count = 1};
    fixture->meanings.list = fixture->list;
    fixture->knowledge = (struct limits_knowledge){.programme = &fixture->programme,
                                                   .known = INT64_MAX - 1,
                                                   .ledger = fixture->ledger,
                                                   .flows = &fixture->flows,
                                                   .meanings = &fixture->meanings,
                                                   .liabilities = &fixture->liabilities,
                                                   .series = &fixture->series,
                                                   .series_count = 1};
    fixture->series.name = fixture->series.name ? fixture->series.name : "none";
}

/* The writing is over; 100 days from 2024-12-31 on. */
static void fixture_done(struct fixture *fixture)
{
    struct err err = {0};
    int64_t days[DAY_COUNT];
    uint32_t height = fixture->world.height;
    world_done(&fixture->world);
    test_ok(ledger_new(&fixture->ledger, fixture->world.facts, fixture->world.book, height, &err),
            &err);
    const struct flows_options options = {.from = fixture->world.anchor, .to = height};
    test_ok(flows_make(&fixture->flows, fixture->ledger, &options, &err), &err);
    knowledge_fill(fixture);
    for (size_t i = 0; i < DAY_COUNT; i++)
        days[i] = WORLD_START + ((int64_t)i - 1) * WORLD_DAY;
    test_ok(limits_days_make(fixture->days, fixture->world.facts, &fixture->programme, days,
                             DAY_COUNT, &err),
            &err);
}

static void fixture_free(struct fixture *fixture)
{
    limits_records_free(&fixture->liabilities);
    limits_records_free(&fixture->series);
    flows_free(&fixture->flows);
    ledger_free(fixture->ledger);
    world_close(&fixture->world);
    arena_free(&fixture->arena);
    free(fixture);
}

static void evaluate(struct fixture *fixture, struct limits_term term)
{
    struct err err = {0};
    fixture->term = term;
    test_ok(limits_term_values(fixture->values, &fixture->knowledge, 0, fixture->days, DAY_COUNT,
                               &fixture->arena, &err),
            &err);
}

static const struct term_value *value_on(const struct fixture *fixture, const char *text)
{
    int64_t day = 0;
    struct err err = {0};
    test_ok(date_parse(&day, text, &err), &err);
    for (size_t i = 0; i < DAY_COUNT; i++)
        if (fixture->days[i].day == day)
            return &fixture->values[i];
    fail_msg("%s is not asked for", text);
    return NULL;
}

static void is(const struct fixture *fixture, const char *day, int64_t sat, const char *source)
{
    const struct term_value *value = value_on(fixture, day);
    if (value->why)
        fail_msg("%s: unknown: %s", day, value->why);
    assert_int_equal(amount_minor(value->value), sat);
    assert_string_equal(value->source, source);
}

static void is_unknown(const struct fixture *fixture, const char *day, const char *why)
{
    const struct term_value *value = value_on(fixture, day);
    assert_false(amount_is_known(value->value));
    assert_non_null(value->why);
    assert_string_equal(value->why, why);
}

static void open_is(const struct fixture *fixture, const char *day, int64_t sat)
{
    assert_int_equal(amount_minor(value_on(fixture, day)->open), sat);
}

static void blocks(struct fixture *fixture, unsigned count)
{
    while (count--)
        world_block(&fixture->world);
}

/* ---- balance ----------------------------------------------------------------------------------
 */

static void test_balance(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct world *world = &fixture->world;
    blocks(fixture, 1); /* 2025-01-02 */
    size_t a = world_tx(world, NO_INS, OUT({SCRIPT_A, 50}));
    size_t c = world_tx(world, IN({.coin = a}), OUT({SCRIPT_B, 20}, {SCRIPT_C, 7}, {SCRIPT_D, 3}));
    blocks(fixture, 60); /* clients count from 2025-01-05 to 2025-02-28 */
    (void)world_tx(world, IN({.coin = c}), OUT({FOREIGN, 20}));
    fixture_done(fixture);
    evaluate(fixture, (struct limits_term){.kind = TERM_BALANCE});
    is(fixture, "2024-12-31", 0, "before the first block of the chain");
    is(fixture, "2025-01-01", 0, "chain after block 0");
    is(fixture, "2025-01-02", 23, "chain after block 1");
    is(fixture, "2025-01-04", 23, "chain after block 3");
    is(fixture, "2025-01-05", 30, "chain after block 4");
    is(fixture, "2025-02-28", 30, "chain after block 58");
    is(fixture, "2025-03-01", 23, "chain after block 59");
    is(fixture, "2025-03-03", 3, "chain after block 61");
    is_unknown(fixture, "2025-03-04", "2025-03-04: after the newest block, which is of 2025-03-03");
    fixture->perimeter.sectors = (const char *const[]){"S13"};
    fixture->perimeter.sector_count = 1;
    evaluate(fixture, (struct limits_term){.kind = TERM_BALANCE});
    is(fixture, "2025-01-05", 20, "chain after block 4");
    fixture->perimeter.has_class[WALLET_TILL] = false;
    evaluate(fixture, (struct limits_term){.kind = TERM_BALANCE});
    is(fixture, "2025-01-05", 0, "chain after block 4");
    fixture_free(fixture);
}

/* A run from an anchor vouches for no balance, and has no day before it. */
static void test_anchor(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture->world.anchor = 3;
    blocks(fixture, 5);
    fixture_done(fixture);
    evaluate(fixture, (struct limits_term){.kind = TERM_BALANCE});
    is_unknown(fixture, "2025-01-02",
               "2025-01-02: before the first block of the scan, which is of 2025-01-04");
    assert_non_null(strstr(value_on(fixture, "2025-01-05")->why, "height 3"));
    fixture_free(fixture);
}

/* A ledger that was read only so far says nothing of later days. */
static void test_ledger_ends(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct err err = {0};
    blocks(fixture, 5);
    fixture_done(fixture);
    ledger_free(fixture->ledger);
    test_ok(ledger_new(&fixture->ledger, fixture->world.facts, fixture->world.book, 2, &err), &err);
    fixture->knowledge.ledger = fixture->ledger;
    evaluate(fixture, (struct limits_term){.kind = TERM_BALANCE});
    is(fixture, "2025-01-03", 0, "chain after block 2");
    is_unknown(fixture, "2025-01-04", "2025-01-04: after block 2, up to which the ledger was read");
    fixture_free(fixture);
}

/* ---- flows ------------------------------------------------------------------------------------
 */

static void declare(struct fixture *fixture, size_t coin, const char *wallet,
                    enum flow_meaning meaning, int64_t known)
{
    struct limits_meanings *meanings = &fixture->meanings;
    struct limits_meaning new = {.txid = fixture->world.coins[coin].fact.outpoint.txid,
                                 .wallet = wallet,
                                 .meaning = meaning,
                                 .known = known,
                                 .decided = INT64_MAX,
                                 .number = (int64_t)meanings->count + 1};
    size_t at = meanings->count++;
    assert_true(at < countof(fixture->list));
    for (; at > 0 && hash256_compare(&fixture->list[at - 1].txid, &new.txid) > 0; at--)
        fixture->list[at] = fixture->list[at - 1];
    fixture->list[at] = new;
}

static struct limits_term flows_term(enum flow_meaning meaning)
{
    struct limits_term term = {.kind = TERM_FLOWS};
    term.meanings[meaning] = true;
    return term;
}

/* Days 2 to 7: mined, bought, bought by a payment of two meanings, unexplained, sold, unexplained
 * with our own coins. */
static void flows_play(struct fixture *fixture)
{
    struct world *world = &fixture->world;
    size_t foreign = world_old_coin(world, FOREIGN, 100000);
    blocks(fixture, 1);
    size_t mined = world_tx(world, NO_INS, OUT({SCRIPT_A, 5000}));
    blocks(fixture, 1);
    size_t bought = world_tx(world, IN({.coin = foreign}), OUT({SCRIPT_A, 300}, {FOREIGN, 90000}));
    blocks(fixture, 1);
    size_t both = world_tx(world, IN({.coin = bought + 1}),
                           OUT({SCRIPT_A, 40}, {SCRIPT_B, 2}, {FOREIGN, 80000}));
    blocks(fixture, 1);
    size_t open = world_tx(world, IN({.coin = both + 2}), OUT({SCRIPT_A, 7}, {FOREIGN, 70000}));
    blocks(fixture, 1);
    size_t sold = world_tx(world, IN({.coin = bought}), OUT({FOREIGN, 100}, {SCRIPT_B, 190}));
    blocks(fixture, 1);
    (void)world_tx(world, IN({.coin = open}, {.coin = open + 1}),
                   OUT({SCRIPT_D, 11}, {FOREIGN, 60000}));
    blocks(fixture, 3);
    declare(fixture, bought, NULL, FLOW_PURCHASE, WORLD_START + 5 * WORLD_DAY);
    declare(fixture, both, NULL, FLOW_PURCHASE, WORLD_START);
    declare(fixture, both, "till", FLOW_DONATION, WORLD_START);
    declare(fixture, sold, NULL, FLOW_PURCHASE, WORLD_START); /* nothing came in */
    (void)mined;
}

static void test_flows(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    flows_play(fixture);
    fixture_done(fixture);
    evaluate(fixture, flows_term(FLOW_PURCHASE));
    is(fixture, "2024-12-31", 0, "before the first block of the chain");
    is(fixture, "2025-01-02", 0, "declared flows up to block 1: 1 of 1 explained");
    is(fixture, "2025-01-03", 300, "declared flows up to block 2: 2 of 2 explained");
    is(fixture, "2025-01-04", 340, "declared flows up to block 3: 4 of 4 explained");
    open_is(fixture, "2025-01-04", 0);
    is(fixture, "2025-01-05", 340, "declared flows up to block 4: 4 of 5 explained");
    open_is(fixture, "2025-01-05", 7);
    is(fixture, "2025-01-06", 340, "declared flows up to block 5: 4 of 5 explained");
    is(fixture, "2025-01-07", 340, "declared flows up to block 6: 4 of 6 explained");
    open_is(fixture, "2025-01-07", 11); /* 7 and 11 - 7 */
    is_unknown(fixture, "2025-01-11", "2025-01-11: after the newest block, which is of 2025-01-10");
    evaluate(fixture, flows_term(FLOW_DONATION));
    is(fixture, "2025-01-07", 2, "declared flows up to block 6: 4 of 6 explained");
    struct limits_term term = flows_term(FLOW_PURCHASE);
    term.classes[FLOW_CLASS_MINED] = true;
    term.unclassified_ignored = true;
    evaluate(fixture, term);
    is(fixture, "2025-01-07", 5340, "declared flows up to block 6: 4 of 6 explained");
    open_is(fixture, "2025-01-07", 0);
    fixture_free(fixture);
}

/* Only what the wallets inside received; who is outside of it is nobody's flow. */
static void test_flows_perimeter(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    flows_play(fixture);
    fixture_done(fixture);
    fixture->perimeter.entities = (const char *const[]){"fund"};
    fixture->perimeter.entity_count = 1;
    evaluate(fixture, flows_term(FLOW_PURCHASE));
    is(fixture, "2025-01-06", 0, "declared flows up to block 5: 0 of 0 explained");
    open_is(fixture, "2025-01-07", 11);
    fixture_free(fixture);
}

/* What was declared later was not known; a declaration that was withdrawn explains nothing. */
static void test_flows_known(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    flows_play(fixture);
    fixture_done(fixture);
    fixture->knowledge.known = WORLD_START + 5 * WORLD_DAY - 1;
    evaluate(fixture, flows_term(FLOW_PURCHASE));
    is(fixture, "2025-01-04", 40, "declared flows up to block 3: 3 of 4 explained");
    open_is(fixture, "2025-01-04", 300);
    fixture->knowledge.known++;
    evaluate(fixture, flows_term(FLOW_PURCHASE));
    is(fixture, "2025-01-04", 340, "declared flows up to block 3: 4 of 4 explained");
    for (size_t i = 0; i < fixture->meanings.count; i++)
        fixture->list[i].withdrawn = true;
    evaluate(fixture, flows_term(FLOW_PURCHASE));
    is(fixture, "2025-01-04", 0, "declared flows up to block 3: 1 of 3 explained");
    open_is(fixture, "2025-01-04", 342);
    fixture->knowledge.meanings = NULL;
    evaluate(fixture, flows_term(FLOW_PURCHASE));
    open_is(fixture, "2025-01-04", 342);
    fixture_free(fixture);
}

/* ---- coins still held -------------------------------------------------------------------------
 */

static void test_held_from(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct world *world = &fixture->world;
    size_t foreign = world_old_coin(world, FOREIGN, 100000);
    blocks(fixture, 1);
    size_t seized =
        world_tx(world, IN({.coin = foreign}), OUT({SCRIPT_B, 500}, {SCRIPT_D, 40}, {FOREIGN, 9}));
    blocks(fixture, 1);
    size_t moved = world_tx(world, IN({.coin = seized}), OUT({SCRIPT_A, 500}));
    blocks(fixture, 1);
    /* handed back in part, declared by the same name: the change is no new inflow */
    size_t back = world_tx(world, IN({.coin = moved}), OUT({FOREIGN, 200}, {SCRIPT_A, 300}));
    blocks(fixture, 1);
    declare(fixture, seized, NULL, FLOW_SEIZURE, WORLD_START);
    declare(fixture, back, NULL, FLOW_SEIZURE, WORLD_START);
    fixture_done(fixture);
    struct limits_term term = {.kind = TERM_HELD_FROM, .mixing = TRACE_FIFO};
    term.meanings[FLOW_SEIZURE] = true;
    evaluate(fixture, term);
    is(fixture, "2024-12-31", 0, "before the first block of the chain");
    is(fixture, "2025-01-01", 0, "documented inflows followed up to block 0: 1");
    is(fixture, "2025-01-02", 540, "documented inflows followed up to block 1: 1");
    is(fixture, "2025-01-03", 540, "documented inflows followed up to block 2: 1");
    is(fixture, "2025-01-04", 340, "documented inflows followed up to block 3: 1");
    /* only of the till: the other wallet's part means something else */
    declare(fixture, seized, "fund", FLOW_DONATION, WORLD_START);
    evaluate(fixture, term);
    is(fixture, "2025-01-02", 500, "documented inflows followed up to block 1: 1");
    struct trace_payment payment = {.inputs = &world->coins[back + 1].fact.outpoint,
                                    .in_values = (const struct amount[]){amount_of(300)},
                                    .in_count = 1,
                                    .out_wallets = (const uint32_t[]){UINT32_MAX, 0},
                                    .out_values =
                                        (const struct amount[]){amount_of(100), amount_of(200)},
                                    .out_count = 2};
    struct amount effect;
    struct err err = {0};
    test_ok(term_payment_effect(&effect, &fixture->knowledge, 0, &payment, &err), &err);
    assert_int_equal(amount_minor(effect), -100);
    term.meanings[FLOW_SEIZURE] = false;
    evaluate(fixture, term);
    is(fixture, "2025-01-02", 0, "documented inflows followed up to block 1: 0");
    fixture_free(fixture);
}

/* ---- liabilities ------------------------------------------------------------------------------
 */

#define DOC ",aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
#define HEADER "time,entity,holder,holder_sector,amount_sat,document_sha256\n"

static struct fixture *owed(const char *lines)
{
    struct fixture *fixture = fixture_new();
    struct err err = {0};
    struct buf text = buf_with_max(1 << 16);
    buf_format(&text, "%s%s", HEADER, lines);
    test_ok(liabilities_read(&fixture->liabilities, "l.csv", buf_bytes(&text), &err), &err);
    buf_free(&text);
    blocks(fixture, 90);
    fixture_done(fixture);
    evaluate(fixture, (struct limits_term){.kind = TERM_LIABILITIES, .max_age_days = 10});
    return fixture;
}

static void test_liabilities(void **state)
{
    (void)state;
    struct fixture *fixture = owed("2025-01-07T12:00:00Z,bank,clients,S14,500" DOC /* */
                                   "2025-01-09,bank,clients,S14,700" DOC           /* */
                                   "2025-01-09,bank,abroad,S2,5" DOC               /* */
                                   "2025-01-09,bank,treasury,S1311,90" DOC         /* */
                                   "2025-01-09,bank,office,S9,80" DOC              /* */
                                   "2025-02-27,bank,clients,S14,0" DOC             /* */
                                   "2025-02-27,bank,abroad,S2,0" DOC);
    is(fixture, "2024-12-31", 0, "no clients' coins are kept and nothing was declared");
    is(fixture, "2025-01-04", 0, "no clients' coins are kept and nothing was declared");
    is_unknown(fixture, "2025-01-05", "no liabilities of bank at or before 2025-01-05");
    is_unknown(fixture, "2025-01-06", "no liabilities of bank at or before 2025-01-06");
    is(fixture, "2025-01-07", 500, "l.csv line 2");
    is(fixture, "2025-01-08", 500, "l.csv line 2");
    is(fixture, "2025-01-09", 705, "l.csv line 4; 2 lines"); /* sectors of the book are inside */
    is(fixture, "2025-01-19", 705, "l.csv line 4; 2 lines");
    is_unknown(fixture, "2025-01-20",
               "liabilities of bank are of 2025-01-09, 11 days old; at most 10");
    is_unknown(fixture, "2025-02-26",
               "liabilities of bank are of 2025-01-09, 48 days old; at most 10");
    fixture_free(fixture);
}

/* Whose claims are inside: by sector of the holder, or an entity that is inside. */
static void test_holders(void **state)
{
    (void)state;
    struct fixture *fixture = owed("2025-01-05,bank,clients,S14,500" DOC /* */
                                   "2025-01-05,bank,treasury,S1311,90" DOC);
    fixture->perimeter.holder_sectors = (const char *const[]){"S13"};
    fixture->perimeter.holder_count = 1;
    evaluate(fixture, fixture->term);
    is(fixture, "2025-01-05", 500, "l.csv line 2");
    fixture->perimeter.entities = (const char *const[]){"office"};
    fixture->perimeter.entity_count = 1;
    evaluate(fixture, fixture->term);
    is(fixture, "2025-01-05", 0, "no clients' coins are kept and nothing was declared");
    is(fixture, "2025-01-20", 0, "no clients' coins are kept and nothing was declared");
    fixture_free(fixture);
}

/* A line of nothing owed never grows old, but for an entity that keeps clients' coins. */
static void test_zero(void **state)
{
    (void)state;
    struct fixture *fixture = owed("2025-01-01,bank,clients,S14,0" DOC  /* */
                                   "2025-01-02,fund,somebody,S14,9" DOC /* */
                                   "2025-01-04,fund,somebody,S14,0" DOC);
    fixture->perimeter.holder_sectors = (const char *const[]){"S13"};
    fixture->perimeter.holder_count = 1;
    evaluate(fixture, fixture->term);
    is(fixture, "2025-01-03", 9, "l.csv line 3; 2 lines");
    is(fixture, "2025-01-11", 0, "l.csv line 4; 2 lines");
    is_unknown(fixture, "2025-01-12",
               "liabilities of bank are of 2025-01-01, 11 days old; at most 10");
    is_unknown(fixture, "2025-02-28",
               "liabilities of bank are of 2025-01-01, 58 days old; at most 10");
    is(fixture, "2025-03-01", 0, "l.csv line 4; 2 lines"); /* it keeps none any more */
    fixture_free(fixture);
}

/* What an entity without clients' coins owes grows old all the same. */
static void test_other_debts(void **state)
{
    (void)state;
    struct fixture *fixture = owed("2025-03-05,office,somebody,S14,9" DOC);
    fixture->perimeter.holder_sectors = (const char *const[]){"S13"};
    fixture->perimeter.holder_count = 1;
    evaluate(fixture, fixture->term);
    is_unknown(fixture, "2025-02-28", "no liabilities of bank at or before 2025-02-28");
    is(fixture, "2025-03-04", 0, "no clients' coins are kept and nothing was declared");
    is(fixture, "2025-03-15", 9, "l.csv line 2");
    is_unknown(fixture, "2025-03-16",
               "liabilities of office are of 2025-03-05, 11 days old; at most 10");
    is_unknown(fixture, "2025-04-02", "2025-04-02: after the newest block, which is of 2025-04-01");
    fixture->knowledge.known = WORLD_START;
    evaluate(fixture, fixture->term);
    is(fixture, "2025-03-15", 0, "no clients' coins are kept and nothing was declared");
    fixture->knowledge.liabilities = NULL;
    evaluate(fixture, fixture->term);
    is(fixture, "2025-03-15", 0, "no clients' coins are kept and nothing was declared");
    is_unknown(fixture, "2025-02-28", "no liabilities of bank at or before 2025-02-28");
    fixture_free(fixture);
}

/* ---- series -----------------------------------------------------------------------------------
 */

static void test_series(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct err err = {0};
    test_ok(
        series_read(&fixture->series, "reserves", "s.csv",
                    bytes_of_text("time,unit,value,document_sha256,known\n"
                                  "2025-01-05,USD,1.50,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                  "aaaaaaaaaaaaaaaaaaaaaaa,2025-01-08\n"
                                  "2025-01-31T23:59:59Z,USD,-2,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,2025-02-20\n"),
                    &err),
        &err);
    blocks(fixture, 60);
    fixture_done(fixture);
    struct limits_term term = {.kind = TERM_SERIES,
                               .series = "reserves",
                               .perimeter = SIZE_MAX,
                               .max_age_days = 30,
                               .unit = {"USD", 2}};
    evaluate(fixture, term);
    is_unknown(fixture, "2025-01-04", "series reserves: no value at or before 2025-01-04");
    is(fixture, "2025-01-05", 150, "s.csv line 2");
    is(fixture, "2025-01-30", 150, "s.csv line 2");
    is(fixture, "2025-01-31", -200, "s.csv line 3");
    is(fixture, "2025-03-02", -200, "s.csv line 3");
    /* A series needs no block: days after the newest one have values too. */
    is_unknown(fixture, "2025-03-03", "series reserves is of 2025-01-31, 31 days old; at most 30");
    fixture->knowledge.known = WORLD_START + 40 * WORLD_DAY;
    evaluate(fixture, term);
    is(fixture, "2025-02-04", 150, "s.csv line 2");
    is_unknown(fixture, "2025-02-05", "series reserves is of 2025-01-05, 31 days old; at most 30");
    fixture->knowledge.known = WORLD_START;
    evaluate(fixture, term);
    is_unknown(fixture, "2025-02-05", "series reserves: no value at or before 2025-02-05");
    fixture->knowledge.known = INT64_MAX - 1;
    fixture->series.list[1].value = amount_unknown();
    evaluate(fixture, term);
    is_unknown(fixture, "2025-02-05", "series reserves: s.csv line 3 is in another unit");
    term.unit = (struct limits_unit){"PKR", 2};
    evaluate(fixture, term);
    is_unknown(fixture, "2025-01-05", "series reserves is in USD, not in PKR");
    term.series = "arrears";
    evaluate(fixture, term);
    is_unknown(fixture, "2025-01-05", "series arrears: nothing was declared");
    fixture_free(fixture);
}

/* What a loss is held against: a line that was withdrawn, or was not known yet, is none. */
static void test_series_at(void **state)
{
    (void)state;
    struct limits_record lines[] = {
        {.time = 100, .known = 110, .decided = INT64_MAX, .number = 1, .value = amount_of(7)},
        {.time = 200, .known = 210, .decided = INT64_MAX, .number = 2, .value = amount_of(9)},
        {.time = 200, .known = 300, .decided = INT64_MAX, .number = 3, .withdrawn = true}};
    struct limits_records series = {
        .list = lines, .count = countof(lines), .unit = {"USD", 2}, .name = "reserves"};
    for (size_t i = 0; i < countof(lines); i++) {
        lines[i].entity = "reserves";
        lines[i].holder = lines[i].holder_sector = "";
    }
    struct limits_knowledge knowledge = {.known = 250, .series = &series, .series_count = 1};
    const int64_t old = 200 + (LIMITS_AGE_DEFAULT_DAYS + 1) * LIMITS_DAY;
    assert_int_equal(amount_minor(limits_series_at(&knowledge, "reserves", "USD", 260)), 9);
    assert_int_equal(amount_minor(limits_series_at(&knowledge, "reserves", "USD", 150)), 7);
    assert_false(amount_is_known(limits_series_at(&knowledge, "reserves", "USD", 99)));
    assert_false(amount_is_known(limits_series_at(&knowledge, "reserves", "USD", old)));
    assert_false(amount_is_known(limits_series_at(&knowledge, "reserves", "EUR", 260)));
    assert_false(amount_is_known(limits_series_at(&knowledge, "arrears", "USD", 260)));
    knowledge.known = 300;
    assert_int_equal(amount_minor(limits_series_at(&knowledge, "reserves", "USD", 260)), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_balance),         cmocka_unit_test(test_anchor),
        cmocka_unit_test(test_ledger_ends),     cmocka_unit_test(test_flows),
        cmocka_unit_test(test_flows_perimeter), cmocka_unit_test(test_flows_known),
        cmocka_unit_test(test_held_from),       cmocka_unit_test(test_liabilities),
        cmocka_unit_test(test_holders),         cmocka_unit_test(test_zero),
        cmocka_unit_test(test_other_debts),     cmocka_unit_test(test_series),
        cmocka_unit_test(test_series_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
