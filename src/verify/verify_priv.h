/* verify, inside: bytes, sentences, notes and the strict JSON that its parts share. */
#ifndef SANAD_VERIFY_PRIV_H
#define SANAD_VERIFY_PRIV_H

#include "verify/verify.h"

#if !defined(__has_include) || __has_include(<string.h>)
#include <string.h>
#else /* a WebAssembly build without a libc brings these five itself */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
#endif

/* Our own mistake, never the world's. There is nobody to tell it to, so the program ends. */
#ifndef sanad_assert
#define sanad_assert(condition) ((condition) ? (void)0 : __builtin_trap())
#endif
#ifndef countof
#define countof(array) (sizeof(array) / sizeof((array)[0]))
#endif

/* ---- one call -----------------------------------------------------------------------------------
 */

/* What is left of the caller's memory, and where the sentence goes. */
struct verify_run {
    const struct sanad_verifier *verifier;
    struct sanad_result *result;
    uint8_t *memory;
    size_t memory_left;
};
struct verify_run verify_run_begin(const struct sanad_verifier *verifier,
                                   struct sanad_result *result);
/* Zeroed, aligned to 16; NULL where there is not so much, with the sentence said. */
void *verify_take(struct verify_run *run, size_t count, size_t size);

/* ---- bytes and text (text.c)
 * ---------------------------------------------------------------------- */

static inline struct sanad_bytes verify_bytes(const void *data, size_t size)
{
    return (struct sanad_bytes){.data = data, .size = size};
}
static inline struct sanad_bytes verify_bytes_of(const char *text)
{
    return verify_bytes(text, strlen(text));
}
bool verify_equal(struct sanad_bytes a, struct sanad_bytes b);
bool verify_is(struct sanad_bytes bytes, const char *text);
/* Where a byte stands first; NULL where it does not. */
const uint8_t *verify_find(struct sanad_bytes bytes, uint8_t byte);
/* The next line without its newline; false where none ends. */
bool verify_line_take(struct sanad_bytes *ret_line, struct sanad_bytes *text);
/* Takes a word off the front; false where it does not stand there. */
bool verify_word_take(struct sanad_bytes *text, const char *word);
/* Decimal digits only, no leading zeros, at most `max`. */
bool verify_number(uint64_t *ret_number, struct sanad_bytes digits, uint64_t max);
/* Length of the UTF-8 sequence at the front, 0 where it is none; and its code point. */
size_t verify_utf8(uint32_t *ret_point, struct sanad_bytes text);
/* What text in signed bytes must not hold: controls, bidirectional overrides and isolates,
 * noncharacters, the byte order mark. */
bool verify_is_unclean(uint32_t point);
/* RFC 4648 section 4, strict. All of it is checked, the first `room` bytes are written. */
bool verify_base64(uint8_t *ret_data, size_t *ret_size, size_t room, struct sanad_bytes text);
bool verify_hash_line(uint8_t ret_hash[32], struct sanad_bytes line);
/* Upper or lower case, exactly 2*size digits. */
bool verify_hex(uint8_t *ret_data, size_t size, struct sanad_bytes text);
/* 64 digits of a block's hash in display order. */
void verify_hash_show(char ret_text[65], const uint8_t hash[32]);

/* Writes verdict and sentence and returns the verdict. In the format %s is a C string, %b a
 * const struct sanad_bytes *, %u a uint64_t. */
enum sanad_verdict verify_say(struct sanad_result *result, enum sanad_verdict verdict,
                              const char *format, ...);
#define verify_refuse(result, ...) verify_say((result), SANAD_VERDICT_REFUSED, __VA_ARGS__)

/* ---- SHA-256 (sha256.c)
 * ----------------------------------------------------------------------------- */

struct verify_sha256 {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[64];
};
void verify_sha256_begin(struct verify_sha256 *hash);
void verify_sha256_add(struct verify_sha256 *hash, struct sanad_bytes bytes);
void verify_sha256_end(uint8_t ret_digest[32], struct verify_sha256 *hash);

/* ---- notes (note.c)
 * ---------------------------------------------------------------------------------- */

enum { VERIFY_KEY_ED25519 = 0x01, VERIFY_KEY_COSIGNATURE = 0x04, VERIFY_SIGNATURE_ROOM = 72 };

struct verify_key {
    struct sanad_bytes name;
    uint8_t id[4];
    uint8_t type;
    uint8_t public_key[32];
};
/* Of a key or an origin: not empty, not too long, no Unicode space, no '+', UTF-8. */
bool verify_name_ok(struct sanad_bytes name);
/* REFUSED as note_vkey_parse says it. */
enum sanad_verdict verify_vkey(struct verify_key *ret_key, struct sanad_result *result,
                               struct sanad_bytes text);

struct verify_signature {
    struct sanad_bytes name;
    uint8_t id[4];
    size_t size; /* of what stands behind the id; no more of it is kept than there is room for */
    uint8_t bytes[VERIFY_SIGNATURE_ROOM];
};
struct verify_note {
    struct sanad_bytes text;
    struct verify_signature *signatures;
    size_t count;
    uint8_t *message; /* room for a cosignature's message, once one is asked for */
};
enum sanad_verdict verify_note_parse(struct verify_run *run, struct verify_note *ret_note,
                                     const char *object, struct sanad_bytes raw);
/* Whether a key has signed (0x01) or cosigned (0x04), and when it cosigned (else 0). CONTRADICTED
 * where a line with its name and id does not verify. */
struct verify_signed {
    bool valid;
    uint64_t time;
};
enum sanad_verdict verify_note_by(struct verify_run *run, struct verify_signed *ret_signed,
                                  struct verify_note *note, const struct verify_key *key);
bool verify_signature_of(const struct verify_signature *line, const struct verify_key *key);

/* ---- checkpoints and policies (checkpoint.c, policy.c)
 * ------------------------------------------------ */

enum sanad_verdict verify_checkpoint_parse(struct sanad_checkpoint *ret_checkpoint,
                                           struct sanad_result *result, const char *object,
                                           struct sanad_bytes text);

/* A witness or a group. Each is a member of one group at most, so it knows its own. */
struct verify_name {
    struct sanad_bytes name;
    struct verify_key key;
    bool is_group, is_member;
    uint16_t group; /* that it is a member of */
    uint16_t threshold, met_count;
    bool met;
};
struct verify_policy {
    struct verify_key logs[SANAD_POLICY_LOG_MAX];
    size_t log_count;
    struct verify_name names[SANAD_POLICY_WITNESS_MAX + SANAD_POLICY_GROUP_MAX];
    size_t name_count, witness_count, group_count;
    bool has_quorum, needs_none;
    size_t quorum;
};
enum sanad_verdict verify_policy_parse(struct verify_run *run, struct verify_policy **ret_policy,
                                       const struct sanad_input *input);
/* Fills what the checkpoint has; the verdict as tlog_policy_verify. */
enum sanad_verdict verify_policy_check(struct verify_run *run, struct sanad_checkpoint *checkpoint,
                                       struct verify_policy *policy, struct verify_note *note);

/* ---- proofs (proof.c)
 * --------------------------------------------------------------------------------- */

void verify_empty_root(uint8_t ret_root[32]);
/* Both roots that a consistency path gives, its first hash always there. 0 < before < after. */
struct verify_climb {
    uint8_t before[32], after[32];
};
enum sanad_verdict verify_climb(struct verify_climb *ret_roots, struct sanad_result *result,
                                uint64_t before, uint64_t after, const struct sanad_proof *path);

/* ---- JSON (json.c)
 * ------------------------------------------------------------------------------------- */

enum { VERIFY_JSON_DEPTH_MAX = 64 };
/* Whether the whole text is one object in RFC 8785 form as statements are allowed to hold: no
 * reals, no null, ASCII keys, clean text. REFUSED: says where. `is_loose` takes any order of
 * members and white space as well. */
enum sanad_verdict verify_json_check(struct sanad_result *result, const char *object,
                                     struct sanad_bytes text, bool is_loose);
/* Walks members of an object, or items of a list, of text that was checked. */
struct verify_json_walk {
    struct sanad_bytes left;
};
bool verify_json_object(struct verify_json_walk *ret_walk, struct sanad_bytes value);
bool verify_json_list(struct verify_json_walk *ret_walk, struct sanad_bytes value);
bool verify_json_next_member(struct sanad_bytes *ret_key, struct sanad_bytes *ret_value,
                             struct verify_json_walk *walk);
bool verify_json_next_item(struct sanad_bytes *ret_value, struct verify_json_walk *walk);
/* Whether a string (or key, with its quotes) is this text. */
bool verify_json_is(struct sanad_bytes string, const char *text);

/* ---- statements (statement.c)
 * ---------------------------------------------------------------------------- */

bool verify_kind_find(enum sanad_kind *ret_kind, struct sanad_bytes name);
enum sanad_verdict verify_statement_parse(struct verify_run *run,
                                          struct sanad_statement *ret_statement,
                                          struct verify_note *ret_note,
                                          const struct sanad_input *input);

/* ---- trust (trust.c)
 * --------------------------------------------------------------------------------------- */

struct verify_role {
    size_t threshold; /* 0: there is no such role */
    uint16_t keys[SANAD_ROLE_KEY_MAX];
    size_t key_count;
};
struct verify_trust {
    struct verify_key keys[SANAD_KEY_MAX];
    int64_t expires[SANAD_KEY_MAX];
    bool valid[SANAD_KEY_MAX]; /* of the note that is being looked at */
    size_t key_count;
    struct verify_role roles[SANAD_KIND_COUNT];
};
enum sanad_verdict verify_trust_read(struct verify_run *run, struct verify_trust **ret_trust,
                                     const struct sanad_input *input);
/* The verdict on a statement's signatures, as stmt_verify has it. */
enum sanad_verdict verify_trust_check(struct verify_run *run, struct verify_trust *trust,
                                      const struct sanad_statement *statement,
                                      struct verify_note *note, int64_t as_of);

/* Whether a statement has the members of a root, and only those, each as it must be. */
bool verify_root_ok(struct sanad_bytes json);
/* The time at which expiry is judged: of its block, or of its day; INT64_MIN where it names none.
 */
int64_t verify_statement_time(const struct sanad_statement *statement);

/* ---- numbers of 256 bits (u256.c)
 * ------------------------------------------------------------------------------ */

struct verify_u256 {
    uint32_t w[8];
};
int verify_u256_compare(const struct verify_u256 *a, const struct verify_u256 *b);
void verify_u256_add(struct verify_u256 *a, const struct verify_u256 *b);
struct verify_u256 verify_u256_of_hash(const uint8_t hash[32]); /* little-endian, as Core */
void verify_u256_big_endian(uint8_t ret_bytes[32], const struct verify_u256 *a);
/* a * multiplier / divisor, at most 2^256-1. */
struct verify_u256 verify_u256_mul_div(const struct verify_u256 *a, uint32_t multiplier,
                                       uint32_t divisor);
/* nBits and the target that they stand for; false where that is zero, negative or too large. */
bool verify_target_of(struct verify_u256 *ret_target, uint32_t bits);
uint32_t verify_target_bits(const struct verify_u256 *target);
/* 2^256 / (target + 1): how many hashes are tried for one below it. */
struct verify_u256 verify_work_of(const struct verify_u256 *target);

/* What nBits must become after a period of so many seconds that took `span` (headers.c). */
uint32_t verify_retarget(uint32_t bits, int64_t span, uint32_t period, uint32_t limit_bits);
/* Where the period is not whole, a quarter and four times the old target are the bounds. */
bool verify_retarget_in_bounds(uint32_t old_bits, uint32_t new_bits, uint32_t limit_bits);

/* ---- times (time.c)
 * ------------------------------------------------------------------------------------------ */

/* "2025-07-16" and RFC 3339 with seconds, to seconds since 1970. */
bool verify_date(int64_t *ret_time, struct sanad_bytes text);
bool verify_time(int64_t *ret_time, struct sanad_bytes text);

#endif
