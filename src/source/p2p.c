/* "p2p[:HOST:PORT,...]": the network's peers through the light client. Headers and filter headers
 * come when the source is opened or looked at again; filters when a pass is planned, from the
 * birthday on; and of blocks those whose filters match. All but blocks is kept in the cache. */
#include "filters/filters.h"
#include "p2p/p2p.h"
#include "source/source_priv.h"

#include <stdlib.h>

struct p2p_source {
    struct source base;
    struct p2p *p2p;
    pthread_mutex_t lock; /* one pass is planned at a time */
};

static struct p2p_source *p2p_of(const struct source *source)
{
    return (struct p2p_source *)(uintptr_t)source;
}

/* ---- headers ------------------------------------------------------------------------------------
 */

/* Blocks of the best chain whose filter header is agreed on can be asked for. */
static void bodies_add(struct source *source, uint32_t best)
{
    uint32_t node = best;
    source_places_grow(source);
    while (node != NODE_NONE && source->places[node].size == 0) {
        source_fetch_add(source, node);
        node = header_tree_node(source->tree, node)->prev;
    }
    source_settle(source);
}

static int p2p_refresh(struct source *source, struct err *err)
{
    struct p2p_source *p2p = p2p_of(source);
    int code = p2p_sync_headers(p2p->p2p, err);
    if (code == 0)
        code = p2p_sync_filter_headers(p2p->p2p, p2p_best(p2p->p2p), err);
    if (code == 0)
        bodies_add(source, p2p_best(p2p->p2p));
    return code;
}

/* ---- a pass
 * --------------------------------------------------------------------------------------- */

static int filters_fetch(struct p2p_source *p2p, uint32_t from, uint32_t to, struct err *err)
{
    struct progress *progress = progress_new("filters", 0, to - from + 1, "blocks");
    int code = p2p_sync_filters(p2p->p2p, from, to, progress, err);
    progress_free(progress);
    return code;
}

/* Sets those whose filter matches. */
static int filters_choose(struct source *source, bool *reads, uint32_t tip, uint32_t lowest,
                          const struct source_wanted *wanted, struct err *err)
{
    uint32_t *found;
    size_t found_count;
    struct filters_query query = {.tree = source->tree,
                                  .tip = tip,
                                  .from_height = lowest,
                                  .scripts = wanted->scripts,
                                  .script_count = wanted->script_count};
    int code = filters_match(&found, &found_count, source->filters, &query, err);
    for (size_t i = 0; code == 0 && i < found_count; i++)
        reads[source_node_height(source, found[i]) - lowest] = true;
    if (code == 0)
        free(found);
    return code;
}

static int choose(struct source *source, bool *ret_reads, const uint32_t *nodes, size_t count,
                  const struct source_wanted *wanted, struct err *err)
{
    struct p2p_source *p2p = p2p_of(source);
    uint32_t lowest = source_node_height(source, nodes[0]);
    uint32_t to = source_node_height(source, nodes[count - 1]);
    if (!wanted)
        return err_set(err, SANAD_MISSING, "source p2p: has no way to read every block");
    if (source_active(source, to) != nodes[count - 1])
        return err_set(err, SANAD_MISSING, "source p2p: height %u: not a block of the active chain",
                       to);
    if (lowest < source->birthday)
        return err_set(err, SANAD_MISSING,
                       "source p2p: height %u is below the birthday %u: the store begins earlier, "
                       "leave the birthday out",
                       lowest, source->birthday);
    memset(ret_reads, 0, count * sizeof *ret_reads);
    if (wanted->script_count == 0)
        return 0;
    int code = filters_fetch(p2p, lowest, to, err);
    return code ? code : filters_choose(source, ret_reads, nodes[count - 1], lowest, wanted, err);
}

static int p2p_plan_choose(struct source *source, bool *ret_reads, const uint32_t *nodes,
                           size_t count, const struct source_wanted *wanted, struct err *err)
{
    struct p2p_source *p2p = p2p_of(source);
    (void)pthread_mutex_lock(&p2p->lock);
    int code = choose(source, ret_reads, nodes, count, wanted, err);
    (void)pthread_mutex_unlock(&p2p->lock);
    return code;
}

static int p2p_block_read(const struct source *source, struct buf *ret_raw, uint32_t node,
                          struct err *err)
{
    return p2p_block(p2p_of(source)->p2p, ret_raw, node, err);
}

static void p2p_shard_name(const struct source *source, char ret_name[SOURCE_NAME_SIZE],
                           const struct source_shard *shard)
{
    (void)source;
    (void)snprintf(ret_name, SOURCE_NAME_SIZE, "p2p: heights %u to %u", shard->lowest_height,
                   shard->highest_height);
}

/* ---- opening
 * -------------------------------------------------------------------------------------- */

static void p2p_evidence(struct source_evidence *ret_evidence, const struct source *source)
{
    struct p2p_report report;
    const struct p2p_source *p2p = p2p_of(source);
    p2p_report_get(&report, p2p->p2p);
    *ret_evidence = (struct source_evidence){.agreed = report.agreed,
                                             .wanted = report.wanted,
                                             .banned = report.banned,
                                             .birthday = source->birthday};
}

static void p2p_source_close(struct source *source)
{
    struct p2p_source *p2p = p2p_of(source);
    p2p_close(p2p->p2p);
    filters_close(source->filters);
    source_release(source);
    (void)pthread_mutex_destroy(&p2p->lock);
    free(p2p);
}

static const struct source_ops p2p_ops = {
    .refresh = p2p_refresh,
    .block_read = p2p_block_read,
    .plan_choose = p2p_plan_choose,
    .evidence = p2p_evidence,
    .shard_name = p2p_shard_name,
    .reader_open = source_fetch_reader_open,
    .reader_next = source_fetch_reader_next,
    .reader_close = source_fetch_reader_close,
    .close = p2p_source_close,
};

static int open_client(struct p2p_source *p2p, const char *peers,
                       const struct source_options *options, struct err *err)
{
    char folder[PATH_SIZE];
    char below[PATH_SIZE];
    struct p2p_options client = {.params = options->params,
                                 .tree = p2p->base.tree,
                                 .folder = folder,
                                 .peers = peers,
                                 .proxy = options->p2p_proxy,
                                 .agree_count = options->p2p_agree,
                                 .say = options->say,
                                 .say_context = options->say_context};
    int code = path_join(folder, options->p2p_cache, options->params->name, err);
    if (code == 0)
        code = path_join(below, folder, "filters", err);
    if (code == 0)
        code = folder_make(folder, err);
    if (code == 0)
        code = filters_open(&p2p->base.filters, below, options->params, FILTERS_WRITE, err);
    client.filters = p2p->base.filters;
    return code ? code : p2p_open(&p2p->p2p, &client, err);
}

int p2p_source_open(struct source **ret_source, const char *rest,
                    const struct source_options *options, struct err *err)
{
    if (rest[0] != 0 && (rest[0] != ':' || rest[1] == 0))
        return err_set(err, SANAD_USAGE, "source p2p%s: not of the form p2p[:HOST:PORT,...]", rest);
    if (options->anchor)
        return err_set(err, SANAD_USAGE, "source p2p: reads all headers: it takes no anchor");
    if (!options->p2p_cache)
        return err_set(err, SANAD_USAGE, "source p2p: needs a folder for what it keeps");
    struct p2p_source *p2p = mem_zalloc(1, sizeof *p2p);
    source_init(&p2p->base, &p2p_ops, options);
    p2p->base.light = true;
    int code = pthread_mutex_init(&p2p->lock, NULL);
    sanad_assert(code == 0);
    code = open_client(p2p, rest[0] ? rest + 1 : NULL, options, err);
    if (code == 0)
        code = p2p_refresh(&p2p->base, err);
    if (code < 0) {
        p2p_source_close(&p2p->base);
        return code;
    }
    *ret_source = &p2p->base;
    return 0;
}
