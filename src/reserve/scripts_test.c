/* Proves: every script of the marked wallets is listed once, held or not, and what is held on
 * them is what the position says of their wallets, at any height. */
#include "world.h"

#include <stdlib.h>

#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_B "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCRIPT_C "0014cccccccccccccccccccccccccccccccccccccccc"
#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"
#define ENTITY "\"entities\":[{\"id\":\"t\",\"name\":{\"en\":\"T\"},\"sector\":\"S1311\"}]"
#define WALLET(id, descriptors, until)                                                             \
    "{\"id\":\"" id "\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","          \
    "\"visibility\":\"public\",\"descriptors\":[" descriptors "],\"since\":null,\"until\":" until  \
    "}"

static const char book[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\"," ENTITY
    ",\"wallets\":[" WALLET("a", "\"raw(" SCRIPT_A ")\",\"raw(" SCRIPT_C ")\"",
                            "null") "," WALLET("b", "\"raw(" SCRIPT_B ")\"", "\"2025-01-03\"") "]}";

static void listed(struct world *world, uint32_t height, const int64_t *expected, size_t count)
{
    struct ledger *ledger;
    struct ledger_script *list;
    struct arena arena = {0};
    struct err err = {0};
    size_t found;
    const bool wanted[] = {true, true};
    test_ok(ledger_new(&ledger, world->facts, world->book, world->height, &err), &err);
    ledger_scripts(&list, &found, ledger, height, wanted, &arena);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(amount_minor(list[i].balance), expected[i]);
        assert_int_equal(list[i].wallet, i == 2);
    }
    free(list);
    const bool none[] = {false, false};
    ledger_scripts(&list, &found, ledger, height, none, &arena);
    assert_int_equal(found, 0);
    free(list);
    arena_free(&arena);
    ledger_free(ledger);
}

static void test_scripts(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book);
    size_t first = world_tx(&world, NO_INS, OUT({SCRIPT_A, BTC(50)}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = first}), OUT({SCRIPT_B, BTC(20)}, {FOREIGN, BTC(29)}));
    world_block(&world);
    world_block(&world);
    world_done(&world);
    listed(&world, 0, (const int64_t[]){BTC(50), 0, 0}, 3);
    listed(&world, 1, (const int64_t[]){0, 0, BTC(20)}, 3);
    listed(&world, 2, (const int64_t[]){0, 0}, 2); /* wallet b ceased to count */
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scripts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
