/* What is owed to holders outside: for each entity and holder the newest line, not too old; and no
 * entity that keeps clients' coins without a line. */
#include "limits/limits_priv.h"

#include <stdlib.h>

/* The sums of all entities so far, a day each. */
struct owed_day {
    struct amount sum;
    size_t line_count;
    const struct limits_record *newest; /* of the lines that count */
};
struct owed_walk {
    const struct term_walk *walk;
    const struct book *book;
    const struct limits_record *lines; /* by entity, holder and time */
    size_t line_count;
    int64_t *first_known; /* of one holder */
    uint32_t *clients;    /* wallets of class client whose entity is inside, by entity */
    size_t client_count;
    struct owed_day *days;
    /* of the entity under way: */
    const struct entity *entity;
    int64_t *newest_day; /* of its lines to outside, LIMITS_NO_DAY: none */
    int64_t *keeps;      /* how many of its client wallets begin to count on a day, less those that
                            cease */
};

static void stale(const struct owed_walk *owed, size_t i, int64_t line_day)
{
    const struct term_walk *walk = owed->walk;
    char of[11];
    if (walk->values[i].why)
        return;
    date_format(of, line_day);
    walk->values[i].why = term_text(
        walk, "liabilities of %s are of %s, %lld days old; at most %u", owed->entity->id, of,
        (long long)((walk->days[i].day - line_day) / LIMITS_DAY), walk->term->max_age_days);
}

static bool is_too_old(const struct owed_walk *owed, size_t i, int64_t line_day)
{
    return (owed->walk->days[i].day - line_day) / LIMITS_DAY > owed->walk->term->max_age_days;
}

/* ---- one holder ---------------------------------------------------------------------------------
 */

static void line_count(struct owed_walk *owed, size_t i, const struct limits_record *line,
                       int64_t line_day)
{
    struct owed_day *day = &owed->days[i];
    day->sum = amount_add(day->sum, line->value);
    day->line_count++;
    if (!day->newest || line->time > day->newest->time)
        day->newest = line;
    if (line_day > owed->newest_day[i])
        owed->newest_day[i] = line_day;
    if (is_too_old(owed, i, line_day) && !amount_equal(line->value, amount_zero()))
        stale(owed, i, line_day);
}

static void holder_add(struct owed_walk *owed, const struct limits_record *lines, size_t count)
{
    const struct term_walk *walk = owed->walk;
    const struct limits_record *before = NULL;
    size_t at = 0;
    bool outside = false;
    int64_t line_day = LIMITS_NO_DAY;
    records_first_known(owed->first_known, lines, count);
    for (size_t i = 0; i < walk->count; i++) {
        while (at < count && lines[at].time <= walk->days[i].end)
            at++;
        const struct limits_record *line =
            record_standing(lines, at, owed->first_known, walk->known[i]);
        if (line && line != before) {
            outside = !perimeter_has_holder(walk->perimeter, owed->book, line->holder,
                                            line->holder_sector);
            line_day = term_line_day(walk, line->time);
        }
        if (line && outside)
            line_count(owed, i, line, line_day);
        before = line;
    }
}

/* ---- one entity ---------------------------------------------------------------------------------
 */

/* The first day that ends at or after a time. */
static size_t day_first(const struct term_walk *walk, int64_t time)
{
    size_t low = 0;
    size_t high = walk->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (walk->days[middle].end < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* An entity that keeps clients' coins owes them something: somebody has to say how much, and
 * that it is nothing too. */
static void clients_check(struct owed_walk *owed, const uint32_t *wallets, size_t count)
{
    const struct term_walk *walk = owed->walk;
    memset(owed->keeps, 0, (walk->count + 1) * sizeof *owed->keeps);
    for (size_t i = 0; i < count; i++) {
        const struct wallet *wallet = &owed->book->wallets[wallets[i]];
        owed->keeps[day_first(walk, wallet->since)]++;
        owed->keeps[day_first(walk, wallet->until)]--;
    }
    int64_t keeps = 0;
    for (size_t i = 0; i < walk->count; i++) {
        char day[11];
        keeps += owed->keeps[i];
        if (keeps == 0 || walk->values[i].why)
            continue;
        date_format(day, walk->days[i].day);
        if (owed->newest_day[i] == LIMITS_NO_DAY)
            walk->values[i].why =
                term_text(walk, "no liabilities of %s at or before %s", owed->entity->id, day);
        else if (is_too_old(owed, i, owed->newest_day[i]))
            stale(owed, i, owed->newest_day[i]);
    }
}

/* The lines of an entity begin at the returned place. */
static size_t lines_first(const struct owed_walk *owed, const char *entity)
{
    size_t low = 0;
    size_t high = owed->line_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(owed->lines[middle].entity, entity) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void entity_add(struct owed_walk *owed, const uint32_t *wallets, size_t wallet_count)
{
    size_t at = lines_first(owed, owed->entity->id);
    bool any = at < owed->line_count && strcmp(owed->lines[at].entity, owed->entity->id) == 0;
    if (!any && wallet_count == 0)
        return;
    for (size_t i = 0; i < owed->walk->count; i++)
        owed->newest_day[i] = LIMITS_NO_DAY;
    while (at < owed->line_count && strcmp(owed->lines[at].entity, owed->entity->id) == 0) {
        size_t first = at;
        while (at < owed->line_count && strcmp(owed->lines[at].entity, owed->entity->id) == 0 &&
               strcmp(owed->lines[at].holder, owed->lines[first].holder) == 0)
            at++;
        holder_add(owed, owed->lines + first, at - first);
    }
    if (wallet_count > 0)
        clients_check(owed, wallets, wallet_count);
}

/* ---- all ----------------------------------------------------------------------------------------
 */

static int client_compare(const void *a, const void *b, void *book)
{
    const struct book *of = book;
    size_t x = of->wallets[*(const uint32_t *)a].entity;
    size_t y = of->wallets[*(const uint32_t *)b].entity;
    return x < y ? -1 : x > y;
}

static void clients_find(struct owed_walk *owed, struct arena *arena)
{
    const struct book *book = owed->book;
    owed->clients = arena_alloc(arena, book->wallet_count + 1, sizeof *owed->clients);
    for (uint32_t i = 0; i < book->wallet_count; i++)
        if (book->wallets[i].class_ == WALLET_CLIENT)
            owed->clients[owed->client_count++] = i;
    if (owed->client_count > 1)
        qsort_r(owed->clients, owed->client_count, sizeof *owed->clients, client_compare,
                (void *)book);
}

static void owed_value(const struct owed_walk *owed, size_t i)
{
    const struct owed_day *day = &owed->days[i];
    struct term_value *value = &owed->walk->values[i];
    if (!amount_is_known(day->sum))
        value->why = "liabilities: their sum is over every bound";
    if (value->why)
        return;
    value->value = day->sum;
    if (day->line_count == 0)
        value->source = "no clients' coins are kept and nothing was declared";
    else if (day->line_count == 1)
        value->source = day->newest->source;
    else
        value->source =
            term_text(owed->walk, "%s; %zu lines", day->newest->source, day->line_count);
}

static void entities_add(struct owed_walk *owed)
{
    size_t at = 0;
    for (size_t i = 0; i < owed->book->entity_count; i++) {
        size_t first = at;
        while (at < owed->client_count && owed->book->wallets[owed->clients[at]].entity == i)
            at++;
        owed->entity = &owed->book->entities[i];
        if (perimeter_has_entity(owed->walk->perimeter, owed->entity))
            entity_add(owed, owed->clients + first, at - first);
    }
}

void term_liabilities(const struct term_walk *walk)
{
    static const struct limits_records none;
    const struct limits_records *records =
        walk->knowledge->liabilities ? walk->knowledge->liabilities : &none;
    struct arena scratch = {0};
    struct owed_walk owed = {
        .walk = walk,
        .book = ledger_book(walk->knowledge->ledger),
        .lines = records->list,
        .line_count = records->count,
        .first_known = arena_alloc(&scratch, records->count + 1, sizeof *owed.first_known),
        .days = arena_alloc(&scratch, walk->count + 1, sizeof *owed.days),
        .newest_day = arena_alloc(&scratch, walk->count + 1, sizeof *owed.newest_day),
        .keeps = arena_alloc(&scratch, walk->count + 1, sizeof *owed.keeps)};
    for (size_t i = 0; i < walk->count; i++)
        owed.days[i].sum = amount_zero();
    clients_find(&owed, &scratch);
    entities_add(&owed);
    for (size_t i = 0; i < walk->count; i++)
        owed_value(&owed, i);
    arena_free(&scratch);
}
