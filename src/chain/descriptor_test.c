/* Proves: what is no descriptor is refused with the rule that it broke and without repeating a
 * key; nesting, paths, tuples, trees and texts have ends; a script is derived alike however it
 * is asked for, and a refusal or failure leaves nothing behind. */
#include "chain/chain_priv.h"
#include "support.h"

/* Keys of BIP32's vectors (2 and 3), of BIP380's, and the generator point. */
#define XPUB                                                                                       \
    "xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRja" \
    "D"                                                                                            \
    "MzQLcgJvLJuZZvRcEL"
#define XPUB_2                                                                                     \
    "xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPP" \
    "L"                                                                                            \
    "PxSb7gwQN3ih19Zm4Y"
#define XPRV                                                                                       \
    "xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsT" \
    "j"                                                                                            \
    "SyQbLYnMpCqE2VbFWc"
#define TPUB                                                                                       \
    "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZ" \
    "P"                                                                                            \
    "StJRJCTKvosUCJZL5B"
#define WIF "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1"
#define WIF_UNCOMPRESSED "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss"
#define WIF_TEST "cNaQCDwmmh4dS9LzCgVtyy1e1xjCJ21GUDHe9K98nzb689JvinGV"
#define KEY "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define KEY_X "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define KEY_LONG                                                                                   \
    "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e" \
    "1108a8fd17b448a68554199c47d08ffb10d4b8"
#define KEY_HYBRID                                                                                 \
    "0679be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e" \
    "1108a8fd17b448a68554199c47d08ffb10d4b8"

static const struct chain_params *main_chain(void)
{
    return chain_params_get(CHAIN_MAIN);
}

static struct descriptor *parsed(const struct chain_params *params, const char *text)
{
    struct descriptor *descriptor = NULL;
    struct err err = {0};
    int code = descriptor_parse(&descriptor, params, text, &err);
    if (code != 0)
        fail_msg("%s\n%s", text, err.text);
    return descriptor;
}

static void assert_parse_refused(const struct chain_params *params, const char *text,
                                 const char *why)
{
    struct descriptor *descriptor = NULL;
    struct err err = {0};
    int code = descriptor_parse(&descriptor, params, text, &err);
    if (code != SANAD_REFUSED || descriptor || !strstr(err.text, why) ||
        strncmp(err.text, "descriptor: ", 12) != 0)
        fail_msg("code %d for %s\n%s (expected %s)", code, text, err.text, why);
    assert_int_equal(descriptor_parse(&descriptor, params, text, NULL), SANAD_REFUSED);
}

struct refusal {
    const char *text;
    const char *why;
};

static void assert_all_refused(const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_parse_refused(main_chain(), cases[i].text, cases[i].why);
}

static void bad_syntax_is_refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"", "no function"},
        {"pk", "no function"},
        {"sh(pk)", "( is missing"},
        {"wsh(multi,1)", "( is missing"},
        {"(", "a function must stand here"},
        {"pk(" KEY, ") is missing"},
        {"pk(" KEY "))", "something follows"},
        {"pk(" KEY ")pk(" KEY ")", "something follows"},
        {" pk(" KEY ")", "an unknown function"},
        {"pk (" KEY ")", "an unknown function"},
        {"PK(" KEY ")", "an unknown function, PK()"},
        {"thresh(1,pk(" KEY "))", "an unknown function, thresh()"},
        {"rawtr(" KEY_X ")", "an unknown function, rawtr()"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa()", "an unknown function"},
        {"pk()", "no key"},
        {"pk(,)", "no key"},
        {"pk([deadbeef])", "no key"},
        {"pk( " KEY ")", "key"},
        {"pk(" KEY "," KEY ")", ") is missing"},
        {"pk(pk(" KEY "))", "a key must stand here"},
        {"sh(" KEY ")", "a function must stand here"},
        {"sh()", "a function must stand here"},
        {"tr(" KEY_X ",)", "a function must stand here"},
        {"tr(" KEY_X ",{pk(" KEY_X ")})", ", is missing"},
        {"tr(" KEY_X ",{pk(" KEY_X "),pk(" KEY_X "))", "} is missing"},
        {"tr(" KEY_X ",{pk(" KEY_X "),pk(" KEY_X "),pk(" KEY_X ")})", "} is missing"},
        {"tr(" KEY_X ",{})", "a function must stand here"},
        {"wsh({pk(" KEY "),pk(" KEY ")})", "a function must stand here"},
        {"pk(\xc3\xa9" KEY ")", "not allowed"},
        {"pk(\n" KEY ")", "not allowed"},
        {"raw()", "hexadecimal"},
        {"raw(0)", "hexadecimal"},
        {"raw(0g)", "hexadecimal"},
        {"addr()", "address: "},
        {"addr(32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzO)", "address: bad checksum"},
        {"addr(bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyubc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"
         "bc1qcr8te4kr609)",
         "an address of over 95 characters"},
    };
    assert_all_refused(cases, countof(cases));
}

static void bad_nesting_is_refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"sh(sh(pk(" KEY ")))", "sh() may not stand inside sh()"},
        {"wsh(sh(pk(" KEY ")))", "sh() may not stand inside wsh()"},
        {"wsh(wsh(pk(" KEY ")))", "wsh() may not stand inside wsh()"},
        {"wsh(wpkh(" KEY "))", "wpkh() may not stand inside wsh()"},
        {"sh(tr(" KEY_X "))", "tr() may not stand inside sh()"},
        {"wsh(tr(" KEY_X "))", "tr() may not stand inside wsh()"},
        {"tr(" KEY_X ",tr(" KEY_X "))", "tr() may not stand inside tr()"},
        {"tr(" KEY_X ",wpkh(" KEY "))", "wpkh() may not stand inside tr()"},
        {"tr(" KEY_X ",multi(1," KEY_X "))", "multi() may not stand inside tr()"},
        {"tr(" KEY_X ",sortedmulti(1," KEY_X "))", "sortedmulti() may not stand inside tr()"},
        {"multi_a(1," KEY_X ")", "multi_a() may not stand outside tr()"},
        {"wsh(sortedmulti_a(1," KEY_X "))", "sortedmulti_a() may not stand inside wsh()"},
        {"sh(combo(" KEY "))", "combo() may not stand inside sh()"},
        {"sh(addr(32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo))", "addr() may not stand inside sh()"},
        {"wsh(raw(00))", "raw() may not stand inside wsh()"},
        {"tr(musig(" KEY "," KEY "))", "musig() (BIP390) is not supported"},
        {"tr(" KEY_X ",pk(musig(" KEY "," KEY ")))", "musig() (BIP390) is not supported"},
        {"wpkh(musig(" KEY "))", "musig() (BIP390) is not supported"},
    };
    assert_all_refused(cases, countof(cases));
}

static void bad_keys_are_refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"pk(" KEY_X ")", "an x-only key stands in tr() only"},
        {"wpkh(" KEY_LONG ")", "uncompressed"},
        {"sh(wpkh(" KEY_LONG "))", "uncompressed"},
        {"wsh(pkh(" KEY_LONG "))", "uncompressed"},
        {"sh(wsh(multi(1," KEY "," KEY_LONG ")))", "uncompressed"},
        {"tr(" KEY_LONG ")", "uncompressed"},
        {"tr(" KEY_X ",pk(" KEY_LONG "))", "uncompressed"},
        {"pk(" KEY_HYBRID ")", "not a public key"},
        {"pk(0579be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)",
         "not a public key"},
        /* x = 5 is on no point */
        {"pk(020000000000000000000000000000000000000000000000000000000000000005)",
         "not a public key"},
        {"tr(0000000000000000000000000000000000000000000000000000000000000005)",
         "not a public key"},
        {"tr(ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff)",
         "not a public key"},
        {"pk(" KEY "/0)", "a path after a key that is not extended"},
        {"pk(" KEY "/*)", "a path after a key that is not extended"},
        {"pk(" KEY "00)", "key: bad checksum"},
        {"pk([deadbeef]" KEY "])", ") is missing"},
        {"pk([deadbeef][deadbeef]" KEY ")", "an origin stands once"},
        {"pk([deadbee]" KEY ")", "a fingerprint"},
        {"pk([deadbeeff]" KEY ")", "a fingerprint"},
        {"pk([deadbeeg]" KEY ")", "a fingerprint"},
        {"pk([]" KEY ")", "a fingerprint"},
        {"pk([deadbeef/]" KEY ")", "a step is a number"},
        {"pk([deadbeef/0hh]" KEY ")", "an origin ends with ]"},
        {"pk([deadbeef/0H]" KEY ")", "a step is a number"},
        {"pk([deadbeef/*]" KEY ")", "a step is a number"},
        {"pk([deadbeef/<0;1>]" KEY ")", "a step is a number"},
        {"pk([deadbeef" KEY ")", "a fingerprint"},
        {"pk([deadbeef/0)", "an origin ends with ]"},
        {"pk(deadbeef/0]" KEY ")", "key: bad checksum"},
        {"pk(" XPUB "1)", "key: bad checksum"},
    };
    assert_all_refused(cases, countof(cases));
}

static void bad_paths_are_refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"pk(" XPUB "/)", "a step is a number"},
        {"pk(" XPUB "//0)", "a step is a number"},
        {"pk(" XPUB "/0/)", "a step is a number"},
        {"pk(" XPUB "/2147483648)", "a step is a number below 2147483648"},
        {"pk(" XPUB "/99999999999999999999999)", "a step is a number"},
        {"pk(" XPUB "/-1)", "a step is a number"},
        {"pk(" XPUB "/+1)", "a step is a number"},
        {"pk(" XPUB "/01)", "a step is a number"},
        {"pk(" XPUB "/1a)", "a step is a number"},
        {"pk(" XPUB "/0h)", "a hardened step after a public key"},
        {"pk(" XPUB "/0')", "a hardened step after a public key"},
        {"pk(" XPUB "/1/2h/3)", "a hardened step after a public key"},
        {"pk(" XPUB "/*h)", "a hardened step after a public key"},
        {"pk(" XPUB "/*')", "a hardened step after a public key"},
        {"pk(" XPUB "/*/0)", ") is missing"},
        {"pk(" XPUB "/**)", ") is missing"},
        {"pk(" XPUB "/*0)", ") is missing"},
        {"pk(" XPUB "/<0;1h>/*)", "a hardened step after a public key"},
        {"pk(" XPUB "/<>)", "a step is a number"},
        {"pk(" XPUB "/<0>)", "two values or more"},
        {"pk(" XPUB "/<0;>)", "a step is a number"},
        {"pk(" XPUB "/<;0>)", "a step is a number"},
        {"pk(" XPUB "/<0;0>)", "a value twice"},
        {"pk(" XPUB "/<0;1;2;1>)", "a value twice"},
        {"pk(" XPUB "/<0;1)", "ends with >"},
        {"pk(" XPUB "/<0,1>)", "ends with >"},
        {"pk(" XPUB "/<0;*>)", "a step is a number"},
        {"pk(" XPUB "/<0;1>/<0;1>)", "two multipath steps"},
        {"pk(" XPUB "/<0;<1;2>>)", "a step is a number"},
        {"pk(" XPUB "/0>)", ") is missing"},
        {"multi(1," XPUB "/<0;1>," XPUB_2 "/<0;1;2>)", "unequal lengths"},
        {"tr(" XPUB "/<0;1;2>,pk(" XPUB_2 "/<0;1>))", "unequal lengths"},
    };
    assert_all_refused(cases, countof(cases));
}

static void bad_thresholds_are_refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"multi(1)", "a threshold of 1 with 0 keys"},
        {"multi()", "a threshold is a number"},
        {"multi(0," KEY ")", "a threshold is a number"},
        {"multi(-1," KEY ")", "a threshold is a number"},
        {"multi(01," KEY ")", "a threshold is a number"},
        {"multi(a," KEY ")", "a threshold is a number"},
        {"multi(1000," KEY ")", "a threshold is a number"},
        {"multi(18446744073709551617," KEY ")", "a threshold is a number"},
        {"multi(2," KEY ")", "a threshold of 2 with 1 keys"},
        {"multi(" KEY ")", "a threshold is a number"},
        {"multi(1," KEY ",)", "no key"},
        {"multi(1," KEY "," KEY "," KEY "," KEY ")", "over 3 keys"},
        {"tr(" KEY_X ",multi_a(2," KEY_X "))", "a threshold of 2 with 1 keys"},
        {"tr(" KEY_X ",multi_a(0," KEY_X "))", "a threshold is a number"},
        {"sh(multi(1," KEY_LONG "," KEY_LONG "," KEY_LONG "," KEY_LONG "," KEY_LONG "," KEY_LONG
         "," KEY_LONG "," KEY_LONG "))",
         "a redeem script of over 520 bytes"},
    };
    assert_all_refused(cases, countof(cases));
}

/* No refusal repeats what may be a private key, with or without a slip of the pen. */
static void private_keys_are_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const frames[] = {"%s",
                                         "pk(%s)",
                                         "pkh([deadbeef/0h]%s)",
                                         "sh(wpkh(%s))",
                                         "wsh(multi(1," KEY ",%s))",
                                         "combo(%s)",
                                         "tr(%s)",
                                         "tr(" KEY_X ",{pk(" KEY_X "),multi_a(1,%s)})"};
    static const char *const keys[] = {WIF, WIF_UNCOMPRESSED, WIF_TEST, XPRV};
    char text[1024];
    for (size_t i = 0; i < countof(frames) * countof(keys) * 2; i++) {
        char key[128];
        bool slip = i % 2 == 1;
        (void)snprintf(key, sizeof key, "%s", keys[i / 2 % countof(keys)]);
        if (slip)
            key[9] = key[9] == 'a' ? 'b' : 'a';
        const char *frame = frames[i / 2 / countof(keys)];
        const char *hole = strstr(frame, "%s");
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(hole - frame), frame, key, hole + 2);
        assert_parse_refused(main_chain(), text, slip ? "bad checksum" : "a private key");
        struct descriptor *none;
        struct err err = {0};
        assert_int_equal(descriptor_parse(&none, main_chain(), text, &err), SANAD_REFUSED);
        key[12] = 0;
        assert_null(strstr(err.text, key));
    }
    assert_parse_refused(main_chain(), "pk(" XPRV "/0h/*h)", "a private key");
    assert_parse_refused(main_chain(), "addr(" WIF ")", "a private key");
    assert_parse_refused(main_chain(), WIF "(" KEY ")", "an unknown function");
}

static void other_networks_are_refused(void **state)
{
    (void)state;
    static const char address[] = "addr(bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu)";
    assert_parse_refused(main_chain(), "pk(" TPUB ")", "of another network");
    assert_parse_refused(main_chain(), "addr(mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ)",
                         "of another network");
    for (int id = 0; id < CHAIN_COUNT; id++) {
        const struct chain_params *params = chain_params_get((enum chain_id)id);
        descriptor_free(parsed(params, "pk(" KEY ")"));
        if (id == CHAIN_MAIN)
            continue;
        assert_parse_refused(params, "wpkh(" XPUB "/0/*)", "of another network");
        assert_parse_refused(params, address, "of another network");
        descriptor_free(parsed(params, "wpkh(" TPUB "/0/*)"));
    }
    assert_parse_refused(chain_params_get(CHAIN_REGTEST),
                         "addr(tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7)",
                         "of another network");
}

/* ---- ends ---- */

static struct buf repeated(const char *before, const char *part, size_t count, const char *after)
{
    struct buf buf = buf_with_max(1 << 20);
    buf_text(&buf, before);
    for (size_t i = 0; i < count; i++)
        buf_text(&buf, part);
    buf_text(&buf, after);
    assert_false(buf.bad);
    return buf;
}

static void paths_have_an_end(void **state)
{
    (void)state;
    struct buf longest = repeated("pk(" XPUB, "/1", DESCRIPTOR_STEP_MAX, "/*)");
    struct buf over = repeated("pk(" XPUB, "/1", DESCRIPTOR_STEP_MAX + 1, ")");
    struct buf origin = repeated("pk([deadbeef", "/1h", DESCRIPTOR_STEP_MAX, "]" KEY ")");
    struct buf origin_over = repeated("pk([deadbeef", "/1h", DESCRIPTOR_STEP_MAX + 1, "]" KEY ")");
    descriptor_free(parsed(main_chain(), buf_cstr(&longest)));
    descriptor_free(parsed(main_chain(), buf_cstr(&origin)));
    assert_parse_refused(main_chain(), buf_cstr(&over), "over 32 steps in a path");
    assert_parse_refused(main_chain(), buf_cstr(&origin_over), "over 32 steps in an origin");
    buf_free(&longest);
    buf_free(&over);
    buf_free(&origin);
    buf_free(&origin_over);
}

/* BIP32 keeps the depth in a byte. */
static void depth_has_an_end(void **state)
{
    (void)state;
    struct ext_key key;
    struct err err = {0};
    test_ok(ext_key_parse(&key, main_chain(), XPUB, &err), &err);
    key.depth = 254;
    struct buf deep = buf_with_max(256);
    ext_key_write(&deep, main_chain(), &key);
    char text[256];
    static const struct {
        const char *path;
        bool fits;
    } cases[] = {{"", true}, {"/0", true}, {"/*", true}, {"/0/*", false}, {"/<0;1>/*", false}};
    for (size_t i = 0; i < countof(cases); i++) {
        (void)snprintf(text, sizeof text, "pk(%s%s)", buf_cstr(&deep), cases[i].path);
        if (cases[i].fits)
            descriptor_free(parsed(main_chain(), text));
        else
            assert_parse_refused(main_chain(), text, "below depth 255");
    }
    buf_free(&deep);
}

static void tuples_have_an_end(void **state)
{
    (void)state;
    for (unsigned count = DESCRIPTOR_BRANCH_MAX; count <= DESCRIPTOR_BRANCH_MAX + 1; count++) {
        struct buf text = buf_with_max(1024);
        buf_text(&text, "pk(" XPUB "/<0");
        for (unsigned i = 1; i < count; i++)
            buf_format(&text, ";%u", i);
        buf_text(&text, ">/*)");
        if (count <= DESCRIPTOR_BRANCH_MAX) {
            struct descriptor *descriptor = parsed(main_chain(), buf_cstr(&text));
            assert_int_equal(descriptor_branch_count(descriptor), count);
            descriptor_free(descriptor);
        } else {
            assert_parse_refused(main_chain(), buf_cstr(&text), "over 32 values");
        }
        buf_free(&text);
    }
}

/* A text of 8192 characters has no room for 128 levels with a leaf each, so the limit is seen
 * by its opening braces alone; it keeps the recursion shallow. */
static void trees_have_an_end(void **state)
{
    (void)state;
    struct buf deepest = repeated("tr(" KEY_X ",", "{", DESCRIPTOR_TREE_MAX, "pk(" KEY_X "))");
    struct buf over = repeated("tr(" KEY_X ",", "{", DESCRIPTOR_TREE_MAX + 1, "pk(" KEY_X "))");
    assert_parse_refused(main_chain(), buf_cstr(&deepest), ", is missing");
    assert_parse_refused(main_chain(), buf_cstr(&over), "a tree deeper than 128");
    buf_free(&deepest);
    buf_free(&over);
    struct buf text = repeated("tr(" KEY_X ",", "{", 90, "pk(" KEY_X ")");
    for (size_t i = 0; i < 90; i++)
        buf_text(&text, ",pk(" KEY_X ")}");
    buf_text(&text, ")");
    struct descriptor *descriptor = parsed(main_chain(), buf_cstr(&text));
    struct buf script = buf_with_max(64);
    assert_true(descriptor_script(&script, descriptor, 0, 0, 0));
    assert_int_equal(script_kind_of(buf_bytes(&script)), SCRIPT_P2TR);
    buf_free(&script);
    descriptor_free(descriptor);
    buf_free(&text);
}

static void texts_have_an_end(void **state)
{
    (void)state;
    struct buf longest = repeated("raw(", "00", (DESCRIPTOR_TEXT_MAX - 5) / 2, ")");
    struct buf over = repeated("raw(", "00", (DESCRIPTOR_TEXT_MAX - 5) / 2 + 1, ")");
    struct buf huge = repeated("raw(", "00", 300000, ")");
    assert_true(longest.size <= DESCRIPTOR_TEXT_MAX && over.size > DESCRIPTOR_TEXT_MAX);
    struct descriptor *descriptor = parsed(main_chain(), buf_cstr(&longest));
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    assert_true(descriptor_script(&script, descriptor, 0, 0, 0));
    assert_int_equal(script.size, (DESCRIPTOR_TEXT_MAX - 5) / 2);
    descriptor_free(descriptor);
    assert_parse_refused(main_chain(), buf_cstr(&over), "over 8192 characters");
    assert_parse_refused(main_chain(), buf_cstr(&huge), "over 8192 characters");
    buf_free(&script);
    buf_free(&longest);
    buf_free(&over);
    buf_free(&huge);
}

/* The largest multi_a that a text holds, and the largest multi of each context. */
static void key_counts_have_an_end(void **state)
{
    (void)state;
    struct buf script = buf_with_max(64);
    struct buf text = repeated("tr(" KEY_X ",multi_a(100", "," KEY_X, 120, "))");
    struct descriptor *descriptor = parsed(main_chain(), buf_cstr(&text));
    assert_true(descriptor_script(&script, descriptor, 0, 0, 0));
    descriptor_free(descriptor);
    buf_free(&text);
    static const struct {
        const char *before;
        const char *after;
        size_t max;
        const char *why;
    } cases[] = {{"multi(1", ")", 3, "over 3 keys"},
                 {"sh(multi(1", "))", 15, "a redeem script of over 520 bytes"},
                 {"wsh(sortedmulti(1", "))", 20, "over 20 keys"},
                 {"sh(wsh(multi(1", ")))", 20, "over 20 keys"}};
    for (size_t i = 0; i < countof(cases); i++) {
        text = repeated(cases[i].before, "," KEY, cases[i].max, cases[i].after);
        descriptor_free(parsed(main_chain(), buf_cstr(&text)));
        buf_free(&text);
        text = repeated(cases[i].before, "," KEY, cases[i].max + 1, cases[i].after);
        assert_parse_refused(main_chain(), buf_cstr(&text), cases[i].why);
        buf_free(&text);
    }
    buf_free(&script);
}

/* Thresholds of multi_a go to 999, further than a text of 8192 characters can show. */
static void numbers_are_shortest_and_positive(void **state)
{
    (void)state;
    static const struct {
        unsigned number;
        const char *hex;
    } cases[] = {{1, "51"},       {16, "60"},      {17, "0111"},    {127, "017f"},
                 {128, "028000"}, {255, "02ff00"}, {256, "020001"}, {999, "02e703"}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf script = buf_with_max(8);
        char hex[17];
        script_add_number(&script, cases[i].number);
        hex_encode(hex, buf_bytes(&script));
        assert_string_equal(hex, cases[i].hex);
        buf_free(&script);
    }
}

/* ---- checksums ---- */

/* Up to 507 characters every change of four symbols is found; here every change of one. */
static void checksums_find_every_substitution(void **state)
{
    (void)state;
    static const char good[] = "raw(deadbeef)#89f8spxm"; /* BIP380 */
    char text[sizeof good];
    descriptor_free(parsed(main_chain(), good));
    for (size_t i = 0; i + 1 < sizeof good; i++) {
        for (int c = 1; c < 128; c++) {
            memcpy(text, good, sizeof good);
            text[i] = (char)c;
            if (text[i] != good[i])
                assert_parse_refused(main_chain(), text, "descriptor: ");
        }
    }
}

static void checksums_are_8_characters(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"raw(deadbeef)#", "a checksum is # and 8 characters"},
        {"raw(deadbeef)#89f8spx", "a checksum is # and 8 characters"},
        {"raw(deadbeef)#89f8spxmm", "a checksum is # and 8 characters"},
        {"raw(deadbeef)##9f8spxm", "bad checksum: it should be 89f8spxm"},
        {"raw(deadbeef)#89F8SPXM", "bad checksum"},
        {"#", "a checksum is # and 8 characters"},
        {"#00000000", "bad checksum"},
    };
    char text[9] = "kept";
    assert_all_refused(cases, countof(cases));
    assert_true(descriptor_checksum(text, "raw(deadbeef)"));
    assert_string_equal(text, "89f8spxm");
    (void)snprintf(text, sizeof text, "kept");
    assert_false(descriptor_checksum(text, "raw(\xc3\x9c)"));
    assert_false(descriptor_checksum(text, "raw(\t)"));
    assert_string_equal(text, "kept");
}

/* ---- what a descriptor answers ---- */

static void shape_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ranged;
        uint32_t branches;
        uint32_t scripts;
    } cases[] = {
        {"pk(" KEY ")", false, 1, 1},
        {"combo(" KEY ")", false, 1, 4},
        {"combo(" KEY_LONG ")", false, 1, 2},
        {"combo(" XPUB "/<5;7>/*)", true, 2, 4},
        {"wpkh(" XPUB "/0)", false, 1, 1},
        {"wpkh(" XPUB "/<0;1;2>)", false, 3, 1},
        {"multi(1," KEY "," XPUB "/*)", true, 1, 1},
        {"multi(1," XPUB_2 "/<0;1>," XPUB "/*)", true, 2, 1},
        {"tr(" KEY_X ",{pk(" KEY_X "),pk(" XPUB "/<0;1>/*)})", true, 2, 1},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct descriptor *descriptor = parsed(main_chain(), cases[i].text);
        assert_int_equal(descriptor_is_ranged(descriptor), cases[i].ranged);
        assert_int_equal(descriptor_branch_count(descriptor), cases[i].branches);
        assert_int_equal(descriptor_script_count(descriptor), cases[i].scripts);
        assert_string_equal(descriptor_text(descriptor), cases[i].text);
        descriptor_free(descriptor);
    }
    struct descriptor *descriptor = parsed(main_chain(), "raw(deadbeef)#89f8spxm");
    assert_string_equal(descriptor_text(descriptor), "raw(deadbeef)");
    descriptor_free(descriptor);
    descriptor_free(NULL);
}

/* Ypub and Zpub alone: a guess at the other signers would show a balance of zero. */
static void keys_of_several_signers_are_refused_alone(void **state)
{
    (void)state;
    static const uint32_t versions[] = {0x0295b43f, 0x02aa7ed3};
    struct buf payload = buf_with_max(BASE58_BYTES_MAX);
    assert_true(base58check_decode(&payload, XPUB));
    for (size_t i = 0; i < countof(versions); i++) {
        struct buf bare = buf_with_max(256);
        char text[256];
        uint32_t version = __builtin_bswap32(versions[i]);
        memcpy(payload.data, &version, 4);
        base58check_encode(&bare, buf_bytes(&payload));
        assert_parse_refused(main_chain(), buf_cstr(&bare), "one of several signers");
        (void)snprintf(text, sizeof text, "wsh(sortedmulti(1,%s/0/*,%s/1/*))", buf_cstr(&bare),
                       XPUB);
        descriptor_free(parsed(main_chain(), text));
        buf_free(&bare);
    }
    assert_parse_refused(chain_params_get(CHAIN_REGTEST), XPUB, "of another network");
    buf_free(&payload);
}

static void assert_same_script(const char *left_text, uint32_t left_branch, const char *right_text,
                               uint32_t index, bool same)
{
    struct descriptor *left = parsed(main_chain(), left_text);
    struct descriptor *right = parsed(main_chain(), right_text);
    struct buf a = buf_with_max(1024);
    struct buf b = buf_with_max(1024);
    assert_true(descriptor_script(&a, left, left_branch, index, 0));
    assert_true(descriptor_script(&b, right, 0, index, 0));
    assert_int_equal(bytes_equal(buf_bytes(&a), buf_bytes(&b)), same);
    buf_free(&a);
    buf_free(&b);
    descriptor_free(left);
    descriptor_free(right);
}

static void ranges_and_branches_are_the_steps_they_stand_for(void **state)
{
    (void)state;
    assert_same_script("wpkh(" XPUB "/<3;1>/2/*)", 0, "wpkh(" XPUB "/3/2/7)", 7, true);
    assert_same_script("wpkh(" XPUB "/<3;1>/2/*)", 1, "wpkh(" XPUB "/1/2/7)", 7, true);
    assert_same_script("wpkh(" XPUB "/<3;1>/2/*)", 1, "wpkh(" XPUB "/1/2/7)", 8, false);
    assert_same_script("pk(" XPUB "/*)", 0, "pk(" XPUB "/2147483647)", 2147483647, true);
    assert_same_script("multi(1," KEY "," XPUB "/*)", 0, "multi(1," KEY "," XPUB "/5)", 5, true);
    /* Order matters to multi(), not to sortedmulti(). */
    assert_same_script("multi(1," XPUB "/*," XPUB_2 "/*)", 0, "multi(1," XPUB_2 "/*," XPUB "/*)", 0,
                       false);
    for (uint32_t index = 0; index < 8; index++) {
        assert_same_script("sortedmulti(1," XPUB "/*," XPUB_2 "/*)", 0,
                           "sortedmulti(1," XPUB_2 "/*," XPUB "/*)", index, true);
        assert_same_script("tr(" KEY_X ",sortedmulti_a(1," XPUB "/*," XPUB_2 "/*))", 0,
                           "tr(" KEY_X ",sortedmulti_a(1," XPUB_2 "/*," XPUB "/*))", index, true);
    }
    /* x-only keys are sorted by x: the first byte of the compressed form must not count. */
    assert_same_script("tr(" KEY_X ",sortedmulti_a(1,03" KEY_X
                       ",02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5))",
                       0,
                       "tr(" KEY_X ",multi_a(1," KEY_X
                       ",c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5))",
                       0, true);
    /* The two children of a branch may be written either way round. */
    assert_same_script("tr(" KEY_X ",{pk(" KEY_X "),pkh(" KEY_X ")})", 0,
                       "tr(" KEY_X ",{pkh(" KEY_X "),pk(" KEY_X ")})", 0, true);
    assert_same_script("tr(" KEY_X ")", 0, "tr(" KEY_X ",pk(" KEY_X "))", 0, false);
    assert_same_script("wpkh([deadbeef/84h/0'/0]" XPUB "/*)", 0, "wpkh(" XPUB "/*)", 3, true);
}

static void failures_leave_the_buffer_alone(void **state)
{
    (void)state;
    struct descriptor *ranged = parsed(main_chain(), "wpkh(" XPUB "/*)");
    struct descriptor *fixed = parsed(main_chain(), "wpkh(" XPUB ")");
    struct buf script = buf_with_max(64);
    buf_u8(&script, 9);
    assert_false(descriptor_script(&script, ranged, 0, DESCRIPTOR_INDEX_MAX + 1u, 0));
    assert_int_equal(script.size, 1);
    assert_true(descriptor_script(&script, ranged, 0, DESCRIPTOR_INDEX_MAX, 0));
    assert_int_equal(script.size, 23); /* appended */
    assert_true(descriptor_script(&script, fixed, 0, DESCRIPTOR_INDEX_MAX + 1u, 0));
    assert_int_equal(script.size, 45);
    assert_false(descriptor_script(&script, fixed, 0, 0, 0)); /* no room */
    assert_int_equal(script.size, 45);
    buf_free(&script);
    descriptor_free(ranged);
    descriptor_free(fixed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_syntax_is_refused),
        cmocka_unit_test(bad_nesting_is_refused),
        cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(bad_thresholds_are_refused),
        cmocka_unit_test(private_keys_are_refused_and_not_repeated),
        cmocka_unit_test(other_networks_are_refused),
        cmocka_unit_test(paths_have_an_end),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(tuples_have_an_end),
        cmocka_unit_test(trees_have_an_end),
        cmocka_unit_test(texts_have_an_end),
        cmocka_unit_test(key_counts_have_an_end),
        cmocka_unit_test(numbers_are_shortest_and_positive),
        cmocka_unit_test(checksums_find_every_substitution),
        cmocka_unit_test(checksums_are_8_characters),
        cmocka_unit_test(shape_is_told),
        cmocka_unit_test(keys_of_several_signers_are_refused_alone),
        cmocka_unit_test(ranges_and_branches_are_the_steps_they_stand_for),
        cmocka_unit_test(failures_leave_the_buffer_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
