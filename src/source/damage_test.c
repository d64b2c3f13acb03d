/* Proves that what a node or a bad disk leaves in block files does no harm: zero tails,
 * records that are not whole, sizes that lie, garbage between records, and records that
 * stand inside blocks. */
#include "folder_test.h"

/* ---- tails
 * ------------------------------------------------------------------------------------------- */

static void test_zero_tail(void **state)
{
    (void)state;
    for (int keyed = 0; keyed < 2; keyed++) {
        struct fixture f;
        fixture_begin(&f, keyed ? KEY : NULL);
        put_range(&f, 0, 0, 7);
        blkwriter_zeros(&f.writer, "blk00000.dat", 200003);
        put_range(&f, 1, 8, 12);
        blkwriter_zeros(&f.writer, "blk00001.dat", 70001);
        open_ok(&f);
        check_all(&f, 12);
        assert_int_equal(f.stats.garbage_bytes, 0);
        assert_false(f.stats.truncated_tail);
        fixture_end(&f);
    }
}

/* A file that was obfuscated tail and all: the tail is zeros behind the key. */
static void test_obfuscated_tail(void **state)
{
    (void)state;
    static const uint8_t zeros[4099];
    struct fixture f;
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 7);
    blkwriter_put(&f.writer, "blk00000.dat", UINT64_MAX, bytes_of(zeros, sizeof zeros));
    open_ok(&f);
    check_all(&f, 7);
    assert_int_equal(f.stats.garbage_bytes, 0);
    fixture_end(&f);
}

/* The last record cut anywhere is no error, and is read when it is whole. */
static void test_truncated_last(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 6);
    uint64_t before = blkwriter_size(&f.writer, "blk00000.dat");
    (void)put(&f, 0, 7);
    uint64_t whole = blkwriter_size(&f.writer, "blk00000.dat");
    fixture_end(&f);
    for (uint64_t cut = before + 1; cut < whole; cut += 7) {
        fixture_begin(&f, KEY);
        put_range(&f, 0, 0, 7);
        blkwriter_cut(&f.writer, "blk00000.dat", cut);
        open_ok(&f);
        check_bodies(&f, 6);
        assert_true(f.stats.truncated_tail);
        test_ok(source_gap(f.source, &f.err), &f.err); /* the newest is just not there yet */
        assert_int_equal(f.stats.garbage_bytes, 0);
        blkwriter_cut(&f.writer, "blk00000.dat", before);
        put_range(&f, 0, 7, 8);
        refresh_ok(&f);
        check_all(&f, 8);
        assert_false(f.stats.truncated_tail);
        fixture_end(&f);
    }
}

/* The same inside space taken in advance: only the merkle root tells that the body is not
 * whole yet. */
static void test_half_written(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t record[512];
    fixture_begin(&f, KEY);
    size_t size = f.blocks[7].raw.size;
    memcpy(record, f.params->magic, 4);
    uint32_t written = (uint32_t)size;
    memcpy(record + 4, &written, 4);
    assert_true(size + 8 <= sizeof record);
    memcpy(record + 8, f.blocks[7].raw.data, size);
    for (size_t part = 1; part < size + 8; part += 5) {
        test_folder_remove(f.folder);
        test_folder_make(f.folder);
        blkwriter_init(&f.writer, f.folder, f.params, KEY);
        put_range(&f, 0, 0, 6);
        uint64_t end = blkwriter_size(&f.writer, "blk00000.dat");
        blkwriter_zeros(&f.writer, "blk00000.dat", 65536);
        blkwriter_put(&f.writer, "blk00000.dat", end, bytes_of(record, part));
        open_ok(&f);
        bool all = part + 4 >= size + 8; /* the last four bytes, the lock time, are zeros */
        if (tip_height(&f) != 6)
            assert_true(all);
        test_ok(source_gap(f.source, &f.err), &f.err);
        assert_int_equal(f.stats.garbage_bytes, part < 4 ? f.stats.garbage_bytes : 0);
        blkwriter_put(&f.writer, "blk00000.dat", end, bytes_of(record, size + 8));
        refresh_ok(&f);
        check_bodies(&f, 7);
        assert_false(f.stats.truncated_tail);
        assert_int_equal(f.stats.garbage_bytes, 0);
        source_close(f.source);
        f.source = NULL;
    }
    fixture_end(&f);
}

/* ---- damage in the middle
 * ------------------------------------------------------------------------------ */

static void test_garbage_between(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t garbage[1000];
    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (uint8_t)(i * 131 + 7);
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 3);
    blkwriter_put(&f.writer, "blk00000.dat", UINT64_MAX, bytes_of(garbage, sizeof garbage));
    put_range(&f, 0, 4, 6);
    blkwriter_zeros(&f.writer, "blk00000.dat", 333);
    put_range(&f, 0, 7, 9);
    blkwriter_put(&f.writer, "blk00000.dat", UINT64_MAX, bytes_of(garbage, 77));
    open_ok(&f);
    check_all(&f, 9);
    assert_int_equal(f.stats.garbage_bytes, 1000 + 333 + 77);
    fixture_end(&f);
}

/* Garbage that pretends: magic alone, magic with lying sizes, and a whole record's head
 * before other bytes. None is taken for a record. */
static void test_garbage_pretends(void **state)
{
    (void)state;
    struct fixture f;
    struct buf garbage = buf_with_max(4096);
    fixture_begin(&f, KEY);
    buf_add(&garbage, bytes_of(f.params->magic, 4));
    buf_add(&garbage, bytes_of(f.params->magic, 4));
    buf_le32(&garbage, 0xffffffff);
    buf_add(&garbage, bytes_of(f.params->magic, 4));
    buf_le32(&garbage, 300);
    buf_add(&garbage, bytes_of(f.blocks[2].raw.data, HEADER_SIZE + 20));
    put_range(&f, 0, 0, 3);
    blkwriter_put(&f.writer, "blk00000.dat", UINT64_MAX, buf_bytes(&garbage));
    put_range(&f, 0, 4, 8);
    open_ok(&f);
    check_all(&f, 8);
    assert_int_equal(f.stats.garbage_bytes, garbage.size);
    assert_int_equal(f.stats.repeated_blocks, 0);
    buf_free(&garbage);
    fixture_end(&f);
}

/* A record in the middle that lost its end: the ones behind it are found, its height is
 * named. */
static void test_truncated_middle(void **state)
{
    (void)state;
    struct fixture f;
    struct source_plan plan;
    char name[HEX256_SIZE];
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 4);
    uint64_t begin = blkwriter_size(&f.writer, "blk00000.dat");
    (void)put(&f, 0, 5);
    blkwriter_cut(&f.writer, "blk00000.dat", begin + 150);
    put_range(&f, 0, 6, 9);
    put_range(&f, 1, 10, 12);
    open_ok(&f);
    check_bodies(&f, 4);
    assert_int_equal(f.stats.orphan_blocks, 0);
    assert_int_equal(f.stats.blocks, 12);
    assert_int_equal(f.stats.garbage_bytes, 150);
    test_refused(source_gap(f.source, &f.err), SANAD_MISSING, &f.err,
                 "height 5 has no block: blk00000.dat, offset");
    uint32_t top = header_tree_find(source_headers(f.source), &f.blocks[12].hash);
    assert_true(top != NODE_NONE);
    test_refused(source_plan_make(&plan, f.source, top, 0, NULL, &f.err), SANAD_MISSING, &f.err,
                 "height 5 has no block: blk00000.dat, offset");
    assert_non_null(strstr(f.err.text, "the record is not whole"));
    hash256_display(name, &f.blocks[5].hash);
    uint32_t node = header_tree_find(source_headers(f.source), &f.blocks[5].hash);
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    assert_false(source_has_body(f.source, node));
    test_refused(source_block_read(f.source, &raw, node, &f.err), SANAD_MISSING, &f.err,
                 "height 5 has no block");
    test_refused(source_undo_read(f.source, &raw, node, &f.err), SANAD_MISSING, &f.err,
                 "height 5 has no block");
    (void)put(&f, 1, 5); /* a good copy heals it */
    refresh_ok(&f);
    check_all(&f, 12);
    test_ok(source_gap(f.source, &f.err), &f.err);
    buf_free(&raw);
    fixture_end(&f);
}

struct lie {
    uint32_t size;
    const char *rule;
};

static void test_lying_sizes(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {0, "the record's size is not 81 to 4,000,000"},
        {80, "the record's size is not 81 to 4,000,000"},
        {81, "the record is not whole"},
        {200, "the record is not whole"},
        {700, "the record is not whole"},
        {5000, "the record ends past the end of the file"},
        {4000000, "the record ends past the end of the file"},
        {4000001, "the record's size is not 81 to 4,000,000"},
        {0xffffffff, "the record's size is not 81 to 4,000,000"},
    };
    for (size_t i = 0; i < countof(lies); i++) {
        struct fixture f;
        fixture_begin(&f, KEY);
        put_range(&f, 0, 0, 3);
        uint64_t at = put(&f, 0, 4);
        put_range(&f, 0, 5, 9);
        blkwriter_put(&f.writer, "blk00000.dat", at - 4, bytes_of(&lies[i].size, 4));
        open_ok(&f);
        check_bodies(&f, 3);
        assert_int_equal(f.stats.blocks, 9);
        assert_int_equal(f.stats.garbage_bytes, f.blocks[4].raw.size + 8);
        test_refused(source_gap(f.source, &f.err), SANAD_MISSING, &f.err, lies[i].rule);
        fixture_end(&f);
    }
}

/* Bytes inside a block that look like a record are never one. */
static void test_record_inside_block(void **state)
{
    (void)state;
    struct fixture f;
    struct mined host;
    fixture_begin(&f, NULL);
    struct mined_options options = {
        .prev = f.blocks[4].hash, .height = 5, .salt = 1, .filler = 600};
    mined_make(&host, f.params, &options);
    put_range(&f, 0, 0, 4);
    /* The host is written whole but with a size that ends before its filler; inside the
     * filler stands a whole copy of block 2. */
    uint64_t at = blkwriter_block(&f.writer, 0, buf_bytes(&host.raw));
    uint8_t inner[8];
    uint32_t size = (uint32_t)f.blocks[2].raw.size;
    memcpy(inner, f.params->magic, 4);
    memcpy(inner + 4, &size, 4);
    blkwriter_put(&f.writer, "blk00000.dat", at + 200, bytes_of(inner, 8));
    blkwriter_put(&f.writer, "blk00000.dat", at + 208, buf_bytes(&f.blocks[2].raw));
    put_range(&f, 0, 5, 7);
    open_ok(&f);
    check_bodies(&f, 7); /* in step: nothing inside is looked at */
    assert_int_equal(f.stats.repeated_blocks, 0);
    assert_int_equal(f.stats.stale_blocks, 1);
    mined_free(&host, 1);
    fixture_end(&f);
}

/* A block that carries a whole record inside, while the node is still writing it: what is
 * found inside must not hide the block itself. */
static void test_record_inside_half_written(void **state)
{
    (void)state;
    struct fixture f;
    struct buf record = buf_with_max(BLOCK_SIZE_MAX);
    fixture_begin(&f, KEY);
    struct mined carrier;
    struct mined_options options = {.prev = f.blocks[4].hash,
                                    .height = 5,
                                    .salt = 1,
                                    .filler = 100,
                                    .carried = buf_bytes(&f.blocks[2].raw)};
    mined_make(&carrier, f.params, &options);
    put_range(&f, 0, 0, 4);
    uint64_t end = blkwriter_size(&f.writer, "blk00000.dat");
    buf_add(&record, bytes_of(f.params->magic, 4));
    buf_le32(&record, (uint32_t)carrier.raw.size);
    buf_add(&record, buf_bytes(&carrier.raw));
    size_t almost = record.size - 50; /* behind what it carries */
    blkwriter_put(&f.writer, "blk00000.dat", end, bytes_of(record.data, almost));
    open_ok(&f);
    assert_int_equal(tip_height(&f), 4);
    refresh_ok(&f);
    refresh_ok(&f);
    assert_int_equal(f.stats.repeated_blocks, 0);
    blkwriter_zeros(&f.writer, "blk00000.dat", 9000);
    refresh_ok(&f);
    assert_int_equal(tip_height(&f), 4);
    blkwriter_put(&f.writer, "blk00000.dat", end, buf_bytes(&record));
    refresh_ok(&f);
    const struct header_node *tip =
        header_tree_node(source_headers(f.source), source_tip(f.source));
    assert_true(hash256_equal(&tip->hash, &carrier.hash));
    assert_int_equal(f.stats.repeated_blocks, 0);
    assert_int_equal(f.stats.garbage_bytes, 0);
    assert_false(f.stats.truncated_tail);
    mined_free(&carrier, 1);
    buf_free(&record);
    fixture_end(&f);
}

/* A block whose only copy lies inside another, found while that one was not whole: both are
 * read, one by one. */
static void test_only_copy_inside(void **state)
{
    (void)state;
    struct fixture f;
    struct mined carrier;
    fixture_begin(&f, NULL);
    struct mined_options options = {.prev = f.blocks[4].hash,
                                    .height = 5,
                                    .salt = 1,
                                    .filler = 100,
                                    .carried = buf_bytes(&f.blocks[5].raw)};
    mined_make(&carrier, f.params, &options);
    put_range(&f, 0, 0, 4);
    uint64_t begin = blkwriter_size(&f.writer, "blk00000.dat");
    (void)blkwriter_block(&f.writer, 0, buf_bytes(&carrier.raw));
    uint64_t end = blkwriter_size(&f.writer, "blk00000.dat");
    blkwriter_cut(&f.writer, "blk00000.dat", end - 50);
    open_ok(&f);
    check_all(&f, 5);
    blkwriter_put(&f.writer, "blk00000.dat", begin + 8, buf_bytes(&carrier.raw));
    put_range(&f, 0, 6, 8);
    refresh_ok(&f);
    check_all(&f, 8);
    assert_int_equal(f.stats.stale_blocks, 1);
    mined_free(&carrier, 1);
    fixture_end(&f);
}

static void test_too_much_damage(void **state)
{
    (void)state;
    struct fixture f;
    struct buf junk = buf_with_max(1 << 20);
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 1);
    buf_u8(&junk, 0);
    for (int i = 0; i < FRAME_TRIAL_MAX + 1; i++) {
        buf_add(&junk, bytes_of(f.params->magic, 4));
        buf_le32(&junk, 200);
        buf_add(&junk, bytes_of(f.blocks[1].raw.data, HEADER_SIZE));
    }
    blkwriter_put(&f.writer, "blk00000.dat", UINT64_MAX, buf_bytes(&junk));
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err,
                 "blk00000.dat: more than 1000 damaged records");
    buf_free(&junk);
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zero_tail),
        cmocka_unit_test(test_obfuscated_tail),
        cmocka_unit_test(test_truncated_last),
        cmocka_unit_test(test_half_written),
        cmocka_unit_test(test_garbage_between),
        cmocka_unit_test(test_garbage_pretends),
        cmocka_unit_test(test_truncated_middle),
        cmocka_unit_test(test_lying_sizes),
        cmocka_unit_test(test_record_inside_block),
        cmocka_unit_test(test_record_inside_half_written),
        cmocka_unit_test(test_only_copy_inside),
        cmocka_unit_test(test_too_much_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
