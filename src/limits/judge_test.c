/* Proves verdicts: ceilings and floors, limits that move with test dates and adjustors, flows that
 * nobody explained, actions that are due. Terms are filled by hand. */
#include "evaluation_test.h"

#define SERIES(name, unit) "{'series':{'name':'" name "','unit':'" unit "'}}"
#define FLOWS "{'flows':{'perimeter':'all','meanings':['purchase']}}"

static struct judgement judged(struct toy *toy, int day)
{
    struct judgement judgement = {0};
    struct err err = {0};
    test_ok(criterion_judge(&judgement, &toy->evaluation, toy->criterion, TOY_DAY(day), &err),
            &err);
    return judgement;
}

static void is_judged(struct toy *toy, int day, enum limits_verdict verdict, int64_t limit,
                      int64_t headroom)
{
    struct judgement judgement = judged(toy, day);
    assert_string_equal(limits_verdict_name(judgement.verdict), limits_verdict_name(verdict));
    assert_int_equal(amount_minor(judgement.limit), limit);
    assert_int_equal(amount_minor(judgement.headroom), headroom);
    assert_true((verdict == LIMITS_UNDECIDED) == (judgement.why != NULL));
}

static json_t *series_json(const char *bound, int64_t limit)
{
    json_t *json = toy_json("USD", SERIES("a", "USD"));
    json_put(json, TOY_MEMBER("ceiling"), NULL);
    json_put(json, bound, json_integer(limit));
    return json;
}

#define CEILING TOY_MEMBER("ceiling")
#define FLOOR TOY_MEMBER("floor")

static void a_ceiling_holds_up_to_it(void **state)
{
    (void)state;
    struct toy toy;
    toy_open(&toy, series_json(CEILING, 100));
    toy_set(&toy, 0, 0, 99);
    toy_set(&toy, 0, 1, 100);
    toy_set(&toy, 0, 2, 101);
    toy_set(&toy, 0, 3, -5);
    is_judged(&toy, 0, LIMITS_MET, 100, 1);
    is_judged(&toy, 1, LIMITS_MET, 100, 0);
    is_judged(&toy, 2, LIMITS_NOT_MET, 100, -1);
    is_judged(&toy, 3, LIMITS_MET, 100, 105);
    toy_close(&toy);
}

static void a_floor_holds_down_to_it(void **state)
{
    (void)state;
    struct toy toy;
    toy_open(&toy, series_json(FLOOR, -3));
    toy_set(&toy, 0, 0, -2);
    toy_set(&toy, 0, 1, -3);
    toy_set(&toy, 0, 2, -4);
    is_judged(&toy, 0, LIMITS_MET, -3, 1);
    is_judged(&toy, 1, LIMITS_MET, -3, 0);
    is_judged(&toy, 2, LIMITS_NOT_MET, -3, -1);
    toy_close(&toy);
}

static void what_is_missing_decides_nothing(void **state)
{
    (void)state;
    struct toy toy;
    toy_open(&toy, series_json(CEILING, 100));
    struct judgement judgement = judged(&toy, 3);
    assert_int_equal(judgement.verdict, LIMITS_UNDECIDED);
    assert_string_equal(judgement.why, "not set by the test");
    assert_false(amount_is_known(judgement.quantity.value));
    assert_false(amount_is_known(judgement.headroom));
    /* A headroom that can't be written is unknown too, not a large one. */
    toy_set(&toy, 0, 0, -INT64_MAX);
    judgement = judged(&toy, 0);
    assert_int_equal(judgement.verdict, LIMITS_UNDECIDED);
    assert_non_null(strstr(judgement.why, "too large"));
    toy_close(&toy);
}

/* Each test date's limit holds from the day after the one before. */
static void limits_follow_their_test_dates(void **state)
{
    (void)state;
    struct toy toy;
    json_t *json = series_json(CEILING, 100);
    json_put(json, TOY_MEMBER("test_dates"),
             json_of("[{'date':'2025-02-03','limit':10},'2025-02-06',"
                     "{'date':'2025-02-08','limit':30}]"));
    toy_open(&toy, json);
    toy_set(&toy, 0, 0, 50);
    is_judged(&toy, 0, LIMITS_NOT_MET, 10, -40);
    is_judged(&toy, 3, LIMITS_NOT_MET, 10, -40);
    is_judged(&toy, 4, LIMITS_MET, 100, 50);
    is_judged(&toy, 6, LIMITS_MET, 100, 50);
    is_judged(&toy, 7, LIMITS_NOT_MET, 30, -20);
    is_judged(&toy, 8, LIMITS_NOT_MET, 30, -20);
    is_judged(&toy, 11, LIMITS_NOT_MET, 30, -20); /* after the last that of the last */
    toy_close(&toy);
}

static void adjustors_move_the_limit_up_to_their_cap(void **state)
{
    (void)state;
    struct toy toy;
    json_t *json = series_json(CEILING, 100);
    json_put(json, TOY_MEMBER("adjustors"),
             json_of("[{'id':'up','quantity':" SERIES(
                 "b", "USD") ",'direction':'up','cap':40,"
                             "  'source':'s'},"
                             " {'id':'down','quantity':" SERIES(
                                 "c", "USD") ",'direction':'down',"
                                             "  'cap':null,'source':'s'}]"));
    toy_open(&toy, json);
    toy_set(&toy, 0, 0, 120);
    toy_set(&toy, 1, 0, 15);
    toy_set(&toy, 2, 0, -9); /* below zero: it moves nothing */
    is_judged(&toy, 0, LIMITS_NOT_MET, 115, -5);
    toy_set(&toy, 1, 1, 70);
    is_judged(&toy, 1, LIMITS_MET, 140, 20);
    toy_set(&toy, 2, 2, 500);
    is_judged(&toy, 2, LIMITS_NOT_MET, -360, -480);
    toy_set(&toy, 1, 3, -1);
    toy_set(&toy, 2, 3, 0);
    is_judged(&toy, 3, LIMITS_NOT_MET, 100, -20);
    toy_close(&toy);
}

static void an_adjustor_that_is_missing_decides_nothing(void **state)
{
    (void)state;
    struct toy toy;
    json_t *json = series_json(CEILING, 100);
    json_put(json, TOY_MEMBER("adjustors"),
             json_of("[{'id':'up','quantity':" SERIES(
                 "b", "USD") ",'direction':'up',"
                             "  'cap':40,'source':'s'},"
                             " {'id':'down','quantity':" SERIES(
                                 "c", "USD") ",'direction':'down',"
                                             "  'cap':40,'source':'s'}]"));
    toy_open(&toy, json);
    toy_set(&toy, 0, 0, 1);
    toy_set(&toy, 2, 0, 1);
    struct judgement judgement = judged(&toy, 0);
    assert_int_equal(judgement.verdict, LIMITS_UNDECIDED);
    assert_string_equal(judgement.why, "not set by the test");
    assert_int_equal(amount_minor(judgement.quantity.value), 1);
    assert_false(amount_is_known(judgement.limit));
    assert_false(amount_is_known(judgement.headroom));
    toy_close(&toy);
}

/* The change of an adjustor counts from the criterion's base. */
static void an_adjustor_may_be_a_change(void **state)
{
    (void)state;
    struct toy toy;
    json_t *json = series_json(CEILING, 100);
    json_put(json, TOY_MEMBER("adjustors"),
             json_of("[{'id':'up','quantity':{'change':" SERIES("b", "USD") "},'direction':'up',"
                                                                            "  'source':'s'}]"));
    toy_open(&toy, json);
    toy_set(&toy, 0, 0, 120);
    toy_set(&toy, 1, 0, 1000);
    toy_set(&toy, 1, 2, 1030);
    is_judged(&toy, 1, LIMITS_NOT_MET, 100, -20);
    is_judged(&toy, 2, LIMITS_MET, 130, 10);
    toy_close(&toy);
}

/* ---- flows that nobody explained ---- */

static void open_flows_decide_only_where_they_can(void **state)
{
    (void)state;
    struct toy toy;
    json_t *json = toy_json("BTC", FLOWS);
    json_put(json, CEILING, json_integer(10));
    toy_open(&toy, json);
    toy_set_open(&toy, 0, 0, 3, 7);
    toy_set_open(&toy, 0, 1, 3, 8);
    toy_set_open(&toy, 0, 2, 11, 0);
    toy_set_open(&toy, 0, 3, 11, 50);
    is_judged(&toy, 0, LIMITS_MET, 10, 7); /* even if all of them counted */
    is_judged(&toy, 1, LIMITS_UNDECIDED, 10, 7);
    assert_non_null(strstr(judged(&toy, 1).why, "unclassified"));
    assert_non_null(strstr(judged(&toy, 1).why, "0.00000008 BTC"));
    is_judged(&toy, 2, LIMITS_NOT_MET, 10, -1);
    is_judged(&toy, 3, LIMITS_NOT_MET, 10, -1); /* whatever they were */
    toy_close(&toy);
    json = toy_json("BTC", FLOWS);
    json_put(json, CEILING, NULL);
    json_put(json, FLOOR, json_integer(10));
    toy_open(&toy, json);
    toy_set_open(&toy, 0, 0, 3, 6);
    toy_set_open(&toy, 0, 1, 3, 7);
    toy_set_open(&toy, 0, 2, 10, 7);
    is_judged(&toy, 0, LIMITS_NOT_MET, 10, -7);
    is_judged(&toy, 1, LIMITS_UNDECIDED, 10, -7);
    is_judged(&toy, 2, LIMITS_MET, 10, 0);
    toy_close(&toy);
}

/* An adjustor over unexplained flows is as uncertain as the value. */
static void open_flows_of_an_adjustor_count(void **state)
{
    (void)state;
    struct toy toy;
    json_t *json = series_json(CEILING, 100);
    json_put(json, TOY_MEMBER("unit"), json_string("BTC"));
    json_put(json, TOY_QUANTITY, json_of("{'balance':{'perimeter':'all'}}"));
    json_put(json, TOY_MEMBER("adjustors"),
             json_of("[{'id':'down','quantity':" FLOWS ",'direction':'down','cap':20,"
                     "  'source':'s'}]"));
    toy_open(&toy, json);
    toy_set(&toy, 0, 0, 90);
    toy_set_open(&toy, 1, 0, 0, 5);
    toy_set_open(&toy, 1, 1, 0, 500);
    is_judged(&toy, 0, LIMITS_MET, 100, 10);
    is_judged(&toy, 1, LIMITS_UNDECIDED, 100, 10);
    toy_set(&toy, 0, 2, 79);
    toy_set_open(&toy, 1, 2, 0, 500);
    is_judged(&toy, 2, LIMITS_MET, 100, 21); /* the cap bounds what they could do */
    toy_close(&toy);
}

/* ---- actions ---- */

static json_t *action_json(const char *action)
{
    json_t *json = json_of(toy_text);
    json_put(json, "versions/0/criteria/0",
             json_of("{'id':'c','name':{'en':'C'},'kind':'structural-benchmark'}"));
    json_put(json, TOY_MEMBER("action"), json_of(action));
    return json;
}

static void action_is(const char *action, int day, enum limits_verdict verdict, const char *why)
{
    struct toy toy;
    toy_open(&toy, action_json(action));
    struct judgement judgement = judged(&toy, day);
    assert_string_equal(limits_verdict_name(judgement.verdict), limits_verdict_name(verdict));
    if (why)
        assert_non_null(strstr(judgement.why, why));
    else
        assert_null(judgement.why);
    assert_false(amount_is_known(judgement.quantity.value));
    toy_close(&toy);
}

static void actions_are_done_by_their_day(void **state)
{
    (void)state;
    static const char done[] = "{'due':'2025-02-04','status':'done','on':'2025-02-03',"
                               "'source':'s'}";
    static const char late[] = "{'due':'2025-02-04','status':'done','on':'2025-02-05',"
                               "'source':'s'}";
    static const char open[] = "{'due':'2025-02-04','status':'not-done'}";
    static const char unknown[] = "{'due':'2025-02-04','status':'unknown'}";
    action_is(done, 2, LIMITS_UNDECIDED, "not due");
    action_is(done, 3, LIMITS_MET, NULL);
    action_is(done, 9, LIMITS_MET, NULL);
    action_is(late, 4, LIMITS_UNDECIDED, "not due");
    action_is(late, 5, LIMITS_NOT_MET, NULL);
    action_is(open, 4, LIMITS_UNDECIDED, "not due");
    action_is(open, 5, LIMITS_NOT_MET, NULL);
    action_is(unknown, 2, LIMITS_UNDECIDED, "on record");
    action_is(unknown, 9, LIMITS_UNDECIDED, "on record");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ceiling_holds_up_to_it),
        cmocka_unit_test(a_floor_holds_down_to_it),
        cmocka_unit_test(what_is_missing_decides_nothing),
        cmocka_unit_test(limits_follow_their_test_dates),
        cmocka_unit_test(adjustors_move_the_limit_up_to_their_cap),
        cmocka_unit_test(an_adjustor_that_is_missing_decides_nothing),
        cmocka_unit_test(an_adjustor_may_be_a_change),
        cmocka_unit_test(open_flows_decide_only_where_they_can),
        cmocka_unit_test(open_flows_of_an_adjustor_count),
        cmocka_unit_test(actions_are_done_by_their_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
