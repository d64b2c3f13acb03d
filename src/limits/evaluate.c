/* The evaluation of a programme's version on a day: every criterion's value, verdict, breaches
 * and reasons; a value a day where asked; and earlier versions that were broken. */
#include "limits/limits_priv.h"

#include <stdlib.h>

/* ---- the grid of days ----------------------------------------------------------------------- */

static void span_take(struct span *span, int64_t day)
{
    if (day == LIMITS_NO_DAY)
        return;
    span->first = day < span->first ? day : span->first;
    span->last = day > span->last ? day : span->last;
}

/* Every day from the first that anything is measured from to the last that is asked for. */
static struct span span_of(const struct programme *programme,
                           const struct programme_version *version,
                           const struct limits_options *options)
{
    struct span span = {.first = options->day, .last = options->day};
    if (options->has_daily) {
        span_take(&span, options->daily_from);
        span_take(&span, options->daily_to);
    }
    for (size_t v = 0; v < programme->version_count; v++) {
        const struct programme_version *at = &programme->versions[v];
        if (at != version && at->from > options->day)
            continue;
        for (size_t i = 0; i < at->criterion_count; i++) {
            const struct criterion *criterion = &at->criteria[i];
            span_take(&span, criterion->base);
            for (size_t d = 0; d < criterion->date_count; d++)
                if (criterion->dates[d].day <= options->day)
                    span_take(&span, criterion->dates[d].day);
        }
        if (at->from <= options->day)
            span_take(&span, at->from - LIMITS_DAY);
    }
    return span;
}

static int grid_make(struct evaluation *ret, const struct limits_knowledge *knowledge,
                     struct span span, struct arena *arena, struct err *err)
{
    int64_t count = (span.last - span.first) / LIMITS_DAY + 1;
    if (count > LIMITS_DAY_MAX)
        return err_set(err, SANAD_REFUSED, "%s: %lld days at once; at most %d",
                       knowledge->programme->id, (long long)count, LIMITS_DAY_MAX);
    int64_t *days = mem_alloc((size_t)count * sizeof *days);
    for (int64_t i = 0; i < count; i++)
        days[i] = span.first + i * LIMITS_DAY;
    int code = evaluation_make(ret, knowledge, days, (size_t)count, arena, err);
    free(days);
    return code;
}

/* ---- what-if -----------------------------------------------------------------------------------
 */

/* What an event adds to a term, and what of it is for nobody to say yet. */
struct added {
    struct amount value, open;
};

static int what_if_term(struct added *ret, struct evaluation *evaluation, size_t index,
                        const struct limits_what_if *what_if, struct err *err)
{
    const struct limits_term *term = &evaluation->programme->terms[index];
    const struct book *book = ledger_book(evaluation->knowledge->ledger);
    struct amount net = amount_zero();
    *ret = (struct added){amount_zero(), amount_zero()};
    if (term->kind == TERM_LIABILITIES || term->kind == TERM_SERIES)
        return 0;
    const struct perimeter *perimeter = &evaluation->programme->perimeters[term->perimeter];
    for (size_t i = 0; i < what_if->event_count; i++)
        if (perimeter_has_wallet(perimeter, book, what_if->events[i].wallet))
            net = amount_add(net, what_if->events[i].delta);
    bool enters = what_if->is_external && amount_compare(net, amount_zero()) > 0;
    if (term->kind == TERM_BALANCE)
        ret->value = net;
    else if (term->kind == TERM_FLOWS && enters && what_if->is_purchase)
        ret->value = term->meanings[FLOW_PURCHASE] ? net : amount_zero();
    else if (term->kind == TERM_FLOWS && enters && !term->unclassified_ignored)
        ret->open = net; /* nobody has said what it would be */
    else if (term->kind == TERM_HELD_FROM && what_if->payment)
        return term_payment_effect(&ret->value, evaluation->knowledge, index, what_if->payment,
                                   err);
    return 0;
}

static int what_if_make(struct evaluation *evaluation, const struct limits_options *options,
                        struct err *err)
{
    size_t count = evaluation->programme->term_count;
    if (!options->what_if)
        return 0;
    struct amount *values = arena_alloc(evaluation->arena, count + 1, sizeof *values);
    struct amount *opens = arena_alloc(evaluation->arena, count + 1, sizeof *opens);
    for (size_t i = 0; i < count; i++) {
        struct added added;
        int code = what_if_term(&added, evaluation, i, options->what_if, err);
        if (code)
            return code;
        values[i] = added.value;
        opens[i] = added.open;
    }
    evaluation->what_if = values;
    evaluation->what_if_open = opens;
    evaluation->what_if_day = options->day;
    return 0;
}

/* ---- terms of a criterion ------------------------------------------------------------------- */

static void terms_mark(bool *used, const struct expr *expr)
{
    if (expr->op == EXPR_TERM)
        used[expr->term] = true;
    for (size_t i = 0; i < expr->child_count; i++)
        terms_mark(used, &expr->children[i]);
}

void criterion_terms_mark(bool *used, const struct criterion *criterion)
{
    if (criterion->has_quantity)
        terms_mark(used, &criterion->quantity);
    for (size_t i = 0; i < criterion->adjustor_count; i++)
        terms_mark(used, &criterion->adjustors[i].quantity);
}

static int terms_fill(struct criterion_result *result, struct evaluation *evaluation,
                      struct err *err)
{
    const struct criterion *criterion = result->criterion;
    size_t count = evaluation->programme->term_count;
    bool *used = arena_alloc(evaluation->arena, count + 1, sizeof *used);
    criterion_terms_mark(used, criterion);
    result->terms = arena_alloc(evaluation->arena, count + 1, sizeof *result->terms);
    for (size_t i = 0; i < count; i++) {
        const struct term_value *values;
        if (!used[i])
            continue;
        int code = evaluation_term(&values, evaluation, i, err);
        if (code)
            return code;
        struct criterion_term *term = &result->terms[result->term_count++];
        *term = (struct criterion_term){
            .term = i,
            .at = values[evaluation_day(evaluation, result->day)],
            .base = {.value = amount_unknown(), .open = amount_zero(), .why = "no base date"}};
        if (criterion->base != LIMITS_NO_DAY && criterion->base <= result->day)
            term->base = values[evaluation_day(evaluation, criterion->base)];
    }
    return 0;
}

/* ---- breaches ------------------------------------------------------------------------------- */

static const struct waiver *waiver_of(const struct criterion *criterion,
                                      const struct breach *breach, int64_t last)
{
    int64_t end = breach->corrected == LIMITS_NO_DAY ? last : breach->corrected - LIMITS_DAY;
    for (size_t i = 0; i < criterion->waiver_count; i++)
        if (criterion->waivers[i].from <= breach->from && end <= criterion->waivers[i].until)
            return &criterion->waivers[i];
    return NULL;
}

static bool is_worse(const struct criterion *criterion, struct amount value, struct amount worst)
{
    int order = amount_compare(value, worst);
    return criterion->is_floor ? order < 0 : order > 0;
}

struct breach_walk {
    struct criterion_result *result;
    struct evaluation *evaluation;
    bool broken;
    size_t capacity;
};

static struct breach *breach_new(struct breach_walk *walk)
{
    struct criterion_result *result = walk->result;
    if (result->breach_count == walk->capacity) {
        size_t capacity = walk->capacity ? walk->capacity * 2 : 4;
        struct breach *breaches = arena_alloc(walk->evaluation->arena, capacity, sizeof *breaches);
        if (result->breaches)
            memcpy(breaches, result->breaches, result->breach_count * sizeof *breaches);
        result->breaches = breaches;
        walk->capacity = capacity;
    }
    return &result->breaches[result->breach_count++];
}

/* One day that is looked at; `before` is the day its first breach is compared with. */
static int breach_step(struct breach_walk *walk, int64_t day, int64_t before, struct err *err)
{
    struct judgement judgement;
    const struct criterion *criterion = walk->result->criterion;
    int code = criterion_judge(&judgement, walk->evaluation, criterion, day, err);
    if (code)
        return code;
    struct breach *last =
        walk->broken ? &walk->result->breaches[walk->result->breach_count - 1] : NULL;
    if (judgement.verdict == LIMITS_MET && last) {
        last->corrected = day;
        walk->broken = false;
    } else if (judgement.verdict == LIMITS_NOT_MET && !last) {
        last = breach_new(walk);
        *last = (struct breach){.from = day,
                                .corrected = LIMITS_NO_DAY,
                                .worst_day = day,
                                .worst = judgement.quantity.value};
        walk->broken = true;
        return criterion->has_quantity
                   ? change_make(&last->change, walk->evaluation, criterion, before, day, err)
                   : 0;
    } else if (judgement.verdict == LIMITS_NOT_MET && criterion->has_quantity &&
               is_worse(criterion, judgement.quantity.value, last->worst)) {
        last->worst = judgement.quantity.value;
        last->worst_day = day;
    }
    return 0;
}

struct span criterion_watched(const struct programme_version *version,
                              const struct criterion *criterion, int64_t day)
{
    struct span span = {.first = version->from, .last = day};
    if (criterion->base != LIMITS_NO_DAY && criterion->base >= span.first)
        span.first = criterion->base + LIMITS_DAY;
    if (version->until != INT64_MAX && version->until <= day)
        span.last = version->until - LIMITS_DAY;
    return span;
}

static int64_t change_start(const struct criterion *criterion, int64_t day, int64_t first)
{
    /* Broken on the first day that it is in force: what happened since the base date. */
    bool inherited = day == first && criterion->base != LIMITS_NO_DAY;
    return inherited ? criterion->base : day - LIMITS_DAY;
}

static int breaches_find(struct criterion_result *result, struct evaluation *evaluation,
                         int64_t day, struct err *err)
{
    const struct criterion *criterion = result->criterion;
    struct breach_walk walk = {.result = result, .evaluation = evaluation};
    struct span span = criterion_watched(result->version, criterion, day);
    int code = 0;
    if (!criterion->has_quantity)
        return 0;
    for (int64_t at = span.first;
         criterion->continuity == CONTINUOUS && at <= span.last && code == 0; at += LIMITS_DAY)
        code = breach_step(&walk, at, change_start(criterion, at, span.first), err);
    for (size_t i = 0; criterion->continuity == END_PERIOD && i < criterion->date_count; i++) {
        int64_t at = criterion->dates[i].day;
        if (at < span.first || at > span.last || code)
            continue;
        int64_t before = i > 0                              ? criterion->dates[i - 1].day
                         : criterion->base != LIMITS_NO_DAY ? criterion->base
                                                            : at - LIMITS_DAY;
        code = breach_step(&walk, at, before, err);
    }
    for (size_t i = 0; i < result->breach_count; i++)
        result->breaches[i].waiver = waiver_of(criterion, &result->breaches[i], span.last);
    return code;
}

/* ---- a criterion ------------------------------------------------------------------------------
 */

/* The newest test date reached; LIMITS_NO_DAY: none. */
static int64_t date_reached(const struct criterion *criterion, int64_t day)
{
    int64_t reached = LIMITS_NO_DAY;
    for (size_t i = 0; i < criterion->date_count && criterion->dates[i].day <= day; i++)
        reached = criterion->dates[i].day;
    return reached;
}

static void judgement_take(struct criterion_result *result, const struct judgement *judgement)
{
    const struct criterion *criterion = result->criterion;
    result->value = judgement->quantity.value;
    result->limit = judgement->limit;
    result->headroom = judgement->headroom;
    result->verdict = judgement->verdict;
    result->why = judgement->why;
    result->warning = judgement->verdict == LIMITS_MET && amount_is_known(judgement->headroom) &&
                      amount_compare(criterion->buffer, amount_zero()) > 0 &&
                      amount_compare(judgement->headroom, criterion->buffer) <= 0;
}

static int running_fill(struct criterion_result *result, struct evaluation *evaluation, int64_t day,
                        struct err *err)
{
    struct judgement judgement;
    int code = criterion_judge(&judgement, evaluation, result->criterion, day, err);
    if (code)
        return code;
    result->has_running = true;
    result->running_day = day;
    result->running_value = judgement.quantity.value;
    result->running_headroom = judgement.headroom;
    result->running_verdict = judgement.verdict;
    return 0;
}

static int since_base(struct criterion_result *result, struct evaluation *evaluation,
                      struct err *err)
{
    const struct criterion *criterion = result->criterion;
    int64_t from = criterion->base != LIMITS_NO_DAY && criterion->base < result->day
                       ? criterion->base
                       : evaluation->days[0].day;
    result->change = (struct limits_change){.from = from,
                                            .to = result->day,
                                            .before = amount_unknown(),
                                            .after = amount_unknown(),
                                            .rest = amount_unknown()};
    return criterion->has_quantity
               ? change_make(&result->change, evaluation, criterion, from, result->day, err)
               : 0;
}

static int result_make(struct criterion_result *ret, struct evaluation *evaluation,
                       const struct programme_version *version, const struct criterion *criterion,
                       int64_t day, struct err *err)
{
    bool tested = criterion->continuity == END_PERIOD && criterion->has_quantity;
    int64_t reached = tested ? date_reached(criterion, day) : day;
    bool what_if = evaluation->what_if != NULL; /* what would be is judged today */
    struct criterion_result result = {.version = version,
                                      .criterion = criterion,
                                      .preliminary = reached == LIMITS_NO_DAY,
                                      .changed_first = LIMITS_NO_DAY,
                                      .changed_last = LIMITS_NO_DAY};
    struct judgement judgement;
    result.day = result.preliminary || what_if ? day : reached;
    result.preliminary = result.preliminary || (what_if && tested && reached != day);
    const struct limits_day *on = &evaluation->days[evaluation_day(evaluation, result.day)];
    result.day_over = on->over || !on->any; /* a day without a block is not going on */
    result.in_force = version->from <= result.day && result.day < version->until;
    int code = criterion_judge(&judgement, evaluation, criterion, result.day, err);
    if (code == 0) {
        judgement_take(&result, &judgement);
        code = terms_fill(&result, evaluation, err);
    }
    if (code == 0)
        code = breaches_find(&result, evaluation, day, err);
    if (code == 0)
        code = since_base(&result, evaluation, err);
    if (code == 0 && tested && result.day != day)
        code = running_fill(&result, evaluation, day, err);
    if (code == 0)
        *ret = result;
    return code;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static int criteria_make(struct limits_result *result, struct evaluation *evaluation,
                         const struct limits_options *options, struct err *err)
{
    const struct programme_version *version = result->version;
    result->criteria =
        arena_alloc(evaluation->arena, version->criterion_count + 1, sizeof *result->criteria);
    for (size_t i = 0; i < version->criterion_count; i++) {
        struct criterion_result *criterion = &result->criteria[result->criterion_count++];
        int code =
            result_make(criterion, evaluation, version, &version->criteria[i], options->day, err);
        if (code)
            return code;
        if (criterion->verdict == LIMITS_UNDECIDED)
            result->complete = false;
    }
    return 0;
}

/* Versions that were replaced: what was broken under them stays told. */
static int earlier_make(struct limits_result *result, struct evaluation *evaluation,
                        const struct limits_options *options, struct err *err)
{
    const struct programme *programme = evaluation->programme;
    size_t count = 0;
    for (size_t v = 0; v < programme->version_count; v++)
        count += programme->versions[v].criterion_count;
    result->earlier = arena_alloc(evaluation->arena, count + 1, sizeof *result->earlier);
    for (size_t v = 0; v < programme->version_count && !options->what_if; v++) {
        const struct programme_version *version = &programme->versions[v];
        int64_t last = version->until == INT64_MAX ? options->day : version->until - LIMITS_DAY;
        if (version == result->version || last >= options->day)
            continue;
        for (size_t i = 0; i < version->criterion_count; i++) {
            struct criterion_result *earlier = &result->earlier[result->earlier_count];
            int code = result_make(earlier, evaluation, version, &version->criteria[i], last, err);
            if (code)
                return code;
            result->earlier_count += earlier->breach_count > 0;
        }
    }
    return 0;
}

static int daily_make(struct limits_result *result, struct evaluation *evaluation,
                      const struct limits_options *options, struct err *err)
{
    const struct programme_version *version = result->version;
    if (!options->has_daily)
        return 0;
    result->daily_count = (size_t)((options->daily_to - options->daily_from) / LIMITS_DAY) + 1;
    result->daily = arena_alloc(evaluation->arena, version->criterion_count * result->daily_count,
                                sizeof *result->daily);
    for (size_t i = 0; i < version->criterion_count; i++)
        for (size_t d = 0; d < result->daily_count; d++) {
            int64_t day = options->daily_from + (int64_t)d * LIMITS_DAY;
            struct judgement judgement;
            int code = criterion_judge(&judgement, evaluation, &version->criteria[i], day, err);
            if (code)
                return code;
            result->daily[i * result->daily_count + d] =
                (struct daily_value){.day = day,
                                     .value = judgement.quantity.value,
                                     .limit = judgement.limit,
                                     .headroom = judgement.headroom,
                                     .verdict = judgement.verdict,
                                     .over = evaluation->days[evaluation_day(evaluation, day)].over,
                                     .why = judgement.why};
        }
    return 0;
}

/* The version asked for; else the newest that began by the day; before the first one the first. */
static const struct programme_version *version_pick(const struct programme *programme,
                                                    const struct limits_options *options)
{
    const struct programme_version *version =
        options->version ? options->version : programme_version_at(programme, options->day);
    sanad_assert(programme->version_count > 0); /* programme_read refuses a programme without */
    for (size_t i = programme->version_count; i-- > 0 && !version;) /* none is in force */
        if (i == 0 || programme->versions[i].from <= options->day)
            version = &programme->versions[i];
    return version;
}

static int result_fill(struct limits_result *result, const struct limits_knowledge *knowledge,
                       const struct limits_options *options, struct err *err)
{
    struct evaluation evaluation;
    struct facts_state state;
    int code =
        grid_make(&evaluation, knowledge, span_of(knowledge->programme, result->version, options),
                  &result->arena, err);
    if (code == 0)
        code = facts_state_get(&state, ledger_facts(knowledge->ledger), err);
    if (code)
        return code;
    result->grade = state.grade;
    result->as_of = evaluation.days[evaluation_day(&evaluation, options->day)];
    if (result->as_of.any)
        code = facts_block_at(&result->block, ledger_facts(knowledge->ledger), result->as_of.height,
                              err);
    if (code == 0)
        code = what_if_make(&evaluation, options, err);
    if (code == 0)
        code = criteria_make(result, &evaluation, options, err);
    if (code == 0)
        code = earlier_make(result, &evaluation, options, err);
    return code ? code : daily_make(result, &evaluation, options, err);
}

int limits_evaluate(struct limits_result *ret_result, const struct limits_knowledge *knowledge,
                    const struct limits_options *options, struct err *err)
{
    struct limits_result result = {.knowledge = knowledge,
                                   .programme = knowledge->programme,
                                   .version = version_pick(knowledge->programme, options),
                                   .book = ledger_book(knowledge->ledger),
                                   .complete = true};
    if (options->has_daily && options->daily_from > options->daily_to)
        return err_set(err, SANAD_USAGE, "limits: the first day is after the last");
    int code = result_fill(&result, knowledge, options, err);
    if (code)
        limits_result_free(&result);
    else
        *ret_result = result;
    return code;
}

void limits_result_free(struct limits_result *result)
{
    arena_free(&result->arena);
    *result = (struct limits_result){0};
}
