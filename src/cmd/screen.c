/* What a person reads: lines, tables, colour on a terminal, and the mark of simulated
 * nations on every line. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* A line has at most LINE_WIDTH characters behind the mark of simulated nations, where its words
 * allow; the last column of a table at least so many. */
enum {
    TABLE_COLUMN_MAX = 16,
    CELL_SIZE = 512,
    LINE_WIDTH = 96,
    LAST_COLUMN_MIN = 24,
    READABLE_MIN = 40
};

int cmd_print_json(json_t *json, struct err *err)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(json);
    if (!text)
        return err_set(err, SANAD_ENVIRONMENT, "JSON: the document could not be written");
    bool written = puts(text) >= 0 && fflush(stdout) == 0;
    free(text);
    return written ? 0 : err_set(err, SANAD_IO, "standard output: %s", strerror(errno));
}

int cmd_answer(int code, struct err *err)
{
    *err = (struct err){.code = code};
    return code;
}

struct screen screen_stdout(bool simulated)
{
    bool terminal = isatty(STDOUT_FILENO) == 1 && !getenv("NO_COLOR");
    return (struct screen){.out = stdout, .colour = terminal, .simulated = simulated};
}

static const char *style_code(enum screen_style style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "",       [STYLE_HEAD] = "\x1b[1m",    [STYLE_GOOD] = "\x1b[32m",
        [STYLE_BAD] = "\x1b[31m", [STYLE_UNSURE] = "\x1b[33m", [STYLE_FAINT] = "\x1b[2m"};
    return codes[style];
}

static void put_line(const struct screen *screen, enum screen_style style, const char *text)
{
    bool coloured = screen->colour && style != STYLE_PLAIN;
    (void)fprintf(screen->out, "%s%s%s%s\n", screen->simulated ? "SIMULATED  " : "",
                  coloured ? style_code(style) : "", text, coloured ? "\x1b[0m" : "");
}

void screen_line(const struct screen *screen, enum screen_style style, const char *format, ...)
{
    struct buf line = buf_with_max(1 << 20);
    va_list args;
    va_start(args, format);
    char *text = NULL;
    if (vasprintf(&text, format, args) >= 0)
        buf_text(&line, text);
    va_end(args);
    free(text);
    put_line(screen, style, buf_cstr(&line));
    buf_free(&line);
}

/* Characters, not bytes: continuation bytes of UTF-8 take no place. */
static size_t text_width(const char *text, size_t size)
{
    size_t width = 0;
    for (size_t i = 0; i < size; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

/* How much of a text stands on a line of so many characters: up to the last space that fits,
 * or a whole word that does not, so that an address can still be copied. */
static size_t text_fit(const char *text, size_t room)
{
    size_t fit = 0;
    for (size_t width = 0; text[fit]; fit++) {
        width += text_width(text + fit, 1);
        if (width > room)
            break;
    }
    if (!text[fit])
        return fit;
    while (fit > 0 && text[fit] != ' ')
        fit--;
    return fit ? fit : strcspn(text, " ");
}

void screen_paragraph(const struct screen *screen, enum screen_style style, unsigned indent,
                      const char *text)
{
    while (*text) {
        size_t fit = text_fit(text, LINE_WIDTH - indent);
        screen_line(screen, style, "%*s%.*s", (int)indent, "", (int)fit, text);
        text += fit;
        text += strspn(text, " ");
    }
}

struct table_row {
    enum screen_style style;
    char *cells[TABLE_COLUMN_MAX];
};
struct table {
    const char *titles[TABLE_COLUMN_MAX];
    enum table_align aligns[TABLE_COLUMN_MAX];
    size_t column_count;
    struct table_row *rows;
    size_t row_count;
    size_t row_capacity;
    size_t next_column;
    enum screen_style next_style;
};

struct table *table_new(void)
{
    return mem_zalloc(1, sizeof(struct table));
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t r = 0; r < table->row_count; r++)
        for (size_t c = 0; c < table->column_count; c++)
            free(table->rows[r].cells[c]);
    free(table->rows);
    free(table);
}

void table_column(struct table *table, const char *title, enum table_align align)
{
    sanad_assert(table->column_count < TABLE_COLUMN_MAX && table->row_count == 0);
    table->titles[table->column_count] = title;
    table->aligns[table->column_count++] = align;
}

void table_row_style(struct table *table, enum screen_style style)
{
    table->next_style = style;
}

static struct table_row *table_row_new(struct table *table)
{
    if (table->row_count == table->row_capacity) {
        table->row_capacity = table->row_capacity ? table->row_capacity * 2 : 32;
        table->rows = mem_realloc(table->rows, table->row_capacity, sizeof *table->rows);
    }
    struct table_row *row = &table->rows[table->row_count++];
    *row = (struct table_row){.style = table->next_style};
    table->next_style = STYLE_PLAIN;
    return row;
}

void table_cell(struct table *table, const char *format, ...)
{
    char text[CELL_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* a cut cell is still a cell */
    va_end(args);
    struct table_row *row =
        table->next_column == 0 ? table_row_new(table) : &table->rows[table->row_count - 1];
    row->cells[table->next_column] = mem_strdup(text);
    table->next_column = (table->next_column + 1) % table->column_count;
}

static void add_padded(struct buf *line, const char *text, size_t width, enum table_align align,
                       bool last)
{
    size_t pad = width - text_width(text, strlen(text));
    if (align == ALIGN_RIGHT)
        buf_format(line, "%*s", (int)pad, "");
    buf_text(line, text);
    if (align == ALIGN_LEFT && !last)
        buf_format(line, "%*s", (int)pad, "");
    if (!last)
        buf_text(line, "  ");
}

static size_t longest_word(const char *text)
{
    size_t longest = 0;
    while (*text) {
        size_t size = strcspn(text, " ");
        size_t width = text_width(text, size);
        longest = width > longest ? width : longest;
        text += size;
        text += strspn(text, " ");
    }
    return longest;
}

/* Whether the last cell stands below its row: it does not fit in the room, and that is too narrow
 * to be read, or for one of its words. */
static bool is_below(const char *text, size_t room)
{
    return text_width(text, strlen(text)) > room &&
           (room < READABLE_MIN || longest_word(text) > room);
}

/* The last column, where it holds words, goes on below itself when the line is full, or stands
 * below the row. */
static void print_row(const struct table *table, const struct screen *screen,
                      enum screen_style style, const char *const *cells, const size_t *widths)
{
    enum { BELOW = 4 };
    struct buf line = buf_with_max(1 << 20);
    size_t last = table->column_count - 1;
    size_t indent = 0;
    const char *rest = cells[last] ? cells[last] : "";
    for (size_t c = 0; c < last; c++) {
        add_padded(&line, cells[c] ? cells[c] : "", widths[c], table->aligns[c], false);
        indent += widths[c] + 2;
    }
    size_t room = indent + LAST_COLUMN_MIN < LINE_WIDTH ? LINE_WIDTH - indent : LAST_COLUMN_MIN;
    if (table->aligns[last] == ALIGN_RIGHT) {
        add_padded(&line, rest, widths[last], ALIGN_RIGHT, true);
        rest += strlen(rest);
    } else if (last > 0 && is_below(rest, room)) {
        while (line.size > 0 && line.data[line.size - 1] == ' ')
            line.size--;
        indent = BELOW;
        room = LINE_WIDTH - BELOW;
    } else {
        size_t fit = text_fit(rest, room);
        buf_add(&line, bytes_of(rest, fit));
        rest += fit;
        rest += strspn(rest, " ");
    }
    put_line(screen, style, buf_cstr(&line));
    while (*rest) {
        size_t fit = text_fit(rest, room);
        buf_reset(&line);
        buf_format(&line, "%*s", (int)indent, "");
        buf_add(&line, bytes_of(rest, fit));
        put_line(screen, style, buf_cstr(&line));
        rest += fit;
        rest += strspn(rest, " ");
    }
    buf_free(&line);
}

void table_print(const struct table *table, const struct screen *screen)
{
    size_t widths[TABLE_COLUMN_MAX] = {0};
    for (size_t c = 0; c < table->column_count; c++) {
        widths[c] = text_width(table->titles[c], strlen(table->titles[c]));
        for (size_t r = 0; r < table->row_count; r++) {
            const char *cell = table->rows[r].cells[c];
            size_t width = cell ? text_width(cell, strlen(cell)) : 0;
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    print_row(table, screen, STYLE_HEAD, table->titles, widths);
    for (size_t r = 0; r < table->row_count; r++)
        print_row(table, screen, table->rows[r].style, (const char *const *)table->rows[r].cells,
                  widths);
}

const char *screen_control(enum wallet_control control)
{
    return control == CONTROL_CUSTODIAN_STATEMENT ? "custodian" : wallet_control_name(control);
}

enum screen_style screen_verdict_style(const char *verdict)
{
    static const char *const good[] = {"holds", "consistent", "met", "accepted"};
    static const char *const bad[] = {"contradicted", "not-met", "refused", "breached"};
    for (size_t i = 0; i < countof(good); i++)
        if (strcmp(verdict, good[i]) == 0)
            return STYLE_GOOD;
    for (size_t i = 0; i < countof(bad); i++)
        if (strcmp(verdict, bad[i]) == 0)
            return STYLE_BAD;
    return STYLE_UNSURE;
}
