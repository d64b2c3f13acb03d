/* Feeds bytes to the parser of checkpoints: what it accepts without extension is what is written
 * again, byte by byte. */
#include "tlog/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tlog_checkpoint checkpoint;
    struct err err = {0};
    int code = tlog_checkpoint_parse(&checkpoint, "input", bytes_of(data, size), &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code)
        return 0;
    struct bytes extension = checkpoint.extension;
    struct buf again = buf_with_max(TLOG_CHECKPOINT_MAX + size);
    checkpoint.extension = bytes_of(NULL, 0);
    tlog_checkpoint_write(&again, &checkpoint);
    buf_add(&again, extension);
    sanad_assert(bytes_equal(buf_bytes(&again), bytes_of(data, size)));
    buf_free(&again);
    return 0;
}
