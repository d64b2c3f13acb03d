/* Claims of figures: read from a file, held against the chain and against prices. A claim is
 * never data; where nothing can decide it, the verdict says so. */
#include "reserve/reserve_priv.h"

#include <stdarg.h>
#include <stdlib.h>

enum { CLAIMS_FILE_MAX = 64 << 20, CLAIMS_ROW_MAX = 10000, DAY_SECONDS = 86400 };

static const char *const column_names[] = {"id",       "nation",  "publisher", "date",
                                           "quantity", "printed", "unit",      "rounding",
                                           "relation", "of",      "source",    "note"};
enum claim_column {
    COLUMN_ID,
    COLUMN_NATION,
    COLUMN_PUBLISHER,
    COLUMN_DATE,
    COLUMN_QUANTITY,
    COLUMN_PRINTED,
    COLUMN_UNIT,
    COLUMN_ROUNDING,
    COLUMN_RELATION,
    COLUMN_OF,
    COLUMN_SOURCE,
    COLUMN_NOTE,
    COLUMN_COUNT
};

/* Decimals of a unit's smallest part; false where the unit is no number's. */
static bool unit_decimals(unsigned *ret, const char *unit)
{
    if (strcmp(unit, "text") == 0)
        return false;
    if (strcmp(unit, "BTC") == 0)
        *ret = 8;
    else if (strcmp(unit, "percent") == 0)
        *ret = 2;
    else if (strlen(unit) == 3 && unit[0] >= 'A' && unit[0] <= 'Z')
        *ret = currency_decimals(unit);
    else
        *ret = 0;
    return true;
}

static int claim_fill(struct claim *claim, char *const *fields, struct err *err)
{
    int code = date_parse(&claim->day, claim->date, err);
    for (size_t i = 0; i < COLUMN_COUNT && code == 0; i++)
        if (!text_is_clean(fields[i]))
            code =
                err_set(err, SANAD_REFUSED, "column \"%s\": control characters", column_names[i]);
    if (code)
        return code;
    if (!*claim->id || !*claim->publisher || !*claim->source)
        return err_set(err, SANAD_REFUSED, "a claim needs an id, a publisher and a source");
    claim->figure = claim->rounding = amount_unknown();
    if (!unit_decimals(&claim->decimals, claim->unit))
        return 0;
    code = amount_parse(&claim->figure, claim->printed, claim->decimals, err);
    if (code == 0)
        code = amount_parse(&claim->rounding, fields[COLUMN_ROUNDING], claim->decimals, err);
    if (code == 0 && amount_compare(claim->rounding, amount_zero()) <= 0)
        code = err_set(err, SANAD_REFUSED, "rounding must be above zero");
    if (code == 0 && (!amount_is_known(amount_add(claim->figure, claim->rounding)) ||
                      !amount_is_known(amount_sub(claim->figure, claim->rounding))))
        code =
            err_set(err, SANAD_REFUSED, "\"%.40s\": figure or rounding too large", claim->printed);
    return code;
}

static int claim_row(struct claims *claims, const struct csv *csv, size_t row, const int *columns,
                     struct err *err)
{
    char *fields[COLUMN_COUNT];
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        fields[i] = arena_strdup(&claims->arena, csv->rows[row][columns[i]]);
    struct claim *claim = &claims->list[claims->count];
    *claim = (struct claim){.id = fields[COLUMN_ID],
                            .nation = fields[COLUMN_NATION],
                            .publisher = fields[COLUMN_PUBLISHER],
                            .date = fields[COLUMN_DATE],
                            .quantity = fields[COLUMN_QUANTITY],
                            .printed = fields[COLUMN_PRINTED],
                            .unit = fields[COLUMN_UNIT],
                            .relation = fields[COLUMN_RELATION],
                            .of = fields[COLUMN_OF],
                            .source = fields[COLUMN_SOURCE],
                            .note = fields[COLUMN_NOTE]};
    int code = claim_fill(claim, fields, err);
    for (size_t i = 0; i < claims->count && code == 0; i++)
        if (strcmp(claims->list[i].id, claim->id) == 0)
            code = err_set(err, SANAD_REFUSED, "id \"%s\" stands twice", claim->id);
    if (code == 0)
        claims->count++;
    return code;
}

static const struct claim *claim_find(const struct claims *claims, const char *id)
{
    for (size_t i = 0; i < claims->count; i++)
        if (strcmp(claims->list[i].id, id) == 0)
            return &claims->list[i];
    return NULL;
}

/* "value-of" is the one relation: a sum of money and the coins that it is the value of. */
static int relations_check(const struct claims *claims, const char *object, struct err *err)
{
    for (size_t i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->list[i];
        if (!*claim->relation && !*claim->of)
            continue;
        const struct claim *of = claim_find(claims, claim->of);
        if (strcmp(claim->relation, "value-of") != 0 || !of || strcmp(of->unit, "BTC") != 0)
            return err_set(err, SANAD_REFUSED,
                           "%s: claim %s: the relation must be value-of and name a claim in BTC",
                           object, claim->id);
    }
    return 0;
}

static int claims_fill(struct claims *claims, const struct csv *csv, const char *object,
                       struct err *err)
{
    int columns[COLUMN_COUNT];
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        columns[i] = csv_column(csv, column_names[i]);
        if (columns[i] < 0)
            return err_set(err, SANAD_REFUSED, "%s: no column \"%s\"", object, column_names[i]);
    }
    if (csv->row_count > CLAIMS_ROW_MAX)
        return err_set(err, SANAD_REFUSED, "%s: more than %d claims", object, CLAIMS_ROW_MAX);
    claims->list = arena_alloc(&claims->arena, csv->row_count + 1, sizeof *claims->list);
    claims->verdicts = arena_alloc(&claims->arena, csv->row_count + 1, sizeof *claims->verdicts);
    for (size_t row = 0; row < csv->row_count; row++)
        if (claim_row(claims, csv, row, columns, err) != 0)
            return err_wrap(err, "%s: line %zu", object, csv->lines[row]);
    return relations_check(claims, object, err);
}

int claims_read(struct claims *ret_claims, const char *object, struct bytes text, struct err *err)
{
    struct csv csv;
    struct claims claims = {0};
    int code = csv_read(&csv, object, text, err);
    if (code)
        return code;
    code = claims_fill(&claims, &csv, object, err);
    csv_free(&csv);
    if (code)
        claims_free(&claims);
    else
        *ret_claims = claims;
    return code;
}

int claims_read_file(struct claims *ret_claims, const char *path, struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, CLAIMS_FILE_MAX, err);
    if (code)
        return code;
    code = claims_read(ret_claims, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

void claims_free(struct claims *claims)
{
    arena_free(&claims->arena);
    *claims = (struct claims){0};
}

/* ---- verdicts ------------------------------------------------------------------------------- */

static void decide(struct claim_verdict *verdict, const char *word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void decide(struct claim_verdict *verdict, const char *word, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(verdict->detail, sizeof verdict->detail, format, args);
    va_end(args);
    verdict->verdict = word;
}

/* The printed figure stands for all figures that round to it. */
static void figure_interval(struct amount *ret_low, struct amount *ret_high,
                            const struct claim *claim)
{
    struct amount half = amount_mul_div(claim->rounding, 1, 2);
    *ret_low = amount_sub(claim->figure, half);
    *ret_high = amount_add(claim->figure, half);
}

static bool intervals_meet(struct amount low, struct amount high, struct amount other_low,
                           struct amount other_high)
{
    return amount_compare(low, other_high) <= 0 && amount_compare(other_low, high) <= 0;
}

/* What a claim of coins is held against. */
struct claim_chain {
    struct facts *facts;
    const struct ledger *ledger; /* to the tip; NULL: no chain */
    const char *why_not;         /* where there is no ledger */
};

static struct amount point_balance(const struct balance_point *point, bool reserve)
{
    return reserve ? point->reserve : point->total;
}

/* Lowest and highest balance from the block before `first` to `last`. */
static void day_range(struct claim_verdict *verdict, const struct ledger *ledger, bool reserve,
                      uint32_t before, uint32_t last)
{
    size_t count;
    const struct balance_point *points = ledger_series(ledger, &count);
    struct amount now = amount_zero();
    size_t i = 0;
    for (; i < count && points[i].height <= before; i++)
        now = point_balance(&points[i], reserve);
    verdict->low = verdict->high = now;
    for (; i < count && points[i].height <= last; i++) {
        now = point_balance(&points[i], reserve);
        verdict->low = amount_min(verdict->low, now);
        verdict->high = amount_max(verdict->high, now);
    }
}

/* The blocks of a day: *ret_before is the last of the day before. False: not all scanned. */
static bool day_blocks(uint32_t *ret_before, uint32_t *ret_last, const struct claim_chain *chain,
                       int64_t day)
{
    struct fact_block before;
    struct fact_block last;
    int64_t end = day + DAY_SECONDS - 1;
    if (chain->ledger->state.tip_median_time <= end ||
        facts_block_by_time(&last, chain->facts, end, NULL) != 0 ||
        facts_block_by_time(&before, chain->facts, day - 1, NULL) != 0)
        return false;
    *ret_before = before.height;
    *ret_last = last.height;
    return true;
}

static void check_coins(struct claim_verdict *verdict, const struct claim *claim,
                        const struct claim_chain *chain)
{
    uint32_t before;
    uint32_t last;
    struct amount low;
    struct amount high;
    char low_text[AMOUNT_TEXT_SIZE];
    char high_text[AMOUNT_TEXT_SIZE];
    if (!chain->ledger) {
        decide(verdict, "undecided", "%s", chain->why_not);
        return;
    }
    if (strcmp(claim->nation, chain->ledger->book->nation) != 0) {
        decide(verdict, "undecided", "the store's book is of another nation");
        return;
    }
    if (!day_blocks(&before, &last, chain, claim->day)) {
        decide(verdict, "undecided", "the scan does not hold the blocks of that day");
        return;
    }
    day_range(verdict, chain->ledger, strcmp(claim->quantity, "reserve") == 0, before, last);
    figure_interval(&low, &high, claim);
    amount_format_grouped(low_text, verdict->low, 8);
    amount_format_grouped(high_text, verdict->high, 8);
    bool meets = intervals_meet(low, high, verdict->low, verdict->high);
    decide(verdict, meets ? "consistent" : "contradicted",
           "declared scripts held %s to %s BTC in blocks %u to %u", low_text, high_text, before,
           last);
}

/* Lowest and highest price of any source on that day. */
static bool day_prices(int64_t *ret_low, int64_t *ret_high, const struct price_table *prices,
                       int64_t day)
{
    bool any = false;
    for (size_t i = 0; i < prices->count; i++) {
        const struct price_point *point = &prices->points[i];
        if (point->time < day || point->time >= day + DAY_SECONDS)
            continue;
        int64_t price = point->price_minor_per_btc;
        *ret_low = any && *ret_low < price ? *ret_low : price;
        *ret_high = any && *ret_high > price ? *ret_high : price;
        any = true;
    }
    return any;
}

/* A sum of money over coins implies a price: was there one that day? */
static void check_value(struct claim_verdict *verdict, const struct claim *claim,
                        const struct claim *of, const struct price_table *prices)
{
    struct amount low, high, coins_low, coins_high;
    int64_t price_low = 0;
    int64_t price_high = 0;
    char text[4][AMOUNT_TEXT_SIZE];
    figure_interval(&low, &high, claim);
    figure_interval(&coins_low, &coins_high, of);
    if (!amount_is_known(coins_low) || amount_compare(coins_low, amount_zero()) <= 0) {
        decide(verdict, "undecided", "no coins to divide by");
        return;
    }
    struct amount implied_low = amount_mul_div(low, SAT_PER_BTC, amount_minor(coins_high));
    struct amount implied_high = amount_mul_div(high, SAT_PER_BTC, amount_minor(coins_low));
    amount_format_grouped(text[0], implied_low, claim->decimals);
    amount_format_grouped(text[1], implied_high, claim->decimals);
    bool known = prices && strcmp(prices->currency, claim->unit) == 0 &&
                 day_prices(&price_low, &price_high, prices, claim->day);
    if (!known || !amount_is_known(implied_low) || !amount_is_known(implied_high)) {
        decide(verdict, "undecided", "implies %s to %s %s a BTC; no price of that day at hand",
               text[0], text[1], claim->unit);
        return;
    }
    amount_format_grouped(text[2], amount_of(price_low), claim->decimals);
    amount_format_grouped(text[3], amount_of(price_high), claim->decimals);
    bool meets =
        intervals_meet(implied_low, implied_high, amount_of(price_low), amount_of(price_high));
    decide(verdict, meets ? "consistent" : "contradicted",
           "implies %s to %s %s a BTC; that day's prices: %s to %s", text[0], text[1], claim->unit,
           text[2], text[3]);
}

static bool is_coin_balance(const struct claim *claim)
{
    return strcmp(claim->unit, "BTC") == 0 &&
           (strcmp(claim->quantity, "reserve") == 0 || strcmp(claim->quantity, "total") == 0);
}

static void check_one(struct claim_verdict *verdict, const struct claims *claims,
                      const struct claim *claim, const struct claim_chain *chain,
                      const struct price_table *prices)
{
    *verdict = (struct claim_verdict){.low = amount_unknown(), .high = amount_unknown()};
    if (is_coin_balance(claim))
        check_coins(verdict, claim, chain);
    else if (*claim->relation)
        check_value(verdict, claim, claim_find(claims, claim->of), prices);
    else
        decide(verdict, "undecided", "no chain can show this; it stays a claim with its source");
}

/* Why a store cannot decide claims about a nation; NULL where it can. */
static const char *why_no_chain(const struct facts_state *state, const struct book *book)
{
    if (book->simulated)
        return "the store's book is of a simulated nation";
    if (!state->any)
        return "no chain at hand: nothing was scanned";
    if (state->anchored && state->first_height > 0)
        return "the scan does not begin at the first block";
    return NULL;
}

int claims_check(struct claims *claims, struct facts *facts, const struct book *book,
                 const struct price_table *prices, struct err *err)
{
    struct claim_chain chain = {.facts = facts, .why_not = "no chain at hand"};
    struct facts_state state;
    struct ledger *ledger = NULL;
    int code = 0;
    if (facts && book) {
        code = facts_state_get(&state, facts, err);
        chain.why_not = code == 0 ? why_no_chain(&state, book) : NULL;
        if (code == 0 && !chain.why_not)
            code = ledger_new(&ledger, facts, book, state.tip_height, err);
        if (code == 0 && ledger && ledger->incomplete_scripts)
            chain.why_not = "the scan has not looked for every script of the book";
        else
            chain.ledger = ledger;
    }
    for (size_t i = 0; i < claims->count && code == 0; i++)
        check_one(&claims->verdicts[i], claims, &claims->list[i], &chain, prices);
    ledger_free(ledger);
    return code;
}

static json_t *claim_json(const struct claim *claim, const struct claim_verdict *verdict)
{
    json_t *json = json_object();
    json_object_set_new(json, "id", json_string(claim->id));
    json_object_set_new(json, "nation", json_string(claim->nation));
    json_object_set_new(json, "publisher", json_string(claim->publisher));
    json_object_set_new(json, "date", json_string(claim->date));
    json_object_set_new(json, "quantity", json_string(claim->quantity));
    json_object_set_new(json, "printed", json_string(claim->printed));
    json_object_set_new(json, "unit", json_string(claim->unit));
    json_object_set_new(json, "low_sat", amount_json(verdict->low));
    json_object_set_new(json, "high_sat", amount_json(verdict->high));
    json_object_set_new(json, "verdict", json_string(verdict->verdict));
    json_object_set_new(json, "detail", json_string(verdict->detail));
    json_object_set_new(json, "source", json_string(claim->source));
    json_object_set_new(json, "note", json_string(claim->note));
    return json;
}

json_t *claims_json(const struct claims *claims)
{
    json_t *list = json_array();
    for (size_t i = 0; i < claims->count; i++)
        json_array_append_new(list, claim_json(&claims->list[i], &claims->verdicts[i]));
    json_t *json = json_object();
    json_object_set_new(json, "claims", list);
    return json;
}
