/* ots: OpenTimestamps detached timestamp files (.ots). Read strictly, evaluated, written, and
 * built from the transaction that carries a digest and the block that it stands in. What is
 * read and refused: doc/formats/anchor.md. No I/O; nothing here knows what was timestamped. */
#ifndef SANAD_OTS_H
#define SANAD_OTS_H

#include "base/base.h"
#include "chain/chain.h"
#include "crypto/crypto.h"

/* ---- limits of what comes from outside ------------------------------------------------------ */

enum {
    OTS_FILE_MAX = 1 << 18,
    OTS_MESSAGE_MAX = 4096, /* bytes of what an operation takes and gives (reference client) */
    OTS_PAYLOAD_MAX = 8192, /* bytes of an attestation (reference client) */
    OTS_URI_MAX = 1000,     /* of a calendar (reference client) */
    OTS_DEPTH_MAX = 255,    /* operations on the way to an attestation (reference client) */
    OTS_ATTESTATION_MAX = 256,
    OTS_HEIGHT_MAX = INT32_MAX,
    OTS_PATH_MAX = 32,     /* siblings on the way to the root of several digests */
    OTS_INDEX_MAX = 100000 /* numbers of an index */
};

/* ---- what a file holds ------------------------------------------------------------------------
 */

/* An operation, as its tag in the file. Keccak-256 is read, but not executed: what is below it
 * stays unknown. */
enum ots_op {
    OTS_ATTEST = 0x00,
    OTS_SHA1 = 0x02,
    OTS_RIPEMD160 = 0x03,
    OTS_SHA256 = 0x08,
    OTS_KECCAK256 = 0x67,
    OTS_APPEND = 0xf0,
    OTS_PREPEND = 0xf1,
    OTS_REVERSE = 0xf2,
    OTS_HEXLIFY = 0xf3
};
enum { OTS_NOTARY_SIZE = 8 };
#define OTS_ROOT UINT32_MAX /* the parent of what acts on the file's digest */

/* One step of the tree: an operation on what its parent gives, or an attestation of it. */
struct ots_step {
    uint32_t parent; /* index of a step before it, or OTS_ROOT */
    enum ots_op op;
    uint8_t notary[OTS_NOTARY_SIZE]; /* of an attestation: its tag */
    struct bytes argument;           /* what is joined; of an attestation: its payload */
};

enum ots_notary { OTS_BITCOIN, OTS_PENDING, OTS_UNKNOWN };
/* An attestation with what it attests. */
struct ots_attestation {
    enum ots_notary notary;
    uint32_t step;
    bool known;           /* false: an operation that is not executed stands before it */
    struct bytes message; /* where known */
    uint32_t height;      /* OTS_BITCOIN: of the block whose merkle root the message is */
    const char *uri;      /* OTS_PENDING: of the calendar that promised more */
};
struct ots {
    enum ots_op hash;       /* OTS_SHA1, OTS_RIPEMD160 or OTS_SHA256 */
    struct bytes digest;    /* of the file that was timestamped */
    struct ots_step *steps; /* each behind its parent, children in the order of the file */
    struct ots_attestation *attestations;
    size_t step_count;
    size_t attestation_count;
};

bool ots_is(struct bytes raw); /* whether it begins as such a file */
/* Reads a file and computes what each attestation attests. Arrays and messages in the arena,
 * arguments view `raw`. REFUSED, naming `object` and rule: no magic, another version, a hash that
 * is none of three, an operation that nobody has defined, an empty or too long argument, a message
 * over OTS_MESSAGE_MAX, a number that is not in its shortest form, a payload that is none of its
 * notary's, too deep, too many, cut short, bytes behind the end. */
int ots_parse(struct ots *ret_ots, const char *object, struct bytes raw, struct arena *arena,
              struct err *err);
/* The file: what was read is written again byte for byte. Asserts that the steps are a tree in
 * the order that ots_step tells. */
void ots_write(struct buf *buf, const struct ots *ots);
/* The hash of a file's content by one of the three; returns its size. */
size_t ots_hash(uint8_t ret_digest[32], enum ots_op hash, struct bytes content);
size_t ots_hash_size(enum ots_op hash);
const char *ots_op_name(enum ots_op op);

/* Whether an attestation by Bitcoin is true of a block with this merkle root. FALSE: it is not.
 * MISSING: what it attests is not known. */
int ots_check(const struct ots_attestation *attestation, const struct hash256 *merkle_root,
              struct err *err);

/* ---- building -----------------------------------------------------------------------------------
 */

/* Several digests under one root: a pair is SHA-256(left ‖ right), the last of an odd level goes
 * up as it is, as calendars do. The path leads from one of them to the root. */
struct ots_sibling {
    struct hash256 hash;
    bool left; /* it stands before ours */
};
struct ots_path {
    struct ots_sibling siblings[OTS_PATH_MAX];
    size_t count;
};
/* The digests are sorted and each taken once, so that whoever has the same ones gets the same root;
 * the array is overwritten. */
void ots_join(struct hash256 *ret_root, struct ots_path *ret_path, const struct hash256 *digest,
              struct hash256 *digests, size_t count);

/* The script of an output that carries a digest: OP_RETURN and a push of 32 bytes. */
enum { OTS_SCRIPT_SIZE = 34 };
void ots_script(uint8_t ret_script[OTS_SCRIPT_SIZE], const struct hash256 *digest);
/* Where the digest stands in a transaction's form without witness: within the script of an output
 * that begins with OP_RETURN, whatever stands before or behind it there. */
bool ots_tx_carries(size_t *ret_offset, const struct tx *tx, const struct hash256 *digest);

struct ots_making {
    const struct hash256 *digest; /* SHA-256 of what is timestamped */
    const struct ots_path *path;  /* from it to what the transaction carries; NULL: itself */
    const struct block *block;    /* parsed; its merkle root holds (block_check) */
    size_t tx_index;              /* the transaction that carries it */
    uint32_t height;
};
/* Appends a file: digest, transaction, merkle branch, attestation at the height. REFUSED: the
 * transaction does not carry it, or is too long without witness for OpenTimestamps. */
int ots_make(struct buf *buf, const struct ots_making *making, struct err *err);

/* ---- an index
 * ------------------------------------------------------------------------------------ */

/* Numbers under which files lie: one a line, decimal, 1 and up, ascending, each once. */
struct ots_index {
    uint64_t *numbers;
    size_t count;
};
/* REFUSED names `object` and the line. The numbers are in the arena. */
int ots_index_parse(struct ots_index *ret_index, const char *object, struct bytes raw,
                    struct arena *arena, struct err *err);
void ots_index_write(struct buf *buf, const struct ots_index *index);

#endif
