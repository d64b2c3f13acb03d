/* Expansion of descriptors: 1,000 indexes of two branches, as a book does it, beside the bare
 * arithmetic that no wallet can do without: HMAC-SHA512 and libsecp256k1's tweak-add of the
 * same children. Prints a checksum of all scripts, the median of five runs and the ratio;
 * fails where the two ways give different keys. Then how fast texts are read. */
#include "support_time.h"
#include "chain/chain.h"

#include <secp256k1.h>
#include <stdlib.h>

/* Keys of the vectors of BIP32. */
#define XPUB                                                                                       \
    "xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRja" \
    "D"                                                                                            \
    "MzQLcgJvLJuZZvRcEL"
#define XPUB_2                                                                                     \
    "xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPP" \
    "L"                                                                                            \
    "PxSb7gwQN3ih19Zm4Y"

enum { RUN_COUNT = 5, INDEX_COUNT = 1000, BRANCH_COUNT = 2, CHILD_COUNT = 2000, TEXT_COUNT = 2000 };

static const struct {
    const char *text;
    unsigned additions; /* of points, a script: one a child key, one a taproot output key */
} cases[] = {
    {"wpkh(" XPUB "/<0;1>/*)", 1},
    {"pkh(" XPUB "/<0;1>/*)", 1},
    {"sh(wpkh(" XPUB "/<0;1>/*))", 1},
    {"tr(" XPUB "/<0;1>/*)", 2},
    {"wsh(sortedmulti(2," XPUB "/<0;1>/*," XPUB_2 "/<0;1>/*))", 2},
    {"tr(" XPUB "/<0;1>/*,{pk(" XPUB_2 "/<0;1>/*),pk(" XPUB_2 "/<2;3>/*)})", 4},
};

/* ---- the anchor ---- */

struct bare {
    struct ext_key parents[BRANCH_COUNT];
    uint8_t keys[CHILD_COUNT][33];
};

static void bare_prepare(struct bare *bare)
{
    struct ext_key root;
    int code = ext_key_parse(&root, chain_params_get(CHAIN_MAIN), XPUB, NULL);
    sanad_assert(code == 0);
    for (uint32_t branch = 0; branch < BRANCH_COUNT; branch++) {
        bool ok = ext_key_child(&bare->parents[branch], &root, branch);
        sanad_assert(ok);
    }
}

/* Only what the child key needs, with the library's own calls. */
static void bare_run(struct bare *bare)
{
    for (uint32_t i = 0; i < CHILD_COUNT; i++) {
        const struct ext_key *parent = &bare->parents[i / INDEX_COUNT];
        uint8_t message[37];
        uint8_t mac[64];
        secp256k1_pubkey point;
        size_t size = 33;
        uint32_t index = __builtin_bswap32(i % INDEX_COUNT);
        memcpy(message, parent->public_key, 33);
        memcpy(message + 33, &index, 4);
        memcpy(&point, parent->point.opaque, sizeof point);
        hmac_sha512(mac, bytes_of(parent->chain_code, 32), bytes_of(message, sizeof message));
        int ok = secp256k1_ec_pubkey_tweak_add(secp256k1_context_static, &point, mac);
        sanad_assert(ok);
        ok = secp256k1_ec_pubkey_serialize(secp256k1_context_static, bare->keys[i], &size, &point,
                                           SECP256K1_EC_COMPRESSED);
        sanad_assert(ok);
    }
}

/* ---- ours ---- */

static void expand(struct buf *scripts, const struct descriptor *descriptor)
{
    buf_reset(scripts);
    for (uint32_t branch = 0; branch < BRANCH_COUNT; branch++)
        for (uint32_t index = 0; index < INDEX_COUNT; index++) {
            bool ok = descriptor_script(scripts, descriptor, branch, index, 0);
            sanad_assert(ok);
        }
}

/* The scripts of wpkh() are the hashes of the anchor's keys. */
static void expect_same_keys(const struct buf *scripts, const struct bare *bare)
{
    struct hash160 hash;
    for (size_t i = 0; i < CHILD_COUNT; i++) {
        hash160_of(&hash, bytes_of(bare->keys[i], 33));
        if (memcmp(scripts->data + i * 22 + 2, hash.b, sizeof hash.b) != 0) {
            printf("FAILED: key %zu differs from the anchor's\n", i);
            exit(1);
        }
    }
}

static void report(const char *text, const struct buf *scripts, double seconds, double ratio)
{
    struct hash256 all;
    char checksum[HEX256_SIZE];
    sha256_of(&all, buf_bytes(scripts));
    hash256_straight(checksum, &all);
    printf("  %-26.26s %7.2f us a script  checksum %.16s  %4.2f x bare\n", text,
           1e6 * seconds / CHILD_COUNT, checksum, ratio);
}

/* Anchor and ours take turns, so that both meet the same machine. */
static void bench_case(size_t which, struct bare *bare)
{
    double ours[RUN_COUNT];
    double anchor[RUN_COUNT];
    struct descriptor *descriptor;
    struct buf scripts = buf_with_max(1 << 20);
    int code = descriptor_parse(&descriptor, chain_params_get(CHAIN_MAIN), cases[which].text, NULL);
    sanad_assert(code == 0);
    expand(&scripts, descriptor);
    for (size_t run = 0; run < RUN_COUNT; run++) {
        double began = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        bare_run(bare);
        anchor[run] = bench_seconds(CLOCK_THREAD_CPUTIME_ID) - began;
        began = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        expand(&scripts, descriptor);
        ours[run] = bench_seconds(CLOCK_THREAD_CPUTIME_ID) - began;
    }
    if (which == 0)
        expect_same_keys(&scripts, bare);
    double bare_seconds = bench_median(anchor, RUN_COUNT);
    double seconds = bench_median(ours, RUN_COUNT);
    report(cases[which].text, &scripts, seconds,
           seconds / (bare_seconds * (double)cases[which].additions));
    if (which == 0)
        printf("  %-26s %7.2f us a key\n", "bare HMAC and tweak-add",
               1e6 * bare_seconds / CHILD_COUNT);
    descriptor_free(descriptor);
    buf_free(&scripts);
}

static void bench_text(const char *text)
{
    double runs[RUN_COUNT];
    for (size_t run = 0; run < RUN_COUNT; run++) {
        double began = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        for (size_t i = 0; i < TEXT_COUNT; i++) {
            struct descriptor *descriptor;
            int code = descriptor_parse(&descriptor, chain_params_get(CHAIN_MAIN), text, NULL);
            sanad_assert(code == 0);
            descriptor_free(descriptor);
        }
        runs[run] = bench_seconds(CLOCK_THREAD_CPUTIME_ID) - began;
    }
    printf("  %-26.26s %7.2f us a text\n", text, 1e6 * bench_median(runs, RUN_COUNT) / TEXT_COUNT);
}

int main(void)
{
    static struct bare bare;
    bare_prepare(&bare);
    printf("descriptors: %d indexes x %d branches, CPU time, median of %d runs; the ratio is\n"
           "to as many bare derivations as the script needs points added\n",
           INDEX_COUNT, BRANCH_COUNT, RUN_COUNT);
    for (size_t i = 0; i < countof(cases); i++)
        bench_case(i, &bare);
    printf("texts read\n");
    bench_text("addr(32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo)");
    bench_text("addr(bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu)");
    bench_text("pk(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)");
    bench_text("wpkh(" XPUB "/<0;1>/*)");
    return 0;
}
