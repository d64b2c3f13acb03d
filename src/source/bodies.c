/* What every kind of source keeps: where bodies are, which of them hang together down to the
 * root, and from that the tip and the active chain. */
#include "source/source_priv.h"

#include <stdlib.h>

void source_init(struct source *source, const struct source_ops *ops,
                 const struct source_options *options)
{
    *source = (struct source){
        .ops = ops,
        .params = options->params,
        .anchored = options->anchor != NULL,
        .birthday = options->p2p_birthday,
        .tree = header_tree_new(options->params, options->anchor),
        .best = NODE_NONE,
        .tip = NODE_NONE,
    };
    if (options->anchor)
        source->anchor = *options->anchor;
}

void source_release(struct source *source)
{
    header_tree_free(source->tree);
    free(source->places);
    free(source->active);
}

void source_places_grow(struct source *source)
{
    uint32_t count = header_tree_count(source->tree);
    if (count > source->place_capacity) {
        uint32_t capacity = source->place_capacity ? source->place_capacity : 4096;
        while (capacity < count)
            capacity += capacity / 2;
        source->places = mem_realloc(source->places, capacity, sizeof *source->places);
        source->place_capacity = capacity;
    }
    if (count > source->place_count)
        memset(source->places + source->place_count, 0,
               (count - source->place_count) * sizeof *source->places);
    source->place_count = count;
}

bool source_body_add(struct source *source, uint32_t node, struct source_place place)
{
    sanad_assert(place.size > 0 && node < header_tree_count(source->tree));
    if (node >= source->place_count)
        source_places_grow(source);
    struct source_place *mine = &source->places[node];
    if (mine->size > 0)
        return false;
    place.linked = mine->linked;
    *mine = place;
    if (node < source->unsettled)
        source->unsettled = node;
    source->stats.blocks++;
    source->stats.bytes += source_place_bytes(&place);
    return true;
}

void source_body_drop(struct source *source, uint32_t node)
{
    struct source_place *mine = &source->places[node];
    sanad_assert(mine->size > 0 && source->stats.blocks > 0);
    source->stats.blocks--;
    source->stats.bytes -= source_place_bytes(mine);
    *mine = (struct source_place){.linked = mine->linked};
}

uint32_t source_first_unlinked(const struct source *source)
{
    uint32_t first = NODE_NONE;
    for (uint32_t node = source->best; node != NODE_NONE && !source->places[node].linked;
         node = header_tree_node(source->tree, node)->prev)
        first = node;
    return first;
}

/* More work; of equal work the lower hash, so that everyone with the same blocks stands on
 * the same tip, whatever the order of the files. (A node prefers the one it saw first.) */
static bool better(const struct source *source, uint32_t node, uint32_t than)
{
    if (than == NODE_NONE)
        return true;
    const struct header_node *a = header_tree_node(source->tree, node);
    const struct header_node *b = header_tree_node(source->tree, than);
    int order = u256_compare(&a->work, &b->work);
    if (order != 0)
        return order > 0;
    struct u256 a_hash = u256_from_hash(&a->hash);
    struct u256 b_hash = u256_from_hash(&b->hash);
    return u256_compare(&a_hash, &b_hash) < 0;
}

/* From the tip down to where the active chain is already so. */
static void set_active(struct source *source)
{
    if (source->tip == NODE_NONE)
        return;
    uint32_t first = source_first_height(source);
    uint32_t count = source_node_height(source, source->tip) - first + 1;
    if (count > source->active_capacity) {
        source->active_capacity = count + count / 8 + 1024;
        source->active =
            mem_realloc(source->active, source->active_capacity, sizeof *source->active);
    }
    uint32_t known = source->active_count < count ? source->active_count : count;
    uint32_t node = source->tip;
    for (uint32_t i = count; i-- > 0;) {
        sanad_assert(node != NODE_NONE);
        if (i < known && source->active[i] == node)
            break;
        source->active[i] = node;
        node = header_tree_node(source->tree, node)->prev;
    }
    source->active_count = count;
}

static void count_stale(struct source *source)
{
    uint64_t active = 0;
    for (uint32_t i = 0; i < source->active_count; i++)
        active += source->places[source->active[i]].size > 0;
    sanad_assert(active <= source->stats.blocks);
    source->stats.stale_blocks = source->stats.blocks - active;
}

/* A node's index is above its predecessor's, so one pass upwards settles all. */
void source_settle(struct source *source)
{
    source_places_grow(source);
    for (uint32_t node = source->unsettled; node < source->place_count; node++) {
        struct source_place *place = &source->places[node];
        uint32_t prev = header_tree_node(source->tree, node)->prev;
        if (place->size > 0 && (prev == NODE_NONE || source->places[prev].linked))
            place->linked = 1;
        if (place->linked && better(source, node, source->tip))
            source->tip = node;
        if (better(source, node, source->best))
            source->best = node;
    }
    source->unsettled = source->place_count;
    set_active(source);
    count_stale(source);
}
