/* JSON as statements may hold it (doc/formats/statement.md): RFC 8785 form, integers up to 2^53-1,
 * clean text, ASCII keys, no reals, no null. One pass that checks and builds nothing: a value is
 * the bytes in which it stands. The depth is bounded, and so is the recursion. */
#include "verify/verify_priv.h"

#define INTEGER_MAX UINT64_C(9007199254740991) /* 2^53-1: exact in every reader */

_Static_assert(VERIFY_JSON_DEPTH_MAX <= 64, "each level takes a frame of the caller's stack");

struct reader {
    struct sanad_bytes left;
    unsigned depth;
    bool is_loose;
    const char *rule;       /* that was broken; NULL: none */
    struct sanad_bytes key; /* the member that is being read, without its quotes */
};

static bool broken(struct reader *reader, const char *rule)
{
    if (!reader->rule)
        reader->rule = rule;
    return false;
}

static const char form[] = "the JSON is not valid, or not in its RFC 8785 form";

static bool is_next(const struct reader *reader, uint8_t c)
{
    return reader->left.size > 0 && reader->left.data[0] == c;
}

static void step(struct reader *reader, size_t size)
{
    sanad_assert(size <= reader->left.size);
    reader->left = verify_bytes(reader->left.data + size, reader->left.size - size);
}

static void space_skip(struct reader *reader)
{
    while (reader->is_loose && (is_next(reader, ' ') || is_next(reader, '\t') ||
                                is_next(reader, '\n') || is_next(reader, '\r')))
        step(reader, 1);
}

static bool take(struct reader *reader, uint8_t c)
{
    space_skip(reader);
    if (!is_next(reader, c))
        return false;
    step(reader, 1);
    return true;
}

/* ---- values ------------------------------------------------------------------------------------
 */

/* What must be escaped in another way than by a backslash before itself is not clean. */
static bool string_read(struct sanad_bytes *ret_inside, struct reader *reader)
{
    if (!take(reader, '"'))
        return broken(reader, form);
    const uint8_t *begin = reader->left.data;
    while (!is_next(reader, '"')) {
        uint32_t point;
        if (is_next(reader, '\\')) {
            step(reader, 1);
            if (!is_next(reader, '"') && !is_next(reader, '\\'))
                return broken(reader, form);
        }
        size_t size = verify_utf8(&point, reader->left);
        if (size == 0)
            return broken(reader, form);
        if (verify_is_unclean(point))
            return broken(reader, "control or bidirectional characters");
        step(reader, size);
    }
    *ret_inside = verify_bytes(begin, (size_t)(reader->left.data - begin));
    step(reader, 1);
    return true;
}

static bool integer_read(int64_t *ret_integer, struct reader *reader)
{
    uint64_t number = 0;
    bool is_negative = take(reader, '-');
    struct sanad_bytes digits = {.data = reader->left.data};
    while (digits.size < reader->left.size && reader->left.data[digits.size] >= '0' &&
           reader->left.data[digits.size] <= '9')
        digits.size++;
    step(reader, digits.size);
    if (is_next(reader, '.') || is_next(reader, 'e') || is_next(reader, 'E'))
        return broken(reader, "a real number or null");
    if (!verify_number(&number, digits, UINT64_MAX) || (is_negative && number == 0))
        return broken(reader, digits.size > 16 ? "integer beyond 2^53-1" : form);
    if (number > INTEGER_MAX)
        return broken(reader, "integer beyond 2^53-1");
    *ret_integer = is_negative ? -(int64_t)number : (int64_t)number;
    return true;
}

static bool word_read(struct reader *reader)
{
    if (verify_word_take(&reader->left, "true") || verify_word_take(&reader->left, "false"))
        return true;
    if (verify_word_take(&reader->left, "null"))
        return broken(reader, "a real number or null");
    return broken(reader, form);
}

/* ---- members and items
 * ---------------------------------------------------------------------------- */

/* The next character of a key, its backslash taken off. */
static uint8_t key_step(struct sanad_bytes *key)
{
    size_t at = key->data[0] == '\\' ? 1 : 0;
    sanad_assert(at < key->size);
    uint8_t c = key->data[at];
    *key = verify_bytes(key->data + at + 1, key->size - at - 1);
    return c;
}

/* RFC 8785, 3.2.3: by code units, which for ASCII are the bytes. */
static bool stands_before(struct sanad_bytes a, struct sanad_bytes b)
{
    while (a.size > 0 && b.size > 0) {
        uint8_t x = key_step(&a);
        uint8_t y = key_step(&b);
        if (x != y)
            return x < y;
    }
    return b.size > 0;
}

static bool key_read(struct sanad_bytes *ret_key, struct reader *reader)
{
    struct sanad_bytes key;
    if (!string_read(&key, reader))
        return false;
    bool is_ascii = key.size > 0;
    for (size_t i = 0; i < key.size; i++)
        is_ascii = is_ascii && key.data[i] >= 0x21 && key.data[i] <= 0x7e;
    if (!is_ascii) {
        reader->key.size = 0; /* the one before has nothing to do with it */
        return broken(reader, "statement: a key that is not plain ASCII");
    }
    if (!take(reader, ':'))
        return broken(reader, form);
    *ret_key = key;
    return true;
}

static bool value_read(struct reader *reader);

static bool members_read(struct reader *reader)
{
    struct sanad_bytes before = {.size = 0};
    struct sanad_bytes outer = reader->key;
    if (take(reader, '}'))
        return true;
    do {
        struct sanad_bytes key;
        if (!key_read(&key, reader))
            return false;
        if (!reader->is_loose && !stands_before(before, key))
            return broken(reader, form);
        before = reader->key = key;
        if (!value_read(reader))
            return false;
    } while (take(reader, ','));
    if (!take(reader, '}'))
        return broken(reader, form);
    reader->key = outer;
    return true;
}

static bool items_read(struct reader *reader)
{
    if (take(reader, ']'))
        return true;
    do
        if (!value_read(reader))
            return false;
    while (take(reader, ','));
    return take(reader, ']') || broken(reader, form);
}

static bool value_read(struct reader *reader)
{
    struct sanad_bytes text;
    int64_t integer;
    space_skip(reader);
    if (is_next(reader, '"'))
        return string_read(&text, reader);
    if (is_next(reader, '-') ||
        (reader->left.size > 0 && reader->left.data[0] >= '0' && reader->left.data[0] <= '9'))
        return integer_read(&integer, reader);
    if (!is_next(reader, '{') && !is_next(reader, '['))
        return word_read(reader);
    bool is_object = is_next(reader, '{');
    if (reader->depth == VERIFY_JSON_DEPTH_MAX)
        return broken(reader, "nested deeper than 64");
    step(reader, 1);
    reader->depth++;
    bool read = is_object ? members_read(reader) : items_read(reader);
    reader->depth--;
    return read;
}

enum sanad_verdict verify_json_check(struct sanad_result *result, const char *object,
                                     struct sanad_bytes text, bool is_loose)
{
    struct reader reader = {.left = text, .is_loose = is_loose};
    space_skip(&reader);
    if (!is_next(&reader, '{'))
        return verify_refuse(result, "%s: not an object", object);
    bool read = value_read(&reader);
    space_skip(&reader);
    if (read && reader.left.size > 0)
        read = broken(&reader, form);
    if (read)
        return SANAD_VERDICT_HOLDS;
    sanad_assert(reader.rule);
    if (reader.rule == form || reader.key.size == 0)
        return verify_refuse(result, "%s: %s", object, reader.rule);
    return verify_refuse(result, "%s: statement: \"%b\": %s", object, &reader.key, reader.rule);
}

/* ---- walks
 * ------------------------------------------------------------------------------------------- */

static struct reader reader_of(struct sanad_bytes text)
{
    return (struct reader){.left = text, .is_loose = true};
}

static bool walk_begin(struct verify_json_walk *ret_walk, struct sanad_bytes value, uint8_t opens)
{
    struct reader reader = reader_of(value);
    if (!take(&reader, opens))
        return false;
    ret_walk->left = reader.left;
    return true;
}

bool verify_json_object(struct verify_json_walk *ret_walk, struct sanad_bytes value)
{
    return walk_begin(ret_walk, value, '{');
}

bool verify_json_list(struct verify_json_walk *ret_walk, struct sanad_bytes value)
{
    return walk_begin(ret_walk, value, '[');
}

/* The next value, and the comma behind it. */
static bool walk_value(struct sanad_bytes *ret_value, struct reader *reader)
{
    space_skip(reader);
    const uint8_t *begin = reader->left.data;
    if (!value_read(reader))
        return false;
    *ret_value = verify_bytes(begin, (size_t)(reader->left.data - begin));
    (void)take(reader, ','); /* what was checked has one unless it ends here */
    return true;
}

bool verify_json_next_member(struct sanad_bytes *ret_key, struct sanad_bytes *ret_value,
                             struct verify_json_walk *walk)
{
    struct reader reader = reader_of(walk->left);
    space_skip(&reader);
    if (!is_next(&reader, '"') || !key_read(ret_key, &reader) || !walk_value(ret_value, &reader))
        return false;
    walk->left = reader.left;
    return true;
}

bool verify_json_next_item(struct sanad_bytes *ret_value, struct verify_json_walk *walk)
{
    struct reader reader = reader_of(walk->left);
    space_skip(&reader);
    if (is_next(&reader, ']') || !walk_value(ret_value, &reader))
        return false;
    walk->left = reader.left;
    return true;
}

/* What stands between quotes, against a text. */
static bool inside_is(struct sanad_bytes inside, struct sanad_bytes text)
{
    while (inside.size > 0 && text.size > 0) {
        if (key_step(&inside) != text.data[0])
            return false;
        text = verify_bytes(text.data + 1, text.size - 1);
    }
    return inside.size == 0 && text.size == 0;
}

bool verify_json_is(struct sanad_bytes string, const char *text)
{
    struct reader reader = reader_of(string);
    struct sanad_bytes inside;
    return string_read(&inside, &reader) && inside_is(inside, verify_bytes_of(text));
}

bool sanad_json_member(struct sanad_bytes *ret_value, struct sanad_bytes object, const char *name)
{
    struct verify_json_walk walk;
    struct sanad_bytes key;
    struct sanad_bytes value;
    if (!verify_json_object(&walk, object))
        return false;
    while (verify_json_next_member(&key, &value, &walk))
        if (inside_is(key, verify_bytes_of(name))) {
            *ret_value = value;
            return true;
        }
    return false;
}

bool sanad_json_integer(int64_t *ret_integer, struct sanad_bytes value)
{
    struct reader reader = reader_of(value);
    return value.size > 0 && integer_read(ret_integer, &reader) && reader.left.size == 0;
}

bool sanad_json_string(char *ret_text, size_t room, struct sanad_bytes value)
{
    struct reader reader = reader_of(value);
    struct sanad_bytes inside;
    size_t size = 0;
    if (!string_read(&inside, &reader) || reader.left.size > 0)
        return false;
    for (struct sanad_bytes left = inside; left.size > 0; size++)
        (void)key_step(&left);
    if (size >= room)
        return false;
    for (size_t i = 0; i < size; i++)
        ret_text[i] = (char)key_step(&inside);
    ret_text[size] = 0;
    return true;
}
