/* Feeds the static core: the first byte says which input the rest is; the others are given. Every
 * signature verifies where its first byte is even, so that what stands behind it is reached. What
 * the core takes, the program's own readers must take, and the other way round. */
#include "chain/chain.h"
#include "stmt/stmt.h"
#include "tlog/tlog.h"
#include "verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[SANAD_MEMORY_SIZE];

static bool half_of_them(void *context, const uint8_t key[32], const uint8_t signature[64],
                         const uint8_t *message, size_t message_size)
{
    (void)context;
    (void)key;
    sanad_assert(message_size > 0 && message);
    return signature[0] % 2 == 0;
}

static const struct sanad_verifier verifier = {
    .ed25519 = half_of_them, .memory = memory, .memory_size = sizeof memory};

/* Keys that anyone can make: of the seed that begins with 1 and is else 0. */
static const char trust_text[] =
    "{\"keys\":[\"x.example/k+d7dbe64f+Ac7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8\"],\"roles\":"
    "{\"claim\":{\"threshold\":1,\"keys\":[\"x.example/k\"]}}}";

static void result_check(const struct sanad_result *result, enum sanad_verdict verdict)
{
    sanad_assert(result->verdict == verdict);
    sanad_assert(memchr(result->text, 0, sizeof result->text) && result->text[0]);
    sanad_assert(text_is_clean(result->text));
}

static void statement_feed(const struct sanad_input *input)
{
    struct sanad_statement ours;
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    struct stmt *theirs = NULL;
    struct err err = {0};
    enum sanad_verdict verdict = sanad_statement_read(&verifier, &ours, &result, input);
    result_check(&result, verdict);
    int code = stmt_read(&theirs, "input", bytes_of(input->data, input->size), &err);
    sanad_assert((code == 0) == (verdict == SANAD_VERDICT_HOLDS));
    sanad_assert(code != 0 || memcmp(ours.text.data, theirs->note.text.data, ours.text.size) == 0);
    stmt_free(theirs);
    const struct sanad_input trust = {"trust", (const uint8_t *)trust_text, sizeof trust_text - 1};
    result_check(&result, sanad_verify_statement_by(&verifier, &result, input, &trust));
    if (verdict == SANAD_VERDICT_HOLDS) /* as a root */
        result_check(&result, sanad_verify_statement_by(&verifier, &result, input, input));
}

static void trust_feed(const struct sanad_input *input)
{
    static const char note[] = "sanad/statement/v1 claim\n{}\n\n\xe2\x80\x94 x AAAAAAAA\n";
    const struct sanad_input statement = {"note", (const uint8_t *)note, sizeof note - 1};
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    result_check(&result, sanad_verify_statement_by(&verifier, &result, &statement, input));
}

static void policy_feed(const struct sanad_input *input)
{
    static const char note[] = "x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
                               "\xe2\x80\x94 x AAAAAAAA\n";
    const struct sanad_input checkpoint = {"note", (const uint8_t *)note, sizeof note - 1};
    struct sanad_checkpoint ours;
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    struct tlog_policy *theirs = NULL;
    struct err err = {0};
    enum sanad_verdict verdict =
        sanad_verify_checkpoint(&verifier, &ours, &result, &checkpoint, input);
    result_check(&result, verdict);
    int code = tlog_policy_parse(&theirs, "input", bytes_of(input->data, input->size), &err);
    sanad_assert((code == 0) == (verdict != SANAD_VERDICT_REFUSED));
    sanad_assert(code == 0 || strcmp(err.text, result.text) == 0);
    tlog_policy_free(theirs);
}

static const char log_text[] =
    "log x.example/k+d7dbe64f+Ac7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8\nquorum none\n";
static const struct sanad_input policy = {"policy", (const uint8_t *)log_text, sizeof log_text - 1};

static void place_feed(const struct sanad_input *input)
{
    const struct sanad_input entry = {"entry", NULL, 0};
    struct sanad_place place;
    struct sanad_checkpoint checkpoint;
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    result_check(&result, sanad_verify_place(&verifier, &place, &result, &entry, input, &policy));
    result_check(&result, sanad_verify_checkpoint(&verifier, &checkpoint, &result, input, &policy));
}

static void fraud_feed(const struct sanad_input *input)
{
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    result_check(&result, sanad_verify_fraud(&verifier, &result, input, &policy));
}

static void headers_feed(const struct sanad_input *input)
{
    uint8_t first[32] = {0};
    struct sanad_headers headers;
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    struct hash256 hash;
    if (input->size >= SANAD_HEADER_SIZE) {
        header_hash(&hash, input->data);
        memcpy(first, hash.b, sizeof first);
    }
    for (uint32_t height = 0; height <= 2016; height += 2015) {
        const struct sanad_anchor anchor = {SANAD_NETWORK_REGTEST, height, height ? first : NULL};
        enum sanad_verdict verdict = sanad_verify_headers(&headers, &result, input, &anchor);
        uint32_t found;
        result_check(&result, verdict);
        if (verdict == SANAD_VERDICT_HOLDS)
            sanad_assert(sanad_headers_find(&found, &headers, headers.tip) &&
                         found == height + headers.count - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const feeds[])(const struct sanad_input *) = {
        statement_feed, trust_feed, policy_feed, place_feed, fraud_feed, headers_feed};
    if (size == 0)
        return 0;
    const struct sanad_input input = {"input", data + 1, size - 1};
    feeds[(size_t)(data[0] - 'a') % countof(feeds)](&input);
    return 0;
}
