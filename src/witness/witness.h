/* witness: cosigns the newest checkpoints of other people's logs (c2sp.org/tlog-witness), each only
 * where it continues the one before, and remembers it before it answers; and asks other witnesses
 * to do the same for a log of ours. What is kept and answered: doc/formats/tlog.md. */
#ifndef SANAD_WITNESS_H
#define SANAD_WITNESS_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "http/http.h"
#include "note/note.h"
#include "tlog/tlog.h"

enum {
    WITNESS_BODY_MAX = 1 << 17,     /* bytes of a request */
    WITNESS_TEXT_MAX = 1 << 14,     /* of a checkpoint without its signatures */
    WITNESS_LOG_MAX = 1024,         /* keys of logs */
    WITNESS_JOURNAL_MAX = 1 << 29,  /* bytes that a state may have when it is read */
    WITNESS_COMPACT_SIZE = 1 << 25, /* from here on it is written anew, with one record a log */
    WITNESS_ANSWER_MAX = 1 << 16    /* bytes of another witness's answer */
};

/* ---- a request ---------------------------------------------------------------------------------
 */

/* The body of an add-checkpoint request (c2sp.org/tlog-witness). */
struct witness_request {
    uint64_t old_size;
    struct tlog_proof proof;
    struct note note;
    struct tlog_checkpoint checkpoint;
    bool unsigned_note; /* its signature lines are none: nobody has signed it */
    bool empty_wrong;   /* size 0 with another root than that of the empty tree */
};
/* REFUSED: it has not the form of one. Views the body and the arena. */
int witness_request_parse(struct witness_request *ret_request, struct bytes body,
                          struct arena *arena, struct err *err);
void witness_request_write(struct buf *body, uint64_t old_size, const struct tlog_proof *proof,
                           struct bytes note);

/* ---- the witness ------------------------------------------------------------------------------
 */

/* Where a witness keeps what it has cosigned. */
struct witness_store {
    void *context;
    /* All of it; empty where there is none yet. */
    int (*read)(void *context, struct buf *ret_journal, struct err *err);
    /* Durable when it returns. */
    int (*append)(void *context, struct bytes frame, struct err *err);
    /* All of it anew, durable when it returns; the old or the new is there at any moment. */
    int (*replace)(void *context, struct bytes journal, struct err *err);
};
/* A folder with `journal` and `lock`. ENVIRONMENT: another process has it. The store lives until
 * it is closed. */
struct witness_folder;
int witness_folder_open(struct witness_folder **ret_folder, const char *path, struct err *err);
struct witness_store witness_folder_store(struct witness_folder *folder);
void witness_folder_close(struct witness_folder *folder); /* NULL is fine */

/* A log that it knows. Several keys of one origin are several of these. */
struct witness_log {
    const char *origin;
    const struct note_key *key; /* type 0x01 */
};
struct witness_options {
    const struct note_key *key; /* its own, type 0x04 */
    const uint8_t *seed;
    const struct witness_log *logs;
    size_t log_count;
    struct witness_store store;
    int64_t (*clock)(void *context); /* NULL: the machine's */
    void *clock_context;
};
struct witness;
/* Reads its state. FALSE: the state is damaged or goes back: nothing may be signed on it. Only
 * bytes at its end that were never acknowledged are dropped. */
int witness_new(struct witness **ret_witness, const struct witness_options *options,
                struct err *err);
void witness_free(struct witness *witness); /* NULL is fine */

/* What happened, for the log of the program. */
struct witness_event {
    char origin[TLOG_ORIGIN_MAX + 1]; /* "" where the request had none */
    uint64_t size;
    char why[ERR_TEXT_SIZE]; /* "" where it was cosigned */
    struct buf fraud; /* a fraud proof, where the log has signed two trees; the caller frees */
};
/* The answer to the body of an add-checkpoint request. Any thread; several at once share one
 * write to the store. 200, 400, 403, 404, 409, 422; 500: the state could not be kept. */
void witness_add_checkpoint(struct witness *witness, struct http_answer *ret_answer,
                            struct witness_event *ret_event, struct bytes body);
/* The newest cosigned checkpoint of the log whose origin has this SHA-256, in hexadecimal. */
void witness_checkpoint(struct witness *witness, struct http_answer *ret_answer,
                        const char *origin_hash);
/* Any request: POST /add-checkpoint, GET /HASH/checkpoint. */
void witness_answer(struct witness *witness, struct http_answer *ret_answer,
                    struct witness_event *ret_event, const struct http_request *request);

/* ---- asking witnesses -------------------------------------------------------------------------
 */

struct witness_peer {
    const struct note_key *key; /* type 0x04 */
    const char *url;            /* what stands before /add-checkpoint */
    uint64_t old_size;          /* what it cosigned last, as far as is known; 0 will do */
};
struct witness_reply {
    int code;      /* 0 or why not: IO (no answer in time), FALSE (it lies), REFUSED (it says no) */
    uint64_t size; /* what it has cosigned now, as far as is known */
    uint64_t time; /* of its cosignature */
    struct buf lines; /* its signature lines, verified; the caller frees */
    struct err err;
};
/* Asks all of them at once to cosign a signed checkpoint, each for `timeout_ms` in all. `tiles` is
 * read by several threads and must have at least the tree of the checkpoint. REFUSED: the note is
 * no checkpoint. What each of them said stands in ret_replies[i]. */
int witness_ask(struct witness_reply *ret_replies, const struct witness_peer *peers, size_t count,
                struct bytes note, const struct tlog_reader *tiles, unsigned timeout_ms,
                struct err *err);

#endif
