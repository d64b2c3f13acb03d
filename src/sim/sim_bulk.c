/* Bulk: blocks of a megabyte and more without end, with memory that does not grow. Merkle
 * roots, witness commitments, proof of work, heights, times and amounts are right; the
 * signatures are not, so no node accepts it. For benchmarks and soak. */
#include "sim/sim_priv.h"

enum {
    FIRST_TIME = 1630454400, /* 2021-09-01 */
    SPACING = 600,
    FIRST_BLOCKS = COINBASE_MATURITY + 5, /* coinbases of many outputs, before any payment */
    POSITION_EVERY = 100
};

/* ---- coins ----------------------------------------------------------------------------------- */

static void pool_add(struct bulk *bulk, const struct bulk_coin *coin)
{
    if (bulk->pool_count < BULK_POOL_MAX) /* else it is never spent */
        bulk->pool[bulk->pool_count++] = *coin;
}

/* The coinbase of a hundred blocks ago may be spent from now on. */
static void mature(struct bulk *bulk)
{
    size_t slot = bulk->height % COINBASE_MATURITY;
    for (size_t i = 0; i < bulk->immature_count[slot]; i++)
        pool_add(bulk, &bulk->immature[slot][i]);
    bulk->immature_count[slot] = 0;
}

static void settle(struct bulk *bulk, const struct hash256 *txids)
{
    size_t slot = bulk->height % COINBASE_MATURITY;
    for (size_t i = 0; i < bulk->block.made_count; i++) {
        struct bulk_made *made = &bulk->block.made[i];
        made->coin.outpoint.txid = txids[made->tx];
        if (made->tx > 0)
            pool_add(bulk, &made->coin);
        else
            bulk->immature[slot][bulk->immature_count[slot]++] = made->coin;
    }
}

/* ---- coinbase ---------------------------------------------------------------------------------
 */

static void push_head(struct buf *buf, uint32_t height)
{
    static const uint8_t nothing[32];
    static const char text[] = "/SIMULATED bulk/";
    uint8_t script[32];
    size_t size = 0;
    if (height <= 16)
        script[size++] = (uint8_t)(0x50 + height);
    else {
        size_t bytes = height < 0x80 ? 1 : height < 0x8000 ? 2 : height < 0x800000 ? 3 : 4;
        script[size++] = (uint8_t)bytes;
        for (size_t i = 0; i < bytes; i++)
            script[size++] = (uint8_t)(height >> (8 * i));
    }
    script[size++] = sizeof text - 1;
    memcpy(script + size, text, sizeof text - 1);
    size += sizeof text - 1;
    buf_u8(buf, 1);
    buf_add(buf, bytes_of(nothing, sizeof nothing));
    buf_le32(buf, 0xffffffff);
    buf_u8(buf, (uint8_t)size);
    buf_add(buf, bytes_of(script, size));
    buf_le32(buf, 0xffffffff);
}

static void coinbase_outs(struct bulk *bulk, struct buf *buf, const struct hash256 *commitment)
{
    static const uint8_t head[] = {38, 0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed};
    struct amount left =
        amount_add(chain_subsidy(bulk->sim->params, bulk->height), bulk->block.fees);
    size_t count = bulk->height <= FIRST_BLOCKS ? BULK_FIRST_OUTS : 1;
    struct amount even = amount_mul_div(left, 1, (int64_t)count);
    size_t first = bulk->block.made_count;
    bool touched = false;
    buf_compact(buf, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct amount share = i + 1 == count ? left : amount_min(even, left);
        struct bulk_coin coin = bulk_output(bulk, buf, share);
        left = amount_sub(left, coin.value);
        if (amount_compare(coin.value, amount_zero()) == 0)
            continue; /* data, or nothing left to share */
        bulk_made_add(bulk, 0, (uint32_t)i, &coin);
        touched = touched || coin.watched != BULK_UNWATCHED;
    }
    buf_le64(buf, 0);
    buf_add(buf, bytes_of(head, sizeof head));
    buf_add(buf, bytes_of(commitment->b, 32));
    for (size_t i = first; i < bulk->block.made_count; i++) {
        const struct bulk_coin *coin = &bulk->block.made[i].coin;
        if (coin->watched == BULK_UNWATCHED)
            continue;
        struct amount *balance = &bulk->balances[bulk->watched[coin->watched].wallet];
        *balance = amount_add(*balance, coin->value);
        bulk->coins++;
    }
    bulk->touched += touched ? 1 : 0;
}

/* ---- the block ----------------------------------------------------------------------------------
 */

/* Scratch of one block: ids of all its transactions, the coinbase's place first. */
struct ids {
    struct hash256 txids[BULK_TX_MAX + 1], wtxids[BULK_TX_MAX + 1], tree[BULK_TX_MAX + 1];
    struct sha256_job jobs[2 * BULK_TX_MAX];
};

static void hash_payments(struct bulk *bulk, struct ids *ids)
{
    const struct bulk_block *block = &bulk->block;
    size_t count = 0;
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct bulk_span *span = &block->spans[i];
        ids->jobs[count++] = (struct sha256_job){.data = block->stripped.data + span->stripped,
                                                 .size = span->stripped_size,
                                                 .ret_digest = &ids->txids[i + 1]};
        if (span->full_size != span->stripped_size)
            ids->jobs[count++] = (struct sha256_job){.data = block->full.data + span->full,
                                                     .size = span->full_size,
                                                     .ret_digest = &ids->wtxids[i + 1]};
    }
    sha256d_many(ids->jobs, count);
    for (size_t i = 0; i < block->tx_count; i++)
        if (block->spans[i].full_size == block->spans[i].stripped_size)
            ids->wtxids[i + 1] = ids->txids[i + 1];
}

static void commitment_of(struct hash256 *ret, struct bulk *bulk, struct ids *ids)
{
    uint8_t both[64] = {0};
    struct hash256 root;
    bool mutated;
    size_t count = bulk->block.tx_count + 1;
    memset(&ids->wtxids[0], 0, sizeof ids->wtxids[0]);
    memcpy(ids->tree, ids->wtxids, count * sizeof *ids->tree);
    merkle_root(&root, &mutated, ids->tree, count);
    memcpy(both, root.b, 32);
    sha256d_of(ret, bytes_of(both, sizeof both));
}

/* The coinbase into body, with its txid; the full form differs by witness only. */
static void coinbase_make(struct bulk *bulk, struct ids *ids)
{
    struct hash256 commitment;
    struct buf *body = &bulk->body;
    commitment_of(&commitment, bulk, ids);
    buf_reset(body);
    buf_le32(body, 2);
    push_head(body, bulk->height);
    coinbase_outs(bulk, body, &commitment);
    buf_le32(body, 0);
    sha256d_of(&ids->txids[0], buf_bytes(body));
}

static void block_write(struct buf *buf, struct bulk *bulk, struct ids *ids)
{
    static const uint8_t reserved[34] = {1, 32};
    struct header header = {.version = 0x20000000,
                            .prev = bulk->tip,
                            .time = FIRST_TIME + bulk->height * SPACING,
                            .bits = bulk->sim->params->pow_limit_bits};
    size_t count = bulk->block.tx_count + 1;
    const uint8_t *coinbase = bulk->body.data;
    bool mutated;
    uint8_t raw[HEADER_SIZE];
    memcpy(ids->tree, ids->txids, count * sizeof *ids->tree);
    merkle_root(&header.merkle_root, &mutated, ids->tree, count);
    sanad_assert(!mutated);
    for (;; header.nonce++) {
        header_write(raw, &header);
        header_hash(&bulk->tip, raw);
        if (header_pow_ok(bulk->sim->params, &bulk->tip, header.bits))
            break;
    }
    buf_reset(buf);
    buf_add(buf, bytes_of(raw, sizeof raw));
    buf_compact(buf, count);
    buf_add(buf, bytes_of(coinbase, 4));
    buf_le16(buf, 0x0100); /* marker 0, flag 1 */
    buf_add(buf, bytes_of(coinbase + 4, bulk->body.size - 8));
    buf_add(buf, bytes_of(reserved, sizeof reserved));
    buf_le32(buf, 0);
    buf_add(buf, buf_bytes(&bulk->block.full));
    sanad_assert(!buf->bad);
}

static void block_make(struct buf *buf, struct bulk *bulk, struct ids *ids)
{
    struct bulk_block *block = &bulk->block;
    block->tx_count = block->made_count = block->spent_count = 0;
    block->fees = amount_zero();
    buf_reset(&block->full);
    buf_reset(&block->stripped);
    bulk->height++;
    mature(bulk);
    if (bulk->height > FIRST_BLOCKS)
        bulk_payments(bulk);
    hash_payments(bulk, ids);
    coinbase_make(bulk, ids);
    block_write(buf, bulk, ids);
    settle(bulk, ids->txids);
    bulk->txs += block->tx_count + 1;
    bulk->bytes += buf->size;
}

/* CBlockUndo of the block that was just made. */
static void undo_make(struct buf *buf, const struct bulk *bulk, struct arena *arena)
{
    const struct bulk_block *block = &bulk->block;
    struct block_undo undo = {.tx_count = block->tx_count};
    const struct bulk_coin *spent = block->spent;
    undo.txs = arena_alloc(arena, block->tx_count, sizeof *undo.txs);
    for (size_t i = 0; i < block->tx_count; i++) {
        struct undo_tx *tx = &undo.txs[i];
        tx->coin_count = block->spans[i].in_count;
        tx->coins = arena_alloc(arena, tx->coin_count, sizeof *tx->coins);
        for (size_t n = 0; n < tx->coin_count; n++, spent++)
            tx->coins[n] = (struct undo_coin){.value = spent->value,
                                              .script = bytes_of(spent->script, spent->script_size),
                                              .height = spent->height,
                                              .coinbase = spent->coinbase};
    }
    sanad_assert(spent == block->spent + block->spent_count);
    buf_reset(buf);
    undo_write(buf, &undo);
    arena_reset(arena);
}

/* ---- truth
 * ----------------------------------------------------------------------------------------- */

static struct amount total(const struct bulk *bulk)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < SIM_WALLET_COUNT; i++)
        sum = amount_add(sum, bulk->balances[i]);
    return sum;
}

static void set(json_t *object, const char *key, json_t *value)
{
    sanad_assert(json_object_set_new(object, key, value) == 0);
}

static void position_add(struct bulk *bulk)
{
    json_t *position = json_object();
    set(position, "nation", json_string("XS"));
    set(position, "height", json_integer(bulk->height));
    set(position, "total_sat", json_integer(amount_minor(total(bulk))));
    sanad_assert(json_array_append_new(bulk->positions, position) == 0);
}

static int truth_write(struct bulk *bulk, const char *out, uint64_t seed, struct err *err)
{
    json_t *truth = json_object(), *tip = json_object(), *wallets = json_array();
    char hash[HEX256_SIZE];
    hash256_display(hash, &bulk->tip);
    set(tip, "height", json_integer(bulk->height));
    set(tip, "hash", json_string(hash));
    set(truth, "simulated", json_true());
    set(truth, "seed", json_integer((json_int_t)seed));
    set(truth, "chain", json_string(bulk->sim->params->name));
    set(truth, "tip", tip);
    set(truth, "bytes", json_integer((json_int_t)bulk->bytes));
    set(truth, "transactions", json_integer((json_int_t)bulk->txs));
    set(truth, "coins", json_integer((json_int_t)bulk->coins));
    set(truth, "spends", json_integer((json_int_t)bulk->spends));
    set(truth, "touched", json_integer((json_int_t)bulk->touched));
    set(truth, "positions", json_incref(bulk->positions));
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++) {
        if (!sim_in_bulk_book(id))
            continue;
        json_t *wallet = json_object();
        set(wallet, "id", json_string(sim_plan(id)->id));
        set(wallet, "balance_sat", json_integer(amount_minor(bulk->balances[id])));
        sanad_assert(json_array_append_new(wallets, wallet) == 0);
    }
    set(truth, "wallets", wallets);
    return sim_write_json(out, "truth.json", truth, err);
}

/* ---- the whole
 * -------------------------------------------------------------------------------------- */

static struct bulk *bulk_new(uint64_t seed)
{
    struct bulk *bulk = mem_zalloc(1, sizeof *bulk);
    bulk->sim = sim_new(seed);
    sim_rand_init(&bulk->dice, seed, "bulk");
    bulk->pool = mem_zalloc(BULK_POOL_MAX, sizeof *bulk->pool);
    bulk->block.made = mem_zalloc(BULK_MADE_MAX, sizeof *bulk->block.made);
    for (size_t i = 0; i < COINBASE_MATURITY; i++)
        bulk->immature[i] = mem_zalloc(BULK_FIRST_OUTS, sizeof **bulk->immature);
    for (size_t i = 0; i < SIM_WALLET_COUNT; i++)
        bulk->balances[i] = amount_zero();
    bulk->block.full = bulk->block.stripped = buf_with_max(BLOCK_SIZE_MAX);
    bulk->body = bulk->witness = buf_with_max(BLOCK_SIZE_MAX);
    bulk->positions = json_array();
    bulk_watch(bulk);
    return bulk;
}

static void bulk_free(struct bulk *bulk)
{
    for (size_t i = 0; i < COINBASE_MATURITY; i++)
        free(bulk->immature[i]);
    free(bulk->pool);
    free(bulk->watched);
    free(bulk->block.made);
    free(bulk->block.spent);
    buf_free(&bulk->block.full);
    buf_free(&bulk->block.stripped);
    buf_free(&bulk->body);
    buf_free(&bulk->witness);
    json_decref(bulk->positions);
    sim_free(bulk->sim);
    free(bulk);
}

static bool more(const struct bulk *bulk, const struct sim_bulk_options *options)
{
    return (options->block_count == 0 || bulk->height < options->block_count) &&
           (options->size == 0 || bulk->bytes < options->size);
}

static int blocks_write(struct bulk *bulk, struct bulk_file *file,
                        const struct sim_bulk_options *options, struct err *err)
{
    struct ids *ids = mem_alloc(sizeof *ids);
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    struct buf undo = buf_with_max(BLOCK_SIZE_MAX);
    struct arena arena = {0};
    sim_genesis(bulk->sim);
    bulk->tip = bulk->sim->params->genesis_hash;
    int code = bulk_file_add(file, bulk->sim->blocks[0].raw, bytes_of(NULL, 0), err);
    while (code == 0 && more(bulk, options)) {
        block_make(&buf, bulk, ids);
        undo_make(&undo, bulk, &arena);
        code = bulk_file_add(file, buf_bytes(&buf), buf_bytes(&undo), err);
        if (bulk->height % POSITION_EVERY == 0 || !more(bulk, options))
            position_add(bulk);
    }
    buf_free(&buf);
    buf_free(&undo);
    arena_free(&arena);
    free(ids);
    return code;
}

int sim_bulk(const char *out, const struct sim_bulk_options *options, struct err *err)
{
    if (options->block_count == 0 && options->size == 0)
        return err_set(err, SANAD_REFUSED,
                       "bulk: without a number of blocks or bytes it has no end");
    if (options->block_count > SIM_BULK_BLOCK_MAX || options->size > SIM_BULK_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "bulk: more blocks or bytes than it may have");
    int code = sim_folder_prepare(out, err);
    if (code != 0)
        return code;
    struct bulk_file *file = NULL;
    code = bulk_file_new(&file, out, options->seed, err);
    if (code != 0)
        return code;
    struct bulk *bulk = bulk_new(options->seed);
    code = blocks_write(bulk, file, options, err);
    int end_code = bulk_file_end(file, code == 0 ? err : NULL);
    code = code != 0 ? code : end_code;
    if (code == 0)
        code = sim_write_bulk_book(bulk->sim, out, err);
    if (code == 0)
        code = truth_write(bulk, out, options->seed, err);
    bulk_free(bulk);
    return code;
}
