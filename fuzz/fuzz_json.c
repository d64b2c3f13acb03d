/* Any bytes as JSON. What is read and has a canonical form must come back from that form
 * unchanged: parse, canonical, parse, canonical gives the same bytes. */
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_JSON_MAX = 1 << 16 };

static int canonical(struct buf *buf, struct bytes text)
{
    json_t *json = NULL;
    struct err err = {0};
    int code = json_read(&json, "fuzz", text, FUZZ_JSON_MAX, &err);
    if (code == 0)
        code = json_canonical(buf, json, &err);
    json_decref(json);
    sanad_assert((code == 0) == (err.code == 0));
    sanad_assert(text_is_clean(err.text));
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once = buf_with_max(FUZZ_JSON_MAX);
    struct buf twice = buf_with_max(FUZZ_JSON_MAX);
    if (canonical(&once, bytes_of(data, size)) == 0) {
        sanad_assert(canonical(&twice, buf_bytes(&once)) == 0);
        sanad_assert(bytes_equal(buf_bytes(&once), buf_bytes(&twice)));
    }
    buf_free(&once);
    buf_free(&twice);
    return 0;
}
