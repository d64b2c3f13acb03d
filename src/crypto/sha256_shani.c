/* SHA-256 with the SHA instructions of x86-64. One instruction does two rounds but takes
 * four cycles to answer, so one message alone leaves the unit half idle or worse: four
 * independent messages are interleaved where the work allows it.
 *
 * The state of a lane is two vectors, in the order the instructions want: words F E B A
 * in `abef` and H G D C in `cdgh`, lowest first. */
#include "crypto/crypto_priv.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

enum { LANES = SHA256_LANE_COUNT };

struct streams {
    __m128i abef[LANES];
    __m128i cdgh[LANES];
};

/* The last sixteen message words of each lane: word[q] holds those whose number is 4q to
 * 4q+3, counted modulo 16. `newest` repeats the four that were made last. */
struct message {
    __m128i word[4][LANES];
    __m128i newest[LANES];
};

/* Four lanes need 24 vectors and there are 16. Left to itself the compiler spills state
 * and words alike, and a spilled state lengthens the chain that limits a lane; told that
 * the older words live in memory, it keeps the state in registers (8 % faster). */
#define KEEP_IN_MEMORY(value) __asm__ volatile("" : "+m"(value))

INLINE __m128i load(const void *at)
{
    return _mm_loadu_si128(at);
}

INLINE void store(void *at, __m128i value)
{
    _mm_storeu_si128(at, value);
}

/* The bytes of each 32-bit word reversed. */
INLINE __m128i swap_bytes(__m128i value)
{
    return _mm_shuffle_epi8(value, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

INLINE void streams_load(struct streams *s, const struct sha256_lane *lanes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        s->abef[i] = load(lanes[i].word);
        s->cdgh[i] = load(lanes[i].word + 4);
    }
}

INLINE void streams_store(struct sha256_lane *lanes, const struct streams *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        store(lanes[i].word, s->abef[i]);
        store(lanes[i].word + 4, s->cdgh[i]);
    }
}

INLINE void streams_start(struct streams *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        s->abef[i] = load(sha256_ops_shani.initial.word);
        s->cdgh[i] = load(sha256_ops_shani.initial.word + 4);
    }
}

INLINE void message_load(struct message *m, const uint8_t *const *data, size_t offset, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned q = 0; q < 4; q++)
            m->word[q][i] = swap_bytes(load(data[i] + offset + 16 * q));
}

/* Called when all sixteen words of the block are set. */
INLINE void message_begin(struct message *m, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        m->newest[i] = m->word[3][i];
        for (unsigned q = 0; q < 4 && n == LANES; q++)
            KEEP_IN_MEMORY(m->word[q][i]);
    }
}

/* Words w to w+3 of one lane, of which `oldest` are words w-16 to w-13. */
INLINE void message_extend(struct message *m, __m128i oldest, unsigned q, unsigned i, unsigned n)
{
    const __m128i back7 = _mm_alignr_epi8(m->newest[i], m->word[(q + 2) % 4][i], 4);
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(oldest, m->word[(q + 1) % 4][i]), back7);
    m->newest[i] = _mm_sha256msg2_epu32(sum, m->newest[i]);
    if (q == 11)
        return; /* read as `newest` alone */
    m->word[q % 4][i] = m->newest[i];
    if (n == LANES)
        KEEP_IN_MEMORY(m->word[q % 4][i]);
}

/* Rounds 4q to 4q+3, and the message words that are needed sixteen rounds later. */
INLINE void four_rounds(struct streams *s, struct message *m, unsigned q, unsigned n)
{
    const __m128i k = _mm_load_si128((const __m128i *)(sha256_round_constants + 4 * (size_t)q));
    for (unsigned i = 0; i < n; i++) {
        const __m128i words = q == 15 ? m->newest[i] : m->word[q % 4][i];
        const __m128i w = _mm_add_epi32(words, k);
        s->cdgh[i] = _mm_sha256rnds2_epu32(s->cdgh[i], s->abef[i], w);
        s->abef[i] = _mm_sha256rnds2_epu32(s->abef[i], s->cdgh[i], _mm_shuffle_epi32(w, 0x0e));
        if (q < 12)
            message_extend(m, words, q, i, n);
    }
}

INLINE void streams_add(struct streams *s, const struct streams *before, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        s->abef[i] = _mm_add_epi32(s->abef[i], before->abef[i]);
        s->cdgh[i] = _mm_add_epi32(s->cdgh[i], before->cdgh[i]);
    }
}

/* Unrolled by hand: every index must be a constant for the words to stay in registers. */
INLINE void compress(struct streams *s, struct message *m, unsigned n)
{
    const struct streams before = *s;
    message_begin(m, n);
    four_rounds(s, m, 0, n);
    four_rounds(s, m, 1, n);
    four_rounds(s, m, 2, n);
    four_rounds(s, m, 3, n);
    four_rounds(s, m, 4, n);
    four_rounds(s, m, 5, n);
    four_rounds(s, m, 6, n);
    four_rounds(s, m, 7, n);
    four_rounds(s, m, 8, n);
    four_rounds(s, m, 9, n);
    four_rounds(s, m, 10, n);
    four_rounds(s, m, 11, n);
    four_rounds(s, m, 12, n);
    four_rounds(s, m, 13, n);
    four_rounds(s, m, 14, n);
    four_rounds(s, m, 15, n);
    streams_add(s, &before, n);
}

/* The padding block of a 64-byte message: its schedule is known, only rounds are left. */
INLINE void compress_pad64(struct streams *s, unsigned n)
{
    const struct streams before = *s;
    for (unsigned q = 0; q < 16; q++) {
        const __m128i w = _mm_load_si128((const __m128i *)(sha256_pad64_schedule + 4 * (size_t)q));
        const __m128i high = _mm_shuffle_epi32(w, 0x0e);
        for (unsigned i = 0; i < n; i++) {
            s->cdgh[i] = _mm_sha256rnds2_epu32(s->cdgh[i], s->abef[i], w);
            s->abef[i] = _mm_sha256rnds2_epu32(s->abef[i], s->cdgh[i], high);
        }
    }
    streams_add(s, &before, n);
}

/* State to digest words in the order of the standard: A B C D and E F G H. */
INLINE void digest_words(__m128i *ret_abcd, __m128i *ret_efgh, __m128i abef, __m128i cdgh)
{
    const __m128i abef_forward = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i cdgh_forward = _mm_shuffle_epi32(cdgh, 0x1b);
    *ret_abcd = _mm_unpacklo_epi64(abef_forward, cdgh_forward);
    *ret_efgh = _mm_unpackhi_epi64(abef_forward, cdgh_forward);
}

/* Each lane's digest, hashed again without leaving the registers. */
INLINE void second_hash(struct streams *s, unsigned n)
{
    struct message m;
    for (unsigned i = 0; i < n; i++) {
        digest_words(&m.word[0][i], &m.word[1][i], s->abef[i], s->cdgh[i]);
        m.word[2][i] = _mm_set_epi32(0, 0, 0, (int)0x80000000);
        m.word[3][i] = _mm_set_epi32(256, 0, 0, 0);
    }
    streams_start(s, n);
    compress(s, &m, n);
}

INLINE void digest_store(uint8_t *out, __m128i abef, __m128i cdgh)
{
    __m128i abcd, efgh;
    digest_words(&abcd, &efgh, abef, cdgh);
    store(out, swap_bytes(abcd));
    store(out + 16, swap_bytes(efgh));
}

/* ---- the kernel's operations ---- */

static bool shani_runs(void)
{
    unsigned a, b, c, d;
    const unsigned ssse3 = 1u << 9, sse41 = 1u << 19, sha = 1u << 29;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & ssse3) || !(c & sse41))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & sha);
}

INLINE void lanes_n(struct sha256_lane *lanes, const uint8_t *const *data, unsigned n,
                    size_t block_count)
{
    struct streams s;
    streams_load(&s, lanes, n);
    for (size_t block = 0; block < block_count; block++) {
        struct message m;
        message_load(&m, data, block * SHA256_BLOCK_SIZE, n);
        compress(&s, &m, n);
    }
    streams_store(lanes, &s, n);
}

static void shani_lanes(struct sha256_lane *lanes, const uint8_t *const *data, unsigned lane_count,
                        size_t block_count)
{
    sanad_assert(lane_count == 1 || lane_count == 2 || lane_count == 4);
    if (lane_count == 4)
        lanes_n(lanes, data, 4, block_count);
    else if (lane_count == 2)
        lanes_n(lanes, data, 2, block_count);
    else
        lanes_n(lanes, data, 1, block_count);
}

static void shani_compress(uint32_t state[8], const uint8_t *data, size_t block_count)
{
    struct sha256_lane lane = {
        {state[5], state[4], state[1], state[0], state[7], state[6], state[3], state[2]}};
    lanes_n(&lane, &data, 1, block_count);
    __m128i abcd, efgh;
    digest_words(&abcd, &efgh, load(lane.word), load(lane.word + 4));
    store(state, abcd);
    store(state + 4, efgh);
}

INLINE void finish(const struct sha256_group *group, bool once)
{
    struct streams s;
    struct message m;
    streams_load(&s, group->lanes, LANES);
    for (size_t block = 0; block < group->block_count; block++) {
        message_load(&m, group->data, block * SHA256_BLOCK_SIZE, LANES);
        compress(&s, &m, LANES);
    }
    for (unsigned last = group->one_left; last < 2; last++) {
        message_load(&m, group->last[last], 0, LANES);
        compress(&s, &m, LANES);
    }
    if (!once)
        second_hash(&s, LANES);
    for (unsigned i = 0; i < LANES; i++)
        digest_store(group->digests[i]->b, s.abef[i], s.cdgh[i]);
}

/* Two bodies: registers are given out for each as if there were no other. */
static void shani_finish(const struct sha256_group *group)
{
    if (group->once)
        finish(group, true);
    else
        finish(group, false);
}

INLINE void double_64_n(uint8_t *out, const uint8_t *in, unsigned n)
{
    struct streams s;
    struct message m;
    const uint8_t *data[LANES] = {0};
    for (unsigned i = 0; i < n; i++)
        data[i] = in + 64 * (size_t)i;
    streams_start(&s, n);
    message_load(&m, data, 0, n);
    compress(&s, &m, n);
    compress_pad64(&s, n);
    second_hash(&s, n);
    for (unsigned i = 0; i < n; i++)
        digest_store(out + 32 * (size_t)i, s.abef[i], s.cdgh[i]);
}

static void shani_double_64(uint8_t *out, const uint8_t *in, size_t count)
{
    for (; count >= 4; count -= 4, in += 4 * 64, out += 4 * 32)
        double_64_n(out, in, 4);
    for (; count >= 2; count -= 2, in += 2 * 64, out += 2 * 32)
        double_64_n(out, in, 2);
    if (count)
        double_64_n(out, in, 1);
}

const struct sha256_ops sha256_ops_shani = {
    .name = "shani",
    .runs = shani_runs,
    .initial = {{0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667, 0x5be0cd19, 0x1f83d9ab, 0xa54ff53a,
                 0x3c6ef372}},
    .compress = shani_compress,
    .lanes = shani_lanes,
    .finish = shani_finish,
    .double_64 = shani_double_64,
};

#else

static bool shani_runs(void)
{
    return false;
}

/* Never chosen, so its operations are never called. */
const struct sha256_ops sha256_ops_shani = {.name = "shani", .runs = shani_runs};

#endif
