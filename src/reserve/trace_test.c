/* Proves: followed coins are where a model that paints every single satoshi finds them, over
 * random payments, by each rule; splits, merges and sweeps lose nothing but fees; what others
 * get is gone; purchases to a seized wallet are not followed; unknown values stay unknown; a
 * payment that has not happened does what it then does; and the seizures of the simulated
 * nations are held to the satoshi. */
#include "nation.h"
#include "reserve/reserve_priv.h"
#include "world.h"

#include <stdlib.h>

#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_B "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCRIPT_C "0014cccccccccccccccccccccccccccccccccccccccc"
#define SCRIPT_D "0014dddddddddddddddddddddddddddddddddddddddd"
#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"
#define OP_RETURN_DATA "6a0461626364"
#define WALLET(id, class_, script, since, until)                                                   \
    "{\"id\":\"" id "\",\"entity\":\"t\",\"class\":\"" class_ "\",\"control\":\"declared\","       \
    "\"visibility\":\"public\",\"descriptors\":[\"raw(" script ")\"],\"since\":" since             \
    ",\"until\":" until "}"

enum { WALLET_A, WALLET_B, WALLET_C, WALLET_D, OWNERS, NOBODY = OWNERS };
static const char *const scripts[] = {SCRIPT_A, SCRIPT_B, SCRIPT_C,
                                      SCRIPT_D, FOREIGN,  OP_RETURN_DATA};
/* A and B are in the perimeter and so is D, which counts in blocks 6 to 11; C is outside. */
enum { D_FROM = 6, D_UNTIL = 12 };
static const char book_text[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[{\"id\":\"t\",\"name\":{\"en\":\"T\"},"
    "\"sector\":\"S1311\"}],\"wallets\":[" WALLET(
        "a", "seized", SCRIPT_A, "null",
        "null") "," WALLET("b", "reserve", SCRIPT_B, "null",
                           "null") "," WALLET("c", "other", SCRIPT_C, "null",
                                              "null") "," WALLET("d", "other", SCRIPT_D,
                                                                 "\"2025-01-07\"",
                                                                 "\"2025-01-13\"") "]}";
static const bool wanted[] = {true, true, false, true};

static struct ledger *ledger_at(struct world *world, uint32_t height)
{
    struct ledger *ledger;
    struct err err = {0};
    test_ok(ledger_new(&ledger, world->facts, world->book, height, &err), &err);
    return ledger;
}

static struct trace *trace_of(const struct ledger *ledger, const struct trace_inflow *inflows,
                              size_t count, enum trace_rule rule)
{
    struct trace *trace;
    struct err err = {0};
    test_ok(trace_new(&trace, ledger, wanted, inflows, count, rule, &err), &err);
    return trace;
}

/* Held after a height; unknown where it is. */
static struct amount held_at(const struct trace *trace, uint32_t height)
{
    size_t count;
    struct amount held = amount_zero();
    const struct trace_point *points = trace_points(trace, &count);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || points[i - 1].height < points[i].height);
        if (points[i].height <= height)
            held = points[i].held;
    }
    return held;
}

static int64_t held_end(struct world *world, const struct trace_inflow *inflows, size_t count,
                        enum trace_rule rule)
{
    struct ledger *ledger = ledger_at(world, world->height);
    struct trace *trace = trace_of(ledger, inflows, count, rule);
    struct amount held = held_at(trace, world->height);
    trace_free(trace);
    ledger_free(ledger);
    return amount_is_known(held) ? amount_minor(held) : -1;
}

static struct trace_inflow inflow_of(const struct world *world, size_t coin, uint32_t wallet)
{
    return (struct trace_inflow){.txid = world->coins[coin].fact.outpoint.txid, .wallet = wallet};
}
#define ALL(world, coin) inflow_of(world, coin, UINT32_MAX)

/* ---- every satoshi painted ------------------------------------------------------------------- */

/* 'o' other, 'f' followed, 'u' unknown; '?' in a stream: an input that has no value. */
enum { SAT_MAX = 60, MODEL_IN_MAX = 5, MODEL_OUT_MAX = 4, MODEL_BLOCKS = 18 };
struct model_coin {
    size_t size;
    char paint[SAT_MAX];
    int owner;
    bool spent;
    size_t share; /* in proportion: how many are followed; SIZE_MAX: unknown */
};
struct model {
    struct world world;
    struct model_coin coins[WORLD_COIN_MAX];
    struct trace_inflow inflows[32];
    size_t inflow_count;
    enum trace_rule rule;
    uint64_t random;
    bool unproved;          /* some inputs of others have no value */
    bool single;            /* one payment a block */
    struct amount held[64]; /* after each height */
};
/* A payment of the model. */
struct model_tx {
    struct world_in ins[MODEL_IN_MAX];
    size_t in_count;
    int owners[MODEL_OUT_MAX];
    struct world_out outs[MODEL_OUT_MAX];
    size_t out_count;
    size_t first; /* coin of the first output */
    bool inflow;
    bool named[OWNERS];
};

static size_t draw(struct model *model, size_t below)
{
    model->random = model->random * 6364136223846793005u + 1442695040888963407u;
    return (size_t)((model->random >> 33) % below);
}

static bool counts(int owner, uint32_t height)
{
    if (owner == WALLET_D)
        return height >= D_FROM && height < D_UNTIL;
    return owner < OWNERS;
}

static void paint_stream(const struct model *model, const struct model_tx *tx, char *ret_stream)
{
    size_t size = 0, last = 0;
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct world_in *in = &tx->ins[model->rule == TRACE_LIFO ? tx->in_count - 1 - i : i];
        const struct model_coin *coin = &model->coins[in->coin];
        if (in->unproved)
            ret_stream[size++] = '?';
        else
            memcpy(ret_stream + size, coin->paint, coin->size);
        size += in->unproved ? 0 : coin->size;
    }
    for (size_t i = 0; i < size; i++)
        if (ret_stream[i] == 'f' || ret_stream[i] == 'u')
            last = i + 1;
    bool lost = false;
    for (size_t i = 0; i < last; i++) {
        lost = lost || ret_stream[i] == '?';
        ret_stream[i] = lost ? 'u' : ret_stream[i];
    }
    memset(ret_stream + last, lost ? 'u' : 'o', SAT_MAX * (MODEL_IN_MAX + 1) - last);
}

static void paint_in_order(struct model *model, const struct model_tx *tx)
{
    char stream[SAT_MAX * (MODEL_IN_MAX + 1)];
    size_t at = 0;
    paint_stream(model, tx, stream);
    for (size_t i = 0; i < tx->out_count; i++) {
        struct model_coin *coin = &model->coins[tx->first + i];
        memcpy(coin->paint, stream + at, coin->size);
        if (coin->owner >= OWNERS)
            memset(coin->paint, 'o', coin->size); /* gone */
        at += coin->size;
    }
}

/* n * a / b, half to even: by counting, not by the function that is proved. */
static size_t share_of(size_t n, size_t a, size_t b)
{
    size_t whole = n * a / b, rest = n * a % b;
    return whole + (2 * rest > b || (2 * rest == b && whole % 2 == 1));
}

static void paint_in_proportion(struct model *model, const struct model_tx *tx)
{
    size_t total = 0, followed = 0, out = 0, given = 0;
    bool no_value = false, unknown = false;
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct model_coin *coin = &model->coins[tx->ins[i].coin];
        no_value = no_value || tx->ins[i].unproved;
        unknown = unknown || coin->share == SIZE_MAX;
        total += coin->size;
        followed += coin->share == SIZE_MAX ? 0 : coin->share;
    }
    unknown = unknown || (no_value && followed > 0);
    for (size_t i = 0; i < tx->out_count; i++) {
        struct model_coin *coin = &model->coins[tx->first + i];
        out += coin->size;
        size_t sum = total ? share_of(followed, out, total) : 0;
        coin->share = sum - given;
        given = sum;
        if (unknown && coin->size > 0)
            coin->share = SIZE_MAX;
        if (coin->owner >= OWNERS)
            coin->share = 0;
    }
}

/* ---- what an inflow brings, in the model */

static int64_t model_net(const struct model *model, const struct model_tx *tx, bool named_only)
{
    int64_t net = 0;
    uint32_t height = model->world.height;
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct model_coin *coin = &model->coins[tx->ins[i].coin];
        if (counts(coin->owner, height) && (!named_only || tx->named[coin->owner]))
            net -= (int64_t)coin->size;
    }
    for (size_t i = 0; i < tx->out_count; i++) {
        const struct model_coin *coin = &model->coins[tx->first + i];
        if (counts(coin->owner, height) && (!named_only || tx->named[coin->owner]))
            net += (int64_t)coin->size;
    }
    return net;
}

static bool model_eligible(const struct model *model, const struct model_tx *tx, size_t output)
{
    int owner = model->coins[tx->first + output].owner;
    return counts(owner, model->world.height) && tx->named[owner];
}

static void mark_in_order(struct model *model, const struct model_tx *tx, int64_t left)
{
    bool from_end = model->rule == TRACE_LIFO;
    for (size_t i = 0; i < tx->out_count; i++) {
        size_t output = from_end ? tx->out_count - 1 - i : i;
        struct model_coin *coin = &model->coins[tx->first + output];
        for (size_t s = 0; s < coin->size && model_eligible(model, tx, output); s++) {
            char *paint = &coin->paint[from_end ? coin->size - 1 - s : s];
            if (*paint == 'o' && left-- > 0)
                *paint = 'f';
        }
    }
}

static void mark_in_proportion(struct model *model, const struct model_tx *tx, size_t brought)
{
    size_t total = 0, out = 0, given = 0;
    for (size_t i = 0; i < tx->out_count; i++) {
        const struct model_coin *coin = &model->coins[tx->first + i];
        if (model_eligible(model, tx, i) && coin->share != SIZE_MAX)
            total += coin->size - coin->share;
    }
    brought = brought < total ? brought : total;
    for (size_t i = 0; i < tx->out_count && brought > 0; i++) {
        struct model_coin *coin = &model->coins[tx->first + i];
        if (!model_eligible(model, tx, i) || coin->share == SIZE_MAX)
            continue;
        out += coin->size - coin->share;
        size_t sum = share_of(brought, out, total);
        coin->share += sum - given;
        given = sum;
    }
}

static void model_apply(struct model *model, const struct model_tx *tx)
{
    if (model->rule == TRACE_PRO_RATA)
        paint_in_proportion(model, tx);
    else
        paint_in_order(model, tx);
    int64_t net = model_net(model, tx, false), named = model_net(model, tx, true);
    int64_t brought = net < named ? net : named;
    if (tx->inflow && brought > 0 && model->rule == TRACE_PRO_RATA)
        mark_in_proportion(model, tx, (size_t)brought);
    else if (tx->inflow && brought > 0)
        mark_in_order(model, tx, brought);
    for (size_t i = 0; i < tx->in_count; i++)
        model->coins[tx->ins[i].coin].spent = true;
}

static struct amount model_held(const struct model *model)
{
    struct amount held = amount_zero();
    for (size_t i = 0; i < model->world.coin_count; i++) {
        const struct model_coin *coin = &model->coins[i];
        if (coin->spent || !counts(coin->owner, model->world.height) || !wanted[coin->owner])
            continue;
        if (model->rule == TRACE_PRO_RATA && coin->share == SIZE_MAX)
            return amount_unknown();
        for (size_t s = 0; s < coin->size && model->rule != TRACE_PRO_RATA; s++) {
            if (coin->paint[s] == 'u')
                return amount_unknown();
            held = amount_add(held, amount_of(coin->paint[s] == 'f'));
        }
        if (model->rule == TRACE_PRO_RATA)
            held = amount_add(held, amount_of((int64_t)coin->share));
    }
    return held;
}

/* ---- random payments */

static size_t inputs_draw(struct model *model, struct model_tx *tx)
{
    size_t total = 0, limit = 1 + draw(model, MODEL_IN_MAX);
    for (size_t tries = 0; tries < 12 && tx->in_count < limit; tries++) {
        size_t coin = draw(model, model->world.coin_count);
        bool foreign = model->coins[coin].owner == NOBODY;
        bool taken = model->coins[coin].spent || model->coins[coin].owner > NOBODY;
        for (size_t i = 0; i < tx->in_count; i++)
            taken = taken || tx->ins[i].coin == coin;
        if (taken || total + model->coins[coin].size >= SAT_MAX)
            continue;
        tx->ins[tx->in_count++] = (struct world_in){
            .coin = coin, .unproved = foreign && model->unproved && draw(model, 3) == 0};
        total += model->coins[coin].size;
    }
    return total;
}

static void outputs_draw(struct model *model, struct model_tx *tx, size_t total)
{
    tx->out_count = 1 + draw(model, MODEL_OUT_MAX);
    size_t left = total - (total > 0 ? draw(model, 3) % total : 0); /* the rest is the fee */
    for (size_t i = 0; i < tx->out_count; i++) {
        size_t size = i + 1 == tx->out_count ? left : draw(model, left + 1);
        int owner = draw(model, 10) == 0 ? NOBODY + 1 : (int)draw(model, NOBODY + 1);
        tx->owners[i] = owner;
        tx->outs[i] = (struct world_out){scripts[owner], (int64_t)size};
        left -= size;
    }
}

static void inflow_draw(struct model *model, struct model_tx *tx)
{
    static const uint32_t all = UINT32_MAX;
    if (model->inflow_count + 2 > countof(model->inflows) || draw(model, 4) != 0)
        return;
    tx->inflow = true;
    size_t names = draw(model, 3); /* none: all */
    if (names == 0)
        model->inflows[model->inflow_count++] = inflow_of(&model->world, tx->first, all);
    for (size_t i = 0; i < OWNERS; i++)
        tx->named[i] = names == 0;
    for (size_t i = 0; i < names; i++) {
        uint32_t wallet = (uint32_t)draw(model, OWNERS);
        tx->named[wallet] = true;
        model->inflows[model->inflow_count++] = inflow_of(&model->world, tx->first, wallet);
    }
}

static void tx_draw(struct model *model)
{
    struct model_tx tx = {0};
    size_t total = inputs_draw(model, &tx);
    if (tx.in_count == 0)
        return;
    outputs_draw(model, &tx, total);
    tx.first = world_tx(&model->world, tx.ins, tx.in_count, tx.outs, tx.out_count);
    for (size_t i = 0; i < tx.out_count; i++) {
        struct model_coin *coin = &model->coins[tx.first + i];
        *coin = (struct model_coin){.size = (size_t)tx.outs[i].sat, .owner = tx.owners[i]};
    }
    inflow_draw(model, &tx);
    model_apply(model, &tx);
}

static void coinbase_draw(struct model *model)
{
    const struct world_out outs[] = {{FOREIGN, 9}, {FOREIGN, 5}, {FOREIGN, 17}, {SCRIPT_B, 4}};
    size_t first = world_tx(&model->world, NO_INS, outs, countof(outs));
    for (size_t i = 0; i < countof(outs); i++) {
        struct model_coin *coin = &model->coins[first + i];
        *coin =
            (struct model_coin){.size = (size_t)outs[i].sat, .owner = i < 3 ? NOBODY : WALLET_B};
        memset(coin->paint, 'o', coin->size);
    }
}

static void model_play(struct model *model, enum trace_rule rule, uint64_t seed)
{
    world_open(&model->world, book_text);
    model->rule = rule;
    model->random = seed;
    for (uint32_t height = 0;; height++) {
        coinbase_draw(model);
        size_t count = model->single ? 1 : 1 + draw(model, 4);
        for (size_t i = 0; i < count; i++)
            tx_draw(model);
        model->held[height] = model_held(model);
        if (height + 1 == MODEL_BLOCKS)
            break;
        world_block(&model->world);
    }
    world_done(&model->world);
}

static bool same(struct amount a, struct amount b)
{
    return amount_equal(a, b) || (!amount_is_known(a) && !amount_is_known(b));
}

/* Returns how many points say unknown, and how many say more than nothing. */
static void model_compare(struct model *model, size_t ret_seen[2])
{
    struct ledger *ledger = ledger_at(&model->world, model->world.height);
    struct trace *trace = trace_of(ledger, model->inflows, model->inflow_count, model->rule);
    for (uint32_t height = 0; height < MODEL_BLOCKS; height++) {
        assert_true(same(held_at(trace, height), model->held[height]));
        ret_seen[0] += !amount_is_known(model->held[height]);
        ret_seen[1] += amount_is_known(model->held[height]) &&
                       !amount_equal(model->held[height], amount_zero());
    }
    trace_free(trace);
    ledger_free(ledger);
}

static void test_random_payments_as_painted(void **state)
{
    (void)state;
    struct model *model = mem_zalloc(1, sizeof *model);
    size_t proved[2] = {0, 0}, unproved[2] = {0, 0};
    for (uint64_t seed = 0; seed < 40; seed++)
        for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++) {
            memset(model, 0, sizeof *model);
            model->unproved = seed % 4 == 0;
            model_play(model, rule, seed);
            model_compare(model, model->unproved ? unproved : proved);
            world_close(&model->world);
        }
    free(model);
    assert_int_equal(proved[0], 0);
    assert_true(proved[1] > 800 && unproved[0] > 50 && unproved[1] > 100);
}

/* ---- by name ----------------------------------------------------------------------------------
 */

static void test_a_sweep_keeps_all_but_the_fee(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_text);
    size_t elsewhere = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(200)}));
    world_block(&world);
    size_t seized = world_tx(&world, IN({.coin = elsewhere}),
                             OUT({SCRIPT_A, BTC(50)}, {FOREIGN, BTC(100)}, {SCRIPT_A, BTC(37)}));
    world_block(&world);
    size_t swept = world_tx(&world, IN({.coin = seized}, {.coin = seized + 2}),
                            OUT({SCRIPT_B, BTC(87) - 10000}, {OP_RETURN_DATA, 0}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = swept}),
                   OUT({SCRIPT_A, BTC(40)}, {FOREIGN, BTC(7)}, {SCRIPT_C, BTC(40) - 20000}));
    world_done(&world);
    const struct trace_inflow inflow = ALL(&world, seized);
    for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++) {
        size_t count;
        struct ledger *ledger = ledger_at(&world, world.height);
        struct trace *trace = trace_of(ledger, &inflow, 1, rule);
        const struct trace_point *points = trace_points(trace, &count);
        assert_int_equal(count, 3);
        assert_true(points[0].height == 1 && amount_minor(points[0].held) == BTC(87));
        assert_true(points[1].height == 2 && amount_minor(points[1].held) == BTC(87) - 10000);
        assert_true(points[2].height == 3 && amount_minor(points[2].held) == BTC(40));
        trace_free(trace);
        ledger_free(ledger);
    }
    world_close(&world);
}

/* Not by the class of the wallet that receives them, but by what was declared. */
static void test_a_purchase_to_a_seized_wallet_is_not_followed(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_text);
    size_t other = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(10)}, {FOREIGN, BTC(20)}));
    world_block(&world);
    size_t seized = world_tx(&world, IN({.coin = other}), OUT({SCRIPT_A, BTC(10)}));
    size_t bought = world_tx(&world, IN({.coin = other + 1}), OUT({SCRIPT_A, BTC(20)}));
    world_block(&world);
    /* The purchase is first, so by FIFO it is what is sold. */
    (void)world_tx(&world, IN({.coin = bought}, {.coin = seized}),
                   OUT({FOREIGN, BTC(20)}, {SCRIPT_B, BTC(10)}));
    world_done(&world);
    const struct trace_inflow first = ALL(&world, seized), both[] = {ALL(&world, bought), first};
    assert_int_equal(held_end(&world, NULL, 0, TRACE_FIFO), 0);
    assert_int_equal(held_end(&world, &first, 1, TRACE_FIFO), BTC(10));
    assert_int_equal(held_end(&world, &first, 1, TRACE_LIFO), 0);
    assert_int_equal(held_end(&world, &first, 1, TRACE_PRO_RATA), 333333333);
    assert_int_equal(held_end(&world, both, 2, TRACE_FIFO), BTC(10));
    assert_int_equal(held_end(&world, both, 2, TRACE_PRO_RATA), BTC(10));
    world_close(&world);
}

static void test_only_the_named_wallet(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_text);
    size_t other = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(10)}));
    world_block(&world);
    size_t mixed =
        world_tx(&world, IN({.coin = other}), OUT({SCRIPT_A, BTC(4)}, {SCRIPT_B, BTC(5)}));
    world_block(&world);
    /* Ours go round with what is new: only what is new is brought. */
    size_t fresh = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(3)}));
    size_t round = world_tx(&world, IN({.coin = mixed + 1}, {.coin = fresh}),
                            OUT({SCRIPT_B, BTC(7)}, {FOREIGN, BTC(1)}));
    /* Nothing comes from outside here, whatever was declared. */
    world_block(&world);
    size_t within = world_tx(&world, IN({.coin = round}), OUT({SCRIPT_A, BTC(7)}));
    world_done(&world);
    for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++) {
        const struct trace_inflow list[] = {inflow_of(&world, mixed, WALLET_A),
                                            ALL(&world, mixed),
                                            ALL(&world, round),
                                            ALL(&world, within),
                                            inflow_of(&world, mixed, WALLET_C),
                                            {.txid = {.b = {1}}, .wallet = UINT32_MAX}};
        assert_int_equal(held_end(&world, &list[0], 1, rule), BTC(4));
        assert_int_equal(held_end(&world, &list[2], 1, rule), BTC(2));
        assert_int_equal(held_end(&world, &list[3], 1, rule), 0);
        assert_int_equal(held_end(&world, &list[4], 2, rule), 0);
        /* A transaction named for one wallet and for all is brought once. */
        assert_true(held_end(&world, list, 2, rule) <= BTC(9));
    }
    world_close(&world);
}

/* What is brought into a coin together with ours are its first satoshi, or by LIFO its last. */
static void test_the_order_inside_a_coin(void **state)
{
    (void)state;
    static const int64_t expected[TRACE_RULE_COUNT] = {
        [TRACE_FIFO] = 0, [TRACE_LIFO] = BTC(2), [TRACE_PRO_RATA] = 133333333};
    struct world world;
    world_open(&world, book_text);
    size_t other = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(2)}, {SCRIPT_B, BTC(4)}));
    world_block(&world);
    size_t joint =
        world_tx(&world, IN({.coin = other + 1}, {.coin = other}), OUT({SCRIPT_A, BTC(6)}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = joint}), OUT({FOREIGN, BTC(2)}, {SCRIPT_B, BTC(4)}));
    world_done(&world);
    const struct trace_inflow inflow = ALL(&world, joint);
    for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++)
        assert_int_equal(held_end(&world, &inflow, 1, rule), expected[rule]);
    world_close(&world);
}

/* By LIFO ours come first here, some of it followed already; what is new is behind it. */
static void test_what_is_brought_goes_round_what_is_followed(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_text);
    size_t other =
        world_tx(&world, NO_INS, OUT({FOREIGN, BTC(5)}, {FOREIGN, BTC(2)}, {SCRIPT_B, BTC(3)}));
    size_t first = world_tx(&world, IN({.coin = other + 1}), OUT({SCRIPT_A, BTC(2)}));
    world_block(&world);
    size_t joint = world_tx(&world, IN({.coin = other}, {.coin = first}, {.coin = other + 2}),
                            OUT({SCRIPT_A, BTC(9)}, {FOREIGN, BTC(1)}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = joint}), OUT({FOREIGN, BTC(3)}, {SCRIPT_B, BTC(6)}));
    world_done(&world);
    const struct trace_inflow inflows[] = {ALL(&world, first), ALL(&world, joint)};
    assert_int_equal(held_end(&world, inflows, 2, TRACE_LIFO), BTC(6));
    assert_int_equal(held_end(&world, inflows, 2, TRACE_FIFO), BTC(3));
    world_close(&world);
}

static void test_what_leaves_the_perimeter_may_come_back(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_text);
    size_t other = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(10)}));
    size_t seized = world_tx(&world, IN({.coin = other}), OUT({SCRIPT_A, BTC(10)}));
    world_block(&world);
    size_t outside = world_tx(&world, IN({.coin = seized}), OUT({SCRIPT_C, BTC(10)}));
    world_block(&world);
    (void)world_tx(&world, IN({.coin = outside}), OUT({SCRIPT_B, BTC(4)}, {SCRIPT_D, BTC(6)}));
    while (world.height < 13)
        world_block(&world);
    world_done(&world);
    const struct trace_inflow inflow = ALL(&world, seized);
    struct ledger *ledger = ledger_at(&world, world.height);
    struct trace *trace = trace_of(ledger, &inflow, 1, TRACE_FIFO);
    static const struct {
        uint32_t height;
        int64_t held;
    } expected[] = {{0, BTC(10)}, {1, 0}, {2, BTC(4)}, {6, BTC(10)}, {12, BTC(4)}};
    size_t count;
    const struct trace_point *points = trace_points(trace, &count);
    assert_int_equal(count, countof(expected));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(points[i].height, expected[i].height);
        assert_int_equal(amount_minor(points[i].held), expected[i].held);
    }
    trace_free(trace);
    ledger_free(ledger);
    world_close(&world);
}

static void test_unknown_values_stay_unknown(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_text);
    size_t other = world_tx(&world, NO_INS, OUT({FOREIGN, BTC(10)}, {FOREIGN, BTC(5)}));
    size_t seized = world_tx(&world, IN({.coin = other, .unproved = true}),
                             OUT({SCRIPT_A, BTC(6)}, {SCRIPT_A, BTC(3)}));
    world_block(&world);
    size_t joint = world_tx(&world, IN({.coin = seized}, {.coin = other + 1, .unproved = true}),
                            OUT({SCRIPT_B, BTC(6)}, {SCRIPT_B, BTC(4)}));
    world_done(&world);
    const struct trace_inflow inflow = ALL(&world, seized);
    assert_int_equal(held_end(&world, &inflow, 1, TRACE_FIFO), BTC(9)); /* behind ours */
    assert_int_equal(held_end(&world, &inflow, 1, TRACE_LIFO), -1);
    assert_int_equal(held_end(&world, &inflow, 1, TRACE_PRO_RATA), -1);
    /* Once others have it, it no longer matters. */
    world_block(&world);
    (void)world_tx(&world, IN({.coin = joint}, {.coin = joint + 1}), OUT({FOREIGN, BTC(10)}));
    world_done(&world);
    assert_int_equal(held_end(&world, &inflow, 1, TRACE_LIFO), BTC(3));
    assert_int_equal(held_end(&world, &inflow, 1, TRACE_PRO_RATA), BTC(3));
    world_close(&world);
}

/* A run that begins later sees old coins in rev files only: no proof of their value. */
static void test_old_coins_have_no_proved_value(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_text);
    world.anchor = 1;
    size_t foreign = world_old_coin(&world, FOREIGN, BTC(3));
    size_t old = world_old_coin(&world, SCRIPT_B, BTC(7));
    size_t own = world_old_coin(&world, SCRIPT_B, BTC(2));
    world_block(&world);
    size_t brought =
        world_tx(&world, IN({.coin = foreign, .undo = true}, {.coin = own, .undo = true}),
                 OUT({SCRIPT_A, BTC(5)}));
    size_t joint = world_tx(&world, IN({.coin = old, .undo = true}, {.coin = brought}),
                            OUT({SCRIPT_B, BTC(12)}));
    world_done(&world);
    const struct trace_inflow inflow = ALL(&world, brought);
    struct outpoint made = world.coins[joint].fact.outpoint;
    assert_int_equal(held_end(&world, &inflow, 1, TRACE_FIFO), -1);
    assert_int_equal(held_end(&world, &inflow, 1, TRACE_LIFO), BTC(3)); /* net of what was ours */
    assert_int_equal(made.vout, 0);
    world_close(&world);
}

/* ---- splits and merges
 * --------------------------------------------------------------------------- */

/* Random payments without fee among the marked wallets: FIFO never loses or gains one satoshi. */
static void test_splits_and_merges_change_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct model *model = mem_zalloc(1, sizeof *model);
        struct world *world = &model->world;
        size_t pool[64], count = 0;
        model->random = seed;
        world_open(world, book_text);
        size_t first = world_tx(world, NO_INS, OUT({FOREIGN, 100003}, {SCRIPT_B, 70001}));
        size_t seized =
            world_tx(world, IN({.coin = first}), OUT({SCRIPT_A, 60000}, {SCRIPT_B, 40003}));
        pool[count++] = seized;
        pool[count++] = seized + 1;
        pool[count++] = first + 1;
        for (int step = 0; step < 40; step++) {
            struct world_in ins[4];
            struct world_out outs[3];
            size_t in_count = 0, out_count = 1 + draw(model, 3), taken = 1 + draw(model, 4);
            int64_t left = 0;
            for (; in_count < taken && count > 0; in_count++) {
                size_t at = draw(model, count);
                ins[in_count] = (struct world_in){.coin = pool[at]};
                left += amount_minor(world->coins[pool[at]].fact.value);
                pool[at] = pool[--count];
            }
            for (size_t i = 0; i < out_count; i++) {
                int64_t sat = i + 1 == out_count ? left : (int64_t)draw(model, (size_t)left + 1);
                outs[i] = (struct world_out){scripts[draw(model, 2)], sat};
                left -= sat;
            }
            size_t made = world_tx(world, ins, in_count, outs, out_count);
            for (size_t i = 0; i < out_count; i++)
                pool[count++] = made + i;
            if (step % 3 == 0)
                world_block(world);
        }
        world_done(world);
        const struct trace_inflow inflow = ALL(world, seized);
        for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++) {
            struct ledger *ledger = ledger_at(world, world->height);
            struct trace *trace = trace_of(ledger, &inflow, 1, rule);
            size_t points;
            (void)trace_points(trace, &points);
            assert_int_equal(points, 1);
            assert_int_equal(amount_minor(held_at(trace, world->height)), 100003);
            trace_free(trace);
            ledger_free(ledger);
        }
        world_close(world);
        free(model);
    }
}

/* ---- one payment's mixing
 * ------------------------------------------------------------------------ */

static void test_proportion_is_exact_at_the_largest_sums(void **state)
{
    (void)state;
    enum { OUTPUTS = 7 };
    uint64_t random = 7;
    struct spread spread = {0};
    struct parts parts = {0};
    for (int round = 0; round < 200; round++) {
        struct part followed[2] = {{amount_zero(), PART_FOLLOWED}, {amount_zero(), PART_OTHER}};
        int64_t values[4];
        for (size_t i = 0; i < countof(values); i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            values[i] = 1 + (int64_t)((random >> 11) % (uint64_t)(AMOUNT_MONEY_MAX_SAT / 4));
        }
        followed[0].value = amount_of(values[0]);
        followed[1].value = amount_of(values[1]);
        struct amount whole = amount_add(followed[0].value, followed[1].value);
        const struct spread_in ins[] = {{.value = whole, .parts = followed, .part_count = 2},
                                        {.value = amount_of(values[2])}};
        int64_t left = values[0] + values[1] + values[2], sum = 0;
        spread_begin(&spread, TRACE_PRO_RATA, ins, countof(ins));
        for (int i = 0; i < OUTPUTS; i++) {
            int64_t out = i + 1 == OUTPUTS ? left : left / (3 + values[3] % 5);
            spread_next(&spread, &parts, amount_of(out));
            int64_t share = amount_minor(parts_followed(parts.list, parts.count));
            assert_true(share >= 0 && share <= out);
            assert_int_equal(amount_minor(parts_sum(parts.list, parts.count, PART_OTHER)),
                             out - share);
            /* Within one satoshi of its exact part. */
            __int128 exact = (__int128)values[0] * out;
            __int128 given = (__int128)share * (values[0] + values[1] + values[2]);
            __int128 off = exact > given ? exact - given : given - exact;
            assert_true(off <= values[0] + values[1] + values[2]);
            sum += share;
            left -= out;
        }
        assert_int_equal(sum, values[0]); /* without a fee nothing is lost */
    }
    spread_free(&spread);
    parts_free(&parts);
}

static void test_rules_have_names(void **state)
{
    (void)state;
    assert_string_equal(trace_rule_name(TRACE_FIFO), "fifo");
    assert_string_equal(trace_rule_name(TRACE_LIFO), "lifo");
    assert_string_equal(trace_rule_name(TRACE_PRO_RATA), "pro-rata");
}

/* ---- the same txid twice
 * --------------------------------------------------------------------------- */

/* BIP30: a coinbase with the txid of an older one takes its coin's place. */
static void overwrite_write(struct world *world)
{
    struct err err = {0};
    size_t first = world_tx(world, NO_INS, OUT({SCRIPT_A, BTC(50)}));
    struct fact_coin old = world->coins[first].fact;
    world_block(world);
    size_t second = world_tx(world, NO_INS, OUT({SCRIPT_A, BTC(50)}));
    old.spent = true;
    old.spent_height = world->height;
    old.spent_tx_index = 0;
    old.spent_vin = FACT_OVERWRITTEN;
    old.spent_block_hash = world->coins[second].fact.block_hash;
    old.spent_txid = old.outpoint.txid;
    test_ok(facts_spend_add(world->facts, &old, &err), &err);
    test_ok(store_run(world->store,
                      "UPDATE coin SET txid=(SELECT txid FROM coin WHERE height=0) WHERE height=1",
                      &err),
            &err);
    test_ok(store_run(world->store,
                      "UPDATE tx SET (txid,stripped)=(SELECT txid,stripped FROM tx WHERE height=0)"
                      " WHERE height=1",
                      &err),
            &err);
}

static void test_a_coinbase_that_stands_twice(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, book_text);
    overwrite_write(&world);
    world_done(&world);
    const struct trace_inflow inflow = ALL(&world, 0);
    for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++) {
        struct ledger *ledger = ledger_at(&world, 1);
        struct trace *trace = trace_of(ledger, &inflow, 1, rule);
        size_t count;
        const struct trace_point *points = trace_points(trace, &count);
        assert_true(count == 1 && points[0].height == 0); /* one place taken, nothing more held */
        assert_int_equal(amount_minor(points[0].held), BTC(50));
        trace_free(trace);
        ledger_free(ledger);
    }
    world_close(&world);
}

/* ---- a payment that has not happened
 * ------------------------------------------------------------- */

/* What a transaction of the model would do, told before it is there. */
static struct amount effect_before(struct model *model, const struct trace *trace,
                                   const struct model_tx *tx)
{
    struct outpoint inputs[MODEL_IN_MAX];
    struct amount in_values[MODEL_IN_MAX], out_values[MODEL_OUT_MAX];
    uint32_t out_wallets[MODEL_OUT_MAX];
    for (size_t i = 0; i < tx->in_count; i++) {
        inputs[i] = model->world.coins[tx->ins[i].coin].fact.outpoint;
        in_values[i] = tx->ins[i].unproved ? amount_unknown()
                                           : amount_of((int64_t)model->coins[tx->ins[i].coin].size);
    }
    for (size_t i = 0; i < tx->out_count; i++) {
        out_wallets[i] =
            counts(tx->owners[i], model->world.height) ? (uint32_t)tx->owners[i] : UINT32_MAX;
        out_values[i] = amount_of(tx->outs[i].sat);
    }
    return trace_payment_effect(trace, &(struct trace_payment){.inputs = inputs,
                                                               .in_values = in_values,
                                                               .in_count = tx->in_count,
                                                               .out_wallets = out_wallets,
                                                               .out_values = out_values,
                                                               .out_count = tx->out_count});
}

static struct trace *trace_tip(struct model *model, struct ledger **ret_ledger)
{
    *ret_ledger = ledger_at(&model->world, model->world.height);
    return trace_of(*ret_ledger, model->inflows, model->inflow_count, model->rule);
}

/* A payment in a block of its own: counts effects that are unknown, nothing, and less. */
static void payment_compare(struct model *model, size_t seen[3])
{
    struct model_tx tx = {0};
    struct ledger *ledger;
    struct trace *trace = trace_tip(model, &ledger);
    struct amount before = held_at(trace, model->world.height);
    outputs_draw(model, &tx, inputs_draw(model, &tx));
    struct amount effect = effect_before(model, trace, &tx);
    trace_free(trace);
    ledger_free(ledger);
    world_block(&model->world);
    tx.first = world_tx(&model->world, tx.ins, tx.in_count, tx.outs, tx.out_count);
    for (size_t i = 0; i < tx.out_count; i++)
        model->coins[tx.first + i] =
            (struct model_coin){.size = (size_t)tx.outs[i].sat, .owner = tx.owners[i]};
    for (size_t i = 0; i < tx.in_count; i++)
        model->coins[tx.ins[i].coin].spent = true;
    world_done(&model->world);
    trace = trace_tip(model, &ledger);
    struct amount change = amount_sub(held_at(trace, model->world.height), before);
    if (!amount_is_known(effect))
        seen[0]++;
    else if (amount_is_known(change)) {
        assert_true(amount_equal(effect, amount_min(change, amount_zero())));
        seen[amount_compare(effect, amount_zero()) < 0 ? 2 : 1]++;
    }
    assert_true(amount_is_known(effect) || model->unproved);
    trace_free(trace);
    ledger_free(ledger);
}

static void test_a_payment_does_what_was_told(void **state)
{
    (void)state;
    enum { PAYMENTS = 8 };
    size_t seen[3] = {0, 0, 0};
    struct model *model = mem_zalloc(1, sizeof *model);
    for (uint64_t seed = 100; seed < 130; seed++) {
        memset(model, 0, sizeof *model);
        model->unproved = seed % 4 == 0;
        model_play(model, seed % TRACE_RULE_COUNT, seed);
        for (int i = 0; i < PAYMENTS; i++)
            payment_compare(model, seen);
        world_close(&model->world);
    }
    free(model);
    assert_true(seen[0] > 2 && seen[1] > 30 && seen[2] > 10);
}

/* ---- the simulated nations
 * -------------------------------------------------------------------------- */

static int64_t truth_integer(const json_t *flow, const char *key)
{
    return json_integer_value(json_object_get(flow, key));
}

/* The flow of the truth by which so much moved within the nation; NULL: none. */
static const json_t *internal_of(const struct nation *nation, int64_t own_in_sat)
{
    const json_t *flow;
    size_t i;
    json_array_foreach (json_object_get(nation->truth, "flows"), i, flow)
        if (strcmp(json_string_value(json_object_get(flow, "class")), "internal") == 0 &&
            strcmp(json_string_value(json_object_get(flow, "nation")), nation->book->nation) == 0 &&
            truth_integer(flow, "own_in_sat") == own_in_sat)
            return flow;
    return NULL;
}

/* What a seizure brought is moved whole, so only fees are lost: the truth knows each payment. */
static void seizure_compare(const struct nation *nation, const struct trace *trace, int64_t sat,
                            size_t moves)
{
    size_t count;
    const struct trace_point *points = trace_points(trace, &count);
    assert_int_equal(count, 1 + moves);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(amount_minor(points[i].held), sat);
        const json_t *flow = internal_of(nation, sat);
        assert_true((flow != NULL) == (i < moves));
        if (flow) {
            assert_int_equal(truth_integer(flow, "height"), points[i + 1].height);
            sat -= truth_integer(flow, "fee_sat");
        }
    }
}

static void nation_compare(const char *code, int64_t sat, size_t moves)
{
    struct nation nation;
    struct ledger *ledger;
    struct err err = {0};
    size_t count;
    nation_open(&nation, code);
    struct hash256 *txids = nation_txids(&count, &nation, "seizure");
    assert_int_equal(count, 1);
    const struct trace_inflow inflow = {.txid = txids[0], .wallet = UINT32_MAX};
    test_ok(ledger_new(&ledger, nation.facts, nation.book, nation.state.tip_height, &err), &err);
    bool *all = mem_alloc(nation.book->wallet_count * sizeof *all);
    memset(all, true, nation.book->wallet_count);
    for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++) {
        struct trace *trace;
        test_ok(trace_new(&trace, ledger, all, &inflow, 1, rule, &err), &err);
        seizure_compare(&nation, trace, sat, moves);
        trace_free(trace);
    }
    free(all);
    free(txids);
    ledger_free(ledger);
    nation_close(&nation);
}

/* XS sweeps what it seized to the reserve and splits the reserve; a purchase to the wallet of
 * what is seized is not followed. XP sweeps once. */
static void test_the_seizures_of_the_simulated_nations(void **state)
{
    (void)state;
    nation_compare("xs", INT64_C(8750000000), 2);
    nation_compare("xp", BTC(38), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_payments_as_painted),
        cmocka_unit_test(test_a_sweep_keeps_all_but_the_fee),
        cmocka_unit_test(test_a_purchase_to_a_seized_wallet_is_not_followed),
        cmocka_unit_test(test_only_the_named_wallet),
        cmocka_unit_test(test_the_order_inside_a_coin),
        cmocka_unit_test(test_what_is_brought_goes_round_what_is_followed),
        cmocka_unit_test(test_what_leaves_the_perimeter_may_come_back),
        cmocka_unit_test(test_unknown_values_stay_unknown),
        cmocka_unit_test(test_old_coins_have_no_proved_value),
        cmocka_unit_test(test_splits_and_merges_change_nothing),
        cmocka_unit_test(test_proportion_is_exact_at_the_largest_sums),
        cmocka_unit_test(test_rules_have_names),
        cmocka_unit_test(test_a_coinbase_that_stands_twice),
        cmocka_unit_test(test_a_payment_does_what_was_told),
        cmocka_unit_test(test_the_seizures_of_the_simulated_nations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
