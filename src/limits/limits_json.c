/* The JSON of the contract (doc/formats/limits.md): values are integers in the unit's smallest
 * part, unknown ones are null and say what is missing. */
#include "limits/limits_priv.h"

static void set(json_t *object, const char *key, json_t *value)
{
    sanad_assert(json_object_set_new(object, key, value) == 0);
}

static void append(json_t *list, json_t *value)
{
    sanad_assert(json_array_append_new(list, value) == 0);
}

static json_t *text_json(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *day_json(int64_t day)
{
    char text[11];
    if (day == LIMITS_NO_DAY)
        return json_null();
    date_format(text, day);
    return json_string(text);
}

static json_t *buf_json(struct buf *buf)
{
    json_t *json = json_string(buf_cstr(buf));
    sanad_assert(json); /* our own sentences and clean texts */
    buf_free(buf);
    return json;
}

static json_t *waiver_json(const struct waiver *waiver)
{
    json_t *json = json_object();
    if (!waiver) {
        json_decref(json);
        return json_null();
    }
    set(json, "from", day_json(waiver->from));
    set(json, "until", day_json(waiver->until));
    set(json, "granted", day_json(waiver->granted));
    set(json, "document_sha256", text_json(waiver->document));
    set(json, "source", text_json(waiver->source));
    return json;
}

static json_t *breach_json(const struct criterion *criterion, const struct breach *breach)
{
    json_t *json = json_object();
    struct buf why = buf_with_max(16384);
    limits_explain_change(&why, criterion, &breach->change, LANGUAGE_EN);
    set(json, "from", day_json(breach->from));
    set(json, "corrected", day_json(breach->corrected));
    set(json, "worst", amount_json(breach->worst));
    set(json, "worst_date", day_json(breach->worst_day));
    set(json, "waiver", waiver_json(breach->waiver));
    set(json, "reported",
        text_json(breach->has_reported ? limits_verdict_name(breach->reported_verdict) : NULL));
    set(json, "explanation", buf_json(&why));
    return json;
}

static json_t *term_json(const struct programme *programme, const struct criterion_term *term)
{
    const struct limits_term *about = &programme->terms[term->term];
    json_t *json = json_object();
    set(json, "term", json_string(about->label));
    set(json, "unit", json_string(about->unit.name));
    set(json, "value", amount_json(term->at.value));
    set(json, "base", amount_json(term->base.value));
    set(json, "source", text_json(term->at.source));
    if (term->at.why)
        set(json, "missing", json_string(term->at.why));
    if (amount_is_known(term->at.open) && !amount_equal(term->at.open, amount_zero()))
        set(json, "unclassified", amount_json(term->at.open));
    return json;
}

static json_t *reported_json(const struct criterion_result *result)
{
    json_t *json;
    if (!result->has_reported)
        return json_null();
    json = json_object();
    set(json, "known", json_time(result->reported_known));
    set(json, "value", amount_json(result->reported_value));
    set(json, "verdict", json_string(limits_verdict_name(result->reported_verdict)));
    return json;
}

static json_t *changed_json(const struct criterion_result *result)
{
    json_t *json;
    if (result->changed_days == 0)
        return json_null();
    json = json_object();
    set(json, "days", json_integer((json_int_t)result->changed_days));
    set(json, "first", day_json(result->changed_first));
    set(json, "last", day_json(result->changed_last));
    return json;
}

static json_t *running_json(const struct criterion_result *result)
{
    json_t *json;
    if (!result->has_running)
        return json_null();
    json = json_object();
    set(json, "date", day_json(result->running_day));
    set(json, "value", amount_json(result->running_value));
    set(json, "headroom", amount_json(result->running_headroom));
    set(json, "verdict", json_string(limits_verdict_name(result->running_verdict)));
    return json;
}

static void identity_set(json_t *json, const struct criterion_result *result)
{
    const struct criterion *criterion = result->criterion;
    set(json, "id", json_string(criterion->id));
    set(json, "name", json_string(limits_text_in(&criterion->name, LANGUAGE_EN)));
    set(json, "version", json_string(result->version->id));
    set(json, "kind", json_string(criterion_kind_name(criterion->kind)));
    set(json, "continuity", json_string(continuity_name(criterion->continuity)));
    set(json, "reading", text_json(criterion->reading));
    set(json, "unit", json_string(criterion->unit.name));
    set(json, "decimals", json_integer((json_int_t)criterion->unit.decimals));
    set(json, "date", day_json(result->day));
    set(json, "base_date", day_json(criterion->base));
    set(json, "day_over", json_boolean(result->day_over));
    set(json, "preliminary", json_boolean(result->preliminary));
    set(json, "in_force", json_boolean(result->in_force));
}

static void verdict_set(json_t *json, const struct criterion_result *result)
{
    const struct breach *last =
        result->breach_count ? &result->breaches[result->breach_count - 1] : NULL;
    json_t *missing = json_array();
    set(json, "value", amount_json(result->value));
    set(json, "bound", json_string(result->criterion->is_floor ? "floor" : "ceiling"));
    set(json, "limit", amount_json(result->limit));
    set(json, "headroom", amount_json(result->headroom));
    set(json, "verdict", json_string(limits_verdict_name(result->verdict)));
    set(json, "warning", json_boolean(result->warning));
    set(json, "since", last ? day_json(last->from) : json_null());
    set(json, "corrected", last ? day_json(last->corrected) : json_null());
    if (result->why)
        append(missing, json_string(result->why));
    set(json, "missing", missing);
}

static json_t *criterion_json(const struct limits_result *limits,
                              const struct criterion_result *result)
{
    json_t *json = json_object();
    json_t *breaches = json_array();
    json_t *terms = json_array();
    json_t *assumptions = json_array();
    struct buf explanation = buf_with_max(32768);
    identity_set(json, result);
    verdict_set(json, result);
    for (size_t i = 0; i < result->breach_count; i++)
        append(breaches, breach_json(result->criterion, &result->breaches[i]));
    for (size_t i = 0; i < result->term_count; i++)
        append(terms, term_json(limits->programme, &result->terms[i]));
    for (size_t i = 0; i < result->criterion->assumption_count; i++)
        append(assumptions, json_string(result->criterion->assumptions[i]));
    limits_explain(&explanation, result, LANGUAGE_EN);
    set(json, "breaches", breaches);
    set(json, "terms", terms);
    set(json, "explanation", buf_json(&explanation));
    set(json, "assumptions", assumptions);
    set(json, "reported", reported_json(result));
    set(json, "changed", changed_json(result));
    set(json, "possible_misreporting", json_boolean(result->misreporting));
    set(json, "running", running_json(result));
    return json;
}

static json_t *daily_json(const struct limits_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->version->criterion_count; i++) {
        json_t *criterion = json_object();
        json_t *days = json_array();
        for (size_t d = 0; d < result->daily_count; d++) {
            const struct daily_value *value = &result->daily[i * result->daily_count + d];
            json_t *day = json_object();
            set(day, "date", day_json(value->day));
            set(day, "value", amount_json(value->value));
            set(day, "limit", amount_json(value->limit));
            set(day, "headroom", amount_json(value->headroom));
            set(day, "verdict", json_string(limits_verdict_name(value->verdict)));
            if (value->why)
                set(day, "missing", json_string(value->why));
            append(days, day);
        }
        set(criterion, "id", json_string(result->version->criteria[i].id));
        set(criterion, "unit", json_string(result->version->criteria[i].unit.name));
        set(criterion, "days", days);
        append(list, criterion);
    }
    return list;
}

static json_t *as_of_json(const struct limits_result *result)
{
    json_t *json = json_object();
    bool any = result->as_of.any;
    set(json, "date", day_json(result->as_of.day));
    set(json, "height", any ? json_integer(result->as_of.height) : json_null());
    set(json, "block_hash", any ? json_hash_display(&result->block.hash) : json_null());
    set(json, "time", any ? json_time(result->block.time) : json_null());
    set(json, "day_over", json_boolean(result->as_of.over));
    return json;
}

json_t *limits_json(const struct limits_result *result)
{
    json_t *json = json_object();
    json_t *criteria = json_array();
    json_t *earlier = json_array();
    for (size_t i = 0; i < result->criterion_count; i++)
        append(criteria, criterion_json(result, &result->criteria[i]));
    for (size_t i = 0; i < result->earlier_count; i++)
        append(earlier, criterion_json(result, &result->earlier[i]));
    set(json, "programme", json_string(result->programme->id));
    set(json, "programme_sha256", json_hash_straight(&result->programme->sha256));
    set(json, "nation", json_string(result->programme->nation));
    set(json, "simulated", json_boolean(result->programme->simulated));
    set(json, "version", json_string(result->version->id));
    set(json, "as_of", as_of_json(result));
    set(json, "timezone", json_string(result->programme->timezone));
    set(json, "utc_offset_minutes", json_integer(result->programme->utc_offset_minutes));
    set(json, "chain", json_string(result->book->params->name));
    set(json, "grade", json_string(grade_name(result->grade)));
    set(json, "book_sha256",
        result->knowledge->no_book ? json_null() : json_hash_straight(&result->book->sha256));
    set(json, "complete", json_boolean(result->complete));
    set(json, "criteria", criteria);
    set(json, "earlier", earlier);
    if (result->daily)
        set(json, "daily", daily_json(result));
    return json;
}
