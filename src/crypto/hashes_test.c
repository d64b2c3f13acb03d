/* Proves: RIPEMD-160 and SHA-1 give their authors' answers, HASH160 is its definition, HMAC-SHA512
 * gives RFC 4231's answers, and threads do not disturb one another.
 * ctest-label: threads */
#include "crypto/crypto.h"
#include "support.h"

#include <pthread.h>
#include <stdlib.h>

static void assert_ripemd160(struct bytes bytes, const char *expected)
{
    struct hash160 digest;
    char text[41];
    ripemd160_of(&digest, bytes);
    hex_encode(text, bytes_of(digest.b, sizeof digest.b));
    assert_string_equal(text, expected);
}

/* "The hash function RIPEMD-160", Dobbertin, Bosselaers, Preneel: the test values. */
static void ripemd160_known_answers(void **state)
{
    (void)state;
    assert_ripemd160(bytes_of(NULL, 0), "9c1185a5c5e9fc54612808977ee8f548b2258d31");
    assert_ripemd160(bytes_of_text("a"), "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe");
    assert_ripemd160(bytes_of_text("abc"), "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
    assert_ripemd160(bytes_of_text("message digest"), "5d0689ef49d2fae572b881b123a85ffa21595f36");
    assert_ripemd160(bytes_of_text("abcdefghijklmnopqrstuvwxyz"),
                     "f71c27109c692c1b56bbdceb5b9d2865b3708dbc");
    assert_ripemd160(bytes_of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                     "12a053384a9c0c88e405a06c27dcf49ada62eb2b");
    uint8_t *million = mem_alloc(1000000);
    memset(million, 'a', 1000000);
    assert_ripemd160(bytes_of(million, 1000000), "52783243c1697bdbe16d37f97f68f08325dc1528");
    free(million);
}

/* FIPS 180's examples. */
static void sha1_known_answers(void **state)
{
    (void)state;
    struct hash160 digest;
    char text[41];
    sha1_of(&digest, bytes_of_text("abc"));
    hex_encode(text, bytes_of(digest.b, sizeof digest.b));
    assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
    sha1_of(&digest, bytes_of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    hex_encode(text, bytes_of(digest.b, sizeof digest.b));
    assert_string_equal(text, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    assert_ripemd160(bytes_of_text("abc"), "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
}

/* BIP173's example: the key G has this HASH160 in its P2WPKH address. */
static void hash160_of_the_generator(void **state)
{
    (void)state;
    struct buf key = test_hex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    struct hash160 digest;
    char text[41];
    hash160_of(&digest, buf_bytes(&key));
    hex_encode(text, bytes_of(digest.b, sizeof digest.b));
    assert_string_equal(text, "751e76e8199196d454941c45d1b3a323f1433bd6");
    buf_free(&key);
}

struct hmac_case {
    const char *key; /* hexadecimal; or a byte to be repeated */
    size_t key_repeat;
    const char *message;
    size_t message_repeat;
    const char *mac;
};

/* RFC 4231 sections 4.2 to 4.8, but for 4.6, which is about truncation. */
static const struct hmac_case hmac_cases[] = {
    {"0b", 20, "4869205468657265", 1,
     "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
     "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
    {"4a656665", 1, "7768617420646f2079612077616e7420666f72206e6f7468696e673f", 1,
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
     "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
    {"aa", 20, "dd", 50,
     "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
     "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819", 1, "cd", 50,
     "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
     "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"},
    {"aa", 131,
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
     "65204b6579202d2048617368204b6579204669727374",
     1,
     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
     "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
    {"aa", 131,
     "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73"
     "697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e"
     "20546865206b6579206e6565647320746f20626520686173686564206265666f7265206265696e672075"
     "7365642062792074686520484d414320616c676f726974686d2e",
     1,
     "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
     "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"},
};

static struct buf repeated(const char *hex, size_t count)
{
    struct buf part = test_hex(hex);
    struct buf whole = buf_with_max(4096);
    for (size_t i = 0; i < count; i++)
        buf_add(&whole, buf_bytes(&part));
    buf_free(&part);
    return whole;
}

static bool hmac_fits(const struct hmac_case *hmac_case)
{
    struct buf key = repeated(hmac_case->key, hmac_case->key_repeat);
    struct buf message = repeated(hmac_case->message, hmac_case->message_repeat);
    uint8_t mac[64];
    char text[129];
    hmac_sha512(mac, buf_bytes(&key), buf_bytes(&message));
    hex_encode(text, bytes_of(mac, sizeof mac));
    buf_free(&key);
    buf_free(&message);
    return strcmp(text, hmac_case->mac) == 0;
}

static void hmac_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(hmac_cases); i++)
        assert_true(hmac_fits(&hmac_cases[i]));
}

/* An empty key is a key, not "the key of the last call". */
static void hmac_of_empty_key(void **state)
{
    (void)state;
    static const char expected[] =
        "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac673"
        "0c6c515421b327ec1d69402e53dfb49ad7381eb067b338fd7b0cb22247225d47";
    uint8_t mac[64];
    char text[129];
    assert_true(hmac_fits(&hmac_cases[1]));
    hmac_sha512(mac, bytes_of(NULL, 0), bytes_of(NULL, 0));
    hex_encode(text, bytes_of(mac, sizeof mac));
    assert_string_equal(text, expected);
}

/* Counts its wrong answers: cmocka's assertions belong to the main thread. */
static void *thread_main(void *data)
{
    unsigned *wrong = data;
    struct hash160 first, again;
    ripemd160_of(&first, bytes_of_text("abc"));
    for (unsigned i = 0; i < 200; i++) {
        ripemd160_of(&again, bytes_of_text("abc"));
        *wrong += memcmp(first.b, again.b, sizeof first.b) != 0;
        *wrong += !hmac_fits(&hmac_cases[i % countof(hmac_cases)]);
    }
    return NULL;
}

static void threads_keep_their_own_contexts(void **state)
{
    (void)state;
    pthread_t threads[4];
    unsigned wrong[countof(threads)] = {0};
    for (size_t i = 0; i < countof(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, &wrong[i]), 0);
    for (size_t i = 0; i < countof(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ripemd160_known_answers),
        cmocka_unit_test(sha1_known_answers),
        cmocka_unit_test(hash160_of_the_generator),
        cmocka_unit_test(hmac_known_answers),
        cmocka_unit_test(hmac_of_empty_key),
        cmocka_unit_test(threads_keep_their_own_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
