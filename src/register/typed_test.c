/* Proves that prices and declarations come out as they went in, only those asked for, as
 * known at a time; and that a body changed behind the program's back is refused. */
#include "register_test.h"

static void import(struct fixture *fixture, const char *kind, const char *text, const char *known,
                   const char *approver)
{
    struct err err = {0};
    struct import_report report = {0};
    struct register_import import = {
        .nation = "XS", .proposer = "ana", .approver = approver, .known = day(known)};
    test_ok(register_import_csv(fixture->registry, &report, kind, "f", bytes_of_text(text), &import,
                                &err),
            &err);
    import_report_free(&report);
}

static void test_prices(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct register_price *prices;
    size_t count;
    import(fixture, "price",
           "time,source,currency,price_minor_per_btc\n"
           "2025-07-15,a,USD,11700000\n2025-07-16,b,USD,11888000\n2025-07-16,a,USD,11889000\n"
           "2025-07-16,a,PKR,3380000000\n2025-07-17T12:00:00Z,a,USD,11800000\n",
           "2025-07-18", NULL);
    import(fixture, "price",
           "time,source,currency,price_minor_per_btc\n2025-07-16,a,USD,11889999\n", "2025-07-20",
           "bruno");
    struct price_query query = {.currency = "USD",
                                .after = day("2025-07-15"),
                                .to = day("2025-07-17"),
                                .known = day("2025-07-19")};
    test_ok(register_prices(fixture->registry, &prices, &count, &query, &fixture->arena, &err),
            &err);
    assert_int_equal(count, 2);
    assert_string_equal(prices[0].source, "a");
    assert_int_equal(prices[0].price_minor_per_btc, 11889000);
    assert_int_equal(prices[0].time, day("2025-07-16"));
    assert_int_equal(prices[0].state, RECORD_PROPOSED);
    assert_string_equal(prices[1].source, "b");
    query.known = INT64_MAX;
    test_ok(register_prices(fixture->registry, &prices, &count, &query, &fixture->arena, &err),
            &err);
    assert_int_equal(count, 2);
    assert_int_equal(prices[0].price_minor_per_btc, 11889999);
    assert_int_equal(prices[0].state, RECORD_APPROVED);
    query.known = day("2025-07-17");
    test_ok(register_prices(fixture->registry, &prices, &count, &query, &fixture->arena, &err),
            &err);
    assert_int_equal(count, 0);
    query = (struct price_query){
        .currency = "PKR", .after = INT64_MIN, .to = INT64_MAX, .known = INT64_MAX};
    test_ok(register_prices(fixture->registry, &prices, &count, &query, &fixture->arena, &err),
            &err);
    assert_int_equal(count, 1);
    assert_int_equal(prices[0].price_minor_per_btc, 3380000000);
}

static void test_declarations(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct register_declaration *list;
    size_t count;
    import(
        fixture, "declaration",
        "txid,wallet,meaning,trade_date,settlement_date,document_sha256,document_name,note\n" TXID_2
        ",,pool-payout,,," DOC_2 ",,\n" TXID_1 ",cold,seizure,,," DOC_1 ",,\n" TXID_1
        ",,purchase,2025-01-01,2025-01-03," DOC_1 ",deed.pdf,as agreed\n",
        "2025-02-01", NULL);
    test_ok(register_declarations(fixture->registry, &list, &count, "XS", INT64_MAX,
                                  &fixture->arena, &err),
            &err);
    assert_int_equal(count, 3);
    assert_null(list[0].wallet);
    assert_int_equal(list[0].meaning, FLOW_PURCHASE);
    assert_true(list[0].has_trade_date && list[0].has_settlement_date);
    assert_int_equal(list[0].trade_date, day("2025-01-01"));
    assert_int_equal(list[0].settlement_date, day("2025-01-03"));
    assert_string_equal(list[0].document_name, "deed.pdf");
    assert_string_equal(list[0].note, "as agreed");
    assert_int_equal(list[0].known, day("2025-02-01"));
    char text[HEX256_SIZE];
    hash256_display(text, &list[0].txid);
    assert_string_equal(text, TXID_1);
    assert_string_equal(list[1].wallet, "cold");
    assert_false(list[1].has_trade_date || list[1].has_settlement_date);
    assert_null(list[1].note);
    assert_int_equal(list[2].meaning, FLOW_POOL_PAYOUT);
    test_ok(register_declarations(fixture->registry, &list, &count, "XS", day("2025-01-31"),
                                  &fixture->arena, &err),
            &err);
    assert_int_equal(count, 0);
    test_ok(register_declarations(fixture->registry, &list, &count, "XP", INT64_MAX,
                                  &fixture->arena, &err),
            &err);
    assert_int_equal(count, 0);
}

static void test_changed(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct register_declaration *list;
    struct register_price *prices;
    size_t count;
    import(fixture, "declaration", "txid,meaning,document_sha256\n" TXID_2 ",loan," DOC_2 "\n",
           "2025-02-01", NULL);
    import(fixture, "price",
           "time,source,currency,price_minor_per_btc\n2025-07-15,a,USD,11700000\n", "2025-07-18",
           NULL);
    test_ok(store_run(fixture->store, "UPDATE register_journal SET body = '{\"meaning\":\"gift\"}'",
                      &err),
            &err);
    test_refused(register_declarations(fixture->registry, &list, &count, "XS", INT64_MAX,
                                       &fixture->arena, &err),
                 SANAD_REFUSED, &err, "record 1: its body was changed");
    struct price_query query = {
        .currency = "USD", .after = INT64_MIN, .to = INT64_MAX, .known = INT64_MAX};
    test_refused(register_prices(fixture->registry, &prices, &count, &query, &fixture->arena, &err),
                 SANAD_REFUSED, &err, "record 2: its body was changed");
    test_ok(store_run(fixture->store, "UPDATE register_journal SET body = 'no'", &err), &err);
    test_refused(register_prices(fixture->registry, &prices, &count, &query, &fixture->arena, &err),
                 SANAD_REFUSED, &err, "record 2: price: line 1: not valid JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTER_TEST(test_prices),
        REGISTER_TEST(test_declarations),
        REGISTER_TEST(test_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
