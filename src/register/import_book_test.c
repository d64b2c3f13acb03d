/* Proves that a book's versions are kept by hash, that only what changed becomes a record,
 * that what is gone is withdrawn, and that a day's question finds that day's version. */
#include "register_test.h"

#define ENTITY "{\"id\":\"onb\",\"name\":{\"en\":\"Office\"},\"sector\":\"S1311\"}"
#define WALLET(id, more)                                                                           \
    "{\"id\":\"" id "\",\"entity\":\"onb\",\"class\":\"reserve\",\"control\":\"declared\","        \
    "\"visibility\":\"public\",\"descriptors\":[\"addr(x)\"]" more "}"
#define BOOK(wallets)                                                                              \
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"simulated\":true,\"entities\":[" ENTITY             \
    "],\"wallets\":[" wallets "]}"

static int import(struct fixture *fixture, struct import_report *report, const char *text,
                  const char *known, const char *approver, struct err *err)
{
    json_t *book = json_loads(text, 0, NULL);
    assert_non_null(book);
    struct register_import import = {.proposer = "ana", .approver = approver, .known = day(known)};
    int code = register_import_book(fixture->registry, report, book, &import, err);
    json_decref(book);
    return code;
}

/* Counts: added, approved, unchanged, withdrawn. */
static void imported(struct fixture *fixture, const char *text, const char *known,
                     const char *approver, const size_t counts[4])
{
    struct err err = {0};
    struct import_report report = {0};
    test_ok(import(fixture, &report, text, known, approver, &err), &err);
    assert_int_equal(report.counts[IMPORT_ADDED], counts[0]);
    assert_int_equal(report.counts[IMPORT_APPROVED], counts[1]);
    assert_int_equal(report.counts[IMPORT_UNCHANGED], counts[2]);
    assert_int_equal(report.counts[IMPORT_WITHDRAWN], counts[3]);
    import_report_free(&report);
    (void)entry_count(fixture); /* the chain holds */
}

static struct register_book standing(struct fixture *fixture, const char *known,
                                     struct bytes *ret_text)
{
    struct err err = {0};
    struct register_book book = {0};
    test_ok(register_book_as_known(fixture->registry, &book, ret_text, "XS", day(known) + 86399,
                                   &fixture->arena, &err),
            &err);
    return book;
}

static void test_versions(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct bytes text;
    const char *one = BOOK(WALLET("a", "") "," WALLET("b", ""));
    const char *two = BOOK(WALLET("b", ",\"until\":\"2025-03-01\"") "," WALLET("c", ""));
    imported(fixture, one, "2025-01-01", NULL, (size_t[]){4, 0, 0, 0});
    imported(fixture, one, "2025-01-02", NULL, (size_t[]){0, 0, 1, 0});
    /* the entity is unchanged, b changed, c is new, a is gone */
    imported(fixture, two, "2025-02-01", NULL, (size_t[]){3, 0, 1, 1});
    struct register_book book = standing(fixture, "2025-01-15", &text);
    assert_true(book.simulated);
    assert_string_equal(book.nation, "XS");
    assert_int_equal(book.state, RECORD_PROPOSED);
    assert_int_equal(book.known, day("2025-01-01"));
    struct hash256 hash;
    sha256_of(&hash, text);
    assert_true(hash256_equal(&hash, &book.sha256));
    json_t *json = json_loadb((const char *)text.data, text.size, 0, NULL);
    json_t *expected = json_loads(one, 0, NULL);
    assert_true(json_equal(json, expected));
    json_decref(json);
    json_decref(expected);
    book = standing(fixture, "2025-02-01", &text);
    assert_int_equal(book.known, day("2025-02-01"));
    test_refused(register_book_as_known(fixture->registry, &book, &text, "XS", day("2024-12-31"),
                                        &fixture->arena, &err),
                 SANAD_MISSING, &err, "nation XS: no address book was known");
    test_refused(register_book_as_known(fixture->registry, &book, &text, "XP", INT64_MAX,
                                        &fixture->arena, &err),
                 SANAD_MISSING, &err, "nation XP");
    struct register_book *books;
    size_t count;
    test_ok(register_books(fixture->registry, &books, &count, NULL, &fixture->arena, &err), &err);
    assert_int_equal(count, 2);
    assert_int_equal(books[0].known, day("2025-01-01"));
}

static size_t wallets_at(struct fixture *fixture, const char *known, const char *valid)
{
    struct err err = {0};
    struct record *records;
    size_t count;
    struct register_query query = {.kind = "wallet",
                                   .nation = "XS",
                                   .known = day(known),
                                   .at_a_time = true,
                                   .valid = day(valid)};
    test_ok(register_as_known(fixture->registry, &records, &count, &query, &fixture->arena, &err),
            &err);
    return count;
}

static void test_parts(void **state)
{
    struct fixture *fixture = *state;
    imported(fixture,
             BOOK(WALLET("a", ",\"since\":\"2025-01-10\",\"until\":null") "," WALLET("b", "")),
             "2025-01-01", "bruno", (size_t[]){4, 0, 0, 0});
    imported(fixture, BOOK(WALLET("b", ",\"until\":\"2025-03-01\"")), "2025-02-01", "bruno",
             (size_t[]){2, 0, 1, 1});
    assert_int_equal(wallets_at(fixture, "2025-01-15", "2025-01-05"), 1);
    assert_int_equal(wallets_at(fixture, "2025-01-15", "2025-01-10"), 2);
    assert_int_equal(wallets_at(fixture, "2025-02-15", "2025-01-10"), 1);
    assert_int_equal(wallets_at(fixture, "2025-02-15", "2025-03-01"), 0);
    assert_int_equal(wallets_at(fixture, "2025-01-15", "2025-03-01"), 2);
}

/* A version that nobody approved does not push out one that somebody did. */
static void test_approval(void **state)
{
    struct fixture *fixture = *state;
    struct bytes text;
    const char *one = BOOK(WALLET("a", ""));
    const char *two = BOOK(WALLET("a", "") "," WALLET("b", ""));
    imported(fixture, one, "2025-01-01", NULL, (size_t[]){3, 0, 0, 0});
    assert_int_equal(standing(fixture, "2025-01-01", &text).state, RECORD_PROPOSED);
    imported(fixture, one, "2025-01-02", "bruno", (size_t[]){0, 3, 0, 0});
    assert_int_equal(standing(fixture, "2025-01-01", &text).state, RECORD_PROPOSED);
    struct register_book first = standing(fixture, "2025-01-02", &text);
    assert_int_equal(first.state, RECORD_APPROVED);
    assert_int_equal(first.decided, day("2025-01-02"));
    imported(fixture, two, "2025-01-03", NULL, (size_t[]){2, 0, 2, 0});
    struct register_book still = standing(fixture, "2025-01-03", &text);
    assert_true(hash256_equal(&still.sha256, &first.sha256));
    imported(fixture, two, "2025-01-04", "bruno", (size_t[]){0, 2, 2, 0});
    struct register_book second = standing(fixture, "2025-01-04", &text);
    assert_false(hash256_equal(&second.sha256, &first.sha256));
    /* back to the first: a new record, the old text */
    imported(fixture, one, "2025-01-05", "bruno", (size_t[]){1, 0, 2, 1});
    struct register_book third = standing(fixture, "2025-01-05", &text);
    assert_true(hash256_equal(&third.sha256, &first.sha256));
}

/* Where a file lay on one machine is no part of a record. */
static void test_document_name(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct import_report report = {0};
    struct record record;
    json_t *book = json_loads(BOOK(""), 0, NULL);
    struct register_import import = {
        .proposer = "ana", .known = day("2025-01-01"), .document_name = "some/where/book-xs.json"};
    test_ok(register_import_book(fixture->registry, &report, book, &import, &err), &err);
    test_ok(register_record(fixture->registry, &record, 1, &fixture->arena, &err), &err);
    assert_string_equal(record.document_name, "book-xs.json");
    import_report_free(&report);
    json_decref(book);
}

static void test_refused_book(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct import_report report = {0};
    int code = import(fixture, &report, "{\"currency\":\"USD\"}", "2025-01-01", NULL, &err);
    test_refused(code, SANAD_REFUSED, &err, "\"nation\" must be a string");
    code = import(fixture, &report,
                  "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[{\"id\":5}],"
                  "\"wallets\":[]}",
                  "2025-01-01", NULL, &err);
    test_refused(code, SANAD_REFUSED, &err, "nothing imported");
    code = import(fixture, &report, BOOK(""), "2025-01-01", "Ana", &err);
    test_refused(code, SANAD_REFUSED, &err, "can't approve");
    import_report_free(&report);
    assert_int_equal(entry_count(fixture), 0);
    struct store_query *query;
    test_ok(store_query_new(&query, fixture->store, "SELECT 1 FROM register_document", &err), &err);
    assert_int_equal(query_step(query, &err), 0); /* the text was not kept either */
    store_query_free(query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTER_TEST(test_versions),     REGISTER_TEST(test_parts),
        REGISTER_TEST(test_approval),     REGISTER_TEST(test_document_name),
        REGISTER_TEST(test_refused_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
