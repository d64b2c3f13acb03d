/* Prices: read, chosen (stale and absurd ones fall out), and applied to a balance. */
#include "reserve/reserve_priv.h"

#include <stdlib.h>

enum { PRICE_FILE_MAX = 256 << 20, PRICE_SOURCE_MAX = 16 };
#define PRICE_MAX INT64_C(100000000000000) /* minor units a BTC: beyond it is no price */

static int point_compare(const void *a, const void *b)
{
    const struct price_point *x = a;
    const struct price_point *y = b;
    int order = strcmp(x->source, y->source);
    if (order)
        return order;
    return x->time < y->time ? -1 : x->time > y->time;
}

/* A whole day means midnight of that day. */
static int price_time_parse(int64_t *ret_time, const char *text, struct err *err)
{
    return strlen(text) == 10 ? date_parse(ret_time, text, err) : time_parse(ret_time, text, err);
}

static int price_row(struct price_table *table, const struct csv *csv, size_t row,
                     const int columns[4], struct err *err)
{
    char *const *fields = csv->rows[row];
    uint64_t price;
    struct price_point point = {.source = arena_strdup(&table->arena, fields[columns[1]])};
    if (strcmp(fields[columns[2]], table->currency) != 0)
        return 0;
    int code = price_time_parse(&point.time, fields[columns[0]], err);
    if (code == 0 && (!*point.source || !text_is_clean(point.source)))
        code = err_set(err, SANAD_REFUSED, "a price without a source");
    if (code == 0 &&
        !number_parse(&price, fields[columns[3]], strlen(fields[columns[3]]), PRICE_MAX))
        code = err_set(err, SANAD_REFUSED, "price \"%.40s\": not a number of minor units",
                       fields[columns[3]]);
    if (code)
        return code;
    uint64_t one = 1; /* one unit of the currency, or one minor unit: both are 1:1 */
    for (unsigned i = 0; i < currency_decimals(table->currency); i++)
        one *= 10;
    if (price <= one)
        return err_set(err, SANAD_REFUSED, "a price of 1:1 is refused");
    point.price_minor_per_btc = (int64_t)price;
    table->points[table->count++] = point;
    return 0;
}

static int price_rows(struct price_table *table, const struct csv *csv, const char *path,
                      struct err *err)
{
    static const char *const names[4] = {"time", "source", "currency", "price_minor_per_btc"};
    int columns[4];
    for (size_t i = 0; i < countof(names); i++) {
        columns[i] = csv_column(csv, names[i]);
        if (columns[i] < 0)
            return err_set(err, SANAD_REFUSED, "%s: no column \"%s\"", path, names[i]);
    }
    table->points = arena_alloc(&table->arena, csv->row_count + 1, sizeof *table->points);
    for (size_t row = 0; row < csv->row_count; row++)
        if (price_row(table, csv, row, columns, err) != 0)
            return err_wrap(err, "%s: line %zu", path, csv->lines[row]);
    if (table->count > 0)
        qsort(table->points, table->count, sizeof *table->points, point_compare);
    return 0;
}

int prices_read(struct price_table *ret_table, const char *object, struct bytes text,
                const char *currency, struct err *err)
{
    struct csv csv;
    int code = csv_read(&csv, object, text, err);
    if (code)
        return code;
    struct price_table table = {0};
    table.currency = arena_strdup(&table.arena, currency);
    code = price_rows(&table, &csv, object, err);
    csv_free(&csv);
    if (code)
        prices_free(&table);
    else
        *ret_table = table;
    return code;
}

int prices_read_file(struct price_table *ret_table, const char *path, const char *currency,
                     struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, PRICE_FILE_MAX, err);
    if (code)
        return code;
    code = prices_read(ret_table, path, buf_bytes(&text), currency, err);
    buf_free(&text);
    return code;
}

int prices_from_register(struct price_table *ret_table, struct registry *registry,
                         const char *currency, int64_t known, struct err *err)
{
    struct price_table table = {0};
    struct register_price *prices;
    size_t count;
    struct price_query query = {
        .currency = currency, .after = INT64_MIN, .to = INT64_MAX, .known = known};
    table.currency = arena_strdup(&table.arena, currency);
    int code = register_prices(registry, &prices, &count, &query, &table.arena, err);
    if (code) {
        prices_free(&table);
        return code;
    }
    table.points = arena_alloc(&table.arena, count + 1, sizeof *table.points);
    for (size_t i = 0; i < count; i++)
        table.points[table.count++] =
            (struct price_point){.time = prices[i].time,
                                 .source = prices[i].source,
                                 .price_minor_per_btc = prices[i].price_minor_per_btc};
    if (count > 0)
        qsort(table.points, count, sizeof *table.points, point_compare);
    *ret_table = table;
    return 0;
}

void prices_free(struct price_table *table)
{
    arena_free(&table->arena);
    *table = (struct price_table){0};
}

static int64_t median_of(const struct price_point *points, size_t count)
{
    sanad_assert(count > 0 && count <= PRICE_SOURCE_MAX);
    int64_t sorted[PRICE_SOURCE_MAX];
    for (size_t i = 0; i < count; i++) { /* insertion: at most sixteen */
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > points[i].price_minor_per_btc; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = points[i].price_minor_per_btc;
    }
    if (count % 2 == 1)
        return sorted[count / 2];
    struct amount sum = amount_add(amount_of(sorted[count / 2 - 1]), amount_of(sorted[count / 2]));
    return amount_minor(amount_mul_div(sum, 1, 2));
}

static bool is_absurd(int64_t price, int64_t median)
{
    int64_t distance = price > median ? price - median : median - price;
    return distance > median / 100 * PRICE_SPREAD_PERCENT;
}

static const char *dropped_text(struct arena *arena, const char *source, const char *rule)
{
    size_t size = strlen(source) + strlen(rule) + 3;
    char *text = arena_alloc(arena, size, 1);
    (void)snprintf(text, size, "%s: %s", source, rule);
    return text;
}

/* The newest price of each source at or before `time`; stale ones are dropped. */
static size_t fresh_points(struct price_point *ret_points, struct valuation *ret,
                           struct price_table *table, int64_t time)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count;) {
        const char *source = table->points[i].source;
        const struct price_point *newest = NULL;
        for (; i < table->count && strcmp(table->points[i].source, source) == 0; i++)
            if (table->points[i].time <= time)
                newest = &table->points[i];
        if (!newest)
            continue;
        if (time - newest->time > PRICE_AGE_MAX) {
            if (ret->dropped_count < countof(ret->dropped))
                ret->dropped[ret->dropped_count++] = dropped_text(&table->arena, source, "stale");
        } else if (count < PRICE_SOURCE_MAX) {
            ret_points[count++] = *newest;
        }
    }
    return count;
}

/* Drops, worst first, what is absurd against the median of the others; two that contradict
 * each other leave none. Returns how many stay; says in `ret`, where there is one, which fell. */
static size_t sane_points(struct price_point *points, size_t count, struct valuation *ret,
                          struct price_table *table)
{
    while (count > 1) {
        size_t worst = SIZE_MAX;
        int64_t worst_distance = -1;
        for (size_t i = 0; i < count; i++) {
            struct price_point others[PRICE_SOURCE_MAX];
            size_t other_count = 0;
            for (size_t j = 0; j < count; j++)
                if (j != i)
                    others[other_count++] = points[j];
            int64_t median = median_of(others, other_count);
            int64_t price = points[i].price_minor_per_btc;
            int64_t distance = price > median ? price - median : median - price;
            if (is_absurd(price, median) && distance > worst_distance) {
                worst = i;
                worst_distance = distance;
            }
        }
        if (worst == SIZE_MAX)
            return count;
        if (count == 2)
            return 0; /* nobody can say which of two is wrong */
        if (ret && ret->dropped_count < countof(ret->dropped))
            ret->dropped[ret->dropped_count++] = dropped_text(
                &table->arena, points[worst].source, "absurd against the median of the others");
        points[worst] = points[--count];
    }
    return count;
}

/* ---- all points at once ----------------------------------------------------------------- */

/* One walk over a table in the order of time. */
struct sane_walk {
    const struct price_table *table;
    size_t *order;  /* points by time */
    size_t *source; /* per point: which source, in their order */
    size_t *newest; /* per source: its newest point so far; SIZE_MAX: none yet */
    size_t source_count;
};

static int order_compare(const void *a, const void *b, void *context)
{
    const struct price_point *points = context;
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    if (points[x].time != points[y].time)
        return points[x].time < points[y].time ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void sane_walk_begin(struct sane_walk *walk, const struct price_table *table)
{
    *walk = (struct sane_walk){.table = table,
                               .order = mem_zalloc(table->count, sizeof(size_t)),
                               .source = mem_zalloc(table->count, sizeof(size_t)),
                               .newest = mem_zalloc(table->count, sizeof(size_t))};
    for (size_t i = 0; i < table->count; i++) {
        walk->order[i] = i;
        walk->newest[i] = SIZE_MAX;
        walk->source_count +=
            i == 0 || strcmp(table->points[i].source, table->points[i - 1].source) != 0;
        walk->source[i] = walk->source_count - 1;
    }
    qsort_r(walk->order, table->count, sizeof *walk->order, order_compare, table->points);
}

/* Marks those of order[from..to), all of one time, that are taken at that time. */
static void sane_walk_mark(struct sane_walk *walk, bool *ret_sane, size_t from, size_t to)
{
    const struct price_point *all = walk->table->points;
    int64_t time = all[walk->order[from]].time;
    struct price_point points[PRICE_SOURCE_MAX];
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        walk->newest[walk->source[walk->order[i]]] = walk->order[i];
    for (size_t i = 0; i < walk->source_count && count < PRICE_SOURCE_MAX; i++)
        if (walk->newest[i] != SIZE_MAX && time - all[walk->newest[i]].time <= PRICE_AGE_MAX)
            points[count++] = all[walk->newest[i]];
    count = sane_points(points, count, NULL, NULL);
    for (size_t i = from; i < to; i++) {
        size_t index = walk->order[i];
        bool newest = walk->newest[walk->source[index]] == index;
        for (size_t j = 0; j < count && newest; j++)
            ret_sane[index] = ret_sane[index] || strcmp(points[j].source, all[index].source) == 0;
    }
}

void prices_sane(bool *ret_sane, const struct price_table *table)
{
    struct sane_walk walk;
    if (table->count == 0)
        return;
    sane_walk_begin(&walk, table);
    memset(ret_sane, 0, table->count * sizeof *ret_sane);
    for (size_t from = 0, to = 0; from < table->count; from = to) {
        int64_t time = table->points[walk.order[from]].time;
        while (to < table->count && table->points[walk.order[to]].time == time)
            to++;
        sane_walk_mark(&walk, ret_sane, from, to);
    }
    free(walk.order);
    free(walk.source);
    free(walk.newest);
}

/* ---- the price at one time --------------------------------------------------------------- */

static int source_compare(const void *a, const void *b)
{
    return strcmp(((const struct price_point *)a)->source, ((const struct price_point *)b)->source);
}

void valuation_make(struct valuation *ret, struct price_table *table, int64_t time,
                    struct amount sat)
{
    *ret = (struct valuation){.currency = table->currency, .amount = amount_unknown()};
    struct price_point points[PRICE_SOURCE_MAX];
    size_t fresh = fresh_points(points, ret, table, time);
    size_t count = sane_points(points, fresh, ret, table);
    if (count == 0) {
        (void)snprintf(ret->why_not, sizeof ret->why_not, "%s",
                       fresh ? "price: two sources contradict each other"
                             : "price: no source is fresh at that time");
        return;
    }
    qsort(points, count, sizeof *points, source_compare);
    ret->price_minor_per_btc = median_of(points, count);
    ret->price_time = points[0].time;
    for (size_t i = 0; i < count; i++) {
        ret->sources[ret->source_count++] = points[i].source;
        if (points[i].time < ret->price_time)
            ret->price_time = points[i].time;
    }
    ret->amount = amount_mul_div(sat, ret->price_minor_per_btc, SAT_PER_BTC);
    ret->any = amount_is_known(ret->amount);
}
