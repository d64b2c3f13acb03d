/* RIPEMD-160, SHA-1, HASH160 and HMAC-SHA512 by OpenSSL. Fetching an algorithm costs more than
 * hashing with it, so each is fetched once, and each thread keeps its contexts. */
#include "crypto/crypto_priv.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_once_t hashes_once = PTHREAD_ONCE_INIT;
static pthread_key_t hashes_key; /* struct thread_hashes of each thread */
static EVP_MD *ripemd160;
static EVP_MD *sha1;
static EVP_MAC *hmac;

struct thread_hashes {
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *hmac_sha512;
};

static void thread_hashes_free(void *data)
{
    struct thread_hashes *hashes = data;
    EVP_MD_CTX_free(hashes->digest);
    EVP_MAC_CTX_free(hashes->hmac_sha512);
    free(hashes);
}

static void hashes_fetch(void)
{
    sanad_assert(pthread_key_create(&hashes_key, thread_hashes_free) == 0);
    ripemd160 = EVP_MD_fetch(NULL, "RIPEMD160", NULL);
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    sanad_assert(ripemd160 && sha1 && hmac); /* all are in OpenSSL's default provider since 3.0.7 */
}

static struct thread_hashes *thread_hashes_new(void)
{
    char digest[] = "SHA512"; /* OpenSSL takes it unqualified */
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    struct thread_hashes *hashes = mem_zalloc(1, sizeof *hashes);
    hashes->digest = EVP_MD_CTX_new();
    hashes->hmac_sha512 = EVP_MAC_CTX_new(hmac);
    sanad_assert(hashes->digest && hashes->hmac_sha512);
    sanad_assert(EVP_MAC_CTX_set_params(hashes->hmac_sha512, params));
    return hashes;
}

static struct thread_hashes *thread_hashes(void)
{
    sanad_assert(pthread_once(&hashes_once, hashes_fetch) == 0);
    struct thread_hashes *hashes = pthread_getspecific(hashes_key);
    if (!hashes) {
        hashes = thread_hashes_new();
        sanad_assert(pthread_setspecific(hashes_key, hashes) == 0);
    }
    return hashes;
}

/* The algorithm is only there once the thread has its contexts. */
static void digest_of(struct hash160 *ret_digest, EVP_MD *const *algorithm, struct bytes bytes)
{
    EVP_MD_CTX *context = thread_hashes()->digest;
    unsigned size = 0;
    sanad_assert(EVP_DigestInit_ex2(context, *algorithm, NULL));
    sanad_assert(EVP_DigestUpdate(context, bytes.data, bytes.size));
    sanad_assert(EVP_DigestFinal_ex(context, ret_digest->b, &size));
    sanad_assert(size == sizeof ret_digest->b);
}

void ripemd160_of(struct hash160 *ret_digest, struct bytes bytes)
{
    digest_of(ret_digest, &ripemd160, bytes);
}

void sha1_of(struct hash160 *ret_digest, struct bytes bytes)
{
    digest_of(ret_digest, &sha1, bytes);
}

void hash160_of(struct hash160 *ret_digest, struct bytes bytes)
{
    struct hash256 inner;
    sha256_of(&inner, bytes);
    ripemd160_of(ret_digest, bytes_of(inner.b, sizeof inner.b));
}

void hmac_sha512(uint8_t ret_mac[64], struct bytes key, struct bytes message)
{
    EVP_MAC_CTX *context = thread_hashes()->hmac_sha512;
    static const uint8_t empty[1]; /* a NULL key would mean: the key of the last call */
    size_t size = 0;
    sanad_assert(EVP_MAC_init(context, key.size ? key.data : empty, key.size, NULL));
    sanad_assert(EVP_MAC_update(context, message.data, message.size));
    sanad_assert(EVP_MAC_final(context, ret_mac, &size, 64));
    sanad_assert(size == 64);
}
