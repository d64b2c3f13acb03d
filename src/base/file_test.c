/* Proves: a file is read whole or refused, a write leaves the old content or the new and
 * nothing beside it, and a full disk is an error and no loss. */
#include "support.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

static int entries_of(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    return count;
}

static void check_content(const char *path, const char *expected)
{
    struct buf buf;
    struct err err = {0};
    test_ok(file_read(&buf, path, 1 << 20, &err), &err);
    assert_string_equal(buf_cstr(&buf), expected);
    buf_free(&buf);
}

static void old_or_new_and_nothing_beside(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};
    test_folder_make(folder);
    test_ok(path_join(path, folder, "f", &err), &err);
    test_ok(file_write(path, bytes_of_text("old"), &err), &err);
    check_content(path, "old");
    test_ok(file_write(path, bytes_of_text("new"), &err), &err);
    check_content(path, "new");
    test_ok(file_write(path, bytes_of(NULL, 0), &err), &err);
    check_content(path, "");
    assert_int_equal(entries_of(folder), 1);
    test_folder_remove(folder);
}

static void a_private_file_is_the_owners_alone(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct stat status;
    struct err err = {0};
    test_folder_make(folder);
    test_ok(path_join(path, folder, "f", &err), &err);
    test_ok(file_write(path, bytes_of_text("open"), &err), &err);
    test_ok(file_write_private(path, bytes_of_text("sealed"), &err), &err);
    check_content(path, "sealed");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600); /* also where it was open before */
    test_folder_remove(folder);
}

static void a_write_that_fails_loses_nothing(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};
    test_folder_make(folder);
    test_ok(path_join(path, folder, "f", &err), &err);
    test_ok(file_write(path, bytes_of_text("old"), &err), &err);
    struct buf big = buf_with_max(1 << 20);
    memset(buf_extend(&big, 1 << 20), 'x', 1 << 20);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit low = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN); /* so that write() returns, as on a full disk */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    int code = file_write(path, buf_bytes(&big), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    test_refused(code, SANAD_IO, &err, "f: write: ");
    check_content(path, "old");
    assert_int_equal(entries_of(folder), 1);
    buf_free(&big);
    test_folder_remove(folder);
}

static void reads_have_a_ceiling(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};
    struct buf buf = buf_with_max(5);
    test_folder_make(folder);
    test_ok(path_join(path, folder, "f", &err), &err);
    test_ok(file_write(path, bytes_of_text("12345"), &err), &err);
    test_refused(file_read(&buf, path, 4, &err), SANAD_REFUSED, &err, "f: over 4 bytes");
    assert_int_equal(buf.max, 5); /* untouched */
    test_ok(file_read(&buf, path, 5, &err), &err);
    assert_int_equal(buf.size, 5);
    buf_free(&buf);
    test_refused(file_read(&buf, folder, 5, &err), SANAD_IO, &err, "read");
    test_refused(file_read(&buf, "/nonexistent", 5, &err), SANAD_IO, &err, "/nonexistent: open");
    test_folder_remove(folder);
}

static void folders_with_parents(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};
    struct stat status;
    test_folder_make(folder);
    test_ok(path_join(path, folder, "a//b/c/", &err), &err);
    test_ok(folder_make(path, &err), &err);
    test_ok(folder_make(path, &err), &err);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    test_ok(path_join(path, folder, "file", &err), &err);
    test_ok(file_write(path, bytes_of_text("x"), &err), &err);
    test_refused(folder_make(path, &err), SANAD_IO, &err, "file: not a folder");
    test_ok(path_join(path, folder, "file/below", &err), &err);
    test_refused(folder_make(path, &err), SANAD_IO, &err, "create folder");
    test_refused(folder_make("", &err), SANAD_IO, &err, "path empty");
    test_refused(file_write(path, bytes_of_text("x"), &err), SANAD_IO, &err, "create");
    test_folder_remove(folder);
}

static void paths_are_joined_or_refused(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    struct err err = {0};
    test_ok(path_join(path, "a", "b", &err), &err);
    assert_string_equal(path, "a/b");
    test_ok(path_join(path, "a/", "b", &err), &err);
    assert_string_equal(path, "a/b");
    test_ok(path_join(path, "/", "b", &err), &err);
    assert_string_equal(path, "/b");
    test_ok(path_join(path, "", "b", &err), &err);
    assert_string_equal(path, "b"); /* not the root of the machine */
    char longest[PATH_SIZE];
    memset(longest, 'a', sizeof longest - 3);
    longest[sizeof longest - 3] = 0;
    test_ok(path_join(path, longest, "b", &err), &err);
    test_refused(path_join(path, longest, "bc", &err), SANAD_IO, &err, "path too long");
    assert_false(file_exists(longest));
    assert_true(file_exists("/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_or_new_and_nothing_beside),
        cmocka_unit_test(a_private_file_is_the_owners_alone),
        cmocka_unit_test(a_write_that_fails_loses_nothing),
        cmocka_unit_test(reads_have_a_ceiling),
        cmocka_unit_test(folders_with_parents),
        cmocka_unit_test(paths_are_joined_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
