/* ctest-label: threads
 * Proves that a scan killed at any moment, again and again, ends with the facts of a scan that
 * was left alone; that a second scan of the same store is noticed; and that logs that do not
 * fit in memory go through a file without changing anything. */
#include "world_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS = 160, TXS = 10, OURS = 28, KILLS = 10 };

static uint32_t grown(struct world *w, uint64_t seed)
{
    struct arena arena = {0};
    world_init(w, seed);
    uint32_t tip = toy_grow(&w->toy, 0, BLOCKS, TXS);
    uint32_t *branch = toy_branch(&w->toy, tip, &arena);
    world_book(w, 0, OURS);
    toy_shuffle(&w->toy, branch + 40, 60); /* out of order in the middle */
    toy_write(&w->toy, &w->writer, (struct toy_files){branch, BLOCKS + 1, 12, 0, true});
    arena_free(&arena);
    return tip;
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Scans in a child with checkpoints after every millisecond; true if it came to its end
 * before it was killed. */
static bool scan_and_kill(struct world *w, int64_t microseconds)
{
    int status;
    world_close(w);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct err err;
        struct scan_result result;
        if (world_try_open(w, &err) < 0)
            _exit(1);
        struct scan_options options = world_options(w, 2);
        options.checkpoint_ms = 1;
        _exit(scan_run(&result, &options, &err) == 0 ? 0 : 1);
    }
    struct timespec wait = {.tv_sec = microseconds / 1000000,
                            .tv_nsec = microseconds % 1000000 * 1000};
    if (microseconds > 0) {
        (void)nanosleep(&wait, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

/* How long a whole scan takes here and now, so that kills come in the middle. */
static int64_t scan_time(struct world *w)
{
    int64_t begin = now_us();
    assert_true(scan_and_kill(w, 0));
    return now_us() - begin;
}

static void test_killed(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 20);
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    unsigned between = 0;
    int64_t whole = scan_time(&w);
    world_forget(&w);
    for (unsigned tries = 0; between < KILLS && tries < 10 * KILLS; tries++) {
        struct facts_state now;
        struct err err;
        if (scan_and_kill(&w, 1 + (int64_t)toy_random(&w.toy, (uint64_t)whole)))
            world_forget(&w); /* it was faster: once more from the start */
        world_open(&w);
        test_ok(facts_state_get(&now, w.facts, &err), &err);
        if (!now.any)
            continue;
        between += now.tip_height < BLOCKS;
        (void)check_coins(&w, branch[now.tip_height]); /* a shorter truth, not a half one */
        (void)check_txs(&w, branch[now.tip_height], false);
    }
    (void)world_scan(&w, 2);
    check_all(&w, tip, GRADE_PREVOUT);
    print_message("%u kills in the middle of a scan\n", between);
    assert_true(between > 0);
    arena_free(&arena);
    world_free(&w);
}

/* Late scripts, killed while they are looked for. */
static void test_killed_in_late_pass(void **state)
{
    (void)state;
    struct world w;
    uint32_t tip = grown(&w, 21);
    (void)world_scan(&w, 2);
    int64_t whole = scan_time(&w);
    world_book(&w, OURS, 10);
    for (unsigned kills = 0; kills < KILLS / 2; kills++)
        (void)scan_and_kill(&w, whole / 4 + (int64_t)toy_random(&w.toy, (uint64_t)whole));
    (void)world_scan(&w, 2);
    check_all(&w, tip, GRADE_PREVOUT);
    world_free(&w);
}

/* Another handle advances the state between two checkpoints. */
static void test_second_scan(void **state)
{
    (void)state;
    struct world w;
    struct err err = {0};
    struct scan_result result;
    struct store *store = NULL;
    struct facts *facts = NULL;
    struct facts_state now;
    uint32_t tip = grown(&w, 22);
    world_open(&w);
    struct scan_options options = world_options(&w, 2);
    options.to_height = 50;
    test_ok(scan_run(&result, &options, &err), &err);
    test_ok(store_open(&store, w.store_path, STORE_WRITE, &err), &err);
    test_ok(facts_open(&facts, store, w.toy.params, &err), &err);
    test_ok(facts_state_get(&now, facts, &err), &err);
    test_ok(store_begin(store, &err), &err); /* the writer's lock is taken */
    test_refused(scan_run(&result, &options, &err), SANAD_ENVIRONMENT, &err,
                 "another process is writing");
    store_rollback(store);
    options.facts = facts;
    options.store = store;
    options.to_height = -1;
    test_ok(scan_run(&result, &options, &err), &err); /* the other one takes over */
    test_refused(facts_state_set(w.facts, &now, &err), SANAD_ENVIRONMENT, &err, "another scan");
    facts_close(facts);
    store_close(store);
    (void)world_scan(&w, 2);
    check_all(&w, tip, GRADE_PREVOUT);
    world_free(&w);
}

/* Nothing fits in memory, and the first block stands at the very end. */
static void test_spilled(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct scan_result result;
    struct arena arena = {0};
    world_init(&w, 23);
    uint32_t tip = toy_grow(&w.toy, 0, BLOCKS, TXS);
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    world_book(&w, 0, OURS);
    for (unsigned round = 0; round < 3; round++) {
        char name[16];
        (void)snprintf(name, sizeof name, "spill-%u", round);
        world_forget(&w);
        world_blocks_folder(&w, name, NULL);
        toy_shuffle(&w.toy, branch, BLOCKS + 1);
        toy_write(&w.toy, &w.writer, (struct toy_files){branch, BLOCKS + 1, 9, 0, round == 1});
        world_open(&w);
        struct scan_options options = world_options(&w, 1 + 2 * round);
        options.log_bytes_max = 1 + 20000 * round;
        test_ok(scan_run(&result, &options, &err), &err);
        check_all(&w, tip, GRADE_PREVOUT);
    }
    arena_free(&arena);
    world_free(&w);
}

/* Logs that fit nowhere: named, and what stands below the first of them is kept. Blocks of
 * 400 kB, so that one file is read in several batches; block 1 stands behind all others. */
static void test_spill_fails(void **state)
{
    (void)state;
    static const uint32_t heights[] = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1};
    static uint8_t filler[400000];
    struct world w;
    struct err err = {0};
    struct scan_result result;
    struct facts_state now;
    struct arena arena = {0};
    uint32_t order[countof(heights)];
    uint32_t tip = 0;
    world_init(&w, 24);
    memset(filler, 0x51, sizeof filler);
    for (size_t i = 1; i < countof(heights); i++)
        tip = toy_mine(&w.toy, tip, (struct toy_options){.pay = bytes_of(filler, sizeof filler)});
    uint32_t *branch = toy_branch(&w.toy, tip, &arena);
    for (size_t i = 0; i < countof(heights); i++)
        order[i] = branch[heights[i]];
    toy_write(&w.toy, &w.writer, (struct toy_files){order, countof(heights), 20, 0, false});
    char *old = getenv("TMPDIR") ? mem_strdup(getenv("TMPDIR")) : NULL;
    assert_int_equal(setenv("TMPDIR", "/nowhere", 1), 0);
    test_ok(store_open(&w.store, "", STORE_MEMORY, &err), &err); /* it spills there */
    world_open(&w);
    struct scan_options options = world_options(&w, 1);
    options.log_bytes_max = 1;
    test_refused(scan_run(&result, &options, &err), SANAD_IO, &err,
                 "/nowhere: temporary file of the scan");
    assert_int_equal(old ? setenv("TMPDIR", old, 1) : unsetenv("TMPDIR"), 0);
    test_ok(facts_state_get(&now, w.facts, &err), &err);
    assert_true(now.any && now.tip_height >= 2 && now.tip_height <= 8);
    (void)world_scan(&w, 1);
    check_all(&w, tip, GRADE_PREVOUT);
    free(old);
    arena_free(&arena);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed),      cmocka_unit_test(test_killed_in_late_pass),
        cmocka_unit_test(test_second_scan), cmocka_unit_test(test_spilled),
        cmocka_unit_test(test_spill_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
