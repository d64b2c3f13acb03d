/* Names of foreign scripts: a file of addresses and labels, so that a flow says with whom.
 * A label is somebody's word, never part of a class or a sum. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

enum { LABELS_FILE_MAX = 256 << 20, LABELS_ROW_MAX = 4000000 };

static int label_compare(const void *a, const void *b)
{
    const struct script_label *x = a;
    const struct script_label *y = b;
    size_t size = x->script.size < y->script.size ? x->script.size : y->script.size;
    int order = size ? memcmp(x->script.data, y->script.data, size) : 0;
    if (order)
        return order;
    return x->script.size < y->script.size ? -1 : x->script.size > y->script.size;
}

static int label_row(struct label_table *table, const struct chain_params *params,
                     const char *address, const char *label, struct err *err)
{
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    int code = address_to_script(&script, params, address, err);
    if (code == 0 && (!*label || !text_is_clean(label)))
        code = err_set(err, SANAD_REFUSED, "%.100s: a label that is empty or not clean", address);
    if (code == 0)
        table->list[table->count++] =
            (struct script_label){.script = arena_bytes(&table->arena, buf_bytes(&script)),
                                  .label = arena_strdup(&table->arena, label)};
    buf_free(&script);
    return code;
}

static int label_rows(struct label_table *table, const struct csv *csv, const char *path,
                      const struct chain_params *params, struct err *err)
{
    int address = csv_column(csv, "address");
    int label = csv_column(csv, "label");
    if (label < 0)
        label = csv_column(csv, "entity");
    if (address < 0 || label < 0)
        return err_set(err, SANAD_REFUSED, "%s: needs columns address and label (or entity)", path);
    if (csv->row_count > LABELS_ROW_MAX)
        return err_set(err, SANAD_REFUSED, "%s: more than %d labels", path, LABELS_ROW_MAX);
    table->list = arena_alloc(&table->arena, csv->row_count + 1, sizeof *table->list);
    for (size_t row = 0; row < csv->row_count; row++)
        if (label_row(table, params, csv->rows[row][address], csv->rows[row][label], err) != 0)
            return err_wrap(err, "%s: line %zu", path, csv->lines[row]);
    if (table->count > 0)
        qsort(table->list, table->count, sizeof *table->list, label_compare);
    return 0;
}

int labels_read(struct label_table *ret_table, const char *object, struct bytes text,
                const struct chain_params *params, struct err *err)
{
    struct csv csv;
    struct label_table table = {0};
    int code = csv_read(&csv, object, text, err);
    if (code)
        return code;
    code = label_rows(&table, &csv, object, params, err);
    csv_free(&csv);
    if (code)
        labels_free(&table);
    else
        *ret_table = table;
    return code;
}

int labels_read_file(struct label_table *ret_table, const char *path,
                     const struct chain_params *params, struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, LABELS_FILE_MAX, err);
    if (code)
        return code;
    code = labels_read(ret_table, path, buf_bytes(&text), params, err);
    buf_free(&text);
    return code;
}

void labels_free(struct label_table *table)
{
    arena_free(&table->arena);
    *table = (struct label_table){0};
}

const char *label_find(const struct label_table *table, struct bytes script)
{
    struct script_label wanted = {.script = script};
    const struct script_label *at =
        table && table->count
            ? bsearch(&wanted, table->list, table->count, sizeof wanted, label_compare)
            : NULL;
    return at ? at->label : NULL;
}
