/* Proves: whose coins a PSBT spends and whom it pays follows from the chain, whatever the PSBT
 * says; a coin that is spent, or said to be another, is refused; where nothing proves whose an
 * input is the effect is missing; and over random payments of the simulated nation each wallet's
 * change is what a plain sum says, in both versions. */
#include "limits/limits.h"
#include "nation.h"
#include "psbtmaker.h"
#include "world.h"

#include <stdlib.h>

enum { RAW_MAX = 1 << 20 };

#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_B "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCRIPT_OLD "0014dddddddddddddddddddddddddddddddddddddddd"
#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"
#define WALLET(id, script, until)                                                                  \
    "{\"id\":\"" id "\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","          \
    "\"visibility\":\"public\",\"descriptors\":[\"raw(" script ")\"],\"since\":null,"              \
    "\"until\":" until "}"

static const char book_json[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[{\"id\":\"t\",\"name\":{\"en\":\"T\"},"
    "\"sector\":\"S1311\"}],\"wallets\":[" WALLET("alpha", SCRIPT_A, "null") "," WALLET(
        "beta", SCRIPT_B, "null") "," WALLET("old", SCRIPT_OLD, "\"2025-01-03\"") "]}";
enum { ALPHA, BETA, OLD };
static const uint32_t nobody = UINT32_MAX;

/* ---- a small world and payments in it ---------------------------------------------------------
 */

enum { IN_MAX = 4, OUT_MAX = 4 };
struct stage {
    struct world world;
    struct ledger *ledger;
    size_t coins; /* the first: alpha 1.4, beta 2, old 3, alpha 5 (spent in block 3), foreign 7 */
    struct buf a, b, old, foreign;
    struct maker_in ins[IN_MAX];
    struct maker_out outs[OUT_MAX];
    struct maker maker;
    struct buf funding[IN_MAX];
    uint32_t funding_count;
};
enum { COIN_ALPHA, COIN_BETA, COIN_OLD, COIN_SPENT, COIN_FOREIGN };

static void stage_open(struct stage *stage)
{
    struct err err = {0};
    memset(stage, 0, sizeof *stage);
    world_open(&stage->world, book_json);
    stage->coins = world_tx(&stage->world, NO_INS,
                            OUT({SCRIPT_A, 140000000}, {SCRIPT_B, BTC(2)}, {SCRIPT_OLD, BTC(3)},
                                {SCRIPT_A, BTC(5)}, {FOREIGN, BTC(7)}));
    for (int i = 0; i < 3; i++)
        world_block(&stage->world);
    (void)world_tx(&stage->world, IN({.coin = stage->coins + COIN_SPENT}), OUT({FOREIGN, BTC(5)}));
    world_block(&stage->world);
    world_done(&stage->world);
    test_ok(ledger_new(&stage->ledger, stage->world.facts, stage->world.book, 4, &err), &err);
    stage->a = test_hex(SCRIPT_A);
    stage->b = test_hex(SCRIPT_B);
    stage->old = test_hex(SCRIPT_OLD);
    stage->foreign = test_hex(FOREIGN);
}

static void stage_clear(struct stage *stage)
{
    memset(&stage->maker, 0, sizeof stage->maker);
    memset(stage->ins, 0, sizeof stage->ins);
    for (uint32_t i = 0; i < stage->funding_count; i++)
        buf_free(&stage->funding[i]);
    stage->funding_count = 0;
}

static void stage_close(struct stage *stage)
{
    stage_clear(stage);
    ledger_free(stage->ledger);
    world_close(&stage->world);
    buf_free(&stage->a);
    buf_free(&stage->b);
    buf_free(&stage->old);
    buf_free(&stage->foreign);
}

/* An input that spends a coin of the world; the PSBT says nothing of it yet. */
static struct maker_in *spend(struct stage *stage, size_t coin)
{
    struct maker_in *in = &stage->ins[stage->maker.in_count++];
    in->prevout = stage->world.coins[stage->coins + coin].fact.outpoint;
    return in;
}

/* An input that spends a coin that the world does not know, of a made-up transaction. */
static struct maker_in *spend_new(struct stage *stage, const struct buf *script, int64_t sat)
{
    struct maker_in *in = &stage->ins[stage->maker.in_count++];
    struct maker_out out = {.sat = sat, .script = buf_bytes(script)};
    struct buf *funding = &stage->funding[stage->funding_count++];
    *funding = buf_with_max(RAW_MAX);
    maker_funding(funding, &in->prevout.txid, 100 + stage->funding_count, &out, 1);
    in->funding = buf_bytes(funding);
    return in;
}

static void claim(struct maker_in *in, const struct buf *script, int64_t sat)
{
    in->claimed = true;
    in->sat = sat;
    in->script = buf_bytes(script);
}

static void pay(struct stage *stage, const struct buf *script, int64_t sat)
{
    stage->outs[stage->maker.out_count++] =
        (struct maker_out){.sat = sat, .script = buf_bytes(script)};
}

static int effect_of(struct psbt_effect *ret_effect, struct stage *stage, uint32_t version,
                     struct err *err)
{
    struct arena arena = {0};
    struct buf raw = buf_with_max(RAW_MAX);
    struct psbt psbt;
    stage->maker.version = version;
    stage->maker.ins = stage->ins;
    stage->maker.outs = stage->outs;
    maker_psbt(&raw, &stage->maker);
    test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, err), err);
    int code = psbt_effect_make(ret_effect, stage->ledger, &psbt, err);
    arena_free(&arena); /* the effect must not need it */
    buf_free(&raw);
    return code;
}

/* In both versions. */
static void effect_fails(struct stage *stage, int expected, const char *part)
{
    for (uint32_t version = 0; version <= 2; version += 2) {
        struct psbt_effect effect = {.event_count = 77};
        struct err err = {0};
        int code = effect_of(&effect, stage, version, &err);
        test_refused(code, expected, &err, part);
        assert_int_equal(effect.event_count, 77); /* outputs are written on success only */
    }
    stage_clear(stage);
}

struct expected {
    int64_t deltas[3]; /* alpha, beta, old */
    int64_t own_in, own_out, fee;
    bool is_external;
};

static void effect_check(const struct psbt_effect *effect, const struct expected *expected)
{
    int64_t deltas[3] = {0};
    for (size_t i = 0; i < effect->event_count; i++) {
        assert_true(effect->events[i].wallet <= OLD);
        assert_true(i == 0 || effect->events[i - 1].wallet < effect->events[i].wallet);
        deltas[effect->events[i].wallet] = amount_minor(effect->events[i].delta);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(deltas[i], expected->deltas[i]);
    assert_int_equal(amount_minor(effect->own_in), expected->own_in);
    assert_int_equal(amount_minor(effect->own_out), expected->own_out);
    assert_int_equal(amount_minor(effect->fee), expected->fee);
    assert_int_equal(effect->is_external, expected->is_external);
}

static void effect_is(struct stage *stage, struct expected expected)
{
    for (uint32_t version = 0; version <= 2; version += 2) {
        struct psbt_effect effect;
        struct err err = {0};
        test_ok(effect_of(&effect, stage, version, &err), &err);
        effect_check(&effect, &expected);
        const struct trace_payment *payment = &effect.payment;
        assert_int_equal(payment->in_count, stage->maker.in_count);
        assert_int_equal(payment->out_count, stage->maker.out_count);
        for (size_t i = 0; i < payment->in_count; i++) {
            assert_memory_equal(&payment->inputs[i], &stage->ins[i].prevout,
                                sizeof payment->inputs[i]);
            assert_true(amount_is_known(payment->in_values[i]));
        }
        for (size_t i = 0; i < payment->out_count; i++)
            assert_int_equal(amount_minor(payment->out_values[i]), stage->outs[i].sat);
        psbt_effect_free(&effect);
    }
    stage_clear(stage);
}

/* ---- what is decided ---------------------------------------------------------------------------
 */

/* The PSBT may be silent, claim, or prove: of the book's coins the chain tells the value. */
static void test_own_coins(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage);
    (void)spend(&stage, COIN_ALPHA);
    claim(spend(&stage, COIN_BETA), &stage.b, BTC(2));
    pay(&stage, &stage.foreign, BTC(1));
    pay(&stage, &stage.b, BTC(2));
    effect_is(&stage, (struct expected){.deltas = {-140000000, 0, 0},
                                        .own_in = 340000000,
                                        .own_out = BTC(2),
                                        .fee = 40000000});
    (void)spend(&stage, COIN_ALPHA); /* between wallets: only the fee leaves */
    pay(&stage, &stage.b, 139999000);
    effect_is(&stage, (struct expected){.deltas = {-140000000, 139999000, 0},
                                        .own_in = 140000000,
                                        .own_out = 139999000,
                                        .fee = 1000});
    stage_close(&stage);
}

/* The first transaction that the store has. */
static int first_take(void *context, const struct fact_tx *tx, struct err *err)
{
    struct buf *raw = context;
    (void)err;
    if (raw->size == 0)
        buf_add(raw, tx->stripped);
    return 0;
}

/* The whole funding transaction of our own coin: it can only say what the chain says. */
static void test_own_coin_proved(void **state)
{
    struct stage stage;
    struct buf raw = buf_with_max(RAW_MAX);
    struct err err = {0};
    (void)state;
    stage_open(&stage);
    test_ok(facts_txs(stage.world.facts, 0, 0, first_take, &raw, &err), &err);
    spend(&stage, COIN_BETA)->funding = buf_bytes(&raw);
    pay(&stage, &stage.b, BTC(2));
    effect_is(&stage, (struct expected){.own_in = BTC(2), .own_out = BTC(2)});
    buf_free(&raw);
    stage_close(&stage);
}

static void test_payment_of_both(void **state)
{
    struct stage stage;
    struct psbt_effect effect;
    struct err err = {0};
    (void)state;
    stage_open(&stage);
    (void)spend(&stage, COIN_ALPHA);
    (void)spend_new(&stage, &stage.foreign, BTC(3));
    pay(&stage, &stage.foreign, BTC(1));
    pay(&stage, &stage.b, BTC(3));
    test_ok(effect_of(&effect, &stage, 2, &err), &err);
    assert_int_equal(effect.payment.out_wallets[0], nobody);
    assert_int_equal(effect.payment.out_wallets[1], BETA);
    assert_int_equal(amount_minor(effect.payment.in_values[0]), 140000000);
    assert_int_equal(amount_minor(effect.payment.in_values[1]), BTC(3));
    psbt_effect_free(&effect);
    effect_is(&stage, (struct expected){.deltas = {-140000000, BTC(3), 0},
                                        .own_in = 140000000,
                                        .own_out = BTC(3),
                                        .fee = 40000000,
                                        .is_external = true});
    stage_close(&stage);
}

/* The payment as the trace takes it: of coins that are followed, what leaves or is spent as fee is
 * gone, what stays among our wallets stays. */
static void test_payment_of_followed_coins(void **state)
{
    static const bool all[] = {true, true, true};
    struct stage stage;
    struct psbt_effect effect;
    struct trace *trace;
    struct err err = {0};
    (void)state;
    stage_open(&stage);
    struct trace_inflow inflow = {.txid = stage.world.coins[stage.coins].fact.outpoint.txid,
                                  .wallet = ALPHA};
    test_ok(trace_new(&trace, stage.ledger, all, &inflow, 1, TRACE_FIFO, &err), &err);
    (void)spend(&stage, COIN_ALPHA);
    (void)spend(&stage, COIN_BETA); /* not followed */
    pay(&stage, &stage.b, BTC(1));
    pay(&stage, &stage.foreign, BTC(2));
    test_ok(effect_of(&effect, &stage, 0, &err), &err);
    assert_int_equal(amount_minor(trace_payment_effect(trace, &effect.payment)), -40000000);
    psbt_effect_free(&effect);
    stage.outs[0].script = buf_bytes(&stage.foreign);
    test_ok(effect_of(&effect, &stage, 2, &err), &err);
    assert_int_equal(amount_minor(trace_payment_effect(trace, &effect.payment)), -140000000);
    psbt_effect_free(&effect);
    trace_free(trace);
    stage_close(&stage);
}

/* Somebody else pays us; somebody else pays somebody else. */
static void test_foreign_coins(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage);
    (void)spend_new(&stage, &stage.foreign, BTC(3));
    pay(&stage, &stage.a, BTC(2));
    effect_is(&stage,
              (struct expected){
                  .deltas = {BTC(2), 0, 0}, .own_out = BTC(2), .fee = BTC(1), .is_external = true});
    (void)spend_new(&stage, &stage.foreign, BTC(3));
    pay(&stage, &stage.foreign, BTC(3));
    effect_is(&stage, (struct expected){.fee = 0});
    stage_close(&stage);
}

/* A wallet that no longer counts: its coin is on the chain, but not the book's, and what is paid
 * to it leaves. */
static void test_wallet_that_ceased(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage);
    (void)spend(&stage, COIN_OLD); /* its value needs no proof */
    pay(&stage, &stage.a, BTC(1));
    pay(&stage, &stage.old, BTC(1));
    effect_is(&stage,
              (struct expected){
                  .deltas = {BTC(1), 0, 0}, .own_out = BTC(1), .fee = BTC(1), .is_external = true});
    claim(spend(&stage, COIN_OLD), &stage.old, BTC(4));
    pay(&stage, &stage.a, BTC(1));
    effect_fails(&stage, SANAD_REFUSED, "input 0: the PSBT says 4.00000000 BTC, the chain 3.0000");
    stage_close(&stage);
}

/* ---- what is refused ----------------------------------------------------------------------------
 */

static void test_contradictions(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage);
    (void)spend(&stage, COIN_BETA);
    claim(spend(&stage, COIN_ALPHA), &stage.a, 150000000);
    pay(&stage, &stage.foreign, BTC(1));
    effect_fails(&stage, SANAD_REFUSED,
                 "input 1: the PSBT says 1.50000000 BTC, the chain 1.40000000");
    claim(spend(&stage, COIN_ALPHA), &stage.foreign, 140000000);
    pay(&stage, &stage.foreign, BTC(1));
    effect_fails(&stage, SANAD_REFUSED, "input 0: the PSBT says another script than the chain");
    stage_close(&stage);
}

/* What is wrong is said even where something is missing before it. */
static void test_spent(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage);
    (void)spend(&stage, COIN_FOREIGN);
    (void)spend(&stage, COIN_SPENT);
    pay(&stage, &stage.foreign, BTC(1));
    effect_fails(&stage, SANAD_REFUSED, "input 1: that coin was spent in block 3");
    /* A ledger that ends before the spend still holds it. */
    struct err err = {0};
    ledger_free(stage.ledger);
    test_ok(ledger_new(&stage.ledger, stage.world.facts, stage.world.book, 2, &err), &err);
    (void)spend(&stage, COIN_SPENT);
    pay(&stage, &stage.foreign, BTC(1));
    effect_is(&stage,
              (struct expected){.deltas = {-BTC(5), 0, 0}, .own_in = BTC(5), .fee = BTC(4)});
    stage_close(&stage);
}

static void test_pays_too_much(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage);
    (void)spend(&stage, COIN_ALPHA);
    pay(&stage, &stage.foreign, 140000000);
    effect_is(&stage, (struct expected){.deltas = {-140000000, 0, 0},
                                        .own_in = 140000000}); /* no fee: fine */
    stage.maker.out_count = 0;
    (void)spend(&stage, COIN_ALPHA);
    pay(&stage, &stage.foreign, 140000001);
    effect_fails(&stage, SANAD_REFUSED, "the PSBT pays 1.40000001 BTC and spends only 1.40000000");
    stage_close(&stage);
}

/* Made-up funding transactions of 21 million BTC each: no sum may pass for money. */
static void test_too_rich(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage);
    (void)spend_new(&stage, &stage.foreign, AMOUNT_MONEY_MAX_SAT);
    (void)spend_new(&stage, &stage.foreign, 1);
    pay(&stage, &stage.a, BTC(1));
    effect_fails(&stage, SANAD_REFUSED, "over 21 million BTC together");
    stage_close(&stage);
}

/* So many of them that a sum of 64 bits would overflow. */
static void test_richer_than_integers(void **state)
{
    enum { MANY = 5000 };
    struct stage stage;
    struct psbt_effect effect;
    struct err err = {0};
    struct psbt_in *ins = mem_zalloc(MANY, sizeof *ins);
    (void)state;
    stage_open(&stage);
    for (uint32_t i = 0; i < MANY; i++)
        ins[i] = (struct psbt_in){.prevout.vout = i,
                                  .utxo = PSBT_UTXO_PROVED,
                                  .value = amount_of(AMOUNT_MONEY_MAX_SAT),
                                  .script = buf_bytes(&stage.foreign)};
    struct tx_out out = {.value = amount_of(1), .script = buf_bytes(&stage.a)};
    struct psbt psbt = {.ins = ins, .in_count = MANY, .outs = &out, .out_count = 1};
    int code = psbt_effect_make(&effect, stage.ledger, &psbt, &err);
    test_refused(code, SANAD_REFUSED, &err, "over 21 million BTC together");
    stage_close(&stage);
    free(ins);
}

/* ---- what is missing ----------------------------------------------------------------------------
 */

static void test_missing(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage);
    (void)spend(&stage, COIN_ALPHA);
    (void)spend(&stage, COIN_FOREIGN); /* on the chain, but not in the store */
    pay(&stage, &stage.a, BTC(1));
    effect_fails(&stage, SANAD_MISSING,
                 "input 1: not a coin of the book, and nothing proves whose it is");
    claim(spend(&stage, COIN_FOREIGN), &stage.foreign, BTC(7));
    pay(&stage, &stage.a, BTC(1));
    effect_fails(&stage, SANAD_MISSING,
                 "input 0: not a coin of the book, and nothing proves whose it is");
    (void)spend(&stage, COIN_ALPHA);
    (void)spend_new(&stage, &stage.b, BTC(1)); /* ours, unconfirmed or newer than the scan */
    (void)spend(&stage, COIN_FOREIGN);         /* the first one is said */
    pay(&stage, &stage.a, BTC(1));
    effect_fails(
        &stage, SANAD_MISSING,
        "input 1: pays from a script of wallet beta, but the scan does not have that coin");
    stage_close(&stage);
}

/* ---- the simulated nation
 * ------------------------------------------------------------------------- */

/* Outpoints of every coin that the nation's newest book ever held. */
struct found {
    struct outpoint *list;
    size_t count;
};

static struct found coins_all(const struct nation *nation, struct arena *arena)
{
    struct fact_coin *coins;
    struct found found = {0};
    struct err err = {0};
    test_ok(facts_coins(nation->facts, &coins, &found.count, nation->state.tip_height, arena, &err),
            &err);
    found.list = arena_alloc(arena, found.count, sizeof *found.list);
    for (size_t i = 0; i < found.count; i++)
        found.list[i] = coins[i].outpoint;
    return found;
}

struct dice {
    uint64_t state;
};

static uint64_t dice_roll(struct dice *dice, uint64_t below)
{
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    return (dice->state >> 33) % below;
}

struct plain {
    int64_t *deltas; /* per wallet, as a plain sum */
    int64_t left;    /* of the inputs, not paid yet */
};

static void plan_ins(struct maker_in *ins, size_t *ret_count, struct plain *plain,
                     const struct ledger *ledger, const struct found *found, struct dice *dice)
{
    size_t wanted = 1 + (size_t)dice_roll(dice, 5);
    size_t first = (size_t)dice_roll(dice, found->count);
    size_t count = 0;
    for (size_t i = 0; i < found->count && count < wanted; i++) {
        struct ledger_coin coin;
        const struct outpoint *at = &found->list[(first + i * 7) % found->count];
        bool twice = false;
        for (size_t k = 0; k < count; k++)
            twice = twice || memcmp(&ins[k].prevout, at, sizeof *at) == 0;
        if (twice || !ledger_coin_find(&coin, ledger, at) || !coin.held)
            continue;
        ins[count++] = (struct maker_in){.prevout = *at};
        plain->deltas[coin.wallet] -= amount_minor(coin.value);
        plain->left += amount_minor(coin.value);
    }
    *ret_count = count;
}

static void plan_outs(struct maker_out *outs, size_t count, struct plain *plain,
                      const struct ledger *ledger, const struct found *found, struct dice *dice)
{
    static const uint8_t stranger[] = {0x51, 0x02, 1, 2};
    for (size_t i = 0; i < count; i++) {
        struct ledger_coin coin;
        uint32_t wallet;
        outs[i] = (struct maker_out){.sat = (int64_t)dice_roll(dice, (uint64_t)plain->left / 2 + 1),
                                     .script = bytes_of(stranger, sizeof stranger)};
        const struct outpoint *at = &found->list[dice_roll(dice, found->count)];
        if (dice_roll(dice, 3) && ledger_coin_find(&coin, ledger, at))
            outs[i].script = coin.script;
        if (ledger_script_wallet(ledger, &wallet, outs[i].script))
            plain->deltas[wallet] += outs[i].sat;
        plain->left -= outs[i].sat;
    }
}

static void payment_check(const struct ledger *ledger, const struct maker *maker,
                          const struct plain *plain)
{
    struct arena arena = {0};
    struct buf raw = buf_with_max(RAW_MAX);
    struct psbt psbt;
    struct psbt_effect effect;
    struct err err = {0};
    size_t next = 0;
    maker_psbt(&raw, maker);
    test_ok(psbt_parse(&psbt, buf_bytes(&raw), &arena, &err), &err);
    test_ok(psbt_effect_make(&effect, ledger, &psbt, &err), &err);
    for (uint32_t wallet = 0; wallet < ledger_book(ledger)->wallet_count; wallet++) {
        bool told = next < effect.event_count && effect.events[next].wallet == wallet;
        assert_int_equal(told ? amount_minor(effect.events[next].delta) : 0, plain->deltas[wallet]);
        next += told;
    }
    assert_int_equal(next, effect.event_count);
    assert_int_equal(amount_minor(effect.fee), plain->left);
    assert_false(effect.is_external);
    psbt_effect_free(&effect);
    buf_free(&raw);
    arena_free(&arena);
}

static void test_random_payments(void **state)
{
    enum { PAYMENTS = 300 };
    struct nation nation;
    struct ledger *ledger;
    struct arena arena = {0};
    struct err err = {0};
    struct dice dice = {.state = 3};
    (void)state;
    nation_open(&nation, "xs");
    test_ok(ledger_new(&ledger, nation.facts, nation.book, nation.state.tip_height, &err), &err);
    struct found found = coins_all(&nation, &arena);
    for (int i = 0; i < PAYMENTS; i++) {
        struct maker_in ins[8];
        struct maker_out outs[8];
        struct maker maker = {.version = i % 2 ? 2 : 0, .ins = ins, .outs = outs};
        struct plain plain = {.deltas =
                                  mem_zalloc(nation.book->wallet_count, sizeof *plain.deltas)};
        maker.out_count = 1 + (size_t)dice_roll(&dice, 6);
        plan_ins(ins, &maker.in_count, &plain, ledger, &found, &dice);
        assert_true(maker.in_count > 0);
        plan_outs(outs, maker.out_count, &plain, ledger, &found, &dice);
        payment_check(ledger, &maker, &plain);
        free(plain.deltas);
    }
    arena_free(&arena);
    ledger_free(ledger);
    nation_close(&nation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_coins),
        cmocka_unit_test(test_own_coin_proved),
        cmocka_unit_test(test_payment_of_both),
        cmocka_unit_test(test_payment_of_followed_coins),
        cmocka_unit_test(test_foreign_coins),
        cmocka_unit_test(test_wallet_that_ceased),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_spent),
        cmocka_unit_test(test_pays_too_much),
        cmocka_unit_test(test_too_rich),
        cmocka_unit_test(test_richer_than_integers),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_random_payments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
