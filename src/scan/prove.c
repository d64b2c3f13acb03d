/* The short pass behind the scan: for every input of a touched transaction, what it spent.
 * Our own coins are known already. A rev file tells of the others, but nothing commits to it:
 * so the funding block is read, the funding transaction found by its recomputed txid, and its
 * output compared. Without rev files the whole chain is searched once. */
#include "scan/scan_priv.h"

#include <stdlib.h>

enum {
    CHUNK_WANT_MAX = 200000, /* inputs looked for at once: bounds the memory */
    UNDO_SIZE_MAX = 32 << 20
};

/* ---- collecting a chunk ------------------------------------------------------------------------
 */

static struct want *want_add(struct proof *proof)
{
    if (proof->want_count == proof->want_capacity) {
        proof->want_capacity = proof->want_capacity ? 2 * proof->want_capacity : 1024;
        proof->wants = mem_realloc(proof->wants, proof->want_capacity, sizeof *proof->wants);
    }
    return &proof->wants[proof->want_count++];
}

static struct open_tx *open_add(struct proof *proof)
{
    if (proof->tx_count == proof->tx_capacity) {
        proof->tx_capacity = proof->tx_capacity ? 2 * proof->tx_capacity : 256;
        proof->txs = mem_realloc(proof->txs, proof->tx_capacity, sizeof *proof->txs);
    }
    return &proof->txs[proof->tx_count++];
}

/* Whether another search may tell more than is known. */
static bool is_worth(const struct proof *proof, const struct fact_tx *tx, size_t input)
{
    enum prevout_evidence evidence = tx->prevouts[input].evidence;
    if (evidence == PREVOUT_PROVED)
        return false;
    return !tx->searched || (evidence == PREVOUT_UNKNOWN && proof->has_undo);
}

/* A copy that outlives the visit: prevouts, not the bytes of the transaction. */
static void open_copy(struct proof *proof, struct open_tx *open, const struct fact_tx *tx)
{
    open->fact = *tx;
    open->fact.stripped = bytes_of("", 0);
    open->fact.prevouts =
        arena_alloc(&proof->arena, tx->prevout_count, sizeof *open->fact.prevouts);
    for (size_t i = 0; i < tx->prevout_count; i++) {
        open->fact.prevouts[i] = tx->prevouts[i];
        open->fact.prevouts[i].script = arena_bytes(&proof->arena, tx->prevouts[i].script);
    }
    open->node = header_tree_find(proof->tree, &tx->block_hash);
    open->blocked = false;
}

static int visit_open(void *context, const struct fact_tx *tx, struct err *err)
{
    struct proof *proof = context;
    struct arena arena = {0};
    struct tx parsed;
    struct cursor cursor = cursor_of(tx->stripped);
    size_t before = proof->want_count;
    int code = tx_parse(&parsed, &cursor, &arena, err);
    if (code == 0 && parsed.in_count != tx->prevout_count)
        code = err_set(err, SANAD_REFUSED, "the store is damaged: prevouts of a transaction");
    for (size_t i = 0; code == 0 && i < parsed.in_count; i++)
        if (is_worth(proof, tx, i))
            *want_add(proof) = (struct want){
                .outpoint = parsed.ins[i].prevout,
                .tx = (uint32_t)proof->tx_count,
                .input = (uint32_t)i,
                .fund_node = NODE_NONE,
            };
    if (proof->want_count > before)
        open_copy(proof, open_add(proof), tx);
    proof->from = (struct fact_place){tx->height, tx->tx_index + 1};
    arena_free(&arena);
    return code < 0 ? code : proof->want_count >= CHUNK_WANT_MAX;
}

/* ---- our own coins
 * ------------------------------------------------------------------------------- */

static int own_coins(struct proof *proof, struct err *err)
{
    for (size_t i = 0; i < proof->want_count; i++) {
        struct want *want = &proof->wants[i];
        struct fact_coin coin;
        bool found;
        uint32_t height = proof->txs[want->tx].fact.height;
        int code = facts_coin_find(&coin, &found, proof->facts, &want->outpoint, height, err);
        if (code == 0 && found)
            code = facts_script_get(&want->script, proof->facts, coin.script, &proof->arena, err);
        if (code < 0)
            return code;
        if (found) {
            want->value = coin.value;
            want->evidence = PREVOUT_PROVED;
        }
    }
    return 0;
}

/* ---- rev files
 * -------------------------------------------------------------------------------------- */

static int undo_lies(const struct open_tx *open, uint32_t input, const char *what, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "spent outputs of block %u: transaction %u, input %u: %s",
                   open->fact.height, open->fact.tx_index, input, what);
}

/* What the record says of one input, and where the funding block is. Records of old nodes
 * leave the height out (0): then only the search of the whole chain helps. */
static int undo_take(struct proof *proof, struct want *want, const struct block_undo *undo,
                     struct err *err)
{
    struct open_tx *open = &proof->txs[want->tx];
    sanad_assert(open->fact.tx_index > 0 && want->input < open->fact.prevout_count);
    size_t at = open->fact.tx_index - 1;
    if (at >= undo->tx_count || want->input >= undo->txs[at].coin_count ||
        undo->txs[at].coin_count != open->fact.prevout_count)
        return undo_lies(open, want->input, "tells of other inputs than the block has", err);
    const struct undo_coin *coin = &undo->txs[at].coins[want->input];
    if (coin->height > open->fact.height)
        return undo_lies(open, want->input, "spends a coin of a later block", err);
    want->evidence = PREVOUT_UNDO;
    want->value = coin->value;
    want->script = arena_bytes(&proof->arena, coin->script);
    want->height = coin->height;
    want->height_known = coin->height > 0;
    if (want->height_known)
        want->fund_node = header_tree_ancestor(proof->tree, open->node, coin->height);
    return 0;
}

/* The record of the block of one transaction; *ret_has false where there is none. */
static int undo_load(struct proof *proof, struct block_undo *ret_undo, bool *ret_has,
                     const struct open_tx *open, struct buf *raw, struct arena *arena,
                     struct err *err)
{
    *ret_has = false;
    if (open->node == NODE_NONE)
        return 0;
    int code = source_undo_read(proof->source, raw, open->node, err);
    if (code == SANAD_MISSING)
        return 0;
    arena_reset(arena);
    if (code == 0)
        code = undo_parse(ret_undo, buf_bytes(raw), arena, err);
    if (code)
        return err_wrap(err, "spent outputs of block %u", open->fact.height);
    *ret_has = true;
    return 0;
}

static int undo_all(struct proof *proof, struct err *err)
{
    struct buf raw = buf_with_max(UNDO_SIZE_MAX);
    struct arena arena = {0};
    struct block_undo undo;
    uint32_t loaded = NODE_NONE;
    bool has = false;
    int code = 0;
    for (size_t i = 0; i < proof->want_count && code == 0; i++) {
        struct want *want = &proof->wants[i];
        const struct open_tx *open = &proof->txs[want->tx];
        if (want->evidence != PREVOUT_UNKNOWN)
            continue;
        if (loaded != open->node || i == 0)
            code = undo_load(proof, &undo, &has, open, &raw, &arena, err);
        loaded = open->node;
        if (code == 0 && has)
            code = undo_take(proof, want, &undo, err);
    }
    buf_free(&raw);
    arena_free(&arena);
    return code;
}

/* ---- a node that tells heights
 * ---------------------------------------------------------------------- */

enum { ASK_THREADS = 8 }; /* they wait for answers, not for a processor */

struct ask_work {
    struct proof *proof;
    pthread_mutex_t lock;
    size_t next; /* want; under the lock */
};

static bool is_open(const struct want *want)
{
    return want->evidence != PREVOUT_PROVED && !want->height_known;
}

/* The wants of the next transaction, [*ret_begin, *ret_end): they stand together. */
static bool ask_take(struct ask_work *work, size_t *ret_begin, size_t *ret_end)
{
    const struct proof *proof = work->proof;
    (void)pthread_mutex_lock(&work->lock);
    size_t end = work->next;
    while (end < proof->want_count && !is_open(&proof->wants[end]))
        end++;
    *ret_begin = end;
    while (end < proof->want_count && proof->wants[end].tx == proof->wants[*ret_begin].tx)
        end++;
    work->next = end;
    (void)pthread_mutex_unlock(&work->lock);
    *ret_end = end;
    return *ret_begin < end;
}

static void ask_one(struct proof *proof, struct want *wants, size_t count)
{
    const struct open_tx *open = &proof->txs[wants[0].tx];
    size_t inputs = open->fact.prevout_count;
    uint32_t *heights = mem_alloc(inputs * sizeof *heights);
    bool told = open->node != NODE_NONE && inputs > 0 &&
                source_spent_heights(proof->source, heights, open->node, &open->fact.txid, inputs,
                                     NULL) == 0;
    for (size_t i = 0; told && i < count; i++) {
        struct want *want = &wants[i];
        uint32_t height = heights[want->input];
        uint32_t node = header_tree_ancestor(proof->tree, open->node, height);
        if (!is_open(want) || node == NODE_NONE)
            continue;
        want->height = height;
        want->height_known = true;
        want->fund_node = node;
    }
    free(heights);
}

static void *ask_main(void *context)
{
    struct ask_work *work = context;
    size_t begin;
    size_t end;
    while (ask_take(work, &begin, &end))
        ask_one(work->proof, work->proof->wants + begin, end - begin);
    return NULL;
}

/* Heights from a node, where it tells them: then only those blocks are read, not the chain. */
static void ask_heights(struct proof *proof)
{
    struct ask_work work = {.proof = proof};
    if (!source_tells_heights(proof->source))
        return;
    (void)pthread_mutex_init(&work.lock, NULL); /* fails for want of memory only */
    threads_do(threads_choose(ASK_THREADS, proof->tx_count), ask_main, &work);
    (void)pthread_mutex_destroy(&work.lock);
}

/* ---- writing
 * ------------------------------------------------------------------------------------------- */

/* Brings what was learnt into the transactions. */
static void wants_settle(struct proof *proof)
{
    for (size_t i = 0; i < proof->want_count; i++) {
        const struct want *want = &proof->wants[i];
        struct open_tx *open = &proof->txs[want->tx];
        struct fact_prevout *prevout = &open->fact.prevouts[want->input];
        /* Older than the first block: nothing here can prove it. Else it was not read. */
        bool before = want->evidence == PREVOUT_UNDO && want->height_known &&
                      want->height < proof->state.first_height;
        if (want->evidence != PREVOUT_PROVED && !before && !want->searched)
            open->blocked = true;
        if (want->evidence > prevout->evidence)
            *prevout = (struct fact_prevout){want->evidence, want->value, want->script};
    }
    for (size_t i = 0; i < proof->tx_count; i++)
        proof->txs[i].fact.searched = !proof->txs[i].blocked;
}

static int txs_write(struct proof *proof, struct err *err)
{
    int code = store_begin(proof->store, err);
    if (code < 0)
        return code;
    for (size_t i = 0; i < proof->tx_count && code == 0; i++)
        code = facts_tx_add(proof->facts, &proof->txs[i].fact, err);
    if (code == 0)
        return store_commit(proof->store, err);
    store_rollback(proof->store);
    return code;
}

static int chunk_prove(struct proof *proof, struct err *err)
{
    int code = own_coins(proof, err);
    if (code == 0 && proof->has_undo)
        code = undo_all(proof, err);
    if (code == 0)
        ask_heights(proof);
    if (code == 0)
        code = fund_blocks(proof, err);
    if (code == 0)
        code = fund_search(proof, err);
    if (code < 0)
        return code;
    wants_settle(proof);
    return txs_write(proof, err);
}

static void proof_free(struct proof *proof)
{
    arena_free(&proof->arena);
    free(proof->wants);
    free(proof->txs);
}

int scan_prove_prevouts(struct facts *facts, struct store *store, struct source *source,
                        unsigned threads, struct err *err)
{
    struct source_stats stats;
    struct proof proof = {
        .facts = facts,
        .store = store,
        .source = source,
        .tree = source_headers(source),
        .threads = threads,
    };
    source_stats_get(&stats, source);
    proof.has_undo = stats.has_undo;
    int code = facts_state_get(&proof.state, facts, err);
    for (bool more = true; code == 0 && more;) {
        proof.want_count = 0;
        proof.tx_count = 0;
        arena_reset(&proof.arena);
        code = facts_txs_unproved(facts, proof.from, visit_open, &proof, err);
        more = code == 1;
        if (code > 0)
            code = 0;
        if (code == 0 && proof.tx_count > 0)
            code = chunk_prove(&proof, err);
    }
    proof_free(&proof);
    return code;
}
