/* Proves: a criteria-report that says one thing twice must say the same: a headroom, a verdict
 * or a date that does not follow is named; and the files at hand must be those that it names. */
#include "recheck/recheck.h"

#include "support.h"

#include "crypto/crypto.h"

#include <stdlib.h>
#include <unistd.h>

static const char met[] =
    "{\"id\":\"a\",\"kind\":\"performance-criterion\",\"bound\":\"ceiling\",\"date\":\"2025-09-"
    "30\","
    "\"value\":-5,\"limit\":10,\"headroom\":15,\"verdict\":\"met\",\"since\":\"2025-07-04\","
    "\"corrected\":\"2025-08-20\"}";
static const char floor_broken[] =
    "{\"id\":\"b\",\"kind\":\"indicative-target\",\"bound\":\"floor\",\"date\":\"2025-09-30\","
    "\"value\":7,\"limit\":10,\"headroom\":-3,\"verdict\":\"not-met\",\"since\":\"2025-09-30\"}";
static const char undecided[] =
    "{\"id\":\"c\",\"kind\":\"indicative-target\",\"bound\":\"floor\",\"date\":\"2025-09-30\","
    "\"limit\":10,\"verdict\":\"undecided\",\"missing\":\"no line\"}";
static const char action[] =
    "{\"id\":\"d\",\"kind\":\"structural-benchmark\",\"bound\":\"action\",\"date\":\"2025-12-31\","
    "\"verdict\":\"met\"}";

static json_t *parse(const char *text)
{
    json_t *json = NULL;
    struct err err = {0};
    test_ok(json_read(&json, "test", bytes_of_text(text), 1 << 16, &err), &err);
    return json;
}

static json_t *report(void)
{
    json_t *json = parse("{\"as_of\":{\"date\":\"2025-09-30\",\"time\":\"2025-10-01T00:00:00Z\"},"
                         "\"criteria\":[],\"files\":[]}");
    json_t *list = json_object_get(json, "criteria");
    json_array_append_new(list, parse(met));
    json_array_append_new(list, parse(floor_broken));
    json_array_append_new(list, parse(undecided));
    json_array_append_new(list, parse(action));
    return json;
}

static enum verdict verdict_of(json_t *json, struct recheck *recheck)
{
    struct stmt stmt = {.kind = STMT_CRITERIA_REPORT, .json = json};
    *recheck = (struct recheck){0};
    recheck_arithmetic(recheck, &stmt);
    return recheck->verdict;
}

static void test_holds(void **state)
{
    (void)state;
    struct recheck recheck;
    json_t *json = report();
    assert_int_equal(verdict_of(json, &recheck), VERDICT_HOLDS);
    assert_int_equal(recheck.count, 4);
    /* One id may stand there again for an earlier version of the programme. */
    json_t *again = parse(floor_broken);
    json_object_set_new(again, "version", json_string("2024"));
    json_array_append_new(json_object_get(json, "criteria"), again);
    assert_int_equal(verdict_of(json, &recheck), VERDICT_HOLDS);
    json_decref(json);
}

/* One member of one criterion exchanged (NULL: removed): contradicted, by this rule. */
static void contradicted(size_t criterion, const char *key, json_t *value, const char *part)
{
    struct recheck recheck;
    json_t *json = report();
    json_t *entry = json_array_get(json_object_get(json, "criteria"), criterion);
    if (value)
        json_object_set_new(entry, key, value);
    else
        json_object_del(entry, key);
    assert_int_equal(verdict_of(json, &recheck), VERDICT_CONTRADICTED);
    size_t found = 0;
    for (size_t i = 0; i < recheck.count; i++)
        found += strstr(recheck.checks[i].detail, part) != NULL;
    assert_int_equal(found, 1);
    json_decref(json);
}

static void test_contradicted(void **state)
{
    (void)state;
    contradicted(0, "headroom", json_integer(14), "limit less value");
    contradicted(0, "value", json_integer(-6), "limit less value");
    contradicted(1, "headroom", json_integer(3), "value less limit");
    contradicted(0, "verdict", json_string("not-met"), "not negative");
    contradicted(1, "verdict", json_string("met"), "headroom is negative");
    contradicted(0, "verdict", json_string("waived"), "verdict is none");
    contradicted(0, "value", NULL, "decided without");
    contradicted(0, "limit", json_string("10"), "decided without");
    contradicted(0, "headroom", NULL, "decided without");
    contradicted(2, "headroom", json_integer(1), "a headroom without");
    contradicted(2, "missing", NULL, "what is missing");
    contradicted(0, "bound", json_string("roof"), "neither ceiling");
    contradicted(0, "kind", json_string("wish"), "kind is none");
    contradicted(0, "id", NULL, "no id");
    contradicted(1, "id", json_string("a"), "there twice");
    contradicted(0, "date", json_string("2025-10-01"), "after that of the report");
    contradicted(0, "date", json_string("yesterday"), "date is none");
    contradicted(0, "since", NULL, "corrected before");
    contradicted(0, "since", json_string("2025-08-20"), "corrected before");
    contradicted(1, "since", json_string("2025-10-01"), "broken after");
    contradicted(0, "since", json_integer(3), "no date");
    contradicted(3, "date", NULL, "date is none");
}

static void test_no_list(void **state)
{
    (void)state;
    struct recheck recheck;
    json_t *json = report();
    json_object_set_new(json, "criteria", json_array());
    assert_int_equal(verdict_of(json, &recheck), VERDICT_CONTRADICTED);
    json_object_del(json, "criteria");
    assert_int_equal(verdict_of(json, &recheck), VERDICT_CONTRADICTED);
    json_decref(json);
    json = report();
    json_object_del(json, "as_of");
    assert_int_equal(verdict_of(json, &recheck), VERDICT_CONTRADICTED);
    json_decref(json);
}

static void file_name(json_t *json, const char *name, const char *content)
{
    struct hash256 hash;
    json_t *entry = json_object();
    sha256_of(&hash, bytes_of_text(content));
    json_object_set_new(entry, "name", json_string(name));
    json_object_set_new(entry, "sha256", json_hash_straight(&hash));
    json_array_append_new(json_object_get(json, "files"), entry);
}

static enum verdict files_of(json_t *json, const char *folder)
{
    struct recheck recheck = {0};
    struct stmt stmt = {.kind = STMT_CRITERIA_REPORT, .json = json};
    recheck_files(&recheck, &stmt, folder);
    return recheck.verdict;
}

static void test_files(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};
    json_t *json = report();
    test_folder_make(folder);
    test_ok(path_join(path, folder, "a.csv", &err), &err);
    test_ok(file_write(path, bytes_of_text("one"), &err), &err);
    file_name(json, "a.csv", "one");
    assert_int_equal(files_of(json, folder), VERDICT_HOLDS);
    file_name(json, "b.csv", "two");
    assert_int_equal(files_of(json, folder), VERDICT_UNDECIDED);
    test_ok(file_write(path, bytes_of_text("One"), &err), &err);
    assert_int_equal(files_of(json, folder), VERDICT_CONTRADICTED);
    /* A name must not lead out of the folder. */
    test_ok(file_write(path, bytes_of_text("one"), &err), &err);
    json_array_clear(json_object_get(json, "files"));
    file_name(json, "../a.csv", "one");
    assert_int_equal(files_of(json, folder), VERDICT_CONTRADICTED);
    json_array_clear(json_object_get(json, "files"));
    json_array_append_new(json_object_get(json, "files"), json_true());
    assert_int_equal(files_of(json, folder), VERDICT_CONTRADICTED);
    json_object_del(json, "files");
    assert_int_equal(files_of(json, folder), VERDICT_CONTRADICTED);
    json_decref(json);
    test_folder_remove(folder);
}

/* A long list of criteria stands in criteria.json; the report has its hash and its length. */
static void test_criteria_elsewhere(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};
    json_t *json = report();
    char *text = json_dumps(json_object_get(json, "criteria"), JSON_COMPACT);
    test_folder_make(folder);
    test_ok(path_join(path, folder, "criteria.json", &err), &err);
    file_name(json, "criteria.json", text);
    json_object_del(json, "criteria");
    json_t *entry = json_array_get(json_object_get(json, "files"), 0);
    json_object_set(json, "criteria_sha256", json_object_get(entry, "sha256"));
    json_object_set_new(json, "criterion_count", json_integer(4));
    struct recheck recheck;
    assert_int_equal(verdict_of(json, &recheck), VERDICT_HOLDS); /* nothing to say yet */
    assert_int_equal(files_of(json, folder), VERDICT_UNDECIDED);
    test_ok(file_write(path, bytes_of_text(text), &err), &err);
    assert_int_equal(files_of(json, folder), VERDICT_HOLDS);
    json_object_set_new(json, "criterion_count", json_integer(5));
    assert_int_equal(files_of(json, folder), VERDICT_CONTRADICTED);
    json_object_set_new(json, "criterion_count", json_integer(4));
    json_object_set_new(json, "criteria_sha256", json_string("00"));
    assert_int_equal(files_of(json, folder), VERDICT_CONTRADICTED);
    /* What the file says is checked as what the report says. */
    char *wrong = strstr(text, "\"headroom\":15");
    assert_non_null(wrong);
    wrong[11] = '2';
    test_ok(file_write(path, bytes_of_text(text), &err), &err);
    json_array_clear(json_object_get(json, "files"));
    file_name(json, "criteria.json", text);
    entry = json_array_get(json_object_get(json, "files"), 0);
    json_object_set(json, "criteria_sha256", json_object_get(entry, "sha256"));
    assert_int_equal(files_of(json, folder), VERDICT_CONTRADICTED);
    free(text);
    json_decref(json);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_holds),
                                       cmocka_unit_test(test_contradicted),
                                       cmocka_unit_test(test_no_list), cmocka_unit_test(test_files),
                                       cmocka_unit_test(test_criteria_elsewhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
