/* What a person reads: lines, tables, colour on a terminal, and the mark of simulated
 * nations on every line. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

enum { TABLE_COLUMN_MAX = 16, CELL_SIZE = 512 };

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

void screen_paragraph(const struct screen *screen, enum screen_style style, unsigned indent,
                      const char *text)
{
    enum { PARAGRAPH_WIDTH = 96 };
    size_t room = PARAGRAPH_WIDTH - indent;
    while (*text) {
        size_t end = strlen(text);
        while (end > 0 && text_width(text, end) > room) { /* back to the last space that fits */
            size_t space = end - 1;
            while (space > 0 && text[space] != ' ')
                space--;
            if (space == 0)
                break; /* one long word */
            end = space;
        }
        screen_line(screen, style, "%*s%.*s", (int)indent, "", (int)end, text);
        text += end;
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

static void print_row(const struct table *table, const struct screen *screen,
                      enum screen_style style, const char *const *cells, const size_t *widths)
{
    struct buf line = buf_with_max(1 << 20);
    for (size_t c = 0; c < table->column_count; c++)
        add_padded(&line, cells[c] ? cells[c] : "", widths[c], table->aligns[c],
                   c + 1 == table->column_count);
    put_line(screen, style, buf_cstr(&line));
    buf_free(&line);
}

void table_print(const struct table *table, const struct screen *screen)
{
    size_t widths[TABLE_COLUMN_MAX];
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
