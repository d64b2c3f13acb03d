/* ctest-label: threads
 * Proves that a scan follows the chain with the most work over reorganisations of 1, 6 and
 * 100 blocks and back, that what is withdrawn stays as history, that a source with no more
 * work changes nothing, and that a bad block on the new branch costs only the new branch. */
#include "world_test.h"

enum { TXS = 8, OURS = 25, COMMON = 120 };

static void append(struct world *w, uint32_t tip, uint32_t count, uint32_t file)
{
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w->toy, tip, &arena);
    uint32_t from = w->toy.blocks[tip].height + 1 - count;
    toy_write(&w->toy, &w->writer, (struct toy_files){branch + from, count, 30, file, true});
    arena_free(&arena);
}

/* A world scanned up to its fork, which is returned. */
static uint32_t forked(struct world *w, uint64_t seed)
{
    world_init(w, seed);
    uint32_t fork = toy_grow(&w->toy, 0, COMMON, TXS);
    world_book(w, 0, OURS);
    append(w, fork, COMMON + 1, 0);
    return fork;
}

static int count_one(void *context, const struct fact_tx *tx, struct err *err)
{
    (void)tx;
    (void)err;
    ++*(size_t *)context;
    return 0;
}

/* Rows that are not active any more. */
static int64_t history(struct world *w, const char *table)
{
    struct store_query *query;
    struct err err;
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM %s t JOIN block b ON b.height=t.height AND "
                   "b.hash=t.block_hash AND b.active=0",
                   table);
    test_ok(store_query_new(&query, w->store, sql, &err), &err);
    assert_int_equal(query_step(query, &err), 1);
    int64_t count = query_integer(query, 0);
    store_query_free(query);
    return count;
}

static void check_depth(uint32_t depth)
{
    struct world w;
    uint32_t fork = forked(&w, 100 + depth);
    uint32_t old = toy_grow(&w.toy, fork, depth, TXS);
    uint32_t new = toy_grow(&w.toy, fork, depth + 1, TXS);
    append(&w, old, depth, 10);
    (void)world_scan(&w, 2);
    check_all(&w, old, GRADE_PREVOUT);
    append(&w, w.toy.blocks[new].parent, depth, 20); /* as much work: the first seen stays */
    struct scan_result result = world_scan(&w, 2);
    assert_int_equal(result.withdrawn_blocks, 0);
    check_all(&w, old, GRADE_PREVOUT);
    append(&w, new, 1, 30);
    result = world_scan(&w, 3);
    assert_int_equal(result.withdrawn_blocks, depth);
    assert_int_equal(result.blocks, depth + 1);
    assert_int_equal(result.from_height, COMMON + 1);
    check_all(&w, new, GRADE_PREVOUT);
    if (depth > 5) {
        assert_true(history(&w, "coin") > 0 && history(&w, "spend") > 0);
        assert_true(history(&w, "tx") > 0);
    }
    old = toy_grow(&w.toy, old, 2, TXS); /* and back: its blocks are active again */
    append(&w, old, 2, 40);
    result = world_scan(&w, 1);
    assert_int_equal(result.withdrawn_blocks, depth + 1);
    assert_int_equal(result.blocks, depth + 2);
    check_all(&w, old, GRADE_PREVOUT);
    size_t before = 0;
    size_t after = 0;
    struct err err;
    test_ok(facts_txs(w.facts, 0, UINT32_MAX, count_one, &before, &err), &err);
    world_forget(&w); /* a fresh store of the same files holds the same */
    (void)world_scan(&w, 2);
    check_all(&w, old, GRADE_PREVOUT);
    test_ok(facts_txs(w.facts, 0, UINT32_MAX, count_one, &after, &err), &err);
    assert_int_equal(before, after);
    world_free(&w);
}

static void test_depths(void **state)
{
    (void)state;
    check_depth(1);
    check_depth(6);
}

static void test_depth_100(void **state)
{
    (void)state;
    check_depth(100);
}

/* The source lost blocks, or never had them: the store keeps what it has seen. */
static void test_source_behind(void **state)
{
    (void)state;
    struct world w;
    struct err err = {0};
    struct scan_result result;
    uint32_t fork = forked(&w, 7);
    uint32_t tip = toy_grow(&w.toy, fork, 20, TXS);
    uint32_t other = toy_grow(&w.toy, fork, 10, TXS);
    append(&w, tip, 20, 10);
    (void)world_scan(&w, 2);
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    source_close(w.source);
    w.source = NULL;
    world_blocks_folder(&w, "behind", NULL);
    toy_write(&w.toy, &w.writer, (struct toy_files){branch, COMMON + 5, 30, 0, true});
    result = world_scan(&w, 2);
    assert_int_equal(result.blocks + result.withdrawn_blocks + result.passes, 0);
    check_all(&w, tip, GRADE_PREVOUT);
    source_close(w.source);
    w.source = NULL;
    world_blocks_folder(&w, "other", NULL);
    append(&w, other, COMMON + 11, 0);
    result = world_scan(&w, 2);
    assert_int_equal(result.blocks + result.withdrawn_blocks + result.passes, 0);
    check_all(&w, tip, GRADE_PREVOUT);
    world_book(&w, OURS, 2); /* late scripts need the blocks that this source has not */
    struct scan_options options = world_options(&w, 2);
    test_refused(scan_run(&result, &options, &err), SANAD_MISSING, &err,
                 "does not reach the store's block 140");
    arena_free(&arena);
    world_free(&w);
}

static void test_another_chain(void **state)
{
    (void)state;
    struct world w;
    struct err err = {0};
    struct scan_result result;
    (void)forked(&w, 8);
    (void)world_scan(&w, 2);
    test_ok(store_run(w.store, "UPDATE block SET hash=zeroblob(32) WHERE height=0", &err), &err);
    struct scan_options options = world_options(&w, 1);
    test_refused(scan_run(&result, &options, &err), SANAD_REFUSED, &err, "no block in common");
    world_free(&w);
}

/* Late scripts on a branch that is withdrawn while they are looked for, over several runs. */
static void test_late_scripts_over_reorganisation(void **state)
{
    (void)state;
    struct world w;
    uint32_t fork = forked(&w, 9);
    uint32_t old = toy_grow(&w.toy, fork, 10, TXS);
    uint32_t new = toy_grow(&w.toy, fork, 12, TXS);
    append(&w, old, 10, 10);
    (void)world_scan(&w, 2);
    world_book(&w, OURS, 5);
    append(&w, new, 12, 20);
    struct scan_result result = world_scan(&w, 2);
    assert_int_equal(result.withdrawn_blocks, 10);
    check_all(&w, new, GRADE_PREVOUT);
    old = toy_grow(&w.toy, old, 5, TXS); /* the old branch never saw the late scripts */
    append(&w, old, 5, 30);
    (void)world_scan(&w, 2);
    check_all(&w, old, GRADE_PREVOUT);
    world_free(&w);
}

/* The new branch has a block that is refused: the store ends below it, on the new branch. */
static void test_bad_block_on_new_branch(void **state)
{
    (void)state;
    struct world w;
    struct err err = {0};
    struct scan_result result;
    uint32_t fork = forked(&w, 10);
    uint32_t old = toy_grow(&w.toy, fork, 3, TXS);
    uint32_t good = toy_grow(&w.toy, fork, 2, TXS);
    uint32_t new =
        toy_mine(&w.toy, good, (struct toy_options){.pay = w.toy.scripts[0], .bad_root = true});
    new = toy_grow(&w.toy, new, 3, 0);
    append(&w, old, 3, 10);
    (void)world_scan(&w, 2);
    append(&w, new, 6, 20);
    world_open(&w);
    struct scan_options options = world_options(&w, 2);
    test_refused(scan_run(&result, &options, &err), SANAD_REFUSED, &err,
                 "block 123: merkle root differs");
    check_state(&w, good, GRADE_MERKLE);
    (void)check_coins(&w, good);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depths),
        cmocka_unit_test(test_depth_100),
        cmocka_unit_test(test_source_behind),
        cmocka_unit_test(test_another_chain),
        cmocka_unit_test(test_late_scripts_over_reorganisation),
        cmocka_unit_test(test_bad_block_on_new_branch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
