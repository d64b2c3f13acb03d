/* Proves: a ledger's changes sum up to the positions of the simulated nation at every height;
 * scripts and coins are found with their wallets; what is missing is said for the wallets
 * that were asked for and no others. */
#include "nation.h"
#include "world.h"

#include <stdlib.h>

#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_B "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCRIPT_C "0014cccccccccccccccccccccccccccccccccccccccc"
#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"
#define WALLET(id, script, since, until)                                                           \
    "{\"id\":\"" id "\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","          \
    "\"visibility\":\"public\",\"descriptors\":[\"raw(" script ")\"],\"since\":" since             \
    ",\"until\":" until "}"
#define BOOK(...)                                                                                  \
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[{\"id\":\"t\",\"name\":{\"en\":\"T\"}," \
    "\"sector\":\"S1311\"}],\"wallets\":[" __VA_ARGS__ "]}"

static const char book_moving[] =
    BOOK(WALLET("a", SCRIPT_A, "\"2025-01-03\"", "\"2025-01-06\"") "," WALLET(
        "next", SCRIPT_A, "\"2025-01-07\"", "null") "," WALLET("b", SCRIPT_B, "null", "null"));

static struct ledger *ledger_at(struct world *world, uint32_t height)
{
    struct ledger *ledger;
    struct err err = {0};
    test_ok(ledger_new(&ledger, world->facts, world->book, height, &err), &err);
    assert_int_equal(ledger_height(ledger), height);
    assert_ptr_equal(ledger_book(ledger), world->book);
    assert_ptr_equal(ledger_facts(ledger), world->facts);
    return ledger;
}

static void test_changes_of_members_and_payments(void **state)
{
    (void)state;
    struct world world;
    size_t count;
    world_open(&world, book_moving);
    size_t early = world_tx(&world, NO_INS, OUT({SCRIPT_A, BTC(7)}, {SCRIPT_B, BTC(1)}));
    world_block(&world);
    size_t quick = world_tx(&world, IN({.coin = early + 1}), OUT({SCRIPT_B, BTC(1)}));
    (void)world_tx(&world, IN({.coin = quick}), OUT({FOREIGN, BTC(1)}));
    for (int i = 0; i < 7; i++)
        world_block(&world); /* to 2025-01-09 */
    world_done(&world);
    struct ledger *ledger = ledger_at(&world, 8);
    const struct wallet_change *changes = ledger_changes(ledger, &count);
    static const struct {
        uint32_t height, wallet;
        int64_t sat;
        bool membership;
    } expected[] = {
        {0, 2, BTC(1), false},  {1, 2, BTC(1), false}, {1, 2, -BTC(1), false},
        {1, 2, -BTC(1), false}, {2, 0, BTC(7), true},  {5, 0, -BTC(7), true},
        {6, 1, BTC(7), true},
    };
    assert_int_equal(count, countof(expected));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(changes[i].height, expected[i].height);
        assert_int_equal(changes[i].wallet, expected[i].wallet);
        assert_int_equal(amount_minor(changes[i].value), expected[i].sat);
        assert_int_equal(changes[i].membership, expected[i].membership);
    }
    ledger_free(ledger);
    /* A ledger of an earlier height knows nothing of wallets that begin to count later. */
    ledger = ledger_at(&world, 1);
    (void)ledger_changes(ledger, &count);
    assert_int_equal(count, 4);
    const struct balance_point *series = ledger_series(ledger, &count);
    assert_int_equal(count, 2);
    assert_int_equal(amount_minor(series[1].total), 0);
    ledger_free(ledger);
    world_close(&world);
}

static void test_scripts_and_coins_are_found(void **state)
{
    (void)state;
    struct world world;
    struct ledger_coin coin;
    uint32_t wallet = 99;
    world_open(&world, book_moving);
    size_t first = world_tx(&world, NO_INS, OUT({SCRIPT_A, BTC(7)}, {FOREIGN, BTC(1)}));
    for (int i = 0; i < 8; i++)
        world_block(&world);
    size_t spent = world_tx(&world, IN({.coin = first}), OUT({SCRIPT_A, BTC(6)}));
    world_block(&world);
    world_done(&world);
    struct buf a = test_hex(SCRIPT_A), b = test_hex(SCRIPT_B), foreign = test_hex(FOREIGN);
    struct outpoint none = {.txid = {.b = {1}}};
    struct ledger *ledger = ledger_at(&world, 0);
    assert_false(ledger_script_wallet(ledger, &wallet, buf_bytes(&a))); /* not yet */
    assert_false(ledger_coin_find(&coin, ledger, &world.coins[first].fact.outpoint));
    ledger_free(ledger);
    ledger = ledger_at(&world, 5); /* the one ceased, the other did not begin */
    assert_false(ledger_script_wallet(ledger, &wallet, buf_bytes(&a)));
    assert_true(ledger_coin_find(&coin, ledger, &world.coins[first].fact.outpoint));
    assert_true(coin.wallet == 0 && !coin.held && !coin.spent);
    ledger_free(ledger);
    ledger = ledger_at(&world, 9);
    assert_true(ledger_script_wallet(ledger, &wallet, buf_bytes(&a)) && wallet == 1);
    assert_true(ledger_script_wallet(ledger, &wallet, buf_bytes(&b)) && wallet == 2); /* no coin */
    assert_false(ledger_script_wallet(ledger, &wallet, buf_bytes(&foreign)));
    assert_true(ledger_coin_find(&coin, ledger, &world.coins[first].fact.outpoint));
    assert_true(coin.wallet == 1 && !coin.held && coin.spent && coin.spent_height == 8);
    assert_true(bytes_equal(coin.script, buf_bytes(&a)));
    assert_true(ledger_coin_find(&coin, ledger, &world.coins[spent].fact.outpoint));
    assert_true(coin.wallet == 1 && coin.held && !coin.spent);
    assert_int_equal(amount_minor(coin.value), BTC(6));
    assert_false(ledger_coin_find(&coin, ledger, &world.coins[first + 1].fact.outpoint));
    assert_false(ledger_coin_find(&coin, ledger, &none));
    ledger_free(ledger);
    buf_free(&a);
    buf_free(&b);
    buf_free(&foreign);
    world_close(&world);
}

static void test_what_is_missing_is_said(void **state)
{
    (void)state;
    struct world world;
    static const bool all[] = {true, true, true};
    static const bool first[] = {true, false, false};
    static const bool second[] = {false, true, false};
    static const bool third[] = {false, false, true};
    static const bool none[] = {false, false, false};
    static const char book[] = BOOK(WALLET("a", SCRIPT_A, "null", "null") "," WALLET(
        "c", SCRIPT_C, "null",
        "null") ","
                "{\"id\":\"s\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","
                "\"visibility\":\"sealed\",\"commitment\":"
                "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
                "\"since\":\"2025-01-03\",\"until\":null}");
    world_open(&world, BOOK(WALLET("a", SCRIPT_A, "null", "null")));
    for (int i = 0; i < 3; i++)
        world_block(&world);
    world_done(&world);
    world_rebook(&world, book);
    struct ledger *ledger = ledger_at(&world, 3);
    assert_null(ledger_incomplete(ledger, none));
    assert_null(ledger_incomplete(ledger, first));
    assert_non_null(strstr(ledger_incomplete(ledger, second), "wallet c"));
    assert_non_null(strstr(ledger_incomplete(ledger, third), "not opened: wallet s"));
    assert_non_null(strstr(ledger_incomplete(ledger, all), "scan again"));
    ledger_free(ledger);
    ledger = ledger_at(&world, 1); /* the sealed one does not count yet */
    assert_null(ledger_incomplete(ledger, third));
    ledger_free(ledger);
    world_close(&world);
    world_open(&world, BOOK(WALLET("a", SCRIPT_A, "null", "null")));
    world.anchor = 1;
    world_block(&world);
    world_done(&world);
    ledger = ledger_at(&world, 1);
    assert_null(ledger_incomplete(ledger, none));
    assert_non_null(strstr(ledger_incomplete(ledger, first), "height 1"));
    ledger_free(ledger);
    world_close(&world);
}

static struct amount balance_of(const struct position *position, uint32_t wallet)
{
    for (size_t i = 0; i < position->wallet_count; i++)
        if (position->wallets[i].wallet == wallet)
            return position->wallets[i].balance;
    return amount_zero();
}

static void test_changes_sum_up_to_positions(void **state)
{
    (void)state;
    struct nation nation;
    struct ledger *ledger;
    struct err err = {0};
    size_t count, at = 0;
    nation_open(&nation, "xs");
    test_ok(ledger_new(&ledger, nation.facts, nation.book, nation.state.tip_height, &err), &err);
    size_t wallet_count = nation.book->wallet_count;
    struct amount *sums = mem_zalloc(wallet_count, sizeof *sums);
    const struct wallet_change *changes = ledger_changes(ledger, &count);
    assert_true(count > 2000);
    for (uint32_t height = 0; height <= nation.state.tip_height; height++) {
        struct position position;
        bool any = false;
        for (; at < count && changes[at].height == height; at++, any = true)
            sums[changes[at].wallet] = amount_add(sums[changes[at].wallet], changes[at].value);
        if (!any)
            continue;
        test_ok(position_make(&position, ledger, height, &err), &err);
        for (uint32_t i = 0; i < wallet_count; i++)
            assert_true(amount_equal(sums[i], balance_of(&position, i)));
        position_free(&position);
    }
    assert_int_equal(at, count);
    free(sums);
    ledger_free(ledger);
    nation_close(&nation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_of_members_and_payments),
        cmocka_unit_test(test_scripts_and_coins_are_found),
        cmocka_unit_test(test_what_is_missing_is_said),
        cmocka_unit_test(test_changes_sum_up_to_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
