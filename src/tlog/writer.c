/* A log that is written. What is acknowledged stands in the write-ahead log; what is signed stands
 * in tiles that were synced and read back, and in private/signed, which is replaced only where it
 * still holds what this writer knows. So after a crash between any two steps the same bytes follow
 * again, and nothing is ever signed that does not continue what was. */
#include "tlog/tlog_priv.h"

#include <stdlib.h>

/* ---- parts --------------------------------------------------------------------------------------
 */

static int writer_fail(struct tlog_writer *writer, int code, struct err *why, struct err *err)
{
    writer->failure = *why;
    writer->failure.code = code;
    if (err)
        *err = *why;
    return code;
}

static int writer_ready(const struct tlog_writer *writer, struct err *err)
{
    if (writer->failure.code)
        return err_set(err, SANAD_IO, "%s: open the log again after: %.300s",
                       writer->private_folder, writer->failure.text);
    return 0;
}

int tlog_writer_put(struct tlog_writer *writer, const char *path, struct bytes bytes,
                    struct err *err)
{
    const struct tlog_io *io = writer->io;
    char temporary[PATH_SIZE];
    int code = tlog_temporary_path(temporary, path, err);
    if (code == 0)
        code = io->put(io->context, temporary, bytes, err);
    return code ? code : io->sync(io->context, temporary, err);
}

int tlog_writer_settle(struct tlog_writer *writer, const char *path, struct err *err)
{
    const struct tlog_io *io = writer->io;
    char temporary[PATH_SIZE];
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    sanad_assert(slash);
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = 0;
    int code = tlog_temporary_path(temporary, path, err);
    if (code == 0)
        code = io->rename(io->context, temporary, path, err);
    return code ? code : io->sync(io->context, folder, err);
}

int tlog_writer_wal_begin(struct tlog_writer *writer, struct bytes raw, struct err *err)
{
    const struct tlog_io *io = writer->io;
    struct err why = {0};
    char path[PATH_SIZE];
    int code = path_join(path, writer->private_folder, "wal", err);
    if (code == 0)
        code = tlog_writer_put(writer, path, raw, err);
    if (code)
        return code; /* the old one goes on */
    if (writer->wal_open)
        io->append_close(io->context, writer->wal);
    writer->wal_open = false;
    code = tlog_writer_settle(writer, path, &why);
    if (code == 0)
        code = io->append_open(io->context, &writer->wal, path, &why);
    if (code)
        return writer_fail(writer, code, &why, err);
    writer->wal_open = true;
    writer->wal_size = raw.size;
    return 0;
}

static void starts_add(struct tlog_writer *writer, size_t start)
{
    if (writer->start_count == writer->start_capacity) {
        writer->start_capacity = writer->start_capacity ? 2 * writer->start_capacity : 64;
        writer->starts =
            mem_realloc(writer->starts, writer->start_capacity, sizeof *writer->starts);
    }
    writer->starts[writer->start_count++] = start;
}

static void leaves_add(struct tlog_writer *writer, const struct hash256 *leaf)
{
    if (writer->leaf_count == writer->leaf_capacity) {
        writer->leaf_capacity = writer->leaf_capacity ? 2 * writer->leaf_capacity : 1024;
        writer->leaves = mem_realloc(writer->leaves, writer->leaf_capacity, sizeof *writer->leaves);
    }
    writer->leaves[writer->leaf_count++] = *leaf;
}

void tlog_writer_append(struct tlog_writer *writer, struct bytes entries)
{
    struct cursor cursor = cursor_of(entries);
    while (!cursor_done(&cursor)) {
        struct bytes entry;
        struct hash256 leaf;
        if (writer->frontier.size % TLOG_TILE_WIDTH == 0)
            starts_add(writer, writer->entries.size + (size_t)(cursor.at - entries.data));
        bool taken = tlog_entry_take(&entry, &cursor);
        sanad_assert(taken); /* our own frame, or one that was checked */
        tlog_leaf_hash(&leaf, entry);
        leaves_add(writer, &leaf);
        tlog_frontier_add(&writer->frontier, &leaf);
    }
    buf_add(&writer->entries, entries);
    sanad_assert(!writer->entries.bad); /* the write-ahead log has the smaller ceiling */
}

void tlog_writer_bundle(struct tlog_writer *writer, struct bytes bundle)
{
    sanad_assert(writer->start_count == 0);
    starts_add(writer, 0);
    buf_add(&writer->entries, bundle);
}

/* ---- adding -------------------------------------------------------------------------------------
 */

static int entries_join(struct buf *joined, const struct bytes *entries, size_t count,
                        struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].size > TLOG_ENTRY_MAX)
            return err_set(err, SANAD_REFUSED, "entry %zu: over %d bytes", i, TLOG_ENTRY_MAX);
        buf_u8(joined, (uint8_t)(entries[i].size >> 8));
        buf_u8(joined, (uint8_t)entries[i].size);
        buf_add(joined, entries[i]);
        if (joined->bad)
            return err_set(err, SANAD_REFUSED, "entries: over %d bytes in one call", TLOG_ADD_MAX);
    }
    return 0;
}

/* One frame, acknowledged once it is synced. */
static int frame_store(struct tlog_writer *writer, const struct tlog_wal_frame *frame,
                       struct err *err)
{
    const struct tlog_io *io = writer->io;
    struct err why = {0};
    buf_reset(&writer->frame);
    tlog_wal_frame_write(&writer->frame, writer->mark, frame);
    sanad_assert(!writer->frame.bad);
    if (writer->frame.size > TLOG_WAL_MAX - writer->wal_size)
        return err_set(err, SANAD_ENVIRONMENT, "%s: over %d bytes wait to be signed",
                       writer->private_folder, TLOG_WAL_MAX);
    int code = io->append(io->context, writer->wal, buf_bytes(&writer->frame), &why);
    if (code == 0)
        code = io->append_sync(io->context, writer->wal, &why);
    if (code) {
        (void)err_wrap(&why, "%s/wal", writer->private_folder);
        return writer_fail(writer, code, &why, err);
    }
    writer->wal_size += writer->frame.size;
    return 0;
}

int tlog_writer_add(struct tlog_writer *writer, uint64_t *ret_first, const struct bytes *entries,
                    size_t count, struct err *err)
{
    struct buf joined = buf_with_max(TLOG_ADD_MAX);
    struct tlog_wal_frame frame = {.first = writer->frontier.size};
    sanad_assert(count > 0);
    int code = writer_ready(writer, err);
    if (code == 0 && count > (uint64_t)TLOG_SIZE_MAX - writer->frontier.size)
        code = err_set(err, SANAD_REFUSED, "%s: the log is full", writer->origin);
    if (code == 0)
        code = entries_join(&joined, entries, count, err);
    if (code == 0) {
        frame.count = (uint32_t)count; /* at least two bytes each: below TLOG_ADD_MAX */
        frame.entries = buf_bytes(&joined);
        code = frame_store(writer, &frame, err);
    }
    if (code == 0) {
        tlog_writer_append(writer, frame.entries);
        *ret_first = frame.first;
    }
    buf_free(&joined);
    return code;
}

uint64_t tlog_writer_size(const struct tlog_writer *writer)
{
    return writer->frontier.size;
}

uint64_t tlog_writer_signed_size(const struct tlog_writer *writer)
{
    return writer->tree.size;
}

/* ---- signing ------------------------------------------------------------------------------------
 */

void tlog_writer_note(struct buf *ret_note, const struct tlog_writer *writer,
                      const struct tlog_tree *tree)
{
    struct tlog_checkpoint checkpoint = {.size = tree->size, .root = tree->root};
    struct buf note = buf_with_max(TLOG_CHECKPOINT_MAX);
    memcpy(checkpoint.origin, writer->origin, sizeof checkpoint.origin);
    tlog_checkpoint_write(&note, &checkpoint);
    struct bytes text = bytes_of(note.data, note.size);
    struct buf lines = buf_with_max(TLOG_CHECKPOINT_MAX);
    note_sign(&lines, text, &writer->key, writer->seed);
    buf_u8(&note, '\n');
    buf_add(&note, buf_bytes(&lines));
    sanad_assert(!note.bad);
    buf_free(&lines);
    *ret_note = note;
}

/* private/signed still is what this writer read or wrote last. */
static int signed_compare(const struct tlog_writer *writer, const char *path, struct err *err)
{
    struct buf raw;
    int code = writer->io->read(writer->io->context, &raw, path, TLOG_CHECKPOINT_MAX, err);
    if (code)
        return code;
    if (!bytes_equal(buf_bytes(&raw), buf_bytes(&writer->note)))
        code = err_set(err, SANAD_ENVIRONMENT, "%s: another writer has signed", path);
    buf_free(&raw);
    return code;
}

/* Compare and swap. The note goes out only after it is stored. */
static int signed_swap(struct tlog_writer *writer, const struct tlog_tree *tree, struct err *err)
{
    struct err why = {0};
    char path[PATH_SIZE];
    struct buf note;
    int code = path_join(path, writer->private_folder, "signed", err);
    if (code)
        return code;
    code = signed_compare(writer, path, &why);
    if (code)
        return writer_fail(writer, code, &why, err);
    tlog_writer_note(&note, writer, tree);
    code = tlog_writer_put(writer, path, buf_bytes(&note), err);
    if (code == 0 && tlog_writer_settle(writer, path, &why) != 0)
        code = writer_fail(writer, why.code, &why, err);
    if (code) {
        buf_free(&note);
        return code;
    }
    buf_free(&writer->note);
    writer->note = note;
    return 0;
}

/* The signed tree is now the one in memory: only its partial tiles and bundle are kept. */
static void signed_adopt(struct tlog_writer *writer, const struct tlog_levels *levels,
                         const struct tlog_tree *tree)
{
    size_t keep = writer->entries.size;
    for (unsigned level = 0; level < TLOG_EDGE_COUNT; level++) {
        const struct tlog_hashes *hashes = &levels->level[level];
        struct tlog_edge *edge = &writer->edges.level[level];
        edge->count = (unsigned)(hashes->count % TLOG_TILE_WIDTH);
        memcpy(edge->hashes, hashes->data + (hashes->count - edge->count),
               edge->count * sizeof *edge->hashes);
    }
    if (tree->size % TLOG_TILE_WIDTH)
        keep = writer->starts[writer->start_count - 1];
    memmove(writer->entries.data, writer->entries.data + keep, writer->entries.size - keep);
    writer->entries.size -= keep;
    writer->start_count = 0;
    if (writer->entries.size > 0)
        starts_add(writer, 0);
    writer->leaf_count = 0;
    writer->tree = *tree;
}

/* All of the write-ahead log is in signed and synced tiles: it may be begun anew. Where that
 * does not work the old one goes on, or the next add says why it can't. */
static void wal_renew(struct tlog_writer *writer)
{
    struct buf header = buf_with_max(1 << 10);
    sanad_assert(writer->frontier.size == writer->tree.size);
    if (writer->wal_size < writer->wal_enough)
        return;
    uint8_t mark[TLOG_WAL_MARK_SIZE];
    random_bytes(mark, sizeof mark);
    tlog_wal_header_write(&header, mark, writer->origin, writer->tree.size);
    if (tlog_writer_wal_begin(writer, buf_bytes(&header), NULL) == 0)
        memcpy(writer->mark, mark, sizeof mark);
    buf_free(&header);
}

static int tree_sign(struct tlog_writer *writer, struct err *err)
{
    struct tlog_tree tree = {.size = writer->frontier.size};
    struct tlog_levels levels;
    uint64_t before = writer->tree.size;
    tlog_frontier_root(&tree.root, &writer->frontier);
    tlog_levels_make(&levels, writer);
    int code = tlog_levels_write(&levels, writer, err);
    if (code == 0)
        code = tlog_absence(tlog_files_check(writer, err), err);
    if (code == 0)
        code = signed_swap(writer, &tree, err);
    if (code == 0) {
        signed_adopt(writer, &levels, &tree);
        tlog_files_clean(writer, before);
        wal_renew(writer);
    }
    tlog_levels_free(&levels);
    return code;
}

int tlog_writer_sign(struct tlog_writer *writer, struct buf *ret_note, struct err *err)
{
    struct buf note = buf_with_max(TLOG_CHECKPOINT_MAX);
    int code = writer_ready(writer, err);
    if (code == 0 && writer->frontier.size > writer->tree.size)
        code = tree_sign(writer, err);
    if (code)
        return code;
    buf_add(&note, buf_bytes(&writer->note));
    *ret_note = note;
    return 0;
}

/* ---- placing ------------------------------------------------------------------------------------
 */

/* The note signed last with the lines of others, which must leave its text alone. */
static int note_join(struct buf *joined, const struct tlog_writer *writer, struct bytes lines,
                     struct err *err)
{
    struct arena arena = {0};
    struct note ours;
    struct note note;
    bool valid = false;
    buf_add(joined, buf_bytes(&writer->note));
    buf_add(joined, lines);
    int code = joined->bad
                   ? err_set(err, SANAD_REFUSED, "checkpoint: over %d bytes", TLOG_CHECKPOINT_MAX)
                   : note_parse(&note, "checkpoint", buf_bytes(joined), &arena, err);
    if (code == 0)
        code = note_parse(&ours, "checkpoint", buf_bytes(&writer->note), &arena, err);
    if (code == 0 && note.text.size != ours.text.size)
        code = err_set(err, SANAD_REFUSED, "checkpoint: a line of a witness is none");
    if (code == 0 && (note_verify(&valid, &note, &writer->key, 1, err) != 0 || !valid))
        code = err_set(err, SANAD_REFUSED, "checkpoint: a line in the name of the log itself");
    arena_free(&arena);
    return code;
}

int tlog_writer_place(struct tlog_writer *writer, struct bytes lines, struct err *err)
{
    struct buf note = buf_with_max(TLOG_CHECKPOINT_MAX);
    char path[PATH_SIZE];
    int code = writer_ready(writer, err);
    if (code == 0)
        code = path_join(path, writer->private_folder, "signed", err);
    if (code == 0)
        code = signed_compare(writer, path, err);
    if (code == 0)
        code = note_join(&note, writer, lines, err);
    if (code == 0)
        code = path_join(path, writer->public_folder, "checkpoint", err);
    if (code == 0)
        code = tlog_writer_put(writer, path, buf_bytes(&note), err);
    if (code == 0)
        code = tlog_writer_settle(writer, path, err);
    buf_free(&note);
    return code;
}
