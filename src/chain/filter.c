/* Basic block filters of BIP158: what goes into one, its bytes, and the chain of filter headers of
 * BIP157. An element is SipHash-2-4 of a script under a key from the block's hash, scaled to
 * N * M; the sorted differences are Golomb-Rice codes: a quotient in ones ended by a zero, then 19
 * bits. */
#include "chain/chain_priv.h"

#include <stdlib.h>

enum {
    SORT_FEW = 64,   /* below, insertion is faster than counting */
    DIGIT_BITS = 11, /* of a pass of the sort */
    DIGIT_COUNT = 1 << DIGIT_BITS,
    DIGIT_PASSES = 3,
    TOP_BITS = DIGIT_BITS * DIGIT_PASSES
};

/* ---- the elements --------------------------------------------------------------------------- */

void filter_items_begin(struct filter_items *items, const struct hash256 *block_hash)
{
    items->key[0] = load_le64(block_hash->b);
    items->key[1] = load_le64(block_hash->b + 8);
    items->count = 0;
}

void filter_items_add_prevout(struct filter_items *items, struct bytes script)
{
    if (script.size == 0)
        return;
    if (items->count == items->capacity) {
        items->capacity = items->capacity ? 2 * items->capacity : 1024;
        items->hashes = mem_realloc(items->hashes, items->capacity, sizeof *items->hashes);
    }
    items->hashes[items->count++] = sip24(items->key, script);
}

void filter_items_add_output(struct filter_items *items, struct bytes script)
{
    if (script.size > 0 && script.data[0] != OP_RETURN)
        filter_items_add_prevout(items, script);
}

void filter_items_free(struct filter_items *items)
{
    free(items->hashes);
    free(items->spare);
    *items = (struct filter_items){.count = 0};
}

/* ---- sorting -------------------------------------------------------------------------------- */

static void sort_insert(uint64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

static void sort_digit(uint64_t *to, const uint64_t *from, size_t count, unsigned shift)
{
    uint32_t places[DIGIT_COUNT] = {0};
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        places[from[i] >> shift & (DIGIT_COUNT - 1)]++;
    for (size_t i = 0; i < DIGIT_COUNT; i++) {
        uint32_t many = places[i];
        places[i] = sum;
        sum += many;
    }
    for (size_t i = 0; i < count; i++)
        to[places[from[i] >> shift & (DIGIT_COUNT - 1)]++] = from[i];
}

/* By the upper 33 bits in three passes; what is still out of order below them is next to its
 * place, since hashes are spread evenly. */
static void items_sort(struct filter_items *items)
{
    if (items->count >= SORT_FEW) {
        if (items->spare_capacity < items->capacity) {
            items->spare_capacity = items->capacity;
            items->spare = mem_realloc(items->spare, items->capacity, sizeof *items->spare);
        }
        for (unsigned pass = 0; pass < DIGIT_PASSES; pass++) {
            uint64_t *from = items->hashes;
            size_t capacity = items->capacity;
            sort_digit(items->spare, from, items->count, 64 - TOP_BITS + pass * DIGIT_BITS);
            items->hashes = items->spare;
            items->capacity = items->spare_capacity;
            items->spare = from;
            items->spare_capacity = capacity;
        }
    }
    sort_insert(items->hashes, items->count);
}

static void items_unique(struct filter_items *items)
{
    size_t kept = 0;
    for (size_t i = 0; i < items->count; i++)
        if (kept == 0 || items->hashes[kept - 1] != items->hashes[i])
            items->hashes[kept++] = items->hashes[i];
    items->count = kept;
}

/* ---- writing bits --------------------------------------------------------------------------- */

struct bit_writer {
    uint8_t *at;
    uint64_t word; /* the bits that wait, from the top */
    unsigned used;
};

/* Up to 32 bits. */
static void bits_put(struct bit_writer *writer, uint64_t value, unsigned count)
{
    sanad_assert(count <= 32 && writer->used < 8);
    writer->word |= value << (64 - writer->used - count);
    writer->used += count;
    for (; writer->used >= 8; writer->used -= 8) {
        *writer->at++ = (uint8_t)(writer->word >> 56);
        writer->word <<= 8;
    }
}

static void golomb_put(struct bit_writer *writer, uint64_t delta)
{
    uint64_t quotient = delta >> FILTER_P;
    for (; quotient >= 32; quotient -= 32)
        bits_put(writer, UINT32_MAX, 32);
    bits_put(writer, (UINT64_C(2) << quotient) - 2, (unsigned)quotient + 1);
    bits_put(writer, delta & ((1 << FILTER_P) - 1), FILTER_P);
}

void filter_items_write(struct buf *buf, struct filter_items *items)
{
    items_sort(items);
    items_unique(items);
    buf_compact(buf, items->count);
    if (items->count == 0)
        return;
    size_t room = items->count * 22 / 8 + 8; /* 20 bits each, and N * M / 2^19 ones at most */
    uint64_t range = items->count * FILTER_M;
    uint64_t last = 0;
    uint8_t *begin = buf_extend(buf, room);
    if (!begin)
        return;
    struct bit_writer writer = {.at = begin};
    for (size_t i = 0; i < items->count; i++) {
        uint64_t value = filter_reduce(items->hashes[i], range);
        golomb_put(&writer, value - last);
        last = value;
    }
    if (writer.used > 0)
        *writer.at++ = (uint8_t)(writer.word >> 56);
    sanad_assert((size_t)(writer.at - begin) <= room);
    buf->size -= room - (size_t)(writer.at - begin);
}

/* ---- of a whole block ----------------------------------------------------------------------- */

static int add_prevouts(struct filter_items *items, const struct block *block,
                        const struct block_undo *undo, struct err *err)
{
    size_t have = undo ? undo->tx_count : 0;
    if (have + 1 != block->tx_count)
        return err_set(err, SANAD_REFUSED, "undo data: of %zu transactions, the block has %zu",
                       have, block->tx_count - 1);
    for (size_t i = 0; i < have; i++) {
        const struct undo_tx *tx = &undo->txs[i];
        if (tx->coin_count != block->txs[i + 1].in_count)
            return err_set(err, SANAD_REFUSED,
                           "undo data, transaction %zu: %zu coins, it has %zu inputs", i + 1,
                           tx->coin_count, block->txs[i + 1].in_count);
        for (size_t n = 0; n < tx->coin_count; n++)
            filter_items_add_prevout(items, tx->coins[n].script);
    }
    return 0;
}

int filter_build(struct buf *buf, const struct block *block, const struct block_undo *undo,
                 struct err *err)
{
    struct filter_items items = {.count = 0};
    filter_items_begin(&items, &block->hash);
    int code = add_prevouts(&items, block, undo, err);
    if (code == 0) {
        for (size_t i = 0; i < block->tx_count; i++)
            for (size_t n = 0; n < block->txs[i].out_count; n++)
                filter_items_add_output(&items, block->txs[i].outs[n].script);
        filter_items_write(buf, &items);
    }
    filter_items_free(&items);
    return code;
}

/* ---- filter headers (BIP157) ---------------------------------------------------------------- */

void filter_hash(struct hash256 *ret_hash, struct bytes filter)
{
    sha256d_of(ret_hash, filter);
}

void filter_header(struct hash256 *ret_header, const struct hash256 *filter_hash,
                   const struct hash256 *prev_header)
{
    uint8_t both[64];
    memcpy(both, filter_hash->b, 32);
    memcpy(both + 32, prev_header->b, 32);
    sha256d_64(ret_header->b, both, 1);
}

/* ---- strict decoding ------------------------------------------------------------------------ */

const char *filter_reader_begin(struct filter_reader *reader, struct bytes filter)
{
    struct cursor cursor = cursor_of(filter);
    if (filter.size > FILTER_SIZE_MAX)
        return "has more bytes than any block's";
    uint64_t count = cursor_compact(&cursor, FILTER_ITEM_MAX);
    size_t size = cursor_left(&cursor);
    if (cursor.bad || count * (FILTER_P + 1) > size * 8)
        return "the number of elements is impossible";
    *reader = (struct filter_reader){
        .bits = cursor.at,
        .bit_count = size * 8,
        .careless_end = size >= 8 ? (size - 7) * 8 : 0,
        .item_count = (uint32_t)count,
        .left = (uint32_t)count,
    };
    return NULL;
}

static bool read_bit(struct filter_reader *reader, unsigned *ret_bit)
{
    if (reader->bit >= reader->bit_count)
        return false;
    *ret_bit = reader->bits[reader->bit / 8] >> (7 - reader->bit % 8) & 1;
    reader->bit++;
    return true;
}

bool filter_read_slowly(struct filter_reader *reader)
{
    unsigned bit = 0;
    uint64_t quotient = 0;
    uint64_t rest = 0;
    sanad_assert(reader->left > 0);
    while (read_bit(reader, &bit) && bit)
        quotient++;
    for (unsigned i = 0; i < FILTER_P; i++) {
        if (!read_bit(reader, &bit))
            return false;
        rest = rest << 1 | bit;
    }
    reader->value += quotient << FILTER_P | rest;
    reader->left--;
    return true;
}

const char *filter_reader_end(const struct filter_reader *reader)
{
    uint64_t behind = reader->bit_count - reader->bit;
    sanad_assert(reader->left == 0 && reader->bit <= reader->bit_count);
    if (reader->item_count > 0 && reader->value >= (uint64_t)reader->item_count * FILTER_M)
        return "an element is not below its bound";
    if (behind >= 8)
        return "bytes follow the last element";
    if (behind > 0 && reader->bits[reader->bit / 8] & (0xff >> (8 - behind)))
        return "the padding is not zero";
    return NULL;
}

static const char *check(struct bytes filter)
{
    struct filter_reader reader;
    uint64_t values[FILTER_CHUNK];
    const char *rule = filter_reader_begin(&reader, filter);
    while (!rule && reader.left > 0) {
        size_t wish = reader.left < FILTER_CHUNK ? reader.left : FILTER_CHUNK;
        if (filter_read_one(&reader, values, wish) < wish && !filter_read_slowly(&reader))
            rule = "ends inside an element";
    }
    return rule ? rule : filter_reader_end(&reader);
}

int filter_check(struct bytes filter, struct err *err)
{
    const char *rule = check(filter);
    return rule ? err_set(err, SANAD_REFUSED, "filter: %s", rule) : 0;
}
