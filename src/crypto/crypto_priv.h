/* crypto, inside: what a SHA-256 kernel offers. A kernel hashes several independent
 * messages ("lanes") at once; sha256_many.c decides which message sits in which lane. */
#ifndef SANAD_CRYPTO_PRIV_H
#define SANAD_CRYPTO_PRIV_H

#include "crypto/crypto.h"

enum { SHA256_BLOCK_SIZE = 64, SHA256_LANE_COUNT = 4 };

/* The chaining value of one message, in whatever word order suits the kernel. */
struct sha256_lane {
    uint32_t word[8];
};

/* Four messages that end together. Each lane hashes `block_count` blocks at `data`, then
 * the block at last[0] (not where `one_left`), then the one at last[1], which ends with
 * the padding; the digest is hashed again (not where `once`) and written to digests[]. */
struct sha256_group {
    struct sha256_lane lanes[SHA256_LANE_COUNT];
    const uint8_t *data[SHA256_LANE_COUNT];
    const uint8_t *last[2][SHA256_LANE_COUNT];
    struct hash256 *digests[SHA256_LANE_COUNT];
    size_t block_count;
    bool one_left;
    bool once;
};

struct sha256_ops {
    const char *name;
    bool (*runs)(void);
    struct sha256_lane initial; /* FIPS 180-4 section 5.3.3 in the kernel's order */
    /* Words of `state` in the order of the standard. */
    void (*compress)(uint32_t state[8], const uint8_t *data, size_t block_count);
    /* The same for 1, 2 or 4 lanes, each `block_count` blocks. */
    void (*lanes)(struct sha256_lane *lanes, const uint8_t *const *data, unsigned lane_count,
                  size_t block_count);
    void (*finish)(const struct sha256_group *group);
    void (*double_64)(uint8_t *out, const uint8_t *in, size_t count);
};

extern const struct sha256_ops sha256_ops_portable;
extern const struct sha256_ops sha256_ops_shani; /* `runs` is false on other machines */

const struct sha256_ops *sha256_ops_current(void);

/* FIPS 180-4 section 4.2.2; aligned for vector loads. */
extern const uint32_t sha256_round_constants[64];
/* Schedule plus round constants of the block that pads a 64-byte message: constant. */
extern const uint32_t sha256_pad64_schedule[64];

/* libsodium, initialised once. Every use of it goes through here first. */
void sodium_ready(void);

#endif
