/* CSV in and out: the columns are the fields of the kind, and what every record has. */
#include "register/register_priv.h"

#include <stdlib.h>

/* Columns beside the fields. */
enum extra_column {
    EXTRA_DOCUMENT,
    EXTRA_DOCUMENT_NAME,
    EXTRA_VISIBILITY,
    EXTRA_KNOWN,
    EXTRA_NATION,
    EXTRA_COUNT
};
static const char *const extra_names[EXTRA_COUNT] = {"document_sha256", "document_name",
                                                     "visibility", "known", "nation"};

struct table {
    const struct register_kind *kind;
    const struct csv *csv;
    const char *object;
    struct hash256 file;                   /* the hash of the whole file */
    int field_columns[REGISTER_FIELD_MAX]; /* -1: not there */
    int extra_columns[EXTRA_COUNT];
};

/* ---- columns ---- */

static bool takes_column(const struct register_kind *kind, const char *name)
{
    const struct register_field *field = kind_field(kind, name);
    if (field)
        return field->type != FIELD_OBJECT;
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        if (strcmp(extra_names[i], name) == 0)
            return i != EXTRA_NATION || kind->national;
    return false;
}

static int columns_check(const struct table *table, struct err *err)
{
    const struct csv *csv = table->csv;
    for (size_t c = 0; c < csv->column_count; c++) {
        if (!takes_column(table->kind, csv->columns[c]))
            return err_set(err, SANAD_REFUSED, "%s: line 1: unknown column \"%.64s\"",
                           table->object, csv->columns[c]);
        if (csv_column(csv, csv->columns[c]) != (int)c)
            return err_set(err, SANAD_REFUSED, "%s: line 1: column \"%s\" stands twice",
                           table->object, csv->columns[c]);
    }
    for (size_t i = 0; i < table->kind->field_count; i++)
        if (table->kind->fields[i].required && table->field_columns[i] < 0)
            return err_set(err, SANAD_REFUSED, "%s: line 1: no column \"%s\"", table->object,
                           table->kind->fields[i].name);
    return 0;
}

static void columns_find(struct table *table)
{
    sanad_assert(table->kind->field_count <= REGISTER_FIELD_MAX);
    for (size_t i = 0; i < table->kind->field_count; i++)
        table->field_columns[i] = csv_column(table->csv, table->kind->fields[i].name);
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        table->extra_columns[i] = csv_column(table->csv, extra_names[i]);
}

/* ---- rows ---- */

/* The content of a column in a row; NULL where it is empty or there is no such column. */
static const char *cell(const struct table *table, size_t row, int column)
{
    const char *text = column < 0 ? NULL : table->csv->rows[row][column];
    return text && *text ? text : NULL;
}

static int row_body(json_t *body, const struct table *table, size_t row, struct err *err)
{
    for (size_t i = 0; i < table->kind->field_count; i++) {
        const char *text = cell(table, row, table->field_columns[i]);
        json_t *value;
        if (!text)
            continue;
        int code = field_from_text(&value, &table->kind->fields[i], text, err);
        if (code)
            return code;
        (void)json_object_set_new(body, table->kind->fields[i].name, value);
    }
    return 0;
}

/* The row's document, or the import's, or, where the kind allows it, the file itself. */
static int row_document(struct hash256 *ret_document, const struct table *table, size_t row,
                        const struct register_import *import, struct err *err)
{
    const char *text = cell(table, row, table->extra_columns[EXTRA_DOCUMENT]);
    if (text)
        return hash256_from_straight(ret_document, text)
                   ? 0
                   : err_set(err, SANAD_REFUSED,
                             "\"document_sha256\" must be 64 hexadecimal digits");
    if (import->document)
        *ret_document = *import->document;
    else if (table->kind->document == DOCUMENT_OR_FILE)
        *ret_document = table->file;
    else
        return err_set(err, SANAD_REFUSED,
                       "no document: \"document_sha256\" is empty, and without one nothing is "
                       "declared");
    return 0;
}

static int row_known(int64_t *ret_known, const struct table *table, size_t row,
                     const struct register_import *import, struct err *err)
{
    const char *text = cell(table, row, table->extra_columns[EXTRA_KNOWN]);
    int64_t known = import->known;
    if (text && date_parse(&known, text, NULL) != 0 && time_parse(&known, text, NULL) != 0)
        return err_set(err, SANAD_REFUSED, "\"known\" must be a time (RFC 3339) or a day");
    *ret_known = known;
    return 0;
}

/* Everything but the body. */
static int row_proposal(struct proposal *proposal, struct hash256 *ret_document,
                        const struct table *table, size_t row, const struct register_import *import,
                        struct err *err)
{
    const char *nation = cell(table, row, table->extra_columns[EXTRA_NATION]);
    const char *name = cell(table, row, table->extra_columns[EXTRA_DOCUMENT_NAME]);
    proposal->kind = table->kind->name;
    proposal->proposer = import->proposer;
    proposal->visibility = cell(table, row, table->extra_columns[EXTRA_VISIBILITY]);
    proposal->document = ret_document;
    proposal->document_name = name ? name : import->document_name;
    if (table->kind->national)
        proposal->nation = nation ? nation : import->nation;
    int code = row_known(&proposal->known, table, row, import, err);
    return code ? code : row_document(ret_document, table, row, import, err);
}

static int row_import(struct importer *importer, const struct table *table, size_t row,
                      struct err *err)
{
    struct hash256 document;
    struct proposal proposal = {0};
    struct err why = {0};
    size_t line = table->csv->lines[row];
    json_t *body = json_object();
    int code = row_body(body, table, row, &why);
    if (code == 0)
        code = row_proposal(&proposal, &document, table, row, importer->import, &why);
    proposal.body = body;
    bool own = cell(table, row, table->extra_columns[EXTRA_DOCUMENT]) || importer->import->document;
    if (code)
        code = importer_refuse(importer, line, table->kind->name, NULL, &why);
    else
        code = importer_take(importer, line, &proposal, own, err);
    json_decref(body);
    return code;
}

/* ---- the file ---- */

static int table_import(struct registry *registry, struct import_report *report,
                        const struct table *table, const struct register_import *import,
                        struct err *err)
{
    struct importer importer = {.registry = registry, .import = import, .report = report};
    int code = columns_check(table, err);
    if (code == 0)
        code = importer_begin(&importer, err);
    if (code)
        return code;
    for (size_t row = 0; row < table->csv->row_count && code == 0; row++)
        code = row_import(&importer, table, row, err);
    return importer_end(&importer, table->object, code, err);
}

int register_import_csv(struct registry *registry, struct import_report *report, const char *kind,
                        const char *object, struct bytes text, const struct register_import *import,
                        struct err *err)
{
    struct csv csv;
    struct table table = {.kind = register_kind_find(kind), .csv = &csv, .object = object};
    if (!table.kind)
        return err_set(err, SANAD_REFUSED, "%.64s: no such kind of record", kind);
    if (table.kind->with_book)
        return err_set(err, SANAD_REFUSED, "%s: comes with a whole book, not as CSV", kind);
    if (text.size > REGISTER_CSV_MAX)
        return err_set(err, SANAD_REFUSED, "%s: over %d bytes", object, REGISTER_CSV_MAX);
    int code = csv_read(&csv, object, text, err);
    if (code)
        return code;
    sha256_of(&table.file, text);
    columns_find(&table);
    code = table_import(registry, report, &table, import, err);
    csv_free(&csv);
    return code;
}

int register_import_csv_file(struct registry *registry, struct import_report *report,
                             const char *kind, const char *path,
                             const struct register_import *import, struct err *err)
{
    struct buf text;
    struct register_import named = *import;
    int code = file_read(&text, path, REGISTER_CSV_MAX, err);
    if (code)
        return code;
    named.document_name = file_base_name(import->document_name ? import->document_name : path);
    code = register_import_csv(registry, report, kind, path, buf_bytes(&text), &named, err);
    buf_free(&text);
    return code;
}

/* ---- out again ---- */

static void csv_header(struct buf *buf, const struct register_kind *kind)
{
    for (size_t i = 0; i < kind->field_count; i++)
        if (kind->fields[i].type != FIELD_OBJECT)
            buf_format(buf, "%s,", kind->fields[i].name);
    if (kind->national)
        buf_text(buf, "nation,");
    buf_text(buf, "known,visibility,document_name,document_sha256\n");
}

static void csv_value(struct buf *buf, const json_t *value)
{
    if (json_is_string(value))
        csv_write_field(buf, json_string_value(value));
    else if (json_is_integer(value))
        buf_format(buf, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        buf_text(buf, json_is_true(value) ? "true" : "false");
    buf_u8(buf, ',');
}

static int csv_record(struct buf *buf, const struct register_kind *kind,
                      const struct record *record, struct err *err)
{
    char text[HEX256_SIZE];
    json_t *body;
    int code =
        json_read(&body, "register: body", bytes_of_text(record->body), REGISTER_BODY_MAX, err);
    if (code)
        return code;
    for (size_t i = 0; i < kind->field_count; i++)
        if (kind->fields[i].type != FIELD_OBJECT)
            csv_value(buf, json_object_get(body, kind->fields[i].name));
    json_decref(body);
    if (kind->national)
        buf_format(buf, "%s,", record->nation);
    time_format(text, record->known);
    buf_format(buf, "%s,%s,", text, record->visibility);
    csv_write_field(buf, record->document_name ? record->document_name : "");
    hash256_straight(text, &record->document);
    buf_format(buf, ",%s\n", text);
    return 0;
}

static int known_compare(const void *a, const void *b)
{
    const struct record *x = a;
    const struct record *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

int register_export_csv(struct registry *registry, struct buf *buf,
                        const struct register_query *query, struct err *err)
{
    const struct register_kind *kind = register_kind_find(query->kind);
    struct arena arena = {0};
    struct record *records;
    size_t count;
    if (!kind)
        return err_set(err, SANAD_REFUSED, "%.64s: no such kind of record", query->kind);
    int code = register_as_known(registry, &records, &count, query, &arena, err);
    if (code == 0) {
        /* in the order of the journal, since an import takes `known` only in order */
        qsort(records, count, sizeof *records, known_compare);
        csv_header(buf, kind);
    }
    for (size_t i = 0; i < count && code == 0; i++)
        code = csv_record(buf, kind, &records[i], err);
    arena_free(&arena);
    if (code == 0 && buf->bad)
        code = err_set(err, SANAD_REFUSED, "%s: over %zu bytes as CSV", query->kind, buf->max);
    return code;
}
