/* Signed notes: parse, verify, sign. */
#include "note/note.h"

#include <stdlib.h>

static const char line_start[] = "\xe2\x80\x94 "; /* an em dash and a space */
enum { LINE_START_SIZE = 4, KEY_ID_SIZE = 4, SIGNATURE_SIZE = 64, TIMESTAMP_SIZE = 8 };

/* Length of the UTF-8 sequence at p (0: none) and its code point. */
static size_t utf8_decode(const uint8_t *p, size_t left, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (size > left || (p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4)
        return 0;
    uint32_t code = size == 1 ? p[0] : p[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3fu);
    }
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code = code;
    return size;
}

/* White_Space of the Unicode character database. */
static bool is_unicode_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static bool name_bytes_ok(const uint8_t *name, size_t size)
{
    if (size == 0 || size > NOTE_NAME_MAX)
        return false;
    for (size_t i = 0; i < size;) {
        uint32_t code;
        size_t step = utf8_decode(name + i, size - i, &code);
        if (step == 0 || code == '+' || code < 0x20 || is_unicode_space(code))
            return false;
        i += step;
    }
    return true;
}

bool note_name_ok(const char *name)
{
    return name_bytes_ok((const uint8_t *)name, strlen(name));
}

int note_key_make(struct note_key *ret_key, const char *name, uint8_t type,
                  const uint8_t public_key[32], struct err *err)
{
    if (!note_name_ok(name))
        return err_set(err, SANAD_REFUSED, "key name: empty, too long, or with a space or '+'");
    struct note_key key = {.type = type};
    memcpy(key.name, name, strlen(name) + 1);
    memcpy(key.public_key, public_key, 32);
    struct sha256 hash;
    struct hash256 digest;
    sha256_init(&hash);
    sha256_add(&hash, bytes_of_text(name));
    sha256_add(&hash, bytes_of("\n", 1));
    sha256_add(&hash, bytes_of(&type, 1));
    sha256_add(&hash, bytes_of(public_key, 32));
    sha256_final(&digest, &hash);
    memcpy(key.id, digest.b, KEY_ID_SIZE);
    *ret_key = key;
    return 0;
}

/* The part of a vkey behind the second '+': type and 32 bytes. */
static int vkey_material(struct buf *material, const char *text, struct err *err)
{
    if (!base64_decode(material, text, strlen(text)) || material->size == 0)
        return err_set(err, SANAD_REFUSED, "verifier key: not base64");
    uint8_t type = material->data[0];
    if (type != NOTE_KEY_TYPE_ED25519 && type != NOTE_KEY_TYPE_COSIGNATURE)
        return err_set(err, SANAD_REFUSED, "verifier key: type 0x%02x is not supported", type);
    if (material->size != 33)
        return err_set(err, SANAD_REFUSED, "verifier key: an Ed25519 key has 32 bytes");
    return 0;
}

int note_vkey_parse(struct note_key *ret_key, const char *text, struct err *err)
{
    const char *first = strchr(text, '+');
    const char *second = first ? strchr(first + 1, '+') : NULL;
    if (!second || (size_t)(first - text) > NOTE_NAME_MAX)
        return err_set(err, SANAD_REFUSED, "verifier key: not name+id+key");
    char name[NOTE_NAME_MAX + 1];
    memcpy(name, text, (size_t)(first - text));
    name[first - text] = 0;
    uint8_t id[KEY_ID_SIZE];
    if (!hex_decode(id, sizeof id, first + 1, (size_t)(second - first - 1)))
        return err_set(err, SANAD_REFUSED, "verifier key: the id is not 8 hexadecimal digits");
    struct buf material = buf_with_max(4096);
    struct note_key key;
    int code = vkey_material(&material, second + 1, err);
    if (code == 0)
        code = note_key_make(&key, name, material.data[0], material.data + 1, err);
    buf_free(&material);
    if (code)
        return code;
    if (memcmp(key.id, id, sizeof id) != 0)
        return err_set(err, SANAD_REFUSED,
                       "verifier key: the id does not follow from name and key");
    *ret_key = key;
    return 0;
}

void note_vkey_write(struct buf *buf, const struct note_key *key)
{
    char id[2 * KEY_ID_SIZE + 1];
    uint8_t material[33];
    hex_encode(id, bytes_of(key->id, sizeof key->id));
    buf_format(buf, "%s+%s+", key->name, id);
    material[0] = key->type;
    memcpy(material + 1, key->public_key, 32);
    base64_encode(buf, bytes_of(material, sizeof material));
}

static bool text_bytes_ok(struct bytes text)
{
    for (size_t i = 0; i < text.size;) {
        uint32_t code;
        size_t step = utf8_decode(text.data + i, text.size - i, &code);
        if (step == 0 || (code < 0x20 && code != '\n'))
            return false;
        i += step;
    }
    return true;
}

/* Where the last blank line begins: the offset of its first newline; SIZE_MAX: nowhere. */
static size_t split_at(struct bytes raw)
{
    for (size_t i = raw.size; i >= 2; i--)
        if (raw.data[i - 1] == '\n' && raw.data[i - 2] == '\n')
            return i - 2;
    return SIZE_MAX;
}

/* One line without its newline. */
static int signature_parse(struct note_signature *ret, const char *object, struct bytes line,
                           struct arena *arena, struct err *err)
{
    const uint8_t *space = NULL;
    if (line.size > LINE_START_SIZE && memcmp(line.data, line_start, LINE_START_SIZE) == 0)
        space = memchr(line.data + LINE_START_SIZE, ' ', line.size - LINE_START_SIZE);
    if (!space)
        return err_set(err, SANAD_REFUSED, "%s: a signature line has not the form of one", object);
    const uint8_t *name = line.data + LINE_START_SIZE;
    size_t name_size = (size_t)(space - name);
    if (!name_bytes_ok(name, name_size))
        return err_set(err, SANAD_REFUSED, "%s: a signer's name is not allowed", object);
    struct buf raw = buf_with_max(NOTE_SIZE_MAX);
    bool decoded =
        base64_decode(&raw, (const char *)space + 1, line.size - LINE_START_SIZE - name_size - 1);
    int code = 0;
    if (!decoded || raw.size <= KEY_ID_SIZE) {
        code =
            err_set(err, SANAD_REFUSED, "%s: a signature is not base64 of an id and bytes", object);
    } else {
        struct bytes copy = arena_bytes(arena, buf_bytes(&raw));
        char *name_copy = arena_alloc(arena, name_size + 1, 1);
        memcpy(name_copy, name, name_size);
        *ret = (struct note_signature){
            .name = name_copy,
            .signature = bytes_of(copy.data + KEY_ID_SIZE, copy.size - KEY_ID_SIZE)};
        memcpy(ret->id, copy.data, KEY_ID_SIZE);
    }
    buf_free(&raw);
    return code;
}

static int signatures_parse(struct note *note, const char *object, struct bytes lines,
                            struct arena *arena, struct err *err)
{
    if (lines.size == 0 || lines.data[lines.size - 1] != '\n')
        return err_set(err, SANAD_REFUSED, "%s: no signature line, or one without its end", object);
    note->signatures = arena_alloc(arena, NOTE_SIGNATURE_MAX, sizeof *note->signatures);
    while (lines.size > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.size);
        size_t size = (size_t)(end - lines.data);
        if (note->signature_count == NOTE_SIGNATURE_MAX)
            return err_set(err, SANAD_REFUSED, "%s: more than %d signatures", object,
                           NOTE_SIGNATURE_MAX);
        int code = signature_parse(&note->signatures[note->signature_count], object,
                                   bytes_of(lines.data, size), arena, err);
        if (code)
            return code;
        note->signature_count++;
        lines = bytes_of(end + 1, lines.size - size - 1);
    }
    return 0;
}

int note_parse(struct note *ret_note, const char *object, struct bytes raw, struct arena *arena,
               struct err *err)
{
    if (raw.size > NOTE_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: over %d bytes", object, NOTE_SIZE_MAX);
    if (!text_bytes_ok(raw))
        return err_set(err, SANAD_REFUSED, "%s: not UTF-8, or with a control character", object);
    size_t at = split_at(raw);
    if (at == SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: no blank line before signatures", object);
    struct note note = {.text = bytes_of(raw.data, at + 1)};
    int code =
        signatures_parse(&note, object, bytes_of(raw.data + at + 2, raw.size - at - 2), arena, err);
    if (code == 0)
        *ret_note = note;
    return code;
}

static bool signed_by(const struct note_signature *line, const struct note_key *key)
{
    return strcmp(line->name, key->name) == 0 && memcmp(line->id, key->id, KEY_ID_SIZE) == 0;
}

/* c2sp.org/tlog-cosignature: a big-endian time, then Ed25519 over a line with that time and
 * the text. */
static bool cosignature_holds(const struct note_signature *line, const struct note_key *key,
                              struct bytes text)
{
    if (line->signature.size != TIMESTAMP_SIZE + SIGNATURE_SIZE)
        return false;
    uint64_t time = load_be64(line->signature.data);
    if (time > INT64_MAX)
        return false;
    struct buf message = buf_with_max(NOTE_SIZE_MAX + 64);
    buf_format(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
    buf_add(&message, text);
    bool holds =
        !message.bad &&
        ed25519_verify(key->public_key, line->signature.data + TIMESTAMP_SIZE, buf_bytes(&message));
    buf_free(&message);
    return holds;
}

static bool signature_holds(const struct note_signature *line, const struct note_key *key,
                            struct bytes text)
{
    if (key->type == NOTE_KEY_TYPE_COSIGNATURE)
        return cosignature_holds(line, key, text);
    return line->signature.size == SIGNATURE_SIZE &&
           ed25519_verify(key->public_key, line->signature.data, text);
}

int note_verify(bool *ret_valid, const struct note *note, const struct note_key *keys,
                size_t key_count, struct err *err)
{
    bool *valid = mem_zalloc(key_count, sizeof *valid);
    int code = 0;
    for (size_t s = 0; s < note->signature_count && code == 0; s++) {
        const struct note_signature *line = &note->signatures[s];
        for (size_t k = 0; k < key_count && code == 0; k++) {
            if (!signed_by(line, &keys[k]))
                continue;
            valid[k] = signature_holds(line, &keys[k], note->text);
            if (!valid[k])
                code = err_set(err, SANAD_FALSE, "signature of %s: it does not verify", line->name);
        }
    }
    if (code == 0)
        memcpy(ret_valid, valid, key_count * sizeof *valid);
    free(valid);
    return code;
}

void note_line_write(struct buf *lines, const struct note_signature *signature)
{
    struct buf raw = buf_with_max(NOTE_SIZE_MAX);
    buf_add(&raw, bytes_of(signature->id, sizeof signature->id));
    buf_add(&raw, signature->signature);
    buf_text(lines, line_start);
    buf_text(lines, signature->name);
    buf_u8(lines, ' ');
    base64_encode(lines, buf_bytes(&raw));
    buf_u8(lines, '\n');
    buf_free(&raw);
}

void note_sign(struct buf *lines, struct bytes text, const struct note_key *key,
               const uint8_t seed[32])
{
    sanad_assert(key->type == NOTE_KEY_TYPE_ED25519);
    sanad_assert(text.size > 0 && text.data[text.size - 1] == '\n');
    uint8_t raw[KEY_ID_SIZE + SIGNATURE_SIZE];
    memcpy(raw, key->id, KEY_ID_SIZE);
    ed25519_sign(raw + KEY_ID_SIZE, seed, text);
    buf_text(lines, line_start);
    buf_text(lines, key->name);
    buf_u8(lines, ' ');
    base64_encode(lines, bytes_of(raw, sizeof raw));
    buf_u8(lines, '\n');
}
