/* Blocks: coinbase with height and subsidy, witness commitment, merkle root, easy proof of
 * work, and the undo data of what is spent. A losing branch is made beside the best chain. */
#include "sim/sim_priv.h"

enum { BLOCK_VERSION = 0x20000000, COINBASE_TEXT_MAX = 60 };

const struct sim_block *sim_block_at(const struct sim *sim, uint32_t height)
{
    sanad_assert(height < sim->active_count);
    return &sim->blocks[sim->active[height]];
}

static void block_add(struct sim *sim, const struct sim_block *block)
{
    sim->blocks = sim_grow(sim->blocks, sim->block_count, &sim->block_capacity, sizeof *block);
    sim->blocks[sim->block_count++] = *block;
    if (block->stale)
        return;
    sim->active =
        sim_grow(sim->active, sim->active_count, &sim->active_capacity, sizeof *sim->active);
    sim->active[sim->active_count++] = (uint32_t)sim->block_count - 1;
}

/* The genesis block's only transaction, the same on main and regtest: an input that quotes
 * The Times of 3 January 2009, and 50 BTC that nobody can spend. */
static const uint8_t genesis_tx[] =
    "\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\xff\xff\xff\xff\x4d\x04\xff\xff\x00\x1d\x01\x04"
    "EThe Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
    "\xff\xff\xff\xff\x01\x00\xf2\x05\x2a\x01\0\0\0\x43\x41"
    "\x04\x67\x8a\xfd\xb0\xfe\x55\x48\x27\x19\x67\xf1\xa6\x71\x30\xb7\x10\x5c\xd6\xa8\x28"
    "\xe0\x39\x09\xa6\x79\x62\xe0\xea\x1f\x61\xde\xb6\x49\xf6\xbc\x3f\x4c\xef\x38\xc4\xf3"
    "\x55\x04\xe5\x1e\xc1\x12\xde\x5c\x38\x4d\xf7\xba\x0b\x8d\x57\x8a\x4c\x70\x2b\x6b\xf1"
    "\x1d\x5f\xac\0\0\0\0";

void sim_genesis(struct sim *sim)
{
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    struct header header;
    struct hash256 txid;
    struct bytes tx = bytes_of(genesis_tx, sizeof genesis_tx - 1);
    header_parse(&header, sim->params->genesis_header);
    sha256d_of(&txid, tx);
    sanad_assert(hash256_equal(&txid, &header.merkle_root));
    buf_add(&buf, bytes_of(sim->params->genesis_header, HEADER_SIZE));
    buf_u8(&buf, 1);
    buf_add(&buf, tx);
    block_add(sim, &(struct sim_block){.raw = arena_bytes(&sim->arena, buf_bytes(&buf)),
                                       .hash = sim->params->genesis_hash,
                                       .time = header.time,
                                       .median_time = header.time,
                                       .connected = true});
    buf_free(&buf);
}

/* ---- coinbase ----------------------------------------------------------------------------- */

/* BIP34: the height as the script number that Core pushes. */
static void push_height(struct buf *buf, uint32_t height)
{
    sanad_assert(height > 0 && height < 0x7fffff);
    if (height <= 16) {
        buf_u8(buf, (uint8_t)(0x50 + height));
        return;
    }
    size_t size = height < 0x80 ? 1 : height < 0x8000 ? 2 : 3;
    buf_u8(buf, (uint8_t)size);
    for (size_t i = 0; i < size; i++)
        buf_u8(buf, (uint8_t)(height >> (8 * i)));
}

static void coinbase_script(struct buf *buf, uint32_t height, enum sim_wallet_id miner)
{
    char text[COINBASE_TEXT_MAX];
    int size = snprintf(text, sizeof text, "/SIMULATED %s/", sim_plan(miner)->id);
    sanad_assert(size > 0 && size < (int)sizeof text);
    push_height(buf, height);
    buf_u8(buf, (uint8_t)size);
    buf_text(buf, text);
}

/* A block while it is put together. */
struct making {
    struct sim *sim;
    const struct sim_block *prev;
    const struct sim_tx *txs;
    size_t tx_count;
    const struct sim_tx *extra; /* one more, or NULL */
    enum sim_wallet_id miner;
    uint32_t time;
    struct hash256 *wtxids; /* scratch: the coinbase's place first */
    size_t count;           /* transactions with the coinbase */
};

static const struct sim_tx *payment(const struct making *making, size_t i)
{
    return i < making->tx_count ? &making->txs[i] : making->extra;
}

/* BIP141: the merkle root of all wtxids, the coinbase's being zero, with a reserved value. */
static bool commitment(struct hash256 *ret_commitment, const struct making *making)
{
    uint8_t both[64] = {0};
    struct hash256 root;
    bool witness = false, mutated;
    memset(&making->wtxids[0], 0, sizeof making->wtxids[0]);
    for (size_t i = 0; i + 1 < making->count; i++) {
        making->wtxids[i + 1] = payment(making, i)->wtxid;
        witness = witness || payment(making, i)->has_witness;
    }
    if (!witness)
        return false;
    merkle_root(&root, &mutated, making->wtxids, making->count);
    memcpy(both, root.b, 32);
    sha256d_of(ret_commitment, bytes_of(both, sizeof both));
    return true;
}

static struct amount reward(const struct making *making)
{
    struct amount sum = chain_subsidy(making->sim->params, making->prev->height + 1);
    for (size_t i = 0; i + 1 < making->count; i++)
        sum = amount_add(sum, payment(making, i)->fee);
    return sum;
}

static void coinbase_write(struct buf *buf, const struct sim_tx *tx, struct bytes script,
                           bool witness)
{
    static const uint8_t nothing[32];
    buf_reset(buf);
    buf_le32(buf, 2);
    if (witness) {
        buf_u8(buf, 0);
        buf_u8(buf, 1);
    }
    buf_u8(buf, 1);
    buf_add(buf, bytes_of(nothing, sizeof nothing));
    buf_le32(buf, 0xffffffff);
    buf_compact(buf, script.size);
    buf_add(buf, script);
    buf_le32(buf, 0xffffffff);
    buf_compact(buf, tx->out_count);
    sim_tx_outs(buf, tx);
    if (witness) {
        buf_u8(buf, 1);
        buf_u8(buf, sizeof nothing);
        buf_add(buf, bytes_of(nothing, sizeof nothing));
    }
    buf_le32(buf, 0);
}

static struct bytes commitment_script(struct sim *sim, const struct hash256 *hash)
{
    uint8_t script[38] = {0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed};
    memcpy(script + 6, hash->b, 32);
    return arena_bytes(&sim->arena, bytes_of(script, sizeof script));
}

static void coinbase_make(struct sim_tx *ret_tx, const struct making *making)
{
    struct sim *sim = making->sim;
    struct sim_tx tx = {.out_count = 1, .height = making->prev->height + 1, .fee = amount_zero()};
    struct buf script = buf_with_max(100), buf = buf_with_max(1000);
    struct hash256 hash;
    struct sim_address address;
    uint32_t index = sim->wallets[making->miner].next[0]++;
    sim_address_make(&address, sim, making->miner, 0, index);
    tx.outs = arena_alloc(&sim->arena, 2, sizeof *tx.outs);
    tx.outs[0] = (struct sim_out){
        .value = reward(making), .script = address.script, .wallet = making->miner, .index = index};
    tx.has_witness = commitment(&hash, making);
    if (tx.has_witness)
        tx.outs[tx.out_count++] = (struct sim_out){
            .value = amount_zero(), .script = commitment_script(sim, &hash), .wallet = SIM_NOBODY};
    coinbase_script(&script, making->prev->height + 1, making->miner);
    coinbase_write(&buf, &tx, buf_bytes(&script), false);
    sha256d_of(&tx.txid, buf_bytes(&buf));
    coinbase_write(&buf, &tx, buf_bytes(&script), tx.has_witness);
    tx.raw = arena_bytes(&sim->arena, buf_bytes(&buf));
    sanad_assert(!script.bad && !buf.bad);
    buf_free(&script);
    buf_free(&buf);
    *ret_tx = tx;
}

/* ---- the block --------------------------------------------------------------------------------
 */

static void merkle_of(struct hash256 *ret_root, const struct making *making,
                      const struct sim_tx *coinbase)
{
    bool mutated;
    making->wtxids[0] = coinbase->txid;
    for (size_t i = 0; i + 1 < making->count; i++)
        making->wtxids[i + 1] = payment(making, i)->txid;
    merkle_root(ret_root, &mutated, making->wtxids, making->count);
    sanad_assert(!mutated);
}

static void work(uint8_t raw[HEADER_SIZE], struct hash256 *ret_hash, struct header *header,
                 const struct chain_params *params)
{
    for (header->nonce = 0;; header->nonce++) {
        header_write(raw, header);
        header_hash(ret_hash, raw);
        if (header_pow_ok(params, ret_hash, header->bits))
            return;
    }
}

static void undo_of(struct undo_tx *ret_undo, struct sim *sim, const struct sim_tx *tx,
                    uint32_t height)
{
    ret_undo->coin_count = tx->in_count;
    ret_undo->coins = arena_alloc(&sim->arena, tx->in_count, sizeof *ret_undo->coins);
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct sim_coin *coin = &sim->coins[tx->ins[i].coin];
        ret_undo->coins[i] =
            (struct undo_coin){.value = coin->value,
                               .script = coin->script,
                               .height = coin->height == SIM_NOT_MINED ? height : coin->height,
                               .coinbase = coin->coinbase};
    }
}

static struct bytes undo_make(const struct making *making)
{
    struct sim *sim = making->sim;
    struct block_undo undo = {.tx_count = making->count - 1};
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    undo.txs = arena_alloc(&sim->arena, undo.tx_count, sizeof *undo.txs);
    for (size_t i = 0; i < undo.tx_count; i++)
        undo_of(&undo.txs[i], sim, payment(making, i), making->prev->height + 1);
    undo_write(&buf, &undo);
    struct bytes raw = arena_bytes(&sim->arena, buf_bytes(&buf));
    buf_free(&buf);
    return raw;
}

/* The median of the last 11 times: they only ever rise here. */
static uint32_t median_time(const struct sim *sim, uint32_t height, uint32_t time)
{
    enum { BACK = MEDIAN_TIME_SPAN / 2 };
    uint32_t back = height >= MEDIAN_TIME_SPAN - 1 ? BACK : height - (height + 1) / 2;
    return back == 0 ? time : sim_block_at(sim, height - back)->time;
}

static void block_make(struct sim_block *ret_block, struct sim_tx *ret_coinbase,
                       struct making *making)
{
    struct sim *sim = making->sim;
    struct sim_block block = {.prev = making->prev->hash,
                              .height = making->prev->height + 1,
                              .time = making->time,
                              .tx_count = (uint32_t)making->tx_count};
    struct header header = {.version = BLOCK_VERSION,
                            .prev = block.prev,
                            .time = block.time,
                            .bits = sim->params->pow_limit_bits};
    struct buf buf = buf_with_max(BLOCK_SIZE_MAX);
    uint8_t raw[HEADER_SIZE];
    making->count = making->tx_count + (making->extra ? 2 : 1);
    making->wtxids = mem_zalloc(making->count, sizeof *making->wtxids);
    coinbase_make(ret_coinbase, making);
    merkle_of(&header.merkle_root, making, ret_coinbase);
    work(raw, &block.hash, &header, sim->params);
    buf_add(&buf, bytes_of(raw, sizeof raw));
    buf_compact(&buf, making->count);
    buf_add(&buf, ret_coinbase->raw);
    for (size_t i = 0; i + 1 < making->count; i++)
        buf_add(&buf, payment(making, i)->raw);
    sanad_assert(!buf.bad);
    block.raw = arena_bytes(&sim->arena, buf_bytes(&buf));
    block.undo = undo_make(making);
    free(making->wtxids);
    buf_free(&buf);
    *ret_block = block;
}

static enum sim_wallet_id miner_choose(struct sim *sim)
{
    static const enum sim_wallet_id miners[] = {MINER_A, MINER_B, MINER_C, POOL};
    enum sim_wallet_id miner = sim->next_miner;
    sim->next_miner = SIM_NOBODY;
    return miner != SIM_NOBODY ? miner : miners[sim_rand_below(&sim->choice, countof(miners))];
}

/* Gives the mined payments and their coins the height; the coinbase follows them. */
static void ledger_settle(struct sim *sim, struct sim_tx *coinbase, uint32_t height)
{
    for (size_t i = sim->queue; i < sim->tx_count; i++) {
        sim->txs[i].height = height;
        for (size_t n = 0; n < sim->txs[i].out_count; n++)
            sim->coins[sim->txs[i].first_coin + n].height = height;
    }
    coinbase->first_coin = (uint32_t)sim->coin_count;
    for (size_t i = 0; i < coinbase->out_count; i++)
        sim_coin_add(sim,
                     &(struct sim_coin){.outpoint = {.txid = coinbase->txid, .vout = (uint32_t)i},
                                        .value = coinbase->outs[i].value,
                                        .script = coinbase->outs[i].script,
                                        .wallet = coinbase->outs[i].wallet,
                                        .index = coinbase->outs[i].index,
                                        .height = height,
                                        .coinbase = true});
    sim->txs = sim_grow(sim->txs, sim->tx_count, &sim->tx_capacity, sizeof *sim->txs);
    sim->txs[sim->tx_count++] = *coinbase;
    sim->queue = (uint32_t)sim->tx_count;
}

void sim_mine(struct sim *sim)
{
    struct sim_block block, tip = *sim_block_at(sim, sim_height(sim));
    struct sim_tx coinbase;
    struct making making = {.sim = sim,
                            .prev = &tip,
                            .txs = sim->txs + sim->queue,
                            .tx_count = sim->tx_count - sim->queue,
                            .miner = miner_choose(sim),
                            .time = (uint32_t)sim->now};
    sanad_assert(making.time > tip.time);
    block_make(&block, &coinbase, &making);
    block.first_tx = sim->queue;
    block.connected = true;
    block.median_time = median_time(sim, block.height, block.time);
    ledger_settle(sim, &coinbase, block.height);
    block_add(sim, &block);
}

void sim_mine_stale(struct sim *sim, size_t count, const struct sim_tx *extra, bool connected)
{
    struct sim_block prev = *sim_block_at(sim, sim_height(sim));
    for (size_t i = 0; i < count; i++) {
        struct sim_block block;
        struct sim_tx coinbase;
        struct making making = {.sim = sim,
                                .prev = &prev,
                                .txs = sim->txs + sim->queue,
                                .tx_count = i == 0 ? sim->tx_count - sim->queue : 0,
                                .extra = i == 0 ? extra : NULL,
                                .miner = POOL,
                                .time = prev.time + 30 + (uint32_t)i};
        block_make(&block, &coinbase, &making);
        block.stale = true;
        block.connected = connected;
        if (!connected)
            block.undo = bytes_of(NULL, 0);
        block_add(sim, &block);
        prev = block;
    }
}

uint32_t sim_height_at(const struct sim *sim, int64_t time)
{
    uint32_t height = sim_height(sim);
    while (height > 0 && sim_block_at(sim, height)->median_time > time)
        height--;
    return height;
}
