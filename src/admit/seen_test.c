/* Proves: the set holds what was added and nothing else, through all its growth, also where keys
 * fall on one slot. */
#include "admit/admit_priv.h"
#include "support.h"

static struct hash256 hash_of(uint64_t number, bool crowded)
{
    struct hash256 hash;
    sha256_of(&hash, bytes_of(&number, sizeof number));
    if (crowded) /* the same first slot, whatever the capacity */
        memset(hash.b, 0, 8);
    return hash;
}

static void filled(uint64_t count, bool crowded)
{
    struct seen seen = {0};
    for (uint64_t i = 0; i < count; i++) {
        struct hash256 hash = hash_of(i, crowded);
        assert_false(seen_has(&seen, &hash));
        seen_add(&seen, &hash);
        assert_true(seen_has(&seen, &hash));
    }
    assert_int_equal(seen.count, count);
    assert_true(seen.capacity <= 4 * count || seen.capacity == 1024);
    for (uint64_t i = 0; i < 2 * count; i++) {
        struct hash256 hash = hash_of(i, crowded);
        assert_int_equal(seen_has(&seen, &hash), i < count);
    }
    seen_free(&seen);
}

static void it_holds_what_was_added(void **state)
{
    (void)state;
    filled(0, false);
    filled(1, false);
    filled(20000, false);
}

static void it_holds_what_falls_together(void **state)
{
    (void)state;
    filled(600, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_was_added),
        cmocka_unit_test(it_holds_what_falls_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
