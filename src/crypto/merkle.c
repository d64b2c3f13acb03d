/* Bitcoin's merkle root, and the check for the repeated hashes that let two different
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

void merkle_root(struct hash256 *ret_root, bool *ret_mutated, struct hash256 *hashes, size_t count)
{
    sanad_assert(count >= 1);
    bool mutated = false;
    while (count > 1) {
        struct hash256 last[2] = {hashes[count - 1], hashes[count - 1]};
        size_t pairs = count / 2;
        mutated |= siblings_equal(hashes, count);
        sha256d_64(hashes->b, hashes->b, pairs);
        if (count % 2)
            sha256d_64(hashes[pairs].b, last[0].b, 1);
        count = pairs + count % 2;
    }
    *ret_root = hashes[0];
    *ret_mutated = mutated;
}
