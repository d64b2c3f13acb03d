/* Proves the rules of prices: 1:1 is refused, a stale source and an outlier fall out, two
 * that contradict each other leave none, and the value is rounded once, half to even. */
#include "support.h"
#include "reserve/reserve.h"

static int read_text(struct price_table *table, const char *text, struct err *err)
{
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    test_folder_make(folder);
    test_ok(path_join(path, folder, "prices.csv", err), err);
    test_ok(file_write(path, bytes_of_text(text), err), err);
    int code = prices_read_file(table, path, "USD", err);
    test_folder_remove(folder);
    return code;
}

static const char *const header = "time,source,currency,price_minor_per_btc\n";

static struct valuation value_of(const char *rows, const char *at, int64_t sat,
                                 struct price_table *table)
{
    struct buf text = buf_with_max(65536);
    struct valuation value;
    struct err err = {0};
    int64_t time;
    buf_text(&text, header);
    buf_text(&text, rows);
    test_ok(read_text(table, buf_cstr(&text), &err), &err);
    test_ok(time_parse(&time, at, &err), &err);
    valuation_make(&value, table, time, amount_of(sat));
    buf_free(&text);
    return value;
}

static void bad_prices_are_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"2025-07-16T00:00:00Z,x,USD,100\n", "1:1"},
        {"2025-07-16T00:00:00Z,x,USD,1\n", "1:1"},
        {"2025-07-16T00:00:00Z,x,USD,0\n", "1:1"},
        {"2025-07-16T00:00:00Z,x,USD,-5\n", "minor units"},
        {"2025-07-16T00:00:00Z,x,USD,119429.30\n", "minor units"},
        {"2025-07-16T00:00:00Z,,USD,11942930\n", "source"},
        {"yesterday,x,USD,11942930\n", "line 2"},
        {"2025-07-16T00:00:00Z,x,USD\n", "fields"},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf text = buf_with_max(4096);
        struct price_table table;
        struct err err = {0};
        buf_text(&text, header);
        buf_text(&text, rows[i][0]);
        test_refused(read_text(&table, buf_cstr(&text), &err), SANAD_REFUSED, &err, rows[i][1]);
        buf_free(&text);
    }
}

static void the_median_of_fresh_and_sane_sources_counts(void **state)
{
    (void)state;
    struct price_table table;
    /* c is an outlier; d five days old; e is later than the block. */
    struct valuation value =
        value_of("2025-07-16T00:00:00Z,a,USD,11900000\n2025-07-16T06:00:00Z,b,USD,11910000\n"
                 "2025-07-16T00:00:00Z,c,USD,23800000\n2025-07-11T00:00:00Z,d,USD,11900000\n"
                 "2025-07-17T00:00:00Z,e,USD,100000000\n2025-07-10T00:00:00Z,a,USD,9000000\n",
                 "2025-07-16T12:00:00Z", 623800000000, &table);
    assert_true(value.any);
    assert_int_equal(value.price_minor_per_btc, 11905000);
    assert_int_equal(value.source_count, 2);
    assert_string_equal(value.sources[0], "a");
    assert_int_equal(value.dropped_count, 2);
    assert_int_equal(amount_minor(value.amount), INT64_C(6238) * 11905000);
    prices_free(&table);
}

static void two_that_contradict_leave_none(void **state)
{
    (void)state;
    struct price_table table;
    struct valuation value =
        value_of("2025-07-16T00:00:00Z,a,USD,11900000\n2025-07-16T00:00:00Z,b,USD,5000000\n",
                 "2025-07-16T12:00:00Z", 100, &table);
    assert_false(value.any);
    assert_non_null(strstr(value.why_not, "contradict"));
    prices_free(&table);
    value = value_of("2025-07-11T12:00:00Z,a,USD,11900000\n", "2025-07-16T12:00:00Z", 100, &table);
    assert_false(value.any);
    assert_non_null(strstr(value.why_not, "fresh"));
    prices_free(&table);
    value =
        value_of("2025-07-16T00:00:00Z,a,PKR,3400000000\n", "2025-07-16T12:00:00Z", 100, &table);
    assert_false(value.any);
    prices_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_prices_are_refused),
        cmocka_unit_test(the_median_of_fresh_and_sane_sources_counts),
        cmocka_unit_test(two_that_contradict_leave_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
