/* Proves: VARINT, amounts and scripts have the compressed forms of Bitcoin Core and no other;
 * undo data of 14 real blocks, made from their known prevouts, round-trips byte for byte,
 * and with it each coinbase is exactly subsidy plus fees; damaged undo data is refused. */
#include "chain/chain_priv.h"
#include "support.h"

#include <stdlib.h>

enum { FILE_MAX = 16 << 20 };

/* ---- VARINT -----------------------------------------------------------------------------------
 */

static uint64_t read_varint(const char *hex, uint64_t max, bool *ret_good)
{
    struct buf raw = test_hex(hex);
    struct cursor cursor = cursor_of(buf_bytes(&raw));
    uint64_t value = cursor_varint(&cursor, max);
    *ret_good = cursor_done(&cursor);
    buf_free(&raw);
    return value;
}

static const struct {
    uint64_t value;
    const char *hex;
} varints[] = {
    {0, "00"},
    {1, "01"},
    {127, "7f"},
    {128, "8000"},
    {255, "807f"},
    {256, "8100"},
    {16383, "fe7f"},
    {16384, "ff00"},
    {16511, "ff7f"},
    {16512, "808000"},
    {65535, "82fe7f"},
    {UINT64_C(1) << 32, "8efefeff00"},
    {UINT32_MAX, "8efefefe7f"},
    {UINT64_MAX, "80fefefefefefefefe7f"},
};

static void varints_have_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(varints); i++) {
        struct buf written = buf_with_max(16);
        struct buf expected = test_hex(varints[i].hex);
        bool good;
        buf_varint(&written, varints[i].value);
        assert_true(bytes_equal(buf_bytes(&written), buf_bytes(&expected)));
        assert_int_equal(read_varint(varints[i].hex, UINT64_MAX, &good), varints[i].value);
        assert_true(good);
        assert_int_equal(read_varint(varints[i].hex, varints[i].value, &good), varints[i].value);
        assert_true(good);
        if (varints[i].value > 0) {
            assert_int_equal(read_varint(varints[i].hex, varints[i].value - 1, &good), 0);
            assert_false(good);
        }
        buf_free(&expected);
        buf_free(&written);
    }
}

static void varints_that_overflow_or_end_early(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "80",
        "ff",
        "fefe",
        "80fefefefefefefefeff00", /* 2^64 */
        "80fefefefefefefeff00ff", /* ends early */
        "ffffffffffffffffffffffff7f",
        "ffffffffffffffffff7f",
        "80fefefefefefefeffff7f",
    };
    for (size_t i = 0; i < countof(bad); i++) {
        bool good = true;
        assert_int_equal(read_varint(bad[i], UINT64_MAX, &good), 0);
        assert_false(good);
    }
}

/* ---- amounts ------------------------------------------------------------------------------------
 */

static void amounts_have_the_known_forms(void **state)
{
    (void)state;
    static const struct {
        int64_t sat;
        uint64_t compressed;
    } cases[] = {
        {0, 0},
        {1, 1},
        {1000000, 7},
        {100000000, 9},
        {5000000000, 0x32},
        {2100000000000000, 0x1406f40},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct amount amount;
        assert_int_equal(amount_compress(amount_of(cases[i].sat)), cases[i].compressed);
        assert_true(amount_decompress(&amount, cases[i].compressed));
        assert_int_equal(amount_minor(amount), cases[i].sat);
    }
}

static void amounts_round_trip_both_ways(void **state)
{
    (void)state;
    struct amount amount;
    for (uint64_t compressed = 0; compressed < 100000; compressed++) {
        assert_true(amount_decompress(&amount, compressed));
        assert_int_equal(amount_compress(amount), compressed);
    }
    int64_t sat = 1;
    for (int i = 0; i < 2000; i++) {
        sat = (int64_t)(((uint64_t)sat * UINT64_C(6364136223846793005) + 1442695040888963407) %
                        (uint64_t)(AMOUNT_MONEY_MAX_SAT + 1));
        int64_t rounded = sat / 1000000 * 1000000;
        assert_true(amount_decompress(&amount, amount_compress(amount_of(sat))));
        assert_int_equal(amount_minor(amount), sat);
        assert_true(amount_decompress(&amount, amount_compress(amount_of(rounded))));
        assert_int_equal(amount_minor(amount), rounded);
    }
}

/* The compressed forms of one satoshi too many and of much more. */
static void amounts_over_21_million(void **state)
{
    (void)state;
    static const uint64_t bad[] = {
        0x1406f40 + 10, /* 21 million and one thousandth of a million more */
        1 + (UINT64_C(210000000000000) * 9 + 0) * 10, /* one satoshi over */
        UINT64_MAX,
        UINT64_MAX - 1,
        UINT64_C(1) << 63,
        UINT64_C(18446744073709551610),
    };
    struct amount amount = amount_of(7);
    for (size_t i = 0; i < countof(bad); i++)
        assert_false(amount_decompress(&amount, bad[i]));
    for (uint64_t zeros = 0; zeros <= 9; zeros++) /* 10^18 has every exponent too many */
        assert_false(amount_decompress(&amount, 1 + UINT64_C(900000000000000000) * 10 + zeros));
    assert_int_equal(amount_minor(amount), 7);
}

/* ---- scripts
 * -------------------------------------------------------------------------------------- */

#define H20 "000102030405060708090a0b0c0d0e0f10111213"
#define X_G "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define Y_G "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
/* The negative of y. */
#define Y_N "b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777"

static void check_script(const char *script_hex, const char *compressed_hex)
{
    struct buf script = test_hex(script_hex);
    struct buf expected = test_hex(compressed_hex);
    struct buf written = buf_with_max(20000);
    struct arena arena = {0};
    struct bytes back;
    struct err err = {0};
    script_compress(&written, buf_bytes(&script));
    assert_true(bytes_equal(buf_bytes(&written), buf_bytes(&expected)));
    struct cursor cursor = cursor_of(buf_bytes(&written));
    test_ok(script_decompress(&back, &cursor, &arena, &err), &err);
    assert_true(cursor_done(&cursor));
    assert_true(bytes_equal(back, buf_bytes(&script)));
    arena_free(&arena);
    buf_free(&written);
    buf_free(&expected);
    buf_free(&script);
}

static void scripts_have_the_known_forms(void **state)
{
    (void)state;
    check_script("76a914" H20 "88ac", "00" H20);
    check_script("a914" H20 "87", "01" H20);
    check_script("2102" X_G "ac", "02" X_G);
    check_script("2103" X_G "ac", "03" X_G);
    check_script("4104" X_G Y_G "ac", "04" X_G);
    check_script("4104" X_G Y_N "ac", "05" X_G);
    check_script("", "06");
    check_script("6a", "076a");
    check_script("0014" H20, "1c0014" H20);
    check_script("5120" X_G, "285120" X_G);
}

/* What looks like a kind but could not be expanded back stays as it is. */
static void scripts_that_stay_plain(void **state)
{
    (void)state;
    check_script("4106" X_G Y_G "ac", "49"
                                      "4106" X_G Y_G "ac"); /* hybrid form */
    check_script("4104" X_G X_G "ac", "49"
                                      "4104" X_G X_G "ac"); /* not on the curve */
    check_script("2104" X_G "ac", "29"
                                  "2104" X_G "ac");
    check_script("76a914" H20 "88ad", "1f"
                                      "76a914" H20 "88ad");
    /* A compressed key is not looked at: x alone, on the curve or not. */
    check_script("2102"
                 "0000000000000000000000000000000000000000000000000000000000000005"
                 "ac",
                 "02"
                 "0000000000000000000000000000000000000000000000000000000000000005");
}

static int decompress(const char *hex, struct err *err)
{
    struct buf raw = test_hex(hex);
    struct cursor cursor = cursor_of(buf_bytes(&raw));
    struct arena arena = {0};
    struct bytes script;
    int code = script_decompress(&script, &cursor, &arena, err);
    arena_free(&arena);
    buf_free(&raw);
    return code;
}

static void damaged_scripts_are_refused(void **state)
{
    (void)state;
    static const char *const early[] = {
        "",
        "00",
        "02",
        "0501",
        "08",
        "0851",
        "8efefefe7f51",
        "8efefeff00",
        "ffffffffffffffffffffff7f",
    };
    struct err err = {0};
    for (size_t i = 0; i < countof(early); i++)
        test_refused(decompress(early[i], &err), SANAD_REFUSED, &err, "compressed script");
    test_ok(decompress("00" H20, &err), &err);
    test_ok(decompress("0751", &err), &err);
    test_refused(decompress("04"
                            "0000000000000000000000000000000000000000000000000000000000000005",
                            &err),
                 SANAD_REFUSED, &err, "not on the curve");
    test_refused(decompress("05"
                            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                            &err),
                 SANAD_REFUSED, &err, "not on the curve");
}

/* Core keeps no script that could never be spent: over 10,000 bytes it reads OP_RETURN. */
static void overlong_scripts_become_op_return(void **state)
{
    (void)state;
    for (size_t size = SCRIPT_SIZE_MAX; size <= SCRIPT_SIZE_MAX + 1; size++) {
        struct buf raw = buf_with_max(20000);
        struct arena arena = {0};
        struct bytes script;
        struct err err = {0};
        buf_varint(&raw, size + 6);
        memset(buf_extend(&raw, size), 0x51, size);
        struct cursor cursor = cursor_of(buf_bytes(&raw));
        test_ok(script_decompress(&script, &cursor, &arena, &err), &err);
        assert_true(cursor_done(&cursor));
        assert_int_equal(script.size, size > SCRIPT_SIZE_MAX ? 1 : size);
        assert_int_equal(script.data[0], size > SCRIPT_SIZE_MAX ? 0x6a : 0x51);
        arena_free(&arena);
        buf_free(&raw);
    }
}

/* ---- whole blocks
 * ----------------------------------------------------------------------------------- */

struct prevouts {
    struct csv csv;
    int txid, vout, value, script, height, coinbase;
};

static void prevouts_read(struct prevouts *ret, uint32_t height)
{
    char name[64];
    char path[PATH_SIZE];
    struct err err = {0};
    (void)snprintf(name, sizeof name, "blocks/prevouts/prevouts-%07u.csv", height);
    test_ok(csv_read_file(&ret->csv, test_data_path(path, name), FILE_MAX, &err), &err);
    ret->txid = csv_column(&ret->csv, "txid");
    ret->vout = csv_column(&ret->csv, "vout");
    ret->value = csv_column(&ret->csv, "value_sat");
    ret->script = csv_column(&ret->csv, "script_pubkey_hex");
    ret->height = csv_column(&ret->csv, "creation_height");
    ret->coinbase = csv_column(&ret->csv, "is_coinbase");
    assert_true(ret->txid >= 0 && ret->vout >= 0 && ret->value >= 0 && ret->script >= 0 &&
                ret->height >= 0 && ret->coinbase >= 0);
}

static uint64_t number(const struct prevouts *prevouts, size_t row, int column)
{
    uint64_t value;
    const char *text = prevouts->csv.rows[row][column];
    assert_true(number_parse(&value, text, strlen(text), AMOUNT_MONEY_MAX_SAT));
    return value;
}

static void read_coin(struct undo_coin *coin, const struct prevouts *prevouts, size_t row,
                      const struct outpoint *prevout, struct arena *arena)
{
    char txid[HEX256_SIZE];
    const char *hex = prevouts->csv.rows[row][prevouts->script];
    size_t size = strlen(hex) / 2;
    uint8_t *script = arena_alloc(arena, size + 1, 1);
    hash256_display(txid, &prevout->txid);
    assert_string_equal(txid, prevouts->csv.rows[row][prevouts->txid]);
    assert_int_equal(prevout->vout, number(prevouts, row, prevouts->vout));
    assert_true(hex_decode(script, size, hex, strlen(hex)));
    coin->value = amount_of((int64_t)number(prevouts, row, prevouts->value));
    coin->script = bytes_of(script, size);
    coin->height = (uint32_t)number(prevouts, row, prevouts->height);
    coin->coinbase = number(prevouts, row, prevouts->coinbase) != 0;
}

/* The undo data that a node would have for the block, from the list of its prevouts. */
static void make_undo(struct block_undo *ret, const struct block *block,
                      const struct prevouts *prevouts, struct arena *arena)
{
    size_t row = 0;
    ret->tx_count = block->tx_count - 1;
    ret->txs = arena_alloc(arena, ret->tx_count, sizeof *ret->txs);
    for (size_t i = 0; i < ret->tx_count; i++) {
        const struct tx *tx = &block->txs[i + 1];
        ret->txs[i].coin_count = tx->in_count;
        ret->txs[i].coins = arena_alloc(arena, tx->in_count, sizeof *ret->txs[i].coins);
        for (size_t n = 0; n < tx->in_count; n++)
            read_coin(&ret->txs[i].coins[n], prevouts, row++, &tx->ins[n].prevout, arena);
    }
    assert_int_equal(row, prevouts->csv.row_count);
}

static void check_same(const struct block_undo *a, const struct block_undo *b)
{
    assert_int_equal(a->tx_count, b->tx_count);
    for (size_t i = 0; i < a->tx_count; i++) {
        assert_int_equal(a->txs[i].coin_count, b->txs[i].coin_count);
        for (size_t n = 0; n < a->txs[i].coin_count; n++) {
            const struct undo_coin *x = &a->txs[i].coins[n];
            const struct undo_coin *y = &b->txs[i].coins[n];
            assert_true(amount_equal(x->value, y->value));
            assert_true(bytes_equal(x->script, y->script));
            assert_int_equal(x->height, y->height);
            assert_int_equal(x->coinbase, y->coinbase);
        }
    }
}

static struct amount paid_out(const struct tx *tx)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < tx->out_count; i++)
        sum = amount_add(sum, tx->outs[i].value);
    return sum;
}

static void check_coinbase(const struct block *block, const struct block_undo *undo,
                           uint32_t height)
{
    struct amount due = chain_subsidy(chain_params_get(CHAIN_MAIN), height);
    for (size_t i = 0; i < undo->tx_count; i++) {
        for (size_t n = 0; n < undo->txs[i].coin_count; n++)
            due = amount_add(due, undo->txs[i].coins[n].value);
        due = amount_sub(due, paid_out(&block->txs[i + 1]));
    }
    assert_int_equal(amount_minor(due), amount_minor(paid_out(&block->txs[0])));
}

static void real_blocks_round_trip(void **state)
{
    (void)state;
    static const uint32_t heights[] = {170,    24835,  57043,  116928, 150013, 210000, 255018,
                                       277647, 367891, 403200, 478558, 757739, 757753, 866342};
    for (size_t h = 0; h < countof(heights); h++) {
        char name[64];
        (void)snprintf(name, sizeof name, "blocks/block-%07u.raw", heights[h]);
        struct buf raw = test_data(name);
        struct prevouts prevouts;
        struct arena arena = {0};
        struct block block;
        struct block_undo made;
        struct block_undo read;
        struct buf written = buf_with_max(FILE_MAX);
        struct buf again = buf_with_max(FILE_MAX);
        struct err err = {0};
        prevouts_read(&prevouts, heights[h]);
        test_ok(block_parse(&block, buf_bytes(&raw), &arena, &err), &err);
        make_undo(&made, &block, &prevouts, &arena);
        undo_write(&written, &made);
        test_ok(undo_parse(&read, buf_bytes(&written), &arena, &err), &err);
        check_same(&made, &read);
        undo_write(&again, &read);
        assert_true(bytes_equal(buf_bytes(&written), buf_bytes(&again)));
        check_coinbase(&block, &read, heights[h]);
        buf_free(&again);
        buf_free(&written);
        csv_free(&prevouts.csv);
        arena_free(&arena);
        buf_free(&raw);
    }
}

/* The first payment, block 170: one transaction, one coin of block 9, 50 BTC, an odd key. */
#define UNDO_170                                                                                   \
    "0101130032"                                                                                   \
    "0511db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5c"

static void the_undo_data_of_block_170(void **state)
{
    (void)state;
    struct buf raw = test_hex(UNDO_170);
    struct buf written = buf_with_max(1024);
    struct buf script =
        test_hex("410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a"
                 "5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412"
                 "a3ac");
    struct arena arena = {0};
    struct block_undo undo;
    struct err err = {0};
    test_ok(undo_parse(&undo, buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(undo.tx_count, 1);
    assert_int_equal(undo.txs[0].coin_count, 1);
    const struct undo_coin *coin = &undo.txs[0].coins[0];
    assert_int_equal(amount_minor(coin->value), 5000000000);
    assert_int_equal(coin->height, 9);
    assert_true(coin->coinbase);
    assert_true(bytes_equal(coin->script, buf_bytes(&script)));
    undo_write(&written, &undo);
    assert_true(bytes_equal(buf_bytes(&raw), buf_bytes(&written)));
    arena_free(&arena);
    buf_free(&script);
    buf_free(&written);
    buf_free(&raw);
}

static int parse_undo(struct bytes raw, struct err *err)
{
    struct arena arena = {0};
    struct block_undo undo;
    int code = undo_parse(&undo, raw, &arena, err);
    arena_free(&arena);
    return code;
}

static void must_refuse(const char *hex, const char *part)
{
    struct buf raw = test_hex(hex);
    struct err err = {0};
    test_refused(parse_undo(buf_bytes(&raw), &err), SANAD_REFUSED, &err, part);
    buf_free(&raw);
}

static void damaged_undo_data_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct buf raw = test_hex(UNDO_170);
    for (size_t size = 0; size < raw.size; size++) {
        uint8_t *exact = mem_alloc(size + 1);
        memcpy(exact + 1, raw.data, size);
        test_refused(parse_undo(bytes_of(exact + 1, size), &err), SANAD_REFUSED, &err, "undo data");
        free(exact);
    }
    buf_free(&raw);
    must_refuse(UNDO_170 "00", "bytes follow");
    must_refuse("fd0100"
                "01"
                "0032"
                "06",
                "number of transactions");
    must_refuse("ffffffffffffffffff", "number of transactions");
    must_refuse("02"
                "01"
                "000006",
                "impossible");
    must_refuse("01"
                "fd0100"
                "000006",
                "number of coins");
    must_refuse("01"
                "ffffffffffffffffff",
                "number of coins");
    must_refuse("01"
                "fea1860100",
                "number of coins");
    must_refuse("01"
                "02"
                "000006",
                "number of coins");
    must_refuse("01"
                "01"
                "8efefeff00"
                "0032"
                "06",
                "out of range"); /* height over 2^31 */
    must_refuse("01"
                "01"
                "02"
                "8efefeff00"
                "32"
                "06",
                "out of range");
    must_refuse("01"
                "01"
                "00"
                "80fefefefefefefefe7f"
                "06",
                "over 21 million");
    must_refuse("01"
                "01"
                "0032"
                "04"
                "0000",
                "ends early");
}

/* Height 0 has no dummy; a dummy of any value is read over (old files held the version). */
static void heights_and_dummies(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct block_undo undo;
    struct err err = {0};
    struct buf raw = test_hex("01"
                              "03"
                              "013206"
                              "02073206"
                              "8efefefe7f"
                              "82fe7f"
                              "0906");
    test_ok(undo_parse(&undo, buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(undo.txs[0].coins[0].height, 0);
    assert_true(undo.txs[0].coins[0].coinbase);
    assert_int_equal(undo.txs[0].coins[1].height, 1);
    assert_false(undo.txs[0].coins[1].coinbase);
    assert_int_equal(undo.txs[0].coins[2].height, 0x7fffffff);
    assert_int_equal(amount_minor(undo.txs[0].coins[2].value), 100000000);
    arena_free(&arena);
    buf_free(&raw);
    raw = test_hex("00");
    test_ok(undo_parse(&undo, buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(undo.tx_count, 0);
    arena_free(&arena);
    buf_free(&raw);
}

/* The previous block's hash goes in first: two blocks with equal undo data differ. */
static void checksums_bind_the_previous_block(void **state)
{
    (void)state;
    struct buf undo = test_hex(UNDO_170);
    struct buf whole = buf_with_max(1024);
    struct hash256 prev = chain_params_get(CHAIN_MAIN)->genesis_hash;
    struct hash256 checksum;
    struct hash256 expected;
    buf_add(&whole, bytes_of(prev.b, 32));
    buf_add(&whole, buf_bytes(&undo));
    sha256d_of(&expected, buf_bytes(&whole));
    undo_checksum(&checksum, &prev, buf_bytes(&undo));
    assert_true(hash256_equal(&checksum, &expected));
    prev.b[0] ^= 1;
    undo_checksum(&checksum, &prev, buf_bytes(&undo));
    assert_false(hash256_equal(&checksum, &expected));
    buf_free(&whole);
    buf_free(&undo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_have_one_form),
        cmocka_unit_test(varints_that_overflow_or_end_early),
        cmocka_unit_test(amounts_have_the_known_forms),
        cmocka_unit_test(amounts_round_trip_both_ways),
        cmocka_unit_test(amounts_over_21_million),
        cmocka_unit_test(scripts_have_the_known_forms),
        cmocka_unit_test(scripts_that_stay_plain),
        cmocka_unit_test(damaged_scripts_are_refused),
        cmocka_unit_test(overlong_scripts_become_op_return),
        cmocka_unit_test(real_blocks_round_trip),
        cmocka_unit_test(the_undo_data_of_block_170),
        cmocka_unit_test(damaged_undo_data_is_refused),
        cmocka_unit_test(heights_and_dummies),
        cmocka_unit_test(checksums_bind_the_previous_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
