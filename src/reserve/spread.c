/* Spread: how one payment mixes its coins. Which satoshi of the inputs go to which output, by
 * the rule that was agreed: first in first out, last in first out, or in proportion. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

static const char *const rule_names[] = {
    [TRACE_FIFO] = "fifo", [TRACE_LIFO] = "lifo", [TRACE_PRO_RATA] = "pro-rata"};

const char *trace_rule_name(enum trace_rule rule)
{
    sanad_assert(rule < TRACE_RULE_COUNT);
    return rule_names[rule];
}

/* ---- parts of a coin ----------------------------------------------------------------------- */

void parts_add(struct parts *parts, struct amount value, enum part_kind kind)
{
    struct part *last = parts->count > 0 ? &parts->list[parts->count - 1] : NULL;
    bool known = amount_is_known(value);
    if (known && amount_compare(value, amount_zero()) == 0)
        return;
    if (known && last && last->kind == kind) {
        last->value = amount_add(last->value, value);
        return;
    }
    if (parts->count == parts->capacity) {
        parts->capacity = parts->capacity ? parts->capacity * 2 : 16;
        parts->list = mem_realloc(parts->list, parts->capacity, sizeof *parts->list);
    }
    parts->list[parts->count++] = (struct part){.value = value, .kind = kind};
}

void parts_free(struct parts *parts)
{
    free(parts->list);
    *parts = (struct parts){0};
}

struct amount parts_sum(const struct part *list, size_t count, enum part_kind kind)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < count; i++)
        if (list[i].kind == kind)
            sum = amount_add(sum, list[i].value);
    return sum;
}

struct amount parts_followed(const struct part *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].kind == PART_UNKNOWN)
            return amount_unknown();
    return parts_sum(list, count, PART_FOLLOWED);
}

/* ---- the rules ---------------------------------------------------------------------------- */

static void input_add(struct spread *spread, const struct spread_in *in)
{
    for (size_t i = 0; i < in->part_count; i++)
        parts_add(&spread->stream, in->parts[i].value, in->parts[i].kind);
    if (in->part_count == 0)
        parts_add(&spread->stream, in->value, PART_OTHER);
    spread->in_total = amount_add(spread->in_total, in->value);
    spread->followed = amount_add(spread->followed, parts_followed(in->parts, in->part_count));
}

/* Only what is before the last followed part matters; behind an input without a value nobody
 * knows at which output a followed part arrives. */
static void stream_cut(struct spread *spread)
{
    struct parts *stream = &spread->stream;
    while (stream->count > 0 && stream->list[stream->count - 1].kind == PART_OTHER)
        stream->count--;
    spread->tail = PART_OTHER;
    for (size_t i = 0; i < stream->count; i++)
        if (!amount_is_known(stream->list[i].value)) {
            stream->count = i;
            spread->tail = PART_UNKNOWN;
        }
}

void spread_begin(struct spread *spread, enum trace_rule rule, const struct spread_in *ins,
                  size_t in_count)
{
    struct parts stream = spread->stream; /* its memory is used again */
    stream.count = 0;
    *spread = (struct spread){.rule = rule,
                              .stream = stream,
                              .used = amount_zero(),
                              .in_total = amount_zero(),
                              .followed = amount_zero(),
                              .out_total = amount_zero(),
                              .given = amount_zero()};
    for (size_t i = 0; i < in_count; i++)
        input_add(spread, &ins[rule == TRACE_LIFO ? in_count - 1 - i : i]);
    stream_cut(spread);
}

static void next_in_order(struct spread *spread, struct parts *ret_parts, struct amount value)
{
    while (amount_compare(value, amount_zero()) > 0 && spread->at < spread->stream.count) {
        const struct part *part = &spread->stream.list[spread->at];
        struct amount take = amount_min(value, amount_sub(part->value, spread->used));
        parts_add(ret_parts, take, part->kind);
        value = amount_sub(value, take);
        spread->used = amount_add(spread->used, take);
        if (amount_equal(spread->used, part->value)) {
            spread->at++;
            spread->used = amount_zero();
        }
    }
    parts_add(ret_parts, value, spread->tail);
}

/* Rounds the share of all outputs so far, and gives the difference to what was given: so the
 * shares and the fee's add up to the whole. */
static void next_in_proportion(struct spread *spread, struct parts *ret_parts, struct amount value)
{
    spread->out_total = amount_add(spread->out_total, value);
    if (amount_equal(spread->followed, amount_zero())) {
        parts_add(ret_parts, value, PART_OTHER);
        return;
    }
    if (!amount_is_known(spread->followed) || !amount_is_known(spread->in_total)) {
        parts_add(ret_parts, value, PART_UNKNOWN);
        return;
    }
    struct amount up_to = amount_min(spread->out_total, spread->in_total);
    struct amount sum =
        amount_mul_div(spread->followed, amount_minor(up_to), amount_minor(spread->in_total));
    struct amount share = amount_sub(sum, spread->given);
    parts_add(ret_parts, share, PART_FOLLOWED);
    parts_add(ret_parts, amount_sub(value, share), PART_OTHER);
    spread->given = sum;
}

void spread_next(struct spread *spread, struct parts *ret_parts, struct amount value)
{
    ret_parts->count = 0;
    if (spread->rule == TRACE_PRO_RATA)
        next_in_proportion(spread, ret_parts, value);
    else
        next_in_order(spread, ret_parts, value);
}

void spread_free(struct spread *spread)
{
    parts_free(&spread->stream);
}
