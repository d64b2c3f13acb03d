/* Proves: forks, attestations and each operation are read as the reference client reads them; what
 * breaks a rule of the format is refused by that rule; depth, lengths and counts are taken up to
 * their limits and not one beyond; what was read is written again byte for byte. */
#include "ots/ots_priv.h"
#include "support.h"

#define BITCOIN "0588960d73d71901"
#define PENDING "83dfe30d2ef90c8e"
#define LITECOIN "06869a0d73d71b45"
#define ETHEREUM "30fe8087b5c7ead7"
#define OTHER "0102030405060708"

enum { FILLED = 0x11 };

/* A file of a SHA-256 digest of bytes 0x11 and the tree in hexadecimal. */
static struct buf file_of(const char *tree)
{
    struct buf raw = buf_with_max(OTS_FILE_MAX + 64);
    struct buf hex = test_hex(tree);
    buf_add(&raw, bytes_of(ots_magic, OTS_MAGIC_SIZE));
    buf_u8(&raw, OTS_VERSION);
    buf_u8(&raw, OTS_SHA256);
    memset(buf_extend(&raw, 32), FILLED, 32);
    buf_add(&raw, buf_bytes(&hex));
    buf_free(&hex);
    return raw;
}

static void refused(struct buf *raw, const char *part)
{
    struct arena arena = {0};
    struct ots ots = {.step_count = 77};
    struct err err = {0};
    test_refused(ots_parse(&ots, "f.ots", buf_bytes(raw), &arena, &err), SANAD_REFUSED, &err, part);
    assert_int_equal(ots.step_count, 77);
    arena_free(&arena);
    buf_free(raw);
}

static void tree_refused(const char *tree, const char *part)
{
    struct buf raw = file_of(tree);
    refused(&raw, part);
}

/* Parses, and writes again what it takes: the same bytes. */
static void taken(struct ots *ret_ots, struct buf *raw, struct arena *arena)
{
    struct err err = {0};
    struct buf again = buf_with_max(OTS_FILE_MAX);
    test_ok(ots_parse(ret_ots, "f.ots", buf_bytes(raw), arena, &err), &err);
    ots_write(&again, ret_ots);
    assert_true(bytes_equal(buf_bytes(&again), buf_bytes(raw)));
    buf_free(&again);
}

/* ---- operations --------------------------------------------------------------------------------
 */

/* What a Bitcoin attestation behind these operations attests: `message`, by Python's hashlib and
 * the reference client; NULL: unknown. */
static const struct {
    const char *ops, *message;
} cases[] = {
    {"", "1111111111111111111111111111111111111111111111111111111111111111"},
    {"f002abcd", "1111111111111111111111111111111111111111111111111111111111111111abcd"},
    {"f102abcd", "abcd1111111111111111111111111111111111111111111111111111111111111111"},
    {"f002abcdf2", "cdab1111111111111111111111111111111111111111111111111111111111111111"},
    {"08f3", "3032643434396133316662623236376338663335326539393638613739653365"
             "3566633935633162626561613530326664363435346562646535613462656463"},
    {"08", "02d449a31fbb267c8f352e9968a79e3e5fc95c1bbeaa502fd6454ebde5a4bedc"},
    {"02", "7d831708cc9d3366b14ae91cb78aa10e345e96a0"},
    {"03", "e5a0500d3009d803632658b21646518eb42b8433"},
    {"67", NULL},
    {"67f002abcd08", NULL},
};

static void operations_compute(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct arena arena = {0};
        struct ots ots;
        char tree[512];
        char hex[2 * 128 + 1];
        (void)snprintf(tree, sizeof tree, "%s00" BITCOIN "0105", cases[i].ops);
        struct buf raw = file_of(tree);
        taken(&ots, &raw, &arena);
        assert_int_equal(ots.attestation_count, 1);
        assert_int_equal(ots.attestations[0].height, 5);
        assert_int_equal(ots.attestations[0].known, cases[i].message != NULL);
        if (cases[i].message) {
            hex_encode(hex, ots.attestations[0].message);
            assert_string_equal(hex, cases[i].message);
        }
        buf_free(&raw);
        arena_free(&arena);
    }
}

/* A merkle root has 32 bytes: neither a longer message nor the right beginning will do. */
static void only_the_root_itself_holds(void **state)
{
    (void)state;
    static const char *const trees[] = {"00" BITCOIN "0105",
                                        "f00100"
                                        "00" BITCOIN "0105",
                                        "02"
                                        "00" BITCOIN "0105",
                                        "67"
                                        "00" BITCOIN "0105"};
    static const int codes[] = {0, SANAD_FALSE, SANAD_FALSE, SANAD_MISSING};
    for (size_t i = 0; i < countof(trees); i++) {
        struct arena arena = {0};
        struct ots ots;
        struct hash256 root;
        struct err err = {0};
        struct buf raw = file_of(trees[i]);
        taken(&ots, &raw, &arena);
        memset(root.b, FILLED, sizeof root.b);
        assert_int_equal(ots_check(&ots.attestations[0], &root, &err), codes[i]);
        buf_free(&raw);
        arena_free(&arena);
    }
}

/* ---- forks and attestations --------------------------------------------------------------------
 */

static void forks_keep_their_order(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct ots ots;
    /* root: attestation, append(aa) with two attestations, sha256 with a fork of its own */
    struct buf raw = file_of("ff00" OTHER "0101"
                             "fff001aaff00" BITCOIN "0107"
                             "00" PENDING "0706612e2f3a2d5f"
                             "08fff001bb00" BITCOIN "02c801"
                             "f101cc00" OTHER "00");
    taken(&ots, &raw, &arena);
    static const enum ots_op ops[] = {OTS_ATTEST, OTS_APPEND, OTS_ATTEST,  OTS_ATTEST, OTS_SHA256,
                                      OTS_APPEND, OTS_ATTEST, OTS_PREPEND, OTS_ATTEST};
    static const uint32_t parents[] = {OTS_ROOT, OTS_ROOT, 1, 1, OTS_ROOT, 4, 5, 4, 7};
    assert_int_equal(ots.step_count, countof(ops));
    for (size_t i = 0; i < countof(ops); i++) {
        assert_int_equal(ots.steps[i].op, ops[i]);
        assert_int_equal(ots.steps[i].parent, parents[i]);
    }
    static const enum ots_notary notaries[] = {OTS_UNKNOWN, OTS_BITCOIN, OTS_PENDING, OTS_BITCOIN,
                                               OTS_UNKNOWN};
    static const uint32_t steps[] = {0, 2, 3, 6, 8};
    assert_int_equal(ots.attestation_count, countof(notaries));
    for (size_t i = 0; i < countof(notaries); i++) {
        assert_int_equal(ots.attestations[i].notary, notaries[i]);
        assert_int_equal(ots.attestations[i].step, steps[i]);
    }
    assert_int_equal(ots.attestations[1].height, 7);
    assert_int_equal(ots.attestations[3].height, 200);
    assert_string_equal(ots.attestations[2].uri, "a./:-_");
    /* Back from a branch, the message is the one of before it. */
    assert_int_equal(ots.attestations[4].message.size, 33);
    assert_int_equal(ots.attestations[4].message.data[0], 0xcc);
    assert_int_equal(ots.attestations[4].message.data[1], 0x02);
    buf_free(&raw);
    arena_free(&arena);
}

static void rules_refuse(void **state)
{
    (void)state;
    tree_refused("", "cut short");
    tree_refused("ff", "cut short");
    tree_refused("ff00" BITCOIN "0105", "cut short");
    tree_refused("08", "cut short");
    tree_refused("ffff00" BITCOIN "0105", "nobody has defined");
    tree_refused("0900" BITCOIN "0105", "nobody has defined");
    tree_refused("f40000" BITCOIN "0105", "nobody has defined");
    tree_refused("f000"
                 "00" BITCOIN "0105",
                 "empty or too long");
    tree_refused("f1818000", "empty or too long");
    tree_refused("f0"
                 "8120"
                 "00",
                 "empty or too long");
    tree_refused("f003aabb", "cut short, empty or too long");
    tree_refused("00" BITCOIN "0105"
                 "00",
                 "bytes behind the end");
    tree_refused("00" BITCOIN "0105"
                 "00" BITCOIN "0105",
                 "bytes behind the end");
    tree_refused("00"
                 "0588960d73d719",
                 "an attestation is cut short");
    tree_refused("00" BITCOIN "0205", "an attestation is cut short");
    tree_refused("00" BITCOIN "818000"
                 "05",
                 "an attestation is cut short");
    tree_refused("00" OTHER "8140", "an attestation is cut short or too long");
}

static void payloads_are_held_to_their_notary(void **state)
{
    (void)state;
    tree_refused("00" BITCOIN "00", "a height and nothing else");
    tree_refused("00" BITCOIN "020501", "a height and nothing else");
    tree_refused("00" BITCOIN "028500", "a height and nothing else");
    tree_refused("00" BITCOIN "0185", "a height and nothing else");
    tree_refused("00" BITCOIN "058080808008", "a height and nothing else"); /* 2^31 */
    tree_refused("00" BITCOIN "0affffffffffffffffff01", "a height and nothing else");
    tree_refused("00" PENDING "0706612e2f3a2d3f", "plain address"); /* '?' */
    tree_refused("00" PENDING "020100", "plain address");           /* NUL */
    tree_refused("00" PENDING "0201", "an attestation is cut short");
    tree_refused("00" PENDING "0102", "plain address");
    tree_refused("00" PENDING "03016161", "plain address");
    tree_refused("00" LITECOIN "020501", "another chain is a height and nothing else");
    tree_refused("00" ETHEREUM "00", "another chain is a height and nothing else");
    tree_refused("00" ETHEREUM "028500", "another chain is a height and nothing else");
    struct arena arena = {0};
    struct ots ots;
    struct buf raw = file_of("ff00" LITECOIN "0105"
                             "00" ETHEREUM "058080808008");
    taken(&ots, &raw, &arena);
    assert_int_equal(ots.attestations[0].notary, OTS_UNKNOWN);
    assert_int_equal(ots.attestations[1].notary, OTS_UNKNOWN);
    buf_free(&raw);
    raw = file_of("00" BITCOIN "05ffffffff07");
    taken(&ots, &raw, &arena);
    assert_int_equal(ots.attestations[0].height, OTS_HEIGHT_MAX);
    buf_free(&raw);
    raw = file_of("00" PENDING "0100");
    taken(&ots, &raw, &arena);
    assert_string_equal(ots.attestations[0].uri, "");
    buf_free(&raw);
    arena_free(&arena);
}

static void heads_refuse(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        const char *part;
    } changes[] = {
        {0, 1, "not a timestamp file"}, {30, 0x95, "not a timestamp file"},
        {31, 0, "another version"},     {31, 2, "another version"},
        {31, 0x81, "another version"},  {32, 0x67, "neither SHA-256"},
        {32, 0xf0, "neither SHA-256"},  {32, 0, "neither SHA-256"},
    };
    for (size_t i = 0; i < countof(changes); i++) {
        struct buf raw = file_of("00" BITCOIN "0105");
        raw.data[changes[i].at] = changes[i].value;
        refused(&raw, changes[i].part);
    }
}

/* ---- limits
 * -------------------------------------------------------------------------------------- */

static struct buf deep_file(size_t depth)
{
    struct buf raw = file_of("");
    struct buf end = test_hex("00" BITCOIN "0105");
    memset(buf_extend(&raw, depth), OTS_SHA256, depth);
    buf_add(&raw, buf_bytes(&end));
    buf_free(&end);
    return raw;
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct ots ots;
    struct buf raw = deep_file(OTS_DEPTH_MAX);
    taken(&ots, &raw, &arena);
    assert_int_equal(ots.step_count, OTS_DEPTH_MAX + 1);
    buf_free(&raw);
    raw = deep_file(OTS_DEPTH_MAX + 1);
    refused(&raw, "over 255 operations");
    arena_free(&arena);
}

static struct buf wide_file(size_t count)
{
    struct buf raw = file_of("");
    struct buf one = test_hex("ff00" BITCOIN "0105");
    for (size_t i = 0; i < count; i++)
        buf_add(&raw, i + 1 < count ? buf_bytes(&one) : bytes_of(one.data + 1, one.size - 1));
    buf_free(&one);
    return raw;
}

static void attestations_have_a_limit(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct ots ots;
    struct buf raw = wide_file(OTS_ATTESTATION_MAX);
    taken(&ots, &raw, &arena);
    assert_int_equal(ots.attestation_count, OTS_ATTESTATION_MAX);
    buf_free(&raw);
    raw = wide_file(OTS_ATTESTATION_MAX + 1);
    refused(&raw, "more attestations");
    arena_free(&arena);
}

/* An argument of `size` bytes 0x22 behind the digest. */
static struct buf joined_file(size_t size)
{
    struct buf raw = file_of("f0");
    struct buf end = test_hex("00" BITCOIN "0105");
    ots_write_varuint(&raw, size);
    memset(buf_extend(&raw, size), 0x22, size);
    buf_add(&raw, buf_bytes(&end));
    buf_free(&end);
    return raw;
}

static void messages_have_a_limit(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct ots ots;
    struct buf raw = joined_file(OTS_MESSAGE_MAX - 32);
    taken(&ots, &raw, &arena);
    assert_int_equal(ots.attestations[0].message.size, OTS_MESSAGE_MAX);
    buf_free(&raw);
    raw = joined_file(OTS_MESSAGE_MAX - 31);
    refused(&raw, "over 4096 bytes");
    raw = joined_file(OTS_MESSAGE_MAX + 1);
    refused(&raw, "empty or too long");
    tree_refused("f3f3f3f3f3f3f3f3"
                 "00" BITCOIN "0105",
                 "over 4096 bytes");
    /* The size of what is not computed is known all the same. */
    tree_refused("67f3f3f3f3f3f3f3f3"
                 "00" BITCOIN "0105",
                 "over 4096 bytes");
    raw = file_of("f3f3f3f3f3f3f3"
                  "00" BITCOIN "0105");
    taken(&ots, &raw, &arena);
    assert_int_equal(ots.attestations[0].message.size, OTS_MESSAGE_MAX);
    buf_free(&raw);
    arena_free(&arena);
}

static void payloads_have_a_limit(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct ots ots;
    struct buf raw = file_of("00" OTHER);
    ots_write_varuint(&raw, OTS_PAYLOAD_MAX);
    memset(buf_extend(&raw, OTS_PAYLOAD_MAX), 0, OTS_PAYLOAD_MAX);
    taken(&ots, &raw, &arena);
    buf_free(&raw);
    raw = file_of("00" OTHER);
    ots_write_varuint(&raw, OTS_PAYLOAD_MAX + 1);
    memset(buf_extend(&raw, OTS_PAYLOAD_MAX + 1), 0, OTS_PAYLOAD_MAX + 1);
    refused(&raw, "cut short or too long");
    raw = file_of("00" PENDING);
    ots_write_varuint(&raw, OTS_URI_MAX + 3);
    ots_write_varuint(&raw, OTS_URI_MAX + 1);
    memset(buf_extend(&raw, OTS_URI_MAX + 1), 'a', OTS_URI_MAX + 1);
    refused(&raw, "plain address");
    raw = file_of("");
    (void)buf_extend(&raw, OTS_FILE_MAX + 1 - raw.size);
    refused(&raw, "over 262144 bytes");
    arena_free(&arena);
}

static void numbers_are_in_their_shortest_form(void **state)
{
    (void)state;
    for (uint64_t value = 1; value < UINT64_C(1) << 62; value = value * 3 + 1) {
        struct buf buf = buf_with_max(16);
        ots_write_varuint(&buf, value);
        struct cursor cursor = cursor_of(buf_bytes(&buf));
        assert_true(ots_varuint(&cursor, INT64_MAX) == value && cursor_done(&cursor));
        cursor = cursor_of(buf_bytes(&buf));
        assert_true(ots_varuint(&cursor, value - 1) == 0 && cursor.bad);
        buf.data[buf.size - 1] |= 0x80;
        buf_u8(&buf, 0);
        cursor = cursor_of(buf_bytes(&buf));
        assert_true(ots_varuint(&cursor, INT64_MAX) == 0 && cursor.bad);
        buf_free(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_compute),
        cmocka_unit_test(only_the_root_itself_holds),
        cmocka_unit_test(forks_keep_their_order),
        cmocka_unit_test(rules_refuse),
        cmocka_unit_test(payloads_are_held_to_their_notary),
        cmocka_unit_test(heads_refuse),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(attestations_have_a_limit),
        cmocka_unit_test(messages_have_a_limit),
        cmocka_unit_test(payloads_have_a_limit),
        cmocka_unit_test(numbers_are_in_their_shortest_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
