/* MuHash3072, as Bitcoin Core hashes the set of unspent coins where order must not matter: each
 * element becomes a 3072-bit number (ChaCha20 keyed with its SHA-256) and the set is their product.
 * Multiplication is OpenSSL's, in Montgomery form: each step leaves a factor of 1/R behind, which
 * is counted and taken out once, at the end. */
#include "crypto/crypto_priv.h"

#include <openssl/bn.h>
#include <sodium.h>
#include <stdlib.h>

enum { MUHASH_SIZE = 384, MUHASH_BITS = 3072, MUHASH_GAP = 1103717 };

struct muhash {
    BIGNUM *modulus;
    BIGNUM *product; /* times R^-steps */
    BIGNUM *factor;  /* scratch */
    BN_MONT_CTX *mont;
    BN_CTX *context;
    uint64_t steps;
};

/* OpenSSL fails here only where no memory is left. */
static void must(bool ok)
{
    sanad_assert(ok);
}

struct muhash *muhash_new(void)
{
    struct muhash *set = mem_zalloc(1, sizeof *set);
    sodium_ready();
    set->modulus = BN_new();
    set->product = BN_new();
    set->factor = BN_new();
    set->mont = BN_MONT_CTX_new();
    set->context = BN_CTX_new();
    must(set->modulus && set->product && set->factor && set->mont && set->context);
    must(BN_set_bit(set->modulus, MUHASH_BITS) && BN_sub_word(set->modulus, MUHASH_GAP) &&
         BN_one(set->product) && BN_MONT_CTX_set(set->mont, set->modulus, set->context));
    return set;
}

void muhash_free(struct muhash *set)
{
    if (!set)
        return;
    BN_free(set->modulus);
    BN_free(set->product);
    BN_free(set->factor);
    BN_MONT_CTX_free(set->mont);
    BN_CTX_free(set->context);
    free(set);
}

static void product_times(struct muhash *set, const BIGNUM *factor)
{
    must(BN_mod_mul_montgomery(set->product, set->product, factor, set->mont, set->context));
    set->steps++;
}

void muhash_add(struct muhash *set, struct bytes element)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
    struct hash256 key;
    uint8_t bytes[MUHASH_SIZE];
    sha256_of(&key, element);
    (void)crypto_stream_chacha20(bytes, sizeof bytes, nonce, key.b); /* always 0 */
    must(BN_lebin2bn(bytes, sizeof bytes, set->factor));
    /* The one number in 2^3052 that is not below the modulus: Montgomery's form asks for it. */
    if (BN_cmp(set->factor, set->modulus) >= 0)
        must(BN_sub(set->factor, set->factor, set->modulus));
    product_times(set, set->factor);
}

/* product * R^steps: each step of Montgomery's multiplication divides by R. */
static BIGNUM *product_plain(const struct muhash *set)
{
    BIGNUM *r = BN_new();
    BIGNUM *steps = BN_new();
    BN_CTX *context = BN_CTX_new();
    must(r && steps && context);
    must(BN_set_bit(r, MUHASH_BITS) && BN_mod(r, r, set->modulus, context));
    must(BN_set_word(steps, set->steps));
    must(BN_mod_exp(r, r, steps, set->modulus, context));
    must(BN_mod_mul(r, r, set->product, set->modulus, context));
    BN_free(steps);
    BN_CTX_free(context);
    return r;
}

void muhash_merge(struct muhash *set, const struct muhash *other)
{
    BIGNUM *plain = product_plain(other);
    product_times(set, plain);
    BN_free(plain);
}

void muhash_digest(struct hash256 *ret_digest, const struct muhash *set)
{
    uint8_t bytes[MUHASH_SIZE];
    BIGNUM *plain = product_plain(set);
    must(BN_bn2lebinpad(plain, bytes, sizeof bytes) == MUHASH_SIZE);
    sha256_of(ret_digest, bytes_of(bytes, sizeof bytes));
    BN_free(plain);
}
