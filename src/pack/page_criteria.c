/* The part of a page that says whether the programme is kept, and why. */
#include "pack/pack_priv.h"

static void figure(struct page *page, struct amount a, const struct limits_unit *unit)
{
    page_cell(page, true);
    page_quantity(page, a, unit);
    page_cell_end(page);
}

static enum pack_text kind_text(enum criterion_kind kind)
{
    static const enum pack_text texts[CRITERION_KIND_COUNT] = {
        [CRITERION_PERFORMANCE] = TEXT_KIND_PERFORMANCE,
        [CRITERION_INDICATIVE] = TEXT_KIND_INDICATIVE,
        [CRITERION_BENCHMARK] = TEXT_KIND_BENCHMARK,
        [CRITERION_PRIOR_ACTION] = TEXT_KIND_PRIOR_ACTION};
    return texts[kind];
}

static void verdict_put(struct page *page, enum limits_verdict verdict)
{
    static const char *const classes[] = {
        [LIMITS_MET] = "met", [LIMITS_UNDECIDED] = "und", [LIMITS_NOT_MET] = "not"};
    buf_format(page->buf, "<span class=\"v %s\">%s</span>", classes[verdict],
               limits_verdict_words(verdict, page->language));
}

/* "breached on 2025-07-04": a word of ours and a day, on a line of their own. */
static void dated(struct page *page, enum pack_text text, int64_t day)
{
    buf_text(page->buf, "<br><span class=\"note\">");
    page_say(page, text);
    buf_text(page->buf, " ");
    page_day(page, day);
    buf_text(page->buf, "</span>");
}

static void noted(struct page *page, enum pack_text text)
{
    buf_text(page->buf, "<br><span class=\"note\">");
    page_say(page, text);
    buf_text(page->buf, "</span>");
}

static void name_cell(struct page *page, const struct criterion_result *result)
{
    const struct criterion *criterion = result->criterion;
    page_cell(page, false);
    page_named(page, &criterion->name);
    buf_text(page->buf, "<br><span class=\"note\">");
    page_ltr(page, criterion->id);
    buf_text(page->buf, " · ");
    page_say(page, kind_text(criterion->kind));
    if (criterion->has_quantity) {
        buf_text(page->buf, " · ");
        page_say(page, criterion->continuity == CONTINUOUS ? TEXT_CONTINUOUS : TEXT_END_PERIOD);
    }
    if (criterion->reading) {
        buf_text(page->buf, " · ");
        page_say(page, TEXT_READING);
        buf_text(page->buf, ": ");
        page_foreign(page, criterion->reading);
    }
    buf_text(page->buf, "</span>");
    page_cell_end(page);
}

static void limit_cell(struct page *page, const struct criterion_result *result)
{
    const struct criterion *criterion = result->criterion;
    page_cell(page, true);
    if (criterion->has_quantity) {
        page_quantity(page, result->limit, &criterion->unit);
        noted(page, criterion->is_floor ? TEXT_FLOOR : TEXT_CEILING);
    } else {
        page_say(page, TEXT_ACTION);
        buf_text(page->buf, " ");
        page_day(page, criterion->action.due);
    }
    page_cell_end(page);
}

static void verdict_cell(struct page *page, const struct criterion_result *result)
{
    const struct breach *breach = criterion_breach(result);
    page_cell(page, false);
    verdict_put(page, result->verdict);
    if (result->warning)
        noted(page, TEXT_WARNING);
    if (result->preliminary)
        noted(page, TEXT_PRELIMINARY);
    if (breach) {
        dated(page, TEXT_SINCE, breach->from);
        if (breach->corrected != LIMITS_NO_DAY)
            dated(page, TEXT_CORRECTED, breach->corrected);
        if (breach->waiver)
            dated(page, TEXT_WAIVED, breach->waiver->granted);
    }
    page_cell_end(page);
}

static void criterion_row(struct page *page, const struct criterion_result *result)
{
    struct amount none = amount_unknown();
    bool quantity = result->criterion->has_quantity;
    page_row(page);
    name_cell(page, result);
    page_cell(page, false);
    page_day(page, result->day);
    page_cell_end(page);
    figure(page, quantity ? result->value : none, &result->criterion->unit);
    limit_cell(page, result);
    figure(page, quantity ? result->headroom : none, &result->criterion->unit);
    verdict_cell(page, result);
    page_row_end(page);
}

static void criteria_table(struct page *page, const struct criterion_result *list, size_t count)
{
    static const enum pack_text titles[] = {TEXT_CRITERION, TEXT_DATE,     TEXT_VALUE,
                                            TEXT_LIMIT,     TEXT_HEADROOM, TEXT_VERDICT};
    page_table(page, titles, countof(titles), 0x1c);
    for (size_t i = 0; i < count; i++)
        criterion_row(page, &list[i]);
    page_table_end(page);
}

/* What was reported then and what is known now differ: both stand. */
static void reported_put(struct page *page, const struct criterion_result *result)
{
    if (!result->misreporting)
        return;
    buf_text(page->buf, "<p><b class=\"not\">");
    page_say(page, TEXT_MISREPORTING);
    buf_text(page->buf, "</b>: ");
    page_say(page, TEXT_AS_REPORTED);
    buf_text(page->buf, " ");
    verdict_put(page, result->reported_verdict);
    buf_text(page->buf, " (");
    page_quantity(page, result->reported_value, &result->criterion->unit);
    buf_text(page->buf, ")</p>\n");
}

static void assumptions_put(struct page *page, const struct criterion *criterion)
{
    const struct programme *programme = page->pack->in.result->programme;
    for (size_t i = 0; i < criterion->assumption_count; i++) {
        for (size_t j = 0; j < programme->assumption_count; j++) {
            const struct assumption *assumption = &programme->assumptions[j];
            if (strcmp(assumption->id, criterion->assumptions[i]) != 0)
                continue;
            buf_text(page->buf, "<p class=\"note\">");
            page_say(page, TEXT_ASSUMPTIONS);
            buf_text(page->buf, ": ");
            page_named(page, &assumption->text);
            buf_text(page->buf, "</p>\n");
        }
    }
}

static void explain_put(struct page *page, const struct criterion_result *result)
{
    struct buf text = buf_with_max(1 << 16);
    limits_explain(&text, result, page->language);
    buf_text(page->buf, "<div class=\"say\"><h3>");
    page_named(page, &result->criterion->name);
    buf_text(page->buf, "</h3>\n<p>");
    page_prose(page, buf_cstr(&text));
    buf_text(page->buf, "</p>\n");
    reported_put(page, result);
    assumptions_put(page, result->criterion);
    buf_text(page->buf, "</div>\n");
    buf_free(&text);
}

void page_criteria(struct page *page)
{
    const struct limits_result *result = page->pack->in.result;
    page_section(page, TEXT_CRITERIA);
    criteria_table(page, result->criteria, result->criterion_count);
    if (result->earlier_count > 0) {
        buf_text(page->buf, "<h3>");
        page_say(page, TEXT_EARLIER);
        buf_text(page->buf, "</h3>\n");
        criteria_table(page, result->earlier, result->earlier_count);
    }
    page_section(page, TEXT_EXPLANATIONS);
    for (size_t i = 0; i < result->criterion_count; i++)
        explain_put(page, &result->criteria[i]);
    for (size_t i = 0; i < result->earlier_count; i++)
        explain_put(page, &result->earlier[i]);
}

/* ---- net position -------------------------------------------------------------------------- */

static void net_figures(struct page *page, struct amount base, struct amount now,
                        const struct limits_unit *unit)
{
    figure(page, base, unit);
    figure(page, now, unit);
    figure(page, amount_sub(now, base), unit);
}

static void term_row(struct page *page, const struct criterion_term *term)
{
    const struct limits_term *meant = &page->pack->in.result->programme->terms[term->term];
    page_row(page);
    page_cell(page, false);
    page_foreign(page, meant->label);
    if (term->at.why || term->at.source) {
        buf_text(page->buf, "<br><span class=\"note\">");
        page_foreign(page, term->at.why ? term->at.why : term->at.source);
        buf_text(page->buf, "</span>");
    }
    page_cell_end(page);
    net_figures(page, term->base.value, term->at.value, &meant->unit);
    page_row_end(page);
}

static void net_table(struct page *page, const struct criterion_result *result)
{
    static const enum pack_text titles[] = {TEXT_TERM, TEXT_AT_BASE, TEXT_NOW, TEXT_CHANGE};
    struct amount now;
    struct amount base;
    buf_text(page->buf, "<h3>");
    page_named(page, &result->criterion->name);
    buf_text(page->buf, " <span class=\"note\">");
    if (result->criterion->base != LIMITS_NO_DAY) {
        page_day(page, result->criterion->base);
        buf_text(page->buf, " → ");
    }
    page_day(page, result->day);
    buf_text(page->buf, "</span></h3>\n");
    page_table(page, titles, countof(titles), 0xe);
    for (size_t i = 0; i < result->term_count; i++)
        term_row(page, &result->terms[i]);
    criterion_net(&now, &base, result);
    if (amount_is_known(now) && amount_is_known(base)) {
        buf_text(page->buf, "<tr class=\"s\">");
        page_cell(page, false);
        bool net = criterion_has_balance(result, page->pack->in.result->programme);
        page_say(page, net ? TEXT_NET_ROW : TEXT_SUM_ROW);
        page_cell_end(page);
        net_figures(page, base, now, &result->criterion->unit);
        page_row_end(page);
    }
    page_table_end(page);
}

static void stock_row(struct page *page, const char *class_, enum pack_text name,
                      struct amount before, struct amount now)
{
    static const struct limits_unit unit = {"BTC", 8};
    buf_format(page->buf, "<tr class=\"%s\">", class_);
    page_cell(page, false);
    page_say(page, name);
    page_cell_end(page);
    net_figures(page, before, now, &unit);
    page_row_end(page);
}

/* What is held and owed at the ends of the period, whatever the criteria are about. */
static void stock_table(struct page *page)
{
    static const enum pack_text titles[] = {TEXT_NET_HELD, TEXT_BEFORE_PERIOD, TEXT_NOW,
                                            TEXT_CHANGE};
    const struct pack *pack = page->pack;
    const struct account_table *held = &pack->tables[SIDE_ASSETS];
    const struct account_table *owed = &pack->tables[SIDE_LIABILITIES];
    page_table(page, titles, countof(titles), 0xe);
    stock_row(page, "", TEXT_HELD, held->opening.sat, held->closing.sat);
    if (pack->has_table[SIDE_LIABILITIES]) {
        stock_row(page, "", TEXT_OWED, owed->opening.sat, owed->closing.sat);
        stock_row(page, "s", TEXT_NET_HELD, amount_sub(held->opening.sat, owed->opening.sat),
                  amount_sub(held->closing.sat, owed->closing.sat));
    }
    page_table_end(page);
}

void page_net_position(struct page *page)
{
    const struct limits_result *result = page->pack->in.result;
    page_section(page, TEXT_NET_POSITION);
    stock_table(page);
    for (size_t i = 0; i < result->criterion_count; i++)
        if (result->criteria[i].criterion->has_quantity)
            net_table(page, &result->criteria[i]);
}
