/* Feeds files to the CSV import of prices, declarations, liabilities and series. Whatever comes: it
 * is imported whole or not at all, the chain of the journal holds, and what it holds comes out
 * again. */
#include "register/register.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct registry *registry, const char *kind, bool imported)
{
    struct err err = {0};
    struct hash256 head;
    int64_t count = -1;
    struct arena arena = {0};
    struct buf out = buf_with_max(64 << 20);
    struct register_query query = {.kind = kind, .known = INT64_MAX};
    sanad_assert(register_check(registry, &count, &head, &err) == 0);
    sanad_assert(imported || count == 0);
    sanad_assert(register_export_csv(registry, &out, &query, &err) == 0);
    struct register_declaration *list;
    struct register_price *prices;
    size_t found;
    struct price_query asked = {
        .currency = "USD", .after = INT64_MIN, .to = INT64_MAX, .known = INT64_MAX};
    sanad_assert(register_declarations(registry, &list, &found, NULL, INT64_MAX, &arena, &err) ==
                 0);
    sanad_assert(register_prices(registry, &prices, &found, &asked, &arena, &err) == 0);
    arena_free(&arena);
    buf_free(&out);
}

static const char *kind_of(uint8_t letter)
{
    switch (letter | 0x20) {
    case 'p':
        return "price";
    case 'l':
        return "liability";
    case 's':
        return "series";
    default:
        return "declaration";
    }
}

/* The first byte chooses the kind ('p', 'l', 's' or another) and, by its case, whether it is
 * approved. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct store *store;
    struct registry *registry;
    struct import_report report = {0};
    if (size == 0)
        return 0;
    const char *kind = kind_of(data[0]);
    struct register_import import = {.nation = "XS",
                                     .proposer = "ana",
                                     .approver = data[0] & 0x20 ? NULL : "bruno",
                                     .known = 1000000000};
    sanad_assert(store_open(&store, "", STORE_MEMORY, &err) == 0);
    sanad_assert(register_open(&registry, store, &err) == 0);
    int code = register_import_csv(registry, &report, kind, "input", bytes_of(data + 1, size - 1),
                                   &import, &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    check(registry, kind, code == 0);
    import_report_free(&report);
    register_close(registry);
    store_close(store);
    return 0;
}
