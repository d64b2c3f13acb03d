/* Proves: a verb answers from one state of the store, however much a scan writes meanwhile;
 * the only nation needs no name, several do; what was never scanned is said. */
#include "blkwriter.h"
#include "support.h"
#include "cmd/cmd.h"
#include "scan/scan.h"

#include <stdlib.h>

enum { BLOCKS = 12 };

static const struct cmd_verb verb = {.name = "try"};
static const char book_text[] =
    "{\"nation\":\"%s\",\"currency\":\"USD\",\"entities\":[{\"id\":\"t\",\"name\":{\"en\":\"T\"},"
    "\"sector\":\"S1311\"}],\"wallets\":[{\"id\":\"vault\",\"entity\":\"t\",\"class\":\"reserve\","
    "\"control\":\"declared\",\"visibility\":\"public\",\"descriptors\":[\"raw(51)\"],"
    "\"since\":null,\"until\":null}]}";

struct place {
    char folder[PATH_SIZE];
    char store[PATH_SIZE];
    char spec[PATH_SIZE + 8];
};

static int place_make(void **state)
{
    struct place *place = mem_zalloc(1, sizeof *place);
    struct mined blocks[BLOCKS];
    struct blkwriter writer;
    struct err err = {0};
    const struct chain_params *params = chain_params_find("regtest");
    test_folder_make(place->folder);
    test_ok(path_join(place->store, place->folder, "s.db", &err), &err);
    (void)snprintf(place->spec, sizeof place->spec, "blocks:%s", place->folder);
    blkwriter_init(&writer, place->folder, params, NULL);
    mined_chain(blocks, 1, params);
    for (uint32_t i = 1; i < BLOCKS; i++) {
        struct mined_options options = {.prev = blocks[i - 1].hash, .height = i, .salt = i};
        mined_make(&blocks[i], params, &options);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        (void)blkwriter_block(&writer, 0, buf_bytes(&blocks[i].raw));
    mined_free(blocks, BLOCKS);
    *state = place;
    return 0;
}

static int place_remove(void **state)
{
    struct place *place = *state;
    test_folder_remove(place->folder);
    free(place);
    return 0;
}

/* What `sanad scan --to HEIGHT` does for one nation. */
static void scan_to(const struct place *place, const char *nation, int64_t height)
{
    char text[1024];
    struct store *store;
    struct facts *facts;
    struct registry *registry;
    struct source *source;
    struct book *book;
    struct scan_result result;
    struct import_report report = {0};
    struct err err = {0};
    struct source_options options = {.params = chain_params_find("regtest")};
    struct register_import import = {.nation = nation, .proposer = "office", .known = 1750000000};
    (void)snprintf(text, sizeof text, book_text, nation);
    test_ok(source_open(&source, place->spec, &options, &err), &err);
    test_ok(store_open(&store, place->store, STORE_CREATE, &err), &err);
    test_ok(facts_open(&facts, store, options.params, &err), &err);
    test_ok(register_open(&registry, store, &err), &err);
    test_ok(book_read(&book, "book", bytes_of_text(text), options.params, &err), &err);
    test_ok(register_import_book(registry, &report, book->json, &import, &err), &err);
    import_report_free(&report);
    struct scan_options scan = {.source = source,
                                .facts = facts,
                                .store = store,
                                .books = &book,
                                .book_count = 1,
                                .threads = 1,
                                .to_height = height};
    if (height >= 0)
        test_ok(scan_run(&result, &scan, &err), &err);
    book_free(book);
    register_close(registry);
    facts_close(facts);
    store_close(store);
    source_close(source);
}

static int parse(struct cmd_args **ret, const struct cmd_verb *of, int count,
                 const char *const *words, struct err *err)
{
    return cmd_args_parse(ret, of, count, (char *const *)(uintptr_t)words, err);
}

static struct cmd_args *args_of(const char *const *words, int count)
{
    struct cmd_args *args;
    struct err err = {0};
    test_ok(parse(&args, &verb, count, words, &err), &err);
    return args;
}

static int64_t total_at(struct cmd_context *context, uint32_t height)
{
    struct ledger *ledger;
    struct position position;
    struct err err = {0};
    test_ok(ledger_new(&ledger, context->facts, context->book, height, &err), &err);
    test_ok(position_make(&position, ledger, height, &err), &err);
    int64_t total = amount_minor(position.total);
    position_free(&position);
    ledger_free(ledger);
    return total;
}

static void a_scan_meanwhile_changes_no_answer(void **state)
{
    const struct place *place = *state;
    struct cmd_context context = {0};
    struct facts_state seen;
    struct err err = {0};
    scan_to(place, "XS", 5);
    struct cmd_args *args = args_of((const char *[]){"--store", place->store}, 2);
    test_ok(cmd_context_open(&context, args, &err), &err);
    scan_to(place, "XS", 9);
    scan_to(place, "XP", 11); /* and a second nation is declared */
    test_ok(facts_state_get(&seen, context.facts, &err), &err);
    assert_int_equal(seen.tip_height, 5);
    test_ok(cmd_context_book(&context, args, &err), &err);
    assert_string_equal(context.book->nation, "XS");
    assert_int_equal(total_at(&context, 5), 5 * 1000);
    cmd_context_close(&context);
    /* Who opens it now is told of both. */
    test_ok(cmd_context_open(&context, args, &err), &err);
    assert_int_equal(context.state.tip_height, 11);
    test_refused(cmd_context_book(&context, args, &err), SANAD_USAGE, &err, "--nation is needed");
    cmd_context_close(&context);
    cmd_args_free(args);
}

static void a_nation_is_found_by_name(void **state)
{
    const struct place *place = *state;
    struct cmd_context context = {0};
    struct err err = {0};
    scan_to(place, "XS", 3);
    scan_to(place, "XP", 3);
    struct cmd_args *args = args_of((const char *[]){"--store", place->store, "--nation", "XP"}, 4);
    test_ok(cmd_context_open(&context, args, &err), &err);
    test_ok(cmd_context_book(&context, args, &err), &err);
    assert_string_equal(context.book->nation, "XP");
    assert_false(context.book_approved);
    cmd_context_close(&context);
    cmd_args_free(args);
    args = args_of((const char *[]){"--store", place->store, "--nation", "ZZ"}, 4);
    test_ok(cmd_context_open(&context, args, &err), &err);
    test_refused(cmd_context_book(&context, args, &err), SANAD_MISSING, &err, "ZZ");
    cmd_context_close(&context);
    cmd_args_free(args);
}

static void what_was_never_scanned_is_said(void **state)
{
    const struct place *place = *state;
    struct cmd_context context = {0};
    struct err err = {0};
    struct cmd_args *args = args_of((const char *[]){"--store", place->store}, 2);
    test_refused(cmd_context_open(&context, args, &err), SANAD_IO, &err, "no such store");
    scan_to(place, "XS", -1); /* declared, not scanned */
    test_refused(cmd_context_open(&context, args, &err), SANAD_MISSING, &err,
                 "nothing was scanned");
    scan_to(place, "XS", 3);
    cmd_args_free(args);
    args = args_of((const char *[]){"--store", place->store, "--chain", "main"}, 4);
    test_refused(cmd_context_open(&context, args, &err), SANAD_USAGE, &err, "holds regtest");
    cmd_args_free(args);
    args = args_of(NULL, 0);
    test_refused(cmd_context_open(&context, args, &err), SANAD_USAGE, &err, "--store is needed");
    cmd_args_free(args);
    assert_null(context.store);
}

static void days_and_heights_find_their_block(void **state)
{
    const struct place *place = *state;
    struct cmd_context context = {0};
    struct fact_block block;
    struct err err = {0};
    uint32_t height = 0;
    scan_to(place, "XS", 9);
    struct cmd_args *args = args_of((const char *[]){"--store", place->store}, 2);
    test_ok(cmd_context_open(&context, args, &err), &err);
    test_ok(cmd_height(&height, &context, &(struct cmd_when){0}, &err), &err);
    assert_int_equal(height, 9);
    test_ok(cmd_height(&height, &context, &(struct cmd_when){.given = true, .height = 4}, &err),
            &err);
    assert_int_equal(height, 4);
    test_refused(
        cmd_height(&height, &context, &(struct cmd_when){.given = true, .height = 10}, &err),
        SANAD_MISSING, &err, "10");
    test_ok(facts_block_at(&block, context.facts, 6, &err), &err);
    struct cmd_when when = {.given = true, .is_date = true, .time = block.median_time};
    test_ok(cmd_height(&height, &context, &when, &err), &err);
    assert_int_equal(height, 6);
    when.time--;
    test_ok(cmd_height(&height, &context, &when, &err), &err);
    assert_int_equal(height, 4); /* of six and of seven headers the median is the same */
    when.time = 0;
    test_refused(cmd_height(&height, &context, &when, &err), SANAD_MISSING, &err,
                 "no scanned block");
    cmd_context_close(&context);
    cmd_args_free(args);
}

/* What position and statement stand on: nothing stays open where a part is refused. */
static void what_is_held_is_opened_as_one(void **state)
{
    const struct place *place = *state;
    static const struct cmd_option own[] = {
        {"--at", "HEIGHT|DATE", ""}, {"--with-book", "FILE", ""}, {NULL, NULL, NULL}};
    static const struct cmd_verb holder = {.name = "hold", .options = own};
    struct cmd_holding held = {0};
    struct cmd_args *args;
    struct err err = {0};
    const char *words[] = {"--store", place->store, "--at", "7", "--with-book", "no"};
    scan_to(place, "XS", 9);
    test_ok(parse(&args, &holder, 4, words, &err), &err);
    test_ok(cmd_holding_open(&held, args, &err), &err);
    assert_string_equal(held.context.book->nation, "XS");
    assert_int_equal(held.position.as_of.height, 7);
    assert_int_equal(amount_minor(held.position.total), 7 * 1000);
    cmd_holding_close(&held);
    cmd_holding_close(&held); /* what is not there is closed too */
    cmd_args_free(args);
    test_ok(parse(&args, &holder, 6, words, &err), &err);
    test_refused(cmd_holding_open(&held, args, &err), SANAD_IO, &err, "no");
    assert_null(held.ledger);
    cmd_args_free(args);
    words[3] = "10";
    test_ok(parse(&args, &holder, 4, words, &err), &err);
    test_refused(cmd_holding_open(&held, args, &err), SANAD_MISSING, &err, "10");
    cmd_args_free(args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_scan_meanwhile_changes_no_answer, place_make,
                                        place_remove),
        cmocka_unit_test_setup_teardown(a_nation_is_found_by_name, place_make, place_remove),
        cmocka_unit_test_setup_teardown(what_was_never_scanned_is_said, place_make, place_remove),
        cmocka_unit_test_setup_teardown(what_is_held_is_opened_as_one, place_make, place_remove),
        cmocka_unit_test_setup_teardown(days_and_heights_find_their_block, place_make,
                                        place_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
