/* sanad/verify.h: checks what a stranger holds, offline. A statement and whose signatures count;
 * its place in a log; a log's checkpoint against a policy; a log that told two stories; a run of
 * Bitcoin's headers. The only public C API of sanad (libsanad-verify.a).
 *
 * It uses no library and no operating system: no allocation, no input or output, no clock, no
 * state. Of libc it wants memcpy, memmove, memset, memcmp and strlen. Ed25519 is the caller's, as a
 * function; so is the memory, which is used during a call only, but for what a result is said to
 * view. Inputs are bytes that the caller has read; where an input has no bytes, `data` may be NULL.
 * One verifier serves one thread at a time.
 *
 * Formats: doc/formats/statement.md, doc/formats/tlog.md; C2SP signed-note, tlog-checkpoint,
 * tlog-cosignature, tlog-proof and tlog-policy; RFC 8785; RFC 9162, section 2.1. */
#ifndef SANAD_VERIFY_H
#define SANAD_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- verdicts ------------------------------------------------------------------------------- */

/* The numbers are the exit codes of `sanad verify`. */
enum sanad_verdict {
    SANAD_VERDICT_HOLDS = 0,
    SANAD_VERDICT_CONTRADICTED = 1, /* a signature or a proof shows that it is not so */
    SANAD_VERDICT_UNDECIDED = 3,    /* what is there does not show it */
    SANAD_VERDICT_REFUSED = 4       /* an input is not of its form: it is evidence of nothing */
};

enum { SANAD_TEXT_SIZE = 512 };
/* A verdict and one sentence, "object: rule". The sentence holds no character that could steer a
 * terminal (they become '?'), but words of the input: a page must escape it as any text. */
struct sanad_result {
    enum sanad_verdict verdict;
    char text[SANAD_TEXT_SIZE];
};

/* ---- what the caller brings ------------------------------------------------------------------ */

struct sanad_bytes {
    const uint8_t *data;
    size_t size;
};
/* `name` stands in sentences: a file's name, for instance. */
struct sanad_input {
    const char *name;
    const uint8_t *data;
    size_t size;
};

/* Enough for whatever is within the bounds below. Less will do for small inputs: a call that
 * wants more than there is says so, REFUSED. */
enum { SANAD_MEMORY_SIZE = 1 << 21 };
struct sanad_verifier {
    /* RFC 8032; must refuse what is not canonical, as libsodium and WebCrypto do. */
    bool (*ed25519)(void *context, const uint8_t key[32], const uint8_t signature[64],
                    const uint8_t *message, size_t message_size);
    void *context;
    void *memory;
    size_t memory_size;
};

/* Bounds: what is over them is REFUSED, before anything is done with it. */
enum {
    SANAD_NOTE_MAX = 1 << 20,       /* bytes of a signed note, and of a policy */
    SANAD_SIGNATURE_MAX = 100,      /* signature lines */
    SANAD_NAME_MAX = 255,           /* bytes of a key's name and of an origin */
    SANAD_STATEMENT_MAX = 16384,    /* bytes of a statement's JSON */
    SANAD_ENTRY_MAX = 65535,        /* bytes of an entry of a log */
    SANAD_PROOF_MAX = 63,           /* hashes of a proof */
    SANAD_POLICY_LOG_MAX = 64,      /* logs that a policy names */
    SANAD_POLICY_WITNESS_MAX = 256, /* witnesses that a policy names */
    SANAD_POLICY_GROUP_MAX = 256,   /* groups that a policy names */
    SANAD_KEY_MAX = 256,            /* keys of a trust file or root */
    SANAD_ROLE_KEY_MAX = 64         /* keys of a role */
};
/* Entries of a log. */
#define SANAD_TREE_MAX INT64_MAX

/* ---- statements -------------------------------------------------------------------------------
 */

#define SANAD_KINDS(X)                                                                             \
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
enum sanad_kind {
#define X(name, text) SANAD_KIND_##name,
    SANAD_KINDS(X)
#undef X
        SANAD_KIND_COUNT
};
const char *sanad_kind_name(enum sanad_kind kind);

/* A statement that was read: its form is right, its signatures were not looked at. Views the
 * input. */
struct sanad_statement {
    enum sanad_kind kind;
    struct sanad_bytes text; /* what is signed */
    struct sanad_bytes json; /* its second line, RFC 8785, without the newline */
    size_t signature_count;
};
/* HOLDS or REFUSED. A note, `sanad/statement/v1 KIND`, one line of JSON in its one form. Members
 * of the kind are not looked at. */
enum sanad_verdict sanad_statement_read(const struct sanad_verifier *verifier,
                                        struct sanad_statement *ret_statement,
                                        struct sanad_result *ret_result,
                                        const struct sanad_input *statement);
/* A member of an object, as it stands in the JSON (strings with their quotes and escapes); false
 * where there is none. */
bool sanad_json_member(struct sanad_bytes *ret_value, struct sanad_bytes object, const char *name);
/* Where a value is an integer, a string; a string is unescaped and ended by a NUL. False where it
 * is none, or longer than there is room for. */
bool sanad_json_integer(int64_t *ret_integer, struct sanad_bytes value);
bool sanad_json_string(char *ret_text, size_t room, struct sanad_bytes value);

/* Keys of which `threshold` must have signed. */
struct sanad_keys {
    const char *const *vkeys; /* "name+id+key", type 0x01 */
    size_t count;
    size_t threshold;
};
/* UNDECIDED: fewer than the threshold. CONTRADICTED: the line of a known key does not verify.
 * Lines of other keys are ignored. */
enum sanad_verdict sanad_verify_statement(const struct sanad_verifier *verifier,
                                          struct sanad_result *ret_result,
                                          const struct sanad_input *statement,
                                          const struct sanad_keys *keys);
/* As above, by the role of the statement's kind in a trust file or a `root` statement, which must
 * be signed by its own role `root`. CONTRADICTED also: by a key that had expired at the
 * statement's own time. */
enum sanad_verdict sanad_verify_statement_by(const struct sanad_verifier *verifier,
                                             struct sanad_result *ret_result,
                                             const struct sanad_input *statement,
                                             const struct sanad_input *trust);

/* ---- logs ---------------------------------------------------------------------------------------
 */

/* What a checkpoint says, and what it has. Views the input. */
struct sanad_checkpoint {
    struct sanad_bytes origin;
    uint64_t size;
    uint8_t root[32];
    bool log_signed; /* by the log's key in the policy */
    bool quorum;
    size_t cosigned; /* by witnesses of the policy */
    uint64_t oldest; /* timestamp of their cosignatures; 0: none */
};
/* A signed checkpoint against a policy. UNDECIDED: no log of the policy has signed it, or the
 * quorum is not reached. CONTRADICTED: a line of a known key does not verify. *ret_checkpoint is
 * written unless the form is REFUSED. */
enum sanad_verdict sanad_verify_checkpoint(const struct sanad_verifier *verifier,
                                           struct sanad_checkpoint *ret_checkpoint,
                                           struct sanad_result *ret_result,
                                           const struct sanad_input *checkpoint,
                                           const struct sanad_input *policy);

/* An entry's place in a log, by a .tlog-proof file. */
struct sanad_place {
    struct sanad_checkpoint checkpoint;
    uint64_t index;
    struct sanad_result signatures; /* as sanad_verify_checkpoint */
    struct sanad_result inclusion;  /* whether these very bytes stand at the index */
};
/* HOLDS where both do; else the worse of both, CONTRADICTED before UNDECIDED. REFUSED: the form of
 * the proof, its checkpoint or the policy. ret_result repeats the sentence that decides;
 * *ret_place is written unless REFUSED. */
enum sanad_verdict
sanad_verify_place(const struct sanad_verifier *verifier, struct sanad_place *ret_place,
                   struct sanad_result *ret_result, const struct sanad_input *entry,
                   const struct sanad_input *proof, const struct sanad_input *policy);

/* A tree's size and root. */
struct sanad_tree {
    uint64_t size;
    uint8_t root[32];
};
struct sanad_proof {
    const uint8_t (*hashes)[32];
    size_t count;
};
void sanad_leaf_hash(uint8_t ret_hash[32], struct sanad_bytes entry);
enum sanad_verdict sanad_verify_inclusion(struct sanad_result *ret_result, const uint8_t leaf[32],
                                          uint64_t index, const struct sanad_tree *tree,
                                          const struct sanad_proof *proof);
/* HOLDS where `after` continues `before`. An empty tree is continued by any, with an empty proof;
 * equal sizes ask for an empty proof and equal roots. */
enum sanad_verdict sanad_verify_consistency(struct sanad_result *ret_result,
                                            const struct sanad_tree *before,
                                            const struct sanad_tree *after,
                                            const struct sanad_proof *proof);

/* A fraud proof (sanad/tlog-fraud/v1). HOLDS: a log of the policy has signed two checkpoints that
 * cannot both be of an append-only log. UNDECIDED: this file does not show it. CONTRADICTED: a
 * signature in it fails. */
enum sanad_verdict sanad_verify_fraud(const struct sanad_verifier *verifier,
                                      struct sanad_result *ret_result,
                                      const struct sanad_input *fraud,
                                      const struct sanad_input *policy);

/* ---- Bitcoin's headers
 * ---------------------------------------------------------------------------- */

enum { SANAD_HEADER_SIZE = 80 };
enum sanad_network {
    SANAD_NETWORK_MAIN,
    SANAD_NETWORK_TESTNET4,
    SANAD_NETWORK_SIGNET,
    SANAD_NETWORK_REGTEST
};
/* Where a run of headers begins: at the genesis (height 0; hash NULL), or at a block that the
 * caller trusts, by its hash in internal order. Behind an anchor, nBits can be held only to their
 * bounds until a whole period is there, and times once eleven are there. */
struct sanad_anchor {
    enum sanad_network network;
    uint32_t height;
    const uint8_t *hash;
};
/* A run that was checked. Views the input. */
struct sanad_headers {
    const uint8_t *raw;
    uint32_t first; /* height of the first */
    uint32_t count;
    uint8_t tip[32];  /* hash of the last, internal order */
    uint8_t work[32]; /* of the run, a big-endian number: what it cost to make */
};
/* Headers that stand side by side: each names the one before, has the work that its nBits ask for,
 * the nBits that the rules ask for, and a time after the median of eleven. REFUSED names height,
 * hash and rule; UNDECIDED: the first is not the anchor. */
enum sanad_verdict sanad_verify_headers(struct sanad_headers *ret_headers,
                                        struct sanad_result *ret_result,
                                        const struct sanad_input *headers,
                                        const struct sanad_anchor *anchor);
/* Of a block of the run; false where the height is not in it. Internal order. */
bool sanad_headers_hash(uint8_t ret_hash[32], const struct sanad_headers *headers, uint32_t height);
bool sanad_headers_merkle_root(uint8_t ret_root[32], const struct sanad_headers *headers,
                               uint32_t height);
/* The height of a hash; false where it is not in the run. */
bool sanad_headers_find(uint32_t *ret_height, const struct sanad_headers *headers,
                        const uint8_t hash[32]);
/* Whether the block that a statement speaks of (`as_of`, or an anchor's `block_hash`) is the one of
 * the run at its height. UNDECIDED: it names none, or one outside of the run. */
enum sanad_verdict sanad_verify_block(struct sanad_result *ret_result,
                                      const struct sanad_statement *statement,
                                      const struct sanad_headers *headers);

void sanad_sha256(uint8_t ret_digest[32], struct sanad_bytes bytes);

/* ---- where Ed25519 answers later
 * ------------------------------------------------------------------ */

/* For callers that cannot answer at once (WebCrypto answers by a promise): use sanad_jobs_ed25519
 * as the function and a struct sanad_jobs as its context. A call then only notes which signatures
 * it asks for, and `open` says how many have no answer: while that is not 0 the verdict is worth
 * nothing. Answer them (`good`, `answered`), set `open` to 0, and make the same call again. */
enum { SANAD_JOB_MAX = 512 };
struct sanad_job {
    uint8_t key[32];
    uint8_t signature[64];
    const uint8_t *message; /* in `messages` */
    size_t message_size;
    bool answered, good;
};
struct sanad_jobs {
    struct sanad_job jobs[SANAD_JOB_MAX];
    size_t count;
    size_t open;
    bool full; /* there were more than there is room for: those count as bad */
    uint8_t *messages;
    size_t messages_size, messages_used;
};
bool sanad_jobs_ed25519(void *context, const uint8_t key[32], const uint8_t signature[64],
                        const uint8_t *message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif
