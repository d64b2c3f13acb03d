/* Proves: what psbt_parse says of a PSBT of either version is what its maker wrote, and a wrong
 * one is refused with the place and the rule: cut short anywhere, keys twice, counts that lie,
 * fields of the other version, funding transactions that are others, signatures where none may
 * be. The forms of the fields are psbt_map.c's; psbt_vectors_test.c holds the published PSBTs. */
#include "chain/chain_priv.h"
#include "psbtmaker.h"
#include "support.h"

#include <stdlib.h>

enum { TEST_MAX = 17 << 20 };

static const struct bytes nothing;
#define SCRIPT_A                                                                                   \
    bytes_of("\x00\x14"                                                                            \
             "aaaaaaaaaaaaaaaaaaaa",                                                               \
             22)
#define SCRIPT_B                                                                                   \
    bytes_of("\x00\x14"                                                                            \
             "bbbbbbbbbbbbbbbbbbbb",                                                               \
             22)

/* ---- a plan that tests change ---------------------------------------------------------------- */

/* Two inputs, the first proved by a made-up funding transaction, the second without a word; two
 * outputs. */
struct plan {
    struct maker_in ins[2];
    struct maker_out outs[2];
    struct maker maker;
    struct buf funding;
};

static void plan_init(struct plan *plan, uint32_t version)
{
    struct maker_out paid[] = {{.sat = 1000, .script = SCRIPT_B},
                               {.sat = 5000, .script = SCRIPT_A}};
    memset(plan, 0, sizeof *plan);
    plan->funding = buf_with_max(TEST_MAX);
    maker_funding(&plan->funding, &plan->ins[0].prevout.txid, 7, paid, countof(paid));
    plan->ins[0].prevout.vout = 1;
    plan->ins[0].funding = buf_bytes(&plan->funding);
    memset(plan->ins[1].prevout.txid.b, 0xee, 32);
    plan->outs[0] = (struct maker_out){.sat = 2000, .script = SCRIPT_B};
    plan->outs[1] = (struct maker_out){.sat = 2900, .script = SCRIPT_A};
    plan->maker = (struct maker){
        .version = version, .ins = plan->ins, .in_count = 2, .outs = plan->outs, .out_count = 2};
}

static void plan_free(struct plan *plan)
{
    buf_free(&plan->funding);
}

static struct buf plan_bytes(const struct plan *plan)
{
    struct buf raw = buf_with_max(TEST_MAX);
    maker_psbt(&raw, &plan->maker);
    assert_false(raw.bad);
    return raw;
}

static void bytes_refused(struct bytes raw, const char *part)
{
    struct arena arena = {0};
    struct psbt psbt = {.version = 77};
    struct err err = {0};
    /* In memory of its own, so that a read past the end is seen. */
    uint8_t *exact = mem_alloc(raw.size ? raw.size : 1);
    if (raw.size)
        memcpy(exact, raw.data, raw.size);
    int code = psbt_parse(&psbt, bytes_of(exact, raw.size), &arena, &err);
    test_refused(code, SANAD_REFUSED, &err, part);
    assert_int_equal(psbt.version, 77); /* outputs are written on success only */
    free(exact);
    arena_free(&arena);
}

static void plan_refused(const struct plan *plan, const char *part)
{
    struct buf raw = plan_bytes(plan);
    bytes_refused(buf_bytes(&raw), part);
    buf_free(&raw);
}

/* The plan with one more field in a map: 0 the global one, 1 and 2 inputs, 3 and 4 outputs. */
static struct buf with_field(const struct plan *plan, size_t map, uint64_t type,
                             struct bytes key_data, struct bytes value)
{
    uint32_t version = plan->maker.version;
    struct buf raw = buf_with_max(TEST_MAX);
    maker_magic(&raw);
    if (map == 0)
        maker_field(&raw, type, key_data, value);
    maker_global(&raw, &plan->maker);
    for (size_t i = 0; i < 4; i++) {
        if (i < 2)
            maker_in(&raw, version, &plan->ins[i]);
        else
            maker_out(&raw, version, &plan->outs[i - 2]);
        if (map == i + 1)
            maker_field(&raw, type, key_data, value);
        maker_end(&raw);
    }
    assert_false(raw.bad);
    return raw;
}

static void field_refused(uint32_t version, size_t map, uint64_t type, struct bytes key_data,
                          struct bytes value, const char *part)
{
    struct plan plan;
    plan_init(&plan, version);
    struct buf raw = with_field(&plan, map, type, key_data, value);
    bytes_refused(buf_bytes(&raw), part);
    buf_free(&raw);
    plan_free(&plan);
}

static void field_taken(uint32_t version, size_t map, uint64_t type, struct bytes key_data,
                        struct bytes value)
{
    struct arena arena = {0};
    struct plan plan;
    struct psbt psbt;
    struct err err = {0};
    plan_init(&plan, version);
    struct buf raw = with_field(&plan, map, type, key_data, value);
    test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, &err), &err);
    buf_free(&raw);
    plan_free(&plan);
    arena_free(&arena);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void check_read(uint32_t version)
{
    struct arena arena = {0};
    struct plan plan;
    struct psbt psbt;
    struct err err = {0};
    plan_init(&plan, version);
    struct buf raw = plan_bytes(&plan);
    test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(psbt.version, version);
    assert_int_equal(psbt.in_count, 2);
    assert_int_equal(psbt.out_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(&psbt.ins[i].prevout, &plan.ins[i].prevout, sizeof(struct outpoint));
        assert_int_equal(amount_minor(psbt.outs[i].value), plan.outs[i].sat);
        assert_true(bytes_equal(psbt.outs[i].script, plan.outs[i].script));
    }
    assert_int_equal(psbt.ins[0].utxo, PSBT_UTXO_PROVED);
    assert_int_equal(amount_minor(psbt.ins[0].value), 5000);
    assert_true(bytes_equal(psbt.ins[0].script, SCRIPT_A));
    assert_true(psbt.ins[0].script.data > raw.data &&
                psbt.ins[0].script.data < raw.data + raw.size); /* a view */
    assert_int_equal(psbt.ins[1].utxo, PSBT_UTXO_NONE);
    assert_false(amount_is_known(psbt.ins[1].value));
    assert_int_equal(psbt.ins[1].script.size, 0);
    buf_free(&raw);
    plan_free(&plan);
    arena_free(&arena);
}

static void test_read(void **state)
{
    (void)state;
    check_read(0);
    check_read(2);
}

/* A claim stays a claim, until the whole transaction stands beside it and says the same. */
static void check_claim(uint32_t version)
{
    struct arena arena = {0};
    struct plan plan;
    struct psbt psbt;
    struct err err = {0};
    plan_init(&plan, version);
    plan.ins[0].claimed = plan.ins[1].claimed = true;
    plan.ins[0].sat = 5000;
    plan.ins[0].script = SCRIPT_A;
    plan.ins[1].sat = 21;
    plan.ins[1].script = SCRIPT_B;
    struct buf raw = plan_bytes(&plan);
    test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(psbt.ins[0].utxo, PSBT_UTXO_PROVED);
    assert_int_equal(psbt.ins[1].utxo, PSBT_UTXO_CLAIMED);
    assert_int_equal(amount_minor(psbt.ins[1].value), 21);
    assert_true(bytes_equal(psbt.ins[1].script, SCRIPT_B));
    buf_free(&raw);
    plan.ins[0].sat = 5001;
    plan_refused(&plan, "PSBT: input 0: WITNESS_UTXO contradicts");
    plan.ins[0].sat = 5000;
    plan.ins[0].script = SCRIPT_B;
    plan_refused(&plan, "PSBT: input 0: WITNESS_UTXO contradicts");
    plan.ins[0].script = SCRIPT_A;
    plan.ins[1].sat = -1;
    plan_refused(&plan, "PSBT: input 1: WITNESS_UTXO: worth less than 0");
    plan.ins[1].sat = AMOUNT_MONEY_MAX_SAT + 1;
    plan_refused(&plan, "PSBT: input 1: WITNESS_UTXO: worth less than 0 or over");
    plan_free(&plan);
    arena_free(&arena);
}

static void test_claim(void **state)
{
    (void)state;
    check_claim(0);
    check_claim(2);
}

/* BIP174: keys may stand in any order; types that are not known pass. */
static void test_order_and_unknown(void **state)
{
    (void)state;
    for (uint32_t version = 0; version <= 2; version += 2)
        for (size_t map = 0; map < 5; map++) {
            field_taken(version, map, 0x7e, nothing, nothing);
            field_taken(version, map, 0x7e, SCRIPT_A, SCRIPT_B);
            field_taken(version, map, 0xfd00, SCRIPT_A, SCRIPT_B);
            field_taken(version, map, UINT64_MAX, nothing, SCRIPT_B);
            field_taken(version, map, 0xfc,
                        bytes_of("\x03"
                                 "own\x01rest",
                                 9),
                        SCRIPT_B);
            field_refused(version, map, 0xfc,
                          bytes_of("\x03"
                                   "ow",
                                   3),
                          SCRIPT_B, "PROPRIETARY: its key");
        }
    struct plan plan;
    plan_init(&plan, 0);
    struct buf raw = buf_with_max(TEST_MAX);
    maker_magic(&raw);
    maker_field_u32(&raw, PSBT_GLOBAL_VERSION, 0); /* before the transaction */
    maker_global(&raw, &plan.maker);
    for (int i = 0; i < 4; i++)
        maker_end(&raw);
    struct arena arena = {0};
    struct psbt psbt;
    struct err err = {0};
    test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(psbt.ins[0].utxo, PSBT_UTXO_NONE);
    buf_free(&raw);
    arena_free(&arena);
    plan_free(&plan);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void test_no_psbt(void **state)
{
    (void)state;
    bytes_refused(nothing, "magic");
    bytes_refused(bytes_of_text("psbt"), "magic");
    bytes_refused(bytes_of_text("psbu\xff"), "magic");
    bytes_refused(bytes_of_text("  \n "), "magic");
    bytes_refused(bytes_of_text("cHNidP8"), "magic"); /* not padded */
    bytes_refused(bytes_of_text("cHNid P8="), "magic");
    bytes_refused(bytes_of_text("cHNldP8B"), "magic"); /* Elements */
    bytes_refused(bytes_of_text("cHNidP8="), "PSBT: ends early");
    bytes_refused(bytes_of("psbt\xff", 5), "PSBT: ends early");
    bytes_refused(bytes_of("psbt\xff\0", 6), "version 0 without UNSIGNED_TX");
}

static void check_cut(uint32_t version)
{
    struct plan plan;
    plan_init(&plan, version);
    struct buf raw = plan_bytes(&plan);
    for (size_t size = 0; size < raw.size; size++)
        bytes_refused(bytes_of(raw.data, size), "PSBT: ");
    buf_u8(&raw, 0);
    bytes_refused(buf_bytes(&raw), "bytes behind the end");
    buf_free(&raw);
    plan_free(&plan);
}

static void test_cut(void **state)
{
    (void)state;
    check_cut(0);
    check_cut(2);
}

static void test_too_long(void **state)
{
    (void)state;
    struct plan plan;
    plan_init(&plan, 0);
    struct buf filler = buf_with_max(TEST_MAX);
    memset(buf_extend(&filler, PSBT_SIZE_MAX), 0, PSBT_SIZE_MAX);
    struct buf raw = with_field(&plan, 1, 0x7e, nothing, buf_bytes(&filler));
    bytes_refused(buf_bytes(&raw), "longer than 16777216 bytes");
    buf_free(&raw);
    buf_free(&filler);
    plan_free(&plan);
}

static void test_versions(void **state)
{
    struct plan plan;
    (void)state;
    plan_init(&plan, 2);
    plan.maker.version = 1;
    plan_refused(&plan, "PSBT: version 1: only 0 and 2 are known");
    plan.maker.version = 3;
    plan_refused(&plan, "PSBT: version 3: only 0 and 2 are known");
    plan_free(&plan);
    field_refused(0, 0, PSBT_GLOBAL_VERSION, nothing, bytes_of("\2\0\0\0", 4),
                  "UNSIGNED_TX is a field of version 0, not 2");
    field_refused(0, 0, PSBT_GLOBAL_VERSION, nothing, bytes_of("\0\0\0", 3), "VERSION: its value");
    field_refused(0, 0, PSBT_GLOBAL_VERSION, bytes_of("a", 1), nothing, "VERSION: its key");
    for (uint64_t type = 0x02; type <= 0x06; type++)
        field_refused(0, 0, type, nothing, bytes_of("\1\0\0\0", 4),
                      "is a field of version 2, not 0");
    for (uint64_t type = 0x0e; type <= 0x12; type++)
        field_refused(0, 1, type, nothing, bytes_of("\1\0\0\0", 4), "PSBT: input 0: ");
    field_refused(0, 4, PSBT_OUT_AMOUNT, nothing, bytes_of("\1\0\0\0\0\0\0\0", 8),
                  "PSBT: output 1: AMOUNT is a field of version 2, not 0");
    field_refused(0, 3, PSBT_OUT_SCRIPT, nothing, SCRIPT_A,
                  "PSBT: output 0: SCRIPT is a field of version 2, not 0");
    field_refused(2, 0, PSBT_GLOBAL_UNSIGNED_TX, nothing, SCRIPT_A,
                  "UNSIGNED_TX is a field of version 0, not 2");
}

/* A PSBT with the bytes of more fields at the beginning of a map, behind a field of type 0x7f. */
static struct buf with_more(const struct plan *plan, size_t map, struct bytes more)
{
    static const uint8_t mark[] = {1, 0x7f, 0}; /* that field: its key, no value */
    struct buf raw = with_field(plan, map, 0x7f, nothing, nothing);
    struct buf both = buf_with_max(TEST_MAX);
    size_t at = 0;
    while (memcmp(raw.data + at, mark, sizeof mark) != 0)
        at++;
    at += sizeof mark;
    buf_add(&both, bytes_of(raw.data, at));
    buf_add(&both, more);
    buf_add(&both, bytes_of(raw.data + at, raw.size - at));
    buf_free(&raw);
    return both;
}

/* Whatever the values, and not side by side. */
static void test_twice(void **state)
{
    struct buf more = buf_with_max(TEST_MAX);
    (void)state;
    maker_field(&more, 0x7e, SCRIPT_A, SCRIPT_A);
    maker_field(&more, 0x7e, SCRIPT_B, SCRIPT_A);
    maker_field(&more, 0x7e, SCRIPT_A, SCRIPT_B);
    for (uint32_t version = 0; version <= 2; version += 2)
        for (size_t map = 0; map < 5; map++) {
            struct plan plan;
            plan_init(&plan, version);
            struct buf raw = with_more(&plan, map, buf_bytes(&more));
            bytes_refused(buf_bytes(&raw), "the same key twice (unknown, type 0x7e)");
            buf_free(&raw);
            plan_free(&plan);
        }
    buf_free(&more);
    field_refused(2, 0, PSBT_GLOBAL_TX_VERSION, nothing, bytes_of("\2\0\0\0", 4),
                  "PSBT: the same key twice (TX_VERSION, type 0x02)");
    field_refused(2, 2, PSBT_IN_OUTPUT_INDEX, nothing, bytes_of("\2\0\0\0", 4),
                  "PSBT: input 1: the same key twice (OUTPUT_INDEX");
}

static void test_funding(void **state)
{
    (void)state;
    for (uint32_t version = 0; version <= 2; version += 2) {
        struct plan plan;
        plan_init(&plan, version);
        plan.ins[0].prevout.vout = 2;
        plan_refused(&plan, "PSBT: input 0: NON_WITNESS_UTXO has no output 2");
        plan.ins[0].prevout.vout = 1;
        plan.ins[0].prevout.txid.b[31] ^= 1;
        plan_refused(&plan, "PSBT: input 0: NON_WITNESS_UTXO is not the transaction");
        plan.ins[0].prevout.txid.b[31] ^= 1;
        plan.funding.data[5] ^= 1; /* its own input */
        plan_refused(&plan, "PSBT: input 0: NON_WITNESS_UTXO is not the transaction");
        plan.funding.data[5] ^= 1;
        plan.ins[0].funding.size--;
        plan_refused(&plan, "PSBT: input 0: NON_WITNESS_UTXO: transaction: ends early");
        plan.ins[0].funding.size++;
        buf_u8(&plan.funding, 0);
        plan.ins[0].funding = buf_bytes(&plan.funding);
        plan_refused(&plan, "PSBT: input 0: NON_WITNESS_UTXO: bytes follow the transaction");
        plan_free(&plan);
    }
    field_refused(0, 2, PSBT_IN_WITNESS_UTXO, nothing, SCRIPT_A,
                  "input 1: WITNESS_UTXO: its value");
    field_refused(2, 2, PSBT_IN_NON_WITNESS_UTXO, nothing, nothing,
                  "input 1: NON_WITNESS_UTXO: transaction: ends early");
}

static void test_spends(void **state)
{
    (void)state;
    for (uint32_t version = 0; version <= 2; version += 2) {
        struct plan plan;
        plan_init(&plan, version);
        plan.ins[1].prevout = plan.ins[0].prevout;
        plan_refused(&plan, "PSBT: input 1: spends what input 0 spends");
        plan.ins[1].prevout.vout++;
        struct buf raw = plan_bytes(&plan); /* another output of the same is another coin */
        struct arena arena = {0};
        struct psbt psbt;
        struct err err = {0};
        test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, &err), &err);
        buf_free(&raw);
        arena_free(&arena);
        memset(&plan.ins[1].prevout, 0, sizeof plan.ins[1].prevout);
        plan.ins[1].prevout.vout = UINT32_MAX;
        plan_refused(&plan, "PSBT: input 1: spends nothing");
        plan.ins[1].prevout.vout = 0; /* no coinbase has this one, so it is an outpoint */
        raw = plan_bytes(&plan);
        test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, &err), &err);
        buf_free(&raw);
        arena_free(&arena);
        plan_free(&plan);
    }
}

static void test_values(void **state)
{
    (void)state;
    for (uint32_t version = 0; version <= 2; version += 2) {
        struct plan plan;
        plan_init(&plan, version);
        plan.outs[1].sat = -1;
        plan_refused(&plan, "less than 0 or over 21 million BTC");
        plan.outs[1].sat = AMOUNT_MONEY_MAX_SAT + 1;
        plan_refused(&plan, "less than 0 or over 21 million BTC");
        plan.outs[1].sat = AMOUNT_MONEY_MAX_SAT;
        plan_refused(&plan, "outputs are worth over 21 million BTC together");
        plan_free(&plan);
    }
}

static void test_empty(void **state)
{
    struct plan plan;
    (void)state;
    plan_init(&plan, 2);
    plan.maker.in_count = 0;
    plan_refused(&plan, "PSBT: no inputs");
    plan.maker.in_count = 2;
    plan.maker.out_count = 0;
    plan_refused(&plan, "PSBT: no outputs");
    plan.maker.version = 0;
    plan_refused(&plan, "UNSIGNED_TX: transaction: no outputs");
    plan.maker.out_count = 2;
    plan.maker.in_count = 0;
    plan_refused(&plan, "UNSIGNED_TX has no inputs, or is in the form with witnesses");
    plan_free(&plan);
}

/* A version 0 PSBT of one input and one output around any "unsigned" transaction. */
static void unsigned_refused(const char *hex, const char *part)
{
    struct buf tx = test_hex(hex);
    struct buf raw = buf_with_max(TEST_MAX);
    maker_magic(&raw);
    maker_field(&raw, PSBT_GLOBAL_UNSIGNED_TX, nothing, buf_bytes(&tx));
    for (int map = 0; map < 3; map++)
        maker_end(&raw);
    bytes_refused(buf_bytes(&raw), part);
    buf_free(&raw);
    buf_free(&tx);
}

#define TXID_HEX "1111111111111111111111111111111111111111111111111111111111111111"

static void test_unsigned(void **state)
{
    (void)state;
    unsigned_refused("0200000001" TXID_HEX "00000000"
                     "0151"
                     "ffffffff"
                     "01e80300000000000001"
                     "51"
                     "00000000",
                     "UNSIGNED_TX: input 0 has a script: it is signed");
    unsigned_refused("02000000"
                     "0001"
                     "01" TXID_HEX "00000000"
                     "00"
                     "ffffffff"
                     "01e8030000000000000151"
                     "0101aa"
                     "00000000",
                     "UNSIGNED_TX has no inputs, or is in the form with witnesses");
    unsigned_refused("0200000001" TXID_HEX "00000000"
                     "00"
                     "ffffffff"
                     "01e8030000000000000151"
                     "00000000"
                     "00",
                     "UNSIGNED_TX: bytes follow the transaction");
    unsigned_refused("0200000001" TXID_HEX "00000000"
                     "00"
                     "ffffffff"
                     "01e8030000000000000151"
                     "000000",
                     "UNSIGNED_TX: transaction: ends early");
}

/* The counts of version 2, up to 2^64 - 1: refused before anything is allocated for them. */
static void test_counts(void **state)
{
    static const char *const lies[] = {"03", "fd0001", "feffffff7f", "ffffffffffffffffff"};
    static const char *const bad[] = {"", "0200", "fd0200", "fd02"};
    (void)state;
    for (int which = 0; which < 2; which++)
        for (size_t i = 0; i < countof(lies) + countof(bad); i++) {
            bool lie = i < countof(lies);
            struct buf value = test_hex(lie ? lies[i] : bad[i - countof(lies)]);
            struct buf raw = buf_with_max(TEST_MAX);
            maker_magic(&raw);
            maker_field_u32(&raw, PSBT_GLOBAL_TX_VERSION, 2);
            maker_field_u32(&raw, PSBT_GLOBAL_VERSION, 2);
            maker_field(&raw, PSBT_GLOBAL_INPUT_COUNT + (uint64_t)which, nothing,
                        buf_bytes(&value));
            maker_field(&raw, PSBT_GLOBAL_INPUT_COUNT + (uint64_t)!which, nothing,
                        bytes_of("\0", 1));
            maker_end(&raw);
            bytes_refused(buf_bytes(&raw), !lie         ? "COUNT: its value is not"
                                           : which == 0 ? "more inputs than there is room for"
                                                        : "more outputs than there is room for");
            buf_free(&raw);
            buf_free(&value);
        }
}

/* The smallest inputs and outputs there can be: the room that is asked for is not too much. */
static void test_smallest(void **state)
{
    enum { MANY = 100 };
    static struct maker_in ins[MANY];
    static struct maker_out outs[MANY];
    (void)state;
    for (uint32_t i = 0; i < MANY; i++)
        ins[i].prevout.vout = i;
    for (int more_outs = 0; more_outs < 2; more_outs++) {
        struct maker maker = {.version = 2,
                              .ins = ins,
                              .in_count = more_outs ? 1 : MANY,
                              .outs = outs,
                              .out_count = more_outs ? MANY : 1};
        struct arena arena = {0};
        struct buf raw = buf_with_max(TEST_MAX);
        struct psbt psbt;
        struct err err = {0};
        maker_psbt(&raw, &maker);
        test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, &err), &err);
        assert_int_equal(psbt.in_count, maker.in_count);
        assert_int_equal(psbt.out_count, maker.out_count);
        buf_free(&raw);
        arena_free(&arena);
    }
}

/* BIP174: the type in its shortest form. */
static void test_long_type(void **state)
{
    struct plan plan;
    struct buf raw = buf_with_max(TEST_MAX);
    (void)state;
    plan_init(&plan, 0);
    maker_magic(&raw);
    buf_add(&raw, bytes_of("\x03\xfd\x7e\x00\x00", 5));
    maker_global(&raw, &plan.maker);
    for (int map = 0; map < 4; map++)
        maker_end(&raw);
    bytes_refused(buf_bytes(&raw), "PSBT: ends early, or a length is impossible or not in its");
    buf_free(&raw);
    plan_free(&plan);
}

/* BIP32: a depth is one byte. */
static void test_long_path(void **state)
{
    static const uint8_t path[4 + 4 * 256];
    struct buf point =
        test_hex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    (void)state;
    field_taken(0, 1, 0x06, buf_bytes(&point), bytes_of(path, 4 + 4 * 255));
    field_refused(0, 1, 0x06, buf_bytes(&point), bytes_of(path, 4 + 4 * 256),
                  "BIP32_DERIVATION: its value");
    buf_free(&point);
}

/* So many fields in one map that the limit stops them. */
static void test_many_fields(void **state)
{
    struct plan plan;
    struct buf raw = buf_with_max(TEST_MAX);
    (void)state;
    plan_init(&plan, 0);
    maker_magic(&raw);
    for (uint32_t i = 0; i <= PSBT_FIELD_MAX; i++)
        maker_field(&raw, 0x7e, bytes_of(&i, sizeof i), nothing);
    maker_global(&raw, &plan.maker);
    bytes_refused(buf_bytes(&raw), "more than 65536 fields");
    buf_free(&raw);
    plan_free(&plan);
}

/* ---- forms of fields ------------------------------------------------------------------------- */

/* The generator of secp256k1 is a point; x = 5 is on no point (BIP340 vectors, "not on the
 * curve", show another such x). */
#define POINT_HEX "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define NO_POINT_HEX "020000000000000000000000000000000000000000000000000000000000000005"
#define HASH_HEX TXID_HEX

struct form {
    size_t map;
    uint64_t type;
    const char *key, *value;
    const char *part; /* of the refusal; NULL: taken */
};

static const struct form forms[] = {
    {1, 0x02, POINT_HEX, "3045", NULL},
    {1, 0x02, NO_POINT_HEX, "3045", "PARTIAL_SIG: its key"},
    {1, 0x02, "02", "3045", "PARTIAL_SIG: its key"},
    {1, 0x03, "", "01000000", NULL},
    {1, 0x03, "", "010000", "SIGHASH_TYPE: its value"},
    {1, 0x03, "00", "01000000", "SIGHASH_TYPE: its key"},
    {1, 0x04, "00", "51", "REDEEM_SCRIPT: its key"},
    {1, 0x06, POINT_HEX, "aabbccdd", NULL},
    {1, 0x06, POINT_HEX, "aabbccdd00000080", NULL},
    {1, 0x06, POINT_HEX, "", "BIP32_DERIVATION: its value"},
    {1, 0x06, POINT_HEX, "aabbccdd0000", "BIP32_DERIVATION: its value"},
    {1, 0x08, "", "0201aa00", NULL},
    {1, 0x08, "", "0201aa", "FINAL_SCRIPTWITNESS: its value"},
    {1, 0x08, "", "0201aa0000", "FINAL_SCRIPTWITNESS: its value"},
    {1, 0x08, "", "ffffffffffffffffff", "FINAL_SCRIPTWITNESS: its value"},
    {1, 0x0a, HASH_HEX, "", "RIPEMD160: its key"},
    {1, 0x0b, HASH_HEX, "", NULL},
    {1, 0x15, "", "51c0", "TAP_LEAF_SCRIPT: its key"},
    {1, 0x15, "c0" HASH_HEX, "c0", NULL},
    {1, 0x15, "c0" HASH_HEX, "", "TAP_LEAF_SCRIPT: its value"},
    {1, 0x15, "c0" HASH_HEX "11", "c0", "TAP_LEAF_SCRIPT: its key"},
    {1, 0x16, HASH_HEX, "00aabbccdd", NULL},
    {1, 0x16, HASH_HEX, "01" HASH_HEX "aabbccdd00000080", NULL},
    {1, 0x16, HASH_HEX, "01aabbccdd", "TAP_BIP32_DERIVATION: its value"},
    {1, 0x16, HASH_HEX, "ffffffffffffffffffaabbccdd", "TAP_BIP32_DERIVATION: its value"},
    {1, 0x16, HASH_HEX, "00aabbcc", "TAP_BIP32_DERIVATION: its value"},
    {1, 0x1a, POINT_HEX, POINT_HEX POINT_HEX, NULL},
    {1, 0x1a, POINT_HEX, POINT_HEX NO_POINT_HEX, "MUSIG2_PARTICIPANT_PUBKEYS: its value"},
    {1, 0x1b, POINT_HEX POINT_HEX, POINT_HEX POINT_HEX, NULL},
    {1, 0x1b, POINT_HEX POINT_HEX HASH_HEX, POINT_HEX POINT_HEX, NULL},
    {1, 0x1b, POINT_HEX, POINT_HEX POINT_HEX, "MUSIG2_PUB_NONCE: its key"},
    {1, 0x1b, POINT_HEX NO_POINT_HEX, POINT_HEX POINT_HEX, "MUSIG2_PUB_NONCE: its key"},
    {3, 0x06, "", "00c000", NULL},
    {3, 0x06, "",
     "01c00151"
     "02c000"
     "02c000",
     NULL},
    {3, 0x06, "", "", "TAP_TREE: its value"},
    {3, 0x06, "",
     "00c1"
     "00",
     "TAP_TREE: its value"},                        /* not even: no leaf version */
    {3, 0x06, "", "01c000", "TAP_TREE: its value"}, /* half a tree */
    {3, 0x06, "",
     "00c000"
     "00c000",
     "TAP_TREE: its value"}, /* two roots */
    {3, 0x06, "",
     "02c000"
     "01c000"
     "02c000",
     "TAP_TREE: its value"},                          /* no walk */
    {3, 0x06, "", "81c000", "TAP_TREE: its value"},   /* deeper than 128 */
    {3, 0x06, "", "00c00251", "TAP_TREE: its value"}, /* script cut short */
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(forms); i++) {
        struct buf key = test_hex(forms[i].key);
        struct buf value = test_hex(forms[i].value);
        for (uint32_t version = 0; version <= 2; version += 2)
            if (forms[i].part)
                field_refused(version, forms[i].map, forms[i].type, buf_bytes(&key),
                              buf_bytes(&value), forms[i].part);
            else
                field_taken(version, forms[i].map, forms[i].type, buf_bytes(&key),
                            buf_bytes(&value));
        buf_free(&key);
        buf_free(&value);
    }
}

/* BIP370: a time is at least 500,000,000 and a height below it and above 0. */
static void test_lock_times(void **state)
{
    static const struct {
        uint64_t type;
        uint32_t value;
        bool good;
    } cases[] = {{0x11, 500000000, true}, {0x11, UINT32_MAX, true}, {0x11, 499999999, false},
                 {0x12, 499999999, true}, {0x12, 1, true},          {0x12, 0, false},
                 {0x12, 500000000, false}};
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct bytes value = bytes_of(&cases[i].value, 4);
        if (cases[i].good)
            field_taken(2, 1, cases[i].type, nothing, value);
        else
            field_refused(2, 1, cases[i].type, nothing, value, "LOCKTIME: its value");
    }
}

/* The master key of BIP32's first vector: its path has no step. */
static void test_xpub(void **state)
{
    struct buf payload = buf_with_max(128);
    (void)state;
    assert_true(base58check_decode(&payload,
                                   "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29"
                                   "ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"));
    struct bytes key = buf_bytes(&payload);
    field_taken(0, 0, 0x01, key, bytes_of("abcd", 4));
    field_refused(0, 0, 0x01, key, bytes_of("abcdefgh", 8), "XPUB: its path is not as long");
    field_refused(0, 0, 0x01, bytes_of(key.data, 77), bytes_of("abcd", 4), "XPUB: its key");
    payload.data[4] = 1;
    field_taken(2, 0, 0x01, key, bytes_of("abcdefgh", 8));
    buf_free(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_claim),
        cmocka_unit_test(test_order_and_unknown),
        cmocka_unit_test(test_no_psbt),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_funding),
        cmocka_unit_test(test_spends),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_long_type),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_lock_times),
        cmocka_unit_test(test_xpub),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
