/* Trace: coins that chosen transactions brought, followed through our own payments. Looks only
 * at transactions that spend such coins, in the order of the chain. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

#define NO_COIN UINT32_MAX

/* What an unspent coin is made of, where a part of it is followed. */
struct followed {
    size_t count;
    struct part parts[];
};

struct trace {
    const struct ledger *ledger;
    bool *wanted;
    enum trace_rule rule;
    struct followed **coins; /* per coin of the ledger; NULL: nothing of it is followed */
    struct trace_point *points;
    size_t point_count;
};

/* Where a transaction stands that brings or spends followed coins; `coin` leads to its block. */
struct place {
    uint32_t height;
    uint32_t tx_index;
    uint32_t coin;
    bool spends; /* the coin; else it makes it */
};
/* The marked wallets hold so much more from a block on, or less. */
struct event {
    uint32_t height;
    struct amount value; /* unknown: the coin's part is */
    bool ends;
};
/* What one walk over the chain carries. */
struct trace_walk {
    struct trace *trace;
    struct trace_inflow *inflows; /* sorted by txid */
    size_t inflow_count;
    struct place *places; /* a heap: the earliest is first */
    size_t place_count, place_capacity;
    struct event *events;
    size_t event_count, event_capacity;
    struct spread spread;
    struct parts parts;
    struct arena scratch; /* of one transaction */
};
/* One transaction while it is looked at. */
struct trace_view {
    struct fact_tx fact;
    struct tx tx;
    struct spread_in *ins;
    uint32_t *spent; /* per entry of ins: the coin, or NO_COIN */
    size_t in_count;
    struct amount own_in, own_out;           /* of wallets that count in its block */
    struct amount eligible_in, eligible_out; /* of them those that the inflow names */
    uint32_t *coins; /* per output: the coin, or NO_COIN where it is nobody's of the book */
    bool *eligible;  /* per output */
    const struct trace_inflow *inflows; /* that name this transaction */
    size_t inflow_count;
};

static const struct ledger *ledger_of(const struct trace_walk *walk)
{
    return walk->trace->ledger;
}

/* ---- the order of the chain ------------------------------------------------------------------ */

static bool place_before(const struct place *a, const struct place *b)
{
    return a->height != b->height ? a->height < b->height : a->tx_index < b->tx_index;
}

static void place_push(struct trace_walk *walk, const struct place *place)
{
    if (walk->place_count == walk->place_capacity) {
        walk->place_capacity = walk->place_capacity ? walk->place_capacity * 2 : 64;
        walk->places = mem_realloc(walk->places, walk->place_capacity, sizeof *walk->places);
    }
    size_t at = walk->place_count++;
    while (at > 0 && place_before(place, &walk->places[(at - 1) / 2])) {
        walk->places[at] = walk->places[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    walk->places[at] = *place;
}

static struct place place_pop(struct trace_walk *walk)
{
    struct place first = walk->places[0];
    struct place last = walk->places[--walk->place_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < walk->place_count; at = child) {
        if (child + 1 < walk->place_count &&
            place_before(&walk->places[child + 1], &walk->places[child]))
            child++;
        if (!place_before(&walk->places[child], &last))
            break;
        walk->places[at] = walk->places[child];
    }
    walk->places[at] = last;
    return first;
}

/* ---- what a coin is made of ------------------------------------------------------------------ */

static void coin_set(struct trace *trace, uint32_t coin, const struct parts *parts)
{
    free(trace->coins[coin]);
    trace->coins[coin] = NULL;
    bool any = false;
    for (size_t i = 0; i < parts->count; i++)
        any = any || parts->list[i].kind != PART_OTHER;
    if (!any)
        return;
    size_t size = parts->count * sizeof parts->list[0];
    struct followed *followed = mem_alloc(sizeof *followed + size);
    followed->count = parts->count;
    memcpy(followed->parts, parts->list, size);
    trace->coins[coin] = followed;
}

static struct amount coin_followed(const struct trace *trace, uint32_t coin)
{
    const struct followed *followed = trace->coins[coin];
    return followed ? parts_followed(followed->parts, followed->count) : amount_zero();
}

static struct spread_in coin_input(const struct trace *trace, uint32_t coin)
{
    const struct followed *followed = trace->coins[coin];
    return (struct spread_in){.value = trace->ledger->coins[coin].value,
                              .parts = followed ? followed->parts : NULL,
                              .part_count = followed ? followed->count : 0};
}

/* Other nations' coins stand in the same facts. */
static bool coin_of_book(const struct ledger *ledger, uint32_t coin)
{
    size_t count;
    (void)ledger_owners(ledger, &count, ledger->coin_script[coin]);
    return count > 0;
}

static void event_add(struct trace_walk *walk, uint32_t height, struct amount value, bool ends)
{
    if (walk->event_count == walk->event_capacity) {
        walk->event_capacity = walk->event_capacity ? walk->event_capacity * 2 : 64;
        walk->events = mem_realloc(walk->events, walk->event_capacity, sizeof *walk->events);
    }
    walk->events[walk->event_count++] =
        (struct event){.height = height, .value = value, .ends = ends};
}

/* A coin of which a part is followed was made: it counts while a marked wallet holds it, and
 * what spends it is looked at in its turn. */
static void coin_made(struct trace_walk *walk, uint32_t coin)
{
    const struct ledger *ledger = ledger_of(walk);
    const struct fact_coin *fact = &ledger->coins[coin];
    struct amount value = coin_followed(walk->trace, coin);
    size_t count;
    const struct holding *holdings = ledger_holdings_of(ledger, &count, coin);
    for (size_t i = 0; i < count; i++) {
        if (!walk->trace->wanted[holdings[i].wallet] || holdings[i].start > ledger->height)
            continue;
        event_add(walk, holdings[i].start, value, false);
        if (holdings[i].end <= ledger->height)
            event_add(walk, holdings[i].end, value, true);
    }
    if (fact->spent)
        place_push(walk, &(struct place){.height = fact->spent_height,
                                         .tx_index = fact->spent_tx_index,
                                         .coin = coin,
                                         .spends = true});
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static bool wallet_named(const struct trace_view *view, uint32_t wallet)
{
    for (size_t i = 0; i < view->inflow_count; i++)
        if (view->inflows[i].wallet == wallet || view->inflows[i].wallet == UINT32_MAX)
            return true;
    return false;
}

static void own_in_add(struct trace_view *view, uint32_t wallet, struct amount value)
{
    view->own_in = amount_add(view->own_in, value);
    if (wallet_named(view, wallet))
        view->eligible_in = amount_add(view->eligible_in, value);
}

static void coin_spend(struct trace_walk *walk, struct trace_view *view, uint32_t coin)
{
    view->spent[view->in_count] = coin;
    view->ins[view->in_count++] = coin_input(walk->trace, coin);
}

static void foreign_spend(struct trace_view *view, struct amount value)
{
    view->spent[view->in_count] = NO_COIN;
    view->ins[view->in_count++] = (struct spread_in){.value = value};
}

static void input_read(struct trace_walk *walk, struct trace_view *view, size_t input)
{
    const struct ledger *ledger = ledger_of(walk);
    const struct fact_prevout *prevout =
        input < view->fact.prevout_count ? &view->fact.prevouts[input] : NULL;
    struct coin_owner owner;
    const struct fact_coin *coin =
        ledger_coin_spent(ledger, &view->tx.ins[input].prevout, &view->fact.txid);
    if (coin)
        coin_spend(walk, view, (uint32_t)(coin - ledger->coins));
    else if (prevout && prevout->evidence == PREVOUT_PROVED)
        foreign_spend(view, prevout->value);
    else
        foreign_spend(view, amount_unknown());
    if (view->inflow_count > 0 && ledger_input_owner(ledger, &owner, &view->fact, &view->tx, input))
        own_in_add(view, owner.wallet, owner.value);
}

/* BIP30: the coins whose place the coinbase takes, as if it spent them; the rest is new. */
static void coinbase_read(struct trace_walk *walk, struct trace_view *view)
{
    const struct ledger *ledger = ledger_of(walk);
    struct amount fresh = amount_zero();
    for (size_t i = 0; i < view->tx.out_count; i++) {
        struct outpoint outpoint = {.txid = view->fact.txid, .vout = (uint32_t)i};
        const struct fact_coin *coin = ledger_coin_spent(ledger, &outpoint, &view->fact.txid);
        fresh = amount_add(fresh, view->tx.outs[i].value);
        if (!coin || coin->spent_height != view->fact.height)
            continue;
        coin_spend(walk, view, (uint32_t)(coin - ledger->coins));
        fresh = amount_sub(fresh, coin->value);
    }
    if (amount_compare(fresh, amount_zero()) > 0)
        foreign_spend(view, fresh);
}

static void inputs_read(struct trace_walk *walk, struct trace_view *view)
{
    bool coinbase = view->fact.tx_index == 0;
    size_t most = view->tx.in_count + view->tx.out_count + 1;
    view->ins = arena_alloc(&walk->scratch, most, sizeof *view->ins);
    view->spent = arena_alloc(&walk->scratch, most, sizeof *view->spent);
    for (size_t i = 0; i < view->tx.in_count && !coinbase; i++)
        input_read(walk, view, i);
    if (coinbase)
        coinbase_read(walk, view);
}

/* ---- outputs --------------------------------------------------------------------------------- */

/* What it is made of is known for a coin of any script that is ever the book's: it may begin to
 * count later. What a transaction brings goes to wallets that count in its block. */
static void output_read(struct trace_walk *walk, struct trace_view *view, size_t output)
{
    const struct ledger *ledger = ledger_of(walk);
    struct outpoint outpoint = {.txid = view->fact.txid, .vout = (uint32_t)output};
    struct amount value = view->tx.outs[output].value;
    uint32_t wallet, coin;
    view->coins[output] = NO_COIN;
    spread_next(&walk->spread, &walk->parts, value);
    if (!ledger_coin_made(ledger, &coin, &outpoint, view->fact.height) ||
        !coin_of_book(ledger, coin))
        return; /* what others get is gone */
    view->coins[output] = coin;
    coin_set(walk->trace, coin, &walk->parts);
    if (!ledger_owner(ledger, &wallet, ledger->coin_script[coin], view->fact.height))
        return;
    view->own_out = amount_add(view->own_out, value);
    view->eligible[output] = wallet_named(view, wallet);
    if (view->eligible[output])
        view->eligible_out = amount_add(view->eligible_out, value);
}

static void outputs_read(struct trace_walk *walk, struct trace_view *view)
{
    size_t count = view->tx.out_count;
    view->coins = arena_alloc(&walk->scratch, count, sizeof *view->coins);
    view->eligible = arena_alloc(&walk->scratch, count, sizeof *view->eligible);
    spread_begin(&walk->spread, walk->trace->rule, view->ins, view->in_count);
    for (size_t i = 0; i < count; i++)
        output_read(walk, view, i);
}

/* ---- what an inflow brings ------------------------------------------------------------------- */

static void part_mark(struct parts *parts, const struct part *part, struct amount marked,
                      bool from_end)
{
    struct amount rest = amount_sub(part->value, marked);
    parts_add(parts, from_end ? rest : marked, from_end ? PART_OTHER : PART_FOLLOWED);
    parts_add(parts, from_end ? marked : rest, from_end ? PART_FOLLOWED : PART_OTHER);
}

/* So much of a coin that was not followed becomes followed: its first satoshi, or its last. */
static void coin_mark(struct trace_walk *walk, uint32_t coin, struct amount value, bool from_end)
{
    struct trace *trace = walk->trace;
    const struct part whole = {.value = trace->ledger->coins[coin].value, .kind = PART_OTHER};
    const struct followed *followed = trace->coins[coin];
    const struct part *list = followed ? followed->parts : &whole;
    size_t count = followed ? followed->count : 1;
    struct amount skipped = amount_zero();
    if (from_end) /* what is not marked stands before it */
        skipped = amount_sub(parts_sum(list, count, PART_OTHER), value);
    walk->parts.count = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind != PART_OTHER) {
            parts_add(&walk->parts, list[i].value, list[i].kind);
            continue;
        }
        struct amount left = amount_min(skipped, list[i].value);
        struct amount marked = amount_min(value, amount_sub(list[i].value, left));
        skipped = amount_sub(skipped, left);
        value = amount_sub(value, marked);
        part_mark(&walk->parts, &list[i], marked, from_end);
    }
    coin_set(trace, coin, &walk->parts);
}

static struct amount coin_other(const struct trace *trace, uint32_t coin)
{
    const struct followed *followed = trace->coins[coin];
    return followed ? parts_sum(followed->parts, followed->count, PART_OTHER)
                    : trace->ledger->coins[coin].value;
}

static void brought_in_order(struct trace_walk *walk, const struct trace_view *view,
                             struct amount brought)
{
    bool from_end = walk->trace->rule == TRACE_LIFO;
    for (size_t i = 0; i < view->tx.out_count; i++) {
        size_t output = from_end ? view->tx.out_count - 1 - i : i;
        if (!view->eligible[output])
            continue;
        uint32_t coin = view->coins[output];
        struct amount value = amount_min(brought, coin_other(walk->trace, coin));
        coin_mark(walk, coin, value, from_end);
        brought = amount_sub(brought, value);
    }
}

static void brought_in_proportion(struct trace_walk *walk, const struct trace_view *view,
                                  struct amount brought)
{
    struct amount total = amount_zero(), so_far = amount_zero(), given = amount_zero();
    for (size_t i = 0; i < view->tx.out_count; i++)
        if (view->eligible[i])
            total = amount_add(total, coin_other(walk->trace, view->coins[i]));
    brought = amount_min(brought, total);
    for (size_t i = 0; i < view->tx.out_count && amount_compare(brought, amount_zero()) > 0; i++) {
        if (!view->eligible[i])
            continue;
        so_far = amount_add(so_far, coin_other(walk->trace, view->coins[i]));
        struct amount sum = amount_mul_div(brought, amount_minor(so_far), amount_minor(total));
        coin_mark(walk, view->coins[i], amount_sub(sum, given), false);
        given = sum;
    }
}

/* Never more than what came in net: for the book, and for the wallets that are named. What of
 * our own went round in the same transaction was ours before. */
static void brought_mark(struct trace_walk *walk, const struct trace_view *view)
{
    struct amount net = amount_sub(view->own_out, view->own_in);
    struct amount of_named = amount_sub(view->eligible_out, view->eligible_in);
    struct amount brought = amount_min(net, of_named);
    if (amount_compare(brought, amount_zero()) <= 0)
        return;
    if (walk->trace->rule == TRACE_PRO_RATA)
        brought_in_proportion(walk, view, brought);
    else
        brought_in_order(walk, view, brought);
}

/* ---- one transaction ------------------------------------------------------------------------- */

static int inflow_compare(const void *a, const void *b)
{
    const struct trace_inflow *x = a;
    const struct trace_inflow *y = b;
    return hash256_compare(&x->txid, &y->txid);
}

static void inflows_find(const struct trace_walk *walk, struct trace_view *view)
{
    size_t low = 0, high = walk->inflow_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hash256_compare(&walk->inflows[middle].txid, &view->fact.txid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    view->inflows = walk->inflows + low;
    while (low < walk->inflow_count && hash256_equal(&walk->inflows[low++].txid, &view->fact.txid))
        view->inflow_count++;
}

static int view_read(struct trace_walk *walk, struct trace_view *view, const struct place *place,
                     struct err *err)
{
    const struct fact_coin *coin = &ledger_of(walk)->coins[place->coin];
    const struct fact_place at = {.height = place->height, .tx_index = place->tx_index};
    bool found = false;
    int code = facts_tx_get(&view->fact, &found, ledger_of(walk)->facts,
                            place->spends ? &coin->spent_block_hash : &coin->block_hash, at,
                            &walk->scratch, err);
    if (code)
        return code;
    if (!found)
        return err_set(err, SANAD_REFUSED, "store: transaction %u of height %u is not kept",
                       place->tx_index, place->height);
    struct cursor cursor = cursor_of(view->fact.stripped);
    if (tx_parse(&view->tx, &cursor, &walk->scratch, err) != 0 || !cursor_done(&cursor))
        return err_set(err, SANAD_REFUSED, "store: a kept transaction at height %u does not parse",
                       place->height);
    return 0;
}

/* The coins are spent: what they were made of stands in the outputs now. */
static void spent_drop(struct trace_walk *walk, const struct trace_view *view)
{
    for (size_t i = 0; i < view->in_count; i++) {
        if (view->spent[i] == NO_COIN)
            continue;
        free(walk->trace->coins[view->spent[i]]);
        walk->trace->coins[view->spent[i]] = NULL;
    }
}

static int tx_follow(struct trace_walk *walk, const struct place *place, struct err *err)
{
    struct trace_view view = {.own_in = amount_zero(),
                              .own_out = amount_zero(),
                              .eligible_in = amount_zero(),
                              .eligible_out = amount_zero()};
    arena_reset(&walk->scratch);
    int code = view_read(walk, &view, place, err);
    if (code)
        return code;
    inflows_find(walk, &view);
    inputs_read(walk, &view);
    outputs_read(walk, &view);
    if (view.inflow_count > 0)
        brought_mark(walk, &view);
    spent_drop(walk, &view);
    for (size_t i = 0; i < view.tx.out_count; i++)
        if (view.coins[i] != NO_COIN && walk->trace->coins[view.coins[i]])
            coin_made(walk, view.coins[i]);
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void inflows_push(struct trace_walk *walk)
{
    const struct ledger *ledger = ledger_of(walk);
    for (size_t i = 0; i < walk->inflow_count; i++) {
        size_t count;
        const uint32_t *coins = ledger_coins_of(ledger, &count, &walk->inflows[i].txid);
        if (i > 0 && inflow_compare(&walk->inflows[i - 1], &walk->inflows[i]) == 0)
            continue;
        for (size_t c = 0; c < count; c++) {
            const struct fact_coin *coin = &ledger->coins[coins[c]];
            place_push(walk, &(struct place){.height = coin->height,
                                             .tx_index = coin->tx_index,
                                             .coin = coins[c]});
        }
    }
}

static int places_follow(struct trace_walk *walk, struct err *err)
{
    struct place last = {0};
    bool any = false;
    int code = 0;
    while (walk->place_count > 0 && code == 0) {
        struct place place = place_pop(walk);
        if (any && !place_before(&last, &place))
            continue; /* several coins lead to it */
        code = tx_follow(walk, &place, err);
        last = place;
        any = true;
    }
    return code;
}

static int event_compare(const void *a, const void *b)
{
    const struct event *x = a;
    const struct event *y = b;
    return x->height < y->height ? -1 : x->height > y->height;
}

static bool amount_same(struct amount a, struct amount b)
{
    return amount_equal(a, b) || (!amount_is_known(a) && !amount_is_known(b));
}

/* The sum is unknown while a coin is held whose part is. */
static void points_make(struct trace_walk *walk)
{
    struct trace *trace = walk->trace;
    struct amount sum = amount_zero(), before = amount_zero();
    size_t unknown = 0;
    trace->points = mem_zalloc(walk->event_count + 1, sizeof *trace->points);
    if (walk->event_count > 0)
        qsort(walk->events, walk->event_count, sizeof *walk->events, event_compare);
    for (size_t i = 0; i < walk->event_count; i++) {
        const struct event *event = &walk->events[i];
        if (!amount_is_known(event->value))
            unknown = event->ends ? unknown - 1 : unknown + 1;
        else
            sum = event->ends ? amount_sub(sum, event->value) : amount_add(sum, event->value);
        struct amount held = unknown ? amount_unknown() : sum;
        if ((i + 1 < walk->event_count && walk->events[i + 1].height == event->height) ||
            amount_same(held, before))
            continue;
        trace->points[trace->point_count++] =
            (struct trace_point){.height = event->height, .held = held};
        before = held;
    }
}

static void walk_free(struct trace_walk *walk)
{
    free(walk->inflows);
    free(walk->places);
    free(walk->events);
    spread_free(&walk->spread);
    parts_free(&walk->parts);
    arena_free(&walk->scratch);
}

int trace_new(struct trace **ret_trace, const struct ledger *ledger, const bool *wanted,
              const struct trace_inflow *inflows, size_t inflow_count, enum trace_rule rule,
              struct err *err)
{
    sanad_assert(rule < TRACE_RULE_COUNT);
    struct trace *trace = mem_zalloc(1, sizeof *trace);
    struct trace_walk walk = {.trace = trace, .inflow_count = inflow_count};
    size_t wallet_count = ledger->book->wallet_count;
    trace->ledger = ledger;
    trace->rule = rule;
    trace->wanted = mem_zalloc(wallet_count + 1, sizeof *trace->wanted);
    memcpy(trace->wanted, wanted, wallet_count * sizeof *wanted);
    trace->coins = mem_zalloc(ledger->coin_count + 1, sizeof *trace->coins); /* NOLINT: pointers */
    walk.inflows = mem_zalloc(inflow_count + 1, sizeof *walk.inflows);
    if (inflow_count > 0) {
        memcpy(walk.inflows, inflows, inflow_count * sizeof *inflows);
        qsort(walk.inflows, inflow_count, sizeof *walk.inflows, inflow_compare);
    }
    inflows_push(&walk);
    int code = places_follow(&walk, err);
    if (code == 0)
        points_make(&walk);
    walk_free(&walk);
    if (code)
        trace_free(trace);
    else
        *ret_trace = trace;
    return code;
}

void trace_free(struct trace *trace)
{
    if (!trace)
        return;
    for (size_t i = 0; i < trace->ledger->coin_count; i++)
        free(trace->coins[i]);
    free(trace->coins);
    free(trace->wanted);
    free(trace->points);
    free(trace);
}

const struct trace_point *trace_points(const struct trace *trace, size_t *ret_count)
{
    *ret_count = trace->point_count;
    return trace->points;
}

/* ---- a payment that has not happened --------------------------------------------------------- */

/* What of a coin the marked wallets hold after the last block. */
static struct amount coin_held(const struct trace *trace, uint32_t coin)
{
    size_t count;
    const struct holding *holdings = ledger_holdings_of(trace->ledger, &count, coin);
    for (size_t i = 0; i < count; i++)
        if (trace->wanted[holdings[i].wallet] && holdings[i].start <= trace->ledger->height &&
            holdings[i].end > trace->ledger->height)
            return coin_followed(trace, coin);
    return amount_zero();
}

/* The inputs, and what the marked wallets hold of them. */
static struct amount payment_inputs(const struct trace *trace, struct spread_in *ret_ins,
                                    const struct trace_payment *payment)
{
    struct amount held = amount_zero();
    for (size_t i = 0; i < payment->in_count; i++) {
        uint32_t coin;
        if (ledger_coin_newest(trace->ledger, &coin, &payment->inputs[i])) {
            ret_ins[i] = coin_input(trace, coin);
            held = amount_add(held, coin_held(trace, coin));
        } else {
            ret_ins[i] = (struct spread_in){.value = payment->in_values[i]};
        }
    }
    return held;
}

struct amount trace_payment_effect(const struct trace *trace, const struct trace_payment *payment)
{
    struct spread spread = {0};
    struct parts parts = {0};
    struct spread_in *ins = mem_zalloc(payment->in_count + 1, sizeof *ins);
    struct amount held = payment_inputs(trace, ins, payment);
    struct amount kept = amount_zero();
    spread_begin(&spread, trace->rule, ins, payment->in_count);
    for (size_t i = 0; i < payment->out_count; i++) {
        uint32_t wallet = payment->out_wallets[i];
        spread_next(&spread, &parts, payment->out_values[i]);
        if (wallet != UINT32_MAX && trace->wanted[wallet])
            kept = amount_add(kept, parts_followed(parts.list, parts.count));
    }
    spread_free(&spread);
    parts_free(&parts);
    free(ins);
    struct amount effect = amount_sub(kept, held);
    return amount_is_known(effect) ? amount_min(effect, amount_zero()) : effect;
}
