/* Proves that the chain of hashes finds every kind of change behind the program's back: a
 * field edited, an entry removed, put in or turned round, an approval forged, a document
 * exchanged; and that what was known on a day cannot be changed afterwards. */
#include "register_test.h"

static void fill(struct fixture *fixture)
{
    int64_t first =
        proposed(fixture, "{\"txid\":\"" TXID_1 "\",\"meaning\":\"purchase\"}", "2025-01-01");
    approved(fixture, first, "2025-01-02");
    (void)proposed(fixture, "{\"txid\":\"" TXID_2 "\",\"meaning\":\"seizure\",\"note\":\"n\"}",
                   "2025-01-03");
    assert_int_equal(entry_count(fixture), 3);
}

static void run(struct fixture *fixture, const char *sql)
{
    struct err err = {0};
    test_ok(store_run(fixture->store, sql, &err), &err);
}

static void broken(struct fixture *fixture, const char *part)
{
    struct err err = {0};
    struct hash256 head;
    int64_t count;
    test_refused(register_check(fixture->registry, &count, &head, &err), SANAD_FALSE, &err, part);
}

static void test_head(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct hash256 head;
    struct hash256 later;
    int64_t count;
    test_ok(register_check(fixture->registry, &count, &head, &err), &err);
    assert_int_equal(count, 0);
    assert_true(hash256_is_zero(&head));
    fill(fixture);
    test_ok(register_check(fixture->registry, &count, &head, &err), &err);
    (void)proposed(fixture, "{\"txid\":\"" TXID_2 "\",\"meaning\":\"other\"}", "2025-01-03");
    test_ok(register_check(fixture->registry, &count, &later, &err), &err);
    assert_int_equal(count, 4);
    assert_false(hash256_equal(&head, &later));
}

/* The same declarations give the same head on every machine. */
static void test_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct hash256 head;
    char text[HEX256_SIZE];
    int64_t count;
    fill(fixture);
    test_ok(register_check(fixture->registry, &count, &head, &err), &err);
    hash256_straight(text, &head);
    struct fixture *other = NULL;
    assert_int_equal(fixture_setup((void **)&other), 0);
    fill(other);
    struct hash256 head_other;
    test_ok(register_check(other->registry, &count, &head_other, &err), &err);
    assert_true(hash256_equal(&head, &head_other));
    assert_int_equal(fixture_teardown((void **)&other), 0);
}

static void test_every_field(void **state)
{
    static const char *const changes[] = {"known = known + 1",
                                          "actor = 'eva'",
                                          "kind = 'price'",
                                          "nation = 'XP'",
                                          "key = 'k'",
                                          "valid_from = 5",
                                          "valid_until = 5",
                                          "document_name = 'd'",
                                          "visibility = 'sealed'",
                                          "body = '{}'",
                                          "supersedes = 1",
                                          "reason = 'r'",
                                          "document = zeroblob(32)"};
    struct fixture *fixture = *state;
    fill(fixture);
    for (size_t i = 0; i < countof(changes); i++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql,
                       "SAVEPOINT s; UPDATE register_journal SET %s WHERE number = 3", changes[i]);
        run(fixture, sql);
        broken(fixture, "entry 3: its content was changed");
        run(fixture, "ROLLBACK TO s; RELEASE s");
    }
    assert_int_equal(entry_count(fixture), 3);
}

static void test_order(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    run(fixture, "SAVEPOINT s; DELETE FROM register_journal WHERE number = 2");
    broken(fixture, "entry 3: an entry is missing");
    run(fixture, "ROLLBACK TO s; UPDATE register_journal SET number = 9 WHERE number = 1");
    broken(fixture, "entry 2: an entry is missing");
    run(fixture, "ROLLBACK TO s; UPDATE register_journal SET previous = zeroblob(32)"
                 " WHERE number = 2");
    broken(fixture, "entry 2: does not hash the entry before it");
    run(fixture, "ROLLBACK TO s; UPDATE register_journal SET hash = zeroblob(32)"
                 " WHERE number = 3");
    broken(fixture, "entry 3: its content was changed");
    run(fixture, "ROLLBACK TO s; UPDATE register_journal SET action = 'decree' WHERE number = 1");
    broken(fixture, "entry 1: an action that is none");
    run(fixture, "ROLLBACK TO s; RELEASE s");
    assert_int_equal(entry_count(fixture), 3);
}

/* Appends an entry with a right hash, past all rules of the program. */
static void forge(struct fixture *fixture, struct entry *entry)
{
    struct err err = {0};
    test_ok(store_begin(fixture->store, &err), &err);
    test_ok(journal_append(fixture->registry, entry, &err), &err);
    test_ok(store_commit(fixture->store, &err), &err);
}

static struct entry decision_of(int64_t record, const char *who)
{
    return (struct entry){.action = ACTION_APPROVE,
                          .known = day("2025-02-01"),
                          .actor = who,
                          .record = record,
                          .kind = "declaration",
                          .nation = "XS",
                          .key = TXID_2 "/"};
}

static void test_forged_approval(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    struct entry own = decision_of(3, "ANA");
    forge(fixture, &own);
    broken(fixture, "entry 4: approved by the one who prepared it");
}

static void test_forged_second(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    struct entry once = decision_of(3, "bruno");
    struct entry twice = decision_of(3, "carla");
    twice.action = ACTION_REJECT;
    forge(fixture, &once);
    forge(fixture, &twice);
    broken(fixture, "entry 5: decides a record a second time");
}

static void test_forged_target(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    struct entry other = decision_of(3, "bruno");
    other.key = TXID_1 "/";
    forge(fixture, &other);
    broken(fixture, "entry 4: decides what is no record, or another one");
}

static void test_known_goes_forward(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int64_t number = 0;
    fill(fixture);
    test_refused(propose(fixture, &number, "{\"txid\":\"" TXID_2 "\",\"meaning\":\"loan\"}",
                         "2025-01-02", &err),
                 SANAD_REFUSED, &err, "known: before the newest entry");
    struct decision late = {.number = 3, .who = "bruno", .known = day("2025-01-02")};
    test_refused(register_approve(fixture->registry, &late, &err), SANAD_REFUSED, &err,
                 "known: before the newest entry");
    late.known = INT64_MAX;
    test_refused(register_approve(fixture->registry, &late, &err), SANAD_REFUSED, &err,
                 "years 1970 to 9999");
    late.known = -1;
    test_refused(register_approve(fixture->registry, &late, &err), SANAD_REFUSED, &err,
                 "years 1970 to 9999");
    assert_int_equal(number, 0);
    assert_int_equal(entry_count(fixture), 3); /* nothing of the refused stayed */
    /* another nation's register has its own order */
    struct hash256 document = hash_of(DOC_1);
    json_t *body = json_loads("{\"txid\":\"" TXID_1 "\",\"meaning\":\"loan\"}", 0, NULL);
    struct proposal other = {.kind = "declaration",
                             .nation = "XP",
                             .body = body,
                             .document = &document,
                             .proposer = "zia",
                             .known = day("2024-01-01")};
    test_ok(register_propose(fixture->registry, &number, &other, &err), &err);
    json_decref(body);
    assert_int_equal(entry_count(fixture), 4);
}

static void test_document(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct hash256 sha256;
    struct bytes text;
    sha256_of(&sha256, bytes_of_text("abc"));
    test_ok(store_begin(fixture->store, &err), &err);
    test_ok(document_add(fixture->registry, &sha256, bytes_of_text("abc"), &err), &err);
    test_ok(document_add(fixture->registry, &sha256, bytes_of_text("abc"), &err), &err);
    test_ok(store_commit(fixture->store, &err), &err);
    test_ok(register_document(fixture->registry, &text, &sha256, &fixture->arena, &err), &err);
    assert_true(bytes_equal(text, bytes_of_text("abc")));
    assert_int_equal(entry_count(fixture), 0);
    run(fixture, "UPDATE register_document SET content = CAST('abd' AS BLOB)");
    broken(fixture, "its content was changed");
    test_refused(register_document(fixture->registry, &text, &sha256, &fixture->arena, &err),
                 SANAD_FALSE, &err, "its content was changed");
    sha256_of(&sha256, bytes_of_text("abd"));
    test_refused(register_document(fixture->registry, &text, &sha256, &fixture->arena, &err),
                 SANAD_MISSING, &err, "not kept here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTER_TEST(test_head),
        REGISTER_TEST(test_same_bytes),
        REGISTER_TEST(test_every_field),
        REGISTER_TEST(test_order),
        REGISTER_TEST(test_forged_approval),
        REGISTER_TEST(test_forged_second),
        REGISTER_TEST(test_forged_target),
        REGISTER_TEST(test_known_goes_forward),
        REGISTER_TEST(test_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
