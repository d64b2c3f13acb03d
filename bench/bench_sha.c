/* SHA-256: every kernel on one long message, then as many streams as messages, merkle
 * nodes, headers and batches of transactions, each beside OpenSSL EVP (fetched once) on the same
 * input. Prints the input, a checksum of all digests, the median of five runs and the ratio to
 * OpenSSL; fails where two ways to one result differ. */
#include "support_time.h"
#include "crypto/crypto.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum {
    RUN_COUNT = 5,
    RUN_MS = 100,
    BLOCK_SIZE = 64,
    LONG_SIZE = 65536, /* four of them fit the L2 cache */
    NODE_COUNT = 4096,
    HEADER_COUNT = 4096,
    BATCH_COUNT = 10000, /* four blocks of 2,500 transactions */
};

static volatile unsigned char sink; /* no digest may be optimised away */

struct input {
    uint8_t *data;
    struct sha256_job *jobs;
    struct hash256 *digests;
    struct hash256 *leaves;
    size_t count;
    size_t bytes;
    size_t compressions; /* of both hashes together, padding included */
};

/* Of this thread, so that other programs disturb less. */
/* Median seconds of one call. */
static double measure(void (*work)(struct input *), struct input *input)
{
    double runs[RUN_COUNT];
    work(input); /* warm */
    for (unsigned run = 0; run < RUN_COUNT; run++) {
        double began = bench_seconds(CLOCK_THREAD_CPUTIME_ID), now;
        unsigned calls = 0;
        do {
            work(input);
            sink = input->digests[calls % input->count].b[0];
            calls++;
            now = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        } while ((now - began) * 1000 < RUN_MS);
        runs[run] = (now - began) / calls;
    }
    return bench_median(runs, RUN_COUNT);
}

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void checksum(char ret_text[HEX256_SIZE], const struct input *input)
{
    struct hash256 all;
    sha256_of(&all, bytes_of(input->digests, input->count * sizeof *input->digests));
    hash256_straight(ret_text, &all);
    ret_text[16] = 0;
}

/* One line; `openssl` is the anchor's seconds, or 0 where this is the anchor. */
static void report(const char *name, const struct input *input, double seconds, double openssl)
{
    char text[HEX256_SIZE];
    checksum(text, input);
    printf("  %-30s %7.1f M/s %6.2f GB/s  checksum %s", name,
           1e-6 * (double)input->compressions / seconds, 1e-9 * (double)input->bytes / seconds,
           text);
    if (openssl > 0)
        printf("  %5.2f x OpenSSL", openssl / seconds);
    printf("\n");
}

static void expect_digests(const struct input *input, const struct hash256 *expected)
{
    if (memcmp(input->digests, expected, input->count * sizeof *expected) != 0) {
        printf("FAILED: digests differ from OpenSSL's\n");
        exit(1);
    }
}

static struct hash256 *digests_copy(const struct input *input)
{
    struct hash256 *copy = mem_zalloc(input->count, sizeof *copy);
    memcpy(copy, input->digests, input->count * sizeof *copy);
    return copy;
}

/* ---- OpenSSL ---- */

static EVP_MD *evp_sha256;
static EVP_MD_CTX *evp_context;

static void evp_hash(uint8_t *ret_digest, const void *data, size_t size)
{
    sanad_assert(EVP_DigestInit_ex2(evp_context, evp_sha256, NULL) &&
                 EVP_DigestUpdate(evp_context, data, size) &&
                 EVP_DigestFinal_ex(evp_context, ret_digest, NULL));
}

static void evp_jobs(struct input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        uint8_t inner[32];
        evp_hash(inner, input->jobs[i].data, input->jobs[i].size);
        evp_hash(input->jobs[i].ret_digest->b, inner, sizeof inner);
    }
}

static void evp_long(struct input *input)
{
    for (size_t i = 0; i < input->count; i++)
        evp_hash(input->digests[i].b, input->jobs[i].data, input->jobs[i].size);
}

/* ---- ours ---- */

static void ours_long(struct input *input)
{
    for (size_t i = 0; i < input->count; i++)
        sha256_of(&input->digests[i], bytes_of(input->jobs[i].data, input->jobs[i].size));
}

static void ours_one_by_one(struct input *input)
{
    for (size_t i = 0; i < input->count; i++)
        sha256d_of(input->jobs[i].ret_digest, bytes_of(input->jobs[i].data, input->jobs[i].size));
}

static void ours_nodes(struct input *input)
{
    sha256d_64(input->digests->b, input->data, input->count);
}

static void ours_headers(struct input *input)
{
    sha256d_80(input->digests, input->data, 80, input->count);
}

static void ours_many(struct input *input)
{
    sha256d_many(input->jobs, input->count);
}

/* What the scan does with each of four blocks: txids, then the root. */
static void ours_many_and_roots(struct input *input)
{
    sha256d_many(input->jobs, input->count);
    size_t leaves = input->count / 4;
    for (size_t block = 0; block < 4; block++) {
        struct hash256 root;
        bool mutated;
        memcpy(input->leaves, input->digests + block * leaves, leaves * sizeof *input->leaves);
        merkle_root(&root, &mutated, input->leaves, leaves);
        sink = root.b[0];
    }
}

/* ---- inputs ---- */

static size_t padded_blocks(size_t size)
{
    return (size + 8) / BLOCK_SIZE + 1;
}

static struct input input_new(const size_t *sizes, size_t count)
{
    struct input input = {.jobs = mem_zalloc(count, sizeof *input.jobs),
                          .digests = mem_zalloc(count, sizeof *input.digests),
                          .leaves = mem_zalloc(count, sizeof *input.leaves),
                          .count = count};
    uint64_t seed = 1;
    for (size_t i = 0; i < count; i++) {
        input.bytes += sizes[i];
        input.compressions += padded_blocks(sizes[i]) + 1;
    }
    input.data = mem_alloc(input.bytes);
    for (size_t i = 0; i < input.bytes; i++)
        input.data[i] = (uint8_t)next(&seed);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        input.jobs[i] = (struct sha256_job){input.data + at, sizes[i], &input.digests[i]};
        at += sizes[i];
    }
    return input;
}

static struct input input_uniform(size_t size, size_t count)
{
    size_t *sizes = mem_zalloc(count, sizeof *sizes);
    for (size_t i = 0; i < count; i++)
        sizes[i] = size;
    struct input input = input_new(sizes, count);
    free(sizes);
    return input;
}

static void input_free(struct input *input)
{
    free(input->data);
    free(input->jobs);
    free(input->digests);
    free(input->leaves);
}

/* Sizes of transactions without witness: quantiles at the shares below of all in some
 * blocks of mainnet, straight lines between. */
struct mix {
    const char *name;
    unsigned bytes[20];
};
static const unsigned share_per_1000[20] = {0,   50,  100, 200, 300, 400, 500, 600, 700, 800,
                                            850, 900, 950, 970, 980, 990, 995, 998, 999, 1000};
static const struct mix mixes[] = {
    {"like blocks 830000 and 831328 to 831335",
     {82,  82,  83,  94,  94,   113,  116,  137,   155,   193,
      223, 337, 519, 854, 1082, 2876, 6680, 10503, 14792, 61543}},
    {"like seven blocks of 403200 to 482683, hardly any segwit",
     {178, 192, 223, 225,  225,  226,  226,   257,   369,   374,
      508, 667, 965, 1685, 3584, 9957, 15823, 33858, 52741, 75321}},
};

static size_t mix_size(const struct mix *mix, uint64_t *seed)
{
    unsigned per_1000 = (unsigned)(next(seed) % 1000);
    unsigned i = 0;
    while (share_per_1000[i + 1] <= per_1000)
        i++;
    size_t from = mix->bytes[i];
    return from + next(seed) % (mix->bytes[i + 1] - from + 1);
}

static struct input input_transactions(const struct mix *mix)
{
    size_t *sizes = mem_zalloc(BATCH_COUNT, sizeof *sizes);
    uint64_t seed = 20250716;
    for (size_t i = 0; i < BATCH_COUNT; i++)
        sizes[i] = mix_size(mix, &seed);
    struct input input = input_new(sizes, BATCH_COUNT);
    free(sizes);
    return input;
}

/* ---- the parts ---- */

static void bench_long(void)
{
    struct input input = input_uniform(LONG_SIZE, 1);
    input.compressions = LONG_SIZE / BLOCK_SIZE + 1;
    printf("1 message of %d bytes, hashed once\n", LONG_SIZE);
    double openssl = measure(evp_long, &input);
    report("OpenSSL EVP", &input, openssl, 0);
    struct hash256 *expected = digests_copy(&input);
    enum sha256_kernel before = sha256_kernel_current();
    for (int i = 0; i < SHA256_KERNEL_COUNT; i++) {
        if (!sha256_kernel_runs((enum sha256_kernel)i))
            continue;
        sha256_kernel_set((enum sha256_kernel)i);
        double seconds = measure(ours_long, &input);
        expect_digests(&input, expected);
        report(sha256_kernel_name((enum sha256_kernel)i), &input, seconds, openssl);
    }
    sha256_kernel_set(before);
    free(expected);
    input_free(&input);
}

static void bench_uniform(const char *what, void (*work)(struct input *), size_t size, size_t count)
{
    struct input input = input_uniform(size, count);
    printf("%zu %s of %zu bytes, hashed twice\n", count, what, size);
    double openssl = measure(evp_jobs, &input);
    report("OpenSSL EVP", &input, openssl, 0);
    struct hash256 *expected = digests_copy(&input);
    double seconds = measure(work, &input);
    expect_digests(&input, expected);
    report(sha256_kernel_name(sha256_kernel_current()), &input, seconds, openssl);
    free(expected);
    input_free(&input);
}

static void bench_transactions(const struct mix *mix)
{
    struct input input = input_transactions(mix);
    size_t tail_bytes = 0;
    for (size_t i = 0; i < input.count; i++)
        tail_bytes += input.jobs[i].size > 2400 ? input.jobs[i].size : 0;
    printf("%zu transactions %s: mean %zu bytes, %zu%% of the bytes in those over 2.4 kB\n",
           input.count, mix->name, input.bytes / input.count, 100 * tail_bytes / input.bytes);
    double openssl = measure(evp_jobs, &input);
    report("OpenSSL EVP", &input, openssl, 0);
    struct hash256 *expected = digests_copy(&input);
    report("one by one", &input, measure(ours_one_by_one, &input), openssl);
    expect_digests(&input, expected);
    report("sha256d_many", &input, measure(ours_many, &input), openssl);
    expect_digests(&input, expected);
    input.compressions += 3 * (input.count - 4);
    report("sha256d_many + merkle roots", &input, measure(ours_many_and_roots, &input), openssl);
    expect_digests(&input, expected);
    free(expected);
    input_free(&input);
}

int main(void)
{
    evp_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    evp_context = EVP_MD_CTX_new();
    sanad_assert(evp_sha256 && evp_context);
    printf("M/s: million compressions a second, padding and second hash counted; GB/s: bytes of\n"
           "messages; processor time of one thread, median of %d runs of %d ms\n",
           RUN_COUNT, RUN_MS);
    bench_long();
    /* As many streams as messages. */
    bench_uniform("message", ours_many, LONG_SIZE, 1);
    bench_uniform("messages", ours_many, LONG_SIZE, 2);
    bench_uniform("messages", ours_many, LONG_SIZE, 4);
    bench_uniform("merkle nodes", ours_nodes, 64, NODE_COUNT);
    bench_uniform("headers", ours_headers, 80, HEADER_COUNT);
    for (size_t i = 0; i < countof(mixes); i++)
        bench_transactions(&mixes[i]);
    EVP_MD_CTX_free(evp_context);
    EVP_MD_free(evp_sha256);
    return 0;
}
