/* Coins and their spends. Both tables are kept in the order of the chain of the coin, so
 * that they are read side by side without sorting and without memory. */
#include "facts/facts_priv.h"

#include <stdlib.h>

int facts_coin_add(struct facts *facts, const struct fact_coin *coin, struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_COIN_ADD, err);
    if (code < 0)
        return code;
    sanad_assert(amount_is_money(coin->value));
    query_bind_integer(query, 1, coin->height);
    query_bind_hash(query, 2, &coin->block_hash);
    query_bind_integer(query, 3, coin->tx_index);
    query_bind_integer(query, 4, coin->outpoint.vout);
    query_bind_hash(query, 5, &coin->outpoint.txid);
    query_bind_integer(query, 6, coin->script);
    query_bind_amount(query, 7, coin->value);
    query_bind_integer(query, 8, coin->coinbase);
    if (coin->made_height > 0 && coin->made_height != coin->height)
        query_bind_integer(query, 9, coin->made_height);
    else
        query_bind_null(query, 9);
    return query_run(query, err);
}

int facts_spend_add(struct facts *facts, const struct fact_coin *coin, struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_SPEND_ADD, err);
    if (code < 0)
        return code;
    sanad_assert(coin->spent && coin->spent_height >= coin->height);
    query_bind_integer(query, 1, coin->height);
    query_bind_hash(query, 2, &coin->block_hash);
    query_bind_integer(query, 3, coin->tx_index);
    query_bind_integer(query, 4, coin->outpoint.vout);
    query_bind_integer(query, 5, coin->spent_height);
    query_bind_hash(query, 6, &coin->spent_block_hash);
    query_bind_integer(query, 7, coin->spent_tx_index);
    query_bind_integer(query, 8, coin->spent_vin);
    query_bind_hash(query, 9, &coin->spent_txid);
    return query_run(query, err);
}

/* NULL: where the coin stands. */
static uint32_t row_made(struct row *row, uint32_t height)
{
    if (!query_is_null(row->query, row->at))
        return row_u32(row);
    row->at++;
    return height;
}

struct fact_coin row_coin(struct row *row)
{
    struct fact_coin coin = {0};
    coin.script = row_integer(row, 1, INT64_MAX);
    coin.outpoint.txid = row_hash(row);
    coin.outpoint.vout = row_u32(row);
    coin.block_hash = row_hash(row);
    coin.height = row_u32(row);
    coin.tx_index = row_u32(row);
    coin.coinbase = row_integer(row, 0, 1) == 1;
    coin.value = row_money(row);
    coin.made_height = row_made(row, coin.height);
    return coin;
}

int facts_coin_find(struct fact_coin *ret_coin, bool *ret_found, struct facts *facts,
                    const struct outpoint *outpoint, uint32_t height, struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_COIN_FIND, err);
    if (code < 0)
        return code;
    query_bind_hash(query, 1, &outpoint->txid);
    query_bind_integer(query, 2, outpoint->vout);
    query_bind_integer(query, 3, height);
    code = query_step(query, err);
    if (code <= 0) {
        if (code == 0)
            *ret_found = false;
        return code;
    }
    struct row row = {.query = query};
    struct fact_coin coin = row_coin(&row);
    query_reset(query);
    code = row_check(&row, facts, err);
    if (code == 0) {
        *ret_coin = coin;
        *ret_found = true;
    }
    return code;
}

/* ---- coins and spends side by side ------------------------------------------------------- */

struct coin_walk {
    struct facts *facts;
    struct store_query *coins;
    struct store_query *spends;
    bool begun;
    bool any_spend;
    struct fact_coin spend; /* the next one: key of the coin and spent_* */
};

static int spend_next(struct coin_walk *walk, struct err *err)
{
    int code = query_step(walk->spends, err);
    walk->any_spend = code == 1;
    if (code != 1)
        return code;
    struct row row = {.query = walk->spends};
    struct fact_coin *spend = &walk->spend;
    spend->height = row_u32(&row);
    spend->block_hash = row_hash(&row);
    spend->tx_index = row_u32(&row);
    spend->outpoint.vout = row_u32(&row);
    spend->spent_height = row_u32(&row);
    spend->spent_block_hash = row_hash(&row);
    spend->spent_tx_index = row_u32(&row);
    spend->spent_vin = row_u32(&row);
    spend->spent_txid = row_hash(&row);
    return row_check(&row, walk->facts, err);
}

static int order_of(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

/* The order of the primary keys of both tables. */
static int coin_order(const struct fact_coin *a, const struct fact_coin *b)
{
    int order = order_of(a->height, b->height);
    if (order == 0)
        order = hash256_compare(&a->block_hash, &b->block_hash);
    if (order == 0)
        order = order_of(a->tx_index, b->tx_index);
    return order ? order : order_of(a->outpoint.vout, b->outpoint.vout);
}

static int walk_open(struct coin_walk *walk, struct facts *facts, uint32_t height, struct err *err)
{
    *walk = (struct coin_walk){.facts = facts};
    int code = store_query_new(&walk->coins, facts->store,
                               "SELECT " COIN_COLUMNS " FROM coin c CROSS " ACTIVE(
                                   "c") " WHERE c.height<=?1 "
                                        "ORDER BY c.height,c.block_hash,c.tx_index,c.vout",
                               err);
    if (code == 0)
        code = store_query_new(&walk->spends, facts->store,
                               "SELECT s.coin_height,s.coin_block_hash,s.coin_tx_index,"
                               "s.coin_vout,s.height,s.block_hash,s.tx_index,s.vin,s.txid "
                               "FROM spend s CROSS " ACTIVE(
                                   "s") " WHERE s.height<=?1 "
                                        "ORDER BY s.coin_height,s.coin_block_hash,s.coin_tx_index,"
                                        "s.coin_vout",
                               err);
    if (code < 0)
        return code;
    query_bind_integer(walk->coins, 1, height);
    query_bind_integer(walk->spends, 1, height);
    return 0;
}

static void walk_close(struct coin_walk *walk)
{
    store_query_free(walk->coins);
    store_query_free(walk->spends);
}

/* 1 and the next coin with its spend, 0 at the end. */
static int walk_next(struct fact_coin *ret_coin, struct coin_walk *walk, struct err *err)
{
    int code = query_step(walk->coins, err);
    if (code != 1)
        return code;
    struct row row = {.query = walk->coins};
    struct fact_coin coin = row_coin(&row);
    code = row_check(&row, walk->facts, err);
    /* Only now, with the coins' query open, do both see the same commit. */
    if (code == 0 && !walk->begun)
        code = spend_next(walk, err);
    walk->begun = true;
    /* A spend whose coin is not on the active chain has no partner here: passed over. */
    while (code == 0 && walk->any_spend && coin_order(&walk->spend, &coin) < 0)
        code = spend_next(walk, err);
    if (code < 0)
        return code;
    if (walk->any_spend && coin_order(&walk->spend, &coin) == 0) {
        coin.spent = true;
        coin.spent_height = walk->spend.spent_height;
        coin.spent_tx_index = walk->spend.spent_tx_index;
        coin.spent_vin = walk->spend.spent_vin;
        coin.spent_block_hash = walk->spend.spent_block_hash;
        coin.spent_txid = walk->spend.spent_txid;
    }
    *ret_coin = coin;
    return 1;
}

static int coins_walk(struct facts *facts, uint32_t height, facts_coin_visit *visit, void *context,
                      struct err *err)
{
    struct coin_walk walk;
    struct fact_coin coin;
    int code = walk_open(&walk, facts, height, err);
    while (code == 0 && (code = walk_next(&coin, &walk, err)) == 1)
        code = visit(context, &coin, err);
    walk_close(&walk);
    return code;
}

struct unspent_context {
    facts_coin_visit *visit;
    void *context;
};

static int visit_unspent(void *context, const struct fact_coin *coin, struct err *err)
{
    const struct unspent_context *inner = context;
    return coin->spent ? 0 : inner->visit(inner->context, coin, err);
}

int facts_unspent(struct facts *facts, uint32_t height, facts_coin_visit *visit, void *context,
                  struct err *err)
{
    struct unspent_context inner = {visit, context};
    return coins_walk(facts, height, visit_unspent, &inner, err);
}

struct coin_list {
    struct fact_coin *coins;
    size_t count;
    size_t capacity;
};

static int visit_list(void *context, const struct fact_coin *coin, struct err *err)
{
    struct coin_list *list = context;
    (void)err;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 256;
        list->coins = mem_realloc(list->coins, list->capacity, sizeof *list->coins);
    }
    list->coins[list->count++] = *coin;
    return 0;
}

int facts_coins(struct facts *facts, struct fact_coin **ret_coins, size_t *ret_count,
                uint32_t height, struct arena *arena, struct err *err)
{
    struct coin_list list = {0};
    int code = coins_walk(facts, height, visit_list, &list, err);
    if (code == 0) {
        *ret_coins = arena_alloc(arena, list.count, sizeof *list.coins);
        if (list.count)
            memcpy(*ret_coins, list.coins, list.count * sizeof *list.coins);
        *ret_count = list.count;
    }
    free(list.coins);
    return code;
}
