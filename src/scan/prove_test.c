/* ctest-label: threads
 * Proves that every prevout of a touched transaction is proved by its funding transaction,
 * with rev files, without them, and with some; that a rev record that lies is refused by
 * name; that spends within a block work; and that what an anchored source cannot know stays
 * so, told apart and not looked for again. */
#include "world_test.h"

enum { BLOCKS = 60, TXS = 10, OURS = 12 };

static uint32_t grown(struct world *w, uint64_t seed)
{
    world_init(w, seed);
    uint32_t tip = toy_grow(&w->toy, 0, BLOCKS, TXS);
    world_book(w, 0, OURS);
    return tip;
}

static void write_range(struct world *w, uint32_t tip, uint32_t from, uint32_t to, bool undo)
{
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w->toy, tip, &arena);
    toy_write(&w->toy, &w->writer, (struct toy_files){branch + from, to - from, 20, from, undo});
    arena_free(&arena);
}

static void test_some_records_missing(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 41);
    write_range(&w, tip, 0, 20, true);
    write_range(&w, tip, 20, 40, false);
    write_range(&w, tip, 40, BLOCKS + 1, true);
    (void)world_scan(&w, 3);
    check_all(&w, tip, GRADE_PREVOUT);
    world_free(&w);
}

/* A transaction of a block spends one of the same block. */
static void test_within_a_block(void **state)
{
    (void)state;
    for (int undo = 0; undo < 2; undo++) {
        struct world w;
        world_init(&w, 42);
        struct toychain *toy = &w.toy;
        struct bytes foreign = toy->scripts[20];
        uint32_t tip = toy_mine(toy, 0, (struct toy_options){.pay = foreign});
        struct outpoint out = {toy->blocks[tip].txs[0].txid, 0};
        struct toy_tx txs[3];
        struct bytes scripts[2] = {foreign, toy->scripts[0]};
        txs[0] = toy_pay(toy, &out, 1, scripts, 1);
        out.txid = txs[0].txid;
        txs[1] = toy_pay(toy, &out, 1, scripts, 2); /* pays us from a foreign coin made here */
        struct outpoint both[2] = {{txs[1].txid, 0}, {txs[1].txid, 1}};
        txs[2] = toy_pay(toy, both, 2, scripts, 1); /* ours and a foreign one, both made here */
        tip = toy_mine(toy, tip, (struct toy_options){.txs = txs, .tx_count = 3, .pay = foreign});
        world_book(&w, 0, 1);
        write_range(&w, tip, 0, 3, undo);
        (void)world_scan(&w, 1);
        check_all(&w, tip, GRADE_PREVOUT);
        assert_int_equal(check_txs(&w, tip, true), 2);
        world_free(&w);
    }
}

/* ---- lies --------------------------------------------------------------------------------------
 */

enum lie { LIE_VALUE, LIE_SCRIPT, LIE_HEIGHT, LIE_LATER, LIE_INPUTS, LIE_NO_HEIGHT, LIE_OLD_VALUE };

/* A block pays us from a foreign coin; its record is changed before it is written. */
static struct world lying(enum lie lie)
{
    struct world w;
    world_init(&w, 43);
    struct toychain *toy = &w.toy;
    struct bytes foreign = toy->scripts[20];
    uint32_t tip = toy_mine(toy, 0, (struct toy_options){.pay = foreign});
    struct outpoint out = {toy->blocks[tip].txs[0].txid, 0};
    tip = toy_mine(toy, tip, (struct toy_options){.pay = foreign});
    struct toy_tx tx = toy_pay(toy, &out, 1, &toy->scripts[0], 1);
    tip = toy_mine(toy, tip, (struct toy_options){.txs = &tx, .tx_count = 1, .pay = foreign});
    world_book(&w, 0, 1);
    write_range(&w, tip, 0, 4, false);
    struct undo_coin coins[2] = {
        {.value = amount_of(5000000000), .script = foreign, .height = 1, .coinbase = true}};
    struct undo_tx undo_tx = {coins, 1};
    struct block_undo undo = {&undo_tx, 1};
    coins[1] = coins[0];
    if (lie == LIE_VALUE || lie == LIE_OLD_VALUE)
        coins[0].value = amount_of(5000000001);
    if (lie == LIE_SCRIPT)
        coins[0].script = toy->scripts[21];
    if (lie == LIE_HEIGHT)
        coins[0].height = 2;
    if (lie == LIE_LATER)
        coins[0].height = 4;
    if (lie == LIE_INPUTS)
        undo_tx.coin_count = 2;
    if (lie == LIE_NO_HEIGHT || lie == LIE_OLD_VALUE) {
        coins[0].height = 0;
        coins[0].coinbase = false;
    }
    struct buf buf = buf_with_max(4096);
    undo_write(&buf, &undo);
    blkwriter_undo(&w.writer, 0, &toy->blocks[tip].prev, buf_bytes(&buf));
    buf_free(&buf);
    return w;
}

static void check_lie(enum lie lie, const char *part)
{
    struct world w = lying(lie);
    struct err err = {0};
    struct scan_result result;
    world_open(&w);
    struct scan_options options = world_options(&w, 2);
    test_refused(scan_run(&result, &options, &err), SANAD_REFUSED, &err, part);
    assert_non_null(strstr(err.text, "spent outputs of block 3"));
    check_state(&w, w.toy.count - 1, GRADE_MERKLE); /* the scan itself stands */
    world_free(&w);
}

static void test_lies(void **state)
{
    (void)state;
    check_lie(LIE_VALUE, "transaction 1, input 0: gives another value");
    check_lie(LIE_SCRIPT, "transaction 1, input 0: gives another script");
    check_lie(LIE_HEIGHT, "names a transaction that is not there in block 2");
    check_lie(LIE_LATER, "spends a coin of a later block");
    check_lie(LIE_INPUTS, "tells of other inputs");
    check_lie(LIE_OLD_VALUE, "gives another value");
}

/* Records of old nodes tell the height only of a transaction's last output. */
static void test_record_without_height(void **state)
{
    (void)state;
    struct world w = lying(LIE_NO_HEIGHT);
    (void)world_scan(&w, 2);
    check_all(&w, w.toy.count - 1, GRADE_PREVOUT);
    world_free(&w);
}

/* ---- anchors ------------------------------------------------------------------------------------
 */

struct evidence_count {
    size_t unknown, undo, proved, searched;
};

static int count_evidence(void *context, const struct fact_tx *tx, struct err *err)
{
    struct evidence_count *count = context;
    (void)err;
    for (size_t i = 0; i < tx->prevout_count; i++) {
        count->unknown += tx->prevouts[i].evidence == PREVOUT_UNKNOWN;
        count->undo += tx->prevouts[i].evidence == PREVOUT_UNDO;
        count->proved += tx->prevouts[i].evidence == PREVOUT_PROVED;
    }
    count->searched += tx->searched;
    return 0;
}

static struct evidence_count evidence(struct world *w)
{
    struct evidence_count count = {0};
    struct err err;
    test_ok(facts_txs(w->facts, 0, UINT32_MAX, count_evidence, &count, &err), &err);
    return count;
}

static void open_anchored(struct world *w, uint32_t tip, uint32_t height)
{
    struct arena arena = {0};
    struct err err;
    uint32_t *branch = toy_branch(&w->toy, tip, &arena);
    struct chain_anchor anchor = {height, w->toy.blocks[branch[height]].hash};
    struct source_options options = {.params = w->toy.params, .anchor = &anchor};
    test_ok(source_open(&w->source, w->spec, &options, &err), &err);
    arena_free(&arena);
}

static void test_anchored(void **state)
{
    (void)state;
    struct evidence_count first = {0};
    for (int undo = 0; undo < 2; undo++) {
        struct world w;
        struct facts_state now;
        struct err err;
        uint32_t tip = grown(&w, 44);
        write_range(&w, tip, 30, BLOCKS + 1, undo);
        open_anchored(&w, tip, 30);
        struct scan_result result = world_scan(&w, 2);
        assert_int_equal(result.blocks, BLOCKS + 1 - 30);
        test_ok(facts_state_get(&now, w.facts, &err), &err);
        assert_true(now.anchored && now.first_height == 30);
        assert_int_equal(now.grade, GRADE_MERKLE);
        struct evidence_count count = evidence(&w);
        assert_true(count.proved > 50 && count.searched > 0);
        assert_true(undo ? count.undo > 20 : count.unknown > 20);
        if (undo) /* what was unknown is known from the records, no more and no less */
            assert_true(count.unknown == 0 && count.undo == first.unknown &&
                        count.proved == first.proved && count.searched == first.searched);
        first = count;
        struct facts_state before = now;
        (void)world_scan(&w, 2); /* nothing is written again */
        test_ok(facts_state_get(&now, w.facts, &err), &err);
        assert_memory_equal(&before, &now, sizeof now);
        world_free(&w);
    }
}

/* Rev files that come later tell what was looked for in vain before. */
static void test_records_come_later(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 45);
    write_range(&w, tip, 30, BLOCKS + 1, false);
    open_anchored(&w, tip, 30);
    (void)world_scan(&w, 1);
    size_t unknown = evidence(&w).unknown;
    assert_true(unknown > 20);
    source_close(w.source);
    world_blocks_folder(&w, "with-undo", NULL);
    write_range(&w, tip, 30, BLOCKS + 1, true);
    open_anchored(&w, tip, 30);
    (void)world_scan(&w, 1);
    assert_int_equal(evidence(&w).unknown, 0);
    assert_int_equal(evidence(&w).undo, unknown);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_some_records_missing),
        cmocka_unit_test(test_within_a_block),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_record_without_height),
        cmocka_unit_test(test_anchored),
        cmocka_unit_test(test_records_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
