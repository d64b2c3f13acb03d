/* Proves that headers wait for their predecessor and come out all at once, whatever the
 * order; that room is used again; and that a folder written backwards joins whole. */
#include "source/source_priv.h"

#include "blkwriter.h"
#include "support.h"

enum { MANY = 5000, CHILDREN = 3, BACKWARDS = 400 };

/* A header that names `prev` and is told from others by `mark`. */
static void make(uint8_t raw[HEADER_SIZE], uint32_t prev, uint32_t mark)
{
    memset(raw, 0, HEADER_SIZE);
    memcpy(raw + 4, &prev, sizeof prev);
    memcpy(raw + 30, &prev, sizeof prev);
    memcpy(raw + 40, &mark, sizeof mark);
}

static struct hash256 hash_of(uint32_t prev)
{
    struct hash256 hash = {{0}};
    memcpy(hash.b, &prev, sizeof prev);
    memcpy(hash.b + 26, &prev, sizeof prev);
    return hash;
}

static void take_all(struct pending *pending, uint32_t prev, bool children[CHILDREN])
{
    struct hash256 hash = hash_of(prev);
    uint32_t entry = pending_take(pending, &hash);
    while (entry != PENDING_NONE) {
        uint32_t next = pending->entries[entry].next;
        uint32_t mark = load_le32(pending->entries[entry].raw + 40);
        assert_int_equal(pending->entries[entry].place.offset, prev);
        assert_true(mark < CHILDREN);
        assert_false(children[mark]);
        children[mark] = true;
        pending_release(pending, entry);
        entry = next;
    }
}

static void test_take(void **state)
{
    (void)state;
    struct pending pending;
    uint8_t raw[HEADER_SIZE];
    pending_init(&pending);
    struct hash256 none = hash_of(1);
    assert_int_equal(pending_take(&pending, &none), PENDING_NONE);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < MANY * CHILDREN; i++) {
            make(raw, i % MANY, i / MANY);
            assert_null(pending_find(&pending, raw));
            assert_true(pending_add(&pending, raw, (struct source_place){.offset = i % MANY}));
            assert_non_null(pending_find(&pending, raw));
        }
        assert_int_equal(pending.live, MANY * CHILDREN);
        for (uint32_t i = 0; i < MANY; i++) {
            bool children[CHILDREN] = {false};
            take_all(&pending, i * 7 % MANY, children);
            for (size_t c = 0; c < CHILDREN; c++)
                assert_true(children[c]);
        }
        assert_int_equal(pending.live, 0);
        assert_int_equal(pending.entry_count, MANY * CHILDREN); /* room is used again */
    }
    pending_free(&pending);
}

static void test_backwards(void **state)
{
    (void)state;
    static struct mined blocks[BACKWARDS];
    char folder[PATH_SIZE];
    char spec[PATH_SIZE + 8];
    struct blkwriter writer;
    struct source *source;
    struct source_stats stats;
    struct err err = {0};
    struct source_options options = {.params = chain_params_get(CHAIN_REGTEST)};
    mined_chain(blocks, BACKWARDS, options.params);
    test_folder_make(folder);
    blkwriter_init(&writer, folder, options.params, NULL);
    for (size_t i = BACKWARDS; i-- > 1;)
        (void)blkwriter_block(&writer, 0, buf_bytes(&blocks[i].raw));
    (void)blkwriter_block(&writer, 0, buf_bytes(&blocks[50].raw)); /* repeated, both waiting */
    (void)snprintf(spec, sizeof spec, "blocks:%s", folder);
    test_refused(source_open(&source, spec, &options, &err), SANAD_MISSING, &err,
                 "the genesis block is not there");
    (void)blkwriter_block(&writer, 1, buf_bytes(&blocks[0].raw));
    test_ok(source_open(&source, spec, &options, &err), &err);
    source_stats_get(&stats, source);
    uint32_t tip = source_tip(source);
    assert_int_equal(header_tree_node(source_headers(source), tip)->height, BACKWARDS - 1);
    assert_int_equal(stats.blocks, BACKWARDS);
    assert_int_equal(stats.repeated_blocks, 1);
    assert_int_equal(stats.orphan_blocks, 0);
    source_close(source);
    mined_free(blocks, BACKWARDS);
    test_folder_remove(folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_backwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
