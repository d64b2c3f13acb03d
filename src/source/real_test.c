/* Proves the whole way on real blocks: the first 4,313 of mainnet as a node's first file, the
 * run 831328 to 831335 from an anchor, shuffled and obfuscated, and undo data made from the
 * known prevouts of real blocks. */
#include "source/source_priv.h"

#include "blkwriter.h"
#include "support.h"

#include <stdlib.h>

static const uint8_t KEY[8] = {0x91, 0x2c, 0x00, 0xd9, 0xf9, 0xff, 0x3b, 0x08};

static int open_at(struct source **ret_source, const char *folder,
                   const struct chain_anchor *anchor, struct err *err)
{
    char spec[PATH_SIZE + 8];
    struct source_options options = {.params = chain_params_get(CHAIN_MAIN), .anchor = anchor};
    (void)snprintf(spec, sizeof spec, "blocks:%s", folder);
    return source_open(ret_source, spec, &options, err);
}

/* All blocks of the plan through the streaming reader: parsed and held to their headers. */
static uint32_t stream_all(struct source *source, uint32_t from)
{
    struct source_plan plan;
    struct source_reader *reader;
    struct source_block blocks[64];
    struct arena arena = {0};
    struct err err = {0};
    uint32_t total = 0;
    int count = 0;
    test_ok(source_plan_make(&plan, source, source_tip(source), from, NULL, &err), &err);
    for (size_t s = 0; s < plan.shard_count; s++) {
        test_ok(source_reader_open(&reader, source, &plan.shards[s], &err), &err);
        while ((count = source_reader_next(reader, blocks, countof(blocks), &err)) > 0) {
            for (int i = 0; i < count; i++) {
                struct block block;
                uint32_t height = header_tree_node(source_headers(source), blocks[i].node)->height;
                struct bytes raw = bytes_of(blocks[i].data, blocks[i].size);
                test_ok(block_parse(&block, raw, &arena, &err), &err);
                test_ok(block_check(&block, chain_params_get(CHAIN_MAIN), height, &err), &err);
                arena_reset(&arena);
                total++;
            }
        }
        test_ok(count, &err);
        source_reader_close(reader);
    }
    source_plan_free(&plan);
    arena_free(&arena);
    return total;
}

static void test_first_file(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};
    struct source *source;
    struct source_stats stats;
    struct buf file = test_data("blocks/blk-0000000-0004312.dat");
    test_folder_make(folder);
    test_ok(path_join(path, folder, "blk00000.dat", &err), &err);
    test_ok(file_write(path, buf_bytes(&file), &err), &err);
    test_ok(open_at(&source, folder, NULL, &err), &err);
    const struct header_node *tip = header_tree_node(source_headers(source), source_tip(source));
    assert_int_equal(tip->height, 4312);
    source_stats_get(&stats, source);
    assert_int_equal(stats.blocks, 4313);
    assert_int_equal(stats.bytes, file.size - 8 * 4313);
    assert_int_equal(stats.stale_blocks + stats.orphan_blocks + stats.garbage_bytes, 0);
    assert_int_equal(stream_all(source, 0), 4313);
    test_ok(source_gap(source, &err), &err);
    source_close(source);
    buf_free(&file);
    test_folder_remove(folder);
}

enum { RUN_FIRST = 831328, RUN_COUNT = 8 };

static void test_run_from_anchor(void **state)
{
    (void)state;
    static const int order[RUN_COUNT] = {3, 0, 7, 1, 2, 6, 4, 5};
    char folder[PATH_SIZE];
    struct err err = {0};
    struct source *source;
    struct blkwriter writer;
    struct chain_anchor anchor = {.height = RUN_FIRST};
    (void)test_data_path(folder, "blocks/block-0831328.raw"); /* skips before a folder is made */
    test_folder_make(folder);
    blkwriter_init(&writer, folder, chain_params_get(CHAIN_MAIN), KEY);
    for (uint32_t i = 0; i < RUN_COUNT; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "blocks/block-%07d.raw", RUN_FIRST + order[i]);
        struct buf raw = test_data(name);
        if (order[i] == 0)
            header_hash(&anchor.hash, raw.data);
        (void)blkwriter_block(&writer, 4123 + i / 3, buf_bytes(&raw));
        buf_free(&raw);
    }
    blkwriter_zeros(&writer, "blk04125.dat", 3 << 20);
    test_refused(open_at(&source, folder, NULL, &err), SANAD_MISSING, &err, "--anchor HEIGHT:HASH");
    test_ok(open_at(&source, folder, &anchor, &err), &err);
    assert_int_equal(source_node_height(source, source_tip(source)), RUN_FIRST + RUN_COUNT - 1);
    assert_int_equal(source_first_height(source), RUN_FIRST);
    assert_int_equal(stream_all(source, RUN_FIRST), RUN_COUNT);
    assert_int_equal(stream_all(source, RUN_FIRST + 5), 3);
    test_ok(source_gap(source, &err), &err);
    source_close(source);
    test_folder_remove(folder);
}

/* ---- undo data of real blocks
 * ------------------------------------------------------------------------- */

struct prevouts {
    struct csv csv;
    int value, script, height, coinbase;
    size_t next;
};

static struct undo_coin next_coin(struct prevouts *prevouts, struct arena *arena)
{
    assert_true(prevouts->next < prevouts->csv.row_count);
    char **row = prevouts->csv.rows[prevouts->next++];
    uint64_t value;
    uint64_t height;
    const char *script = row[prevouts->script];
    size_t size = strlen(script) / 2;
    uint8_t *bytes = arena_alloc(arena, size ? size : 1, 1);
    assert_true(number_parse(&value, row[prevouts->value], strlen(row[prevouts->value]),
                             AMOUNT_MONEY_MAX_SAT));
    assert_true(
        number_parse(&height, row[prevouts->height], strlen(row[prevouts->height]), 10000000));
    assert_true(hex_decode(bytes, size, script, 2 * size));
    return (struct undo_coin){.value = amount_of((int64_t)value),
                              .script = bytes_of(bytes, size),
                              .height = (uint32_t)height,
                              .coinbase = row[prevouts->coinbase][0] == '1' ||
                                          row[prevouts->coinbase][0] == 't'};
}

static void read_prevouts(struct prevouts *ret, int height)
{
    char name[64];
    char path[PATH_SIZE];
    struct err err = {0};
    (void)snprintf(name, sizeof name, "blocks/prevouts/prevouts-%07d.csv", height);
    *ret = (struct prevouts){0};
    test_ok(csv_read_file(&ret->csv, test_data_path(path, name), 64 << 20, &err), &err);
    ret->value = csv_column(&ret->csv, "value_sat");
    ret->script = csv_column(&ret->csv, "script_pubkey_hex");
    ret->height = csv_column(&ret->csv, "creation_height");
    ret->coinbase = csv_column(&ret->csv, "is_coinbase");
    assert_true(ret->value >= 0 && ret->script >= 0 && ret->height >= 0 && ret->coinbase >= 0);
}

static struct block_undo undo_from(struct prevouts *prevouts, const struct block *block,
                                   struct arena *arena)
{
    struct block_undo undo = {.tx_count = block->tx_count - 1};
    undo.txs = arena_alloc(arena, undo.tx_count, sizeof *undo.txs);
    for (size_t i = 0; i < undo.tx_count; i++) {
        struct undo_tx *tx = &undo.txs[i];
        tx->coin_count = block->txs[i + 1].in_count;
        tx->coins = arena_alloc(arena, tx->coin_count, sizeof *tx->coins);
        for (size_t n = 0; n < tx->coin_count; n++)
            tx->coins[n] = next_coin(prevouts, arena);
    }
    assert_int_equal(prevouts->next, prevouts->csv.row_count);
    return undo;
}

static void same_undo(const struct block_undo *a, const struct block_undo *b)
{
    assert_int_equal(a->tx_count, b->tx_count);
    for (size_t i = 0; i < a->tx_count; i++) {
        assert_int_equal(a->txs[i].coin_count, b->txs[i].coin_count);
        for (size_t n = 0; n < a->txs[i].coin_count; n++) {
            const struct undo_coin *x = &a->txs[i].coins[n];
            const struct undo_coin *y = &b->txs[i].coins[n];
            assert_true(amount_equal(x->value, y->value));
            assert_true(bytes_equal(x->script, y->script));
            assert_int_equal(x->height, y->height);
            assert_int_equal(x->coinbase, y->coinbase);
        }
    }
}

static void round_trip(int height)
{
    char folder[PATH_SIZE];
    char name[64];
    struct err err = {0};
    struct arena arena = {0};
    struct prevouts prevouts;
    struct block block;
    struct block_undo again;
    struct blkwriter writer;
    struct source *source;
    struct buf written = buf_with_max(16 << 20);
    struct buf found = buf_with_max(16 << 20);
    (void)snprintf(name, sizeof name, "blocks/block-%07d.raw", height);
    struct buf raw = test_data(name);
    read_prevouts(&prevouts, height);
    test_ok(block_parse(&block, buf_bytes(&raw), &arena, &err), &err);
    struct block_undo undo = undo_from(&prevouts, &block, &arena);
    undo_write(&written, &undo);
    test_folder_make(folder);
    blkwriter_init(&writer, folder, chain_params_get(CHAIN_MAIN), KEY);
    (void)blkwriter_block(&writer, 777, buf_bytes(&raw));
    blkwriter_undo(&writer, 777, &block.header.prev, buf_bytes(&written));
    struct chain_anchor anchor = {.height = (uint32_t)height, .hash = block.hash};
    test_ok(open_at(&source, folder, &anchor, &err), &err);
    test_ok(source_undo_read(source, &found, source_tip(source), &err), &err);
    assert_true(bytes_equal(buf_bytes(&found), buf_bytes(&written)));
    test_ok(undo_parse(&again, buf_bytes(&found), &arena, &err), &err);
    same_undo(&undo, &again);
    source_close(source);
    csv_free(&prevouts.csv);
    buf_free(&raw);
    buf_free(&written);
    buf_free(&found);
    arena_free(&arena);
    test_folder_remove(folder);
}

static void test_real_undo(void **state)
{
    (void)state;
    static const int heights[] = {170,    24835,  57043,  116928, 150013, 210000, 255018,
                                  277647, 367891, 403200, 478558, 757739, 757753, 866342};
    for (size_t i = 0; i < countof(heights); i++)
        round_trip(heights[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_file),
        cmocka_unit_test(test_run_from_anchor),
        cmocka_unit_test(test_real_undo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
