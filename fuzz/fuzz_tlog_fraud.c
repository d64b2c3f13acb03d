/* Feeds bytes to the parser of fraud proofs: what it accepts is what is written again, and accuses
 * nobody whose key did not sign. */
#include "tlog/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct tlog_fraud fraud;
    struct note_key key;
    struct err err = {0};
    uint8_t seed[32] = {0xf0};
    uint8_t public_key[32];
    int code = tlog_fraud_parse(&fraud, "input", bytes_of(data, size), &arena, &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code == 0) {
        struct buf again = buf_with_max(size + 64);
        tlog_fraud_write(&again, &fraud);
        sanad_assert(bytes_equal(buf_bytes(&again), bytes_of(data, size)));
        ed25519_public(public_key, seed);
        sanad_assert(
            note_key_make(&key, "example.org/log", NOTE_KEY_TYPE_ED25519, public_key, &err) == 0);
        sanad_assert(tlog_fraud_check(&fraud, &key, &err) != 0);
        buf_free(&again);
    }
    arena_free(&arena);
    return 0;
}
