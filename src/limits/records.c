/* Liabilities and series from CSV files, and what of them stands as known on a day. */
#include "limits/limits_priv.h"

#include <stdlib.h>

enum { RECORDS_FILE_MAX = 64 << 20, RECORDS_ROW_MAX = 1000000, RECORDS_NAME_MAX = 256 };

/* ---- the two times --------------------------------------------------------------------------- */

static bool is_approved(const struct two_times *times, int64_t asked)
{
    return times->decided != INT64_MAX && times->decided <= asked;
}

bool two_times_stands(const struct two_times *next, const struct two_times *best, int64_t asked)
{
    if (next->known > asked || (next->rejected != 0 && next->rejected <= asked))
        return false;
    if (!best)
        return true;
    bool approved = is_approved(next, asked);
    if (approved != is_approved(best, asked))
        return approved;
    if (!approved)
        return next->number > best->number;
    if (next->decided != best->decided)
        return next->decided > best->decided;
    return next->decision != best->decision ? next->decision > best->decision
                                            : next->number > best->number;
}

static struct two_times record_times(const struct limits_record *record)
{
    return (struct two_times){.known = record->known,
                              .decided = record->decided,
                              .rejected = record->rejected,
                              .decision = record->decision,
                              .number = record->number};
}

/* ---- order ----------------------------------------------------------------------------------- */

/* A series has no holder. */
static int holder_compare(const struct limits_record *a, const struct limits_record *b)
{
    return strcmp(a->holder ? a->holder : "", b->holder ? b->holder : "");
}

static int key_compare(const struct limits_record *a, const struct limits_record *b)
{
    int order = strcmp(a->entity, b->entity);
    if (order == 0)
        order = holder_compare(a, b);
    if (order)
        return order;
    return a->time < b->time ? -1 : a->time > b->time;
}

int record_compare(const void *a, const void *b)
{
    const struct limits_record *x = a;
    const struct limits_record *y = b;
    int order = key_compare(x, y);
    if (order)
        return order;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Of records for one entity, holder and time the one that stands; NULL: none does. */
static const struct limits_record *best_of(const struct limits_record *list, size_t count,
                                           int64_t known)
{
    const struct limits_record *best = NULL;
    struct two_times times;
    for (size_t i = 0; i < count; i++) {
        struct two_times next = record_times(&list[i]);
        if (!two_times_stands(&next, best ? &times : NULL, known))
            continue;
        best = &list[i];
        times = next;
    }
    return best && !best->withdrawn ? best : NULL;
}

size_t records_standing(const struct limits_record **ret_list, const struct limits_records *records,
                        int64_t known)
{
    size_t count = 0;
    for (size_t i = 0; i < records->count;) {
        size_t first = i;
        while (i < records->count && key_compare(&records->list[first], &records->list[i]) == 0)
            i++;
        const struct limits_record *best = best_of(&records->list[first], i - first, known);
        if (best)
            ret_list[count++] = best;
    }
    return count;
}

void records_first_known(int64_t *ret_first, const struct limits_record *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ret_first[i] = i > 0 && ret_first[i - 1] < list[i].known ? ret_first[i - 1] : list[i].known;
}

const struct limits_record *record_standing(const struct limits_record *list, size_t count,
                                            const int64_t *first_known, int64_t known)
{
    while (count > 0 && first_known[count - 1] <= known) {
        size_t first = count - 1;
        while (first > 0 && list[first - 1].time == list[count - 1].time)
            first--;
        const struct limits_record *best = best_of(&list[first], count - first, known);
        if (best)
            return best;
        count = first;
    }
    return NULL;
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* One file while it is read. */
struct records_file {
    struct limits_records *records;
    const struct csv *csv;
    const char *object; /* as errors name it */
    const char *name;   /* as sources name it: without folders */
    int columns[16];    /* in the order of the names */
};

/* The columns there must be, then those there may be; ended by NULL each. */
struct columns_wanted {
    const char *const *needed;
    const char *const *allowed;
};

static bool is_one_of(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static int columns_find(struct records_file *file, const struct columns_wanted *wanted,
                        struct err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < file->csv->column_count; i++)
        if (!is_one_of(wanted->needed, file->csv->columns[i]) &&
            !is_one_of(wanted->allowed, file->csv->columns[i]))
            return err_set(err, SANAD_REFUSED, "%s: line 1: unknown column \"%.64s\"", file->object,
                           file->csv->columns[i]);
    for (const char *const *name = wanted->needed; *name; name++) {
        sanad_assert(count < countof(file->columns));
        file->columns[count] = csv_column(file->csv, *name);
        if (file->columns[count++] < 0)
            return err_set(err, SANAD_REFUSED, "%s: line 1: no column \"%s\"", file->object, *name);
    }
    for (const char *const *name = wanted->allowed; *name; name++) {
        sanad_assert(count < countof(file->columns));
        file->columns[count++] = csv_column(file->csv, *name);
    }
    return 0;
}

static const char *cell(const struct records_file *file, size_t row, size_t column)
{
    int at = file->columns[column];
    return at < 0 ? "" : file->csv->rows[row][at];
}

/* A day means its midnight UTC, as in the register. */
static int cell_time(int64_t *ret_time, const char *what, const char *text, struct err *err)
{
    if (date_parse(ret_time, text, NULL) == 0 || time_parse(ret_time, text, NULL) == 0)
        return 0;
    return err_set(err, SANAD_REFUSED, "%s \"%.40s\": must be a time (RFC 3339) or a day", what,
                   text);
}

static bool is_name(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= RECORDS_NAME_MAX && text_is_clean(text) && text[0] != ' ' &&
           text[size - 1] != ' ';
}

/* The same text as in the row before is kept once. */
static int cell_name(const char **ret_name, struct records_file *file, const char *what,
                     const char *text, const char *before, struct err *err)
{
    if (!is_name(text))
        return err_set(err, SANAD_REFUSED, "%s: must be clean text of 1 to %d bytes", what,
                       RECORDS_NAME_MAX);
    *ret_name =
        before && strcmp(before, text) == 0 ? before : arena_strdup(&file->records->arena, text);
    return 0;
}

static int cell_document(struct hash256 *ret_document, const char *text, struct err *err)
{
    if (!*text)
        return err_set(err, SANAD_REFUSED, "no document: without one nothing is declared");
    if (!hash256_from_straight(ret_document, text))
        return err_set(err, SANAD_REFUSED,
                       "\"document_sha256\" must be 64 hexadecimal digits of a document");
    return 0;
}

static const char *source_text(struct arena *arena, const char *name, size_t line)
{
    struct buf text = buf_with_max(PATH_SIZE + 64);
    buf_format(&text, "%s line %zu", name, line);
    const char *kept = arena_strdup(arena, text.bad ? "" : buf_cstr(&text));
    buf_free(&text);
    return kept;
}

/* What both kinds of file have: the time is read already. */
static int row_common(struct limits_record *record, struct records_file *file, size_t row,
                      const char *document, const char *known, const char *note, struct err *err)
{
    int code = cell_document(&record->document, document, err);
    record->known = record->time;
    if (code == 0 && *known)
        code = cell_time(&record->known, "known", known, err);
    if (code == 0 && !text_is_clean(note))
        code = err_set(err, SANAD_REFUSED, "note: must be clean text");
    record->decided = INT64_MAX; /* nobody approves the lines of a file */
    record->number = (int64_t)row + 1;
    record->source = source_text(&file->records->arena, file->name, file->csv->lines[row]);
    return code;
}

enum liability_column {
    LIABILITY_TIME,
    LIABILITY_ENTITY,
    LIABILITY_HOLDER,
    LIABILITY_SECTOR,
    LIABILITY_AMOUNT,
    LIABILITY_DOCUMENT,
    LIABILITY_KNOWN,
    LIABILITY_NOTE
};

static int cell_sat(struct amount *ret_amount, const char *text, struct err *err)
{
    uint64_t sat;
    if (text[0] == '-')
        return err_set(err, SANAD_REFUSED,
                       "amount_sat \"%.40s\": negative: nobody owes less than 0", text);
    if (number_parse(&sat, text, strlen(text), AMOUNT_MONEY_MAX_SAT)) {
        *ret_amount = amount_of((int64_t)sat);
        return 0;
    }
    bool digits = *text && strspn(text, "0123456789") == strlen(text) && text[0] != '0';
    return err_set(err, SANAD_REFUSED, "amount_sat \"%.40s\": %s", text,
                   digits ? "over 21 million BTC" : "not a whole number of satoshi");
}

static int liability_row(struct records_file *file, size_t row, struct err *err)
{
    struct limits_records *records = file->records;
    const struct limits_record *before = row ? &records->list[row - 1] : NULL;
    struct limits_record record = {0};
    int code = cell_time(&record.time, "time", cell(file, row, LIABILITY_TIME), err);
    if (code == 0)
        code = cell_name(&record.entity, file, "entity", cell(file, row, LIABILITY_ENTITY),
                         before ? before->entity : NULL, err);
    if (code == 0)
        code = cell_name(&record.holder, file, "holder", cell(file, row, LIABILITY_HOLDER),
                         before ? before->holder : NULL, err);
    if (code == 0)
        code = cell_name(&record.holder_sector, file, "holder_sector",
                         cell(file, row, LIABILITY_SECTOR), before ? before->holder_sector : NULL,
                         err);
    if (code == 0)
        code = cell_sat(&record.value, cell(file, row, LIABILITY_AMOUNT), err);
    if (code == 0)
        code = row_common(&record, file, row, cell(file, row, LIABILITY_DOCUMENT),
                          cell(file, row, LIABILITY_KNOWN), cell(file, row, LIABILITY_NOTE), err);
    if (code == 0)
        records->list[records->count++] = record;
    return code;
}

enum series_column {
    SERIES_TIME,
    SERIES_UNIT,
    SERIES_VALUE,
    SERIES_DOCUMENT,
    SERIES_KNOWN,
    SERIES_NOTE
};

/* The first row gives the unit of the file. */
static int cell_unit(struct records_file *file, size_t row, const char *text, struct err *err)
{
    struct limits_unit unit;
    struct limits_records *records = file->records;
    if (!limits_unit_find(&unit, text) || strcmp(unit.name, "none") == 0)
        return err_set(err, SANAD_REFUSED,
                       "unit \"%.32s\": must be BTC, a currency, percent or count", text);
    if (row == 0)
        records->unit = unit;
    else if (!limits_unit_equal(&unit, &records->unit))
        return err_set(err, SANAD_REFUSED, "unit %s: the series is in %s", unit.name,
                       records->unit.name);
    return 0;
}

bool series_value_fits(struct amount value, const struct limits_unit *unit)
{
    return strcmp(unit->name, "BTC") != 0 ||
           amount_is_money(amount_compare(value, amount_zero()) < 0 ? amount_neg(value) : value);
}

static int series_row(struct records_file *file, size_t row, struct err *err)
{
    struct limits_records *records = file->records;
    struct limits_record record = {.entity = records->name};
    int code = cell_time(&record.time, "time", cell(file, row, SERIES_TIME), err);
    if (code == 0)
        code = cell_unit(file, row, cell(file, row, SERIES_UNIT), err);
    if (code == 0)
        code =
            amount_parse(&record.value, cell(file, row, SERIES_VALUE), records->unit.decimals, err);
    if (code == 0 && !series_value_fits(record.value, &records->unit))
        code = err_set(err, SANAD_REFUSED, "value: over 21 million BTC");
    if (code == 0)
        code = row_common(&record, file, row, cell(file, row, SERIES_DOCUMENT),
                          cell(file, row, SERIES_KNOWN), cell(file, row, SERIES_NOTE), err);
    if (code == 0)
        records->list[records->count++] = record;
    return code;
}

/* Lines of one key are told apart by when they were known: a later one corrects the earlier. */
static int order_check(const struct records_file *file, struct err *err)
{
    const struct limits_records *records = file->records;
    for (size_t i = 1; i < records->count; i++) {
        const struct limits_record *record = &records->list[i];
        const struct limits_record *before = record - 1;
        if (key_compare(before, record) == 0 && record->known < before->known)
            return err_set(err, SANAD_REFUSED,
                           "%s: line %zu: known before line %zu, which says the same of the same "
                           "time: corrections stand in the order in which they were known",
                           file->object, file->csv->lines[record->number - 1],
                           file->csv->lines[before->number - 1]);
    }
    return 0;
}

static int rows_read(struct records_file *file,
                     int (*row_read)(struct records_file *file, size_t row, struct err *err),
                     struct err *err)
{
    struct limits_records *records = file->records;
    if (file->csv->row_count > RECORDS_ROW_MAX)
        return err_set(err, SANAD_REFUSED, "%s: over %d lines", file->object, RECORDS_ROW_MAX);
    records->list = arena_alloc(&records->arena, file->csv->row_count + 1, sizeof *records->list);
    for (size_t row = 0; row < file->csv->row_count; row++)
        if (row_read(file, row, err) != 0)
            return err_wrap(err, "%s: line %zu", file->object, file->csv->lines[row]);
    if (records->count > 1)
        qsort(records->list, records->count, sizeof *records->list, record_compare);
    return order_check(file, err);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int records_read(struct limits_records *ret, const char *object, struct bytes text,
                        const struct columns_wanted *wanted,
                        int (*row_read)(struct records_file *file, size_t row, struct err *err),
                        struct err *err)
{
    struct csv csv;
    struct records_file file = {
        .records = ret, .csv = &csv, .object = object, .name = base_name(object)};
    if (text.size > RECORDS_FILE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: over %d bytes", object, RECORDS_FILE_MAX);
    int code = csv_read(&csv, object, text, err);
    if (code)
        return code;
    code = columns_find(&file, wanted, err);
    if (code == 0)
        code = rows_read(&file, row_read, err);
    csv_free(&csv);
    return code;
}

int liabilities_read(struct limits_records *ret, const char *object, struct bytes text,
                     struct err *err)
{
    static const char *const needed[] = {"time",       "entity",          "holder", "holder_sector",
                                         "amount_sat", "document_sha256", NULL};
    static const char *const allowed[] = {"known", "note", NULL};
    static const struct columns_wanted wanted = {needed, allowed};
    struct limits_records records = {0};
    int code = records_read(&records, object, text, &wanted, liability_row, err);
    if (code)
        limits_records_free(&records);
    else
        *ret = records;
    return code;
}

int series_read(struct limits_records *ret, const char *name, const char *object, struct bytes text,
                struct err *err)
{
    static const char *const needed[] = {"time", "unit", "value", "document_sha256", NULL};
    static const char *const allowed[] = {"known", "note", NULL};
    static const struct columns_wanted wanted = {needed, allowed};
    struct limits_records records = {0};
    if (!is_name(name))
        return err_set(err, SANAD_REFUSED,
                       "%s: the name of a series must be clean text of 1 to %d bytes", object,
                       RECORDS_NAME_MAX);
    records.name = arena_strdup(&records.arena, name);
    int code = records_read(&records, object, text, &wanted, series_row, err);
    if (code)
        limits_records_free(&records);
    else
        *ret = records;
    return code;
}

int liabilities_read_file(struct limits_records *ret, const char *path, struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, RECORDS_FILE_MAX, err);
    if (code)
        return code;
    code = liabilities_read(ret, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

int series_read_file(struct limits_records *ret, const char *name, const char *path,
                     struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, RECORDS_FILE_MAX, err);
    if (code)
        return code;
    code = series_read(ret, name, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

void limits_records_free(struct limits_records *records)
{
    arena_free(&records->arena);
    *records = (struct limits_records){0};
}
