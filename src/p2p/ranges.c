/* Filters: the heights that are not kept yet, cut into ranges of 100, two of which each peer is
 * asked for at once. When no range is left, an idle peer is given one that a slow peer has had
 * for a while, and whoever is faster wins. Each filter is held against its agreed header. */
#include "p2p/p2p_priv.h"

#include <stdlib.h>

static struct hash256 hash_at(const struct p2p *p2p, uint32_t height)
{
    sanad_assert(height < p2p->branch_count);
    return header_tree_node(p2p->tree, p2p->branch[height])->hash;
}

/* ---- the plan
 * ------------------------------------------------------------------------------------------ */

static void range_add(struct p2p *p2p, size_t *capacity, uint32_t from, uint32_t to)
{
    if (p2p->range_count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 64;
        p2p->ranges = mem_realloc(p2p->ranges, *capacity, sizeof *p2p->ranges);
    }
    p2p->ranges[p2p->range_count++] = (struct range){.from = from, .to = to};
}

int ranges_begin(struct p2p *p2p, uint32_t from, uint32_t to, struct err *err)
{
    size_t capacity = 0;
    uint32_t begin = 0;
    bool open = false;
    if (to >= p2p->agreed_count)
        return err_set(
            err, SANAD_MISSING,
            "filters: asked for up to height %u, filter headers are agreed on up to %lld", to,
            (long long)p2p->agreed_count - 1);
    ranges_end(p2p);
    for (uint32_t height = from; height <= to; height++) {
        struct hash256 hash = hash_at(p2p, height);
        bool has = filters_has(p2p->filters, &hash);
        if (open && (has || height - begin == RANGE_SIZE)) {
            range_add(p2p, &capacity, begin, height - 1);
            open = false;
        }
        if (!has && !open) {
            open = true;
            begin = height;
        }
    }
    if (open)
        range_add(p2p, &capacity, begin, to);
    return 0;
}

void ranges_end(struct p2p *p2p)
{
    free(p2p->ranges);
    p2p->ranges = NULL;
    p2p->range_count = p2p->range_next = p2p->ranges_done = 0;
}

/* ---- who fetches what
 * ---------------------------------------------------------------------------------- */

static bool peer_has_range(const struct peer *peer, uint32_t range)
{
    for (unsigned i = 0; i < peer->request_count; i++)
        if (peer->requests[i].kind == REQUEST_CFILTERS && peer->requests[i].range == range)
            return true;
    return false;
}

/* The range that has waited longest at one other peer alone. */
static uint32_t steal(struct p2p *p2p, const struct peer *peer, int64_t now)
{
    uint32_t oldest = NODE_NONE;
    for (uint32_t i = 0; i < p2p->range_count; i++) {
        const struct range *range = &p2p->ranges[i];
        if (range->state == RANGE_ASKED && range->askers == 1 && !peer_has_range(peer, i) &&
            now - range->asked_ms > p2p->timeout_ms / STEAL_AFTER_DIVISOR &&
            (oldest == NODE_NONE || range->asked_ms < p2p->ranges[oldest].asked_ms))
            oldest = i;
    }
    return oldest;
}

static uint32_t range_for(struct p2p *p2p, const struct peer *peer, int64_t now)
{
    while (p2p->range_next < p2p->range_count && p2p->ranges[p2p->range_next].state != RANGE_TODO)
        p2p->range_next++;
    return p2p->range_next < p2p->range_count ? p2p->range_next : steal(p2p, peer, now);
}

static void ask(struct p2p *p2p, struct peer *peer, uint32_t index, int64_t now)
{
    struct range *range = &p2p->ranges[index];
    struct hash256 stop = hash_at(p2p, range->to);
    struct buf payload = buf_with_max(WIRE_PAYLOAD_MAX);
    wire_cfrange_write(&payload, range->from, &stop);
    (void)net_request(peer, (struct request){.kind = REQUEST_CFILTERS,
                                             .from = range->from,
                                             .to = range->to,
                                             .next = range->from,
                                             .hash = stop,
                                             .range = index});
    net_send(p2p, peer, WIRE_GETCFILTERS, buf_bytes(&payload));
    buf_free(&payload);
    range->state = RANGE_ASKED;
    range->askers++;
    range->asked_ms = now;
}

void ranges_schedule(struct p2p *p2p, int64_t now)
{
    if (p2p->ranges_done == p2p->range_count) {
        net_task_end(p2p, 0);
        return;
    }
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        struct peer *peer = &p2p->peers[i];
        while (net_is_filter_peer(peer) && peer->request_count < REQUEST_MAX &&
               net_request_count(peer, REQUEST_CFILTERS) < RANGES_A_PEER) {
            uint32_t index = range_for(p2p, peer, now);
            if (index == NODE_NONE)
                break;
            ask(p2p, peer, index, now);
        }
    }
}

/* A peer is gone that was asked for a range. */
void ranges_lost(struct p2p *p2p, const struct request *request)
{
    if (request->kind != REQUEST_CFILTERS || request->range >= p2p->range_count)
        return;
    struct range *range = &p2p->ranges[request->range];
    sanad_assert(range->askers > 0);
    range->askers--;
    if (range->state == RANGE_ASKED && range->askers == 0) {
        range->state = RANGE_TODO;
        if (request->range < p2p->range_next)
            p2p->range_next = request->range;
    }
}

/* ---- answers
 * ------------------------------------------------------------------------------------------- */

/* The request whose next filter is this block's. */
static struct request *request_of(struct p2p *p2p, struct peer *peer, const struct hash256 *hash)
{
    for (unsigned i = 0; i < peer->request_count; i++) {
        struct request *request = &peer->requests[i];
        if (request->kind != REQUEST_CFILTERS || request->next >= p2p->branch_count)
            continue;
        struct hash256 next = hash_at(p2p, request->next);
        if (hash256_equal(&next, hash))
            return request;
    }
    return NULL;
}

static void keep(struct p2p *p2p, struct peer *peer, uint32_t height,
                 const struct wire_cfilter *cfilter)
{
    struct err err = {0};
    struct hash256 agreed;
    struct filter_entry entry = {.block_hash = cfilter->block_hash, .height = height};
    int code = agree_read(p2p, &agreed, height, &err);
    if (code == 0 && height > 0)
        code = agree_read(p2p, &entry.prev_header, height - 1, &err);
    if (code == 0) {
        filter_entry_hash(&entry, cfilter->filter);
        if (!hash256_equal(&entry.header, &agreed)) {
            net_ban(p2p, peer, "a filter that the agreed filter header denies");
            return;
        }
        if (filter_check(cfilter->filter, &err) < 0) {
            net_ban(p2p, peer, err.text); /* agreed on by all, and yet no filter */
            return;
        }
        /* Two peers may bring the same: the second time nothing is added. */
        code = filters_add_hashed(p2p->filters, &entry, cfilter->filter, &err);
    }
    if (code < 0) {
        p2p->task_err = err;
        net_task_end(p2p, code);
        return;
    }
    net_progress(p2p);
    if (p2p->filter_progress)
        progress_add(p2p->filter_progress, cfilter->filter.size, 1);
}

static void range_done(struct p2p *p2p, uint32_t index)
{
    struct range *range = &p2p->ranges[index];
    p2p->report.stolen += range->askers > 0;
    range->state = RANGE_DONE;
    p2p->ranges_done++;
}

void ranges_answer(struct p2p *p2p, struct peer *peer, const struct wire_cfilter *cfilter)
{
    struct request *request = request_of(p2p, peer, &cfilter->block_hash);
    if (!request) {
        net_ban(p2p, peer, "a filter that nobody asked for");
        return;
    }
    uint64_t serial = peer->serial;
    uint32_t height = request->next;
    uint32_t index = request->range;
    bool last = height == request->to;
    struct range *range = p2p->task == TASK_FILTERS && !p2p->task_done && index < p2p->range_count
                              ? &p2p->ranges[index]
                              : NULL;
    if (index == NODE_NONE)
        judge_filter(p2p, peer, cfilter->filter);
    else if (range && range->state != RANGE_DONE)
        keep(p2p, peer, height, cfilter);
    if (peer->serial != serial)
        return; /* banned */
    request->next++;
    if (!last)
        return;
    net_request_end(peer, request);
    if (!range)
        return; /* of a task that has ended */
    range->askers--;
    if (range->state != RANGE_DONE)
        range_done(p2p, index);
}
