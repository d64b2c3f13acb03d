/* Bitcoin's merkle root and branches, and the check for the repeated hashes that let two different
 * lists of transactions have one root (CVE-2012-2459). */
#include "crypto/crypto_priv.h"

/* Two equal siblings? The last hash of an odd level is no sibling of itself. */
static bool siblings_equal(const struct hash256 *hashes, size_t count)
{
    bool equal = false;
    for (size_t i = 0; i + 1 < count; i += 2)
        equal |= hash256_equal(&hashes[i], &hashes[i + 1]);
    return equal;
}

/* The level above, in the same place; returns how many hashes it has. */
static size_t level_up(struct hash256 *hashes, size_t count)
{
    struct hash256 last[2] = {hashes[count - 1], hashes[count - 1]};
    size_t pairs = count / 2;
    sha256d_64(hashes->b, hashes->b, pairs);
    if (count % 2)
        sha256d_64(hashes[pairs].b, last[0].b, 1);
    return pairs + count % 2;
}

void merkle_root(struct hash256 *ret_root, bool *ret_mutated, struct hash256 *hashes, size_t count)
{
    sanad_assert(count >= 1);
    bool mutated = false;
    while (count > 1) {
        mutated |= siblings_equal(hashes, count);
        count = level_up(hashes, count);
    }
    *ret_root = hashes[0];
    *ret_mutated = mutated;
}

void merkle_branch(struct merkle_branch *ret_branch, struct hash256 *hashes, size_t count,
                   size_t index)
{
    sanad_assert(index < count);
    struct merkle_branch branch = {.count = 0};
    for (; count > 1; index /= 2) {
        size_t sibling = index ^ 1;
        sanad_assert(branch.count < MERKLE_BRANCH_MAX);
        branch.siblings[branch.count] = hashes[sibling < count ? sibling : index];
        branch.left[branch.count++] = index % 2 == 1;
        count = level_up(hashes, count);
    }
    *ret_branch = branch;
}
