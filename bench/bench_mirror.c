/* Benchmark: a mirror catches up with a log of a million entries of 100 bytes, from a folder and
 * from a server on loopback; every byte verified, everything durable before the checkpoint.
 * Prints the input, entries a second (median and best of five) and the root. */
#include "support_time.h"
#include "mirror/mirror.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES = 1 << 20, ENTRY_SIZE = 100, RUNS = 5, LEVELS = 3 };

static char work[PATH_SIZE];
static struct note_key key;
static const uint8_t seed[32] = {1};
static struct tlog_policy *policy;

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench: %s\n", err->text);
    exit(1);
}

static void put(const char *name, const void *data, size_t size)
{
    char path[PATH_SIZE];
    struct err err;
    const struct tlog_io *io = tlog_io_posix();
    int length = snprintf(path, sizeof path, "%s/log/%s", work, name);
    sanad_assert(length > 0 && (size_t)length < sizeof path);
    must(io->put(io->context, path, bytes_of(data, size), &err), &err);
}

static void tile_put(unsigned level, uint64_t n, const void *data, size_t size)
{
    char name[TLOG_PATH_SIZE];
    const struct tlog_tile tile = {.level = level, .n = n, .width = TLOG_TILE_WIDTH};
    tlog_tile_path(name, &tile);
    put(name, data, size);
}

/* The entries are told from their index; returns the leaves. */
static struct hash256 *bundles_write(void)
{
    struct hash256 *leaves = mem_zalloc(ENTRIES, sizeof *leaves);
    static uint8_t bundle[TLOG_TILE_WIDTH * (2 + ENTRY_SIZE)];
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint8_t *at = bundle + (size_t)(i % TLOG_TILE_WIDTH) * (2 + ENTRY_SIZE);
        at[0] = 0;
        at[1] = ENTRY_SIZE;
        memset(at + 2, (int)(i >> 8), ENTRY_SIZE);
        memcpy(at + 2, &i, sizeof i);
        tlog_leaf_hash(&leaves[i], bytes_of(at + 2, ENTRY_SIZE));
        if (i % TLOG_TILE_WIDTH == TLOG_TILE_WIDTH - 1)
            tile_put(TLOG_ENTRIES, i / TLOG_TILE_WIDTH, bundle, sizeof bundle);
    }
    return leaves;
}

/* A level's tiles, and the hashes of the level above in place of its own. */
static size_t level_write(struct hash256 *hashes, size_t count, unsigned level)
{
    for (size_t n = 0; n * TLOG_TILE_WIDTH < count; n++) {
        size_t left = count - n * TLOG_TILE_WIDTH;
        char name[TLOG_PATH_SIZE];
        const struct tlog_tile tile = {.level = level,
                                       .n = n,
                                       .width = left < TLOG_TILE_WIDTH ? (unsigned)left
                                                                       : TLOG_TILE_WIDTH};
        tlog_tile_path(name, &tile);
        put(name, hashes + n * TLOG_TILE_WIDTH, tile.width * sizeof *hashes);
    }
    for (size_t i = 0; i < 8; i++)
        tlog_node_hashes(hashes, hashes, count >> (i + 1));
    return count / TLOG_TILE_WIDTH;
}

static void log_write(void)
{
    struct tlog_checkpoint checkpoint = {.origin = "log.example/bench", .size = ENTRIES};
    struct tlog_frontier tree = {.size = 0};
    struct buf note = buf_with_max(4096);
    struct buf lines = buf_with_max(4096);
    char hex[HEX256_SIZE];
    struct hash256 *hashes = bundles_write();
    for (size_t i = 0; i < ENTRIES; i++)
        tlog_frontier_add(&tree, &hashes[i]);
    tlog_frontier_root(&checkpoint.root, &tree);
    size_t count = ENTRIES;
    for (unsigned level = 0; level < LEVELS && count > 0; level++)
        count = level_write(hashes, count, level);
    tlog_checkpoint_write(&note, &checkpoint);
    note_sign(&lines, buf_bytes(&note), &key, seed);
    buf_u8(&note, '\n');
    buf_add(&note, buf_bytes(&lines));
    put("checkpoint", note.data, note.size);
    hash256_straight(hex, &checkpoint.root);
    (void)printf("%d entries of %d bytes, root %s\n", ENTRIES, ENTRY_SIZE, hex);
    buf_free(&note);
    buf_free(&lines);
    free(hashes);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_all(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* what is left is in TMPDIR */
}

static void measure(const char *what, const char *where, unsigned threads)
{
    static unsigned copies; /* all removed at the end: some file systems make files slowly for a
                               while after many were removed */
    double seconds[RUNS];
    char copy[PATH_SIZE + 16];
    for (size_t i = 0; i < RUNS; i++) {
        (void)snprintf(copy, sizeof copy, "%s/copy%u", work, copies++);
        struct mirror_result result;
        struct err err;
        const struct mirror_options options = {
            .where = where, .folder = copy, .policy = policy, .thread_count = threads};
        double began = bench_seconds(CLOCK_MONOTONIC);
        must(mirror_run(&result, &options, &err), &err);
        seconds[i] = bench_seconds(CLOCK_MONOTONIC) - began;
        sanad_assert(result.size == ENTRIES);
    }
    double median = bench_median(seconds, RUNS);
    (void)printf("%-10s %2u threads: %9.0f entries/s, best %9.0f\n", what, threads,
                 ENTRIES / median, ENTRIES / seconds[0]);
}

static void handle(void *context, const struct http_request *request, struct http_answer *answer)
{
    http_answer_file(answer, context, request->path);
}

int main(void)
{
    const char *root = getenv("TMPDIR");
    uint8_t public_key[32];
    char folder[PATH_SIZE + 8];
    char url[64];
    struct http_server *server;
    struct err err;
    struct buf text = buf_with_max(4096);
    (void)snprintf(work, sizeof work, "%s/sanad-bench-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(work))
        return 1;
    (void)snprintf(folder, sizeof folder, "%s/log", work);
    ed25519_public(public_key, seed);
    must(note_key_make(&key, "log.example/bench", NOTE_KEY_TYPE_ED25519, public_key, &err), &err);
    buf_text(&text, "log ");
    note_vkey_write(&text, &key);
    buf_text(&text, "\nquorum none\n");
    must(tlog_policy_parse(&policy, "policy", buf_bytes(&text), &err), &err);
    buf_free(&text);
    log_write();
    measure("folder", folder, 1);
    measure("folder", folder, 2);
    const struct http_server_options options = {
        .listen = "127.0.0.1:0", .handle = handle, .context = folder};
    must(http_server_start(&server, &options, &err), &err);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", http_server_port(server));
    measure("HTTP", url, 4);
    http_server_stop(server);
    tlog_policy_free(policy);
    remove_all(work);
    return 0;
}
