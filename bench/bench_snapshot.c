/* Snapshots: a file of BENCH_COINS coins (4 million; the network's set has 164 million) in the
 * proportions of the network's, written once to BENCH_FOLDER or the current folder, then read
 * without and with hash_serialized_3 against 1,000 watched scripts. Prints the input, what was
 * found as a checksum, medians of the runs, nanoseconds a coin, and the ratio of the verified read
 * to SHA-256 alone over as many bytes: that stream is the floor. Page cache: warm where it fits. */
#include "support_time.h"
#include "snapshot/snapshot.h"

#include <stdlib.h>
#include <unistd.h>

enum { RUNS = 5, SCRIPTS = 1000, SHA_BYTES = 64 << 20 };

static uint64_t dice_state = 88172645463325252u;

static uint64_t dice(void)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return dice_state;
}

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench_snapshot: %s\n", err->text);
    exit(1);
}

/* A script of some usual kind, in the form of the file; a few are those that are watched. */
static void add_script(struct buf *buf, const struct bytes *scripts)
{
    static const struct {
        unsigned share, kind, size; /* shares of 100, about as in the network's set */
    } kinds[] = {{30, 0, 20}, {45, 1, 20}, {75, 28, 22}, {100, 40, 34}};
    unsigned roll = (unsigned)(dice() % 100);
    size_t i = 0;
    if (dice() % 50000 == 0) {
        script_compress(buf, scripts[dice() % SCRIPTS]);
        return;
    }
    while (roll >= kinds[i].share)
        i++;
    buf_varint(buf, kinds[i].kind);
    uint8_t *data = buf_extend(buf, kinds[i].size);
    for (unsigned at = 0; at < kinds[i].size; at += 2) {
        uint64_t bits = dice();
        memcpy(data + at, &bits, 2);
    }
}

static void add_coin(struct buf *buf, unsigned vout, const struct bytes *scripts)
{
    bool round = dice() % 5 == 0;
    int64_t sat = (int64_t)(round ? dice() % 100 * 100000 : dice() % 10000000);
    buf_compact(buf, vout);
    buf_varint(buf, (300000 + dice() % 600000) * 2);
    buf_varint(buf, amount_compress(amount_of(sat)));
    add_script(buf, scripts);
}

/* Returns the bytes of the file. */
static uint64_t file_make(const char *path, uint64_t coins, const struct bytes *scripts)
{
    FILE *file = fopen(path, "wb");
    struct buf buf = buf_with_max(4 << 20);
    uint64_t step = UINT64_MAX / (coins + 1);
    uint64_t txid = 0;
    uint64_t size = 0;
    struct err err = {0};
    if (!file)
        must(err_set(&err, SANAD_IO, "%s: cannot be written", path), &err);
    buf_add(&buf, bytes_of("utxo\xff\x02", 7)); /* the literal's NUL ends the version */
    buf_add(&buf, bytes_of(chain_params_get(CHAIN_MAIN)->magic, 4));
    buf_add(&buf, bytes_of("bench_snapshot: an invented base", 32));
    buf_le64(&buf, coins);
    for (uint64_t done = 0; done < coins;) {
        uint64_t rest = coins - done;
        uint64_t outs = dice() % 100 < 20 ? 1 + dice() % 4 : 1;
        outs = outs < rest ? outs : rest;
        txid += step;
        uint64_t big = __builtin_bswap64(txid);
        uint64_t tail[3] = {dice(), dice(), dice()};
        buf_add(&buf, bytes_of(&big, 8));
        buf_add(&buf, bytes_of(tail, 24));
        buf_compact(&buf, outs);
        for (unsigned i = 0; i < outs; i++)
            add_coin(&buf, i, scripts);
        done += outs;
        if (buf.size > 1 << 20 || done == coins) {
            size += buf.size;
            if (buf.bad || fwrite(buf.data, 1, buf.size, file) != buf.size)
                must(err_set(&err, SANAD_IO, "%s: the disk is full", path), &err);
            buf_reset(&buf);
        }
    }
    if (fclose(file) != 0)
        must(err_set(&err, SANAD_IO, "%s: the disk is full", path), &err);
    buf_free(&buf);
    return size;
}

static int count_hit(void *context, const struct snapshot_coin *coin, struct err *err)
{
    uint64_t *sum = context;
    (void)err;
    *sum = *sum * 31 + coin->script + coin->outpoint.vout;
    return 0;
}

/* Seconds a byte of one stream. */
static double sha_alone(void)
{
    uint8_t *data = mem_zalloc(1, SHA_BYTES);
    struct hash256 digest;
    double runs[RUNS];
    for (size_t i = 0; i < RUNS; i++) {
        double begun = bench_seconds(CLOCK_MONOTONIC);
        sha256_of(&digest, bytes_of(data, SHA_BYTES));
        data[i] = digest.b[0];
        runs[i] = (bench_seconds(CLOCK_MONOTONIC) - begun) / SHA_BYTES;
    }
    free(data);
    return bench_median(runs, RUNS);
}

static void measure(struct snapshot_options *options, const char *what)
{
    struct snapshot_result result;
    struct err err = {0};
    double runs[RUNS];
    uint64_t sum;
    char hash[HEX256_SIZE] = "not hashed";
    options->context = &sum;
    for (size_t i = 0; i < RUNS; i++) {
        double begun = bench_seconds(CLOCK_MONOTONIC);
        sum = 0;
        must(snapshot_read(&result, options, &err), &err);
        runs[i] = bench_seconds(CLOCK_MONOTONIC) - begun;
    }
    if (options->serialized)
        hash256_display(hash, &result.serialized);
    double seconds = bench_median(runs, RUNS);
    printf("%-10s %.3f s, %.1f ns a coin (best %.3f s); checksum %016llx, %.16s\n", what, seconds,
           seconds * 1e9 / (double)result.head.coin_count, runs[0], (unsigned long long)sum, hash);
}

int main(void)
{
    const char *folder = getenv("BENCH_FOLDER");
    const char *wanted = getenv("BENCH_COINS");
    uint64_t coins = 4000000;
    char path[PATH_SIZE];
    struct bytes scripts[SCRIPTS];
    uint8_t texts[SCRIPTS][22];
    struct err err = {0};
    if (wanted && !number_parse(&coins, wanted, strlen(wanted), UINT32_MAX))
        must(err_set(&err, SANAD_USAGE, "BENCH_COINS: no number"), &err);
    must(path_join(path, folder ? folder : ".", "bench_snapshot.dat", &err), &err);
    for (size_t i = 0; i < SCRIPTS; i++) {
        texts[i][0] = 0;
        texts[i][1] = 20;
        random_bytes(texts[i] + 2, 20);
        scripts[i] = bytes_of(texts[i], 22);
    }
    uint64_t size = file_make(path, coins, scripts);
    printf("%llu coins, %.2f GB, %d scripts\n", (unsigned long long)coins, (double)size * 1e-9,
           SCRIPTS);
    struct snapshot_options options = {.path = path,
                                       .params = chain_params_get(CHAIN_MAIN),
                                       .base_height = -1,
                                       .scripts = scripts,
                                       .script_count = SCRIPTS,
                                       .visit = count_hit};
    measure(&options, "unverified");
    options.serialized = true;
    measure(&options, "verified");
    printf("SHA-256 alone: %.2f GB/s\n", 1e-9 / sha_alone());
    (void)unlink(path);
    return 0;
}
