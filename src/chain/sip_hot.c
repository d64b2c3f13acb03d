/* SipHash-2-4 with 64 bits of result (Aumasson, Bernstein), one message at a time and eight side
 * by side. The eight are vectors of the compiler: one text, compiled for each instruction set
 * and chosen at run time. */
#include "chain/chain_priv.h"

#define INLINE static inline __attribute__((always_inline))

typedef uint64_t lanes __attribute__((vector_size(SIP_LANES * 8)));

#define ROTATE(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))

static const uint64_t START[4] = {UINT64_C(0x736f6d6570736575), UINT64_C(0x646f72616e646f6d),
                                  UINT64_C(0x6c7967656e657261), UINT64_C(0x7465646279746573)};

enum { COMPRESS = 2, FINISH = 4 };

/* ---- one message ---------------------------------------------------------------------------- */

INLINE void rounds(uint64_t v[4], int count)
{
    for (int i = 0; i < count; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = ROTATE(v[1], 13) ^ v[0];
        v[3] = ROTATE(v[3], 16) ^ v[2];
        v[0] = ROTATE(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = ROTATE(v[1], 17) ^ v[2];
        v[3] = ROTATE(v[3], 21) ^ v[0];
        v[2] = ROTATE(v[2], 32);
    }
}

uint64_t sip_word_at(struct bytes message, size_t i)
{
    size_t at = 8 * i;
    if (message.size - at >= 8)
        return load_le64(message.data + at);
    uint64_t last = (uint64_t)message.size << 56;
    for (size_t n = 0; at + n < message.size; n++)
        last |= (uint64_t)message.data[at + n] << (8 * n);
    return last;
}

uint64_t sip24(const uint64_t key[2], struct bytes message)
{
    uint64_t v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = key[i % 2] ^ START[i];
    for (size_t i = 0; i < sip_word_count(message.size); i++) {
        uint64_t word = sip_word_at(message, i);
        v[3] ^= word;
        rounds(v, COMPRESS);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    rounds(v, FINISH);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- eight ---------------------------------------------------------------------------------- */

INLINE void rounds_lanes(lanes v[4], int count)
{
    for (int i = 0; i < count; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = ROTATE(v[1], 13) ^ v[0];
        v[3] = ROTATE(v[3], 16) ^ v[2];
        v[0] = ROTATE(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = ROTATE(v[1], 17) ^ v[2];
        v[3] = ROTATE(v[3], 21) ^ v[0];
        v[2] = ROTATE(v[2], 32);
    }
}

INLINE void kernel(uint64_t *ret_hashes, const uint64_t key[2], const uint64_t *words,
                   size_t word_count, size_t count)
{
    const lanes zero = {0};
    for (size_t at = 0; at < count; at += SIP_LANES) {
        lanes v[4];
        for (size_t i = 0; i < 4; i++)
            v[i] = zero + (key[i % 2] ^ START[i]);
        for (size_t w = 0; w < word_count; w++) {
            lanes word;
            memcpy(&word, words + w * count + at, sizeof word);
            v[3] ^= word;
            rounds_lanes(v, COMPRESS);
            v[0] ^= word;
        }
        v[2] ^= zero + 0xff;
        rounds_lanes(v, FINISH);
        v[0] ^= v[1] ^ v[2] ^ v[3];
        memcpy(ret_hashes + at, &v[0], sizeof v[0]);
    }
}

static void many_portable(uint64_t *ret_hashes, const uint64_t key[2], const uint64_t *words,
                          size_t word_count, size_t count)
{
    kernel(ret_hashes, key, words, word_count, count);
}

#ifdef __x86_64__

__attribute__((target("avx2"))) static void many_avx2(uint64_t *ret_hashes, const uint64_t key[2],
                                                      const uint64_t *words, size_t word_count,
                                                      size_t count)
{
    kernel(ret_hashes, key, words, word_count, count);
}

__attribute__((target("avx512f"))) static void many_avx512(uint64_t *ret_hashes,
                                                           const uint64_t key[2],
                                                           const uint64_t *words, size_t word_count,
                                                           size_t count)
{
    kernel(ret_hashes, key, words, word_count, count);
}

bool sip_kernel_runs(enum sip_kernel which)
{
    if (which == SIP_AVX512)
        return __builtin_cpu_supports("avx512f");
    return which == SIP_PORTABLE || __builtin_cpu_supports("avx2");
}

void sip24_many_by(enum sip_kernel which, uint64_t *ret_hashes, const uint64_t key[2],
                   const uint64_t *words, size_t word_count, size_t count)
{
    sanad_assert(count % SIP_LANES == 0);
    if (which == SIP_AVX512)
        many_avx512(ret_hashes, key, words, word_count, count);
    else if (which == SIP_AVX2)
        many_avx2(ret_hashes, key, words, word_count, count);
    else
        many_portable(ret_hashes, key, words, word_count, count);
}

#else

bool sip_kernel_runs(enum sip_kernel which)
{
    return which == SIP_PORTABLE;
}

void sip24_many_by(enum sip_kernel which, uint64_t *ret_hashes, const uint64_t key[2],
                   const uint64_t *words, size_t word_count, size_t count)
{
    sanad_assert(count % SIP_LANES == 0 && which == SIP_PORTABLE);
    many_portable(ret_hashes, key, words, word_count, count);
}

#endif

void sip24_many(uint64_t *ret_hashes, const uint64_t key[2], const uint64_t *words,
                size_t word_count, size_t count)
{
    enum sip_kernel best = sip_kernel_runs(SIP_AVX512) ? SIP_AVX512
                           : sip_kernel_runs(SIP_AVX2) ? SIP_AVX2
                                                       : SIP_PORTABLE;
    sip24_many_by(best, ret_hashes, key, words, word_count, count);
}
