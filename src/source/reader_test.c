/* ctest-label: threads
 * Proves the streaming reader on blocks of every size up to the largest, with stale blocks
 * and garbage between them, on many threads at once; the order of shards; and that open
 * files stay few however many files are read. */
#include "source/source_priv.h"

#include "blkwriter.h"
#include "support.h"

#include <dirent.h>
#include <stdlib.h>

enum { THREADS = 4, MANY_FILES = 150 };

struct fixture {
    char folder[PATH_SIZE];
    struct blkwriter writer;
    const struct chain_params *params;
    struct mined *blocks;
    size_t block_count;
    struct source *source;
    struct err err;
};

static const uint8_t KEY[8] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe};

static void fixture_begin(struct fixture *f, const uint32_t *fillers, size_t count)
{
    *f = (struct fixture){.params = chain_params_get(CHAIN_REGTEST), .block_count = count + 1};
    test_folder_make(f->folder);
    blkwriter_init(&f->writer, f->folder, f->params, KEY);
    f->blocks = mem_zalloc(count + 1, sizeof *f->blocks);
    mined_chain(f->blocks, 1, f->params);
    for (size_t i = 1; i <= count; i++) {
        struct mined_options options = {.prev = f->blocks[i - 1].hash,
                                        .height = (uint32_t)i,
                                        .salt = (uint32_t)i,
                                        .filler = fillers ? fillers[i - 1] : 0};
        mined_make(&f->blocks[i], f->params, &options);
    }
}

static void fixture_open(struct fixture *f)
{
    char spec[PATH_SIZE + 8];
    struct source_options options = {.params = f->params};
    (void)snprintf(spec, sizeof spec, "blocks:%s", f->folder);
    test_ok(source_open(&f->source, spec, &options, &f->err), &f->err);
    uint32_t tip = source_tip(f->source);
    assert_int_equal(header_tree_node(source_headers(f->source), tip)->height, f->block_count - 1);
}

static void fixture_end(struct fixture *f)
{
    source_close(f->source);
    mined_free(f->blocks, f->block_count);
    free(f->blocks);
    test_folder_remove(f->folder);
}

static void put(struct fixture *f, uint32_t file, size_t block)
{
    (void)blkwriter_block(&f->writer, file, buf_bytes(&f->blocks[block].raw));
}

/* How many blocks were right; negative: an error. Called from threads: asserts nothing. */
static int stream_shard(const struct fixture *f, const struct source_shard *shard, size_t max)
{
    struct source_reader *reader;
    struct source_block blocks[32];
    struct err err = {0};
    int right = 0;
    int count;
    if (source_reader_open(&reader, f->source, shard, &err) != 0)
        return -1;
    while ((count = source_reader_next(reader, blocks, max, &err)) > 0) {
        for (int i = 0; i < count; i++) {
            uint32_t height = header_tree_node(source_headers(f->source), blocks[i].node)->height;
            right += bytes_equal(bytes_of(blocks[i].data, blocks[i].size),
                                 buf_bytes(&f->blocks[height].raw));
            memset(blocks[i].data, 0xaa, blocks[i].size);
        }
    }
    source_reader_close(reader);
    return count < 0 ? -1 : right;
}

static void test_sizes(void **state)
{
    (void)state;
    static const uint32_t fillers[] = {0,      3000000, 10,      262144, 262000, 1048576,
                                       500000, 500000,  3999700, 5,      1,      1048000,
                                       60000,  60000,   60000,   0};
    static const size_t maxima[] = {1, 2, 32};
    struct fixture f;
    struct source_plan plan;
    struct mined stale[2];
    fixture_begin(&f, fillers, countof(fillers));
    for (uint32_t i = 0; i < 2; i++) {
        struct mined_options options = {.prev = f.blocks[2].hash,
                                        .height = 3,
                                        .salt = 900 + i,
                                        .filler = i == 0 ? 100000 : 20000};
        mined_make(&stale[i], f.params, &options);
    }
    for (size_t i = 0; i < f.block_count; i++) {
        put(&f, 0, i);
        if (i % 3 == 0)
            (void)blkwriter_block(&f.writer, 0, buf_bytes(&stale[i % 2].raw));
    }
    fixture_open(&f);
    for (uint32_t from = 0; from < f.block_count; from += 3) {
        test_ok(source_plan_make(&plan, f.source, source_tip(f.source), from, NULL, &f.err),
                &f.err);
        assert_int_equal(plan.shard_count, 1);
        assert_int_equal(plan.shards[0].block_count, f.block_count - from);
        for (size_t i = 0; i < countof(maxima); i++)
            assert_int_equal(stream_shard(&f, &plan.shards[0], maxima[i]), f.block_count - from);
        source_plan_free(&plan);
    }
    mined_free(stale, countof(stale));
    fixture_end(&f);
}

static int count_open(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

struct reading {
    const struct fixture *f;
    const struct source_plan *plan;
    size_t first;
    int right;
    int bad;
};

/* Every fourth shard, and single reads of all blocks, so that the threads want more files
 * than may be open. */
static void *read_some(void *context)
{
    struct reading *reading = context;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct err err = {0};
    for (size_t i = reading->first; i < reading->plan->shard_count; i += THREADS)
        reading->right += stream_shard(reading->f, &reading->plan->shards[i], 32);
    for (uint32_t i = 0; i < reading->f->block_count; i++) {
        uint32_t node = source_active(reading->f->source, i);
        if (source_block_read(reading->f->source, &raw, node, &err) != 0 ||
            !bytes_equal(buf_bytes(&raw), buf_bytes(&reading->f->blocks[i].raw)))
            reading->bad++;
    }
    buf_free(&raw);
    return NULL;
}

static void test_many_files(void **state)
{
    (void)state;
    struct fixture f;
    struct source_plan plan;
    struct reading readings[THREADS];
    pthread_t threads[THREADS];
    int right = 0;
    int before = count_open();
    fixture_begin(&f, NULL, 2 * MANY_FILES - 1);
    for (size_t i = 0; i < f.block_count; i++) /* files in no order */
        put(&f, (uint32_t)(i / 2 * 7 % MANY_FILES), i);
    fixture_open(&f);
    assert_int_equal(count_open(), before);
    test_ok(source_plan_make(&plan, f.source, source_tip(f.source), 0, NULL, &f.err), &f.err);
    assert_int_equal(plan.shard_count, MANY_FILES);
    for (size_t i = 0; i < plan.shard_count; i++)
        assert_int_equal(plan.shards[i].lowest_height, 2 * i);
    for (size_t i = 0; i < THREADS; i++) {
        readings[i] = (struct reading){.f = &f, .plan = &plan, .first = i};
        assert_int_equal(pthread_create(&threads[i], NULL, read_some, &readings[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readings[i].bad, 0);
        right += readings[i].right;
    }
    assert_int_equal(right, f.block_count);
    assert_true(count_open() <= before + FD_CACHE_SIZE);
    source_plan_free(&plan);
    fixture_end(&f);
    assert_int_equal(count_open(), before);
}

/* Where every slot is in use, one more file opens all the same, and closes when put back. */
static void test_all_pinned(void **state)
{
    (void)state;
    struct fixture f;
    struct fd_cache cache;
    struct fd_pin pins[FD_CACHE_SIZE + 2];
    fixture_begin(&f, NULL, FD_CACHE_SIZE + 2);
    for (size_t i = 0; i < countof(pins); i++)
        put(&f, (uint32_t)i, i);
    int before = count_open();
    fd_cache_init(&cache);
    for (size_t i = 0; i < countof(pins); i++) {
        test_ok(fd_cache_get(&cache, &pins[i], f.folder, FD_BLK, (uint32_t)i, &f.err), &f.err);
        assert_int_equal(pins[i].slot == NULL, i >= FD_CACHE_SIZE);
    }
    assert_int_equal(count_open(), before + FD_CACHE_SIZE + 2);
    for (size_t i = 0; i < countof(pins); i++)
        fd_cache_put(&cache, &pins[i]);
    assert_int_equal(count_open(), before + FD_CACHE_SIZE);
    test_refused(fd_cache_get(&cache, &pins[0], f.folder, FD_REV, 3, &f.err), SANAD_MISSING, &f.err,
                 "rev00003.dat: is not there");
    fd_cache_free(&cache);
    assert_int_equal(count_open(), before);
    fixture_end(&f);
}

/* A plan that begins above its tip has nothing to read. */
static void test_empty_plan(void **state)
{
    (void)state;
    struct fixture f;
    struct source_plan plan;
    fixture_begin(&f, NULL, 3);
    for (size_t i = 0; i < f.block_count; i++)
        put(&f, 0, i);
    fixture_open(&f);
    test_ok(source_plan_make(&plan, f.source, source_tip(f.source), 4, NULL, &f.err), &f.err);
    assert_int_equal(plan.shard_count + plan.bytes, 0);
    source_plan_free(&plan);
    test_ok(source_plan_make(&plan, f.source, source_active(f.source, 2), 1, NULL, &f.err), &f.err);
    assert_int_equal(plan.shards[0].block_count, 2);
    assert_int_equal(plan.to_height, 2);
    source_plan_free(&plan);
    source_plan_free(&plan); /* harmless */
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_many_files),
        cmocka_unit_test(test_all_pinned),
        cmocka_unit_test(test_empty_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
