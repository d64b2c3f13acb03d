/* Proves: script kinds are told apart byte by byte, near misses are not taken for the real
 * thing, and what can never be spent is named so. */
#include "chain/chain_priv.h"
#include "support.h"

#define H20 "000102030405060708090a0b0c0d0e0f10111213"
#define H32 H20 "1415161718191a1b1c1d1e1f"
#define KEY_EVEN "02" H32
#define KEY_FULL "04" H32 H32
#define KEY_HYBRID "06" H32 H32

static enum script_kind kind_of_hex(const char *hex)
{
    struct buf script = test_hex(hex);
    enum script_kind kind = script_kind_of(buf_bytes(&script));
    buf_free(&script);
    return kind;
}

struct kind_case {
    enum script_kind kind;
    const char *hex;
};

static void check_all(const struct kind_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (kind_of_hex(cases[i].hex) != cases[i].kind)
            fail_msg("%s: not %s", cases[i].hex, script_kind_name(cases[i].kind));
}

static void kinds_are_known(void **state)
{
    (void)state;
    static const struct kind_case cases[] = {
        {SCRIPT_P2PKH, "76a914" H20 "88ac"},
        {SCRIPT_P2SH, "a914" H20 "87"},
        {SCRIPT_P2WPKH, "0014" H20},
        {SCRIPT_P2WSH, "0020" H32},
        {SCRIPT_P2TR, "5120" H32},
        {SCRIPT_P2A, "51024e73"},
        {SCRIPT_P2PK, "21" KEY_EVEN "ac"},
        {SCRIPT_P2PK, "2103" H32 "ac"},
        {SCRIPT_P2PK, "41" KEY_FULL "ac"},
        {SCRIPT_P2PK, "41" KEY_HYBRID "ac"},
        {SCRIPT_MULTISIG, "5121" KEY_EVEN "51ae"},
        {SCRIPT_MULTISIG, "5221" KEY_EVEN "41" KEY_FULL "21" KEY_EVEN "53ae"},
        {SCRIPT_MULTISIG, "514c21" KEY_EVEN "51ae"}, /* the push need not be the shortest */
        {SCRIPT_MULTISIG, "514d2100" KEY_EVEN "51ae"},
        {SCRIPT_MULTISIG, "514e21000000" KEY_EVEN "51ae"},
        {SCRIPT_WITNESS_UNKNOWN, "5220" H32},
        {SCRIPT_WITNESS_UNKNOWN, "60020001"},
        {SCRIPT_WITNESS_UNKNOWN, "51024e74"},
        {SCRIPT_WITNESS_UNKNOWN, "5114" H20},
        {SCRIPT_OP_RETURN, "6a"},
        {SCRIPT_OP_RETURN, "6a0401020304"},
        {SCRIPT_OP_RETURN, "6aff"},
    };
    check_all(cases, countof(cases));
}

static void near_misses_are_nonstandard(void **state)
{
    (void)state;
    static const struct kind_case cases[] = {
        {SCRIPT_NONSTANDARD, ""},
        {SCRIPT_NONSTANDARD, "76a914" H20 "88ad"},
        {SCRIPT_NONSTANDARD, "76a914" H20 "88ac00"},
        {SCRIPT_NONSTANDARD, "76a913" H20 "88ac"},
        {SCRIPT_NONSTANDARD, "a914" H20 "88"},
        {SCRIPT_NONSTANDARD, "a94c14" H20 "87"},
        {SCRIPT_NONSTANDARD, "0015" H20 "00"}, /* version 0 of another size */
        {SCRIPT_NONSTANDARD, "004c14" H20},
        {SCRIPT_NONSTANDARD, "510100"}, /* program of one byte */
        {SCRIPT_NONSTANDARD, "5129" H32 "000000000000000000"},
        {SCRIPT_NONSTANDARD, "5120" H32 "00"},
        {SCRIPT_NONSTANDARD, "4f20" H32}, /* OP_1NEGATE is no version */
        {SCRIPT_NONSTANDARD, "6120" H32},
        {SCRIPT_NONSTANDARD, "2104" H32 "ac"}, /* first byte belongs to the other size */
        {SCRIPT_NONSTANDARD, "2105" H32 "ac"},
        {SCRIPT_NONSTANDARD, "4102" H32 H32 "ac"},
        {SCRIPT_NONSTANDARD, "21" KEY_EVEN "ad"},
        {SCRIPT_NONSTANDARD, "ae"},
        {SCRIPT_NONSTANDARD, "0021" KEY_EVEN "51ae"}, /* none needed */
        {SCRIPT_NONSTANDARD, "5221" KEY_EVEN "51ae"}, /* more needed than keys */
        {SCRIPT_NONSTANDARD, "5121" KEY_EVEN "52ae"}, /* wrong number of keys */
        {SCRIPT_NONSTANDARD, "5151ae"},
        {SCRIPT_NONSTANDARD, "5121" KEY_EVEN "5151ae"},
        {SCRIPT_NONSTANDARD, "01012103" H32 "51ae"}, /* a pushed 1 is not its shortest form */
        {SCRIPT_NONSTANDARD, "5121" KEY_EVEN "51ae61"},
        {SCRIPT_NONSTANDARD, "5121" KEY_EVEN "4eae"}, /* cut push */
    };
    check_all(cases, countof(cases));
}

/* 17 to 20 keys are counted by a pushed number; 21 are too many. */
static void multisig_of_many_keys(void **state)
{
    (void)state;
    for (unsigned keys = 15; keys <= 22; keys++) {
        struct buf script = buf_with_max(2048);
        struct buf key = test_hex("21" KEY_EVEN);
        buf_u8(&script, 0x51);
        for (unsigned i = 0; i < keys; i++)
            buf_add(&script, buf_bytes(&key));
        if (keys > 16)
            buf_u8(&script, 1);
        buf_u8(&script, (uint8_t)(keys > 16 ? keys : 0x50 + keys));
        buf_u8(&script, 0xae);
        assert_int_equal(script_kind_of(buf_bytes(&script)),
                         keys <= 20 ? SCRIPT_MULTISIG : SCRIPT_NONSTANDARD);
        buf_free(&key);
        buf_free(&script);
    }
}

static void unspendable_by_consensus(void **state)
{
    (void)state;
    struct buf script = buf_with_max(20000);
    assert_false(script_unspendable(buf_bytes(&script)));
    memset(buf_extend(&script, SCRIPT_SIZE_MAX), 0x61, SCRIPT_SIZE_MAX);
    assert_false(script_unspendable(buf_bytes(&script)));
    buf_u8(&script, 0x61);
    assert_true(script_unspendable(buf_bytes(&script)));
    script.data[0] = 0x6a;
    assert_true(script_unspendable(bytes_of(script.data, 1)));
    script.data[0] = 0x50;
    assert_false(script_unspendable(bytes_of(script.data, 1)));
    buf_free(&script);
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int a = 0; a <= SCRIPT_OP_RETURN; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(script_kind_name((enum script_kind)a),
                                    script_kind_name((enum script_kind)b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_known),       cmocka_unit_test(near_misses_are_nonstandard),
        cmocka_unit_test(multisig_of_many_keys), cmocka_unit_test(unspendable_by_consensus),
        cmocka_unit_test(every_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
