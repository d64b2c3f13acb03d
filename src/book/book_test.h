/* What the tests of book share: texts of books around one wallet, and their refusals. */
#ifndef SANAD_BOOK_TEST_H
#define SANAD_BOOK_TEST_H

#include "book/book_priv.h"

#include "support.h"

#include <stdlib.h>

/* BIP84, test vectors: the account's key and its first addresses. */
#define ZPUB                                                                                       \
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31m" \
    "GDtKsAYz2oz2AGutZYs"
#define ZPUB_RECEIVE_0 "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"
#define ZPUB_RECEIVE_1 "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"
#define ZPUB_CHANGE_0 "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"
/* BIP86, test vectors. */
#define XPUB                                                                                       \
    "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49y" \
    "fdDEHGCtMMj92pReUsQ"
#define TAPROOT_0 "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"
/* El Salvador's first published address, and two more of its list. */
#define ADDRESS_1 "32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo"
#define ADDRESS_2 "3Fh6QjPzfu2LWYxVYqRZ45QPTja1PrFmNC"
#define ADDRESS_3 "38BSq1sUaGFxDVdqhCraRMg1Kgh4wpTbfG"

#define ENTITY(id)                                                                                 \
    "{\"id\":\"" id "\",\"name\":{\"en\":\"Office\",\"es\":\"Oficina\"},\"sector\":\"S1311\"}"
#define WALLET_MORE(id, descriptors, more)                                                         \
    "{\"id\":\"" id "\",\"entity\":\"onb\",\"class\":\"reserve\",\"control\":\"declared\","        \
    "\"visibility\":\"public\",\"descriptors\":" descriptors more "}"
#define WALLET(id, descriptors) WALLET_MORE(id, descriptors, "")
#define BOOK(wallets)                                                                              \
    "{\"nation\":\"SV\",\"currency\":\"USD\",\"entities\":[" ENTITY(                               \
        "onb") "],\"wallets\":[" wallets "]}"

static inline const struct chain_params *main_params(void)
{
    return chain_params_get(CHAIN_MAIN);
}

/* The caller frees. */
static inline struct book *book_of(const char *text)
{
    struct err err = {0};
    struct book *book = NULL;
    test_ok(book_read(&book, "b.json", bytes_of_text(text), main_params(), &err), &err);
    return book;
}

static inline void accepted(const char *text)
{
    book_free(book_of(text));
}

static inline void refused(const char *text, const char *part)
{
    struct err err = {0};
    struct book *book = NULL;
    test_refused(book_read(&book, "b.json", bytes_of_text(text), main_params(), &err),
                 SANAD_REFUSED, &err, part);
    assert_null(book);
}

/* The address of the first script of a branch at an index. */
static inline void address_at(char ret_text[ADDRESS_TEXT_SIZE], const struct book *book,
                              size_t branch, uint32_t index)
{
    struct arena arena = {0};
    struct bytes *scripts;
    size_t count;
    size_t branch_count;
    const struct book_branch *branches = book_branches(book, &branch_count);
    assert_true(branch < branch_count);
    assert_true(book_branch_scripts(&scripts, &count, book, &branches[branch], index, &arena));
    assert_true(address_from_script(ret_text, book->params, scripts[0]));
    arena_free(&arena);
}

#endif
