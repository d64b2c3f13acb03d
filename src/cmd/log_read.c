/* A log that is read: its checkpoint, its tiles, and everything in it checked. Behind `log audit`
 * and `verify DIR|URL`. */
#include "admit/admit.h"
#include "cmd/cmd.h"
#include "mirror/mirror.h"
#include "recheck/recheck.h"

#include <stdlib.h>

int cmd_log_open(struct cmd_log *ret_log, const char *where, struct err *err)
{
    struct cmd_log log = {.where = where};
    int code = mirror_source_open(&log.source, where, MIRROR_TIMEOUT_MS, err);
    if (code == 0) {
        log.reader = mirror_source_reader(log.source);
        code = mirror_source_checkpoint(log.source, &log.note_raw, err);
    }
    if (code == 0)
        code = note_parse(&log.note, where, buf_bytes(&log.note_raw), &log.arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&log.checkpoint, where, log.note.text, err);
    if (code)
        cmd_log_close(&log);
    else
        *ret_log = log;
    return code;
}

void cmd_log_close(struct cmd_log *log)
{
    mirror_source_close(log->source);
    buf_free(&log->note_raw);
    arena_free(&log->arena);
    *log = (struct cmd_log){0};
}

/* ---- the checkpoint against a policy ----------------------------------------------------------
 */

static void witnesses_check(struct recheck *recheck, const struct tlog_policy *policy,
                            const struct tlog_policy_check *check)
{
    for (size_t i = 0; i < tlog_policy_witness_count(policy); i++) {
        const char *name;
        const char *url;
        (void)tlog_policy_witness(policy, i, &name, &url);
        if (!check->witnessed[i])
            recheck_add(recheck, "cosignature", name,
                        check->quorum ? VERDICT_HOLDS : VERDICT_UNDECIDED,
                        "it has not cosigned this checkpoint%s",
                        check->quorum ? "; the quorum does without it" : "");
        else
            recheck_add(recheck, "cosignature", name, VERDICT_HOLDS, "it has cosigned");
    }
}

int cmd_policy_read(struct tlog_policy **ret_policy, const char *path, struct err *err)
{
    struct buf file;
    int code = file_read(&file, path, TLOG_CHECKPOINT_MAX, err);
    if (code)
        return code;
    code = tlog_policy_parse(ret_policy, path, buf_bytes(&file), err);
    buf_free(&file);
    return code;
}

int cmd_policy_check(struct recheck *recheck, const struct note *note,
                     const struct tlog_checkpoint *checkpoint, const char *path, struct err *err)
{
    struct tlog_policy *policy;
    struct tlog_policy_check check = {.log = NULL};
    struct err why = {0};
    if (!path) {
        recheck_add(recheck, "checkpoint", checkpoint->origin, VERDICT_UNDECIDED,
                    "no policy says whose log this is: give --policy FILE");
        return 0;
    }
    int code = cmd_policy_read(&policy, path, err);
    if (code)
        return code;
    code = tlog_policy_verify(&check, policy, note, checkpoint, &why);
    recheck_add(recheck, "checkpoint", checkpoint->origin,
                code == 0               ? VERDICT_HOLDS
                : code == SANAD_MISSING ? VERDICT_UNDECIDED
                                        : VERDICT_CONTRADICTED,
                "%s", code == 0 ? "signed by the log, the quorum is reached" : why.text);
    if (code == 0 || code == SANAD_MISSING)
        witnesses_check(recheck, policy, &check);
    tlog_policy_free(policy);
    return 0;
}

/* ---- everything in it -------------------------------------------------------------------------
 */

/* What a walk over the entries gathers. */
struct entries_walk {
    struct admit *admit;
    struct recheck *recheck;
    uint64_t counts[STMT_KIND_COUNT];
    uint64_t finding_count;
    char root_sha256[HEX256_SIZE]; /* of the text of root 1; "": none stands there */
    bool pinned;
    bool with_partners;         /* what is recorded of them is gathered */
    struct cmd_records records; /* of partners */
    struct buf *position;       /* gets the newest reserve-position; or NULL */
    struct cmd_anchors *anchors;
    uint64_t void_from; /* second look: the lowest index that a revocation reaches */
    uint64_t void_count;
};

enum { FINDING_SHOWN_MAX = 64 };

static void finding_take(void *context, const struct admit_finding *finding)
{
    struct entries_walk *walk = context;
    char subject[32];
    (void)snprintf(subject, sizeof subject, "entry %llu", (unsigned long long)finding->index);
    if (walk->finding_count++ < FINDING_SHOWN_MAX)
        recheck_add(walk->recheck, admit_rule_name(finding->rule), subject, VERDICT_CONTRADICTED,
                    "%s", finding->text);
}

static void root_note(struct entries_walk *walk, struct bytes entry)
{
    struct hash256 hash;
    if (admit_text_hash(&hash, "root", entry, NULL) == 0)
        hash256_straight(walk->root_sha256, &hash);
}

static int entry_visit(void *context, uint64_t index, struct bytes entry, struct err *err)
{
    struct entries_walk *walk = context;
    enum stmt_kind kind;
    (void)err;
    admit_replay(walk->admit, index, entry, finding_take, walk);
    if (admit_kind(&kind, walk->admit, index)) {
        if (walk->counts[kind]++ == 0 && kind == STMT_ROOT)
            root_note(walk, entry);
        if (walk->with_partners && kind == STMT_PARTNER_CHECKPOINT)
            cmd_records_add(&walk->records, index, entry);
        if (walk->position && kind == STMT_RESERVE_POSITION) {
            buf_reset(walk->position);
            buf_add(walk->position, entry);
        }
        if (kind == STMT_ANCHOR)
            cmd_anchors_note(walk->anchors, index, entry);
    }
    return 0;
}

/* A second look, where a key was revoked for the time before: what it alone has carried is void,
 * and no position. */
static int void_visit(void *context, uint64_t index, struct bytes entry, struct err *err)
{
    struct entries_walk *walk = context;
    struct stmt *stmt;
    struct stmt_check check;
    enum stmt_kind kind;
    struct err why = {0};
    if (!admit_kind(&kind, walk->admit, index))
        return 0;
    int code = stmt_read(&stmt, "entry", entry, err);
    if (code)
        return code;
    bool stands =
        index < walk->void_from || admit_judge(&check, walk->admit, index, stmt, &why) == 0;
    if (!stands && walk->void_count++ < FINDING_SHOWN_MAX) {
        char subject[32];
        (void)snprintf(subject, sizeof subject, "entry %llu", (unsigned long long)index);
        recheck_add(walk->recheck, "void", subject, VERDICT_HOLDS, "to be stated again: %s",
                    why.text);
    }
    if (stands && walk->position && kind == STMT_RESERVE_POSITION) {
        buf_reset(walk->position);
        buf_add(walk->position, entry);
    }
    stmt_free(stmt);
    return 0;
}

static int void_check(struct entries_walk *walk, const struct cmd_log *log,
                      const struct tlog_tree *tree, struct err *err)
{
    struct tlog_audit audit;
    if (!admit_reaches_back(&walk->void_from, walk->admit))
        return 0;
    if (walk->position)
        buf_reset(walk->position);
    return tlog_audit_run(&audit, &log->reader, tree, void_visit, walk, err);
}

static int pin_option(struct hash256 *ret_pin, bool *ret_given, const struct cmd_args *args,
                      struct err *err)
{
    const char *text = cmd_takes(args, "--root-sha256") ? cmd_value(args, "--root-sha256") : NULL;
    *ret_given = text != NULL;
    if (text && !hash256_from_straight(ret_pin, text))
        return err_set(err, SANAD_USAGE, "--root-sha256: %s: not 64 hexadecimal digits", text);
    return 0;
}

static void counts_check(struct recheck *recheck, const struct entries_walk *walk,
                         const struct tlog_audit *audit)
{
    struct buf kinds = buf_with_max(4096);
    for (size_t i = 0; i < STMT_KIND_COUNT; i++)
        if (walk->counts[i])
            buf_format(&kinds, "%s%s %llu", kinds.size ? ", " : "",
                       stmt_kind_name((enum stmt_kind)i), (unsigned long long)walk->counts[i]);
    recheck_add(recheck, "tiles", "root", VERDICT_HOLDS,
                "%llu entries, every hash recomputed: the root of the checkpoint",
                (unsigned long long)audit->entries);
    if (walk->root_sha256[0])
        recheck_add(recheck, "root", walk->root_sha256, VERDICT_HOLDS,
                    "root 1 %s; in force: root %llu",
                    walk->pinned ? "is the pinned one"
                                 : "as the log's key has signed it (--root-sha256 pins it)",
                    (unsigned long long)admit_root_version(walk->admit, admit_size(walk->admit)));
    if (walk->finding_count == 0)
        recheck_add(recheck, "entries", "statements", VERDICT_HOLDS, "%s",
                    kinds.size ? buf_cstr(&kinds) : "none yet");
    else
        recheck_add(recheck, "entries", "statements", VERDICT_CONTRADICTED, "%llu rules broken; %s",
                    (unsigned long long)walk->finding_count, buf_cstr(&kinds));
    buf_free(&kinds);
}

static int entries_check(struct recheck *recheck, struct cmd_log *log, struct buf *position,
                         struct cmd_anchors *anchors, const struct cmd_args *args, struct err *err)
{
    struct hash256 pin;
    bool pinned;
    struct tlog_audit audit;
    struct tlog_tree tree = {log->checkpoint.size, log->checkpoint.root};
    struct err why = {0};
    int code = pin_option(&pin, &pinned, args, err);
    if (code)
        return code;
    struct admit_options options = {.origin = log->checkpoint.origin,
                                    .root_sha256 = pinned ? &pin : NULL};
    struct entries_walk *walk = mem_zalloc(1, sizeof *walk);
    walk->admit = admit_new(&options);
    walk->recheck = recheck;
    walk->position = position;
    walk->anchors = anchors;
    walk->pinned = pinned;
    walk->with_partners = cmd_value(args, "--partner") != NULL;
    code = tlog_audit_run(&audit, &log->reader, &tree, entry_visit, walk, &why);
    if (code == 0)
        code = void_check(walk, log, &tree, &why);
    if (code == 0) {
        counts_check(recheck, walk, &audit);
        cmd_partners_check(recheck, log, walk->admit, &walk->records, args);
    } else if (code == SANAD_FALSE || code == SANAD_REFUSED || code == SANAD_MISSING)
        recheck_add(recheck, "tiles", "root",
                    code == SANAD_MISSING ? VERDICT_UNDECIDED : VERDICT_CONTRADICTED, "%s",
                    why.text);
    else if (err)
        *err = why;
    cmd_records_free(&walk->records);
    admit_free(walk->admit);
    free(walk);
    return code == SANAD_IO || code == SANAD_ENVIRONMENT ? code : 0;
}

/* The chain that the newest position is of; false where it does not say. */
static bool position_chain(char ret_chain[16], const struct buf *position)
{
    struct stmt *stmt;
    if (!position || position->size == 0 ||
        stmt_read(&stmt, "position", buf_bytes(position), NULL) != 0)
        return false;
    const char *chain = json_string_value(json_object_get(stmt->json, "chain"));
    bool known = chain && chain_params_find(chain);
    if (known)
        (void)snprintf(ret_chain, 16, "%s", chain);
    stmt_free(stmt);
    return known;
}

int cmd_log_checks(struct recheck *recheck, struct buf *ret_position, const char *where,
                   const struct cmd_args *args, struct err *err)
{
    struct cmd_log log = {0};
    struct cmd_anchors *anchors = cmd_anchors_new();
    char chain[16];
    int code = cmd_log_open(&log, where, err);
    if (code == 0)
        code =
            cmd_policy_check(recheck, &log.note, &log.checkpoint, cmd_value(args, "--policy"), err);
    if (code == 0)
        code = entries_check(recheck, &log, ret_position, anchors, args, err);
    if (code == 0)
        code = cmd_anchors_check(anchors, recheck, &log,
                                 position_chain(chain, ret_position) ? chain : NULL, args, err);
    cmd_anchors_free(anchors);
    cmd_log_close(&log);
    return code;
}

/* ---- shown -------------------------------------------------------------------------------------
 */

int cmd_checks_show(const struct recheck *recheck, const struct cmd_checks_head *head,
                    const struct cmd_args *args, struct err *err)
{
    if (cmd_flag(args, "--json"))
        return cmd_print_json(recheck_json(recheck), err);
    struct screen screen = screen_stdout(head->simulated);
    struct table *table = table_new();
    const char *verdict = verdict_name(recheck->verdict);
    screen_line(&screen, STYLE_HEAD, "%s %s", head->what, head->name);
    table_column(table, "check", ALIGN_LEFT);
    table_column(table, "subject", ALIGN_LEFT);
    table_column(table, "verdict", ALIGN_LEFT);
    table_column(table, "detail", ALIGN_LEFT);
    for (size_t i = 0; i < recheck->count; i++) {
        const struct check *check = &recheck->checks[i];
        table_row_style(table, screen_verdict_style(verdict_name(check->verdict)));
        table_cell(table, "%s", check->name);
        table_cell(table, "%s", check->subject);
        table_cell(table, "%s", verdict_name(check->verdict));
        table_cell(table, "%s", check->detail);
    }
    table_print(table, &screen);
    table_free(table);
    if (head->note)
        screen_line(&screen, STYLE_UNSURE, "%s", head->note);
    screen_line(&screen, screen_verdict_style(verdict), "Verdict: %s", verdict);
    return 0;
}

int cmd_verdict_answer(const struct recheck *recheck, struct err *err)
{
    return recheck->verdict == VERDICT_HOLDS       ? 0
           : recheck->verdict == VERDICT_UNDECIDED ? cmd_answer(SANAD_MISSING, err)
                                                   : cmd_answer(SANAD_FALSE, err);
}

/* A log does not say that its nation is invented; its newest position does. */
static bool is_simulated(const struct buf *position)
{
    struct stmt *stmt;
    if (position->size == 0 || stmt_read(&stmt, "position", buf_bytes(position), NULL) != 0)
        return false;
    bool simulated = json_is_true(json_object_get(stmt->json, "simulated"));
    stmt_free(stmt);
    return simulated;
}

int cmd_log_audit(const char *where, const struct cmd_args *args, struct err *err)
{
    struct recheck *recheck = mem_zalloc(1, sizeof *recheck);
    struct cmd_checks_head head = {.what = "Log", .name = where};
    struct buf position = buf_with_max(TLOG_ENTRY_MAX);
    int code = cmd_log_checks(recheck, &position, where, args, err);
    head.simulated = code == 0 && is_simulated(&position);
    buf_free(&position);
    if (code == 0)
        code = cmd_checks_show(recheck, &head, args, err);
    if (code == 0)
        code = cmd_verdict_answer(recheck, err);
    free(recheck);
    return code;
}
