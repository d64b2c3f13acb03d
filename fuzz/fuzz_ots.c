/* Feeds bytes to the readers of .ots files and of their index: what it accepts is written again
 * byte for byte, reads as the same, and none of its attestations is longer than a message may be.
 */
#include "ots/ots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void attestation_check(const struct ots *ots, const struct ots_attestation *attestation)
{
    struct hash256 root = {.b = {1}};
    struct err err = {0};
    sanad_assert(attestation->step < ots->step_count);
    sanad_assert(attestation->known == (attestation->message.size > 0));
    sanad_assert(attestation->message.size <= OTS_MESSAGE_MAX);
    sanad_assert((attestation->notary == OTS_PENDING) == (attestation->uri != NULL));
    if (attestation->notary != OTS_BITCOIN)
        return;
    int code = ots_check(attestation, &root, &err);
    sanad_assert(code == 0 || code == SANAD_FALSE || code == SANAD_MISSING);
}

static void index_feed(struct bytes raw)
{
    struct arena arena = {0};
    struct ots_index index;
    if (ots_index_parse(&index, "input", raw, &arena, NULL) == 0) {
        struct buf again = buf_with_max(raw.size);
        ots_index_write(&again, &index);
        sanad_assert(bytes_equal(buf_bytes(&again), raw));
        buf_free(&again);
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!ots_is(bytes_of(data, size)))
        index_feed(bytes_of(data, size));
    struct arena arena = {0};
    struct ots ots;
    struct err err = {0};
    int code = ots_parse(&ots, "input", bytes_of(data, size), &arena, &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code == 0) {
        struct buf again = buf_with_max(size);
        sanad_assert(ots_is(bytes_of(data, size)));
        for (size_t i = 0; i < ots.attestation_count; i++)
            attestation_check(&ots, &ots.attestations[i]);
        ots_write(&again, &ots);
        sanad_assert(bytes_equal(buf_bytes(&again), bytes_of(data, size)));
        buf_free(&again);
    }
    arena_free(&arena);
    return 0;
}
