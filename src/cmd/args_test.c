/* Proves: a verb takes the options of its table and the common ones, and nothing else; values
 * are read strictly (numbers, heights, days, anchors, networks), and each refusal is one of
 * usage that names the option. */
#include "support.h"
#include "cmd/cmd.h"

#include <stdlib.h>
#include <unistd.h>

static const struct cmd_option options[] = {
    {"--to", "HEIGHT", "a value"},
    {"--book", "FILE...", "several values"},
    {"--csv", NULL, "a flag"},
    {NULL, NULL, NULL},
};
static const struct cmd_verb verb = {
    .name = "try", .summary = "a verb of this test", .usage = "[--to HEIGHT]", .options = options};

#define ARGS(...)                                                                                  \
    (int)countof(((const char *[]){__VA_ARGS__})), (const char *[])                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* The program's own arguments may be written to, these may not: nothing does. */
static int parse(struct cmd_args **ret_args, const struct cmd_verb *of, int argc,
                 const char *const *argv, struct err *err)
{
    return cmd_args_parse(ret_args, of, argc, (char *const *)(uintptr_t)argv, err);
}

static struct cmd_args *parsed(int argc, const char *const *argv)
{
    struct cmd_args *args = NULL;
    struct err err = {0};
    test_ok(parse(&args, &verb, argc, argv, &err), &err);
    return args;
}

static void must_refuse(const char *part, int argc, const char *const *argv)
{
    struct cmd_args *args = NULL;
    struct err err = {0};
    test_refused(parse(&args, &verb, argc, argv, &err), SANAD_USAGE, &err, part);
    assert_null(args);
}

static void options_and_words_are_told_apart(void **state)
{
    (void)state;
    size_t count;
    struct cmd_args *args = parsed(ARGS("first", "--to", "7", "--csv", "second", "--json"));
    assert_string_equal(cmd_value(args, "--to"), "7");
    assert_true(cmd_flag(args, "--csv"));
    assert_true(cmd_flag(args, "--json"));
    assert_false(cmd_flag(args, "--help"));
    assert_null(cmd_value(args, "--store"));
    assert_true(cmd_takes(args, "--to"));
    assert_true(cmd_takes(args, "--store"));
    assert_false(cmd_takes(args, "--with-book"));
    const char *const *words = cmd_words(args, &count);
    assert_int_equal(count, 2);
    assert_string_equal(words[0], "first");
    assert_string_equal(words[1], "second");
    cmd_args_free(args);
}

static void a_value_may_stand_behind_an_equals_sign(void **state)
{
    (void)state;
    struct cmd_args *args = parsed(ARGS("--to=7", "--store=a=b"));
    assert_string_equal(cmd_value(args, "--to"), "7");
    assert_string_equal(cmd_value(args, "--store"), "a=b");
    cmd_args_free(args);
    args = parsed(ARGS("--to="));
    assert_string_equal(cmd_value(args, "--to"), "");
    cmd_args_free(args);
}

static void behind_two_dashes_all_are_words(void **state)
{
    (void)state;
    size_t count;
    struct cmd_args *args = parsed(ARGS("--", "--to", "--unknown", "-"));
    assert_null(cmd_value(args, "--to"));
    (void)cmd_words(args, &count);
    assert_int_equal(count, 3);
    cmd_args_free(args);
    args = parsed(ARGS("-")); /* one dash alone is a word: standard input, where one is meant */
    (void)cmd_words(args, &count);
    assert_int_equal(count, 1);
    cmd_args_free(args);
}

static void an_option_may_take_many(void **state)
{
    (void)state;
    size_t count;
    struct cmd_args *args =
        parsed(ARGS("--book", "a", "b", "--csv", "--book", "c", "--book=d", "--to", "3"));
    const char *const *books = cmd_values(args, "--book", &count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(books[i][0], 'a' + (int)i);
    assert_string_equal(cmd_value(args, "--to"), "3");
    cmd_args_free(args);
    args = parsed(ARGS("--csv"));
    (void)cmd_values(args, "--book", &count);
    assert_int_equal(count, 0);
    cmd_args_free(args);
}

static void what_is_unknown_or_wanting_is_refused(void **state)
{
    (void)state;
    must_refuse("--tto: unknown option", ARGS("--tto", "7"));
    must_refuse("-t: unknown option", ARGS("-t"));
    must_refuse("--to: needs HEIGHT", ARGS("--to"));
    must_refuse("--book: needs FILE...", ARGS("--csv", "--book"));
    must_refuse("--csv: takes no value", ARGS("--csv=1"));
    must_refuse("--to: given twice", ARGS("--to", "7", "--to", "7"));
    must_refuse("--json: takes no value", ARGS("--json=yes"));
    must_refuse("unknown option", ARGS("--a-name-that-is-longer-than-any-option-of-this-program-"
                                       "may-be-and-still-goes-on"));
    const char *many[4098];
    for (size_t i = 0; i < countof(many); i++)
        many[i] = "word";
    must_refuse("more than 4096", (int)countof(many), many);
}

static void numbers_have_bounds(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "-1", "+1",  "007",  "12x",
                                      "1e3", " 1", "101", "0x10", "99999999999999999999"};
    uint64_t value = 0;
    struct err err = {0};
    struct cmd_args *args = parsed(ARGS("--to", "100"));
    test_ok(cmd_number(&value, args, "--to", 100, 5, &err), &err);
    assert_int_equal(value, 100);
    test_ok(cmd_number(&value, args, "--store", 100, 5, &err), &err);
    assert_int_equal(value, 5); /* not given */
    cmd_args_free(args);
    for (size_t i = 0; i < countof(bad); i++) {
        args = parsed(ARGS("--to", bad[i]));
        test_refused(cmd_number(&value, args, "--to", 100, 5, &err), SANAD_USAGE, &err, "--to: ");
        assert_int_equal(value, 5);
        cmd_args_free(args);
    }
}

static struct cmd_when when_of(const char *text)
{
    struct cmd_when when;
    struct err err = {0};
    struct cmd_args *args = parsed(ARGS("--to", text));
    test_ok(cmd_when(&when, args, "--to", &err), &err);
    cmd_args_free(args);
    return when;
}

static void a_moment_is_a_height_or_a_day(void **state)
{
    (void)state;
    static const char *const bad[] = {"2025-13-01", "2025-02-30", "yesterday", "-5",
                                      "3000000000", "2025-7-1",   "",          "20250701x"};
    struct err err = {0};
    struct cmd_when when = when_of("840000");
    assert_true(when.given && !when.is_date);
    assert_int_equal(when.height, 840000);
    when = when_of("1970-01-02"); /* the last second of that day */
    assert_true(when.given && when.is_date);
    assert_int_equal(when.time, 2 * 86400 - 1);
    when = when_of("1970-01-02T00:00:05Z");
    assert_int_equal(when.time, 86405);
    struct cmd_args *args = parsed(ARGS("--csv"));
    test_ok(cmd_when(&when, args, "--to", &err), &err);
    assert_false(when.given);
    cmd_args_free(args);
    for (size_t i = 0; i < countof(bad); i++) {
        args = parsed(ARGS("--to", bad[i]));
        test_refused(cmd_when(&when, args, "--to", &err), SANAD_USAGE, &err, "--to: ");
        cmd_args_free(args);
    }
}

static void knowledge_ends_with_a_day(void **state)
{
    (void)state;
    int64_t time;
    struct err err = {0};
    struct cmd_args *args = parsed(ARGS("--as-known", "1970-01-01"));
    test_ok(cmd_as_known(&time, args, &err), &err);
    assert_int_equal(time, 86399);
    cmd_args_free(args);
    args = parsed(ARGS("--csv"));
    test_ok(cmd_as_known(&time, args, &err), &err);
    assert_true(time == INT64_MAX);
    cmd_args_free(args);
    args = parsed(ARGS("--as-known", "840000")); /* knowledge has no height */
    test_refused(cmd_as_known(&time, args, &err), SANAD_USAGE, &err, "--as-known: 840000");
    cmd_args_free(args);
}

static void an_anchor_is_a_height_and_a_hash(void **state)
{
    (void)state;
    char text[128] = "170:";
    char hash[HEX256_SIZE];
    bool given;
    struct chain_anchor anchor;
    struct err err = {0};
    hash256_display(hash, &chain_params_find("main")->genesis_hash);
    memcpy(text + 4, hash, sizeof hash);
    struct cmd_args *args = parsed(ARGS("--anchor", text));
    test_ok(cmd_anchor(&anchor, &given, args, &err), &err);
    assert_true(given);
    assert_int_equal(anchor.height, 170);
    assert_true(hash256_equal(&anchor.hash, &chain_params_find("main")->genesis_hash));
    cmd_args_free(args);
    static const char *const bad[] = {"170", "170:", ":00", "x:00", "170:00ff", "-1:00"};
    for (size_t i = 0; i < countof(bad); i++) {
        args = parsed(ARGS("--anchor", bad[i]));
        test_refused(cmd_anchor(&anchor, &given, args, &err), SANAD_USAGE, &err, "HEIGHT:HASH");
        cmd_args_free(args);
    }
}

static void a_network_is_known_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"main", "testnet4", "signet", "regtest"};
    const struct chain_params *params;
    struct err err = {0};
    struct cmd_args *args = parsed(ARGS("--csv"));
    test_ok(cmd_chain(&params, args, &err), &err);
    assert_string_equal(params->name, "main");
    cmd_args_free(args);
    for (size_t i = 0; i < countof(names); i++) {
        args = parsed(ARGS("--chain", names[i]));
        test_ok(cmd_chain(&params, args, &err), &err);
        assert_string_equal(params->name, names[i]);
        cmd_args_free(args);
    }
    args = parsed(ARGS("--chain", "mainnet"));
    test_refused(cmd_chain(&params, args, &err), SANAD_USAGE, &err, "--chain: mainnet: not main");
    cmd_args_free(args);
}

static void what_is_needed_is_named(void **state)
{
    (void)state;
    const char *value = NULL;
    struct err err = {0};
    struct cmd_args *args = parsed(ARGS("--csv"));
    test_refused(cmd_required(&value, args, "--store", &err), SANAD_USAGE, &err,
                 "sanad try: --store is needed");
    assert_null(value);
    cmd_args_free(args);
}

/* Writes `content` as a passphrase file and reads it through the option. */
static int passphrase_of(struct buf *ret, const char *folder, struct bytes content, struct err *err)
{
    char path[PATH_SIZE];
    static const struct cmd_option own[] = {{"--passphrase-file", "FILE", ""}, {NULL, NULL, NULL}};
    static const struct cmd_verb keyed = {.name = "try", .options = own};
    struct cmd_args *args = NULL;
    test_ok(path_join(path, folder, "passphrase", err), err);
    test_ok(file_write(path, content, err), err);
    test_ok(parse(&args, &keyed, ARGS("--passphrase-file", path), err), err);
    int code = cmd_passphrase(ret, args, err);
    cmd_args_free(args);
    return code;
}

static void a_passphrase_is_the_first_line(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    struct buf passphrase;
    struct err err = {0};
    test_folder_make(folder);
    test_ok(passphrase_of(&passphrase, folder, bytes_of_text("two words\nrest"), &err), &err);
    assert_string_equal(buf_cstr(&passphrase), "two words");
    buf_free(&passphrase);
    test_ok(passphrase_of(&passphrase, folder, bytes_of_text("no newline"), &err), &err);
    assert_string_equal(buf_cstr(&passphrase), "no newline");
    buf_free(&passphrase);
    test_refused(passphrase_of(&passphrase, folder, bytes_of_text(""), &err), SANAD_USAGE, &err,
                 "empty");
    test_refused(passphrase_of(&passphrase, folder, bytes_of_text("\nsecond"), &err), SANAD_USAGE,
                 &err, "empty");
    test_refused(passphrase_of(&passphrase, folder, bytes_of("a\0b", 3), &err), SANAD_USAGE, &err,
                 "NUL");
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_are_told_apart),
        cmocka_unit_test(a_value_may_stand_behind_an_equals_sign),
        cmocka_unit_test(behind_two_dashes_all_are_words),
        cmocka_unit_test(an_option_may_take_many),
        cmocka_unit_test(what_is_unknown_or_wanting_is_refused),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(a_moment_is_a_height_or_a_day),
        cmocka_unit_test(knowledge_ends_with_a_day),
        cmocka_unit_test(an_anchor_is_a_height_and_a_hash),
        cmocka_unit_test(a_network_is_known_by_name),
        cmocka_unit_test(what_is_needed_is_named),
        cmocka_unit_test(a_passphrase_is_the_first_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
