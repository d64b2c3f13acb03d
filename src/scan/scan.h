/* scan: one streaming pass from a source to facts: threads, watch set, exact spends without
 * a UTXO set, gap top-up, checkpoints, reorganisations; then the short pass that proves
 * prevouts. How: doc/formats/scan.md. */
#ifndef SANAD_SCAN_H
#define SANAD_SCAN_H

#include "base/base.h"
#include "book/book.h"
#include "facts/facts.h"
#include "filters/filters.h"
#include "source/source.h"

struct scan_options {
    struct source *source;
    struct facts *facts;
    struct store *store;
    struct book *const *books; /* scripts of all of them are watched */
    size_t book_count;
    unsigned threads;          /* 0: as many as the machine has */
    int64_t to_height;         /* -1: the tip */
    bool parse_only;           /* grade `parse`: merkle roots not recomputed */
    bool no_prevouts;          /* leaves out the second pass: grade `merkle` */
    unsigned checkpoint_ms;    /* facts are committed at least so often; 0: 2000 */
    uint64_t log_bytes_max;    /* of what waits in memory; beyond, a file. 0: 32 MiB */
    struct progress *progress; /* or NULL */
    /* Where filters of the blocks are kept that are read with rev records beside them, and looked
     * up for scripts that come late; or NULL. Blocks read before without keeping are read once
     * more. */
    struct filters *filters;
};
struct scan_result {
    struct facts_state state;
    uint32_t from_height;  /* first block read in this run */
    uint64_t blocks;       /* new ones, read (or known to hold nothing) in this run */
    uint64_t again_blocks; /* older ones, read again for scripts that came late */
    uint64_t filters;      /* kept in this run */
    uint64_t late_scripts; /* for how many, those of several passes added up */
    uint64_t stale_blocks;
    uint64_t transactions;
    uint64_t bytes;
    uint64_t coins;
    uint64_t spends;
    uint32_t passes;           /* gap top-ups and late wallets read again */
    uint32_t withdrawn_blocks; /* by a reorganisation */
    int64_t nanoseconds;
};
/* Continues where the facts end. Follows a reorganisation: withdraws to the fork, then goes
 * on. A block whose merkle root differs, or that does not parse, is REFUSED and nothing of it
 * or above it is kept. */
int scan_run(struct scan_result *ret_result, const struct scan_options *options, struct err *err);

/* A store is opened with a snapshot: the coins of the books that are unspent after its block. Scans
 * of blocks go on from there. Again for scripts that came later (a new book, a wallet used
 * further): the same snapshot, whatever was scanned behind it meanwhile. */
struct scan_opening {
    const char *path;
    const struct chain_params *params;
    uint32_t height;                  /* of its block */
    uint8_t header[HEADER_SIZE];      /* of its block, by which alone its time is known */
    const struct hash256 *serialized; /* what hash_serialized_3 must be, or NULL */
    const struct hash256 *muhash;     /* what MuHash must be, or NULL */
    struct facts *facts;
    struct store *store;
    struct book *const *books;
    size_t book_count;
    unsigned threads;
    struct progress *progress;
};
/* Grade snapshot where a hash was given and is the file's, else claimed. FALSE: the file has
 * another hash. REFUSED: a header of another block, a store that did not begin with this snapshot.
 */
int scan_opening_run(struct scan_result *ret_result, const struct scan_opening *opening,
                     struct err *err);

/* Proves prevouts of all touched transactions that are not proved yet; part of scan_run. */
int scan_prove_prevouts(struct facts *facts, struct store *store, struct source *source,
                        unsigned threads, struct err *err);

#endif
