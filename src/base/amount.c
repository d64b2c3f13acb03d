/* Money: the only place where satoshi and minor units are added, compared and printed. */
#include "base/base.h"

#define UNKNOWN_RAW INT64_MIN

struct amount amount_of(int64_t minor_units)
{
    return (struct amount){.raw_minor_units = minor_units};
}

struct amount amount_zero(void)
{
    return amount_of(0);
}

struct amount amount_unknown(void)
{
    return (struct amount){.raw_minor_units = UNKNOWN_RAW};
}

bool amount_is_known(struct amount a)
{
    return a.raw_minor_units != UNKNOWN_RAW;
}

int64_t amount_minor(struct amount a)
{
    sanad_assert(amount_is_known(a));
    return a.raw_minor_units;
}

struct amount amount_add(struct amount a, struct amount b)
{
    int64_t sum;
    if (!amount_is_known(a) || !amount_is_known(b))
        return amount_unknown();
    if (__builtin_add_overflow(a.raw_minor_units, b.raw_minor_units, &sum))
        return amount_unknown();
    return amount_of(sum);
}

struct amount amount_neg(struct amount a)
{
    return amount_is_known(a) ? amount_of(-a.raw_minor_units) : a;
}

struct amount amount_sub(struct amount a, struct amount b)
{
    return amount_add(a, amount_neg(b));
}

int amount_compare(struct amount a, struct amount b)
{
    int64_t x = amount_minor(a);
    int64_t y = amount_minor(b);
    return x < y ? -1 : x > y;
}

bool amount_equal(struct amount a, struct amount b)
{
    return amount_is_known(a) && amount_is_known(b) && amount_compare(a, b) == 0;
}

bool amount_is_money(struct amount a)
{
    return a.raw_minor_units >= 0 && a.raw_minor_units <= AMOUNT_MONEY_MAX_SAT;
}

struct amount amount_min(struct amount a, struct amount b)
{
    return amount_compare(a, b) <= 0 ? a : b;
}

struct amount amount_max(struct amount a, struct amount b)
{
    return amount_compare(a, b) >= 0 ? a : b;
}

/* |product| / divisor, half to even. */
static unsigned __int128 divide_half_even(unsigned __int128 product, uint64_t divisor)
{
    unsigned __int128 quotient = product / divisor;
    uint64_t rest = (uint64_t)(product % divisor);
    uint64_t other = divisor - rest;
    bool up = rest > other || (rest == other && (quotient & 1));
    return quotient + (up ? 1 : 0);
}

struct amount amount_mul_div(struct amount a, int64_t numerator, int64_t denominator)
{
    sanad_assert(denominator > 0);
    if (!amount_is_known(a))
        return a;
    __int128 product = (__int128)a.raw_minor_units * numerator;
    bool negative = product < 0;
    unsigned __int128 magnitude = (unsigned __int128)(negative ? -product : product);
    unsigned __int128 quotient = divide_half_even(magnitude, (uint64_t)denominator);
    if (quotient > INT64_MAX)
        return amount_unknown();
    int64_t result = (int64_t)quotient;
    return amount_of(negative ? -result : result);
}

static uint64_t power_of_ten(unsigned decimals)
{
    sanad_assert(decimals <= 18);
    uint64_t power = 1;
    while (decimals--)
        power *= 10;
    return power;
}

static void format_with(char ret_text[AMOUNT_TEXT_SIZE], struct amount a, unsigned decimals,
                        bool grouped)
{
    if (!amount_is_known(a)) {
        memcpy(ret_text, "unknown", sizeof "unknown");
        return;
    }
    uint64_t unit = power_of_ten(decimals);
    bool negative = a.raw_minor_units < 0;
    uint64_t magnitude = (uint64_t)a.raw_minor_units;
    if (negative)
        magnitude = -magnitude;
    char digits[AMOUNT_TEXT_SIZE];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)(magnitude / unit));
    size_t at = 0;
    if (negative)
        ret_text[at++] = '-';
    for (int i = 0; i < count; i++) {
        if (grouped && i > 0 && (count - i) % 3 == 0)
            ret_text[at++] = ',';
        ret_text[at++] = digits[i];
    }
    ret_text[at] = 0;
    if (decimals > 0)
        (void)snprintf(ret_text + at, AMOUNT_TEXT_SIZE - at, ".%0*llu", (int)decimals,
                       (unsigned long long)(magnitude % unit));
}

void amount_format(char ret_text[AMOUNT_TEXT_SIZE], struct amount a, unsigned decimals)
{
    format_with(ret_text, a, decimals, false);
}

void amount_format_grouped(char ret_text[AMOUNT_TEXT_SIZE], struct amount a, unsigned decimals)
{
    format_with(ret_text, a, decimals, true);
}

/* Digits into *value, at least one of them; the position behind the last. */
static const char *parse_digits(int64_t *value, unsigned *count, const char *p, bool *overflow)
{
    for (*count = 0; *p >= '0' && *p <= '9'; p++, (*count)++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, *p - '0', value))
            *overflow = true;
    return p;
}

int amount_parse(struct amount *ret, const char *text, unsigned decimals, struct err *err)
{
    bool negative = text[0] == '-';
    const char *p = text + (negative ? 1 : 0);
    int64_t value = 0;
    unsigned whole = 0;
    unsigned fraction = 0;
    bool overflow = false;
    p = parse_digits(&value, &whole, p, &overflow);
    if (whole > 0 && *p == '.') {
        p = parse_digits(&value, &fraction, p + 1, &overflow);
        if (fraction == 0)
            whole = 0; /* "1." is no number */
    }
    if (whole == 0 || *p)
        return err_set(err, SANAD_REFUSED, "%.40s: not a decimal amount", text);
    if (fraction > decimals)
        return err_set(err, SANAD_REFUSED, "%.40s: more than %u decimals", text, decimals);
    for (; fraction < decimals; fraction++)
        overflow |= __builtin_mul_overflow(value, 10, &value);
    if (overflow)
        return err_set(err, SANAD_REFUSED, "%.40s: amount out of range", text);
    *ret = amount_of(negative ? -value : value);
    return 0;
}

json_t *amount_json(struct amount a)
{
    return amount_is_known(a) ? json_integer(a.raw_minor_units) : json_null();
}
