/* `sanad verify`: a statement's signatures and, with a source, its figures recomputed; its place in
 * a log by a proof; a whole log; a timestamp; and a proof that a log has signed two stories. */
#include "cmd/cmd.h"
#include "ots/ots.h"
#include "recheck/recheck.h"
#include "stmt/stmt.h"

#include <dirent.h>

/* What one run of the verb holds. */
struct verify_run {
    struct stmt *stmt;
    struct trust *trust;
    struct book *book;
    struct recheck recheck;
    struct cmd_checks_head head;
};

static const struct chain_params *statement_chain(const struct stmt *stmt,
                                                  const struct cmd_args *args)
{
    const char *name = json_string_value(json_object_get(stmt->json, "chain"));
    const char *given = cmd_value(args, "--chain");
    return chain_params_find(given ? given : name ? name : "main");
}

/* SHA-256 of the RFC 8785 form of a file; false where it is no JSON. To read it as a book
 * would derive every script of it: only the one that the statement names is worth that. */
static bool file_hash(char ret_hash[HEX256_SIZE], const char *path)
{
    struct buf canonical = buf_with_max(BOOK_SIZE_MAX);
    struct hash256 hash;
    json_t *json;
    if (json_read_file(&json, path, BOOK_SIZE_MAX, NULL) != 0)
        return false;
    bool hashed = json_canonical(&canonical, json, NULL) == 0;
    if (hashed) {
        sha256_of(&hash, buf_bytes(&canonical));
        hash256_straight(ret_hash, &hash);
    }
    buf_free(&canonical);
    json_decref(json);
    return hashed;
}

static bool is_stated(const struct stmt *stmt, const char *key, const char *hash)
{
    const char *stated = json_string_value(json_object_get(stmt->json, key));
    return stated && strcmp(stated, hash) == 0;
}

static bool is_book_name(const char *name)
{
    size_t size = strlen(name);
    return strncmp(name, "book", 4) == 0 && size >= 5 && strcmp(name + size - 5, ".json") == 0;
}

/* Looks through a folder's book*.json for the one that the statement names: the whole book,
 * else its public form. */
static void book_search(struct verify_run *run, const char *folder,
                        const struct chain_params *params)
{
    bool whole = false;
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *entry = readdir(dir); entry && !whole; entry = readdir(dir)) {
        char path[PATH_SIZE];
        char hash[HEX256_SIZE];
        struct book *book;
        if (!is_book_name(entry->d_name) || path_join(path, folder, entry->d_name, NULL) != 0 ||
            !file_hash(hash, path))
            continue;
        bool named = is_stated(run->stmt, "book_sha256", hash);
        bool public_form = !run->book && is_stated(run->stmt, "public_book_sha256", hash);
        if ((!named && !public_form) || book_read_file(&book, path, params, NULL) != 0)
            continue;
        book_free(run->book);
        run->book = book;
        whole = named;
    }
    (void)closedir(dir);
}

/* The folder in which a file lies. */
static void folder_of(char ret_folder[PATH_SIZE], const char *path)
{
    const char *slash = strrchr(path, '/');
    (void)snprintf(ret_folder, PATH_SIZE, "%.*s", slash ? (int)(slash - path) : 1,
                   slash ? path : ".");
}

/* --book, or what lies beside the statement or one folder up. */
static int book_find(struct verify_run *run, const struct cmd_args *args, const char *path,
                     struct err *err)
{
    const char *given = cmd_value(args, "--book");
    const struct chain_params *params = statement_chain(run->stmt, args);
    if (!params)
        return err_set(err, SANAD_REFUSED, "%s: names an unknown chain", path);
    if (given)
        return book_read_file(&run->book, given, params, err);
    char folder[PATH_SIZE];
    char parent[PATH_SIZE];
    folder_of(folder, path);
    book_search(run, folder, params);
    if (!run->book && path_join(parent, folder, "..", err) == 0)
        book_search(run, parent, params);
    return 0;
}

static int figures_verify(struct verify_run *run, const struct cmd_args *args, struct err *err)
{
    bool public_only;
    uint64_t threads;
    struct cmd_source source;
    recheck_book(&run->recheck, run->stmt, run->book, &public_only);
    if (!cmd_value(args, "--source") || run->stmt->kind != STMT_RESERVE_POSITION)
        return 0;
    size_t last = run->recheck.count - 1;
    bool other_book = !public_only && run->recheck.checks[last].verdict != VERDICT_HOLDS;
    if (other_book) {
        recheck_add(&run->recheck, "figures", "total_sat", VERDICT_UNDECIDED,
                    "without the book nothing can be recomputed");
        return 0;
    }
    int code = cmd_number(&threads, args, "--threads", 1024, 0, err);
    if (code == 0)
        code = cmd_source_read(&source, run->book->params, args, err);
    if (code)
        return code;
    struct recheck_source from = {
        .spec = source.spec, .options = source.options, .threads = (unsigned)threads};
    code = recheck_figures(&run->recheck, run->stmt, run->book, public_only, &from, err);
    if (code == SANAD_MISSING) {
        recheck_add(&run->recheck, "figures", "total_sat", VERDICT_UNDECIDED, "%s", err->text);
        *err = (struct err){0};
        code = 0;
    }
    return code;
}

/* The files of a pack: in --pack, or beside the note. */
static void files_verify(struct verify_run *run, const struct cmd_args *args, const char *path)
{
    const char *given = cmd_value(args, "--pack");
    char folder[PATH_SIZE];
    folder_of(folder, path);
    recheck_files(&run->recheck, run->stmt, given ? given : folder);
}

static int verify_checks(struct verify_run *run, const struct cmd_args *args, const char *path,
                         struct err *err)
{
    const char *trust = cmd_value(args, "--trust");
    int code = stmt_read_file(&run->stmt, path, err);
    if (code == 0 && trust)
        code = trust_read_file(&run->trust, trust, err);
    if (code)
        return code;
    recheck_schema(&run->recheck, run->stmt);
    recheck_signatures(&run->recheck, run->stmt, run->trust);
    recheck_arithmetic(&run->recheck, run->stmt);
    if (run->stmt->kind == STMT_CRITERIA_REPORT)
        files_verify(run, args, path);
    if (run->stmt->kind == STMT_DOCUMENT || run->stmt->kind == STMT_ANNEX)
        return cmd_verify_attached(&run->recheck, run->stmt, args, err);
    bool has_book =
        run->stmt->kind == STMT_RESERVE_POSITION || run->stmt->kind == STMT_ADDRESS_BOOK;
    if (!has_book)
        return 0;
    code = book_find(run, args, path, err);
    return code ? code : figures_verify(run, args, err);
}

/* ---- a place in a log --------------------------------------------------------------------------
 */

/* --proof: that these very bytes stand in a log whose checkpoint the policy accepts. */
static int proof_verify(struct verify_run *run, const struct cmd_args *args, const char *path,
                        struct err *err)
{
    const char *given = cmd_value(args, "--proof");
    struct tlog_proof_file file;
    struct tlog_checkpoint checkpoint;
    struct note note;
    struct hash256 leaf;
    struct arena arena = {0};
    struct buf raw = {0};
    struct buf entry = {0};
    struct err why = {0};
    int code = file_read(&raw, given, TLOG_CHECKPOINT_MAX, err);
    if (code == 0)
        code = file_read(&entry, path, TLOG_ENTRY_MAX, err);
    if (code == 0)
        code = tlog_proof_file_parse(&file, given, buf_bytes(&raw), &arena, err);
    if (code == 0)
        code = note_parse(&note, given, file.checkpoint, &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, given, note.text, err);
    if (code == 0)
        code =
            cmd_policy_check(&run->recheck, &note, &checkpoint, cmd_value(args, "--policy"), err);
    if (code == 0) {
        tlog_leaf_hash(&leaf, buf_bytes(&entry));
        int holds = tlog_inclusion_check(&leaf, file.index, checkpoint.size, &file.proof,
                                         &checkpoint.root, &why);
        recheck_add(&run->recheck, "inclusion", checkpoint.origin,
                    holds == 0 ? VERDICT_HOLDS : VERDICT_CONTRADICTED, "entry %llu of %llu: %s",
                    (unsigned long long)file.index, (unsigned long long)checkpoint.size,
                    holds == 0 ? "these bytes stand there" : why.text);
    }
    buf_free(&raw);
    buf_free(&entry);
    arena_free(&arena);
    return code;
}

static int file_verify(struct verify_run *run, const struct cmd_args *args, const char *path,
                       struct err *err)
{
    int code = verify_checks(run, args, path, err);
    if (code == 0 && cmd_value(args, "--proof"))
        code = proof_verify(run, args, path, err);
    if (code)
        return code;
    run->head = (struct cmd_checks_head){
        .what = "Statement",
        .name = stmt_kind_name(run->stmt->kind),
        .simulated = json_is_true(json_object_get(run->stmt->json, "simulated"))};
    if (run->stmt->kind == STMT_RESERVE_POSITION && !cmd_value(args, "--source"))
        run->head.note = "The figures were not recomputed: give --source blocks:DIR or rpc:URL";
    return 0;
}

/* ---- a whole log
 * --------------------------------------------------------------------------------- */

static int log_verify(struct verify_run *run, const struct cmd_args *args, const char *where,
                      struct err *err)
{
    struct buf position = buf_with_max(TLOG_ENTRY_MAX);
    char beside[PATH_SIZE];
    run->head = (struct cmd_checks_head){.what = "Log", .name = where};
    int code = cmd_log_checks(&run->recheck, &position, where, args, err);
    if (code == 0 && position.size > 0)
        code = stmt_read(&run->stmt, "the newest reserve-position", buf_bytes(&position), err);
    if (code == 0 && run->stmt) {
        run->head.simulated = json_is_true(json_object_get(run->stmt->json, "simulated"));
        recheck_arithmetic(&run->recheck, run->stmt);
        if (path_join(beside, where, "checkpoint", err) == 0)
            code = book_find(run, args, beside, err);
    }
    if (code == 0 && run->stmt)
        code = figures_verify(run, args, err);
    if (code == 0 && run->stmt && !cmd_value(args, "--source"))
        run->head.note = "The figures were not recomputed: give --source blocks:DIR or rpc:URL";
    buf_free(&position);
    return code;
}

/* ---- two stories
 * ----------------------------------------------------------------------------------- */

/* A checkpoint says of its log the name and nothing else: whether its nation is invented stands in
 * its statements, which a fraud proof has not. */
static int fraud_with(struct verify_run *run, const struct tlog_fraud *fraud,
                      const struct tlog_policy *policy)
{
    struct err why = {0};
    const char *url;
    const struct note_key *log = NULL;
    int best = SANAD_MISSING;
    for (size_t i = 0; i < tlog_policy_log_count(policy) && best != 0; i++) {
        log = tlog_policy_log(policy, i, &url);
        best = tlog_fraud_check(fraud, log, &why);
    }
    if (best == 0)
        recheck_add(&run->recheck, "fraud", "two checkpoints", VERDICT_HOLDS,
                    "%.100s has signed both, and they contradict each other; whether its nation is "
                    "simulated, this file does not say",
                    log->name);
    else
        recheck_add(&run->recheck, "fraud", "two checkpoints",
                    best == SANAD_MISSING ? VERDICT_UNDECIDED : VERDICT_CONTRADICTED, "%s",
                    why.text[0] ? why.text : "the policy names no log");
    return 0;
}

static int fraud_verify(struct verify_run *run, const struct cmd_args *args, const char *path,
                        struct bytes raw, struct err *err)
{
    struct tlog_fraud fraud;
    struct tlog_policy *policy;
    struct arena arena = {0};
    const char *given;
    run->head = (struct cmd_checks_head){.what = "Fraud proof", .name = path};
    int code = cmd_required(&given, args, "--policy", err);
    if (code == 0)
        code = tlog_fraud_parse(&fraud, path, raw, &arena, err);
    if (code == 0)
        code = cmd_policy_read(&policy, given, err);
    if (code == 0) {
        code = fraud_with(run, &fraud, policy);
        tlog_policy_free(policy);
    }
    arena_free(&arena);
    return code;
}

/* ---- the verb
 * ------------------------------------------------------------------------------------- */

static bool is_log(const char *where)
{
    char path[PATH_SIZE];
    return strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0 ||
           (path_join(path, where, "checkpoint", NULL) == 0 && file_exists(path));
}

static int subject_verify(struct verify_run *run, const struct cmd_args *args, const char *subject,
                          struct err *err)
{
    static const char fraud_line[] = "sanad/tlog-fraud/v1\n";
    struct buf raw = {0};
    if (is_log(subject))
        return log_verify(run, args, subject, err);
    int code = file_read(&raw, subject, TLOG_CHECKPOINT_MAX * 2, err);
    bool is_fraud = code == 0 && raw.size >= sizeof fraud_line - 1 &&
                    memcmp(raw.data, fraud_line, sizeof fraud_line - 1) == 0;
    bool is_ots = code == 0 && ots_is(buf_bytes(&raw));
    if (is_ots)
        run->head = (struct cmd_checks_head){.what = "Timestamp", .name = subject};
    if (code == 0)
        code = is_fraud ? fraud_verify(run, args, subject, buf_bytes(&raw), err)
               : is_ots ? cmd_verify_ots(&run->recheck, args, subject, buf_bytes(&raw), err)
                        : file_verify(run, args, subject, err);
    buf_free(&raw);
    return code;
}

static int verify_verb(const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *words = cmd_words(args, &count);
    if (count != 1)
        return err_set(err, SANAD_USAGE,
                       "sanad verify: name one statement, log, timestamp or fraud proof");
    struct verify_run run = {0};
    int code = subject_verify(&run, args, words[0], err);
    if (code == 0)
        code = cmd_checks_show(&run.recheck, &run.head, args, err);
    if (code == 0)
        code = cmd_verdict_answer(&run.recheck, err);
    stmt_free(run.stmt);
    trust_free(run.trust);
    book_free(run.book);
    return code;
}

static const struct cmd_option options[] = {
    {"--book", "FILE", "the address book; else book*.json beside the statement or one folder up"},
    {"--trust", "FILE", "whose signatures count, and how many"},
    {"--pack", "DIR", "criteria-report: the files that it names; else beside the note"},
    {"--file", "FILE", "document, timestamp: the file; annex: the age file"},
    {"--opening", "FILE...", "annex: what opens it, or parts of it"},
    {"--plain", "FILE...", "annex: what was sealed"},
    {"--policy", "FILE", "logs, witnesses and their quorum (c2sp.org/tlog-policy)"},
    {"--proof", "FILE", "a statement's .tlog-proof: its place in a log"},
    {"--root-sha256", "HEX", "a log: pins its first root statement"},
    {"--headers", "FILE", "timestamps, anchors: the chain's headers, 80 bytes each"},
    {"--partner", "DIR|URL...", "a log: logs of partners, held against what it records of them"},
    {"--fraud", "DIR", "a log: where to keep the proof, should it or a partner tell two stories"},
    {"--threads", "N", "how many threads read the source"},
    CMD_SOURCE_OPTIONS,
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_verify = {
    .name = "verify",
    .summary = "checks a statement or a log: signatures and, with --source, every figure",
    .usage = "FILE.note|DIR|URL|FILE.ots [--trust FILE] [--policy FILE] [--book FILE] [--source "
             "S]",
    .options = options,
    .run = verify_verb,
};
