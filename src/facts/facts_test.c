/* Proves that facts come back as they were put, that only the active chain is counted, that
 * withdrawn facts stay as history and return with their block, that a spend above the asked
 * height is not seen, that evidence only grows, and that damage and a second scan are
 * refused by name. */
#include "facts/facts.h"

#include "support.h"

static struct store *store;
static struct facts *facts;
static struct arena arena;
static struct err err;

static int setup(void **state)
{
    (void)state;
    return store_open(&store, "", STORE_MEMORY, &err) ||
           facts_open(&facts, store, chain_params_get(CHAIN_REGTEST), &err);
}

static int teardown(void **state)
{
    (void)state;
    facts_close(facts);
    store_close(store);
    arena_free(&arena);
    return 0;
}

/* A hash that tells what it is of. */
static struct hash256 hash_of(uint8_t branch, uint32_t number)
{
    struct hash256 hash = {{branch}};
    memcpy(hash.b + 4, &number, sizeof number);
    return hash;
}

static struct fact_block block_of(uint8_t branch, uint32_t height)
{
    return (struct fact_block){
        .hash = hash_of(branch, height),
        .prev = hash_of(branch, height - 1),
        .height = height,
        .time = 1000 + height * 10,
        .median_time = 1000 + (int64_t)height * 10 - 50,
        .work = {{height, 0, 0, height}},
        .tx_count = 2,
        .size = 300,
    };
}

static void set_tip(const struct fact_block *tip, uint32_t first, uint64_t coins, uint64_t spends)
{
    struct facts_state state;
    test_ok(facts_state_get(&state, facts, &err), &err);
    uint64_t blocks = tip->height - first + 1;
    state = (struct facts_state){
        .any = true,
        .first_height = first,
        .first_hash = hash_of('a', first),
        .anchored = first > 0,
        .tip_height = tip->height,
        .tip_hash = tip->hash,
        .tip_time = tip->time,
        .tip_median_time = tip->median_time,
        .tip_work = tip->work,
        .grade = GRADE_MERKLE,
        .block_count = blocks,
        .tx_count = 2 * blocks,
        .byte_count = 300 * blocks,
        .coin_count = coins,
        .spend_count = spends,
    };
    test_ok(facts_state_set(facts, &state, &err), &err);
}

/* Blocks of a branch from `first` to `last`. */
static void add_blocks(uint8_t branch, uint32_t first, uint32_t last)
{
    for (uint32_t height = first; height <= last; height++) {
        struct fact_block block = block_of(branch, height);
        test_ok(facts_block_add(facts, &block, &err), &err);
    }
}

static int64_t add_script(const char *text)
{
    int64_t id = 0;
    test_ok(facts_script_add(facts, &id, bytes_of_text(text), &err), &err);
    return id;
}

static struct fact_coin coin_of(uint8_t branch, uint32_t height, uint32_t tx_index, uint32_t vout)
{
    return (struct fact_coin){
        .script = add_script("script"),
        .outpoint = {hash_of('t', height * 100 + tx_index), vout},
        .block_hash = hash_of(branch, height),
        .height = height,
        .tx_index = tx_index,
        .coinbase = tx_index == 0,
        .value = amount_of(height * 1000 + tx_index * 10 + vout),
    };
}

static void add_coin(const struct fact_coin *coin)
{
    test_ok(facts_coin_add(facts, coin, &err), &err);
}

static void add_spend(struct fact_coin coin, uint8_t branch, uint32_t height, uint32_t vin)
{
    coin.spent = true;
    coin.spent_height = height;
    coin.spent_tx_index = 1;
    coin.spent_vin = vin;
    coin.spent_block_hash = hash_of(branch, height);
    coin.spent_txid = hash_of('s', height);
    test_ok(facts_spend_add(facts, &coin, &err), &err);
}

static struct fact_coin *coins_at(uint32_t height, size_t count)
{
    struct fact_coin *coins = NULL;
    size_t got = 0;
    test_ok(facts_coins(facts, &coins, &got, height, &arena, &err), &err);
    assert_int_equal(got, count);
    return coins;
}

/* ---- opening ------------------------------------------------------------------------------ */

static void test_one_chain(void **state)
{
    (void)state;
    const struct chain_params *params = NULL;
    struct facts *other = NULL;
    test_ok(facts_chain(&params, store, &err), &err);
    assert_string_equal(params->name, "regtest");
    test_refused(facts_open(&other, store, chain_params_get(CHAIN_MAIN), &err), SANAD_REFUSED, &err,
                 "holds chain 'regtest', not 'main'");
    test_ok(facts_open(&other, store, chain_params_get(CHAIN_REGTEST), &err), &err);
    facts_close(other);
    facts_close(NULL);
    test_ok(store_run(store, "UPDATE chain SET name='moon'", &err), &err);
    test_refused(facts_chain(&params, store, &err), SANAD_REFUSED, &err, "unknown chain");
}

static void test_no_chain(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    const struct chain_params *params = NULL;
    struct facts *other = NULL;
    struct store *empty = NULL;
    test_folder_make(folder);
    test_ok(path_join(path, folder, "s.db", &err), &err);
    test_ok(store_open(&empty, path, STORE_CREATE, &err), &err);
    test_refused(facts_chain(&params, empty, &err), SANAD_MISSING, &err, "holds no chain");
    store_close(empty);
    test_ok(store_open(&empty, path, STORE_READ, &err), &err);
    test_refused(facts_open(&other, empty, chain_params_get(CHAIN_MAIN), &err), SANAD_MISSING, &err,
                 "nothing of 'facts'");
    store_close(empty);
    test_folder_remove(folder);
}

static void test_state(void **state)
{
    (void)state;
    struct facts_state got;
    test_ok(facts_state_get(&got, facts, &err), &err);
    assert_false(got.any);
    struct fact_block tip = block_of('a', 7);
    set_tip(&tip, 2, 5, 4);
    test_ok(facts_state_get(&got, facts, &err), &err);
    assert_true(got.any && got.anchored);
    assert_int_equal(got.first_height, 2);
    assert_int_equal(got.tip_height, 7);
    assert_true(hash256_equal(&got.tip_hash, &tip.hash));
    assert_int_equal(u256_compare(&got.tip_work, &tip.work), 0);
    assert_int_equal(got.grade, GRADE_MERKLE);
    assert_string_equal(grade_name(got.grade), "merkle");
    assert_int_equal(got.byte_count, 1800);
    assert_int_equal(got.coin_count, 5);
    assert_int_equal(got.spend_count, 4);
}

static void test_second_scan_is_noticed(void **state)
{
    (void)state;
    struct facts *other = NULL;
    struct facts_state mine;
    struct fact_block tip = block_of('a', 3);
    set_tip(&tip, 0, 0, 0);
    test_ok(facts_open(&other, store, chain_params_get(CHAIN_REGTEST), &err), &err);
    test_ok(facts_state_get(&mine, other, &err), &err);
    test_ok(facts_state_set(facts, &mine, &err), &err);
    test_refused(facts_state_set(other, &mine, &err), SANAD_ENVIRONMENT, &err, "another scan");
    test_ok(facts_state_get(&mine, other, &err), &err);
    test_ok(facts_state_set(other, &mine, &err), &err);
    facts_close(other);
}

/* ---- blocks ------------------------------------------------------------------------------- */

static void test_blocks(void **state)
{
    (void)state;
    struct fact_block got;
    bool active = false;
    add_blocks('a', 0, 30);
    struct fact_block want = block_of('a', 30);
    set_tip(&want, 0, 0, 0);
    test_ok(facts_block_at(&got, facts, 30, &err), &err);
    assert_true(hash256_equal(&got.hash, &want.hash) && hash256_equal(&got.prev, &want.prev));
    assert_int_equal(got.time, want.time);
    assert_int_equal(got.tx_count, 2);
    assert_int_equal(got.size, 300);
    assert_int_equal(u256_compare(&got.work, &want.work), 0);
    test_refused(facts_block_at(&got, facts, 31, &err), SANAD_MISSING, &err, "block 31");
    test_ok(facts_block_find(&got, &active, facts, &want.hash, &err), &err);
    assert_true(active && got.height == 30);
    struct hash256 nobody = hash_of('n', 1);
    test_refused(facts_block_find(&got, &active, facts, &nobody, &err), SANAD_MISSING, &err,
                 "was not scanned");
}

static void test_block_by_time(void **state)
{
    (void)state;
    struct fact_block got;
    test_refused(facts_block_by_time(&got, facts, 5000, &err), SANAD_MISSING, &err, "nothing was");
    add_blocks('a', 5, 30);
    struct fact_block tip = block_of('a', 30);
    set_tip(&tip, 5, 0, 0);
    for (int64_t time = 990; time < 1300; time++) {
        int64_t want = (time - 950) / 10 < 30 ? (time - 950) / 10 : 30;
        if (want < 5) {
            test_refused(facts_block_by_time(&got, facts, time, &err), SANAD_MISSING, &err,
                         "at or before 1970-01-01T00:16:");
        } else {
            test_ok(facts_block_by_time(&got, facts, time, &err), &err);
            assert_int_equal(got.height, want);
        }
    }
    /* Near an anchor the median is of fewer blocks and may fall. */
    test_ok(store_run(store, "UPDATE block SET median_time=900 WHERE height=9", &err), &err);
    test_ok(facts_block_by_time(&got, facts, 950, &err), &err);
    assert_int_equal(got.height, 9);
    int64_t height;
    test_ok(facts_blocks_by_time(&height, facts, &(int64_t){950}, 1, &err), &err);
    assert_int_equal(height, 9);
}

/* Many at once are each what one alone is, whatever lies between them. */
static void test_blocks_by_time(void **state)
{
    (void)state;
    enum { COUNT = 700 };
    int64_t times[COUNT] = {0};
    int64_t heights[COUNT];
    test_refused(facts_blocks_by_time(heights, facts, times, 0, &err), SANAD_MISSING, &err,
                 "nothing was");
    for (uint32_t tip = 0; tip <= 400; tip = tip * 2 + 7) {
        struct fact_block newest = block_of('a', tip);
        add_blocks('a', 0, tip);
        set_tip(&newest, 0, 0, 0);
        for (unsigned stride = 1; stride < 3000; stride = stride * 3 + 1) {
            for (size_t i = 0; i < COUNT; i++)
                times[i] = 930 + (int64_t)(i / 2) * stride; /* each twice */
            test_ok(facts_blocks_by_time(heights, facts, times, COUNT, &err), &err);
            for (size_t i = 0; i < COUNT; i += 13) {
                struct fact_block got = {.height = 0};
                int code = facts_block_by_time(&got, facts, times[i], &err);
                int64_t want = (times[i] - 950) / 10 < tip ? (times[i] - 950) / 10 : tip;
                assert_int_equal(code, times[i] < 950 ? SANAD_MISSING : 0);
                assert_int_equal(heights[i], times[i] < 950 ? -1 : want);
                assert_int_equal(heights[i], code ? -1 : (int64_t)got.height);
            }
        }
    }
    test_ok(store_run(store, "DELETE FROM block WHERE height=3", &err), &err);
    test_refused(facts_blocks_by_time(heights, facts, &(int64_t){983}, 1, &err), SANAD_MISSING,
                 &err, "block 3 was not scanned");
}

/* ---- scripts ------------------------------------------------------------------------------- */

static void test_scripts(void **state)
{
    (void)state;
    struct fact_script *scripts = NULL;
    size_t count = 0;
    int64_t one = add_script("one");
    int64_t two = add_script("two");
    assert_int_equal(add_script("one"), one);
    assert_int_not_equal(one, two);
    bool found = false;
    int64_t id = 0;
    test_ok(facts_script_find(&id, &found, facts, bytes_of_text("two"), &err), &err);
    assert_true(found && id == two);
    test_ok(facts_script_find(&id, &found, facts, bytes_of_text("three"), &err), &err);
    assert_false(found);
    test_ok(facts_scripts(facts, &scripts, &count, &arena, &err), &err);
    assert_int_equal(count, 2);
    assert_true(bytes_equal(scripts[1].script, bytes_of_text("two")));
    assert_int_equal(scripts[0].complete_to, -1);
    add_blocks('a', 0, 9);
    struct fact_block tip = block_of('a', 9);
    set_tip(&tip, 0, 0, 0);
    test_ok(facts_scripts_complete(facts, 9, &err), &err);
    int64_t late = add_script("late");
    test_ok(facts_scripts_complete_some(facts, &late, 1, 4, &err), &err);
    test_ok(facts_scripts(facts, &scripts, &count, &arena, &err), &err);
    assert_int_equal(scripts[0].complete_to, 9);
    assert_int_equal(scripts[2].complete_to, 4);
    test_ok(facts_scripts_late(facts, &scripts, &count, &arena, &err), &err);
    assert_true(count == 1 && scripts[0].id == late);
    tip = block_of('a', 12); /* those that were complete stay complete to the tip */
    add_blocks('a', 10, 12);
    set_tip(&tip, 0, 0, 0);
    test_ok(facts_scripts(facts, &scripts, &count, &arena, &err), &err);
    assert_int_equal(scripts[1].complete_to, 12);
    assert_int_equal(scripts[2].complete_to, 4);
    test_ok(facts_withdraw_above(facts, 3, &err), &err);
    test_ok(facts_scripts(facts, &scripts, &count, &arena, &err), &err);
    assert_int_equal(scripts[1].complete_to, 3);
    assert_int_equal(scripts[2].complete_to, 3);
}

static void test_scripts_used(void **state)
{
    (void)state;
    int64_t *ids = NULL;
    size_t count = 9;
    add_blocks('a', 0, 2);
    test_ok(facts_scripts_used(facts, &ids, &count, &arena, &err), &err);
    assert_int_equal(count, 0);
    (void)add_script("never paid");
    struct fact_coin coin = coin_of('a', 1, 1, 0);
    add_coin(&coin);
    coin = coin_of('a', 2, 1, 0);
    add_coin(&coin);
    coin.script = add_script("paid on a branch that is not active");
    coin.block_hash = hash_of('b', 2);
    add_coin(&coin);
    test_ok(facts_scripts_used(facts, &ids, &count, &arena, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], add_script("script"));
}

/* ---- coins --------------------------------------------------------------------------------- */

static void test_coins_and_spends(void **state)
{
    (void)state;
    add_blocks('a', 0, 9);
    struct fact_coin later = coin_of('a', 5, 1, 0);
    struct fact_coin first = coin_of('a', 2, 0, 0);
    struct fact_coin second = coin_of('a', 2, 0, 1);
    struct fact_coin third = coin_of('a', 2, 3, 0);
    add_coin(&later);
    add_coin(&third);
    add_coin(&second);
    add_coin(&first);
    add_coin(&first); /* twice is once */
    add_spend(second, 'a', 6, 3);
    add_spend(second, 'a', 6, 3);
    add_spend(later, 'a', 5, 0);
    struct fact_coin *coins = coins_at(9, 4);
    assert_int_equal(coins[0].outpoint.vout, 0);
    assert_int_equal(coins[1].outpoint.vout, 1);
    assert_int_equal(coins[2].tx_index, 3);
    assert_int_equal(coins[3].height, 5);
    assert_true(coins[0].coinbase && !coins[2].coinbase);
    assert_int_equal(amount_minor(coins[2].value), 2030);
    assert_true(hash256_equal(&coins[2].outpoint.txid, &third.outpoint.txid));
    assert_false(coins[0].spent || coins[2].spent);
    assert_true(coins[1].spent && coins[3].spent);
    assert_int_equal(coins[1].spent_height, 6);
    assert_int_equal(coins[1].spent_vin, 3);
    struct hash256 spender = hash_of('s', 6);
    assert_true(hash256_equal(&coins[1].spent_txid, &spender));
    coins = coins_at(5, 4); /* the spend of block 6 is not known at 5 */
    assert_false(coins[1].spent);
    assert_true(coins[3].spent);
    (void)coins_at(4, 3);
    (void)coins_at(1, 0);
}

static int count_coins(void *context, const struct fact_coin *coin, struct err *e)
{
    (void)e;
    int64_t *sum = context;
    assert_false(coin->spent);
    *sum += amount_minor(coin->value);
    return 0;
}

static int stop_at_once(void *context, const struct fact_coin *coin, struct err *e)
{
    (void)context;
    (void)coin;
    (void)e;
    return 77;
}

static void test_unspent_and_find(void **state)
{
    (void)state;
    add_blocks('a', 0, 9);
    struct fact_coin old = coin_of('a', 3, 0, 0);
    struct fact_coin new = coin_of('a', 7, 0, 0);
    new.outpoint = old.outpoint; /* BIP30: two coins of one outpoint */
    add_coin(&old);
    add_coin(&new);
    add_spend(old, 'a', 7, FACT_OVERWRITTEN);
    int64_t sum = 0;
    test_ok(facts_unspent(facts, 6, count_coins, &sum, &err), &err);
    assert_int_equal(sum, 3000);
    sum = 0;
    test_ok(facts_unspent(facts, 7, count_coins, &sum, &err), &err);
    assert_int_equal(sum, 7000);
    assert_int_equal(facts_unspent(facts, 7, stop_at_once, NULL, &err), 77);
    struct fact_coin got;
    bool found = false;
    test_ok(facts_coin_find(&got, &found, facts, &old.outpoint, 6, &err), &err);
    assert_true(found && got.height == 3);
    test_ok(facts_coin_find(&got, &found, facts, &old.outpoint, 7, &err), &err);
    assert_true(found && got.height == 7);
    test_ok(facts_coin_find(&got, &found, facts, &old.outpoint, 2, &err), &err);
    assert_false(found);
    assert_int_equal(coins_at(9, 2)[0].spent_vin, FACT_OVERWRITTEN);
}

/* ---- withdrawing ---------------------------------------------------------------------------- */

static void test_withdraw_and_return(void **state)
{
    (void)state;
    struct fact_block got;
    struct facts_state now;
    bool active = true;
    add_blocks('a', 0, 9);
    struct fact_coin low = coin_of('a', 2, 0, 0);
    struct fact_coin high = coin_of('a', 8, 0, 0);
    add_coin(&low);
    add_coin(&high);
    add_spend(low, 'a', 7, 0);
    struct fact_block tip = block_of('a', 9);
    set_tip(&tip, 0, 2, 1);
    test_ok(facts_withdraw_above(facts, 6, &err), &err);
    test_ok(facts_state_get(&now, facts, &err), &err);
    assert_int_equal(now.tip_height, 6);
    assert_int_equal(now.block_count, 7);
    assert_int_equal(now.tx_count, 14);
    assert_int_equal(now.byte_count, 2100);
    assert_int_equal(now.coin_count, 1);
    assert_int_equal(now.spend_count, 0);
    now.coin_count = 99;
    test_ok(facts_recount(&now, facts, &err), &err);
    assert_int_equal(now.coin_count, 1);
    test_refused(facts_block_at(&got, facts, 7, &err), SANAD_MISSING, &err, "block 7");
    struct hash256 gone = hash_of('a', 7);
    test_ok(facts_block_find(&got, &active, facts, &gone, &err), &err);
    assert_false(active); /* history */
    assert_false(coins_at(9, 1)[0].spent);
    add_blocks('b', 7, 9);
    add_spend(low, 'b', 8, 5);
    assert_int_equal(coins_at(9, 1)[0].spent_vin, 5);
    tip = block_of('b', 9);
    set_tip(&tip, 0, 1, 1);
    test_ok(facts_withdraw_above(facts, 6, &err), &err);
    add_blocks('a', 7, 9); /* the first branch wins after all: its facts count again */
    struct fact_coin *coins = coins_at(9, 2);
    assert_true(coins[0].spent && coins[0].spent_vin == 0 && coins[0].spent_height == 7);
    assert_int_equal(coins[1].height, 8);
}

/* ---- transactions ---------------------------------------------------------------------------- */

struct tx_list {
    struct fact_tx txs[8];
    size_t count;
};

static int visit_tx(void *context, const struct fact_tx *tx, struct err *e)
{
    struct tx_list *list = context;
    (void)e;
    struct fact_tx *copy = &list->txs[list->count++];
    *copy = *tx;
    copy->stripped = arena_bytes(&arena, tx->stripped);
    copy->prevouts = arena_alloc(&arena, tx->prevout_count, sizeof *tx->prevouts);
    for (size_t i = 0; i < tx->prevout_count; i++) {
        copy->prevouts[i] = tx->prevouts[i];
        copy->prevouts[i].script = arena_bytes(&arena, tx->prevouts[i].script);
    }
    return list->count == 8;
}

static void add_tx(uint32_t height, uint32_t tx_index, enum prevout_evidence first,
                   enum prevout_evidence second)
{
    struct fact_prevout prevouts[2] = {
        {first, first ? amount_of(10 + first) : amount_unknown(), bytes_of_text("s1")},
        {second, second ? amount_of(20 + second) : amount_unknown(), bytes_of_text("")},
    };
    struct fact_tx tx = {
        .txid = hash_of('t', height),
        .block_hash = hash_of('a', height),
        .height = height,
        .tx_index = tx_index,
        .stripped = bytes_of_text("stripped"),
        .prevouts = prevouts,
        .prevout_count = tx_index ? 2 : 0,
    };
    test_ok(facts_tx_add(facts, &tx, &err), &err);
}

static void test_txs(void **state)
{
    (void)state;
    struct tx_list list = {.count = 0};
    uint64_t unproved = 9;
    add_blocks('a', 0, 9);
    add_tx(5, 2, PREVOUT_UNKNOWN, PREVOUT_UNDO);
    add_tx(5, 0, PREVOUT_UNKNOWN, PREVOUT_UNKNOWN);
    add_tx(3, 1, PREVOUT_PROVED, PREVOUT_PROVED);
    test_ok(facts_txs(facts, 3, 5, visit_tx, &list, &err), &err);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.txs[0].height, 3);
    assert_int_equal(list.txs[1].tx_index, 0);
    assert_int_equal(list.txs[1].prevout_count, 0);
    struct fact_tx *last = &list.txs[2];
    assert_int_equal(last->prevout_count, 2);
    assert_int_equal(last->prevouts[0].evidence, PREVOUT_UNKNOWN);
    assert_false(amount_is_known(last->prevouts[0].value));
    assert_int_equal(amount_minor(last->prevouts[1].value), 21);
    assert_true(bytes_equal(last->stripped, bytes_of_text("stripped")));
    test_ok(facts_unproved_count(facts, &unproved, &err), &err);
    assert_int_equal(unproved, 1);
    assert_false(last->searched);
    for (size_t i = 0; i < list.count; i++) { /* the times of its own block */
        struct fact_block block;
        test_ok(facts_block_at(&block, facts, list.txs[i].height, &err), &err);
        assert_int_equal(list.txs[i].block_time, block.time);
        assert_int_equal(list.txs[i].block_median_time, block.median_time);
    }
    struct fact_tx vain = *last;
    vain.searched = true;
    test_ok(facts_tx_add(facts, &vain, &err), &err);
    list.count = 0;
    test_ok(facts_txs_unproved(facts, (struct fact_place){0, 0}, visit_tx, &list, &err), &err);
    assert_true(list.count == 1 && list.txs[0].searched);
    add_tx(5, 2, PREVOUT_PROVED, PREVOUT_UNKNOWN); /* the second input keeps its undo */
    list.count = 0;
    test_ok(facts_txs_unproved(facts, (struct fact_place){5, 2}, visit_tx, &list, &err), &err);
    assert_int_equal(list.count, 1);
    assert_int_equal(amount_minor(list.txs[0].prevouts[0].value), 12);
    assert_true(bytes_equal(list.txs[0].prevouts[0].script, bytes_of_text("s1")));
    assert_int_equal(list.txs[0].prevouts[1].evidence, PREVOUT_UNDO);
    list.count = 0;
    test_ok(facts_txs_unproved(facts, (struct fact_place){5, 3}, visit_tx, &list, &err), &err);
    assert_int_equal(list.count, 0);
    add_tx(5, 2, PREVOUT_UNKNOWN, PREVOUT_PROVED);
    test_ok(facts_unproved_count(facts, &unproved, &err), &err);
    assert_int_equal(unproved, 0);
    list.count = 0;
    test_ok(facts_txs(facts, 4, 4, visit_tx, &list, &err), &err);
    assert_int_equal(list.count, 0);
    list.count = 7;
    assert_int_equal(facts_txs(facts, 0, 9, visit_tx, &list, &err), 1); /* stopped */
}

static void test_tx_by_its_place(void **state)
{
    (void)state;
    struct fact_tx tx;
    bool found = false;
    struct hash256 block = hash_of('a', 5), other = hash_of('b', 5);
    add_blocks('a', 0, 9);
    add_tx(5, 2, PREVOUT_UNKNOWN, PREVOUT_UNDO);
    add_tx(5, 3, PREVOUT_PROVED, PREVOUT_PROVED);
    struct fact_place place = {.height = 5, .tx_index = 2};
    test_ok(facts_tx_get(&tx, &found, facts, &block, place, &arena, &err), &err);
    assert_true(found && tx.height == 5 && tx.tx_index == 2 && tx.prevout_count == 2);
    assert_true(bytes_equal(tx.stripped, bytes_of_text("stripped")));
    assert_int_equal(tx.prevouts[0].evidence, PREVOUT_UNKNOWN);
    place.tx_index = 3; /* the first keeps its bytes while the next is read */
    struct fact_tx next;
    test_ok(facts_tx_get(&next, &found, facts, &block, place, &arena, &err), &err);
    assert_true(found && bytes_equal(next.prevouts[0].script, bytes_of_text("s1")));
    assert_true(bytes_equal(tx.stripped, bytes_of_text("stripped")));
    place.tx_index = 4;
    test_ok(facts_tx_get(&tx, &found, facts, &block, place, &arena, &err), &err);
    assert_false(found);
    place.tx_index = 2;
    test_ok(facts_tx_get(&tx, &found, facts, &other, place, &arena, &err), &err);
    assert_false(found);
    test_ok(store_run(store, "UPDATE tx SET prevouts=x'03'", &err), &err);
    test_refused(facts_tx_get(&tx, &found, facts, &block, place, &arena, &err), SANAD_REFUSED, &err,
                 "damaged: prevouts");
}

/* ---- damage ---------------------------------------------------------------------------------- */

static int visit_nothing(void *context, const struct fact_tx *tx, struct err *e)
{
    (void)context;
    (void)tx;
    (void)e;
    return 0;
}

static void test_damage_is_refused(void **state)
{
    (void)state;
    static const char *const coin_damage[] = {"value=-1",   "value=2100000000000001",
                                              "txid=x'00'", "tx_index=4294967296",
                                              "coinbase=2", "script=NULL"};
    struct fact_coin *coins = NULL;
    size_t count;
    add_blocks('a', 0, 2);
    for (size_t i = 0; i < countof(coin_damage); i++) {
        char sql[128];
        struct fact_coin coin = coin_of('a', 1, 1, 0);
        test_ok(store_run(store, "DELETE FROM coin", &err), &err);
        add_coin(&coin);
        (void)snprintf(sql, sizeof sql, "UPDATE coin SET %s", coin_damage[i]);
        if (store_run(store, sql, &err) < 0)
            continue; /* the schema itself refuses it */
        test_refused(facts_coins(facts, &coins, &count, 2, &arena, &err), SANAD_REFUSED, &err,
                     "the store is damaged");
    }
    static const char *const blobs[] = {"x'03'", "x'0100'", "x'01ffffffffffffff7f00'",
                                        "x'01010000000000000005aa'"};
    add_tx(2, 1, PREVOUT_UNKNOWN, PREVOUT_UNKNOWN);
    for (size_t i = 0; i < countof(blobs); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "UPDATE tx SET prevouts=%s", blobs[i]);
        test_ok(store_run(store, sql, &err), &err);
        test_refused(facts_txs(facts, 0, 2, visit_nothing, NULL, &err), SANAD_REFUSED, &err,
                     "damaged: prevouts");
    }
    test_ok(store_run(store, "UPDATE block SET work=zeroblob(33)", &err), &err);
    struct fact_block block;
    test_refused(facts_block_at(&block, facts, 1, &err), SANAD_REFUSED, &err, "damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_scan_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_block_by_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocks_by_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scripts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scripts_used, setup, teardown),
        cmocka_unit_test_setup_teardown(test_coins_and_spends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unspent_and_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_withdraw_and_return, setup, teardown),
        cmocka_unit_test_setup_teardown(test_txs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tx_by_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
