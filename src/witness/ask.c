/* Asking witnesses: all at once, each in a thread of its own, so that one that is down or slow
 * costs its time limit and nothing more. Nothing is believed: what comes back is verified. */
#include "witness/witness_priv.h"

#include <pthread.h>
#include <stdlib.h>

/* What is asked, the same for all. */
struct question {
    struct bytes raw;
    struct note note;
    struct tlog_checkpoint checkpoint;
    const struct tlog_reader *tiles;
    unsigned timeout_ms;
};
struct asking {
    const struct question *question;
    const struct witness_peer *peer;
    struct witness_reply *reply;
    int64_t until_ms;
    bool started;
    pthread_t thread;
};

/* The lines of the peer's key among those that came; all else is ignored. */
static int lines_take(struct asking *asking, struct bytes lines, struct err *err)
{
    const struct question *question = asking->question;
    const struct note_key *key = asking->peer->key;
    struct arena arena = {0};
    struct note note;
    struct buf raw = buf_with_max(NOTE_SIZE_MAX);
    struct buf kept = buf_with_max(NOTE_SIZE_MAX);
    bool valid = false;
    uint64_t time = 0;
    buf_add(&raw, question->note.text);
    buf_u8(&raw, '\n');
    buf_add(&raw, lines);
    int code = raw.bad ? err_set(err, SANAD_REFUSED, "%s: its answer is too long", key->name)
                       : note_parse(&note, key->name, buf_bytes(&raw), &arena, err);
    if (code == 0 && note.text.size != question->note.text.size)
        code = err_set(err, SANAD_REFUSED, "%s: its answer is not signature lines", key->name);
    if (code == 0)
        code = note_verify(&valid, &note, key, 1, err);
    if (code == 0 && (!valid || !tlog_cosigned_at(&time, &note, key)))
        code = err_set(err, SANAD_FALSE, "%s: its answer has no cosignature of its key", key->name);
    if (code == 0 && time == 0)
        code = err_set(err, SANAD_FALSE, "%s: it cosigned without a time", key->name);
    for (size_t i = 0; code == 0 && i < note.signature_count; i++)
        if (strcmp(note.signatures[i].name, key->name) == 0 &&
            memcmp(note.signatures[i].id, key->id, sizeof key->id) == 0 && kept.size == 0)
            note_line_write(&kept, &note.signatures[i]);
    if (code == 0) {
        asking->reply->lines = kept;
        asking->reply->time = time;
        asking->reply->size = question->checkpoint.size;
    } else {
        buf_free(&kept);
    }
    buf_free(&raw);
    arena_free(&arena);
    return code;
}

/* 409: the size that it has cosigned. */
static int size_take(uint64_t *ret_size, const struct asking *asking,
                     const struct http_response *response, struct err *err)
{
    const char *name = asking->peer->key->name;
    struct bytes body = buf_bytes(&response->body);
    uint64_t size;
    if (strncmp(response->type, "text/x.tlog.size", 16) != 0 || body.size < 2 ||
        body.data[body.size - 1] != '\n' ||
        !number_parse(&size, (const char *)body.data, body.size - 1, TLOG_SIZE_MAX))
        return err_set(err, SANAD_REFUSED, "%s: answers 409 without a size", name);
    if (size > asking->question->checkpoint.size)
        return err_set(
            err, SANAD_FALSE, "%s: has cosigned %llu entries of this log, the checkpoint has %llu",
            name, (unsigned long long)size, (unsigned long long)asking->question->checkpoint.size);
    *ret_size = size;
    return 0;
}

/* One request; *ret_again where the old size was another, which is then in *old_size. */
static int ask_once(struct asking *asking, bool *ret_again, uint64_t *old_size,
                    struct http_client *client, struct err *err)
{
    const struct question *question = asking->question;
    struct http_response response;
    struct tlog_proof proof = {.count = 0};
    char url[HTTP_URL_MAX];
    int64_t left = asking->until_ms - clock_ms();
    const struct http_limits limits = {.size_max = WITNESS_ANSWER_MAX,
                                       .connect_ms = left > 0 ? (unsigned)left : 1,
                                       .total_ms = left > 0 ? (unsigned)left : 1};
    struct buf body = buf_with_max(WITNESS_BODY_MAX);
    int code = http_url_join(url, asking->peer->url, "add-checkpoint", err);
    *ret_again = false;
    if (code == 0 && *old_size > 0)
        code = tlog_consistency_prove(&proof, question->tiles, *old_size, question->checkpoint.size,
                                      err);
    if (code)
        return code;
    witness_request_write(&body, *old_size, &proof, question->raw);
    code = body.bad ? err_set(err, SANAD_REFUSED, "checkpoint: too long for a witness")
                    : http_post(client, &response, url, buf_bytes(&body), &limits, err);
    buf_free(&body);
    if (code)
        return code;
    if (response.status == 200) {
        code = lines_take(asking, buf_bytes(&response.body), err);
    } else if (response.status == 409) {
        code = size_take(old_size, asking, &response, err);
        *ret_again = code == 0;
        if (code == 0)
            asking->reply->size = *old_size;
    } else {
        const char *text = buf_cstr(&response.body);
        code = err_set(err, SANAD_REFUSED, "%s: answers %u: %.*s", asking->peer->key->name,
                       response.status, (int)strcspn(text, "\r\n"), text);
    }
    buf_free(&response.body);
    return code;
}

static void *ask_one(void *context)
{
    struct asking *asking = context;
    struct witness_reply *reply = asking->reply;
    struct http_client *client = http_client_new();
    bool again;
    uint64_t old_size = asking->peer->old_size;
    if (old_size > asking->question->checkpoint.size)
        old_size = 0;
    int code = ask_once(asking, &again, &old_size, client, &reply->err);
    if (code == 0 && again) /* now it has told what it has */
        code = ask_once(asking, &again, &old_size, client, &reply->err);
    if (code == 0 && again)
        code = err_set(&reply->err, SANAD_REFUSED, "%s: answers 409 to the size that it told",
                       asking->peer->key->name);
    reply->code = code;
    http_client_free(client);
    return NULL;
}

static int question_read(struct question *question, struct arena *arena, struct err *err)
{
    int code = note_parse(&question->note, "checkpoint", question->raw, arena, err);
    return code ? code
                : tlog_checkpoint_parse(&question->checkpoint, "checkpoint", question->note.text,
                                        err);
}

int witness_ask(struct witness_reply *ret_replies, const struct witness_peer *peers, size_t count,
                struct bytes note, const struct tlog_reader *tiles, unsigned timeout_ms,
                struct err *err)
{
    struct arena arena = {0};
    struct question question = {.raw = note, .tiles = tiles, .timeout_ms = timeout_ms};
    sanad_assert(timeout_ms > 0 && count <= TLOG_POLICY_WITNESS_MAX);
    int code = question_read(&question, &arena, err);
    struct asking *askings = mem_zalloc(count ? count : 1, sizeof *askings);
    for (size_t i = 0; i < count && code == 0; i++) {
        ret_replies[i] = (struct witness_reply){.size = peers[i].old_size};
        askings[i] = (struct asking){.question = &question,
                                     .peer = &peers[i],
                                     .reply = &ret_replies[i],
                                     .until_ms = clock_ms() + timeout_ms};
        sanad_assert(peers[i].key->type == NOTE_KEY_TYPE_COSIGNATURE);
        askings[i].started = pthread_create(&askings[i].thread, NULL, ask_one, &askings[i]) == 0;
        if (!askings[i].started)
            ret_replies[i].code = err_set(&ret_replies[i].err, SANAD_ENVIRONMENT,
                                          "%s: no thread can be made", peers[i].key->name);
    }
    for (size_t i = 0; i < count; i++)
        if (askings[i].started)
            (void)pthread_join(askings[i].thread, NULL);
    free(askings);
    arena_free(&arena);
    return code;
}
