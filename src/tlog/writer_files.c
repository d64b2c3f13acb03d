/* The files of a log that grows: tiles and bundles out, and all of them read back by a second path
 * before anything is signed. */
#include "tlog/tlog_priv.h"

#include <stdlib.h>

/* ---- out ---------------------------------------------------------------------------------------
 */

/* How many hashes the level has in the signed tree, in its last, partial tile alone. */
static const struct tlog_edge *edge_of(const struct tlog_writer *writer, unsigned level)
{
    return &writer->edges.level[level];
}

void tlog_levels_make(struct tlog_levels *ret_levels, const struct tlog_writer *writer)
{
    const struct hash256 *added = writer->leaves;
    size_t added_count = writer->leaf_count;
    for (unsigned level = 0; level < TLOG_EDGE_COUNT; level++) {
        const struct tlog_edge *edge = edge_of(writer, level);
        struct tlog_hashes *hashes = &ret_levels->level[level];
        hashes->first = (writer->tree.size >> 8 * level) - edge->count;
        hashes->count = edge->count + added_count;
        hashes->data = mem_zalloc(hashes->count + 1, sizeof *hashes->data);
        memcpy(hashes->data, edge->hashes, edge->count * sizeof *hashes->data);
        if (level == 0 && added_count)
            memcpy(hashes->data + edge->count, added, added_count * sizeof *added);
        for (size_t i = 0; level > 0 && i < added_count; i++)
            tlog_tile_root(&hashes->data[edge->count + i], added + i * TLOG_TILE_WIDTH);
        /* The first tile was not full, so each one that is now gives a new hash above. */
        added = hashes->data;
        added_count = hashes->count / TLOG_TILE_WIDTH;
    }
    sanad_assert(added_count == 0);
}

void tlog_levels_free(struct tlog_levels *levels)
{
    for (size_t i = 0; i < TLOG_EDGE_COUNT; i++)
        free(levels->level[i].data);
}

/* What is done with one file: its path, and what belongs there. */
struct file_step {
    int (*run)(struct file_step *step, const char *path, struct bytes data, struct err *err);
    const struct tlog_io *io;
    char folder[PATH_SIZE]; /* synced last */
};

static int file_run(struct file_step *step, const struct tlog_writer *writer,
                    const struct tlog_tile *tile, struct bytes data, struct err *err)
{
    char name[TLOG_PATH_SIZE];
    char path[PATH_SIZE];
    tlog_tile_path(name, tile);
    int code = path_join(path, writer->public_folder, name, err);
    return code ? code : step->run(step, path, data, err);
}

/* The k-th bundle of those in memory. */
static struct bytes bundle_at(const struct tlog_writer *writer, size_t k)
{
    sanad_assert(k < writer->start_count);
    size_t start = writer->starts[k];
    size_t end = k + 1 < writer->start_count ? writer->starts[k + 1] : writer->entries.size;
    return bytes_of(writer->entries.data + start, end - start);
}

static int level_each(const struct tlog_levels *levels, unsigned level,
                      const struct tlog_writer *writer, struct file_step *step, struct err *err)
{
    const struct tlog_hashes *hashes = &levels->level[level == TLOG_ENTRIES ? 0 : level];
    int code = 0;
    for (size_t at = 0; at < hashes->count && code == 0; at += TLOG_TILE_WIDTH) {
        size_t left = hashes->count - at;
        struct tlog_tile tile = {.level = level, .n = (hashes->first + at) / TLOG_TILE_WIDTH};
        tile.width = left < TLOG_TILE_WIDTH ? (unsigned)left : TLOG_TILE_WIDTH;
        struct bytes data = level == TLOG_ENTRIES
                                ? bundle_at(writer, at / TLOG_TILE_WIDTH)
                                : bytes_of(hashes->data + at, tile.width * sizeof *hashes->data);
        code = file_run(step, writer, &tile, data, err);
    }
    return code;
}

static int files_each(const struct tlog_levels *levels, const struct tlog_writer *writer,
                      struct file_step *step, struct err *err)
{
    int code = level_each(levels, TLOG_ENTRIES, writer, step, err);
    for (unsigned level = 0; level < TLOG_EDGE_COUNT && code == 0; level++)
        if (levels->level[level].count > edge_of(writer, level)->count)
            code = level_each(levels, level, writer, step, err);
    return code;
}

static void folder_of(char ret_folder[PATH_SIZE], const char *path)
{
    const char *slash = strrchr(path, '/');
    sanad_assert(slash && slash - path < PATH_SIZE);
    memcpy(ret_folder, path, (size_t)(slash - path));
    ret_folder[slash - path] = 0;
}

int tlog_temporary_path(char ret_path[PATH_SIZE], const char *path, struct err *err)
{
    char folder[PATH_SIZE];
    size_t size;
    folder_of(folder, path);
    size = strlen(folder);
    if (size > 2 && strcmp(folder + size - 2, ".p") == 0)
        return path_join(ret_path, folder, "new", err);
    int length = snprintf(ret_path, PATH_SIZE, "%s.new", path);
    if (length < 0 || length >= PATH_SIZE)
        return err_set(err, SANAD_IO, "%.200s: path too long", path);
    return 0;
}

static int step_put(struct file_step *step, const char *path, struct bytes data, struct err *err)
{
    char temporary[PATH_SIZE];
    int code = tlog_temporary_path(temporary, path, err);
    return code ? code : step->io->put(step->io->context, temporary, data, err);
}

/* A name once given keeps its bytes: what else stands there is of a tree that this writer does not
 * know, so its private folder is not the newest. */
static int taken_check(const struct tlog_io *io, const char *path, struct bytes data,
                       struct err *err)
{
    struct buf there;
    int code = io->read(io->context, &there, path, data.size, err);
    if (code == SANAD_MISSING)
        return 0;
    bool same = code == 0 && bytes_equal(buf_bytes(&there), data);
    if (code == 0)
        buf_free(&there);
    if (same || (code && code != SANAD_REFUSED))
        return code;
    return err_set(err, SANAD_FALSE, "%s: other bytes stand there: was an older state put back?",
                   path);
}

static int step_rename(struct file_step *step, const char *path, struct bytes data, struct err *err)
{
    char temporary[PATH_SIZE];
    int code = taken_check(step->io, path, data, err);
    if (code == 0)
        code = tlog_temporary_path(temporary, path, err);
    return code ? code : step->io->rename(step->io->context, temporary, path, err);
}

/* Files come level by level and in order, so that each folder is synced about once. */
static int step_sync(struct file_step *step, const char *path, struct bytes data, struct err *err)
{
    char folder[PATH_SIZE];
    (void)data;
    folder_of(folder, path);
    if (strcmp(folder, step->folder) == 0)
        return 0;
    memcpy(step->folder, folder, strlen(folder) + 1);
    return step->io->sync(step->io->context, folder, err);
}

int tlog_levels_write(const struct tlog_levels *levels, const struct tlog_writer *writer,
                      struct err *err)
{
    const struct tlog_io *io = writer->io;
    struct file_step put = {.run = step_put, .io = io};
    struct file_step rename_ = {.run = step_rename, .io = io};
    struct file_step sync_ = {.run = step_sync, .io = io};
    int code = files_each(levels, writer, &put, err);
    if (code == 0)
        code = io->sync_all(io->context, writer->public_folder, err);
    if (code == 0)
        code = files_each(levels, writer, &rename_, err);
    return code ? code : files_each(levels, writer, &sync_, err);
}

/* ---- and back -----------------------------------------------------------------------------------
 */

static int files_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                      struct err *err)
{
    const struct tlog_writer *writer = context;
    char name[TLOG_PATH_SIZE];
    char path[PATH_SIZE];
    size_t max = tile->level == TLOG_ENTRIES ? (size_t)TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX)
                                             : (size_t)TLOG_TILE_WIDTH * 32;
    tlog_tile_path(name, tile);
    int code = path_join(path, writer->public_folder, name, err);
    return code ? code : writer->io->read(writer->io->context, ret_data, path, max, err);
}

struct tlog_reader tlog_writer_reader(const struct tlog_writer *writer)
{
    /* The reader only reads: the cast takes no right to write. */
    return (struct tlog_reader){.context = (void *)(uintptr_t)writer, .read = files_read};
}

/* Entries of one bundle against their tile, both as they stand in the files. */
static int bundle_reread(const struct tlog_reader *reader, uint64_t size, uint64_t n,
                         struct err *err)
{
    struct tlog_tile tile = {
        .level = TLOG_ENTRIES, .n = n, .width = tlog_tile_width(size, TLOG_ENTRIES, n)};
    struct tlog_tile leaves = {.level = 0, .n = n, .width = tile.width};
    struct buf bundle = {0};
    struct buf hashes = {0};
    int code = tlog_tile_read(&bundle, reader, &tile, err);
    if (code == 0)
        code = tlog_tile_read(&hashes, reader, &leaves, err);
    if (code == 0)
        code = tlog_bundle_check(&tile, buf_bytes(&bundle),
                                 (const struct hash256 *)(const void *)hashes.data, err);
    buf_free(&bundle);
    buf_free(&hashes);
    return code;
}

int tlog_parent_check(const struct tlog_reader *reader, uint64_t size, unsigned level,
                      uint64_t index, struct err *err)
{
    struct tlog_tile tile = {.level = level, .n = index / TLOG_TILE_WIDTH};
    struct tlog_tile below = {.level = level - 1, .n = index, .width = TLOG_TILE_WIDTH};
    struct buf hashes = {0};
    struct buf children = {0};
    struct hash256 root;
    tile.width = tlog_tile_width(size, level, tile.n);
    sanad_assert(level > 0 && index % TLOG_TILE_WIDTH < tile.width);
    int code = tlog_tile_read(&hashes, reader, &tile, err);
    if (code == 0)
        code = tlog_tile_read(&children, reader, &below, err);
    if (code == 0) {
        tlog_tile_root(&root, (const struct hash256 *)(const void *)children.data);
        if (memcmp(hashes.data + index % TLOG_TILE_WIDTH * 32, root.b, 32) != 0) {
            char names[2][TLOG_PATH_SIZE];
            tlog_tile_path(names[0], &tile);
            tlog_tile_path(names[1], &below);
            code = err_set(err, SANAD_FALSE, "%s: hash %u is not the root of %s", names[0],
                           (unsigned)(index % TLOG_TILE_WIDTH), names[1]);
        }
    }
    buf_free(&hashes);
    buf_free(&children);
    return code;
}

/* The root that the files give, and that they continue the signed tree. */
static int roots_check(const struct tlog_writer *writer, const struct tlog_reader *reader,
                       struct err *err)
{
    uint64_t size = writer->frontier.size;
    struct hash256 expected;
    struct hash256 before;
    struct hash256 after;
    struct tlog_proof path;
    tlog_frontier_root(&expected, &writer->frontier);
    int code = tlog_root_read(&after, reader, size, err);
    if (code)
        return code;
    if (!hash256_equal(&after, &expected))
        return err_set(err, SANAD_FALSE, "%s: its files do not give the root of %llu entries",
                       writer->public_folder, (unsigned long long)size);
    if (writer->tree.size == 0)
        return 0;
    code = tlog_path_read(&path, reader, writer->tree.size, size, err);
    if (code == 0)
        code = tlog_path_climb(&before, &after, writer->tree.size, size, &path, err);
    if (code == 0 &&
        (!hash256_equal(&after, &expected) || !hash256_equal(&before, &writer->tree.root)))
        code = err_set(err, SANAD_FALSE,
                       "%s: its files do not continue the signed tree of %llu entries",
                       writer->public_folder, (unsigned long long)writer->tree.size);
    return code;
}

int tlog_files_check(const struct tlog_writer *writer, struct err *err)
{
    struct tlog_reader reader = tlog_writer_reader(writer);
    uint64_t before = writer->tree.size;
    uint64_t size = writer->frontier.size;
    int code = 0;
    sanad_assert(before < size);
    for (uint64_t n = before / TLOG_TILE_WIDTH; n <= (size - 1) / TLOG_TILE_WIDTH && code == 0; n++)
        code = bundle_reread(&reader, size, n, err);
    for (unsigned level = 1; level < TLOG_EDGE_COUNT; level++)
        for (uint64_t i = before >> 8 * level; i < size >> 8 * level && code == 0; i++)
            code = tlog_parent_check(&reader, size, level, i, err);
    return code ? code : roots_check(writer, &reader, err);
}

/* ---- leftovers ----------------------------------------------------------------------------------
 */

static void partials_remove(const struct tlog_writer *writer, struct tlog_tile tile)
{
    char name[TLOG_PATH_SIZE];
    char path[PATH_SIZE];
    char folder[PATH_SIZE];
    for (tile.width = 1; tile.width < TLOG_TILE_WIDTH; tile.width++) {
        tlog_tile_path(name, &tile);
        if (path_join(path, writer->public_folder, name, NULL) != 0)
            return;
        (void)writer->io->remove(writer->io->context, path, NULL); /* mostly it is not there */
    }
    folder_of(folder, path);
    if (tlog_temporary_path(path, path, NULL) == 0)
        (void)writer->io->remove(writer->io->context, path, NULL);
    (void)writer->io->remove(writer->io->context, folder,
                             NULL); /* a folder that stays is no harm */
}

void tlog_files_clean(const struct tlog_writer *writer, uint64_t size_before)
{
    for (unsigned level = 0; level < TLOG_EDGE_COUNT; level++) {
        struct tlog_tile tile = {.level = level, .n = size_before >> 8 * level >> 8};
        if (tlog_tile_width(writer->tree.size, level, tile.n) < TLOG_TILE_WIDTH)
            return;
        partials_remove(writer, tile);
        tile.level = TLOG_ENTRIES;
        if (level == 0)
            partials_remove(writer, tile);
    }
}
