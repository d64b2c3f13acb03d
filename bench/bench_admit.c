/* Admission: entries a second that may enter a log, each a document with two signatures of its
 * role: form, schema, sequence and both signatures checked; and the memory that a log of so many
 * entries holds in admission. Then what one more `log add` pays before it: the log read again from
 * its files, and the state kept from the last run taken up and kept again. BENCH_ENTRIES (20000)
 * entries, all signed before the clock runs; five runs. BENCH_FOLDER (the current one) is where
 * the log is made. Fails where one is not admitted. */
#include "admit/admit.h"

#include "support_time.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

enum { RUN_COUNT = 5, ENTRY_COUNT = 20000, KEY_COUNT = 4, BATCH = 1024 };
#define ORIGIN "bench.example/log"

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench_admit: %s\n", err->text);
    exit(1);
}

static struct role_key keys[KEY_COUNT];

/* An entry of a kind at a place, signed by two keys. */
static struct buf entry_of(enum stmt_kind kind, uint64_t seq, int64_t prev, const char *members,
                           const struct role_key *signers)
{
    const struct stmt_place place = {.authority = "xs", .log = ORIGIN, .seq = seq, .prev = prev};
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    struct err err = {0};
    json_t *json = json_loads(members, 0, NULL);
    must(stmt_make(&note, kind, &place, json, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        struct buf next = buf_with_max(NOTE_SIZE_MAX);
        must(stmt_sign(&next, buf_bytes(&note), &signers[i], &err), &err);
        buf_free(&note);
        note = next;
    }
    json_decref(json);
    return note;
}

static struct buf root_make(void)
{
    struct buf text = buf_with_max(65536);
    struct err err = {0};
    buf_text(&text, "{\"version\":1,\"date\":\"2025-01-01\",\"expires\":\"2030-01-01\",\"keys\":[");
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        char name[16];
        const uint8_t seed[32] = {(uint8_t)(i + 1)};
        (void)snprintf(name, sizeof name, "k%u", i);
        must(role_key_new(&keys[i], name, seed, &err), &err);
        buf_text(&text, i ? ",\"" : "\"");
        note_vkey_write(&text, &keys[i].key);
        buf_text(&text, "\"");
    }
    buf_text(&text, "],\"roles\":{\"root\":{\"threshold\":2,\"keys\":[\"k0\",\"k1\"]},"
                    "\"document\":{\"threshold\":2,\"keys\":[\"k2\",\"k3\"]}}}");
    struct buf entry = entry_of(STMT_ROOT, 0, -1, buf_cstr(&text), keys);
    buf_free(&text);
    return entry;
}

static struct buf document_make(size_t number)
{
    char members[512];
    (void)snprintf(members, sizeof members,
                   "{\"date\":\"2025-07-16\",\"sha256\":\"%064zx\",\"media_type\":"
                   "\"application/pdf\",\"size\":%zu,\"title\":{\"en\":\"Memorandum\",\"es\":"
                   "\"Memorando\"},\"authoritative\":\"en\",\"language\":\"en\"}",
                   number, number);
    return entry_of(STMT_DOCUMENT, number - 1, number == 1 ? -1 : (int64_t)number - 1, members,
                    &keys[2]);
}

static void bench_entries(const struct buf *entries, size_t count)
{
    double runs[RUN_COUNT];
    size_t bytes = 0;
    size_t held = 0;
    struct err err = {0};
    for (size_t i = 0; i < count; i++)
        bytes += entries[i].size;
    for (size_t r = 0; r < RUN_COUNT; r++) {
        size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        struct admit *admit = admit_new(&(struct admit_options){.origin = ORIGIN});
        double start = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t i = 0; i < count; i++)
            must(admit_entry(admit, i, buf_bytes(&entries[i]), &err), &err);
        runs[r] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
        held = mallinfo2().uordblks + mallinfo2().hblkhd - before;
        admit_free(admit);
    }
    double median = bench_median(runs, RUN_COUNT);
    (void)printf("admitted: %.0f entries/s of one core (best %.0f), 2 signatures each, %zu bytes; "
                 "%.1f bytes held an entry\n",
                 (double)count / median, (double)count / runs[0], bytes / count,
                 (double)held / (double)count);
}

/* ---- one more add to a log that stands ----------------------------------------------------------
 */

struct place {
    char public_folder[PATH_SIZE], private_folder[PATH_SIZE];
    struct role_key key;
    struct tlog_tree tree;
};

static void log_make(struct place *place, const struct buf *entries, size_t count)
{
    struct err err = {0};
    const char *folder = getenv("BENCH_FOLDER");
    struct tlog_writer *writer;
    struct tlog_reader reader;
    struct buf note;
    uint64_t first;
    char name[64];
    (void)snprintf(name, sizeof name, "bench_admit.%ld", (long)getpid());
    must(path_join(place->public_folder, folder ? folder : ".", name, &err), &err);
    (void)snprintf(place->private_folder, PATH_SIZE, "%.4000s.private", place->public_folder);
    must(role_key_new(&place->key, ORIGIN, NULL, &err), &err);
    const struct tlog_writer_options options = {.public_folder = place->public_folder,
                                                .private_folder = place->private_folder,
                                                .origin = ORIGIN,
                                                .key = &place->key.key,
                                                .seed = place->key.seed};
    must(tlog_writer_init(&options, &err), &err);
    must(tlog_writer_open(&writer, &options, &err), &err);
    for (size_t i = 0; i < count; i += BATCH) {
        struct bytes batch[BATCH];
        size_t width = count - i < BATCH ? count - i : BATCH;
        for (size_t k = 0; k < width; k++)
            batch[k] = buf_bytes(&entries[i + k]);
        must(tlog_writer_add(writer, &first, batch, width, &err), &err);
    }
    must(tlog_writer_sign(writer, &note, &err), &err);
    must(tlog_writer_place(writer, bytes_of(NULL, 0), &err), &err);
    buf_free(&note);
    tlog_writer_close(writer);
    reader = tlog_reader_folder(place->public_folder);
    place->tree.size = count;
    must(tlog_root_read(&place->tree.root, &reader, count, &err), &err);
}

static struct admit *replayed(const struct place *place)
{
    struct err err = {0};
    struct tlog_audit audit;
    struct tlog_reader reader = tlog_reader_folder(place->public_folder);
    struct admit *admit =
        admit_new(&(struct admit_options){.origin = ORIGIN, .admitted_before = place->tree.size});
    must(tlog_audit_run(&audit, &reader, &place->tree, admit_visit, admit, &err), &err);
    return admit;
}

/* Written as the program writes it, synced and renamed. */
static void bench_state(const struct place *place)
{
    double all[RUN_COUNT], read[RUN_COUNT], write[RUN_COUNT];
    struct err err = {0};
    size_t bytes = 0;
    char path[PATH_SIZE];
    must(path_join(path, place->private_folder, "admission", &err), &err);
    for (size_t r = 0; r < RUN_COUNT; r++) {
        struct buf raw = buf_with_max(ADMIT_SNAPSHOT_MAX);
        struct admit *again;
        double start = bench_seconds(CLOCK_MONOTONIC);
        struct admit *admit = replayed(place);
        all[r] = bench_seconds(CLOCK_MONOTONIC) - start;
        start = bench_seconds(CLOCK_MONOTONIC);
        admit_snapshot_write(&raw, admit, &place->tree, place->key.seed);
        must(file_write_private(path, buf_bytes(&raw), &err), &err);
        write[r] = bench_seconds(CLOCK_MONOTONIC) - start;
        buf_free(&raw);
        start = bench_seconds(CLOCK_MONOTONIC);
        must(file_read(&raw, path, ADMIT_SNAPSHOT_MAX, &err), &err);
        must(admit_snapshot_read(&again, buf_bytes(&raw), ORIGIN, &place->tree, place->key.seed,
                                 &err),
             &err);
        read[r] = bench_seconds(CLOCK_MONOTONIC) - start;
        sanad_assert(admit_size(again) == place->tree.size);
        bytes = raw.size;
        buf_free(&raw);
        admit_free(admit);
        admit_free(again);
    }
    double whole = bench_median(all, RUN_COUNT);
    double kept = bench_median(read, RUN_COUNT) + bench_median(write, RUN_COUNT);
    (void)printf("before one more of %llu: all read again %.1f ms; state of %zu bytes taken up "
                 "%.1f ms and kept %.1f ms: %.0f times less\n",
                 (unsigned long long)place->tree.size, 1e3 * whole, bytes,
                 1e3 * bench_median(read, RUN_COUNT), 1e3 * bench_median(write, RUN_COUNT),
                 whole / kept);
}

int main(void)
{
    const char *given = getenv("BENCH_ENTRIES");
    uint64_t count = ENTRY_COUNT;
    struct place *place = mem_zalloc(1, sizeof *place);
    if (given && (!number_parse(&count, given, strlen(given), 10000000) || count < 2))
        return 1;
    struct buf *entries = mem_zalloc(count, sizeof *entries);
    entries[0] = root_make();
    for (size_t i = 1; i < count; i++)
        entries[i] = document_make(i);
    bench_entries(entries, count);
    log_make(place, entries, count);
    bench_state(place);
    (void)printf("left: %s and its neighbour\n", place->public_folder);
    for (size_t i = 0; i < count; i++)
        buf_free(&entries[i]);
    free(entries);
    free(place);
    return 0;
}
