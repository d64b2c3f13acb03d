/* Fuzzes the reader of trust files. */
#include "stmt/stmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trust *trust;
    if (trust_read(&trust, "fuzz", bytes_of(data, size), NULL) == 0)
        trust_free(trust);
    return 0;
}
