/* The offline side: the bundle held against the copy and against what the witness has cosigned, the
 * copy extended by a round of the mirror whose source is the bundle, then the cosignatures. */
#include "bundle/bundle_priv.h"

#include <stdlib.h>

/* An import on its way. */
struct import {
    const struct bundle_import_options *options;
    struct bundle_imported *result;
    struct bundle *bundle;
    const struct bundle_head *head;
    struct tlog_reader of_bundle, of_copy;
    uint64_t have; /* entries of the copy */
    struct witness_folder *state;
    struct witness *witness;
    struct buf cosigned; /* the checkpoint that the witness cosigned last; empty: none */
    struct tlog_tree cosigned_tree;
    struct arena arena;
};

/* The bundle's tiles, and what ends before it begins from the copy: its hashes are not trusted, a
 * proof from them holds or does not. */
static int joined_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                       struct err *err)
{
    const struct import *import = context;
    int code = import->of_bundle.read(import->of_bundle.context, ret_data, tile, err);
    if (code != SANAD_MISSING)
        return code;
    return import->of_copy.read(import->of_copy.context, ret_data, tile, err);
}

/* ---- keys -------------------------------------------------------------------------------------
 */

/* The mirror compares its key with the policy's witnesses; this witness may be none of them. */
static int keys_check(const struct bundle_import_options *options, struct err *err)
{
    const struct note_key *key = options->key;
    const struct note_key *other = options->mirror_key;
    if (key && other &&
        (strcmp(key->name, other->name) == 0 ||
         memcmp(key->public_key, other->public_key, sizeof key->public_key) == 0))
        return err_set(err, SANAD_REFUSED,
                       "%s: a mirror's name and key must be other ones than the witness's",
                       other->name);
    return 0;
}

/* ---- the copy ---------------------------------------------------------------------------------
 */

/* Its checkpoint, as it says; the mirror verifies it. *ret_there false: there is none yet. */
static int copy_read(struct note *ret_note, struct tlog_checkpoint *ret_checkpoint, bool *ret_there,
                     struct import *import, struct err *err)
{
    struct mirror_source *source;
    struct buf raw;
    int code = mirror_source_open(&source, import->options->folder, MIRROR_TIMEOUT_MS, err);
    if (code)
        return code;
    code = mirror_source_checkpoint(source, &raw, err);
    mirror_source_close(source);
    *ret_there = code == 0;
    if (code)
        return code == SANAD_MISSING ? 0 : code;
    struct bytes kept = arena_bytes(&import->arena, buf_bytes(&raw));
    buf_free(&raw);
    code = note_parse(ret_note, "copy", kept, &import->arena, err);
    return code ? code : tlog_checkpoint_parse(ret_checkpoint, "copy", ret_note->text, err);
}

/* A copy that ends before the bundle begins can't be joined to it. */
static int gap_check(struct import *import, struct err *err)
{
    struct note note;
    struct tlog_checkpoint copy;
    bool there;
    int code = copy_read(&note, &copy, &there, import, err);
    if (code)
        return code;
    bool same = there && strcmp(copy.origin, import->head->checkpoint.origin) == 0;
    if (there && !same)
        return 0; /* the mirror has words for it */
    import->have = there ? copy.size : 0;
    import->result->before = import->result->size = import->have;
    if (import->have >= import->head->base)
        return 0;
    return err_set(err, SANAD_MISSING,
                   "%s: it begins at entry %llu, the copy ends at %llu: export again with "
                   "--since %llu",
                   import->options->path, (unsigned long long)import->head->since,
                   (unsigned long long)import->have, (unsigned long long)import->have);
}

static int copy_extend(struct import *import, struct err *err)
{
    const struct bundle_import_options *options = import->options;
    const struct mirror_options mirror = {.folder = options->folder,
                                          .policy = options->policy,
                                          .key = options->mirror_key,
                                          .seed = options->mirror_seed,
                                          .tiles = &import->of_bundle,
                                          .checkpoint = import->head->note};
    struct mirror_result result;
    int code = mirror_run(&result, &mirror, err);
    import->result->before = result.before;
    import->result->size = result.size;
    import->result->bytes = result.bytes;
    import->result->placed = result.placed;
    import->result->fraud = result.fraud;
    return code;
}

/* ---- the witness ------------------------------------------------------------------------------
 */

static int witness_load(struct import *import, struct err *err)
{
    const struct bundle_import_options *options = import->options;
    size_t count = tlog_policy_log_count(options->policy);
    struct witness_log *logs = arena_alloc(&import->arena, count, sizeof *logs);
    const char *url;
    for (size_t i = 0; i < count; i++) {
        const struct note_key *key = tlog_policy_log(options->policy, i, &url);
        logs[i] = (struct witness_log){.origin = key->name, .key = key};
    }
    int code = witness_folder_open(&import->state, options->state_folder, err);
    if (code)
        return code;
    const struct witness_options witness = {.key = options->key,
                                            .seed = options->seed,
                                            .logs = logs,
                                            .log_count = count,
                                            .store = witness_folder_store(import->state)};
    return witness_new(&import->witness, &witness, err);
}

/* What it cosigned last of this log. */
static int cosigned_read(struct import *import, struct err *err)
{
    enum { FOUND = 200, NOT_FOUND = 404 };
    struct hash256 hash;
    char hex[HEX256_SIZE];
    struct http_answer answer;
    struct note note;
    struct tlog_checkpoint checkpoint;
    sha256_of(&hash, bytes_of_text(import->head->checkpoint.origin));
    hash256_straight(hex, &hash);
    witness_checkpoint(import->witness, &answer, hex);
    import->cosigned = answer.body;
    if (answer.status == NOT_FOUND)
        buf_reset(&import->cosigned);
    if (answer.status != FOUND)
        return answer.status == NOT_FOUND
                   ? 0
                   : err_set(err, SANAD_IO, "%s: it can't be kept", import->options->state_folder);
    int code = note_parse(&note, "state", buf_bytes(&import->cosigned), &import->arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, "state", note.text, err);
    if (code == 0)
        import->cosigned_tree = (struct tlog_tree){checkpoint.size, checkpoint.root};
    return code;
}

/* Whether a log of the policy has signed both stories: then it is a proof for anyone. */
static bool fraud_holds(const struct import *import, const struct tlog_fraud *fraud)
{
    const char *url;
    for (size_t i = 0; i < tlog_policy_log_count(import->options->policy); i++)
        if (tlog_fraud_check(fraud, tlog_policy_log(import->options->policy, i, &url), NULL) == 0)
            return true;
    return false;
}

static int state_contradicts(struct import *import, const struct tlog_reader *joined,
                             struct err *err)
{
    const struct tlog_checkpoint *checkpoint = &import->head->checkpoint;
    uint64_t before = import->cosigned_tree.size;
    struct tlog_fraud fraud = {.first = buf_bytes(&import->cosigned), .second = import->head->note};
    if (tlog_fraud_prove(&fraud.path, joined, before, checkpoint->size, NULL) != 0 ||
        !fraud_holds(import, &fraud))
        return err_set(err, SANAD_FALSE,
                       "%s: it does not follow from the copy's tiles that this continues the %llu "
                       "entries that were cosigned: the copy is damaged, or the log has not signed",
                       checkpoint->origin, (unsigned long long)before);
    import->result->fraud = buf_with_max(4 * TLOG_CHECKPOINT_MAX);
    tlog_fraud_write(&import->result->fraud, &fraud);
    import->result->fraud_of_state = true;
    return err_set(
        err, SANAD_FALSE,
        "%s: two stories: the checkpoint of %llu entries does not continue that of %llu that was "
        "cosigned",
        checkpoint->origin, (unsigned long long)checkpoint->size, (unsigned long long)before);
}

/* Nothing may be written that the witness could not cosign. *ret_proof leads from what it cosigned
 * last. */
static int state_check(struct tlog_proof *ret_proof, struct import *import, struct err *err)
{
    const struct tlog_checkpoint *checkpoint = &import->head->checkpoint;
    const struct tlog_reader joined = {.context = import, .read = joined_read};
    struct tlog_tree after = {.size = checkpoint->size, .root = checkpoint->root};
    struct tlog_proof proof = {.count = 0};
    int code = cosigned_read(import, err);
    uint64_t before = import->cosigned_tree.size;
    if (code == 0 && before > after.size && import->have <= after.size)
        code = err_set(err, SANAD_REFUSED, "%s: %llu entries; %llu were cosigned already",
                       import->options->path, (unsigned long long)after.size,
                       (unsigned long long)before);
    if (code || before > after.size)
        return code; /* the copy has more: the mirror says which story this is */
    if (before > 0)
        code = tlog_consistency_prove(&proof, &joined, before, after.size, err);
    if (code)
        return code;
    if (before > 0 && tlog_consistency_check(&import->cosigned_tree, &after, &proof, NULL) != 0)
        return state_contradicts(import, &joined, err);
    *ret_proof = proof;
    return 0;
}

static int witness_cosign(struct import *import, const struct tlog_proof *proof, struct err *err)
{
    enum { COSIGNED = 200, NOT_KEPT = 500 };
    struct buf body = buf_with_max(WITNESS_BODY_MAX);
    struct http_answer answer;
    struct witness_event event;
    int code = 0;
    witness_request_write(&body, import->cosigned_tree.size, proof, import->head->note);
    if (body.bad) {
        buf_free(&body);
        return err_set(err, SANAD_REFUSED, "checkpoint: too long for a witness");
    }
    witness_add_checkpoint(import->witness, &answer, &event, buf_bytes(&body));
    buf_free(&body);
    if (answer.status == COSIGNED)
        buf_add(&import->result->lines, buf_bytes(&answer.body));
    else
        code = err_set(err, answer.status == NOT_KEPT ? SANAD_IO : SANAD_FALSE, "%s: %s",
                       import->options->key->name, event.why);
    if (event.fraud.size && !import->result->fraud.size) {
        import->result->fraud = event.fraud;
        import->result->fraud_of_state = true;
    } else {
        buf_free(&event.fraud);
    }
    buf_free(&answer.body);
    return code;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* The mirror's line stands under the copy's checkpoint. */
static int mirror_line(struct import *import, struct err *err)
{
    const struct note_key *key = import->options->mirror_key;
    struct note note;
    struct tlog_checkpoint copy;
    bool there = false;
    bool found = false;
    int code = copy_read(&note, &copy, &there, import, err);
    for (size_t i = 0; code == 0 && there && i < note.signature_count; i++) {
        const struct note_signature *line = &note.signatures[i];
        if (strcmp(line->name, key->name) != 0 || memcmp(line->id, key->id, sizeof key->id) != 0)
            continue;
        note_line_write(&import->result->lines, line);
        found = true;
    }
    if (code == 0 && !found)
        code = err_set(err, SANAD_IO, "%s: its checkpoint was replaced", import->options->folder);
    return code;
}

static int import_run(struct import *import, struct err *err)
{
    const struct bundle_import_options *options = import->options;
    struct tlog_proof proof = {.count = 0};
    int code = keys_check(options, err);
    if (code == 0)
        code = bundle_open(&import->bundle, options->path, err);
    if (code)
        return code;
    import->head = bundle_head(import->bundle);
    import->of_bundle = bundle_reader(import->bundle);
    import->of_copy = tlog_reader_folder(options->folder);
    import->result->since = import->head->since;
    memcpy(import->result->origin, import->head->checkpoint.origin, sizeof import->result->origin);
    code = gap_check(import, err);
    if (code == 0 && options->key)
        code = witness_load(import, err);
    if (code == 0 && options->key)
        code = state_check(&proof, import, err);
    if (code == 0)
        code = copy_extend(import, err);
    if (code == 0 && options->key)
        code = witness_cosign(import, &proof, err);
    if (code == 0 && options->mirror_key)
        code = mirror_line(import, err);
    return code;
}

int bundle_import(struct bundle_imported *ret_result, const struct bundle_import_options *options,
                  struct err *err)
{
    struct import import = {.options = options, .result = ret_result};
    *ret_result = (struct bundle_imported){.lines = buf_with_max(BUNDLE_LINES_MAX)};
    int code = import_run(&import, err);
    if (code) /* half an answer is none */
        buf_reset(&ret_result->lines);
    witness_free(import.witness);
    witness_folder_close(import.state);
    bundle_close(import.bundle);
    buf_free(&import.cosigned);
    arena_free(&import.arena);
    return code;
}
