/* Feeds documents to the reader of address books. What it accepts has the same hash when it
 * is read again from its canonical form, has a public form that it accepts too, and gives
 * scripts for every branch. */
#include "book/book.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A range of thousands takes seconds and shows nothing new. */
static bool has_long_range(const uint8_t *data, size_t size)
{
    static const char word[] = "range";
    const uint8_t *at = data;
    const uint8_t *end = data + size;
    while ((at = memmem(at, (size_t)(end - at), word, sizeof word - 1))) {
        size_t run = 0;
        at += sizeof word - 1;
        for (const uint8_t *p = at; p < end && p < at + 32; p++) {
            run = *p >= '0' && *p <= '9' ? run + 1 : 0;
            if (run > 3)
                return true;
        }
    }
    return false;
}

static struct book *read_again(const json_t *json, const struct chain_params *params)
{
    struct err err = {0};
    struct buf text = buf_with_max(BOOK_SIZE_MAX);
    struct book *book = NULL;
    sanad_assert(json_canonical(&text, json, &err) == 0);
    sanad_assert(book_read(&book, "again", buf_bytes(&text), params, &err) == 0);
    buf_free(&text);
    return book;
}

static void check_branches(const struct book *book)
{
    struct arena arena = {0};
    size_t count;
    const struct book_branch *branches = book_branches(book, &count);
    for (size_t i = 0; i < count; i++) {
        struct bytes *scripts;
        size_t script_count;
        uint32_t last = branches[i].first_count - 1;
        sanad_assert(book_branch_closure(book, &branches[i], true, last) > last);
        sanad_assert(
            book_branch_scripts(&scripts, &script_count, book, &branches[i], last, &arena));
    }
    arena_free(&arena);
}

static void check(const struct book *book)
{
    static const char secret[] = "a secret of at least thirty-two bytes";
    struct err err = {0};
    json_t *public = NULL;
    struct book *again = read_again(book->json, book->params);
    sanad_assert(hash256_equal(&again->sha256, &book->sha256));
    book_free(again);
    sanad_assert(book_public_json(&public, book, bytes_of_text(secret), &err) == 0);
    again = read_again(public, book->params);
    sanad_assert(again->wallet_count == book->wallet_count);
    book_free(again);
    json_decref(public);
    check_branches(book);
}

/* The first byte chooses the network: 'r' is regtest, any other the main one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct book *book = NULL;
    if (size == 0 || has_long_range(data, size))
        return 0;
    const struct chain_params *params =
        chain_params_get(data[0] == 'r' ? CHAIN_REGTEST : CHAIN_MAIN);
    int code = book_read(&book, "input", bytes_of(data + 1, size - 1), params, &err);
    sanad_assert(code == 0 || (code == SANAD_REFUSED && err.text[0]));
    if (code == 0)
        check(book);
    book_free(book);
    return 0;
}
