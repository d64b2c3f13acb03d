/* Coins of a test, written as a node would dump them. */
#include "coinfile.h"
#include "source/source.h"

#include <stdlib.h>
#include <uthash.h>

void coinfile_add(struct coinfile *file, const struct coinfile_coin *coin)
{
    if (file->count == file->capacity) {
        file->capacity = file->capacity ? 2 * file->capacity : 64;
        file->coins = mem_realloc(file->coins, file->capacity, sizeof *file->coins);
    }
    file->coins[file->count++] = *coin;
}

void coinfile_free(struct coinfile *file)
{
    free(file->coins);
    *file = (struct coinfile){0};
}

/* The key of a coin in the node's database: txid, then the index as a VARINT, byte by byte. */
static int database_order(const void *a, const void *b)
{
    const struct coinfile_coin *left = a;
    const struct coinfile_coin *right = b;
    struct buf l = buf_with_max(16);
    struct buf r = buf_with_max(16);
    int order = hash256_compare(&left->outpoint.txid, &right->outpoint.txid);
    buf_varint(&l, left->outpoint.vout);
    buf_varint(&r, right->outpoint.vout);
    if (order == 0)
        order = memcmp(l.data, r.data, l.size < r.size ? l.size : r.size);
    buf_free(&l);
    buf_free(&r);
    return order;
}

static int number_order(const void *a, const void *b)
{
    const struct coinfile_coin *left = a;
    const struct coinfile_coin *right = b;
    int order = hash256_compare(&left->outpoint.txid, &right->outpoint.txid);
    if (order == 0)
        order = left->outpoint.vout < right->outpoint.vout ? -1 : 1;
    return order;
}

void coinfile_write(struct buf *ret_raw, struct coinfile *file, const struct chain_params *params,
                    const struct hash256 *base)
{
    qsort(file->coins, file->count, sizeof *file->coins, database_order);
    buf_add(ret_raw, bytes_of("utxo\xff", 5));
    buf_le16(ret_raw, 2);
    buf_add(ret_raw, bytes_of(params->magic, 4));
    buf_add(ret_raw, bytes_of(base->b, 32));
    buf_le64(ret_raw, file->count);
    for (size_t i = 0; i < file->count;) {
        size_t end = i + 1;
        while (end < file->count &&
               hash256_equal(&file->coins[end].outpoint.txid, &file->coins[i].outpoint.txid))
            end++;
        buf_add(ret_raw, bytes_of(file->coins[i].outpoint.txid.b, 32));
        buf_compact(ret_raw, end - i);
        for (; i < end; i++) {
            const struct coinfile_coin *coin = &file->coins[i];
            buf_compact(ret_raw, coin->outpoint.vout);
            buf_varint(ret_raw, (uint64_t)coin->height * 2 + coin->coinbase);
            buf_varint(ret_raw, amount_compress(amount_of(coin->sat)));
            script_compress(ret_raw, coin->script);
        }
    }
}

void coinfile_serialized(struct hash256 *ret_hash, struct coinfile *file)
{
    struct sha256 hash;
    struct hash256 once;
    sha256_init(&hash);
    qsort(file->coins, file->count, sizeof *file->coins, number_order);
    for (size_t i = 0; i < file->count; i++) {
        const struct coinfile_coin *coin = &file->coins[i];
        struct buf text = buf_with_max(SCRIPT_SIZE_MAX + 128);
        buf_add(&text, bytes_of(coin->outpoint.txid.b, 32));
        buf_le32(&text, coin->outpoint.vout);
        buf_le32(&text, coin->height * 2 + coin->coinbase);
        buf_le64(&text, (uint64_t)coin->sat);
        buf_compact(&text, coin->script.size);
        buf_add(&text, coin->script);
        sha256_add(&hash, buf_bytes(&text));
        buf_free(&text);
    }
    sha256_final(&once, &hash);
    sha256_of(ret_hash, bytes_of(once.b, sizeof once.b));
}

/* ---- the unspent coins of a chain ----------------------------------------------------------- */

struct unspent {
    struct outpoint outpoint;
    struct coinfile_coin coin;
    UT_hash_handle hh;
};

static void outputs_add(struct unspent **set, const struct block *block, size_t at,
                        const struct hash256 *txid, uint32_t height, struct arena *arena)
{
    const struct tx *tx = &block->txs[at];
    for (uint32_t i = 0; i < tx->out_count; i++) {
        struct unspent *entry = mem_zalloc(1, sizeof *entry);
        struct unspent *old;
        if (script_unspendable(tx->outs[i].script)) {
            free(entry);
            continue;
        }
        entry->outpoint.txid = *txid;
        entry->outpoint.vout = i;
        entry->coin = (struct coinfile_coin){.outpoint = entry->outpoint,
                                             .height = height,
                                             .coinbase = at == 0,
                                             .sat = amount_minor(tx->outs[i].value),
                                             .script = arena_bytes(arena, tx->outs[i].script)};
        HASH_REPLACE(hh, *set, outpoint, sizeof entry->outpoint, entry, old);
        free(old);
    }
}

static void inputs_remove(struct unspent **set, const struct tx *tx)
{
    for (size_t i = 0; i < tx->in_count; i++) {
        struct unspent *entry;
        HASH_FIND(hh, *set, &tx->ins[i].prevout, sizeof tx->ins[i].prevout, entry);
        assert_non_null(entry);
        HASH_DEL(*set, entry);
        free(entry);
    }
}

static void block_apply(struct unspent **set, struct bytes raw, uint32_t height,
                        struct arena *scripts)
{
    struct arena arena = {0};
    struct block block;
    struct err err = {0};
    test_ok(block_parse(&block, raw, &arena, &err), &err);
    struct hash256 *txids = mem_zalloc(block.tx_count, sizeof *txids);
    block_txids(txids, &block);
    for (size_t i = 0; i < block.tx_count && height > 0; i++) { /* genesis can't be spent */
        if (i > 0)
            inputs_remove(set, &block.txs[i]);
        outputs_add(set, &block, i, &txids[i], height, scripts);
    }
    free(txids);
    arena_free(&arena);
}

void coinfile_of_blocks(struct coinfile *ret_file, struct hash256 *ret_base, const char *folder,
                        const struct chain_params *params, uint32_t height, struct arena *arena)
{
    struct source *source;
    struct source_options options = {.params = params};
    struct err err = {0};
    char spec[PATH_SIZE + 8];
    struct unspent *set = NULL;
    struct unspent *entry;
    struct unspent *next;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    (void)snprintf(spec, sizeof spec, "blocks:%s", folder);
    test_ok(source_open(&source, spec, &options, &err), &err);
    for (uint32_t i = 0; i <= height; i++) {
        uint32_t node = source_active(source, i);
        test_ok(source_block_read(source, &raw, node, &err), &err);
        block_apply(&set, buf_bytes(&raw), i, arena);
        *ret_base = header_tree_node(source_headers(source), node)->hash;
    }
    HASH_ITER (hh, set, entry, next) {
        coinfile_add(ret_file, &entry->coin);
        HASH_DEL(set, entry);
        free(entry);
    }
    buf_free(&raw);
    source_close(source);
}
