/* Fuzzes a witness: a sequence of requests as they come and, where one can be read, again with the
 * log's signature over its text, so that what lies behind the signature is reached too; and its
 * journal. Whatever comes, it never cosigns two trees of one size, nor a smaller one. */
#include "witness/witness_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char origin[] = "log.example/a";

/* What was cosigned so far. */
struct seen {
    struct buf journal;
    uint64_t size;
    struct hash256 root;
};

static int seen_read(void *context, struct buf *ret, struct err *err)
{
    (void)context;
    (void)err;
    *ret = buf_with_max(0);
    return 0;
}

static int record_see(void *context, const struct witness_record *record, struct err *err)
{
    struct seen *seen = context;
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    (void)err;
    sanad_assert(record->time > 0);
    sanad_assert(note_parse(&note, "kept", record->note, &arena, NULL) == 0);
    sanad_assert(tlog_checkpoint_parse(&checkpoint, "kept", note.text, NULL) == 0);
    sanad_assert(checkpoint.size >= seen->size);
    sanad_assert(checkpoint.size > seen->size || seen->size == 0 ||
                 hash256_equal(&checkpoint.root, &seen->root));
    seen->size = checkpoint.size;
    seen->root = checkpoint.root;
    arena_free(&arena);
    return 0;
}

static int seen_append(void *context, struct bytes frame, struct err *err)
{
    struct seen *seen = context;
    uint64_t frames;
    size_t torn;
    struct seen again = {.size = 0};
    buf_add(&seen->journal, frame);
    sanad_assert(witness_journal_read(&frames, &torn, buf_bytes(&seen->journal), record_see, &again,
                                      err) == 0);
    sanad_assert(torn == 0);
    return 0;
}

static int seen_replace(void *context, struct bytes journal, struct err *err)
{
    struct seen *seen = context;
    buf_reset(&seen->journal);
    return seen_append(context, journal, err);
}

static int64_t still(void *context)
{
    (void)context;
    return 1000;
}

static void send_one(struct witness *witness, struct bytes body)
{
    struct http_answer answer;
    struct witness_event event;
    witness_add_checkpoint(witness, &answer, &event, body);
    sanad_assert((answer.status == 200) == (event.why[0] == 0));
    sanad_assert(answer.status == 200 || (answer.status >= 400 && answer.status < 500));
    buf_free(&answer.body);
    buf_free(&event.fraud);
}

static void send_signed(struct witness *witness, struct bytes body, const struct note_key *key,
                        const uint8_t seed[32])
{
    struct witness_request request;
    struct arena arena = {0};
    if (witness_request_parse(&request, body, &arena, NULL) == 0) {
        struct buf note = buf_with_max(1 << 20);
        struct buf again = buf_with_max(1 << 20);
        buf_add(&note, request.note.text);
        buf_u8(&note, '\n');
        note_sign(&note, request.note.text, key, seed);
        witness_request_write(&again, request.old_size, &request.proof, buf_bytes(&note));
        send_one(witness, buf_bytes(&again));
        buf_free(&note);
        buf_free(&again);
    }
    arena_free(&arena);
}

static int record_any(void *context, const struct witness_record *record, struct err *err)
{
    (void)context;
    (void)err;
    sanad_assert(record->note.size == 0 || record->note.data);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t seed[32] = {1};
    uint8_t own_seed[32] = {2};
    uint8_t public_key[32];
    struct note_key key;
    struct note_key own;
    struct witness *witness;
    struct seen seen = {.journal = buf_with_max(1 << 26)};
    uint64_t frames;
    size_t torn;
    ed25519_public(public_key, seed);
    sanad_assert(note_key_make(&key, origin, NOTE_KEY_TYPE_ED25519, public_key, NULL) == 0);
    ed25519_public(public_key, own_seed);
    sanad_assert(note_key_make(&own, "w", NOTE_KEY_TYPE_COSIGNATURE, public_key, NULL) == 0);
    const struct witness_log known = {.origin = origin, .key = &key};
    const struct witness_options options = {.key = &own,
                                            .seed = own_seed,
                                            .logs = &known,
                                            .log_count = 1,
                                            .store = {.context = &seen,
                                                      .read = seen_read,
                                                      .append = seen_append,
                                                      .replace = seen_replace},
                                            .clock = still};
    sanad_assert(witness_new(&witness, &options, NULL) == 0);
    /* Requests are parted by zero bytes, which none of them can have. */
    struct bytes left = bytes_of(data, size);
    for (int i = 0; i < 8 && left.size > 0; i++) {
        const uint8_t *end = memchr(left.data, 0, left.size);
        size_t length = end ? (size_t)(end - left.data) : left.size;
        send_one(witness, bytes_of(left.data, length));
        send_signed(witness, bytes_of(left.data, length), &key, seed);
        left = end ? bytes_of(end + 1, left.size - length - 1) : bytes_of(NULL, 0);
    }
    witness_free(witness);
    (void)witness_journal_read(&frames, &torn, bytes_of(data, size), record_any, NULL, NULL);
    buf_free(&seen.journal);
    return 0;
}
