/* The watch set: which outputs pay a script that is looked for. The bitmap is sized so that
 * less than one foreign output in 100 goes further, and stays in the first-level cache for up
 * to some 4,000 scripts: what a scan costs hardly depends on how many scripts are watched. */
#include "scan/scan_priv.h"

#include <stdlib.h>

enum {
    BITMAP_LOG_MIN = 15, /* 4 KiB */
    BITMAP_LOG_MAX = 27, /* 16 MiB */
    BITS_PER_SCRIPT = 32,
    SIP_COMPRESS = 2,
    SIP_FINISH = 4
};

/* ---- SipHash-2-4, 128-bit result (Aumasson, Bernstein: SipHash, and its reference code) ---- */

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_rounds(uint64_t v[4], int count)
{
    for (int i = 0; i < count; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_rounds(v, SIP_COMPRESS);
    v[0] ^= word;
}

struct fingerprint fingerprint_of(const uint64_t key[2], const uint8_t *data, size_t size)
{
    uint64_t v[4] = {
        key[0] ^ UINT64_C(0x736f6d6570736575),
        key[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee, /* 0xee asks for 128 bits */
        key[0] ^ UINT64_C(0x6c7967656e657261),
        key[1] ^ UINT64_C(0x7465646279746573),
    };
    uint64_t last = (uint64_t)size << 56;
    struct fingerprint result;
    size_t at = 0;
    for (; size - at >= 8; at += 8)
        sip_word(v, load_le64(data + at));
    for (size_t i = 0; at + i < size; i++)
        last |= (uint64_t)data[at + i] << (8 * i);
    sip_word(v, last);
    v[2] ^= 0xee;
    sip_rounds(v, SIP_FINISH);
    result.w[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
    v[1] ^= 0xdd;
    sip_rounds(v, SIP_FINISH);
    result.w[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
    return result;
}

/* ---- building ------------------------------------------------------------------------------- */

static unsigned log_of(uint64_t least, unsigned min, unsigned max)
{
    unsigned log = min;
    while (log < max && (UINT64_C(1) << log) < least)
        log++;
    return log;
}

static bool slot_holds(const struct watch *watch, const struct watch_slot *slot,
                       const struct fingerprint *fingerprint, struct bytes script)
{
    return slot->fingerprint.w[0] == fingerprint->w[0] &&
           slot->fingerprint.w[1] == fingerprint->w[1] &&
           bytes_equal(watch->scripts[slot->index].script, script);
}

/* The slot of a script, or the empty one where it belongs. */
static struct watch_slot *slot_of(const struct watch *watch, struct bytes script,
                                  struct fingerprint *ret_fingerprint)
{
    struct fingerprint fingerprint = fingerprint_of(watch->key, script.data, script.size);
    uint32_t at = (uint32_t)fingerprint.w[0] & watch->slot_mask;
    while (watch->slots[at].index != WATCH_EMPTY &&
           !slot_holds(watch, &watch->slots[at], &fingerprint, script))
        at = (at + 1) & watch->slot_mask;
    *ret_fingerprint = fingerprint;
    return &watch->slots[at];
}

static void watch_add(struct watch *watch, uint32_t index)
{
    struct bytes script = watch->scripts[index].script;
    struct fingerprint fingerprint;
    if (script_unspendable(script))
        return;
    struct watch_slot *slot = slot_of(watch, script, &fingerprint);
    if (slot->index != WATCH_EMPTY)
        return;
    sanad_assert(watch->count < watch->slot_mask); /* an empty slot ends every search */
    *slot = (struct watch_slot){.fingerprint = fingerprint, .index = index};
    uint64_t at = (script_word(script.data, script.size) * watch->multiplier) >> watch->shift;
    watch->bitmap[at >> 12] |= UINT64_C(1) << (at >> 6 & 63) | UINT64_C(1) << (at & 63);
    watch->count++;
    sanad_assert(watch_maybe(watch, script.data, script.size));
}

struct watch *watch_new(const struct watch_script *scripts, size_t count)
{
    struct watch *watch = mem_zalloc(1, sizeof *watch);
    unsigned bits = log_of((uint64_t)count * BITS_PER_SCRIPT, BITMAP_LOG_MIN, BITMAP_LOG_MAX);
    unsigned slots = log_of((uint64_t)count * 2 + 1, 4, 31);
    sanad_assert(count < UINT32_MAX / 4);
    watch->scripts = scripts;
    watch->shift = 64 - 6 - bits;
    watch->bitmap = mem_zalloc(((size_t)1 << bits) / 64, sizeof *watch->bitmap);
    watch->slot_mask = (1u << slots) - 1;
    watch->slots = mem_alloc(((size_t)1 << slots) * sizeof *watch->slots);
    for (size_t i = 0; i <= watch->slot_mask; i++)
        watch->slots[i].index = WATCH_EMPTY;
    random_bytes(watch->key, sizeof watch->key);
    random_bytes(&watch->multiplier, sizeof watch->multiplier);
    watch->multiplier |= 1;
    for (uint32_t i = 0; i < count; i++)
        watch_add(watch, i);
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    free(watch->bitmap);
    free(watch->slots);
    free(watch);
}

uint32_t watch_find(const struct watch *watch, struct bytes script)
{
    struct fingerprint fingerprint;
    if (!watch_maybe(watch, script.data, script.size))
        return WATCH_EMPTY;
    return slot_of(watch, script, &fingerprint)->index;
}
