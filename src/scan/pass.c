/* One pass: the plan, the threads, and what is left over when it ends early. */
#include "scan/scan_priv.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD_MEMORY_MAX = 32 << 20 };

static void *thread_main(void *context)
{
    worker_run(context);
    return NULL;
}

/* Heights that the plan leaves out hold nothing that is looked for: they are there at once. */
static void left_out_fill(struct pass *pass)
{
    uint32_t count = pass->to_height - pass->from_height + 1;
    uint32_t node = pass->tip;
    if (pass->plan.left_out == 0)
        return;
    pass->left_out_nodes = mem_alloc(count * sizeof *pass->left_out_nodes);
    for (uint32_t i = count; i-- > 0; node = header_tree_node(pass->tree, node)->prev) {
        pass->left_out_nodes[i] = node;
        pass->by_height[i] = &pass->left_out;
    }
    for (size_t s = 0; s < pass->plan.shard_count; s++)
        for (uint32_t i = 0; i < pass->plan.shards[s].block_count; i++)
            pass->by_height[node_height(pass, pass->plan.shards[s].nodes[i]) - pass->from_height] =
                NULL;
}

static void pass_init(struct pass *pass)
{
    pthread_condattr_t clock;
    int code = pthread_mutex_init(&pass->lock, NULL);
    code |= pthread_condattr_init(&clock);
    code |= pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    code |= pthread_cond_init(&pass->ready, &clock);
    code |= pthread_cond_init(&pass->room, NULL);
    code |= pthread_condattr_destroy(&clock);
    sanad_assert(code == 0);
    pass->next = pass->from_height;
    pass->payload_max =
        pass->options->log_bytes_max ? pass->options->log_bytes_max : PAYLOAD_MEMORY_MAX;
    pass->bad_height = UINT32_MAX;
    pass->waiting_end = &pass->waiting;
    pass->by_height = mem_zalloc(pass->to_height - pass->from_height + 1, sizeof(struct parsed *));
    pass->watch = watch_new(pass->scripts, pass->script_count);
    left_out_fill(pass);
    pass->spill = spill_new(store_name(pass->options->store));
}

/* Batches that nobody took, after an error: each goes with its last block. */
static void batches_free(struct pass *pass)
{
    for (uint32_t i = 0; i <= pass->to_height - pass->from_height; i++) {
        struct parsed *parsed = pass->by_height[i];
        if (!parsed || !parsed->batch || --parsed->batch->left > 0)
            continue;
        free(parsed->batch->payload);
        free(parsed->batch);
    }
}

static void pass_end(struct pass *pass)
{
    batches_free(pass);
    free(pass->by_height);
    free(pass->left_out_nodes);
    watch_free(pass->watch);
    spill_free(pass->spill);
    source_plan_free(&pass->plan);
    (void)pthread_mutex_destroy(&pass->lock);
    (void)pthread_cond_destroy(&pass->ready);
    (void)pthread_cond_destroy(&pass->room);
}

/* The committer runs here, since the store belongs to this thread. */
static int threads_run(struct pass *pass, struct pass_result *result, struct err *err)
{
    pthread_t threads[THREAD_MAX];
    unsigned wanted = threads_choose(pass->options->threads, pass->plan.shard_count);
    unsigned started = 0;
    pass->streaming = wanted;
    while (started < wanted && pthread_create(&threads[started], NULL, thread_main, pass) == 0)
        started++;
    (void)pthread_mutex_lock(&pass->lock);
    pass->streaming -= wanted - started; /* fewer do as well */
    (void)pthread_mutex_unlock(&pass->lock);
    int code = started ? commit_run(pass, result, err)
                       : err_set(err, SANAD_ENVIRONMENT, "scan: no thread could be started");
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    return code;
}

static int plan_make(struct pass *pass, struct err *err)
{
    struct source_wanted wanted = {
        .script_count = pass->script_count, .again = !pass->extends, .unfiltered = pass->keeps};
    struct bytes *scripts = mem_alloc(pass->script_count * sizeof *scripts);
    for (size_t i = 0; i < pass->script_count; i++)
        scripts[i] = pass->scripts[i].script;
    wanted.scripts = scripts;
    int code = source_plan_make(&pass->plan, pass->options->source, pass->tip, pass->from_height,
                                &wanted, err);
    free(scripts);
    return code;
}

int pass_run(struct pass_result *result, const struct scan_options *options,
             const struct watch_script *scripts, size_t script_count, struct pass_range range,
             struct err *err)
{
    struct pass pass = {
        .options = options,
        .tree = source_headers(options->source),
        .scripts = scripts,
        .script_count = script_count,
        .tip = range.tip,
        .from_height = range.from_height,
        .extends = range.extends,
        .keeps = range.keeps,
    };
    struct source_stats stats;
    source_stats_get(&stats, options->source);
    pass.makes_filters = options->filters && stats.has_undo && !options->parse_only;
    pass.to_height = header_tree_node(pass.tree, range.tip)->height;
    sanad_assert(pass.from_height <= pass.to_height);
    int code = plan_make(&pass, err);
    if (code < 0)
        return code;
    pass_init(&pass);
    code = threads_run(&pass, result, err);
    pass_end(&pass);
    return code;
}
