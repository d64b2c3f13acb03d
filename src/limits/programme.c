/* Reads a programme: JSON to a checked structure. Every refusal names the object and the rule
 * (doc/formats/programme.md). Also its days, and its versions by day and by name. */
#include "limits/limits_priv.h"

#include "crypto/crypto.h"

#include <stdlib.h>

enum {
    OFFSET_MIN_MINUTES = -720,
    OFFSET_MAX_MINUTES = 840,
    FILE_NAME_MAX = 128 /* bytes of the file's name in errors */
};

/* ---- what criteria lean on ---- */

static int id_twice(const struct programme_reader *reader, const char *object, const char *what,
                    const char *id)
{
    return err_set(reader->err, SANAD_REFUSED, "%s: %s \"%s\": the id stands twice", object, what,
                   id);
}

static int source_read(struct programme_source *source, struct programme_reader *reader,
                       const char *file, const json_t *json)
{
    static const char *const keys[] = {"id", "title", "url", "date", "sha256", NULL};
    char object[PROGRAMME_OBJECT_SIZE];
    int64_t day;
    int code = member_id(&source->id, file, json, "id", reader->err);
    if (code)
        return err_wrap(reader->err, "%s", "\"sources\"");
    (void)snprintf(object, sizeof object, "%.200s: source \"%s\"", file, source->id);
    code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = member_text(&source->title, object, json, "title", PROGRAMME_TEXT_MAX, reader->err);
    if (code == 0)
        code = member_optional_text(&source->url, object, json, "url", PROGRAMME_TEXT_MAX,
                                    reader->err);
    if (code == 0 && member_is_there(json, "date")) {
        code = member_date(&day, object, json, "date", reader->err);
        source->date = json_string_value(json_object_get(json, "date"));
    }
    if (code == 0)
        code = member_optional_hash(&source->sha256, object, json, "sha256", reader->err);
    return code;
}

static int sources_read(struct programme_reader *reader, const char *file)
{
    struct programme *programme = reader->programme;
    const json_t *list;
    int code =
        member_list(&list, file, programme->json, "sources", 0, PROGRAMME_LIST_MAX, reader->err);
    if (code)
        return code;
    programme->sources =
        arena_alloc(&programme->arena, json_array_size(list), sizeof *programme->sources);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct programme_source *source = &programme->sources[i];
        code = source_read(source, reader, file, json_array_get(list, i));
        if (code)
            return code;
        for (size_t k = 0; k < i; k++)
            if (strcmp(programme->sources[k].id, source->id) == 0)
                return id_twice(reader, file, "source", source->id);
        programme->source_count++;
    }
    return 0;
}

static int assumption_read(struct assumption *assumption, struct programme_reader *reader,
                           const char *file, const json_t *json)
{
    static const char *const keys[] = {"id", "text", NULL};
    char object[PROGRAMME_OBJECT_SIZE];
    int code = member_id(&assumption->id, file, json, "id", reader->err);
    if (code)
        return err_wrap(reader->err, "%s", "\"assumptions\"");
    (void)snprintf(object, sizeof object, "%.200s: assumption \"%s\"", file, assumption->id);
    code = json_only_keys(object, json, keys, reader->err);
    return code ? code : member_name(&assumption->text, object, json, "text", reader->err);
}

static int assumptions_read(struct programme_reader *reader, const char *file)
{
    struct programme *programme = reader->programme;
    const json_t *list;
    int code = member_list(&list, file, programme->json, "assumptions", 0, PROGRAMME_LIST_MAX,
                           reader->err);
    if (code)
        return code;
    programme->assumptions =
        arena_alloc(&programme->arena, json_array_size(list), sizeof *programme->assumptions);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct assumption *assumption = &programme->assumptions[i];
        code = assumption_read(assumption, reader, file, json_array_get(list, i));
        if (code)
            return code;
        for (size_t k = 0; k < i; k++)
            if (strcmp(programme->assumptions[k].id, assumption->id) == 0)
                return id_twice(reader, file, "assumption", assumption->id);
        programme->assumption_count++;
    }
    return 0;
}

/* ---- exchange rates ---- */

/* From BTC or a currency, to a currency. */
static int rate_units(struct exchange_rate *rate, struct programme_reader *reader,
                      const char *object, const json_t *json)
{
    struct limits_unit from;
    struct limits_unit to;
    int code = member_unit(&from, object, json, "from", reader->err);
    if (code == 0)
        code = member_unit(&to, object, json, "to", reader->err);
    if (code)
        return code;
    bool from_money = limits_unit_is_currency(&from) || strcmp(from.name, "BTC") == 0;
    if (!from_money || !limits_unit_is_currency(&to) || limits_unit_equal(&from, &to))
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: from %s to %s: it goes from BTC or a currency to another currency",
                       object, from.name, to.name);
    rate->from = json_string_value(json_object_get(json, "from"));
    rate->to = json_string_value(json_object_get(json, "to"));
    return 0;
}

static int rate_read(struct exchange_rate *rate, struct programme_reader *reader,
                     const char *object, const json_t *json)
{
    static const char *const keys[] = {"from", "to", "numerator", "denominator", "source", NULL};
    int code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = rate_units(rate, reader, object, json);
    if (code == 0)
        code = json_get_integer(&rate->numerator, object, json, "numerator", 1,
                                PROGRAMME_INTEGER_MAX, reader->err);
    if (code == 0)
        code = json_get_integer(&rate->denominator, object, json, "denominator", 1,
                                PROGRAMME_INTEGER_MAX, reader->err);
    if (code == 0)
        code = member_source(&rate->source, reader->programme, object, json, reader->err);
    return code;
}

static int rates_read(struct programme_reader *reader, const char *file)
{
    struct programme *programme = reader->programme;
    const json_t *list;
    int code = member_list(&list, file, programme->json, "exchange_rates", 0, PROGRAMME_LIST_MAX,
                           reader->err);
    if (code)
        return code;
    programme->rates =
        arena_alloc(&programme->arena, json_array_size(list), sizeof *programme->rates);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct exchange_rate *rate = &programme->rates[i];
        char object[PROGRAMME_OBJECT_SIZE];
        (void)snprintf(object, sizeof object, "%.200s: exchange rate %zu", file, i + 1);
        code = rate_read(rate, reader, object, json_array_get(list, i));
        if (code)
            return code;
        for (size_t k = 0; k < i; k++)
            if (strcmp(programme->rates[k].from, rate->from) == 0 &&
                strcmp(programme->rates[k].to, rate->to) == 0)
                return err_set(reader->err, SANAD_REFUSED, "%s: from %s to %s stands twice", object,
                               rate->from, rate->to);
        programme->rate_count++;
    }
    return 0;
}

/* ---- versions ---- */

static int criteria_read(struct programme_version *version, struct programme_reader *reader,
                         const char *object, const json_t *json)
{
    const json_t *list;
    int code =
        member_list(&list, object, json, "criteria", 1, PROGRAMME_CRITERION_MAX, reader->err);
    if (code)
        return code;
    version->criteria =
        arena_alloc(&reader->programme->arena, json_array_size(list), sizeof *version->criteria);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct criterion *criterion = &version->criteria[i];
        code = criterion_read(criterion, reader, object, json_array_get(list, i));
        if (code)
            return code;
        for (size_t k = 0; k < i; k++)
            if (strcmp(version->criteria[k].id, criterion->id) == 0)
                return id_twice(reader, object, "criterion", criterion->id);
        version->criterion_count++;
    }
    return 0;
}

static int version_days(struct programme_version *version, struct programme_reader *reader,
                        const char *object, const json_t *json)
{
    version->until = INT64_MAX;
    int code = member_date(&version->from, object, json, "from", reader->err);
    version->known = version->from;
    if (code == 0)
        code = member_optional_date(&version->until, object, json, "until", reader->err);
    if (code == 0)
        code = member_optional_date(&version->known, object, json, "known", reader->err);
    if (code == 0 && version->from >= version->until)
        return err_set(reader->err, SANAD_REFUSED, "%s: \"from\" must be before \"until\"", object);
    return code;
}

/* In the order of `from`, none in force on a day of another. */
static int version_order(const struct programme_reader *reader, const char *object,
                         const struct programme_version *before,
                         const struct programme_version *version)
{
    if (version->from <= before->from)
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: out of order: it is in force no later than \"%s\" before it", object,
                       before->id);
    if (version->from < before->until)
        return err_set(reader->err, SANAD_REFUSED, "%s: overlaps version \"%s\"%s", object,
                       before->id, before->until == INT64_MAX ? ", which has no \"until\"" : "");
    return 0;
}

static int version_read(struct programme_reader *reader, const char *file, const json_t *json,
                        size_t place)
{
    static const char *const keys[] = {"version", "from",     "until", "known",
                                       "source",  "criteria", NULL};
    struct programme_version *version = &reader->programme->versions[place];
    char object[PROGRAMME_OBJECT_SIZE];
    (void)snprintf(object, sizeof object, "%.128s: version %zu", file, place + 1);
    int code = member_id(&version->id, object, json, "version", reader->err);
    if (code)
        return code;
    (void)snprintf(object, sizeof object, "%.128s: version \"%s\"", file, version->id);
    code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = version_days(version, reader, object, json);
    if (code == 0)
        code = member_source(&version->source, reader->programme, object, json, reader->err);
    for (size_t i = 0; i < place && code == 0; i++)
        if (strcmp(reader->programme->versions[i].id, version->id) == 0)
            return id_twice(reader, file, "version", version->id);
    if (code == 0 && place > 0)
        code = version_order(reader, object, version - 1, version);
    return code ? code : criteria_read(version, reader, object, json);
}

static int versions_read(struct programme_reader *reader, const char *file)
{
    struct programme *programme = reader->programme;
    const json_t *list;
    int code = member_list(&list, file, programme->json, "versions", 1, PROGRAMME_VERSION_MAX,
                           reader->err);
    if (code)
        return code;
    size_t count = json_array_size(list);
    programme->versions = arena_alloc(&programme->arena, count, sizeof *programme->versions);
    for (size_t i = 0; i < count && code == 0; i++) {
        code = version_read(reader, file, json_array_get(list, i), i);
        programme->version_count = i + 1;
    }
    return code;
}

/* ---- the programme ---- */

static int nation_read(struct programme_reader *reader, const char *file)
{
    struct programme *programme = reader->programme;
    const json_t *simulated = json_object_get(programme->json, "simulated");
    int code = json_get_string(&programme->nation, file, programme->json, "nation", reader->err);
    if (code)
        return code;
    if (strlen(programme->nation) != 2 ||
        strspn(programme->nation, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2)
        return err_set(reader->err, SANAD_REFUSED,
                       "%s: \"nation\" must be two capital letters (ISO 3166)", file);
    if (simulated && !json_is_boolean(simulated))
        return err_set(reader->err, SANAD_REFUSED, "%s: \"simulated\" must be true or false", file);
    programme->simulated = json_is_true(simulated);
    return 0;
}

static int zone_read(struct programme_reader *reader, const char *file)
{
    static const char *const keys[] = {"lag_days", NULL};
    struct programme *programme = reader->programme;
    const json_t *reporting = json_object_get(programme->json, "reporting");
    char object[PROGRAMME_OBJECT_SIZE];
    int64_t offset = 0;
    int64_t lag = 0;
    int code = member_text(&programme->timezone, file, programme->json, "timezone",
                           PROGRAMME_ID_MAX, reader->err);
    if (code == 0)
        code = json_get_integer(&offset, file, programme->json, "utc_offset_minutes",
                                OFFSET_MIN_MINUTES, OFFSET_MAX_MINUTES, reader->err);
    if (code == 0 && reporting) {
        (void)snprintf(object, sizeof object, "%s: \"reporting\"", file);
        code = json_only_keys(object, reporting, keys, reader->err);
        if (code == 0 && json_object_get(reporting, "lag_days"))
            code = json_get_integer(&lag, object, reporting, "lag_days", 0, PROGRAMME_LAG_MAX_DAYS,
                                    reader->err);
    }
    programme->utc_offset_minutes = (int32_t)offset;
    programme->lag_days = (unsigned)lag;
    return code;
}

static int size_read(struct programme_reader *reader, const char *file)
{
    static const char *const keys[] = {"unit", "value", "source", NULL};
    struct programme *programme = reader->programme;
    const json_t *json = json_object_get(programme->json, "size");
    char object[PROGRAMME_OBJECT_SIZE];
    if (!json)
        return 0;
    (void)snprintf(object, sizeof object, "%s: \"size\"", file);
    int code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = member_unit(&programme->size_unit, object, json, "unit", reader->err);
    if (code == 0 && !limits_unit_is_currency(&programme->size_unit))
        return err_set(reader->err, SANAD_REFUSED, "%s: \"unit\" must be a currency", object);
    if (code == 0)
        code = member_amount(&programme->size, object, json, "value", &programme->size_unit, 1,
                             reader->err);
    if (code == 0)
        code = member_source(&programme->size_source, programme, object, json, reader->err);
    programme->has_size = code == 0;
    return code;
}

static int programme_hash(struct programme *programme, const char *file, struct err *err)
{
    struct buf canonical = buf_with_max(PROGRAMME_SIZE_MAX);
    int code = json_canonical(&canonical, programme->json, err);
    if (code)
        code = err_wrap(err, "%s", file);
    else
        sha256_of(&programme->sha256, buf_bytes(&canonical));
    buf_free(&canonical);
    return code;
}

static int programme_fill(struct programme_reader *reader, const char *file)
{
    static const char *const keys[] = {
        "programme",          "nation",    "simulated",   "name",    "timezone",
        "utc_offset_minutes", "reporting", "size",        "sources", "perimeters",
        "exchange_rates",     "versions",  "assumptions", NULL};
    static int (*const parts[])(struct programme_reader *, const char *) = {
        nation_read,      zone_read,       sources_read, size_read,
        assumptions_read, perimeters_read, rates_read,   versions_read};
    struct programme *programme = reader->programme;
    int code = json_only_keys(file, programme->json, keys, reader->err);
    if (code == 0)
        code = member_id(&programme->id, file, programme->json, "programme", reader->err);
    if (code == 0)
        code = member_name(&programme->name, file, programme->json, "name", reader->err);
    for (size_t i = 0; i < countof(parts) && code == 0; i++)
        code = parts[i](reader, file);
    return code ? code : programme_hash(programme, file, reader->err);
}

int programme_read(struct programme **ret_programme, const char *object, struct bytes text,
                   struct err *err)
{
    json_t *json;
    char file[FILE_NAME_MAX + 1];
    int code = json_read(&json, object, text, PROGRAMME_SIZE_MAX, err);
    if (code)
        return code;
    struct programme *programme = mem_zalloc(1, sizeof *programme);
    struct programme_reader reader = {.programme = programme, .err = err};
    programme->json = json;
    (void)snprintf(file, sizeof file, "%s", object);
    code = programme_fill(&reader, file);
    if (code)
        programme_free(programme);
    else
        *ret_programme = programme;
    return code;
}

int programme_read_file(struct programme **ret_programme, const char *path, struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, PROGRAMME_SIZE_MAX, err);
    if (code)
        return code;
    code = programme_read(ret_programme, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

void programme_free(struct programme *programme)
{
    if (!programme)
        return;
    json_decref((json_t *)programme->json);
    arena_free(&programme->arena);
    free(programme);
}

/* ---- against a book ---- */

static bool book_has_entity(const struct book *book, const char *id)
{
    for (size_t i = 0; i < book->entity_count; i++)
        if (strcmp(book->entities[i].id, id) == 0)
            return true;
    return false;
}

static int entities_fit(const struct programme *programme, const struct perimeter *perimeter,
                        const char *const *ids, size_t count, const struct book *book,
                        struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!book_has_entity(book, ids[i]))
            return err_set(err, SANAD_REFUSED,
                           "programme \"%s\": perimeter \"%s\": the address book has no entity "
                           "\"%.128s\"",
                           programme->id, perimeter->id, ids[i]);
    return 0;
}

int programme_fits(const struct programme *programme, const struct book *book, struct err *err)
{
    int code = 0;
    if (strcmp(programme->nation, book->nation) != 0)
        return err_set(err, SANAD_REFUSED,
                       "programme \"%s\": of nation %s, but the address book is of %s",
                       programme->id, programme->nation, book->nation);
    if (programme->simulated != book->simulated)
        return err_set(err, SANAD_REFUSED, "programme \"%s\": %s programme, but %s address book",
                       programme->id, programme->simulated ? "a simulated" : "a real",
                       book->simulated ? "a simulated" : "a real");
    for (size_t i = 0; i < programme->perimeter_count && code == 0; i++) {
        const struct perimeter *perimeter = &programme->perimeters[i];
        code = entities_fit(programme, perimeter, perimeter->entities, perimeter->entity_count,
                            book, err);
        if (code == 0)
            code = entities_fit(programme, perimeter, perimeter->except_entities,
                                perimeter->except_count, book, err);
    }
    return code;
}

/* ---- versions and days ---- */

const struct programme_version *programme_version_at(const struct programme *programme, int64_t day)
{
    for (size_t i = 0; i < programme->version_count; i++)
        if (day >= programme->versions[i].from && day < programme->versions[i].until)
            return &programme->versions[i];
    return NULL;
}

const struct programme_version *programme_version_find(const struct programme *programme,
                                                       const char *id)
{
    for (size_t i = 0; i < programme->version_count; i++)
        if (strcmp(programme->versions[i].id, id) == 0)
            return &programme->versions[i];
    return NULL;
}

int64_t programme_day_end(const struct programme *programme, int64_t day)
{
    return day + LIMITS_DAY - 1 - (int64_t)programme->utc_offset_minutes * 60;
}

int64_t programme_day_of(const struct programme *programme, int64_t time)
{
    int64_t local = time + (int64_t)programme->utc_offset_minutes * 60;
    int64_t day = local / LIMITS_DAY - (local % LIMITS_DAY < 0 ? 1 : 0);
    return day * LIMITS_DAY;
}
