/* Fuzzes undo data. What parses and is written again parses to the same coins; a second
 * writing gives the same bytes, since there is one shortest form. */
#include "chain/chain.h"

enum { WRITTEN_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct undo_tx *a, const struct undo_tx *b)
{
    sanad_assert(a->coin_count == b->coin_count);
    for (size_t i = 0; i < a->coin_count; i++) {
        sanad_assert(amount_is_money(a->coins[i].value));
        sanad_assert(amount_equal(a->coins[i].value, b->coins[i].value));
        sanad_assert(bytes_equal(a->coins[i].script, b->coins[i].script));
        sanad_assert(a->coins[i].height == b->coins[i].height);
        sanad_assert(a->coins[i].coinbase == b->coins[i].coinbase);
    }
}

static void check_round_trip(const struct block_undo *undo, struct arena *arena)
{
    struct buf written = buf_with_max(WRITTEN_MAX);
    struct buf again = buf_with_max(WRITTEN_MAX);
    struct block_undo read;
    undo_write(&written, undo);
    sanad_assert(!written.bad);
    sanad_assert(undo_parse(&read, buf_bytes(&written), arena, NULL) == 0);
    sanad_assert(read.tx_count == undo->tx_count);
    for (size_t i = 0; i < undo->tx_count; i++)
        check_same(&undo->txs[i], &read.txs[i]);
    undo_write(&again, &read);
    sanad_assert(bytes_equal(buf_bytes(&written), buf_bytes(&again)));
    buf_free(&again);
    buf_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct block_undo undo;
    struct err err = {0};
    if (undo_parse(&undo, bytes_of(data, size), &arena, &err) == 0)
        check_round_trip(&undo, &arena);
    else
        sanad_assert(err.code == SANAD_REFUSED && err.text[0]);
    arena_free(&arena);
    return 0;
}
