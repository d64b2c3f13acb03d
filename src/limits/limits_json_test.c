/* Proves the JSON of doc/formats/limits.md: every member that it names and no real number, unknown
 * figures null with what is missing beside, breaches with their waiver and their sentence, days as
 * they were evaluated; and that two runs give the same bytes. */
#include "stage_test.h"

/* Broken on day 7, corrected on day 9. */
static void play(struct stage *stage)
{
    stage_open(stage, stage_book);
    size_t first =
        world_tx(&stage->world, NO_INS, OUT({SCRIPT_RESERVE, BTC(40)}, {SCRIPT_CLIENTS, BTC(60)}));
    stage_owes(stage, "operator", "S14", 0, BTC(60), STAGE_DAY(0));
    stage_owes(stage, "operator", "S14", 7, BTC(30), STAGE_DAY(7));
    stage_to(stage, 9);
    (void)world_tx(&stage->world, IN({.coin = first + 1}),
                   OUT({SCRIPT_CLIENTS, BTC(30)}, {SCRIPT_FOREIGN, BTC(30)}));
    stage_to(stage, 20);
}

static const json_t *member(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    if (!value)
        fail_msg("no member \"%s\"", key);
    return value;
}

static void has_keys(const json_t *json, const char *const *keys)
{
    size_t count = 0;
    for (; *keys; keys++, count++)
        (void)member(json, *keys);
    assert_int_equal(json_object_size(json), count);
}

static void is_text(const json_t *json, const char *key, const char *expected)
{
    assert_string_equal(json_string_value(member(json, key)), expected);
}

static void is_integer(const json_t *json, const char *key, int64_t expected)
{
    assert_true(json_is_integer(member(json, key)));
    assert_int_equal(json_integer_value(member(json, key)), expected);
}

static void is_null(const json_t *json, const char *key)
{
    assert_true(json_is_null(member(json, key)));
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})
static const char *const top_keys[] = {
    "programme", "programme_sha256",   "nation", "simulated",   "version",  "as_of",    "timezone",
    "chain",     "utc_offset_minutes", "grade",  "book_sha256", "complete", "criteria", "earlier",
    NULL};
static const char *const criterion_keys[] = {
    "id",          "name",        "version",     "kind",      "continuity", "reading",
    "unit",        "decimals",    "date",        "base_date", "day_over",   "in_force",
    "value",       "bound",       "limit",       "headroom",  "verdict",    "warning",
    "since",       "corrected",   "breaches",    "terms",     "missing",    "changed",
    "preliminary", "explanation", "assumptions", "reported",  "running",    "possible_misreporting",
    NULL};

static json_t *evaluated(const struct stage *stage, struct limits_options options)
{
    struct limits_result result = stage_evaluate(stage, options);
    json_t *json = limits_json(&result);
    limits_result_free(&result);
    return json;
}

static void members_are_as_documented(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    stage_ready(&stage, json_of(stage_programme));
    json_t *json = evaluated(&stage, (struct limits_options){.day = STAGE_DAY(12)});
    has_keys(json, top_keys);
    is_text(json, "programme", "toy");
    is_text(json, "nation", "XS");
    is_text(json, "version", "first");
    is_text(json, "chain", "main");
    is_text(json, "grade", "prevout");
    assert_true(json_is_true(member(json, "simulated")));
    assert_true(json_is_true(member(json, "complete")));
    const json_t *as_of = member(json, "as_of");
    has_keys(as_of, KEYS("date", "height", "block_hash", "time", "day_over"));
    is_text(as_of, "date", "2025-01-13");
    is_integer(as_of, "height", 12);
    const json_t *net = json_array_get(member(json, "criteria"), 0);
    has_keys(net, criterion_keys);
    is_text(net, "id", "net");
    is_text(net, "kind", "performance-criterion");
    is_text(net, "continuity", "continuous");
    is_text(net, "unit", "BTC");
    is_text(net, "verdict", "met");
    is_text(net, "bound", "ceiling");
    is_text(net, "since", "2025-01-08");
    is_text(net, "corrected", "2025-01-10");
    is_integer(net, "value", 0);
    is_integer(net, "decimals", 8);
    is_null(net, "reading");
    is_null(net, "running");
    const json_t *breach = json_array_get(member(net, "breaches"), 0);
    has_keys(breach,
             KEYS("from", "corrected", "worst", "worst_date", "waiver", "reported", "explanation"));
    is_integer(breach, "worst", BTC(30));
    is_null(breach, "waiver");
    assert_non_null(
        strstr(json_string_value(member(breach, "explanation")), "fell by 30 BTC on 2025-01-08"));
    const json_t *term = json_array_get(member(net, "terms"), 0);
    has_keys(term, KEYS("term", "unit", "value", "base", "source"));
    is_integer(term, "value", BTC(70));
    is_integer(term, "base", BTC(100));
    const json_t *end = json_array_get(member(json, "criteria"), 1);
    has_keys(end, criterion_keys);
    is_text(end, "date", "2025-01-10");
    has_keys(member(end, "running"), KEYS("date", "value", "headroom", "verdict"));
    is_text(member(end, "running"), "date", "2025-01-13");
    json_decref(json);
    stage_close(&stage);
}

static void unknown_is_null_and_says_why(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    json_t *programme = json_of(stage_programme);
    json_put(programme, "versions/0/criteria/0/quantity",
             json_of("{'liabilities':{'perimeter':'public','max_age_days':1}}"));
    stage_ready(&stage, programme);
    json_t *json = evaluated(&stage, (struct limits_options){.day = STAGE_DAY(12),
                                                             .has_daily = true,
                                                             .daily_from = STAGE_DAY(6),
                                                             .daily_to = STAGE_DAY(12)});
    assert_true(json_is_false(member(json, "complete")));
    const json_t *criterion = json_array_get(member(json, "criteria"), 0);
    is_null(criterion, "value");
    is_null(criterion, "headroom");
    is_text(criterion, "verdict", "undecided");
    assert_int_equal(json_array_size(member(criterion, "missing")), 1);
    const json_t *term = json_array_get(member(criterion, "terms"), 0);
    is_null(term, "value");
    assert_non_null(strstr(json_string_value(member(term, "missing")), "operator"));
    const json_t *days = member(json_array_get(member(json, "daily"), 0), "days");
    assert_int_equal(json_array_size(days), 7);
    is_null(json_array_get(days, 0), "value");
    (void)member(json_array_get(days, 0), "missing");
    is_integer(json_array_get(days, 1), "value", BTC(30));
    assert_null(json_object_get(json_array_get(days, 1), "missing"));
    json_decref(json);
    stage_close(&stage);
}

static void the_same_bytes_each_time(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    json_t *programme = json_of(stage_programme);
    json_put(programme, "versions/0/criteria/0/waivers",
             json_of("[{'from':'2025-01-08','until':'2025-01-09','granted':'2025-02-01',"
                     "'document_sha256':'" HASH_TEXT "','source':'s'}]"));
    stage_ready(&stage, programme);
    struct buf forms[2] = {buf_with_max(1 << 20), buf_with_max(1 << 20)};
    for (size_t i = 0; i < 2; i++) {
        struct err err = {0};
        json_t *json = evaluated(&stage, (struct limits_options){.day = STAGE_DAY(17),
                                                                 .has_daily = true,
                                                                 .daily_from = STAGE_DAY(0),
                                                                 .daily_to = STAGE_DAY(25)});
        test_ok(json_canonical(&forms[i], json, &err), &err); /* refuses reals */
        /* Broken under the version before: told with its waiver. */
        const json_t *earlier = json_array_get(member(json, "earlier"), 0);
        is_text(earlier, "version", "first");
        const json_t *waiver = member(json_array_get(member(earlier, "breaches"), 0), "waiver");
        has_keys(waiver, KEYS("from", "until", "granted", "document_sha256", "source"));
        is_text(waiver, "document_sha256", HASH_TEXT);
        is_text(waiver, "until", "2025-01-09");
        json_decref(json);
    }
    assert_true(bytes_equal(buf_bytes(&forms[0]), buf_bytes(&forms[1])));
    buf_free(&forms[0]);
    buf_free(&forms[1]);
    stage_close(&stage);
}

/* A benchmark has no quantity: nothing but its verdict is there. */
static void actions_have_no_figures(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    json_t *programme = json_of(stage_programme);
    json_put(programme, "versions/0/criteria/+",
             json_of("{'id':'audit','name':{'en':'Audit'},'kind':'structural-benchmark',"
                     "'action':{'due':'2025-01-10','status':'not-done'}}"));
    stage_ready(&stage, programme);
    json_t *json = evaluated(&stage, (struct limits_options){.day = STAGE_DAY(12)});
    const json_t *audit = json_array_get(member(json, "criteria"), 2);
    has_keys(audit, criterion_keys);
    is_text(audit, "unit", "none");
    is_text(audit, "verdict", "not-met");
    is_null(audit, "value");
    is_null(audit, "limit");
    is_null(audit, "base_date");
    json_decref(json);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_as_documented),
        cmocka_unit_test(unknown_is_null_and_says_why),
        cmocka_unit_test(the_same_bytes_each_time),
        cmocka_unit_test(actions_have_no_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
