/* Partially signed transactions, versions 0 (BIP174) and 2 (BIP370): what is spent, what is paid,
 * and how far the file proves it. Nothing is signed here and no signature is checked. */
#include "chain/chain_priv.h"

#include <stdlib.h>

enum {
    PSBT_IN_SIZE_MIN = 43,  /* version 2: txid 35, index 7, end of map 1 */
    PSBT_OUT_SIZE_MIN = 15, /* version 2: amount 11, empty script 3, end of map 1 */
    TX_COUNT_AT = 4         /* the count of inputs, or the marker of the form with witnesses */
};

static const uint8_t magic[] = {'p', 's', 'b', 't', 0xff};

/* ---- binary or base64 --------------------------------------------------------------------- */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes text_trim(struct bytes text)
{
    while (text.size > 0 && is_space(text.data[0]))
        text = bytes_of(text.data + 1, text.size - 1);
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

static bool has_magic(struct bytes raw)
{
    return raw.size >= sizeof magic && memcmp(raw.data, magic, sizeof magic) == 0;
}

/* The bytes behind the magic; a decoded copy is the arena's. */
static int body_find(struct bytes *ret_body, struct bytes raw, struct arena *arena, struct err *err)
{
    if (raw.size > PSBT_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "PSBT: longer than %d bytes", PSBT_SIZE_MAX);
    if (!has_magic(raw)) {
        struct bytes text = text_trim(raw);
        struct buf decoded = buf_with_max(PSBT_SIZE_MAX);
        bool good = base64_decode(&decoded, (const char *)text.data, text.size);
        raw = good ? arena_bytes(arena, buf_bytes(&decoded)) : bytes_of(NULL, 0);
        buf_free(&decoded);
    }
    if (!has_magic(raw))
        return err_set(err, SANAD_REFUSED,
                       "PSBT: does not begin with the magic, neither as bytes nor as base64");
    *ret_body = bytes_of(raw.data + sizeof magic, raw.size - sizeof magic);
    return 0;
}

/* ---- the outputs that are spent ----------------------------------------------------------- */

/* BIP174: the whole funding transaction. Its id is the outpoint's, so it proves the output. */
static int funding_read(struct tx_out *ret_out, const struct psbt_reader *reader,
                        const struct outpoint *prevout, struct bytes value, struct arena *scratch)
{
    struct tx tx;
    struct hash256 txid;
    struct err inner = {0};
    struct cursor cursor = cursor_of(value);
    if (tx_parse(&tx, &cursor, scratch, &inner) != 0)
        return psbt_refuse(reader, "NON_WITNESS_UTXO: %s", inner.text);
    if (!cursor_done(&cursor))
        return psbt_refuse(reader, "NON_WITNESS_UTXO: bytes follow the transaction");
    tx_txid(&txid, &tx);
    if (!hash256_equal(&txid, &prevout->txid))
        return psbt_refuse(reader, "NON_WITNESS_UTXO is not the transaction that it spends from");
    if (prevout->vout >= tx.out_count)
        return psbt_refuse(reader, "NON_WITNESS_UTXO has no output %u", prevout->vout);
    *ret_out = tx.outs[prevout->vout];
    return 0;
}

/* BIP174: value and script alone, the maker's word. */
static int claim_read(struct tx_out *ret_out, const struct psbt_reader *reader, struct bytes value)
{
    struct cursor cursor = cursor_of(value);
    struct tx_out out = {.value = amount_of((int64_t)cursor_le64(&cursor))};
    out.script = cursor_compact_bytes(&cursor, PSBT_SIZE_MAX);
    if (!cursor_done(&cursor))
        return psbt_refuse(reader, "WITNESS_UTXO: its value is not what the type asks for");
    if (!amount_is_money(out.value))
        return psbt_refuse(reader, "WITNESS_UTXO: worth less than 0 or over 21 million BTC");
    *ret_out = out;
    return 0;
}

static int utxo_read(struct psbt_in *in, const struct psbt_reader *reader, struct arena *scratch)
{
    const struct psbt_field *whole = psbt_field_find(reader, PSBT_IN_NON_WITNESS_UTXO);
    const struct psbt_field *alone = psbt_field_find(reader, PSBT_IN_WITNESS_UTXO);
    struct tx_out proved = {.value = amount_unknown()};
    struct tx_out claimed = {.value = amount_unknown()};
    int code = 0;
    if (whole)
        code = funding_read(&proved, reader, &in->prevout, whole->value, scratch);
    if (code == 0 && alone)
        code = claim_read(&claimed, reader, alone->value);
    if (code != 0)
        return code;
    if (whole && alone &&
        (!amount_equal(proved.value, claimed.value) || !bytes_equal(proved.script, claimed.script)))
        return psbt_refuse(reader, "WITNESS_UTXO contradicts NON_WITNESS_UTXO");
    in->utxo = whole ? PSBT_UTXO_PROVED : alone ? PSBT_UTXO_CLAIMED : PSBT_UTXO_NONE;
    in->value = amount_unknown();
    if (in->utxo != PSBT_UTXO_NONE) {
        in->value = whole ? proved.value : claimed.value;
        in->script = whole ? proved.script : claimed.script;
    }
    return 0;
}

/* ---- version 0: the unsigned transaction -------------------------------------------------- */

static int unsigned_take(struct psbt *psbt, const struct tx *tx, const struct psbt_reader *reader,
                         struct arena *arena)
{
    psbt->in_count = tx->in_count;
    psbt->ins = arena_alloc(arena, psbt->in_count, sizeof *psbt->ins);
    for (size_t i = 0; i < tx->in_count; i++) {
        if (tx->ins[i].script_sig.size > 0)
            return psbt_refuse(reader, "UNSIGNED_TX: input %zu has a script: it is signed", i);
        psbt->ins[i].prevout = tx->ins[i].prevout;
    }
    psbt->out_count = tx->out_count;
    psbt->outs = tx->outs;
    return 0;
}

static int unsigned_read(struct psbt *psbt, const struct psbt_reader *reader, struct arena *arena)
{
    const struct psbt_field *field = psbt_field_find(reader, PSBT_GLOBAL_UNSIGNED_TX);
    struct tx tx;
    struct err inner = {0};
    if (!field)
        return psbt_refuse(reader, "version 0 without UNSIGNED_TX");
    if (field->value.size > TX_COUNT_AT && field->value.data[TX_COUNT_AT] == 0)
        return psbt_refuse(reader, "UNSIGNED_TX has no inputs, or is in the form with witnesses");
    struct cursor cursor = cursor_of(field->value);
    if (tx_parse(&tx, &cursor, arena, &inner) != 0)
        return psbt_refuse(reader, "UNSIGNED_TX: %s", inner.text);
    if (!cursor_done(&cursor))
        return psbt_refuse(reader, "UNSIGNED_TX: bytes follow the transaction");
    return unsigned_take(psbt, &tx, reader, arena);
}

/* ---- version 2: every input and output in its own map ------------------------------------- */

/* So many maps of so many bytes must fit into what is left of the file. */
static int count_read(size_t *ret_count, const struct psbt_reader *reader, enum psbt_type type,
                      size_t size_min)
{
    const struct psbt_field *field = psbt_field_find(reader, type);
    const char *what = type == PSBT_GLOBAL_INPUT_COUNT ? "input" : "output";
    if (!field)
        return psbt_refuse(reader, "version 2 without the count of %ss", what);
    struct cursor cursor = cursor_of(field->value);
    uint64_t count = cursor_compact(&cursor, TX_ITEM_MAX);
    if (cursor.bad || count > cursor_left(&reader->cursor) / size_min)
        return psbt_refuse(reader, "more %ss than there is room for", what);
    *ret_count = (size_t)count;
    return 0;
}

static int counts_read(struct psbt *psbt, const struct psbt_reader *reader, struct arena *arena)
{
    if (!psbt_field_find(reader, PSBT_GLOBAL_TX_VERSION))
        return psbt_refuse(reader, "version 2 without TX_VERSION");
    int code = count_read(&psbt->in_count, reader, PSBT_GLOBAL_INPUT_COUNT, PSBT_IN_SIZE_MIN);
    if (code == 0)
        code = count_read(&psbt->out_count, reader, PSBT_GLOBAL_OUTPUT_COUNT, PSBT_OUT_SIZE_MIN);
    if (code != 0)
        return code;
    psbt->ins = arena_alloc(arena, psbt->in_count, sizeof *psbt->ins);
    psbt->outs = arena_alloc(arena, psbt->out_count, sizeof *psbt->outs);
    return 0;
}

static int prevout_read(struct outpoint *prevout, const struct psbt_reader *reader)
{
    const struct psbt_field *txid = psbt_field_find(reader, PSBT_IN_PREVIOUS_TXID);
    const struct psbt_field *index = psbt_field_find(reader, PSBT_IN_OUTPUT_INDEX);
    if (!txid || !index)
        return psbt_refuse(reader, "no %s", txid ? "OUTPUT_INDEX" : "PREVIOUS_TXID");
    memcpy(prevout->txid.b, txid->value.data, sizeof prevout->txid.b);
    prevout->vout = load_le32(index->value.data);
    return 0;
}

static int out_read(struct tx_out *out, const struct psbt_reader *reader)
{
    const struct psbt_field *amount = psbt_field_find(reader, PSBT_OUT_AMOUNT);
    const struct psbt_field *script = psbt_field_find(reader, PSBT_OUT_SCRIPT);
    if (!amount || !script)
        return psbt_refuse(reader, "no %s", amount ? "SCRIPT" : "AMOUNT");
    out->value = amount_of((int64_t)load_le64(amount->value.data));
    out->script = script->value;
    if (!amount_is_money(out->value))
        return psbt_refuse(reader, "worth less than 0 or over 21 million BTC");
    return 0;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int global_read(struct psbt *psbt, struct psbt_reader *reader, struct arena *arena)
{
    int code = psbt_map_read(reader, PSBT_MAP_GLOBAL, 0);
    if (code != 0)
        return code;
    psbt->version = reader->version;
    return psbt->version == 0 ? unsigned_read(psbt, reader, arena)
                              : counts_read(psbt, reader, arena);
}

static int ins_read(struct psbt *psbt, struct psbt_reader *reader)
{
    struct arena scratch = {0}; /* funding transactions: only views of the input remain */
    int code = 0;
    for (size_t i = 0; i < psbt->in_count && code == 0; i++) {
        struct psbt_in *in = &psbt->ins[i];
        code = psbt_map_read(reader, PSBT_MAP_IN, i);
        if (code == 0 && psbt->version == 2)
            code = prevout_read(&in->prevout, reader);
        if (code == 0 && in->prevout.vout == UINT32_MAX && hash256_is_zero(&in->prevout.txid))
            code = psbt_refuse(reader, "spends nothing: that is a coinbase");
        if (code == 0)
            code = utxo_read(in, reader, &scratch);
        arena_reset(&scratch);
    }
    arena_free(&scratch);
    return code;
}

static int outs_read(struct psbt *psbt, struct psbt_reader *reader)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < psbt->out_count; i++) {
        int code = psbt_map_read(reader, PSBT_MAP_OUT, i);
        if (code == 0 && psbt->version == 2)
            code = out_read(&psbt->outs[i], reader);
        if (code != 0)
            return code;
        sum = amount_add(sum, psbt->outs[i].value);
        if (!amount_is_money(sum))
            return err_set(reader->err, SANAD_REFUSED,
                           "PSBT: outputs are worth over 21 million BTC together");
    }
    return 0;
}

struct spend {
    struct outpoint prevout;
    size_t index;
};

static int spend_compare(const void *a, const void *b)
{
    const struct spend *left = a;
    const struct spend *right = b;
    int order = hash256_compare(&left->prevout.txid, &right->prevout.txid);
    if (order == 0)
        order =
            (left->prevout.vout > right->prevout.vout) - (left->prevout.vout < right->prevout.vout);
    return order ? order : (left->index > right->index) - (left->index < right->index);
}

static bool same_prevout(const struct spend *a, const struct spend *b)
{
    return a->prevout.vout == b->prevout.vout && hash256_equal(&a->prevout.txid, &b->prevout.txid);
}

static int spends_check(const struct psbt *psbt, struct err *err)
{
    struct spend *spends = mem_zalloc(psbt->in_count, sizeof *spends);
    int code = 0;
    for (size_t i = 0; i < psbt->in_count; i++)
        spends[i] = (struct spend){.prevout = psbt->ins[i].prevout, .index = i};
    qsort(spends, psbt->in_count, sizeof *spends, spend_compare);
    for (size_t i = 1; i < psbt->in_count && code == 0; i++)
        if (same_prevout(&spends[i - 1], &spends[i]))
            code = err_set(err, SANAD_REFUSED, "PSBT: input %zu: spends what input %zu spends",
                           spends[i].index, spends[i - 1].index);
    free(spends);
    return code;
}

static int body_read(struct psbt *psbt, struct psbt_reader *reader, struct arena *arena)
{
    int code = global_read(psbt, reader, arena);
    if (code == 0)
        code = ins_read(psbt, reader);
    if (code == 0)
        code = outs_read(psbt, reader);
    if (code == 0 && cursor_left(&reader->cursor) > 0)
        code = err_set(reader->err, SANAD_REFUSED, "PSBT: bytes behind the end");
    if (code == 0 && (psbt->in_count == 0 || psbt->out_count == 0)) /* only version 2 can say so */
        code = err_set(reader->err, SANAD_REFUSED, "PSBT: no %s",
                       psbt->in_count == 0 ? "inputs" : "outputs");
    return code ? code : spends_check(psbt, reader->err);
}

int psbt_parse(struct psbt *ret_psbt, struct bytes raw, struct arena *arena, struct err *err)
{
    struct psbt psbt = {0};
    struct psbt_reader reader = {.err = err};
    struct bytes body;
    int code = body_find(&body, raw, arena, err);
    if (code != 0)
        return code;
    reader.cursor = cursor_of(body);
    code = body_read(&psbt, &reader, arena);
    psbt_reader_free(&reader);
    if (code == 0)
        *ret_psbt = psbt;
    return code;
}
