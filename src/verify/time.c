/* Days and times as statements write them, to seconds since 1970 (proleptic Gregorian, UTC). */
#include "verify/verify_priv.h"

enum { DAY_SECONDS = 86400, DATE_SIZE = 10, TIME_SIZE = 20, OFFSET_SIZE = 6 };
#define TIME_MIN INT64_C(-62167219200) /* years 0000 to 9999 */
#define TIME_MAX INT64_C(253402300799)

/* Days since 1970-01-01 of a civil date. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted = month <= 2 ? year - 1 : year; /* years begin in March */
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

/* `count` digits; -1 where they are none. */
static int64_t digits(const uint8_t *text, size_t count)
{
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static int64_t month_size(int64_t year, int64_t month)
{
    static const uint8_t sizes[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    sanad_assert(month >= 1 && month <= 12);
    return month == 2 && is_leap ? 29 : sizes[month - 1];
}

static bool date_at(int64_t *ret_days, const uint8_t *text)
{
    int64_t year = digits(text, 4);
    int64_t month = digits(text + 5, 2);
    int64_t day = digits(text + 8, 2);
    if (text[4] != '-' || text[7] != '-' || year < 0 || month < 1 || month > 12 || day < 1 ||
        day > month_size(year, month))
        return false;
    *ret_days = days_of(year, month, day);
    return true;
}

bool verify_date(int64_t *ret_time, struct sanad_bytes text)
{
    int64_t days;
    if (text.size != DATE_SIZE || !date_at(&days, text.data))
        return false;
    *ret_time = days * DAY_SECONDS;
    return true;
}

/* "Z" or "+05:00"; false where it is neither. */
static bool offset_at(int64_t *ret_seconds, struct sanad_bytes text)
{
    *ret_seconds = 0;
    if (verify_is(text, "Z"))
        return true;
    if (text.size != OFFSET_SIZE || (text.data[0] != '+' && text.data[0] != '-') ||
        text.data[3] != ':')
        return false;
    int64_t hours = digits(text.data + 1, 2);
    int64_t minutes = digits(text.data + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ret_seconds = (text.data[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool verify_time(int64_t *ret_time, struct sanad_bytes text)
{
    int64_t days;
    int64_t offset;
    const uint8_t *p = text.data;
    if (text.size < TIME_SIZE || !date_at(&days, p) || p[10] != 'T' || p[13] != ':' ||
        p[16] != ':' || !offset_at(&offset, verify_bytes(p + 19, text.size - 19)))
        return false;
    int64_t hour = digits(p + 11, 2);
    int64_t minute = digits(p + 14, 2);
    int64_t second = digits(p + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    int64_t time = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    if (time < TIME_MIN || time > TIME_MAX)
        return false;
    *ret_time = time;
    return true;
}
