/* Finds real data, makes and removes folders, and turns struct err into test failures. */
#include "support.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *test_data_path(char ret_path[PATH_SIZE], const char *name)
{
    const char *root = getenv("SANAD_DATA");
    struct err err = {0};
    if (!root || !*root)
        root = "../shared/data";
    test_ok(path_join(ret_path, root, name, &err), &err);
    if (!file_exists(ret_path)) {
        print_message("[  SKIPPED ] needs SANAD_DATA/%s\n", name);
        skip();
    }
    return ret_path;
}

struct buf test_data(const char *name)
{
    char path[PATH_SIZE];
    struct buf buf = {0};
    struct err err = {0};
    test_ok(file_read(&buf, test_data_path(path, name), 64 << 20, &err), &err);
    return buf;
}

void test_folder_make(char ret_path[PATH_SIZE])
{
    const char *root = getenv("TMPDIR");
    (void)snprintf(ret_path, PATH_SIZE, "%s/sanad-test-XXXXXX", root ? root : "/tmp");
    assert_non_null(mkdtemp(ret_path));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void test_folder_remove(const char *path)
{
    assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void test_ok(int code, const struct err *err)
{
    if (code != 0)
        fail_msg("code %d: %s", code, err->text);
}

void test_refused(int code, int expected, const struct err *err, const char *part)
{
    if (code != expected || !strstr(err->text, part))
        fail_msg("code %d (expected %d), \"%s\" (expected \"%s\")", code, expected, err->text,
                 part);
}

struct buf test_hex(const char *hex)
{
    struct buf buf = buf_with_max(64 << 20);
    size_t size = strlen(hex) / 2;
    uint8_t *room = buf_extend(&buf, size);
    assert_true(hex_decode(room, size, hex, strlen(hex)));
    return buf;
}
