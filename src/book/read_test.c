/* Proves that a book is read as it says, that its hash is that of its RFC 8785 form, and
 * that every rule it may break is refused with the wallet's name. */
#include "book_test.h"

/* doc/formats/cli.md, "address book" (input). */
static const char contract[] =
    "{\"nation\":\"SV\",\"currency\":\"USD\",\n"
    " \"entities\":[{\"id\":\"onbtc\",\"name\":{\"en\":\"National Bitcoin Office\","
    "\"es\":\"Oficina Nacional del Bitcoin\"},\"sector\":\"S1311\"}],\n"
    " \"wallets\":[{\"id\":\"strategic-reserve\",\"entity\":\"onbtc\",\"class\":\"reserve\","
    "\"temperature\":\"cold\",\"control\":\"declared\",\"visibility\":\"public\",\n"
    "   \"descriptors\":[\"addr(32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo)\"],\"range\":1000,"
    "\"gap\":20,\"since\":\"2024-03-14\",\"until\":null,\"note\":\"...\"}]}";

static void test_contract(void **state)
{
    (void)state;
    struct book *book = book_of(contract);
    char sha256[HEX256_SIZE];
    assert_string_equal(book->nation, "SV");
    assert_string_equal(book->currency, "USD");
    assert_false(book->simulated);
    assert_int_equal(book->entity_count, 1);
    assert_string_equal(book->entities[0].sector, "S1311");
    assert_int_equal(book->wallet_count, 1);
    const struct wallet *wallet = &book->wallets[0];
    assert_string_equal(wallet->id, "strategic-reserve");
    assert_int_equal(wallet->entity, 0);
    assert_int_equal(wallet->class_, WALLET_RESERVE);
    assert_int_equal(wallet->control, CONTROL_DECLARED);
    assert_int_equal(wallet->visibility, VISIBILITY_PUBLIC);
    assert_string_equal(wallet->temperature, "cold");
    assert_string_equal(wallet->note, "...");
    assert_int_equal(wallet->range, 1000);
    assert_int_equal(wallet->gap, 20);
    assert_int_equal(wallet->since, 1710374400);
    assert_int_equal(wallet->until, BOOK_NEVER);
    /* SHA-256 of the text with its keys sorted and no white space, by another program */
    hash256_straight(sha256, &book->sha256);
    assert_string_equal(sha256, "9a47a99a389a9d214b7037041972714aa82932e392173f8d63a716d80ea12cbf");
    book_free(book);
}

static void test_when_it_counts(void **state)
{
    (void)state;
    struct book *book = book_of(BOOK(WALLET_MORE(
        "w", "[\"addr(" ADDRESS_1 ")\"]", ",\"since\":\"2024-03-14\",\"until\":\"2024-03-15\"")));
    const struct wallet *wallet = &book->wallets[0];
    assert_int_equal(wallet->since, 1710374400);
    assert_int_equal(wallet->until, 1710460800); /* the first midnight on which it does not count */
    book_free(book);
    book = book_of(BOOK(WALLET("w", "[\"addr(" ADDRESS_1 ")\"]")));
    assert_int_equal(book->wallets[0].since, INT64_MIN);
    assert_int_equal(book->wallets[0].until, INT64_MAX);
    assert_int_equal(book->wallets[0].range, BOOK_RANGE_DEFAULT);
    assert_int_equal(book->wallets[0].gap, BOOK_GAP_DEFAULT);
    assert_null(book->wallets[0].note);
    book_free(book);
}

static void test_shape(void **state)
{
    (void)state;
    accepted(BOOK(""));
    refused("", "b.json: empty");
    refused("[]", "b.json: must be an object");
    refused(BOOK("") "x", "b.json: line 1: not valid JSON");
    refused("{\"nation\":\"SV\",\"nation\":\"SV\"}", "not valid JSON");
    refused("{\"nation\":\"SV\",\"currency\":\"USD\",\"entities\":[],\"wallets\":[],\"x\":1}",
            "b.json: unknown key \"x\"");
    refused("{\"currency\":\"USD\",\"entities\":[],\"wallets\":[]}", "\"nation\" must be");
    refused("{\"nation\":\"sv\",\"currency\":\"USD\",\"entities\":[],\"wallets\":[]}",
            "\"nation\" must be two capital letters");
    refused("{\"nation\":\"SV\",\"currency\":\"US\",\"entities\":[],\"wallets\":[]}",
            "\"currency\" must be three capital letters");
    refused("{\"nation\":\"SV\",\"currency\":\"USD\",\"wallets\":[]}",
            "\"entities\" must be an array");
    refused("{\"nation\":\"SV\",\"currency\":\"USD\",\"entities\":[]}",
            "\"wallets\" must be an array");
    refused("{\"nation\":\"SV\",\"currency\":\"USD\",\"entities\":[],\"wallets\":[],"
            "\"simulated\":\"yes\"}",
            "\"simulated\" must be true or false");
    struct book *book = book_of("{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[],"
                                "\"wallets\":[],\"simulated\":true}");
    assert_true(book->simulated);
    book_free(book);
}

#define WITH_ENTITY(text)                                                                          \
    "{\"nation\":\"SV\",\"currency\":\"USD\",\"entities\":[" text "],\"wallets\":[]}"

static void test_entities(void **state)
{
    (void)state;
    refused(WITH_ENTITY("5"), "b.json: must be an object");
    refused(WITH_ENTITY("{\"name\":{\"en\":\"x\"},\"sector\":\"S1\"}"), "\"id\" must be a string");
    refused(WITH_ENTITY("{\"id\":\"\",\"name\":{\"en\":\"x\"},\"sector\":\"S1\"}"),
            "1 to 128 bytes");
    refused(WITH_ENTITY("{\"id\":\"e\",\"sector\":\"S1\"}"), "entity \"e\": \"name\" must be");
    refused(WITH_ENTITY("{\"id\":\"e\",\"name\":\"x\",\"sector\":\"S1\"}"), "\"name\" must be");
    refused(WITH_ENTITY("{\"id\":\"e\",\"name\":{},\"sector\":\"S1\"}"), "\"name\" must be");
    refused(WITH_ENTITY("{\"id\":\"e\",\"name\":{\"en\":5},\"sector\":\"S1\"}"),
            "\"en\" must be a text");
    refused(WITH_ENTITY("{\"id\":\"e\",\"name\":{\"en\":\"x\"}}"), "\"sector\" must be a string");
    refused(WITH_ENTITY("{\"id\":\"e\",\"name\":{\"en\":\"x\"},\"sector\":\"government\"}"),
            "entity \"e\": \"sector\": \"government\" is no sector code");
    refused(WITH_ENTITY("{\"id\":\"e\",\"name\":{\"en\":\"x\"},\"sector\":\"S1\",\"x\":1}"),
            "unknown key \"x\"");
    refused(WITH_ENTITY(ENTITY("a") "," ENTITY("b") "," ENTITY("a")),
            "entity \"a\": the id stands twice");
}

#define ONE "[\"addr(" ADDRESS_1 ")\"]"

static void test_wallet_members(void **state)
{
    (void)state;
    refused(BOOK("5"), "wallet 1: must be an object");
    refused(BOOK(WALLET("w", ONE) ",{}"), "wallet 2: \"id\" must be a string");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"colour\":1")), "wallet \"w\": unknown key \"colour\"");
    refused(BOOK(WALLET("w", ONE) "," WALLET("w", "[\"addr(" ADDRESS_2 ")\"]")),
            "wallet \"w\": the id stands twice");
    refused(BOOK("{\"id\":\"w\",\"entity\":\"mof\",\"class\":\"reserve\",\"control\":\"declared\","
                 "\"visibility\":\"public\",\"descriptors\":" ONE "}"),
            "wallet \"w\": unknown entity \"mof\"");
    refused(BOOK("{\"id\":\"w\",\"entity\":\"onb\",\"class\":\"gold\",\"control\":\"declared\","
                 "\"visibility\":\"public\",\"descriptors\":" ONE "}"),
            "wallet \"w\": \"class\": \"gold\" is none of the 7");
    refused(BOOK("{\"id\":\"w\",\"entity\":\"onb\",\"class\":\"till\",\"control\":\"hoped\","
                 "\"visibility\":\"public\",\"descriptors\":" ONE "}"),
            "wallet \"w\": \"control\": \"hoped\" is none of");
    refused(BOOK("{\"id\":\"w\",\"entity\":\"onb\",\"class\":\"till\",\"control\":\"signed\","
                 "\"visibility\":\"secret\",\"descriptors\":" ONE "}"),
            "wallet \"w\": \"visibility\": \"secret\" is none of");
    refused(BOOK("{\"id\":\"w\",\"entity\":\"onb\",\"class\":\"till\",\"control\":\"signed\","
                 "\"descriptors\":" ONE "}"),
            "wallet \"w\": \"visibility\" must be a string");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"temperature\":\"tepid\"")),
            "wallet \"w\": \"temperature\" must be hot, warm or cold");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"note\":7")), "wallet \"w\": \"note\" must be a string");
    accepted(BOOK(WALLET_MORE("w", ONE, ",\"note\":null,\"temperature\":null")));
}

static void test_interval(void **state)
{
    (void)state;
    refused(BOOK(WALLET_MORE("w", ONE, ",\"since\":\"2025-01-02\",\"until\":\"2025-01-01\"")),
            "wallet \"w\": \"since\" must be before \"until\"");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"since\":\"2025-01-01\",\"until\":\"2025-01-01\"")),
            "wallet \"w\": \"since\" must be before \"until\"");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"since\":\"2025-02-29\"")),
            "wallet \"w\": \"since\" must be a day");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"until\":1735689600")),
            "wallet \"w\": \"until\" must be a day");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"until\":\"2025-01-01T00:00:00Z\"")),
            "wallet \"w\": \"until\" must be a day");
}

static void test_bounds(void **state)
{
    (void)state;
    refused(BOOK(WALLET_MORE("w", ONE, ",\"range\":0")),
            "wallet \"w\": \"range\" must be an integer");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"range\":1000001")), "\"range\" must be an integer");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"range\":\"5\"")), "\"range\" must be an integer");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"range\":5.0")), "\"range\" must be an integer");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"gap\":-1")), "\"gap\" must be an integer");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"gap\":10001")), "\"gap\" must be an integer");
    accepted(BOOK(WALLET_MORE("w", ONE, ",\"gap\":0,\"range\":1")));
    accepted(BOOK(WALLET_MORE("w", ONE, ",\"gap\":10000,\"range\":1000000")));
}

static void test_text(void **state)
{
    (void)state;
    refused(BOOK(WALLET_MORE("w", ONE, ",\"note\":\"a\\u202ereserve\"")), "direction marks");
    refused(BOOK(WALLET_MORE("w", ONE, ",\"note\":\"a\\nb\"")), "control characters");
    refused(BOOK(WALLET_MORE("w\\u2066", ONE, "")), "direction marks");
    refused(WITH_ENTITY("{\"id\":\"e\",\"name\":{\"e\\u0007\":\"x\"},\"sector\":\"S1\"}"),
            "a key with control characters");
    accepted(BOOK(WALLET_MORE("w", ONE, ",\"note\":\"ریزرو می\\u200cخواهم\""))); /* ZWNJ may */
}

/* No book has a number that other readers could read differently. */
static void test_numbers(void **state)
{
    (void)state;
    refused(BOOK(WALLET("w", "[{\"desc\":\"addr(" ADDRESS_1 ")\",\"timestamp\":1.5}]")),
            "real number");
    refused(
        BOOK(WALLET("w", "[{\"desc\":\"addr(" ADDRESS_1 ")\",\"timestamp\":9007199254740992}]")),
        "2^53-1");
}

#define SEALED(visibility, more)                                                                   \
    "{\"id\":\"s\",\"entity\":\"onb\",\"class\":\"reserve\",\"control\":\"signed\","               \
    "\"visibility\":\"" visibility "\"" more "}"
#define COMMITMENT                                                                                 \
    ",\"commitment\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""

static void test_commitment(void **state)
{
    (void)state;
    struct book *book = book_of(BOOK(SEALED("sealed", COMMITMENT)));
    assert_non_null(book->wallets[0].commitment);
    assert_int_equal(book->wallets[0].descriptor_count, 0);
    book_free(book);
    refused(BOOK(SEALED("public", COMMITMENT)), "wallet \"s\": a public wallet shows descriptors");
    refused(BOOK(SEALED("fund", COMMITMENT ",\"descriptors\":" ONE)),
            "wallet \"s\": a commitment and descriptors at once");
    refused(BOOK(SEALED("fund", ",\"commitment\":\"abc\"")), "64 hexadecimal digits");
    refused(BOOK(SEALED("fund", ",\"commitment\":null")), "\"commitment\" must be a string");
    refused(BOOK(SEALED("fund", "")), "wallet \"s\": \"descriptors\" must be an array");
}

static void test_file(void **state)
{
    (void)state;
    struct err err = {0};
    struct book *book = NULL;
    test_refused(book_read_file(&book, "no/such/book.json", main_params(), &err), SANAD_IO, &err,
                 "no/such/book.json");
    assert_null(book);
    book_free(NULL);
}

/* The book that is shipped: the published list, script by script, and each note says what it
 * is worth. */
static void test_shipped(void **state)
{
    (void)state;
    struct err err = {0};
    struct book *book = NULL;
    struct csv csv;
    char path[PATH_SIZE];
    test_ok(book_read_file(&book, "books/sv-public.json", main_params(), &err), &err);
    assert_int_equal(book->wallet_count, 20);
    assert_int_equal(book->wallets[0].since, 1710374400);
    for (size_t i = 0; i < book->wallet_count; i++) {
        assert_int_equal(book->wallets[i].control, CONTROL_DECLARED);
        assert_non_null(strstr(book->wallets[i].note, "Published, not confirmed current"));
        assert_true(i == 0 || book->wallets[i].since == INT64_MIN);
    }
    test_data_path(path, "addresses/el-salvador-reserve-addresses.csv");
    test_ok(csv_read_file(&csv, path, 1 << 20, &err), &err);
    assert_int_equal(csv.row_count, 20);
    for (size_t i = 0; i < csv.row_count; i++) {
        char text[ADDRESS_TEXT_SIZE];
        address_at(text, book, i, 0);
        assert_string_equal(text, csv.rows[i][csv_column(&csv, "address")]);
    }
    csv_free(&csv);
    book_free(book);
}

static void test_names(void **state)
{
    (void)state;
    enum wallet_class class_ = WALLET_OTHER;
    assert_string_equal(wallet_class_name(WALLET_TILL), "till");
    assert_string_equal(wallet_control_name(CONTROL_CUSTODIAN_STATEMENT), "custodian-statement");
    assert_string_equal(wallet_visibility_name(VISIBILITY_FUND), "fund");
    assert_int_equal(class_from_name(&class_, "seized"), 0);
    assert_int_equal(class_, WALLET_SEIZED);
    assert_int_equal(class_from_name(&class_, "Seized"), SANAD_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract),       cmocka_unit_test(test_when_it_counts),
        cmocka_unit_test(test_shape),          cmocka_unit_test(test_entities),
        cmocka_unit_test(test_wallet_members), cmocka_unit_test(test_interval),
        cmocka_unit_test(test_bounds),         cmocka_unit_test(test_text),
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_commitment),
        cmocka_unit_test(test_file),           cmocka_unit_test(test_names),
        cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
