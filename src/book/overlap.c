/* A script in two wallets at once: every script below the ranges is listed, equal ones come
 * together by sorting, and their wallets' intervals must not meet. */
#include "book/book_priv.h"

#include <stdlib.h>

/* One script of the book. The tail is compared first: it is the random part of most. */
struct place {
    uint64_t tail;
    uint32_t branch;
    uint32_t number; /* index * script_count + which */
};

static struct bytes place_script(const struct book_whole *whole, const struct place *place)
{
    const struct branch_scripts *scripts = &whole->scripts[place->branch];
    uint32_t index = place->number / scripts->script_count;
    uint32_t which = place->number % scripts->script_count;
    const uint8_t *at = whole->slab + scripts->offset + (size_t)index * scripts->stride;
    for (uint32_t i = 0; i < which; i++)
        at += scripts->sizes[i];
    return bytes_of(at, scripts->sizes[which]);
}

static const struct wallet *place_wallet(const struct book_whole *whole, const struct place *place)
{
    return &whole->book.wallets[whole->branches[place->branch].wallet];
}

static uint64_t script_tail(struct bytes script)
{
    uint64_t tail = 0;
    size_t size = script.size < sizeof tail ? script.size : sizeof tail;
    memcpy(&tail, script.data + script.size - size, size);
    return tail;
}

static int script_compare(const struct book_whole *whole, const struct place *a,
                          const struct place *b)
{
    if (a->tail != b->tail)
        return a->tail < b->tail ? -1 : 1;
    struct bytes x = place_script(whole, a);
    struct bytes y = place_script(whole, b);
    if (x.size != y.size)
        return x.size < y.size ? -1 : 1;
    return memcmp(x.data, y.data, x.size);
}

static int place_compare(const void *a, const void *b, void *context)
{
    const struct book_whole *whole = context;
    int order = script_compare(whole, a, b);
    if (order != 0)
        return order;
    int64_t since_a = place_wallet(whole, a)->since;
    int64_t since_b = place_wallet(whole, b)->since;
    if (since_a != since_b)
        return since_a < since_b ? -1 : 1;
    const struct place *x = a;
    const struct place *y = b;
    if (x->branch != y->branch)
        return x->branch < y->branch ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static size_t places_list(struct place *places, const struct book_whole *whole)
{
    size_t count = 0;
    for (size_t b = 0; b < whole->branch_count; b++) {
        if (atomic_load(&whole->scripts[b].holes))
            continue; /* made afresh each time: not here */
        uint32_t numbers = whole->scripts[b].script_count * whole->branches[b].first_count;
        for (uint32_t number = 0; number < numbers; number++) {
            struct place place = {.branch = (uint32_t)b, .number = number};
            place.tail = script_tail(place_script(whole, &place));
            places[count++] = place;
        }
    }
    sanad_assert(count <= whole->script_total);
    return count;
}

static int overlap_refuse(const struct book_whole *whole, const char *object,
                          const struct place *first, const struct place *second, struct err *err)
{
    char text[ADDRESS_TEXT_SIZE];
    struct bytes script = place_script(whole, first);
    if (!address_from_script(text, whole->book.params, script)) {
        struct bytes shown = bytes_of(script.data, script.size < 40 ? script.size : 40);
        hex_encode(text, shown);
    }
    return err_set(err, SANAD_REFUSED,
                   "%s: wallet \"%s\": the script %s stands in wallet \"%s\" at the same time",
                   object, place_wallet(whole, second)->id, text, place_wallet(whole, first)->id);
}

/* Sorted by script and then by since, so the last one of a script that still stands is the
 * only one that the next can meet. */
static int places_check(const struct book_whole *whole, const char *object,
                        const struct place *places, size_t count, struct err *err)
{
    for (size_t i = 1; i < count; i++) {
        const struct wallet *before = place_wallet(whole, &places[i - 1]);
        const struct wallet *after = place_wallet(whole, &places[i]);
        if (before != after && after->since < before->until &&
            script_compare(whole, &places[i - 1], &places[i]) == 0)
            return overlap_refuse(whole, object, &places[i - 1], &places[i], err);
    }
    return 0;
}

int book_overlap_check(const struct book_whole *whole, const char *object, struct err *err)
{
    struct place *places = mem_zalloc(whole->script_total, sizeof *places);
    size_t count = places_list(places, whole);
    qsort_r(places, count, sizeof *places, place_compare, (void *)whole);
    int code = places_check(whole, object, places, count, err);
    free(places);
    return code;
}
