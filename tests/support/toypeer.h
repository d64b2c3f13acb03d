/* toypeer: nodes of the Bitcoin network for tests, each a thread with a listening socket on this
 * machine: an honest one, and one for every attack. Written from the protocol's documents and
 * BIP155, 157, 158, apart from the client's code; filters come from an encoder of its own. */
#ifndef SANAD_TEST_TOYPEER_H
#define SANAD_TEST_TOYPEER_H

#include "blkfolder.h"
#include "toychain.h"

/* A chain as a node serves it. */
struct toyworld {
    const struct chain_params *params;
    uint32_t count; /* blocks, genesis included */
    struct hash256 *hashes;
    struct bytes *blocks;
    struct bytes *undos;
    struct bytes *filters;
    struct hash256 *filter_hashes;
    struct hash256 *filter_headers;
    struct arena arena;
};
void toyworld_of_toy(struct toyworld *ret_world, const struct toychain *toy, uint32_t tip);
/* Needs the folder's undo data. */
void toyworld_of_folder(struct toyworld *ret_world, const struct blkfolder *folder);
void toyworld_free(struct toyworld *world);
/* The same chain with the filter of a block replaced, and all filter headers from it on. */
void toyworld_lie(struct toyworld *ret_world, const struct toyworld *world, uint32_t height,
                  struct bytes filter);
/* The filter of a block but for one of its elements: BIP158 by hand. `script` empty: all. */
void toyworld_filter_without(struct buf *buf, const struct toyworld *world, uint32_t height,
                             struct bytes script);
/* A script that a block spends from and does not pay, and one that it pays; empty: none. In the
 * arena. */
struct bytes toyworld_prevout(const struct toyworld *world, uint32_t height, struct arena *arena);
struct bytes toyworld_output(const struct toyworld *world, uint32_t height, struct arena *arena);

#define TOYPEER_FAULTS(X)                                                                          \
    X(NONE, "none")                                                                                \
    X(NO_POW, "no-pow")               /* a header whose hash is over its target */                 \
    X(UNLINKED, "unlinked")           /* headers that do not follow each other */                  \
    X(FLOOD, "flood")                 /* low-work headers without end */                           \
    X(FALSE_FILTER, "false-filter")   /* filters that the filter headers deny */                   \
    X(DENIED_HEADER, "denied-header") /* a filter header that its own filter denies */             \
    X(FALSE_BLOCK, "false-block")     /* blocks with another transaction */                        \
    X(OTHER_BLOCK, "other-block")     /* a block that was not asked for */                         \
    X(NOT_FOUND, "notfound")          /* has no block */                                           \
    X(SILENT, "silent")               /* answers the handshake and nothing else */                 \
    X(MUTE, "mute")                   /* not even that */                                          \
    X(DROP, "drop")                   /* hangs up after some answers */                            \
    X(TRICKLE, "trickle")             /* a byte now and then */                                    \
    X(HUGE, "huge")                   /* a message of 4 GB */                                      \
    X(LONG, "long")                   /* one longer than its kind may be */                        \
    X(MAGIC, "magic")                 /* another network */                                        \
    X(CHECKSUM, "checksum")           /* a wrong checksum */                                       \
    X(UNASKED, "unasked")             /* filters that nobody asked for */                          \
    X(GARBAGE, "garbage")             /* random bytes */                                           \
    X(SLOW, "slow")                   /* right, but half a second late */
enum toypeer_fault {
#define X(name, text) TOYPEER_##name,
    TOYPEER_FAULTS(X)
#undef X
        TOYPEER_FAULT_COUNT
};
/* TOYPEER_FAULT_COUNT: no such name. */
enum toypeer_fault toypeer_fault_of(const char *text);

struct toypeer_options {
    const struct toyworld *world;
    enum toypeer_fault fault;
    unsigned after;      /* answers before the fault */
    uint64_t services;   /* 0: NETWORK, WITNESS, COMPACT_FILTERS */
    uint32_t pruned;     /* has no blocks below this height */
    uint16_t port;       /* 0: any */
    unsigned flood_bits; /* 0: the network's limit */
};
struct toypeer;
struct toypeer *toypeer_start(const struct toypeer_options *options);
uint16_t toypeer_port(const struct toypeer *peer);
/* Serves another world from now on: a chain that grew, or another branch. */
void toypeer_world(struct toypeer *peer, const struct toyworld *world);
/* What it has sent of filters, in number: what is kept is not asked for again. */
unsigned toypeer_filters_sent(const struct toypeer *peer);
unsigned toypeer_headers_sent(const struct toypeer *peer);
unsigned toypeer_connections(const struct toypeer *peer);
void toypeer_stop(struct toypeer *peer);

#endif
