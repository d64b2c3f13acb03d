/* CSV after RFC 4180: a header line, then rows of as many fields. */
#include "base/base_priv.h"

#include <stdlib.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct csv_reader {
    struct csv *csv;
    const char *object;
    struct cursor at;
    size_t line;
    struct buf field;
    struct err *err;
};

static int csv_fail(struct csv_reader *reader, const char *rule)
{
    return err_set(reader->err, SANAD_REFUSED, "%s: line %zu: %s", reader->object, reader->line,
                   rule);
}

static int read_quoted(struct csv_reader *reader)
{
    while (cursor_left(&reader->at) > 0) {
        uint8_t c = cursor_u8(&reader->at);
        if (c == '\n')
            reader->line++;
        if (c == '"') {
            if (cursor_left(&reader->at) == 0 || *reader->at.at != '"')
                return 0;
            reader->at.at++;
        }
        buf_u8(&reader->field, c);
    }
    return csv_fail(reader, "a quoted field does not end");
}

static bool ends_plain(uint8_t c)
{
    return c == ',' || c == '\r' || c == '\n';
}

static int read_plain(struct csv_reader *reader)
{
    while (cursor_left(&reader->at) > 0 && !ends_plain(*reader->at.at)) {
        uint8_t c = cursor_u8(&reader->at);
        if (c == '"')
            return csv_fail(reader, "a quote inside an unquoted field");
        buf_u8(&reader->field, c);
    }
    return 0;
}

/* What ends a field. */
enum csv_end { CSV_END_FIELD, CSV_END_ROW };

static int read_end(struct csv_reader *reader, enum csv_end *ret_end)
{
    *ret_end = CSV_END_ROW;
    if (cursor_left(&reader->at) == 0)
        return 0;
    uint8_t c = cursor_u8(&reader->at);
    if (c == ',') {
        *ret_end = CSV_END_FIELD;
        return 0;
    }
    if (c == '\r' && cursor_left(&reader->at) > 0)
        c = cursor_u8(&reader->at);
    if (c != '\n')
        return csv_fail(reader, "text behind a closing quote or a bare carriage return");
    reader->line++;
    return 0;
}

static int read_field(struct csv_reader *reader, char **ret_text, enum csv_end *ret_end)
{
    buf_reset(&reader->field);
    bool quoted = cursor_left(&reader->at) > 0 && *reader->at.at == '"';
    if (quoted)
        reader->at.at++;
    int code = quoted ? read_quoted(reader) : read_plain(reader);
    if (code)
        return code;
    if (reader->field.bad)
        return csv_fail(reader, "a field over 64 KiB");
    if (!text_is_utf8(buf_bytes(&reader->field)))
        return csv_fail(reader, "not UTF-8");
    const char *text = buf_cstr(&reader->field);
    if (strlen(text) != reader->field.size)
        return csv_fail(reader, "a NUL byte");
    *ret_text = arena_strdup(&reader->csv->arena, text);
    return read_end(reader, ret_end);
}

static int read_row(struct csv_reader *reader, char ***ret_fields, size_t *ret_count)
{
    char *fields[CSV_COLUMN_MAX];
    size_t count = 0;
    enum csv_end end = CSV_END_FIELD;
    while (end == CSV_END_FIELD) {
        if (count == CSV_COLUMN_MAX)
            return csv_fail(reader, "too many fields");
        int code = read_field(reader, &fields[count], &end);
        if (code)
            return code;
        count++;
    }
    *ret_fields = arena_alloc(&reader->csv->arena, count, sizeof **ret_fields);
    memcpy(*ret_fields, fields, count * sizeof *fields);
    *ret_count = count;
    return 0;
}

static int read_rows(struct csv_reader *reader)
{
    struct csv *csv = reader->csv;
    size_t capacity = 0;
    while (cursor_left(&reader->at) > 0) {
        if (csv->row_count == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            csv->rows = mem_realloc(csv->rows, capacity, sizeof *csv->rows);
            csv->lines = mem_realloc(csv->lines, capacity, sizeof *csv->lines);
        }
        size_t line = reader->line;
        size_t count;
        int code = read_row(reader, &csv->rows[csv->row_count], &count);
        if (code)
            return code;
        if (count != csv->column_count) {
            reader->line = line;
            return csv_fail(reader, "not as many fields as the header names");
        }
        csv->lines[csv->row_count++] = line;
    }
    return 0;
}

/* A column named twice would hide one of the two; columns without a name are nobody's. */
static int check_columns(struct csv_reader *reader)
{
    const struct csv *csv = reader->csv;
    if (strncmp(csv->columns[0], BYTE_ORDER_MARK, 3) == 0)
        return csv_fail(reader, "a second byte order mark");
    for (size_t i = 0; i < csv->column_count; i++) {
        if (csv->columns[i][0] == 0)
            continue;
        if (csv_column(csv, csv->columns[i]) != (int)i)
            return err_set(reader->err, SANAD_REFUSED, "%s: line 1: column \"%.64s\" stands twice",
                           reader->object, csv->columns[i]);
    }
    return 0;
}

int csv_read(struct csv *ret_csv, const char *object, struct bytes text, struct err *err)
{
    struct csv csv = {0};
    struct csv_reader reader = {.csv = &csv,
                                .object = object,
                                .at = cursor_of(text),
                                .line = 1,
                                .field = buf_with_max(CSV_FIELD_MAX),
                                .err = err};
    if (text.size >= 3 && memcmp(text.data, BYTE_ORDER_MARK, 3) == 0)
        reader.at.at += 3; /* spreadsheets write a byte order mark */
    int code = cursor_left(&reader.at) == 0 ? csv_fail(&reader, "no header line") : 0;
    if (code == 0)
        code = read_row(&reader, &csv.columns, &csv.column_count);
    if (code == 0)
        code = check_columns(&reader);
    if (code == 0)
        code = read_rows(&reader);
    buf_free(&reader.field);
    if (code)
        csv_free(&csv);
    else
        *ret_csv = csv;
    return code;
}

int csv_read_file(struct csv *ret_csv, const char *path, size_t size_max, struct err *err)
{
    struct buf buf;
    int code = file_read(&buf, path, size_max, err);
    if (code)
        return code;
    code = csv_read(ret_csv, path, buf_bytes(&buf), err);
    buf_free(&buf);
    return code;
}

void csv_free(struct csv *csv)
{
    arena_free(&csv->arena);
    free(csv->rows);
    free(csv->lines);
    *csv = (struct csv){0};
}

int csv_column(const struct csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->column_count; i++)
        if (strcmp(csv->columns[i], name) == 0)
            return (int)i;
    return -1;
}

void csv_write_field(struct buf *buf, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        buf_text(buf, text);
        return;
    }
    buf_u8(buf, '"');
    for (; *text; text++) {
        if (*text == '"')
            buf_u8(buf, '"');
        buf_u8(buf, (uint8_t)*text);
    }
    buf_u8(buf, '"');
}

/* Bytes of the character at `text`; what is no UTF-8 is taken apart somehow, never past the end. */
static size_t character_size(const char *text)
{
    uint8_t first = (uint8_t)*text;
    return strnlen(text, first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2);
}

void csv_write_foreign(struct buf *buf, const char *text)
{
    struct buf clean = buf_with_max(buf->max);
    if (*text && strchr("=+-@\t\r\n", *text))
        buf_text(&clean, "'");
    while (*text) {
        char one[5] = {0};
        size_t size = character_size(text);
        memcpy(one, text, size);
        buf_text(&clean, text_is_clean(one) ? one : "?");
        text += size;
    }
    buf->bad = buf->bad || clean.bad;
    csv_write_field(buf, buf_cstr(&clean));
    buf_free(&clean);
}
