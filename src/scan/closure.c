/* Which scripts the books ask for: per branch the gap closure over the coins seen so far. A
 * branch grows while it is used near its end, so the scan asks again after each pass until
 * nothing is missing. */
#include "scan/scan_priv.h"

#include <stdlib.h>

enum { AHEAD_MIN = 250, AHEAD_MAX = 20000 };

struct branch {
    const struct book *book;
    const struct book_branch *of;
    int64_t *ids;             /* `per` of each index; 0: none */
    uint32_t count, capacity; /* indexes derived */
    size_t per;
};
struct closure {
    struct branch *branches;
    size_t count;
};

struct closure *closure_new(struct book *const *books, size_t book_count)
{
    struct closure *closure = mem_zalloc(1, sizeof *closure);
    for (size_t b = 0; b < book_count; b++) {
        size_t count;
        const struct book_branch *branches = book_branches(books[b], &count);
        closure->branches =
            mem_realloc(closure->branches, closure->count + count, sizeof *closure->branches);
        for (size_t i = 0; i < count; i++)
            closure->branches[closure->count++] =
                (struct branch){.book = books[b], .of = &branches[i]};
    }
    return closure;
}

void closure_free(struct closure *closure)
{
    if (!closure)
        return;
    for (size_t i = 0; i < closure->count; i++)
        free(closure->branches[i].ids);
    free(closure->branches);
    free(closure);
}

/* What one update works with. */
struct updating {
    struct facts *facts;
    const int64_t *used; /* ascending */
    size_t used_count;
    size_t added;
    bool missing; /* a script of this branch was not in the facts */
    struct arena arena;
};

static int compare_ids(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

static bool index_used(const struct updating *u, const struct branch *branch, uint32_t index)
{
    for (size_t i = 0; i < branch->per; i++) {
        const int64_t *id = &branch->ids[index * branch->per + i];
        if (u->used_count && bsearch(id, u->used, u->used_count, sizeof *id, compare_ids))
            return true;
    }
    return false;
}

static void branch_room(struct branch *branch)
{
    if (branch->count < branch->capacity)
        return;
    branch->capacity = branch->capacity ? 2 * branch->capacity : 16;
    branch->ids = mem_realloc(branch->ids, branch->capacity * branch->per, sizeof *branch->ids);
}

/* Finds or adds the scripts of the next index. */
static int index_derive(struct updating *u, struct branch *branch, struct err *err)
{
    struct bytes *scripts = NULL;
    size_t count = 0;
    int code = 0;
    arena_reset(&u->arena);
    if (!book_branch_scripts(&scripts, &count, branch->book, branch->of, branch->count, &u->arena))
        count = 0; /* BIP32: a chance of 2^-127; the index means nothing */
    if (branch->per == 0)
        branch->per = count ? count : 1;
    sanad_assert(count <= branch->per);
    branch_room(branch);
    int64_t *ids = &branch->ids[branch->count * branch->per];
    memset(ids, 0, branch->per * sizeof *ids);
    for (size_t i = 0; i < count && code == 0; i++) {
        bool found;
        code = facts_script_find(&ids[i], &found, u->facts, scripts[i], err);
        if (code == 0 && !found) {
            u->missing = true;
            u->added++;
            code = facts_script_add(u->facts, &ids[i], scripts[i], err);
        }
    }
    if (code == 0)
        branch->count++;
    return code;
}

/* Doubling keeps the number of passes logarithmic: a pass reads the whole chain, deriving an
 * index costs some 30 microseconds. */
static uint32_t ahead_of(uint32_t closed)
{
    uint32_t ahead = closed > AHEAD_MIN ? closed : AHEAD_MIN;
    return ahead < AHEAD_MAX ? ahead : AHEAD_MAX;
}

static int branch_update(struct updating *u, struct branch *branch, struct err *err)
{
    bool any = false;
    uint32_t highest = 0;
    uint32_t closed = book_branch_closure(branch->book, branch->of, any, highest);
    int code = 0;
    u->missing = false;
    for (uint32_t index = 0; index < closed && code == 0; index++) {
        if (index == branch->count)
            code = index_derive(u, branch, err);
        if (code == 0 && index_used(u, branch, index)) {
            any = true;
            highest = index;
            closed = book_branch_closure(branch->book, branch->of, any, highest);
        }
    }
    uint32_t ahead = u->missing && branch->of->ranged ? closed + ahead_of(closed) : 0;
    while (code == 0 && branch->count < ahead)
        code = index_derive(u, branch, err);
    return code;
}

static int branches_update(struct closure *closure, struct updating *u, struct err *err)
{
    int code = 0;
    for (size_t i = 0; i < closure->count && code == 0; i++)
        code = branch_update(u, &closure->branches[i], err);
    return code;
}

int closure_update(struct closure *closure, size_t *ret_added, struct facts *facts,
                   struct store *store, struct err *err)
{
    struct updating u = {.facts = facts};
    struct arena arena = {0};
    int64_t *used = NULL;
    int code = facts_scripts_used(facts, &used, &u.used_count, &arena, err);
    if (code == 0)
        code = store_begin(store, err);
    if (code == 0) {
        u.used = used;
        code = branches_update(closure, &u, err);
        if (code == 0)
            code = store_commit(store, err);
        else
            store_rollback(store);
    }
    arena_free(&u.arena);
    arena_free(&arena);
    if (code == 0)
        *ret_added = u.added;
    return code;
}
