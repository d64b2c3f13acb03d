/* What a source has more than the copy: bundle by bundle, several at once, each verified before a
 * byte of it is kept; then the tiles above them. */
#include "mirror/mirror_priv.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Bundles below one tile of level 1, and what they must hash to. */
struct batch {
    struct mirror_round *round;
    uint64_t first, end;                   /* bundles */
    struct hash256 roots[TLOG_TILE_WIDTH]; /* of full ones */
    unsigned width;                        /* of the last; TLOG_TILE_WIDTH: it is full */
    const struct hash256 *leaves;          /* of a last one that is not full */
    _Atomic uint64_t next;
    _Atomic uint64_t bytes;
    _Atomic bool failed;
    pthread_mutex_t lock; /* of what follows */
    int code;
    struct err err;
};

/* The leaves of a bundle, and whether they are those of the tree. */
static bool bundle_holds(struct hash256 leaves[TLOG_TILE_WIDTH], const struct batch *batch,
                         const struct tlog_tile *tile, struct bytes bundle)
{
    struct hash256 root;
    bool taken = tlog_bundle_leaves(leaves, bundle, tile->width);
    sanad_assert(taken); /* the bundle's size was checked when it was read */
    if (tile->width < TLOG_TILE_WIDTH)
        return memcmp(leaves, batch->leaves, tile->width * sizeof leaves[0]) == 0;
    tlog_tile_root(&root, leaves);
    return hash256_equal(&root, &batch->roots[tile->n - batch->first]);
}

static int copy_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                     struct err *err)
{
    const struct mirror_round *round = context;
    char name[TLOG_PATH_SIZE];
    char path[PATH_SIZE];
    tlog_tile_path(name, tile);
    int code = path_join(path, round->options->folder, name, err);
    return code ? code
                : round->io->read(round->io->context, ret_data, path,
                                  (size_t)TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX), err);
}

/* From an interrupted round, where it is whole; else from the source. */
static int bundle_read(struct buf *ret_bundle, bool *ret_there,
                       struct hash256 leaves[TLOG_TILE_WIDTH], struct batch *batch,
                       const struct tlog_reader *source, const struct tlog_tile *tile,
                       struct err *err)
{
    struct tlog_reader copy = {.context = batch->round, .read = copy_read};
    char name[TLOG_PATH_SIZE];
    *ret_there = tlog_tile_read(ret_bundle, &copy, tile, NULL) == 0;
    if (*ret_there && bundle_holds(leaves, batch, tile, buf_bytes(ret_bundle)))
        return 0;
    if (*ret_there)
        buf_free(ret_bundle);
    *ret_there = false;
    int code = mirror_tile_read(ret_bundle, source, tile, err);
    if (code)
        return code;
    if (bundle_holds(leaves, batch, tile, buf_bytes(ret_bundle)))
        return 0;
    buf_free(ret_bundle);
    tlog_tile_path(name, tile);
    return err_set(err, SANAD_FALSE, "source: %s: its entries are not those that the log signed",
                   name);
}

static int bundle_pull(struct batch *batch, const struct tlog_reader *source, uint64_t n,
                       struct err *err)
{
    struct tlog_tile tile = {.level = TLOG_ENTRIES,
                             .n = n,
                             .width = n + 1 == batch->end ? batch->width : TLOG_TILE_WIDTH};
    struct hash256 leaves[TLOG_TILE_WIDTH];
    struct buf bundle;
    bool there;
    char name[TLOG_PATH_SIZE];
    int code = bundle_read(&bundle, &there, leaves, batch, source, &tile, err);
    if (code)
        return code;
    atomic_fetch_add(&batch->bytes, bundle.size);
    tlog_tile_path(name, &tile);
    if (!there)
        code = mirror_put(batch->round, name, buf_bytes(&bundle), err);
    buf_free(&bundle);
    tile.level = 0;
    tlog_tile_path(name, &tile);
    if (code == 0)
        code = mirror_put(batch->round, name, bytes_of(leaves, tile.width * sizeof leaves[0]), err);
    return code;
}

static void batch_fail(struct batch *batch, int code, const struct err *err)
{
    (void)pthread_mutex_lock(&batch->lock);
    if (batch->code == 0) {
        batch->code = code;
        batch->err = *err;
    }
    (void)pthread_mutex_unlock(&batch->lock);
    atomic_store(&batch->failed, true);
}

static void *batch_work(void *context)
{
    struct batch *batch = context;
    const struct mirror_options *options = batch->round->options;
    struct mirror_source *source = NULL; /* a connection of this thread's own */
    struct err err;
    int code = mirror_source_of(&source, options, &err);
    struct tlog_reader reader = {0};
    if (code == 0)
        reader = mirror_source_reader(source);
    while (code == 0 && !atomic_load(&batch->failed)) {
        uint64_t n = atomic_fetch_add(&batch->next, 1);
        if (n >= batch->end)
            break;
        code = bundle_pull(batch, &reader, n, &err);
    }
    if (code)
        batch_fail(batch, code, &err);
    mirror_source_close(source);
    return NULL;
}

static void batch_run(struct batch *batch)
{
    pthread_t threads[MIRROR_THREAD_MAX];
    unsigned count = batch->round->options->thread_count;
    unsigned started = 0;
    if (count > batch->end - batch->first)
        count = (unsigned)(batch->end - batch->first);
    while (started + 1 < count && pthread_create(&threads[started], NULL, batch_work, batch) == 0)
        started++;
    (void)batch_work(batch); /* this thread is one of them */
    while (started > 0)
        (void)pthread_join(threads[--started], NULL);
}

/* The bundles that begin with `first` and end with its tile of level 1. */
static int batch_pull(struct mirror_round *round, uint64_t first, uint64_t bundles,
                      uint64_t *ret_end, struct err *err)
{
    const struct hash256 *hashes;
    uint64_t size = round->checkpoint.size;
    struct batch *batch = mem_zalloc(1, sizeof *batch);
    uint64_t above = first / TLOG_TILE_WIDTH;
    int code = 0;
    batch->round = round;
    batch->first = first;
    atomic_init(&batch->next, first);
    batch->end = (above + 1) * TLOG_TILE_WIDTH < bundles ? (above + 1) * TLOG_TILE_WIDTH : bundles;
    batch->width = tlog_tile_width(size, 0, batch->end - 1);
    (void)pthread_mutex_init(&batch->lock, NULL);
    if (batch->end - first > (batch->width < TLOG_TILE_WIDTH)) { /* some are full */
        code = mirror_tree_tile(&hashes, round->tree, 1, above, err);
        for (uint64_t n = first; code == 0 && n < batch->end - (batch->width < TLOG_TILE_WIDTH);
             n++)
            batch->roots[n - first] = hashes[n % TLOG_TILE_WIDTH];
    }
    if (code == 0 && batch->width < TLOG_TILE_WIDTH)
        code = mirror_tree_tile(&batch->leaves, round->tree, 0, batch->end - 1, err);
    if (code == 0) {
        batch_run(batch);
        code = batch->code;
        if (code && err)
            *err = batch->err;
        round->result->bytes += atomic_load(&batch->bytes);
    }
    *ret_end = batch->end;
    (void)pthread_mutex_destroy(&batch->lock);
    free(batch);
    return code;
}

/* Tiles above level 0 that are new or have grown. */
static int tiles_pull(struct mirror_round *round, unsigned level, struct err *err)
{
    uint64_t count = round->checkpoint.size >> 8 * level;
    int code = 0;
    for (uint64_t n = (round->have.size >> 8 * level) / TLOG_TILE_WIDTH;
         n * TLOG_TILE_WIDTH < count && code == 0; n++) {
        const struct hash256 *hashes;
        char name[TLOG_PATH_SIZE];
        struct tlog_tile tile = {
            .level = level, .n = n, .width = tlog_tile_width(round->checkpoint.size, level, n)};
        code = mirror_tree_tile(&hashes, round->tree, level, n, err);
        tlog_tile_path(name, &tile);
        if (code == 0)
            code = mirror_put(round, name, bytes_of(hashes, tile.width * sizeof *hashes), err);
    }
    return code;
}

int mirror_pull(struct mirror_round *round, struct err *err)
{
    uint64_t bundles = (round->checkpoint.size + TLOG_TILE_WIDTH - 1) / TLOG_TILE_WIDTH;
    int code = 0;
    for (uint64_t n = round->have.size / TLOG_TILE_WIDTH; n < bundles && code == 0;)
        code = batch_pull(round, n, bundles, &n, err);
    for (unsigned level = 1; level < MIRROR_LEVELS && code == 0; level++)
        code = tiles_pull(round, level, err);
    return code;
}
