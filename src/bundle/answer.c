/* The online side: lines that came back over the gap, held against the policy and the checkpoint,
 * and put under it. The log's key is not needed: whoever types them in need not have it. */
#include "bundle/bundle_priv.h"

#include <stdlib.h>

/* An answer on its way. */
struct answer {
    const struct bundle_answer_options *options;
    struct bundle_answered *result;
    const struct tlog_io *io;
    struct buf own; /* the log's checkpoint now */
    struct note own_note;
    struct tlog_checkpoint own_checkpoint;
    struct note note; /* the one that was cosigned */
    struct tlog_checkpoint checkpoint;
    struct buf typed; /* that one with the lines alone */
    struct note lines;
    struct arena arena;
};

static int checkpoint_read(struct note *ret_note, struct tlog_checkpoint *ret_checkpoint,
                           struct answer *answer, const char *object, struct bytes raw,
                           struct err *err)
{
    int code = note_parse(ret_note, object, raw, &answer->arena, err);
    return code ? code : tlog_checkpoint_parse(ret_checkpoint, object, ret_note->text, err);
}

/* Lines end with LF or CR LF, the last with nothing if need be. */
static int lines_read(struct answer *answer, struct err *err)
{
    struct bytes lines = answer->options->lines;
    struct buf *typed = &answer->typed;
    if (lines.size > BUNDLE_LINES_MAX)
        return err_set(err, SANAD_REFUSED, "answer: over %d bytes", BUNDLE_LINES_MAX);
    buf_add(typed, answer->note.text);
    buf_u8(typed, '\n');
    for (size_t i = 0; i < lines.size; i++)
        if (lines.data[i] != '\r' || i + 1 == lines.size || lines.data[i + 1] != '\n')
            buf_u8(typed, lines.data[i]);
    if (lines.size && lines.data[lines.size - 1] != '\n')
        buf_u8(typed, '\n');
    int code = note_parse(&answer->lines, "answer", buf_bytes(typed), &answer->arena, err);
    if (code == 0 && answer->lines.text.size != answer->note.text.size)
        code = err_set(err, SANAD_REFUSED, "answer: more than signature lines");
    return code;
}

static bool is_of(const struct note_signature *line, const struct note_key *key)
{
    return strcmp(line->name, key->name) == 0 && memcmp(line->id, key->id, sizeof key->id) == 0;
}

static const struct note_key *cosigner_of(const struct answer *answer,
                                          const struct note_signature *line)
{
    const struct tlog_policy *policy = answer->options->policy;
    const char *name;
    const char *url;
    for (size_t i = 0; i < tlog_policy_witness_count(policy); i++) {
        const struct note_key *key = tlog_policy_witness(policy, i, &name, &url);
        if (is_of(line, key))
            return key;
    }
    return NULL;
}

static int line_check(const struct answer *answer, const struct note_signature *line,
                      struct err *err)
{
    const struct note_key *key = cosigner_of(answer, line);
    uint64_t time = 0;
    size_t count = 0;
    if (!key)
        return err_set(err, SANAD_REFUSED, "answer: %s: no cosigner of the policy has this key",
                       line->name);
    for (size_t i = 0; i < answer->lines.signature_count; i++)
        count += is_of(&answer->lines.signatures[i], key);
    if (count > 1)
        return err_set(err, SANAD_REFUSED, "answer: %s: %zu lines of one key", line->name, count);
    if (!tlog_cosigned_at(&time, &answer->lines, key) || time == 0)
        return err_set(
            err, SANAD_FALSE,
            "answer: %s: it does not hold over the checkpoint of %llu entries: mistyped, "
            "or for another one, which --bundle names",
            line->name, (unsigned long long)answer->checkpoint.size);
    return 0;
}

/* ---- joining ----------------------------------------------------------------------------------
 */

/* The line of the same key in another note; NULL: none. */
static const struct note_signature *same_key(const struct note *note,
                                             const struct note_signature *line)
{
    for (size_t i = 0; i < note->signature_count; i++)
        if (strcmp(note->signatures[i].name, line->name) == 0 &&
            memcmp(note->signatures[i].id, line->id, sizeof line->id) == 0)
            return &note->signatures[i];
    return NULL;
}

/* Of one key the line with the later time stays; a line that says no time is none. */
static bool is_later(const struct answer *answer, const struct note_signature *line)
{
    const struct note_key *key = cosigner_of(answer, line);
    uint64_t before = 0;
    uint64_t now = 0;
    sanad_assert(key);
    if (!tlog_cosigned_at(&before, &answer->note, key))
        return true;
    (void)tlog_cosigned_at(&now, &answer->lines, key); /* it was checked */
    return now > before;
}

static void note_join(struct answer *answer)
{
    struct bundle_answered *result = answer->result;
    struct buf *note = &result->note;
    buf_add(note, answer->note.text);
    buf_u8(note, '\n');
    for (size_t i = 0; i < answer->note.signature_count; i++) {
        const struct note_signature *old = &answer->note.signatures[i];
        const struct note_signature *line = same_key(&answer->lines, old);
        if (!line || !is_later(answer, line))
            note_line_write(note, old);
        result->known += line && !is_later(answer, line);
    }
    for (size_t i = 0; i < answer->lines.signature_count; i++) {
        const struct note_signature *line = &answer->lines.signatures[i];
        if (same_key(&answer->note, line) && !is_later(answer, line))
            continue;
        note_line_write(note, line);
        result->added++;
    }
}

/* As anyone would check it: signed by a log of the policy, no signature that fails. */
static int joined_check(struct answer *answer, struct err *err)
{
    struct bundle_answered *result = answer->result;
    struct tlog_policy_check check = {.log = NULL};
    struct note note;
    struct tlog_checkpoint checkpoint;
    if (result->note.bad)
        return err_set(err, SANAD_REFUSED, "checkpoint: over %d bytes", TLOG_CHECKPOINT_MAX);
    int code =
        checkpoint_read(&note, &checkpoint, answer, "checkpoint", buf_bytes(&result->note), err);
    if (code)
        return code;
    code = tlog_policy_verify(&check, answer->options->policy, &note, &checkpoint, err);
    if (code == SANAD_MISSING && check.log)
        code = 0; /* signed; the quorum is not reached yet */
    result->quorum = code == 0 && check.quorum;
    return code;
}

/* ---- placing ----------------------------------------------------------------------------------
 */

/* The log has gone on: the cosigned tree must be its beginning. */
static int beginning_check(const struct answer *answer, struct err *err)
{
    const struct tlog_reader tiles = tlog_reader_folder(answer->options->folder);
    struct tlog_tree before = {answer->checkpoint.size, answer->checkpoint.root};
    struct tlog_tree now = {answer->own_checkpoint.size, answer->own_checkpoint.root};
    struct tlog_proof proof = {.count = 0};
    if (strcmp(answer->checkpoint.origin, answer->own_checkpoint.origin) != 0)
        return err_set(err, SANAD_REFUSED, "%s: the log of this folder is %s",
                       answer->checkpoint.origin, answer->own_checkpoint.origin);
    if (before.size > now.size)
        return err_set(err, SANAD_FALSE, "%s: %llu entries were cosigned, the log has only %llu",
                       answer->checkpoint.origin, (unsigned long long)before.size,
                       (unsigned long long)now.size);
    int code =
        before.size > 0 ? tlog_consistency_prove(&proof, &tiles, before.size, now.size, err) : 0;
    if (code == 0 && tlog_consistency_check(&before, &now, &proof, NULL) != 0)
        code = err_set(err, SANAD_FALSE,
                       "%s: the first %llu entries of this log are not those that were cosigned",
                       answer->checkpoint.origin, (unsigned long long)before.size);
    return code;
}

static int checkpoint_place(const struct answer *answer, struct err *err)
{
    const struct tlog_io *io = answer->io;
    char path[PATH_SIZE];
    char beside[PATH_SIZE];
    int code = path_join(path, answer->options->folder, "checkpoint", err);
    if (code == 0)
        code = path_join(beside, answer->options->folder, "checkpoint.new", err);
    if (code == 0)
        code = io->put(io->context, beside, buf_bytes(&answer->result->note), err);
    if (code == 0)
        code = io->sync(io->context, beside, err);
    if (code == 0)
        code = io->rename(io->context, beside, path, err);
    return code ? code : io->sync(io->context, answer->options->folder, err);
}

static int answer_run(struct answer *answer, struct err *err)
{
    const struct bundle_answer_options *options = answer->options;
    struct bundle_answered *result = answer->result;
    char path[PATH_SIZE];
    int code = path_join(path, options->folder, "checkpoint", err);
    if (code == 0)
        code = answer->io->read(answer->io->context, &answer->own, path, TLOG_CHECKPOINT_MAX, err);
    if (code == 0)
        code = checkpoint_read(&answer->own_note, &answer->own_checkpoint, answer, path,
                               buf_bytes(&answer->own), err);
    if (code == 0)
        code = checkpoint_read(&answer->note, &answer->checkpoint, answer, "checkpoint",
                               options->note.size ? options->note : buf_bytes(&answer->own), err);
    if (code)
        return code;
    bool current = bytes_equal(answer->note.text, answer->own_note.text);
    if (current) /* with the lines that have come meanwhile */
        answer->note = answer->own_note;
    memcpy(result->origin, answer->checkpoint.origin, sizeof result->origin);
    result->size = answer->checkpoint.size;
    result->log_size = answer->own_checkpoint.size;
    code = current ? 0 : beginning_check(answer, err);
    if (code == 0)
        code = lines_read(answer, err);
    for (size_t i = 0; code == 0 && i < answer->lines.signature_count; i++)
        code = line_check(answer, &answer->lines.signatures[i], err);
    if (code)
        return code;
    note_join(answer);
    code = joined_check(answer, err);
    if (code == 0 && current && result->added > 0) {
        code = checkpoint_place(answer, err);
        result->placed = code == 0;
    }
    return code;
}

int bundle_answer(struct bundle_answered *ret_answered, const struct bundle_answer_options *options,
                  struct err *err)
{
    struct bundle_answered result = {.note = buf_with_max(TLOG_CHECKPOINT_MAX)};
    struct answer answer = {.options = options, .result = &result, .io = tlog_io_posix()};
    char path[PATH_SIZE];
    int lock;
    answer.typed = buf_with_max(NOTE_SIZE_MAX + BUNDLE_LINES_MAX);
    int code = path_join(path, options->private_folder, "signed", err);
    if (code == 0 && !file_exists(path)) /* or a lock would be made where nobody looks for it */
        code = err_set(err, SANAD_REFUSED, "%s: not the private folder of a log",
                       options->private_folder);
    if (code == 0)
        code = path_join(path, options->private_folder, "lock", err);
    if (code == 0)
        code = answer.io->lock(answer.io->context, &lock, path, err);
    if (code)
        return code;
    code = answer_run(&answer, err);
    answer.io->unlock(answer.io->context, lock);
    buf_free(&answer.own);
    buf_free(&answer.typed);
    arena_free(&answer.arena);
    if (code)
        buf_free(&result.note);
    else
        *ret_answered = result;
    return code;
}
