/* SHA-256 in plain C (FIPS 180-4). It is not the program's: that one chooses among kernels and
 * stands on the program's own headers, which a browser has not; and whoever checks us should not
 * have to run the same code. Both are held against each other in sha256_test.c. */
#include "verify/verify_priv.h"

enum { BLOCK_SIZE = 64, LENGTH_SIZE = 8 };

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned count)
{
    return x >> count | x << (32 - count);
}

/* Any byte order of the machine, any alignment. */
static uint32_t load_big(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The 16 words of the schedule that the next 16 rounds need are made in place. */
static uint32_t schedule_next(uint32_t w[16], unsigned i)
{
    uint32_t s0 = w[(i + 1) & 15];
    uint32_t s1 = w[(i + 14) & 15];
    w[i & 15] += (rotate(s0, 7) ^ rotate(s0, 18) ^ s0 >> 3) + w[(i + 9) & 15] +
                 (rotate(s1, 17) ^ rotate(s1, 19) ^ s1 >> 10);
    return w[i & 15];
}

static void compress(uint32_t state[8], const uint8_t block[BLOCK_SIZE])
{
    uint32_t w[16];
    uint32_t s[8];
    for (unsigned i = 0; i < 16; i++)
        w[i] = load_big(block + 4 * (size_t)i);
    memcpy(s, state, sizeof s);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t scheduled = i < 16 ? w[i] : schedule_next(w, i);
        uint32_t e = s[4];
        uint32_t a = s[0];
        uint32_t t1 = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                      (s[6] ^ (e & (s[5] ^ s[6]))) + round_constants[i] + scheduled;
        uint32_t t2 =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) | (s[2] & (a | s[1])));
        s[7] = s[6];
        s[6] = s[5];
        s[5] = e;
        s[4] = s[3] + t1;
        s[3] = s[2];
        s[2] = s[1];
        s[1] = a;
        s[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += s[i];
}

void verify_sha256_begin(struct verify_sha256 *hash)
{
    *hash = (struct verify_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void verify_sha256_add(struct verify_sha256 *hash, struct sanad_bytes bytes)
{
    size_t held = (size_t)(hash->size % BLOCK_SIZE);
    hash->size += bytes.size;
    while (bytes.size > 0) {
        if (held == 0 && bytes.size >= BLOCK_SIZE) {
            compress(hash->state, bytes.data);
            bytes = verify_bytes(bytes.data + BLOCK_SIZE, bytes.size - BLOCK_SIZE);
            continue;
        }
        size_t part = bytes.size < BLOCK_SIZE - held ? bytes.size : BLOCK_SIZE - held;
        memcpy(hash->block + held, bytes.data, part);
        held = (held + part) % BLOCK_SIZE;
        bytes = verify_bytes(bytes.data + part, bytes.size - part);
        if (held == 0)
            compress(hash->state, hash->block);
    }
}

void verify_sha256_end(uint8_t ret_digest[32], struct verify_sha256 *hash)
{
    static const uint8_t padding[BLOCK_SIZE] = {0x80};
    uint64_t bits = hash->size * 8;
    uint8_t length[LENGTH_SIZE];
    size_t held = (size_t)(hash->size % BLOCK_SIZE);
    const size_t end = BLOCK_SIZE - LENGTH_SIZE; /* where the length stands in the last block */
    size_t pad = held < end ? end - held : BLOCK_SIZE + end - held;
    for (unsigned i = 0; i < LENGTH_SIZE; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    verify_sha256_add(hash, verify_bytes(padding, pad));
    verify_sha256_add(hash, verify_bytes(length, sizeof length));
    sanad_assert(hash->size % BLOCK_SIZE == 0);
    for (unsigned i = 0; i < 32; i++)
        ret_digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sanad_sha256(uint8_t ret_digest[32], struct sanad_bytes bytes)
{
    struct verify_sha256 hash;
    verify_sha256_begin(&hash);
    verify_sha256_add(&hash, bytes);
    verify_sha256_end(ret_digest, &hash);
}
