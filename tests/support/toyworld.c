/* The chain that toy peers serve, and a plain encoder of BIP158's basic filters: every element
 * hashed alone, sorted, its differences written bit by bit. */
#include "toypeer.h"

#include "support.h"

#include <stdlib.h>

enum { GOLOMB_P = 19, GOLOMB_M = 784931, ELEMENTS_MAX = 1 << 15 };

/* ---- SipHash-2-4 (as its authors describe it)
 * ---------------------------------------------------- */

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static uint64_t siphash(const uint8_t key[16], struct bytes bytes)
{
    uint64_t k0 = load_le64(key);
    uint64_t k1 = load_le64(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                     k1 ^ 0x7465646279746573};
    for (size_t at = 0; at <= bytes.size; at += 8) {
        uint8_t word[8] = {0};
        size_t left = bytes.size - at;
        if (left > 0)
            memcpy(word, bytes.data + at, left < 8 ? left : 8);
        if (left < 8)
            word[7] = (uint8_t)bytes.size;
        uint64_t m = load_le64(word);
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- Golomb-coded sets
 * ---------------------------------------------------------------------------- */

struct elements {
    struct bytes *scripts;
    size_t count;
};

static void element_add(struct elements *elements, struct bytes script, bool output)
{
    if (script.size == 0 || (output && script.data[0] == 0x6a))
        return;
    for (size_t i = 0; i < elements->count; i++)
        if (bytes_equal(elements->scripts[i], script))
            return;
    assert_true(elements->count < ELEMENTS_MAX);
    elements->scripts[elements->count++] = script;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

struct bits {
    struct buf *buf;
    uint8_t byte;
    unsigned used;
};

static void bit_write(struct bits *bits, bool bit)
{
    bits->byte = (uint8_t)(bits->byte | (bit ? 0x80 >> bits->used : 0));
    if (++bits->used < 8)
        return;
    buf_u8(bits->buf, bits->byte);
    *bits = (struct bits){.buf = bits->buf};
}

static void golomb_write(struct bits *bits, uint64_t value)
{
    for (uint64_t i = 0; i < value >> GOLOMB_P; i++)
        bit_write(bits, true);
    bit_write(bits, false);
    for (int i = GOLOMB_P; i-- > 0;)
        bit_write(bits, value >> i & 1);
}

static void filter_write(struct buf *buf, const struct hash256 *block_hash,
                         const struct elements *elements)
{
    struct bits bits = {.buf = buf};
    uint64_t last = 0;
    uint64_t *values = mem_alloc((elements->count + 1) * sizeof *values);
    for (size_t i = 0; i < elements->count; i++) {
        unsigned __int128 product = siphash(block_hash->b, elements->scripts[i]);
        product *= (uint64_t)elements->count * GOLOMB_M;
        values[i] = (uint64_t)(product >> 64);
    }
    qsort(values, elements->count, sizeof *values, compare_u64);
    buf_compact(buf, elements->count);
    for (size_t i = 0; i < elements->count; i++) {
        golomb_write(&bits, values[i] - last);
        last = values[i];
    }
    if (bits.used > 0)
        buf_u8(buf, bits.byte);
    free(values);
}

/* ---- the world
 * ------------------------------------------------------------------------------------ */

static void elements_read(struct elements *elements, const struct block *block,
                          struct bytes raw_undo, struct arena *arena)
{
    struct err err = {0};
    struct block_undo undo = {.tx_count = 0};
    if (raw_undo.size > 0)
        test_ok(undo_parse(&undo, raw_undo, arena, &err), &err);
    assert_int_equal(undo.tx_count, block->tx_count - 1);
    for (size_t i = 0; i < block->tx_count; i++)
        for (size_t j = 0; j < block->txs[i].out_count; j++)
            element_add(elements, block->txs[i].outs[j].script, true);
    for (size_t i = 0; i < undo.tx_count; i++)
        for (size_t j = 0; j < undo.txs[i].coin_count; j++)
            element_add(elements, undo.txs[i].coins[j].script, false);
}

static void filter_of(struct buf *buf, struct bytes raw, struct bytes undo, struct bytes without)
{
    struct err err = {0};
    struct block block;
    struct arena arena = {0};
    struct elements elements = {.scripts = mem_alloc(ELEMENTS_MAX * sizeof(struct bytes))};
    test_ok(block_parse(&block, raw, &arena, &err), &err);
    elements_read(&elements, &block, undo, &arena);
    for (size_t i = 0; without.size > 0 && i < elements.count; i++)
        if (bytes_equal(elements.scripts[i], without))
            elements.scripts[i--] = elements.scripts[--elements.count];
    filter_write(buf, &block.hash, &elements);
    free(elements.scripts);
    arena_free(&arena);
}

static void headers_chain(struct toyworld *world, uint32_t from)
{
    for (uint32_t i = from; i < world->count; i++) {
        uint8_t both[64] = {0};
        sha256d_of(&world->filter_hashes[i], world->filters[i]);
        memcpy(both, world->filter_hashes[i].b, 32);
        if (i > 0)
            memcpy(both + 32, world->filter_headers[i - 1].b, 32);
        sha256d_of(&world->filter_headers[i], bytes_of(both, sizeof both));
    }
}

static void world_new(struct toyworld *world, const struct chain_params *params, uint32_t count)
{
    *world = (struct toyworld){.params = params, .count = count};
    world->hashes = mem_zalloc(count, sizeof *world->hashes);
    world->blocks = mem_zalloc(count, sizeof *world->blocks);
    world->undos = mem_zalloc(count, sizeof *world->undos);
    world->filters = mem_zalloc(count, sizeof *world->filters);
    world->filter_hashes = mem_zalloc(count, sizeof *world->filter_hashes);
    world->filter_headers = mem_zalloc(count, sizeof *world->filter_headers);
}

static void world_add(struct toyworld *world, uint32_t height, struct bytes raw, struct bytes undo)
{
    struct buf filter = buf_with_max(BLOCK_SIZE_MAX);
    world->blocks[height] = arena_bytes(&world->arena, raw);
    world->undos[height] = arena_bytes(&world->arena, undo);
    sha256d_of(&world->hashes[height], bytes_of(raw.data, HEADER_SIZE));
    filter_of(&filter, raw, undo, bytes_of(NULL, 0));
    world->filters[height] = arena_bytes(&world->arena, buf_bytes(&filter));
    buf_free(&filter);
}

void toyworld_of_toy(struct toyworld *ret_world, const struct toychain *toy, uint32_t tip)
{
    struct arena arena = {0};
    struct toyworld world;
    uint32_t *branch = toy_branch(toy, tip, &arena);
    world_new(&world, toy->params, toy->blocks[tip].height + 1);
    for (uint32_t i = 0; i < world.count; i++) {
        struct buf undo = buf_with_max(BLOCK_SIZE_MAX);
        toy_undo(toy, &undo, branch[i]);
        world_add(&world, i, buf_bytes(&toy->blocks[branch[i]].raw), buf_bytes(&undo));
        buf_free(&undo);
    }
    headers_chain(&world, 0);
    arena_free(&arena);
    *ret_world = world;
}

void toyworld_of_folder(struct toyworld *ret_world, const struct blkfolder *folder)
{
    struct toyworld world;
    world_new(&world, folder->params, folder->blocks[folder->tip].height + 1);
    for (uint32_t i = 0; i < world.count; i++) {
        const struct folder_block *block = &folder->blocks[blkfolder_active(folder, i)];
        world_add(&world, i, block->raw, block->undo);
    }
    headers_chain(&world, 0);
    *ret_world = world;
}

void toyworld_free(struct toyworld *world)
{
    free(world->hashes);
    free(world->blocks);
    free(world->undos);
    free(world->filters);
    free(world->filter_hashes);
    free(world->filter_headers);
    arena_free(&world->arena);
}

void toyworld_lie(struct toyworld *ret_world, const struct toyworld *world, uint32_t height,
                  struct bytes filter)
{
    struct toyworld lie;
    world_new(&lie, world->params, world->count);
    for (uint32_t i = 0; i < world->count; i++) {
        lie.blocks[i] = arena_bytes(&lie.arena, world->blocks[i]);
        lie.undos[i] = arena_bytes(&lie.arena, world->undos[i]);
        lie.filters[i] = arena_bytes(&lie.arena, i == height ? filter : world->filters[i]);
        lie.hashes[i] = world->hashes[i];
    }
    headers_chain(&lie, 0);
    *ret_world = lie;
}

void toyworld_filter_without(struct buf *buf, const struct toyworld *world, uint32_t height,
                             struct bytes script)
{
    filter_of(buf, world->blocks[height], world->undos[height], script);
}

/* A prevout script that is no output script of the block too. */
struct bytes toyworld_prevout(const struct toyworld *world, uint32_t height, struct arena *arena)
{
    struct err err = {0};
    struct block block;
    struct block_undo undo;
    struct bytes found = bytes_of(NULL, 0);
    test_ok(block_parse(&block, world->blocks[height], arena, &err), &err);
    if (world->undos[height].size == 0)
        return found;
    test_ok(undo_parse(&undo, world->undos[height], arena, &err), &err);
    for (size_t i = 0; i < undo.tx_count; i++)
        for (size_t j = 0; j < undo.txs[i].coin_count; j++) {
            struct bytes script = undo.txs[i].coins[j].script;
            bool paid = false;
            for (size_t k = 0; k < block.tx_count; k++)
                for (size_t l = 0; l < block.txs[k].out_count; l++)
                    paid = paid || bytes_equal(block.txs[k].outs[l].script, script);
            if (!paid && script.size > 0)
                found = script;
        }
    return found;
}

struct bytes toyworld_output(const struct toyworld *world, uint32_t height, struct arena *arena)
{
    struct err err = {0};
    struct block block;
    test_ok(block_parse(&block, world->blocks[height], arena, &err), &err);
    for (size_t i = 0; i < block.tx_count; i++)
        for (size_t j = 0; j < block.txs[i].out_count; j++) {
            struct bytes script = block.txs[i].outs[j].script;
            if (script.size > 0 && script.data[0] != 0x6a)
                return script;
        }
    return bytes_of(NULL, 0);
}
