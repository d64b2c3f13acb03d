/* Addresses from outside, on every network: whatever is taken is written back as it was, and
 * a text is taken on networks of one kind only. The same bytes go through as a script. */
#include "chain/chain.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_SIZE_MAX = 512 };

static void text_round_trips(const struct chain_params *params, const char *text)
{
    struct buf script = buf_with_max(64);
    struct err err = {0};
    char again[ADDRESS_TEXT_SIZE];
    if (address_to_script(&script, params, text, &err) == 0) {
        bool written = address_from_script(again, params, buf_bytes(&script));
        sanad_assert(written);
        sanad_assert(strcasecmp(again, text) == 0);
    } else {
        sanad_assert(err.text[0] && script.size == 0);
    }
    buf_free(&script);
}

static void script_round_trips(const struct chain_params *params, struct bytes script)
{
    char text[ADDRESS_TEXT_SIZE];
    if (!address_from_script(text, params, script))
        return;
    struct buf again = buf_with_max(64);
    int code = address_to_script(&again, params, text, NULL);
    sanad_assert(code == 0);
    sanad_assert(bytes_equal(buf_bytes(&again), script));
    buf_free(&again);
}

static void base58_round_trips(const char *text)
{
    struct buf payload = buf_with_max(256);
    struct buf again = buf_with_max(512);
    if (base58check_decode(&payload, text)) {
        base58check_encode(&again, buf_bytes(&payload));
        sanad_assert(strcmp(buf_cstr(&again), text) == 0);
    }
    buf_free(&payload);
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[FUZZ_SIZE_MAX + 1];
    if (size > FUZZ_SIZE_MAX)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    for (int id = 0; id < CHAIN_COUNT; id++) {
        text_round_trips(chain_params_get((enum chain_id)id), text);
        script_round_trips(chain_params_get((enum chain_id)id), bytes_of(data, size));
    }
    base58_round_trips(text);
    return 0;
}
