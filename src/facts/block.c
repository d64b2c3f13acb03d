/* Blocks of the scanned chain: added, found by height, hash and time, withdrawn. */
#include "facts/facts_priv.h"

int facts_block_add(struct facts *facts, const struct fact_block *block, struct err *err)
{
    struct store_query *query;
    uint8_t room[WORK_SIZE];
    int code = facts_query(&query, facts, QUERY_BLOCK_ADD, err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, block->height);
    query_bind_hash(query, 2, &block->hash);
    query_bind_hash(query, 3, &block->prev);
    query_bind_integer(query, 4, block->time);
    query_bind_integer(query, 5, block->median_time);
    query_bind_bytes(query, 6, work_bytes(room, &block->work));
    query_bind_integer(query, 7, block->tx_count);
    query_bind_integer(query, 8, block->size);
    return query_run(query, err);
}

struct fact_block row_block(struct row *row)
{
    struct fact_block block = {0};
    block.height = row_u32(row);
    block.hash = row_hash(row);
    block.prev = row_hash(row);
    block.time = row_integer(row, 0, UINT32_MAX);
    block.median_time = row_integer(row, 0, UINT32_MAX);
    block.work = row_work(row);
    block.tx_count = row_u32(row);
    block.size = row_u32(row);
    return block;
}

int facts_block_at(struct fact_block *ret_block, struct facts *facts, uint32_t height,
                   struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_BLOCK_AT, err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, height);
    code = query_step(query, err);
    if (code < 0)
        return code;
    if (code == 0)
        return err_set(err, SANAD_MISSING, "%s: block %u was not scanned", store_name(facts->store),
                       height);
    struct row row = {.query = query};
    struct fact_block block = row_block(&row);
    query_reset(query);
    code = row_check(&row, facts, err);
    if (code == 0)
        *ret_block = block;
    return code;
}

/* Rare, so it reads the whole table instead of keeping an index in random order, which
 * every checkpoint of a long scan would write anew. */
int facts_block_find(struct fact_block *ret_block, bool *ret_active, struct facts *facts,
                     const struct hash256 *hash, struct err *err)
{
    struct store_query *query;
    int code =
        store_query_new(&query, facts->store,
                        "SELECT " BLOCK_COLUMNS ",b.active FROM block b WHERE b.hash=?1", err);
    if (code < 0)
        return code;
    query_bind_hash(query, 1, hash);
    code = query_step(query, err);
    if (code == 1) {
        struct row row = {.query = query};
        struct fact_block block = row_block(&row);
        bool active = row_integer(&row, 0, 1) == 1;
        code = row_check(&row, facts, err);
        if (code == 0) {
            *ret_block = block;
            *ret_active = active;
        }
    } else if (code == 0) {
        char text[HEX256_SIZE];
        hash256_display(text, hash);
        code = err_set(err, SANAD_MISSING, "%s: block %s was not scanned", store_name(facts->store),
                       text);
    }
    store_query_free(query);
    return code;
}

/* ---- by time ----------------------------------------------------------------------------- */

static int is_at_or_before(bool *ret_is, struct facts *facts, uint32_t height, int64_t time,
                           struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_BLOCK_MEDIAN, err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, height);
    code = query_step(query, err);
    if (code < 0)
        return code;
    if (code == 0)
        return err_set(err, SANAD_MISSING, "%s: block %u was not scanned", store_name(facts->store),
                       height);
    struct row row = {.query = query};
    int64_t median_time = row_integer(&row, 0, UINT32_MAX);
    query_reset(query);
    code = row_check(&row, facts, err);
    if (code == 0)
        *ret_is = median_time <= time;
    return code;
}

/* Highest height in [low, high] at or before `time`, the median times not falling there;
 * *ret_height is low - 1 where there is none. */
static int search_rising(int64_t *ret_height, struct facts *facts, int64_t low, int64_t high,
                         int64_t time, struct err *err)
{
    while (low <= high) {
        int64_t middle = low + (high - low) / 2;
        bool before;
        int code = is_at_or_before(&before, facts, (uint32_t)middle, time, err);
        if (code)
            return code;
        if (before)
            low = middle + 1;
        else
            high = middle - 1;
    }
    *ret_height = high;
    return 0;
}

/* Of the blocks from `first` to `height`, one by one from the newest. */
static int search_down(int64_t *ret_height, struct facts *facts, int64_t first, int64_t height,
                       int64_t time, struct err *err)
{
    bool before = false;
    for (; height >= first; height--) {
        int code = is_at_or_before(&before, facts, (uint32_t)height, time, err);
        if (code)
            return code;
        if (before)
            break;
    }
    *ret_height = before ? height : -1;
    return 0;
}

/* The block after `low` which is not at or before `time` is near where the last one was found:
 * steps that double until it is passed, then halves. *ret_height is `low` where there is none. */
static int search_near(int64_t *ret_height, struct facts *facts, int64_t low, int64_t high,
                       int64_t time, struct err *err)
{
    for (int64_t step = 16; low + step < high; step *= 2) {
        bool before;
        int code = is_at_or_before(&before, facts, (uint32_t)(low + step), time, err);
        if (code)
            return code;
        if (!before)
            return search_rising(ret_height, facts, low + 1, low + step - 1, time, err);
        low += step;
    }
    return search_rising(ret_height, facts, low + 1, high, time, err);
}

/* The median time of 11 blocks never falls along a chain. Of the first blocks of a run from
 * an anchor it is taken of fewer and may: those are looked at one by one. */
int facts_blocks_by_time(int64_t *ret_heights, struct facts *facts, const int64_t *times,
                         size_t count, struct err *err)
{
    struct facts_state state;
    int code = facts_state_get(&state, facts, err);
    if (code < 0)
        return code;
    if (!state.any)
        return err_set(err, SANAD_MISSING, "%s: nothing was scanned", store_name(facts->store));
    int64_t first = state.first_height;
    int64_t tip = state.tip_height;
    int64_t rising = first + MEDIAN_TIME_SPAN - 1; /* from here on it never falls */
    int64_t low = rising - 1;
    for (size_t i = 0; i < count && code == 0; i++) {
        sanad_assert(i == 0 || times[i - 1] <= times[i]);
        if (low < tip)
            code = search_near(&low, facts, low, tip, times[i], err);
        if (code == 0 && low >= rising)
            ret_heights[i] = low;
        else if (code == 0)
            code = search_down(&ret_heights[i], facts, first, low < tip ? low : tip, times[i], err);
    }
    return code;
}

int facts_block_by_time(struct fact_block *ret_block, struct facts *facts, int64_t time,
                        struct err *err)
{
    int64_t height = -1;
    int code = facts_blocks_by_time(&height, facts, &time, 1, err);
    if (code < 0)
        return code;
    if (height >= 0)
        return facts_block_at(ret_block, facts, (uint32_t)height, err);
    char text[TIME_TEXT_SIZE];
    time_format(text, time);
    return err_set(err, SANAD_MISSING, "%s: no scanned block at or before %s",
                   store_name(facts->store), text);
}

/* ---- withdrawing -------------------------------------------------------------------------- */

/* Takes what stands above a height out of the counters. */
static int counts_lower(struct facts_state *state, struct facts *facts, uint32_t height,
                        struct err *err)
{
    struct store_query *query;
    int code = store_query_new(&query, facts->store,
                               "SELECT count(*),ifnull(sum(tx_count),0),ifnull(sum(size),0),"
                               "(SELECT count(*) FROM coin c " ACTIVE(
                                   "c") " WHERE c.height>?1),"
                                        "(SELECT count(*) FROM spend s " ACTIVE(
                                            "s") " WHERE s.height>?1) "
                                                 "FROM block WHERE height>?1 AND active=1",
                               err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, height);
    code = query_step(query, err);
    if (code == 1) {
        struct row row = {.query = query};
        state->block_count -= (uint64_t)row_integer(&row, 0, (int64_t)state->block_count);
        state->tx_count -= (uint64_t)row_integer(&row, 0, (int64_t)state->tx_count);
        state->byte_count -= (uint64_t)row_integer(&row, 0, (int64_t)state->byte_count);
        state->coin_count -= (uint64_t)row_integer(&row, 0, (int64_t)state->coin_count);
        state->spend_count -= (uint64_t)row_integer(&row, 0, (int64_t)state->spend_count);
        code = row_check(&row, facts, err);
    }
    store_query_free(query);
    return code;
}

int facts_withdraw_above(struct facts *facts, uint32_t height, struct err *err)
{
    struct facts_state state;
    struct fact_block tip;
    int code = facts_state_get(&state, facts, err);
    if (code == 0)
        code = facts_block_at(&tip, facts, height, err);
    if (code == 0)
        code = counts_lower(&state, facts, height, err);
    if (code == 0)
        code = facts_run_integer(facts, "UPDATE block SET active=0 WHERE height>?1 AND active=1",
                                 height, err);
    if (code == 0)
        code = facts_run_integer(facts, "UPDATE script SET complete_to=NULL WHERE complete_to>=?1",
                                 height, err);
    if (code)
        return code;
    state.tip_height = tip.height;
    state.tip_hash = tip.hash;
    state.tip_time = tip.time;
    state.tip_median_time = tip.median_time;
    state.tip_work = tip.work;
    return facts_state_set(facts, &state, err);
}
