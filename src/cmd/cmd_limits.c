/* `sanad limits`: is the programme kept? Each criterion's value, limit, headroom, verdict and why;
 * before signing, what a payment would change; and what a fall of the price would cost. */
#include "cmd/cmd.h"

#include <stdlib.h>

/* One run of the verb. */
struct limits_run {
    struct cmd_limits *limits;
    struct limits_options options;
    struct limits_result result;
    struct limits_result before; /* --what-if: the same day without the payment, and with it */
    struct limits_result after;
    bool has_result, has_before, has_after;
    struct psbt_effect effect;
    bool has_effect;
    struct limits_event event;
    struct limits_what_if what_if;
    struct stress_table stress;
    bool has_stress;
    struct arena arena;
};

static void run_free(struct limits_run *run)
{
    if (run->has_result)
        limits_result_free(&run->result);
    if (run->has_before)
        limits_result_free(&run->before);
    if (run->has_after)
        limits_result_free(&run->after);
    if (run->has_effect)
        psbt_effect_free(&run->effect);
    if (run->has_stress)
        stress_free(&run->stress);
    cmd_limits_close(run->limits);
    arena_free(&run->arena);
}

/* ---- options ----------------------------------------------------------------------------------
 */

static int daily_option(struct limits_options *options, const struct cmd_args *args,
                        struct err *err)
{
    const char *text = cmd_value(args, "--daily");
    const char *colon = text ? strchr(text, ':') : NULL;
    char from[11] = {0};
    if (!text)
        return 0;
    if (!colon || colon - text != 10)
        return err_set(err, SANAD_USAGE, "--daily: %s: not FROM:TO, two dates", text);
    memcpy(from, text, 10);
    if (date_parse(&options->daily_from, from, NULL) != 0 ||
        date_parse(&options->daily_to, colon + 1, NULL) != 0)
        return err_set(err, SANAD_USAGE, "--daily: %s: not FROM:TO, two dates", text);
    options->has_daily = true;
    return 0;
}

static int version_option(struct limits_options *options, const struct programme *programme,
                          const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--version");
    if (!text)
        return 0;
    options->version = programme_version_find(programme, text);
    return options->version
               ? 0
               : err_set(err, SANAD_USAGE, "--version: %s has no version %s", programme->id, text);
}

/* ---- what-if ------------------------------------------------------------------------------------
 */

static bool counts(const struct position *position, uint32_t wallet)
{
    for (size_t i = 0; i < position->wallet_count; i++)
        if (position->wallets[i].wallet == wallet)
            return true;
    return false;
}

/* --what-if-wallet, or the first wallet of class reserve that counts on the day. */
static int wallet_pick(uint32_t *ret_wallet, const struct limits_run *run,
                       const struct cmd_args *args, struct err *err)
{
    const struct ledger *ledger = cmd_limits_now(run->limits)->ledger;
    const struct book *book = ledger_book(ledger);
    const char *wanted = cmd_value(args, "--what-if-wallet");
    const struct limits_day *day = &run->result.as_of;
    struct position position;
    uint32_t wallet = UINT32_MAX;
    int code =
        position_make(&position, ledger, day->any ? day->height : ledger_height(ledger), err);
    if (code)
        return code;
    for (uint32_t i = 0; i < book->wallet_count && wallet == UINT32_MAX; i++)
        if (counts(&position, i) && (wanted ? strcmp(book->wallets[i].id, wanted) == 0
                                            : book->wallets[i].class_ == WALLET_RESERVE))
            wallet = i;
    position_free(&position);
    if (wallet == UINT32_MAX)
        return err_set(err, SANAD_USAGE, "--what-if: %s%s counts; name one with --what-if-wallet",
                       wanted ? "no wallet " : "no wallet of class reserve", wanted ? wanted : "");
    *ret_wallet = wallet;
    return 0;
}

static int what_if_amount(struct limits_run *run, const char *text, const struct cmd_args *args,
                          struct err *err)
{
    struct amount amount;
    struct err none;
    struct amount most = amount_of(AMOUNT_MONEY_MAX_SAT);
    if (amount_parse(&amount, text, 8, &none) != 0)
        return err_set(err, SANAD_USAGE, "--what-if: %s: neither a file nor an amount of BTC",
                       text);
    if (amount_compare(amount, most) > 0 || amount_compare(amount, amount_neg(most)) < 0)
        return err_set(err, SANAD_REFUSED, "--what-if: %s BTC: over 21 million", text);
    int code = wallet_pick(&run->event.wallet, run, args, err);
    run->event.delta = amount;
    run->what_if = (struct limits_what_if){
        .events = &run->event, .event_count = 1, .is_purchase = true, .is_external = true};
    return code;
}

static int what_if_psbt(struct limits_run *run, const char *path, struct err *err)
{
    struct buf file;
    struct psbt psbt;
    if (cmd_limits_is_past(run->limits))
        return err_set(err, SANAD_USAGE, "--what-if: a payment is made today; leave out --at");
    int code = file_read(&file, path, PSBT_SIZE_MAX, err);
    if (code)
        return code;
    struct bytes raw = arena_bytes(&run->arena, buf_bytes(&file));
    buf_free(&file);
    code = psbt_parse(&psbt, raw, &run->arena, err);
    if (code == 0)
        code = psbt_effect_make(&run->effect, cmd_limits_now(run->limits)->ledger, &psbt, err);
    if (code)
        return err_wrap(err, "%s", path);
    run->has_effect = true;
    run->what_if = (struct limits_what_if){.events = run->effect.events,
                                           .event_count = run->effect.event_count,
                                           .is_external = run->effect.is_external,
                                           .payment = &run->effect.payment};
    return 0;
}

static int what_if_run(struct limits_run *run, const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--what-if");
    if (!text)
        return 0;
    size_t size = strlen(text);
    bool is_file = file_exists(text) || (size > 5 && strcmp(text + size - 5, ".psbt") == 0);
    int code = is_file ? what_if_psbt(run, text, err) : what_if_amount(run, text, args, err);
    if (code)
        return code;
    static const struct limits_what_if nothing = {.events = NULL};
    struct limits_options options = run->options;
    options.has_daily = false;
    options.what_if = &nothing;
    code = limits_evaluate(&run->before, cmd_limits_now(run->limits), &options, err);
    run->has_before = code == 0;
    options.what_if = &run->what_if;
    if (code == 0)
        code = limits_evaluate(&run->after, cmd_limits_now(run->limits), &options, err);
    run->has_after = run->has_before && code == 0;
    return code;
}

/* Whether the payment breaks it, or makes a breach worse. */
static bool would_break(const struct limits_run *run, size_t criterion)
{
    const struct criterion_result *before = &run->before.criteria[criterion];
    const struct criterion_result *after = &run->after.criteria[criterion];
    return after->verdict == LIMITS_NOT_MET &&
           (before->verdict != LIMITS_NOT_MET ||
            (amount_is_known(after->headroom) && amount_is_known(before->headroom) &&
             amount_compare(after->headroom, before->headroom) < 0));
}

static json_t *what_if_json(const struct limits_run *run)
{
    json_t *json = json_object();
    json_t *events = json_array();
    json_t *criteria = json_array();
    for (size_t i = 0; i < run->what_if.event_count; i++)
        json_array_append_new(events,
                              json_pack("{s:s, s:o}", "wallet",
                                        run->result.book->wallets[run->what_if.events[i].wallet].id,
                                        "delta_sat", amount_json(run->what_if.events[i].delta)));
    for (size_t i = 0; i < run->after.criterion_count; i++) {
        const struct criterion_result *before = &run->before.criteria[i];
        const struct criterion_result *after = &run->after.criteria[i];
        json_array_append_new(
            criteria,
            json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:s, s:b}", "id", after->criterion->id,
                      "value_before", amount_json(before->value), "headroom_before",
                      amount_json(before->headroom), "verdict_before",
                      limits_verdict_name(before->verdict), "value", amount_json(after->value),
                      "headroom", amount_json(after->headroom), "verdict",
                      limits_verdict_name(after->verdict), "breaks", would_break(run, i)));
    }
    json_object_set_new(json, "events", events);
    json_object_set_new(json, "criteria", criteria);
    return json;
}

static void what_if_show(const struct limits_run *run, const struct screen *screen)
{
    struct table *table = table_new();
    char text[3][AMOUNT_TEXT_SIZE];
    screen_line(screen, STYLE_PLAIN, "%s", "");
    screen_line(screen, STYLE_HEAD, "What if");
    for (size_t i = 0; i < run->what_if.event_count; i++) {
        const struct limits_event *event = &run->what_if.events[i];
        amount_format_grouped(text[0], event->delta, 8);
        screen_line(screen, STYLE_PLAIN, "  wallet %s: %s BTC",
                    run->result.book->wallets[event->wallet].id, text[0]);
    }
    table_column(table, "criterion", ALIGN_LEFT);
    table_column(table, "headroom now", ALIGN_RIGHT);
    table_column(table, "headroom after", ALIGN_RIGHT);
    table_column(table, "unit", ALIGN_LEFT);
    table_column(table, "verdict after", ALIGN_LEFT);
    for (size_t i = 0; i < run->after.criterion_count; i++) {
        const struct criterion_result *before = &run->before.criteria[i];
        const struct criterion_result *after = &run->after.criteria[i];
        amount_format_grouped(text[0], before->headroom, after->criterion->unit.decimals);
        amount_format_grouped(text[1], after->headroom, after->criterion->unit.decimals);
        table_row_style(table, screen_verdict_style(limits_verdict_name(after->verdict)));
        table_cell(table, "%s", after->criterion->id);
        table_cell(table, "%s", text[0]);
        table_cell(table, "%s", text[1]);
        table_cell(table, "%s", after->criterion->unit.name);
        table_cell(table, "%s%s", limits_verdict_name(after->verdict),
                   would_break(run, i)                ? ": REFUSED, it would break it"
                   : after->verdict == LIMITS_NOT_MET ? " (broken before, not made worse)"
                                                      : "");
    }
    table_print(table, screen);
    table_free(table);
}

/* ---- stress
 * ---------------------------------------------------------------------------------------- */

enum { SHOCK_MAX = 32 };

/* "-20,-50": whole percents. */
static int shocks_parse(int32_t ret_shocks[SHOCK_MAX], size_t *ret_count, const char *text,
                        struct err *err)
{
    size_t count = 0;
    const char *at = text;
    while (*at) {
        size_t size = strcspn(at, ",");
        bool negative = *at == '-';
        uint64_t percent;
        if (count == SHOCK_MAX ||
            !number_parse(&percent, at + negative, size - negative, negative ? 100 : 1000))
            return err_set(err, SANAD_USAGE, "--stress: %s: not percents like -20,-50", text);
        ret_shocks[count++] = (int32_t)percent * (negative ? -100 : 100);
        at += size + (at[size] == ',');
    }
    *ret_count = count;
    return 0;
}

static int stress_run(struct limits_run *run, const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--stress");
    const struct limits_knowledge *now = cmd_limits_now(run->limits);
    const struct programme *programme = now->programme;
    int32_t shocks[SHOCK_MAX];
    struct stress_options options = {
        .shocks_basis = shocks, .programme_size = amount_unknown(), .reserves = amount_unknown()};
    struct position position;
    struct valuation value = {0};
    if (!text)
        return 0;
    if (now->no_book || !run->result.as_of.any)
        return err_set(err, SANAD_MISSING, "--stress: no book, or no block of that day");
    if (!now->prices)
        return err_set(err, SANAD_MISSING, "--stress: no price of a BTC is at hand");
    int code = shocks_parse(shocks, &options.shock_count, text, err);
    if (code == 0)
        code = position_make(&position, now->ledger, run->result.as_of.height, err);
    if (code)
        return code;
    struct amount sat = position.total;
    if (!position.complete) /* a part of the holdings is no total */
        code =
            err_set(err, SANAD_MISSING, "--stress: %s",
                    position.missing_count ? position.missing[0] : "the position is not complete");
    position_free(&position);
    if (code)
        return code;
    valuation_make(&value, now->prices, run->result.block.time, sat);
    if (!value.any)
        return err_set(err, SANAD_MISSING, "--stress: no price: %s", value.why_not);
    if (programme->has_size && strcmp(programme->size_unit.name, now->prices->currency) == 0)
        options.programme_size = programme->size;
    options.reserves =
        limits_series_at(now, "reserves", now->prices->currency, run->result.as_of.end);
    code = stress_make(&run->stress, now->prices, &value, sat, &options, err);
    run->has_stress = code == 0;
    return code;
}

static void share_text(char ret_text[AMOUNT_TEXT_SIZE], struct amount share)
{
    if (amount_is_known(share))
        amount_format_grouped(ret_text, share, 2);
    else
        (void)snprintf(ret_text, AMOUNT_TEXT_SIZE, "-");
}

/* The name without the source behind it, which would make the table too wide. */
static int stress_name_size(const struct stress_row *row)
{
    const char *source = row->source ? strstr(row->name, " (") : NULL;
    return (int)(source ? source - row->name : (ptrdiff_t)strlen(row->name));
}

static void stress_show(const struct stress_table *stress, const struct screen *screen)
{
    unsigned decimals = currency_decimals(stress->currency);
    struct table *table = table_new();
    char text[4][AMOUNT_TEXT_SIZE];
    char change[AMOUNT_TEXT_SIZE];
    amount_format_grouped(text[0], stress->value, decimals);
    screen_line(screen, STYLE_PLAIN, "%s", "");
    screen_line(screen, STYLE_HEAD, "If the price fell (holdings worth %s %s)", text[0],
                stress->currency);
    table_column(table, "shock", ALIGN_LEFT);
    table_column(table, "price %", ALIGN_RIGHT);
    table_column(table, "worth after", ALIGN_RIGHT);
    table_column(table, "loss", ALIGN_RIGHT);
    table_column(table, "% programme", ALIGN_RIGHT);
    table_column(table, "% reserves", ALIGN_RIGHT);
    for (size_t i = 0; i < stress->count; i++) {
        const struct stress_row *row = &stress->rows[i];
        amount_format_grouped(text[0], row->value, decimals);
        amount_format_grouped(text[1], row->loss, decimals);
        share_text(text[2], row->of_programme);
        share_text(text[3], row->of_reserves);
        amount_format(change, amount_of(row->change_basis), 2);
        table_cell(table, "%.*s", stress_name_size(row), row->name);
        table_cell(table, "%s", change);
        for (size_t column = 0; column < 4; column++)
            table_cell(table, "%s", text[column]);
    }
    table_print(table, screen);
    table_free(table);
    for (size_t i = 0; i < stress->count; i++)
        if (stress->rows[i].source)
            screen_line(screen, STYLE_FAINT, "  %.*s: prices of %s",
                        stress_name_size(&stress->rows[i]), stress->rows[i].name,
                        stress->rows[i].source);
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static int run_print(const struct limits_run *run, const struct cmd_args *args, struct err *err)
{
    if (cmd_flag(args, "--json")) {
        json_t *json = limits_json(&run->result);
        if (run->has_after)
            json_object_set_new(json, "what_if", what_if_json(run));
        if (run->has_stress)
            json_object_set_new(json, "stress", stress_json(&run->stress));
        return cmd_print_json(json, err);
    }
    struct screen screen = screen_stdout(run->result.programme->simulated);
    limits_show(&run->result, &screen);
    if (run->has_after)
        what_if_show(run, &screen);
    if (run->has_stress)
        stress_show(&run->stress, &screen);
    return 0;
}

static int answer_of(const struct limits_run *run)
{
    const struct limits_result *result = run->has_after ? &run->after : &run->result;
    int code = 0;
    for (size_t i = 0; i < result->criterion_count; i++) {
        const struct criterion_result *criterion = &result->criteria[i];
        bool broken = run->has_after ? would_break(run, i) : criterion->verdict == LIMITS_NOT_MET;
        if (broken)
            return SANAD_FALSE;
        if (criterion->verdict == LIMITS_UNDECIDED)
            code = SANAD_MISSING;
    }
    return code;
}

static int limits_verb(const struct cmd_args *args, struct err *err)
{
    struct limits_run run = {0};
    int code = cmd_limits_open(&run.limits, args, err);
    if (code == 0)
        code = daily_option(&run.options, args, err);
    if (code == 0)
        code = version_option(&run.options, cmd_limits_now(run.limits)->programme, args, err);
    if (code == 0) {
        run.options.day = cmd_limits_day(run.limits);
        code = limits_evaluate(&run.result, cmd_limits_now(run.limits), &run.options, err);
        run.has_result = code == 0;
    }
    if (code == 0)
        code = limits_report_compare(&run.result, cmd_limits_history(run.limits), err);
    if (code == 0)
        code = what_if_run(&run, args, err);
    if (code == 0)
        code = stress_run(&run, args, err);
    if (code == 0)
        code = run_print(&run, args, err);
    if (code == 0) {
        code = answer_of(&run);
        code = code ? cmd_answer(code, err) : 0;
    }
    run_free(&run);
    return code;
}

static const struct cmd_option options[] = {
    {"--programme", "FILE", "what was agreed; the register's where left out"},
    {"--liabilities", "FILE", "what is owed in BTC, as CSV; the register's where left out"},
    {"--series", "NAME=FILE...", "a declared series, as CSV; the register's where left out"},
    {"--at", "DATE", "day of the programme's zone; that of the newest block where left out"},
    {"--daily", "FROM:TO", "a value a day besides"},
    {"--version", "ID", "under this version, not the one in force"},
    {"--prices", "FILE", "prices as CSV; the register's where left out"},
    {"--what-if", "FILE.psbt|AMOUNT", "what a payment, or a purchase of so many BTC, would break"},
    {"--what-if-wallet", "ID", "which wallet an AMOUNT goes to; the first of class reserve"},
    {"--stress", "PERCENT,...", "what a fall of the price would cost: -20,-50"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_limits = {
    .name = "limits",
    .summary = "is the programme kept: each criterion, its headroom, and why",
    .usage = "--store S [--programme FILE] [--at DATE | --daily FROM:TO] [--what-if FILE|AMOUNT]",
    .options = options,
    .run = limits_verb,
};
