/* Proves the arithmetic of quantities: each operator, on both signs and at the edges of what can
 * be written; that nothing unknown ever counts as zero; and between what a value may lie as long
 * as flows are unexplained. Terms are filled by hand. */
#include "evaluation_test.h"

#define SERIES(name, unit) "{'series':{'name':'" name "','unit':'" unit "'}}"
#define CONSTANT(unit, value) "{'constant':{'unit':'" unit "','value':" value "}}"
#define FLOWS "{'flows':{'perimeter':'all','meanings':['purchase']}}"

static struct quantity value_on(struct toy *toy, int day)
{
    struct quantity quantity = {0};
    struct err err = {0};
    test_ok(quantity_at(&quantity, &toy->evaluation, &toy->criterion->quantity,
                        toy->criterion->base, TOY_DAY(day), &err),
            &err);
    return quantity;
}

static void is_value(struct toy *toy, int day, int64_t expected)
{
    struct quantity quantity = value_on(toy, day);
    assert_null(quantity.why);
    assert_int_equal(amount_minor(quantity.value), expected);
    assert_int_equal(amount_minor(quantity.low), expected);
    assert_int_equal(amount_minor(quantity.high), expected);
}

static void is_unknown(struct toy *toy, int day, const char *why)
{
    struct quantity quantity = value_on(toy, day);
    assert_non_null(quantity.why);
    if (!strstr(quantity.why, why))
        fail_msg("\"%s\" says nothing of \"%s\"", quantity.why, why);
    assert_false(amount_is_known(quantity.value));
    assert_false(amount_is_known(quantity.low));
    assert_false(amount_is_known(quantity.high));
}

static void is_between(struct toy *toy, int day, int64_t value, int64_t low, int64_t high)
{
    struct quantity quantity = value_on(toy, day);
    assert_null(quantity.why);
    assert_int_equal(amount_minor(quantity.value), value);
    assert_int_equal(amount_minor(quantity.low), low);
    assert_int_equal(amount_minor(quantity.high), high);
}

/* A quantity over two series "a" and "b" of a unit, on the base date. */
static void of_two(const char *unit, const char *quantity, int64_t a, int64_t b, int64_t expected)
{
    struct toy toy;
    toy_open(&toy, toy_json(unit, quantity));
    if (toy.programme->term_count > 0)
        toy_set(&toy, 0, 0, a);
    if (toy.programme->term_count > 1)
        toy_set(&toy, 1, 0, b);
    is_value(&toy, 0, expected);
    toy_close(&toy);
}

static void unknown_of_two(const char *unit, const char *quantity, int64_t a, int64_t b,
                           const char *why)
{
    struct toy toy;
    toy_open(&toy, toy_json(unit, quantity));
    toy_set(&toy, 0, 0, a);
    if (toy.programme->term_count > 1)
        toy_set(&toy, 1, 0, b);
    is_unknown(&toy, 0, why);
    toy_close(&toy);
}

#define TWO(operator) "{'" operator"':[" SERIES("a", "USD") "," SERIES("b", "USD") "]}"

static void each_operator_counts(void **state)
{
    (void)state;
    of_two("USD", TWO("sum"), 5, -8, -3);
    of_two("USD", TWO("difference"), 5, -8, 13);
    of_two("USD", TWO("difference"), -8, 5, -13);
    of_two("USD", TWO("smallest"), 5, -8, -8);
    of_two("USD", TWO("largest"), 5, -8, 5);
    of_two("percent", TWO("percent"), 1, 3, 3333);
    of_two("percent", TWO("percent"), 2, 3, 6667);
    of_two("percent", TWO("percent"), -1, 3, -3333);
    of_two("percent", TWO("percent"), 1, -3, -3333);
    of_two("percent", TWO("percent"), 0, 7, 0);
    of_two("USD", "{'sum':[" SERIES("a", "USD") "]}", 5, 0, 5);
    of_two("USD", "{'sum':[" SERIES("a", "USD") "," SERIES("a", "USD") "," SERIES("b", "USD") "]}",
           5, 7, 17);
    of_two("USD", CONSTANT("USD", "-12"), 0, 0, -12);
}

static void series_of(const char *quantity, int64_t a, int64_t expected)
{
    of_two("USD", quantity, a, 0, expected);
}

static void times_rounds_half_to_even(void **state)
{
    (void)state;
    static const char half[] = "{'times':{'of':" SERIES("a", "USD") ",'numerator':1,"
                                                                    "'denominator':2}}";
    static const char minus_third[] = "{'times':{'of':" SERIES("a", "USD") ",'numerator':-1,"
                                                                           "'denominator':3}}";
    series_of(half, 1, 0);
    series_of(half, 3, 2);
    series_of(half, 5, 2);
    series_of(half, -1, 0);
    series_of(half, -3, -2);
    series_of(half, -5, -2);
    series_of(minus_third, 3, -1);
    series_of(minus_third, 2, -1);
    series_of(minus_third, 1, 0);
    series_of(minus_third, -2, 1);
    series_of("{'times':{'of':" SERIES("a", "USD") ",'numerator':0,'denominator':9}}", 77, 0);
}

static void programme_rates_convert(void **state)
{
    (void)state;
    static const char rupees[] = "{'convert':{'of':" SERIES("a", "USD") ",'to':'PKR',"
                                                                        "'rate':'programme'}}";
    of_two("PKR", rupees, 100, 0, 27870);
    of_two("PKR", rupees, -1, 0, -279); /* 278.7 to the nearest */
    unknown_of_two("PKR", rupees, INT64_MAX / 2, 0, "too large");
}

static void a_market_price_that_is_missing_is_not_zero(void **state)
{
    (void)state;
    static const char dollars[] = "{'convert':{'of':{'balance':{'perimeter':'all'}},'to':'USD',"
                                  "'rate':'market'}}";
    struct price_point points[] = {
        {TOY_DAY(1) + 3600, "alpha", 10000000},
        {TOY_DAY(1) + 3600, "beta", 10100000},
        {TOY_DAY(1) + 3600, "gamma", 10050000},
    };
    struct price_table prices = {.currency = "USD", .points = points, .count = countof(points)};
    struct toy toy;
    toy_open(&toy, toy_json("USD", dollars));
    toy_set(&toy, 0, 0, 2 * (int64_t)SAT_PER_BTC);
    is_unknown(&toy, 1, "no prices");
    toy.knowledge.prices = &prices;
    is_unknown(&toy, 0, "no price");
    is_value(&toy, 1, 20100000);
    is_value(&toy, 3, 20100000);
    is_unknown(&toy, 11, "no price"); /* stale by then */
    prices.currency = "EUR";
    is_unknown(&toy, 1, "USD");
    prices.currency = "USD";
    points[1].price_minor_per_btc = 20000000; /* two of three win over one outlier */
    is_value(&toy, 1, 20050000);
    arena_free(&prices.arena);
    toy_close(&toy);
}

static void what_is_too_large_is_unknown(void **state)
{
    (void)state;
    unknown_of_two("USD", TWO("sum"), INT64_MAX, 1, "too large");
    unknown_of_two("USD", TWO("difference"), -INT64_MAX, 2, "too large");
    unknown_of_two("percent", TWO("percent"), INT64_MAX, 1, "too large");
    unknown_of_two("USD",
                   "{'times':{'of':" SERIES("a", "USD") ",'numerator':9007199254740991,"
                                                        "'denominator':1}}",
                   INT64_MAX / 4, 0, "too large");
}

static void a_share_of_nothing_is_unknown(void **state)
{
    (void)state;
    unknown_of_two("percent", TWO("percent"), 5, 0, "zero");
    unknown_of_two("percent", TWO("percent"), 0, 0, "zero");
}

/* Whatever stands around it, one missing input makes the whole unknown and keeps its sentence. */
static void a_missing_input_is_never_zero(void **state)
{
    (void)state;
    static const char *const quantities[] = {
        TWO("sum"),
        TWO("difference"),
        TWO("smallest"),
        TWO("largest"),
        "{'change':" TWO("sum") "}",
        "{'times':{'of':" TWO("sum") ",'numerator':0,'denominator':1}}",
        "{'sum':[" CONSTANT("USD", "1") "," TWO("largest") "]}",
        "{'difference':[" TWO("sum") "," TWO("sum") "]}",
    };
    for (size_t i = 0; i < countof(quantities); i++)
        for (size_t missing = 0; missing < 2; missing++) {
            struct toy toy;
            toy_open(&toy, toy_json("USD", quantities[i]));
            toy_set(&toy, 1 - missing, 0, 7);
            is_unknown(&toy, 4, "not set by the test");
            toy_close(&toy);
        }
}

static void a_change_needs_both_its_days(void **state)
{
    (void)state;
    struct toy toy;
    toy_open(&toy, toy_json("USD", "{'change':" SERIES("a", "USD") "}"));
    toy_set(&toy, 0, 0, 100);
    toy_set(&toy, 0, 3, 130);
    is_value(&toy, 0, 0);
    is_value(&toy, 2, 0);
    is_value(&toy, 3, 30);
    toy.evaluation.terms[0][0] = (struct term_value){
        .value = amount_unknown(), .open = amount_zero(), .why = "the base is missing"};
    is_unknown(&toy, 3, "the base is missing");
    toy_set(&toy, 0, 0, 100);
    toy.evaluation.terms[0][5] = (struct term_value){
        .value = amount_unknown(), .open = amount_zero(), .why = "the day is missing"};
    is_unknown(&toy, 5, "the day is missing");
    is_value(&toy, 6, 0);
    toy_close(&toy);
}

static void before_the_base_there_is_no_change(void **state)
{
    (void)state;
    struct toy toy;
    json_t *json = toy_json("USD", "{'change':" SERIES("a", "USD") "}");
    json_put(json, TOY_MEMBER("base_date"), json_string("2025-02-03"));
    toy_open(&toy, json);
    toy_set(&toy, 0, 0, 5);
    is_unknown(&toy, 2, "before the base");
    is_value(&toy, 3, 0);
    toy_close(&toy);
}

/* ---- what nobody explained ---- */

static void open_flows_widen_the_value(void **state)
{
    (void)state;
    struct toy toy;
    toy_open(&toy, toy_json("BTC", FLOWS));
    toy_set_open(&toy, 0, 0, 10, 4);
    is_between(&toy, 0, 10, 10, 14);
    toy_close(&toy);
    toy_open(&toy, toy_json("BTC", "{'difference':[" CONSTANT("BTC", "100") "," FLOWS "]}"));
    toy_set_open(&toy, 0, 0, 10, 4);
    is_between(&toy, 0, 90, 86, 90);
    toy_close(&toy);
    toy_open(&toy, toy_json("BTC", "{'times':{'of':" FLOWS ",'numerator':-2,'denominator':1}}"));
    toy_set_open(&toy, 0, 0, 10, 4);
    is_between(&toy, 0, -20, -28, -20);
    toy_close(&toy);
    toy_open(&toy, toy_json("BTC", "{'smallest':[" CONSTANT("BTC", "12") "," FLOWS "]}"));
    toy_set_open(&toy, 0, 0, 10, 4);
    is_between(&toy, 0, 10, 10, 12);
    toy_close(&toy);
    toy_open(&toy, toy_json("percent", "{'percent':[" FLOWS "," CONSTANT("BTC", "200") "]}"));
    toy_set_open(&toy, 0, 0, 10, 4);
    is_between(&toy, 0, 500, 500, 700);
    toy_close(&toy);
    toy_open(&toy, toy_json("percent", "{'percent':[" CONSTANT("BTC", "10") "," FLOWS "]}"));
    toy_set_open(&toy, 0, 0, 20, 20);
    is_between(&toy, 0, 5000, 2500, 5000);
    /* The whole might be zero, or more than zero: the share says nothing. */
    toy_set_open(&toy, 0, 0, 0, 20);
    is_unknown(&toy, 0, "zero");
    toy_close(&toy);
}

/* What was unexplained on the base date is so today: only what came since can count. */
static void only_flows_since_the_base_are_open(void **state)
{
    (void)state;
    struct toy toy;
    toy_open(&toy, toy_json("BTC", "{'change':" FLOWS "}"));
    toy_set_open(&toy, 0, 0, 10, 1000);
    toy_set_open(&toy, 0, 4, 15, 1003);
    is_between(&toy, 0, 0, 0, 0);
    is_between(&toy, 3, 0, 0, 0);
    is_between(&toy, 4, 5, 5, 8);
    toy_close(&toy);
    /* A flow that is declared meanwhile moves from the one to the other. */
    toy_open(&toy, toy_json("BTC", "{'change':" FLOWS "}"));
    toy_set_open(&toy, 0, 0, 0, 10);
    toy_set_open(&toy, 0, 1, 0, 30);
    is_between(&toy, 1, 0, 0, 20);
    toy_close(&toy);
}

static void an_open_part_that_overflows_is_unknown(void **state)
{
    (void)state;
    struct toy toy;
    toy_open(&toy, toy_json("BTC", FLOWS));
    toy_set_open(&toy, 0, 0, INT64_MAX - 1, 10);
    is_unknown(&toy, 0, "too large");
    toy_close(&toy);
}

/* ---- the grid ---- */

static void days_of_the_grid_are_found(void **state)
{
    (void)state;
    struct toy toy;
    toy_open(&toy, toy_json("BTC", "{'change':{'balance':{'perimeter':'all'}}}"));
    toy_set(&toy, 0, 0, 100);
    is_value(&toy, 5, 0);
    assert_int_equal(evaluation_day(&toy.evaluation, TOY_DAY(0)), 0);
    assert_int_equal(evaluation_day(&toy.evaluation, TOY_DAY(TOY_DAYS - 1)), TOY_DAYS - 1);
    toy_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operator_counts),
        cmocka_unit_test(times_rounds_half_to_even),
        cmocka_unit_test(programme_rates_convert),
        cmocka_unit_test(a_market_price_that_is_missing_is_not_zero),
        cmocka_unit_test(what_is_too_large_is_unknown),
        cmocka_unit_test(a_share_of_nothing_is_unknown),
        cmocka_unit_test(a_missing_input_is_never_zero),
        cmocka_unit_test(a_change_needs_both_its_days),
        cmocka_unit_test(before_the_base_there_is_no_change),
        cmocka_unit_test(open_flows_widen_the_value),
        cmocka_unit_test(only_flows_since_the_base_are_open),
        cmocka_unit_test(an_open_part_that_overflows_is_unknown),
        cmocka_unit_test(days_of_the_grid_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
