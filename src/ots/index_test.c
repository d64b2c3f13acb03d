/* Proves: an index is read and written again byte for byte; whatever is not in order, in form or
 * in bounds is refused with its line. */
#include "ots/ots.h"
#include "support.h"

static void refused(const char *text, const char *part)
{
    struct arena arena = {0};
    struct ots_index index;
    struct err err = {0};
    test_refused(ots_index_parse(&index, "index", bytes_of_text(text), &arena, &err), SANAD_REFUSED,
                 &err, part);
    arena_free(&arena);
}

static void indexes_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "1\n", "1\n2\n10\n9223372036854775807\n"};
    static const size_t counts[] = {0, 1, 4};
    for (size_t i = 0; i < countof(texts); i++) {
        struct arena arena = {0};
        struct ots_index index;
        struct err err = {0};
        struct buf again = buf_with_max(4096);
        test_ok(ots_index_parse(&index, "index", bytes_of_text(texts[i]), &arena, &err), &err);
        assert_int_equal(index.count, counts[i]);
        ots_index_write(&again, &index);
        assert_string_equal(buf_cstr(&again), texts[i]);
        buf_free(&again);
        arena_free(&arena);
    }
}

static void others_are_refused(void **state)
{
    (void)state;
    refused("0\n", "line 1");
    refused("1", "line 1");
    refused("1\n2", "line 2");
    refused("2\n1\n", "line 2");
    refused("1\n1\n", "line 2");
    refused("01\n", "line 1");
    refused("1\n\n", "line 2");
    refused("1 \n", "line 1");
    refused("-1\n", "line 1");
    refused("1\r\n", "line 1");
    refused("9223372036854775808\n", "line 1");
    struct buf many = buf_with_max(1 << 20);
    for (int i = 1; i <= OTS_INDEX_MAX + 1; i++)
        buf_format(&many, "%d\n", i);
    refused(buf_cstr(&many), "over 100000 lines");
    buf_free(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indexes_are_read),
        cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
