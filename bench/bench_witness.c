/* Benchmark: a witness that keeps what it cosigns before it answers, 64 clients with a log each,
 * every request a larger checkpoint with its proof: called in one process, and over HTTP on
 * loopback. Each run begins with an empty state on the disk of TMPDIR. Prints the input, requests
 * a second (median and best of five), and fails unless every request was cosigned. */
#include "support_time.h"
#include "witness/witness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 64, STEPS = 200, RUNS = 5, THREADS = 64 };

struct client {
    char origin[64];
    struct note_key key;
    uint8_t seed[32];
    struct buf bodies[STEPS];
    struct witness *witness;
    uint16_t port;
    pthread_t thread;
    unsigned done;
};

static struct client clients[CLIENTS];
static struct hash256 leaves[STEPS + 1];

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench: %s\n", err->text);
    exit(1);
}

static int leaves_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                       struct err *err)
{
    struct buf data = buf_with_max(sizeof leaves);
    (void)context;
    (void)err;
    sanad_assert(tile->level == 0 && tile->n == 0 && tile->width <= STEPS);
    buf_add(&data, bytes_of(leaves, tile->width * sizeof leaves[0]));
    *ret_data = data;
    return 0;
}

/* c2sp.org/tlog-witness: the old size, the proof, the checkpoint. */
static void body_write(struct buf *body, size_t old_size, const struct tlog_proof *proof,
                       struct bytes note)
{
    buf_format(body, "old %zu\n", old_size);
    for (size_t i = 0; i < proof->count; i++) {
        base64_encode(body, bytes_of(proof->hashes[i].b, sizeof proof->hashes[i].b));
        buf_u8(body, '\n');
    }
    buf_u8(body, '\n');
    buf_add(body, note);
}

/* One tree for all logs: their origins and keys make them different. */
static void bodies_make(struct client *client, const struct tlog_proof *proofs,
                        const struct hash256 *roots)
{
    for (size_t i = 0; i < STEPS; i++) {
        struct tlog_checkpoint checkpoint = {.size = i + 1, .root = roots[i]};
        struct buf note = buf_with_max(4096);
        memcpy(checkpoint.origin, client->origin, sizeof client->origin);
        tlog_checkpoint_write(&note, &checkpoint);
        struct bytes text = buf_bytes(&note);
        struct buf lines = buf_with_max(4096);
        note_sign(&lines, text, &client->key, client->seed);
        buf_u8(&note, '\n');
        buf_add(&note, buf_bytes(&lines));
        client->bodies[i] = buf_with_max(WITNESS_BODY_MAX);
        body_write(&client->bodies[i], i, &proofs[i], buf_bytes(&note));
        buf_free(&note);
        buf_free(&lines);
    }
}

static void clients_make(void)
{
    static struct tlog_proof proofs[STEPS];
    static struct hash256 roots[STEPS];
    struct tlog_frontier tree = {.size = 0};
    struct tlog_reader reader = {.read = leaves_read};
    struct err err;
    for (uint32_t i = 0; i < STEPS; i++) {
        tlog_leaf_hash(&leaves[i], bytes_of(&i, sizeof i));
        tlog_frontier_add(&tree, &leaves[i]);
        tlog_frontier_root(&roots[i], &tree);
        if (i > 0)
            must(tlog_consistency_prove(&proofs[i], &reader, i, i + 1, &err), &err);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        uint8_t public_key[32];
        (void)snprintf(clients[i].origin, sizeof clients[i].origin, "log%zu.example", i);
        memset(clients[i].seed, (int)i + 1, sizeof clients[i].seed);
        ed25519_public(public_key, clients[i].seed);
        must(note_key_make(&clients[i].key, clients[i].origin, NOTE_KEY_TYPE_ED25519, public_key,
                           &err),
             &err);
        bodies_make(&clients[i], proofs, roots);
    }
}

/* ---- the two ways to ask ------------------------------------------------------------------------
 */

static void *call_all(void *context)
{
    struct client *client = context;
    for (size_t i = 0; i < STEPS; i++) {
        struct http_answer answer;
        struct witness_event event;
        witness_add_checkpoint(client->witness, &answer, &event, buf_bytes(&client->bodies[i]));
        client->done += answer.status == 200;
        buf_free(&answer.body);
    }
    return NULL;
}

static int dial(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        exit(1);
    return fd;
}

/* A whole answer: its headers tell its length. */
static bool answer_take(int fd)
{
    char text[4096];
    size_t size = 0;
    uint64_t length;
    for (;;) {
        ssize_t got = recv(fd, text + size, sizeof text - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        text[size] = 0;
        const char *end = strstr(text, "\r\n\r\n");
        const char *header = strcasestr(text, "content-length: ");
        if (!end || !header)
            continue;
        header += 16;
        if (!number_parse(&length, header, strspn(header, "0123456789"), sizeof text))
            return false;
        if (text + size >= end + 4 + length)
            return strncmp(text, "HTTP/1.1 200", 12) == 0;
    }
}

static void *post_all(void *context)
{
    struct client *client = context;
    int fd = dial(client->port);
    struct buf request = buf_with_max(WITNESS_BODY_MAX + 4096);
    for (size_t i = 0; i < STEPS; i++) {
        buf_reset(&request);
        buf_format(
            &request,
            "POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
            client->bodies[i].size);
        buf_add(&request, buf_bytes(&client->bodies[i]));
        if (send(fd, request.data, request.size, MSG_NOSIGNAL) != (ssize_t)request.size ||
            !answer_take(fd))
            break;
        client->done++;
    }
    (void)close(fd);
    buf_free(&request);
    return NULL;
}

static void handle(void *context, const struct http_request *request, struct http_answer *answer)
{
    struct witness_event event;
    witness_answer(context, answer, &event, request);
    buf_free(&event.fraud);
}

/* ---- a run --------------------------------------------------------------------------------------
 */

struct place {
    char path[PATH_SIZE];
    struct witness_folder *folder;
    struct witness *witness;
    struct http_server *server;
};

static void place_open(struct place *place)
{
    static struct witness_log logs[CLIENTS];
    static struct note_key own;
    static const uint8_t seed[32] = {99};
    uint8_t public_key[32];
    const char *root = getenv("TMPDIR");
    struct err err;
    (void)snprintf(place->path, sizeof place->path, "%s/sanad-bench-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(place->path))
        exit(1);
    ed25519_public(public_key, seed);
    must(note_key_make(&own, "witness.example", NOTE_KEY_TYPE_COSIGNATURE, public_key, &err), &err);
    for (size_t i = 0; i < CLIENTS; i++)
        logs[i] = (struct witness_log){.origin = clients[i].origin, .key = &clients[i].key};
    must(witness_folder_open(&place->folder, place->path, &err), &err);
    const struct witness_options options = {.key = &own,
                                            .seed = seed,
                                            .logs = logs,
                                            .log_count = CLIENTS,
                                            .store = witness_folder_store(place->folder)};
    must(witness_new(&place->witness, &options, &err), &err);
    const struct http_server_options server = {.listen = "127.0.0.1:0",
                                               .handle = handle,
                                               .context = place->witness,
                                               .body_max = WITNESS_BODY_MAX,
                                               .thread_count = THREADS};
    must(http_server_start(&place->server, &server, &err), &err);
}

static void place_close(struct place *place)
{
    static const char *const names[] = {"journal", "lock"};
    char path[PATH_SIZE];
    http_server_stop(place->server);
    witness_free(place->witness);
    witness_folder_close(place->folder);
    for (size_t i = 0; i < countof(names); i++)
        if (path_join(path, place->path, names[i], NULL) == 0)
            (void)unlink(path);
    (void)rmdir(place->path);
}

static double run(void *(*ask)(void *), size_t count)
{
    struct place place = {.folder = NULL};
    unsigned done = 0;
    place_open(&place);
    double began = bench_seconds(CLOCK_MONOTONIC);
    for (size_t i = 0; i < count; i++) {
        clients[i].witness = place.witness;
        clients[i].port = http_server_port(place.server);
        clients[i].done = 0;
        if (pthread_create(&clients[i].thread, NULL, ask, &clients[i]) != 0)
            exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(clients[i].thread, NULL);
        done += clients[i].done;
    }
    double seconds = bench_seconds(CLOCK_MONOTONIC) - began;
    place_close(&place);
    if (done != count * STEPS) {
        (void)fprintf(stderr, "bench: %u of %zu requests were cosigned\n", done, count * STEPS);
        exit(1);
    }
    return seconds;
}

static void measure(const char *what, void *(*ask)(void *), size_t count)
{
    double seconds[RUNS];
    for (size_t i = 0; i < RUNS; i++)
        seconds[i] = run(ask, count);
    double median = bench_median(seconds, RUNS);
    (void)printf("%-28s %2zu clients: %8.0f requests/s, best %8.0f\n", what, count,
                 (double)(count * STEPS) / median, (double)(count * STEPS) / seconds[0]);
}

int main(void)
{
    clients_make();
    (void)printf("%d logs, %d growing checkpoints each, %zu bytes the last request, durable before "
                 "the answer\n",
                 CLIENTS, STEPS, clients[0].bodies[STEPS - 1].size);
    measure("in one process", call_all, CLIENTS);
    measure("over HTTP", post_all, CLIENTS);
    measure("over HTTP", post_all, 1);
    return 0;
}
