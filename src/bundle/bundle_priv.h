/* What the parts of bundle share. */
#ifndef SANAD_BUNDLE_PRIV_H
#define SANAD_BUNDLE_PRIV_H

#include "bundle/bundle.h"

#include <pthread.h>

/* sanad/tlog-bundle/v1 "\n" ‖ u32be size of the head ‖ head ‖ edge ‖ slices ‖ SHA-256. */
#define BUNDLE_FIRST_LINE "sanad/tlog-bundle/v1\n"
enum {
    BUNDLE_LEVELS = 8,       /* of tiles: 256^8 is over TLOG_SIZE_MAX */
    BUNDLE_LENGTH_SIZE = 4,  /* of a length: u32be */
    BUNDLE_DIGEST_SIZE = 32, /* at the end */
    BUNDLE_HEAD_MAX = WITNESS_BODY_MAX
};

/* The multiple of 256 at or below a size: where the slice begins that `since` cuts. */
static inline uint64_t bundle_base(uint64_t since)
{
    return since / TLOG_TILE_WIDTH * TLOG_TILE_WIDTH;
}
/* Hashes at a level of the edge: of the partial tile that ends at `base`. */
static inline unsigned bundle_edge_count(uint64_t base, unsigned level)
{
    return (unsigned)(base >> 8 * level) % TLOG_TILE_WIDTH;
}

/* Slices that share a tile of level 1: where the first of them that the bundle has lies in the
 * file, and the hash of all 65,536 entries, once there are so many. */
struct bundle_group {
    uint64_t offset;
    struct hash256 hash;
};
struct bundle {
    char *object; /* what errors call it */
    int fd;
    uint64_t end; /* of the slices: where the digest begins */
    struct bundle_head head;
    struct buf raw; /* of the head, which views it */
    struct arena arena;
    struct tlog_proof proof;
    struct hash256 edge[BUNDLE_LEVELS][TLOG_TILE_WIDTH]; /* level 0 has none */
    struct bundle_group *groups;                         /* from the one that `base` lies in */
    size_t group_count, group_capacity;
    pthread_mutex_t lock; /* of what follows */
    uint64_t next_slice;  /* of a slice that was read lately, the next one, and where it lies */
    uint64_t next_offset; /* 0: none was read */
};
/* As bundle_open, of an open file, which it takes over also where it fails. */
int bundle_load(struct bundle **ret_bundle, const char *object, int fd, struct err *err);
/* Bytes of the file; REFUSED: it ends before. */
int bundle_bytes(uint8_t *ret_bytes, const struct bundle *bundle, uint64_t offset, size_t size,
                 struct err *err);

#endif
