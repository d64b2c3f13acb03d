/* Roots and proofs from tiles. A subtree's root is read from the highest tile that holds it, so
 * that a proof costs one tile for every eight levels. */
#include "tlog/tlog_priv.h"

enum { TILE_BITS = 8, CACHE_COUNT = 16 };

/* The tiles that one proof reads, each once. */
struct tile_cache {
    const struct tlog_reader *reader;
    uint64_t size; /* of the log */
    struct tlog_tile tiles[CACHE_COUNT];
    struct buf data[CACHE_COUNT];
    size_t count;
    size_t next;
};

static void cache_free(struct tile_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++)
        buf_free(&cache->data[i]);
}

static int cache_tile(const struct buf **ret_data, struct tile_cache *cache, unsigned level,
                      uint64_t n, struct err *err)
{
    struct tlog_tile tile = {.level = level, .n = n};
    struct buf data;
    for (size_t i = 0; i < cache->count; i++)
        if (cache->tiles[i].level == level && cache->tiles[i].n == n) {
            *ret_data = &cache->data[i];
            return 0;
        }
    tile.width = tlog_tile_width(cache->size, level, n);
    sanad_assert(tile.width > 0);
    int code = tlog_tile_read(&data, cache->reader, &tile, err);
    if (code)
        return code;
    size_t place = cache->count < CACHE_COUNT ? cache->count++ : cache->next++ % CACHE_COUNT;
    buf_free(&cache->data[place]);
    cache->tiles[place] = tile;
    cache->data[place] = data;
    *ret_data = &cache->data[place];
    return 0;
}

/* The root of the full subtree of 2^height entries that begins with entry index * 2^height. */
static int subtree_full(struct hash256 *ret_hash, struct tile_cache *cache, unsigned height,
                        uint64_t index, struct err *err)
{
    unsigned level = height / TILE_BITS;
    unsigned inside = height % TILE_BITS; /* levels above the tile's hashes */
    uint64_t first = index << inside;     /* of the tile's level */
    size_t count = (size_t)1 << inside;
    struct hash256 hashes[TLOG_TILE_WIDTH / 2];
    const struct buf *data;
    int code = cache_tile(&data, cache, level, first / TLOG_TILE_WIDTH, err);
    if (code)
        return code;
    size_t offset = (size_t)(first % TLOG_TILE_WIDTH) * 32;
    sanad_assert(offset + count * 32 <= data->size); /* the subtree is full, so its hashes are */
    memcpy(hashes, data->data + offset, count * 32);
    for (; count > 1; count /= 2)
        tlog_node_hashes(hashes, hashes, count / 2);
    *ret_hash = hashes[0];
    return 0;
}

/* The root of entries first to first + count, which is no full subtree: its full parts joined
 * from the right. `first` is a multiple of the power of two at or above count. */
static int subtree_read(struct hash256 *ret_hash, struct tile_cache *cache, uint64_t first,
                        uint64_t count, struct err *err)
{
    struct hash256 hash;
    bool any = false;
    uint64_t end = first + count;
    for (unsigned height = 0; count >> height; height++) {
        struct hash256 part;
        if (!(count >> height & 1))
            continue;
        end -= (uint64_t)1 << height;
        int code = subtree_full(&part, cache, height, end >> height, err);
        if (code)
            return code;
        if (any)
            tlog_node_hash(&hash, &part, &hash);
        else
            hash = part;
        any = true;
    }
    sanad_assert(any);
    *ret_hash = hash;
    return 0;
}

int tlog_root_read(struct hash256 *ret_root, const struct tlog_reader *reader, uint64_t size,
                   struct err *err)
{
    struct tile_cache cache = {.reader = reader, .size = size};
    if (size == 0) {
        tlog_empty_root(ret_root);
        return 0;
    }
    int code = subtree_read(ret_root, &cache, 0, size, err);
    cache_free(&cache);
    return code;
}

/* The largest power of two below n. */
static uint64_t split_of(uint64_t n)
{
    sanad_assert(n > 1);
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

/* Hashes are found from the root down and stand in a proof from the leaf up. */
static void proof_turn(struct tlog_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct hash256 hash = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->count - 1 - i];
        proof->hashes[proof->count - 1 - i] = hash;
    }
}

int tlog_inclusion_prove(struct tlog_proof *ret_proof, const struct tlog_reader *reader,
                         uint64_t index, uint64_t size, struct err *err)
{
    struct tile_cache cache = {.reader = reader, .size = size};
    struct tlog_proof proof = {.count = 0};
    uint64_t first = 0;
    uint64_t count = size;
    int code = 0;
    if (index >= size)
        return err_set(err, SANAD_REFUSED, "inclusion proof: entry %llu of a tree of %llu",
                       (unsigned long long)index, (unsigned long long)size);
    while (count > 1 && code == 0) {
        uint64_t split = split_of(count);
        bool left = index - first < split;
        struct hash256 *hash = &proof.hashes[proof.count++];
        code = left ? subtree_read(hash, &cache, first + split, count - split, err)
                    : subtree_read(hash, &cache, first, split, err);
        first += left ? 0 : split;
        count = left ? split : count - split;
    }
    cache_free(&cache);
    if (code)
        return code;
    proof_turn(&proof);
    *ret_proof = proof;
    return 0;
}

/* A tree of 2^62 entries and more may need a hash more than a proof may have. */
static int path_too_long(struct tile_cache *cache, uint64_t before, uint64_t after, struct err *err)
{
    cache_free(cache);
    return err_set(err, SANAD_REFUSED, "consistency proof: from %llu to %llu: over %d hashes",
                   (unsigned long long)before, (unsigned long long)after, TLOG_PROOF_MAX);
}

int tlog_path_read(struct tlog_proof *ret_path, const struct tlog_reader *reader, uint64_t before,
                   uint64_t after, struct err *err)
{
    struct tile_cache cache = {.reader = reader, .size = after};
    struct tlog_proof path = {.count = 0};
    uint64_t first = 0;
    uint64_t count = after;
    uint64_t left = before; /* entries of the smaller tree in this subtree */
    int code = 0;
    sanad_assert(before > 0 && before < after);
    while (left != count && code == 0) {
        uint64_t split = split_of(count);
        if (path.count == TLOG_PROOF_MAX - 1) /* the last hash is still to come */
            return path_too_long(&cache, before, after, err);
        struct hash256 *hash = &path.hashes[path.count++];
        if (left <= split) {
            code = subtree_read(hash, &cache, first + split, count - split, err);
            count = split;
        } else {
            code = subtree_read(hash, &cache, first, split, err);
            first += split;
            count -= split;
            left -= split;
        }
    }
    if (code == 0)
        code = subtree_read(&path.hashes[path.count++], &cache, first, count, err);
    cache_free(&cache);
    if (code)
        return code;
    proof_turn(&path);
    *ret_path = path;
    return 0;
}

int tlog_consistency_prove(struct tlog_proof *ret_proof, const struct tlog_reader *reader,
                           uint64_t before, uint64_t after, struct err *err)
{
    struct tlog_proof path = {.count = 0};
    if (before > after)
        return err_set(err, SANAD_REFUSED, "consistency proof: from %llu down to %llu",
                       (unsigned long long)before, (unsigned long long)after);
    if (before > 0 && before < after) {
        int code = tlog_path_read(&path, reader, before, after, err);
        if (code)
            return code;
        if ((before & (before - 1)) == 0) { /* its root is known to the reader of the proof */
            path.count--;
            memmove(path.hashes, path.hashes + 1, path.count * sizeof *path.hashes);
        }
    }
    *ret_proof = path;
    return 0;
}
