/* Proves: errors carry their object, defuse hostile names, never overrun, and map to the
 * exit codes of the contract; our own mistakes end the program. */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void the_sentence_names_the_object(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(err_set(&err, SANAD_REFUSED, "block %d: merkle root differs", 7),
                     SANAD_REFUSED);
    assert_string_equal(err.text, "block 7: merkle root differs");
    assert_int_equal(err_wrap(&err, "blk%05d.dat", 12), SANAD_REFUSED);
    assert_string_equal(err.text, "blk00012.dat: block 7: merkle root differs");
    assert_int_equal(err_set(NULL, SANAD_IO, "nobody listens"), SANAD_IO);
}

static void hostile_names_are_defused(void **state)
{
    (void)state;
    struct err err = {0};
    (void)err_set(&err, SANAD_REFUSED, "wallet \"%s\": unknown",
                  "\x1b[2J\n\xff\xc2\x9b\xe2\x80\xae");
    assert_string_equal(err.text, "wallet \"?[2J???????\": unknown");
    assert_true(text_is_clean(err.text));
    (void)err_wrap(&err, "\r%s", "a\xc3");
    assert_string_equal(err.text, "?a?: wallet \"?[2J???????\": unknown");
}

static void long_sentences_are_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    struct err err = {0};
    (void)err_set(&err, SANAD_IO, "%s", text);
    assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
    (void)err_wrap(&err, "%s", text);
    assert_true(strlen(err.text) < ERR_TEXT_SIZE);
    /* Cut in the middle of a character: no half of one is left. */
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xb1", 2);
    (void)err_set(&err, SANAD_IO, "%s", text);
    assert_true(text_is_clean(err.text));
}

static void codes_become_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(err_exit_code(0), 0);
    assert_int_equal(err_exit_code(SANAD_FALSE), 1);
    assert_int_equal(err_exit_code(SANAD_USAGE), 2);
    assert_int_equal(err_exit_code(SANAD_MISSING), 3);
    assert_int_equal(err_exit_code(SANAD_REFUSED), 4);
    assert_int_equal(err_exit_code(SANAD_IO), 4);
    assert_int_equal(err_exit_code(SANAD_ENVIRONMENT), 4);
    assert_int_equal(err_exit_code(-99), 4);
}

/* How a child that runs `act` ends. */
static int end_of(void (*act)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)freopen("/dev/null", "w", stderr);
        act();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void be_wrong(void)
{
    struct buf buf = buf_with_max(1);
    sanad_assert(buf.size == 1);
}

static void add_unknown(void)
{
    (void)amount_minor(amount_unknown());
}

static void format_no_time(void)
{
    char text[TIME_TEXT_SIZE];
    time_format(text, TIME_MAX + 1);
}

static void own_mistakes_end_the_program(void **state)
{
    (void)state;
    static void (*const acts[])(void) = {be_wrong, add_unknown, format_no_time};
    for (size_t i = 0; i < countof(acts); i++) {
        int status = end_of(acts[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

static void memory_is_zeroed_and_never_null(void **state)
{
    (void)state;
    uint8_t *memory = mem_zalloc(10, 10);
    for (int i = 0; i < 100; i++)
        assert_int_equal(memory[i], 0);
    memory = mem_realloc(memory, 0, 0);
    assert_non_null(memory);
    free(memory);
    void *nothing = mem_alloc(0);
    assert_non_null(nothing);
    free(nothing);
    char *text = mem_strdup("text");
    assert_string_equal(text, "text");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sentence_names_the_object),
        cmocka_unit_test(hostile_names_are_defused),
        cmocka_unit_test(long_sentences_are_cut),
        cmocka_unit_test(codes_become_exit_codes),
        cmocka_unit_test(own_mistakes_end_the_program),
        cmocka_unit_test(memory_is_zeroed_and_never_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
