/* What the parts of limits share: the inside of an evaluation, and a programme's reading. */
#ifndef SANAD_LIMITS_PRIV_H
#define SANAD_LIMITS_PRIV_H

#include "limits/limits.h"

/* ---- the two times (records.c) -------------------------------------------------------------- */

/* What doc/formats/register.md, "The two times", orders records of one key by. */
struct two_times {
    int64_t known;
    int64_t decided;  /* INT64_MAX: never approved */
    int64_t rejected; /* 0: never */
    int64_t decision;
    int64_t number;
};
/* Whether, as known at `asked`, `next` stands in place of `best` (NULL: nothing does yet). */
bool two_times_stands(const struct two_times *next, const struct two_times *best, int64_t asked);
/* Lines that stand as known at a time: one for each entity, holder and time, in that order,
 * without those that are withdrawn. Returns how many; `ret_list` has room for all records. */
size_t records_standing(const struct limits_record **ret_list, const struct limits_records *records,
                        int64_t known);
/* Of `count` records of one entity and holder, in their order, the newest that stands as known;
 * NULL: none does. `first_known` is what records_first_known makes of the same list: when the
 * first was known of all up to each. */
const struct limits_record *record_standing(const struct limits_record *list, size_t count,
                                            const int64_t *first_known, int64_t known);
void records_first_known(int64_t *ret_first, const struct limits_record *list, size_t count);
/* For qsort: of struct limits_record, by entity, holder, time and number. */
int record_compare(const void *a, const void *b);
/* Whether a series may have this value: coins are bounded, either way. */
bool series_value_fits(struct amount value, const struct limits_unit *unit);

/* ---- meanings (declared.c) ------------------------------------------------------------------ */

/* All that was ever said of a transaction. */
struct meaning_range {
    const struct limits_meaning *list;
    size_t count;
};
/* Finds them by their leading bytes, which lie close together. In the arena. */
struct meaning_index {
    const struct limits_meanings *meanings;
    const uint64_t *leads;
};
struct meaning_index meaning_index_make(const struct limits_meanings *meanings,
                                        struct arena *arena);
struct meaning_range meaning_index_find(const struct meaning_index *index,
                                        const struct hash256 *txid);
/* What a flow meant, for a wallet of the book or as a whole (wallet NULL), as known; false:
 * nobody has said. */
bool meaning_in(enum flow_meaning *ret, struct meaning_range range, const char *wallet,
                int64_t known);

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
    struct meaning_index meanings;     /* where flows are told; made when first asked for */
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
/* Sets the flags of the programme's terms that a criterion is made of, adjustors included. */
void criterion_terms_mark(bool *used, const struct criterion *criterion);
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

/* ---- terms (terms.c, term_flows.c, term_owed.c) --------------------------------------------- */

/* As limits_term_values, but each day has a knowledge of its own: neither days nor knowledge ever
 * go back, and a day may be asked for again with a later knowledge. */
int term_values_known(struct term_value *ret_values, const struct limits_knowledge *knowledge,
                      size_t term, const struct limits_day *days, const int64_t *known,
                      size_t count, struct arena *arena, struct err *err);

/* One term over its days. Values begin unknown; `why` is set beforehand where the day itself is
 * missing, and such days stay as they are. */
struct term_walk {
    const struct limits_knowledge *knowledge;
    const struct limits_term *term;
    const struct perimeter *perimeter; /* NULL for a series */
    const bool *wanted;                /* one flag a wallet of the book; NULL for a series */
    struct meaning_index meanings;     /* for terms on flows */
    const struct limits_day *days;
    const int64_t *known; /* for each of them */
    size_t count;
    struct term_value *values;
    struct arena *arena;
};
/* A sentence in the walk's arena. */
const char *term_text(const struct term_walk *walk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Whether a block is in the chain of a day. */
static inline bool day_has_block(const struct limits_day *day, uint32_t height)
{
    return day->any && height <= day->height;
}
/* The day of a line in the programme's zone. */
int64_t term_line_day(const struct term_walk *walk, int64_t time);
void term_flows(const struct term_walk *walk);
int term_held_from(const struct term_walk *walk, struct err *err);
/* The coins of a TERM_HELD_FROM followed, as known at a time. */
int term_trace(struct trace **ret_trace, const struct term_walk *walk, int64_t known,
               struct err *err);
void term_liabilities(const struct term_walk *walk);

/* ---- the programme file (programme.c, criterion.c, expr.c, perimeter.c, member.c) ---------- */

enum {
    PROGRAMME_ID_MAX = 64,       /* bytes of an id */
    PROGRAMME_TEXT_MAX = 4096,   /* bytes of any other text */
    PROGRAMME_OBJECT_SIZE = 320, /* "file: version \"v\": criterion \"c\"" in errors */
    PROGRAMME_AGE_MAX_DAYS = 3660,
    PROGRAMME_LAG_MAX_DAYS = 366
};
#define PROGRAMME_INTEGER_MAX INT64_C(9007199254740991) /* 2^53-1, as RFC 8785 has it */

/* A programme while it is read. */
struct programme_reader {
    struct programme *programme;
    size_t term_capacity;
    struct err *err;
};
/* Where a quantity stands. */
struct expr_place {
    const char *object; /* for errors */
    bool has_base;      /* `change` has a day to count from */
};
/* Reads a quantity; its terms are pooled into the programme's. */
int expr_read(struct expr *ret_expr, struct programme_reader *reader,
              const struct expr_place *place, const json_t *json);
int criterion_read(struct criterion *ret_criterion, struct programme_reader *reader,
                   const char *version, const json_t *json);
int perimeters_read(struct programme_reader *reader, const char *object);

/* Members of an object. A text is clean; REFUSED names object, member and rule. The optional
 * ones leave *ret as it is where the member is absent or null. */
int member_text(const char **ret, const char *object, const json_t *json, const char *key,
                size_t max, struct err *err);
int member_optional_text(const char **ret, const char *object, const json_t *json, const char *key,
                         size_t max, struct err *err);
int member_id(const char **ret, const char *object, const json_t *json, const char *key,
              struct err *err);
int member_date(int64_t *ret, const char *object, const json_t *json, const char *key,
                struct err *err);
int member_optional_date(int64_t *ret, const char *object, const json_t *json, const char *key,
                         struct err *err);
int member_optional_hash(const char **ret, const char *object, const json_t *json, const char *key,
                         struct err *err);
bool member_is_there(const json_t *json, const char *key); /* and not null */
/* `least` 0: may be left out, then *ret is NULL (which json_array_size takes as empty). */
int member_list(const json_t **ret, const char *object, const json_t *json, const char *key,
                size_t least, size_t most, struct err *err);
int member_choice(size_t *ret, const char *object, const json_t *json, const char *key,
                  const char *const *names, size_t count, struct err *err);
/* A list of such names, each once, as flags. */
int member_flags(bool *ret_flags, const char *object, const json_t *json, const char *key,
                 const char *const *names, size_t count, struct err *err);
int member_name(struct limits_text *ret, const char *object, const json_t *json, const char *key,
                struct err *err);
int member_unit(struct limits_unit *ret, const char *object, const json_t *json, const char *key,
                struct err *err);
/* An amount of a unit, at least `min`; coins never over 21 million either way. */
int member_amount(struct amount *ret, const char *object, const json_t *json, const char *key,
                  const struct limits_unit *unit, int64_t min, struct err *err);
/* `source` is required and names one of the programme's. */
int member_source(const char **ret, const struct programme *programme, const char *object,
                  const json_t *json, struct err *err);
bool id_is_valid(const char *text); /* 1 to PROGRAMME_ID_MAX of a-z, 0-9, '-', '.' */
bool limits_unit_is_currency(const struct limits_unit *unit);

#endif
