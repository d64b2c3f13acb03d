/* Workers: take shards, walk and verify batches of blocks, hand over what was found; and
 * read blocks again where the probe met an input. */
#include "scan/scan_priv.h"

#include <stdlib.h>

enum {
    BATCH_BLOCK_MAX = 1024,
    TOUCHED_MAX = 256 << 20 /* of one batch; a block has 4 MB */
};

/* ---- scratch ------------------------------------------------------------------------------ */

void scratch_room(struct scratch *scratch, size_t tx_count, size_t log_count)
{
    if (tx_count > scratch->tx_capacity) {
        scratch->tx_capacity = tx_count + tx_count / 2;
        scratch->jobs = mem_realloc(scratch->jobs, scratch->tx_capacity, sizeof *scratch->jobs);
        scratch->digests =
            mem_realloc(scratch->digests, scratch->tx_capacity, sizeof *scratch->digests);
    }
    if (log_count > scratch->log_capacity) {
        scratch->log_capacity = log_count + log_count / 2;
        scratch->log = mem_realloc(scratch->log, scratch->log_capacity, sizeof *scratch->log);
    }
}

void scratch_free(struct scratch *scratch)
{
    walk_free(&scratch->walk);
    free(scratch->jobs);
    free(scratch->digests);
    free(scratch->log);
    buf_free(&scratch->touched);
    buf_free(&scratch->raw);
    *scratch = (struct scratch){0};
}

/* ---- one block ------------------------------------------------------------------------------ */

bool block_walk(struct work_block *ret_block, struct scratch *scratch, struct pass *pass,
                uint32_t node, uint8_t *data, size_t size, size_t job_at, size_t log_at,
                struct err *err)
{
    struct walk *walk = &scratch->walk;
    bool verify = !pass->options->parse_only;
    walk->jobs = verify ? scratch->jobs + job_at : NULL;
    walk->digests = verify ? scratch->digests + job_at : NULL;
    walk->log = scratch->log + log_at;
    *ret_block = (struct work_block){
        .node = node,
        .job_at = job_at,
        .log_at = log_at,
        .touch_at = walk->touch_count,
        .size = (uint32_t)size,
    };
    if (!walk_block(walk, data, size)) {
        err_set(err, SANAD_REFUSED, "block %u: transaction %u: %s", node_height(pass, node),
                walk->tx_count, walk->rule);
        return false;
    }
    sanad_assert(walk->tx_count > 0 &&
                 (!verify || job_at + walk->tx_count <= scratch->tx_capacity));
    sanad_assert(log_at + walk->log_count <= scratch->log_capacity);
    ret_block->tx_count = walk->tx_count;
    ret_block->log_count = walk->log_count;
    ret_block->touch_count = walk->touch_count - ret_block->touch_at;
    ret_block->ok = true;
    return true;
}

bool block_merkle_ok(const struct work_block *block, const struct scratch *scratch,
                     const struct pass *pass, struct err *err)
{
    const struct header_node *header = header_tree_node(pass->tree, block->node);
    struct hash256 root;
    bool mutated;
    sanad_assert(block->ok && block->job_at + block->tx_count <= scratch->tx_capacity);
    merkle_root(&root, &mutated, scratch->digests + block->job_at, block->tx_count);
    if (!hash256_equal(&root, &header->merkle_root))
        err_set(err, SANAD_REFUSED, "block %u: merkle root differs from header", header->height);
    else if (mutated)
        err_set(err, SANAD_REFUSED,
                "block %u: transactions are repeated at the end (CVE-2012-2459)", header->height);
    else
        return true;
    return false;
}

/* Appends the touched transactions of a block to scratch->touched. Called before the merkle
 * root is taken, which overwrites the digests. */
static void touches_write(struct scratch *scratch, const struct work_block *block)
{
    const struct walk *walk = &scratch->walk;
    for (uint32_t i = 0; i < block->touch_count; i++) {
        const struct walk_touch *touch = &walk->touches[block->touch_at + i];
        struct hash256 txid;
        if (walk->jobs)
            txid = scratch->digests[block->job_at + touch->tx_index];
        else
            sha256d_of(&txid, bytes_of(touch->stripped, touch->size));
        touched_write(&scratch->touched, walk, touch, &txid);
    }
    sanad_assert(!scratch->touched.bad);
}

/* ---- handing over -----------------------------------------------------------------------------
 */

void pass_fail(struct pass *pass, uint32_t height, const struct err *err)
{
    (void)pthread_mutex_lock(&pass->lock);
    if (height < pass->bad_height) {
        pass->bad_height = height;
        pass->bad = *err;
    }
    (void)pthread_cond_signal(&pass->ready);
    (void)pthread_mutex_unlock(&pass->lock);
}

static bool committer_can_go_on(const struct pass *pass)
{
    return pass->next <= pass->to_height && pass->by_height[pass->next - pass->from_height];
}

static bool batch_has(const struct batch *batch, uint32_t height)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->blocks[i].height == height)
            return true;
    return false;
}

static int batch_spill(struct pass *pass, struct batch *batch, struct err *err)
{
    int code = spill_write(pass->spill, &batch->spill_at,
                           bytes_of(batch->payload, batch->payload_size), err);
    if (code < 0)
        return code;
    free(batch->payload);
    batch->payload = NULL;
    return 0;
}

/* Whether memory is full of blocks that wait for one that is yet to be read. */
static bool must_spill(struct pass *pass, const struct batch *batch)
{
    (void)pthread_mutex_lock(&pass->lock);
    bool must = pass->payload_bytes + batch->payload_size > pass->payload_max &&
                !committer_can_go_on(pass) && !batch_has(batch, pass->next);
    (void)pthread_mutex_unlock(&pass->lock);
    return must;
}

/* Gives the batch to the committer, and waits while that has more than it can hold. */
static void batch_submit(struct pass *pass, struct batch *batch)
{
    struct err err;
    if (must_spill(pass, batch) && batch_spill(pass, batch, &err) < 0) {
        for (uint32_t i = 0; i < batch->count; i++)
            pass_fail(pass, batch->blocks[i].height, &err);
        free(batch->payload);
        free(batch);
        return;
    }
    (void)pthread_mutex_lock(&pass->lock);
    if (batch->payload)
        pass->payload_bytes += batch->payload_size;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t height = batch->blocks[i].height;
        sanad_assert(height >= pass->next && height <= pass->to_height);
        struct parsed **slot = &pass->by_height[height - pass->from_height];
        sanad_assert(!*slot); /* a plan has one block a height */
        *slot = &batch->blocks[i];
    }
    if (committer_can_go_on(pass))
        (void)pthread_cond_signal(&pass->ready);
    while (!pass->stop && pass->payload_bytes > pass->payload_max && committer_can_go_on(pass))
        (void)pthread_cond_wait(&pass->room, &pass->lock);
    (void)pthread_mutex_unlock(&pass->lock);
}

/* ---- a batch ------------------------------------------------------------------------------------
 */

struct work {
    struct pass *pass;
    char shard_name[SOURCE_NAME_SIZE];
    struct scratch scratch;
    struct keeper keeper;
    struct source_block source[BATCH_BLOCK_MAX];
    struct work_block blocks[BATCH_BLOCK_MAX];
    size_t touched_at[BATCH_BLOCK_MAX + 1]; /* into scratch.touched */
};

/* Notes that a block of the shard failed, with where it comes from. */
static void block_fail(const struct work *work, uint32_t node, struct err *err)
{
    (void)err_wrap(err, "%s", work->shard_name);
    pass_fail(work->pass, node_height(work->pass, node), err);
}

/* The filters of a batch: while each transaction lies where the walk left it. */
static void keep_all(struct work *work, size_t count)
{
    struct pass *pass = work->pass;
    buf_reset(&work->keeper.filters);
    for (size_t i = 0; i < count; i++) {
        struct err err;
        struct work_block *block = &work->blocks[i];
        if (!block->ok || keeper_block(&work->keeper, block, &work->scratch, pass, &err) == 0)
            continue;
        block->ok = false;
        block_fail(work, block->node, &err);
    }
}

static void walk_all(struct work *work, size_t count)
{
    struct pass *pass = work->pass;
    struct scratch *scratch = &work->scratch;
    size_t tx_max = 0;
    size_t log_max = 0;
    for (size_t i = 0; i < count; i++) {
        tx_max += walk_tx_max(work->source[i].size);
        log_max += work->source[i].size / 41 + 1;
    }
    scratch_room(scratch, tx_max, log_max);
    walk_reset(&scratch->walk);
    size_t jobs = 0;
    size_t log = 0;
    for (size_t i = 0; i < count; i++) {
        struct err err;
        const struct source_block *block = &work->source[i];
        if (!block_walk(&work->blocks[i], scratch, pass, block->node, block->data, block->size,
                        jobs, log, &err))
            block_fail(work, block->node, &err);
        jobs += work->blocks[i].tx_count;
        log += work->blocks[i].log_count;
    }
    if (pass->makes_filters)
        keep_all(work, count);
    if (!pass->options->parse_only)
        sha256d_many(scratch->jobs, jobs);
}

/* Bytes that follow the log of a block: touched transactions and filter, to a whole word. */
static size_t payload_after_log(const struct work *work, size_t i)
{
    size_t size = work->touched_at[i + 1] - work->touched_at[i] + work->blocks[i].filter_size;
    return (size + 7) & ~(size_t)7;
}

/* Merkle roots, after the touched transactions were kept. Returns the payload's size. */
static size_t verify_all(struct work *work, size_t count, uint32_t *ret_good)
{
    struct pass *pass = work->pass;
    size_t payload = 0;
    *ret_good = 0;
    buf_reset(&work->scratch.touched);
    for (size_t i = 0; i < count; i++) {
        struct err err;
        struct work_block *block = &work->blocks[i];
        work->touched_at[i] = work->scratch.touched.size;
        if (block->ok)
            touches_write(&work->scratch, block);
        work->touched_at[i + 1] = work->scratch.touched.size;
        if (block->ok && !pass->options->parse_only &&
            !block_merkle_ok(block, &work->scratch, pass, &err)) {
            block->ok = false;
            block_fail(work, block->node, &err);
        }
        if (!block->ok)
            continue;
        ++*ret_good;
        payload += block->log_count * sizeof(uint64_t);
        payload += payload_after_log(work, i);
    }
    return payload;
}

static struct batch *batch_make(struct work *work, size_t count, uint32_t good, size_t size)
{
    struct batch *batch = mem_alloc(sizeof *batch + good * sizeof batch->blocks[0]);
    *batch = (struct batch){.payload = mem_alloc(size), .payload_size = size, .left = good};
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct work_block *block = &work->blocks[i];
        size_t touched = work->touched_at[i + 1] - work->touched_at[i];
        if (!block->ok)
            continue;
        batch->blocks[batch->count++] = (struct parsed){
            .batch = batch,
            .node = block->node,
            .height = node_height(work->pass, block->node),
            .tx_count = block->tx_count,
            .size = block->size,
            .log_count = block->log_count,
            .touched_size = (uint32_t)touched,
            .filter_size = block->filter_size,
            .filter_hash = block->filter_hash,
            .at = at,
        };
        size_t log = block->log_count * sizeof(uint64_t);
        memcpy(batch->payload + at, work->scratch.log + block->log_at, log);
        if (touched)
            memcpy(batch->payload + at + log, work->scratch.touched.data + work->touched_at[i],
                   touched);
        if (block->filter_size)
            memcpy(batch->payload + at + log + touched,
                   work->keeper.filters.data + block->filter_at, block->filter_size);
        at += log + payload_after_log(work, i);
    }
    sanad_assert(at == size && batch->count == good);
    return batch;
}

static void batch_do(struct work *work, size_t count)
{
    uint64_t bytes = 0;
    uint32_t good;
    walk_all(work, count);
    size_t size = verify_all(work, count, &good);
    for (size_t i = 0; i < count; i++)
        bytes += work->source[i].size;
    if (good > 0)
        batch_submit(work->pass, batch_make(work, count, good, size));
    if (work->pass->options->progress)
        progress_add(work->pass->options->progress, bytes, count);
}

/* ---- resolving
 * ------------------------------------------------------------------------------------ */

void resolve_free(struct resolve *resolve)
{
    if (!resolve)
        return;
    buf_free(&resolve->ordinals);
    buf_free(&resolve->touched);
    free(resolve);
}

/* A block that is read twice is verified twice. */
static int resolve_walk(struct pass *pass, struct scratch *scratch, struct resolve *resolve,
                        struct err *err)
{
    struct work_block block;
    struct walk *walk = &scratch->walk;
    int code = source_block_read(pass->options->source, &scratch->raw, resolve->node, err);
    if (code < 0)
        return code;
    scratch_room(scratch, walk_tx_max(scratch->raw.size), scratch->raw.size / 41 + 1);
    walk_reset(walk);
    walk->wanted = (const uint32_t *)(const void *)resolve->ordinals.data;
    walk->wanted_count = resolve->ordinals.size / sizeof(uint32_t);
    bool ok = block_walk(&block, scratch, pass, resolve->node, scratch->raw.data, scratch->raw.size,
                         0, 0, err);
    walk->wanted_count = 0;
    if (!ok)
        return err->code;
    if (walk->jobs)
        sha256d_many(scratch->jobs, block.tx_count);
    buf_reset(&scratch->touched);
    touches_write(scratch, &block);
    if (walk->jobs && !block_merkle_ok(&block, scratch, pass, err))
        return err->code;
    buf_add(&resolve->touched, buf_bytes(&scratch->touched));
    return 0;
}

bool resolve_next(struct pass *pass, struct scratch *scratch)
{
    (void)pthread_mutex_lock(&pass->lock);
    struct resolve *resolve = pass->waiting;
    if (resolve) {
        pass->waiting = resolve->next;
        if (!pass->waiting)
            pass->waiting_end = &pass->waiting;
        resolve->state = RESOLVE_RUNNING;
    }
    (void)pthread_mutex_unlock(&pass->lock);
    if (!resolve)
        return false;
    sanad_assert(resolve->ordinals.size > 0 && resolve->ordinals.size % sizeof(uint32_t) == 0);
    int code = resolve_walk(pass, scratch, resolve, &resolve->err);
    (void)pthread_mutex_lock(&pass->lock);
    resolve->code = code;
    resolve->state = RESOLVE_DONE;
    (void)pthread_cond_signal(&pass->ready);
    (void)pthread_mutex_unlock(&pass->lock);
    return true;
}

/* ---- the loop
 * --------------------------------------------------------------------------------------- */

static const struct source_shard *shard_take(struct pass *pass)
{
    const struct source_shard *shard = NULL;
    (void)pthread_mutex_lock(&pass->lock);
    while (!shard && !pass->stop && pass->next_shard < pass->plan.shard_count) {
        shard = &pass->plan.shards[pass->next_shard++];
        if (shard->lowest_height >= pass->bad_height)
            shard = NULL; /* nothing of it can be kept */
    }
    (void)pthread_mutex_unlock(&pass->lock);
    return shard;
}

static bool is_stopped(struct pass *pass)
{
    (void)pthread_mutex_lock(&pass->lock);
    bool stop = pass->stop;
    (void)pthread_mutex_unlock(&pass->lock);
    return stop;
}

/* Fails each block of a shard from the `done`-th on. */
static void shard_fail(struct pass *pass, const struct source_shard *shard, size_t done,
                       const struct err *err)
{
    for (size_t i = done; i < shard->block_count; i++)
        pass_fail(pass, node_height(pass, shard->nodes[i]), err);
}

static void shard_do(struct work *work, const struct source_shard *shard)
{
    struct pass *pass = work->pass;
    struct source_reader *reader;
    struct err err;
    size_t done = 0;
    source_shard_name(pass->options->source, work->shard_name, shard);
    int got = source_reader_open(&reader, pass->options->source, shard, &err);
    if (got < 0) {
        shard_fail(pass, shard, 0, &err);
        return;
    }
    while (!is_stopped(pass) &&
           (got = source_reader_next(reader, work->source, BATCH_BLOCK_MAX, &err)) > 0) {
        batch_do(work, (size_t)got);
        done += (size_t)got;
        while (resolve_next(pass, &work->scratch))
            ;
    }
    if (got < 0)
        shard_fail(pass, shard, done, &err);
    source_reader_close(reader);
}

/* Waits for a job or the end; true where there may be a job. */
static bool job_wait(struct pass *pass)
{
    (void)pthread_mutex_lock(&pass->lock);
    while (!pass->stop && !pass->waiting)
        (void)pthread_cond_wait(&pass->room, &pass->lock);
    bool more = !pass->stop;
    (void)pthread_mutex_unlock(&pass->lock);
    return more;
}

void worker_run(struct pass *pass)
{
    const struct source_shard *shard;
    struct work *work = mem_zalloc(1, sizeof *work);
    work->pass = pass;
    work->scratch.walk.watch = pass->watch;
    work->scratch.touched = buf_with_max(TOUCHED_MAX);
    work->scratch.raw = buf_with_max(BLOCK_SIZE_MAX);
    keeper_init(&work->keeper);
    while ((shard = shard_take(pass)) != NULL)
        shard_do(work, shard);
    (void)pthread_mutex_lock(&pass->lock);
    sanad_assert(pass->streaming > 0);
    pass->streaming--;
    (void)pthread_cond_signal(&pass->ready);
    (void)pthread_mutex_unlock(&pass->lock);
    while (job_wait(pass))
        (void)resolve_next(pass, &work->scratch);
    keeper_free(&work->keeper);
    scratch_free(&work->scratch);
    free(work);
}
