/* A whole message came: the handshake, what was asked for, and what nobody asked for. */
#include "p2p/p2p_priv.h"

#include <stdlib.h>

enum { ANNOUNCED_HEADERS_MAX = 8 };

/* ---- the handshake
 * ------------------------------------------------------------------------------------ */

static void greeted(struct p2p *p2p, struct peer *peer)
{
    peer->state = PEER_READY;
    peer->since_ms = clock_ms();
    net_progress(p2p);
    for (size_t i = 0; i < p2p->known.peer_count; i++) {
        struct known_peer *known = &p2p->known.peers[i];
        if (!address_equal(&known->address, &peer->address))
            continue;
        known->services = peer->services;
        known->seen = time_now();
    }
    if (!p2p->given) {
        peer->asked_addresses = true;
        net_send(p2p, peer, WIRE_GETADDR, bytes_of(NULL, 0));
    }
    (void)pthread_cond_broadcast(&p2p->changed);
}

static void on_version(struct p2p *p2p, struct peer *peer, struct bytes payload)
{
    struct err err = {0};
    if (peer->got_version) {
        net_ban(p2p, peer, "a second version");
        return;
    }
    if (wire_version_parse(&peer->version, payload, &err) < 0) {
        net_drop(p2p, peer, err.text); /* old or strange, not hostile */
        return;
    }
    peer->got_version = true;
    peer->services = peer->version.services;
    /* A peer that was found and has no filters is of no use here; one that was given has blocks. */
    if (!p2p->given && !(peer->services & SERVICE_COMPACT_FILTERS)) {
        (void)known_add(&p2p->known, &peer->address, peer->services, 0);
        net_drop(p2p, peer, "serves no compact filters");
        return;
    }
    net_send(p2p, peer, WIRE_WTXIDRELAY, bytes_of(NULL, 0));
    net_send(p2p, peer, WIRE_SENDADDRV2, bytes_of(NULL, 0));
    net_send(p2p, peer, WIRE_VERACK, bytes_of(NULL, 0));
    if (peer->got_verack)
        greeted(p2p, peer);
}

static void on_verack(struct p2p *p2p, struct peer *peer)
{
    if (peer->got_verack) {
        net_ban(p2p, peer, "a second verack");
        return;
    }
    peer->got_verack = true;
    if (peer->got_version)
        greeted(p2p, peer);
}

/* ---- small things
 * ------------------------------------------------------------------------------------- */

static void on_ping(struct p2p *p2p, struct peer *peer, struct bytes payload)
{
    if (payload.size == 8)
        net_send(p2p, peer, WIRE_PONG, payload);
}

static void on_pong(struct peer *peer, struct bytes payload)
{
    struct request *request = net_request_find(peer, REQUEST_PING, NULL);
    if (request && payload.size == 8 && load_le64(payload.data) == request->nonce)
        net_request_end(peer, request);
}

/* Only where addresses were asked for; those of banned peers are not taken. */
static void on_addresses(struct p2p *p2p, struct peer *peer, enum wire_command command,
                         struct bytes payload)
{
    struct err err = {0};
    size_t count = 0;
    struct wire_address *found = mem_zalloc(WIRE_ADDR_MAX, sizeof *found);
    int code = command == WIRE_ADDR ? wire_addr_parse(found, &count, payload, &err)
                                    : wire_addrv2_parse(found, &count, payload, &err);
    for (size_t i = 0; code == 0 && peer->asked_addresses && i < count; i++)
        if (!known_ban_of(&p2p->known, &found[i].address, time_now()))
            (void)known_add(&p2p->known, &found[i].address, found[i].services, found[i].time);
    free(found);
    if (code < 0)
        net_ban(p2p, peer, err.text);
}

static void on_inv(struct p2p *p2p, struct peer *peer, struct bytes payload)
{
    struct err err = {0};
    struct wire_inv inv;
    if (wire_inv_parse(&inv, payload, &err) < 0) {
        net_ban(p2p, peer, err.text);
        return;
    }
    for (size_t i = 0; i < inv.count; i++) {
        struct hash256 hash = wire_inv_hash(&inv, i);
        if (wire_inv_type(&inv, i) == INV_BLOCK && p2p->task != TASK_HEADERS &&
            header_tree_find(p2p->tree, &hash) == NODE_NONE)
            p2p->news = true;
    }
}

static void on_not_found(struct p2p *p2p, struct peer *peer, struct bytes payload)
{
    struct err err = {0};
    struct wire_inv inv;
    uint64_t serial = peer->serial;
    if (wire_inv_parse(&inv, payload, &err) < 0) {
        net_ban(p2p, peer, err.text);
        return;
    }
    for (size_t i = 0; i < inv.count && peer->serial == serial; i++) {
        struct hash256 hash = wire_inv_hash(&inv, i);
        blocks_not_found(p2p, peer, &hash);
    }
}

/* ---- answers
 * ------------------------------------------------------------------------------------------ */

static void on_headers(struct p2p *p2p, struct peer *peer, struct bytes payload)
{
    struct err err = {0};
    struct wire_headers headers;
    struct request *request = net_request_find(peer, REQUEST_HEADERS, NULL);
    if (wire_headers_parse(&headers, payload, &err) < 0) {
        net_ban(p2p, peer, err.text);
        return;
    }
    if (!request && headers.count > ANNOUNCED_HEADERS_MAX) {
        net_ban(p2p, peer, "headers that nobody asked for");
        return;
    }
    if (!request) {
        p2p->news = true;
        return;
    }
    net_request_end(peer, request);
    headers_answer(p2p, peer, &headers);
}

static void on_cfheaders(struct p2p *p2p, struct peer *peer, struct bytes payload)
{
    struct err err = {0};
    struct wire_cfheaders cfheaders;
    if (wire_cfheaders_parse(&cfheaders, payload, &err) < 0) {
        net_ban(p2p, peer, err.text);
        return;
    }
    struct request *request = net_request_find(peer, REQUEST_CFHEADERS, &cfheaders.stop);
    if (!request) {
        net_ban(p2p, peer, "filter headers that nobody asked for");
        return;
    }
    if (cfheaders.count != (size_t)request->to - request->from + 1) {
        net_ban(p2p, peer, "filter headers of another number than asked for");
        return;
    }
    net_request_end(peer, request);
    agree_answer(p2p, peer, &cfheaders);
}

static void on_block(struct p2p *p2p, struct peer *peer, struct bytes payload)
{
    struct hash256 hash;
    if (payload.size < HEADER_SIZE) {
        net_ban(p2p, peer, "a block that is shorter than a header");
        return;
    }
    header_hash(&hash, payload.data);
    struct request *request = net_request_find(peer, REQUEST_BLOCK, &hash);
    if (!request) {
        net_ban(p2p, peer, "a block that nobody asked for");
        return;
    }
    net_request_end(peer, request);
    blocks_answer(p2p, peer, payload);
}

static void on_cfilter(struct p2p *p2p, struct peer *peer, struct bytes payload)
{
    struct err err = {0};
    struct wire_cfilter cfilter;
    if (wire_cfilter_parse(&cfilter, payload, &err) < 0)
        net_ban(p2p, peer, err.text);
    else
        ranges_answer(p2p, peer, &cfilter);
}

static void dispatch_answer(struct p2p *p2p, struct peer *peer, enum wire_command command,
                            struct bytes payload)
{
    if (command == WIRE_HEADERS)
        on_headers(p2p, peer, payload);
    else if (command == WIRE_CFHEADERS)
        on_cfheaders(p2p, peer, payload);
    else if (command == WIRE_CFILTER)
        on_cfilter(p2p, peer, payload);
    else if (command == WIRE_BLOCK)
        on_block(p2p, peer, payload);
    else if (command == WIRE_CFCHECKPT)
        net_ban(p2p, peer, "filter checkpoints that nobody asked for");
    /* Requests of others are not served: we said that we have nothing. */
}

void dispatch(struct p2p *p2p, struct peer *peer, enum wire_command command, struct bytes payload)
{
    if (command == WIRE_VERSION) {
        on_version(p2p, peer, payload);
    } else if (command == WIRE_VERACK) {
        on_verack(p2p, peer);
    } else if (peer->state != PEER_READY) {
        if (command != WIRE_WTXIDRELAY && command != WIRE_SENDADDRV2)
            net_ban(p2p, peer, "a message before the handshake");
    } else if (command == WIRE_PING) {
        on_ping(p2p, peer, payload);
    } else if (command == WIRE_PONG) {
        on_pong(peer, payload);
    } else if (command == WIRE_ADDR || command == WIRE_ADDRV2) {
        on_addresses(p2p, peer, command, payload);
    } else if (command == WIRE_INV) {
        on_inv(p2p, peer, payload);
    } else if (command == WIRE_NOTFOUND) {
        on_not_found(p2p, peer, payload);
    } else {
        dispatch_answer(p2p, peer, command, payload);
    }
}
