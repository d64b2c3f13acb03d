/* Feeds documents to the reader of programmes. What it accepts has the same hash when it is read
 * again from its canonical form; its versions are found by name and by day and stand apart; every
 * quantity is of the criterion's unit, no deeper than allowed, over terms that are there; and days
 * and instants lead to each other. */
#include "limits/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct programme *programme)
{
    struct err err = {0};
    struct buf text = buf_with_max(PROGRAMME_SIZE_MAX);
    struct programme *again = NULL;
    sanad_assert(json_canonical(&text, programme->json, &err) == 0);
    sanad_assert(programme_read(&again, "again", buf_bytes(&text), &err) == 0);
    sanad_assert(hash256_equal(&again->sha256, &programme->sha256));
    sanad_assert(again->term_count == programme->term_count);
    programme_free(again);
    buf_free(&text);
}

static bool same_unit(const struct expr *expr)
{
    for (size_t i = 1; i < expr->child_count; i++)
        if (!limits_unit_equal(&expr->children[i].unit, &expr->children[0].unit))
            return false;
    return true;
}

static void check_expr(const struct programme *programme, const struct expr *expr, unsigned depth,
                       bool in_change)
{
    sanad_assert(depth <= EXPR_DEPTH_MAX);
    sanad_assert(expr->child_count <= PROGRAMME_LIST_MAX && same_unit(expr));
    sanad_assert((expr->op == EXPR_TERM || expr->op == EXPR_CONSTANT) == (expr->child_count == 0));
    sanad_assert(!(in_change && expr->op == EXPR_CHANGE));
    if (expr->op == EXPR_TERM) {
        sanad_assert(expr->term < programme->term_count);
        sanad_assert(limits_unit_equal(&programme->terms[expr->term].unit, &expr->unit));
    }
    if (expr->op == EXPR_TIMES)
        sanad_assert(expr->denominator > 0);
    for (size_t i = 0; i < expr->child_count; i++)
        check_expr(programme, &expr->children[i], depth + 1, in_change || expr->op == EXPR_CHANGE);
}

static void check_terms(const struct programme *programme)
{
    for (size_t i = 0; i < programme->term_count; i++) {
        const struct limits_term *term = &programme->terms[i];
        sanad_assert(*term->label);
        sanad_assert(term->kind == TERM_SERIES ? *term->series != 0
                                               : term->perimeter < programme->perimeter_count);
        for (size_t k = 0; k < i; k++)
            sanad_assert(strcmp(programme->terms[k].label, term->label) != 0);
    }
}

static void check_criterion(const struct programme *programme, const struct criterion *criterion)
{
    sanad_assert(*limits_text_in(&criterion->name, LANGUAGE_UR));
    if (!criterion->has_quantity)
        return;
    check_expr(programme, &criterion->quantity, 1, false);
    sanad_assert(limits_unit_equal(&criterion->quantity.unit, &criterion->unit));
    sanad_assert(criterion->continuity == CONTINUOUS || criterion->date_count > 0);
    sanad_assert(amount_compare(criterion->buffer, amount_zero()) >= 0);
    for (size_t i = 0; i < criterion->date_count; i++) {
        sanad_assert(criterion->dates[i].day > criterion->base);
        sanad_assert(i == 0 || criterion->dates[i].day > criterion->dates[i - 1].day);
    }
    for (size_t i = 0; i < criterion->adjustor_count; i++) {
        check_expr(programme, &criterion->adjustors[i].quantity, 1, false);
        sanad_assert(*criterion->adjustors[i].source);
    }
}

static void check_version(const struct programme *programme, const struct programme_version *at)
{
    sanad_assert(programme_version_at(programme, at->from) == at);
    sanad_assert(programme_version_at(programme, at->until - 1) == at);
    sanad_assert(programme_version_find(programme, at->id) == at);
    int64_t end = programme_day_end(programme, at->from);
    sanad_assert(programme_day_of(programme, end) == at->from);
    sanad_assert(programme_day_of(programme, end + 1) == at->from + LIMITS_DAY);
    for (size_t i = 0; i < at->criterion_count; i++)
        check_criterion(programme, &at->criteria[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct programme *programme = NULL;
    int code = programme_read(&programme, "input", bytes_of(data, size), &err);
    sanad_assert(code == 0 || (code == SANAD_REFUSED && err.text[0]));
    if (code)
        return 0;
    check_again(programme);
    check_terms(programme);
    for (size_t i = 0; i < programme->version_count; i++)
        check_version(programme, &programme->versions[i]);
    programme_free(programme);
    return 0;
}
