/* Every script of a book at a height, with what is held on it. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

/* What the walk over the branches carries. */
struct script_walk {
    const struct ledger *ledger;
    uint32_t height;
    struct amount *balances; /* per script of the ledger, of its holder at the height */
    uint32_t *holders;       /* per script: the wallet, or UINT32_MAX */
    uint32_t *listed;        /* per script: the wallet that lists it already */
    struct ledger_script *list;
    size_t count, capacity;
    struct arena *arena;
};

static void balances_find(struct script_walk *walk)
{
    const struct ledger *ledger = walk->ledger;
    for (size_t i = 0; i < ledger->script_count; i++) {
        walk->balances[i] = amount_zero();
        walk->holders[i] = walk->listed[i] = UINT32_MAX;
    }
    for (size_t i = 0; i < ledger->holding_count; i++) {
        const struct holding *holding = &ledger->holdings[i];
        if (holding->start > walk->height || holding->end <= walk->height)
            continue;
        uint32_t script = ledger->coin_script[holding->coin];
        walk->balances[script] =
            amount_add(walk->balances[script], ledger->coins[holding->coin].value);
        walk->holders[script] = holding->wallet;
    }
}

static void script_list(struct script_walk *walk, uint32_t wallet, struct bytes script)
{
    size_t at = ledger_script_find(walk->ledger, script);
    bool held = at != SIZE_MAX && walk->holders[at] == wallet;
    if (at != SIZE_MAX && walk->listed[at] == wallet)
        return; /* two branches of the wallet mean it */
    if (at != SIZE_MAX)
        walk->listed[at] = wallet;
    if (walk->count == walk->capacity) {
        walk->capacity = walk->capacity ? walk->capacity * 2 : 256;
        walk->list = mem_realloc(walk->list, walk->capacity, sizeof *walk->list);
    }
    walk->list[walk->count++] = (struct ledger_script){
        .wallet = wallet, .script = script, .balance = held ? walk->balances[at] : amount_zero()};
}

static void branch_list(struct script_walk *walk, uint32_t number, const struct book_branch *branch)
{
    uint32_t end = ledger_closure(walk->ledger, number, walk->height);
    for (uint32_t index = 0; index < end; index++) {
        struct bytes *scripts;
        size_t count;
        if (!book_branch_scripts(&scripts, &count, walk->ledger->book, branch, index, walk->arena))
            continue;
        for (size_t i = 0; i < count; i++)
            script_list(walk, branch->wallet, scripts[i]);
    }
}

void ledger_scripts(struct ledger_script **ret_list, size_t *ret_count, const struct ledger *ledger,
                    uint32_t height, const bool *wanted, struct arena *arena)
{
    size_t branch_count;
    const struct book_branch *branches = book_branches(ledger->book, &branch_count);
    sanad_assert(height <= ledger->height);
    struct script_walk walk = {.ledger = ledger, .height = height, .arena = arena};
    walk.balances = mem_zalloc(ledger->script_count, sizeof *walk.balances);
    walk.holders = mem_zalloc(ledger->script_count, sizeof *walk.holders);
    walk.listed = mem_zalloc(ledger->script_count, sizeof *walk.listed);
    balances_find(&walk);
    for (size_t i = 0; i < branch_count; i++) {
        uint32_t wallet = branches[i].wallet;
        if (wanted[wallet] && ledger->wallet_from[wallet] <= height &&
            height < ledger->wallet_until[wallet])
            branch_list(&walk, (uint32_t)i, &branches[i]);
    }
    free(walk.balances);
    free(walk.holders);
    free(walk.listed);
    *ret_list = walk.list;
    *ret_count = walk.count;
}
