/* Fuzzes the reader of PSBTs, as bytes and as base64. What it gives must be views of the input
 * that keep every promise of chain.h, and base64 of the same bytes must give the same. */
#include "chain/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ins(const struct psbt *psbt)
{
    for (size_t i = 0; i < psbt->in_count; i++) {
        const struct psbt_in *in = &psbt->ins[i];
        sanad_assert(amount_is_known(in->value) == (in->utxo != PSBT_UTXO_NONE));
        sanad_assert(!amount_is_known(in->value) || amount_is_money(in->value));
        sanad_assert(in->utxo != PSBT_UTXO_NONE || in->script.size == 0);
        sanad_assert(script_kind_name(script_kind_of(in->script)) != NULL);
        for (size_t k = 0; k < i && psbt->in_count <= 64; k++) /* quadratic: small ones only */
            sanad_assert(in->prevout.vout != psbt->ins[k].prevout.vout ||
                         !hash256_equal(&in->prevout.txid, &psbt->ins[k].prevout.txid));
    }
}

static void check_outs(const struct psbt *psbt)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < psbt->out_count; i++) {
        sanad_assert(amount_is_money(psbt->outs[i].value));
        sanad_assert(script_kind_name(script_kind_of(psbt->outs[i].script)) != NULL);
        sum = amount_add(sum, psbt->outs[i].value);
    }
    sanad_assert(amount_is_money(sum));
}

static void check_base64(const struct psbt *psbt, struct bytes raw, struct arena *arena)
{
    struct psbt same;
    struct buf text = buf_with_max(2 * PSBT_SIZE_MAX);
    if (raw.data[0] != 'p')
        return; /* it was base64 already */
    base64_encode(&text, raw);
    sanad_assert(psbt_parse(&same, buf_bytes(&text), arena, NULL) == 0);
    sanad_assert(same.version == psbt->version && same.in_count == psbt->in_count);
    sanad_assert(same.out_count == psbt->out_count);
    sanad_assert(bytes_equal(same.ins[0].script, psbt->ins[0].script));
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct psbt psbt;
    struct err err = {0};
    if (psbt_parse(&psbt, bytes_of(data, size), &arena, &err) == 0) {
        sanad_assert(psbt.version == 0 || psbt.version == 2);
        sanad_assert(psbt.in_count > 0 && psbt.out_count > 0);
        check_ins(&psbt);
        check_outs(&psbt);
        check_base64(&psbt, bytes_of(data, size), &arena);
    } else {
        sanad_assert(err.code == SANAD_REFUSED && err.text[0]);
    }
    arena_free(&arena);
    return 0;
}
