/* The plan of one streaming pass: the blocks of a branch, by file, the files by their lowest
 * height. */
#include "source/source_priv.h"

#include "filters/filters.h"

#include <stdlib.h>

/* The branch from the tip down to from_height, lowest height first. */
static void branch_collect(struct source_plan *plan, const struct source *source)
{
    uint32_t node = plan->tip;
    for (uint32_t height = plan->to_height + 1; height-- > plan->from_height;) {
        plan->node_storage[height - plan->from_height] = node;
        node = header_tree_node(source->tree, node)->prev;
    }
}

/* Only those without a filter. */
static void choose_unfiltered(const struct source *source, bool *ret_reads, const uint32_t *nodes,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        ret_reads[i] =
            !filters_has(source->filters, &header_tree_node(source->tree, nodes[i])->hash);
}

/* How many of the nodes, from the first on, have filters. */
static size_t count_filtered(const struct source *source, const uint32_t *nodes, size_t count)
{
    size_t have = 0;
    while (have < count &&
           filters_has(source->filters, &header_tree_node(source->tree, nodes[have])->hash))
        have++;
    return have;
}

int source_filters_choose(struct source *source, bool *ret_reads, const uint32_t *nodes,
                          size_t count, const struct source_wanted *wanted, struct err *err)
{
    uint32_t *matched;
    size_t matched_count;
    if (count == 0 || !wanted)
        return 0;
    if (wanted->unfiltered) {
        choose_unfiltered(source, ret_reads, nodes, count);
        return 0;
    }
    size_t have = source->light ? count : count_filtered(source, nodes, count);
    if (have == 0)
        return 0;
    struct filters_query query = {.tree = source->tree,
                                  .tip = nodes[have - 1],
                                  .from_height = source_node_height(source, nodes[0]),
                                  .scripts = wanted->scripts,
                                  .script_count = wanted->script_count};
    int code = filters_match(&matched, &matched_count, source->filters, &query, err);
    if (code != 0)
        return code;
    memset(ret_reads, false, have * sizeof *ret_reads);
    for (size_t i = 0; i < matched_count; i++)
        ret_reads[source_node_height(source, matched[i]) - query.from_height] = true;
    free(matched);
    return 0;
}

/* Filters that are kept tell of blocks that were read before; those of a light source of all. */
static int choose(struct source *source, bool *ret_reads, const uint32_t *nodes, size_t count,
                  const struct source_wanted *wanted, struct err *err)
{
    if (source->ops->plan_choose)
        return source->ops->plan_choose(source, ret_reads, nodes, count, wanted, err);
    if (source->filters && wanted && (source->light || wanted->again || wanted->unfiltered))
        return source_filters_choose(source, ret_reads, nodes, count, wanted, err);
    return 0;
}

/* Leaves only the nodes that are to be read, all of which must have bodies. */
static int nodes_choose(struct source_plan *plan, struct source *source, size_t count,
                        const struct source_wanted *wanted, struct err *err)
{
    uint32_t *nodes = plan->node_storage;
    bool *reads = mem_alloc(count);
    memset(reads, true, count);
    int code = choose(source, reads, nodes, count, wanted, err);
    for (size_t i = 0; i < count && code == 0; i++) {
        if (reads[i] && source->places[nodes[i]].size == 0)
            code = source_missing(source, nodes[i], err);
        else if (reads[i])
            nodes[plan->block_count++] = nodes[i];
    }
    plan->left_out = count - plan->block_count;
    free(reads);
    return code;
}

/* Orders by place: file, then offset. */
static int compare_places(const void *a, const void *b, void *context)
{
    const struct source *source = context;
    const struct source_place *x = &source->places[*(const uint32_t *)a];
    const struct source_place *y = &source->places[*(const uint32_t *)b];
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int compare_shards(const void *a, const void *b)
{
    const struct source_shard *x = a;
    const struct source_shard *y = b;
    if (x->lowest_height != y->lowest_height)
        return x->lowest_height < y->lowest_height ? -1 : 1;
    return x->file < y->file ? -1 : x->file > y->file;
}

static size_t count_files(const struct source *source, const uint32_t *nodes, size_t count)
{
    size_t files = 0;
    for (size_t i = 0; i < count; i++)
        files += i == 0 || source->places[nodes[i]].file != source->places[nodes[i - 1]].file;
    return files;
}

static void shard_add(struct source_shard *shard, const struct source *source, const uint32_t *node)
{
    uint32_t height = source_node_height(source, *node);
    if (shard->block_count == 0) {
        *shard = (struct source_shard){
            .file = source->places[*node].file, .lowest_height = height, .nodes = node};
    }
    if (height < shard->lowest_height)
        shard->lowest_height = height;
    if (height > shard->highest_height)
        shard->highest_height = height;
    shard->block_count++;
    shard->bytes += source_place_bytes(&source->places[*node]);
}

static void cut_shards(struct source_plan *plan, const struct source *source)
{
    size_t count = plan->block_count;
    const uint32_t *nodes = plan->node_storage;
    plan->shard_count = count_files(source, nodes, count);
    plan->shards = mem_zalloc(plan->shard_count, sizeof *plan->shards);
    struct source_shard *shard = plan->shards;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && source->places[nodes[i]].file != source->places[nodes[i - 1]].file)
            shard++;
        shard_add(shard, source, &nodes[i]);
        plan->bytes += source_place_bytes(&source->places[nodes[i]]);
    }
    qsort(plan->shards, plan->shard_count, sizeof *plan->shards, compare_shards);
}

int source_plan_make(struct source_plan *ret_plan, struct source *source, uint32_t tip,
                     uint32_t from_height, const struct source_wanted *wanted, struct err *err)
{
    sanad_assert(tip < source->place_count);
    struct source_plan plan = {
        .from_height = from_height, .to_height = source_node_height(source, tip), .tip = tip};
    if (from_height < source_first_height(source))
        return err_set(err, SANAD_MISSING, "height %u has no block: it is below the anchor %u",
                       from_height, source_first_height(source));
    size_t count = from_height <= plan.to_height ? plan.to_height - from_height + 1 : 0;
    plan.node_storage = mem_alloc(count * sizeof *plan.node_storage);
    if (count > 0)
        branch_collect(&plan, source);
    int code = nodes_choose(&plan, source, count, wanted, err);
    if (code != 0) {
        free(plan.node_storage);
        return code;
    }
    qsort_r(plan.node_storage, plan.block_count, sizeof *plan.node_storage, compare_places, source);
    cut_shards(&plan, source);
    *ret_plan = plan;
    return 0;
}

void source_plan_free(struct source_plan *plan)
{
    free(plan->shards);
    free(plan->node_storage);
    *plan = (struct source_plan){0};
}
