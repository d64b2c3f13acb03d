/* admit: what may enter our log. Form, schema, origin, sequence, the role that must sign under
 * the root in force, rotation of roots, revocation, what partners are recorded to have said. Fed
 * with the entries of a log in their order, it says of the next one whether it may stand there.
 * Rules: doc/formats/statement.md, "What may enter a log". No I/O. */
#ifndef SANAD_ADMIT_H
#define SANAD_ADMIT_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "note/note.h"
#include "stmt/stmt.h"
#include "tlog/tlog.h"

enum {
    ADMIT_ROOT_MAX = 1024,    /* roots of one log */
    ADMIT_REVOKED_MAX = 4096, /* revocations of one log */
    ADMIT_PARTNER_MAX = 16,   /* partners that a root names */
    ADMIT_ORIGIN_MAX = 64,    /* different partners in the life of a log */
    ADMIT_PARTNER_KEY_MAX = 8 /* log keys of a partner */
};

/* The rules, in the order in which they are looked at. */
#define ADMIT_RULES(X)                                                                             \
    X(FORM, "form")             /* not a statement in its canonical form */                        \
    X(SCHEMA, "schema")         /* a member missing, unknown, of another type, out of bounds */    \
    X(ORIGIN, "origin")         /* meant for another log, or of another authority */               \
    X(TWICE, "twice")           /* stands in the log already */                                    \
    X(SEQUENCE, "sequence")     /* `seq` or `prev` is not the next of its kind */                  \
    X(REFERENCE, "reference")   /* names an entry that is not there or of another kind */          \
    X(ROOT, "root")             /* no root, not the next one, not the pinned one */                \
    X(SIGNATURES, "signatures") /* the threshold of a role is not reached, a signature fails */    \
    X(REVOKE, "revoke")         /* a key that was never known, a root that could not sign */       \
    X(PARTNER, "partner")       /* a partner's root or checkpoint that its keys don't bear out */
enum admit_rule {
#define X(name, text) ADMIT_##name,
    ADMIT_RULES(X)
#undef X
        ADMIT_RULE_COUNT
};
const char *admit_rule_name(enum admit_rule rule);

struct admit;
struct admit_options {
    const char *origin;    /* of the log */
    const char *authority; /* who speaks in it; NULL: the one that its first root names */
    /* SHA-256 of the text of root 1 (admit_text_hash); NULL: root 1 is taken as it comes, and
     * all that follows hangs on it. */
    const struct hash256 *root_sha256;
    /* Entries below this index were admitted before and stand in a tree that we have signed: their
     * signatures are not verified again, but for those of roots and revocations. 0 for whoever
     * reads somebody's log. */
    uint64_t admitted_before;
};
/* The options are copied. */
struct admit *admit_new(const struct admit_options *options);
void admit_free(struct admit *admit);
/* SHA-256 of a note's text, without its signatures: what pins a root 1. REFUSED: not a note. */
int admit_text_hash(struct hash256 *ret_hash, const char *object, struct bytes note,
                    struct err *err);

/* The next entry of the log: where it may stand at the next index, which must be `index`, it stands
 * there from now on. REFUSED: "entry 7: reserve-position: …", one sentence, and nothing changes.
 * Where an entry that may stand can't be written afterwards, this admit is of no use any more:
 * replay the log. */
int admit_entry(struct admit *admit, uint64_t index, struct bytes entry, struct err *err);
/* admit_entry as a visitor of tlog_audit_run; `admit` is a struct admit. */
int admit_visit(void *admit, uint64_t index, struct bytes entry, struct err *err);

/* For whoever reads a log that stands: every rule that an entry breaks is told, and the reading
 * goes on. What broke a rule other than SEQUENCE has no effect: no root, no revocation. */
struct admit_finding {
    uint64_t index;
    enum admit_rule rule;
    const char *text; /* the sentence of admit_entry; lives as long as the call */
};
typedef void admit_report(void *context, const struct admit_finding *finding);
void admit_replay(struct admit *admit, uint64_t index, struct bytes entry, admit_report *report,
                  void *context);

/* ---- kept between two runs (snapshot.c) ------------------------------------------------------ */

enum { ADMIT_SNAPSHOT_MAX = 1 << 30 };
/* What was admitted into a tree that we have signed, so that the next run need not read all of it
 * again. It is sealed with the log's key: nobody else can make one that is taken. */
void admit_snapshot_write(struct buf *buf, const struct admit *admit, const struct tlog_tree *tree,
                          const uint8_t seed[32]);
/* The state again; MISSING: it is not the one of this tree, key, origin and set of rules, or not
 * whole: replay the log. Roots, revocations and what partners said are judged again, signatures
 * included. */
int admit_snapshot_read(struct admit **ret_admit, struct bytes raw, const char *origin,
                        const struct tlog_tree *tree, const uint8_t seed[32], struct err *err);

/* ---- what is known after so many entries --------------------------------------------------- */

uint64_t admit_size(const struct admit *admit);
/* Authority, log, seq and prev of the next statement of a kind; the texts are borrowed. REFUSED:
 * no root stands there yet and the options name no authority. */
int admit_next(struct stmt_place *ret_place, const struct admit *admit, enum stmt_kind kind,
               struct err *err);
/* The kind of an entry; false where it is none that was admitted. */
bool admit_kind(enum stmt_kind *ret_kind, const struct admit *admit, uint64_t index);
/* The root in force for an entry at `index` (up to the size); 0: none before it. */
uint64_t admit_root_version(const struct admit *admit, uint64_t index);
/* The signatures of an entry that stands at `index`, with all revocations known by now, also those
 * that came later with a lower effective index: codes of stmt_verify. Asked of every entry after
 * a replay it finds what a revocation has made void. */
int admit_judge(struct stmt_check *ret_check, const struct admit *admit, uint64_t index,
                const struct stmt *stmt, struct err *err);
/* Whether a revocation takes effect below its own entry, and the lowest index that one reaches:
 * what stands below it needs no second look. */
bool admit_reaches_back(uint64_t *ret_from, const struct admit *admit);

/* A partner that the newest root names, and what of it stands in the log. */
struct admit_partner {
    char authority[NOTE_NAME_MAX + 1];
    char origin[TLOG_ORIGIN_MAX + 1];
    struct note_key keys[ADMIT_PARTNER_KEY_MAX]; /* of its log */
    size_t key_count;
    bool has_pin;
    struct hash256 root_sha256; /* of the text of its root 1 */
    uint64_t root_version;      /* newest root recorded; 0: none */
    bool has_tree;
    struct tlog_tree tree; /* of its newest partner-checkpoint */
    uint64_t tree_entry;   /* which entry said so */
};
size_t admit_partner_count(const struct admit *admit);
const struct admit_partner *admit_partner(const struct admit *admit, size_t index);
/* The signed note that a partner-checkpoint quotes. */
void admit_quoted_note(struct buf *note, const struct stmt *checkpoint);

#endif
