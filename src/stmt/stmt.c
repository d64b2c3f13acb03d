/* Statements: build the bytes that are signed, read them back strictly, add signatures. */
#include "stmt/stmt.h"

#include <stdlib.h>

static const char first_line[] = "sanad/statement/v1 ";

static const char *const kind_names[] = {
#define X(name, text) [STMT_##name] = (text),
    STMT_KINDS(X)
#undef X
};

const char *stmt_kind_name(enum stmt_kind kind)
{
    sanad_assert(kind < STMT_KIND_COUNT);
    return kind_names[kind];
}

bool stmt_kind_find(enum stmt_kind *ret_kind, const char *name)
{
    for (size_t i = 0; i < STMT_KIND_COUNT; i++) {
        if (strcmp(kind_names[i], name) == 0) {
            *ret_kind = (enum stmt_kind)i;
            return true;
        }
    }
    return false;
}

static bool key_is_ascii(const char *key)
{
    for (const char *p = key; *p; p++)
        if ((unsigned char)*p < 0x21 || (unsigned char)*p > 0x7e)
            return false;
    return *key != 0;
}

static int member_check(const json_t *json, const char *name, struct err *err);

static int object_check(const json_t *json, struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)json, key, value) {
        if (!key_is_ascii(key))
            return err_set(err, SANAD_REFUSED, "statement: a key that is not plain ASCII");
        int code = member_check(value, key, err);
        if (code)
            return code;
    }
    return 0;
}

/* formats-log 2: no floats, no nulls, clean text. */
static int member_check(const json_t *json, const char *name, struct err *err)
{
    if (json_is_object(json))
        return object_check(json, err);
    if (json_is_array(json)) {
        size_t i;
        json_t *value;
        json_array_foreach (json, i, value) {
            int code = member_check(value, name, err);
            if (code)
                return code;
        }
        return 0;
    }
    if (json_is_string(json)) {
        bool whole = strlen(json_string_value(json)) == json_string_length(json);
        if (whole && text_is_clean(json_string_value(json)))
            return 0;
        return err_set(err, SANAD_REFUSED, "statement: \"%s\": control or bidirectional characters",
                       name);
    }
    if (json_is_integer(json) || json_is_boolean(json))
        return 0;
    return err_set(err, SANAD_REFUSED, "statement: \"%s\": a real number or null", name);
}

static int body_write(struct buf *buf, const json_t *json, struct err *err)
{
    struct buf line = buf_with_max(STMT_BODY_MAX);
    int code = json_is_object(json) ? object_check(json, err)
                                    : err_set(err, SANAD_REFUSED, "statement: not an object");
    if (code == 0)
        code = json_canonical(&line, json, err);
    if (code == 0)
        buf_add(buf, buf_bytes(&line));
    buf_free(&line);
    return code;
}

static json_t *placed_json(const struct stmt_place *place, const json_t *body)
{
    json_t *json = json_copy((json_t *)body);
    json_object_set_new(json, "authority", json_string(place->authority));
    json_object_set_new(json, "log", json_string(place->log));
    json_object_set_new(json, "seq", json_integer((json_int_t)place->seq));
    json_object_set_new(json, "prev", json_integer((json_int_t)place->prev));
    return json;
}

int stmt_build(struct buf *ret_text, enum stmt_kind kind, const struct stmt_place *place,
               const json_t *body, struct err *err)
{
    sanad_assert(kind < STMT_KIND_COUNT && json_is_object(body));
    sanad_assert(place->authority && place->log && place->prev >= -1);
    json_t *json = placed_json(place, body);
    struct buf text = buf_with_max(STMT_BODY_MAX + 64);
    buf_format(&text, "%s%s\n", first_line, stmt_kind_name(kind));
    int code = body_write(&text, json, err);
    buf_u8(&text, '\n');
    if (code == 0)
        buf_add(ret_text, buf_bytes(&text));
    json_decref(json);
    buf_free(&text);
    return code;
}

int stmt_make(struct buf *ret_text, enum stmt_kind kind, const struct stmt_place *place,
              const json_t *body, struct err *err)
{
    json_t *json = placed_json(place, body);
    int code = stmt_schema_json(kind, json, err);
    json_decref(json);
    return code ? code : stmt_build(ret_text, kind, place, body, err);
}

/* The kind from the first line; *ret_body the second. */
static int lines_split(enum stmt_kind *ret_kind, struct bytes *ret_body, const char *object,
                       struct bytes text, struct err *err)
{
    const size_t prefix = sizeof first_line - 1;
    const uint8_t *end = text.size ? memchr(text.data, '\n', text.size) : NULL;
    size_t size = end ? (size_t)(end - text.data) : 0;
    if (size <= prefix || memcmp(text.data, first_line, prefix) != 0)
        return err_set(err, SANAD_REFUSED, "%s: not a sanad/statement/v1", object);
    char kind[STMT_KIND_MAX + 1] = {0};
    size_t kind_size = size - prefix;
    memcpy(kind, text.data + prefix, kind_size < STMT_KIND_MAX ? kind_size : STMT_KIND_MAX);
    if (kind_size > STMT_KIND_MAX || !stmt_kind_find(ret_kind, kind))
        return err_set(err, SANAD_REFUSED, "%s: unknown kind of statement \"%s\"", object, kind);
    struct bytes rest = bytes_of(end + 1, text.size - size - 1);
    if (rest.size < 2 || memchr(rest.data, '\n', rest.size) != rest.data + rest.size - 1)
        return err_set(err, SANAD_REFUSED, "%s: the statement is not one line of JSON", object);
    *ret_body = bytes_of(rest.data, rest.size - 1);
    return 0;
}

static int body_read(json_t **ret_json, const char *object, struct bytes body, struct err *err)
{
    json_t *json;
    int code = json_read(&json, object, body, STMT_BODY_MAX, err);
    if (code)
        return code;
    struct buf again = buf_with_max(STMT_BODY_MAX);
    code = body_write(&again, json, err);
    if (code)
        code = err_wrap(err, "%s", object);
    else if (!bytes_equal(buf_bytes(&again), body))
        code = err_set(err, SANAD_REFUSED, "%s: the JSON is not in its RFC 8785 form", object);
    buf_free(&again);
    if (code)
        json_decref(json);
    else
        *ret_json = json;
    return code;
}

int stmt_read(struct stmt **ret_stmt, const char *object, struct bytes raw, struct err *err)
{
    sanad_assert(object);
    struct stmt *stmt = mem_zalloc(1, sizeof *stmt);
    stmt->raw = buf_with_max(NOTE_SIZE_MAX);
    buf_add(&stmt->raw, raw);
    struct bytes body;
    int code = stmt->raw.bad
                   ? err_set(err, SANAD_REFUSED, "%s: over %d bytes", object, NOTE_SIZE_MAX)
                   : note_parse(&stmt->note, object, buf_bytes(&stmt->raw), &stmt->arena, err);
    if (code == 0)
        code = lines_split(&stmt->kind, &body, object, stmt->note.text, err);
    if (code == 0)
        code = body_read(&stmt->json, object, body, err);
    if (code)
        stmt_free(stmt);
    else
        *ret_stmt = stmt;
    return code;
}

int stmt_read_file(struct stmt **ret_stmt, const char *path, struct err *err)
{
    struct buf raw;
    int code = file_read(&raw, path, NOTE_SIZE_MAX, err);
    if (code)
        return code;
    code = stmt_read(ret_stmt, path, buf_bytes(&raw), err);
    buf_free(&raw);
    return code;
}

void stmt_free(struct stmt *stmt)
{
    if (!stmt)
        return;
    json_decref(stmt->json);
    buf_free(&stmt->raw);
    arena_free(&stmt->arena);
    free(stmt);
}

static int already_signed(const struct note *note, const struct note_key *key, struct err *err)
{
    for (size_t i = 0; i < note->signature_count; i++)
        if (strcmp(note->signatures[i].name, key->name) == 0 &&
            memcmp(note->signatures[i].id, key->id, sizeof key->id) == 0)
            return err_set(err, SANAD_REFUSED, "%s: has signed this statement already", key->name);
    return 0;
}

int stmt_sign(struct buf *ret_note, struct bytes note_or_text, const struct role_key *key,
              struct err *err)
{
    struct arena arena = {0};
    struct note note = {.text = note_or_text};
    struct stmt *checked = NULL;
    struct err unsigned_err = {0};
    bool has_signatures = note_parse(&note, "statement", note_or_text, &arena, &unsigned_err) == 0;
    int code = 0;
    if (!has_signatures)
        note = (struct note){.text = note_or_text};
    else
        code = already_signed(&note, &key->key, err);
    if (code == 0 && key->key.type != NOTE_KEY_TYPE_ED25519)
        code =
            err_set(err, SANAD_REFUSED, "%s: a cosigner's key signs no statements", key->key.name);
    struct buf whole = buf_with_max(NOTE_SIZE_MAX);
    if (code == 0) {
        buf_add(&whole, note_or_text);
        if (!has_signatures)
            buf_u8(&whole, '\n');
        note_sign(&whole, note.text, &key->key, key->seed);
        /* Nothing is signed that would be refused when read. */
        code = stmt_read(&checked, "statement", buf_bytes(&whole), err);
    }
    if (code == 0) {
        sanad_assert(checked->note.signature_count == note.signature_count + 1);
        buf_add(ret_note, buf_bytes(&whole));
    }
    stmt_free(checked);
    buf_free(&whole);
    arena_free(&arena);
    return code;
}
