/* chain: Bitcoin's pure formats and rules, no I/O. Network parameters, headers and proof of
 * work, the header tree, transactions and blocks, undo data, scripts, addresses, BIP32
 * public derivation and output descriptors, compact block filters. */
#ifndef SANAD_CHAIN_H
#define SANAD_CHAIN_H

#include "base/base.h"
#include "crypto/crypto.h"

/* ---- limits of what comes from outside ------------------------------------------------ */

enum {
    BLOCK_SIZE_MAX = 4000000, /* BIP141: weight 4,000,000, so no more bytes */
    BLOCK_TX_MAX = 66666,     /* 4,000,000 / 60 bytes, the smallest transaction */
    TX_ITEM_MAX = 111111,     /* inputs or outputs: weight 4,000,000 / 4 / 9 bytes */
    SCRIPT_SIZE_MAX = 10000,  /* longer scripts cannot be spent */
    HEADER_SIZE = 80,
    TARGET_INTERVAL = 2016, /* blocks a difficulty period */
    MEDIAN_TIME_SPAN = 11,
    COINBASE_MATURITY = 100
};

/* ---- networks ---------------------------------------------------------------------------- */

enum chain_id { CHAIN_MAIN, CHAIN_TESTNET4, CHAIN_SIGNET, CHAIN_REGTEST, CHAIN_COUNT };

struct chain_params {
    enum chain_id id;
    const char *name; /* as --chain takes it */
    uint8_t magic[4];
    uint8_t genesis_header[HEADER_SIZE];
    struct hash256 genesis_hash;
    uint32_t pow_limit_bits;
    uint32_t halving_interval; /* 210,000; regtest 150 */
    bool no_retarget;          /* regtest */
    bool allow_min_difficulty; /* testnet4, regtest: 20-minute rule */
    bool enforce_bip94;        /* testnet4 */
    uint32_t target_timespan;  /* seconds of a period: 1,209,600; regtest 86,400 */
    uint32_t target_spacing;   /* 600 */
    uint32_t bip34_height, segwit_height, taproot_height;
    uint8_t p2pkh_prefix, p2sh_prefix;
    const char *bech32_prefix;
    uint32_t xpub_version, xprv_version;
};
const struct chain_params *chain_params_get(enum chain_id id);
/* NULL where the name is none. */
const struct chain_params *chain_params_find(const char *name);
/* Subsidy of a block: 50 BTC halved every interval. */
struct amount chain_subsidy(const struct chain_params *params, uint32_t height);

/* ---- 256-bit integers for targets and work ------------------------------------------------- */

struct u256 {
    uint64_t w[4]; /* least significant first */
};
int u256_compare(const struct u256 *a, const struct u256 *b);
void u256_add(struct u256 *a, const struct u256 *b);             /* modulo 2^256 */
struct u256 u256_from_hash(const struct hash256 *hash);          /* little-endian, as Core */
void u256_hex(char ret_text[HEX256_SIZE], const struct u256 *a); /* 64 digits, big-endian */
bool u256_from_hex(struct u256 *ret, const char *text);
/* nBits to target; false where negative, zero, or over 256 bits. */
bool target_from_bits(struct u256 *ret_target, uint32_t bits);
uint32_t target_to_bits(const struct u256 *target);
/* floor(2^256 / (target + 1)); zero for bad bits. */
struct u256 work_of_bits(uint32_t bits);

/* ---- headers ----------------------------------------------------------------------------------
 */

struct header {
    int32_t version;
    struct hash256 prev;
    struct hash256 merkle_root;
    uint32_t time;
    uint32_t bits;
    uint32_t nonce;
};
void header_parse(struct header *ret_header, const uint8_t raw[HEADER_SIZE]);
void header_write(uint8_t ret_raw[HEADER_SIZE], const struct header *header);
void header_hash(struct hash256 *ret_hash, const uint8_t raw[HEADER_SIZE]);
/* Hash at or below the target of nBits, and the target at or below the network's limit. */
bool header_pow_ok(const struct chain_params *params, const struct hash256 *hash, uint32_t bits);

/* The tree of all headers seen. Nodes are numbered in the order of addition and never move. */
#define NODE_NONE 0xffffffffu
struct header_node {
    struct hash256 hash;
    struct hash256 merkle_root;
    struct u256 work; /* cumulative, from genesis or from the anchor */
    uint32_t prev;    /* node index, or NODE_NONE */
    uint32_t height;
    uint32_t time;
    uint32_t median_time; /* of the 11 headers ending with this one (fewer near a root) */
    uint32_t bits;
    int32_t version;
    uint32_t nonce;
};
struct header_tree;
/* With an anchor the first header read is the one with this hash at this height; its bits
 * are trusted until a full period is present (cli.md, "--anchor"). NULL: from genesis, which
 * is in the tree from the start as node 0. One thread writes; nobody reads meanwhile. */
struct chain_anchor {
    uint32_t height;
    struct hash256 hash;
};
struct header_tree *header_tree_new(const struct chain_params *params,
                                    const struct chain_anchor *anchor);
void header_tree_free(struct header_tree *tree);
/* Adds a header whose predecessor is in the tree (or the root). Checks proof of work, exact
 * retarget, time > median of the predecessor, BIP94 on testnet4. Adding one twice gives the
 * same index. `hash` may be NULL, then it is computed. REFUSED: names height and rule.
 * MISSING: the predecessor is not in the tree, or the anchor is not there yet. */
int header_tree_add(struct header_tree *tree, uint32_t *ret_index, const uint8_t raw[HEADER_SIZE],
                    const struct hash256 *hash, struct err *err);
uint32_t header_tree_count(const struct header_tree *tree);
const struct header_node *header_tree_node(const struct header_tree *tree, uint32_t index);
uint32_t header_tree_find(const struct header_tree *tree, const struct hash256 *hash);
/* The node's ancestor at a height, in O(log n); NODE_NONE below the root or above the node.
 * Whoever wants all of them follows `prev`. */
uint32_t header_tree_ancestor(const struct header_tree *tree, uint32_t index, uint32_t height);
/* What nBits must be for the child of `prev` with time `time`; 0 where it cannot be known
 * (a run from an anchor inside its first period). */
uint32_t header_tree_next_bits(const struct header_tree *tree, uint32_t prev, uint32_t time);
void header_tree_raw(const struct header_tree *tree, uint32_t index, uint8_t ret_raw[HEADER_SIZE]);

/* ---- transactions -------------------------------------------------------------------------------
 */

struct outpoint {
    struct hash256 txid;
    uint32_t vout;
};
struct tx_in {
    struct outpoint prevout;
    struct bytes script_sig;
    uint32_t sequence;
    uint32_t witness_count; /* items */
    struct bytes witness;   /* the raw stack: count and items; empty without witness */
};
struct tx_out {
    struct amount value; /* always 0 .. 21 million BTC: else the parse refuses */
    struct bytes script;
};
/* A parsed transaction; arrays in the arena, bytes viewing the input. */
struct tx {
    int32_t version;
    uint32_t lock_time;
    struct tx_in *ins;
    struct tx_out *outs;
    size_t in_count;
    size_t out_count;
    bool has_witness;
    struct bytes raw;    /* whole, with witness */
    struct bytes in_out; /* from the input count to the last output: the stripped middle */
};
/* Reads one transaction. Refuses non-minimal CompactSize, zero inputs or outputs, a witness
 * flag other than 1, a witness marker with only empty stacks, values out of range, values
 * that sum over 21 million BTC, counts that cannot fit. */
int tx_parse(struct tx *ret_tx, struct cursor *cursor, struct arena *arena, struct err *err);
void tx_txid(struct hash256 *ret_txid, const struct tx *tx);   /* without witness */
void tx_wtxid(struct hash256 *ret_wtxid, const struct tx *tx); /* with */
bool tx_is_coinbase(const struct tx *tx);
size_t tx_stripped_size(const struct tx *tx);
/* The stripped form (no witness) of a parsed transaction, appended. */
void tx_write_stripped(struct buf *buf, const struct tx *tx);

/* ---- blocks
 * -------------------------------------------------------------------------------------- */

struct block {
    struct header header;
    struct hash256 hash;
    struct tx *txs;
    size_t tx_count;
    struct bytes raw;
};
/* Whole parse into the arena: no trailing bytes, coinbase first and only first. */
int block_parse(struct block *ret_block, struct bytes raw, struct arena *arena, struct err *err);
/* The ids of all transactions, hashed in one batch; the array has tx_count places. */
void block_txids(struct hash256 *ret_txids, const struct block *block);
/* As above with witness; the coinbase's is zero, as the BIP141 commitment counts it. */
void block_wtxids(struct hash256 *ret_wtxids, const struct block *block);
uint64_t block_weight(const struct block *block); /* BIP141 */
/* Merkle root and its mutation rule against the header, the BIP141 witness commitment where
 * one stands, the BIP34 height in the coinbase where `height` is not NODE_NONE and applies. */
int block_check(const struct block *block, const struct chain_params *params, uint32_t height,
                struct err *err);

/* ---- undo (rev files): spent prevouts
 * ------------------------------------------------------------ */

/* formats-chain.md: CBlockUndo. VARINT is not CompactSize. */
uint64_t cursor_varint(struct cursor *cursor, uint64_t max);
void buf_varint(struct buf *buf, uint64_t value);
/* False where the compressed number stands for more than 21 million BTC. */
bool amount_decompress(struct amount *ret, uint64_t compressed);
uint64_t amount_compress(struct amount sat);
/* Compressed script form, appended; and read (expanded into the arena). A public key that is
 * not on the curve is refused. */
void script_compress(struct buf *buf, struct bytes script);
int script_decompress(struct bytes *ret_script, struct cursor *cursor, struct arena *arena,
                      struct err *err);
struct undo_coin {
    struct amount value;
    struct bytes script;
    uint32_t height; /* of the block that made it */
    bool coinbase;
};
struct undo_tx {
    struct undo_coin *coins;
    size_t coin_count;
};
struct block_undo {
    struct undo_tx *txs; /* transactions 1 .. n-1 of the block */
    size_t tx_count;
};
int undo_parse(struct block_undo *ret_undo, struct bytes raw, struct arena *arena, struct err *err);
void undo_write(struct buf *buf, const struct block_undo *undo);
/* SHA256d(hashPrevBlock ‖ CBlockUndo): the record's checksum. */
void undo_checksum(struct hash256 *ret_checksum, const struct hash256 *prev_block,
                   struct bytes raw_undo);

/* ---- compact block filters (BIP158, basic filters) ------------------------------------------ */

enum {
    FILTER_P = 19,                  /* bits of a remainder */
    FILTER_M = 784931,              /* one false match in so many */
    FILTER_ITEM_MAX = 4000000 / 36, /* an output weighs 36 at least, an input more */
    FILTER_SIZE_MAX = 5 + FILTER_ITEM_MAX * 22 / 8, /* an element has under 21.5 bits on average */
    FILTER_SCRIPT_MAX = 4000000
};

/* The elements of a filter that is being made, each as its 64-bit SipHash under the key that
 * the block's hash gives. Two scripts with one hash count as one: a chance of some 10^-12 a
 * block, and no choice of anybody, since the key is the hash of the block that holds them. */
struct filter_items {
    uint64_t key[2];
    uint64_t *hashes;
    size_t count, capacity;
    uint64_t *spare; /* room for sorting */
    size_t spare_capacity;
};
/* Empty, for a block; memory is kept from one block to the next. */
void filter_items_begin(struct filter_items *items, const struct hash256 *block_hash);
/* Leaves out what is no element: empty scripts, and outputs that begin with OP_RETURN. */
void filter_items_add_output(struct filter_items *items, struct bytes script);
void filter_items_add_prevout(struct filter_items *items, struct bytes script);
/* Sorts, and appends the filter. */
void filter_items_write(struct buf *buf, struct filter_items *items);
void filter_items_free(struct filter_items *items);

/* The basic filter of a block, appended. `undo` has the prevouts of its inputs (NULL: the block
 * has but a coinbase). REFUSED: it tells of other inputs than the block has. */
int filter_build(struct buf *buf, const struct block *block, const struct block_undo *undo,
                 struct err *err);
/* SHA256d(filter): what BIP157 calls the filter hash. */
void filter_hash(struct hash256 *ret_hash, struct bytes filter);
/* SHA256d(filter hash || previous header). Before the genesis block stand zeros. */
void filter_header(struct hash256 *ret_header, const struct hash256 *filter_hash,
                   const struct hash256 *prev_header);
/* Whole strict decoding: the count in its shortest form and possible for the bytes, every element
 * there and below its bound, no byte and no set bit behind the last. REFUSED names the rule. */
int filter_check(struct bytes filter, struct err *err);

/* Scripts that are looked for, made ready for many filters; shared by threads. Copies. */
struct filter_targets;
struct filter_targets *filter_targets_new(const struct bytes *scripts, size_t count);
void filter_targets_free(struct filter_targets *targets);
/* What one thread works with. */
struct filter_matcher;
struct filter_matcher *filter_matcher_new(const struct filter_targets *targets);
void filter_matcher_free(struct filter_matcher *matcher);
struct filter_job {
    struct hash256 block_hash;
    struct bytes filter;
    bool matched;     /* result: one of the scripts is among its elements, or collides with one */
    const char *rule; /* result: what the filter breaks, or NULL; then nothing is matched */
};
/* Decodes and matches many; strict as filter_check. Fastest with dozens at once. */
void filter_match_many(struct filter_matcher *matcher, struct filter_job *jobs, size_t count);
/* One filter against a few scripts. REFUSED as filter_check. */
int filter_match_any(bool *ret_matched, struct bytes filter, const struct hash256 *block_hash,
                     const struct bytes *scripts, size_t count, struct err *err);

/* ---- scripts and addresses
 * ------------------------------------------------------------------------ */

enum script_kind {
    SCRIPT_NONSTANDARD,
    SCRIPT_P2PK,
    SCRIPT_P2PKH,
    SCRIPT_P2SH,
    SCRIPT_P2WPKH,
    SCRIPT_P2WSH,
    SCRIPT_P2TR,
    SCRIPT_P2A,
    SCRIPT_MULTISIG,
    SCRIPT_WITNESS_UNKNOWN,
    SCRIPT_OP_RETURN
};
enum script_kind script_kind_of(struct bytes script);
const char *script_kind_name(enum script_kind kind);
/* Unspendable by consensus: begins with OP_RETURN or is over 10,000 bytes. No holding. */
bool script_unspendable(struct bytes script);

enum { ADDRESS_TEXT_SIZE = 96 };
/* Base58Check, bech32 (v0), bech32m (v1 and up). False where the script has no address. */
bool address_from_script(char ret_text[ADDRESS_TEXT_SIZE], const struct chain_params *params,
                         struct bytes script);
/* Appends the script. REFUSED: bad checksum, unknown form, or "address of another network". */
int address_to_script(struct buf *ret_script, const struct chain_params *params, const char *text,
                      struct err *err);
/* Base58Check payload (version bytes included), appended; checksum verified, at most 128 bytes. */
bool base58check_decode(struct buf *buf, const char *text);
void base58check_encode(struct buf *buf, struct bytes payload);

/* ---- BIP32 public derivation
 * ------------------------------------------------------------------------ */

/* Script kind that a SLIP-132 version asks for. */
enum slip132_kind {
    SLIP132_NONE, /* xpub, tpub */
    SLIP132_P2SH_P2WPKH,
    SLIP132_P2WPKH,
    SLIP132_P2SH_P2WSH,
    SLIP132_P2WSH
};
struct ext_key {
    struct ec_point point;
    uint8_t public_key[33];
    uint8_t chain_code[32];
    uint8_t depth;
    uint32_t child;
    uint8_t parent_fingerprint[4];
    enum slip132_kind slip132;
};
/* Text of an extended public key. A private key is refused as such ("a private key"), one of
 * another network too. */
int ext_key_parse(struct ext_key *ret_key, const struct chain_params *params, const char *text,
                  struct err *err);
/* Public child; index < 2^31. False with a chance of 2^-127 (BIP32: take the next index). */
bool ext_key_child(struct ext_key *ret_child, const struct ext_key *parent, uint32_t index);

/* ---- partially signed transactions (BIP174 version 0, BIP370 version 2) ---------------------- */

enum { PSBT_SIZE_MAX = 16 << 20 };
/* What a PSBT says of the output that an input spends. */
enum psbt_utxo {
    PSBT_UTXO_NONE,
    PSBT_UTXO_CLAIMED, /* witness UTXO alone: value and script are the maker's word */
    PSBT_UTXO_PROVED   /* the whole funding transaction, and its txid is the outpoint's */
};
struct psbt_in {
    struct outpoint prevout;
    enum psbt_utxo utxo;
    struct amount value; /* unknown where PSBT_UTXO_NONE */
    struct bytes script; /* views the input bytes */
};
struct psbt {
    uint32_t version; /* 0 or 2 */
    struct psbt_in *ins;
    struct tx_out *outs;
    size_t in_count;
    size_t out_count;
};
/* Binary, or base64 as wallets copy it (surrounding white space is fine). Arrays in the arena.
 * REFUSED: no magic, a key twice in a map, a version other than 0 or 2, fields of the other
 * version, an unsigned transaction with signatures in it, a funding transaction with another
 * txid or without that output, a witness UTXO that contradicts it, no inputs or outputs, an
 * input spent twice, values out of range, bytes behind the end. */
int psbt_parse(struct psbt *ret_psbt, struct bytes raw, struct arena *arena, struct err *err);

/* ---- output descriptors (BIP380 to 387, 389)
 * -------------------------------------------------------- */

struct descriptor;
enum { DESCRIPTOR_TEXT_MAX = 8192, DESCRIPTOR_INDEX_MAX = 0x7fffffff };
/* Parses text with or without checksum. Refused: a bad checksum, an unknown function, bad
 * nesting, a private key (WIF or xprv), a key or address of another network, hardened steps
 * after an xpub, unequal multipath lengths, over 32 steps in a path or values in a multipath
 * step. The sentence tells the place and never repeats a key. A bare ypub or zpub
 * means the descriptor of its script kind with /<0;1>/\*; inside a descriptor any SLIP-132
 * key counts as the same key in xpub form. A bare Ypub or Zpub is the key of one of several
 * signers and is refused: write the descriptor with all keys. */
int descriptor_parse(struct descriptor **ret_descriptor, const struct chain_params *params,
                     const char *text, struct err *err);
void descriptor_free(struct descriptor *descriptor);
bool descriptor_is_ranged(const struct descriptor *descriptor);
/* Branches of a multipath descriptor: 1 where there is none. */
uint32_t descriptor_branch_count(const struct descriptor *descriptor);
/* Scripts of one branch at one index: combo() gives up to 4, all else 1. */
uint32_t descriptor_script_count(const struct descriptor *descriptor);
/* Appends the `which`-th script. False where the key cannot be derived at this index. */
bool descriptor_script(struct buf *ret_script, const struct descriptor *descriptor, uint32_t branch,
                       uint32_t index, uint32_t which);
/* BIP380 checksum of a text without '#'; false where a character is not allowed. */
bool descriptor_checksum(char ret_text[9], const char *text);
/* The text as parsed, without checksum (of a bare key: what it means, in xpub form); owned by
 * the descriptor. */
const char *descriptor_text(const struct descriptor *descriptor);

#endif
