/* Proves that a change of a quantity is told by what happened: each reason with its effect, sums
 * exact, what is not told left as a rest; also where own transfers cross the perimeter. */
#include "stage_test.h"

/* Base on 2025-01-03: 100 BTC mined in the reserve, 60 at the operator, which owes 60. */
static void play(struct stage *stage, size_t ret_coins[3])
{
    stage_open(stage, stage_book);
    ret_coins[0] = world_tx(
        &stage->world, NO_INS,
        OUT({SCRIPT_RESERVE, BTC(100)}, {SCRIPT_CLIENTS, BTC(60)}, {SCRIPT_FOREIGN, BTC(1000)}));
    ret_coins[1] = ret_coins[0] + 1;
    ret_coins[2] = ret_coins[0] + 2;
    stage_owes(stage, "operator", "S14", 0, BTC(60), STAGE_DAY(0));
}

static struct limits_change changed(const struct stage *stage, int from, int to)
{
    struct limits_change change;
    struct evaluation evaluation;
    struct arena arena = {0};
    struct err err = {0};
    int64_t days[64];
    for (int i = 0; i <= to; i++)
        days[i] = STAGE_DAY(i);
    test_ok(evaluation_make(&evaluation, &stage->knowledge, days, (size_t)to + 1, &arena, &err),
            &err);
    test_ok(change_make(&change, &evaluation, &stage->programme->versions[0].criteria[0],
                        STAGE_DAY(from), STAGE_DAY(to), &err),
            &err);
    arena_free(&arena);
    return change;
}

static void is_reason(const struct limits_change *change, enum reason_kind kind, int64_t effect,
                      size_t count)
{
    const struct reason *reason = stage_reason(change, kind);
    assert_non_null(reason);
    assert_int_equal(amount_minor(reason->effect), effect);
    assert_int_equal(reason->count, count);
}

/* The reasons and the rest are the whole step, and the largest comes first. */
static void adds_up(const struct limits_change *change, int64_t step)
{
    struct amount sum = change->rest;
    int64_t last = INT64_MAX;
    for (size_t i = 0; i < change->count; i++) {
        int64_t effect = amount_minor(change->reasons[i].effect);
        int64_t size = effect < 0 ? -effect : effect;
        assert_true(size > 0 && size <= last);
        last = size;
        sum = amount_add(sum, change->reasons[i].effect);
    }
    assert_int_equal(amount_minor(sum), step);
    assert_int_equal(amount_minor(amount_sub(change->after, change->before)), step);
}

static void each_happening_has_its_reason(void **state)
{
    (void)state;
    struct stage stage;
    size_t coin[3];
    play(&stage, coin);
    stage_to(&stage, 5);
    (void)world_tx(&stage.world, NO_INS, OUT({SCRIPT_RESERVE, BTC(50)}));
    size_t bought = world_tx(&stage.world, IN({.coin = coin[2]}),
                             OUT({SCRIPT_RESERVE, BTC(7)}, {SCRIPT_FOREIGN, BTC(993)}));
    size_t gift = world_tx(&stage.world, IN({.coin = bought + 1}),
                           OUT({SCRIPT_RESERVE, BTC(3)}, {SCRIPT_FOREIGN, BTC(990)}));
    size_t strange = world_tx(&stage.world, IN({.coin = gift + 1}),
                              OUT({SCRIPT_RESERVE, BTC(2)}, {SCRIPT_FOREIGN, BTC(988)}));
    size_t pool = world_tx(&stage.world, IN({.coin = strange + 1}),
                           OUT({SCRIPT_RESERVE, BTC(1)}, {SCRIPT_FOREIGN, BTC(987)}));
    size_t sold = world_tx(&stage.world, IN({.coin = coin[0]}),
                           OUT({SCRIPT_RESERVE, BTC(80)}, {SCRIPT_FOREIGN, BTC(20)}));
    size_t paid = world_tx(&stage.world, IN({.coin = sold}),
                           OUT({SCRIPT_RESERVE, BTC(75)}, {SCRIPT_FOREIGN, BTC(5) - 1000}));
    size_t lost = world_tx(&stage.world, IN({.coin = paid}),
                           OUT({SCRIPT_RESERVE, BTC(71)}, {SCRIPT_FOREIGN, BTC(4)}));
    (void)world_tx(&stage.world, IN({.coin = lost}), OUT({SCRIPT_CLIENTS, BTC(71) - 250}));
    stage_owes(&stage, "operator", "S14", 5, BTC(30), STAGE_DAY(5));
    stage_to(&stage, 7);
    stage_means(&stage, bought, NULL, FLOW_PURCHASE, STAGE_DAY(5));
    stage_means(&stage, gift, NULL, FLOW_DONATION, STAGE_DAY(5));
    stage_means(&stage, pool, "reserve", FLOW_POOL_PAYOUT, STAGE_DAY(5));
    stage_means(&stage, sold, NULL, FLOW_SALE, STAGE_DAY(5));
    stage_means(&stage, paid, NULL, FLOW_OTHER, STAGE_DAY(5));
    stage_ready(&stage, json_of(stage_programme));
    struct limits_change change = changed(&stage, 4, 5);
    is_reason(&change, REASON_MINED, BTC(51), 2);
    is_reason(&change, REASON_PURCHASE, BTC(7), 1);
    is_reason(&change, REASON_OTHER_IN, BTC(3), 1);
    is_reason(&change, REASON_UNCLASSIFIED_IN, BTC(2), 1);
    is_reason(&change, REASON_SALE, -BTC(20), 1);
    is_reason(&change, REASON_OTHER_OUT, -BTC(5), 1);
    is_reason(&change, REASON_UNCLASSIFIED_OUT, -BTC(4), 1);
    is_reason(&change, REASON_FEES, -250, 1);
    is_reason(&change, REASON_LIABILITIES, BTC(30), 0);
    assert_int_equal(amount_minor(change.rest), 0);
    adds_up(&change, BTC(64) - 250);
    assert_int_equal(change.subject, SUBJECT_NET_POSITION);
    assert_string_equal(stage_reason(&change, REASON_LIABILITIES)->who, "operator");
    assert_true(hash256_equal(&stage_reason(&change, REASON_PURCHASE)->txid,
                              &stage.world.coins[bought].fact.outpoint.txid));
    /* Nothing happened the day after. */
    change = changed(&stage, 5, 6);
    assert_int_equal(change.count, 0);
    adds_up(&change, 0);
    stage_close(&stage);
}

/* The bank is outside the perimeter: what comes from its desk is no fee, whatever the book's
 * view of the transaction. */
static void own_transfers_across_the_perimeter_are_no_fees(void **state)
{
    (void)state;
    struct stage stage;
    size_t coin[3];
    play(&stage, coin);
    size_t desk = world_tx(&stage.world, IN({.coin = coin[2]}), OUT({SCRIPT_BANK, BTC(1000)}));
    stage_to(&stage, 5);
    size_t bought = world_tx(&stage.world, IN({.coin = desk}),
                             OUT({SCRIPT_RESERVE, BTC(10)}, {SCRIPT_BANK, BTC(990) - 100}));
    stage_to(&stage, 6);
    (void)world_tx(&stage.world, IN({.coin = bought}), OUT({SCRIPT_BANK, BTC(10) - 70}));
    stage_to(&stage, 7);
    stage_ready(&stage, json_of(stage_programme));
    struct limits_change change = changed(&stage, 4, 5);
    assert_null(stage_reason(&change, REASON_FEES));
    is_reason(&change, REASON_UNCLASSIFIED_IN, BTC(10), 1);
    change = changed(&stage, 5, 6);
    assert_null(stage_reason(&change, REASON_FEES));
    is_reason(&change, REASON_UNCLASSIFIED_OUT, -BTC(10), 1);
    flows_free(&stage.flows);
    memset(&stage.flows, 0, sizeof stage.flows);
    stage_means(&stage, bought, NULL, FLOW_PURCHASE, STAGE_DAY(5));
    struct flows_options options = {.from = 0, .to = 7};
    struct err err = {0};
    test_ok(flows_make(&stage.flows, stage.ledger, &options, &err), &err);
    change = changed(&stage, 4, 5);
    is_reason(&change, REASON_PURCHASE, BTC(10), 1);
    stage_close(&stage);
}

/* What one wallet's part meant goes before what the whole transaction did, in the reasons as in
 * the terms: a purchase of the office in a payment that also brought clients' coins. */
static void a_part_of_a_flow_has_its_own_meaning(void **state)
{
    (void)state;
    struct stage stage;
    size_t coin[3];
    play(&stage, coin);
    stage_to(&stage, 5);
    size_t both = world_tx(&stage.world, IN({.coin = coin[2]}),
                           OUT({SCRIPT_RESERVE, BTC(7)}, {SCRIPT_CLIENTS, BTC(20)},
                               {SCRIPT_SEIZED, BTC(1)}, {SCRIPT_FOREIGN, BTC(972)}));
    stage_to(&stage, 7);
    stage_means(&stage, both, NULL, FLOW_CLIENT_DEPOSIT, STAGE_DAY(5));
    stage_means(&stage, both, "reserve", FLOW_PURCHASE, STAGE_DAY(5));
    stage_means(&stage, both, "seized", FLOW_POOL_PAYOUT, STAGE_DAY(5));
    json_t *json = json_of(stage_programme);
    stage_ready(&stage, json);
    struct limits_change change = changed(&stage, 4, 5);
    is_reason(&change, REASON_PURCHASE, BTC(7), 1);
    is_reason(&change, REASON_MINED, BTC(1), 1);
    is_reason(&change, REASON_OTHER_IN, BTC(20), 1);
    adds_up(&change, BTC(28));
    assert_int_equal(amount_minor(change.rest), 0);
    stage_close(&stage);
    /* The same of a term on flows alone. */
    play(&stage, coin);
    stage_to(&stage, 5);
    both = world_tx(
        &stage.world, IN({.coin = coin[2]}),
        OUT({SCRIPT_RESERVE, BTC(7)}, {SCRIPT_CLIENTS, BTC(20)}, {SCRIPT_FOREIGN, BTC(973)}));
    stage_to(&stage, 7);
    stage_means(&stage, both, NULL, FLOW_CLIENT_DEPOSIT, STAGE_DAY(5));
    stage_means(&stage, both, "reserve", FLOW_PURCHASE, STAGE_DAY(5));
    json = json_of(stage_programme);
    json_put(json, "versions/0/criteria/0/quantity", json_of(GROSS));
    stage_ready(&stage, json);
    change = changed(&stage, 4, 5);
    is_reason(&change, REASON_PURCHASE, BTC(7), 1);
    adds_up(&change, BTC(7));
    assert_int_equal(amount_minor(change.rest), 0);
    stage_close(&stage);
}

/* Excluded coins come and go with the net position unmoved. */
static void excluded_coins_are_a_reason_of_their_own(void **state)
{
    (void)state;
    struct stage stage;
    size_t coin[3];
    play(&stage, coin);
    stage_to(&stage, 5);
    size_t seized = world_tx(&stage.world, IN({.coin = coin[2]}),
                             OUT({SCRIPT_SEIZED, BTC(87)}, {SCRIPT_FOREIGN, BTC(913)}));
    stage_to(&stage, 6);
    stage_means(&stage, seized, NULL, FLOW_SEIZURE, STAGE_DAY(5));
    stage_ready(&stage, json_of(stage_programme));
    struct limits_change change = changed(&stage, 4, 5);
    is_reason(&change, REASON_EXCLUDED, -BTC(87), 0);
    is_reason(&change, REASON_OTHER_IN, BTC(87), 1);
    adds_up(&change, 0);
    stage_close(&stage);
}

static void several_debtors_are_not_one(void **state)
{
    (void)state;
    struct stage stage;
    size_t coin[3];
    play(&stage, coin);
    stage_owes(&stage, "office", "S14", 1, BTC(5), STAGE_DAY(1));
    stage_owes(&stage, "office", "S14", 5, BTC(2), STAGE_DAY(5));
    stage_owes(&stage, "operator", "S14", 5, BTC(40), STAGE_DAY(5));
    stage_owes(&stage, "operator", "S14", 6, BTC(41), STAGE_DAY(6));
    stage_owes(&stage, "operator", "S1311", 6, BTC(500), STAGE_DAY(6)); /* a claim inside */
    stage_to(&stage, 7);
    stage_ready(&stage, json_of(stage_programme));
    struct limits_change change = changed(&stage, 4, 5);
    is_reason(&change, REASON_LIABILITIES, BTC(23), 0);
    assert_null(stage_reason(&change, REASON_LIABILITIES)->who);
    change = changed(&stage, 5, 6);
    is_reason(&change, REASON_LIABILITIES, -BTC(1), 0);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_happening_has_its_reason),
        cmocka_unit_test(own_transfers_across_the_perimeter_are_no_fees),
        cmocka_unit_test(a_part_of_a_flow_has_its_own_meaning),
        cmocka_unit_test(excluded_coins_are_a_reason_of_their_own),
        cmocka_unit_test(several_debtors_are_not_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
