/* Proves: signing gives RFC 8032's answers, and of C2SP's 914 edge cases exactly those are
 * accepted whose key and R are canonical, of large order, and satisfy the cofactorless
 * equation: class by class, with as many cases as doc/formats/ed25519.md says. */
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
 * other forms: S + L, S + 2L, and so on up to 256 bits. */
static void unreduced_s_is_refused(void **state)
{
    (void)state;
    struct buf order = test_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    uint8_t seed[32] = {2}, public_key[32], signature[64];
    struct bytes message = bytes_of_text("S + L");
    unsigned forms = 0, carry = 0;
    ed25519_public(public_key, seed);
    ed25519_sign(signature, seed, message);
    assert_true(ed25519_verify(public_key, signature, message));
    while (carry == 0) {
        for (unsigned i = 0; i < 32; i++) {
            carry += signature[32 + i] + (unsigned)order.data[i];
            signature[32 + i] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry == 0)
            forms++;
        assert_false(ed25519_verify(public_key, signature, message));
    }
    assert_true(forms >= 14);
    memcpy(signature + 32, order.data, 32);
    assert_false(ed25519_verify(public_key, signature, message));
    buf_free(&order);
}

/* What a case is at heart, from its flags. */
enum point { LARGE, SMALL, NON_CANONICAL };
struct edge {
    enum point key, r;
    bool residue; /* the low orders of R and [k]A do not cancel out */
    bool mixed;   /* large, but with a component of low order */
};
static const struct {
    struct edge edge;
    size_t count;
    bool accepted;
} classes[] = {
    {{LARGE, LARGE, false, false}, 1, true},
    {{LARGE, LARGE, false, true}, 42, true},
    {{LARGE, LARGE, true, true}, 63, false},
    {{LARGE, SMALL, false, false}, 43, false}, /* Go takes it */
    {{LARGE, SMALL, true, false}, 63, false},
    {{LARGE, NON_CANONICAL, false, false}, 55, false},
    {{LARGE, NON_CANONICAL, true, false}, 121, false},
    {{SMALL, LARGE, false, false}, 43, false}, /* Go takes it */
    {{SMALL, LARGE, true, false}, 63, false},
    {{SMALL, SMALL, false, false}, 43, false}, /* Go takes it */
    {{SMALL, SMALL, true, false}, 63, false},
    {{SMALL, NON_CANONICAL, false, false}, 43, false},
    {{SMALL, NON_CANONICAL, true, false}, 45, false},
    {{NON_CANONICAL, LARGE, false, false}, 23, false}, /* Go takes it */
    {{NON_CANONICAL, LARGE, true, false}, 93, false},
    {{NON_CANONICAL, SMALL, false, false}, 13, false}, /* Go takes it */
    {{NON_CANONICAL, SMALL, true, false}, 45, false},
    {{NON_CANONICAL, NON_CANONICAL, false, false}, 25, false},
    {{NON_CANONICAL, NON_CANONICAL, true, false}, 27, false},
};

static bool has_flag(const json_t *entry, const char *name)
{
    const json_t *flag;
    size_t i;
    json_array_foreach (json_object_get(entry, "flags"), i, flag)
        if (strcmp(json_string_value(flag), name) == 0)
            return true;
    return false;
}

static size_t class_of(const json_t *entry)
{
    struct edge edge = {.key = has_flag(entry, "non_canonical_A") ? NON_CANONICAL
                               : has_flag(entry, "low_order_A")   ? SMALL
                                                                  : LARGE,
                        .r = has_flag(entry, "non_canonical_R") ? NON_CANONICAL
                             : has_flag(entry, "low_order_R")   ? SMALL
                                                                : LARGE,
                        .residue = has_flag(entry, "low_order_residue")};
    edge.mixed =
        edge.key == LARGE && edge.r == LARGE &&
        (has_flag(entry, "low_order_component_A") || has_flag(entry, "low_order_component_R"));
    for (size_t i = 0; i < countof(classes); i++)
        if (classes[i].edge.key == edge.key && classes[i].edge.r == edge.r &&
            classes[i].edge.residue == edge.residue && classes[i].edge.mixed == edge.mixed)
            return i;
    fail_msg("case %lld: of no class", json_integer_value(json_object_get(entry, "number")));
    return 0;
}

static bool case_accepted(const json_t *entry)
{
    struct err err = {0};
    const char *key_hex, *signature_hex, *message;
    uint8_t public_key[32], signature[64];
    test_ok(json_get_string(&key_hex, "case", entry, "key", &err), &err);
    test_ok(json_get_string(&signature_hex, "case", entry, "sig", &err), &err);
    test_ok(json_get_string(&message, "case", entry, "msg", &err), &err);
    assert_true(hex_decode(public_key, 32, key_hex, strlen(key_hex)));
    assert_true(hex_decode(signature, 64, signature_hex, strlen(signature_hex)));
    return ed25519_verify(public_key, signature, bytes_of_text(message));
}

static void c2sp_edge_cases(void **state)
{
    (void)state;
    struct buf text = test_data("tlog/ed25519/ed25519vectors.json");
    struct err err = {0};
    json_t *json;
    const json_t *entry;
    size_t i, counts[countof(classes)] = {0}, accepted = 0;
    test_ok(json_read(&json, "ed25519vectors", buf_bytes(&text), 4 << 20, &err), &err);
    assert_int_equal(json_array_size(json), 914);
    json_array_foreach (json, i, entry) {
        size_t k = class_of(entry);
        bool taken = case_accepted(entry);
        counts[k]++;
        accepted += taken;
        if (taken != classes[k].accepted)
            fail_msg("case %lld: accepted: %d",
                     json_integer_value(json_object_get(entry, "number")), taken);
    }
    for (size_t k = 0; k < countof(classes); k++)
        assert_int_equal(counts[k], classes[k].count);
    assert_int_equal(accepted, 43);
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
