/* Proves: holdings follow coins, closure and wallet dates to the block; every transaction
 * is classified once as cli.md says; positions and flows conserve every satoshi. The facts
 * are written by the test itself. */
#include "world.h"

#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_B "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCRIPT_C "0014cccccccccccccccccccccccccccccccccccccccc"
#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"
#define FOREIGN_P2SH "a914eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee87"
#define OP_RETURN_DATA "6a0461626364"
#define ENTITY "\"entities\":[{\"id\":\"t\",\"name\":{\"en\":\"T\"},\"sector\":\"S1311\"}]"

static const char book_ab[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\"," ENTITY ",\"wallets\":["
    "{\"id\":\"a\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","
    "\"visibility\":\"public\",\"descriptors\":[\"raw(" SCRIPT_A ")\"],\"since\":null,"
    "\"until\":null},"
    "{\"id\":\"b\",\"entity\":\"t\",\"class\":\"operating\",\"control\":\"signed\","
    "\"visibility\":\"fund\",\"descriptors\":[\"raw(" SCRIPT_B ")\"],\"since\":null,"
    "\"until\":null}]}";

static struct position position_at(struct world *world, uint32_t height)
{
    struct ledger *ledger;
    struct position position;
    struct err err = {0};
    test_ok(ledger_new(&ledger, world->facts, world->book, height, &err), &err);
    test_ok(position_make(&position, ledger, height, &err), &err);
    ledger_free(ledger);
    return position;
}

static int64_t total_at(struct world *world, uint32_t height)
{
    struct position position = position_at(world, height);
    int64_t total = amount_minor(position.total);
    position_free(&position);
    return total;
}

static struct flows flows_of(struct world *world, uint32_t from, uint32_t to)
{
    struct ledger *ledger;
    struct flows flows;
    struct err err = {0};
    struct flows_options options = {.from = from, .to = to, .possible_own = true};
    test_ok(ledger_new(&ledger, world->facts, world->book, to, &err), &err);
    test_ok(flows_make(&flows, ledger, &options, &err), &err);
    ledger_free(ledger);
    assert_true(flows.conservation.holds);
    return flows;
}

static void each_class_is_recognised(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_ab);
    size_t mined = world_tx(&world, NO_INS, OUT({SCRIPT_A, BTC(50)}, {OP_RETURN_DATA, 0}));
    size_t elsewhere = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(50)}));
    world_block(&world);
    size_t bought =
        world_tx(&world, IN({.coin = elsewhere}), OUT({SCRIPT_A, BTC(10)}, {FOREIGN, BTC(39)}));
    size_t swept = world_tx(&world, IN({.coin = mined}, {.coin = bought}),
                            OUT({SCRIPT_B, BTC(60) - 1000}, {OP_RETURN_DATA, 0}));
    world_block(&world);
    size_t paid =
        world_tx(&world, IN({.coin = swept}), OUT({FOREIGN_P2SH, BTC(5)}, {SCRIPT_B, BTC(54)}));
    (void)world_tx(&world, IN({.coin = paid + 1}, {.coin = bought + 1}),
                   OUT({SCRIPT_A, BTC(90)}, {FOREIGN, BTC(3) - 500}));
    world_done(&world);
    struct flows flows = flows_of(&world, 0, 2);
    static const enum flow_class classes[] = {FLOW_CLASS_MINED, FLOW_CLASS_EXTERNAL_IN,
                                              FLOW_CLASS_INTERNAL, FLOW_CLASS_EXTERNAL_OUT,
                                              FLOW_CLASS_MIXED};
    assert_int_equal(flows.count, countof(classes));
    for (size_t i = 0; i < countof(classes); i++)
        assert_int_equal(flows.list[i].class_, classes[i]);
    assert_int_equal(amount_minor(flows.list[1].fee), BTC(1));
    assert_int_equal(amount_minor(flows.list[2].net), -1000);
    assert_int_equal(amount_minor(flows.list[2].fee), 1000);
    assert_int_equal(amount_minor(flows.list[4].foreign_in), BTC(39));
    assert_int_equal(amount_minor(flows.list[4].net), BTC(36));
    assert_int_equal(amount_minor(flows.conservation.closing), BTC(90));
    assert_int_equal(amount_minor(flows.conservation.received), BTC(96));
    /* The inputs of the mixed one are named as possible own, and what looks like their change,
     * and are in no sum. */
    assert_int_equal(flows.list[4].possible_count, 2);
    assert_string_equal(flows.list[4].possible[0].heuristic, "common-input");
    assert_string_equal(flows.list[4].possible[1].heuristic, "change-script-kind");
    flows_free(&flows);
    world_close(&world);
}

/* An undeclared account pays together with ours: its change is of its kind, the payment is not. */
static void the_change_of_who_paid_with_us_is_a_hint(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_ab);
    size_t ours = world_tx(&world, NO_INS, OUT({SCRIPT_A, BTC(50)}, {SCRIPT_A, BTC(1)}));
    size_t hidden = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(50)}, {FOREIGN, BTC(1)}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = ours}, {.coin = hidden}),
                   OUT({FOREIGN_P2SH, BTC(60)}, {SCRIPT_B, BTC(20)}, {FOREIGN, BTC(19)}));
    /* Nobody can say which of two is the change. */
    (void)world_tx(&world, IN({.coin = ours + 1}, {.coin = hidden + 1}),
                   OUT({FOREIGN, BTC(1)}, {FOREIGN, BTC(1) / 2}));
    world_done(&world);
    struct flows flows = flows_of(&world, 0, 1);
    assert_int_equal(flows.count, 3);
    assert_int_equal(flows.list[1].possible_count, 2);
    assert_string_equal(flows.list[1].possible[1].heuristic, "change-script-kind");
    assert_int_equal(amount_minor(flows.list[1].possible[1].value), BTC(19));
    assert_int_equal(flows.list[2].possible_count, 1);
    flows_free(&flows);
    world_close(&world);
}

static void a_fee_is_unknown_where_a_prevout_is(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_ab);
    size_t elsewhere = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(50)}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = elsewhere, .unproved = true}), OUT({SCRIPT_A, BTC(10)}));
    world_done(&world);
    struct flows flows = flows_of(&world, 0, 1);
    assert_int_equal(flows.count, 1);
    assert_false(amount_is_known(flows.list[0].fee));
    assert_false(amount_is_known(flows.list[0].foreign_in));
    assert_int_equal(amount_minor(flows.list[0].net), BTC(10));
    flows_free(&flows);
    world_close(&world);
}

/* A run from an anchor, with rev files: what they show to be ours is ours, though the coin is
 * older than the run. A sweep of old coins is no inflow. */
static void old_coins_that_rev_files_show_are_ours(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_ab);
    world.anchor = 1;
    size_t old = world_old_coin(&world, SCRIPT_A, BTC(50));
    size_t paid = world_old_coin(&world, SCRIPT_B, BTC(9));
    size_t joint = world_old_coin(&world, SCRIPT_B, BTC(7));
    size_t foreign = world_old_coin(&world, FOREIGN, BTC(3));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = old, .undo = true}), OUT({SCRIPT_A, BTC(50) - 300}));
    (void)world_tx(&world, IN({.coin = paid, .undo = true}),
                   OUT({FOREIGN_P2SH, BTC(2)}, {SCRIPT_B, BTC(7) - 100}));
    (void)world_tx(&world, IN({.coin = joint, .undo = true}, {.coin = foreign, .undo = true}),
                   OUT({SCRIPT_B, BTC(8)}, {FOREIGN, BTC(2) - 50}));
    world_done(&world);
    struct flows flows = flows_of(&world, 1, 1);
    assert_int_equal(flows.count, 3);
    assert_int_equal(flows.list[0].class_, FLOW_CLASS_INTERNAL);
    assert_int_equal(amount_minor(flows.list[0].net), -300);
    assert_int_equal(flows.list[1].class_, FLOW_CLASS_EXTERNAL_OUT);
    assert_int_equal(amount_minor(flows.list[1].foreign_out), BTC(2));
    assert_int_equal(flows.list[2].class_, FLOW_CLASS_MIXED);
    assert_int_equal(amount_minor(flows.list[2].net), BTC(1));
    assert_int_equal(flows.list[2].possible_count, 2); /* the foreign input and its change */
    for (size_t i = 0; i < 3; i++) /* a rev file is no proof: nothing is said of the fee */
        assert_false(amount_is_known(flows.list[i].fee));
    /* They enter with the transaction that shows them. */
    assert_int_equal(amount_minor(flows.conservation.opening), 0);
    assert_int_equal(amount_minor(flows.conservation.entered), BTC(66));
    assert_false(flows.complete);
    flows_free(&flows);
    world_close(&world);
}

static void wallets_begin_and_cease_to_count(void **state)
{
    (void)state;
    static const char book[] =
        "{\"nation\":\"XS\",\"currency\":\"USD\"," ENTITY ",\"wallets\":["
        "{\"id\":\"a\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","
        "\"visibility\":\"public\",\"descriptors\":[\"raw(" SCRIPT_A ")\"],"
        "\"since\":\"2025-01-03\",\"until\":\"2025-01-06\"},"
        "{\"id\":\"next\",\"entity\":\"t\",\"class\":\"other\",\"control\":\"declared\","
        "\"visibility\":\"public\",\"descriptors\":[\"raw(" SCRIPT_A ")\"],"
        "\"since\":\"2025-01-07\",\"until\":null}]}";
    struct world world;
    world_open(&world, book);
    size_t early = world_tx(&world, NO_INS, OUT({SCRIPT_A, BTC(7)}, {SCRIPT_A, BTC(1)}));
    world_block(&world); /* 2025-01-02: not yet */
    world_block(&world); /* 2025-01-03: begins; spends in the very block */
    (void)world_tx(&world, IN({.coin = early + 1}), OUT({FOREIGN, BTC(1)}));
    for (int i = 0; i < 5; i++)
        world_block(&world); /* to 2025-01-08 */
    world_done(&world);
    static const int64_t expected[] = {0, 0, BTC(7), BTC(7), BTC(7), 0, BTC(7), BTC(7)};
    for (uint32_t height = 0; height < countof(expected); height++)
        assert_int_equal(total_at(&world, height), expected[height]);
    struct flows flows = flows_of(&world, 0, 7);
    assert_int_equal(amount_minor(flows.conservation.entered), BTC(15));
    assert_int_equal(amount_minor(flows.conservation.left), BTC(7));
    assert_int_equal(amount_minor(flows.conservation.sent), BTC(1));
    assert_int_equal(flows.count, 1);
    flows_free(&flows);
    /* Any range conserves too. */
    for (uint32_t from = 0; from < 8; from++)
        for (uint32_t to = from; to < 8; to++) {
            flows = flows_of(&world, from, to);
            flows_free(&flows);
        }
    world_close(&world);
}

/* The script of the ranged descriptor at an index, as hexadecimal. */
static void ranged_script(struct world *world, uint32_t index, char *ret_hex)
{
    struct arena arena = {0};
    struct bytes *scripts;
    size_t count;
    const struct book_branch *branches = book_branches(world->book, &count);
    assert_true(book_branch_scripts(&scripts, &count, world->book, &branches[0], index, &arena));
    hex_encode(ret_hex, scripts[0]);
    arena_free(&arena);
}

static void the_set_grows_by_what_was_seen_and_never_back(void **state)
{
    (void)state;
    /* The xpub is of BIP32, test vector 1. */
    static const char book[] =
        "{\"nation\":\"XS\",\"currency\":\"USD\"," ENTITY ",\"wallets\":["
        "{\"id\":\"a\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","
        "\"visibility\":\"public\",\"descriptors\":[\"wpkh("
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD26"
        "5TMg7usUDFdp6W1EGMcet8/0/*)\"],\"range\":10,\"gap\":5,\"since\":null,\"until\":null}]}";
    struct world world;
    char at9[64], at13[64], at17[64], at19[64];
    world_open(&world, book);
    ranged_script(&world, 9, at9);
    ranged_script(&world, 13, at13);
    ranged_script(&world, 17, at17);
    ranged_script(&world, 19, at19);
    (void)world_tx(&world, NO_INS, OUT({at17, BTC(1)})); /* far outside the set */
    world_block(&world);
    (void)world_tx(&world, NO_INS, OUT({at19, BTC(16)}));
    world_block(&world);
    (void)world_tx(&world, NO_INS, OUT({at13, BTC(2)})); /* still outside: 10 indexes */
    world_block(&world);
    (void)world_tx(&world, NO_INS, OUT({at9, BTC(4)})); /* reaches 14, so 13; 13 reaches 18 … */
    world_done(&world);
    assert_int_equal(total_at(&world, 0), 0);
    assert_int_equal(total_at(&world, 2), 0);
    assert_int_equal(total_at(&world, 3), BTC(23));
    struct position position = position_at(&world, 3);
    assert_int_equal(position.wallets[0].script_count, 25);
    position_free(&position);
    struct flows flows = flows_of(&world, 0, 3);
    assert_int_equal(flows.count, 1);
    assert_int_equal(amount_minor(flows.conservation.entered), BTC(19));
    assert_int_equal(amount_minor(flows.conservation.received), BTC(4));
    flows_free(&flows);
    world_close(&world);
}

static void keys_shown_and_coins_not_ripe_are_told(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_ab);
    size_t first = world_tx(&world, NO_INS, OUT({SCRIPT_A, BTC(50)}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = first}), OUT({SCRIPT_A, BTC(30)}, {SCRIPT_B, BTC(20)}));
    world_block(&world);
    (void)world_tx(&world, NO_INS, OUT({SCRIPT_B, BTC(25)}));
    for (int i = 0; i < 100; i++)
        world_block(&world);
    world_done(&world);
    struct position position = position_at(&world, 2);
    assert_int_equal(amount_minor(position.exposed_key), BTC(30)); /* A was spent from */
    assert_int_equal(amount_minor(position.immature), BTC(25));
    assert_int_equal(amount_minor(position.public_part), BTC(30));
    assert_int_equal(amount_minor(position.restricted_part), BTC(45));
    assert_int_equal(amount_minor(position.by_class[WALLET_RESERVE]), BTC(30));
    assert_int_equal(amount_minor(position.wallets[1].largest_script), BTC(45));
    assert_int_equal(position.coin_count, 3);
    assert_true(position.complete);
    position_free(&position);
    position = position_at(&world, 0);
    assert_int_equal(amount_minor(position.exposed_key), 0);
    position_free(&position);
    /* Made in block 2, spendable in 102: still not ripe after 100, ripe after 101. */
    position = position_at(&world, 100);
    assert_int_equal(amount_minor(position.immature), BTC(25));
    position_free(&position);
    position = position_at(&world, 101);
    assert_int_equal(amount_minor(position.immature), 0);
    position_free(&position);
    world_close(&world);
}

static void round_trips_are_linked_once(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_ab);
    size_t coin = world_tx(&world, NO_INS, OUT({SCRIPT_A, BTC(50)}));
    size_t other = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(100)}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = coin}), OUT({FOREIGN_P2SH, BTC(50)}));
    world_block(&world);
    size_t back =
        world_tx(&world, IN({.coin = other}), OUT({SCRIPT_A, BTC(50) - 40000}, {FOREIGN, BTC(50)}));
    (void)world_tx(&world, IN({.coin = back + 1}), OUT({SCRIPT_A, BTC(50)}));
    world_done(&world);
    struct flows flows = flows_of(&world, 0, 2);
    assert_int_equal(flows.count, 4);
    assert_int_equal(flows.list[1].round_trip, 2);
    assert_int_equal(flows.list[2].round_trip, 1);
    assert_true(flows.list[3].round_trip == SIZE_MAX);
    assert_null(flows.list[1].declared);
    flows_free(&flows);
    world_close(&world);
}

static void what_is_not_scanned_is_said(void **state)
{
    (void)state;
    struct world world;
    struct ledger *ledger;
    struct err err = {0};
    world_open(&world, book_ab);
    assert_int_equal(ledger_new(&ledger, world.facts, world.book, 0, &err), SANAD_MISSING);
    world_done(&world);
    assert_int_equal(ledger_new(&ledger, world.facts, world.book, 1, &err), SANAD_MISSING);
    assert_non_null(strstr(err.text, "outside the scan"));
    struct position position = position_at(&world, 0);
    assert_true(position.complete);
    position_free(&position);
    world_watch(&world, SCRIPT_C);
    static const char book_c[] =
        "{\"nation\":\"XS\",\"currency\":\"USD\"," ENTITY ",\"wallets\":["
        "{\"id\":\"c\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","
        "\"visibility\":\"public\",\"descriptors\":[\"raw(" SCRIPT_C ")\"],\"since\":null,"
        "\"until\":null}]}";
    world_rebook(&world, book_c); /* watched now, but not looked for in block 0 */
    position = position_at(&world, 0);
    assert_false(position.complete);
    assert_int_equal(position.missing_count, 1);
    position_free(&position);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_is_recognised),
        cmocka_unit_test(the_change_of_who_paid_with_us_is_a_hint),
        cmocka_unit_test(a_fee_is_unknown_where_a_prevout_is),
        cmocka_unit_test(old_coins_that_rev_files_show_are_ours),
        cmocka_unit_test(wallets_begin_and_cease_to_count),
        cmocka_unit_test(the_set_grows_by_what_was_seen_and_never_back),
        cmocka_unit_test(keys_shown_and_coins_not_ripe_are_told),
        cmocka_unit_test(round_trips_are_linked_once),
        cmocka_unit_test(what_is_not_scanned_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
