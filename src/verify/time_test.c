/* Proves: days and times are read as the program reads them, each day of some centuries' turns,
 * offsets, and thousands of spoilt texts. */
#include "verify_test.h"

#include "verify/verify_priv.h"

/* How many of both took it. */
static size_t both(const char *text)
{
    int64_t ours = 1;
    int64_t theirs = 1;
    bool is_date = date_parse(&theirs, text, NULL) == 0;
    assert_int_equal(verify_date(&ours, verify_bytes_of(text)), is_date);
    assert_true(ours == theirs);
    bool is_time = time_parse(&theirs, text, NULL) == 0;
    assert_int_equal(verify_time(&ours, verify_bytes_of(text)), is_time);
    assert_true(ours == theirs);
    return (size_t)is_date + is_time;
}

static void days(void **state)
{
    (void)state;
    static const int years[] = {0,    4,    100,  400,  1600, 1700, 1900,
                                1970, 2000, 2023, 2024, 2100, 9999};
    size_t taken = 0;
    for (size_t i = 0; i < countof(years); i++)
        for (int month = 0; month <= 13; month++)
            for (int day = 0; day <= 32; day++) {
                char text[40];
                (void)snprintf(text, sizeof text, "%04d-%02d-%02d", years[i], month, day);
                taken += both(text);
            }
    assert_int_equal(taken, 13 * 365 + 6); /* 0, 4, 400, 1600, 2000, 2024 have a 29 February */
}

static void times(void **state)
{
    (void)state;
    static const char *const texts[] = {"2025-07-16T00:00:00Z",
                                        "2025-07-16T23:59:59Z",
                                        "2025-07-16T24:00:00Z",
                                        "2025-07-16T23:60:00Z",
                                        "2025-07-16T23:59:60Z",
                                        "2025-07-16T00:00:00z",
                                        "2025-07-16t00:00:00Z",
                                        "2025-07-16 00:00:00Z",
                                        "2025-07-16T00:00:00",
                                        "2025-07-16T00:00:00+05:00",
                                        "2025-07-16T00:00:00-05:30",
                                        "2025-07-16T00:00:00+5:00",
                                        "2025-07-16T00:00:00+24:00",
                                        "2025-07-16T00:00:00.5Z",
                                        "0000-01-01T00:00:00+00:01",
                                        "9999-12-31T23:59:59-00:01",
                                        "0000-01-01T00:00:00Z",
                                        "9999-12-31T23:59:59Z",
                                        "2025-07-16T00:00:00Zx",
                                        "",
                                        "2025-07-16T"};
    size_t taken = 0;
    for (size_t i = 0; i < countof(texts); i++)
        taken += both(texts[i]);
    assert_int_equal(taken, 6);
}

static void spoilt_texts(void **state)
{
    (void)state;
    uint64_t random = 81;
    for (size_t i = 0; i < 20000; i++) {
        struct bytes bad =
            spoilt(bytes_of_text(i % 2 ? "2024-02-29" : "2024-02-29T12:34:56+05:00"), &random);
        char text[256];
        size_t size = bad.size < sizeof text ? bad.size : sizeof text - 1;
        memcpy(text, bad.data, size);
        text[size] = 0;
        (void)both(text);
        spoilt_free(bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(days), cmocka_unit_test(times),
                                       cmocka_unit_test(spoilt_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
