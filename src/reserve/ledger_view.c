/* What others ask a ledger: its changes and series, whether it is complete, whose a script or
 * a coin is. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

uint32_t ledger_height(const struct ledger *ledger)
{
    return ledger->height;
}

const struct book *ledger_book(const struct ledger *ledger)
{
    return ledger->book;
}

struct facts *ledger_facts(const struct ledger *ledger)
{
    return ledger->facts;
}

/* ---- changes ----------------------------------------------------------------------------- */

/* Compares all members, so that the order does not hang on how the list was made; of one block
 * what comes stands before what goes. */
static int change_compare(const void *a, const void *b)
{
    const struct wallet_change *x = a;
    const struct wallet_change *y = b;
    if (x->height != y->height)
        return x->height < y->height ? -1 : 1;
    if (x->wallet != y->wallet)
        return x->wallet < y->wallet ? -1 : 1;
    int order = amount_compare(y->value, x->value);
    return order ? order : (int)x->membership - (int)y->membership;
}

static void changes_make(struct ledger *ledger)
{
    struct wallet_change *changes =
        arena_alloc(&ledger->arena, 2 * ledger->holding_count + 1, sizeof *changes);
    size_t count = 0;
    for (size_t i = 0; i < ledger->holding_count; i++) {
        const struct holding *holding = &ledger->holdings[i];
        struct amount value = ledger->coins[holding->coin].value;
        if (holding->start > ledger->height)
            continue; /* the wallet begins to count later */
        changes[count++] = (struct wallet_change){.height = holding->start,
                                                  .wallet = holding->wallet,
                                                  .value = value,
                                                  .membership = holding->entered};
        if (holding->end <= ledger->height)
            changes[count++] = (struct wallet_change){.height = holding->end,
                                                      .wallet = holding->wallet,
                                                      .value = amount_neg(value),
                                                      .membership = holding->left};
    }
    qsort(changes, count, sizeof *changes, change_compare);
    ledger->changes = changes;
    ledger->change_count = count;
}

static void series_make(struct ledger *ledger)
{
    const struct wallet_change *changes = ledger->changes;
    size_t count = ledger->change_count;
    ledger->series = arena_alloc(&ledger->arena, count + 1, sizeof *ledger->series);
    struct balance_point now = {.total = amount_zero(), .reserve = amount_zero()};
    for (size_t i = 0; i < count; i++) {
        now.height = changes[i].height;
        now.total = amount_add(now.total, changes[i].value);
        if (ledger->book->wallets[changes[i].wallet].class_ == WALLET_RESERVE)
            now.reserve = amount_add(now.reserve, changes[i].value);
        if (i + 1 == count || changes[i + 1].height != now.height)
            ledger->series[ledger->series_count++] = now;
    }
}

const struct balance_point *ledger_series(const struct ledger *ledger, size_t *ret_count)
{
    *ret_count = ledger->series_count;
    return ledger->series;
}

const struct wallet_change *ledger_changes(const struct ledger *ledger, size_t *ret_count)
{
    *ret_count = ledger->change_count;
    return ledger->changes;
}

/* ---- what is missing ----------------------------------------------------------------------- */

static const char *missing_sentence(struct ledger *ledger, size_t wallet)
{
    const struct wallet *of_book = &ledger->book->wallets[wallet];
    char text[160];
    if (ledger->wallet_from[wallet] > ledger->height)
        return NULL; /* no balance depends on it */
    if (facts_lack_older(&ledger->state))
        (void)snprintf(text, sizeof text, "coins older than the first block read, height %u",
                       ledger->state.first_height);
    else if (of_book->commitment)
        (void)snprintf(text, sizeof text, "restricted and not opened: wallet %s", of_book->id);
    else if (ledger->wallet_incomplete[wallet])
        (void)snprintf(text, sizeof text,
                       "scripts of wallet %s that the scan has not looked for: scan again",
                       of_book->id);
    else
        return NULL;
    return arena_strdup(&ledger->arena, text);
}

static void missing_make(struct ledger *ledger)
{
    size_t count = ledger->book->wallet_count;
    ledger->missing = arena_alloc(&ledger->arena, count + 1, sizeof *ledger->missing);
    for (size_t i = 0; i < count; i++)
        ledger->missing[i] = missing_sentence(ledger, i);
}

const char *ledger_incomplete(const struct ledger *ledger, const bool *wanted)
{
    for (size_t i = 0; i < ledger->book->wallet_count; i++)
        if (wanted[i] && ledger->missing[i])
            return ledger->missing[i];
    return NULL;
}

void ledger_views_make(struct ledger *ledger)
{
    changes_make(ledger);
    series_make(ledger);
    missing_make(ledger);
}

/* ---- whose it is ---------------------------------------------------------------------------- */

bool ledger_script_wallet(const struct ledger *ledger, uint32_t *ret_wallet, struct bytes script)
{
    size_t at = script_unspendable(script) ? SIZE_MAX : ledger_script_find(ledger, script);
    return at != SIZE_MAX && ledger_owner(ledger, ret_wallet, at, ledger->height);
}

const struct holding *ledger_holdings_of(const struct ledger *ledger, size_t *ret_count,
                                         uint32_t coin)
{
    size_t low = 0;
    size_t high = ledger->holding_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ledger->holdings[middle].coin < coin)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < ledger->holding_count && ledger->holdings[end].coin == coin)
        end++;
    *ret_count = end - low;
    return ledger->holdings ? ledger->holdings + low : NULL;
}

bool ledger_coin_find(struct ledger_coin *ret_coin, const struct ledger *ledger,
                      const struct outpoint *outpoint)
{
    uint32_t at;
    size_t count;
    if (!ledger_coin_newest(ledger, &at, outpoint))
        return false;
    const struct fact_coin *fact = &ledger->coins[at];
    const struct holding *holdings = ledger_holdings_of(ledger, &count, at);
    const struct holding *last = NULL;
    for (size_t i = 0; i < count; i++)
        if (holdings[i].start <= ledger->height && (!last || holdings[i].end > last->end))
            last = &holdings[i];
    if (!last)
        return false;
    *ret_coin = (struct ledger_coin){.wallet = last->wallet,
                                     .value = fact->value,
                                     .script = ledger->scripts[ledger->coin_script[at]].script,
                                     .held = last->end > ledger->height,
                                     .spent = fact->spent,
                                     .spent_height = fact->spent_height};
    return true;
}

/* A coin older than a run from an anchor, of which a rev file shows the script. */
static bool input_owner_older(const struct ledger *ledger, struct coin_owner *ret_owner,
                              const struct fact_tx *fact, size_t input)
{
    if (!ledger->state.anchored || !fact->prevouts || input >= fact->prevout_count)
        return false;
    const struct fact_prevout *prevout = &fact->prevouts[input];
    if (prevout->evidence == PREVOUT_UNKNOWN)
        return false;
    size_t script = ledger_script_find(ledger, prevout->script);
    *ret_owner =
        (struct coin_owner){.value = prevout->value, .script = prevout->script, .older = true};
    return script != SIZE_MAX && ledger_owner(ledger, &ret_owner->wallet, script, fact->height);
}

bool ledger_input_owner(const struct ledger *ledger, struct coin_owner *ret_owner,
                        const struct fact_tx *fact, const struct tx *tx, size_t input)
{
    const struct fact_coin *coin = ledger_coin_spent(ledger, &tx->ins[input].prevout, &fact->txid);
    if (!coin)
        return input_owner_older(ledger, ret_owner, fact, input);
    size_t script = ledger->coin_script[coin - ledger->coins];
    *ret_owner =
        (struct coin_owner){.value = coin->value, .script = ledger->scripts[script].script};
    return ledger_owner(ledger, &ret_owner->wallet, script, fact->height);
}

bool ledger_output_owner(const struct ledger *ledger, uint32_t *ret_wallet,
                         const struct tx_out *out, uint32_t height)
{
    if (script_unspendable(out->script))
        return false;
    size_t script = ledger_script_find(ledger, out->script);
    return script != SIZE_MAX && ledger_owner(ledger, ret_wallet, script, height);
}
