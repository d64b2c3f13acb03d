/* tlog: append-only transparency logs as C2SP defines them (c2sp.org/tlog-checkpoint, tlog-tiles,
 * tlog-cosignature, tlog-proof, tlog-policy; hashes and proofs of RFC 9162 section 2.1). Entries
 * are opaque bytes: nothing here knows what they mean. Formats and what is accepted:
 * doc/formats/tlog.md. */
#ifndef SANAD_TLOG_H
#define SANAD_TLOG_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "note/note.h"

enum {
    TLOG_ENTRY_MAX = 65535, /* bytes of an entry: its length stands in two bytes */
    TLOG_PROOF_MAX = 63,    /* hashes of a proof */
    TLOG_TILE_WIDTH = 256,  /* hashes of a full tile */
    TLOG_LEVEL_MAX = 63,
    TLOG_PATH_SIZE = 64,
    TLOG_ORIGIN_MAX = 255,
    TLOG_CHECKPOINT_MAX = 1 << 20 /* bytes of a signed checkpoint */
};
#define TLOG_SIZE_MAX (INT64_MAX) /* entries: a size that a time or a JSON integer can't reach */

/* ---- hashes ------------------------------------------------------------------------------- */

void tlog_leaf_hash(struct hash256 *ret_hash, struct bytes entry); /* SHA-256(0x00 ‖ entry) */
void tlog_node_hash(struct hash256 *ret_hash, const struct hash256 *left,
                    const struct hash256 *right); /* SHA-256(0x01 ‖ left ‖ right) */
/* Of a tree without entries: SHA-256(""). */
void tlog_empty_root(struct hash256 *ret_root);
/* `count` parents of 2*count hashes that stand side by side, several at once. `ret_parents` may be
 * `children`. */
void tlog_node_hashes(struct hash256 *ret_parents, const struct hash256 *children, size_t count);

/* A tree while it grows: the roots of its full subtrees, the largest first. Zero is the empty
 * tree. */
struct tlog_frontier {
    uint64_t size;
    struct hash256 roots[64];
};
void tlog_frontier_add(struct tlog_frontier *frontier, const struct hash256 *leaf);
void tlog_frontier_root(struct hash256 *ret_root, const struct tlog_frontier *frontier);

/* ---- checkpoints ---------------------------------------------------------------------------- */

struct tlog_checkpoint {
    char origin[TLOG_ORIGIN_MAX + 1];
    uint64_t size;
    struct hash256 root;
    struct bytes extension; /* lines behind the root, with their newlines; views the text */
};
/* The text of a note. REFUSED: a size with a leading zero or over TLOG_SIZE_MAX, a root that is
 * not 32 bytes of strict base64, an origin that is empty or too long, an empty tree with another
 * root. */
int tlog_checkpoint_parse(struct tlog_checkpoint *ret_checkpoint, const char *object,
                          struct bytes text, struct err *err);
/* The three lines; asserts that there is no extension. */
void tlog_checkpoint_write(struct buf *text, const struct tlog_checkpoint *checkpoint);
/* Adds a cosignature/v1 line (type 0x04, tlog-cosignature) over a note's text. */
void tlog_cosign(struct buf *lines, struct bytes text, const struct note_key *key,
                 const uint8_t seed[32], uint64_t timestamp);
/* When a key cosigned; false where no line of it verifies. */
bool tlog_cosigned_at(uint64_t *ret_timestamp, const struct note *note, const struct note_key *key);

/* ---- proofs ------------------------------------------------------------------------------------
 */

struct tlog_proof {
    struct hash256 hashes[TLOG_PROOF_MAX];
    size_t count;
};
/* 0; REFUSED: an index at or past the size; FALSE: it does not lead to the root. */
int tlog_inclusion_check(const struct hash256 *leaf, uint64_t index, uint64_t size,
                         const struct tlog_proof *proof, const struct hash256 *root,
                         struct err *err);
/* 0 where the tree of size2 continues the one of size1. size1 0 asks for an empty proof and
 * holds for any root2; equal sizes ask for an empty proof and equal roots. */
struct tlog_tree {
    uint64_t size;
    struct hash256 root;
};
int tlog_consistency_check(const struct tlog_tree *before, const struct tlog_tree *after,
                           const struct tlog_proof *proof, struct err *err);

/* A .tlog-proof file (tlog-proof): an entry's place, its proof, the signed checkpoint. */
struct tlog_proof_file {
    struct bytes extra; /* empty where there is none */
    uint64_t index;
    struct tlog_proof proof;
    struct bytes checkpoint; /* the note, views the input */
};
int tlog_proof_file_parse(struct tlog_proof_file *ret_file, const char *object, struct bytes raw,
                          struct arena *arena, struct err *err);
void tlog_proof_file_write(struct buf *buf, const struct tlog_proof_file *file);

/* ---- tiles
 * --------------------------------------------------------------------------------------- */

/* A tile, or at level TLOG_ENTRIES an entry bundle: hashes or entries n*256 to n*256+width. */
enum { TLOG_ENTRIES = 64 };
struct tlog_tile {
    unsigned level;
    uint64_t n;
    unsigned width; /* 1 to 256 */
};
/* "tile/0/x001/x234/067", "tile/entries/000.p/42". */
void tlog_tile_path(char ret_path[TLOG_PATH_SIZE], const struct tlog_tile *tile);
bool tlog_tile_from_path(struct tlog_tile *ret_tile, const char *path);
/* How wide the n-th tile of a level is in a log of a size; 0: it is not there. */
unsigned tlog_tile_width(uint64_t size, unsigned level, uint64_t n);

/* Where tiles come from: a folder, a server, memory. Reads one whole; a partial tile may come
 * wider (the full one stands in for it). MISSING: not there. */
struct tlog_reader {
    void *context;
    int (*read)(void *context, struct buf *ret_data, const struct tlog_tile *tile, struct err *err);
};
/* Tiles below a folder; the reader borrows the path. */
struct tlog_reader tlog_reader_folder(const char *folder);
/* Tiles are cut to their width and their size checked: REFUSED names the tile. */
int tlog_tile_read(struct buf *ret_data, const struct tlog_reader *reader,
                   const struct tlog_tile *tile, struct err *err);
/* One entry of a bundle, and how many there are; REFUSED: a bundle cut short or with bytes behind.
 */
int tlog_bundle_entry(struct bytes *ret_entry, struct bytes bundle, unsigned width, unsigned index,
                      struct err *err);
/* The next entry of a bundle: two bytes of length, big-endian, and the entry. False where it is cut
 * short. */
bool tlog_entry_take(struct bytes *ret_entry, struct cursor *cursor);
/* The leaf hashes of a bundle's entries, several at once; false where it has not just `width` of
 * them. */
bool tlog_bundle_leaves(struct hash256 *ret_leaves, struct bytes bundle, unsigned width);
/* The root of a full tile's hashes: one hash of the level above. */
void tlog_tile_root(struct hash256 *ret_root, const struct hash256 hashes[TLOG_TILE_WIDTH]);
/* From tiles: the hash of a whole subtree's root, proofs, the root of a size. All of it follows
 * from what was read: whoever does not trust the tiles checks the root against a checkpoint. */
int tlog_root_read(struct hash256 *ret_root, const struct tlog_reader *reader, uint64_t size,
                   struct err *err);
int tlog_inclusion_prove(struct tlog_proof *ret_proof, const struct tlog_reader *reader,
                         uint64_t index, uint64_t size, struct err *err);
int tlog_consistency_prove(struct tlog_proof *ret_proof, const struct tlog_reader *reader,
                           uint64_t before, uint64_t after, struct err *err);

/* ---- policies (tlog-policy) -------------------------------------------------------------------
 */

enum { TLOG_POLICY_LOG_MAX = 64, TLOG_POLICY_WITNESS_MAX = 256, TLOG_POLICY_GROUP_MAX = 256 };
struct tlog_policy;
int tlog_policy_parse(struct tlog_policy **ret_policy, const char *object, struct bytes text,
                      struct err *err);
void tlog_policy_free(struct tlog_policy *policy);
/* Keys of logs, and of witnesses with their names and addresses (NULL: none). */
size_t tlog_policy_log_count(const struct tlog_policy *policy);
const struct note_key *tlog_policy_log(const struct tlog_policy *policy, size_t index,
                                       const char **ret_url);
size_t tlog_policy_witness_count(const struct tlog_policy *policy);
const struct note_key *tlog_policy_witness(const struct tlog_policy *policy, size_t index,
                                           const char **ret_name, const char **ret_url);
/* What a checkpoint has, whether or not it is enough. */
struct tlog_policy_check {
    const struct note_key *log; /* the log key that signed, or NULL */
    bool quorum;
    size_t cosigned; /* witnesses of the policy */
    bool witnessed[TLOG_POLICY_WITNESS_MAX];
    uint64_t oldest; /* timestamp among them, 0: none */
};
/* 0: signed by a log of the policy whose name is the origin, and the quorum is reached. MISSING:
 * not so; also where the policy names no log at all. FALSE: a known key's signature fails. */
int tlog_policy_verify(struct tlog_policy_check *ret_check, const struct tlog_policy *policy,
                       const struct note *note, const struct tlog_checkpoint *checkpoint,
                       struct err *err);

/* ---- a log that is written ------------------------------------------------------------------ */

/* What the writer asks of a file system, so that tests can take away what was not synced. Paths
 * are below the two folders; IO where one fails. */
struct tlog_io {
    void *context;
    /* One holder at a time, until it lets go or its process ends; the file and its folders are
     * made. ENVIRONMENT where another holds it. */
    int (*lock)(void *context, int *ret_handle, const char *path, struct err *err);
    void (*unlock)(void *context, int handle);
    /* A file that grows: opened at its end, made where it is not there. */
    int (*append_open)(void *context, int *ret_handle, const char *path, struct err *err);
    int (*append)(void *context, int handle, struct bytes bytes, struct err *err);
    int (*append_sync)(void *context, int handle, struct err *err); /* fdatasync */
    void (*append_close)(void *context, int handle);
    /* A whole new file (folders made), not yet synced. */
    int (*put)(void *context, const char *path, struct bytes bytes, struct err *err);
    int (*sync)(void *context, const char *path, struct err *err);     /* a file or a folder */
    int (*sync_all)(void *context, const char *path, struct err *err); /* all that was put */
    int (*rename)(void *context, const char *from, const char *to, struct err *err);
    /* A file or an empty folder. */
    int (*remove)(void *context, const char *path, struct err *err);
    int (*read)(void *context, struct buf *ret_data, const char *path, size_t size_max,
                struct err *err); /* MISSING: not there */
};
/* The machine's own; its context is unused. */
const struct tlog_io *tlog_io_posix(void);

/* A folder that is served as it is (checkpoint, tile/…), and beside it a private folder with the
 * write-ahead log, the last signed tree and a lock. One writer at a time: ENVIRONMENT where
 * another holds the lock. A writer belongs to one thread at a time. Once a write fails in a way
 * that leaves open what the disk holds, it answers IO to all that follows: opened again, it
 * looks. */
struct tlog_writer;
struct tlog_writer_options {
    const char *public_folder;
    const char *private_folder;
    const char *origin;
    const struct note_key *key; /* the log's, type 0x01 */
    const uint8_t *seed;
    const struct tlog_io *io; /* NULL: tlog_io_posix() */
};
/* Makes both folders, signs and places the empty tree; REFUSED where a log stands there already. */
int tlog_writer_init(const struct tlog_writer_options *options, struct err *err);
/* Replays the write-ahead log, rebuilds the tree from the tiles at its edge, checks them against
 * the tiles below, and refuses (FALSE, naming the file) to go on where it is not the tree that was
 * signed last, or where `checkpoint` shows another one. A tail that was never acknowledged is cut.
 * What lies behind the edge is tlog_audit_run's. */
int tlog_writer_open(struct tlog_writer **ret_writer, const struct tlog_writer_options *options,
                     struct err *err);
void tlog_writer_close(struct tlog_writer *writer);
enum {
    TLOG_ADD_MAX = 64 << 20
}; /* bytes that one call adds, two for each entry's length counted */
/* Durable when it returns: the entries (at least one) stand in the write-ahead log, one frame, one
 * fdatasync for all of them. *ret_first is the index of the first. REFUSED: an entry over
 * TLOG_ENTRY_MAX, all over TLOG_ADD_MAX; ENVIRONMENT: 1 GiB waits to be signed. */
int tlog_writer_add(struct tlog_writer *writer, uint64_t *ret_first, const struct bytes *entries,
                    size_t count, struct err *err);
uint64_t tlog_writer_size(const struct tlog_writer *writer);        /* added and durable */
uint64_t tlog_writer_signed_size(const struct tlog_writer *writer); /* of the signed tree */
/* Tiles and bundles of all that is durable, by temporary file, one sync and renames; leaf hashes
 * and root recomputed from the files by a second path (FALSE where they differ: nothing is
 * signed); the signed tree stored by compare and swap; then the signed note, not placed yet. The
 * same tree gives the same bytes again. */
int tlog_writer_sign(struct tlog_writer *writer, struct buf *ret_note, struct err *err);
/* Puts the note signed last in place as `checkpoint`, with the lines of witnesses (empty: none),
 * atomically. REFUSED: a line that is none. */
int tlog_writer_place(struct tlog_writer *writer, struct bytes lines, struct err *err);

/* ---- audits
 * --------------------------------------------------------------------------------------- */

/* Everything recomputed: each bundle's leaf hashes, every tile above them, the root. FALSE names
 * the file that differs; visit (or NULL) sees every entry in order. */
struct tlog_audit {
    uint64_t entries, bytes;
};
typedef int tlog_entry_visit(void *context, uint64_t index, struct bytes entry, struct err *err);
int tlog_audit_run(struct tlog_audit *ret_audit, const struct tlog_reader *reader,
                   const struct tlog_tree *tree, tlog_entry_visit *visit, void *context,
                   struct err *err);

/* Two checkpoints of one origin that can't both be of an append-only log: a self-contained file
 * that anyone checks (doc/formats/tlog.md, "Fraud proofs"). Of one size their roots differ. Of two
 * sizes the path (a consistency proof whose first hash always stands there, also where the
 * smaller size is a power of two) leads to the root of the larger tree and shows another root
 * for its beginning than the smaller checkpoint has. */
struct tlog_fraud {
    struct bytes first, second; /* signed checkpoints, the smaller first; view the input */
    struct tlog_proof path;     /* empty for equal sizes */
};
/* The path that shows it, from the tiles of the larger tree. */
int tlog_fraud_prove(struct tlog_proof *ret_path, const struct tlog_reader *reader, uint64_t before,
                     uint64_t after, struct err *err);
void tlog_fraud_write(struct buf *buf, const struct tlog_fraud *fraud);
int tlog_fraud_parse(struct tlog_fraud *ret_fraud, const char *object, struct bytes raw,
                     struct arena *arena, struct err *err);
/* 0: the log with this key has signed both, and they contradict each other. MISSING: this file
 * does not show it. FALSE: a signature fails. */
int tlog_fraud_check(const struct tlog_fraud *fraud, const struct note_key *log, struct err *err);

#endif
