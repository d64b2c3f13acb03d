/* Headers whose predecessor has not been seen: nodes store blocks as they arrive. A hash
 * table from the predecessor's hash to those that wait for it. */
#include "source/source_priv.h"

#include <stdlib.h>

enum { BUCKETS_AT_FIRST = 1024, ENTRIES_AT_FIRST = 1024, PREV_OFFSET = 4 };

void pending_init(struct pending *pending)
{
    *pending = (struct pending){.free_head = PENDING_NONE};
}

void pending_free(struct pending *pending)
{
    free(pending->entries);
    free(pending->buckets);
    pending_init(pending);
}

static uint32_t *bucket_of(const struct pending *pending, const uint8_t *prev)
{
    return &pending->buckets[load_le32(prev) & (pending->bucket_count - 1)];
}

static void bucket_put(struct pending *pending, uint32_t entry)
{
    uint32_t *bucket = bucket_of(pending, pending->entries[entry].raw + PREV_OFFSET);
    pending->entries[entry].next = *bucket;
    *bucket = entry;
}

/* Chains are taken apart and put into twice as many. */
static void buckets_grow(struct pending *pending)
{
    uint32_t *old = pending->buckets;
    uint32_t old_count = pending->bucket_count;
    pending->bucket_count = old_count ? 2 * old_count : BUCKETS_AT_FIRST;
    pending->buckets = mem_alloc(pending->bucket_count * sizeof *pending->buckets);
    memset(pending->buckets, 0xff, pending->bucket_count * sizeof *pending->buckets);
    for (uint32_t i = 0; i < old_count; i++) {
        for (uint32_t entry = old[i]; entry != PENDING_NONE;) {
            uint32_t next = pending->entries[entry].next;
            bucket_put(pending, entry);
            entry = next;
        }
    }
    free(old);
}

static uint32_t entry_new(struct pending *pending)
{
    uint32_t entry = pending->free_head;
    if (entry != PENDING_NONE) {
        pending->free_head = pending->entries[entry].next;
        return entry;
    }
    if (pending->entry_count == pending->capacity) {
        pending->capacity = pending->capacity ? 2 * pending->capacity : ENTRIES_AT_FIRST;
        pending->entries =
            mem_realloc(pending->entries, pending->capacity, sizeof *pending->entries);
    }
    return pending->entry_count++;
}

struct pending_entry *pending_find(const struct pending *pending, const uint8_t raw[HEADER_SIZE])
{
    if (pending->live == 0)
        return NULL;
    for (uint32_t entry = *bucket_of(pending, raw + PREV_OFFSET); entry != PENDING_NONE;
         entry = pending->entries[entry].next)
        if (memcmp(pending->entries[entry].raw, raw, HEADER_SIZE) == 0)
            return &pending->entries[entry];
    return NULL;
}

bool pending_add(struct pending *pending, const uint8_t raw[HEADER_SIZE], struct source_place place)
{
    if (pending->live == PENDING_MAX)
        return false;
    uint32_t entry = entry_new(pending);
    memcpy(pending->entries[entry].raw, raw, HEADER_SIZE);
    pending->entries[entry].place = place;
    if (pending->live >= pending->bucket_count)
        buckets_grow(pending);
    bucket_put(pending, entry);
    pending->live++;
    return true;
}

uint32_t pending_take(struct pending *pending, const struct hash256 *prev)
{
    uint32_t taken = PENDING_NONE;
    if (pending->live == 0)
        return taken;
    uint32_t *link = bucket_of(pending, prev->b);
    while (*link != PENDING_NONE) {
        struct pending_entry *entry = &pending->entries[*link];
        uint32_t index = *link;
        if (memcmp(entry->raw + PREV_OFFSET, prev->b, sizeof prev->b) != 0) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        entry->next = taken;
        taken = index;
        pending->live--;
    }
    return taken;
}

void pending_release(struct pending *pending, uint32_t entry)
{
    pending->entries[entry].next = pending->free_head;
    pending->free_head = entry;
}
