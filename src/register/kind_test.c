/* Proves that a body is taken only where every field is what its kind says, in one spelling,
 * and that a price of 1 and a settlement before its trade are refused. */
#include "register_test.h"

static void body_refused(const char *kind, const char *text, const char *part)
{
    struct err err = {0};
    struct arena arena = {0};
    struct checked_body checked;
    json_t *body = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(body);
    test_refused(kind_body_check(&checked, register_kind_find(kind), body, &arena, &err),
                 SANAD_REFUSED, &err, part);
    json_decref(body);
    arena_free(&arena);
}

static void body_taken(const char *kind, const char *text, const char *canonical, const char *key)
{
    struct err err = {0};
    struct arena arena = {0};
    struct checked_body checked;
    json_t *body = json_loads(text, 0, NULL);
    assert_non_null(body);
    test_ok(kind_body_check(&checked, register_kind_find(kind), body, &arena, &err), &err);
    assert_string_equal(checked.body, canonical);
    assert_string_equal(checked.key, key);
    json_decref(body);
    arena_free(&arena);
}

static void test_spelling(void **state)
{
    (void)state;
    body_taken("price",
               "{\"time\":\"2025-07-16\",\"source\":\"a/b 100%\",\"currency\":\"USD\","
               "\"price_minor_per_btc\":11888000}",
               "{\"currency\":\"USD\",\"price_minor_per_btc\":11888000,\"source\":\"a/b 100%\","
               "\"time\":\"2025-07-16T00:00:00Z\"}",
               "USD/a%2Fb 100%25/2025-07-16T00:00:00Z");
    body_taken("price",
               "{\"time\":\"2025-07-16T05:00:00+05:00\",\"source\":\"s\",\"currency\":\"PKR\","
               "\"price_minor_per_btc\":3300000000}",
               "{\"currency\":\"PKR\",\"price_minor_per_btc\":3300000000,\"source\":\"s\","
               "\"time\":\"2025-07-16T00:00:00Z\"}",
               "PKR/s/2025-07-16T00:00:00Z");
    body_taken("declaration",
               "{\"txid\":\"ABCDEF1111111111111111111111111111111111111111111111111111111111\","
               "\"meaning\":\"purchase\",\"note\":null}",
               "{\"meaning\":\"purchase\","
               "\"txid\":\"abcdef1111111111111111111111111111111111111111111111111111111111\"}",
               "abcdef1111111111111111111111111111111111111111111111111111111111/");
}

static void test_faults(void **state)
{
    (void)state;
    body_refused("declaration", "[]", "must be an object");
    body_refused("declaration", "{\"meaning\":\"purchase\"}", "\"txid\" is missing");
    body_refused("declaration", "{\"txid\":\"" TXID_1 "\"}", "\"meaning\" is missing");
    body_refused("declaration", "{\"txid\":\"" TXID_1 "\",\"meaning\":\"gift\"}", "none of");
    body_refused("declaration", "{\"txid\":\"" TXID_1 "1\",\"meaning\":\"sale\"}", "64 hex");
    body_refused("declaration", "{\"txid\":\"xyz\",\"meaning\":\"sale\"}", "64 hex");
    body_refused("declaration", "{\"txid\":5,\"meaning\":\"sale\"}", "must be a text");
    body_refused("declaration", "{\"txid\":\"" TXID_1 "\",\"meaning\":\"sale\",\"why\":\"x\"}",
                 "unknown field \"why\"");
    body_refused("declaration", "{\"txid\":\"" TXID_1 "\",\"meaning\":\"sale\",\"note\":\"\"}",
                 "clean text");
    body_refused("declaration",
                 "{\"txid\":\"" TXID_1 "\",\"meaning\":\"sale\",\"note\":\"a\\u202eb\"}",
                 "clean text");
    body_refused("declaration",
                 "{\"txid\":\"" TXID_1 "\",\"meaning\":\"sale\",\"trade_date\":\"2025-02-30\"}",
                 "must be a day");
    body_refused("declaration",
                 "{\"txid\":\"" TXID_1 "\",\"meaning\":\"sale\",\"trade_date\":\"2025-02-03\","
                 "\"settlement_date\":\"2025-02-01\"}",
                 "settlement_date before trade_date");
}

#define PRICE(currency, price)                                                                     \
    "{\"time\":\"2025-07-16\",\"source\":\"s\",\"currency\":\"" currency                           \
    "\",\"price_minor_per_btc\":" price "}"

static void test_prices(void **state)
{
    (void)state;
    body_refused("price", PRICE("USD", "1"), "a price of 1");
    body_refused("price", PRICE("USD", "100"), "a price of 1");
    body_refused("price", PRICE("JPY", "1"), "a price of 1");
    body_refused("price", PRICE("KWD", "1000"), "a price of 1");
    body_refused("price", PRICE("USD", "0"), "integer within");
    body_refused("price", PRICE("USD", "-5"), "integer within");
    body_refused("price", PRICE("USD", "118880.5"), "integer within");
    body_refused("price", PRICE("USD", "\"11888000\""), "integer within");
    body_refused("price", PRICE("USD", "1000000000000001"), "integer within");
    body_refused("price", PRICE("usd", "11888000"), "three capital letters");
    body_refused("price", PRICE("USDT", "11888000"), "three capital letters");
    body_refused("price",
                 "{\"time\":\"yesterday\",\"source\":\"s\",\"currency\":\"USD\","
                 "\"price_minor_per_btc\":5}",
                 "must be a time");
    body_refused("price",
                 "{\"time\":\"2025-07-16\",\"currency\":\"USD\",\"price_minor_per_btc\":5}",
                 "\"source\" is missing");
    assert_int_equal(currency_decimals("USD"), 2);
    assert_int_equal(currency_decimals("JPY"), 0);
    assert_int_equal(currency_decimals("KWD"), 3);
    assert_int_equal(currency_decimals("FCL"), 2); /* crosses no word of the list */
}

#define LIABILITY(amount)                                                                          \
    "{\"time\":\"2025-07-16T00:00:00Z\",\"entity\":\"bank\",\"holder\":\"a/b\","                   \
    "\"holder_sector\":\"S14\",\"amount_sat\":" amount "}"
#define SERIES(unit, value)                                                                        \
    "{\"name\":\"reserves\",\"time\":\"2025-06-30\",\"unit\":\"" unit "\",\"value\":" value "}"

static void test_liabilities(void **state)
{
    (void)state;
    body_taken("liability", LIABILITY("0"),
               "{\"amount_sat\":0,\"entity\":\"bank\",\"holder\":\"a/b\",\"holder_sector\":\"S14\","
               "\"time\":\"2025-07-16T00:00:00Z\"}",
               "2025-07-16T00:00:00Z/bank/a%2Fb");
    body_refused("liability", LIABILITY("-1"), "integer within");
    body_refused("liability", LIABILITY("2100000000000001"), "integer within");
    body_refused("liability", LIABILITY("1.5"), "integer within");
    body_refused("liability", LIABILITY("null"), "\"amount_sat\" is missing");
    body_refused("liability",
                 "{\"time\":\"2025-07-16\",\"entity\":\"bank\",\"holder\":\"x\",\"amount_sat\":1}",
                 "\"holder_sector\" is missing");
}

static void test_series(void **state)
{
    (void)state;
    body_taken("series", SERIES("PKR", "-9007199254740991"),
               "{\"name\":\"reserves\",\"time\":\"2025-06-30T00:00:00Z\",\"unit\":\"PKR\","
               "\"value\":-9007199254740991}",
               "reserves/2025-06-30T00:00:00Z");
    body_refused("series", SERIES("PKR", "-9007199254740992"), "integer within");
    body_refused("series", SERIES("PKR", "9007199254740992"), "integer within");
    body_refused("series", SERIES("btc", "1"), "unit \"btc\"");
    body_refused("series", SERIES("none", "1"), "unit \"none\"");
    body_refused("series", SERIES("BTC", "2100000000000001"), "over 21 million");
    body_refused("series", SERIES("BTC", "-2100000000000001"), "over 21 million");
}

static void test_programmes(void **state)
{
    (void)state;
    body_taken("programme",
               "{\"id\":\"xs\",\"version\":\"2\",\"sha256\":\"" DOC_1 "\",\"programme\":{\"a\":1}}",
               "{\"id\":\"xs\",\"programme\":{\"a\":1},\"sha256\":\"" DOC_1 "\",\"version\":\"2\"}",
               "xs");
    body_refused("programme", "{\"id\":\"xs\",\"version\":\"2\",\"sha256\":\"" DOC_1 "\"}",
                 "\"programme\" is missing");
}

/* A sign is read only where a field may be negative. */
static void test_integers(void **state)
{
    (void)state;
    static const struct register_field any = {
        .name = "n", .type = FIELD_INTEGER, .min = INT64_MIN, .max = INT64_MAX};
    static const struct register_field some = {
        .name = "n", .type = FIELD_INTEGER, .min = -5, .max = 7};
    static const struct register_field none = {.name = "n", .type = FIELD_INTEGER, .max = 7};
    static const struct {
        const struct register_field *field;
        const char *text;
        bool taken;
        int64_t value;
    } cases[] = {
        {&any, "-9223372036854775808", true, INT64_MIN},
        {&any, "9223372036854775807", true, INT64_MAX},
        {&any, "-9223372036854775809", false, 0},
        {&some, "-5", true, -5},
        {&some, "7", true, 7},
        {&some, "0", true, 0},
        {&some, "-6", false, 0},
        {&some, "8", false, 0},
        {&some, "-0", false, 0},
        {&some, "-", false, 0},
        {&some, "--1", false, 0},
        {&some, "+1", false, 0},
        {&some, "-05", false, 0},
        {&some, " -1", false, 0},
        {&none, "-1", false, 0},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        json_t *value = NULL;
        int code = field_from_text(&value, cases[i].field, cases[i].text, &err);
        assert_int_equal(code, cases[i].taken ? 0 : SANAD_REFUSED);
        if (cases[i].taken)
            assert_true(json_integer_value(value) == cases[i].value);
        json_decref(value);
    }
}

/* Every kind is sound as data. */
static void test_tables(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct register_kind *kind; (kind = register_kind_at(count)); count++) {
        assert_ptr_equal(register_kind_find(kind->name), kind);
        assert_true(kind->field_count <= REGISTER_FIELD_MAX);
        for (size_t i = 0; i < kind->field_count; i++) {
            const struct register_field *field = &kind->fields[i];
            assert_true(field->type != FIELD_CHOICE || field->choices);
            assert_true(field->type != FIELD_INTEGER || field->max > field->min);
            assert_ptr_equal(kind_field(kind, field->name), field);
        }
    }
    assert_int_equal(count, 8);
    assert_null(register_kind_find("gossip"));
}

static void test_names(void **state)
{
    (void)state;
    struct err err = {0};
    test_ok(name_check("who", "Ana María", &err), &err);
    test_refused(name_check("who", NULL, &err), SANAD_REFUSED, &err, "who: must be clean");
    test_refused(name_check("who", "", &err), SANAD_REFUSED, &err, "who: must be clean");
    test_refused(name_check("who", "a\nb", &err), SANAD_REFUSED, &err, "who: must be clean");
    test_refused(name_check("who", "ana ", &err), SANAD_REFUSED, &err, "space");
    test_refused(name_check("who", " ana", &err), SANAD_REFUSED, &err, "space");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spelling), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_prices),   cmocka_unit_test(test_tables),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_liabilities),
        cmocka_unit_test(test_series),   cmocka_unit_test(test_programmes),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
