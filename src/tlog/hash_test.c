/* Proves: hashes of many entries and of many nodes at once are those of one at a time, on every
 * kernel, for entries of every small size, the largest and none; the bytes of a bundle stay as they
 * are; parents may take the place of their children. */
#include "support.h"
#include "tlog/tlog.h"

#include <stdlib.h>

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* Exactly as large as it is, so that ASan sees every overread. */
static struct bytes bundle_of(const size_t *sizes, unsigned count)
{
    size_t size = 0;
    uint64_t seed = count;
    for (unsigned i = 0; i < count; i++)
        size += 2 + sizes[i];
    uint8_t *data = mem_alloc(size);
    uint8_t *at = data;
    for (unsigned i = 0; i < count; i++) {
        *at++ = (uint8_t)(sizes[i] >> 8);
        *at++ = (uint8_t)sizes[i];
        for (size_t k = 0; k < sizes[i]; k++)
            *at++ = (uint8_t)next(&seed);
    }
    return bytes_of(data, size);
}

static void leaves_check(const size_t *sizes, unsigned count)
{
    struct hash256 found[TLOG_TILE_WIDTH + 1];
    struct bytes bundle = bundle_of(sizes, count);
    uint8_t *before = mem_alloc(bundle.size);
    memcpy(before, bundle.data, bundle.size);
    memset(found, 0xee, sizeof found);
    assert_true(tlog_bundle_leaves(found, bundle, count));
    assert_memory_equal(before, bundle.data, bundle.size);
    const uint8_t *at = bundle.data;
    for (unsigned i = 0; i < count; i++) {
        struct hash256 one;
        tlog_leaf_hash(&one, bytes_of(at + 2, sizes[i]));
        assert_memory_equal(&found[i], &one, sizeof one);
        at += 2 + sizes[i];
    }
    for (size_t i = 0; i < sizeof *found; i++)
        assert_int_equal(found[count].b[i], 0xee);
    if (count < TLOG_TILE_WIDTH)
        assert_false(tlog_bundle_leaves(found, bundle, count + 1));
    assert_false(tlog_bundle_leaves(found, bundle, count - 1));
    assert_false(tlog_bundle_leaves(found, bytes_of(bundle.data, bundle.size - 1), count));
    free(before);
    free((void *)(uintptr_t)bundle.data);
}

/* Each case on every kernel that runs here. */
static void on_each_kernel(void (*check)(void))
{
    for (int kernel = 0; kernel < SHA256_KERNEL_COUNT; kernel++)
        if (sha256_kernel_runs((enum sha256_kernel)kernel)) {
            sha256_kernel_set((enum sha256_kernel)kernel);
            check();
        }
}

static void every_small_size(void)
{
    size_t sizes[TLOG_TILE_WIDTH];
    for (unsigned i = 0; i < TLOG_TILE_WIDTH; i++)
        sizes[i] = i;
    for (unsigned count = 1; count <= TLOG_TILE_WIDTH; count += 1 + count / 6)
        leaves_check(sizes, count);
    leaves_check(sizes, TLOG_TILE_WIDTH);
    for (size_t size = 50; size < 70; size++) {
        for (unsigned i = 0; i < TLOG_TILE_WIDTH; i++)
            sizes[i] = size;
        leaves_check(sizes, TLOG_TILE_WIDTH - (unsigned)size % 5);
    }
}

static void every_kind_of_size(void)
{
    size_t sizes[TLOG_TILE_WIDTH];
    uint64_t seed = 1;
    for (unsigned round = 0; round < 8; round++) {
        for (unsigned i = 0; i < TLOG_TILE_WIDTH; i++) {
            uint64_t kind = next(&seed) % 16;
            sizes[i] = kind == 0   ? 0
                       : kind == 1 ? TLOG_ENTRY_MAX - next(&seed) % 2
                       : kind < 4  ? next(&seed) % 5000
                                   : next(&seed) % 400;
        }
        leaves_check(sizes, 1 + (unsigned)(next(&seed) % TLOG_TILE_WIDTH));
    }
}

static void nodes_check(void)
{
    enum { MOST = 130 };
    struct hash256 children[2 * MOST];
    struct hash256 wanted[MOST];
    struct hash256 found[MOST + 1];
    uint64_t seed = 7;
    for (size_t count = 0; count <= MOST; count++) {
        for (size_t i = 0; i < 2 * count; i++)
            for (unsigned k = 0; k < 32; k++)
                children[i].b[k] = (uint8_t)next(&seed);
        for (size_t i = 0; i < count; i++)
            tlog_node_hash(&wanted[i], &children[2 * i], &children[2 * i + 1]);
        memset(found, 0xee, sizeof found);
        tlog_node_hashes(found, children, count);
        assert_memory_equal(found, wanted, count * sizeof *found);
        assert_int_equal(found[count].b[0], 0xee);
        tlog_node_hashes(children, children, count);
        assert_memory_equal(children, wanted, count * sizeof *children);
    }
}

static void tile_root_check(void)
{
    struct hash256 hashes[TLOG_TILE_WIDTH];
    struct tlog_frontier frontier = {.size = 0};
    struct hash256 root, found;
    uint64_t seed = 9;
    for (unsigned i = 0; i < TLOG_TILE_WIDTH; i++) {
        for (unsigned k = 0; k < 32; k++)
            hashes[i].b[k] = (uint8_t)next(&seed);
        tlog_frontier_add(&frontier, &hashes[i]);
    }
    tlog_frontier_root(&root, &frontier);
    tlog_tile_root(&found, hashes);
    assert_memory_equal(&found, &root, sizeof root);
}

static void leaves_of_small_entries(void **state)
{
    (void)state;
    on_each_kernel(every_small_size);
}

static void leaves_of_all_entries(void **state)
{
    (void)state;
    on_each_kernel(every_kind_of_size);
}

static void nodes(void **state)
{
    (void)state;
    on_each_kernel(nodes_check);
}

static void the_root_of_a_tile(void **state)
{
    (void)state;
    on_each_kernel(tile_root_check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_of_small_entries),
        cmocka_unit_test(leaves_of_all_entries),
        cmocka_unit_test(nodes),
        cmocka_unit_test(the_root_of_a_tile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
