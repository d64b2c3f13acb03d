/* Blocks: parse whole, and check what the header and the coinbase commit to. */
#include "chain/chain_priv.h"

#include <stdlib.h>

enum {
    TX_SIZE_MIN = 60, /* version 4, counts 2, one input 41, one output 9, lock time 4 */
    COINBASE_SCRIPT_MIN = 2,
    COINBASE_SCRIPT_MAX = 100,
    COMMITMENT_SIZE = 38, /* OP_RETURN, push of 36, 4 bytes of tag, 32 of hash */
    WITNESS_NONCE_SIZE = 32,
    BLOCK_WEIGHT_MAX = 4000000
};

_Static_assert(BLOCK_TX_MAX == BLOCK_SIZE_MAX / TX_SIZE_MIN, "one follows from the other");

static int refuse(const struct block *block, struct err *err, const char *rule)
{
    char hash[HEX256_SIZE];
    hash256_display(hash, &block->hash);
    return err_set(err, SANAD_REFUSED, "block %s: %s", hash, rule);
}

static int wrap(const struct block *block, size_t index, struct err *err)
{
    char hash[HEX256_SIZE];
    hash256_display(hash, &block->hash);
    return err_wrap(err, "block %s, transaction %zu of %zu", hash, index, block->tx_count);
}

/* Only the first transaction makes coins from nothing; no other input may name nothing. */
static int check_roles(const struct block *block, struct err *err)
{
    const struct tx *coinbase = &block->txs[0];
    sanad_assert(block->tx_count > 0);
    if (!tx_is_coinbase(coinbase))
        return refuse(block, err, "the first transaction is no coinbase");
    if (coinbase->ins[0].script_sig.size < COINBASE_SCRIPT_MIN ||
        coinbase->ins[0].script_sig.size > COINBASE_SCRIPT_MAX)
        return refuse(block, err, "the coinbase's script has not 2 to 100 bytes");
    for (size_t i = 1; i < block->tx_count; i++)
        for (size_t n = 0; n < block->txs[i].in_count; n++) {
            const struct outpoint *prevout = &block->txs[i].ins[n].prevout;
            if (prevout->vout == 0xffffffff && hash256_is_zero(&prevout->txid))
                return refuse(block, err, "an input that is not the coinbase's spends nothing");
        }
    return 0;
}

int block_parse(struct block *ret_block, struct bytes raw, struct arena *arena, struct err *err)
{
    struct block block = {.raw = raw};
    if (raw.size < HEADER_SIZE + 1 + TX_SIZE_MIN || raw.size > BLOCK_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "block: %zu bytes, not 141 to 4,000,000", raw.size);
    struct cursor cursor = cursor_of(raw);
    struct bytes header = cursor_take(&cursor, HEADER_SIZE);
    header_parse(&block.header, header.data);
    header_hash(&block.hash, header.data);
    uint64_t count = cursor_compact(&cursor, BLOCK_TX_MAX);
    if (cursor.bad || count == 0 || count > cursor_left(&cursor) / TX_SIZE_MIN)
        return refuse(&block, err, "the number of transactions is impossible");
    block.tx_count = (size_t)count;
    block.txs = arena_alloc(arena, block.tx_count, sizeof *block.txs);
    for (size_t i = 0; i < block.tx_count; i++)
        if (tx_parse(&block.txs[i], &cursor, arena, err) != 0)
            return wrap(&block, i, err);
    if (!cursor_done(&cursor))
        return refuse(&block, err, "bytes follow the last transaction");
    int code = check_roles(&block, err);
    if (code == 0)
        *ret_block = block;
    return code;
}

uint64_t block_weight(const struct block *block)
{
    size_t stripped = block->raw.size;
    for (size_t i = 0; i < block->tx_count; i++)
        stripped -= block->txs[i].raw.size - tx_stripped_size(&block->txs[i]);
    sanad_assert(stripped <= block->raw.size);
    return 3 * (uint64_t)stripped + block->raw.size;
}

void block_txids(struct hash256 *ret_txids, const struct block *block)
{
    struct buf stripped = buf_with_max(BLOCK_SIZE_MAX);
    struct sha256_job *jobs = mem_zalloc(block->tx_count, sizeof *jobs);
    size_t size = 0;
    for (size_t i = 0; i < block->tx_count; i++)
        size += block->txs[i].has_witness ? tx_stripped_size(&block->txs[i]) : 0;
    if (size > 0)
        (void)buf_extend(&stripped, size); /* reserved whole, so that no job's bytes move */
    buf_reset(&stripped);
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct tx *tx = &block->txs[i];
        size_t begin = stripped.size;
        if (tx->has_witness)
            tx_write_stripped(&stripped, tx);
        jobs[i] = (struct sha256_job){
            .data = tx->has_witness ? stripped.data + begin : tx->raw.data,
            .size = tx->has_witness ? stripped.size - begin : tx->raw.size,
            .ret_digest = &ret_txids[i],
        };
    }
    sanad_assert(!stripped.bad);
    sha256d_many(jobs, block->tx_count);
    free(jobs);
    buf_free(&stripped);
}

void block_wtxids(struct hash256 *ret_wtxids, const struct block *block)
{
    sanad_assert(block->tx_count > 0);
    struct sha256_job *jobs = mem_zalloc(block->tx_count, sizeof *jobs);
    for (size_t i = 0; i < block->tx_count; i++)
        jobs[i] = (struct sha256_job){.data = block->txs[i].raw.data,
                                      .size = block->txs[i].raw.size,
                                      .ret_digest = &ret_wtxids[i]};
    sha256d_many(jobs, block->tx_count);
    free(jobs);
    ret_wtxids[0] = (struct hash256){{0}}; /* BIP141: the coinbase's counts as zero */
}

static int check_merkle_root(const struct block *block, struct err *err)
{
    struct hash256 root;
    bool mutated;
    struct hash256 *txids = mem_alloc(block->tx_count * sizeof *txids);
    block_txids(txids, block);
    merkle_root(&root, &mutated, txids, block->tx_count);
    free(txids);
    if (!hash256_equal(&root, &block->header.merkle_root))
        return refuse(block, err, "the merkle root differs from the header");
    if (mutated)
        return refuse(block, err,
                      "transactions are repeated under one merkle root (CVE-2012-2459)");
    return 0;
}

/* BIP141: the last output of the coinbase that has the commitment's form. */
static const uint8_t *find_commitment(const struct tx *coinbase)
{
    static const uint8_t head[] = {0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed};
    for (size_t i = coinbase->out_count; i-- > 0;) {
        struct bytes script = coinbase->outs[i].script;
        if (script.size >= COMMITMENT_SIZE && memcmp(script.data, head, sizeof head) == 0)
            return script.data + sizeof head;
    }
    return NULL;
}

static bool any_witness(const struct block *block)
{
    for (size_t i = 0; i < block->tx_count; i++)
        if (block->txs[i].has_witness)
            return true;
    return false;
}

static int check_commitment(const struct block *block, const uint8_t *commitment, struct err *err)
{
    const struct tx_in *in = &block->txs[0].ins[0];
    uint8_t pair[64];
    struct hash256 root;
    bool mutated;
    /* The stack's raw form: one item, its size, its bytes. */
    if (in->witness_count != 1 || in->witness.size != 2 + WITNESS_NONCE_SIZE)
        return refuse(block, err, "the coinbase's witness is not one item of 32 bytes (BIP141)");
    struct hash256 *wtxids = mem_alloc(block->tx_count * sizeof *wtxids);
    block_wtxids(wtxids, block);
    merkle_root(&root, &mutated, wtxids, block->tx_count);
    free(wtxids);
    memcpy(pair, root.b, 32);
    memcpy(pair + 32, in->witness.data + 2, 32);
    sha256d_of(&root, bytes_of(pair, sizeof pair));
    if (memcmp(root.b, commitment, 32) != 0)
        return refuse(block, err, "the witness commitment differs from the witnesses (BIP141)");
    return 0;
}

static int check_witness(const struct block *block, const struct chain_params *params,
                         uint32_t height, struct err *err)
{
    bool known = height != NODE_NONE;
    bool active = !known || height >= params->segwit_height;
    bool witnessed = any_witness(block);
    const uint8_t *commitment = active ? find_commitment(&block->txs[0]) : NULL;
    if (commitment && (known || witnessed))
        return check_commitment(block, commitment, err);
    if (witnessed)
        return refuse(block, err, "a witness that no commitment covers (BIP141)");
    return 0;
}

/* BIP34: the height as the first push, in the form that Core's script builder gives it. */
static size_t height_push(uint8_t ret_push[6], uint32_t height)
{
    if (height <= 16) {
        ret_push[0] = height == 0 ? 0 : (uint8_t)(0x50 + height);
        return 1;
    }
    size_t size = 0;
    for (uint64_t rest = height; rest > 0; rest >>= 8)
        ret_push[1 + size++] = (uint8_t)rest;
    sanad_assert(size >= 1 && size <= 4);
    if (ret_push[size] & 0x80) /* would read as negative */
        ret_push[1 + size++] = 0;
    ret_push[0] = (uint8_t)size;
    return 1 + size;
}

static int check_height(const struct block *block, uint32_t height, struct err *err)
{
    uint8_t push[6];
    size_t size = height_push(push, height);
    struct bytes script = block->txs[0].ins[0].script_sig;
    if (script.size < size || memcmp(script.data, push, size) != 0)
        return refuse(block, err, "the coinbase does not begin with the height (BIP34)");
    return 0;
}

int block_check(const struct block *block, const struct chain_params *params, uint32_t height,
                struct err *err)
{
    int code = check_merkle_root(block, err);
    if (code == 0)
        code = check_witness(block, params, height, err);
    if (code == 0 && height != NODE_NONE && height >= params->bip34_height)
        code = check_height(block, height, err);
    if (code == 0 && block_weight(block) > BLOCK_WEIGHT_MAX)
        code = refuse(block, err, "weight over 4,000,000 (BIP141)");
    return code;
}
