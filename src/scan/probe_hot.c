/* The probe: of millions of inputs, which may spend a coin of ours. A bitmap that is clear
 * for nearly all, then the exact set of keys. Keys are only added: an outpoint is spent at
 * most once, so a key that has done its work does no harm. */
#include "scan/scan_priv.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 1024, BITS_PER_KEY = 32, LOG_MIN = 15 };

static size_t slot_of(const struct probe *probe, uint64_t key)
{
    size_t at = (size_t)((key * probe->multiplier) >> 20) & probe->mask;
    while (probe->keys[at] != 0 && probe->keys[at] != key)
        at = (at + 1) & probe->mask;
    return at;
}

static inline uint64_t bit_of(const struct probe *probe, uint64_t key)
{
    return (key * probe->multiplier) >> probe->shift;
}

static void bit_set(struct probe *probe, uint64_t key)
{
    uint64_t bit = bit_of(probe, key);
    probe->bitmap[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

/* Room for `capacity` keys, a power of two; the bitmap of BITS_PER_KEY bits for each. */
static void tables_make(struct probe *probe, size_t capacity)
{
    unsigned log = LOG_MIN;
    while (((size_t)1 << log) < capacity / 2 * BITS_PER_KEY)
        log++;
    sanad_assert((capacity & (capacity - 1)) == 0 && log < 64);
    probe->mask = capacity - 1;
    probe->keys = mem_zalloc(capacity, sizeof *probe->keys);
    probe->bitmap = mem_zalloc(((size_t)1 << log) / 64, sizeof *probe->bitmap);
    probe->shift = 64 - log;
}

struct probe *probe_new(void)
{
    struct probe *probe = mem_zalloc(1, sizeof *probe);
    random_bytes(&probe->multiplier, sizeof probe->multiplier);
    probe->multiplier |= 1;
    tables_make(probe, CAPACITY_FIRST);
    return probe;
}

void probe_free(struct probe *probe)
{
    if (!probe)
        return;
    free(probe->keys);
    free(probe->bitmap);
    free(probe);
}

static void probe_grow(struct probe *probe)
{
    uint64_t *old = probe->keys;
    size_t old_capacity = probe->mask + 1;
    free(probe->bitmap);
    sanad_assert(probe->count < old_capacity);
    tables_make(probe, 2 * old_capacity);
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i] != 0) {
            probe->keys[slot_of(probe, old[i])] = old[i];
            bit_set(probe, old[i]);
        }
    if (probe->has_zero)
        bit_set(probe, 0);
    free(old);
}

void probe_add(struct probe *probe, uint64_t key)
{
    if (key == 0) {
        probe->has_zero = true;
        bit_set(probe, 0);
        return;
    }
    size_t at = slot_of(probe, key);
    if (probe->keys[at] == key)
        return;
    probe->keys[at] = key;
    bit_set(probe, key);
    if (++probe->count > probe->mask / 2)
        probe_grow(probe);
}

bool probe_has(const struct probe *probe, uint64_t key)
{
    return key == 0 ? probe->has_zero : probe->keys[slot_of(probe, key)] == key;
}

void probe_log(const struct probe *probe, struct buf *ordinals, const uint64_t *log, size_t count)
{
    const uint64_t *bitmap = probe->bitmap;
    sanad_assert(count <= UINT32_MAX);
    if (probe->count == 0 && !probe->has_zero)
        return;
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = bit_of(probe, log[i]);
        if (__builtin_expect(bitmap[bit >> 6] >> (bit & 63) & 1, 0) && probe_has(probe, log[i]))
            buf_le32(ordinals, (uint32_t)i);
    }
}
