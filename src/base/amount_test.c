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

/* Every division against a slower way to the same: the two neighbours of the exact quotient,
 * the nearer one, and of two equally near the even one. */
static void division_is_exact_everywhere(void **state)
{
    (void)state;
    for (int64_t value = -40; value <= 40; value++) {
        for (int64_t divisor = 1; divisor <= 12; divisor++) {
            int64_t down = value / divisor - (value % divisor < 0 ? 1 : 0);
            int64_t rest = 2 * (value - down * divisor);
            bool up = rest > divisor || (rest == divisor && down % 2 != 0);
            struct amount ours = amount_mul_div(amount_of(value), 1, divisor);
            assert_int_equal(amount_minor(ours), down + (up ? 1 : 0));
        }
    }
    assert_int_equal(amount_minor(amount_mul_div(amount_of(INT64_MAX), 7, 7)), INT64_MAX);
    assert_int_equal(amount_minor(amount_mul_div(amount_of(-INT64_MAX), 7, 7)), -INT64_MAX);
    assert_int_equal(amount_minor(amount_mul_div(amount_of(INT64_MAX), INT64_MAX, INT64_MAX)),
                     INT64_MAX);
    assert_false(amount_is_known(amount_mul_div(amount_of(INT64_MAX), 2, 1)));
    assert_false(amount_is_known(amount_mul_div(amount_unknown(), 1, 1)));
    assert_int_equal(amount_minor(amount_mul_div(amount_of(3), INT64_MIN, INT64_MAX)), -3);
}

static void amounts_are_ordered(void **state)
{
    (void)state;
    struct amount low = amount_of(-1);
    struct amount high = amount_of(AMOUNT_MONEY_MAX_SAT);
    assert_int_equal(amount_compare(low, high), -1);
    assert_int_equal(amount_compare(high, low), 1);
    assert_int_equal(amount_compare(low, low), 0);
    assert_true(amount_equal(amount_zero(), amount_of(0)));
    assert_false(amount_equal(low, high));
    assert_true(amount_equal(amount_min(low, high), low));
    assert_true(amount_equal(amount_min(high, low), low));
    assert_true(amount_equal(amount_max(low, high), high));
    assert_true(amount_equal(amount_max(high, low), high));
    assert_true(amount_is_money(high));
    assert_true(amount_is_money(amount_zero()));
    assert_false(amount_is_money(low));
    assert_false(amount_is_money(amount_add(high, amount_of(1))));
    assert_false(amount_is_money(amount_unknown()));
}

static void unknown_is_shown_as_such(void **state)
{
    (void)state;
    char text[AMOUNT_TEXT_SIZE];
    amount_format(text, amount_unknown(), 8);
    assert_string_equal(text, "unknown");
    json_t *json = amount_json(amount_unknown());
    assert_true(json_is_null(json));
    json_decref(json);
    json = amount_json(amount_of(-5));
    assert_int_equal(json_integer_value(json), -5);
    json_decref(json);
}

static void the_longest_texts_fit(void **state)
{
    (void)state;
    char text[AMOUNT_TEXT_SIZE];
    amount_format_grouped(text, amount_of(-INT64_MAX), 0);
    assert_string_equal(text, "-9,223,372,036,854,775,807");
    amount_format_grouped(text, amount_of(-INT64_MAX), 2);
    assert_string_equal(text, "-92,233,720,368,547,758.07");
    amount_format(text, amount_of(-INT64_MAX), 18);
    assert_string_equal(text, "-9.223372036854775807");
    amount_format_grouped(text, amount_of(-999), 0);
    assert_string_equal(text, "-999");
    amount_format_grouped(text, amount_of(1000), 0);
    assert_string_equal(text, "1,000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_that_overflow_are_unknown),
        cmocka_unit_test(text_round_trips),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(division_rounds_half_to_even),
        cmocka_unit_test(division_is_exact_everywhere),
        cmocka_unit_test(amounts_are_ordered),
        cmocka_unit_test(unknown_is_shown_as_such),
        cmocka_unit_test(the_longest_texts_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
