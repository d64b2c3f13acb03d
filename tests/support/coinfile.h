/* coinfile: writes dumptxoutset files from coins that a test lists, by the specification and apart
 * from the reader, and hashes them the slow way. */
#ifndef SANAD_TEST_COINFILE_H
#define SANAD_TEST_COINFILE_H

#include "support.h"
#include "chain/chain.h"

struct coinfile_coin {
    struct outpoint outpoint;
    uint32_t height;
    bool coinbase;
    int64_t sat;
    struct bytes script; /* the caller's */
};
struct coinfile {
    struct coinfile_coin *coins;
    size_t count, capacity;
};
void coinfile_add(struct coinfile *file, const struct coinfile_coin *coin);
void coinfile_free(struct coinfile *file);
/* The bytes of the file: transactions ascending, outputs in the order of the node's database. */
void coinfile_write(struct buf *ret_raw, struct coinfile *file, const struct chain_params *params,
                    const struct hash256 *base);
/* hash_serialized_3: of one long message. */
void coinfile_serialized(struct hash256 *ret_hash, struct coinfile *file);
/* The unspent coins after the block at a height (ancestors of the tip) of a folder of block
 * files; scripts stand in the arena. */
void coinfile_of_blocks(struct coinfile *ret_file, struct hash256 *ret_base, const char *folder,
                        const struct chain_params *params, uint32_t height, struct arena *arena);

#endif
