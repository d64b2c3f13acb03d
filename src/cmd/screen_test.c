/* Proves: a table's columns stand under each other by characters, not bytes; every line of a
 * simulated nation bears its mark; colour comes only where it is asked for and goes round the
 * line, never into it. */
#include "support.h"
#include "cmd/cmd.h"

#include <stdlib.h>
#include <unistd.h>

/* What a screen without a terminal has been told, line by line. */
struct sheet {
    struct screen screen;
    char *text;
    size_t size;
};

static void sheet_open(struct sheet *sheet, bool simulated, bool colour)
{
    *sheet = (struct sheet){.screen = {.colour = colour, .simulated = simulated}};
    sheet->screen.out = open_memstream(&sheet->text, &sheet->size);
    assert_non_null(sheet->screen.out);
}

static void sheet_expect(struct sheet *sheet, const char *expected)
{
    assert_int_equal(fclose(sheet->screen.out), 0);
    assert_string_equal(sheet->text, expected);
    free(sheet->text);
}

static void columns_stand_under_each_other(void **state)
{
    (void)state;
    struct sheet sheet;
    struct table *table = table_new();
    sheet_open(&sheet, false, false);
    table_column(table, "name", ALIGN_LEFT);
    table_column(table, "BTC", ALIGN_RIGHT);
    table_column(table, "note", ALIGN_LEFT);
    table_cell(table, "a");
    table_cell(table, "%d", 5);
    table_cell(table, "x");
    table_cell(table, "\xd8\xae\xd8\xb2\xd8\xa7\xd9\x86\xdb\x81"); /* five letters in ten bytes */
    table_cell(table, "12345");
    table_cell(table, "%s", "");
    table_print(table, &sheet.screen);
    table_free(table);
    sheet_expect(&sheet, "name     BTC  note\n"
                         "a          5  x\n"
                         "\xd8\xae\xd8\xb2\xd8\xa7\xd9\x86\xdb\x81  12345  \n");
}

static void a_row_that_is_not_full_is_still_printed(void **state)
{
    (void)state;
    struct sheet sheet;
    struct table *table = table_new();
    sheet_open(&sheet, false, false);
    table_column(table, "a", ALIGN_LEFT);
    table_column(table, "b", ALIGN_RIGHT);
    table_print(table, &sheet.screen); /* no rows: the titles alone */
    table_cell(table, "only");
    table_print(table, &sheet.screen);
    table_free(table);
    table_free(NULL);
    sheet_expect(&sheet, "a  b\na     b\nonly   \n");
}

static void a_long_last_column_goes_on_below_itself(void **state)
{
    (void)state;
    struct sheet sheet;
    struct table *table = table_new();
    sheet_open(&sheet, false, false);
    table_column(table, "name", ALIGN_LEFT);
    table_column(table, "words", ALIGN_LEFT);
    table_cell(table, "a");
    table_cell(table, "%s",
               "one two three four five six seven eight nine ten eleven twelve thirteen "
               "fourteen fifteen sixteen  bcrt1q");
    table_cell(table, "b");
    table_cell(table, "%s", "short");
    table_print(table, &sheet.screen);
    table_free(table);
    sheet_expect(&sheet, "name  words\n"
                         "a     one two three four five six seven eight nine ten eleven twelve "
                         "thirteen fourteen fifteen\n"
                         "      sixteen  bcrt1q\n"
                         "b     short\n");
    /* Where hardly room is left it stands below the row. */
    table = table_new();
    sheet_open(&sheet, false, false);
    table_column(table, "a title that takes more than half of the line from its neighbour",
                 ALIGN_LEFT);
    table_column(table, "words", ALIGN_LEFT);
    table_cell(table, "x");
    table_cell(table, "%s", "not more than what fits on a line");
    table_print(table, &sheet.screen);
    table_free(table);
    sheet_expect(&sheet, "a title that takes more than half of the line from its neighbour  words\n"
                         "x\n"
                         "    not more than what fits on a line\n");
    /* A word is never broken: an address must be copied whole. */
    char address[130];
    char expected[300];
    memset(address, 'q', sizeof address - 1);
    address[sizeof address - 1] = 0;
    table = table_new();
    sheet_open(&sheet, false, false);
    table_column(table, "to", ALIGN_LEFT);
    table_cell(table, "see %s now", address);
    table_print(table, &sheet.screen);
    table_free(table);
    (void)snprintf(expected, sizeof expected, "to\nsee\n%s\nnow\n", address);
    sheet_expect(&sheet, expected);
    /* Behind other columns it stands below the row. */
    table = table_new();
    sheet_open(&sheet, false, false);
    table_column(table, "name", ALIGN_LEFT);
    table_column(table, "hash", ALIGN_LEFT);
    table_cell(table, "of all");
    table_cell(table, "%.95s", address);
    table_print(table, &sheet.screen);
    table_free(table);
    (void)snprintf(expected, sizeof expected, "name    hash\nof all\n    %.95s\n", address);
    sheet_expect(&sheet, expected);
}

static void every_line_of_a_simulated_nation_is_marked(void **state)
{
    (void)state;
    struct sheet sheet;
    struct table *table = table_new();
    sheet_open(&sheet, true, true);
    table_column(table, "a", ALIGN_LEFT);
    for (int i = 0; i < 40; i++) /* more than one growth of the rows */
        table_cell(table, "%d", i);
    table_print(table, &sheet.screen);
    table_free(table);
    screen_line(&sheet.screen, STYLE_BAD, "%s", "words");
    assert_int_equal(fclose(sheet.screen.out), 0);
    size_t lines = 0;
    for (const char *line = sheet.text; *line; line = strchr(line, '\n') + 1, lines++)
        assert_memory_equal(line, "SIMULATED ", 10);
    assert_int_equal(lines, 42);
    free(sheet.text);
}

static void colour_goes_round_the_line(void **state)
{
    (void)state;
    struct sheet sheet;
    sheet_open(&sheet, false, true);
    screen_line(&sheet.screen, STYLE_GOOD, "good");
    screen_line(&sheet.screen, STYLE_PLAIN, "plain");
    sheet_expect(&sheet, "\x1b[32mgood\x1b[0m\nplain\n");
    sheet_open(&sheet, false, false);
    screen_line(&sheet.screen, STYLE_GOOD, "good");
    sheet_expect(&sheet, "good\n");
}

static void a_file_gets_no_colour(void **state)
{
    (void)state;
    struct screen screen = screen_stdout(true);
    assert_true(screen.simulated);
    if (isatty(STDOUT_FILENO) != 1)
        assert_false(screen.colour);
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    screen = screen_stdout(false);
    assert_false(screen.colour);
}

static void verdicts_have_their_colours(void **state)
{
    (void)state;
    assert_int_equal(screen_verdict_style("holds"), STYLE_GOOD);
    assert_int_equal(screen_verdict_style("consistent"), STYLE_GOOD);
    assert_int_equal(screen_verdict_style("contradicted"), STYLE_BAD);
    assert_int_equal(screen_verdict_style("not-met"), STYLE_BAD);
    assert_int_equal(screen_verdict_style("undecided"), STYLE_UNSURE);
    /* What nobody has thought of is never shown as good. */
    assert_int_equal(screen_verdict_style("hold"), STYLE_UNSURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_stand_under_each_other),
        cmocka_unit_test(a_row_that_is_not_full_is_still_printed),
        cmocka_unit_test(a_long_last_column_goes_on_below_itself),
        cmocka_unit_test(every_line_of_a_simulated_nation_is_marked),
        cmocka_unit_test(colour_goes_round_the_line),
        cmocka_unit_test(a_file_gets_no_colour),
        cmocka_unit_test(verdicts_have_their_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
