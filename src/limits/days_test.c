/* Proves that a day ends in the programme's zone, that its block is the highest whose median time
 * is at or before that end, and that days outside the scan are not there. */
#include "limits/limits_priv.h"

#include "support.h"

#define START INT64_C(1735689600) /* 2025-01-01 */

static struct store *store;
static struct facts *facts;
static struct err err;

static int setup(void **state)
{
    (void)state;
    err = (struct err){0};
    test_ok(store_open(&store, "", STORE_MEMORY, &err), &err);
    test_ok(facts_open(&facts, store, chain_params_get(CHAIN_REGTEST), &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    facts_close(facts);
    store_close(store);
    return 0;
}

/* Blocks `spacing` seconds apart from START on; the tip's header is a little ahead. */
static void chain(uint32_t first, uint32_t tip, int64_t spacing, int64_t ahead)
{
    struct fact_block block = {0};
    test_ok(store_begin(store, &err), &err);
    for (uint32_t height = first; height <= tip; height++) {
        block = (struct fact_block){.height = height,
                                    .time = START + height * spacing,
                                    .median_time = START + height * spacing};
        memcpy(block.hash.b, &height, sizeof height);
        test_ok(facts_block_add(facts, &block, &err), &err);
    }
    test_ok(store_commit(store, &err), &err);
    struct facts_state state = {.any = true,
                                .first_height = first,
                                .tip_height = tip,
                                .tip_hash = block.hash,
                                .tip_time = block.time + ahead,
                                .tip_median_time = block.median_time};
    test_ok(facts_state_set(facts, &state, &err), &err);
}

static int64_t day(const char *text)
{
    int64_t time = 0;
    test_ok(date_parse(&time, text, &err), &err);
    return time;
}

static struct limits_day day_of(const char *text, int32_t offset)
{
    const struct programme programme = {.utc_offset_minutes = offset};
    const int64_t asked = day(text);
    struct limits_day ret = {0};
    test_ok(limits_days_make(&ret, facts, &programme, &asked, 1, &err), &err);
    assert_true(ret.day == asked && ret.end == asked + 86399 - offset * 60);
    return ret;
}

static void is(struct limits_day asked, int64_t height, bool over)
{
    assert_int_equal(asked.any, height >= 0);
    assert_int_equal(asked.height, height >= 0 ? height : 0);
    assert_int_equal(asked.over, over);
}

/* A block at midnight and at noon of each day. */
static void test_days(void **state)
{
    (void)state;
    const struct programme programme = {0};
    struct limits_day none;
    test_refused(limits_days_make(&none, facts, &programme, &(int64_t){0}, 1, &err), SANAD_MISSING,
                 &err, "nothing was scanned");
    chain(0, 19, 43200, 0);
    is(day_of("2024-12-31", 0), -1, true);
    is(day_of("2025-01-01", 0), 1, true);
    is(day_of("2025-01-02", 0), 3, true);
    is(day_of("2025-01-09", 0), 17, true);
    is(day_of("2025-01-10", 0), 19, false); /* so far */
    is(day_of("2025-01-11", 0), -1, false);
    /* six hours west: the day ends at 06:00 UTC of the next */
    is(day_of("2024-12-31", -360), 0, true);
    is(day_of("2025-01-01", -360), 2, true);
    is(day_of("2025-01-10", -360), 19, false);
    is(day_of("2025-01-11", -360), -1, false);
    /* five hours east: it ends at 19:00 */
    is(day_of("2025-01-01", 300), 1, true);
    is(day_of("2025-01-10", 300), 19, false);
    /* twelve hours east and fourteen: noon is another day */
    is(day_of("2025-01-01", 720), 0, true);
    is(day_of("2025-01-11", 840), 19, false);
}

/* The header of the newest block is ahead of the median of the last eleven: its day counts. */
static void test_newest(void **state)
{
    (void)state;
    chain(0, 19, 43200, 3 * 86400);
    is(day_of("2025-01-10", 0), 19, false);
    is(day_of("2025-01-12", 0), 19, false);
    is(day_of("2025-01-13", 0), 19, false);
    is(day_of("2025-01-14", 0), -1, false);
}

static void test_anchored(void **state)
{
    (void)state;
    chain(4, 30, 43200, 0);
    is(day_of("2025-01-02", 0), -1, true);
    is(day_of("2025-01-03", 0), 5, true);
}

/* Ten years of days, many blocks and few. */
static void test_many(void **state)
{
    (void)state;
    enum { COUNT = 3650, PER_DAY = 6 };
    static int64_t days[COUNT];
    static struct limits_day made[COUNT];
    const struct programme programme = {.utc_offset_minutes = -360};
    chain(0, COUNT * PER_DAY, 86400 / PER_DAY, 0);
    for (size_t i = 0; i < COUNT; i++)
        days[i] = START + (int64_t)i * 86400;
    test_ok(limits_days_make(made, facts, &programme, days, COUNT, &err), &err);
    for (size_t i = 0; i + 1 < COUNT; i++)
        is(made[i], (int64_t)(i + 1) * PER_DAY + 1, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_days, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_anchored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
