/* What the parts of mirror share. */
#ifndef SANAD_MIRROR_PRIV_H
#define SANAD_MIRROR_PRIV_H

#include "mirror/mirror.h"

enum { MIRROR_LEVELS = 8 };

/* The source that the options name. */
int mirror_source_of(struct mirror_source **ret_source, const struct mirror_options *options,
                     struct err *err);

/* Tiles of a source, each held against a root before it is used: the partial ones all together,
 * for they give the root; a full one against the hash that the tile above has of it. */
struct mirror_tree {
    const struct tlog_reader *source;
    struct tlog_tree tree;
    struct mirror_level {
        uint64_t edge_n;
        unsigned edge_width; /* 0: the level ends with a full tile, or is not there */
        struct hash256 edge[TLOG_TILE_WIDTH];
        bool cached;
        uint64_t n;
        struct hash256 tile[TLOG_TILE_WIDTH];
    } levels[MIRROR_LEVELS];
};
/* FALSE: the source's last tiles do not give the root. The tree is large: keep it in memory of its
 * own. */
int mirror_tree_open(struct mirror_tree *tree, const struct tlog_reader *source,
                     const struct tlog_tree *of, struct err *err);
/* The hashes of a tile, valid until the next call. FALSE names the tile that differs. */
int mirror_tree_tile(const struct hash256 **ret_hashes, struct mirror_tree *tree, unsigned level,
                     uint64_t n, struct err *err);
/* As a reader, for proofs. */
struct tlog_reader mirror_tree_reader(struct mirror_tree *tree);

/* As tlog_tile_read of a source's tile; one of another size is FALSE, as any other damage. */
int mirror_tile_read(struct buf *ret_data, const struct tlog_reader *source,
                     const struct tlog_tile *tile, struct err *err);

/* One round on its way. */
struct mirror_round {
    const struct mirror_options *options;
    const struct tlog_io *io;
    struct mirror_result *result;
    struct mirror_source *source;
    struct arena arena;
    struct tlog_tree have; /* the copy's; size 0: none yet */
    struct buf have_note;  /* its checkpoint */
    struct buf note;       /* the source's */
    struct note parsed;    /* views it */
    struct tlog_checkpoint checkpoint;
    struct mirror_tree *tree; /* the source's */
};
/* Everything that the source's tree has more than ours: bundles and tiles, not yet durable. */
int mirror_pull(struct mirror_round *round, struct err *err);
/* A file of the copy, written beside and renamed. */
int mirror_put(const struct mirror_round *round, const char *name, struct bytes bytes,
               struct err *err);

#endif
