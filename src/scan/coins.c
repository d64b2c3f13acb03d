/* The unspent coins of a pass, by outpoint: chained buckets over one array, so that a spent
 * coin's room is used again. */
#include "scan/scan_priv.h"

#include <stdlib.h>

#define NONE 0xffffffffu
enum { CAPACITY_FIRST = 256 };

struct coins {
    struct coin *entries;
    uint32_t *buckets;
    uint32_t capacity; /* of both, a power of two */
    uint32_t used;     /* entries that were ever given out */
    uint32_t free;     /* head of the list of spent ones */
    uint32_t count;
    uint64_t multiplier;
};

static uint32_t *bucket_of(const struct coins *coins, const struct outpoint *outpoint)
{
    uint64_t key = prevout_key(outpoint->txid.b, outpoint->vout);
    return &coins->buckets[(key * coins->multiplier) >> 32 & (coins->capacity - 1)];
}

static void buckets_make(struct coins *coins)
{
    coins->buckets = mem_realloc(coins->buckets, coins->capacity, sizeof *coins->buckets);
    memset(coins->buckets, 0xff, coins->capacity * sizeof *coins->buckets);
}

struct coins *coins_new(void)
{
    struct coins *coins = mem_zalloc(1, sizeof *coins);
    random_bytes(&coins->multiplier, sizeof coins->multiplier);
    coins->multiplier |= 1;
    coins->capacity = CAPACITY_FIRST;
    coins->entries = mem_zalloc(coins->capacity, sizeof *coins->entries);
    coins->free = NONE;
    buckets_make(coins);
    return coins;
}

void coins_free(struct coins *coins)
{
    if (!coins)
        return;
    free(coins->entries);
    free(coins->buckets);
    free(coins);
}

static void link_in(struct coins *coins, uint32_t at)
{
    uint32_t *bucket = bucket_of(coins, &coins->entries[at].outpoint);
    coins->entries[at].next = *bucket;
    *bucket = at;
}

/* Only called when every entry is a coin, so all of them go into the new buckets. */
static void coins_grow(struct coins *coins)
{
    sanad_assert(coins->count == coins->capacity && coins->capacity < NONE / 2);
    coins->capacity *= 2;
    coins->entries = mem_realloc(coins->entries, coins->capacity, sizeof *coins->entries);
    buckets_make(coins);
    for (uint32_t i = 0; i < coins->used; i++)
        link_in(coins, i);
}

void coins_add(struct coins *coins, const struct coin *coin)
{
    if (coins->free == NONE && coins->used == coins->capacity)
        coins_grow(coins);
    uint32_t at = coins->free;
    if (at != NONE)
        coins->free = coins->entries[at].next;
    else
        at = coins->used++;
    sanad_assert(at < coins->used && amount_is_money(coin->value));
    coins->entries[at] = *coin;
    link_in(coins, at);
    coins->count++;
}

static bool is_of(const struct coin *coin, const struct outpoint *outpoint)
{
    return coin->outpoint.vout == outpoint->vout &&
           hash256_equal(&coin->outpoint.txid, &outpoint->txid);
}

bool coins_take(struct coins *coins, struct coin *ret_coin, const struct outpoint *outpoint)
{
    uint32_t *link = bucket_of(coins, outpoint);
    while (*link != NONE && !is_of(&coins->entries[*link], outpoint))
        link = &coins->entries[*link].next;
    if (*link == NONE)
        return false;
    uint32_t at = *link;
    *link = coins->entries[at].next;
    *ret_coin = coins->entries[at];
    coins->entries[at].next = coins->free;
    coins->free = at;
    sanad_assert(coins->count > 0);
    coins->count--;
    return true;
}

size_t coins_count(const struct coins *coins)
{
    return coins->count;
}
