/* Proves: witnesses are asked at once and with the size that they have; what they say is verified;
 * one that lies, refuses, lags or is down costs at most its time and is told by name. */
#include "toylog.h"
#include "witness/witness_priv.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A witness behind a server, honest or not. */
enum manner {
    HONEST,
    OTHER_KEY,  /* signs with a key that is not its own */
    NO_TIME,    /* signs the time 0 */
    OTHER_TEXT, /* signs something else */
    ALWAYS_409, /* tells a size and then another */
    LARGER_409, /* has seen more than there is */
    EMPTY_409,  /* tells no size */
    SLOW,       /* longer than anyone waits */
    SAYS_404,
    NO_LINES,    /* says 200 and nothing */
    TEXT_INSIDE, /* answers a whole note of its own */
    FLOOD,       /* answers without end */
    MANNER_COUNT
};
struct peer {
    enum manner manner;
    struct note_key key;
    uint8_t seed[32];
    struct witness *witness;
    struct http_server *server;
    char url[64];
    _Atomic unsigned asked;
};

static int nothing_read(void *context, struct buf *ret, struct err *err)
{
    (void)context;
    (void)err;
    *ret = buf_with_max(0);
    return 0;
}

static int nothing_kept(void *context, struct bytes bytes, struct err *err)
{
    (void)context;
    (void)bytes;
    (void)err;
    return 0;
}

static void sign_lie(const struct peer *peer, struct buf *lines, struct bytes body)
{
    struct witness_request request;
    struct arena arena = {0};
    struct err err = {0};
    struct note_key other;
    uint8_t seed[32];
    test_ok(witness_request_parse(&request, body, &arena, &err), &err);
    toylog_key(&other, seed, peer->key.name, NOTE_KEY_TYPE_COSIGNATURE, 77);
    if (peer->manner == OTHER_KEY)
        tlog_cosign(lines, request.note.text, &peer->key, seed, 1000);
    else if (peer->manner == NO_TIME)
        tlog_cosign(lines, request.note.text, &peer->key, peer->seed, 0);
    else if (peer->manner == OTHER_TEXT)
        tlog_cosign(lines, bytes_of_text("another text\n"), &peer->key, peer->seed, 1000);
    else if (peer->manner == TEXT_INSIDE) {
        buf_text(lines, "another text\n\n");
        tlog_cosign(lines, bytes_of_text("another text\n"), &peer->key, peer->seed, 1000);
    } else if (peer->manner == FLOOD)
        while (lines->size < WITNESS_ANSWER_MAX)
            tlog_cosign(lines, request.note.text, &other, seed, 1000);
    arena_free(&arena);
}

static void handle(void *context, const struct http_request *request, struct http_answer *ret)
{
    struct peer *peer = context;
    struct witness_event event;
    unsigned asked = ++peer->asked;
    if (peer->manner == HONEST) {
        witness_answer(peer->witness, ret, &event, request);
        buf_free(&event.fraud);
        return;
    }
    *ret = (struct http_answer){.status = 200, .type = "text/plain"};
    ret->body = buf_with_max(1 << 20);
    if (peer->manner == SLOW)
        (void)usleep(1500000);
    if (peer->manner == SAYS_404)
        ret->status = 404;
    if (peer->manner == ALWAYS_409 || peer->manner == LARGER_409 || peer->manner == EMPTY_409) {
        ret->status = 409;
        ret->type = "text/x.tlog.size";
        if (peer->manner != EMPTY_409)
            buf_format(&ret->body, "%u\n", peer->manner == LARGER_409 ? 5000 : asked);
    }
    sign_lie(peer, &ret->body, request->body);
}

static void peer_start(struct peer *peer, enum manner manner, uint8_t number,
                       const struct toylog *log)
{
    struct err err = {0};
    char name[64];
    *peer = (struct peer){.manner = manner};
    (void)snprintf(name, sizeof name, "w%u.example", number);
    toylog_key(&peer->key, peer->seed, name, NOTE_KEY_TYPE_COSIGNATURE, number);
    const struct witness_log known = {.origin = log->origin, .key = &log->key};
    const struct witness_options options = {
        .key = &peer->key,
        .seed = peer->seed,
        .logs = &known,
        .log_count = 1,
        .store = {.read = nothing_read, .append = nothing_kept, .replace = nothing_kept}};
    const struct http_server_options server = {.listen = "127.0.0.1:0",
                                               .handle = handle,
                                               .context = peer,
                                               .body_max = WITNESS_BODY_MAX,
                                               .thread_count = 1};
    test_ok(witness_new(&peer->witness, &options, &err), &err);
    test_ok(http_server_start(&peer->server, &server, &err), &err);
    (void)snprintf(peer->url, sizeof peer->url, "http://127.0.0.1:%u",
                   http_server_port(peer->server));
}

static void peer_stop(struct peer *peer)
{
    http_server_stop(peer->server);
    witness_free(peer->witness);
}

static void ask_all(struct witness_reply *replies, const struct witness_peer *peers, size_t count,
                    struct toylog *log, size_t size, unsigned timeout_ms)
{
    struct err err = {0};
    struct buf note = buf_with_max(4096);
    struct tlog_reader reader = toylog_reader(log);
    toylog_checkpoint(log, &note, size);
    test_ok(witness_ask(replies, peers, count, buf_bytes(&note), &reader, timeout_ms, &err), &err);
    buf_free(&note);
}

static void honest_witnesses_cosign(void **state)
{
    enum { PEERS = 4 };
    struct peer peers[PEERS];
    struct witness_peer asked[PEERS];
    struct witness_reply replies[PEERS];
    struct toylog log;
    (void)state;
    toylog_make(&log, "log.example/a", 1000, SIZE_MAX);
    for (size_t i = 0; i < PEERS; i++) {
        peer_start(&peers[i], HONEST, (uint8_t)(10 + i), &log);
        asked[i] = (struct witness_peer){.key = &peers[i].key, .url = peers[i].url};
    }
    static const size_t sizes[] = {1, 300, 300, 1000};
    for (size_t round = 0; round < countof(sizes); round++) {
        ask_all(replies, asked, PEERS, &log, sizes[round], 10000);
        for (size_t i = 0; i < PEERS; i++) {
            test_ok(replies[i].code, &replies[i].err);
            assert_int_equal(replies[i].size, sizes[round]);
            assert_true(replies[i].time > 0);
            assert_non_null(strstr(buf_cstr(&replies[i].lines), peers[i].key.name));
            if (i % 2) /* the others don't know and are told */
                asked[i].old_size = replies[i].size;
            buf_free(&replies[i].lines);
        }
    }
    assert_int_equal(peers[1].asked, countof(sizes));
    assert_int_equal(peers[0].asked, 2 * countof(sizes) - 1);
    asked[0].old_size = 5000; /* more than there is: can't be */
    ask_all(replies, asked, 1, &log, 1000, 10000);
    test_ok(replies[0].code, &replies[0].err);
    buf_free(&replies[0].lines);
    for (size_t i = 0; i < PEERS; i++)
        peer_stop(&peers[i]);
    toylog_free(&log);
}

static void who_lies_or_lags_is_told_by_name(void **state)
{
    static const struct {
        int code;
        const char *part;
    } expected[MANNER_COUNT] = {
        [HONEST] = {0, ""},
        [OTHER_KEY] = {SANAD_FALSE, "w31.example"},
        [NO_TIME] = {SANAD_FALSE, "without a time"},
        [OTHER_TEXT] = {SANAD_FALSE, "w33.example"},
        [ALWAYS_409] = {SANAD_REFUSED, "409"},
        [LARGER_409] = {SANAD_FALSE, "5000"},
        [EMPTY_409] = {SANAD_REFUSED, "without a size"},
        [SLOW] = {SANAD_IO, ""},
        [SAYS_404] = {SANAD_REFUSED, "404"},
        [NO_LINES] = {SANAD_REFUSED, "w39.example"},
        [TEXT_INSIDE] = {SANAD_REFUSED, "signature lines"},
        [FLOOD] = {SANAD_REFUSED, "over"},
    };
    struct peer peers[MANNER_COUNT];
    struct witness_peer asked[MANNER_COUNT + 2];
    struct witness_reply replies[MANNER_COUNT + 2];
    struct toylog log;
    struct timespec before, after;
    (void)state;
    toylog_make(&log, "log.example/a", 1000, SIZE_MAX);
    for (size_t i = 0; i < MANNER_COUNT; i++) {
        peer_start(&peers[i], (enum manner)i, (uint8_t)(30 + i), &log);
        asked[i] = (struct witness_peer){.key = &peers[i].key, .url = peers[i].url};
    }
    asked[MANNER_COUNT] = (struct witness_peer){.key = &peers[0].key, .url = "http://127.0.0.1:1"};
    asked[MANNER_COUNT + 1] = (struct witness_peer){.key = &peers[0].key, .url = "file:///etc"};
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    ask_all(replies, asked, countof(asked), &log, 1000, 1000);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 20);
    for (size_t i = 0; i < MANNER_COUNT; i++) {
        if (expected[i].code == 0)
            test_ok(replies[i].code, &replies[i].err);
        else
            test_refused(replies[i].code, expected[i].code, &replies[i].err, expected[i].part);
        assert_int_equal(replies[i].lines.size > 0, expected[i].code == 0);
        buf_free(&replies[i].lines);
    }
    test_refused(replies[MANNER_COUNT].code, SANAD_IO, &replies[MANNER_COUNT].err, "127.0.0.1:1");
    test_refused(replies[MANNER_COUNT + 1].code, SANAD_REFUSED, &replies[MANNER_COUNT + 1].err,
                 "not an http");
    for (size_t i = 0; i < MANNER_COUNT; i++)
        peer_stop(&peers[i]);
    toylog_free(&log);
}

static void only_a_checkpoint_is_asked_for(void **state)
{
    static const char *const bad[] = {"", "log.example/a\n5\n",
                                      "some text\n\n\xe2\x80\x94 a AAAAAAAA\n"};
    struct toylog log;
    struct err err = {0};
    struct witness_reply reply;
    (void)state;
    toylog_make(&log, "log.example/a", 3, SIZE_MAX);
    struct tlog_reader reader = toylog_reader(&log);
    for (size_t i = 0; i < countof(bad); i++)
        test_refused(witness_ask(&reply, NULL, 0, bytes_of_text(bad[i]), &reader, 1000, &err),
                     SANAD_REFUSED, &err, "checkpoint");
    toylog_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_witnesses_cosign),
        cmocka_unit_test(who_lies_or_lags_is_told_by_name),
        cmocka_unit_test(only_a_checkpoint_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
