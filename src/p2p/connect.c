/* Which address is tried next, connecting without waiting, a SOCKS5 proxy in between, and the
 * first messages. */
#include "p2p/p2p_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTS_AT_ONCE = 8, PICK_TRIES = 64 };

/* ---- which
 * ------------------------------------------------------------------------------------------- */

static bool host_in_use(const struct p2p *p2p, const struct address *address)
{
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].state != PEER_FREE &&
            strcmp(p2p->peers[i].address.host, address->host) == 0)
            return true;
    return false;
}

/* Those that were found are asked for filters: who is known not to have them is passed over. */
static bool may_try(const struct p2p *p2p, const struct known_peer *known, int64_t now)
{
    if (known->in_use || known->next_ms > now ||
        known_ban_of(&p2p->known, &known->address, time_now()))
        return false;
    if (known->given)
        return true;
    return (known->services == 0 || (known->services & SERVICE_COMPACT_FILTERS)) &&
           !host_in_use(p2p, &known->address);
}

static struct known_peer *pick(struct p2p *p2p, int64_t now)
{
    size_t count = p2p->known.peer_count;
    uint32_t random;
    for (unsigned i = 0; count > 0 && !p2p->given && i < PICK_TRIES; i++) {
        random_bytes(&random, sizeof random);
        struct known_peer *known = &p2p->known.peers[random % count];
        if (may_try(p2p, known, now))
            return known;
    }
    for (size_t i = 0; i < count; i++)
        if ((!p2p->given || p2p->known.peers[i].given) && may_try(p2p, &p2p->known.peers[i], now))
            return &p2p->known.peers[i];
    return NULL;
}

unsigned connect_possible(const struct p2p *p2p)
{
    unsigned count = 0;
    for (size_t i = 0; i < p2p->known.peer_count; i++) {
        const struct known_peer *known = &p2p->known.peers[i];
        count += known->given && !known_ban_of(&p2p->known, &known->address, time_now());
    }
    return count;
}

/* ---- connecting
 * --------------------------------------------------------------------------------------- */

static socklen_t sockaddr_of(struct sockaddr_storage *ret, const struct address *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    if (inet_pton(AF_INET, address->host, &v4.sin_addr) == 1) {
        memcpy(ret, &v4, sizeof v4);
        return sizeof v4;
    }
    if (inet_pton(AF_INET6, address->host, &v6.sin6_addr) == 1) {
        memcpy(ret, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}

/* -1: it cannot even be begun. */
static int socket_begin(const struct address *address)
{
    struct sockaddr_storage storage;
    int one = 1;
    memset(&storage, 0, sizeof storage);
    socklen_t size = sockaddr_of(&storage, address);
    if (size == 0)
        return -1;
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* only faster */
    if (connect(fd, (const struct sockaddr *)&storage, size) == 0 || errno == EINPROGRESS)
        return fd;
    (void)close(fd);
    return -1;
}

static void peer_begin(struct p2p *p2p, struct peer *peer, struct known_peer *known)
{
    int64_t now = clock_ms();
    int fd = socket_begin(p2p->proxied ? &p2p->proxy : &known->address);
    known->in_use = fd >= 0;
    known->next_ms = now + BACKOFF_MAX_MS;
    if (fd < 0) {
        known->failures++;
        return;
    }
    *peer = (struct peer){.state = PEER_CONNECTING,
                          .fd = fd,
                          .serial = ++p2p->next_serial,
                          .address = known->address,
                          .since_ms = now,
                          .heard_ms = now,
                          .in = buf_with_max(WIRE_PAYLOAD_MAX),
                          .out = buf_with_max(OUT_MAX),
                          .judged = buf_with_max(FILTER_SIZE_MAX)};
    address_format(peer->name, &peer->address);
}

static void addresses_take(struct p2p *p2p)
{
    struct address address;
    while (p2p->resolver && resolver_take(p2p->resolver, &address))
        (void)known_add(&p2p->known, &address, 0, time_now());
}

void connect_more(struct p2p *p2p)
{
    unsigned connecting = 0;
    unsigned in_use = 0;
    int64_t now = clock_ms();
    addresses_take(p2p);
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        in_use += p2p->peers[i].state != PEER_FREE;
        connecting += p2p->peers[i].state != PEER_FREE && p2p->peers[i].state != PEER_READY;
    }
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        if (p2p->peers[i].state != PEER_FREE || in_use >= P2P_PEER_MAX ||
            net_ready(p2p) >= p2p->peers_wanted || connecting >= CONNECTS_AT_ONCE)
            continue;
        struct known_peer *known = pick(p2p, now);
        if (!known)
            return;
        peer_begin(p2p, &p2p->peers[i], known);
        connecting++;
        in_use++;
    }
}

void connect_finish(struct p2p *p2p, struct peer *peer)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        net_drop(p2p, peer, "cannot connect");
        return;
    }
    if (p2p->proxied) {
        peer->state = PEER_SOCKS_HELLO;
        socks_hello_write(&peer->out);
    } else {
        connect_greet(p2p, peer);
    }
}

/* A proxy sends no byte beyond its answer before it is asked for more. */
void connect_socks(struct p2p *p2p, struct peer *peer)
{
    struct err err = {0};
    size_t size = 0;
    bool hello = peer->state == PEER_SOCKS_HELLO;
    int code = hello ? socks_hello_parse(&size, buf_bytes(&peer->in), &err)
                     : socks_connect_parse(&size, buf_bytes(&peer->in), &err);
    if (code < 0 || (size > 0 && peer->in.size > size) || peer->in.size > 512) {
        net_drop(p2p, peer, code < 0 ? err.text : "proxy: says too much");
        return;
    }
    if (size == 0)
        return;
    buf_reset(&peer->in);
    if (hello) {
        peer->state = PEER_SOCKS_CONNECT;
        socks_connect_write(&peer->out, &peer->address);
    } else {
        connect_greet(p2p, peer);
    }
}

void connect_greet(struct p2p *p2p, struct peer *peer)
{
    struct buf payload = buf_with_max(WIRE_PAYLOAD_MAX);
    struct wire_version version = {.protocol = WIRE_PROTOCOL, .time = time_now()};
    random_bytes(&version.nonce, sizeof version.nonce);
    (void)snprintf(version.agent, sizeof version.agent, "/sanad:%s/", SANAD_VERSION);
    version.height = (int32_t)header_tree_node(p2p->tree, p2p->best)->height;
    wire_version_write(&payload, &version);
    net_send(p2p, peer, WIRE_VERSION, buf_bytes(&payload));
    buf_free(&payload);
    peer->state = PEER_GREETING;
    peer->since_ms = clock_ms();
}
