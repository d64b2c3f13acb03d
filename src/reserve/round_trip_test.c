/* Proves: over thousands of random chains the linking is that of a plain search over all pairs,
 * for the default window and for given ones; each flow is linked once; the edges of the window
 * and of one percent are taken; and a year of busy flows takes a moment. */
#include "support.h"
#include "reserve/reserve_priv.h"

#include <stdlib.h>

static uint32_t random_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* ---- the plain search -------------------------------------------------------------------- */

static bool comes_back(const struct flow *out, const struct flow *in)
{
    if (in->class_ != FLOW_CLASS_EXTERNAL_IN || in->round_trip != SIZE_MAX)
        return false;
    struct amount gap = amount_sub(out->foreign_out, in->own_out);
    if (!amount_is_known(gap))
        return false;
    struct amount allowed = amount_mul_div(out->foreign_out, 1, 100);
    return amount_compare(gap, amount_neg(allowed)) >= 0 && amount_compare(gap, allowed) <= 0;
}

static void link_plainly(struct flow *list, size_t count, uint32_t blocks)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count && list[i].class_ == FLOW_CLASS_EXTERNAL_OUT; j++) {
            if (list[j].height - list[i].height > (blocks ? blocks : 6480) ||
                (!blocks && list[j].time - list[i].time > INT64_C(45) * 86400))
                break;
            if (!comes_back(&list[i], &list[j]))
                continue;
            list[i].round_trip = j;
            list[j].round_trip = i;
            break;
        }
    }
}

/* ---- random chains ----------------------------------------------------------------------- */

/* Amounts in a few narrow bands, so that many may be each other's return; headers that are up
 * to two hours early; sometimes an amount that is not known. */
static void flows_fill(struct flow *list, size_t count, uint64_t seed)
{
    uint32_t height = 800000;
    uint32_t blocks_max = 1 + random_next(&seed) % 600;
    uint32_t seconds_per_block = random_next(&seed) % 2 ? 600 : 20000;
    for (size_t i = 0; i < count; i++) {
        static const enum flow_class classes[] = {FLOW_CLASS_EXTERNAL_OUT, FLOW_CLASS_EXTERNAL_OUT,
                                                  FLOW_CLASS_EXTERNAL_IN,  FLOW_CLASS_EXTERNAL_IN,
                                                  FLOW_CLASS_INTERNAL,     FLOW_CLASS_MIXED};
        int64_t sat = (1 + random_next(&seed) % 3) * INT64_C(10000) + random_next(&seed) % 500;
        bool known = random_next(&seed) % 20 != 0;
        height += random_next(&seed) % blocks_max;
        list[i] =
            (struct flow){.height = height,
                          .time = (int64_t)height * seconds_per_block - random_next(&seed) % 7200,
                          .class_ = classes[random_next(&seed) % countof(classes)],
                          .foreign_out = known ? amount_of(sat) : amount_unknown(),
                          .own_out = known ? amount_of(sat) : amount_unknown(),
                          .round_trip = SIZE_MAX};
    }
}

static void the_linking_is_that_of_a_plain_search(void **state)
{
    (void)state;
    enum { FLOWS = 120 };
    static const uint32_t windows[] = {0, 1, 100, 3000, UINT32_MAX};
    size_t linked = 0;
    size_t alone = 0;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct flow plain[FLOWS];
        struct flow quick[FLOWS];
        size_t count = seed % (FLOWS + 1);
        uint32_t blocks = windows[seed / 7 % countof(windows)];
        struct flows flows = {.list = quick, .count = count};
        flows_fill(plain, count, seed);
        memcpy(quick, plain, sizeof quick);
        link_plainly(plain, count, blocks);
        round_trips_link(&flows, blocks);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(quick[i].round_trip, plain[i].round_trip);
            linked += quick[i].round_trip != SIZE_MAX;
            alone += quick[i].round_trip == SIZE_MAX;
            if (quick[i].round_trip != SIZE_MAX)
                assert_int_equal(quick[quick[i].round_trip].round_trip, i);
        }
    }
    assert_true(linked > 10000);
    assert_true(alone > 10000);
}

/* ---- edges ------------------------------------------------------------------------------- */

static bool links(int64_t out_sat, int64_t in_sat, uint32_t later_blocks, int64_t later_seconds,
                  uint32_t window)
{
    struct flow list[] = {{.height = 100,
                           .time = 1750000000,
                           .class_ = FLOW_CLASS_EXTERNAL_OUT,
                           .foreign_out = amount_of(out_sat),
                           .round_trip = SIZE_MAX},
                          {.height = 100 + later_blocks,
                           .time = 1750000000 + later_seconds,
                           .class_ = FLOW_CLASS_EXTERNAL_IN,
                           .own_out = amount_of(in_sat),
                           .round_trip = SIZE_MAX}};
    struct flows flows = {.list = list, .count = countof(list)};
    round_trips_link(&flows, window);
    assert_int_equal(list[0].round_trip == 1, list[1].round_trip == 0);
    return list[0].round_trip == 1;
}

static void the_edges_are_inside(void **state)
{
    (void)state;
    const int64_t days = INT64_C(45) * 86400;
    assert_true(links(10000, 10000, 0, 0, 0));
    assert_true(links(10000, 10100, 1, 600, 0));
    assert_true(links(10000, 9900, 1, 600, 0));
    assert_false(links(10000, 10101, 1, 600, 0));
    assert_false(links(10000, 9899, 1, 600, 0));
    assert_true(links(0, 0, 1, 600, 0));
    assert_false(links(0, 1, 1, 600, 0));
    /* By default both blocks and days. */
    assert_true(links(10000, 10000, 6480, days, 0));
    assert_false(links(10000, 10000, 6481, days, 0));
    assert_false(links(10000, 10000, 6480, days + 1, 0));
    /* A window that is given is one of blocks alone. */
    assert_true(links(10000, 10000, 10, days * 9, 10));
    assert_false(links(10000, 10000, 11, 600, 10));
    assert_true(links(10000, 10000, 20000, days * 9, UINT32_MAX));
    struct flows none = {0};
    round_trips_link(&none, 0);
}

/* All in one window and hardly one with its like: a search over all pairs takes minutes. */
static void many_flows_take_a_moment(void **state)
{
    (void)state;
    enum { MANY = 200000 };
    struct flow *list = mem_zalloc(MANY, sizeof *list);
    struct flows flows = {.list = list, .count = MANY};
    size_t linked = 0;
    for (size_t i = 0; i < MANY; i++) {
        bool out = i < MANY / 2;
        int64_t sat = out ? 10000 + (int64_t)i : 10000000 + (int64_t)i;
        list[i] = (struct flow){.height = 800000 + (uint32_t)(i / 100),
                                .time = 1750000000,
                                .class_ = out ? FLOW_CLASS_EXTERNAL_OUT : FLOW_CLASS_EXTERNAL_IN,
                                .foreign_out = amount_of(sat),
                                .own_out = amount_of(i == MANY - 1 ? 50000 : sat),
                                .round_trip = SIZE_MAX};
    }
    round_trips_link(&flows, 0);
    for (size_t i = 0; i < MANY; i++)
        linked += list[i].round_trip != SIZE_MAX;
    assert_int_equal(linked, 2);
    assert_true(list[MANY - 1].round_trip < MANY / 2);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_linking_is_that_of_a_plain_search),
        cmocka_unit_test(the_edges_are_inside),
        cmocka_unit_test(many_flows_take_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
