/* The obfuscation of block files: every byte XORed with one of eight key bytes, by its
 * place in the file. The wide kernel runs where the machine has it; plain C everywhere. */
#include "source/source_priv.h"

/* Four words a round: what compilers make into vectors. */
void source_xor_portable(uint8_t *data, size_t size, uint64_t turned_key)
{
    size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        uint64_t words[4];
        memcpy(words, data + i, sizeof words);
        for (size_t n = 0; n < 4; n++)
            words[n] ^= turned_key;
        memcpy(data + i, words, sizeof words);
    }
    for (; i < size; i++)
        data[i] ^= (uint8_t)(turned_key >> (8 * (i % 8)));
}

void source_xor(uint8_t *data, size_t size, uint64_t key, uint64_t offset)
{
    if (key == 0)
        return;
    unsigned turn = 8 * (unsigned)(offset % 8);
    uint64_t turned = turn == 0 ? key : key >> turn | key << (64 - turn);
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) {
        source_xor_avx2(data, size, turned);
        return;
    }
#endif
    source_xor_portable(data, size, turned);
}
