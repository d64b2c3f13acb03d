/* Makes random chains for the tests of the scan, and tells what they hold. */
#include "toychain.h"
#include "support.h"

#include <stdlib.h>

enum { BLOCK_MAX = 4096, TX_IN_MAX = 6, TX_OUT_MAX = 6 };

uint64_t toy_random(struct toychain *toy, uint64_t below)
{
    toy->random ^= toy->random << 13;
    toy->random ^= toy->random >> 7;
    toy->random ^= toy->random << 17;
    return (toy->random * UINT64_C(0x2545f4914f6cdd1d) >> 32) % below;
}

struct bytes toy_script(struct toychain *toy, struct bytes script)
{
    toy->scripts = mem_realloc(toy->scripts, toy->script_count + 1, sizeof *toy->scripts);
    return toy->scripts[toy->script_count++] = arena_bytes(&toy->arena, script);
}

static struct bytes random_script(struct toychain *toy, const char *prefix, size_t random_size,
                                  const char *suffix)
{
    struct buf buf = test_hex(prefix);
    for (size_t i = 0; i < random_size; i++)
        buf_u8(&buf, (uint8_t)toy_random(toy, 256));
    struct buf end = test_hex(suffix);
    buf_add(&buf, buf_bytes(&end));
    struct bytes script = toy_script(toy, buf_bytes(&buf));
    buf_free(&end);
    buf_free(&buf);
    return script;
}

/* Some of every form, then their look-alikes: the same but for the last byte. */
static void pool_make(struct toychain *toy)
{
    for (int i = 0; i < 3; i++) {
        (void)random_script(toy, "76a914", 20, "88ac");
        (void)random_script(toy, "a914", 20, "87");
        (void)random_script(toy, "0014", 20, "");
        (void)random_script(toy, "0020", 32, "");
        (void)random_script(toy, "5120", 32, "");
        (void)random_script(toy, "2102", 32, "ac");
        (void)random_script(toy, "4104", 64, "ac");
        (void)random_script(toy, "5121", 33, "51ae");
        (void)random_script(toy, "51", (size_t)i, "");
        (void)random_script(toy, "51", 300, "");
    }
    (void)random_script(toy, "51024e73", 0, "");
    for (size_t i = 0; i < 20; i++) {
        struct bytes script = toy->scripts[i];
        uint8_t copy[512];
        memcpy(copy, script.data, script.size);
        copy[script.size - 1] ^= 1;
        (void)toy_script(toy, bytes_of(copy, script.size));
    }
    (void)random_script(toy, "6a", 30, "");
    (void)random_script(toy, "6a", 0, "");
    uint8_t *large = mem_zalloc(SCRIPT_SIZE_MAX + 1, 1);
    memset(large, 0x51, SCRIPT_SIZE_MAX + 1);
    (void)toy_script(toy, bytes_of(large, SCRIPT_SIZE_MAX + 1));
    free(large);
}

void toy_init(struct toychain *toy, uint64_t seed)
{
    struct mined genesis;
    *toy = (struct toychain){.params = chain_params_get(CHAIN_REGTEST),
                             .random = seed * 2654435761u + 88172645463325252u};
    toy->blocks = mem_zalloc(BLOCK_MAX, sizeof *toy->blocks);
    mined_chain(&genesis, 1, toy->params);
    struct toy_block *block = &toy->blocks[toy->count++];
    *block = (struct toy_block){.hash = genesis.hash, .raw = genesis.raw, .tx_count = 1};
    struct arena arena = {0};
    struct block parsed;
    struct err err;
    test_ok(block_parse(&parsed, buf_bytes(&genesis.raw), &arena, &err), &err);
    block->txs = arena_alloc(&toy->arena, 1, sizeof *block->txs);
    block->txs->outs = arena_alloc(&toy->arena, 1, sizeof *block->txs->outs);
    block->txs->out_count = 1;
    block->txs->outs[0] = (struct toy_out){
        amount_minor(parsed.txs[0].outs[0].value),
        arena_bytes(&toy->arena, parsed.txs[0].outs[0].script),
    };
    tx_txid(&block->txs->txid, &parsed.txs[0]);
    arena_free(&arena);
    pool_make(toy);
}

void toy_free(struct toychain *toy)
{
    for (uint32_t i = 0; i < toy->count; i++)
        buf_free(&toy->blocks[i].raw);
    free(toy->blocks);
    free(toy->scripts);
    arena_free(&toy->arena);
}

/* ---- bytes ------------------------------------------------------------------------------------
 */

static void write_in(struct buf *buf, const struct outpoint *prevout, struct bytes script_sig)
{
    buf_add(buf, bytes_of(prevout->txid.b, 32));
    buf_le32(buf, prevout->vout);
    buf_compact(buf, script_sig.size);
    buf_add(buf, script_sig);
    buf_le32(buf, 0xffffffff);
}

/* `script_sig` of a coinbase; others get an empty one, or some bytes. */
static void write_body(struct buf *buf, const struct toy_tx *tx, struct bytes script_sig)
{
    buf_compact(buf, tx->in_count);
    for (size_t i = 0; i < tx->in_count; i++)
        write_in(buf, &tx->ins[i], script_sig);
    buf_compact(buf, tx->out_count);
    for (size_t i = 0; i < tx->out_count; i++) {
        buf_le64(buf, (uint64_t)tx->outs[i].value);
        buf_compact(buf, tx->outs[i].script.size);
        buf_add(buf, tx->outs[i].script);
    }
}

/* Stacks of two items, some empty; the first never is, else there were no witness. */
static void write_stacks(struct buf *buf, const struct toy_tx *tx)
{
    static const uint8_t item[300];
    for (size_t i = 0; i < tx->in_count; i++) {
        size_t size = (tx->txid.b[i % 32] * 37u) % sizeof item;
        buf_compact(buf, i % 3 == 2 ? 0 : 2);
        if (i % 3 == 2)
            continue;
        buf_compact(buf, 0);
        buf_compact(buf, size);
        buf_add(buf, bytes_of(item, size));
    }
}

static bool is_coinbase(const struct toy_tx *tx)
{
    return tx->ins[0].vout == 0xffffffff;
}

/* BIP141: the coinbase's witness is 32 bytes, here zeros. */
static void write_nonce(struct buf *buf)
{
    static const uint8_t nonce[32];
    buf_compact(buf, 1);
    buf_compact(buf, sizeof nonce);
    buf_add(buf, bytes_of(nonce, sizeof nonce));
}

static void write_tx(struct buf *buf, struct toy_tx *tx, struct bytes script_sig)
{
    struct buf stripped = buf_with_max(BLOCK_SIZE_MAX);
    size_t begin = buf->size;
    buf_le32(&stripped, 2);
    write_body(&stripped, tx, script_sig);
    buf_le32(&stripped, 77);
    sha256d_of(&tx->txid, buf_bytes(&stripped));
    if (!tx->witness) {
        buf_add(buf, buf_bytes(&stripped));
    } else {
        buf_le32(buf, 2);
        buf_le16(buf, 0x0100);
        write_body(buf, tx, script_sig);
        if (is_coinbase(tx))
            write_nonce(buf);
        else
            write_stacks(buf, tx);
        buf_le32(buf, 77);
    }
    sha256d_of(&tx->wtxid, bytes_of(buf->data + begin, buf->size - begin));
    buf_free(&stripped);
}

/* The merkle root by the book, one pair at a time. */
static struct hash256 merkle_of(const struct toy_block *block, bool of_witness)
{
    struct hash256 level[4096];
    size_t count = block->tx_count;
    assert_true(count < countof(level));
    for (size_t i = 0; i < count; i++)
        level[i] = of_witness ? block->txs[i].wtxid : block->txs[i].txid;
    if (of_witness)
        level[0] = (struct hash256){{0}};
    for (; count > 1; count = (count + 1) / 2) {
        level[count] = level[count - 1];
        for (size_t i = 0; i < count; i += 2) {
            uint8_t pair[64];
            memcpy(pair, level[i].b, 32);
            memcpy(pair + 32, level[i + 1].b, 32);
            sha256d_of(&level[i / 2], bytes_of(pair, 64));
        }
    }
    return level[0];
}

static void block_seal(struct toychain *toy, struct toy_block *block, bool bad_root)
{
    struct header genesis;
    header_parse(&genesis, toy->params->genesis_header);
    struct header header = {
        .version = 0x20000000,
        .prev = block->prev,
        .merkle_root = merkle_of(block, false),
        .time = genesis.time + 600 * block->height + (uint32_t)toy_random(toy, 300),
        .bits = toy->params->pow_limit_bits,
    };
    header.merkle_root.b[0] ^= bad_root;
    do {
        header.nonce++;
        header_write(block->raw.data, &header);
        header_hash(&block->hash, block->raw.data);
    } while (!header_pow_ok(toy->params, &block->hash, header.bits));
}

/* ---- mining -----------------------------------------------------------------------------------
 */

static struct toy_tx coinbase_of(struct toychain *toy, struct bytes pay)
{
    struct toy_tx tx = {.in_count = 1, .out_count = 1};
    tx.ins = arena_alloc(&toy->arena, 1, sizeof *tx.ins);
    tx.ins[0].vout = 0xffffffff;
    tx.outs = arena_alloc(&toy->arena, 2, sizeof *tx.outs);
    tx.outs[0] = (struct toy_out){5000000000, pay};
    return tx;
}

/* BIP141: the coinbase of a block with witness commits to all wtxids. */
static void commitment_add(struct toychain *toy, struct toy_block *block)
{
    static const uint8_t head[] = {0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed};
    uint8_t script[sizeof head + 32];
    uint8_t pair[64] = {0};
    struct hash256 commitment;
    bool any = false;
    for (size_t i = 1; i < block->tx_count; i++)
        any = any || block->txs[i].witness;
    if (!any)
        return;
    struct hash256 root = merkle_of(block, true);
    memcpy(pair, root.b, 32);
    sha256d_of(&commitment, bytes_of(pair, 64));
    memcpy(script, head, sizeof head);
    memcpy(script + sizeof head, commitment.b, 32);
    struct toy_tx *coinbase = &block->txs[0];
    coinbase->witness = true;
    coinbase->outs[coinbase->out_count++] =
        (struct toy_out){0, arena_bytes(&toy->arena, bytes_of(script, sizeof script))};
}

static void coinbase_write(const struct toychain *toy, struct buf *buf, uint32_t index,
                           uint32_t duplicate)
{
    struct buf script = buf_with_max(64);
    uint32_t number = duplicate ? duplicate : index;
    buf_u8(&script, 8);
    buf_le32(&script, toy->blocks[number].height);
    buf_le32(&script, number);
    write_tx(buf, &toy->blocks[index].txs[0], buf_bytes(&script));
    buf_free(&script);
}

uint32_t toy_mine(struct toychain *toy, uint32_t parent, struct toy_options options)
{
    assert_true(toy->count < BLOCK_MAX);
    uint32_t index = toy->count++;
    struct toy_block *block = &toy->blocks[index];
    struct buf rest = buf_with_max(BLOCK_SIZE_MAX);
    size_t count = options.tx_count + options.repeat_tail;
    *block = (struct toy_block){.parent = parent,
                                .height = toy->blocks[parent].height + 1,
                                .prev = toy->blocks[parent].hash,
                                .tx_count = 1 + options.tx_count,
                                .raw = buf_with_max(BLOCK_SIZE_MAX)};
    block->txs = arena_alloc(&toy->arena, 1 + count, sizeof *block->txs);
    block->txs[0] =
        options.duplicate ? toy->blocks[options.duplicate].txs[0] : coinbase_of(toy, options.pay);
    for (size_t i = 0; i < count; i++) {
        block->txs[1 + i] = options.txs[i < options.tx_count ? i : options.tx_count - 1];
        write_tx(&rest, &block->txs[1 + i], bytes_of("", 0));
    }
    if (!options.duplicate)
        commitment_add(toy, block);
    memset(buf_extend(&block->raw, HEADER_SIZE), 0, HEADER_SIZE);
    buf_compact(&block->raw, 1 + count);
    coinbase_write(toy, &block->raw, index, options.duplicate);
    buf_add(&block->raw, buf_bytes(&rest));
    buf_free(&rest);
    assert_false(block->raw.bad);
    block_seal(toy, block, options.bad_root);
    return index;
}

struct toy_tx toy_pay(struct toychain *toy, const struct outpoint *ins, size_t in_count,
                      const struct bytes *scripts, size_t script_count)
{
    struct buf nowhere = buf_with_max(BLOCK_SIZE_MAX);
    struct toy_tx tx = {.in_count = in_count, .out_count = script_count, .witness = in_count % 2};
    tx.ins = arena_alloc(&toy->arena, in_count, sizeof *tx.ins);
    memcpy(tx.ins, ins, in_count * sizeof *ins);
    tx.outs = arena_alloc(&toy->arena, script_count, sizeof *tx.outs);
    for (size_t i = 0; i < script_count; i++)
        tx.outs[i] = (struct toy_out){1000 + (int64_t)i, scripts[i]};
    write_tx(&nowhere, &tx, bytes_of("", 0)); /* for its txid */
    buf_free(&nowhere);
    return tx;
}

/* Outpoints that a random transaction may spend. */
struct purse {
    struct outpoint *outpoints;
    size_t count;
};

static void purse_put(struct purse *purse, const struct toy_tx *tx)
{
    for (uint32_t i = 0; i < tx->out_count; i++)
        if (!script_unspendable(tx->outs[i].script))
            purse->outpoints[purse->count++] = (struct outpoint){tx->txid, i};
}

static void purse_fill(struct purse *purse, struct toychain *toy, uint32_t tip, size_t room)
{
    struct arena arena = {0};
    struct toy_coins all = toy_outputs(toy, tip, &arena);
    purse->outpoints = mem_alloc((all.count + room) * sizeof *purse->outpoints);
    purse->count = 0;
    for (size_t i = 0; i < all.count; i++)
        if (!all.coins[i].spent && !all.coins[i].overwritten && all.coins[i].block > 0 &&
            !script_unspendable(all.coins[i].script))
            purse->outpoints[purse->count++] = all.coins[i].outpoint;
    arena_free(&arena);
}

static struct toy_tx random_tx(struct toychain *toy, struct purse *purse)
{
    struct outpoint ins[TX_IN_MAX];
    struct bytes scripts[TX_OUT_MAX];
    size_t in_count = 1 + toy_random(toy, purse->count < TX_IN_MAX ? purse->count : TX_IN_MAX);
    size_t out_count = 1 + toy_random(toy, TX_OUT_MAX);
    for (size_t i = 0; i < in_count; i++) {
        size_t at = toy_random(toy, purse->count);
        ins[i] = purse->outpoints[at];
        purse->outpoints[at] = purse->outpoints[--purse->count];
    }
    for (size_t i = 0; i < out_count; i++)
        scripts[i] = toy->scripts[toy_random(toy, toy->script_count)];
    struct toy_tx tx = toy_pay(toy, ins, in_count, scripts, out_count);
    for (size_t i = 0; i < out_count; i++)
        tx.outs[i].value = toy_random(toy, 5) ? (int64_t)toy_random(toy, 100000) : 0;
    tx.witness = toy_random(toy, 2);
    struct buf nowhere = buf_with_max(BLOCK_SIZE_MAX);
    write_tx(&nowhere, &tx, bytes_of("", 0));
    buf_free(&nowhere);
    purse_put(purse, &tx);
    return tx;
}

uint32_t toy_mine_random(struct toychain *toy, uint32_t parent, size_t tx_max)
{
    struct purse purse;
    size_t count = toy_random(toy, tx_max + 1);
    struct toy_tx *txs = mem_alloc((tx_max + 1) * sizeof *txs);
    size_t made = 0;
    purse_fill(&purse, toy, parent, tx_max * TX_OUT_MAX);
    while (made < count && purse.count > 0)
        txs[made++] = random_tx(toy, &purse);
    uint32_t index = toy_mine(
        toy, parent,
        (struct toy_options){
            .txs = txs, .tx_count = made, .pay = toy->scripts[toy_random(toy, toy->script_count)]});
    free(purse.outpoints);
    free(txs);
    return index;
}

uint32_t toy_grow(struct toychain *toy, uint32_t parent, uint32_t count, size_t tx_max)
{
    for (uint32_t i = 0; i < count; i++)
        parent = toy_mine_random(toy, parent, tx_max);
    return parent;
}

uint32_t *toy_branch(const struct toychain *toy, uint32_t tip, struct arena *arena)
{
    uint32_t height = toy->blocks[tip].height;
    uint32_t *branch = arena_alloc(arena, height + 1, sizeof *branch);
    for (uint32_t h = height + 1; h-- > 0; tip = toy->blocks[tip].parent)
        branch[h] = tip;
    return branch;
}

/* ---- the truth ----------------------------------------------------------------------------------
 */

static uint32_t *bucket_of(const struct toy_coins *list, const struct outpoint *outpoint)
{
    return &list->buckets[(load_le32(outpoint->txid.b) + outpoint->vout) % TOY_BUCKETS];
}

struct toy_coin *toy_find(const struct toy_coins *list, const struct outpoint *outpoint)
{
    for (uint32_t at = *bucket_of(list, outpoint); at > 0; at = list->coins[at - 1].next)
        if (list->coins[at - 1].outpoint.vout == outpoint->vout &&
            hash256_equal(&list->coins[at - 1].outpoint.txid, &outpoint->txid))
            return &list->coins[at - 1];
    return NULL;
}

static void coins_of_tx(const struct toychain *toy, struct toy_coins *list, uint32_t block,
                        uint32_t tx)
{
    const struct toy_tx *from = &toy->blocks[block].txs[tx];
    for (uint32_t i = 0; tx > 0 && i < from->in_count; i++) {
        struct toy_coin *coin = toy_find(list, &from->ins[i]);
        assert_true(coin && !coin->spent);
        coin->spent = true;
        coin->spent_block = block;
        coin->spent_tx = tx;
        coin->spent_vin = i;
    }
    for (uint32_t i = 0; i < from->out_count; i++) {
        struct outpoint outpoint = {from->txid, i};
        struct toy_coin *old = tx == 0 ? toy_find(list, &outpoint) : NULL;
        if (old && !old->spent) {
            old->overwritten = true;
            old->spent_block = block;
        }
        list->coins[list->count++] = (struct toy_coin){.outpoint = outpoint,
                                                       .script = from->outs[i].script,
                                                       .value = from->outs[i].value,
                                                       .block = block,
                                                       .tx_index = tx,
                                                       .next = *bucket_of(list, &outpoint)};
        *bucket_of(list, &outpoint) = (uint32_t)list->count; /* index + 1 */
    }
}

struct toy_coins toy_outputs(const struct toychain *toy, uint32_t tip, struct arena *arena)
{
    struct toy_coins list = {.count = 0};
    uint32_t *branch = toy_branch(toy, tip, arena);
    uint32_t height = toy->blocks[tip].height;
    size_t capacity = 0;
    for (uint32_t h = 0; h <= height; h++)
        for (size_t i = 0; i < toy->blocks[branch[h]].tx_count; i++)
            capacity += toy->blocks[branch[h]].txs[i].out_count;
    list.coins = arena_alloc(arena, capacity, sizeof *list.coins);
    list.buckets = arena_alloc(arena, TOY_BUCKETS, sizeof *list.buckets);
    for (uint32_t h = 0; h <= height; h++)
        for (uint32_t i = 0; i < toy->blocks[branch[h]].tx_count; i++)
            coins_of_tx(toy, &list, branch[h], i);
    return list;
}

void toy_undo(const struct toychain *toy, struct buf *buf, uint32_t block)
{
    struct arena arena = {0};
    const struct toy_block *of = &toy->blocks[block];
    struct toy_coins all = toy_outputs(toy, block, &arena);
    struct block_undo undo = {.tx_count = of->tx_count - 1};
    undo.txs = arena_alloc(&arena, undo.tx_count, sizeof *undo.txs);
    for (size_t i = 1; i < of->tx_count; i++) {
        struct undo_tx *tx = &undo.txs[i - 1];
        tx->coin_count = of->txs[i].in_count;
        tx->coins = arena_alloc(&arena, tx->coin_count, sizeof *tx->coins);
        for (size_t n = 0; n < tx->coin_count; n++) {
            const struct toy_coin *coin = toy_find(&all, &of->txs[i].ins[n]);
            assert_non_null(coin);
            tx->coins[n] = (struct undo_coin){.value = amount_of(coin->value),
                                              .script = coin->script,
                                              .height = toy->blocks[coin->block].height,
                                              .coinbase = coin->tx_index == 0};
        }
    }
    undo_write(buf, &undo);
    arena_free(&arena);
}

/* ---- as files
 * ------------------------------------------------------------------------------------- */

void toy_write(const struct toychain *toy, const struct blkwriter *writer, struct toy_files files)
{
    for (size_t i = 0; i < files.count; i++) {
        const struct toy_block *block = &toy->blocks[files.blocks[i]];
        uint32_t file = files.first_file + (uint32_t)i / files.per_file;
        (void)blkwriter_block(writer, file, buf_bytes(&block->raw));
        if (!files.undo || block->height == 0)
            continue;
        struct buf undo = buf_with_max(BLOCK_SIZE_MAX);
        toy_undo(toy, &undo, files.blocks[i]);
        blkwriter_undo(writer, file, &block->prev, buf_bytes(&undo));
        buf_free(&undo);
    }
}

void toy_shuffle(struct toychain *toy, uint32_t *array, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t at = toy_random(toy, i);
        uint32_t other = array[at];
        array[at] = array[i - 1];
        array[i - 1] = other;
    }
}
