/* Proves: compact targets are read and written as consensus does, with the traps of sign,
 * overflow and cut-off bytes; work is floor(2^256/(target+1)); scaling does not wrap. */
#include "chain/chain_priv.h"
#include "support.h"

static struct u256 of_hex(const char *text)
{
    struct u256 value;
    assert_true(u256_from_hex(&value, text));
    return value;
}

static void assert_hex(const struct u256 *value, const char *expected)
{
    char text[HEX256_SIZE];
    u256_hex(text, value);
    assert_string_equal(text, expected);
}

/* Each has its shortest form back. */
static void targets_round_trip(void **state)
{
    (void)state;
    static const struct {
        uint32_t bits;
        const char *target;
    } cases[] = {
        {0x1d00ffff, "00000000ffff0000000000000000000000000000000000000000000000000000"},
        {0x1e0377ae, "00000377ae000000000000000000000000000000000000000000000000000000"},
        {0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000"},
        {0x01010000, "0000000000000000000000000000000000000000000000000000000000000001"},
        {0x02123400, "0000000000000000000000000000000000000000000000000000000000001234"},
        {0x03123456, "0000000000000000000000000000000000000000000000000000000000123456"},
        {0x04123456, "0000000000000000000000000000000000000000000000000000000012345600"},
        {0x02008000, "0000000000000000000000000000000000000000000000000000000000000080"},
        {0x2100ffff, "ffff000000000000000000000000000000000000000000000000000000000000"},
        {0x17034219, "0000000000000000000342190000000000000000000000000000000000000000"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct u256 target;
        assert_true(target_from_bits(&target, cases[i].bits));
        assert_hex(&target, cases[i].target);
        assert_int_equal(target_to_bits(&target), cases[i].bits);
    }
}

static void bad_bits_are_refused(void **state)
{
    (void)state;
    static const uint32_t bad[] = {
        0x00000000, 0x00123456, 0x01003456, 0x02000056, 0x03000000,
        0x04000000, 0x01fedcba, 0x04923456, 0x1d80ffff, /* negative */
        0x23000001, 0x22000100, 0x21010000, 0xff123456, 0xff000001,
    };
    struct u256 target = {{7, 7, 7, 7}};
    for (size_t i = 0; i < countof(bad); i++) {
        assert_false(target_from_bits(&target, bad[i]));
        struct u256 work = work_of_bits(bad[i]);
        assert_hex(&work, "0000000000000000000000000000000000000000000000000000000000000000");
    }
    assert_int_equal(target.w[0], 7); /* untouched */
}

/* The highest mantissa byte may lie in the last byte of the number, but no further. */
static void targets_at_the_brim(void **state)
{
    (void)state;
    struct u256 target;
    assert_true(target_from_bits(&target, 0x220000ff));
    assert_hex(&target, "ff00000000000000000000000000000000000000000000000000000000000000");
    assert_int_equal(target_to_bits(&target), 0x2100ff00);
    assert_true(target_from_bits(&target, 0x01123456));
    assert_hex(&target, "0000000000000000000000000000000000000000000000000000000000000012");
    struct u256 zero = {{0}};
    assert_int_equal(target_to_bits(&zero), 0);
    struct u256 all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    assert_int_equal(target_to_bits(&all), 0x2100ffff);
}

static void work_is_exact(void **state)
{
    (void)state;
    struct u256 work = work_of_bits(0x1d00ffff);
    assert_hex(&work, "0000000000000000000000000000000000000000000000000000000100010001");
    work = work_of_bits(0x207fffff);
    assert_hex(&work, "0000000000000000000000000000000000000000000000000000000000000002");
    work = work_of_bits(0x01010000); /* target 1: 2^255 */
    assert_hex(&work, "8000000000000000000000000000000000000000000000000000000000000000");
    work = work_of_bits(0x01020000); /* target 2: floor(2^256/3) */
    assert_hex(&work, "5555555555555555555555555555555555555555555555555555555555555555");
}

static void sums_carry_and_wrap(void **state)
{
    (void)state;
    struct u256 a = of_hex("00000000000000000000000000000000ffffffffffffffffffffffffffffffff");
    struct u256 one = {{1, 0, 0, 0}};
    u256_add(&a, &one);
    assert_hex(&a, "0000000000000000000000000000000100000000000000000000000000000000");
    a = of_hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    u256_add(&a, &one);
    assert_hex(&a, "0000000000000000000000000000000000000000000000000000000000000000");
}

static void order_looks_at_the_highest_word_first(void **state)
{
    (void)state;
    struct u256 low = {{UINT64_MAX, 0, 0, 1}};
    struct u256 high = {{0, 0, 0, 2}};
    assert_int_equal(u256_compare(&low, &high), -1);
    assert_int_equal(u256_compare(&high, &low), 1);
    assert_int_equal(u256_compare(&low, &low), 0);
}

static void scaling_keeps_the_carry_and_never_wraps(void **state)
{
    (void)state;
    struct u256 a = of_hex("7fffff0000000000000000000000000000000000000000000000000000000000");
    struct u256 scaled = u256_mul_div(&a, 1209600, 1209600);
    assert_int_equal(u256_compare(&scaled, &a), 0);
    scaled = u256_mul_div(&a, 4838400, 1209600); /* four times: over the top */
    assert_hex(&scaled, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    scaled = u256_mul_div(&a, 3, 4);
    assert_hex(&scaled, "5fffff4000000000000000000000000000000000000000000000000000000000");
    a = of_hex("0000000000000000000000000000000000000000000000000000000000000064");
    scaled = u256_mul_div(&a, 1, 7);
    assert_int_equal(scaled.w[0], 14);
}

static void hex_is_strict(void **state)
{
    (void)state;
    struct u256 value;
    assert_false(u256_from_hex(&value, ""));
    assert_false(u256_from_hex(&value, "00"));
    assert_false(
        u256_from_hex(&value, "g000000000000000000000000000000000000000000000000000000000000000"));
    assert_false(
        u256_from_hex(&value, "00000000000000000000000000000000000000000000000000000000000000000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_round_trip),
        cmocka_unit_test(bad_bits_are_refused),
        cmocka_unit_test(targets_at_the_brim),
        cmocka_unit_test(work_is_exact),
        cmocka_unit_test(sums_carry_and_wrap),
        cmocka_unit_test(order_looks_at_the_highest_word_first),
        cmocka_unit_test(scaling_keeps_the_carry_and_never_wraps),
        cmocka_unit_test(hex_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
