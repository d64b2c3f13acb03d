/* Growable buffers with a ceiling, and arenas. */
#include "base/base.h"

#include <stdarg.h>
#include <stdlib.h>

enum { BUF_FIRST_CAPACITY = 64, ARENA_CHUNK_SIZE = 64 * 1024, ARENA_ALIGN = 16 };

void buf_free(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

void buf_reset(struct buf *buf)
{
    buf->size = 0;
    buf->bad = false;
}

/* Whether `size` more bytes stay within the ceiling; bad where they do not. */
static bool buf_fits(struct buf *buf, size_t size)
{
    if (buf->bad || size > buf->max || buf->size > buf->max - size)
        buf->bad = true;
    return !buf->bad;
}

/* Memory for `size` more bytes. The NUL of buf_cstr and buf_format may stand behind the
 * ceiling: it is never part of the content. */
static void buf_reserve(struct buf *buf, size_t size)
{
    size_t need = buf->size + size;
    sanad_assert(need >= buf->size);
    if (need <= buf->capacity)
        return;
    size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_CAPACITY;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    if (capacity > buf->max && need <= buf->max)
        capacity = buf->max;
    buf->data = mem_realloc(buf->data, capacity, 1);
    buf->capacity = capacity;
}

uint8_t *buf_extend(struct buf *buf, size_t size)
{
    if (!buf_fits(buf, size))
        return NULL;
    buf_reserve(buf, size ? size : 1); /* nothing asked of an empty buffer: still an address */
    uint8_t *room = buf->data + buf->size;
    buf->size += size;
    return room;
}

void buf_add(struct buf *buf, struct bytes bytes)
{
    uint8_t *room = buf_extend(buf, bytes.size);
    if (room && bytes.size)
        memcpy(room, bytes.data, bytes.size);
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, bytes_of_text(text));
}

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    sanad_assert(size >= 0);
    if (buf_fits(buf, (size_t)size)) {
        buf_reserve(buf, (size_t)size + 1);
        (void)vsnprintf((char *)buf->data + buf->size, (size_t)size + 1, format, again);
        buf->size += (size_t)size;
    }
    va_end(again);
}

void buf_u8(struct buf *buf, uint8_t value)
{
    buf_add(buf, bytes_of(&value, 1));
}

void buf_le16(struct buf *buf, uint16_t value)
{
    buf_add(buf, bytes_of(&value, 2));
}

void buf_le32(struct buf *buf, uint32_t value)
{
    buf_add(buf, bytes_of(&value, 4));
}

void buf_le64(struct buf *buf, uint64_t value)
{
    buf_add(buf, bytes_of(&value, 8));
}

void buf_be32(struct buf *buf, uint32_t value)
{
    buf_le32(buf, __builtin_bswap32(value));
}

void buf_compact(struct buf *buf, uint64_t value)
{
    if (value < 0xfd) {
        buf_u8(buf, (uint8_t)value);
    } else if (value <= 0xffff) {
        buf_u8(buf, 0xfd);
        buf_le16(buf, (uint16_t)value);
    } else if (value <= 0xffffffff) {
        buf_u8(buf, 0xfe);
        buf_le32(buf, (uint32_t)value);
    } else {
        buf_u8(buf, 0xff);
        buf_le64(buf, value);
    }
}

const char *buf_cstr(struct buf *buf)
{
    if (buf->bad)
        return ""; /* half a text would pass for a whole one */
    buf_reserve(buf, 1);
    buf->data[buf->size] = 0;
    return (const char *)buf->data;
}

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t capacity;
    uint8_t data[] __attribute__((aligned(ARENA_ALIGN)));
};

static struct arena_chunk *arena_grow(struct arena *arena, size_t size)
{
    size_t capacity = size > ARENA_CHUNK_SIZE ? size : ARENA_CHUNK_SIZE;
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + capacity);
    chunk->used = 0;
    chunk->capacity = capacity;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    size_t whole;
    bool overflow = __builtin_mul_overflow(count, size, &whole);
    sanad_assert(!overflow && whole < SIZE_MAX / 2);
    whole = (whole + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->capacity - chunk->used < whole)
        chunk = arena_grow(arena, whole);
    void *memory = chunk->data + chunk->used;
    chunk->used += whole;
    memset(memory, 0, whole);
    return memory;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(arena_alloc(arena, size, 1), text, size);
}

struct bytes arena_bytes(struct arena *arena, struct bytes bytes)
{
    uint8_t *copy = arena_alloc(arena, bytes.size ? bytes.size : 1, 1);
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return bytes_of(copy, bytes.size);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = arena->chunks;
    if (!kept)
        return;
    struct arena rest = {.chunks = kept->next};
    arena_free(&rest);
    kept->next = NULL;
    kept->used = 0;
}

void arena_free(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}
