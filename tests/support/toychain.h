/* toychain: small regtest chains with random transactions between a pool of scripts, with
 * forks, duplicates and damage, and what a scan of them must find, told from the records of
 * the generator and never by parsing. Valid but for signatures, values and maturity: a scan
 * does not look at those. */
#ifndef SANAD_TEST_TOYCHAIN_H
#define SANAD_TEST_TOYCHAIN_H

#include "blkwriter.h"

struct toy_out {
    int64_t value;
    struct bytes script; /* in the chain's arena */
};
struct toy_tx {
    struct outpoint *ins;
    size_t in_count;
    struct toy_out *outs;
    size_t out_count;
    bool witness;
    struct hash256 txid;
    struct hash256 wtxid;
};
struct toy_block {
    uint32_t parent; /* index; of genesis: itself */
    uint32_t height;
    struct hash256 hash;
    struct hash256 prev;
    struct toy_tx *txs; /* [0] is the coinbase */
    size_t tx_count;
    struct buf raw;
};
struct toychain {
    const struct chain_params *params;
    struct toy_block *blocks; /* [0] is genesis */
    uint32_t count;
    struct bytes *scripts; /* the pool: outputs pay these */
    size_t script_count;
    uint64_t random;
    struct arena arena;
};

/* With a pool of scripts of every form, some of them alike in what the match looks at first,
 * some unspendable. The first `watched` of them never are. */
void toy_init(struct toychain *toy, uint64_t seed);
void toy_free(struct toychain *toy);
uint64_t toy_random(struct toychain *toy, uint64_t below);
/* Adds a script to the pool; a copy is kept. */
struct bytes toy_script(struct toychain *toy, struct bytes script);

/* A block on `parent` of these transactions behind the coinbase; the coinbase pays `pay`.
 * `duplicate` not 0: its coinbase is that of this block. Returns the block's index. */
struct toy_options {
    struct toy_tx *txs; /* txids are filled in */
    size_t tx_count;
    struct bytes pay;
    uint32_t duplicate;
    bool bad_root;    /* the header's merkle root is another */
    bool repeat_tail; /* the last transaction twice: same root, mutated */
};
uint32_t toy_mine(struct toychain *toy, uint32_t parent, struct toy_options options);
/* A block of up to `tx_max` random transactions that spend random unspent outputs of the
 * branch, also of the same block; all kinds of outputs. */
uint32_t toy_mine_random(struct toychain *toy, uint32_t parent, size_t tx_max);
/* `count` random blocks on each other; returns the last. */
uint32_t toy_grow(struct toychain *toy, uint32_t parent, uint32_t count, size_t tx_max);
/* One transaction that spends these outpoints and pays the scripts, 1000 sat each. */
struct toy_tx toy_pay(struct toychain *toy, const struct outpoint *ins, size_t in_count,
                      const struct bytes *scripts, size_t script_count);
/* The branch: indexes of the blocks from genesis to `tip` (height + 1 of them). */
uint32_t *toy_branch(const struct toychain *toy, uint32_t tip, struct arena *arena);

/* ---- what a scan must find ------------------------------------------------------------------- */

struct toy_coin {
    struct outpoint outpoint;
    struct bytes script;
    int64_t value;
    uint32_t block; /* index */
    uint32_t tx_index;
    bool spent;
    bool overwritten;
    uint32_t spent_block, spent_tx, spent_vin;
    uint32_t next; /* older, of the same bucket */
};
enum { TOY_BUCKETS = 4096 };
struct toy_coins {
    struct toy_coin *coins;
    size_t count;
    uint32_t *buckets;
};
/* Every output of the branch up to `tip`, spendable or not, in the order of the chain, with
 * its spend. */
struct toy_coins toy_outputs(const struct toychain *toy, uint32_t tip, struct arena *arena);
/* The newest of an outpoint, or NULL. */
struct toy_coin *toy_find(const struct toy_coins *list, const struct outpoint *outpoint);
/* CBlockUndo of a block, appended. */
void toy_undo(const struct toychain *toy, struct buf *buf, uint32_t block);

/* ---- as files ---------------------------------------------------------------------------------
 */

struct toy_files {
    const uint32_t *blocks; /* indexes, in the order of writing */
    size_t count;
    uint32_t per_file;
    uint32_t first_file;
    bool undo;
};
void toy_write(const struct toychain *toy, const struct blkwriter *writer, struct toy_files files);
/* Puts an array into random order. */
void toy_shuffle(struct toychain *toy, uint32_t *array, size_t count);

#endif
