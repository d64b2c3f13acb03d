/* Proves: money never wraps, unknown stays unknown, parsing and printing are exact
 * inverses, and rounding is half to even. */
#include "support.h"

static void sums_that_overflow_are_unknown(void **state)
{
    (void)state;
    struct amount big = amount_of(INT64_MAX);
    assert_false(amount_is_known(amount_add(big, amount_of(1))));
    assert_false(amount_is_known(amount_sub(amount_of(-2), big)));
    assert_false(amount_is_known(amount_add(amount_unknown(), amount_of(1))));
    assert_false(amount_is_known(amount_neg(amount_unknown())));
    assert_false(amount_equal(amount_unknown(), amount_unknown()));
    assert_int_equal(amount_minor(amount_sub(amount_of(3), amount_of(5))), -2);
}

static void text_round_trips(void **state)
{
    (void)state;
    static const char *const texts[] = {"0.00000000", "0.00000001", "6238.00000000", "-1.50000000",
                                        "20999999.97690000"};
    for (size_t i = 0; i < countof(texts); i++) {
        struct amount a;
        char text[AMOUNT_TEXT_SIZE];
        struct err err = {0};
        test_ok(amount_parse(&a, texts[i], 8, &err), &err);
        amount_format(text, a, 8);
        assert_string_equal(text, texts[i]);
    }
    char text[AMOUNT_TEXT_SIZE];
    amount_format_grouped(text, amount_of(623800000000), 8);
    assert_string_equal(text, "6,238.00000000");
    amount_format_grouped(text, amount_of(-74500000000), 2);
    assert_string_equal(text, "-745,000,000.00");
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        ".",
                                        "1.",
                                        ".5",
                                        "+1",
                                        "1e5",
                                        " 1",
                                        "1 ",
                                        "0x1",
                                        "1,0",
                                        "--1",
                                        "1.123456789",
                                        "92233720368547758.08"};
    for (size_t i = 0; i < countof(texts); i++) {
        struct amount a;
        struct err err = {0};
        assert_int_equal(amount_parse(&a, texts[i], 8, &err), SANAD_REFUSED);
    }
}

static void division_rounds_half_to_even(void **state)
{
    (void)state;
    assert_int_equal(amount_minor(amount_mul_div(amount_of(5), 1, 2)), 2);
    assert_int_equal(amount_minor(amount_mul_div(amount_of(7), 1, 2)), 4);
    assert_int_equal(amount_minor(amount_mul_div(amount_of(-5), 1, 2)), -2);
    assert_int_equal(amount_minor(amount_mul_div(amount_of(-7), 1, 2)), -4);
    /* 6,238 BTC at 119,429.30 USD: the seed's order of magnitude, past 64 bits inside. */
    assert_int_equal(amount_minor(amount_mul_div(amount_of(623800000000), 11942930, SAT_PER_BTC)),
                     74499997340);
    assert_false(amount_is_known(amount_mul_div(amount_of(INT64_MAX), INT64_MAX, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_that_overflow_are_unknown),
        cmocka_unit_test(text_round_trips),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(division_rounds_half_to_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
