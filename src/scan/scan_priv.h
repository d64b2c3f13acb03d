/* scan, inside: the watch set, the block walker of the hot path, the probe for spends, the
 * coins of a pass, the batches that workers hand over, and the pass itself. */
#ifndef SANAD_SCAN_PRIV_H
#define SANAD_SCAN_PRIV_H

#include "scan/scan.h"

#include <pthread.h>

/* ---- keys --------------------------------------------------------------------------------- */

/* SipHash-2-4 with 128 bits of result. Its key is drawn anew for each pass, so that nobody
 * can craft scripts that collide and hide coins, or that make a table slow. */
struct fingerprint {
    uint64_t w[2];
};
struct fingerprint fingerprint_of(const uint64_t key[2], const uint8_t *data, size_t size);

/* ---- the watch set ----------------------------------------------------------------------------
 */

struct watch_script {
    struct bytes script; /* lives as long as the watch set */
    int64_t id;
    bool late; /* not complete to the tip of the store: the pass tells how far it got */
};
struct watch_slot {
    struct fingerprint fingerprint;
    uint32_t index; /* into scripts, or WATCH_EMPTY */
};
/* Three steps: 8 bytes of the script choose two bits of one word, which are seldom both set;
 * then the fingerprint of the whole script; then the script itself. */
struct watch {
    uint64_t *bitmap;
    uint64_t multiplier;
    unsigned shift; /* 58 - log2 of the bits: what stands below word, bit and bit */
    uint64_t key[2];
    struct watch_slot *slots;
    uint32_t slot_mask;
    const struct watch_script *scripts;
    uint32_t count;
};
#define WATCH_EMPTY 0xffffffffu
/* The 8 bytes: of the hash or the key where the script has a usual form. */
static inline uint64_t script_word(const uint8_t *script, size_t size)
{
    if (__builtin_expect(size >= 11, 1))
        return load_le64(script + (size == 25 ? 3 : 2));
    uint64_t word = size;
    for (size_t i = 0; i < size; i++)
        word = word << 8 | script[i];
    return word;
}
static inline bool watch_maybe(const struct watch *watch, const uint8_t *script, size_t size)
{
    uint64_t at = (script_word(script, size) * watch->multiplier) >> watch->shift;
    uint64_t word = watch->bitmap[at >> 12];
    return word >> (at >> 6 & 63) & word >> (at & 63) & 1;
}
/* Scripts that consensus cannot spend are left out. The array must outlive the set. */
struct watch *watch_new(const struct watch_script *scripts, size_t count);
void watch_free(struct watch *watch);
/* Index into scripts, or WATCH_EMPTY. */
uint32_t watch_find(const struct watch *watch, struct bytes script);

/* ---- the block walker ---------------------------------------------------------------------------
 */

/* What an input spends, in 8 bytes: of the txid, with vout mixed in. Not unique: a key that
 * is met leads to the block being read again. */
#define PREVOUT_MIX UINT64_C(0x9e3779b97f4a7c15)
static inline uint64_t prevout_key(const uint8_t txid[32], uint32_t vout)
{
    return load_le64(txid) + vout * PREVOUT_MIX;
}

/* A transaction that pays a watched script, or whose input was asked for. */
struct walk_touch {
    const uint8_t *stripped;
    uint32_t size;
    uint32_t tx_index;
    uint32_t match_at, match_count; /* into matches: the outputs */
};
/* One walk over one block. The caller gives room: `log` for (size / 41) + 1 keys, `jobs` for
 * the transactions that walk_tx_max allows. The rest grows by itself. */
struct walk {
    const struct watch *watch;
    const uint32_t *wanted; /* ordinals of inputs in the block, ascending; or NULL */
    size_t wanted_count;
    struct sha256_job *jobs; /* one a transaction; NULL: txids are not wanted */
    struct hash256 *digests; /* where the jobs' results go */
    uint64_t *log;           /* one key an input, in order */
    uint32_t log_count;
    uint32_t tx_count; /* how many were walked, also where it failed */
    const char *rule;  /* what was broken, where it failed */
    uint32_t *matches; /* vouts */
    uint32_t match_count, match_capacity;
    struct walk_touch *touches;
    uint32_t touch_count, touch_capacity;
};
/* Transactions that a block of this size can hold at most. */
size_t walk_tx_max(size_t size);
/* Reads the whole block by bounded pointers; false where it breaks a rule of the format. In
 * place: of each transaction in `jobs`, and of each touch, the stripped form is made
 * contiguous by sliding the version over marker and flag and writing the lock time over the
 * first witness bytes, so the bytes are a block no more. */
bool walk_block(struct walk *walk, uint8_t *data, size_t size);
void walk_reset(struct walk *walk); /* matches and touches empty, memory kept */
void walk_free(struct walk *walk);

/* ---- the probe: which inputs may spend a coin of ours
 * -------------------------------------------- */

struct probe {
    uint64_t *bitmap;
    uint64_t *keys; /* open addressing; 0 is empty, the key 0 itself is has_zero */
    uint64_t multiplier;
    unsigned shift;
    size_t mask;
    size_t count;
    bool has_zero;
};
struct probe *probe_new(void);
void probe_free(struct probe *probe);
void probe_add(struct probe *probe, uint64_t key);
bool probe_has(const struct probe *probe, uint64_t key);
/* Appends to `ordinals` (u32 each) the places in the log whose key is in the set. */
void probe_log(const struct probe *probe, struct buf *ordinals, const uint64_t *log, size_t count);

/* ---- the unspent coins of a pass
 * -------------------------------------------------------------------- */

struct coin {
    struct outpoint outpoint;
    uint32_t height;
    uint32_t tx_index;
    uint32_t script; /* index into the watch set */
    uint32_t next;   /* of the same bucket */
    struct amount value;
};
struct coins;
struct coins *coins_new(void);
void coins_free(struct coins *coins);
void coins_add(struct coins *coins, const struct coin *coin);
/* Takes the coin out; false where there is none. */
bool coins_take(struct coins *coins, struct coin *ret_coin, const struct outpoint *outpoint);
size_t coins_count(const struct coins *coins);

/* ---- batches: what workers hand to the committer
 * ------------------------------------------------------ */

/* One block that was parsed (and verified). Its log and its touched transactions stand in
 * the payload of its batch. */
struct parsed {
    struct batch *batch; /* NULL: the plan left the block out, it was not read */
    uint32_t node;
    uint32_t height;
    uint32_t tx_count;
    uint32_t size;
    uint32_t log_count;
    uint32_t touched_size;
    uint32_t filter_size; /* 0: none was made */
    struct hash256 filter_hash;
    uint64_t at; /* in the payload: the log, the touched transactions, the filter */
};
struct batch {
    uint8_t *payload; /* NULL: spilled */
    uint64_t payload_size;
    uint64_t spill_at; /* in the spill file, where spilled */
    uint32_t left;     /* blocks not committed */
    uint32_t count;
    struct parsed blocks[];
};

/* A touched transaction as bytes: tx_index u32, size u32, match_count u32, txid, the vouts
 * that match, the stripped form. */
struct pass;
struct touched {
    uint32_t tx_index;
    struct hash256 txid;
    struct bytes vouts; /* u32 each */
    struct bytes stripped;
};
void touched_write(struct buf *buf, const struct walk *walk, const struct walk_touch *touch,
                   const struct hash256 *txid);
/* False at the end. What it reads we wrote ourselves. */
bool touched_read(struct touched *ret_touched, struct cursor *cursor);

/* What does not fit in memory goes to a file without a name beside the store. */
struct spill;
struct spill *spill_new(const char *beside);
void spill_free(struct spill *spill);
/* Thread-safe. */
int spill_write(struct spill *spill, uint64_t *ret_at, struct bytes bytes, struct err *err);
int spill_read(struct spill *spill, void *ret_data, uint64_t at, size_t size, struct err *err);
void spill_release(struct spill *spill, uint64_t at, uint64_t size);

/* ---- parsing and verifying ------------------------------------------------------------------ */

/* A block of a batch as it is worked on. */
struct work_block {
    uint32_t node;
    size_t job_at; /* into jobs and digests, where txids are wanted */
    size_t log_at;
    uint32_t touch_at, touch_count;
    uint32_t tx_count, log_count, size;
    size_t filter_at; /* into the keeper's filters */
    uint32_t filter_size;
    struct hash256 filter_hash;
    bool ok;
};
/* A worker's own memory. */
struct scratch {
    struct walk walk;
    struct sha256_job *jobs;
    struct hash256 *digests;
    size_t tx_capacity;
    uint64_t *log;
    size_t log_capacity;
    struct buf touched;
    struct buf raw; /* a block that is read again */
};
void scratch_room(struct scratch *scratch, size_t tx_count, size_t log_count);
void scratch_free(struct scratch *scratch);
/* Walks one block whose bytes stand at `data`, appending to the scratch; false: `err`. */
bool block_walk(struct work_block *ret_block, struct scratch *scratch, struct pass *pass,
                uint32_t node, uint8_t *data, size_t size, size_t job_at, size_t log_at,
                struct err *err);
/* Whether the merkle root of its digests is the header's; overwrites them. */
bool block_merkle_ok(const struct work_block *block, const struct scratch *scratch,
                     const struct pass *pass, struct err *err);

/* ---- keeping filters ------------------------------------------------------------------------ */

/* What a worker makes filters with. */
struct keeper {
    struct filter_items items;
    struct buf undo;
    struct buf filters; /* of the batch */
    struct arena arena;
};
void keeper_init(struct keeper *keeper);
void keeper_free(struct keeper *keeper);
/* Makes the filter of a block that was just walked, before its jobs are hashed; nothing where it
 * is kept already or has no rev record. REFUSED: a rev record that is not of this block. */
int keeper_block(struct keeper *keeper, struct work_block *block, const struct scratch *scratch,
                 const struct pass *pass, struct err *err);
/* Adds a filter to those that are kept; in the order of heights. */
int keep_add(const struct pass *pass, uint32_t node, const struct hash256 *filter_hash,
             struct bytes filter, struct err *err);

/* ---- resolving: a block read again for the inputs that the probe met ----------------------------
 */

enum resolve_state { RESOLVE_WAITING, RESOLVE_RUNNING, RESOLVE_DONE };
struct resolve {
    uint32_t node;
    struct buf ordinals; /* u32 each */
    struct buf touched;
    enum resolve_state state;
    int code;
    struct err err;
    struct resolve *next; /* that waits */
};
void resolve_free(struct resolve *resolve);

/* ---- a pass
 * --------------------------------------------------------------------------------------- */

struct pass {
    const struct scan_options *options;
    const struct header_tree *tree;
    struct watch *watch;
    const struct watch_script *scripts;
    size_t script_count;
    uint32_t tip; /* node at to_height */
    uint32_t from_height, to_height;
    bool extends; /* adds blocks to the store; else looks for late scripts in known ones */
    bool keeps;   /* only looks for blocks whose filter is not kept */
    bool makes_filters;

    struct source_plan plan;
    struct parsed left_out;   /* stands at each height that the plan leaves out */
    uint32_t *left_out_nodes; /* [height - from_height]; NULL where nothing is left out */
    struct spill *spill;
    uint64_t payload_max;
    pthread_mutex_t lock;
    pthread_cond_t ready; /* for the committer: blocks came, a resolve is done */
    pthread_cond_t room;  /* for workers: payload was freed, or there is something to do */
    /* Below: under the lock. */
    size_t next_shard;
    unsigned streaming;        /* workers that may still bring blocks */
    struct parsed **by_height; /* [height - from_height] */
    uint32_t next;             /* the height that the committer takes next */
    uint64_t payload_bytes;    /* in memory */
    uint32_t bad_height;       /* lowest that failed, or UINT32_MAX */
    struct err bad;
    bool stop;
    struct resolve *waiting, **waiting_end;
};
/* Counts of what was committed. */
struct pass_result {
    uint64_t blocks, transactions, bytes, coins, spends, filters;
    uint64_t read_blocks; /* without those that the plan left out */
};
/* Reads [from_height, to_height] of the branch of `tip` for the scripts, and commits facts up
 * to the highest height before an error. */
struct pass_range {
    uint32_t tip; /* node at to_height */
    uint32_t from_height;
    bool extends;
    bool keeps; /* only to keep the filters of blocks that have none */
};
int pass_run(struct pass_result *result, const struct scan_options *options,
             const struct watch_script *scripts, size_t script_count, struct pass_range range,
             struct err *err);

static inline uint32_t node_height(const struct pass *pass, uint32_t node)
{
    return header_tree_node(pass->tree, node)->height;
}
/* Notes that a block failed; the lowest counts. Without the lock. */
void pass_fail(struct pass *pass, uint32_t height, const struct err *err);
/* A worker's loop, until the pass stops. */
void worker_run(struct pass *pass);
/* Resolves the job that waits longest; false where none waits. Without the lock. */
bool resolve_next(struct pass *pass, struct scratch *scratch);
/* The committer's loop, on the thread that owns the store. */
int commit_run(struct pass *pass, struct pass_result *result, struct err *err);

/* ---- scripts of the books ---------------------------------------------------------------------
 */

/* The branches of all books, with the ids of what was derived so far. */
struct closure;
struct closure *closure_new(struct book *const *books, size_t book_count);
void closure_free(struct closure *closure);
/* Adds to the facts the scripts that gap closure asks for, given the coins seen so far. Where
 * one was missing, some beyond are added too, so that few passes are needed. *ret_added: how
 * many were new. */
int closure_update(struct closure *closure, size_t *ret_added, struct facts *facts,
                   struct store *store, struct err *err);

/* ---- proving prevouts ---------------------------------------------------------------------- */

/* An input whose funding output is looked for. */
struct want {
    struct outpoint outpoint;
    uint32_t tx, input; /* of the proof's transactions */
    uint32_t height;    /* of the funding block, where height_known */
    uint32_t fund_node; /* or NODE_NONE */
    bool height_known;
    bool searched; /* the whole chain was */
    enum prevout_evidence evidence;
    struct amount value; /* and script: where evidence is not PREVOUT_UNKNOWN */
    struct bytes script;
};
struct open_tx {
    struct fact_tx fact;
    uint32_t node; /* of its block, or NODE_NONE */
    bool blocked;  /* another source may tell more */
};
struct proof {
    struct facts *facts;
    struct store *store;
    struct source *source;
    const struct header_tree *tree;
    unsigned threads;
    bool has_undo;
    struct facts_state state;
    struct fact_place from; /* of the next chunk */
    struct want *wants;
    size_t want_count, want_capacity;
    struct open_tx *txs;
    size_t tx_count, tx_capacity;
    struct arena arena; /* of the chunk */
};
/* Proves the wants whose funding block is known from a rev record; REFUSED where it lies. */
int fund_blocks(struct proof *proof, struct err *err);
/* Looks for those of which nothing is known. */
int fund_search(struct proof *proof, struct err *err);

#endif
