/* Fuzzes the reader of transactions. What parses must be the bytes it came from, its
 * stripped form must parse to the same id, and every output must have a kind. */
#include "chain/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stripped(const struct tx *tx, struct arena *arena)
{
    struct buf stripped = buf_with_max(tx->raw.size);
    struct tx again;
    struct hash256 id;
    struct hash256 same;
    tx_write_stripped(&stripped, tx);
    sanad_assert(!stripped.bad && stripped.size == tx_stripped_size(tx));
    struct cursor cursor = cursor_of(buf_bytes(&stripped));
    sanad_assert(tx_parse(&again, &cursor, arena, NULL) == 0 && cursor_done(&cursor));
    sanad_assert(!again.has_witness && again.in_count == tx->in_count);
    sanad_assert(again.out_count == tx->out_count && again.lock_time == tx->lock_time);
    tx_txid(&id, tx);
    tx_wtxid(&same, &again);
    sanad_assert(hash256_equal(&id, &same));
    tx_wtxid(&same, tx);
    sanad_assert(hash256_equal(&id, &same) == !tx->has_witness);
    buf_free(&stripped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct cursor cursor = cursor_of(bytes_of(data, size));
    struct tx tx;
    struct err err = {0};
    if (tx_parse(&tx, &cursor, &arena, &err) == 0) {
        struct amount sum = amount_zero();
        sanad_assert(tx.in_count > 0 && tx.out_count > 0);
        sanad_assert(tx.raw.data == data && tx.raw.size == size - cursor_left(&cursor));
        for (size_t i = 0; i < tx.out_count; i++) {
            sum = amount_add(sum, tx.outs[i].value);
            sanad_assert(script_kind_name(script_kind_of(tx.outs[i].script)) != NULL);
            (void)script_unspendable(tx.outs[i].script); /* either is fine */
        }
        sanad_assert(amount_is_money(sum));
        check_stripped(&tx, &arena);
    } else {
        sanad_assert(err.code == SANAD_REFUSED && err.text[0]);
    }
    arena_free(&arena);
    return 0;
}
