/* Proves: public derivation and the text of extended keys agree with the vectors of BIP32,
 * BIP84 and BIP86; every version of SLIP-132 is told by kind and network; a private key is
 * refused as one, whatever its network, and never repeated. */
#include "chain/chain_priv.h"
#include "support.h"

enum { TEXT_SIZE = 256 };

static const struct chain_params *main_chain(void)
{
    return chain_params_get(CHAIN_MAIN);
}

static struct ext_key parsed(const struct chain_params *params, const char *text)
{
    struct ext_key key;
    struct err err = {0};
    test_ok(ext_key_parse(&key, params, text, &err), &err);
    return key;
}

static void assert_written(const struct chain_params *params, const struct ext_key *key,
                           const char *text)
{
    struct buf buf = buf_with_max(TEXT_SIZE);
    ext_key_write(&buf, params, key);
    assert_string_equal(buf_cstr(&buf), text);
    buf_free(&buf);
}

static void assert_key_refused(const struct chain_params *params, const char *text, const char *why)
{
    struct ext_key key = {.depth = 77};
    struct err err = {0};
    test_refused(ext_key_parse(&key, params, text, &err), SANAD_REFUSED, &err, why);
    assert_int_equal(key.depth, 77);
    assert_null(strlen(text) > 20 ? strstr(err.text, text) : NULL);
}

/* The word after the first `label` at or behind *at, which moves behind it. */
static bool next_word(char ret_word[TEXT_SIZE], const char *label, const char **at)
{
    assert_non_null(*at);
    const char *start = *at ? strstr(*at, label) : NULL;
    if (!start)
        return false;
    start += strlen(label);
    size_t size = strcspn(start, " \r\n");
    assert_true(size > 0 && size < TEXT_SIZE);
    memcpy(ret_word, start, size);
    ret_word[size] = 0;
    *at = start + size;
    return true;
}

/* "m/0<sub>H</sub>/1" ends with step 1; false where the last step is hardened or there is none. */
static bool last_plain_step(uint32_t *ret_index, const char *chain)
{
    uint64_t index;
    const char *step = strrchr(chain, '/');
    /* A hardened step ends with "<sub>H</sub>": its last slash stands in the tag. */
    if (!step || !number_parse(&index, step + 1, strlen(step + 1), DESCRIPTOR_INDEX_MAX))
        return false;
    *ret_index = (uint32_t)index;
    return true;
}

/* Each "Chain" of the vectors is the child of the one before it; those behind a plain step are
 * reached without the private key. */
static void public_children_agree_with_bip32(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0032.mediawiki");
    const char *at = strstr(buf_cstr(&file), "==Test Vectors==");
    assert_non_null(at);
    char chain[TEXT_SIZE];
    char text[TEXT_SIZE];
    struct ext_key before = {.depth = 0};
    size_t keys = 0;
    size_t derived = 0;
    while (next_word(chain, "* Chain ", &at)) {
        assert_true(next_word(text, "ext pub: ", &at));
        struct ext_key key = parsed(main_chain(), text);
        assert_written(main_chain(), &key, text);
        uint32_t index;
        if (last_plain_step(&index, chain)) {
            struct ext_key child;
            assert_true(ext_key_child(&child, &before, index));
            assert_written(main_chain(), &child, text);
            derived++;
        }
        assert_true(next_word(text, "ext prv: ", &at));
        assert_key_refused(main_chain(), text, "a private key");
        assert_key_refused(chain_params_get(CHAIN_REGTEST), text, "a private key");
        before = key;
        keys++;
    }
    assert_int_equal(keys, 17);
    assert_int_equal(derived, 6);
    buf_free(&file);
}

static void bad_keys_of_bip32_are_refused(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0032.mediawiki");
    const char *at = strstr(buf_cstr(&file), "===Test vector 5===");
    const char *end = at ? strstr(at, "==Acknowledgements==") : NULL;
    assert_non_null(end);
    char text[TEXT_SIZE];
    size_t count = 0;
    while (next_word(text, "\n* ", &at) && at < end) {
        assert_key_refused(main_chain(), text, "key: ");
        count++;
    }
    assert_int_equal(count, 16);
    buf_free(&file);
}

static struct ext_key descend(struct ext_key key, uint32_t branch, uint32_t index)
{
    assert_true(ext_key_child(&key, &key, branch));
    assert_true(ext_key_child(&key, &key, index));
    return key;
}

static void accounts_of_bip84_give_their_keys(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0084.mediawiki");
    const char *at = strstr(buf_cstr(&file), "==Test vectors==");
    char text[TEXT_SIZE];
    static const uint32_t paths[][2] = {{0, 0}, {0, 1}, {1, 0}};
    assert_true(next_word(text, "  xpub  = ", &at));
    struct ext_key account = parsed(main_chain(), text);
    assert_int_equal(account.slip132, SLIP132_P2WPKH);
    assert_int_equal(account.depth, 3);
    for (size_t i = 0; i < countof(paths); i++) {
        struct ext_key key = descend(account, paths[i][0], paths[i][1]);
        char hex[67];
        hex_encode(hex, bytes_of(key.public_key, 33));
        assert_true(next_word(text, "pubkey  = ", &at));
        assert_string_equal(hex, text);
        assert_int_equal(key.depth, 5);
        assert_int_equal(key.slip132, SLIP132_P2WPKH);
    }
    buf_free(&file);
}

static void accounts_of_bip86_give_their_keys(void **state)
{
    (void)state;
    struct buf file = test_data("vectors/bips/text/bip-0086.mediawiki");
    const char *at = strstr(buf_cstr(&file), "==Test vectors==");
    char text[TEXT_SIZE];
    static const uint32_t paths[][2] = {{0, 0}, {0, 1}, {1, 0}};
    assert_true(next_word(text, "\nxpub = ", &at));
    struct ext_key account = parsed(main_chain(), text);
    for (size_t i = 0; i < countof(paths); i++) {
        struct ext_key key = descend(account, paths[i][0], paths[i][1]);
        assert_true(next_word(text, "xpub         = ", &at));
        assert_written(main_chain(), &key, text);
    }
    buf_free(&file);
}

/* SLIP-132, first table. */
static const struct {
    uint32_t public_version;
    uint32_t private_version;
    enum chain_id chain;
    enum slip132_kind kind;
    char letter; /* of the text that SLIP-132 promises: ?pub, ?prv */
} versions[] = {
    {0x0488b21e, 0x0488ade4, CHAIN_MAIN, SLIP132_NONE, 'x'},
    {0x049d7cb2, 0x049d7878, CHAIN_MAIN, SLIP132_P2SH_P2WPKH, 'y'},
    {0x04b24746, 0x04b2430c, CHAIN_MAIN, SLIP132_P2WPKH, 'z'},
    {0x0295b43f, 0x0295b005, CHAIN_MAIN, SLIP132_P2SH_P2WSH, 'Y'},
    {0x02aa7ed3, 0x02aa7a99, CHAIN_MAIN, SLIP132_P2WSH, 'Z'},
    {0x043587cf, 0x04358394, CHAIN_TESTNET4, SLIP132_NONE, 't'},
    {0x044a5262, 0x044a4e28, CHAIN_TESTNET4, SLIP132_P2SH_P2WPKH, 'u'},
    {0x045f1cf6, 0x045f18bc, CHAIN_TESTNET4, SLIP132_P2WPKH, 'v'},
    {0x024289ef, 0x024285b5, CHAIN_TESTNET4, SLIP132_P2SH_P2WSH, 'U'},
    {0x02575483, 0x02575048, CHAIN_TESTNET4, SLIP132_P2WSH, 'V'},
};

/* The BIP32 master key of vector 1 under other version bytes. */
static void with_version(struct buf *text, uint32_t version, bool private)
{
    static const char payload_hex[] =
        "000000000000000000873dff81c02f525623fd1fe5167eac3a55a049de3d314bb42ee227ffed37d508"
        "0339a36013301597daef41fbe593a02cc513d0b55527ec2df1050e2e8ff49c85c2";
    struct buf payload = buf_with_max(78);
    struct buf rest = test_hex(payload_hex);
    buf_be32(&payload, version);
    buf_add(&payload, buf_bytes(&rest));
    assert_int_equal(payload.size, 78);
    if (private)
        payload.data[45] = 0;
    buf_reset(text);
    base58check_encode(text, buf_bytes(&payload));
    buf_free(&payload);
    buf_free(&rest);
}

static void versions_tell_kind_and_network(void **state)
{
    (void)state;
    struct buf text = buf_with_max(TEXT_SIZE);
    for (size_t i = 0; i < countof(versions); i++) {
        bool is_main = versions[i].chain == CHAIN_MAIN;
        char prefix[] = {versions[i].letter, 'p', 'u', 'b', 0};
        with_version(&text, versions[i].public_version, false);
        assert_int_equal(strncmp(buf_cstr(&text), prefix, 4), 0);
        for (int id = 0; id < CHAIN_COUNT; id++) {
            const struct chain_params *params = chain_params_get((enum chain_id)id);
            if ((id == CHAIN_MAIN) != is_main) {
                assert_key_refused(params, buf_cstr(&text), "of another network");
                continue;
            }
            struct ext_key key = parsed(params, buf_cstr(&text));
            assert_int_equal(key.slip132, versions[i].kind);
            if (key.slip132 == SLIP132_NONE)
                assert_written(params, &key, buf_cstr(&text));
        }
        with_version(&text, versions[i].private_version, true);
        memcpy(prefix + 1, "prv", 3);
        assert_int_equal(strncmp(buf_cstr(&text), prefix, 4), 0);
        for (int id = 0; id < CHAIN_COUNT; id++)
            assert_key_refused(chain_params_get((enum chain_id)id), buf_cstr(&text),
                               "a private key");
    }
    with_version(&text, 0x019da462, false); /* Litecoin's, in the same registry */
    assert_key_refused(main_chain(), buf_cstr(&text), "unknown version");
    buf_free(&text);
}

static void other_texts_are_no_keys(void **state)
{
    (void)state;
    /* WIF of BIP380, compressed and not; an address; a slip in an xpub; nothing. */
    assert_key_refused(main_chain(), "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1",
                       "a private key");
    assert_key_refused(main_chain(), "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss",
                       "a private key");
    assert_key_refused(main_chain(), "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "not 78 bytes");
    assert_key_refused(main_chain(),
                       "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1"
                       "Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet9",
                       "bad checksum");
    assert_key_refused(main_chain(), "", "unknown form");
}

static void depth_does_not_wrap(void **state)
{
    (void)state;
    struct buf text = buf_with_max(TEXT_SIZE);
    with_version(&text, 0x0488b21e, false);
    struct ext_key key = parsed(main_chain(), buf_cstr(&text));
    for (unsigned depth = 0; depth < 255; depth++)
        assert_true(ext_key_child(&key, &key, depth));
    assert_int_equal(key.depth, 255);
    struct ext_key child = {.depth = 9};
    assert_false(ext_key_child(&child, &key, 0));
    assert_int_equal(child.depth, 9);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_children_agree_with_bip32),
        cmocka_unit_test(bad_keys_of_bip32_are_refused),
        cmocka_unit_test(accounts_of_bip84_give_their_keys),
        cmocka_unit_test(accounts_of_bip86_give_their_keys),
        cmocka_unit_test(versions_tell_kind_and_network),
        cmocka_unit_test(other_texts_are_no_keys),
        cmocka_unit_test(depth_does_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
