/* Benchmark: a chain of 970,000 headers hashed, checked (proof of work, exact retarget, median
 * time past) and linked with cumulative work, on one core. The network is invented: an easy
 * limit, retargets every 2,016 blocks; the headers are mined in memory first. Prints the
 * input, a checksum of the result, the median of the runs and headers a second. */
#include "support_time.h"
#include "chain/chain.h"

#include <stdlib.h>

enum { HEADERS = 970000, RUNS = 7, BATCH = 512 };

struct figures {
    double all_s[RUNS];  /* hashing in batches and adding */
    double add_s[RUNS];  /* adding with known hashes */
    double find_s[RUNS]; /* finding every header by its hash, in a scattered order */
    double back_s[RUNS]; /* a million ancestors at scattered heights */
};

static struct chain_params easy_params(void)
{
    struct chain_params params = *chain_params_get(CHAIN_REGTEST);
    params.no_retarget = false;
    params.allow_min_difficulty = false;
    params.target_timespan = chain_params_get(CHAIN_MAIN)->target_timespan;
    return params;
}

/* Times as a real chain has them: not in order, 600 s apart on average. */
static uint32_t time_of(uint32_t height)
{
    uint32_t noise = height < 32 ? 0 : height * 2654435761u >> 21; /* 0 .. 2047 */
    return 1296688602 + height * 600 + noise;
}

static uint8_t *mine_chain(const struct chain_params *params)
{
    uint8_t *raw = mem_alloc((size_t)HEADERS * HEADER_SIZE);
    struct header_tree *tree = header_tree_new(params, NULL);
    struct hash256 hash;
    for (uint32_t i = 0; i < HEADERS; i++) {
        const struct header_node *prev = header_tree_node(tree, i);
        struct header header = {.version = 4, .prev = prev->hash, .time = time_of(i + 1)};
        uint32_t index;
        uint8_t *at = raw + (size_t)i * HEADER_SIZE;
        header.bits = header_tree_next_bits(tree, i, header.time);
        do {
            header.nonce++;
            header_write(at, &header);
            header_hash(&hash, at);
        } while (!header_pow_ok(params, &hash, header.bits));
        sanad_assert(header_tree_add(tree, &index, at, &hash, NULL) == 0 && index == i + 1);
    }
    header_tree_free(tree);
    return raw;
}

static struct header_tree *read_chain(const struct chain_params *params, const uint8_t *raw)
{
    struct header_tree *tree = header_tree_new(params, NULL);
    struct hash256 hashes[BATCH];
    uint32_t index;
    for (size_t begin = 0; begin < HEADERS; begin += BATCH) {
        size_t count = HEADERS - begin < BATCH ? HEADERS - begin : BATCH;
        const uint8_t *at = raw + begin * HEADER_SIZE;
        sha256d_80(hashes, at, HEADER_SIZE, count);
        for (size_t i = 0; i < count; i++)
            sanad_assert(header_tree_add(tree, &index, at + i * HEADER_SIZE, &hashes[i], NULL) ==
                         0);
    }
    return tree;
}

static struct header_tree *add_known(const struct chain_params *params, const uint8_t *raw,
                                     const struct hash256 *hashes)
{
    struct header_tree *tree = header_tree_new(params, NULL);
    uint32_t index;
    for (size_t i = 0; i < HEADERS; i++)
        sanad_assert(header_tree_add(tree, &index, raw + i * HEADER_SIZE, &hashes[i], NULL) == 0);
    return tree;
}

static uint32_t scattered(uint32_t i)
{
    return (uint32_t)((uint64_t)(i * 2654435761u) * (HEADERS + 1) >> 32);
}

static uint64_t find_all(const struct header_tree *tree)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < HEADERS; i++)
        sum += header_tree_find(tree, &header_tree_node(tree, scattered(i))->hash);
    return sum;
}

static uint64_t ancestors(const struct header_tree *tree)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < HEADERS; i++)
        sum += header_tree_ancestor(tree, HEADERS, scattered(i));
    return sum;
}

static void print_median(const char *what, double *seconds)
{
    double median = bench_median(seconds, RUNS);
    printf("%-28s median %.3f s  best %.3f s  %.2f million/s\n", what, median, seconds[0],
           HEADERS / median * 1e-6);
}

static void print_result(const struct header_tree *tree)
{
    char hash[HEX256_SIZE];
    char work[HEX256_SIZE];
    const struct header_node *tip = header_tree_node(tree, HEADERS);
    hash256_display(hash, &tip->hash);
    u256_hex(work, &tip->work);
    printf("result: height %u, tip %.16s..., bits %08x, work %s\n", tip->height, hash, tip->bits,
           work + 40);
}

int main(void)
{
    struct chain_params params = easy_params();
    struct figures figures;
    uint64_t sum = 0;
    printf("input: %d headers of an invented network, sha256 kernel %s, %d runs\n", HEADERS,
           sha256_kernel_name(sha256_kernel_current()), RUNS);
    uint8_t *raw = mine_chain(&params);
    struct hash256 *hashes = mem_alloc(HEADERS * sizeof *hashes);
    sha256d_80(hashes, raw, HEADER_SIZE, HEADERS);
    for (int run = 0; run < RUNS; run++) {
        double begin = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        struct header_tree *tree = read_chain(&params, raw);
        figures.all_s[run] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
        if (run == 0)
            print_result(tree);
        header_tree_free(tree);
        begin = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        tree = add_known(&params, raw, hashes);
        figures.add_s[run] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
        begin = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        sum += find_all(tree);
        figures.find_s[run] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
        begin = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        sum -= ancestors(tree);
        figures.back_s[run] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
        header_tree_free(tree);
    }
    sanad_assert(sum == 0); /* on a chain without forks both give the height */
    print_median("hash, check and link", figures.all_s);
    print_median("check and link", figures.add_s);
    print_median("find by hash, scattered", figures.find_s);
    print_median("ancestor, scattered heights", figures.back_s);
    free(hashes);
    free(raw);
    return 0;
}
