/* source: where blocks come from. One interface; behind it a kind for each form of spec, such
 * as the block files of a node ("blocks:DIR"). A source is opened, looked at again for news
 * (refresh), and read from many threads. */
#ifndef SANAD_SOURCE_H
#define SANAD_SOURCE_H

#include "base/base.h"
#include "chain/chain.h"

struct source;
enum { SOURCE_NAME_SIZE = 256 };
/* Tells the user what a source waits for; any thread. */
typedef void source_say(void *context, const char *text);
struct source_options {
    const struct chain_params *params;
    const struct chain_anchor *anchor; /* or NULL */
    const char *rpc_cookie;            /* a node's cookie file, or NULL */
    const char *rpc_credentials;       /* "user:password", or NULL */
    unsigned wait_ms;                  /* for a node that starts or is busy; 0: SOURCE_WAIT_MS */
    unsigned timeout_ms;               /* for one answer; 0: SOURCE_TIMEOUT_MS */
    const char *p2p_cache;             /* folder of what a light client keeps */
    const char *p2p_proxy;             /* SOCKS5 "HOST:PORT", or NULL */
    unsigned p2p_agree;                /* peers that must say the same; 0: 3, or all given */
    uint32_t p2p_birthday;             /* no block below is looked at */
    source_say *say;                   /* or NULL */
    void *say_context;
};
enum { SOURCE_WAIT_MS = 120000, SOURCE_TIMEOUT_MS = 60000 };

/* By the form of spec ("blocks:DIR", "rpc:URL"); USAGE where it is none.
 *
 * "blocks:DIR": reads all headers, checks them and finds the most-work tip whose bodies are
 * all there. DIR is the folder with blk?????.dat (a node's `blocks`). What a node may leave
 * there is no error: any order, stale branches, zero tails, records that are not whole.
 * REFUSED, naming file and offset: no blk file, an xor.dat that
 * is not 8 bytes or not the key, another network's blocks, a header that breaks a rule.
 * MISSING: the genesis block, or the anchor's, is not there.
 *
 * "rpc:URL": a Bitcoin Core node, by REST or JSON-RPC (doc/formats/node.md). IO: it can't be
 * reached. ENVIRONMENT: it lets us not in, or is not ready for longer than wait_ms. REFUSED:
 * another chain, or answers that break a rule. MISSING: it has pruned the first block.
 *
 * "p2p", "p2p:HOST:PORT,...": peers of the network (doc/formats/p2p.md); light. Asks for
 * headers and filter headers at once. MISSING: peers do not agree, or too few are left. IO: none
 * is reached. */
int source_open(struct source **ret_source, const char *spec, const struct source_options *options,
                struct err *err);
void source_close(struct source *source);
/* Looks again: new records, new files, files that a node has pruned. Node indexes stay valid.
 * No other call may run beside it; all other calls may run beside each other. */
int source_refresh(struct source *source, struct err *err);

/* News of a node by ZMQ (`zmqpubsequence`): only that it is time to look. One thread. */
struct source_wake;
/* "tcp://HOST:PORT"; the node need not be there yet. USAGE: an address that is none. */
int source_wake_open(struct source_wake **ret_wake, const char *endpoint, struct err *err);
void source_wake_close(struct source_wake *wake); /* NULL is fine */
/* Waits so long at most; true where a block was connected or disconnected. */
bool source_wake_wait(struct source_wake *wake, unsigned ms);

/* What to call it in errors: the spec, without a password that stood in it. */
const char *source_name(const struct source *source);
const struct header_tree *source_headers(const struct source *source);
/* Most-work node whose ancestors all have bodies (or had, before a node pruned them); of
 * equal work the one with the lower hash. NODE_NONE where there is no block. */
uint32_t source_tip(const struct source *source);
uint32_t source_first_height(const struct source *source); /* 0, or the anchor's */
bool source_has_body(const struct source *source, uint32_t node);
/* The node of the active chain at a height (an ancestor of the tip), or NODE_NONE. */
uint32_t source_active(const struct source *source, uint32_t height);

/* The compact block filters that a source has of its active chain, or NULL; borrowed. */
struct filters;
struct filters *source_filters(const struct source *source);
/* Filters that were kept of blocks of this source: from now on plans of blocks that were read
 * before leave out those that match nothing. `light`: the source counts as light, so that all
 * plans do. Borrowed. */
void source_filters_use(struct source *source, struct filters *filters, bool light);
/* Whether bodies are fetched one at a time, from far away: such a source has filters up to its
 * tip, source_has_body tells that a body can be asked for, there is no streaming pass, and a
 * scan reads only the blocks whose filters match, from several threads. */
bool source_is_light(const struct source *source);
/* Of a light source the lowest height that it looks at: a scan into a fresh store begins there, as
 * from an anchor. 0 where it looks at all. */
uint32_t source_birthday(const struct source *source);

/* Whose word a light source rests on; zeros of any other. */
struct source_evidence {
    unsigned agreed;   /* peers that said the same of the filter headers up to the tip */
    unsigned wanted;   /* how many had to */
    unsigned banned;   /* liars, in this run */
    uint32_t birthday; /* no block below was looked at */
};
void source_evidence_get(struct source_evidence *ret_evidence, const struct source *source);

/* What was found while indexing; for the report of a scan. */
struct source_stats {
    uint64_t bytes;         /* of all blocks, without the 8 before each record */
    uint64_t blocks;        /* records that are blocks of known headers */
    uint64_t stale_blocks;  /* not on the active chain */
    uint64_t orphan_blocks; /* their predecessor is nowhere */
    uint64_t repeated_blocks;
    uint64_t garbage_bytes; /* skipped between records */
    bool truncated_tail;    /* the last record of the last file is not whole (yet) */
    bool has_undo;          /* rev files stand beside */
};
void source_stats_get(struct source_stats *ret_stats, const struct source *source);
/* Whether all is there: 0, or MISSING where blocks are known above the tip that no unbroken
 * chain of bodies reaches: "height N has no block" and why (a file that is not there, a
 * damaged record, a predecessor nowhere). What was read up to the tip is right all the
 * same; a node that still downloads its first blocks has such gaps for a while. The newest
 * block, not whole in a file that a node may be writing, is no gap: it is not there yet. */
int source_gap(const struct source *source, struct err *err);

/* One block by node, de-obfuscated, into buf (emptied before). Thread-safe. MISSING where
 * it has no body. Hash of the header is checked against the node. */
int source_block_read(const struct source *source, struct buf *ret_raw, uint32_t node,
                      struct err *err);
/* CBlockUndo of a block (checksum verified), into buf. MISSING: no rev file or no record.
 * Thread-safe. */
int source_undo_read(struct source *source, struct buf *ret_raw, uint32_t node, struct err *err);

/* For each of the `count` inputs of a transaction in the block of a node: the height of the block
 * that made the output which it spends. Evidence only, for whoever then reads that block. MISSING
 * where the source cannot tell, whyever. Thread-safe. */
int source_spent_heights(struct source *source, uint32_t *ret_heights, uint32_t node,
                         const struct hash256 *txid, size_t count, struct err *err);
/* Whether asking is any use. */
bool source_tells_heights(const struct source *source);

/* ---- one streaming pass ---------------------------------------------------------------- */

/* A shard is what one reader reads in one go: the blocks of one block file, or of a run of
 * heights, that stand on the branch of `tip` at heights >= from_height. */
struct source_shard {
    uint32_t file; /* its number, as the kind of source counts */
    uint32_t lowest_height;
    uint32_t highest_height;
    uint32_t block_count;
    uint64_t bytes;
    const uint32_t *nodes; /* in the order of the file */
};
/* What a shard's blocks come from, for errors: "blk00012.dat". */
void source_shard_name(const struct source *source, char ret_name[SOURCE_NAME_SIZE],
                       const struct source_shard *shard);

/* What a pass looks for, where it needs only blocks that hold or spend one of these scripts. */
struct source_wanted {
    const struct bytes *scripts;
    size_t script_count;
    bool again;      /* the blocks were read before: what was kept of them may tell */
    bool unfiltered; /* only those of which no filter is kept, whatever the scripts */
};
/* Shards ordered by lowest height. The caller frees. With `wanted` a source that can tell
 * leaves out blocks that hold and spend none of the scripts; NULL: all are read. MISSING names
 * the first height without a body. */
struct source_plan {
    struct source_shard *shards;
    size_t shard_count;
    size_t block_count; /* to be read: of all shards */
    size_t left_out;    /* heights that no shard has */
    uint64_t bytes;     /* as far as sizes are known before blocks are fetched */
    uint32_t from_height;
    uint32_t to_height;
    uint32_t tip; /* node at to_height */
    uint32_t *node_storage;
};
int source_plan_make(struct source_plan *ret_plan, struct source *source, uint32_t tip,
                     uint32_t from_height, const struct source_wanted *wanted, struct err *err);
void source_plan_free(struct source_plan *plan);

struct source_block {
    uint32_t node;
    uint8_t *data; /* writable: the scan slides bytes in place */
    size_t size;
};
struct source_reader;
/* Reads one shard; private buffer, one thread. */
int source_reader_open(struct source_reader **ret_reader, const struct source *source,
                       const struct source_shard *shard, struct err *err);
/* The next blocks of the shard that stand together in the reader's memory (of a file about
 * 1 MiB, or one larger block): up to `max`, valid until the next call. Returns how many, 0 at the
 * end, negative on error. */
int source_reader_next(struct source_reader *reader, struct source_block *ret_blocks, size_t max,
                       struct err *err);
void source_reader_close(struct source_reader *reader);

#endif
