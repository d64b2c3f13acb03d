/* Proves: every real block of the data set parses to its last byte, hashes to its name, has
 * the counts and script kinds of the index, and passes the checks of merkle root, witness
 * commitment and height; so do a node's first file and the blocks of Core's test networks;
 * and blocks changed in any of these points are refused, among them the repeated tail of
 * CVE-2012-2459. */
#include "chain/chain_priv.h"
#include "support.h"

#include <stdlib.h>

enum { FILE_MAX = 8 << 20 };

static uint64_t field(const struct csv *csv, size_t row, const char *column)
{
    uint64_t value;
    int at = csv_column(csv, column);
    assert_true(at >= 0);
    const char *text = csv->rows[row][at];
    assert_true(number_parse(&value, text, strlen(text), UINT64_MAX));
    return value;
}

static const char *text_field(const struct csv *csv, size_t row, const char *column)
{
    int at = csv_column(csv, column);
    assert_true(at >= 0);
    return csv->rows[row][at];
}

static void read_index(struct csv *ret_index)
{
    char path[PATH_SIZE];
    struct err err = {0};
    test_ok(csv_read_file(ret_index, test_data_path(path, "blocks/index.csv"), FILE_MAX, &err),
            &err);
    assert_int_equal(ret_index->row_count, 44);
}

/* The raw bytes of a block by its height; the caller frees. */
static struct buf raw_block(uint64_t height)
{
    char name[64];
    (void)snprintf(name, sizeof name, "blocks/block-%07u.raw", (unsigned)height);
    return test_data(name);
}

static void parse(struct block *ret_block, const struct buf *raw, struct arena *arena)
{
    struct err err = {0};
    test_ok(block_parse(ret_block, buf_bytes(raw), arena, &err), &err);
}

/* "p2pk:1 p2pkh:3": the index's names of the kinds. It goes by the last byte of a multisig
 * alone, while Core and we ask that the keys could be keys (data of Counterparty is none). */
static const char *index_name(struct bytes script)
{
    bool like_multisig = script.size > 0 && script.data[script.size - 1] == 0xae;
    switch (script_kind_of(script)) {
    case SCRIPT_MULTISIG:
        return "msig";
    case SCRIPT_OP_RETURN:
        return "opret";
    case SCRIPT_P2PK:
    case SCRIPT_P2PKH:
    case SCRIPT_P2SH:
    case SCRIPT_P2WPKH:
    case SCRIPT_P2WSH:
    case SCRIPT_P2TR:
        return script_kind_name(script_kind_of(script));
    case SCRIPT_NONSTANDARD:
        return like_multisig ? "msig" : "other";
    case SCRIPT_P2A:
    case SCRIPT_WITNESS_UNKNOWN:
        break;
    }
    return "other";
}

static void check_kinds(const struct block *block, const char *expected)
{
    static const char *const names[] = {"msig", "opret", "other",  "p2pk", "p2pkh",
                                        "p2sh", "p2tr",  "p2wpkh", "p2wsh"};
    struct buf text = buf_with_max(1024);
    for (size_t n = 0; n < countof(names); n++) {
        size_t count = 0;
        for (size_t i = 0; i < block->tx_count; i++)
            for (size_t o = 0; o < block->txs[i].out_count; o++)
                count += !strcmp(index_name(block->txs[i].outs[o].script), names[n]);
        if (count > 0)
            buf_format(&text, "%s%s:%zu", text.size ? " " : "", names[n], count);
    }
    assert_string_equal(buf_cstr(&text), expected);
    buf_free(&text);
}

static void check_counts(const struct block *block, const struct csv *index, size_t row)
{
    size_t ins = 0;
    size_t outs = 0;
    size_t witnessed = 0;
    for (size_t i = 0; i < block->tx_count; i++) {
        ins += block->txs[i].in_count;
        outs += block->txs[i].out_count;
        witnessed += block->txs[i].has_witness;
    }
    char hash[HEX256_SIZE];
    hash256_display(hash, &block->hash);
    assert_string_equal(hash, text_field(index, row, "hash"));
    assert_int_equal(block->header.time, field(index, row, "time"));
    assert_int_equal(block->raw.size, field(index, row, "size"));
    assert_int_equal(block_weight(block), field(index, row, "weight"));
    assert_int_equal(block->tx_count, field(index, row, "txs"));
    assert_int_equal(ins, field(index, row, "inputs"));
    assert_int_equal(outs, field(index, row, "outputs"));
    assert_int_equal(witnessed, field(index, row, "segwit_txs"));
}

static void real_blocks_agree_with_the_index(void **state)
{
    (void)state;
    struct csv index;
    struct arena arena = {0};
    read_index(&index);
    for (size_t row = 0; row < index.row_count; row++) {
        uint64_t height = field(&index, row, "height");
        struct buf raw = raw_block(height);
        struct block block;
        struct err err = {0};
        parse(&block, &raw, &arena);
        check_counts(&block, &index, row);
        check_kinds(&block, text_field(&index, row, "out_types"));
        const struct chain_params *main = chain_params_get(CHAIN_MAIN);
        assert_true(header_pow_ok(main, &block.hash, block.header.bits));
        test_ok(block_check(&block, main, (uint32_t)height, &err), &err);
        test_ok(block_check(&block, main, NODE_NONE, &err), &err);
        buf_free(&raw);
        arena_reset(&arena);
    }
    arena_free(&arena);
    csv_free(&index);
}

/* The first file of a real node: 4,313 records, parsed and checked one by one. */
static void the_first_blk_file(void **state)
{
    (void)state;
    struct buf file = test_data("blocks/blk-0000000-0004312.dat");
    const struct chain_params *main = chain_params_get(CHAIN_MAIN);
    struct header_tree *tree = header_tree_new(main, NULL);
    struct cursor cursor = cursor_of(buf_bytes(&file));
    struct arena arena = {0};
    struct err err = {0};
    size_t txs = 0;
    uint32_t count = 0;
    for (; cursor_left(&cursor) > 0; count++) {
        struct block block;
        uint32_t index;
        assert_memory_equal(cursor_take(&cursor, 4).data, main->magic, 4);
        struct bytes raw = cursor_take(&cursor, cursor_le32(&cursor));
        assert_false(cursor.bad);
        test_ok(block_parse(&block, raw, &arena, &err), &err);
        test_ok(header_tree_add(tree, &index, raw.data, &block.hash, &err), &err);
        assert_int_equal(index, count);
        test_ok(block_check(&block, main, count, &err), &err);
        txs += block.tx_count;
        arena_reset(&arena);
    }
    assert_int_equal(count, 4313);
    assert_int_equal(txs, 4371);
    arena_free(&arena);
    header_tree_free(tree);
    buf_free(&file);
}

/* ---- blocks of test networks, from the vectors of Bitcoin Core ------------------------------- */

static json_t *read_json(const char *name)
{
    char path[PATH_SIZE];
    json_t *json;
    struct err err = {0};
    test_ok(json_read_file(&json, test_data_path(path, name), FILE_MAX, &err), &err);
    return json;
}

static int64_t integer_of(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

/* What getblockstats counts; it leaves the coinbase out of sizes and inputs. */
static void check_stats(const struct block *block, const json_t *stats)
{
    size_t ins = 0;
    size_t outs = block->txs[0].out_count;
    size_t size = 0;
    size_t weight = 0;
    size_t witnessed = 0;
    struct amount paid = amount_zero();
    for (size_t i = 1; i < block->tx_count; i++) {
        const struct tx *tx = &block->txs[i];
        ins += tx->in_count;
        outs += tx->out_count;
        size += tx->raw.size;
        weight += 3 * tx_stripped_size(tx) + tx->raw.size;
        witnessed += tx->has_witness;
        for (size_t o = 0; o < tx->out_count; o++)
            paid = amount_add(paid, tx->outs[o].value);
    }
    char hash[HEX256_SIZE];
    hash256_display(hash, &block->hash);
    assert_string_equal(hash, json_string_value(json_object_get(stats, "blockhash")));
    assert_int_equal(ins, integer_of(stats, "ins"));
    assert_int_equal(outs, integer_of(stats, "outs"));
    assert_int_equal(block->tx_count, integer_of(stats, "txs"));
    assert_int_equal(size, integer_of(stats, "total_size"));
    assert_int_equal(weight, integer_of(stats, "total_weight"));
    assert_int_equal(witnessed, integer_of(stats, "swtxs"));
    assert_int_equal(amount_minor(paid), integer_of(stats, "total_out"));
}

static void regtest_blocks_of_core(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/core/test/functional/data/rpc_getblockstats.json");
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    struct header_tree *tree = header_tree_new(params, NULL);
    struct err err = {0};
    const json_t *blocks = json_object_get(json, "blocks");
    const json_t *stats = json_object_get(json, "stats");
    size_t described = 0;
    for (uint32_t height = 0; height < json_array_size(blocks); height++) {
        struct arena arena = {0};
        struct block block;
        uint32_t index;
        struct buf raw = test_hex(json_string_value(json_array_get(blocks, height)));
        parse(&block, &raw, &arena);
        test_ok(header_tree_add(tree, &index, raw.data, NULL, &err), &err);
        assert_int_equal(index, height);
        test_ok(block_check(&block, params, height, &err), &err);
        for (size_t i = 0; i < json_array_size(stats); i++)
            if (integer_of(json_array_get(stats, i), "height") == height) {
                const json_t *entry = json_array_get(stats, i);
                check_stats(&block, entry);
                assert_int_equal(header_tree_node(tree, index)->median_time,
                                 integer_of(entry, "mediantime"));
                assert_int_equal(amount_minor(chain_subsidy(params, height)),
                                 integer_of(entry, "subsidy"));
                described++;
            }
        buf_free(&raw);
        arena_free(&arena);
    }
    assert_int_equal(described, 3);
    header_tree_free(tree);
    json_decref(json);
}

/* The blocks of the old testnet that BIP158's vectors carry; Core has the same file. */
static void check_filter_blocks(const char *name)
{
    json_t *json = read_json(name);
    size_t index;
    json_t *entry;
    json_array_foreach (json, index, entry) {
        struct arena arena = {0};
        struct block block;
        char hash[HEX256_SIZE];
        struct err err = {0};
        if (index == 0) /* names of the columns */
            continue;
        struct buf raw = test_hex(json_string_value(json_array_get(entry, 2)));
        parse(&block, &raw, &arena);
        hash256_display(hash, &block.hash);
        assert_string_equal(hash, json_string_value(json_array_get(entry, 1)));
        test_ok(block_check(&block, chain_params_get(CHAIN_MAIN), NODE_NONE, &err), &err);
        buf_free(&raw);
        arena_free(&arena);
    }
    assert_true(index > 1);
    json_decref(json);
}

static void testnet_blocks_of_bip158(void **state)
{
    (void)state;
    check_filter_blocks("vectors/bips/bip-0158/testnet-19.json");
    check_filter_blocks("vectors/core/src/test/data/blockfilters.json");
}

/* ---- changed real blocks -------------------------------------------------------------------- */

static int parse_and_check(struct bytes raw, uint32_t height, struct err *err)
{
    struct arena arena = {0};
    struct block block;
    int code = block_parse(&block, raw, &arena, err);
    if (code == 0)
        code = block_check(&block, chain_params_get(CHAIN_MAIN), height, err);
    arena_free(&arena);
    return code;
}

/* Blocks with their tails repeated: by the rule of odd levels the root stays the same for
 * some lengths, and there the block must be refused for the repetition itself. */
static void repeated_tails_are_refused(void **state)
{
    (void)state;
    static const uint32_t heights[] = {116928, 150013, 169482, 255018, 363703};
    size_t mutated = 0;
    for (size_t h = 0; h < countof(heights); h++) {
        struct buf raw = raw_block(heights[h]);
        struct arena arena = {0};
        struct block block;
        parse(&block, &raw, &arena);
        for (size_t tail = 1; tail <= 16 && tail < block.tx_count; tail++) {
            struct buf twice = buf_with_max(BLOCK_SIZE_MAX);
            struct err err = {0};
            buf_add(&twice, bytes_of(raw.data, HEADER_SIZE));
            buf_compact(&twice, block.tx_count + tail);
            for (size_t i = 0; i < block.tx_count; i++)
                buf_add(&twice, block.txs[i].raw);
            for (size_t i = block.tx_count - tail; i < block.tx_count; i++)
                buf_add(&twice, block.txs[i].raw);
            int code = parse_and_check(buf_bytes(&twice), heights[h], &err);
            assert_int_equal(code, SANAD_REFUSED);
            mutated += strstr(err.text, "CVE-2012-2459") != NULL;
            buf_free(&twice);
        }
        arena_free(&arena);
        buf_free(&raw);
    }
    assert_true(mutated >= 3); /* else the test would prove nothing */
}

static void changed_bytes_are_refused(void **state)
{
    (void)state;
    struct buf raw = raw_block(757739);
    struct arena arena = {0};
    struct block block;
    struct err err = {0};
    parse(&block, &raw, &arena);
    const struct tx *tx = &block.txs[1];
    while (!tx->has_witness)
        tx++;
    size_t value_at = (size_t)(block.txs[2].outs[0].script.data - raw.data) - 9;
    size_t witness_at = (size_t)(tx->raw.data - raw.data) + tx->raw.size - 5;
    size_t nonce_at = (size_t)(block.txs[0].ins[0].witness.data - raw.data) + 2;
    raw.data[value_at] ^= 1;
    test_refused(parse_and_check(buf_bytes(&raw), 757739, &err), SANAD_REFUSED, &err,
                 "merkle root differs");
    raw.data[value_at] ^= 1;
    raw.data[witness_at] ^= 1;
    test_refused(parse_and_check(buf_bytes(&raw), 757739, &err), SANAD_REFUSED, &err,
                 "witness commitment differs");
    test_refused(parse_and_check(buf_bytes(&raw), NODE_NONE, &err), SANAD_REFUSED, &err,
                 "witness commitment differs");
    raw.data[witness_at] ^= 1;
    raw.data[nonce_at] ^= 1;
    test_refused(parse_and_check(buf_bytes(&raw), 757739, &err), SANAD_REFUSED, &err,
                 "witness commitment differs");
    raw.data[nonce_at] ^= 1;
    test_ok(parse_and_check(buf_bytes(&raw), 757739, &err), &err);
    arena_free(&arena);
    buf_free(&raw);
}

static void the_height_must_be_the_block_s_own(void **state)
{
    (void)state;
    struct buf raw = raw_block(757739);
    struct err err = {0};
    test_refused(parse_and_check(buf_bytes(&raw), 757738, &err), SANAD_REFUSED, &err, "BIP34");
    /* Before segwit no block may have a witness at all. */
    test_refused(parse_and_check(buf_bytes(&raw), 481823, &err), SANAD_REFUSED, &err,
                 "no commitment covers");
    buf_free(&raw);
}

/* A block whose witnesses were left out has the right txids; only where the height is not
 * known is it let through. */
static void a_stripped_block(void **state)
{
    (void)state;
    struct buf raw = raw_block(757739);
    struct arena arena = {0};
    struct block block;
    struct buf stripped = buf_with_max(BLOCK_SIZE_MAX);
    struct err err = {0};
    parse(&block, &raw, &arena);
    buf_add(&stripped, bytes_of(raw.data, HEADER_SIZE));
    buf_compact(&stripped, block.tx_count);
    for (size_t i = 0; i < block.tx_count; i++)
        tx_write_stripped(&stripped, &block.txs[i]);
    test_refused(parse_and_check(buf_bytes(&stripped), 757739, &err), SANAD_REFUSED, &err,
                 "not one item of 32 bytes");
    test_ok(parse_and_check(buf_bytes(&stripped), NODE_NONE, &err), &err);
    buf_free(&stripped);
    arena_free(&arena);
    buf_free(&raw);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct buf raw = raw_block(170);
    for (size_t size = 0; size < raw.size; size++) {
        uint8_t *exact = mem_alloc(size + 1);
        struct err err = {0};
        memcpy(exact + 1, raw.data, size);
        assert_int_equal(parse_and_check(bytes_of(exact + 1, size), 170, &err), SANAD_REFUSED);
        free(exact);
    }
    struct err err = {0};
    buf_u8(&raw, 0);
    test_refused(parse_and_check(buf_bytes(&raw), 170, &err), SANAD_REFUSED, &err, "bytes follow");
    buf_free(&raw);
}

/* ---- built blocks ---------------------------------------------------------------------------- */

#define NO_TXID "0000000000000000000000000000000000000000000000000000000000000000"
#define SOME_TXID "1111111111111111111111111111111111111111111111111111111111111111"
#define COINBASE(script)                                                                           \
    "01000000"                                                                                     \
    "01" NO_TXID "ffffffff" script "ffffffff" OUT_LOCK
#define OUT_LOCK                                                                                   \
    "01"                                                                                           \
    "0100000000000000"                                                                             \
    "0151"                                                                                         \
    "00000000"
#define SPEND                                                                                      \
    "01000000"                                                                                     \
    "01" SOME_TXID "00000000"                                                                      \
    "00"                                                                                           \
    "ffffffff" OUT_LOCK

/* Header of zeros, the count as given, the transactions: only for block_parse. */
static int parse_built(const char *count_and_txs, struct err *err)
{
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct buf body = test_hex(count_and_txs);
    struct arena arena = {0};
    struct block block;
    memset(buf_extend(&raw, HEADER_SIZE), 0, HEADER_SIZE);
    buf_add(&raw, buf_bytes(&body));
    int code = block_parse(&block, buf_bytes(&raw), &arena, err);
    arena_free(&arena);
    buf_free(&body);
    buf_free(&raw);
    return code;
}

static void must_refuse(const char *count_and_txs, const char *part)
{
    struct err err = {0};
    test_refused(parse_built(count_and_txs, &err), SANAD_REFUSED, &err, part);
}

static void coinbases_stand_first_and_only_first(void **state)
{
    (void)state;
    struct err err = {0};
    test_ok(parse_built("02" COINBASE("020000") SPEND, &err), &err);
    must_refuse("02" SPEND COINBASE("020000"), "no coinbase");
    must_refuse("02" COINBASE("020000") COINBASE("020001"), "spends nothing");
    must_refuse("01" SPEND, "no coinbase");
}

/* The cases of Core's tx_invalid.json that need a block to be judged. */
static void coinbase_scripts_and_null_prevouts(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/core/src/test/data/tx_invalid.json");
    size_t refused = 0;
    size_t index;
    json_t *entry;
    json_array_foreach (json, index, entry) {
        char body[4096];
        struct err err = {0};
        const char *hex = json_string_value(json_array_get(entry, 1));
        const char *flags = json_string_value(json_array_get(entry, 2));
        if (!flags || strcmp(flags, "BADTX") != 0 || strlen(hex) > 2000)
            continue;
        (void)snprintf(body, sizeof body, "01%s", hex);
        int alone = parse_built(body, &err);
        assert_int_equal(alone, SANAD_REFUSED);
        bool coinbase_size = strstr(err.text, "2 to 100 bytes") != NULL;
        (void)snprintf(body, sizeof body, "02%s%s", COINBASE("020000"), hex);
        int behind = parse_built(body, &err);
        refused += coinbase_size || (behind != 0 && strstr(err.text, "spends nothing"));
    }
    assert_int_equal(refused, 4);
    json_decref(json);
}

static void counts_that_lie(void **state)
{
    (void)state;
    must_refuse("00" COINBASE("020000"), "number of transactions is impossible");
    must_refuse("02" COINBASE("020000"), "number of transactions is impossible");
    must_refuse("fd0100" COINBASE("020000"), "number of transactions is impossible");
    must_refuse("feffffffff" COINBASE("020000"), "number of transactions is impossible");
    must_refuse("ffffffffffffffffff" COINBASE("020000"), "number of transactions is impossible");
    must_refuse("fe6b040100" COINBASE("020000"), "number of transactions is impossible");
    must_refuse("01" COINBASE("0100"), "2 to 100 bytes");
    must_refuse("01" COINBASE("020000") "00", "bytes follow");
}

/* Heights as the first push of the coinbase, in the one form that consensus takes. */
static void heights_are_pushed_as_core_pushes_them(void **state)
{
    (void)state;
    static const struct {
        uint32_t height;
        const char *coinbase;
    } cases[] = {
        {1, COINBASE("025100")},
        {16, COINBASE("026000")},
        {17, COINBASE("020111")},
        {127, COINBASE("02017f")},
        {128, COINBASE("03028000")},
        {255, COINBASE("0302ff00")},
        {32767, COINBASE("0302ff7f")},
        {32768, COINBASE("0403008000")},
        {8388607, COINBASE("0403ffff7f")},
        {8388608, COINBASE("050400008000")},
        {0x80000000, COINBASE("06050000008000")},
    };
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf raw = buf_with_max(1024);
        struct buf coinbase = test_hex(cases[i].coinbase);
        struct hash256 root;
        struct arena arena = {0};
        struct block block;
        struct err err = {0};
        memset(buf_extend(&raw, HEADER_SIZE), 0, HEADER_SIZE);
        sha256d_of(&root, buf_bytes(&coinbase));
        memcpy(raw.data + 36, root.b, 32);
        buf_u8(&raw, 1);
        buf_add(&raw, buf_bytes(&coinbase));
        parse(&block, &raw, &arena);
        test_ok(block_check(&block, params, cases[i].height, &err), &err);
        test_refused(block_check(&block, params, cases[i].height + 1, &err), SANAD_REFUSED, &err,
                     "BIP34");
        test_ok(block_check(&block, params, NODE_NONE, &err), &err);
        arena_free(&arena);
        buf_free(&coinbase);
        buf_free(&raw);
    }
}

/* Under 4,000,000 bytes, over the weight: nothing of it is witness. */
static void weight_is_limited(void **state)
{
    (void)state;
    for (size_t extra = 0; extra <= 1; extra++) {
        size_t script_size = 1000000 - HEADER_SIZE - 1 - 66 + extra;
        struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
        struct buf head = test_hex("01000000"
                                   "01" NO_TXID "ffffffff"
                                   "020000"
                                   "ffffffff"
                                   "01"
                                   "0100000000000000");
        struct hash256 root;
        struct arena arena = {0};
        struct block block;
        struct err err = {0};
        memset(buf_extend(&raw, HEADER_SIZE), 0, HEADER_SIZE);
        buf_u8(&raw, 1);
        buf_add(&raw, buf_bytes(&head));
        buf_compact(&raw, script_size);
        memset(buf_extend(&raw, script_size + 4), 0, script_size + 4);
        sha256d_of(&root, bytes_of(raw.data + HEADER_SIZE + 1, raw.size - HEADER_SIZE - 1));
        memcpy(raw.data + 36, root.b, 32);
        parse(&block, &raw, &arena);
        assert_int_equal(block_weight(&block), 4000000 + 4 * extra);
        int code = block_check(&block, chain_params_get(CHAIN_MAIN), NODE_NONE, &err);
        if (extra == 0)
            test_ok(code, &err);
        else
            test_refused(code, SANAD_REFUSED, &err, "weight");
        arena_free(&arena);
        buf_free(&head);
        buf_free(&raw);
    }
}

static void too_small_and_too_big(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct block block;
    struct err err = {0};
    uint8_t *zeros = mem_zalloc(BLOCK_SIZE_MAX + 1, 1);
    test_refused(block_parse(&block, bytes_of(zeros, 0), &arena, &err), SANAD_REFUSED, &err,
                 "block: 0 bytes");
    test_refused(block_parse(&block, bytes_of(zeros, 140), &arena, &err), SANAD_REFUSED, &err,
                 "block: 140 bytes");
    test_refused(block_parse(&block, bytes_of(zeros, BLOCK_SIZE_MAX + 1), &arena, &err),
                 SANAD_REFUSED, &err, "block: 4000001 bytes");
    free(zeros);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_blocks_agree_with_the_index),
        cmocka_unit_test(the_first_blk_file),
        cmocka_unit_test(regtest_blocks_of_core),
        cmocka_unit_test(testnet_blocks_of_bip158),
        cmocka_unit_test(repeated_tails_are_refused),
        cmocka_unit_test(changed_bytes_are_refused),
        cmocka_unit_test(the_height_must_be_the_block_s_own),
        cmocka_unit_test(a_stripped_block),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(coinbases_stand_first_and_only_first),
        cmocka_unit_test(coinbase_scripts_and_null_prevouts),
        cmocka_unit_test(counts_that_lie),
        cmocka_unit_test(heights_are_pushed_as_core_pushes_them),
        cmocka_unit_test(weight_is_limited),
        cmocka_unit_test(too_small_and_too_big),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
