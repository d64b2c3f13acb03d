/* Proves the four eyes: the preparer cannot approve, nothing is decided twice, nothing
 * stands without a document, and a correction supersedes instead of overwriting. */
#include "register_test.h"

static void test_four_eyes(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int64_t number =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"purchase\"}", "2025-01-01");
    struct decision decision = {.number = number, .who = "ana", .known = day("2025-01-02")};
    test_refused(register_approve(fixture->registry, &decision, &err), SANAD_REFUSED, &err,
                 "who prepared it can't approve it");
    decision.who = "Ana";
    test_refused(register_approve(fixture->registry, &decision, &err), SANAD_REFUSED, &err,
                 "who prepared it can't approve it");
    decision.who = "";
    test_refused(register_approve(fixture->registry, &decision, &err), SANAD_REFUSED, &err,
                 "who decides");
    decision.who = "bruno";
    test_ok(register_approve(fixture->registry, &decision, &err), &err);
    decision.who = "carla";
    test_refused(register_approve(fixture->registry, &decision, &err), SANAD_REFUSED, &err,
                 "already approved by \"bruno\"");
    test_refused(register_reject(fixture->registry, &decision, &err), SANAD_REFUSED, &err,
                 "already approved");
    decision.number = 99;
    test_refused(register_approve(fixture->registry, &decision, &err), SANAD_MISSING, &err,
                 "record 99: there is none");
    decision.number = number + 1; /* the approval itself */
    test_refused(register_approve(fixture->registry, &decision, &err), SANAD_MISSING, &err,
                 "there is none");
    assert_int_equal(entry_count(fixture), 2);
}

static void test_reject(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct record record;
    int64_t number =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"purchase\"}", "2025-01-01");
    /* who prepared it may take it back */
    struct decision decision = {
        .number = number, .who = "ana", .known = day("2025-01-02"), .reason = "typed twice"};
    test_ok(register_reject(fixture->registry, &decision, &err), &err);
    test_ok(register_record(fixture->registry, &record, number, &fixture->arena, &err), &err);
    assert_int_equal(record.state, RECORD_REJECTED);
    assert_string_equal(record.decider, "ana");
    decision.who = "bruno";
    test_refused(register_approve(fixture->registry, &decision, &err), SANAD_REFUSED, &err,
                 "already rejected");
}

static void test_supersedes(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct record record;
    int64_t first =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"purchase\"}", "2025-01-01");
    approved(fixture, first, "2025-01-01");
    int64_t second =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"seizure\"}", "2025-02-01");
    test_ok(register_record(fixture->registry, &record, second, &fixture->arena, &err), &err);
    assert_int_equal(record.supersedes, first);
    assert_int_equal(record.state, RECORD_PROPOSED);
    assert_int_equal(record.decided, 0);
    assert_null(record.decider);
    test_ok(register_record(fixture->registry, &record, first, &fixture->arena, &err), &err);
    assert_int_equal(record.supersedes, 0);
    assert_int_equal(record.state, RECORD_APPROVED);
    assert_int_equal(record.decided, day("2025-01-01"));
    assert_non_null(strstr(record.body, "purchase")); /* as it was */
    json_t *json = register_record_json(&record);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "approved");
    assert_string_equal(json_string_value(json_object_get(json, "known")), "2025-01-01T00:00:00Z");
    assert_true(json_is_null(json_object_get(json, "valid_from")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "body"), "meaning")), "purchase");
    json_decref(json);
}

static void refused(struct fixture *fixture, const struct proposal *proposal, const char *part)
{
    struct err err = {0};
    int64_t number = -7;
    test_refused(register_propose(fixture->registry, &number, proposal, &err), SANAD_REFUSED, &err,
                 part);
    assert_int_equal(number, -7);
    assert_int_equal(entry_count(fixture), 0);
}

static void test_proposals_refused(void **state)
{
    struct fixture *fixture = *state;
    struct hash256 document = hash_of(DOC_1);
    json_t *body = json_loads("{\"txid\":\"" TXID_1 "\",\"meaning\":\"loan\"}", 0, NULL);
    const struct proposal good = {.kind = "declaration",
                                  .nation = "XS",
                                  .body = body,
                                  .document = &document,
                                  .proposer = "ana",
                                  .known = day("2025-01-01")};
    struct proposal bad = good;
    bad.document = NULL;
    refused(fixture, &bad, "document: a record needs the hash of one");
    bad = good;
    bad.nation = NULL;
    refused(fixture, &bad, "nation: two capital letters");
    bad.nation = "xs";
    refused(fixture, &bad, "nation: two capital letters");
    bad = good;
    bad.proposer = NULL;
    refused(fixture, &bad, "proposer: must be clean text");
    bad = good;
    bad.visibility = "secret";
    refused(fixture, &bad, "visibility: must be public, fund or sealed");
    bad = good;
    bad.document_name = "a\tb";
    refused(fixture, &bad, "document name: must be clean text");
    bad = good;
    bad.kind = "gossip";
    refused(fixture, &bad, "gossip: no such kind");
    bad.kind = "wallet";
    refused(fixture, &bad, "wallet: comes with a whole book");
    bad.kind = "price";
    refused(fixture, &bad, "unknown field");
    bad = good;
    bad.body = NULL;
    refused(fixture, &bad, "neither a body nor a key");
    bad.key = TXID_1 "/";
    refused(fixture, &bad, "nothing stands that could be withdrawn");
    json_decref(body);
}

static void test_price_has_no_nation(void **state)
{
    struct fixture *fixture = *state;
    struct hash256 document = hash_of(DOC_1);
    json_t *body = json_loads("{\"time\":\"2025-07-16\",\"source\":\"s\",\"currency\":\"USD\","
                              "\"price_minor_per_btc\":11888000}",
                              0, NULL);
    struct proposal price = {.kind = "price",
                             .nation = "XS",
                             .body = body,
                             .document = &document,
                             .proposer = "ana",
                             .known = day("2025-07-17")};
    refused(fixture, &price, "nation: a price belongs to none");
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTER_TEST(test_four_eyes),           REGISTER_TEST(test_reject),
        REGISTER_TEST(test_supersedes),          REGISTER_TEST(test_proposals_refused),
        REGISTER_TEST(test_price_has_no_nation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
