/* Proves: what is sealed opens under its passphrase and no other, any changed byte is
 * noticed, and a form that is cut, foreign or asks for too much is refused before any
 * memory is taken for it. */
#include "crypto/crypto.h"
#include "support.h"

#include <sodium.h>
#include <stdlib.h>

enum { HEAD_SIZE = 51, MAC_SIZE = 16 };

static const char passphrase[] = "correct horse battery staple";

/* A sealed form with the least costs, made here from the description in crypto.h alone,
 * so that the tests are quick and the description is tested too. */
static struct buf cheap_sealed(struct bytes secret)
{
    struct buf sealed = buf_with_max(4096);
    uint8_t salt[16] = {1}, nonce[24] = {2}, key[32];
    assert_int_equal(crypto_pwhash(key, sizeof key, passphrase, strlen(passphrase), salt, 1,
                                   8 * 1024, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    buf_text(&sealed, "SK1");
    buf_le32(&sealed, 1);
    buf_le32(&sealed, 8);
    buf_add(&sealed, bytes_of(salt, sizeof salt));
    buf_add(&sealed, bytes_of(nonce, sizeof nonce));
    uint8_t *box = buf_extend(&sealed, MAC_SIZE + secret.size);
    assert_int_equal(crypto_secretbox_easy(box, secret.data, secret.size, nonce, key), 0);
    return sealed;
}

static void assert_opens(struct bytes sealed, struct bytes secret)
{
    struct buf opened = buf_with_max(4096);
    struct err err = {0};
    buf_u8(&opened, '>'); /* what is there already stays */
    test_ok(secret_open(&opened, sealed, passphrase, &err), &err);
    assert_int_equal(opened.size, 1 + secret.size);
    assert_int_equal(opened.data[0], '>');
    if (secret.size > 0)
        assert_memory_equal(opened.data + 1, secret.data, secret.size);
    buf_free(&opened);
}

static void assert_refused(struct bytes sealed, const char *with, int code, const char *part)
{
    struct buf opened = buf_with_max(4096);
    struct err err = {0};
    test_refused(secret_open(&opened, sealed, with, &err), code, &err, part);
    assert_int_equal(opened.size, 0);
    buf_free(&opened);
}

static void the_documented_form_opens(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 64; size += 16) {
        uint8_t secret[64] = {7, 8, 9};
        struct buf sealed = cheap_sealed(bytes_of(secret, size));
        assert_opens(buf_bytes(&sealed), bytes_of(secret, size));
        buf_free(&sealed);
    }
}

static void seal_and_open(void **state)
{
    (void)state;
    struct buf sealed = buf_with_max(4096), again = buf_with_max(4096);
    struct bytes secret = bytes_of_text("32 bytes of a private key......");
    struct err err = {0};
    test_ok(secret_seal(&sealed, secret, passphrase, SECRET_COST_INTERACTIVE, &err), &err);
    test_ok(secret_seal(&again, secret, passphrase, SECRET_COST_INTERACTIVE, &err), &err);
    assert_int_equal(sealed.size, HEAD_SIZE + MAC_SIZE + secret.size);
    assert_int_equal(load_le32(sealed.data + 3), 2);
    assert_int_equal(load_le32(sealed.data + 7), 64 * 1024);
    assert_memory_not_equal(sealed.data + 11, again.data + 11, 16); /* a fresh salt */
    assert_memory_not_equal(sealed.data + 27, again.data + 27, 24); /* a fresh nonce */
    assert_opens(buf_bytes(&sealed), secret);
    assert_refused(buf_bytes(&sealed), "correct horse battery stapl", SANAD_FALSE, "passphrase");
    buf_free(&sealed);
    buf_free(&again);
}

/* Bytes of salt, nonce and box; the costs have tests of their own. */
static void any_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct buf sealed = cheap_sealed(bytes_of_text("key"));
    for (size_t i = 11; i < sealed.size; i++) {
        sealed.data[i] ^= 0x10;
        assert_refused(buf_bytes(&sealed), passphrase, SANAD_FALSE, "changed");
        sealed.data[i] ^= 0x10;
    }
    sealed.data[3] = 2; /* another number of passes gives another key */
    assert_refused(buf_bytes(&sealed), passphrase, SANAD_FALSE, "changed");
    buf_free(&sealed);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct buf sealed = cheap_sealed(bytes_of_text("key"));
    for (size_t size = 0; size < HEAD_SIZE + MAC_SIZE; size++) {
        uint8_t *exact = size ? mem_alloc(size) : NULL;
        if (size)
            memcpy(exact, sealed.data, size);
        assert_refused(bytes_of(exact, size), passphrase, SANAD_REFUSED, "sealed secret: ");
        free(exact);
    }
    for (size_t size = HEAD_SIZE + MAC_SIZE; size < sealed.size; size++)
        assert_refused(bytes_of(sealed.data, size), passphrase, SANAD_FALSE, "changed");
    buf_free(&sealed);
}

static void foreign_magic_is_refused(void **state)
{
    (void)state;
    struct buf sealed = cheap_sealed(bytes_of_text("key"));
    for (size_t i = 0; i < 3; i++) {
        sealed.data[i]++;
        assert_refused(buf_bytes(&sealed), passphrase, SANAD_REFUSED, "does not begin");
        sealed.data[i]--;
    }
    buf_free(&sealed);
}

static void costs_are_bounded(void **state)
{
    (void)state;
    static const uint32_t passes[] = {0, 17, UINT32_MAX};
    static const uint32_t memory[] = {0, 7, (1 << 20) + 1, UINT32_MAX};
    struct buf sealed = cheap_sealed(bytes_of_text("key"));
    for (size_t i = 0; i < countof(passes); i++) {
        memcpy(sealed.data + 3, &passes[i], 4);
        assert_refused(buf_bytes(&sealed), passphrase, SANAD_REFUSED, "passes");
    }
    memcpy(sealed.data + 3, &(uint32_t){1}, 4);
    for (size_t i = 0; i < countof(memory); i++) {
        memcpy(sealed.data + 7, &memory[i], 4);
        assert_refused(buf_bytes(&sealed), passphrase, SANAD_REFUSED, "KiB");
    }
    buf_free(&sealed);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    uint8_t *big = mem_zalloc(1 << 17, 1);
    struct buf sealed = buf_with_max(1 << 20), small = buf_with_max(40);
    struct err err = {0};
    test_refused(
        secret_seal(&sealed, bytes_of(big, 65537), passphrase, SECRET_COST_INTERACTIVE, &err),
        SANAD_REFUSED, &err, "at most 65536");
    assert_int_equal(sealed.size, 0);
    memcpy(big, "SK1\1\0\0\0\10\0\0\0", 11);
    assert_refused(bytes_of(big, 65537 + HEAD_SIZE + MAC_SIZE), passphrase, SANAD_REFUSED,
                   "holds 0 to 65536");
    test_refused(secret_seal(&small, bytes_of(big, 3), passphrase, SECRET_COST_INTERACTIVE, &err),
                 SANAD_REFUSED, &err, "buffer");
    buf_free(&sealed);
    buf_free(&small);
    free(big);
}

static void passphrases_are_bounded(void **state)
{
    (void)state;
    struct buf sealed = cheap_sealed(bytes_of_text("key"));
    struct buf none = buf_with_max(4096);
    struct err err = {0};
    char longest[1026];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_refused(buf_bytes(&sealed), "", SANAD_REFUSED, "passphrase: ");
    assert_refused(buf_bytes(&sealed), longest, SANAD_REFUSED, "passphrase: ");
    test_refused(secret_seal(&none, bytes_of_text("key"), "", SECRET_COST_INTERACTIVE, &err),
                 SANAD_REFUSED, &err, "passphrase: ");
    assert_int_equal(none.size, 0);
    buf_free(&sealed);
}

static void opening_into_a_full_buffer(void **state)
{
    (void)state;
    struct buf sealed = cheap_sealed(bytes_of_text("key"));
    struct buf full = buf_with_max(2);
    struct err err = {0};
    test_refused(secret_open(&full, buf_bytes(&sealed), passphrase, &err), SANAD_REFUSED, &err,
                 "buffer");
    assert_int_equal(full.size, 0);
    buf_free(&full);
    buf_free(&sealed);
}

static void random_bytes_differ_and_wiping_wipes(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    const uint8_t zero[32] = {0};
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    secret_wipe(a, sizeof a);
    assert_memory_equal(a, zero, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_form_opens),
        cmocka_unit_test(seal_and_open),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(foreign_magic_is_refused),
        cmocka_unit_test(costs_are_bounded),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(passphrases_are_bounded),
        cmocka_unit_test(opening_into_a_full_buffer),
        cmocka_unit_test(random_bytes_differ_and_wiping_wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
