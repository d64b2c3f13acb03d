/* Filters of the blocks that are read, where rev records tell the prevouts: made by the workers of
 * the blocks that they have just walked, added by the committer in the order of heights. */
#include "scan/scan_priv.h"

enum {
    UNDO_SIZE_MAX = 1 << 28, /* of one record */
    BATCH_FILTERS_MAX = 64 << 20
};

void keeper_init(struct keeper *keeper)
{
    *keeper = (struct keeper){.undo = buf_with_max(UNDO_SIZE_MAX),
                              .filters = buf_with_max(BATCH_FILTERS_MAX)};
}

void keeper_free(struct keeper *keeper)
{
    filter_items_free(&keeper->items);
    buf_free(&keeper->undo);
    buf_free(&keeper->filters);
    arena_free(&keeper->arena);
}

/* ---- one block ------------------------------------------------------------------------------ */

/* A CompactSize of bytes that the walk has checked already. */
static uint64_t compact_known(const uint8_t **at)
{
    uint8_t first = *(*at)++;
    if (first < 0xfd)
        return first;
    uint64_t value = first == 0xfd ? load_le16(*at) : load_le32(*at);
    sanad_assert(first != 0xff); /* no count of a block is so long */
    *at += first == 0xfd ? 2 : 4;
    return value;
}

/* Adds the outputs of a transaction in its stripped form, and tells how many inputs it has. */
static uint64_t add_outputs(struct filter_items *items, const struct sha256_job *tx)
{
    const uint8_t *at = tx->data + 4;
    uint64_t in_count = compact_known(&at);
    for (uint64_t i = 0; i < in_count; i++) {
        at += 36;
        uint64_t size = compact_known(&at);
        at += size + 4;
    }
    for (uint64_t left = compact_known(&at); left > 0; left--) {
        at += 8;
        uint64_t size = compact_known(&at);
        filter_items_add_output(items, bytes_of(at, (size_t)size));
        at += size;
    }
    sanad_assert(at + 4 == tx->data + tx->size);
    return in_count;
}

/* Outputs of the block and prevouts of the record. */
static int add_all(struct keeper *keeper, const struct sha256_job *txs, size_t tx_count,
                   const struct block_undo *undo, struct err *err)
{
    static const char OTHER[] = "tells of other inputs than the block has";
    if (undo->tx_count + 1 != tx_count)
        return err_set(err, SANAD_REFUSED, "%s", OTHER);
    for (size_t i = 0; i < tx_count; i++) {
        uint64_t in_count = add_outputs(&keeper->items, &txs[i]);
        const struct undo_tx *spent = i > 0 ? &undo->txs[i - 1] : NULL;
        if (spent && spent->coin_count != in_count)
            return err_set(err, SANAD_REFUSED, "%s", OTHER);
        for (size_t n = 0; spent && n < in_count; n++)
            filter_items_add_prevout(&keeper->items, spent->coins[n].script);
    }
    return 0;
}

/* The genesis block spends nothing and has no record. */
static int undo_get(struct keeper *keeper, struct block_undo *ret_undo,
                    const struct work_block *block, const struct pass *pass, struct err *err)
{
    *ret_undo = (struct block_undo){.tx_count = 0};
    if (node_height(pass, block->node) == 0)
        return 0;
    int code = source_undo_read(pass->options->source, &keeper->undo, block->node, err);
    return code ? code : undo_parse(ret_undo, buf_bytes(&keeper->undo), &keeper->arena, err);
}

int keeper_block(struct keeper *keeper, struct work_block *block, const struct scratch *scratch,
                 const struct pass *pass, struct err *err)
{
    const struct hash256 *hash = &header_tree_node(pass->tree, block->node)->hash;
    const struct sha256_job *txs = scratch->jobs + block->job_at;
    struct block_undo undo;
    if (filters_has(pass->options->filters, hash))
        return 0;
    arena_reset(&keeper->arena);
    int code = undo_get(keeper, &undo, block, pass, err);
    if (code == SANAD_MISSING)
        return 0; /* without its prevouts a block has no filter */
    filter_items_begin(&keeper->items, hash);
    if (code == 0)
        code = add_all(keeper, txs, block->tx_count, &undo, err);
    if (code != 0)
        return err_wrap(err, "block %u: rev record", node_height(pass, block->node));
    block->filter_at = keeper->filters.size;
    filter_items_write(&keeper->filters, &keeper->items);
    sanad_assert(!keeper->filters.bad);
    block->filter_size = (uint32_t)(keeper->filters.size - block->filter_at);
    filter_hash(&block->filter_hash,
                bytes_of(keeper->filters.data + block->filter_at, block->filter_size));
    return 0;
}

/* ---- adding --------------------------------------------------------------------------------- */

int keep_add(const struct pass *pass, uint32_t node, const struct hash256 *filter_hash,
             struct bytes filter, struct err *err)
{
    const struct header_node *header = header_tree_node(pass->tree, node);
    struct filters *filters = pass->options->filters;
    struct filter_entry before = {.height = 0};
    struct filter_entry entry = {
        .block_hash = header->hash, .height = header->height, .filter_hash = *filter_hash};
    int code = SANAD_MISSING;
    if (header->prev != NODE_NONE)
        code = filters_get(filters, &before, NULL,
                           &header_tree_node(pass->tree, header->prev)->hash, err);
    if (code == 0)
        entry.prev_header = before.header;
    else if (code == SANAD_MISSING)
        entry.unrooted = header->height > 0;
    else
        return code;
    filter_header(&entry.header, &entry.filter_hash, &entry.prev_header);
    return filters_add_hashed(filters, &entry, filter, err);
}
