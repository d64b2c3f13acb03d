/* What the parts of chain share among themselves and show to nobody else: text encodings below
 * the addresses and keys, pieces of scripts, the parsed form of descriptors, maps of a PSBT. */
#ifndef SANAD_CHAIN_PRIV_H
#define SANAD_CHAIN_PRIV_H

#include "chain/chain.h"

/* ---- targets ---- */

/* floor(a * multiplier / divisor), at most 2^256-1: the product is kept in 320 bits, so that
 * an easy synthetic limit does not wrap around. */
struct u256 u256_mul_div(const struct u256 *a, uint32_t multiplier, uint32_t divisor);

/* The nBits that follow a period: `bits` are those that are scaled, the times those of the
 * period's first and last header. */
uint32_t retarget_bits(const struct chain_params *params, uint32_t bits, uint32_t first_time,
                       uint32_t last_time);

/* ---- base58 ---- */

enum {
    BASE58_BYTES_MAX = 132,                /* a payload of 128 bytes and its checksum */
    BASE58_TEXT_MAX = 2 * BASE58_BYTES_MAX /* a digit carries 5.8 bits, a zero byte is a digit */
};
/* Without checksum: appended. At most BASE58_BYTES_MAX bytes; white space is not allowed. */
bool base58_decode(struct buf *buf, const char *text, size_t text_size);
void base58_encode(struct buf *buf, struct bytes bytes);
/* As base58check_decode for a text that is not ended by a NUL. */
bool base58check_decode_sized(struct buf *buf, const char *text, size_t text_size);

/* ---- bech32 (BIP173) and bech32m (BIP350) ---- */

enum { BECH32_TEXT_MAX = 90, BECH32_PREFIX_MAX = 83, BECH32_CHECKSUM_SIZE = 6 };
/* What the checksum's polynomial leaves: it tells the two apart. */
enum bech32_kind { BECH32 = 1, BECH32M = 0x2bc830a3 };
struct bech32 {
    enum bech32_kind kind;
    char prefix[BECH32_PREFIX_MAX + 1]; /* lower case */
    uint8_t values[BECH32_TEXT_MAX];    /* 5 bits each, without the checksum */
    size_t value_count;
};
/* False with a mixed case, a character out of range, a bad length or checksum. */
bool bech32_decode(struct bech32 *ret, const char *text);
/* Appends the text; prefix and values together must fit BECH32_TEXT_MAX. */
void bech32_encode(struct buf *buf, const struct bech32 *bech32);

/* ---- scripts ---- */

enum opcode {
    OP_0 = 0x00,
    OP_PUSHDATA1 = 0x4c,
    OP_PUSHDATA2 = 0x4d,
    OP_PUSHDATA4 = 0x4e,
    OP_1 = 0x51,
    OP_16 = 0x60,
    OP_RETURN = 0x6a,
    OP_DUP = 0x76,
    OP_EQUAL = 0x87,
    OP_EQUALVERIFY = 0x88,
    OP_NUMEQUAL = 0x9c,
    OP_HASH160 = 0xa9,
    OP_CHECKSIG = 0xac,
    OP_CHECKMULTISIG = 0xae,
    OP_CHECKSIGADD = 0xba
};
void script_add_p2pkh(struct buf *script, const uint8_t key_hash[20]);
void script_add_p2sh(struct buf *script, const uint8_t script_hash[20]);
/* BIP141: version 0 to 16 and a program of 2 to 40 bytes. */
void script_add_witness(struct buf *script, unsigned version, struct bytes program);
/* A direct push: 1 to 75 bytes. */
void script_add_push(struct buf *script, struct bytes data);
/* 1 to 32767 in its shortest form. */
void script_add_number(struct buf *script, unsigned number);

/* ---- keys ---- */

/* A private key of any of our networks, WIF or extended, told by its decoded payload. */
bool payload_is_private_key(struct bytes payload);
/* ext_key_parse of a text that is not ended by a NUL. */
int ext_key_parse_sized(struct ext_key *ret_key, const struct chain_params *params,
                        const char *text, size_t text_size, struct err *err);
/* Appends the text in the plain form of a network: xpub or tpub, whatever SLIP-132 said. */
void ext_key_write(struct buf *buf, const struct chain_params *params, const struct ext_key *key);
/* The point and chain code alone of a public child: what ext_key_child does without hashing
 * the parent for its fingerprint. False as there. */
bool ext_key_child_point(struct ec_point *ret_point, uint8_t ret_chain_code[32],
                         const struct ext_key *parent, uint32_t index);

/* ---- descriptors, parsed ---- */

enum {
    DESCRIPTOR_STEP_MAX = 32,   /* steps of one path; BIP32 ends at depth 255 anyway */
    DESCRIPTOR_BRANCH_MAX = 32, /* values of one multipath step */
    DESCRIPTOR_TREE_MAX = 128   /* BIP341: no leaf is deeper */
};

enum desc_kind {
    DESC_PK,
    DESC_PKH,
    DESC_WPKH,
    DESC_COMBO,
    DESC_MULTI,
    DESC_SORTEDMULTI,
    DESC_MULTI_A,
    DESC_SORTEDMULTI_A,
    DESC_SH,
    DESC_WSH,
    DESC_TR,
    DESC_RAW,
    DESC_ADDR,
    DESC_PAIR /* { TREE , TREE } */
};

/* Where a function stands decides what it may be and how its keys are written. */
enum desc_context { DESC_IN_NOTHING = 1, DESC_IN_SH = 2, DESC_IN_WSH = 4, DESC_IN_TR = 8 };

struct desc_key {
    uint8_t fixed[65]; /* a key given in hexadecimal; x-only: with 02 before it */
    size_t fixed_size; /* 33, 65, or 0 where the key is extended */
    /* An extended key after its last fixed step, one for each value of its multipath step.
     * Kept, so that a script costs one derivation, or none where there is no range. */
    struct ext_key *ends;
    uint32_t end_count;
    bool ranged;
};

struct desc_node {
    enum desc_kind kind;
    enum desc_context context;
    unsigned threshold; /* of the multi family */
    struct desc_key *keys;
    size_t key_count;
    struct desc_node *left; /* the script of sh and wsh, the tree of tr (or NULL), of a pair */
    struct desc_node *right;
    struct buf script; /* of raw and addr */
};

struct descriptor {
    char *text;
    struct desc_node *root;
    uint32_t branch_count;
    bool ranged;
};

/* The text being read. A sentence of refusal tells the character, never the text: it may be
 * a private key with a slip of the pen. */
struct desc_parser {
    const struct chain_params *params;
    const uint8_t *start;
    struct cursor cursor;
    uint32_t branch_count; /* 1 until a multipath step was read */
    bool ranged;
    struct err *err; /* never NULL */
};
int desc_refuse(struct desc_parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts the place before a sentence that another parser left in err. */
int desc_refuse_inner(struct desc_parser *parser);
char desc_peek(const struct desc_parser *parser); /* 0 at the end */
bool desc_accept(struct desc_parser *parser, char c);
/* Up to the first of the characters `stops`, or to the end. */
struct bytes desc_token(struct desc_parser *parser, const char *stops);

/* A key expression (BIP380, BIP389). *key is zeroed before and freed by the node's owner. */
enum desc_key_form { DESC_KEY_COMPRESSED, DESC_KEY_ANY, DESC_KEY_XONLY };
int desc_key_parse(struct desc_parser *parser, struct desc_key *key, enum desc_key_form form);
void desc_key_free(struct desc_key *key);
/* The bytes of the key, 33 or 65; false where it cannot be derived. */
bool desc_key_bytes(uint8_t ret_bytes[65], size_t *ret_size, const struct desc_key *key,
                    uint32_t branch, uint32_t index);

/* A whole script expression; the node is the caller's, also after a refusal (then half read). */
int desc_node_parse(struct desc_parser *parser, struct desc_node **ret_node,
                    enum desc_context context);
void desc_node_free(struct desc_node *node);
/* Appends what the node stands for; `which` of combo(). False where a key has no child. */
bool desc_node_script(struct buf *script, const struct desc_node *node, uint32_t branch,
                      uint32_t index, uint32_t which);

/* ---- maps of a PSBT ---- */

enum {
    PSBT_FIELD_MAX = 65536, /* of one map; BIP174 sets no limit */
    PSBT_LOCK_TIME_BORDER = 500000000
};
enum psbt_map { PSBT_MAP_GLOBAL, PSBT_MAP_IN, PSBT_MAP_OUT };
/* The fields that we use. Those of the other BIPs are only held to their form. */
enum psbt_type {
    PSBT_GLOBAL_UNSIGNED_TX = 0x00,
    PSBT_GLOBAL_TX_VERSION = 0x02,
    PSBT_GLOBAL_INPUT_COUNT = 0x04,
    PSBT_GLOBAL_OUTPUT_COUNT = 0x05,
    PSBT_GLOBAL_VERSION = 0xfb,
    PSBT_IN_NON_WITNESS_UTXO = 0x00,
    PSBT_IN_WITNESS_UTXO = 0x01,
    PSBT_IN_PREVIOUS_TXID = 0x0e,
    PSBT_IN_OUTPUT_INDEX = 0x0f,
    PSBT_OUT_AMOUNT = 0x03,
    PSBT_OUT_SCRIPT = 0x04
};
struct psbt_field {
    struct bytes key; /* whole: type and data; no two of a map are equal */
    uint64_t type;
    struct bytes key_data;
    struct bytes value;
};
/* Reads one map after the other. */
struct psbt_reader {
    struct cursor cursor;
    uint32_t version;          /* known when the global map is read */
    enum psbt_map map;         /* the one read last … */
    size_t index;              /* … and which input or output it is of */
    struct psbt_field *fields; /* sorted by key; the reader's own */
    size_t field_count;
    size_t field_capacity;
    struct err *err;
};
/* Sets "PSBT: input 3: …". */
int psbt_refuse(const struct psbt_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The next map: every field complete, no key twice, the form that BIP174, 370, 371 and 373 give
 * it, and allowed in the version. Unknown types pass, as BIP174 wants it. */
int psbt_map_read(struct psbt_reader *reader, enum psbt_map map, size_t index);
/* A field whose key is the type alone, or NULL. */
const struct psbt_field *psbt_field_find(const struct psbt_reader *reader, enum psbt_type type);
void psbt_reader_free(struct psbt_reader *reader);

/* ---- compact block filters ---- */

/* The number of words of a SipHash message of so many bytes: 8 bytes each, the last has the size.
 */
static inline size_t sip_word_count(size_t size)
{
    return size / 8 + 1;
}
/* SipHash-2-4, 64 bits of result. */
uint64_t sip24(const uint64_t key[2], struct bytes message);
/* The i-th word of a message as SipHash takes it. */
uint64_t sip_word_at(struct bytes message, size_t i);
enum { SIP_LANES = 8 };
/* `count` (a multiple of SIP_LANES) messages of `word_count` words each; word w of message i stands
 * at words[w * count + i]. */
void sip24_many(uint64_t *ret_hashes, const uint64_t key[2], const uint64_t *words,
                size_t word_count, size_t count);
/* The kernels of this build and whether this machine can run them; the tests run all. */
enum sip_kernel { SIP_PORTABLE, SIP_AVX2, SIP_AVX512, SIP_KERNEL_COUNT };
bool sip_kernel_runs(enum sip_kernel kernel);
void sip24_many_by(enum sip_kernel kernel, uint64_t *ret_hashes, const uint64_t key[2],
                   const uint64_t *words, size_t word_count, size_t count);
/* (hash * range) >> 64 */
static inline uint64_t filter_reduce(uint64_t hash, uint64_t range)
{
    return (uint64_t)((__uint128_t)hash * range >> 64);
}

/* A filter that is being decoded. */
struct filter_reader {
    const uint8_t *bits; /* behind the count */
    uint64_t bit;        /* the next one */
    uint64_t bit_count;
    uint64_t careless_end; /* from a bit below this one 8 bytes may be loaded */
    uint64_t value;        /* of the last element */
    uint32_t item_count;
    uint32_t left; /* elements to come */
};
/* NULL, or the rule that the filter breaks. */
const char *filter_reader_begin(struct filter_reader *reader, struct bytes filter);
/* Decodes `count` elements of each reader into its room; all of them have so many left. Stops at
 * the first that needs care, and tells how many each decoded. */
size_t filter_read_one(struct filter_reader *reader, uint64_t *ret_values, size_t count);
enum { FILTER_LANES = 4, FILTER_CHUNK = 256 };
size_t filter_read_lanes(struct filter_reader *const readers[FILTER_LANES],
                         uint64_t ret_values[FILTER_LANES][FILTER_CHUNK], size_t count);
/* A map of bits, one for each part of the range of values. */
struct filter_map {
    uint64_t *words;
    uint64_t mask; /* of a bit's number: a value out of bounds must not leave the map */
    unsigned shift;
};
/* Keeps the values that meet a set bit, and tells how many; without a branch, as no guess would
 * be good. `ret_found` has room for all. */
size_t filter_take(uint64_t *ret_found, const uint64_t *values, size_t count,
                   const struct filter_map *map);
/* The next element, with care; false where the bits end inside it. */
bool filter_read_slowly(struct filter_reader *reader);
/* When none is left: NULL, or the rule that is broken. */
const char *filter_reader_end(const struct filter_reader *reader);

#endif
