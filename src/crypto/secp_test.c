/* Proves: points are taken and refused as SEC 1 and Bitcoin say, the signatures of BIP340's
 * and Wycheproof's files are judged as the files say, BIP341's wallet vectors give the same
 * output keys and signatures, and every refused tweak leaves its object untouched.
 * ctest-label: threads */
#include "crypto/crypto.h"
#include "support.h"

#include <pthread.h>
#include <stdlib.h>

static const char order[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
static const char order_less_one[] =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
static const char generator[] =
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
static const char generator_long[] =
    "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

static void bytes32(uint8_t ret_bytes[32], const char *hex)
{
    assert_true(hex_decode(ret_bytes, 32, hex, strlen(hex)));
}

static bool parses(const char *hex)
{
    struct buf buf = test_hex(hex);
    struct ec_point point;
    bool parsed = ec_point_parse(&point, buf_bytes(&buf));
    buf_free(&buf);
    return parsed;
}

static struct ec_point point_of(const char *hex)
{
    struct buf buf = test_hex(hex);
    struct ec_point point;
    assert_true(ec_point_parse(&point, buf_bytes(&buf)));
    buf_free(&buf);
    return point;
}

static void assert_point(const struct ec_point *point, const char *expected)
{
    uint8_t compressed[33];
    char text[67];
    ec_point_compressed(compressed, point);
    hex_encode(text, bytes_of(compressed, sizeof compressed));
    assert_string_equal(text, expected);
}

/* Counts its wrong answers: cmocka's assertions belong to the main thread. */
static void *thread_main(void *data)
{
    unsigned *wrong = data;
    for (uint8_t i = 1; i < 10; i++) {
        uint8_t secret[32] = {[31] = i}, der[72];
        struct hash256 message = {{i}};
        struct ec_point point;
        size_t size = ec_sign_ecdsa(der, secret, &message);
        *wrong += !ec_secret_point(&point, secret);
        *wrong += !ec_verify_ecdsa(&point, bytes_of(der, size), &message);
    }
    return NULL;
}

/* Runs first, so that the context for secrets is made here, by one of four threads. */
static void threads_share_the_context(void **state)
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

static void both_forms_are_one_point(void **state)
{
    (void)state;
    struct ec_point point = point_of(generator_long);
    uint8_t uncompressed[65];
    char text[131];
    assert_point(&point, generator);
    point = point_of(generator);
    ec_point_uncompressed(uncompressed, &point);
    hex_encode(text, bytes_of(uncompressed, sizeof uncompressed));
    assert_string_equal(text, generator_long);
}

static void bad_points_are_refused(void **state)
{
    (void)state;
    char hex[131];
    static const char prefixes[][3] = {"00", "01", "04", "05", "06", "07", "ff"};
    for (size_t i = 0; i < countof(prefixes); i++) {
        memcpy(hex, generator, sizeof generator);
        memcpy(hex, prefixes[i], 2);
        assert_false(parses(hex));
    }
    /* 6 and 7 are the hybrid forms; 6 even fits this point's y. */
    for (size_t i = 0; i < countof(prefixes); i++) {
        memcpy(hex, generator_long, sizeof generator_long);
        memcpy(hex, prefixes[i], 2);
        assert_int_equal(parses(hex), prefixes[i][1] == '4');
    }
    memcpy(hex, generator_long, sizeof generator_long);
    hex[129] = '9';
    assert_false(parses(hex)); /* not on the curve */
    assert_false(parses("020000000000000000000000000000000000000000000000000000000000000005"));
    assert_false(parses("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"));
}

/* Any other length, the empty one too; each in memory of its own for ASan. */
static void other_lengths_are_refused(void **state)
{
    (void)state;
    struct buf whole = test_hex(generator_long);
    for (size_t size = 0; size < 65; size++) {
        struct ec_point point;
        uint8_t *exact = size ? mem_alloc(size) : NULL;
        if (size)
            memcpy(exact, whole.data, size);
        assert_false(ec_point_parse(&point, bytes_of(exact, size)));
        free(exact);
    }
    buf_free(&whole);
}

static void tweaks_out_of_range_change_nothing(void **state)
{
    (void)state;
    uint8_t scalar[32];
    struct ec_point point = point_of(generator);
    bytes32(scalar, order);
    assert_false(ec_point_tweak_add(&point, scalar));
    bytes32(scalar, order_less_one); /* G + (n-1) G is infinite */
    assert_false(ec_point_tweak_add(&point, scalar));
    assert_point(&point, generator);
    uint8_t secret[32] = {[31] = 1};
    const uint8_t one[32] = {[31] = 1};
    assert_false(ec_secret_tweak_add(secret, scalar));
    bytes32(scalar, order);
    assert_false(ec_secret_tweak_add(secret, scalar));
    assert_memory_equal(secret, one, 32);
}

/* (a + b) G == a G + b G. */
static void secrets_and_points_agree(void **state)
{
    (void)state;
    uint8_t secret[32] = {[31] = 5};
    const uint8_t tweak[32] = {[0] = 0x11, [31] = 9};
    struct ec_point left, right;
    assert_true(ec_secret_point(&left, secret));
    assert_true(ec_point_tweak_add(&left, tweak));
    assert_true(ec_secret_tweak_add(secret, tweak));
    assert_true(ec_secret_point(&right, secret));
    uint8_t left_bytes[33], right_bytes[33];
    ec_point_compressed(left_bytes, &left);
    ec_point_compressed(right_bytes, &right);
    assert_memory_equal(left_bytes, right_bytes, 33);
}

static void secrets_have_a_range(void **state)
{
    (void)state;
    uint8_t secret[32] = {0};
    struct ec_point point;
    assert_false(ec_secret_valid(secret));
    assert_false(ec_secret_point(&point, secret));
    bytes32(secret, order);
    assert_false(ec_secret_valid(secret));
    assert_false(ec_secret_point(&point, secret));
    bytes32(secret, order_less_one);
    assert_true(ec_secret_valid(secret));
    assert_true(ec_secret_point(&point, secret));
    assert_point(&point, "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
}

/* ---- BIP340 ---- */

/* One line of the file. Only 32-byte messages go through our interface; returns whether
 * this one did. */
static bool bip340_line(const struct csv *csv, char **row)
{
    const char *secret_hex = row[csv_column(csv, "secret key")];
    const char *aux_hex = row[csv_column(csv, "aux_rand")];
    const char *message_hex = row[csv_column(csv, "message")];
    bool expected = strcmp(row[csv_column(csv, "verification result")], "TRUE") == 0;
    uint8_t x[32], signature[64], secret[32], signed_bytes[64];
    struct hash256 message;
    if (strlen(message_hex) != 64)
        return false;
    bytes32(x, row[csv_column(csv, "public key")]);
    bytes32(message.b, message_hex);
    assert_true(hex_decode(signature, 64, row[csv_column(csv, "signature")], 128));
    assert_int_equal(ec_verify_schnorr(x, signature, &message), expected);
    if (!*secret_hex || strspn(aux_hex, "0") != 64)
        return true;
    bytes32(secret, secret_hex);
    ec_sign_schnorr(signed_bytes, secret, &message);
    assert_memory_equal(signed_bytes, signature, 64);
    return true;
}

static void bip340_vectors(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    struct csv csv;
    struct err err = {0};
    test_ok(csv_read_file(&csv, test_data_path(path, "vectors/bips/bip-0340/test-vectors.csv"),
                          1 << 20, &err),
            &err);
    size_t used = 0;
    for (size_t i = 0; i < csv.row_count; i++)
        used += bip340_line(&csv, csv.rows[i]);
    print_message("BIP340: %zu of %zu vectors have 32-byte messages\n", used, csv.row_count);
    assert_int_equal(csv.row_count, 19);
    assert_int_equal(used, 15);
    csv_free(&csv);
}

/* ---- ECDSA ---- */

static void wycheproof_group(const json_t *group, size_t *ret_count)
{
    struct err err = {0};
    const char *key_hex, *message_hex, *signature_hex, *result;
    const json_t *key = json_object_get(group, "publicKey");
    const json_t *test;
    size_t i;
    test_ok(json_get_string(&key_hex, "key", key, "uncompressed", &err), &err);
    struct ec_point point = point_of(key_hex);
    json_array_foreach (json_object_get(group, "tests"), i, test) {
        struct hash256 digest;
        test_ok(json_get_string(&message_hex, "test", test, "msg", &err), &err);
        test_ok(json_get_string(&signature_hex, "test", test, "sig", &err), &err);
        test_ok(json_get_string(&result, "test", test, "result", &err), &err);
        struct buf message = test_hex(message_hex);
        struct buf signature = test_hex(signature_hex);
        sha256_of(&digest, buf_bytes(&message));
        bool valid = ec_verify_ecdsa(&point, buf_bytes(&signature), &digest);
        if (valid != (strcmp(result, "valid") == 0))
            fail_msg("test %lld is %s", json_integer_value(json_object_get(test, "tcId")), result);
        buf_free(&message);
        buf_free(&signature);
        (*ret_count)++;
    }
}

static void wycheproof_ecdsa_vectors(void **state)
{
    (void)state;
    struct buf text = test_data("vectors/core/src/secp256k1/src/wycheproof/"
                                "ecdsa_secp256k1_sha256_bitcoin_test.json");
    struct err err = {0};
    json_t *json;
    const json_t *group;
    size_t i, count = 0;
    test_ok(json_read(&json, "wycheproof", buf_bytes(&text), 1 << 20, &err), &err);
    json_array_foreach (json_object_get(json, "testGroups"), i, group)
        wycheproof_group(group, &count);
    assert_int_equal(count, 463);
    json_decref(json);
    buf_free(&text);
}

/* What we sign is DER, low S, the same every time, and good under its key alone. */
static void ecdsa_round_trip(void **state)
{
    (void)state;
    for (uint8_t i = 1; i < 40; i++) {
        uint8_t secret[32] = {[0] = i, [31] = 1}, der[72], again[72];
        struct hash256 message = {{i}};
        struct ec_point point, other = point_of(generator);
        size_t size = ec_sign_ecdsa(der, secret, &message);
        assert_in_range(size, 60, 72);
        assert_int_equal(ec_sign_ecdsa(again, secret, &message), size);
        assert_memory_equal(der, again, size);
        assert_true(ec_secret_point(&point, secret));
        assert_true(ec_verify_ecdsa(&point, bytes_of(der, size), &message));
        assert_false(ec_verify_ecdsa(&other, bytes_of(der, size), &message));
        assert_false(ec_verify_ecdsa(&point, bytes_of(der, size - 1), &message));
        der[size - 1] ^= 1;
        assert_false(ec_verify_ecdsa(&point, bytes_of(der, size), &message));
        der[size - 1] ^= 1;
        message.b[31] ^= 1;
        assert_false(ec_verify_ecdsa(&point, bytes_of(der, size), &message));
    }
}

static void schnorr_round_trip(void **state)
{
    (void)state;
    uint8_t secret[32] = {[7] = 3}, compressed[33], signature[64];
    struct hash256 message = {{42}};
    struct ec_point point;
    assert_true(ec_secret_point(&point, secret));
    ec_point_compressed(compressed, &point);
    ec_sign_schnorr(signature, secret, &message);
    assert_true(ec_verify_schnorr(compressed + 1, signature, &message));
    for (size_t i = 0; i < 64; i++) {
        signature[i] ^= 0x80;
        assert_false(ec_verify_schnorr(compressed + 1, signature, &message));
        signature[i] ^= 0x80;
    }
}

/* ---- BIP341 ---- */

static const json_t *member(const json_t *json, const char *outer, const char *inner)
{
    return json_object_get(json_object_get(json, outer), inner);
}

/* Output keys of the scripts. */
static void bip341_script(const json_t *entry)
{
    uint8_t internal[32], x[32], expected[32];
    struct hash256 root;
    const json_t *root_json = member(entry, "intermediary", "merkleRoot");
    bytes32(internal, json_string_value(member(entry, "given", "internalPubkey")));
    bytes32(expected, json_string_value(member(entry, "intermediary", "tweakedPubkey")));
    if (json_is_string(root_json))
        bytes32(root.b, json_string_value(root_json));
    assert_true(ec_taproot_output(x, internal, json_is_string(root_json) ? &root : NULL));
    assert_memory_equal(x, expected, 32);
}

/* Signatures of the key path: the tweaked secret is given, so only signing is ours. */
static void bip341_spend(const json_t *entry)
{
    uint8_t secret[32], signature[64], expected[64];
    struct hash256 message;
    const char *witness =
        json_string_value(json_array_get(member(entry, "expected", "witness"), 0));
    bytes32(secret, json_string_value(member(entry, "intermediary", "tweakedPrivkey")));
    bytes32(message.b, json_string_value(member(entry, "intermediary", "sigHash")));
    assert_true(hex_decode(expected, 64, witness, 128)); /* a sighash byte may follow */
    ec_sign_schnorr(signature, secret, &message);
    assert_memory_equal(signature, expected, 64);
}

static void bip341_wallet_vectors(void **state)
{
    (void)state;
    struct buf text = test_data("vectors/core/src/test/data/bip341_wallet_vectors.json");
    struct err err = {0};
    json_t *json;
    const json_t *entry, *spending;
    size_t i, scripts = 0, spends = 0;
    test_ok(json_read(&json, "bip341", buf_bytes(&text), 1 << 20, &err), &err);
    json_array_foreach (json_object_get(json, "scriptPubKey"), i, entry) {
        bip341_script(entry);
        scripts++;
    }
    spending = json_array_get(json_object_get(json, "keyPathSpending"), 0);
    json_array_foreach (json_object_get(spending, "inputSpending"), i, entry) {
        bip341_spend(entry);
        spends++;
    }
    assert_int_equal(scripts, 7);
    assert_int_equal(spends, 7);
    json_decref(json);
    buf_free(&text);
}

static void taproot_refuses_x_off_the_curve(void **state)
{
    (void)state;
    uint8_t x[32] = {[31] = 5}, out[32] = {0xaa};
    assert_false(ec_taproot_output(out, x, NULL));
    memset(x, 0xff, sizeof x);
    assert_false(ec_taproot_output(out, x, NULL));
    assert_int_equal(out[0], 0xaa);
    struct ec_point point;
    assert_false(ec_point_parse_xonly(&point, x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_the_context),
        cmocka_unit_test(both_forms_are_one_point),
        cmocka_unit_test(bad_points_are_refused),
        cmocka_unit_test(other_lengths_are_refused),
        cmocka_unit_test(tweaks_out_of_range_change_nothing),
        cmocka_unit_test(secrets_and_points_agree),
        cmocka_unit_test(secrets_have_a_range),
        cmocka_unit_test(bip340_vectors),
        cmocka_unit_test(wycheproof_ecdsa_vectors),
        cmocka_unit_test(ecdsa_round_trip),
        cmocka_unit_test(schnorr_round_trip),
        cmocka_unit_test(bip341_wallet_vectors),
        cmocka_unit_test(taproot_refuses_x_off_the_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
