/* reserve: what follows from facts and a book. Positions at any height, every flow once,
 * conservation, valuation, and claims held against them. Meaning: doc/formats/reserve.md and
 * cli.md (the JSON is a contract). */
#ifndef SANAD_RESERVE_H
#define SANAD_RESERVE_H

#include "base/base.h"
#include "book/book.h"
#include "chain/chain.h"
#include "facts/facts.h"
#include "register/register.h"

/* ---- ledger: a book applied to facts ------------------------------------------------------ */

/* Which coins each wallet held in which blocks, up to a height. A coin is a wallet's from the
 * block in which it is made, in which its script enters the set by gap closure, or in which
 * the wallet begins to count, whichever is last; until the block that spends it or in which
 * the wallet ceases to count. */
struct ledger;
/* Reads facts up to `height`. MISSING: the height is outside the scan. */
int ledger_new(struct ledger **ret_ledger, struct facts *facts, const struct book *book,
               uint32_t height, struct err *err);
void ledger_free(struct ledger *ledger);
/* Total of all wallets at each change, for series: balance after block `height`. */
struct balance_point {
    uint32_t height;
    struct amount total;
    struct amount reserve; /* wallets of class reserve */
};
/* In the order of height; borrowed from the ledger. */
const struct balance_point *ledger_series(const struct ledger *ledger, size_t *ret_count);

/* The height up to which it was read, and the book. */
uint32_t ledger_height(const struct ledger *ledger);
const struct book *ledger_book(const struct ledger *ledger);
struct facts *ledger_facts(const struct ledger *ledger);
/* Every change of a wallet's balance, in the order of height: a coin begins or ceases to be
 * held. Borrowed from the ledger. */
struct wallet_change {
    uint32_t height;
    uint32_t wallet; /* of the book */
    struct amount value;
    bool membership; /* no payment: the wallet or the script began or ceased to count */
};
const struct wallet_change *ledger_changes(const struct ledger *ledger, size_t *ret_count);
/* Why a ledger can't vouch for its balances (a sealed wallet without its opening, scripts not
 * looked for yet, a run from an anchor) where the wallets marked in `wanted` (one flag a wallet
 * of the book) count: one sentence, or NULL. */
const char *ledger_incomplete(const struct ledger *ledger, const bool *wanted);

/* The wallet of a script after the ledger's last block; false: none. */
bool ledger_script_wallet(const struct ledger *ledger, uint32_t *ret_wallet, struct bytes script);
/* A coin of the book by its outpoint; false: it never was one. */
struct ledger_coin {
    uint32_t wallet; /* that holds it now, or held it last */
    struct amount value;
    struct bytes script;
    bool held; /* after the ledger's last block */
    bool spent;
    uint32_t spent_height;
};
bool ledger_coin_find(struct ledger_coin *ret_coin, const struct ledger *ledger,
                      const struct outpoint *outpoint);

/* A script of the set after a block, with what its wallet holds on it. */
struct ledger_script {
    uint32_t wallet; /* of the book */
    struct bytes script;
    struct amount balance;
};
/* Every script of the marked wallets (`wanted`: one flag a wallet of the book) that count after
 * block `height`, at most the ledger's; in the order of the book, once a wallet. The list is
 * the caller's (free), the scripts are in the arena. */
void ledger_scripts(struct ledger_script **ret_list, size_t *ret_count, const struct ledger *ledger,
                    uint32_t height, const bool *wanted, struct arena *arena);

/* ---- coins followed ------------------------------------------------------------------------ */

/* Coins that chosen transactions brought, followed through our own payments: which part of what
 * is held today came from them. Where coins mix in a payment the rule says which part goes
 * where. FIFO: the inputs' satoshi, in their order, fill the outputs in theirs, and the fee is
 * what is left over; LIFO: the same with the inputs from the last to the first; PRO_RATA: each
 * output and the fee get their share, exact in sum. What is paid to others is gone for good. */
enum trace_rule { TRACE_FIFO, TRACE_LIFO, TRACE_PRO_RATA, TRACE_RULE_COUNT };
const char *trace_rule_name(enum trace_rule rule); /* "fifo", "lifo", "pro-rata" */
struct trace_inflow {
    struct hash256 txid;
    uint32_t wallet; /* of the book: only what it received; UINT32_MAX: all that we received */
};
/* What is held of them by the marked wallets, after each height where that changes. */
struct trace_point {
    uint32_t height;
    struct amount held;
};
struct trace;
/* `wanted`: one flag a wallet of the book; `inflows` in any order. Unknown values (an input of
 * another whose value is not proved, before ours in the rule's order) make what follows from
 * them unknown. */
int trace_new(struct trace **ret_trace, const struct ledger *ledger, const bool *wanted,
              const struct trace_inflow *inflows, size_t inflow_count, enum trace_rule rule,
              struct err *err);
void trace_free(struct trace *trace);
const struct trace_point *trace_points(const struct trace *trace, size_t *ret_count);
/* A payment that has not happened. */
struct trace_payment {
    const struct outpoint *inputs;
    const struct amount *in_values; /* unknown where not proved */
    size_t in_count;
    const uint32_t *out_wallets; /* of the book; UINT32_MAX: somebody else's */
    const struct amount *out_values;
    size_t out_count;
};
/* How much less (never more: not positive) of them the marked wallets would hold after it. */
struct amount trace_payment_effect(const struct trace *trace, const struct trace_payment *payment);

/* ---- position ------------------------------------------------------------------------------ */

struct wallet_position {
    uint32_t wallet; /* of the book */
    struct amount balance;
    size_t coin_count;
    size_t script_count; /* scripts of the set at that height */
    struct amount largest_script;
    struct amount exposed_key;
};
struct valuation {
    bool any;
    char why_not[160]; /* where there is none although one was asked for */
    const char *currency;
    struct amount amount; /* minor units */
    int64_t price_minor_per_btc;
    const char *sources[16];
    size_t source_count;
    const char *dropped[16]; /* "NAME: rule broken" */
    size_t dropped_count;
    int64_t price_time; /* of the oldest source used */
};
enum { POSITION_MISSING_MAX = 8 };
struct position {
    const struct chain_params *params;
    const struct book *book;
    struct fact_block as_of;
    bool median_unknown; /* as_of is the block of a snapshot, whose ancestors nobody read */
    enum grade grade;
    uint32_t from_height; /* first block of the scan */
    bool complete;
    char missing[POSITION_MISSING_MAX][160]; /* what is missing, where not complete */
    size_t missing_count;
    struct amount total;
    struct amount by_class[WALLET_CLASS_COUNT];
    bool has_class[WALLET_CLASS_COUNT];
    struct amount public_part;
    struct amount restricted_part;
    size_t coin_count;
    struct amount immature;
    struct amount exposed_key; /* unknown where the scan began with a snapshot; of wallets too */
    struct wallet_position *wallets; /* those that count at that height, in book order */
    size_t wallet_count;
    struct valuation value;
    struct arena arena;
};
/* At any height up to the ledger's. */
int position_make(struct position *ret_position, const struct ledger *ledger, uint32_t height,
                  struct err *err);
void position_free(struct position *position);
json_t *position_json(const struct position *position);
/* The members of a reserve-position statement: no nulls, no reals; restricted wallets are not
 * listed; over 64 wallets or 12 KiB of them a hash of the list stands in for it. `public_book` is
 * the hash of the public form of the book, or NULL where the book has no restricted wallet. */
json_t *position_statement(const struct position *position, const struct hash256 *public_book);

/* ---- flows --------------------------------------------------------------------------------- */

#define FLOW_CLASSES(X)                                                                            \
    X(MINED, "mined")                                                                              \
    X(EXTERNAL_IN, "external-in")                                                                  \
    X(INTERNAL, "internal")                                                                        \
    X(EXTERNAL_OUT, "external-out")                                                                \
    X(MIXED, "mixed")
enum flow_class {
#define X(name, text) FLOW_CLASS_##name,
    FLOW_CLASSES(X)
#undef X
        FLOW_CLASS_COUNT
};
const char *flow_class_name(enum flow_class class_);

struct flow_wallet {
    uint32_t wallet;
    struct amount in;  /* spent from it */
    struct amount out; /* paid to it */
};
/* What a declaration says of a flow; from the register or from a signed statement. */
struct flow_declared {
    struct hash256 txid;
    const char *kind; /* "purchase" … */
    struct hash256 document;
};
struct possible_own {
    const char *heuristic; /* "common-input", "change-script-kind" */
    struct bytes script;
    struct amount value;
};
/* Names of foreign scripts, from a file; sorted by script. */
struct script_label {
    struct bytes script;
    const char *label;
};
struct label_table {
    struct script_label *list;
    size_t count;
    struct arena arena;
};
/* CSV with columns address and label (or entity); addresses of the network, else REFUSED. */
int labels_read(struct label_table *ret_table, const char *object, struct bytes text,
                const struct chain_params *params, struct err *err);
int labels_read_file(struct label_table *ret_table, const char *path,
                     const struct chain_params *params, struct err *err);
void labels_free(struct label_table *table);
/* Somebody with a label on the other side of a flow. */
struct counterparty {
    const char *label; /* the table's */
    struct amount in;  /* spent from its scripts */
    struct amount out; /* paid to them */
};
struct flow {
    struct hash256 txid;
    struct hash256 block_hash;
    uint32_t height;
    uint32_t tx_index;
    int64_t time;        /* of the block's header */
    int64_t median_time; /* of the block: which day it is of */
    enum flow_class class_;
    struct amount own_in, own_out, foreign_in, foreign_out, fee; /* unknown where not proved */
    struct amount net;
    struct amount older_in; /* of own_in: coins older than the first block read (rev files) */
    struct flow_wallet *wallets;
    size_t wallet_count;
    const struct flow_declared *declared; /* NULL: unclassified */
    size_t round_trip;                    /* index of the other flow; SIZE_MAX: none */
    struct possible_own *possible;
    size_t possible_count;
    struct counterparty *parties;
    size_t party_count;
};
struct conservation {
    struct amount opening, entered, received, sent, fees, left, closing;
    bool holds;
};
struct flows {
    const struct chain_params *params;
    const struct book *book;
    uint32_t from, to;
    struct hash256 to_hash;
    enum grade grade;
    bool complete;
    uint32_t first_height; /* of the scan, where it did not begin at genesis */
    struct flow *list;     /* in chain order */
    size_t count;
    struct conservation conservation;
    struct arena arena;
};
struct flows_options {
    uint32_t from, to;
    const struct flow_declared *declared; /* sorted by txid (bytes) */
    size_t declared_count;
    bool possible_own;
    const struct label_table *labels; /* or NULL; must outlive the flows */
    /* A possible return comes at most so many blocks later; 0: 6480, and within 45 days. */
    uint32_t round_trip_blocks;
};
int flows_make(struct flows *ret_flows, const struct ledger *ledger,
               const struct flows_options *options, struct err *err);
void flows_free(struct flows *flows);
json_t *flows_json(const struct flows *flows);
void flows_csv(struct buf *buf, const struct flows *flows);

/* ---- prices -------------------------------------------------------------------------------- */

enum {
    PRICE_AGE_MAX = 3 * 86400, /* seconds: an older source is stale */
    PRICE_SPREAD_PERCENT = 20  /* from the median of the others: farther is absurd */
};
struct price_point {
    int64_t time;
    const char *source;
    int64_t price_minor_per_btc;
};
struct price_table {
    const char *currency;
    struct price_point *points; /* sorted by source and time */
    size_t count;
    struct arena arena;
};
/* CSV: time,source,currency,price_minor_per_btc,… (rows of other currencies are left
 * out). A price of 1:1 is REFUSED with its line. */
int prices_read(struct price_table *ret_table, const char *object, struct bytes text,
                const char *currency, struct err *err);
int prices_read_file(struct price_table *ret_table, const char *path, const char *currency,
                     struct err *err);
int prices_from_register(struct price_table *ret_table, struct registry *registry,
                         const char *currency, int64_t known, struct err *err);
void prices_free(struct price_table *table);
/* The median of the sources that are fresh and sane at `time`; ret->any false and why_not
 * filled where there is none: no source, or two that contradict each other. */
void valuation_make(struct valuation *ret, struct price_table *table, int64_t time,
                    struct amount sat);
/* Of each point whether valuation_make would use it at its own time: ret_sane[table->count].
 * Points times sources steps. */
void prices_sane(bool *ret_sane, const struct price_table *table);

/* ---- claims -------------------------------------------------------------------------------- */

/* Of a claims file:
 * id,nation,publisher,date,quantity,printed,unit,rounding,relation,of,source,note. See
 * doc/formats/claims.md. */
struct claim {
    const char *id, *nation, *publisher, *date, *quantity, *printed, *unit, *relation, *of, *source,
        *note;
    int64_t day;            /* midnight UTC */
    struct amount figure;   /* in the unit's smallest part */
    struct amount rounding; /* width of the last printed place, in the same */
    unsigned decimals;      /* of the unit */
};
struct claim_verdict {
    const char *verdict;     /* "consistent", "contradicted", "undecided" */
    struct amount low, high; /* of the chain that day; unknown where there is none */
    char detail[256];
};
struct claims {
    struct claim *list;
    struct claim_verdict *verdicts;
    size_t count;
    struct arena arena;
};
int claims_read(struct claims *ret_claims, const char *object, struct bytes text, struct err *err);
int claims_read_file(struct claims *ret_claims, const char *path, struct err *err);
/* `facts` and `book` may be NULL (no chain: undecided), `prices` too. A book of another
 * nation, or of a simulated one, decides nothing. */
int claims_check(struct claims *claims, struct facts *facts, const struct book *book,
                 const struct price_table *prices, struct err *err);
void claims_free(struct claims *claims);
json_t *claims_json(const struct claims *claims);

#endif
