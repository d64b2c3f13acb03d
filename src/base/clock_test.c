/* Proves: every day from year 0 to 9999 has one text and comes back from it, and no other
 * text is taken for a time. */
#include "support.h"

static void every_day_round_trips(void **state)
{
    (void)state;
    int64_t before = TIME_MIN - 86400;
    for (int64_t time = TIME_MIN; time <= TIME_MAX; time += 86400) {
        char text[11];
        int64_t back;
        date_format(text, time);
        if (date_parse(&back, text, NULL) != 0 || back != time || back != before + 86400)
            fail_msg("%s", text);
        before = back;
    }
}

static void known_times(void **state)
{
    (void)state;
    static const struct {
        int64_t time;
        const char *text;
    } known[] = {
        {0, "1970-01-01T00:00:00Z"},          {-1, "1969-12-31T23:59:59Z"},
        {1231006505, "2009-01-03T18:15:05Z"}, /* Bitcoin's first block */
        {1709210096, "2024-02-29T12:34:56Z"}, {TIME_MIN, "0000-01-01T00:00:00Z"},
        {TIME_MAX, "9999-12-31T23:59:59Z"},   {4294967295, "2106-02-07T06:28:15Z"},
    };
    for (size_t i = 0; i < countof(known); i++) {
        char text[TIME_TEXT_SIZE];
        int64_t back;
        struct err err = {0};
        time_format(text, known[i].time);
        assert_string_equal(text, known[i].text);
        test_ok(time_parse(&back, text, &err), &err);
        assert_int_equal(back, known[i].time);
    }
}

static void offsets_are_counted_back(void **state)
{
    (void)state;
    int64_t time;
    assert_int_equal(time_parse(&time, "2025-07-16T05:00:00+05:00", NULL), 0);
    assert_int_equal(time, 1752624000);
    assert_int_equal(time_parse(&time, "2025-07-15T18:00:00-06:00", NULL), 0);
    assert_int_equal(time, 1752624000);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const times[] = {
        "",
        "2025-07-16",
        "2025-07-16T00:00:00",
        "2025-07-16 00:00:00Z",
        "2025-07-16T00:00:00z",
        "2025-07-16T00:00:00Z ",
        "2025-07-16T00:00:00.5Z",
        "2025-07-16T24:00:00Z",
        "2025-07-16T23:60:00Z",
        "2025-07-16T23:59:60Z",
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-01-00T00:00:00Z",
        "2025-07-16T00:00:00+5:00",
        "2025-07-16T00:00:00+24:00",
        "2025-07-16T00:00:00+05:60",
        "2025-07-16T00:00:00+0500",
        "2025-07-16T-1:00:00Z",
        "+025-07-16T00:00:00Z",
        "0000-01-01T00:00:00+00:01", /* the year before 0 has no text */
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < countof(times); i++) {
        int64_t time = 42;
        struct err err = {0};
        if (time_parse(&time, times[i], &err) != SANAD_REFUSED || time != 42)
            fail_msg("\"%s\" is taken for a time", times[i]);
    }
    static const char *const dates[] = {
        "",           "2025-7-16",  "2025-07-16 ", "1900-02-29", "2025/07/16",          "25-07-16",
        "2025-07-1x", "2025-07-32", "2025-04-31",  "-025-07-16", "2025-07-16T00:00:00Z"};
    for (size_t i = 0; i < countof(dates); i++) {
        int64_t time;
        struct err err = {0};
        test_refused(date_parse(&time, dates[i], &err), SANAD_REFUSED, &err, "not a date");
    }
}

/* It never goes back, and both units are of one clock. */
static void monotonic(void **state)
{
    int64_t before = clock_ns();
    int64_t between = clock_ms();
    int64_t after = clock_ns();
    (void)state;
    assert_true(before > 0 && before <= after);
    assert_true(before / 1000000 <= between && between <= after / 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_round_trips),
        cmocka_unit_test(known_times),
        cmocka_unit_test(offsets_are_counted_back),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(monotonic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
