/* Proves an evaluation over a small chain: which version and day count, breaches from their first
 * day to their correction, test dates, waivers, buffers, versions that were replaced, values a
 * day, and what a payment would change. */
#include "stage_test.h"

#define BROKEN 7
#define SOLD 9

/* Base on 2025-01-03 with 100 BTC, of which clients own 60. On day 7 (2025-01-08) clients take
 * dollars for 30 and no coin moves; the operator sells 30 on day 9. */
static void play(struct stage *stage)
{
    stage_open(stage, stage_book);
    size_t first = world_tx(
        &stage->world, NO_INS,
        OUT({SCRIPT_RESERVE, BTC(40)}, {SCRIPT_CLIENTS, BTC(60)}, {SCRIPT_FOREIGN, BTC(1000)}));
    stage_owes(stage, "operator", "S14", 0, BTC(60), STAGE_DAY(0));
    stage_owes(stage, "operator", "S14", BROKEN, BTC(30), STAGE_DAY(BROKEN));
    stage_to(stage, SOLD);
    size_t sold = world_tx(&stage->world, IN({.coin = first + 1}),
                           OUT({SCRIPT_CLIENTS, BTC(30)}, {SCRIPT_FOREIGN, BTC(30)}));
    stage_means(stage, sold, NULL, FLOW_SALE, STAGE_DAY(SOLD));
    stage_to(stage, 20);
}

static json_t *programme(void)
{
    return json_of(stage_programme);
}

static void a_breach_has_its_days(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    stage_ready(&stage, programme());
    struct limits_result result =
        stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(12)});
    assert_string_equal(result.version->id, "first");
    assert_true(result.complete && result.as_of.any && result.as_of.over);
    assert_int_equal(result.as_of.height, 12);
    const struct criterion_result *net = stage_criterion(&result, "net");
    assert_int_equal(net->verdict, LIMITS_MET);
    assert_int_equal(amount_minor(net->value), 0);
    assert_int_equal(net->breach_count, 1);
    assert_int_equal(net->breaches[0].from, STAGE_DAY(BROKEN));
    assert_int_equal(net->breaches[0].corrected, STAGE_DAY(SOLD));
    assert_int_equal(amount_minor(net->breaches[0].worst), BTC(30));
    assert_int_equal(net->breaches[0].worst_day, STAGE_DAY(BROKEN));
    assert_null(net->breaches[0].waiver);
    const struct limits_change *change = &net->breaches[0].change;
    assert_int_equal(change->from, STAGE_DAY(BROKEN - 1));
    assert_int_equal(amount_minor(stage_reason(change, REASON_LIABILITIES)->effect), BTC(30));
    assert_null(stage_reason(change, REASON_SALE));
    assert_int_equal(net->term_count, 3);
    limits_result_free(&result);
    /* On the day itself it is broken, and nothing is known of its correction. */
    result = stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(BROKEN)});
    net = stage_criterion(&result, "net");
    assert_int_equal(net->verdict, LIMITS_NOT_MET);
    assert_int_equal(amount_minor(net->headroom), -BTC(30));
    assert_int_equal(net->breaches[0].corrected, LIMITS_NO_DAY);
    limits_result_free(&result);
    result = stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(BROKEN - 1)});
    net = stage_criterion(&result, "net");
    assert_int_equal(net->verdict, LIMITS_MET);
    assert_int_equal(net->breach_count, 0);
    limits_result_free(&result);
    stage_close(&stage);
}

static void test_dates_alone_count_for_end_period(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    stage_ready(&stage, programme());
    /* Before the first test date: preliminary. */
    struct limits_result result =
        stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(BROKEN)});
    const struct criterion_result *end = stage_criterion(&result, "net-end");
    assert_true(end->preliminary);
    assert_false(end->has_running);
    assert_int_equal(end->day, STAGE_DAY(BROKEN));
    assert_int_equal(end->verdict, LIMITS_NOT_MET);
    assert_int_equal(end->breach_count, 0);
    limits_result_free(&result);
    /* On it, and between two of them. */
    result = stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(11)});
    end = stage_criterion(&result, "net-end");
    assert_false(end->preliminary);
    assert_int_equal(end->day, STAGE_DAY(9));
    assert_int_equal(end->verdict, LIMITS_MET);
    assert_true(end->has_running);
    assert_int_equal(end->running_day, STAGE_DAY(11));
    assert_int_equal(end->breach_count, 0);
    limits_result_free(&result);
    stage_close(&stage);
}

/* Broken at one test date and met at the next: corrected there, not before. */
static void an_end_period_breach_is_corrected_at_a_test_date(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    json_t *json = programme();
    json_put(json, "versions/0/criteria/1/test_dates", json_of("['2025-01-09','2025-01-14']"));
    stage_ready(&stage, json);
    struct limits_result result =
        stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(12)});
    const struct criterion_result *end = stage_criterion(&result, "net-end");
    assert_int_equal(end->day, STAGE_DAY(8));
    assert_int_equal(end->verdict, LIMITS_NOT_MET);
    assert_int_equal(end->running_verdict, LIMITS_MET);
    assert_int_equal(end->breach_count, 1);
    assert_int_equal(end->breaches[0].from, STAGE_DAY(8));
    assert_int_equal(end->breaches[0].corrected, LIMITS_NO_DAY);
    assert_int_equal(end->breaches[0].change.from, STAGE_DAY(2)); /* the base date */
    limits_result_free(&result);
    result = stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(13)});
    end = stage_criterion(&result, "net-end");
    assert_int_equal(end->verdict, LIMITS_MET);
    assert_int_equal(end->breaches[0].corrected, STAGE_DAY(13));
    limits_result_free(&result);
    stage_close(&stage);
}

static void the_version_in_force_judges(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    stage_ready(&stage, programme());
    const struct programme_version *first = &stage.programme->versions[0];
    struct limits_result result =
        stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(15)});
    assert_string_equal(result.version->id, "second");
    assert_int_equal(result.criterion_count, 1);
    assert_true(result.criteria[0].in_force);
    /* What was broken under the one before stays told, as on its last day. */
    assert_int_equal(result.earlier_count, 1);
    assert_string_equal(result.earlier[0].criterion->id, "net");
    assert_int_equal(result.earlier[0].day, STAGE_DAY(14));
    assert_int_equal(result.earlier[0].breach_count, 1);
    limits_result_free(&result);
    /* Asked for by name on a day on which it is no longer in force. */
    result =
        stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(17), .version = first});
    assert_string_equal(result.version->id, "first");
    assert_false(stage_criterion(&result, "net")->in_force);
    assert_int_equal(result.earlier_count, 0);
    assert_int_equal(stage_criterion(&result, "net")->breach_count, 1);
    limits_result_free(&result);
    /* And before any is in force. */
    result = stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(3)});
    assert_string_equal(result.version->id, "first");
    assert_false(stage_criterion(&result, "net")->in_force);
    assert_int_equal(stage_criterion(&result, "net")->breach_count, 0);
    limits_result_free(&result);
    stage_close(&stage);
}

static void waivers_cover_breaches_they_hold_whole(void **state)
{
    (void)state;
    static const struct {
        const char *from, *until;
        bool covers;
    } waivers[] = {
        {"2025-01-08", "2025-01-09", true},
        {"2025-01-01", "2025-12-31", true},
        {"2025-01-08", "2025-01-08", false},
        {"2025-01-09", "2025-01-10", false},
    };
    for (size_t i = 0; i < countof(waivers); i++) {
        struct stage stage;
        play(&stage);
        json_t *json = programme();
        json_put(json, "versions/0/criteria/0/waivers",
                 json_pack("[{s:s, s:s, s:s, s:s}]", "from", waivers[i].from, "until",
                           waivers[i].until, "granted", "2025-02-01", "source", "s"));
        stage_ready(&stage, json);
        struct limits_result result =
            stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(14)});
        const struct criterion_result *net = stage_criterion(&result, "net");
        assert_int_equal(net->breach_count, 1); /* it stays one */
        assert_true((net->breaches[0].waiver != NULL) == waivers[i].covers);
        limits_result_free(&result);
        stage_close(&stage);
    }
}

static void a_buffer_warns(void **state)
{
    (void)state;
    static const struct {
        int64_t buffer;
        bool warns;
    } buffers[] = {{0, false}, {BTC(5) - 1, false}, {BTC(5), true}, {BTC(50), true}};
    for (size_t i = 0; i < countof(buffers); i++) {
        struct stage stage;
        play(&stage);
        json_t *json = programme();
        json_put(json, "versions/0/criteria/0/buffer", json_integer(buffers[i].buffer));
        json_put(json, "versions/0/criteria/0/ceiling", json_integer(BTC(5)));
        stage_ready(&stage, json);
        struct limits_result result =
            stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(12)});
        assert_true(stage_criterion(&result, "net")->warning == buffers[i].warns);
        limits_result_free(&result);
        result = stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(8)});
        assert_false(stage_criterion(&result, "net")->warning); /* broken is more */
        limits_result_free(&result);
        stage_close(&stage);
    }
}

/* Broken from the first day in force: what happened since the base is why. */
static void a_breach_may_be_inherited(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    json_t *json = programme();
    json_put(json, "versions/0/from", json_string("2025-01-09"));
    stage_ready(&stage, json);
    struct limits_result result =
        stage_evaluate(&stage, (struct limits_options){.day = STAGE_DAY(12)});
    const struct criterion_result *net = stage_criterion(&result, "net");
    assert_int_equal(net->breaches[0].from, STAGE_DAY(8));
    assert_int_equal(net->breaches[0].change.from, STAGE_DAY(2));
    assert_int_equal(amount_minor(net->breaches[0].change.after), BTC(30));
    limits_result_free(&result);
    stage_close(&stage);
}

static void every_day_has_its_value(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    stage_ready(&stage, programme());
    struct limits_options options = {.version = &stage.programme->versions[0],
                                     .day = STAGE_DAY(12),
                                     .has_daily = true,
                                     .daily_from = STAGE_DAY(1),
                                     .daily_to = STAGE_DAY(30)};
    struct limits_result result = stage_evaluate(&stage, options);
    assert_int_equal(result.daily_count, 30);
    for (size_t i = 0; i < result.criterion_count; i++)
        for (int day = 1; day <= 30; day++) {
            const struct daily_value *value =
                &result.daily[i * result.daily_count + (size_t)day - 1];
            bool known = day >= 2 && day <= 20; /* from the base to the newest block */
            assert_int_equal(value->day, STAGE_DAY(day));
            assert_true(amount_is_known(value->value) == known);
            assert_true((value->verdict == LIMITS_UNDECIDED) == !known);
            assert_true((value->why == NULL) == known);
            assert_true(value->over == (day < 20));
            if (known)
                assert_int_equal(amount_minor(value->value),
                                 day >= BROKEN && day < SOLD ? BTC(30) : 0);
        }
    limits_result_free(&result);
    options.daily_from = STAGE_DAY(31);
    struct err err = {0};
    test_refused(limits_evaluate(&result, &stage.knowledge, &options, &err), SANAD_USAGE, &err,
                 "the first day is after the last");
    options.daily_from = STAGE_DAY(-40000);
    test_refused(limits_evaluate(&result, &stage.knowledge, &options, &err), SANAD_REFUSED, &err,
                 "at most");
    stage_close(&stage);
}

/* ---- before signing ---- */

static const struct criterion_result *after_event(struct limits_result *ret_result,
                                                  const struct stage *stage, int day,
                                                  struct limits_what_if what_if, const char *id)
{
    *ret_result =
        stage_evaluate(stage, (struct limits_options){.day = STAGE_DAY(day), .what_if = &what_if});
    return stage_criterion(ret_result, id);
}

static void a_purchase_would_break(void **state)
{
    (void)state;
    struct stage stage;
    struct limits_result result;
    play(&stage);
    stage_ready(&stage, programme());
    struct limits_event event = {.wallet = RESERVE, .delta = amount_of(1)};
    struct limits_what_if buy = {
        .events = &event, .event_count = 1, .is_purchase = true, .is_external = true};
    const struct criterion_result *net = after_event(&result, &stage, 12, buy, "net");
    assert_int_equal(net->verdict, LIMITS_NOT_MET);
    assert_int_equal(amount_minor(net->headroom), -1);
    assert_int_equal(net->breaches[net->breach_count - 1].from, STAGE_DAY(12));
    /* The end-period criterion is judged as if the day were its date. */
    const struct criterion_result *end = stage_criterion(&result, "net-end");
    assert_int_equal(end->day, STAGE_DAY(12));
    assert_true(end->preliminary);
    assert_int_equal(end->verdict, LIMITS_NOT_MET);
    limits_result_free(&result);
    const struct criterion_result *gross = after_event(&result, &stage, 17, buy, "gross");
    assert_int_equal(gross->verdict, LIMITS_NOT_MET);
    assert_int_equal(amount_minor(gross->value), 1);
    limits_result_free(&result);
    /* A sale gives room in the stock; in acquisitions it offsets nothing. */
    event.delta = amount_of(-BTC(2));
    net = after_event(&result, &stage, 12, buy, "net");
    assert_int_equal(net->verdict, LIMITS_MET);
    assert_int_equal(amount_minor(net->headroom), BTC(2));
    limits_result_free(&result);
    gross = after_event(&result, &stage, 17, buy, "gross");
    assert_int_equal(gross->verdict, LIMITS_MET);
    assert_int_equal(amount_minor(gross->headroom), 0);
    limits_result_free(&result);
    /* To the bank's desk, which is outside the perimeter. */
    event = (struct limits_event){.wallet = DESK, .delta = amount_of(BTC(9))};
    net = after_event(&result, &stage, 12, buy, "net");
    assert_int_equal(net->verdict, LIMITS_MET);
    limits_result_free(&result);
    stage_close(&stage);
}

/* Nobody has said what a payment from outside would be: it can't be called met. */
static void a_payment_without_meaning_is_open(void **state)
{
    (void)state;
    struct stage stage;
    struct limits_result result;
    play(&stage);
    stage_ready(&stage, programme());
    struct limits_event event = {.wallet = RESERVE, .delta = amount_of(BTC(1))};
    struct limits_what_if come = {.events = &event, .event_count = 1, .is_external = true};
    const struct criterion_result *gross = after_event(&result, &stage, 17, come, "gross");
    assert_int_equal(gross->verdict, LIMITS_UNDECIDED);
    assert_non_null(strstr(gross->why, "unclassified"));
    assert_false(result.complete);
    limits_result_free(&result);
    stage_close(&stage);
}

/* A transfer between wallets inside moves nothing but the fee. */
static void an_own_transfer_breaks_nothing(void **state)
{
    (void)state;
    struct stage stage;
    struct limits_result result;
    play(&stage);
    stage_ready(&stage, programme());
    struct limits_event events[] = {{RESERVE, amount_of(-BTC(10))},
                                    {CLIENTS, amount_of(BTC(10) - 500)}};
    struct limits_what_if move = {.events = events, .event_count = 2};
    const struct criterion_result *net = after_event(&result, &stage, 12, move, "net");
    assert_int_equal(net->verdict, LIMITS_MET);
    assert_int_equal(amount_minor(net->headroom), 500);
    limits_result_free(&result);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_breach_has_its_days),
        cmocka_unit_test(test_dates_alone_count_for_end_period),
        cmocka_unit_test(an_end_period_breach_is_corrected_at_a_test_date),
        cmocka_unit_test(the_version_in_force_judges),
        cmocka_unit_test(waivers_cover_breaches_they_hold_whole),
        cmocka_unit_test(a_buffer_warns),
        cmocka_unit_test(a_breach_may_be_inherited),
        cmocka_unit_test(every_day_has_its_value),
        cmocka_unit_test(a_purchase_would_break),
        cmocka_unit_test(a_payment_without_meaning_is_open),
        cmocka_unit_test(an_own_transfer_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
