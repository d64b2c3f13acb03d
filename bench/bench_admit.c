/* Admission: entries a second that may enter a log, each a document with two signatures of its
 * role: form, schema, sequence and both signatures checked; and the memory that a log of so many
 * entries holds in admission. BENCH_ENTRIES (20000) entries, all signed before the clock runs;
 * five runs. Fails where one is not admitted. */
#include "admit/admit.h"

#include "support_time.h"

#include <malloc.h>
#include <stdlib.h>

enum { RUN_COUNT = 5, ENTRY_COUNT = 20000, KEY_COUNT = 4 };

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
    const struct stmt_place place = {
        .authority = "xs", .log = "bench.example/log", .seq = seq, .prev = prev};
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

int main(void)
{
    const char *given = getenv("BENCH_ENTRIES");
    uint64_t count = ENTRY_COUNT;
    double runs[RUN_COUNT];
    size_t bytes = 0;
    size_t held = 0;
    struct err err = {0};
    if (given && (!number_parse(&count, given, strlen(given), 10000000) || count < 2))
        return 1;
    struct buf *entries = mem_zalloc(count, sizeof *entries);
    entries[0] = root_make();
    for (size_t i = 1; i < count; i++)
        entries[i] = document_make(i);
    for (size_t i = 0; i < count; i++)
        bytes += entries[i].size;
    for (size_t r = 0; r < RUN_COUNT; r++) {
        size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        struct admit *admit = admit_new(&(struct admit_options){.origin = "bench.example/log"});
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
                 (double)count / median, (double)count / runs[0], bytes / (size_t)count,
                 (double)held / (double)count);
    for (size_t i = 0; i < count; i++)
        buf_free(&entries[i]);
    free(entries);
    return 0;
}
