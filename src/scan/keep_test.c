/* ctest-label: threads
 * Proves that a scan keeps the filters that BIP158 asks for, of every block that has a rev record,
 * on every branch and for any number of threads; that a wallet added later is found by them as
 * completely as by reading all blocks, while few blocks are read; and that a light source gives
 * the same coins, spends and transactions. */
#include "world_test.h"

#include <unistd.h>

enum { BLOCKS = 150, TXS = 6, OURS = 12, RARE = 4 };

/* A random chain where some scripts come late and seldom: the last RARE of the pool. */
static uint32_t grown(struct world *w, uint64_t seed)
{
    world_init(w, seed);
    uint32_t tip = toy_grow(&w->toy, 0, BLOCKS - 50, TXS);
    for (unsigned i = 0; i < RARE; i++) {
        uint8_t script[22] = {0, 20, 0x77, (uint8_t)i};
        (void)toy_script(&w->toy, bytes_of(script, sizeof script));
    }
    return toy_grow(&w->toy, tip, 50, TXS);
}

static void write_all(struct world *w, bool undo)
{
    struct arena arena = {0};
    uint32_t *order = arena_alloc(&arena, w->toy.count, sizeof *order);
    for (uint32_t i = 0; i < w->toy.count; i++)
        order[i] = i;
    toy_shuffle(&w->toy, order + 1, w->toy.count - 1);
    toy_write(&w->toy, &w->writer, (struct toy_files){order, w->toy.count, 40, 0, undo});
    arena_free(&arena);
}

static void rare_book(struct world *w)
{
    world_book(w, w->toy.script_count - RARE, RARE);
}

/* ---- the filters themselves ----------------------------------------------------------------- */

/* The filter of a block, made of its parsed form and the generator's undo. */
static void check_filter(struct world *w, uint32_t i, struct hash256 *header)
{
    struct arena arena = {0};
    struct block block;
    struct block_undo undo;
    struct err err;
    struct filter_entry entry;
    struct hash256 hash;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct buf expected = buf_with_max(FILTER_SIZE_MAX);
    struct buf kept = buf_with_max(FILTER_SIZE_MAX);
    toy_undo(&w->toy, &raw, i);
    test_ok(undo_parse(&undo, buf_bytes(&raw), &arena, &err), &err);
    test_ok(block_parse(&block, buf_bytes(&w->toy.blocks[i].raw), &arena, &err), &err);
    test_ok(filter_build(&expected, &block, &undo, &err), &err);
    test_ok(filters_get(w->filters, &entry, &kept, &block.hash, &err), &err);
    assert_true(bytes_equal(buf_bytes(&kept), buf_bytes(&expected)));
    filter_hash(&hash, buf_bytes(&expected));
    filter_header(header, &hash, header);
    assert_true(hash256_equal(&entry.header, header));
    assert_false(entry.unrooted);
    buf_free(&raw);
    buf_free(&expected);
    buf_free(&kept);
    arena_free(&arena);
}

static void check_filters(struct world *w, uint32_t tip)
{
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w->toy, tip, &arena);
    struct hash256 header = {{0}};
    for (uint32_t height = 0; height <= w->toy.blocks[tip].height; height++)
        check_filter(w, branch[height], &header);
    arena_free(&arena);
}

static void test_kept(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        struct world w;
        uint32_t tip = grown(&w, threads);
        world_book(&w, 0, OURS);
        write_all(&w, true);
        world_keep(&w);
        struct scan_result result = world_scan(&w, threads);
        assert_int_equal(result.filters, BLOCKS + 1);
        assert_int_equal(result.passes, 1);
        check_filters(&w, tip);
        check_all(&w, tip, GRADE_PREVOUT);
        result = world_scan(&w, threads);
        assert_int_equal(result.filters, 0);
        assert_int_equal(filters_count(w.filters), BLOCKS + 1);
        world_free(&w);
    }
}

/* Both branches keep theirs. */
static void test_reorganised(void **state)
{
    (void)state;
    struct world w;
    uint32_t fork = grown(&w, 11);
    world_book(&w, 0, OURS);
    uint32_t first = toy_grow(&w.toy, fork, 5, TXS);
    write_all(&w, true);
    world_keep(&w);
    (void)world_scan(&w, 2);
    check_filters(&w, first);
    world_close(&w);
    uint32_t second = toy_grow(&w.toy, fork, 9, TXS);
    world_blocks_folder(&w, "again", NULL);
    write_all(&w, true);
    world_keep(&w);
    struct scan_result result = world_scan(&w, 2);
    assert_int_equal(result.withdrawn_blocks, 5);
    assert_int_equal(result.filters, 9);
    check_filters(&w, first);
    check_filters(&w, second);
    rare_book(&w);
    (void)world_scan(&w, 2);
    check_all(&w, second, GRADE_PREVOUT);
    world_free(&w);
}

static void test_without_rev(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 12);
    world_book(&w, 0, OURS);
    write_all(&w, false);
    world_keep(&w);
    struct scan_result result = world_scan(&w, 2);
    assert_int_equal(result.filters, 0);
    assert_int_equal(filters_count(w.filters), 0);
    rare_book(&w);
    result = world_scan(&w, 2);
    assert_int_equal(result.again_blocks, BLOCKS + 1);
    check_all(&w, tip, GRADE_PREVOUT);
    world_free(&w);
}

/* Filters that are asked for later, or were lost, are made up for. */
static void test_kept_later(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 13);
    world_book(&w, 0, OURS);
    write_all(&w, true);
    (void)world_scan(&w, 2);
    world_keep(&w);
    struct scan_result result = world_scan(&w, 2);
    assert_int_equal(result.filters, BLOCKS + 1);
    assert_int_equal(result.blocks, 0);
    check_filters(&w, tip);
    check_all(&w, tip, GRADE_PREVOUT);
    result = world_scan(&w, 2);
    assert_int_equal(result.again_blocks, 0);
    world_free(&w);
}

/* A rev record that is another block's by its checksum too cannot be made here; one that tells of
 * other inputs, with the checksum right, is refused and nothing of its block is kept. */
static void test_lying_record(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct scan_result result;
    uint32_t tip = grown(&w, 14);
    world_book(&w, 0, OURS);
    write_all(&w, true);
    world_keep(&w);
    world_open(&w);
    /* The record of the tip, with a coin more in its last transaction. */
    struct arena arena = {0};
    struct block_undo undo;
    struct buf raw = buf_with_max(1 << 20);
    struct toy_block *block = &w.toy.blocks[tip];
    toy_undo(&w.toy, &raw, tip);
    test_ok(undo_parse(&undo, buf_bytes(&raw), &arena, &err), &err);
    assert_true(undo.tx_count > 0);
    struct undo_tx *last = &undo.txs[undo.tx_count - 1];
    struct undo_coin *coins = arena_alloc(&arena, last->coin_count + 1, sizeof *coins);
    memcpy(coins, last->coins, last->coin_count * sizeof *coins);
    coins[last->coin_count++] = coins[0];
    last->coins = coins;
    buf_reset(&raw);
    undo_write(&raw, &undo);
    world_close(&w);
    world_blocks_folder(&w, "lying", NULL);
    uint32_t *branch = toy_branch(&w.toy, block->parent, &arena);
    toy_write(&w.toy, &w.writer, (struct toy_files){branch, block->height, 400, 0, true});
    blkwriter_block(&w.writer, 0, buf_bytes(&block->raw));
    blkwriter_undo(&w.writer, 0, &block->prev, buf_bytes(&raw));
    world_keep(&w);
    world_open(&w);
    struct scan_options options = world_options(&w, 2);
    test_refused(scan_run(&result, &options, &err), SANAD_REFUSED, &err, "rev record");
    assert_int_equal(filters_count(w.filters), BLOCKS);
    assert_false(filters_has(w.filters, &block->hash));
    buf_free(&raw);
    arena_free(&arena);
    world_free(&w);
}

/* ---- a wallet that comes later -------------------------------------------------------------- */

static void test_late_wallet(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 26; seed++) {
        struct world w;
        uint32_t tip = grown(&w, seed);
        world_book(&w, 0, OURS);
        write_all(&w, true);
        world_keep(&w);
        (void)world_scan(&w, 2);
        world_close(&w);
        world_keep(&w);
        rare_book(&w);
        struct scan_result result = world_scan(&w, 2);
        assert_int_equal(result.late_scripts, RARE);
        assert_int_equal(result.blocks, 0);
        assert_true(result.again_blocks > 0 && result.again_blocks <= 50 + RARE);
        check_all(&w, tip, GRADE_PREVOUT);
        world_free(&w);
    }
}

/* Filters that are damaged are not believed. */
static void test_damaged(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct scan_result result;
    char path[PATH_SIZE + 32];
    (void)grown(&w, 27);
    world_book(&w, 0, OURS);
    write_all(&w, true);
    world_keep(&w);
    (void)world_scan(&w, 2);
    world_close(&w);
    (void)snprintf(path, sizeof path, "%s.filters/filters.dat", w.store_path);
    struct buf data;
    test_ok(file_read(&data, path, 1 << 20, &err), &err);
    data.data[data.size / 2] ^= 1;
    test_ok(file_write(path, buf_bytes(&data), &err), &err);
    buf_free(&data);
    world_keep(&w);
    world_open(&w);
    rare_book(&w);
    struct scan_options options = world_options(&w, 2);
    test_refused(scan_run(&result, &options, &err), SANAD_REFUSED, &err, "the filter is damaged");
    world_free(&w);
}

/* ---- a light source ------------------------------------------------------------------------- */

static void check_light(struct world *w, uint32_t tip)
{
    struct facts_state state;
    struct err err;
    test_ok(facts_state_get(&state, w->facts, &err), &err);
    assert_int_equal(state.grade, GRADE_FILTER);
    assert_int_equal(state.tip_height, w->toy.blocks[tip].height);
    assert_int_equal(state.first_height, 0);
    assert_int_equal(state.block_count, state.tip_height + 1);
    (void)check_coins(w, tip);
    (void)check_txs(w, tip, false);
}

static void test_light(void **state)
{
    (void)state;
    for (uint64_t seed = 30; seed < 36; seed++) {
        struct world w;
        struct filters *filters;
        struct fact_block block;
        struct err err;
        uint32_t tip = grown(&w, seed);
        rare_book(&w);
        write_all(&w, true);
        world_keep(&w);
        (void)world_scan(&w, 2);
        filters = w.filters;
        w.filters = NULL;
        world_forget(&w);
        world_open(&w);
        source_filters_use(w.source, filters, true);
        struct scan_result result = world_scan(&w, 3);
        assert_int_equal(result.blocks, BLOCKS + 1);
        check_light(&w, tip);
        test_ok(facts_block_at(&block, w.facts, 20, &err), &err); /* none of ours in it */
        assert_true(hash256_equal(&block.hash, &w.toy.blocks[20].hash));
        assert_true(block.median_time > 0);
        world_book(&w, 0, 3); /* and a wallet more */
        (void)world_scan(&w, 3);
        check_light(&w, tip);
        source_filters_use(w.source, NULL, false);
        filters_close(filters);
        world_free(&w);
    }
}

/* A store that begins at a birthday has what a scan from there on has, and says so. */
static void test_birthday(void **state)
{
    (void)state;
    enum { BIRTHDAY = 70 };
    struct world w;
    struct facts_state facts;
    struct err err;
    uint32_t tip = grown(&w, 41);
    rare_book(&w);
    write_all(&w, true);
    world_keep(&w);
    (void)world_scan(&w, 2);
    struct filters *filters = w.filters;
    w.filters = NULL;
    world_forget(&w);
    struct source_options options = {.params = w.toy.params, .p2p_birthday = BIRTHDAY};
    test_ok(source_open(&w.source, w.spec, &options, &err), &err);
    source_filters_use(w.source, filters, true);
    struct scan_result result = world_scan(&w, 2);
    test_ok(facts_state_get(&facts, w.facts, &err), &err);
    assert_int_equal(facts.first_height, BIRTHDAY);
    assert_true(facts.anchored);
    assert_int_equal(facts.grade, GRADE_FILTER);
    assert_int_equal(result.from_height, BIRTHDAY);
    assert_int_equal(facts.tip_height, w.toy.blocks[tip].height);
    assert_true(facts.coin_count > 0);
    assert_int_equal(world_scan(&w, 2).blocks, 0); /* it goes on from its tip */
    world_book(&w, 0, 3);
    result = world_scan(&w, 2);
    assert_true(result.again_blocks > 0 && result.again_blocks <= BLOCKS + 1 - BIRTHDAY);
    source_filters_use(w.source, NULL, false);
    filters_close(filters);
    world_free(&w);
}

/* A light source without all filters says which is missing. */
static void test_light_hole(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct scan_result result;
    (void)grown(&w, 40);
    rare_book(&w);
    write_all(&w, true);
    world_keep(&w);
    world_open(&w);
    source_filters_use(w.source, w.filters, true);
    struct scan_options options = world_options(&w, 2);
    options.filters = NULL;
    test_refused(scan_run(&result, &options, &err), SANAD_MISSING, &err, "height 0 has no filter");
    world_free(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),         cmocka_unit_test(test_reorganised),
        cmocka_unit_test(test_without_rev),  cmocka_unit_test(test_kept_later),
        cmocka_unit_test(test_lying_record), cmocka_unit_test(test_late_wallet),
        cmocka_unit_test(test_damaged),      cmocka_unit_test(test_light),
        cmocka_unit_test(test_birthday),     cmocka_unit_test(test_light_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
