/* Fraud proofs: two checkpoints that one log has signed and that can't both be of an append-only
 * log. Whoever holds the file and the log's key can check it; nobody need be believed. */
#include "tlog/tlog_priv.h"

static const char first_line[] = "sanad/tlog-fraud/v1";

int tlog_fraud_prove(struct tlog_proof *ret_path, const struct tlog_reader *reader, uint64_t before,
                     uint64_t after, struct err *err)
{
    if (before == 0 || before > after)
        return err_set(err, SANAD_REFUSED, "fraud proof: from %llu to %llu entries",
                       (unsigned long long)before, (unsigned long long)after);
    if (before == after) {
        *ret_path = (struct tlog_proof){.count = 0};
        return 0;
    }
    return tlog_path_read(ret_path, reader, before, after, err);
}

void tlog_fraud_write(struct buf *buf, const struct tlog_fraud *fraud)
{
    buf_format(buf, "%s\npath %zu\n", first_line, fraud->path.count);
    for (size_t i = 0; i < fraud->path.count; i++) {
        base64_encode(buf, bytes_of(fraud->path.hashes[i].b, 32));
        buf_u8(buf, '\n');
    }
    buf_format(buf, "\n%zu\n", fraud->first.size);
    buf_add(buf, fraud->first);
    buf_add(buf, fraud->second);
}

static int path_take(struct tlog_proof *ret_path, const char *object, struct bytes *text,
                     struct err *err)
{
    struct tlog_proof path = {.count = 0};
    struct bytes line;
    uint64_t count;
    if (!tlog_line_take(&line, text) || line.size < 6 || memcmp(line.data, "path ", 5) != 0 ||
        !tlog_number(&count, bytes_of(line.data + 5, line.size - 5)) || count > TLOG_PROOF_MAX)
        return err_set(err, SANAD_REFUSED, "%s: fraud proof: no line \"path\" with 0 to %d", object,
                       TLOG_PROOF_MAX);
    while (path.count < count)
        if (!tlog_line_take(&line, text) || !tlog_hash_line(&path.hashes[path.count++], line))
            return err_set(err, SANAD_REFUSED,
                           "%s: fraud proof: hash %zu is not 32 bytes of base64", object,
                           path.count);
    if (!tlog_line_take(&line, text) || line.size != 0)
        return err_set(err, SANAD_REFUSED, "%s: fraud proof: no empty line behind the path",
                       object);
    *ret_path = path;
    return 0;
}

int tlog_fraud_parse(struct tlog_fraud *ret_fraud, const char *object, struct bytes raw,
                     struct arena *arena, struct err *err)
{
    struct tlog_fraud fraud = {.first = {0}};
    struct bytes text = raw;
    struct bytes line;
    uint64_t size;
    (void)arena; /* all of it views the input */
    if (!tlog_line_take(&line, &text) || !bytes_equal(line, bytes_of_text(first_line)))
        return err_set(err, SANAD_REFUSED, "%s: fraud proof: its first line is not %s", object,
                       first_line);
    int code = path_take(&fraud.path, object, &text, err);
    if (code)
        return code;
    if (!tlog_line_take(&line, &text) || !tlog_number(&size, line) || size == 0 ||
        size >= text.size)
        return err_set(err, SANAD_REFUSED, "%s: fraud proof: the first checkpoint has no size",
                       object);
    fraud.first = bytes_of(text.data, (size_t)size);
    fraud.second = bytes_of(text.data + size, text.size - (size_t)size);
    *ret_fraud = fraud;
    return 0;
}

/* A checkpoint that the log signed. */
static int signed_take(struct tlog_checkpoint *ret_checkpoint, const char *which, struct bytes raw,
                       const struct note_key *log, struct arena *arena, struct err *err)
{
    struct note note;
    bool valid = false;
    int code = note_parse(&note, which, raw, arena, err);
    if (code == 0)
        code = note_verify(&valid, &note, log, 1, err);
    if (code == 0 && !valid)
        code = err_set(err, SANAD_MISSING, "%s: no signature of %s", which, log->name);
    return code ? code : tlog_checkpoint_parse(ret_checkpoint, which, note.text, err);
}

static int contradiction(const struct tlog_checkpoint *first, const struct tlog_checkpoint *second,
                         const struct tlog_proof *path, struct err *err)
{
    struct hash256 before;
    struct hash256 after;
    if (strcmp(first->origin, second->origin) != 0)
        return err_set(err, SANAD_MISSING, "fraud proof: checkpoints of two origins");
    if (first->size > second->size)
        return err_set(err, SANAD_REFUSED, "fraud proof: the smaller checkpoint comes first");
    if (first->size == second->size)
        return hash256_equal(&first->root, &second->root)
                   ? err_set(err, SANAD_MISSING, "fraud proof: both have the same root")
                   : 0;
    if (first->size == 0)
        return err_set(err, SANAD_MISSING, "fraud proof: any log begins empty");
    int code = tlog_path_climb(&before, &after, first->size, second->size, path, err);
    if (code)
        return err_set(err, SANAD_MISSING, "fraud proof: the path does not fit the sizes");
    if (!hash256_equal(&after, &second->root))
        return err_set(err, SANAD_MISSING, "fraud proof: the path does not lead to the root");
    if (hash256_equal(&before, &first->root))
        return err_set(err, SANAD_MISSING, "fraud proof: one checkpoint continues the other");
    return 0;
}

int tlog_fraud_check(const struct tlog_fraud *fraud, const struct note_key *log, struct err *err)
{
    struct arena arena = {0};
    struct tlog_checkpoint first;
    struct tlog_checkpoint second;
    int code = signed_take(&first, "first checkpoint", fraud->first, log, &arena, err);
    if (code == 0)
        code = signed_take(&second, "second checkpoint", fraud->second, log, &arena, err);
    if (code == 0)
        code = contradiction(&first, &second, &fraud->path, err);
    arena_free(&arena);
    return code;
}
