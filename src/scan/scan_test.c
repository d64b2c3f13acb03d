/* ctest-label: threads
 * Proves that a scan finds exactly the coins, spends and touched transactions of a random
 * chain: for any number of threads, any order of blocks in the files, plain or obfuscated,
 * with rev files or without, in one run or many; and that what is refused is named and
 * nothing of it is kept. */
#include "world_test.h"

enum { BLOCKS = 150, TXS = 10, OURS = 31 };

static const uint8_t XOR_KEY[8] = {0x11, 0x82, 0, 0x7f, 0xff, 0x3c, 0x99, 0x01};

/* A random chain of BLOCKS blocks and a book of the pool's first scripts. */
static uint32_t grown(struct world *w, uint64_t seed)
{
    world_init(w, seed);
    uint32_t tip = toy_grow(&w->toy, 0, BLOCKS, TXS);
    world_book(w, 0, OURS);
    return tip;
}

static void write_branch(struct world *w, uint32_t tip, uint32_t per_file, bool undo)
{
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w->toy, tip, &arena);
    toy_write(&w->toy, &w->writer,
              (struct toy_files){branch, w->toy.blocks[tip].height + 1, per_file, 0, undo});
    arena_free(&arena);
}

static void test_whole(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 1);
    write_branch(&w, tip, 40, true);
    struct scan_result result = world_scan(&w, 2);
    check_all(&w, tip, GRADE_PREVOUT);
    assert_true(check_coins(&w, tip) > 500);
    assert_true(check_txs(&w, tip, true) > 300);
    assert_int_equal(result.from_height, 0);
    assert_int_equal(result.blocks, BLOCKS + 1);
    assert_int_equal(result.passes, 1);
    assert_int_equal(result.withdrawn_blocks, 0);
    assert_true(hash256_equal(&result.state.tip_hash, &w.toy.blocks[tip].hash));
    result = world_scan(&w, 2); /* nothing new */
    assert_int_equal(result.blocks, 0);
    assert_int_equal(result.passes, 0);
    check_all(&w, tip, GRADE_PREVOUT);
    world_free(&w);
}

static void test_threads_and_orders(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 2);
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    for (unsigned round = 0; round < 8; round++) {
        char name[16];
        (void)snprintf(name, sizeof name, "round-%u", round);
        world_forget(&w);
        world_blocks_folder(&w, name, round % 2 ? XOR_KEY : NULL);
        if (round > 1)
            toy_shuffle(&w.toy, branch, BLOCKS + 1);
        toy_write(&w.toy, &w.writer,
                  (struct toy_files){branch, BLOCKS + 1, 1 + round * 7, 0, round < 4});
        (void)world_scan(&w, round % 5 + 1);
        check_all(&w, tip, GRADE_PREVOUT);
    }
    arena_free(&arena);
    world_free(&w);
}

static void test_grades(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct scan_result result;
    uint32_t tip = grown(&w, 3);
    write_branch(&w, tip, 20, false);
    world_open(&w);
    struct scan_options options = world_options(&w, 2);
    options.no_prevouts = true;
    test_ok(scan_run(&result, &options, &err), &err);
    check_all(&w, tip, GRADE_MERKLE);
    options.no_prevouts = false;
    test_ok(scan_run(&result, &options, &err), &err);
    assert_int_equal(result.passes, 0);
    check_all(&w, tip, GRADE_PREVOUT);
    world_forget(&w);
    world_open(&w);
    options = world_options(&w, 2);
    options.parse_only = true;
    test_ok(scan_run(&result, &options, &err), &err);
    check_all(&w, tip, GRADE_PARSE);
    world_free(&w);
}

static void test_in_steps(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct scan_result result;
    struct arena arena = {0};
    uint32_t tip = grown(&w, 4);
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    write_branch(&w, tip, 13, true);
    world_open(&w);
    struct scan_options options = world_options(&w, 3);
    for (uint32_t to = 0; to <= BLOCKS; to += to < 5 ? 1 : 29) {
        options.to_height = to;
        test_ok(scan_run(&result, &options, &err), &err);
        check_state(&w, branch[to], GRADE_PREVOUT);
        (void)check_coins(&w, branch[to]);
        (void)check_txs(&w, branch[to], true);
    }
    options.to_height = 3; /* below what is there: nothing is taken back */
    test_ok(scan_run(&result, &options, &err), &err);
    assert_int_equal(result.blocks, 0);
    options.to_height = BLOCKS + 1;
    test_refused(scan_run(&result, &options, &err), SANAD_MISSING, &err, "ends at height 150");
    (void)world_scan(&w, 2);
    check_all(&w, tip, GRADE_PREVOUT);
    arena_free(&arena);
    world_free(&w);
}

/* New blocks are appended while the source stays open. */
static void test_follows(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 5);
    write_branch(&w, tip, 200, true);
    (void)world_scan(&w, 2);
    for (uint32_t i = 0; i < 12; i++) {
        tip = toy_mine_random(&w.toy, tip, TXS);
        toy_write(&w.toy, &w.writer, (struct toy_files){&tip, 1, 1, 1 + i / 4, true});
        struct scan_result result = world_scan(&w, 2);
        assert_int_equal(result.blocks, 1);
        check_all(&w, tip, GRADE_PREVOUT);
    }
    world_free(&w);
}

static void test_empty_book_and_empty_source(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct scan_result result;
    world_init(&w, 6);
    uint32_t tip = toy_grow(&w.toy, 0, 5, 2);
    if (world_try_open(&w, &err) == 0) { /* a folder without files */
        struct scan_options options = world_options(&w, 1);
        test_refused(scan_run(&result, &options, &err), SANAD_MISSING, &err, "no block");
    }
    world_close(&w);
    write_branch(&w, tip, 3, false);
    result = world_scan(&w, 1);
    assert_int_equal(result.coins, 0);
    check_all(&w, tip, GRADE_PREVOUT);
    world_free(&w);
}

/* ---- coins of a special kind ------------------------------------------------------------------
 */

/* BIP30: a coinbase with the txid of an earlier one, spent or not spent before. */
static void test_duplicates(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 7);
    struct toychain *toy = &w.toy;
    struct toy_options pay = {.pay = toy->scripts[0]};
    uint32_t first = toy_mine(toy, 0, pay);
    uint32_t second = toy_mine(toy, first, pay);
    struct toy_options again = {.pay = toy->scripts[0], .duplicate = first};
    uint32_t tip = toy_mine(toy, second, again); /* the first was unspent: overwritten */
    struct outpoint out = {toy->blocks[first].txs[0].txid, 0};
    struct toy_tx spend = toy_pay(toy, &out, 1, &toy->scripts[1], 1);
    tip = toy_mine(toy, tip, (struct toy_options){&spend, 1, toy->scripts[2], 0, false, false});
    again.duplicate = second; /* spent before its duplicate comes: two whole coins */
    out.txid = toy->blocks[second].txs[0].txid;
    spend = toy_pay(toy, &out, 1, &toy->scripts[3], 1);
    tip = toy_mine(toy, tip, (struct toy_options){&spend, 1, toy->scripts[2], 0, false, false});
    tip = toy_mine(toy, tip, again);
    world_book(&w, 0, 2);
    write_branch(&w, tip, 2, true);
    (void)world_scan(&w, 2);
    check_all(&w, tip, GRADE_PREVOUT);
    assert_int_equal(check_coins(&w, tip), 5);
    world_free(&w);
}

/* Scripts that consensus cannot spend, and the genesis coinbase, are no coins although a book
 * names them. */
static void test_unspendable(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 8);
    struct toychain *toy = &w.toy;
    struct bytes ours[] = {toy->scripts[0], toy->blocks[0].txs[0].outs[0].script,
                           toy_script(toy, bytes_of("\x6a\x04ours", 6)), toy->scripts[0]};
    uint32_t tip = toy_mine(toy, 0, (struct toy_options){.pay = ours[2]});
    struct outpoint out = {toy->blocks[tip].txs[0].txid, 0};
    tip = toy_mine(toy, tip, (struct toy_options){.pay = ours[1]});
    out.txid = toy->blocks[tip].txs[0].txid;
    struct toy_tx spend = toy_pay(toy, &out, 1, ours, countof(ours));
    tip = toy_mine(toy, tip, (struct toy_options){&spend, 1, toy->scripts[9], 0, false, false});
    world_book(&w, 0, 1);
    struct buf text;
    char hex[256];
    book_begin(&text);
    hex_encode(hex, ours[1]);
    buf_format(&text, "\"raw(%s)\"", hex);
    hex_encode(hex, ours[2]);
    buf_format(&text, ",\"raw(%s)\"", hex);
    book_end(&w, &text, 1, 1);
    world_watch(&w, ours[1]);
    write_branch(&w, tip, 10, false);
    (void)world_scan(&w, 1);
    check_all(&w, tip, GRADE_PREVOUT);
    assert_int_equal(check_coins(&w, tip), 4);
    world_free(&w);
}

/* ---- late wallets and gaps ---------------------------------------------------------------------
 */

static void test_late_wallets(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 9);
    uint32_t middle = toy_grow(&w.toy, 0, 60, TXS);
    uint32_t tip = toy_grow(&w.toy, middle, 60, TXS);
    world_book(&w, 0, 6);
    write_branch(&w, middle, 25, true);
    (void)world_scan(&w, 2);
    check_all(&w, middle, GRADE_PREVOUT);
    world_book(&w, 6, 10); /* looked for in blocks that were read already */
    struct scan_result result = world_scan(&w, 2);
    assert_int_equal(result.passes, 1);
    assert_int_equal(result.blocks, 0);
    assert_int_equal(result.again_blocks, 61);
    assert_int_equal(result.late_scripts, 10);
    check_all(&w, middle, GRADE_PREVOUT);
    world_book(&w, 16, 10); /* late, with new blocks at once */
    world_forget(&w);
    w.book_count = 1;
    (void)world_scan(&w, 2);
    w.book_count = 3;
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    toy_write(&w.toy, &w.writer, (struct toy_files){branch + 61, 60, 25, 5, true});
    result = world_scan(&w, 2);
    assert_int_equal(result.passes, 2);
    assert_int_equal(result.blocks, 60);
    assert_int_equal(result.again_blocks, 61);
    assert_int_equal(result.late_scripts, 20);
    check_all(&w, tip, GRADE_PREVOUT);
    arena_free(&arena);
    world_free(&w);
}

/* ---- damage
 * -------------------------------------------------------------------------------------- */

/* A chain whose block at BAD is wrong; what is below it stays, whatever the threads. */
static void check_bad(struct toy_options bad, const char *part, int code)
{
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct world w;
        struct err err = {0};
        struct scan_result result;
        world_init(&w, 10);
        uint32_t good = toy_grow(&w.toy, 0, 40, TXS);
        struct outpoint out = {w.toy.blocks[good].txs[0].txid, 0};
        struct toy_tx spend = toy_pay(&w.toy, &out, 1, &w.toy.scripts[0], 1);
        bad.txs = &spend;
        bad.tx_count = 1;
        bad.pay = w.toy.scripts[1];
        uint32_t tip = toy_mine(&w.toy, good, bad);
        tip = toy_mine(&w.toy, tip, (struct toy_options){.pay = w.toy.scripts[0]});
        tip = toy_mine(&w.toy, tip, (struct toy_options){.pay = w.toy.scripts[0]});
        world_book(&w, 0, OURS);
        write_branch(&w, tip, 5, false);
        world_open(&w);
        struct scan_options options = world_options(&w, threads);
        test_refused(scan_run(&result, &options, &err), code, &err, part);
        check_state(&w, good, GRADE_MERKLE);
        (void)check_coins(&w, good);
        (void)check_txs(&w, good, false);
        test_refused(scan_run(&result, &options, &err), code, &err, part); /* and again */
        check_state(&w, good, GRADE_MERKLE);
        world_free(&w);
    }
}

static void test_wrong_merkle_root(void **state)
{
    (void)state;
    check_bad((struct toy_options){.bad_root = true},
              "blk00008.dat: block 41: merkle root differs from header", SANAD_REFUSED);
}

static void test_repeated_tail(void **state)
{
    (void)state;
    /* coinbase, A, A: the root of coinbase, A — with A doubled on its level. */
    struct world w;
    struct err err = {0};
    struct scan_result result;
    world_init(&w, 11);
    uint32_t good = toy_grow(&w.toy, 0, 10, TXS);
    struct outpoint outs[2] = {{w.toy.blocks[good].txs[0].txid, 0}, {{{9}}, 0}};
    struct toy_tx txs[2] = {toy_pay(&w.toy, outs, 1, &w.toy.scripts[0], 1),
                            toy_pay(&w.toy, outs + 1, 1, &w.toy.scripts[0], 1)};
    struct toy_options bad = {.txs = txs, .tx_count = 2, .repeat_tail = true};
    bad.pay = w.toy.scripts[1];
    uint32_t tip = toy_mine(&w.toy, good, bad);
    tip = toy_mine(&w.toy, tip, (struct toy_options){.pay = w.toy.scripts[0]});
    world_book(&w, 0, OURS);
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    toy_write(&w.toy, &w.writer, (struct toy_files){branch, 13, 5, 0, false});
    world_open(&w);
    struct scan_options options = world_options(&w, 2);
    test_refused(scan_run(&result, &options, &err), SANAD_REFUSED, &err,
                 "blk00002.dat: block 11: transactions are repeated at the end");
    check_state(&w, good, GRADE_MERKLE);
    arena_free(&arena);
    world_free(&w);
}

/* Bytes of a block changed in its file: the transaction does not parse, or its txid is
 * another. */
static void test_changed_bytes(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct world w;
        struct err err = {0};
        struct scan_result result;
        world_init(&w, 12);
        uint32_t tip = toy_grow(&w.toy, 0, 30, TXS);
        struct arena arena = {0};
        uint32_t *branch = toy_branch(&w.toy, tip, &arena);
        struct toy_block *block = &w.toy.blocks[branch[20]];
        /* the version of the coinbase; the number of its inputs */
        block->raw.data[HEADER_SIZE + (block->tx_count < 0xfd ? 1 : 3) + (round ? 4 : 0)] ^= 0x40;
        world_book(&w, 0, OURS);
        toy_write(&w.toy, &w.writer, (struct toy_files){branch, 31, 10, 0, false});
        world_open(&w);
        struct scan_options options = world_options(&w, 2);
        test_refused(scan_run(&result, &options, &err), SANAD_REFUSED, &err,
                     round ? "blk00002.dat: block 20: transaction 0: "
                           : "blk00002.dat: block 20: merkle root differs");
        check_state(&w, branch[19], GRADE_MERKLE);
        (void)check_coins(&w, branch[19]);
        arena_free(&arena);
        world_free(&w);
    }
}

/* Without a file in the middle the source's tip is below it. */
static void test_missing_file(void **state)
{
    (void)state;
    struct world w;
    struct err err = {0};
    uint32_t tip = grown(&w, 13);
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    write_branch(&w, tip, 50, true);
    blkwriter_remove(&w.writer, "blk00001.dat");
    (void)world_scan(&w, 2);
    check_all(&w, branch[49], GRADE_PREVOUT);
    assert_int_equal(source_gap(w.source, &err), SANAD_MISSING);
    toy_write(&w.toy, &w.writer, (struct toy_files){branch + 50, 50, 50, 1, false});
    (void)world_scan(&w, 2);
    check_all(&w, tip, GRADE_PREVOUT);
    arena_free(&arena);
    world_free(&w);
}

/* The file goes away between the index and the reading. */
static void test_file_vanishes(void **state)
{
    (void)state;
    struct world w;
    struct err err = {0};
    struct scan_result result;
    uint32_t tip = grown(&w, 14);
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    write_branch(&w, tip, 50, false);
    world_open(&w);
    blkwriter_remove(&w.writer, "blk00001.dat");
    struct scan_options options = world_options(&w, 2);
    int code = scan_run(&result, &options, &err);
    assert_true(code == SANAD_IO || code == SANAD_MISSING);
    assert_non_null(strstr(err.text, "blk00001.dat"));
    check_state(&w, branch[49], GRADE_MERKLE);
    (void)check_coins(&w, branch[49]);
    arena_free(&arena);
    world_free(&w);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct world w;
    struct err err = {0};
    struct scan_result result;
    uint32_t tip = grown(&w, 15);
    write_branch(&w, tip, 50, true);
    world_open(&w);
    test_ok(store_run(w.store, "PRAGMA max_page_count=40", &err), &err);
    struct scan_options options = world_options(&w, 2);
    options.checkpoint_ms = 1;
    test_refused(scan_run(&result, &options, &err), SANAD_IO, &err, "the disk is full");
    test_ok(store_run(w.store, "PRAGMA max_page_count=1000000", &err), &err);
    test_ok(scan_run(&result, &options, &err), &err); /* as if nothing had been */
    check_all(&w, tip, GRADE_PREVOUT);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),         cmocka_unit_test(test_threads_and_orders),
        cmocka_unit_test(test_grades),        cmocka_unit_test(test_in_steps),
        cmocka_unit_test(test_follows),       cmocka_unit_test(test_empty_book_and_empty_source),
        cmocka_unit_test(test_duplicates),    cmocka_unit_test(test_unspendable),
        cmocka_unit_test(test_late_wallets),  cmocka_unit_test(test_wrong_merkle_root),
        cmocka_unit_test(test_repeated_tail), cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_missing_file),  cmocka_unit_test(test_file_vanishes),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
