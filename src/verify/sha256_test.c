/* Proves: the core's SHA-256 gives the digests of FIPS 180-4 and those of the program's own, for
 * every size around a block and however the message is parted. */
#include "verify_test.h"

#include "verify/verify_priv.h"

static void known_answers(void **state)
{
    (void)state;
    uint8_t digest[32];
    struct buf empty = test_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct buf abc = test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sanad_sha256(digest, (struct sanad_bytes){.size = 0});
    assert_memory_equal(digest, empty.data, 32);
    sanad_sha256(digest, verify_bytes_of("abc"));
    assert_memory_equal(digest, abc.data, 32);
    buf_free(&empty);
    buf_free(&abc);
}

static void it_is_the_programs(void **state)
{
    (void)state;
    uint8_t message[600];
    uint64_t random = 5;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)random_next(&random);
    for (size_t size = 0; size <= sizeof message; size++) {
        struct hash256 theirs;
        uint8_t ours[32];
        struct verify_sha256 hash;
        size_t part = random_below(&random, size + 1);
        sha256_of(&theirs, bytes_of(message, size));
        sanad_sha256(ours, verify_bytes(message, size));
        assert_memory_equal(ours, theirs.b, 32);
        verify_sha256_begin(&hash);
        verify_sha256_add(&hash, verify_bytes(message, part));
        verify_sha256_add(&hash, verify_bytes(message + part, size - part));
        verify_sha256_end(ours, &hash);
        assert_memory_equal(ours, theirs.b, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers),
                                       cmocka_unit_test(it_is_the_programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
