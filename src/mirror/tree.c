/* Tiles of a source that are not believed: each is held against the root that the log has signed
 * before anything is made of it. */
#include "mirror/mirror_priv.h"

#include <stdlib.h>

int mirror_tile_read(struct buf *ret_data, const struct tlog_reader *source,
                     const struct tlog_tile *tile, struct err *err)
{
    int code = tlog_tile_read(ret_data, source, tile, err);
    if (code == 0)
        return 0;
    (void)err_wrap(err, "source");
    if (code == SANAD_REFUSED) {
        code = SANAD_FALSE;
        if (err)
            err->code = code;
    }
    return code;
}

/* The partial tiles alone, for the root of the tree follows from them. */
static int edge_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                     struct err *err)
{
    const struct mirror_tree *tree = context;
    const struct mirror_level *level = &tree->levels[tile->level];
    struct buf data = buf_with_max(sizeof level->edge);
    (void)err;
    sanad_assert(tile->level < MIRROR_LEVELS);
    sanad_assert(level->edge_width == tile->width && level->edge_n == tile->n);
    buf_add(&data, bytes_of(level->edge, tile->width * sizeof level->edge[0]));
    *ret_data = data;
    return 0;
}

static int edge_load(struct mirror_tree *tree, unsigned level, struct err *err)
{
    uint64_t count = tree->tree.size >> 8 * level;
    struct mirror_level *at = &tree->levels[level];
    struct tlog_tile tile = {
        .level = level, .n = count / TLOG_TILE_WIDTH, .width = (unsigned)(count % TLOG_TILE_WIDTH)};
    struct buf data;
    if (tile.width == 0)
        return 0;
    int code = mirror_tile_read(&data, tree->source, &tile, err);
    if (code)
        return code;
    sanad_assert(data.size == tile.width * sizeof at->edge[0]);
    memcpy(at->edge, data.data, data.size);
    at->edge_n = tile.n;
    at->edge_width = tile.width;
    buf_free(&data);
    return 0;
}

int mirror_tree_open(struct mirror_tree *tree, const struct tlog_reader *source,
                     const struct tlog_tree *of, struct err *err)
{
    struct hash256 root;
    struct tlog_reader edges = {.context = tree, .read = edge_read};
    int code = 0;
    memset(tree, 0, sizeof *tree);
    tree->source = source;
    tree->tree = *of;
    for (unsigned level = 0; level < MIRROR_LEVELS && code == 0; level++)
        code = edge_load(tree, level, err);
    if (code == 0)
        code = tlog_root_read(&root, &edges, of->size, err);
    if (code == 0 && !hash256_equal(&root, &of->root))
        code = err_set(err, SANAD_FALSE,
                       "source: its last tiles do not give the root that its checkpoint of %llu "
                       "entries has",
                       (unsigned long long)of->size);
    return code;
}

int mirror_tree_tile(const struct hash256 **ret_hashes, struct mirror_tree *tree, unsigned level,
                     uint64_t n, struct err *err)
{
    struct mirror_level *at = &tree->levels[level];
    struct tlog_tile tile = {
        .level = level, .n = n, .width = tlog_tile_width(tree->tree.size, level, n)};
    const struct hash256 *above;
    struct hash256 root;
    struct buf data;
    char name[TLOG_PATH_SIZE];
    sanad_assert(level < MIRROR_LEVELS && tile.width > 0);
    if (tile.width < TLOG_TILE_WIDTH || (at->cached && at->n == n)) {
        *ret_hashes = tile.width < TLOG_TILE_WIDTH ? at->edge : at->tile;
        return 0;
    }
    int code = mirror_tree_tile(&above, tree, level + 1, n / TLOG_TILE_WIDTH, err);
    if (code == 0)
        code = mirror_tile_read(&data, tree->source, &tile, err);
    if (code)
        return code;
    sanad_assert(data.size == sizeof at->tile);
    at->cached = false;
    memcpy(at->tile, data.data, sizeof at->tile);
    buf_free(&data);
    tlog_tile_root(&root, at->tile);
    if (!hash256_equal(&root, &above[n % TLOG_TILE_WIDTH])) {
        tlog_tile_path(name, &tile);
        return err_set(err, SANAD_FALSE, "source: %s: not the tile that the tree above it has",
                       name);
    }
    at->cached = true;
    at->n = n;
    *ret_hashes = at->tile;
    return 0;
}

static int tree_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                     struct err *err)
{
    const struct hash256 *hashes;
    struct buf data = buf_with_max(TLOG_TILE_WIDTH * sizeof *hashes);
    int code = mirror_tree_tile(&hashes, context, tile->level, tile->n, err);
    if (code)
        return code;
    buf_add(&data, bytes_of(hashes, tile->width * sizeof *hashes));
    *ret_data = data;
    return 0;
}

struct tlog_reader mirror_tree_reader(struct mirror_tree *tree)
{
    return (struct tlog_reader){.context = tree, .read = tree_read};
}
