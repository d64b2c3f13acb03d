/* Proves: signing gives RFC 8032's answers, and of C2SP's 914 edge cases exactly those are
 * accepted whose key and R are canonical, of large order, and satisfy the cofactorless
 * equation. */
#include "crypto/crypto.h"
#include "support.h"

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
    const char *seed, *public_key, *message, *signature;
} rfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void rfc8032_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rfc8032); i++) {
        struct buf seed = test_hex(rfc8032[i].seed), message = test_hex(rfc8032[i].message);
        struct buf expected_key = test_hex(rfc8032[i].public_key);
        struct buf expected = test_hex(rfc8032[i].signature);
        uint8_t public_key[32], signature[64];
        ed25519_public(public_key, seed.data);
        assert_memory_equal(public_key, expected_key.data, 32);
        ed25519_sign(signature, seed.data, buf_bytes(&message));
        assert_memory_equal(signature, expected.data, 64);
        assert_true(ed25519_verify(public_key, signature, buf_bytes(&message)));
        buf_free(&seed);
        buf_free(&message);
        buf_free(&expected_key);
        buf_free(&expected);
    }
}

/* Every bit of the signature, and a few of message and key, matter. */
static void any_change_is_refused(void **state)
{
    (void)state;
    uint8_t seed[32] = {1}, public_key[32], signature[64], message[] = "one statement";
    struct bytes bytes = bytes_of(message, sizeof message);
    ed25519_public(public_key, seed);
    ed25519_sign(signature, seed, bytes);
    assert_true(ed25519_verify(public_key, signature, bytes));
    for (unsigned bit = 0; bit < 512; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ed25519_verify(public_key, signature, bytes));
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_false(ed25519_verify(public_key, signature, bytes_of(message, sizeof message - 1)));
    for (unsigned bit = 0; bit < 256; bit++) {
        public_key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ed25519_verify(public_key, signature, bytes));
        public_key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* RFC 8032 section 5.1.7: S is below the group's order, or the same signature would have
 * a second form. */
static void unreduced_s_is_refused(void **state)
{
    (void)state;
    struct buf order = test_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    uint8_t seed[32] = {2}, public_key[32], signature[64];
    struct bytes message = bytes_of_text("S + L");
    ed25519_public(public_key, seed);
    ed25519_sign(signature, seed, message);
    assert_true(ed25519_verify(public_key, signature, message));
    unsigned carry = 0;
    for (unsigned i = 0; i < 32; i++) {
        carry += signature[32 + i] + (unsigned)order.data[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_false(ed25519_verify(public_key, signature, message));
    buf_free(&order);
}

/* The flags of a case that make us refuse it. A component of low order in key or R alone
 * does not: where the cofactorless equation holds, the signature is good. */
static bool flag_refuses(const char *flag)
{
    static const char *const refused[] = {"low_order_R", "low_order_A", "low_order_residue",
                                          "non_canonical_R", "non_canonical_A"};
    for (size_t i = 0; i < countof(refused); i++) {
        if (strcmp(flag, refused[i]) == 0)
            return true;
    }
    return false;
}

static bool case_check(const json_t *entry)
{
    struct err err = {0};
    const char *key_hex, *signature_hex, *message;
    const json_t *flag;
    size_t i;
    uint8_t public_key[32], signature[64];
    test_ok(json_get_string(&key_hex, "case", entry, "key", &err), &err);
    test_ok(json_get_string(&signature_hex, "case", entry, "sig", &err), &err);
    test_ok(json_get_string(&message, "case", entry, "msg", &err), &err);
    assert_true(hex_decode(public_key, 32, key_hex, strlen(key_hex)));
    assert_true(hex_decode(signature, 64, signature_hex, strlen(signature_hex)));
    bool expected = true;
    json_array_foreach (json_object_get(entry, "flags"), i, flag)
        expected = expected && !flag_refuses(json_string_value(flag));
    bool accepted = ed25519_verify(public_key, signature, bytes_of_text(message));
    if (accepted != expected)
        fail_msg("case %lld: accepted: %d", json_integer_value(json_object_get(entry, "number")),
                 accepted);
    return accepted;
}

static void c2sp_edge_cases(void **state)
{
    (void)state;
    struct buf text = test_data("tlog/ed25519/ed25519vectors.json");
    struct err err = {0};
    json_t *json;
    const json_t *entry;
    size_t i, accepted = 0;
    test_ok(json_read(&json, "ed25519vectors", buf_bytes(&text), 4 << 20, &err), &err);
    assert_int_equal(json_array_size(json), 914);
    json_array_foreach (json, i, entry)
        accepted += case_check(entry);
    print_message("C2SP edge cases: %zu of 914 accepted\n", accepted);
    json_decref(json);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc8032_vectors),
        cmocka_unit_test(any_change_is_refused),
        cmocka_unit_test(unreduced_s_is_refused),
        cmocka_unit_test(c2sp_edge_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
