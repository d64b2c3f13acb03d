/* recheck: what a statement says, checked by a stranger. Its form and arithmetic, its
 * signatures, its book, and with a source every figure recomputed in a private store. */
#ifndef SANAD_RECHECK_H
#define SANAD_RECHECK_H

#include "base/base.h"
#include "book/book.h"
#include "chain/chain.h"
#include "source/source.h"
#include "stmt/stmt.h"

enum verdict { VERDICT_HOLDS, VERDICT_UNDECIDED, VERDICT_CONTRADICTED };
const char *verdict_name(enum verdict verdict);

enum { RECHECK_MAX = 256 };
struct check {
    const char *name; /* "signatures", "arithmetic", "book", "figures" */
    char subject[96]; /* what was looked at: "total_sat", "wallet treasury" */
    enum verdict verdict;
    char detail[256];
};
/* The verdict of all: contradicted where one is; else undecided where one is. */
struct recheck {
    struct check checks[RECHECK_MAX];
    size_t count;
    enum verdict verdict;
};
void recheck_add(struct recheck *recheck, const char *name, const char *subject,
                 enum verdict verdict, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Whether it has the members of its kind and no others: what nobody reads is nothing signed. */
void recheck_schema(struct recheck *recheck, const struct stmt *stmt);
/* Signatures against a trust file; NULL: undecided. */
void recheck_signatures(struct recheck *recheck, const struct stmt *stmt,
                        const struct trust *trust);
/* What a statement says held against itself. A reserve-position: classes, parts and wallets sum
 * up. A criteria-report: recheck_report. */
void recheck_arithmetic(struct recheck *recheck, const struct stmt *stmt);
/* Each criterion: headroom is what value and limit give, the verdict is what the headroom says,
 * dates are in order, what is undecided says why. */
void recheck_report(struct recheck *recheck, const struct stmt *stmt);
/* The files that a criteria-report names, in a folder: holds by their SHA-256; undecided where
 * one is not there. */
void recheck_files(struct recheck *recheck, const struct stmt *stmt, const char *folder);
/* The file that a `document` names, or the age file of an `annex`; NULL: undecided. */
void recheck_attached(struct recheck *recheck, const struct stmt *stmt, const struct bytes *file);
/* Openings of an annex and what they open: each of its commitments that is opened holds or is
 * contradicted, a sealed one is undecided. */
struct recheck_opened {
    const struct annex_opening *openings;
    size_t opening_count;
    const struct bytes *plains;
    size_t plain_count;
};
void recheck_annex(struct recheck *recheck, const struct stmt *stmt,
                   const struct recheck_opened *opened);
/* Whether this is the book that the statement names, whole or in its public form.
 * *ret_public: only the public form is at hand. */
void recheck_book(struct recheck *recheck, const struct stmt *stmt, const struct book *book,
                  bool *ret_public);
/* Recomputes a reserve-position from blocks. Fails (and adds no check) only where the source
 * itself can't be read; MISSING where it does not hold the block. */
struct recheck_source {
    const char *spec;
    struct source_options options; /* the chain's parameters are the book's */
    unsigned threads;
};
int recheck_figures(struct recheck *recheck, const struct stmt *stmt, struct book *book,
                    bool public_only, const struct recheck_source *source, struct err *err);

json_t *recheck_json(const struct recheck *recheck);

#endif
