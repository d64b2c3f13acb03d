/* Undo data from rev files. A rev file does not say which block a record belongs to: the
 * candidates are the records that tell of as many transactions as the block has, and the
 * checksum, which covers the predecessor's hash, proves the pairing. */
#include "source/source_priv.h"

#include <sys/stat.h>
#include <unistd.h>

enum { CHECKSUM_SIZE = 32 };

/* ---- the records of one rev file ----------------------------------------------------------------
 */

/* Reads the list anew unless the file is as it was. */
static int undo_index_fd(const struct blkfile *blk, struct blk_file *file, int fd, const char *name,
                         struct err *err)
{
    struct stat status;
    struct frame_undos undos;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return err_set(err, SANAD_REFUSED, "%s: not a regular file", name);
    int64_t time_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    uint64_t size = (uint64_t)status.st_size;
    if (file->undo_seen && file->undo_size == size && file->undo_time_ns == time_ns)
        return 0;
    struct frame_input input = {
        .fd = fd, .size = size, .key = blk->key, .params = blk->base.params, .name = name};
    int code = frame_scan_undo(&undos, &input, err);
    if (code != 0)
        return code;
    frame_undos_free(&file->undos);
    file->undos = undos;
    file->undo_seen = true;
    file->undo_size = size;
    file->undo_time_ns = time_ns;
    return 0;
}

/* With `again`, what the node wrote since the last look is read too. */
static int undo_index(struct blkfile *blk, struct blk_file *file, bool again, struct err *err)
{
    char name[FILE_NAME_SIZE];
    int fd;
    int code = 0;
    file_name_of(name, FD_REV, file->number);
    (void)pthread_rwlock_wrlock(&blk->undo_lock);
    if (!file->undo_seen || again) {
        code = file_open(&fd, blk->folder, FD_REV, file->number, err);
        if (code == 0) {
            code = undo_index_fd(blk, file, fd, name, err);
            (void)close(fd); /* read only */
        }
    }
    (void)pthread_rwlock_unlock(&blk->undo_lock);
    return code;
}

/* ---- one block's record
 * ----------------------------------------------------------------------------- */

static int block_tx_count(const struct blkfile *blk, uint64_t *ret_count, uint32_t node,
                          struct err *err)
{
    const struct source_place *place = &blk->base.places[node];
    uint8_t head[HEADER_SIZE + 9];
    size_t size = place->size < sizeof head ? place->size : sizeof head;
    int code = blkfile_pread(blk, head, size, FD_BLK, place->file, place->offset, err);
    if (code == 0)
        code = blkfile_check_header(blk, node, head, err);
    if (code != 0)
        return code;
    struct cursor cursor = cursor_of(bytes_of(head + HEADER_SIZE, size - HEADER_SIZE));
    uint64_t count = cursor_compact(&cursor, BLOCK_TX_MAX);
    if (cursor.bad || count == 0)
        return err_set(err, SANAD_REFUSED, "height %u: the number of transactions is impossible",
                       source_node_height(&blk->base, node));
    *ret_count = count;
    return 0;
}

/* 1: the record is the block's and in the buffer; 0: it is another's. */
static int undo_try(const struct blkfile *blk, struct buf *ret_raw, uint32_t number,
                    const struct frame_undo *record, const struct hash256 *prev, struct err *err)
{
    struct hash256 checksum;
    buf_reset(ret_raw);
    uint8_t *room = buf_extend(ret_raw, (size_t)record->size + CHECKSUM_SIZE);
    if (!room)
        return err_set(err, SANAD_REFUSED, "undo data of %u bytes: over the %zu asked for",
                       record->size, ret_raw->max);
    int code = blkfile_pread(blk, room, (size_t)record->size + CHECKSUM_SIZE, FD_REV, number,
                             record->offset, err);
    if (code != 0)
        return code;
    undo_checksum(&checksum, prev, bytes_of(room, record->size));
    ret_raw->size = record->size;
    return memcmp(checksum.b, room + record->size, CHECKSUM_SIZE) == 0;
}

/* The records of a count are a range of the list. */
static size_t lower_bound(const struct frame_undos *undos, uint64_t count, uint64_t offset)
{
    size_t low = 0;
    size_t high = undos->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct frame_undo *record = &undos->records[middle];
        bool before = record->count < count || (record->count == count && record->offset < offset);
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

/* Blocks are mostly asked for in the order they were connected: the search begins behind the
 * last find and goes round. 1: found; 0: none; negative: error. */
static int undo_search(struct blkfile *blk, struct buf *ret_raw, struct blk_file *file,
                       uint64_t count, const struct hash256 *prev, struct err *err)
{
    const struct frame_undos *undos = &file->undos;
    size_t first = lower_bound(undos, count, 0);
    size_t end = lower_bound(undos, count + 1, 0);
    size_t start = lower_bound(undos, count, atomic_load(&file->undo_hint));
    int found = 0;
    for (size_t i = 0; i < end - first && found == 0; i++) {
        const struct frame_undo *record =
            &undos->records[first + (start - first + i) % (end - first)];
        found = undo_try(blk, ret_raw, file->number, record, prev, err);
        if (found == 1)
            atomic_store(&file->undo_hint, record->offset + 1);
    }
    return found;
}

static int undo_find(struct blkfile *blk, struct buf *ret_raw, struct blk_file *file,
                     uint64_t count, const struct hash256 *prev, struct err *err)
{
    (void)pthread_rwlock_rdlock(&blk->undo_lock);
    int found = undo_search(blk, ret_raw, file, count, prev, err);
    (void)pthread_rwlock_unlock(&blk->undo_lock);
    return found;
}

int blkfile_undo_read(struct source *source, struct buf *ret_raw, uint32_t node, struct err *err)
{
    struct blkfile *blk = (struct blkfile *)source;
    struct blk_file *file = blkfile_find(blk, source->places[node].file);
    sanad_assert(file);
    uint64_t count;
    uint8_t raw[HEADER_SIZE];
    struct header header;
    header_tree_raw(source->tree, node, raw);
    header_parse(&header, raw);
    int code = block_tx_count(blk, &count, node, err);
    for (int again = 0; again < 2 && code == 0; again++) {
        code = undo_index(blk, file, again == 1, err);
        if (code != 0)
            break;
        int found = undo_find(blk, ret_raw, file, count - 1, &header.prev, err);
        if (found == 1)
            return 0;
        code = found;
    }
    buf_reset(ret_raw);
    if (code != 0 && code != SANAD_MISSING)
        return code;
    char name[FILE_NAME_SIZE];
    file_name_of(name, FD_REV, file->number);
    return err_set(err, SANAD_MISSING, "height %u has no undo data: %s %s",
                   source_node_height(source, node), name,
                   code == 0 ? "has no record with its checksum" : "is not there");
}
