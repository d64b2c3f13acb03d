/* Stress: what a fall of the price would cost. Given shocks, and the worst falls that the price
 * table itself shows. A fault of one source is no history: only points that the valuation would
 * take count, and prices of two sources are never held against each other. */
#include "limits/limits.h"

#include <stdlib.h>

enum { MONTH_DAYS = 30, BASIS = 10000 };

static const char *const kind_names[STRESS_KIND_COUNT] = {[STRESS_SHOCK] = "shock",
                                                          [STRESS_DAY] = "worst-day",
                                                          [STRESS_MONTH] = "worst-30-days",
                                                          [STRESS_DRAWDOWN] = "worst-drawdown"};

/* The last price of a UTC day. */
struct daily_close {
    int64_t day; /* its midnight */
    int64_t price;
};

/* From one close to a later one of the same source. */
struct fall {
    bool any;
    const char *source;
    struct daily_close from, to;
};

static int64_t day_of(int64_t time)
{
    int64_t rest = time % LIMITS_DAY;
    return time - (rest < 0 ? rest + LIMITS_DAY : rest);
}

/* Whether a falls deeper than b: to/from is less. Of equals the first that was seen stays. */
static bool is_deeper(const struct fall *a, const struct fall *b)
{
    if (!b->any)
        return true;
    return (__int128)a->to.price * b->from.price < (__int128)b->to.price * a->from.price;
}

static void fall_try(struct fall *worst, const char *source, struct daily_close from,
                     struct daily_close to)
{
    struct fall fall = {.any = true, .source = source, .from = from, .to = to};
    if (to.price < from.price && is_deeper(&fall, worst))
        *worst = fall;
}

/* Falls over so many days, both ends there; `closes` ascending. */
static void falls_over(struct fall *worst, const char *source, const struct daily_close *closes,
                       size_t count, int64_t days)
{
    size_t from = 0;
    for (size_t to = 0; to < count; to++) {
        int64_t day = closes[to].day - days * LIMITS_DAY;
        while (closes[from].day < day)
            from++;
        if (closes[from].day == day)
            fall_try(worst, source, closes[from], closes[to]);
    }
}

static void drawdown(struct fall *worst, const char *source, const struct daily_close *closes,
                     size_t count)
{
    size_t peak = 0;
    for (size_t i = 1; i < count; i++) {
        fall_try(worst, source, closes[peak], closes[i]);
        if (closes[i].price > closes[peak].price)
            peak = i;
    }
}

/* The closes of one source, whose points are [from, to) of the table. */
static size_t closes_of(struct daily_close *ret_closes, const struct price_table *prices,
                        const bool *sane, size_t from, size_t to)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        const struct price_point *point = &prices->points[i];
        struct daily_close close = {day_of(point->time), point->price_minor_per_btc};
        if (!sane[i] || point->price_minor_per_btc <= 0)
            continue;
        count -= count > 0 && ret_closes[count - 1].day == close.day;
        ret_closes[count++] = close;
    }
    return count;
}

/* The worst falls of all sources, by kind. */
static void history(struct fall ret_worst[STRESS_KIND_COUNT], const struct price_table *prices)
{
    bool *sane = mem_zalloc(prices->count + 1, sizeof *sane);
    struct daily_close *closes = mem_zalloc(prices->count + 1, sizeof *closes);
    prices_sane(sane, prices);
    for (size_t from = 0, to = 0; from < prices->count; from = to) {
        const char *source = prices->points[from].source;
        while (to < prices->count && strcmp(prices->points[to].source, source) == 0)
            to++;
        size_t count = closes_of(closes, prices, sane, from, to);
        falls_over(&ret_worst[STRESS_DAY], source, closes, count, 1);
        falls_over(&ret_worst[STRESS_MONTH], source, closes, count, MONTH_DAYS);
        drawdown(&ret_worst[STRESS_DRAWDOWN], source, closes, count);
    }
    free(closes);
    free(sane);
}

static const char *row_name(struct arena *arena, const struct stress_row *row)
{
    char from[11];
    char to[11];
    char change[AMOUNT_TEXT_SIZE];
    struct buf text = buf_with_max(4096);
    date_format(from, row->from);
    date_format(to, row->to);
    amount_format(change, amount_of(row->change_basis), 2);
    switch (row->kind) {
    case STRESS_DAY:
        buf_format(&text, "worst day %s (%.200s)", to, row->source);
        break;
    case STRESS_MONTH:
        buf_format(&text, "worst 30 days %s to %s (%.200s)", from, to, row->source);
        break;
    case STRESS_DRAWDOWN:
        buf_format(&text, "worst drawdown %s to %s (%.200s)", from, to, row->source);
        break;
    case STRESS_SHOCK:
    case STRESS_KIND_COUNT:
        buf_format(&text, "%s%s %%", row->change_basis > 0 ? "+" : "", change);
        break;
    }
    const char *name = arena_strdup(arena, buf_cstr(&text));
    buf_free(&text);
    return name;
}

static struct amount share(struct amount loss, struct amount whole)
{
    bool none = !amount_is_known(whole) || amount_compare(whole, amount_zero()) <= 0;
    return none ? amount_unknown() : amount_mul_div(loss, BASIS, amount_minor(whole));
}

/* A price that goes from `from` to `to`; the row's kind, source and days are there. */
static void row_add(struct stress_table *table, struct stress_row row, int64_t from, int64_t to,
                    const struct stress_options *options)
{
    struct amount change = amount_mul_div(amount_of(to - from), BASIS, from);
    row.change_basis = (int32_t)amount_minor(change); /* a fall, or a shock: both have bounds */
    row.value = amount_mul_div(table->value, to, from);
    row.loss = amount_sub(table->value, row.value);
    row.of_programme = share(row.loss, options->programme_size);
    row.of_reserves = share(row.loss, options->reserves);
    row.name = row_name(&table->arena, &row);
    table->rows[table->count++] = row;
}

static int shocks_check(const struct stress_options *options, struct err *err)
{
    if (options->shock_count > STRESS_SHOCK_MAX)
        return err_set(err, SANAD_REFUSED, "shocks: more than %d", STRESS_SHOCK_MAX);
    for (size_t i = 0; i < options->shock_count; i++) {
        char text[AMOUNT_TEXT_SIZE];
        amount_format(text, amount_of(options->shocks_basis[i]), 2);
        if (options->shocks_basis[i] < -BASIS)
            return err_set(err, SANAD_REFUSED, "shock %s %%: a price falls by 100 %% at most",
                           text);
        if (options->shocks_basis[i] > STRESS_BASIS_MAX)
            return err_set(err, SANAD_REFUSED, "shock %s %%: beyond a thousandfold", text);
    }
    return 0;
}

int stress_make(struct stress_table *ret_table, const struct price_table *prices,
                const struct valuation *value, struct amount sat,
                const struct stress_options *options, struct err *err)
{
    struct fall worst[STRESS_KIND_COUNT] = {0};
    struct stress_table table = {.value = amount_unknown()};
    int code = shocks_check(options, err);
    if (code)
        return code;
    table.currency = arena_strdup(&table.arena, prices->currency ? prices->currency : "");
    table.rows =
        arena_alloc(&table.arena, options->shock_count + STRESS_KIND_COUNT, sizeof *table.rows);
    if (value->any) {
        table.price_minor_per_btc = value->price_minor_per_btc;
        table.value = amount_mul_div(sat, value->price_minor_per_btc, SAT_PER_BTC);
    }
    for (size_t i = 0; i < options->shock_count; i++)
        row_add(&table, (struct stress_row){.kind = STRESS_SHOCK}, BASIS,
                BASIS + options->shocks_basis[i], options);
    history(worst, prices);
    for (size_t i = STRESS_DAY; i < STRESS_KIND_COUNT; i++) {
        if (!worst[i].any)
            continue;
        struct stress_row row = {.kind = (enum stress_kind)i,
                                 .source = arena_strdup(&table.arena, worst[i].source),
                                 .from = worst[i].from.day,
                                 .to = worst[i].to.day};
        row_add(&table, row, worst[i].from.price, worst[i].to.price, options);
    }
    *ret_table = table;
    return 0;
}

void stress_free(struct stress_table *table)
{
    arena_free(&table->arena);
    *table = (struct stress_table){0};
}

static json_t *row_json(const struct stress_row *row)
{
    char from[11];
    char to[11];
    date_format(from, row->from);
    date_format(to, row->to);
    json_t *json = json_object();
    json_object_set_new(json, "kind", json_string(kind_names[row->kind]));
    json_object_set_new(json, "name", json_string(row->name));
    json_object_set_new(json, "source", row->source ? json_string(row->source) : json_null());
    json_object_set_new(json, "from", row->source ? json_string(from) : json_null());
    json_object_set_new(json, "to", row->source ? json_string(to) : json_null());
    json_object_set_new(json, "change_basis", json_integer(row->change_basis));
    json_object_set_new(json, "value_minor", amount_json(row->value));
    json_object_set_new(json, "loss_minor", amount_json(row->loss));
    json_object_set_new(json, "loss_of_programme_basis", amount_json(row->of_programme));
    json_object_set_new(json, "loss_of_reserves_basis", amount_json(row->of_reserves));
    return json;
}

json_t *stress_json(const struct stress_table *table)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < table->count; i++)
        json_array_append_new(rows, row_json(&table->rows[i]));
    json_t *json = json_object();
    json_object_set_new(json, "currency", json_string(table->currency));
    json_object_set_new(json, "value_minor", amount_json(table->value));
    json_object_set_new(json, "price_minor_per_btc",
                        table->price_minor_per_btc ? json_integer(table->price_minor_per_btc)
                                                   : json_null());
    json_object_set_new(json, "rows", rows);
    return json;
}
