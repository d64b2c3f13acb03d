/* register: every declared thing as a record with two times (when it held, when we knew), a
 * document's hash, a proposer, an approver and a visibility. Nothing is overwritten: a
 * correction is a new record, and the whole is a journal in which every entry hashes the
 * one before it. A kind is data: a table of fields. Format: doc/formats/register.md. */
#ifndef SANAD_REGISTER_H
#define SANAD_REGISTER_H

#include "base/base.h"
#include "store/store.h"

enum {
    REGISTER_TEXT_MAX = 4096,         /* bytes of a text field, of a key, of a name */
    REGISTER_BODY_MAX = 64 << 20,     /* bytes of one record's body */
    REGISTER_DOCUMENT_MAX = 64 << 20, /* bytes of a kept document (a book) */
    REGISTER_CSV_MAX = 256 << 20,     /* bytes of an imported file */
    REGISTER_FIELD_MAX = 32
};
#define REGISTER_ALWAYS INT64_MIN /* valid_from where it has no beginning */
#define REGISTER_NEVER INT64_MAX  /* valid_until where it has no end */

/* ---- kinds: a kind is data ------------------------------------------------------------- */

enum field_type {
    FIELD_TEXT,     /* clean text, 1 .. REGISTER_TEXT_MAX bytes */
    FIELD_NATION,   /* two capital letters */
    FIELD_CURRENCY, /* three capital letters */
    FIELD_INTEGER,  /* min .. max */
    FIELD_TIME,     /* RFC 3339, or a day: its midnight UTC */
    FIELD_DATE,     /* YYYY-MM-DD */
    FIELD_HASH,     /* 64 hexadecimal digits: SHA-256, straight */
    FIELD_TXID,     /* 64 hexadecimal digits, display order */
    FIELD_CHOICE,   /* one of choices */
    FIELD_BOOLEAN,
    FIELD_OBJECT /* any JSON object; not in CSV */
};
struct register_field {
    const char *name;
    enum field_type type;
    bool required;
    bool in_key; /* the key is these fields, in this order */
    int64_t min, max;
    const char *const *choices; /* ended by NULL */
};
enum document_rule {
    DOCUMENT_REQUIRED, /* each record names its own */
    DOCUMENT_OR_FILE   /* the imported file itself counts as the document */
};
struct register_kind {
    const char *name;
    const char *summary;
    const struct register_field *fields; /* at most REGISTER_FIELD_MAX */
    size_t field_count;
    bool national;           /* a record belongs to a nation; else nation is "" */
    bool with_book;          /* comes only with a book that was checked whole; fields beyond
                                these are allowed then */
    const char *from_field;  /* the field that valid_from is, or NULL: always */
    const char *until_field; /* the field that valid_until is, or NULL: never */
    enum document_rule document;
    /* A rule over several fields of a body; NULL: none. */
    int (*check)(const char *object, const json_t *body, struct err *err);
};
/* In the order of the help; NULL past the last, or where the name is none. */
const struct register_kind *register_kind_at(size_t index);
const struct register_kind *register_kind_find(const char *name);

/* ---- records ----------------------------------------------------------------------------- */

enum record_state { RECORD_PROPOSED, RECORD_APPROVED, RECORD_REJECTED, RECORD_STATE_COUNT };
const char *record_state_name(enum record_state state);

/* A record as known at some time. Strings live in the arena of the call. */
struct record {
    int64_t number; /* its entry in the journal, from 1 */
    const char *kind;
    const char *nation;  /* "" where the kind is not national */
    const char *key;     /* key fields joined by '/'; '/' and '%' inside are %2F and %25 */
    int64_t valid_from;  /* inclusive */
    int64_t valid_until; /* exclusive */
    int64_t known;       /* when it was proposed */
    int64_t decided;     /* when it was approved or rejected; 0 while proposed */
    int64_t decision;    /* the entry that did so; 0 while proposed */
    struct hash256 document;
    const char *document_name; /* or NULL */
    const char *proposer;
    const char *decider;    /* who approved or rejected, or NULL */
    const char *visibility; /* "public", "fund", "sealed" */
    enum record_state state;
    const char *body;   /* RFC 8785; NULL: the key is withdrawn */
    int64_t supersedes; /* the number that stood for this key before, or 0 */
};

struct registry;
/* Makes or checks the tables of an open store, which must outlive the registry. */
int register_open(struct registry **ret_registry, struct store *store, struct err *err);
void register_close(struct registry *registry);

/* What a person declares. */
struct proposal {
    const char *kind;
    const char *nation;             /* NULL or "" where the kind is not national */
    const json_t *body;             /* NULL withdraws `key` */
    const char *key;                /* only where body is NULL */
    const struct hash256 *document; /* REFUSED where NULL */
    const char *document_name;      /* or NULL */
    const char *visibility;         /* NULL: public */
    const char *proposer;
    int64_t known;
};
/* One record, state proposed. REFUSED: a field missing, of another type or unknown; no
 * document; a `known` before the newest entry of this kind and nation (what was reported
 * on a day can't be changed afterwards). Each call that writes is a transaction of
 * its own; none may be open. */
int register_propose(struct registry *registry, int64_t *ret_number,
                     const struct proposal *proposal, struct err *err);
/* Who prepared a record can't approve it: REFUSED. Nor is a record decided twice. */
struct decision {
    int64_t number; /* of the record */
    const char *who;
    int64_t known;
    const char *reason; /* or NULL */
};
int register_approve(struct registry *registry, const struct decision *decision, struct err *err);
int register_reject(struct registry *registry, const struct decision *decision, struct err *err);

/* ---- questions ----------------------------------------------------------------------------- */

/* Which record stands for a key as known at T: of those approved by T, the one approved
 * last; where none was ever approved by T, the newest proposal, and its state says so.
 * Rejected records never stand; a withdrawn key has none. */
struct register_query {
    const char *kind;
    const char *nation; /* NULL: all */
    const char *key;    /* NULL: all */
    int64_t known;      /* INT64_MAX: all we know */
    bool at_a_time;     /* only what holds at `valid` */
    int64_t valid;
    bool spanned; /* only what holds from a time after `from_after` and not after
                     `from_to`: for kinds whose key holds that time */
    int64_t from_after;
    int64_t from_to;
};
/* In the order of nation, valid_from and key. */
int register_as_known(struct registry *registry, struct record **ret_records, size_t *ret_count,
                      const struct register_query *asked, struct arena *arena, struct err *err);
/* Every record, in any state, that asked->kind, nation, key and known name; the oldest first. */
int register_history(struct registry *registry, struct record **ret_records, size_t *ret_count,
                     const struct register_query *asked, struct arena *arena, struct err *err);
/* One record as known now; MISSING. */
int register_record(struct registry *registry, struct record *ret_record, int64_t number,
                    struct arena *arena, struct err *err);
json_t *register_record_json(const struct record *record);

/* Recomputes the chain of hashes and every record's place in it. FALSE names the entry that
 * was changed, removed or put in. *ret_head is the hash of the last entry (zero: none):
 * whoever wrote it down can tell that the journal was not rewritten whole. */
int register_check(struct registry *registry, int64_t *ret_entry_count, struct hash256 *ret_head,
                   struct err *err);

/* ---- imports: the simple way in ------------------------------------------------------------ */

/* Without an approver the records stay proposed: they stand, marked, until something is
 * approved for their key. */
struct register_import {
    const char *nation; /* for kinds that are national and files without that column */
    const char *proposer;
    const char *approver;           /* NULL: none; the proposer's own name is REFUSED */
    int64_t known;                  /* of every row that has no column `known` */
    const char *document_name;      /* NULL: the file's name */
    const struct hash256 *document; /* NULL: rows name theirs, or the file where its kind allows */
};
enum import_outcome {
    IMPORT_ADDED,
    IMPORT_APPROVED,
    IMPORT_UNCHANGED,
    IMPORT_WITHDRAWN,
    IMPORT_REFUSED,
    IMPORT_OUTCOME_COUNT
};
const char *import_outcome_name(enum import_outcome outcome);
struct import_row {
    size_t line; /* of the file; 0 where there is none */
    enum import_outcome outcome;
    const char *kind;
    const char *key; /* or NULL */
    const char *why; /* the rule broken, where refused */
    int64_t number;  /* of the record, or 0 */
};
/* Filled in also where the import is refused: that is its purpose. Zeroed by the caller. */
struct import_report {
    struct import_row *rows;
    size_t row_count;
    size_t counts[IMPORT_OUTCOME_COUNT];
    struct arena arena;
};
void import_report_free(struct import_report *report);
json_t *import_report_json(const struct import_report *report);

/* A CSV file of one kind: columns are its fields, and document_sha256, document_name,
 * visibility, known, nation where wanted. All rows or none: where one is refused nothing is
 * kept, and the error names the first and how many there were. */
int register_import_csv(struct registry *registry, struct import_report *report, const char *kind,
                        const char *object, struct bytes text, const struct register_import *import,
                        struct err *err);
int register_import_csv_file(struct registry *registry, struct import_report *report,
                             const char *kind, const char *path,
                             const struct register_import *import, struct err *err);
/* Records what stands for the keys of a kind, in the columns that the import takes. */
int register_export_csv(struct registry *registry, struct buf *buf,
                        const struct register_query *query, struct err *err);

/* A version of a book that book_read has accepted: the canonical JSON kept by its hash, a
 * record of kind `book`, and records of kind entity and wallet for what changed (new,
 * different, gone). The version that stands already adds nothing. */
int register_import_book(struct registry *registry, struct import_report *report,
                         const json_t *book, const struct register_import *import, struct err *err);

/* ---- what the institutions ask -------------------------------------------------------------- */

struct register_book {
    int64_t number;
    const char *nation;
    struct hash256 sha256;
    int64_t known;   /* when proposed */
    int64_t decided; /* when approved, or 0 */
    enum record_state state;
    bool simulated;
};
/* The version that stands as known at a time, and its text (RFC 8785) for book_read. MISSING
 * where the nation had none. state RECORD_PROPOSED: nobody has approved it, say so. */
int register_book_as_known(struct registry *registry, struct register_book *ret_book,
                           struct bytes *ret_text, const char *nation, int64_t known,
                           struct arena *arena, struct err *err);
/* All versions of a nation (NULL: of all), the oldest first; rejected ones too. */
int register_books(struct registry *registry, struct register_book **ret_books, size_t *ret_count,
                   const char *nation, struct arena *arena, struct err *err);
/* A kept document by its hash; MISSING. Its hash is checked: FALSE where it differs. */
int register_document(struct registry *registry, struct bytes *ret_text,
                      const struct hash256 *sha256, struct arena *arena, struct err *err);

struct register_price {
    int64_t number;
    int64_t time;
    const char *source;
    const char *currency;
    int64_t price_minor_per_btc;
    struct hash256 document;
    enum record_state state;
};
/* Prices with after < time <= to, in the order of time and source, as known at a time.
 * What is stale or absurd is the valuer's to say; 1:1 never gets in. */
struct price_query {
    const char *currency;
    int64_t after;
    int64_t to;
    int64_t known;
};
int register_prices(struct registry *registry, struct register_price **ret_prices,
                    size_t *ret_count, const struct price_query *asked, struct arena *arena,
                    struct err *err);
/* How many decimals a currency's minor unit has (ISO 4217); 2 where unlisted. */
unsigned currency_decimals(const char *currency);

#define FLOW_MEANINGS(X)                                                                           \
    X(PURCHASE, "purchase")                                                                        \
    X(SALE, "sale")                                                                                \
    X(SEIZURE, "seizure")                                                                          \
    X(DONATION, "donation")                                                                        \
    X(POOL_PAYOUT, "pool-payout")                                                                  \
    X(CLIENT_DEPOSIT, "client-deposit")                                                            \
    X(CLIENT_WITHDRAWAL, "client-withdrawal")                                                      \
    X(LOAN, "loan")                                                                                \
    X(CUSTODY, "custody")                                                                          \
    X(OTHER, "other")
enum flow_meaning {
#define X(name, text) FLOW_##name,
    FLOW_MEANINGS(X)
#undef X
        FLOW_MEANING_COUNT
};
const char *flow_meaning_name(enum flow_meaning meaning);

struct register_declaration {
    int64_t number;
    struct hash256 txid;
    const char *wallet; /* NULL: of the whole transaction */
    enum flow_meaning meaning;
    bool has_trade_date, has_settlement_date;
    int64_t trade_date;
    int64_t settlement_date;
    struct hash256 document;
    const char *document_name; /* or NULL */
    const char *note;          /* or NULL */
    int64_t known;
    enum record_state state;
};
/* What a nation's flows meant, as known at a time; sorted by txid (bytes) and wallet (the
 * whole transaction first). */
int register_declarations(struct registry *registry, struct register_declaration **ret_list,
                          size_t *ret_count, const char *nation, int64_t known, struct arena *arena,
                          struct err *err);

#endif
