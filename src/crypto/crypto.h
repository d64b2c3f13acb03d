/* crypto: SHA-256 with runtime dispatch, the hashes built on it, merkle roots, and thin
 * fronts to OpenSSL, libsodium and libsecp256k1. No I/O. */
#ifndef SANAD_CRYPTO_H
#define SANAD_CRYPTO_H

#include "base/base.h"

/* ---- SHA-256 (FIPS 180-4), ours because speed there is what the project exists for ---- */

struct sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
};
void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, struct bytes bytes);
void sha256_final(struct hash256 *ret_digest, struct sha256 *hash);
void sha256_of(struct hash256 *ret_digest, struct bytes bytes);
/* SHA256(SHA256(bytes)): Bitcoin's hash. */
void sha256d_of(struct hash256 *ret_digest, struct bytes bytes);
/* BIP340 tagged hash: SHA256(SHA256(tag) ‖ SHA256(tag) ‖ bytes). */
void sha256_tagged(struct hash256 *ret_digest, const char *tag, struct bytes bytes);

/* count independent double hashes of 64-byte inputs (merkle nodes): digest i of
 * in[64*i..64*i+64). `out` may be `in`. */
void sha256d_64(uint8_t *out, const uint8_t *in, size_t count);
/* count double hashes of 80-byte headers that stand `stride` bytes apart. */
void sha256d_80(struct hash256 *out, const uint8_t *in, size_t stride, size_t count);
/* Many double hashes of messages of any size: lanes are kept full by bucketing small
 * messages by block count and running big ones longest-first with lane refill. Best with
 * thousands of messages at once that still lie in the cache; any number of threads; no
 * allocation. No digest may lie inside a message. */
struct sha256_job {
    const uint8_t *data;
    size_t size;
    struct hash256 *ret_digest;
};
void sha256d_many(struct sha256_job *jobs, size_t count);
void sha256_many(struct sha256_job *jobs, size_t count); /* the same, hashed once */

/* The kernels of this build and whether this machine can run them. The tests run all. */
enum sha256_kernel { SHA256_PORTABLE, SHA256_SHANI, SHA256_KERNEL_COUNT };
const char *sha256_kernel_name(enum sha256_kernel kernel);
bool sha256_kernel_runs(enum sha256_kernel kernel);
/* Chosen once at first use: the best that runs, or the one named by the environment
 * variable SANAD_SHA256 ("portable", "shani"); a name that is unknown or does not run here
 * changes nothing. Tests may set another before threads start. */
enum sha256_kernel sha256_kernel_current(void);
void sha256_kernel_set(enum sha256_kernel kernel);

/* ---- other hashes ---------------------------------------------------------------------- */

struct hash160 {
    uint8_t b[20];
};
void ripemd160_of(struct hash160 *ret_digest, struct bytes bytes);
void hash160_of(struct hash160 *ret_digest, struct bytes bytes); /* RIPEMD160(SHA256()) */
/* SHA-1 (FIPS 180-4), for old timestamps: two different messages with one digest are known. */
void sha1_of(struct hash160 *ret_digest, struct bytes bytes);
/* The thread's context holds the key until the next call or the thread's end. */
void hmac_sha512(uint8_t ret_mac[64], struct bytes key, struct bytes message);

/* ---- MuHash3072 (Bitcoin Core's hash of a set: a product modulo 2^3072 - 1103717) -------- */

/* The order of what is added does not matter, so that many threads may each keep one. */
struct muhash;
struct muhash *muhash_new(void);
void muhash_free(struct muhash *set);
void muhash_add(struct muhash *set, struct bytes element);
void muhash_merge(struct muhash *set, const struct muhash *other);
/* SHA-256 of the product's 384 bytes, little-endian; the set may go on growing. */
void muhash_digest(struct hash256 *ret_digest, const struct muhash *set);

/* ---- merkle ---------------------------------------------------------------------------- */

/* Bitcoin's merkle root of `count` >= 1 hashes; the array is overwritten. *ret_mutated:
 * two equal hashes stood side by side where one would be duplicated or a full pair
 * repeated (CVE-2012-2459): such a block is refused. */
void merkle_root(struct hash256 *ret_root, bool *ret_mutated, struct hash256 *hashes, size_t count);
/* The way from hash `index` up to that root: at each level its sibling, and whether it stands
 * before it (the last of an odd level is its own sibling). The array is overwritten. */
enum { MERKLE_BRANCH_MAX = 32 };
struct merkle_branch {
    struct hash256 siblings[MERKLE_BRANCH_MAX];
    bool left[MERKLE_BRANCH_MAX];
    size_t count;
};
void merkle_branch(struct merkle_branch *ret_branch, struct hash256 *hashes, size_t count,
                   size_t index);

/* ---- secp256k1 front ------------------------------------------------------------------- */

/* A public key, parsed and on the curve. */
struct ec_point {
    uint8_t opaque[64]; /* libsecp256k1's form */
};
/* 33 or 65 bytes (not hybrid). */
bool ec_point_parse(struct ec_point *ret_point, struct bytes bytes);
/* BIP340: x only, the even point. */
bool ec_point_parse_xonly(struct ec_point *ret_point, const uint8_t x[32]);
void ec_point_compressed(uint8_t ret_bytes[33], const struct ec_point *point);
void ec_point_uncompressed(uint8_t ret_bytes[65], const struct ec_point *point);
/* point + scalar*G; false where the scalar is out of range or the sum is infinite. */
bool ec_point_tweak_add(struct ec_point *point, const uint8_t scalar[32]);
/* BIP341: output key of an internal key with a merkle root (NULL: none, key path only). */
bool ec_taproot_output(uint8_t ret_x[32], const uint8_t internal_x[32],
                       const struct hash256 *merkle_root);

/* Private keys: only the simulator signs transactions. */
bool ec_secret_valid(const uint8_t secret[32]);
bool ec_secret_point(struct ec_point *ret_point, const uint8_t secret[32]);
bool ec_secret_tweak_add(uint8_t secret[32], const uint8_t scalar[32]);
/* DER, low S, RFC 6979: at most 72 bytes; returns the size. */
size_t ec_sign_ecdsa(uint8_t ret_der[72], const uint8_t secret[32], const struct hash256 *message);
/* BIP340 without auxiliary randomness (deterministic). `secret` is already tweaked. */
void ec_sign_schnorr(uint8_t ret_signature[64], const uint8_t secret[32],
                     const struct hash256 *message);
bool ec_verify_ecdsa(const struct ec_point *point, struct bytes der, const struct hash256 *message);
bool ec_verify_schnorr(const uint8_t x[32], const uint8_t signature[64],
                       const struct hash256 *message);

/* ---- Ed25519 (RFC 8032; libsodium: cofactorless, small order and non-canonical refused) -- */

void ed25519_public(uint8_t ret_public[32], const uint8_t seed[32]);
void ed25519_sign(uint8_t ret_signature[64], const uint8_t seed[32], struct bytes message);
bool ed25519_verify(const uint8_t public_key[32], const uint8_t signature[64],
                    struct bytes message);

/* ---- keys at rest (libsodium) ----------------------------------------------------------- */

/* Sealed form: "SK1" ‖ opslimit u32 LE ‖ memlimit_kib u32 LE ‖ salt 16 ‖ nonce 24 ‖ box;
 * Argon2id of the passphrase, XSalsa20-Poly1305. A secret has at most 64 KiB, a passphrase
 * 1 to 1024 bytes: all else is REFUSED. */
enum secret_cost { SECRET_COST_INTERACTIVE, SECRET_COST_SENSITIVE };
int secret_seal(struct buf *buf, struct bytes secret, const char *passphrase, enum secret_cost cost,
                struct err *err);
/* FALSE where the passphrase is wrong or the bytes were changed; REFUSED where they have
 * not this form or ask for more than 1 GiB. */
int secret_open(struct buf *buf, struct bytes sealed, const char *passphrase, struct err *err);
void random_bytes(void *ret_data, size_t size);
void secret_wipe(void *data, size_t size);

#endif
