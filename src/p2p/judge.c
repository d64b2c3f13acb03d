/* Peers differ on the filter of a block: the block and a filter of each are fetched. A filter
 * that lacks an output script of the block, or a prevout script that an input shows, is no
 * filter of it, whatever the prevouts that cannot be seen. Who stands behind such a filter is
 * banned. Where two kinds remain, the block does not decide: nothing is agreed on. */
#include "p2p/p2p_priv.h"

#include <stdlib.h>

enum { OP_RETURN = 0x6a };

/* ---- what a block shows of its filter
 * ------------------------------------------------------------------ */

/* The output scripts that must be elements, and how many others an input may have brought. What
 * an input spends is not guessed from its witness: a block may be made to mislead a guess. */
struct shown {
    struct bytes *scripts;
    size_t count;
    size_t inputs;
};

static void shown_read(struct shown *ret_shown, const struct block *block)
{
    struct shown shown = {.count = 0};
    size_t outputs = 0;
    for (size_t i = 0; i < block->tx_count; i++)
        outputs += block->txs[i].out_count;
    shown.scripts = mem_alloc((outputs + 1) * sizeof *shown.scripts);
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct tx *tx = &block->txs[i];
        for (size_t j = 0; j < tx->out_count; j++)
            if (tx->outs[j].script.size > 0 && tx->outs[j].script.data[0] != OP_RETURN)
                shown.scripts[shown.count++] = tx->outs[j].script;
        shown.inputs += i > 0 ? tx->in_count : 0;
    }
    *ret_shown = shown;
}

/* How many elements a filter says that it has. */
static uint64_t filter_count(struct bytes filter)
{
    struct cursor cursor = cursor_of(filter);
    return cursor_compact(&cursor, UINT32_MAX);
}

const char *judge_rule(const struct block *block, struct bytes filter)
{
    struct shown shown;
    const char *rule = NULL;
    if (filter_check(filter, NULL) < 0)
        return "a filter that does not decode";
    shown_read(&shown, block);
    if (filter_count(filter) > shown.count + shown.inputs)
        rule = "a filter of more elements than its block can have";
    for (size_t i = 0; i < shown.count && !rule; i++) {
        bool matched = false;
        if (filter_match_any(&matched, filter, &block->hash, &shown.scripts[i], 1, NULL) < 0 ||
            !matched)
            rule = "a filter that lacks a script of its block";
    }
    free(shown.scripts);
    return rule;
}

/* ---- the procedure
 * ------------------------------------------------------------------------------------- */

void judge_begin(struct p2p *p2p, uint32_t height)
{
    char text[96];
    (void)snprintf(text, sizeof text, "filter headers differ at height %u: the block decides",
                   height);
    net_say(p2p, NULL, text);
    p2p->judging = true;
    p2p->judged_height = height;
    p2p->judge_block = buf_with_max(BLOCK_SIZE_MAX);
    p2p->judge_want = (struct want){.node = p2p->branch[height], .ret_raw = &p2p->judge_block};
    blocks_add(p2p, &p2p->judge_want);
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        p2p->peers[i].judged_asked = false;
        p2p->peers[i].judged_done = false;
    }
}

void judge_end(struct p2p *p2p)
{
    if (!p2p->judging)
        return;
    for (struct want **at = &p2p->wants; *at; at = &(*at)->next)
        if (*at == &p2p->judge_want) {
            *at = p2p->judge_want.next;
            break;
        }
    p2p->judging = false;
    buf_free(&p2p->judge_block);
}

/* The filter's header as a peer has claimed it. The span begins at the height in question. */
static const struct hash256 *claimed(const struct peer *peer)
{
    return &peer->agree_headers[0];
}

static bool takes_part(const struct peer *peer)
{
    return net_is_filter_peer(peer) && peer->agree == AGREE_ANSWERED;
}

static void ask_filter(struct p2p *p2p, struct peer *peer)
{
    struct buf payload = buf_with_max(WIRE_PAYLOAD_MAX);
    struct hash256 hash = header_tree_node(p2p->tree, p2p->branch[p2p->judged_height])->hash;
    wire_cfrange_write(&payload, p2p->judged_height, &hash);
    (void)net_request(peer, (struct request){.kind = REQUEST_CFILTERS,
                                             .from = p2p->judged_height,
                                             .to = p2p->judged_height,
                                             .next = p2p->judged_height,
                                             .hash = hash,
                                             .range = NODE_NONE});
    net_send(p2p, peer, WIRE_GETCFILTERS, buf_bytes(&payload));
    buf_free(&payload);
    peer->judged_asked = true;
}

/* A peer's filter of the block in question must be what its header says. */
void judge_filter(struct p2p *p2p, struct peer *peer, struct bytes filter)
{
    struct hash256 prev = {{0}};
    struct hash256 hash;
    struct hash256 header;
    if (!p2p->judging || !takes_part(peer) || !peer->judged_asked)
        return;
    if (p2p->judged_height > 0 && agree_read(p2p, &prev, p2p->judged_height - 1, NULL) < 0)
        return;
    filter_hash(&hash, filter);
    filter_header(&header, &hash, &prev);
    if (!hash256_equal(&header, claimed(peer))) {
        net_ban(p2p, peer, "a filter that its own filter header denies");
        return;
    }
    buf_reset(&peer->judged);
    buf_add(&peer->judged, filter);
    peer->judged_done = true;
    net_progress(p2p);
}

/* Bans all whose filter breaks a rule; how many kinds are left? */
static unsigned sentence(struct p2p *p2p, const struct block *block)
{
    struct hash256 kinds[P2P_PEER_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        struct peer *peer = &p2p->peers[i];
        bool known = false;
        if (!takes_part(peer))
            continue;
        const char *rule = judge_rule(block, buf_bytes(&peer->judged));
        if (rule) {
            net_ban(p2p, peer, rule);
            continue;
        }
        for (unsigned j = 0; j < count; j++)
            known = known || hash256_equal(&kinds[j], claimed(peer));
        if (!known)
            kinds[count++] = *claimed(peer);
    }
    return count;
}

static void decide(struct p2p *p2p)
{
    struct arena arena = {0};
    struct block block;
    uint32_t height = p2p->judged_height;
    int code = block_parse(&block, buf_bytes(&p2p->judge_block), &arena, &p2p->task_err);
    unsigned kinds = code == 0 ? sentence(p2p, &block) : 0;
    arena_free(&arena);
    p2p->report.judged++;
    net_progress(p2p);
    if (code == 0 && kinds > 1)
        code = err_set(&p2p->task_err, SANAD_MISSING,
                       "filter headers: height %u: peers differ, and the block does not tell who "
                       "is right",
                       height);
    if (code < 0)
        net_task_end(p2p, code);
    agree_restart(p2p);
}

void judge_schedule(struct p2p *p2p)
{
    unsigned left = 0;
    unsigned done = 0;
    for (unsigned i = 0; i < P2P_PEER_MAX; i++) {
        struct peer *peer = &p2p->peers[i];
        if (!takes_part(peer))
            continue;
        if (!peer->judged_asked && peer->request_count < REQUEST_MAX)
            ask_filter(p2p, peer);
        left++;
        done += peer->judged_done;
    }
    if (left == 0) {
        agree_restart(p2p);
    } else if (p2p->judge_want.done && p2p->judge_want.code < 0) {
        p2p->task_err = p2p->judge_want.err;
        net_task_end(p2p, p2p->judge_want.code);
    } else if (p2p->judge_want.done && done == left) {
        decide(p2p);
    }
}
