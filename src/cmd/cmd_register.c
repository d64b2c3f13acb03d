/* `sanad register`: declared records, four eyes, two times. */
#include "book/book.h"
#include "cmd/cmd.h"
#include "facts/facts.h"
#include "register/register.h"

#include <stdlib.h>

enum { BODY_SIZE_MAX = 1 << 20 };

/* What one run holds. */
struct register_run {
    const struct cmd_args *args;
    struct store *store;
    struct registry *registry;
    const char *kind;        /* NULL for `register check` */
    const char *const *rest; /* the words behind the job */
    size_t rest_count;
    bool simulated; /* the store holds a book of an invented nation */
    struct arena arena;
};

/* ---- common ---- */

static int known_option(int64_t *ret_known, const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--known");
    *ret_known = time_now();
    if (text && time_parse(ret_known, text, NULL) != 0 && date_parse(ret_known, text, NULL) != 0)
        return err_set(err, SANAD_USAGE, "--known: %s: not a date or time", text);
    return 0;
}

static const char *by_option(const struct cmd_args *args)
{
    const char *by = cmd_value(args, "--by");
    return by ? by : "operator";
}

static int document_option(struct hash256 *ret_document, bool *ret_given,
                           const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--document");
    *ret_given = text != NULL;
    if (text && !hash256_from_straight(ret_document, text))
        return err_set(err, SANAD_USAGE, "--document: %s: not 64 hexadecimal digits", text);
    return 0;
}

/* Any of this store's nations is invented: then every line says so, prices too. */
static int find_simulated(struct register_run *run, struct err *err)
{
    struct register_book *books;
    size_t count;
    const char *nation = cmd_value(run->args, "--nation");
    int code = register_books(run->registry, &books, &count, nation, &run->arena, err);
    for (size_t i = 0; code == 0 && i < count; i++)
        run->simulated = run->simulated || books[i].simulated;
    return code;
}

static int query_options(struct register_query *ret_query, const struct register_run *run,
                         struct err *err)
{
    struct cmd_when at;
    struct register_query query = {.kind = run->kind,
                                   .nation = cmd_value(run->args, "--nation"),
                                   .key = cmd_value(run->args, "--key")};
    int code = cmd_as_known(&query.known, run->args, err);
    if (code == 0)
        code = cmd_when(&at, run->args, "--at", err);
    if (code)
        return code;
    if (at.given && !at.is_date)
        return err_set(err, SANAD_USAGE, "--at: records know days, not heights");
    query.at_a_time = at.given;
    query.valid = at.time;
    if (run->rest_count == 1)
        query.key = run->rest[0];
    *ret_query = query;
    return 0;
}

/* A document of this run, marked. Takes the reference. */
static int marked_print(const struct register_run *run, json_t *json, struct err *err)
{
    (void)json_object_set_new(json, "simulated", json_boolean(run->simulated));
    return cmd_print_json(json, err);
}

/* ---- list, history, show ---- */

static void time_text(char ret_text[TIME_TEXT_SIZE], int64_t time, const char *otherwise)
{
    if (time == REGISTER_ALWAYS || time == REGISTER_NEVER)
        (void)snprintf(ret_text, TIME_TEXT_SIZE, "%s", otherwise);
    else
        time_format(ret_text, time);
}

static enum screen_style state_style(enum record_state state)
{
    return state == RECORD_APPROVED   ? STYLE_PLAIN
           : state == RECORD_PROPOSED ? STYLE_UNSURE
                                      : STYLE_BAD;
}

/* Midnight is the day itself: most things begin and end with one. */
static void moment_cell(struct table *table, int64_t time, const char *otherwise)
{
    char text[TIME_TEXT_SIZE];
    time_text(text, time, otherwise);
    char *midnight = strstr(text, "T00:00:00Z");
    if (midnight)
        *midnight = 0;
    table_cell(table, "%s", text);
}

/* Of a key that begins with a hash only its first digits, as in all tables: the number of the
 * record says which one it is, and --json has the whole. */
static void key_cell(struct table *table, const struct record *record)
{
    enum { HASH_DIGITS = 64, SHOWN = 16 };
    size_t digits = strspn(record->key, "0123456789abcdef");
    const char *rest = digits == HASH_DIGITS ? record->key + HASH_DIGITS : "";
    table_cell(table, "%.*s%.40s%s", digits == HASH_DIGITS ? SHOWN : 96, record->key, rest,
               record->body ? "" : " (withdrawn)");
}

/* The nation is told where it is not the same in all rows. */
static bool is_of_one_nation(const struct record *records, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(records[i].nation, records[0].nation) != 0)
            return false;
    return true;
}

static void record_row(struct table *table, const struct record *record, bool with_nation)
{
    char text[TIME_TEXT_SIZE];
    table_row_style(table, state_style(record->state));
    table_cell(table, "%lld", (long long)record->number);
    if (with_nation)
        table_cell(table, "%s", record->nation);
    key_cell(table, record);
    table_cell(table, "%s", record_state_name(record->state));
    time_text(text, record->known, "-");
    table_cell(table, "%s", text);
    moment_cell(table, record->valid_from, "always");
    moment_cell(table, record->valid_until, "-");
    table_cell(table, "%s", record->proposer);
    table_cell(table, "%s", record->decider ? record->decider : "-");
}

static void records_table(const struct register_run *run, const struct record *records,
                          size_t count)
{
    static const char *const titles[] = {"key",   "state",    "known",  "from",
                                         "until", "proposer", "decider"};
    struct screen screen = screen_stdout(run->simulated);
    struct table *table = table_new();
    bool with_nation = !is_of_one_nation(records, count);
    table_column(table, "record", ALIGN_RIGHT);
    if (with_nation)
        table_column(table, "nation", ALIGN_LEFT);
    for (size_t i = 0; i < countof(titles); i++)
        table_column(table, titles[i], ALIGN_LEFT);
    for (size_t i = 0; i < count; i++)
        record_row(table, &records[i], with_nation);
    table_print(table, &screen);
    table_free(table);
}

static int records_print(const struct register_run *run, const struct register_query *query,
                         const struct record *records, size_t count, struct err *err)
{
    if (!cmd_flag(run->args, "--json")) {
        records_table(run, records, count);
        return 0;
    }
    char known[TIME_TEXT_SIZE];
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, register_record_json(&records[i]));
    json_t *json = json_object();
    (void)json_object_set_new(json, "kind", json_string(run->kind));
    time_text(known, query->known, "");
    (void)json_object_set_new(json, "as_known", *known ? json_string(known) : json_null());
    (void)json_object_set_new(json, "records", list);
    return marked_print(run, json, err);
}

typedef int question(struct registry *registry, struct record **ret_records, size_t *ret_count,
                     const struct register_query *query, struct arena *arena, struct err *err);

static int ask(struct register_run *run, question *asked, struct err *err)
{
    struct register_query query;
    struct record *records;
    size_t count;
    int code = query_options(&query, run, err);
    if (code == 0)
        code = asked(run->registry, &records, &count, &query, &run->arena, err);
    return code ? code : records_print(run, &query, records, count, err);
}

static int job_list(struct register_run *run, struct err *err)
{
    return ask(run, register_as_known, err);
}

static int job_history(struct register_run *run, struct err *err)
{
    return ask(run, register_history, err);
}

static int number_word(int64_t *ret_number, const struct register_run *run, struct err *err)
{
    uint64_t number;
    if (run->rest_count != 1 ||
        !number_parse(&number, run->rest[0], strlen(run->rest[0]), INT64_MAX))
        return err_set(err, SANAD_USAGE, "sanad register: the number of one record is needed");
    *ret_number = (int64_t)number;
    return 0;
}

static int record_print(const struct register_run *run, int64_t number, struct err *err)
{
    struct record record;
    struct arena arena = {0};
    int code = register_record(run->registry, &record, number, &arena, err);
    if (code == 0 && run->kind && strcmp(record.kind, run->kind) != 0)
        code = err_set(err, SANAD_MISSING, "record %lld: is of kind %s, not %s", (long long)number,
                       record.kind, run->kind);
    if (code == 0)
        code = marked_print(run, register_record_json(&record), err);
    arena_free(&arena);
    return code;
}

/* By number, or by key: then what stands. */
static int job_show(struct register_run *run, struct err *err)
{
    struct register_query query;
    struct record *records;
    size_t count;
    int64_t number;
    if (run->rest_count != 1)
        return err_set(err, SANAD_USAGE, "sanad register: show: a number or a key is needed");
    if (number_word(&number, run, NULL) == 0)
        return record_print(run, number, err);
    int code = query_options(&query, run, err);
    if (code == 0)
        code = register_as_known(run->registry, &records, &count, &query, &run->arena, err);
    if (code == 0 && count != 1)
        code = err_set(err, count ? SANAD_USAGE : SANAD_MISSING, "%s \"%.128s\": %s", run->kind,
                       run->rest[0],
                       count ? "several nations have it; --nation is needed" : "nothing stands");
    return code ? code : marked_print(run, register_record_json(&records[0]), err);
}

/* ---- propose, approve, reject ---- */

static int proposal_send(struct register_run *run, const json_t *body, struct err *err)
{
    struct hash256 document;
    bool given;
    int64_t number;
    struct proposal proposal = {.kind = run->kind,
                                .nation = cmd_value(run->args, "--nation"),
                                .body = body,
                                .key = cmd_value(run->args, "--withdraw"),
                                .document_name = cmd_value(run->args, "--document-name"),
                                .visibility = cmd_value(run->args, "--visibility"),
                                .proposer = by_option(run->args)};
    int code = document_option(&document, &given, run->args, err);
    if (code == 0)
        code = known_option(&proposal.known, run->args, err);
    proposal.document = given ? &document : NULL;
    if (code == 0)
        code = register_propose(run->registry, &number, &proposal, err);
    return code ? code : record_print(run, number, err);
}

static int job_propose(struct register_run *run, struct err *err)
{
    json_t *body = NULL;
    const char *path = cmd_value(run->args, "--body");
    const char *withdrawn = cmd_value(run->args, "--withdraw");
    if (!path == !withdrawn)
        return err_set(err, SANAD_USAGE, "sanad register: propose: --body FILE or --withdraw KEY");
    int code = path ? json_read_file(&body, path, BODY_SIZE_MAX, err) : 0;
    if (code == 0)
        code = proposal_send(run, body, err);
    json_decref(body);
    return code;
}

static int decide(struct register_run *run,
                  int (*decision_send)(struct registry *registry, const struct decision *decision,
                                       struct err *err),
                  struct err *err)
{
    struct decision decision = {.reason = cmd_value(run->args, "--reason")};
    int code = number_word(&decision.number, run, err);
    if (code == 0)
        code = cmd_required(&decision.who, run->args, "--by", err);
    if (code == 0)
        code = known_option(&decision.known, run->args, err);
    if (code == 0)
        code = decision_send(run->registry, &decision, err);
    return code ? code : record_print(run, decision.number, err);
}

static int job_approve(struct register_run *run, struct err *err)
{
    return decide(run, register_approve, err);
}

static int job_reject(struct register_run *run, struct err *err)
{
    return decide(run, register_reject, err);
}

/* ---- import, export ---- */

enum { REPORT_ROW_MAX = 20 }; /* a person reads a page; --json has every row */

/* "989 added, 4 unchanged" */
static void report_counts(const struct import_report *report, const struct screen *screen)
{
    struct buf line = buf_with_max(1024);
    for (size_t i = 0; i < IMPORT_OUTCOME_COUNT; i++)
        if (report->counts[i] > 0)
            buf_format(&line, "%s%zu %s", line.size ? ", " : "", report->counts[i],
                       import_outcome_name((enum import_outcome)i));
    screen_line(screen, report->counts[IMPORT_REFUSED] ? STYLE_BAD : STYLE_GOOD, "%s",
                line.size ? buf_cstr(&line) : "nothing to import");
    buf_free(&line);
}

/* Numbers count from 1; where there is none the cell stays empty. */
static void number_cell(struct table *table, int64_t number)
{
    if (number)
        table_cell(table, "%lld", (long long)number);
    else
        table_cell(table, "%s", "");
}

static void report_table(const struct register_run *run, const struct import_report *report)
{
    struct screen screen = screen_stdout(run->simulated);
    struct table *table = table_new();
    table_column(table, "line", ALIGN_RIGHT);
    table_column(table, "outcome", ALIGN_LEFT);
    table_column(table, "record", ALIGN_RIGHT);
    table_column(table, "kind", ALIGN_LEFT);
    table_column(table, "key", ALIGN_LEFT);
    table_column(table, "why", ALIGN_LEFT);
    bool refused = report->counts[IMPORT_REFUSED] > 0;
    size_t shown = 0;
    size_t left_out = 0;
    for (size_t i = 0; i < report->row_count; i++) {
        const struct import_row *row = &report->rows[i];
        if (refused && row->outcome != IMPORT_REFUSED)
            continue; /* nothing else happened after all */
        if (shown++ >= REPORT_ROW_MAX) {
            left_out++;
            continue;
        }
        table_row_style(table, refused ? STYLE_BAD : STYLE_PLAIN);
        number_cell(table, (int64_t)row->line);
        table_cell(table, "%s", import_outcome_name(row->outcome));
        number_cell(table, row->number);
        table_cell(table, "%s", row->kind);
        table_cell(table, "%.96s", row->key ? row->key : "");
        table_cell(table, "%s", row->why ? row->why : "");
    }
    table_print(table, &screen);
    table_free(table);
    if (left_out > 0)
        screen_line(&screen, STYLE_FAINT, "and %zu more rows: --json lists them all", left_out);
    report_counts(report, &screen);
}

static int report_print(struct register_run *run, const struct import_report *report,
                        struct err *err)
{
    if (cmd_flag(run->args, "--json"))
        return marked_print(run, import_report_json(report), err);
    report_table(run, report);
    return 0;
}

/* The chain whose addresses a book has: --chain, or the store's, or the main one. */
static int book_chain(const struct chain_params **ret_params, const struct register_run *run,
                      struct err *err)
{
    if (!cmd_value(run->args, "--chain") && facts_chain(ret_params, run->store, NULL) == 0)
        return 0;
    return cmd_chain(ret_params, run->args, err);
}

static int import_book(struct register_run *run, struct import_report *report, const char *path,
                       const struct register_import *import, struct err *err)
{
    const struct chain_params *params = NULL;
    struct book *book;
    struct register_import named = *import;
    int code = book_chain(&params, run, err);
    if (code == 0)
        code = book_read_file(&book, path, params, err);
    if (code)
        return code;
    if (!named.document_name)
        named.document_name = path;
    run->simulated = run->simulated || book->simulated;
    code = register_import_book(run->registry, report, book->json, &named, err);
    book_free(book);
    return code;
}

static int import_file(struct register_run *run, struct import_report *report, struct err *err)
{
    struct hash256 document;
    bool given;
    const char *path = cmd_value(run->args, "--csv");
    if (run->rest_count == 1 && !path)
        path = run->rest[0];
    else if (run->rest_count > 0 || !path)
        return err_set(err, SANAD_USAGE, "sanad register: import: one FILE is needed");
    struct register_import import = {.nation = cmd_value(run->args, "--nation"),
                                     .proposer = by_option(run->args),
                                     .approver = cmd_value(run->args, "--approver"),
                                     .document_name = cmd_value(run->args, "--document-name")};
    int code = known_option(&import.known, run->args, err);
    if (code == 0)
        code = document_option(&document, &given, run->args, err);
    if (code)
        return code;
    import.document = given ? &document : NULL;
    if (strcmp(run->kind, "book") == 0)
        return import_book(run, report, path, &import, err);
    return register_import_csv_file(run->registry, report, run->kind, path, &import, err);
}

static int job_import(struct register_run *run, struct err *err)
{
    struct import_report report = {0};
    int code = import_file(run, &report, err);
    int printed = code == 0 || report.row_count > 0 ? report_print(run, &report, err) : 0;
    import_report_free(&report);
    return code ? code : printed;
}

static int job_export(struct register_run *run, struct err *err)
{
    struct register_query query;
    struct buf text = buf_with_max(REGISTER_CSV_MAX);
    int code = query_options(&query, run, err);
    if (code == 0)
        code = register_export_csv(run->registry, &text, &query, err);
    if (code == 0 && fwrite(text.data, 1, text.size, stdout) != text.size)
        code = err_set(err, SANAD_IO, "standard output: cannot be written");
    buf_free(&text);
    return code;
}

/* ---- check ---- */

static int job_check(struct register_run *run, struct err *err)
{
    char head[HEX256_SIZE];
    struct hash256 hash;
    int64_t count;
    int code = register_check(run->registry, &count, &hash, err);
    if (code)
        return code;
    hash256_straight(head, &hash);
    if (cmd_flag(run->args, "--json"))
        return marked_print(
            run,
            json_pack("{s:b, s:I, s:s}", "holds", true, "entries", (json_int_t)count, "head", head),
            err);
    struct screen screen = screen_stdout(run->simulated);
    screen_line(&screen, STYLE_GOOD, "the journal holds: %lld entries, head %s", (long long)count,
                head);
    return 0;
}

/* ---- the verb ---- */

static const struct job {
    const char *name;
    enum store_mode mode;
    int (*run)(struct register_run *run, struct err *err);
} jobs[] = {
    {"list", STORE_READ, job_list},         {"show", STORE_READ, job_show},
    {"history", STORE_READ, job_history},   {"export", STORE_READ, job_export},
    {"check", STORE_READ, job_check},       {"import", STORE_CREATE, job_import},
    {"propose", STORE_CREATE, job_propose}, {"approve", STORE_WRITE, job_approve},
    {"reject", STORE_WRITE, job_reject},
};

static const struct job *find_job(const char *name)
{
    for (size_t i = 0; i < countof(jobs); i++)
        if (strcmp(jobs[i].name, name) == 0)
            return &jobs[i];
    return NULL;
}

/* Says which kinds there are. */
static int kind_unknown(const char *name, struct err *err)
{
    struct buf kinds = buf_with_max(ERR_TEXT_SIZE);
    const struct register_kind *kind;
    for (size_t i = 0; (kind = register_kind_at(i)); i++)
        buf_format(&kinds, "%s%s", i ? ", " : "", kind->name);
    int code =
        err_set(err, SANAD_USAGE, "sanad register: %s: no such kind of record (there are %s)", name,
                buf_cstr(&kinds));
    buf_free(&kinds);
    return code;
}

/* KIND JOB …, or `check` alone. */
static int words_read(struct register_run *run, const struct job **ret_job, struct err *err)
{
    size_t count;
    const char *const *words = cmd_words(run->args, &count);
    if (count == 1 && strcmp(words[0], "check") == 0) {
        *ret_job = find_job("check");
        return 0;
    }
    const struct job *job = count >= 2 ? find_job(words[1]) : NULL;
    if (!job)
        return err_set(err, SANAD_USAGE,
                       "sanad register: say `register KIND import|list|show|history|propose|"
                       "approve|reject|export` or `register check`");
    if (!register_kind_find(words[0]))
        return kind_unknown(words[0], err);
    run->kind = words[0];
    run->rest = words + 2;
    run->rest_count = count - 2;
    *ret_job = job;
    return 0;
}

static int run_job(struct register_run *run, const struct job *job, struct err *err)
{
    const char *spec;
    int code = cmd_required(&spec, run->args, "--store", err);
    if (code == 0)
        code = store_open(&run->store, spec, job->mode, err);
    if (code == 0)
        code = register_open(&run->registry, run->store, err);
    if (code == 0)
        code = find_simulated(run, err);
    if (code == 0)
        code = job->run(run, err);
    register_close(run->registry);
    store_close(run->store);
    arena_free(&run->arena);
    return code;
}

static int register_verb(const struct cmd_args *args, struct err *err)
{
    struct register_run run = {.args = args};
    const struct job *job = NULL;
    int code = words_read(&run, &job, err);
    if (code)
        return code;
    sanad_assert(job);
    return run_job(&run, job, err);
}

static const struct cmd_option options[] = {
    {"--csv", "FILE", "import: the file, as a word or here"},
    {"--by", "NAME", "who prepares, approves or rejects"},
    {"--approver", "NAME", "import: who approves at once; another than who prepares"},
    {"--known", "TIME", "when it became known; now where left out"},
    {"--document", "SHA256", "the hash of the document behind it"},
    {"--document-name", "NAME", "its name, for people"},
    {"--body", "FILE", "propose: the record's fields as JSON"},
    {"--withdraw", "KEY", "propose: that nothing stands for this key any more"},
    {"--visibility", "WHO", "propose: public, fund or sealed"},
    {"--reason", "TEXT", "approve, reject: why"},
    {"--key", "KEY", "list, history, export: only this key"},
    {"--at", "DATE", "list, export: only what holds on that day"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_register = {
    .name = "register",
    .summary = "declared records: four eyes, two times, nothing overwritten",
    .usage =
        "KIND import FILE | list | show KEY|NUMBER | history [KEY] | propose | approve NUMBER |\n"
        "       reject NUMBER | export   (KIND: book, entity, wallet, price, declaration,\n"
        "       liability, series, programme)\n"
        "       check",
    .options = options,
    .run = register_verb,
};
