/* Proves: real runs of headers hold from the genesis and from anchors, with the work that the
 * program sums; each spoilt header is refused where the program refuses it, in its words; what is
 * looked up is found; a statement's block is held against the run. */
#include "chain/chain.h"
#include "verify_test.h"

#include "verify/verify_priv.h"

/* A run through the program's tree: the code of the first header that fails. */
static int tree_run(char ret_work[HEX256_SIZE], struct bytes raw, enum chain_id chain,
                    uint32_t height, struct err *err)
{
    struct chain_anchor anchor = {.height = height};
    uint32_t index = 0;
    int code = 0;
    if (height)
        header_hash(&anchor.hash, raw.data);
    struct header_tree *tree = header_tree_new(chain_params_get(chain), height ? &anchor : NULL);
    for (size_t at = 0; at + HEADER_SIZE <= raw.size && code == 0; at += HEADER_SIZE)
        code = header_tree_add(tree, &index, raw.data + at, NULL, err);
    if (code == 0)
        u256_hex(ret_work, &header_tree_node(tree, index)->work);
    header_tree_free(tree);
    return code;
}

static enum sanad_verdict core_run(struct sanad_headers *ret, struct sanad_result *result,
                                   struct bytes raw, enum sanad_network network, uint32_t height)
{
    const struct sanad_input input = input_of("headers", raw);
    uint8_t hash[32];
    struct hash256 first;
    header_hash(&first, raw.data);
    memcpy(hash, first.b, sizeof hash);
    const struct sanad_anchor anchor = {
        .network = network, .height = height, .hash = height ? hash : NULL};
    return sanad_verify_headers(ret, result, &input, &anchor);
}

static void run_both(struct bytes raw, uint32_t height)
{
    char theirs[HEX256_SIZE];
    char ours[HEX256_SIZE];
    struct err err = {0};
    struct sanad_headers headers;
    struct sanad_result result;
    test_ok(tree_run(theirs, raw, CHAIN_MAIN, height, &err), &err);
    if (core_run(&headers, &result, raw, SANAD_NETWORK_MAIN, height) != SANAD_VERDICT_HOLDS)
        fail_msg("%s", result.text);
    hex_encode(ours, bytes_of(headers.work, 32));
    assert_string_equal(ours, theirs);
    assert_int_equal(headers.count, raw.size / HEADER_SIZE);
}

static void real_headers_hold(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t height;
    } runs[] = {{"headers/headers-0000000-0010236.bin", 0},
                {"headers/headers-0586657-0589289.bin", 586657},
                {"headers/headers-0665280-0665407.bin", 665280},
                {"headers/headers-0822528-0830592.bin", 822528}};
    for (size_t i = 0; i < countof(runs); i++) {
        struct buf raw = test_data(runs[i].name);
        run_both(buf_bytes(&raw), runs[i].height);
        buf_free(&raw);
    }
}

/* The program's message of a lost predecessor names no height, so only the verdict is compared. */
static void spoilt_both(struct bytes raw, uint32_t height)
{
    char theirs[HEX256_SIZE];
    struct err err = {0};
    struct sanad_headers headers;
    struct sanad_result result;
    int code = tree_run(theirs, raw, CHAIN_MAIN, height, &err);
    enum sanad_verdict verdict = core_run(&headers, &result, raw, SANAD_NETWORK_MAIN, height);
    if ((verdict == SANAD_VERDICT_HOLDS) != (code == 0))
        fail_msg("core: %s; program: %s", result.text, err.text);
    if (code == SANAD_REFUSED)
        assert_string_equal(result.text, err.text);
}

static void spoilt_headers_are_refused(void **state)
{
    (void)state;
    struct buf raw = test_data("headers/headers-0586657-0589289.bin");
    uint64_t random = 21;
    for (size_t i = 0; i < 400; i++) {
        size_t count = 30;
        size_t first = random_below(&random, raw.size / HEADER_SIZE - count);
        struct buf copy = buf_with_max(1 << 16);
        buf_add(&copy, bytes_of(raw.data + first * HEADER_SIZE, count * HEADER_SIZE));
        /* Not the first: it is what the anchor trusts. */
        size_t at = HEADER_SIZE + random_below(&random, copy.size - HEADER_SIZE);
        copy.data[at] ^= (uint8_t)(1 << random_below(&random, 8));
        spoilt_both(buf_bytes(&copy), 586657 + (uint32_t)first);
        buf_free(&copy);
    }
    buf_free(&raw);
}

/* Regtest's limit makes it cheap to break one rule and keep the others. */
static void mine(uint8_t *raw, const uint8_t *before, uint32_t time, uint32_t bits)
{
    struct header header = {.version = 4, .time = time, .bits = bits};
    struct hash256 hash;
    header_hash(&header.prev, before);
    do {
        header.nonce++;
        header_write(raw, &header);
        header_hash(&hash, raw);
    } while (!header_pow_ok(chain_params_get(CHAIN_REGTEST), &hash, bits));
}

enum { MINED = 40 };
static const uint32_t easy = 0x207fffff;

static void mine_run(uint8_t raw[MINED * HEADER_SIZE], size_t odd, uint32_t time, uint32_t bits)
{
    memcpy(raw, chain_params_get(CHAIN_REGTEST)->genesis_header, HEADER_SIZE);
    uint32_t genesis_time = load_le32(raw + 68);
    for (size_t i = 1; i < MINED; i++)
        mine(raw + i * HEADER_SIZE, raw + (i - 1) * HEADER_SIZE,
             i == odd ? genesis_time + time : genesis_time + 600 * (uint32_t)i,
             i == odd ? bits : easy);
}

static void each_rule_refuses(void **state)
{
    (void)state;
    static const struct {
        size_t odd;
        uint32_t time, bits;
        const char *says;
    } rows[] = {
        {MINED, 0, 0, NULL},
        {20, 20 * 600, 0x207ffffe, "its nBits is not what the retarget rule gives"},
        {20, 14 * 600, 0x207fffff, "its time is not after the median of the 11 before it"},
        {20, 14 * 600 + 1, 0x207fffff, NULL},
        {1, 0, 0x207fffff, "its time is not after the median of the 11 before it"},
        {3, 3 * 600, 0x20ffffff, NULL}, /* negative: written over below */
    };
    static uint8_t raw[MINED * HEADER_SIZE];
    for (size_t i = 0; i < countof(rows); i++) {
        char work[HEX256_SIZE];
        struct err err = {0};
        struct sanad_headers headers;
        struct sanad_result result;
        bool is_negative = rows[i].bits == 0x20ffffff;
        mine_run(raw, rows[i].odd, rows[i].time, is_negative ? easy : rows[i].bits);
        if (is_negative)
            raw[3 * HEADER_SIZE + 74] |= 0x80;
        int code = tree_run(work, bytes_of(raw, sizeof raw), CHAIN_REGTEST, 0, &err);
        (void)core_run(&headers, &result, bytes_of(raw, sizeof raw), SANAD_NETWORK_REGTEST, 0);
        same("regtest", &result, code, &err);
        if (rows[i].says)
            assert_non_null(strstr(result.text, rows[i].says));
        else
            assert_int_equal(code == 0, !is_negative);
    }
}

static void other_inputs_are_refused(void **state)
{
    (void)state;
    static uint8_t raw[MINED * HEADER_SIZE];
    const uint8_t *hash = raw;
    struct sanad_headers headers = {.count = 77};
    struct sanad_result result;
    mine_run(raw, MINED, 0, 0);
    const struct {
        size_t size;
        struct sanad_anchor anchor;
        enum sanad_verdict verdict;
    } rows[] = {
        {0, {SANAD_NETWORK_REGTEST, 0, NULL}, SANAD_VERDICT_REFUSED},
        {79, {SANAD_NETWORK_REGTEST, 0, NULL}, SANAD_VERDICT_REFUSED},
        {161, {SANAD_NETWORK_REGTEST, 0, NULL}, SANAD_VERDICT_REFUSED},
        {160, {SANAD_NETWORK_REGTEST, 1, NULL}, SANAD_VERDICT_REFUSED},
        {160, {SANAD_NETWORK_REGTEST, UINT32_MAX, hash}, SANAD_VERDICT_REFUSED},
        {160, {SANAD_NETWORK_REGTEST, 5, hash}, SANAD_VERDICT_UNDECIDED},
        {160, {SANAD_NETWORK_MAIN, 0, NULL}, SANAD_VERDICT_UNDECIDED},
        {160, {SANAD_NETWORK_SIGNET, 0, NULL}, SANAD_VERDICT_UNDECIDED},
        {160, {SANAD_NETWORK_TESTNET4, 0, NULL}, SANAD_VERDICT_UNDECIDED},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        const struct sanad_input input = {"headers", raw, rows[i].size};
        assert_int_equal(sanad_verify_headers(&headers, &result, &input, &rows[i].anchor),
                         rows[i].verdict);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_int_equal(headers.count, 77); /* not written */
    }
}

static void what_is_asked_for_is_found(void **state)
{
    (void)state;
    struct buf raw = test_data("headers/headers-0665280-0665407.bin");
    struct sanad_headers headers;
    struct sanad_result result;
    assert_int_equal(core_run(&headers, &result, buf_bytes(&raw), SANAD_NETWORK_MAIN, 665280),
                     SANAD_VERDICT_HOLDS);
    for (uint32_t i = 0; i < headers.count; i++) {
        struct hash256 hash;
        struct header header;
        uint8_t ours[32];
        uint32_t height;
        header_hash(&hash, raw.data + i * HEADER_SIZE);
        header_parse(&header, raw.data + i * HEADER_SIZE);
        assert_true(sanad_headers_hash(ours, &headers, 665280 + i));
        assert_memory_equal(ours, hash.b, 32);
        assert_true(sanad_headers_merkle_root(ours, &headers, 665280 + i));
        assert_memory_equal(ours, header.merkle_root.b, 32);
        assert_true(sanad_headers_find(&height, &headers, hash.b));
        assert_int_equal(height, 665280 + i);
        hash.b[0] ^= 1;
        assert_false(sanad_headers_find(&height, &headers, hash.b));
    }
    uint8_t none[32];
    assert_false(sanad_headers_hash(none, &headers, 665279));
    assert_false(sanad_headers_hash(none, &headers, 665408));
    assert_false(sanad_headers_merkle_root(none, &headers, 0));
    buf_free(&raw);
}

static void a_statements_block(void **state)
{
    (void)state;
    struct buf raw = test_data("headers/headers-0665280-0665407.bin");
    struct sanad_headers headers;
    struct sanad_result result;
    struct hash256 hash;
    char shown[HEX256_SIZE];
    assert_int_equal(core_run(&headers, &result, buf_bytes(&raw), SANAD_NETWORK_MAIN, 665280),
                     SANAD_VERDICT_HOLDS);
    header_hash(&hash, raw.data + 7 * HEADER_SIZE);
    hash256_display(shown, &hash);
    static const struct {
        const char *before, *behind; /* the hash */
        enum sanad_verdict verdict;
    } rows[] = {
        {"{\"as_of\":{\"block_hash\":\"", "\",\"height\":665287}}", SANAD_VERDICT_HOLDS},
        {"{\"block_hash\":\"", "\",\"height\":665287}", SANAD_VERDICT_HOLDS},
        {"{\"as_of\":{\"block_hash\":\"", "\",\"height\":665288}}", SANAD_VERDICT_CONTRADICTED},
        {"{\"as_of\":{\"block_hash\":\"0", "\",\"height\":665287}}", SANAD_VERDICT_UNDECIDED},
        {"{\"as_of\":{\"block_hash\":\"", "\",\"height\":665408}}", SANAD_VERDICT_UNDECIDED},
        {"{\"as_of\":{\"block_hash\":\"", "\",\"height\":-1}}", SANAD_VERDICT_UNDECIDED},
        {"{\"as_of\":{\"block_hash\":\"", "\"}}", SANAD_VERDICT_UNDECIDED},
        {"{\"as_of\":5,\"block_hash\":\"", "\",\"height\":665287}", SANAD_VERDICT_UNDECIDED},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf json = buf_with_max(1024);
        buf_format(&json, "%s%s%s", rows[i].before, shown, rows[i].behind);
        const struct sanad_statement statement = {.kind = SANAD_KIND_RESERVE_POSITION,
                                                  .json = {json.data, json.size}};
        assert_int_equal(sanad_verify_block(&result, &statement, &headers), rows[i].verdict);
        buf_free(&json);
    }
    buf_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_headers_hold),          cmocka_unit_test(spoilt_headers_are_refused),
        cmocka_unit_test(each_rule_refuses),          cmocka_unit_test(other_inputs_are_refused),
        cmocka_unit_test(what_is_asked_for_is_found), cmocka_unit_test(a_statements_block)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
