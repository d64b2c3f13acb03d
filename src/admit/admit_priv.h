/* What the parts of admit share: the state, and an entry that is being judged. */
#ifndef SANAD_ADMIT_PRIV_H
#define SANAD_ADMIT_PRIV_H

#include "admit/admit.h"

/* ---- which statements stand in the log (seen.c) --------------------------------------------- */

enum { SEEN_KEY_SIZE = 16 };
/* The first half of the SHA-256 of a statement's text: 16 bytes in a table that is three eighths to
 * three quarters full. The text and not the entry: other signatures make no other statement. */
struct seen {
    uint8_t (*slots)[SEEN_KEY_SIZE]; /* all zero: empty */
    size_t capacity;                 /* a power of two, or 0 */
    size_t count;
};
bool seen_has(const struct seen *seen, const struct hash256 *hash);
void seen_add(struct seen *seen, const struct hash256 *hash);
void seen_free(struct seen *seen);
/* All keys, in no order that means anything; and so many of them again into an empty set, of which
 * none may be all zero or stand twice. */
void seen_write(struct buf *buf, const struct seen *seen);
bool seen_read(struct seen *ret_seen, struct cursor *cursor, uint64_t count);

/* ---- the state --------------------------------------------------------------------------------
 */

struct admit_root {
    uint64_t index; /* of its entry */
    uint64_t version;
    int64_t date;
    struct trust *trust;
};
struct revocation {
    char name[NOTE_NAME_MAX + 1];
    uint8_t id[4];
    uint64_t from;  /* signatures at this index and above are void */
    uint64_t entry; /* which entry says so */
};
/* A partner that a root of ours names or has named. */
struct partner {
    struct admit_partner known;
    bool is_named;       /* by the newest root */
    struct trust *trust; /* of its newest root that stands here; NULL: none */
};
/* An entry that decides about others: a root, a revocation, what a partner said. */
struct effect {
    uint64_t index;
    bool is_checkpoint; /* of a partner: only its newest still decides anything */
    struct buf entry;
};
enum { KIND_NONE = 0xff }; /* an entry that is no statement of ours that was admitted */
struct admit {
    char *origin;
    char *authority; /* NULL: not known yet */
    bool has_pin;
    struct hash256 pin;
    uint64_t admitted_before; /* whose signatures are not verified again */
    uint64_t size;
    struct seen seen;
    uint8_t *kinds; /* one an entry */
    size_t kind_capacity;
    uint64_t next_seq[STMT_KIND_COUNT];
    int64_t last[STMT_KIND_COUNT]; /* index of the last of a kind, or -1 */
    struct admit_root *roots;      /* ascending in both index and version */
    size_t root_count;
    struct revocation *revocations;
    size_t revocation_count;
    struct partner *partners[ADMIT_ORIGIN_MAX];
    size_t partner_count;
    struct effect *effects; /* in their order */
    size_t effect_count;
};

/* Such an entry at its index, for its effect alone: what needs all the others (TWICE, SEQUENCE,
 * REFERENCE) aside, it must keep every rule again. REFUSED: it does not, or it decides nothing. */
int effect_restore(struct admit *admit, uint64_t index, struct bytes entry, struct err *err);

/* An entry on its way in. */
struct judged {
    const struct admit *admit;
    uint64_t index;
    struct bytes entry;
    struct stmt *stmt;        /* after FORM */
    struct hash256 text_hash; /* after FORM */
    struct partner *foreign;  /* after ORIGIN: the partner whose root it is, or NULL */
    struct trust *trust;      /* after ROOT, of a root: what it says */
};
/* One rule: 0, or REFUSED with a sentence without the entry's index. */
typedef int admit_step(struct judged *judged, struct err *err);

/* Members of a statement that keeps to its schema. */
int64_t judged_integer(const struct judged *judged, const char *key);
const char *judged_text(const struct judged *judged,
                        const char *key); /* "" where it is not there */

/* ---- roots.c -----------------------------------------------------------------------------------
 */

admit_step root_step, signatures_step;
/* The root in force for an entry at an index; NULL: none. */
const struct admit_root *root_at(const struct admit *admit, uint64_t index);
/* Takes the trust of the judged root. */
void root_take(struct admit *admit, struct judged *judged);
/* Whether `stmt`, signed by the role that it needs, may follow: `before` (NULL: a first root) and
 * its own `after` must both give their thresholds. */
int rotation_verify(struct stmt_check *ret_check, const struct stmt *root,
                    const struct trust *before, const bool *is_void, const struct trust *after,
                    struct err *err);

/* ---- revoke.c ----------------------------------------------------------------------------------
 */

admit_step revoke_step;
void revoke_take(struct admit *admit, const struct judged *judged);
/* Which keys of a trust are void for a statement at an index: of revocations that take effect at or
 * before it. For a root: only of those that stood before it, as an admitted root is never unmade.
 */
void void_keys(bool ret_void[TRUST_KEY_MAX], const struct admit *admit, const struct trust *trust,
               uint64_t index, bool of_root);
bool key_is_revoked(const struct admit *admit, const struct note_key *key);

/* ---- partner.c ---------------------------------------------------------------------------------
 */

admit_step partner_step;
/* The partner that the newest root names by its log and authority, or NULL. */
struct partner *partner_named(const struct admit *admit, const char *origin, const char *authority);
/* Part of root_step: what a root of ours says of partners. */
int partners_check(const struct judged *judged, struct err *err);
void partners_take(struct admit *admit, const struct judged *judged); /* of a root of ours */
void partner_take(struct admit *admit, struct judged *judged); /* a root or checkpoint of theirs */
void partners_free(struct admit *admit);

/* ---- snapshot.c --------------------------------------------------------------------------------
 */

enum { SNAPSHOT_SEAL_SIZE = 64 };
/* How it begins, and the seal that ends it. */
void snapshot_head(struct buf *buf, const char *origin, const struct tlog_tree *tree);
void snapshot_seal(uint8_t ret_seal[SNAPSHOT_SEAL_SIZE], struct bytes content,
                   const uint8_t seed[32]);

#endif
