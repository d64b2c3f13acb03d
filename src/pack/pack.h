/* pack: what a programme's partner receives. The stock-flow accounts of the coins, and one
 * folder with signed statements, CSV files and printable pages in three languages, made from
 * an evaluation and the ledger behind it. Formats: doc/formats/pack.md. */
#ifndef SANAD_PACK_H
#define SANAD_PACK_H

#include "base/base.h"
#include "book/book.h"
#include "facts/facts.h"
#include "limits/limits.h"
#include "register/register.h"
#include "reserve/reserve.h"
#include "stmt/stmt.h"

/* ---- which flow goes to which account -------------------------------------------------------- */

enum {
    ACCOUNTS_SIZE_MAX = 1 << 20, /* bytes of a file of accounts */
    ACCOUNTS_LINE_MAX = 64,
    ACCOUNTS_SOURCE_MAX = 64,
    ACCOUNTS_TEXT_MAX = 1024, /* bytes of one text */
    ACCOUNT_EVENT_MAX = 10000000
};

/* Everything that changes a stock: what a flow was declared to mean, and what needs no
 * declaration. A file of accounts says for each where it goes. */
#define ACCOUNT_FLOWS(X)                                                                           \
    FLOW_MEANINGS(X)                                                                               \
    X(MINED, "mined")                                                                              \
    X(FEES, "fees")                                                                                \
    X(ENTERED, "entered")                                                                          \
    X(LEFT, "left")                                                                                \
    X(UNCLASSIFIED_IN, "unclassified-in")                                                          \
    X(UNCLASSIFIED_OUT, "unclassified-out")                                                        \
    X(LIABILITIES, "liabilities")
enum account_flow {
#define X(name, text) ACCOUNT_##name,
    ACCOUNT_FLOWS(X)
#undef X
        ACCOUNT_FLOW_COUNT
};
const char *account_flow_name(enum account_flow flow);

enum account_side { SIDE_ASSETS, SIDE_LIABILITIES, SIDE_COUNT };
enum account_part { PART_TRANSACTIONS, PART_OTHER_VOLUME };
const char *account_side_name(enum account_side side); /* "assets", "liabilities" */
const char *account_part_name(enum account_part part); /* "transactions", "other-volume-changes" */

struct account_line {
    const char *id;
    const char *code; /* of the manual */
    struct limits_text label;
    enum account_side side;
    enum account_part part;
    const char *source;     /* reference in words */
    const char *assumption; /* what the sources leave open, or NULL */
};
struct accounts {
    const char *id;
    struct limits_text name;
    struct limits_text stocks[SIDE_COUNT]; /* what is held, what is owed */
    struct limits_text revaluation;
    const char *stock_codes[SIDE_COUNT];
    const char *revaluation_code;
    struct account_line *lines;
    size_t line_count;
    size_t line_of[ACCOUNT_FLOW_COUNT];
    struct hash256 sha256; /* of the RFC 8785 form */
    struct arena arena;
};
/* REFUSED names the member and the rule: a flow without a line, a line of another side, an
 * unclassified flow in a line with any other, a line without a source … */
int accounts_read(struct accounts **ret_accounts, const char *object, struct bytes text,
                  struct err *err);
int accounts_read_file(struct accounts **ret_accounts, const char *path, struct err *err);
/* accounts/bpm6.json, which is built in. */
int accounts_shipped(struct accounts **ret_accounts, struct err *err);
void accounts_free(struct accounts *accounts);

/* ---- stock and flow -------------------------------------------------------------------------- */

/* One change of a stock. */
struct account_event {
    int64_t time;
    enum account_flow flow;
    struct amount delta;         /* satoshi */
    int64_t price_minor_per_btc; /* at `time`; 0: none */
};
struct account_period {
    int64_t from, to; /* instants of the two stocks */
    struct amount opening;
    int64_t opening_price, closing_price; /* 0: none */
};
struct account_cell {
    struct amount sat;
    struct amount money; /* minor units; unknown where a price is missing */
};
/* opening + lines + revaluation = closing, in satoshi (where revaluation is zero) and in money,
 * to the unit. Money is summed unrounded (satoshi times minor units a BTC, 128 bits): there the
 * revaluation, holding times change of price between events, is checked against the rest. Each
 * cell is rounded once, half to even; what rounding leaves over is in the revaluation. */
struct account_table {
    const struct accounts *accounts;
    enum account_side side;
    struct account_period period;
    struct account_cell opening, revaluation, closing;
    struct account_cell *lines; /* one a line of `accounts`; zero where of the other side */
    char why_no_money[160];     /* "" where money is known */
    char why_unknown[160];      /* the stock itself is not known */
};
/* `events` of one side, in the order of the chain, within the period. `why` says why there is
 * no opening; NULL where there is one. */
void account_table_make(struct account_table *ret_table, const struct accounts *accounts,
                        enum account_side side, const struct account_period *period,
                        const struct account_event *events, size_t count, const char *why);
void account_table_free(struct account_table *table);

/* ---- the last pack --------------------------------------------------------------------------- */

/* What the pack before said: its criteria-report, and its balances.csv where it is at hand. */
struct pack_previous {
    struct stmt *report;
    json_t *criteria;           /* the report's, or those of criteria.json; NULL: not at hand */
    struct hash256 text_sha256; /* of the report's signed text, without signatures */
    uint32_t height;
    struct hash256 block_hash;
    struct csv balances;
    bool has_balances;
};
/* `path` is the pack's folder, or the note itself. REFUSED: no criteria-report, or a
 * balances.csv or criteria.json that is not the one which the report names. Signatures are not
 * checked here. */
int pack_previous_read(struct pack_previous **ret_previous, const char *path, struct err *err);
void pack_previous_free(struct pack_previous *previous);

/* ---- the pack -------------------------------------------------------------------------------- */

enum {
    PACK_FILE_MAX = 16,
    PACK_NAME_SIZE = 32,
    PACK_FILE_SIZE_MAX = 1 << 30,
    PACK_CRITERIA_SIZE_MAX = 10240, /* bytes of criteria in the report; more go by their hash */
    /* rows of a page's table; the CSV file has all */
    PACK_PAGE_ROWS = 120
};
/* All that a pack is made from; borrowed, and must outlive it. */
struct pack_input {
    const struct limits_result *result;
    const struct ledger *ledger; /* at least up to the result's block */
    uint32_t from;               /* first block of the period */
    int64_t from_time, to_time;  /* what is owed: lines after the one, up to the other */
    const struct register_declaration *meanings; /* what flows meant, as known; sorted */
    size_t meaning_count;
    const struct limits_records *liabilities; /* or NULL */
    int64_t known;                            /* what was declared later is not there */
    struct price_table *prices;               /* or NULL */
    const struct accounts *accounts;
    const struct pack_previous *previous; /* or NULL */
};
struct pack;
/* REFUSED: the last pack is of another nation, chain or programme, or its block is not on this
 * chain, or later than this one. */
int pack_make(struct pack **ret_pack, const struct pack_input *input, struct err *err);
void pack_free(struct pack *pack);
/* After the result's block; the pack's own. */
const struct position *pack_position(const struct pack *pack);

struct pack_file {
    char name[PACK_NAME_SIZE];
    struct buf content;
    struct hash256 sha256;
};
/* In the order of names. */
struct pack_files {
    struct pack_file list[PACK_FILE_MAX];
    size_t count;
};
/* The CSV files and the pages. REFUSED where one is over PACK_FILE_SIZE_MAX. */
int pack_files_make(struct pack_files *ret_files, const struct pack *pack, struct err *err);
/* Adds one more file (a signed note), copied; its hash is in no report. */
void pack_files_add(struct pack_files *files, const char *name, struct bytes content);
void pack_files_free(struct pack_files *files);
/* The members of the criteria-report statement. */
json_t *pack_report(const struct pack *pack, const struct pack_files *files);
/* Written into a folder beside, which then takes the name: all or nothing. REFUSED where
 * `folder` exists and is not empty. */
int pack_folder_write(const char *folder, const struct pack_files *files, struct err *err);

#endif
