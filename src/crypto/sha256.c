/* SHA-256 as callers see it: streaming, one-shot, double and tagged, above whichever
 * kernel suits the machine, and the choice of that kernel. */
#include "crypto/crypto_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

/* ---- choice of the kernel ---- */

enum { KERNEL_UNCHOSEN = -1 };

static const struct sha256_ops *const kernels[SHA256_KERNEL_COUNT] = {
    [SHA256_PORTABLE] = &sha256_ops_portable,
    [SHA256_SHANI] = &sha256_ops_shani,
};

/* The one mutable global of the module: a cache of what the processor can do. Threads that
 * race to fill it write the same value. */
static _Atomic int kernel_chosen = KERNEL_UNCHOSEN;

static enum sha256_kernel kernel_best(void)
{
    const char *wanted = getenv("SANAD_SHA256");
    enum sha256_kernel best = SHA256_PORTABLE;
    for (int i = 0; i < SHA256_KERNEL_COUNT; i++) {
        if (!kernels[i]->runs())
            continue;
        best = (enum sha256_kernel)i;
        if (wanted && strcmp(wanted, kernels[i]->name) == 0)
            break;
    }
    return best;
}

enum sha256_kernel sha256_kernel_current(void)
{
    int kernel = atomic_load_explicit(&kernel_chosen, memory_order_relaxed);
    if (kernel == KERNEL_UNCHOSEN) {
        kernel = (int)kernel_best();
        atomic_store_explicit(&kernel_chosen, kernel, memory_order_relaxed);
    }
    return (enum sha256_kernel)kernel;
}

void sha256_kernel_set(enum sha256_kernel kernel)
{
    sanad_assert(sha256_kernel_runs(kernel));
    atomic_store_explicit(&kernel_chosen, (int)kernel, memory_order_relaxed);
}

const char *sha256_kernel_name(enum sha256_kernel kernel)
{
    sanad_assert((unsigned)kernel < SHA256_KERNEL_COUNT);
    return kernels[kernel]->name;
}

bool sha256_kernel_runs(enum sha256_kernel kernel)
{
    return (unsigned)kernel < SHA256_KERNEL_COUNT && kernels[kernel]->runs();
}

const struct sha256_ops *sha256_ops_current(void)
{
    return kernels[sha256_kernel_current()];
}

/* ---- streaming ---- */

void sha256_init(struct sha256 *hash)
{
    memcpy(hash->state, sha256_ops_portable.initial.word, sizeof hash->state);
    hash->size = 0;
}

void sha256_add(struct sha256 *hash, struct bytes bytes)
{
    const struct sha256_ops *ops = sha256_ops_current();
    size_t held = hash->size % SHA256_BLOCK_SIZE;
    if (bytes.size == 0)
        return;
    hash->size += bytes.size;
    if (held > 0) {
        size_t room = SHA256_BLOCK_SIZE - held;
        size_t part = bytes.size < room ? bytes.size : room;
        memcpy(hash->block + held, bytes.data, part);
        if (part < room)
            return;
        ops->compress(hash->state, hash->block, 1);
        bytes = bytes_of(bytes.data + part, bytes.size - part);
    }
    size_t whole = bytes.size / SHA256_BLOCK_SIZE;
    ops->compress(hash->state, bytes.data, whole);
    memcpy(hash->block, bytes.data + whole * SHA256_BLOCK_SIZE, bytes.size % SHA256_BLOCK_SIZE);
}

void sha256_final(struct hash256 *ret_digest, struct sha256 *hash)
{
    uint8_t tail[2 * SHA256_BLOCK_SIZE] = {0};
    size_t held = hash->size % SHA256_BLOCK_SIZE;
    size_t tail_size = held < SHA256_BLOCK_SIZE - 8 ? SHA256_BLOCK_SIZE : 2 * SHA256_BLOCK_SIZE;
    uint64_t bits = __builtin_bswap64(hash->size * 8);
    memcpy(tail, hash->block, held);
    tail[held] = 0x80;
    memcpy(tail + tail_size - 8, &bits, 8);
    sha256_ops_current()->compress(hash->state, tail, tail_size / SHA256_BLOCK_SIZE);
    for (unsigned i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(hash->state[i]);
        memcpy(ret_digest->b + 4 * i, &word, 4);
    }
}

/* ---- one-shot ---- */

void sha256_of(struct hash256 *ret_digest, struct bytes bytes)
{
    struct sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, bytes);
    sha256_final(ret_digest, &hash);
}

void sha256d_of(struct hash256 *ret_digest, struct bytes bytes)
{
    struct hash256 inner;
    sha256_of(&inner, bytes);
    sha256_of(ret_digest, bytes_of(inner.b, sizeof inner.b));
}

void sha256_tagged(struct hash256 *ret_digest, const char *tag, struct bytes bytes)
{
    struct hash256 tag_hash;
    struct sha256 hash;
    sha256_of(&tag_hash, bytes_of_text(tag));
    sha256_init(&hash);
    sha256_add(&hash, bytes_of(tag_hash.b, sizeof tag_hash.b));
    sha256_add(&hash, bytes_of(tag_hash.b, sizeof tag_hash.b));
    sha256_add(&hash, bytes);
    sha256_final(ret_digest, &hash);
}

void sha256d_64(uint8_t *out, const uint8_t *in, size_t count)
{
    sha256_ops_current()->double_64(out, in, count);
}
