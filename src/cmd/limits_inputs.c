/* What the verbs of a programme open: the programme, and all that its values depend on, as known
 * now and as known at any earlier time. */
#include "cmd/cmd.h"

#include <stdlib.h>

/* A version of the book with its ledger up to the tip. */
struct book_view {
    struct book *book;
    struct ledger *ledger;
    struct flows flows;
    struct book_view *next;
};
struct cmd_limits {
    struct cmd_context context;
    struct programme *programme;
    struct limits_meanings meanings;
    struct limits_records liabilities;
    struct limits_records *series;
    size_t series_count;
    struct price_table prices;
    struct book_view *views;
    struct book_view *empty; /* where the nation has declared no book */
    int64_t day;
    int64_t tip_day;
    struct limits_knowledge now;
    struct limits_knowledge then; /* the last answer of the history */
    struct limits_history history;
    struct arena arena;
};

struct cmd_context *cmd_limits_context(struct cmd_limits *limits)
{
    return &limits->context;
}

const struct limits_knowledge *cmd_limits_now(const struct cmd_limits *limits)
{
    return &limits->now;
}

const struct limits_history *cmd_limits_history(const struct cmd_limits *limits)
{
    return &limits->history;
}

int64_t cmd_limits_day(const struct cmd_limits *limits)
{
    return limits->day;
}

bool cmd_limits_is_past(const struct cmd_limits *limits)
{
    return limits->day < limits->tip_day;
}

/* ---- books as known ------------------------------------------------------------------------- */

static int view_new(struct book_view **ret_view, struct cmd_limits *limits, struct bytes text,
                    struct err *err)
{
    struct book_view *view = mem_zalloc(1, sizeof *view);
    uint32_t tip = limits->context.state.tip_height;
    struct flows_options options = {.from = facts_first_read(&limits->context.state), .to = tip};
    int code = book_read(&view->book, store_name(limits->context.store), text,
                         limits->context.params, err);
    if (code == 0)
        code = ledger_new(&view->ledger, limits->context.facts, view->book, tip, err);
    if (code == 0)
        code = flows_make(&view->flows, view->ledger, &options, err);
    if (code) {
        ledger_free(view->ledger);
        book_free(view->book);
        free(view);
        return code;
    }
    view->next = limits->views;
    limits->views = view;
    *ret_view = view;
    return 0;
}

static int view_at(struct book_view **ret_view, struct cmd_limits *limits, int64_t known,
                   struct err *err)
{
    struct register_book entry;
    struct bytes text;
    struct arena arena = {0};
    int code = register_book_as_known(limits->context.registry, &entry, &text,
                                      limits->programme->nation, known, &arena, err);
    struct book_view *view = limits->views;
    while (code == 0 && view && !hash256_equal(&view->book->sha256, &entry.sha256))
        view = view->next;
    if (code == 0 && !view)
        code = view_new(&view, limits, text, err);
    if (code == 0)
        *ret_view = view;
    arena_free(&arena);
    return code;
}

/* Reserves, arrears and the like need no book: without one all that does is unknown. */
static int view_empty(struct book_view **ret_view, struct cmd_limits *limits, struct err *err)
{
    struct buf text = buf_with_max(256);
    buf_format(&text, "{\"nation\":\"%s\",\"currency\":\"USD\",\"simulated\":%s,",
               limits->programme->nation, limits->programme->simulated ? "true" : "false");
    buf_text(&text, "\"entities\":[],\"wallets\":[]}");
    int code = view_new(&limits->empty, limits, buf_bytes(&text), err);
    if (code == 0)
        *ret_view = limits->empty;
    buf_free(&text);
    return code;
}

static int knowledge_at(const struct limits_knowledge **ret_knowledge, void *context, int64_t known,
                        struct err *err)
{
    struct cmd_limits *limits = context;
    struct book_view *view;
    int64_t last = limits->now.known;
    int64_t when = known < last ? known : last;
    view = limits->empty;
    int code = view ? 0 : view_at(&view, limits, when, err);
    if (code)
        return code;
    limits->then = limits->now;
    limits->then.known = when;
    limits->then.ledger = view->ledger;
    limits->then.flows = &view->flows;
    *ret_knowledge = &limits->then;
    return 0;
}

/* ---- declared inputs ------------------------------------------------------------------------- */

static int programme_registered(struct cmd_limits *limits, int64_t known, const char *nation,
                                struct err *err)
{
    struct register_query asked = {.kind = "programme", .nation = nation, .known = known};
    struct record *records;
    size_t count;
    int code =
        register_as_known(limits->context.registry, &records, &count, &asked, &limits->arena, err);
    if (code)
        return code;
    if (count != 1)
        return err_set(err, SANAD_USAGE,
                       "limits: %zu programmes are on the register; give one "
                       "with --programme",
                       count);
    json_t *body = NULL;
    struct buf text = buf_with_max(PROGRAMME_SIZE_MAX);
    code = json_read(&body, "register", bytes_of_text(records[0].body), REGISTER_BODY_MAX, err);
    if (code == 0)
        code = json_canonical(&text, json_object_get(body, "programme"), err);
    if (code == 0)
        code = programme_read(&limits->programme, "register programme", buf_bytes(&text), err);
    buf_free(&text);
    json_decref(body);
    return code;
}

static int programme_open(struct cmd_limits *limits, const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--programme");
    const char *nation = cmd_value(args, "--nation");
    int64_t known;
    int code = cmd_as_known(&known, args, err);
    if (code == 0)
        code = path ? programme_read_file(&limits->programme, path, err)
                    : programme_registered(limits, known, nation, err);
    if (code == 0 && nation && strcmp(nation, limits->programme->nation) != 0)
        code = err_set(err, SANAD_USAGE, "--nation: %s, but the programme is of %s", nation,
                       limits->programme->nation);
    return code;
}

/* A series of the programme, once each. */
static bool series_wanted(const struct programme *programme, const char *name, size_t name_size)
{
    for (size_t i = 0; i < programme->term_count; i++)
        if (programme->terms[i].kind == TERM_SERIES &&
            strlen(programme->terms[i].series) == name_size &&
            memcmp(programme->terms[i].series, name, name_size) == 0)
            return true;
    return false;
}

static bool series_known(const struct cmd_limits *limits, const char *name)
{
    for (size_t i = 0; i < limits->series_count; i++)
        if (strcmp(limits->series[i].name, name) == 0)
            return true;
    return false;
}

static int series_file(struct cmd_limits *limits, const char *text, struct err *err)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || !equals[1])
        return err_set(err, SANAD_USAGE, "--series: %s: must be NAME=FILE", text);
    char *name = arena_alloc(&limits->arena, (size_t)(equals - text) + 1, 1);
    memcpy(name, text, (size_t)(equals - text));
    if (series_known(limits, name))
        return err_set(err, SANAD_REFUSED, "--series: two series of the name %s", name);
    if (!series_wanted(limits->programme, name, strlen(name)) && strcmp(name, "reserves") != 0)
        return err_set(err, SANAD_REFUSED, "--series: no term of %s names a series %s",
                       limits->programme->id, name);
    int code = series_read_file(&limits->series[limits->series_count], name, equals + 1, err);
    limits->series_count += code == 0;
    return code;
}

static int series_register(struct cmd_limits *limits, const char *name, struct err *err)
{
    struct limits_records *series = &limits->series[limits->series_count];
    if (series_known(limits, name))
        return 0;
    int code = series_from_register(series, limits->context.registry, limits->programme->nation,
                                    name, err);
    if (code == 0 && series->count == 0)
        limits_records_free(series);
    else
        limits->series_count += code == 0;
    return code;
}

static int series_open(struct cmd_limits *limits, const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *given = cmd_values(args, "--series", &count);
    const struct programme *programme = limits->programme;
    int code = 0;
    limits->series = mem_zalloc(count + programme->term_count + 1, sizeof *limits->series);
    for (size_t i = 0; i < count && code == 0; i++)
        code = series_file(limits, given[i], err);
    for (size_t i = 0; i < programme->term_count && code == 0; i++)
        if (programme->terms[i].kind == TERM_SERIES)
            code = series_register(limits, programme->terms[i].series, err);
    return code ? code : series_register(limits, "reserves", err); /* for shares of a loss */
}

static int declared_open(struct cmd_limits *limits, const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--liabilities");
    const char *nation = limits->programme->nation;
    struct registry *registry = limits->context.registry;
    int code = limits_meanings_read(&limits->meanings, registry, nation, err);
    if (code == 0)
        code = path ? liabilities_read_file(&limits->liabilities, path, err)
                    : liabilities_from_register(&limits->liabilities, registry, nation, err);
    return code ? code : series_open(limits, args, err);
}

static const char *market_currency(const struct expr *expr)
{
    const char *currency = NULL;
    if (expr->op == EXPR_CONVERT && expr->rate == RATE_MARKET)
        return expr->unit.name;
    for (size_t i = 0; i < expr->child_count && !currency; i++)
        currency = market_currency(&expr->children[i]);
    return currency;
}

/* The currency that quantities are converted to; the book's where none is. */
static const char *price_currency(const struct cmd_limits *limits, const struct book *book)
{
    const struct programme *programme = limits->programme;
    const char *currency = NULL;
    for (size_t v = 0; v < programme->version_count; v++)
        for (size_t i = 0; i < programme->versions[v].criterion_count && !currency; i++)
            if (programme->versions[v].criteria[i].has_quantity)
                currency = market_currency(&programme->versions[v].criteria[i].quantity);
    return currency ? currency : book->currency;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static int day_pick(struct cmd_limits *limits, const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--at");
    limits->tip_day = programme_day_of(limits->programme, limits->context.state.tip_median_time);
    limits->day = limits->tip_day;
    if (text && date_parse(&limits->day, text, NULL) != 0)
        return err_set(err, SANAD_USAGE, "--at: %s: not a date (YYYY-MM-DD)", text);
    return 0;
}

static int knowledge_fill(struct cmd_limits *limits, const struct cmd_args *args, struct err *err)
{
    int64_t known;
    struct book_view *view;
    int code = cmd_as_known(&known, args, err);
    if (code == 0)
        code = view_at(&view, limits, known, err);
    if (code == SANAD_MISSING)
        code = view_empty(&view, limits, err);
    if (code == 0 && !limits->empty)
        code = programme_fits(limits->programme, view->book, err);
    if (code == 0)
        code = cmd_prices(&limits->prices, &limits->context, args,
                          price_currency(limits, view->book), err);
    if (code)
        return code;
    limits->now =
        (struct limits_knowledge){.programme = limits->programme,
                                  .known = known,
                                  .ledger = view->ledger,
                                  .no_book = limits->empty != NULL,
                                  .flows = &view->flows,
                                  .meanings = &limits->meanings,
                                  .liabilities = &limits->liabilities,
                                  .series = limits->series,
                                  .series_count = limits->series_count,
                                  .prices = limits->prices.count ? &limits->prices : NULL};
    limits->history = (struct limits_history){.context = limits, .at = knowledge_at};
    return 0;
}

int cmd_limits_open(struct cmd_limits **ret_limits, const struct cmd_args *args, struct err *err)
{
    struct cmd_limits *limits = mem_zalloc(1, sizeof *limits);
    int code = cmd_context_open(&limits->context, args, err);
    if (code == 0)
        code = programme_open(limits, args, err);
    if (code == 0)
        code = day_pick(limits, args, err);
    if (code == 0)
        code = declared_open(limits, args, err);
    if (code == 0)
        code = knowledge_fill(limits, args, err);
    if (code)
        cmd_limits_close(limits);
    else
        *ret_limits = limits;
    return code;
}

void cmd_limits_close(struct cmd_limits *limits)
{
    if (!limits)
        return;
    while (limits->views) {
        struct book_view *view = limits->views;
        limits->views = view->next;
        flows_free(&view->flows);
        ledger_free(view->ledger);
        book_free(view->book);
        free(view);
    }
    for (size_t i = 0; i < limits->series_count; i++)
        limits_records_free(&limits->series[i]);
    free(limits->series);
    limits_records_free(&limits->liabilities);
    limits_meanings_free(&limits->meanings);
    prices_free(&limits->prices);
    programme_free(limits->programme);
    cmd_context_close(&limits->context);
    arena_free(&limits->arena);
    free(limits);
}
