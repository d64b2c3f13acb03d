/* The front to libsecp256k1: points, taproot output keys, and the signatures that the
 * simulator makes and the checks verify. What the world gives wrong is answered with
 * false; what only we can give wrong (a point that was never parsed) is asserted. */
#include "crypto/crypto_priv.h"

#include <pthread.h>
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

enum { ECDSA_DER_MAX = 72, COMPRESSED_SIZE = 33, UNCOMPRESSED_SIZE = 65 };

_Static_assert(sizeof(secp256k1_pubkey) == sizeof(struct ec_point), "ec_point holds their form");

/* Only operations on secrets need a context of their own: it is blinded with fresh
 * randomness once, and read by any number of threads after that. */
static secp256k1_context *secret_context;
static pthread_once_t secret_context_once = PTHREAD_ONCE_INIT;

static void secret_context_make(void)
{
    uint8_t seed[32];
    random_bytes(seed, sizeof seed);
    secret_context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    sanad_assert(secret_context && secp256k1_context_randomize(secret_context, seed));
    secret_wipe(seed, sizeof seed);
}

static const secp256k1_context *for_secrets(void)
{
    sanad_assert(pthread_once(&secret_context_once, secret_context_make) == 0);
    return secret_context;
}

static const secp256k1_context *for_public(void)
{
    return secp256k1_context_static;
}

static secp256k1_pubkey pubkey_of(const struct ec_point *point)
{
    secp256k1_pubkey pubkey;
    memcpy(&pubkey, point->opaque, sizeof pubkey);
    return pubkey;
}

static void point_set(struct ec_point *ret_point, const secp256k1_pubkey *pubkey)
{
    memcpy(ret_point->opaque, pubkey, sizeof *pubkey);
}

/* ---- points ---- */

/* SEC 1 also knows hybrid forms (6 and 7); Bitcoin's standard rules and ours do not. */
static bool prefix_fits(struct bytes bytes)
{
    if (bytes.size == COMPRESSED_SIZE)
        return bytes.data[0] == 2 || bytes.data[0] == 3;
    return bytes.size == UNCOMPRESSED_SIZE && bytes.data[0] == 4;
}

bool ec_point_parse(struct ec_point *ret_point, struct bytes bytes)
{
    secp256k1_pubkey pubkey;
    if (!prefix_fits(bytes) ||
        !secp256k1_ec_pubkey_parse(for_public(), &pubkey, bytes.data, bytes.size))
        return false;
    point_set(ret_point, &pubkey);
    return true;
}

bool ec_point_parse_xonly(struct ec_point *ret_point, const uint8_t x[32])
{
    uint8_t even[COMPRESSED_SIZE] = {2};
    memcpy(even + 1, x, 32);
    return ec_point_parse(ret_point, bytes_of(even, sizeof even));
}

static void point_serialize(uint8_t *ret_bytes, size_t size, const struct ec_point *point,
                            unsigned form)
{
    secp256k1_pubkey pubkey = pubkey_of(point);
    size_t written = size;
    sanad_assert(secp256k1_ec_pubkey_serialize(for_public(), ret_bytes, &written, &pubkey, form));
    sanad_assert(written == size);
}

void ec_point_compressed(uint8_t ret_bytes[33], const struct ec_point *point)
{
    point_serialize(ret_bytes, COMPRESSED_SIZE, point, SECP256K1_EC_COMPRESSED);
}

void ec_point_uncompressed(uint8_t ret_bytes[65], const struct ec_point *point)
{
    point_serialize(ret_bytes, UNCOMPRESSED_SIZE, point, SECP256K1_EC_UNCOMPRESSED);
}

bool ec_point_tweak_add(struct ec_point *point, const uint8_t scalar[32])
{
    secp256k1_pubkey pubkey = pubkey_of(point);
    if (!secp256k1_ec_pubkey_tweak_add(for_public(), &pubkey, scalar))
        return false;
    point_set(point, &pubkey);
    return true;
}

/* BIP341: Q = P + int(hash_TapTweak(P ‖ root)) G, P the even point of the internal key. */
bool ec_taproot_output(uint8_t ret_x[32], const uint8_t internal_x[32],
                       const struct hash256 *merkle_root)
{
    uint8_t committed[64];
    struct hash256 tweak;
    struct ec_point point;
    if (!ec_point_parse_xonly(&point, internal_x))
        return false;
    memcpy(committed, internal_x, 32);
    if (merkle_root)
        memcpy(committed + 32, merkle_root->b, 32);
    sha256_tagged(&tweak, "TapTweak", bytes_of(committed, merkle_root ? 64 : 32));
    if (!ec_point_tweak_add(&point, tweak.b))
        return false;
    uint8_t compressed[COMPRESSED_SIZE];
    ec_point_compressed(compressed, &point);
    memcpy(ret_x, compressed + 1, 32);
    return true;
}

/* ---- secrets ---- */

bool ec_secret_valid(const uint8_t secret[32])
{
    return secp256k1_ec_seckey_verify(for_public(), secret);
}

bool ec_secret_point(struct ec_point *ret_point, const uint8_t secret[32])
{
    secp256k1_pubkey pubkey;
    if (!secp256k1_ec_pubkey_create(for_secrets(), &pubkey, secret))
        return false;
    point_set(ret_point, &pubkey);
    return true;
}

bool ec_secret_tweak_add(uint8_t secret[32], const uint8_t scalar[32])
{
    uint8_t sum[32];
    memcpy(sum, secret, sizeof sum);
    bool fits = secp256k1_ec_seckey_tweak_add(for_public(), sum, scalar);
    if (fits)
        memcpy(secret, sum, sizeof sum);
    secret_wipe(sum, sizeof sum);
    return fits;
}

/* ---- signatures ---- */

size_t ec_sign_ecdsa(uint8_t ret_der[72], const uint8_t secret[32], const struct hash256 *message)
{
    secp256k1_ecdsa_signature signature;
    size_t size = ECDSA_DER_MAX;
    sanad_assert(secp256k1_ecdsa_sign(for_secrets(), &signature, message->b, secret, NULL, NULL));
    sanad_assert(secp256k1_ecdsa_signature_serialize_der(for_public(), ret_der, &size, &signature));
    return size;
}

void ec_sign_schnorr(uint8_t ret_signature[64], const uint8_t secret[32],
                     const struct hash256 *message)
{
    secp256k1_keypair keypair;
    sanad_assert(secp256k1_keypair_create(for_secrets(), &keypair, secret));
    /* No auxiliary randomness means 32 zero bytes in BIP340. */
    sanad_assert(
        secp256k1_schnorrsig_sign32(for_secrets(), ret_signature, message->b, &keypair, NULL));
    secret_wipe(&keypair, sizeof keypair);
}

bool ec_verify_ecdsa(const struct ec_point *point, struct bytes der, const struct hash256 *message)
{
    secp256k1_ecdsa_signature signature;
    secp256k1_pubkey pubkey = pubkey_of(point);
    if (!secp256k1_ecdsa_signature_parse_der(for_public(), &signature, der.data, der.size))
        return false;
    /* High S is refused: BIP146's rule, a policy of relay, and one form is enough for us. */
    return secp256k1_ecdsa_verify(for_public(), &signature, message->b, &pubkey);
}

bool ec_verify_schnorr(const uint8_t x[32], const uint8_t signature[64],
                       const struct hash256 *message)
{
    secp256k1_xonly_pubkey pubkey;
    return secp256k1_xonly_pubkey_parse(for_public(), &pubkey, x) &&
           secp256k1_schnorrsig_verify(for_public(), signature, message->b, 32, &pubkey);
}
