/* The face of the module: names of sources to their kinds, and the calls that each kind
 * answers through its table. */
#include "source/source_priv.h"

static const char BLOCKS_PREFIX[] = "blocks:";

int source_open(struct source **ret_source, const char *spec, const struct source_options *options,
                struct err *err)
{
    sanad_assert(options && options->params);
    size_t prefix = sizeof BLOCKS_PREFIX - 1;
    if (strncmp(spec, BLOCKS_PREFIX, prefix) != 0)
        return err_set(err, SANAD_USAGE, "source %s: not of the form blocks:DIR", spec);
    if (spec[prefix] == 0)
        return err_set(err, SANAD_USAGE, "source %s: names no folder", spec);
    return blkfile_open(ret_source, spec + prefix, options, err);
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

int source_gap(const struct source *source, struct err *err)
{
    return source->ops->gap(source, err);
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
        return source->ops->missing(source, node, err);
    return source->ops->block_read(source, ret_raw, node, err);
}

int source_undo_read(struct source *source, struct buf *ret_raw, uint32_t node, struct err *err)
{
    sanad_assert(node < source->place_count);
    buf_reset(ret_raw);
    if (source->places[node].size == 0)
        return source->ops->missing(source, node, err);
    return source->ops->undo_read(source, ret_raw, node, err);
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
