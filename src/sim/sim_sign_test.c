/* Proves that every signature of the simulated chain is one: with digests written apart from
 * those of sim_sign.c, over parsed blocks, for every hash type. Core's sighash.json proves the
 * legacy digest, the example of BIP143 the one for witness version 0, the wallet vectors of
 * BIP341 the one for Taproot and our tweak of a secret. */
#include "sim/sim_priv.h"
#include "support.h"

enum { ALL = 1, NONE = 2, SINGLE = 3, ANYONECANPAY = 0x80, KIND_MASK = 0x1f };

/* The outputs that a transaction's inputs spend. */
struct prevout {
    struct amount value;
    struct bytes script;
};

/* ---- digests --------------------------------------------------------------------------------- */

static void add_outpoint(struct buf *buf, const struct tx_in *in)
{
    buf_add(buf, bytes_of(in->prevout.txid.b, 32));
    buf_le32(buf, in->prevout.vout);
}

static void add_out(struct buf *buf, const struct tx_out *out)
{
    buf_le64(buf, (uint64_t)amount_minor(out->value));
    buf_compact(buf, out->script.size);
    buf_add(buf, out->script);
}

/* How many bytes the operation at `at` has with what it pushes. */
static size_t operation_size(struct bytes script, size_t at)
{
    uint8_t op = script.data[at];
    size_t left = script.size - at;
    if (op < 0x4c)
        return 1 + (size_t)op;
    if (op == 0x4c && left > 1)
        return 2 + (size_t)script.data[at + 1];
    if (op == 0x4d && left > 2)
        return 3 + (size_t)load_le16(script.data + at + 1);
    if (op == 0x4e && left > 4)
        return 5 + (size_t)load_le32(script.data + at + 1);
    return op <= 0x4e ? left : 1;
}

static void add_without_separators(struct buf *buf, struct bytes script)
{
    struct buf kept = buf_with_max(SCRIPT_SIZE_MAX * 2);
    for (size_t at = 0; at < script.size;) {
        size_t size = operation_size(script, at);
        size = size > script.size - at ? script.size - at : size;
        if (script.data[at] != 0xab) /* OP_CODESEPARATOR */
            buf_add(&kept, bytes_of(script.data + at, size));
        at += size;
    }
    buf_compact(buf, kept.size);
    buf_add(buf, buf_bytes(&kept));
    buf_free(&kept);
}

static void legacy_ins(struct buf *buf, const struct tx *tx, size_t input, struct bytes code,
                       int32_t type)
{
    bool one = type & ANYONECANPAY;
    int kind = type & KIND_MASK;
    buf_compact(buf, one ? 1 : tx->in_count);
    for (size_t i = one ? input : 0; i < (one ? input + 1 : tx->in_count); i++) {
        add_outpoint(buf, &tx->ins[i]);
        if (i == input)
            add_without_separators(buf, code);
        else
            buf_compact(buf, 0);
        bool blank = i != input && (kind == NONE || kind == SINGLE);
        buf_le32(buf, blank ? 0 : tx->ins[i].sequence);
    }
}

static void legacy_outs(struct buf *buf, const struct tx *tx, size_t input, int kind)
{
    size_t count = kind == NONE ? 0 : kind == SINGLE ? input + 1 : tx->out_count;
    buf_compact(buf, count);
    for (size_t i = 0; i < count; i++)
        if (kind == SINGLE && i < input) {
            buf_le64(buf, UINT64_MAX);
            buf_compact(buf, 0);
        } else
            add_out(buf, &tx->outs[i]);
}

static void legacy_digest(struct hash256 *ret, const struct tx *tx, size_t input, struct bytes code,
                          int32_t type)
{
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    if ((type & KIND_MASK) == SINGLE && input >= tx->out_count) {
        *ret = (struct hash256){{1}}; /* the old bug that consensus keeps */
        return;
    }
    buf_le32(&buf, (uint32_t)tx->version);
    legacy_ins(&buf, tx, input, code, type);
    legacy_outs(&buf, tx, input, type & KIND_MASK);
    buf_le32(&buf, tx->lock_time);
    buf_le32(&buf, (uint32_t)type);
    sha256d_of(ret, buf_bytes(&buf));
    buf_free(&buf);
}

/* The serialised parts that BIP143 and BIP341 hash, each by its own hash. */
enum part { PART_PREVOUTS, PART_SEQUENCES, PART_OUTS, PART_VALUES, PART_SCRIPTS };
static struct buf part_of(const struct tx *tx, const struct prevout *prevouts, enum part part)
{
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    for (size_t i = 0; part == PART_OUTS && i < tx->out_count; i++)
        add_out(&buf, &tx->outs[i]);
    for (size_t i = 0; part != PART_OUTS && i < tx->in_count; i++)
        if (part == PART_PREVOUTS)
            add_outpoint(&buf, &tx->ins[i]);
        else if (part == PART_SEQUENCES)
            buf_le32(&buf, tx->ins[i].sequence);
        else if (part == PART_VALUES)
            buf_le64(&buf, (uint64_t)amount_minor(prevouts[i].value));
        else {
            buf_compact(&buf, prevouts[i].script.size);
            buf_add(&buf, prevouts[i].script);
        }
    return buf;
}

static void add_part(struct buf *buf, const struct tx *tx, const struct prevout *prevouts,
                     enum part part, bool twice)
{
    struct hash256 hash;
    struct buf bytes = part_of(tx, prevouts, part);
    if (twice)
        sha256d_of(&hash, buf_bytes(&bytes));
    else
        sha256_of(&hash, buf_bytes(&bytes));
    buf_add(buf, bytes_of(hash.b, 32));
    buf_free(&bytes);
}

static void add_single_out(struct buf *buf, const struct tx *tx, size_t input, bool twice)
{
    struct buf out = buf_with_max(BLOCK_SIZE_MAX);
    struct hash256 hash = {{0}};
    if (input < tx->out_count) {
        add_out(&out, &tx->outs[input]);
        if (twice)
            sha256d_of(&hash, buf_bytes(&out));
        else
            sha256_of(&hash, buf_bytes(&out));
    }
    buf_add(buf, bytes_of(hash.b, 32));
    buf_free(&out);
}

static void v0_digest(struct hash256 *ret, const struct tx *tx, size_t input,
                      const struct prevout *prevouts, struct bytes code, int32_t type)
{
    static const uint8_t zero[32];
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    int kind = type & KIND_MASK;
    bool one = type & ANYONECANPAY;
    buf_le32(&buf, (uint32_t)tx->version);
    if (one)
        buf_add(&buf, bytes_of(zero, 32));
    else
        add_part(&buf, tx, prevouts, PART_PREVOUTS, true);
    if (one || kind == NONE || kind == SINGLE)
        buf_add(&buf, bytes_of(zero, 32));
    else
        add_part(&buf, tx, prevouts, PART_SEQUENCES, true);
    add_outpoint(&buf, &tx->ins[input]);
    buf_compact(&buf, code.size);
    buf_add(&buf, code);
    buf_le64(&buf, (uint64_t)amount_minor(prevouts[input].value));
    buf_le32(&buf, tx->ins[input].sequence);
    if (kind == SINGLE)
        add_single_out(&buf, tx, input, true);
    else if (kind == NONE)
        buf_add(&buf, bytes_of(zero, 32));
    else
        add_part(&buf, tx, prevouts, PART_OUTS, true);
    buf_le32(&buf, tx->lock_time);
    buf_le32(&buf, (uint32_t)type);
    sha256d_of(ret, buf_bytes(&buf));
    buf_free(&buf);
}

static void v1_digest(struct hash256 *ret, const struct tx *tx, size_t input,
                      const struct prevout *prevouts, uint8_t type)
{
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    int kind = type & 3;
    bool one = type & ANYONECANPAY;
    buf_u8(&buf, 0);
    buf_u8(&buf, type);
    buf_le32(&buf, (uint32_t)tx->version);
    buf_le32(&buf, tx->lock_time);
    if (!one) {
        add_part(&buf, tx, prevouts, PART_PREVOUTS, false);
        add_part(&buf, tx, prevouts, PART_VALUES, false);
        add_part(&buf, tx, prevouts, PART_SCRIPTS, false);
        add_part(&buf, tx, prevouts, PART_SEQUENCES, false);
    }
    if (kind != NONE && kind != SINGLE)
        add_part(&buf, tx, prevouts, PART_OUTS, false);
    buf_u8(&buf, 0);
    if (one) {
        add_outpoint(&buf, &tx->ins[input]);
        buf_le64(&buf, (uint64_t)amount_minor(prevouts[input].value));
        buf_compact(&buf, prevouts[input].script.size);
        buf_add(&buf, prevouts[input].script);
        buf_le32(&buf, tx->ins[input].sequence);
    } else
        buf_le32(&buf, (uint32_t)input);
    if (kind == SINGLE)
        add_single_out(&buf, tx, input, false);
    sha256_tagged(ret, "TapSighash", buf_bytes(&buf));
    buf_free(&buf);
}

/* ---- vectors ------------------------------------------------------------------------------------
 */

static struct tx parse_tx(struct bytes raw, struct arena *arena)
{
    struct err err = {0};
    struct tx tx;
    struct cursor cursor = cursor_of(raw);
    test_ok(tx_parse(&tx, &cursor, arena, &err), &err);
    assert_true(cursor_done(&cursor));
    return tx;
}

static json_t *vectors(const char *name)
{
    struct err err = {0};
    json_t *json = NULL;
    struct buf text = test_data(name);
    test_ok(json_read(&json, name, buf_bytes(&text), SIZE_MAX, &err), &err);
    buf_free(&text);
    return json;
}

static void test_legacy_vectors(void **state)
{
    json_t *list = vectors("vectors/core/src/test/data/sighash.json");
    struct arena arena = {0};
    size_t count = 0;
    (void)state;
    for (size_t i = 1; i < json_array_size(list); i++) {
        json_t *row = json_array_get(list, i);
        struct buf raw = test_hex(json_string_value(json_array_get(row, 0)));
        struct buf script = test_hex(json_string_value(json_array_get(row, 1)));
        struct hash256 digest, expected;
        struct tx tx = parse_tx(buf_bytes(&raw), &arena);
        size_t input = (size_t)json_integer_value(json_array_get(row, 2));
        assert_true(hash256_from_display(&expected, json_string_value(json_array_get(row, 4))));
        legacy_digest(&digest, &tx, input, buf_bytes(&script),
                      (int32_t)json_integer_value(json_array_get(row, 3)));
        assert_true(hash256_equal(&digest, &expected));
        buf_free(&raw);
        buf_free(&script);
        arena_reset(&arena);
        count++;
    }
    assert_int_equal(count, 500);
    arena_free(&arena);
    json_decref(list);
}

/* BIP143, "Native P2WPKH": its second input. */
static void test_v0_example(void **state)
{
    struct buf raw = test_hex(
        "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000ee"
        "ffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffff"
        "ff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000"
        "001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000");
    struct buf code = test_hex("76a9141d0f172a0ecb48aee1be1f2687d2963ae33f71a188ac");
    struct prevout prevouts[2] = {{.value = amount_of(625000000)}, {.value = amount_of(600000000)}};
    struct arena arena = {0};
    struct hash256 digest, expected;
    (void)state;
    struct tx tx = parse_tx(buf_bytes(&raw), &arena);
    v0_digest(&digest, &tx, 1, prevouts, buf_bytes(&code), ALL);
    assert_true(hash256_from_straight(
        &expected, "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670"));
    assert_true(hash256_equal(&digest, &expected));
    buf_free(&raw);
    buf_free(&code);
    arena_free(&arena);
}

static const char *text_at(const json_t *json, const char *group, const char *key)
{
    return json_string_value(json_object_get(json_object_get(json, group), key));
}

static void check_v1_input(const json_t *row, const struct tx *tx, const struct prevout *prevouts)
{
    const json_t *given = json_object_get(row, "given");
    size_t input = (size_t)json_integer_value(json_object_get(given, "txinIndex"));
    uint8_t type = (uint8_t)json_integer_value(json_object_get(given, "hashType"));
    struct hash256 digest, expected;
    v1_digest(&digest, tx, input, prevouts, type);
    assert_true(hash256_from_straight(&expected, text_at(row, "intermediary", "sigHash")));
    assert_true(hash256_equal(&digest, &expected));
    if (!json_is_null(json_object_get(given, "merkleRoot")))
        return;
    struct buf secret = test_hex(text_at(row, "given", "internalPrivkey"));
    struct buf tweaked = test_hex(text_at(row, "intermediary", "tweakedPrivkey"));
    struct ec_point point;
    uint8_t public_key[33], ours[32];
    assert_true(ec_secret_point(&point, secret.data));
    ec_point_compressed(public_key, &point);
    sim_taproot_secret(ours, secret.data, public_key);
    assert_memory_equal(ours, tweaked.data, 32);
    buf_free(&secret);
    buf_free(&tweaked);
}

static void test_v1_vectors(void **state)
{
    json_t *json = vectors("vectors/bips/bip-0341/wallet-test-vectors.json");
    const json_t *whole = json_array_get(json_object_get(json, "keyPathSpending"), 0);
    const json_t *utxos = json_object_get(json_object_get(whole, "given"), "utxosSpent");
    const json_t *inputs = json_object_get(whole, "inputSpending");
    struct arena arena = {0};
    struct prevout prevouts[16];
    (void)state;
    struct buf raw = test_hex(text_at(whole, "given", "rawUnsignedTx"));
    struct tx tx = parse_tx(buf_bytes(&raw), &arena);
    assert_true(json_array_size(utxos) == tx.in_count && tx.in_count <= countof(prevouts));
    for (size_t i = 0; i < tx.in_count; i++) {
        const json_t *utxo = json_array_get(utxos, i);
        struct buf script = test_hex(json_string_value(json_object_get(utxo, "scriptPubKey")));
        prevouts[i].script = arena_bytes(&arena, buf_bytes(&script));
        prevouts[i].value = amount_of(json_integer_value(json_object_get(utxo, "amountSats")));
        buf_free(&script);
    }
    assert_int_equal(json_array_size(inputs), 7);
    for (size_t i = 0; i < json_array_size(inputs); i++)
        check_v1_input(json_array_get(inputs, i), &tx, prevouts);
    buf_free(&raw);
    arena_free(&arena);
    json_decref(json);
}

/* ---- the chain
 * ------------------------------------------------------------------------------------- */

/* One push of a script; ends the test where there is none. */
static struct bytes pushed(struct cursor *cursor)
{
    uint8_t op = cursor_u8(cursor);
    struct bytes data = cursor_take(cursor, op == 0x4c ? cursor_u8(cursor) : op);
    assert_true(!cursor->bad && op <= 0x4c);
    return data;
}

static void check_ecdsa(struct bytes key, struct bytes signature, const struct hash256 *digest)
{
    struct ec_point point;
    assert_true(signature.size > 9 && signature.data[signature.size - 1] == ALL);
    signature.size--;
    assert_true(ec_point_parse(&point, key));
    assert_true(ec_verify_ecdsa(&point, signature, digest));
}

/* "m key ... n CHECKMULTISIG" with its m signatures, in the order of the keys. */
static void check_multisig(struct bytes script, const struct bytes *signatures, size_t count,
                           const struct hash256 *digest)
{
    size_t at = 1, found = 0;
    if (script.size <= 36) {
        fail_msg("no multisig script where one was spent");
        return;
    }
    assert_int_equal(script.data[0] - 0x50u, count);
    for (; at + 34 < script.size && script.data[at] == 33; at += 34) {
        struct ec_point point;
        struct bytes signature = signatures[found < count ? found : 0];
        assert_true(ec_point_parse(&point, bytes_of(script.data + at + 1, 33)));
        signature.size--;
        if (found < count && ec_verify_ecdsa(&point, signature, digest))
            found++;
    }
    assert_int_equal(found, count);
    assert_true(script.data[at + 1] == 0xae && at + 2 == script.size);
}

static void check_legacy(const struct tx *tx, size_t input, const struct prevout *prevout)
{
    struct cursor cursor = cursor_of(tx->ins[input].script_sig);
    struct bytes items[20] = {{0}};
    struct hash256 digest;
    size_t count = 0;
    enum script_kind kind = script_kind_of(prevout->script);
    while (cursor_left(&cursor) > 0 && count < countof(items))
        items[count++] = pushed(&cursor);
    assert_true(count > 0);
    legacy_digest(&digest, tx, input, kind == SCRIPT_P2SH ? items[count - 1] : prevout->script,
                  ALL);
    if (kind == SCRIPT_P2PK) {
        assert_int_equal(count, 1);
        check_ecdsa(bytes_of(prevout->script.data + 1, 33), items[0], &digest);
        return;
    }
    struct hash160 hash;
    hash160_of(&hash, items[count - 1]);
    assert_memory_equal(prevout->script.data + (kind == SCRIPT_P2SH ? 2 : 3), hash.b, 20);
    if (kind == SCRIPT_P2SH) {
        assert_int_equal(items[0].size, 0);
        check_multisig(items[count - 1], items + 1, count - 2, &digest);
        return;
    }
    assert_int_equal(kind, SCRIPT_P2PKH);
    check_ecdsa(items[1], items[0], &digest);
}

static void check_v0(const struct tx *tx, size_t input, const struct prevout *prevouts,
                     struct bytes program)
{
    struct cursor cursor = cursor_of(tx->ins[input].witness);
    struct bytes items[20] = {{0}};
    struct hash256 digest;
    size_t count = cursor_compact(&cursor, countof(items));
    for (size_t i = 0; i < count; i++)
        items[i] = cursor_compact_bytes(&cursor, SCRIPT_SIZE_MAX);
    assert_true(cursor_done(&cursor) && count >= 2);
    if (program.size == 34) {
        sha256_of(&digest, items[count - 1]);
        assert_memory_equal(program.data + 2, digest.b, 32);
        v0_digest(&digest, tx, input, prevouts, items[count - 1], ALL);
        assert_int_equal(items[0].size, 0);
        check_multisig(items[count - 1], items + 1, count - 2, &digest);
        return;
    }
    uint8_t code[25] = {0x76, 0xa9, 20};
    struct hash160 hash;
    hash160_of(&hash, items[1]);
    assert_memory_equal(program.data + 2, hash.b, 20);
    memcpy(code + 3, hash.b, 20);
    memcpy(code + 23, "\x88\xac", 2);
    v0_digest(&digest, tx, input, prevouts, bytes_of(code, sizeof code), ALL);
    check_ecdsa(items[1], items[0], &digest);
}

static void check_v1(const struct tx *tx, size_t input, const struct prevout *prevouts)
{
    struct cursor cursor = cursor_of(tx->ins[input].witness);
    struct hash256 digest;
    assert_int_equal(cursor_compact(&cursor, 1), 1);
    struct bytes signature = cursor_compact_bytes(&cursor, 64);
    assert_true(cursor_done(&cursor) && signature.size == 64);
    v1_digest(&digest, tx, input, prevouts, 0);
    assert_true(ec_verify_schnorr(prevouts[input].script.data + 2, signature.data, &digest));
}

static void check_input(const struct tx *tx, size_t input, const struct prevout *prevouts)
{
    struct bytes script = prevouts[input].script;
    enum script_kind kind = script_kind_of(script);
    bool witness = tx->ins[input].witness_count > 0;
    if (kind == SCRIPT_P2TR)
        check_v1(tx, input, prevouts);
    else if (kind == SCRIPT_P2SH && witness) {
        struct cursor cursor = cursor_of(tx->ins[input].script_sig);
        struct bytes redeem = pushed(&cursor);
        struct hash160 hash;
        assert_true(cursor_done(&cursor));
        hash160_of(&hash, redeem);
        assert_memory_equal(script.data + 2, hash.b, 20);
        check_v0(tx, input, prevouts, redeem);
    } else if (witness)
        check_v0(tx, input, prevouts, script);
    else
        check_legacy(tx, input, &prevouts[input]);
}

/* What the undo data says was spent; block and undo stand beside each other. */
static size_t check_block(const struct sim_block *made, struct arena *arena, size_t *kinds)
{
    struct err err = {0};
    struct block block;
    struct block_undo undo;
    size_t count = 0;
    test_ok(block_parse(&block, made->raw, arena, &err), &err);
    test_ok(undo_parse(&undo, made->undo, arena, &err), &err);
    assert_int_equal(undo.tx_count + 1, block.tx_count);
    for (size_t t = 1; t < block.tx_count; t++) {
        const struct tx *tx = &block.txs[t];
        const struct undo_tx *spent = &undo.txs[t - 1];
        struct prevout *prevouts = arena_alloc(arena, tx->in_count, sizeof *prevouts);
        assert_int_equal(spent->coin_count, tx->in_count);
        for (size_t i = 0; i < tx->in_count; i++)
            prevouts[i] = (struct prevout){spent->coins[i].value, spent->coins[i].script};
        for (size_t i = 0; i < tx->in_count; i++, count++) {
            check_input(tx, i, prevouts);
            kinds[script_kind_of(prevouts[i].script)]++;
        }
    }
    return count;
}

static void test_every_signature(void **state)
{
    static const enum script_kind used[] = {SCRIPT_P2PK,   SCRIPT_P2PKH, SCRIPT_P2SH,
                                            SCRIPT_P2WPKH, SCRIPT_P2WSH, SCRIPT_P2TR};
    size_t kinds[SCRIPT_OP_RETURN + 1] = {0};
    struct arena arena = {0};
    size_t count = 0;
    (void)state;
    struct sim *sim = sim_new(7);
    sim_play(sim);
    for (size_t i = 1; i < sim->block_count; i++) {
        if (sim->blocks[i].undo.size > 0)
            count += check_block(&sim->blocks[i], &arena, kinds);
        arena_reset(&arena);
    }
    assert_true(count > 5000);
    for (size_t i = 0; i < countof(used); i++)
        assert_true(kinds[used[i]] > 100);
    arena_free(&arena);
    sim_free(sim);
}

/* The check above must be able to fail: one bit of one signature, and it does not verify. */
static void test_wrong_signature_is_seen(void **state)
{
    struct hash256 digest = {{1, 2, 3}};
    uint8_t secret[32] = {[31] = 5}, der[72], signature[64], x[33];
    struct ec_point point;
    (void)state;
    size_t size = ec_sign_ecdsa(der, secret, &digest);
    ec_sign_schnorr(signature, secret, &digest);
    assert_true(ec_secret_point(&point, secret));
    ec_point_compressed(x, &point);
    assert_true(ec_verify_ecdsa(&point, bytes_of(der, size), &digest));
    assert_true(ec_verify_schnorr(x + 1, signature, &digest));
    digest.b[31] ^= 1;
    assert_false(ec_verify_ecdsa(&point, bytes_of(der, size), &digest));
    assert_false(ec_verify_schnorr(x + 1, signature, &digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_legacy_vectors),
        cmocka_unit_test(test_v0_example),
        cmocka_unit_test(test_v1_vectors),
        cmocka_unit_test(test_every_signature),
        cmocka_unit_test(test_wrong_signature_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
