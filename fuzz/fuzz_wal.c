/* Feeds files to the reader of the write-ahead log, also with their hashes set right, so that the
 * fields behind them are reached. What it accepts is frames that follow each other, and what it
 * calls torn is all that is left. */
#include "tlog/tlog_priv.h"

#include <stdlib.h>

enum { HEADER_HASHED = 72, HEADER_SIZE = 104, MARK_AT = 16, FRAME_START = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hash_put(uint8_t *at, const uint8_t *data, size_t size)
{
    struct hash256 hash;
    sha256_of(&hash, bytes_of(data, size));
    memcpy(at, hash.b, sizeof hash.b);
}

/* Where the lengths allow it, hashes are made right. */
static void hashes_mend(uint8_t *data, size_t size)
{
    if (size < HEADER_SIZE)
        return;
    hash_put(data + HEADER_HASHED, data, HEADER_HASHED);
    for (size_t at = HEADER_SIZE; size - at >= FRAME_START + 32;) {
        uint32_t length = load_be32(data + at + FRAME_START - 4);
        if (length > size - at - FRAME_START - 32)
            return;
        memcpy(data + at, data + MARK_AT, TLOG_WAL_MARK_SIZE);
        hash_put(data + at + FRAME_START + length, data + at, FRAME_START + length);
        at += FRAME_START + length + 32;
    }
}

static void parse(struct bytes raw)
{
    struct tlog_wal wal;
    struct tlog_wal_frame frame;
    struct bytes part;
    struct err err = {0};
    int code = tlog_wal_parse(&wal, "input", raw, "example.org/log", &err);
    sanad_assert(code == 0 || code == SANAD_FALSE);
    if (code)
        return;
    uint64_t next = wal.base;
    uint64_t end = wal.end;
    sanad_assert(wal.frames.size + wal.torn_size + HEADER_SIZE == raw.size);
    while (tlog_wal_next(&frame, &part, &wal)) {
        struct cursor cursor = cursor_of(frame.entries);
        struct bytes entry;
        sanad_assert(frame.first == next);
        for (uint32_t i = 0; i < frame.count; i++)
            sanad_assert(tlog_entry_take(&entry, &cursor));
        sanad_assert(cursor_done(&cursor));
        next += frame.count;
    }
    sanad_assert(next == end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = mem_alloc(size ? size : 1);
    if (size)
        memcpy(copy, data, size);
    parse(bytes_of(copy, size));
    hashes_mend(copy, size);
    parse(bytes_of(copy, size));
    free(copy);
    return 0;
}
