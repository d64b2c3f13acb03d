/* bundle: a log carried across an air gap in one file. Written from a log's tiles, read back with
 * every byte checked, imported as a round of the mirror whose source is the file, and answered with
 * lines of cosigners that are put under the log's checkpoint. The format: doc/formats/bundle.md. */
#ifndef SANAD_BUNDLE_H
#define SANAD_BUNDLE_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "mirror/mirror.h"
#include "note/note.h"
#include "tlog/tlog.h"
#include "witness/witness.h"

enum {
    BUNDLE_SLICE_MAX = TLOG_TILE_WIDTH * (2 + TLOG_ENTRY_MAX), /* bytes of 256 entries */
    BUNDLE_LINES_MAX = 1 << 16 /* bytes of an answer: more than a policy's cosigners can say */
};

/* ---- the file ---------------------------------------------------------------------------------
 */

struct bundle_made {
    char origin[TLOG_ORIGIN_MAX + 1];
    uint64_t since, size;
    uint64_t bytes; /* of the file */
    struct hash256 digest;
};
/* Writes what a log has from `since` entries on, as of its checkpoint `note`: beside the path, read
 * back as bundle_open does, renamed. REFUSED: `since` is over the checkpoint's size. FALSE: the
 * tiles do not give the checkpoint. */
int bundle_export(struct bundle_made *ret_made, const char *path, struct bytes note,
                  const struct tlog_reader *tiles, uint64_t since, struct err *err);

/* A bundle that was read whole: its digest, its form, the proof in its head, and that its entries
 * give the root of its checkpoint. Whether the log has signed that is not asked here. */
struct bundle;
/* REFUSED: damaged in transport, or no bundle at all. FALSE: undamaged, and its entries do not give
 * the root, or its proof does not hold. */
int bundle_open(struct bundle **ret_bundle, const char *path, struct err *err);
void bundle_close(struct bundle *bundle); /* NULL is fine */
/* What it says; lives as long as the bundle. Its entries begin at `base`, the last multiple of 256
 * at or below `since`. */
struct bundle_head {
    struct bytes note; /* the checkpoint with its signature lines */
    struct tlog_checkpoint checkpoint;
    uint64_t since, base;
    uint64_t bytes; /* of the file */
    struct hash256 digest;
};
const struct bundle_head *bundle_head(const struct bundle *bundle);
/* Its tree's tiles from `base` on, computed from its entries when they are asked for; MISSING for
 * those that end before. Several threads may read. */
struct tlog_reader bundle_reader(struct bundle *bundle);
/* The checkpoint in a bundle's head alone, for whoever made it: nothing behind it is read. */
int bundle_note_read(struct buf *ret_note, const char *path, struct err *err);

/* ---- the offline side -------------------------------------------------------------------------
 */

struct bundle_import_options {
    const char *path;   /* the bundle */
    const char *folder; /* the copy */
    const struct tlog_policy *policy;
    /* The witness, or NULL; its state. */
    const struct note_key *key;
    const uint8_t *seed;
    const char *state_folder;
    /* The copy's cosigner, or NULL: another name and another key than the witness's. */
    const struct note_key *mirror_key;
    const uint8_t *mirror_seed;
};
struct bundle_imported {
    char origin[TLOG_ORIGIN_MAX + 1]; /* "" where the bundle could not be read */
    uint64_t since, before, size;     /* before: entries that the copy had */
    uint64_t bytes;                   /* of new entries */
    bool placed;                      /* the copy's checkpoint was written */
    struct buf lines;                 /* the answer; the caller frees */
    struct buf fraud;                 /* a proof that the log told two stories; the caller frees */
    bool fraud_of_state;              /* the other story is in the witness's state, not the copy */
};
/* Verifies the bundle and that it continues the copy and what the witness has cosigned, extends the
 * copy (mirror_run), then cosigns. Nothing is written before all of that is known, and no line
 * exists before the state that it stands on is durable. *ret_result is always set.
 * MISSING: the copy ends before the bundle begins. REFUSED: damaged, older than what is held, not a
 * log of the policy, keys that are not their own. FALSE: no signature of the log, two stories. */
int bundle_import(struct bundle_imported *ret_result, const struct bundle_import_options *options,
                  struct err *err);

/* ---- the online side --------------------------------------------------------------------------
 */

struct bundle_answer_options {
    const char *folder, *private_folder; /* the log's */
    const struct tlog_policy *policy;
    struct bytes
        lines; /* as they were typed or scanned: CR LF and a missing last newline are fine */
    struct bytes note; /* the checkpoint that they are for; empty: the one in the folder */
};
struct bundle_answered {
    char origin[TLOG_ORIGIN_MAX + 1];
    uint64_t size;       /* entries of the tree that was cosigned */
    uint64_t log_size;   /* of the log's checkpoint now */
    size_t added, known; /* lines that are new, and that stood there already */
    bool placed;         /* `checkpoint` was replaced */
    bool quorum;         /* of the policy, for the cosigned tree */
    struct buf note;     /* that tree's checkpoint with all lines; the caller frees */
};
/* Every line must be one of a cosigner in the policy and hold over the checkpoint; then they stand
 * under it, with those that are there already; of one key the later stays. Where the log has gone
 * on from the tree that was cosigned, nothing is placed: ret->note is that tree's. The log's key is
 * not needed. REFUSED: anything that is not such lines. FALSE: a signature fails, or the cosigned
 * tree is not the beginning of the log. ENVIRONMENT: the log is being written. */
int bundle_answer(struct bundle_answered *ret_answered, const struct bundle_answer_options *options,
                  struct err *err);

#endif
