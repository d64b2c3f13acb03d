/* Hashes of the tree (RFC 9162, section 2.1.1), and the frontier: what must be kept of a tree to
 * add to it and to know its root. */
#include "tlog/tlog.h"

enum { LEAF_PREFIX = 0, NODE_PREFIX = 1 };

void tlog_leaf_hash(struct hash256 *ret_hash, struct bytes entry)
{
    static const uint8_t prefix[1] = {LEAF_PREFIX};
    struct sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, bytes_of(prefix, sizeof prefix));
    sha256_add(&hash, entry);
    sha256_final(ret_hash, &hash);
}

void tlog_node_hash(struct hash256 *ret_hash, const struct hash256 *left,
                    const struct hash256 *right)
{
    uint8_t message[65];
    message[0] = NODE_PREFIX;
    memcpy(message + 1, left->b, 32);
    memcpy(message + 33, right->b, 32);
    sha256_of(ret_hash, bytes_of(message, sizeof message));
}

void tlog_empty_root(struct hash256 *ret_root)
{
    sha256_of(ret_root, bytes_of("", 0));
}

void tlog_node_hashes(struct hash256 *ret_parents, const struct hash256 *children, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tlog_node_hash(&ret_parents[i], &children[2 * i], &children[2 * i + 1]);
}

/* A tree of n entries has one full subtree for each bit of n: adding one entry joins those of
 * equal size, as a carry does. */
void tlog_frontier_add(struct tlog_frontier *frontier, const struct hash256 *leaf)
{
    struct hash256 hash = *leaf;
    unsigned count = (unsigned)__builtin_popcountll(frontier->size);
    sanad_assert(frontier->size < (uint64_t)TLOG_SIZE_MAX);
    for (uint64_t size = frontier->size; size & 1; size >>= 1)
        tlog_node_hash(&hash, &frontier->roots[--count], &hash);
    frontier->roots[count] = hash;
    frontier->size++;
}

void tlog_frontier_root(struct hash256 *ret_root, const struct tlog_frontier *frontier)
{
    unsigned count = (unsigned)__builtin_popcountll(frontier->size);
    if (count == 0) {
        tlog_empty_root(ret_root);
        return;
    }
    struct hash256 root = frontier->roots[--count];
    while (count > 0)
        tlog_node_hash(&root, &frontier->roots[--count], &root);
    *ret_root = root;
}
