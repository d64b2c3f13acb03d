/* Payments: the story drafts them, this part chooses coins, works out the fee, lets them be
 * signed and enters them in the ledger. A draft that cannot be paid is our own mistake in
 * the story, so it is asserted. */
#include "sim/sim_priv.h"

enum {
    TX_VERSION = 2,
    SEQUENCE_FINAL = 0xffffffff,
    SEQUENCE_REPLACEABLE = 0xfffffffd,
    RATE_MIN = 2,        /* satoshi a virtual byte */
    RATE_SPAN = 11,      /* so 2 to 12 */
    DUST_SAT = 1000,     /* least that a rest may be */
    FEE_ROOM_SAT = 60000 /* taken beyond what is paid, so that the fee is covered */
};

void draft_begin(struct sim_draft *draft, struct sim *sim)
{
    draft->sim = sim;
    draft->coin_count = 0;
    draft->out_count = 0;
    draft->rest = SIM_NOBODY;
    draft->rest_branch = 0;
    draft->rate = (uint32_t)(RATE_MIN + sim_rand_below(&sim->choice, RATE_SPAN));
}

static void add_out(struct sim_draft *draft, enum sim_wallet_id to, uint32_t branch, uint32_t index,
                    struct amount value)
{
    struct sim_address address;
    sanad_assert(draft->out_count < SIM_OUT_MAX);
    sim_address_make(&address, draft->sim, to, branch, index);
    draft->outs[draft->out_count++] = (struct sim_out){
        .value = value, .script = address.script, .wallet = to, .branch = branch, .index = index};
}

static uint32_t next_index(struct sim *sim, enum sim_wallet_id to, uint32_t branch)
{
    return sim_plan(to)->single ? 0 : sim->wallets[to].next[branch]++;
}

void draft_pay(struct sim_draft *draft, enum sim_wallet_id to, int64_t sat)
{
    add_out(draft, to, 0, next_index(draft->sim, to, 0), amount_of(sat));
}

void draft_pay_index(struct sim_draft *draft, enum sim_wallet_id to, uint32_t index, int64_t sat)
{
    uint32_t *next = &draft->sim->wallets[to].next[0];
    if (index >= *next)
        *next = index + 1;
    add_out(draft, to, 0, index, amount_of(sat));
}

void draft_data(struct sim_draft *draft, const char *text)
{
    struct buf buf = buf_with_max(SIM_DATA_MAX + 2);
    size_t size = strlen(text);
    sanad_assert(draft->out_count < SIM_OUT_MAX && size <= SIM_DATA_MAX);
    buf_u8(&buf, 0x6a); /* OP_RETURN */
    buf_u8(&buf, (uint8_t)size);
    buf_text(&buf, text);
    draft->outs[draft->out_count++] =
        (struct sim_out){.value = amount_zero(),
                         .script = arena_bytes(&draft->sim->arena, buf_bytes(&buf)),
                         .wallet = SIM_NOBODY};
    buf_free(&buf);
}

/* ---- choice of coins ------------------------------------------------------------------------- */

static bool in_draft(const struct sim_draft *draft, uint32_t coin)
{
    for (size_t i = 0; i < draft->coin_count; i++)
        if (draft->coins[i] == coin)
            return true;
    return false;
}

static bool usable(const struct sim_draft *draft, uint32_t coin)
{
    const struct sim_coin *c = &draft->sim->coins[coin];
    return !c->excluded && sim_coin_mature(draft->sim, c) && !in_draft(draft, coin);
}

static void add_coin(struct sim_draft *draft, uint32_t coin)
{
    sanad_assert(draft->coin_count < SIM_IN_MAX);
    draft->coins[draft->coin_count++] = coin;
}

/* The smallest coin that is enough alone; where none is, the largest. */
static bool best_coin(uint32_t *ret_coin, bool *ret_enough, const struct sim_draft *draft,
                      enum sim_wallet_id from, struct amount need)
{
    const struct sim_wallet *wallet = &draft->sim->wallets[from];
    bool any = false, enough = false;
    for (size_t i = 0; i < wallet->coin_count; i++) {
        struct amount value = draft->sim->coins[wallet->coins[i]].value;
        if (!usable(draft, wallet->coins[i]))
            continue;
        bool fits = amount_compare(value, need) >= 0;
        int order = any ? amount_compare(value, draft->sim->coins[*ret_coin].value) : 0;
        bool better =
            !any || (fits && !enough) || (fits && order < 0) || (!fits && !enough && order > 0);
        if (!better)
            continue;
        *ret_coin = wallet->coins[i];
        any = true;
        enough = enough || fits;
    }
    *ret_enough = enough;
    return any;
}

void draft_take(struct sim_draft *draft, enum sim_wallet_id from, int64_t sat)
{
    struct amount need = amount_add(amount_of(sat), amount_of(FEE_ROOM_SAT));
    bool enough = false;
    while (!enough) {
        uint32_t coin = 0;
        sanad_assert(best_coin(&coin, &enough, draft, from, need));
        add_coin(draft, coin);
        need = amount_sub(need, draft->sim->coins[coin].value);
    }
}

void draft_take_count(struct sim_draft *draft, enum sim_wallet_id from, size_t count)
{
    const struct sim_wallet *wallet = &draft->sim->wallets[from];
    size_t taken = 0;
    for (size_t i = 0; i < wallet->coin_count && taken < count; i++)
        if (usable(draft, wallet->coins[i])) {
            add_coin(draft, wallet->coins[i]);
            taken++;
        }
    sanad_assert(taken > 0);
}

void draft_take_excluded(struct sim_draft *draft, enum sim_wallet_id from)
{
    const struct sim_wallet *wallet = &draft->sim->wallets[from];
    for (size_t i = 0; i < wallet->coin_count; i++)
        if (draft->sim->coins[wallet->coins[i]].excluded)
            add_coin(draft, wallet->coins[i]);
    sanad_assert(draft->coin_count > 0);
}

void draft_change(struct sim_draft *draft, enum sim_wallet_id to)
{
    const struct sim_wallet_plan *plan = sim_plan(to);
    draft->rest = to;
    draft->rest_branch = plan->one_branch || plan->single ? 0 : 1;
}

void draft_rest(struct sim_draft *draft, enum sim_wallet_id to)
{
    draft->rest = to;
    draft->rest_branch = 0;
}

struct amount draft_in(const struct sim_draft *draft)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < draft->coin_count; i++)
        sum = amount_add(sum, draft->sim->coins[draft->coins[i]].value);
    return sum;
}

static struct amount draft_out(const struct sim_draft *draft)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < draft->out_count; i++)
        sum = amount_add(sum, draft->outs[i].value);
    return sum;
}

/* ---- fee and rest ------------------------------------------------------------------------------
 */

/* Virtual bytes of an input, signatures at their longest. */
static uint64_t in_vsize(enum sim_wallet_id id)
{
    static const uint64_t sizes[] = {
        [KIND_PK] = 115,       [KIND_PKH] = 149,       [KIND_SH_WPKH] = 92, [KIND_WPKH] = 69,
        [KIND_SH_MULTI] = 300, [KIND_WSH_MULTI] = 150, [KIND_TR] = 58};
    return sizes[sim_plan(id)->kind];
}

static struct amount draft_fee(const struct sim_draft *draft)
{
    enum { HEAD_VSIZE = 12, OUT_VSIZE = 9, REST_VSIZE = 43 };
    uint64_t vsize = HEAD_VSIZE + REST_VSIZE;
    for (size_t i = 0; i < draft->coin_count; i++)
        vsize += in_vsize(draft->sim->coins[draft->coins[i]].wallet);
    for (size_t i = 0; i < draft->out_count; i++)
        vsize += OUT_VSIZE + draft->outs[i].script.size;
    return amount_of((int64_t)(vsize * draft->rate));
}

/* The rest becomes an output at a random place; one that is worth a fee only goes to the miner. */
static void place_rest(struct sim_draft *draft)
{
    struct amount rest =
        amount_sub(draft_in(draft), amount_add(draft_out(draft), draft_fee(draft)));
    if (draft->rest == SIM_NOBODY)
        return;
    sanad_assert(amount_compare(rest, amount_of(DUST_SAT)) >= 0);
    add_out(draft, draft->rest, draft->rest_branch,
            next_index(draft->sim, draft->rest, draft->rest_branch), rest);
    size_t last = draft->out_count - 1;
    size_t place = (size_t)sim_rand_below(&draft->sim->choice, draft->out_count);
    struct sim_out moved = draft->outs[last];
    draft->outs[last] = draft->outs[place];
    draft->outs[place] = moved;
}

void draft_sign_aside(struct sim_tx *ret_tx, struct sim_draft *draft)
{
    struct sim *sim = draft->sim;
    place_rest(draft);
    struct sim_tx tx = {.in_count = draft->coin_count,
                        .out_count = draft->out_count,
                        .height = SIM_NOT_MINED,
                        .sequence = sim_rand_below(&sim->choice, 2) ? SEQUENCE_FINAL
                                                                    : SEQUENCE_REPLACEABLE};
    tx.fee = amount_sub(draft_in(draft), draft_out(draft));
    sanad_assert(amount_is_money(tx.fee));
    tx.ins = arena_alloc(&sim->arena, tx.in_count, sizeof *tx.ins);
    tx.outs = arena_alloc(&sim->arena, tx.out_count, sizeof *tx.outs);
    memcpy(tx.outs, draft->outs, tx.out_count * sizeof *tx.outs);
    for (size_t i = 0; i < tx.in_count; i++)
        tx.ins[i].coin = draft->coins[i];
    sim_sign(sim, &tx);
    sim_tx_serialise(sim, &tx);
    *ret_tx = tx;
}

/* Coins that a seizure brought stay so while nothing else is mixed in. */
static bool all_excluded(const struct sim *sim, const struct sim_tx *tx)
{
    for (size_t i = 0; i < tx->in_count; i++)
        if (!sim->coins[tx->ins[i].coin].excluded)
            return false;
    return tx->in_count > 0;
}

static void enter(struct sim *sim, struct sim_tx *tx)
{
    bool excluded = all_excluded(sim, tx);
    tx->first_coin = (uint32_t)sim->coin_count;
    for (size_t i = 0; i < tx->in_count; i++)
        sim_coin_spend(sim, tx->ins[i].coin);
    for (size_t i = 0; i < tx->out_count; i++)
        sim_coin_add(sim, &(struct sim_coin){.outpoint = {.txid = tx->txid, .vout = (uint32_t)i},
                                             .value = tx->outs[i].value,
                                             .script = tx->outs[i].script,
                                             .wallet = tx->outs[i].wallet,
                                             .branch = tx->outs[i].branch,
                                             .index = tx->outs[i].index,
                                             .height = SIM_NOT_MINED,
                                             .excluded = excluded});
    sim->txs = sim_grow(sim->txs, sim->tx_count, &sim->tx_capacity, sizeof *sim->txs);
    sim->txs[sim->tx_count++] = *tx;
}

uint32_t draft_send(struct sim_draft *draft)
{
    struct sim_tx tx;
    draft_sign_aside(&tx, draft);
    enter(draft->sim, &tx);
    return (uint32_t)draft->sim->tx_count - 1;
}

uint32_t sim_send(struct sim *sim, enum sim_wallet_id from, enum sim_wallet_id to, int64_t sat)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take(&draft, from, sat);
    draft_pay(&draft, to, sat);
    draft_change(&draft, from);
    return draft_send(&draft);
}

uint32_t sim_sweep(struct sim *sim, enum sim_wallet_id from, enum sim_wallet_id to, size_t count)
{
    struct sim_draft draft;
    draft_begin(&draft, sim);
    draft_take_count(&draft, from, count);
    draft_rest(&draft, to);
    return draft_send(&draft);
}

/* ---- bytes
 * --------------------------------------------------------------------------------------- */

static void write_ins(struct buf *buf, const struct sim *sim, const struct sim_tx *tx)
{
    buf_compact(buf, tx->in_count);
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct outpoint *prevout = &sim->coins[tx->ins[i].coin].outpoint;
        buf_add(buf, bytes_of(prevout->txid.b, 32));
        buf_le32(buf, prevout->vout);
        buf_compact(buf, tx->ins[i].script_sig.size);
        buf_add(buf, tx->ins[i].script_sig);
        buf_le32(buf, tx->sequence);
    }
}

void sim_tx_outs(struct buf *buf, const struct sim_tx *tx)
{
    for (size_t i = 0; i < tx->out_count; i++) {
        buf_le64(buf, (uint64_t)amount_minor(tx->outs[i].value));
        buf_compact(buf, tx->outs[i].script.size);
        buf_add(buf, tx->outs[i].script);
    }
}

static void write_tx(struct buf *buf, const struct sim *sim, const struct sim_tx *tx, bool witness)
{
    buf_reset(buf);
    buf_le32(buf, TX_VERSION);
    if (witness) {
        buf_u8(buf, 0);
        buf_u8(buf, 1);
    }
    write_ins(buf, sim, tx);
    buf_compact(buf, tx->out_count);
    sim_tx_outs(buf, tx);
    for (size_t i = 0; witness && i < tx->in_count; i++)
        if (tx->ins[i].witness.size > 0)
            buf_add(buf, tx->ins[i].witness);
        else
            buf_u8(buf, 0);
    buf_le32(buf, tx->lock_time);
}

void sim_tx_serialise(struct sim *sim, struct sim_tx *tx)
{
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    tx->has_witness = false;
    for (size_t i = 0; i < tx->in_count; i++)
        tx->has_witness = tx->has_witness || tx->ins[i].witness.size > 0;
    write_tx(&buf, sim, tx, false);
    sha256d_of(&tx->txid, buf_bytes(&buf));
    write_tx(&buf, sim, tx, tx->has_witness);
    sha256d_of(&tx->wtxid, buf_bytes(&buf));
    tx->raw = arena_bytes(&sim->arena, buf_bytes(&buf));
    sanad_assert(!buf.bad);
    buf_free(&buf);
}
