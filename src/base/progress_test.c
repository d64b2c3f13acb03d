/* Proves: counters take no harm from many threads, the bar is drawn on a terminal
 * and nowhere else, and a log line stays one line whatever its values hold.
 * ctest-label: threads */
#include "support.h"

#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdlib.h>
#include <unistd.h>

/* What `act` writes to stderr. */
static struct buf stderr_of(void (*act)(void))
{
    char path[] = "/tmp/sanad-stderr-XXXXXX";
    int file = mkstemp(path);
    int kept = dup(STDERR_FILENO);
    assert_true(file >= 0 && kept >= 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    act();
    (void)fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(kept);
    (void)close(file);
    struct buf buf;
    struct err err = {0};
    test_ok(file_read(&buf, path, 1 << 20, &err), &err);
    (void)unlink(path);
    return buf;
}

static void *count_up(void *progress)
{
    for (int i = 0; i < 10000; i++)
        progress_add(progress, 100, 1);
    return NULL;
}

static void count_in_threads(void)
{
    struct progress *progress = progress_new("scan", 4000000, 40000, "blocks");
    pthread_t threads[4];
    for (size_t i = 0; i < countof(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, progress), 0);
    for (size_t i = 0; i < countof(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    progress_free(progress);
    progress_free(NULL);
    progress_add(NULL, 1, 1);
}

static void nothing_is_drawn_into_a_file(void **state)
{
    (void)state;
    struct buf seen = stderr_of(count_in_threads);
    assert_int_equal(seen.size, 0);
    buf_free(&seen);
}

static void the_bar_is_drawn_on_a_terminal(void **state)
{
    (void)state;
    int master = -1;
    int terminal = -1;
    if (openpty(&master, &terminal, NULL, NULL, NULL) != 0) {
        print_message("[  SKIPPED ] this system gives no terminals\n");
        skip();
    }
    int kept = dup(STDERR_FILENO);
    assert_true(dup2(terminal, STDERR_FILENO) >= 0);
    struct progress *progress = progress_new("scan", 200, 2, "blocks");
    progress_add(progress, 100, 1);
    progress_free(progress);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(kept);
    struct buf seen = buf_with_max(4096);
    struct pollfd ready = {.fd = master, .events = POLLIN};
    while (poll(&ready, 1, 100) == 1 && (ready.revents & POLLIN)) {
        uint8_t part[256];
        ssize_t size = read(master, part, sizeof part);
        assert_true(size > 0);
        buf_add(&seen, bytes_of(part, (size_t)size));
    }
    const char *text = buf_cstr(&seen);
    assert_non_null(strstr(text, "\r\x1b[Kscan  50.0%  1 blocks"));
    assert_string_equal(text + seen.size - 4, "\r\x1b[K"); /* and nothing is left of it */
    buf_free(&seen);
    (void)close(terminal);
    (void)close(master);
}

static void log_hostile(void)
{
    log_line("scan", "file", "blk00000.dat", "empty", "", "name", "a \"b\"=\\\n\x1b[2J\xff\xc2\x9b",
             "urdu", "\xd9\xbe\xd8\xa7", NULL);
}

static void a_log_line_is_one_line(void **state)
{
    (void)state;
    struct buf seen = stderr_of(log_hostile);
    const char *text = buf_cstr(&seen);
    assert_non_null(strstr(text, " event=scan file=blk00000.dat empty=\"\" name=\"a \\\"b\\\"=\\\\"
                                 "\\x0a\\x1b[2J\\xff\\xc2\\x9b\" urdu=\"\xd9\xbe\xd8\xa7\"\n"));
    assert_memory_equal(text, "time=", 5);
    assert_ptr_equal(strchr(text, '\n'), text + seen.size - 1);
    buf_free(&seen);
}

static void log_long(void)
{
    char *text = mem_zalloc(20001, 1);
    memset(text, 'x', 20000);
    log_line("long", "value", text, NULL);
    free(text);
}

static void a_long_line_still_ends(void **state)
{
    (void)state;
    struct buf seen = stderr_of(log_long);
    assert_true(seen.size > 0 && seen.size <= 8193);
    assert_int_equal(seen.data[seen.size - 1], '\n');
    buf_free(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_drawn_into_a_file),
        cmocka_unit_test(the_bar_is_drawn_on_a_terminal),
        cmocka_unit_test(a_log_line_is_one_line),
        cmocka_unit_test(a_long_line_still_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
