/* Ed25519 by libsodium: cofactorless, and it refuses keys and R of small order, S that is
 * not reduced and keys that are not canonical. Also the module's other thin uses of
 * libsodium: random bytes and wiping. */
#include "crypto/crypto_priv.h"

#include <pthread.h>
#include <sodium.h>

_Static_assert(crypto_sign_PUBLICKEYBYTES == 32 && crypto_sign_SEEDBYTES == 32 &&
                   crypto_sign_BYTES == 64,
               "RFC 8032 sizes");

static void sodium_start(void)
{
    sanad_assert(sodium_init() >= 0);
}

void sodium_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sanad_assert(pthread_once(&once, sodium_start) == 0);
}

void ed25519_public(uint8_t ret_public[32], const uint8_t seed[32])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    sodium_ready();
    (void)crypto_sign_seed_keypair(ret_public, secret, seed); /* always 0 */
    sodium_memzero(secret, sizeof secret);
}

void ed25519_sign(uint8_t ret_signature[64], const uint8_t seed[32], struct bytes message)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t public_key[32];
    sodium_ready();
    (void)crypto_sign_seed_keypair(public_key, secret, seed); /* always 0 */
    (void)crypto_sign_detached(ret_signature, NULL, message.data, message.size, secret); /* 0 */
    sodium_memzero(secret, sizeof secret);
}

bool ed25519_verify(const uint8_t public_key[32], const uint8_t signature[64], struct bytes message)
{
    sodium_ready();
    return crypto_sign_verify_detached(signature, message.data, message.size, public_key) == 0;
}

void random_bytes(void *ret_data, size_t size)
{
    sodium_ready();
    randombytes_buf(ret_data, size);
}

void secret_wipe(void *data, size_t size)
{
    sodium_memzero(data, size);
}
