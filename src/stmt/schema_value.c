/* Values against their description: one check for each sort of value. */
#include "stmt/stmt_priv.h"

enum { SCHEMA_PATH_SIZE = 160, SCHEMA_NAME_MAX = 64, SCHEMA_TEXTS_MAX = 4096 };

static int fail(const char *path, const char *rule, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "\"%s\": %s", path, rule);
}

typedef int schema_check(const struct schema_member *member, const json_t *json, const char *path,
                         struct err *err);
static schema_check value_check;

/* "outer.member", or the member alone. */
static void path_below(char ret_path[SCHEMA_PATH_SIZE], const char *outer, const char *name)
{
    (void)snprintf(ret_path, SCHEMA_PATH_SIZE, "%.64s%s%.64s", outer, *outer ? "." : "", name);
}

/* NULL where it is no string, or holds a NUL. */
static const char *text_of(const json_t *json)
{
    const char *text = json_string_value(json);
    return text && strlen(text) == json_string_length(json) ? text : NULL;
}

static bool only_of(const char *text, const char *allowed, size_t size_max)
{
    size_t size = strlen(text);
    return size > 0 && size <= size_max && strspn(text, allowed) == size;
}

static int integer_check(const struct schema_member *member, const json_t *json, const char *path,
                         struct err *err)
{
    if (json_is_integer(json) && json_integer_value(json) >= member->min &&
        json_integer_value(json) <= member->max)
        return 0;
    return err_set(err, SANAD_REFUSED, "\"%s\": not an integer of %lld to %lld", path,
                   (long long)member->min, (long long)member->max);
}

static int flag_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    (void)member;
    return json_is_boolean(json) ? 0 : fail(path, "not true or false", err);
}

static int text_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    const char *text = text_of(json);
    size_t size = text ? strlen(text) : 0;
    if (text && text_is_clean(text) && size >= (size_t)member->min && size <= (size_t)member->max)
        return 0;
    return err_set(err, SANAD_REFUSED, "\"%s\": not a text of %lld to %lld bytes", path,
                   (long long)member->min, (long long)member->max);
}

static int word_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    const char *text = text_of(json);
    for (size_t i = 0; text && member->words[i]; i++)
        if (strcmp(member->words[i], text) == 0)
            return 0;
    return fail(path, "none of the words that may stand there", err);
}

static int name_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    (void)member;
    const char *text = text_of(json);
    bool ok = text && only_of(text, "abcdefghijklmnopqrstuvwxyz0123456789-.", SCHEMA_NAME_MAX);
    return ok ? 0 : fail(path, "not 1 to 64 of a-z, 0-9, '-' and '.'", err);
}

static bool is_lower_hex(const char *text, size_t size)
{
    return text && strlen(text) == size && strspn(text, "0123456789abcdef") == size;
}

static int hash_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    (void)member;
    bool ok = is_lower_hex(text_of(json), HEX256_SIZE - 1);
    return ok ? 0 : fail(path, "not 64 lower-case hexadecimal digits", err);
}

static int date_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    (void)member;
    int64_t day;
    const char *text = text_of(json);
    bool ok = text && date_parse(&day, text, NULL) == 0;
    return ok ? 0 : fail(path, "not a day as 2025-07-16", err);
}

/* One way to write a time: parsed and written again it is the same. */
static int time_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    (void)member;
    int64_t time;
    char again[TIME_TEXT_SIZE];
    const char *text = text_of(json);
    bool ok = text && time_parse(&time, text, NULL) == 0 && time >= TIME_MIN && time <= TIME_MAX;
    if (ok) {
        time_format(again, time);
        ok = strcmp(again, text) == 0;
    }
    return ok ? 0 : fail(path, "not a time as 2025-07-16T00:00:00Z", err);
}

static int language_check(const struct schema_member *member, const json_t *json, const char *path,
                          struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char tail[] = "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (void)member;
    const char *text = text_of(json);
    size_t first = text ? strspn(text, letters) : 0;
    bool ok = text && strlen(text) <= 35 && first >= 2 && first <= 3 &&
              (text[first] == 0 || (text[first] == '-' && only_of(text + first, tail, 32)));
    return ok ? 0 : fail(path, "not a language tag as \"ur\"", err);
}

static int media_check(const struct schema_member *member, const json_t *json, const char *path,
                       struct err *err)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyz0123456789.+-_";
    (void)member;
    const char *text = text_of(json);
    size_t type = text ? strspn(text, token) : 0;
    bool ok = text && type > 0 && text[type] == '/' && only_of(text + type + 1, token, 100) &&
              type <= 100;
    return ok ? 0 : fail(path, "not a media type as \"application/pdf\"", err);
}

static int origin_check(const struct schema_member *member, const json_t *json, const char *path,
                        struct err *err)
{
    (void)member;
    const char *text = text_of(json);
    bool ok = text && text_is_clean(text) && note_name_ok(text);
    return ok ? 0 : fail(path, "not a name: empty, too long, or with a space or '+'", err);
}

static int vkey_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    (void)member;
    struct note_key key;
    const char *text = text_of(json);
    bool ok = text && note_vkey_parse(&key, text, NULL) == 0 && key.type == NOTE_KEY_TYPE_ED25519;
    if (ok) {
        struct buf again = buf_with_max(1024);
        note_vkey_write(&again, &key);
        ok = bytes_equal(buf_bytes(&again), bytes_of_text(text));
        buf_free(&again);
    }
    return ok ? 0 : fail(path, "not a verifier key of type 0x01", err);
}

static int key_id_check(const struct schema_member *member, const json_t *json, const char *path,
                        struct err *err)
{
    (void)member;
    bool ok = is_lower_hex(text_of(json), 8);
    return ok ? 0 : fail(path, "not 8 lower-case hexadecimal digits", err);
}

static int kind_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    (void)member;
    enum stmt_kind kind;
    const char *text = text_of(json);
    return text && stmt_kind_find(&kind, text) ? 0 : fail(path, "not a kind of statement", err);
}

static int base64_check(const struct schema_member *member, const json_t *json, const char *path,
                        struct err *err)
{
    const char *text = text_of(json);
    size_t size = text ? strlen(text) : 0;
    struct buf data = buf_with_max(STMT_BODY_MAX);
    bool ok = text && size >= (size_t)member->min && size <= (size_t)member->max &&
              base64_decode(&data, text, size);
    buf_free(&data);
    return ok ? 0 : fail(path, "not strict base64, or too long", err);
}

static int texts_check(const struct schema_member *member, const json_t *json, const char *path,
                       struct err *err)
{
    static const struct schema_member languages[] = {
        {.name = "en", .value = SCHEMA_TEXT, .optional = true, .min = 1, .max = SCHEMA_TEXTS_MAX},
        {.name = "es", .value = SCHEMA_TEXT, .optional = true, .min = 1, .max = SCHEMA_TEXTS_MAX},
        {.name = "ur", .value = SCHEMA_TEXT, .optional = true, .min = 1, .max = SCHEMA_TEXTS_MAX},
        {0}};
    (void)member;
    if (json_object_size(json) == 0)
        return fail(path, "not texts by language", err);
    return schema_object(languages, json, path, err);
}

static int object_check(const struct schema_member *member, const json_t *json, const char *path,
                        struct err *err)
{
    return json_is_object(json) ? schema_object(member->of, json, path, err)
                                : fail(path, "not an object", err);
}

static int count_check(const struct schema_member *member, size_t count, const char *path,
                       struct err *err)
{
    if (count >= (size_t)member->min && count <= (size_t)member->max)
        return 0;
    return err_set(err, SANAD_REFUSED, "\"%s\": %zu items, not %lld to %lld", path, count,
                   (long long)member->min, (long long)member->max);
}

static int list_check(const struct schema_member *member, const json_t *json, const char *path,
                      struct err *err)
{
    size_t i;
    json_t *item;
    int code = json_is_array(json) ? count_check(member, json_array_size(json), path, err)
                                   : fail(path, "not a list", err);
    if (code)
        return code;
    json_array_foreach (json, i, item) {
        char below[SCHEMA_PATH_SIZE];
        (void)snprintf(below, sizeof below, "%.128s[%zu]", path, i);
        code = value_check(member->of, item, below, err);
        if (code)
            return code;
    }
    return 0;
}

static int map_check(const struct schema_member *member, const json_t *json, const char *path,
                     struct err *err)
{
    const char *key;
    json_t *value;
    int code = json_is_object(json) ? count_check(member, json_object_size(json), path, err)
                                    : fail(path, "not an object", err);
    if (code)
        return code;
    json_object_foreach ((json_t *)json, key, value) {
        char below[SCHEMA_PATH_SIZE];
        path_below(below, path, key);
        code = value_check(member->of, value, below, err);
        if (code)
            return code;
    }
    return 0;
}

static int value_check(const struct schema_member *member, const json_t *json, const char *path,
                       struct err *err)
{
    static schema_check *const checks[SCHEMA_VALUE_COUNT] = {[SCHEMA_INTEGER] = integer_check,
                                                             [SCHEMA_FLAG] = flag_check,
                                                             [SCHEMA_TEXT] = text_check,
                                                             [SCHEMA_WORD] = word_check,
                                                             [SCHEMA_NAME] = name_check,
                                                             [SCHEMA_HASH] = hash_check,
                                                             [SCHEMA_DATE] = date_check,
                                                             [SCHEMA_TIME] = time_check,
                                                             [SCHEMA_LANGUAGE] = language_check,
                                                             [SCHEMA_MEDIA] = media_check,
                                                             [SCHEMA_ORIGIN] = origin_check,
                                                             [SCHEMA_VKEY] = vkey_check,
                                                             [SCHEMA_KEY_ID] = key_id_check,
                                                             [SCHEMA_KIND] = kind_check,
                                                             [SCHEMA_BASE64] = base64_check,
                                                             [SCHEMA_TEXTS] = texts_check,
                                                             [SCHEMA_OBJECT] = object_check,
                                                             [SCHEMA_LIST] = list_check,
                                                             [SCHEMA_MAP] = map_check};
    sanad_assert(member->value < SCHEMA_VALUE_COUNT);
    return checks[member->value](member, json, path, err);
}

static const struct schema_member *member_find(const struct schema_member *members,
                                               const char *name)
{
    for (; members->name; members++)
        if (strcmp(members->name, name) == 0)
            return members;
    return NULL;
}

int schema_object(const struct schema_member *members, const json_t *json, const char *path,
                  struct err *err)
{
    const char *key;
    json_t *value;
    char below[SCHEMA_PATH_SIZE];
    sanad_assert(members && json_is_object(json));
    json_object_foreach ((json_t *)json, key, value) {
        const struct schema_member *member = member_find(members, key);
        path_below(below, path, key);
        int code = member ? value_check(member, value, below, err)
                          : fail(below, "no member of this kind", err);
        if (code)
            return code;
    }
    for (; members->name; members++) {
        path_below(below, path, members->name);
        if (!members->optional && !json_object_get(json, members->name))
            return fail(below, "is missing", err);
    }
    return 0;
}
