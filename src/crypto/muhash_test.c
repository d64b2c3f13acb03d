/* Proves: MuHash3072 is Bitcoin Core's (the product of its own test, src/test/crypto_tests.cpp,
 * muhash_tests), order does not matter, parts multiplied apart and merged give the same, and each
 * element counts. */
#include "support.h"
#include "crypto/crypto.h"

static void add_number(struct muhash *set, uint8_t number)
{
    uint8_t element[32] = {number};
    muhash_add(set, bytes_of(element, sizeof element));
}

static struct hash256 digest_of(const uint8_t *numbers, size_t count)
{
    struct hash256 digest;
    struct muhash *set = muhash_new();
    for (size_t i = 0; i < count; i++)
        add_number(set, numbers[i]);
    muhash_digest(&digest, set);
    muhash_free(set);
    return digest;
}

/* The first 384 bytes of what that test serialises are the product of 1 and 2: hashed here. */
static void core_product(void **state)
{
    static const uint8_t numbers[] = {1, 2};
    struct hash256 digest = digest_of(numbers, countof(numbers));
    char text[HEX256_SIZE];
    (void)state;
    hash256_straight(text, &digest);
    assert_string_equal(text, "29829ecd6c4cc40ba01e3556694e5af4bac5428effc67e65d6471cd8152b8652");
}

static void order_does_not_matter(void **state)
{
    static const uint8_t forward[] = {0, 1, 2, 3, 200, 200};
    static const uint8_t mixed[] = {200, 3, 0, 200, 2, 1};
    static const uint8_t fewer[] = {0, 1, 2, 3, 200};
    struct hash256 a = digest_of(forward, countof(forward));
    struct hash256 b = digest_of(mixed, countof(mixed));
    struct hash256 c = digest_of(fewer, countof(fewer));
    (void)state;
    assert_true(hash256_equal(&a, &b));
    assert_false(hash256_equal(&a, &c));
}

static void parts_merge(void **state)
{
    struct muhash *whole = muhash_new();
    struct muhash *parts[3];
    struct hash256 expected;
    struct hash256 merged;
    (void)state;
    for (size_t i = 0; i < countof(parts); i++)
        parts[i] = muhash_new();
    for (uint8_t i = 0; i < 100; i++) {
        add_number(whole, i);
        add_number(parts[i % 7 % 3], i);
    }
    muhash_merge(parts[0], parts[1]);
    muhash_merge(parts[0], parts[2]);
    muhash_digest(&expected, whole);
    muhash_digest(&merged, parts[0]);
    assert_true(hash256_equal(&expected, &merged));
    muhash_digest(&merged, parts[0]); /* asking changes nothing */
    assert_true(hash256_equal(&expected, &merged));
    for (size_t i = 0; i < countof(parts); i++)
        muhash_free(parts[i]);
    muhash_free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_product),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(parts_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
