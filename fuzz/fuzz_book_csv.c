/* Feeds files to the conversion into a book. What comes out is a book that the reader
 * accepts, which the conversion checks itself; here it is checked again. */
#include "book/book.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct book_defaults defaults = {
        .nation = "XS", .currency = "USD", .entity = "onb", .simulated = true};
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    struct err err = {0};
    struct buf text = buf_with_max(BOOK_SIZE_MAX);
    struct book *book = NULL;
    json_t *json = NULL;
    int code = book_convert(&json, "input", bytes_of(data, size), &defaults, params, &err);
    sanad_assert(code == 0 || (code == SANAD_REFUSED && err.text[0] && !json));
    if (code == 0) {
        sanad_assert(json_canonical(&text, json, &err) == 0);
        sanad_assert(book_read(&book, "again", buf_bytes(&text), params, &err) == 0);
        sanad_assert(book->wallet_count >= 1);
    }
    book_free(book);
    buf_free(&text);
    json_decref(json);
    return 0;
}
