/* The ledger: reads facts, applies the book, and lists which coin was whose in which blocks. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

enum { BUCKET_BITS_MAX = 24 };

static int script_compare(const void *a, const void *b)
{
    const struct fact_script *x = a;
    const struct fact_script *y = b;
    size_t size = x->script.size < y->script.size ? x->script.size : y->script.size;
    int order = size ? memcmp(x->script.data, y->script.data, size) : 0;
    if (order)
        return order;
    return x->script.size < y->script.size ? -1 : x->script.size > y->script.size;
}

size_t ledger_script_find(const struct ledger *ledger, struct bytes script)
{
    struct fact_script wanted = {.script = script};
    const struct fact_script *at =
        ledger->script_count
            ? bsearch(&wanted, ledger->scripts, ledger->script_count, sizeof wanted, script_compare)
            : NULL;
    return at ? (size_t)(at - ledger->scripts) : SIZE_MAX;
}

/* Scripts by id, to find the script of a coin. */
struct id_place {
    int64_t id;
    uint32_t at;
};

static int id_compare(const void *a, const void *b)
{
    const struct id_place *x = a;
    const struct id_place *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int coins_link(struct ledger *ledger, struct err *err)
{
    struct id_place *places = mem_zalloc(ledger->script_count, sizeof *places);
    int code = 0;
    for (size_t i = 0; i < ledger->script_count; i++)
        places[i] = (struct id_place){.id = ledger->scripts[i].id, .at = (uint32_t)i};
    qsort(places, ledger->script_count, sizeof *places, id_compare);
    for (size_t i = 0; i < ledger->coin_count && code == 0; i++) {
        const struct fact_coin *coin = &ledger->coins[i];
        struct id_place wanted = {.id = coin->script};
        const struct id_place *place =
            bsearch(&wanted, places, ledger->script_count, sizeof wanted, id_compare);
        if (!place) {
            code = err_set(err, SANAD_REFUSED, "store: a coin names a script that is not there");
            continue;
        }
        ledger->coin_script[i] = place->at;
        if (coin->height < ledger->first_use[place->at])
            ledger->first_use[place->at] = coin->height;
        if (coin->spent && coin->spent_vin != FACT_OVERWRITTEN &&
            coin->spent_height < ledger->first_spend[place->at])
            ledger->first_spend[place->at] = coin->spent_height;
    }
    free(places);
    return code;
}

static int outpoint_order(const struct fact_coin *x, const struct fact_coin *y)
{
    int order = hash256_compare(&x->outpoint.txid, &y->outpoint.txid);
    if (order)
        return order;
    if (x->outpoint.vout != y->outpoint.vout)
        return x->outpoint.vout < y->outpoint.vout ? -1 : 1;
    return x->height < y->height ? -1 : x->height > y->height;
}

static int by_outpoint_compare(const void *a, const void *b, void *coins)
{
    const struct fact_coin *all = coins;
    return outpoint_order(&all[*(const uint32_t *)a], &all[*(const uint32_t *)b]);
}

/* Txids are even over their first bits, so that a bucket of these holds a coin or two. */
static size_t bucket_of(const struct ledger *ledger, const struct hash256 *txid)
{
    return ledger->bucket_bits ? load_be32(txid->b) >> (32 - ledger->bucket_bits) : 0;
}

/* Sorts the coins by outpoint: into the buckets, then each bucket. */
static void outpoints_index(struct ledger *ledger)
{
    while (ledger->bucket_bits < BUCKET_BITS_MAX &&
           (size_t)1 << ledger->bucket_bits < ledger->coin_count)
        ledger->bucket_bits++;
    size_t bucket_count = (size_t)1 << ledger->bucket_bits;
    uint32_t *firsts = arena_alloc(&ledger->arena, bucket_count + 2, sizeof *firsts);
    for (size_t i = 0; i < ledger->coin_count; i++)
        firsts[bucket_of(ledger, &ledger->coins[i].outpoint.txid) + 2]++;
    for (size_t i = 2; i < bucket_count + 2; i++)
        firsts[i] += firsts[i - 1];
    for (size_t i = 0; i < ledger->coin_count; i++)
        ledger->by_outpoint[firsts[bucket_of(ledger, &ledger->coins[i].outpoint.txid) + 1]++] =
            (uint32_t)i;
    ledger->buckets = firsts;
    for (size_t i = 0; i < bucket_count; i++)
        if (firsts[i + 1] - firsts[i] > 1)
            qsort_r(&ledger->by_outpoint[firsts[i]], firsts[i + 1] - firsts[i], sizeof(uint32_t),
                    by_outpoint_compare, ledger->coins);
}

static int facts_read(struct ledger *ledger, struct err *err)
{
    int code =
        facts_scripts(ledger->facts, &ledger->scripts, &ledger->script_count, &ledger->arena, err);
    if (code == 0)
        code = facts_coins(ledger->facts, &ledger->coins, &ledger->coin_count, ledger->height,
                           &ledger->arena, err);
    if (code)
        return code;
    if (ledger->script_count > 0)
        qsort(ledger->scripts, ledger->script_count, sizeof *ledger->scripts, script_compare);
    ledger->first_use = arena_alloc(&ledger->arena, ledger->script_count + 1, sizeof(uint32_t));
    ledger->first_spend = arena_alloc(&ledger->arena, ledger->script_count + 1, sizeof(uint32_t));
    ledger->coin_script = arena_alloc(&ledger->arena, ledger->coin_count + 1, sizeof(uint32_t));
    ledger->by_outpoint = arena_alloc(&ledger->arena, ledger->coin_count + 1, sizeof(uint32_t));
    for (size_t i = 0; i < ledger->script_count; i++)
        ledger->first_use[i] = ledger->first_spend[i] = HEIGHT_NEVER;
    outpoints_index(ledger);
    return coins_link(ledger, err);
}

/* The place in by_outpoint of the oldest coin of an outpoint, or where it would stand. */
static size_t outpoint_find(const struct ledger *ledger, const struct outpoint *outpoint)
{
    struct fact_coin wanted = {.outpoint = *outpoint, .height = 0};
    size_t bucket = bucket_of(ledger, &outpoint->txid);
    size_t low = ledger->buckets[bucket];
    size_t high = ledger->buckets[bucket + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (outpoint_order(&ledger->coins[ledger->by_outpoint[middle]], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the coin at a place of by_outpoint is of an outpoint. */
static bool outpoint_at(const struct ledger *ledger, size_t place, const struct outpoint *outpoint)
{
    if (place >= ledger->coin_count)
        return false;
    const struct fact_coin *coin = &ledger->coins[ledger->by_outpoint[place]];
    return coin->outpoint.vout == outpoint->vout &&
           hash256_equal(&coin->outpoint.txid, &outpoint->txid);
}

const struct fact_coin *ledger_coin_spent(const struct ledger *ledger,
                                          const struct outpoint *outpoint,
                                          const struct hash256 *txid)
{
    /* BIP30 made two coins of one outpoint twice: take the one that this input spent. */
    for (size_t at = outpoint_find(ledger, outpoint); outpoint_at(ledger, at, outpoint); at++) {
        const struct fact_coin *coin = &ledger->coins[ledger->by_outpoint[at]];
        if (coin->spent && hash256_equal(&coin->spent_txid, txid))
            return coin;
    }
    return NULL;
}

bool ledger_coin_newest(const struct ledger *ledger, uint32_t *ret_coin,
                        const struct outpoint *outpoint)
{
    size_t at = outpoint_find(ledger, outpoint);
    if (!outpoint_at(ledger, at, outpoint))
        return false;
    while (outpoint_at(ledger, at + 1, outpoint))
        at++;
    *ret_coin = ledger->by_outpoint[at];
    return true;
}

bool ledger_coin_made(const struct ledger *ledger, uint32_t *ret_coin,
                      const struct outpoint *outpoint, uint32_t height)
{
    for (size_t at = outpoint_find(ledger, outpoint); outpoint_at(ledger, at, outpoint); at++)
        if (ledger->coins[ledger->by_outpoint[at]].height == height) {
            *ret_coin = ledger->by_outpoint[at];
            return true;
        }
    return false;
}

const uint32_t *ledger_coins_of(const struct ledger *ledger, size_t *ret_count,
                                const struct hash256 *txid)
{
    const struct outpoint first = {.txid = *txid};
    size_t from = outpoint_find(ledger, &first);
    size_t to = from;
    while (to < ledger->coin_count &&
           hash256_equal(&ledger->coins[ledger->by_outpoint[to]].outpoint.txid, txid))
        to++;
    *ret_count = to - from;
    return ledger->by_outpoint + from;
}

/* First height of the scan whose median-time-past is >= time; HEIGHT_NEVER: none yet. */
static int height_from_time(uint32_t *ret_height, const struct ledger *ledger, int64_t time,
                            struct err *err)
{
    if (time == INT64_MIN) {
        *ret_height = 0;
        return 0;
    }
    if (time == BOOK_NEVER || ledger->state.tip_median_time < time) {
        *ret_height = HEIGHT_NEVER;
        return 0;
    }
    struct fact_block block;
    struct err none = {0};
    int code = facts_block_by_time(&block, ledger->facts, time - 1, &none);
    if (code == SANAD_MISSING) {
        *ret_height = 0; /* every block of the scan is later */
        return 0;
    }
    if (code) {
        *err = none;
        return code;
    }
    *ret_height = block.height + 1;
    return 0;
}

static int wallets_date(struct ledger *ledger, struct err *err)
{
    const struct book *book = ledger->book;
    ledger->wallet_from = arena_alloc(&ledger->arena, book->wallet_count + 1, sizeof(uint32_t));
    ledger->wallet_until = arena_alloc(&ledger->arena, book->wallet_count + 1, sizeof(uint32_t));
    ledger->wallet_incomplete = arena_alloc(&ledger->arena, book->wallet_count + 1, sizeof(bool));
    for (size_t i = 0; i < book->wallet_count; i++) {
        int code = height_from_time(&ledger->wallet_from[i], ledger, book->wallets[i].since, err);
        if (code == 0)
            code = height_from_time(&ledger->wallet_until[i], ledger, book->wallets[i].until, err);
        if (code)
            return code;
    }
    return 0;
}

static bool holding_make(struct holding *ret, const struct fact_coin *coin,
                         const struct ownership *owner)
{
    uint32_t spent = coin->spent ? coin->spent_height : HEIGHT_NEVER;
    struct holding holding = {.wallet = owner->wallet,
                              .start = owner->from > coin->height ? owner->from : coin->height,
                              .end = owner->until < spent ? owner->until : spent};
    if (holding.start > holding.end || holding.start >= owner->until)
        return false;
    holding.entered = holding.start > coin->height;
    holding.left = owner->until <= spent && owner->until != HEIGHT_NEVER;
    *ret = holding;
    return true;
}

static void holdings_make(struct ledger *ledger)
{
    size_t capacity = 0;
    for (size_t i = 0; i < ledger->coin_count; i++) {
        size_t count;
        const struct ownership *owners = ledger_owners(ledger, &count, ledger->coin_script[i]);
        for (size_t o = 0; o < count; o++) {
            if (ledger->holding_count == capacity) {
                capacity = capacity ? capacity * 2 : 256;
                ledger->holdings =
                    mem_realloc(ledger->holdings, capacity, sizeof *ledger->holdings);
            }
            struct holding *holding = &ledger->holdings[ledger->holding_count];
            if (holding_make(holding, &ledger->coins[i], &owners[o])) {
                holding->coin = (uint32_t)i;
                ledger->holding_count++;
            }
        }
    }
}

static int ledger_fill(struct ledger *ledger, struct err *err)
{
    int code = facts_state_get(&ledger->state, ledger->facts, err);
    if (code)
        return code;
    if (!ledger->state.any)
        return err_set(err, SANAD_MISSING, "store: nothing was scanned yet");
    if (ledger->height > ledger->state.tip_height || ledger->height < ledger->state.first_height)
        return err_set(err, SANAD_MISSING, "height %u: outside the scan, which has %u to %u",
                       ledger->height, ledger->state.first_height, ledger->state.tip_height);
    code = facts_read(ledger, err);
    if (code == 0)
        code = wallets_date(ledger, err);
    if (code)
        return code;
    ledger_own(ledger);
    holdings_make(ledger);
    ledger_views_make(ledger);
    return 0;
}

int ledger_new(struct ledger **ret_ledger, struct facts *facts, const struct book *book,
               uint32_t height, struct err *err)
{
    struct ledger *ledger = mem_zalloc(1, sizeof *ledger);
    ledger->facts = facts;
    ledger->book = book;
    ledger->height = height;
    int code = ledger_fill(ledger, err);
    if (code)
        ledger_free(ledger);
    else
        *ret_ledger = ledger;
    return code;
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    free(ledger->owners);
    free(ledger->holdings);
    free(ledger->steps);
    arena_free(&ledger->arena);
    free(ledger);
}

bool ledger_key_exposed(const struct ledger *ledger, size_t script, uint32_t height)
{
    enum script_kind kind = script_kind_of(ledger->scripts[script].script);
    bool open = kind == SCRIPT_P2PK || kind == SCRIPT_P2TR || kind == SCRIPT_MULTISIG;
    return open || ledger->first_spend[script] <= height;
}
