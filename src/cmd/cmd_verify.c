/* `sanad verify`: a statement's signatures and, with a source, its figures recomputed. */
#include "cmd/cmd.h"
#include "recheck/recheck.h"
#include "stmt/stmt.h"

#include <dirent.h>

/* What one run of the verb holds. */
struct verify_run {
    struct stmt *stmt;
    struct trust *trust;
    struct book *book;
    struct recheck recheck;
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
    bool anchored;
    uint64_t threads;
    struct chain_anchor anchor;
    const char *source = cmd_value(args, "--source");
    recheck_book(&run->recheck, run->stmt, run->book, &public_only);
    if (!source || run->stmt->kind != STMT_RESERVE_POSITION)
        return 0;
    size_t last = run->recheck.count - 1;
    bool other_book = !public_only && run->recheck.checks[last].verdict != VERDICT_HOLDS;
    if (other_book) {
        recheck_add(&run->recheck, "figures", "total_sat", VERDICT_UNDECIDED,
                    "without the book nothing can be recomputed");
        return 0;
    }
    int code = cmd_anchor(&anchor, &anchored, args, err);
    if (code == 0)
        code = cmd_number(&threads, args, "--threads", 1024, 0, err);
    struct recheck_source from = {.spec = source,
                                  .anchor = code == 0 && anchored ? &anchor : NULL,
                                  .threads = code == 0 ? (unsigned)threads : 0};
    if (code == 0)
        code = recheck_figures(&run->recheck, run->stmt, run->book, public_only, &from, err);
    if (code == SANAD_MISSING) {
        recheck_add(&run->recheck, "figures", "total_sat", VERDICT_UNDECIDED, "%s", err->text);
        *err = (struct err){0};
        code = 0;
    }
    return code;
}

static void verify_show(const struct verify_run *run, const struct cmd_args *args)
{
    bool simulated = json_is_true(json_object_get(run->stmt->json, "simulated"));
    struct screen screen = screen_stdout(simulated);
    struct table *table = table_new();
    const char *verdict = verdict_name(run->recheck.verdict);
    screen_line(&screen, STYLE_HEAD, "Statement %s", stmt_kind_name(run->stmt->kind));
    table_column(table, "check", ALIGN_LEFT);
    table_column(table, "subject", ALIGN_LEFT);
    table_column(table, "verdict", ALIGN_LEFT);
    table_column(table, "detail", ALIGN_LEFT);
    for (size_t i = 0; i < run->recheck.count; i++) {
        const struct check *check = &run->recheck.checks[i];
        table_row_style(table, screen_verdict_style(verdict_name(check->verdict)));
        table_cell(table, "%s", check->name);
        table_cell(table, "%s", check->subject);
        table_cell(table, "%s", verdict_name(check->verdict));
        table_cell(table, "%s", check->detail);
    }
    table_print(table, &screen);
    table_free(table);
    if (run->stmt->kind == STMT_RESERVE_POSITION && !cmd_value(args, "--source"))
        screen_line(&screen, STYLE_UNSURE,
                    "The figures were not recomputed: give --source blocks:DIR");
    screen_line(&screen, screen_verdict_style(verdict), "Verdict: %s", verdict);
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

static int verify_verb(const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *words = cmd_words(args, &count);
    if (count != 1)
        return err_set(err, SANAD_USAGE, "sanad verify: name one statement (FILE.note)");
    struct verify_run run = {0};
    int code = verify_checks(&run, args, words[0], err);
    if (code == 0 && cmd_flag(args, "--json"))
        code = cmd_print_json(recheck_json(&run.recheck), err);
    else if (code == 0)
        verify_show(&run, args);
    if (code == 0 && run.recheck.verdict == VERDICT_CONTRADICTED)
        code = cmd_answer(SANAD_FALSE, err);
    else if (code == 0 && run.recheck.verdict == VERDICT_UNDECIDED)
        code = cmd_answer(SANAD_MISSING, err);
    stmt_free(run.stmt);
    trust_free(run.trust);
    book_free(run.book);
    return code;
}

static const struct cmd_option options[] = {
    {"--book", "FILE", "the address book; else book*.json beside the statement or one folder up"},
    {"--trust", "FILE", "whose signatures count, and how many"},
    {"--pack", "DIR", "criteria-report: the files that it names; else beside the note"},
    {"--file", "FILE", "document: the file; annex: the age file"},
    {"--opening", "FILE...", "annex: what opens it, or parts of it"},
    {"--plain", "FILE...", "annex: what was sealed"},
    {"--threads", "N", "how many threads read the source"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_verify = {
    .name = "verify",
    .summary = "checks a statement: signatures and, with --source, every figure",
    .usage = "FILE.note [--trust FILE] [--book FILE] [--pack DIR] [--source blocks:DIR]",
    .options = options,
    .run = verify_verb,
};
