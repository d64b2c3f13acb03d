/* Proves: hexadecimal, base64 and decimal numbers are read in one way only, and a hash is
 * shown in the order that its kind has. */
#include "support.h"

static void hex_is_exact(void **state)
{
    (void)state;
    uint8_t data[3] = {9, 9, 9};
    assert_true(hex_decode(data, 3, "00fFa5", 6));
    assert_memory_equal(data, "\x00\xff\xa5", 3);
    char text[7];
    hex_encode(text, bytes_of(data, 3));
    assert_string_equal(text, "00ffa5");
    assert_false(hex_decode(data, 3, "00fFa", 5));
    assert_false(hex_decode(data, 3, "00fFa5b", 7));
    assert_false(hex_decode(data, 3, "00fFag", 6));
    assert_false(hex_decode(data, 3, "0x00ff", 6));
    assert_false(hex_decode(data, SIZE_MAX, "", SIZE_MAX - 1));
    assert_memory_equal(data, "\x00\xff\xa5", 3); /* refusals leave it */
    assert_true(hex_decode(data, 0, "", 0));
}

static void hashes_have_two_orders(void **state)
{
    (void)state;
    /* Hash of Bitcoin's first block, as every explorer shows it. */
    static const char shown[] = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
    struct hash256 hash;
    char text[HEX256_SIZE];
    assert_true(hash256_from_display(&hash, shown));
    assert_int_equal(hash.b[31], 0);
    assert_int_equal(hash.b[0], 0x6f);
    hash256_display(text, &hash);
    assert_string_equal(text, shown);
    hash256_straight(text, &hash);
    assert_memory_equal(text, "6fe28c0a", 8);
    struct hash256 again;
    assert_true(hash256_from_straight(&again, text));
    assert_true(hash256_equal(&hash, &again));
    assert_false(hash256_from_display(&hash, "00"));
    assert_false(hash256_from_display(&hash, ""));
    assert_false(hash256_is_zero(&hash));
}

/* RFC 4648 section 10. */
static void base64_gives_the_published_answers(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < countof(pairs); i++) {
        struct buf text = buf_with_max(100);
        base64_encode(&text, bytes_of_text(pairs[i][0]));
        assert_string_equal(buf_cstr(&text), pairs[i][1]);
        struct buf back = buf_with_max(100);
        assert_true(base64_decode(&back, pairs[i][1], strlen(pairs[i][1])));
        assert_string_equal(buf_cstr(&back), pairs[i][0]);
        buf_free(&text);
        buf_free(&back);
    }
}

static void other_spellings_of_base64_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",    "Zg===", "=",        "====", "Zh==", "Zm9=",
        "Z===", "Zg=a", "Zm9v\n", " Zm9v", "Zg==Zg==", "Zm-v", "Zm_v", "=Zm8",
    };
    for (size_t i = 0; i < countof(bad); i++) {
        struct buf buf = buf_with_max(100);
        buf_text(&buf, "x");
        assert_false(base64_decode(&buf, bad[i], strlen(bad[i])));
        assert_int_equal(buf.size, 1);
        buf_free(&buf);
    }
    struct buf small = buf_with_max(2);
    assert_false(base64_decode(&small, "Zm9v", 4));
    buf_free(&small);
}

static void numbers_have_one_spelling_and_a_maximum(void **state)
{
    (void)state;
    uint64_t value = 7;
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1a",
                                      "0x",
                                      "1.0",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "111111111111111111111"};
    for (size_t i = 0; i < countof(bad); i++)
        assert_false(number_parse(&value, bad[i], strlen(bad[i]), UINT64_MAX));
    assert_int_equal(value, 7);
    assert_true(number_parse(&value, "18446744073709551615", 20, UINT64_MAX));
    assert_true(value == UINT64_MAX);
    assert_true(number_parse(&value, "0", 1, 0));
    assert_int_equal(value, 0);
    assert_false(number_parse(&value, "101", 3, 100));
    assert_true(number_parse(&value, "100", 3, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_is_exact),
        cmocka_unit_test(hashes_have_two_orders),
        cmocka_unit_test(base64_gives_the_published_answers),
        cmocka_unit_test(other_spellings_of_base64_are_refused),
        cmocka_unit_test(numbers_have_one_spelling_and_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
