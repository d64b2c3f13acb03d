/* Any bytes as CSV. A table that is read and written again must be read as the same. */
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_row(struct buf *buf, char **fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_u8(buf, ',');
        csv_write_field(buf, fields[i]);
    }
    buf_u8(buf, '\n');
}

static void write_table(struct buf *buf, const struct csv *csv)
{
    write_row(buf, csv->columns, csv->column_count);
    for (size_t i = 0; i < csv->row_count; i++)
        write_row(buf, csv->rows[i], csv->column_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv csv;
    struct csv again;
    struct err err = {0};
    if (csv_read(&csv, "fuzz", bytes_of(data, size), &err) != 0) {
        sanad_assert(err.code == SANAD_REFUSED && text_is_clean(err.text));
        return 0;
    }
    struct buf once = buf_with_max(4 * size + 4096);
    struct buf twice = buf_with_max(4 * size + 4096);
    write_table(&once, &csv);
    sanad_assert(!once.bad);
    sanad_assert(csv_read(&again, "fuzz", buf_bytes(&once), &err) == 0);
    sanad_assert(again.row_count == csv.row_count && again.column_count == csv.column_count);
    write_table(&twice, &again);
    sanad_assert(bytes_equal(buf_bytes(&once), buf_bytes(&twice)));
    csv_free(&csv);
    csv_free(&again);
    buf_free(&once);
    buf_free(&twice);
    return 0;
}
