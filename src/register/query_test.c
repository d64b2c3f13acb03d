/* Proves that a question "as known at T" is answered as on that day, whatever came later:
 * approvals, corrections, rejections, withdrawals. */
#include "register_test.h"

/* What stands for TXID_1 as known at the end of a day: "meaning state", or "none". */
static const char *standing(struct fixture *fixture, const char *known)
{
    struct err err = {0};
    struct register_query query = {
        .kind = "declaration", .nation = "XS", .known = day(known) + 86399};
    struct record *records;
    size_t count;
    test_ok(register_as_known(fixture->registry, &records, &count, &query, &fixture->arena, &err),
            &err);
    assert_true(count <= 1);
    if (count == 0)
        return "none";
    json_t *body = json_loads(records[0].body, 0, NULL);
    struct buf text = buf_with_max(256);
    buf_format(&text, "%s %s", json_string_value(json_object_get(body, "meaning")),
               record_state_name(records[0].state));
    const char *copy = arena_strdup(&fixture->arena, buf_cstr(&text));
    buf_free(&text);
    json_decref(body);
    return copy;
}

static void withdraw(struct fixture *fixture, const char *known, const char *approver)
{
    struct err err = {0};
    struct hash256 document = hash_of(DOC_2);
    int64_t number;
    struct proposal proposal = {.kind = "declaration",
                                .nation = "XS",
                                .key = TXID_1 "/",
                                .document = &document,
                                .proposer = "ana",
                                .known = day(known)};
    test_ok(register_propose(fixture->registry, &number, &proposal, &err), &err);
    struct decision decision = {.number = number, .who = approver, .known = day(known)};
    if (approver)
        test_ok(register_approve(fixture->registry, &decision, &err), &err);
}

static void test_two_times(void **state)
{
    struct fixture *fixture = *state;
    int64_t first =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"purchase\"}", "2025-01-01");
    int64_t second =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"donation\"}", "2025-01-03");
    approved(fixture, first, "2025-01-05");
    approved(fixture, second, "2025-01-07");
    int64_t third =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"seizure\"}", "2025-01-09");
    withdraw(fixture, "2025-01-11", NULL);
    struct err err = {0};
    struct decision reject = {.number = third, .who = "carla", .known = day("2025-01-13")};
    test_ok(register_reject(fixture->registry, &reject, &err), &err);
    withdraw(fixture, "2025-01-15", "bruno");

    assert_string_equal(standing(fixture, "2024-12-31"), "none");
    assert_string_equal(standing(fixture, "2025-01-01"), "purchase proposed");
    assert_string_equal(standing(fixture, "2025-01-04"), "donation proposed");
    assert_string_equal(standing(fixture, "2025-01-05"), "purchase approved");
    assert_string_equal(standing(fixture, "2025-01-07"), "donation approved");
    assert_string_equal(standing(fixture, "2025-01-09"), "donation approved");
    assert_string_equal(standing(fixture, "2025-01-11"), "donation approved");
    assert_string_equal(standing(fixture, "2025-01-13"), "donation approved");
    assert_string_equal(standing(fixture, "2025-01-15"), "none");
    assert_string_equal(standing(fixture, "2030-01-01"), "none");
}

/* The one approved last stands, not the one proposed last. */
static void test_approval_decides(void **state)
{
    struct fixture *fixture = *state;
    int64_t first =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"purchase\"}", "2025-01-01");
    int64_t second =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"donation\"}", "2025-01-01");
    approved(fixture, second, "2025-01-02");
    assert_string_equal(standing(fixture, "2025-01-02"), "donation approved");
    approved(fixture, first, "2025-01-03");
    assert_string_equal(standing(fixture, "2025-01-03"), "purchase approved");
    assert_string_equal(standing(fixture, "2025-01-02"), "donation approved");
}

static void test_rejected_first(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int64_t number =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"purchase\"}", "2025-01-01");
    struct decision reject = {.number = number, .who = "carla", .known = day("2025-01-03")};
    test_ok(register_reject(fixture->registry, &reject, &err), &err);
    assert_string_equal(standing(fixture, "2025-01-02"), "purchase proposed");
    assert_string_equal(standing(fixture, "2025-01-03"), "none");
}

static void test_history(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct record *records;
    size_t count;
    int64_t first =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"purchase\"}", "2025-01-01");
    (void)proposed(fixture, "{\"txid\":\"" TXID_2 "\",\"meaning\":\"loan\"}", "2025-01-02");
    (void)proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"donation\"}", "2025-01-03");
    approved(fixture, first, "2025-01-04");
    withdraw(fixture, "2025-01-05", "bruno");
    struct register_query query = {
        .kind = "declaration", .nation = "XS", .key = TXID_1 "/", .known = INT64_MAX};
    test_ok(register_history(fixture->registry, &records, &count, &query, &fixture->arena, &err),
            &err);
    assert_int_equal(count, 3);
    assert_int_equal(records[0].number, first);
    assert_int_equal(records[0].state, RECORD_APPROVED);
    assert_int_equal(records[1].state, RECORD_PROPOSED);
    assert_null(records[2].body);
    json_t *json = register_record_json(&records[2]);
    assert_true(json_is_null(json_object_get(json, "body")));
    json_decref(json);
    query.known = day("2025-01-03");
    test_ok(register_history(fixture->registry, &records, &count, &query, &fixture->arena, &err),
            &err);
    assert_int_equal(count, 2);
    assert_int_equal(records[0].state, RECORD_PROPOSED);
    query.nation = "XP";
    test_ok(register_history(fixture->registry, &records, &count, &query, &fixture->arena, &err),
            &err);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTER_TEST(test_two_times),
        REGISTER_TEST(test_approval_decides),
        REGISTER_TEST(test_rejected_first),
        REGISTER_TEST(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
