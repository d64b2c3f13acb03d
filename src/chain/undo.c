/* Undo data of Bitcoin Core's rev files: spent coins in compressed form. It is evidence
 * only, since no header commits to it. */
#include "chain/chain_priv.h"

enum {
    COMPRESSED_P2PKH = 0,
    COMPRESSED_P2SH = 1,
    COMPRESSED_P2PK_EVEN = 2, /* and 3: a compressed key */
    COMPRESSED_P2PK_FULL = 4, /* and 5: an uncompressed key, by its x and parity */
    COMPRESSED_KINDS = 6,     /* plain scripts have this added to their size */
    UNDO_COIN_SIZE_MIN = 3    /* code, amount, size of an empty script */
};

uint64_t cursor_varint(struct cursor *cursor, uint64_t max)
{
    uint64_t value = 0;
    while (!cursor->bad) {
        uint8_t byte = cursor_u8(cursor);
        if (value > UINT64_MAX >> 7)
            break;
        value = value << 7 | (byte & 0x7f);
        if (value > max || (byte & 0x80 && value == UINT64_MAX))
            break;
        if (!(byte & 0x80))
            return cursor->bad ? 0 : value;
        value++;
    }
    cursor->bad = true;
    return 0;
}

void buf_varint(struct buf *buf, uint64_t value)
{
    uint8_t bytes[10];
    size_t at = sizeof bytes;
    bytes[--at] = (uint8_t)(value & 0x7f);
    while (value > 0x7f) {
        value = (value >> 7) - 1;
        bytes[--at] = (uint8_t)(0x80 | (value & 0x7f));
    }
    buf_add(buf, bytes_of(bytes + at, sizeof bytes - at));
}

uint64_t amount_compress(struct amount sat)
{
    sanad_assert(amount_is_money(sat));
    uint64_t n = (uint64_t)amount_minor(sat);
    unsigned zeros = 0;
    if (n == 0)
        return 0;
    for (; n % 10 == 0 && zeros < 9; zeros++)
        n /= 10;
    if (zeros == 9)
        return 1 + (n - 1) * 10 + 9;
    uint64_t last_digit = n % 10;
    return 1 + (n / 10 * 9 + last_digit - 1) * 10 + zeros;
}

bool amount_decompress(struct amount *ret, uint64_t compressed)
{
    static const uint64_t tens[10] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    uint64_t rest = (compressed - 1) / 10;
    uint64_t zeros = (compressed - 1) % 10;
    if (compressed == 0) {
        *ret = amount_zero();
        return true;
    }
    if (rest / 9 > (uint64_t)AMOUNT_MONEY_MAX_SAT / 10) /* before any product can overflow */
        return false;
    uint64_t n = zeros == 9 ? rest + 1 : rest / 9 * 10 + rest % 9 + 1;
    if (n > (uint64_t)AMOUNT_MONEY_MAX_SAT / tens[zeros])
        return false;
    *ret = amount_of((int64_t)(n * tens[zeros]));
    return true;
}

static void add_kind(struct buf *buf, unsigned kind, const uint8_t *data, size_t size)
{
    buf_u8(buf, (uint8_t)kind);
    buf_add(buf, bytes_of(data, size));
}

void script_compress(struct buf *buf, struct bytes script)
{
    const uint8_t *s = script.data;
    enum script_kind kind = script_kind_of(script);
    struct ec_point point;
    if (kind == SCRIPT_P2PKH)
        add_kind(buf, COMPRESSED_P2PKH, s + 3, 20);
    else if (kind == SCRIPT_P2SH)
        add_kind(buf, COMPRESSED_P2SH, s + 2, 20);
    else if (kind == SCRIPT_P2PK && s[0] == 33)
        add_kind(buf, s[1], s + 2, 32);
    else if (kind == SCRIPT_P2PK && s[1] == 4 && ec_point_parse(&point, bytes_of(s + 1, 65)))
        add_kind(buf, COMPRESSED_P2PK_FULL | (s[65] & 1), s + 2, 32);
    else {
        buf_varint(buf, script.size + COMPRESSED_KINDS);
        buf_add(buf, script);
    }
}

/* `head`, the middle, `tail`: the script of a kind. */
static struct bytes expand(struct arena *arena, struct bytes head, struct bytes middle,
                           struct bytes tail)
{
    size_t size = head.size + middle.size + tail.size;
    uint8_t *script = arena_alloc(arena, size, 1);
    memcpy(script, head.data, head.size);
    memcpy(script + head.size, middle.data, middle.size);
    memcpy(script + head.size + middle.size, tail.data, tail.size);
    return bytes_of(script, size);
}

static int expand_full_key(struct bytes *ret_script, unsigned kind, struct bytes x,
                           struct arena *arena, struct err *err)
{
    uint8_t compressed[33] = {(uint8_t)(kind - 2)};
    uint8_t full[65];
    struct ec_point point;
    sanad_assert(x.size == 32 && (kind == 4 || kind == 5));
    memcpy(compressed + 1, x.data, 32);
    if (!ec_point_parse(&point, bytes_of(compressed, sizeof compressed)))
        return err_set(err, SANAD_REFUSED, "compressed script: its public key is not on the curve");
    ec_point_uncompressed(full, &point);
    *ret_script = expand(arena, bytes_of("\x41", 1), bytes_of(full, 65), bytes_of("\xac", 1));
    return 0;
}

static int refuse_script(struct err *err)
{
    return err_set(err, SANAD_REFUSED, "compressed script: ends early, or its size is impossible");
}

int script_decompress(struct bytes *ret_script, struct cursor *cursor, struct arena *arena,
                      struct err *err)
{
    uint64_t kind = cursor_varint(cursor, UINT32_MAX);
    uint64_t size = kind >= COMPRESSED_KINDS       ? kind - COMPRESSED_KINDS
                    : kind >= COMPRESSED_P2PK_EVEN ? 32
                                                   : 20;
    struct bytes data = cursor_take(cursor, size);
    if (cursor->bad)
        return refuse_script(err);
    if (size > SCRIPT_SIZE_MAX)
        *ret_script = bytes_of("\x6a", 1); /* as Core: it could never be spent */
    else if (kind >= COMPRESSED_KINDS)
        *ret_script = arena_bytes(arena, data);
    else if (kind >= COMPRESSED_P2PK_FULL)
        return expand_full_key(ret_script, (unsigned)kind, data, arena, err);
    else if (kind >= COMPRESSED_P2PK_EVEN)
        *ret_script = expand(arena, bytes_of(kind == 2 ? "\x21\x02" : "\x21\x03", 2), data,
                             bytes_of("\xac", 1));
    else if (kind == COMPRESSED_P2SH)
        *ret_script = expand(arena, bytes_of("\xa9\x14", 2), data, bytes_of("\x87", 1));
    else
        *ret_script = expand(arena, bytes_of("\x76\xa9\x14", 3), data, bytes_of("\x88\xac", 2));
    return 0;
}

static int read_coin(struct undo_coin *coin, struct cursor *cursor, struct arena *arena,
                     struct err *err)
{
    uint64_t code = cursor_varint(cursor, UINT32_MAX);
    coin->height = (uint32_t)(code >> 1);
    coin->coinbase = code & 1;
    if (coin->height > 0)
        (void)cursor_varint(cursor, UINT32_MAX); /* once the transaction's version; unused */
    uint64_t compressed = cursor_varint(cursor, UINT64_MAX);
    if (cursor->bad)
        return err_set(err, SANAD_REFUSED, "coin: ends early, or a number is out of range");
    if (!amount_decompress(&coin->value, compressed))
        return err_set(err, SANAD_REFUSED, "coin: worth over 21 million BTC");
    return script_decompress(&coin->script, cursor, arena, err);
}

static int read_tx(struct undo_tx *tx, struct cursor *cursor, struct arena *arena, struct err *err)
{
    uint64_t count = cursor_compact(cursor, TX_ITEM_MAX);
    if (cursor->bad || count > cursor_left(cursor) / UNDO_COIN_SIZE_MIN)
        return err_set(err, SANAD_REFUSED, "the number of coins is impossible");
    tx->coin_count = (size_t)count;
    tx->coins = arena_alloc(arena, tx->coin_count, sizeof *tx->coins);
    for (size_t i = 0; i < tx->coin_count; i++)
        if (read_coin(&tx->coins[i], cursor, arena, err) != 0)
            return err_wrap(err, "coin %zu of %zu", i, tx->coin_count);
    return 0;
}

int undo_parse(struct block_undo *ret_undo, struct bytes raw, struct arena *arena, struct err *err)
{
    struct block_undo undo = {0};
    struct cursor cursor = cursor_of(raw);
    uint64_t count = cursor_compact(&cursor, BLOCK_TX_MAX);
    if (cursor.bad || count > cursor_left(&cursor))
        return err_set(err, SANAD_REFUSED, "undo data: the number of transactions is impossible");
    undo.tx_count = (size_t)count;
    undo.txs = arena_alloc(arena, undo.tx_count, sizeof *undo.txs);
    for (size_t i = 0; i < undo.tx_count; i++)
        if (read_tx(&undo.txs[i], &cursor, arena, err) != 0)
            return err_wrap(err, "undo data, transaction %zu of %zu", i, undo.tx_count);
    if (!cursor_done(&cursor))
        return err_set(err, SANAD_REFUSED, "undo data: bytes follow the last coin");
    *ret_undo = undo;
    return 0;
}

static void write_coin(struct buf *buf, const struct undo_coin *coin)
{
    sanad_assert(coin->height <= UINT32_MAX / 2);
    buf_varint(buf, (uint64_t)coin->height << 1 | (coin->coinbase ? 1 : 0));
    if (coin->height > 0)
        buf_varint(buf, 0);
    buf_varint(buf, amount_compress(coin->value));
    script_compress(buf, coin->script);
}

void undo_write(struct buf *buf, const struct block_undo *undo)
{
    buf_compact(buf, undo->tx_count);
    for (size_t i = 0; i < undo->tx_count; i++) {
        buf_compact(buf, undo->txs[i].coin_count);
        for (size_t n = 0; n < undo->txs[i].coin_count; n++)
            write_coin(buf, &undo->txs[i].coins[n]);
    }
}

void undo_checksum(struct hash256 *ret_checksum, const struct hash256 *prev_block,
                   struct bytes raw_undo)
{
    struct sha256 hash;
    struct hash256 once;
    sha256_init(&hash);
    sha256_add(&hash, bytes_of(prev_block->b, 32));
    sha256_add(&hash, raw_undo);
    sha256_final(&once, &hash);
    sha256_of(ret_checksum, bytes_of(once.b, sizeof once.b));
}
