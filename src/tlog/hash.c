/* Hashes of the tree (RFC 9162, section 2.1.1), and the frontier: what must be kept of a tree to
 * add to it and to know its root. */
#include "tlog/tlog_priv.h"

#include <stdlib.h>

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

/* Parents may take the place of their children: those that follow stand further behind. */
void tlog_node_hashes(struct hash256 *ret_parents, const struct hash256 *children, size_t count)
{
    enum { GROUP = 32, NODE_SIZE = 65 };
    uint8_t messages[GROUP][NODE_SIZE];
    struct sha256_job jobs[GROUP];
    for (size_t first = 0; first < count; first += GROUP) {
        size_t width = count - first < GROUP ? count - first : GROUP;
        for (size_t i = 0; i < width; i++) {
            messages[i][0] = NODE_PREFIX;
            memcpy(messages[i] + 1, &children[2 * (first + i)], NODE_SIZE - 1);
            jobs[i] = (struct sha256_job){messages[i], NODE_SIZE, &ret_parents[first + i]};
        }
        sha256_many(jobs, width);
    }
}

bool tlog_bundle_leaves(struct hash256 *ret_leaves, struct bytes bundle, unsigned width)
{
    struct sha256_job jobs[TLOG_TILE_WIDTH];
    struct cursor cursor = cursor_of(bundle);
    struct bytes entry;
    sanad_assert(width <= TLOG_TILE_WIDTH);
    uint8_t *messages = mem_alloc(bundle.size + 1);
    if (bundle.size > 0)
        memcpy(messages, bundle.data, bundle.size);
    for (unsigned i = 0; i < width && tlog_entry_take(&entry, &cursor); i++) {
        /* The prefix goes over the last byte of the length, which stands before the entry. */
        uint8_t *message = messages + (entry.data - bundle.data) - 1;
        message[0] = LEAF_PREFIX;
        jobs[i] = (struct sha256_job){message, entry.size + 1, &ret_leaves[i]};
    }
    bool whole = cursor_done(&cursor);
    if (whole)
        sha256_many(jobs, width);
    free(messages);
    return whole;
}

void tlog_tile_root(struct hash256 *ret_root, const struct hash256 hashes[TLOG_TILE_WIDTH])
{
    struct hash256 above[TLOG_TILE_WIDTH / 2];
    tlog_node_hashes(above, hashes, TLOG_TILE_WIDTH / 2);
    for (size_t count = TLOG_TILE_WIDTH / 4; count > 0; count /= 2)
        tlog_node_hashes(above, above, count);
    *ret_root = above[0];
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
