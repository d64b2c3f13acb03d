/* Feeds files of claims to the reader, and what it accepts to the check with prices and
 * without. Whatever comes: every claim gets one of three verdicts, and without a chain no
 * claim of coins is decided. */
#include "reserve/reserve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct claims *claims, const struct price_table *prices)
{
    struct err err = {0};
    sanad_assert(claims_check(claims, NULL, NULL, prices, &err) == 0);
    for (size_t i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->list[i];
        const char *verdict = claims->verdicts[i].verdict;
        bool undecided = strcmp(verdict, "undecided") == 0;
        sanad_assert(undecided || strcmp(verdict, "consistent") == 0 ||
                     strcmp(verdict, "contradicted") == 0);
        sanad_assert(undecided || (prices && *claim->relation));
        sanad_assert(*claim->id && *claim->source && *claim->publisher);
    }
    json_t *json = claims_json(claims);
    sanad_assert(json_array_size(json_object_get(json, "claims")) == claims->count);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct claims claims;
    /* A price at noon of 2025-07-16. */
    struct price_point points[] = {
        {.time = 1752667200, .source = "a", .price_minor_per_btc = 11888000}};
    struct price_table prices = {.currency = "USD", .points = points, .count = countof(points)};
    int code = claims_read(&claims, "input", bytes_of(data, size), &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code != 0)
        return 0;
    check(&claims, NULL);
    check(&claims, &prices);
    claims_free(&claims);
    return 0;
}
