/* Filter headers: every peer that serves filters is asked for the same span; what all of those
 * that answered say is kept in agreed.dat (block hash and filter header, 64 bytes a block, by
 * height). At the first difference the block decides (judge.c), who lied is banned, and the span
 * is asked for anew. A majority decides nothing. */
#include "p2p/p2p_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { RECORD_SIZE = 64, HASH_SIZE = 32, WAIT_DIVISOR = 40, SETTLE_DIVISOR = 4 };

/* ---- the file
 * ------------------------------------------------------------------------------------------ */

int agree_load(struct p2p *p2p, struct err *err)
{
    char path[PATH_SIZE];
    int code = path_join(path, p2p->folder, "agreed.dat", err);
    if (code < 0)
        return code;
    p2p->agreed_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    return p2p->agreed_fd >= 0 ? 0 : err_set(err, SANAD_IO, "%s: cannot be opened", path);
}

void agree_close(struct p2p *p2p)
{
    if (p2p->agreed_fd >= 0)
        (void)close(p2p->agreed_fd);
    p2p->agreed_fd = -1;
    free(p2p->branch);
    p2p->branch = NULL;
}

static const struct hash256 *branch_hash(const struct p2p *p2p, uint32_t height)
{
    sanad_assert(height < p2p->branch_count);
    return &header_tree_node(p2p->tree, p2p->branch[height])->hash;
}

/* Whether the record of a height is there and of the branch's block. */
static bool record_read(const struct p2p *p2p, struct hash256 *ret_header, uint32_t height)
{
    uint8_t raw[RECORD_SIZE];
    if (pread(p2p->agreed_fd, raw, sizeof raw, (off_t)height * RECORD_SIZE) != RECORD_SIZE ||
        memcmp(raw, branch_hash(p2p, height)->b, HASH_SIZE) != 0)
        return false;
    memcpy(ret_header->b, raw + HASH_SIZE, HASH_SIZE);
    return true;
}

int agree_read(const struct p2p *p2p, struct hash256 *ret_header, uint32_t height, struct err *err)
{
    if (height >= p2p->agreed_count || !record_read(p2p, ret_header, height))
        return err_set(err, SANAD_MISSING, "filter headers: none of height %u", height);
    return 0;
}

/* How many records belong to the branch: the first so many do, or a crash left them so. */
static uint32_t agreed_find(const struct p2p *p2p)
{
    struct hash256 header;
    uint32_t low = 0;
    uint32_t high = p2p->branch_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (record_read(p2p, &header, middle))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int records_write(struct p2p *p2p, const struct hash256 *headers, size_t count,
                         struct err *err)
{
    size_t size = count * RECORD_SIZE;
    uint8_t *raw = mem_alloc(size + 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(raw + i * RECORD_SIZE, branch_hash(p2p, p2p->agreed_count + (uint32_t)i)->b,
               HASH_SIZE);
        memcpy(raw + i * RECORD_SIZE + HASH_SIZE, headers[i].b, HASH_SIZE);
    }
    ssize_t done = pwrite(p2p->agreed_fd, raw, size, (off_t)p2p->agreed_count * RECORD_SIZE);
    free(raw);
    if (done != (ssize_t)size)
        return err_set(err, SANAD_IO, "%s: agreed.dat cannot be written", p2p->folder);
    p2p->agreed_count += (uint32_t)count;
    return 0;
}

/* ---- asking
 * -------------------------------------------------------------------------------------------- */

void agree_begin(struct p2p *p2p, uint32_t tip)
{
    uint32_t height = header_tree_node(p2p->tree, tip)->height;
    free(p2p->branch);
    p2p->branch_count = height + 1;
    p2p->branch = mem_alloc(p2p->branch_count * sizeof *p2p->branch);
    for (uint32_t at = height + 1, node = tip; at-- > 0;) {
        p2p->branch[at] = node;
        node = header_tree_node(p2p->tree, node)->prev;
    }
    p2p->agreed_count = agreed_find(p2p);
    p2p->doubt = false;
    p2p->back = WIRE_CFHEADERS_MAX;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        p2p->peers[i].agreed_to = 0;
    agree_restart(p2p);
}

/* The next span is asked of everybody, whatever was said before. */
void agree_restart(struct p2p *p2p)
{
    judge_end(p2p);
    p2p->span_ms = 0;
    uint32_t last = p2p->branch_count - 1;
    uint32_t most = p2p->agreed_count + WIRE_CFHEADERS_MAX - 1;
    p2p->span_to = last < most ? last : most;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        struct peer *peer = &p2p->peers[i];
        free(peer->agree_headers);
        peer->agree_headers = NULL;
        /* The answer to what was asked for before must come before it is asked again. */
        bool asked = peer->agree == AGREE_ASKED || peer->agree == AGREE_LATE;
        peer->agree = asked ? AGREE_LATE : AGREE_UNASKED;
    }
}

static void ask(struct p2p *p2p, struct peer *peer)
{
    struct buf payload = buf_with_max(WIRE_PAYLOAD_MAX);
    const struct hash256 *stop = branch_hash(p2p, p2p->span_to);
    wire_cfrange_write(&payload, p2p->agreed_count, stop);
    (void)net_request(peer, (struct request){.kind = REQUEST_CFHEADERS,
                                             .from = p2p->agreed_count,
                                             .to = p2p->span_to,
                                             .hash = *stop});
    net_send(p2p, peer, WIRE_GETCFHEADERS, buf_bytes(&payload));
    buf_free(&payload);
    peer->agree = AGREE_ASKED;
}

/* The first height of the span at which two that answered differ; span_to + 1: none. */
static uint32_t first_difference(const struct p2p *p2p)
{
    const struct peer *first = NULL;
    uint32_t differs = p2p->span_to + 1;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        const struct peer *peer = &p2p->peers[i];
        if (peer->state != PEER_READY || peer->agree != AGREE_ANSWERED)
            continue;
        first = first ? first : peer;
        for (uint32_t at = p2p->agreed_count; at < differs; at++)
            if (!hash256_equal(&first->agree_headers[at - p2p->agreed_count],
                               &peer->agree_headers[at - p2p->agreed_count]))
                differs = at;
    }
    return differs;
}

static const struct peer *any_answered(const struct p2p *p2p)
{
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].state == PEER_READY && p2p->peers[i].agree == AGREE_ANSWERED)
            return &p2p->peers[i];
    return NULL;
}

/* Enough have answered: what they agree on is kept, and a difference is judged. */
static void compare(struct p2p *p2p, unsigned answered)
{
    uint32_t differs = first_difference(p2p);
    const struct peer *peer = any_answered(p2p);
    sanad_assert(peer && differs >= p2p->agreed_count);
    size_t count = differs - p2p->agreed_count;
    if (differs <= p2p->span_to && count == 0) {
        judge_begin(p2p, differs);
        return;
    }
    /* The answers stay for the judge when the span is cut just before the difference. */
    int code = records_write(p2p, peer->agree_headers, count, &p2p->task_err);
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].agree == AGREE_ANSWERED)
            p2p->peers[i].agreed_to = p2p->agreed_count;
    p2p->report.agreed = answered;
    net_progress(p2p);
    if (code < 0)
        net_task_end(p2p, code);
    else if (p2p->agreed_count == p2p->branch_count)
        net_task_end(p2p, 0);
    else
        agree_restart(p2p);
}

/* How many must have answered. Of peers that were given without a number, all that can be had. */
static unsigned answers_wanted(const struct p2p *p2p, unsigned filter_peers, int64_t now)
{
    bool settled = now - p2p->task_since_ms > p2p->timeout_ms / SETTLE_DIVISOR;
    if (p2p->agree_strict || filter_peers >= p2p->agree_wanted || filter_peers == 0)
        return p2p->agree_wanted;
    return settled || (!net_connecting(p2p) && filter_peers == connect_possible(p2p))
               ? filter_peers
               : p2p->agree_wanted;
}

static void give_up_if_few(struct p2p *p2p)
{
    unsigned possible = p2p->given ? connect_possible(p2p) : p2p->agree_wanted;
    if (possible == 0 || (p2p->agree_strict && possible < p2p->agree_wanted))
        net_task_end(p2p, err_set(&p2p->task_err, SANAD_MISSING,
                                  "filter headers: %u peers must agree, and only %u are left%s%s",
                                  p2p->agree_wanted, possible, p2p->last_ban[0] ? "; banned: " : "",
                                  p2p->last_ban));
}

void agree_schedule(struct p2p *p2p, int64_t now)
{
    unsigned answered = 0;
    unsigned asked = 0;
    unsigned filter_peers = 0;
    bool last = p2p->span_to + 1 == p2p->branch_count;
    if (p2p->agreed_count == p2p->branch_count) {
        net_task_end(p2p, 0);
        return;
    }
    if (p2p->judging) {
        judge_schedule(p2p);
        return;
    }
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        struct peer *peer = &p2p->peers[i];
        if (!net_is_filter_peer(peer))
            continue;
        if (peer->agree == AGREE_UNASKED && peer->request_count < REQUEST_MAX)
            ask(p2p, peer);
        filter_peers++;
        answered += peer->agree == AGREE_ANSWERED;
        asked += peer->agree == AGREE_ASKED || ((last || p2p->doubt) && peer->agree == AGREE_LATE);
    }
    give_up_if_few(p2p);
    if (p2p->task_done || answered == 0 || answered < answers_wanted(p2p, filter_peers, now))
        return;
    /* The others get a moment; at the end, and in doubt, all that are asked are waited for: a
     * filter header commits to all before it, so that one honest peer's word is enough. */
    p2p->span_ms = p2p->span_ms ? p2p->span_ms : now;
    if (asked == 0 || (!last && !p2p->doubt && now - p2p->span_ms > p2p->timeout_ms / WAIT_DIVISOR))
        compare(p2p, answered);
}

/* ---- answers
 * ------------------------------------------------------------------------------------------- */

static bool is_of_span(const struct p2p *p2p, const struct wire_cfheaders *cfheaders)
{
    return p2p->task == TASK_AGREE && !p2p->task_done && !p2p->judging &&
           cfheaders->count == (size_t)p2p->span_to - p2p->agreed_count + 1 &&
           hash256_equal(&cfheaders->stop, branch_hash(p2p, p2p->span_to));
}

/* It knows another chain of filter headers below the span. Who was faster may have lied: back to
 * where all say the same, and then the first difference is judged. */
static void contradicted(struct p2p *p2p, struct peer *peer)
{
    if (p2p->agreed_count == 0 || peer->agreed_to == p2p->agreed_count) {
        net_ban(p2p, peer, "filter headers that contradict its own");
        return;
    }
    net_say(p2p, peer, "knows other filter headers: they are compared anew");
    peer->agree = AGREE_UNASKED;
    p2p->doubt = true;
    p2p->agreed_count -= p2p->back < p2p->agreed_count ? p2p->back : p2p->agreed_count;
    p2p->back = p2p->back < UINT32_MAX / 2 ? 2 * p2p->back : p2p->back;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++)
        if (p2p->peers[i].agreed_to > p2p->agreed_count)
            p2p->peers[i].agreed_to = p2p->agreed_count;
    agree_restart(p2p);
}

void agree_answer(struct p2p *p2p, struct peer *peer, const struct wire_cfheaders *cfheaders)
{
    struct hash256 header = {{0}};
    if (!is_of_span(p2p, cfheaders)) {
        peer->agree = AGREE_UNASKED; /* of an earlier span: somebody else was faster */
        return;
    }
    if (p2p->agreed_count > 0 && !record_read(p2p, &header, p2p->agreed_count - 1)) {
        net_task_end(
            p2p, err_set(&p2p->task_err, SANAD_IO, "%s: agreed.dat cannot be read", p2p->folder));
        return;
    }
    if (!hash256_equal(&header, &cfheaders->prev_header)) {
        contradicted(p2p, peer);
        return;
    }
    peer->agree_headers = mem_alloc(cfheaders->count * sizeof header);
    for (size_t i = 0; i < cfheaders->count; i++) {
        struct hash256 hash;
        memcpy(hash.b, cfheaders->hashes + i * HASH_SIZE, HASH_SIZE);
        filter_header(&header, &hash, &header);
        peer->agree_headers[i] = header;
    }
    peer->agree = AGREE_ANSWERED;
    net_progress(p2p);
}
