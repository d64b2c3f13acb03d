/* source_priv: what the parts of this module share. `struct source` is what every kind of
 * source has (headers, where bodies are, the active chain); `struct source_ops` is what a
 * kind does its own way; `struct source_kind` is its line in the table of source.c.
 *
 * A new kind: a struct whose first member is `struct source`, begun with source_init; open
 * adds headers to the tree and calls source_body_add (or source_fetch_add, where blocks are
 * fetched one by one) for each block that can be had, then source_settle. The tip, the active
 * chain, plans and gaps follow from that. */
#ifndef SANAD_SOURCE_PRIV_H
#define SANAD_SOURCE_PRIV_H

#include "http/http.h"
#include "source/source.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- every kind of source ------------------------------------------------------------------ */

/* Where the body of a node is: 16 bytes a block; hash and height are in the header tree.
 * `file` and `offset` mean what the kind wants; they order the blocks of a plan. */
struct source_place {
    uint64_t offset;
    uint32_t size; /* 0: no body */
    uint32_t file : 31;
    /* It and all its ancestors have, or had, bodies. Stays when a node prunes old files. */
    uint32_t linked : 1;
};

/* Of a place: how many bytes the block has is known only when it is fetched. */
#define SOURCE_SIZE_UNKNOWN 0xffffffffu
#define SOURCE_FILE_MASK 0x7fffffffu

/* What may be left out (NULL) says what is done then. All but refresh and close run in many
 * threads at once. */
struct source_ops {
    int (*refresh)(struct source *source, struct err *err);
    int (*block_read)(const struct source *source, struct buf *ret_raw, uint32_t node,
                      struct err *err);
    /* NULL: MISSING, "height N has no undo data". */
    int (*undo_read)(struct source *source, struct buf *ret_raw, uint32_t node, struct err *err);
    /* NULL: cannot tell; else asked only while `tells_heights`. */
    int (*spent_heights)(struct source *source, uint32_t *ret_heights, uint32_t node,
                         const struct hash256 *txid, size_t count, struct err *err);
    /* NULL: all, or what source_filters_choose says where the source has filters. Which of the
     * nodes (of the branch of a plan, lowest first) a pass has to read: clears ret_reads[i] where
     * the block is known to hold and to spend none of the wanted scripts (NULL: every block is
     * wanted; then MISSING where that is more than the source can give). */
    int (*plan_choose)(struct source *source, bool *ret_reads, const uint32_t *nodes, size_t count,
                       const struct source_wanted *wanted, struct err *err);
    /* Sets MISSING: "height N has no block" and why. NULL: without why. */
    int (*missing)(const struct source *source, uint32_t node, struct err *err);
    /* MISSING where blocks are known that no chain of bodies reaches; else 0. NULL: the lowest
     * header of the best chain that has no body is the gap. */
    int (*gap)(const struct source *source, struct err *err);
    /* NULL: rests on nobody's word. */
    void (*evidence)(struct source_evidence *ret_evidence, const struct source *source);
    /* Names where the blocks of a shard come from. */
    void (*shard_name)(const struct source *source, char ret_name[SOURCE_NAME_SIZE],
                       const struct source_shard *shard);
    /* The three together; source_fetch_reader_* where blocks are fetched one by one. */
    int (*reader_open)(struct source_reader **ret_reader, const struct source *source,
                       const struct source_shard *shard, struct err *err);
    int (*reader_next)(struct source_reader *reader, struct source_block *ret_blocks, size_t max,
                       struct err *err);
    void (*reader_close)(struct source_reader *reader);
    void (*close)(struct source *source);
};

/* A line of the table of kinds: what stands before the colon and what behind it. */
struct source_kind {
    const char *prefix; /* "blocks:" */
    const char *form;   /* "DIR", for the error that a spec is none */
    const char *lacks;  /* "names no folder": where nothing stands behind; NULL: may be empty */
    int (*open)(struct source **ret_source, const char *rest, const struct source_options *options,
                struct err *err);
};

struct source {
    const struct source_ops *ops;
    char name[SOURCE_NAME_SIZE]; /* source_name: without secrets; empty: source_open sets it */
    const struct chain_params *params;
    bool tells_heights;
    bool anchored;
    struct chain_anchor anchor; /* where anchored */
    struct header_tree *tree;
    struct source_place *places; /* by node */
    uint32_t place_count;        /* nodes that have a place: all of the tree, once settled */
    uint32_t place_capacity;
    uint32_t unsettled; /* lowest node that changed since the last settling */
    uint32_t best;      /* most-work header, with or without bodies */
    uint32_t tip;
    uint32_t *active; /* by height - first height */
    uint32_t active_count;
    uint32_t active_capacity;
    struct source_stats stats;
    struct filters *filters; /* or NULL; belongs to the kind */
    bool light;
    uint32_t birthday; /* as the options say; means something where light */
};

/* The first member of each kind's reader. */
struct source_reader {
    const struct source *source;
};

void source_init(struct source *source, const struct source_ops *ops,
                 const struct source_options *options);
void source_release(struct source *source);
/* Makes room for the places of all nodes of the tree. */
void source_places_grow(struct source *source);
/* False, and nothing done, where the node has a body already. */
bool source_body_add(struct source *source, uint32_t node, struct source_place place);
void source_body_drop(struct source *source, uint32_t node);
/* After bodies were added: which are linked, the tip, the active chain, stale blocks. */
void source_settle(struct source *source);
/* Sets MISSING: "height N has no block" and why, as the kind knows. */
int source_missing(const struct source *source, uint32_t node, struct err *err);
/* The lowest node of the best chain of headers that no chain of bodies reaches, or NODE_NONE. */
uint32_t source_first_unlinked(const struct source *source);
static inline uint64_t source_place_bytes(const struct source_place *place)
{
    return place->size == SOURCE_SIZE_UNKNOWN ? 0 : place->size;
}
static inline uint32_t source_node_height(const struct source *source, uint32_t node)
{
    return header_tree_node(source->tree, node)->height;
}

/* What plan_choose does by the filters that the source has (plan.c): blocks without one are read,
 * where the source is light MISSING names the first. */
int source_filters_choose(struct source *source, bool *ret_reads, const uint32_t *nodes,
                          size_t count, const struct source_wanted *wanted, struct err *err);

/* ---- blocks fetched one by one (fetch.c) ---------------------------------------------------- */

/* As source_body_add, for a block that block_read can fetch; plans make shards of runs of
 * heights. */
void source_fetch_add(struct source *source, uint32_t node);
/* Readers that ask ahead through the kind's block_read, a few blocks at once. */
int source_fetch_reader_open(struct source_reader **ret_reader, const struct source *source,
                             const struct source_shard *shard, struct err *err);
int source_fetch_reader_next(struct source_reader *reader, struct source_block *ret_blocks,
                             size_t max, struct err *err);
void source_fetch_reader_close(struct source_reader *reader);

/* ---- the byte obfuscation of block files (xor_hot.c, xor_avx2.c)
 * ----------------------------------------- */

/* XORs byte i with the key's byte (offset + i) mod 8; the key as the file has it, read as a
 * little-endian number. */
void source_xor(uint8_t *data, size_t size, uint64_t key, uint64_t offset);
/* Its kernels; the key is turned so that its lowest byte belongs to the first of data. */
void source_xor_portable(uint8_t *data, size_t size, uint64_t turned_key);
#ifdef __x86_64__
void source_xor_avx2(uint8_t *data, size_t size, uint64_t turned_key);
#endif

/* ---- framing: records in the bytes of one file (window.c, frame.c, frame_undo.c)
 * -------------------------------------- */

enum {
    FRAME_HEAD_SIZE = 8, /* magic and size */
    FRAME_BLOCK_MIN = HEADER_SIZE + 1,
    FRAME_WINDOW_SIZE = 1 << 16,
    FRAME_RECORD_MAX = 8192, /* in one look: bounds the memory of looking */
    FRAME_TRIAL_MAX = 1000,  /* damaged places in one file, each may cost a block's hashing */
    FRAME_UNDO_MAX = 1 << 28 /* 24,390 inputs of 10,000-byte scripts are 244 MB */
};

/* Bytes of one file: of a descriptor, or of memory (fuzzers). */
struct frame_input {
    int fd; /* or -1 */
    const uint8_t *memory;
    uint64_t size;
    uint64_t key;
    const struct chain_params *params;
    const char *name; /* in errors */
};

/* De-obfuscated bytes of the file around `at`. */
struct frame_window {
    const struct frame_input *input;
    struct err *err;
    int code; /* sticky: reading failed */
    uint64_t at;
    size_t size;
    uint8_t data[FRAME_WINDOW_SIZE];
};
void frame_window_init(struct frame_window *window, const struct frame_input *input,
                       struct err *err);
/* Exactly `size` bytes; they must lie in the file. */
bool frame_read(struct frame_window *window, uint8_t *ret_data, size_t size, uint64_t at);
/* At least `need` bytes at `at`, reading `wish` where the file has them. NULL: past the end
 * of the file, or reading failed. */
const uint8_t *frame_view(struct frame_window *window, uint64_t at, size_t need, size_t wish);

struct frame_record {
    uint64_t offset; /* of the block itself, behind magic and size */
    uint32_t size;
    bool proved;        /* body parsed and its merkle root recomputed */
    const char *damage; /* NULL: whole; else why the body cannot be used */
    uint8_t raw[HEADER_SIZE];
    struct hash256 hash;
};

/* What one look at a file found. */
struct frame_result {
    struct frame_record *records; /* in the order of the file */
    size_t record_count;
    size_t record_capacity;
    size_t bad; /* first whole record without proof of work, else record_count */
    /* Records from this one on lie behind one that may still be being written, perhaps inside
     * it: they count as seen, but the next look begins before them. */
    size_t settled_count;
    uint64_t end;          /* the next look begins here: mostly behind the last record */
    uint64_t garbage;      /* bytes skipped between records */
    uint64_t tail_garbage; /* the same behind `end`, and what is no filler behind all records */
    uint64_t tail_head;    /* the first raw bytes behind `end`: changed means written */
    bool truncated;        /* the last record of a file that may grow is not whole (yet) */
    bool more;             /* stopped early: look on from `end` now */
    bool again;            /* the next look is needed whether or not the file has changed */
};
/* Finds the records from `from` on. `last`: the file may still be written to, so that its
 * last record is looked at whole. Never refuses what a node may leave behind; REFUSED: over
 * FRAME_TRIAL_MAX damaged places, or the file became shorter. */
int frame_scan(struct frame_result *ret_result, const struct frame_input *input, uint64_t from,
               bool last, struct err *err);
void frame_result_free(struct frame_result *result);
/* Whether the bytes begin as blocks of a network do, without or with the input's key; for
 * a helpful word where no record was found. NULL: none. */
const struct chain_params *frame_network(const struct frame_input *input, bool keyed);

/* A record of a rev file. */
struct frame_undo {
    uint64_t offset; /* of CBlockUndo */
    uint32_t size;   /* of CBlockUndo; 32 bytes of checksum follow */
    uint32_t count;  /* transactions it tells of */
};
struct frame_undos {
    struct frame_undo *records; /* by count, then offset */
    size_t count;
    size_t capacity;
};
/* All records of a rev file. Checksums are not looked at: a record that is none matches no
 * block. */
int frame_scan_undo(struct frame_undos *ret_undos, const struct frame_input *input,
                    struct err *err);
void frame_undos_free(struct frame_undos *undos);

/* ---- records whose predecessor is not known yet (pending.c) ------------------------------------
 */

struct pending_entry {
    uint8_t raw[HEADER_SIZE];
    struct source_place place; /* size 0: header only */
    uint32_t next;
};
struct pending {
    struct pending_entry *entries;
    uint32_t entry_count; /* used or on the free list */
    uint32_t capacity;
    uint32_t free_head;
    uint32_t live;
    uint32_t *buckets;
    uint32_t bucket_count;
};
#define PENDING_NONE 0xffffffffu
enum { PENDING_MAX = 1 << 24 }; /* as many as the header tree takes */
void pending_init(struct pending *pending);
void pending_free(struct pending *pending);
/* The entry with exactly this header, or NULL. */
struct pending_entry *pending_find(const struct pending *pending, const uint8_t raw[HEADER_SIZE]);
/* False where PENDING_MAX are waiting. */
bool pending_add(struct pending *pending, const uint8_t raw[HEADER_SIZE],
                 struct source_place place);
/* Takes out all that wait for `prev`: a list through `next`, ended by PENDING_NONE. The
 * entries stay readable until given back with pending_release. */
uint32_t pending_take(struct pending *pending, const struct hash256 *prev);
void pending_release(struct pending *pending, uint32_t entry);

/* ---- open files, at most so many (fdcache.c) ---------------------------------------------------
 */

enum { FD_CACHE_SIZE = 64 };
enum fd_kind { FD_BLK, FD_REV };
struct fd_slot {
    int fd; /* -1: free */
    uint32_t number;
    enum fd_kind kind;
    uint32_t pins;
    uint64_t used;
};
struct fd_cache {
    pthread_mutex_t lock;
    uint64_t clock;
    struct fd_slot slots[FD_CACHE_SIZE];
};
/* A descriptor that stays open until it is put back. */
struct fd_pin {
    int fd;
    struct fd_slot *slot; /* NULL: all slots were pinned, so it is closed when put back */
};
void fd_cache_init(struct fd_cache *cache);
void fd_cache_free(struct fd_cache *cache);
/* Forgets the files of a number: they are gone or replaced. */
void fd_cache_drop(struct fd_cache *cache, uint32_t number);
int fd_cache_get(struct fd_cache *cache, struct fd_pin *ret_pin, const char *folder,
                 enum fd_kind kind, uint32_t number, struct err *err);
void fd_cache_put(struct fd_cache *cache, struct fd_pin *pin);

enum { FILE_NAME_SIZE = 24, FILE_NUMBER_MAX = 999999999, FILE_NUMBER_MASK = 0x7fffffff };
/* "blk00012.dat" */
void file_name_of(char ret_name[FILE_NAME_SIZE], enum fd_kind kind, uint32_t number);
/* Opens for reading. MISSING where it is not there. */
int file_open(int *ret_fd, const char *folder, enum fd_kind kind, uint32_t number, struct err *err);
/* Exactly `size` bytes at `offset`; REFUSED where the file ends before. */
int file_pread(int fd, uint8_t *ret_data, size_t size, uint64_t offset, const char *name,
               struct err *err);

/* ---- "blocks:DIR" (blkfile.c, join.c, reader.c, undo.c) -----------------------------------------
 */

struct blk_file {
    uint32_t number;
    bool gone; /* was there, is no more: a pruning node */
    bool seen; /* looked at once */
    bool truncated;
    bool again; /* look at it even if it has not changed */
    uint64_t size;
    uint64_t end;
    uint64_t garbage;
    uint64_t tail_garbage;
    uint64_t tail_head;
    /* The records of the rev file, read when first asked for. */
    bool undo_seen;
    uint64_t undo_size;
    int64_t undo_time_ns; /* of its last change */
    struct frame_undos undos;
    _Atomic uint64_t undo_hint; /* where the last record was found */
};

/* Why a header's body cannot be used. */
struct blk_damage {
    struct hash256 hash;
    uint32_t file;
    uint64_t offset;
    const char *rule;
};

struct blkfile {
    struct source base;
    char folder[PATH_SIZE];
    bool keyed; /* xor.dat stands there */
    uint64_t key;
    struct blk_file *files; /* by number */
    size_t file_count;
    struct pending pending;
    struct blk_damage *damages;
    size_t damage_count;
    size_t damage_capacity;
    uint64_t record_count; /* whole ones ever seen */
    struct fd_cache *fds;
    pthread_rwlock_t undo_lock; /* guards the undo part of the files */
};

int blkfile_open(struct source **ret_source, const char *folder,
                 const struct source_options *options, struct err *err);
struct blk_file *blkfile_find(const struct blkfile *blk, uint32_t number);
/* Joins the records of one file to the tree, and those that waited for them. */
int blkfile_join(struct blkfile *blk, const struct blk_file *file,
                 const struct frame_result *result, struct err *err);
/* The bytes of a place, de-obfuscated. */
int blkfile_pread(const struct blkfile *blk, uint8_t *ret_data, size_t size, enum fd_kind kind,
                  uint32_t number, uint64_t offset, struct err *err);
/* REFUSED unless it is the hash of the node. */
int blkfile_check_hash(const struct blkfile *blk, uint32_t node, const struct hash256 *hash,
                       struct err *err);
/* REFUSED unless the bytes begin with the header of the node. */
int blkfile_check_header(const struct blkfile *blk, uint32_t node, const uint8_t *data,
                         struct err *err);
int blkfile_missing(const struct source *source, uint32_t node, struct err *err);
int blkfile_undo_read(struct source *source, struct buf *ret_raw, uint32_t node, struct err *err);
int blkfile_reader_open(struct source_reader **ret_reader, const struct source *source,
                        const struct source_shard *shard, struct err *err);
int blkfile_reader_next(struct source_reader *base, struct source_block *ret_blocks, size_t max,
                        struct err *err);
void blkfile_reader_close(struct source_reader *base);

/* ---- "rpc:URL": what a node answers (rpc_wire.c), pure -------------------------------------- */

enum {
    RPC_HEADERS_MAX = 2000,    /* in one answer, as a node's REST has it */
    RPC_HEIGHT_MAX = 10000000, /* the year 2200 */
    RPC_BATCH_MAX = 1000,      /* calls in one request */
    RPC_INFO_SIZE_MAX = 1 << 20,
    RPC_SPENT_SIZE_MAX = 32 << 20,
    RPC_TX_SIZE_MAX = 48 << 20, /* of a transaction told in JSON */
    RPC_TEXT_SIZE = 256
};

/* Of getblockchaininfo, which REST gives as chaininfo.json. */
struct rpc_info {
    char chain[32];
    uint32_t blocks;       /* height of the node's best block */
    uint32_t headers;      /* of its best header */
    uint32_t prune_height; /* lowest height that a pruned node still has; else 0 */
    struct hash256 best;
    bool downloading; /* its first blocks */
    bool pruned;
};
int rpc_info_read(struct rpc_info *ret_info, const json_t *json, struct err *err);

/* What a node says went wrong; code 0: nothing. */
struct rpc_fault {
    int code;
    char text[RPC_TEXT_SIZE];
};
/* The result of one JSON-RPC answer, borrowed, or NULL and its fault. REFUSED: neither. */
int rpc_result_take(json_t **ret_result, int64_t *ret_id, const json_t *answer,
                    struct rpc_fault *ret_fault, struct err *err);
/* A JSON string of hexadecimal bytes, appended. */
int rpc_hex_take(struct buf *buf, const json_t *json, size_t size_max, struct err *err);
/* Of getrawtransaction with verbosity 2: the heights of what its inputs spend. MISSING where the
 * node is too old to tell. */
int rpc_heights_read(uint32_t *ret_heights, size_t count, const json_t *transaction,
                     struct err *err);
/* Headers one behind the other, the first with this hash; none is fine. */
int rpc_headers_check(size_t *ret_count, struct bytes answer, const struct hash256 *first,
                      struct err *err);
/* /rest/spenttxouts/<hash>.bin as CBlockUndo, appended; the heights are not told, so 0. */
int rpc_spent_to_undo(struct buf *ret_undo, struct bytes answer, struct err *err);

/* ---- talking to a node (rpc_node.c, rpc_call.c) ------------------------------------------------
 */

enum {
    RPC_LINK_MAX = 8
}; /* requests at once: a node's queue is 16 or 64 long, its threads 4 or 16 */
struct rpc_node {
    char url[HTTP_URL_MAX]; /* "http://127.0.0.1:8332", without user and password */
    char cookie_path[PATH_SIZE];
    bool from_cookie;
    unsigned wait_ms, timeout_ms;
    bool patient; /* was reached once: short breaks of the line are waited out */
    source_say *say;
    void *say_context;
    pthread_mutex_t lock;
    pthread_cond_t room;
    /* Below: under the lock. */
    char *credentials;      /* "user:password", or NULL */
    unsigned epoch;         /* of the credentials: counts how often they were read */
    struct rpc_link *links; /* that are free */
    unsigned link_count;    /* free or in use */
    bool told;              /* that the node is not ready */
};
/* What stands behind "rpc:". USAGE: an address that is none. */
int rpc_node_init(struct rpc_node *node, const char *rest, const struct source_options *options,
                  struct err *err);
void rpc_node_release(struct rpc_node *node);
/* After a 401: reads the cookie again. Whether there are others now than those used. */
bool rpc_credentials_renew(struct rpc_node *node, unsigned used);
/* A connection of one's own, until it is put back; waits while all are taken. */
struct rpc_link {
    struct http_client *client;
    unsigned epoch; /* of the credentials it has */
    struct rpc_link *next;
};
struct rpc_link *rpc_link_take(struct rpc_node *node);
void rpc_link_put(struct rpc_node *node, struct rpc_link *link);
/* GET of a path of REST. *ret_status is 200, or what says that it is not there (400, 404), or
 * 401. A node that starts is waited for. The body belongs to the caller. */
int rpc_rest(struct rpc_node *node, unsigned *ret_status, struct buf *ret_body, const char *path,
             size_t size_max, struct err *err);
/* One request of JSON-RPC, as many calls as there are. */
struct rpc_call {
    const char *method;
    char params[192]; /* JSON: "[1,\"00ff\"]" */
    json_t *result;   /* borrowed from the answer; NULL: see the fault */
    struct rpc_fault fault;
};
/* The answer holds the results: the caller's to free (json_decref). */
int rpc_calls(struct rpc_node *node, json_t **ret_answer, struct rpc_call *calls, size_t count,
              size_t size_max, struct err *err);

int rpc_open(struct source **ret_source, const char *rest, const struct source_options *options,
             struct err *err);

/* ---- "p2p[:HOST:PORT,...]" (p2p.c) -------------------------------------------------------------
 */

int p2p_source_open(struct source **ret_source, const char *rest,
                    const struct source_options *options, struct err *err);

#endif
