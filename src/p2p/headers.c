/* Headers: asked of one peer at a time while there are many, then of all. What enters the tree
 * must end with more work than the best chain and than the network's minimum; until then it
 * waits in a file of 80 bytes a header, so that headers that cost nothing fill no memory. The
 * best chain is kept in headers.dat, raw, from genesis. doc/formats/p2p.md says why. */
#include "p2p/p2p_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOAD_CHUNK = 4096, SETTLE_DIVISOR = 4, LEAD_DIVISOR = 8 };

static bool write_all(int fd, const uint8_t *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t done = pwrite(fd, data, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        data += done;
        size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return true;
}

/* ---- the file
 * ------------------------------------------------------------------------------------------ */

static const struct header_node *node_of(const struct p2p *p2p, uint32_t index)
{
    return header_tree_node(p2p->tree, index);
}

static bool has_more_work(const struct p2p *p2p, uint32_t index)
{
    return u256_compare(&node_of(p2p, index)->work, &node_of(p2p, p2p->best)->work) > 0;
}

/* The anchors that this build knows must stand in the chain. */
static const struct p2p_anchor *anchor_at(const struct p2p *p2p, uint32_t height)
{
    const struct p2p_anchor *anchor = p2p->network->anchors;
    while (anchor->height != 0 && anchor->height != height)
        anchor++;
    return anchor->height ? anchor : NULL;
}

static int add(struct p2p *p2p, uint32_t *ret_index, const uint8_t *raw, struct err *err)
{
    struct hash256 hash;
    struct hash256 expected;
    struct header header;
    header_hash(&hash, raw);
    header_parse(&header, raw);
    uint32_t prev = header_tree_find(p2p->tree, &header.prev);
    const struct p2p_anchor *anchor =
        prev == NODE_NONE ? NULL : anchor_at(p2p, node_of(p2p, prev)->height + 1);
    if (anchor && hash256_from_display(&expected, anchor->hash) && !hash256_equal(&hash, &expected))
        return err_set(err, SANAD_REFUSED, "height %u: not the block that stands there",
                       anchor->height);
    return header_tree_add(p2p->tree, ret_index, raw, &hash, err);
}

/* Adds what the file holds; the first header that breaks a rule ends it, and is cut off. */
static void load_headers(struct p2p *p2p, const uint8_t *raw, size_t count, bool *ret_end)
{
    for (size_t i = 0; i < count && !*ret_end; i++) {
        uint32_t index;
        *ret_end = add(p2p, &index, raw + i * HEADER_SIZE, NULL) < 0 ||
                   node_of(p2p, index)->height != p2p->headers_kept;
        if (*ret_end)
            break;
        p2p->headers_kept++;
        if (has_more_work(p2p, index))
            p2p->best = index;
    }
}

int headers_load(struct p2p *p2p, struct err *err)
{
    char path[PATH_SIZE];
    int code = path_join(path, p2p->folder, "headers.dat", err);
    p2p->candidate.fd = -1;
    if (code < 0)
        return code;
    p2p->headers_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (p2p->headers_fd < 0)
        return err_set(err, SANAD_IO, "%s: cannot be opened", path);
    uint8_t *raw = mem_alloc((size_t)LOAD_CHUNK * HEADER_SIZE);
    bool end = false;
    while (!end) {
        off_t offset = (off_t)p2p->headers_kept * HEADER_SIZE;
        ssize_t got = pread(p2p->headers_fd, raw, (size_t)LOAD_CHUNK * HEADER_SIZE, offset);
        size_t count = got > 0 ? (size_t)got / HEADER_SIZE : 0;
        end = count == 0;
        load_headers(p2p, raw, count, &end);
    }
    free(raw);
    if (ftruncate(p2p->headers_fd, (off_t)p2p->headers_kept * HEADER_SIZE) != 0)
        return err_set(err, SANAD_IO, "%s: cannot be cut", path);
    return 0;
}

static void candidate_drop(struct p2p *p2p)
{
    if (p2p->candidate.fd >= 0)
        (void)close(p2p->candidate.fd);
    p2p->candidate = (struct candidate){.fd = -1};
}

void headers_close(struct p2p *p2p)
{
    candidate_drop(p2p);
    if (p2p->headers_fd >= 0)
        (void)close(p2p->headers_fd);
    p2p->headers_fd = -1;
}

/* Where the chain that is kept and the new best one part. */
static uint32_t fork_height(const struct p2p *p2p, uint32_t old_best)
{
    uint32_t height = node_of(p2p, p2p->best)->height;
    uint32_t old_height = node_of(p2p, old_best)->height;
    height = height < old_height ? height : old_height;
    uint32_t a = header_tree_ancestor(p2p->tree, p2p->best, height);
    uint32_t b = header_tree_ancestor(p2p->tree, old_best, height);
    while (a != b) {
        a = node_of(p2p, a)->prev;
        b = node_of(p2p, b)->prev;
    }
    return node_of(p2p, a)->height;
}

/* Cut to the fork, then the new headers: a crash in between has lost only what peers have. */
static int keep(struct p2p *p2p, uint32_t old_best, struct err *err)
{
    uint32_t fork = fork_height(p2p, old_best);
    uint32_t from = p2p->headers_kept < fork + 1 ? p2p->headers_kept : fork + 1;
    uint32_t height = node_of(p2p, p2p->best)->height;
    uint8_t *raw = mem_alloc((size_t)(height + 1 - from) * HEADER_SIZE);
    uint32_t index = p2p->best;
    for (uint32_t at = height + 1; at-- > from;) {
        header_tree_raw(p2p->tree, index, raw + (size_t)(at - from) * HEADER_SIZE);
        index = node_of(p2p, index)->prev;
    }
    int code = 0;
    if (ftruncate(p2p->headers_fd, (off_t)from * HEADER_SIZE) != 0 ||
        !write_all(p2p->headers_fd, raw, (size_t)(height + 1 - from) * HEADER_SIZE,
                   (uint64_t)from * HEADER_SIZE))
        code = err_set(err, SANAD_IO, "%s: headers.dat cannot be written", p2p->folder);
    free(raw);
    p2p->headers_kept = height + 1;
    return code;
}

/* ---- asking
 * -------------------------------------------------------------------------------------------- */

static void ask(struct p2p *p2p, struct peer *peer, const struct hash256 *locator, size_t count)
{
    struct buf payload = buf_with_max(WIRE_PAYLOAD_MAX);
    wire_getheaders_write(&payload, locator, count);
    (void)net_request(peer, (struct request){.kind = REQUEST_HEADERS});
    net_send(p2p, peer, WIRE_GETHEADERS, buf_bytes(&payload));
    buf_free(&payload);
    peer->headers = HEADERS_ASKED;
}

/* Ten hashes down from a node, then in doubling steps, the genesis block last. */
static void ask_from(struct p2p *p2p, struct peer *peer, uint32_t node)
{
    struct hash256 locator[WIRE_LOCATOR_MAX];
    size_t count = 0;
    uint32_t height = node_of(p2p, node)->height;
    uint32_t step = 1;
    while (count < WIRE_LOCATOR_MAX - 1) {
        locator[count++] = node_of(p2p, header_tree_ancestor(p2p->tree, node, height))->hash;
        if (height == 0)
            break;
        height = height > step ? height - step : 0;
        step = count >= 10 ? 2 * step : step;
    }
    ask(p2p, peer, locator, count);
}

void headers_begin(struct p2p *p2p)
{
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        p2p->peers[i].headers = HEADERS_UNASKED;
    p2p->news = false;
}

/* A chain below the network's least work is not the network's, whoever says so. */
static void headers_end(struct p2p *p2p)
{
    if (u256_compare(&node_of(p2p, p2p->best)->work, &p2p->min_work) >= 0)
        net_task_end(p2p, 0);
    else
        net_task_end(p2p, err_set(&p2p->task_err, SANAD_MISSING,
                                  "p2p: no peer knows a chain with the work that %s has; the "
                                  "highest has %u blocks",
                                  p2p->params->name, node_of(p2p, p2p->best)->height));
}

/* Whether a peer is asked and has not taken long yet; else another one may be asked too. */
static bool leads(const struct p2p *p2p, struct peer *peer, int64_t now)
{
    const struct request *request = net_request_find(peer, REQUEST_HEADERS, NULL);
    return peer->state == PEER_READY && request &&
           now - request->begun_ms < p2p->timeout_ms / LEAD_DIVISOR;
}

/* One peer leads while it brings full messages; the others are asked when it is done. */
void headers_schedule(struct p2p *p2p, int64_t now)
{
    unsigned done = 0;
    unsigned ready = net_ready(p2p);
    bool asked = false;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        done += p2p->peers[i].state == PEER_READY && p2p->peers[i].headers == HEADERS_DONE;
        asked = asked || leads(p2p, &p2p->peers[i], now);
    }
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        struct peer *peer = &p2p->peers[i];
        if (peer->state != PEER_READY || peer->headers != HEADERS_UNASKED ||
            peer->request_count == REQUEST_MAX || (asked && done == 0))
            continue;
        ask_from(p2p, peer, p2p->best);
        asked = true;
    }
    /* Those that are on their way are waited for, but not for long. */
    bool settled = now - p2p->task_since_ms > p2p->timeout_ms / SETTLE_DIVISOR;
    unsigned enough = settled ? 1 : p2p->peers_wanted;
    bool waits = net_connecting(p2p) && !settled;
    bool all = done == ready || (settled && done >= p2p->agree_wanted);
    if (done > 0 && (done >= enough || !waits) && all)
        headers_end(p2p);
}

/* ---- answers
 * ------------------------------------------------------------------------------------------- */

/* Into the tree, and onto disk. False: the peer is gone. */
static bool accept(struct p2p *p2p, struct peer *peer, const uint8_t *raw, size_t stride,
                   size_t count)
{
    struct err err = {0};
    uint32_t old_best = p2p->best;
    uint32_t index = NODE_NONE;
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        code = add(p2p, &index, raw + i * stride, &err);
        if (code == 0 && has_more_work(p2p, index))
            p2p->best = index;
    }
    if (p2p->best != old_best) {
        struct err io = {0};
        net_progress(p2p);
        if (keep(p2p, old_best, &io) < 0) {
            p2p->task_err = io;
            net_task_end(p2p, io.code);
        }
    }
    if (code < 0)
        net_ban(p2p, peer, err.text);
    return code == 0;
}

static bool accept_candidate(struct p2p *p2p, struct peer *peer)
{
    uint8_t *raw = mem_alloc((size_t)WIRE_HEADERS_MAX * HEADER_SIZE);
    uint32_t count = p2p->candidate.count;
    bool good = true;
    for (uint32_t at = 0; at < count && good; at += WIRE_HEADERS_MAX) {
        uint32_t some = count - at < WIRE_HEADERS_MAX ? count - at : WIRE_HEADERS_MAX;
        size_t size = (size_t)some * HEADER_SIZE;
        if (pread(p2p->candidate.fd, raw, size, (off_t)at * HEADER_SIZE) != (ssize_t)size) {
            net_drop(p2p, peer, "headers.new cannot be read");
            good = false;
        } else {
            good = accept(p2p, peer, raw, HEADER_SIZE, some);
        }
    }
    free(raw);
    candidate_drop(p2p);
    return good;
}

/* What one message holds: linked, with proof of work, not from the future. */
struct batch {
    struct hash256 first_prev;
    struct hash256 last;
    struct u256 work;
};

static const char *batch_read(struct batch *ret_batch, const struct p2p *p2p,
                              const struct wire_headers *headers)
{
    struct batch batch = {.work = {{0}}};
    int64_t latest = time_now() + FUTURE_MAX_S;
    for (size_t i = 0; i < headers->count; i++) {
        struct header header;
        struct hash256 hash;
        const uint8_t *raw = headers->raw + i * WIRE_HEADER_STRIDE;
        header_parse(&header, raw);
        header_hash(&hash, raw);
        if (i == 0)
            batch.first_prev = header.prev;
        else if (!hash256_equal(&header.prev, &batch.last))
            return "headers that do not follow each other";
        if (!header_pow_ok(p2p->params, &hash, header.bits))
            return "a header without proof of work";
        if (header.time > latest)
            return "a header from the future (or this machine's clock is wrong)";
        struct u256 work = work_of_bits(header.bits);
        u256_add(&batch.work, &work);
        batch.last = hash;
    }
    *ret_batch = batch;
    return NULL;
}

static bool candidate_open(struct p2p *p2p, const struct peer *peer, uint32_t from)
{
    char path[PATH_SIZE];
    if (path_join(path, p2p->folder, "headers.new", NULL) < 0)
        return false;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    (void)unlink(path); /* gone with the descriptor */
    p2p->candidate = (struct candidate){.serial = peer->serial,
                                        .fd = fd,
                                        .from_height = node_of(p2p, from)->height,
                                        .work = node_of(p2p, from)->work};
    return true;
}

/* False: no room, or no disk. */
static bool candidate_add(struct p2p *p2p, const struct wire_headers *headers,
                          const struct batch *batch)
{
    struct candidate *candidate = &p2p->candidate;
    uint8_t *raw = mem_alloc((size_t)WIRE_HEADERS_MAX * HEADER_SIZE);
    for (size_t i = 0; i < headers->count; i++)
        memcpy(raw + i * HEADER_SIZE, headers->raw + i * WIRE_HEADER_STRIDE, HEADER_SIZE);
    bool good = candidate->count + headers->count <= p2p->candidate_max &&
                write_all(candidate->fd, raw, headers->count * HEADER_SIZE,
                          (uint64_t)candidate->count * HEADER_SIZE);
    free(raw);
    candidate->count += (uint32_t)headers->count;
    candidate->last = batch->last;
    u256_add(&candidate->work, &batch->work);
    return good;
}

static bool enough_work(const struct p2p *p2p, const struct u256 *work)
{
    return u256_compare(work, &node_of(p2p, p2p->best)->work) > 0 &&
           u256_compare(work, &p2p->min_work) >= 0;
}

static void peer_done(struct p2p *p2p, struct peer *peer)
{
    if (p2p->candidate.serial == peer->serial)
        candidate_drop(p2p);
    peer->headers = HEADERS_DONE;
}

static void owner_drop(struct p2p *p2p)
{
    uint64_t serial = p2p->candidate.serial;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].state != PEER_FREE && p2p->peers[i].serial == serial)
            net_drop(p2p, &p2p->peers[i], "too slow with headers");
    sanad_assert(p2p->candidate.serial == 0);
}

/* Headers that have not yet the work: kept aside while there may be more of them. */
static void wait_for_work(struct p2p *p2p, struct peer *peer, const struct wire_headers *headers,
                          const struct batch *batch, uint32_t from)
{
    bool full = headers->count == WIRE_HEADERS_MAX;
    bool own = p2p->candidate.serial == peer->serial;
    if (!full) {
        peer_done(p2p, peer); /* a chain with less work: no lie, and nothing to us */
        return;
    }
    if (!own && p2p->candidate.serial != 0)
        owner_drop(p2p); /* one at a time: this peer was asked because that one is slow */
    if (!own && !candidate_open(p2p, peer, from)) {
        net_drop(p2p, peer, "headers.new cannot be made");
        return;
    }
    if (!candidate_add(p2p, headers, batch)) {
        net_ban(p2p, peer, "headers without end and without work");
        return;
    }
    net_progress(p2p);
    ask(p2p, peer, &batch->last, 1);
}

/* 1: a known block stands in the batch, so that it and all before it are the network's chain; -1:
 * another block stands at the height of a known one. `height` is that of the first. */
static int batch_anchored(const struct p2p *p2p, const struct wire_headers *headers,
                          uint32_t height)
{
    const struct p2p_anchor *anchor = p2p->network->anchors;
    int anchored = 0;
    for (; anchor->height != 0; anchor++) {
        struct hash256 hash;
        struct hash256 expected;
        if (anchor->height < height || anchor->height - height >= headers->count)
            continue;
        header_hash(&hash, headers->raw + (anchor->height - height) * WIRE_HEADER_STRIDE);
        if (!hash256_from_display(&expected, anchor->hash) || !hash256_equal(&hash, &expected))
            return -1;
        anchored = 1;
    }
    return anchored;
}

static void take(struct p2p *p2p, struct peer *peer, const struct wire_headers *headers,
                 const struct batch *batch, uint32_t from)
{
    bool own = p2p->candidate.serial == peer->serial;
    struct u256 work = own ? p2p->candidate.work : node_of(p2p, from)->work;
    u256_add(&work, &batch->work);
    uint32_t height =
        own ? p2p->candidate.from_height + p2p->candidate.count : node_of(p2p, from)->height;
    int anchored = batch_anchored(p2p, headers, height + 1);
    if (anchored < 0) {
        net_ban(p2p, peer, "a chain without the blocks that are known to stand in it");
        return;
    }
    if (header_tree_find(p2p->tree, &batch->last) == NODE_NONE && anchored == 0 &&
        !enough_work(p2p, &work)) {
        wait_for_work(p2p, peer, headers, batch, from);
        return;
    }
    if (own && !accept_candidate(p2p, peer))
        return;
    if (!accept(p2p, peer, headers->raw, WIRE_HEADER_STRIDE, headers->count))
        return;
    if (headers->count < WIRE_HEADERS_MAX)
        peer_done(p2p, peer);
    else
        ask(p2p, peer, &batch->last, 1);
}

void headers_answer(struct p2p *p2p, struct peer *peer, const struct wire_headers *headers)
{
    struct batch batch;
    if (p2p->task != TASK_HEADERS || p2p->task_done) {
        peer->headers = HEADERS_UNASKED; /* an answer that comes late: the tree is being read */
        return;
    }
    if (headers->count == 0) {
        peer_done(p2p, peer);
        return;
    }
    const char *rule = batch_read(&batch, p2p, headers);
    if (rule) {
        net_ban(p2p, peer, rule);
        return;
    }
    uint32_t from = header_tree_find(p2p->tree, &batch.first_prev);
    bool own = p2p->candidate.serial == peer->serial &&
               hash256_equal(&batch.first_prev, &p2p->candidate.last);
    if (p2p->candidate.serial == peer->serial && !own)
        candidate_drop(p2p);
    if (from == NODE_NONE && !own)
        net_ban(p2p, peer, "headers that continue nothing that is known");
    else
        take(p2p, peer, headers, &batch, from);
}

void headers_lost(struct p2p *p2p, const struct peer *peer)
{
    if (p2p->candidate.serial == peer->serial)
        candidate_drop(p2p);
}
