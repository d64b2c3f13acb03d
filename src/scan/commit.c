/* The committer: takes parsed blocks in order of height, probes their inputs, has the blocks
 * with a hit read again, and writes facts. It runs on the thread that owns the store.
 *
 * Two steps follow each other at a distance. The first (`take`) adds the outpoints of watched
 * outputs to the probe and looks for inputs that spend one, up to and including this block.
 * The second (`write`) knows the touched transactions of the block whole, keeps the exact set
 * of coins and writes. Between them workers may resolve, so that one heavy wallet does not
 * hold up the pass. */
#include "scan/scan_priv.h"

#include <stdlib.h>
#include <time.h>

enum {
    PENDING_MAX = 256,
    PENDING_BYTES_MAX = 32 << 20,
    RESOLVED_SIZE_GUESS = 4096, /* of a transaction that is read again */
    TOUCHED_MAX = 256 << 20,
    CHECKPOINT_MS = 2000,
    CHECKPOINT_SHARE = 10 /* a checkpoint may take a tenth of the time at most */
};

/* A block between the two steps. */
struct pending {
    uint32_t node;
    uint32_t tx_count;
    uint32_t size;
    struct buf touched;
    struct buf filter; /* to be kept, or empty */
    struct hash256 filter_hash;
    struct resolve *resolve; /* or NULL */
    bool left_out;           /* not read: only its header is known */
};

struct committer {
    struct pass *pass;
    struct facts *facts;
    struct probe *probe;
    struct coins *coins;
    struct scratch scratch;
    struct buf piece; /* of a spilled payload */
    struct pending ring[PENDING_MAX];
    unsigned first, count;
    uint32_t next_write; /* height of ring[first] */
    struct facts_state state;
    struct pass_result *result;
    struct pass_result kept; /* of it, what the last checkpoint made durable */
    struct arena arena;
    bool dirty;           /* a transaction is open */
    bool settled;         /* the late scripts of a pass that extends are complete to the tip */
    size_t pending_bytes; /* of what the ring holds, roughly */
    int64_t checkpoint_at, checkpoint_cost; /* nanoseconds */
};

static struct pending *pending_at(struct committer *c, unsigned index)
{
    return &c->ring[(c->first + index) % PENDING_MAX];
}

/* ---- the first step ----------------------------------------------------------------------------
 */

static void probe_outputs(struct committer *c, struct bytes bytes)
{
    struct cursor cursor = cursor_of(bytes);
    struct touched touched;
    while (touched_read(&touched, &cursor))
        for (size_t i = 0; i < touched.vouts.size; i += sizeof(uint32_t))
            probe_add(c->probe, prevout_key(touched.txid.b, load_le32(touched.vouts.data + i)));
}

static struct resolve *resolve_new(uint32_t node)
{
    struct resolve *resolve = mem_zalloc(1, sizeof *resolve);
    resolve->node = node;
    resolve->ordinals = buf_with_max(BLOCK_SIZE_MAX);
    resolve->touched = buf_with_max(TOUCHED_MAX);
    return resolve;
}

static void resolve_queue(struct pass *pass, struct resolve *resolve)
{
    (void)pthread_mutex_lock(&pass->lock);
    *pass->waiting_end = resolve;
    pass->waiting_end = &resolve->next;
    (void)pthread_cond_signal(&pass->room);
    (void)pthread_mutex_unlock(&pass->lock);
}

/* The log and the touched transactions of a block, wherever its batch stands. */
static int payload_of(struct committer *c, const uint8_t **ret_data, const struct parsed *parsed,
                      struct err *err)
{
    const struct batch *batch = parsed->batch;
    size_t size = parsed->log_count * sizeof(uint64_t) + parsed->touched_size + parsed->filter_size;
    if (batch->payload) {
        *ret_data = batch->payload + parsed->at;
        return 0;
    }
    buf_reset(&c->piece);
    uint8_t *room = buf_extend(&c->piece, size);
    sanad_assert(room);
    *ret_data = room;
    return spill_read(c->pass->spill, room, batch->spill_at + parsed->at, size, err);
}

/* Frees the batch with its last block. */
static void parsed_done(struct committer *c, const struct parsed *parsed)
{
    struct pass *pass = c->pass;
    struct batch *batch = parsed->batch;
    sanad_assert(batch->left > 0);
    if (--batch->left > 0)
        return;
    (void)pthread_mutex_lock(&pass->lock);
    if (batch->payload) {
        sanad_assert(pass->payload_bytes >= batch->payload_size);
        pass->payload_bytes -= batch->payload_size;
        (void)pthread_cond_broadcast(&pass->room);
    }
    (void)pthread_mutex_unlock(&pass->lock);
    if (!batch->payload)
        spill_release(pass->spill, batch->spill_at, batch->payload_size);
    free(batch->payload);
    free(batch);
}

static size_t pending_size(const struct pending *pending)
{
    size_t again = pending->resolve ? pending->resolve->ordinals.size / sizeof(uint32_t) : 0;
    return pending->touched.size + pending->filter.size + again * RESOLVED_SIZE_GUESS;
}

static void take_payload(struct committer *c, const struct parsed *parsed, const uint8_t *data)
{
    struct resolve *resolve = resolve_new(parsed->node);
    struct pending *pending = pending_at(c, c->count++);
    struct bytes touched =
        bytes_of(data + parsed->log_count * sizeof(uint64_t), parsed->touched_size);
    *pending = (struct pending){
        .node = parsed->node,
        .tx_count = parsed->tx_count,
        .size = parsed->size,
        .touched = buf_with_max(TOUCHED_MAX),
        .filter = buf_with_max(FILTER_SIZE_MAX),
        .filter_hash = parsed->filter_hash,
    };
    buf_add(&pending->touched, touched);
    buf_add(&pending->filter, bytes_of(touched.data + touched.size, parsed->filter_size));
    probe_outputs(c, touched);
    probe_log(c->probe, &resolve->ordinals, (const uint64_t *)(const void *)data,
              parsed->log_count);
    if (resolve->ordinals.size > 0)
        pending->resolve = resolve;
    else
        resolve_free(resolve);
    c->pending_bytes += pending_size(pending);
    if (pending->resolve)
        resolve_queue(c->pass, resolve);
}

static void take_left_out(struct committer *c)
{
    const struct pass *pass = c->pass;
    uint32_t node = pass->left_out_nodes[c->next_write + c->count - pass->from_height];
    struct pending *pending = pending_at(c, c->count++);
    *pending = (struct pending){.node = node, .left_out = true};
    c->pending_bytes += pending_size(pending);
}

static int take(struct committer *c, const struct parsed *parsed, struct err *err)
{
    const uint8_t *data;
    sanad_assert(c->count < PENDING_MAX);
    if (parsed == &c->pass->left_out) {
        take_left_out(c);
        return 0;
    }
    sanad_assert(parsed->batch && parsed->height == c->next_write + c->count);
    int code = payload_of(c, &data, parsed, err);
    if (code == 0)
        take_payload(c, parsed, data);
    parsed_done(c, parsed);
    return code;
}

/* ---- touched transactions, whole
 * ------------------------------------------------------------------ */

struct touched_tx {
    struct touched touched;
    struct tx tx;
};
struct touched_list {
    struct touched_tx *txs;
    size_t count;
};

static size_t touched_count(struct bytes bytes)
{
    struct cursor cursor = cursor_of(bytes);
    struct touched touched;
    size_t count = 0;
    while (touched_read(&touched, &cursor))
        count++;
    return count;
}

/* Both lists are in the order of the block; a transaction may stand in both. */
static void touched_merge(struct touched_list *list, struct bytes a, struct bytes b,
                          struct arena *arena)
{
    struct cursor left = cursor_of(a);
    struct cursor right = cursor_of(b);
    struct touched from_left, from_right;
    list->txs = arena_alloc(arena, touched_count(a) + touched_count(b), sizeof *list->txs);
    list->count = 0;
    bool more_left = touched_read(&from_left, &left);
    bool more_right = touched_read(&from_right, &right);
    while (more_left || more_right) {
        bool take_left = more_left && (!more_right || from_left.tx_index <= from_right.tx_index);
        bool take_right = more_right && (!more_left || from_right.tx_index <= from_left.tx_index);
        list->txs[list->count++].touched = take_left ? from_left : from_right;
        if (take_left)
            more_left = touched_read(&from_left, &left);
        if (take_right)
            more_right = touched_read(&from_right, &right);
    }
}

static int touched_parse(struct touched_list *list, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        struct touched_tx *t = &list->txs[i];
        struct cursor cursor = cursor_of(t->touched.stripped);
        if (tx_parse(&t->tx, &cursor, arena, err) < 0)
            return err_wrap(err, "transaction %u", t->touched.tx_index);
        sanad_assert(cursor_done(&cursor) && !t->tx.has_witness);
    }
    return 0;
}

/* ---- the second step
 * ------------------------------------------------------------------------------- */

/* The block hash of a coin's height: from the source, or from the store where an anchored
 * source does not reach so far down. */
static int hash_at(struct committer *c, struct hash256 *ret_hash, uint32_t height, struct err *err)
{
    struct pass *pass = c->pass;
    uint32_t node = header_tree_ancestor(pass->tree, pass->tip, height);
    if (node != NODE_NONE) {
        *ret_hash = header_tree_node(pass->tree, node)->hash;
        return 0;
    }
    struct fact_block block;
    int code = facts_block_at(&block, c->facts, height, err);
    if (code == 0)
        *ret_hash = block.hash;
    return code;
}

/* Where a coin is spent, or by what it is overwritten. */
struct spender {
    uint32_t height;
    const struct header_node *header;
    const struct touched *touched;
    uint32_t vin;
};

static int spend_write(struct committer *c, const struct coin *coin, struct spender by,
                       struct err *err)
{
    struct fact_coin fact = {
        .outpoint = coin->outpoint,
        .height = coin->height,
        .tx_index = coin->tx_index,
        .spent = true,
        .spent_height = by.height,
        .spent_tx_index = by.touched->tx_index,
        .spent_vin = by.vin,
        .spent_block_hash = by.header->hash,
        .spent_txid = by.touched->txid,
    };
    sanad_assert(coin->height <= by.height);
    int code = hash_at(c, &fact.block_hash, coin->height, err);
    if (code == 0)
        code = facts_spend_add(c->facts, &fact, err);
    if (code == 0)
        c->result->spends++;
    return code;
}

/* Inputs of one transaction; fills prevouts, says whether one is ours. */
static int inputs_write(struct committer *c, const struct header_node *header,
                        const struct touched_tx *t, struct fact_prevout *prevouts, bool *ret_ours,
                        struct err *err)
{
    int code = 0;
    for (size_t i = 0; i < t->tx.in_count && code == 0; i++) {
        struct coin coin;
        if (!coins_take(c->coins, &coin, &t->tx.ins[i].prevout))
            continue;
        prevouts[i] = (struct fact_prevout){
            .evidence = PREVOUT_PROVED, /* its txid was computed when the coin was found */
            .value = coin.value,
            .script = c->pass->scripts[coin.script].script,
        };
        *ret_ours = true;
        code = spend_write(c, &coin,
                           (struct spender){header->height, header, &t->touched, (uint32_t)i}, err);
    }
    return code;
}

static int coin_write(struct committer *c, const struct header_node *header,
                      const struct coin *coin, struct err *err)
{
    struct fact_coin fact = {
        .script = c->pass->scripts[coin->script].id,
        .outpoint = coin->outpoint,
        .block_hash = header->hash,
        .height = coin->height,
        .tx_index = coin->tx_index,
        .coinbase = coin->tx_index == 0,
        .value = coin->value,
    };
    c->result->coins++;
    return facts_coin_add(c->facts, &fact, err);
}

/* Outputs of one transaction. A coin that stands under the same outpoint is overwritten: it
 * can never be spent (BIP30, two pairs of blocks of the main chain). */
static int outputs_write(struct committer *c, const struct header_node *header,
                         const struct touched_tx *t, bool *ret_ours, struct err *err)
{
    int code = 0;
    for (uint32_t i = 0; i < t->tx.out_count && code == 0; i++) {
        struct coin old;
        struct coin coin = {
            .outpoint = {t->touched.txid, i},
            .height = header->height,
            .tx_index = t->touched.tx_index,
            .script = watch_find(c->pass->watch, t->tx.outs[i].script),
            .value = t->tx.outs[i].value,
        };
        if (coin.script == WATCH_EMPTY)
            continue;
        *ret_ours = true;
        if (coins_take(c->coins, &old, &coin.outpoint))
            code = spend_write(
                c, &old, (struct spender){header->height, header, &t->touched, FACT_OVERWRITTEN},
                err);
        if (code == 0)
            code = coin_write(c, header, &coin, err);
        coins_add(c->coins, &coin);
    }
    return code;
}

static int tx_write(struct committer *c, const struct header_node *header,
                    const struct touched_tx *t, struct err *err)
{
    bool coinbase = t->touched.tx_index == 0;
    bool ours = false;
    size_t count = coinbase ? 0 : t->tx.in_count;
    struct fact_prevout *prevouts = arena_alloc(&c->arena, count, sizeof *prevouts);
    for (size_t i = 0; i < count; i++)
        prevouts[i].value = amount_unknown();
    int code = coinbase ? 0 : inputs_write(c, header, t, prevouts, &ours, err);
    if (code == 0)
        code = outputs_write(c, header, t, &ours, err);
    if (code < 0 || !ours)
        return code;
    struct fact_tx fact = {
        .txid = t->touched.txid,
        .block_hash = header->hash,
        .height = header->height,
        .tx_index = t->touched.tx_index,
        .stripped = t->touched.stripped,
        .prevouts = prevouts,
        .prevout_count = count,
    };
    return facts_tx_add(c->facts, &fact, err);
}

static int block_row_write(struct committer *c, const struct pending *pending,
                           const struct header_node *header, struct err *err)
{
    const struct header_node *prev =
        header->prev == NODE_NONE ? NULL : header_tree_node(c->pass->tree, header->prev);
    struct fact_block block = {
        .hash = header->hash,
        .height = header->height,
        .time = header->time,
        .median_time = header->median_time,
        .work = header->work,
        .tx_count = pending->tx_count,
        .size = pending->size,
    };
    uint8_t raw[HEADER_SIZE];
    if (prev) {
        block.prev = prev->hash;
    } else { /* the root of the tree: what its header says */
        struct header parsed;
        header_tree_raw(c->pass->tree, pending->node, raw);
        header_parse(&parsed, raw);
        block.prev = parsed.prev;
    }
    return facts_block_add(c->facts, &block, err);
}

static int transaction_open(struct committer *c, struct err *err)
{
    if (c->dirty)
        return 0;
    int code = store_begin(c->pass->options->store, err);
    c->dirty = code == 0;
    return code;
}

/* The store failed: back to the last checkpoint. */
static void rollback(struct committer *c)
{
    store_rollback(c->pass->options->store);
    c->dirty = false;
    *c->result = c->kept;
}

static int txs_write(struct committer *c, const struct header_node *header,
                     const struct touched_list *list, struct err *err)
{
    /* The coinbase of the genesis block is no coin: it cannot be spent. */
    if (header->height == 0)
        return 0;
    for (size_t i = 0; i < list->count; i++) {
        int code = tx_write(c, header, &list->txs[i], err);
        if (code < 0)
            return code;
    }
    return 0;
}

/* Writes the first pending block. What may be refused is looked at before anything is
 * written, so that nothing of a refused block is kept. */
static int write_block(struct committer *c, const struct pending *pending, struct err *err)
{
    const struct header_node *header = header_tree_node(c->pass->tree, pending->node);
    struct touched_list list;
    sanad_assert(!pending->resolve || pending->resolve->state == RESOLVE_DONE);
    struct bytes more = pending->resolve ? buf_bytes(&pending->resolve->touched) : bytes_of("", 0);
    if (pending->resolve && pending->resolve->code < 0) {
        *err = pending->resolve->err;
        return pending->resolve->code;
    }
    sanad_assert(header->height == c->next_write);
    arena_reset(&c->arena);
    touched_merge(&list, buf_bytes(&pending->touched), more, &c->arena);
    int code = touched_parse(&list, &c->arena, err);
    if (code < 0)
        return err_wrap(err, "block %u", header->height);
    code = transaction_open(c, err);
    if (code == 0 && c->pass->extends)
        code = block_row_write(c, pending, header, err);
    if (code == 0)
        code = txs_write(c, header, &list, err);
    if (code == 0 && pending->filter.size > 0)
        code = keep_add(c->pass, pending->node, &pending->filter_hash, buf_bytes(&pending->filter),
                        err);
    if (code < 0) {
        rollback(c);
        return code;
    }
    c->result->blocks++;
    c->result->filters += pending->filter.size > 0;
    c->result->read_blocks += !pending->left_out;
    c->result->transactions += pending->tx_count;
    c->result->bytes += pending->size;
    c->next_write++;
    return 0;
}

static void pending_drop(struct committer *c)
{
    struct pending *pending = pending_at(c, 0);
    sanad_assert(c->count > 0 && (!pending->resolve || pending->resolve->state != RESOLVE_RUNNING));
    sanad_assert(c->pending_bytes >= pending_size(pending));
    c->pending_bytes -= pending_size(pending);
    buf_free(&pending->touched);
    buf_free(&pending->filter);
    resolve_free(pending->resolve);
    c->first = (c->first + 1) % PENDING_MAX;
    c->count--;
}

/* ---- checkpoints
 * --------------------------------------------------------------------------------------- */

/* The state as of the last block written. */
static void state_advance(struct committer *c)
{
    struct pass *pass = c->pass;
    struct facts_state *s = &c->state;
    uint32_t node = header_tree_ancestor(pass->tree, pass->tip, c->next_write - 1);
    const struct header_node *tip = header_tree_node(pass->tree, node);
    sanad_assert(tip->height + 1 == c->next_write && tip->height <= pass->to_height);
    if (!s->any) {
        uint32_t first = header_tree_ancestor(pass->tree, pass->tip, pass->from_height);
        *s = (struct facts_state){.any = true, .grade = GRADE_PREVOUT};
        s->first_height = pass->from_height;
        s->first_hash = header_tree_node(pass->tree, first)->hash;
        s->anchored = pass->from_height > 0;
    }
    s->tip_height = tip->height;
    s->tip_hash = tip->hash;
    s->tip_time = tip->time;
    s->tip_median_time = tip->median_time;
    s->tip_work = tip->work;
    s->block_count += c->result->blocks - c->kept.blocks;
    s->tx_count += c->result->transactions - c->kept.transactions;
    s->byte_count += c->result->bytes - c->kept.bytes;
    s->coin_count += c->result->coins - c->kept.coins;
    s->spend_count += c->result->spends - c->kept.spends;
}

/* How far each late script was looked for. Only those of this pass: another process may add
 * scripts to the store meanwhile, which nobody looked for yet. */
static int late_scripts_advance(struct committer *c, struct err *err)
{
    const struct pass *pass = c->pass;
    size_t count = 0;
    arena_reset(&c->arena);
    int64_t *ids = arena_alloc(&c->arena, pass->script_count, sizeof *ids);
    for (size_t i = 0; i < pass->script_count; i++)
        if (pass->scripts[i].late)
            ids[count++] = pass->scripts[i].id;
    return facts_scripts_complete_some(c->facts, ids, count, (int64_t)c->next_write - 1, err);
}

static int checkpoint_write(struct committer *c, struct err *err)
{
    enum grade grade = source_is_light(c->pass->options->source) ? GRADE_FILTER
                       : c->pass->options->parse_only            ? GRADE_PARSE
                                                                 : GRADE_MERKLE;
    bool extends = c->pass->extends;
    struct facts_state old = c->state;
    if (extends)
        state_advance(c);
    if (c->state.grade > grade)
        c->state.grade = grade; /* `prevout` is given when all is proved, at the end */
    int code = facts_state_set(c->facts, &c->state, err);
    if (code == 0 && (!extends || !c->settled)) /* once at the tip they move with it */
        code = late_scripts_advance(c, err);
    /* Filters first: the store never tells of a block whose filter is then lost. */
    if (code == 0 && c->pass->makes_filters)
        code = filters_commit(c->pass->options->filters, err);
    if (code == 0)
        code = store_commit(c->pass->options->store, err);
    if (code < 0)
        c->state = old;
    return code;
}

static int checkpoint(struct committer *c, struct err *err)
{
    int64_t begin = clock_ns();
    if (!c->dirty)
        return 0;
    int code = checkpoint_write(c, err);
    if (code < 0) {
        rollback(c);
        return code;
    }
    c->dirty = false;
    c->settled = true;
    c->kept = *c->result;
    c->checkpoint_at = clock_ns();
    c->checkpoint_cost = c->checkpoint_at - begin;
    return 0;
}

static int64_t checkpoint_due(const struct committer *c)
{
    unsigned ms = c->pass->options->checkpoint_ms;
    int64_t interval = (ms ? ms : CHECKPOINT_MS) * INT64_C(1000000);
    if (interval < c->checkpoint_cost * CHECKPOINT_SHARE)
        interval = c->checkpoint_cost * CHECKPOINT_SHARE;
    return c->checkpoint_at + interval;
}

/* ---- the loop
 * ---------------------------------------------------------------------------------------------- */

enum step { STEP_TAKE, STEP_WRITE, STEP_RESOLVE, STEP_CHECKPOINT, STEP_WAIT, STEP_END };

/* What can be done now; under the lock. */
static enum step step_choose(struct committer *c, const struct parsed **ret_parsed)
{
    struct pass *pass = c->pass;
    const struct resolve *first = c->count ? pending_at(c, 0)->resolve : NULL;
    bool all_taken = pass->next > pass->to_height || pass->next == pass->bad_height;
    if (c->dirty && clock_ns() >= checkpoint_due(c))
        return STEP_CHECKPOINT;
    if (c->count && (!first || first->state == RESOLVE_DONE))
        return STEP_WRITE;
    if (c->count < PENDING_MAX && !all_taken &&
        (c->count == 0 || c->pending_bytes < PENDING_BYTES_MAX)) {
        *ret_parsed = pass->by_height[pass->next - pass->from_height];
        if (*ret_parsed) {
            pass->by_height[pass->next++ - pass->from_height] = NULL;
            return STEP_TAKE;
        }
    }
    if (first && first->state == RESOLVE_WAITING)
        return STEP_RESOLVE;
    if (all_taken && c->count == 0)
        return STEP_END;
    /* Without workers that stream, every block of the plan has come or failed. */
    sanad_assert(c->count || pass->streaming > 0);
    return STEP_WAIT;
}

static void wait_ready(struct committer *c)
{
    int64_t due = c->dirty ? checkpoint_due(c) : clock_ns() + INT64_C(1000000000);
    struct timespec until = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
    (void)pthread_cond_broadcast(&c->pass->room); /* those who wait for us need not */
    (void)pthread_cond_timedwait(&c->pass->ready, &c->pass->lock, &until);
}

static enum step step_next(struct committer *c, const struct parsed **ret_parsed)
{
    enum step step;
    (void)pthread_mutex_lock(&c->pass->lock);
    while ((step = step_choose(c, ret_parsed)) == STEP_WAIT)
        wait_ready(c);
    (void)pthread_mutex_unlock(&c->pass->lock);
    return step;
}

static int commit_loop(struct committer *c, struct err *err)
{
    const struct parsed *parsed = NULL;
    int code = 0;
    while (code == 0) {
        switch (step_next(c, &parsed)) {
        case STEP_TAKE:
            code = take(c, parsed, err);
            break;
        case STEP_WRITE:
            code = write_block(c, pending_at(c, 0), err);
            pending_drop(c);
            break;
        case STEP_RESOLVE:
            (void)resolve_next(c->pass, &c->scratch); /* a worker may have been faster */
            break;
        case STEP_CHECKPOINT:
            code = checkpoint(c, err);
            break;
        case STEP_WAIT:
        case STEP_END:
            return 0;
        }
    }
    return code;
}

/* ---- begin and end
 * -------------------------------------------------------------------------------------------- */

struct loading {
    struct committer *c;
    uint32_t *index_of; /* by id, of the watch set */
    int64_t id_max;
};

static int coin_load(void *context, const struct fact_coin *fact, struct err *err)
{
    const struct loading *loading = context;
    struct committer *c = loading->c;
    (void)err;
    uint32_t index =
        fact->script <= loading->id_max ? loading->index_of[fact->script] : WATCH_EMPTY;
    if (index == WATCH_EMPTY)
        return 0;
    struct coin coin = {
        .outpoint = fact->outpoint,
        .height = fact->height,
        .tx_index = fact->tx_index,
        .script = index,
        .value = fact->value,
    };
    coins_add(c->coins, &coin);
    probe_add(c->probe, prevout_key(coin.outpoint.txid.b, coin.outpoint.vout));
    return 0;
}

/* The coins of the watched scripts that are unspent below the first block of the pass. */
static int coins_load(struct committer *c, struct err *err)
{
    const struct pass *pass = c->pass;
    struct loading loading = {.c = c};
    if (!c->state.any || pass->from_height <= c->state.first_height)
        return 0;
    for (size_t i = 0; i < pass->script_count; i++)
        if (pass->scripts[i].id > loading.id_max)
            loading.id_max = pass->scripts[i].id;
    sanad_assert(loading.id_max >= 0 && loading.id_max < UINT32_MAX);
    loading.index_of = mem_alloc((size_t)(loading.id_max + 1) * sizeof *loading.index_of);
    memset(loading.index_of, 0xff, (size_t)(loading.id_max + 1) * sizeof *loading.index_of);
    for (uint32_t i = 0; i < pass->script_count; i++)
        loading.index_of[pass->scripts[i].id] = i;
    int code = facts_unspent(c->facts, pass->from_height - 1, coin_load, &loading, err);
    free(loading.index_of);
    return code;
}

static void commit_stop(struct committer *c)
{
    struct pass *pass = c->pass;
    (void)pthread_mutex_lock(&pass->lock);
    pass->stop = true;
    pass->waiting = NULL;
    pass->waiting_end = &pass->waiting;
    (void)pthread_cond_broadcast(&pass->room);
    for (unsigned i = 0; i < c->count; i++) {
        const struct resolve *resolve = pending_at(c, i)->resolve;
        while (resolve && resolve->state == RESOLVE_RUNNING)
            (void)pthread_cond_wait(&pass->ready, &pass->lock);
    }
    (void)pthread_mutex_unlock(&pass->lock);
    while (c->count > 0)
        pending_drop(c);
}

static void committer_free(struct committer *c)
{
    probe_free(c->probe);
    coins_free(c->coins);
    scratch_free(&c->scratch);
    buf_free(&c->piece);
    arena_free(&c->arena);
    free(c);
}

static struct committer *committer_new(struct pass *pass, struct pass_result *result)
{
    struct committer *c = mem_zalloc(1, sizeof *c);
    c->pass = pass;
    c->facts = pass->options->facts;
    c->result = result;
    c->kept = *result;
    c->probe = probe_new();
    c->coins = coins_new();
    c->scratch.walk.watch = pass->watch;
    c->scratch.touched = buf_with_max(TOUCHED_MAX);
    c->scratch.raw = buf_with_max(BLOCK_SIZE_MAX);
    c->piece = buf_with_max(TOUCHED_MAX);
    c->next_write = pass->from_height;
    c->checkpoint_at = clock_ns();
    return c;
}

int commit_run(struct pass *pass, struct pass_result *result, struct err *err)
{
    struct committer *c = committer_new(pass, result);
    int code = facts_state_get(&c->state, c->facts, err);
    if (code == 0)
        code = coins_load(c, err);
    if (code == 0)
        code = commit_loop(c, err);
    commit_stop(c);
    /* What stands below an error is kept. An error of the store itself rolled back already. */
    int last = checkpoint(c, code == 0 ? err : NULL);
    if (code == 0)
        code = last;
    if (code == 0 && pass->bad_height != UINT32_MAX) {
        *err = pass->bad;
        code = pass->bad.code;
    }
    committer_free(c);
    return code;
}
