/* Proves that a day as reported is the day with the knowledge of that time and no other: lines,
 * meanings, books and approvals that came later change the restated figure alone, and a verdict
 * that changed is possible misreporting. Groups of days give what each day alone gives. */
#include "stage_test.h"

/* The books of two times. */
struct past {
    struct stage *stage;
    struct ledger *early; /* NULL: one book all along */
    struct flows early_flows;
    int64_t late_known;  /* when the second book was */
    int64_t first_known; /* before it no book was declared */
    struct limits_knowledge answer;
    size_t asked;
};

static int past_at(const struct limits_knowledge **ret_knowledge, void *context, int64_t known,
                   struct err *err)
{
    struct past *past = context;
    past->asked++;
    if (known < past->first_known)
        return err_set(err, SANAD_MISSING, "no book was declared");
    past->answer = past->stage->knowledge;
    past->answer.known = known;
    if (past->early && known < past->late_known) {
        past->answer.ledger = past->early;
        past->answer.flows = &past->early_flows;
    }
    *ret_knowledge = &past->answer;
    return 0;
}

static struct limits_result compared(struct past *past, struct limits_options options)
{
    struct limits_result result = stage_evaluate(past->stage, options);
    struct limits_history history = {.context = past, .at = past_at};
    struct err err = {0};
    test_ok(limits_report_compare(&result, &history, &err), &err);
    return result;
}

/* What a day gives that is evaluated alone, with the knowledge of its own report. */
static enum limits_verdict alone(struct past *past, const char *id, int64_t day, int64_t lag)
{
    const struct limits_knowledge *then;
    struct err err = {0};
    struct limits_result result;
    struct limits_options options = {.day = day, .version = &past->stage->programme->versions[0]};
    test_ok(past_at(&then, past, programme_day_end(past->stage->programme, day) + lag, &err), &err);
    test_ok(limits_evaluate(&result, then, &options, &err), &err);
    enum limits_verdict verdict = stage_criterion(&result, id)->verdict;
    limits_result_free(&result);
    return verdict;
}

static void changed_is(const struct criterion_result *result, size_t days, int first, int last)
{
    assert_int_equal(result->changed_days, days);
    assert_true(result->misreporting == (days > 0));
    assert_int_equal(result->changed_first, days ? STAGE_DAY(first) : LIMITS_NO_DAY);
    assert_int_equal(result->changed_last, days ? STAGE_DAY(last) : LIMITS_NO_DAY);
}

#define ON(n) ((struct limits_options){.day = STAGE_DAY(n)})

/* 100 BTC, of which clients own 60; another 1000 elsewhere. Returns the coin of 40. */
static size_t play(struct stage *stage)
{
    stage_open(stage, stage_book);
    stage_owes(stage, "operator", "S14", 0, BTC(60), STAGE_DAY(0));
    return world_tx(
        &stage->world, NO_INS,
        OUT({SCRIPT_RESERVE, BTC(40)}, {SCRIPT_CLIENTS, BTC(60)}, {SCRIPT_FOREIGN, BTC(1000)}));
}

static void nothing_learned_nothing_changed(void **state)
{
    (void)state;
    struct stage stage;
    (void)play(&stage);
    stage_to(&stage, 20);
    stage_ready(&stage, json_of(stage_programme));
    struct past past = {.stage = &stage};
    struct limits_result result = compared(&past, ON(12));
    for (size_t i = 0; i < result.criterion_count; i++) {
        assert_true(result.criteria[i].has_reported);
        assert_int_equal(result.criteria[i].reported_verdict, LIMITS_MET);
        assert_int_equal(amount_minor(result.criteria[i].reported_value), 0);
        changed_is(&result.criteria[i], 0, 0, 0);
    }
    assert_int_equal(stage_criterion(&result, "net")->reported_known,
                     STAGE_DAY(12) + LIMITS_DAY - 1);
    limits_result_free(&result);
    stage_close(&stage);
}

/* A line of day 7 that was known on day 10 only. */
static void a_line_that_came_late(void **state)
{
    (void)state;
    struct stage stage;
    (void)play(&stage);
    stage_owes(&stage, "operator", "S14", 7, BTC(30), STAGE_DAY(10) + 100);
    stage_to(&stage, 20);
    stage_ready(&stage, json_of(stage_programme));
    struct past past = {.stage = &stage};
    struct limits_result result = compared(&past, ON(9));
    const struct criterion_result *net = stage_criterion(&result, "net");
    assert_int_equal(net->verdict, LIMITS_NOT_MET);
    assert_int_equal(net->reported_verdict, LIMITS_MET);
    assert_int_equal(amount_minor(net->reported_value), 0);
    assert_int_equal(amount_minor(net->value), BTC(30));
    changed_is(net, 3, 7, 9);
    assert_true(net->breaches[0].has_reported);
    assert_int_equal(net->breaches[0].reported_verdict, LIMITS_MET);
    /* The test date of day 9 changed too. */
    changed_is(stage_criterion(&result, "net-end"), 1, 9, 9);
    limits_result_free(&result);
    /* From day 10 on the report is right; what was wrong before stays told. */
    result = compared(&past, ON(13));
    net = stage_criterion(&result, "net");
    assert_int_equal(net->reported_verdict, LIMITS_NOT_MET);
    changed_is(net, 3, 7, 9);
    limits_result_free(&result);
    stage_close(&stage);
}

/* Of two lines for one time the newer proposal stands until the older one is approved. */
static void a_line_that_was_approved_late(void **state)
{
    (void)state;
    struct stage stage;
    (void)play(&stage);
    stage_owes(&stage, "operator", "S14", 7, BTC(60), STAGE_DAY(7));
    stage_owes(&stage, "operator", "S14", 7, BTC(30), STAGE_DAY(7));
    stage.lines[1].decided = STAGE_DAY(9);
    stage.lines[2].decided = INT64_MAX;
    stage_to(&stage, 20);
    stage_ready(&stage, json_of(stage_programme));
    struct past past = {.stage = &stage};
    struct limits_result result = compared(&past, ON(12));
    assert_int_equal(stage_criterion(&result, "net")->verdict, LIMITS_MET);
    changed_is(stage_criterion(&result, "net"), 2, 7, 8);
    limits_result_free(&result);
    stage_close(&stage);
}

/* What was rejected stood until then. */
static void a_line_that_was_rejected(void **state)
{
    (void)state;
    struct stage stage;
    (void)play(&stage);
    stage_owes(&stage, "operator", "S14", 7, BTC(30), STAGE_DAY(7));
    stage.lines[1].decided = INT64_MAX;
    stage.lines[1].rejected = STAGE_DAY(10);
    stage_to(&stage, 20);
    stage_ready(&stage, json_of(stage_programme));
    struct past past = {.stage = &stage};
    struct limits_result result = compared(&past, ON(12));
    assert_int_equal(stage_criterion(&result, "net")->verdict, LIMITS_MET);
    changed_is(stage_criterion(&result, "net"), 3, 7, 9);
    limits_result_free(&result);
    stage_close(&stage);
}

/* With so many days of lag a line that comes within them was there in time. */
static void lag_gives_time(void **state)
{
    (void)state;
    for (int lag = 0; lag <= 4; lag++) {
        struct stage stage;
        (void)play(&stage);
        stage_owes(&stage, "operator", "S14", 7, BTC(30), STAGE_DAY(10) + 100);
        stage_to(&stage, 20);
        json_t *json = json_of(stage_programme);
        json_put(json, "reporting", json_pack("{s:i}", "lag_days", lag));
        stage_ready(&stage, json);
        struct past past = {.stage = &stage};
        struct limits_result result = compared(&past, ON(13));
        changed_is(stage_criterion(&result, "net"), lag < 3 ? (size_t)(3 - lag) : 0, 7, 9 - lag);
        limits_result_free(&result);
        stage_close(&stage);
    }
}

/* A purchase of day 17 that was told on day 19: undecided as reported, which is no misreporting;
 * told as a gift first and as a purchase later: it is. */
static void a_meaning_that_came_late(void **state)
{
    (void)state;
    for (int first_told = 0; first_told <= 1; first_told++)
        for (int64_t late = 0; late <= 36000; late += 36000) {
            struct stage stage;
            size_t coin = play(&stage);
            stage_to(&stage, 16);
            stage.world.late = late * 3; /* the block says that it is of the next day */
            stage_to(&stage, 17);
            size_t bought = world_tx(&stage.world, IN({.coin = coin + 2}),
                                     OUT({SCRIPT_RESERVE, BTC(5)}, {SCRIPT_FOREIGN, BTC(995)}));
            stage_to(&stage, 22);
            if (first_told)
                stage_means(&stage, bought, NULL, FLOW_DONATION, STAGE_DAY(17));
            stage_means(&stage, bought, NULL, FLOW_PURCHASE, STAGE_DAY(18) + 100);
            stage_ready(&stage, json_of(stage_programme));
            struct past past = {.stage = &stage};
            struct limits_result result = compared(&past, ON(17));
            const struct criterion_result *gross = stage_criterion(&result, "gross");
            assert_int_equal(gross->verdict, LIMITS_NOT_MET);
            assert_int_equal(gross->reported_verdict, first_told ? LIMITS_MET : LIMITS_UNDECIDED);
            changed_is(gross, first_told ? 1 : 0, 17, 17);
            limits_result_free(&result);
            result = compared(&past, ON(20));
            gross = stage_criterion(&result, "gross");
            assert_int_equal(gross->reported_verdict, LIMITS_NOT_MET);
            changed_is(gross, first_told ? 1 : 0, 17, 17);
            limits_result_free(&result);
            stage_close(&stage);
        }
}

/* ---- books ---- */

/* A wallet that the first book does not show. Its coins came on `day`; the second book is known
 * from day 12 on. */
static void late_book_open(struct stage *stage, struct past *past, uint32_t day)
{
    struct err err = {0};
    stage_open(stage, stage_book_late);
    stage_owes(stage, "operator", "S14", 0, BTC(60), STAGE_DAY(0));
    size_t coin = world_tx(
        &stage->world, NO_INS,
        OUT({SCRIPT_RESERVE, BTC(40)}, {SCRIPT_CLIENTS, BTC(60)}, {SCRIPT_FOREIGN, BTC(1000)}));
    stage_to(stage, day);
    (void)world_tx(&stage->world, IN({.coin = coin + 2}),
                   OUT({SCRIPT_LATE, BTC(12)}, {SCRIPT_FOREIGN, BTC(988)}));
    stage_to(stage, 20);
    stage_ready(stage, json_of(stage_programme));
    struct flows_options options = {.from = 0, .to = 20};
    *past = (struct past){.stage = stage, .late_known = STAGE_DAY(12)};
    struct book *late = stage->world.book;
    stage->world.book = NULL;
    world_rebook(&stage->world, stage_book);
    test_ok(ledger_new(&past->early, stage->world.facts, stage->world.book, 20, &err), &err);
    test_ok(flows_make(&past->early_flows, past->early, &options, &err), &err);
    past->answer.ledger = NULL;
    (void)late;
}

static void late_book_close(struct stage *stage, struct past *past)
{
    struct book *late = (struct book *)ledger_book(stage->ledger);
    flows_free(&past->early_flows);
    ledger_free(past->early);
    stage_close(stage);
    book_free(late);
}

/* Base and total both rise: what accumulated does not, and no verdict changes. */
static void a_wallet_declared_late_with_coins_older_than_the_base(void **state)
{
    (void)state;
    struct stage stage;
    struct past past;
    late_book_open(&stage, &past, 1);
    struct limits_result result = compared(&past, ON(11));
    const struct criterion_result *net = stage_criterion(&result, "net");
    assert_int_equal(amount_minor(net->value), 0);
    assert_int_equal(amount_minor(net->terms[0].at.value), BTC(112));
    assert_int_equal(amount_minor(net->terms[0].base.value), BTC(112));
    assert_int_equal(amount_minor(net->reported_value), 0);
    changed_is(net, 0, 0, 0);
    limits_result_free(&result);
    late_book_close(&stage, &past);
}

static void a_wallet_declared_late_with_coins_newer_than_the_base(void **state)
{
    (void)state;
    struct stage stage;
    struct past past;
    late_book_open(&stage, &past, 6);
    struct limits_result result = compared(&past, ON(11));
    const struct criterion_result *net = stage_criterion(&result, "net");
    assert_int_equal(amount_minor(net->value), BTC(12));
    assert_int_equal(net->verdict, LIMITS_NOT_MET);
    assert_int_equal(amount_minor(net->reported_value), 0);
    assert_int_equal(net->reported_verdict, LIMITS_MET);
    changed_is(net, 6, 6, 11);
    changed_is(stage_criterion(&result, "net-end"), 1, 9, 9);
    assert_int_equal(alone(&past, "net", STAGE_DAY(11), 0), LIMITS_MET);
    assert_int_equal(alone(&past, "net", STAGE_DAY(12), 0), LIMITS_NOT_MET);
    limits_result_free(&result);
    late_book_close(&stage, &past);
}

/* Days before any book were not reported at all. */
static void before_any_book_nothing_was_reported(void **state)
{
    (void)state;
    struct stage stage;
    (void)play(&stage);
    stage_owes(&stage, "operator", "S14", 7, BTC(30), STAGE_DAY(11));
    stage_to(&stage, 20);
    stage_ready(&stage, json_of(stage_programme));
    struct past past = {.stage = &stage, .first_known = STAGE_DAY(9)};
    struct limits_result result = compared(&past, ON(8));
    const struct criterion_result *net = stage_criterion(&result, "net");
    assert_false(net->has_reported);
    assert_false(net->breaches[0].has_reported);
    changed_is(net, 0, 0, 0);
    limits_result_free(&result);
    result = compared(&past, ON(12));
    changed_is(stage_criterion(&result, "net"), 2, 9, 10);
    limits_result_free(&result);
    stage_close(&stage);
}

/* What the source of knowledge refuses is refused. */
static int refuse_at(const struct limits_knowledge **ret_knowledge, void *context, int64_t known,
                     struct err *err)
{
    (void)ret_knowledge;
    (void)context;
    (void)known;
    return err_set(err, SANAD_IO, "the store: cannot be read");
}

static void a_history_that_fails_is_an_error(void **state)
{
    (void)state;
    struct stage stage;
    (void)play(&stage);
    stage_to(&stage, 20);
    stage_ready(&stage, json_of(stage_programme));
    struct limits_result result = stage_evaluate(&stage, ON(12));
    struct limits_history history = {.at = refuse_at};
    struct err err = {0};
    test_refused(limits_report_compare(&result, &history, &err), SANAD_IO, &err, "cannot be read");
    limits_result_free(&result);
    stage_close(&stage);
}

/* A version that was not known yet judged nothing then. */
static void a_version_known_late_was_not_reported_under(void **state)
{
    (void)state;
    struct stage stage;
    (void)play(&stage);
    stage_to(&stage, 20);
    json_t *json = json_of(stage_programme);
    json_put(json, "versions/0/known", json_string("2025-01-10"));
    stage_ready(&stage, json);
    struct past past = {.stage = &stage};
    struct limits_result result = compared(&past, ON(8));
    assert_false(stage_criterion(&result, "net")->has_reported);
    limits_result_free(&result);
    result = compared(&past, ON(9));
    assert_true(stage_criterion(&result, "net")->has_reported);
    limits_result_free(&result);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_learned_nothing_changed),
        cmocka_unit_test(a_line_that_came_late),
        cmocka_unit_test(a_line_that_was_approved_late),
        cmocka_unit_test(a_line_that_was_rejected),
        cmocka_unit_test(lag_gives_time),
        cmocka_unit_test(a_meaning_that_came_late),
        cmocka_unit_test(a_wallet_declared_late_with_coins_older_than_the_base),
        cmocka_unit_test(a_wallet_declared_late_with_coins_newer_than_the_base),
        cmocka_unit_test(before_any_book_nothing_was_reported),
        cmocka_unit_test(a_history_that_fails_is_an_error),
        cmocka_unit_test(a_version_known_late_was_not_reported_under),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
