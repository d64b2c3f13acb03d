/* A set of hashes that only grows, open addressing, at most three quarters full. */
#include "admit/admit_priv.h"

#include <stdlib.h>

enum { SEEN_CAPACITY_FIRST = 1024 };

static const uint8_t empty[SEEN_KEY_SIZE];

/* The slot that holds a key, or the empty one where it belongs. The hash is of bytes that a role
 * has signed: nobody else can choose where it falls. */
static uint8_t *slot_of(const struct seen *seen, const uint8_t *key)
{
    size_t at = (size_t)load_le64(key) & (seen->capacity - 1);
    while (memcmp(seen->slots[at], empty, SEEN_KEY_SIZE) != 0 &&
           memcmp(seen->slots[at], key, SEEN_KEY_SIZE) != 0)
        at = (at + 1) & (seen->capacity - 1);
    return seen->slots[at];
}

bool seen_has(const struct seen *seen, const struct hash256 *hash)
{
    return seen->capacity > 0 && memcmp(slot_of(seen, hash->b), hash->b, SEEN_KEY_SIZE) == 0;
}

static void grow(struct seen *seen)
{
    size_t capacity = seen->capacity ? seen->capacity * 2 : SEEN_CAPACITY_FIRST;
    struct seen next = {.slots = mem_zalloc(capacity, SEEN_KEY_SIZE), .capacity = capacity};
    for (size_t i = 0; i < seen->capacity; i++)
        if (memcmp(seen->slots[i], empty, SEEN_KEY_SIZE) != 0)
            memcpy(slot_of(&next, seen->slots[i]), seen->slots[i], SEEN_KEY_SIZE);
    next.count = seen->count;
    free(seen->slots);
    *seen = next;
}

void seen_add(struct seen *seen, const struct hash256 *hash)
{
    sanad_assert(!seen_has(seen, hash));
    if (seen->count >= seen->capacity / 4 * 3)
        grow(seen);
    memcpy(slot_of(seen, hash->b), hash->b, SEEN_KEY_SIZE);
    seen->count++;
}

void seen_free(struct seen *seen)
{
    free(seen->slots);
}

void seen_write(struct buf *buf, const struct seen *seen)
{
    for (size_t i = 0; i < seen->capacity; i++)
        if (memcmp(seen->slots[i], empty, SEEN_KEY_SIZE) != 0)
            buf_add(buf, bytes_of(seen->slots[i], SEEN_KEY_SIZE));
}

bool seen_read(struct seen *ret_seen, struct cursor *cursor, uint64_t count)
{
    struct seen seen = {0};
    struct bytes keys = {0};
    bool good = count <= cursor_left(cursor) / SEEN_KEY_SIZE;
    if (good)
        keys = cursor_take(cursor, count * SEEN_KEY_SIZE);
    for (size_t i = 0; good && i < count; i++) {
        struct hash256 hash = {{0}};
        memcpy(hash.b, keys.data + i * SEEN_KEY_SIZE, SEEN_KEY_SIZE);
        good = !hash256_is_zero(&hash) && !seen_has(&seen, &hash);
        if (good)
            seen_add(&seen, &hash);
    }
    if (good)
        *ret_seen = seen;
    else
        seen_free(&seen);
    return good;
}
