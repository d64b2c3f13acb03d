/* The streaming reader of one block file. The index says where each block lies, so every
 * byte is read once, straight to where the scan will use it, in steps that stay in the
 * cache while they are de-obfuscated. */
#include "source/source_priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BATCH_SIZE = 1 << 20,
    STEP_SIZE = 256 << 10,
    GAP_MAX = 64 << 10, /* stale blocks between two of ours: read over rather than seek */
    PAGE_SIZE = 4096,
    CHECK_BATCH = 64
};

struct blk_reader {
    struct source_reader base;
    const struct source_shard *shard;
    uint32_t next; /* index into the shard's nodes */
    int fd;
    char name[FILE_NAME_SIZE];
    uint8_t *buffer;
    size_t capacity;
};

int blkfile_reader_open(struct source_reader **ret_reader, const struct source *source,
                        const struct source_shard *shard, struct err *err)
{
    const struct blkfile *blk = (const struct blkfile *)source;
    int fd;
    int code = file_open(&fd, blk->folder, FD_BLK, shard->file, err);
    if (code != 0)
        return code;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice: may be ignored */
    struct blk_reader *reader = mem_zalloc(1, sizeof *reader);
    reader->base.source = source;
    reader->shard = shard;
    reader->fd = fd;
    file_name_of(reader->name, FD_BLK, shard->file);
    *ret_reader = &reader->base;
    return 0;
}

void blkfile_reader_close(struct source_reader *base)
{
    struct blk_reader *reader = (struct blk_reader *)base;
    (void)close(reader->fd); /* read only */
    free(reader->buffer);
    free(reader);
}

static const struct source_place *place_of(const struct blk_reader *reader, uint32_t index)
{
    sanad_assert(index < reader->shard->block_count);
    return &reader->base.source->places[reader->shard->nodes[index]];
}

/* How many blocks go into the next batch, and the bytes from the first's begin to the last's
 * end. */
static uint32_t batch_plan(const struct blk_reader *reader, size_t *ret_size, size_t max)
{
    const struct source_place *first = place_of(reader, reader->next);
    uint32_t left = reader->shard->block_count - reader->next;
    uint64_t end = first->offset + first->size;
    uint32_t count = 1;
    for (; count < left && count < max; count++) {
        const struct source_place *place = place_of(reader, reader->next + count);
        /* A block that was first found inside another, which carries it, is read by itself. */
        if (place->offset < end || place->offset - end > GAP_MAX ||
            place->offset + place->size - first->offset > BATCH_SIZE)
            break;
        end = place->offset + place->size;
    }
    *ret_size = (size_t)(end - first->offset);
    return count;
}

static void buffer_grow(struct blk_reader *reader, size_t size)
{
    if (size <= reader->capacity)
        return;
    size_t capacity = size > BATCH_SIZE ? BLOCK_SIZE_MAX : BATCH_SIZE;
    capacity = (capacity + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    free(reader->buffer);
    reader->buffer = aligned_alloc(PAGE_SIZE, capacity);
    sanad_assert(reader->buffer);
    reader->capacity = capacity;
}

static int batch_read(struct blk_reader *reader, uint64_t offset, size_t size, struct err *err)
{
    uint64_t key = ((const struct blkfile *)reader->base.source)->key;
    for (size_t done = 0; done < size;) {
        size_t step = size - done < STEP_SIZE ? size - done : STEP_SIZE;
        int code =
            file_pread(reader->fd, reader->buffer + done, step, offset + done, reader->name, err);
        if (code != 0)
            return code;
        source_xor(reader->buffer + done, step, key, offset + done);
        done += step;
    }
    return 0;
}

/* Every block must be the one that the index knows. Small blocks are many: their headers are
 * gathered, since the kernels hash several side by side. */
static int batch_check(const struct blk_reader *reader, const struct source_block *blocks,
                       uint32_t count, struct err *err)
{
    const struct blkfile *blk = (const struct blkfile *)reader->base.source;
    uint8_t headers[CHECK_BATCH * HEADER_SIZE];
    struct hash256 hashes[CHECK_BATCH];
    for (uint32_t i = 0; i < count; i += CHECK_BATCH) {
        uint32_t some = count - i < CHECK_BATCH ? count - i : CHECK_BATCH;
        for (uint32_t n = 0; n < some; n++)
            memcpy(headers + (size_t)n * HEADER_SIZE, blocks[i + n].data, HEADER_SIZE);
        sha256d_80(hashes, headers, HEADER_SIZE, some);
        for (uint32_t n = 0; n < some; n++) {
            int code = blkfile_check_hash(blk, blocks[i + n].node, &hashes[n], err);
            if (code != 0)
                return code;
        }
    }
    return 0;
}

int blkfile_reader_next(struct source_reader *base, struct source_block *ret_blocks, size_t max,
                        struct err *err)
{
    struct blk_reader *reader = (struct blk_reader *)base;
    size_t size;
    if (reader->next == reader->shard->block_count)
        return 0;
    uint64_t begin = place_of(reader, reader->next)->offset;
    uint32_t count = batch_plan(reader, &size, max < INT32_MAX ? max : INT32_MAX);
    buffer_grow(reader, size);
    int code = batch_read(reader, begin, size, err);
    if (code != 0)
        return code;
    for (uint32_t i = 0; i < count; i++) {
        const struct source_place *place = place_of(reader, reader->next + i);
        ret_blocks[i] = (struct source_block){
            .node = reader->shard->nodes[reader->next + i],
            .data = reader->buffer + (place->offset - begin),
            .size = place->size,
        };
    }
    code = batch_check(reader, ret_blocks, count, err);
    if (code != 0)
        return code;
    reader->next += count;
    return (int)count;
}
