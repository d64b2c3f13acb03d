/* Descriptors from outside, on every network: a text that is taken gives scripts at its first
 * and last branch and index, gives the same ones when its own text is read again with its
 * checksum. The first byte picks the network. */
#include "chain/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_SIZE_MAX = DESCRIPTOR_TEXT_MAX + 16, FUZZ_WHICH_MAX = 4 };

static void scripts_are_alike(const struct descriptor *left, const struct descriptor *right,
                              uint32_t branch, uint32_t index)
{
    struct buf a = buf_with_max(SCRIPT_SIZE_MAX);
    struct buf b = buf_with_max(SCRIPT_SIZE_MAX);
    uint32_t count = descriptor_script_count(left);
    sanad_assert(count >= 1 && count <= FUZZ_WHICH_MAX);
    for (uint32_t which = 0; which < count; which++) {
        bool known = descriptor_script(&a, left, branch, index, which);
        bool again = descriptor_script(&b, right, branch, index, which);
        sanad_assert(known == again);
        sanad_assert(bytes_equal(buf_bytes(&a), buf_bytes(&b)));
    }
    sanad_assert(a.size > 0);
    buf_free(&a);
    buf_free(&b);
}

static void reads_again(const struct chain_params *params, const struct descriptor *descriptor)
{
    struct buf text = buf_with_max(FUZZ_SIZE_MAX);
    struct descriptor *again;
    char checksum[9];
    bool allowed = descriptor_checksum(checksum, descriptor_text(descriptor));
    sanad_assert(allowed);
    buf_text(&text, descriptor_text(descriptor));
    if (text.size + 1 + strlen(checksum) <= DESCRIPTOR_TEXT_MAX) {
        buf_text(&text, "#");
        buf_text(&text, checksum);
    }
    int code = descriptor_parse(&again, params, buf_cstr(&text), NULL);
    sanad_assert(code == 0);
    uint32_t last = descriptor_branch_count(descriptor) - 1;
    sanad_assert(descriptor_branch_count(again) - 1 == last);
    sanad_assert(descriptor_is_ranged(again) == descriptor_is_ranged(descriptor));
    scripts_are_alike(descriptor, again, 0, 0);
    scripts_are_alike(descriptor, again, last, DESCRIPTOR_INDEX_MAX);
    descriptor_free(again);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FUZZ_SIZE_MAX)
        return 0;
    const struct chain_params *params = chain_params_get((enum chain_id)(data[0] % CHAIN_COUNT));
    struct err err = {0};
    struct descriptor *descriptor;
    char *text = mem_alloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    if (descriptor_parse(&descriptor, params, text, &err) == 0) {
        reads_again(params, descriptor);
        descriptor_free(descriptor);
    } else {
        sanad_assert(err.code == SANAD_REFUSED && err.text[0]);
    }
    free(text);
    return 0;
}
