/* Proves the rules of prices: 1:1 is refused, a stale source and an outlier fall out, two
 * that contradict each other leave none, and the value is rounded once, half to even; all
 * points judged in one walk are judged as one by one. */
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

/* What valuation_make says of a point, asked at its own time. */
static bool used_at_its_time(struct price_table *table, size_t index)
{
    const struct price_point *point = &table->points[index];
    struct valuation value;
    valuation_make(&value, table, point->time, amount_of(1));
    if (index + 1 < table->count && strcmp(table->points[index + 1].source, point->source) == 0 &&
        table->points[index + 1].time == point->time)
        return false; /* a later one of the same second stands for the source */
    for (size_t i = 0; i < value.source_count; i++)
        if (strcmp(value.sources[i], point->source) == 0)
            return true;
    return false;
}

/* Random tables: few sources or more than are counted, gaps that make sources stale, absurd
 * points, points of one second. */
static void all_at_once_is_one_at_a_time(void **state)
{
    (void)state;
    size_t sane_count = 0;
    size_t point_count = 0;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        enum { POINTS = 150 };
        struct price_table table;
        bool sane[POINTS];
        struct err err = {0};
        uint32_t random = seed;
        uint32_t sources = seed % 5 == 0 ? 20 : 1 + seed % 5;
        struct buf text = buf_with_max(65536);
        buf_text(&text, header);
        for (int i = 0; i < POINTS; i++) {
            char time[TIME_TEXT_SIZE];
            random = random * 1664525 + 1013904223;
            uint32_t price = 6000000 + random / 65536 % 400000;
            price = random / 256 % 9 == 0 ? price * 2 : random / 256 % 11 == 0 ? 101 : price;
            time_format(time, 1752624000 + (int64_t)(random / 1024 % 60) * 43200);
            buf_format(&text, "%s,s%u,USD,%u\n", time, random / 4096 % sources, price);
        }
        test_ok(prices_read(&table, "random", buf_bytes(&text), "USD", &err), &err);
        prices_sane(sane, &table);
        for (size_t i = 0; i < table.count; i++) {
            assert_int_equal(sane[i], used_at_its_time(&table, i));
            sane_count += sane[i];
        }
        point_count += table.count;
        prices_free(&table);
        buf_free(&text);
    }
    assert_in_range(sane_count, point_count / 10, point_count * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_prices_are_refused),
        cmocka_unit_test(the_median_of_fresh_and_sane_sources_counts),
        cmocka_unit_test(two_that_contradict_leave_none),
        cmocka_unit_test(all_at_once_is_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
