/* Proves: base58, bech32 and addresses agree with the vectors of the BIPs, Bitcoin Core and
 * libwally, and with every labelled address of the data sets; what is damaged, of another
 * network or a private key is refused, and a refusal leaves nothing behind. */
#include "chain/chain_priv.h"
#include "support.h"

enum { VECTOR_MAX = 8 << 20 };

static const struct chain_params *params_of(const char *name)
{
    const struct chain_params *params = chain_params_find(name);
    assert_non_null(params);
    return params;
}

static void assert_hex(const struct buf *buf, const char *hex)
{
    struct buf expected = test_hex(hex);
    assert_int_equal(buf->size, expected.size);
    assert_true(bytes_equal(buf_bytes(buf), buf_bytes(&expected)));
    buf_free(&expected);
}

/* Both ways; `text` must be the form that we write. */
static void assert_address(const struct chain_params *params, const char *text, const char *hex)
{
    struct buf script = buf_with_max(64);
    struct err err = {0};
    char again[ADDRESS_TEXT_SIZE];
    test_ok(address_to_script(&script, params, text, &err), &err);
    assert_hex(&script, hex);
    assert_true(address_from_script(again, params, buf_bytes(&script)));
    assert_string_equal(again, text);
    buf_free(&script);
}

static void assert_address_refused(const struct chain_params *params, const char *text,
                                   const char *why)
{
    struct buf script = buf_with_max(64);
    struct err err = {0};
    buf_u8(&script, 7);
    test_refused(address_to_script(&script, params, text, &err), SANAD_REFUSED, &err, why);
    assert_int_equal(script.size, 1);
    buf_free(&script);
}

static json_t *read_json(const char *name)
{
    char path[PATH_SIZE];
    struct err err = {0};
    json_t *json;
    test_ok(json_read_file(&json, test_data_path(path, name), VECTOR_MAX, &err), &err);
    return json;
}

static const char *item_text(const json_t *array, size_t index)
{
    const char *text = json_string_value(json_array_get(array, index));
    assert_non_null(text);
    return text;
}

static void base58_agrees_with_core(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/core/src/test/data/base58_encode_decode.json");
    assert_true(json_array_size(json) >= 12);
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *pair = json_array_get(json, i);
        const char *text = item_text(pair, 1);
        struct buf raw = test_hex(item_text(pair, 0));
        struct buf out = buf_with_max(4096);
        if (raw.size > BASE58_BYTES_MAX) { /* Core's longest: beyond what we take */
            assert_false(base58_decode(&out, text, strlen(text)));
        } else {
            base58_encode(&out, buf_bytes(&raw));
            assert_string_equal(buf_cstr(&out), text);
            buf_reset(&out);
            assert_true(base58_decode(&out, text, strlen(text)));
            assert_true(bytes_equal(buf_bytes(&out), buf_bytes(&raw)));
        }
        buf_free(&out);
        buf_free(&raw);
    }
    json_decref(json);
}

static void base58_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "O", "I", "l", " 2g", "2g ", "2g\n", "3\x80"};
    struct buf out = buf_with_max(4096);
    for (size_t i = 0; i < countof(bad); i++)
        assert_false(base58_decode(&out, bad[i], strlen(bad[i])));
    char ones[BASE58_TEXT_MAX + 2];
    memset(ones, '1', sizeof ones);
    ones[sizeof ones - 1] = 0;
    assert_false(base58_decode(&out, ones, BASE58_TEXT_MAX + 1));
    assert_false(base58_decode(&out, ones, BASE58_BYTES_MAX + 1));
    assert_true(base58_decode(&out, ones, BASE58_BYTES_MAX));
    memset(ones, 'z', sizeof ones - 1);
    assert_false(base58_decode(&out, ones, 181));
    assert_true(base58_decode(&out, ones, 180));
    assert_int_equal(out.size, 2 * BASE58_BYTES_MAX);
    memset(ones, '1', 100); /* leading zeros count too */
    assert_false(base58_decode(&out, ones, 100 + 44));
    assert_true(base58_decode(&out, ones, 100 + 43));
    assert_int_equal(out.size, 3 * BASE58_BYTES_MAX);
    buf_free(&out);
}

static void base58check_is_strict(void **state)
{
    (void)state;
    uint8_t payload[128];
    struct buf text = buf_with_max(4096);
    struct buf out = buf_with_max(4096);
    for (size_t size = 0; size <= sizeof payload; size++) {
        memset(payload, (int)size, sizeof payload);
        buf_reset(&text);
        buf_reset(&out);
        base58check_encode(&text, bytes_of(payload, size));
        assert_true(base58check_decode(&out, buf_cstr(&text)));
        assert_true(bytes_equal(buf_bytes(&out), bytes_of(payload, size)));
        text.data[text.size - 1] = text.data[text.size - 1] == '2' ? '3' : '2';
        assert_false(base58check_decode(&out, buf_cstr(&text)));
        assert_int_equal(out.size, size);
    }
    assert_false(base58check_decode(&out, ""));
    assert_false(base58check_decode(&out, "111")); /* shorter than a checksum */
    buf_free(&text);
    buf_free(&out);
}

/* Lines of the known answers of BIP173 and BIP350: valid strings, then invalid ones. */
static const char *const bech32_valid[] = {
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl"};
static const char *const bech32m_valid[] = {
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa"};
static const char *const bech32_invalid[] = {
    " 1nwldj5",
    "\1771axkwrx",
    "\2001eym55h",
    "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
    "pzry9x0s0muk",
    "1pzry9x0s0muk",
    "x1b4n0q5v",
    "li1dgmt3",
    "de1lg7wt\xff",
    "A1G7SGD8",
    "10a06t8",
    "1qzzfhee",
    " 1xj0phk",
    "\1771g6xzxy",
    "\2001vctc34",
    "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
    "qyrz8wqd2c9m",
    "1qyrz8wqd2c9m",
    "y1b0jsk6g",
    "lt1igcx5c0",
    "in1muywd",
    "mm1crxm3i",
    "au1s5cgom",
    "M1VUXWEZ",
    "16plkw9",
    "1p2gdwpf",
    "a12ueL5L",
    ""};

static void assert_bech32(const char *text, enum bech32_kind kind)
{
    struct bech32 bech32;
    struct buf out = buf_with_max(128);
    assert_true(bech32_decode(&bech32, text));
    assert_int_equal(bech32.kind, kind);
    bech32_encode(&out, &bech32);
    assert_int_equal(strcasecmp(buf_cstr(&out), text), 0);
    buf_free(&out);
}

static void bech32_agrees_with_the_bips(void **state)
{
    (void)state;
    struct bech32 bech32;
    for (size_t i = 0; i < countof(bech32_valid); i++)
        assert_bech32(bech32_valid[i], BECH32);
    for (size_t i = 0; i < countof(bech32m_valid); i++)
        assert_bech32(bech32m_valid[i], BECH32M);
    for (size_t i = 0; i < countof(bech32_invalid); i++)
        if (bech32_decode(&bech32, bech32_invalid[i]))
            fail_msg("%s", bech32_invalid[i]);
}

/* Every single wrong character is found: that is what the code is for. */
static void bech32_finds_every_substitution(void **state)
{
    (void)state;
    static const char good[] = "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu";
    struct bech32 bech32;
    char text[sizeof good];
    assert_true(bech32_decode(&bech32, good));
    for (size_t i = 0; i + 1 < sizeof good; i++) {
        for (int c = 1; c < 256; c++) {
            memcpy(text, good, sizeof good);
            text[i] = (char)c;
            if (text[i] != good[i])
                assert_false(bech32_decode(&bech32, text));
        }
    }
}

/* The next line that is not empty, without its end; *at moves behind it. */
static bool next_line(char *ret_text, size_t size, const char **at)
{
    *at += strspn(*at, "\r\n");
    size_t length = strcspn(*at, "\r\n");
    assert_true(length < size);
    memcpy(ret_text, *at, length);
    ret_text[length] = 0;
    *at += length;
    return length > 0;
}

/* The text between the first <tt> and </tt> at or after *at, which moves behind it. */
static bool next_tt(char *ret_text, size_t size, const char **at)
{
    const char *start = strstr(*at, "<tt>");
    const char *end = start ? strstr(start, "</tt>") : NULL;
    if (!end)
        return false;
    start += 4;
    assert_true((size_t)(end - start) < size);
    memcpy(ret_text, start, (size_t)(end - start));
    ret_text[end - start] = 0;
    *at = end;
    return true;
}

static const struct chain_params *params_of_address(const char *text)
{
    return params_of(strncasecmp(text, "tb", 2) == 0 ? "testnet4" : "main");
}

/* BIP350's list of addresses and their scripts, then its list of invalid ones. */
static void segwit_addresses_agree_with_bip350(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0350.mediawiki");
    const char *at = strstr(buf_cstr(&file), "===Test vectors for v0-v16");
    assert_non_null(at);
    const char *invalid = strstr(at, "invalid segwit addresses");
    assert_non_null(invalid);
    char text[256];
    char hex[256];
    size_t valid_count = 0;
    size_t invalid_count = 0;
    while (next_tt(text, sizeof text, &at) && at < invalid) {
        struct buf script = buf_with_max(64);
        struct err err = {0};
        assert_true(next_tt(hex, sizeof hex, &at));
        test_ok(address_to_script(&script, params_of_address(text), text, &err), &err);
        assert_hex(&script, hex);
        char again[ADDRESS_TEXT_SIZE];
        assert_true(address_from_script(again, params_of_address(text), buf_bytes(&script)));
        assert_int_equal(strcasecmp(again, text), 0);
        buf_free(&script);
        valid_count++;
    }
    for (at = invalid; next_tt(text, sizeof text, &at); invalid_count++)
        assert_address_refused(params_of_address(text), text, "address: ");
    assert_int_equal(valid_count, 8);
    assert_int_equal(invalid_count, 15);
    buf_free(&file);
}

/* Of BIP173's list only version 0 is still valid: BIP350 took the others over. */
static void segwit_addresses_agree_with_bip173(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0173.mediawiki");
    const char *at = strstr(buf_cstr(&file), "The following list gives valid segwit addresses");
    assert_non_null(at);
    const char *invalid = strstr(at, "invalid segwit addresses");
    assert_non_null(invalid);
    char text[256];
    char hex[256];
    size_t count = 0;
    while (next_tt(text, sizeof text, &at) && at < invalid) {
        struct buf script = buf_with_max(64);
        struct err err = {0};
        assert_true(next_tt(hex, sizeof hex, &at));
        if (strncmp(hex, "00", 2) == 0) {
            test_ok(address_to_script(&script, params_of_address(text), text, &err), &err);
            assert_hex(&script, hex);
        } else {
            assert_address_refused(params_of_address(text), text, "bech32m for all after it");
        }
        buf_free(&script);
        count++;
    }
    for (at = invalid; next_tt(text, sizeof text, &at) && strlen(text) < 91; count++)
        assert_address_refused(params_of_address(text), text, "address: ");
    assert_true(count >= 16);
    buf_free(&file);
}

static void addresses_agree_with_core(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/core/src/test/data/key_io_valid.json");
    size_t addresses = 0;
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *row = json_array_get(json, i);
        const json_t *about = json_array_get(row, 2);
        const struct chain_params *params =
            params_of(json_string_value(json_object_get(about, "chain")));
        char text[128];
        (void)snprintf(text, sizeof text, "%s", item_text(row, 0));
        if (json_is_true(json_object_get(about, "isPrivkey"))) {
            assert_address_refused(params, text, "a private key");
            continue;
        }
        assert_address(params, text, item_text(row, 1));
        addresses++;
        if (!json_is_true(json_object_get(about, "tryCaseFlip")))
            continue;
        for (char *c = text; *c; c++)
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        struct buf script = buf_with_max(64);
        struct err err = {0};
        test_ok(address_to_script(&script, params, text, &err), &err);
        assert_hex(&script, item_text(row, 1));
        buf_free(&script);
    }
    assert_true(addresses >= 40);
    json_decref(json);
}

static void damaged_addresses_of_core_are_refused(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/core/src/test/data/key_io_invalid.json");
    assert_true(json_array_size(json) >= 60);
    for (size_t i = 0; i < json_array_size(json); i++)
        for (int id = 0; id < CHAIN_COUNT; id++)
            assert_address_refused(chain_params_get((enum chain_id)id),
                                   item_text(json_array_get(json, i), 0), "address: ");
    json_decref(json);
}

/* Ten lines a case: secret, public key, SHA-256, hash160, with version, two hashes, checksum,
 * whole, address. */
static void addresses_agree_with_libwally(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/libwally/address_vectors.txt");
    char lines[10][256];
    size_t line = 0;
    size_t cases = 0;
    const char *at = buf_cstr(&file);
    while (next_line(lines[line], sizeof lines[line], &at)) {
        if (++line < countof(lines))
            continue;
        line = 0;
        cases++;
        struct buf key = test_hex(lines[1]);
        struct hash160 hash;
        hash160_of(&hash, buf_bytes(&key));
        char hex[41];
        char script[64];
        hex_encode(hex, bytes_of(hash.b, sizeof hash.b));
        assert_int_equal(strcasecmp(hex, lines[3]), 0);
        (void)snprintf(script, sizeof script, "76a914%s88ac", hex);
        assert_address(params_of("main"), lines[9], script);
        buf_free(&key);
    }
    assert_int_equal(line, 0);
    assert_true(cases >= 50);
    buf_free(&file);
}

static void addresses_agree_with_bip341(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/bips/bip-0341/wallet-test-vectors.json");
    const json_t *cases = json_object_get(json, "scriptPubKey");
    assert_true(json_array_size(cases) >= 7);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *expected = json_object_get(json_array_get(cases, i), "expected");
        assert_address(params_of("main"),
                       json_string_value(json_object_get(expected, "bip350Address")),
                       json_string_value(json_object_get(expected, "scriptPubKey")));
    }
    json_decref(json);
}

/* Every address of a CSV gives the script that stands beside it, and is written back so. */
static size_t check_csv(const char *name)
{
    char path[PATH_SIZE];
    struct csv csv;
    struct err err = {0};
    test_ok(csv_read_file(&csv, test_data_path(path, name), VECTOR_MAX, &err), &err);
    int address = csv_column(&csv, "address");
    int script = csv_column(&csv, "script_pubkey_hex");
    assert_true(address >= 0 && script >= 0);
    for (size_t i = 0; i < csv.row_count; i++)
        assert_address(params_of("main"), csv.rows[i][address], csv.rows[i][script]);
    size_t count = csv.row_count;
    csv_free(&csv);
    return count;
}

static void labelled_addresses_have_their_scripts(void **state)
{
    (void)state;
    assert_int_equal(check_csv("addresses/exchange-and-custodian-addresses-defillama.csv"), 4476);
    assert_int_equal(check_csv("addresses/el-salvador-reserve-addresses.csv"), 20);
}

/* 435 addresses are listed for Bitcoin, one of them TRON's. */
static void listed_addresses_but_one_are_ours(void **state)
{
    (void)state;
    struct buf file = test_data("addresses/ofac-sanctioned_addresses_XBT.txt");
    size_t good = 0;
    size_t bad = 0;
    const char *at = buf_cstr(&file);
    char text[128];
    while (next_line(text, sizeof text, &at)) {
        struct buf script = buf_with_max(64);
        struct err err = {0};
        int code = address_to_script(&script, params_of("main"), text, &err);
        if (code == 0) {
            char again[ADDRESS_TEXT_SIZE];
            assert_true(address_from_script(again, params_of("main"), buf_bytes(&script)));
            assert_int_equal(strcasecmp(again, text), 0);
            good++;
        } else {
            assert_string_equal(text, "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq");
            test_refused(code, SANAD_REFUSED, &err, "unknown version byte");
            bad++;
        }
        buf_free(&script);
    }
    assert_int_equal(good, 434);
    assert_int_equal(bad, 1);
    buf_free(&file);
}

static void other_networks_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *chain;
        const char *text;
        const char *why;
    } cases[] = {
        {"testnet4", "32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo", "of another network"},
        {"main", "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "of another network"},
        {"main", "2NC2hEhe28ULKAJkW5MjZ3jtTMJdvXmByvK", "of another network"},
        {"regtest", "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu", "of another network"},
        {"regtest", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
         "of another network"},
        {"main", "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
         "unknown prefix"},
        {"main", "bc1gmk9yu", "no witness version"},
        {"main", "bc1pw5dgrnzv", "length not allowed"},
        {"main", "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", "over 16"},
        {"main", "", "unknown form"},
        {"main", "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss", "a private key"},
        {"testnet4", "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1", "a private key"},
    };
    for (size_t i = 0; i < countof(cases); i++)
        assert_address_refused(params_of(cases[i].chain), cases[i].text, cases[i].why);
    /* testnet4 and signet share their addresses. */
    assert_address(params_of("signet"),
                   "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
                   "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262");
}

static const char genesis_p2pk[] =
    "4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e5"
    "1ec112de5c384df7ba0b8d578a4c702b6bf11d5fac";

static void scripts_without_an_address_have_none(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "",
        "6a",
        "00",
        "0014751e76e8199196d454941c45d1b3a323f1433b",       /* a byte short */
        "0014751e76e8199196d454941c45d1b3a323f1433bd6ff",   /* a byte long */
        "0015751e76e8199196d454941c45d1b3a323f1433bd6ff",   /* version 0 of 21 bytes */
        "510101",                                           /* a program of 1 byte */
        "76a914751e76e8199196d454941c45d1b3a323f1433bd688", /* no OP_CHECKSIG */
        "a913751e76e8199196d454941c45d1b3a323f1433b87",
        genesis_p2pk,
        "6129" /* version 17 does not exist */};
    for (size_t i = 0; i < countof(scripts); i++) {
        struct buf script = test_hex(scripts[i]);
        char text[ADDRESS_TEXT_SIZE] = "kept";
        assert_false(address_from_script(text, params_of("main"), buf_bytes(&script)));
        assert_string_equal(text, "kept");
        buf_free(&script);
    }
    /* Pay to anchor has one: Bitcoin Core's. */
    assert_address(params_of("main"), "bc1pfeessrawgf", "51024e73");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base58_agrees_with_core),
        cmocka_unit_test(base58_is_strict),
        cmocka_unit_test(base58check_is_strict),
        cmocka_unit_test(bech32_agrees_with_the_bips),
        cmocka_unit_test(bech32_finds_every_substitution),
        cmocka_unit_test(segwit_addresses_agree_with_bip350),
        cmocka_unit_test(segwit_addresses_agree_with_bip173),
        cmocka_unit_test(addresses_agree_with_core),
        cmocka_unit_test(damaged_addresses_of_core_are_refused),
        cmocka_unit_test(addresses_agree_with_libwally),
        cmocka_unit_test(addresses_agree_with_bip341),
        cmocka_unit_test(labelled_addresses_have_their_scripts),
        cmocka_unit_test(listed_addresses_but_one_are_ours),
        cmocka_unit_test(other_networks_are_told_apart),
        cmocka_unit_test(scripts_without_an_address_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
