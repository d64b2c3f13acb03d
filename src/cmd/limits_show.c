/* Limits made for reading: the table of criteria, then why, each term with its source, breaches and
 * what was reported at the time. */
#include "cmd/cmd.h"

static void amount_text(char ret_text[AMOUNT_TEXT_SIZE], struct amount amount,
                        const struct limits_unit *unit)
{
    if (amount_is_known(amount))
        amount_format_grouped(ret_text, amount, unit->decimals);
    else
        (void)snprintf(ret_text, AMOUNT_TEXT_SIZE, "unknown");
}

static void day_text(char ret_text[11], int64_t day)
{
    if (day == LIMITS_NO_DAY)
        (void)snprintf(ret_text, 11, "-");
    else
        date_format(ret_text, day);
}

static void head_show(const struct limits_result *result, const struct screen *screen)
{
    char day[11];
    char hash[HEX256_SIZE];
    char programme[HEX256_SIZE];
    char book[HEX256_SIZE];
    char time[TIME_TEXT_SIZE];
    char median[TIME_TEXT_SIZE];
    int offset = result->programme->utc_offset_minutes;
    int size = offset < 0 ? -offset : offset;
    day_text(day, result->as_of.day);
    hash256_straight(programme, &result->programme->sha256);
    hash256_straight(book, &result->book->sha256);
    screen_line(screen, STYLE_HEAD, "Limits of %s, version %s, on %s%s", result->programme->id,
                result->version->id, day,
                result->as_of.over || !result->as_of.any ? "" : " (the day is not over)");
    if (!result->as_of.any)
        screen_line(screen, STYLE_UNSURE, "  block      none: no block of the scan is of that day");
    if (result->as_of.any) {
        hash256_display(hash, &result->block.hash);
        time_format(time, result->block.time);
        time_format(median, result->block.median_time);
        screen_line(screen, STYLE_PLAIN, "  block      %u %s", result->block.height, hash);
        screen_line(screen, STYLE_PLAIN, "  time       %s (median-time-past %s)", time, median);
    }
    screen_line(screen, STYLE_PLAIN, "  days       of %s (UTC%c%02d:%02d)",
                result->programme->timezone, offset < 0 ? '-' : '+', size / 60, size % 60);
    screen_line(screen, STYLE_PLAIN, "  grade      %s%s", grade_name(result->grade),
                result->complete ? "" : ", NOT COMPLETE");
    if (result->knowledge->no_book)
        screen_line(screen, STYLE_UNSURE, "  book       none was declared");
    else
        screen_line(screen, STYLE_PLAIN, "  book       %s", book);
    screen_line(screen, STYLE_PLAIN, "  programme  %s", programme);
}

/* Benchmarks and prior actions have a day by which they are due, and no figures. */
static void action_row_show(struct table *table, const struct criterion_result *result)
{
    char due[11];
    day_text(due, result->criterion->action.due);
    table_row_style(table, screen_verdict_style(limits_verdict_name(result->verdict)));
    table_cell(table, "%s", result->criterion->id);
    table_cell(table, "due %s", due);
    for (size_t i = 0; i < 4; i++)
        table_cell(table, "-");
    table_cell(table, "%s", limits_verdict_name(result->verdict));
}

static void row_show(struct table *table, const struct criterion_result *result)
{
    const struct limits_unit *unit = &result->criterion->unit;
    char value[AMOUNT_TEXT_SIZE];
    char limit[AMOUNT_TEXT_SIZE];
    char headroom[AMOUNT_TEXT_SIZE];
    char day[11];
    amount_text(value, result->value, unit);
    amount_text(limit, result->limit, unit);
    amount_text(headroom, result->headroom, unit);
    day_text(day, result->day);
    table_row_style(table, screen_verdict_style(limits_verdict_name(result->verdict)));
    table_cell(table, "%s", result->criterion->id);
    table_cell(table, "%s", result->preliminary ? "not tested yet" : day);
    table_cell(table, "%s", unit->name);
    table_cell(table, "%s", value);
    table_cell(table, "%s %s", result->criterion->is_floor ? ">=" : "<=", limit);
    table_cell(table, "%s", headroom);
    table_cell(table, "%s%s%s", limits_verdict_name(result->verdict),
               result->warning ? ", close" : "", result->in_force ? "" : " (not in force)");
}

static void table_show(const struct criterion_result *results, size_t count,
                       const struct screen *screen)
{
    struct table *table = table_new();
    table_column(table, "criterion", ALIGN_LEFT);
    table_column(table, "as of", ALIGN_LEFT);
    table_column(table, "unit", ALIGN_LEFT);
    table_column(table, "value", ALIGN_RIGHT);
    table_column(table, "limit", ALIGN_RIGHT);
    table_column(table, "headroom", ALIGN_RIGHT);
    table_column(table, "verdict", ALIGN_LEFT);
    for (size_t i = 0; i < count; i++)
        (results[i].criterion->has_quantity ? row_show : action_row_show)(table, &results[i]);
    table_print(table, screen);
    table_free(table);
}

static void terms_show(const struct programme *programme, const struct criterion_result *result,
                       const struct screen *screen)
{
    char value[AMOUNT_TEXT_SIZE];
    char base[AMOUNT_TEXT_SIZE];
    for (size_t i = 0; i < result->term_count; i++) {
        const struct criterion_term *term = &result->terms[i];
        const struct limits_term *about = &programme->terms[term->term];
        amount_text(value, term->at.value, &about->unit);
        amount_text(base, term->base.value, &about->unit);
        if (term->at.why && result->why && strcmp(term->at.why, result->why) == 0)
            continue; /* told already */
        if (term->at.why)
            screen_line(screen, STYLE_UNSURE, "    missing: %s", term->at.why);
        else if (amount_is_known(term->base.value))
            screen_line(screen, STYLE_FAINT, "    %s: %s %s (base %s)", about->label, value,
                        about->unit.name, base);
        else
            screen_line(screen, STYLE_FAINT, "    %s: %s %s", about->label, value,
                        about->unit.name);
        if (!term->at.why && term->at.source)
            screen_line(screen, STYLE_FAINT, "      from %s", term->at.source);
    }
}

/* Breaches before the last, which the explanation tells. */
static void breaches_show(const struct criterion_result *result, const struct screen *screen)
{
    char from[11];
    char corrected[11];
    for (size_t i = 0; i + 1 < result->breach_count; i++) {
        day_text(from, result->breaches[i].from);
        day_text(corrected, result->breaches[i].corrected);
        screen_line(screen, STYLE_BAD, "    broken before: from %s, met again on %s%s", from,
                    corrected, result->breaches[i].waiver ? ", waived" : "");
    }
}

static void reported_show(const struct criterion_result *result, const struct screen *screen)
{
    char text[AMOUNT_TEXT_SIZE];
    char first[11];
    char last[11];
    char known[TIME_TEXT_SIZE];
    if (result->has_reported) {
        time_format(known, result->reported_known);
        amount_text(text, result->reported_value, &result->criterion->unit);
        bool known_now = amount_is_known(result->value);
        bool same = amount_is_known(result->reported_value) == known_now &&
                    (!known_now || amount_equal(result->reported_value, result->value));
        if (!same || result->reported_verdict != result->verdict)
            screen_line(screen, STYLE_UNSURE, "    as reported (known %s): %s%s%s, %s", known, text,
                        amount_is_known(result->reported_value) ? " " : "",
                        amount_is_known(result->reported_value) ? result->criterion->unit.name : "",
                        limits_verdict_name(result->reported_verdict));
    }
    if (result->misreporting) {
        day_text(first, result->changed_first);
        day_text(last, result->changed_last);
        screen_line(screen, STYLE_BAD,
                    "    POSSIBLE MISREPORTING: %zu verdict%s from %s to %s changed since reported",
                    result->changed_days, result->changed_days == 1 ? "" : "s", first, last);
    }
}

static void criterion_show(const struct programme *programme, const struct criterion_result *result,
                           const struct screen *screen)
{
    const struct criterion *criterion = result->criterion;
    struct buf why = buf_with_max(32768);
    limits_explain(&why, result, LANGUAGE_EN);
    screen_line(screen, STYLE_HEAD, "  %s: %s%s%s", criterion->id,
                criterion_kind_name(criterion->kind), criterion->has_quantity ? ", " : "",
                criterion->has_quantity ? continuity_name(criterion->continuity) : "");
    screen_paragraph(screen, screen_verdict_style(limits_verdict_name(result->verdict)), 4,
                     buf_cstr(&why));
    terms_show(programme, result, screen);
    breaches_show(result, screen);
    reported_show(result, screen);
    buf_free(&why);
}

static void daily_show(const struct limits_result *result, const struct screen *screen)
{
    for (size_t i = 0; i < result->version->criterion_count; i++) {
        const struct criterion *criterion = &result->version->criteria[i];
        struct table *table = table_new();
        char value[AMOUNT_TEXT_SIZE];
        char headroom[AMOUNT_TEXT_SIZE];
        char day[11];
        screen_line(screen, STYLE_PLAIN, "%s", "");
        screen_line(screen, STYLE_HEAD, "%s, day by day", criterion->id);
        table_column(table, "day", ALIGN_LEFT);
        table_column(table, criterion->unit.name, ALIGN_RIGHT);
        table_column(table, "headroom", ALIGN_RIGHT);
        table_column(table, "verdict", ALIGN_LEFT);
        for (size_t d = 0; d < result->daily_count; d++) {
            const struct daily_value *at = &result->daily[i * result->daily_count + d];
            amount_text(value, at->value, &criterion->unit);
            amount_text(headroom, at->headroom, &criterion->unit);
            day_text(day, at->day);
            table_row_style(table, screen_verdict_style(limits_verdict_name(at->verdict)));
            table_cell(table, "%s", day);
            table_cell(table, "%s", value);
            table_cell(table, "%s", headroom);
            table_cell(table, "%s", limits_verdict_name(at->verdict));
        }
        table_print(table, screen);
        table_free(table);
    }
}

static bool is_assumed(const struct limits_result *result, const char *id)
{
    for (size_t i = 0; i < result->criterion_count; i++)
        for (size_t a = 0; a < result->criteria[i].criterion->assumption_count; a++)
            if (strcmp(result->criteria[i].criterion->assumptions[a], id) == 0)
                return true;
    return false;
}

/* What the sources leave open, and how it is read here. */
static void assumptions_show(const struct limits_result *result, const struct screen *screen)
{
    bool any = false;
    for (size_t i = 0; i < result->programme->assumption_count; i++) {
        const struct assumption *assumption = &result->programme->assumptions[i];
        struct buf text = buf_with_max(32768);
        if (!is_assumed(result, assumption->id))
            continue;
        if (!any)
            screen_line(screen, STYLE_PLAIN, "%s", "");
        any = true;
        buf_format(&text, "Assumed (%s): %s", assumption->id,
                   limits_text_in(&assumption->text, LANGUAGE_EN));
        screen_paragraph(screen, STYLE_FAINT, 2, buf_cstr(&text));
        buf_free(&text);
    }
}

void limits_show(const struct limits_result *result, const struct screen *screen)
{
    head_show(result, screen);
    screen_line(screen, STYLE_PLAIN, "%s", "");
    table_show(result->criteria, result->criterion_count, screen);
    for (size_t i = 0; i < result->criterion_count; i++) {
        screen_line(screen, STYLE_PLAIN, "%s", "");
        criterion_show(result->programme, &result->criteria[i], screen);
    }
    for (size_t i = 0; i < result->earlier_count; i++) {
        screen_line(screen, STYLE_PLAIN, "%s", "");
        screen_line(screen, STYLE_BAD,
                    "Under version %s, no longer in force:", result->earlier[i].version->id);
        criterion_show(result->programme, &result->earlier[i], screen);
    }
    assumptions_show(result, screen);
    if (result->daily)
        daily_show(result, screen);
}
