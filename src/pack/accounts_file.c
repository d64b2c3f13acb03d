/* The file that says which flow goes to which account, checked whole. */
#include "pack/pack.h"

#include "crypto/crypto.h"

#include <stdlib.h>

static const char *const flow_names[] = {
#define X(name, text) [ACCOUNT_##name] = (text),
    ACCOUNT_FLOWS(X)
#undef X
};

const char *account_flow_name(enum account_flow flow)
{
    sanad_assert(flow < ACCOUNT_FLOW_COUNT);
    return flow_names[flow];
}

const char *account_side_name(enum account_side side)
{
    return side == SIDE_ASSETS ? "assets" : "liabilities";
}

const char *account_part_name(enum account_part part)
{
    return part == PART_TRANSACTIONS ? "transactions" : "other-volume-changes";
}

/* The file while it is read. */
struct reading {
    const char *object;
    struct accounts *accounts;
    const char *sources[ACCOUNTS_SOURCE_MAX];
    size_t source_count;
};

static bool is_id(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", text[i]))
            return false;
    return size > 0 && size <= 64;
}

/* A clean text of the object, copied. */
static int text_read(const char **ret, const struct reading *reading, const json_t *json,
                     const char *key, struct err *err)
{
    const char *text;
    int code = json_get_string(&text, reading->object, json, key, err);
    if (code)
        return code;
    if (!*text || strlen(text) > ACCOUNTS_TEXT_MAX || !text_is_clean(text))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": empty, too long or not clean text",
                       reading->object, key);
    *ret = arena_strdup(&reading->accounts->arena, text);
    return 0;
}

static int id_read(const char **ret, const struct reading *reading, const json_t *json,
                   const char *key, struct err *err)
{
    int code = text_read(ret, reading, json, key, err);
    if (code == 0 && !is_id(*ret))
        code = err_set(err, SANAD_REFUSED, "%s: \"%s\": \"%.64s\" is no id", reading->object, key,
                       *ret);
    return code;
}

/* {"en":…,"es":…,"ur":…}: pages are made in all three, so none may be missing. */
static int labels_of(struct limits_text *ret, const struct reading *reading, const json_t *json,
                     const char *key, struct err *err)
{
    static const char *const languages[] = {"en", "es", "ur"};
    static const char *const keys[] = {"en", "es", "ur", NULL};
    const json_t *texts = json_object_get(json, key);
    if (!json_is_object(texts))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be an object of texts by language",
                       reading->object, key);
    int code = json_only_keys(reading->object, texts, keys, err);
    for (size_t i = 0; i < countof(languages) && code == 0; i++)
        code = text_read(&ret->in[i], reading, texts, languages[i], err);
    return code;
}

static int sources_read(struct reading *reading, const json_t *json, struct err *err)
{
    static const char *const keys[] = {"id", "title", "url", "note", NULL};
    const json_t *list = json_object_get(json, "sources");
    size_t i;
    json_t *entry;
    if (!json_is_array(list) || json_array_size(list) > ACCOUNTS_SOURCE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: \"sources\" must be a list of at most %d",
                       reading->object, ACCOUNTS_SOURCE_MAX);
    json_array_foreach (list, i, entry) {
        const char *title;
        int code = json_only_keys(reading->object, entry, keys, err);
        if (code == 0)
            code = id_read(&reading->sources[i], reading, entry, "id", err);
        if (code == 0)
            code = text_read(&title, reading, entry, "title", err);
        if (code)
            return code;
        reading->source_count++;
    }
    return 0;
}

/* "ID" or "ID paragraph 6.64": the id must be among the sources. */
static int source_check(const struct reading *reading, const char *source, struct err *err)
{
    size_t size = strcspn(source, " ");
    for (size_t i = 0; i < reading->source_count; i++)
        if (strlen(reading->sources[i]) == size && strncmp(reading->sources[i], source, size) == 0)
            return 0;
    return err_set(err, SANAD_REFUSED, "%s: source \"%.80s\" is not among the sources",
                   reading->object, source);
}

static int side_read(enum account_side *ret, const struct reading *reading, const json_t *json,
                     struct err *err)
{
    const char *text;
    int code = json_get_string(&text, reading->object, json, "side", err);
    for (size_t i = 0; i < SIDE_COUNT && code == 0; i++) {
        *ret = (enum account_side)i;
        if (strcmp(text, account_side_name(*ret)) == 0)
            return 0;
    }
    return code ? code
                : err_set(err, SANAD_REFUSED, "%s: side \"%.40s\": assets or liabilities",
                          reading->object, text);
}

static int part_read(enum account_part *ret, const struct reading *reading, const json_t *json,
                     struct err *err)
{
    const char *text;
    int code = json_get_string(&text, reading->object, json, "part", err);
    if (code)
        return code;
    *ret = strcmp(text, "transactions") == 0 ? PART_TRANSACTIONS : PART_OTHER_VOLUME;
    if (strcmp(text, account_part_name(*ret)) != 0)
        return err_set(err, SANAD_REFUSED,
                       "%s: part \"%.40s\": transactions or other-volume-changes", reading->object,
                       text);
    return 0;
}

static size_t line_find(const struct accounts *accounts, const char *id)
{
    for (size_t i = 0; i < accounts->line_count; i++)
        if (strcmp(accounts->lines[i].id, id) == 0)
            return i;
    return SIZE_MAX;
}

static int line_read(struct reading *reading, const json_t *json, struct err *err)
{
    static const char *const keys[] = {"id",    "side",   "part",       "code",
                                       "label", "source", "assumption", NULL};
    struct account_line line = {0};
    int code = json_only_keys(reading->object, json, keys, err);
    if (code == 0)
        code = id_read(&line.id, reading, json, "id", err);
    if (code == 0)
        code = side_read(&line.side, reading, json, err);
    if (code == 0)
        code = part_read(&line.part, reading, json, err);
    if (code == 0)
        code = text_read(&line.code, reading, json, "code", err);
    if (code == 0)
        code = labels_of(&line.label, reading, json, "label", err);
    if (code == 0)
        code = text_read(&line.source, reading, json, "source", err);
    if (code == 0)
        code = source_check(reading, line.source, err);
    if (code == 0 && json_object_get(json, "assumption"))
        code = text_read(&line.assumption, reading, json, "assumption", err);
    if (code)
        return code;
    if (line_find(reading->accounts, line.id) != SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: line \"%s\" is there twice", reading->object,
                       line.id);
    reading->accounts->lines[reading->accounts->line_count++] = line;
    return 0;
}

static int lines_read(struct reading *reading, const json_t *json, struct err *err)
{
    const json_t *list = json_object_get(json, "lines");
    size_t i;
    json_t *entry;
    int code = 0;
    if (!json_is_array(list) || json_array_size(list) > ACCOUNTS_LINE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: \"lines\" must be a list of at most %d",
                       reading->object, ACCOUNTS_LINE_MAX);
    reading->accounts->lines =
        arena_alloc(&reading->accounts->arena, ACCOUNTS_LINE_MAX, sizeof *reading->accounts->lines);
    json_array_foreach (list, i, entry) {
        if (code == 0)
            code = line_read(reading, entry, err);
    }
    return code;
}

static bool is_unclassified(size_t flow)
{
    return flow == ACCOUNT_UNCLASSIFIED_IN || flow == ACCOUNT_UNCLASSIFIED_OUT;
}

/* What nobody explained is never told as something else. */
static int unclassified_check(const struct reading *reading, struct err *err)
{
    const struct accounts *accounts = reading->accounts;
    for (size_t i = 0; i < ACCOUNT_FLOW_COUNT; i++)
        for (size_t j = 0; j < ACCOUNT_FLOW_COUNT; j++)
            if (is_unclassified(i) && !is_unclassified(j) &&
                accounts->line_of[i] == accounts->line_of[j])
                return err_set(err, SANAD_REFUSED, "%s: \"%s\" shares line \"%s\" with \"%s\"",
                               reading->object, flow_names[i],
                               accounts->lines[accounts->line_of[i]].id, flow_names[j]);
    return 0;
}

/* {"purchase":"LINE", …}: every flow, each to a line of its side. */
static int flows_read(struct reading *reading, const json_t *json, struct err *err)
{
    const json_t *flows = json_object_get(json, "flows");
    const char *keys[ACCOUNT_FLOW_COUNT + 1] = {NULL};
    memcpy(keys, flow_names, sizeof flow_names);
    if (!json_is_object(flows))
        return err_set(err, SANAD_REFUSED, "%s: \"flows\" must be an object", reading->object);
    int code = json_only_keys(reading->object, flows, keys, err);
    if (code)
        return code;
    for (size_t i = 0; i < ACCOUNT_FLOW_COUNT; i++) {
        const char *id;
        code = json_get_string(&id, reading->object, flows, flow_names[i], err);
        if (code)
            return code;
        size_t line = line_find(reading->accounts, id);
        enum account_side side = i == ACCOUNT_LIABILITIES ? SIDE_LIABILITIES : SIDE_ASSETS;
        if (line == SIZE_MAX || reading->accounts->lines[line].side != side)
            return err_set(err, SANAD_REFUSED, "%s: flow \"%s\": \"%.64s\" is no line of %s",
                           reading->object, flow_names[i], id, account_side_name(side));
        reading->accounts->line_of[i] = line;
    }
    return unclassified_check(reading, err);
}

static int stock_read(const char **ret_code, struct limits_text *ret_label,
                      const struct reading *reading, const json_t *json, const char *key,
                      struct err *err)
{
    static const char *const keys[] = {"code", "label", "source", "assumption", NULL};
    const json_t *stock = json_object_get(json, key);
    const char *text;
    if (!json_is_object(stock))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be an object", reading->object, key);
    int code = json_only_keys(reading->object, stock, keys, err);
    if (code == 0)
        code = text_read(ret_code, reading, stock, "code", err);
    if (code == 0)
        code = labels_of(ret_label, reading, stock, "label", err);
    if (code == 0)
        code = text_read(&text, reading, stock, "source", err);
    if (code == 0)
        code = source_check(reading, text, err);
    if (code == 0 && json_object_get(stock, "assumption"))
        code = text_read(&text, reading, stock, "assumption", err);
    return code;
}

static int members_read(struct reading *reading, const json_t *json, struct err *err)
{
    static const char *const keys[] = {"accounts",    "name",  "sources", "assets", "liabilities",
                                       "revaluation", "lines", "flows",   NULL};
    struct accounts *accounts = reading->accounts;
    int code = json_only_keys(reading->object, json, keys, err);
    if (code == 0)
        code = id_read(&accounts->id, reading, json, "accounts", err);
    if (code == 0)
        code = labels_of(&accounts->name, reading, json, "name", err);
    if (code == 0)
        code = sources_read(reading, json, err);
    for (size_t i = 0; i < SIDE_COUNT && code == 0; i++)
        code = stock_read(&accounts->stock_codes[i], &accounts->stocks[i], reading, json,
                          account_side_name((enum account_side)i), err);
    if (code == 0)
        code = stock_read(&accounts->revaluation_code, &accounts->revaluation, reading, json,
                          "revaluation", err);
    if (code == 0)
        code = lines_read(reading, json, err);
    if (code == 0)
        code = flows_read(reading, json, err);
    return code;
}

int accounts_read(struct accounts **ret_accounts, const char *object, struct bytes text,
                  struct err *err)
{
    json_t *json;
    struct buf canonical = buf_with_max(ACCOUNTS_SIZE_MAX);
    int code = json_read(&json, object, text, ACCOUNTS_SIZE_MAX, err);
    if (code)
        return code;
    struct reading reading = {.object = object, .accounts = mem_zalloc(1, sizeof(struct accounts))};
    code = json_is_object(json) ? members_read(&reading, json, err)
                                : err_set(err, SANAD_REFUSED, "%s: not an object", object);
    if (code == 0)
        code = json_canonical(&canonical, json, err);
    if (code == 0)
        sha256_of(&reading.accounts->sha256, buf_bytes(&canonical));
    buf_free(&canonical);
    json_decref(json);
    if (code)
        accounts_free(reading.accounts);
    else
        *ret_accounts = reading.accounts;
    return code;
}

int accounts_read_file(struct accounts **ret_accounts, const char *path, struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, ACCOUNTS_SIZE_MAX, err);
    if (code)
        return code;
    code = accounts_read(ret_accounts, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

/* Made by CMake from accounts/bpm6.json, so that the program needs no file of its own. */
extern const uint8_t accounts_bpm6[];
extern const size_t accounts_bpm6_size;

int accounts_shipped(struct accounts **ret_accounts, struct err *err)
{
    return accounts_read(ret_accounts, "accounts/bpm6.json",
                         bytes_of(accounts_bpm6, accounts_bpm6_size), err);
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    arena_free(&accounts->arena);
    free(accounts);
}
