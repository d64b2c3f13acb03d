/* What the parts of reserve share: the inside of a ledger. */
#ifndef SANAD_RESERVE_PRIV_H
#define SANAD_RESERVE_PRIV_H

#include "reserve/reserve.h"

#define HEIGHT_NEVER UINT32_MAX

/* In which blocks a script counts as a wallet's: from <= height < until. */
struct ownership {
    uint32_t script; /* index into scripts */
    uint32_t wallet;
    uint32_t from;
    uint32_t until;
};
/* In which blocks a coin counts as a wallet's: start <= height < end. Where both are the
 * same block, the coin came and went within it. */
struct holding {
    uint32_t coin;
    uint32_t wallet;
    uint32_t start;
    uint32_t end;
    bool entered; /* the coin is older: its wallet or script began to count */
    bool left;    /* the coin is not spent: its wallet ceased to count */
};
/* Growth of a branch's set: `count` indexes from height `height` on. */
struct closure_step {
    uint32_t branch;
    uint32_t height;
    uint32_t count;
};

struct ledger {
    struct facts *facts;
    const struct book *book;
    struct facts_state state;
    uint32_t height;
    struct fact_script *scripts; /* sorted by bytes */
    size_t script_count;
    uint32_t *first_use;   /* per script: height of its first coin, or HEIGHT_NEVER */
    uint32_t *first_spend; /* per script: height of its first spend */
    struct fact_coin *coins;
    uint32_t *coin_script; /* per coin: index into scripts */
    uint32_t *by_outpoint; /* coins sorted by outpoint and height */
    uint32_t *buckets;     /* where in it the txids with these first bits begin */
    unsigned bucket_bits;
    size_t coin_count;
    struct ownership *owners; /* of all scripts of the set, sorted by script and from */
    size_t owner_count;
    struct holding *holdings;
    size_t holding_count;
    struct closure_step *steps; /* sorted by branch and height */
    size_t step_count;
    uint32_t *wallet_from; /* per wallet of the book */
    uint32_t *wallet_until;
    struct wallet_change *changes;
    size_t change_count;
    struct balance_point *series;
    size_t series_count;
    bool incomplete_scripts; /* a script of the set was not looked for up to `height` */
    bool *wallet_incomplete; /* per wallet: it has such a script */
    const char **missing;    /* per wallet: what its balances lack, or NULL */
    struct arena arena;
};

/* Index of a script, or SIZE_MAX. */
size_t ledger_script_find(const struct ledger *ledger, struct bytes script);
/* All that ever own a script; borrowed. */
const struct ownership *ledger_owners(const struct ledger *ledger, size_t *ret_count,
                                      size_t script);
/* Which wallet owns a script in a block; false where none. */
bool ledger_owner(const struct ledger *ledger, uint32_t *ret_wallet, size_t script,
                  uint32_t height);
/* The coin that `txid` spends by this outpoint; NULL where it is none of ours. */
const struct fact_coin *ledger_coin_spent(const struct ledger *ledger,
                                          const struct outpoint *outpoint,
                                          const struct hash256 *txid);
/* The newest coin of an outpoint: an index into coins. */
bool ledger_coin_newest(const struct ledger *ledger, uint32_t *ret_coin,
                        const struct outpoint *outpoint);
/* The coin of an outpoint that was made at a height, and all coins that a transaction made,
 * the same txid twice included: indexes into coins; borrowed. */
bool ledger_coin_made(const struct ledger *ledger, uint32_t *ret_coin,
                      const struct outpoint *outpoint, uint32_t height);
const uint32_t *ledger_coins_of(const struct ledger *ledger, size_t *ret_count,
                                const struct hash256 *txid);
/* All holdings of a coin, in the order in which its owners stand; borrowed. */
const struct holding *ledger_holdings_of(const struct ledger *ledger, size_t *ret_count,
                                         uint32_t coin);
/* Whose coin an input spends; false where it is nobody's of the book in that block. */
struct coin_owner {
    uint32_t wallet;
    struct amount value;
    struct bytes script;
    bool older; /* than the first block read: a rev file shows it */
};
bool ledger_input_owner(const struct ledger *ledger, struct coin_owner *ret_owner,
                        const struct fact_tx *fact, const struct tx *tx, size_t input);
bool ledger_output_owner(const struct ledger *ledger, uint32_t *ret_wallet,
                         const struct tx_out *out, uint32_t height);
/* Changes, series and what is missing, from the holdings. */
void ledger_views_make(struct ledger *ledger);
/* Indexes of a branch in the set at a height. */
uint32_t ledger_closure(const struct ledger *ledger, uint32_t branch, uint32_t height);
/* The label of a script; NULL where it has none (or the table is NULL). */
const char *label_find(const struct label_table *table, struct bytes script);
/* Links each outgoing flow, in their order, with the first later incoming one of the window
 * that nobody was linked with and that may be its return. `blocks` as in flows_options. */
void round_trips_link(struct flows *flows, uint32_t blocks);
/* Fills owners and steps; wallets are dated, scripts have their first use. */
void ledger_own(struct ledger *ledger);
bool ledger_key_exposed(const struct ledger *ledger, size_t script, uint32_t height);

/* ---- how one payment mixes its coins (spread.c) --------------------------------------------- */

/* A coin's satoshi in the order in which they fill the outputs that it will pay. Neighbours
 * are of different kinds. In proportion only the sum matters. */
enum part_kind {
    PART_OTHER,    /* not followed */
    PART_FOLLOWED, /* brought by an inflow */
    PART_UNKNOWN   /* the one or the other */
};
struct part {
    struct amount value;
    enum part_kind kind;
};
struct parts {
    struct part *list;
    size_t count;
    size_t capacity;
};
/* Appends; a value that is zero adds nothing. */
void parts_add(struct parts *parts, struct amount value, enum part_kind kind);
void parts_free(struct parts *parts);
struct amount parts_sum(const struct part *list, size_t count, enum part_kind kind);
/* The sum that is followed; unknown where a part is. */
struct amount parts_followed(const struct part *list, size_t count);

struct spread_in {
    struct amount value; /* unknown: somebody else's, not proved */
    const struct part *parts;
    size_t part_count; /* 0: nothing of it is followed */
};
struct spread {
    enum trace_rule rule;
    struct parts stream; /* in order: the inputs' parts up to the last that matters */
    size_t at;
    struct amount used;      /* of the part at `at` */
    enum part_kind tail;     /* all that comes behind them */
    struct amount in_total;  /* in proportion: of the inputs */
    struct amount followed;  /* of them */
    struct amount out_total; /* of the outputs so far */
    struct amount given;     /* to them */
};
/* Begins a payment of these inputs; begin with an empty struct, and use it again. */
void spread_begin(struct spread *spread, enum trace_rule rule, const struct spread_in *ins,
                  size_t in_count);
/* What the next output is made of; `ret_parts` is emptied before. */
void spread_next(struct spread *spread, struct parts *ret_parts, struct amount value);
void spread_free(struct spread *spread);

/* In how many wallets a snapshot, with which the scan began, may hide coins: scripts that were used
 * and are empty can't be seen in it, and a ranged wallet is looked for only as far as use shows. */
size_t snapshot_hides(const struct ledger *ledger, uint32_t height);

#endif
