/* Proves that touched transactions come back as they were written, and that the spill file
 * gives back every piece, leaves no name behind, and fails by name. */
#include "scan/scan_priv.h"

#include "support.h"

#include <dirent.h>

static void test_touched(void **state)
{
    (void)state;
    static const uint8_t stripped[] = {1, 2, 3};
    uint32_t vouts[] = {5, 9, 70000};
    struct hash256 txid = {{7}};
    struct walk walk = {.matches = vouts, .match_count = 3};
    struct walk_touch first = {stripped, 3, 4, 1, 2};
    struct walk_touch second = {stripped, 0, 8, 0, 0};
    struct buf buf = buf_with_max(1024);
    touched_write(&buf, &walk, &first, &txid);
    touched_write(&buf, &walk, &second, &txid);
    struct cursor cursor = cursor_of(buf_bytes(&buf));
    struct touched got;
    assert_true(touched_read(&got, &cursor));
    assert_int_equal(got.tx_index, 4);
    assert_int_equal(got.vouts.size, 8);
    assert_int_equal(load_le32(got.vouts.data + 4), 70000);
    assert_true(bytes_equal(got.stripped, bytes_of(stripped, 3)));
    assert_true(hash256_equal(&got.txid, &txid));
    assert_true(touched_read(&got, &cursor));
    assert_int_equal(got.tx_index, 8);
    assert_int_equal(got.vouts.size, 0);
    assert_false(touched_read(&got, &cursor));
    buf_free(&buf);
}

static size_t entries(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    assert_int_equal(closedir(folder), 0);
    return count;
}

static void test_spill(void **state)
{
    (void)state;
    struct err err = {0};
    char folder[PATH_SIZE];
    char beside[PATH_SIZE];
    uint64_t at[50];
    test_folder_make(folder);
    test_ok(path_join(beside, folder, "s.db", &err), &err);
    struct spill *spill = spill_new(beside);
    for (uint8_t i = 0; i < 50; i++) {
        uint8_t piece[5000];
        memset(piece, i, sizeof piece);
        test_ok(spill_write(spill, &at[i], bytes_of(piece, 100u * i), &err), &err);
    }
    assert_int_equal(entries(folder), 0);
    spill_release(spill, at[10], 1000);
    for (uint8_t i = 11; i < 50; i++) {
        uint8_t piece[5000];
        test_ok(spill_read(spill, piece, at[i] + 1, 100u * i - 1, &err), &err);
        for (size_t n = 0; n < 100u * i - 1; n++)
            assert_int_equal(piece[n], i);
    }
    assert_int_equal(at[49], 100 * 48 * 49 / 2); /* one behind the other */
    spill_free(spill);
    test_folder_remove(folder);
    spill_free(NULL);
}

static void test_spill_fails(void **state)
{
    (void)state;
    struct err err = {0};
    uint64_t at;
    struct spill *spill = spill_new("/nowhere/at/all/s.db");
    test_refused(spill_write(spill, &at, bytes_of("x", 1), &err), SANAD_IO, &err,
                 "/nowhere/at/all: temporary file");
    spill_free(spill);
    spill = spill_new(":memory:");
    test_ok(spill_write(spill, &at, bytes_of("x", 1), &err), &err);
    spill_free(spill);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_touched),
        cmocka_unit_test(test_spill),
        cmocka_unit_test(test_spill_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
