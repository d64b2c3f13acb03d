/* What flows were said to mean: the register's declarations, then signed statements. */
#include "cmd/cmd.h"
#include "stmt/stmt.h"

#include <dirent.h>
#include <stdlib.h>

void cmd_declared_add(struct cmd_declared *declared, const struct flow_declared *one)
{
    if (declared->count == declared->capacity) {
        declared->capacity = declared->capacity ? declared->capacity * 2 : 64;
        declared->list = mem_realloc(declared->list, declared->capacity, sizeof *declared->list);
    }
    declared->list[declared->count++] = *one;
}

/* One declaration and when it came: qsort alone forgets the order of equals. */
struct numbered {
    struct flow_declared declared;
    size_t number;
};

static int numbered_compare(const void *a, const void *b)
{
    const struct numbered *x = a;
    const struct numbered *y = b;
    int order = hash256_compare(&x->declared.txid, &y->declared.txid);
    if (order)
        return order;
    return x->number < y->number ? -1 : x->number > y->number;
}

void cmd_declared_sort(struct cmd_declared *declared)
{
    size_t kept = 0;
    if (declared->count == 0)
        return;
    struct numbered *list = mem_zalloc(declared->count, sizeof *list);
    for (size_t i = 0; i < declared->count; i++)
        list[i] = (struct numbered){declared->list[i], i};
    qsort(list, declared->count, sizeof *list, numbered_compare);
    for (size_t i = 0; i < declared->count; i++) {
        const struct flow_declared *one = &list[i].declared;
        if (kept == 0 || !hash256_equal(&declared->list[kept - 1].txid, &one->txid))
            declared->list[kept++] = *one;
    }
    declared->count = kept;
    free(list);
}

static int declared_from_register(struct cmd_declared *declared, struct cmd_context *context,
                                  const struct cmd_args *args, struct err *err)
{
    struct register_declaration *records;
    size_t count;
    int64_t known;
    int code = cmd_as_known(&known, args, err);
    if (code == 0)
        code = register_declarations(context->registry, &records, &count, context->book->nation,
                                     known, &declared->arena, err);
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct flow_declared one = {.txid = records[i].txid,
                                    .kind = flow_meaning_name(records[i].meaning),
                                    .document = records[i].document};
        cmd_declared_add(declared, &one);
    }
    return code;
}

/* One signed flow-declaration; statements of other kinds and nations are left out. */
static int declared_from_statement(struct cmd_declared *declared, const char *path,
                                   const struct trust *trust, const char *nation, struct err *err)
{
    struct stmt *stmt;
    struct stmt_check check;
    struct flow_declared one;
    const char *text;
    int code = stmt_read_file(&stmt, path, err);
    if (code)
        return code;
    const char *of = json_string_value(json_object_get(stmt->json, "nation"));
    if (stmt->kind != STMT_FLOW_DECLARATION || !of || strcmp(of, nation) != 0) {
        stmt_free(stmt);
        return 0;
    }
    if (trust && stmt_verify(&check, stmt, trust, INT64_MIN, err) != 0)
        code = err_wrap(err, "%s", path);
    if (code == 0)
        code = json_get_string(&text, path, stmt->json, "txid", err);
    if (code == 0 && !hash256_from_display(&one.txid, text))
        code = err_set(err, SANAD_REFUSED, "%s: \"txid\" is none", path);
    if (code == 0)
        code = json_get_string(&text, path, stmt->json, "document_sha256", err);
    if (code == 0 && !hash256_from_straight(&one.document, text))
        code = err_set(err, SANAD_REFUSED, "%s: \"document_sha256\" is none", path);
    if (code == 0)
        code = json_get_string(&text, path, stmt->json, "meaning", err);
    if (code == 0) {
        one.kind = arena_strdup(&declared->arena, text);
        cmd_declared_add(declared, &one);
        declared->unchecked += trust == NULL;
    }
    stmt_free(stmt);
    return code;
}

static int is_note(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 5 && strcmp(entry->d_name + size - 5, ".note") == 0;
}

/* By bytes: which of two statements comes first must not hang on the file system. */
static int name_compare(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int declared_from_folder(struct cmd_declared *declared, const char *folder,
                                const struct trust *trust, const char *nation, struct err *err)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_note, name_compare);
    if (count < 0)
        return err_set(err, SANAD_IO, "%s: cannot be read as a folder", folder);
    int code = 0;
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        if (code == 0)
            code = path_join(path, folder, entries[i]->d_name, err);
        if (code == 0)
            code = declared_from_statement(declared, path, trust, nation, err);
        free(entries[i]);
    }
    free(entries);
    return code;
}

int cmd_declared_collect(struct cmd_declared *declared, struct cmd_context *context,
                         const struct cmd_args *args, struct err *err)
{
    const char *folder = cmd_value(args, "--statements");
    const char *trust_path = cmd_value(args, "--trust");
    struct trust *trust = NULL;
    int code = declared_from_register(declared, context, args, err);
    if (code == 0 && trust_path)
        code = trust_read_file(&trust, trust_path, err);
    if (code == 0 && folder)
        code = declared_from_folder(declared, folder, trust, context->book->nation, err);
    trust_free(trust);
    if (code == 0)
        cmd_declared_sort(declared);
    return code;
}

void cmd_declared_free(struct cmd_declared *declared)
{
    free(declared->list);
    arena_free(&declared->arena);
    *declared = (struct cmd_declared){0};
}
