/* Coins out of a snapshot. Groups of one transaction come in the order of the node's database,
 * where output indexes are not in the order of numbers; the hash wants them so, and a group that is
 * not is put in order before it is handed on. All reads are held against the window's end, which is
 * moved on whenever less than one whole coin could be left. */
#include "snapshot/snapshot_priv.h"

#include <stdlib.h>

enum { GROUP_FEW = 16 }; /* coins of one transaction that need no memory of their own */

/* A coin, still compressed. */
struct raw_coin {
    uint32_t vout;
    uint32_t code; /* height * 2 + coinbase */
    uint64_t value;
    uint64_t kind;
    const uint8_t *data;
    size_t size;
};

/* Where a coin of the group stands in the chunk. */
struct record {
    uint32_t vout;
    size_t at;
    size_t size;
};

/* Reads of the window: past its end they give zeros and `bad`. */
static inline uint8_t take_u8(struct cursor *cursor)
{
    if (__builtin_expect(cursor->at == cursor->end, 0)) {
        cursor->bad = true;
        return 0;
    }
    return *cursor->at++;
}

static uint64_t take_varint_slowly(struct cursor *cursor)
{
    uint64_t value = 0;
    for (;;) {
        uint8_t byte = take_u8(cursor);
        if (value > UINT64_MAX >> 8) {
            cursor->bad = true; /* no number here needs so many bits */
            return 0;
        }
        value = value << 7 | (byte & 0x7f);
        if (!(byte & 0x80))
            return value;
        value++;
    }
}

/* A VARINT without a branch on its length, which nobody can predict: up to eight bytes are loaded,
 * those of the number moved to the low end, their seven bits each pushed together, and the ones
 * that each continuation adds come from a table. */
static inline uint64_t take_varint(struct cursor *cursor)
{
    static const uint64_t added[9] = {
        0, 0, 0x80, 0x4080, 0x204080, 0x10204080, 0x810204080, 0x40810204080, 0x2040810204080};
    if (__builtin_expect(cursor_left(cursor) < 8, 0))
        return take_varint_slowly(cursor);
    uint64_t word = load_le64(cursor->at);
    uint64_t ends = ~word & UINT64_C(0x8080808080808080);
    if (__builtin_expect(ends == 0, 0))
        return take_varint_slowly(cursor);
    unsigned size = ((unsigned)__builtin_ctzll(ends) >> 3) + 1;
    word = __builtin_bswap64(word) >> (64 - 8 * size) & UINT64_C(0x7f7f7f7f7f7f7f7f);
    word = (word & UINT64_C(0x007f007f007f007f)) | (word & UINT64_C(0x7f007f007f007f00)) >> 1;
    word = (word & UINT64_C(0x00003fff00003fff)) | (word & UINT64_C(0x3fff00003fff0000)) >> 2;
    word = (word & UINT64_C(0x000000000fffffff)) | (word & UINT64_C(0x0fffffff00000000)) >> 4;
    cursor->at += size;
    return word + added[size];
}

static inline uint64_t take_compact(struct cursor *cursor, uint64_t max)
{
    if (__builtin_expect(cursor->at != cursor->end && *cursor->at < 0xfd, 1)) {
        uint64_t value = *cursor->at++;
        cursor->bad |= value > max;
        return value;
    }
    return cursor_compact(cursor, max);
}

/* The window with a whole coin in it, where the file holds one. */
static inline int window_fill(struct parser *parser, struct err *err)
{
    if (__builtin_expect(parser->file.end - parser->file.at >= COIN_SIZE_MAX, 1))
        return 0;
    return parser->file.whole ? 0 : snapshot_file_more(&parser->file, err);
}

static inline bool take_coin(struct raw_coin *coin, struct cursor *cursor)
{
    coin->vout = (uint32_t)take_compact(cursor, UINT32_MAX - 1);
    uint64_t code = take_varint(cursor);
    coin->code = (uint32_t)code;
    coin->value = take_varint(cursor);
    coin->kind = __builtin_expect(cursor->at != cursor->end && *cursor->at < 0x80, 1)
                     ? *cursor->at++
                     : take_varint(cursor);
    coin->size = coin->kind >= COMPRESSED_KINDS ? (size_t)(coin->kind - COMPRESSED_KINDS)
                 : coin->kind >= 2              ? 32
                                                : 20;
    if (__builtin_expect(cursor->bad || code > UINT32_MAX || coin->size > SCRIPT_SIZE_MAX ||
                             coin->size > cursor_left(cursor),
                         0))
        return false;
    coin->data = cursor->at;
    cursor->at += coin->size;
    return true;
}

/* ---- the form that is hashed --------------------------------------------------------------------
 */

/* Expands the usual kinds; a P2PK of an uncompressed key needs its point. */
static int write_script(struct buf *chunk, const struct raw_coin *coin, struct err *err)
{
    struct arena arena = {0};
    struct buf raw = buf_with_max(COIN_SIZE_MAX);
    struct bytes script;
    buf_varint(&raw, coin->kind);
    buf_add(&raw, bytes_of(coin->data, coin->size));
    struct cursor cursor = cursor_of(buf_bytes(&raw));
    int code = script_decompress(&script, &cursor, &arena, err);
    if (code == 0) {
        buf_compact(chunk, script.size);
        buf_add(chunk, script);
    }
    buf_free(&raw);
    arena_free(&arena);
    return code;
}

/* `head`, the hash, `tail`, each of a fixed size: copied without a call. */
static inline uint8_t *put_hash(uint8_t *to, const char *head, size_t head_size,
                                const uint8_t *hash, const char *tail, size_t tail_size)
{
    memcpy(to, head, head_size);
    memcpy(to + head_size, hash, 20);
    memcpy(to + head_size + 20, tail, tail_size);
    return to + head_size + 20 + tail_size;
}

/* Room for one coin is there: the chunk was grown by the caller. */
static int write_coin(struct parser *parser, const struct raw_coin *coin, const uint8_t *txid,
                      int64_t value, struct err *err)
{
    struct buf *chunk = &parser->chunk;
    uint8_t *to = chunk->data + chunk->size;
    memcpy(to, txid, 32);
    memcpy(to + 32, &coin->vout, 4);
    memcpy(to + 36, &coin->code, 4);
    memcpy(to + 40, &value, 8);
    to += SERIAL_FIXED;
    if (coin->kind == 0)
        to = put_hash(to, "\x19\x76\xa9\x14", 4, coin->data, "\x88\xac", 2);
    else if (coin->kind == 1)
        to = put_hash(to, "\x17\xa9\x14", 3, coin->data, "\x87", 1);
    else if (coin->kind >= COMPRESSED_KINDS && coin->size < 0xfd) {
        *to++ = (uint8_t)coin->size;
        memcpy(to, coin->data, coin->size);
        to += coin->size;
    } else {
        chunk->size += SERIAL_FIXED;
        return write_script(chunk, coin, err);
    }
    chunk->size = (size_t)(to - chunk->data);
    return 0;
}

static int record_order(const void *a, const void *b)
{
    uint32_t left = ((const struct record *)a)->vout;
    uint32_t right = ((const struct record *)b)->vout;
    return left < right ? -1 : left > right;
}

/* A group's coins by output index, in place. */
static void records_sort(struct buf *chunk, size_t group_at, struct record *records, size_t count)
{
    size_t size = chunk->size - group_at;
    uint8_t *copy = mem_alloc(size);
    uint8_t *to = chunk->data + group_at;
    memcpy(copy, to, size);
    qsort(records, count, sizeof *records, record_order);
    for (size_t i = 0; i < count; i++) {
        memcpy(to, copy + (records[i].at - group_at), records[i].size);
        to += records[i].size;
    }
    sanad_assert(to == chunk->data + chunk->size);
    free(copy);
}

/* ---- groups -------------------------------------------------------------------------------------
 */

static int refuse(const struct parser *parser, const char *rule, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "%s: coin %llu: %s", parser->file.path,
                   (unsigned long long)(parser->result.head.coin_count - parser->coins_left), rule);
}

static int found(struct parser *parser, const struct raw_coin *coin, const uint8_t *txid,
                 struct amount value, uint32_t script, struct err *err)
{
    struct snapshot_coin hit = {.script = script,
                                .tx = (uint32_t)parser->result.tx_count,
                                .outpoint.vout = coin->vout,
                                .height = coin->code >> 1,
                                .coinbase = coin->code & 1,
                                .value = value};
    memcpy(hit.outpoint.txid.b, txid, 32);
    return parser->options->visit(parser->options->context, &hit, err);
}

static inline int coin_check(struct parser *parser, const struct raw_coin *coin,
                             struct amount *ret_value, struct err *err)
{
    int64_t base = parser->options->base_height;
    if (!amount_decompress(ret_value, coin->value))
        return refuse(parser, "worth over 21 million BTC", err);
    parser->result.total = amount_add(parser->result.total, *ret_value);
    if (!amount_is_money(parser->result.total))
        return refuse(parser, "all coins up to here are worth over 21 million BTC", err);
    if (base >= 0 && coin->code >> 1 > base)
        return refuse(parser, "younger than the snapshot's block", err);
    return 0;
}

/* One coin of a transaction; `record` (or NULL) takes where it was written. */
static inline int coin_run(struct parser *parser, const uint8_t *txid, struct record *record,
                           struct err *err)
{
    struct raw_coin coin;
    struct amount value;
    int code = window_fill(parser, err);
    if (code < 0)
        return code;
    struct cursor cursor =
        cursor_of(bytes_of(parser->file.at, (size_t)(parser->file.end - parser->file.at)));
    if (!take_coin(&coin, &cursor))
        return refuse(parser, "ends early, or a number in it is impossible", err);
    parser->file.at = cursor.at;
    code = coin_check(parser, &coin, &value, err);
    uint64_t word = match_word(coin.kind, coin.data, coin.size);
    if (code == 0 && __builtin_expect(match_maybe(&parser->match, word), 0)) {
        uint32_t script =
            match_find(&parser->match, word, coin.kind, bytes_of(coin.data, coin.size));
        if (script != UINT32_MAX)
            code = found(parser, &coin, txid, value, script, err);
    }
    record->vout = coin.vout;
    if (code == 0 && parser->hasher) {
        record->at = parser->chunk.size;
        code = write_coin(parser, &coin, txid, amount_minor(value), err);
        record->size = parser->chunk.size - record->at;
    }
    parser->coins_left--;
    return code;
}

/* Grows the chunk, so that one more coin fits. */
static int chunk_room(struct parser *parser, size_t group_at, struct err *err)
{
    struct buf *chunk = &parser->chunk;
    if (__builtin_expect(chunk->capacity - chunk->size >= COIN_SIZE_MAX, 1))
        return 0;
    if (chunk->size - group_at > GROUP_SIZE_MAX)
        return refuse(parser, "its transaction's outputs would not fit into a block", err);
    size_t size = chunk->size;
    bool grown = buf_extend(chunk, COIN_SIZE_MAX) != NULL;
    sanad_assert(grown); /* its maximum is above that of a chunk and a group */
    chunk->size = size;
    return 0;
}

/* A transaction with many coins: each output once, and in order for the hash. */
static int group_run(struct parser *parser, const uint8_t *txid, uint64_t count, struct err *err)
{
    struct record few[GROUP_FEW];
    struct record *records = few;
    if (count > GROUP_FEW)
        records = mem_zalloc((size_t)count, sizeof *records);
    size_t group_at = parser->chunk.size;
    bool ordered = true;
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        records[i].vout = 0;
        code = parser->hasher ? chunk_room(parser, group_at, err) : 0;
        if (code == 0)
            code = coin_run(parser, txid, &records[i], err);
        ordered = ordered && (i == 0 || records[i - 1].vout < records[i].vout);
    }
    if (code == 0 && !ordered && parser->hasher)
        records_sort(&parser->chunk, group_at, records, (size_t)count);
    else if (code == 0 && !ordered)
        qsort(records, (size_t)count, sizeof *records, record_order);
    for (size_t i = 1; code == 0 && !ordered && i < count; i++)
        if (records[i - 1].vout == records[i].vout)
            code = refuse(parser, "its transaction names one output twice", err);
    if (records != few)
        free(records);
    return code;
}

/* The first eight bytes decide but for crafted files. */
static inline bool txid_follows(const struct parser *parser, const uint8_t *txid)
{
    uint64_t before = load_be64(parser->txid);
    uint64_t now = load_be64(txid);
    return before < now || parser->result.tx_count == 0 ||
           (before == now && memcmp(parser->txid, txid, 32) < 0);
}

static int group_head(struct parser *parser, uint8_t txid[32], uint64_t *ret_count, struct err *err)
{
    int code = window_fill(parser, err);
    if (code < 0)
        return code;
    struct cursor cursor =
        cursor_of(bytes_of(parser->file.at, (size_t)(parser->file.end - parser->file.at)));
    if (cursor_left(&cursor) < 33)
        return refuse(parser, "is not there: the file ends early", err);
    memcpy(txid, cursor.at, 32);
    cursor.at += 32;
    *ret_count = take_compact(&cursor, TX_ITEM_MAX);
    if (cursor.bad || *ret_count == 0 || *ret_count > parser->coins_left)
        return refuse(parser, "the number of outputs of its transaction is impossible", err);
    if (!txid_follows(parser, txid))
        return refuse(parser, "its transaction is not in ascending order", err);
    parser->file.at = cursor.at;
    return 0;
}

int parser_run(struct parser *parser, struct err *err)
{
    uint8_t txid[32];
    uint64_t count;
    int code = 0;
    while (code == 0 && parser->coins_left > 0) {
        struct record record;
        code = group_head(parser, txid, &count, err);
        if (code < 0)
            return code;
        if (count > 1)
            code = group_run(parser, txid, count, err);
        else {
            code = parser->hasher ? chunk_room(parser, parser->chunk.size, err) : 0;
            code = code ? code : coin_run(parser, txid, &record, err);
        }
        memcpy(parser->txid, txid, 32);
        parser->result.tx_count++;
        if (parser->hasher && parser->chunk.size >= CHUNK_SIZE)
            hasher_give(parser->hasher, &parser->chunk);
    }
    if (code == 0)
        code = window_fill(parser, err);
    if (code == 0 && parser->file.at != parser->file.end)
        code = err_set(err, SANAD_REFUSED, "%s: bytes follow the last coin", parser->file.path);
    return code;
}
