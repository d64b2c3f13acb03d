/* The obfuscation of block files with 32-byte vectors. */
#include "source/source_priv.h"

#ifdef __x86_64__

#include <immintrin.h>

void source_xor_avx2(uint8_t *data, size_t size, uint64_t turned_key)
{
    const __m256i key = _mm256_set1_epi64x((long long)turned_key);
    size_t i = 0;
    for (; i + 128 <= size; i += 128) {
        for (size_t n = 0; n < 128; n += 32) {
            __m256i *at = (__m256i *)(void *)(data + i + n);
            _mm256_storeu_si256(at, _mm256_xor_si256(_mm256_loadu_si256(at), key));
        }
    }
    source_xor_portable(data + i, size - i, turned_key); /* i is a multiple of 8 */
}

#endif
