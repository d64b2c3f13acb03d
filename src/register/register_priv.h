/* What the parts of register share: entries of the journal, the prepared statements, and
 * the steps of an import that run inside one transaction. */
#ifndef SANAD_REGISTER_PRIV_H
#define SANAD_REGISTER_PRIV_H

#include "crypto/crypto.h"
#include "register/register.h"

#define REGISTER_TIME_MAX INT64_C(253402300799) /* the end of the year 9999 */

enum registry_query {
    QUERY_TAIL,
    QUERY_LAST_KNOWN,
    QUERY_NEWEST,
    QUERY_INSERT,
    QUERY_RECORD,
    QUERY_DOCUMENT_ADD,
    QUERY_DOCUMENT_GET,
    REGISTRY_QUERY_COUNT
};

struct registry {
    struct store *store;
    struct store_query *queries[REGISTRY_QUERY_COUNT]; /* made at first use */
};
/* The statement, ready to be bound. It belongs to the registry. */
int registry_query(struct registry *registry, struct store_query **ret_query,
                   enum registry_query which, struct err *err);

/* ---- journal ---- */

#define ENTRY_ACTIONS(X)                                                                           \
    X(PROPOSE, "propose")                                                                          \
    X(APPROVE, "approve")                                                                          \
    X(REJECT, "reject")
enum entry_action {
#define X(name, text) ACTION_##name,
    ENTRY_ACTIONS(X)
#undef X
        ACTION_COUNT
};
const char *entry_action_name(enum entry_action action);

/* One line of the journal. Texts that do not apply are NULL. */
struct entry {
    int64_t number;
    enum entry_action action;
    int64_t known;
    const char *actor;
    int64_t record; /* the record spoken of; its own number where it proposes one */
    const char *kind;
    const char *nation;
    const char *key;
    /* where it proposes: */
    int64_t valid_from;
    int64_t valid_until;
    struct hash256 document;
    const char *document_name;
    const char *visibility;
    const char *body;
    int64_t supersedes;
    /* where it decides: */
    const char *reason;

    struct hash256 previous;
    struct hash256 hash;
};
int entry_hash(struct hash256 *ret_hash, const struct entry *entry, struct err *err);
/* Gives it its number and hashes and writes it; inside a transaction. REFUSED where `known`
 * lies before the last entry of this kind and nation. */
int journal_append(struct registry *registry, struct entry *entry, struct err *err);

/* ---- kinds ---- */

/* Checks a body against its kind and gives it in canonical form, with its key and times. */
struct checked_body {
    const char *body; /* in the arena; NULL: withdraws */
    const char *key;
    int64_t valid_from;
    int64_t valid_until;
};
int kind_body_check(struct checked_body *ret_checked, const struct register_kind *kind,
                    const json_t *body, struct arena *arena, struct err *err);
/* The JSON value of a field's text in a CSV file; a new reference. */
int field_from_text(json_t **ret_value, const struct register_field *field, const char *text,
                    struct err *err);
const struct register_field *kind_field(const struct register_kind *kind, const char *name);
/* A name of a person, a document, a reason: clean, trimmed, not empty. */
int name_check(const char *what, const char *name, struct err *err);
bool is_nation(const char *text);
bool is_visibility(const char *text);

/* ---- records, inside a transaction ---- */

/* A proposal that is checked; `checked` holds its body. */
int record_add(struct registry *registry, int64_t *ret_number, const struct proposal *proposal,
               const struct checked_body *checked, struct err *err);
int record_decide(struct registry *registry, enum entry_action action,
                  const struct decision *decision, struct err *err);
/* The newest record of a key that is not rejected; number 0 where there is none. */
int record_newest(struct registry *registry, struct record *ret_record, const char *kind,
                  const char *nation, const char *key, struct arena *arena, struct err *err);
/* The columns that record_from reads, of r (the proposal) and d (its decision). */
#define RECORD_COLUMNS                                                                             \
    "r.number, r.kind, r.nation, r.key, r.valid_from, r.valid_until, r.known, r.document, "        \
    "r.document_name, r.actor, r.visibility, r.body, r.supersedes, d.action, d.actor, d.known, "   \
    "d.number"
int record_from(struct record *ret_record, const struct store_query *query, struct arena *arena,
                struct err *err);
/* Begins, and commits or rolls back after what `code` says; returns the code that counts. */
int registry_end(struct registry *registry, int code, struct err *err);

int document_add(struct registry *registry, const struct hash256 *sha256, struct bytes content,
                 struct err *err);

/* ---- imports, inside a transaction ---- */

/* The name without its folders: where a file lay on one machine is no part of a record. */
const char *file_base_name(const char *path);

struct importer {
    struct registry *registry;
    const struct register_import *import;
    struct import_report *report;
    int64_t first_number; /* entries from here on are of this import */
};
int importer_begin(struct importer *importer, struct err *err);
/* One record: added, approved, or unchanged. The outcome goes into the report, a refusal
 * too; other errors are returned. */
int importer_take(struct importer *importer, size_t line, const struct proposal *proposal,
                  bool own_document, struct err *err);
int importer_withdraw(struct importer *importer, const struct record *record,
                      const struct hash256 *document, struct err *err);
int importer_refuse(struct importer *importer, size_t line, const char *kind, const char *key,
                    const struct err *why);
/* Commits, or rolls back where a row was refused or `code` is not 0. */
int importer_end(struct importer *importer, const char *object, int code, struct err *err);

#endif
