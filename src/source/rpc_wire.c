/* What a node answers, read from bytes that nobody vouches for. Pure: no I/O. */
#include "source/source_priv.h"

#include <stdlib.h>

enum { JSON_ID_MAX = 1 << 20, JSON_REASON_SIZE = 200 };

/* ---- getblockchaininfo ---------------------------------------------------------------------- */

static int hash_member(struct hash256 *ret_hash, const json_t *json, const char *key,
                       struct err *err)
{
    const char *text;
    int code = json_get_string(&text, "chain info", json, key, err);
    if (code == 0 && !hash256_from_display(ret_hash, text))
        code = err_set(err, SANAD_REFUSED, "chain info: \"%s\" is no block hash", key);
    return code;
}

int rpc_info_read(struct rpc_info *ret_info, const json_t *json, struct err *err)
{
    struct rpc_info info = {.prune_height = 0};
    const char *chain;
    int64_t blocks;
    int64_t headers;
    int64_t pruned_below = 0;
    if (!json_is_object(json))
        return err_set(err, SANAD_REFUSED, "chain info: not an object");
    int code = json_get_string(&chain, "chain info", json, "chain", err);
    if (code == 0)
        code = json_get_integer(&blocks, "chain info", json, "blocks", 0, RPC_HEIGHT_MAX, err);
    if (code == 0)
        code = json_get_integer(&headers, "chain info", json, "headers", -1, RPC_HEIGHT_MAX, err);
    if (code == 0)
        code = hash_member(&info.best, json, "bestblockhash", err);
    info.pruned = json_is_true(json_object_get(json, "pruned"));
    info.downloading = json_is_true(json_object_get(json, "initialblockdownload"));
    /* A node that may prune and has not yet leaves the height out. */
    if (code == 0 && info.pruned && json_object_get(json, "pruneheight"))
        code = json_get_integer(&pruned_below, "chain info", json, "pruneheight", 0, RPC_HEIGHT_MAX,
                                err);
    if (code)
        return code;
    (void)snprintf(info.chain, sizeof info.chain, "%s", chain);
    info.blocks = (uint32_t)blocks;
    info.headers = headers < 0 ? 0 : (uint32_t)headers;
    info.prune_height = (uint32_t)pruned_below;
    *ret_info = info;
    return 0;
}

/* ---- JSON-RPC ---------------------------------------------------------------------------------
 */

int rpc_result_take(json_t **ret_result, int64_t *ret_id, const json_t *answer,
                    struct rpc_fault *ret_fault, struct err *err)
{
    const json_t *fault = json_object_get(answer, "error");
    json_t *result = json_object_get(answer, "result");
    int64_t code_of = 0;
    const char *message = "";
    if (!json_is_object(answer))
        return err_set(err, SANAD_REFUSED, "an answer that is no JSON-RPC");
    int code = json_get_integer(ret_id, "an answer", answer, "id", 0, JSON_ID_MAX, err);
    if (code)
        return code;
    *ret_fault = (struct rpc_fault){.code = 0};
    if (fault && !json_is_null(fault)) {
        code = json_get_integer(&code_of, "an error", fault, "code", INT32_MIN, INT32_MAX, err);
        if (code == 0)
            code = json_get_string(&message, "an error", fault, "message", err);
        if (code == 0 && code_of == 0)
            code = err_set(err, SANAD_REFUSED, "an error: \"code\" is 0");
        if (code)
            return code;
        ret_fault->code = (int)code_of;
        (void)snprintf(ret_fault->text, sizeof ret_fault->text, "%.*s", JSON_REASON_SIZE, message);
        *ret_result = NULL;
        return 0;
    }
    if (!result)
        return err_set(err, SANAD_REFUSED, "an answer without a result");
    *ret_result = result;
    return 0;
}

int rpc_hex_take(struct buf *buf, const json_t *json, size_t size_max, struct err *err)
{
    const char *text = json_string_value(json);
    size_t size = text ? json_string_length(json) : 0;
    if (!text || size % 2 != 0)
        return err_set(err, SANAD_REFUSED, "not a string of hexadecimal bytes");
    if (size / 2 > size_max)
        return err_set(err, SANAD_REFUSED, "%zu bytes, over %zu", size / 2, size_max);
    uint8_t *room = buf_extend(buf, size / 2);
    if (size > 0 && (!room || !hex_decode(room, size / 2, text, size)))
        return err_set(err, SANAD_REFUSED, "not a string of hexadecimal bytes");
    return 0;
}

int rpc_heights_read(uint32_t *ret_heights, size_t count, const json_t *transaction,
                     struct err *err)
{
    const json_t *ins = json_object_get(transaction, "vin");
    if (!json_is_array(ins) || json_array_size(ins) != count)
        return err_set(err, SANAD_REFUSED, "a transaction with other inputs than it has");
    for (size_t i = 0; i < count; i++) {
        const json_t *prevout = json_object_get(json_array_get(ins, i), "prevout");
        int64_t height;
        if (!prevout)
            return err_set(err, SANAD_MISSING, "a transaction without what it spends");
        int code = json_get_integer(&height, "prevout", prevout, "height", 0, RPC_HEIGHT_MAX, err);
        if (code)
            return code;
        ret_heights[i] = (uint32_t)height;
    }
    return 0;
}

/* ---- headers ------------------------------------------------------------------------------------
 */

int rpc_headers_check(size_t *ret_count, struct bytes answer, const struct hash256 *first,
                      struct err *err)
{
    struct hash256 prev;
    size_t count = answer.size / HEADER_SIZE;
    if (answer.size % HEADER_SIZE != 0)
        return err_set(err, SANAD_REFUSED, "headers: %zu bytes, no multiple of %d", answer.size,
                       HEADER_SIZE);
    if (count > RPC_HEADERS_MAX)
        return err_set(err, SANAD_REFUSED, "headers: %zu, over %d", count, RPC_HEADERS_MAX);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *raw = answer.data + i * HEADER_SIZE;
        struct header header;
        header_parse(&header, raw);
        if (i > 0 && !hash256_equal(&header.prev, &prev))
            return err_set(err, SANAD_REFUSED, "headers: one does not follow the one before");
        header_hash(&prev, raw);
        if (i == 0 && !hash256_equal(&prev, first))
            return err_set(err, SANAD_REFUSED, "headers: they do not begin where they were asked");
    }
    *ret_count = count;
    return 0;
}

/* ---- spent outputs --------------------------------------------------------------------------- */

/* The outputs that one transaction spends. Their heights are not told: 0. */
static int spent_tx_read(struct undo_tx *ret_tx, struct cursor *cursor, struct arena *arena,
                         struct err *err)
{
    uint64_t count = cursor_compact(cursor, TX_ITEM_MAX);
    if (cursor->bad || count > cursor_left(cursor) / 9) /* value and length of a script */
        return err_set(err, SANAD_REFUSED, "spent outputs: more than the bytes can hold");
    ret_tx->coins = arena_alloc(arena, count, sizeof *ret_tx->coins);
    ret_tx->coin_count = count;
    for (uint64_t i = 0; i < count; i++) {
        struct undo_coin *coin = &ret_tx->coins[i];
        uint64_t sat = cursor_le64(cursor);
        coin->script = cursor_compact_bytes(cursor, SCRIPT_SIZE_MAX);
        if (cursor->bad || sat > (uint64_t)AMOUNT_MONEY_MAX_SAT)
            return err_set(err, SANAD_REFUSED, "spent outputs: one that no transaction can have");
        coin->value = amount_of((int64_t)sat);
    }
    return 0;
}

int rpc_spent_to_undo(struct buf *ret_undo, struct bytes answer, struct err *err)
{
    struct cursor cursor = cursor_of(answer);
    struct arena arena = {0};
    struct block_undo undo = {.tx_count = 0};
    uint64_t count = cursor_compact(&cursor, BLOCK_TX_MAX);
    int code = 0;
    if (cursor.bad || count == 0 || count > cursor_left(&cursor))
        return err_set(err, SANAD_REFUSED,
                       "spent outputs: the number of transactions is "
                       "impossible");
    if (cursor_compact(&cursor, 0) != 0 || cursor.bad)
        return err_set(err, SANAD_REFUSED, "spent outputs: the coinbase spends one");
    undo.tx_count = count - 1;
    undo.txs = arena_alloc(&arena, undo.tx_count, sizeof *undo.txs);
    for (size_t i = 0; i < undo.tx_count && code == 0; i++)
        code = spent_tx_read(&undo.txs[i], &cursor, &arena, err);
    if (code == 0 && !cursor_done(&cursor))
        code = err_set(err, SANAD_REFUSED, "spent outputs: bytes behind the end");
    if (code == 0)
        undo_write(ret_undo, &undo);
    if (code == 0 && ret_undo->bad)
        code = err_set(err, SANAD_REFUSED, "spent outputs: over %zu bytes", ret_undo->max);
    arena_free(&arena);
    return code;
}
