/* What a PSBT would do to the book: whose coins it spends, whom it pays, and so each wallet's
 * change. The chain decides: what the PSBT says of a coin is only held against it, or used where
 * the coin is nobody's of the book and the file proves it. */
#include "limits/limits_priv.h"

#include <stdlib.h>

struct effect_walk {
    struct psbt_effect *effect;
    const struct ledger *ledger;
    const struct psbt *psbt;
    struct outpoint *inputs; /* the payment's arrays, in the effect's arena */
    struct amount *in_values;
    uint32_t *out_wallets;
    struct amount *out_values;
    struct amount *deltas; /* per wallet of the book */
    bool *touched;
    bool has_foreign;
    struct err *err;
};

/* ---- inputs ------------------------------------------------------------------------------- */

/* What the PSBT says of a coin that the chain knows must be what the chain says. */
static int input_compare(const struct effect_walk *walk, size_t index,
                         const struct ledger_coin *coin)
{
    const struct psbt_in *in = &walk->psbt->ins[index];
    char said[AMOUNT_TEXT_SIZE];
    char known[AMOUNT_TEXT_SIZE];
    if (in->utxo == PSBT_UTXO_NONE)
        return 0;
    amount_format(said, in->value, 8);
    amount_format(known, coin->value, 8);
    if (!amount_equal(in->value, coin->value))
        return err_set(walk->err, SANAD_REFUSED, "input %zu: the PSBT says %s BTC, the chain %s",
                       index, said, known);
    if (!bytes_equal(in->script, coin->script))
        return err_set(walk->err, SANAD_REFUSED,
                       "input %zu: the PSBT says another script than the chain", index);
    return 0;
}

/* A coin that the book holds or held. One that left it (its wallet no longer counts) is spent by
 * somebody else, and its value is still the chain's. */
static int input_known(struct effect_walk *walk, size_t index, const struct ledger_coin *coin)
{
    if (coin->spent)
        return err_set(walk->err, SANAD_REFUSED, "input %zu: that coin was spent in block %u",
                       index, coin->spent_height);
    int code = input_compare(walk, index, coin);
    if (code != 0)
        return code;
    walk->in_values[index] = coin->value;
    if (!coin->held) {
        walk->has_foreign = true;
        return 0;
    }
    walk->effect->own_in = amount_add(walk->effect->own_in, coin->value);
    walk->deltas[coin->wallet] = amount_sub(walk->deltas[coin->wallet], coin->value);
    walk->touched[coin->wallet] = true;
    return 0;
}

/* A coin that the store does not have: somebody else's only where that is proved. */
static int input_unknown(struct effect_walk *walk, size_t index)
{
    const struct psbt_in *in = &walk->psbt->ins[index];
    uint32_t wallet;
    if (in->utxo != PSBT_UTXO_PROVED)
        return err_set(walk->err, SANAD_MISSING,
                       "input %zu: not a coin of the book, and nothing proves whose it is", index);
    if (ledger_script_wallet(walk->ledger, &wallet, in->script))
        return err_set(walk->err, SANAD_MISSING,
                       "input %zu: pays from a script of wallet %s, but the scan does not have "
                       "that coin",
                       index, ledger_book(walk->ledger)->wallets[wallet].id);
    walk->in_values[index] = in->value;
    walk->has_foreign = true;
    return 0;
}

/* What is wrong with any input is said before what is missing of another. */
static int inputs_take(struct effect_walk *walk)
{
    struct err *err = walk->err;
    struct err first = {0};
    struct err here = {0};
    walk->err = &here;
    for (size_t i = 0; i < walk->psbt->in_count; i++) {
        struct ledger_coin coin;
        walk->inputs[i] = walk->psbt->ins[i].prevout;
        int code = ledger_coin_find(&coin, walk->ledger, &walk->inputs[i])
                       ? input_known(walk, i, &coin)
                       : input_unknown(walk, i);
        if (code == SANAD_REFUSED || (code != 0 && first.code == 0))
            first = here;
        if (code == SANAD_REFUSED)
            break;
    }
    walk->err = err;
    return first.code ? err_set(err, (enum sanad_error)first.code, "%s", first.text) : 0;
}

/* ---- outputs ------------------------------------------------------------------------------ */

static void outputs_take(struct effect_walk *walk)
{
    for (size_t i = 0; i < walk->psbt->out_count; i++) {
        const struct tx_out *out = &walk->psbt->outs[i];
        uint32_t wallet;
        walk->out_values[i] = out->value;
        walk->out_wallets[i] = UINT32_MAX;
        if (!ledger_script_wallet(walk->ledger, &wallet, out->script))
            continue;
        walk->out_wallets[i] = wallet;
        walk->effect->own_out = amount_add(walk->effect->own_out, out->value);
        walk->deltas[wallet] = amount_add(walk->deltas[wallet], out->value);
        walk->touched[wallet] = true;
    }
}

static struct amount sum_of(const struct amount *values, size_t count)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < count; i++)
        sum = amount_add(sum, values[i]);
    return sum;
}

static int fee_make(struct effect_walk *walk)
{
    struct amount in = sum_of(walk->in_values, walk->psbt->in_count);
    struct amount out = sum_of(walk->out_values, walk->psbt->out_count);
    char in_text[AMOUNT_TEXT_SIZE];
    char out_text[AMOUNT_TEXT_SIZE];
    if (!amount_is_money(in)) /* funding transactions may be made up: the sum may even overflow */
        return err_set(walk->err, SANAD_REFUSED,
                       "the PSBT's inputs are worth over 21 million BTC together");
    walk->effect->fee = amount_sub(in, out);
    if (amount_compare(walk->effect->fee, amount_zero()) >= 0)
        return 0;
    amount_format(in_text, in, 8);
    amount_format(out_text, out, 8);
    return err_set(walk->err, SANAD_REFUSED, "the PSBT pays %s BTC and spends only %s", out_text,
                   in_text);
}

/* ---- the effect --------------------------------------------------------------------------- */

static void walk_begin(struct effect_walk *walk)
{
    struct arena *arena = &walk->effect->arena;
    size_t in_count = walk->psbt->in_count;
    size_t out_count = walk->psbt->out_count;
    size_t wallet_count = ledger_book(walk->ledger)->wallet_count;
    walk->inputs = arena_alloc(arena, in_count, sizeof *walk->inputs);
    walk->in_values = arena_alloc(arena, in_count, sizeof *walk->in_values);
    walk->out_wallets = arena_alloc(arena, out_count, sizeof *walk->out_wallets);
    walk->out_values = arena_alloc(arena, out_count, sizeof *walk->out_values);
    walk->deltas = mem_zalloc(wallet_count, sizeof *walk->deltas);
    walk->touched = mem_zalloc(wallet_count, sizeof *walk->touched);
    for (size_t i = 0; i < wallet_count; i++)
        walk->deltas[i] = amount_zero();
    walk->effect->own_in = walk->effect->own_out = amount_zero();
}

static void events_make(struct effect_walk *walk)
{
    struct psbt_effect *effect = walk->effect;
    size_t wallet_count = ledger_book(walk->ledger)->wallet_count;
    effect->events = arena_alloc(&effect->arena, wallet_count, sizeof *effect->events);
    for (size_t i = 0; i < wallet_count; i++)
        if (walk->touched[i])
            effect->events[effect->event_count++] =
                (struct limits_event){.wallet = (uint32_t)i, .delta = walk->deltas[i]};
}

static void payment_make(struct effect_walk *walk)
{
    walk->effect->payment = (struct trace_payment){.inputs = walk->inputs,
                                                   .in_values = walk->in_values,
                                                   .in_count = walk->psbt->in_count,
                                                   .out_wallets = walk->out_wallets,
                                                   .out_values = walk->out_values,
                                                   .out_count = walk->psbt->out_count};
}

int psbt_effect_make(struct psbt_effect *ret_effect, const struct ledger *ledger,
                     const struct psbt *psbt, struct err *err)
{
    struct psbt_effect effect = {0};
    struct effect_walk walk = {.effect = &effect, .ledger = ledger, .psbt = psbt, .err = err};
    walk_begin(&walk);
    int code = inputs_take(&walk);
    if (code == 0) {
        outputs_take(&walk);
        code = fee_make(&walk);
    }
    if (code == 0) {
        events_make(&walk);
        payment_make(&walk);
        effect.is_external = walk.has_foreign && amount_compare(effect.own_out, amount_zero()) > 0;
    }
    free(walk.deltas);
    free(walk.touched);
    if (code != 0) {
        psbt_effect_free(&effect);
        return code;
    }
    *ret_effect = effect;
    return 0;
}

void psbt_effect_free(struct psbt_effect *effect)
{
    arena_free(&effect->arena);
}
