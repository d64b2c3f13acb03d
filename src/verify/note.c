/* Signed notes (c2sp.org/signed-note): parsed strictly, and whether a key has signed. */
#include "verify/verify_priv.h"

static const char line_start[] = "\xe2\x80\x94 "; /* an em dash and a space */
enum { KEY_ID_SIZE = 4, SIGNATURE_SIZE = 64, TIMESTAMP_SIZE = 8, KEY_SIZE = 32, HEAD_SIZE = 64 };

_Static_assert((int)VERIFY_SIGNATURE_ROOM == (int)TIMESTAMP_SIZE + SIGNATURE_SIZE,
               "a cosignature is kept whole");

/* ---- names and keys ----------------------------------------------------------------------- */

/* White_Space of the Unicode character database. */
static bool is_unicode_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

bool verify_name_ok(struct sanad_bytes name)
{
    if (name.size == 0 || name.size > SANAD_NAME_MAX)
        return false;
    for (size_t at = 0; at < name.size;) {
        uint32_t point;
        size_t step = verify_utf8(&point, verify_bytes(name.data + at, name.size - at));
        if (step == 0 || point == '+' || point < 0x20 || is_unicode_space(point))
            return false;
        at += step;
    }
    return true;
}

/* SHA-256(name ‖ 0x0A ‖ type ‖ key)[0:4] */
static void key_id(uint8_t ret_id[KEY_ID_SIZE], const struct verify_key *key)
{
    struct verify_sha256 hash;
    uint8_t digest[32];
    verify_sha256_begin(&hash);
    verify_sha256_add(&hash, key->name);
    verify_sha256_add(&hash, verify_bytes("\n", 1));
    verify_sha256_add(&hash, verify_bytes(&key->type, 1));
    verify_sha256_add(&hash, verify_bytes(key->public_key, KEY_SIZE));
    verify_sha256_end(digest, &hash);
    memcpy(ret_id, digest, KEY_ID_SIZE);
}

/* What stands behind the second '+': type and 32 bytes. */
static enum sanad_verdict vkey_material(struct verify_key *key, struct sanad_result *result,
                                        struct sanad_bytes text)
{
    uint8_t material[1 + KEY_SIZE];
    size_t size;
    if (!verify_base64(material, &size, sizeof material, text) || size == 0 ||
        size > 4096) /* as much as the program reads */
        return verify_refuse(result, "verifier key: not base64");
    if (material[0] != VERIFY_KEY_ED25519 && material[0] != VERIFY_KEY_COSIGNATURE) {
        static const char digits[] = "0123456789abcdef";
        char hex[3] = {digits[material[0] >> 4], digits[material[0] & 15]};
        return verify_refuse(result, "verifier key: type 0x%s is not supported", hex);
    }
    if (size != sizeof material)
        return verify_refuse(result, "verifier key: an Ed25519 key has 32 bytes");
    key->type = material[0];
    memcpy(key->public_key, material + 1, KEY_SIZE);
    return SANAD_VERDICT_HOLDS;
}

enum sanad_verdict verify_vkey(struct verify_key *ret_key, struct sanad_result *result,
                               struct sanad_bytes text)
{
    struct verify_key key = {.type = 0};
    uint8_t id[KEY_ID_SIZE];
    const uint8_t *end = text.data ? text.data + text.size : NULL;
    const uint8_t *first = verify_find(text, '+');
    const uint8_t *second =
        first ? verify_find(verify_bytes(first + 1, (size_t)(end - first) - 1), '+') : NULL;
    if (!second || (size_t)(first - text.data) > SANAD_NAME_MAX)
        return verify_refuse(result, "verifier key: not name+id+key");
    key.name = verify_bytes(text.data, (size_t)(first - text.data));
    if (!verify_hex(id, sizeof id, verify_bytes(first + 1, (size_t)(second - first) - 1)))
        return verify_refuse(result, "verifier key: the id is not 8 hexadecimal digits");
    enum sanad_verdict verdict =
        vkey_material(&key, result, verify_bytes(second + 1, (size_t)(end - second) - 1));
    if (verdict)
        return verdict;
    if (!verify_name_ok(key.name))
        return verify_refuse(result, "key name: empty, too long, or with a space or '+'");
    key_id(key.id, &key);
    if (memcmp(key.id, id, sizeof id) != 0)
        return verify_refuse(result, "verifier key: the id does not follow from name and key");
    *ret_key = key;
    return SANAD_VERDICT_HOLDS;
}

/* ---- the note
 * ------------------------------------------------------------------------------------ */

static bool text_ok(struct sanad_bytes text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t point;
        size_t step = verify_utf8(&point, verify_bytes(text.data + at, text.size - at));
        if (step == 0 || (point < 0x20 && point != '\n'))
            return false;
        at += step;
    }
    return true;
}

/* Parts text and signature lines at the last blank line; false where there is none. */
static bool split(struct sanad_bytes *ret_text, struct sanad_bytes *ret_lines,
                  struct sanad_bytes raw)
{
    for (size_t i = raw.size; i >= 2; i--)
        if (raw.data[i - 1] == '\n' && raw.data[i - 2] == '\n') {
            *ret_text = verify_bytes(raw.data, i - 1);
            *ret_lines = verify_bytes(raw.data + i, raw.size - i);
            return true;
        }
    return false;
}

/* One line without its newline. */
static enum sanad_verdict line_parse(struct verify_signature *ret, struct sanad_result *result,
                                     const char *object, struct sanad_bytes line)
{
    uint8_t raw[KEY_ID_SIZE + VERIFY_SIGNATURE_ROOM];
    struct sanad_bytes rest = line;
    const uint8_t *space = verify_word_take(&rest, line_start) ? verify_find(rest, ' ') : NULL;
    if (!space)
        return verify_refuse(result, "%s: a signature line has not the form of one", object);
    size_t name_size = (size_t)(space - rest.data);
    struct verify_signature signature = {.name = verify_bytes(rest.data, name_size)};
    if (!verify_name_ok(signature.name))
        return verify_refuse(result, "%s: a signer's name is not allowed", object);
    if (!verify_base64(raw, &signature.size, sizeof raw,
                       verify_bytes(space + 1, rest.size - name_size - 1)) ||
        signature.size <= KEY_ID_SIZE)
        return verify_refuse(result, "%s: a signature is not base64 of an id and bytes", object);
    size_t kept = signature.size < sizeof raw ? signature.size : sizeof raw;
    memcpy(signature.id, raw, KEY_ID_SIZE);
    memcpy(signature.bytes, raw + KEY_ID_SIZE, kept - KEY_ID_SIZE);
    signature.size -= KEY_ID_SIZE;
    *ret = signature;
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict lines_parse(struct verify_run *run, struct verify_note *note,
                                      const char *object, struct sanad_bytes lines)
{
    struct sanad_bytes line;
    if (lines.size == 0 || lines.data[lines.size - 1] != '\n')
        return verify_refuse(run->result, "%s: no signature line, or one without its end", object);
    size_t count = 0;
    for (size_t i = 0; i < lines.size; i++)
        count += lines.data[i] == '\n';
    note->signatures = verify_take(run, count < SANAD_SIGNATURE_MAX ? count : SANAD_SIGNATURE_MAX,
                                   sizeof *note->signatures);
    if (!note->signatures)
        return SANAD_VERDICT_REFUSED;
    while (verify_line_take(&line, &lines)) {
        if (note->count == SANAD_SIGNATURE_MAX)
            return verify_refuse(run->result, "%s: more than %u signatures", object,
                                 (uint64_t)SANAD_SIGNATURE_MAX);
        enum sanad_verdict verdict =
            line_parse(&note->signatures[note->count], run->result, object, line);
        if (verdict)
            return verdict;
        note->count++;
    }
    sanad_assert(note->count > 0 && lines.size == 0);
    return SANAD_VERDICT_HOLDS;
}

enum sanad_verdict verify_note_parse(struct verify_run *run, struct verify_note *ret_note,
                                     const char *object, struct sanad_bytes raw)
{
    struct verify_note note = {.count = 0};
    struct sanad_bytes lines;
    if (raw.size > SANAD_NOTE_MAX)
        return verify_refuse(run->result, "%s: over %u bytes", object, (uint64_t)SANAD_NOTE_MAX);
    if (!text_ok(raw))
        return verify_refuse(run->result, "%s: not UTF-8, or with a control character", object);
    if (!split(&note.text, &lines, raw))
        return verify_refuse(run->result, "%s: no blank line before signatures", object);
    enum sanad_verdict verdict = lines_parse(run, &note, object, lines);
    if (verdict == SANAD_VERDICT_HOLDS)
        *ret_note = note;
    return verdict;
}

/* ---- signatures
 * ------------------------------------------------------------------------------------ */

bool verify_signature_of(const struct verify_signature *line, const struct verify_key *key)
{
    return verify_equal(line->name, key->name) && memcmp(line->id, key->id, KEY_ID_SIZE) == 0;
}

/* "cosignature/v1\ntime <decimal>\n", written so that it ends where the text begins. */
static size_t head_write(uint8_t head[HEAD_SIZE], uint64_t time)
{
    static const char before[] = "cosignature/v1\ntime ";
    size_t at = HEAD_SIZE;
    head[--at] = '\n';
    do
        head[--at] = (uint8_t)('0' + time % 10);
    while (time /= 10);
    at -= sizeof before - 1;
    memcpy(head + at, before, sizeof before - 1);
    return at;
}

/* c2sp.org/tlog-cosignature: a big-endian time, then Ed25519 over a line with it and the text.
 * REFUSED: no memory. */
static enum sanad_verdict cosignature_check(struct verify_run *run,
                                            struct verify_signed *ret_signed,
                                            struct verify_note *note,
                                            const struct verify_signature *line,
                                            const struct verify_key *key)
{
    uint64_t time = 0;
    *ret_signed = (struct verify_signed){.valid = false};
    for (size_t i = 0; i < TIMESTAMP_SIZE; i++)
        time = time << 8 | line->bytes[i];
    if (line->size != TIMESTAMP_SIZE + SIGNATURE_SIZE || time > INT64_MAX)
        return SANAD_VERDICT_HOLDS;
    if (!note->message) {
        note->message = verify_take(run, HEAD_SIZE + note->text.size, 1);
        if (!note->message)
            return SANAD_VERDICT_REFUSED;
        memcpy(note->message + HEAD_SIZE, note->text.data, note->text.size);
    }
    size_t at = head_write(note->message, time);
    ret_signed->time = time;
    ret_signed->valid = run->verifier->ed25519(run->verifier->context, key->public_key,
                                               line->bytes + TIMESTAMP_SIZE, note->message + at,
                                               HEAD_SIZE - at + note->text.size);
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict signature_check(struct verify_run *run, struct verify_signed *ret_signed,
                                          struct verify_note *note,
                                          const struct verify_signature *line,
                                          const struct verify_key *key)
{
    sanad_assert(key->type == VERIFY_KEY_ED25519 || key->type == VERIFY_KEY_COSIGNATURE);
    if (key->type == VERIFY_KEY_COSIGNATURE)
        return cosignature_check(run, ret_signed, note, line, key);
    *ret_signed = (struct verify_signed){
        .valid = line->size == SIGNATURE_SIZE &&
                 run->verifier->ed25519(run->verifier->context, key->public_key, line->bytes,
                                        note->text.data, note->text.size)};
    return SANAD_VERDICT_HOLDS;
}

enum sanad_verdict verify_note_by(struct verify_run *run, struct verify_signed *ret_signed,
                                  struct verify_note *note, const struct verify_key *key)
{
    struct verify_signed first = {.valid = false};
    for (size_t i = 0; i < note->count; i++) {
        const struct verify_signature *line = &note->signatures[i];
        struct verify_signed now;
        if (!verify_signature_of(line, key))
            continue;
        if (signature_check(run, &now, note, line, key) != SANAD_VERDICT_HOLDS)
            return SANAD_VERDICT_REFUSED;
        if (!now.valid)
            return verify_say(run->result, SANAD_VERDICT_CONTRADICTED,
                              "signature of %b: it does not verify", &line->name);
        if (!first.valid)
            first = now;
    }
    *ret_signed = first;
    return SANAD_VERDICT_HOLDS;
}
