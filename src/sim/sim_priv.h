/* What the parts of sim share: the deterministic numbers, the cast of wallets, keys, the
 * ledger of coins, payments being drafted, blocks, and the records that become truth.json.
 * The ledger knows who owns a script because it made the script. */
#ifndef SANAD_SIM_PRIV_H
#define SANAD_SIM_PRIV_H

#include "chain/chain.h"
#include "sim/sim.h"

/* ---- numbers (sim_rand.c) ------------------------------------------------------------------ */

/* xoshiro256**: small, fast, the same everywhere. Not for keys of anything real. */
struct sim_rand {
    uint64_t state[4];
};
void sim_rand_init(struct sim_rand *dice, uint64_t seed, const char *purpose);
uint64_t sim_rand_next(struct sim_rand *dice);
uint64_t sim_rand_below(struct sim_rand *dice, uint64_t bound);
void sim_rand_fill(struct sim_rand *dice, void *data, size_t size);

/* ---- private keys (sim_keys.c) --------------------------------------------------------------- */

/* BIP32 with private derivation: here only, and only for keys that own nothing real. */
struct sim_node {
    uint8_t secret[32];
    uint8_t chain_code[32];
    uint8_t public_key[33];
    uint8_t depth;
    uint32_t child;
    uint8_t parent_fingerprint[4];
};
#define SIM_HARDENED 0x80000000u
void sim_node_master(struct sim_node *ret_node, struct bytes seed);
void sim_node_child(struct sim_node *ret_node, const struct sim_node *parent, uint32_t index);
void sim_node_fingerprint(uint8_t ret_fingerprint[4], const struct sim_node *node);
enum { SIM_XPUB_SIZE = 128 };
void sim_node_xpub(char ret_text[SIM_XPUB_SIZE], const struct sim_node *node);
/* The secret of a BIP341 output key (key path, no scripts). */
void sim_taproot_secret(uint8_t ret_secret[32], const uint8_t secret[32],
                        const uint8_t public_key[33]);

/* ---- the cast (sim_cast.c) ------------------------------------------------------------------- */

enum sim_nation { NATION_NONE, NATION_XS, NATION_XP, NATION_COUNT };
const char *sim_nation_code(enum sim_nation nation);

enum sim_kind {
    KIND_PK,
    KIND_PKH,
    KIND_SH_WPKH,
    KIND_WPKH,
    KIND_SH_MULTI,
    KIND_WSH_MULTI,
    KIND_TR
};
enum { SIM_COSIGNER_MAX = 5, SIM_BRANCH_COUNT = 2 };

enum sim_wallet_id {
    /* nation XS */
    XS_DESK,
    XS_RESERVE,
    XS_VAULT,
    XS_TREASURY,
    XS_TILL,
    XS_EXCHANGE,
    XS_MINE,
    XS_SEIZED,
    XS_FUND,
    XS_CONTINGENCY,
    XS_SAVINGS,
    XS_PORT,
    XS_HIDDEN,
    /* nation XP */
    XP_RESERVE,
    XP_MINE,
    XP_TREASURY,
    XP_EXCHANGE,
    XP_CUSTOMS,
    XP_BANK,
    /* everybody else */
    EXCHANGE_A,
    EXCHANGE_B,
    POOL,
    MINER_A,
    MINER_B,
    MINER_C,
    LICENSED_1,
    LICENSED_2,
    DARK_MARKET,
    CITIZEN_A,
    CITIZEN_B,
    CITIZEN_C,
    CITIZEN_D,
    CITIZEN_E,
    SIM_WALLET_COUNT,
    SIM_NOBODY = SIM_WALLET_COUNT /* data outputs */
};
struct sim_wallet_plan {
    const char *id;
    const char *entity;   /* id of the office, NULL for everybody else */
    const char *class_;   /* as in a book */
    const char *declared; /* day of the book version that first shows it; NULL: never shown */
    const char *since, *until;
    const char *temperature, *control, *visibility;
    const char *note;
    enum sim_kind kind;
    uint8_t threshold, cosigners; /* of the multisig kinds */
    bool single;                  /* one address, declared as addr() */
    bool one_branch;              /* change goes to branch 0 too */
    uint32_t range, gap;
};
const struct sim_wallet_plan *sim_plan(enum sim_wallet_id wallet);
struct sim_office {
    const char *id;
    enum sim_nation nation;
    const char *sector;
    const char *name;
};
const struct sim_office *sim_offices(size_t *ret_count);
/* Days on which a nation's book was published, the last one being book-<cc>.json. */
const char *const *sim_book_days(enum sim_nation nation, size_t *ret_count);
/* The undeclared wallet of a nation is its own too, though no book shows it. */
enum sim_nation sim_nation_of(enum sim_wallet_id wallet);
bool sim_in_book(enum sim_wallet_id wallet, enum sim_nation nation, const char *book_day);

/* ---- the ledger (sim_ledger.c) -----------------------------------------------------------------
 */

#define SIM_NOT_MINED 0xffffffffu
struct sim_coin {
    struct outpoint outpoint;
    struct amount value;
    struct bytes script;
    enum sim_wallet_id wallet;
    uint32_t branch, index;
    uint32_t height;
    bool coinbase;
    bool spent;
    bool excluded; /* a documented seizure brought it */
};
struct sim_wallet {
    struct sim_node accounts[SIM_COSIGNER_MAX];
    uint8_t fingerprints[SIM_COSIGNER_MAX][4];
    struct sim_node branches[SIM_COSIGNER_MAX][SIM_BRANCH_COUNT];
    uint32_t next[SIM_BRANCH_COUNT];
    uint32_t *coins; /* ids of what it can spend */
    size_t coin_count, coin_capacity;
};
/* The keys and scripts behind one address. */
struct sim_address {
    uint8_t secrets[SIM_COSIGNER_MAX][32];
    uint8_t public_keys[SIM_COSIGNER_MAX][33];
    size_t key_count;
    struct bytes inner; /* redeem or witness script, empty where there is none */
    struct bytes script;
};
struct sim_in {
    uint32_t coin;
    struct bytes script_sig;
    struct bytes witness; /* count and items, empty without */
};
struct sim_out {
    struct amount value;
    struct bytes script;
    enum sim_wallet_id wallet;
    uint32_t branch, index;
};
struct sim_tx {
    struct sim_in *ins; /* none: a coinbase */
    size_t in_count;
    struct sim_out *outs;
    size_t out_count;
    uint32_t sequence, lock_time;
    struct bytes raw;
    struct hash256 txid, wtxid;
    bool has_witness;
    struct amount fee;
    uint32_t first_coin; /* output i is coin first_coin + i */
    uint32_t height;     /* SIM_NOT_MINED while queued */
};
struct sim_block {
    struct bytes raw;
    struct bytes undo; /* empty for the genesis block and what was never connected */
    struct hash256 hash, prev;
    uint32_t height, time, median_time;
    uint32_t first_tx, tx_count; /* payments; the coinbase follows them in the ledger */
    bool stale;
    bool connected; /* once part of the best chain: has undo data */
};
struct sim_declaration {
    enum sim_nation nation;
    uint32_t tx;
    const char *meaning;
    const char *trade_date, *settlement_date;
    const char *note;
    struct hash256 document;
};
struct sim_liability {
    enum sim_nation nation;
    int64_t time;
    const char *entity, *holder, *holder_sector;
    struct amount outstanding;
    const char *note;
    struct hash256 document;
};
struct sim_hint {
    enum sim_nation nation;
    uint32_t tx;
    uint32_t vout;
};
struct sim_document {
    const char *name;
    const char *text;
    struct hash256 sha256;
};
struct sim {
    uint64_t seed;
    const struct chain_params *params;
    struct arena arena; /* all that lives as long as the simulation */
    struct sim_rand traffic, clock, choice;
    struct sim_wallet wallets[SIM_WALLET_COUNT];
    struct sim_coin *coins;
    size_t coin_count, coin_capacity;
    struct sim_tx *txs;
    size_t tx_count, tx_capacity;
    uint32_t queue;           /* the first payment that is not mined */
    struct sim_block *blocks; /* in the order in which they were found */
    size_t block_count, block_capacity;
    uint32_t *active; /* block numbers by height */
    size_t active_count, active_capacity;
    struct sim_declaration *declarations;
    size_t declaration_count, declaration_capacity;
    struct sim_liability *liabilities;
    size_t liability_count, liability_capacity;
    struct sim_hint *hints;
    size_t hint_count, hint_capacity;
    struct sim_document *documents;
    size_t document_count, document_capacity;
    int64_t day;                   /* being played, midnight UTC */
    int64_t now;                   /* time of the next block */
    enum sim_wallet_id next_miner; /* SIM_NOBODY: whoever finds it */
    struct amount client_owed[NATION_COUNT];
    struct amount public_owed[NATION_COUNT];
};
struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *sim);
/* Room for one more item; `items` may move. */
void *sim_grow(void *items, size_t count, size_t *capacity, size_t size);

void sim_address_make(struct sim_address *ret_address, struct sim *sim, enum sim_wallet_id id,
                      uint32_t branch, uint32_t index);
/* BIP380 text with checksum. Arena of the simulation. */
const char *sim_descriptor(struct sim *sim, enum sim_wallet_id id);
void sim_coin_add(struct sim *sim, const struct sim_coin *coin);
void sim_coin_spend(struct sim *sim, uint32_t coin);
bool sim_coin_mature(const struct sim *sim, const struct sim_coin *coin);
struct amount sim_balance(const struct sim *sim, enum sim_wallet_id id);

/* ---- payments (sim_tx.c, sim_sign.c) --------------------------------------------------------- */

enum { SIM_IN_MAX = 700, SIM_OUT_MAX = 64, SIM_DATA_MAX = 75 };
#define SIM_BTC(n) (INT64_C(n) * SAT_PER_BTC)
#define SIM_MBTC(n) (INT64_C(n) * (SAT_PER_BTC / 1000))

/* A payment while the story puts it together. */
struct sim_draft {
    struct sim *sim;
    uint32_t coins[SIM_IN_MAX];
    size_t coin_count;
    struct sim_out outs[SIM_OUT_MAX];
    size_t out_count;
    enum sim_wallet_id rest; /* who gets what is left; SIM_NOBODY: the miner */
    uint32_t rest_branch;
    uint32_t rate; /* satoshi a virtual byte */
};
void draft_begin(struct sim_draft *draft, struct sim *sim);
/* To the next address of a wallet; gives the index of the output. */
void draft_pay(struct sim_draft *draft, enum sim_wallet_id to, int64_t sat);
void draft_pay_index(struct sim_draft *draft, enum sim_wallet_id to, uint32_t index, int64_t sat);
void draft_data(struct sim_draft *draft, const char *text); /* OP_RETURN */
/* Coins of a wallet that together are worth at least `sat` and a fee. */
void draft_take(struct sim_draft *draft, enum sim_wallet_id from, int64_t sat);
/* The oldest `count` coins. */
void draft_take_count(struct sim_draft *draft, enum sim_wallet_id from, size_t count);
void draft_take_excluded(struct sim_draft *draft, enum sim_wallet_id from);
void draft_change(struct sim_draft *draft, enum sim_wallet_id to); /* rest, change branch */
void draft_rest(struct sim_draft *draft, enum sim_wallet_id to);   /* rest, receive branch */
struct amount draft_in(const struct sim_draft *draft);
/* Signs and queues; gives the number of the payment. */
uint32_t draft_send(struct sim_draft *draft);
/* Signs only: the ledger does not learn of it (a payment of a stale branch). */
void draft_sign_aside(struct sim_tx *ret_tx, struct sim_draft *draft);

/* One payer, one payee, change to the payer. */
uint32_t sim_send(struct sim *sim, enum sim_wallet_id from, enum sim_wallet_id to, int64_t sat);
/* Up to `count` of the oldest coins, all to one new address of `to`. */
uint32_t sim_sweep(struct sim *sim, enum sim_wallet_id from, enum sim_wallet_id to, size_t count);
/* Fills in script_sig and witness of every input. */
void sim_sign(struct sim *sim, struct sim_tx *tx);
void sim_tx_serialise(struct sim *sim, struct sim_tx *tx);
void sim_tx_outs(struct buf *buf, const struct sim_tx *tx); /* outputs, without their count */

/* ---- blocks (sim_chain.c) ----------------------------------------------------------------------
 */

void sim_genesis(struct sim *sim);
/* The queued payments in a block at sim->now, which must be after the tip. */
void sim_mine(struct sim *sim);
/* A branch of `count` blocks on the tip that loses. Its first block holds the queued payments
 * and `extra` (or NULL). `connected`: a node followed it for a while. */
void sim_mine_stale(struct sim *sim, size_t count, const struct sim_tx *extra, bool connected);
static inline uint32_t sim_height(const struct sim *sim)
{
    return (uint32_t)sim->active_count - 1;
}
const struct sim_block *sim_block_at(const struct sim *sim, uint32_t height);
/* The highest block whose median-time-past is at or before a time. */
uint32_t sim_height_at(const struct sim *sim, int64_t time);

/* ---- story (sim_story.c, sim_story_xs.c, sim_story_xp.c)
 * ------------------------------------------ */

void sim_play(struct sim *sim);
struct sim_event {
    const char *date;
    void (*play)(struct sim *sim);
};
const struct sim_event *sim_events_xs(size_t *ret_count);
const struct sim_event *sim_events_xp(size_t *ret_count);
void sim_daily_xs(struct sim *sim); /* what XS does on every day that has a block */
void sim_daily_xp(struct sim *sim);
bool sim_day_in(const struct sim *sim, const char *first, const char *last);
const char *sim_today(struct sim *sim);
/* What a flow meant, with a document of that name (made at the first mention). */
void sim_declare(struct sim *sim, enum sim_nation nation, uint32_t tx, const char *meaning,
                 const char *document, const char *note);
/* Clients of a state exchange are owed so much more (or less, where negative) from now on. */
void sim_owe_clients(struct sim *sim, enum sim_nation nation, int64_t sat, const char *note);
void sim_owe_treasury(struct sim *sim, enum sim_nation nation, int64_t sat, const char *note);
const struct hash256 *sim_document_hash(struct sim *sim, const char *name, const char *subject);

/* ---- what is written (sim_write.c, sim_book.c, sim_programme.c, sim_papers.c, sim_prices.c,
 * sim_truth.c)
 * ------------- */

void sim_xor_key(uint8_t ret_key[8], uint64_t seed);
int sim_write_blocks(const struct sim *sim, const char *out, struct err *err);
/* Makes `out`/`name`, with folders. */
int sim_write_file(const char *out, const char *name, struct bytes content, struct err *err);
int sim_write_json(const char *out, const char *name, json_t *json, struct err *err); /* takes it */
int sim_write_books(struct sim *sim, const char *out, struct err *err);
int sim_write_programmes(struct sim *sim, const char *out, struct err *err);
int sim_write_papers(struct sim *sim, const char *out, struct err *err);
int sim_write_prices(struct sim *sim, const char *out, struct err *err);
int sim_write_truth(struct sim *sim, const char *out, struct err *err);
/* Refuses a folder that already holds block files. */
int sim_folder_prepare(const char *out, struct err *err);

/* A criterion of a programme, as both the file and the truth need it. */
struct sim_criterion {
    enum sim_nation nation;
    const char *version;
    const char *id;
    const char *kind;
    const char *continuity; /* "continuous" or "end-period" */
    const char *measure;    /* "net-stock" or "gross-acquisitions" */
    int64_t limit_sat;
    int64_t buffer_sat;
    const char *base_date;
    const char *assumption; /* id */
};
const struct sim_criterion *sim_criteria(size_t *ret_count);
const char *sim_programme(enum sim_nation nation);
const char *const *sim_test_dates(enum sim_nation nation, size_t *ret_count);
enum { XS_OFFSET_SECONDS = -6 * 3600, XP_OFFSET_SECONDS = 5 * 3600 };
/* The last second of a day in the programme's time zone. */
int64_t sim_day_end(enum sim_nation nation, int64_t day);

/* ---- bulk (sim_bulk.c, sim_bulk_tx.c, sim_bulk_file.c)
 * ------------------------------------------------ */

enum {
    BULK_POOL_MAX = 600000,  /* coins that may be spent */
    BULK_POOL_HIGH = 400000, /* from here on payments take more coins than they make */
    BULK_TX_MAX = 6000,      /* of a block */
    BULK_MADE_MAX = 60000,   /* outputs of a block */
    BULK_FIRST_OUTS = 2000   /* of each coinbase before the first payment */
};
enum { BULK_SCRIPT_MAX = 71 };
#define BULK_UNWATCHED 0xffffffffu
/* A coin as far as spending it needs it. */
struct bulk_coin {
    struct outpoint outpoint;
    struct amount value;
    uint32_t watched; /* index into watched scripts */
    uint32_t height;  /* of the block that makes it, for undo data; and so are the three below */
    bool coinbase;
    uint8_t kind; /* enum bulk_kind of sim_bulk_tx.c */
    uint8_t script_size;
    uint8_t script[BULK_SCRIPT_MAX];
};
/* An output of the block under way; its txid is not known yet. */
struct bulk_made {
    uint32_t tx; /* of the block, the coinbase being 0 */
    struct bulk_coin coin;
};
struct bulk_watched {
    enum sim_wallet_id wallet;
    struct bytes script;
    uint8_t kind;
};
struct bulk_span {
    size_t full, full_size;
    size_t stripped, stripped_size;
    size_t in_count;
};
struct bulk_block {
    struct buf full;     /* payments as they stand in the block */
    struct buf stripped; /* the same without witness, end to end */
    struct bulk_span spans[BULK_TX_MAX];
    size_t tx_count;
    struct bulk_made *made;
    size_t made_count;
    struct bulk_coin *spent; /* by its payments, in their order */
    size_t spent_count, spent_capacity;
    struct amount fees;
};
struct bulk {
    struct sim *sim; /* for the keys of the watched wallets */
    struct sim_rand dice;
    struct bulk_coin *pool;
    size_t pool_count;
    struct bulk_coin *immature[COINBASE_MATURITY]; /* by height of the coinbase */
    size_t immature_count[COINBASE_MATURITY];
    struct bulk_watched *watched;
    size_t watched_count, watched_capacity;
    struct amount balances[SIM_WALLET_COUNT];
    uint64_t coins, spends, touched; /* of watched scripts; transactions with either */
    uint64_t txs, bytes;
    struct bulk_block block;
    struct buf body, witness; /* scratch of a payment */
    struct bulk_coin chained; /* output of the payment before, spent by the next */
    bool has_chained;
    uint32_t height;
    struct hash256 tip;
    json_t *positions;
};
void bulk_watch(struct bulk *bulk);
/* Payments until the block is full or the pool is empty. */
void bulk_payments(struct bulk *bulk);
/* An output script of a random kind, watched at times. */
struct bulk_coin bulk_output(struct bulk *bulk, struct buf *buf, struct amount value);
void bulk_made_add(struct bulk *bulk, uint32_t tx, uint32_t vout, const struct bulk_coin *coin);

/* Block files without end: records in an order shaken a little, XORed, rotated. */
struct bulk_file;
int bulk_file_new(struct bulk_file **ret_file, const char *out, uint64_t seed, struct err *err);
/* `undo` goes to the rev file of the same number; empty: none, as of the genesis block. */
int bulk_file_add(struct bulk_file *file, struct bytes block, struct bytes undo, struct err *err);
int bulk_file_end(struct bulk_file *file, struct err *err); /* writes what is left, frees */
int sim_write_bulk_book(struct sim *sim, const char *out, struct err *err);
bool sim_in_bulk_book(enum sim_wallet_id wallet);

#endif
