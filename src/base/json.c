/* JSON from outside, strictly; and RFC 8785 form of documents that hold no reals. */
#include "base/base_priv.h"

#include <stdlib.h>

#define JSON_INTEGER_MAX INT64_C(9007199254740991) /* 2^53-1: exact in every reader */

static bool depth_fits(struct bytes text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        depth += c == '{' || c == '[';
        depth -= depth > 0 && (c == '}' || c == ']');
        if (depth > JSON_DEPTH_MAX)
            return false;
    }
    return true;
}

int json_read(json_t **ret_json, const char *object, struct bytes text, size_t size_max,
              struct err *err)
{
    if (text.size > size_max)
        return err_set(err, SANAD_REFUSED, "%s: over %zu bytes", object, size_max);
    if (text.size == 0)
        return err_set(err, SANAD_REFUSED, "%s: empty, not valid JSON", object);
    if (!depth_fits(text))
        return err_set(err, SANAD_REFUSED, "%s: nested deeper than %d", object, JSON_DEPTH_MAX);
    json_error_t error;
    json_t *json = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return err_set(err, SANAD_REFUSED, "%s: line %d: not valid JSON: %s", object, error.line,
                       error.text);
    *ret_json = json;
    return 0;
}

int json_read_file(json_t **ret_json, const char *path, size_t size_max, struct err *err)
{
    struct buf buf;
    int code = file_read(&buf, path, size_max, err);
    if (code)
        return code;
    code = json_read(ret_json, path, buf_bytes(&buf), size_max, err);
    buf_free(&buf);
    return code;
}

static void write_string(struct buf *buf, const char *text, size_t size)
{
    static const char short_escape[] = "btn\0fr"; /* 08 09 0a 0b 0c 0d */
    buf_u8(buf, '"');
    for (size_t i = 0; i < size; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c == '"' || c == '\\') {
            buf_u8(buf, '\\');
            buf_u8(buf, c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            buf_u8(buf, '\\');
            buf_u8(buf, (uint8_t)short_escape[c - 8]);
        } else if (c < 0x20) {
            buf_format(buf, "\\u%04x", c);
        } else {
            buf_u8(buf, c);
        }
    }
    buf_u8(buf, '"');
}

/* The next character as a number that sorts as its UTF-16 form does: beyond the first plane
 * that is a surrogate pair (D800 and up), which stands before E000. */
static uint32_t utf16_rank(const uint8_t **p)
{
    uint32_t point;
    size_t size = utf8_size(&point, *p, strnlen((const char *)*p, 4));
    sanad_assert(size > 0); /* jansson's strings are well-formed */
    *p += size;
    if (point >= 0x10000)
        return 0xd800 + (point - 0x10000);
    return point >= 0xe000 ? point + 0x100000 : point;
}

/* RFC 8785 3.2.3: names sorted by UTF-16 code units. */
static int key_compare(const void *a, const void *b)
{
    const uint8_t *x = *(const uint8_t *const *)a;
    const uint8_t *y = *(const uint8_t *const *)b;
    while (*x && *y) {
        uint32_t rank_x = utf16_rank(&x);
        uint32_t rank_y = utf16_rank(&y);
        if (rank_x != rank_y)
            return rank_x < rank_y ? -1 : 1;
    }
    return *x ? 1 : *y ? -1 : 0;
}

static int write_object(struct buf *buf, const json_t *json, struct err *err)
{
    size_t count = json_object_size(json);
    const char **keys = mem_zalloc(count, sizeof *keys);
    size_t at = 0;
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)json, key, value)
        keys[at++] = key;
    qsort(keys, count, sizeof *keys, key_compare);
    int code = 0;
    buf_u8(buf, '{');
    for (size_t i = 0; i < count && code == 0; i++) {
        if (i > 0)
            buf_u8(buf, ',');
        write_string(buf, keys[i], strlen(keys[i]));
        buf_u8(buf, ':');
        code = json_canonical(buf, json_object_get(json, keys[i]), err);
    }
    buf_u8(buf, '}');
    free(keys);
    return code;
}

static int write_array(struct buf *buf, const json_t *json, struct err *err)
{
    buf_u8(buf, '[');
    for (size_t i = 0; i < json_array_size(json); i++) {
        if (i > 0)
            buf_u8(buf, ',');
        int code = json_canonical(buf, json_array_get(json, i), err);
        if (code)
            return code;
    }
    buf_u8(buf, ']');
    return 0;
}

static int write_integer(struct buf *buf, json_int_t value, struct err *err)
{
    if (value > JSON_INTEGER_MAX || value < -JSON_INTEGER_MAX)
        return err_set(err, SANAD_REFUSED, "JSON: integer beyond 2^53-1");
    buf_format(buf, "%lld", (long long)value);
    return 0;
}

int json_canonical(struct buf *buf, const json_t *json, struct err *err)
{
    int code = 0;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        code = write_object(buf, json, err);
        break;
    case JSON_ARRAY:
        code = write_array(buf, json, err);
        break;
    case JSON_STRING:
        write_string(buf, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        code = write_integer(buf, json_integer_value(json), err);
        break;
    case JSON_REAL:
        return err_set(err, SANAD_REFUSED, "JSON: a real number where only integers may stand");
    case JSON_TRUE:
        buf_text(buf, "true");
        break;
    case JSON_FALSE:
        buf_text(buf, "false");
        break;
    case JSON_NULL:
        buf_text(buf, "null");
        break;
    }
    if (code == 0 && buf->bad)
        return err_set(err, SANAD_REFUSED, "JSON: canonical form over %zu bytes", buf->max);
    return code;
}

int json_get_string(const char **ret, const char *object, const json_t *json, const char *key,
                    struct err *err)
{
    const json_t *value = json_object_get(json, key);
    if (!json_is_string(value))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be a string", object, key);
    *ret = json_string_value(value);
    return 0;
}

int json_get_integer(int64_t *ret, const char *object, const json_t *json, const char *key,
                     int64_t min, int64_t max, struct err *err)
{
    const json_t *value = json_object_get(json, key);
    if (!json_is_integer(value) || json_integer_value(value) < min ||
        json_integer_value(value) > max)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be an integer from %lld to %lld",
                       object, key, (long long)min, (long long)max);
    *ret = json_integer_value(value);
    return 0;
}

json_t *json_hash_display(const struct hash256 *hash)
{
    char text[HEX256_SIZE];
    hash256_display(text, hash);
    return json_string(text);
}

json_t *json_hash_straight(const struct hash256 *hash)
{
    char text[HEX256_SIZE];
    hash256_straight(text, hash);
    return json_string(text);
}

json_t *json_time(int64_t time)
{
    char text[TIME_TEXT_SIZE];
    time_format(text, time);
    return json_string(text);
}

int json_only_keys(const char *object, const json_t *json, const char *const *keys, struct err *err)
{
    if (!json_is_object(json))
        return err_set(err, SANAD_REFUSED, "%s: must be an object", object);
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)json, key, value) {
        size_t i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i])
            return err_set(err, SANAD_REFUSED, "%s: unknown key \"%.64s\"", object, key);
    }
    return 0;
}
