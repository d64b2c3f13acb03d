/* Proves: the root is the one of the plain definition for every count up to 70, on every
 * kernel, branches lead to it, and "mutated" means exactly what it means to Bitcoin Core: two equal
 * siblings on some level, an odd last one not counted. */
#include "crypto/crypto_priv.h"
#include "support.h"

#include <stdlib.h>

enum { COUNT_MAX = 70 };

static void leaves_fill(struct hash256 *leaves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sha256_of(&leaves[i], bytes_of(&i, sizeof i));
}

/* The definition, recursively over the levels: copies, no lanes, no in-place work. */
static void root_plain(struct hash256 *ret_root, const struct hash256 *level, size_t count)
{
    struct hash256 above[(COUNT_MAX + 1) / 2 + 1];
    if (count == 1) {
        *ret_root = level[0];
        return;
    }
    for (size_t i = 0; i < count; i += 2) {
        struct hash256 pair[2] = {level[i], level[i + 1 < count ? i + 1 : i]};
        sha256d_of(&above[i / 2], bytes_of(pair, sizeof pair));
    }
    root_plain(ret_root, above, (count + 1) / 2);
}

static void roots_of_every_count(void **state)
{
    (void)state;
    for (int kernel = 0; kernel < SHA256_KERNEL_COUNT; kernel++) {
        if (!sha256_kernel_runs((enum sha256_kernel)kernel))
            continue;
        sha256_kernel_set((enum sha256_kernel)kernel);
        for (size_t count = 1; count <= COUNT_MAX; count++) {
            struct hash256 *leaves = mem_zalloc(count, sizeof *leaves);
            struct hash256 expected, root;
            bool mutated = true;
            leaves_fill(leaves, count);
            root_plain(&expected, leaves, count);
            merkle_root(&root, &mutated, leaves, count);
            assert_memory_equal(root.b, expected.b, 32);
            assert_false(mutated);
            free(leaves);
        }
    }
}

/* The branch of every hash leads to the root of the plain definition; that of another does not. */
static void branches_of_every_place(void **state)
{
    (void)state;
    for (size_t count = 1; count <= COUNT_MAX; count++) {
        struct hash256 leaves[COUNT_MAX], expected;
        leaves_fill(leaves, count);
        root_plain(&expected, leaves, count);
        for (size_t i = 0; i < count; i++) {
            struct hash256 copy[COUNT_MAX], at = leaves[i];
            struct merkle_branch branch;
            memcpy(copy, leaves, count * sizeof *copy);
            merkle_branch(&branch, copy, count, i);
            for (size_t level = 0; level < branch.count; level++) {
                struct hash256 sibling = branch.siblings[level];
                struct hash256 pair[2] = {branch.left[level] ? sibling : at,
                                          branch.left[level] ? at : sibling};
                sha256d_of(&at, bytes_of(pair, sizeof pair));
            }
            assert_memory_equal(at.b, expected.b, 32);
        }
    }
}

static bool is_mutated(struct hash256 *ret_root, const struct hash256 *leaves, size_t count)
{
    struct hash256 copy[COUNT_MAX];
    bool mutated = false;
    memcpy(copy, leaves, count * sizeof *copy);
    merkle_root(ret_root, &mutated, copy, count);
    return mutated;
}

/* CVE-2012-2459: 1 2 3 4 5 6 and 1 2 3 4 5 6 5 6 have one root; only the second is refused. */
static void repeated_pair_is_mutated(void **state)
{
    (void)state;
    struct hash256 leaves[8], honest, forged;
    leaves_fill(leaves, 6);
    leaves[6] = leaves[4];
    leaves[7] = leaves[5];
    assert_false(is_mutated(&honest, leaves, 6));
    assert_true(is_mutated(&forged, leaves, 8));
    assert_memory_equal(honest.b, forged.b, 32);
}

static void repeated_last_is_mutated(void **state)
{
    (void)state;
    struct hash256 leaves[COUNT_MAX], honest, forged;
    for (size_t count = 1; count < COUNT_MAX; count += 2) {
        leaves_fill(leaves, count);
        leaves[count] = leaves[count - 1];
        assert_false(is_mutated(&honest, leaves, count));
        assert_true(is_mutated(&forged, leaves, count + 1));
        /* A lone leaf is its own root: there the repetition changes the root. */
        assert_int_equal(memcmp(honest.b, forged.b, 32) == 0, count > 1);
    }
}

/* Equal siblings anywhere count, equal neighbours that are no siblings do not. */
static void only_siblings_count(void **state)
{
    (void)state;
    struct hash256 leaves[9], root;
    for (size_t i = 0; i + 1 < 9; i++) {
        leaves_fill(leaves, 9);
        leaves[i + 1] = leaves[i];
        assert_int_equal(is_mutated(&root, leaves, 9), i % 2 == 0);
    }
}

/* Every level above the leaves is looked at too. */
static void equal_subtrees_are_mutated(void **state)
{
    (void)state;
    for (size_t half = 1; half <= 32; half *= 2) {
        struct hash256 leaves[64], root;
        leaves_fill(leaves, half);
        memcpy(leaves + half, leaves, half * sizeof *leaves);
        assert_true(is_mutated(&root, leaves, 2 * half));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_of_every_count),     cmocka_unit_test(branches_of_every_place),
        cmocka_unit_test(repeated_pair_is_mutated), cmocka_unit_test(repeated_last_is_mutated),
        cmocka_unit_test(only_siblings_count),      cmocka_unit_test(equal_subtrees_are_mutated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
