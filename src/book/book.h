/* book: a nation's address book. Entities, wallets, the scripts that its descriptors mean,
 * when each wallet counts, and which scripts are in the set at a height (gap closure).
 * Source of the shape: doc/formats/cli.md, "address book". */
#ifndef SANAD_BOOK_H
#define SANAD_BOOK_H

#include "base/base.h"
#include "chain/chain.h"

#define WALLET_CLASSES(X)                                                                          \
    X(RESERVE, "reserve")                                                                          \
    X(OPERATING, "operating")                                                                      \
    X(CLIENT, "client")                                                                            \
    X(MINING, "mining")                                                                            \
    X(SEIZED, "seized")                                                                            \
    X(TILL, "till")                                                                                \
    X(OTHER, "other")
enum wallet_class {
#define X(name, text) WALLET_##name,
    WALLET_CLASSES(X)
#undef X
        WALLET_CLASS_COUNT
};
enum wallet_control {
    CONTROL_DECLARED,
    CONTROL_SIGNED,
    CONTROL_CUSTODIAN_STATEMENT,
    CONTROL_COUNT
};
enum wallet_visibility { VISIBILITY_PUBLIC, VISIBILITY_FUND, VISIBILITY_SEALED, VISIBILITY_COUNT };
const char *wallet_class_name(enum wallet_class class_);
const char *wallet_control_name(enum wallet_control control);
const char *wallet_visibility_name(enum wallet_visibility visibility);

enum {
    BOOK_SIZE_MAX = 64 << 20, /* bytes of a book's JSON */
    BOOK_ENTITY_MAX = 10000,
    BOOK_WALLET_MAX = 100000,
    BOOK_DESCRIPTOR_MAX = 100000, /* of one wallet */
    BOOK_RANGE_MAX = 1000000,     /* indexes of one branch below `range` */
    BOOK_RANGE_DEFAULT = 1000,
    BOOK_GAP_DEFAULT = 20,
    BOOK_GAP_MAX = 10000,
    BOOK_BRANCH_MAX = 500000,         /* of the whole book */
    BOOK_SCRIPT_MAX = 4000000,        /* of the whole book, below the ranges */
    BOOK_SCRIPT_BYTES_MAX = 192 << 20 /* bytes of these scripts */
};
#define BOOK_NEVER INT64_MAX

struct entity {
    const char *id;
    const char *sector; /* GFSM/SNA code */
    const json_t *name; /* {"en":…} */
};
struct wallet {
    const char *id;
    size_t entity; /* index into entities */
    enum wallet_class class_;
    enum wallet_control control;
    enum wallet_visibility visibility;
    const char *temperature; /* "hot", "warm", "cold" or NULL */
    struct descriptor **descriptors;
    size_t descriptor_count;
    uint32_t range;
    uint32_t gap;
    int64_t since;          /* midnight UTC of the first day, INT64_MIN where null */
    int64_t until;          /* midnight UTC of the first day outside, BOOK_NEVER where null */
    const char *note;       /* or NULL */
    const char *commitment; /* a sealed wallet of a public book: hex of the salted commitment,
                               then it has no descriptors; else NULL */
};
/* A checked book. Everything in it lives as long as the book. */
struct book {
    const char *nation;
    const char *currency;
    bool simulated; /* "simulated": true in the file */
    const struct chain_params *params;
    struct hash256 sha256; /* of the RFC 8785 form */
    struct entity *entities;
    size_t entity_count;
    struct wallet *wallets;
    size_t wallet_count;
    const json_t *json;
    struct arena arena;
};
/* Reads and checks all: REFUSED names wallet and rule (cli.md, "Refused"). A script in two
 * wallets at once is found by expanding every descriptor below its range. */
int book_read(struct book **ret_book, const char *object, struct bytes text,
              const struct chain_params *params, struct err *err);
int book_read_file(struct book **ret_book, const char *path, const struct chain_params *params,
                   struct err *err);
void book_free(struct book *book);

/* ---- scripts of a book ------------------------------------------------------------------- */

/* Where a script comes from. */
struct script_origin {
    uint32_t wallet;
    uint32_t descriptor; /* of the wallet */
    uint32_t branch;
    uint32_t index; /* 0 where the descriptor is not ranged */
};
/* One branch of one descriptor: the unit of gap closure. */
struct book_branch {
    uint32_t wallet;
    uint32_t descriptor;
    uint32_t branch;
    bool ranged;
    uint32_t first_count; /* indexes that are in the set from the start: range, or 1 */
};
/* Branches in the order of the book. The array is the book's. */
const struct book_branch *book_branches(const struct book *book, size_t *ret_count);
/* Appends the scripts of a branch at one index (combo gives several) into the arena;
 * *ret_scripts has *ret_count entries. False where the index cannot be derived. */
bool book_branch_scripts(struct bytes **ret_scripts, size_t *ret_count, const struct book *book,
                         const struct book_branch *branch, uint32_t index, struct arena *arena);
/* Gap closure: how many indexes of a branch are in the set when the highest used index is
 * `highest_used` (or none): max(range, highest_used + 1 + gap). */
uint32_t book_branch_closure(const struct book *book, const struct book_branch *branch,
                             bool any_used, uint32_t highest_used);

/* What a file of addresses does not say itself. */
struct book_defaults {
    const char *nation;   /* NULL: the column, or ZZ (not known) */
    const char *currency; /* NULL: the column, or XXX (not known) */
    const char *entity;   /* id; NULL: the column, or "holder" */
    const char *wallet;   /* id; NULL: the column, or "wallet-1" */
    const char *class_;   /* NULL: the column, or "other" */
    bool simulated;
};
/* A Core `listdescriptors` document or a CSV file of addresses (columns address or
 * descriptor, entity, wallet, class …) to a book that book_read accepts: see
 * doc/formats/book.md. REFUSED names the line. `defaults` may be NULL. */
int book_from_csv(json_t **ret_book, const char *path, const struct book_defaults *defaults,
                  const struct chain_params *params, struct err *err);
/* As above, of a text. */
int book_convert(json_t **ret_book, const char *object, struct bytes text,
                 const struct book_defaults *defaults, const struct chain_params *params,
                 struct err *err);
/* The public form: sealed and fund wallets without descriptors, with their salted
 * commitments. The secret has at least BOOK_SALT_SECRET_MIN bytes, since addresses can be
 * guessed: REFUSED. */
enum { BOOK_SALT_SECRET_MIN = 32 };
int book_public_json(json_t **ret_json, const struct book *book, struct bytes salt_secret,
                     struct err *err);
/* salt = SHA256("sanad/salt/v1\n" ‖ secret ‖ wallet id); what the opening of one wallet gives. */
void book_wallet_salt(struct hash256 *ret_salt, struct bytes salt_secret, const char *wallet_id);
/* SHA256("sanad/sealed-wallet/v1\n" ‖ salt ‖ RFC 8785 of the wallet). */
int book_wallet_commitment(struct hash256 *ret_commitment, const json_t *wallet,
                           const struct hash256 *salt, struct err *err);

#endif
