/* Quantities: the value of an expression on a day, and how far unexplained flows could move
 * it. A missing input makes the whole unknown and keeps its sentence. */
#include "limits/limits_priv.h"

int evaluation_make(struct evaluation *ret, const struct limits_knowledge *knowledge,
                    const int64_t *days, size_t count, struct arena *arena, struct err *err)
{
    struct evaluation evaluation = {
        .knowledge = knowledge, .programme = knowledge->programme, .arena = arena};
    if (count > LIMITS_DAY_MAX)
        return err_set(err, SANAD_REFUSED, "%s: %zu days at once; at most %d",
                       knowledge->programme->id, count, LIMITS_DAY_MAX);
    evaluation.days = arena_alloc(arena, count + 1, sizeof *evaluation.days);
    evaluation.day_count = count;
    evaluation.terms =
        arena_alloc(arena, knowledge->programme->term_count + 1, sizeof(struct term_value *));
    int code = limits_days_make(evaluation.days, ledger_facts(knowledge->ledger),
                                knowledge->programme, days, count, err);
    if (code == 0)
        *ret = evaluation;
    return code;
}

/* Adds what would happen to every day from the one of the event on. */
static void what_if_add(struct evaluation *evaluation, size_t term, struct term_value *values)
{
    if (!evaluation->what_if)
        return;
    for (size_t i = 0; i < evaluation->day_count; i++)
        if (evaluation->days[i].day >= evaluation->what_if_day) {
            values[i].value = amount_add(values[i].value, evaluation->what_if[term]);
            values[i].open = amount_add(values[i].open, evaluation->what_if_open[term]);
        }
}

int evaluation_term(const struct term_value **ret_values, struct evaluation *evaluation,
                    size_t term, struct err *err)
{
    sanad_assert(term < evaluation->programme->term_count);
    if (!evaluation->terms[term]) {
        struct term_value *values =
            arena_alloc(evaluation->arena, evaluation->day_count + 1, sizeof *values);
        int code = limits_term_values(values, evaluation->knowledge, term, evaluation->days,
                                      evaluation->day_count, evaluation->arena, err);
        if (code)
            return code;
        what_if_add(evaluation, term, values);
        evaluation->terms[term] = values;
    }
    *ret_values = evaluation->terms[term];
    return 0;
}

size_t evaluation_day(const struct evaluation *evaluation, int64_t day)
{
    size_t low = 0;
    size_t high = evaluation->day_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (evaluation->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    sanad_assert(low < evaluation->day_count && evaluation->days[low].day == day);
    return low;
}

/* ---- arithmetic ---------------------------------------------------------------------------- */

static struct quantity quantity_of(struct amount value)
{
    return (struct quantity){.value = value, .low = value, .high = value};
}

static struct quantity quantity_unknown(const char *why)
{
    struct quantity quantity = quantity_of(amount_unknown());
    quantity.why = why;
    return quantity;
}

/* The sentence for a result that is not known although its inputs were. */
static struct quantity settled(struct quantity quantity, const char *why)
{
    if (amount_is_known(quantity.value) && amount_is_known(quantity.low) &&
        amount_is_known(quantity.high))
        return quantity;
    return quantity_unknown(why);
}

static struct quantity sum_of(struct quantity a, struct quantity b)
{
    return settled((struct quantity){.value = amount_add(a.value, b.value),
                                     .low = amount_add(a.low, b.low),
                                     .high = amount_add(a.high, b.high)},
                   "a sum is too large to be written");
}

static struct quantity difference_of(struct quantity a, struct quantity b)
{
    return settled((struct quantity){.value = amount_sub(a.value, b.value),
                                     .low = amount_sub(a.low, b.high),
                                     .high = amount_sub(a.high, b.low)},
                   "a difference is too large to be written");
}

static struct quantity times_of(struct quantity a, int64_t numerator, int64_t denominator)
{
    bool turns = (numerator < 0) != (denominator < 0);
    struct amount low = amount_mul_div(turns ? a.high : a.low, numerator, denominator);
    struct amount high = amount_mul_div(turns ? a.low : a.high, numerator, denominator);
    return settled((struct quantity){.value = amount_mul_div(a.value, numerator, denominator),
                                     .low = low,
                                     .high = high},
                   "a product is too large to be written");
}

static struct quantity extreme_of(struct quantity a, struct quantity b, bool smallest)
{
    struct amount (*pick)(struct amount, struct amount) = smallest ? amount_min : amount_max;
    return (struct quantity){
        .value = pick(a.value, b.value), .low = pick(a.low, b.low), .high = pick(a.high, b.high)};
}

enum { PERCENT_HUNDREDTHS = 10000 };

/* `whole` is not zero; what is divided by it keeps its sign. */
static struct amount share_of(struct amount part, struct amount whole)
{
    bool negative = amount_minor(whole) < 0;
    return amount_mul_div(part, negative ? -PERCENT_HUNDREDTHS : PERCENT_HUNDREDTHS,
                          amount_minor(negative ? amount_neg(whole) : whole));
}

/* A share; where the whole is not a single figure the corners bound it. */
static struct quantity percent_of(struct quantity a, struct quantity b)
{
    if (amount_minor(b.value) == 0 || amount_minor(b.low) == 0 || amount_minor(b.high) == 0 ||
        (amount_minor(b.low) < 0) != (amount_minor(b.high) < 0))
        return quantity_unknown("a share of nothing: the whole is zero");
    struct amount corners[] = {share_of(a.low, b.low), share_of(a.low, b.high),
                               share_of(a.high, b.low), share_of(a.high, b.high)};
    struct quantity share = quantity_of(share_of(a.value, b.value));
    for (size_t i = 0; i < countof(corners); i++)
        if (!amount_is_known(corners[i]))
            return quantity_unknown("a share is too large to be written");
    share.low = amount_min(amount_min(corners[0], corners[1]), amount_min(corners[2], corners[3]));
    share.high = amount_max(amount_max(corners[0], corners[1]), amount_max(corners[2], corners[3]));
    return settled(share, "a share is too large to be written");
}

/* ---- conversion ------------------------------------------------------------------------------ */

static const struct exchange_rate *rate_find(const struct programme *programme, const char *from,
                                             const char *to)
{
    for (size_t i = 0; i < programme->rate_count; i++)
        if (strcmp(programme->rates[i].from, from) == 0 && strcmp(programme->rates[i].to, to) == 0)
            return &programme->rates[i];
    return NULL;
}

static struct quantity convert_market(struct evaluation *evaluation, struct quantity a,
                                      const char *currency, size_t day)
{
    struct price_table *prices = evaluation->knowledge->prices;
    char why[224];
    if (!prices || strcmp(prices->currency, currency) != 0) {
        (void)snprintf(why, sizeof why, "no prices of a BTC in %s", currency);
        return quantity_unknown(arena_strdup(evaluation->arena, why));
    }
    struct valuation valuation = {0};
    valuation_make(&valuation, prices, evaluation->days[day].end, amount_of(SAT_PER_BTC));
    if (!valuation.any) {
        (void)snprintf(why, sizeof why, "no price of a BTC: %s", valuation.why_not);
        return quantity_unknown(arena_strdup(evaluation->arena, why));
    }
    return times_of(a, valuation.price_minor_per_btc, SAT_PER_BTC);
}

static struct quantity convert_of(struct evaluation *evaluation, const struct expr *expr,
                                  struct quantity a, size_t day)
{
    const char *from = expr->children[0].unit.name;
    if (expr->rate == RATE_MARKET)
        return convert_market(evaluation, a, expr->unit.name, day);
    const struct exchange_rate *rate = rate_find(evaluation->programme, from, expr->unit.name);
    sanad_assert(rate); /* programme_read looked */
    return times_of(a, rate->numerator, rate->denominator);
}

/* ---- the tree -------------------------------------------------------------------------------- */

static int term_at(struct quantity *ret, struct evaluation *evaluation, size_t term, int64_t day,
                   struct err *err)
{
    const struct term_value *values;
    int code = evaluation_term(&values, evaluation, term, err);
    if (code)
        return code;
    const struct term_value *value = &values[evaluation_day(evaluation, day)];
    if (value->why || !amount_is_known(value->value)) {
        *ret = quantity_unknown(value->why ? value->why : "a term is too large to be written");
        return 0;
    }
    *ret = quantity_of(value->value);
    ret->high = amount_add(value->value, value->open);
    *ret = settled(*ret, "a term is too large to be written");
    return 0;
}

static int change_at(struct quantity *ret, struct evaluation *evaluation, const struct expr *expr,
                     int64_t base, int64_t day, struct err *err)
{
    struct quantity then;
    struct quantity now;
    if (base == LIMITS_NO_DAY || day < base) {
        *ret = quantity_unknown("the day is before the base date");
        return 0;
    }
    int code = quantity_at(&now, evaluation, &expr->children[0], base, day, err);
    if (code == 0)
        code = quantity_at(&then, evaluation, &expr->children[0], base, base, err);
    if (code)
        return code;
    if (now.why || then.why) {
        *ret = quantity_unknown(now.why ? now.why : then.why);
        return 0;
    }
    /* What was open on the base date is open today too: only what came since counts. */
    struct quantity change = {.value = amount_sub(now.value, then.value),
                              .low = amount_sub(now.low, then.low),
                              .high = amount_sub(now.high, then.high)};
    change = settled(change, "a change is too large to be written");
    if (!change.why) {
        struct amount low = amount_min(change.low, change.high);
        struct amount high = amount_max(change.low, change.high);
        change.low = amount_min(low, change.value);
        change.high = amount_max(high, change.value);
    }
    *ret = change;
    return 0;
}

/* Two operands that are known. */
static struct quantity pair_of(const struct expr *expr, struct quantity a, struct quantity b)
{
    switch (expr->op) {
    case EXPR_SUM:
        return sum_of(a, b);
    case EXPR_DIFFERENCE:
        return difference_of(a, b);
    case EXPR_SMALLEST:
        return extreme_of(a, b, true);
    case EXPR_LARGEST:
        return extreme_of(a, b, false);
    case EXPR_PERCENT:
        return percent_of(a, b);
    case EXPR_TERM:
    case EXPR_CONSTANT:
    case EXPR_TIMES:
    case EXPR_CONVERT:
    case EXPR_CHANGE:
        break;
    }
    sanad_assert_fail("an operator of two operands", __FILE__, __LINE__);
}

static int children_at(struct quantity *ret, struct evaluation *evaluation, const struct expr *expr,
                       int64_t base, int64_t day, struct err *err)
{
    struct quantity all = {0};
    for (size_t i = 0; i < expr->child_count; i++) {
        struct quantity child;
        int code = quantity_at(&child, evaluation, &expr->children[i], base, day, err);
        if (code)
            return code;
        if (child.why) {
            *ret = child;
            return 0;
        }
        all = i == 0 ? child : pair_of(expr, all, child);
        if (all.why)
            break;
    }
    if (!all.why && expr->op == EXPR_TIMES)
        all = times_of(all, expr->numerator, expr->denominator);
    else if (!all.why && expr->op == EXPR_CONVERT)
        all = convert_of(evaluation, expr, all, evaluation_day(evaluation, day));
    *ret = all;
    return 0;
}

int quantity_at(struct quantity *ret, struct evaluation *evaluation, const struct expr *expr,
                int64_t base, int64_t day, struct err *err)
{
    switch (expr->op) {
    case EXPR_TERM:
        return term_at(ret, evaluation, expr->term, day, err);
    case EXPR_CONSTANT:
        *ret = quantity_of(expr->constant);
        return 0;
    case EXPR_CHANGE:
        return change_at(ret, evaluation, expr, base, day, err);
    case EXPR_SUM:
    case EXPR_DIFFERENCE:
    case EXPR_SMALLEST:
    case EXPR_LARGEST:
    case EXPR_TIMES:
    case EXPR_PERCENT:
    case EXPR_CONVERT:
        break;
    }
    return children_at(ret, evaluation, expr, base, day, err);
}
