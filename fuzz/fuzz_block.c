/* Fuzzes the reader of blocks and their check. The last four bytes give the height, so that
 * the rules of every age are reached. What parses must be its transactions, end to end. */
#include "chain/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_whole(const struct block *block)
{
    const uint8_t *at = block->txs[0].raw.data;
    for (size_t i = 0; i < block->tx_count; i++) {
        sanad_assert(block->txs[i].raw.data == at);
        sanad_assert(tx_is_coinbase(&block->txs[i]) == (i == 0));
        at += block->txs[i].raw.size;
    }
    sanad_assert(at == block->raw.data + block->raw.size);
    sanad_assert(block_weight(block) <= 4 * (uint64_t)block->raw.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct block block;
    struct err err = {0};
    if (size < 4)
        return 0;
    uint32_t height = load_le32(data + size - 4);
    if (block_parse(&block, bytes_of(data, size - 4), &arena, &err) == 0) {
        check_whole(&block);
        for (int id = 0; id < CHAIN_COUNT; id++) {
            int code = block_check(&block, chain_params_get((enum chain_id)id), height, &err);
            sanad_assert(code == 0 || (code == SANAD_REFUSED && err.text[0]));
        }
    } else {
        sanad_assert(err.code == SANAD_REFUSED && err.text[0]);
    }
    arena_free(&arena);
    return 0;
}
