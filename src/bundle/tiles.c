/* The tiles of a bundle's tree, computed when they are asked for: from its edge, its entries, and
 * the hash of each 65,536 of them that was kept when the bundle was read. */
#include "bundle/bundle_priv.h"

/* Where a slice lies: from the start of its group, or from the one read before it, slice by
 * slice. */
static int slice_find(uint64_t *ret_offset, size_t *ret_size, struct bundle *bundle, uint64_t n,
                      struct err *err)
{
    uint64_t group = n / TLOG_TILE_WIDTH - (bundle->head.base >> 16);
    uint64_t slice =
        group ? n / TLOG_TILE_WIDTH * TLOG_TILE_WIDTH : bundle->head.base / TLOG_TILE_WIDTH;
    sanad_assert(group < bundle->group_count);
    uint64_t offset = bundle->groups[group].offset;
    uint8_t length[BUNDLE_LENGTH_SIZE];
    if (bundle->next_offset && bundle->next_slice >= slice && bundle->next_slice <= n) {
        slice = bundle->next_slice;
        offset = bundle->next_offset;
    }
    for (;; slice++) {
        int code = offset < bundle->end ? bundle_bytes(length, bundle, offset, sizeof length, err)
                                        : err_set(err, SANAD_IO, "%s: changed", bundle->object);
        if (code)
            return code;
        offset += sizeof length;
        size_t size = load_be32(length);
        if (size > BUNDLE_SLICE_MAX || size > bundle->end - offset)
            return err_set(err, SANAD_IO, "%s: it has changed", bundle->object);
        if (slice == n) {
            *ret_offset = offset;
            *ret_size = size;
            break;
        }
        offset += size;
    }
    bundle->next_slice = n + 1;
    bundle->next_offset = *ret_offset + *ret_size;
    return 0;
}

static int slice_read(struct buf *ret_slice, struct bundle *bundle, uint64_t n, struct err *err)
{
    uint64_t offset = 0;
    size_t size = 0;
    (void)pthread_mutex_lock(&bundle->lock);
    int code = slice_find(&offset, &size, bundle, n, err);
    (void)pthread_mutex_unlock(&bundle->lock);
    if (code)
        return code;
    struct buf slice = buf_with_max(BUNDLE_SLICE_MAX);
    uint8_t *room = buf_extend(&slice, size);
    if (size)
        code = bundle_bytes(room, bundle, offset, size, err);
    if (code)
        buf_free(&slice);
    else
        *ret_slice = slice;
    return code;
}

/* Leaf hashes of a slice as wide as the log has it. */
static int slice_leaves(struct hash256 ret_leaves[TLOG_TILE_WIDTH], struct bundle *bundle,
                        uint64_t n, struct err *err)
{
    struct buf slice;
    unsigned width = tlog_tile_width(bundle->head.checkpoint.size, TLOG_ENTRIES, n);
    int code = slice_read(&slice, bundle, n, err);
    if (code)
        return code;
    if (!tlog_bundle_leaves(ret_leaves, buf_bytes(&slice), width))
        code = err_set(err, SANAD_IO, "%s: it has changed", bundle->object);
    buf_free(&slice);
    return code;
}

static int tile_hashes(struct hash256 *ret_hashes, struct bundle *bundle,
                       const struct tlog_tile *tile, struct err *err);

/* One hash of a level above 0, of entries that the bundle has. */
static int hash_of(struct hash256 *ret_hash, struct bundle *bundle, unsigned level, uint64_t index,
                   struct err *err)
{
    enum { GROUP_LEVEL = 2 };
    struct hash256 below[TLOG_TILE_WIDTH];
    struct tlog_tile tile = {.level = level - 1, .n = index, .width = TLOG_TILE_WIDTH};
    if (level == GROUP_LEVEL) {
        uint64_t group = index - (bundle->head.base >> 16);
        sanad_assert(group < bundle->group_count);
        *ret_hash = bundle->groups[group].hash;
        return 0;
    }
    int code = tile_hashes(below, bundle, &tile, err);
    if (code == 0)
        tlog_tile_root(ret_hash, below);
    return code;
}

/* MISSING: a tile that the tree has not, or that ends before the bundle begins. */
static int tile_hashes(struct hash256 *ret_hashes, struct bundle *bundle,
                       const struct tlog_tile *tile, struct err *err)
{
    const struct bundle_head *head = &bundle->head;
    uint64_t base = tile->level < BUNDLE_LEVELS ? head->base >> 8 * tile->level : 0;
    uint64_t first = tile->n * TLOG_TILE_WIDTH;
    struct hash256 leaves[TLOG_TILE_WIDTH];
    int code = 0;
    if (tile->level >= BUNDLE_LEVELS ||
        tile->width > tlog_tile_width(head->checkpoint.size, tile->level, tile->n) ||
        (first < base && base / TLOG_TILE_WIDTH != tile->n))
        return err_set(err, SANAD_MISSING, "%s: it has not this tile", bundle->object);
    if (tile->level == 0) {
        code = slice_leaves(leaves, bundle, tile->n, err);
        if (code == 0)
            memcpy(ret_hashes, leaves, tile->width * sizeof *leaves);
        return code;
    }
    for (unsigned i = 0; i < tile->width && code == 0; i++)
        if (first + i < base)
            ret_hashes[i] = bundle->edge[tile->level][i];
        else
            code = hash_of(&ret_hashes[i], bundle, tile->level, first + i, err);
    return code;
}

/* The first entries of a slice. */
static int entries_read(struct buf *ret_data, struct bundle *bundle, const struct tlog_tile *tile,
                        struct err *err)
{
    const struct bundle_head *head = &bundle->head;
    struct bytes entry;
    struct buf slice;
    if (tile->n < head->base / TLOG_TILE_WIDTH ||
        tile->width > tlog_tile_width(head->checkpoint.size, TLOG_ENTRIES, tile->n))
        return err_set(err, SANAD_MISSING, "%s: it has not these entries", bundle->object);
    int code = slice_read(&slice, bundle, tile->n, err);
    if (code)
        return code;
    struct cursor cursor = cursor_of(buf_bytes(&slice));
    for (unsigned i = 0; i < tile->width; i++)
        (void)tlog_entry_take(&entry, &cursor); /* cut short: the size tells the reader */
    slice.size -= cursor_left(&cursor);
    *ret_data = slice;
    return 0;
}

static int bundle_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                       struct err *err)
{
    struct hash256 hashes[TLOG_TILE_WIDTH];
    if (tile->level == TLOG_ENTRIES)
        return entries_read(ret_data, context, tile, err);
    int code = tile_hashes(hashes, context, tile, err);
    if (code)
        return code;
    *ret_data = buf_with_max(sizeof hashes);
    buf_add(ret_data, bytes_of(hashes, tile->width * sizeof *hashes));
    return 0;
}

struct tlog_reader bundle_reader(struct bundle *bundle)
{
    return (struct tlog_reader){.context = bundle, .read = bundle_read};
}
