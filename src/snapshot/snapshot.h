/* snapshot: the unspent coins of one block, as Bitcoin Core's dumptxoutset writes them (version 2).
 * One streaming pass finds the coins of watched scripts and, on the side, the two hashes by which
 * the file is known: hash_serialized_3 and MuHash3072. A snapshot shows what is unspent at that
 * block and nothing of what was before. Format: doc/formats/snapshot.md. */
#ifndef SANAD_SNAPSHOT_H
#define SANAD_SNAPSHOT_H

#include "base/base.h"
#include "chain/chain.h"

/* What the file says before the first coin. */
struct snapshot_head {
    uint8_t magic[4];
    struct hash256 base; /* the block whose unspent coins these are */
    uint64_t coin_count;
};
/* REFUSED: not such a file, another version, another network's. */
int snapshot_head_read(struct snapshot_head *ret_head, const char *path,
                       const struct chain_params *params, struct err *err);

/* Sets of coins that Bitcoin Core has compiled in (src/kernel/chainparams.cpp, v30). */
struct snapshot_known {
    enum chain_id chain;
    uint32_t height;
    const char *base; /* display order */
    const char *hash; /* hash_serialized_3, display order */
};
/* NULL where there is none for this block. */
const struct snapshot_known *snapshot_known_find(const struct chain_params *params,
                                                 const struct hash256 *base);

struct snapshot_coin {
    uint32_t script; /* index into the scripts that were asked for */
    uint32_t tx;     /* the place of its transaction in the file, from 0 */
    struct outpoint outpoint;
    uint32_t height; /* of the block that made it, as the file says */
    bool coinbase;
    struct amount value;
};
/* Non-zero stops and is returned. */
typedef int snapshot_visit(void *context, const struct snapshot_coin *coin, struct err *err);

struct snapshot_options {
    const char *path;
    const struct chain_params *params;
    int64_t base_height; /* no coin is younger; -1 where the height is not known */
    const struct bytes *scripts;
    size_t script_count;
    snapshot_visit *visit;
    void *context;
    bool serialized;           /* compute hash_serialized_3 */
    bool muhash;               /* compute MuHash3072: some microseconds a coin on each thread */
    unsigned threads;          /* for MuHash; 0: as many as the machine has */
    struct progress *progress; /* or NULL */
};
struct snapshot_result {
    struct snapshot_head head;
    uint64_t tx_count; /* transactions with an unspent output */
    struct amount total;
    struct hash256 serialized; /* where asked for */
    struct hash256 muhash;
};
/* Reads it whole. REFUSED, naming the coin by its place: bytes missing or behind the end, counts
 * that lie, transactions not in ascending order, an output twice, a height above the base, values
 * out of range, in all more than 21 million BTC, a script longer than a node keeps. */
int snapshot_read(struct snapshot_result *ret_result, const struct snapshot_options *options,
                  struct err *err);

#endif
