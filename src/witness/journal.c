/* The journal: what a witness has cosigned, in frames that are written and synced one after
 * another. A frame that was cut short by a crash can only be the last, for the next is written
 * after its sync; any other damage means that the journal may not tell the newest state. */
#include "witness/witness_priv.h"

static void be64(uint8_t ret[8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        ret[i] = (uint8_t)(value >> (56 - 8 * i));
}

void witness_frame_write(struct buf *journal, uint64_t number, struct bytes records)
{
    uint8_t head[WITNESS_FRAME_HEAD];
    struct sha256 hash;
    struct hash256 digest;
    sanad_assert(records.size <= WITNESS_FRAME_MAX);
    for (int i = 0; i < 4; i++)
        head[i] = (uint8_t)(records.size >> (24 - 8 * i));
    be64(head + 4, number);
    sha256_init(&hash);
    sha256_add(&hash, bytes_of(head, sizeof head));
    sha256_add(&hash, records);
    sha256_final(&digest, &hash);
    buf_add(journal, bytes_of(head, sizeof head));
    buf_add(journal, records);
    buf_add(journal, bytes_of(digest.b, sizeof digest.b));
}

void witness_record_write(struct buf *records, uint64_t time, struct bytes note)
{
    uint8_t head[8];
    be64(head, time);
    buf_add(records, bytes_of(head, sizeof head));
    buf_be32(records, (uint32_t)note.size);
    buf_add(records, note);
}

/* A whole frame at the beginning of these bytes. */
static bool frame_take(uint64_t *ret_number, struct bytes *ret_records, struct bytes bytes)
{
    struct sha256 hash;
    struct hash256 digest;
    if (bytes.size < WITNESS_FRAME_HEAD + WITNESS_FRAME_TAIL)
        return false;
    uint64_t size = load_be32(bytes.data);
    if (size > WITNESS_FRAME_MAX || size > bytes.size - WITNESS_FRAME_HEAD - WITNESS_FRAME_TAIL)
        return false;
    size_t whole = WITNESS_FRAME_HEAD + (size_t)size;
    sha256_init(&hash);
    sha256_add(&hash, bytes_of(bytes.data, whole));
    sha256_final(&digest, &hash);
    if (memcmp(digest.b, bytes.data + whole, WITNESS_FRAME_TAIL) != 0)
        return false;
    *ret_number = load_be64(bytes.data + 4);
    *ret_records = bytes_of(bytes.data + WITNESS_FRAME_HEAD, (size_t)size);
    return true;
}

/* Whether a whole frame with a later number begins anywhere in here. */
static bool frame_follows(struct bytes bytes, uint64_t number)
{
    uint64_t found;
    struct bytes records;
    for (; bytes.size >= WITNESS_FRAME_HEAD + WITNESS_FRAME_TAIL; bytes.data++, bytes.size--) {
        found = load_be64(bytes.data + 4); /* the cheap question first */
        if (found >= number && found - number <= bytes.size / WITNESS_FRAME_TAIL + 1 &&
            frame_take(&found, &records, bytes))
            return true;
    }
    return false;
}

static int records_visit(struct bytes records, witness_record_visit *visit, void *context,
                         struct err *err)
{
    struct cursor cursor = cursor_of(records);
    while (cursor_left(&cursor) > 0) {
        struct bytes time = cursor_take(&cursor, 8);
        struct witness_record record = {.time = cursor.bad ? 0 : load_be64(time.data)};
        record.note = cursor_take(&cursor, cursor_be32(&cursor));
        if (cursor.bad)
            return err_set(err, SANAD_FALSE, "witness journal: a record that is cut short");
        int code = visit(context, &record, err);
        if (code)
            return code;
    }
    return 0;
}

int witness_journal_read(uint64_t *ret_frames, size_t *ret_torn, struct bytes journal,
                         witness_record_visit *visit, void *context, struct err *err)
{
    uint64_t frames = 0;
    uint64_t number;
    struct bytes records;
    while (journal.size > 0 && frame_take(&number, &records, journal)) {
        if (number != frames + 1)
            return err_set(err, SANAD_FALSE, "witness journal: frame %llu follows frame %llu",
                           (unsigned long long)number, (unsigned long long)frames);
        int code = records_visit(records, visit, context, err);
        if (code)
            return code;
        size_t whole = WITNESS_FRAME_HEAD + records.size + WITNESS_FRAME_TAIL;
        journal = bytes_of(journal.data + whole, journal.size - whole);
        frames++;
    }
    /* The first frame is never torn: it comes with its file, by a rename. */
    if (journal.size > 0 && (frames == 0 || frame_follows(journal, frames + 1)))
        return err_set(err, SANAD_FALSE,
                       "witness journal: frame %llu is damaged; it does not tell the newest state",
                       (unsigned long long)frames + 1);
    *ret_frames = frames;
    *ret_torn = journal.size;
    return 0;
}
