/* Benchmark: from one entry handed in to a checkpoint in place that the partner's witness has
 * cosigned: written ahead and synced, tiles written, synced and read back, signed, asked over HTTP
 * on loopback of a witness that keeps it first (fdatasync), verified, renamed into place. Log and
 * witness lie on the disk of TMPDIR; admission is benched apart. Prints the disk's own sync,
 * median, 99th percentile and slowest of all rounds, what share of a round each step has, and the
 * root. BENCH_ROUNDS: 3000 where it is not set. */
#include "support_time.h"
#include "tlog/tlog.h"
#include "witness/witness.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 3000, ROUNDS_MAX = 1000000, SYNCS = 300, ENTRY_SIZE = 300, TIMEOUT_MS = 10000 };
enum step { ADD, SIGN, ASK, PLACE, STEP_COUNT };

struct bench {
    char folder[PATH_SIZE], public_folder[PATH_SIZE], private_folder[PATH_SIZE], state[PATH_SIZE];
    struct note_key log, own;
    uint8_t log_seed[32], own_seed[32];
    struct tlog_writer *writer;
    struct witness_folder *store;
    struct witness *witness;
    struct http_server *server;
    char url[64];
    uint64_t cosigned; /* what the witness is known to have */
    double *steps[STEP_COUNT];
    double *rounds;
};

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench: %s\n", err->text);
    exit(1);
}

static void handle(void *context, const struct http_request *request, struct http_answer *answer)
{
    struct witness_event event;
    witness_answer(context, answer, &event, request);
    buf_free(&event.fraud);
}

static void key_make(struct note_key *key, uint8_t seed[32], const char *name, uint8_t type)
{
    uint8_t public_key[32];
    struct err err;
    memset(seed, type, 32);
    ed25519_public(public_key, seed);
    must(note_key_make(key, name, type, public_key, &err), &err);
}

static void folders_make(struct bench *bench)
{
    const char *root = getenv("TMPDIR");
    struct err err;
    (void)snprintf(bench->folder, sizeof bench->folder, "%s/sanad-bench-XXXXXX",
                   root ? root : "/tmp");
    if (!mkdtemp(bench->folder))
        exit(1);
    must(path_join(bench->public_folder, bench->folder, "log", &err), &err);
    must(path_join(bench->private_folder, bench->folder, "log.private", &err), &err);
    must(path_join(bench->state, bench->folder, "state", &err), &err);
}

static void log_begin(struct bench *bench)
{
    const struct tlog_writer_options options = {.public_folder = bench->public_folder,
                                                .private_folder = bench->private_folder,
                                                .origin = bench->log.name,
                                                .key = &bench->log,
                                                .seed = bench->log_seed};
    struct err err;
    must(tlog_writer_init(&options, &err), &err);
    must(tlog_writer_open(&bench->writer, &options, &err), &err);
}

static void witness_begin(struct bench *bench)
{
    const struct witness_log log = {.origin = bench->log.name, .key = &bench->log};
    struct err err;
    must(witness_folder_open(&bench->store, bench->state, &err), &err);
    const struct witness_options options = {.key = &bench->own,
                                            .seed = bench->own_seed,
                                            .logs = &log,
                                            .log_count = 1,
                                            .store = witness_folder_store(bench->store)};
    must(witness_new(&bench->witness, &options, &err), &err);
    const struct http_server_options server = {.listen = "127.0.0.1:0",
                                               .handle = handle,
                                               .context = bench->witness,
                                               .body_max = WITNESS_BODY_MAX};
    must(http_server_start(&bench->server, &server, &err), &err);
    (void)snprintf(bench->url, sizeof bench->url, "http://127.0.0.1:%u",
                   http_server_port(bench->server));
}

/* ---- a round ------------------------------------------------------------------------------------
 */

static double lap(double *began)
{
    double now = bench_seconds(CLOCK_MONOTONIC);
    double took = now - *began;
    *began = now;
    return took;
}

static void round_run(struct bench *bench, size_t round)
{
    uint8_t data[ENTRY_SIZE] = {0};
    struct bytes entry = bytes_of(data, sizeof data);
    struct tlog_reader tiles = tlog_reader_folder(bench->public_folder);
    const struct witness_peer peer = {
        .key = &bench->own, .url = bench->url, .old_size = bench->cosigned};
    struct witness_reply reply;
    struct buf note;
    struct err err;
    uint64_t first;
    memcpy(data, &round, sizeof round);
    double began = bench_seconds(CLOCK_MONOTONIC);
    double start = began;
    must(tlog_writer_add(bench->writer, &first, &entry, 1, &err), &err);
    bench->steps[ADD][round] = lap(&began);
    must(tlog_writer_sign(bench->writer, &note, &err), &err);
    bench->steps[SIGN][round] = lap(&began);
    must(witness_ask(&reply, &peer, 1, buf_bytes(&note), &tiles, TIMEOUT_MS, &err), &err);
    must(reply.code, &reply.err);
    bench->steps[ASK][round] = lap(&began);
    must(tlog_writer_place(bench->writer, buf_bytes(&reply.lines), &err), &err);
    bench->steps[PLACE][round] = lap(&began);
    bench->rounds[round] = began - start;
    bench->cosigned = reply.size;
    buf_free(&reply.lines);
    buf_free(&note);
}

/* ---- what comes out -----------------------------------------------------------------------------
 */

/* The disk's own time for an append of 4 kB and fdatasync. */
static void disk_measure(const struct bench *bench)
{
    double runs[SYNCS];
    uint8_t block[4096] = {1};
    char path[PATH_SIZE];
    struct err err;
    must(path_join(path, bench->folder, "sync", &err), &err);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    for (size_t i = 0; i < SYNCS; i++) {
        double began = bench_seconds(CLOCK_MONOTONIC);
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(fd) != 0)
            exit(1);
        runs[i] = lap(&began);
    }
    (void)close(fd);
    double median = bench_median(runs, SYNCS);
    (void)printf("disk: append of 4 kB and fdatasync: median %.2f ms, p99 %.2f ms\n", 1e3 * median,
                 1e3 * runs[SYNCS * 99 / 100]);
}

static void show(const char *what, double *runs, size_t count)
{
    double median = bench_median(runs, count);
    (void)printf("%-44s median %6.2f ms, p99 %6.2f ms, slowest %7.2f ms\n", what, 1e3 * median,
                 1e3 * runs[count * 99 / 100], 1e3 * runs[count - 1]);
}

/* As a stranger: both signatures under the checkpoint in the folder. */
static void checkpoint_check(const struct bench *bench, size_t size)
{
    const struct note_key keys[] = {bench->log, bench->own};
    bool valid[countof(keys)] = {false};
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct buf raw;
    char path[PATH_SIZE];
    char root[HEX256_SIZE];
    struct err err;
    must(path_join(path, bench->public_folder, "checkpoint", &err), &err);
    must(file_read(&raw, path, TLOG_CHECKPOINT_MAX, &err), &err);
    must(note_parse(&note, path, buf_bytes(&raw), &arena, &err), &err);
    must(tlog_checkpoint_parse(&checkpoint, path, note.text, &err), &err);
    must(note_verify(valid, &note, keys, countof(keys), &err), &err);
    if (!valid[0] || !valid[1] || checkpoint.size != size) {
        (void)fprintf(stderr, "bench: the checkpoint is not the one that was cosigned\n");
        exit(1);
    }
    hash256_straight(root, &checkpoint.root);
    (void)printf("%zu entries, log and witness have signed, root %.16s\n", size, root);
    buf_free(&raw);
    arena_free(&arena);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *place)
{
    (void)stat;
    (void)type;
    (void)place;
    return remove(path);
}

int main(void)
{
    static const char *const names[] = {"  written ahead, synced", "  tiles, read back, signed",
                                        "  cosigned over HTTP", "  in place"};
    struct bench *bench = mem_zalloc(1, sizeof *bench);
    const char *text = getenv("BENCH_ROUNDS");
    uint64_t rounds = ROUNDS;
    if (text && (!number_parse(&rounds, text, strlen(text), ROUNDS_MAX) || rounds < 1))
        return 2;
    folders_make(bench);
    key_make(&bench->log, bench->log_seed, "bench.example/log", NOTE_KEY_TYPE_ED25519);
    key_make(&bench->own, bench->own_seed, "partner.example/witness", NOTE_KEY_TYPE_COSIGNATURE);
    log_begin(bench);
    witness_begin(bench);
    bench->rounds = mem_zalloc((size_t)rounds, sizeof *bench->rounds);
    for (size_t i = 0; i < STEP_COUNT; i++)
        bench->steps[i] = mem_zalloc((size_t)rounds, sizeof *bench->rounds);
    (void)printf("%llu rounds of one entry of %d bytes\n", (unsigned long long)rounds, ENTRY_SIZE);
    disk_measure(bench);
    for (size_t i = 0; i < rounds; i++)
        round_run(bench, i);
    show("one entry to a cosigned checkpoint in place", bench->rounds, (size_t)rounds);
    for (size_t i = 0; i < STEP_COUNT; i++)
        show(names[i], bench->steps[i], (size_t)rounds);
    checkpoint_check(bench, (size_t)rounds);
    tlog_writer_close(bench->writer);
    http_server_stop(bench->server);
    witness_free(bench->witness);
    witness_folder_close(bench->store);
    (void)nftw(bench->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < STEP_COUNT; i++)
        free(bench->steps[i]);
    free(bench->rounds);
    free(bench);
    return 0;
}
