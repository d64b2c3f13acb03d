/* Prints the position at every height that is asked for, in one run, where the program itself
 * would have to be started a thousand times. Reads lines "NATION HEIGHT", sorted by nation,
 * from standard input:
 *
 *   e2e_positions STORE KNOWN < heights     prints NATION HEIGHT TOTAL RESERVE PUBLIC RESTRICTED
 *
 * KNOWN is a time, or 0 for the newest knowledge. */
#include "support.h"
#include "reserve/reserve.h"

#include <stdlib.h>

/* The nation whose ledger is open. */
struct open_books {
    struct store *store;
    struct facts *facts;
    struct registry *registry;
    const struct chain_params *params;
    struct facts_state state;
    int64_t known;
    char nation[64];
    struct book *book;
    struct ledger *ledger;
};

static void nation_close(struct open_books *open)
{
    ledger_free(open->ledger);
    book_free(open->book);
    open->ledger = NULL;
    open->book = NULL;
}

static void nation_open(struct open_books *open, const char *nation)
{
    struct arena arena = {0};
    struct register_book entry;
    struct bytes text;
    struct err err = {0};
    nation_close(open);
    (void)snprintf(open->nation, sizeof open->nation, "%s", nation);
    test_ok(
        register_book_as_known(open->registry, &entry, &text, nation, open->known, &arena, &err),
        &err);
    test_ok(book_read(&open->book, "book", text, open->params, &err), &err);
    test_ok(ledger_new(&open->ledger, open->facts, open->book, open->state.tip_height, &err), &err);
    arena_free(&arena);
}

static void line_answer(struct open_books *open, char *line)
{
    struct position position;
    struct err err = {0};
    uint64_t height;
    char *space = strchr(line, ' ');
    assert_non_null(space);
    *space = 0;
    size_t size = strcspn(space + 1, "\n");
    assert_true(number_parse(&height, space + 1, size, UINT32_MAX));
    if (strcmp(open->nation, line) != 0)
        nation_open(open, line);
    test_ok(position_make(&position, open->ledger, (uint32_t)height, &err), &err);
    (void)printf("%s %u %lld %lld %lld %lld\n", line, (uint32_t)height,
                 (long long)amount_minor(position.total),
                 (long long)amount_minor(position.by_class[WALLET_RESERVE]),
                 (long long)amount_minor(position.public_part),
                 (long long)amount_minor(position.restricted_part));
    position_free(&position);
}

int main(int argc, char **argv)
{
    char line[64];
    struct open_books open = {.known = INT64_MAX};
    struct err err = {0};
    if (argc != 3)
        return 2;
    if (strcmp(argv[2], "0") != 0)
        test_ok(time_parse(&open.known, argv[2], &err), &err);
    test_ok(store_open(&open.store, argv[1], STORE_READ, &err), &err);
    test_ok(facts_chain(&open.params, open.store, &err), &err);
    test_ok(facts_open(&open.facts, open.store, open.params, &err), &err);
    test_ok(register_open(&open.registry, open.store, &err), &err);
    test_ok(facts_state_get(&open.state, open.facts, &err), &err);
    while (fgets(line, sizeof line, stdin))
        line_answer(&open, line);
    nation_close(&open);
    register_close(open.registry);
    facts_close(open.facts);
    store_close(open.store);
    return 0;
}
