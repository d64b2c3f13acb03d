/* `sanad flows`: every transaction that touched the book, once, and conservation. */
#include "cmd/cmd.h"

/* ---- output -------------------------------------------------------------------------- */

/* What a flow meant. Coins that were mined or only moved inside need no declaration. */
static const char *meaning_of(const struct flow *flow)
{
    if (flow->declared)
        return flow->declared->kind;
    bool plain = flow->class_ == FLOW_CLASS_INTERNAL || flow->class_ == FLOW_CLASS_MINED;
    return plain ? "-" : "unclassified";
}

static void flow_row(struct table *table, const struct flows *flows, const struct flow *flow)
{
    char net[AMOUNT_TEXT_SIZE];
    char day[11];
    char txid[HEX256_SIZE];
    struct buf names = buf_with_max(4096);
    date_format(day, flow->time);
    hash256_display(txid, &flow->txid);
    amount_format_grouped(net, flow->net, 8);
    for (size_t i = 0; i < flow->wallet_count && i < 3; i++)
        buf_format(&names, "%s%s", i ? ", " : "", flows->book->wallets[flow->wallets[i].wallet].id);
    if (flow->wallet_count > 3)
        buf_format(&names, " and %zu more", flow->wallet_count - 3);
    table_cell(table, "%s", day);
    table_cell(table, "%u", flow->height);
    table_cell(table, "%s", flow_class_name(flow->class_));
    table_cell(table, "%s", meaning_of(flow));
    table_cell(table, "%s", net);
    table_cell(table, "%.16s", txid);
    for (size_t i = 0; i < flow->party_count && i < 3; i++)
        buf_format(&names, "  [%s]", flow->parties[i].label);
    table_cell(table, "%s%s", buf_cstr(&names),
               flow->round_trip != SIZE_MAX ? "  (possible round trip)" : "");
    buf_free(&names);
}

static void flows_table(const struct flows *flows, const struct screen *screen)
{
    static const struct {
        const char *title;
        enum table_align align;
    } columns[] = {{"day", ALIGN_LEFT},         {"block", ALIGN_RIGHT},   {"class", ALIGN_LEFT},
                   {"declared as", ALIGN_LEFT}, {"net BTC", ALIGN_RIGHT}, {"txid", ALIGN_LEFT},
                   {"wallets", ALIGN_LEFT}};
    struct table *table = table_new();
    for (size_t i = 0; i < countof(columns); i++)
        table_column(table, columns[i].title, columns[i].align);
    for (size_t i = 0; i < flows->count; i++)
        flow_row(table, flows, &flows->list[i]);
    table_print(table, screen);
    table_free(table);
}

/* How much came or went by each class and meaning: what a reader asks first. */
static void summary_table(const struct flows *flows, const struct screen *screen)
{
    struct table *table = table_new();
    char text[AMOUNT_TEXT_SIZE];
    table_column(table, "class", ALIGN_LEFT);
    table_column(table, "declared as", ALIGN_LEFT);
    table_column(table, "transactions", ALIGN_RIGHT);
    table_column(table, "net BTC", ALIGN_RIGHT);
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *first = &flows->list[i];
        const char *kind = meaning_of(first);
        struct amount sum = amount_zero();
        size_t count = 0;
        bool seen = false;
        for (size_t j = 0; j < flows->count && !seen; j++) {
            const struct flow *flow = &flows->list[j];
            if (flow->class_ != first->class_ || strcmp(meaning_of(flow), kind) != 0)
                continue;
            seen = j < i;
            sum = amount_add(sum, flow->net);
            count++;
        }
        if (seen)
            continue;
        amount_format_grouped(text, sum, 8);
        table_cell(table, "%s", flow_class_name(first->class_));
        table_cell(table, "%s", kind);
        table_cell(table, "%zu", count);
        table_cell(table, "%s", text);
    }
    table_print(table, screen);
    table_free(table);
}

static void possible_row(struct table *table, const struct flows *flows, const struct flow *flow,
                         const struct possible_own *possible)
{
    char address[ADDRESS_TEXT_SIZE];
    char value[AMOUNT_TEXT_SIZE];
    char txid[HEX256_SIZE];
    hash256_display(txid, &flow->txid);
    amount_format_grouped(value, possible->value, 8);
    if (!address_from_script(address, flows->params, possible->script))
        memcpy(address, "a script without an address", 28);
    table_row_style(table, STYLE_UNSURE);
    table_cell(table, "%s", value);
    table_cell(table, "%s", possible->heuristic);
    table_cell(table, "%.16s", txid);
    table_cell(table, "%s", address);
}

static void possible_show(const struct flows *flows, const struct screen *screen)
{
    size_t count = 0;
    struct table *table = table_new();
    table_column(table, "BTC", ALIGN_RIGHT);
    table_column(table, "hint", ALIGN_LEFT);
    table_column(table, "txid", ALIGN_LEFT);
    table_column(table, "address", ALIGN_LEFT);
    for (size_t i = 0; i < flows->count; i++)
        for (size_t j = 0; j < flows->list[i].possible_count; j++, count++)
            possible_row(table, flows, &flows->list[i], &flows->list[i].possible[j]);
    if (count > 0) {
        screen_line(screen, STYLE_UNSURE, "Possible own, never summed:");
        table_print(table, screen);
        screen_line(screen, STYLE_PLAIN, "%s", "");
    }
    table_free(table);
}

static void conservation_show(const struct conservation *sum, const struct screen *screen)
{
    const struct {
        const char *name;
        struct amount value;
    } lines[] = {{"opening", sum->opening},     {"+ entered", sum->entered},
                 {"+ received", sum->received}, {"- sent", sum->sent},
                 {"- fees", sum->fees},         {"- left", sum->left},
                 {"= closing", sum->closing}};
    for (size_t i = 0; i < countof(lines); i++) {
        char text[AMOUNT_TEXT_SIZE];
        amount_format_grouped(text, lines[i].value, 8);
        screen_line(screen, STYLE_PLAIN, "  %-11s %24s BTC", lines[i].name, text);
    }
    screen_line(screen, sum->holds ? STYLE_GOOD : STYLE_BAD, "Conservation %s",
                sum->holds ? "holds to the satoshi" : "DOES NOT HOLD");
}

static int flows_show(const struct flows *flows, const struct cmd_args *args, size_t unchecked)
{
    struct screen screen = screen_stdout(flows->book->simulated);
    char hash[HEX256_SIZE];
    char book[HEX256_SIZE];
    hash256_display(hash, &flows->to_hash);
    hash256_straight(book, &flows->book->sha256);
    screen_line(&screen, STYLE_HEAD, "Flows of %s on %s, blocks %u to %u, grade %s%s",
                flows->book->nation, flows->params->name, flows->from, flows->to,
                grade_name(flows->grade), flows->complete ? "" : ", NOT COMPLETE");
    screen_line(&screen, STYLE_PLAIN, "  block    %s", hash);
    screen_line(&screen, STYLE_PLAIN, "  book     %s", book);
    if (unchecked > 0)
        screen_line(&screen, STYLE_UNSURE,
                    "  note     %zu declarations taken from statements whose signatures were not "
                    "checked (--trust)",
                    unchecked);
    if (!cmd_flag(args, "--summary")) {
        screen_line(&screen, STYLE_PLAIN, "%s", "");
        flows_table(flows, &screen);
    }
    screen_line(&screen, STYLE_PLAIN, "%s", "");
    summary_table(flows, &screen);
    screen_line(&screen, STYLE_PLAIN, "%s", "");
    possible_show(flows, &screen);
    conservation_show(&flows->conservation, &screen);
    return 0;
}

static int flows_print(const struct flows *flows, const struct cmd_args *args, size_t unchecked,
                       struct err *err)
{
    if (cmd_flag(args, "--json"))
        return cmd_print_json(flows_json(flows), err);
    if (!cmd_flag(args, "--csv"))
        return flows_show(flows, args, unchecked);
    struct buf text = buf_with_max((size_t)1 << 32);
    flows_csv(&text, flows);
    bool written = fwrite(text.data, 1, text.size, stdout) == text.size;
    buf_free(&text);
    return written ? 0 : err_set(err, SANAD_IO, "standard output: write");
}

static int options_read(struct flows_options *options, struct cmd_context *context,
                        const struct cmd_args *args, struct err *err)
{
    struct cmd_when from;
    struct cmd_when to;
    uint64_t blocks;
    int code = cmd_number(&blocks, args, "--round-trip-blocks", INT32_MAX, 0, err);
    if (code == 0)
        code = cmd_when(&from, args, "--from", err);
    if (code == 0)
        code = cmd_when(&to, args, "--to", err);
    if (code == 0)
        code = cmd_height(&options->to, context, &to, err);
    if (code == 0 && from.given && from.is_date)
        from.time -= 86400; /* from a day on: the blocks after the day before */
    if (code == 0 && from.given)
        code = cmd_height(&options->from, context, &from, err);
    if (code == 0 && from.given && from.is_date)
        options->from++;
    if (code == 0 && !from.given)
        options->from = context->state.first_height;
    if (code == 0 && options->from < facts_first_read(&context->state))
        options->from = facts_first_read(&context->state);
    if (code == 0 && options->from > context->state.tip_height && context->state.opened)
        code = err_set(err, SANAD_MISSING,
                       "flows: a snapshot shows what is unspent after block %u, not what moved: "
                       "scan the blocks behind it",
                       context->state.first_height);
    if (code == 0)
        options->round_trip_blocks = (uint32_t)blocks;
    return code;
}

static int flows_verb(const struct cmd_args *args, struct err *err)
{
    struct cmd_context context = {0};
    struct cmd_declared declared = {0};
    struct flows_options options = {.possible_own = cmd_flag(args, "--possible-own")};
    struct ledger *ledger = NULL;
    struct flows flows = {0};
    struct label_table labels = {0};
    const char *label_path = cmd_value(args, "--labels");
    int code = cmd_context_open(&context, args, err);
    if (code == 0)
        code = cmd_context_book(&context, args, err);
    if (code == 0)
        code = options_read(&options, &context, args, err);
    if (code == 0)
        code = cmd_declared_collect(&declared, &context, args, err);
    if (code == 0)
        code = ledger_new(&ledger, context.facts, context.book, options.to, err);
    if (code == 0 && label_path)
        code = labels_read_file(&labels, label_path, context.params, err);
    options.labels = label_path ? &labels : NULL;
    options.declared = declared.list;
    options.declared_count = declared.count;
    if (code == 0)
        code = flows_make(&flows, ledger, &options, err);
    if (code == 0)
        code = flows_print(&flows, args, declared.unchecked, err);
    if (code == 0 && !flows.complete)
        code = cmd_answer(SANAD_MISSING, err);
    if (code == 0 && !flows.conservation.holds)
        code = err_set(err, SANAD_FALSE, "flows: conservation does not hold");
    flows_free(&flows);
    labels_free(&labels);
    ledger_free(ledger);
    cmd_declared_free(&declared);
    cmd_context_close(&context);
    return code;
}

static const struct cmd_option options_table[] = {
    {"--from", "HEIGHT|DATE", "first block or day; the scan's first where left out"},
    {"--to", "HEIGHT|DATE", "last block or day; the tip of the scan where left out"},
    {"--csv", NULL, "a spreadsheet's form"},
    {"--summary", NULL, "sums by class and meaning, without the list"},
    {"--statements", "DIR", "signed flow-declarations (*.note) beside the register's"},
    {"--trust", "FILE", "whose signatures on them count"},
    {"--labels", "FILE", "names of foreign addresses: CSV with columns address and label"},
    {"--round-trip-blocks", "N",
     "a possible return comes at most N blocks later; 6480, in 45 days"},
    {"--possible-own", NULL, "hints of undeclared wallets, named by heuristic, never summed"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_flows = {
    .name = "flows",
    .summary = "every transaction that touched the book, once, classified",
    .usage = "--store FILE [--from H] [--to H] [--csv] [--statements DIR] [--possible-own]",
    .options = options_table,
    .run = flows_verb,
};
