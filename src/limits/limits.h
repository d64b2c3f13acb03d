/* limits: is the programme kept? A programme is data: criteria, each a quantity (an expression
 * over terms from the chain, from declared series and from constants) against a ceiling or a
 * floor. From what was known on a day follow daily values, verdicts, breaches and why.
 * Formats: doc/formats/programme.md and limits.md. Source of the rules: the IMF's guidelines
 * on conditionality (kinds of criteria), doc/formats/programme.md for what is assumed. */
#ifndef SANAD_LIMITS_H
#define SANAD_LIMITS_H

#include "base/base.h"
#include "book/book.h"
#include "chain/chain.h"
#include "facts/facts.h"
#include "register/register.h"
#include "reserve/reserve.h"

enum {
    PROGRAMME_SIZE_MAX = 4 << 20, /* bytes of a programme file */
    PROGRAMME_VERSION_MAX = 64,
    PROGRAMME_CRITERION_MAX = 256, /* of one version */
    PROGRAMME_TERM_MAX = 1024,     /* different ones of the whole programme */
    PROGRAMME_PERIMETER_MAX = 64,
    PROGRAMME_DATE_MAX = 256, /* test dates of a criterion */
    PROGRAMME_LIST_MAX = 256, /* any other list */
    EXPR_DEPTH_MAX = 16,
    LIMITS_DAY_MAX = 36600, /* days of one evaluation: a century */
    LIMITS_AGE_DEFAULT_DAYS = 35
};
/* A day is the midnight UTC of its calendar date, as date_parse gives it; it ends at 23:59:59
 * in the programme's zone. */
#define LIMITS_DAY INT64_C(86400)
#define LIMITS_NO_DAY INT64_MIN

/* Texts by language; NULL where a language is missing (en never is). */
enum limits_language { LANGUAGE_EN, LANGUAGE_ES, LANGUAGE_UR, LANGUAGE_COUNT };
struct limits_text {
    const char *in[LANGUAGE_COUNT];
};
const char *limits_text_in(const struct limits_text *text, enum limits_language language);

/* ---- units ------------------------------------------------------------------------------- */

/* "BTC" (satoshi), a currency of ISO 4217 (minor units), "percent" (hundredths of a percent),
 * "count" (ones), "none" (a benchmark: done or not). */
struct limits_unit {
    char name[8];
    unsigned decimals;
};
bool limits_unit_find(struct limits_unit *ret_unit, const char *name);
bool limits_unit_equal(const struct limits_unit *a, const struct limits_unit *b);

/* ---- the programme ------------------------------------------------------------------------- */

/* Which wallets, and whose claims are inside. Empty lists mean all. */
struct perimeter {
    const char *id;
    const char *const *sectors; /* GFSM/SNA codes; "S13" takes S1311 too */
    size_t sector_count;
    const char *const *entities;
    size_t entity_count;
    const char *const *except_entities;
    size_t except_count;
    bool has_class[WALLET_CLASS_COUNT]; /* all true where the file names none */
    const char *const *holder_sectors;  /* holders that are inside: their claims are consolidated */
    size_t holder_count;                /* 0: those of `sectors`, and entities of the perimeter */
};
bool perimeter_has_entity(const struct perimeter *perimeter, const struct entity *entity);
bool perimeter_has_wallet(const struct perimeter *perimeter, const struct book *book,
                          uint32_t wallet);
/* Whether a holder of a claim (an entity's id, or its sector) is inside. */
bool perimeter_has_holder(const struct perimeter *perimeter, const struct book *book,
                          const char *holder, const char *holder_sector);

enum limits_term_kind {
    TERM_BALANCE,     /* of the perimeter's wallets, BTC */
    TERM_FLOWS,       /* net inflow since the first block of flows that are of a meaning or class */
    TERM_HELD_FROM,   /* coins still held from documented inflows */
    TERM_LIABILITIES, /* owed to holders outside, BTC */
    TERM_SERIES       /* a declared series */
};
/* A term of quantities. Terms that say the same are one. */
struct limits_term {
    enum limits_term_kind kind;
    const char *label; /* for reading: "balances of public" */
    struct limits_unit unit;
    size_t perimeter;                  /* index; SIZE_MAX for a series */
    bool meanings[FLOW_MEANING_COUNT]; /* FLOWS, HELD_FROM */
    bool classes[FLOW_CLASS_COUNT];    /* FLOWS: mined and so on, whatever they mean */
    bool unclassified_ignored;         /* FLOWS: else they make "met" undecided */
    enum trace_rule mixing;            /* HELD_FROM */
    const char *series;                /* SERIES */
    unsigned max_age_days;             /* LIABILITIES, SERIES: older is missing */
};

enum expr_op {
    EXPR_TERM,
    EXPR_CONSTANT,
    EXPR_SUM,        /* of all children */
    EXPR_DIFFERENCE, /* first less second */
    EXPR_SMALLEST,
    EXPR_LARGEST,
    EXPR_TIMES,   /* child * numerator / denominator, half to even */
    EXPR_PERCENT, /* first as a share of the second, in hundredths of a percent */
    EXPR_CONVERT, /* BTC to a currency, or between currencies */
    EXPR_CHANGE   /* since the base date of the criterion */
};
enum expr_rate { RATE_PROGRAMME, RATE_MARKET };
struct expr {
    enum expr_op op;
    struct limits_unit unit; /* of the result */
    size_t term;             /* EXPR_TERM: index */
    struct amount constant;  /* EXPR_CONSTANT */
    struct expr *children;
    size_t child_count;
    int64_t numerator, denominator; /* EXPR_TIMES */
    enum expr_rate rate;            /* EXPR_CONVERT */
};

enum criterion_kind {
    CRITERION_PERFORMANCE,  /* "performance-criterion" */
    CRITERION_INDICATIVE,   /* "indicative-target" */
    CRITERION_BENCHMARK,    /* "structural-benchmark" */
    CRITERION_PRIOR_ACTION, /* "prior-action" */
    CRITERION_KIND_COUNT
};
const char *criterion_kind_name(enum criterion_kind kind);
enum continuity { CONTINUOUS, END_PERIOD };
const char *continuity_name(enum continuity continuity);

struct test_date {
    int64_t day;
    struct amount limit; /* the criterion's where the file gives none of its own */
};
/* Moves the limit: limit + direction * min(max(quantity, 0), cap). */
struct adjustor {
    const char *id;
    struct expr quantity;
    int direction;     /* +1, -1 */
    struct amount cap; /* unknown: none */
    const char *source;
};
struct waiver {
    int64_t from, until; /* days of the breach it covers, both inclusive */
    int64_t granted;
    const char *document; /* its SHA-256 in hex, or NULL */
    const char *source;
};
/* A benchmark or prior action: something done by a day. */
enum action_status { ACTION_UNKNOWN, ACTION_NOT_DONE, ACTION_DONE };
struct action {
    int64_t due;
    enum action_status status;
    int64_t on;           /* where done */
    const char *document; /* or NULL */
    const char *source;   /* or NULL */
};
struct criterion {
    const char *id;
    struct limits_text name;
    enum criterion_kind kind;
    enum continuity continuity;
    struct limits_unit unit;
    bool has_quantity; /* else `action` */
    struct expr quantity;
    bool is_floor;
    struct amount limit;
    int64_t base;            /* LIMITS_NO_DAY: none */
    struct test_date *dates; /* ascending */
    size_t date_count;
    struct adjustor *adjustors;
    size_t adjustor_count;
    struct amount buffer; /* headroom below which it warns; zero: never */
    struct waiver *waivers;
    size_t waiver_count;
    struct action action;
    const char *const *assumptions; /* ids */
    size_t assumption_count;
    const char *reading; /* which of several readings of the source, or NULL */
};
struct programme_version {
    const char *id;
    int64_t from;  /* first day in force */
    int64_t until; /* first day no longer in force; INT64_MAX: none */
    int64_t known; /* when it became known; its `from` where the file says nothing */
    const char *source;
    struct criterion *criteria;
    size_t criterion_count;
};
struct assumption {
    const char *id;
    struct limits_text text;
};
struct programme_source {
    const char *id, *title, *url, *date, *sha256; /* the last three may be NULL */
};
/* minor units of `from` times numerator / denominator = minor units of `to`. */
struct exchange_rate {
    const char *from, *to;
    int64_t numerator, denominator;
    const char *source;
};
struct programme {
    const char *id;
    const char *nation;
    bool simulated;
    struct limits_text name;
    const char *timezone;
    int32_t utc_offset_minutes;
    unsigned lag_days; /* the figures of a day are reported with what is known so many days later */
    bool has_size;     /* what the arrangement is worth */
    struct limits_unit size_unit;
    struct amount size;
    const char *size_source;
    struct programme_source *sources;
    size_t source_count;
    struct assumption *assumptions;
    size_t assumption_count;
    struct perimeter *perimeters;
    size_t perimeter_count;
    struct exchange_rate *rates;
    size_t rate_count;
    struct limits_term *terms;
    size_t term_count;
    struct programme_version *versions; /* in the order of `from`, not overlapping */
    size_t version_count;
    struct hash256 sha256; /* of the RFC 8785 form */
    const json_t *json;
    struct arena arena;
};
/* REFUSED names the member and the rule: an unknown key, class, meaning, perimeter or unit,
 * mixed units in a sum, a division by zero, versions that overlap, test dates out of order,
 * a limit over 21 million BTC, a figure without a source … */
int programme_read(struct programme **ret_programme, const char *object, struct bytes text,
                   struct err *err);
int programme_read_file(struct programme **ret_programme, const char *path, struct err *err);
void programme_free(struct programme *programme);
/* REFUSED where a perimeter names an entity that no version of the nation's book has: `book`
 * is the newest. Also another nation, or a simulated programme on a real book. */
int programme_fits(const struct programme *programme, const struct book *book, struct err *err);
/* In force on a day, or NULL. */
const struct programme_version *programme_version_at(const struct programme *programme,
                                                     int64_t day);
const struct programme_version *programme_version_find(const struct programme *programme,
                                                       const char *id);
/* The last second of a day in the programme's zone, and the day in which an instant lies. */
int64_t programme_day_end(const struct programme *programme, int64_t day);
int64_t programme_day_of(const struct programme *programme, int64_t time);

/* ---- declared inputs ------------------------------------------------------------------------ */

/* One line of a record with two times. */
struct limits_record {
    int64_t time;       /* from when it holds, until the next of its entity and holder, or series */
    int64_t known;      /* when it was declared */
    int64_t decided;    /* when approved; INT64_MAX: never */
    int64_t rejected;   /* when rejected; 0: never */
    int64_t decision;   /* number of the approval: orders what was approved in one second */
    int64_t number;     /* order of entry: of two for one key and time the later stands */
    bool withdrawn;     /* this record ends what stood for its key; it has no value */
    const char *entity; /* liability: the debtor. Series: its name */
    const char *holder; /* liability */
    const char *holder_sector; /* liability */
    struct amount value;
    struct hash256 document;
    const char *source; /* for reading: file and line, or "register entry N" */
};
struct limits_records {
    struct limits_record *list; /* sorted by entity, holder, time, number */
    size_t count;
    struct limits_unit unit; /* of a series */
    const char *name;        /* of a series, else NULL */
    struct arena arena;
};
/* CSV: time,entity,holder,holder_sector,amount_sat,document_sha256[,known][,note]. Without
 * `known` a line was known when it began to hold. REFUSED: no document, a negative amount or
 * one over 21 million BTC, two lines of one key and time that are not in the order of `known`. */
int liabilities_read(struct limits_records *ret, const char *object, struct bytes text,
                     struct err *err);
int liabilities_read_file(struct limits_records *ret, const char *path, struct err *err);
/* Register kind `liability`: all that was ever declared, so that any day of knowledge can be
 * asked in memory; also what was rejected, since it stood until then. */
int liabilities_from_register(struct limits_records *ret, struct registry *registry,
                              const char *nation, struct err *err);
/* CSV: time,unit,value,document_sha256[,known][,note]; one unit in the whole file; value in the
 * unit's decimals ("1234.50"). */
int series_read(struct limits_records *ret, const char *name, const char *object, struct bytes text,
                struct err *err);
int series_read_file(struct limits_records *ret, const char *name, const char *path,
                     struct err *err);
/* Register kind `series`; count 0 where there is none of that name. REFUSED: two units stand in
 * one series. What stood earlier in another unit has an unknown value. */
int series_from_register(struct limits_records *ret, struct registry *registry, const char *nation,
                         const char *name, struct err *err);
void limits_records_free(struct limits_records *records);
/* What flows meant: register_declarations with both times, so that any day of knowledge can be
 * asked of one table. Sorted by txid (bytes), wallet (NULL first), number. */
struct limits_meaning {
    struct hash256 txid;
    const char *wallet; /* NULL: the whole transaction */
    enum flow_meaning meaning;
    int64_t known, decided, rejected, decision, number; /* as in limits_record */
    bool withdrawn;                                     /* this record ends the declaration */
    struct hash256 document;
    const char *document_name; /* or NULL */
    const char *note;          /* or NULL */
};
struct limits_meanings {
    struct limits_meaning *list;
    size_t count;
    struct arena arena;
};
int limits_meanings_read(struct limits_meanings *ret, struct registry *registry, const char *nation,
                         struct err *err);
void limits_meanings_free(struct limits_meanings *meanings);

/* ---- what was known -------------------------------------------------------------------------- */

/* One state of knowledge: everything that a value depends on. Borrows all. */
struct limits_knowledge {
    const struct programme *programme;
    int64_t known;               /* declared records after this instant are not there yet */
    const struct ledger *ledger; /* of the book as known then */
    bool no_book;                /* none was declared: the ledger is of an empty one, and whatever
                                    needs a book is unknown */
    const struct flows *flows;   /* all of that ledger; their `declared` is not used */
    const struct limits_meanings *meanings;
    const struct limits_records *liabilities; /* count 0: none at all */
    const struct limits_records *series;      /* an array; names differ */
    size_t series_count;
    struct price_table *prices; /* for RATE_MARKET, or NULL */
};
/* A day in the chain. */
struct limits_day {
    int64_t day;
    int64_t end;     /* its last second, UTC */
    uint32_t height; /* the highest block whose median-time-past is at or before the end */
    bool any;        /* false: no block of the scan is that early, or the chain ends before it */
    bool over;       /* a later block shows that the day is over */
};
/* `days` ascending. A day after the one in which the scan's last block lies is not there. */
int limits_days_make(struct limits_day *ret_days, struct facts *facts,
                     const struct programme *programme, const int64_t *days, size_t count,
                     struct err *err);
/* A term on a day: unknown values say why. */
struct term_value {
    struct amount value;
    struct amount open; /* FLOWS: unclassified net inflow that might belong to it; else zero */
    const char *why;    /* NULL where known; else one sentence, in the arena */
    const char *source; /* "chain, block 840000", "liabilities.csv line 12", in the arena */
};
/* Values of a term on each of `days` (ascending), in one sweep over the events. */
int limits_term_values(struct term_value *ret_values, const struct limits_knowledge *knowledge,
                       size_t term, const struct limits_day *days, size_t count,
                       struct arena *arena, struct err *err);

/* The newest value of a declared series at an instant, as known; unknown where there is none, where
 * it is in another unit, or older than LIMITS_AGE_DEFAULT_DAYS. */
struct amount limits_series_at(const struct limits_knowledge *knowledge, const char *name,
                               const char *unit, int64_t time);

/* ---- evaluation ------------------------------------------------------------------------------ */

enum limits_verdict { LIMITS_MET, LIMITS_UNDECIDED, LIMITS_NOT_MET };
const char *limits_verdict_name(enum limits_verdict verdict); /* "met", "undecided", "not-met" */

/* A part of an explanation, in its unit; rendered in three languages by limits_explain. */
enum reason_kind {
    REASON_PURCHASE, /* declared purchases */
    REASON_MINED,    /* coinbases and declared pool payouts */
    REASON_OTHER_IN, /* other declared inflows */
    REASON_UNCLASSIFIED_IN,
    REASON_SALE, /* declared sales */
    REASON_OTHER_OUT,
    REASON_UNCLASSIFIED_OUT,
    REASON_FEES,
    REASON_WALLETS,     /* wallets that began or ceased to count */
    REASON_LIABILITIES, /* what is owed outside changed */
    REASON_EXCLUDED,    /* excluded coins came or went */
    REASON_SERIES,      /* a declared series changed */
    REASON_KIND_COUNT
};
struct reason {
    enum reason_kind kind;
    struct amount effect; /* on the quantity: positive raises it */
    const char *who;      /* entity, series; or NULL */
    struct hash256 txid;  /* of the largest flow; zero: none */
    size_t count;         /* flows behind it */
};
enum { REASON_MAX = 16 };
/* What a quantity is called in a sentence. */
enum limits_subject {
    SUBJECT_FIGURE,
    SUBJECT_NET_POSITION, /* balances less something */
    SUBJECT_ACQUISITIONS  /* declared inflows alone */
};
/* Why a value moved between two days. */
struct limits_change {
    enum limits_subject subject;
    int64_t from, to;
    struct amount before, after;
    struct reason reasons[REASON_MAX]; /* the largest effect first */
    size_t count;
    struct amount rest; /* what no reason explains; zero where all is told */
};
struct breach {
    int64_t from;      /* first day not met */
    int64_t corrected; /* first day met again; LIMITS_NO_DAY: not yet */
    int64_t worst_day;
    struct amount worst;         /* value on it */
    const struct waiver *waiver; /* that covers it, or NULL */
    bool has_reported;           /* the first day, as known when it was reported */
    enum limits_verdict reported_verdict;
    struct limits_change change; /* of the first day */
};
struct criterion_term {
    size_t term;
    struct term_value at;   /* on the day of the value */
    struct term_value base; /* on the base date; `why` set where there is none */
};
/* A criterion on a day. */
struct criterion_result {
    const struct programme_version *version;
    const struct criterion *criterion;
    int64_t day; /* of the value: for end-period the last test date reached */
    bool day_over;
    bool preliminary;       /* end-period: no test date is reached, the value is of the day asked */
    bool in_force;          /* the version, on `day` */
    struct amount value;    /* unknown: undecided */
    struct amount limit;    /* with adjustors; unknown where one of them is */
    struct amount headroom; /* never negative where met */
    enum limits_verdict verdict;
    bool warning;    /* met, but the headroom is within the buffer */
    const char *why; /* undecided: the missing input, one sentence; else NULL */
    struct criterion_term *terms;
    size_t term_count;
    struct breach *breaches; /* up to the day asked, in order */
    size_t breach_count;
    struct limits_change change; /* since the base date (or the first day of the scan) */
    bool has_reported;           /* the value as known when it was reported */
    int64_t reported_known;
    struct amount reported_value;
    enum limits_verdict reported_verdict;
    size_t changed_days; /* days (or test dates) whose verdict is not the one reported then */
    int64_t changed_first, changed_last;
    bool misreporting; /* the verdict changed */
    bool has_running;  /* end-period, past its last test date: the value on the day asked */
    int64_t running_day;
    struct amount running_value, running_headroom;
    enum limits_verdict running_verdict;
};
/* A value a day, for --daily: all criteria of one version. */
struct daily_value {
    int64_t day;
    struct amount value, limit, headroom;
    enum limits_verdict verdict;
    bool over;
    const char *why;
};
struct limits_result {
    const struct limits_knowledge *knowledge; /* that it was made with; borrowed */
    const struct programme *programme;
    const struct programme_version *version;
    struct limits_day as_of;
    struct fact_block block; /* at as_of.height */
    const struct book *book;
    enum grade grade;
    bool complete; /* false: some verdict is undecided for want of evidence */
    struct criterion_result *criteria;
    size_t criterion_count;
    struct criterion_result *earlier; /* of versions that were in force before, with breaches */
    size_t earlier_count;
    struct daily_value *daily; /* [criterion][day], or NULL */
    size_t daily_count;        /* days */
    struct arena arena;
};
/* A change of terms that has not happened: --what-if. */
struct limits_event {
    uint32_t wallet;     /* of the book */
    struct amount delta; /* of its balance */
};
struct limits_what_if {
    const struct limits_event *events;
    size_t event_count;
    bool is_purchase; /* an amount: counts as a declared purchase. A PSBT: unclassified */
    bool is_external; /* something enters from outside the book */
    const struct trace_payment *payment; /* a PSBT: what excluded coins it moves; or NULL */
};
struct limits_options {
    const struct programme_version *version; /* NULL: in force on the day */
    int64_t day;                             /* asked for */
    bool has_daily;
    int64_t daily_from, daily_to;
    const struct limits_what_if *what_if; /* or NULL: then values are as after it */
};
int limits_evaluate(struct limits_result *ret_result, const struct limits_knowledge *knowledge,
                    const struct limits_options *options, struct err *err);
/* Fills in has_reported … misreporting of each criterion: the same day, with what was known
 * `lag_days` after it. `source` gives the state of knowledge at an instant; what it returns
 * stays the source's. */
struct limits_history {
    void *context;
    int (*at)(const struct limits_knowledge **ret_knowledge, void *context, int64_t known,
              struct err *err);
};
int limits_report_compare(struct limits_result *result, const struct limits_history *history,
                          struct err *err);
void limits_result_free(struct limits_result *result);
json_t *limits_json(const struct limits_result *result);
/* "declared purchases", "met", in a language. */
const char *limits_reason_words(enum reason_kind kind, enum limits_language language);
const char *limits_verdict_words(enum limits_verdict verdict, enum limits_language language);
/* One criterion's day in plain words: "Client liabilities fell by 30 BTC on 2025-07-04 and no
 * coins were sold: the net position rose by 29.99999000 BTC". */
void limits_explain(struct buf *buf, const struct criterion_result *result,
                    enum limits_language language);
void limits_explain_change(struct buf *buf, const struct criterion *criterion,
                           const struct limits_change *change, enum limits_language language);

/* ---- before signing ----------------------------------------------------------------------------
 */

/* What a PSBT would do to the book: events by wallet. MISSING says which input can't be
 * proved; REFUSED what is wrong with it. Chain: inputs and outputs looked up at the ledger's
 * height. */
struct psbt_effect {
    struct limits_event *events;
    size_t event_count;
    struct amount own_in, own_out, fee; /* fee unknown where an input's value is */
    bool is_external;                   /* an input that is not ours pays us */
    struct trace_payment payment;
    struct arena arena;
};
int psbt_effect_make(struct psbt_effect *ret_effect, const struct ledger *ledger,
                     const struct psbt *psbt, struct err *err);
void psbt_effect_free(struct psbt_effect *effect);

/* ---- value and stress ---------------------------------------------------------------------------
 */

enum stress_kind { STRESS_SHOCK, STRESS_DAY, STRESS_MONTH, STRESS_DRAWDOWN, STRESS_KIND_COUNT };
enum { STRESS_SHOCK_MAX = 64, STRESS_BASIS_MAX = 10000000 /* a thousandfold */ };
struct stress_row {
    enum stress_kind kind;
    const char *name;           /* "-50.00 %", "worst day 2020-03-12 (SOURCE)", … in the arena */
    const char *source;         /* historical rows: of the price table; else NULL */
    int32_t change_basis;       /* of the price, in hundredths of a percent; negative falls */
    int64_t from, to;           /* historical rows: days of both prices; else 0 */
    struct amount value;        /* of the holding after it, minor units */
    struct amount loss;         /* value before less after */
    struct amount of_programme; /* loss as a share, hundredths of a percent; unknown: no size */
    struct amount of_reserves;
};
struct stress_table {
    const char *currency;
    struct amount value; /* today; unknown where there is no price */
    int64_t price_minor_per_btc;
    struct stress_row *rows;
    size_t count;
    struct arena arena;
};
struct stress_options {
    const int32_t *shocks_basis; /* given ones */
    size_t shock_count;
    struct amount programme_size; /* minor units of the currency; unknown: none */
    struct amount reserves;       /* declared reserves, same unit; unknown: none */
};
/* Given shocks, and the worst day, 30 days and drawdown that the price table shows: of each
 * source the last price of each UTC day, among those that valuation_make would use at their own
 * time, held against the same source only; the worst of all sources. A row is left out where no
 * source has two such prices and a fall. Without a value the rows have none either. REFUSED: a
 * shock below -100 % or beyond a thousandfold, more than STRESS_SHOCK_MAX of them. */
int stress_make(struct stress_table *ret_table, const struct price_table *prices,
                const struct valuation *value, struct amount sat,
                const struct stress_options *options, struct err *err);
void stress_free(struct stress_table *table);
json_t *stress_json(const struct stress_table *table);

#endif
