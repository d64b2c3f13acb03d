/* SipHash-2-4 with 64 bits of result (Aumasson, Bernstein), one message at a time and many side by
 * side. The many are vectors of the compiler: one text, compiled for each instruction set and
 * chosen at run time. */
#include "chain/chain_priv.h"

#define INLINE static inline __attribute__((always_inline))

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

/* ---- many, side by side --------------------------------------------------------------------- */

#define ROUND_LANES(v0, v1, v2, v3)                                                                \
    do {                                                                                           \
        (v0) += (v1);                                                                              \
        (v2) += (v3);                                                                              \
        (v1) = ROTATE(v1, 13) ^ (v0);                                                              \
        (v3) = ROTATE(v3, 16) ^ (v2);                                                              \
        (v0) = ROTATE(v0, 32);                                                                     \
        (v2) += (v1);                                                                              \
        (v0) += (v3);                                                                              \
        (v1) = ROTATE(v1, 17) ^ (v2);                                                              \
        (v3) = ROTATE(v3, 21) ^ (v0);                                                              \
        (v2) = ROTATE(v2, 32);                                                                     \
    } while (0)

/* The kernel over vectors of one type: of as many messages as it has members. */
#define DEFINE_KERNEL(name, lanes)                                                                 \
    static void name(uint64_t *ret_hashes, const uint64_t key[2], const uint64_t *words,           \
                     size_t word_count, size_t count)                                              \
    {                                                                                              \
        const lanes zero = {0};                                                                    \
        for (size_t at = 0; at < count; at += sizeof(lanes) / sizeof(uint64_t)) {                  \
            lanes v0 = zero + (key[0] ^ START[0]);                                                 \
            lanes v1 = zero + (key[1] ^ START[1]);                                                 \
            lanes v2 = zero + (key[0] ^ START[2]);                                                 \
            lanes v3 = zero + (key[1] ^ START[3]);                                                 \
            for (size_t w = 0; w < word_count; w++) {                                              \
                lanes word;                                                                        \
                memcpy(&word, words + w * count + at, sizeof word);                                \
                v3 ^= word;                                                                        \
                ROUND_LANES(v0, v1, v2, v3);                                                       \
                ROUND_LANES(v0, v1, v2, v3);                                                       \
                v0 ^= word;                                                                        \
            }                                                                                      \
            v2 ^= zero + 0xff;                                                                     \
            ROUND_LANES(v0, v1, v2, v3);                                                           \
            ROUND_LANES(v0, v1, v2, v3);                                                           \
            ROUND_LANES(v0, v1, v2, v3);                                                           \
            ROUND_LANES(v0, v1, v2, v3);                                                           \
            v0 ^= v1 ^ v2 ^ v3;                                                                    \
            memcpy(ret_hashes + at, &v0, sizeof v0);                                               \
        }                                                                                          \
    }

typedef uint64_t lanes2 __attribute__((vector_size(16)));
DEFINE_KERNEL(many_portable, lanes2)

#ifdef __x86_64__

typedef uint64_t lanes4 __attribute__((vector_size(32)));
__attribute__((target("avx2"))) DEFINE_KERNEL(many_avx2, lanes4)

    typedef uint64_t lanes8 __attribute__((vector_size(64)));
__attribute__((target("avx512f"))) DEFINE_KERNEL(many_avx512, lanes8)

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
