/* The sticky cursor: the only way that outside bytes become numbers. */
#include "base/base.h"

struct bytes cursor_take(struct cursor *cursor, uint64_t size)
{
    if (cursor->bad || size > cursor_left(cursor)) {
        cursor->bad = true;
        return bytes_of(cursor->at, 0);
    }
    struct bytes bytes = bytes_of(cursor->at, (size_t)size);
    if (size > 0)
        cursor->at += size;
    return bytes;
}

uint8_t cursor_u8(struct cursor *cursor)
{
    struct bytes b = cursor_take(cursor, 1);
    return b.size ? b.data[0] : 0;
}

uint16_t cursor_le16(struct cursor *cursor)
{
    struct bytes b = cursor_take(cursor, 2);
    return b.size ? load_le16(b.data) : 0;
}

uint32_t cursor_le32(struct cursor *cursor)
{
    struct bytes b = cursor_take(cursor, 4);
    return b.size ? load_le32(b.data) : 0;
}

uint64_t cursor_le64(struct cursor *cursor)
{
    struct bytes b = cursor_take(cursor, 8);
    return b.size ? load_le64(b.data) : 0;
}

uint32_t cursor_be32(struct cursor *cursor)
{
    return __builtin_bswap32(cursor_le32(cursor));
}

uint64_t cursor_compact(struct cursor *cursor, uint64_t max)
{
    uint8_t first = cursor_u8(cursor);
    uint64_t value = first;
    uint64_t shortest = 0;
    if (first == 0xfd) {
        value = cursor_le16(cursor);
        shortest = 0xfd;
    } else if (first == 0xfe) {
        value = cursor_le32(cursor);
        shortest = 0x10000;
    } else if (first == 0xff) {
        value = cursor_le64(cursor);
        shortest = UINT64_C(0x100000000);
    }
    if (cursor->bad || value < shortest || value > max) {
        cursor->bad = true;
        return 0;
    }
    return value;
}

struct bytes cursor_compact_bytes(struct cursor *cursor, uint64_t size_max)
{
    return cursor_take(cursor, cursor_compact(cursor, size_max));
}
