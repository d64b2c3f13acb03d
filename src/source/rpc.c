/* "rpc:URL": the blocks of a Bitcoin Core node, over REST where it is on, else over JSON-RPC.
 * The node is believed nothing that can be checked: headers go through the header tree, a block
 * must have the hash that was asked for, and its merkle root is the scan's to recompute. */
#include "source/source_priv.h"

#include <stdlib.h>

enum {
    HEADERS_SIZE_MAX = RPC_HEADERS_MAX * HEADER_SIZE,
    HEADERS_TRIES = 3, /* where the node changes its chain between two questions */
    REPLY_SIZE_MAX = RPC_BATCH_MAX * 1024,
    AHEAD_MAX = 2016, /* blocks found while we ask */
    PATH_MAX_SIZE = 160,
    RPC_NOT_FOUND = -5,
    RPC_BAD_PARAMETER = -8,
    RPC_MISC = -1
};

struct rpc_source {
    struct source base;
    struct rpc_node node;
    struct rpc_info info;
    bool rest;
    bool spent; /* REST tells spent outputs */
};

static const char *url_of(const struct rpc_source *rpc)
{
    return rpc->node.url;
}

/* ---- chain info -------------------------------------------------------------------------------
 */

/* Names as Core gives them; ours are the same. */
static int info_check(const struct rpc_source *rpc, const struct rpc_info *info, struct err *err)
{
    const char *wanted = rpc->base.params->name;
    if (strcmp(info->chain, wanted) != 0)
        return err_set(err, SANAD_REFUSED, "%s: the node is of the chain %.16s, not of %s",
                       url_of(rpc), info->chain, wanted);
    return 0;
}

/* REST where the node has it on. */
static int info_rest(struct rpc_source *rpc, json_t **ret_json, struct err *err)
{
    struct buf body;
    unsigned status;
    *ret_json = NULL;
    int code = rpc_rest(&rpc->node, &status, &body, "/rest/chaininfo.json", RPC_INFO_SIZE_MAX, err);
    if (code)
        return code;
    rpc->rest = status == 200;
    if (rpc->rest)
        code = json_read(ret_json, url_of(rpc), buf_bytes(&body), RPC_INFO_SIZE_MAX, err);
    buf_free(&body);
    return code;
}

static int fault_refuse(const struct rpc_source *rpc, const struct rpc_call *call, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "%s: %s: error %d: %s", url_of(rpc), call->method,
                   call->fault.code, call->fault.text);
}

static int info_get(struct rpc_source *rpc, struct err *err)
{
    struct rpc_call call = {.method = "getblockchaininfo", .params = "[]"};
    struct rpc_info info;
    json_t *json;
    int code = info_rest(rpc, &json, err);
    if (code)
        return code;
    if (!json) {
        code = rpc_calls(&rpc->node, &json, &call, 1, RPC_INFO_SIZE_MAX, err);
        if (code)
            return code;
        if (!call.result)
            code = fault_refuse(rpc, &call, err);
    }
    if (code == 0 && (code = rpc_info_read(&info, rpc->rest ? json : call.result, err)) != 0)
        (void)err_wrap(err, "%s", url_of(rpc));
    if (code == 0)
        code = info_check(rpc, &info, err);
    if (code == 0)
        rpc->info = info;
    json_decref(json);
    return code;
}

/* ---- hashes by height ---------------------------------------------------------------------------
 */

static int hash_rest(struct rpc_source *rpc, struct hash256 *ret_hash, bool *ret_has,
                     uint32_t height, struct err *err)
{
    char path[PATH_MAX_SIZE];
    struct buf body;
    unsigned status;
    (void)snprintf(path, sizeof path, "/rest/blockhashbyheight/%u.bin", height);
    int code = rpc_rest(&rpc->node, &status, &body, path, 4096, err);
    if (code)
        return code;
    *ret_has = status == 200;
    if (*ret_has && body.size != sizeof ret_hash->b)
        code = err_set(err, SANAD_REFUSED, "%s: %s: %zu bytes, not a hash", url_of(rpc), path,
                       body.size);
    else if (*ret_has)
        memcpy(ret_hash->b, body.data, sizeof ret_hash->b);
    buf_free(&body);
    return code;
}

/* Hashes of `count` heights from `first` on, as many as the node has. */
static int hashes_call(struct rpc_source *rpc, struct hash256 *ret_hashes, uint32_t *ret_count,
                       uint32_t first, uint32_t count, struct err *err)
{
    struct rpc_call *calls = mem_zalloc(count, sizeof *calls);
    json_t *answer;
    for (uint32_t i = 0; i < count; i++) {
        calls[i].method = "getblockhash";
        (void)snprintf(calls[i].params, sizeof calls[i].params, "[%u]", first + i);
    }
    int code = rpc_calls(&rpc->node, &answer, calls, count, REPLY_SIZE_MAX, err);
    if (code == 0) {
        uint32_t i = 0;
        for (; code == 0 && i < count && calls[i].result; i++) {
            const char *text = json_string_value(calls[i].result);
            if (!text || !hash256_from_display(&ret_hashes[i], text))
                code = err_set(err, SANAD_REFUSED, "%s: getblockhash: not a hash", url_of(rpc));
        }
        if (code == 0 && i < count && calls[i].fault.code != RPC_BAD_PARAMETER)
            code = fault_refuse(rpc, &calls[i], err);
        *ret_count = i;
        json_decref(answer);
    }
    free(calls);
    return code;
}

static int hash_get(struct rpc_source *rpc, struct hash256 *ret_hash, bool *ret_has,
                    uint32_t height, struct err *err)
{
    uint32_t count;
    if (rpc->rest)
        return hash_rest(rpc, ret_hash, ret_has, height, err);
    int code = hashes_call(rpc, ret_hash, &count, height, 1, err);
    if (code == 0)
        *ret_has = count == 1;
    return code;
}

/* ---- headers
 * -------------------------------------------------------------------------------------
 */

/* Where headers are asked from. */
struct place {
    uint32_t node; /* NODE_NONE: the anchor, not in the tree yet */
    uint32_t height;
    struct hash256 hash;
};

static struct place place_of(const struct rpc_source *rpc, uint32_t node)
{
    if (node == NODE_NONE)
        return (struct place){node, rpc->base.anchor.height, rpc->base.anchor.hash};
    const struct header_node *header = header_tree_node(rpc->base.tree, node);
    return (struct place){node, header->height, header->hash};
}

static int headers_rest(struct rpc_source *rpc, struct buf *ret_raw, const struct place *from,
                        struct err *err)
{
    char path[PATH_MAX_SIZE];
    char hash[HEX256_SIZE];
    unsigned status;
    hash256_display(hash, &from->hash);
    (void)snprintf(path, sizeof path, "/rest/headers/%s.bin?count=%d", hash, RPC_HEADERS_MAX);
    int code = rpc_rest(&rpc->node, &status, ret_raw, path, HEADERS_SIZE_MAX, err);
    if (code || status == 200)
        return code;
    buf_free(ret_raw);
    /* Before v24 the count stood in the path. */
    (void)snprintf(path, sizeof path, "/rest/headers/%d/%s.bin", RPC_HEADERS_MAX, hash);
    code = rpc_rest(&rpc->node, &status, ret_raw, path, HEADERS_SIZE_MAX, err);
    if (code == 0 && status != 200)
        buf_reset(ret_raw); /* it does not know the block */
    return code;
}

static int headers_of_hashes(struct rpc_source *rpc, struct buf *raw, const struct hash256 *hashes,
                             uint32_t count, struct err *err)
{
    struct rpc_call *calls = mem_zalloc(count, sizeof *calls);
    json_t *answer;
    for (uint32_t i = 0; i < count; i++) {
        char hash[HEX256_SIZE];
        hash256_display(hash, &hashes[i]);
        calls[i].method = "getblockheader";
        (void)snprintf(calls[i].params, sizeof calls[i].params, "[\"%s\",false]", hash);
    }
    int code = rpc_calls(&rpc->node, &answer, calls, count, REPLY_SIZE_MAX, err);
    if (code == 0) {
        for (uint32_t i = 0; i < count && code == 0; i++) {
            if (!calls[i].result)
                code = fault_refuse(rpc, &calls[i], err);
            else if (rpc_hex_take(raw, calls[i].result, HEADER_SIZE, err) != 0)
                code = err_wrap(err, "%s: getblockheader", url_of(rpc));
        }
        json_decref(answer);
    }
    free(calls);
    return code;
}

/* As REST gives them: none where the block is not on the node's chain. */
static int headers_call(struct rpc_source *rpc, struct buf *ret_raw, const struct place *from,
                        struct err *err)
{
    struct hash256 *hashes;
    uint32_t count = 0;
    *ret_raw = buf_with_max(HEADERS_SIZE_MAX);
    if (from->height > rpc->info.blocks)
        return 0;
    uint32_t wanted = rpc->info.blocks - from->height + 1;
    if (wanted > RPC_BATCH_MAX)
        wanted = RPC_BATCH_MAX;
    hashes = mem_zalloc(wanted, sizeof *hashes);
    int code = hashes_call(rpc, hashes, &count, from->height, wanted, err);
    if (code == 0 && count > 0 && hash256_equal(&hashes[0], &from->hash))
        code = headers_of_hashes(rpc, ret_raw, hashes, count, err);
    free(hashes);
    if (code)
        buf_free(ret_raw);
    return code;
}

/* Headers of the node's chain from a block on, that one among them; none where the node's chain
 * does not have it. The caller frees the bytes. */
static int headers_ask(struct rpc_source *rpc, struct buf *ret_raw, size_t *ret_count,
                       const struct place *from, struct err *err)
{
    for (int tries = 1;; tries++) {
        int code = rpc->rest ? headers_rest(rpc, ret_raw, from, err)
                             : headers_call(rpc, ret_raw, from, err);
        if (code)
            return code;
        code = rpc_headers_check(ret_count, buf_bytes(ret_raw), &from->hash, err);
        if (code == 0)
            return 0;
        buf_free(ret_raw);
        if (rpc->rest || tries == HEADERS_TRIES)
            return err_wrap(err, "%s", url_of(rpc));
    }
}

/* No header above it is taken now: a node that lies could send them for ever. One in its first
 * download connects thousands of blocks while we ask; the next look has them. */
static uint32_t headers_end(const struct rpc_source *rpc)
{
    return rpc->info.blocks + AHEAD_MAX;
}

/* Adds them to the tree; blocks that the node still has can be fetched. */
static int headers_add(struct rpc_source *rpc, uint32_t *ret_last, struct bytes raw, size_t count,
                       struct err *err)
{
    uint32_t node = NODE_NONE;
    for (size_t i = 0; i < count; i++) {
        int code = header_tree_add(rpc->base.tree, &node, raw.data + i * HEADER_SIZE, NULL, err);
        if (code) {
            (void)err_wrap(err, "%s: headers", url_of(rpc));
            if (err)
                err->code = SANAD_REFUSED; /* a predecessor that is nowhere, too */
            return SANAD_REFUSED;
        }
        uint32_t height = source_node_height(&rpc->base, node);
        source_places_grow(&rpc->base);
        if (height >= rpc->info.prune_height && !source_has_body(&rpc->base, node))
            source_fetch_add(&rpc->base, node);
        if (height >= headers_end(rpc))
            break;
    }
    *ret_last = node;
    return 0;
}

static int refuse_root(const struct rpc_source *rpc, struct err *err)
{
    char hash[HEX256_SIZE];
    const struct source *source = &rpc->base;
    if (!source->anchored)
        return err_set(err, SANAD_REFUSED, "%s: the node does not know the genesis block of %s",
                       url_of(rpc), source->params->name);
    hash256_display(hash, &source->anchor.hash);
    return err_set(err, SANAD_MISSING, "%s: the anchor %u:%s is no block of the node's chain",
                   url_of(rpc), source->anchor.height, hash);
}

/* From the highest block that the node's chain shares with ours: one step back, two, four... */
static int headers_sync(struct rpc_source *rpc, struct err *err)
{
    const struct source *source = &rpc->base;
    uint32_t root = source->anchored ? NODE_NONE : 0;
    uint32_t from = source->best != NODE_NONE ? source->best : root;
    uint32_t step = 1;
    for (;;) {
        struct place place = place_of(rpc, from);
        struct buf raw;
        size_t count;
        uint32_t last = NODE_NONE;
        int code = headers_ask(rpc, &raw, &count, &place, err);
        if (code)
            return code;
        if (count > 0)
            code = headers_add(rpc, &last, buf_bytes(&raw), count, err);
        buf_free(&raw);
        if (code)
            return code;
        uint32_t first = source_first_height(source);
        if (count == 0 && place.height == first)
            return refuse_root(rpc, err);
        if (count == 0) {
            uint32_t back = place.height - first < step ? first : place.height - step;
            from = header_tree_ancestor(source->tree, from, back);
            step *= 2;
            continue;
        }
        if (last == from || source_node_height(source, last) >= headers_end(rpc))
            return 0;
        from = last;
    }
}

/* ---- refresh ------------------------------------------------------------------------------------
 */

/* Blocks that the node has thrown away since. */
static void prune_follow(struct rpc_source *rpc)
{
    struct source *source = &rpc->base;
    for (uint32_t node = 0; rpc->info.prune_height > 0 && node < source->place_count; node++)
        if (source_has_body(source, node) &&
            source_node_height(source, node) < rpc->info.prune_height)
            source_body_drop(source, node);
}

static int rpc_refresh(struct source *source, struct err *err)
{
    struct rpc_source *rpc = (struct rpc_source *)source;
    int code = info_get(rpc, err);
    if (code == 0)
        code = headers_sync(rpc, err);
    prune_follow(rpc);
    source_settle(source);
    return code;
}

/* ---- blocks
 * --------------------------------------------------------------------------------------
 */

static int block_refuse_other(const struct rpc_source *rpc, uint32_t node, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "%s: height %u: it sends another block than was asked for",
                   url_of(rpc), source_node_height(&rpc->base, node));
}

static int block_gone(const struct rpc_source *rpc, uint32_t node, struct err *err)
{
    return err_set(err, SANAD_MISSING, "height %u has no block: %s does not have it (any more)",
                   source_node_height(&rpc->base, node), url_of(rpc));
}

/* Moves the bytes without copying them; the ceiling of `ret` stays. */
static void buf_move(struct buf *ret, struct buf *from)
{
    size_t max = ret->max;
    buf_free(ret);
    *ret = *from;
    ret->max = max;
    *from = (struct buf){0};
}

static int block_rest(struct rpc_source *rpc, struct buf *ret_raw, uint32_t node, struct err *err)
{
    char path[PATH_MAX_SIZE];
    char hash[HEX256_SIZE];
    struct buf body;
    unsigned status;
    hash256_display(hash, &header_tree_node(rpc->base.tree, node)->hash);
    (void)snprintf(path, sizeof path, "/rest/block/%s.bin", hash);
    int code = rpc_rest(&rpc->node, &status, &body, path, BLOCK_SIZE_MAX, err);
    if (code)
        return code;
    if (status != 200)
        code = block_gone(rpc, node, err);
    else
        buf_move(ret_raw, &body);
    buf_free(&body);
    return code;
}

static int block_call(struct rpc_source *rpc, struct buf *ret_raw, uint32_t node, struct err *err)
{
    struct rpc_call call = {.method = "getblock"};
    char hash[HEX256_SIZE];
    json_t *answer;
    hash256_display(hash, &header_tree_node(rpc->base.tree, node)->hash);
    (void)snprintf(call.params, sizeof call.params, "[\"%s\",0]", hash);
    int code = rpc_calls(&rpc->node, &answer, &call, 1, 2 * (size_t)BLOCK_SIZE_MAX + 4096, err);
    if (code)
        return code;
    if (!call.result && (call.fault.code == RPC_NOT_FOUND || call.fault.code == RPC_MISC))
        code = block_gone(rpc, node, err);
    else if (!call.result)
        code = fault_refuse(rpc, &call, err);
    else if (rpc_hex_take(ret_raw, call.result, BLOCK_SIZE_MAX, err) != 0)
        code = err_wrap(err, "%s: getblock", url_of(rpc));
    json_decref(answer);
    return code;
}

static int rpc_block_read(const struct source *source, struct buf *ret_raw, uint32_t node,
                          struct err *err)
{
    struct rpc_source *rpc = (struct rpc_source *)source; /* its connections change, it does not */
    struct hash256 hash;
    int code =
        rpc->rest ? block_rest(rpc, ret_raw, node, err) : block_call(rpc, ret_raw, node, err);
    if (code == 0 && (ret_raw->size <= HEADER_SIZE || ret_raw->size > ret_raw->max))
        code = block_refuse_other(rpc, node, err);
    if (code == 0) {
        header_hash(&hash, ret_raw->data);
        if (!hash256_equal(&hash, &header_tree_node(source->tree, node)->hash))
            code = block_refuse_other(rpc, node, err);
    }
    if (code)
        buf_reset(ret_raw);
    return code;
}

static int spent_get(struct rpc_source *rpc, unsigned *ret_status, struct buf *ret_body,
                     const struct hash256 *block, struct err *err)
{
    char path[PATH_MAX_SIZE];
    char hash[HEX256_SIZE];
    hash256_display(hash, block);
    (void)snprintf(path, sizeof path, "/rest/spenttxouts/%s.bin", hash);
    return rpc_rest(&rpc->node, ret_status, ret_body, path, RPC_SPENT_SIZE_MAX, err);
}

static int rpc_undo_read(struct source *source, struct buf *ret_raw, uint32_t node, struct err *err)
{
    struct rpc_source *rpc = (struct rpc_source *)source;
    struct buf body;
    unsigned status;
    if (!rpc->rest || !rpc->spent)
        return err_set(err, SANAD_MISSING, "height %u has no undo data: the node does not tell it",
                       source_node_height(source, node));
    int code = spent_get(rpc, &status, &body, &header_tree_node(source->tree, node)->hash, err);
    if (code)
        return code;
    if (status != 200)
        code = err_set(err, SANAD_MISSING, "height %u has no undo data: %s does not have it",
                       source_node_height(source, node), url_of(rpc));
    else if (rpc_spent_to_undo(ret_raw, buf_bytes(&body), err) != 0)
        code = err_wrap(err, "%s: height %u", url_of(rpc), source_node_height(source, node));
    buf_free(&body);
    return code;
}

/* What goes wrong here only means that the whole chain is searched instead. */
static int rpc_spent_heights(struct source *source, uint32_t *ret_heights, uint32_t node,
                             const struct hash256 *txid, size_t count, struct err *err)
{
    struct rpc_source *rpc = (struct rpc_source *)source;
    struct rpc_call call = {.method = "getrawtransaction"};
    char hash[HEX256_SIZE];
    char id[HEX256_SIZE];
    json_t *answer;
    hash256_display(hash, &header_tree_node(source->tree, node)->hash);
    hash256_display(id, txid);
    (void)snprintf(call.params, sizeof call.params, "[\"%s\",2,\"%s\"]", id, hash);
    int code = rpc_calls(&rpc->node, &answer, &call, 1, RPC_TX_SIZE_MAX, err);
    if (code == 0) {
        code = call.result ? rpc_heights_read(ret_heights, count, call.result, err)
                           : fault_refuse(rpc, &call, err);
        json_decref(answer);
    }
    if (code == 0)
        return 0;
    return err_set(err, SANAD_MISSING, "height %u: %s does not tell what a transaction spends",
                   source_node_height(source, node), url_of(rpc));
}

/* ---- gaps
 * ---------------------------------------------------------------------------------------- */

static int rpc_missing(const struct source *source, uint32_t node, struct err *err)
{
    const struct rpc_source *rpc = (const struct rpc_source *)source;
    uint32_t height = source_node_height(source, node);
    return err_set(err, SANAD_MISSING,
                   "height %u has no block: %s has pruned what lies below height %u", height,
                   url_of(rpc), rpc->info.prune_height);
}

static int rpc_gap(const struct source *source, struct err *err)
{
    const struct rpc_source *rpc = (const struct rpc_source *)source;
    if (!rpc->info.downloading || rpc->info.headers <= rpc->info.blocks)
        return 0;
    return err_set(err, SANAD_MISSING,
                   "height %u has no block: %s is still in its first download, to height %u",
                   rpc->info.blocks + 1, url_of(rpc), rpc->info.headers);
}

static void rpc_shard_name(const struct source *source, char ret_name[SOURCE_NAME_SIZE],
                           const struct source_shard *shard)
{
    const struct rpc_source *rpc = (const struct rpc_source *)source;
    (void)shard;
    (void)snprintf(ret_name, SOURCE_NAME_SIZE, "%.*s", SOURCE_NAME_SIZE - 1, url_of(rpc));
}

/* ---- open and close
 * ------------------------------------------------------------------------------- */

static void rpc_close(struct source *source)
{
    struct rpc_source *rpc = (struct rpc_source *)source;
    rpc_node_release(&rpc->node);
    source_release(source);
    free(rpc);
}

static const struct source_ops rpc_ops = {
    .refresh = rpc_refresh,
    .block_read = rpc_block_read,
    .undo_read = rpc_undo_read,
    .spent_heights = rpc_spent_heights,
    .missing = rpc_missing,
    .gap = rpc_gap,
    .shard_name = rpc_shard_name,
    .reader_open = source_fetch_reader_open,
    .reader_next = source_fetch_reader_next,
    .reader_close = source_fetch_reader_close,
    .close = rpc_close,
};

/* The first block that is to be read: the node's chain has it, at that height, and its body. */
static int root_check(struct rpc_source *rpc, struct err *err)
{
    const struct source *source = &rpc->base;
    uint32_t first = source_first_height(source);
    const struct hash256 *wanted =
        source->anchored ? &source->anchor.hash : &source->params->genesis_hash;
    struct hash256 hash;
    bool has;
    int code = hash_get(rpc, &hash, &has, first, err);
    if (code)
        return code;
    if (!has && source->anchored)
        return refuse_root(rpc, err);
    if (!has || !hash256_equal(&hash, wanted)) {
        if (source->anchored)
            return refuse_root(rpc, err);
        return err_set(err, SANAD_REFUSED, "%s: another chain: its block 0 is not the one of %s",
                       url_of(rpc), source->params->name);
    }
    if (rpc->info.prune_height > first)
        return err_set(err, SANAD_MISSING,
                       "%s: the node has pruned what lies below height %u, block %u is needed: "
                       "name the first block to read with --anchor HEIGHT:HASH",
                       url_of(rpc), rpc->info.prune_height, first);
    return 0;
}

/* Whether REST tells the spent outputs of a block: a node does so since v30. */
static int spent_probe(struct rpc_source *rpc, struct err *err)
{
    struct buf body;
    unsigned status;
    if (!rpc->rest)
        return 0;
    int code = spent_get(rpc, &status, &body, &rpc->info.best, err);
    if (code)
        return code;
    rpc->spent = status == 200;
    rpc->base.stats.has_undo = rpc->spent;
    buf_free(&body);
    return 0;
}

/* JSON-RPC beside REST tells where spent outputs were made; without it the chain is searched. */
static bool calls_probe(struct rpc_source *rpc)
{
    struct hash256 hash;
    uint32_t count;
    if (!rpc->rest)
        return true;
    return rpc->node.credentials && hashes_call(rpc, &hash, &count, 0, 1, NULL) == 0;
}

int rpc_open(struct source **ret_source, const char *rest, const struct source_options *options,
             struct err *err)
{
    struct rpc_source *rpc = mem_zalloc(1, sizeof *rpc);
    source_init(&rpc->base, &rpc_ops, options);
    int code = rpc_node_init(&rpc->node, rest, options, err);
    (void)snprintf(rpc->base.name, sizeof rpc->base.name, "rpc:%.*s", SOURCE_NAME_SIZE - 5,
                   url_of(rpc));
    if (code == 0)
        code = info_get(rpc, err);
    if (code == 0)
        code = root_check(rpc, err);
    if (code == 0)
        code = spent_probe(rpc, err);
    if (code == 0)
        code = headers_sync(rpc, err);
    if (code) {
        rpc_close(&rpc->base);
        return code;
    }
    source_settle(&rpc->base);
    rpc->base.tells_heights = calls_probe(rpc);
    rpc->node.patient = true;
    *ret_source = &rpc->base;
    return 0;
}
