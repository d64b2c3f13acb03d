/* Proves: over random chains, books with wallets that begin and cease to count, declarations and
 * debts, the table of accounts that is summed from flows closes on what the coins say; and two
 * periods one after the other tell line by line what one over both tells. */
#include "pack/pack_priv.h"

#include "world.h"

#include <stdlib.h>

#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"
enum { OWN = 4, BLOCKS = 12, WORLDS = 1000, COINS = 200 };

static const char *const scripts[OWN] = {
    "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "0014cccccccccccccccccccccccccccccccccccccccc", "0014dddddddddddddddddddddddddddddddddddddddd"};

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void wallet_text(struct buf *buf, const char *id, const char *class_, const char *visibility,
                        const char *script, const char *since, const char *until)
{
    buf_format(buf,
               "{\"id\":\"%s\",\"entity\":\"t\",\"class\":\"%s\",\"control\":\"declared\","
               "\"visibility\":\"%s\",\"descriptors\":[\"raw(%s)\"],\"since\":%s,\"until\":%s}",
               id, class_, visibility, script, since, until);
}

/* Three wallets that always count or for a while, and one that takes over a script. */
static void book_text(struct buf *buf, uint64_t *seed)
{
    char day[16];
    (void)snprintf(day, sizeof day, "\"2025-01-%02u\"", (unsigned)(2 + random_next(seed) % BLOCKS));
    bool begins = random_next(seed) % 2;
    buf_text(buf, "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[{\"id\":\"t\",\"name\":"
                  "{\"en\":\"T\"},\"sector\":\"S1311\"}],\"wallets\":[");
    wallet_text(buf, "a", "reserve", "public", scripts[0], "null", "null");
    buf_text(buf, ",");
    wallet_text(buf, "b", "client", "fund", scripts[1], begins ? day : "null",
                begins ? "null" : day);
    buf_text(buf, ",");
    wallet_text(buf, "c", "seized", "public", scripts[2], "null", day);
    buf_text(buf, ",");
    wallet_text(buf, "d", "other", "public", scripts[2], day, "null");
    buf_text(buf, ",");
    wallet_text(buf, "e", "operating", "public", scripts[3], "null", "null");
    buf_text(buf, "]}");
}

/* A chain that a seed gives: what is unspent may be spent by anybody to anybody. */
struct play {
    struct world world;
    uint64_t *seed;
    size_t unspent[COINS];
    size_t unspent_count;
    struct register_declaration declared[COINS];
    size_t declared_count;
};

static const char *random_script(struct play *play)
{
    uint64_t pick = random_next(play->seed) % (OWN + 3);
    return pick < OWN ? scripts[pick] : FOREIGN;
}

static int meaning_compare(const void *a, const void *b)
{
    const struct register_declaration *x = a;
    const struct register_declaration *y = b;
    int order = hash256_compare(&x->txid, &y->txid);
    if (order)
        return order;
    return (x->wallet != NULL) - (y->wallet != NULL);
}

/* Some transactions are declared as a whole, some for one wallet besides. */
static void random_declare(struct play *play, size_t coin)
{
    struct hash256 txid = play->world.coins[coin].fact.outpoint.txid;
    for (size_t i = 0; i < 2; i++)
        if (random_next(play->seed) % 3 == 0)
            play->declared[play->declared_count++] = (struct register_declaration){
                .txid = txid,
                .wallet = i ? "a" : NULL,
                .meaning = (enum flow_meaning)(random_next(play->seed) % FLOW_MEANING_COUNT)};
}

static void random_payment(struct play *play)
{
    struct world_in ins[3];
    struct world_out outs[3];
    size_t in_count = 0;
    int64_t value = 0;
    size_t wanted = 1 + random_next(play->seed) % 3;
    while (in_count < wanted && play->unspent_count > 0) {
        size_t pick = random_next(play->seed) % play->unspent_count;
        ins[in_count++] = (struct world_in){.coin = play->unspent[pick]};
        value += amount_minor(play->world.coins[play->unspent[pick]].fact.value);
        play->unspent[pick] = play->unspent[--play->unspent_count];
    }
    size_t out_count = 1 + random_next(play->seed) % 3;
    if (in_count == 0)
        return;
    value -= (int64_t)(random_next(play->seed) % 5000) + 1;
    for (size_t i = 0; i < out_count; i++) {
        int64_t part = i + 1 == out_count ? value : value / 3;
        outs[i] = (struct world_out){random_script(play), part};
        value -= part;
    }
    size_t first = world_tx(&play->world, ins, in_count, outs, out_count);
    for (size_t i = 0; i < out_count; i++)
        play->unspent[play->unspent_count++] = first + i;
    random_declare(play, first);
}

static void play_chain(struct play *play)
{
    struct buf book = buf_with_max(1 << 14);
    book_text(&book, play->seed);
    world_open(&play->world, buf_cstr(&book));
    buf_free(&book);
    for (size_t block = 0; block < BLOCKS; block++) {
        int64_t reward = BTC(50) + (int64_t)(random_next(play->seed) % 1000);
        play->unspent[play->unspent_count++] =
            world_tx(&play->world, NO_INS, OUT({random_script(play), reward}));
        for (size_t i = random_next(play->seed) % 3; i > 0; i--)
            random_payment(play);
        world_block(&play->world);
    }
    world_done(&play->world);
    if (play->declared_count > 0)
        qsort(play->declared, play->declared_count, sizeof *play->declared, meaning_compare);
}

static struct pack *pack_of(struct play *play, struct pack_input input, uint32_t from, uint32_t to)
{
    static struct programme programme = {.id = "p", .nation = "XS"};
    static struct programme_version version = {.id = "v"};
    struct limits_result *result = mem_zalloc(1, sizeof *result);
    struct pack *pack;
    struct err err = {0};
    *result = (struct limits_result){
        .programme = &programme, .version = &version, .book = play->world.book};
    test_ok(facts_block_at(&result->block, play->world.facts, to, &err), &err);
    input.result = result;
    input.from = from;
    input.from_time = from ? WORLD_START + (from - 1) * LIMITS_DAY : INT64_MIN;
    input.to_time = WORLD_START + to * LIMITS_DAY;
    test_ok(pack_make(&pack, &input, &err), &err);
    return pack;
}

static void pack_done(struct pack *pack)
{
    free((void *)pack->in.result);
    pack_free(pack);
}

static bool same(struct amount a, struct amount b)
{
    return (!amount_is_known(a) && !amount_is_known(b)) || amount_equal(a, b);
}

static void tables_check(const struct pack *both, const struct pack *first,
                         const struct pack *second)
{
    for (size_t side = 0; side < SIDE_COUNT; side++) {
        const struct account_table *whole = &both->tables[side];
        const struct account_table *one = &first->tables[side];
        const struct account_table *two = &second->tables[side];
        assert_true(both->has_table[side] && first->has_table[side] && second->has_table[side]);
        assert_true(same(one->closing.sat, two->opening.sat));
        /* Without prices a period in which nothing was held is known all the same: zero. */
        if (both->in.prices)
            assert_true(amount_equal(one->closing.money, two->opening.money));
        assert_true(same(whole->opening.sat, one->opening.sat));
        assert_true(same(whole->closing.sat, two->closing.sat));
        for (size_t i = 0; i < whole->accounts->line_count; i++)
            assert_true(
                same(whole->lines[i].sat, amount_add(one->lines[i].sat, two->lines[i].sat)));
    }
    assert_true(amount_equal(both->tables[SIDE_ASSETS].closing.sat, both->position.total));
    assert_true(amount_equal(first->tables[SIDE_ASSETS].closing.sat, first->position.total));
}

static void one_world(const struct accounts *accounts, struct price_table *prices, uint64_t *seed)
{
    struct play *play = mem_zalloc(1, sizeof *play);
    struct ledger *ledger;
    struct err err = {0};
    struct limits_record owed[3];
    struct limits_records liabilities = {.list = owed, .count = 3, .unit = {"BTC", 8}};
    play->seed = seed;
    play_chain(play);
    for (size_t i = 0; i < countof(owed); i++)
        owed[i] = (struct limits_record){.time = WORLD_START + (int64_t)i * 3 * LIMITS_DAY + 1,
                                         .decided = INT64_MAX,
                                         .entity = "t",
                                         .holder = "clients",
                                         .holder_sector = "S14",
                                         .value = amount_of((int64_t)(random_next(seed) % 1000))};
    test_ok(ledger_new(&ledger, play->world.facts, play->world.book, play->world.height, &err),
            &err);
    struct pack_input input = {.ledger = ledger,
                               .meanings = play->declared,
                               .meaning_count = play->declared_count,
                               .liabilities = &liabilities,
                               .known = INT64_MAX,
                               .prices = prices,
                               .accounts = accounts};
    uint32_t middle = (uint32_t)(random_next(seed) % (BLOCKS - 1));
    struct pack *both = pack_of(play, input, 0, BLOCKS);
    struct pack *first = pack_of(play, input, 0, middle);
    struct pack *second = pack_of(play, input, middle + 1, BLOCKS);
    tables_check(both, first, second);
    pack_done(both);
    pack_done(first);
    pack_done(second);
    ledger_free(ledger);
    world_close(&play->world);
    free(play);
}

static void test_random(void **state)
{
    (void)state;
    struct accounts *accounts;
    struct price_table prices;
    struct err err = {0};
    struct buf text = buf_with_max(1 << 14);
    uint64_t seed = 0x9e3779b97f4a7c15u;
    buf_text(&text, "time,source,currency,price_minor_per_btc\n");
    for (unsigned i = 0; i <= BLOCKS; i++)
        buf_format(&text, "2025-01-%02u,alpha,USD,%u\n", i + 1, 10000001 + i * i * 70001);
    test_ok(accounts_shipped(&accounts, &err), &err);
    test_ok(prices_read(&prices, "prices", buf_bytes(&text), "USD", &err), &err);
    for (size_t i = 0; i < WORLDS; i++)
        one_world(accounts, i % 5 ? &prices : NULL, &seed);
    prices_free(&prices);
    accounts_free(accounts);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
