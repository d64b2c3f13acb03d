/* Proves that a folder of block files is read as it is: in any order, obfuscated or not, with
 * stale branches, repeated blocks, zero tails, records that are not whole, garbage and
 * missing files; that each refusal says what is wrong; and that looking again finds what a
 * node wrote meanwhile. */
#include "source/source_priv.h"

#include "blkwriter.h"
#include "support.h"

#include <stdlib.h>

enum { CHAIN_LENGTH = 24 };

static const uint8_t KEY[8] = {0xf9, 0x00, 0x3c, 0xd9, 0xb4, 0x81, 0xbe, 0x17};

struct fixture {
    char folder[PATH_SIZE];
    struct blkwriter writer;
    const struct chain_params *params;
    struct mined blocks[CHAIN_LENGTH];
    struct source *source;
    struct source_stats stats;
    struct err err;
};

static void fixture_begin(struct fixture *f, const uint8_t key[8])
{
    *f = (struct fixture){.params = chain_params_get(CHAIN_REGTEST)};
    test_folder_make(f->folder);
    blkwriter_init(&f->writer, f->folder, f->params, key);
    mined_chain(f->blocks, CHAIN_LENGTH, f->params);
}

static void fixture_end(struct fixture *f)
{
    source_close(f->source);
    mined_free(f->blocks, CHAIN_LENGTH);
    test_folder_remove(f->folder);
}

static uint64_t put(struct fixture *f, uint32_t file, size_t block)
{
    return blkwriter_block(&f->writer, file, buf_bytes(&f->blocks[block].raw));
}

static void put_range(struct fixture *f, uint32_t file, size_t from, size_t to)
{
    for (size_t i = from; i <= to; i++)
        (void)put(f, file, i);
}

static int try_open(struct fixture *f, const struct chain_anchor *anchor)
{
    char spec[PATH_SIZE + 8];
    struct source_options options = {.params = f->params, .anchor = anchor};
    (void)snprintf(spec, sizeof spec, "blocks:%s", f->folder);
    f->err = (struct err){0};
    int code = source_open(&f->source, spec, &options, &f->err);
    if (code == 0)
        source_stats_get(&f->stats, f->source);
    return code;
}

static void open_ok(struct fixture *f)
{
    test_ok(try_open(f, NULL), &f->err);
}

static void refresh_ok(struct fixture *f)
{
    f->err = (struct err){0};
    test_ok(source_refresh(f->source, &f->err), &f->err);
    source_stats_get(&f->stats, f->source);
}

static uint32_t tip_height(const struct fixture *f)
{
    uint32_t tip = source_tip(f->source);
    assert_true(tip != NODE_NONE);
    return header_tree_node(source_headers(f->source), tip)->height;
}

/* Every block of the active chain is the mined one, by single reads and by the stream. */
static void check_bodies(struct fixture *f, uint32_t top)
{
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    assert_int_equal(tip_height(f), top);
    for (uint32_t height = 0; height <= top; height++) {
        uint32_t node = source_active(f->source, height);
        assert_true(source_has_body(f->source, node));
        test_ok(source_block_read(f->source, &raw, node, &f->err), &f->err);
        assert_true(bytes_equal(buf_bytes(&raw), buf_bytes(&f->blocks[height].raw)));
    }
    assert_int_equal(source_active(f->source, top + 1), NODE_NONE);
    buf_free(&raw);
}

static void stream_shard(struct fixture *f, const struct source_shard *shard, bool *seen)
{
    struct source_reader *reader;
    struct source_block blocks[3]; /* few, so that batches are cut */
    test_ok(source_reader_open(&reader, f->source, shard, &f->err), &f->err);
    uint32_t total = 0;
    for (;;) {
        int count = source_reader_next(reader, blocks, countof(blocks), &f->err);
        if (count < 0)
            fail_msg("%s", f->err.text);
        if (count == 0)
            break;
        for (int i = 0; i < count; i++) {
            uint32_t height = header_tree_node(source_headers(f->source), blocks[i].node)->height;
            assert_true(height >= shard->lowest_height && height <= shard->highest_height);
            assert_true(bytes_equal(bytes_of(blocks[i].data, blocks[i].size),
                                    buf_bytes(&f->blocks[height].raw)));
            assert_false(seen[height]);
            seen[height] = true;
            memset(blocks[i].data, 0xee, blocks[i].size); /* a scan may write there */
            total++;
        }
    }
    assert_int_equal(total, shard->block_count);
    source_reader_close(reader);
}

static void check_stream(struct fixture *f, uint32_t from)
{
    struct source_plan plan;
    bool seen[CHAIN_LENGTH] = {false};
    uint32_t top = tip_height(f);
    test_ok(source_plan_make(&plan, f->source, source_tip(f->source), from, &f->err), &f->err);
    assert_int_equal(plan.to_height, top);
    for (size_t i = 0; i < plan.shard_count; i++) {
        if (i > 0)
            assert_true(plan.shards[i - 1].lowest_height < plan.shards[i].lowest_height);
        stream_shard(f, &plan.shards[i], seen);
    }
    for (uint32_t height = 0; height <= top; height++)
        assert_int_equal(seen[height], height >= from);
    source_plan_free(&plan);
}

static void check_all(struct fixture *f, uint32_t top)
{
    check_bodies(f, top);
    check_stream(f, 0);
    if (top > 3)
        check_stream(f, 3);
}

/* ---- as it should be
 * ----------------------------------------------------------------------------- */

static void test_in_order(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 9);
    put_range(&f, 1, 10, CHAIN_LENGTH - 1);
    open_ok(&f);
    check_all(&f, CHAIN_LENGTH - 1);
    assert_int_equal(f.stats.blocks, CHAIN_LENGTH);
    assert_int_equal(f.stats.stale_blocks + f.stats.orphan_blocks + f.stats.repeated_blocks, 0);
    assert_int_equal(f.stats.garbage_bytes, 0);
    assert_false(f.stats.truncated_tail || f.stats.has_undo);
    assert_int_equal(source_first_height(f.source), 0);
    test_ok(source_gap(f.source, &f.err), &f.err);
    fixture_end(&f);
}

/* Blocks lie by a fixed permutation over three files, obfuscated. */
static void test_shuffled(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    for (size_t i = 0; i < CHAIN_LENGTH; i++)
        (void)put(&f, (uint32_t)(i * 7 % 3), i * 11 % CHAIN_LENGTH);
    open_ok(&f);
    check_all(&f, CHAIN_LENGTH - 1);
    assert_int_equal(f.stats.orphan_blocks, 0);
    fixture_end(&f);
}

static void test_zero_key(void **state)
{
    (void)state;
    static const uint8_t zeros[8];
    struct fixture f;
    fixture_begin(&f, zeros);
    put_range(&f, 0, 0, 5);
    open_ok(&f);
    check_all(&f, 5);
    fixture_end(&f);
}

static void test_stale_and_repeated(void **state)
{
    (void)state;
    struct fixture f;
    struct mined stale[2];
    fixture_begin(&f, KEY);
    struct mined_options options = {.prev = f.blocks[4].hash, .height = 5, .salt = 99};
    mined_make(&stale[0], f.params, &options);
    options = (struct mined_options){.prev = stale[0].hash, .height = 6, .salt = 100};
    mined_make(&stale[1], f.params, &options);
    put_range(&f, 0, 0, 5);
    (void)blkwriter_block(&f.writer, 0, buf_bytes(&stale[0].raw));
    (void)blkwriter_block(&f.writer, 0, buf_bytes(&stale[1].raw));
    (void)put(&f, 0, 3);
    put_range(&f, 0, 6, 9);
    open_ok(&f);
    check_all(&f, 9);
    assert_int_equal(f.stats.stale_blocks, 2);
    assert_int_equal(f.stats.repeated_blocks, 1);
    assert_int_equal(f.stats.blocks, 12);
    mined_free(stale, countof(stale));
    fixture_end(&f);
}

/* Two blocks of equal work: the lower hash is the tip in whatever order they lie. */
static void test_equal_work(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct fixture f;
        struct mined twins[2];
        fixture_begin(&f, NULL);
        for (uint32_t i = 0; i < 2; i++) {
            struct mined_options options = {
                .prev = f.blocks[3].hash, .height = 4, .salt = 1000 + i};
            mined_make(&twins[i], f.params, &options);
        }
        put_range(&f, 0, 0, 3);
        (void)blkwriter_block(&f.writer, 0, buf_bytes(&twins[order].raw));
        (void)blkwriter_block(&f.writer, 0, buf_bytes(&twins[1 - order].raw));
        open_ok(&f);
        struct u256 a = u256_from_hash(&twins[0].hash);
        struct u256 b = u256_from_hash(&twins[1].hash);
        const struct hash256 *lower = u256_compare(&a, &b) < 0 ? &twins[0].hash : &twins[1].hash;
        const struct header_node *tip =
            header_tree_node(source_headers(f.source), source_tip(f.source));
        assert_true(hash256_equal(&tip->hash, lower));
        mined_free(twins, 2);
        fixture_end(&f);
    }
}

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
    test_refused(source_plan_make(&plan, f.source, top, 0, &f.err), SANAD_MISSING, &f.err,
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

/* ---- missing files, anchors
 * ----------------------------------------------------------------------------- */

static void test_missing_file(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    for (uint32_t file = 0; file < 6; file++)
        put_range(&f, file, 4 * file, 4 * file + 3);
    blkwriter_remove(&f.writer, "blk00003.dat");
    open_ok(&f);
    check_all(&f, 11);
    assert_int_equal(f.stats.orphan_blocks, 8);
    test_refused(source_gap(f.source, &f.err), SANAD_MISSING, &f.err,
                 "height 12 has no block: blk00003.dat is not there, 8 later blocks");
    put_range(&f, 3, 12, 15);
    refresh_ok(&f);
    check_all(&f, 23);
    test_ok(source_gap(f.source, &f.err), &f.err);
    fixture_end(&f);
}

static void test_no_genesis(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    put_range(&f, 12, 8, 20);
    test_refused(try_open(&f, NULL), SANAD_MISSING, &f.err,
                 "the genesis block is not there (the first file is blk00012.dat)");
    assert_non_null(strstr(f.err.text, "--anchor HEIGHT:HASH"));
    struct chain_anchor anchor = {.height = 9, .hash = f.blocks[9].hash};
    test_ok(try_open(&f, &anchor), &f.err);
    assert_int_equal(tip_height(&f), 20);
    assert_int_equal(source_first_height(f.source), 9);
    assert_int_equal(source_active(f.source, 8), NODE_NONE);
    assert_true(source_active(f.source, 9) != NODE_NONE);
    assert_int_equal(f.stats.orphan_blocks, 1); /* height 8, below the anchor */
    test_ok(source_gap(f.source, &f.err), &f.err);
    check_stream(&f, 9);
    struct source_plan plan;
    test_refused(source_plan_make(&plan, f.source, source_tip(f.source), 8, &f.err), SANAD_MISSING,
                 &f.err, "height 8 has no block: it is below the anchor 9");
    fixture_end(&f);
}

static void test_anchor_unknown(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 5);
    struct chain_anchor anchor = {.height = 9, .hash = f.blocks[9].hash};
    test_refused(try_open(&f, &anchor), SANAD_MISSING, &f.err, "the anchor 9:");
    assert_non_null(strstr(f.err.text, "is no block of it"));
    fixture_end(&f);
}

/* A node that prunes while we follow: what was read stays linked, the bodies are gone. */
static void test_pruned_meanwhile(void **state)
{
    (void)state;
    struct fixture f;
    struct source_plan plan;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 9);
    put_range(&f, 1, 10, 15);
    open_ok(&f);
    uint32_t low = source_active(f.source, 4);
    blkwriter_remove(&f.writer, "blk00000.dat");
    put_range(&f, 2, 16, 18);
    refresh_ok(&f);
    assert_int_equal(tip_height(&f), 18);
    assert_false(source_has_body(f.source, low));
    assert_int_equal(f.stats.blocks, 9);
    assert_int_equal(f.stats.stale_blocks, 0);
    test_refused(source_block_read(f.source, &raw, low, &f.err), SANAD_MISSING, &f.err,
                 "height 4 has no block: its file is gone");
    test_refused(source_plan_make(&plan, f.source, source_tip(f.source), 3, &f.err), SANAD_MISSING,
                 &f.err, "height 3 has no block: its file is gone");
    check_stream(&f, 10);
    refresh_ok(&f);
    assert_int_equal(tip_height(&f), 18);
    put_range(&f, 0, 0, 9); /* and put back from a copy */
    refresh_ok(&f);
    check_all(&f, 18);
    assert_int_equal(f.stats.blocks, 19);
    buf_free(&raw);
    fixture_end(&f);
}

/* ---- refused
 * ------------------------------------------------------------------------------------------------
 */

static void test_xor_sizes(void **state)
{
    (void)state;
    static const uint8_t key[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const size_t sizes[] = {0, 7, 9};
    for (size_t i = 0; i < countof(sizes); i++) {
        struct fixture f;
        char path[PATH_SIZE];
        fixture_begin(&f, NULL);
        put_range(&f, 0, 0, 2);
        test_ok(path_join(path, f.folder, "xor.dat", &f.err), &f.err);
        test_ok(file_write(path, bytes_of(key, sizes[i]), &f.err), &f.err);
        test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, "/xor.dat: ");
        assert_non_null(strstr(f.err.text, "must be exactly"));
        fixture_end(&f);
    }
}

static void test_wrong_key(void **state)
{
    (void)state;
    uint8_t other[8];
    struct fixture f;
    char path[PATH_SIZE];
    for (size_t wrong = 0; wrong < 8; wrong++) {
        fixture_begin(&f, KEY);
        put_range(&f, 0, 0, 9);
        put_range(&f, 1, 10, 20);
        memcpy(other, KEY, sizeof other);
        other[wrong] ^= 0x55; /* one byte of the key is enough */
        test_ok(path_join(path, f.folder, "xor.dat", &f.err), &f.err);
        test_ok(file_write(path, bytes_of(other, 8), &f.err), &f.err);
        test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err,
                     "blk00000.dat: no block of regtest found: xor.dat is not the key");
        fixture_end(&f);
    }
}

static void test_key_absent(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 9);
    blkwriter_remove(&f.writer, "xor.dat");
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err,
                 "blk00000.dat: no block of regtest found: xor.dat, the key of obfuscated files");
    fixture_end(&f);
}

static void test_key_left_over(void **state)
{
    (void)state;
    struct fixture f;
    char path[PATH_SIZE];
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 9);
    test_ok(path_join(path, f.folder, "xor.dat", &f.err), &f.err);
    test_ok(file_write(path, bytes_of(KEY, 8), &f.err), &f.err);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, "is not obfuscated, but xor.dat says");
    fixture_end(&f);
}

static void test_other_network(void **state)
{
    (void)state;
    for (int keyed = 0; keyed < 2; keyed++) {
        struct fixture f;
        fixture_begin(&f, keyed ? KEY : NULL);
        put_range(&f, 0, 0, 9);
        f.params = chain_params_get(CHAIN_MAIN);
        test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err,
                     "blk00000.dat: holds blocks of regtest, not of main");
        fixture_end(&f);
    }
}

/* A node checks headers before it writes: a whole record that fails is another's work. */
static void test_bad_work(void **state)
{
    (void)state;
    struct fixture f;
    char expected[80];
    fixture_begin(&f, KEY);
    struct hash256 hash;
    struct header header;
    header_parse(&header, f.blocks[6].raw.data);
    do {
        header.nonce++;
        header_write(f.blocks[6].raw.data, &header);
        header_hash(&hash, f.blocks[6].raw.data);
    } while (header_pow_ok(f.params, &hash, header.bits));
    put_range(&f, 0, 0, 5);
    uint64_t at = put(&f, 0, 6);
    put_range(&f, 0, 7, 9);
    (void)snprintf(expected, sizeof expected,
                   "blk00000.dat: offset %llu: the header's proof of work does not hold",
                   (unsigned long long)at);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, expected);
    fixture_end(&f);
}

/* Rules that need the predecessor: the file and the offset are named too. */
static void test_bad_header(void **state)
{
    (void)state;
    struct fixture f;
    struct mined bad;
    char expected[80];
    fixture_begin(&f, KEY);
    struct mined_options options = {
        .prev = f.blocks[15].hash, .height = 16, .salt = 3, .time = 1296688700};
    mined_make(&bad, f.params, &options);
    put_range(&f, 0, 0, 15);
    uint64_t at = blkwriter_block(&f.writer, 0, buf_bytes(&bad.raw));
    (void)snprintf(expected, sizeof expected, "blk00000.dat: offset %llu: header 16 (",
                   (unsigned long long)at);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, expected);
    mined_free(&bad, 1);
    fixture_end(&f);
}

static void test_no_files(void **state)
{
    (void)state;
    struct fixture f;
    char path[PATH_SIZE];
    fixture_begin(&f, NULL);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, "no blk?????.dat in it");
    test_ok(path_join(path, f.folder, "blocks", &f.err), &f.err);
    test_ok(folder_make(path, &f.err), &f.err);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, "its folder blocks may be meant");
    test_folder_remove(f.folder);
    test_refused(try_open(&f, NULL), SANAD_IO, &f.err, "No such file");
    test_folder_make(f.folder);
    fixture_end(&f);
}

static void test_specs(void **state)
{
    (void)state;
    struct source *source;
    struct err err = {0};
    struct source_options options = {.params = chain_params_get(CHAIN_MAIN)};
    test_refused(source_open(&source, "rpc:http://[::1]:8332", &options, &err), SANAD_USAGE, &err,
                 "not of the form blocks:DIR");
    test_refused(source_open(&source, "blocks:", &options, &err), SANAD_USAGE, &err,
                 "names no folder");
}

/* A file that becomes shorter than its records was replaced under us. */
static void test_shrunk(void **state)
{
    (void)state;
    struct fixture f;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 9);
    open_ok(&f);
    blkwriter_cut(&f.writer, "blk00000.dat", 600);
    test_refused(source_refresh(f.source, &f.err), SANAD_REFUSED, &f.err,
                 "blk00000.dat: shorter than it was");
    test_refused(source_block_read(f.source, &raw, source_tip(f.source), &f.err), SANAD_REFUSED,
                 &f.err, "blk00000.dat: shorter than it was: has no byte");
    buf_free(&raw);
    fixture_end(&f);
}

/* Other bytes where the index saw a block: neither reader hands them out. */
static void test_replaced(void **state)
{
    (void)state;
    struct fixture f;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct source_plan plan;
    struct source_reader *reader;
    struct source_block blocks[16];
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 4);
    uint64_t at = put(&f, 0, 5);
    put_range(&f, 0, 6, 9);
    open_ok(&f);
    blkwriter_put(&f.writer, "blk00000.dat", at + 40, bytes_of("changed", 7));
    test_refused(source_block_read(f.source, &raw, source_active(f.source, 5), &f.err),
                 SANAD_REFUSED, &f.err, "no longer the block of height 5");
    assert_int_equal(raw.size, 0);
    test_ok(source_plan_make(&plan, f.source, source_tip(f.source), 0, &f.err), &f.err);
    test_ok(source_reader_open(&reader, f.source, &plan.shards[0], &f.err), &f.err);
    test_refused(source_reader_next(reader, blocks, countof(blocks), &f.err), SANAD_REFUSED, &f.err,
                 "no longer the block of height 5");
    source_reader_close(reader);
    source_plan_free(&plan);
    buf_free(&raw);
    fixture_end(&f);
}

/* ---- looking again
 * ------------------------------------------------------------------------------------------- */

static void test_refresh(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 4);
    uint64_t end = blkwriter_size(&f.writer, "blk00000.dat");
    blkwriter_zeros(&f.writer, "blk00000.dat", 100000);
    open_ok(&f);
    check_all(&f, 4);
    uint32_t node = source_tip(f.source);
    refresh_ok(&f);
    check_all(&f, 4);
    for (size_t i = 5; i <= 9; i++) { /* the space taken in advance fills */
        uint8_t head[8];
        uint32_t size = (uint32_t)f.blocks[i].raw.size;
        memcpy(head, f.params->magic, 4);
        memcpy(head + 4, &size, 4);
        blkwriter_put(&f.writer, "blk00000.dat", end, bytes_of(head, 8));
        blkwriter_put(&f.writer, "blk00000.dat", end + 8, buf_bytes(&f.blocks[i].raw));
        end += 8 + size;
        refresh_ok(&f);
        check_all(&f, (uint32_t)i);
    }
    blkwriter_cut(&f.writer, "blk00000.dat", end); /* the node closes the file */
    put_range(&f, 1, 10, 12);
    refresh_ok(&f);
    check_all(&f, 12);
    assert_int_equal(source_active(f.source, 4), node);
    assert_int_equal(f.stats.garbage_bytes, 0);
    fixture_end(&f);
}

static void test_reorganisation(void **state)
{
    (void)state;
    struct fixture f;
    struct mined branch[7];
    fixture_begin(&f, KEY);
    struct hash256 prev = f.blocks[5].hash;
    for (uint32_t i = 0; i < countof(branch); i++) {
        struct mined_options options = {.prev = prev, .height = 6 + i, .salt = 500 + i};
        mined_make(&branch[i], f.params, &options);
        prev = branch[i].hash;
    }
    put_range(&f, 0, 0, 11);
    open_ok(&f);
    check_all(&f, 11);
    for (size_t i = countof(branch); i-- > 0;) /* the tip first, its ancestors later */
        (void)blkwriter_block(&f.writer, 0, buf_bytes(&branch[i].raw));
    refresh_ok(&f);
    assert_int_equal(tip_height(&f), 12);
    assert_int_equal(f.stats.stale_blocks, 6);
    const struct header_node *six =
        header_tree_node(source_headers(f.source), source_active(f.source, 6));
    assert_true(hash256_equal(&six->hash, &branch[0].hash));
    put_range(&f, 1, 12, 15); /* and back */
    refresh_ok(&f);
    check_all(&f, 15);
    assert_int_equal(f.stats.stale_blocks, 7);
    mined_free(branch, countof(branch));
    fixture_end(&f);
}

static void test_empty_file(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    blkwriter_zeros(&f.writer, "blk00000.dat", 4096);
    open_ok(&f);
    assert_int_equal(source_tip(f.source), NODE_NONE);
    assert_int_equal(source_active(f.source, 0), NODE_NONE);
    test_refused(source_gap(f.source, &f.err), SANAD_MISSING, &f.err, "has no block yet");
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_shuffled),
        cmocka_unit_test(test_zero_key),
        cmocka_unit_test(test_stale_and_repeated),
        cmocka_unit_test(test_equal_work),
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
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_no_genesis),
        cmocka_unit_test(test_anchor_unknown),
        cmocka_unit_test(test_pruned_meanwhile),
        cmocka_unit_test(test_xor_sizes),
        cmocka_unit_test(test_wrong_key),
        cmocka_unit_test(test_key_absent),
        cmocka_unit_test(test_key_left_over),
        cmocka_unit_test(test_other_network),
        cmocka_unit_test(test_bad_work),
        cmocka_unit_test(test_bad_header),
        cmocka_unit_test(test_no_files),
        cmocka_unit_test(test_specs),
        cmocka_unit_test(test_shrunk),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_reorganisation),
        cmocka_unit_test(test_empty_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
