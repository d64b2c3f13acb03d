/* Proves: a statement is held against a chain that this test mines, and every figure that
 * differs is named; a public form of the book decides the public part only; sums that do not
 * add up, blocks that are not there and keys that are unknown are told apart. */
#include "blkwriter.h"
#include "support.h"
#include "recheck/recheck.h"

#include "reserve/reserve.h"
#include "scan/scan.h"

#include <stdlib.h>

enum { BLOCKS = 12, AS_OF = 10 };

#define ENTITY "\"entities\":[{\"id\":\"t\",\"name\":{\"en\":\"T\"},\"sector\":\"S1311\"}]"
#define WALLET(id, class_, visibility, script)                                                     \
    "{\"id\":\"" id "\",\"entity\":\"t\",\"class\":\"" class_ "\",\"control\":\"declared\","       \
    "\"visibility\":\"" visibility "\",\"descriptors\":[\"raw(" script ")\"],\"since\":null,"      \
    "\"until\":null}"
/* Coinbases pay OP_1, then OP_NOPs: by height 51, 5161, 516161, 51 and so on. */
#define WALLETS                                                                                    \
    WALLET("vault", "reserve", "public", "51") "," WALLET("desk", "operating", "public", "5161")

static const char public_book[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\"," ENTITY ",\"wallets\":[" WALLETS "]}";
static const char whole_book[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\"," ENTITY ",\"wallets\":[" WALLETS
    "," WALLET("hidden", "reserve", "sealed", "516161") "]}";
static const char secret[] = "a secret of the treasury, forty bytes long";

/* One folder of blocks for all tests. */
static char folder[PATH_SIZE];
static char spec[PATH_SIZE + 8];

static void chain_write(void)
{
    struct mined blocks[BLOCKS];
    struct blkwriter writer;
    const struct chain_params *params = chain_params_find("regtest");
    blkwriter_init(&writer, folder, params, NULL);
    mined_chain(blocks, 1, params);
    for (uint32_t i = 1; i < BLOCKS; i++) {
        struct mined_options options = {
            .prev = blocks[i - 1].hash, .height = i, .salt = i, .filler = i % 3};
        mined_make(&blocks[i], params, &options);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        (void)blkwriter_block(&writer, 0, buf_bytes(&blocks[i].raw));
    mined_free(blocks, BLOCKS);
}

static int group_begin(void **state)
{
    (void)state;
    test_folder_make(folder);
    (void)snprintf(spec, sizeof spec, "blocks:%s", folder);
    chain_write();
    return 0;
}

static int group_end(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static struct book *book_of(const char *text)
{
    struct book *book;
    struct err err = {0};
    test_ok(book_read(&book, "book", bytes_of_text(text), chain_params_find("regtest"), &err),
            &err);
    return book;
}

static struct book *public_form(const struct book *book)
{
    json_t *json;
    struct buf text = buf_with_max(BOOK_SIZE_MAX);
    struct err err = {0};
    test_ok(book_public_json(&json, book, bytes_of_text(secret), &err), &err);
    test_ok(json_canonical(&text, json, &err), &err);
    struct book *form = book_of(buf_cstr(&text));
    buf_free(&text);
    json_decref(json);
    return form;
}

/* What the office itself would state: its own scan, its own ledger. */
static json_t *body_of(struct book *book, uint32_t height)
{
    struct source *source;
    struct store *store;
    struct facts *facts;
    struct ledger *ledger;
    struct position position;
    struct scan_result result;
    struct err err = {0};
    struct source_options options = {.params = book->params};
    test_ok(source_open(&source, spec, &options, &err), &err);
    test_ok(store_open(&store, "", STORE_MEMORY, &err), &err);
    test_ok(facts_open(&facts, store, book->params, &err), &err);
    struct scan_options scan = {.source = source,
                                .facts = facts,
                                .store = store,
                                .books = &book,
                                .book_count = 1,
                                .threads = 1,
                                .to_height = -1};
    test_ok(scan_run(&result, &scan, &err), &err);
    test_ok(ledger_new(&ledger, facts, book, height, &err), &err);
    test_ok(position_make(&position, ledger, height, &err), &err);
    struct book *form = public_form(book);
    bool restricted = !hash256_equal(&form->sha256, &book->sha256);
    json_t *body = position_statement(&position, restricted ? &form->sha256 : NULL);
    book_free(form);
    position_free(&position);
    ledger_free(ledger);
    facts_close(facts);
    store_close(store);
    source_close(source);
    return body;
}

/* Signed and read again, as a stranger gets it. Takes the reference. */
static struct stmt *stmt_of_kind(enum stmt_kind kind, json_t *body)
{
    static const struct stmt_place place = {.authority = "xs", .log = "xs.example/log", .prev = -1};
    struct buf text = buf_with_max(NOTE_SIZE_MAX);
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    struct role_key key;
    struct stmt *stmt;
    struct err err = {0};
    uint8_t seed[32] = {7};
    test_ok(role_key_new(&key, "xs.example/reserve/k1", seed, &err), &err);
    test_ok(stmt_build(&text, kind, &place, body, &err), &err);
    test_ok(stmt_sign(&note, buf_bytes(&text), &key, &err), &err);
    test_ok(stmt_read(&stmt, "note", buf_bytes(&note), &err), &err);
    buf_free(&text);
    buf_free(&note);
    json_decref(body);
    return stmt;
}

static struct stmt *stmt_of(json_t *body)
{
    return stmt_of_kind(STMT_RESERVE_POSITION, body);
}

static const struct check *check_of(const struct recheck *recheck, const char *name,
                                    const char *subject)
{
    for (size_t i = 0; i < recheck->count; i++)
        if (strcmp(recheck->checks[i].name, name) == 0 &&
            strcmp(recheck->checks[i].subject, subject) == 0)
            return &recheck->checks[i];
    for (size_t i = 0; i < recheck->count; i++)
        print_message("%s | %s | %s\n", recheck->checks[i].name, recheck->checks[i].subject,
                      recheck->checks[i].detail);
    fail_msg("no check of %s %s", name, subject);
    return NULL;
}

static size_t contradictions(const struct recheck *recheck, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < recheck->count; i++)
        count += recheck->checks[i].verdict == VERDICT_CONTRADICTED &&
                 strcmp(recheck->checks[i].name, name) == 0;
    return count;
}

static void figures_of(struct recheck *ret, const struct stmt *stmt, struct book *book,
                       bool public_only)
{
    struct err err = {0};
    struct recheck_source source = {.spec = spec, .threads = 2};
    *ret = (struct recheck){0};
    test_ok(recheck_figures(ret, stmt, book, public_only, &source, &err), &err);
}

static void what_was_stated_rightly_holds(void **state)
{
    (void)state;
    struct recheck recheck = {0};
    struct book *book = book_of(public_book);
    struct stmt *stmt = stmt_of(body_of(book, AS_OF));
    bool public_only = true;
    recheck_arithmetic(&recheck, stmt);
    recheck_book(&recheck, stmt, book, &public_only);
    assert_int_equal(recheck.verdict, VERDICT_HOLDS);
    assert_false(public_only);
    figures_of(&recheck, stmt, book, false);
    assert_int_equal(recheck.verdict, VERDICT_HOLDS);
    /* Heights 1 to 10: 51 at 3, 6, 9; 5161 at 1, 4, 7, 10. */
    assert_string_equal(check_of(&recheck, "figures", "total_sat")->detail, "7000");
    assert_string_equal(check_of(&recheck, "figures", "wallet desk")->detail, "4000");
    stmt_free(stmt);
    book_free(book);
}

/* Each figure of the statement, what is put in its place, and the check that must name it. */
static const struct {
    const char *pointer; /* member, or wallet member */
    const char *subject;
    bool of_desk;
} figures[] = {
    {"total_sat", "total_sat", false},
    {"public_sat", "public_sat", false},
    {"restricted_sat", "restricted_sat", false},
    {"coin_count", "coin_count", false},
    {"immature_sat", "immature_sat", false},
    {"exposed_key_sat", "exposed_key_sat", false},
    {"by_class", "by_class", false},
    {"complete", "complete", false},
    {"nation", "nation", false},
    {"chain", "chain", false},
    {"simulated", "simulated", false},
    {"balance_sat", "wallet desk balance_sat", true},
    {"coin_count", "wallet desk coin_count", true},
    {"script_count", "wallet desk script_count", true},
    {"largest_script_sat", "wallet desk largest_script_sat", true},
    {"exposed_key_sat", "wallet desk exposed_key_sat", true},
    {"class", "wallet desk class", true},
    {"control", "wallet desk control", true},
    {"entity", "wallet desk entity", true},
};

/* Another value of the same type. */
static json_t *another(const json_t *value)
{
    if (json_is_integer(value))
        return json_integer(json_integer_value(value) + 1);
    if (json_is_string(value))
        return json_string("reserves");
    if (json_is_boolean(value))
        return json_boolean(!json_is_true(value));
    return json_array();
}

static json_t *desk_of(json_t *body)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(body, "wallets"), i, entry)
        if (strcmp(json_string_value(json_object_get(entry, "id")), "desk") == 0)
            return entry;
    fail_msg("no wallet desk");
    return NULL;
}

static void a_figure_that_differs_is_named(void **state)
{
    (void)state;
    struct book *book = book_of(public_book);
    json_t *right = body_of(book, AS_OF);
    for (size_t i = 0; i < countof(figures); i++) {
        struct recheck recheck;
        json_t *body = json_deep_copy(right);
        json_t *object = figures[i].of_desk ? desk_of(body) : body;
        json_t *value = json_object_get(object, figures[i].pointer);
        if (!value)
            fail_msg("a statement has no %s", figures[i].subject);
        json_object_set_new(object, figures[i].pointer, another(value));
        struct stmt *stmt = stmt_of(body);
        figures_of(&recheck, stmt, book, false);
        assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
        assert_int_equal(contradictions(&recheck, "figures"), 1);
        const struct check *check = check_of(&recheck, "figures", figures[i].subject);
        assert_int_equal(check->verdict, VERDICT_CONTRADICTED);
        stmt_free(stmt);
    }
    json_decref(right);
    book_free(book);
}

static void each_figure_left_out_is_named(void **state)
{
    (void)state;
    struct book *book = book_of(public_book);
    json_t *right = body_of(book, AS_OF);
    for (size_t i = 0; i < countof(figures); i++) {
        struct recheck recheck;
        json_t *body = json_deep_copy(right);
        json_object_del(figures[i].of_desk ? desk_of(body) : body, figures[i].pointer);
        struct stmt *stmt = stmt_of(body);
        figures_of(&recheck, stmt, book, false);
        assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
        assert_int_equal(check_of(&recheck, "figures", figures[i].subject)->verdict,
                         VERDICT_CONTRADICTED);
        stmt_free(stmt);
    }
    json_decref(right);
    book_free(book);
}

static void what_the_chain_does_not_say_may_not_be_added(void **state)
{
    (void)state;
    struct recheck recheck;
    struct book *book = book_of(public_book);
    json_t *right = body_of(book, AS_OF);
    json_t *body = json_deep_copy(right);
    json_object_set_new(body, "gold_kg", json_integer(7));
    struct stmt *stmt = stmt_of(body);
    figures_of(&recheck, stmt, book, false);
    assert_int_equal(check_of(&recheck, "figures", "gold_kg")->verdict, VERDICT_CONTRADICTED);
    stmt_free(stmt);

    body = json_deep_copy(right);
    json_object_set_new(desk_of(body), "gold_kg", json_integer(7));
    stmt = stmt_of(body);
    figures_of(&recheck, stmt, book, false);
    assert_int_equal(check_of(&recheck, "figures", "wallet desk gold_kg")->verdict,
                     VERDICT_CONTRADICTED);
    stmt_free(stmt);

    body = json_deep_copy(right);
    json_t *extra = json_deep_copy(desk_of(body));
    json_object_set_new(extra, "id", json_string("annex"));
    json_array_append_new(json_object_get(body, "wallets"), extra);
    stmt = stmt_of(body);
    figures_of(&recheck, stmt, book, false);
    assert_int_equal(check_of(&recheck, "figures", "wallets")->verdict, VERDICT_CONTRADICTED);
    stmt_free(stmt);
    json_decref(right);
    book_free(book);
}

static void another_block_is_not_the_one_of_the_chain(void **state)
{
    (void)state;
    struct recheck recheck;
    struct err err = {0};
    struct book *book = book_of(public_book);
    json_t *right = body_of(book, AS_OF);
    json_t *body = json_deep_copy(right);
    json_object_set_new(
        json_object_get(body, "as_of"), "block_hash",
        json_string("0000000000000000000000000000000000000000000000000000000000000000"));
    struct stmt *stmt = stmt_of(body);
    figures_of(&recheck, stmt, book, false);
    assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
    assert_int_equal(check_of(&recheck, "figures", "as_of block_hash")->verdict,
                     VERDICT_CONTRADICTED);
    stmt_free(stmt);

    /* A time that is not the block's, and a block above the tip of the source. */
    body = json_deep_copy(right);
    json_object_set_new(json_object_get(body, "as_of"), "time",
                        json_string("2025-01-01T00:00:00Z"));
    stmt = stmt_of(body);
    figures_of(&recheck, stmt, book, false);
    assert_int_equal(check_of(&recheck, "figures", "as_of")->verdict, VERDICT_CONTRADICTED);
    stmt_free(stmt);

    body = json_deep_copy(right);
    json_object_set_new(json_object_get(body, "as_of"), "height", json_integer(BLOCKS));
    stmt = stmt_of(body);
    struct recheck_source source = {.spec = spec, .threads = 1};
    recheck = (struct recheck){0};
    test_refused(recheck_figures(&recheck, stmt, book, false, &source, &err), SANAD_MISSING, &err,
                 "does not hold block 12");
    assert_int_equal(recheck.count, 0);
    stmt_free(stmt);
    json_decref(right);
    book_free(book);
}

static void a_source_that_is_none_is_an_error_and_no_verdict(void **state)
{
    (void)state;
    struct recheck recheck = {0};
    struct err err = {0};
    struct book *book = book_of(public_book);
    struct stmt *stmt = stmt_of(body_of(book, AS_OF));
    struct recheck_source source = {.spec = "blocks:/nonexistent", .threads = 1};
    assert_int_equal(recheck_figures(&recheck, stmt, book, false, &source, &err), SANAD_IO);
    assert_int_equal(recheck.count, 0);
    stmt_free(stmt);
    book_free(book);
}

static void the_public_form_decides_the_public_part(void **state)
{
    (void)state;
    struct recheck recheck = {0};
    struct book *book = book_of(whole_book);
    struct book *form = public_form(book);
    json_t *right = body_of(book, AS_OF);
    struct stmt *stmt = stmt_of(json_deep_copy(right));
    bool public_only = false;
    recheck_book(&recheck, stmt, form, &public_only);
    assert_true(public_only);
    assert_int_equal(recheck.verdict, VERDICT_UNDECIDED);
    figures_of(&recheck, stmt, form, true);
    assert_int_equal(recheck.verdict, VERDICT_UNDECIDED);
    assert_int_equal(check_of(&recheck, "figures", "public_sat")->verdict, VERDICT_HOLDS);
    assert_int_equal(check_of(&recheck, "figures", "wallet vault")->verdict, VERDICT_HOLDS);
    assert_int_equal(check_of(&recheck, "figures", "total_sat")->verdict, VERDICT_UNDECIDED);
    /* The whole book decides all of it. */
    figures_of(&recheck, stmt, book, false);
    assert_int_equal(recheck.verdict, VERDICT_HOLDS);
    stmt_free(stmt);
    /* A lie about the public part is found with the public form alone. */
    json_object_set_new(right, "public_sat", json_integer(8000));
    stmt = stmt_of(right);
    figures_of(&recheck, stmt, form, true);
    assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
    assert_int_equal(contradictions(&recheck, "figures"), 1);
    assert_int_equal(check_of(&recheck, "figures", "public_sat")->verdict, VERDICT_CONTRADICTED);
    stmt_free(stmt);
    book_free(form);
    book_free(book);
}

static void a_book_at_hand_must_be_the_one_that_is_named(void **state)
{
    (void)state;
    struct book *book = book_of(public_book);
    struct book *other = book_of(whole_book);
    struct stmt *stmt = stmt_of(body_of(book, AS_OF));
    struct recheck recheck = {0};
    bool public_only = true;
    recheck_book(&recheck, stmt, other, &public_only);
    assert_false(public_only);
    assert_int_equal(recheck.verdict, VERDICT_UNDECIDED);
    assert_non_null(strstr(recheck.checks[0].detail, "another"));
    recheck = (struct recheck){0};
    recheck_book(&recheck, stmt, NULL, &public_only);
    assert_int_equal(recheck.verdict, VERDICT_UNDECIDED);
    assert_non_null(strstr(recheck.checks[0].detail, "--book"));
    stmt_free(stmt);
    book_free(other);
    book_free(book);
}

/* What an address-book statement says of its book beside the hash. */
static void a_book_is_what_its_statement_says(void **state)
{
    (void)state;
    static const char *const members[] = {"chain", "nation", "simulated", "entity_count",
                                          "wallet_count"};
    char hash[HEX256_SIZE];
    struct book *book = book_of(whole_book);
    struct book *form = public_form(book);
    bool public_only;
    json_t *right = json_pack("{s:s, s:s, s:b, s:i, s:i}", "chain", "regtest", "nation", "XS",
                              "simulated", 0, "entity_count", 1, "wallet_count", 3);
    hash256_straight(hash, &book->sha256);
    json_object_set_new(right, "book_sha256", json_string(hash));
    hash256_straight(hash, &form->sha256);
    json_object_set_new(right, "public_book_sha256", json_string(hash));
    for (size_t i = 0; i <= countof(members); i++) {
        struct recheck recheck = {0};
        json_t *body = json_deep_copy(right);
        bool lie = i < countof(members);
        if (lie)
            json_object_set_new(body, members[i], another(json_object_get(body, members[i])));
        struct stmt *stmt = stmt_of_kind(STMT_ADDRESS_BOOK, body);
        recheck_book(&recheck, stmt, book, &public_only);
        assert_int_equal(recheck.verdict, lie ? VERDICT_CONTRADICTED : VERDICT_HOLDS);
        assert_int_equal(contradictions(&recheck, "book"), lie ? 1 : 0);
        if (lie)
            assert_int_equal(check_of(&recheck, "book", members[i])->verdict, VERDICT_CONTRADICTED);
        /* The public form tells as much. */
        recheck = (struct recheck){0};
        recheck_book(&recheck, stmt, form, &public_only);
        assert_int_equal(recheck.verdict, lie ? VERDICT_CONTRADICTED : VERDICT_UNDECIDED);
        stmt_free(stmt);
    }
    json_decref(right);
    book_free(form);
    book_free(book);
}

/* A statement with one member changed, checked by its own sums alone. */
static void sums_must_fail(const json_t *right, const char *key, const char *subject)
{
    struct recheck recheck = {0};
    json_t *body = json_deep_copy(right);
    json_object_set_new(body, key, another(json_object_get(body, key)));
    struct stmt *stmt = stmt_of(body);
    recheck_arithmetic(&recheck, stmt);
    assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
    assert_int_equal(check_of(&recheck, "arithmetic", subject)->verdict, VERDICT_CONTRADICTED);
    stmt_free(stmt);
}

static void sums_inside_a_statement_must_add_up(void **state)
{
    (void)state;
    struct recheck recheck = {0};
    struct book *book = book_of(whole_book);
    json_t *right = body_of(book, AS_OF);
    struct stmt *stmt = stmt_of(json_deep_copy(right));
    recheck_arithmetic(&recheck, stmt);
    assert_int_equal(recheck.count, 3);
    assert_int_equal(recheck.verdict, VERDICT_HOLDS);
    stmt_free(stmt);
    sums_must_fail(right, "total_sat", "by_class and total_sat");
    sums_must_fail(right, "by_class", "by_class and total_sat");
    sums_must_fail(right, "restricted_sat", "public_sat, restricted_sat and total_sat");
    sums_must_fail(right, "public_sat", "wallets and public_sat");
    sums_must_fail(right, "wallets", "wallets and public_sat");
    /* What is no number at all does not add up either. */
    json_object_set_new(right, "total_sat", json_string("7000"));
    stmt = stmt_of(json_incref(right));
    recheck = (struct recheck){0};
    recheck_arithmetic(&recheck, stmt);
    assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
    stmt_free(stmt);
    json_decref(right);
    book_free(book);
}

static struct trust *trust_of(const char *name, uint8_t number)
{
    struct role_key key;
    struct trust *trust;
    struct err err = {0};
    struct buf text = buf_with_max(4096);
    uint8_t seed[32] = {number};
    test_ok(role_key_new(&key, name, seed, &err), &err);
    buf_text(&text, "{\"keys\":[\"");
    note_vkey_write(&text, &key.key);
    buf_format(&text, "\"],\"roles\":{\"reserve-position\":{\"threshold\":1,\"keys\":[\"%s\"]}}}",
               name);
    test_ok(trust_read(&trust, "trust", buf_bytes(&text), &err), &err);
    buf_free(&text);
    return trust;
}

static void signatures_decide_by_the_trust_file(void **state)
{
    (void)state;
    struct book *book = book_of(public_book);
    struct stmt *stmt = stmt_of(body_of(book, AS_OF));
    struct trust *ours = trust_of("xs.example/reserve/k1", 7);
    struct trust *others = trust_of("xs.example/reserve/k2", 8);
    const struct {
        const struct trust *trust;
        enum verdict verdict;
    } cases[] = {{ours, VERDICT_HOLDS}, {others, VERDICT_UNDECIDED}, {NULL, VERDICT_UNDECIDED}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct recheck recheck = {0};
        recheck_signatures(&recheck, stmt, cases[i].trust);
        assert_int_equal(recheck.count, 1);
        assert_int_equal(recheck.verdict, cases[i].verdict);
    }
    /* One bit of a signature. */
    struct recheck recheck = {0};
    uint8_t *signature = (uint8_t *)stmt->note.signatures[0].signature.data;
    signature[5] ^= 1;
    recheck_signatures(&recheck, stmt, ours);
    assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
    trust_free(ours);
    trust_free(others);
    stmt_free(stmt);
    book_free(book);
}

static void the_worst_verdict_counts_even_where_the_list_is_full(void **state)
{
    (void)state;
    static struct recheck recheck;
    recheck_add(&recheck, "figures", "a", VERDICT_HOLDS, "%s", "");
    assert_int_equal(recheck.verdict, VERDICT_HOLDS);
    recheck_add(&recheck, "figures", "b", VERDICT_UNDECIDED, "%s", "");
    recheck_add(&recheck, "figures", "c", VERDICT_HOLDS, "%s", "");
    assert_int_equal(recheck.verdict, VERDICT_UNDECIDED);
    for (size_t i = 0; i < RECHECK_MAX; i++)
        recheck_add(&recheck, "figures", "more", VERDICT_HOLDS, "%s", "");
    assert_int_equal(recheck.count, RECHECK_MAX);
    recheck_add(&recheck, "figures", "last", VERDICT_CONTRADICTED, "%s", "");
    assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
    json_t *json = recheck_json(&recheck);
    assert_string_equal(json_string_value(json_object_get(json, "verdict")), "contradicted");
    assert_int_equal(json_array_size(json_object_get(json, "checks")), RECHECK_MAX);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_stated_rightly_holds),
        cmocka_unit_test(a_figure_that_differs_is_named),
        cmocka_unit_test(each_figure_left_out_is_named),
        cmocka_unit_test(what_the_chain_does_not_say_may_not_be_added),
        cmocka_unit_test(another_block_is_not_the_one_of_the_chain),
        cmocka_unit_test(a_source_that_is_none_is_an_error_and_no_verdict),
        cmocka_unit_test(the_public_form_decides_the_public_part),
        cmocka_unit_test(a_book_at_hand_must_be_the_one_that_is_named),
        cmocka_unit_test(a_book_is_what_its_statement_says),
        cmocka_unit_test(sums_inside_a_statement_must_add_up),
        cmocka_unit_test(signatures_decide_by_the_trust_file),
        cmocka_unit_test(the_worst_verdict_counts_even_where_the_list_is_full),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
