/* What the parts of book share and nobody else sees. */
#ifndef SANAD_BOOK_PRIV_H
#define SANAD_BOOK_PRIV_H

#include "book/book.h"

#include <stdatomic.h>

enum {
    BOOK_ID_MAX = 128,    /* bytes of an id */
    BOOK_NOTE_MAX = 4096, /* bytes of a note or a name */
    OBJECT_SIZE = 384,    /* "file: wallet \"id\"" in errors */
    COMBO_SCRIPT_MAX = 4  /* scripts of one index: combo() has at most four */
};

/* The scripts of one branch below first_count, packed: every index takes `stride` bytes, its
 * scripts one behind the other. */
struct branch_scripts {
    atomic_bool holes; /* an index could not be derived: nothing kept here counts */
    size_t offset;     /* into the slab */
    uint32_t stride;
    uint32_t script_count; /* an index */
    uint32_t sizes[COMBO_SCRIPT_MAX];
};

/* The whole of a book; the public part comes first. */
struct book_whole {
    struct book book;
    struct book_branch *branches;
    size_t branch_count;
    struct branch_scripts *scripts; /* one a branch */
    uint8_t *slab;
    size_t slab_size;
    size_t script_total;
};
static inline const struct book_whole *book_whole_of(const struct book *book)
{
    return (const struct book_whole *)book; /* first member */
}

/* Reads `descriptors` of a wallet (texts, or what Core lists) into the arena: the parsed
 * descriptors, and how many indexes each has from the start (0: the wallet's range). */
int wallet_descriptors_read(struct wallet *wallet, uint32_t **ret_ranges, const char *object,
                            const json_t *json, const struct chain_params *params,
                            struct arena *arena, struct err *err);
/* Lists the branches and makes their scripts; ranges[w][d] as read above. */
int book_scripts_make(struct book_whole *whole, const char *object, uint32_t *const *ranges,
                      struct err *err);
/* REFUSED where a script stands in two wallets at once. */
int book_overlap_check(const struct book_whole *whole, const char *object, struct err *err);
/* Every string of a document, names of members too, is clean text. */
int json_text_check(const char *object, const json_t *json, struct err *err);
int class_from_name(enum wallet_class *ret_class, const char *name);

#endif
