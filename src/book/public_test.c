/* Proves that the public form hides what is not public, that its commitments open with the
 * wallet and the salt and with nothing else, and that it is a book itself. */
#include "book_test.h"

static const char secret[] = "a secret of at least thirty-two bytes";

#define NOT_PUBLIC(id, visibility)                                                                 \
    "{\"id\":\"" id "\",\"entity\":\"onb\",\"class\":\"operating\",\"control\":\"signed\","        \
    "\"visibility\":\"" visibility "\",\"temperature\":\"hot\",\"note\":\"at the vault\","         \
    "\"since\":\"2025-01-01\",\"descriptors\":[\"addr(" ADDRESS_2 ")\"]}"

static struct book *book_again(const json_t *json)
{
    struct err err = {0};
    struct buf text = buf_with_max(1 << 20);
    struct book *book = NULL;
    test_ok(json_canonical(&text, json, &err), &err);
    test_ok(book_read(&book, "public", buf_bytes(&text), main_params(), &err), &err);
    buf_free(&text);
    return book;
}

static void test_hidden(void **state)
{
    (void)state;
    struct err err = {0};
    struct book *book =
        book_of(BOOK(WALLET("a", "[\"addr(" ADDRESS_1 ")\"]") "," NOT_PUBLIC("s", "sealed")));
    json_t *public = NULL;
    test_ok(book_public_json(&public, book, bytes_of_text(secret), &err), &err);
    char *text = json_dumps(public, 0);
    assert_non_null(strstr(text, ADDRESS_1));
    assert_null(strstr(text, ADDRESS_2));
    assert_null(strstr(text, "vault"));
    assert_null(strstr(text, "hot"));
    assert_null(strstr(text, "2025-01-01"));
    free(text);
    struct book *shown = book_again(public);
    assert_int_equal(shown->wallet_count, 2);
    assert_int_equal(shown->wallets[1].class_, WALLET_OPERATING);
    assert_int_equal(shown->wallets[1].visibility, VISIBILITY_SEALED);
    assert_non_null(shown->wallets[1].commitment);
    assert_false(hash256_equal(&shown->sha256, &book->sha256));
    /* the public form of the public form is itself */
    json_t *twice = NULL;
    test_ok(book_public_json(&twice, shown, bytes_of_text(secret), &err), &err);
    assert_true(json_equal(public, twice));
    json_decref(twice);
    json_decref(public);
    book_free(shown);
    book_free(book);
}

static void test_opening(void **state)
{
    (void)state;
    struct err err = {0};
    struct book *book = book_of(BOOK(NOT_PUBLIC("f", "fund")));
    json_t *public = NULL;
    test_ok(book_public_json(&public, book, bytes_of_text(secret), &err), &err);
    const char *shown = json_string_value(
        json_object_get(json_array_get(json_object_get(public, "wallets"), 0), "commitment"));
    struct hash256 commitment;
    assert_true(hash256_from_straight(&commitment, shown));
    json_t *wallet = json_array_get(json_object_get(book->json, "wallets"), 0);
    struct hash256 salt;
    struct hash256 opened;
    book_wallet_salt(&salt, bytes_of_text(secret), "f");
    test_ok(book_wallet_commitment(&opened, wallet, &salt, &err), &err);
    assert_true(hash256_equal(&opened, &commitment));
    /* another wallet's salt, another secret, another wallet: none opens it */
    book_wallet_salt(&salt, bytes_of_text(secret), "g");
    test_ok(book_wallet_commitment(&opened, wallet, &salt, &err), &err);
    assert_false(hash256_equal(&opened, &commitment));
    book_wallet_salt(&salt, bytes_of_text("another secret of thirty-two bytes or so"), "f");
    test_ok(book_wallet_commitment(&opened, wallet, &salt, &err), &err);
    assert_false(hash256_equal(&opened, &commitment));
    book_wallet_salt(&salt, bytes_of_text(secret), "f");
    json_t *changed = json_deep_copy(wallet);
    (void)json_object_set_new(changed, "note", json_string("elsewhere"));
    test_ok(book_wallet_commitment(&opened, changed, &salt, &err), &err);
    assert_false(hash256_equal(&opened, &commitment));
    json_decref(changed);
    json_decref(public);
    book_free(book);
}

/* The definition, put together by hand. */
static void test_definition(void **state)
{
    (void)state;
    struct err err = {0};
    struct hash256 salt;
    struct hash256 expected;
    struct hash256 commitment;
    struct buf text = buf_with_max(1024);
    buf_format(&text, "sanad/salt/v1\n%sw", secret);
    sha256_of(&expected, buf_bytes(&text));
    book_wallet_salt(&salt, bytes_of_text(secret), "w");
    assert_true(hash256_equal(&salt, &expected));
    json_t *wallet = json_pack("{s:s, s:i}", "id", "w", "gap", 5);
    buf_reset(&text);
    buf_text(&text, "sanad/sealed-wallet/v1\n");
    buf_add(&text, bytes_of(salt.b, sizeof salt.b));
    buf_text(&text, "{\"gap\":5,\"id\":\"w\"}");
    sha256_of(&expected, buf_bytes(&text));
    test_ok(book_wallet_commitment(&commitment, wallet, &salt, &err), &err);
    assert_true(hash256_equal(&commitment, &expected));
    json_decref(wallet);
    buf_free(&text);
}

static void test_short_secret(void **state)
{
    (void)state;
    struct err err = {0};
    json_t *public = NULL;
    struct book *book = book_of(BOOK(NOT_PUBLIC("f", "fund")));
    test_refused(book_public_json(&public, book, bytes_of_text("short"), &err), SANAD_REFUSED, &err,
                 "salt secret: under 32 bytes");
    assert_null(public);
    book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_short_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
