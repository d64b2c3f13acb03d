/* Terms on flows: what came in by flows of a meaning or class, and what is still held of coins
 * that came so. A meaning of a wallet goes before that of the whole transaction. */
#include "limits/limits_priv.h"

#include <stdlib.h>

static struct amount wallet_net(const struct flow_wallet *wallet)
{
    return amount_sub(wallet->out, wallet->in);
}

/* What is unknown may be positive. */
static bool may_be_inflow(struct amount net)
{
    return !amount_is_known(net) || amount_compare(net, amount_zero()) > 0;
}

static const char *wallet_id(const struct term_walk *walk, const struct flow_wallet *wallet)
{
    return ledger_book(walk->knowledge->ledger)->wallets[wallet->wallet].id;
}

/* ---- flows ------------------------------------------------------------------------------------
 */

/* What of flows adds to one sum; what is not proved is counted, so that it can be taken back. */
struct flow_amount {
    struct amount known;
    int64_t unproved;
};
/* Sums up to a block. */
struct flow_sum {
    struct flow_amount value, open;
    int64_t inflow_count, explained_count;
};

static void net_add(struct flow_amount *sum, struct amount net, int sign)
{
    if (amount_is_known(net))
        sum->known = sign > 0 ? amount_add(sum->known, net) : amount_sub(sum->known, net);
    else
        sum->unproved += sign;
}

/* The part of a flow that one meaning speaks of (NULL: none does). Only what comes in counts. */
struct flow_part {
    enum flow_class class_;
    struct amount net;
    const enum flow_meaning *meaning;
};

static void part_add(struct flow_sum *sum, const struct term_walk *walk,
                     const struct flow_part *part, int sign)
{
    const struct limits_term *term = walk->term;
    if (!may_be_inflow(part->net))
        return;
    bool explained = part->meaning || part->class_ == FLOW_CLASS_MINED;
    sum->inflow_count += sign;
    sum->explained_count += explained ? sign : 0;
    if (term->classes[part->class_] || (part->meaning && term->meanings[*part->meaning]))
        net_add(&sum->value, part->net, sign);
    else if (!explained && !term->unclassified_ignored)
        net_add(&sum->open, part->net, sign);
}

/* What a flow is as known at a time, added (sign 1) or taken back (-1). */
static void flow_add(struct flow_sum *sum, const struct term_walk *walk, const struct flow *flow,
                     int64_t known, int sign)
{
    struct meaning_range range = meaning_index_find(&walk->meanings, &flow->txid);
    struct amount rest = amount_zero();
    enum flow_meaning meaning;
    bool by_class = walk->term->classes[flow->class_]; /* whatever its parts mean */
    for (size_t i = 0; i < flow->wallet_count; i++) {
        const struct flow_wallet *wallet = &flow->wallets[i];
        if (!walk->wanted[wallet->wallet])
            continue;
        if (!by_class && range.count && meaning_in(&meaning, range, wallet_id(walk, wallet), known))
            part_add(sum, walk, &(struct flow_part){flow->class_, wallet_net(wallet), &meaning},
                     sign);
        else
            rest = amount_add(rest, wallet_net(wallet));
    }
    bool declared = meaning_in(&meaning, range, NULL, known);
    part_add(sum, walk, &(struct flow_part){flow->class_, rest, declared ? &meaning : NULL}, sign);
}

static void flows_value(const struct term_walk *walk, size_t i, const struct flow_sum *sum)
{
    struct term_value *value = &walk->values[i];
    const struct limits_day *day = &walk->days[i];
    if (sum->value.unproved || sum->open.unproved || !amount_is_known(sum->value.known) ||
        !amount_is_known(sum->open.known)) {
        value->why = "flows: the value of a coin is not proved";
        return;
    }
    value->value = sum->value.known;
    value->open = sum->open.known;
    value->source =
        day->any
            ? term_text(walk, "declared flows up to block %u: %lld of %lld explained", day->height,
                        (long long)sum->explained_count, (long long)sum->inflow_count)
            : "before the first block of the chain";
}

/* ---- what was learned of flows ----------------------------------------------------------------
 */

/* At `learned` something said of a flow began or ceased to stand, or another to stand before it. */
struct flow_lesson {
    int64_t learned;
    size_t flow;
};
struct flow_lessons {
    struct flow_lesson *list; /* in the order of time, then of flows; each once */
    size_t count;
    size_t capacity;
};

static void lesson_add(struct flow_lessons *lessons, const struct term_walk *walk, int64_t learned,
                       size_t flow)
{
    if (learned <= walk->known[0] || learned > walk->known[walk->count - 1])
        return;
    if (lessons->count == lessons->capacity) {
        lessons->capacity = lessons->capacity ? lessons->capacity * 2 : 256;
        lessons->list = mem_realloc(lessons->list, lessons->capacity, sizeof *lessons->list);
    }
    lessons->list[lessons->count++] = (struct flow_lesson){learned, flow};
}

static int lesson_compare(const void *a, const void *b)
{
    const struct flow_lesson *x = a;
    const struct flow_lesson *y = b;
    if (x->learned != y->learned)
        return x->learned < y->learned ? -1 : 1;
    return x->flow < y->flow ? -1 : x->flow > y->flow;
}

/* Whether anybody ever said that it had one of the term's meanings. */
static bool has_meaning_of(const struct term_walk *walk, struct meaning_range range)
{
    for (size_t i = 0; i < range.count; i++)
        if (walk->term->meanings[range.list[i].meaning])
            return true;
    return false;
}

/* A flow of which something was said. */
struct said_flow {
    size_t flow; /* its place in the list */
    struct meaning_range range;
};
struct said_flows {
    struct said_flow *list;
    size_t count;
};

/* `of_term`: only flows that anybody ever said to have one of the term's meanings. The caller
 * frees the list. */
static struct said_flows said_make(const struct term_walk *walk, bool of_term)
{
    const struct flows *flows = walk->knowledge->flows;
    struct said_flows said = {.list = mem_zalloc(flows->count + 1, sizeof *said.list)};
    for (size_t f = 0; f < flows->count; f++) {
        struct meaning_range range = meaning_index_find(&walk->meanings, &flows->list[f].txid);
        if (range.count > 0 && (!of_term || has_meaning_of(walk, range)))
            said.list[said.count++] = (struct said_flow){f, range};
    }
    return said;
}

/* Nothing is learned where every day has one knowledge. The caller frees the list. */
static struct flow_lessons lessons_make(const struct term_walk *walk, const struct said_flows *said)
{
    const struct flow *flows = walk->knowledge->flows->list;
    struct flow_lessons lessons = {0};
    for (size_t n = 0; n < said->count; n++) {
        size_t f = said->list[n].flow;
        struct meaning_range range = said->list[n].range;
        if (!day_has_block(&walk->days[walk->count - 1], flows[f].height))
            break; /* no day sees it */
        for (size_t i = 0; i < range.count; i++) {
            const struct limits_meaning *meaning = &range.list[i];
            lesson_add(&lessons, walk, meaning->known, f);
            if (meaning->decided != INT64_MAX)
                lesson_add(&lessons, walk, meaning->decided, f);
            if (meaning->rejected != 0)
                lesson_add(&lessons, walk, meaning->rejected, f);
        }
    }
    if (lessons.count > 0)
        qsort(lessons.list, lessons.count, sizeof *lessons.list, lesson_compare);
    size_t kept = 0;
    for (size_t i = 0; i < lessons.count; i++)
        if (kept == 0 || lesson_compare(&lessons.list[i], &lessons.list[kept - 1]) != 0)
            lessons.list[kept++] = lessons.list[i];
    lessons.count = kept;
    return lessons;
}

static bool knowledge_varies(const struct term_walk *walk)
{
    return walk->count > 0 && walk->known[0] != walk->known[walk->count - 1];
}

/* Flows that are counted already are counted anew as something is learned of them. */
static void lesson_apply(struct flow_sum *sum, const struct term_walk *walk,
                         const struct flow_lesson *lesson, size_t counted)
{
    const struct flow *flow = &walk->knowledge->flows->list[lesson->flow];
    if (lesson->flow >= counted)
        return;
    flow_add(sum, walk, flow, lesson->learned - 1, -1);
    flow_add(sum, walk, flow, lesson->learned, 1);
}

void term_flows(const struct term_walk *walk)
{
    const struct flows *flows = walk->knowledge->flows;
    sanad_assert(walk->wanted && flows);
    struct flow_sum sum = {.value = {.known = amount_zero()}, .open = {.known = amount_zero()}};
    struct flow_lessons lessons = {0};
    if (knowledge_varies(walk)) {
        struct said_flows said = said_make(walk, false);
        lessons = lessons_make(walk, &said);
        free(said.list);
    }
    size_t at = 0;
    size_t learned = 0;
    for (size_t i = 0; i < walk->count; i++) {
        for (; learned < lessons.count && lessons.list[learned].learned <= walk->known[i];
             learned++)
            lesson_apply(&sum, walk, &lessons.list[learned], at);
        for (; at < flows->count && day_has_block(&walk->days[i], flows->list[at].height); at++)
            flow_add(&sum, walk, &flows->list[at], walk->known[i], 1);
        if (!walk->values[i].why)
            flows_value(walk, i, &sum);
    }
    free(lessons.list);
}

/* ---- coins still held --------------------------------------------------------------------------
 */

struct inflow_list {
    struct trace_inflow *list;
    size_t count;
    size_t capacity;
};

static void inflow_add(struct inflow_list *inflows, const struct flow *flow, uint32_t wallet)
{
    if (inflows->count == inflows->capacity) {
        inflows->capacity = inflows->capacity ? inflows->capacity * 2 : 64;
        inflows->list = mem_realloc(inflows->list, inflows->capacity, sizeof *inflows->list);
    }
    inflows->list[inflows->count++] = (struct trace_inflow){.txid = flow->txid, .wallet = wallet};
}

/* A flow that brought something in; what went out under the same name (a deposit handed back)
 * brings nothing. A wallet outside the perimeter may hand on what it received, so all count. */
static void flow_inflows(struct inflow_list *inflows, const struct term_walk *walk,
                         const struct said_flow *said, int64_t known)
{
    const struct flow *flow = &walk->knowledge->flows->list[said->flow];
    struct meaning_range range = said->range;
    enum flow_meaning meaning;
    size_t own_count = 0;
    for (size_t i = 0; i < flow->wallet_count; i++) {
        const struct flow_wallet *wallet = &flow->wallets[i];
        if (!meaning_in(&meaning, range, wallet_id(walk, wallet), known))
            continue;
        own_count++;
        if (walk->term->meanings[meaning] && may_be_inflow(wallet_net(wallet)))
            inflow_add(inflows, flow, wallet->wallet);
    }
    if (!meaning_in(&meaning, range, NULL, known) || !walk->term->meanings[meaning] ||
        !may_be_inflow(flow->net))
        return;
    if (own_count == 0)
        inflow_add(inflows, flow, UINT32_MAX);
    for (size_t i = 0; i < flow->wallet_count && own_count > 0; i++)
        if (!meaning_in(&meaning, range, wallet_id(walk, &flow->wallets[i]), known))
            inflow_add(inflows, flow, flow->wallets[i].wallet);
}

static int said_trace(struct trace **ret_trace, const struct term_walk *walk,
                      const struct said_flows *said, int64_t known, size_t *ret_inflow_count,
                      struct err *err)
{
    struct inflow_list inflows = {0};
    for (size_t i = 0; i < said->count; i++)
        flow_inflows(&inflows, walk, &said->list[i], known);
    int code = trace_new(ret_trace, walk->knowledge->ledger, walk->wanted, inflows.list,
                         inflows.count, walk->term->mixing, err);
    if (code == 0)
        *ret_inflow_count = inflows.count;
    free(inflows.list);
    return code;
}

int term_trace(struct trace **ret_trace, const struct term_walk *walk, int64_t known,
               struct err *err)
{
    struct said_flows said = said_make(walk, true);
    size_t inflow_count;
    int code = said_trace(ret_trace, walk, &said, known, &inflow_count, err);
    free(said.list);
    return code;
}

static void held_value(const struct term_walk *walk, size_t i, struct amount held,
                       size_t inflow_count)
{
    const struct limits_day *day = &walk->days[i];
    struct term_value *value = &walk->values[i];
    if (value->why)
        return;
    value->value = held;
    if (!amount_is_known(held))
        value->why = "coins followed: the value of an input is not proved";
    else
        value->source = day->any
                            ? term_text(walk, "documented inflows followed up to block %u: %zu",
                                        day->height, inflow_count)
                            : "before the first block of the chain";
}

/* Days that have one knowledge of the inflows. */
static int held_days(const struct term_walk *walk, const struct said_flows *said, size_t first,
                     size_t end, struct err *err)
{
    struct trace *trace;
    size_t inflow_count, count, at = 0;
    int code = said_trace(&trace, walk, said, walk->known[first], &inflow_count, err);
    if (code)
        return code;
    const struct trace_point *points = trace_points(trace, &count);
    struct amount held = amount_zero();
    for (size_t i = first; i < end; i++) {
        for (; at < count && day_has_block(&walk->days[i], points[at].height); at++)
            held = points[at].held;
        held_value(walk, i, held, inflow_count);
    }
    trace_free(trace);
    return 0;
}

int term_held_from(const struct term_walk *walk, struct err *err)
{
    struct said_flows said = said_make(walk, true);
    struct flow_lessons lessons = {0};
    size_t learned = 0;
    int code = 0;
    if (knowledge_varies(walk))
        lessons = lessons_make(walk, &said);
    for (size_t first = 0, end; first < walk->count && code == 0; first = end) {
        while (learned < lessons.count && lessons.list[learned].learned <= walk->known[first])
            learned++;
        end = first + 1;
        while (end < walk->count &&
               (learned == lessons.count || walk->known[end] < lessons.list[learned].learned))
            end++;
        code = held_days(walk, &said, first, end, err);
    }
    free(lessons.list);
    free(said.list);
    return code;
}
