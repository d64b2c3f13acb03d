/* Proves: JSON is read strictly and within bounds, and its RFC 8785 form is that of the
 * published vectors. The vectors with reals must be refused: a statement has no floats. */
#include "support.h"

#include <stdlib.h>

static struct buf canonical_of(const char *text)
{
    json_t *json = NULL;
    struct err err = {0};
    test_ok(json_read(&json, "test", bytes_of_text(text), 1 << 20, &err), &err);
    struct buf buf = buf_with_max(1 << 20);
    test_ok(json_canonical(&buf, json, &err), &err);
    json_decref(json);
    return buf;
}

static void check_canonical(const char *text, const char *expected)
{
    struct buf buf = canonical_of(text);
    assert_string_equal(buf_cstr(&buf), expected);
    buf_free(&buf);
}

static void check_vector(const char *name)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "tlog/jcs/input/%s.json", name);
    struct buf input = test_data(path);
    (void)snprintf(path, sizeof path, "tlog/jcs/output/%s.json", name);
    struct buf output = test_data(path);
    struct buf ours = canonical_of(buf_cstr(&input));
    assert_true(bytes_equal(buf_bytes(&ours), buf_bytes(&output)));
    buf_free(&input);
    buf_free(&output);
    buf_free(&ours);
}

static void published_vectors(void **state)
{
    (void)state;
    static const char *const names[] = {"arrays", "french", "unicode", "weird"};
    for (size_t i = 0; i < countof(names); i++)
        check_vector(names[i]);
}

static void vectors_with_reals_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"structures", "values"};
    for (size_t i = 0; i < countof(names); i++) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "tlog/jcs/input/%s.json", names[i]);
        struct buf input = test_data(path);
        json_t *json = NULL;
        struct err err = {0};
        test_ok(json_read(&json, names[i], buf_bytes(&input), 1 << 20, &err), &err);
        struct buf buf = buf_with_max(1 << 20);
        test_refused(json_canonical(&buf, json, &err), SANAD_REFUSED, &err, "a real number");
        json_decref(json);
        buf_free(&buf);
        buf_free(&input);
    }
}

static void names_sort_by_utf16(void **state)
{
    (void)state;
    /* U+FB33 is above every surrogate, so also above the last character there is. */
    check_canonical("{\"\xef\xac\xb3\":1,\"\xf4\x8f\xbf\xbd\":2,\"\xf0\x9f\x98\x82\":3,"
                    "\"\xed\x9f\xbf\":4,\"\":5,\"a\":6,\"aa\":7,\"A\":8}",
                    "{\"\":5,\"A\":8,\"a\":6,\"aa\":7,\"\xed\x9f\xbf\":4,\"\xf0\x9f\x98\x82\":3,"
                    "\"\xf4\x8f\xbf\xbd\":2,\"\xef\xac\xb3\":1}");
}

static void values_have_one_spelling(void **state)
{
    (void)state;
    check_canonical(
        " [ 1 , -0 , 9007199254740991 , -9007199254740991 , \"\\u0041\\/\\u001f\\u007f\" ,"
        " true , false , null , { } , [ ] ] ",
        "[1,0,9007199254740991,-9007199254740991,\"A/\\u001f\x7f\",true,false,null,{},"
        "[]]");
    check_canonical("[\"\\b\\t\\n\\f\\r\\u000b\\\"\\\\\"]", "[\"\\b\\t\\n\\f\\r\\u000b\\\"\\\\\"]");
}

static void integers_stop_at_2_53(void **state)
{
    (void)state;
    static const char *const big[] = {"[9007199254740992]", "[-9007199254740992]",
                                      "[9223372036854775807]"};
    for (size_t i = 0; i < countof(big); i++) {
        json_t *json = NULL;
        struct err err = {0};
        test_ok(json_read(&json, "test", bytes_of_text(big[i]), 100, &err), &err);
        struct buf buf = buf_with_max(100);
        test_refused(json_canonical(&buf, json, &err), SANAD_REFUSED, &err, "beyond 2^53-1");
        json_decref(json);
        buf_free(&buf);
    }
}

static void other_documents_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"a\":1}", /* a duplicate: which of the two was signed? */
        "{\"a\":1,\"\\u0061\":1}",
        "[1][2]",
        "[1] x",
        "[01]",
        "[+1]",
        "[.5]",
        "[1e999]",
        "[9223372036854775808]",
        "[NaN]",
        "['a']",
        "[\"\\ud800\"]",
        "[\"\\u0000\"]",
        "[\"\xff\"]",
        "[\"\xed\xa0\x80\"]",
        "[\"a\nb\"]",
        "// note\n[1]",
        "\xef\xbb\xbf[1]",
        "1",
        "\"text\"",
        "null",
    };
    for (size_t i = 0; i < countof(bad); i++) {
        json_t *json = NULL;
        struct err err = {0};
        int code = json_read(&json, "book.json", bytes_of_text(bad[i]), 1000, &err);
        if (code != SANAD_REFUSED || json || strncmp(err.text, "book.json: ", 11) != 0)
            fail_msg("%s: %d, %s", bad[i], code, err.text);
    }
}

static void nest(struct buf *buf, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_text(buf, i % 2 ? "[" : "{\"]}\\\"\":");
    buf_text(buf, "0");
    for (int i = depth - 1; i >= 0; i--)
        buf_text(buf, i % 2 ? "]" : "}");
}

static void size_and_depth_have_a_maximum(void **state)
{
    (void)state;
    json_t *json = NULL;
    struct err err = {0};
    struct buf deep = buf_with_max(1 << 20);
    nest(&deep, JSON_DEPTH_MAX);
    test_ok(json_read(&json, "deep", buf_bytes(&deep), 1 << 20, &err), &err);
    json_decref(json);
    json = NULL;
    buf_reset(&deep);
    nest(&deep, JSON_DEPTH_MAX + 1);
    test_refused(json_read(&json, "deep", buf_bytes(&deep), 1 << 20, &err), SANAD_REFUSED, &err,
                 "deep: nested deeper than 64");
    test_refused(json_read(&json, "big", bytes_of_text("[10]"), 3, &err), SANAD_REFUSED, &err,
                 "big: over 3 bytes");
    assert_null(json);
    buf_free(&deep);
}

static void canonical_form_keeps_to_its_ceiling(void **state)
{
    (void)state;
    json_t *json = NULL;
    struct err err = {0};
    test_ok(json_read(&json, "test", bytes_of_text("[\"0123456789\"]"), 100, &err), &err);
    struct buf buf = buf_with_max(13);
    test_refused(json_canonical(&buf, json, &err), SANAD_REFUSED, &err, "over 13 bytes");
    buf_free(&buf);
    buf = buf_with_max(14);
    test_ok(json_canonical(&buf, json, &err), &err);
    buf_free(&buf);
    json_decref(json);
}

static void members_are_checked(void **state)
{
    (void)state;
    static const char *const keys[] = {"name", "count", NULL};
    json_t *json = NULL;
    struct err err = {0};
    const char *name = NULL;
    int64_t count = 0;
    const char *text = "{\"name\":\"x\",\"count\":5}";
    test_ok(json_read(&json, "w", bytes_of_text(text), 100, &err), &err);
    test_ok(json_only_keys("w", json, keys, &err), &err);
    test_ok(json_get_string(&name, "w", json, "name", &err), &err);
    test_ok(json_get_integer(&count, "w", json, "count", 5, 5, &err), &err);
    assert_string_equal(name, "x");
    assert_int_equal(count, 5);
    test_refused(json_get_integer(&count, "w", json, "count", 6, 9, &err), SANAD_REFUSED, &err,
                 "w: \"count\" must be an integer from 6 to 9");
    test_refused(json_get_integer(&count, "w", json, "name", 0, 9, &err), SANAD_REFUSED, &err,
                 "\"name\"");
    test_refused(json_get_string(&name, "w", json, "count", &err), SANAD_REFUSED, &err,
                 "w: \"count\" must be a string");
    test_refused(json_get_string(&name, "w", json, "absent", &err), SANAD_REFUSED, &err,
                 "\"absent\"");
    test_refused(json_only_keys("w", json, keys + 1, &err), SANAD_REFUSED, &err,
                 "w: unknown key \"name\"");
    test_refused(json_only_keys("w", json_object_get(json, "name"), keys, &err), SANAD_REFUSED,
                 &err, "w: must be an object");
    json_decref(json);
}

static void files_are_read_with_their_name(void **state)
{
    (void)state;
    json_t *json = NULL;
    struct err err = {0};
    test_refused(json_read_file(&json, "/nonexistent/x.json", 100, &err), SANAD_IO, &err,
                 "/nonexistent/x.json: open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(vectors_with_reals_are_refused),
        cmocka_unit_test(names_sort_by_utf16),
        cmocka_unit_test(values_have_one_spelling),
        cmocka_unit_test(integers_stop_at_2_53),
        cmocka_unit_test(other_documents_are_refused),
        cmocka_unit_test(size_and_depth_have_a_maximum),
        cmocka_unit_test(canonical_form_keeps_to_its_ceiling),
        cmocka_unit_test(members_are_checked),
        cmocka_unit_test(files_are_read_with_their_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
