/* The scan: `parse` (parse and match) and `merkle` (every txid and merkle root recomputed),
 * with 1, 1,000 and 100,000 watched scripts, on one and on two threads. Each run is a process
 * of its own: a scan into a fresh store, from block 1 on, the books' scripts being in the
 * store by then. Prints the input, a checksum of the facts, the median of five runs, the rate
 * a second of a core (CPU time of all threads) and of the clock, the memory at its highest,
 * and the ratio to the anchor, run in between: the streaming reader alone.
 *
 *   bench_scan                   the real blocks of SANAD_DATA, repeated in a regtest chain
 *                                of 1 GB under TMPDIR
 *   bench_scan blocks:DIR CHAIN  a folder as a node keeps it */
#include "support_time.h"
#include "scan/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RUN_COUNT = 5,
    FILE_SIZE = 128 << 20,
    REAL_MAX = 64,
    SCRIPTS_MAX = 100000,
    SCRIPT_SIZE = 22
};
#define INPUT_SIZE (UINT64_C(1) << 30)

static const uint8_t KEY[8] = {0x8a, 0x11, 0xf9, 0x40, 0xd9, 0x03, 0x7e, 0xb4};

static void must(int code, const struct err *err)
{
    if (code < 0) {
        (void)fprintf(stderr, "bench_scan: %s\n", err->text);
        exit(4);
    }
}

/* ---- the input ---------------------------------------------------------------------------- */

struct input {
    char folder[PATH_SIZE]; /* made by us; empty: given */
    char spec[PATH_SIZE + 8];
    const struct chain_params *params;
};

static size_t real_blocks(struct buf blocks[REAL_MAX])
{
    char folder[PATH_SIZE];
    struct err err = {0};
    struct dirent **names;
    size_t count = 0;
    const char *root = getenv("SANAD_DATA");
    must(path_join(folder, root ? root : "../shared/data", "blocks", &err), &err);
    int found = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        char path[PATH_SIZE];
        if (strstr(names[i]->d_name, ".raw") && count < REAL_MAX) {
            must(path_join(path, folder, names[i]->d_name, &err), &err);
            must(file_read(&blocks[count++], path, BLOCK_SIZE_MAX, &err), &err);
        }
        free(names[i]);
    }
    if (found < 0 || count == 0)
        must(err_set(&err, SANAD_MISSING, "%s: no real blocks", folder), &err);
    free(names);
    return count;
}

/* A real body under a regtest header: the merkle root stays what it was. */
static void mine(uint8_t *raw, const struct chain_params *params, struct hash256 *prev,
                 uint32_t height)
{
    struct header header;
    struct header genesis;
    header_parse(&header, raw);
    header_parse(&genesis, params->genesis_header);
    header.prev = *prev;
    header.time = genesis.time + height;
    header.bits = genesis.bits;
    do {
        header.nonce++;
        header_write(raw, &header);
        header_hash(prev, raw);
    } while (!header_pow_ok(params, prev, header.bits));
}

struct writer {
    const struct input *input;
    int fd;
    uint32_t files;
    uint64_t offset;
};

static int file_make(const struct input *input, const char *name)
{
    char path[PATH_SIZE];
    struct err err = {0};
    must(path_join(path, input->folder, name, &err), &err);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        must(err_set(&err, SANAD_IO, "%s: open", path), &err);
    return fd;
}

static void file_put(int fd, const void *data, size_t size, uint64_t offset)
{
    struct err err = {0};
    if (pwrite(fd, data, size, (off_t)offset) != (ssize_t)size)
        must(err_set(&err, SANAD_IO, "write failed"), &err);
}

static void record_put(struct writer *w, const uint8_t *block, uint32_t size)
{
    if (w->fd < 0 || w->offset + size + 8 > FILE_SIZE) {
        char name[32];
        if (w->fd >= 0)
            (void)close(w->fd);
        (void)snprintf(name, sizeof name, "blk%05u.dat", w->files++);
        w->fd = file_make(w->input, name);
        w->offset = 0;
    }
    uint8_t *record = mem_alloc(size + 8);
    memcpy(record, w->input->params->magic, 4);
    memcpy(record + 4, &size, 4);
    memcpy(record + 8, block, size);
    for (size_t i = 0; i < size + 8; i++)
        record[i] ^= KEY[(w->offset + i) % 8];
    file_put(w->fd, record, size + 8, w->offset);
    w->offset += size + 8;
    free(record);
}

static const char genesis_tx[] =
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d"
    "0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66"
    "207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe55"
    "48271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba"
    "0b8d578a4c702b6bf11d5fac00000000";

static void genesis_put(struct writer *w)
{
    uint8_t block[HEADER_SIZE + 1 + sizeof genesis_tx / 2];
    memcpy(block, w->input->params->genesis_header, HEADER_SIZE);
    block[HEADER_SIZE] = 1;
    if (!hex_decode(block + HEADER_SIZE + 1, sizeof genesis_tx / 2, genesis_tx,
                    sizeof genesis_tx - 1))
        exit(4);
    record_put(w, block, HEADER_SIZE + 1 + sizeof genesis_tx / 2);
}

static void input_make(struct input *input)
{
    struct buf blocks[REAL_MAX] = {0};
    struct err err = {0};
    struct writer w = {.input = input, .fd = -1};
    const char *root = getenv("TMPDIR");
    uint64_t written = 0;
    uint32_t height = 0;
    input->params = chain_params_get(CHAIN_REGTEST);
    struct hash256 prev = input->params->genesis_hash;
    (void)snprintf(input->folder, sizeof input->folder, "%s/sanad-bench-XXXXXX",
                   root ? root : "/tmp");
    if (!mkdtemp(input->folder))
        must(err_set(&err, SANAD_IO, "%s: cannot be made", input->folder), &err);
    (void)snprintf(input->spec, sizeof input->spec, "blocks:%s", input->folder);
    int key = file_make(input, "xor.dat");
    file_put(key, KEY, sizeof KEY, 0);
    (void)close(key);
    size_t count = real_blocks(blocks);
    genesis_put(&w);
    for (size_t i = 0; written < INPUT_SIZE; i = (i + 1) % count) {
        mine(blocks[i].data, input->params, &prev, ++height);
        record_put(&w, blocks[i].data, (uint32_t)blocks[i].size);
        written += blocks[i].size;
    }
    (void)close(w.fd);
    for (size_t i = 0; i < count; i++)
        buf_free(&blocks[i]);
}

static void input_remove(const struct input *input)
{
    DIR *folder = *input->folder ? opendir(input->folder) : NULL;
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder))
        (void)unlinkat(dirfd(folder), entry->d_name, 0); /* the two dots are refused: fine */
    if (folder)
        (void)closedir(folder);
    if (*input->folder)
        (void)rmdir(input->folder);
}

/* ---- one run, in a process of its own -------------------------------------------------------- */

struct outcome {
    double cpu, clock;
    uint64_t bytes, blocks, transactions, coins;
    uint64_t checksum;
    long rss_kib;
};

/* P2WPKH scripts that nobody pays. */
static void scripts_add(struct facts *facts, struct store *store, size_t count)
{
    struct err err = {0};
    must(store_begin(store, &err), &err);
    for (size_t i = 0; i < count; i++) {
        uint8_t script[SCRIPT_SIZE] = {0, 20};
        struct hash256 hash;
        int64_t id;
        sha256_of(&hash, bytes_of(&i, sizeof i));
        memcpy(script + 2, hash.b, 20);
        must(facts_script_add(facts, &id, bytes_of(script, sizeof script), &err), &err);
    }
    must(store_commit(store, &err), &err);
}

static struct source *source_of(const struct input *input)
{
    struct source_options options = {.params = input->params};
    struct source *source;
    struct err err = {0};
    must(source_open(&source, input->spec, &options, &err), &err);
    return source;
}

static void scan_once(struct outcome *out, const struct input *input, size_t scripts,
                      unsigned threads, bool parse_only)
{
    struct err err = {0};
    struct store *store;
    struct facts *facts;
    struct scan_result result;
    struct source *source = source_of(input);
    must(store_open(&store, "", STORE_MEMORY, &err), &err);
    must(facts_open(&facts, store, input->params, &err), &err);
    scripts_add(facts, store, scripts);
    struct scan_options options = {.source = source,
                                   .facts = facts,
                                   .store = store,
                                   .threads = threads,
                                   .parse_only = parse_only,
                                   .no_prevouts = true};
    must(scan_run(&result, &options, &err), &err); /* the first block, and then all */
    out->clock = bench_seconds(CLOCK_MONOTONIC);
    out->cpu = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    options.to_height = -1;
    must(scan_run(&result, &options, &err), &err);
    out->clock = bench_seconds(CLOCK_MONOTONIC) - out->clock;
    out->cpu = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - out->cpu;
    out->bytes = result.bytes;
    out->blocks = result.blocks;
    out->transactions = result.transactions;
    out->coins = result.coins;
    out->checksum = load_le64(result.state.tip_hash.b) ^ result.state.tx_count;
    facts_close(facts);
    store_close(store);
    source_close(source);
}

/* The reader alone: what the blocks cost before anybody looks at them. */
static void read_once(struct outcome *out, const struct input *input)
{
    struct source *source = source_of(input);
    struct source_plan plan;
    struct source_block blocks[256];
    struct err err = {0};
    must(source_plan_make(&plan, source, source_tip(source), 1, NULL, &err), &err);
    out->clock = bench_seconds(CLOCK_MONOTONIC);
    out->cpu = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < plan.shard_count; i++) {
        struct source_reader *reader;
        int got;
        must(source_reader_open(&reader, source, &plan.shards[i], &err), &err);
        while ((got = source_reader_next(reader, blocks, countof(blocks), &err)) > 0)
            for (int n = 0; n < got; n++)
                out->checksum += blocks[n].data[blocks[n].size - 1];
        must(got, &err);
        source_reader_close(reader);
    }
    out->clock = bench_seconds(CLOCK_MONOTONIC) - out->clock;
    out->cpu = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - out->cpu;
    out->bytes = plan.bytes;
    source_plan_free(&plan);
    source_close(source);
}

struct setting {
    size_t scripts;
    unsigned threads; /* 0: the reader alone */
    bool parse_only;
};

static struct outcome run(const struct input *input, struct setting setting)
{
    struct err err = {0};
    struct rusage usage;
    struct outcome *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        exit(4);
    pid_t child = fork();
    if (child == 0) {
        if (setting.threads == 0)
            read_once(shared, input);
        else
            scan_once(shared, input, setting.scripts, setting.threads, setting.parse_only);
        _exit(0);
    }
    int status = 1;
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        must(err_set(&err, SANAD_ENVIRONMENT, "a run failed"), &err);
    struct outcome out = *shared;
    out.rss_kib = usage.ru_maxrss;
    (void)munmap(shared, sizeof *shared);
    return out;
}

static void bench(const struct input *input, struct setting setting)
{
    double cpu[RUN_COUNT];
    double clock[RUN_COUNT];
    double anchor[RUN_COUNT];
    struct outcome out = {0};
    long rss = 0;
    for (size_t i = 0; i < RUN_COUNT; i++) {
        anchor[i] = run(input, (struct setting){0, 0, false}).cpu;
        out = run(input, setting);
        cpu[i] = out.cpu;
        clock[i] = out.clock;
        rss = out.rss_kib > rss ? out.rss_kib : rss;
    }
    double gigabytes = 1e-9 * (double)out.bytes;
    double rate = gigabytes / bench_median(cpu, RUN_COUNT);
    double anchor_rate = gigabytes / bench_median(anchor, RUN_COUNT);
    /* What comes behind the reader: the two are done one after the other on a core. */
    double behind = 1 / (1 / rate - 1 / anchor_rate);
    printf("%-6s %6zu scripts, %u threads: %5.2f GB/s a core (reader alone %5.2f, ratio %.2f, the "
           "rest %5.2f), %5.2f GB/s by the clock, %4.0f ns a transaction, %4ld MiB, %llu coins, "
           "sum %016llx\n",
           setting.parse_only ? "parse" : "merkle", setting.scripts, setting.threads, rate,
           anchor_rate, rate / anchor_rate, behind, gigabytes / bench_median(clock, RUN_COUNT),
           1e9 * bench_median(cpu, RUN_COUNT) / (double)out.transactions, rss >> 10,
           (unsigned long long)out.coins, (unsigned long long)out.checksum);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct input input = {.folder = ""};
    if (argc == 3) {
        (void)snprintf(input.spec, sizeof input.spec, "%s", argv[1]);
        input.params = chain_params_find(argv[2]);
    } else if (argc == 1) {
        input_make(&input);
    }
    if (!input.params) {
        (void)fprintf(stderr, "usage: bench_scan [blocks:DIR CHAIN]\n");
        return 2;
    }
    struct outcome whole = run(&input, (struct setting){1, 1, true});
    printf("input: %llu blocks, %llu transactions, %.2f GB; SHA-256 by %s\n",
           (unsigned long long)whole.blocks, (unsigned long long)whole.transactions,
           1e-9 * (double)whole.bytes, sha256_kernel_name(sha256_kernel_current()));
    for (unsigned threads = 1; threads <= 2; threads++)
        for (size_t scripts = 1; scripts <= SCRIPTS_MAX; scripts *= scripts == 1 ? 1000 : 100) {
            bench(&input, (struct setting){scripts, threads, true});
            bench(&input, (struct setting){scripts, threads, false});
        }
    input_remove(&input);
    return 0;
}
