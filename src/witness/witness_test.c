/* Proves: the published vectors are answered as the protocol says; the checks come in its order;
 * nothing is answered before it is kept; neither a failing store, nor a clock that jumps, nor a
 * restart at any moment, nor many at once make a witness sign two trees of one size or go back; of
 * 10,000 random forks, rollbacks, flipped bits and truncations each none is cosigned, and every
 * honest growth is. */
/* ctest-label: threads */
#include "toylog.h"
#include "witness/witness_priv.h"

#include <pthread.h>
#include <stdlib.h>

/* A store in memory that can fail, and that forgets what was not whole. */
struct memory {
    struct buf journal;
    unsigned appends, replaces;
    bool failing; /* nothing is taken, but half of it is written */
    pthread_mutex_t lock;
};

static int memory_read(void *context, struct buf *ret, struct err *err)
{
    struct memory *memory = context;
    (void)err;
    *ret = buf_with_max(1 << 26);
    buf_add(ret, buf_bytes(&memory->journal));
    return 0;
}

static int memory_append(void *context, struct bytes frame, struct err *err)
{
    struct memory *memory = context;
    memory->appends++;
    if (memory->failing) {
        buf_add(&memory->journal, bytes_of(frame.data, frame.size / 2));
        return err_set(err, SANAD_IO, "memory: no space left");
    }
    buf_add(&memory->journal, frame);
    return 0;
}

static int memory_replace(void *context, struct bytes journal, struct err *err)
{
    struct memory *memory = context;
    memory->replaces++;
    if (memory->failing)
        return err_set(err, SANAD_IO, "memory: no space left");
    buf_reset(&memory->journal);
    buf_add(&memory->journal, journal);
    return 0;
}

static int64_t set_clock(void *context)
{
    return *(const int64_t *)context;
}

struct place {
    struct memory memory;
    struct note_key key;
    uint8_t seed[32];
    int64_t now;
    struct witness_log logs[4];
    size_t log_count;
    struct witness *witness;
    struct witness_event event; /* of the newest answer */
};

static int place_start(struct place *place, struct err *err)
{
    const struct witness_options options = {.key = &place->key,
                                            .seed = place->seed,
                                            .logs = place->logs,
                                            .log_count = place->log_count,
                                            .store = {.context = &place->memory,
                                                      .read = memory_read,
                                                      .append = memory_append,
                                                      .replace = memory_replace},
                                            .clock = set_clock,
                                            .clock_context = &place->now};
    return witness_new(&place->witness, &options, err);
}

static void place_open(struct place *place, const struct toylog *log)
{
    struct err err = {0};
    *place = (struct place){.now = 1000};
    place->memory.journal = buf_with_max(1 << 26);
    toylog_key(&place->key, place->seed, "witness.example/w1", NOTE_KEY_TYPE_COSIGNATURE, 9);
    if (log) {
        place->logs[0] = (struct witness_log){.origin = log->origin, .key = &log->key};
        place->log_count = 1;
    }
    test_ok(place_start(place, &err), &err);
}

static void place_restart(struct place *place)
{
    struct err err = {0};
    witness_free(place->witness);
    test_ok(place_start(place, &err), &err);
}

static void place_close(struct place *place)
{
    buf_free(&place->event.fraud);
    witness_free(place->witness);
    buf_free(&place->memory.journal);
}

/* The status; the text of the answer stays in ret_text where it is not NULL. */
static unsigned send_body(struct place *place, struct bytes body, struct buf *ret_text)
{
    struct http_answer answer;
    buf_free(&place->event.fraud);
    witness_add_checkpoint(place->witness, &answer, &place->event, body);
    assert_int_equal(answer.status == 200, place->event.why[0] == 0);
    if (answer.status == 409)
        assert_string_equal(answer.type, "text/x.tlog.size");
    if (ret_text)
        *ret_text = answer.body;
    else
        buf_free(&answer.body);
    return answer.status;
}

static unsigned send_text(struct place *place, const char *text)
{
    return send_body(place, bytes_of_text(text), NULL);
}

/* The log's own way to ask. */
static unsigned ask(struct place *place, struct toylog *log, size_t before, size_t after,
                    struct buf *ret_text)
{
    struct buf note = buf_with_max(4096);
    struct buf body = buf_with_max(WITNESS_BODY_MAX);
    struct tlog_proof proof = {.count = 0};
    if (before <= after) /* down there is no proof */
        toylog_proof(log, &proof, before, after);
    toylog_checkpoint(log, &note, after);
    witness_request_write(&body, before, &proof, buf_bytes(&note));
    unsigned status = send_body(place, buf_bytes(&body), ret_text);
    buf_free(&note);
    buf_free(&body);
    return status;
}

/* The time that an answer's line tells, verified. */
static uint64_t cosigned_at(const struct place *place, const struct toylog *log, size_t size,
                            const struct buf *lines)
{
    struct arena arena = {0};
    struct note note;
    struct err err = {0};
    uint64_t time = 0;
    struct buf raw = buf_with_max(1 << 16);
    toylog_checkpoint(log, &raw, size);
    buf_add(&raw, buf_bytes(lines));
    test_ok(note_parse(&note, "answer", buf_bytes(&raw), &arena, &err), &err);
    assert_true(tlog_cosigned_at(&time, &note, &place->key));
    arena_free(&arena);
    buf_free(&raw);
    return time;
}

static uint64_t ask_time(struct place *place, struct toylog *log, size_t before, size_t after)
{
    struct buf lines;
    assert_int_equal(ask(place, log, before, after, &lines), 200);
    uint64_t time = cosigned_at(place, log, after, &lines);
    buf_free(&lines);
    return time;
}

/* ---- the published vectors ---------------------------------------------------------------------
 */

static void vector_open(struct place *place, const json_t *vector, struct note_key *key)
{
    struct err err = {0};
    const char *vkey;
    const json_t *log = json_array_get(json_object_get(vector, "known_logs"), 0);
    *place = (struct place){.now = 1000, .log_count = 1};
    place->memory.journal = buf_with_max(1 << 26);
    toylog_key(&place->key, place->seed, "example.com/witness", NOTE_KEY_TYPE_COSIGNATURE, 9);
    test_ok(json_get_string(&place->logs[0].origin, "vector", log, "origin", &err), &err);
    test_ok(json_get_string(&vkey, "vector", log, "vkey", &err), &err);
    test_ok(note_vkey_parse(key, vkey, &err), &err);
    place->logs[0].key = key;
    test_ok(place_start(place, &err), &err);
}

static void vectors_are_answered_as_the_protocol_says(void **state)
{
    struct buf data = test_data("tlog/notes/witness-add-checkpoint.jsonl");
    struct place place = {.now = 0};
    struct note_key key;
    char session[64] = "";
    size_t count = 0;
    json_t *kept[16];
    (void)state;
    for (const char *at = buf_cstr(&data); *at; count++) {
        size_t size = strcspn(at, "\n");
        struct err err = {0};
        json_t *vector;
        const char *text;
        int64_t status;
        assert_true(count < countof(kept));
        test_ok(json_read(&vector, "vector", bytes_of(at, size), 1 << 20, &err), &err);
        kept[count] = vector; /* the place views its strings */
        test_ok(json_get_string(&text, "vector", vector, "session", &err), &err);
        if (strcmp(session, text) != 0) {
            if (count)
                place_close(&place);
            (void)snprintf(session, sizeof session, "%s", text);
            vector_open(&place, vector, &key);
        }
        test_ok(json_get_string(&text, "vector", vector, "body", &err), &err);
        test_ok(json_get_integer(&status, "vector", vector, "spec_status", 200, 500, &err), &err);
        assert_int_equal(send_text(&place, text), status);
        at += size + (at[size] == '\n');
    }
    assert_int_equal(count, 11);
    place_close(&place);
    for (size_t i = 0; i < count; i++)
        json_decref(kept[i]);
    buf_free(&data);
}

/* ---- order and form ----------------------------------------------------------------------------
 */

static void what_is_malformed_is_400(void **state)
{
    static const char hash[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    static const char *const bad[] = {"",
                                      "\n",
                                      "old",
                                      "old \n",
                                      "old 0",
                                      "old 0\n",
                                      "old 0\n\n",
                                      "old 00\n\n",
                                      "old -1\n\n",
                                      "old 1 \n\n",
                                      "OLD 0\n\n",
                                      "old 9223372036854775808\n\n",
                                      "old 18446744073709551616\n\n"};
    struct toylog log;
    struct place place;
    (void)state;
    toylog_make(&log, "log.example/a", 3, SIZE_MAX);
    place_open(&place, &log);
    for (size_t i = 0; i < countof(bad); i++) {
        struct buf body = buf_with_max(4096);
        assert_int_equal(send_text(&place, bad[i]), 400);
        buf_text(&body, bad[i]);
        if (i != 6) /* which would be well-formed */
            toylog_checkpoint(&log, &body, 3);
        assert_int_equal(send_body(&place, buf_bytes(&body), NULL), 400);
        buf_free(&body);
    }
    for (int hashes = 62; hashes <= 64; hashes++) {
        struct buf body = buf_with_max(1 << 16);
        buf_text(&body, "old 1\n");
        for (int i = 0; i < hashes; i++)
            buf_text(&body, hash);
        buf_text(&body, "\n");
        toylog_checkpoint(&log, &body, 3);
        assert_int_equal(send_body(&place, buf_bytes(&body), NULL), hashes > 63 ? 400 : 409);
        body.data[10] = '!'; /* no base64 */
        assert_int_equal(send_body(&place, buf_bytes(&body), NULL), 400);
        buf_free(&body);
    }
    struct buf huge = buf_with_max(1 << 20);
    buf_text(&huge, "old 0\n\n");
    memset(buf_extend(&huge, WITNESS_BODY_MAX), 'a', WITNESS_BODY_MAX);
    assert_int_equal(send_body(&place, buf_bytes(&huge), NULL), 400);
    buf_free(&huge);
    assert_int_equal(place.memory.appends, 0);
    place_close(&place);
    toylog_free(&log);
}

/* A request with a checkpoint of our own words, signed by the log or not at all. */
static unsigned ask_words(struct place *place, const struct toylog *log, size_t old,
                          const char *text, bool sign)
{
    struct buf body = buf_with_max(1 << 16);
    buf_format(&body, "old %zu\n\n%s\n", old, text);
    if (sign)
        note_sign(&body, bytes_of_text(text), &log->key, log->seed);
    else
        buf_text(&body, "\xe2\x80\x94 somebody AAAAAAAA\n");
    unsigned status = send_body(place, buf_bytes(&body), NULL);
    buf_free(&body);
    return status;
}

static void the_checks_come_in_order(void **state)
{
    static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    struct toylog log;
    struct place place;
    char text[256];
    (void)state;
    toylog_make(&log, "log.example/a", 20, SIZE_MAX);
    place_open(&place, &log);
    /* the origin before the signature */
    (void)snprintf(text, sizeof text, "other.example/b\n5\n%s\n", zero);
    assert_int_equal(ask_words(&place, &log, 9, text, false), 404);
    /* the signature before the sizes */
    (void)snprintf(text, sizeof text, "log.example/a\n5\n%s\n", zero);
    assert_int_equal(ask_words(&place, &log, 9, text, false), 403);
    /* old over the size before old against the state */
    assert_int_equal(ask_words(&place, &log, 9, text, true), 400);
    /* the state before the proof */
    assert_int_equal(ask_words(&place, &log, 4, text, true), 409);
    assert_int_equal(place.memory.appends, 0);
    /* an empty tree has one root */
    (void)snprintf(text, sizeof text, "log.example/a\n0\n%s\n", zero);
    assert_int_equal(ask_words(&place, &log, 0, text, false), 403);
    assert_int_equal(ask_words(&place, &log, 1, text, true), 400);
    assert_int_equal(ask_words(&place, &log, 0, text, true), 422);
    assert_int_equal(ask(&place, &log, 0, 0, NULL), 200);
    assert_int_equal(ask(&place, &log, 0, 7, NULL), 200);
    assert_int_equal(ask_words(&place, &log, 0, text, true), 409);
    /* a text that is too long, and one with an extension line */
    struct buf longer = buf_with_max(1 << 16);
    buf_format(&longer, "log.example/a\n7\n%s\n", zero);
    memset(buf_extend(&longer, WITNESS_TEXT_MAX), 'a', WITNESS_TEXT_MAX);
    buf_u8(&longer, '\n');
    assert_int_equal(ask_words(&place, &log, 7, buf_cstr(&longer), true), 400);
    buf_free(&longer);
    place_close(&place);
    toylog_free(&log);
}

static void proofs_are_checked(void **state)
{
    struct toylog log;
    struct toylog other;
    struct place place;
    struct tlog_proof proof;
    (void)state;
    toylog_make(&log, "log.example/a", 300, SIZE_MAX);
    toylog_make(&other, "log.example/a", 300, 4);
    place_open(&place, &log);
    assert_int_equal(ask(&place, &log, 0, 8, NULL), 200);
    assert_int_equal(ask(&place, &other, 8, 20, NULL), 422); /* a fork */
    for (size_t i = 0; i < 4; i++) {
        struct buf body = buf_with_max(1 << 16);
        struct buf note = buf_with_max(4096);
        toylog_proof(&log, &proof, 8, 300);
        if (i == 0)
            proof.hashes[proof.count++] = proof.hashes[0]; /* superfluous */
        else if (i == 1)
            proof.count--;
        else if (i == 2)
            proof.hashes[0].b[31] ^= 1;
        else
            proof.count = 0;
        toylog_checkpoint(&log, &note, 300);
        witness_request_write(&body, 8, &proof, buf_bytes(&note));
        assert_int_equal(send_body(&place, buf_bytes(&body), NULL), 422);
        buf_free(&body);
        buf_free(&note);
    }
    assert_int_equal(ask(&place, &log, 8, 300, NULL), 200);
    place_close(&place);
    toylog_free(&log);
    toylog_free(&other);
}

static void two_trees_of_one_size_are_told_to_everyone(void **state)
{
    struct toylog log;
    struct toylog other;
    struct place place;
    struct tlog_fraud fraud;
    struct arena arena = {0};
    struct err err = {0};
    (void)state;
    toylog_make(&log, "log.example/a", 20, SIZE_MAX);
    toylog_make(&other, "log.example/a", 20, 4);
    place_open(&place, &log);
    assert_int_equal(ask(&place, &log, 0, 20, NULL), 200);
    assert_int_equal(place.event.fraud.size, 0);
    assert_int_equal(ask(&place, &log, 20, 20, NULL), 200);
    assert_int_equal(place.event.fraud.size, 0);
    assert_int_equal(ask(&place, &other, 20, 20, NULL), 422);
    test_ok(tlog_fraud_parse(&fraud, "fraud", buf_bytes(&place.event.fraud), &arena, &err), &err);
    test_ok(tlog_fraud_check(&fraud, &log.key, &err), &err);
    assert_int_equal(ask(&place, &other, 0, 20, NULL), 409); /* as true by another way */
    assert_true(place.event.fraud.size > 0);
    arena_free(&arena);
    place_close(&place);
    toylog_free(&log);
    toylog_free(&other);
}

static void several_keys_of_one_origin_are_known(void **state)
{
    struct toylog log;
    struct place place;
    struct note_key next;
    uint8_t seed[32];
    struct err err = {0};
    (void)state;
    toylog_make(&log, "log.example/a", 20, SIZE_MAX);
    toylog_key(&next, seed, "log.example/a", NOTE_KEY_TYPE_ED25519, 2);
    place_open(&place, &log);
    place.logs[1] = (struct witness_log){.origin = log.origin, .key = &next};
    place.log_count = 2;
    place_restart(&place);
    assert_int_equal(ask(&place, &log, 0, 8, NULL), 200);
    struct toylog moved = log;
    moved.key = next;
    memcpy(moved.seed, seed, sizeof seed);
    assert_int_equal(ask(&place, &moved, 8, 20, NULL), 200);
    /* one that holds does not help where another fails */
    struct buf body = buf_with_max(1 << 16);
    buf_text(&body, "old 20\n\n");
    toylog_checkpoint(&log, &body, 20);
    note_sign(&body, bytes_of_text("other words\n"), &next, seed);
    assert_int_equal(send_body(&place, buf_bytes(&body), NULL), 403);
    buf_free(&body);
    /* a log that is no longer known is answered 404, and is not forgotten */
    place.log_count = 0;
    place_restart(&place);
    assert_int_equal(ask(&place, &log, 0, 8, NULL), 404);
    place.log_count = 1;
    place_restart(&place);
    assert_int_equal(ask(&place, &log, 0, 8, NULL), 409);
    place.logs[0].key = &place.key;
    witness_free(place.witness);
    place.witness = NULL;
    test_refused(place_start(&place, &err), SANAD_REFUSED, &err, "0x01");
    place_close(&place);
    toylog_free(&log);
}

/* ---- what is kept ------------------------------------------------------------------------------
 */

static void the_newest_checkpoint_is_served(void **state)
{
    struct toylog log;
    struct place place;
    struct http_answer answer;
    struct http_request request = {.method = "GET"};
    struct hash256 hash;
    char path[128];
    char hex[HEX256_SIZE];
    (void)state;
    toylog_make(&log, "log.example/a", 20, SIZE_MAX);
    place_open(&place, &log);
    sha256_of(&hash, bytes_of_text(log.origin));
    hash256_straight(hex, &hash);
    (void)snprintf(path, sizeof path, "/%s/checkpoint", hex);
    request.path = path;
    witness_answer(place.witness, &answer, &place.event, &request);
    assert_int_equal(answer.status, 404);
    buf_free(&answer.body);
    assert_int_equal(ask(&place, &log, 0, 8, NULL), 200);
    assert_int_equal(ask(&place, &log, 8, 20, NULL), 200);
    for (int i = 0; i < 2; i++) {
        struct note note;
        struct arena arena = {0};
        struct err err = {0};
        struct note_key keys[2] = {log.key, place.key};
        bool valid[2];
        witness_answer(place.witness, &answer, &place.event, &request);
        assert_int_equal(answer.status, 200);
        test_ok(note_parse(&note, "served", buf_bytes(&answer.body), &arena, &err), &err);
        test_ok(note_verify(valid, &note, keys, 2, &err), &err);
        assert_true(valid[0] && valid[1]);
        assert_non_null(strstr(buf_cstr(&answer.body), "\n20\n"));
        buf_free(&answer.body);
        arena_free(&arena);
        place_restart(&place);
    }
    static const char *const others[] = {"/", "/add-checkpoint", "/checkpoint", "/x/checkpoint",
                                         "/add-checkpoint/"};
    for (size_t i = 0; i < countof(others); i++) {
        request.path = others[i];
        witness_answer(place.witness, &answer, &place.event, &request);
        assert_int_equal(answer.status, i == 1 ? 405 : 404);
        buf_free(&answer.body);
    }
    request.method = "POST";
    request.path = path;
    witness_answer(place.witness, &answer, &place.event, &request);
    assert_int_equal(answer.status, 405);
    buf_free(&answer.body);
    place_close(&place);
    toylog_free(&log);
}

static void time_never_goes_back(void **state)
{
    struct toylog log;
    struct place place;
    (void)state;
    toylog_make(&log, "log.example/a", 20, SIZE_MAX);
    place_open(&place, &log);
    place.now = 0;
    assert_int_equal(ask_time(&place, &log, 0, 1), 1); /* 0 would say that there is none */
    place.now = -5;
    assert_int_equal(ask_time(&place, &log, 1, 2), 1);
    place.now = 5000;
    assert_int_equal(ask_time(&place, &log, 2, 3), 5000);
    place.now = 4000;
    assert_int_equal(ask_time(&place, &log, 3, 4), 5000);
    place_restart(&place);
    assert_int_equal(ask_time(&place, &log, 4, 4), 5000);
    unsigned before = place.memory.appends;
    assert_int_equal(ask_time(&place, &log, 4, 4), 5000); /* the same again: nothing to keep */
    assert_int_equal(place.memory.appends, before);
    place.now = 5001;
    assert_int_equal(ask_time(&place, &log, 4, 4), 5001); /* a fresh time is kept */
    assert_int_equal(place.memory.appends, before + 1);
    place.now = 1;
    place_restart(&place);
    assert_int_equal(ask_time(&place, &log, 4, 4), 5001);
    place_close(&place);
    toylog_free(&log);
}

static void a_store_that_fails_is_an_answer_of_500(void **state)
{
    struct toylog log;
    struct place place;
    struct http_answer answer;
    struct hash256 hash;
    char hex[HEX256_SIZE];
    (void)state;
    toylog_make(&log, "log.example/a", 20, SIZE_MAX);
    place_open(&place, &log);
    sha256_of(&hash, bytes_of_text(log.origin));
    hash256_straight(hex, &hash);
    assert_int_equal(ask(&place, &log, 0, 5, NULL), 200);
    place.memory.failing = true;
    struct buf text;
    assert_int_equal(ask(&place, &log, 5, 9, &text), 500);
    assert_null(strstr(buf_cstr(&text), "witness.example"));
    buf_free(&text);
    witness_checkpoint(place.witness, &answer, hex); /* nor is it shown */
    assert_int_equal(answer.status, 500);
    buf_free(&answer.body);
    assert_int_equal(ask(&place, &log, 9, 9, NULL), 500);
    place.now++;
    assert_int_equal(ask(&place, &log, 9, 9, NULL), 500);
    place.memory.failing = false; /* room again */
    place.now++;
    assert_int_equal(ask(&place, &log, 9, 9, NULL), 200);
    assert_int_equal(ask(&place, &log, 9, 12, NULL), 200);
    place_restart(&place);
    assert_int_equal(ask(&place, &log, 12, 12, NULL), 200);
    /* what failed and was never answered may be gone after a restart */
    place.memory.failing = true;
    assert_int_equal(ask(&place, &log, 12, 15, NULL), 500);
    place.memory.failing = false;
    place_restart(&place); /* half a frame is dropped */
    assert_int_equal(ask(&place, &log, 15, 15, NULL), 409);
    assert_int_equal(ask(&place, &log, 12, 15, NULL), 200);
    place_close(&place);
    toylog_free(&log);
}

/* Whatever was answered stands at every cut of the journal that keeps it; damage is refused or
 * drops nothing that was answered. */
static void a_journal_is_cut_or_damaged_anywhere(void **state)
{
    enum { STEPS = 6 };
    struct toylog log;
    struct place place;
    size_t ends[STEPS + 1];
    struct err err = {0};
    (void)state;
    toylog_make(&log, "log.example/a", 20, SIZE_MAX);
    place_open(&place, &log);
    ends[0] = place.memory.journal.size;
    for (size_t i = 0; i < STEPS; i++) {
        assert_int_equal(ask(&place, &log, i, i + 1, NULL), 200);
        ends[i + 1] = place.memory.journal.size;
    }
    struct buf whole = buf_with_max(1 << 20);
    buf_add(&whole, buf_bytes(&place.memory.journal));
    for (size_t cut = 0; cut <= whole.size; cut += cut < whole.size - 40 ? 13 : 1) {
        size_t kept = 0;
        witness_free(place.witness);
        place.witness = NULL;
        buf_reset(&place.memory.journal);
        buf_add(&place.memory.journal, bytes_of(whole.data, cut));
        if (cut > 0 && cut < ends[0]) {
            test_refused(place_start(&place, &err), SANAD_FALSE, &err, "damaged");
            continue;
        }
        test_ok(place_start(&place, &err), &err);
        while (kept < STEPS && ends[kept + 1] <= cut)
            kept++;
        assert_int_equal(ask(&place, &log, kept, kept, NULL), 200);
    }
    for (size_t at = 0; at < whole.size; at += 7) {
        witness_free(place.witness);
        place.witness = NULL;
        buf_reset(&place.memory.journal);
        buf_add(&place.memory.journal, buf_bytes(&whole));
        place.memory.journal.data[at] ^= 0x10;
        int code = place_start(&place, &err);
        if (at < ends[STEPS - 1])
            test_refused(code, SANAD_FALSE, &err, "journal");
        else /* the last frame: as if it had never been whole */
            test_ok(code, &err);
    }
    buf_free(&whole);
    place_close(&place);
    toylog_free(&log);
}

/* ---- many at once ------------------------------------------------------------------------------
 */

enum { THREADS = 8, ROUNDS = 40 };

struct racer {
    struct place *place;
    struct toylog *log; /* some of them of the other story */
    pthread_t thread;
    unsigned cosigned;
    uint8_t line_of_size[ROUNDS * 2 + 2]; /* 1: this story was cosigned at that size */
};

/* Always asks for a little more than what the witness says that it has. */
static void *race(void *context)
{
    struct racer *racer = context;
    size_t old = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct buf note = buf_with_max(4096);
        struct buf body = buf_with_max(WITNESS_BODY_MAX);
        struct tlog_proof proof;
        struct http_answer answer;
        struct witness_event event;
        size_t next = old + 1 + i % 2;
        uint64_t told;
        toylog_proof(racer->log, &proof, old, next);
        toylog_checkpoint(racer->log, &note, next);
        witness_request_write(&body, old, &proof, buf_bytes(&note));
        witness_add_checkpoint(racer->place->witness, &answer, &event, buf_bytes(&body));
        if (answer.status == 200) {
            racer->cosigned++;
            racer->line_of_size[next] = 1;
            old = next;
        } else if (answer.status == 409 &&
                   number_parse(&told, (const char *)answer.body.data, answer.body.size - 1, 1000))
            old = (size_t)told;
        buf_free(&answer.body);
        buf_free(&event.fraud);
        buf_free(&note);
        buf_free(&body);
        if (old + 2 >= countof(racer->line_of_size))
            break;
    }
    return NULL;
}

static void many_at_once_are_one_story(void **state)
{
    struct toylog log;
    struct toylog other;
    struct place place;
    struct racer racers[THREADS];
    unsigned cosigned = 0;
    (void)state;
    toylog_make(&log, "log.example/a", 2 * ROUNDS * THREADS, SIZE_MAX);
    toylog_make(&other, "log.example/a", 2 * ROUNDS * THREADS, 2);
    place_open(&place, &log);
    for (size_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.place = &place, .log = i % 2 ? &other : &log};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(racers[i].thread, NULL);
    for (size_t size = 3; size < countof(racers[0].line_of_size); size++) {
        bool told[2] = {false, false};
        for (size_t i = 0; i < THREADS; i++)
            told[i % 2] = told[i % 2] || racers[i].line_of_size[size];
        assert_false(told[0] && told[1]); /* two roots of one size */
    }
    for (size_t i = 0; i < THREADS; i++)
        cosigned += racers[i].cosigned;
    assert_true(cosigned > 0);
    place_restart(&place); /* and what is kept is readable */
    place_close(&place);
    toylog_free(&log);
    toylog_free(&other);
}

/* ---- ten thousand of each ----------------------------------------------------------------------
 */

#ifdef __SANITIZE_THREAD__
enum { ROUND_COUNT = 100 }; /* one thread has no races: that build need not look long */
#else
enum { ROUND_COUNT = 10000 };
#endif
enum { HISTORY_COUNT = 32, HISTORY_SIZE = 400 };

static uint64_t history_random = 11;

static size_t below(size_t limit)
{
    history_random = history_random * 6364136223846793005u + 1442695040888963407u;
    return (size_t)((history_random >> 33) % limit);
}

/* Logs of one origin and key: the first is honest, the others leave it at entries of their own. */
struct histories {
    struct toylog logs[HISTORY_COUNT];
};

static struct histories *histories_make(void)
{
    struct histories *histories = mem_zalloc(1, sizeof *histories);
    for (size_t i = 0; i < HISTORY_COUNT; i++)
        toylog_make(&histories->logs[i], "log.example/a", HISTORY_SIZE,
                    i == 0 ? SIZE_MAX : below(HISTORY_SIZE));
    return histories;
}

static void histories_free(struct histories *histories)
{
    for (size_t i = 0; i < HISTORY_COUNT; i++)
        toylog_free(&histories->logs[i]);
    free(histories);
}

/* A witness that has cosigned the honest log at some size; is asked for another story's larger
 * tree, for a smaller tree of either, and, as the control, for more of the honest one. */
static void round_of_histories(struct histories *histories, size_t counts[3])
{
    struct toylog *honest = &histories->logs[0];
    struct toylog *other = &histories->logs[1 + below(HISTORY_COUNT - 1)];
    struct place place;
    size_t before = other->fork + 1 + below(HISTORY_SIZE - other->fork);
    size_t after = before + below(HISTORY_SIZE - before + 1);
    size_t smaller = before > 1 ? 1 + below(before - 1) : 0;
    place_open(&place, honest);
    assert_int_equal(ask(&place, honest, 0, before, NULL), 200);
    assert_int_equal(ask(&place, other, before, after, NULL), 422);
    assert_int_equal(place.event.fraud.size > 0, after == before);
    counts[0]++;
    if (smaller > 0) {
        struct toylog *teller = below(2) ? honest : other;
        assert_int_equal(ask(&place, teller, smaller, smaller, NULL), 409);
        assert_int_equal(ask(&place, teller, before, smaller, NULL), 400);
        assert_int_equal(place.event.fraud.size, 0); /* a smaller tree alone is no fraud */
        counts[1]++;
    }
    assert_int_equal(ask(&place, honest, before, after, NULL), 200);
    assert_int_equal(place.event.fraud.size, 0);
    counts[2]++;
    place_close(&place);
}

static void no_other_story_is_ever_cosigned(void **state)
{
    (void)state;
    size_t counts[3] = {0};
    struct histories *histories = histories_make();
    while (counts[0] < ROUND_COUNT || counts[1] < ROUND_COUNT)
        round_of_histories(histories, counts);
    print_message("%zu forks and %zu rollbacks refused, %zu honest trees cosigned\n", counts[0],
                  counts[1], counts[2]);
    histories_free(histories);
}

/* One bit of a request, or its end, is lost on the way: refused, nothing changes, and the whole
 * request is good afterwards. */
static void no_damaged_request_is_cosigned(void **state)
{
    (void)state;
    struct toylog log;
    struct place place;
    toylog_make(&log, "log.example/a", HISTORY_SIZE, SIZE_MAX);
    for (size_t i = 0; i < ROUND_COUNT; i++) {
        size_t before = 1 + below(HISTORY_SIZE - 1);
        size_t after = before + 1 + below(HISTORY_SIZE - before);
        struct buf note = buf_with_max(4096);
        struct buf body = buf_with_max(WITNESS_BODY_MAX);
        struct tlog_proof proof;
        place_open(&place, &log);
        assert_int_equal(ask(&place, &log, 0, before, NULL), 200);
        toylog_proof(&log, &proof, before, after);
        toylog_checkpoint(&log, &note, after);
        witness_request_write(&body, before, &proof, buf_bytes(&note));
        size_t bit = below(8 * body.size);
        body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(send_body(&place, buf_bytes(&body), NULL), 200);
        body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(send_body(&place, bytes_of(body.data, below(body.size)), NULL), 200);
        assert_int_equal(send_body(&place, buf_bytes(&body), NULL), 200);
        buf_free(&note);
        buf_free(&body);
        place_close(&place);
    }
    toylog_free(&log);
}

static void a_folder_belongs_to_one_witness(void **state)
{
    char path[PATH_SIZE];
    struct witness_folder *folder;
    struct witness_folder *second = NULL;
    struct place place;
    struct toylog log;
    struct err err = {0};
    (void)state;
    test_folder_make(path);
    toylog_make(&log, "log.example/a", 20, SIZE_MAX);
    place_open(&place, &log);
    struct witness_options options = {
        .key = &place.key, .seed = place.seed, .logs = place.logs, .log_count = 1};
    for (size_t i = 0; i < 3; i++) {
        test_ok(witness_folder_open(&folder, path, &err), &err);
        test_refused(witness_folder_open(&second, path, &err), SANAD_ENVIRONMENT, &err, "another");
        witness_free(place.witness);
        options.store = witness_folder_store(folder);
        test_ok(witness_new(&place.witness, &options, &err), &err);
        assert_int_equal(ask(&place, &log, i, i + 1, NULL), 200);
        assert_int_equal(ask(&place, &log, i, i + 1, NULL), 409);
        witness_free(place.witness);
        place.witness = NULL;
        witness_folder_close(folder);
    }
    assert_null(second);
    place_close(&place);
    toylog_free(&log);
    test_folder_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_answered_as_the_protocol_says),
        cmocka_unit_test(what_is_malformed_is_400),
        cmocka_unit_test(the_checks_come_in_order),
        cmocka_unit_test(proofs_are_checked),
        cmocka_unit_test(two_trees_of_one_size_are_told_to_everyone),
        cmocka_unit_test(several_keys_of_one_origin_are_known),
        cmocka_unit_test(the_newest_checkpoint_is_served),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(a_store_that_fails_is_an_answer_of_500),
        cmocka_unit_test(a_journal_is_cut_or_damaged_anywhere),
        cmocka_unit_test(many_at_once_are_one_story),
        cmocka_unit_test(no_other_story_is_ever_cosigned),
        cmocka_unit_test(no_damaged_request_is_cosigned),
        cmocka_unit_test(a_folder_belongs_to_one_witness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
