/* Transactions: one reader for both forms (with and without witness), txid and wtxid. */
#include "chain/chain_priv.h"

enum {
    TX_IN_SIZE_MIN = 41, /* outpoint 36, empty script 1, sequence 4 */
    TX_OUT_SIZE_MIN = 9, /* value 8, empty script 1 */
    WITNESS_FLAG = 1
};

/* A count of items that are at least `item_size` bytes each: what cannot fit is refused
 * before anything is allocated for it. */
static size_t read_count(struct cursor *cursor, size_t item_size)
{
    uint64_t count = cursor_compact(cursor, TX_ITEM_MAX);
    if (count > cursor_left(cursor) / item_size) {
        cursor->bad = true;
        return 0;
    }
    return (size_t)count;
}

_Static_assert(TX_ITEM_MAX == BLOCK_SIZE_MAX / 4 / TX_OUT_SIZE_MIN, "no block has room for more");

static void read_in(struct tx_in *in, struct cursor *cursor)
{
    struct bytes txid = cursor_take(cursor, 32);
    if (txid.size == 32)
        memcpy(in->prevout.txid.b, txid.data, 32);
    in->prevout.vout = cursor_le32(cursor);
    in->script_sig = cursor_compact_bytes(cursor, BLOCK_SIZE_MAX);
    in->sequence = cursor_le32(cursor);
}

static void read_ins(struct tx *tx, struct cursor *cursor, struct arena *arena)
{
    tx->in_count = read_count(cursor, TX_IN_SIZE_MIN);
    if (tx->in_count == 0)
        return;
    tx->ins = arena_alloc(arena, tx->in_count, sizeof *tx->ins);
    for (size_t i = 0; i < tx->in_count && !cursor->bad; i++)
        read_in(&tx->ins[i], cursor);
}

static int read_outs(struct tx *tx, struct cursor *cursor, struct arena *arena, struct err *err)
{
    struct amount sum = amount_zero();
    tx->out_count = read_count(cursor, TX_OUT_SIZE_MIN);
    if (tx->out_count == 0)
        return 0;
    tx->outs = arena_alloc(arena, tx->out_count, sizeof *tx->outs);
    for (size_t i = 0; i < tx->out_count && !cursor->bad; i++) {
        struct tx_out *out = &tx->outs[i];
        out->value = amount_of((int64_t)cursor_le64(cursor));
        out->script = cursor_compact_bytes(cursor, BLOCK_SIZE_MAX);
        if (!amount_is_money(out->value))
            return err_set(err, SANAD_REFUSED,
                           "transaction: output %zu is worth less than 0 or over 21 million BTC",
                           i);
        sum = amount_add(sum, out->value);
        if (!amount_is_money(sum))
            return err_set(err, SANAD_REFUSED,
                           "transaction: outputs are worth over 21 million BTC together");
    }
    return 0;
}

/* BIP144: a stack of items for every input. True where at least one stack holds an item. */
static bool read_witnesses(struct tx *tx, struct cursor *cursor)
{
    bool any = false;
    for (size_t i = 0; i < tx->in_count && !cursor->bad; i++) {
        const uint8_t *begin = cursor->at;
        uint64_t count = cursor_compact(cursor, BLOCK_SIZE_MAX);
        for (uint64_t item = 0; item < count && !cursor->bad; item++)
            (void)cursor_compact_bytes(cursor, BLOCK_SIZE_MAX); /* kept as one view */
        if (count == 0)
            continue;
        any = true;
        tx->ins[i].witness_count = (uint32_t)count;
        tx->ins[i].witness = bytes_of(begin, (size_t)(cursor->at - begin));
    }
    return any;
}

/* The byte behind the version is 0 only in the witness form, since zero inputs are refused. */
static int read_marker(struct tx *tx, struct cursor *cursor, struct err *err)
{
    if (cursor_left(cursor) < 2 || cursor->at[0] != 0)
        return 0;
    uint8_t flag = cursor->at[1];
    if (flag == 0)
        return err_set(err, SANAD_REFUSED, "transaction: no inputs");
    if (flag != WITNESS_FLAG)
        return err_set(err, SANAD_REFUSED, "transaction: witness flag is %u, not 1", flag);
    (void)cursor_take(cursor, 2); /* both were seen to be there */
    tx->has_witness = true;
    return 0;
}

static int refuse_broken(struct err *err)
{
    return err_set(err, SANAD_REFUSED,
                   "transaction: ends early, or a count or length is impossible or not in its "
                   "shortest form");
}

static int read_body(struct tx *tx, struct cursor *cursor, struct arena *arena, struct err *err)
{
    const uint8_t *begin = cursor->at;
    read_ins(tx, cursor, arena);
    if (cursor->bad)
        return refuse_broken(err);
    if (tx->in_count == 0)
        return err_set(err, SANAD_REFUSED, "transaction: no inputs");
    int code = read_outs(tx, cursor, arena, err);
    if (cursor->bad)
        return refuse_broken(err);
    if (code != 0)
        return code;
    if (tx->out_count == 0)
        return err_set(err, SANAD_REFUSED, "transaction: no outputs");
    tx->in_out = bytes_of(begin, (size_t)(cursor->at - begin));
    return 0;
}

int tx_parse(struct tx *ret_tx, struct cursor *cursor, struct arena *arena, struct err *err)
{
    struct tx tx = {0};
    const uint8_t *begin = cursor->at;
    tx.version = (int32_t)cursor_le32(cursor);
    int code = read_marker(&tx, cursor, err);
    if (code == 0)
        code = read_body(&tx, cursor, arena, err);
    if (code != 0)
        return code;
    bool any_item = tx.has_witness && read_witnesses(&tx, cursor);
    tx.lock_time = cursor_le32(cursor);
    if (cursor->bad)
        return refuse_broken(err);
    if (tx.has_witness && !any_item)
        return err_set(err, SANAD_REFUSED, "transaction: witness marker, but every stack is empty");
    tx.raw = bytes_of(begin, (size_t)(cursor->at - begin));
    *ret_tx = tx;
    return 0;
}

void tx_txid(struct hash256 *ret_txid, const struct tx *tx)
{
    sanad_assert(tx->raw.size >= tx_stripped_size(tx));
    if (!tx->has_witness) {
        sha256d_of(ret_txid, tx->raw);
        return;
    }
    struct sha256 hash;
    struct hash256 once;
    sha256_init(&hash);
    sha256_add(&hash, bytes_of(tx->raw.data, 4));
    sha256_add(&hash, tx->in_out);
    sha256_add(&hash, bytes_of(tx->raw.data + tx->raw.size - 4, 4));
    sha256_final(&once, &hash);
    sha256_of(ret_txid, bytes_of(once.b, sizeof once.b));
}

void tx_wtxid(struct hash256 *ret_wtxid, const struct tx *tx)
{
    sha256d_of(ret_wtxid, tx->raw);
}

bool tx_is_coinbase(const struct tx *tx)
{
    return tx->in_count == 1 && tx->ins[0].prevout.vout == 0xffffffff &&
           hash256_is_zero(&tx->ins[0].prevout.txid);
}

size_t tx_stripped_size(const struct tx *tx)
{
    return 4 + tx->in_out.size + 4;
}

void tx_write_stripped(struct buf *buf, const struct tx *tx)
{
    sanad_assert(tx->raw.size >= tx_stripped_size(tx));
    buf_add(buf, bytes_of(tx->raw.data, 4));
    buf_add(buf, tx->in_out);
    buf_add(buf, bytes_of(tx->raw.data + tx->raw.size - 4, 4));
}
