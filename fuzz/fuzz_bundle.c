/* Feeds an entry bundle behind one byte of width: as a file through the reader, then entry by
 * entry. What is accepted has just as many entries, and they fill it. */
#include "tlog/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int input_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                      struct err *err)
{
    const struct bytes *input = context;
    struct buf data = buf_with_max(input->size + 1);
    if (tile->width == TLOG_TILE_WIDTH)
        return err_set(err, SANAD_MISSING, "tile: not there");
    buf_add(&data, *input);
    *ret_data = data;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct buf read;
    if (size == 0 || data[0] == 0)
        return 0;
    struct bytes bundle = bytes_of(data + 1, size - 1);
    struct tlog_tile tile = {.level = TLOG_ENTRIES, .width = data[0]};
    struct tlog_reader reader = {.context = &bundle, .read = input_read};
    int code = tlog_tile_read(&read, &reader, &tile, &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    size_t total = 0;
    for (unsigned i = 0; i < tile.width; i++) {
        struct bytes entry = {0};
        int again = tlog_bundle_entry(&entry, bundle, tile.width, i, &err);
        sanad_assert((again == 0) == (code == 0));
        total += 2 + entry.size;
    }
    if (code == 0) {
        sanad_assert(total == bundle.size && read.size == bundle.size);
        buf_free(&read);
    }
    return 0;
}
