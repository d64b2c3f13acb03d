/* Reads quantities: an object with one member, the operator. What it says of chain and series
 * becomes terms of the programme; those that say the same are one. */
#include "limits/limits_priv.h"

struct expr_reader {
    struct programme_reader *whole;
    struct programme *programme;
    const char *object;
    bool has_base;
    bool in_change;
    struct err *err;
};

/* One line of the table of operators. */
struct operator
{
    const char *name;
    enum expr_op op;
    size_t least, most; /* children */
    int (*read)(struct expr * ret, struct expr_reader * reader, const struct operator* operator,
                const json_t * operand, unsigned depth);
};
#define OPERATOR_READ(name)                                                                        \
    static int name(struct expr *ret, struct expr_reader *reader, const struct operator* operator, \
                    const json_t * operand, unsigned depth)

static int quantity_read(struct expr *ret, struct expr_reader *reader, const json_t *json,
                         unsigned depth);

/* ---- terms ---- */

static bool term_equal(const struct limits_term *a, const struct limits_term *b)
{
    if (a->kind != b->kind || a->perimeter != b->perimeter || a->max_age_days != b->max_age_days)
        return false;
    if (a->kind == TERM_SERIES)
        return strcmp(a->series, b->series) == 0;
    return memcmp(a->meanings, b->meanings, sizeof a->meanings) == 0 &&
           memcmp(a->classes, b->classes, sizeof a->classes) == 0 &&
           a->unclassified_ignored == b->unclassified_ignored && a->mixing == b->mixing;
}

static void label_names(struct buf *label, const struct limits_term *term, const char *last)
{
    const char *names[FLOW_MEANING_COUNT + FLOW_CLASS_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < FLOW_MEANING_COUNT; i++)
        if (term->meanings[i])
            names[count++] = flow_meaning_name((enum flow_meaning)i);
    for (size_t i = 0; i < FLOW_CLASS_COUNT; i++)
        if (term->classes[i])
            names[count++] = flow_class_name((enum flow_class)i);
    for (size_t i = 0; i < count; i++)
        buf_format(label, "%s%s", i == 0 ? "" : i + 1 == count ? last : ", ", names[i]);
}

static bool has_meaning(const struct limits_term *term)
{
    bool any = false;
    for (size_t i = 0; i < FLOW_MEANING_COUNT; i++)
        any = any || term->meanings[i];
    return any;
}

/* What is not as it is left out is told, so that no two terms read alike. */
static void label_rest(struct buf *label, const struct limits_term *term)
{
    bool aged = term->kind == TERM_LIABILITIES || term->kind == TERM_SERIES;
    if (aged && term->max_age_days != LIMITS_AGE_DEFAULT_DAYS)
        buf_format(label, ", at most %u days old", term->max_age_days);
    if (term->kind == TERM_HELD_FROM && term->mixing != TRACE_FIFO)
        buf_format(label, ", mixed %s", trace_rule_name(term->mixing));
    if (term->unclassified_ignored)
        buf_text(label, ", unexplained ones ignored");
}

static const char *term_label(struct programme *programme, const struct limits_term *term)
{
    struct buf label = buf_with_max(1024);
    const char *perimeter =
        term->kind == TERM_SERIES ? "" : programme->perimeters[term->perimeter].id;
    switch (term->kind) {
    case TERM_BALANCE:
        buf_format(&label, "balances of %s", perimeter);
        break;
    case TERM_FLOWS:
        buf_text(&label, has_meaning(term) ? "declared " : "");
        label_names(&label, term, " and ");
        buf_format(&label, " inflows to %s", perimeter);
        break;
    case TERM_HELD_FROM:
        buf_text(&label, "coins held from ");
        label_names(&label, term, ", ");
        buf_format(&label, " in %s", perimeter);
        break;
    case TERM_LIABILITIES:
        buf_format(&label, "client liabilities of %s", perimeter);
        break;
    case TERM_SERIES:
        buf_format(&label, "series %s", term->series);
        break;
    }
    label_rest(&label, term);
    const char *kept = arena_strdup(&programme->arena, buf_cstr(&label));
    sanad_assert(!label.bad);
    buf_free(&label);
    return kept;
}

static void terms_grow(struct programme_reader *whole)
{
    struct programme *programme = whole->programme;
    size_t capacity = whole->term_capacity ? 2 * whole->term_capacity : 8;
    struct limits_term *grown = arena_alloc(&programme->arena, capacity, sizeof *grown);
    if (programme->term_count > 0)
        memcpy(grown, programme->terms, programme->term_count * sizeof *grown);
    programme->terms = grown;
    whole->term_capacity = capacity;
}

/* The expression of a term, found among those of the programme or added to them. */
static int term_expr(struct expr *ret, struct expr_reader *reader, const struct limits_term *wanted)
{
    struct programme *programme = reader->programme;
    size_t at = 0;
    while (at < programme->term_count && !term_equal(&programme->terms[at], wanted))
        at++;
    if (at == programme->term_count) {
        if (at == PROGRAMME_TERM_MAX)
            return err_set(reader->err, SANAD_REFUSED,
                           "%s: more than %d different terms in the programme", reader->object,
                           PROGRAMME_TERM_MAX);
        if (at == reader->whole->term_capacity)
            terms_grow(reader->whole);
        programme->terms[at] = *wanted;
        programme->terms[at].label = term_label(programme, wanted);
        programme->term_count++;
    }
    *ret = (struct expr){.op = EXPR_TERM, .unit = wanted->unit, .term = at};
    return 0;
}

static int operand_keys(const struct expr_reader *reader, const struct operator* operator,
                        const json_t * operand, const char *const *keys)
{
    char object[PROGRAMME_OBJECT_SIZE + 32];
    (void)snprintf(object, sizeof object, "%s: \"%s\"", reader->object, operator->name);
    return json_only_keys(object, operand, keys, reader->err);
}

/* A term of coins, within the perimeter that the operand names. */
static int term_begin(struct limits_term *ret, const struct expr_reader *reader,
                      enum limits_term_kind kind, const struct operator* operator,
                      const json_t * operand)
{
    const struct programme *programme = reader->programme;
    const char *id = json_string_value(json_object_get(operand, "perimeter"));
    *ret = (struct limits_term){.kind = kind, .unit = {"BTC", 8}};
    for (size_t i = 0; id && i < programme->perimeter_count; i++)
        if (strcmp(programme->perimeters[i].id, id) == 0) {
            ret->perimeter = i;
            return 0;
        }
    if (!id)
        return err_set(reader->err, SANAD_REFUSED, "%s: \"%s\": \"perimeter\" must be a string",
                       reader->object, operator->name);
    return err_set(reader->err, SANAD_REFUSED, "%s: \"%s\": unknown perimeter \"%.64s\"",
                   reader->object, operator->name, id);
}

static int max_age_read(struct limits_term *term, const struct expr_reader *reader,
                        const json_t *operand)
{
    int64_t days = LIMITS_AGE_DEFAULT_DAYS;
    int code = 0;
    if (json_object_get(operand, "max_age_days"))
        code = json_get_integer(&days, reader->object, operand, "max_age_days", 1,
                                PROGRAMME_AGE_MAX_DAYS, reader->err);
    if (code == 0)
        term->max_age_days = (unsigned)days;
    return code;
}

static int meanings_read(struct limits_term *term, const struct expr_reader *reader,
                         const json_t *operand, size_t least)
{
    const char *names[FLOW_MEANING_COUNT];
    const json_t *list;
    for (size_t i = 0; i < FLOW_MEANING_COUNT; i++)
        names[i] = flow_meaning_name((enum flow_meaning)i);
    int code =
        member_list(&list, reader->object, operand, "meanings", least, countof(names), reader->err);
    return code ? code
                : member_flags(term->meanings, reader->object, operand, "meanings", names,
                               countof(names), reader->err);
}

static int classes_read(struct limits_term *term, const struct expr_reader *reader,
                        const json_t *operand)
{
    const char *names[FLOW_CLASS_COUNT];
    const json_t *list;
    for (size_t i = 0; i < FLOW_CLASS_COUNT; i++)
        names[i] = flow_class_name((enum flow_class)i);
    int code =
        member_list(&list, reader->object, operand, "classes", 0, countof(names), reader->err);
    return code ? code
                : member_flags(term->classes, reader->object, operand, "classes", names,
                               countof(names), reader->err);
}

OPERATOR_READ(balance_read)
{
    static const char *const keys[] = {"perimeter", NULL};
    struct limits_term term = {0};
    (void)depth;
    int code = operand_keys(reader, operator, operand, keys);
    if (code == 0)
        code = term_begin(&term, reader, TERM_BALANCE, operator, operand);
    return code ? code : term_expr(ret, reader, &term);
}

OPERATOR_READ(flows_read)
{
    static const char *const keys[] = {"perimeter", "meanings", "classes", "unclassified", NULL};
    static const char *const choices[] = {"undecided", "ignore"};
    struct limits_term term = {0};
    size_t choice = 0;
    (void)depth;
    int code = operand_keys(reader, operator, operand, keys);
    if (code == 0)
        code = term_begin(&term, reader, TERM_FLOWS, operator, operand);
    if (code == 0)
        code = meanings_read(&term, reader, operand, 0);
    if (code == 0)
        code = classes_read(&term, reader, operand);
    if (code == 0 && json_object_get(operand, "unclassified"))
        code = member_choice(&choice, reader->object, operand, "unclassified", choices,
                             countof(choices), reader->err);
    if (code)
        return code;
    size_t named = json_array_size(json_object_get(operand, "meanings")) +
                   json_array_size(json_object_get(operand, "classes"));
    if (named == 0)
        return err_set(reader->err, SANAD_REFUSED, "%s: \"flows\": neither a meaning nor a class",
                       reader->object);
    term.unclassified_ignored = choice == 1;
    return term_expr(ret, reader, &term);
}

OPERATOR_READ(held_from_read)
{
    static const char *const keys[] = {"perimeter", "meanings", "mixing", NULL};
    const char *rules[TRACE_RULE_COUNT];
    struct limits_term term = {0};
    size_t rule = TRACE_FIFO;
    (void)depth;
    for (size_t i = 0; i < TRACE_RULE_COUNT; i++)
        rules[i] = trace_rule_name((enum trace_rule)i);
    int code = operand_keys(reader, operator, operand, keys);
    if (code == 0)
        code = term_begin(&term, reader, TERM_HELD_FROM, operator, operand);
    if (code == 0)
        code = meanings_read(&term, reader, operand, 1);
    if (code == 0 && json_object_get(operand, "mixing"))
        code = member_choice(&rule, reader->object, operand, "mixing", rules, countof(rules),
                             reader->err);
    if (code)
        return code;
    term.mixing = (enum trace_rule)rule;
    return term_expr(ret, reader, &term);
}

OPERATOR_READ(liabilities_read_expr)
{
    static const char *const keys[] = {"perimeter", "max_age_days", NULL};
    struct limits_term term = {0};
    (void)depth;
    int code = operand_keys(reader, operator, operand, keys);
    if (code == 0)
        code = term_begin(&term, reader, TERM_LIABILITIES, operator, operand);
    if (code == 0)
        code = max_age_read(&term, reader, operand);
    return code ? code : term_expr(ret, reader, &term);
}

/* A series is in one unit, wherever it is named. */
static int series_check(const struct expr_reader *reader, const struct limits_term *term)
{
    for (size_t i = 0; i < reader->programme->term_count; i++) {
        const struct limits_term *other = &reader->programme->terms[i];
        if (other->kind == TERM_SERIES && strcmp(other->series, term->series) == 0 &&
            !limits_unit_equal(&other->unit, &term->unit))
            return err_set(reader->err, SANAD_REFUSED,
                           "%s: series \"%s\" in %s, but elsewhere in %s", reader->object,
                           term->series, term->unit.name, other->unit.name);
    }
    return 0;
}

OPERATOR_READ(series_read_expr)
{
    static const char *const keys[] = {"name", "unit", "max_age_days", NULL};
    struct limits_term term = {.kind = TERM_SERIES, .perimeter = SIZE_MAX};
    (void)depth;
    int code = operand_keys(reader, operator, operand, keys);
    if (code == 0)
        code = member_id(&term.series, reader->object, operand, "name", reader->err);
    if (code == 0)
        code = member_unit(&term.unit, reader->object, operand, "unit", reader->err);
    if (code == 0)
        code = max_age_read(&term, reader, operand);
    if (code == 0)
        code = series_check(reader, &term);
    return code ? code : term_expr(ret, reader, &term);
}

/* ---- operators ---- */

OPERATOR_READ(constant_read)
{
    static const char *const keys[] = {"unit", "value", NULL};
    (void)depth;
    *ret = (struct expr){.op = EXPR_CONSTANT};
    int code = operand_keys(reader, operator, operand, keys);
    if (code == 0)
        code = member_unit(&ret->unit, reader->object, operand, "unit", reader->err);
    if (code == 0)
        code = member_amount(&ret->constant, reader->object, operand, "value", &ret->unit,
                             INT64_MIN, reader->err);
    return code;
}

/* One quantity as the only child. */
static int child_read(struct expr *ret, struct expr_reader *reader, enum expr_op op,
                      const json_t *json, unsigned depth)
{
    struct expr *child = arena_alloc(&reader->programme->arena, 1, sizeof *child);
    int code = quantity_read(child, reader, json, depth + 1);
    *ret = (struct expr){.op = op, .unit = child->unit, .children = child, .child_count = 1};
    return code;
}

/* A list of quantities, all in one unit. */
OPERATOR_READ(list_read)
{
    size_t count = json_array_size(operand);
    if (!json_is_array(operand) || count < operator->least || count> operator->most)
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: \"%s\" must be a list of %zu to %zu quantities",
                       reader->object, operator->name, operator->least, operator->most);
    *ret = (struct expr){.op = operator->op, .child_count = count};
    ret->children = arena_alloc(&reader->programme->arena, count, sizeof *ret->children);
    for (size_t i = 0; i < count; i++) {
        struct expr *child = &ret->children[i];
        int code = quantity_read(child, reader, json_array_get(operand, i), depth + 1);
        if (code)
            return code;
        if (!limits_unit_equal(&child->unit, &ret->children[0].unit))
            return err_set(reader->err, SANAD_REFUSED, "%s: \"%s\" mixes the units %s and %s",
                           reader->object, operator->name, ret->children[0].unit.name,
                           child->unit.name);
    }
    ret->unit = ret->children[0].unit;
    return 0;
}

OPERATOR_READ(percent_read)
{
    int code = list_read(ret, reader, operator, operand, depth);
    if (code)
        return code;
    const struct expr *whole = &ret->children[1];
    if (whole->op == EXPR_CONSTANT && amount_equal(whole->constant, amount_zero()))
        return err_set(reader->err, SANAD_REFUSED, "%s: \"percent\" of the constant 0 divides by 0",
                       reader->object);
    ret->unit = (struct limits_unit){"percent", 2};
    return 0;
}

OPERATOR_READ(times_read)
{
    static const char *const keys[] = {"of", "numerator", "denominator", NULL};
    int64_t numerator;
    int64_t denominator;
    int code = operand_keys(reader, operator, operand, keys);
    if (code == 0)
        code = json_get_integer(&numerator, reader->object, operand, "numerator",
                                -PROGRAMME_INTEGER_MAX, PROGRAMME_INTEGER_MAX, reader->err);
    if (code == 0)
        code = json_get_integer(&denominator, reader->object, operand, "denominator", 0,
                                PROGRAMME_INTEGER_MAX, reader->err);
    if (code)
        return code;
    if (denominator == 0)
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: \"times\": \"denominator\" 0 divides by zero", reader->object);
    code = child_read(ret, reader, operator->op, json_object_get(operand, "of"), depth);
    ret->numerator = numerator;
    ret->denominator = denominator;
    return code;
}

static bool has_rate(const struct programme *programme, const struct limits_unit *from,
                     const struct limits_unit *to)
{
    for (size_t i = 0; i < programme->rate_count; i++)
        if (strcmp(programme->rates[i].from, from->name) == 0 &&
            strcmp(programme->rates[i].to, to->name) == 0)
            return true;
    return false;
}

static int convert_check(const struct expr_reader *reader, const struct limits_unit *from,
                         const struct limits_unit *to, enum expr_rate rate)
{
    bool from_coin = strcmp(from->name, "BTC") == 0;
    if ((!from_coin && !limits_unit_is_currency(from)) || !limits_unit_is_currency(to) ||
        limits_unit_equal(from, to))
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: \"convert\" from %s to %s: it goes from BTC or a currency to another "
                       "currency",
                       reader->object, from->name, to->name);
    if (rate == RATE_MARKET && !from_coin)
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: \"convert\" from %s: there is a market rate for BTC only",
                       reader->object, from->name);
    if (rate == RATE_PROGRAMME && !has_rate(reader->programme, from, to))
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: \"convert\": \"exchange_rates\" has none from %s to %s", reader->object,
                       from->name, to->name);
    return 0;
}

OPERATOR_READ(convert_read)
{
    static const char *const keys[] = {"of", "to", "rate", NULL};
    static const char *const rates[] = {"programme", "market"};
    struct limits_unit to;
    size_t rate;
    int code = operand_keys(reader, operator, operand, keys);
    if (code == 0)
        code = member_unit(&to, reader->object, operand, "to", reader->err);
    if (code == 0)
        code = member_choice(&rate, reader->object, operand, "rate", rates, countof(rates),
                             reader->err);
    if (code == 0)
        code = child_read(ret, reader, operator->op, json_object_get(operand, "of"), depth);
    if (code == 0)
        code = convert_check(reader, &ret->unit, &to, (enum expr_rate)rate);
    if (code)
        return code;
    ret->unit = to;
    ret->rate = (enum expr_rate)rate;
    return 0;
}

OPERATOR_READ(change_read)
{
    if (reader->in_change)
        return err_set(reader->err, SANAD_REFUSED, "%s: \"change\" inside another \"change\"",
                       reader->object);
    if (!reader->has_base)
        return err_set(reader->err, SANAD_REFUSED, "%s: \"change\" without \"base_date\"",
                       reader->object);
    reader->in_change = true;
    int code = child_read(ret, reader, operator->op, operand, depth);
    reader->in_change = false;
    return code;
}

static const struct operator operators[] = {
    {"balance", EXPR_TERM, 0, 0, balance_read},
    {"flows", EXPR_TERM, 0, 0, flows_read},
    {"held_from", EXPR_TERM, 0, 0, held_from_read},
    {"liabilities", EXPR_TERM, 0, 0, liabilities_read_expr},
    {"series", EXPR_TERM, 0, 0, series_read_expr},
    {"constant", EXPR_CONSTANT, 0, 0, constant_read},
    {"sum", EXPR_SUM, 1, PROGRAMME_LIST_MAX, list_read},
    {"difference", EXPR_DIFFERENCE, 2, 2, list_read},
    {"smallest", EXPR_SMALLEST, 1, PROGRAMME_LIST_MAX, list_read},
    {"largest", EXPR_LARGEST, 1, PROGRAMME_LIST_MAX, list_read},
    {"times", EXPR_TIMES, 0, 0, times_read},
    {"percent", EXPR_PERCENT, 2, 2, percent_read},
    {"convert", EXPR_CONVERT, 0, 0, convert_read},
    {"change", EXPR_CHANGE, 0, 0, change_read},
};

static int quantity_read(struct expr *ret, struct expr_reader *reader, const json_t *json,
                         unsigned depth)
{
    void *first = json_object_iter((json_t *)json);
    if (depth > EXPR_DEPTH_MAX)
        return err_set(reader->err, SANAD_REFUSED, "%s: a quantity more than %d deep",
                       reader->object, EXPR_DEPTH_MAX);
    if (!json_is_object(json) || json_object_size(json) != 1)
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: a quantity must be an object with one member, its operator",
                       reader->object);
    const char *name = json_object_iter_key(first);
    for (size_t i = 0; i < countof(operators); i++)
        if (strcmp(operators[i].name, name) == 0)
            return operators[i].read(ret, reader, &operators[i], json_object_iter_value(first),
                                     depth);
    return err_set(reader->err, SANAD_REFUSED, "%s: unknown operator \"%.64s\"", reader->object,
                   name);
}

int expr_read(struct expr *ret_expr, struct programme_reader *reader,
              const struct expr_place *place, const json_t *json)
{
    struct expr expr = {0};
    struct expr_reader inside = {.whole = reader,
                                 .programme = reader->programme,
                                 .object = place->object,
                                 .has_base = place->has_base,
                                 .err = reader->err};
    int code = quantity_read(&expr, &inside, json, 1);
    if (code == 0)
        *ret_expr = expr;
    return code;
}
