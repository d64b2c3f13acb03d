/* The scripts of a book: branches in the order of the book, their scripts below the ranges
 * made once by several threads (a ranged key costs tens of microseconds) and kept packed,
 * and gap closure beyond them. */
#include "book/book_priv.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    UNIT_INDEXES = 64,      /* indexes a thread takes at a time */
    THREADS_MAX = 32,       /* more would wait for memory */
    SERIAL_SCRIPT_MAX = 256 /* so few are not worth a thread */
};

static const struct descriptor *branch_descriptor(const struct book *book,
                                                  const struct book_branch *branch)
{
    sanad_assert(branch->wallet < book->wallet_count);
    const struct wallet *wallet = &book->wallets[branch->wallet];
    sanad_assert(branch->descriptor < wallet->descriptor_count);
    return wallet->descriptors[branch->descriptor];
}

/* ---- branches ---- */

static uint32_t first_count(const struct wallet *wallet, const struct descriptor *descriptor,
                            uint32_t told)
{
    if (!descriptor_is_ranged(descriptor))
        return 1;
    return told > wallet->range ? told : wallet->range;
}

static void branches_add(struct book_whole *whole, uint32_t w, uint32_t d, uint32_t told)
{
    const struct wallet *wallet = &whole->book.wallets[w];
    const struct descriptor *descriptor = wallet->descriptors[d];
    for (uint32_t b = 0; b < descriptor_branch_count(descriptor); b++)
        whole->branches[whole->branch_count++] =
            (struct book_branch){.wallet = w,
                                 .descriptor = d,
                                 .branch = b,
                                 .ranged = descriptor_is_ranged(descriptor),
                                 .first_count = first_count(wallet, descriptor, told)};
}

static int branches_list(struct book_whole *whole, const char *object, uint32_t *const *ranges,
                         struct err *err)
{
    struct book *book = &whole->book;
    size_t count = 0;
    for (size_t w = 0; w < book->wallet_count; w++)
        for (size_t d = 0; d < book->wallets[w].descriptor_count; d++) {
            count += descriptor_branch_count(book->wallets[w].descriptors[d]);
            if (count > BOOK_BRANCH_MAX)
                return err_set(err, SANAD_REFUSED,
                               "%s: wallet \"%s\": the book has more than %d branches", object,
                               book->wallets[w].id, BOOK_BRANCH_MAX);
        }
    whole->branches = arena_alloc(&book->arena, count, sizeof *whole->branches);
    whole->scripts = arena_alloc(&book->arena, count, sizeof *whole->scripts);
    for (uint32_t w = 0; w < book->wallet_count; w++)
        for (uint32_t d = 0; d < book->wallets[w].descriptor_count; d++)
            branches_add(whole, w, d, ranges[w][d]);
    sanad_assert(whole->branch_count == count);
    return 0;
}

const struct book_branch *book_branches(const struct book *book, size_t *ret_count)
{
    const struct book_whole *whole = book_whole_of(book);
    *ret_count = whole->branch_count;
    return whole->branches;
}

uint32_t book_branch_closure(const struct book *book, const struct book_branch *branch,
                             bool any_used, uint32_t highest_used)
{
    if (!branch->ranged || !any_used)
        return branch->first_count;
    const uint64_t most = (uint64_t)DESCRIPTOR_INDEX_MAX + 1;
    uint64_t wanted = (uint64_t)highest_used + 1 + book->wallets[branch->wallet].gap;
    if (wanted > most)
        wanted = most;
    return wanted > branch->first_count ? (uint32_t)wanted : branch->first_count;
}

/* ---- sizes ---- */

/* How big the scripts of a branch are: the same at every index, since a descriptor fixes the
 * shape and only the hashes and compressed keys in it change. */
static bool branch_measure(const struct book_whole *whole, size_t place, struct buf *scratch)
{
    const struct book_branch *branch = &whole->branches[place];
    struct branch_scripts *scripts = &whole->scripts[place];
    const struct descriptor *descriptor = branch_descriptor(&whole->book, branch);
    scripts->script_count = descriptor_script_count(descriptor);
    sanad_assert(scripts->script_count >= 1 && scripts->script_count <= COMBO_SCRIPT_MAX);
    for (uint32_t i = 0; i < scripts->script_count; i++) {
        buf_reset(scratch);
        if (!descriptor_script(scratch, descriptor, branch->branch, 0, i) || scratch->bad)
            return false;
        scripts->sizes[i] = (uint32_t)scratch->size;
        scripts->stride += (uint32_t)scratch->size;
    }
    return true;
}

static int slab_measure(struct book_whole *whole, const char *object, struct err *err)
{
    struct buf scratch = buf_with_max(SCRIPT_SIZE_MAX);
    int code = 0;
    for (size_t i = 0; i < whole->branch_count && code == 0; i++) {
        const struct book_branch *branch = &whole->branches[i];
        struct branch_scripts *scripts = &whole->scripts[i];
        const char *id = whole->book.wallets[branch->wallet].id;
        if (!branch_measure(whole, i, &scratch))
            code = err_set(err, SANAD_REFUSED,
                           "%s: wallet \"%s\": descriptor %u gives no script at index 0", object,
                           id, branch->descriptor + 1);
        scripts->offset = whole->slab_size;
        whole->slab_size += (size_t)scripts->stride * branch->first_count;
        whole->script_total += (size_t)scripts->script_count * branch->first_count;
        if (code == 0 &&
            (whole->script_total > BOOK_SCRIPT_MAX || whole->slab_size > BOOK_SCRIPT_BYTES_MAX))
            code = err_set(err, SANAD_REFUSED,
                           "%s: wallet \"%s\": the book's ranges give more than %d scripts or "
                           "%d bytes of them",
                           object, id, BOOK_SCRIPT_MAX, BOOK_SCRIPT_BYTES_MAX);
    }
    buf_free(&scratch);
    return code;
}

/* ---- making them ---- */

struct maker {
    struct book_whole *whole;
    size_t *first_units; /* of each branch, and the total behind the last */
    atomic_size_t next_unit;
};

/* The scripts of one index; zeros and false where it cannot be derived (a chance of 2^-127). */
static bool index_make(uint8_t *out, const struct book_whole *whole, size_t place, uint32_t index,
                       struct buf *scratch)
{
    const struct book_branch *branch = &whole->branches[place];
    const struct branch_scripts *scripts = &whole->scripts[place];
    const struct descriptor *descriptor = branch_descriptor(&whole->book, branch);
    uint8_t *at = out;
    for (uint32_t i = 0; i < scripts->script_count; i++) {
        buf_reset(scratch);
        if (!descriptor_script(scratch, descriptor, branch->branch, index, i)) {
            memset(out, 0, scripts->stride);
            return false;
        }
        sanad_assert(scratch->size == scripts->sizes[i]);
        memcpy(at, scratch->data, scratch->size);
        at += scratch->size;
    }
    return true;
}

static size_t units_of(const struct book_branch *branch)
{
    return (branch->first_count + UNIT_INDEXES - 1) / UNIT_INDEXES;
}

/* The branch that a unit belongs to: the last whose first unit is not behind it. */
static size_t unit_branch(const struct maker *maker, size_t unit)
{
    size_t low = 0;
    size_t high = maker->whole->branch_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (maker->first_units[middle] <= unit)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void unit_make(const struct maker *maker, size_t unit, struct buf *scratch)
{
    const struct book_whole *whole = maker->whole;
    size_t place = unit_branch(maker, unit);
    const struct book_branch *branch = &whole->branches[place];
    struct branch_scripts *scripts = &whole->scripts[place];
    uint32_t index = (uint32_t)(unit - maker->first_units[place]) * UNIT_INDEXES;
    uint32_t end = index + UNIT_INDEXES;
    if (end > branch->first_count)
        end = branch->first_count;
    for (; index < end; index++) {
        uint8_t *out = whole->slab + scripts->offset + (size_t)index * scripts->stride;
        if (!index_make(out, whole, place, index, scratch))
            atomic_store(&scripts->holes, true);
    }
}

static void *make_units(void *context)
{
    struct maker *maker = context;
    size_t total = maker->first_units[maker->whole->branch_count];
    struct buf scratch = buf_with_max(SCRIPT_SIZE_MAX);
    for (;;) {
        size_t unit = atomic_fetch_add_explicit(&maker->next_unit, 1, memory_order_relaxed);
        if (unit >= total)
            break;
        unit_make(maker, unit, &scratch);
    }
    buf_free(&scratch);
    return NULL;
}

static size_t threads_wanted(const struct book_whole *whole)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (whole->script_total <= SERIAL_SCRIPT_MAX || processors <= 1)
        return 1;
    return processors < THREADS_MAX ? (size_t)processors : THREADS_MAX;
}

/* This thread works too; one that cannot be started is work for the others. */
static void make_all(struct maker *maker)
{
    pthread_t threads[THREADS_MAX];
    size_t wanted = threads_wanted(maker->whole) - 1;
    size_t started = 0;
    while (started < wanted && pthread_create(&threads[started], NULL, make_units, maker) == 0)
        started++;
    (void)make_units(maker);
    for (size_t i = 0; i < started; i++)
        sanad_assert(pthread_join(threads[i], NULL) == 0);
}

int book_scripts_make(struct book_whole *whole, const char *object, uint32_t *const *ranges,
                      struct err *err)
{
    int code = branches_list(whole, object, ranges, err);
    if (code == 0)
        code = slab_measure(whole, object, err);
    if (code)
        return code;
    struct maker maker = {.whole = whole};
    maker.first_units = mem_zalloc(whole->branch_count + 1, sizeof *maker.first_units);
    for (size_t i = 0; i < whole->branch_count; i++)
        maker.first_units[i + 1] = maker.first_units[i] + units_of(&whole->branches[i]);
    whole->slab = mem_alloc(whole->slab_size ? whole->slab_size : 1);
    make_all(&maker);
    free(maker.first_units);
    return 0;
}

/* ---- asking ---- */

/* Copies of the kept scripts, so that they live as the arena does. */
static const uint8_t *kept_index(const struct book_whole *whole, size_t place, uint32_t index,
                                 struct arena *arena)
{
    const struct branch_scripts *scripts = &whole->scripts[place];
    const uint8_t *at = whole->slab + scripts->offset + (size_t)index * scripts->stride;
    return arena_bytes(arena, bytes_of(at, scripts->stride)).data;
}

/* NULL where the index cannot be derived. */
static const uint8_t *fresh_index(const struct book_whole *whole, size_t place, uint32_t index,
                                  struct arena *arena)
{
    uint8_t *out = arena_alloc(arena, 1, whole->scripts[place].stride);
    struct buf scratch = buf_with_max(SCRIPT_SIZE_MAX);
    bool made = index_make(out, whole, place, index, &scratch);
    buf_free(&scratch);
    return made ? out : NULL;
}

bool book_branch_scripts(struct bytes **ret_scripts, size_t *ret_count, const struct book *book,
                         const struct book_branch *branch, uint32_t index, struct arena *arena)
{
    const struct book_whole *whole = book_whole_of(book);
    size_t place = (size_t)(branch - whole->branches);
    sanad_assert(place < whole->branch_count);
    const struct branch_scripts *scripts = &whole->scripts[place];
    if (index > DESCRIPTOR_INDEX_MAX || (!branch->ranged && index > 0))
        return false;
    bool kept = index < branch->first_count && !atomic_load(&scripts->holes);
    const uint8_t *at =
        kept ? kept_index(whole, place, index, arena) : fresh_index(whole, place, index, arena);
    if (!at)
        return false;
    struct bytes *list = arena_alloc(arena, scripts->script_count, sizeof *list);
    for (uint32_t i = 0; i < scripts->script_count; i++) {
        list[i] = bytes_of(at, scripts->sizes[i]);
        at += scripts->sizes[i];
    }
    *ret_scripts = list;
    *ret_count = scripts->script_count;
    return true;
}
