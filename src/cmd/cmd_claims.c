/* `sanad claims check`: printed figures held against the chain. */
#include "cmd/cmd.h"

static const char *const shipped_paths[] = {"claims/2024-2025.csv",
                                            "/usr/local/share/sanad/claims/2024-2025.csv",
                                            "/usr/share/sanad/claims/2024-2025.csv"};

/* Without a file: the claims that come with the program. */
static int claims_path(const char **ret_path, const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *words = cmd_words(args, &count);
    if (count == 0 || strcmp(words[0], "check") != 0 || count > 2)
        return err_set(err, SANAD_USAGE, "sanad claims: say `claims check [FILE]`");
    if (count == 2) {
        *ret_path = words[1];
        return 0;
    }
    for (size_t i = 0; i < countof(shipped_paths); i++) {
        if (file_exists(shipped_paths[i])) {
            *ret_path = shipped_paths[i];
            return 0;
        }
    }
    return err_set(err, SANAD_USAGE,
                   "sanad claims: no FILE given, and the shipped one is not here");
}

/* The figure at the places it was printed with: 6,238 is not 6,238.00000000. */
static void printed_format(char ret_text[AMOUNT_TEXT_SIZE], const struct claim *claim)
{
    amount_format_grouped(ret_text, claim->figure, claim->decimals);
    if (!amount_is_known(claim->figure) || claim->decimals == 0)
        return;
    unsigned kept = claim->decimals;
    for (int64_t width = amount_minor(claim->rounding); kept > 0 && width % 10 == 0; width /= 10)
        kept--;
    size_t cut = claim->decimals - kept + (kept == 0 ? 1 : 0); /* the point goes too */
    ret_text[strlen(ret_text) - cut] = 0;
}

static void claims_show(const struct claims *claims)
{
    /* Real claims, whatever store they are held against: they carry no mark. */
    struct screen screen = screen_stdout(false);
    struct table *table = table_new();
    size_t counts[3] = {0};
    static const char *const words[] = {"consistent", "contradicted", "undecided"};
    table_column(table, "date", ALIGN_LEFT);
    table_column(table, "nation", ALIGN_LEFT);
    table_column(table, "publisher", ALIGN_LEFT);
    table_column(table, "quantity", ALIGN_LEFT);
    table_column(table, "printed", ALIGN_RIGHT);
    table_column(table, "unit", ALIGN_LEFT);
    table_column(table, "verdict", ALIGN_LEFT);
    table_column(table, "because", ALIGN_LEFT);
    for (size_t i = 0; i < claims->count; i++) {
        const struct claim *claim = &claims->list[i];
        const struct claim_verdict *verdict = &claims->verdicts[i];
        char figure[AMOUNT_TEXT_SIZE];
        printed_format(figure, claim);
        for (size_t w = 0; w < countof(words); w++)
            counts[w] += strcmp(verdict->verdict, words[w]) == 0;
        table_row_style(table, screen_verdict_style(verdict->verdict));
        table_cell(table, "%s", claim->date);
        table_cell(table, "%s", claim->nation);
        table_cell(table, "%s", claim->publisher);
        table_cell(table, "%s", claim->quantity);
        table_cell(table, "%s", amount_is_known(claim->figure) ? figure : "(words)");
        table_cell(table, "%s", claim->unit);
        table_cell(table, "%s", verdict->verdict);
        if (amount_is_known(claim->figure))
            table_cell(table, "%s", verdict->detail);
        else
            table_cell(table, "\"%.100s\": %s", claim->printed, verdict->detail);
    }
    screen_line(&screen, STYLE_HEAD, "Claims: what was printed, and what can be shown");
    table_print(table, &screen);
    table_free(table);
    screen_line(&screen, STYLE_PLAIN, "%zu consistent, %zu contradicted, %zu undecided", counts[0],
                counts[1], counts[2]);
}

/* 1 where one is contradicted, 3 where one is undecided, 0 where all are consistent. */
static int claims_code(const struct claims *claims)
{
    int code = 0;
    for (size_t i = 0; i < claims->count; i++) {
        if (strcmp(claims->verdicts[i].verdict, "contradicted") == 0)
            return SANAD_FALSE;
        if (strcmp(claims->verdicts[i].verdict, "undecided") == 0)
            code = SANAD_MISSING;
    }
    return code;
}

static int claims_verb(const struct cmd_args *args, struct err *err)
{
    struct cmd_context context = {0};
    struct claims claims = {0};
    struct price_table prices = {0};
    const char *path;
    const char *price_path = cmd_value(args, "--prices");
    int code = claims_path(&path, args, err);
    if (code == 0)
        code = claims_read_file(&claims, path, err);
    if (code == 0 && cmd_value(args, "--store")) {
        code = cmd_context_open(&context, args, err);
        if (code == 0)
            code = cmd_context_book(&context, args, err);
    }
    if (code == 0 && price_path)
        code = prices_read_file(&prices, price_path, "USD", err);
    if (code == 0)
        code = claims_check(&claims, context.facts, context.book, price_path ? &prices : NULL, err);
    if (code == 0 && cmd_flag(args, "--json"))
        code = cmd_print_json(claims_json(&claims), err);
    else if (code == 0)
        claims_show(&claims);
    if (code == 0)
        code = cmd_answer(claims_code(&claims), err);
    claims_free(&claims);
    prices_free(&prices);
    cmd_context_close(&context);
    return code;
}

static const struct cmd_option options[] = {
    {"--prices", "FILE", "prices as CSV, for the arithmetic between figures"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_claims = {
    .name = "claims",
    .summary = "claims of figures against the chain",
    .usage = "check [FILE] [--store FILE] [--prices FILE]",
    .options = options,
    .run = claims_verb,
};
