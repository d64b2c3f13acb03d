/* The write-ahead log: what was acknowledged and does not yet stand in signed tiles. A header (put
 * in place whole, so never torn), then one frame for each call of tlog_writer_add:
 *
 *   header  "sanad/tlog-wal/1" ‖ mark 16 ‖ SHA-256(origin) ‖ u64 index of the first entry
 *           ‖ SHA-256 of all this
 *   frame   mark 16 ‖ u64 first index ‖ u32 entries ‖ u32 bytes of them ‖ (u16 length ‖ entry)*
 *           ‖ SHA-256 of all this
 *
 * Numbers are big-endian. The mark is random: whoever writes an entry can't know it, so nothing
 * inside an entry looks like a frame. A frame is acknowledged after it is synced, and the next is
 * written after that: so a bad frame with nothing good behind it was cut off by a crash and was
 * never acknowledged, and a bad frame with a good one behind it is damage. */
#include "tlog/tlog_priv.h"

static const char magic[] = "sanad/tlog-wal/1";
enum {
    MAGIC_SIZE = sizeof magic - 1,
    HASH_SIZE = 32,
    HEADER_SIZE = MAGIC_SIZE + TLOG_WAL_MARK_SIZE + HASH_SIZE + 8 + HASH_SIZE,
    FRAME_START_SIZE = TLOG_WAL_MARK_SIZE + 8 + 4 + 4,
    FRAME_SIZE_LEAST = FRAME_START_SIZE + 2 + HASH_SIZE
};

static void put_be64(struct buf *buf, uint64_t value)
{
    buf_be32(buf, (uint32_t)(value >> 32));
    buf_be32(buf, (uint32_t)value);
}

/* The hash of what was added since `begin`. */
static void put_hash(struct buf *buf, size_t begin)
{
    struct hash256 hash;
    sanad_assert(!buf->bad && begin < buf->size);
    sha256_of(&hash, bytes_of(buf->data + begin, buf->size - begin));
    buf_add(buf, bytes_of(hash.b, HASH_SIZE));
}

void tlog_wal_header_write(struct buf *buf, const uint8_t mark[TLOG_WAL_MARK_SIZE],
                           const char *origin, uint64_t base)
{
    struct hash256 hash;
    size_t begin = buf->size;
    sha256_of(&hash, bytes_of_text(origin));
    buf_text(buf, magic);
    buf_add(buf, bytes_of(mark, TLOG_WAL_MARK_SIZE));
    buf_add(buf, bytes_of(hash.b, HASH_SIZE));
    put_be64(buf, base);
    put_hash(buf, begin);
}

void tlog_wal_frame_write(struct buf *buf, const uint8_t mark[TLOG_WAL_MARK_SIZE],
                          const struct tlog_wal_frame *frame)
{
    size_t begin = buf->size;
    sanad_assert(frame->count > 0 && frame->entries.size <= TLOG_ADD_MAX);
    buf_add(buf, bytes_of(mark, TLOG_WAL_MARK_SIZE));
    put_be64(buf, frame->first);
    buf_be32(buf, frame->count);
    buf_be32(buf, (uint32_t)frame->entries.size);
    buf_add(buf, frame->entries);
    put_hash(buf, begin);
}

static bool hash_holds(struct bytes hashed, struct bytes expected)
{
    struct hash256 hash;
    sha256_of(&hash, hashed);
    return bytes_equal(bytes_of(hash.b, HASH_SIZE), expected);
}

/* A whole frame with its hash at the start of `raw`; its size, or 0. */
static size_t frame_take(struct tlog_wal_frame *ret_frame, struct bytes raw, struct bytes mark)
{
    struct cursor cursor = cursor_of(raw);
    struct tlog_wal_frame frame;
    if (!bytes_equal(cursor_take(&cursor, mark.size), mark))
        return 0;
    struct bytes first = cursor_take(&cursor, 8);
    frame.count = cursor_be32(&cursor);
    uint32_t size = cursor_be32(&cursor);
    if (cursor.bad || size > TLOG_ADD_MAX)
        return 0;
    frame.first = load_be64(first.data);
    frame.entries = cursor_take(&cursor, size);
    struct bytes hash = cursor_take(&cursor, HASH_SIZE);
    size_t whole = FRAME_START_SIZE + (size_t)size;
    if (cursor.bad || !hash_holds(bytes_of(raw.data, whole), hash))
        return 0;
    *ret_frame = frame;
    return whole + HASH_SIZE;
}

/* Whether its bytes are `count` entries; what we wrote ourselves. */
static bool frame_is_sound(const struct tlog_wal_frame *frame)
{
    struct cursor cursor = cursor_of(frame->entries);
    for (uint32_t i = 0; i < frame->count && !cursor.bad; i++) {
        struct bytes entry;
        (void)tlog_entry_take(&entry, &cursor);
    }
    return frame->count > 0 && cursor_done(&cursor);
}

/* Whether a good frame lies anywhere in `raw`. */
static bool frame_behind(struct bytes raw, struct bytes mark)
{
    struct tlog_wal_frame frame;
    while (raw.size >= FRAME_SIZE_LEAST) {
        const uint8_t *at = memmem(raw.data, raw.size, mark.data, mark.size);
        if (!at)
            return false;
        raw = bytes_of(at, raw.size - (size_t)(at - raw.data));
        if (frame_take(&frame, raw, mark))
            return true;
        raw = bytes_of(raw.data + 1, raw.size - 1);
    }
    return false;
}

static int header_take(struct tlog_wal *wal, const char *object, struct bytes raw,
                       const char *origin, struct err *err)
{
    struct cursor cursor = cursor_of(raw);
    struct hash256 hash;
    struct bytes word = cursor_take(&cursor, MAGIC_SIZE);
    wal->mark = cursor_take(&cursor, TLOG_WAL_MARK_SIZE);
    struct bytes of = cursor_take(&cursor, HASH_SIZE);
    struct bytes base = cursor_take(&cursor, 8);
    struct bytes check = cursor_take(&cursor, HASH_SIZE);
    if (cursor.bad || !bytes_equal(word, bytes_of(magic, MAGIC_SIZE)) ||
        !hash_holds(bytes_of(raw.data, HEADER_SIZE - HASH_SIZE), check))
        return err_set(err, SANAD_FALSE, "%s: its header is damaged", object);
    sha256_of(&hash, bytes_of_text(origin));
    if (!bytes_equal(of, bytes_of(hash.b, HASH_SIZE)))
        return err_set(err, SANAD_FALSE, "%s: it is of another log than %s", object, origin);
    wal->base = wal->end = load_be64(base.data);
    if (wal->base > (uint64_t)TLOG_SIZE_MAX)
        return err_set(err, SANAD_FALSE, "%s: its header is damaged", object);
    return 0;
}

int tlog_wal_parse(struct tlog_wal *ret_wal, const char *object, struct bytes raw,
                   const char *origin, struct err *err)
{
    struct tlog_wal wal = {.base = 0};
    struct tlog_wal_frame frame;
    int code = header_take(&wal, object, raw, origin, err);
    if (code)
        return code;
    struct bytes left = bytes_of(raw.data + HEADER_SIZE, raw.size - HEADER_SIZE);
    wal.frames.data = left.data;
    while (left.size > 0) {
        size_t size = frame_take(&frame, left, wal.mark);
        if (size == 0 && frame_behind(bytes_of(left.data + 1, left.size - 1), wal.mark))
            return err_set(err, SANAD_FALSE, "%s: the frame at byte %zu is damaged", object,
                           raw.size - left.size);
        if (size == 0) {
            wal.torn_size = left.size;
            break;
        }
        if (frame.first != wal.end || !frame_is_sound(&frame) ||
            frame.count > (uint64_t)TLOG_SIZE_MAX - wal.end)
            return err_set(err, SANAD_FALSE, "%s: the frame at byte %zu does not follow entry %llu",
                           object, raw.size - left.size, (unsigned long long)wal.end);
        wal.end += frame.count;
        wal.frames.size += size;
        left = bytes_of(left.data + size, left.size - size);
    }
    *ret_wal = wal;
    return 0;
}

bool tlog_wal_next(struct tlog_wal_frame *ret_frame, struct bytes *ret_raw, struct tlog_wal *wal)
{
    if (wal->frames.size == 0)
        return false;
    /* They were all good when the file was parsed. */
    uint32_t entries_size = load_be32(wal->frames.data + FRAME_START_SIZE - 4);
    size_t size = FRAME_START_SIZE + (size_t)entries_size + HASH_SIZE;
    sanad_assert(size <= wal->frames.size);
    const uint8_t *at = wal->frames.data;
    ret_frame->first = load_be64(at + TLOG_WAL_MARK_SIZE);
    ret_frame->count = load_be32(at + TLOG_WAL_MARK_SIZE + 8);
    ret_frame->entries = bytes_of(at + FRAME_START_SIZE, entries_size);
    *ret_raw = bytes_of(at, size);
    wal->frames = bytes_of(at + size, wal->frames.size - size);
    return true;
}
