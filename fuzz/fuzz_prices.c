/* Feeds files of prices to the reader, and what it accepts to the valuation. Whatever comes:
 * no price of 1:1 gets through, and a value has a source, none of them stale, and a price
 * between the lowest and the highest of the file. */
#include "reserve/reserve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void value_at(struct price_table *table, int64_t time, int64_t low, int64_t high)
{
    struct valuation value;
    valuation_make(&value, table, time, amount_of(AMOUNT_MONEY_MAX_SAT));
    sanad_assert(value.source_count <= countof(value.sources));
    sanad_assert(value.dropped_count <= countof(value.dropped));
    if (!value.any) {
        sanad_assert(!amount_is_known(value.amount) || value.why_not[0]);
        return;
    }
    sanad_assert(value.source_count > 0 && amount_is_known(value.amount));
    sanad_assert(value.price_minor_per_btc >= low && value.price_minor_per_btc <= high);
    sanad_assert(value.price_time <= time && time - value.price_time <= PRICE_AGE_MAX);
}

/* The first byte chooses the currency. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const currencies[] = {"USD", "JPY", "PKR", "KWD"};
    struct err err = {0};
    struct price_table table;
    int64_t low = INT64_MAX;
    int64_t high = 0;
    if (size == 0)
        return 0;
    const char *currency = currencies[data[0] % countof(currencies)];
    int code = prices_read(&table, "input", bytes_of(data + 1, size - 1), currency, &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code != 0)
        return 0;
    for (size_t i = 0; i < table.count; i++) {
        const struct price_point *point = &table.points[i];
        sanad_assert(point->price_minor_per_btc > 1 && *point->source);
        low = point->price_minor_per_btc < low ? point->price_minor_per_btc : low;
        high = point->price_minor_per_btc > high ? point->price_minor_per_btc : high;
    }
    for (size_t i = 0; i < table.count && i < 64; i++) {
        value_at(&table, table.points[i].time, low, high);
        value_at(&table, table.points[i].time + PRICE_AGE_MAX, low, high);
        value_at(&table, table.points[i].time - 1, low, high);
    }
    prices_free(&table);
    return 0;
}
