/* Imports inside one transaction: every row is added, approved, unchanged or refused, the
 * report says which, and one refused row undoes them all. */
#include "register/register_priv.h"

#include <stdlib.h>
#include <strings.h>

static const char *const outcome_names[] = {"added", "approved", "unchanged", "withdrawn",
                                            "refused"};
_Static_assert(countof(outcome_names) == IMPORT_OUTCOME_COUNT, "a name for every outcome");

const char *import_outcome_name(enum import_outcome outcome)
{
    sanad_assert((unsigned)outcome < IMPORT_OUTCOME_COUNT);
    return outcome_names[outcome];
}

const char *file_base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

/* ---- the report ---- */

void import_report_free(struct import_report *report)
{
    free(report->rows);
    arena_free(&report->arena);
    *report = (struct import_report){0};
}

static void report_row(struct import_report *report, const struct import_row *row)
{
    size_t count = report->row_count;
    if ((count & (count - 1)) == 0) /* full at every power of two */
        report->rows = mem_realloc(report->rows, count ? count * 2 : 1, sizeof *report->rows);
    struct import_row *kept = &report->rows[report->row_count++];
    *kept = *row;
    kept->key = row->key ? arena_strdup(&report->arena, row->key) : NULL;
    kept->why = row->why ? arena_strdup(&report->arena, row->why) : NULL;
    report->counts[row->outcome]++;
}

json_t *import_report_json(const struct import_report *report)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < report->row_count; i++) {
        const struct import_row *row = &report->rows[i];
        json_t *json = json_object();
        if (row->line)
            (void)json_object_set_new(json, "line", json_integer((json_int_t)row->line));
        (void)json_object_set_new(json, "outcome", json_string(import_outcome_name(row->outcome)));
        (void)json_object_set_new(json, "kind", json_string(row->kind));
        (void)json_object_set_new(json, "key", row->key ? json_string(row->key) : json_null());
        (void)json_object_set_new(json, "record",
                                  row->number ? json_integer(row->number) : json_null());
        if (row->why)
            (void)json_object_set_new(json, "why", json_string(row->why));
        (void)json_array_append_new(rows, json);
    }
    json_t *json = json_object();
    bool kept = report->counts[IMPORT_REFUSED] == 0;
    (void)json_object_set_new(json, "imported", json_boolean(kept));
    for (size_t i = 0; i < IMPORT_OUTCOME_COUNT; i++)
        (void)json_object_set_new(json, outcome_names[i],
                                  json_integer((json_int_t)report->counts[i]));
    (void)json_object_set_new(json, "rows", rows);
    return json;
}

/* ---- the transaction ---- */

int importer_begin(struct importer *importer, struct err *err)
{
    const struct register_import *import = importer->import;
    int code = name_check("proposer", import->proposer, err);
    if (code == 0 && import->approver)
        code = name_check("approver", import->approver, err);
    if (code)
        return code;
    if (import->approver && strcasecmp(import->approver, import->proposer) == 0)
        return err_set(err, SANAD_REFUSED, "approver: who prepared it can't approve it (\"%.64s\")",
                       import->approver);
    code = store_begin(importer->registry->store, err);
    if (code)
        return code;
    struct store_query *query;
    code = registry_query(importer->registry, &query, QUERY_TAIL, err);
    if (code == 0)
        code = query_step(query, err);
    if (code >= 0) {
        importer->first_number = code > 0 ? query_integer(query, 0) + 1 : 1;
        query_reset(query);
        return 0;
    }
    store_rollback(importer->registry->store);
    return code;
}

int importer_refuse(struct importer *importer, size_t line, const char *kind, const char *key,
                    const struct err *why)
{
    struct import_row row = {
        .line = line, .outcome = IMPORT_REFUSED, .kind = kind, .key = key, .why = why->text};
    report_row(importer->report, &row);
    return 0;
}

/* Where a row was refused, the first one speaks for all. */
static int first_refused(const struct importer *importer, const char *object, struct err *err)
{
    const struct import_report *report = importer->report;
    for (size_t i = 0; i < report->row_count; i++) {
        const struct import_row *row = &report->rows[i];
        if (row->outcome != IMPORT_REFUSED)
            continue;
        char line[32] = "";
        if (row->line)
            (void)snprintf(line, sizeof line, "line %zu: ", row->line);
        return err_set(err, SANAD_REFUSED, "%.128s: %s%.240s (%zu refused, nothing imported)",
                       object, line, row->why, report->counts[IMPORT_REFUSED]);
    }
    return 0;
}

int importer_end(struct importer *importer, const char *object, int code, struct err *err)
{
    if (code == 0)
        code = first_refused(importer, object, err);
    return registry_end(importer->registry, code, err);
}

/* ---- one record ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_unchanged(const struct record *newest, const struct proposal *proposal,
                         const struct checked_body *checked, bool own_document)
{
    const char *visibility = proposal->visibility ? proposal->visibility : "public";
    return newest->number && same_text(newest->body, checked->body) &&
           strcmp(newest->visibility, visibility) == 0 &&
           (!own_document || (hash256_equal(&newest->document, proposal->document) &&
                              same_text(newest->document_name, proposal->document_name)));
}

static int approve_own(struct importer *importer, int64_t number, int64_t known, struct err *err)
{
    struct decision decision = {
        .number = number, .who = importer->import->approver, .known = known};
    return record_decide(importer->registry, ACTION_APPROVE, &decision, err);
}

/* The same content again: nothing, or the approval that it still lacked. */
static int take_known(struct importer *importer, struct import_row *row,
                      const struct record *newest, int64_t known, struct err *err)
{
    row->number = newest->number;
    row->outcome = IMPORT_UNCHANGED;
    if (!importer->import->approver || newest->state != RECORD_PROPOSED)
        return 0;
    row->outcome = IMPORT_APPROVED;
    return approve_own(importer, newest->number, known, err);
}

static int take_new(struct importer *importer, struct import_row *row,
                    const struct proposal *proposal, const struct checked_body *checked,
                    const struct record *newest, struct err *err)
{
    if (newest->number >= importer->first_number)
        return err_set(err, SANAD_REFUSED, "\"%.128s\" stands twice in this import", checked->key);
    row->outcome = checked->body ? IMPORT_ADDED : IMPORT_WITHDRAWN;
    int code = record_add(importer->registry, &row->number, proposal, checked, err);
    if (code == 0 && importer->import->approver)
        code = approve_own(importer, row->number, proposal->known, err);
    return code;
}

static int take_checked(struct importer *importer, struct import_row *row,
                        const struct proposal *proposal, const struct checked_body *checked,
                        bool own_document, struct err *err)
{
    struct arena arena = {0};
    struct record newest;
    int code = record_newest(importer->registry, &newest, proposal->kind,
                             proposal->nation ? proposal->nation : "", checked->key, &arena, err);
    row->key = checked->key;
    if (code == 0)
        code = is_unchanged(&newest, proposal, checked, own_document)
                   ? take_known(importer, row, &newest, proposal->known, err)
                   : take_new(importer, row, proposal, checked, &newest, err);
    arena_free(&arena);
    return code;
}

/* What the row breaks goes into the report; what the machine breaks is returned. */
static int take_outcome(struct importer *importer, struct import_row *row, int code,
                        const struct err *why, struct err *err)
{
    if (code == SANAD_REFUSED)
        return importer_refuse(importer, row->line, row->kind, row->key, why);
    if (code == 0)
        report_row(importer->report, row);
    else if (err)
        *err = *why;
    return code;
}

int importer_take(struct importer *importer, size_t line, const struct proposal *proposal,
                  bool own_document, struct err *err)
{
    const struct register_kind *kind = register_kind_find(proposal->kind);
    struct import_row row = {.line = line, .kind = proposal->kind};
    struct checked_body checked;
    struct arena arena = {0};
    struct err why = {0};
    sanad_assert(kind);
    int code = kind_body_check(&checked, kind, proposal->body, &arena, &why);
    if (code == 0)
        code = take_checked(importer, &row, proposal, &checked, own_document, &why);
    code = take_outcome(importer, &row, code, &why, err);
    arena_free(&arena);
    return code;
}

int importer_withdraw(struct importer *importer, const struct record *record,
                      const struct hash256 *document, struct err *err)
{
    struct import_row row = {.kind = register_kind_find(record->kind)->name};
    struct checked_body checked = {
        .key = record->key, .valid_from = REGISTER_ALWAYS, .valid_until = REGISTER_NEVER};
    struct proposal proposal = {.kind = record->kind,
                                .nation = record->nation,
                                .key = record->key,
                                .document = document,
                                .document_name = importer->import->document_name,
                                .visibility = record->visibility,
                                .proposer = importer->import->proposer,
                                .known = importer->import->known};
    struct err why = {0};
    int code = take_checked(importer, &row, &proposal, &checked, false, &why);
    return take_outcome(importer, &row, code, &why, err);
}
