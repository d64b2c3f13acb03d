/* Possible round trips: what left and what came back soon after are linked, each flow once,
 * the earliest first. A hint for the reader: no figure hangs on it. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

enum {
    ROUND_TRIP_BLOCKS = 6480, /* 45 days of 144 blocks */
    ROUND_TRIP_SECONDS = 45 * 86400,
    ROUND_TRIP_PER_MILLE = 10
};

/* The flows that may be a return and are not taken yet, by amount; over them a tree that
 * knows the earliest in any range of amounts. */
struct returns {
    const struct flow *flows;
    size_t *order;    /* flows, by what they brought and then as in the chain */
    size_t *place;    /* per flow: where in `order`; SIZE_MAX: no return */
    size_t *earliest; /* node 1 is the root, of node n the children are 2n and 2n+1 */
    size_t count;
    size_t leaf_count;
};

static int amount_then_chain(const void *a, const void *b, void *context)
{
    const struct flow *flows = context;
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    int order = amount_compare(flows[x].own_out, flows[y].own_out);
    return order ? order : x < y ? -1 : x > y;
}

static void returns_set(struct returns *returns, size_t place, size_t flow)
{
    size_t node = returns->leaf_count + place;
    returns->earliest[node] = flow;
    for (node /= 2; node > 0; node /= 2) {
        size_t left = returns->earliest[2 * node];
        size_t right = returns->earliest[2 * node + 1];
        returns->earliest[node] = left < right ? left : right;
    }
}

static void returns_drop(struct returns *returns, size_t flow)
{
    if (returns->place[flow] != SIZE_MAX)
        returns_set(returns, returns->place[flow], SIZE_MAX);
}

static void returns_begin(struct returns *returns, struct flows *flows)
{
    *returns = (struct returns){.flows = flows->list, .leaf_count = 1};
    returns->order = mem_zalloc(flows->count, sizeof *returns->order);
    returns->place = mem_zalloc(flows->count, sizeof *returns->place);
    for (size_t i = 0; i < flows->count; i++) {
        returns->place[i] = SIZE_MAX;
        if (flows->list[i].class_ == FLOW_CLASS_EXTERNAL_IN &&
            amount_is_known(flows->list[i].own_out))
            returns->order[returns->count++] = i;
    }
    qsort_r(returns->order, returns->count, sizeof *returns->order, amount_then_chain, flows->list);
    while (returns->leaf_count < returns->count)
        returns->leaf_count *= 2;
    returns->earliest = mem_zalloc(2 * returns->leaf_count, sizeof *returns->earliest);
    for (size_t node = 0; node < 2 * returns->leaf_count; node++)
        returns->earliest[node] = SIZE_MAX;
    for (size_t i = 0; i < returns->count; i++) {
        returns->place[returns->order[i]] = i;
        returns_set(returns, i, returns->order[i]);
    }
}

static void returns_end(struct returns *returns)
{
    free(returns->order);
    free(returns->place);
    free(returns->earliest);
}

/* How many bring less than an amount (or, with `or_equal`, no more). */
static size_t returns_below(const struct returns *returns, struct amount amount, bool or_equal)
{
    size_t low = 0;
    size_t high = returns->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = amount_compare(returns->flows[returns->order[middle]].own_out, amount);
        if (order < 0 || (order == 0 && or_equal))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The earliest flow of the places [low, high); SIZE_MAX: none. */
static size_t returns_earliest(const struct returns *returns, size_t low, size_t high)
{
    size_t best = SIZE_MAX;
    low += returns->leaf_count;
    high += returns->leaf_count;
    for (; low < high; low /= 2, high /= 2) {
        if (low % 2 == 1) { /* a right child: its parent begins before the range */
            best = returns->earliest[low] < best ? returns->earliest[low] : best;
            low++;
        }
        if (high % 2 == 1) {
            high--;
            best = returns->earliest[high] < best ? returns->earliest[high] : best;
        }
    }
    return best;
}

/* The earliest that brings what left, but for at most one percent; SIZE_MAX: none. */
static size_t returns_of(const struct returns *returns, const struct flow *out)
{
    if (!amount_is_known(out->foreign_out))
        return SIZE_MAX;
    struct amount allowed = amount_mul_div(out->foreign_out, ROUND_TRIP_PER_MILLE, 1000);
    size_t low = returns_below(returns, amount_sub(out->foreign_out, allowed), false);
    size_t high = returns_below(returns, amount_add(out->foreign_out, allowed), true);
    return returns_earliest(returns, low, high);
}

/* Per flow the latest time of a header up to it: a header may be hours before the one below. */
static int64_t *times_risen(const struct flows *flows)
{
    int64_t *times = mem_zalloc(flows->count, sizeof *times);
    for (size_t i = 0; i < flows->count; i++) {
        times[i] = flows->list[i].time;
        if (i > 0 && times[i - 1] > times[i])
            times[i] = times[i - 1];
    }
    return times;
}

/* Whether flow `in` is in the window behind flow `out`; what comes after one that is not is
 * not either. */
static bool is_in_window(const struct flows *flows, const int64_t *times, size_t out, size_t in,
                         uint32_t blocks)
{
    const struct flow *list = flows->list;
    if (list[in].height - list[out].height > (blocks ? blocks : ROUND_TRIP_BLOCKS))
        return false;
    return blocks || times[in] - list[out].time <= ROUND_TRIP_SECONDS;
}

void round_trips_link(struct flows *flows, uint32_t blocks)
{
    struct returns returns;
    if (flows->count == 0)
        return;
    returns_begin(&returns, flows);
    int64_t *times = times_risen(flows);
    for (size_t out = 0; out < flows->count; out++) {
        returns_drop(&returns, out); /* what came back came later */
        if (flows->list[out].class_ != FLOW_CLASS_EXTERNAL_OUT)
            continue;
        size_t in = returns_of(&returns, &flows->list[out]);
        if (in == SIZE_MAX || !is_in_window(flows, times, out, in, blocks))
            continue; /* nor are later ones */
        flows->list[out].round_trip = in;
        flows->list[in].round_trip = out;
        returns_drop(&returns, in);
    }
    free(times);
    returns_end(&returns);
}
