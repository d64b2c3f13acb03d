/* The face of the module: names of sources to their kinds, and the calls that each kind
 * answers through its table. */
#include "source/source_priv.h"

static const struct source_kind kinds[] = {
    {.prefix = "blocks:", .form = "DIR", .lacks = "names no folder", .open = blkfile_open},
    {.prefix = "rpc:", .form = "URL", .lacks = "names no node", .open = rpc_open},
    {.prefix = "p2p", .form = "[:HOST:PORT,...]", .open = p2p_source_open},
};

static int spec_refuse(const char *spec, struct err *err)
{
    struct buf forms = buf_with_max(ERR_TEXT_SIZE);
    for (size_t i = 0; i < countof(kinds); i++)
        buf_format(&forms, "%s%s%s", i == 0 ? "" : " or ", kinds[i].prefix, kinds[i].form);
    int code = err_set(err, SANAD_USAGE, "source %.200s: not of the form %s",
                       strchr(spec, '@') ? "(a password may stand in it)" : spec, buf_cstr(&forms));
    buf_free(&forms);
    return code;
}

int source_open(struct source **ret_source, const char *spec, const struct source_options *options,
                struct err *err)
{
    sanad_assert(options && options->params);
    for (size_t i = 0; i < countof(kinds); i++) {
        size_t size = strlen(kinds[i].prefix);
        if (strncmp(spec, kinds[i].prefix, size) != 0)
            continue;
        if (spec[size] == 0 && kinds[i].lacks)
            return err_set(err, SANAD_USAGE, "source %s: %s", spec, kinds[i].lacks);
        int code = kinds[i].open(ret_source, spec + size, options, err);
        if (code == 0 && (*ret_source)->name[0] == 0)
            (void)snprintf((*ret_source)->name, SOURCE_NAME_SIZE, "%.*s", SOURCE_NAME_SIZE - 1,
                           spec);
        return code;
    }
    return spec_refuse(spec, err);
}

void source_close(struct source *source)
{
    if (source)
        source->ops->close(source);
}

int source_refresh(struct source *source, struct err *err)
{
    return source->ops->refresh(source, err);
}

const char *source_name(const struct source *source)
{
    return source->name;
}

const struct header_tree *source_headers(const struct source *source)
{
    return source->tree;
}

uint32_t source_tip(const struct source *source)
{
    return source->tip;
}

uint32_t source_first_height(const struct source *source)
{
    return source->anchored ? source->anchor.height : 0;
}

bool source_has_body(const struct source *source, uint32_t node)
{
    return node < source->place_count && source->places[node].size > 0;
}

uint32_t source_active(const struct source *source, uint32_t height)
{
    uint32_t first = source_first_height(source);
    if (height < first || height - first >= source->active_count)
        return NODE_NONE;
    return source->active[height - first];
}

int source_missing(const struct source *source, uint32_t node, struct err *err)
{
    if (source->ops->missing)
        return source->ops->missing(source, node, err);
    return err_set(err, SANAD_MISSING, "height %u has no block", source_node_height(source, node));
}

struct filters *source_filters(const struct source *source)
{
    return source->filters;
}

void source_filters_use(struct source *source, struct filters *filters, bool light)
{
    source->filters = filters;
    source->light = light;
}

bool source_is_light(const struct source *source)
{
    return source->light;
}

uint32_t source_birthday(const struct source *source)
{
    return source->light ? source->birthday : 0;
}

int source_gap(const struct source *source, struct err *err)
{
    if (source->ops->gap)
        return source->ops->gap(source, err);
    if (source->tip == NODE_NONE)
        return err_set(err, SANAD_MISSING, "the source has no block yet");
    uint32_t first = source_first_unlinked(source);
    return first == NODE_NONE ? 0 : source_missing(source, first, err);
}

void source_shard_name(const struct source *source, char ret_name[SOURCE_NAME_SIZE],
                       const struct source_shard *shard)
{
    source->ops->shard_name(source, ret_name, shard);
}

void source_evidence_get(struct source_evidence *ret_evidence, const struct source *source)
{
    *ret_evidence = (struct source_evidence){.agreed = 0};
    if (source->ops->evidence)
        source->ops->evidence(ret_evidence, source);
}

void source_stats_get(struct source_stats *ret_stats, const struct source *source)
{
    *ret_stats = source->stats;
}

int source_block_read(const struct source *source, struct buf *ret_raw, uint32_t node,
                      struct err *err)
{
    sanad_assert(node < source->place_count);
    buf_reset(ret_raw);
    if (source->places[node].size == 0)
        return source_missing(source, node, err);
    return source->ops->block_read(source, ret_raw, node, err);
}

int source_undo_read(struct source *source, struct buf *ret_raw, uint32_t node, struct err *err)
{
    sanad_assert(node < source->place_count);
    buf_reset(ret_raw);
    if (source->places[node].size == 0)
        return source_missing(source, node, err);
    if (!source->ops->undo_read)
        return err_set(err, SANAD_MISSING, "height %u has no undo data",
                       source_node_height(source, node));
    return source->ops->undo_read(source, ret_raw, node, err);
}

bool source_tells_heights(const struct source *source)
{
    return source->ops->spent_heights && source->tells_heights;
}

int source_spent_heights(struct source *source, uint32_t *ret_heights, uint32_t node,
                         const struct hash256 *txid, size_t count, struct err *err)
{
    sanad_assert(node < source->place_count);
    if (!source_tells_heights(source))
        return err_set(err, SANAD_MISSING, "height %u: the source does not tell what is spent",
                       source_node_height(source, node));
    return source->ops->spent_heights(source, ret_heights, node, txid, count, err);
}

int source_reader_open(struct source_reader **ret_reader, const struct source *source,
                       const struct source_shard *shard, struct err *err)
{
    return source->ops->reader_open(ret_reader, source, shard, err);
}

int source_reader_next(struct source_reader *reader, struct source_block *ret_blocks, size_t max,
                       struct err *err)
{
    sanad_assert(max > 0);
    return reader->source->ops->reader_next(reader, ret_blocks, max, err);
}

void source_reader_close(struct source_reader *reader)
{
    if (reader)
        reader->source->ops->reader_close(reader);
}
