/* A version of a book: its canonical text kept by its hash, one record for the version, and
 * records for the entities and wallets that are new, different or gone. */
#include "register/register_priv.h"

struct book_import {
    struct importer importer;
    const json_t *book;
    const char *nation;
    struct bytes text; /* canonical */
    struct hash256 sha256;
    struct hash256 document; /* given, or the book itself */
};

int document_add(struct registry *registry, const struct hash256 *sha256, struct bytes content,
                 struct err *err)
{
    struct store_query *query;
    int code = registry_query(registry, &query, QUERY_DOCUMENT_GET, err);
    if (code)
        return code;
    query_bind_hash(query, 1, sha256);
    code = query_step(query, err);
    query_reset(query);
    if (code != 0)
        return code < 0 ? code : 0; /* it is there */
    code = registry_query(registry, &query, QUERY_DOCUMENT_ADD, err);
    if (code)
        return code;
    query_bind_hash(query, 1, sha256);
    query_bind_bytes(query, 2, content);
    return query_run(query, err);
}

static struct proposal part_proposal(const struct book_import *work, const char *kind,
                                     const json_t *body)
{
    const struct register_import *import = work->importer.import;
    return (struct proposal){.kind = kind,
                             .nation = work->nation,
                             .body = body,
                             .document = &work->document,
                             .document_name = import->document_name,
                             .proposer = import->proposer,
                             .known = import->known};
}

static int version_import(struct book_import *work, struct err *err)
{
    char sha256[HEX256_SIZE];
    const json_t *book = work->book;
    hash256_straight(sha256, &work->sha256);
    json_t *body = json_object();
    (void)json_object_set_new(body, "book_sha256", json_string(sha256));
    (void)json_object_set(body, "currency", json_object_get(book, "currency"));
    (void)json_object_set_new(body, "simulated",
                              json_boolean(json_is_true(json_object_get(book, "simulated"))));
    (void)json_object_set_new(
        body, "entities",
        json_integer((json_int_t)json_array_size(json_object_get(book, "entities"))));
    (void)json_object_set_new(
        body, "wallets",
        json_integer((json_int_t)json_array_size(json_object_get(book, "wallets"))));
    struct proposal proposal = part_proposal(work, "book", body);
    int code = document_add(work->importer.registry, &work->sha256, work->text, err);
    if (code == 0)
        code = importer_take(&work->importer, 0, &proposal, false, err);
    json_decref(body);
    return code;
}

/* Entities or wallets of the book; `present` collects their keys. */
static int parts_import(struct book_import *work, const char *kind, const json_t *parts,
                        json_t *present, struct err *err)
{
    size_t i;
    json_t *part;
    json_array_foreach (parts, i, part) {
        struct proposal proposal = part_proposal(work, kind, part);
        const char *visibility = json_string_value(json_object_get(part, "visibility"));
        proposal.visibility = visibility;
        int code = importer_take(&work->importer, 0, &proposal, false, err);
        if (code)
            return code;
        const struct import_report *report = work->importer.report;
        const char *key = report->rows[report->row_count - 1].key;
        if (key)
            (void)json_object_set_new(present, key, json_true());
    }
    return 0;
}

/* What stood in an earlier version and stands no more. */
static int gone_withdraw(struct book_import *work, const char *kind, const json_t *present,
                         struct err *err)
{
    struct arena arena = {0};
    struct record *records;
    size_t count;
    struct register_query query = {.kind = kind, .nation = work->nation, .known = INT64_MAX};
    int code = register_as_known(work->importer.registry, &records, &count, &query, &arena, err);
    for (size_t i = 0; code == 0 && i < count; i++)
        if (!json_object_get(present, records[i].key))
            code = importer_withdraw(&work->importer, &records[i], &work->document, err);
    arena_free(&arena);
    return code;
}

static int kind_import(struct book_import *work, const char *kind, const char *member,
                       struct err *err)
{
    json_t *present = json_object();
    int code = parts_import(work, kind, json_object_get(work->book, member), present, err);
    if (code == 0)
        code = gone_withdraw(work, kind, present, err);
    json_decref(present);
    return code;
}

/* Whether this very version is the newest already and has what this import could add. */
static bool adds_nothing(const struct import_report *report)
{
    return report->rows[report->row_count - 1].outcome == IMPORT_UNCHANGED;
}

static int book_import(struct book_import *work, struct err *err)
{
    int code = importer_begin(&work->importer, err);
    if (code)
        return code;
    code = version_import(work, err);
    if (code == 0 && !adds_nothing(work->importer.report)) {
        code = kind_import(work, "entity", "entities", err);
        if (code == 0)
            code = kind_import(work, "wallet", "wallets", err);
    }
    return importer_end(&work->importer, "book", code, err);
}

int register_import_book(struct registry *registry, struct import_report *report,
                         const json_t *book, const struct register_import *import, struct err *err)
{
    struct register_import named = *import;
    named.document_name = file_base_name(import->document_name);
    struct book_import work = {
        .importer = {.registry = registry, .import = &named, .report = report}, .book = book};
    struct buf text = buf_with_max(REGISTER_DOCUMENT_MAX);
    int code = json_get_string(&work.nation, "book", book, "nation", err);
    if (code == 0)
        code = json_canonical(&text, book, err);
    if (code == 0) {
        work.text = buf_bytes(&text);
        sha256_of(&work.sha256, work.text);
        work.document = import->document ? *import->document : work.sha256;
        code = book_import(&work, err);
    }
    buf_free(&text);
    return code;
}
