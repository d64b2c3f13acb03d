/* `sanad flows`: every transaction that touched the book, once, and conservation. */
#include "cmd/cmd.h"
#include "stmt/stmt.h"

#include <dirent.h>
#include <stdlib.h>

struct declared_list {
    struct flow_declared *list;
    size_t count;
    size_t capacity;
    size_t unchecked; /* statements taken without a trust file */
    struct arena arena;
};

static void declared_add(struct declared_list *declared, const struct flow_declared *one)
{
    for (size_t i = 0; i < declared->count; i++)
        if (hash256_equal(&declared->list[i].txid, &one->txid))
            return; /* the register's own record comes first */
    if (declared->count == declared->capacity) {
        declared->capacity = declared->capacity ? declared->capacity * 2 : 64;
        declared->list = mem_realloc(declared->list, declared->capacity, sizeof *declared->list);
    }
    declared->list[declared->count++] = *one;
}

static int declared_from_register(struct declared_list *declared, struct cmd_context *context,
                                  const struct cmd_args *args, struct err *err)
{
    struct register_declaration *records;
    size_t count;
    int64_t known;
    int code = cmd_as_known(&known, args, err);
    if (code == 0)
        code = register_declarations(context->registry, &records, &count, context->book->nation,
                                     known, &declared->arena, err);
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct flow_declared one = {.txid = records[i].txid,
                                    .kind = flow_meaning_name(records[i].meaning),
                                    .document = records[i].document};
        declared_add(declared, &one);
    }
    return code;
}

/* One signed flow-declaration; statements of other kinds and nations are left out. */
static int declared_from_statement(struct declared_list *declared, const char *path,
                                   const struct trust *trust, const char *nation, struct err *err)
{
    struct stmt *stmt;
    struct stmt_check check;
    struct flow_declared one;
    const char *text;
    int code = stmt_read_file(&stmt, path, err);
    if (code)
        return code;
    const char *of = json_string_value(json_object_get(stmt->json, "nation"));
    if (stmt->kind != STMT_FLOW_DECLARATION || !of || strcmp(of, nation) != 0) {
        stmt_free(stmt);
        return 0;
    }
    if (trust && stmt_verify(&check, stmt, trust, INT64_MIN, err) != 0)
        code = err_wrap(err, "%s", path);
    if (code == 0)
        code = json_get_string(&text, path, stmt->json, "txid", err);
    if (code == 0 && !hash256_from_display(&one.txid, text))
        code = err_set(err, SANAD_REFUSED, "%s: \"txid\" is none", path);
    if (code == 0)
        code = json_get_string(&text, path, stmt->json, "document_sha256", err);
    if (code == 0 && !hash256_from_straight(&one.document, text))
        code = err_set(err, SANAD_REFUSED, "%s: \"document_sha256\" is none", path);
    if (code == 0)
        code = json_get_string(&text, path, stmt->json, "meaning", err);
    if (code == 0) {
        one.kind = arena_strdup(&declared->arena, text);
        declared_add(declared, &one);
        declared->unchecked += trust == NULL;
    }
    stmt_free(stmt);
    return code;
}

static bool is_note(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 5 && strcmp(entry->d_name + size - 5, ".note") == 0;
}

static int declared_from_folder(struct declared_list *declared, const char *folder,
                                const struct trust *trust, const char *nation, struct err *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return err_set(err, SANAD_IO, "%s: cannot be read as a folder", folder);
    int code = 0;
    for (struct dirent *entry = readdir(dir); entry && code == 0; entry = readdir(dir)) {
        char path[PATH_SIZE];
        if (!is_note(entry))
            continue;
        code = path_join(path, folder, entry->d_name, err);
        if (code == 0)
            code = declared_from_statement(declared, path, trust, nation, err);
    }
    (void)closedir(dir);
    return code;
}

static int txid_compare(const void *a, const void *b)
{
    const struct flow_declared *x = a;
    const struct flow_declared *y = b;
    return hash256_compare(&x->txid, &y->txid);
}

static int declared_collect(struct declared_list *declared, struct cmd_context *context,
                            const struct cmd_args *args, struct err *err)
{
    const char *folder = cmd_value(args, "--statements");
    const char *trust_path = cmd_value(args, "--trust");
    struct trust *trust = NULL;
    int code = declared_from_register(declared, context, args, err);
    if (code == 0 && trust_path)
        code = trust_read_file(&trust, trust_path, err);
    if (code == 0 && folder)
        code = declared_from_folder(declared, folder, trust, context->book->nation, err);
    trust_free(trust);
    if (code == 0 && declared->count > 0)
        qsort(declared->list, declared->count, sizeof *declared->list, txid_compare);
    return code;
}

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
    char fee[AMOUNT_TEXT_SIZE];
    char day[11];
    char txid[HEX256_SIZE];
    struct buf names = buf_with_max(4096);
    date_format(day, flow->time);
    hash256_display(txid, &flow->txid);
    amount_format_grouped(net, flow->net, 8);
    amount_format_grouped(fee, flow->fee, 8);
    for (size_t i = 0; i < flow->wallet_count && i < 3; i++)
        buf_format(&names, "%s%s", i ? ", " : "", flows->book->wallets[flow->wallets[i].wallet].id);
    if (flow->wallet_count > 3)
        buf_format(&names, " and %zu more", flow->wallet_count - 3);
    table_cell(table, "%s", day);
    table_cell(table, "%u", flow->height);
    table_cell(table, "%s", flow_class_name(flow->class_));
    table_cell(table, "%s", meaning_of(flow));
    table_cell(table, "%s", net);
    table_cell(table, "%s", fee);
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
                   {"declared as", ALIGN_LEFT}, {"net BTC", ALIGN_RIGHT}, {"fee BTC", ALIGN_RIGHT},
                   {"txid", ALIGN_LEFT},        {"wallets", ALIGN_LEFT}};
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

static void possible_show(const struct flows *flows, const struct screen *screen)
{
    for (size_t i = 0; i < flows->count; i++) {
        for (size_t j = 0; j < flows->list[i].possible_count; j++) {
            const struct possible_own *possible = &flows->list[i].possible[j];
            char address[ADDRESS_TEXT_SIZE];
            char value[AMOUNT_TEXT_SIZE];
            char txid[HEX256_SIZE];
            hash256_display(txid, &flows->list[i].txid);
            amount_format_grouped(value, possible->value, 8);
            if (!address_from_script(address, flows->params, possible->script))
                memcpy(address, "a script without an address", 28);
            screen_line(screen, STYLE_UNSURE, "possible own, never summed: %s %s BTC (%s, %.16s)",
                        address, value, possible->heuristic, txid);
        }
    }
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

static int range_read(struct flows_options *options, struct cmd_context *context,
                      const struct cmd_args *args, struct err *err)
{
    struct cmd_when from;
    struct cmd_when to;
    int code = cmd_when(&from, args, "--from", err);
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
    return code;
}

static int flows_verb(const struct cmd_args *args, struct err *err)
{
    struct cmd_context context = {0};
    struct declared_list declared = {0};
    struct flows_options options = {.possible_own = cmd_flag(args, "--possible-own")};
    struct ledger *ledger = NULL;
    struct flows flows = {0};
    struct label_table labels = {0};
    const char *label_path = cmd_value(args, "--labels");
    int code = cmd_context_open(&context, args, err);
    if (code == 0)
        code = cmd_context_book(&context, args, err);
    if (code == 0)
        code = range_read(&options, &context, args, err);
    if (code == 0)
        code = declared_collect(&declared, &context, args, err);
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
    free(declared.list);
    arena_free(&declared.arena);
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
