/* Proves: from tiles follow the roots and proofs of logs that other implementations wrote
 * (golang.org/x/mod, Tessera), for every size and pair of sizes of small logs made here, and what
 * is cut, missing or changed is refused or leads to another root. */
#include "support.h"
#include "tlog/tlog.h"
#include "vastlog.h"

#include <stdlib.h>

/* A log in memory: every hash of every level, and entries of a few bytes. */
struct memory_log {
    uint64_t size;
    struct hash256 *levels[8]; /* hashes of the tiles' levels: 0, 8, 16 … */
};

static void entry_number(char ret_text[32], uint64_t i)
{
    (void)snprintf(ret_text, 32, "entry %llu", (unsigned long long)i);
}

static struct memory_log memory_make(uint64_t size)
{
    struct memory_log log = {.size = size};
    struct hash256 *below = mem_zalloc(size + 1, sizeof *below);
    for (uint64_t i = 0; i < size; i++) {
        char text[32];
        entry_number(text, i);
        tlog_leaf_hash(&below[i], bytes_of_text(text));
    }
    log.levels[0] = below;
    uint64_t count = size;
    for (size_t level = 1; level < countof(log.levels) && count >= TLOG_TILE_WIDTH; level++) {
        uint64_t above = count / TLOG_TILE_WIDTH;
        log.levels[level] = mem_zalloc(above, sizeof *below);
        for (uint64_t i = 0; i < above; i++) {
            struct tlog_frontier frontier = {.size = 0};
            for (size_t k = 0; k < TLOG_TILE_WIDTH; k++)
                tlog_frontier_add(&frontier, &log.levels[level - 1][i * TLOG_TILE_WIDTH + k]);
            tlog_frontier_root(&log.levels[level][i], &frontier);
        }
        count = above;
    }
    return log;
}

static void memory_free(struct memory_log *log)
{
    for (size_t i = 0; i < countof(log->levels); i++)
        free(log->levels[i]);
}

static int memory_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                       struct err *err)
{
    struct memory_log *log = context;
    struct buf data = buf_with_max(1 << 20);
    if (tlog_tile_width(log->size, tile->level, tile->n) < tile->width ||
        tile->level >= countof(log->levels))
        return err_set(err, SANAD_MISSING, "tile %u/%llu: not there", tile->level,
                       (unsigned long long)tile->n);
    buf_add(&data, bytes_of(log->levels[tile->level] + tile->n * TLOG_TILE_WIDTH,
                            tile->width * sizeof(struct hash256)));
    *ret_data = data;
    return 0;
}

static void root_of(struct hash256 *ret_root, const struct memory_log *log, uint64_t size)
{
    struct tlog_frontier frontier = {.size = 0};
    for (uint64_t i = 0; i < size; i++)
        tlog_frontier_add(&frontier, &log->levels[0][i]);
    tlog_frontier_root(ret_root, &frontier);
}

static void every_proof_of_small_logs_holds(void **state)
{
    (void)state;
    struct err err = {0};
    enum { SIZE = 67 };
    struct memory_log log = memory_make(SIZE);
    struct tlog_reader reader = {.context = &log, .read = memory_read};
    struct tlog_tree trees[SIZE + 1];
    for (uint64_t size = 0; size <= SIZE; size++) {
        trees[size].size = size;
        root_of(&trees[size].root, &log, size);
    }
    for (uint64_t size = 1; size <= SIZE; size++) {
        struct tlog_proof proof;
        log.size = size;
        for (uint64_t i = 0; i < size; i++) {
            test_ok(tlog_inclusion_prove(&proof, &reader, i, size, &err), &err);
            test_ok(
                tlog_inclusion_check(&log.levels[0][i], i, size, &proof, &trees[size].root, &err),
                &err);
        }
        for (uint64_t before = 0; before <= size; before++) {
            test_ok(tlog_consistency_prove(&proof, &reader, before, size, &err), &err);
            test_ok(tlog_consistency_check(&trees[before], &trees[size], &proof, &err), &err);
        }
    }
    log.size = SIZE;
    memory_free(&log);
}

static void proofs_across_tiles_hold(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {255, 256, 257, 511, 512, 65535, 65536, 65537, 70000};
    struct err err = {0};
    struct memory_log log = memory_make(70000);
    struct tlog_reader reader = {.context = &log, .read = memory_read};
    struct tlog_tree trees[countof(sizes)];
    for (size_t s = 0; s < countof(sizes); s++) {
        struct hash256 root;
        struct tlog_proof proof;
        log.size = sizes[s];
        trees[s].size = sizes[s];
        root_of(&trees[s].root, &log, sizes[s]);
        test_ok(tlog_root_read(&root, &reader, sizes[s], &err), &err);
        assert_true(hash256_equal(&root, &trees[s].root));
        for (uint64_t i = 0; i < sizes[s]; i += 1 + sizes[s] / 50) {
            test_ok(tlog_inclusion_prove(&proof, &reader, i, sizes[s], &err), &err);
            test_ok(tlog_inclusion_check(&log.levels[0][i], i, sizes[s], &proof, &root, &err),
                    &err);
        }
        for (size_t b = 0; b <= s; b++) {
            test_ok(tlog_consistency_prove(&proof, &reader, sizes[b], sizes[s], &err), &err);
            test_ok(tlog_consistency_check(&trees[b], &trees[s], &proof, &err), &err);
            if (b == s)
                continue;
            proof.hashes[proof.count / 2].b[7] ^= 1;
            test_refused(tlog_consistency_check(&trees[b], &trees[s], &proof, &err), SANAD_FALSE,
                         &err, "another root");
        }
    }
    log.size = 70000;
    memory_free(&log);
}

/* ---- logs of others
 * ------------------------------------------------------------------------------ */

static void checkpoint_read(struct tlog_checkpoint *ret, const char *folder, const char *name,
                            struct buf *raw)
{
    char path[PATH_SIZE];
    struct err err = {0};
    struct arena arena = {0};
    struct note note;
    test_ok(path_join(path, folder, name, &err), &err);
    test_ok(file_read(raw, path, TLOG_CHECKPOINT_MAX, &err), &err);
    test_ok(note_parse(&note, name, buf_bytes(raw), &arena, &err), &err);
    test_ok(tlog_checkpoint_parse(ret, name, note.text, &err), &err);
    arena_free(&arena);
}

static void a_log_of_x_mod_is_read(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    struct err err = {0};
    struct tlog_checkpoint checkpoint;
    struct buf raw = {0};
    struct hash256 root;
    (void)test_data_path(folder, "tlog/xmod-log-600");
    checkpoint_read(&checkpoint, folder, "checkpoint", &raw);
    struct tlog_reader reader = tlog_reader_folder(folder);
    assert_int_equal(checkpoint.size, 600);
    test_ok(tlog_root_read(&root, &reader, 600, &err), &err);
    assert_true(hash256_equal(&root, &checkpoint.root));
    for (uint64_t i = 0; i < 600; i += 7) {
        struct tlog_tile tile = {.level = TLOG_ENTRIES, .n = i / TLOG_TILE_WIDTH};
        struct tlog_proof proof;
        struct buf bundle;
        struct bytes entry;
        struct hash256 leaf;
        char text[40];
        tile.width = tlog_tile_width(600, tile.level, tile.n);
        test_ok(tlog_tile_read(&bundle, &reader, &tile, &err), &err);
        test_ok(tlog_bundle_entry(&entry, buf_bytes(&bundle), tile.width,
                                  (unsigned)(i % TLOG_TILE_WIDTH), &err),
                &err);
        (void)snprintf(text, sizeof text, "sanad leaf %llu", (unsigned long long)i);
        assert_true(bytes_equal(entry, bytes_of_text(text)));
        tlog_leaf_hash(&leaf, entry);
        test_ok(tlog_inclusion_prove(&proof, &reader, i, 600, &err), &err);
        test_ok(tlog_inclusion_check(&leaf, i, 600, &proof, &checkpoint.root, &err), &err);
        buf_free(&bundle);
    }
    buf_free(&raw);
}

static void a_log_of_tessera_grows_consistently(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    struct err err = {0};
    struct tlog_tree trees[16];
    (void)test_data_path(folder, "tlog/tessera-testlog");
    struct tlog_reader reader = tlog_reader_folder(folder);
    for (uint64_t size = 0; size <= 15; size++) {
        char name[32];
        struct buf raw = {0};
        struct tlog_checkpoint checkpoint;
        struct hash256 root;
        (void)snprintf(name, sizeof name, "checkpoint.%llu", (unsigned long long)size);
        checkpoint_read(&checkpoint, folder, name, &raw);
        assert_int_equal(checkpoint.size, size);
        test_ok(tlog_root_read(&root, &reader, size, &err), &err);
        assert_true(hash256_equal(&root, &checkpoint.root));
        trees[size] = (struct tlog_tree){size, checkpoint.root};
        for (uint64_t before = 0; before <= size; before++) {
            struct tlog_proof proof;
            test_ok(tlog_consistency_prove(&proof, &reader, before, size, &err), &err);
            test_ok(tlog_consistency_check(&trees[before], &trees[size], &proof, &err), &err);
        }
        buf_free(&raw);
    }
}

/* ---- what is cut or missing --------------------------------------------------------------------
 */

static int short_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                      struct err *err)
{
    int code = memory_read(context, ret_data, tile, err);
    if (code == 0)
        ret_data->size--;
    return code;
}

static void tiles_of_another_size_are_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct hash256 root;
    struct memory_log log = memory_make(300);
    struct tlog_reader reader = {.context = &log, .read = short_read};
    test_refused(tlog_root_read(&root, &reader, 300, &err), SANAD_REFUSED, &err,
                 "has not the size of");
    reader.read = memory_read;
    log.size = 200;
    test_refused(tlog_root_read(&root, &reader, 300, &err), SANAD_MISSING, &err, "not there");
    log.size = 300;
    memory_free(&log);
}

/* A path has a hash for each level of the tree and one more: near the largest size a proof has not
 * room for it. */
static void proofs_of_the_largest_logs(void **state)
{
    const uint64_t largest = (uint64_t)TLOG_SIZE_MAX;
    const struct {
        uint64_t before, after;
        bool fits;
    } cases[] = {{largest - 1, largest, true},
                 {largest - 2, largest, false},
                 {largest / 2, largest, false},
                 {largest / 2 + 1, largest, true}, /* 2^62: the first hash is the whole left side */
                 {largest / 4, largest / 2, true},
                 {largest / 2 - 1, largest / 2, true},
                 {UINT64_C(1) << 40, largest, true},
                 {(UINT64_C(1) << 62) - 1, UINT64_C(1) << 62, true}};
    struct vastlog *log = mem_zalloc(1, sizeof *log);
    struct tlog_reader reader = vastlog_reader(log);
    (void)state;
    vastlog_make(log);
    for (size_t i = 0; i < countof(cases); i++) {
        struct tlog_tree before = {.size = cases[i].before};
        struct tlog_tree after = {.size = cases[i].after};
        struct tlog_proof proof;
        struct err err = {0};
        vastlog_root(log, &before.root, before.size);
        vastlog_root(log, &after.root, after.size);
        int code = tlog_consistency_prove(&proof, &reader, before.size, after.size, &err);
        if (!cases[i].fits) {
            test_refused(code, SANAD_REFUSED, &err, "over 63 hashes");
            continue;
        }
        test_ok(code, &err);
        test_ok(tlog_consistency_check(&before, &after, &proof, &err), &err);
    }
    struct tlog_proof proof;
    struct hash256 root;
    struct err err = {0};
    test_ok(tlog_inclusion_prove(&proof, &reader, largest - 1, largest, &err), &err);
    vastlog_root(log, &root, largest);
    test_ok(tlog_inclusion_check(&log->heights[0], largest - 1, largest, &proof, &root, &err),
            &err);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_proof_of_small_logs_holds),
        cmocka_unit_test(proofs_across_tiles_hold),
        cmocka_unit_test(a_log_of_x_mod_is_read),
        cmocka_unit_test(a_log_of_tessera_grows_consistently),
        cmocka_unit_test(tiles_of_another_size_are_refused),
        cmocka_unit_test(proofs_of_the_largest_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
