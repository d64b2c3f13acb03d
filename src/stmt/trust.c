/* The trust file: keys, roles with thresholds, expiry; and the verdict on signatures. */
#include "stmt/stmt.h"

#include <stdlib.h>

enum { TRUST_FILE_MAX = 1 << 20 };

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

/* One key under two names would count as two signers. */
static bool same_key(const struct trust *trust, const struct note_key *key)
{
    for (size_t i = 0; i < trust->key_count; i++)
        if (memcmp(trust->keys[i].public_key, key->public_key, sizeof key->public_key) == 0)
            return true;
    return false;
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
        if (same_key(trust, key))
            return err_set(err, SANAD_REFUSED, "%s: key \"%s\" stands there under another name",
                           object, key->name);
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

static int keys_roles_read(struct trust *trust, const char *object, const json_t *json,
                           struct err *err)
{
    const char *name;
    json_t *value;
    int code = keys_read(trust, object, json_object_get(json, "keys"), err);
    json_object_foreach (json_object_get(json, "roles"), name, value)
        if (code == 0)
            code = role_read(trust, object, name, value, err);
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
        code = keys_roles_read(trust, object, json, err);
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

/* What a root can't say: a role that no statement asks for, or no role for the next root. */
static int root_roles_check(const struct trust *trust, struct err *err)
{
    static const enum stmt_kind none[] = {STMT_REVOKE, STMT_CORRECTION};
    for (size_t i = 0; i < countof(none); i++)
        if (trust->roles[none[i]].threshold)
            return err_set(err, SANAD_REFUSED, "root: role %s: it has none of its own",
                           stmt_kind_name(none[i]));
    if (trust->roles[STMT_ROOT].threshold == 0)
        return err_set(err, SANAD_REFUSED, "root: role root: is missing");
    return 0;
}

int trust_from_root(struct trust **ret_trust, const struct stmt *root, struct err *err)
{
    int64_t expires;
    sanad_assert(root->kind == STMT_ROOT);
    int code = stmt_schema_check(root, err);
    if (code)
        return code;
    struct trust *trust = mem_zalloc(1, sizeof *trust);
    code = keys_roles_read(trust, "root", root->json, err);
    if (code == 0)
        code = root_roles_check(trust, err);
    if (code == 0)
        code = date_parse(&expires, json_string_value(json_object_get(root->json, "expires")), err);
    for (size_t i = 0; code == 0 && i < trust->key_count; i++)
        trust->expires[i] = expires;
    if (code)
        trust_free(trust);
    else
        *ret_trust = trust;
    return code;
}

/* A root that is given as a file is trusted as one, if its own keys have signed it. */
static int trust_read_root(struct trust **ret_trust, const char *object, struct bytes text,
                           struct err *err)
{
    struct stmt *root;
    struct trust *trust;
    struct stmt_check check;
    int code = stmt_read(&root, object, text, err);
    if (code)
        return code;
    if (root->kind != STMT_ROOT)
        code =
            err_set(err, SANAD_REFUSED, "%s: a statement that is no root gives no trust", object);
    if (code == 0)
        code = trust_from_root(&trust, root, err);
    if (code == 0) {
        code = stmt_verify(&check, root, trust, INT64_MIN, err);
        if (code)
            trust_free(trust);
        else
            *ret_trust = trust;
    }
    stmt_free(root);
    return code;
}

int trust_read_file(struct trust **ret_trust, const char *path, struct err *err)
{
    static const char first[] = "sanad/statement/";
    struct buf text;
    int code = file_read(&text, path, TRUST_FILE_MAX, err);
    if (code)
        return code;
    bool is_note = text.size > sizeof first && memcmp(text.data, first, sizeof first - 1) == 0;
    code = is_note ? trust_read_root(ret_trust, path, buf_bytes(&text), err)
                   : trust_read(ret_trust, path, buf_bytes(&text), err);
    buf_free(&text);
    return code;
}

void trust_free(struct trust *trust)
{
    free(trust);
}

size_t trust_key_count(const struct trust *trust)
{
    return trust->key_count;
}

const struct note_key *trust_key(const struct trust *trust, size_t index)
{
    sanad_assert(index < trust->key_count);
    return &trust->keys[index];
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

struct trust_role trust_role(const struct trust *trust, const struct trust_question *question)
{
    const struct role *role = &trust->roles[question->role];
    struct trust_role answer = {.threshold = role->threshold};
    for (size_t i = 0; i < role->key_count; i++)
        answer.keys += !(question->is_void && question->is_void[role->keys[i]]);
    return answer;
}

int trust_verify(struct stmt_check *ret_check, const struct stmt *stmt, const struct trust *trust,
                 const struct trust_question *question, struct err *err)
{
    sanad_assert(question->role < STMT_KIND_COUNT);
    sanad_assert(trust->key_count <= TRUST_KEY_MAX);
    bool valid[TRUST_KEY_MAX] = {false};
    const struct role *role = &trust->roles[question->role];
    struct stmt_check check = {.threshold = role->threshold,
                               .unknown = unknown_count(&stmt->note, trust)};
    size_t spent = 0; /* valid, but of a key that is void or had expired */
    int code = note_verify(valid, &stmt->note, trust->keys, trust->key_count, err);
    if (code)
        return code;
    for (size_t i = 0; i < role->key_count; i++) {
        size_t at = role->keys[i];
        bool is_void =
            trust->expires[at] <= question->as_of || (question->is_void && question->is_void[at]);
        check.valid += valid[at] && !is_void;
        spent += valid[at] && is_void;
    }
    sanad_assert(check.valid <= role->key_count);
    *ret_check = check;
    const char *kind = stmt_kind_name(stmt->kind);
    if (role->threshold == 0)
        return err_set(err, SANAD_MISSING, "%s: nobody has the role %s", kind,
                       stmt_kind_name(question->role));
    if (check.valid >= role->threshold)
        return 0;
    if (check.valid + spent >= role->threshold)
        return err_set(err, SANAD_FALSE, "%s: signed by a key that had expired%s", kind,
                       question->is_void ? " or is revoked" : "");
    return err_set(err, SANAD_MISSING, "%s: %zu of %zu signatures of known keys", kind, check.valid,
                   role->threshold);
}

int stmt_verify(struct stmt_check *ret_check, const struct stmt *stmt, const struct trust *trust,
                int64_t as_of, struct err *err)
{
    const struct trust_question question = {.role = stmt_role(stmt), .as_of = as_of};
    return trust_verify(ret_check, stmt, trust, &question, err);
}
