/* `sanad position`: what is held after a block, by wallet and class. */
#include "cmd/cmd.h"

static void head_show(const struct position *position, const struct screen *screen)
{
    char hash[HEX256_SIZE];
    char book[HEX256_SIZE];
    char time[TIME_TEXT_SIZE];
    char median[TIME_TEXT_SIZE];
    hash256_display(hash, &position->as_of.hash);
    hash256_straight(book, &position->book->sha256);
    time_format(time, position->as_of.time);
    if (position->median_unknown)
        (void)snprintf(median, sizeof median, "not known");
    else
        time_format(median, position->as_of.median_time);
    screen_line(screen, STYLE_HEAD, "Position of %s on %s after block %u", position->book->nation,
                position->params->name, position->as_of.height);
    screen_line(screen, STYLE_PLAIN, "  block    %s", hash);
    screen_line(screen, STYLE_PLAIN, "  time     %s (median-time-past %s)", time, median);
    screen_line(screen, STYLE_PLAIN, "  grade    %s%s", grade_name(position->grade),
                position->complete ? "" : ", NOT COMPLETE");
    screen_line(screen, STYLE_PLAIN, "  book     %s", book);
    for (size_t i = 0; i < position->missing_count; i++)
        screen_line(screen, STYLE_UNSURE, "  missing  %s", position->missing[i]);
}

static void wallets_show(const struct position *position, const struct screen *screen)
{
    struct table *table = table_new();
    char balance[AMOUNT_TEXT_SIZE];
    table_column(table, "wallet", ALIGN_LEFT);
    table_column(table, "entity", ALIGN_LEFT);
    table_column(table, "class", ALIGN_LEFT);
    table_column(table, "control", ALIGN_LEFT);
    table_column(table, "balance BTC", ALIGN_RIGHT);
    table_column(table, "coins", ALIGN_RIGHT);
    for (size_t i = 0; i < position->wallet_count; i++) {
        const struct wallet_position *held = &position->wallets[i];
        const struct wallet *wallet = &position->book->wallets[held->wallet];
        amount_format_grouped(balance, held->balance, 8);
        table_cell(table, "%s", wallet->id);
        table_cell(table, "%s", position->book->entities[wallet->entity].id);
        table_cell(table, "%s", wallet_class_name(wallet->class_));
        table_cell(table, "%s", screen_control(wallet->control));
        table_cell(table, "%s", balance);
        table_cell(table, "%zu", held->coin_count);
    }
    table_print(table, screen);
    table_free(table);
}

/* How the keys are used: how much hangs on one script, and how much on keys that are shown. */
static void keys_show(const struct position *position, const struct screen *screen)
{
    struct table *table = table_new();
    char largest[AMOUNT_TEXT_SIZE];
    char exposed[AMOUNT_TEXT_SIZE];
    table_column(table, "wallet", ALIGN_LEFT);
    table_column(table, "scripts", ALIGN_RIGHT);
    table_column(table, "largest script BTC", ALIGN_RIGHT);
    table_column(table, "key exposed BTC", ALIGN_RIGHT);
    for (size_t i = 0; i < position->wallet_count; i++) {
        const struct wallet_position *held = &position->wallets[i];
        if (held->coin_count == 0)
            continue;
        amount_format_grouped(largest, held->largest_script, 8);
        amount_format_grouped(exposed, held->exposed_key, 8);
        table_cell(table, "%s", position->book->wallets[held->wallet].id);
        table_cell(table, "%zu", held->script_count);
        table_cell(table, "%s", largest);
        table_cell(table, "%s", exposed);
    }
    table_print(table, screen);
    table_free(table);
}

static void totals_show(const struct position *position, const struct screen *screen)
{
    struct table *table = table_new();
    char text[AMOUNT_TEXT_SIZE];
    table_column(table, "sum", ALIGN_LEFT);
    table_column(table, "BTC", ALIGN_RIGHT);
    for (size_t i = 0; i < WALLET_CLASS_COUNT; i++) {
        if (!position->has_class[i])
            continue;
        amount_format_grouped(text, position->by_class[i], 8);
        if (i == WALLET_RESERVE)
            table_row_style(table, STYLE_HEAD);
        table_cell(table, "class %s", wallet_class_name((enum wallet_class)i));
        table_cell(table, "%s", text);
    }
    const struct {
        const char *name;
        struct amount value;
    } sums[] = {{"all wallets", position->total},
                {"of which public", position->public_part},
                {"of which restricted", position->restricted_part},
                {"of which immature", position->immature},
                {"of which key exposed", position->exposed_key}};
    for (size_t i = 0; i < countof(sums); i++) {
        amount_format_grouped(text, sums[i].value, 8);
        table_cell(table, "%s", sums[i].name);
        table_cell(table, "%s", text);
    }
    table_print(table, screen);
    table_free(table);
}

static void value_show(const struct position *position, const struct screen *screen)
{
    const struct valuation *value = &position->value;
    unsigned decimals = currency_decimals(value->currency ? value->currency : "USD");
    char amount[AMOUNT_TEXT_SIZE];
    char price[AMOUNT_TEXT_SIZE];
    char time[TIME_TEXT_SIZE];
    if (value->any) {
        amount_format_grouped(amount, value->amount, decimals);
        amount_format_grouped(price, amount_of(value->price_minor_per_btc), decimals);
        time_format(time, value->price_time);
        screen_line(screen, STYLE_PLAIN, "All wallets are worth %s %s at %s %s a BTC (%s)", amount,
                    value->currency, price, value->currency, time);
    } else if (value->why_not[0]) {
        screen_line(screen, STYLE_UNSURE, "No value: %s", value->why_not);
    }
    for (size_t i = 0; i < value->source_count; i++)
        screen_line(screen, STYLE_FAINT, "  price source %s", value->sources[i]);
    for (size_t i = 0; i < value->dropped_count; i++)
        screen_line(screen, STYLE_FAINT, "  price source not used: %s", value->dropped[i]);
}

static int position_show(const struct position *position, bool book_approved, struct err *err)
{
    (void)err;
    struct screen screen = screen_stdout(position->book->simulated);
    head_show(position, &screen);
    if (!book_approved)
        screen_line(&screen, STYLE_UNSURE,
                    "  note     nobody has approved this version of the book");
    screen_line(&screen, STYLE_PLAIN, "%s", "");
    wallets_show(position, &screen);
    screen_line(&screen, STYLE_PLAIN, "%s", "");
    keys_show(position, &screen);
    screen_line(&screen, STYLE_PLAIN, "%s", "");
    totals_show(position, &screen);
    value_show(position, &screen);
    screen_line(&screen, STYLE_FAINT, "%s for the declared scripts only; it says nothing",
                position->complete ? "Complete" : "Not complete, and");
    screen_line(&screen, STYLE_FAINT, "of undeclared wallets or of who holds the keys.");
    return 0;
}

static int position_value(struct position *position, struct price_table *prices,
                          struct cmd_context *context, const struct cmd_args *args, struct err *err)
{
    const char *wanted = cmd_value(args, "--currency");
    const char *currency = wanted ? wanted : position->book->currency;
    int code = cmd_prices(prices, context, args, currency, err);
    if (code == 0 && (prices->count > 0 || wanted || cmd_value(args, "--prices")))
        valuation_make(&position->value, prices, position->as_of.time, position->total);
    return code;
}

static int position_verb(const struct cmd_args *args, struct err *err)
{
    struct cmd_holding held = {0};
    struct price_table prices = {0};
    int code = cmd_holding_open(&held, args, err);
    if (code == 0)
        code = position_value(&held.position, &prices, &held.context, args, err);
    if (code == 0)
        code = cmd_flag(args, "--json")
                   ? cmd_print_json(position_json(&held.position), err)
                   : position_show(&held.position, held.context.book_approved, err);
    if (code == 0 && !held.position.complete)
        code = cmd_answer(SANAD_MISSING, err);
    prices_free(&prices);
    cmd_holding_close(&held);
    return code;
}

static const struct cmd_option options[] = {
    {"--at", "HEIGHT|DATE", "after which block; the tip of the scan where left out"},
    {"--prices", "FILE", "prices as CSV; the register's where left out"},
    {"--currency", "CUR", "currency of the value; the book's where left out"},
    {"--with-book", "FILE", "adds the wallets of a candidate book, without declaring it"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_position = {
    .name = "position",
    .summary = "what is held, by wallet and class, at any height or date",
    .usage = "--store FILE [--at HEIGHT|DATE] [--prices FILE] [--currency CUR] [--with-book FILE]",
    .options = options,
    .run = position_verb,
};
