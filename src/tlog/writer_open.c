/* A log is begun, or opened and looked at: the tree signed last must follow from the tiles, the
 * write-ahead log must reach at least as far, and the checkpoint must be of the same log. */
#include "tlog/tlog_priv.h"

#include <stdlib.h>

/* Below the two folders. */
static int private_path(char ret_path[PATH_SIZE], const struct tlog_writer *writer,
                        const char *name, struct err *err)
{
    return path_join(ret_path, writer->private_folder, name, err);
}

static struct tlog_writer *writer_new(const struct tlog_writer_options *options)
{
    struct tlog_writer *writer = mem_zalloc(1, sizeof *writer);
    size_t size = strlen(options->origin);
    sanad_assert(size > 0 && size <= TLOG_ORIGIN_MAX && !strchr(options->origin, '\n'));
    sanad_assert(options->key->type == NOTE_KEY_TYPE_ED25519);
    writer->io = options->io ? options->io : tlog_io_posix();
    writer->public_folder = mem_strdup(options->public_folder);
    writer->private_folder = mem_strdup(options->private_folder);
    memcpy(writer->origin, options->origin, size + 1);
    writer->key = *options->key;
    memcpy(writer->seed, options->seed, sizeof writer->seed);
    writer->wal_enough = TLOG_WAL_ENOUGH;
    writer->frame = buf_with_max((size_t)TLOG_ADD_MAX + (1 << 10));
    writer->entries = buf_with_max((size_t)TLOG_WAL_MAX + TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX));
    return writer;
}

void tlog_writer_close(struct tlog_writer *writer)
{
    if (!writer)
        return;
    if (writer->wal_open)
        writer->io->append_close(writer->io->context, writer->wal);
    if (writer->locked)
        writer->io->unlock(writer->io->context, writer->lock);
    secret_wipe(writer->seed, sizeof writer->seed);
    free(writer->public_folder);
    free(writer->private_folder);
    buf_free(&writer->frame);
    buf_free(&writer->note);
    buf_free(&writer->entries);
    free(writer->leaves);
    free(writer->starts);
    free(writer);
}

static int lock_take(struct tlog_writer *writer, struct err *err)
{
    char path[PATH_SIZE];
    int code = private_path(path, writer, "lock", err);
    if (code == 0)
        code = writer->io->lock(writer->io->context, &writer->lock, path, err);
    writer->locked = code == 0;
    return code;
}

/* ---- a new log ----------------------------------------------------------------------------------
 */

/* REFUSED where a file of a log is there. */
static int absent(const struct tlog_writer *writer, const char *folder, const char *name,
                  struct err *err)
{
    struct buf raw;
    char path[PATH_SIZE];
    int code = path_join(path, folder, name, err);
    if (code)
        return code;
    code = writer->io->read(writer->io->context, &raw, path, TLOG_CHECKPOINT_MAX, err);
    if (code == SANAD_MISSING)
        return 0;
    if (code && code != SANAD_REFUSED)
        return code;
    if (code == 0)
        buf_free(&raw);
    return err_set(err, SANAD_REFUSED, "%s: a log stands there already", path);
}

static int file_place(struct tlog_writer *writer, const char *folder, const char *name,
                      struct bytes bytes, struct err *err)
{
    char path[PATH_SIZE];
    int code = path_join(path, folder, name, err);
    if (code == 0)
        code = tlog_writer_put(writer, path, bytes, err);
    if (code == 0)
        code = tlog_writer_settle(writer, path, err);
    return code ? code : writer->io->sync_all(writer->io->context, folder, err);
}

/* The write-ahead log comes first: where private/signed stands, it does too. */
static int log_begin(struct tlog_writer *writer, struct err *err)
{
    struct buf header = buf_with_max(1 << 10);
    struct tlog_tree empty = {.size = 0};
    struct buf note;
    random_bytes(writer->mark, sizeof writer->mark);
    tlog_wal_header_write(&header, writer->mark, writer->origin, 0);
    tlog_empty_root(&empty.root);
    tlog_writer_note(&note, writer, &empty);
    int code = file_place(writer, writer->private_folder, "wal", buf_bytes(&header), err);
    if (code == 0)
        code = file_place(writer, writer->private_folder, "signed", buf_bytes(&note), err);
    if (code == 0)
        code = file_place(writer, writer->public_folder, "checkpoint", buf_bytes(&note), err);
    buf_free(&header);
    buf_free(&note);
    return code;
}

int tlog_writer_init(const struct tlog_writer_options *options, struct err *err)
{
    struct tlog_writer *writer = writer_new(options);
    int code = lock_take(writer, err);
    if (code == 0)
        code = absent(writer, writer->private_folder, "signed", err);
    if (code == 0)
        code = absent(writer, writer->public_folder, "checkpoint", err);
    if (code == 0)
        code = log_begin(writer, err);
    tlog_writer_close(writer);
    return code;
}

/* ---- what was signed ----------------------------------------------------------------------------
 */

int tlog_writer_note_read(struct tlog_tree *ret_tree, const struct tlog_writer *writer,
                          const char *path, struct bytes raw, struct err *err)
{
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    bool valid = false;
    int code = note_parse(&note, path, raw, &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, path, note.text, err);
    if (code == 0 && strcmp(checkpoint.origin, writer->origin) != 0)
        code = err_set(err, SANAD_FALSE, "%s: it is of %s, not of %s", path, checkpoint.origin,
                       writer->origin);
    if (code == 0 && (note_verify(&valid, &note, &writer->key, 1, NULL) != 0 || !valid))
        code = err_set(err, SANAD_FALSE, "%s: the log's key has not signed it", path);
    arena_free(&arena);
    if (code)
        return tlog_evidence(code, err);
    ret_tree->size = checkpoint.size;
    ret_tree->root = checkpoint.root;
    return 0;
}

static int signed_load(struct tlog_writer *writer, struct err *err)
{
    char path[PATH_SIZE];
    int code = private_path(path, writer, "signed", err);
    if (code)
        return code;
    code = writer->io->read(writer->io->context, &writer->note, path, TLOG_CHECKPOINT_MAX, err);
    if (code)
        return tlog_evidence(code, err);
    return tlog_writer_note_read(&writer->tree, writer, path, buf_bytes(&writer->note), err);
}

/* ---- the tree's edge ----------------------------------------------------------------------------
 */

/* One level's last tile, each of its hashes against the tile below. */
static int edge_load(struct tlog_writer *writer, const struct tlog_reader *reader, unsigned level,
                     struct err *err)
{
    uint64_t count = writer->tree.size >> 8 * level;
    struct tlog_edge *edge = &writer->edges.level[level];
    struct tlog_tile tile = {.level = level, .n = count / TLOG_TILE_WIDTH};
    struct buf data;
    tile.width = tlog_tile_width(writer->tree.size, level, tile.n);
    if (tile.width == 0)
        return 0;
    int code = tlog_tile_read(&data, reader, &tile, err);
    if (code)
        return code;
    edge->count = tile.width;
    memcpy(edge->hashes, data.data, data.size);
    buf_free(&data);
    for (uint64_t i = count - tile.width; level > 0 && i < count && code == 0; i++)
        code = tlog_parent_check(reader, writer->tree.size, level, i, err);
    return code;
}

/* The last bundle, where it is not full, against the hashes at the edge. */
static int bundle_load(struct tlog_writer *writer, const struct tlog_reader *reader,
                       struct err *err)
{
    struct tlog_tile tile = {.level = TLOG_ENTRIES, .n = writer->tree.size / TLOG_TILE_WIDTH};
    struct buf data;
    tile.width = tlog_tile_width(writer->tree.size, TLOG_ENTRIES, tile.n);
    if (tile.width == 0)
        return 0;
    int code = tlog_tile_read(&data, reader, &tile, err);
    if (code)
        return code;
    code = tlog_bundle_check(&tile, buf_bytes(&data), writer->edges.level[0].hashes, err);
    if (code == 0)
        tlog_writer_bundle(writer, buf_bytes(&data));
    buf_free(&data);
    return code;
}

static int tree_load(struct tlog_writer *writer, const struct tlog_reader *reader, struct err *err)
{
    struct hash256 root;
    int code = 0;
    for (unsigned level = 0; level < TLOG_EDGE_COUNT && code == 0; level++)
        code = edge_load(writer, reader, level, err);
    if (code == 0)
        code = bundle_load(writer, reader, err);
    if (code)
        return tlog_absence(code, err);
    tlog_edges_frontier(&writer->frontier, &writer->edges);
    sanad_assert(writer->frontier.size == writer->tree.size);
    tlog_frontier_root(&root, &writer->frontier);
    if (!hash256_equal(&root, &writer->tree.root))
        return err_set(err, SANAD_FALSE,
                       "%s/tile: it does not give the root of %llu entries that was signed",
                       writer->public_folder, (unsigned long long)writer->tree.size);
    return 0;
}

/* ---- the checkpoint that others see -------------------------------------------------------------
 */

static int placed_check(const struct tlog_writer *writer, const struct tlog_reader *reader,
                        const char *path, const struct tlog_tree *placed, struct err *err)
{
    struct hash256 before = placed->root;
    struct hash256 after = writer->tree.root;
    struct tlog_proof proof;
    int code = 0;
    if (placed->size > writer->tree.size)
        return err_set(err, SANAD_FALSE, "%s: it is ahead of %s/signed, which was put back", path,
                       writer->private_folder);
    if (placed->size == writer->tree.size)
        before = writer->tree.root;
    else if (placed->size > 0) {
        code = tlog_path_read(&proof, reader, placed->size, writer->tree.size, err);
        if (code == 0)
            code = tlog_path_climb(&before, &after, placed->size, writer->tree.size, &proof, err);
    }
    if (code)
        return tlog_absence(code, err);
    if (!hash256_equal(&before, &placed->root) || !hash256_equal(&after, &writer->tree.root))
        return err_set(err, SANAD_FALSE, "%s: it is not of the tree that was signed", path);
    return 0;
}

/* None is fine: the next one is placed. */
static int checkpoint_check(const struct tlog_writer *writer, const struct tlog_reader *reader,
                            struct err *err)
{
    char path[PATH_SIZE];
    struct buf raw;
    struct tlog_tree placed = {.size = 0};
    int code = path_join(path, writer->public_folder, "checkpoint", err);
    if (code)
        return code;
    code = writer->io->read(writer->io->context, &raw, path, TLOG_CHECKPOINT_MAX, err);
    if (code == SANAD_MISSING)
        return 0;
    if (code)
        return tlog_evidence(code, err);
    code = tlog_writer_note_read(&placed, writer, path, buf_bytes(&raw), err);
    if (code == 0)
        code = placed_check(writer, reader, path, &placed, err);
    buf_free(&raw);
    return code;
}

/* ---- the write-ahead log ------------------------------------------------------------------------
 */

/* Entries that were signed meanwhile, against the leaf hashes in the tiles. */
struct wal_check {
    const struct tlog_writer *writer;
    const struct tlog_reader *reader;
    const char *path;
    struct buf hashes; /* of tile n */
    uint64_t n;
};

static int signed_entry_check(struct wal_check *check, uint64_t index, struct bytes entry,
                              struct err *err)
{
    struct tlog_tile tile = {.level = 0, .n = index / TLOG_TILE_WIDTH};
    struct hash256 leaf;
    if (check->hashes.size == 0 || check->n != tile.n) {
        tile.width = tlog_tile_width(check->writer->tree.size, 0, tile.n);
        buf_free(&check->hashes);
        check->hashes = (struct buf){0};
        int code = tlog_absence(tlog_tile_read(&check->hashes, check->reader, &tile, err), err);
        if (code)
            return code;
        check->n = tile.n;
    }
    tlog_leaf_hash(&leaf, entry);
    if (memcmp(check->hashes.data + index % TLOG_TILE_WIDTH * 32, leaf.b, 32) != 0)
        return err_set(err, SANAD_FALSE, "%s: its entry %llu is not the one in the tiles",
                       check->path, (unsigned long long)index);
    return 0;
}

static int frame_replay(struct tlog_writer *writer, struct wal_check *check,
                        const struct tlog_wal_frame *frame, struct err *err)
{
    struct cursor cursor = cursor_of(frame->entries);
    for (uint64_t index = frame->first; !cursor_done(&cursor); index++) {
        struct bytes entry;
        if (index == writer->tree.size) {
            tlog_writer_append(writer, bytes_of(cursor.at, cursor_left(&cursor)));
            return 0;
        }
        bool taken = tlog_entry_take(&entry, &cursor);
        sanad_assert(taken); /* checked when the file was parsed */
        int code = signed_entry_check(check, index, entry, err);
        if (code)
            return code;
    }
    return 0;
}

/* Every frame, and into `keep` those that hold what is not signed. */
static int wal_replay(struct tlog_writer *writer, const struct tlog_reader *reader,
                      const char *path, struct tlog_wal wal, struct buf *keep, struct err *err)
{
    struct wal_check check = {.writer = writer, .reader = reader, .path = path};
    struct tlog_wal_frame frame;
    struct bytes raw;
    int code = 0;
    while (code == 0 && tlog_wal_next(&frame, &raw, &wal)) {
        if (frame.first + frame.count <= writer->tree.size) {
            code = frame_replay(writer, &check, &frame, err);
            continue;
        }
        if (keep->size == 0)
            tlog_wal_header_write(keep, writer->mark, writer->origin, frame.first);
        buf_add(keep, raw);
        if (frame.first < writer->tree.size)
            code = frame_replay(writer, &check, &frame, err);
        else
            tlog_writer_append(writer, frame.entries);
    }
    buf_free(&check.hashes);
    if (keep->size == 0)
        tlog_wal_header_write(keep, writer->mark, writer->origin, writer->tree.size);
    return code;
}

/* A bundle is full only once all its entries are in the write-ahead log. */
static int beyond_check(const struct tlog_writer *writer, const struct tlog_reader *reader,
                        struct err *err)
{
    struct tlog_tile tile = {.level = TLOG_ENTRIES,
                             .n = writer->frontier.size / TLOG_TILE_WIDTH,
                             .width = TLOG_TILE_WIDTH};
    char name[TLOG_PATH_SIZE];
    struct buf data;
    int code = reader->read(reader->context, &data, &tile, err);
    if (code == SANAD_MISSING)
        return 0;
    if (code)
        return tlog_evidence(code, err);
    buf_free(&data);
    tlog_tile_path(name, &tile);
    return err_set(err, SANAD_FALSE, "%s/%s: it is ahead of %s, which was put back",
                   writer->public_folder, name, writer->private_folder);
}

/* Begun anew with what is not signed yet: that cuts a torn tail, and makes durable what a writer
 * that ended in between may have left unsynced. */
static int wal_load(struct tlog_writer *writer, const struct tlog_reader *reader, struct err *err)
{
    struct buf raw;
    struct buf keep = buf_with_max((size_t)TLOG_WAL_MAX + TLOG_ADD_MAX);
    struct tlog_wal wal;
    char path[PATH_SIZE];
    int code = private_path(path, writer, "wal", err);
    if (code)
        return code;
    code =
        writer->io->read(writer->io->context, &raw, path, (size_t)TLOG_WAL_MAX + TLOG_ADD_MAX, err);
    if (code)
        return tlog_absence(code, err);
    code = tlog_wal_parse(&wal, path, buf_bytes(&raw), writer->origin, err);
    if (code == 0 && (wal.base > writer->tree.size || wal.end < writer->tree.size))
        code = err_set(err, SANAD_FALSE, "%s: it holds entries %llu to %llu, %llu were signed",
                       path, (unsigned long long)wal.base, (unsigned long long)wal.end,
                       (unsigned long long)writer->tree.size);
    if (code == 0) {
        memcpy(writer->mark, wal.mark.data, sizeof writer->mark);
        code = wal_replay(writer, reader, path, wal, &keep, err);
    }
    if (code == 0)
        code = beyond_check(writer, reader, err);
    sanad_assert(!keep.bad);
    if (code == 0)
        code = tlog_writer_wal_begin(writer, buf_bytes(&keep), err);
    buf_free(&raw);
    buf_free(&keep);
    return code;
}

int tlog_writer_open(struct tlog_writer **ret_writer, const struct tlog_writer_options *options,
                     struct err *err)
{
    struct tlog_writer *writer = writer_new(options);
    struct tlog_reader reader = tlog_writer_reader(writer);
    int code = lock_take(writer, err);
    if (code == 0)
        code = signed_load(writer, err);
    if (code == 0)
        code = tree_load(writer, &reader, err);
    if (code == 0)
        code = checkpoint_check(writer, &reader, err);
    if (code == 0)
        code = wal_load(writer, &reader, err);
    if (code)
        tlog_writer_close(writer);
    else
        *ret_writer = writer;
    return code;
}
