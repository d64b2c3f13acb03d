/* What the parts of limits share: the inside of an evaluation. */
#ifndef SANAD_LIMITS_PRIV_H
#define SANAD_LIMITS_PRIV_H

#include "limits/limits.h"

/* ---- evaluation (evaluate.c, change.c, reported.c) --------------------------------------- */

/* Term values over a grid of days, each term computed when it is first asked for. */
struct evaluation {
    const struct limits_knowledge *knowledge;
    const struct programme *programme;
    struct limits_day *days; /* ascending */
    size_t day_count;
    struct term_value **terms;    /* per term of the programme: a value a day, or NULL */
    const struct amount *what_if; /* per term: added on every day from `what_if_day` on; or NULL */
    const struct amount *what_if_open; /* per term: what might count from that day on */
    int64_t what_if_day;
    struct arena *arena;
};
/* `days` ascending, without repetition; REFUSED over LIMITS_DAY_MAX. */
int evaluation_make(struct evaluation *ret, const struct limits_knowledge *knowledge,
                    const int64_t *days, size_t count, struct arena *arena, struct err *err);
/* The values of a term on all days of the grid. */
int evaluation_term(const struct term_value **ret_values, struct evaluation *evaluation,
                    size_t term, struct err *err);
/* Index of a day in the grid; asserts that it is there. */
size_t evaluation_day(const struct evaluation *evaluation, int64_t day);

/* A quantity on a day: the value, and between what it may lie as long as flows are unexplained. */
struct quantity {
    struct amount value, low, high;
    const char *why; /* unknown: the sentence of the missing input */
};
int quantity_at(struct quantity *ret, struct evaluation *evaluation, const struct expr *expr,
                int64_t base, int64_t day, struct err *err);
/* A criterion on a day of the grid, against the limit that holds for `limit_day`. */
struct judgement {
    struct quantity quantity;
    struct amount limit, headroom;
    enum limits_verdict verdict;
    const char *why;
};
int criterion_judge(struct judgement *ret, struct evaluation *evaluation,
                    const struct criterion *criterion, int64_t day, struct err *err);
/* Every day on which a criterion is looked at up to one: after its base, while in force. */
struct span {
    int64_t first, last;
};
struct span criterion_watched(const struct programme_version *version,
                              const struct criterion *criterion, int64_t day);
/* Why the quantity moved between two days of the grid. */
int change_make(struct limits_change *ret, struct evaluation *evaluation,
                const struct criterion *criterion, int64_t from, int64_t to, struct err *err);
/* What a payment that has not happened would take from the coins of a TERM_HELD_FROM. */
int term_payment_effect(struct amount *ret, const struct limits_knowledge *knowledge, size_t term,
                        const struct trace_payment *payment, struct err *err);
/* What a flow meant, for a wallet of the book or as a whole (wallet NULL), as known; false:
 * nobody has said. */
bool meaning_find(enum flow_meaning *ret, const struct limits_meanings *meanings,
                  const struct hash256 *txid, const char *wallet, int64_t known);

#endif
