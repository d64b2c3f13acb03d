/* Proves: two logs that differ in one entry give a file that checks, for sizes around powers of two
 * and tiles, whoever of both is the smaller; a log that only grew gives none whatever path is
 * written; and a file that is cut, changed or of another key shows nothing. */
#include "support.h"
#include "tlog/tlog.h"

#include <stdlib.h>

enum { SIZE = 300 };

/* A log in memory: entry i is "entry i", but for one that may differ. */
struct memory_log {
    uint64_t other; /* index of the entry that differs; SIZE: none */
    struct hash256 leaves[SIZE];
    struct hash256 above; /* of the first tile */
    struct hash256 roots[SIZE + 1];
};
static struct memory_log honest, late, forked; /* the same, differing at 290, at 2 */
static struct note_key log_key;
static uint8_t seed[32] = {5};

static void log_make(struct memory_log *log, uint64_t other)
{
    struct tlog_frontier frontier = {.size = 0};
    log->other = other;
    for (uint64_t i = 0; i < SIZE; i++) {
        char text[40];
        (void)snprintf(text, sizeof text, "%s %llu", i == other ? "another" : "entry",
                       (unsigned long long)i);
        tlog_frontier_root(&log->roots[i], &frontier);
        tlog_leaf_hash(&log->leaves[i], bytes_of_text(text));
        tlog_frontier_add(&frontier, &log->leaves[i]);
    }
    tlog_frontier_root(&log->roots[SIZE], &frontier);
    log->above = log->roots[TLOG_TILE_WIDTH];
}

static int log_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                    struct err *err)
{
    struct memory_log *log = context;
    struct buf data = buf_with_max(1 << 16);
    if (tlog_tile_width(SIZE, tile->level, tile->n) < tile->width)
        return err_set(err, SANAD_MISSING, "tile: not there");
    buf_add(&data, bytes_of(tile->level ? &log->above : log->leaves + tile->n * TLOG_TILE_WIDTH,
                            tile->width * sizeof log->above));
    *ret_data = data;
    return 0;
}

static struct buf note_of(const struct memory_log *log, uint64_t size, const char *origin)
{
    struct buf note = buf_with_max(1 << 12);
    struct buf lines = buf_with_max(1 << 12);
    struct tlog_checkpoint checkpoint = {.size = size, .root = log->roots[size]};
    memcpy(checkpoint.origin, origin, strlen(origin) + 1);
    tlog_checkpoint_write(&note, &checkpoint);
    note_sign(&lines, buf_bytes(&note), &log_key, seed);
    buf_u8(&note, '\n');
    buf_add(&note, buf_bytes(&lines));
    buf_free(&lines);
    return note;
}

/* The file's verdict after it was written and parsed. */
static int check(const struct tlog_fraud *fraud, struct err *err)
{
    struct arena arena = {0};
    struct tlog_fraud parsed;
    struct buf raw = buf_with_max(1 << 16);
    struct buf again = buf_with_max(1 << 16);
    tlog_fraud_write(&raw, fraud);
    test_ok(tlog_fraud_parse(&parsed, "file", buf_bytes(&raw), &arena, err), err);
    tlog_fraud_write(&again, &parsed);
    assert_true(bytes_equal(buf_bytes(&raw), buf_bytes(&again)));
    int code = tlog_fraud_check(&parsed, &log_key, err);
    buf_free(&raw);
    buf_free(&again);
    arena_free(&arena);
    return code;
}

/* The smaller checkpoint of one log, the larger of another, with the larger's tiles. */
static int check_pair(struct memory_log *first, uint64_t before, struct memory_log *second,
                      uint64_t after, struct err *err)
{
    struct tlog_reader reader = {.context = second, .read = log_read};
    struct tlog_fraud fraud = {.path = {.count = 0}};
    struct buf notes[2] = {note_of(first, before, "example.org/log"),
                           note_of(second, after, "example.org/log")};
    fraud.first = buf_bytes(&notes[0]);
    fraud.second = buf_bytes(&notes[1]);
    test_ok(tlog_fraud_prove(&fraud.path, &reader, before, after, err), err);
    int code = check(&fraud, err);
    buf_free(&notes[0]);
    buf_free(&notes[1]);
    return code;
}

static const uint64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 127, 128, 129, 255, 256, 257, 291, 300};

static void one_other_entry_is_enough(void **state)
{
    (void)state;
    for (size_t a = 0; a < countof(sizes); a++)
        for (size_t b = a; b < countof(sizes); b++) {
            struct err err = {0};
            bool both_show = sizes[a] > 2; /* the smaller one holds the entry that differs */
            int code = check_pair(&honest, sizes[a], &forked, sizes[b], &err);
            assert_int_equal(code, both_show ? 0 : SANAD_MISSING);
            code = check_pair(&forked, sizes[a], &honest, sizes[b], &err);
            assert_int_equal(code, both_show ? 0 : SANAD_MISSING);
            code = check_pair(&late, sizes[a], &honest, sizes[b], &err);
            assert_int_equal(code, sizes[a] > 290 ? 0 : SANAD_MISSING);
        }
}

static void a_log_that_only_grew_is_innocent(void **state)
{
    (void)state;
    for (size_t a = 0; a < countof(sizes); a++)
        for (size_t b = a; b < countof(sizes); b++) {
            struct err err = {0};
            assert_int_equal(check_pair(&honest, sizes[a], &honest, sizes[b], &err), SANAD_MISSING);
        }
}

/* The honest log with another entry, with the roots that a pair of sizes needs. */
static void log_fork(struct memory_log *log, uint64_t other, uint64_t after)
{
    struct tlog_frontier frontier = {.size = 0};
    *log = honest;
    log->other = other;
    tlog_leaf_hash(&log->leaves[other], bytes_of_text("another"));
    while (frontier.size < SIZE) {
        tlog_frontier_add(&frontier, &log->leaves[frontier.size]);
        if (frontier.size == TLOG_TILE_WIDTH)
            tlog_frontier_root(&log->above, &frontier);
        if (frontier.size == after)
            tlog_frontier_root(&log->roots[after], &frontier);
    }
}

/* What a proof of consistency and a fraud proof say of an honest tree and a larger one of a log. */
static void judge(struct memory_log *log, uint64_t before, uint64_t after, bool guilty)
{
    struct tlog_reader reader = {.context = log, .read = log_read};
    struct tlog_tree first = {.size = before, .root = honest.roots[before]};
    struct tlog_tree second = {.size = after, .root = log->roots[after]};
    struct tlog_proof proof;
    struct err err = {0};
    test_ok(tlog_consistency_prove(&proof, &reader, before, after, &err), &err);
    assert_int_equal(tlog_consistency_check(&first, &second, &proof, &err),
                     guilty ? SANAD_FALSE : 0);
    assert_int_equal(check_pair(&honest, before, log, after, &err), guilty ? 0 : SANAD_MISSING);
}

/* Any entry, any two sizes: both the proof of consistency and the fraud proof tell it exactly
 * where the smaller tree holds the entry that differs; and neither ever tells it of the honest
 * log. */
static void random_forks_are_caught(void **state)
{
    (void)state;
    enum { FORK_COUNT = 10000 };
    struct memory_log *log = mem_zalloc(1, sizeof *log);
    uint64_t random = 4;
    unsigned caught = 0, innocent = 0;
    while (caught < FORK_COUNT) {
        uint64_t draw[3];
        for (size_t k = 0; k < 3; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            draw[k] = (random >> 33) % SIZE;
        }
        uint64_t before = 1 + (draw[0] < draw[1] ? draw[0] : draw[1]);
        uint64_t after = 1 + (draw[0] < draw[1] ? draw[1] : draw[0]);
        bool guilty = draw[2] < before;
        log_fork(log, draw[2], after);
        judge(log, before, after, guilty);
        caught += guilty;
        innocent += !guilty;
    }
    for (; innocent < FORK_COUNT; innocent++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t after = 1 + (random >> 33) % SIZE;
        judge(&honest, 1 + (random >> 13) % after, after, false);
    }
    print_message("%u forks caught, %u continuations found innocent\n", caught, innocent);
    free(log);
}

/* Whatever hashes stand in the path: it must lead to the signed root of the larger. */
static void no_path_makes_the_innocent_guilty(void **state)
{
    (void)state;
    struct tlog_reader reader = {.context = &honest, .read = log_read};
    struct buf notes[2] = {note_of(&honest, 100, "example.org/log"),
                           note_of(&honest, 299, "example.org/log")};
    struct tlog_fraud fraud = {.first = buf_bytes(&notes[0]), .second = buf_bytes(&notes[1])};
    struct tlog_proof path;
    struct err err = {0};
    test_ok(tlog_fraud_prove(&path, &reader, 100, 299, &err), &err);
    for (size_t i = 0; i < path.count; i++) {
        fraud.path = path;
        fraud.path.hashes[i].b[i] ^= 1;
        test_refused(check(&fraud, &err), SANAD_MISSING, &err, "does not lead to the root");
        fraud.path = path;
        fraud.path.hashes[i] = fraud.path.hashes[path.count - 1 - i];
        assert_int_equal(check(&fraud, &err), SANAD_MISSING);
    }
    for (size_t count = 0; count < TLOG_PROOF_MAX; count++) {
        fraud.path = path;
        fraud.path.count = count;
        for (size_t i = path.count; i < count; i++)
            fraud.path.hashes[i] = path.hashes[0];
        assert_int_equal(check(&fraud, &err), SANAD_MISSING);
    }
    fraud = (struct tlog_fraud){.first = fraud.second, .second = fraud.first};
    test_refused(check(&fraud, &err), SANAD_REFUSED, &err, "the smaller checkpoint comes first");
    buf_free(&notes[0]);
    buf_free(&notes[1]);
}

static void only_the_logs_own_signatures_count(void **state)
{
    (void)state;
    struct buf notes[2] = {note_of(&honest, 300, "example.org/log"),
                           note_of(&forked, 300, "example.org/log")};
    struct tlog_fraud fraud = {.first = buf_bytes(&notes[0]), .second = buf_bytes(&notes[1])};
    struct err err = {0};
    struct note_key other = log_key;
    test_ok(check(&fraud, &err), &err);
    memcpy(other.name, "example.org/gol", sizeof "example.org/gol");
    test_refused(tlog_fraud_check(&fraud, &other, &err), SANAD_MISSING, &err,
                 "first checkpoint: no signature of example.org/gol");
    notes[1].data[notes[1].size - 10] ^= 1; /* in the base64 of the signature */
    assert_int_equal(tlog_fraud_check(&fraud, &log_key, &err), SANAD_FALSE);
    buf_free(&notes[1]);
    notes[1] = note_of(&forked, 300, "example.org/another");
    fraud.second = buf_bytes(&notes[1]);
    test_refused(check(&fraud, &err), SANAD_MISSING, &err, "checkpoints of two origins");
    buf_free(&notes[0]);
    buf_free(&notes[1]);
    notes[0] = note_of(&honest, 0, "example.org/log");
    notes[1] = note_of(&forked, 3, "example.org/log");
    fraud = (struct tlog_fraud){.first = buf_bytes(&notes[0]), .second = buf_bytes(&notes[1])};
    test_refused(check(&fraud, &err), SANAD_MISSING, &err, "any log begins empty");
    buf_free(&notes[0]);
    buf_free(&notes[1]);
}

static void a_damaged_file_shows_nothing(void **state)
{
    (void)state;
    struct tlog_reader reader = {.context = &forked, .read = log_read};
    struct buf notes[2] = {note_of(&honest, 100, "example.org/log"),
                           note_of(&forked, 299, "example.org/log")};
    struct tlog_fraud fraud = {.first = buf_bytes(&notes[0]), .second = buf_bytes(&notes[1])};
    struct buf raw = buf_with_max(1 << 16);
    struct err err = {0};
    test_ok(tlog_fraud_prove(&fraud.path, &reader, 100, 299, &err), &err);
    tlog_fraud_write(&raw, &fraud);
    for (size_t i = 0; i < 8 * raw.size; i++) {
        struct arena arena = {0};
        struct tlog_fraud parsed;
        size_t cut = i / 8;
        raw.data[i / 8] ^= (uint8_t)(1u << i % 8);
        int code = tlog_fraud_parse(&parsed, "file", buf_bytes(&raw), &arena, &err);
        if (code == 0)
            code = tlog_fraud_check(&parsed, &log_key, &err);
        assert_int_not_equal(code, 0);
        raw.data[i / 8] ^= (uint8_t)(1u << i % 8);
        code = tlog_fraud_parse(&parsed, "file", bytes_of(raw.data, cut), &arena, &err);
        if (code == 0)
            code = tlog_fraud_check(&parsed, &log_key, &err);
        assert_int_not_equal(code, 0);
        arena_free(&arena);
    }
    struct tlog_proof path;
    test_refused(tlog_fraud_prove(&path, &reader, 0, 3, &err), SANAD_REFUSED, &err, "from 0 to 3");
    test_refused(tlog_fraud_prove(&path, &reader, 4, 3, &err), SANAD_REFUSED, &err, "from 4 to 3");
    buf_free(&raw);
    buf_free(&notes[0]);
    buf_free(&notes[1]);
}

static int setup(void **state)
{
    uint8_t public_key[32];
    (void)state;
    log_make(&honest, SIZE);
    log_make(&late, 290);
    log_make(&forked, 2);
    ed25519_public(public_key, seed);
    return note_key_make(&log_key, "example.org/log", NOTE_KEY_TYPE_ED25519, public_key, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_other_entry_is_enough),
        cmocka_unit_test(a_log_that_only_grew_is_innocent),
        cmocka_unit_test(random_forks_are_caught),
        cmocka_unit_test(no_path_makes_the_innocent_guilty),
        cmocka_unit_test(only_the_logs_own_signatures_count),
        cmocka_unit_test(a_damaged_file_shows_nothing),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
