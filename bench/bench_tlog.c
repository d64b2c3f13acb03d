/* The log: durable and integrated adds a second, with every sync counted and the disk's own time
 * for one told beside; entries audited a second; one proof checked. Entries are opaque, of 200
 * bytes; the folder is BENCH_FOLDER or the current one, the seconds of each part BENCH_SECONDS
 * (10), the entries acknowledged together BENCH_GROUP (64, 1024, 16384). Fails where the audit does
 * not find what was added. */
#include "tlog/tlog.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ENTRY_SIZE = 200, BATCH_MAX = 16384, RUN_COUNT = 5, SYNC_COUNT = 50 };

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench_tlog: %s\n", err->text);
    exit(1);
}

static double clock_read(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for these clocks */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return values[count / 2];
}

struct bench {
    char folder[PATH_SIZE], public_folder[PATH_SIZE], private_folder[PATH_SIZE];
    struct note_key key;
    uint8_t seed[32];
    struct tlog_writer_options options;
    struct tlog_writer *writer;
    struct bytes entries[BATCH_MAX];
    uint8_t *data;
    double seconds;
};

static void bench_open(struct bench *bench, unsigned number)
{
    struct err err = {0};
    uint8_t public_key[32];
    char name[64];
    (void)snprintf(name, sizeof name, "bench_tlog.%ld.%u", (long)getpid(), number);
    const char *folder = getenv("BENCH_FOLDER");
    must(path_join(bench->folder, folder ? folder : ".", name, &err), &err);
    must(path_join(bench->public_folder, bench->folder, "public", &err), &err);
    must(path_join(bench->private_folder, bench->folder, "private", &err), &err);
    ed25519_public(public_key, bench->seed);
    must(note_key_make(&bench->key, "bench.example/log", NOTE_KEY_TYPE_ED25519, public_key, &err),
         &err);
    bench->options = (struct tlog_writer_options){.public_folder = bench->public_folder,
                                                  .private_folder = bench->private_folder,
                                                  .origin = "bench.example/log",
                                                  .key = &bench->key,
                                                  .seed = bench->seed};
    must(tlog_writer_init(&bench->options, &err), &err);
    must(tlog_writer_open(&bench->writer, &bench->options, &err), &err);
}

/* The disk's own time for an append of 4 kB and fdatasync. */
static void bench_disk(const struct bench *bench)
{
    double runs[SYNC_COUNT];
    uint8_t block[4096] = {1};
    char path[PATH_SIZE];
    struct err err = {0};
    must(path_join(path, bench->folder, "sync", &err), &err);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    for (size_t i = 0; i < SYNC_COUNT; i++) {
        double began = clock_read(CLOCK_MONOTONIC);
        sanad_assert(write(fd, block, sizeof block) == (ssize_t)sizeof block);
        sanad_assert(fdatasync(fd) == 0);
        runs[i] = clock_read(CLOCK_MONOTONIC) - began;
    }
    (void)close(fd);
    double middle = median(runs, SYNC_COUNT);
    printf("disk: append of 4 kB and fdatasync: median %.2f ms, slowest of %d %.2f ms\n",
           1e3 * middle, SYNC_COUNT, 1e3 * runs[SYNC_COUNT - 1]);
}

static void sign_and_place(struct bench *bench)
{
    struct err err = {0};
    struct buf note;
    must(tlog_writer_sign(bench->writer, &note, &err), &err);
    buf_free(&note);
    must(tlog_writer_place(bench->writer, bytes_of(NULL, 0), &err), &err);
}

/* Adds in groups, signs and places once a second, and at the end. */
static void bench_adds(struct bench *bench, size_t group)
{
    struct err err = {0};
    uint64_t first = 0;
    uint64_t before = tlog_writer_size(bench->writer);
    size_t calls = 0, signatures = 0;
    double in_sign = 0;
    double began = clock_read(CLOCK_MONOTONIC);
    double cpu = clock_read(CLOCK_PROCESS_CPUTIME_ID);
    double last = began, now = began;
    do {
        must(tlog_writer_add(bench->writer, &first, bench->entries, group, &err), &err);
        bench->data[calls++ % (ENTRY_SIZE * group)]++;
        now = clock_read(CLOCK_MONOTONIC);
        if (now - last < 1 && now - began < bench->seconds)
            continue;
        sign_and_place(bench);
        signatures++;
        last = clock_read(CLOCK_MONOTONIC);
        in_sign += last - now;
        now = last;
    } while (now - began < bench->seconds);
    uint64_t added = tlog_writer_size(bench->writer) - before;
    sanad_assert(tlog_writer_signed_size(bench->writer) == before + added);
    printf(
        "adds in groups of %5zu: %8.0f a second for %.1f s (%llu entries, %zu groups of %.2f ms, "
        "%zu checkpoints of %.0f ms), %.2f s of processor\n",
        group, (double)added / (now - began), now - began, (unsigned long long)added, calls,
        1e3 * (now - began - in_sign) / (double)calls, signatures,
        1e3 * in_sign / (double)signatures, clock_read(CLOCK_PROCESS_CPUTIME_ID) - cpu);
}

/* From one entry handed in to the checkpoint with it in place, without witnesses. */
static void bench_latency(struct bench *bench)
{
    enum { COUNT = 300 };
    double runs[COUNT];
    struct err err = {0};
    uint64_t first;
    for (size_t i = 0; i < COUNT; i++) {
        double began = clock_read(CLOCK_MONOTONIC);
        must(tlog_writer_add(bench->writer, &first, bench->entries, 1, &err), &err);
        sign_and_place(bench);
        runs[i] = clock_read(CLOCK_MONOTONIC) - began;
    }
    double middle = median(runs, COUNT);
    printf("one entry to a placed checkpoint: median %.1f ms, p99 %.1f ms, slowest of %d %.1f ms\n",
           1e3 * middle, 1e3 * runs[COUNT * 99 / 100], COUNT, 1e3 * runs[COUNT - 1]);
}

/* ---- the audit ----------------------------------------------------------------------------------
 */

static struct tlog_tree placed(const struct bench *bench, struct buf *note)
{
    struct err err = {0};
    struct arena arena = {0};
    struct note parsed;
    struct tlog_checkpoint checkpoint;
    char path[PATH_SIZE];
    must(path_join(path, bench->public_folder, "checkpoint", &err), &err);
    must(file_read(note, path, TLOG_CHECKPOINT_MAX, &err), &err);
    must(note_parse(&parsed, "checkpoint", buf_bytes(note), &arena, &err), &err);
    must(tlog_checkpoint_parse(&checkpoint, "checkpoint", parsed.text, &err), &err);
    arena_free(&arena);
    return (struct tlog_tree){.size = checkpoint.size, .root = checkpoint.root};
}

static void bench_audit(const struct bench *bench, size_t entry_size)
{
    struct err err = {0};
    struct buf note;
    struct tlog_tree tree = placed(bench, &note);
    struct tlog_reader reader = tlog_reader_folder(bench->public_folder);
    struct tlog_audit audit;
    double runs[RUN_COUNT], cpus[RUN_COUNT];
    for (size_t i = 0; i < RUN_COUNT; i++) {
        double began = clock_read(CLOCK_MONOTONIC);
        double cpu = clock_read(CLOCK_THREAD_CPUTIME_ID);
        must(tlog_audit_run(&audit, &reader, &tree, NULL, NULL, &err), &err);
        runs[i] = clock_read(CLOCK_MONOTONIC) - began;
        cpus[i] = clock_read(CLOCK_THREAD_CPUTIME_ID) - cpu;
    }
    char root[HEX256_SIZE];
    hash256_straight(root, &tree.root);
    double middle = median(runs, RUN_COUNT), processor = median(cpus, RUN_COUNT);
    printf("audit of %llu entries of %zu bytes: median %.0f a second, %.0f a second of processor; "
           "root %.16s\n",
           (unsigned long long)audit.entries, entry_size, (double)audit.entries / middle,
           (double)audit.entries / processor, root);
    buf_free(&note);
}

/* The whole of what a stranger does with one proof: both parsers, the signature, the path. */
static void proof_check(const struct bench *bench, struct bytes raw, struct bytes entry)
{
    struct err err = {0};
    struct arena arena = {0};
    struct tlog_proof_file file;
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct hash256 leaf;
    bool valid = false;
    must(tlog_proof_file_parse(&file, "proof", raw, &arena, &err), &err);
    must(note_parse(&note, "proof", file.checkpoint, &arena, &err), &err);
    must(note_verify(&valid, &note, &bench->key, 1, &err), &err);
    sanad_assert(valid);
    must(tlog_checkpoint_parse(&checkpoint, "proof", note.text, &err), &err);
    tlog_leaf_hash(&leaf, entry);
    must(tlog_inclusion_check(&leaf, file.index, checkpoint.size, &file.proof, &checkpoint.root,
                              &err),
         &err);
    arena_free(&arena);
}

static void bench_proof(const struct bench *bench)
{
    enum { CHECK_COUNT = 1000 };
    struct err err = {0};
    struct buf note, bundle;
    struct buf raw = buf_with_max(1 << 16);
    struct tlog_tree tree = placed(bench, &note);
    struct tlog_reader reader = tlog_reader_folder(bench->public_folder);
    struct tlog_proof_file file = {.index = tree.size / 3, .checkpoint = buf_bytes(&note)};
    struct tlog_tile tile = {.level = TLOG_ENTRIES, .n = file.index / TLOG_TILE_WIDTH};
    struct bytes entry;
    double runs[RUN_COUNT];
    tile.width = tlog_tile_width(tree.size, TLOG_ENTRIES, tile.n);
    must(tlog_tile_read(&bundle, &reader, &tile, &err), &err);
    must(tlog_bundle_entry(&entry, buf_bytes(&bundle), tile.width, file.index % TLOG_TILE_WIDTH,
                           &err),
         &err);
    must(tlog_inclusion_prove(&file.proof, &reader, file.index, tree.size, &err), &err);
    tlog_proof_file_write(&raw, &file);
    for (size_t i = 0; i < RUN_COUNT; i++) {
        double began = clock_read(CLOCK_THREAD_CPUTIME_ID);
        for (size_t k = 0; k < CHECK_COUNT; k++)
            proof_check(bench, buf_bytes(&raw), entry);
        runs[i] = (clock_read(CLOCK_THREAD_CPUTIME_ID) - began) / CHECK_COUNT;
    }
    printf("one proof file of %zu bytes, %zu hashes, with its signature: %.3f ms of processor\n",
           raw.size, file.proof.count, 1e3 * median(runs, RUN_COUNT));
    buf_free(&note);
    buf_free(&bundle);
    buf_free(&raw);
}

static void entries_make(struct bench *bench, size_t size)
{
    for (size_t i = 0; i < BATCH_MAX; i++)
        bench->entries[i] = bytes_of(bench->data + i * size, size);
}

/* Small entries, so that the tree and not the bytes is measured. */
static void bench_small(struct bench *bench)
{
    enum { SMALL_SIZE = 32, SMALL_COUNT = 1 << 20 };
    struct err err = {0};
    uint64_t first;
    entries_make(bench, SMALL_SIZE);
    for (size_t i = 0; i < SMALL_COUNT / BATCH_MAX; i++) {
        bench->data[i]++;
        must(tlog_writer_add(bench->writer, &first, bench->entries, BATCH_MAX, &err), &err);
    }
    sign_and_place(bench);
    bench_audit(bench, SMALL_SIZE);
}

static uint64_t number_from(const char *name, uint64_t otherwise, uint64_t max)
{
    uint64_t number;
    const char *text = getenv(name);
    return text && number_parse(&number, text, strlen(text), max) ? number : otherwise;
}

int main(void)
{
    struct bench *bench = mem_zalloc(1, sizeof *bench);
    static const size_t groups[] = {64, 1024, BATCH_MAX};
    uint64_t group = number_from("BENCH_GROUP", 0, BATCH_MAX);
    bench->seconds = (double)number_from("BENCH_SECONDS", 10, 3600);
    bench->seed[0] = 1;
    bench->data = mem_alloc(ENTRY_SIZE * BATCH_MAX);
    for (size_t i = 0; i < ENTRY_SIZE * BATCH_MAX; i++)
        bench->data[i] = (uint8_t)(i * 2654435761u >> 13);
    entries_make(bench, ENTRY_SIZE);
    printf("entries of %d bytes; adds are acknowledged after fdatasync, integrated, signed and "
           "placed once a second\n",
           ENTRY_SIZE);
    bench_open(bench, 0);
    bench_disk(bench);
    bench_latency(bench);
    for (size_t i = 0; i < countof(groups) && group == 0; i++)
        bench_adds(bench, groups[i]);
    if (group > 0)
        bench_adds(bench, (size_t)group);
    bench_audit(bench, ENTRY_SIZE);
    bench_proof(bench);
    tlog_writer_close(bench->writer);
    bench_open(bench, 1);
    bench_small(bench);
    tlog_writer_close(bench->writer);
    printf("left: %s and its neighbour\n", bench->folder);
    free(bench->data);
    free(bench);
    return 0;
}
