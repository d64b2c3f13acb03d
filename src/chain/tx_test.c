/* Proves: every transaction of Bitcoin Core's and btcd's vectors that consensus lets through
 * parses, and has the published ids, sizes, weights and output kinds; what no transaction may
 * be is refused: cut short anywhere, counts that lie up to 2^64, long forms of CompactSize,
 * marker and flag traps, values out of range. */
#include "chain/chain_priv.h"
#include "support.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_MAX = 8 << 20 };

/* One whole transaction, nothing behind it. */
static int parse_whole(struct tx *ret_tx, struct bytes raw, struct arena *arena, struct err *err)
{
    struct cursor cursor = cursor_of(raw);
    int code = tx_parse(ret_tx, &cursor, arena, err);
    if (code == 0 && !cursor_done(&cursor))
        return err_set(err, SANAD_REFUSED, "transaction: bytes follow");
    return code;
}

static int parse_hex(const char *hex, struct err *err)
{
    struct arena arena = {0};
    struct tx tx;
    struct buf raw = test_hex(hex);
    int code = parse_whole(&tx, buf_bytes(&raw), &arena, err);
    buf_free(&raw);
    arena_free(&arena);
    return code;
}

static void must_refuse(const char *hex, const char *part)
{
    struct err err = {0};
    test_refused(parse_hex(hex, &err), SANAD_REFUSED, &err, part);
}

static void must_parse(const char *hex)
{
    struct err err = {0};
    test_ok(parse_hex(hex, &err), &err);
}

/* The stripped form parses to the same transaction, has the same id, and no witness. */
static void check_stripped(const struct tx *tx, struct arena *arena)
{
    struct buf stripped = buf_with_max(BLOCK_SIZE_MAX);
    struct tx again;
    struct hash256 id;
    struct hash256 same;
    struct err err = {0};
    tx_write_stripped(&stripped, tx);
    assert_int_equal(stripped.size, tx_stripped_size(tx));
    test_ok(parse_whole(&again, buf_bytes(&stripped), arena, &err), &err);
    assert_false(again.has_witness);
    assert_int_equal(again.in_count, tx->in_count);
    assert_int_equal(again.out_count, tx->out_count);
    assert_int_equal(again.lock_time, tx->lock_time);
    tx_txid(&id, tx);
    tx_wtxid(&same, &again);
    assert_true(hash256_equal(&id, &same));
    buf_free(&stripped);
}

/* ---- Bitcoin Core's vectors ------------------------------------------------------------------ */

static json_t *read_json(const char *name)
{
    char path[PATH_SIZE];
    json_t *json;
    struct err err = {0};
    test_ok(json_read_file(&json, test_data_path(path, name), FILE_MAX, &err), &err);
    return json;
}

static void check_all_parse(const char *name, size_t column, size_t expected)
{
    json_t *json = read_json(name);
    size_t count = 0;
    size_t index;
    json_t *entry;
    json_array_foreach (json, index, entry) {
        if (json_array_size(entry) == 1) /* a remark */
            continue;
        struct arena arena = {0};
        struct tx tx;
        struct err err = {0};
        struct buf raw = test_hex(json_string_value(json_array_get(entry, column)));
        test_ok(parse_whole(&tx, buf_bytes(&raw), &arena, &err), &err);
        check_stripped(&tx, &arena);
        buf_free(&raw);
        arena_free(&arena);
        count++;
    }
    assert_int_equal(count, expected);
    json_decref(json);
}

static void sighash_transactions_parse(void **state)
{
    (void)state;
    check_all_parse("vectors/core/src/test/data/sighash.json", 0, 500);
}

static void valid_transactions_parse(void **state)
{
    (void)state;
    check_all_parse("vectors/core/src/test/data/tx_valid.json", 1, 121);
}

/* Of the 93 invalid ones, 84 break a rule of scripts or lock times: they parse. Of the 9 that
 * CheckTransaction refuses, 4 have outputs that no transaction may have. The other 5 depend
 * on the block around them (block_test.c: coinbase script, null prevouts) or spend one
 * outpoint twice, which is a double spend and left to the most-work chain. */
static void invalid_transactions_are_refused_where_parsing_decides(void **state)
{
    (void)state;
    static const char *const reasons[] = {"no outputs", "less than 0", "over 21 million",
                                          "together"};
    json_t *json = read_json("vectors/core/src/test/data/tx_invalid.json");
    size_t refused = 0;
    size_t parsed = 0;
    size_t index;
    json_t *entry;
    json_array_foreach (json, index, entry) {
        struct err err = {0};
        if (json_array_size(entry) == 1)
            continue;
        if (parse_hex(json_string_value(json_array_get(entry, 1)), &err) == 0) {
            parsed++;
            continue;
        }
        assert_string_equal(json_string_value(json_array_get(entry, 2)), "BADTX");
        assert_true(refused < countof(reasons));
        assert_non_null(strstr(err.text, reasons[refused++]));
    }
    assert_int_equal(refused, 4);
    assert_int_equal(parsed, 89);
    json_decref(json);
}

static const char *core_name(enum script_kind kind)
{
    static const char *const names[] = {
        [SCRIPT_NONSTANDARD] = "nonstandard",   [SCRIPT_P2PK] = "pubkey",
        [SCRIPT_P2PKH] = "pubkeyhash",          [SCRIPT_P2SH] = "scripthash",
        [SCRIPT_P2WPKH] = "witness_v0_keyhash", [SCRIPT_P2WSH] = "witness_v0_scripthash",
        [SCRIPT_P2TR] = "witness_v1_taproot",   [SCRIPT_P2A] = "anchor",
        [SCRIPT_MULTISIG] = "multisig",         [SCRIPT_WITNESS_UNKNOWN] = "witness_unknown",
        [SCRIPT_OP_RETURN] = "nulldata",
    };
    return names[kind];
}

static void check_decoded(const struct tx *tx, const json_t *json)
{
    char text[HEX256_SIZE];
    struct hash256 hash;
    size_t index;
    json_t *out;
    tx_txid(&hash, tx);
    hash256_display(text, &hash);
    assert_string_equal(text, json_string_value(json_object_get(json, "txid")));
    tx_wtxid(&hash, tx);
    hash256_display(text, &hash);
    assert_string_equal(text, json_string_value(json_object_get(json, "hash")));
    assert_int_equal(tx->version, json_integer_value(json_object_get(json, "version")));
    assert_int_equal(tx->lock_time, json_integer_value(json_object_get(json, "locktime")));
    assert_int_equal(tx->raw.size, json_integer_value(json_object_get(json, "size")));
    assert_int_equal(3 * tx_stripped_size(tx) + tx->raw.size,
                     json_integer_value(json_object_get(json, "weight")));
    assert_int_equal(tx->in_count, json_array_size(json_object_get(json, "vin")));
    assert_int_equal(tx->out_count, json_array_size(json_object_get(json, "vout")));
    json_array_foreach (json_object_get(json, "vout"), index, out) {
        const json_t *script = json_object_get(out, "scriptPubKey");
        assert_string_equal(core_name(script_kind_of(tx->outs[index].script)),
                            json_string_value(json_object_get(script, "type")));
    }
}

/* What bitcoin-tx decoded. Those without inputs are no transactions yet: refused, whether
 * their first bytes look like a witness marker or not. */
static void decoded_transactions_agree(void **state)
{
    (void)state;
    static const char *const names[] = {
        "tt-delin1-out",      "tt-delout1-out",     "tt-locktime317000-out",
        "txcreate1",          "txcreatedata1",      "txcreatedata2",
        "txcreatedata_seq0",  "txcreatedata_seq1",  "txcreatesignv1",
        "blanktxv1",          "blanktxv2",          "txcreate2",
        "txcreatemultisig1",  "txcreatemultisig2",  "txcreatemultisig3",
        "txcreatemultisig4",  "txcreatemultisig5",  "txcreateoutpubkey1",
        "txcreateoutpubkey2", "txcreateoutpubkey3", "txcreatescript1",
        "txcreatescript2",    "txcreatescript3",    "txcreatescript4",
    };
    for (size_t i = 0; i < countof(names); i++) {
        char name[128];
        struct arena arena = {0};
        struct tx tx;
        struct err err = {0};
        (void)snprintf(name, sizeof name, "vectors/core/test/functional/data/util/%s.json",
                       names[i]);
        json_t *json = read_json(name);
        struct buf raw = test_hex(json_string_value(json_object_get(json, "hex")));
        int code = parse_whole(&tx, buf_bytes(&raw), &arena, &err);
        if (json_array_size(json_object_get(json, "vin")) == 0) {
            test_refused(code, SANAD_REFUSED, &err, "transaction:");
        } else {
            test_ok(code, &err);
            check_decoded(&tx, json);
        }
        buf_free(&raw);
        json_decref(json);
        arena_free(&arena);
    }
}

/* Those of which bitcoin-tx wrote the bytes alone; some are not complete yet. */
static void written_transactions_parse(void **state)
{
    (void)state;
    static const char *const names[] = {
        "tx394b54bb",      "txcreatesignsegwit1", "txcreatesignv2",
        "txcreatescript5", "txcreatescript6",     "txreplacenoinputs",    /* no inputs */
        "txreplace1",      "txreplaceomittedn",   "txreplacesingleinput", /* no outputs */
    };
    for (size_t i = 0; i < countof(names); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "vectors/core/test/functional/data/util/%s.hex",
                       names[i]);
        struct buf file = test_data(name);
        size_t size = strcspn(buf_cstr(&file), "\r\n");
        file.data[size] = 0;
        if (i < 3)
            must_parse((const char *)file.data);
        else
            must_refuse((const char *)file.data, i < 6 ? "no inputs" : "no outputs");
        buf_free(&file);
    }
}

/* Core's decodescript answers: kinds of scripts that no transaction above has. One thing we
 * see otherwise on purpose: whatever begins with OP_RETURN is data to us, not only pushes. */
static void decoded_scripts_agree(void **state)
{
    (void)state;
    json_t *json = read_json("vectors/core/test/functional/data/rpc_decodescript.json");
    size_t index;
    json_t *entry;
    json_array_foreach (json, index, entry) {
        struct buf script = test_hex(json_string_value(json_array_get(entry, 0)));
        const char *type = json_string_value(json_object_get(json_array_get(entry, 1), "type"));
        enum script_kind kind = script_kind_of(buf_bytes(&script));
        if (kind == SCRIPT_OP_RETURN && !strcmp(type, "nonstandard"))
            assert_int_equal(script.data[0], 0x6a);
        else
            assert_string_equal(core_name(kind), type);
        buf_free(&script);
    }
    assert_true(index > 0);
    json_decref(json);
}

/* ---- big ones ------------------------------------------------------------------------------ */

/* many_inputs_tx.hex is no transaction of Bitcoin but one of Decred, whose outputs have a
 * script version and whose witnesses stand apart: it must not slip through. */
static void a_transaction_of_another_chain(void **state)
{
    (void)state;
    struct buf hex = test_data("vectors/btcd/many_inputs_tx.hex");
    size_t size = strcspn(buf_cstr(&hex), "\r\n");
    struct buf raw = buf_with_max(FILE_MAX);
    struct arena arena = {0};
    struct tx tx;
    struct err err = {0};
    assert_true(hex_decode(buf_extend(&raw, size / 2), size / 2, buf_cstr(&hex), size));
    int code = parse_whole(&tx, buf_bytes(&raw), &arena, &err);
    test_refused(code, SANAD_REFUSED, &err, "output 1 is worth less than 0");
    arena_free(&arena);
    buf_free(&raw);
    buf_free(&hex);
}

/* What `bunzip2 -c path` writes; false where there is no such program. */
static bool bunzip2(struct buf *buf, const char *path)
{
    int ends[2];
    pid_t child;
    int status;
    char name[] = "bunzip2";
    char option[] = "-c";
    char *const arguments[] = {name, option, mem_strdup(path), NULL};
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], 1), 0);
    bool started = posix_spawnp(&child, name, &actions, NULL, arguments, environ) == 0;
    (void)close(ends[1]); /* the child has its own */
    uint8_t block[4096];
    ssize_t got;
    while (started && (got = read(ends[0], block, sizeof block)) > 0)
        buf_add(buf, bytes_of(block, (size_t)got));
    (void)close(ends[0]); /* read to its end */
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    free(arguments[2]);
    return started && waitpid(child, &status, 0) == child && status == 0;
}

/* The transaction of nearly a megabyte in block 364,292. */
static void the_megabyte_transaction(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    struct buf raw = buf_with_max(FILE_MAX);
    struct arena arena = {0};
    struct tx tx;
    struct err err = {0};
    struct hash256 id;
    char text[HEX256_SIZE];
    if (!bunzip2(&raw, test_data_path(path, "vectors/btcd/megatx.bin.bz2"))) {
        buf_free(&raw);
        print_message("[  SKIPPED ] needs bunzip2\n");
        skip();
    }
    test_ok(parse_whole(&tx, buf_bytes(&raw), &arena, &err), &err);
    tx_txid(&id, &tx);
    hash256_display(text, &id);
    assert_string_equal(text, "bb41a757f405890fb0f5856228e23b715702d714d59bf2b1feb70d8b2b4e3e08");
    assert_int_equal(tx.in_count, 5569);
    arena_free(&arena);
    buf_free(&raw);
}

/* ---- traps ----------------------------------------------------------------------------------- */

#define VERSION "01000000"
#define MARKER "0001"
#define PREVOUT                                                                                    \
    "1111111111111111111111111111111111111111111111111111111111111111"                             \
    "00000000"
#define IN                                                                                         \
    PREVOUT "00"                                                                                   \
            "ffffffff"
#define OUT                                                                                        \
    "0100000000000000"                                                                             \
    "0151"
#define ONE_IN "01" IN
#define ONE_OUT "01" OUT
#define LOCK "00000000"

static void the_smallest_transactions(void **state)
{
    (void)state;
    must_parse(VERSION ONE_IN ONE_OUT LOCK);
    must_parse(VERSION MARKER ONE_IN ONE_OUT "010151" LOCK);
    must_parse(VERSION MARKER ONE_IN ONE_OUT "0100" LOCK); /* one item, which is empty */
    must_parse(VERSION MARKER "02" IN IN ONE_OUT "00"
                              "0100" LOCK);
}

static void marker_traps(void **state)
{
    (void)state;
    must_refuse(VERSION "0000" LOCK, "no inputs");
    must_refuse(VERSION "00" ONE_OUT LOCK, "transaction:"); /* zero inputs, one output */
    must_refuse(VERSION MARKER "00" ONE_OUT LOCK, "no inputs");
    must_refuse(VERSION "0002" ONE_IN ONE_OUT "010151" LOCK, "flag is 2");
    must_refuse(VERSION "00ff" ONE_IN ONE_OUT "010151" LOCK, "flag is 255");
    must_refuse(VERSION MARKER ONE_IN ONE_OUT "00" LOCK, "every stack is empty");
    must_refuse(VERSION MARKER "02" IN IN ONE_OUT "0000" LOCK, "every stack is empty");
    must_refuse(VERSION MARKER ONE_IN ONE_OUT LOCK, "ends early");
    must_refuse(VERSION MARKER MARKER ONE_IN ONE_OUT "010151" LOCK, "transaction:");
    must_refuse(VERSION ONE_IN ONE_OUT "010151" LOCK, "bytes follow"); /* witness unmarked */
    must_refuse(VERSION "00", "transaction:");
    must_refuse(VERSION, "transaction:");
    must_refuse("", "transaction:");
}

static void no_outputs(void **state)
{
    (void)state;
    must_refuse(VERSION ONE_IN "00" LOCK, "no outputs");
    must_refuse(VERSION MARKER ONE_IN "00"
                                      "010151" LOCK,
                "no outputs");
}

static void long_forms_of_counts(void **state)
{
    (void)state;
    must_refuse(VERSION "fd0100" IN ONE_OUT LOCK, "shortest form");
    must_refuse(VERSION "fe01000000" IN ONE_OUT LOCK, "shortest form");
    must_refuse(VERSION "ff0100000000000000" IN ONE_OUT LOCK, "shortest form");
    must_refuse(VERSION ONE_IN "fd0100" OUT LOCK, "shortest form");
    must_refuse(VERSION "01" PREVOUT "fd0000"
                        "ffffffff" ONE_OUT LOCK,
                "shortest form");
    must_refuse(VERSION ONE_IN "01"
                               "0100000000000000"
                               "fd010051" LOCK,
                "shortest form");
    must_refuse(VERSION MARKER ONE_IN ONE_OUT "fd01000151" LOCK, "shortest form");
    must_refuse(VERSION MARKER ONE_IN ONE_OUT "01fd010051" LOCK, "shortest form");
}

/* Nothing is allocated for them: under AddressSanitizer 2^64 inputs would be noticed. */
static void counts_that_lie(void **state)
{
    (void)state;
    static const char *const lies[] = {
        "02",
        "fc",
        "fd3075",
        "fdffff",
        "fe07b20100",
        "fe08b20100",
        "feffffffff",
        "ff0000000001000000",
        "ffffffffffffffff7f",
        "ff0000000000000080",
        "ffffffffffffffffff",
    };
    for (size_t i = 0; i < countof(lies); i++) {
        char hex[512];
        (void)snprintf(hex, sizeof hex, VERSION "%s" IN ONE_OUT LOCK, lies[i]);
        must_refuse(hex, "transaction:");
        (void)snprintf(hex, sizeof hex, VERSION ONE_IN "%s" OUT LOCK, lies[i]);
        must_refuse(hex, "transaction:");
        (void)snprintf(hex, sizeof hex,
                       VERSION "01" PREVOUT "%s"
                               "ffffffff" ONE_OUT LOCK,
                       lies[i]);
        must_refuse(hex, "transaction:");
        (void)snprintf(hex, sizeof hex,
                       VERSION ONE_IN "01"
                                      "0100000000000000"
                                      "%s51" LOCK,
                       lies[i]);
        must_refuse(hex, "transaction:");
        (void)snprintf(hex, sizeof hex, VERSION MARKER ONE_IN ONE_OUT "%s0151" LOCK, lies[i]);
        must_refuse(hex, "transaction:");
        (void)snprintf(hex, sizeof hex, VERSION MARKER ONE_IN ONE_OUT "01%s51" LOCK, lies[i]);
        must_refuse(hex, "transaction:");
    }
}

/* A block's weight leaves room for 111,110 outputs of 9 bytes, and somebody will make them. */
static void as_many_outputs_as_a_block_holds(void **state)
{
    (void)state;
    for (uint32_t count = 111110; count <= 111112; count++) {
        struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
        struct buf head = test_hex(VERSION ONE_IN);
        struct arena arena = {0};
        struct tx tx;
        struct err err = {0};
        buf_add(&raw, buf_bytes(&head));
        buf_compact(&raw, count);
        memset(buf_extend(&raw, (size_t)count * 9 + 4), 0, (size_t)count * 9 + 4);
        int code = parse_whole(&tx, buf_bytes(&raw), &arena, &err);
        if (count <= TX_ITEM_MAX)
            test_ok(code, &err);
        else
            test_refused(code, SANAD_REFUSED, &err, "impossible");
        arena_free(&arena);
        buf_free(&head);
        buf_free(&raw);
    }
}

/* 0x775f05a074000 is 21 million BTC in satoshi. */
static void values_at_their_borders(void **state)
{
    (void)state;
    must_parse(VERSION ONE_IN "01"
                              "0040075af0750700"
                              "00" LOCK);
    must_parse(VERSION ONE_IN "01"
                              "0000000000000000"
                              "00" LOCK);
    must_refuse(VERSION ONE_IN "01"
                               "0140075af0750700"
                               "00" LOCK,
                "over 21 million");
    must_refuse(VERSION ONE_IN "01"
                               "ffffffffffffffff"
                               "00" LOCK,
                "less than 0");
    must_refuse(VERSION ONE_IN "01"
                               "0000000000000080"
                               "00" LOCK,
                "less than 0");
    must_refuse(VERSION ONE_IN "01"
                               "ffffffffffffff7f"
                               "00" LOCK,
                "over 21 million");
    must_parse(VERSION ONE_IN "02"
                              "0040075af0750700"
                              "00"
                              "0000000000000000"
                              "00" LOCK);
    must_refuse(VERSION ONE_IN "02"
                               "0040075af0750700"
                               "00"
                               "0100000000000000"
                               "00" LOCK,
                "together");
}

/* Cut at every byte, as exact copies, so that a read past the end is seen. */
static void every_cut_is_refused(void **state)
{
    (void)state;
    struct buf raw = test_hex(VERSION MARKER "02" IN IN "02" OUT OUT "0101ff"
                                             "02015100" LOCK);
    struct tx tx = {.version = 77};
    struct arena arena = {0};
    struct err err = {0};
    for (size_t size = 0; size < raw.size; size++) {
        uint8_t *exact = mem_alloc(size + 1);
        memcpy(exact + 1, raw.data, size);
        int code = parse_whole(&tx, bytes_of(exact + 1, size), &arena, &err);
        test_refused(code, SANAD_REFUSED, &err, "transaction:");
        assert_int_equal(tx.version, 77); /* nothing is written on failure */
        free(exact);
    }
    arena_free(&arena);
    buf_free(&raw);
}

static void fields_are_read_where_they_stand(void **state)
{
    (void)state;
    struct buf raw = test_hex("02000080" MARKER "02" IN PREVOUT "0251ff"
                              "feffffff"
                              "01" OUT "00"
                              "02"
                              "0151"
                              "00"
                              "21436587");
    struct tx tx;
    struct arena arena = {0};
    struct err err = {0};
    test_ok(parse_whole(&tx, buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(tx.version, (int32_t)0x80000002);
    assert_int_equal(tx.lock_time, 0x87654321);
    assert_true(tx.has_witness);
    assert_int_equal(tx.ins[0].witness_count, 0);
    assert_int_equal(tx.ins[0].witness.size, 0);
    assert_int_equal(tx.ins[1].witness_count, 2);
    assert_int_equal(tx.ins[1].witness.size, 4);
    assert_int_equal(tx.ins[1].script_sig.size, 2);
    assert_int_equal(tx.ins[1].sequence, 0xfffffffe);
    assert_int_equal(amount_minor(tx.outs[0].value), 1);
    assert_int_equal(tx.outs[0].script.size, 1);
    assert_false(tx_is_coinbase(&tx));
    check_stripped(&tx, &arena);
    arena_free(&arena);
    buf_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sighash_transactions_parse),
        cmocka_unit_test(valid_transactions_parse),
        cmocka_unit_test(invalid_transactions_are_refused_where_parsing_decides),
        cmocka_unit_test(decoded_transactions_agree),
        cmocka_unit_test(written_transactions_parse),
        cmocka_unit_test(decoded_scripts_agree),
        cmocka_unit_test(a_transaction_of_another_chain),
        cmocka_unit_test(the_megabyte_transaction),
        cmocka_unit_test(the_smallest_transactions),
        cmocka_unit_test(marker_traps),
        cmocka_unit_test(no_outputs),
        cmocka_unit_test(long_forms_of_counts),
        cmocka_unit_test(counts_that_lie),
        cmocka_unit_test(as_many_outputs_as_a_block_holds),
        cmocka_unit_test(values_at_their_borders),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(fields_are_read_where_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
