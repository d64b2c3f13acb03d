/* Proves: a buffer grows to its ceiling and not a byte past it, what does not fit is not
 * added at all, and arenas give zeroed, aligned memory and take it back whole. */
#include "support.h"

static void fills_to_the_ceiling_exactly(void **state)
{
    (void)state;
    for (size_t max = 0; max < 200; max += 7) {
        struct buf buf = buf_with_max(max);
        for (size_t i = 0; i < max; i++)
            buf_u8(&buf, (uint8_t)i);
        assert_false(buf.bad);
        assert_int_equal(buf.size, max);
        assert_int_equal(strlen(buf_cstr(&buf)), 0); /* byte 0 is 0, or there is none */
        assert_false(buf.bad);                       /* the NUL needs no room below the ceiling */
        buf_u8(&buf, 1);
        assert_true(buf.bad);
        assert_int_equal(buf.size, max);
        buf_free(&buf);
    }
}

static void what_does_not_fit_is_not_added(void **state)
{
    (void)state;
    struct buf buf = buf_with_max(4);
    buf_text(&buf, "abc");
    buf_text(&buf, "de");
    assert_true(buf.bad);
    assert_int_equal(buf.size, 3);
    buf_text(&buf, "f"); /* would fit, but the buffer is spoilt */
    assert_int_equal(buf.size, 3);
    assert_string_equal(buf_cstr(&buf), "");
    assert_null(buf_extend(&buf, 0));
    buf_reset(&buf);
    buf_format(&buf, "%d", 1234);
    assert_string_equal(buf_cstr(&buf), "1234");
    buf_format(&buf, "%d", 5);
    assert_true(buf.bad);
    buf_free(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.max, 4); /* usable again */
}

static void sizes_near_the_end_of_memory_do_not_wrap(void **state)
{
    (void)state;
    struct buf buf = buf_with_max(100);
    buf_u8(&buf, 1);
    assert_null(buf_extend(&buf, SIZE_MAX));
    assert_true(buf.bad);
    buf_free(&buf);
}

static void nothing_has_an_address(void **state)
{
    (void)state;
    struct buf buf = buf_with_max(10);
    assert_non_null(buf_extend(&buf, 0));
    buf_add(&buf, bytes_of(NULL, 0));
    assert_int_equal(buf.size, 0);
    assert_string_equal(buf_cstr(&buf), "");
    buf_free(&buf);
}

static void numbers_stand_in_their_order(void **state)
{
    (void)state;
    struct buf buf = buf_with_max(100);
    buf_le16(&buf, 0x0102);
    buf_le32(&buf, 0x01020304);
    buf_le64(&buf, 0x0102030405060708);
    buf_be32(&buf, 0x01020304);
    char text[2 * 18 + 1];
    assert_int_equal(buf.size, 18);
    hex_encode(text, buf_bytes(&buf));
    assert_string_equal(text, "020104030201080706050403020101020304");
    buf_free(&buf);
}

static void arenas_give_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 200000; size = size * 3 + 1) {
            uint8_t *memory = arena_alloc(&arena, size, 1);
            assert_int_equal((uintptr_t)memory % 16, 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(memory[i], 0);
            memset(memory, 0xaa, size);
        }
        arena_reset(&arena);
    }
    assert_string_equal(arena_strdup(&arena, "text"), "text");
    struct bytes copy = arena_bytes(&arena, bytes_of(NULL, 0));
    assert_non_null(copy.data);
    assert_int_equal(copy.size, 0);
    arena_free(&arena);
    arena_free(&arena);
    arena_reset(&arena);
    assert_null(arena.chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_to_the_ceiling_exactly),
        cmocka_unit_test(what_does_not_fit_is_not_added),
        cmocka_unit_test(sizes_near_the_end_of_memory_do_not_wrap),
        cmocka_unit_test(nothing_has_an_address),
        cmocka_unit_test(numbers_stand_in_their_order),
        cmocka_unit_test(arenas_give_zeroed_aligned_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
