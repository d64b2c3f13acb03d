/* Proves that a source which fetches its blocks one by one is read as block files are: every
 * block of a branch once, in order within its shard; that a block which cannot be fetched ends
 * the shard there and nowhere else, with its own error; that a plan leaves out what the source
 * knows to be of no use; that closing early joins all threads.
 * ctest-label: threads */
#include "source/source_priv.h"

#include "support.h"

#include <stdlib.h>

enum { TOP = 300, BAD_NONE = -1 };

/* Blocks that are only as true as this test needs: header and a number of bytes. */
struct toy_source {
    struct source base;
    int64_t bad_height;
    uint32_t keep; /* plans read heights that it divides; 0: all */
    atomic_uint reads;
};

static int toy_refresh(struct source *source, struct err *err)
{
    (void)source;
    (void)err;
    return 0;
}

static int toy_block_read(const struct source *source, struct buf *ret_raw, uint32_t node,
                          struct err *err)
{
    struct toy_source *toy = (struct toy_source *)source;
    uint32_t height = source_node_height(source, node);
    uint8_t raw[HEADER_SIZE];
    atomic_fetch_add(&toy->reads, 1);
    if (height == toy->bad_height)
        return err_set(err, SANAD_IO, "height %u: the line is cut", height);
    header_tree_raw(source->tree, node, raw);
    buf_add(ret_raw, bytes_of(raw, sizeof raw));
    for (uint32_t i = 0; i < height % 7; i++)
        buf_le32(ret_raw, height);
    return 0;
}

static int toy_plan_choose(struct source *source, bool *ret_reads, const uint32_t *nodes,
                           size_t count, const struct source_wanted *wanted, struct err *err)
{
    const struct toy_source *toy = (const struct toy_source *)source;
    (void)err;
    for (size_t i = 0; i < count && wanted && toy->keep; i++)
        ret_reads[i] = source_node_height(source, nodes[i]) % toy->keep == 0;
    return 0;
}

static void toy_shard_name(const struct source *source, char ret_name[SOURCE_NAME_SIZE],
                           const struct source_shard *shard)
{
    (void)source;
    (void)snprintf(ret_name, SOURCE_NAME_SIZE, "toy %u", shard->file);
}

static void toy_close(struct source *source)
{
    source_release(source);
}

static const struct source_ops toy_ops = {
    .refresh = toy_refresh,
    .block_read = toy_block_read,
    .plan_choose = toy_plan_choose,
    .shard_name = toy_shard_name,
    .reader_open = source_fetch_reader_open,
    .reader_next = source_fetch_reader_next,
    .reader_close = source_fetch_reader_close,
    .close = toy_close,
};

static void toy_begin(struct toy_source *toy)
{
    struct source_options options = {.params = chain_params_get(CHAIN_REGTEST)};
    *toy = (struct toy_source){.bad_height = BAD_NONE};
    source_init(&toy->base, &toy_ops, &options);
    source_fetch_add(&toy->base, 0);
    struct header_node tip = *header_tree_node(toy->base.tree, 0);
    for (uint32_t height = 1; height <= TOP; height++) {
        struct header header = {.version = 4, .prev = tip.hash, .time = tip.time + 600};
        struct hash256 hash;
        uint8_t raw[HEADER_SIZE];
        struct err err = {0};
        uint32_t node;
        header.bits = toy->base.params->pow_limit_bits;
        do {
            header.nonce++;
            header_write(raw, &header);
            header_hash(&hash, raw);
        } while (!header_pow_ok(toy->base.params, &hash, header.bits));
        test_ok(header_tree_add(toy->base.tree, &node, raw, &hash, &err), &err);
        source_fetch_add(&toy->base, node);
        tip = *header_tree_node(toy->base.tree, node);
    }
    source_settle(&toy->base);
}

/* Reads a shard; every block is the one of its height. Returns how many came, or the error. */
static int shard_read(struct toy_source *toy, const struct source_shard *shard, size_t max,
                      uint32_t *ret_count, struct err *err)
{
    struct source_block blocks[64];
    struct source_reader *reader;
    int got;
    *ret_count = 0;
    test_ok(source_reader_open(&reader, &toy->base, shard, err), err);
    while ((got = source_reader_next(reader, blocks, max, err)) > 0) {
        for (int i = 0; i < got; i++) {
            uint32_t height = source_node_height(&toy->base, blocks[i].node);
            assert_int_equal(blocks[i].node, shard->nodes[(*ret_count)++]);
            assert_int_equal(blocks[i].size, HEADER_SIZE + 4 * (height % 7));
            uint8_t raw[HEADER_SIZE];
            header_tree_raw(toy->base.tree, blocks[i].node, raw);
            assert_memory_equal(blocks[i].data, raw, HEADER_SIZE);
            memset(blocks[i].data, 0xee, blocks[i].size); /* a scan may write there */
        }
    }
    source_reader_close(reader);
    return got;
}

static void test_all_once(void **state)
{
    (void)state;
    struct toy_source toy;
    struct source_plan plan;
    struct err err = {0};
    toy_begin(&toy);
    for (size_t max = 1; max <= 64; max *= 4) {
        uint32_t total = 0;
        uint32_t next = 5;
        test_ok(source_plan_make(&plan, &toy.base, source_tip(&toy.base), 5, NULL, &err), &err);
        assert_int_equal(plan.block_count, TOP - 5 + 1);
        assert_int_equal(plan.left_out, 0);
        assert_int_equal(plan.bytes, 0); /* no size is known before */
        for (size_t i = 0; i < plan.shard_count; i++) {
            uint32_t count;
            assert_int_equal(plan.shards[i].lowest_height, next);
            test_ok(shard_read(&toy, &plan.shards[i], max, &count, &err), &err);
            assert_int_equal(count, plan.shards[i].block_count);
            next = plan.shards[i].highest_height + 1;
            total += count;
        }
        assert_int_equal(total, TOP - 5 + 1);
        source_plan_free(&plan);
    }
    source_close(&toy.base);
}

static void test_one_bad(void **state)
{
    (void)state;
    struct toy_source toy;
    struct source_plan plan;
    struct err err = {0};
    char name[SOURCE_NAME_SIZE];
    toy_begin(&toy);
    toy.bad_height = 150;
    test_ok(source_plan_make(&plan, &toy.base, source_tip(&toy.base), 0, NULL, &err), &err);
    for (size_t i = 0; i < plan.shard_count; i++) {
        const struct source_shard *shard = &plan.shards[i];
        uint32_t count;
        int code = shard_read(&toy, shard, 64, &count, &err);
        if (150 < shard->lowest_height || 150 > shard->highest_height) {
            test_ok(code, &err);
            continue;
        }
        test_refused(code, SANAD_IO, &err, "height 150: the line is cut");
        assert_int_equal(count, 150 - shard->lowest_height);
        source_shard_name(&toy.base, name, shard);
        assert_string_equal(name, "toy 2");
    }
    source_plan_free(&plan);
    source_close(&toy.base);
}

static void test_left_out(void **state)
{
    (void)state;
    struct toy_source toy;
    struct source_plan plan;
    struct source_wanted wanted = {.script_count = 0};
    struct err err = {0};
    toy_begin(&toy);
    toy.keep = 10;
    test_ok(source_plan_make(&plan, &toy.base, source_tip(&toy.base), 1, &wanted, &err), &err);
    assert_int_equal(plan.block_count, TOP / 10);
    assert_int_equal(plan.left_out, TOP - TOP / 10);
    for (size_t i = 0; i < plan.shard_count; i++) {
        uint32_t count;
        test_ok(shard_read(&toy, &plan.shards[i], 64, &count, &err), &err);
    }
    assert_int_equal(atomic_load(&toy.reads), TOP / 10);
    source_plan_free(&plan);
    toy.keep = 1000; /* none at all but height 0, which is not asked for */
    test_ok(source_plan_make(&plan, &toy.base, source_tip(&toy.base), 1, &wanted, &err), &err);
    assert_int_equal(plan.shard_count, 0);
    source_plan_free(&plan);
    source_close(&toy.base);
}

static void test_close_early(void **state)
{
    (void)state;
    struct toy_source toy;
    struct source_plan plan;
    struct source_reader *reader;
    struct source_block block;
    struct err err = {0};
    toy_begin(&toy);
    test_ok(source_plan_make(&plan, &toy.base, source_tip(&toy.base), 0, NULL, &err), &err);
    for (int reads = 0; reads < 4; reads++) {
        test_ok(source_reader_open(&reader, &toy.base, &plan.shards[0], &err), &err);
        for (int i = 0; i < reads; i++)
            assert_int_equal(source_reader_next(reader, &block, 1, &err), 1);
        source_reader_close(reader);
    }
    source_plan_free(&plan);
    source_close(&toy.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_once),
        cmocka_unit_test(test_one_bad),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_close_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
