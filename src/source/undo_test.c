/* ctest-label: threads
 * Proves that undo data is found for the block it belongs to, by its checksum alone, in
 * whatever order and between whatever damage; that it is missing where it is missing; and
 * that many threads may ask. */
#include "source/source_priv.h"

#include "blkwriter.h"
#include "support.h"

#include <stdlib.h>

enum { CHAIN_LENGTH = 40, THREADS = 4 };

static const uint8_t KEY[8] = {1, 0xf9, 3, 0, 0xbe, 6, 7, 0xd9};

struct fixture {
    char folder[PATH_SIZE];
    struct blkwriter writer;
    const struct chain_params *params;
    struct mined blocks[CHAIN_LENGTH];
    struct source *source;
    struct err err;
};

/* The undo data of a mined block: `extra` transactions of one coin each. */
static struct buf undo_of(size_t height)
{
    struct undo_coin coins[4];
    struct undo_tx txs[4];
    struct block_undo undo = {.txs = txs, .tx_count = height % 4};
    struct buf buf = buf_with_max(4096);
    for (size_t i = 0; i < undo.tx_count; i++) {
        coins[i] = (struct undo_coin){.value = amount_of((int64_t)(height * 1000 + i)),
                                      .script = bytes_of("\x51\x61", 2),
                                      .height = (uint32_t)height - 1};
        txs[i] = (struct undo_tx){.coins = &coins[i], .coin_count = 1};
    }
    undo_write(&buf, &undo);
    return buf;
}

static void put_undo(struct fixture *f, uint32_t file, size_t height)
{
    struct buf undo = undo_of(height);
    blkwriter_undo(&f->writer, file, &f->blocks[height - 1].hash, buf_bytes(&undo));
    buf_free(&undo);
}

static void fixture_begin(struct fixture *f)
{
    *f = (struct fixture){.params = chain_params_get(CHAIN_REGTEST)};
    test_folder_make(f->folder);
    blkwriter_init(&f->writer, f->folder, f->params, KEY);
    mined_chain(f->blocks, CHAIN_LENGTH, f->params);
    for (size_t i = 0; i < CHAIN_LENGTH; i++)
        (void)blkwriter_block(&f->writer, (uint32_t)(i / 20), buf_bytes(&f->blocks[i].raw));
}

static void fixture_open(struct fixture *f)
{
    char spec[PATH_SIZE + 8];
    struct source_options options = {.params = f->params};
    (void)snprintf(spec, sizeof spec, "blocks:%s", f->folder);
    test_ok(source_open(&f->source, spec, &options, &f->err), &f->err);
}

static void fixture_end(struct fixture *f)
{
    source_close(f->source);
    mined_free(f->blocks, CHAIN_LENGTH);
    test_folder_remove(f->folder);
}

static bool has_undo(struct fixture *f)
{
    struct source_stats stats;
    source_stats_get(&stats, f->source);
    return stats.has_undo;
}

static void check_undo(struct source *source, uint32_t height)
{
    struct err err = {0};
    struct buf raw = buf_with_max(4096);
    struct buf expected = undo_of(height);
    test_ok(source_undo_read(source, &raw, source_active(source, height), &err), &err);
    assert_true(bytes_equal(buf_bytes(&raw), buf_bytes(&expected)));
    buf_free(&raw);
    buf_free(&expected);
}

static void check_missing(struct fixture *f, uint32_t height, const char *why)
{
    struct buf raw = buf_with_max(4096);
    char expected[120];
    (void)snprintf(expected, sizeof expected, "height %u has no undo data: %s", height, why);
    test_refused(source_undo_read(f->source, &raw, source_active(f->source, height), &f->err),
                 SANAD_MISSING, &f->err, expected);
    assert_int_equal(raw.size, 0);
    buf_free(&raw);
}

static void test_in_order(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    for (size_t i = 1; i < CHAIN_LENGTH; i++)
        put_undo(&f, (uint32_t)(i / 20), i);
    blkwriter_zeros(&f.writer, "rev00001.dat", 50000);
    fixture_open(&f);
    assert_true(has_undo(&f));
    for (uint32_t i = 1; i < CHAIN_LENGTH; i++)
        check_undo(f.source, i);
    for (uint32_t i = CHAIN_LENGTH; i-- > 1;) /* against the hint */
        check_undo(f.source, i);
    check_missing(&f, 0, "rev00000.dat has no record with its checksum"); /* genesis spends none */
    fixture_end(&f);
}

static void test_shuffled(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    for (size_t i = 0; i < 19; i++)
        put_undo(&f, 0, 1 + i * 8 % 19);
    fixture_open(&f);
    for (uint32_t i = 1; i < 20; i++)
        check_undo(f.source, i);
    check_missing(&f, 25, "rev00001.dat is not there");
    fixture_end(&f);
}

static void test_absent(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    fixture_open(&f);
    assert_false(has_undo(&f));
    check_missing(&f, 5, "rev00000.dat is not there");
    fixture_end(&f);
}

/* Garbage, a lying size, a record cut short, a changed checksum: only those are missing. */
static void test_damage(void **state)
{
    (void)state;
    static const char rev[] = "rev00000.dat";
    struct fixture f;
    fixture_begin(&f);
    put_undo(&f, 0, 1);
    put_undo(&f, 0, 2);
    blkwriter_put(&f.writer, rev, UINT64_MAX, bytes_of("garbage!", 8));
    blkwriter_put(&f.writer, rev, UINT64_MAX, bytes_of(f.params->magic, 4));
    put_undo(&f, 0, 3);
    uint64_t lying = blkwriter_size(&f.writer, rev);
    put_undo(&f, 0, 5);
    put_undo(&f, 0, 6);
    put_undo(&f, 0, 7);
    blkwriter_put(&f.writer, rev, lying + 4, bytes_of("\x60\x00\x00\x00", 4));
    uint64_t cut = blkwriter_size(&f.writer, rev);
    put_undo(&f, 0, 9);
    blkwriter_cut(&f.writer, rev, cut + 30);
    put_undo(&f, 0, 10);
    put_undo(&f, 0, 11);
    blkwriter_put(&f.writer, rev, blkwriter_size(&f.writer, rev) - 1, bytes_of("x", 1));
    put_undo(&f, 0, 12);
    fixture_open(&f);
    static const uint32_t there[] = {1, 2, 3, 6, 7, 10, 12};
    static const uint32_t lost[] = {4, 5, 8, 9, 11, 13};
    for (size_t i = 0; i < countof(there); i++)
        check_undo(f.source, there[i]);
    for (size_t i = 0; i < countof(lost); i++)
        check_missing(&f, lost[i], "rev00000.dat has no record with its checksum");
    fixture_end(&f);
}

/* The checksum covers the predecessor's hash: the right data on another block is refused. */
static void test_other_block(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    struct buf undo = undo_of(5);
    blkwriter_undo(&f.writer, 0, &f.blocks[8].hash, buf_bytes(&undo));
    fixture_open(&f);
    check_missing(&f, 5, "rev00000.dat has no record with its checksum");
    buf_free(&undo);
    fixture_end(&f);
}

/* A node writes undo data after the block, also into older files. */
static void test_written_later(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    put_undo(&f, 0, 1);
    fixture_open(&f);
    check_undo(f.source, 1);
    check_missing(&f, 2, "rev00000.dat has no record with its checksum");
    put_undo(&f, 0, 2);
    check_undo(f.source, 2);
    put_undo(&f, 1, 30);
    check_undo(f.source, 30);
    fixture_end(&f);
}

static void test_small_buffer(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    put_undo(&f, 0, 3);
    fixture_open(&f);
    struct buf raw = buf_with_max(16);
    uint32_t node = source_active(f.source, 3);
    test_refused(source_undo_read(f.source, &raw, node, &f.err), SANAD_REFUSED, &f.err,
                 "over the 16 asked for");
    test_refused(source_block_read(f.source, &raw, node, &f.err), SANAD_REFUSED, &f.err,
                 "over the 16 asked for");
    buf_free(&raw);
    fixture_end(&f);
}

static void *read_all(void *context)
{
    struct source *source = context;
    struct buf raw = buf_with_max(4096);
    struct err err = {0};
    intptr_t bad = 0;
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t i = 1; i < CHAIN_LENGTH; i++) {
            uint32_t node = source_active(source, i);
            bad += source_block_read(source, &raw, node, &err) != 0;
            bad += source_undo_read(source, &raw, node, &err) != 0;
        }
    }
    buf_free(&raw);
    return (void *)bad; /* NOLINT(performance-no-int-to-ptr): a count, not an address */
}

static void test_threads(void **state)
{
    (void)state;
    struct fixture f;
    pthread_t threads[THREADS];
    fixture_begin(&f);
    for (size_t i = 1; i < CHAIN_LENGTH; i++)
        put_undo(&f, (uint32_t)(i / 20), i);
    fixture_open(&f);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, f.source), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *bad;
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),     cmocka_unit_test(test_shuffled),
        cmocka_unit_test(test_absent),       cmocka_unit_test(test_damage),
        cmocka_unit_test(test_other_block),  cmocka_unit_test(test_written_later),
        cmocka_unit_test(test_small_buffer), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
