/* Fuzzes the decoding of block filters: the first byte chooses how many scripts are looked for,
 * the rest is a filter. What filter_check takes, matching takes, alone and next to others; a
 * filter is one encoding of its values and no other. Then the bytes are elements, and the
 * filter made of them has each of them. */
#include "chain/chain_priv.h"

enum { SCRIPT_SIZE = 9, LANES = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decoding(struct bytes filter, const struct bytes *scripts, size_t count)
{
    struct filter_targets *targets = filter_targets_new(scripts, count);
    struct filter_matcher *matcher = filter_matcher_new(targets);
    struct filter_job jobs[LANES];
    struct err err;
    bool good = filter_check(filter, &err) == 0;
    for (size_t i = 0; i < LANES; i++)
        jobs[i] = (struct filter_job){.block_hash = {{(uint8_t)i}}, .filter = filter};
    filter_match_many(matcher, jobs, LANES);
    for (size_t i = 0; i < LANES; i++) {
        bool matched = false;
        sanad_assert((jobs[i].rule == NULL) == good);
        int code = filter_match_any(&matched, filter, &jobs[i].block_hash, scripts, count, &err);
        sanad_assert((code == 0) == good && jobs[i].matched == matched);
    }
    filter_matcher_free(matcher);
    filter_targets_free(targets);
}

static void check_encoding(const struct bytes *scripts, size_t count)
{
    struct filter_items items = {.count = 0};
    struct buf filter = buf_with_max(FILTER_SIZE_MAX);
    struct hash256 hash = {{7}};
    struct err err;
    filter_items_begin(&items, &hash);
    for (size_t i = 0; i < count; i++)
        filter_items_add_prevout(&items, scripts[i]);
    filter_items_write(&filter, &items);
    sanad_assert(filter_check(buf_bytes(&filter), &err) == 0);
    for (size_t i = 0; i < count && i < 16; i++) {
        bool matched = false;
        sanad_assert(filter_match_any(&matched, buf_bytes(&filter), &hash, &scripts[i], 1, &err) ==
                     0);
        sanad_assert(matched);
    }
    filter_items_free(&items);
    buf_free(&filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes scripts[256];
    if (size == 0)
        return 0;
    size_t count = 0;
    for (size_t at = 1; count < data[0] && at + SCRIPT_SIZE <= size; at += SCRIPT_SIZE) {
        scripts[count] = bytes_of(data + at, SCRIPT_SIZE - count % 3);
        count++;
    }
    check_decoding(bytes_of(data + 1, size - 1), scripts, count);
    check_encoding(scripts, count);
    return 0;
}
