/* One run: follow a reorganisation, look for late scripts, add new blocks, close the gaps,
 * prove the prevouts, and say which grade all that deserves. */
#include "scan/scan_priv.h"

#include <stdlib.h>

struct run {
    const struct scan_options *options;
    const struct header_tree *tree;
    struct scan_result result;
    struct facts_state state;
    struct closure *closure;
    uint32_t target; /* node */
};

static int state_read(struct run *run, struct err *err)
{
    return facts_state_get(&run->state, run->options->facts, err);
}

static uint32_t height_of(const struct run *run, uint32_t node)
{
    return header_tree_node(run->tree, node)->height;
}

/* ---- where to go -------------------------------------------------------------------------------
 */

static int target_choose(struct run *run, struct err *err)
{
    const struct source *source = run->options->source;
    int64_t to = run->options->to_height;
    uint32_t tip = source_tip(source);
    if (tip == NODE_NONE)
        return err_set(err, SANAD_MISSING, "source: holds no block");
    run->target = tip;
    if (to < 0)
        return 0;
    if (to > (int64_t)height_of(run, tip))
        return err_set(err, SANAD_MISSING, "source: ends at height %u, below %lld",
                       height_of(run, tip), (long long)to);
    run->target = source_active(source, (uint32_t)to);
    if (run->target == NODE_NONE)
        return err_set(err, SANAD_MISSING, "source: begins at height %u, above %lld",
                       source_first_height(source), (long long)to);
    return 0;
}

/* ---- reorganisations
 * ----------------------------------------------------------------------------- */

static int is_common(bool *ret_is, struct run *run, uint32_t height, struct err *err)
{
    struct fact_block block;
    int code = facts_block_at(&block, run->options->facts, height, err);
    if (code < 0)
        return code;
    uint32_t node = source_active(run->options->source, height);
    sanad_assert(node != NODE_NONE);
    *ret_is = hash256_equal(&header_tree_node(run->tree, node)->hash, &block.hash);
    return 0;
}

/* The highest block that store and source have in common. What is common at a height is so
 * below it, so halving finds it. */
static int fork_find(struct run *run, uint32_t *ret_height, struct err *err)
{
    uint32_t high = height_of(run, source_tip(run->options->source));
    uint32_t low = source_first_height(run->options->source);
    bool common = false;
    if (low < run->state.first_height)
        low = run->state.first_height;
    if (high > run->state.tip_height)
        high = run->state.tip_height;
    int code = low <= high ? is_common(&common, run, low, err) : 0;
    if (code < 0)
        return code;
    if (!common)
        return err_set(err, low <= high ? SANAD_REFUSED : SANAD_MISSING,
                       "%s: store and source have no block in common",
                       store_name(run->options->store));
    if (is_common(&common, run, high, err) == 0 && common)
        low = high;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        code = is_common(&common, run, middle, err);
        if (code < 0)
            return code;
        if (common)
            low = middle;
        else
            high = middle - 1;
    }
    sanad_assert(low >= run->state.first_height && low <= run->state.tip_height);
    *ret_height = low;
    return 0;
}

/* Whether the source's branch has more work above the fork than the store's: the sums from
 * two roots may differ by what lies below the fork. */
static int has_more_work(bool *ret_has, struct run *run, uint32_t fork, struct err *err)
{
    struct fact_block at_fork;
    const struct source *source = run->options->source;
    int code = facts_block_at(&at_fork, run->options->facts, fork, err);
    if (code < 0)
        return code;
    struct u256 theirs = header_tree_node(run->tree, source_tip(source))->work;
    struct u256 ours = run->state.tip_work;
    u256_add(&theirs, &at_fork.work);
    u256_add(&ours, &header_tree_node(run->tree, source_active(source, fork))->work);
    *ret_has = u256_compare(&theirs, &ours) > 0;
    return 0;
}

static int withdraw(struct run *run, uint32_t fork, struct err *err)
{
    int code = store_begin(run->options->store, err);
    if (code < 0)
        return code;
    code = facts_withdraw_above(run->options->facts, fork, err);
    if (code < 0) {
        store_rollback(run->options->store);
        return code;
    }
    code = store_commit(run->options->store, err);
    if (code == 0)
        run->result.withdrawn_blocks = run->state.tip_height - fork;
    return code;
}

/* The store keeps the chain with the most work that it has seen: a source that is behind, or
 * on a branch with no more work, withdraws nothing. */
static int reorganise(struct run *run, struct err *err)
{
    uint32_t fork;
    bool more;
    if (!run->state.any)
        return 0;
    int code = fork_find(run, &fork, err);
    if (code < 0 || fork == run->state.tip_height)
        return code;
    code = has_more_work(&more, run, fork, err);
    if (code < 0)
        return code;
    if (!more) {
        run->target = NODE_NONE;
        return 0;
    }
    code = withdraw(run, fork, err);
    return code < 0 ? code : state_read(run, err);
}

/* ---- passes
 * ---------------------------------------------------------------------------------------- */

/* The scripts that a pass looks for. */
struct script_list {
    struct arena arena;
    struct watch_script *scripts;
    size_t count;
    int64_t complete_to; /* lowest of them */
};

static int scripts_read(struct script_list *list, struct run *run, bool late_only, struct err *err)
{
    struct fact_script *all;
    size_t count;
    struct facts *facts = run->options->facts;
    int code = late_only ? facts_scripts_late(facts, &all, &count, &list->arena, err)
                         : facts_scripts(facts, &all, &count, &list->arena, err);
    if (code < 0)
        return code;
    list->scripts = arena_alloc(&list->arena, count, sizeof *list->scripts);
    list->complete_to = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        list->scripts[list->count++] = (struct watch_script){
            .script = all[i].script,
            .id = all[i].id,
            .late = !run->state.any || all[i].complete_to < (int64_t)run->state.tip_height};
        if (all[i].complete_to < list->complete_to)
            list->complete_to = all[i].complete_to;
    }
    return 0;
}

static int pass_do(struct run *run, const struct script_list *list, struct pass_range range,
                   struct err *err)
{
    struct pass_result counts = {0};
    struct scan_result *result = &run->result;
    if (range.extends && result->blocks == 0)
        result->from_height = range.from_height;
    int code = pass_run(&counts, run->options, list->scripts, list->count, range, err);
    result->passes += !range.keeps;
    result->blocks += range.extends ? counts.blocks : 0;
    result->transactions += range.extends ? counts.transactions : 0;
    result->again_blocks += range.extends ? 0 : counts.read_blocks;
    result->late_scripts += range.extends ? 0 : list->count;
    result->bytes += counts.bytes;
    result->filters += counts.filters;
    result->coins += counts.coins;
    result->spends += counts.spends;
    return code;
}

/* Scripts that came after blocks were scanned are looked for in all of those. */
static int pass_late(struct run *run, bool *ret_done, struct err *err)
{
    struct script_list list = {.count = 0};
    int code = run->state.any ? scripts_read(&list, run, true, err) : 0;
    *ret_done = list.count > 0;
    if (code == 0 && list.count > 0) {
        struct pass_range range = {.tip = header_tree_find(run->tree, &run->state.tip_hash)};
        range.from_height = list.complete_to < (int64_t)run->state.first_height
                                ? run->state.first_height
                                : (uint32_t)(list.complete_to + 1);
        if (run->state.opened && list.complete_to < (int64_t)run->state.first_height)
            code = err_set(err, SANAD_MISSING,
                           "%s: %zu scripts came after the snapshot was read: scan it again, then "
                           "the blocks",
                           store_name(run->options->store), list.count);
        else if (range.tip == NODE_NONE)
            code = err_set(err, SANAD_MISSING,
                           "source: does not reach the store's block %u, so late scripts cannot "
                           "be looked for",
                           run->state.tip_height);
        else
            code = pass_do(run, &list, range, err);
    }
    arena_free(&list.arena);
    return code;
}

/* Where a fresh store begins: at the birthday of a light source, but not beyond the target. */
static uint32_t first_height_of(const struct run *run)
{
    uint32_t first = source_first_height(run->options->source);
    uint32_t birthday = source_birthday(run->options->source);
    if (run->target != NODE_NONE && birthday > height_of(run, run->target))
        birthday = height_of(run, run->target);
    return birthday > first ? birthday : first;
}

static int pass_forward(struct run *run, bool *ret_done, struct err *err)
{
    struct script_list list = {.count = 0};
    struct pass_range range = {.tip = run->target, .extends = true};
    uint32_t first = source_first_height(run->options->source);
    range.from_height = run->state.any ? run->state.tip_height + 1 : first_height_of(run);
    *ret_done = run->target != NODE_NONE && height_of(run, run->target) >= range.from_height;
    if (!*ret_done)
        return 0;
    if (range.from_height < first)
        return err_set(err, SANAD_MISSING, "source: begins at height %u, the store ends at %u",
                       first, run->state.tip_height);
    int code = scripts_read(&list, run, false, err);
    if (code == 0)
        code = pass_do(run, &list, range, err);
    arena_free(&list.arena);
    return code;
}

/* Blocks that were read before filters were kept, or whose filters were lost, are read for these
 * alone. What has no rev record stays without. */
static int pass_keep(struct run *run, struct err *err)
{
    const struct scan_options *options = run->options;
    struct source_stats stats;
    struct script_list none = {.count = 0};
    struct pass_range range = {.from_height = run->state.first_height, .keeps = true};
    source_stats_get(&stats, options->source);
    if (!options->filters || !run->state.any || !stats.has_undo || options->parse_only)
        return 0;
    range.tip = header_tree_find(run->tree, &run->state.tip_hash);
    if (range.tip == NODE_NONE || range.from_height < source_first_height(options->source) ||
        filters_covered(options->filters, run->tree, range.tip, range.from_height) ==
            (int64_t)run->state.tip_height)
        return 0;
    int code = pass_do(run, &none, range, err);
    if (code == SANAD_MISSING)
        code = 0; /* a pruned node: what is there was kept */
    return code < 0 ? code : state_read(run, err);
}

/* Until nothing is late, nothing new, and no gap open. */
static int passes_run(struct run *run, struct err *err)
{
    for (;;) {
        size_t added = 0;
        bool done = false;
        int code =
            closure_update(run->closure, &added, run->options->facts, run->options->store, err);
        if (code == 0)
            code = pass_late(run, &done, err);
        if (code == 0 && !done)
            code = pass_forward(run, &done, err);
        if (code == 0)
            code = state_read(run, err);
        if (code < 0 || !done)
            return code;
    }
}

/* ---- the grade
 * --------------------------------------------------------------------------------------- */

static int grade_settle(struct run *run, struct err *err)
{
    uint64_t unproved;
    struct facts *facts = run->options->facts;
    struct facts_state old = run->state;
    int code = facts_unproved_count(facts, &unproved, err);
    if (code == 0)
        code = facts_recount(&run->state, facts, err);
    if (code < 0)
        return code;
    if (run->state.grade >= GRADE_MERKLE)
        run->state.grade =
            unproved == 0 && !run->options->no_prevouts ? GRADE_PREVOUT : GRADE_MERKLE;
    if (run->state.grade == old.grade && run->state.coin_count == old.coin_count &&
        run->state.spend_count == old.spend_count)
        return 0;
    code = store_begin(run->options->store, err);
    if (code < 0)
        return code;
    code = facts_state_set(facts, &run->state, err);
    if (code == 0)
        return store_commit(run->options->store, err);
    store_rollback(run->options->store);
    return code;
}

static int run_do(struct run *run, struct err *err)
{
    const struct scan_options *options = run->options;
    int code = state_read(run, err);
    if (code == 0)
        code = target_choose(run, err);
    if (code == 0)
        code = reorganise(run, err);
    if (code == 0)
        code = passes_run(run, err);
    if (code == 0)
        code = pass_keep(run, err);
    if (code == 0 && !options->no_prevouts && !source_is_light(options->source))
        code = scan_prove_prevouts(options->facts, options->store, options->source,
                                   options->threads, err);
    if (code == 0 && run->state.any)
        code = grade_settle(run, err);
    return code;
}

int scan_run(struct scan_result *ret_result, const struct scan_options *options, struct err *err)
{
    struct source_stats stats;
    struct run run = {.options = options, .tree = source_headers(options->source)};
    int64_t begin = clock_ns();
    if (options->filters && !source_filters(options->source))
        source_filters_use(options->source, options->filters, false);
    run.closure = closure_new(options->books, options->book_count);
    int code = run_do(&run, err);
    closure_free(run.closure);
    if (code < 0)
        return code;
    source_stats_get(&stats, options->source);
    run.result.state = run.state;
    run.result.stale_blocks = stats.stale_blocks;
    run.result.nanoseconds = clock_ns() - begin;
    *ret_result = run.result;
    return 0;
}
