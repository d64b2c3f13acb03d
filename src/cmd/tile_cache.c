/* A few tiles kept in memory, for whoever asks for many proofs of one log: over a network each tile
 * is a request, and most proofs share most of theirs. */
#include "cmd/cmd.h"

#include <stdlib.h>

enum { SLOT_COUNT = 128 };

struct slot {
    struct tlog_tile tile; /* width 0: empty */
    struct buf data;
};
struct cmd_tile_cache {
    struct tlog_reader below;
    struct slot slots[SLOT_COUNT];
};

struct cmd_tile_cache *cmd_tile_cache_new(const struct tlog_reader *below)
{
    struct cmd_tile_cache *cache = mem_zalloc(1, sizeof *cache);
    cache->below = *below;
    return cache;
}

void cmd_tile_cache_free(struct cmd_tile_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        buf_free(&cache->slots[i].data);
    free(cache);
}

static struct slot *slot_of(struct cmd_tile_cache *cache, const struct tlog_tile *tile)
{
    enum { LEVEL_STEP = 37 }; /* the levels' first tiles do not meet */
    return &cache->slots[(tile->n + (uint64_t)LEVEL_STEP * tile->level) % SLOT_COUNT];
}

static bool slot_has(const struct slot *slot, const struct tlog_tile *tile)
{
    return slot->tile.width >= tile->width && slot->tile.level == tile->level &&
           slot->tile.n == tile->n;
}

/* What comes wider than it was asked for is kept so: a reader may give that. */
static int cache_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                      struct err *err)
{
    struct cmd_tile_cache *cache = context;
    struct slot *slot = slot_of(cache, tile);
    struct buf data;
    if (!slot_has(slot, tile)) {
        int code = cache->below.read(cache->below.context, &data, tile, err);
        if (code)
            return code;
        buf_free(&slot->data);
        *slot = (struct slot){.tile = *tile, .data = data};
    }
    struct buf copy = buf_with_max(slot->data.size + 1);
    buf_add(&copy, buf_bytes(&slot->data));
    *ret_data = copy;
    return 0;
}

struct tlog_reader cmd_tile_cache_reader(struct cmd_tile_cache *cache)
{
    return (struct tlog_reader){.context = cache, .read = cache_read};
}
