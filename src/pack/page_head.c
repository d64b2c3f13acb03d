/* The frame of a page: style, what every printed page repeats, and the summary at the top. */
#include "pack/pack_priv.h"

/* No font, image or style comes from elsewhere. The outer table's head and foot are what a
 * printer repeats on every page. */
static const char style[] =
    "@page{size:A4;margin:11mm 12mm 11mm}\n"
    "*{box-sizing:border-box}\n"
    "html{-webkit-print-color-adjust:exact;print-color-adjust:exact}\n"
    "body{margin:0 auto;max-width:190mm;padding:6mm 4mm;color:#1b2430;background:#fff;"
    "font:10pt/1.45 \"Noto Sans\",\"Segoe UI\",\"Liberation Sans\",\"DejaVu Sans\",sans-serif}\n"
    "body:lang(ur){font-family:\"Noto Nastaliq Urdu\",\"Jameel Noori Nastaleeq\",\"Urdu "
    "Typesetting\",\"Noto Naskh Arabic\",\"Noto Sans\",\"DejaVu "
    "Sans\",sans-serif;line-height:2.1}\n"
    "bdi[dir=ltr],code{font-family:\"Noto Sans\",\"Segoe UI\",\"Liberation Sans\",\"DejaVu "
    "Sans\",sans-serif;line-height:1.4}\n"
    "h1{font-size:17pt;line-height:1.25;margin:3mm 0 1mm;color:#12305c}\n"
    "h1:lang(ur){line-height:2}\n"
    "h2{font-size:12pt;margin:7mm 0 2mm;color:#12305c;border-bottom:.4mm solid "
    "#c3cedd;padding-bottom:1mm;break-after:avoid}\n"
    "h3{font-size:10pt;margin:4mm 0 1mm;break-after:avoid}\n"
    "p{margin:1mm 0 2mm}\n"
    ".sheet{width:100%;border-collapse:collapse}\n"
    ".sheet>*>tr>td{padding:0}\n"
    ".run{font-size:7.5pt;color:#46546a;border-bottom:.2mm solid #c3cedd;padding-bottom:1mm;"
    "margin-bottom:2mm;display:flex;justify-content:space-between;gap:5mm}\n"
    ".foot{border-bottom:0;border-top:.2mm solid #c3cedd;padding:1mm 0 0;margin:4mm 0 0;"
    "display:block;line-height:1.5}\n"
    ".run:lang(ur){padding-top:1.5mm;line-height:2.4}\n"
    ".foot:lang(ur){padding-top:1mm;line-height:2.3}\n"
    ".run b{color:#8a4b00}\n"
    ".sim{font-weight:700;color:#fff;background:#a3222b;padding:0 2mm;border-radius:.8mm;"
    "display:inline-block;line-height:1.5;font-family:\"Noto Sans\",\"DejaVu Sans\",sans-serif}\n"
    ".banner{font-weight:700;color:#a3222b;border:.5mm solid #a3222b;border-radius:1mm;"
    "padding:1.5mm 3mm;margin:2mm 0}\n"
    ".zero{border-inline-start:1.4mm solid #b86a00;background:#fdf5e8;padding:2mm 3.5mm;"
    "margin:3mm 0}\n"
    ".zero b{display:block;font-size:11.5pt}\n"
    ".total{font-size:20pt;font-weight:700;line-height:1.3;margin:2mm 0 0}\n"
    ".facts{width:100%;border-collapse:collapse;margin:2mm 0;font-size:8.5pt}\n"
    ".facts th{text-align:start;font-weight:400;color:#46546a;padding:.5mm 0;width:46mm;"
    "vertical-align:top}\n"
    ".facts td{padding:.5mm 0;overflow-wrap:anywhere}\n"
    ".data{width:100%;border-collapse:collapse;font-size:8.3pt;line-height:1.35;margin:1mm 0 "
    "3mm}\n"
    ".data:lang(ur){line-height:1.9}\n"
    ".data th{text-align:start;background:#e8eef6;color:#12305c;padding:1mm 1.4mm;"
    "vertical-align:bottom}\n"
    ".data td{padding:1mm 1.4mm;border-bottom:.15mm solid #d8dfe8;vertical-align:top;"
    "overflow-wrap:break-word}\n"
    ".data tr{break-inside:avoid}\n"
    ".data .n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;"
    "overflow-wrap:normal}\n"
    ".data .s td{font-weight:700;background:#f4f7fb}\n"
    ".data .hash{font-size:7pt;overflow-wrap:anywhere}\n"
    ".d{white-space:nowrap}\n"
    ".note{font-size:8.3pt;color:#46546a}\n"
    ".v{font-weight:700;white-space:nowrap}\n"
    ".met{color:#176a34}\n"
    ".not{color:#a3222b}\n"
    ".und{color:#8a5a00}\n"
    ".say{break-inside:avoid}\n"
    "@media print{body{padding:0;max-width:none}}\n";

static void fact(struct page *page, enum pack_text name, const char *value)
{
    buf_text(page->buf, "<tr><th>");
    page_say(page, name);
    buf_text(page->buf, "</th><td>");
    page_ltr(page, value);
    buf_text(page->buf, "</td></tr>\n");
}

/* The figures without which no total may stand. */
static void facts(struct page *page)
{
    const struct limits_result *result = page->pack->in.result;
    const struct position *position = &page->pack->position;
    char text[160];
    char hash[HEX256_SIZE];
    buf_text(page->buf, "<table class=\"facts\"><tbody>\n");
    date_format(text, result->as_of.day);
    fact(page, TEXT_DAY, text);
    (void)snprintf(text, sizeof text, "%s (UTC%+03d:%02d)", result->programme->timezone,
                   (int)(result->programme->utc_offset_minutes / 60),
                   (int)(result->programme->utc_offset_minutes < 0
                             ? -result->programme->utc_offset_minutes % 60
                             : result->programme->utc_offset_minutes % 60));
    fact(page, TEXT_TIMEZONE, text);
    (void)snprintf(text, sizeof text, "%u", result->block.height);
    fact(page, TEXT_BLOCK, text);
    hash256_display(hash, &result->block.hash);
    fact(page, TEXT_BLOCK_HASH, hash);
    time_format(text, result->block.time);
    fact(page, TEXT_BLOCK_TIME, text);
    fact(page, TEXT_CHAIN, position->params->name);
    fact(page, TEXT_GRADE, grade_name(result->grade));
    hash256_straight(hash, &position->book->sha256);
    fact(page, TEXT_BOOK_HASH, hash);
    (void)snprintf(text, sizeof text, "%s", result->programme->id);
    fact(page, TEXT_PROGRAMME, text);
    fact(page, TEXT_VERSION, result->version->id);
    hash256_straight(hash, &result->programme->sha256);
    fact(page, TEXT_PROGRAMME_HASH, hash);
    buf_text(page->buf, "</tbody></table>\n");
}

/* Which blocks the period has, and since when. */
static void period(struct page *page)
{
    char text[96];
    buf_text(page->buf, "<p class=\"note\">");
    page_say(page, TEXT_PERIOD);
    (void)snprintf(text, sizeof text, "%u – %u", page->pack->in.from,
                   page->pack->position.as_of.height);
    buf_text(page->buf, ": ");
    page_ltr(page, text);
    if (!page->pack->in.previous) {
        buf_text(page->buf, ". ");
        page_say(page, TEXT_FIRST_PACK);
    }
    buf_text(page->buf, "</p>\n");
}

static void complete(struct page *page)
{
    const struct pack *pack = page->pack;
    bool whole = pack->position.complete;
    buf_format(page->buf, "<p class=\"v %s\">", whole ? "met" : "not");
    page_say(page, whole ? TEXT_COMPLETE : TEXT_NOT_COMPLETE);
    buf_text(page->buf, "</p>\n");
    for (size_t i = 0; i < pack->position.missing_count; i++) {
        buf_text(page->buf, "<p class=\"note\">");
        page_foreign(page, pack->position.missing[i]);
        buf_text(page->buf, "</p>\n");
    }
    buf_text(page->buf, "<p class=\"note\">");
    page_say(page, TEXT_COMPLETENESS);
    buf_text(page->buf, "</p>\n");
}

static void value(struct page *page)
{
    const struct position *position = &page->pack->position;
    const struct account_table *table = &page->pack->tables[SIDE_ASSETS];
    buf_text(page->buf, "<p class=\"note\">");
    page_say(page, TEXT_TOTAL);
    buf_text(page->buf, "</p><p class=\"total\">");
    page_quantity(page, position->total, &(struct limits_unit){"BTC", 8});
    buf_text(page->buf, "</p>\n");
    if (!amount_is_known(table->closing.money))
        return;
    buf_text(page->buf, "<p class=\"note\">≈ ");
    struct limits_unit unit = {.decimals = currency_decimals(position->book->currency)};
    (void)snprintf(unit.name, sizeof unit.name, "%s", position->book->currency);
    page_quantity(page, table->closing.money, &unit);
    buf_text(page->buf, "</p>\n");
}

/* What every printed page repeats. */
static void running(struct page *page)
{
    const struct limits_result *result = page->pack->in.result;
    char text[16];
    buf_text(page->buf, "<div class=\"run\"><span>");
    if (page->pack->position.book->simulated)
        buf_text(page->buf, "<span class=\"sim\">SIMULATED</span> ");
    page_ltr(page, page->pack->position.book->nation);
    buf_text(page->buf, " · ");
    page_named(page, &result->programme->name);
    buf_text(page->buf, " · ");
    date_format(text, result->as_of.day);
    page_ltr(page, text);
    buf_text(page->buf, "</span><b>");
    page_say(page, TEXT_ADDS_ZERO);
    buf_text(page->buf, "</b></div>\n");
}

static void document_begin(struct page *page)
{
    const char *code = pack_text(TEXT_LANGUAGE_CODE, page->language);
    buf_format(page->buf, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n", code,
               page->language == LANGUAGE_UR ? "rtl" : "ltr");
    buf_text(page->buf, "<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                        "<meta name=\"referrer\" content=\"no-referrer\">\n"
                        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                        "'none'; style-src 'unsafe-inline'\">\n<title>");
    if (page->pack->position.book->simulated)
        buf_text(page->buf, "SIMULATED ");
    html_escape(page->buf, page->pack->position.book->nation);
    buf_text(page->buf, " · ");
    page_say(page, TEXT_TITLE);
    buf_format(page->buf, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

void page_head(struct page *page)
{
    document_begin(page);
    buf_text(page->buf, "<table class=\"sheet\" role=\"presentation\"><thead><tr><td>\n");
    running(page);
    buf_text(page->buf, "</td></tr></thead>\n");
    page_foot(page);
    buf_text(page->buf, "<tbody><tr><td>\n<h1>");
    page_ltr(page, page->pack->position.book->nation);
    buf_text(page->buf, " · ");
    page_say(page, TEXT_TITLE);
    buf_text(page->buf, "</h1>\n<p>");
    page_named(page, &page->pack->in.result->programme->name);
    buf_text(page->buf, "</p>\n");
    if (page->pack->position.book->simulated) {
        buf_text(page->buf, "<p class=\"banner\">");
        page_prose(page, pack_text(TEXT_SIMULATED, page->language));
        buf_text(page->buf, "</p>\n");
    }
    buf_text(page->buf, "<div class=\"zero\"><b>");
    page_say(page, TEXT_ADDS_ZERO);
    buf_text(page->buf, "</b>");
    page_prose(page, pack_text(TEXT_ZERO_WHY, page->language));
    buf_text(page->buf, "</div>\n");
    value(page);
    facts(page);
    period(page);
    complete(page);
}

/* The foot stands before the body in the source; a printer puts it under every page. */
void page_foot(struct page *page)
{
    const struct limits_result *result = page->pack->in.result;
    char hash[HEX256_SIZE];
    char number[16];
    buf_text(page->buf, "<tfoot><tr><td><div class=\"run foot\">");
    if (page->pack->position.book->simulated)
        buf_text(page->buf, "<span class=\"sim\">SIMULATED</span> ");
    page_say(page, TEXT_BLOCK);
    (void)snprintf(number, sizeof number, "%u", result->block.height);
    buf_text(page->buf, " ");
    page_ltr(page, number);
    hash256_display(hash, &result->block.hash);
    buf_text(page->buf, " ");
    page_ltr(page, hash);
    buf_text(page->buf, " · ");
    page_say(page, TEXT_GRADE);
    buf_text(page->buf, " ");
    page_ltr(page, grade_name(result->grade));
    buf_text(page->buf, "<br>");
    page_say(page, TEXT_BOOK_HASH);
    hash256_straight(hash, &page->pack->position.book->sha256);
    buf_text(page->buf, " ");
    page_ltr(page, hash);
    buf_text(page->buf, "</div></td></tr></tfoot>\n");
}

void page_make(struct buf *buf, const struct pack *pack, enum limits_language language,
               const struct pack_files *files)
{
    struct page page = {.buf = buf, .pack = pack, .language = language, .files = files};
    page_head(&page);
    page_criteria(&page);
    page_net_position(&page);
    page_balances(&page);
    page_addresses(&page);
    page_changes(&page);
    page_flows(&page);
    page_accounts(&page);
    page_files(&page);
    buf_text(buf, "</td></tr></tbody></table>\n</body>\n</html>\n");
}
