/* Proves: what was written to the write-ahead log is read again; a frame cut short at any byte is a
 * torn tail while nothing good follows, and any flipped bit before a good frame is damage; nothing
 * in an entry passes for a frame. */
#include "support.h"
#include "tlog/tlog_priv.h"

#include <stdlib.h>

static const uint8_t mark[TLOG_WAL_MARK_SIZE] = "0123456789abcde";
static const char origin[] = "example.org/log";
enum { FRAME_COUNT = 4, HEADER = 16 + 16 + 32 + 8 + 32 };

static struct bytes entries_of(struct buf *buf, size_t count, size_t size)
{
    buf_reset(buf);
    for (size_t i = 0; i < count; i++) {
        buf_u8(buf, (uint8_t)(size >> 8));
        buf_u8(buf, (uint8_t)size);
        for (size_t k = 0; k < size; k++)
            buf_u8(buf, (uint8_t)(i + k));
    }
    return buf_bytes(buf);
}

/* Frames of 1, 2, 3 … entries; ret_at[i] is where frame i begins, the last where all ends. */
static struct buf wal_make(uint64_t base, size_t ret_at[FRAME_COUNT + 1])
{
    struct buf raw = buf_with_max(1 << 20);
    struct buf entries = buf_with_max(1 << 16);
    tlog_wal_header_write(&raw, mark, origin, base);
    assert_int_equal(raw.size, HEADER);
    for (uint32_t i = 0; i < FRAME_COUNT; i++) {
        struct tlog_wal_frame frame = {.first = base, .count = i + 1};
        frame.entries = entries_of(&entries, i + 1, 5 * i);
        ret_at[i] = raw.size;
        tlog_wal_frame_write(&raw, mark, &frame);
        base += i + 1;
    }
    ret_at[FRAME_COUNT] = raw.size;
    buf_free(&entries);
    return raw;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    size_t at[FRAME_COUNT + 1];
    struct buf raw = wal_make(7, at);
    struct tlog_wal wal;
    struct tlog_wal_frame frame;
    struct bytes bytes;
    struct err err = {0};
    test_ok(tlog_wal_parse(&wal, "wal", buf_bytes(&raw), origin, &err), &err);
    assert_int_equal(wal.base, 7);
    assert_int_equal(wal.end, 7 + 1 + 2 + 3 + 4);
    assert_int_equal(wal.torn_size, 0);
    uint64_t next = 7;
    for (uint32_t i = 0; i < FRAME_COUNT; i++) {
        assert_true(tlog_wal_next(&frame, &bytes, &wal));
        assert_int_equal(frame.first, next);
        assert_int_equal(frame.count, i + 1);
        assert_int_equal(frame.entries.size, (i + 1) * (2 + 5 * i));
        assert_ptr_equal(bytes.data, raw.data + at[i]);
        next += i + 1;
    }
    assert_false(tlog_wal_next(&frame, &bytes, &wal));
    buf_free(&raw);
}

static void a_cut_is_a_torn_tail(void **state)
{
    (void)state;
    size_t at[FRAME_COUNT + 1];
    struct buf raw = wal_make(0, at);
    struct tlog_wal wal;
    struct err err = {0};
    for (size_t size = 0; size < raw.size; size++) {
        /* A copy of its own, so that one byte read too far is noticed. */
        uint8_t *cut = mem_alloc(size ? size : 1);
        memcpy(cut, raw.data, size);
        int code = tlog_wal_parse(&wal, "wal", bytes_of(cut, size), origin, &err);
        if (size < HEADER) {
            test_refused(code, SANAD_FALSE, &err, "wal: its header is damaged");
        } else {
            size_t whole = 0;
            while (at[whole + 1] <= size)
                whole++;
            test_ok(code, &err);
            assert_int_equal(wal.end, whole * (whole + 1) / 2);
            assert_int_equal(wal.torn_size, size - at[whole]);
        }
        free(cut);
    }
    buf_free(&raw);
}

static void a_flipped_bit_is_damage(void **state)
{
    (void)state;
    size_t at[FRAME_COUNT + 1];
    struct buf raw = wal_make(0, at);
    struct tlog_wal wal;
    for (size_t bit = 0; bit < 8 * raw.size; bit++) {
        struct err err = {0};
        raw.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int code = tlog_wal_parse(&wal, "wal", buf_bytes(&raw), origin, &err);
        if (bit / 8 < HEADER) {
            test_refused(code, SANAD_FALSE, &err, "wal: its header is damaged");
        } else if (bit / 8 < at[FRAME_COUNT - 1]) {
            test_refused(code, SANAD_FALSE, &err, "wal: the frame at byte ");
        } else { /* the last frame can't be told from one that was not acknowledged */
            test_ok(code, &err);
            assert_int_equal(wal.torn_size, at[FRAME_COUNT] - at[FRAME_COUNT - 1]);
        }
        raw.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buf_free(&raw);
}

static void frames_must_follow_each_other(void **state)
{
    (void)state;
    size_t at[FRAME_COUNT + 1];
    struct buf raw = wal_make(0, at);
    struct buf other = buf_with_max(1 << 20);
    struct tlog_wal wal;
    struct err err = {0};
    buf_add(&other, bytes_of(raw.data, at[1]));
    buf_add(&other, bytes_of(raw.data + at[2], at[3] - at[2])); /* one is left out */
    test_refused(tlog_wal_parse(&wal, "wal", buf_bytes(&other), origin, &err), SANAD_FALSE, &err,
                 "does not follow entry 1");
    buf_reset(&other);
    buf_add(&other, bytes_of(raw.data, at[2]));
    buf_add(&other, bytes_of(raw.data + at[1], at[2] - at[1])); /* one stands there twice */
    test_refused(tlog_wal_parse(&wal, "wal", buf_bytes(&other), origin, &err), SANAD_FALSE, &err,
                 "does not follow entry 3");
    test_refused(tlog_wal_parse(&wal, "wal", buf_bytes(&raw), "example.org/other", &err),
                 SANAD_FALSE, &err, "of another log than example.org/other");
    buf_free(&raw);
    buf_free(&other);
}

/* Whoever submits an entry does not know the mark; a frame with another is only bytes. */
static void an_entry_is_no_frame(void **state)
{
    (void)state;
    static const uint8_t guessed[TLOG_WAL_MARK_SIZE] = "guessed";
    struct buf raw = buf_with_max(1 << 20);
    struct buf inner = buf_with_max(1 << 16);
    struct buf entries = buf_with_max(1 << 16);
    struct tlog_wal_frame frame = {.first = 9, .count = 1, .entries = entries_of(&entries, 1, 3)};
    struct tlog_wal wal;
    struct err err = {0};
    tlog_wal_frame_write(&inner, guessed, &frame);
    buf_reset(&entries);
    buf_u8(&entries, (uint8_t)(inner.size >> 8));
    buf_u8(&entries, (uint8_t)inner.size);
    buf_add(&entries, buf_bytes(&inner));
    tlog_wal_header_write(&raw, mark, origin, 0);
    frame = (struct tlog_wal_frame){.count = 1, .entries = buf_bytes(&entries)};
    tlog_wal_frame_write(&raw, mark, &frame);
    test_ok(tlog_wal_parse(&wal, "wal", buf_bytes(&raw), origin, &err), &err);
    assert_int_equal(wal.end, 1);
    raw.size--; /* torn: and nothing inside is taken for a frame behind it */
    test_ok(tlog_wal_parse(&wal, "wal", buf_bytes(&raw), origin, &err), &err);
    assert_int_equal(wal.end, 0);
    assert_int_equal(wal.torn_size, raw.size - HEADER);
    buf_free(&raw);
    buf_free(&inner);
    buf_free(&entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),      cmocka_unit_test(a_cut_is_a_torn_tail),
        cmocka_unit_test(a_flipped_bit_is_damage),       cmocka_unit_test(an_entry_is_no_frame),
        cmocka_unit_test(frames_must_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
