/* Feeds files of liabilities and of series to their readers. Whatever comes: what is taken is
 * sorted, within bounds and has a source, and on any day of knowledge at most one line of a key
 * stands, none of them known later. */
#include "limits/limits_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void standing_check(const struct limits_records *records, int64_t known)
{
    const struct limits_record **list =
        mem_zalloc(records->count + 1, sizeof(const struct limits_record *));
    size_t count = records_standing(list, records, known);
    for (size_t i = 0; i < count; i++) {
        sanad_assert(list[i]->known <= known && !list[i]->withdrawn);
        if (i == 0)
            continue;
        struct limits_record before = *list[i - 1];
        before.number = list[i]->number;
        sanad_assert(record_compare(&before, list[i]) < 0); /* another key */
    }
    free(list);
}

static void records_check(const struct limits_records *records, bool series)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct limits_record *record = &records->list[i];
        sanad_assert(i == 0 || record_compare(record - 1, record) < 0);
        sanad_assert(amount_is_known(record->value) && *record->source);
        sanad_assert(record->time >= TIME_MIN && record->time <= TIME_MAX);
        if (series)
            sanad_assert(series_value_fits(record->value, &records->unit));
        else
            sanad_assert(amount_is_money(record->value) && *record->entity && *record->holder &&
                         *record->holder_sector);
    }
    for (size_t i = 0; i < records->count && i < 32; i++) {
        standing_check(records, records->list[i].known);
        standing_check(records, records->list[i].known - 1);
    }
    standing_check(records, INT64_MAX);
}

/* The first byte chooses: 's' a series, or else liabilities. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct limits_records records;
    if (size == 0)
        return 0;
    bool series = data[0] == 's';
    struct bytes text = bytes_of(data + 1, size - 1);
    int code = series ? series_read(&records, "name", "input", text, &err)
                      : liabilities_read(&records, "input", text, &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code)
        return 0;
    records_check(&records, series);
    limits_records_free(&records);
    return 0;
}
