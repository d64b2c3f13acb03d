/* Proves: a table comes back field by field as it was written, and a file that is not one
 * table is refused with the line that breaks it. */
#include "support.h"

static void fields_as_they_were_written(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf"
                               "id,note,sum\r\n"
                               "a,\"two\r\nlines, a comma and a \"\"quote\"\"\",1\r\n"
                               ",\"\",\n"
                               "c,d,e";
    struct csv csv;
    struct err err = {0};
    test_ok(csv_read(&csv, "x.csv", bytes_of_text(text), &err), &err);
    assert_int_equal(csv.column_count, 3);
    assert_int_equal(csv.row_count, 3);
    assert_int_equal(csv_column(&csv, "id"), 0);
    assert_int_equal(csv_column(&csv, "sum"), 2);
    assert_int_equal(csv_column(&csv, "SUM"), -1);
    assert_string_equal(csv.rows[0][1], "two\r\nlines, a comma and a \"quote\"");
    assert_string_equal(csv.rows[1][0], "");
    assert_string_equal(csv.rows[1][1], "");
    assert_string_equal(csv.rows[2][2], "e");
    assert_int_equal(csv.lines[0], 2);
    assert_int_equal(csv.lines[1], 4);
    assert_int_equal(csv.lines[2], 5);
    csv_free(&csv);
    csv_free(&csv);
}

static void a_header_alone_has_no_rows(void **state)
{
    (void)state;
    static const char *const texts[] = {"a,b", "a,b\n", "a,b\r\n"};
    for (size_t i = 0; i < countof(texts); i++) {
        struct csv csv;
        struct err err = {0};
        test_ok(csv_read(&csv, "x.csv", bytes_of_text(texts[i]), &err), &err);
        assert_int_equal(csv.row_count, 0);
        assert_int_equal(csv.column_count, 2);
        csv_free(&csv);
    }
}

static void check_refused(struct bytes text, const char *part)
{
    struct csv csv = {.row_count = 77};
    struct err err = {0};
    test_refused(csv_read(&csv, "x.csv", text, &err), SANAD_REFUSED, &err, part);
    assert_int_equal(csv.row_count, 77);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "x.csv: line 1: no header line"},
        {"\xef\xbb\xbf", "line 1: no header line"},
        {"a,b\n1\n", "line 2: not as many fields"},
        {"a,b\n1,2,3\n", "line 2: not as many fields"},
        {"a,b\n1,2\n\n", "line 3: not as many fields"},
        {"a,b\n1,\"2\n", "a quoted field does not end"},
        {"a,b\n1,\"2\"3\n", "line 2: text behind a closing quote"},
        {"a,b\n1,2\"3\n", "line 2: a quote inside an unquoted field"},
        {"a,b\r1,2\r", "line 1: text behind a closing quote or a bare carriage return"},
        {"a,b\n\"1\n2\",\"x\"y\n", "line 3: text behind"},
        {"a,b\n1,\xff\n", "line 2: not UTF-8"},
        {"\xef\xbb\xbf\xef\xbb\xbf"
         "a,b\n1,2\n",
         "a second byte order mark"},
        {"a,b,a\n1,2,3\n", "line 1: column \"a\" stands twice"},
    };
    for (size_t i = 0; i < countof(bad); i++)
        check_refused(bytes_of_text(bad[i][0]), bad[i][1]);
    check_refused(bytes_of("a,b\n1,\0002\n", 9), "line 2: a NUL byte");
    check_refused(bytes_of("a,b\n1,\"\0002\"\n", 11), "line 2: a NUL byte");
}

static void columns_and_fields_have_a_maximum(void **state)
{
    (void)state;
    struct buf buf = buf_with_max(1 << 20);
    for (int i = 0; i < CSV_COLUMN_MAX; i++)
        buf_format(&buf, "%sc%d", i ? "," : "", i);
    struct csv csv;
    struct err err = {0};
    test_ok(csv_read(&csv, "x.csv", buf_bytes(&buf), &err), &err);
    csv_free(&csv);
    buf_text(&buf, ",more");
    check_refused(buf_bytes(&buf), "line 1: too many fields");
    buf_reset(&buf);
    buf_text(&buf, "a\n");
    for (int i = 0; i < CSV_FIELD_MAX; i++)
        buf_u8(&buf, 'x');
    test_ok(csv_read(&csv, "x.csv", buf_bytes(&buf), &err), &err);
    assert_int_equal(strlen(csv.rows[0][0]), CSV_FIELD_MAX);
    csv_free(&csv);
    buf_u8(&buf, 'x');
    check_refused(buf_bytes(&buf), "line 2: a field over 64 KiB");
    buf_free(&buf);
}

static void written_fields_come_back(void **state)
{
    (void)state;
    static const char *const fields[] = {"",   "plain", "a,b",     "\"",
                                         "\r", "x\ny",  " space ", "\"a\""};
    struct buf buf = buf_with_max(1000);
    buf_text(&buf, "c0,c1,c2,c3,c4,c5,c6,c7\n");
    for (size_t i = 0; i < countof(fields); i++) {
        buf_text(&buf, i ? "," : "");
        csv_write_field(&buf, fields[i]);
    }
    struct csv csv;
    struct err err = {0};
    test_ok(csv_read(&csv, "x.csv", buf_bytes(&buf), &err), &err);
    for (size_t i = 0; i < countof(fields); i++)
        assert_string_equal(csv.rows[0][i], fields[i]);
    csv_free(&csv);
    buf_free(&buf);
}

static void a_text_from_outside_is_no_formula(void **state)
{
    (void)state;
    static const struct {
        const char *text, *cell;
    } cases[] = {{"plain", "plain"},
                 {"", ""},
                 {"=1+1", "'=1+1"},
                 {"+1", "'+1"},
                 {"-1", "'-1"},
                 {"@sum", "'@sum"},
                 {"\t=1", "'?=1"},
                 {"=a,b", "\"'=a,b\""},
                 {"a\xe2\x80\xae"
                  "b",
                  "a?b"},
                 {"a\nb", "a?b"},
                 {"\xff", "?"},
                 {"\xe2\x80", "?"},
                 {"سلام", "سلام"}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf buf = buf_with_max(100);
        csv_write_foreign(&buf, cases[i].text);
        assert_string_equal(buf_cstr(&buf), cases[i].cell);
        assert_false(buf.bad);
        buf_free(&buf);
    }
}

static void real_price_files_are_tables(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    struct csv csv;
    struct err err = {0};
    test_data_path(path, "market/btcusd-daily-ohlc-2009_2026-02-12.csv");
    test_refused(csv_read_file(&csv, path, 1000, &err), SANAD_REFUSED, &err, "over 1000 bytes");
    test_ok(csv_read_file(&csv, path, 64 << 20, &err), &err);
    assert_true(csv.row_count > 5000);
    assert_int_equal(csv.lines[csv.row_count - 1], csv.row_count + 1);
    csv_free(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_as_they_were_written),
        cmocka_unit_test(a_header_alone_has_no_rows),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(columns_and_fields_have_a_maximum),
        cmocka_unit_test(written_fields_come_back),
        cmocka_unit_test(a_text_from_outside_is_no_formula),
        cmocka_unit_test(real_price_files_are_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
