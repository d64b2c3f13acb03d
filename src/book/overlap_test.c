/* Proves that one script stands in two wallets only with disjoint intervals, however the
 * descriptors are written that give it. */
#include "book_test.h"

#define A(id, more) WALLET_MORE(id, "[\"addr(" ADDRESS_1 ")\"]", more)
#define FROM(day) ",\"since\":\"" day "\""
#define UNTIL(day) ",\"until\":\"" day "\""

static void test_intervals(void **state)
{
    (void)state;
    refused(BOOK(A("a", "") "," A("b", "")), "b.json: wallet \"b\": the script " ADDRESS_1
                                             " stands in wallet \"a\" at the same time");
    accepted(BOOK(A("a", UNTIL("2025-01-01")) "," A("b", FROM("2025-01-01"))));
    accepted(BOOK(A("b", FROM("2025-01-01")) "," A("a", UNTIL("2025-01-01"))));
    refused(BOOK(A("a", UNTIL("2025-01-02")) "," A("b", FROM("2025-01-01"))), "wallet \"b\"");
    refused(BOOK(A("a", FROM("2025-01-01")) "," A("b", UNTIL("2025-01-02"))),
            "wallet \"a\": the script " ADDRESS_1 " stands in wallet \"b\"");
    refused(BOOK(A("a", FROM("2024-01-01") UNTIL("2026-01-01")) "," A(
                "b", FROM("2025-01-01") UNTIL("2025-02-01"))),
            "wallet \"b\"");
    /* three in a row, and a fourth inside the second */
    accepted(BOOK(A("c", FROM("2025-02-01")) "," A("a", UNTIL("2025-01-01")) "," A(
        "b", FROM("2025-01-01") UNTIL("2025-02-01"))));
    refused(BOOK(A("c", FROM("2025-02-01")) "," A("a", UNTIL("2025-01-01")) "," A(
                "b", FROM("2025-01-01") UNTIL("2025-02-01")) "," A("d", FROM("2025-01-31")
                                                                            UNTIL("2025-02-01"))),
            "wallet \"d\"");
}

/* The same script twice in one wallet is no conflict of wallets; with a third it is. */
static void test_one_wallet(void **state)
{
    (void)state;
    struct book *book =
        book_of(BOOK(WALLET("a", "[\"addr(" ADDRESS_1 ")\",\"addr(" ADDRESS_1 ")\"]")));
    size_t count;
    (void)book_branches(book, &count);
    assert_int_equal(count, 2);
    book_free(book);
    accepted(
        BOOK(WALLET_MORE("a", "[\"wpkh(" XPUB "/0/*)\",\"combo(" XPUB "/0/*)\"]", ",\"range\":4")));
    refused(BOOK(WALLET("a", "[\"addr(" ADDRESS_1 ")\",\"addr(" ADDRESS_1 ")\"]") "," A("b", "")),
            "wallet \"b\"");
}

static void test_other_spellings(void **state)
{
    (void)state;
    /* the same script as address, as raw script, and as a key */
    refused(BOOK(A("a", "") "," WALLET(
                "b", "[\"raw(a9140b55e104bb614b309d85efac36703194ff2d830287)\"]")),
            "the script " ADDRESS_1);
    refused(BOOK(WALLET_MORE("a", "[\"" ZPUB "\"]",
                             ",\"range\":2") "," WALLET("b", "[\"addr(" ZPUB_CHANGE_0 ")\"]")),
            "the script " ZPUB_CHANGE_0);
    refused(BOOK(WALLET_MORE("a", "[\"combo(" XPUB "/0/*)\"]", ",\"range\":3") "," WALLET_MORE(
                "b", "[\"sh(wpkh(" XPUB "/<5;0>/*))\"]", ",\"range\":1")),
            "wallet \"b\"");
    /* below the range only: beyond it nobody has declared anything */
    accepted(BOOK(WALLET_MORE("a", "[\"" ZPUB "\"]",
                              ",\"range\":1") "," WALLET("b", "[\"addr(" ZPUB_RECEIVE_1 ")\"]")));
    refused(BOOK(WALLET_MORE("a", "[\"" ZPUB "\"]",
                             ",\"range\":2") "," WALLET("b", "[\"addr(" ZPUB_RECEIVE_1 ")\"]")),
            "wallet \"b\"");
    /* a script that has no address is shown in hexadecimal */
    refused(BOOK(WALLET("a", "[\"raw(51)\"]") "," WALLET("b", "[\"raw(51)\"]")),
            "wallet \"b\": the script 51 stands in wallet \"a\"");
    /* one script that begins or ends as another is another */
    accepted(BOOK(WALLET("a", "[\"raw(51)\"]") "," WALLET("b", "[\"raw(5151)\"]") "," WALLET(
        "c", "[\"raw(0051)\"]")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_one_wallet),
        cmocka_unit_test(test_other_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
