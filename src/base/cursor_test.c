/* Proves: a cursor never reads past its bytes, the first bad read spoils all that follow,
 * and CompactSize is taken only in its shortest form and below its maximum. */
#include "support.h"

static void reads_in_both_orders(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct cursor cursor = cursor_of(bytes_of(data, 8));
    assert_int_equal(cursor_le64(&cursor), UINT64_C(0x0807060504030201));
    assert_true(cursor_done(&cursor));
    cursor = cursor_of(bytes_of(data, 8));
    assert_int_equal(cursor_u8(&cursor), 1);
    assert_int_equal(cursor_le16(&cursor), 0x0302);
    assert_int_equal(cursor_left(&cursor), 5);
    cursor = cursor_of(bytes_of(data, 8));
    assert_int_equal(cursor_le32(&cursor), 0x04030201);
    assert_int_equal(cursor_be32(&cursor), 0x05060708);
}

static void a_short_read_is_bad_for_ever(void **state)
{
    (void)state;
    static const uint8_t data[] = {0xff, 0xff, 0xff};
    struct cursor cursor = cursor_of(bytes_of(data, 3));
    assert_int_equal(cursor_le32(&cursor), 0);
    assert_true(cursor.bad);
    assert_int_equal(cursor_u8(&cursor), 0); /* three bytes are left, yet nothing is given */
    assert_int_equal(cursor_take(&cursor, 1).size, 0);
    assert_int_equal(cursor_take(&cursor, 0).size, 0);
    assert_false(cursor_done(&cursor));
}

static void lengths_up_to_2_64_do_not_wrap(void **state)
{
    (void)state;
    static const uint8_t data[16] = {0};
    static const uint64_t sizes[] = {17, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX};
    for (size_t i = 0; i < countof(sizes); i++) {
        struct cursor cursor = cursor_of(bytes_of(data, sizeof data));
        (void)cursor_u8(&cursor);
        assert_int_equal(cursor_take(&cursor, sizes[i]).size, 0);
        assert_true(cursor.bad);
    }
}

static void no_bytes_are_done_at_once(void **state)
{
    (void)state;
    struct cursor cursor = cursor_of(bytes_of(NULL, 0));
    assert_true(cursor_done(&cursor));
    assert_int_equal(cursor_take(&cursor, 0).size, 0);
    assert_true(cursor_done(&cursor));
    assert_int_equal(cursor_u8(&cursor), 0);
    assert_true(cursor.bad);
}

static void compact_sizes_round_trip_at_the_edges(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,       1,         0xfc,       0xfd,        0xffff,
                                      0x10000, 0x2000000, 0xffffffff, 0x100000000, UINT64_MAX};
    for (size_t i = 0; i < countof(values); i++) {
        struct buf buf = buf_with_max(16);
        buf_compact(&buf, values[i]);
        struct cursor cursor = cursor_of(buf_bytes(&buf));
        assert_int_equal(cursor_compact(&cursor, UINT64_MAX), values[i]);
        assert_true(cursor_done(&cursor));
        if (values[i] > 0) {
            cursor = cursor_of(buf_bytes(&buf));
            assert_int_equal(cursor_compact(&cursor, values[i] - 1), 0); /* one over its maximum */
            assert_true(cursor.bad);
        }
        for (size_t size = 0; size < buf.size; size++) { /* cut short anywhere */
            cursor = cursor_of(bytes_of(buf.data, size));
            (void)cursor_compact(&cursor, UINT64_MAX);
            assert_true(cursor.bad);
        }
        buf_free(&buf);
    }
}

static void longer_forms_are_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "fd0000", "fdfc00", "fe00000000", "feffff0000", "ff0000000000000000", "ffffffffff00000000"};
    for (size_t i = 0; i < countof(forms); i++) {
        struct buf buf = test_hex(forms[i]);
        struct cursor cursor = cursor_of(buf_bytes(&buf));
        assert_int_equal(cursor_compact(&cursor, UINT64_MAX), 0);
        assert_true(cursor.bad);
        buf_free(&buf);
    }
}

static void counted_bytes_keep_to_maximum_and_end(void **state)
{
    (void)state;
    static const uint8_t data[] = {3, 'a', 'b', 'c', 4, 'd'};
    struct cursor cursor = cursor_of(bytes_of(data, sizeof data));
    struct bytes three = cursor_compact_bytes(&cursor, 3);
    assert_true(bytes_equal(three, bytes_of_text("abc")));
    assert_int_equal(cursor_compact_bytes(&cursor, 4).size, 0); /* says 4, has 1 */
    assert_true(cursor.bad);
    cursor = cursor_of(bytes_of(data, sizeof data));
    assert_int_equal(cursor_compact_bytes(&cursor, 2).size, 0); /* 3 is over the maximum */
    assert_true(cursor.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_both_orders),
        cmocka_unit_test(a_short_read_is_bad_for_ever),
        cmocka_unit_test(lengths_up_to_2_64_do_not_wrap),
        cmocka_unit_test(no_bytes_are_done_at_once),
        cmocka_unit_test(compact_sizes_round_trip_at_the_edges),
        cmocka_unit_test(longer_forms_are_refused),
        cmocka_unit_test(counted_bytes_keep_to_maximum_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
