/* The obfuscation of block files: every byte XORed with one of eight key bytes, by its
 * place in the file. Plain C in words; the compiler makes vectors of it. */
#include "source/source_priv.h"

void source_xor(uint8_t *data, size_t size, uint64_t key, uint64_t offset)
{
    if (key == 0)
        return;
    unsigned turn = 8 * (unsigned)(offset % 8);
    uint64_t turned = turn == 0 ? key : key >> turn | key << (64 - turn);
    size_t words = size / 8;
    for (size_t i = 0; i < words; i++) {
        uint64_t word = load_le64(data + 8 * i) ^ turned;
        memcpy(data + 8 * i, &word, 8);
    }
    for (size_t i = 8 * words; i < size; i++)
        data[i] ^= (uint8_t)(turned >> (8 * (i % 8)));
}
