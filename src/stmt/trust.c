/* The trust file: keys, roles with thresholds, expiry; and the verdict on signatures. */
#include "stmt/stmt.h"

#include <stdlib.h>

enum { TRUST_FILE_MAX = 1 << 20, TRUST_KEY_MAX = 256 };

struct role {
    size_t threshold; /* 0: the file says nothing of this kind */
    size_t keys[STMT_ROLE_KEY_MAX];
    size_t key_count;
};
struct trust {
    struct note_key keys[TRUST_KEY_MAX];
    int64_t expires[TRUST_KEY_MAX]; /* midnight of the first day on which it is void */
    size_t key_count;
    struct role roles[STMT_KIND_COUNT];
};

static int key_index(size_t *ret_index, const struct trust *trust, const char *object,
                     const char *name, struct err *err)
{
    for (size_t i = 0; name && i < trust->key_count; i++) {
        if (strcmp(trust->keys[i].name, name) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    return err_set(err, SANAD_REFUSED, "%s: key \"%.200s\" is not under \"keys\"", object,
                   name ? name : "");
}

static int keys_read(struct trust *trust, const char *object, const json_t *json, struct err *err)
{
    size_t i;
    json_t *value;
    if (!json_is_array(json) || json_array_size(json) > TRUST_KEY_MAX)
        return err_set(err, SANAD_REFUSED, "%s: \"keys\" must be a list of at most %d", object,
                       TRUST_KEY_MAX);
    json_array_foreach (json, i, value) {
        struct note_key *key = &trust->keys[i];
        size_t other;
        if (!json_is_string(value))
            return err_set(err, SANAD_REFUSED, "%s: \"keys\" must hold strings", object);
        if (note_vkey_parse(key, json_string_value(value), err) != 0)
            return err_wrap(err, "%s", object);
        if (key_index(&other, trust, object, key->name, NULL) == 0)
            return err_set(err, SANAD_REFUSED, "%s: key \"%s\" stands twice", object, key->name);
        trust->expires[i] = INT64_MAX;
        trust->key_count++;
    }
    return 0;
}

static int role_read(struct trust *trust, const char *object, const char *name, const json_t *json,
                     struct err *err)
{
    static const char *const members[] = {"threshold", "keys", NULL};
    enum stmt_kind kind;
    if (!stmt_kind_find(&kind, name))
        return err_set(err, SANAD_REFUSED, "%s: role \"%.64s\" is no kind of statement", object,
                       name);
    struct role *role = &trust->roles[kind];
    int64_t threshold;
    int code = json_only_keys(object, json, members, err);
    const json_t *keys = json_object_get(json, "keys");
    if (code == 0 && (!json_is_array(keys) || json_array_size(keys) > STMT_ROLE_KEY_MAX))
        code = err_set(err, SANAD_REFUSED, "%s: role %s: \"keys\" must be a list of at most %d",
                       object, name, STMT_ROLE_KEY_MAX);
    if (code == 0)
        code = json_get_integer(&threshold, object, json, "threshold", 1,
                                (int64_t)json_array_size(keys), err);
    for (size_t i = 0; code == 0 && i < json_array_size(keys); i++) {
        size_t at;
        code = key_index(&at, trust, object, json_string_value(json_array_get(keys, i)), err);
        for (size_t j = 0; code == 0 && j < role->key_count; j++)
            if (role->keys[j] == at)
                code = err_set(err, SANAD_REFUSED, "%s: role %s: a key stands twice", object, name);
        if (code == 0)
            role->keys[role->key_count++] = at;
    }
    if (code == 0)
        role->threshold = (size_t)threshold;
    return code;
}

static int expiry_read(struct trust *trust, const char *object, const char *name,
                       const json_t *value, struct err *err)
{
    size_t at;
    int code = key_index(&at, trust, object, name, err);
    if (code)
        return code;
    if (!json_is_string(value) ||
        date_parse(&trust->expires[at], json_string_value(value), err) != 0)
        return err_set(err, SANAD_REFUSED, "%s: expiry of %s: not a date", object, name);
    return 0;
}

static int trust_fill(struct trust *trust, const char *object, const json_t *json, struct err *err)
{
    static const char *const members[] = {"keys", "roles", "expires", NULL};
    const char *name;
    json_t *value;
    int code = json_only_keys(object, json, members, err);
    if (code == 0)
        code = keys_read(trust, object, json_object_get(json, "keys"), err);
    json_object_foreach (json_object_get(json, "roles"), name, value)
        if (code == 0)
            code = role_read(trust, object, name, value, err);
    json_object_foreach (json_object_get(json, "expires"), name, value)
        if (code == 0)
            code = expiry_read(trust, object, name, value, err);
    return code;
}

int trust_read(struct trust **ret_trust, const char *object, struct bytes text, struct err *err)
{
    json_t *json;
    int code = json_read(&json, object, text, TRUST_FILE_MAX, err);
    if (code)
        return code;
    struct trust *trust = mem_zalloc(1, sizeof *trust);
    code = trust_fill(trust, object, json, err);
    json_decref(json);
    if (code)
        trust_free(trust);
    else
        *ret_trust = trust;
    return code;
}

int trust_read_file(struct trust **ret_trust, const char *path, struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, TRUST_FILE_MAX, err);
    if (code)
        return code;
    code = trust_read(ret_trust, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

void trust_free(struct trust *trust)
{
    free(trust);
}

static size_t unknown_count(const struct note *note, const struct trust *trust)
{
    size_t unknown = 0;
    for (size_t s = 0; s < note->signature_count; s++) {
        bool known = false;
        for (size_t k = 0; k < trust->key_count; k++)
            known = known || (strcmp(note->signatures[s].name, trust->keys[k].name) == 0 &&
                              memcmp(note->signatures[s].id, trust->keys[k].id, 4) == 0);
        unknown += !known;
    }
    return unknown;
}

int stmt_verify(struct stmt_check *ret_check, const struct stmt *stmt, const struct trust *trust,
                int64_t as_of, struct err *err)
{
    sanad_assert(stmt->kind < STMT_KIND_COUNT);
    sanad_assert(trust->key_count <= TRUST_KEY_MAX);
    bool valid[TRUST_KEY_MAX] = {false};
    const struct role *role = &trust->roles[stmt->kind];
    struct stmt_check check = {.threshold = role->threshold,
                               .unknown = unknown_count(&stmt->note, trust)};
    size_t expired = 0;
    int code = note_verify(valid, &stmt->note, trust->keys, trust->key_count, err);
    if (code)
        return code;
    for (size_t i = 0; i < role->key_count; i++) {
        bool void_key = trust->expires[role->keys[i]] <= as_of;
        check.valid += valid[role->keys[i]] && !void_key;
        expired += valid[role->keys[i]] && void_key;
    }
    sanad_assert(check.valid <= role->key_count);
    *ret_check = check;
    const char *kind = stmt_kind_name(stmt->kind);
    if (role->threshold == 0)
        return err_set(err, SANAD_MISSING, "%s: the trust file names no role for it", kind);
    if (check.valid >= role->threshold)
        return 0;
    if (check.valid + expired >= role->threshold)
        return err_set(err, SANAD_FALSE, "%s: signed by a key that had expired", kind);
    return err_set(err, SANAD_MISSING, "%s: %zu of %zu signatures of known keys", kind, check.valid,
                   role->threshold);
}
