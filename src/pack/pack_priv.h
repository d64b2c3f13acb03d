/* What the parts of pack share: the inside of a pack, its texts, and how cells are written. */
#ifndef SANAD_PACK_PRIV_H
#define SANAD_PACK_PRIV_H

#include "pack/pack.h"

/* One difference to the last pack; texts, "" where there is none. */
struct pack_change {
    const char *subject; /* "wallet", "total", "criterion" … */
    const char *id;
    const char *member; /* "balance", "verdict", "value", "declared" */
    const char *unit;
    const char *before, *now, *change;
};
struct pack {
    struct pack_input in;
    struct position position;
    struct flows flows;  /* of the period */
    struct flows shown;  /* of these, those that touch public wallets alone; borrows `flows` */
    size_t hidden_count; /* flows that touch restricted wallets */
    struct amount hidden_net;
    struct fact_block opening; /* the block before the period; all zero: there is none */
    bool has_opening;
    struct ledger_script *scripts; /* of public wallets */
    size_t script_count;
    struct account_table tables[SIDE_COUNT];
    bool has_table[SIDE_COUNT];
    struct pack_change *changes;
    size_t change_count, change_capacity;
    struct arena arena;
};

/* ---- accounts of a pack (accounts_events.c) -------------------------------------------------- */

int pack_accounts_make(struct pack *pack, struct err *err);
/* What a flow was declared to mean, where one word says it all; else NULL. */
const char *pack_flow_meaning(const struct pack *pack, const struct flow *flow);

/* ---- differences (changes.c) ----------------------------------------------------------------- */

int pack_changes_make(struct pack *pack, struct err *err);

/* ---- criteria, for every kind of file (report.c) --------------------------------------------- */

/* The newest breach, or NULL. */
const struct breach *criterion_breach(const struct criterion_result *result);
const char *criterion_bound(const struct criterion_result *result);
/* Whether the terms hold balances: else what they sum to is no net position. */
bool criterion_has_balance(const struct criterion_result *result,
                           const struct programme *programme);
/* The net position behind a criterion on change: the quantity before the change is taken, on
 * the day and on the base date; unknown where the terms do not tell it. */
void criterion_net(struct amount *ret_now, struct amount *ret_base,
                   const struct criterion_result *result);

/* The criteria of the report in RFC 8785 form; true where they are too long for a statement and
 * go into a file of their own. */
bool report_criteria(struct buf *buf, const struct pack *pack);

/* ---- CSV (csv.c) ----------------------------------------------------------------------------- */

void csv_addresses(struct buf *buf, const struct pack *pack);
void csv_balances(struct buf *buf, const struct pack *pack);
void csv_net_position(struct buf *buf, const struct pack *pack);
void csv_changes(struct buf *buf, const struct pack *pack);
void csv_criteria(struct buf *buf, const struct pack *pack);
void csv_flows(struct buf *buf, const struct pack *pack);
void csv_accounts(struct buf *buf, const struct pack *pack);

/* ---- texts (texts.c) ------------------------------------------------------------------------- */

#define PACK_TEXTS(X)                                                                              \
    X(LANGUAGE_CODE)                                                                               \
    X(TITLE)                                                                                       \
    X(SIMULATED)                                                                                   \
    X(ADDS_ZERO)                                                                                   \
    X(ZERO_WHY)                                                                                    \
    X(DAY)                                                                                         \
    X(BLOCK)                                                                                       \
    X(BLOCK_HASH)                                                                                  \
    X(BLOCK_TIME)                                                                                  \
    X(GRADE)                                                                                       \
    X(BOOK_HASH)                                                                                   \
    X(PROGRAMME)                                                                                   \
    X(PROGRAMME_HASH)                                                                              \
    X(VERSION)                                                                                     \
    X(CHAIN)                                                                                       \
    X(TIMEZONE)                                                                                    \
    X(COMPLETE)                                                                                    \
    X(NOT_COMPLETE)                                                                                \
    X(PERIOD)                                                                                      \
    X(FIRST_PACK)                                                                                  \
    X(TOTAL)                                                                                       \
    X(CRITERIA)                                                                                    \
    X(CRITERION)                                                                                   \
    X(DATE)                                                                                        \
    X(VALUE)                                                                                       \
    X(LIMIT)                                                                                       \
    X(HEADROOM)                                                                                    \
    X(VERDICT)                                                                                     \
    X(SINCE)                                                                                       \
    X(CORRECTED)                                                                                   \
    X(WARNING)                                                                                     \
    X(PRELIMINARY)                                                                                 \
    X(CEILING)                                                                                     \
    X(FLOOR)                                                                                       \
    X(ACTION)                                                                                      \
    X(WAIVED)                                                                                      \
    X(READING)                                                                                     \
    X(MISREPORTING)                                                                                \
    X(AS_REPORTED)                                                                                 \
    X(MISSING)                                                                                     \
    X(EARLIER)                                                                                     \
    X(ASSUMPTIONS)                                                                                 \
    X(EXPLANATIONS)                                                                                \
    X(KIND_PERFORMANCE)                                                                            \
    X(KIND_INDICATIVE)                                                                             \
    X(KIND_BENCHMARK)                                                                              \
    X(KIND_PRIOR_ACTION)                                                                           \
    X(CONTINUOUS)                                                                                  \
    X(END_PERIOD)                                                                                  \
    X(NET_POSITION)                                                                                \
    X(NET_ROW)                                                                                     \
    X(SUM_ROW)                                                                                     \
    X(HELD)                                                                                        \
    X(OWED)                                                                                        \
    X(NET_HELD)                                                                                    \
    X(BEFORE_PERIOD)                                                                               \
    X(TERM)                                                                                        \
    X(AT_BASE)                                                                                     \
    X(NOW)                                                                                         \
    X(CHANGE)                                                                                      \
    X(BALANCES)                                                                                    \
    X(WALLET)                                                                                      \
    X(ENTITY)                                                                                      \
    X(CLASS)                                                                                       \
    X(CONTROL)                                                                                     \
    X(BALANCE)                                                                                     \
    X(RESTRICTED)                                                                                  \
    X(CLASS_RESERVE)                                                                               \
    X(CLASS_OPERATING)                                                                             \
    X(CLASS_CLIENT)                                                                                \
    X(CLASS_MINING)                                                                                \
    X(CLASS_SEIZED)                                                                                \
    X(CLASS_TILL)                                                                                  \
    X(CLASS_OTHER)                                                                                 \
    X(CONTROL_IS_DECLARED)                                                                         \
    X(CONTROL_IS_SIGNED)                                                                           \
    X(CONTROL_IS_CUSTODIAN)                                                                        \
    X(COMPLETENESS)                                                                                \
    X(ADDRESSES)                                                                                   \
    X(ADDRESS)                                                                                     \
    X(NO_ADDRESS)                                                                                  \
    X(ADDRESSES_NOTE)                                                                              \
    X(CHANGES)                                                                                     \
    X(NO_CHANGES)                                                                                  \
    X(SUBJECT)                                                                                     \
    X(MEMBER)                                                                                      \
    X(COUNTS)                                                                                      \
    X(IN_PROGRAMME)                                                                                \
    X(YES)                                                                                         \
    X(NO)                                                                                          \
    X(BEFORE)                                                                                      \
    X(FLOWS)                                                                                       \
    X(FLOWS_NOTE)                                                                                  \
    X(FLOWS_HIDDEN)                                                                                \
    X(TRANSACTION)                                                                                 \
    X(MEANING)                                                                                     \
    X(NET)                                                                                         \
    X(TX_COUNT)                                                                                    \
    X(NAME)                                                                                        \
    X(UNCLASSIFIED)                                                                                \
    X(FLOW_MINED)                                                                                  \
    X(FLOW_IN)                                                                                     \
    X(FLOW_INTERNAL)                                                                               \
    X(FLOW_OUT)                                                                                    \
    X(FLOW_MIXED)                                                                                  \
    X(MEANS_PURCHASE)                                                                              \
    X(MEANS_SALE)                                                                                  \
    X(MEANS_SEIZURE)                                                                               \
    X(MEANS_DONATION)                                                                              \
    X(MEANS_POOL_PAYOUT)                                                                           \
    X(MEANS_CLIENT_DEPOSIT)                                                                        \
    X(MEANS_CLIENT_WITHDRAWAL)                                                                     \
    X(MEANS_LOAN)                                                                                  \
    X(MEANS_CUSTODY)                                                                               \
    X(MEANS_OTHER)                                                                                 \
    X(ACCOUNTS)                                                                                    \
    X(ACCOUNTS_NOTE)                                                                               \
    X(CODE)                                                                                        \
    X(OPENING)                                                                                     \
    X(CLOSING)                                                                                     \
    X(TRANSACTIONS)                                                                                \
    X(OTHER_VOLUME)                                                                                \
    X(NO_MONEY)                                                                                    \
    X(FILES)                                                                                       \
    X(FILES_NOTE)                                                                                  \
    X(MORE_ROWS)
enum pack_text {
#define X(name) TEXT_##name,
    PACK_TEXTS(X)
#undef X
        TEXT_COUNT
};
const char *pack_text(enum pack_text text, enum limits_language language);

/* ---- pages (page.c, page_head.c, page_parts.c) ----------------------------------------------- */

struct page {
    struct buf *buf;
    const struct pack *pack;
    enum limits_language language;
    const struct pack_files *files; /* made before */
};
void page_make(struct buf *buf, const struct pack *pack, enum limits_language language,
               const struct pack_files *files);
void page_head(struct page *page);
void page_foot(struct page *page);
void page_criteria(struct page *page);
void page_net_position(struct page *page);
void page_balances(struct page *page);
void page_addresses(struct page *page);
void page_changes(struct page *page);
void page_flows(struct page *page);
void page_accounts(struct page *page);
void page_files(struct page *page);

/* Escaped; control and bidirectional characters become U+FFFD. */
void html_escape(struct buf *buf, const char *text);
/* One of our texts; one from outside, isolated; numbers, hashes and tokens, left to right. */
void page_say(struct page *page, enum pack_text text);
void page_foreign(struct page *page, const char *text);
/* A text by language: in the page's own direction where it is in the page's language. */
void page_named(struct page *page, const struct limits_text *text);
void page_ltr(struct page *page, const char *text);
void page_amount(struct page *page, struct amount a, unsigned decimals);
void page_quantity(struct page *page, struct amount a, const struct limits_unit *unit);
/* A paragraph or sentence with figures in it: in Urdu each run of Latin text is isolated. */
void page_prose(struct page *page, const char *text);
void page_day(struct page *page, int64_t day);
void page_section(struct page *page, enum pack_text title);
/* <table> with a head of so many columns; `numbers` marks those that hold amounts. */
void page_table(struct page *page, const enum pack_text *titles, size_t count, unsigned numbers);
void page_table_end(struct page *page);
void page_row(struct page *page);
void page_row_end(struct page *page);
void page_cell(struct page *page, bool number);
void page_cell_end(struct page *page);
/* How many rows of `count` a page shows; where there are more than shown it says so. */
size_t page_rows(size_t count);
void page_more(struct page *page, size_t count, size_t shown, const char *file);

#endif
