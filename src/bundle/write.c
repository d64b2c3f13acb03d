/* A bundle written from a log's tiles, slice by slice, and read back before it has its name: the
 * other side of the gap can't ask again. */
#include "bundle/bundle_priv.h"

#include <stdlib.h>

/* A file that is being written. */
struct sink {
    const struct tlog_io *io;
    int handle;
    struct sha256 hash;
    uint64_t bytes;
};

static int sink_put(struct sink *sink, struct bytes bytes, struct err *err)
{
    sha256_add(&sink->hash, bytes);
    sink->bytes += bytes.size;
    return sink->io->append(sink->io->context, sink->handle, bytes, err);
}

static int sink_block(struct sink *sink, struct bytes block, struct err *err)
{
    uint32_t size = __builtin_bswap32((uint32_t)block.size);
    int code = sink_put(sink, bytes_of(&size, BUNDLE_LENGTH_SIZE), err);
    return code ? code : sink_put(sink, block, err);
}

/* What is written. */
struct export
{
    struct bytes note;
    struct tlog_checkpoint checkpoint;
    const struct tlog_reader *tiles;
    uint64_t since;
};

static int head_put(const struct export *export, struct sink *sink, struct err *err)
{
    struct tlog_proof proof = {.count = 0};
    struct buf head = buf_with_max(BUNDLE_HEAD_MAX);
    int code = sink_put(sink, bytes_of_text(BUNDLE_FIRST_LINE), err);
    if (code == 0)
        code = tlog_consistency_prove(&proof, export->tiles, export->since, export->checkpoint.size,
                                      err);
    if (code)
        return code;
    witness_request_write(&head, export->since, &proof, export->note);
    code = head.bad ? err_set(err, SANAD_REFUSED, "checkpoint: too long for a bundle")
                    : sink_block(sink, buf_bytes(&head), err);
    buf_free(&head);
    return code;
}

/* Hashes of the partial tiles that end where the bundle begins; the log's own may be wider. */
static int edge_put(const struct export *export, struct sink *sink, struct err *err)
{
    uint64_t base = bundle_base(export->since);
    int code = 0;
    for (unsigned level = 1; level < BUNDLE_LEVELS && code == 0; level++) {
        struct tlog_tile tile = {.level = level, .n = (base >> 8 * level) / TLOG_TILE_WIDTH};
        unsigned count = bundle_edge_count(base, level);
        struct buf data;
        if (count == 0)
            continue;
        tile.width = tlog_tile_width(export->checkpoint.size, level, tile.n);
        code = tlog_tile_read(&data, export->tiles, &tile, err);
        if (code)
            break;
        code = sink_put(sink, bytes_of(data.data, count * sizeof(struct hash256)), err);
        buf_free(&data);
    }
    return code;
}

static int slices_put(const struct export *export, struct sink *sink, struct err *err)
{
    uint64_t size = export->checkpoint.size;
    int code = 0;
    for (uint64_t n = export->since / TLOG_TILE_WIDTH; n * TLOG_TILE_WIDTH < size && code == 0;
         n++) {
        struct tlog_tile tile = {
            .level = TLOG_ENTRIES, .n = n, .width = tlog_tile_width(size, TLOG_ENTRIES, n)};
        struct buf data;
        code = tlog_tile_read(&data, export->tiles, &tile, err);
        if (code)
            break;
        code = sink_block(sink, buf_bytes(&data), err);
        buf_free(&data);
    }
    return code;
}

static int file_put(const struct export *export, struct sink *sink, const char *path,
                    struct hash256 *ret_digest, struct err *err)
{
    const struct tlog_io *io = sink->io;
    (void)io->remove(io->context, path, NULL); /* what an interrupted run left */
    int code = io->append_open(io->context, &sink->handle, path, err);
    if (code)
        return code;
    sha256_init(&sink->hash);
    code = head_put(export, sink, err);
    if (code == 0)
        code = edge_put(export, sink, err);
    if (code == 0)
        code = slices_put(export, sink, err);
    if (code == 0) {
        sha256_final(ret_digest, &sink->hash);
        code = io->append(io->context, sink->handle, bytes_of(ret_digest->b, sizeof ret_digest->b),
                          err);
        sink->bytes += sizeof ret_digest->b;
    }
    if (code == 0)
        code = io->append_sync(io->context, sink->handle, err);
    io->append_close(io->context, sink->handle);
    return code;
}

/* The other side must not be the first to find out. */
static int file_check(const char *path, const struct hash256 *digest, struct err *err)
{
    struct bundle *bundle;
    int code = bundle_open(&bundle, path, err);
    if (code)
        return code;
    if (!hash256_equal(&bundle->head.digest, digest))
        code = err_set(err, SANAD_IO, "%s: the disk gives other bytes than were written", path);
    bundle_close(bundle);
    return code;
}

static int export_read(struct export *export, struct arena *arena, struct err *err)
{
    struct note note;
    int code = note_parse(&note, "checkpoint", export->note, arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&export->checkpoint, "checkpoint", note.text, err);
    if (code == 0 && export->since > export->checkpoint.size)
        code = err_set(err, SANAD_REFUSED, "%s: it has %llu entries, fewer than %llu",
                       export->checkpoint.origin, (unsigned long long)export->checkpoint.size,
                       (unsigned long long)export->since);
    return code;
}

int bundle_export(struct bundle_made *ret_made, const char *path, struct bytes note,
                  const struct tlog_reader *tiles, uint64_t since, struct err *err)
{
    struct export export = {.note = note, .tiles = tiles, .since = since};
    struct sink sink = {.io = tlog_io_posix()};
    struct bundle_made made = {.since = since};
    struct arena arena = {0};
    char beside[PATH_SIZE];
    int code = export_read(&export, &arena, err);
    int size = snprintf(beside, sizeof beside, "%s.tmp", path);
    if (code == 0 && (size < 0 || size >= PATH_SIZE))
        code = err_set(err, SANAD_IO, "%.200s: path too long", path);
    arena_free(&arena);
    if (code)
        return code;
    code = file_put(&export, &sink, beside, &made.digest, err);
    if (code == 0)
        code = file_check(beside, &made.digest, err);
    if (code == 0)
        code = sink.io->rename(sink.io->context, beside, path, err);
    if (code) {
        (void)sink.io->remove(sink.io->context, beside, NULL);
        return code;
    }
    memcpy(made.origin, export.checkpoint.origin, sizeof made.origin);
    made.size = export.checkpoint.size;
    made.bytes = sink.bytes;
    *ret_made = made;
    return 0;
}
