/* Proves that a file of liabilities or of a series is taken only where every line is sound and
 * says where it comes from, and that of lines which contradict each other the one stands that was
 * known on the day that is asked. */
#include "limits/limits_priv.h"

#include "support.h"

#define DOC "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEADER "time,entity,holder,holder_sector,amount_sat,document_sha256"
#define LINE(time, amount) time ",bank,clients,S14," amount "," DOC

static int64_t day(const char *text)
{
    int64_t time = 0;
    struct err err = {0};
    test_ok(date_parse(&time, text, &err), &err);
    return time;
}

static struct limits_records liabilities(const char *text)
{
    struct limits_records records;
    struct err err = {0};
    test_ok(liabilities_read(&records, "some/folder/l.csv", bytes_of_text(text), &err), &err);
    return records;
}

static void refused(const char *text, const char *part)
{
    struct limits_records records;
    struct err err = {0};
    test_refused(liabilities_read(&records, "l.csv", bytes_of_text(text), &err), SANAD_REFUSED,
                 &err, part);
}

/* What stands as known on a day, joined by spaces. */
static void stands(const struct limits_records *records, const char *known, const char *expected)
{
    const struct limits_record *list[64];
    struct buf text = buf_with_max(4096);
    assert_true(records->count <= countof(list));
    size_t count = records_standing(list, records, day(known));
    for (size_t i = 0; i < count; i++)
        buf_format(&text, "%s%lld", i ? " " : "", (long long)amount_minor(list[i]->value));
    assert_string_equal(buf_cstr(&text), expected);
    buf_free(&text);
}

/* ---- liabilities ----------------------------------------------------------------------------- */

static void test_liabilities(void **state)
{
    (void)state;
    struct limits_records records = liabilities(
        "\xef\xbb\xbfnote,holder,entity,holder_sector,amount_sat,document_sha256,time\r\n"
        "n,clients,bank,S14,7," DOC ",2025-03-02T10:00:00-06:00\r\n"
        ",treasury,bank,S1311,2100000000000000," DOC ",2025-03-01\r\n"
        ",clients,bank,S14,0," DOC ",2025-03-01\r\n");
    assert_int_equal(records.count, 3);
    assert_null(records.name);
    const struct limits_record *line = &records.list[0];
    assert_string_equal(line->entity, "bank");
    assert_string_equal(line->holder, "clients");
    assert_string_equal(line->holder_sector, "S14");
    assert_int_equal(line->time, day("2025-03-01"));
    assert_int_equal(line->known, line->time);
    assert_true(line->decided == INT64_MAX);
    assert_true(amount_equal(line->value, amount_zero()));
    assert_string_equal(line->source, "l.csv line 4");
    assert_int_equal(records.list[1].time, day("2025-03-02") + 16 * 3600);
    assert_string_equal(records.list[1].source, "l.csv line 2");
    assert_string_equal(records.list[2].holder, "treasury");
    assert_true(amount_equal(records.list[2].value, amount_of(AMOUNT_MONEY_MAX_SAT)));
    limits_records_free(&records);
    records = liabilities(HEADER "\n");
    assert_int_equal(records.count, 0);
    limits_records_free(&records);
}

static void test_refusals(void **state)
{
    (void)state;
    refused("", "no header line");
    refused("time,entity,holder,holder_sector,amount_sat\n", "no column \"document_sha256\"");
    refused(HEADER ",amount\n", "unknown column \"amount\"");
    refused(HEADER ",nation\n", "unknown column \"nation\"");
    refused(HEADER "\n" LINE("2025-03-01", "-1") "\n",
            "l.csv: line 2: amount_sat \"-1\": negative");
    refused(HEADER "\n" LINE("2025-03-01", "2100000000000001") "\n", "over 21 million BTC");
    refused(HEADER "\n" LINE("2025-03-01", "99999999999999999999999") "\n", "over 21 million BTC");
    refused(HEADER "\n" LINE("2025-03-01", "") "\n", "not a whole number");
    refused(HEADER "\n" LINE("2025-03-01", "1.5") "\n", "not a whole number");
    refused(HEADER "\n" LINE("2025-03-01", "+5") "\n", "not a whole number");
    refused(HEADER "\n" LINE("2025-03-01", "05") "\n", "not a whole number");
    refused(HEADER "\n" LINE("2025-03-01", "1e8") "\n", "not a whole number");
    refused(HEADER "\n" LINE("2025-02-30", "1") "\n", "time \"2025-02-30\": must be a time");
    refused(HEADER "\n" LINE("", "1") "\n", "must be a time");
    refused(HEADER "\n" LINE("2025-03-01", "1") "\n" LINE("2025-03-02T10:00", "1") "\n",
            "line 3: time");
    refused(HEADER "\n2025-03-01,bank,clients,S14,1,\n", "no document");
    refused(HEADER "\n2025-03-01,bank,clients,S14,1,abc\n", "64 hexadecimal digits");
    refused(HEADER "\n2025-03-01,,clients,S14,1," DOC "\n", "entity: must be clean text");
    refused(HEADER "\n2025-03-01, bank,clients,S14,1," DOC "\n", "entity: must be clean text");
    refused(HEADER "\n2025-03-01,bank,,S14,1," DOC "\n", "holder: must be clean text");
    refused(HEADER "\n2025-03-01,bank,clients,,1," DOC "\n", "holder_sector: must be clean text");
    refused(HEADER "\n2025-03-01,bank,a\xe2\x80\xae,S14,1," DOC "\n", "holder: must be clean");
    refused(HEADER ",note\n" LINE("2025-03-01", "1") ",\x01\n", "note: must be clean");
    refused(HEADER ",known\n" LINE("2025-03-01", "1") ",soon\n", "known \"soon\": must be a time");
    refused(HEADER "\n" LINE("2025-03-01", "1") ",x\n", "not as many fields");
}

/* Of two lines of one key the later stands, from when it was known. */
static void test_corrections(void **state)
{
    (void)state;
    struct limits_records records =
        liabilities(HEADER "\n" LINE("2025-03-01", "1") "\n" LINE("2025-03-01", "2") "\n");
    stands(&records, "2025-02-28", "");
    stands(&records, "2025-03-01", "2");
    limits_records_free(&records);
    records = liabilities(HEADER ",known\n"                       /* */
                          LINE("2025-03-01", "1") ",2025-03-05\n" /* */
                          LINE("2025-03-02", "5") ",2025-03-04\n" /* */
                          LINE("2025-03-01", "2") ",2025-04-01\n" /* */
                          LINE("2025-03-01", "3") ",2025-04-01\n");
    stands(&records, "2025-03-03", "");
    stands(&records, "2025-03-04", "5");
    stands(&records, "2025-03-05", "1 5");
    stands(&records, "2025-03-31", "1 5");
    stands(&records, "2025-04-01", "3 5");
    limits_records_free(&records);
    refused(
        HEADER ",known\n" LINE("2025-03-01", "1") ",2025-04-01\n" LINE(
            "2025-03-02", "1") ",2025-03-01\n" LINE("2025-03-01T00:00:00Z", "2") ",2025-03-31\n",
        "line 4: known before line 2");
}

/* Approved before proposed, the one approved last; a rejected one stood until then. */
static void test_two_times(void **state)
{
    (void)state;
    const struct two_times first = {.known = 10, .decided = INT64_MAX, .number = 1};
    const struct two_times second = {.known = 20, .decided = 40, .decision = 6, .number = 2};
    const struct two_times third = {.known = 30, .decided = 40, .decision = 5, .number = 3};
    const struct two_times gone = {.known = 30, .decided = INT64_MAX, .rejected = 50, .number = 4};
    assert_false(two_times_stands(&first, NULL, 9));
    assert_true(two_times_stands(&first, NULL, 10));
    assert_true(two_times_stands(&second, &first, 20));
    assert_false(two_times_stands(&first, &second, 20));
    assert_true(two_times_stands(&third, &second, 39));
    assert_false(two_times_stands(&third, &second, 40)); /* approved before it */
    assert_true(two_times_stands(&second, &third, 40));
    assert_false(two_times_stands(&first, &second, 40));
    assert_true(two_times_stands(&gone, &first, 49));
    assert_false(two_times_stands(&gone, &first, 50));
    assert_false(two_times_stands(&gone, NULL, 50));
    assert_false(two_times_stands(&gone, &second, 45));
}

static void test_files(void **state)
{
    (void)state;
    struct limits_records records;
    struct err err = {0};
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    test_folder_make(folder);
    test_ok(path_join(path, folder, "owed.csv", &err), &err);
    test_ok(file_write(path, bytes_of_text(HEADER "\n" LINE("2025-03-01", "1") "\n"), &err), &err);
    test_ok(liabilities_read_file(&records, path, &err), &err);
    assert_string_equal(records.list[0].source, "owed.csv line 2");
    limits_records_free(&records);
    test_refused(liabilities_read_file(&records, folder, &err), SANAD_IO, &err, folder);
    test_ok(
        file_write(path,
                   bytes_of_text("time,unit,value,document_sha256\n2025-03-01,USD,1.5," DOC "\n"),
                   &err),
        &err);
    test_ok(series_read_file(&records, "reserves", path, &err), &err);
    assert_true(amount_equal(records.list[0].value, amount_of(150)));
    limits_records_free(&records);
    test_refused(series_read_file(&records, "reserves", folder, &err), SANAD_IO, &err, folder);
    test_folder_remove(folder);
}

/* ---- series ---------------------------------------------------------------------------------- */

#define SERIES_HEADER "time,unit,value,document_sha256"

static void series_refused(const char *name, const char *text, const char *part)
{
    struct limits_records records;
    struct err err = {0};
    test_refused(series_read(&records, name, "s.csv", bytes_of_text(text), &err), SANAD_REFUSED,
                 &err, part);
}

static void test_series(void **state)
{
    (void)state;
    struct limits_records records;
    struct err err = {0};
    test_ok(
        series_read(&records, "arrears", "s.csv",
                    bytes_of_text(SERIES_HEADER ",known,note\n2025-02-28,PKR,-12.5," DOC
                                                ",2025-03-05,n\n2025-01-31,PKR,1234," DOC ",,\n"),
                    &err),
        &err);
    assert_int_equal(records.count, 2);
    assert_string_equal(records.name, "arrears");
    assert_string_equal(records.unit.name, "PKR");
    assert_string_equal(records.list[0].entity, "arrears");
    assert_true(amount_equal(records.list[0].value, amount_of(123400)));
    assert_true(amount_equal(records.list[1].value, amount_of(-1250)));
    assert_string_equal(records.list[1].source, "s.csv line 2");
    stands(&records, "2025-03-04", "123400");
    stands(&records, "2025-03-05", "123400 -1250");
    limits_records_free(&records);
    test_ok(series_read(&records, "coins", "s.csv",
                        bytes_of_text(SERIES_HEADER "\n2025-02-28,BTC,-21000000," DOC "\n"), &err),
            &err);
    assert_true(amount_equal(records.list[0].value, amount_of(-AMOUNT_MONEY_MAX_SAT)));
    limits_records_free(&records);
}

static void test_series_refusals(void **state)
{
    (void)state;
    series_refused("", SERIES_HEADER "\n", "name of a series");
    series_refused("a\n", SERIES_HEADER "\n", "name of a series");
    series_refused("a", "time,unit,value\n", "no column \"document_sha256\"");
    series_refused("a", SERIES_HEADER ",name\n", "unknown column \"name\"");
    series_refused("a", SERIES_HEADER "\n2025-02-28,USD,1," DOC "\n2025-03-31,PKR,1," DOC "\n",
                   "s.csv: line 3: unit PKR: the series is in USD");
    series_refused("a", SERIES_HEADER "\n2025-02-28,dollars,1," DOC "\n", "unit \"dollars\"");
    series_refused("a", SERIES_HEADER "\n2025-02-28,none,1," DOC "\n", "unit \"none\"");
    series_refused("a", SERIES_HEADER "\n2025-02-28,USD,1.234," DOC "\n", "line 2");
    series_refused("a", SERIES_HEADER "\n2025-02-28,USD,," DOC "\n", "line 2");
    series_refused("a", SERIES_HEADER "\n2025-02-28,USD,1e3," DOC "\n", "line 2");
    series_refused("a", SERIES_HEADER "\n2025-02-28,BTC,21000000.00000001," DOC "\n",
                   "over 21 million BTC");
    series_refused("a", SERIES_HEADER "\n2025-02-28,USD,1,\n", "no document");
    series_refused("a", SERIES_HEADER "\nyesterday,USD,1," DOC "\n", "must be a time");
    series_refused("a",
                   SERIES_HEADER ",known\n2025-02-28,USD,1," DOC
                                 ",2025-04-01\n2025-02-28,USD,2," DOC ",2025-03-01\n",
                   "line 3: known before line 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_liabilities),     cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_corrections),     cmocka_unit_test(test_two_times),
        cmocka_unit_test(test_files),           cmocka_unit_test(test_series),
        cmocka_unit_test(test_series_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
