/* Matching filters against scripts. Of each block all scripts are hashed under its key and leave a
 * bit in a map by the upper bits of their value; elements that meet a set bit are candidates.
 * Where there are any, the few scripts that share a bit with a candidate are compared exactly. So
 * nothing is sorted, and what a script costs is its hash. */
#include "chain/chain_priv.h"

#include <stdlib.h>

enum {
    MAP_LOG_MIN = 12,
    MAP_LOG_MAX = 22, /* 512 KiB a lane */
    MAP_BITS_PER_SCRIPT_LOG = 5
};

/* ---- the scripts ---------------------------------------------------------------------------- */

/* Scripts of one number of words, filled up with the last one to whole lanes. */
struct target_group {
    size_t word_count;
    size_t count;
    size_t word_at; /* into words */
};
struct filter_targets {
    struct target_group *groups;
    size_t group_count;
    uint64_t *words;
    size_t count; /* of hashes: all groups */
};

static int compare_sizes(const void *a, const void *b)
{
    const struct bytes *x = a;
    const struct bytes *y = b;
    return x->size < y->size ? -1 : x->size > y->size;
}

/* Scripts that can stand in a filter, by size. */
static struct bytes *scripts_sorted(const struct bytes *scripts, size_t *count)
{
    struct bytes *sorted = mem_zalloc(*count + 1, sizeof *sorted);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (scripts[i].size > 0)
            sorted[kept++] = scripts[i];
    if (kept > 0)
        qsort(sorted, kept, sizeof *sorted, compare_sizes);
    *count = kept;
    return sorted;
}

static void group_fill(const struct filter_targets *targets, const struct target_group *group,
                       const struct bytes *scripts, size_t count)
{
    for (size_t i = 0; i < group->count; i++)
        for (size_t w = 0; w < group->word_count; w++)
            targets->words[group->word_at + w * group->count + i] =
                sip_word_at(scripts[i < count ? i : count - 1], w);
}

struct filter_targets *filter_targets_new(const struct bytes *scripts, size_t count)
{
    struct filter_targets *targets = mem_zalloc(1, sizeof *targets);
    struct bytes *sorted = scripts_sorted(scripts, &count);
    size_t word_total = 0;
    for (size_t i = 0, end; i < count; i = end) {
        struct target_group group = {.word_count = sip_word_count(sorted[i].size),
                                     .word_at = word_total};
        for (end = i; end < count && sip_word_count(sorted[end].size) == group.word_count;)
            end++;
        group.count = (end - i + SIP_LANES - 1) / SIP_LANES * SIP_LANES;
        word_total += group.count * group.word_count;
        targets->count += group.count;
        targets->groups =
            mem_realloc(targets->groups, targets->group_count + 1, sizeof *targets->groups);
        targets->words = mem_realloc(targets->words, word_total, sizeof *targets->words);
        targets->groups[targets->group_count++] = group;
        group_fill(targets, &group, sorted + i, end - i);
    }
    free(sorted);
    return targets;
}

void filter_targets_free(struct filter_targets *targets)
{
    if (!targets)
        return;
    free(targets->groups);
    free(targets->words);
    free(targets);
}

/* ---- lanes ---------------------------------------------------------------------------------- */

struct lane {
    struct filter_reader reader;
    struct filter_job *job; /* NULL: idle */
    struct filter_map map;
    uint64_t *targets; /* the scripts' values in this filter */
    uint64_t *found;   /* candidates, ascending */
    size_t found_count, found_capacity;
};
struct filter_matcher {
    const struct filter_targets *targets;
    unsigned map_log;
    struct lane lanes[FILTER_LANES];
    uint64_t values[FILTER_LANES][FILTER_CHUNK];
};

struct filter_matcher *filter_matcher_new(const struct filter_targets *targets)
{
    struct filter_matcher *matcher = mem_zalloc(1, sizeof *matcher);
    matcher->targets = targets;
    matcher->map_log = MAP_LOG_MIN;
    while (matcher->map_log < MAP_LOG_MAX &&
           (size_t)1 << matcher->map_log < targets->count << MAP_BITS_PER_SCRIPT_LOG)
        matcher->map_log++;
    for (int i = 0; i < FILTER_LANES; i++) {
        struct filter_map *map = &matcher->lanes[i].map;
        map->words = mem_zalloc((size_t)1 << (matcher->map_log - 6), sizeof(uint64_t));
        map->mask = (UINT64_C(1) << matcher->map_log) - 1;
        matcher->lanes[i].targets = mem_zalloc(targets->count + 1, sizeof(uint64_t));
    }
    return matcher;
}

void filter_matcher_free(struct filter_matcher *matcher)
{
    if (!matcher)
        return;
    for (int i = 0; i < FILTER_LANES; i++) {
        free(matcher->lanes[i].map.words);
        free(matcher->lanes[i].targets);
        free(matcher->lanes[i].found);
    }
    free(matcher);
}

static inline void map_set(uint64_t *map, uint64_t bit)
{
    map[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

static inline uint64_t map_get(const uint64_t *map, uint64_t bit)
{
    return map[bit >> 6] >> (bit & 63) & 1;
}

static void map_clear(const struct filter_map *map)
{
    memset(map->words, 0, (map->mask + 1) / 8);
}

/* The scripts' values in this filter, and their bits. */
static void lane_prepare(const struct filter_matcher *matcher, struct lane *lane)
{
    const struct filter_targets *targets = matcher->targets;
    uint64_t range = (uint64_t)lane->reader.item_count * FILTER_M;
    uint64_t key[2] = {load_le64(lane->job->block_hash.b), load_le64(lane->job->block_hash.b + 8)};
    unsigned range_log = 64 - (unsigned)__builtin_clzll(range);
    size_t at = 0;
    lane->map.shift = range_log > matcher->map_log ? range_log - matcher->map_log : 0;
    for (size_t i = 0; i < targets->group_count; i++) {
        const struct target_group *group = &targets->groups[i];
        sip24_many(lane->targets + at, key, targets->words + group->word_at, group->word_count,
                   group->count);
        at += group->count;
    }
    sanad_assert(at == targets->count);
    map_clear(&lane->map);
    for (size_t i = 0; i < at; i++) {
        uint64_t value = filter_reduce(lane->targets[i], range);
        lane->targets[i] = value;
        map_set(lane->map.words, value >> lane->map.shift);
    }
}

/* False where nothing has to be decoded: the job is done. */
static bool lane_begin(struct filter_matcher *matcher, struct lane *lane, struct filter_job *job)
{
    job->matched = false;
    job->rule = filter_reader_begin(&lane->reader, job->filter);
    if (!job->rule && lane->reader.left == 0)
        job->rule = filter_reader_end(&lane->reader);
    if (job->rule || lane->reader.left == 0)
        return false;
    lane->job = job;
    lane->found_count = 0;
    size_t room = (size_t)lane->reader.item_count + FILTER_CHUNK;
    if (lane->found_capacity < room) {
        lane->found_capacity = room + room / 2;
        lane->found = mem_realloc(lane->found, lane->found_capacity, sizeof *lane->found);
    }
    lane_prepare(matcher, lane);
    return true;
}

static void lane_take(struct lane *lane, const uint64_t *values, size_t count)
{
    lane->found_count += filter_take(lane->found + lane->found_count, values, count, &lane->map);
}

static bool found_has(const struct lane *lane, uint64_t value)
{
    size_t low = 0;
    size_t high = lane->found_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lane->found[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < lane->found_count && lane->found[low] == value;
}

/* Now the map has the candidates, by their lower bits, and the few scripts that meet one are
 * compared: by the upper bits every candidate has met one. */
static bool lane_decide(const struct filter_matcher *matcher, struct lane *lane)
{
    uint64_t mask = lane->map.mask;
    if (lane->found_count == 0)
        return false;
    map_clear(&lane->map);
    for (size_t i = 0; i < lane->found_count; i++)
        map_set(lane->map.words, lane->found[i] & mask);
    for (size_t i = 0; i < matcher->targets->count; i++) {
        uint64_t value = lane->targets[i];
        if (map_get(lane->map.words, value & mask) && found_has(lane, value))
            return true;
    }
    return false;
}

/* One element that needs care, all of them near the end, and the end itself. */
static void lane_care(const struct filter_matcher *matcher, struct lane *lane)
{
    struct filter_job *job = lane->job;
    struct filter_reader *reader = &lane->reader;
    do {
        if (reader->left == 0)
            break;
        if (filter_read_slowly(reader))
            lane_take(lane, &reader->value, 1);
        else
            job->rule = "ends inside an element";
    } while (!job->rule && reader->bit >= reader->careless_end);
    if (!job->rule && reader->left > 0)
        return;
    if (!job->rule)
        job->rule = filter_reader_end(&lane->reader);
    job->matched = !job->rule && lane_decide(matcher, lane);
    lane->job = NULL;
}

/* ---- many filters --------------------------------------------------------------------------- */

static size_t wish_of(const struct lane *lane)
{
    return lane->reader.left < FILTER_CHUNK ? lane->reader.left : FILTER_CHUNK;
}

/* What is left when there is no filter for every lane any more. */
static void lane_drain(struct filter_matcher *matcher, struct lane *lane)
{
    while (lane->job) {
        size_t done = filter_read_one(&lane->reader, matcher->values[0], wish_of(lane));
        lane_take(lane, matcher->values[0], done);
        if (done < FILTER_CHUNK)
            lane_care(matcher, lane);
    }
}

/* One step of all lanes together. */
static void lanes_step(struct filter_matcher *matcher)
{
    struct filter_reader *readers[FILTER_LANES];
    size_t wish = FILTER_CHUNK;
    for (int i = 0; i < FILTER_LANES; i++) {
        size_t mine = wish_of(&matcher->lanes[i]);
        readers[i] = &matcher->lanes[i].reader;
        wish = mine < wish ? mine : wish;
    }
    size_t done = filter_read_lanes(readers, matcher->values, wish);
    for (int i = 0; i < FILTER_LANES; i++) {
        struct lane *lane = &matcher->lanes[i];
        lane_take(lane, matcher->values[i], done);
        if (lane->reader.left == 0 || done < wish)
            lane_care(matcher, lane);
    }
}

void filter_match_many(struct filter_matcher *matcher, struct filter_job *jobs, size_t count)
{
    size_t next = 0;
    for (;;) {
        int busy = 0;
        for (int i = 0; i < FILTER_LANES; i++) {
            struct lane *lane = &matcher->lanes[i];
            while (!lane->job && next < count)
                (void)lane_begin(matcher, lane, &jobs[next++]); /* else it is done already */
            busy += lane->job != NULL;
        }
        if (busy < FILTER_LANES)
            break;
        lanes_step(matcher);
    }
    for (int i = 0; i < FILTER_LANES; i++)
        lane_drain(matcher, &matcher->lanes[i]);
}

int filter_match_any(bool *ret_matched, struct bytes filter, const struct hash256 *block_hash,
                     const struct bytes *scripts, size_t count, struct err *err)
{
    struct filter_targets *targets = filter_targets_new(scripts, count);
    struct filter_matcher *matcher = filter_matcher_new(targets);
    struct filter_job job = {.block_hash = *block_hash, .filter = filter};
    filter_match_many(matcher, &job, 1);
    filter_matcher_free(matcher);
    filter_targets_free(targets);
    if (job.rule)
        return err_set(err, SANAD_REFUSED, "filter: %s", job.rule);
    *ret_matched = job.matched;
    return 0;
}
