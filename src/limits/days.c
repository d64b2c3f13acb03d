/* Days of the programme's zone, and the part of the chain that belongs to each. */
#include "limits/limits_priv.h"

#include <stdlib.h>

/* The block in whose day the chain ends: header times may run ahead of their median. */
static int64_t newest_time(const struct facts_state *state)
{
    return state->tip_time > state->tip_median_time ? state->tip_time : state->tip_median_time;
}

int limits_days_make(struct limits_day *ret_days, struct facts *facts,
                     const struct programme *programme, const int64_t *days, size_t count,
                     struct err *err)
{
    struct facts_state state;
    int code = facts_state_get(&state, facts, err);
    if (code)
        return code;
    if (!state.any)
        return err_set(err, SANAD_MISSING, "store: nothing was scanned yet");
    int64_t *ends = mem_zalloc(count + 1, sizeof *ends);
    int64_t *heights = mem_zalloc(count + 1, sizeof *heights);
    for (size_t i = 0; i < count; i++)
        ends[i] = programme_day_end(programme, days[i]);
    code = facts_blocks_by_time(heights, facts, ends, count, err);
    int64_t newest = programme_day_of(programme, newest_time(&state));
    for (size_t i = 0; i < count && code == 0; i++) {
        bool any = heights[i] >= 0 && days[i] <= newest;
        ret_days[i] = (struct limits_day){.day = days[i],
                                          .end = ends[i],
                                          .height = any ? (uint32_t)heights[i] : 0,
                                          .any = any,
                                          .over = state.tip_median_time > ends[i]};
    }
    free(ends);
    free(heights);
    return code;
}
