/* Proves which descriptors a wallet may have, as text and as Core lists them, and that a
 * private key, a bad checksum and another network are refused with the wallet's name. */
#include "book_test.h"

static void test_private_keys(void **state)
{
    (void)state;
    /* BIP32, test vector 1, the root; BIP84, the account; WIF of BIP-178's neighbourhood */
    refused(BOOK(WALLET("w", "[\"wpkh(xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqj"
                             "iChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi/*)\"]")),
            "wallet \"w\": descriptor 1: ");
    refused(BOOK(WALLET("w", "[\"wpkh(xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqj"
                             "iChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi/*)\"]")),
            "a private key");
    refused(BOOK(WALLET("w", "[\"addr(" ADDRESS_1 ")\",\"pkh(5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2"
                             "SC1j299sBCnWjss)\"]")),
            "wallet \"w\": descriptor 2: ");
    refused(BOOK(WALLET("w", "[\"pkh(5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss)\"]")),
            "a private key");
}

/* A refusal never shows what may be a secret. */
static void test_private_keys_stay_private(void **state)
{
    (void)state;
    struct err err = {0};
    struct book *book = NULL;
    const char *text =
        BOOK(WALLET("w", "[\"pkh(5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss)\"]"));
    assert_int_equal(book_read(&book, "b.json", bytes_of_text(text), main_params(), &err),
                     SANAD_REFUSED);
    assert_null(strstr(err.text, "5KYZ"));
}

static void test_checksums_and_networks(void **state)
{
    (void)state;
    char sum[9];
    char text[2048];
    assert_true(descriptor_checksum(sum, "addr(" ADDRESS_1 ")"));
    (void)snprintf(text, sizeof text, BOOK(WALLET("w", "[\"addr(" ADDRESS_1 ")#%s\"]")), sum);
    accepted(text);
    refused(BOOK(WALLET("w", "[\"addr(" ADDRESS_1 ")#qqqqqqqq\"]")),
            "wallet \"w\": descriptor 1: descriptor: bad checksum");
    refused(BOOK(WALLET("w", "[\"addr(32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzq)\"]")),
            "wallet \"w\": descriptor 1: ");
    refused(BOOK(WALLET("w", "[\"addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)\"]")),
            "another network");
    refused(BOOK(WALLET("w", "[\"addr(mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn)\"]")), "another network");
    refused(BOOK(WALLET("w", "[\"addr(tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx)\"]")),
            "another network");
    struct err err = {0};
    struct book *book = NULL;
    test_refused(book_read(&book, "b.json", bytes_of_text(BOOK(WALLET("w", "[\"" ZPUB "\"]"))),
                           chain_params_get(CHAIN_REGTEST), &err),
                 SANAD_REFUSED, &err, "another network");
}

static void test_shape(void **state)
{
    (void)state;
    refused(BOOK(WALLET("w", "[]")), "wallet \"w\": \"descriptors\" must be an array with content");
    refused(BOOK(WALLET("w", "\"addr(" ADDRESS_1 ")\"")), "\"descriptors\" must be an array");
    refused(BOOK(WALLET("w", "[7]")), "wallet \"w\": descriptor 1: must be an object");
    refused(BOOK(WALLET("w", "[\"\"]")), "wallet \"w\": descriptor 1: ");
    refused(BOOK(WALLET("w", "[\"" ADDRESS_1 "\"]")), "wallet \"w\": descriptor 1: ");
    refused(BOOK(WALLET("w", "[\"wpkh(" XPUB "/0h/*)\"]")), "wallet \"w\": descriptor 1: ");
    refused(BOOK(WALLET("w", "[\"tw(" XPUB ")\"]")), "wallet \"w\": descriptor 1: ");
}

/* Branches and how far each is looked at from the start. */
static void counts_are(const char *descriptors, const char *more, const uint32_t *counts,
                       size_t count)
{
    char text[8192];
    size_t found;
    (void)snprintf(text, sizeof text, BOOK(WALLET_MORE("w", "%s", "%s")), descriptors, more);
    struct book *book = book_of(text);
    const struct book_branch *branches = book_branches(book, &found);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(branches[i].first_count, counts[i]);
    book_free(book);
}

static void test_core(void **state)
{
    (void)state;
    /* a Core wallet looks 1000 ahead; the book's range is the least */
    counts_are("{\"wallet_name\":\"treasury\",\"descriptors\":["
               "{\"desc\":\"wpkh(" XPUB "/0/*)\",\"timestamp\":1700000000,\"active\":true,"
               "\"internal\":false,\"range\":[0,49],\"next\":3,\"next_index\":3},"
               "{\"desc\":\"wpkh(" XPUB "/1/*)\",\"timestamp\":\"now\",\"active\":true,"
               "\"internal\":true,\"range\":[10,19]},"
               "{\"desc\":\"addr(" ADDRESS_1 ")\",\"timestamp\":0,\"active\":false}]}",
               ",\"range\":30", (uint32_t[]){50, 30, 1}, 3);
    counts_are("[{\"desc\":\"wpkh(" XPUB "/<0;1>/*)\",\"range\":9}]", ",\"range\":5",
               (uint32_t[]){10, 10}, 2);
    refused(BOOK(WALLET("w", "{\"wallet_name\":\"x\"}")), "\"descriptors\" must be an array");
    refused(BOOK(WALLET("w", "{\"descriptors\":[\"addr(" ADDRESS_1 ")\"],\"x\":1}")),
            "wallet \"w\": unknown key \"x\"");
    refused(BOOK(WALLET("w", "[{\"timestamp\":0}]")),
            "wallet \"w\": descriptor 1: \"desc\" must be a string");
    refused(BOOK(WALLET("w", "[{\"desc\":\"addr(" ADDRESS_1 ")\",\"label\":\"x\"}]")),
            "wallet \"w\": descriptor 1: unknown key \"label\"");
}

static void test_core_ranges(void **state)
{
    (void)state;
    static const char *const bad[] = {"[0]",       "[0,1,2]", "[5,4]", "[-1,4]", "\"0-9\"",
                                      "[0,\"9\"]", "-1",      "null",  "[]"};
    char text[2048];
    for (size_t i = 0; i < countof(bad); i++) {
        (void)snprintf(text, sizeof text,
                       BOOK(WALLET("w", "[{\"desc\":\"wpkh(" XPUB "/*)\",\"range\":%s}]")), bad[i]);
        refused(text, "wallet \"w\": descriptor 1: \"range\" must be [begin, end]");
    }
    refused(BOOK(WALLET("w", "[{\"desc\":\"wpkh(" XPUB "/*)\",\"range\":[0,1000000]}]")),
            "\"range\" ends over 999999");
    refused(BOOK(WALLET("w", "[{\"desc\":\"wpkh(" XPUB "/*)\",\"range\":[0,4294967296]}]")),
            "\"range\" ends over 999999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private_keys),
        cmocka_unit_test(test_private_keys_stay_private),
        cmocka_unit_test(test_checksums_and_networks),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_core),
        cmocka_unit_test(test_core_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
