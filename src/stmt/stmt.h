/* stmt: statements. What is claimed, as canonical JSON in a signed note; role keys; and the
 * trust file that says whose signatures count. Format: doc/formats/statement.md. */
#ifndef SANAD_STMT_H
#define SANAD_STMT_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "note/note.h"

enum { STMT_BODY_MAX = 16384, STMT_KIND_MAX = 32, STMT_ROLE_KEY_MAX = 64, TRUST_KEY_MAX = 256 };

/* ---- statements ----------------------------------------------------------------------- */

/* The kinds that this program makes and knows; others are refused by name. */
#define STMT_KINDS(X)                                                                              \
    X(ADDRESS_BOOK, "address-book")                                                                \
    X(CLAIM, "claim")                                                                              \
    X(RESERVE_POSITION, "reserve-position")                                                        \
    X(FLOW_DECLARATION, "flow-declaration")                                                        \
    X(CRITERIA_REPORT, "criteria-report")                                                          \
    X(ROOT, "root")                                                                                \
    X(REVOKE, "revoke")                                                                            \
    X(DOCUMENT, "document")                                                                        \
    X(ANNEX, "annex")                                                                              \
    X(PARTNER_CHECKPOINT, "partner-checkpoint")                                                    \
    X(ANCHOR, "anchor")                                                                            \
    X(CORRECTION, "correction")                                                                    \
    X(LIABILITIES, "liabilities")                                                                  \
    X(PROGRAMME, "programme")                                                                      \
    X(AGREEMENT, "agreement")
enum stmt_kind {
#define X(name, text) STMT_##name,
    STMT_KINDS(X)
#undef X
        STMT_KIND_COUNT
};
const char *stmt_kind_name(enum stmt_kind kind);
bool stmt_kind_find(enum stmt_kind *ret_kind, const char *name);

/* Where a statement stands in its log; prev is -1 for the first of its kind. */
struct stmt_place {
    const char *authority; /* who speaks: "xs" */
    const char *log;       /* origin of the log that it is meant for */
    uint64_t seq;
    int64_t prev;
};
/* The text to sign: "sanad/statement/v1 KIND\n" and one line of RFC 8785 JSON: the members of
 * `body` and of the place. Integers, strings, booleans, arrays and objects only; ASCII keys;
 * clean text; at most 16 KiB. REFUSED names the member. */
int stmt_build(struct buf *ret_text, enum stmt_kind kind, const struct stmt_place *place,
               const json_t *body, struct err *err);

/* A statement that was read: form checked, signatures not yet. Lives as long as itself. */
struct stmt {
    enum stmt_kind kind;
    json_t *json;
    struct note note;
    struct buf raw;
    struct arena arena;
};
/* REFUSED: not a note, not a statement, not canonical (parse and write again must give the
 * same bytes), an unknown kind. */
int stmt_read(struct stmt **ret_stmt, const char *object, struct bytes raw, struct err *err);
int stmt_read_file(struct stmt **ret_stmt, const char *path, struct err *err);
void stmt_free(struct stmt *stmt);

/* Whether it has the members of its kind, and only those: REFUSED names the member and the rule
 * (doc/formats/statement.md, "Kinds"). Signatures, and what needs other statements, aside. */
int stmt_schema_check(const struct stmt *stmt, struct err *err);
/* As above, of what is not signed yet. */
int stmt_schema_json(enum stmt_kind kind, const json_t *json, struct err *err);
/* stmt_build of what has the members of its kind. */
int stmt_make(struct buf *ret_text, enum stmt_kind kind, const struct stmt_place *place,
              const json_t *body, struct err *err);
/* The kind whose role must sign: its own; of a `revoke` that of `root`; of a `correction` the
 * kind that it corrects. */
enum stmt_kind stmt_role(const struct stmt *stmt);
/* The time at which expiry is judged: of its block, or of its day; INT64_MIN where a kind has
 * neither. */
int64_t stmt_time(const struct stmt *stmt);

/* ---- annexes ---------------------------------------------------------------------------- */

enum { ANNEX_SALT_SIZE = 32, ANNEX_LABEL_MAX = 128 };
/* SHA-256("sanad/annex/v1\n" ‖ salt ‖ plaintext): says nothing of the plaintext until both are
 * shown. */
void annex_commit(struct hash256 *ret_commitment, const uint8_t salt[ANNEX_SALT_SIZE],
                  struct bytes plain);
/* What is kept, and published when a plaintext is opened. */
struct annex_opening {
    char label[ANNEX_LABEL_MAX + 1]; /* empty: the whole annex */
    struct hash256 commitment;
    uint8_t salt[ANNEX_SALT_SIZE];
};
void annex_opening_write(struct buf *buf, const struct annex_opening *opening);
int annex_opening_read(struct annex_opening *ret_opening, const char *object, struct bytes text,
                       struct err *err);
int annex_opening_read_file(struct annex_opening *ret_opening, const char *path, struct err *err);
/* Whether it begins as an age file does, binary or armoured; it is not opened. */
bool annex_is_age(struct bytes cipher);

/* ---- role keys ------------------------------------------------------------------------ */

/* A private key, opened. */
struct role_key {
    struct note_key key;
    uint8_t seed[32];
};
/* Makes a key of fresh randomness, or of `seed` where one is given (simulated nations). */
int role_key_new(struct role_key *ret_key, const char *name, const uint8_t *seed, struct err *err);
/* As above, of a type: a cosigner's key (0x04) signs checkpoints of logs, never statements. */
int role_key_new_as(struct role_key *ret_key, const char *name, uint8_t type, const uint8_t *seed,
                    struct err *err);
/* The file: JSON with name, vkey and the sealed seed (Argon2id; crypto.h). */
int role_key_write(const struct role_key *key, const char *path, const char *passphrase,
                   enum secret_cost cost, struct err *err);
/* FALSE: the passphrase is wrong. */
int role_key_read(struct role_key *ret_key, const char *path, const char *passphrase,
                  struct err *err);
/* The public half without a passphrase. */
int role_key_public(struct note_key *ret_key, const char *path, struct err *err);
void role_key_wipe(struct role_key *key);

/* Adds a signature line to a statement's note (or text without signatures). REFUSED where
 * this key has signed already, or is a cosigner's. */
int stmt_sign(struct buf *ret_note, struct bytes note_or_text, const struct role_key *key,
              struct err *err);

/* ---- trust ------------------------------------------------------------------------------ */

/* Whose signatures count for which kind, until a `root` statement is at hand:
 * {"keys":["VKEY",…],"roles":{"reserve-position":{"threshold":2,"keys":["NAME",…]}, …},
 *  "expires":{"NAME":"2027-01-01"}} */
struct trust;
int trust_read(struct trust **ret_trust, const char *object, struct bytes text, struct err *err);
/* The file, or a `root` statement in place of it: then its own keys must have signed it. */
int trust_read_file(struct trust **ret_trust, const char *path, struct err *err);
/* Out of a `root` statement. REFUSED: its form, a role without keys, a key under two names. Its
 * signatures are not looked at. */
int trust_from_root(struct trust **ret_trust, const struct stmt *root, struct err *err);
void trust_free(struct trust *trust);
size_t trust_key_count(const struct trust *trust);
const struct note_key *trust_key(const struct trust *trust, size_t index);

struct stmt_check {
    size_t valid;     /* signatures of keys of the role that verify */
    size_t threshold; /* needed */
    size_t unknown;   /* signature lines of keys that are not in the trust file */
};
/* 0: the threshold is reached. MISSING: not reached, or the role is not in the trust file.
 * FALSE: a signature of a known key fails, or an expired key (judged at `as_of`) was needed. */
int stmt_verify(struct stmt_check *ret_check, const struct stmt *stmt, const struct trust *trust,
                int64_t as_of, struct err *err);
/* As above, with what is asked said: another role than the statement's own, keys that are void. */
struct trust_question {
    enum stmt_kind role;
    int64_t as_of;
    const bool *is_void; /* by index of the key; NULL: none is */
};
int trust_verify(struct stmt_check *ret_check, const struct stmt *stmt, const struct trust *trust,
                 const struct trust_question *question, struct err *err);
/* How many keys a role has that are not void, and its threshold (0: there is no such role). */
struct trust_role {
    size_t keys, threshold;
};
struct trust_role trust_role(const struct trust *trust, const struct trust_question *question);

#endif
