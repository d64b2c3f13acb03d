/* support: what test programs share. Real data is found through SANAD_DATA; where it is
 * absent a test skips by name. */
#ifndef SANAD_TEST_SUPPORT_H
#define SANAD_TEST_SUPPORT_H

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the three above before it */
#include <cmocka.h>

/* The file's whole content; skips the running test (and says which) where SANAD_DATA or
 * the file is absent. The caller frees. */
struct buf test_data(const char *name);
/* The path of a data file, skipping as above. */
const char *test_data_path(char ret_path[PATH_SIZE], const char *name);
/* A fresh empty folder under TMPDIR; removed with all its content by the second. */
void test_folder_make(char ret_path[PATH_SIZE]);
void test_folder_remove(const char *path);
/* Fails the test with the sentence of err unless code is 0. */
void test_ok(int code, const struct err *err);
/* Fails unless `code` is `expected` and the sentence contains `part`. */
void test_refused(int code, int expected, const struct err *err, const char *part);
/* Bytes of a hexadecimal literal; the caller frees. */
struct buf test_hex(const char *hex);

#endif
