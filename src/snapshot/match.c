/* The set of scripts that are looked for, in the form of the file. The bitmap is keyed anew in each
 * run, so that nobody can write a file in which every coin looks like one of ours. */
#include "snapshot/snapshot_priv.h"

#include <stdlib.h>

enum {
    BITMAP_LOG_MIN = 15, /* 4 KiB */
    BITMAP_LOG_MAX = 27, /* 16 MiB */
    BITS_PER_SCRIPT = 32
};

static int entry_order(const void *a, const void *b)
{
    const struct match_entry *left = a;
    const struct match_entry *right = b;
    if (left->word != right->word)
        return left->word < right->word ? -1 : 1;
    return left->script < right->script ? -1 : left->script > right->script;
}

/* A script as the file holds it. */
static struct match_entry entry_of(struct match *match, struct bytes script, uint32_t index)
{
    struct buf buf = buf_with_max(SCRIPT_SIZE_MAX + 16);
    script_compress(&buf, script);
    sanad_assert(!buf.bad && buf.size > 0);
    struct cursor cursor = cursor_of(arena_bytes(&match->arena, buf_bytes(&buf)));
    struct match_entry entry = {.kind = cursor_varint(&cursor, UINT32_MAX), .script = index};
    entry.data = bytes_of(cursor.at, cursor_left(&cursor));
    entry.word = match_word(entry.kind, entry.data.data, entry.data.size);
    buf_free(&buf);
    return entry;
}

void match_make(struct match *match, const struct bytes *scripts, size_t count)
{
    unsigned log = BITMAP_LOG_MIN;
    sanad_assert(count < UINT32_MAX / BITS_PER_SCRIPT);
    while (log < BITMAP_LOG_MAX && (UINT64_C(1) << log) < (uint64_t)count * BITS_PER_SCRIPT)
        log++;
    *match = (struct match){.shift = 64 - 6 - log};
    match->bitmap = mem_zalloc(((size_t)1 << log) / 64, sizeof *match->bitmap);
    match->entries = mem_zalloc(count + 1, sizeof *match->entries);
    random_bytes(&match->multiplier, sizeof match->multiplier);
    match->multiplier |= 1;
    for (size_t i = 0; i < count; i++) {
        if (script_unspendable(scripts[i]) || scripts[i].size == 0)
            continue; /* no node keeps such a coin */
        struct match_entry entry = entry_of(match, scripts[i], (uint32_t)i);
        uint64_t at = (entry.word * match->multiplier) >> match->shift;
        match->bitmap[at >> 12] |= UINT64_C(1) << (at >> 6 & 63) | UINT64_C(1) << (at & 63);
        match->entries[match->count++] = entry;
    }
    qsort(match->entries, match->count, sizeof *match->entries, entry_order);
}

void match_free(struct match *match)
{
    free(match->bitmap);
    free(match->entries);
    arena_free(&match->arena);
    *match = (struct match){0};
}

uint32_t match_find(const struct match *match, uint64_t word, uint64_t kind, struct bytes data)
{
    size_t low = 0;
    size_t high = match->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (match->entries[middle].word < word)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < match->count && match->entries[low].word == word; low++)
        if (match->entries[low].kind == kind && bytes_equal(match->entries[low].data, data))
            return match->entries[low].script;
    return UINT32_MAX;
}
