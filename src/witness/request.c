/* The body of an add-checkpoint request: read, strictly, and written. */
#include "witness/witness_priv.h"

/* The next line without its newline; false where none ends. */
static bool line_take(struct bytes *ret_line, struct bytes *text)
{
    const uint8_t *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    if (!end)
        return false;
    size_t size = (size_t)(end - text->data);
    *ret_line = bytes_of(text->data, size);
    *text = bytes_of(end + 1, text->size - size - 1);
    return true;
}

static bool hash_read(struct hash256 *ret_hash, struct bytes line)
{
    struct buf raw = buf_with_max(32);
    bool read = line.size == 44 && base64_decode(&raw, (const char *)line.data, line.size) &&
                raw.size == 32;
    if (read)
        memcpy(ret_hash->b, raw.data, 32);
    buf_free(&raw);
    return read;
}

static int proof_take(struct tlog_proof *ret_proof, struct bytes *text, struct err *err)
{
    struct tlog_proof proof = {.count = 0};
    for (;;) {
        struct bytes line;
        if (!line_take(&line, text))
            return err_set(err, SANAD_REFUSED, "request: no empty line behind the proof");
        if (line.size == 0)
            break;
        if (proof.count == TLOG_PROOF_MAX)
            return err_set(err, SANAD_REFUSED, "request: more than %d hashes", TLOG_PROOF_MAX);
        if (!hash_read(&proof.hashes[proof.count++], line))
            return err_set(err, SANAD_REFUSED, "request: hash %zu is not 32 bytes of base64",
                           proof.count);
    }
    *ret_proof = proof;
    return 0;
}

/* An empty tree with another root is no checkpoint, but the protocol has an answer of its own for
 * it: then it is read with the right root and *ret_wrong set. */
static int empty_take(struct tlog_checkpoint *ret_checkpoint, bool *ret_wrong, struct bytes text,
                      struct arena *arena, struct err *err)
{
    struct bytes left = text;
    struct bytes origin, size, root;
    struct hash256 hash;
    if (!line_take(&origin, &left) || !line_take(&size, &left) || !line_take(&root, &left) ||
        size.size != 1 || size.data[0] != '0' || !hash_read(&hash, root))
        return SANAD_REFUSED;
    struct buf again = buf_with_max(WITNESS_BODY_MAX);
    tlog_empty_root(&hash);
    buf_add(&again, bytes_of(text.data, (size_t)(root.data - text.data)));
    base64_encode(&again, bytes_of(hash.b, 32));
    buf_u8(&again, '\n');
    buf_add(&again, left);
    struct bytes copy = arena_bytes(arena, buf_bytes(&again)); /* the checkpoint views it */
    buf_free(&again);
    int code = tlog_checkpoint_parse(ret_checkpoint, "checkpoint", copy, err);
    if (code == 0)
        *ret_wrong = true;
    return code;
}

/* A checkpoint whose signature lines are malformed is well-formed as a request: the answer to it is
 * that nobody has signed it. The text ends before the last empty line. */
static int unsigned_take(struct note *ret_note, struct bytes raw, struct err *err)
{
    for (size_t i = raw.size; i >= 2; i--)
        if (raw.data[i - 1] == '\n' && raw.data[i - 2] == '\n') {
            *ret_note = (struct note){.text = bytes_of(raw.data, i - 1)};
            return 0;
        }
    return err_set(err, SANAD_REFUSED, "checkpoint: no empty line before signatures");
}

int witness_request_parse(struct witness_request *ret_request, struct bytes body,
                          struct arena *arena, struct err *err)
{
    struct witness_request request = {.old_size = 0};
    struct bytes line;
    if (body.size > WITNESS_BODY_MAX)
        return err_set(err, SANAD_REFUSED, "request: over %d bytes", WITNESS_BODY_MAX);
    if (!line_take(&line, &body) || line.size < 5 || memcmp(line.data, "old ", 4) != 0 ||
        !number_parse(&request.old_size, (const char *)line.data + 4, line.size - 4, TLOG_SIZE_MAX))
        return err_set(err, SANAD_REFUSED, "request: its first line is not \"old SIZE\"");
    int code = proof_take(&request.proof, &body, err);
    request.unsigned_note =
        code == 0 && note_parse(&request.note, "checkpoint", body, arena, err) != 0;
    if (request.unsigned_note)
        code = unsigned_take(&request.note, body, err);
    if (code == 0 && request.note.text.size > WITNESS_TEXT_MAX)
        code = err_set(err, SANAD_REFUSED, "checkpoint: over %d bytes of text", WITNESS_TEXT_MAX);
    if (code)
        return code;
    code = tlog_checkpoint_parse(&request.checkpoint, "checkpoint", request.note.text, err);
    if (code &&
        empty_take(&request.checkpoint, &request.empty_wrong, request.note.text, arena, NULL) != 0)
        return code;
    *ret_request = request;
    return 0;
}

void witness_request_write(struct buf *body, uint64_t old_size, const struct tlog_proof *proof,
                           struct bytes note)
{
    buf_format(body, "old %llu\n", (unsigned long long)old_size);
    for (size_t i = 0; i < proof->count; i++) {
        base64_encode(body, bytes_of(proof->hashes[i].b, 32));
        buf_u8(body, '\n');
    }
    buf_u8(body, '\n');
    buf_add(body, note);
}
