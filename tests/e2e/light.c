/* Scans block files as a light source is scanned: kept filters say which blocks are read, all
 * others are known by their headers alone. So what follows from filters can be held against what
 * follows from all blocks without a network:
 *
 *   e2e_light STORE BLOCKS FILTERS BOOK...     regtest; the books become known on 2025-12-31
 *
 * Prints blocks, and the bytes of those that were read. */
#include "support.h"
#include "register/register.h"
#include "scan/scan.h"

enum { KNOWN = 1767139200, BOOKS_MAX = 8 };

struct light {
    struct source *source;
    struct filters *filters;
    struct store *store;
    struct facts *facts;
    struct registry *registry;
    struct book *books[BOOKS_MAX];
    size_t book_count;
};

static int book_add(struct light *light, const char *path, struct err *err)
{
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    struct import_report report = {0};
    struct register_import import = {.proposer = "operator", .document_name = path, .known = KNOWN};
    struct book **book = &light->books[light->book_count];
    int code = book_read_file(book, path, params, err);
    if (code != 0)
        return code;
    light->book_count++;
    import.nation = (*book)->nation;
    code = register_import_book(light->registry, &report, (*book)->json, &import, err);
    import_report_free(&report);
    return code;
}

static int light_open(struct light *light, char **argv, struct err *err)
{
    char spec[PATH_SIZE];
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    struct source_options options = {.params = params};
    (void)snprintf(spec, sizeof spec, "blocks:%s", argv[2]);
    int code = source_open(&light->source, spec, &options, err);
    if (code == 0)
        code = filters_open(&light->filters, argv[3], params, FILTERS_READ, err);
    if (code == 0)
        code = store_open(&light->store, argv[1], STORE_CREATE, err);
    if (code == 0)
        code = facts_open(&light->facts, light->store, params, err);
    if (code == 0)
        code = register_open(&light->registry, light->store, err);
    for (size_t i = 4; code == 0 && argv[i] && light->book_count < BOOKS_MAX; i++)
        code = book_add(light, argv[i], err);
    return code;
}

int main(int argc, char **argv)
{
    struct light light = {.book_count = 0};
    struct scan_result result;
    struct err err = {0};
    if (argc < 5)
        return 2;
    int code = light_open(&light, argv, &err);
    if (code == 0) {
        source_filters_use(light.source, light.filters, true);
        struct scan_options options = {.source = light.source,
                                       .facts = light.facts,
                                       .store = light.store,
                                       .books = light.books,
                                       .book_count = light.book_count,
                                       .to_height = -1};
        code = scan_run(&result, &options, &err);
    }
    if (code == 0)
        printf("%llu %llu\n", (unsigned long long)result.blocks, (unsigned long long)result.bytes);
    else
        (void)fprintf(stderr, "e2e_light: %s\n", err.text);
    for (size_t i = 0; i < light.book_count; i++)
        book_free(light.books[i]);
    source_close(light.source);
    filters_close(light.filters);
    register_close(light.registry);
    facts_close(light.facts);
    store_close(light.store);
    return code == 0 ? 0 : 1;
}
