/* filters: compact block filters (BIP158) kept on disk, append-only, keyed by block hash, with
 * the chain of filter headers (BIP157). A scan of blocks keeps them, or a light client fills
 * them from peers; then a script that comes later is looked for in seconds, and only the
 * blocks that match are read. Format: doc/formats/filters.md. */
#ifndef SANAD_FILTERS_H
#define SANAD_FILTERS_H

#include "base/base.h"
#include "chain/chain.h"

/* All calls but open and close may run beside each other. */
struct filters;
enum filters_mode {
    FILTERS_READ, /* MISSING where there is no such folder */
    FILTERS_WRITE /* made where it is not there; one process at a time: ENVIRONMENT */
};
/* What a crash left half written at the end is cut off. REFUSED, naming file and entry: another
 * chain, another format, a damaged entry before the end. About 25 bytes of memory a filter. */
int filters_open(struct filters **ret_filters, const char *folder,
                 const struct chain_params *params, enum filters_mode mode, struct err *err);
/* Commits where it was opened to write; what cannot be committed is lost, as by a crash. */
void filters_close(struct filters *filters);

struct filter_entry {
    struct hash256 block_hash;
    uint32_t height;
    struct hash256 filter_hash; /* SHA256d(filter) */
    struct hash256 prev_header; /* filter header of the block before; zeros before genesis */
    struct hash256 header;
    /* The first filter of a run from an anchor: prev_header is zeros because it is not known, so
     * headers from here on are checksums and not the network's. */
    bool unrooted;
};
/* Fills filter_hash and header from the filter and prev_header. */
void filter_entry_hash(struct filter_entry *entry, struct bytes filter);
/* Adds a filter, in any order of blocks. The caller has checked the filter (filter_check) where
 * it is not its own. REFUSED: the hash or header does not follow from the bytes, or a block has
 * another filter already; the same once more is fine and adds nothing. Durable after commit. */
int filters_add(struct filters *filters, const struct filter_entry *entry, struct bytes filter,
                struct err *err);
/* As above where the caller has just computed entry->filter_hash of these very bytes. */
int filters_add_hashed(struct filters *filters, const struct filter_entry *entry,
                       struct bytes filter, struct err *err);
int filters_commit(struct filters *filters, struct err *err);

size_t filters_count(const struct filters *filters);
uint64_t filters_bytes(const struct filters *filters); /* of all filters */
bool filters_has(const struct filters *filters, const struct hash256 *block_hash);
/* The entry of a block and, where `ret_filter` is not NULL, its filter into that (emptied before),
 * held against its hash. MISSING: none of this block. REFUSED: damaged. */
int filters_get(struct filters *filters, struct filter_entry *ret_entry, struct buf *ret_filter,
                const struct hash256 *block_hash, struct err *err);

/* ---- a branch of the chain ------------------------------------------------------------------ */

/* The highest height on the branch of `tip` up to which every block from `from_height` on has
 * its filter; from_height - 1 where the first has none. */
int64_t filters_covered(const struct filters *filters, const struct header_tree *tree, uint32_t tip,
                        uint32_t from_height);

struct filters_query {
    const struct header_tree *tree;
    uint32_t tip; /* node at the upper end */
    uint32_t from_height;
    const struct bytes *scripts;
    size_t script_count;
    unsigned threads;          /* 0: as many as the machine has */
    struct progress *progress; /* or NULL */
};
/* Nodes of the branch, ascending, whose filter matches one of the scripts: all that pay or spend
 * from one of them, and one other in some 785,000 for each script. Every filter is held against
 * its hash, its header against that of the block before, and decoded strictly. The caller
 * frees. MISSING: "height N has no filter". REFUSED: damaged, naming the height. */
int filters_match(uint32_t **ret_nodes, size_t *ret_count, struct filters *filters,
                  const struct filters_query *query, struct err *err);

#endif
