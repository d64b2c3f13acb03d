/* Proves: on the machine's own files what is asked for happens, folders are made, a lock has one
 * holder, and a disk that takes no more is an error with the path and no loss. */
#include "support.h"
#include "tlog/tlog.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[PATH_SIZE];
static const struct tlog_io *io;

static const char *at(char ret_path[PATH_SIZE], const char *name)
{
    assert_int_equal(path_join(ret_path, folder, name, NULL), 0);
    return ret_path;
}

static void check_content(const char *path, const char *expected)
{
    struct buf data;
    struct err err = {0};
    test_ok(io->read(io->context, &data, path, 1 << 20, &err), &err);
    assert_string_equal(buf_cstr(&data), expected);
    buf_free(&data);
}

static void files_are_put_renamed_and_removed(void **state)
{
    (void)state;
    char a[PATH_SIZE], b[PATH_SIZE], inside[PATH_SIZE];
    struct err err = {0};
    struct buf data;
    at(a, "x/y/a");
    at(b, "x/y/b");
    at(inside, "x/y");
    test_ok(io->put(io->context, a, bytes_of_text("first"), &err), &err);
    test_ok(io->put(io->context, a, bytes_of_text("now"), &err), &err);
    test_ok(io->sync(io->context, a, &err), &err);
    test_ok(io->rename(io->context, a, b, &err), &err);
    test_ok(io->sync(io->context, inside, &err), &err);
    test_ok(io->sync_all(io->context, folder, &err), &err);
    check_content(b, "now");
    test_refused(io->read(io->context, &data, a, 9, &err), SANAD_MISSING, &err, "x/y/a: it is not");
    test_refused(io->read(io->context, &data, b, 2, &err), SANAD_REFUSED, &err, "over 2 bytes");
    test_refused(io->rename(io->context, a, b, &err), SANAD_IO, &err, "x/y/b: rename: ");
    test_refused(io->sync(io->context, a, &err), SANAD_IO, &err, "x/y/a: open: ");
    test_refused(io->remove(io->context, inside, &err), SANAD_IO, &err, "x/y: remove: ");
    test_ok(io->remove(io->context, b, &err), &err);
    test_ok(io->remove(io->context, inside, &err), &err);
    test_refused(io->remove(io->context, inside, &err), SANAD_IO, &err, "x/y: remove: ");
}

static void a_file_grows_at_its_end(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    struct err err = {0};
    int handle;
    at(path, "p/log");
    for (size_t i = 0; i < 2; i++) {
        test_ok(io->append_open(io->context, &handle, path, &err), &err);
        test_ok(io->append(io->context, handle, bytes_of_text("ab"), &err), &err);
        test_ok(io->append(io->context, handle, bytes_of(NULL, 0), &err), &err);
        test_ok(io->append(io->context, handle, bytes_of_text("c"), &err), &err);
        test_ok(io->append_sync(io->context, handle, &err), &err);
        io->append_close(io->context, handle);
    }
    check_content(path, "abcabc");
}

static void a_lock_has_one_holder(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    struct err err = {0};
    int first, second = -7;
    at(path, "q/lock");
    test_ok(io->lock(io->context, &first, path, &err), &err);
    test_refused(io->lock(io->context, &second, path, &err), SANAD_ENVIRONMENT, &err,
                 "q/lock: another writer holds it");
    assert_int_equal(second, -7);
    io->unlock(io->context, first);
    test_ok(io->lock(io->context, &second, path, &err), &err);
    io->unlock(io->context, second);
}

static void a_disk_that_takes_no_more_is_an_error(void **state)
{
    (void)state;
    char path[PATH_SIZE], log[PATH_SIZE], deep[PATH_SIZE];
    struct err err = {0};
    int handle;
    uint8_t *big = mem_zalloc(1 << 20, 1);
    at(path, "big");
    at(log, "grows");
    at(deep, "grows/inside/file"); /* where a file stands, no folder can */
    test_ok(io->append_open(io->context, &handle, log, &err), &err);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit low = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN); /* so that write() returns, as on a full disk */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    struct err put = {0}, append = {0};
    int put_code = io->put(io->context, path, bytes_of(big, 1 << 20), &put);
    int append_code = io->append(io->context, handle, bytes_of(big, 1 << 20), &append);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    test_refused(put_code, SANAD_IO, &put, "big: write: ");
    test_refused(append_code, SANAD_IO, &append, "append: ");
    io->append_close(io->context, handle);
    test_refused(io->put(io->context, deep, bytes_of_text("x"), &err), SANAD_IO, &err, "grows");
    test_refused(io->append_sync(io->context, -1, &err), SANAD_IO, &err, "sync: ");
    free(big);
}

static int setup(void **state)
{
    (void)state;
    io = tlog_io_posix();
    test_folder_make(folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_put_renamed_and_removed),
        cmocka_unit_test(a_file_grows_at_its_end),
        cmocka_unit_test(a_lock_has_one_holder),
        cmocka_unit_test(a_disk_that_takes_no_more_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
