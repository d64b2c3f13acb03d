/* Blocks that somebody waits for: each is asked of a random peer, checked whole, and asked of
 * another one when it is wrong, missing or slow. */
#include "p2p/p2p_priv.h"

#include <stdlib.h>

void blocks_add(struct p2p *p2p, struct want *want)
{
    want->since_ms = clock_ms();
    want->next = NULL;
    struct want **at = &p2p->wants;
    while (*at)
        at = &(*at)->next;
    *at = want;
}

/* Out of the list; who waits for it finds it done. */
static void want_end(struct p2p *p2p, struct want *want, int code)
{
    for (struct want **at = &p2p->wants; *at; at = &(*at)->next)
        if (*at == want) {
            *at = want->next;
            break;
        }
    want->code = code;
    want->done = true;
    (void)pthread_cond_broadcast(&p2p->changed);
}

static uint32_t height_of(const struct p2p *p2p, const struct want *want)
{
    return header_tree_node(p2p->tree, want->node)->height;
}

static bool was_tried(const struct want *want, const struct peer *peer)
{
    for (unsigned i = 0; i < want->tried_count; i++)
        if (want->tried[i] == peer->serial)
            return true;
    return false;
}

/* BIP159: a pruned peer serves the newest 288 blocks and is not asked for older ones. */
static bool may_have(const struct p2p *p2p, const struct want *want, const struct peer *peer)
{
    if (peer->services & SERVICE_NETWORK)
        return true;
    return (peer->services & SERVICE_NETWORK_LIMITED) &&
           height_of(p2p, want) + LIMITED_DEPTH > header_tree_node(p2p->tree, p2p->best)->height;
}

/* A random one of those that were not asked yet and have time. */
static struct peer *choose(struct p2p *p2p, const struct want *want, bool *ret_later,
                           bool *ret_limited)
{
    struct peer *fit[P2P_PEER_MAX];
    uint32_t random;
    unsigned count = 0;
    *ret_later = false;
    *ret_limited = false;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        struct peer *peer = &p2p->peers[i];
        if (peer->state != PEER_READY || was_tried(want, peer))
            continue;
        if (!may_have(p2p, want, peer)) {
            *ret_limited = true;
            continue;
        }
        bool busy = peer->request_count == REQUEST_MAX ||
                    net_request_count(peer, REQUEST_BLOCK) >= BLOCKS_A_PEER;
        *ret_later = *ret_later || busy;
        if (!busy)
            fit[count++] = peer;
    }
    random_bytes(&random, sizeof random);
    return count ? fit[random % count] : NULL;
}

static void ask(struct p2p *p2p, struct want *want, struct peer *peer)
{
    struct buf payload = buf_with_max(WIRE_PAYLOAD_MAX);
    struct hash256 hash = header_tree_node(p2p->tree, want->node)->hash;
    wire_getdata_write(&payload, INV_WITNESS_BLOCK, &hash);
    (void)net_request(peer, (struct request){.kind = REQUEST_BLOCK, .hash = hash});
    net_send(p2p, peer, WIRE_GETDATA, buf_bytes(&payload));
    buf_free(&payload);
    want->asked = peer->serial;
    want->tried[want->tried_count++] = peer->serial;
}

static void missing(struct p2p *p2p, struct want *want, const char *why)
{
    want_end(p2p, want,
             err_set(&want->err, SANAD_MISSING,
                     "height %u: block: %s (%u peers asked, %u have it "
                     "not)%s%s",
                     height_of(p2p, want), why, want->tried_count, want->not_found,
                     p2p->last_ban[0] ? "; banned: " : "", p2p->last_ban));
}

static void schedule(struct p2p *p2p, struct want *want, int64_t now)
{
    bool later;
    bool limited;
    struct peer *peer = choose(p2p, want, &later, &limited);
    bool settled = !later && !net_connecting(p2p) && now - want->since_ms > p2p->timeout_ms / 4;
    bool nobody = p2p->given && connect_possible(p2p) == 0;
    if (peer && want->tried_count < BLOCK_TRIES_MAX)
        ask(p2p, want, peer);
    else if (limited && settled)
        missing(p2p, want, "the peers have pruned it: they keep the newest 288 blocks");
    else if (want->not_found > 0 && settled)
        missing(p2p, want, "no peer has it: pruned below it, or not there");
    else if (want->tried_count == BLOCK_TRIES_MAX || nobody)
        missing(p2p, want, "no peer brings it");
    else if (now - want->since_ms > p2p->patience_ms)
        want_end(p2p, want,
                 err_set(&want->err, SANAD_IO,
                         "height %u: block: no peer brought it in %lld seconds",
                         height_of(p2p, want), (long long)(p2p->patience_ms / 1000)));
}

void blocks_schedule(struct p2p *p2p, int64_t now)
{
    struct want *next;
    for (struct want *want = p2p->wants; want; want = next) {
        next = want->next;
        if (want->asked == 0)
            schedule(p2p, want, now);
    }
}

/* The want for which a peer was asked for a block. */
static struct want *want_of(struct p2p *p2p, const struct peer *peer, const struct hash256 *hash)
{
    for (struct want *want = p2p->wants; want; want = want->next)
        if (want->asked == peer->serial &&
            hash256_equal(&header_tree_node(p2p->tree, want->node)->hash, hash))
            return want;
    return NULL;
}

void blocks_answer(struct p2p *p2p, struct peer *peer, struct bytes raw)
{
    struct hash256 hash;
    struct block block;
    struct arena arena = {0};
    struct err err = {0};
    header_hash(&hash, raw.data);
    struct want *want = want_of(p2p, peer, &hash);
    if (!want)
        return; /* who waited for it is gone */
    int code = block_parse(&block, raw, &arena, &err);
    if (code == 0)
        code = block_check(&block, p2p->params, NODE_NONE, &err); /* its height is its header's */
    arena_free(&arena);
    if (code < 0) {
        net_ban(p2p, peer, err.text); /* and somebody else is asked */
        return;
    }
    net_progress(p2p);
    buf_reset(want->ret_raw);
    buf_add(want->ret_raw, raw);
    want_end(p2p, want,
             want->ret_raw->bad
                 ? err_set(&want->err, SANAD_REFUSED, "height %u: block of %zu bytes: no room",
                           height_of(p2p, want), raw.size)
                 : 0);
}

void blocks_not_found(struct p2p *p2p, struct peer *peer, const struct hash256 *hash)
{
    struct request *request = net_request_find(peer, REQUEST_BLOCK, hash);
    if (!request)
        return;
    net_request_end(peer, request);
    struct want *want = want_of(p2p, peer, hash);
    if (!want)
        return;
    want->asked = 0;
    want->not_found++;
}

void blocks_lost(struct p2p *p2p, const struct peer *peer)
{
    for (struct want *want = p2p->wants; want; want = want->next)
        if (want->asked == peer->serial)
            want->asked = 0;
}
