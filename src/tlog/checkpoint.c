/* Checkpoints (c2sp.org/tlog-checkpoint) and the cosignatures under them (tlog-cosignature). */
#include "tlog/tlog_priv.h"

enum { TIMESTAMP_SIZE = 8, SIGNATURE_SIZE = 64, ID_SIZE = 4, SIZE_DIGITS_MAX = 19 };

bool tlog_line_take(struct bytes *ret_line, struct bytes *text)
{
    const uint8_t *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    if (!end)
        return false;
    *ret_line = bytes_of(text->data, (size_t)(end - text->data));
    *text = bytes_of(end + 1, text->size - ret_line->size - 1);
    return true;
}

bool tlog_hash_line(struct hash256 *ret_hash, struct bytes line)
{
    struct buf root = buf_with_max(64);
    bool good = line.size == 44 && base64_decode(&root, (const char *)line.data, line.size) &&
                root.size == 32;
    if (good)
        memcpy(ret_hash->b, root.data, 32);
    buf_free(&root);
    return good;
}

bool tlog_number(uint64_t *ret_number, struct bytes digits)
{
    return digits.size <= SIZE_DIGITS_MAX &&
           number_parse(ret_number, (const char *)digits.data, digits.size, TLOG_SIZE_MAX);
}

static int origin_take(struct tlog_checkpoint *checkpoint, const char *object, struct bytes line,
                       struct err *err)
{
    if (line.size == 0 || line.size > TLOG_ORIGIN_MAX || memchr(line.data, 0, line.size))
        return err_set(err, SANAD_REFUSED, "%s: checkpoint: the origin must have 1 to %d bytes",
                       object, TLOG_ORIGIN_MAX);
    memcpy(checkpoint->origin, line.data, line.size);
    checkpoint->origin[line.size] = 0;
    return 0;
}

int tlog_checkpoint_parse(struct tlog_checkpoint *ret_checkpoint, const char *object,
                          struct bytes text, struct err *err)
{
    struct tlog_checkpoint checkpoint = {.size = 0};
    struct bytes origin;
    struct bytes size;
    struct bytes root;
    struct hash256 empty;
    if (!tlog_line_take(&origin, &text) || !tlog_line_take(&size, &text) ||
        !tlog_line_take(&root, &text))
        return err_set(err, SANAD_REFUSED, "%s: checkpoint: fewer than three lines", object);
    int code = origin_take(&checkpoint, object, origin, err);
    if (code)
        return code;
    if (!tlog_number(&checkpoint.size, size))
        return err_set(err, SANAD_REFUSED, "%s: checkpoint: the size is no decimal number", object);
    if (!tlog_hash_line(&checkpoint.root, root))
        return err_set(err, SANAD_REFUSED, "%s: checkpoint: the root is not 32 bytes of base64",
                       object);
    tlog_empty_root(&empty);
    if (checkpoint.size == 0 && !hash256_equal(&checkpoint.root, &empty))
        return err_set(err, SANAD_REFUSED, "%s: checkpoint: the empty tree has another root",
                       object);
    if (text.size > 0 && text.data[text.size - 1] != '\n')
        return err_set(err, SANAD_REFUSED, "%s: checkpoint: the last line does not end", object);
    checkpoint.extension = text;
    *ret_checkpoint = checkpoint;
    return 0;
}

void tlog_checkpoint_write(struct buf *text, const struct tlog_checkpoint *checkpoint)
{
    sanad_assert(checkpoint->extension.size == 0);
    buf_format(text, "%s\n%llu\n", checkpoint->origin, (unsigned long long)checkpoint->size);
    base64_encode(text, bytes_of(checkpoint->root.b, 32));
    buf_u8(text, '\n');
}

/* ---- cosignatures ------------------------------------------------------------------------------
 */

static void time_put(uint8_t ret[TIMESTAMP_SIZE], uint64_t time)
{
    uint64_t big = __builtin_bswap64(time);
    memcpy(ret, &big, sizeof big);
}

void tlog_cosign(struct buf *lines, struct bytes text, const struct note_key *key,
                 const uint8_t seed[32], uint64_t timestamp)
{
    uint8_t raw[ID_SIZE + TIMESTAMP_SIZE + SIGNATURE_SIZE];
    struct buf message = buf_with_max(TLOG_CHECKPOINT_MAX + 64);
    sanad_assert(key->type == NOTE_KEY_TYPE_COSIGNATURE && timestamp <= INT64_MAX);
    sanad_assert(text.size > 0 && text.data[text.size - 1] == '\n');
    buf_format(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)timestamp);
    buf_add(&message, text);
    sanad_assert(!message.bad);
    memcpy(raw, key->id, ID_SIZE);
    time_put(raw + ID_SIZE, timestamp);
    ed25519_sign(raw + ID_SIZE + TIMESTAMP_SIZE, seed, buf_bytes(&message));
    buf_format(lines, "\u2014 %s ", key->name);
    base64_encode(lines, bytes_of(raw, sizeof raw));
    buf_u8(lines, '\n');
    buf_free(&message);
}

bool tlog_cosigned_at(uint64_t *ret_timestamp, const struct note *note, const struct note_key *key)
{
    bool valid;
    if (key->type != NOTE_KEY_TYPE_COSIGNATURE || note_verify(&valid, note, key, 1, NULL) != 0 ||
        !valid)
        return false;
    for (size_t i = 0; i < note->signature_count; i++) {
        const struct note_signature *line = &note->signatures[i];
        if (strcmp(line->name, key->name) != 0 || memcmp(line->id, key->id, ID_SIZE) != 0)
            continue;
        *ret_timestamp = load_be64(line->signature.data); /* its length was verified */
        return true;
    }
    return false;
}
