/* Stock and flow: a table of accounts from events, exact in unrounded integers, rounded once. */
#include "pack/pack.h"

#include <stdlib.h>

/* Satoshi times minor units a BTC: value that was not rounded. An overflow is sticky. */
struct exact {
    __int128 value;
    bool bad;
};

static void exact_add(struct exact *sum, struct amount sat, __int128 price)
{
    __int128 product;
    if (__builtin_mul_overflow((__int128)amount_minor(sat), price, &product) ||
        __builtin_add_overflow(sum->value, product, &sum->value))
        sum->bad = true;
}

/* To minor units, half to even; unknown where it has no room. */
static struct amount exact_round(struct exact sum)
{
    if (sum.bad)
        return amount_unknown();
    bool negative = sum.value < 0;
    unsigned __int128 magnitude = (unsigned __int128)sum.value;
    if (negative)
        magnitude = -magnitude;
    unsigned __int128 quotient = magnitude / SAT_PER_BTC;
    unsigned __int128 twice = magnitude % SAT_PER_BTC * 2;
    if (twice > SAT_PER_BTC || (twice == SAT_PER_BTC && (quotient & 1)))
        quotient++;
    if (quotient > INT64_MAX)
        return amount_unknown();
    return amount_of(negative ? -(int64_t)quotient : (int64_t)quotient);
}

/* The money of one walk over the events. */
struct walk {
    struct exact opening, closing, revaluation;
    struct exact *lines;
};

static void no_money(struct account_table *table, const char *what, int64_t time)
{
    char text[TIME_TEXT_SIZE];
    if (*table->why_no_money)
        return; /* the first tells enough */
    time_format(text, time);
    (void)snprintf(table->why_no_money, sizeof table->why_no_money, "no price for %s at %s", what,
                   text);
}

static void walk_run(struct walk *walk, const struct account_table *table,
                     const struct account_event *events, size_t count)
{
    struct amount held = table->period.opening;
    __int128 price = table->period.opening_price;
    exact_add(&walk->opening, held, price);
    for (size_t i = 0; i < count; i++) {
        const struct account_event *event = &events[i];
        exact_add(&walk->revaluation, held, event->price_minor_per_btc - price);
        exact_add(&walk->lines[table->accounts->line_of[event->flow]], event->delta,
                  event->price_minor_per_btc);
        held = amount_add(held, event->delta);
        price = event->price_minor_per_btc;
    }
    exact_add(&walk->revaluation, held, table->period.closing_price - price);
    exact_add(&walk->closing, held, table->period.closing_price);
}

/* The identity, before anything was rounded: our own mistake where it does not hold. */
static bool walk_check(const struct walk *walk, size_t line_count)
{
    __int128 sum = walk->opening.value;
    bool bad = walk->opening.bad || walk->closing.bad || walk->revaluation.bad;
    for (size_t i = 0; i < line_count; i++)
        bad = bad || walk->lines[i].bad || __builtin_add_overflow(sum, walk->lines[i].value, &sum);
    bad = bad || __builtin_add_overflow(sum, walk->revaluation.value, &sum);
    if (bad)
        return false;
    sanad_assert(sum == walk->closing.value);
    return true;
}

/* Each cell rounded once; the revaluation is what is left, so that the column sums. */
static void money_round(struct account_table *table, const struct walk *walk)
{
    struct amount sum = table->opening.money = exact_round(walk->opening);
    for (size_t i = 0; i < table->accounts->line_count; i++) {
        table->lines[i].money = exact_round(walk->lines[i]);
        sum = amount_add(sum, table->lines[i].money);
    }
    table->closing.money = exact_round(walk->closing);
    table->revaluation.money = amount_sub(table->closing.money, sum);
}

static void money_make(struct account_table *table, const struct account_event *events,
                       size_t count)
{
    struct walk walk = {.lines = mem_zalloc(table->accounts->line_count, sizeof *walk.lines)};
    walk_run(&walk, table, events, count);
    if (walk_check(&walk, table->accounts->line_count))
        money_round(table, &walk);
    if (!amount_is_known(table->revaluation.money))
        (void)snprintf(table->why_no_money, sizeof table->why_no_money,
                       "the values are too large to be added");
    free(walk.lines);
}

static void satoshi_make(struct account_table *table, const struct account_event *events,
                         size_t count)
{
    struct amount held = table->period.opening;
    table->opening.sat = held;
    for (size_t i = 0; i < count; i++) {
        struct account_cell *line = &table->lines[table->accounts->line_of[events[i].flow]];
        sanad_assert(table->accounts->lines[table->accounts->line_of[events[i].flow]].side ==
                     table->side);
        line->sat = amount_add(line->sat, events[i].delta);
        held = amount_add(held, events[i].delta);
    }
    table->closing.sat = held;
}

static void prices_look(struct account_table *table, const struct account_event *events,
                        size_t count)
{
    if (table->period.opening_price == 0 && amount_compare(table->opening.sat, amount_zero()) != 0)
        no_money(table, "the opening stock", table->period.from);
    for (size_t i = 0; i < count; i++)
        if (events[i].price_minor_per_btc == 0)
            no_money(table, account_flow_name(events[i].flow), events[i].time);
    if (table->period.closing_price == 0 && amount_compare(table->closing.sat, amount_zero()) != 0)
        no_money(table, "the closing stock", table->period.to);
}

static void cells_unknown(struct account_table *table)
{
    table->opening.money = table->closing.money = table->revaluation.money = amount_unknown();
    for (size_t i = 0; i < table->accounts->line_count; i++)
        table->lines[i].money = amount_unknown();
}

void account_table_make(struct account_table *ret_table, const struct accounts *accounts,
                        enum account_side side, const struct account_period *period,
                        const struct account_event *events, size_t count, const char *why)
{
    struct account_table table = {.accounts = accounts, .side = side, .period = *period};
    sanad_assert(count <= ACCOUNT_EVENT_MAX);
    table.lines = mem_zalloc(accounts->line_count, sizeof *table.lines);
    for (size_t i = 0; i < accounts->line_count; i++)
        table.lines[i].sat = amount_zero();
    table.revaluation.sat = amount_zero();
    if (why)
        table.period.opening = amount_unknown();
    satoshi_make(&table, events, count);
    cells_unknown(&table);
    if (!amount_is_known(table.closing.sat))
        (void)snprintf(table.why_unknown, sizeof table.why_unknown, "%s",
                       why ? why : "a change of the stock is not known");
    else
        prices_look(&table, events, count);
    if (!*table.why_unknown && !*table.why_no_money)
        money_make(&table, events, count);
    if (*table.why_no_money)
        cells_unknown(&table);
    *ret_table = table;
}

void account_table_free(struct account_table *table)
{
    free(table->lines);
    *table = (struct account_table){0};
}
