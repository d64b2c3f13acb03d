/* A node of the network for tests: one thread, one connection after the other, blocking reads
 * with a short timeout so that it can be told to stop. */
#include "toypeer.h"

#include "support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    POLL_MS = 20,
    SLOW_MS = 500,
    HEAD_SIZE = 24,
    REQUEST_MAX = 1 << 20,
    FLOOD_BATCH = 2000,
    SPAN = 1000,
    PEER_VERSION = 70016
};

struct toypeer {
    struct toypeer_options options;
    const struct toyworld *_Atomic world;
    int listener;
    uint16_t port;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint filters_sent, headers_sent, connections;
    /* of the connection */
    int fd;
    unsigned answers;
    struct header flood; /* the last of a flood */
    bool flooding;
};

enum toypeer_fault toypeer_fault_of(const char *text)
{
    static const char *const names[] = {
#define X(name, text) text,
        TOYPEER_FAULTS(X)
#undef X
    };
    size_t at = 0;
    while (at < TOYPEER_FAULT_COUNT && strcmp(names[at], text) != 0)
        at++;
    return (enum toypeer_fault)at;
}

/* ---- bytes
 * ----------------------------------------------------------------------------------------- */

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* False: the connection is gone, or the test has ended. */
static bool send_all(struct toypeer *peer, struct bytes bytes)
{
    size_t at = 0;
    while (at < bytes.size && !peer->stop) {
        struct pollfd fd = {.fd = peer->fd, .events = POLLOUT};
        if (poll(&fd, 1, POLL_MS) == 0)
            continue;
        bool trickle = peer->options.fault == TOYPEER_TRICKLE && peer->answers > 2;
        size_t size = trickle ? 1 : bytes.size - at;
        ssize_t sent = send(peer->fd, bytes.data + at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0)
            return false;
        at += (size_t)sent;
        if (trickle)
            pause_ms(POLL_MS);
    }
    return at == bytes.size;
}

static bool receive_all(struct toypeer *peer, uint8_t *data, size_t size)
{
    size_t at = 0;
    while (at < size && !peer->stop) {
        struct pollfd fd = {.fd = peer->fd, .events = POLLIN};
        if (poll(&fd, 1, POLL_MS) == 0)
            continue;
        ssize_t got = recv(peer->fd, data + at, size - at, 0);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return at == size;
}

/* A frame, with what the fault makes of it. */
static bool answer(struct toypeer *peer, const char *command, struct bytes payload)
{
    struct buf frame = buf_with_max((size_t)1 << 24);
    struct hash256 digest;
    char padded[13] = {0};
    const struct toypeer_options *options = &peer->options;
    bool now = peer->answers++ >= options->after + 2; /* beyond version and verack */
    memcpy(padded, command, strlen(command));
    sha256d_of(&digest, payload);
    if (now && options->fault == TOYPEER_CHECKSUM)
        digest.b[0] ^= 1;
    uint32_t size = (uint32_t)payload.size;
    if (now && options->fault == TOYPEER_HUGE)
        size = UINT32_MAX;
    if (now && options->fault == TOYPEER_LONG)
        size = 3999999;
    buf_add(&frame, bytes_of(peer->options.world->params->magic, 4));
    if (now && options->fault == TOYPEER_MAGIC)
        frame.data[0] ^= 1;
    buf_add(&frame, bytes_of(padded, 12));
    buf_le32(&frame, size);
    buf_add(&frame, bytes_of(digest.b, 4));
    buf_add(&frame, payload);
    if (now && options->fault == TOYPEER_GARBAGE)
        random_bytes(frame.data, frame.size);
    if (now && options->fault == TOYPEER_SLOW)
        pause_ms(SLOW_MS);
    bool good = !(now && options->fault == TOYPEER_DROP) && send_all(peer, buf_bytes(&frame));
    buf_free(&frame);
    return good;
}

/* ---- the handshake
 * --------------------------------------------------------------------------------- */

static bool greet(struct toypeer *peer)
{
    static const char agent[] = "/toy:1/";
    static const uint8_t nowhere[52];
    struct buf payload = buf_with_max(1024);
    uint64_t services = peer->options.services ? peer->options.services : 1 | 8 | 64;
    buf_le32(&payload, PEER_VERSION);
    buf_le64(&payload, services);
    buf_le64(&payload, (uint64_t)time(NULL));
    buf_add(&payload, bytes_of(nowhere, sizeof nowhere));
    buf_le64(&payload, 12345);
    buf_u8(&payload, sizeof agent - 1);
    buf_add(&payload, bytes_of(agent, sizeof agent - 1));
    buf_le32(&payload, peer->options.world->count - 1);
    buf_u8(&payload, 1);
    bool good =
        answer(peer, "version", buf_bytes(&payload)) && answer(peer, "verack", bytes_of(NULL, 0));
    buf_free(&payload);
    return good;
}

/* ---- headers
 * --------------------------------------------------------------------------------------- */

static uint32_t height_of(const struct toyworld *world, const uint8_t hash[32])
{
    uint32_t height = 0;
    while (height < world->count && memcmp(world->hashes[height].b, hash, 32) != 0)
        height++;
    return height;
}

/* The next of a chain of the least work that the network allows, a second after the other. */
static void flood_next(struct toypeer *peer, uint8_t raw[HEADER_SIZE])
{
    struct hash256 hash;
    struct header *header = &peer->flood;
    header_write(raw, header);
    header_hash(&header->prev, raw);
    header->time++;
    header->nonce = 0;
    do {
        header->nonce++;
        header_write(raw, header);
        header_hash(&hash, raw);
    } while (!header_pow_ok(peer->options.world->params, &hash, header->bits));
}

static bool flood(struct toypeer *peer)
{
    struct buf payload = buf_with_max(FLOOD_BATCH * 81 + 3);
    if (!peer->flooding)
        header_parse(&peer->flood, peer->options.world->params->genesis_header);
    peer->flooding = true;
    buf_compact(&payload, FLOOD_BATCH);
    for (int i = 0; i < FLOOD_BATCH; i++) {
        uint8_t raw[HEADER_SIZE];
        flood_next(peer, raw);
        buf_add(&payload, bytes_of(raw, sizeof raw));
        buf_u8(&payload, 0);
    }
    bool good = answer(peer, "headers", buf_bytes(&payload));
    buf_free(&payload);
    return good;
}

static void header_spoil(const struct toypeer *peer, uint8_t raw[HEADER_SIZE], uint32_t index)
{
    struct header header;
    struct hash256 hash;
    header_parse(&header, raw);
    if (peer->options.fault == TOYPEER_UNLINKED && index == 3)
        header.prev.b[5] ^= 1;
    if (peer->options.fault != TOYPEER_NO_POW || index != 3) {
        header_write(raw, &header);
        return;
    }
    do {
        header.nonce++;
        header_write(raw, &header);
        header_hash(&hash, raw);
    } while (header_pow_ok(peer->options.world->params, &hash, header.bits));
}

static bool on_getheaders(struct toypeer *peer, const struct toyworld *world, struct bytes request)
{
    struct cursor cursor = cursor_of(request);
    (void)cursor_le32(&cursor);
    uint64_t count = cursor_compact(&cursor, 101);
    uint32_t from = 0;
    bool found = false;
    if (peer->options.fault == TOYPEER_FLOOD)
        return flood(peer);
    for (uint64_t i = 0; i < count; i++) {
        struct bytes hash = cursor_take(&cursor, 32);
        uint32_t height = hash.size == 32 && !found ? height_of(world, hash.data) : world->count;
        found = found || height < world->count;
        from = height < world->count ? height : from;
    }
    uint32_t left = world->count - 1 - from;
    left = left < 2000 ? left : 2000;
    struct buf payload = buf_with_max(2000 * 81 + 3);
    buf_compact(&payload, left);
    for (uint32_t i = 0; i < left; i++) {
        uint8_t raw[HEADER_SIZE];
        memcpy(raw, world->blocks[from + 1 + i].data, HEADER_SIZE);
        header_spoil(peer, raw, i);
        buf_add(&payload, bytes_of(raw, HEADER_SIZE));
        buf_u8(&payload, 0);
    }
    peer->headers_sent += left;
    bool good = answer(peer, "headers", buf_bytes(&payload));
    buf_free(&payload);
    return good;
}

/* ---- filters
 * --------------------------------------------------------------------------------------- */

/* First height and last, as asked for; false where the node has them not. */
static bool range_read(const struct toyworld *world, struct bytes request, uint32_t *ret_from,
                       uint32_t *ret_to)
{
    struct cursor cursor = cursor_of(request);
    uint8_t type = cursor_u8(&cursor);
    *ret_from = cursor_le32(&cursor);
    struct bytes hash = cursor_take(&cursor, 32);
    *ret_to = hash.size == 32 ? height_of(world, hash.data) : world->count;
    return cursor_done(&cursor) && type == 0 && *ret_to < world->count && *ret_from <= *ret_to;
}

static bool on_getcfheaders(struct toypeer *peer, const struct toyworld *world,
                            struct bytes request)
{
    uint32_t from;
    uint32_t to;
    static const struct hash256 none;
    if (!range_read(world, request, &from, &to) || to - from >= 2000)
        return true;
    struct buf payload = buf_with_max(2000 * 32 + 128);
    buf_u8(&payload, 0);
    buf_add(&payload, bytes_of(world->hashes[to].b, 32));
    buf_add(&payload, bytes_of(from ? world->filter_headers[from - 1].b : none.b, 32));
    buf_compact(&payload, to - from + 1);
    for (uint32_t i = from; i <= to; i++) {
        struct hash256 hash = world->filter_hashes[i];
        hash.b[0] ^= peer->options.fault == TOYPEER_DENIED_HEADER && i == world->count / 2;
        buf_add(&payload, bytes_of(hash.b, 32));
    }
    bool good = answer(peer, "cfheaders", buf_bytes(&payload));
    buf_free(&payload);
    return good;
}

static bool send_filter(struct toypeer *peer, const struct toyworld *world, uint32_t height)
{
    struct bytes filter = world->filters[height];
    struct buf payload = buf_with_max(BLOCK_SIZE_MAX);
    buf_u8(&payload, 0);
    buf_add(&payload, bytes_of(world->hashes[height].b, 32));
    buf_compact(&payload, filter.size);
    buf_add(&payload, filter);
    if (peer->options.fault == TOYPEER_FALSE_FILTER)
        payload.data[payload.size - 1] ^= 0x80;
    peer->filters_sent++;
    bool good = answer(peer, "cfilter", buf_bytes(&payload));
    buf_free(&payload);
    return good;
}

static bool on_getcfilters(struct toypeer *peer, const struct toyworld *world, struct bytes request)
{
    uint32_t from;
    uint32_t to;
    if (!range_read(world, request, &from, &to) || to - from >= SPAN)
        return true;
    for (uint32_t i = from; i <= to; i++)
        if (!send_filter(peer, world, i))
            return false;
    return true;
}

/* ---- blocks
 * ---------------------------------------------------------------------------------------- */

static bool send_block(struct toypeer *peer, const struct toyworld *world, uint32_t height)
{
    struct buf payload = buf_with_max(BLOCK_SIZE_MAX);
    if (peer->options.fault == TOYPEER_OTHER_BLOCK)
        height = height > 0 ? height - 1 : 1;
    buf_add(&payload, world->blocks[height]);
    if (peer->options.fault == TOYPEER_FALSE_BLOCK)
        payload.data[payload.size - 5] ^= 1; /* in the last output or the witness */
    bool good = answer(peer, "block", buf_bytes(&payload));
    buf_free(&payload);
    return good;
}

static bool on_getdata(struct toypeer *peer, const struct toyworld *world, struct bytes request)
{
    struct cursor cursor = cursor_of(request);
    uint64_t count = cursor_compact(&cursor, 50000);
    for (uint64_t i = 0; i < count && !cursor.bad; i++) {
        uint32_t type = cursor_le32(&cursor);
        struct bytes hash = cursor_take(&cursor, 32);
        uint32_t height = hash.size == 32 ? height_of(world, hash.data) : world->count;
        bool has = height < world->count && height >= peer->options.pruned &&
                   peer->options.fault != TOYPEER_NOT_FOUND;
        if (has && !send_block(peer, world, height))
            return false;
        if (has || hash.size != 32)
            continue;
        struct buf payload = buf_with_max(64);
        buf_u8(&payload, 1);
        buf_le32(&payload, type);
        buf_add(&payload, hash);
        bool good = answer(peer, "notfound", buf_bytes(&payload));
        buf_free(&payload);
        if (!good)
            return false;
    }
    return true;
}

/* ---- the thread
 * ------------------------------------------------------------------------------------ */

static bool respond(struct toypeer *peer, const char *command, struct bytes request)
{
    const struct toyworld *world = peer->world;
    if (strcmp(command, "version") == 0)
        return greet(peer);
    if (peer->options.fault == TOYPEER_SILENT)
        return true;
    if (strcmp(command, "verack") == 0 && peer->options.fault == TOYPEER_UNASKED)
        return send_filter(peer, world, 1);
    if (strcmp(command, "ping") == 0)
        return answer(peer, "pong", request);
    if (strcmp(command, "getheaders") == 0)
        return on_getheaders(peer, world, request);
    if (strcmp(command, "getcfheaders") == 0)
        return on_getcfheaders(peer, world, request);
    if (strcmp(command, "getcfilters") == 0)
        return on_getcfilters(peer, world, request);
    if (strcmp(command, "getdata") == 0)
        return on_getdata(peer, world, request);
    return true;
}

/* One message in, its answers out. */
static bool message(struct toypeer *peer, struct buf *payload)
{
    uint8_t head[HEAD_SIZE];
    char command[13] = {0};
    if (!receive_all(peer, head, sizeof head))
        return false;
    uint32_t size = load_le32(head + 16);
    memcpy(command, head + 4, 12);
    if (memcmp(head, peer->options.world->params->magic, 4) != 0 || size > REQUEST_MAX)
        return false;
    buf_reset(payload);
    uint8_t *room = buf_extend(payload, size);
    if (size > 0 && !receive_all(peer, room, size))
        return false;
    return respond(peer, command, buf_bytes(payload));
}

static void serve(struct toypeer *peer)
{
    struct buf payload = buf_with_max(REQUEST_MAX);
    peer->answers = 0;
    peer->flooding = false;
    peer->connections++;
    while (peer->options.fault == TOYPEER_MUTE && !peer->stop)
        pause_ms(POLL_MS);
    while (!peer->stop && message(peer, &payload))
        continue;
    buf_free(&payload);
    (void)close(peer->fd);
}

static void *peer_main(void *context)
{
    struct toypeer *peer = context;
    while (!peer->stop) {
        struct pollfd fd = {.fd = peer->listener, .events = POLLIN};
        if (poll(&fd, 1, POLL_MS) <= 0)
            continue;
        peer->fd = accept(peer->listener, NULL, NULL);
        if (peer->fd >= 0)
            serve(peer);
    }
    return NULL;
}

struct toypeer *toypeer_start(const struct toypeer_options *options)
{
    struct toypeer *peer = mem_zalloc(1, sizeof *peer);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(options->port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int one = 1;
    peer->options = *options;
    peer->world = options->world;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->listener >= 0);
    (void)setsockopt(peer->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 8), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
    peer->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_main, peer), 0);
    return peer;
}

uint16_t toypeer_port(const struct toypeer *peer)
{
    return peer->port;
}

void toypeer_world(struct toypeer *peer, const struct toyworld *world)
{
    peer->world = world;
}

unsigned toypeer_filters_sent(const struct toypeer *peer)
{
    return peer->filters_sent;
}

unsigned toypeer_headers_sent(const struct toypeer *peer)
{
    return peer->headers_sent;
}

unsigned toypeer_connections(const struct toypeer *peer)
{
    return peer->connections;
}

void toypeer_stop(struct toypeer *peer)
{
    peer->stop = true;
    (void)pthread_join(peer->thread, NULL);
    (void)close(peer->listener);
    free(peer);
}
