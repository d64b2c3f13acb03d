/* What the tests of the scan share: a toy chain as files, a store, books of its scripts, and
 * the comparison of facts with the truth of the generator. */
#ifndef SANAD_SCAN_WORLD_TEST_H
#define SANAD_SCAN_WORLD_TEST_H

#include "scan/scan.h"

#include "support.h"
#include "toychain.h"

#include <stdlib.h>

enum { WATCHED_MAX = 8192 };

struct world {
    struct toychain toy;
    char folder[PATH_SIZE]; /* everything is below it */
    char blocks[PATH_SIZE];
    char spec[PATH_SIZE]; /* of the source */
    char store_path[PATH_SIZE];
    struct blkwriter writer;
    struct source *source;
    struct store *store;
    struct facts *facts;
    struct filters *filters; /* kept, where world_keep was called */
    struct book *books[8];
    size_t book_count;
    struct bytes watched[WATCHED_MAX]; /* what the books ask for */
    size_t watched_count;
};

static inline void world_blocks_folder(struct world *w, const char *name, const uint8_t key[8])
{
    struct err err;
    test_ok(path_join(w->blocks, w->folder, name, &err), &err);
    test_ok(folder_make(w->blocks, &err), &err);
    (void)snprintf(w->spec, sizeof w->spec, "blocks:%.4000s", w->blocks);
    blkwriter_init(&w->writer, w->blocks, w->toy.params, key);
}

static inline void world_init(struct world *w, uint64_t seed)
{
    struct err err;
    *w = (struct world){.source = NULL};
    test_folder_make(w->folder);
    toy_init(&w->toy, seed);
    world_blocks_folder(w, "blocks", NULL);
    test_ok(path_join(w->store_path, w->folder, "store.db", &err), &err);
}

static inline void world_close(struct world *w)
{
    source_close(w->source);
    filters_close(w->filters);
    facts_close(w->facts);
    store_close(w->store);
    w->filters = NULL;
    w->source = NULL;
    w->facts = NULL;
    w->store = NULL;
}

static inline void world_free(struct world *w)
{
    world_close(w);
    for (size_t i = 0; i < w->book_count; i++)
        book_free(w->books[i]);
    toy_free(&w->toy);
    test_folder_remove(w->folder);
}

/* Opens what is not open; a source that is open looks for news. */
static inline int world_try_open(struct world *w, struct err *err)
{
    struct source_options options = {.params = w->toy.params};
    int code = w->source ? source_refresh(w->source, err)
                         : source_open(&w->source, w->spec, &options, err);
    if (code == 0 && !w->store)
        code = store_open(&w->store, w->store_path, STORE_CREATE, err);
    if (code == 0 && !w->facts)
        code = facts_open(&w->facts, w->store, w->toy.params, err);
    return code;
}

static inline void world_open(struct world *w)
{
    struct err err;
    test_ok(world_try_open(w, &err), &err);
}

/* Filters are kept from now on, until the world is closed. */
static inline void world_keep(struct world *w)
{
    char path[PATH_SIZE + 16];
    struct err err;
    (void)snprintf(path, sizeof path, "%s.filters", w->store_path);
    test_ok(filters_open(&w->filters, path, w->toy.params, FILTERS_WRITE, &err), &err);
}

/* A fresh store. */
static inline void world_forget(struct world *w)
{
    char path[PATH_SIZE + 8];
    static const char *const ends[] = {"", "-wal", "-shm"};
    world_close(w);
    for (size_t i = 0; i < countof(ends); i++) {
        (void)snprintf(path, sizeof path, "%s%s", w->store_path, ends[i]);
        (void)remove(path); /* may not be there */
    }
}

/* ---- books ------------------------------------------------------------------------------------
 */

static inline void book_begin(struct buf *text)
{
    *text = buf_with_max(1 << 20);
    buf_text(text, "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[{\"id\":\"e\",\"name\":"
                   "{\"en\":\"E\"},\"sector\":\"S1311\"}],\"wallets\":[{\"id\":\"w\",\"entity\":"
                   "\"e\",\"class\":\"reserve\",\"control\":\"declared\",\"visibility\":"
                   "\"public\",\"since\":null,\"until\":null,\"descriptors\":[");
}

static inline void book_end(struct world *w, struct buf *text, uint32_t range, uint32_t gap)
{
    struct err err;
    buf_format(text, "],\"range\":%u,\"gap\":%u}]}", range, gap);
    test_ok(book_read(&w->books[w->book_count], "book", buf_bytes(text), w->toy.params, &err),
            &err);
    w->book_count++;
    buf_free(text);
}

static inline void world_watch(struct world *w, struct bytes script)
{
    assert_true(w->watched_count < WATCHED_MAX);
    w->watched[w->watched_count++] = script;
}

/* A book of raw scripts of the pool. */
static inline void world_book(struct world *w, size_t first, size_t count)
{
    struct buf text;
    book_begin(&text);
    for (size_t i = first; i < first + count; i++) {
        char hex[1024];
        struct bytes script = w->toy.scripts[i];
        assert_true(script.size < 500);
        hex_encode(hex, script);
        buf_format(&text, "%s\"raw(%s)\"", i == first ? "" : ",", hex);
        world_watch(w, script);
    }
    book_end(w, &text, 1, 1);
}

/* ---- scanning ---------------------------------------------------------------------------------
 */

static inline struct scan_options world_options(const struct world *w, unsigned threads)
{
    return (struct scan_options){
        .source = w->source,
        .facts = w->facts,
        .store = w->store,
        .books = w->books,
        .book_count = w->book_count,
        .threads = threads,
        .to_height = -1,
        .filters = w->filters,
    };
}

static inline struct scan_result world_scan(struct world *w, unsigned threads)
{
    struct err err;
    struct scan_result result;
    world_open(w);
    struct scan_options options = world_options(w, threads);
    test_ok(scan_run(&result, &options, &err), &err);
    return result;
}

/* ---- the comparison -----------------------------------------------------------------------------
 */

static inline bool is_watched(const struct world *w, struct bytes script)
{
    for (size_t i = 0; i < w->watched_count; i++)
        if (bytes_equal(w->watched[i], script))
            return !script_unspendable(script);
    return false;
}

static inline bool is_ours(const struct world *w, const struct toy_coin *coin)
{
    return coin->block > 0 && is_watched(w, coin->script);
}

static inline void check_coin(const struct world *w, const struct toy_coin *want,
                              const struct fact_coin *got, struct arena *arena)
{
    const struct toy_block *block = &w->toy.blocks[want->block];
    const struct toy_block *by = &w->toy.blocks[want->spent_block];
    struct bytes script;
    struct err err;
    assert_int_equal(got->height, block->height);
    assert_true(hash256_equal(&got->block_hash, &block->hash));
    assert_true(hash256_equal(&got->outpoint.txid, &want->outpoint.txid));
    assert_int_equal(got->outpoint.vout, want->outpoint.vout);
    assert_int_equal(got->tx_index, want->tx_index);
    assert_int_equal(got->coinbase, want->tx_index == 0);
    assert_int_equal(amount_minor(got->value), want->value);
    test_ok(facts_script_get(&script, w->facts, got->script, arena, &err), &err);
    assert_true(bytes_equal(script, want->script));
    assert_int_equal(got->spent, want->spent || want->overwritten);
    if (!got->spent)
        return;
    assert_int_equal(got->spent_height, by->height);
    assert_true(hash256_equal(&got->spent_block_hash, &by->hash));
    assert_int_equal(got->spent_tx_index, want->spent_tx);
    assert_int_equal(got->spent_vin, want->overwritten ? FACT_OVERWRITTEN : want->spent_vin);
    assert_true(hash256_equal(&got->spent_txid, &by->txs[want->spent_tx].txid));
}

/* Coins as of the block `tip`. Returns how many. */
static inline size_t check_coins(const struct world *w, uint32_t tip)
{
    struct arena arena = {0};
    struct err err;
    struct fact_coin *got = NULL;
    size_t got_count = 0;
    size_t count = 0;
    struct toy_coins all = toy_outputs(&w->toy, tip, &arena);
    test_ok(facts_coins(w->facts, &got, &got_count, w->toy.blocks[tip].height, &arena, &err), &err);
    for (size_t i = 0; i < all.count; i++) {
        if (!is_ours(w, &all.coins[i]))
            continue;
        assert_true(count < got_count);
        check_coin(w, &all.coins[i], &got[count], &arena);
        count++;
    }
    assert_int_equal(got_count, count);
    arena_free(&arena);
    return count;
}

/* Visiting the touched transactions in step with the truth. */
struct tx_check {
    const struct world *w;
    const uint32_t *branch;
    struct toy_coins all;
    uint32_t height, tx_index; /* where the truth stands */
    size_t count;
    bool proved; /* every prevout must be */
};

static inline bool is_touched(const struct tx_check *c, const struct toy_tx *tx, bool coinbase)
{
    for (size_t i = 0; i < tx->out_count; i++)
        if (is_watched(c->w, tx->outs[i].script))
            return true;
    for (size_t i = 0; !coinbase && i < tx->in_count; i++)
        if (is_ours(c->w, toy_find(&c->all, &tx->ins[i])))
            return true;
    return false;
}

/* The next touched transaction of the truth. */
static inline const struct toy_tx *truth_next(struct tx_check *c, uint32_t tip_height)
{
    for (; c->height <= tip_height; c->height++, c->tx_index = 0) {
        const struct toy_block *block = &c->w->toy.blocks[c->branch[c->height]];
        for (; c->tx_index < block->tx_count; c->tx_index++)
            if (is_touched(c, &block->txs[c->tx_index], c->tx_index == 0))
                return &block->txs[c->tx_index++];
    }
    return NULL;
}

static inline int visit_check(void *context, const struct fact_tx *got, struct err *err)
{
    struct tx_check *c = context;
    const struct toy_tx *want = truth_next(c, UINT32_MAX);
    struct hash256 txid;
    (void)err;
    assert_non_null(want);
    assert_int_equal(got->height, c->height);
    assert_int_equal(got->tx_index, c->tx_index - 1);
    assert_true(hash256_equal(&got->txid, &want->txid));
    assert_true(hash256_equal(&got->block_hash, &c->w->toy.blocks[c->branch[c->height]].hash));
    sha256d_of(&txid, got->stripped);
    assert_true(hash256_equal(&got->txid, &txid));
    assert_int_equal(got->prevout_count, got->tx_index ? want->in_count : 0);
    for (size_t i = 0; i < got->prevout_count; i++) {
        const struct fact_prevout *prevout = &got->prevouts[i];
        const struct toy_coin *coin = toy_find(&c->all, &want->ins[i]);
        if (c->proved || is_ours(c->w, coin))
            assert_int_equal(prevout->evidence, PREVOUT_PROVED);
        if (prevout->evidence == PREVOUT_UNKNOWN)
            continue;
        assert_int_equal(amount_minor(prevout->value), coin->value);
        assert_true(bytes_equal(prevout->script, coin->script));
    }
    c->count++;
    return 0;
}

static inline size_t check_txs(const struct world *w, uint32_t tip, bool proved)
{
    struct arena arena = {0};
    struct err err;
    uint32_t height = w->toy.blocks[tip].height;
    struct tx_check check = {
        .w = w,
        .branch = toy_branch(&w->toy, tip, &arena),
        .all = toy_outputs(&w->toy, tip, &arena),
        .height = 1,
        .proved = proved,
    };
    test_ok(facts_txs(w->facts, 0, height, visit_check, &check, &err), &err);
    assert_null(truth_next(&check, height));
    arena_free(&arena);
    return check.count;
}

static inline void check_state(const struct world *w, uint32_t tip, enum grade grade)
{
    struct facts_state state;
    struct err err;
    uint64_t txs = 0;
    uint64_t bytes = 0;
    uint64_t coins = 0;
    uint64_t spends = 0;
    struct arena arena = {0};
    struct toy_coins all = toy_outputs(&w->toy, tip, &arena);
    for (uint32_t at = tip;; at = w->toy.blocks[at].parent) {
        txs += w->toy.blocks[at].tx_count;
        bytes += w->toy.blocks[at].raw.size;
        if (at == 0)
            break;
    }
    for (size_t i = 0; i < all.count; i++) {
        bool ours = is_ours(w, &all.coins[i]);
        coins += ours;
        spends += ours && (all.coins[i].spent || all.coins[i].overwritten);
    }
    test_ok(facts_state_get(&state, w->facts, &err), &err);
    assert_true(state.any && state.first_height == 0 && !state.anchored);
    assert_int_equal(state.tip_height, w->toy.blocks[tip].height);
    assert_true(hash256_equal(&state.tip_hash, &w->toy.blocks[tip].hash));
    assert_int_equal(state.grade, grade);
    assert_int_equal(state.block_count, state.tip_height + 1);
    assert_int_equal(state.tx_count, txs);
    assert_int_equal(state.byte_count, bytes);
    assert_int_equal(state.coin_count, coins);
    assert_int_equal(state.spend_count, spends);
    arena_free(&arena);
}

/* Everything, also as of lower heights. */
static inline void check_all(const struct world *w, uint32_t tip, enum grade grade)
{
    uint32_t at = tip;
    check_state(w, tip, grade);
    (void)check_txs(w, tip, grade == GRADE_PREVOUT);
    (void)check_coins(w, tip);
    for (int i = 0; i < 37 && at > 0; i++)
        at = w->toy.blocks[at].parent;
    (void)check_coins(w, at);
}

#endif
