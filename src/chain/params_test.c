/* Proves: every network's genesis header hashes to its genesis hash and passes its own proof
 * of work; the signet magic is that of the default challenge; names are found; subsidies
 * halve and end. Known hashes: Bitcoin Core's kernel/chainparams.cpp. */
#include "chain/chain_priv.h"
#include "support.h"

static void genesis_headers_hash_as_published(void **state)
{
    (void)state;
    static const char *const published[CHAIN_COUNT] = {
        [CHAIN_MAIN] = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
        [CHAIN_TESTNET4] = "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
        [CHAIN_SIGNET] = "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
        [CHAIN_REGTEST] = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
    };
    for (int id = 0; id < CHAIN_COUNT; id++) {
        const struct chain_params *params = chain_params_get((enum chain_id)id);
        struct hash256 hash;
        struct header header;
        char text[HEX256_SIZE];
        header_hash(&hash, params->genesis_header);
        hash256_display(text, &hash);
        assert_string_equal(text, published[id]);
        assert_true(hash256_equal(&hash, &params->genesis_hash));
        header_parse(&header, params->genesis_header);
        assert_true(header_pow_ok(params, &hash, header.bits));
        assert_int_equal(header.bits, params->pow_limit_bits);
        assert_int_equal(params->id, id);
    }
}

/* BIP325: the first four bytes of the double hash of the challenge as a pushed script. */
static void signet_magic_is_of_the_default_challenge(void **state)
{
    (void)state;
    struct buf challenge =
        test_hex("47512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e"
                 "086be430210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f04"
                 "8f5189f2e6c452ae");
    struct hash256 hash;
    sha256d_of(&hash, buf_bytes(&challenge));
    assert_memory_equal(hash.b, chain_params_get(CHAIN_SIGNET)->magic, 4);
    buf_free(&challenge);
}

/* What Core's `bitcoin-util netmagic` prints. */
static void magics_are_as_core_prints_them(void **state)
{
    (void)state;
    static const char *const files[CHAIN_COUNT] = {
        [CHAIN_MAIN] = "netmagic-mainnet.hex",
        [CHAIN_TESTNET4] = "netmagic-testnet4.hex",
        [CHAIN_SIGNET] = "netmagic-signet.hex",
        [CHAIN_REGTEST] = "netmagic-regtest.hex",
    };
    for (int id = 0; id < CHAIN_COUNT; id++) {
        char name[128];
        char text[9];
        (void)snprintf(name, sizeof name, "vectors/core/test/functional/data/util/%s", files[id]);
        struct buf file = test_data(name);
        hex_encode(text, bytes_of(chain_params_get((enum chain_id)id)->magic, 4));
        assert_true(file.size >= 8);
        assert_memory_equal(file.data, text, 8);
        buf_free(&file);
    }
}

static void names_are_found(void **state)
{
    (void)state;
    for (int id = 0; id < CHAIN_COUNT; id++) {
        const struct chain_params *params = chain_params_get((enum chain_id)id);
        assert_ptr_equal(chain_params_find(params->name), params);
    }
    assert_null(chain_params_find("mainnet"));
    assert_null(chain_params_find("Main"));
    assert_null(chain_params_find(""));
}

static void networks_differ_where_confusion_would_lose_money(void **state)
{
    (void)state;
    for (int a = 0; a < CHAIN_COUNT; a++)
        for (int b = 0; b < a; b++) {
            const struct chain_params *x = chain_params_get((enum chain_id)a);
            const struct chain_params *y = chain_params_get((enum chain_id)b);
            assert_memory_not_equal(x->magic, y->magic, 4);
            assert_false(hash256_equal(&x->genesis_hash, &y->genesis_hash));
        }
    const struct chain_params *main = chain_params_get(CHAIN_MAIN);
    for (int id = CHAIN_TESTNET4; id < CHAIN_COUNT; id++) {
        const struct chain_params *test = chain_params_get((enum chain_id)id);
        assert_int_not_equal(main->p2pkh_prefix, test->p2pkh_prefix);
        assert_int_not_equal(main->p2sh_prefix, test->p2sh_prefix);
        assert_int_not_equal(main->xpub_version, test->xpub_version);
        assert_string_not_equal(main->bech32_prefix, test->bech32_prefix);
    }
}

static int64_t subsidy_at(enum chain_id id, uint32_t height)
{
    return amount_minor(chain_subsidy(chain_params_get(id), height));
}

static void subsidies_halve_and_end(void **state)
{
    (void)state;
    assert_int_equal(subsidy_at(CHAIN_MAIN, 0), 5000000000);
    assert_int_equal(subsidy_at(CHAIN_MAIN, 209999), 5000000000);
    assert_int_equal(subsidy_at(CHAIN_MAIN, 210000), 2500000000);
    assert_int_equal(subsidy_at(CHAIN_MAIN, 840000), 312500000);
    assert_int_equal(subsidy_at(CHAIN_MAIN, 32 * 210000), 1);
    assert_int_equal(subsidy_at(CHAIN_MAIN, 33 * 210000), 0);
    assert_int_equal(subsidy_at(CHAIN_MAIN, 64 * 210000), 0);
    assert_int_equal(subsidy_at(CHAIN_MAIN, 0xfffffffe), 0);
    assert_int_equal(subsidy_at(CHAIN_REGTEST, 150), 2500000000);
    struct amount sum = amount_zero();
    for (uint32_t halving = 0; halving < 64; halving++)
        sum = amount_add(
            sum, amount_mul_div(chain_subsidy(chain_params_get(CHAIN_MAIN), halving * 210000),
                                210000, 1));
    assert_int_equal(amount_minor(sum), 2099999997690000); /* the known total supply */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genesis_headers_hash_as_published),
        cmocka_unit_test(signet_magic_is_of_the_default_challenge),
        cmocka_unit_test(magics_are_as_core_prints_them),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(networks_differ_where_confusion_would_lose_money),
        cmocka_unit_test(subsidies_halve_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
