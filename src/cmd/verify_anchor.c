/* A log's anchors, held against its tree and against headers: those that lie in anchor/ of its
 * folder, and those that its own statements tell of. */
#include "cmd/cmd.h"
#include "mirror/mirror.h"
#include "ots/ots.h"
#include "recheck/recheck.h"

#include <stdarg.h>
#include <stdlib.h>

enum { STATEMENT_MAX = 100000, SHOWN_MAX = 32, SUBJECT_SIZE = 48, INDEX_FILE_MAX = 4 << 20 };

/* A statement of kind anchor, as it was met. */
struct noted {
    uint64_t index;
    struct hash256 leaf;
};
struct cmd_anchors {
    struct noted *noted;
    size_t count, capacity;
    bool full;
};

/* One pass over all of them. */
struct anchors_run {
    struct cmd_log *log;
    struct recheck *recheck;
    const struct cmd_args *args;
    struct cmd_headers *headers;
    struct tlog_policy *policy; /* or NULL */
    struct tlog_reader tiles;
    size_t holds, undecided, contradicted;
    char why_undecided[256];
    char newest[256];
};

/* What is claimed: that this tree of the log stood in a block. */
struct anchored {
    struct tlog_tree tree;
    struct hash256 digest; /* of the checkpoint's text */
    struct bytes note;     /* signed; empty: only its text is known */
    struct bytes proof;
    struct bytes header; /* beside it; may be empty */
};

struct cmd_anchors *cmd_anchors_new(void)
{
    return mem_zalloc(1, sizeof(struct cmd_anchors));
}

void cmd_anchors_free(struct cmd_anchors *anchors)
{
    if (!anchors)
        return;
    free(anchors->noted);
    free(anchors);
}

void cmd_anchors_note(struct cmd_anchors *anchors, uint64_t index, struct bytes entry)
{
    enum { AT_FIRST = 16 };
    anchors->full |= anchors->count == STATEMENT_MAX;
    if (anchors->full)
        return;
    if (anchors->count == anchors->capacity) {
        anchors->capacity = anchors->capacity ? 2 * anchors->capacity : AT_FIRST;
        anchors->noted = mem_realloc(anchors->noted, anchors->capacity, sizeof *anchors->noted);
    }
    struct noted *noted = &anchors->noted[anchors->count++];
    noted->index = index;
    tlog_leaf_hash(&noted->leaf, entry);
}

/* ---- verdicts
 * ------------------------------------------------------------------------------------ */

static void __attribute__((format(printf, 3, 4)))
judge(struct cmd_ots_verdict *verdict, enum verdict what, const char *format, ...)
{
    va_list args;
    verdict->verdict = what;
    va_start(args, format);
    (void)vsnprintf(verdict->detail, sizeof verdict->detail, format, args);
    va_end(args);
}

static enum verdict verdict_of(int code)
{
    return code == 0               ? VERDICT_HOLDS
           : code == SANAD_MISSING ? VERDICT_UNDECIDED
                                   : VERDICT_CONTRADICTED;
}

/* Shows what is contradicted; counts the rest, of which one line tells. */
static void verdict_take(struct anchors_run *run, const char *subject,
                         const struct cmd_ots_verdict *verdict)
{
    if (verdict->verdict == VERDICT_HOLDS) {
        run->holds++;
        (void)snprintf(run->newest, sizeof run->newest, "%s: %.200s", subject, verdict->detail);
    } else if (verdict->verdict == VERDICT_UNDECIDED) {
        if (run->undecided++ == 0)
            (void)snprintf(run->why_undecided, sizeof run->why_undecided, "%s: %.200s", subject,
                           verdict->detail);
    } else if (run->contradicted++ < SHOWN_MAX) {
        recheck_add(run->recheck, "anchor", subject, VERDICT_CONTRADICTED, "%s", verdict->detail);
    }
}

static void counts_take(struct anchors_run *run, const struct cmd_anchors *anchors)
{
    char subject[SUBJECT_SIZE];
    size_t all = run->holds + run->undecided + run->contradicted;
    (void)snprintf(subject, sizeof subject, "%zu of %zu", run->holds, all);
    if (run->holds > 0)
        recheck_add(run->recheck, "anchors", subject, VERDICT_HOLDS, "%s", run->newest);
    (void)snprintf(subject, sizeof subject, "%zu of %zu", run->undecided, all);
    if (run->undecided > 0)
        recheck_add(run->recheck, "anchors", subject, VERDICT_UNDECIDED, "%s", run->why_undecided);
    (void)snprintf(subject, sizeof subject, "%zu of %zu", run->contradicted, all);
    if (run->contradicted > 0)
        recheck_add(run->recheck, "anchors", subject, VERDICT_CONTRADICTED,
                    "the log, its anchors and the chain do not fit together");
    if (anchors->full)
        recheck_add(run->recheck, "anchors", "statements", VERDICT_UNDECIDED,
                    "more than %d: the rest was not looked at", STATEMENT_MAX);
}

/* ---- the tree
 * -------------------------------------------------------------------------------------- */

/* Where the log has signed both trees, anybody can be shown it. */
static bool fraud_found(struct anchors_run *run, const struct anchored *anchored)
{
    struct tlog_fraud fraud = {.first = anchored->note, .second = buf_bytes(&run->log->note_raw)};
    struct buf text = buf_with_max(3 * TLOG_CHECKPOINT_MAX);
    const char *folder = cmd_takes(run->args, "--fraud") ? cmd_value(run->args, "--fraud") : NULL;
    const char *url;
    bool found = false;
    if (anchored->note.size == 0 || !run->policy ||
        tlog_fraud_prove(&fraud.path, &run->tiles, anchored->tree.size, run->log->checkpoint.size,
                         NULL) != 0)
        return false;
    for (size_t i = 0; i < tlog_policy_log_count(run->policy) && !found; i++)
        found = tlog_fraud_check(&fraud, tlog_policy_log(run->policy, i, &url), NULL) == 0;
    if (found && folder) {
        tlog_fraud_write(&text, &fraud);
        cmd_fraud_keep(folder, run->log->checkpoint.origin, buf_bytes(&text));
    }
    buf_free(&text);
    return found;
}

static bool tree_holds(struct cmd_ots_verdict *verdict, struct anchors_run *run,
                       const struct anchored *anchored)
{
    struct tlog_proof proof;
    struct err why = {0};
    const struct tlog_tree now = {run->log->checkpoint.size, run->log->checkpoint.root};
    const struct tlog_tree *then = &anchored->tree;
    if (then->size > now.size) {
        judge(verdict, VERDICT_CONTRADICTED,
              "%llu entries were anchored, and the log shows %llu: it was rolled back",
              (unsigned long long)then->size, (unsigned long long)now.size);
        return false;
    }
    int code = tlog_consistency_prove(&proof, &run->tiles, then->size, now.size, &why);
    if (code == 0)
        code = tlog_consistency_check(then, &now, &proof, &why);
    if (code == SANAD_FALSE || code == SANAD_REFUSED)
        judge(verdict, VERDICT_CONTRADICTED, "the log has another tree of %llu entries now%s",
              (unsigned long long)then->size,
              fraud_found(run, anchored) ? ", and has signed both" : "");
    else if (code)
        judge(verdict, VERDICT_UNDECIDED, "%s", why.text);
    return code == 0;
}

/* ---- one anchor
 * -------------------------------------------------------------------------------------- */

static bool proof_read(struct cmd_ots_verdict *verdict, struct ots *ots,
                       const struct anchored *anchored, struct arena *arena)
{
    struct err why = {0};
    const struct hash256 *digest = &anchored->digest;
    if (ots_parse(ots, "the proof", anchored->proof, arena, &why) != 0) {
        judge(verdict, VERDICT_CONTRADICTED, "%s", why.text);
        return false;
    }
    bool same =
        ots->hash == OTS_SHA256 && bytes_equal(ots->digest, bytes_of(digest->b, sizeof digest->b));
    if (!same)
        judge(verdict, VERDICT_CONTRADICTED, "the proof is not of this checkpoint");
    return same;
}

static void anchored_judge(struct cmd_ots_verdict *verdict, struct anchors_run *run,
                           const struct anchored *anchored, struct ots *ots, struct arena *arena)
{
    if (tree_holds(verdict, run, anchored) && proof_read(verdict, ots, anchored, arena))
        cmd_ots_judge(verdict, ots, run->headers, anchored->header);
}

static int file_of(struct anchors_run *run, struct buf *ret_file, uint64_t size, const char *ending,
                   size_t size_max, struct err *err)
{
    char name[ANCHOR_NAME_SIZE];
    cmd_anchor_name(name, size, ending);
    return mirror_source_file(run->log->source, ret_file, name, size_max, err);
}

/* ---- those in the folder
 * ------------------------------------------------------------------------------ */

/* The signed checkpoint of a size. */
static int checkpoint_take(struct anchored *anchored, struct anchors_run *run, uint64_t size,
                           struct buf *raw, struct arena *arena, struct err *err)
{
    struct note note;
    struct tlog_checkpoint checkpoint;
    int code = file_of(run, raw, size, ".checkpoint", TLOG_CHECKPOINT_MAX, err);
    if (code == 0)
        code = note_parse(&note, "its checkpoint", buf_bytes(raw), arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, "its checkpoint", note.text, err);
    if (code)
        return code;
    if (strcmp(checkpoint.origin, run->log->checkpoint.origin) != 0 || checkpoint.size != size)
        return err_set(err, SANAD_FALSE, "its checkpoint is of another log or size");
    anchored->tree = (struct tlog_tree){checkpoint.size, checkpoint.root};
    anchored->note = buf_bytes(raw);
    sha256_of(&anchored->digest, note.text);
    return 0;
}

static void folder_one(struct anchors_run *run, uint64_t size)
{
    struct anchored anchored = {.tree = {0}};
    struct cmd_ots_verdict verdict = {.verdict = VERDICT_UNDECIDED};
    struct buf checkpoint = {0};
    struct buf proof = {0};
    struct buf header = {0};
    struct arena arena = {0};
    struct ots ots;
    struct err why = {0};
    char subject[SUBJECT_SIZE];
    int code = checkpoint_take(&anchored, run, size, &checkpoint, &arena, &why);
    if (code == 0)
        code = file_of(run, &proof, size, ".ots", OTS_FILE_MAX, &why);
    (void)file_of(run, &header, size, ".header", HEADER_SIZE, NULL); /* a hint: may be absent */
    anchored.proof = buf_bytes(&proof);
    anchored.header = buf_bytes(&header);
    if (code == 0)
        anchored_judge(&verdict, run, &anchored, &ots, &arena);
    else
        judge(&verdict, verdict_of(code), "%s", why.text);
    (void)snprintf(subject, sizeof subject, "size %llu", (unsigned long long)size);
    verdict_take(run, subject, &verdict);
    buf_free(&checkpoint);
    buf_free(&proof);
    buf_free(&header);
    arena_free(&arena);
}

/* ---- those that statements tell of
 * -------------------------------------------------------------------- */

static bool member_hash(struct hash256 *ret_hash, const json_t *json, const char *key, bool display)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text &&
           (display ? hash256_from_display(ret_hash, text) : hash256_from_straight(ret_hash, text));
}

static uint64_t member_number(const json_t *json, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(json, key));
}

/* An anchor's statement gives the whole text of the checkpoint that it speaks of. */
static int stated_take(struct anchored *anchored, struct anchors_run *run, const json_t *json,
                       struct err *err)
{
    struct buf text = buf_with_max(TLOG_CHECKPOINT_MAX);
    struct tlog_checkpoint checkpoint = run->log->checkpoint;
    struct hash256 stated;
    struct hash256 digest;
    checkpoint.extension = bytes_of(NULL, 0);
    checkpoint.size = member_number(json, "size");
    bool formed = member_hash(&checkpoint.root, json, "root_hash", false) &&
                  member_hash(&stated, json, "checkpoint_sha256", false);
    if (!formed)
        return err_set(err, SANAD_FALSE, "it lacks a hash");
    tlog_checkpoint_write(&text, &checkpoint);
    sha256_of(&digest, buf_bytes(&text));
    buf_free(&text);
    if (!hash256_equal(&digest, &stated))
        return err_set(err, SANAD_FALSE, "its checkpoint_sha256 is not of the tree that it names");
    anchored->tree = (struct tlog_tree){checkpoint.size, checkpoint.root};
    anchored->digest = digest;
    return 0;
}

/* The proof itself, in the statement or in the folder. */
static int stated_proof(struct buf *ret_proof, struct anchors_run *run, const json_t *json,
                        struct err *err)
{
    struct hash256 stated;
    struct hash256 found;
    const char *text = json_string_value(json_object_get(json, "proof"));
    int code = 0;
    if (text) {
        *ret_proof = buf_with_max(OTS_FILE_MAX);
        if (!base64_decode(ret_proof, text, strlen(text)))
            return err_set(err, SANAD_FALSE, "its proof is not base64");
    } else {
        code = file_of(run, ret_proof, member_number(json, "size"), ".ots", OTS_FILE_MAX, err);
    }
    if (code)
        return code;
    sha256_of(&found, buf_bytes(ret_proof));
    if (!member_hash(&stated, json, "proof_sha256", false) || !hash256_equal(&found, &stated))
        return err_set(err, text ? SANAD_FALSE : SANAD_MISSING,
                       "the proof at hand has not its proof_sha256");
    return 0;
}

/* What it says of the block, held against the proof and the chain. */
static void stated_block(struct cmd_ots_verdict *verdict, struct anchors_run *run,
                         const json_t *json, const struct ots *ots)
{
    struct hash256 hash;
    uint64_t height = member_number(json, "height");
    const char *chain = json_string_value(json_object_get(json, "chain"));
    bool named = false;
    if (verdict->verdict == VERDICT_CONTRADICTED)
        return;
    for (size_t i = 0; i < ots->attestation_count; i++)
        named |=
            ots->attestations[i].notary == OTS_BITCOIN && ots->attestations[i].height == height;
    if (!named)
        judge(verdict, VERDICT_CONTRADICTED, "the proof does not attest block %llu",
              (unsigned long long)height);
    else if (verdict->verdict == VERDICT_HOLDS &&
             (verdict->header.height != height || !member_hash(&hash, json, "block_hash", true) ||
              !hash256_equal(&hash, &verdict->header.hash)))
        judge(verdict, VERDICT_CONTRADICTED, "it names another block than the proof leads to");
    else if (chain && strcmp(chain, cmd_headers_chain(run->headers)->name) != 0)
        judge(verdict, VERDICT_UNDECIDED, "it is of the chain %s: give --chain", chain);
}

static void stated_judge(struct cmd_ots_verdict *verdict, struct anchors_run *run,
                         const json_t *json)
{
    struct anchored anchored = {.tree = {0}};
    struct buf proof = {0};
    struct buf header = {0};
    struct arena arena = {0};
    struct ots ots = {0};
    struct err why = {0};
    int code = stated_take(&anchored, run, json, &why);
    if (code == 0)
        code = stated_proof(&proof, run, json, &why);
    (void)file_of(run, &header, anchored.tree.size, ".header", HEADER_SIZE, NULL); /* a hint */
    anchored.proof = buf_bytes(&proof);
    anchored.header = buf_bytes(&header);
    if (code == 0) {
        anchored_judge(verdict, run, &anchored, &ots, &arena);
        stated_block(verdict, run, json, &ots);
    } else {
        judge(verdict, verdict_of(code), "%s", why.text);
    }
    buf_free(&proof);
    buf_free(&header);
    arena_free(&arena);
}

/* Read again from its bundle: it must still be what was met. */
static int noted_read(struct stmt **ret_stmt, struct anchors_run *run, const struct noted *noted,
                      struct err *err)
{
    struct tlog_tile tile = {.level = TLOG_ENTRIES, .n = noted->index / TLOG_TILE_WIDTH};
    struct buf bundle = {0};
    struct bytes entry;
    struct hash256 leaf;
    tile.width = tlog_tile_width(run->log->checkpoint.size, TLOG_ENTRIES, tile.n);
    int code = tlog_tile_read(&bundle, &run->log->reader, &tile, err);
    if (code == 0)
        code = tlog_bundle_entry(&entry, buf_bytes(&bundle), tile.width,
                                 (unsigned)(noted->index % TLOG_TILE_WIDTH), err);
    if (code == 0) {
        tlog_leaf_hash(&leaf, entry);
        code = hash256_equal(&leaf, &noted->leaf) ? stmt_read(ret_stmt, "the statement", entry, err)
                                                  : err_set(err, SANAD_FALSE, "it has changed");
    }
    buf_free(&bundle);
    return code;
}

static void noted_one(struct anchors_run *run, const struct noted *noted)
{
    struct stmt *stmt = NULL;
    struct cmd_ots_verdict verdict = {.verdict = VERDICT_UNDECIDED};
    struct err why = {0};
    char subject[SUBJECT_SIZE];
    int code = noted_read(&stmt, run, noted, &why);
    if (code == 0 && stmt_schema_check(stmt, &why) == 0)
        stated_judge(&verdict, run, stmt->json);
    else
        judge(&verdict, code == SANAD_MISSING ? VERDICT_UNDECIDED : VERDICT_CONTRADICTED, "%s",
              why.text);
    (void)snprintf(subject, sizeof subject, "entry %llu", (unsigned long long)noted->index);
    verdict_take(run, subject, &verdict);
    stmt_free(stmt);
}

/* ---- all of them
 * ----------------------------------------------------------------------------------------- */

/* The chain that statements speak of, unless --chain says another. */
static void chain_hint(char ret_chain[16], struct anchors_run *run,
                       const struct cmd_anchors *anchors, const char *chain)
{
    struct stmt *stmt = NULL;
    (void)snprintf(ret_chain, 16, "%s", chain ? chain : "");
    if (anchors->count == 0 ||
        noted_read(&stmt, run, &anchors->noted[anchors->count - 1], NULL) != 0)
        return;
    const char *stated = json_string_value(json_object_get(stmt->json, "chain"));
    if (stated && chain_params_find(stated))
        (void)snprintf(ret_chain, 16, "%s", stated);
    stmt_free(stmt);
}

static int run_all(struct anchors_run *run, const struct cmd_anchors *anchors,
                   const struct ots_index *index, const char *chain, struct err *err)
{
    char hint[16];
    const char *policy = cmd_value(run->args, "--policy");
    chain_hint(hint, run, anchors, chain);
    int code = policy ? cmd_policy_read(&run->policy, policy, err) : 0;
    if (code == 0)
        code = cmd_headers_open(&run->headers, run->args, hint[0] ? hint : NULL, err);
    if (code)
        return code;
    for (size_t i = 0; i < index->count; i++)
        folder_one(run, index->numbers[i]);
    for (size_t i = 0; i < anchors->count; i++)
        noted_one(run, &anchors->noted[i]);
    counts_take(run, anchors);
    return 0;
}

int cmd_anchors_check(struct cmd_anchors *anchors, struct recheck *recheck, struct cmd_log *log,
                      const char *chain, const struct cmd_args *args, struct err *err)
{
    struct anchors_run run = {.log = log, .recheck = recheck, .args = args};
    struct ots_index index = {.count = 0};
    struct arena arena = {0};
    struct buf raw = {0};
    struct err why = {0};
    int code = mirror_source_file(log->source, &raw, ANCHOR_INDEX, INDEX_FILE_MAX, &why);
    if (code == 0)
        code = ots_index_parse(&index, ANCHOR_INDEX, buf_bytes(&raw), &arena, &why);
    if (code == SANAD_REFUSED)
        recheck_add(recheck, "anchors", ANCHOR_INDEX, VERDICT_CONTRADICTED, "%s", why.text);
    else if (code && code != SANAD_MISSING) /* a log that was never anchored has none */
        recheck_add(recheck, "anchors", ANCHOR_INDEX, VERDICT_UNDECIDED, "%s", why.text);
    code = 0;
    struct cmd_tile_cache *cache = cmd_tile_cache_new(&log->reader);
    run.tiles = cmd_tile_cache_reader(cache);
    if (index.count > 0 || anchors->count > 0)
        code = run_all(&run, anchors, &index, chain, err);
    cmd_tile_cache_free(cache);
    cmd_headers_close(run.headers);
    tlog_policy_free(run.policy);
    buf_free(&raw);
    arena_free(&arena);
    return code;
}
