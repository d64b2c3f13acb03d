/* Any bytes as what a node answers: chain info, JSON-RPC, headers, spent outputs, by the first
 * byte. What is taken must be within its bounds, and spent outputs that are taken are undo data
 * that reads back. Corpus: one file of each, right and wrong. */
#include "source/source_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_info(struct bytes bytes)
{
    struct rpc_info info;
    json_t *json;
    if (json_read(&json, "fuzz", bytes, RPC_INFO_SIZE_MAX, NULL) != 0)
        return;
    if (rpc_info_read(&info, json, NULL) == 0) {
        sanad_assert(info.blocks <= RPC_HEIGHT_MAX && info.headers <= RPC_HEIGHT_MAX);
        sanad_assert(info.prune_height == 0 || info.pruned);
        sanad_assert(strlen(info.chain) < sizeof info.chain);
    }
    json_decref(json);
}

static void try_result(struct bytes bytes)
{
    struct rpc_fault fault;
    struct buf raw = buf_with_max(1000);
    json_t *json;
    json_t *result;
    int64_t id;
    uint32_t heights[3];
    if (json_read(&json, "fuzz", bytes, RPC_INFO_SIZE_MAX, NULL) != 0)
        return;
    if (rpc_result_take(&result, &id, json, &fault, NULL) == 0) {
        sanad_assert((result == NULL) == (fault.code != 0) && id >= 0);
        if (result && rpc_heights_read(heights, countof(heights), result, NULL) == 0)
            for (size_t i = 0; i < countof(heights); i++)
                sanad_assert(heights[i] <= RPC_HEIGHT_MAX);
        if (result && rpc_hex_take(&raw, result, 100, NULL) == 0)
            sanad_assert(raw.size <= 100 && 2 * raw.size == json_string_length(result));
    }
    buf_free(&raw);
    json_decref(json);
}

static void try_headers(struct bytes bytes)
{
    struct hash256 first = {{0}};
    size_t count;
    if (bytes.size >= HEADER_SIZE)
        header_hash(&first, bytes.data);
    if (rpc_headers_check(&count, bytes, &first, NULL) == 0)
        sanad_assert(count * HEADER_SIZE == bytes.size && count <= RPC_HEADERS_MAX);
}

static void try_spent(struct bytes bytes)
{
    struct buf raw = buf_with_max(RPC_SPENT_SIZE_MAX);
    struct arena arena = {0};
    struct block_undo undo;
    struct err err = {0};
    if (rpc_spent_to_undo(&raw, bytes, &err) == 0)
        sanad_assert(undo_parse(&undo, buf_bytes(&raw), &arena, &err) == 0 &&
                     undo.tx_count < BLOCK_TX_MAX);
    arena_free(&arena);
    buf_free(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct bytes) = {try_info, try_result, try_headers, try_spent};
    if (size > 0)
        tries[data[0] % countof(tries)](bytes_of(data + 1, size - 1));
    return 0;
}
