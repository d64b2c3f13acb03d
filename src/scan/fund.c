/* Funding transactions: found in the block that a rev record names, or, where none does, by
 * a search of the whole chain; in both by the recomputed txid. */
#include "scan/scan_priv.h"

#include <stdlib.h>

enum { BATCH_BLOCK_MAX = 256, LOG_ROOM_DIVISOR = 41 };

/* A thread's memory. The walk watches nothing: only the txids are wanted. */
struct hasher {
    struct scratch scratch;
    struct arena arena;
    struct watch *nothing;
};

static void hasher_init(struct hasher *hasher)
{
    *hasher = (struct hasher){.nothing = watch_new(NULL, 0)};
    hasher->scratch.walk.watch = hasher->nothing;
    hasher->scratch.raw = buf_with_max(BLOCK_SIZE_MAX);
}

static void hasher_free(struct hasher *hasher)
{
    scratch_free(&hasher->scratch);
    arena_free(&hasher->arena);
    watch_free(hasher->nothing);
}

/* All txids of a block: digests and stripped forms then stand in the scratch. */
static int block_hash_txs(struct hasher *hasher, uint8_t *data, size_t size, uint32_t height,
                          struct err *err)
{
    struct scratch *scratch = &hasher->scratch;
    scratch_room(scratch, walk_tx_max(size), size / LOG_ROOM_DIVISOR + 1);
    walk_reset(&scratch->walk);
    scratch->walk.jobs = scratch->jobs;
    scratch->walk.digests = scratch->digests;
    scratch->walk.log = scratch->log;
    if (!walk_block(&scratch->walk, data, size))
        return err_set(err, SANAD_REFUSED, "block %u: transaction %u: %s", height,
                       scratch->walk.tx_count, scratch->walk.rule);
    sha256d_many(scratch->jobs, scratch->walk.tx_count);
    return 0;
}

/* The output of a transaction of the block just hashed; *ret_has false: no such output. */
static int output_get(struct hasher *hasher, struct tx_out *ret_out, bool *ret_has, size_t tx_index,
                      uint32_t vout, struct err *err)
{
    sanad_assert(tx_index < hasher->scratch.walk.tx_count);
    const struct sha256_job *job = &hasher->scratch.jobs[tx_index];
    struct cursor cursor = cursor_of(bytes_of(job->data, job->size));
    struct tx tx;
    arena_reset(&hasher->arena);
    int code = tx_parse(&tx, &cursor, &hasher->arena, err);
    if (code < 0)
        return code;
    *ret_has = vout < tx.out_count;
    if (*ret_has)
        *ret_out = tx.outs[vout];
    return 0;
}

/* ---- blocks that rev records name --------------------------------------------------------------
 */

struct fund_work {
    struct proof *proof;
    struct want **wants; /* by funding node, then txid */
    size_t count;
    pthread_mutex_t lock;
    size_t next; /* under the lock */
    size_t bad_at;
    struct err bad;
};

static int compare_wants(const void *a, const void *b)
{
    const struct want *left = *(struct want *const *)a;
    const struct want *right = *(struct want *const *)b;
    if (left->fund_node != right->fund_node)
        return left->fund_node < right->fund_node ? -1 : 1;
    return hash256_compare(&left->outpoint.txid, &right->outpoint.txid);
}

static int want_fail(const struct proof *proof, const struct want *want, const char *what,
                     struct err *err)
{
    const struct fact_tx *tx = &proof->txs[want->tx].fact;
    if (!want->height_known)
        return err_set(err, SANAD_REFUSED,
                       "spent outputs of block %u: transaction %u, input %u: %s", tx->height,
                       tx->tx_index, want->input, what);
    return err_set(err, SANAD_REFUSED,
                   "spent outputs of block %u: transaction %u, input %u: %s in block %u",
                   tx->height, tx->tx_index, want->input, what, want->height);
}

/* What a rev record says of the output must be true. */
static int want_agrees(const struct proof *proof, const struct want *want, const struct tx_out *out,
                       struct err *err)
{
    if (want->evidence != PREVOUT_UNDO)
        return 0;
    if (!amount_equal(out->value, want->value))
        return want_fail(proof, want, "gives another value than the output has", err);
    if (!bytes_equal(out->script, want->script))
        return want_fail(proof, want, "gives another script than the output has", err);
    return 0;
}

static int want_check(struct hasher *hasher, struct fund_work *work, struct want *want,
                      size_t tx_index, struct err *err)
{
    struct proof *proof = work->proof;
    struct tx_out out;
    bool has;
    int code = output_get(hasher, &out, &has, tx_index, want->outpoint.vout, err);
    if (code < 0)
        return code;
    if (!has)
        return want_fail(proof, want, "names an output that is not there", err);
    code = want_agrees(proof, want, &out, err);
    if (code)
        return code;
    (void)pthread_mutex_lock(&work->lock); /* of the arena */
    if (want->evidence != PREVOUT_UNDO) {
        want->value = out.value;
        want->script = arena_bytes(&proof->arena, out.script);
    }
    (void)pthread_mutex_unlock(&work->lock);
    want->evidence = PREVOUT_PROVED;
    return 0;
}

/* First want of a sorted group with this txid, or `count`. */
static size_t group_find(struct want *const *group, size_t count, const struct hash256 *txid)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hash256_compare(&group[middle]->outpoint.txid, txid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && hash256_equal(&group[low]->outpoint.txid, txid) ? low : count;
}

/* All wants of one funding block. */
static int group_prove(struct hasher *hasher, struct fund_work *work, struct want **group,
                       size_t count, struct err *err)
{
    const struct proof *proof = work->proof;
    sanad_assert(count > 0 && group[0]->fund_node == group[count - 1]->fund_node);
    struct buf *raw = &hasher->scratch.raw;
    int code = source_block_read(proof->source, raw, group[0]->fund_node, err);
    if (code == SANAD_MISSING)
        return 0; /* stays as the rev record says: not proved */
    if (code == 0)
        code = block_hash_txs(hasher, raw->data, raw->size, group[0]->height, err);
    for (size_t i = 0; code == 0 && i < hasher->scratch.walk.tx_count; i++) {
        const struct hash256 *txid = &hasher->scratch.digests[i];
        for (size_t at = group_find(group, count, txid);
             code == 0 && at < count && hash256_equal(&group[at]->outpoint.txid, txid); at++)
            code = want_check(hasher, work, group[at], i, err);
    }
    for (size_t i = 0; code == 0 && i < count; i++)
        if (group[i]->evidence != PREVOUT_PROVED)
            code = want_fail(proof, group[i], "names a transaction that is not there", err);
    return code;
}

/* The next group, [*ret_begin, *ret_end); false where none is left or one failed before it. */
static bool group_take(struct fund_work *work, size_t *ret_begin, size_t *ret_end)
{
    (void)pthread_mutex_lock(&work->lock);
    size_t begin = work->next;
    size_t end = begin;
    while (end < work->count && work->wants[end]->fund_node == work->wants[begin]->fund_node)
        end++;
    work->next = end;
    bool more = begin < work->count && begin < work->bad_at;
    (void)pthread_mutex_unlock(&work->lock);
    *ret_begin = begin;
    *ret_end = end;
    return more;
}

static void *fund_main(void *context)
{
    struct fund_work *work = context;
    struct hasher hasher;
    size_t begin;
    size_t end;
    hasher_init(&hasher);
    while (group_take(work, &begin, &end)) {
        struct err err;
        if (group_prove(&hasher, work, work->wants + begin, end - begin, &err) == 0)
            continue;
        (void)pthread_mutex_lock(&work->lock);
        if (begin < work->bad_at) { /* the first that failed, whatever the number of threads */
            work->bad_at = begin;
            work->bad = err;
        }
        (void)pthread_mutex_unlock(&work->lock);
    }
    hasher_free(&hasher);
    return NULL;
}

int fund_blocks(struct proof *proof, struct err *err)
{
    struct fund_work work = {.proof = proof, .bad_at = SIZE_MAX};
    work.wants = mem_alloc(proof->want_count * sizeof(struct want *));
    for (size_t i = 0; i < proof->want_count; i++) {
        struct want *want = &proof->wants[i];
        if (want->evidence != PREVOUT_PROVED && want->fund_node != NODE_NONE)
            work.wants[work.count++] = want;
    }
    qsort(work.wants, work.count, sizeof(struct want *), compare_wants);
    (void)pthread_mutex_init(&work.lock, NULL); /* fails for want of memory only */
    threads_do(threads_choose(proof->threads, work.count), fund_main, &work);
    (void)pthread_mutex_destroy(&work.lock);
    free(work.wants);
    if (work.bad_at == SIZE_MAX)
        return 0;
    *err = work.bad;
    return work.bad.code;
}

/* ---- the search of the whole chain
 * ------------------------------------------------------------------ */

struct search_work {
    struct proof *proof;
    struct source_plan plan;
    struct probe *probe; /* first 8 bytes of the txids */
    struct want **wants; /* by txid */
    size_t count;
    pthread_mutex_t lock;
    size_t next_shard; /* below: under the lock */
    bool failed;
    struct err bad;
};

/* Of two blocks with one txid (BIP30) the outputs are the same, so the order is no matter. */
static int search_found(struct hasher *hasher, struct search_work *work, size_t at, size_t tx_index,
                        struct err *err)
{
    const struct hash256 *txid = &hasher->scratch.digests[tx_index];
    int code = 0;
    (void)pthread_mutex_lock(&work->lock);
    for (; code == 0 && at < work->count && hash256_equal(&work->wants[at]->outpoint.txid, txid);
         at++) {
        struct want *want = work->wants[at];
        struct tx_out out;
        bool has;
        code = output_get(hasher, &out, &has, tx_index, want->outpoint.vout, err);
        if (code == 0 && has)
            code = want_agrees(work->proof, want, &out, err);
        if (code < 0 || !has || want->evidence == PREVOUT_PROVED)
            continue;
        want->evidence = PREVOUT_PROVED;
        want->value = out.value;
        want->script = arena_bytes(&work->proof->arena, out.script);
    }
    (void)pthread_mutex_unlock(&work->lock);
    return code;
}

static int search_block(struct hasher *hasher, struct search_work *work,
                        const struct source_block *block, struct err *err)
{
    uint32_t height = header_tree_node(work->proof->tree, block->node)->height;
    int code = block_hash_txs(hasher, block->data, block->size, height, err);
    for (size_t i = 0; code == 0 && i < hasher->scratch.walk.tx_count; i++) {
        const struct hash256 *txid = &hasher->scratch.digests[i];
        if (!probe_has(work->probe, load_le64(txid->b)))
            continue;
        size_t at = group_find(work->wants, work->count, txid);
        if (at < work->count)
            code = search_found(hasher, work, at, i, err);
    }
    return code;
}

static int search_shard(struct hasher *hasher, struct search_work *work,
                        const struct source_shard *shard, struct err *err)
{
    struct source_block blocks[BATCH_BLOCK_MAX];
    struct source_reader *reader;
    int got = source_reader_open(&reader, work->proof->source, shard, err);
    if (got < 0)
        return got;
    int code = 0;
    while (code == 0 && (got = source_reader_next(reader, blocks, BATCH_BLOCK_MAX, err)) > 0)
        for (int i = 0; i < got && code == 0; i++)
            code = search_block(hasher, work, &blocks[i], err);
    source_reader_close(reader);
    return code < 0 ? code : got;
}

static const struct source_shard *search_take(struct search_work *work)
{
    const struct source_shard *shard = NULL;
    (void)pthread_mutex_lock(&work->lock);
    if (!work->failed && work->next_shard < work->plan.shard_count)
        shard = &work->plan.shards[work->next_shard++];
    (void)pthread_mutex_unlock(&work->lock);
    return shard;
}

static void *search_main(void *context)
{
    struct search_work *work = context;
    const struct source_shard *shard;
    struct hasher hasher;
    hasher_init(&hasher);
    while ((shard = search_take(work)) != NULL) {
        struct err err;
        if (search_shard(&hasher, work, shard, &err) == 0)
            continue;
        (void)pthread_mutex_lock(&work->lock);
        work->failed = true;
        work->bad = err;
        (void)pthread_mutex_unlock(&work->lock);
    }
    hasher_free(&hasher);
    return NULL;
}

static int search_run(struct search_work *work, uint32_t tip, struct err *err)
{
    const struct proof *proof = work->proof;
    int code =
        source_plan_make(&work->plan, proof->source, tip, proof->state.first_height, NULL, err);
    if (code == SANAD_MISSING)
        return 0; /* a source that does not hold all blocks proves nothing this way */
    if (code < 0)
        return code;
    (void)pthread_mutex_init(&work->lock, NULL); /* fails for want of memory only */
    threads_do(threads_choose(proof->threads, work->plan.shard_count), search_main, work);
    (void)pthread_mutex_destroy(&work->lock);
    source_plan_free(&work->plan);
    if (work->failed) {
        *err = work->bad;
        return work->bad.code;
    }
    for (size_t i = 0; i < work->count; i++)
        work->wants[i]->searched = true;
    return 0;
}

int fund_search(struct proof *proof, struct err *err)
{
    struct search_work work = {.proof = proof};
    uint32_t tip = header_tree_find(proof->tree, &proof->state.tip_hash);
    int code = 0;
    work.wants = mem_alloc(proof->want_count * sizeof(struct want *));
    work.probe = probe_new();
    for (size_t i = 0; i < proof->want_count; i++) {
        struct want *want = &proof->wants[i];
        /* Known to be made elsewhere than where this source can read. */
        bool elsewhere = want->evidence == PREVOUT_UNDO && want->height_known;
        if (want->evidence == PREVOUT_PROVED || elsewhere)
            continue;
        work.wants[work.count++] = want;
        probe_add(work.probe, load_le64(want->outpoint.txid.b));
    }
    qsort(work.wants, work.count, sizeof(struct want *), compare_wants);
    if (work.count > 0 && tip != NODE_NONE)
        code = search_run(&work, tip, err);
    probe_free(work.probe);
    free(work.wants);
    return code;
}
