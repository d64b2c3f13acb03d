/* SHA-256 in plain C: the kernel of every machine that has no better one, and the
 * reference that all other kernels are tested against (FIPS 180-4). */
#include "crypto/crypto_priv.h"

#define TABLE_ALIGNED __attribute__((aligned(64)))

const uint32_t sha256_round_constants[64] TABLE_ALIGNED = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Word i is W[i] + K[i] of the block 0x80, 55 zeros, 512 as a 64-bit number. It is stored
 * and not computed at start, so that no thread ever has to wait for it; the test recomputes it. */
const uint32_t sha256_pad64_schedule[64] TABLE_ALIGNED = {
    0xc28a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf374,
    0x649b69c1, 0xf0fe4786, 0x0fe1edc6, 0x240cf254, 0x4fe9346f, 0x6cc984be, 0x61b9411e, 0x16f988fa,
    0xf2c65152, 0xa88e5a6d, 0xb019fc65, 0xb9d99ec7, 0x9a1231c3, 0xe70eeaa0, 0xfdb1232b, 0xc7353eb0,
    0x3069bad5, 0xcb976d5f, 0x5a0f118f, 0xdc1eeefd, 0x0a35b689, 0xde0b7a04, 0x58f4ca9d, 0xe15d5b16,
    0x007f3e86, 0x37088980, 0xa507ea32, 0x6fab9537, 0x17406110, 0x0d8cd6f1, 0xcdaa3b6d, 0xc0bbbe37,
    0x83613bda, 0xdb48a363, 0x0b02e931, 0x6fd15ca7, 0x521afaca, 0x31338431, 0x6ed41a95, 0x6d437890,
    0xc39c91f2, 0x9eccabbd, 0xb5c9a0e6, 0x532fb63c, 0xd2c741c6, 0x07237ea3, 0xa4954b68, 0x4c191d76,
};

static inline uint32_t rotate(uint32_t x, unsigned count)
{
    return x >> count | x << (32 - count);
}

static inline uint32_t big_sigma0(uint32_t x)
{
    return rotate(x, 2) ^ rotate(x, 13) ^ rotate(x, 22);
}
static inline uint32_t big_sigma1(uint32_t x)
{
    return rotate(x, 6) ^ rotate(x, 11) ^ rotate(x, 25);
}
static inline uint32_t small_sigma0(uint32_t x)
{
    return rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
}
static inline uint32_t small_sigma1(uint32_t x)
{
    return rotate(x, 17) ^ rotate(x, 19) ^ x >> 10;
}

/* One round. Instead of moving all eight words down by one, the caller renames them. */
static inline void one_round(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e,
                             uint32_t f, uint32_t g, uint32_t *h, uint32_t scheduled)
{
    uint32_t t1 = *h + big_sigma1(e) + (g ^ (e & (f ^ g))) + scheduled;
    *d += t1;
    *h = t1 + big_sigma0(a) + ((a & b) | (c & (a | b)));
}

/* 64 rounds; `schedule` holds W[i] + K[i]. */
static void rounds(uint32_t state[8], const uint32_t schedule[64])
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned i = 0; i < 64; i += 8) {
        one_round(a, b, c, &d, e, f, g, &h, schedule[i]);
        one_round(h, a, b, &c, d, e, f, &g, schedule[i + 1]);
        one_round(g, h, a, &b, c, d, e, &f, schedule[i + 2]);
        one_round(f, g, h, &a, b, c, d, &e, schedule[i + 3]);
        one_round(e, f, g, &h, a, b, c, &d, schedule[i + 4]);
        one_round(d, e, f, &g, h, a, b, &c, schedule[i + 5]);
        one_round(c, d, e, &f, g, h, a, &b, schedule[i + 6]);
        one_round(b, c, d, &e, f, g, h, &a, schedule[i + 7]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

static void compress_words(uint32_t state[8], const uint32_t message[16])
{
    uint32_t w[64];
    memcpy(w, message, 64);
    for (unsigned i = 16; i < 64; i++)
        w[i] = w[i - 16] + small_sigma0(w[i - 15]) + w[i - 7] + small_sigma1(w[i - 2]);
    for (unsigned i = 0; i < 64; i++)
        w[i] += sha256_round_constants[i];
    rounds(state, w);
}

static void portable_compress(uint32_t state[8], const uint8_t *data, size_t block_count)
{
    for (; block_count > 0; block_count--, data += SHA256_BLOCK_SIZE) {
        uint32_t message[16];
        for (unsigned i = 0; i < 16; i++)
            message[i] = load_be32(data + 4 * i);
        compress_words(state, message);
    }
}

static void digest_store(uint8_t out[32], const uint32_t state[8])
{
    for (unsigned i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(state[i]);
        memcpy(out + 4 * i, &word, 4);
    }
}

/* The 32-byte digest that `state` stands for, hashed again: one block with fixed padding. */
static void second_hash(uint8_t out[32], const uint32_t state[8])
{
    uint32_t message[16] = {[8] = 0x80000000, [15] = 256};
    memcpy(message, state, 32);
    struct sha256_lane again = sha256_ops_portable.initial;
    compress_words(again.word, message);
    digest_store(out, again.word);
}

static bool portable_runs(void)
{
    return true;
}

static void portable_lanes(struct sha256_lane *lanes, const uint8_t *const *data,
                           unsigned lane_count, size_t block_count)
{
    for (unsigned i = 0; i < lane_count; i++)
        portable_compress(lanes[i].word, data[i], block_count);
}

static void portable_finish(const struct sha256_group *group)
{
    for (unsigned i = 0; i < SHA256_LANE_COUNT; i++) {
        struct sha256_lane lane = group->lanes[i];
        portable_compress(lane.word, group->data[i], group->block_count);
        if (!group->one_left)
            portable_compress(lane.word, group->last[0][i], 1);
        portable_compress(lane.word, group->last[1][i], 1);
        if (group->once)
            digest_store(group->digests[i]->b, lane.word);
        else
            second_hash(group->digests[i]->b, lane.word);
    }
}

static void portable_double_64(uint8_t *out, const uint8_t *in, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sha256_lane lane = sha256_ops_portable.initial;
        portable_compress(lane.word, in + 64 * i, 1);
        rounds(lane.word, sha256_pad64_schedule);
        second_hash(out + 32 * i, lane.word);
    }
}

const struct sha256_ops sha256_ops_portable = {
    .name = "portable",
    .runs = portable_runs,
    .initial = {{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
                 0x5be0cd19}},
    .compress = portable_compress,
    .lanes = portable_lanes,
    .finish = portable_finish,
    .double_64 = portable_double_64,
};
