/* A criterion on a day: its limit with adjustors, and the verdict. */
#include "limits/limits_priv.h"

static const char *const verdict_names[] = {
    [LIMITS_MET] = "met", [LIMITS_UNDECIDED] = "undecided", [LIMITS_NOT_MET] = "not-met"};

const char *limits_verdict_name(enum limits_verdict verdict)
{
    sanad_assert((unsigned)verdict < countof(verdict_names));
    return verdict_names[verdict];
}

/* The limit of the next test date, after the last one that of the last. */
static struct amount limit_on(const struct criterion *criterion, int64_t day)
{
    struct amount limit = criterion->limit;
    for (size_t i = 0; i < criterion->date_count; i++) {
        limit = criterion->dates[i].limit;
        if (criterion->dates[i].day >= day)
            break;
    }
    return limit;
}

/* A limit, and between what it may lie as long as flows of its adjustors are unexplained. */
struct bounds {
    struct amount value, low, high;
};

static struct amount step_of(const struct adjustor *adjustor, struct amount by)
{
    struct amount step = amount_max(by, amount_zero());
    return amount_is_known(adjustor->cap) ? amount_min(step, adjustor->cap) : step;
}

static struct bounds bounds_moved(struct bounds limit, const struct adjustor *adjustor,
                                  const struct quantity *by)
{
    bool up = adjustor->direction > 0;
    struct amount value = step_of(adjustor, by->value);
    struct amount low = step_of(adjustor, up ? by->low : by->high);
    struct amount high = step_of(adjustor, up ? by->high : by->low);
    return (struct bounds){
        .value = up ? amount_add(limit.value, value) : amount_sub(limit.value, value),
        .low = up ? amount_add(limit.low, low) : amount_sub(limit.low, low),
        .high = up ? amount_add(limit.high, high) : amount_sub(limit.high, high)};
}

/* limit + direction * min(max(quantity, 0), cap) for each adjustor. */
static int limit_adjusted(struct bounds *ret_limit, const char **ret_why,
                          struct evaluation *evaluation, const struct criterion *criterion,
                          int64_t day, struct err *err)
{
    struct amount plain = limit_on(criterion, day);
    struct bounds limit = {plain, plain, plain};
    *ret_why = NULL;
    for (size_t i = 0; i < criterion->adjustor_count && !*ret_why; i++) {
        const struct adjustor *adjustor = &criterion->adjustors[i];
        struct quantity by;
        int code = quantity_at(&by, evaluation, &adjustor->quantity, criterion->base, day, err);
        if (code)
            return code;
        if (!by.why)
            limit = bounds_moved(limit, adjustor, &by);
        if (by.why)
            *ret_why = by.why;
        else if (!amount_is_known(limit.value) || !amount_is_known(limit.low) ||
                 !amount_is_known(limit.high))
            *ret_why = "the adjusted limit is too large to be written";
    }
    if (*ret_why)
        limit = (struct bounds){amount_unknown(), amount_unknown(), amount_unknown()};
    *ret_limit = limit;
    return 0;
}

static struct amount headroom_of(const struct criterion *criterion, struct amount value,
                                 struct amount limit)
{
    return criterion->is_floor ? amount_sub(value, limit) : amount_sub(limit, value);
}

static const char *open_why(struct evaluation *evaluation, const struct criterion *criterion,
                            struct amount open)
{
    char text[AMOUNT_TEXT_SIZE];
    char why[192];
    amount_format(text, open, criterion->unit.decimals);
    (void)snprintf(why, sizeof why,
                   "flows of %s %s are unclassified: whether they count decides the verdict", text,
                   criterion->unit.name);
    return arena_strdup(evaluation->arena, why);
}

/* Broken where it is whatever the open flows mean; met likewise. */
static void verdict_make(struct judgement *judgement, struct evaluation *evaluation,
                         const struct criterion *criterion, const struct bounds *limit)
{
    const struct quantity *quantity = &judgement->quantity;
    bool floor = criterion->is_floor;
    struct amount worst = headroom_of(criterion, floor ? quantity->low : quantity->high,
                                      floor ? limit->high : limit->low);
    struct amount best = headroom_of(criterion, floor ? quantity->high : quantity->low,
                                     floor ? limit->low : limit->high);
    struct amount zero = amount_zero();
    if (!amount_is_known(worst) || !amount_is_known(best))
        judgement->why = "the headroom is too large to be written";
    else if (amount_compare(worst, zero) >= 0)
        judgement->verdict = LIMITS_MET;
    else if (amount_compare(best, zero) < 0)
        judgement->verdict = LIMITS_NOT_MET;
    else
        judgement->why = open_why(evaluation, criterion, amount_sub(best, worst));
}

/* Benchmarks and prior actions: done by their day, or not. */
static void action_judge(struct judgement *ret, const struct criterion *criterion, int64_t day)
{
    const struct action *action = &criterion->action;
    ret->quantity = (struct quantity){
        .value = amount_unknown(), .low = amount_unknown(), .high = amount_unknown()};
    ret->limit = ret->headroom = amount_unknown();
    ret->verdict = LIMITS_UNDECIDED;
    if (action->status == ACTION_DONE && action->on <= day)
        ret->verdict = action->on <= action->due ? LIMITS_MET : LIMITS_NOT_MET;
    else if (action->status == ACTION_UNKNOWN)
        ret->why = "nothing is on record of whether it was done";
    else if (day <= action->due)
        ret->why = "it is not due yet and not done";
    else
        ret->verdict = LIMITS_NOT_MET;
}

int criterion_judge(struct judgement *ret, struct evaluation *evaluation,
                    const struct criterion *criterion, int64_t day, struct err *err)
{
    struct judgement judgement = {.verdict = LIMITS_UNDECIDED};
    struct bounds limit;
    if (!criterion->has_quantity) {
        action_judge(ret, criterion, day);
        return 0;
    }
    int code = quantity_at(&judgement.quantity, evaluation, &criterion->quantity, criterion->base,
                           day, err);
    if (code == 0)
        code = limit_adjusted(&limit, &judgement.why, evaluation, criterion, day, err);
    if (code)
        return code;
    judgement.limit = limit.value;
    judgement.headroom = headroom_of(criterion, judgement.quantity.value, judgement.limit);
    if (judgement.quantity.why)
        judgement.why = judgement.quantity.why;
    else if (!judgement.why && !amount_is_known(judgement.headroom))
        judgement.why = "the headroom is too large to be written";
    if (!judgement.why)
        verdict_make(&judgement, evaluation, criterion, &limit);
    *ret = judgement;
    return 0;
}
