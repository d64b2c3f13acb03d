/* How a page is written: escaped text, isolated directions, tables. */
#include "pack/pack_priv.h"

/* ---- text ---------------------------------------------------------------------------------- */

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* Bytes of the character at `text`, which may be broken UTF-8: never past the end. */
static size_t character_size(const char *text)
{
    uint8_t first = (uint8_t)*text;
    return strnlen(text, first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2);
}

void html_escape(struct buf *buf, const char *text)
{
    while (*text) {
        char one[5] = {0};
        size_t size = character_size(text);
        const char *entity = entity_of(*text);
        memcpy(one, text, size);
        buf_text(buf, entity ? entity : text_is_clean(one) ? one : "\xef\xbf\xbd");
        text += size;
    }
}

void page_say(struct page *page, enum pack_text text)
{
    html_escape(page->buf, pack_text(text, page->language));
}

void page_foreign(struct page *page, const char *text)
{
    buf_text(page->buf, "<bdi>");
    html_escape(page->buf, text);
    buf_text(page->buf, "</bdi>");
}

void page_named(struct page *page, const struct limits_text *text)
{
    bool own = page->language == LANGUAGE_UR && text->in[LANGUAGE_UR];
    buf_text(page->buf, own ? "<bdi dir=\"rtl\">" : "<bdi>");
    html_escape(page->buf, limits_text_in(text, page->language));
    buf_text(page->buf, "</bdi>");
}

void page_ltr(struct page *page, const char *text)
{
    buf_text(page->buf, "<bdi dir=\"ltr\">");
    html_escape(page->buf, text);
    buf_text(page->buf, "</bdi>");
}

void page_amount(struct page *page, struct amount a, unsigned decimals)
{
    char text[AMOUNT_TEXT_SIZE];
    if (!amount_is_known(a)) {
        buf_text(page->buf, "–");
        return;
    }
    amount_format_grouped(text, a, decimals);
    page_ltr(page, text);
}

void page_quantity(struct page *page, struct amount a, const struct limits_unit *unit)
{
    char text[AMOUNT_TEXT_SIZE + 16];
    if (amount_is_known(a)) {
        amount_format_grouped(text, a, unit->decimals);
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, " %s",
                       strcmp(unit->name, "percent") == 0 ? "%" : unit->name);
        page_ltr(page, text);
    } else {
        page_amount(page, a, 0);
    }
}

void page_day(struct page *page, int64_t day)
{
    char text[11];
    date_format(text, day);
    buf_format(page->buf, "<bdi dir=\"ltr\" class=\"d\">%s</bdi>", text);
}

/* ---- prose --------------------------------------------------------------------------------- */

/* Whether a character belongs to a run of figures, dates, units, tokens. */
static bool is_latin(char c)
{
    return (uint8_t)c > ' ' && (uint8_t)c < 0x7f;
}

static void escape_part(struct buf *buf, const char *text, size_t size)
{
    struct buf part = buf_with_max(1 << 20);
    buf_add(&part, bytes_of(text, size));
    html_escape(buf, buf_cstr(&part));
    buf_free(&part);
}

/* Words; one that begins with a figure (an amount, a day) is not broken over two lines. */
static void words_put(struct page *page, const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t end = at;
        while (end < size && text[end] != ' ')
            end++;
        size_t first = at + (text[at] == '-' && at + 1 < end);
        bool figure = text[first] >= '0' && text[first] <= '9';
        if (figure)
            buf_text(page->buf, "<span class=\"d\">");
        escape_part(page->buf, text + at, end - at);
        if (figure)
            buf_text(page->buf, "</span>");
        while (end < size && text[end] == ' ') {
            buf_text(page->buf, " ");
            end++;
        }
        at = end;
    }
}

/* Latin words with the spaces between them, without what only punctuates around them. */
static void latin_put(struct page *page, const char *text, size_t size)
{
    size_t lead = 0;
    while (lead < size && strchr("(\"':,.;) ", text[lead]))
        lead++;
    size_t end = size;
    while (end > lead && strchr(":,.;)\"'", text[end - 1]))
        end--;
    escape_part(page->buf, text, lead);
    if (end > lead) {
        buf_text(page->buf, "<bdi dir=\"ltr\">");
        words_put(page, text + lead, end - lead);
        buf_text(page->buf, "</bdi>");
    }
    escape_part(page->buf, text + end, size - end);
}

/* Bytes of a run of Latin words; two figures with a colon or comma between are two runs. */
static size_t latin_size(const char *text)
{
    size_t size = 0;
    while (is_latin(text[size]) || (text[size] == ' ' && is_latin(text[size + 1]))) {
        char before = size > 0 ? text[size - 1] : 0;
        bool figure = text[size] == ' ' && strchr("+-0123456789", text[size + 1]);
        if (figure && (before == ':' || before == ',' || before == ';'))
            return size;
        size++;
    }
    return size;
}

void page_prose(struct page *page, const char *text)
{
    if (page->language != LANGUAGE_UR) {
        words_put(page, text, strlen(text));
        return;
    }
    while (*text) {
        bool latin = is_latin(*text);
        size_t size = latin ? latin_size(text) : 0;
        while (!latin && text[size] && !is_latin(text[size]))
            size++;
        if (latin)
            latin_put(page, text, size);
        else
            escape_part(page->buf, text, size);
        text += size;
    }
}

/* ---- structure ----------------------------------------------------------------------------- */

void page_section(struct page *page, enum pack_text title)
{
    buf_text(page->buf, "<h2>");
    page_say(page, title);
    buf_text(page->buf, "</h2>\n");
}

void page_table(struct page *page, const enum pack_text *titles, size_t count, unsigned numbers)
{
    buf_text(page->buf, "<table class=\"data\"><thead><tr>");
    for (size_t i = 0; i < count; i++) {
        buf_text(page->buf, numbers >> i & 1 ? "<th class=\"n\">" : "<th>");
        page_say(page, titles[i]);
        buf_text(page->buf, "</th>");
    }
    buf_text(page->buf, "</tr></thead><tbody>\n");
}

void page_table_end(struct page *page)
{
    buf_text(page->buf, "</tbody></table>\n");
}

void page_row(struct page *page)
{
    buf_text(page->buf, "<tr>");
}

void page_row_end(struct page *page)
{
    buf_text(page->buf, "</tr>\n");
}

void page_cell(struct page *page, bool number)
{
    buf_text(page->buf, number ? "<td class=\"n\">" : "<td>");
}

void page_cell_end(struct page *page)
{
    buf_text(page->buf, "</td>");
}

size_t page_rows(size_t count)
{
    return count < PACK_PAGE_ROWS ? count : PACK_PAGE_ROWS;
}

void page_more(struct page *page, size_t count, size_t shown, const char *file)
{
    char number[24];
    if (count <= shown)
        return;
    (void)snprintf(number, sizeof number, "%zu", count - shown);
    buf_text(page->buf, "<p class=\"note\">");
    page_ltr(page, number);
    buf_text(page->buf, " ");
    page_say(page, TEXT_MORE_ROWS);
    buf_text(page->buf, " ");
    page_ltr(page, file);
    buf_text(page->buf, "</p>\n");
}
