/* world: a store in memory whose blocks and transactions a
 * test writes itself, so that expected figures come from the test and not from a scan. */
#ifndef SANAD_TEST_WORLD_H
#define SANAD_TEST_WORLD_H

#include "support.h"
#include "reserve/reserve.h"

enum { WORLD_COIN_MAX = 512, WORLD_DAY = 86400 };
#define WORLD_START INT64_C(1735689600) /* 2025-01-01, block 0; then a block a day */
#define BTC(n) ((int64_t)(n)*SAT_PER_BTC)

struct world_coin {
    struct fact_coin fact;
    struct buf script;
    bool watched;
};
struct world {
    struct store *store;
    struct facts *facts;
    struct book *book;
    uint32_t height;   /* of the newest block */
    uint32_t tx_index; /* of the next transaction in it */
    struct world_coin coins[WORLD_COIN_MAX];
    size_t coin_count;
    uint32_t anchor; /* the first block that was scanned, where it is not genesis */
    int64_t late;    /* seconds by which a block's own time is after its median time */
};
struct world_in {
    size_t coin; /* as returned by world_tx for an output */
    bool unproved;
    bool undo; /* known from a rev file only */
};
struct world_out {
    const char *script; /* hexadecimal */
    int64_t sat;
};
#define IN(...)                                                                                    \
    ((const struct world_in[]){__VA_ARGS__}), countof(((const struct world_in[]){__VA_ARGS__}))
#define OUT(...)                                                                                   \
    ((const struct world_out[]){__VA_ARGS__}), countof(((const struct world_out[]){__VA_ARGS__}))
#define NO_INS NULL, 0

/* Opens the store and reads the book (mainnet); every script below the ranges is watched. */
void world_open(struct world *world, const char *book_json);
/* Another version of the book over the same facts. */
void world_rebook(struct world *world, const char *book_json);
void world_close(struct world *world);
void world_watch(struct world *world, const char *script_hex);
/* Appends a block; its median time is a day after the one before. Block 0 is there from the
 * start. */
void world_block(struct world *world);
/* Appends a transaction to the newest block (no inputs: a coinbase, tx_index 0). Returns the
 * number of its first output's coin; the others follow. */
size_t world_tx(struct world *world, const struct world_in *ins, size_t in_count,
                const struct world_out *outs, size_t out_count);
/* A coin that is older than the scan: no fact, but something to spend. */
size_t world_old_coin(struct world *world, const char *script, int64_t sat);
/* Ends the writing: the state says what was scanned. */
void world_done(struct world *world);

#endif
