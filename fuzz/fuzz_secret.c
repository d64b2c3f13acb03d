/* Sealed secrets as the world may hand them over: whatever the bytes, opening ends with
 * one of the promised codes and leaves the buffer alone unless it succeeds. */
#include "crypto/crypto.h"

#include <stdlib.h>

enum { COSTS_AT = 3, COSTS_SIZE = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Opens once with the costs as they are where these are cheap, so that they are judged
 * too, and else with the least, so that no input takes a second or a gigabyte. */
static uint8_t *with_cheap_costs(const uint8_t *data, size_t size)
{
    static const uint8_t cheap[COSTS_SIZE] = {1, 0, 0, 0, 8, 0, 0, 0};
    uint8_t *copy = mem_alloc(size ? size : 1);
    if (size)
        memcpy(copy, data, size);
    if (size >= COSTS_AT + COSTS_SIZE) {
        uint32_t passes = load_le32(data + COSTS_AT), memory = load_le32(data + COSTS_AT + 4);
        bool refused = passes < 1 || passes > 16 || memory < 8 || memory > 1 << 20;
        if (!refused && (passes > 2 || memory > 64))
            memcpy(copy + COSTS_AT, cheap, COSTS_SIZE);
    }
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *sealed = with_cheap_costs(data, size);
    struct buf buf = buf_with_max(1 << 20);
    struct err err = {0};
    int code = secret_open(&buf, bytes_of(sealed, size), "passphrase", &err);
    sanad_assert(code == 0 || code == SANAD_FALSE || code == SANAD_REFUSED);
    sanad_assert(code == err.code);
    sanad_assert(code == 0 ? size == 51 + 16 + buf.size : buf.size == 0);
    buf_free(&buf);
    free(sealed);
    return 0;
}
