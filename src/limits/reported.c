/* As reported and as restated: the same days judged with what was known when they were reported.
 * A verdict that changed is possible misreporting. */
#include "limits/limits_priv.h"

#include <stdlib.h>

/* A day with what was known when it was reported. */
struct report {
    struct limits_knowledge then;
    bool any; /* false: no book was declared, so that nothing was reported */
};
struct comparison {
    struct limits_result *result;
    struct evaluation now; /* every day with what is known now */
    struct report *reports;
    int64_t first; /* the day of the first of them */
    size_t count;
    struct arena scratch; /* of days with one book */
};
/* Days in a row whose reports stand on one book and differ in what else was known. */
struct stretch {
    struct comparison *comparison;
    const struct report *reports; /* of its days */
    int64_t first;
    size_t count;
    struct limits_day *days;
    int64_t *known;             /* a day each, never less than the day before */
    struct term_value **values; /* per term: a day each, as known for its report; NULL: unused */
};
/* The values on the base date of criteria, as known for each day's report. */
struct base {
    int64_t day; /* LIMITS_NO_DAY: they have none */
    struct limits_day of_chain;
    struct term_value **values; /* per term, a report each; NULL: unused */
};

/* ---- one day ----------------------------------------------------------------------------------
 */

static int64_t known_for(const struct programme *programme, int64_t day)
{
    int64_t lag = (int64_t)programme->lag_days * LIMITS_DAY;
    return programme_day_end(programme, day) + lag;
}

/* The criterion of the same version and id in another reading of the programme; or NULL. */
static const struct criterion *criterion_of(const struct programme *programme,
                                            const struct criterion_result *now)
{
    const struct programme_version *version = programme_version_find(programme, now->version->id);
    for (size_t i = 0; version && i < version->criterion_count; i++)
        if (strcmp(version->criteria[i].id, now->criterion->id) == 0)
            return &version->criteria[i];
    return NULL;
}

/* As it was known; NULL: its version was not yet. */
static const struct criterion *criterion_then(const struct limits_knowledge *then,
                                              const struct criterion_result *now)
{
    const struct programme_version *version =
        programme_version_find(then->programme, now->version->id);
    return version && version->known <= then->known ? criterion_of(then->programme, now) : NULL;
}

static bool is_watched(const struct criterion_result *result, int64_t day, int64_t asked)
{
    const struct criterion *criterion = result->criterion;
    struct span span = criterion_watched(result->version, criterion, asked);
    if (!criterion->has_quantity || (day != result->day && (day < span.first || day > span.last)))
        return false;
    if (day == result->day || criterion->continuity == CONTINUOUS)
        return true;
    for (size_t i = 0; i < criterion->date_count; i++)
        if (criterion->dates[i].day == day)
            return true;
    return false;
}

/* What was undecided said nothing, so that it can't be changed. */
static bool is_changed(enum limits_verdict then, enum limits_verdict now)
{
    return then != now && then != LIMITS_UNDECIDED && now != LIMITS_UNDECIDED;
}

static void reported_take(struct criterion_result *result, const struct judgement *then,
                          enum limits_verdict now, int64_t day, int64_t known)
{
    if (day == result->day) {
        result->has_reported = true;
        result->reported_known = known;
        result->reported_value = then->quantity.value;
        result->reported_verdict = then->verdict;
    }
    for (size_t i = 0; i < result->breach_count; i++)
        if (result->breaches[i].from == day) {
            result->breaches[i].has_reported = true;
            result->breaches[i].reported_verdict = then->verdict;
        }
    if (!is_changed(then->verdict, now))
        return;
    if (result->changed_days++ == 0)
        result->changed_first = day;
    result->changed_last = day;
    result->misreporting = true;
}

static int day_compare(struct comparison *comparison, struct criterion_result *result,
                       struct evaluation *then, int64_t day, struct err *err)
{
    struct judgement now;
    struct judgement reported;
    const struct criterion *criterion = criterion_then(then->knowledge, result);
    if (!criterion || !is_watched(result, day, comparison->result->as_of.day))
        return 0;
    int code = criterion_judge(&now, &comparison->now, result->criterion, day, err);
    if (code == 0)
        code = criterion_judge(&reported, then, criterion, day, err);
    if (code == 0)
        reported_take(result, &reported, now.verdict, day,
                      known_for(comparison->result->programme, day));
    return code;
}

/* ---- days with one book ------------------------------------------------------------------------
 */

static const struct programme *stretch_programme(const struct stretch *stretch)
{
    return stretch->reports[0].then.programme;
}

static int term_run(struct term_value **ret_values, const struct stretch *stretch, size_t term,
                    const struct limits_day *days, struct err *err)
{
    struct arena *arena = &stretch->comparison->scratch;
    if (*ret_values)
        return 0;
    struct term_value *values = arena_alloc(arena, stretch->count + 1, sizeof *values);
    int code = term_values_known(values, &stretch->reports[0].then, term, days, stretch->known,
                                 stretch->count, arena, err);
    *ret_values = values;
    return code;
}

/* Every term that is used on each day, and on the base date for each day's report. */
static int base_run(struct base *base, struct stretch *stretch, const bool *used, struct err *err)
{
    const struct programme *programme = stretch_programme(stretch);
    struct arena *arena = &stretch->comparison->scratch;
    struct limits_day *days = arena_alloc(arena, stretch->count + 1, sizeof *days);
    bool has_base = base->day != LIMITS_NO_DAY;
    int code = 0;
    base->values = arena_alloc(arena, programme->term_count + 1, sizeof(struct term_value *));
    if (has_base)
        code = limits_days_make(&base->of_chain, ledger_facts(stretch->reports[0].then.ledger),
                                programme, &base->day, 1, err);
    for (size_t i = 0; i < stretch->count && code == 0; i++)
        days[i] = base->of_chain;
    for (size_t t = 0; t < programme->term_count && code == 0; t++) {
        if (used[t])
            code = term_run(&stretch->values[t], stretch, t, stretch->days, err);
        if (used[t] && has_base && code == 0)
            code = term_run(&base->values[t], stretch, t, days, err);
    }
    return code;
}

/* An evaluation that knows two days, the base date and the one that is reported. */
static void pair_fill(struct evaluation *pair, const struct stretch *stretch,
                      const struct base *base, size_t i)
{
    bool has_base = base->day != LIMITS_NO_DAY && base->day < stretch->days[i].day;
    pair->knowledge = &stretch->reports[i].then;
    pair->day_count = has_base ? 2 : 1;
    pair->days[0] = base->of_chain;
    pair->days[has_base] = stretch->days[i];
    for (size_t t = 0; t < pair->programme->term_count; t++) {
        if (!stretch->values[t])
            continue;
        if (has_base && base->values[t])
            pair->terms[t][0] = base->values[t][i];
        pair->terms[t][has_base] = stretch->values[t][i];
    }
}

static struct evaluation pair_new(const struct stretch *stretch)
{
    struct arena *arena = &stretch->comparison->scratch;
    struct evaluation pair = {.programme = stretch_programme(stretch), .arena = arena};
    size_t count = pair.programme->term_count;
    struct term_value *values = arena_alloc(arena, 2 * count + 1, sizeof *values);
    pair.days = arena_alloc(arena, 2, sizeof *pair.days);
    pair.terms = arena_alloc(arena, count + 1, sizeof(struct term_value *));
    for (size_t t = 0; t < count; t++)
        pair.terms[t] = &values[2 * t];
    return pair;
}

/* The criteria of one base date. */
static int base_compare(struct stretch *stretch, int64_t day, struct err *err)
{
    struct limits_result *result = stretch->comparison->result;
    const struct programme *programme = stretch_programme(stretch);
    struct base base = {.day = day};
    bool *used =
        arena_alloc(&stretch->comparison->scratch, programme->term_count + 1, sizeof *used);
    bool *mine =
        arena_alloc(&stretch->comparison->scratch, result->criterion_count + 1, sizeof *mine);
    for (size_t i = 0; i < result->criterion_count; i++) {
        const struct criterion *then = criterion_of(programme, &result->criteria[i]);
        mine[i] = then && then->base == day;
        if (mine[i])
            criterion_terms_mark(used, then);
    }
    int code = base_run(&base, stretch, used, err);
    struct evaluation pair = pair_new(stretch);
    for (size_t d = 0; d < stretch->count && code == 0; d++) {
        pair_fill(&pair, stretch, &base, d);
        for (size_t i = 0; i < result->criterion_count && code == 0; i++)
            if (mine[i])
                code = day_compare(stretch->comparison, &result->criteria[i], &pair,
                                   stretch->days[d].day, err);
    }
    return code;
}

static bool base_is_new(const struct programme *programme, const struct limits_result *result,
                        size_t index, int64_t day)
{
    for (size_t i = 0; i < index; i++) {
        const struct criterion *before = criterion_of(programme, &result->criteria[i]);
        if (before && before->base == day)
            return false;
    }
    return true;
}

static int stretch_compare(struct stretch *stretch, struct err *err)
{
    struct limits_result *result = stretch->comparison->result;
    const struct programme *programme = stretch_programme(stretch);
    struct arena *arena = &stretch->comparison->scratch;
    arena_reset(arena);
    int64_t *days = arena_alloc(arena, stretch->count + 1, sizeof *days);
    stretch->days = arena_alloc(arena, stretch->count + 1, sizeof *stretch->days);
    stretch->known = arena_alloc(arena, stretch->count + 1, sizeof *stretch->known);
    stretch->values = arena_alloc(arena, programme->term_count + 1, sizeof(struct term_value *));
    for (size_t i = 0; i < stretch->count; i++) {
        days[i] = stretch->first + (int64_t)i * LIMITS_DAY;
        stretch->known[i] = stretch->reports[i].then.known;
    }
    int code = limits_days_make(stretch->days, ledger_facts(stretch->reports[0].then.ledger),
                                programme, days, stretch->count, err);
    for (size_t i = 0; i < result->criterion_count && code == 0; i++) {
        const struct criterion *then = criterion_of(programme, &result->criteria[i]);
        if (then && base_is_new(programme, result, i, then->base))
            code = base_compare(stretch, then->base, err);
    }
    return code;
}

/* Whether two reports differ in nothing but the time of their knowledge. */
static bool same_but_known(const struct report *a, const struct report *b)
{
    const struct limits_knowledge *x = &a->then;
    const struct limits_knowledge *y = &b->then;
    return a->any == b->any && x->programme == y->programme && x->ledger == y->ledger &&
           x->flows == y->flows && x->meanings == y->meanings && x->liabilities == y->liabilities &&
           x->series == y->series && x->series_count == y->series_count && x->prices == y->prices &&
           x->no_book == y->no_book && x->known <= y->known;
}

static int stretches_compare(struct comparison *comparison, struct err *err)
{
    size_t next;
    int code = 0;
    for (size_t first = 0; first < comparison->count && code == 0; first = next) {
        const struct report *reports = &comparison->reports[first];
        for (next = first + 1;
             next < comparison->count &&
             same_but_known(&comparison->reports[next - 1], &comparison->reports[next]);)
            next++;
        struct stretch stretch = {.comparison = comparison,
                                  .reports = reports,
                                  .first = comparison->first + (int64_t)first * LIMITS_DAY,
                                  .count = next - first};
        if (reports->any)
            code = stretch_compare(&stretch, err);
    }
    return code;
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

/* What was known for each day's report. */
static int reports_make(struct comparison *comparison, const struct limits_history *history,
                        struct err *err)
{
    for (size_t i = 0; i < comparison->count; i++) {
        struct report *report = &comparison->reports[i];
        const struct limits_knowledge *at = NULL;
        struct err reason = {0};
        int64_t day = comparison->first + (int64_t)i * LIMITS_DAY;
        int code = history->at(&at, history->context, known_for(comparison->result->programme, day),
                               &reason);
        report->any = code == 0;
        if (code == 0)
            report->then = *at;
        else if (code != SANAD_MISSING)
            return err_set(err, (enum sanad_error)code, "%s", reason.text);
    }
    return 0;
}

/* The days that any criterion is looked at. */
static struct span result_span(const struct limits_result *result)
{
    struct span span = {.first = result->as_of.day, .last = result->as_of.day};
    for (size_t i = 0; i < result->criterion_count; i++) {
        struct span at = criterion_watched(result->criteria[i].version,
                                           result->criteria[i].criterion, result->as_of.day);
        int64_t day = result->criteria[i].day;
        span.first = at.first < span.first ? at.first : span.first;
        span.first = day < span.first ? day : span.first;
    }
    return span;
}

static int int64_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The days of a span and every base date, ascending, each once. */
static size_t span_days(int64_t *ret_days, const struct limits_result *result, struct span span)
{
    size_t count = 0;
    size_t kept = 0;
    for (int64_t day = span.first; day <= span.last; day += LIMITS_DAY)
        ret_days[count++] = day;
    for (size_t i = 0; i < result->criterion_count; i++)
        if (result->criteria[i].criterion->base != LIMITS_NO_DAY)
            ret_days[count++] = result->criteria[i].criterion->base;
    qsort(ret_days, count, sizeof *ret_days, int64_compare);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ret_days[kept - 1] != ret_days[i])
            ret_days[kept++] = ret_days[i];
    return kept;
}

int limits_report_compare(struct limits_result *result, const struct limits_history *history,
                          struct err *err)
{
    struct span span = result_span(result);
    struct comparison comparison = {.result = result,
                                    .first = span.first,
                                    .count = (size_t)((span.last - span.first) / LIMITS_DAY) + 1};
    struct arena arena = {0};
    int64_t *days = mem_zalloc(comparison.count + result->criterion_count, sizeof *days);
    int code = evaluation_make(&comparison.now, result->knowledge, days,
                               span_days(days, result, span), &arena, err);
    free(days);
    comparison.reports = mem_zalloc(comparison.count, sizeof *comparison.reports);
    if (code == 0)
        code = reports_make(&comparison, history, err);
    if (code == 0)
        code = stretches_compare(&comparison, err);
    free(comparison.reports);
    arena_free(&comparison.scratch);
    arena_free(&arena);
    return code;
}
