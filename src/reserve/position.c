/* The position: what the wallets of a book hold after one block. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

static bool wallet_counts(const struct ledger *ledger, size_t wallet, uint32_t height)
{
    return ledger->wallet_from[wallet] <= height && height < ledger->wallet_until[wallet];
}

static bool wallet_is_ranged(const struct wallet *wallet)
{
    for (size_t i = 0; i < wallet->descriptor_count; i++)
        if (descriptor_is_ranged(wallet->descriptors[i]))
            return true;
    return false;
}

static void missing_add(struct position *position, const char *what, const char *detail)
{
    position->complete = false;
    if (position->missing_count == POSITION_MISSING_MAX)
        return;
    char *text = position->missing[position->missing_count++];
    (void)snprintf(text, sizeof position->missing[0], "%s%s", what, detail);
}

size_t snapshot_hides(const struct ledger *ledger, uint32_t height)
{
    size_t count = 0;
    for (size_t i = 0; ledger->state.opened && i < ledger->book->wallet_count; i++)
        count += wallet_is_ranged(&ledger->book->wallets[i]) && wallet_counts(ledger, i, height);
    return count;
}

static void snapshot_limits(struct position *position, const struct ledger *ledger)
{
    char text[64];
    size_t count = snapshot_hides(ledger, position->as_of.height);
    if (ledger->state.grade < GRADE_SNAPSHOT)
        missing_add(position, "a known hash of the snapshot's coins: --utxo-hash", "");
    (void)snprintf(text, sizeof text, "%zu ranged wallets", count);
    if (count > 0)
        missing_add(
            position,
            "scripts used and empty before the snapshot, behind which there may be coins: ", text);
}

/* What keeps the figure from being the whole of the declared scripts. */
static void completeness(struct position *position, const struct ledger *ledger)
{
    position->complete = true;
    if (ledger->state.opened) {
        snapshot_limits(position, ledger);
    } else if (facts_lack_older(&ledger->state)) {
        char height[16];
        (void)snprintf(height, sizeof height, "%u", ledger->state.first_height);
        missing_add(position, "coins older than the first block read, height ", height);
    }
    if (ledger->incomplete_scripts)
        missing_add(position, "scripts of the book that the scan has not looked for: scan again",
                    "");
    for (size_t i = 0; i < ledger->book->wallet_count; i++)
        if (ledger->book->wallets[i].commitment && wallet_counts(ledger, i, position->as_of.height))
            missing_add(position, "restricted and not opened: wallet ",
                        ledger->book->wallets[i].id);
}

/* The balance of one script, to find the largest of a wallet. */
struct script_balance {
    uint32_t wallet;
    uint32_t script;
    struct amount value;
};

static int script_balance_compare(const void *a, const void *b)
{
    const struct script_balance *x = a;
    const struct script_balance *y = b;
    if (x->wallet != y->wallet)
        return x->wallet < y->wallet ? -1 : 1;
    return x->script < y->script ? -1 : x->script > y->script;
}

static void wallet_add_coin(struct position *position, struct wallet_position *wallet,
                            const struct ledger *ledger, const struct holding *holding)
{
    const struct fact_coin *coin = &ledger->coins[holding->coin];
    uint32_t height = position->as_of.height;
    wallet->balance = amount_add(wallet->balance, coin->value);
    wallet->coin_count++;
    if (ledger_key_exposed(ledger, ledger->coin_script[holding->coin], height))
        wallet->exposed_key = amount_add(wallet->exposed_key, coin->value);
    /* Consensus: spendable in a block at least 100 above; the next block is height + 1. */
    if (coin->coinbase && height + 1 - coin->made_height < COINBASE_MATURITY)
        position->immature = amount_add(position->immature, coin->value);
}

static void largest_find(struct wallet_position *by_wallet, struct script_balance *balances,
                         size_t count)
{
    qsort(balances, count, sizeof *balances, script_balance_compare);
    for (size_t i = 0; i < count;) {
        struct amount sum = amount_zero();
        size_t first = i;
        while (i < count && script_balance_compare(&balances[first], &balances[i]) == 0)
            sum = amount_add(sum, balances[i++].value);
        struct wallet_position *wallet = &by_wallet[balances[first].wallet];
        if (amount_is_known(sum))
            wallet->largest_script = amount_max(wallet->largest_script, sum);
    }
}

/* Sums holdings into one entry a wallet of the book. */
static void holdings_sum(struct position *position, struct wallet_position *by_wallet,
                         const struct ledger *ledger)
{
    struct script_balance *balances = mem_zalloc(ledger->holding_count, sizeof *balances);
    size_t count = 0;
    uint32_t height = position->as_of.height;
    for (size_t i = 0; i < ledger->holding_count; i++) {
        const struct holding *holding = &ledger->holdings[i];
        if (holding->start > height || holding->end <= height)
            continue;
        wallet_add_coin(position, &by_wallet[holding->wallet], ledger, holding);
        balances[count++] = (struct script_balance){.wallet = holding->wallet,
                                                    .script = ledger->coin_script[holding->coin],
                                                    .value = ledger->coins[holding->coin].value};
    }
    largest_find(by_wallet, balances, count);
    free(balances);
}

static void scripts_count(struct wallet_position *by_wallet, const struct ledger *ledger,
                          uint32_t height)
{
    size_t count;
    const struct book_branch *branches = book_branches(ledger->book, &count);
    for (size_t i = 0; i < count; i++) {
        const struct wallet *wallet = &ledger->book->wallets[branches[i].wallet];
        uint32_t each = descriptor_script_count(wallet->descriptors[branches[i].descriptor]);
        by_wallet[branches[i].wallet].script_count +=
            (size_t)each * ledger_closure(ledger, (uint32_t)i, height);
    }
}

static void totals_sum(struct position *position, const struct wallet_position *by_wallet,
                       const struct ledger *ledger)
{
    const struct book *book = ledger->book;
    position->wallets =
        arena_alloc(&position->arena, book->wallet_count + 1, sizeof *position->wallets);
    for (size_t i = 0; i < book->wallet_count; i++) {
        if (!wallet_counts(ledger, i, position->as_of.height))
            continue;
        const struct wallet *wallet = &book->wallets[i];
        const struct wallet_position *held = &by_wallet[i];
        struct amount *part = wallet->visibility == VISIBILITY_PUBLIC ? &position->public_part
                                                                      : &position->restricted_part;
        position->wallets[position->wallet_count++] = *held;
        position->has_class[wallet->class_] = true;
        position->by_class[wallet->class_] =
            amount_add(position->by_class[wallet->class_], held->balance);
        position->total = amount_add(position->total, held->balance);
        *part = amount_add(*part, held->balance);
        position->exposed_key = amount_add(position->exposed_key, held->exposed_key);
        position->coin_count += held->coin_count;
    }
    if (!amount_is_known(position->total))
        missing_add(position, "the total is beyond what can be counted", "");
}

int position_make(struct position *ret_position, const struct ledger *ledger, uint32_t height,
                  struct err *err)
{
    sanad_assert(height <= ledger->height);
    struct position position = {.params = ledger->book->params,
                                .book = ledger->book,
                                .grade = ledger->state.grade,
                                .from_height = ledger->state.first_height,
                                .total = amount_zero(),
                                .public_part = amount_zero(),
                                .restricted_part = amount_zero(),
                                .immature = amount_zero(),
                                .exposed_key = amount_zero()};
    int code = facts_block_at(&position.as_of, ledger->facts, height, err);
    if (code)
        return code;
    size_t count = ledger->book->wallet_count;
    struct wallet_position *by_wallet = mem_zalloc(count, sizeof *by_wallet);
    for (size_t i = 0; i < count; i++)
        by_wallet[i] = (struct wallet_position){
            .wallet = (uint32_t)i,
            .balance = amount_zero(),
            .largest_script = amount_zero(),
            .exposed_key = ledger->state.opened ? amount_unknown() : amount_zero()};
    position.median_unknown =
        ledger->state.opened && position.as_of.height == ledger->state.first_height;
    completeness(&position, ledger);
    holdings_sum(&position, by_wallet, ledger);
    scripts_count(by_wallet, ledger, height);
    totals_sum(&position, by_wallet, ledger);
    free(by_wallet);
    *ret_position = position;
    return 0;
}

void position_free(struct position *position)
{
    arena_free(&position->arena);
    *position = (struct position){0};
}
