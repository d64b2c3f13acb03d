/* Reads one criterion: a quantity against a limit, or an action with its day. */
#include "limits/limits_priv.h"

static const char *const kind_names[] = {"performance-criterion", "indicative-target",
                                         "structural-benchmark", "prior-action"};
static const char *const continuity_names[] = {"continuous", "end-period"};
static const char *const status_names[] = {"unknown", "not-done", "done"};
_Static_assert(countof(kind_names) == CRITERION_KIND_COUNT, "a name for every kind");

const char *criterion_kind_name(enum criterion_kind kind)
{
    sanad_assert((unsigned)kind < CRITERION_KIND_COUNT);
    return kind_names[kind];
}

const char *continuity_name(enum continuity continuity)
{
    sanad_assert((unsigned)continuity < countof(continuity_names));
    return continuity_names[continuity];
}

/* A criterion while it is read. */
struct criterion_reader {
    struct programme_reader *whole;
    struct programme *programme;
    struct criterion *criterion;
    const json_t *json;
    const char *object;
    struct err *err;
};

/* ---- what every criterion has ---- */

static int kind_read(const struct criterion_reader *reader)
{
    size_t kind;
    int code = member_choice(&kind, reader->object, reader->json, "kind", kind_names,
                             countof(kind_names), reader->err);
    if (code == 0)
        reader->criterion->kind = (enum criterion_kind)kind;
    return code;
}

/* The programme's own text of an assumption's id, or NULL. */
static const char *assumption_find(const struct programme *programme, const char *id)
{
    for (size_t i = 0; id && i < programme->assumption_count; i++)
        if (strcmp(programme->assumptions[i].id, id) == 0)
            return programme->assumptions[i].id;
    return NULL;
}

static int assumptions_read(const struct criterion_reader *reader)
{
    const json_t *list;
    int code = member_list(&list, reader->object, reader->json, "assumptions", 0,
                           PROGRAMME_LIST_MAX, reader->err);
    if (code)
        return code;
    size_t count = json_array_size(list);
    const char **ids = arena_alloc(&reader->programme->arena, count, sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        const char *id = json_string_value(json_array_get(list, i));
        ids[i] = assumption_find(reader->programme, id);
        if (!ids[i])
            return err_set(reader->err, SANAD_REFUSED,
                           "%s: \"assumptions\": unknown assumption \"%.64s\"", reader->object,
                           id ? id : "(no string)");
    }
    reader->criterion->assumptions = ids;
    reader->criterion->assumption_count = count;
    return 0;
}

static int waiver_read(struct waiver *waiver, const struct criterion_reader *reader,
                       const json_t *json, size_t place)
{
    static const char *const keys[] = {"from",   "until", "granted", "document_sha256",
                                       "source", NULL};
    char object[PROGRAMME_OBJECT_SIZE + 32];
    (void)snprintf(object, sizeof object, "%s: waiver %zu", reader->object, place + 1);
    int code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = member_date(&waiver->from, object, json, "from", reader->err);
    if (code == 0)
        code = member_date(&waiver->until, object, json, "until", reader->err);
    if (code == 0)
        code = member_date(&waiver->granted, object, json, "granted", reader->err);
    if (code == 0)
        code =
            member_optional_hash(&waiver->document, object, json, "document_sha256", reader->err);
    if (code == 0)
        code = member_source(&waiver->source, reader->programme, object, json, reader->err);
    if (code == 0 && waiver->from > waiver->until)
        return err_set(reader->err, SANAD_REFUSED, "%s: \"from\" is after \"until\"", object);
    return code;
}

static int waivers_read(const struct criterion_reader *reader)
{
    struct criterion *criterion = reader->criterion;
    const json_t *list;
    int code = member_list(&list, reader->object, reader->json, "waivers", 0, PROGRAMME_LIST_MAX,
                           reader->err);
    if (code)
        return code;
    size_t count = json_array_size(list);
    criterion->waivers = arena_alloc(&reader->programme->arena, count, sizeof *criterion->waivers);
    criterion->waiver_count = count;
    for (size_t i = 0; i < count && code == 0; i++)
        code = waiver_read(&criterion->waivers[i], reader, json_array_get(list, i), i);
    return code;
}

/* ---- an action ---- */

/* Members that say something of a quantity. */
static int action_alone(const struct criterion_reader *reader)
{
    static const char *const others[] = {"quantity",   "ceiling",   "floor", "base_date",
                                         "test_dates", "adjustors", "buffer"};
    for (size_t i = 0; i < countof(others); i++)
        if (json_object_get(reader->json, others[i]))
            return err_set(reader->err, SANAD_REFUSED, "%s: \"action\" with \"%s\"", reader->object,
                           others[i]);
    if (reader->criterion->kind != CRITERION_BENCHMARK &&
        reader->criterion->kind != CRITERION_PRIOR_ACTION)
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: \"action\" is for a structural-benchmark or a prior-action",
                       reader->object);
    return 0;
}

/* An action has no unit and no continuity; saying so is allowed. */
static int action_frame(const struct criterion_reader *reader)
{
    static const char *const none[] = {"none"};
    static const char *const end_period[] = {"end-period"};
    size_t choice;
    int code = 0;
    if (json_object_get(reader->json, "unit"))
        code = member_choice(&choice, reader->object, reader->json, "unit", none, 1, reader->err);
    if (code == 0 && json_object_get(reader->json, "continuity"))
        code = member_choice(&choice, reader->object, reader->json, "continuity", end_period, 1,
                             reader->err);
    reader->criterion->continuity = END_PERIOD;
    reader->criterion->unit = (struct limits_unit){"none", 0};
    return code;
}

static int action_done(struct action *action, const struct criterion_reader *reader,
                       const char *object, const json_t *json)
{
    bool done = action->status == ACTION_DONE;
    int code = 0;
    if (done || member_is_there(json, "source"))
        code = member_source(&action->source, reader->programme, object, json, reader->err);
    if (code == 0 && done)
        code = member_date(&action->on, object, json, "on", reader->err);
    if (code == 0 && !done && member_is_there(json, "on"))
        return err_set(reader->err, SANAD_REFUSED, "%s: \"on\", but it is not done", object);
    return code;
}

static int action_read(const struct criterion_reader *reader)
{
    static const char *const keys[] = {"due", "status", "on", "document_sha256", "source", NULL};
    struct action *action = &reader->criterion->action;
    const json_t *json = json_object_get(reader->json, "action");
    char object[PROGRAMME_OBJECT_SIZE + 32];
    size_t status;
    (void)snprintf(object, sizeof object, "%s: \"action\"", reader->object);
    int code = action_alone(reader);
    if (code == 0)
        code = action_frame(reader);
    if (code == 0)
        code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = member_date(&action->due, object, json, "due", reader->err);
    if (code == 0)
        code = member_choice(&status, object, json, "status", status_names, countof(status_names),
                             reader->err);
    if (code)
        return code;
    action->status = (enum action_status)status;
    code = action_done(action, reader, object, json);
    if (code == 0)
        code =
            member_optional_hash(&action->document, object, json, "document_sha256", reader->err);
    return code;
}

/* ---- a quantity against a limit ---- */

static int frame_read(const struct criterion_reader *reader)
{
    struct criterion *criterion = reader->criterion;
    size_t continuity = 0;
    int code = member_choice(&continuity, reader->object, reader->json, "continuity",
                             continuity_names, countof(continuity_names), reader->err);
    if (code == 0)
        code = member_unit(&criterion->unit, reader->object, reader->json, "unit", reader->err);
    if (code == 0)
        code = member_optional_date(&criterion->base, reader->object, reader->json, "base_date",
                                    reader->err);
    criterion->continuity = (enum continuity)continuity;
    return code;
}

static int limit_read(const struct criterion_reader *reader)
{
    struct criterion *criterion = reader->criterion;
    bool ceiling = json_object_get(reader->json, "ceiling") != NULL;
    criterion->is_floor = json_object_get(reader->json, "floor") != NULL;
    if (ceiling == criterion->is_floor)
        return err_set(reader->err, SANAD_REFUSED, "%s: %s", reader->object,
                       ceiling ? "both \"ceiling\" and \"floor\""
                               : "neither \"ceiling\" nor \"floor\"");
    return member_amount(&criterion->limit, reader->object, reader->json,
                         ceiling ? "ceiling" : "floor", &criterion->unit, INT64_MIN, reader->err);
}

/* A quantity in the criterion's unit. */
static int unit_expr_read(struct expr *ret, const struct criterion_reader *reader,
                          const char *object, const json_t *json)
{
    const struct criterion *criterion = reader->criterion;
    struct expr_place place = {.object = object, .has_base = criterion->base != LIMITS_NO_DAY};
    int code = expr_read(ret, reader->whole, &place, json_object_get(json, "quantity"));
    if (code == 0 && !limits_unit_equal(&ret->unit, &criterion->unit))
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: the quantity is in %s, but the criterion in %s", object, ret->unit.name,
                       criterion->unit.name);
    return code;
}

/* "2025-03-31", or {"date":"2025-03-31","limit":0}. */
static int test_date_read(struct test_date *date, const struct criterion_reader *reader,
                          const json_t *json, size_t place)
{
    static const char *const keys[] = {"date", "limit", NULL};
    char object[PROGRAMME_OBJECT_SIZE + 32];
    int code;
    (void)snprintf(object, sizeof object, "%s: test date %zu", reader->object, place + 1);
    date->limit = reader->criterion->limit;
    if (json_is_string(json)) {
        code = date_parse(&date->day, json_string_value(json), reader->err);
        return code ? err_wrap(reader->err, "%s", object) : 0;
    }
    code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = member_date(&date->day, object, json, "date", reader->err);
    if (code == 0 && json_object_get(json, "limit"))
        code = member_amount(&date->limit, object, json, "limit", &reader->criterion->unit,
                             INT64_MIN, reader->err);
    return code;
}

static int test_date_order(const struct criterion_reader *reader, size_t place)
{
    const struct criterion *criterion = reader->criterion;
    int64_t day = criterion->dates[place].day;
    char text[11];
    date_format(text, day);
    if (criterion->base != LIMITS_NO_DAY && day <= criterion->base)
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: the test date %s is not after the base date", reader->object, text);
    if (place > 0 && day <= criterion->dates[place - 1].day)
        return err_set(reader->err, SANAD_REFUSED, "%s: the test date %s is out of order",
                       reader->object, text);
    return 0;
}

static int test_dates_read(const struct criterion_reader *reader)
{
    struct criterion *criterion = reader->criterion;
    const json_t *list;
    size_t least = criterion->continuity == END_PERIOD ? 1 : 0;
    int code = member_list(&list, reader->object, reader->json, "test_dates", least,
                           PROGRAMME_DATE_MAX, reader->err);
    if (code)
        return code;
    criterion->date_count = json_array_size(list);
    criterion->dates =
        arena_alloc(&reader->programme->arena, criterion->date_count, sizeof *criterion->dates);
    for (size_t i = 0; i < criterion->date_count && code == 0; i++) {
        code = test_date_read(&criterion->dates[i], reader, json_array_get(list, i), i);
        if (code == 0)
            code = test_date_order(reader, i);
    }
    return code;
}

static int adjustor_members(struct adjustor *adjustor, const struct criterion_reader *reader,
                            const char *object, const json_t *json)
{
    static const char *const keys[] = {"id", "quantity", "direction", "cap", "source", NULL};
    static const char *const directions[] = {"up", "down"};
    size_t direction = 0;
    adjustor->cap = amount_unknown();
    int code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = unit_expr_read(&adjustor->quantity, reader, object, json);
    if (code == 0)
        code = member_choice(&direction, object, json, "direction", directions, countof(directions),
                             reader->err);
    if (code == 0 && member_is_there(json, "cap"))
        code = member_amount(&adjustor->cap, object, json, "cap", &reader->criterion->unit, 0,
                             reader->err);
    if (code == 0)
        code = member_source(&adjustor->source, reader->programme, object, json, reader->err);
    adjustor->direction = direction == 0 ? 1 : -1;
    return code;
}

static int adjustor_read(const struct criterion_reader *reader, const json_t *json, size_t place)
{
    struct adjustor *adjustors = reader->criterion->adjustors;
    char object[PROGRAMME_OBJECT_SIZE + 96];
    (void)snprintf(object, sizeof object, "%s: adjustor %zu", reader->object, place + 1);
    int code = member_id(&adjustors[place].id, object, json, "id", reader->err);
    if (code)
        return code;
    (void)snprintf(object, sizeof object, "%s: adjustor \"%s\"", reader->object,
                   adjustors[place].id);
    for (size_t i = 0; i < place; i++)
        if (strcmp(adjustors[i].id, adjustors[place].id) == 0)
            return err_set(reader->err, SANAD_REFUSED, "%s: the id stands twice", object);
    return adjustor_members(&adjustors[place], reader, object, json);
}

static int adjustors_read(const struct criterion_reader *reader)
{
    struct criterion *criterion = reader->criterion;
    const json_t *list;
    int code = member_list(&list, reader->object, reader->json, "adjustors", 0, PROGRAMME_LIST_MAX,
                           reader->err);
    if (code)
        return code;
    criterion->adjustor_count = json_array_size(list);
    criterion->adjustors = arena_alloc(&reader->programme->arena, criterion->adjustor_count,
                                       sizeof *criterion->adjustors);
    for (size_t i = 0; i < criterion->adjustor_count && code == 0; i++)
        code = adjustor_read(reader, json_array_get(list, i), i);
    return code;
}

static int bounded_read(const struct criterion_reader *reader)
{
    struct criterion *criterion = reader->criterion;
    criterion->has_quantity = true;
    int code = frame_read(reader);
    if (code == 0)
        code = limit_read(reader);
    if (code == 0)
        code = test_dates_read(reader);
    if (code == 0)
        code = unit_expr_read(&criterion->quantity, reader, reader->object, reader->json);
    if (code == 0)
        code = adjustors_read(reader);
    if (code == 0 && json_object_get(reader->json, "buffer"))
        code = member_amount(&criterion->buffer, reader->object, reader->json, "buffer",
                             &criterion->unit, 0, reader->err);
    return code;
}

/* ---- the criterion ---- */

static int members_read(const struct criterion_reader *reader)
{
    static const char *const keys[] = {
        "id",      "name",   "kind",       "continuity", "unit",    "quantity",
        "ceiling", "floor",  "base_date",  "buffer",     "waivers", "assumptions",
        "reading", "action", "test_dates", "adjustors",  NULL};
    struct criterion *criterion = reader->criterion;
    int code = json_only_keys(reader->object, reader->json, keys, reader->err);
    if (code == 0)
        code = member_name(&criterion->name, reader->object, reader->json, "name", reader->err);
    if (code == 0)
        code = kind_read(reader);
    if (code == 0)
        code = json_object_get(reader->json, "action") ? action_read(reader) : bounded_read(reader);
    if (code == 0)
        code = waivers_read(reader);
    if (code == 0)
        code = assumptions_read(reader);
    if (code == 0)
        code = member_optional_text(&criterion->reading, reader->object, reader->json, "reading",
                                    PROGRAMME_TEXT_MAX, reader->err);
    return code;
}

int criterion_read(struct criterion *ret_criterion, struct programme_reader *reader,
                   const char *version, const json_t *json)
{
    struct criterion criterion = {.base = LIMITS_NO_DAY, .buffer = amount_zero()};
    char object[PROGRAMME_OBJECT_SIZE];
    int code = member_id(&criterion.id, version, json, "id", reader->err);
    if (code)
        return code;
    (void)snprintf(object, sizeof object, "%.220s: criterion \"%s\"", version, criterion.id);
    struct criterion_reader inside = {.whole = reader,
                                      .programme = reader->programme,
                                      .criterion = &criterion,
                                      .json = json,
                                      .object = object,
                                      .err = reader->err};
    code = members_read(&inside);
    if (code == 0)
        *ret_criterion = criterion;
    return code;
}
