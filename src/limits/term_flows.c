/* Terms on flows: what came in by flows of a meaning or class, and what is still held of coins
 * that came so. A meaning of a wallet goes before that of the whole transaction. */
#include "limits/limits_priv.h"

#include <stdlib.h>

static struct amount wallet_net(const struct flow_wallet *wallet)
{
    return amount_sub(wallet->out, wallet->in);
}

/* What is unknown may be positive. */
static bool may_be_inflow(struct amount net)
{
    return !amount_is_known(net) || amount_compare(net, amount_zero()) > 0;
}

static const char *wallet_id(const struct term_walk *walk, const struct flow_wallet *wallet)
{
    return ledger_book(walk->knowledge->ledger)->wallets[wallet->wallet].id;
}

/* ---- flows ------------------------------------------------------------------------------------
 */

/* Sums up to a block. */
struct flow_sum {
    struct amount value, open;
    size_t inflow_count, explained_count;
};

/* The part of a flow that one meaning speaks of (NULL: none does). Only what comes in counts. */
static void part_add(struct flow_sum *sum, const struct term_walk *walk, enum flow_class class_,
                     struct amount net, const enum flow_meaning *meaning)
{
    const struct limits_term *term = walk->term;
    if (!may_be_inflow(net))
        return;
    bool explained = meaning || class_ == FLOW_CLASS_MINED;
    sum->inflow_count++;
    sum->explained_count += explained;
    if (term->classes[class_] || (meaning && term->meanings[*meaning]))
        sum->value = amount_add(sum->value, net);
    else if (!explained && !term->unclassified_ignored)
        sum->open = amount_add(sum->open, net);
}

static void flow_add(struct flow_sum *sum, const struct term_walk *walk, const struct flow *flow)
{
    int64_t known = walk->knowledge->known;
    struct meaning_range range = meaning_index_find(&walk->meanings, &flow->txid);
    struct amount rest = amount_zero();
    enum flow_meaning meaning;
    bool by_class = walk->term->classes[flow->class_]; /* whatever its parts mean */
    for (size_t i = 0; i < flow->wallet_count; i++) {
        const struct flow_wallet *wallet = &flow->wallets[i];
        if (!walk->wanted[wallet->wallet])
            continue;
        if (!by_class && range.count && meaning_in(&meaning, range, wallet_id(walk, wallet), known))
            part_add(sum, walk, flow->class_, wallet_net(wallet), &meaning);
        else
            rest = amount_add(rest, wallet_net(wallet));
    }
    bool declared = meaning_in(&meaning, range, NULL, known);
    part_add(sum, walk, flow->class_, rest, declared ? &meaning : NULL);
}

static void flows_value(const struct term_walk *walk, size_t i, const struct flow_sum *sum)
{
    struct term_value *value = &walk->values[i];
    const struct limits_day *day = &walk->days[i];
    if (!amount_is_known(sum->value) || !amount_is_known(sum->open)) {
        value->why = "flows: the value of a coin is not proved";
        return;
    }
    value->value = sum->value;
    value->open = sum->open;
    value->source = day->any
                        ? term_text(walk, "declared flows up to block %u: %zu of %zu explained",
                                    day->height, sum->explained_count, sum->inflow_count)
                        : "before the first block of the chain";
}

void term_flows(const struct term_walk *walk)
{
    const struct flows *flows = walk->knowledge->flows;
    struct flow_sum sum = {.value = amount_zero(), .open = amount_zero()};
    size_t at = 0;
    sanad_assert(walk->wanted && flows);
    for (size_t i = 0; i < walk->count; i++) {
        for (; at < flows->count && day_has_block(&walk->days[i], flows->list[at].height); at++)
            flow_add(&sum, walk, &flows->list[at]);
        if (!walk->values[i].why)
            flows_value(walk, i, &sum);
    }
}

/* ---- coins still held --------------------------------------------------------------------------
 */

struct inflow_list {
    struct trace_inflow *list;
    size_t count;
    size_t capacity;
};

static void inflow_add(struct inflow_list *inflows, const struct flow *flow, uint32_t wallet)
{
    if (inflows->count == inflows->capacity) {
        inflows->capacity = inflows->capacity ? inflows->capacity * 2 : 64;
        inflows->list = mem_realloc(inflows->list, inflows->capacity, sizeof *inflows->list);
    }
    inflows->list[inflows->count++] = (struct trace_inflow){.txid = flow->txid, .wallet = wallet};
}

/* A flow that brought something in; what went out under the same name (a deposit handed back)
 * brings nothing. A wallet outside the perimeter may hand on what it received, so all count. */
static void flow_inflows(struct inflow_list *inflows, const struct term_walk *walk,
                         const struct flow *flow)
{
    int64_t known = walk->knowledge->known;
    struct meaning_range range = meaning_index_find(&walk->meanings, &flow->txid);
    enum flow_meaning meaning;
    size_t own_count = 0;
    if (range.count == 0)
        return;
    for (size_t i = 0; i < flow->wallet_count; i++) {
        const struct flow_wallet *wallet = &flow->wallets[i];
        if (!meaning_in(&meaning, range, wallet_id(walk, wallet), known))
            continue;
        own_count++;
        if (walk->term->meanings[meaning] && may_be_inflow(wallet_net(wallet)))
            inflow_add(inflows, flow, wallet->wallet);
    }
    if (!meaning_in(&meaning, range, NULL, known) || !walk->term->meanings[meaning] ||
        !may_be_inflow(flow->net))
        return;
    if (own_count == 0)
        inflow_add(inflows, flow, UINT32_MAX);
    for (size_t i = 0; i < flow->wallet_count && own_count > 0; i++)
        if (!meaning_in(&meaning, range, wallet_id(walk, &flow->wallets[i]), known))
            inflow_add(inflows, flow, flow->wallets[i].wallet);
}

int term_trace(struct trace **ret_trace, const struct term_walk *walk, size_t *ret_inflow_count,
               struct err *err)
{
    const struct flows *flows = walk->knowledge->flows;
    struct inflow_list inflows = {0};
    for (size_t i = 0; i < flows->count; i++)
        flow_inflows(&inflows, walk, &flows->list[i]);
    int code = trace_new(ret_trace, walk->knowledge->ledger, walk->wanted, inflows.list,
                         inflows.count, walk->term->mixing, err);
    if (code == 0 && ret_inflow_count)
        *ret_inflow_count = inflows.count;
    free(inflows.list);
    return code;
}

int term_held_from(const struct term_walk *walk, struct err *err)
{
    struct trace *trace;
    size_t inflow_count, count, at = 0;
    int code = term_trace(&trace, walk, &inflow_count, err);
    if (code)
        return code;
    const struct trace_point *points = trace_points(trace, &count);
    struct amount held = amount_zero();
    for (size_t i = 0; i < walk->count; i++) {
        const struct limits_day *day = &walk->days[i];
        struct term_value *value = &walk->values[i];
        for (; at < count && day_has_block(day, points[at].height); at++)
            held = points[at].held;
        if (value->why)
            continue;
        value->value = held;
        if (!amount_is_known(held))
            value->why = "coins followed: the value of an input is not proved";
        else
            value->source = day->any
                                ? term_text(walk, "documented inflows followed up to block %u: %zu",
                                            day->height, inflow_count)
                                : "before the first block of the chain";
    }
    trace_free(trace);
    return 0;
}
