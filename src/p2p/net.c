/* The thread: waits for sockets, takes frames in, sends frames, keeps the clocks. All state of
 * the client changes under its lock; the thread gives it up only while it waits. */
#include "p2p/p2p_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 18, READS_A_TURN = 8, TICK_MS = 50 };

void net_say(const struct p2p *p2p, const struct peer *peer, const char *text)
{
    char line[ERR_TEXT_SIZE + PEER_NAME_SIZE];
    (void)snprintf(line, sizeof line, "%s%s%s", peer ? peer->name : "", peer ? ": " : "", text);
    if (p2p->options.say)
        p2p->options.say(p2p->options.say_context, line);
}

void net_progress(struct p2p *p2p)
{
    p2p->progress_ms = clock_ms();
}

void net_task_end(struct p2p *p2p, int code)
{
    p2p->task_done = true;
    p2p->task_code = code;
    (void)pthread_cond_broadcast(&p2p->changed);
}

/* ---- requests
 * -------------------------------------------------------------------------------------- */

struct request *net_request(struct peer *peer, struct request request)
{
    sanad_assert(peer->request_count < REQUEST_MAX);
    request.begun_ms = clock_ms();
    if (peer->request_count == 0) {
        peer->window_ms = request.begun_ms;
        peer->window_bytes = 0;
    }
    peer->requests[peer->request_count] = request;
    return &peer->requests[peer->request_count++];
}

void net_request_end(struct peer *peer, struct request *request)
{
    size_t at = (size_t)(request - peer->requests);
    sanad_assert(at < peer->request_count);
    peer->served = peer->served || request->kind != REQUEST_PING;
    memmove(request, request + 1, (peer->request_count - at - 1) * sizeof *request);
    peer->request_count--;
    peer->window_ms = clock_ms();
    peer->window_bytes = 0;
}

struct request *net_request_find(struct peer *peer, enum request_kind kind,
                                 const struct hash256 *hash)
{
    for (unsigned i = 0; i < peer->request_count; i++) {
        struct request *request = &peer->requests[i];
        if (request->kind == kind && (!hash || hash256_equal(&request->hash, hash)))
            return request;
    }
    return NULL;
}

unsigned net_request_count(const struct peer *peer, enum request_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < peer->request_count; i++)
        count += peer->requests[i].kind == kind;
    return count;
}

/* ---- peers
 * ----------------------------------------------------------------------------------------- */

unsigned net_ready(const struct p2p *p2p)
{
    unsigned count = 0;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        count += p2p->peers[i].state == PEER_READY;
    return count;
}

bool net_is_filter_peer(const struct peer *peer)
{
    return peer->state == PEER_READY && (peer->services & SERVICE_COMPACT_FILTERS) != 0;
}

bool net_connecting(const struct p2p *p2p)
{
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].state != PEER_FREE && p2p->peers[i].state != PEER_READY)
            return true;
    return false;
}

static struct known_peer *known_of(struct p2p *p2p, const struct peer *peer)
{
    for (size_t i = 0; i < p2p->known.peer_count; i++)
        if (address_equal(&p2p->known.peers[i].address, &peer->address))
            return &p2p->known.peers[i];
    return NULL;
}

/* What it was asked for goes to others; its address waits before it is tried again. */
static void peer_close(struct p2p *p2p, struct peer *peer)
{
    struct known_peer *known = known_of(p2p, peer);
    if (known) {
        unsigned shift = known->failures < 6 ? known->failures : 6;
        int64_t wait = (int64_t)BACKOFF_MS << shift;
        known->in_use = false;
        known->failures = peer->served ? 0 : known->failures + 1;
        known->next_ms = clock_ms() + (wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS);
    }
    (void)close(peer->fd);
    peer->state = PEER_FREE;
    blocks_lost(p2p, peer);
    headers_lost(p2p, peer);
    for (unsigned i = 0; i < peer->request_count; i++)
        ranges_lost(p2p, &peer->requests[i]);
    buf_free(&peer->in);
    buf_free(&peer->out);
    buf_free(&peer->judged);
    free(peer->agree_headers);
    *peer = (struct peer){.state = PEER_FREE, .fd = -1};
    (void)pthread_cond_broadcast(&p2p->changed);
}

void net_drop(struct p2p *p2p, struct peer *peer, const char *why)
{
    if (peer->state == PEER_FREE)
        return;
    (void)why; /* for a debugger: that peers come and go is nothing to tell */
    peer_close(p2p, peer);
}

void net_ban(struct p2p *p2p, struct peer *peer, const char *why)
{
    struct err err = {0};
    char ban[ERR_TEXT_SIZE + 32];
    if (peer->state == PEER_FREE)
        return;
    (void)snprintf(ban, sizeof ban, "banned for a day: %s", why);
    net_say(p2p, peer, ban);
    (void)snprintf(p2p->last_ban, sizeof p2p->last_ban, "%s: %s", peer->name, why);
    p2p->report.banned++;
    if (known_ban(&p2p->known, &peer->address, time_now(), why, &err) < 0)
        net_say(p2p, peer, err.text); /* the ban still holds in this run */
    peer_close(p2p, peer);
}

void net_send(struct p2p *p2p, struct peer *peer, enum wire_command command, struct bytes payload)
{
    wire_write(&peer->out, p2p->params, command, payload);
}

/* ---- bytes out and in
 * -------------------------------------------------------------------------------- */

/* False: the connection is gone. */
static bool peer_write(struct p2p *p2p, struct peer *peer)
{
    while (peer->out_at < peer->out.size) {
        ssize_t sent = send(peer->fd, peer->out.data + peer->out_at, peer->out.size - peer->out_at,
                            MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (sent <= 0) {
            net_drop(p2p, peer, "connection broken");
            return false;
        }
        peer->out_at += (size_t)sent;
    }
    if (peer->out.bad) {
        net_drop(p2p, peer, "takes nothing in");
        return false;
    }
    buf_reset(&peer->out);
    peer->out_at = 0;
    return true;
}

/* The whole payload is there. False: the peer is gone. */
static bool message_done(struct p2p *p2p, struct peer *peer)
{
    uint64_t serial = peer->serial;
    peer->head_done = false;
    peer->head_size = 0;
    if (peer->head.command == WIRE_OTHER)
        return true;
    if (!wire_checksum_ok(&peer->head, buf_bytes(&peer->in))) {
        net_ban(p2p, peer, "message with a wrong checksum");
        return false;
    }
    dispatch(p2p, peer, peer->head.command, buf_bytes(&peer->in));
    if (peer->serial != serial)
        return false;
    if (peer->in.capacity > READ_SIZE)
        buf_free(&peer->in); /* a block's room is not kept by each of 16 peers */
    buf_reset(&peer->in);
    return true;
}

/* The 24 bytes before a payload. False: the peer is gone. */
static bool head_take(struct p2p *p2p, struct peer *peer, struct bytes *bytes)
{
    struct err err = {0};
    size_t size = WIRE_HEAD_SIZE - peer->head_size;
    size = size < bytes->size ? size : bytes->size;
    memcpy(peer->head_raw + peer->head_size, bytes->data, size);
    peer->head_size += size;
    *bytes = bytes_of(bytes->data + size, bytes->size - size);
    if (peer->head_size < WIRE_HEAD_SIZE)
        return true;
    if (wire_head_parse(&peer->head, peer->head_raw, p2p->params, &err) < 0) {
        net_ban(p2p, peer, err.text);
        return false;
    }
    peer->head_done = true;
    peer->skip_left = peer->head.command == WIRE_OTHER ? peer->head.size : 0;
    buf_reset(&peer->in);
    peer->in.max = WIRE_PAYLOAD_MAX;
    return peer->head.size > 0 || message_done(p2p, peer);
}

/* False: the peer is gone. Memory grows with what has come, never with what was announced. */
static bool frames_take(struct p2p *p2p, struct peer *peer, struct bytes bytes)
{
    while (bytes.size > 0) {
        if (!peer->head_done) {
            if (!head_take(p2p, peer, &bytes))
                return false;
            continue;
        }
        bool skip = peer->head.command == WIRE_OTHER;
        size_t left = skip ? peer->skip_left : peer->head.size - peer->in.size;
        size_t size = left < bytes.size ? left : bytes.size;
        if (skip)
            peer->skip_left -= (uint32_t)size;
        else
            buf_add(&peer->in, bytes_of(bytes.data, size));
        bytes = bytes_of(bytes.data + size, bytes.size - size);
        if (size == left && !message_done(p2p, peer))
            return false;
    }
    return true;
}

static void peer_read(struct p2p *p2p, struct peer *peer, uint8_t *room)
{
    for (unsigned turn = 0; turn < READS_A_TURN; turn++) {
        ssize_t got = recv(peer->fd, room, READ_SIZE, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got <= 0) {
            net_drop(p2p, peer, got == 0 ? "connection closed" : "connection broken");
            return;
        }
        peer->window_bytes += (uint64_t)got;
        peer->heard_ms = clock_ms();
        p2p->report.bytes += (uint64_t)got;
        if (peer->state == PEER_SOCKS_HELLO || peer->state == PEER_SOCKS_CONNECT) {
            buf_add(&peer->in, bytes_of(room, (size_t)got));
            connect_socks(p2p, peer);
            return;
        }
        if (!frames_take(p2p, peer, bytes_of(room, (size_t)got)))
            return;
        if ((size_t)got < READ_SIZE)
            return;
    }
}

/* ---- clocks
 * ------------------------------------------------------------------------------------------ */

static void ping(struct p2p *p2p, struct peer *peer)
{
    uint8_t raw[8];
    random_bytes(raw, sizeof raw);
    (void)net_request(peer, (struct request){.kind = REQUEST_PING, .nonce = load_le64(raw)});
    net_send(p2p, peer, WIRE_PING, bytes_of(raw, sizeof raw));
}

/* A peer that is asked for something must bring so many bytes in each window, or an answer. */
static void peer_clock(struct p2p *p2p, struct peer *peer, int64_t now)
{
    uint64_t least = (uint64_t)p2p->timeout_ms * RATE_MIN / 1000;
    if (peer->state != PEER_READY) {
        if (now - peer->since_ms > p2p->timeout_ms)
            net_drop(p2p, peer, "no handshake in time");
        return;
    }
    if (peer->request_count == 0) {
        if (now - peer->heard_ms > IDLE_PING_MS)
            ping(p2p, peer);
        return;
    }
    if (now - peer->requests[0].begun_ms > AGE_MAX_WINDOWS * p2p->timeout_ms) {
        net_drop(p2p, peer, "an answer took too long");
        return;
    }
    if (now - peer->window_ms <= p2p->timeout_ms)
        return;
    if (peer->window_bytes < least) {
        net_drop(p2p, peer, "too slow");
        return;
    }
    peer->window_ms = now;
    peer->window_bytes = 0;
}

static void task_clock(struct p2p *p2p, int64_t now)
{
    if (p2p->task == TASK_NONE || p2p->task_done)
        return;
    if (p2p->task == TASK_HEADERS)
        headers_schedule(p2p, now);
    else if (p2p->task == TASK_AGREE)
        agree_schedule(p2p, now);
    else
        ranges_schedule(p2p, now);
    bool nobody = p2p->given && connect_possible(p2p) == 0;
    if (p2p->task_done || (!nobody && now - p2p->progress_ms <= p2p->patience_ms))
        return;
    if (nobody) {
        net_task_end(p2p, err_set(&p2p->task_err, SANAD_MISSING,
                                  "p2p: every peer that was given is banned; the last: %s",
                                  p2p->last_ban));
        return;
    }
    net_task_end(p2p, err_set(&p2p->task_err, SANAD_IO,
                              "p2p: no peer brought anything for %lld seconds (%u connected)%s%s",
                              (long long)(p2p->patience_ms / 1000), net_ready(p2p),
                              p2p->last_ban[0] ? "; banned: " : "", p2p->last_ban));
}

static void clocks(struct p2p *p2p)
{
    int64_t now = clock_ms();
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].state != PEER_FREE)
            peer_clock(p2p, &p2p->peers[i], now);
    connect_more(p2p);
    task_clock(p2p, now);
    blocks_schedule(p2p, now);
}

/* ---- the loop
 * ---------------------------------------------------------------------------------------- */

static unsigned poll_fill(const struct p2p *p2p, struct pollfd *fds)
{
    unsigned count = 0;
    fds[count++] = (struct pollfd){.fd = p2p->wake_fd, .events = POLLIN};
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        const struct peer *peer = &p2p->peers[i];
        bool writes = peer->state == PEER_CONNECTING || peer->out_at < peer->out.size;
        int fd = peer->state == PEER_FREE ? -1 : peer->fd; /* poll passes over negative ones */
        fds[count++] =
            (struct pollfd){.fd = fd, .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
    }
    return count;
}

static void peer_event(struct p2p *p2p, struct peer *peer, short events, uint8_t *room)
{
    if (peer->state == PEER_CONNECTING) {
        if (events & (POLLOUT | POLLERR | POLLHUP))
            connect_finish(p2p, peer);
        return;
    }
    if ((events & POLLOUT) && !peer_write(p2p, peer))
        return;
    if (events & (POLLIN | POLLERR | POLLHUP))
        peer_read(p2p, peer, room);
}

static void loop_turn(struct p2p *p2p, uint8_t *room)
{
    struct pollfd fds[P2P_PEER_MAX + 1];
    uint64_t woken;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].state != PEER_FREE && p2p->peers[i].state != PEER_CONNECTING)
            (void)peer_write(p2p, &p2p->peers[i]);
    unsigned count = poll_fill(p2p, fds);
    (void)pthread_mutex_unlock(&p2p->lock);
    int ready = poll(fds, count, TICK_MS);
    (void)pthread_mutex_lock(&p2p->lock);
    if (ready > 0 && (fds[0].revents & POLLIN))
        (void)!read(p2p->wake_fd, &woken, sizeof woken);
    for (unsigned i = 0; ready > 0 && i < P2P_PEER_MAX; i++)
        if (fds[i + 1].revents && fds[i + 1].fd == p2p->peers[i].fd)
            peer_event(p2p, &p2p->peers[i], fds[i + 1].revents, room);
    clocks(p2p);
}

static void *net_main(void *context)
{
    struct p2p *p2p = context;
    uint8_t *room = mem_alloc(READ_SIZE);
    (void)pthread_mutex_lock(&p2p->lock);
    while (!p2p->stop)
        loop_turn(p2p, room);
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].state != PEER_FREE)
            peer_close(p2p, &p2p->peers[i]);
    (void)pthread_mutex_unlock(&p2p->lock);
    free(room);
    return NULL;
}

void net_wake(struct p2p *p2p)
{
    uint64_t one = 1;
    (void)!write(p2p->wake_fd, &one, sizeof one); /* a full counter wakes as well */
}

int net_start(struct p2p *p2p, struct err *err)
{
    pthread_condattr_t clock;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        p2p->peers[i] = (struct peer){.state = PEER_FREE, .fd = -1};
    int code = pthread_mutex_init(&p2p->lock, NULL);
    code |= pthread_condattr_init(&clock);
    code |= pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    code |= pthread_cond_init(&p2p->changed, &clock);
    code |= pthread_condattr_destroy(&clock);
    sanad_assert(code == 0);
    p2p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p2p->wake_fd < 0)
        return err_set(err, SANAD_ENVIRONMENT, "p2p: no event descriptor");
    if (pthread_create(&p2p->thread, NULL, net_main, p2p) != 0)
        return err_set(err, SANAD_ENVIRONMENT, "p2p: no thread could be started");
    return 0;
}

void net_stop(struct p2p *p2p)
{
    (void)pthread_mutex_lock(&p2p->lock);
    p2p->stop = true;
    (void)pthread_mutex_unlock(&p2p->lock);
    net_wake(p2p);
    (void)pthread_join(p2p->thread, NULL);
    (void)pthread_mutex_destroy(&p2p->lock);
    (void)pthread_cond_destroy(&p2p->changed);
    (void)close(p2p->wake_fd);
}
