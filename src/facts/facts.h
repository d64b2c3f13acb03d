/* facts: what was seen in blocks. Headers of the active chain, watched scripts, their coins
 * and spends, and every transaction that touches them, keyed by script and block hash,
 * never by wallet. Facts of an abandoned branch are withdrawn, not deleted.
 * Schema: doc/formats/store.md. */
#ifndef SANAD_FACTS_H
#define SANAD_FACTS_H

#include "base/base.h"
#include "chain/chain.h"
#include "store/store.h"

struct facts;
/* Makes or checks the tables; REFUSED where the store holds another chain. */
int facts_open(struct facts **ret_facts, struct store *store, const struct chain_params *params,
               struct err *err);
void facts_close(struct facts *facts);
/* The chain a store holds, without knowing it before; MISSING where it holds none. */
int facts_chain(const struct chain_params **ret_params, struct store *store, struct err *err);

/* ---- state of the scan ------------------------------------------------------------------- */

/* Grade of evidence, weakest first (architecture: grades). */
enum grade {
    GRADE_CLAIMED,
    GRADE_SNAPSHOT,
    GRADE_FILTER,
    GRADE_PARSE,
    GRADE_MERKLE,
    GRADE_PREVOUT
};
const char *grade_name(enum grade grade);

struct facts_state {
    bool any; /* false: nothing scanned yet; the rest is zero */
    uint32_t first_height;
    struct hash256 first_hash;
    bool anchored; /* first_hash was given, ancestors are unknown */
    bool opened;   /* the coins unspent after the first block came from a snapshot */
    uint32_t tip_height;
    struct hash256 tip_hash;
    int64_t tip_time;        /* header time */
    int64_t tip_median_time; /* median-time-past of the 11 blocks ending with it */
    struct u256 tip_work;
    enum grade grade; /* of the whole scan */
    uint64_t block_count, tx_count, byte_count, coin_count, spend_count;
};
/* Whether there may be coins of before the first block that nobody knows of. */
static inline bool facts_lack_older(const struct facts_state *state)
{
    return state->anchored && state->first_height > 0 && !state->opened;
}
/* The first block whose transactions were read: not that of a snapshot. */
static inline uint32_t facts_first_read(const struct facts_state *state)
{
    return state->first_height + (state->opened ? 1 : 0);
}
int facts_state_get(struct facts_state *ret_state, struct facts *facts, struct err *err);

/* ---- writing: only scan ------------------------------------------------------------------- */

/* ENVIRONMENT where another process changed the state since this handle last read it. */
int facts_state_set(struct facts *facts, const struct facts_state *state, struct err *err);
/* coin_count and spend_count of the active chain, counted anew. */
int facts_recount(struct facts_state *state, struct facts *facts, struct err *err);
struct fact_block {
    struct hash256 hash;
    struct hash256 prev;
    uint32_t height;
    int64_t time;
    int64_t median_time;
    struct u256 work;
    uint32_t tx_count;
    uint32_t size; /* bytes, with witness */
};
/* Adds a block of the active chain; one that was withdrawn before is active again. */
int facts_block_add(struct facts *facts, const struct fact_block *block, struct err *err);
/* Withdraws the active blocks above a height: they and their facts become history. The
 * state and `complete_to` of the scripts go down with them. */
int facts_withdraw_above(struct facts *facts, uint32_t height, struct err *err);
/* The id of a script, added where new. */
int facts_script_add(struct facts *facts, int64_t *ret_id, struct bytes script, struct err *err);
/* The bytes of a script, copied into the arena. */
int facts_script_get(struct bytes *ret_script, struct facts *facts, int64_t id, struct arena *arena,
                     struct err *err);
int facts_script_find(int64_t *ret_id, bool *ret_found, struct facts *facts, struct bytes script,
                      struct err *err);
/* Scripts with the height up to which they were looked for without a hole from first_height
 * (-1: not at all). */
struct fact_script {
    int64_t id;
    struct bytes script;
    int64_t complete_to;
};
int facts_scripts(struct facts *facts, struct fact_script **ret_scripts, size_t *ret_count,
                  struct arena *arena, struct err *err);
/* Only those that are not complete to the tip. */
int facts_scripts_late(struct facts *facts, struct fact_script **ret_scripts, size_t *ret_count,
                       struct arena *arena, struct err *err);
int facts_scripts_complete(struct facts *facts, int64_t to_height, struct err *err); /* all */
int facts_scripts_complete_some(struct facts *facts, const int64_t *ids, size_t count,
                                int64_t to_height, struct err *err);
/* Ids of the scripts that an active coin pays, ascending: what gap closure asks. */
int facts_scripts_used(struct facts *facts, int64_t **ret_ids, size_t *ret_count,
                       struct arena *arena, struct err *err);

/* spent_vin of a coin that no input spent: a later coinbase with the same txid took its
 * place (BIP30, blocks 91722/91880 and 91812/91842). spent_* name that coinbase. */
#define FACT_OVERWRITTEN 0xffffffffu

struct fact_coin {
    int64_t script; /* id */
    struct outpoint outpoint;
    struct hash256 block_hash;
    uint32_t height; /* of a coin of a snapshot: the snapshot's, and tx_index is the place in it */
    uint32_t tx_index;
    uint32_t made_height; /* of the block that made it; 0 when added: `height` */
    bool coinbase;
    struct amount value;
    /* the spend on the active chain, where `spent` */
    bool spent;
    uint32_t spent_height;
    uint32_t spent_tx_index;
    uint32_t spent_vin;
    struct hash256 spent_block_hash;
    struct hash256 spent_txid;
};
int facts_coin_add(struct facts *facts, const struct fact_coin *coin, struct err *err);
int facts_spend_add(struct facts *facts, const struct fact_coin *coin, struct err *err);
/* Active coins made at or below a height and not spent at or below it, in chain order. */
typedef int facts_coin_visit(void *context, const struct fact_coin *coin, struct err *err);
int facts_unspent(struct facts *facts, uint32_t height, facts_coin_visit *visit, void *context,
                  struct err *err);
/* The active coin of an outpoint made at or below a height (the latest, where BIP30 made
 * two); *ret_found false where there is none. */
int facts_coin_find(struct fact_coin *ret_coin, bool *ret_found, struct facts *facts,
                    const struct outpoint *outpoint, uint32_t height, struct err *err);
/* A transaction that touches a watched script: stripped bytes, and for each input what is
 * known of its prevout. */
enum prevout_evidence {
    PREVOUT_UNKNOWN, /* value and script are not known */
    PREVOUT_UNDO,    /* from a rev file only */
    PREVOUT_PROVED   /* the funding transaction was read, its txid recomputed */
};
struct fact_prevout {
    enum prevout_evidence evidence;
    struct amount value; /* unknown where PREVOUT_UNKNOWN */
    struct bytes script;
};
struct fact_tx {
    struct hash256 txid;
    struct hash256 block_hash;
    uint32_t height;
    uint32_t tx_index;  /* 0: the coinbase */
    int64_t block_time; /* of its block's header; both only where read */
    int64_t block_median_time;
    struct bytes stripped;         /* parse with tx_parse */
    struct fact_prevout *prevouts; /* one an input; none for a coinbase */
    size_t prevout_count;
    bool searched; /* what is not proved was looked for in vain in all blocks of the scan */
};
/* Adds, or replaces the prevouts of, a transaction; the stronger evidence of each input stays. */
int facts_tx_add(struct facts *facts, const struct fact_tx *tx, struct err *err);

/* ---- reading ----------------------------------------------------------------------------------
 */

int facts_block_at(struct fact_block *ret_block, struct facts *facts, uint32_t height,
                   struct err *err); /* MISSING outside the scan */
int facts_block_find(struct fact_block *ret_block, bool *ret_active, struct facts *facts,
                     const struct hash256 *hash, struct err *err);
/* Highest active block whose median-time-past is <= `time` (cli.md, DATE); MISSING: none. */
int facts_block_by_time(struct fact_block *ret_block, struct facts *facts, int64_t time,
                        struct err *err);
/* The same for many times at once, ascending: heights, -1 where there is none. */
int facts_blocks_by_time(int64_t *ret_heights, struct facts *facts, const int64_t *times,
                         size_t count, struct err *err);
/* All coins of the active chain created at or below a height, in the order (height,
 * tx_index, vout). A spend above the height is shown as not spent. */
int facts_coins(struct facts *facts, struct fact_coin **ret_coins, size_t *ret_count,
                uint32_t height, struct arena *arena, struct err *err);
/* Touched transactions of the active chain with from <= height <= to, in chain order. The
 * callback's tx lives until it returns; non-zero stops and is returned. */
typedef int facts_tx_visit(void *context, const struct fact_tx *tx, struct err *err);
int facts_txs(struct facts *facts, uint32_t from, uint32_t to, facts_tx_visit *visit, void *context,
              struct err *err);
/* As facts_txs, only those with an input that is not proved, from a place in the chain on. */
struct fact_place {
    uint32_t height;
    uint32_t tx_index;
};
int facts_txs_unproved(struct facts *facts, struct fact_place from, facts_tx_visit *visit,
                       void *context, struct err *err);
/* One touched transaction by its place in a block, active or not; its bytes in the arena.
 * *ret_found false where it touches no watched script. */
int facts_tx_get(struct fact_tx *ret_tx, bool *ret_found, struct facts *facts,
                 const struct hash256 *block_hash, struct fact_place place, struct arena *arena,
                 struct err *err);
/* How many touched transactions have an input that is not proved (0: grade prevout). */
int facts_unproved_count(struct facts *facts, uint64_t *ret_count, struct err *err);

#endif
