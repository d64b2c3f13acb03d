/* blkfolder: a whole folder of blocks in memory, read plainly and apart from src/source, so
 * that a test may rearrange it. For clean folders: damage is not looked for. */
#ifndef SANAD_TEST_BLKFOLDER_H
#define SANAD_TEST_BLKFOLDER_H

#include "base/base.h"
#include "chain/chain.h"

struct folder_block {
    struct bytes raw;
    struct bytes undo; /* CBlockUndo, or empty */
    struct hash256 hash;
    struct hash256 prev;
    uint32_t file;
    uint64_t offset; /* of the block, behind its magic and size */
    uint32_t height;
    bool active;
};
struct blkfolder {
    const struct chain_params *params;
    struct folder_block *blocks; /* in the order of files and offsets */
    size_t count;
    size_t capacity;
    uint32_t tip; /* index */
    uint32_t file_count;
    uint8_t key[8];
    struct arena arena;
};

/* Reads blk?????.dat from number 0 on, xor.dat, and `with_undo` rev?????.dat (slower). Heights
 * follow from the genesis block; the highest chain is the active one. */
void blkfolder_read(struct blkfolder *ret_folder, const char *path,
                    const struct chain_params *params, bool with_undo);
void blkfolder_free(struct blkfolder *folder);
/* Index of the active block at a height; the test fails where there is none. */
uint32_t blkfolder_active(const struct blkfolder *folder, uint32_t height);

#endif
