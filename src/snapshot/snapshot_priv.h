/* snapshot, inside: the window over the file, the set of what is looked for, the parser, and the
 * threads that hash. */
#ifndef SANAD_SNAPSHOT_PRIV_H
#define SANAD_SNAPSHOT_PRIV_H

#include "snapshot/snapshot.h"

enum {
    SNAPSHOT_HEAD_SIZE = 51,
    SNAPSHOT_VERSION = 2,
    WINDOW_SIZE = 1 << 20,
    /* The most that one coin takes: txid, count, output index, code, amount, size, script. */
    COIN_SIZE_MAX = 32 + 9 + 9 + 10 + 10 + 10 + SCRIPT_SIZE_MAX,
    CHUNK_SIZE = 256 << 10,    /* of what is hashed at once */
    GROUP_SIZE_MAX = 16 << 20, /* one transaction's: its outputs take at most 4 MB in a block */
    COMPRESSED_KINDS = 6       /* below: kinds of scripts; above: size + 6 */
};

/* ---- the window ------------------------------------------------------------------------------ */

struct snapshot_file {
    const char *path;
    int fd;
    const uint8_t *at;
    uint8_t *buffer; /* between the two: loaded as one they would wait for the last store to `at` */
    const uint8_t *end;
    bool whole; /* the file ends at `end` */
    struct progress *progress;
};
int snapshot_file_open(struct snapshot_file *file, struct snapshot_head *ret_head, const char *path,
                       const struct chain_params *params, struct err *err);
void snapshot_file_close(struct snapshot_file *file);
/* Moves the window on, so that a whole coin stands in it if the file holds one. */
int snapshot_file_more(struct snapshot_file *file, struct err *err);

/* ---- what is looked for -----------------------------------------------------------------------
 */

/* Scripts in the compressed form: `kind` as in the file, then the bytes behind it. */
struct match_entry {
    uint64_t word;
    uint64_t kind;
    struct bytes data;
    uint32_t script;
};
struct match {
    uint64_t *bitmap;
    uint64_t multiplier;
    unsigned shift;
    struct match_entry *entries; /* by word */
    size_t count;
    struct arena arena;
};
void match_make(struct match *match, const struct bytes *scripts, size_t count);
void match_free(struct match *match);
/* Eight bytes that tell scripts apart: of the hash or key where the script has a usual form. */
static inline uint64_t match_word(uint64_t kind, const uint8_t *data, size_t size)
{
    if (__builtin_expect(size >= 10, 1))
        return load_le64(data + (kind >= COMPRESSED_KINDS ? 2 : 0));
    uint64_t word = size;
    for (size_t i = 0; i < size; i++)
        word = word << 8 | data[i];
    return word;
}
static inline bool match_maybe(const struct match *match, uint64_t word)
{
    uint64_t at = (word * match->multiplier) >> match->shift;
    uint64_t bits = match->bitmap[at >> 12];
    return bits >> (at >> 6 & 63) & bits >> (at & 63) & 1;
}
/* Index of the script, or UINT32_MAX. */
uint32_t match_find(const struct match *match, uint64_t word, uint64_t kind, struct bytes data);

/* ---- hashing on the side ------------------------------------------------------------------------
 */

/* What is hashed of a coin: outpoint 36 ‖ u32 LE height*2+coinbase ‖ i64 LE value ‖ script with its
 * size. Coins stand one behind the other. */
enum { SERIAL_FIXED = 32 + 4 + 4 + 8 };
struct hasher;
struct hasher *hasher_new(bool serialized, bool muhash, unsigned threads);
/* Hands over whole coins and gives an empty buffer back; waits while all are in use. */
void hasher_give(struct hasher *hasher, struct buf *chunk);
/* Waits for all; the digests that were asked for. */
void hasher_finish(struct hasher *hasher, struct hash256 *ret_serialized,
                   struct hash256 *ret_muhash);
void hasher_free(struct hasher *hasher);

/* ---- the parser
 * ----------------------------------------------------------------------------------- */

struct parser {
    const struct snapshot_options *options;
    struct snapshot_file file;
    struct match match;
    struct hasher *hasher; /* NULL: nothing is hashed */
    struct buf chunk;
    struct snapshot_result result;
    uint64_t coins_left;
    uint8_t txid[32]; /* of the group before */
};
/* All coins, up to the count of the head. */
int parser_run(struct parser *parser, struct err *err);

#endif
