/* What the tests of block folders share: a mined chain, a folder to lay it out in, and checks
 * of everything that a source then says of it. */
#ifndef SANAD_SOURCE_FOLDER_TEST_H
#define SANAD_SOURCE_FOLDER_TEST_H

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

static inline void fixture_begin(struct fixture *f, const uint8_t key[8])
{
    *f = (struct fixture){.params = chain_params_get(CHAIN_REGTEST)};
    test_folder_make(f->folder);
    blkwriter_init(&f->writer, f->folder, f->params, key);
    mined_chain(f->blocks, CHAIN_LENGTH, f->params);
}

static inline void fixture_end(struct fixture *f)
{
    source_close(f->source);
    mined_free(f->blocks, CHAIN_LENGTH);
    test_folder_remove(f->folder);
}

static inline uint64_t put(struct fixture *f, uint32_t file, size_t block)
{
    return blkwriter_block(&f->writer, file, buf_bytes(&f->blocks[block].raw));
}

static inline void put_range(struct fixture *f, uint32_t file, size_t from, size_t to)
{
    for (size_t i = from; i <= to; i++)
        (void)put(f, file, i);
}

static inline int try_open(struct fixture *f, const struct chain_anchor *anchor)
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

static inline void open_ok(struct fixture *f)
{
    test_ok(try_open(f, NULL), &f->err);
}

static inline void refresh_ok(struct fixture *f)
{
    f->err = (struct err){0};
    test_ok(source_refresh(f->source, &f->err), &f->err);
    source_stats_get(&f->stats, f->source);
}

static inline uint32_t tip_height(const struct fixture *f)
{
    uint32_t tip = source_tip(f->source);
    assert_true(tip != NODE_NONE);
    return header_tree_node(source_headers(f->source), tip)->height;
}

/* Every block of the active chain is the mined one, by single reads and by the stream. */
static inline void check_bodies(struct fixture *f, uint32_t top)
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

static inline void stream_shard(struct fixture *f, const struct source_shard *shard, bool *seen)
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

static inline void check_stream(struct fixture *f, uint32_t from)
{
    struct source_plan plan;
    bool seen[CHAIN_LENGTH] = {false};
    uint32_t top = tip_height(f);
    test_ok(source_plan_make(&plan, f->source, source_tip(f->source), from, NULL, &f->err),
            &f->err);
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

static inline void check_all(struct fixture *f, uint32_t top)
{
    check_bodies(f, top);
    check_stream(f, 0);
    if (top > 3)
        check_stream(f, 3);
}

#endif
