/* Proves: proofs through the cache are those without it, tiles that were read are not read again,
 * and what cannot be read is not kept. */
#include "cmd/cmd.h"
#include "toylog.h"

enum { ENTRIES = 70000, STEP = 997 };

struct counted {
    struct tlog_reader below;
    size_t reads;
    bool fails;
};

static int counted_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                        struct err *err)
{
    struct counted *counted = context;
    counted->reads++;
    if (counted->fails)
        return err_set(err, SANAD_IO, "no answer");
    return counted->below.read(counted->below.context, ret_data, tile, err);
}

static void proofs_are_the_same(void **state)
{
    (void)state;
    struct toylog log;
    struct err err = {0};
    toylog_make(&log, "toy.example", ENTRIES, SIZE_MAX);
    struct counted plain = {.below = toylog_reader(&log)};
    struct counted cached = plain;
    struct tlog_reader without = {.context = &plain, .read = counted_read};
    struct tlog_reader below = {.context = &cached, .read = counted_read};
    struct cmd_tile_cache *cache = cmd_tile_cache_new(&below);
    struct tlog_reader with = cmd_tile_cache_reader(cache);
    for (uint64_t size = 1; size < ENTRIES; size += STEP) {
        struct tlog_proof expected;
        struct tlog_proof found;
        test_ok(tlog_consistency_prove(&expected, &without, size, ENTRIES, &err), &err);
        test_ok(tlog_consistency_prove(&found, &with, size, ENTRIES, &err), &err);
        assert_int_equal(found.count, expected.count);
        assert_memory_equal(found.hashes, expected.hashes, found.count * sizeof found.hashes[0]);
    }
    assert_true(cached.reads < plain.reads / 2);
    cmd_tile_cache_free(cache);
    toylog_free(&log);
}

static void failures_are_not_kept(void **state)
{
    (void)state;
    struct toylog log;
    struct err err = {0};
    struct tlog_proof proof;
    toylog_make(&log, "toy.example", 300, SIZE_MAX);
    struct counted counted = {.below = toylog_reader(&log), .fails = true};
    struct tlog_reader below = {.context = &counted, .read = counted_read};
    struct cmd_tile_cache *cache = cmd_tile_cache_new(&below);
    struct tlog_reader with = cmd_tile_cache_reader(cache);
    test_refused(tlog_consistency_prove(&proof, &with, 7, 300, &err), SANAD_IO, &err, "no answer");
    counted.fails = false;
    test_ok(tlog_consistency_prove(&proof, &with, 7, 300, &err), &err);
    cmd_tile_cache_free(cache);
    cmd_tile_cache_free(NULL);
    toylog_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_are_the_same),
        cmocka_unit_test(failures_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
