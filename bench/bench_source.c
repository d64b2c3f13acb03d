/* Block files: indexing by headers, then the streaming reader, on folders that are made
 * first: obfuscated regtest blocks of about 1 MB (as today's) and of 300 bytes (as the first
 * years'). Prints the input, a checksum of all that was read, the median of five runs. The
 * anchor, run in between, is pread of the same files in steps of 256 KiB and nothing else:
 * what the machine allows. Rates are per second of a core. TMPDIR must hold 1.2 GB; files are in
 * the page cache. */
#include "support_time.h"
#include "source/source.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    RUN_COUNT = 5,
    STEP_SIZE = 256 << 10,
    THREADS_MAX = 2,
    FILE_SIZE = 128 << 20,
    BIG_COUNT = 1000,
    BIG_SIZE = 1 << 20,
    SMALL_COUNT = 300000,
    SMALL_SIZE = 300
};

static const uint8_t KEY[8] = {0x8a, 0x11, 0xf9, 0x40, 0xd9, 0x03, 0x7e, 0xb4};

struct input {
    char folder[PATH_SIZE];
    uint32_t block_count;
    uint32_t block_size;
    uint32_t file_count;
};

/* Of all threads of this program, so that other programs disturb less. */
static void must(int code, const struct err *err)
{
    if (code < 0) {
        (void)fprintf(stderr, "bench_source: %s\n", err->text);
        exit(4);
    }
}

/* ---- making the folders --------------------------------------------------------------------- */

static void mine(uint8_t *raw, const struct chain_params *params, struct hash256 *prev,
                 uint32_t height)
{
    struct header header;
    struct hash256 hash;
    header_parse(&header, params->genesis_header);
    header.prev = height == 0 ? header.prev : *prev;
    header.time += height;
    for (;;) {
        header_write(raw, &header);
        header_hash(&hash, raw);
        if (header_pow_ok(params, &hash, header.bits))
            break;
        header.nonce++;
    }
    *prev = hash;
}

static int open_file(const struct input *input, const char *name, int flags)
{
    char path[PATH_SIZE];
    struct err err = {0};
    must(path_join(path, input->folder, name, &err), &err);
    int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd < 0)
        must(err_set(&err, SANAD_IO, "%s: open", path), &err);
    return fd;
}

static void write_record(int fd, uint64_t offset, const uint8_t *record, size_t size)
{
    uint64_t key = load_le64(KEY);
    struct err err = {0};
    uint8_t *masked = mem_alloc(size);
    for (size_t i = 0; i < size; i++)
        masked[i] = record[i] ^ (uint8_t)(key >> (8 * ((offset + i) % 8)));
    if (pwrite(fd, masked, size, (off_t)offset) != (ssize_t)size)
        must(err_set(&err, SANAD_IO, "write failed"), &err);
    free(masked);
}

/* Bodies are noise: neither the index nor the reader looks into them. */
static void make_input(struct input *input, uint32_t block_count, uint32_t block_size)
{
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    const char *root = getenv("TMPDIR");
    struct hash256 prev = {{0}};
    struct err err = {0};
    uint64_t offset = FILE_SIZE;
    uint64_t seed = 1;
    int fd = -1;
    *input = (struct input){.block_count = block_count, .block_size = block_size};
    (void)snprintf(input->folder, sizeof input->folder, "%s/sanad-bench-XXXXXX",
                   root ? root : "/tmp");
    if (!mkdtemp(input->folder))
        must(err_set(&err, SANAD_IO, "%s: cannot be made", input->folder), &err);
    uint8_t *record = mem_alloc(block_size + 8);
    for (uint32_t i = 0; i < block_size + 8; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        record[i] = (uint8_t)(seed >> 56);
    }
    memcpy(record, params->magic, 4);
    memcpy(record + 4, &block_size, 4);
    close(open_file(input, "xor.dat", O_CREAT | O_WRONLY));
    fd = open_file(input, "xor.dat", O_WRONLY);
    if (write(fd, KEY, sizeof KEY) != (ssize_t)sizeof KEY)
        must(err_set(&err, SANAD_IO, "write failed"), &err);
    for (uint32_t i = 0; i < block_count; i++) {
        if (offset + block_size + 8 > FILE_SIZE) {
            char name[32];
            (void)close(fd);
            (void)snprintf(name, sizeof name, "blk%05u.dat", input->file_count++);
            fd = open_file(input, name, O_CREAT | O_WRONLY);
            offset = 0;
        }
        mine(record + 8, params, &prev, i);
        write_record(fd, offset, record, block_size + 8);
        offset += block_size + 8;
    }
    (void)close(fd);
    free(record);
}

static void remove_input(const struct input *input)
{
    DIR *folder = opendir(input->folder);
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder))
        (void)unlinkat(dirfd(folder), entry->d_name, 0); /* the two dots are refused: fine */
    if (folder)
        (void)closedir(folder);
    (void)rmdir(input->folder);
}

/* ---- what is measured ---------------------------------------------------------------------------
 */

static struct source *open_source(const struct input *input)
{
    char spec[PATH_SIZE + 8];
    struct err err = {0};
    struct source *source;
    struct source_options options = {.params = chain_params_get(CHAIN_REGTEST)};
    (void)snprintf(spec, sizeof spec, "blocks:%s", input->folder);
    must(source_open(&source, spec, &options, &err), &err);
    return source;
}

/* A sum over all words, in four lanes so that it does not wait for itself. */
static uint64_t touch(const uint8_t *data, size_t size)
{
    uint64_t sums[4] = {0};
    size_t i = 0;
    for (; i + 32 <= size; i += 32)
        for (size_t lane = 0; lane < 4; lane++)
            sums[lane] += load_le64(data + i + 8 * lane);
    for (; i < size; i++)
        sums[0] += data[i];
    return sums[0] + sums[1] + sums[2] + sums[3];
}

struct work {
    const struct source *source;
    const struct source_plan *plan;
    const struct input *input;
    size_t first, step;
    uint64_t sum;
};

static void *stream(void *context)
{
    struct work *work = context;
    struct source_block blocks[256];
    struct err err = {0};
    for (size_t i = work->first; i < work->plan->shard_count; i += work->step) {
        struct source_reader *reader;
        int count;
        must(source_reader_open(&reader, work->source, &work->plan->shards[i], &err), &err);
        while ((count = source_reader_next(reader, blocks, countof(blocks), &err)) > 0)
            for (int n = 0; n < count; n++)
                work->sum += touch(blocks[n].data, blocks[n].size);
        must(count, &err);
        source_reader_close(reader);
    }
    return NULL;
}

static void *plain_pread(void *context)
{
    struct work *work = context;
    uint8_t *step = aligned_alloc(4096, STEP_SIZE);
    for (size_t i = work->first; i < work->input->file_count; i += work->step) {
        char name[32];
        off_t offset = 0;
        ssize_t got;
        (void)snprintf(name, sizeof name, "blk%05zu.dat", i);
        int fd = open_file(work->input, name, O_RDONLY);
        while ((got = pread(fd, step, STEP_SIZE, offset)) > 0) {
            work->sum += step[0];
            offset += got;
        }
        (void)close(fd);
    }
    free(step);
    return NULL;
}

static double run(const struct work *like, void *(*job)(void *), unsigned threads,
                  uint64_t *ret_sum)
{
    pthread_t ids[THREADS_MAX];
    struct work works[THREADS_MAX];
    double began = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    *ret_sum = 0;
    for (unsigned i = 0; i < threads; i++) {
        works[i] = *like;
        works[i].first = i;
        works[i].step = threads;
        if (pthread_create(&ids[i], NULL, job, &works[i]) != 0)
            exit(4);
    }
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
        *ret_sum += works[i].sum;
    }
    return bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - began;
}

static void bench_stream(const struct input *input, unsigned threads)
{
    struct source *source = open_source(input);
    struct source_plan plan;
    struct err err = {0};
    double ours[RUN_COUNT];
    double anchor[RUN_COUNT];
    uint64_t sum = 0;
    uint64_t ignored;
    must(source_plan_make(&plan, source, source_tip(source), 0, NULL, &err), &err);
    struct work like = {.source = source, .plan = &plan, .input = input};
    for (unsigned i = 0; i < RUN_COUNT; i++) {
        anchor[i] = run(&like, plain_pread, threads, &ignored);
        ours[i] = run(&like, stream, threads, &sum);
    }
    double gigabytes = 1e-9 * (double)plan.bytes;
    double rate = gigabytes / bench_median(ours, RUN_COUNT);
    double anchor_rate = gigabytes / bench_median(anchor, RUN_COUNT);
    printf("stream %7u blocks of %7u bytes, %u threads: %6.2f GB/s a core, pread alone %6.2f, "
           "ratio %.2f, sum %016llx\n",
           input->block_count, input->block_size, threads, rate, anchor_rate, rate / anchor_rate,
           (unsigned long long)sum);
    source_plan_free(&plan);
    source_close(source);
}

static void bench_index(const struct input *input)
{
    double runs[RUN_COUNT];
    char hash[HEX256_SIZE];
    for (unsigned i = 0; i < RUN_COUNT; i++) {
        double began = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        struct source *source = open_source(input);
        runs[i] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - began;
        uint32_t tip = source_tip(source);
        hash256_display(hash, &header_tree_node(source_headers(source), tip)->hash);
        source_close(source);
    }
    double seconds = bench_median(runs, RUN_COUNT);
    printf("index  %7u blocks of %7u bytes: %8.2f ms, %.2f M headers/s, tip %.16s\n",
           input->block_count, input->block_size, 1e3 * seconds,
           1e-6 * input->block_count / seconds, hash + 48);
}

int main(void)
{
    struct input big;
    struct input small;
    make_input(&big, BIG_COUNT, BIG_SIZE);
    make_input(&small, SMALL_COUNT, SMALL_SIZE);
    bench_index(&big);
    bench_index(&small);
    for (unsigned threads = 1; threads <= THREADS_MAX; threads++) {
        bench_stream(&big, threads);
        bench_stream(&small, threads);
    }
    remove_input(&big);
    remove_input(&small);
    return 0;
}
