/* Proves that the probe meets every key that was added and no other, also past several
 * growths and for the key 0, and that the coins of a pass come out as they went in, under
 * random adding and taking against a plain list. */
#include "scan/scan_priv.h"

#include "support.h"

#include <stdlib.h>

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void test_probe(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct probe *probe = probe_new();
    struct buf ordinals = buf_with_max(1 << 20);
    uint64_t *log = mem_alloc(2 * COUNT * sizeof *log);
    for (size_t i = 0; i < 2 * COUNT; i++)
        log[i] = random_next();
    probe_log(probe, &ordinals, log, 2 * COUNT);
    assert_int_equal(ordinals.size, 0);
    for (size_t i = 0; i < COUNT; i++) {
        probe_add(probe, log[2 * i]);
        probe_add(probe, log[2 * i]);
    }
    assert_int_equal(probe->count, COUNT);
    probe_log(probe, &ordinals, log, 2 * COUNT);
    assert_int_equal(ordinals.size, COUNT * sizeof(uint32_t));
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(load_le32(ordinals.data + 4 * i), 2 * i);
        assert_true(probe_has(probe, log[2 * i]));
        assert_false(probe_has(probe, log[2 * i + 1]));
    }
    buf_free(&ordinals);
    free(log);
    probe_free(probe);
}

static void test_probe_zero(void **state)
{
    (void)state;
    const uint64_t log[] = {7, 0, 9};
    struct probe *probe = probe_new();
    struct buf ordinals = buf_with_max(64);
    assert_false(probe_has(probe, 0));
    probe_add(probe, 0);
    assert_true(probe_has(probe, 0));
    probe_log(probe, &ordinals, log, 3);
    assert_int_equal(ordinals.size, 4);
    assert_int_equal(load_le32(ordinals.data), 1);
    buf_free(&ordinals);
    for (uint64_t key = 1; key < 5000; key++) /* through two growths */
        probe_add(probe, key);
    assert_true(probe_has(probe, 0));
    probe_free(probe);
    probe_free(NULL);
}

static struct outpoint outpoint_of(uint64_t number)
{
    /* Few distinct first bytes, so that buckets are shared. */
    struct outpoint outpoint = {.vout = (uint32_t)(number % 3)};
    outpoint.txid.b[0] = (uint8_t)(number % 7);
    memcpy(outpoint.txid.b + 16, &number, sizeof number);
    return outpoint;
}

static void test_coins(void **state)
{
    (void)state;
    enum { NUMBERS = 1500, STEPS = 60000 };
    struct coins *coins = coins_new();
    bool *held = mem_zalloc(NUMBERS, sizeof *held);
    size_t count = 0;
    for (size_t step = 0; step < STEPS; step++) {
        uint64_t number = random_next() % NUMBERS;
        struct outpoint outpoint = outpoint_of(number);
        struct coin coin;
        assert_int_equal(coins_count(coins), count);
        if (held[number] || random_next() % 4 == 0) {
            bool got = coins_take(coins, &coin, &outpoint);
            assert_true(got == held[number]);
            if (got)
                assert_int_equal(coin.height, number);
            count -= got;
            held[number] = false;
        } else {
            coin = (struct coin){.outpoint = outpoint, .height = (uint32_t)number};
            coins_add(coins, &coin);
            held[number] = true;
            count++;
        }
    }
    for (uint64_t number = 0; number < NUMBERS; number++) {
        struct outpoint outpoint = outpoint_of(number);
        struct coin coin;
        assert_true(coins_take(coins, &coin, &outpoint) == held[number]);
    }
    assert_int_equal(coins_count(coins), 0);
    free(held);
    coins_free(coins);
    coins_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_probe_zero),
        cmocka_unit_test(test_coins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
