/* Benchmark: a million entries of 100 bytes over an air gap: written as a bundle, read back and
 * checked, imported into an empty copy and cosigned by a witness and a mirror, everything durable.
 * The entries are all the same, so that the log itself takes no memory and what is shown as the
 * program's largest size is what bundles take. Prints the input, entries a second of each step
 * (median and best of five), that size and the digest. */
#include "bundle/bundle.h"
#include "support_time.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ENTRIES = 1 << 20, ENTRY_SIZE = 100, RUNS = 5, HEIGHTS = 64 };

static struct hash256 heights[HEIGHTS]; /* roots of 2^h entries */
static uint8_t entries[TLOG_TILE_WIDTH * (2 + ENTRY_SIZE)];
static char work[PATH_SIZE], path[PATH_SIZE], copy[PATH_SIZE], state[PATH_SIZE];

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench: %s\n", err->text);
    exit(1);
}

static void key_make(struct note_key *key, uint8_t seed[32], const char *name, uint8_t type)
{
    uint8_t public_key[32];
    struct err err;
    memset(seed, (int)strlen(name), 32);
    ed25519_public(public_key, seed);
    must(note_key_make(key, name, type, public_key, &err), &err);
}

static int tile_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                     struct err *err)
{
    struct buf data = buf_with_max(sizeof entries);
    (void)context;
    (void)err;
    if (tile->level == TLOG_ENTRIES)
        buf_add(&data, bytes_of(entries, (size_t)tile->width * (2 + ENTRY_SIZE)));
    for (unsigned i = 0; i < tile->width && tile->level != TLOG_ENTRIES; i++)
        buf_add(&data, bytes_of(heights[8 * tile->level].b, 32));
    *ret_data = data;
    return 0;
}

static void log_make(void)
{
    for (size_t i = 0; i < TLOG_TILE_WIDTH; i++)
        entries[i * (2 + ENTRY_SIZE) + 1] = ENTRY_SIZE;
    tlog_leaf_hash(&heights[0], bytes_of(entries + 2, ENTRY_SIZE));
    for (size_t h = 1; h < HEIGHTS; h++)
        tlog_node_hash(&heights[h], &heights[h - 1], &heights[h - 1]);
}

static void checkpoint_make(struct buf *note, const struct note_key *key, const uint8_t seed[32])
{
    struct tlog_checkpoint checkpoint = {.size = ENTRIES, .root = heights[20]};
    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", key->name);
    tlog_checkpoint_write(note, &checkpoint);
    struct buf line = buf_with_max(4096);
    note_sign(&line, buf_bytes(note), key, seed);
    buf_u8(note, '\n');
    buf_add(note, buf_bytes(&line));
    buf_free(&line);
}

static void show(const char *what, double *runs)
{
    double median = bench_median(runs, RUNS);
    (void)printf("%-34s %10.0f entries/s, best %10.0f\n", what, ENTRIES / median,
                 ENTRIES / runs[0]);
}

static int remove_one(const char *name, const struct stat *stat, int type, struct FTW *place)
{
    (void)stat;
    (void)type;
    (void)place;
    return remove(name);
}

static void folder_remove(const char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void folders_make(void)
{
    const char *root = getenv("TMPDIR");
    struct err err;
    (void)snprintf(work, sizeof work, "%s/sanad-bench-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(work))
        exit(1);
    must(path_join(path, work, "bundle", &err), &err);
    must(path_join(copy, work, "copy", &err), &err);
    must(path_join(state, work, "state", &err), &err);
}

static double export_run(struct bundle_made *made, struct bytes note)
{
    const struct tlog_reader tiles = {.read = tile_read};
    struct err err;
    double began = bench_seconds(CLOCK_MONOTONIC);
    must(bundle_export(made, path, note, &tiles, 0, &err), &err);
    return bench_seconds(CLOCK_MONOTONIC) - began;
}

static double open_run(void)
{
    struct bundle *bundle;
    struct err err;
    double began = bench_seconds(CLOCK_MONOTONIC);
    must(bundle_open(&bundle, path, &err), &err);
    bundle_close(bundle);
    return bench_seconds(CLOCK_MONOTONIC) - began;
}

static double import_run(const struct bundle_import_options *options)
{
    struct bundle_imported result;
    struct err err;
    folder_remove(copy);
    folder_remove(state);
    double began = bench_seconds(CLOCK_MONOTONIC);
    must(bundle_import(&result, options, &err), &err);
    double took = bench_seconds(CLOCK_MONOTONIC) - began;
    sanad_assert(result.size == ENTRIES && result.before == 0 && result.lines.size > 0);
    buf_free(&result.lines);
    return took;
}

int main(void)
{
    struct note_key log, witness, mirror;
    uint8_t log_seed[32], witness_seed[32], mirror_seed[32];
    struct buf note = buf_with_max(4096), text = buf_with_max(4096);
    struct bundle_import_options options = {.path = path, .folder = copy, .state_folder = state};
    struct tlog_policy *policy;
    struct bundle_made made = {.size = 0};
    double runs[3][RUNS];
    char digest[HEX256_SIZE];
    struct rusage usage;
    struct err err;
    log_make();
    folders_make();
    key_make(&log, log_seed, "log.example", NOTE_KEY_TYPE_ED25519);
    key_make(&witness, witness_seed, "witness.example", NOTE_KEY_TYPE_COSIGNATURE);
    key_make(&mirror, mirror_seed, "mirror.example", NOTE_KEY_TYPE_COSIGNATURE);
    checkpoint_make(&note, &log, log_seed);
    buf_text(&text, "log ");
    note_vkey_write(&text, &log);
    buf_text(&text, "\nquorum none\n");
    must(tlog_policy_parse(&policy, "policy", buf_bytes(&text), &err), &err);
    options.policy = policy;
    options.key = &witness;
    options.seed = witness_seed;
    options.mirror_key = &mirror;
    options.mirror_seed = mirror_seed;
    for (size_t i = 0; i < RUNS; i++) {
        runs[0][i] = export_run(&made, buf_bytes(&note));
        runs[1][i] = open_run();
        runs[2][i] = import_run(&options);
    }
    hash256_straight(digest, &made.digest);
    (void)printf("%d entries of %d bytes, a bundle of %llu bytes, digest %.16s\n", ENTRIES,
                 ENTRY_SIZE, (unsigned long long)made.bytes, digest);
    show("written, synced and read back", runs[0]);
    show("read and checked", runs[1]);
    show("imported, durable, cosigned twice", runs[2]);
    (void)getrusage(RUSAGE_SELF, &usage); /* cannot fail for this process */
    (void)printf("largest size of the program: %ld kB\n", usage.ru_maxrss);
    folder_remove(work);
    tlog_policy_free(policy);
    buf_free(&note);
    buf_free(&text);
    return 0;
}
