/* Deterministic numbers: xoshiro256** (Blackman and Vigna), seeded by SHA-256 so that each
 * purpose has a stream of its own and a change in one part of the story leaves the rest. */
#include "sim/sim_priv.h"

void sim_rand_init(struct sim_rand *dice, uint64_t seed, const char *purpose)
{
    struct sha256 hash;
    struct hash256 digest;
    uint8_t number[8];
    memcpy(number, &seed, sizeof number);
    sha256_init(&hash);
    sha256_add(&hash, bytes_of_text("sanad/sim/v1\n"));
    sha256_add(&hash, bytes_of(number, sizeof number));
    sha256_add(&hash, bytes_of_text(purpose));
    sha256_final(&digest, &hash);
    for (size_t i = 0; i < 4; i++)
        dice->state[i] = load_le64(digest.b + 8 * i);
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

uint64_t sim_rand_next(struct sim_rand *dice)
{
    uint64_t *s = dice->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* The bias of the product is below bound / 2^64: of no weight here. */
uint64_t sim_rand_below(struct sim_rand *dice, uint64_t bound)
{
    sanad_assert(bound > 0);
    return (uint64_t)(((unsigned __int128)sim_rand_next(dice) * bound) >> 64);
}

void sim_rand_fill(struct sim_rand *dice, void *data, size_t size)
{
    uint8_t *at = data;
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word = sim_rand_next(dice);
        memcpy(at, &word, 8);
    }
    if (size > 0) {
        uint64_t word = sim_rand_next(dice);
        memcpy(at, &word, size);
    }
}
