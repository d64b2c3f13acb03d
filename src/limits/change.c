/* Why a quantity moved between two days: each term's change, told by what happened (a purchase, a
 * mined block, a customer paid out), and what no reason explains as a rest. */
#include "limits/limits_priv.h"

#include <stdlib.h>

/* One decomposition on its way. */
struct change_walk {
    struct evaluation *evaluation;
    const struct criterion *criterion;
    int64_t from, to;
    struct limits_change *change;
    struct amount largest[REASON_MAX]; /* of the flows of a reason, without sign */
};

/* ---- reasons -----------------------------------------------------------------------------------
 */

static bool same_who(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static struct amount size_of(struct amount a)
{
    return amount_compare(a, amount_zero()) < 0 ? amount_neg(a) : a;
}

static void reason_add(struct change_walk *walk, enum reason_kind kind, const char *who,
                       struct amount effect, const struct hash256 *txid)
{
    struct limits_change *change = walk->change;
    size_t at = 0;
    if (!amount_is_known(effect) || amount_equal(effect, amount_zero()))
        return;
    while (at < change->count &&
           (change->reasons[at].kind != kind || !same_who(change->reasons[at].who, who)))
        at++;
    if (at == REASON_MAX)
        return; /* it stays in the rest */
    if (at == change->count) {
        change->reasons[change->count++] =
            (struct reason){.kind = kind, .who = who, .effect = amount_zero()};
        walk->largest[at] = amount_zero();
    }
    struct reason *reason = &change->reasons[at];
    reason->effect = amount_add(reason->effect, effect);
    if (!txid)
        return;
    reason->count++;
    if (amount_compare(size_of(effect), walk->largest[at]) > 0) {
        walk->largest[at] = size_of(effect);
        reason->txid = *txid;
    }
}

/* ---- flows -------------------------------------------------------------------------------------
 */

/* The part of a flow that one meaning speaks of. */
struct flow_part {
    struct amount net;
    bool declared;
    enum flow_meaning meaning;
};

/* An own transfer costs its fee at most; one that crosses the perimeter moves more. */
static bool is_fee(const struct flow *flow, struct amount net)
{
    return flow->class_ == FLOW_CLASS_INTERNAL && amount_is_known(flow->fee) &&
           amount_compare(net, amount_zero()) <= 0 &&
           amount_compare(amount_neg(net), flow->fee) <= 0;
}

static enum reason_kind flow_reason(const struct flow *flow, const struct flow_part *part)
{
    bool in = amount_compare(part->net, amount_zero()) > 0;
    if (flow->class_ == FLOW_CLASS_MINED || (part->declared && part->meaning == FLOW_POOL_PAYOUT))
        return REASON_MINED;
    if (is_fee(flow, part->net))
        return REASON_FEES;
    if (!part->declared)
        return in ? REASON_UNCLASSIFIED_IN : REASON_UNCLASSIFIED_OUT;
    if (part->meaning == FLOW_PURCHASE && in)
        return REASON_PURCHASE;
    if (part->meaning == FLOW_SALE && !in)
        return REASON_SALE;
    return in ? REASON_OTHER_IN : REASON_OTHER_OUT;
}

/* The first flow above a height. */
static size_t flow_after(const struct flows *flows, uint32_t height)
{
    size_t low = 0;
    size_t high = flows->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (flows->list[middle].height <= height)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool *wanted_of(const struct change_walk *walk, const struct limits_term *term)
{
    const struct book *book = ledger_book(walk->evaluation->knowledge->ledger);
    bool *wanted = mem_zalloc(book->wallet_count + 1, sizeof *wanted);
    for (uint32_t i = 0; i < book->wallet_count; i++)
        wanted[i] = perimeter_has_wallet(&walk->evaluation->programme->perimeters[term->perimeter],
                                         book, i);
    return wanted;
}

/* How a term's change counts in the quantity. */
struct weight {
    int64_t numerator, denominator;
};

static struct amount weigh(struct amount amount, struct weight weight)
{
    return amount_mul_div(amount, weight.numerator, weight.denominator);
}

/* Whether a part counts in a term on declared flows, which takes inflows alone. */
static bool counts_in_flows(const struct limits_term *term, const struct flow *flow,
                            const struct flow_part *part)
{
    if (amount_compare(part->net, amount_zero()) <= 0)
        return false;
    return term->classes[flow->class_] || (part->declared && term->meanings[part->meaning]);
}

/* Where the flows of a term are told. */
struct flow_walk {
    struct change_walk *walk;
    const struct limits_term *term;
    struct weight weight;
    bool *wanted;
};

static void part_explain(const struct flow_walk *of, const struct flow *flow,
                         const struct flow_part *part)
{
    if (!amount_is_known(part->net) ||
        (of->term->kind == TERM_FLOWS && !counts_in_flows(of->term, flow, part)))
        return;
    reason_add(of->walk, flow_reason(flow, part), NULL, weigh(part->net, of->weight), &flow->txid);
}

/* As the terms have it: a meaning of a wallet goes before that of the whole transaction. */
static void flow_explain(const struct flow_walk *of, const struct flow *flow)
{
    const struct limits_knowledge *knowledge = of->walk->evaluation->knowledge;
    const struct book *book = ledger_book(knowledge->ledger);
    struct meaning_range range = meaning_index_find(&of->walk->evaluation->meanings, &flow->txid);
    struct flow_part rest = {.net = amount_zero()};
    bool by_class = of->term->kind == TERM_FLOWS && of->term->classes[flow->class_];
    for (size_t i = 0; i < flow->wallet_count; i++) {
        const struct flow_wallet *wallet = &flow->wallets[i];
        struct flow_part part = {.net = amount_sub(wallet->out, wallet->in), .declared = true};
        if (!of->wanted[wallet->wallet])
            continue;
        if (!by_class &&
            meaning_in(&part.meaning, range, book->wallets[wallet->wallet].id, knowledge->known))
            part_explain(of, flow, &part);
        else
            rest.net = amount_add(rest.net, part.net);
    }
    rest.declared = meaning_in(&rest.meaning, range, NULL, knowledge->known);
    part_explain(of, flow, &rest);
}

static void flows_explain(struct change_walk *walk, const struct limits_term *term,
                          struct weight weight, const uint32_t heights[2])
{
    const struct flows *flows = walk->evaluation->knowledge->flows;
    struct flow_walk of = {
        .walk = walk, .term = term, .weight = weight, .wanted = wanted_of(walk, term)};
    struct evaluation *evaluation = walk->evaluation;
    if (!evaluation->meanings.meanings)
        evaluation->meanings =
            meaning_index_make(evaluation->knowledge->meanings, evaluation->arena);
    for (size_t i = flow_after(flows, heights[0]);
         i < flows->count && flows->list[i].height <= heights[1]; i++)
        flow_explain(&of, &flows->list[i]);
    free(of.wanted);
}

static void wallets_explain(struct change_walk *walk, const struct limits_term *term,
                            struct weight weight, const uint32_t heights[2])
{
    size_t count;
    const struct wallet_change *changes =
        ledger_changes(walk->evaluation->knowledge->ledger, &count);
    bool *wanted = wanted_of(walk, term);
    for (size_t i = 0; i < count; i++)
        if (changes[i].membership && wanted[changes[i].wallet] && changes[i].height > heights[0] &&
            changes[i].height <= heights[1])
            reason_add(walk, REASON_WALLETS, NULL, weigh(changes[i].value, weight), NULL);
    free(wanted);
}

/* ---- liabilities and series ----------------------------------------------------------------- */

/* The only debtor whose lines changed between two instants; NULL: none, or several. */
static const char *debtor_of(const struct change_walk *walk, const struct limits_term *term,
                             const int64_t ends[2])
{
    const struct limits_knowledge *knowledge = walk->evaluation->knowledge;
    const struct book *book = ledger_book(knowledge->ledger);
    const struct perimeter *perimeter = &walk->evaluation->programme->perimeters[term->perimeter];
    const char *debtor = NULL;
    for (size_t i = 0; i < knowledge->liabilities->count; i++) {
        const struct limits_record *line = &knowledge->liabilities->list[i];
        if (line->time <= ends[0] || line->time > ends[1] ||
            perimeter_has_holder(perimeter, book, line->holder, line->holder_sector))
            continue;
        if (debtor && strcmp(debtor, line->entity) != 0)
            return NULL;
        debtor = line->entity;
    }
    return debtor;
}

/* ---- the tree ---------------------------------------------------------------------------------
 */

static int term_explain(struct change_walk *walk, size_t index, struct weight weight,
                        struct err *err)
{
    struct evaluation *evaluation = walk->evaluation;
    const struct limits_term *term = &evaluation->programme->terms[index];
    const struct limits_day *from = &evaluation->days[evaluation_day(evaluation, walk->from)];
    const struct limits_day *to = &evaluation->days[evaluation_day(evaluation, walk->to)];
    const struct term_value *values;
    int code = evaluation_term(&values, evaluation, index, err);
    if (code)
        return code;
    struct amount delta =
        amount_sub(values[to - evaluation->days].value, values[from - evaluation->days].value);
    /* A chain from its first block has nothing before it. */
    const uint32_t heights[2] = {from->any ? from->height : 0, to->any ? to->height : 0};
    const int64_t ends[2] = {from->end, to->end};
    switch (term->kind) {
    case TERM_BALANCE:
        flows_explain(walk, term, weight, heights);
        wallets_explain(walk, term, weight, heights);
        break;
    case TERM_FLOWS:
        flows_explain(walk, term, weight, heights);
        break;
    case TERM_HELD_FROM:
        reason_add(walk, REASON_EXCLUDED, NULL, weigh(delta, weight), NULL);
        break;
    case TERM_LIABILITIES:
        reason_add(walk, REASON_LIABILITIES, debtor_of(walk, term, ends), weigh(delta, weight),
                   NULL);
        break;
    case TERM_SERIES:
        reason_add(walk, REASON_SERIES, term->series, weigh(delta, weight), NULL);
        break;
    }
    return 0;
}

/* Only what is linear is told term by term; the rest stays a rest. */
static int expr_explain(struct change_walk *walk, const struct expr *expr, struct weight weight,
                        struct err *err)
{
    if (expr->op == EXPR_TERM)
        return term_explain(walk, expr->term, weight, err);
    if (expr->op == EXPR_TIMES) {
        bool fits =
            !__builtin_mul_overflow(weight.numerator, expr->numerator, &weight.numerator) &&
            !__builtin_mul_overflow(weight.denominator, expr->denominator, &weight.denominator);
        if (!fits)
            return 0;
    } else if (expr->op != EXPR_SUM && expr->op != EXPR_DIFFERENCE && expr->op != EXPR_CHANGE) {
        return 0;
    }
    for (size_t i = 0; i < expr->child_count; i++) {
        struct weight part = weight;
        if (expr->op == EXPR_DIFFERENCE && i > 0)
            part.numerator = -part.numerator;
        int code = expr_explain(walk, &expr->children[i], part, err);
        if (code)
            return code;
    }
    return 0;
}

static void kinds_mark(bool *kinds, const struct programme *programme, const struct expr *expr)
{
    if (expr->op == EXPR_TERM)
        kinds[programme->terms[expr->term].kind] = true;
    for (size_t i = 0; i < expr->child_count; i++)
        kinds_mark(kinds, programme, &expr->children[i]);
}

static enum limits_subject subject_of(const struct programme *programme, const struct expr *expr)
{
    bool kinds[TERM_SERIES + 1] = {false};
    kinds_mark(kinds, programme, expr);
    if (kinds[TERM_BALANCE] && (kinds[TERM_LIABILITIES] || kinds[TERM_HELD_FROM]))
        return SUBJECT_NET_POSITION;
    return kinds[TERM_FLOWS] && !kinds[TERM_BALANCE] && !kinds[TERM_SERIES] ? SUBJECT_ACQUISITIONS
                                                                            : SUBJECT_FIGURE;
}

static int reason_compare(const void *a, const void *b)
{
    const struct reason *x = a;
    const struct reason *y = b;
    int order = amount_compare(size_of(y->effect), size_of(x->effect));
    return order ? order : (x->kind < y->kind ? -1 : x->kind > y->kind);
}

int change_make(struct limits_change *ret, struct evaluation *evaluation,
                const struct criterion *criterion, int64_t from, int64_t to, struct err *err)
{
    struct limits_change change = {
        .from = from, .to = to, .before = amount_unknown(), .after = amount_unknown()};
    struct change_walk walk = {.evaluation = evaluation,
                               .criterion = criterion,
                               .from = from,
                               .to = to,
                               .change = &change};
    struct quantity before;
    struct quantity after;
    int code = quantity_at(&before, evaluation, &criterion->quantity, criterion->base, from, err);
    if (code == 0)
        code = quantity_at(&after, evaluation, &criterion->quantity, criterion->base, to, err);
    if (code)
        return code;
    change.subject = subject_of(evaluation->programme, &criterion->quantity);
    change.before = before.value;
    change.after = after.value;
    change.rest = amount_sub(after.value, before.value);
    if (amount_is_known(change.rest))
        code = expr_explain(&walk, &criterion->quantity, (struct weight){1, 1}, err);
    if (code)
        return code;
    for (size_t i = 0; i < change.count; i++)
        change.rest = amount_sub(change.rest, change.reasons[i].effect);
    qsort(change.reasons, change.count, sizeof *change.reasons, reason_compare);
    *ret = change;
    return 0;
}
