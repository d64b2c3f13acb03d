/* The witness: what it has cosigned, by log; the checks in the order of the protocol; one write to
 * the store for all requests that wait for one. */
#include "witness/witness_priv.h"

#include <pthread.h>
#include <stdlib.h>

/* What was cosigned last of a log. */
struct log_state {
    char origin[TLOG_ORIGIN_MAX + 1];
    char hash[HEX256_SIZE]; /* SHA-256 of the origin, as paths have it */
    struct note_key *keys;  /* none: a log that was known once; its state is kept */
    size_t key_count;
    bool cosigned;
    uint64_t size;
    struct hash256 root;
    uint64_t time;
    struct bytes text; /* of the note; views it */
    struct buf note;
    uint64_t ticket; /* durable when the witness's `durable` has reached it */
};
struct witness {
    struct witness_options options;
    struct note_key key;
    uint8_t seed[32];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct log_state **logs;
    size_t log_count;
    uint64_t time;    /* the latest that was signed */
    struct buf queue; /* records that wait for a write */
    uint64_t queued;  /* tickets: one a record */
    uint64_t durable; /* up to here they are in the store */
    uint64_t failed;  /* up to here they are answered, or could not be kept */
    bool writing;     /* one thread writes for all */
    bool broken;      /* the store failed: all of it must be written anew */
    uint64_t frames;  /* of the journal */
    size_t journal_size;
    size_t whole_size; /* of the journal when it was written anew */
};

enum { STATE_MAX = 4096 }; /* logs that were ever known */

static int64_t clock_of(struct witness *witness)
{
    return witness->options.clock ? witness->options.clock(witness->options.clock_context)
                                  : time_now();
}

/* ---- the state ---------------------------------------------------------------------------------
 */

static struct log_state *log_find(const struct witness *witness, const char *origin)
{
    for (size_t i = 0; i < witness->log_count; i++)
        if (strcmp(witness->logs[i]->origin, origin) == 0)
            return witness->logs[i];
    return NULL;
}

static struct log_state *log_take(struct witness *witness, const char *origin)
{
    struct log_state *log = log_find(witness, origin);
    struct hash256 hash;
    if (log || witness->log_count == STATE_MAX)
        return log;
    log = mem_zalloc(1, sizeof *log);
    (void)snprintf(log->origin, sizeof log->origin, "%s", origin);
    sha256_of(&hash, bytes_of_text(origin));
    hash256_straight(log->hash, &hash);
    witness->logs = mem_realloc(witness->logs, witness->log_count + 1, sizeof(struct log_state *));
    witness->logs[witness->log_count++] = log;
    return log;
}

static void log_set(struct log_state *log, const struct tlog_checkpoint *checkpoint, uint64_t time,
                    struct bytes note, size_t text_size)
{
    struct buf copy = buf_with_max(NOTE_SIZE_MAX);
    buf_add(&copy, note);
    sanad_assert(!copy.bad && text_size <= note.size);
    buf_free(&log->note);
    log->cosigned = true;
    log->size = checkpoint->size;
    log->root = checkpoint->root;
    log->time = time;
    log->note = copy;
    log->text = bytes_of(copy.data, text_size);
}

/* A record of the journal, as the witness starts. */
static int record_load(void *context, const struct witness_record *record, struct err *err)
{
    struct witness *witness = context;
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    int code = note_parse(&note, "witness journal", record->note, &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, "witness journal", note.text, err);
    struct log_state *log = code == 0 ? log_take(witness, checkpoint.origin) : NULL;
    if (code == 0 && !log)
        code = err_set(err, SANAD_REFUSED, "witness journal: more than %d logs", STATE_MAX);
    if (code == 0 && (record->time < log->time || checkpoint.size < log->size))
        code = err_set(err, SANAD_FALSE, "witness journal: log %s: size or time goes back",
                       log->origin);
    if (code == 0) {
        log_set(log, &checkpoint, record->time, record->note, note.text.size);
        if (record->time > witness->time)
            witness->time = record->time;
    }
    arena_free(&arena);
    return code;
}

/* The whole state as a journal of one frame. */
static void snapshot(const struct witness *witness, struct buf *journal)
{
    struct buf records = buf_with_max(WITNESS_FRAME_MAX);
    for (size_t i = 0; i < witness->log_count; i++)
        if (witness->logs[i]->cosigned)
            witness_record_write(&records, witness->logs[i]->time,
                                 buf_bytes(&witness->logs[i]->note));
    sanad_assert(!records.bad);
    *journal = buf_with_max(WITNESS_FRAME_MAX + 4096);
    witness_frame_write(journal, 1, buf_bytes(&records));
    buf_free(&records);
}

static int state_load(struct witness *witness, struct err *err)
{
    const struct witness_store *store = &witness->options.store;
    struct buf journal;
    uint64_t frames;
    size_t torn;
    int code = store->read(store->context, &journal, err);
    if (code)
        return code;
    code = witness_journal_read(&frames, &torn, buf_bytes(&journal), record_load, witness, err);
    buf_free(&journal);
    if (code)
        return code;
    snapshot(witness, &journal);
    code = store->replace(store->context, buf_bytes(&journal), err);
    witness->frames = 1;
    witness->journal_size = witness->whole_size = journal.size;
    buf_free(&journal);
    return code;
}

static int key_add(struct log_state *log, const struct note_key *key, struct err *err)
{
    if (key->type != NOTE_KEY_TYPE_ED25519)
        return err_set(err, SANAD_REFUSED, "log %s: its key is not of type 0x01", log->origin);
    log->keys = mem_realloc(log->keys, log->key_count + 1, sizeof *log->keys);
    log->keys[log->key_count++] = *key;
    return 0;
}

int witness_new(struct witness **ret_witness, const struct witness_options *options,
                struct err *err)
{
    int code = 0;
    if (options->key->type != NOTE_KEY_TYPE_COSIGNATURE)
        return err_set(err, SANAD_REFUSED, "%s: a witness signs with a cosigner's key (type 0x04)",
                       options->key->name);
    if (options->log_count > WITNESS_LOG_MAX)
        return err_set(err, SANAD_REFUSED, "witness: more than %d keys of logs", WITNESS_LOG_MAX);
    struct witness *witness = mem_zalloc(1, sizeof *witness);
    witness->options = *options;
    witness->key = *options->key;
    memcpy(witness->seed, options->seed, sizeof witness->seed);
    (void)pthread_mutex_init(&witness->lock, NULL);
    (void)pthread_cond_init(&witness->changed, NULL);
    witness->queue = buf_with_max(WITNESS_FRAME_MAX);
    for (size_t i = 0; i < options->log_count && code == 0; i++)
        code = key_add(log_take(witness, options->logs[i].origin), options->logs[i].key, err);
    if (code == 0)
        code = state_load(witness, err);
    if (code)
        witness_free(witness);
    else
        *ret_witness = witness;
    return code;
}

/* Ends with a journal of one frame, which a crash can't have cut: then any damage to it is seen.
 * Where that fails the journal is as whole as it was. */
static void state_close(struct witness *witness)
{
    const struct witness_store *store = &witness->options.store;
    struct buf journal;
    if (witness->frames <= 1 || witness->broken)
        return;
    snapshot(witness, &journal);
    (void)store->replace(store->context, buf_bytes(&journal), NULL);
    buf_free(&journal);
}

void witness_free(struct witness *witness)
{
    if (!witness)
        return;
    state_close(witness);
    for (size_t i = 0; i < witness->log_count; i++) {
        free(witness->logs[i]->keys);
        buf_free(&witness->logs[i]->note);
        free(witness->logs[i]);
    }
    free(witness->logs);
    buf_free(&witness->queue);
    (void)pthread_cond_destroy(&witness->changed);
    (void)pthread_mutex_destroy(&witness->lock);
    secret_wipe(witness->seed, sizeof witness->seed);
    free(witness);
}

/* ---- writing for all that wait ----------------------------------------------------------------
 */

/* Called with the lock held, which is given up for the write. A store that failed once may hold
 * anything: then, and where the journal has grown long, all of it is written anew. */
static void write_queue(struct witness *witness)
{
    const struct witness_store *store = &witness->options.store;
    uint64_t ticket = witness->queued;
    bool whole =
        witness->broken || witness->journal_size > WITNESS_COMPACT_SIZE + 2 * witness->whole_size;
    struct buf bytes;
    struct err err;
    if (whole) {
        snapshot(witness, &bytes);
    } else {
        bytes = buf_with_max(WITNESS_FRAME_MAX + 4096);
        witness_frame_write(&bytes, witness->frames + 1, buf_bytes(&witness->queue));
    }
    buf_reset(&witness->queue);
    witness->writing = true;
    (void)pthread_mutex_unlock(&witness->lock);
    int code = whole ? store->replace(store->context, buf_bytes(&bytes), &err)
                     : store->append(store->context, buf_bytes(&bytes), &err);
    (void)pthread_mutex_lock(&witness->lock);
    witness->writing = false;
    witness->broken = code != 0;
    witness->failed = ticket;
    if (code == 0) {
        witness->durable = ticket;
        witness->frames = whole ? 1 : witness->frames + 1;
        witness->journal_size = whole ? bytes.size : witness->journal_size + bytes.size;
        witness->whole_size = whole ? bytes.size : witness->whole_size;
    }
    buf_free(&bytes);
    (void)pthread_cond_broadcast(&witness->changed);
}

/* Waits, with the lock held, until a ticket is durable; false where it could not be kept. */
static bool ticket_wait(struct witness *witness, uint64_t ticket)
{
    while (witness->durable < ticket && witness->failed < ticket) {
        if (witness->writing)
            (void)pthread_cond_wait(&witness->changed, &witness->lock);
        else
            write_queue(witness);
    }
    return witness->durable >= ticket;
}

/* ---- add-checkpoint ---------------------------------------------------------------------------
 */

/* One request on its way. */
struct call {
    struct witness *witness;
    struct witness_request request;
    struct log_state *log;
    bool *valid; /* which of the log's keys signed */
    struct http_answer *answer;
    struct witness_event *event;
};

static void refuse(struct call *call, unsigned status, const char *why)
{
    http_answer_text(call->answer, status, why);
    (void)snprintf(call->event->why, sizeof call->event->why, "%s", why);
}

/* The log's signatures: none may fail, one must hold. */
static bool signature_check(struct call *call, struct arena *arena)
{
    struct err err;
    const struct log_state *log = call->log;
    call->valid = arena_alloc(arena, log->key_count, sizeof *call->valid);
    if (call->request.unsigned_note) {
        refuse(call, 403, "its signature lines are malformed");
        return false;
    }
    if (note_verify(call->valid, &call->request.note, log->keys, log->key_count, &err) != 0) {
        refuse(call, 403, err.text);
        return false;
    }
    for (size_t i = 0; i < log->key_count; i++)
        if (call->valid[i])
            return true;
    refuse(call, 403, "no signature of a key that is trusted for this origin");
    return false;
}

/* Two trees of one size, both signed by the log: that is proof enough for anyone. */
static void fraud_note(struct call *call)
{
    const struct log_state *log = call->log;
    const struct witness_request *request = &call->request;
    if (!log->cosigned || request->empty_wrong || request->checkpoint.size != log->size ||
        hash256_equal(&request->checkpoint.root, &log->root))
        return;
    struct tlog_fraud fraud = {.first = buf_bytes(&log->note)};
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    buf_add(&note, request->note.text);
    buf_u8(&note, '\n');
    for (size_t i = 0; i < request->note.signature_count; i++)
        note_line_write(&note, &request->note.signatures[i]);
    fraud.second = buf_bytes(&note);
    call->event->fraud = buf_with_max(4 * NOTE_SIZE_MAX);
    tlog_fraud_write(&call->event->fraud, &fraud);
    buf_free(&note);
}

static void conflict(struct call *call)
{
    *call->answer = (struct http_answer){.status = 409, .type = "text/x.tlog.size"};
    call->answer->body = buf_with_max(32);
    buf_format(&call->answer->body, "%llu\n", (unsigned long long)call->log->size);
    (void)snprintf(call->event->why, sizeof call->event->why, "old size %llu, cosigned size %llu",
                   (unsigned long long)call->request.old_size, (unsigned long long)call->log->size);
}

/* The checks that depend on the state, in the order of the protocol. */
static bool state_check(struct call *call)
{
    struct err err;
    const struct log_state *log = call->log;
    const struct witness_request *request = &call->request;
    struct tlog_tree before = {.size = log->size, .root = log->root};
    struct tlog_tree after = {.size = request->checkpoint.size, .root = request->checkpoint.root};
    fraud_note(call);
    if (request->old_size > request->checkpoint.size) {
        refuse(call, 400, "the old size is over the checkpoint's");
        return false;
    }
    if (request->old_size != log->size) {
        conflict(call);
        return false;
    }
    if (request->empty_wrong) {
        refuse(call, 422, "an empty tree has another root");
        return false;
    }
    if (!log->cosigned)
        tlog_empty_root(&before.root);
    if (tlog_consistency_check(&before, &after, &request->proof, &err) != 0) {
        refuse(call, 422, err.text);
        return false;
    }
    return true;
}

/* The checkpoint with the lines of the log's keys; then our line. */
static void cosign(struct call *call, uint64_t time)
{
    struct witness *witness = call->witness;
    const struct note *note = &call->request.note;
    struct buf signed_note = buf_with_max(NOTE_SIZE_MAX);
    buf_add(&signed_note, note->text);
    buf_u8(&signed_note, '\n');
    for (size_t k = 0; k < call->log->key_count; k++)
        for (size_t i = 0; call->valid[k] && i < note->signature_count; i++)
            if (strcmp(note->signatures[i].name, call->log->keys[k].name) == 0 &&
                memcmp(note->signatures[i].id, call->log->keys[k].id, 4) == 0) {
                note_line_write(&signed_note, &note->signatures[i]);
                break;
            }
    tlog_cosign(&signed_note, note->text, &witness->key, witness->seed, time);
    log_set(call->log, &call->request.checkpoint, time, buf_bytes(&signed_note), note->text.size);
    witness->time = time;
    witness_record_write(&witness->queue, time, buf_bytes(&signed_note));
    sanad_assert(!witness->queue.bad);
    call->log->ticket = ++witness->queued;
    buf_free(&signed_note);
}

/* Our line is the last of the stored note. */
static void line_answer(struct http_answer *answer, const struct log_state *log)
{
    const uint8_t *at = log->note.data + log->note.size - 1;
    while (at[-1] != '\n')
        at--;
    *answer = (struct http_answer){.status = 200, .type = "text/plain; charset=utf-8"};
    answer->body = buf_with_max(NOTE_SIZE_MAX);
    buf_add(&answer->body, bytes_of(at, (size_t)(log->note.data + log->note.size - at)));
}

static void add_locked(struct call *call)
{
    struct witness *witness = call->witness;
    struct log_state *log = call->log;
    /* Records wait for one frame; a frame that is full enough is written first. */
    while (witness->queue.size > WITNESS_FRAME_MAX - 2 * NOTE_SIZE_MAX)
        (void)ticket_wait(witness, witness->queued);
    if (!state_check(call))
        return;
    int64_t now = clock_of(witness);
    uint64_t time = now > 0 && (uint64_t)now > witness->time ? (uint64_t)now : witness->time;
    time = time ? time : 1; /* 0 would say that there is no time */
    if (!log->cosigned || log->time != time || !bytes_equal(log->text, call->request.note.text))
        cosign(call, time);
    struct http_answer answer;
    line_answer(&answer, log); /* now: the log's next note may come while this one is written */
    if (ticket_wait(witness, log->ticket)) {
        *call->answer = answer;
    } else {
        buf_free(&answer.body);
        refuse(call, 500, "the state could not be kept: nothing is signed");
    }
}

void witness_add_checkpoint(struct witness *witness, struct http_answer *ret_answer,
                            struct witness_event *ret_event, struct bytes body)
{
    struct arena arena = {0};
    struct err err;
    struct call call = {.witness = witness, .answer = ret_answer, .event = ret_event};
    *ret_event = (struct witness_event){.size = 0};
    if (witness_request_parse(&call.request, body, &arena, &err) != 0) {
        refuse(&call, 400, err.text);
        arena_free(&arena);
        return;
    }
    memcpy(ret_event->origin, call.request.checkpoint.origin, sizeof ret_event->origin);
    ret_event->size = call.request.checkpoint.size;
    call.log = log_find(witness, ret_event->origin); /* logs and keys never change */
    if (!call.log || call.log->key_count == 0) {
        refuse(&call, 404, "no log of this origin is known");
    } else if (signature_check(&call, &arena)) {
        (void)pthread_mutex_lock(&witness->lock);
        add_locked(&call);
        (void)pthread_mutex_unlock(&witness->lock);
    }
    arena_free(&arena);
}

/* ---- what it serves ---------------------------------------------------------------------------
 */

void witness_checkpoint(struct witness *witness, struct http_answer *ret_answer,
                        const char *origin_hash)
{
    struct http_answer answer = {.status = 404};
    (void)pthread_mutex_lock(&witness->lock);
    for (size_t i = 0; i < witness->log_count; i++) {
        const struct log_state *log = witness->logs[i];
        if (strcmp(log->hash, origin_hash) != 0 || !log->cosigned)
            continue;
        answer = (struct http_answer){.status = 200,
                                      .type = "text/plain; charset=utf-8",
                                      .cache = "public, max-age=5",
                                      .body = buf_with_max(NOTE_SIZE_MAX)};
        buf_add(&answer.body, buf_bytes(&log->note));
        if (!ticket_wait(witness, log->ticket)) {
            buf_free(&answer.body);
            answer.status = 500;
        }
        break;
    }
    (void)pthread_mutex_unlock(&witness->lock);
    if (answer.status == 404)
        http_answer_text(ret_answer, 404, "nothing of this log was cosigned");
    else if (answer.status == 500)
        http_answer_text(ret_answer, 500, "the state could not be kept");
    else
        *ret_answer = answer;
}

void witness_answer(struct witness *witness, struct http_answer *ret_answer,
                    struct witness_event *ret_event, const struct http_request *request)
{
    static const char add[] = "/add-checkpoint";
    static const char get[] = "/checkpoint";
    char hash[HEX256_SIZE];
    bool is_get = strcmp(request->method, "GET") == 0;
    size_t size = strlen(request->path);
    *ret_event = (struct witness_event){.size = 0};
    if (strcmp(request->path, add) == 0) {
        if (is_get)
            http_answer_text(ret_answer, 405, "method not allowed");
        else
            witness_add_checkpoint(witness, ret_answer, ret_event, request->body);
        return;
    }
    if (size == HEX256_SIZE + sizeof get - 1 && strcmp(request->path + HEX256_SIZE, get) == 0) {
        memcpy(hash, request->path + 1, HEX256_SIZE - 1);
        hash[HEX256_SIZE - 1] = 0;
        if (is_get)
            witness_checkpoint(witness, ret_answer, hash);
        else
            http_answer_text(ret_answer, 405, "method not allowed");
        return;
    }
    http_answer_text(ret_answer, 404, "not found");
}
