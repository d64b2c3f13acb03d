/* Benchmark: compact block filters. Filters of 1/10 of a chain as long as today's main chain
 * (argument: another part, 1 for all of it, some 12.5 GB) are made first, with as many elements as
 * that chain's blocks had over the years; blocks and elements are invented. Then (a) decoded and
 * matched in memory on one core, (b) kept in a store, and the store matched as a late wallet
 * does, each filter held against its hash and header, on one and two threads. Prints the input, a
 * checksum, the median of the runs, and what the whole chain would take. TMPDIR must hold the
 * store; files are in the page cache. */
#include "support_time.h"
#include "chain/chain.h"
#include "filters/filters.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    CHAIN_BLOCKS = 970000,
    RUNS = 5,
    DISTINCT = 4096, /* filters; each stands for many blocks, under other hashes */
    SCRIPTS = 1000,
    MEMORY_COUNT = 16384
};

struct input {
    uint32_t blocks; /* of the part */
    struct header_tree *tree;
    struct buf filters[DISTINCT];
    uint64_t elements[DISTINCT];
    uint8_t script_bytes[SCRIPTS][34];
    struct bytes scripts[SCRIPTS];
    uint64_t random;
    char folder[PATH_SIZE];
};

static void must(int code, const struct err *err)
{
    if (code < 0) {
        (void)fprintf(stderr, "bench_filter: %s\n", err->text);
        exit(4);
    }
}

static uint64_t random_next(struct input *input)
{
    input->random ^= input->random << 13;
    input->random ^= input->random >> 7;
    input->random ^= input->random << 17;
    return input->random * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- the input ------------------------------------------------------------------------------ */

/* Elements of a block by its part of the chain, in 1/64: few in the first years, then about
 * 6,500 with a wide spread. */
static uint64_t elements_of(struct input *input, uint32_t part)
{
    uint64_t most = part < 10 ? 6 : part < 20 ? 1200 : part < 30 ? 6800 : part < 40 ? 9900 : 12200;
    return 2 + random_next(input) % (most + most / 3);
}

static void filters_make(struct input *input)
{
    struct filter_items items = {.count = 0};
    struct hash256 hash = {{0}};
    for (uint32_t i = 0; i < DISTINCT; i++) {
        uint64_t count = elements_of(input, i / (DISTINCT / 64));
        input->filters[i] = buf_with_max(FILTER_SIZE_MAX);
        filter_items_begin(&items, &hash);
        for (uint64_t n = 0; n < count; n++) {
            filter_items_add_prevout(&items, bytes_of("x", 1));
            items.hashes[n] = random_next(input);
        }
        filter_items_write(&input->filters[i], &items);
        input->elements[i] = items.count;
    }
    filter_items_free(&items);
}

static void scripts_make(struct input *input)
{
    static const size_t SIZES[] = {22, 34, 25, 23};
    for (size_t i = 0; i < SCRIPTS; i++) {
        for (size_t n = 0; n < sizeof input->script_bytes[i]; n++)
            input->script_bytes[i][n] = (uint8_t)(random_next(input) >> 56);
        input->scripts[i] = bytes_of(input->script_bytes[i], SIZES[i % countof(SIZES)]);
    }
}

static void tree_make(struct input *input)
{
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    struct hash256 hash;
    struct err err;
    input->tree = header_tree_new(params, NULL);
    for (uint32_t i = 1; i < input->blocks; i++) {
        const struct header_node *prev = header_tree_node(input->tree, i - 1);
        struct header header = {
            .version = 4, .prev = prev->hash, .time = prev->time + 600, .bits = prev->bits};
        uint8_t raw[HEADER_SIZE];
        uint32_t index;
        do {
            header.nonce++;
            header_write(raw, &header);
            header_hash(&hash, raw);
        } while (!header_pow_ok(params, &hash, header.bits));
        must(header_tree_add(input->tree, &index, raw, &hash, &err), &err);
    }
}

/* The filter of a block: by its place in the chain. */
static uint32_t filter_of(const struct input *input, uint32_t height)
{
    uint64_t part = (uint64_t)height * 64 / input->blocks;
    return (uint32_t)(part * (DISTINCT / 64) + height % (DISTINCT / 64));
}

static void store_make(struct input *input, struct filters *filters)
{
    struct err err;
    struct filter_entry entry = {.height = 0};
    for (uint32_t i = 0; i < input->blocks; i++) {
        struct bytes filter = buf_bytes(&input->filters[filter_of(input, i)]);
        entry.block_hash = header_tree_node(input->tree, i)->hash;
        entry.height = i;
        entry.prev_header = entry.header;
        filter_entry_hash(&entry, filter);
        must(filters_add_hashed(filters, &entry, filter, &err), &err);
    }
    must(filters_commit(filters, &err), &err);
}

/* ---- what is measured ----------------------------------------------------------------------- */

static void bench_memory(struct input *input)
{
    struct filter_targets *targets = filter_targets_new(input->scripts, SCRIPTS);
    struct filter_matcher *matcher = filter_matcher_new(targets);
    struct filter_job *jobs = mem_zalloc(MEMORY_COUNT, sizeof *jobs);
    double seconds[RUNS];
    uint64_t bytes = 0, elements = 0, matched = 0;
    for (uint32_t i = 0; i < MEMORY_COUNT; i++) {
        uint32_t which = filter_of(input, (uint32_t)((uint64_t)i * input->blocks / MEMORY_COUNT));
        jobs[i].filter = buf_bytes(&input->filters[which]);
        jobs[i].block_hash.b[0] = (uint8_t)i;
        jobs[i].block_hash.b[1] = (uint8_t)(i >> 8);
        bytes += jobs[i].filter.size;
        elements += input->elements[which];
    }
    for (int run = 0; run < RUNS; run++) {
        double begin = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        filter_match_many(matcher, jobs, MEMORY_COUNT);
        seconds[run] = bench_seconds(CLOCK_THREAD_CPUTIME_ID) - begin;
    }
    for (uint32_t i = 0; i < MEMORY_COUNT; i++) {
        sanad_assert(!jobs[i].rule);
        matched += jobs[i].matched ? i : 0;
    }
    double median = bench_median(seconds, RUNS);
    printf("in memory, one core: %d filters, %.0f MB, %.1f million elements, sum of matches %llu\n",
           MEMORY_COUNT, (double)bytes * 1e-6, (double)elements * 1e-6,
           (unsigned long long)matched);
    printf("  median %.3f s  best %.3f s  %.0f MB/s  %.2f ns an element, scripts and all\n", median,
           seconds[0], (double)bytes / median * 1e-6, median * 1e9 / (double)elements);
    free(jobs);
    filter_matcher_free(matcher);
    filter_targets_free(targets);
}

static void bench_store(struct input *input, struct filters *filters, unsigned threads)
{
    struct filters_query query = {.tree = input->tree,
                                  .tip = input->blocks - 1,
                                  .scripts = input->scripts,
                                  .script_count = SCRIPTS,
                                  .threads = threads};
    double seconds[RUNS];
    double cpu[RUNS];
    struct err err;
    uint64_t sum = 0;
    size_t count = 0;
    for (int run = 0; run < RUNS; run++) {
        uint32_t *nodes;
        double begin = bench_seconds(CLOCK_MONOTONIC);
        double cpu_begin = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        must(filters_match(&nodes, &count, filters, &query, &err), &err);
        seconds[run] = bench_seconds(CLOCK_MONOTONIC) - begin;
        cpu[run] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin;
        sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += nodes[i];
        free(nodes);
    }
    double median = bench_median(seconds, RUNS);
    double bytes = (double)filters_bytes(filters);
    printf("store, %u thread%s: %zu blocks match, sum of heights %llu\n", threads,
           threads == 1 ? "" : "s", count, (unsigned long long)sum);
    printf("  median %.3f s  best %.3f s  %.0f MB/s; all %d blocks: %.1f s (target 12)\n", median,
           seconds[0], bytes / median * 1e-6, CHAIN_BLOCKS, median * CHAIN_BLOCKS / input->blocks);
    median = bench_median(cpu, RUNS);
    printf("  of processors: median %.3f s; all blocks, on two that are idle: %.1f s\n", median,
           median / 2 * CHAIN_BLOCKS / input->blocks);
}

static void store_remove(const struct input *input)
{
    char path[PATH_SIZE];
    if (path_join(path, input->folder, "index.dat", NULL) == 0)
        (void)unlink(path);
    if (path_join(path, input->folder, "filters.dat", NULL) == 0)
        (void)unlink(path);
    (void)rmdir(input->folder);
}

int main(int argc, char **argv)
{
    struct input *input = mem_zalloc(1, sizeof *input);
    struct filters *filters;
    struct err err;
    uint64_t part = 10;
    const char *tmp = getenv("TMPDIR");
    if (argc > 1 && !number_parse(&part, argv[1], strlen(argv[1]), CHAIN_BLOCKS / 1000))
        part = 10;
    input->random = 88172645463325252;
    input->blocks = (uint32_t)(CHAIN_BLOCKS / (part ? part : 1));
    (void)snprintf(input->folder, sizeof input->folder, "%s/bench_filter.%d", tmp ? tmp : "/tmp",
                   (int)getpid());
    filters_make(input);
    scripts_make(input);
    tree_make(input);
    must(
        filters_open(&filters, input->folder, chain_params_get(CHAIN_REGTEST), FILTERS_WRITE, &err),
        &err);
    store_make(input, filters);
    printf("input: %u filters, %.2f GB, %d scripts of 22 to 34 bytes, %d runs\n", input->blocks,
           (double)filters_bytes(filters) * 1e-9, SCRIPTS, RUNS);
    bench_memory(input);
    bench_store(input, filters, 1);
    bench_store(input, filters, 2);
    filters_close(filters);
    store_remove(input);
    for (uint32_t i = 0; i < DISTINCT; i++)
        buf_free(&input->filters[i]);
    header_tree_free(input->tree);
    free(input);
    return 0;
}
