/* What the tests of an evaluation's parts share: a small programme with one criterion, and an
 * evaluation whose terms a test fills by hand, so that a part is tested without a chain. */
#ifndef SANAD_EVALUATION_TEST_H
#define SANAD_EVALUATION_TEST_H

#include "programme_test.h"

enum { TOY_DAYS = 12 };
#define TOY_BASE INT64_C(1738281600) /* 2025-01-31, the first day of the grid */
#define TOY_DAY(n) (TOY_BASE + (int64_t)(n)*LIMITS_DAY)

static const char toy_text[] =
    "{'programme':'toy','nation':'XS','simulated':true,'name':{'en':'SIMULATED toy'},"
    " 'timezone':'UTC','utc_offset_minutes':0,'sources':[{'id':'s','title':'Source'}],"
    " 'perimeters':{'all':{}},"
    " 'exchange_rates':[{'from':'USD','to':'PKR','numerator':27870,'denominator':100,"
    "                    'source':'s'}],"
    " 'versions':[{'version':'v','from':'2025-02-01','until':null,'source':'s','criteria':["
    "   {'id':'c','name':{'en':'C'},'kind':'performance-criterion','continuity':'continuous',"
    "    'unit':'BTC','quantity':{'balance':{'perimeter':'all'}},'ceiling':0,"
    "    'base_date':'2025-01-31'}]}]}";

/* One programme, an evaluation over TOY_DAYS days from its base date. */
struct toy {
    struct programme *programme;
    const struct criterion *criterion;
    struct limits_knowledge knowledge;
    struct evaluation evaluation;
    struct arena arena;
};

#define TOY_QUANTITY "versions/0/criteria/0/quantity"
#define TOY_MEMBER(name) "versions/0/criteria/0/" name

static inline json_t *toy_json(const char *unit, const char *quantity)
{
    json_t *json = json_of(toy_text);
    json_put(json, TOY_MEMBER("unit"), json_string(unit));
    json_put(json, TOY_QUANTITY, json_of(quantity));
    return json;
}

/* Takes the reference. Every term is there, and unknown until toy_set. */
static inline void toy_open(struct toy *toy, json_t *json)
{
    struct err err = {0};
    int code;
    memset(toy, 0, sizeof *toy);
    toy->programme = programme_try(json, &err, &code);
    test_ok(code, &err);
    toy->criterion = &toy->programme->versions[0].criteria[0];
    toy->knowledge.programme = toy->programme;
    toy->knowledge.known = INT64_MAX;
    struct evaluation *evaluation = &toy->evaluation;
    *evaluation = (struct evaluation){.knowledge = &toy->knowledge,
                                      .programme = toy->programme,
                                      .day_count = TOY_DAYS,
                                      .arena = &toy->arena};
    evaluation->days = arena_alloc(&toy->arena, TOY_DAYS, sizeof *evaluation->days);
    for (int i = 0; i < TOY_DAYS; i++)
        evaluation->days[i] = (struct limits_day){.day = TOY_DAY(i),
                                                  .end = TOY_DAY(i) + LIMITS_DAY - 1,
                                                  .height = (uint32_t)i,
                                                  .any = true,
                                                  .over = i + 1 < TOY_DAYS};
    size_t count = toy->programme->term_count;
    evaluation->terms = arena_alloc(&toy->arena, count + 1, sizeof(struct term_value *));
    for (size_t t = 0; t < count; t++) {
        evaluation->terms[t] = arena_alloc(&toy->arena, TOY_DAYS, sizeof **evaluation->terms);
        for (int i = 0; i < TOY_DAYS; i++)
            evaluation->terms[t][i] = (struct term_value){
                .value = amount_unknown(), .open = amount_zero(), .why = "not set by the test"};
    }
}

static inline void toy_close(struct toy *toy)
{
    programme_free(toy->programme);
    arena_free(&toy->arena);
}

/* The n-th term of the programme, from day `first` on; flows may be open besides. */
static inline void toy_set_open(struct toy *toy, size_t term, int first, int64_t value,
                                int64_t open)
{
    assert_true(term < toy->programme->term_count);
    for (int i = first; i < TOY_DAYS; i++)
        toy->evaluation.terms[term][i] =
            (struct term_value){.value = amount_of(value), .open = amount_of(open), .source = "t"};
}

static inline void toy_set(struct toy *toy, size_t term, int first, int64_t value)
{
    toy_set_open(toy, term, first, value, 0);
}

#endif
