/* mirror: a copy of somebody else's log, pulled from its static files (a folder or an address),
 * every byte held against the log's signed checkpoint before it is kept, and cosigned by the
 * mirror's own key when all of it is durable (c2sp.org/tlog-mirror, an update process of its own).
 * The copy has the layout of the log and is served as it is. */
#ifndef SANAD_MIRROR_H
#define SANAD_MIRROR_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "http/http.h"
#include "note/note.h"
#include "tlog/tlog.h"

enum { MIRROR_THREADS = 4, MIRROR_THREAD_MAX = 64, MIRROR_TIMEOUT_MS = 30000 };

/* Where a log is read from: "http://…", "https://…", or a folder. Belongs to one thread. */
struct mirror_source;
/* REFUSED: an address that is none. */
int mirror_source_open(struct mirror_source **ret_source, const char *where, unsigned timeout_ms,
                       struct err *err);
void mirror_source_close(struct mirror_source *source); /* NULL is fine */
/* Its tiles; lives as long as the source. */
struct tlog_reader mirror_source_reader(struct mirror_source *source);
/* MISSING: none there. */
int mirror_source_checkpoint(struct mirror_source *source, struct buf *ret_note, struct err *err);
/* Any other file that lies there, by its name below the log. MISSING: none there. */
int mirror_source_file(struct mirror_source *source, struct buf *ret_data, const char *name,
                       size_t size_max, struct err *err);

struct mirror_options {
    const char *where;  /* the source; not used where `tiles` is set */
    const char *folder; /* the copy */
    const struct tlog_policy *policy;
    const struct note_key *key; /* of type 0x04; NULL: the copy is not cosigned */
    const uint8_t *seed;
    /* The source as tiles and a checkpoint that are at hand; several threads read at once. */
    const struct tlog_reader *tiles;
    struct bytes checkpoint;
    unsigned thread_count;    /* 0: MIRROR_THREADS */
    unsigned timeout_ms;      /* of one file; 0: MIRROR_TIMEOUT_MS */
    const struct tlog_io *io; /* NULL: tlog_io_posix() */
    int64_t (*clock)(void);   /* NULL: the machine's */
};
struct mirror_result {
    char origin[TLOG_ORIGIN_MAX + 1]; /* "" where the source did not even have a checkpoint */
    uint64_t before, size;            /* entries of the copy, before and now */
    uint64_t bytes;                   /* of new bundles */
    bool placed;                      /* a checkpoint was written */
    struct buf fraud; /* a fraud proof where two stories were signed; caller frees */
};
/* One round: the source's checkpoint, what is new below it, our checkpoint in place. What was
 * pulled by an interrupted round is verified and used. *ret_result is always set.
 * FALSE: the source contradicts what it signed, or bytes are not what was signed. REFUSED: an older
 * checkpoint than the copy's, a log that the policy does not name, a key that is another
 * cosigner's. MISSING: a file is not there. IO. */
int mirror_run(struct mirror_result *ret_result, const struct mirror_options *options,
               struct err *err);

#endif
