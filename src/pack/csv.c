/* The pack as CSV that opens in a spreadsheet: one fact a row, units in the header, nothing
 * that a spreadsheet takes for a formula. */
#include "pack/pack_priv.h"

/* A cell before the first column of a row says what the whole file is. */
static void row_begin(struct buf *buf, const struct pack *pack)
{
    if (pack->position.book->simulated)
        buf_text(buf, "SIMULATED,");
}

static void header(struct buf *buf, const struct pack *pack, const char *columns)
{
    buf_format(buf, "%s%s\r\n", pack->position.book->simulated ? "simulated," : "", columns);
}

static void cell(struct buf *buf, const char *text)
{
    buf_text(buf, ",");
    csv_write_foreign(buf, text);
}

/* Our own figure: a decimal number, empty where it is not known. */
static void cell_amount(struct buf *buf, struct amount a, unsigned decimals)
{
    char text[AMOUNT_TEXT_SIZE];
    buf_text(buf, ",");
    if (!amount_is_known(a))
        return;
    amount_format(text, a, decimals);
    buf_text(buf, text);
}

static void cell_day(struct buf *buf, int64_t day)
{
    char text[11];
    buf_text(buf, ",");
    if (day == LIMITS_NO_DAY)
        return;
    date_format(text, day);
    buf_text(buf, text);
}

static void row_end(struct buf *buf)
{
    buf_text(buf, "\r\n");
}

/* ---- what is held -------------------------------------------------------------------------- */

void csv_addresses(struct buf *buf, const struct pack *pack)
{
    const struct book *book = pack->position.book;
    header(buf, pack, "wallet,entity,class,address,script,balance_btc");
    for (size_t i = 0; i < pack->script_count; i++) {
        const struct ledger_script *script = &pack->scripts[i];
        const struct wallet *wallet = &book->wallets[script->wallet];
        char address[ADDRESS_TEXT_SIZE] = "";
        char hex[2 * SCRIPT_SIZE_MAX + 1] = "";
        if (!address_from_script(address, book->params, script->script) &&
            script->script.size <= SCRIPT_SIZE_MAX)
            hex_encode(hex, script->script);
        row_begin(buf, pack);
        csv_write_foreign(buf, wallet->id);
        cell(buf, book->entities[wallet->entity].id);
        cell(buf, wallet_class_name(wallet->class_));
        cell(buf, address);
        cell(buf, hex); /* only where no address tells it */
        cell_amount(buf, script->balance, 8);
        row_end(buf);
    }
}

static void balance_row(struct buf *buf, const struct pack *pack, const char *kind,
                        const char *class_, struct amount balance)
{
    row_begin(buf, pack);
    buf_format(buf, "%s,,,%s,", kind, class_);
    cell_amount(buf, balance, 8);
    buf_text(buf, ",,,,\r\n");
}

static void balance_wallet(struct buf *buf, const struct pack *pack,
                           const struct wallet_position *held)
{
    const struct book *book = pack->position.book;
    const struct wallet *wallet = &book->wallets[held->wallet];
    row_begin(buf, pack);
    buf_text(buf, "wallet");
    cell(buf, wallet->id);
    cell(buf, book->entities[wallet->entity].id);
    cell(buf, wallet_class_name(wallet->class_));
    cell(buf, wallet_control_name(wallet->control));
    cell_amount(buf, held->balance, 8);
    buf_format(buf, ",%zu,%zu", held->coin_count, held->script_count);
    cell_amount(buf, held->largest_script, 8);
    cell_amount(buf, held->exposed_key, 8);
    row_end(buf);
}

void csv_balances(struct buf *buf, const struct pack *pack)
{
    const struct position *position = &pack->position;
    header(buf, pack,
           "kind,wallet,entity,class,control,balance_btc,coins,scripts,largest_script_btc,"
           "exposed_key_btc");
    for (size_t i = 0; i < position->wallet_count; i++)
        if (position->book->wallets[position->wallets[i].wallet].visibility == VISIBILITY_PUBLIC)
            balance_wallet(buf, pack, &position->wallets[i]);
    balance_row(buf, pack, "restricted", "", position->restricted_part);
    for (size_t i = 0; i < WALLET_CLASS_COUNT; i++)
        if (position->has_class[i])
            balance_row(buf, pack, "class", wallet_class_name((enum wallet_class)i),
                        position->by_class[i]);
    balance_row(buf, pack, "total", "", position->total);
}

/* ---- criteria ------------------------------------------------------------------------------ */

static void net_row(struct buf *buf, const struct pack *pack, const struct criterion_result *result,
                    const char *kind, const char *label, const struct limits_unit *unit)
{
    row_begin(buf, pack);
    csv_write_foreign(buf, result->criterion->id);
    cell_day(buf, result->day);
    cell_day(buf, result->criterion->base);
    cell(buf, kind);
    cell(buf, label);
    cell(buf, unit->name);
}

static void net_figures(struct buf *buf, struct amount now, struct amount base, unsigned decimals)
{
    cell_amount(buf, now, decimals);
    cell_amount(buf, base, decimals);
    cell_amount(buf, amount_sub(now, base), decimals);
}

static void net_criterion(struct buf *buf, const struct pack *pack,
                          const struct criterion_result *result)
{
    const struct limits_unit *unit = &result->criterion->unit;
    struct amount now;
    struct amount base;
    if (!result->criterion->has_quantity)
        return;
    for (size_t i = 0; i < result->term_count; i++) {
        const struct criterion_term *term = &result->terms[i];
        const struct limits_term *meant = &pack->in.result->programme->terms[term->term];
        net_row(buf, pack, result, "term", meant->label, &meant->unit);
        net_figures(buf, term->at.value, term->base.value, meant->unit.decimals);
        cell(buf, term->at.source ? term->at.source : "");
        cell(buf, term->at.why ? term->at.why : "");
        row_end(buf);
    }
    criterion_net(&now, &base, result);
    if (result->criterion->base != LIMITS_NO_DAY) {
        bool net = criterion_has_balance(result, pack->in.result->programme);
        net_row(buf, pack, result, net ? "net position" : "sum of terms", "", unit);
        net_figures(buf, now, base, unit->decimals);
        buf_text(buf, ",,\r\n");
    }
    net_row(buf, pack, result, "value", "", unit);
    cell_amount(buf, result->value, unit->decimals);
    buf_text(buf, ",,,");
    cell(buf, result->why ? result->why : "");
    row_end(buf);
}

/* What is held and owed at the ends of the period, whatever the criteria are about. */
static void net_stock(struct buf *buf, const struct pack *pack, const char *name, struct amount now,
                      struct amount before)
{
    row_begin(buf, pack);
    cell_day(buf, pack->in.result->as_of.day);
    cell_day(buf, pack->has_opening ? pack->opening.time : LIMITS_NO_DAY);
    buf_format(buf, ",period,%s,BTC", name);
    net_figures(buf, now, before, 8);
    buf_text(buf, ",,\r\n");
}

static void net_stocks(struct buf *buf, const struct pack *pack)
{
    const struct account_table *held = &pack->tables[SIDE_ASSETS];
    const struct account_table *owed = &pack->tables[SIDE_LIABILITIES];
    net_stock(buf, pack, "held", held->closing.sat, held->opening.sat);
    if (!pack->has_table[SIDE_LIABILITIES])
        return;
    net_stock(buf, pack, "owed outside", owed->closing.sat, owed->opening.sat);
    net_stock(buf, pack, "held less owed", amount_sub(held->closing.sat, owed->closing.sat),
              amount_sub(held->opening.sat, owed->opening.sat));
}

void csv_net_position(struct buf *buf, const struct pack *pack)
{
    header(buf, pack, "criterion,date,base_date,kind,term,unit,value,base,change,source,missing");
    net_stocks(buf, pack);
    for (size_t i = 0; i < pack->in.result->criterion_count; i++)
        net_criterion(buf, pack, &pack->in.result->criteria[i]);
}

static void criterion_row(struct buf *buf, const struct pack *pack,
                          const struct criterion_result *result)
{
    const struct criterion *criterion = result->criterion;
    const struct breach *breach = criterion_breach(result);
    unsigned decimals = criterion->unit.decimals;
    row_begin(buf, pack);
    csv_write_foreign(buf, criterion->id);
    cell(buf, result->version->id);
    cell(buf, limits_text_in(&criterion->name, LANGUAGE_EN));
    cell(buf, criterion_kind_name(criterion->kind));
    cell(buf, continuity_name(criterion->continuity));
    cell(buf, criterion->reading ? criterion->reading : "");
    cell_day(buf, result->day);
    cell(buf, criterion->unit.name);
    cell_amount(buf, result->value, decimals);
    cell(buf, criterion_bound(result));
    cell_amount(buf, criterion->has_quantity ? result->limit : amount_unknown(), decimals);
    cell_amount(buf, result->headroom, decimals);
    cell(buf, limits_verdict_name(result->verdict));
    cell_day(buf, breach ? breach->from : LIMITS_NO_DAY);
    cell_day(buf, breach ? breach->corrected : LIMITS_NO_DAY);
    cell(buf, breach && breach->waiver && breach->waiver->document ? breach->waiver->document : "");
    cell(buf, result->has_reported ? limits_verdict_name(result->reported_verdict) : "");
    cell(buf, result->misreporting ? "yes" : "no");
    cell(buf, result->why ? result->why : "");
    row_end(buf);
}

void csv_criteria(struct buf *buf, const struct pack *pack)
{
    const struct limits_result *result = pack->in.result;
    header(buf, pack,
           "criterion,version,name,kind,continuity,reading,date,unit,value,bound,limit,headroom,"
           "verdict,breached_on,corrected_on,waiver_sha256,verdict_as_reported,"
           "possible_misreporting,missing");
    for (size_t i = 0; i < result->criterion_count; i++)
        criterion_row(buf, pack, &result->criteria[i]);
    for (size_t i = 0; i < result->earlier_count; i++)
        criterion_row(buf, pack, &result->earlier[i]);
}

/* ---- what changed, flows, accounts --------------------------------------------------------- */

void csv_changes(struct buf *buf, const struct pack *pack)
{
    header(buf, pack, "subject,id,member,unit,before,now,change");
    for (size_t i = 0; i < pack->change_count; i++) {
        const struct pack_change *change = &pack->changes[i];
        bool figures = *change->unit;
        row_begin(buf, pack);
        csv_write_foreign(buf, change->subject);
        cell(buf, change->id);
        cell(buf, change->member);
        cell(buf, change->unit);
        if (figures) {
            buf_format(buf, ",%s,%s,%s", change->before, change->now, change->change);
        } else {
            cell(buf, change->before);
            cell(buf, change->now);
            cell(buf, "");
        }
        row_end(buf);
    }
}

void csv_flows(struct buf *buf, const struct pack *pack)
{
    flows_csv(buf, &pack->shown);
}

static void account_row(struct buf *buf, const struct pack *pack, const struct account_table *table,
                        const char *part, const char *code, const struct limits_text *label,
                        const struct account_cell *figures)
{
    row_begin(buf, pack);
    buf_text(buf, account_side_name(table->side));
    cell(buf, part);
    cell(buf, code);
    cell(buf, limits_text_in(label, LANGUAGE_EN));
    cell_amount(buf, figures->sat, 8);
    cell_amount(buf, figures->money, currency_decimals(pack->position.book->currency));
    row_end(buf);
}

static void account_rows(struct buf *buf, const struct pack *pack,
                         const struct account_table *table)
{
    const struct accounts *accounts = table->accounts;
    const char *code = accounts->stock_codes[table->side];
    const struct limits_text *stock = &accounts->stocks[table->side];
    account_row(buf, pack, table, "opening", code, stock, &table->opening);
    for (size_t i = 0; i < accounts->line_count; i++)
        if (accounts->lines[i].side == table->side)
            account_row(buf, pack, table, account_part_name(accounts->lines[i].part),
                        accounts->lines[i].code, &accounts->lines[i].label, &table->lines[i]);
    account_row(buf, pack, table, "revaluation", accounts->revaluation_code, &accounts->revaluation,
                &table->revaluation);
    account_row(buf, pack, table, "closing", code, stock, &table->closing);
}

void csv_accounts(struct buf *buf, const struct pack *pack)
{
    char columns[64];
    char currency[8] = "";
    for (size_t i = 0; i < 3 && pack->position.book->currency[i]; i++)
        currency[i] = (char)(pack->position.book->currency[i] | 0x20);
    (void)snprintf(columns, sizeof columns, "side,part,code,line,amount_btc,amount_%s", currency);
    header(buf, pack, columns);
    for (size_t i = 0; i < SIDE_COUNT; i++)
        if (pack->has_table[i])
            account_rows(buf, pack, &pack->tables[i]);
}
