/* Flows: every transaction that touched the book, once, by what the chain shows; and the
 * conservation of coins over a range of blocks. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

static const char *const class_names[] = {
#define X(name, text) [FLOW_CLASS_##name] = (text),
    FLOW_CLASSES(X)
#undef X
};

const char *flow_class_name(enum flow_class class_)
{
    sanad_assert(class_ < FLOW_CLASS_COUNT);
    return class_names[class_];
}

/* What one walk over the touched transactions carries. */
struct flow_walk {
    const struct ledger *ledger;
    const struct flows_options *options;
    struct flows *flows;
    size_t capacity;
    struct arena scratch; /* of one transaction */
};

/* One transaction while it is looked at. */
struct flow_view {
    const struct fact_tx *fact;
    struct tx tx;
    struct flow flow;
    size_t own_in_count, foreign_in_count, own_out_count;
    struct flow_wallet wallets[64];
    struct flow_wallet *many; /* where 64 do not do */
    size_t wallet_count;
};

static struct flow_wallet *view_wallet(struct flow_walk *walk, struct flow_view *view,
                                       uint32_t wallet)
{
    struct flow_wallet *list = view->many ? view->many : view->wallets;
    for (size_t i = 0; i < view->wallet_count; i++)
        if (list[i].wallet == wallet)
            return &list[i];
    if (view->wallet_count == countof(view->wallets) && !view->many) {
        view->many =
            arena_alloc(&walk->scratch, walk->ledger->book->wallet_count, sizeof *view->many);
        memcpy(view->many, view->wallets, sizeof view->wallets);
        list = view->many;
    }
    list[view->wallet_count] =
        (struct flow_wallet){.wallet = wallet, .in = amount_zero(), .out = amount_zero()};
    return &list[view->wallet_count++];
}

/* An input that spends a coin which is ours in this block; false where it is foreign. */
static bool input_own(struct flow_walk *walk, struct flow_view *view, size_t input)
{
    struct coin_owner owner;
    if (!ledger_input_owner(walk->ledger, &owner, view->fact, &view->tx, input))
        return false;
    struct flow_wallet *entry = view_wallet(walk, view, owner.wallet);
    entry->in = amount_add(entry->in, owner.value);
    view->flow.own_in = amount_add(view->flow.own_in, owner.value);
    if (owner.older)
        view->flow.older_in = amount_add(view->flow.older_in, owner.value);
    view->own_in_count++;
    return true;
}

static void inputs_add(struct flow_walk *walk, struct flow_view *view)
{
    if (view->fact->tx_index == 0)
        return; /* a coinbase spends nothing */
    for (size_t i = 0; i < view->tx.in_count; i++) {
        if (input_own(walk, view, i))
            continue;
        const struct fact_prevout *prevout =
            i < view->fact->prevout_count ? &view->fact->prevouts[i] : NULL;
        bool proved = prevout && prevout->evidence == PREVOUT_PROVED;
        view->flow.foreign_in =
            amount_add(view->flow.foreign_in, proved ? prevout->value : amount_unknown());
        view->foreign_in_count++;
    }
}

static void outputs_add(struct flow_walk *walk, struct flow_view *view)
{
    for (size_t i = 0; i < view->tx.out_count; i++) {
        const struct tx_out *out = &view->tx.outs[i];
        uint32_t wallet;
        if (!ledger_output_owner(walk->ledger, &wallet, out, view->fact->height)) {
            view->flow.foreign_out = amount_add(view->flow.foreign_out, out->value);
            continue;
        }
        struct flow_wallet *entry = view_wallet(walk, view, wallet);
        entry->out = amount_add(entry->out, out->value);
        view->flow.own_out = amount_add(view->flow.own_out, out->value);
        view->own_out_count++;
    }
}

/* BIP30: a coinbase with the txid of an older one takes its coins' place. */
static void overwritten_add(struct flow_walk *walk, struct flow_view *view)
{
    const struct ledger *ledger = walk->ledger;
    for (size_t i = 0; i < view->tx.out_count && view->fact->tx_index == 0; i++) {
        struct outpoint outpoint = {.txid = view->fact->txid, .vout = (uint32_t)i};
        const struct fact_coin *coin = ledger_coin_spent(ledger, &outpoint, &view->fact->txid);
        uint32_t wallet;
        if (!coin || coin->spent_height != view->fact->height ||
            !ledger_owner(ledger, &wallet, ledger->coin_script[coin - ledger->coins],
                          view->fact->height))
            continue;
        struct flow_wallet *entry = view_wallet(walk, view, wallet);
        entry->in = amount_add(entry->in, coin->value);
        view->flow.own_in = amount_add(view->flow.own_in, coin->value);
    }
}

static enum flow_class classify(const struct flow_view *view)
{
    if (view->fact->tx_index == 0)
        return FLOW_CLASS_MINED;
    if (view->own_in_count == 0)
        return FLOW_CLASS_EXTERNAL_IN;
    if (view->foreign_in_count > 0)
        return FLOW_CLASS_MIXED;
    bool leaves = amount_compare(view->flow.foreign_out, amount_zero()) > 0;
    return leaves ? FLOW_CLASS_EXTERNAL_OUT : FLOW_CLASS_INTERNAL;
}

static int declared_compare(const void *a, const void *b)
{
    const struct flow_declared *x = a;
    const struct flow_declared *y = b;
    return hash256_compare(&x->txid, &y->txid);
}

static const struct flow_declared *declared_find(const struct flows_options *options,
                                                 const struct hash256 *txid)
{
    struct flow_declared wanted = {.txid = *txid};
    return options->declared_count ? bsearch(&wanted, options->declared, options->declared_count,
                                             sizeof wanted, declared_compare)
                                   : NULL;
}

static int wallet_compare(const void *a, const void *b)
{
    const struct flow_wallet *x = a;
    const struct flow_wallet *y = b;
    return x->wallet < y->wallet ? -1 : x->wallet > y->wallet;
}

static void flow_finish(struct flow_walk *walk, struct flow_view *view)
{
    struct flow *flow = &view->flow;
    flow->class_ = classify(view);
    flow->net = amount_sub(flow->own_out, flow->own_in);
    struct amount in = amount_add(flow->own_in, flow->foreign_in);
    struct amount out = amount_add(flow->own_out, flow->foreign_out);
    bool proved = amount_equal(flow->older_in, amount_zero()); /* a rev file alone is no proof */
    flow->fee = flow->class_ == FLOW_CLASS_MINED ? amount_zero()
                : proved                         ? amount_sub(in, out)
                                                 : amount_unknown();
    flow->declared = declared_find(walk->options, &flow->txid);
    flow->round_trip = SIZE_MAX;
    struct flow_wallet *list = view->many ? view->many : view->wallets;
    qsort(list, view->wallet_count, sizeof *list, wallet_compare);
    flow->wallet_count = view->wallet_count;
    flow->wallets = arena_alloc(&walk->flows->arena, view->wallet_count, sizeof *list);
    memcpy(flow->wallets, list, view->wallet_count * sizeof *list);
}

static void flow_keep(struct flow_walk *walk, const struct flow *flow)
{
    struct flows *flows = walk->flows;
    if (flows->count == walk->capacity) {
        walk->capacity = walk->capacity ? walk->capacity * 2 : 64;
        flows->list = mem_realloc(flows->list, walk->capacity, sizeof *flows->list);
    }
    flows->list[flows->count++] = *flow;
}

static void possible_find(struct flow_walk *walk, struct flow_view *view);
static void parties_find(struct flow_walk *walk, struct flow_view *view);

static int flow_visit(void *context, const struct fact_tx *fact, struct err *err)
{
    struct flow_walk *walk = context;
    struct flow_view view = {.fact = fact};
    arena_reset(&walk->scratch);
    struct cursor cursor = cursor_of(fact->stripped);
    if (tx_parse(&view.tx, &cursor, &walk->scratch, err) != 0 || !cursor_done(&cursor))
        return err_set(err, SANAD_REFUSED, "store: a kept transaction at height %u does not parse",
                       fact->height);
    view.flow = (struct flow){.txid = fact->txid,
                              .block_hash = fact->block_hash,
                              .height = fact->height,
                              .tx_index = fact->tx_index,
                              .time = fact->block_time,
                              .median_time = fact->block_median_time,
                              .own_in = amount_zero(),
                              .older_in = amount_zero(),
                              .own_out = amount_zero(),
                              .foreign_in = amount_zero(),
                              .foreign_out = amount_zero()};
    inputs_add(walk, &view);
    outputs_add(walk, &view);
    overwritten_add(walk, &view);
    if (view.own_in_count == 0 && view.own_out_count == 0)
        return 0; /* it touches another book, or ours while the wallet does not count */
    flow_finish(walk, &view);
    if (walk->options->possible_own)
        possible_find(walk, &view);
    if (walk->options->labels)
        parties_find(walk, &view);
    flow_keep(walk, &view.flow);
    return 0;
}

/* ---- who was on the other side -------------------------------------------------------------- */

static struct counterparty *party_of(struct flow *flow, const char *label)
{
    for (size_t i = 0; i < flow->party_count; i++)
        if (strcmp(flow->parties[i].label, label) == 0)
            return &flow->parties[i];
    flow->parties[flow->party_count] =
        (struct counterparty){.label = label, .in = amount_zero(), .out = amount_zero()};
    return &flow->parties[flow->party_count++];
}

static void parties_find(struct flow_walk *walk, struct flow_view *view)
{
    struct flow *flow = &view->flow;
    flow->parties = arena_alloc(&walk->flows->arena, view->fact->prevout_count + view->tx.out_count,
                                sizeof *flow->parties);
    for (size_t i = 0; i < view->fact->prevout_count; i++) {
        const struct fact_prevout *prevout = &view->fact->prevouts[i];
        const char *label = label_find(walk->options->labels, prevout->script);
        struct coin_owner owner;
        if (!label || prevout->evidence == PREVOUT_UNKNOWN ||
            ledger_input_owner(walk->ledger, &owner, view->fact, &view->tx, i))
            continue;
        struct counterparty *party = party_of(flow, label);
        party->in = amount_add(party->in, prevout->value);
    }
    for (size_t i = 0; i < view->tx.out_count; i++) {
        const char *label = label_find(walk->options->labels, view->tx.outs[i].script);
        uint32_t wallet;
        if (!label ||
            ledger_output_owner(walk->ledger, &wallet, &view->tx.outs[i], view->fact->height))
            continue;
        struct counterparty *party = party_of(flow, label);
        party->out = amount_add(party->out, view->tx.outs[i].value);
    }
}

/* ---- hints of undeclared wallets ---------------------------------------------------------- */

static void possible_add(struct flow_walk *walk, struct flow *flow, const char *heuristic,
                         struct bytes script, struct amount value)
{
    flow->possible[flow->possible_count++] = (struct possible_own){
        .heuristic = heuristic, .script = arena_bytes(&walk->flows->arena, script), .value = value};
}

/* Of two outputs of a transaction that spends only our coins, the one of our inputs' script
 * kind may be change to an undeclared wallet when the other is of another kind. */
static void possible_change(struct flow_walk *walk, struct flow_view *view)
{
    if (view->flow.class_ != FLOW_CLASS_EXTERNAL_OUT || view->tx.out_count != 2 ||
        view->own_out_count != 0)
        return;
    struct coin_owner owner;
    bool own = ledger_input_owner(walk->ledger, &owner, view->fact, &view->tx, 0);
    sanad_assert(own); /* all inputs are */
    enum script_kind ours = script_kind_of(owner.script);
    bool first = script_kind_of(view->tx.outs[0].script) == ours;
    bool second = script_kind_of(view->tx.outs[1].script) == ours;
    if (first == second)
        return;
    const struct tx_out *change = &view->tx.outs[first ? 0 : 1];
    possible_add(walk, &view->flow, "change-script-kind", change->script, change->value);
}

/* Whether an input that is not ours was proved to spend a script of this kind. */
static bool foreign_kind(const struct flow *flow, enum script_kind kind)
{
    for (size_t i = 0; i < flow->possible_count; i++) /* the common inputs, so far */
        if (script_kind_of(flow->possible[i].script) == kind)
            return true;
    return false;
}

/* Who pays together with us has change too: of the outputs that are not ours the only one of
 * the script kind of the inputs that are not ours. */
static void possible_change_mixed(struct flow_walk *walk, struct flow_view *view)
{
    const struct tx_out *change = NULL;
    size_t count = 0;
    for (size_t i = 0; i < view->tx.out_count; i++) {
        const struct tx_out *out = &view->tx.outs[i];
        uint32_t wallet;
        if (script_unspendable(out->script) ||
            ledger_output_owner(walk->ledger, &wallet, out, view->fact->height) ||
            !foreign_kind(&view->flow, script_kind_of(out->script)))
            continue;
        change = out;
        count++;
    }
    if (count == 1)
        possible_add(walk, &view->flow, "change-script-kind", change->script, change->value);
}

static void possible_find(struct flow_walk *walk, struct flow_view *view)
{
    struct flow *flow = &view->flow;
    /* Every foreign input, and one change. */
    flow->possible =
        arena_alloc(&walk->flows->arena, view->foreign_in_count + 1, sizeof *flow->possible);
    /* Inputs of one transaction are usually signed by one owner. */
    for (size_t i = 0; i < view->fact->prevout_count && flow->class_ == FLOW_CLASS_MIXED; i++) {
        const struct fact_prevout *prevout = &view->fact->prevouts[i];
        struct coin_owner owner;
        bool own = ledger_input_owner(walk->ledger, &owner, view->fact, &view->tx, i);
        if (!own && prevout->evidence != PREVOUT_UNKNOWN)
            possible_add(walk, flow, "common-input", prevout->script, prevout->value);
    }
    if (flow->class_ == FLOW_CLASS_MIXED)
        possible_change_mixed(walk, view);
    else
        possible_change(walk, view);
}

/* ---- conservation ---------------------------------------------------------------------------- */

static struct amount balance_at(const struct ledger *ledger, int64_t height)
{
    struct amount balance = amount_zero();
    for (size_t i = 0; i < ledger->holding_count; i++)
        if ((int64_t)ledger->holdings[i].start <= height &&
            height < (int64_t)ledger->holdings[i].end)
            balance = amount_add(balance, ledger->coins[ledger->holdings[i].coin].value);
    return balance;
}

static void flows_conserve(struct flows *flows, const struct ledger *ledger)
{
    struct conservation sum = {.opening = balance_at(ledger, (int64_t)flows->from - 1),
                               .entered = amount_zero(),
                               .received = amount_zero(),
                               .sent = amount_zero(),
                               .fees = amount_zero(),
                               .left = amount_zero(),
                               .closing = balance_at(ledger, flows->to)};
    for (size_t i = 0; i < ledger->holding_count; i++) {
        const struct holding *holding = &ledger->holdings[i];
        struct amount value = ledger->coins[holding->coin].value;
        if (holding->entered && holding->start >= flows->from && holding->start <= flows->to)
            sum.entered = amount_add(sum.entered, value);
        if (holding->left && holding->end >= flows->from && holding->end <= flows->to)
            sum.left = amount_add(sum.left, value);
    }
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *flow = &flows->list[i];
        bool all_ours =
            flow->class_ == FLOW_CLASS_INTERNAL || flow->class_ == FLOW_CLASS_EXTERNAL_OUT;
        sum.entered = amount_add(sum.entered, flow->older_in);
        if (all_ours && amount_is_known(flow->fee)) {
            sum.sent = amount_add(sum.sent, flow->foreign_out);
            sum.fees = amount_add(sum.fees, flow->fee);
        } else if (amount_compare(flow->net, amount_zero()) > 0) {
            sum.received = amount_add(sum.received, flow->net);
        } else {
            sum.sent = amount_sub(sum.sent, flow->net);
        }
    }
    struct amount expected = amount_add(amount_add(sum.opening, sum.entered), sum.received);
    expected = amount_sub(amount_sub(amount_sub(expected, sum.sent), sum.fees), sum.left);
    sum.holds = amount_equal(expected, sum.closing);
    flows->conservation = sum;
}

int flows_make(struct flows *ret_flows, const struct ledger *ledger,
               const struct flows_options *options, struct err *err)
{
    sanad_assert(options->to <= ledger->height);
    if (options->from > options->to)
        return err_set(err, SANAD_USAGE, "flows: from height %u to %u", options->from, options->to);
    struct flows flows = {.params = ledger->book->params,
                          .book = ledger->book,
                          .from = options->from,
                          .to = options->to,
                          .grade = ledger->state.grade,
                          .complete = !ledger->incomplete_scripts};
    struct flow_walk walk = {.ledger = ledger, .options = options, .flows = &flows};
    struct fact_block block;
    if (ledger->state.anchored && ledger->state.first_height > 0)
        flows.first_height = facts_first_read(&ledger->state);
    if (facts_lack_older(&ledger->state) || snapshot_hides(ledger, options->to) > 0)
        flows.complete = false;
    int code = facts_block_at(&block, ledger->facts, options->to, err);
    if (code == 0)
        code = facts_txs(ledger->facts, options->from, options->to, flow_visit, &walk, err);
    arena_free(&walk.scratch);
    if (code) {
        flows_free(&flows);
        return code;
    }
    flows.to_hash = block.hash;
    for (size_t i = 0; i < ledger->book->wallet_count; i++)
        flows.complete = flows.complete && !ledger->book->wallets[i].commitment;
    round_trips_link(&flows, options->round_trip_blocks);
    flows_conserve(&flows, ledger);
    *ret_flows = flows;
    return 0;
}

void flows_free(struct flows *flows)
{
    free(flows->list);
    arena_free(&flows->arena);
    *flows = (struct flows){0};
}
