/* Which scripts a book means at which height: gap closure over time, wallets that begin and
 * cease to count, and from both the ownership of every script of the set. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

/* An index of a branch that was used, and from when on it is in the set. */
struct used_index {
    uint32_t index;
    uint32_t used;  /* height of the first coin */
    uint32_t entry; /* height from which the index is in the set */
};
/* What the walk over one branch collects. */
struct branch_walk {
    struct ledger *ledger;
    const struct book_branch *branch;
    uint32_t number; /* of the branch */
    struct used_index *used;
    size_t used_count;
    size_t used_capacity;
    size_t *owner_capacity;
    size_t *step_capacity;
    struct arena scratch;
};

static void *grown(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : 64;
    return mem_realloc(array, *capacity, size);
}

/* Height from which index i is in the set: at once below the first count; else when an index
 * at most `gap` below it was used while itself in the set (book.h, gap closure). */
static uint32_t entry_height(const struct branch_walk *walk, uint32_t index)
{
    if (index < walk->branch->first_count)
        return 0;
    uint32_t earliest = HEIGHT_NEVER;
    for (size_t i = walk->used_count; i-- > 0;) {
        const struct used_index *used = &walk->used[i];
        if (book_branch_closure(walk->ledger->book, walk->branch, true, used->index) <= index)
            break; /* sorted by index: the rest reaches even less */
        uint32_t at = used->used > used->entry ? used->used : used->entry;
        earliest = at < earliest ? at : earliest;
    }
    return earliest;
}

static void owner_add(struct branch_walk *walk, size_t script, uint32_t entry)
{
    struct ledger *ledger = walk->ledger;
    uint32_t wallet = walk->branch->wallet;
    uint32_t from = entry > ledger->wallet_from[wallet] ? entry : ledger->wallet_from[wallet];
    if (from >= ledger->wallet_until[wallet])
        return;
    ledger->owners =
        grown(ledger->owners, ledger->owner_count, walk->owner_capacity, sizeof *ledger->owners);
    ledger->owners[ledger->owner_count++] =
        (struct ownership){.script = (uint32_t)script,
                           .wallet = wallet,
                           .from = from,
                           .until = ledger->wallet_until[wallet]};
}

/* One index: its scripts become owned; returns the height of first use. */
static uint32_t index_walk(struct branch_walk *walk, uint32_t index, uint32_t entry)
{
    struct bytes *scripts;
    size_t count;
    uint32_t used = HEIGHT_NEVER;
    arena_reset(&walk->scratch);
    if (!book_branch_scripts(&scripts, &count, walk->ledger->book, walk->branch, index,
                             &walk->scratch))
        return used;
    for (size_t i = 0; i < count; i++) {
        size_t at = ledger_script_find(walk->ledger, scripts[i]);
        if (at == SIZE_MAX || walk->ledger->scripts[at].complete_to < (int64_t)walk->ledger->height)
            walk->ledger->incomplete_scripts =
                walk->ledger->wallet_incomplete[walk->branch->wallet] = true;
        if (at == SIZE_MAX)
            continue;
        owner_add(walk, at, entry);
        used = walk->ledger->first_use[at] < used ? walk->ledger->first_use[at] : used;
    }
    return used;
}

static void step_add(struct branch_walk *walk, uint32_t height, uint32_t count)
{
    struct ledger *ledger = walk->ledger;
    ledger->steps =
        grown(ledger->steps, ledger->step_count, walk->step_capacity, sizeof *ledger->steps);
    ledger->steps[ledger->step_count++] =
        (struct closure_step){.branch = walk->number, .height = height, .count = count};
}

static void branch_walk_run(struct branch_walk *walk)
{
    uint32_t count = walk->branch->first_count;
    step_add(walk, 0, count);
    for (uint32_t index = 0; index < count; index++) {
        uint32_t entry = entry_height(walk, index);
        sanad_assert(entry != HEIGHT_NEVER);
        if (index >= walk->branch->first_count)
            step_add(walk, entry, index + 1);
        uint32_t used = index_walk(walk, index, entry);
        if (used == HEIGHT_NEVER || !walk->branch->ranged)
            continue;
        walk->used = grown(walk->used, walk->used_count, &walk->used_capacity, sizeof *walk->used);
        walk->used[walk->used_count++] =
            (struct used_index){.index = index, .used = used, .entry = entry};
        uint32_t reach = book_branch_closure(walk->ledger->book, walk->branch, true, index);
        count = reach > count ? reach : count;
    }
}

static int owner_compare(const void *a, const void *b)
{
    const struct ownership *x = a;
    const struct ownership *y = b;
    if (x->script != y->script)
        return x->script < y->script ? -1 : 1;
    if (x->wallet != y->wallet)
        return x->wallet < y->wallet ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* A script may stand in one wallet by two branches: the earlier beginning counts. */
static void owners_unite(struct ledger *ledger)
{
    if (ledger->owner_count == 0)
        return;
    qsort(ledger->owners, ledger->owner_count, sizeof *ledger->owners, owner_compare);
    size_t kept = 1;
    for (size_t i = 1; i < ledger->owner_count; i++) {
        const struct ownership *last = &ledger->owners[kept - 1];
        const struct ownership *this = &ledger->owners[i];
        if (last->script != this->script || last->wallet != this->wallet)
            ledger->owners[kept++] = *this;
    }
    ledger->owner_count = kept;
}

void ledger_own(struct ledger *ledger)
{
    size_t branch_count;
    size_t owner_capacity = 0;
    size_t step_capacity = 0;
    const struct book_branch *branches = book_branches(ledger->book, &branch_count);
    for (size_t i = 0; i < branch_count; i++) {
        struct branch_walk walk = {.ledger = ledger,
                                   .branch = &branches[i],
                                   .number = (uint32_t)i,
                                   .owner_capacity = &owner_capacity,
                                   .step_capacity = &step_capacity};
        branch_walk_run(&walk);
        free(walk.used);
        arena_free(&walk.scratch);
    }
    owners_unite(ledger);
}

const struct ownership *ledger_owners(const struct ledger *ledger, size_t *ret_count, size_t script)
{
    size_t low = 0;
    size_t high = ledger->owner_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ledger->owners[middle].script < script)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < ledger->owner_count && ledger->owners[end].script == script)
        end++;
    *ret_count = end - low;
    return ledger->owners ? ledger->owners + low : NULL;
}

bool ledger_owner(const struct ledger *ledger, uint32_t *ret_wallet, size_t script, uint32_t height)
{
    size_t count;
    const struct ownership *owners = ledger_owners(ledger, &count, script);
    for (size_t i = 0; i < count; i++) {
        if (owners[i].from <= height && height < owners[i].until) {
            *ret_wallet = owners[i].wallet;
            return true;
        }
    }
    return false;
}

uint32_t ledger_closure(const struct ledger *ledger, uint32_t branch, uint32_t height)
{
    size_t low = 0;
    size_t high = ledger->step_count;
    while (low < high) { /* first step behind (branch, height) */
        size_t middle = low + (high - low) / 2;
        const struct closure_step *step = &ledger->steps[middle];
        if (step->branch < branch || (step->branch == branch && step->height <= height))
            low = middle + 1;
        else
            high = middle;
    }
    sanad_assert(low > 0 && ledger->steps[low - 1].branch == branch);
    return ledger->steps[low - 1].count;
}
