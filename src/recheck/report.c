/* A criteria-report held against itself (its figures, verdicts and dates) and against the files
 * that it names. Rules: doc/formats/pack.md. */
#include "recheck/recheck.h"

#include "crypto/crypto.h"
#include "limits/limits.h"

enum {
    REPORT_FILE_MAX = 64,
    REPORT_FILE_SIZE_MAX = 1 << 30,
    REPORT_NAME_MAX = 64,
    REPORT_CRITERION_MAX = 4096
};

/* ---- one criterion --------------------------------------------------------------------------- */

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

/* A date; false where the member is none. */
static bool day_of(int64_t *ret_day, const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text && date_parse(ret_day, text, NULL) == 0;
}

static struct amount figure(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return json_is_integer(value) ? amount_of(json_integer_value(value)) : amount_unknown();
}

static bool word_is(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* The rule that its words break, or NULL. */
static const char *words_wrong(const json_t *json)
{
    const char *kinds[CRITERION_KIND_COUNT];
    const char *const bounds[] = {"ceiling", "floor", "action"};
    const char *const verdicts[] = {limits_verdict_name(LIMITS_MET),
                                    limits_verdict_name(LIMITS_UNDECIDED),
                                    limits_verdict_name(LIMITS_NOT_MET)};
    for (size_t i = 0; i < CRITERION_KIND_COUNT; i++)
        kinds[i] = criterion_kind_name((enum criterion_kind)i);
    if (!*text_of(json, "id"))
        return "it has no id";
    if (!word_is(text_of(json, "kind"), kinds, countof(kinds)))
        return "its kind is none";
    if (!word_is(text_of(json, "bound"), bounds, countof(bounds)))
        return "its bound is neither ceiling, floor nor action";
    if (!word_is(text_of(json, "verdict"), verdicts, countof(verdicts)))
        return "its verdict is none";
    return NULL;
}

static const char *figures_wrong(const json_t *json)
{
    struct amount value = figure(json, "value");
    struct amount limit = figure(json, "limit");
    struct amount headroom = figure(json, "headroom");
    bool is_floor = strcmp(text_of(json, "bound"), "floor") == 0;
    const char *verdict = text_of(json, "verdict");
    bool decided = strcmp(verdict, limits_verdict_name(LIMITS_UNDECIDED)) != 0;
    if (strcmp(text_of(json, "bound"), "action") == 0)
        return NULL;
    bool all = amount_is_known(value) && amount_is_known(limit) && amount_is_known(headroom);
    if (decided && !all)
        return "decided without a value, a limit and a headroom";
    if (!all)
        return amount_is_known(headroom) ? "a headroom without a value and a limit" : NULL;
    struct amount expected = is_floor ? amount_sub(value, limit) : amount_sub(limit, value);
    if (!amount_equal(expected, headroom))
        return is_floor ? "the headroom is not value less limit"
                        : "the headroom is not limit less value";
    bool kept = amount_compare(headroom, amount_zero()) >= 0;
    bool met = strcmp(verdict, limits_verdict_name(LIMITS_MET)) == 0;
    if (decided && met != kept)
        return met ? "met, though the headroom is negative"
                   : "not met, though the headroom is not negative";
    return NULL;
}

static const char *dates_wrong(const json_t *json, int64_t as_of)
{
    int64_t day;
    int64_t since;
    int64_t corrected;
    bool is_action = strcmp(text_of(json, "bound"), "action") == 0;
    bool has_since = day_of(&since, json, "since");
    bool has_corrected = day_of(&corrected, json, "corrected");
    if (!day_of(&day, json, "date"))
        return "its date is none";
    if (day > as_of && !is_action)
        return "its date is after that of the report";
    if ((json_object_get(json, "since") && !has_since) ||
        (json_object_get(json, "corrected") && !has_corrected))
        return "since or corrected is no date";
    if (has_since && since > as_of)
        return "broken after the date of the report";
    if (has_corrected && (!has_since || corrected <= since))
        return "corrected before it was broken";
    return NULL;
}

static const char *criterion_wrong(const json_t *json, int64_t as_of)
{
    const char *wrong = words_wrong(json);
    bool undecided = strcmp(text_of(json, "verdict"), limits_verdict_name(LIMITS_UNDECIDED)) == 0;
    if (!wrong)
        wrong = figures_wrong(json);
    if (!wrong)
        wrong = dates_wrong(json, as_of);
    if (!wrong && undecided && !*text_of(json, "missing"))
        wrong = "undecided, and it does not say what is missing";
    return wrong;
}

static bool is_repeated(const json_t *list, size_t at)
{
    const json_t *entry = json_array_get(list, at);
    for (size_t i = 0; i < at; i++) {
        const json_t *other = json_array_get(list, i);
        if (strcmp(text_of(other, "id"), text_of(entry, "id")) == 0 &&
            strcmp(text_of(other, "version"), text_of(entry, "version")) == 0)
            return true;
    }
    return false;
}

/* `as_of` of the report; false where it has none, which is then said. */
static bool report_day(int64_t *ret_day, struct recheck *recheck, const struct stmt *stmt)
{
    if (day_of(ret_day, json_object_get(stmt->json, "as_of"), "date"))
        return true;
    recheck_add(recheck, "arithmetic", "as_of", VERDICT_CONTRADICTED, "it has no date");
    return false;
}

static void criteria_check(struct recheck *recheck, const json_t *list, int64_t as_of)
{
    size_t i;
    json_t *entry;
    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > REPORT_CRITERION_MAX) {
        recheck_add(recheck, "arithmetic", "criteria", VERDICT_CONTRADICTED,
                    "not a list of 1 to %d", REPORT_CRITERION_MAX);
        return;
    }
    json_array_foreach (list, i, entry) {
        char subject[96];
        const char *wrong =
            is_repeated(list, i) ? "it is there twice" : criterion_wrong(entry, as_of);
        (void)snprintf(subject, sizeof subject, "criterion %.64s", text_of(entry, "id"));
        recheck_add(recheck, "arithmetic", subject, wrong ? VERDICT_CONTRADICTED : VERDICT_HOLDS,
                    "%s", wrong ? wrong : text_of(entry, "verdict"));
    }
}

/* A long list of criteria stands in a file, and the report has its hash. */
static bool criteria_elsewhere(const struct stmt *stmt)
{
    return !json_object_get(stmt->json, "criteria") &&
           json_object_get(stmt->json, "criteria_sha256");
}

void recheck_report(struct recheck *recheck, const struct stmt *stmt)
{
    int64_t as_of;
    if (report_day(&as_of, recheck, stmt) && !criteria_elsewhere(stmt))
        criteria_check(recheck, json_object_get(stmt->json, "criteria"), as_of);
}

/* ---- the files of the pack ------------------------------------------------------------------- */

/* A plain name: it must not lead out of the folder. */
static bool name_ok(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= REPORT_NAME_MAX && name[0] != '.' && !strchr(name, '/');
}

static const char criteria_name[] = "criteria.json";

/* The list of criteria that stands in its own file, whose hash was checked. */
static void criteria_file(struct recheck *recheck, const struct stmt *stmt, struct bytes text)
{
    struct err err = {0};
    json_t *list;
    int64_t as_of;
    const json_t *count = json_object_get(stmt->json, "criterion_count");
    if (json_read(&list, criteria_name, text, PROGRAMME_SIZE_MAX, &err) != 0) {
        recheck_add(recheck, "arithmetic", "criteria", VERDICT_CONTRADICTED, "%s", err.text);
        return;
    }
    if (!json_is_integer(count) || json_integer_value(count) < 0 ||
        (size_t)json_integer_value(count) != json_array_size(list))
        recheck_add(recheck, "arithmetic", "criterion_count", VERDICT_CONTRADICTED,
                    "the list has %zu", json_array_size(list));
    if (report_day(&as_of, recheck, stmt))
        criteria_check(recheck, list, as_of);
    json_decref(list);
}

/* What was read, against what the report names. */
static void content_check(struct recheck *recheck, const struct stmt *stmt, const char *name,
                          const struct hash256 *stated, struct bytes content)
{
    char text[HEX256_SIZE];
    struct hash256 hash;
    sha256_of(&hash, content);
    hash256_straight(text, &hash);
    if (!hash256_equal(&hash, stated)) {
        recheck_add(recheck, "files", name, VERDICT_CONTRADICTED, "the file at hand is another: %s",
                    text);
        return;
    }
    recheck_add(recheck, "files", name, VERDICT_HOLDS, "%s", text);
    if (criteria_elsewhere(stmt) && strcmp(name, criteria_name) == 0)
        criteria_file(recheck, stmt, content);
}

static void file_check(struct recheck *recheck, const struct stmt *stmt, const json_t *entry,
                       const char *folder)
{
    const char *name = text_of(entry, "name");
    char path[PATH_SIZE];
    struct buf content;
    struct hash256 stated;
    struct err err = {0};
    if (!name_ok(name) || !hash256_from_straight(&stated, text_of(entry, "sha256"))) {
        recheck_add(recheck, "files", "files", VERDICT_CONTRADICTED,
                    "an entry without a plain name and a SHA-256");
        return;
    }
    if (path_join(path, folder, name, &err) != 0 || !file_exists(path)) {
        recheck_add(recheck, "files", name, VERDICT_UNDECIDED, "the file is not at hand (--pack)");
        return;
    }
    if (file_read(&content, path, REPORT_FILE_SIZE_MAX, &err) != 0) {
        recheck_add(recheck, "files", name, VERDICT_UNDECIDED, "%s", err.text);
        return;
    }
    content_check(recheck, stmt, name, &stated, buf_bytes(&content));
    buf_free(&content);
}

/* The hash of the criteria must be that of the file which holds them. */
static void elsewhere_check(struct recheck *recheck, const struct stmt *stmt, const json_t *list)
{
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry)
        if (strcmp(text_of(entry, "name"), criteria_name) == 0 &&
            strcmp(text_of(entry, "sha256"), text_of(stmt->json, "criteria_sha256")) == 0)
            return;
    recheck_add(recheck, "arithmetic", "criteria_sha256", VERDICT_CONTRADICTED,
                "no file %s of that hash is named", criteria_name);
}

void recheck_files(struct recheck *recheck, const struct stmt *stmt, const char *folder)
{
    const json_t *list = json_object_get(stmt->json, "files");
    size_t i;
    json_t *entry;
    if (!json_is_array(list) || json_array_size(list) > REPORT_FILE_MAX) {
        recheck_add(recheck, "files", "files", VERDICT_CONTRADICTED, "not a list of at most %d",
                    REPORT_FILE_MAX);
        return;
    }
    if (criteria_elsewhere(stmt))
        elsewhere_check(recheck, stmt, list);
    json_array_foreach (list, i, entry)
        file_check(recheck, stmt, entry, folder);
}
