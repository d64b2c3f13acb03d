/* As reported and as restated: the same days judged with what was known when they were reported.
 * A verdict that changed is possible misreporting. */
#include "limits/limits_priv.h"

#include <stdlib.h>

/* Something that came to be known at `learned` and bears on days that end at `time` or later. */
struct lesson {
    int64_t time;
    int64_t learned;
};
struct comparison {
    struct limits_result *result;
    const struct limits_history *history;
    struct evaluation now;  /* every day with what is known now */
    struct lesson *lessons; /* in the order in which they were learned */
    size_t lesson_count;
    struct arena scratch; /* of one group of days */
};

/* ---- what was learned when --------------------------------------------------------------------
 */

static int lesson_compare(const void *a, const void *b)
{
    const struct lesson *x = a;
    const struct lesson *y = b;
    return x->learned < y->learned ? -1 : x->learned > y->learned;
}

enum { LESSON_OF_RECORD_MAX = 3 };

/* A record stands when it is known, maybe another way when it is approved, and no longer when it
 * is rejected. */
static void lesson_add(struct comparison *comparison, int64_t time, int64_t known, int64_t decided,
                       int64_t rejected)
{
    comparison->lessons[comparison->lesson_count++] = (struct lesson){time, known};
    if (decided != INT64_MAX)
        comparison->lessons[comparison->lesson_count++] = (struct lesson){time, decided};
    if (rejected != 0)
        comparison->lessons[comparison->lesson_count++] = (struct lesson){time, rejected};
}

struct txid_time {
    const struct hash256 *txid;
    int64_t time; /* median time: the block's own may be of the day after */
};

static int txid_compare(const void *a, const void *b)
{
    const struct txid_time *x = a;
    const struct txid_time *y = b;
    return hash256_compare(x->txid, y->txid);
}

static void meanings_learn(struct comparison *comparison, const struct limits_knowledge *now)
{
    struct txid_time *times = mem_zalloc(now->flows->count + 1, sizeof *times);
    for (size_t i = 0; i < now->flows->count; i++)
        times[i] = (struct txid_time){&now->flows->list[i].txid, now->flows->list[i].median_time};
    qsort(times, now->flows->count, sizeof *times, txid_compare);
    for (size_t i = 0; i < now->meanings->count; i++) {
        const struct limits_meaning *meaning = &now->meanings->list[i];
        struct txid_time wanted = {&meaning->txid, 0};
        const struct txid_time *flow =
            bsearch(&wanted, times, now->flows->count, sizeof *times, txid_compare);
        if (flow)
            lesson_add(comparison, flow->time, meaning->known, meaning->decided, meaning->rejected);
    }
    free(times);
}

static void records_learn(struct comparison *comparison, const struct limits_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        lesson_add(comparison, records->list[i].time, records->list[i].known,
                   records->list[i].decided, records->list[i].rejected);
}

static void lessons_make(struct comparison *comparison)
{
    const struct limits_knowledge *now = comparison->result->knowledge;
    size_t count = (now->meanings ? now->meanings->count : 0) +
                   (now->liabilities ? now->liabilities->count : 0);
    for (size_t i = 0; i < now->series_count; i++)
        count += now->series[i].count;
    comparison->lessons = mem_zalloc(LESSON_OF_RECORD_MAX * count + 1, sizeof *comparison->lessons);
    if (now->meanings)
        meanings_learn(comparison, now);
    if (now->liabilities)
        records_learn(comparison, now->liabilities);
    for (size_t i = 0; i < now->series_count; i++)
        records_learn(comparison, &now->series[i]);
    qsort(comparison->lessons, comparison->lesson_count, sizeof *comparison->lessons,
          lesson_compare);
}

/* Whether between two reports something was learned about a day up to the first of them. */
static bool learned_between(const struct comparison *comparison, int64_t after, int64_t to,
                            int64_t end)
{
    size_t low = 0;
    size_t high = comparison->lesson_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (comparison->lessons[middle].learned <= after)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < comparison->lesson_count && comparison->lessons[low].learned <= to; low++)
        if (comparison->lessons[low].time <= end)
            return true;
    return false;
}

/* ---- one day ----------------------------------------------------------------------------------
 */

static int64_t known_for(const struct programme *programme, int64_t day)
{
    int64_t lag = (int64_t)programme->lag_days * LIMITS_DAY;
    return programme_day_end(programme, day) + lag;
}

/* The criterion of the same version and id in the programme as it was known. */
static const struct criterion *criterion_then(const struct limits_knowledge *then,
                                              const struct criterion_result *now)
{
    const struct programme_version *version =
        programme_version_find(then->programme, now->version->id);
    if (!version || version->known > then->known)
        return NULL;
    for (size_t i = 0; i < version->criterion_count; i++)
        if (strcmp(version->criteria[i].id, now->criterion->id) == 0)
            return &version->criteria[i];
    return NULL;
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
                       struct evaluation *evaluation, int64_t day, struct err *err)
{
    struct judgement now;
    struct judgement then;
    const struct criterion *criterion = criterion_then(evaluation->knowledge, result);
    if (!criterion)
        return 0;
    int code = criterion_judge(&now, &comparison->now, result->criterion, day, err);
    if (code == 0)
        code = criterion_judge(&then, evaluation, criterion, day, err);
    if (code == 0)
        reported_take(result, &then, now.verdict, day,
                      known_for(comparison->result->programme, day));
    return code;
}

/* ---- groups of days that were reported with the same knowledge --------------------------------
 */

static int int64_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The days of a group and every base date before it, ascending, each once. */
static size_t group_days(int64_t *ret_days, const struct comparison *comparison, struct span group)
{
    const struct limits_result *result = comparison->result;
    size_t count = 0;
    size_t kept = 0;
    for (int64_t day = group.first; day <= group.last; day += LIMITS_DAY)
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

static int group_compare(struct comparison *comparison, const struct limits_knowledge *then,
                         struct span group, struct err *err)
{
    struct limits_result *result = comparison->result;
    struct evaluation evaluation;
    size_t room = (size_t)((group.last - group.first) / LIMITS_DAY) + 1 + result->criterion_count;
    int64_t *days = mem_zalloc(room, sizeof *days);
    arena_reset(&comparison->scratch);
    int code = evaluation_make(&evaluation, then, days, group_days(days, comparison, group),
                               &comparison->scratch, err);
    free(days);
    for (size_t i = 0; i < result->criterion_count && code == 0; i++)
        for (int64_t day = group.first; day <= group.last && code == 0; day += LIMITS_DAY)
            if (is_watched(&result->criteria[i], day, result->as_of.day))
                code = day_compare(comparison, &result->criteria[i], &evaluation, day, err);
    return code;
}

/* What was known for a day's report; *ret_any false: no book was declared then. */
static int knowledge_of(struct limits_knowledge *ret, bool *ret_any,
                        const struct comparison *comparison, int64_t day, struct err *err)
{
    const struct limits_knowledge *at = NULL;
    struct err reason = {0};
    int code = comparison->history->at(&at, comparison->history->context,
                                       known_for(comparison->result->programme, day), &reason);
    *ret_any = code == 0;
    if (code == SANAD_MISSING)
        return 0;
    if (code == 0)
        *ret = *at;
    else if (err)
        *err = reason;
    return code;
}

/* Whether the report of the next day stands on the same knowledge of the days before it. */
static int group_goes_on(bool *ret_on, struct limits_knowledge *ret_next,
                         const struct comparison *comparison, const struct limits_knowledge *then,
                         int64_t last, struct err *err)
{
    const struct programme *programme = comparison->result->programme;
    bool any;
    int code = knowledge_of(ret_next, &any, comparison, last + LIMITS_DAY, err);
    *ret_on = code == 0 && any && ret_next->ledger == then->ledger &&
              ret_next->programme == then->programme &&
              !learned_between(comparison, known_for(programme, last),
                               known_for(programme, last + LIMITS_DAY),
                               programme_day_end(programme, last));
    return code;
}

/* Days are one group as long as the book is the same and nothing was learned of them between. */
static int groups_compare(struct comparison *comparison, struct span span, struct err *err)
{
    int64_t first = span.first;
    int code = 0;
    while (first <= span.last && code == 0) {
        struct limits_knowledge then;
        struct limits_knowledge next;
        int64_t last = first;
        bool any;
        bool on = true;
        code = knowledge_of(&then, &any, comparison, first, err);
        while (code == 0 && any && on && last < span.last) {
            code = group_goes_on(&on, &next, comparison, &then, last, err);
            if (code == 0 && on) {
                then = next;
                last += LIMITS_DAY;
            }
        }
        if (code == 0 && any)
            code = group_compare(comparison, &then, (struct span){first, last}, err);
        first = last + LIMITS_DAY;
    }
    return code;
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

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

int limits_report_compare(struct limits_result *result, const struct limits_history *history,
                          struct err *err)
{
    struct comparison comparison = {.result = result, .history = history};
    struct arena arena = {0};
    struct span span = result_span(result);
    size_t room = (size_t)((span.last - span.first) / LIMITS_DAY) + 1 + result->criterion_count;
    int64_t *days = mem_zalloc(room, sizeof *days);
    int code = evaluation_make(&comparison.now, result->knowledge, days,
                               group_days(days, &comparison, span), &arena, err);
    free(days);
    lessons_make(&comparison);
    if (code == 0)
        code = groups_compare(&comparison, span, err);
    free(comparison.lessons);
    arena_free(&comparison.scratch);
    arena_free(&arena);
    return code;
}
