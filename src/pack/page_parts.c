/* The parts of a page that tell figures: balances, addresses, changes, flows, accounts, files. */
#include "pack/pack_priv.h"

#include <stdlib.h>

static void cell_foreign(struct page *page, const char *text)
{
    page_cell(page, false);
    page_foreign(page, text);
    page_cell_end(page);
}

static void cell_ltr(struct page *page, const char *text, const char *class_)
{
    buf_format(page->buf, "<td class=\"%s\">", class_);
    page_ltr(page, text);
    page_cell_end(page);
}

static void cell_say(struct page *page, enum pack_text text)
{
    page_cell(page, false);
    page_say(page, text);
    page_cell_end(page);
}

static void cell_btc(struct page *page, struct amount a)
{
    page_cell(page, true);
    page_amount(page, a, 8);
    page_cell_end(page);
}

static void cell_empty(struct page *page, size_t count)
{
    while (count-- > 0)
        buf_text(page->buf, "<td></td>");
}

static void note(struct page *page, enum pack_text text)
{
    buf_text(page->buf, "<p class=\"note\">");
    page_prose(page, pack_text(text, page->language));
    buf_text(page->buf, "</p>\n");
}

static enum pack_text class_text(enum wallet_class class_)
{
    static const enum pack_text texts[WALLET_CLASS_COUNT] = {
        [WALLET_RESERVE] = TEXT_CLASS_RESERVE, [WALLET_OPERATING] = TEXT_CLASS_OPERATING,
        [WALLET_CLIENT] = TEXT_CLASS_CLIENT,   [WALLET_MINING] = TEXT_CLASS_MINING,
        [WALLET_SEIZED] = TEXT_CLASS_SEIZED,   [WALLET_TILL] = TEXT_CLASS_TILL,
        [WALLET_OTHER] = TEXT_CLASS_OTHER};
    return texts[class_];
}

/* ---- balances ------------------------------------------------------------------------------ */

/* An entity's name in the page's language; its id where it has none. */
static const char *entity_name(const struct page *page, const struct entity *entity)
{
    const char *code = pack_text(TEXT_LANGUAGE_CODE, page->language);
    const char *name = json_string_value(json_object_get(entity->name, code));
    if (!name)
        name = json_string_value(json_object_get(entity->name, "en"));
    return name ? name : entity->id;
}

static void wallet_row(struct page *page, const struct wallet_position *held)
{
    static const enum pack_text controls[CONTROL_COUNT] = {
        [CONTROL_DECLARED] = TEXT_CONTROL_IS_DECLARED,
        [CONTROL_SIGNED] = TEXT_CONTROL_IS_SIGNED,
        [CONTROL_CUSTODIAN_STATEMENT] = TEXT_CONTROL_IS_CUSTODIAN};
    const struct book *book = page->pack->position.book;
    const struct wallet *wallet = &book->wallets[held->wallet];
    page_row(page);
    cell_foreign(page, wallet->id);
    cell_foreign(page, entity_name(page, &book->entities[wallet->entity]));
    cell_say(page, class_text(wallet->class_));
    cell_say(page, controls[wallet->control]);
    cell_btc(page, held->balance);
    page_row_end(page);
}

static void sum_row(struct page *page, enum pack_text name, struct amount sum)
{
    buf_text(page->buf, "<tr class=\"s\">");
    cell_say(page, name);
    cell_empty(page, 3);
    cell_btc(page, sum);
    page_row_end(page);
}

static void class_rows(struct page *page)
{
    static const enum pack_text titles[] = {TEXT_CLASS, TEXT_BALANCE};
    const struct position *position = &page->pack->position;
    page_table(page, titles, countof(titles), 0x2);
    for (size_t i = 0; i < WALLET_CLASS_COUNT; i++) {
        if (!position->has_class[i])
            continue;
        page_row(page);
        cell_say(page, class_text((enum wallet_class)i));
        cell_btc(page, position->by_class[i]);
        page_row_end(page);
    }
    buf_text(page->buf, "<tr class=\"s\">");
    cell_say(page, TEXT_TOTAL);
    cell_btc(page, position->total);
    page_row_end(page);
    page_table_end(page);
}

void page_balances(struct page *page)
{
    static const enum pack_text titles[] = {TEXT_WALLET, TEXT_ENTITY, TEXT_CLASS, TEXT_CONTROL,
                                            TEXT_BALANCE};
    const struct position *position = &page->pack->position;
    size_t shown = 0;
    page_section(page, TEXT_BALANCES);
    class_rows(page);
    page_table(page, titles, countof(titles), 0x10);
    for (size_t i = 0; i < position->wallet_count; i++) {
        const struct wallet_position *held = &position->wallets[i];
        if (position->book->wallets[held->wallet].visibility != VISIBILITY_PUBLIC)
            continue;
        if (shown++ < PACK_PAGE_ROWS)
            wallet_row(page, held);
    }
    sum_row(page, TEXT_RESTRICTED, position->restricted_part);
    sum_row(page, TEXT_TOTAL, position->total);
    page_table_end(page);
    page_more(page, shown, PACK_PAGE_ROWS, "balances.csv");
}

/* ---- addresses ----------------------------------------------------------------------------- */

static void address_row(struct page *page, const struct ledger_script *script)
{
    const struct book *book = page->pack->position.book;
    char address[ADDRESS_TEXT_SIZE];
    page_row(page);
    cell_foreign(page, book->wallets[script->wallet].id);
    if (address_from_script(address, book->params, script->script))
        cell_ltr(page, address, "hash");
    else
        cell_say(page, TEXT_NO_ADDRESS);
    cell_btc(page, script->balance);
    page_row_end(page);
}

enum { ADDRESS_ROWS = 40 };

/* The largest first; those of one balance in the order of the book. */
static int script_compare(const void *a, const void *b)
{
    const struct ledger_script *const *x = a;
    const struct ledger_script *const *y = b;
    bool known = amount_is_known((*x)->balance) && amount_is_known((*y)->balance);
    int order = known ? amount_compare((*y)->balance, (*x)->balance) : 0;
    return order ? order : *x < *y ? -1 : *x > *y;
}

void page_addresses(struct page *page)
{
    static const enum pack_text titles[] = {TEXT_WALLET, TEXT_ADDRESS, TEXT_BALANCE};
    const struct pack *pack = page->pack;
    const struct ledger_script **held =
        mem_zalloc(pack->script_count + 1, sizeof(const struct ledger_script *));
    size_t count = 0;
    for (size_t i = 0; i < pack->script_count; i++)
        if (!amount_equal(pack->scripts[i].balance, amount_zero()))
            held[count++] = &pack->scripts[i];
    qsort(held, count, sizeof *held, script_compare); /* NOLINT: pointers */
    page_section(page, TEXT_ADDRESSES);
    note(page, TEXT_ADDRESSES_NOTE);
    page_table(page, titles, countof(titles), 0x4);
    for (size_t i = 0; i < count && i < ADDRESS_ROWS; i++)
        address_row(page, held[i]);
    page_table_end(page);
    page_more(page, count, ADDRESS_ROWS, "addresses.csv");
    free(held);
}

/* ---- changes ------------------------------------------------------------------------------- */

/* The words of changes.csv that have a text of their own. */
static void cell_word(struct page *page, const char *word)
{
    static const struct {
        const char *word;
        enum pack_text text;
    } words[] = {{"wallet", TEXT_WALLET},
                 {"total", TEXT_TOTAL},
                 {"restricted", TEXT_RESTRICTED},
                 {"criterion", TEXT_CRITERION},
                 {"programme", TEXT_PROGRAMME},
                 {"book", TEXT_BOOK_HASH},
                 {"balance", TEXT_BALANCE},
                 {"value", TEXT_VALUE},
                 {"limit", TEXT_LIMIT},
                 {"verdict", TEXT_VERDICT},
                 {"date", TEXT_DATE},
                 {"version", TEXT_VERSION},
                 {"counts", TEXT_COUNTS},
                 {"yes", TEXT_YES},
                 {"no", TEXT_NO},
                 {"in the programme", TEXT_IN_PROGRAMME}};
    for (size_t i = 0; i < countof(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            cell_say(page, words[i].text);
            return;
        }
    }
    for (enum limits_verdict verdict = LIMITS_MET; verdict <= LIMITS_NOT_MET; verdict++)
        if (strcmp(limits_verdict_name(verdict), word) == 0) {
            page_cell(page, false);
            buf_text(page->buf, limits_verdict_words(verdict, page->language));
            page_cell_end(page);
            return;
        }
    cell_ltr(page, word, strlen(word) > 24 ? "hash" : "");
}

static void change_row(struct page *page, const struct pack_change *change)
{
    const char *const cells[] = {change->before, change->now, change->change};
    page_row(page);
    cell_word(page, change->subject);
    cell_foreign(page, change->id);
    cell_word(page, change->member);
    for (size_t i = 0; i < countof(cells); i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "%s %s", cells[i], change->unit);
        if (*change->unit)
            cell_ltr(page, *cells[i] ? text : "", "n");
        else
            cell_word(page, cells[i]);
    }
    page_row_end(page);
}

void page_changes(struct page *page)
{
    static const enum pack_text titles[] = {TEXT_SUBJECT, TEXT_NAME, TEXT_MEMBER,
                                            TEXT_BEFORE,  TEXT_NOW,  TEXT_CHANGE};
    const struct pack *pack = page->pack;
    page_section(page, TEXT_CHANGES);
    if (!pack->in.previous || pack->change_count == 0) {
        note(page, pack->in.previous ? TEXT_NO_CHANGES : TEXT_FIRST_PACK);
        return;
    }
    page_table(page, titles, countof(titles), 0x38);
    for (size_t i = 0; i < page_rows(pack->change_count); i++)
        change_row(page, &pack->changes[i]);
    page_table_end(page);
    page_more(page, pack->change_count, PACK_PAGE_ROWS, "changes.csv");
}

/* ---- flows --------------------------------------------------------------------------------- */

static enum pack_text flow_text(enum flow_class class_)
{
    static const enum pack_text texts[FLOW_CLASS_COUNT] = {
        [FLOW_CLASS_MINED] = TEXT_FLOW_MINED,
        [FLOW_CLASS_EXTERNAL_IN] = TEXT_FLOW_IN,
        [FLOW_CLASS_INTERNAL] = TEXT_FLOW_INTERNAL,
        [FLOW_CLASS_EXTERNAL_OUT] = TEXT_FLOW_OUT,
        [FLOW_CLASS_MIXED] = TEXT_FLOW_MIXED};
    return texts[class_];
}

/* What a flow was declared to be: an index of meanings, or beyond. */
enum { MEANING_NEEDS_NONE = FLOW_MEANING_COUNT, MEANING_UNCLASSIFIED, MEANING_COUNT };

static size_t meaning_index(const struct flow *flow)
{
    bool plain = flow->class_ == FLOW_CLASS_INTERNAL || flow->class_ == FLOW_CLASS_MINED;
    for (size_t i = 0; i < FLOW_MEANING_COUNT && flow->declared; i++)
        if (strcmp(flow->declared->kind, flow_meaning_name((enum flow_meaning)i)) == 0)
            return i;
    return plain ? MEANING_NEEDS_NONE : MEANING_UNCLASSIFIED;
}

static void cell_meaning(struct page *page, size_t meaning)
{
    static const enum pack_text texts[FLOW_MEANING_COUNT] = {
        [FLOW_PURCHASE] = TEXT_MEANS_PURCHASE,
        [FLOW_SALE] = TEXT_MEANS_SALE,
        [FLOW_SEIZURE] = TEXT_MEANS_SEIZURE,
        [FLOW_DONATION] = TEXT_MEANS_DONATION,
        [FLOW_POOL_PAYOUT] = TEXT_MEANS_POOL_PAYOUT,
        [FLOW_CLIENT_DEPOSIT] = TEXT_MEANS_CLIENT_DEPOSIT,
        [FLOW_CLIENT_WITHDRAWAL] = TEXT_MEANS_CLIENT_WITHDRAWAL,
        [FLOW_LOAN] = TEXT_MEANS_LOAN,
        [FLOW_CUSTODY] = TEXT_MEANS_CUSTODY,
        [FLOW_OTHER] = TEXT_MEANS_OTHER};
    if (meaning == MEANING_NEEDS_NONE)
        buf_text(page->buf, "<td>–</td>");
    else if (meaning == MEANING_UNCLASSIFIED)
        cell_say(page, TEXT_UNCLASSIFIED);
    else
        cell_say(page, texts[meaning]);
}

static void flow_row(struct page *page, const struct flow *flow)
{
    char text[HEX256_SIZE];
    page_row(page);
    page_cell(page, false);
    page_day(page, flow->time);
    page_cell_end(page);
    (void)snprintf(text, sizeof text, "%u", flow->height);
    cell_ltr(page, text, "n");
    cell_say(page, flow_text(flow->class_));
    cell_meaning(page, meaning_index(flow));
    cell_btc(page, flow->net);
    hash256_display(text, &flow->txid);
    cell_ltr(page, text, "hash");
    page_row_end(page);
}

/* How much came or went by class and meaning, over all flows: what a reader asks first. */
static void flows_summary(struct page *page)
{
    static const enum pack_text titles[] = {TEXT_CLASS, TEXT_MEANING, TEXT_TX_COUNT, TEXT_NET};
    struct amount sums[FLOW_CLASS_COUNT][MEANING_COUNT];
    size_t counts[FLOW_CLASS_COUNT][MEANING_COUNT] = {{0}};
    const struct flows *flows = &page->pack->flows;
    for (size_t i = 0; i < FLOW_CLASS_COUNT * MEANING_COUNT; i++)
        sums[i / MEANING_COUNT][i % MEANING_COUNT] = amount_zero();
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *flow = &flows->list[i];
        struct amount *sum = &sums[flow->class_][meaning_index(flow)];
        *sum = amount_add(*sum, flow->net);
        counts[flow->class_][meaning_index(flow)]++;
    }
    page_table(page, titles, countof(titles), 0xc);
    for (size_t i = 0; i < FLOW_CLASS_COUNT * MEANING_COUNT; i++) {
        char text[24];
        size_t class_ = i / MEANING_COUNT;
        size_t meaning = i % MEANING_COUNT;
        if (counts[class_][meaning] == 0)
            continue;
        page_row(page);
        cell_say(page, flow_text((enum flow_class)class_));
        cell_meaning(page, meaning);
        (void)snprintf(text, sizeof text, "%zu", counts[class_][meaning]);
        cell_ltr(page, text, "n");
        cell_btc(page, sums[class_][meaning]);
        page_row_end(page);
    }
    page_table_end(page);
}

static void flows_hidden(struct page *page)
{
    char text[24];
    if (page->pack->hidden_count == 0)
        return;
    (void)snprintf(text, sizeof text, "%zu", page->pack->hidden_count);
    buf_text(page->buf, "<p class=\"note\">");
    page_ltr(page, text);
    buf_text(page->buf, " · ");
    page_say(page, TEXT_FLOWS_HIDDEN);
    buf_text(page->buf, ": ");
    page_quantity(page, page->pack->hidden_net, &(struct limits_unit){"BTC", 8});
    buf_text(page->buf, "</p>\n");
}

void page_flows(struct page *page)
{
    static const enum pack_text titles[] = {TEXT_DATE,    TEXT_BLOCK, TEXT_CLASS,
                                            TEXT_MEANING, TEXT_NET,   TEXT_TRANSACTION};
    const struct flows *shown = &page->pack->shown;
    size_t rows = page_rows(shown->count);
    page_section(page, TEXT_FLOWS);
    note(page, TEXT_FLOWS_NOTE);
    flows_summary(page);
    flows_hidden(page);
    page_table(page, titles, countof(titles), 0x12);
    for (size_t i = 0; i < rows; i++) /* the newest first */
        flow_row(page, &shown->list[shown->count - 1 - i]);
    page_table_end(page);
    page_more(page, shown->count, PACK_PAGE_ROWS, "flows.csv");
}

/* ---- accounts ------------------------------------------------------------------------------ */

static void account_row(struct page *page, const char *class_, const char *code,
                        const struct limits_text *label, const struct account_cell *figures)
{
    buf_format(page->buf, "<tr class=\"%s\">", class_);
    cell_ltr(page, code, "");
    page_cell(page, false);
    page_named(page, label);
    page_cell_end(page);
    cell_btc(page, figures->sat);
    page_cell(page, true);
    page_amount(page, figures->money, currency_decimals(page->pack->position.book->currency));
    page_cell_end(page);
    page_row_end(page);
}

/* One of our texts in all languages, as the label of a row. */
static struct limits_text text_of(enum pack_text text)
{
    struct limits_text label;
    for (size_t i = 0; i < LANGUAGE_COUNT; i++)
        label.in[i] = pack_text(text, (enum limits_language)i);
    return label;
}

static void part_rows(struct page *page, const struct account_table *table, enum account_part part)
{
    const struct accounts *accounts = table->accounts;
    buf_text(page->buf, "<tr><td></td><td colspan=\"3\"><b>");
    page_say(page, part == PART_TRANSACTIONS ? TEXT_TRANSACTIONS : TEXT_OTHER_VOLUME);
    buf_text(page->buf, "</b></td></tr>\n");
    for (size_t i = 0; i < accounts->line_count; i++) {
        const struct account_line *line = &accounts->lines[i];
        if (line->side == table->side && line->part == part)
            account_row(page, "", line->code, &line->label, &table->lines[i]);
    }
}

static void account_head(struct page *page, const struct account_table *table)
{
    buf_text(page->buf, "<h3>");
    page_named(page, &table->accounts->stocks[table->side]);
    buf_text(page->buf, "</h3>\n<table class=\"data\"><thead><tr><th>");
    page_say(page, TEXT_CODE);
    buf_text(page->buf, "</th><th></th><th class=\"n\"><bdi dir=\"ltr\">BTC</bdi></th>"
                        "<th class=\"n\">");
    page_ltr(page, page->pack->position.book->currency);
    buf_text(page->buf, "</th></tr></thead><tbody>\n");
}

static void account_table(struct page *page, const struct account_table *table)
{
    const struct accounts *accounts = table->accounts;
    const char *why = *table->why_unknown ? table->why_unknown : table->why_no_money;
    bool volume = table->side == SIDE_ASSETS; /* nothing but transactions changes what is owed */
    struct limits_text opening = text_of(TEXT_OPENING);
    struct limits_text closing = text_of(TEXT_CLOSING);
    account_head(page, table);
    account_row(page, "s", accounts->stock_codes[table->side], &opening, &table->opening);
    part_rows(page, table, PART_TRANSACTIONS);
    if (volume)
        part_rows(page, table, PART_OTHER_VOLUME);
    account_row(page, "", accounts->revaluation_code, &accounts->revaluation, &table->revaluation);
    account_row(page, "s", accounts->stock_codes[table->side], &closing, &table->closing);
    page_table_end(page);
    if (!*why)
        return;
    buf_text(page->buf, "<p class=\"note\">");
    page_say(page, *table->why_unknown ? TEXT_MISSING : TEXT_NO_MONEY);
    buf_text(page->buf, ": ");
    page_foreign(page, why);
    buf_text(page->buf, "</p>\n");
}

void page_accounts(struct page *page)
{
    page_section(page, TEXT_ACCOUNTS);
    note(page, TEXT_ACCOUNTS_NOTE);
    buf_text(page->buf, "<p class=\"note\">");
    page_named(page, &page->pack->in.accounts->name);
    buf_text(page->buf, "</p>\n");
    for (size_t i = 0; i < SIDE_COUNT; i++)
        if (page->pack->has_table[i])
            account_table(page, &page->pack->tables[i]);
}

/* ---- files --------------------------------------------------------------------------------- */

void page_files(struct page *page)
{
    page_section(page, TEXT_FILES);
    note(page, TEXT_FILES_NOTE);
    buf_text(page->buf, "<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < page->files->count; i++) {
        char hash[HEX256_SIZE];
        hash256_straight(hash, &page->files->list[i].sha256);
        buf_text(page->buf, "<tr><th>");
        page_ltr(page, page->files->list[i].name);
        buf_text(page->buf, "</th>");
        cell_ltr(page, hash, "hash");
        buf_text(page->buf, "</tr>\n");
    }
    buf_text(page->buf, "</tbody></table>\n");
}
