/* .tlog-proof files (c2sp.org/tlog-proof): an entry's index, its inclusion proof and the signed
 * checkpoint in one text. */
#include "tlog/tlog_priv.h"

static const char first_line[] = "c2sp.org/tlog-proof@v1";

/* What follows a word and a space; false where the line does not begin so. */
static bool after_word(struct bytes *ret_rest, struct bytes line, const char *word)
{
    size_t size = strlen(word);
    if (line.size <= size || memcmp(line.data, word, size) != 0 || line.data[size] != ' ')
        return false;
    *ret_rest = bytes_of(line.data + size + 1, line.size - size - 1);
    return true;
}

static int extra_take(struct tlog_proof_file *file, const char *object, struct bytes text,
                      struct arena *arena, struct err *err)
{
    struct buf extra = buf_with_max(TLOG_CHECKPOINT_MAX);
    if (!base64_decode(&extra, (const char *)text.data, text.size)) {
        buf_free(&extra);
        return err_set(err, SANAD_REFUSED, "%s: proof: the extra data is no base64", object);
    }
    file->extra = arena_bytes(arena, buf_bytes(&extra));
    buf_free(&extra);
    return 0;
}

/* Hashes up to the empty line. */
static int hashes_take(struct tlog_proof_file *file, const char *object, struct bytes *text,
                       struct err *err)
{
    struct bytes line;
    while (tlog_line_take(&line, text)) {
        if (line.size == 0)
            return 0;
        if (file->proof.count == TLOG_PROOF_MAX)
            return err_set(err, SANAD_REFUSED, "%s: proof: over %d hashes", object, TLOG_PROOF_MAX);
        if (!tlog_hash_line(&file->proof.hashes[file->proof.count++], line))
            return err_set(err, SANAD_REFUSED, "%s: proof: hash %zu is not 32 bytes of base64",
                           object, file->proof.count);
    }
    return err_set(err, SANAD_REFUSED, "%s: proof: no checkpoint behind an empty line", object);
}

int tlog_proof_file_parse(struct tlog_proof_file *ret_file, const char *object, struct bytes raw,
                          struct arena *arena, struct err *err)
{
    struct tlog_proof_file file = {.index = 0};
    struct bytes text = raw;
    struct bytes line;
    struct bytes rest;
    int code = 0;
    if (!tlog_line_take(&line, &text) || !bytes_equal(line, bytes_of_text(first_line)))
        return err_set(err, SANAD_REFUSED, "%s: proof: its first line is not %s", object,
                       first_line);
    if (!tlog_line_take(&line, &text))
        line = bytes_of(NULL, 0);
    if (after_word(&rest, line, "extra")) {
        code = extra_take(&file, object, rest, arena, err);
        if (code)
            return code;
        if (!tlog_line_take(&line, &text))
            line = bytes_of(NULL, 0);
    }
    if (!after_word(&rest, line, "index") || !tlog_number(&file.index, rest))
        return err_set(err, SANAD_REFUSED, "%s: proof: no line \"index\" with a number", object);
    code = hashes_take(&file, object, &text, err);
    if (code)
        return code;
    if (text.size == 0)
        return err_set(err, SANAD_REFUSED, "%s: proof: no checkpoint", object);
    file.checkpoint = text;
    *ret_file = file;
    return 0;
}

void tlog_proof_file_write(struct buf *buf, const struct tlog_proof_file *file)
{
    buf_format(buf, "%s\n", first_line);
    if (file->extra.size) {
        buf_text(buf, "extra ");
        base64_encode(buf, file->extra);
        buf_u8(buf, '\n');
    }
    buf_format(buf, "index %llu\n", (unsigned long long)file->index);
    for (size_t i = 0; i < file->proof.count; i++) {
        base64_encode(buf, bytes_of(file->proof.hashes[i].b, 32));
        buf_u8(buf, '\n');
    }
    buf_u8(buf, '\n');
    buf_add(buf, file->checkpoint);
}
