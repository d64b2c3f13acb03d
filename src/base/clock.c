/* Times as text and back: RFC 3339 in UTC, proleptic Gregorian calendar, no locale. */
#include "base/base.h"

#include <time.h>

enum { DAY_SECONDS = 86400 };

/* Days since 1970-01-01 of a civil date. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

struct civil {
    int64_t year;
    unsigned month;
    unsigned day;
};

static struct civil civil_of(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    struct civil civil = {.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1),
                          .month = (unsigned)(mp < 10 ? mp + 3 : mp - 9)};
    civil.year = yoe + era * 400 + (civil.month <= 2 ? 1 : 0);
    return civil;
}

static int64_t floor_day(int64_t time)
{
    return time / DAY_SECONDS - (time % DAY_SECONDS < 0 ? 1 : 0);
}

void date_format(char ret_text[11], int64_t time)
{
    sanad_assert(time >= TIME_MIN && time <= TIME_MAX);
    struct civil civil = civil_of(floor_day(time));
    char text[32];
    (void)snprintf(text, sizeof text, "%04d-%02u-%02u", (int)civil.year, civil.month, civil.day);
    memcpy(ret_text, text, 11);
}

void time_format(char ret_text[TIME_TEXT_SIZE], int64_t time)
{
    char date[11];
    date_format(date, time);
    int64_t second = time - floor_day(time) * DAY_SECONDS;
    char text[48];
    (void)snprintf(text, sizeof text, "%sT%02d:%02d:%02dZ", date, (int)(second / 3600),
                   (int)(second / 60 % 60), (int)(second % 60));
    memcpy(ret_text, text, TIME_TEXT_SIZE);
}

/* `count` digits at text; -1 where they are none. */
static int digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static unsigned month_size(int year, int month)
{
    static const unsigned char sizes[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : sizes[month - 1];
}

static bool date_at(int64_t *ret_days, const char *text)
{
    if (strnlen(text, 10) < 10 || text[4] != '-' || text[7] != '-')
        return false;
    int year = digits(text, 4);
    int month = digits(text + 5, 2);
    int day = digits(text + 8, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1 || (unsigned)day > month_size(year, month))
        return false;
    *ret_days = days_of(year, (unsigned)month, (unsigned)day);
    return true;
}

int date_parse(int64_t *ret_time, const char *text, struct err *err)
{
    int64_t days;
    if (strlen(text) != 10 || !date_at(&days, text))
        return err_set(err, SANAD_REFUSED, "%.40s: not a date (YYYY-MM-DD)", text);
    *ret_time = days * DAY_SECONDS;
    return 0;
}

/* Offset of "Z", "+05:00"; false where it is neither. */
static bool offset_at(int64_t *ret_seconds, const char *text)
{
    *ret_seconds = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return false;
    int hours = digits(text + 1, 2);
    int minutes = digits(text + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ret_seconds = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

int time_parse(int64_t *ret_time, const char *text, struct err *err)
{
    int64_t days;
    int64_t offset;
    bool shaped = strnlen(text, 20) == 20 && date_at(&days, text) && text[10] == 'T' &&
                  text[13] == ':' && text[16] == ':' && offset_at(&offset, text + 19);
    int hour = shaped ? digits(text + 11, 2) : -1;
    int minute = shaped ? digits(text + 14, 2) : -1;
    int second = shaped ? digits(text + 17, 2) : -1;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return err_set(err, SANAD_REFUSED, "%.40s: not a time (RFC 3339)", text);
    int64_t result = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    if (result < TIME_MIN || result > TIME_MAX) /* the offset may lead out of the calendar */
        return err_set(err, SANAD_REFUSED, "%.40s: not in the years 0000 to 9999", text);
    *ret_time = result;
    return 0;
}

int64_t time_now(void)
{
    return (int64_t)time(NULL);
}

int64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}
