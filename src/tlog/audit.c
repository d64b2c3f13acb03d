/* Audits: every leaf hash from its entry, every tile above from those below it, the root from the
 * last tiles; each file is read once, and no more is kept than one tile a level. */
#include "tlog/tlog_priv.h"

#include <stdlib.h>

bool tlog_entry_take(struct bytes *ret_entry, struct cursor *cursor)
{
    struct bytes length = cursor_take(cursor, 2);
    if (cursor->bad)
        return false;
    *ret_entry = cursor_take(cursor, (uint64_t)length.data[0] << 8 | length.data[1]);
    return !cursor->bad;
}

int tlog_bundle_check(const struct tlog_tile *tile, struct bytes bundle,
                      const struct hash256 *hashes, struct err *err)
{
    struct hash256 found[TLOG_TILE_WIDTH];
    char name[TLOG_PATH_SIZE];
    bool taken = tlog_bundle_leaves(found, bundle, tile->width);
    sanad_assert(taken); /* its size was checked when it was read */
    for (unsigned i = 0; i < tile->width; i++) {
        if (hash256_equal(&found[i], &hashes[i]))
            continue;
        tlog_tile_path(name, tile);
        return err_set(err, SANAD_FALSE, "%s: entry %llu is not the one that tile/0 has", name,
                       (unsigned long long)(tile->n * TLOG_TILE_WIDTH + i));
    }
    return 0;
}

int tlog_evidence(int code, struct err *err)
{
    if (code != SANAD_REFUSED)
        return code;
    if (err)
        err->code = SANAD_FALSE;
    return SANAD_FALSE;
}

int tlog_absence(int code, struct err *err)
{
    if (code != SANAD_MISSING)
        return tlog_evidence(code, err);
    if (err)
        err->code = SANAD_FALSE;
    return SANAD_FALSE;
}

void tlog_edges_frontier(struct tlog_frontier *ret_frontier, const struct tlog_edges *edges)
{
    struct tlog_frontier frontier = {.size = 0};
    size_t root_count = 0;
    for (unsigned level = TLOG_EDGE_COUNT; level-- > 0;) {
        const struct hash256 *at = edges->level[level].hashes;
        unsigned count = edges->level[level].count;
        sanad_assert(count < TLOG_TILE_WIDTH);
        frontier.size |= (uint64_t)count << 8 * level;
        for (unsigned width = TLOG_TILE_WIDTH / 2; width > 0; width /= 2) {
            struct hash256 hashes[TLOG_TILE_WIDTH / 2];
            if (!(count & width))
                continue;
            memcpy(hashes, at, width * sizeof *hashes);
            for (unsigned left = width; left > 1; left /= 2)
                tlog_node_hashes(hashes, hashes, left / 2);
            frontier.roots[root_count++] = hashes[0];
            at += width;
        }
    }
    *ret_frontier = frontier;
}

/* An audit on its way: the tiles that are not full yet. */
struct audit {
    const struct tlog_reader *reader;
    uint64_t size; /* of the tree */
    struct tlog_edges *edges;
    struct tlog_audit done;
};

/* The tile that is being filled at a level, as the files have it. */
static int tile_compare(struct audit *audit, unsigned level, struct err *err)
{
    const struct tlog_edge *edge = &audit->edges->level[level];
    uint64_t end = audit->done.entries >> 8 * level; /* hashes of the level so far */
    struct tlog_tile tile = {
        .level = level, .n = (end - edge->count) / TLOG_TILE_WIDTH, .width = edge->count};
    char name[TLOG_PATH_SIZE];
    struct buf data;
    int code = tlog_evidence(tlog_tile_read(&data, audit->reader, &tile, err), err);
    if (code)
        return code;
    sanad_assert(data.size == edge->count * sizeof *edge->hashes);
    if (memcmp(data.data, edge->hashes, data.size) != 0) {
        char below[TLOG_PATH_SIZE];
        struct tlog_tile bundle = {.level = TLOG_ENTRIES, .n = tile.n, .width = tile.width};
        tlog_tile_path(name, &tile);
        tlog_tile_path(below, &bundle);
        code = err_set(err, SANAD_FALSE, "%s: its hashes are not those of %s", name,
                       level == 0 ? below : "the tiles below");
    }
    buf_free(&data);
    return code;
}

/* A level's tile is full: it is compared, and its root goes one level up, and so on. */
static int tiles_join(struct audit *audit, struct err *err)
{
    for (unsigned level = 0; audit->edges->level[level].count == TLOG_TILE_WIDTH; level++) {
        struct tlog_edge *edge = &audit->edges->level[level];
        struct tlog_edge *above = edge + 1;
        sanad_assert(level + 1 < TLOG_EDGE_COUNT);
        int code = tile_compare(audit, level, err);
        if (code)
            return code;
        tlog_tile_root(&above->hashes[above->count++], edge->hashes);
        edge->count = 0;
    }
    return 0;
}

/* Leaf hashes of one bundle. */
static void bundle_hash(struct audit *audit, struct bytes bundle, unsigned width)
{
    struct tlog_edge *edge = &audit->edges->level[0];
    sanad_assert(edge->count == 0);
    bool taken = tlog_bundle_leaves(edge->hashes, bundle, width);
    sanad_assert(taken); /* its size was checked when it was read */
    edge->count = width;
    audit->done.entries += width;
    audit->done.bytes += bundle.size - 2 * (size_t)width;
}

static int bundle_visit(const struct audit *audit, struct bytes bundle, unsigned width,
                        tlog_entry_visit *visit, void *context, struct err *err)
{
    struct cursor cursor = cursor_of(bundle);
    struct bytes entry;
    int code = 0;
    for (unsigned i = 0; i < width && code == 0; i++) {
        bool taken = tlog_entry_take(&entry, &cursor);
        sanad_assert(taken);
        code = visit(context, audit->done.entries - width + i, entry, err);
    }
    return code;
}

/* The tiles that stay partial, and the root above all. */
static int audit_end(struct audit *audit, const struct hash256 *root, struct err *err)
{
    struct tlog_frontier frontier;
    struct hash256 found;
    int code = 0;
    for (unsigned level = 0; level < TLOG_EDGE_COUNT && code == 0; level++)
        if (audit->edges->level[level].count > 0)
            code = tile_compare(audit, level, err);
    if (code)
        return code;
    tlog_edges_frontier(&frontier, audit->edges);
    sanad_assert(frontier.size == audit->size);
    tlog_frontier_root(&found, &frontier);
    if (!hash256_equal(&found, root))
        return err_set(err, SANAD_FALSE, "log of %llu entries: they give another root",
                       (unsigned long long)audit->size);
    return 0;
}

int tlog_audit_run(struct tlog_audit *ret_audit, const struct tlog_reader *reader,
                   const struct tlog_tree *tree, tlog_entry_visit *visit, void *context,
                   struct err *err)
{
    struct audit audit = {.reader = reader, .size = tree->size};
    int code = 0;
    audit.edges = mem_zalloc(1, sizeof *audit.edges);
    while (code == 0 && audit.done.entries < tree->size) {
        struct buf data;
        struct tlog_tile tile = {.level = TLOG_ENTRIES, .n = audit.done.entries / TLOG_TILE_WIDTH};
        tile.width = tlog_tile_width(tree->size, TLOG_ENTRIES, tile.n);
        code = tlog_evidence(tlog_tile_read(&data, reader, &tile, err), err);
        if (code)
            break;
        bundle_hash(&audit, buf_bytes(&data), tile.width);
        code = tiles_join(&audit, err);
        if (code == 0 && visit)
            code = bundle_visit(&audit, buf_bytes(&data), tile.width, visit, context, err);
        buf_free(&data);
    }
    if (code == 0)
        code = audit_end(&audit, &tree->root, err);
    free(audit.edges);
    if (code == 0)
        *ret_audit = audit.done;
    return code;
}
