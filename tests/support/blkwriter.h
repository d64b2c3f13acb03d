/* blkwriter: writes folders as a node lays them out (blk, rev and xor.dat) from raw blocks,
 * with every kind of damage a test may want, and mines small regtest blocks. */
#ifndef SANAD_TEST_BLKWRITER_H
#define SANAD_TEST_BLKWRITER_H

#include "base/base.h"
#include "chain/chain.h"

struct blkwriter {
    char folder[PATH_SIZE];
    const struct chain_params *params;
    uint8_t key[8]; /* zeros: plain */
};
/* With a key, xor.dat is written; NULL: none. */
void blkwriter_init(struct blkwriter *writer, const char *folder, const struct chain_params *params,
                    const uint8_t key[8]);
/* Appends a record to blkNNNNN.dat; returns where the block lies in the file. */
uint64_t blkwriter_block(const struct blkwriter *writer, uint32_t file, struct bytes block);
/* Appends a record to revNNNNN.dat. */
void blkwriter_undo(const struct blkwriter *writer, uint32_t file, const struct hash256 *prev,
                    struct bytes undo);
/* Bytes as a node would write them (obfuscated), at an offset; UINT64_MAX: at the end. */
void blkwriter_put(const struct blkwriter *writer, const char *name, uint64_t offset,
                   struct bytes bytes);
/* Raw zeros at the end, as space taken in advance. */
void blkwriter_zeros(const struct blkwriter *writer, const char *name, uint64_t count);
void blkwriter_cut(const struct blkwriter *writer, const char *name, uint64_t size);
void blkwriter_remove(const struct blkwriter *writer, const char *name);
uint64_t blkwriter_size(const struct blkwriter *writer, const char *name);

/* A regtest block on `prev`: a coinbase with the height (BIP34) and `salt`, `extra`
 * transactions of one input each, and an output of `filler` bytes. Valid but for its spends. */
struct mined_options {
    struct hash256 prev;
    uint32_t height;
    uint32_t salt;
    uint32_t extra;
    uint32_t filler;
    struct bytes carried; /* a record of these bytes, magic and size before it, in an output */
    uint32_t time;        /* 0: ten minutes a block after genesis */
};
struct mined {
    struct buf raw;
    struct hash256 hash;
};
void mined_make(struct mined *ret_mined, const struct chain_params *params,
                const struct mined_options *options);
/* blocks[0] is genesis, blocks[i] at height i; the caller frees with mined_free. */
void mined_chain(struct mined *blocks, size_t count, const struct chain_params *params);
void mined_free(struct mined *blocks, size_t count);

#endif
