/* The value of a term on every day that is asked for, in one sweep over what happened; unknown
 * with the missing input named, never zero for want of knowledge. */
#include "limits/limits_priv.h"

#include <stdarg.h>
#include <stdlib.h>

enum { TERM_TEXT_MAX = 1024 };

const char *term_text(const struct term_walk *walk, const char *format, ...)
{
    char text[TERM_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return arena_strdup(walk->arena, text);
}

int64_t term_line_day(const struct term_walk *walk, int64_t time)
{
    return programme_day_of(walk->knowledge->programme, time);
}

/* ---- days that are not there ------------------------------------------------------------------
 */

/* What of the chain there is, in days. */
struct chain_days {
    int64_t first, newest;
    bool whole; /* from the first block of the chain: before it there was nothing */
};

static int chain_days_find(struct chain_days *ret, const struct limits_knowledge *knowledge,
                           struct err *err)
{
    struct facts *facts = ledger_facts(knowledge->ledger);
    struct facts_state state;
    struct fact_block first;
    int code = facts_state_get(&state, facts, err);
    if (code == 0)
        code = facts_block_at(&first, facts, state.first_height, err);
    if (code)
        return code;
    int64_t newest =
        state.tip_time > state.tip_median_time ? state.tip_time : state.tip_median_time;
    *ret = (struct chain_days){.first = programme_day_of(knowledge->programme, first.time),
                               .newest = programme_day_of(knowledge->programme, newest),
                               .whole = state.first_height == 0 && !state.anchored};
    return 0;
}

/* Why a day is not there, or NULL. */
static const char *day_missing(const struct term_walk *walk, const struct chain_days *chain,
                               const struct limits_day *day)
{
    char asked[11], bound[11];
    date_format(asked, day->day);
    if (day->any && day->height > ledger_height(walk->knowledge->ledger))
        return term_text(walk, "%s: after block %u, up to which the ledger was read", asked,
                         ledger_height(walk->knowledge->ledger));
    if (day->any)
        return NULL;
    if (day->day > chain->newest) {
        date_format(bound, chain->newest);
        return term_text(walk, "%s: after the newest block, which is of %s", asked, bound);
    }
    if (chain->whole)
        return NULL;
    date_format(bound, chain->first);
    return term_text(walk, "%s: before the first block of the scan, which is of %s", asked, bound);
}

static int days_begin(const struct term_walk *walk, struct err *err)
{
    struct chain_days chain;
    bool is_series = walk->term->kind == TERM_SERIES; /* it needs no block */
    int code = chain_days_find(&chain, walk->knowledge, err);
    if (code)
        return code;
    for (size_t i = 0; i < walk->count; i++) {
        sanad_assert(i == 0 || (walk->days[i - 1].day <= walk->days[i].day &&
                                walk->known[i - 1] <= walk->known[i]));
        walk->values[i] =
            (struct term_value){.value = amount_unknown(),
                                .open = amount_zero(),
                                .why = is_series ? NULL : day_missing(walk, &chain, &walk->days[i]),
                                .source = ""};
    }
    return 0;
}

/* ---- balance ----------------------------------------------------------------------------------
 */

static void term_balance(const struct term_walk *walk)
{
    size_t count;
    const struct wallet_change *changes = ledger_changes(walk->knowledge->ledger, &count);
    struct amount balance = amount_zero();
    size_t at = 0;
    sanad_assert(walk->wanted);
    for (size_t i = 0; i < walk->count; i++) {
        const struct limits_day *day = &walk->days[i];
        struct term_value *value = &walk->values[i];
        for (; at < count && day_has_block(day, changes[at].height); at++)
            if (walk->wanted[changes[at].wallet])
                balance = amount_add(balance, changes[at].value);
        if (value->why)
            continue;
        value->value = balance;
        if (!amount_is_known(balance))
            value->why = "balance: the value of a coin is not proved";
        else
            value->source = day->any ? term_text(walk, "chain after block %u", day->height)
                                     : "before the first block of the chain";
    }
}

/* ---- series -----------------------------------------------------------------------------------
 */

static const struct limits_records *series_find(const struct limits_knowledge *knowledge,
                                                const char *name)
{
    for (size_t i = 0; i < knowledge->series_count; i++)
        if (strcmp(knowledge->series[i].name, name) == 0)
            return &knowledge->series[i];
    return NULL;
}

/* The line that holds on a day; NULL: none yet. */
static void series_value(const struct term_walk *walk, size_t i, const struct limits_record *line)
{
    struct term_value *value = &walk->values[i];
    const char *name = walk->term->series;
    char day[11], of[11];
    date_format(day, walk->days[i].day);
    if (!line) {
        value->why = term_text(walk, "series %s: no value at or before %s", name, day);
        return;
    }
    int64_t age = (walk->days[i].day - term_line_day(walk, line->time)) / LIMITS_DAY;
    if (age > walk->term->max_age_days) {
        date_format(of, term_line_day(walk, line->time));
        value->why = term_text(walk, "series %s is of %s, %lld days old; at most %u", name, of,
                               (long long)age, walk->term->max_age_days);
    } else if (!amount_is_known(line->value)) {
        value->why = term_text(walk, "series %s: %s is in another unit", name, line->source);
    } else {
        value->value = line->value;
        value->source = line->source;
    }
}

struct amount limits_series_at(const struct limits_knowledge *knowledge, const char *name,
                               const char *unit, int64_t time)
{
    const struct limits_records *records = series_find(knowledge, name);
    if (!records || records->count == 0 || strcmp(records->unit.name, unit) != 0)
        return amount_unknown();
    const struct limits_record **lines =
        mem_zalloc(records->count, sizeof(const struct limits_record *));
    size_t count = records_standing(lines, records, knowledge->known);
    while (count > 0 && lines[count - 1]->time > time)
        count--;
    struct amount value = amount_unknown();
    if (count > 0 && time - lines[count - 1]->time <= LIMITS_AGE_DEFAULT_DAYS * LIMITS_DAY)
        value = lines[count - 1]->value;
    free(lines);
    return value;
}

static void all_missing(const struct term_walk *walk, const char *why)
{
    for (size_t i = 0; i < walk->count; i++)
        if (!walk->values[i].why)
            walk->values[i].why = why;
}

static void term_series(const struct term_walk *walk)
{
    const struct limits_records *records = series_find(walk->knowledge, walk->term->series);
    if (!records || records->count == 0) {
        all_missing(walk, term_text(walk, "series %s: nothing was declared", walk->term->series));
        return;
    }
    int64_t *first_known = mem_zalloc(records->count, sizeof *first_known);
    records_first_known(first_known, records->list, records->count);
    if (!limits_unit_equal(&records->unit, &walk->term->unit))
        all_missing(walk, term_text(walk, "series %s is in %s, not in %s", walk->term->series,
                                    records->unit.name, walk->term->unit.name));
    size_t at = 0;
    for (size_t i = 0; i < walk->count; i++) {
        while (at < records->count && records->list[at].time <= walk->days[i].end)
            at++;
        if (!walk->values[i].why)
            series_value(walk, i, record_standing(records->list, at, first_known, walk->known[i]));
    }
    free(first_known);
}

/* ---- all ----------------------------------------------------------------------------------------
 */

static bool *wanted_make(const struct limits_knowledge *knowledge, const struct limits_term *term,
                         struct arena *arena)
{
    const struct book *book = ledger_book(knowledge->ledger);
    bool *wanted = arena_alloc(arena, book->wallet_count + 1, sizeof *wanted);
    for (uint32_t i = 0; i < book->wallet_count; i++)
        wanted[i] =
            perimeter_has_wallet(&knowledge->programme->perimeters[term->perimeter], book, i);
    return wanted;
}

static struct term_walk walk_of(const struct limits_knowledge *knowledge, size_t term,
                                struct arena *scratch, struct arena *arena)
{
    sanad_assert(term < knowledge->programme->term_count);
    const struct limits_term *asked = &knowledge->programme->terms[term];
    struct term_walk walk = {.knowledge = knowledge, .term = asked, .arena = arena};
    if (asked->kind != TERM_SERIES) {
        sanad_assert(asked->perimeter < knowledge->programme->perimeter_count);
        walk.perimeter = &knowledge->programme->perimeters[asked->perimeter];
        walk.wanted = wanted_make(knowledge, asked, scratch);
        walk.meanings = meaning_index_make(knowledge->meanings, scratch);
    }
    return walk;
}

static bool is_from_chain(const struct limits_term *term)
{
    return term->kind == TERM_BALANCE || term->kind == TERM_FLOWS || term->kind == TERM_HELD_FROM;
}

static int kind_run(const struct term_walk *walk, struct err *err)
{
    switch (walk->term->kind) {
    case TERM_BALANCE:
        term_balance(walk);
        return 0;
    case TERM_FLOWS:
        term_flows(walk);
        return 0;
    case TERM_HELD_FROM:
        return term_held_from(walk, err);
    case TERM_LIABILITIES:
        term_liabilities(walk);
        return 0;
    case TERM_SERIES:
        term_series(walk);
        return 0;
    }
    sanad_assert(false);
    return 0;
}

static int walk_run(const struct term_walk *walk, struct err *err)
{
    int code = days_begin(walk, err);
    if (code)
        return code;
    if (walk->knowledge->no_book && walk->term->kind != TERM_SERIES)
        all_missing(walk, term_text(walk, "no address book of %s was declared",
                                    walk->knowledge->programme->nation));
    if (is_from_chain(walk->term)) {
        const char *why = ledger_incomplete(walk->knowledge->ledger, walk->wanted);
        if (why)
            all_missing(walk, term_text(walk, "%s", why));
    }
    code = kind_run(walk, err);
    for (size_t i = 0; i < walk->count && code == 0; i++)
        sanad_assert(amount_is_known(walk->values[i].value) == (walk->values[i].why == NULL));
    return code;
}

int limits_term_values(struct term_value *ret_values, const struct limits_knowledge *knowledge,
                       size_t term, const struct limits_day *days, size_t count,
                       struct arena *arena, struct err *err)
{
    int64_t *known = mem_alloc((count + 1) * sizeof *known);
    for (size_t i = 0; i < count; i++)
        known[i] = knowledge->known;
    int code = term_values_known(ret_values, knowledge, term, days, known, count, arena, err);
    free(known);
    return code;
}

int term_values_known(struct term_value *ret_values, const struct limits_knowledge *knowledge,
                      size_t term, const struct limits_day *days, const int64_t *known,
                      size_t count, struct arena *arena, struct err *err)
{
    struct arena scratch = {0};
    struct term_walk walk = walk_of(knowledge, term, &scratch, arena);
    walk.days = days;
    walk.known = known;
    walk.count = count;
    walk.values = arena_alloc(&scratch, count + 1, sizeof *walk.values);
    int code = walk_run(&walk, err);
    if (code == 0 && count > 0)
        memcpy(ret_values, walk.values, count * sizeof *ret_values);
    arena_free(&scratch);
    return code;
}

int term_payment_effect(struct amount *ret, const struct limits_knowledge *knowledge, size_t term,
                        const struct trace_payment *payment, struct err *err)
{
    struct arena scratch = {0};
    struct trace *trace;
    struct term_walk walk = walk_of(knowledge, term, &scratch, &scratch);
    sanad_assert(walk.term->kind == TERM_HELD_FROM);
    int code = term_trace(&trace, &walk, knowledge->known, err);
    if (code == 0) {
        *ret = trace_payment_effect(trace, payment);
        trace_free(trace);
    }
    arena_free(&scratch);
    return code;
}
