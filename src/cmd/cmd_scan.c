/* `sanad scan`: declares the books, then finds all their coins and spends in the source. */
#include "cmd/cmd.h"
#include "scan/scan.h"
#include "source/source.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_MAX = 1024,
    BOOKS_MAX = 256,
    CHECKPOINT_MS_MAX = 3600000,
    FOLLOW_SECONDS = 5,
    FOLLOW_WOKEN_SECONDS = 30, /* where news come by themselves */
    FOLLOW_SECONDS_MAX = 3600,
    FOLLOW_AWAY_SECONDS = 60, /* between two looks for a node that is away, at most */
    FOLLOW_FAILURES = 5       /* of scans in a row, while the source itself answers */
};

/* All that one run of the verb holds. */
struct scan_run {
    struct store *store;
    struct facts *facts;
    struct registry *registry;
    struct source *source;    /* NULL: a snapshot */
    struct source_wake *wake; /* or NULL */
    struct cmd_snapshot snapshot;
    struct book *books[BOOKS_MAX];
    size_t book_count;
    const struct chain_params *params;
    bool simulated;
    struct filters *filters; /* or NULL */
};

static void run_close(struct scan_run *run)
{
    for (size_t i = 0; i < run->book_count; i++)
        book_free(run->books[i]);
    source_wake_close(run->wake);
    source_close(run->source);
    filters_close(run->filters);
    register_close(run->registry);
    facts_close(run->facts);
    store_close(run->store);
}

static int known_time(int64_t *ret_known, const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--known");
    *ret_known = time_now();
    if (text && time_parse(ret_known, text, NULL) != 0 && date_parse(ret_known, text, NULL) != 0)
        return err_set(err, SANAD_USAGE, "--known: %s: not a date or time", text);
    return 0;
}

/* Reads and checks every book that is given, before anything is opened for writing. */
static int books_read(struct scan_run *run, const char *const *paths, size_t count, struct err *err)
{
    int code = 0;
    if (count > BOOKS_MAX)
        return err_set(err, SANAD_USAGE, "--book: more than %d", BOOKS_MAX);
    for (size_t i = 0; i < count && code == 0; i++) {
        code = book_read_file(&run->books[i], paths[i], run->params, err);
        run->book_count += code == 0;
    }
    return code;
}

/* The register keeps each book as a version. */
static int books_declare(struct scan_run *run, const struct cmd_args *args,
                         const char *const *paths, int64_t known, struct err *err)
{
    const char *by = cmd_value(args, "--by");
    int code = 0;
    for (size_t i = 0; i < run->book_count && code == 0; i++) {
        struct import_report report = {0};
        struct register_import import = {.nation = run->books[i]->nation,
                                         .proposer = by ? by : "operator",
                                         .approver = cmd_value(args, "--approver"),
                                         .document_name = paths[i],
                                         .known = known};
        code = register_import_book(run->registry, &report, run->books[i]->json, &import, err);
        import_report_free(&report);
    }
    return code;
}

/* Books that the store holds already are watched too: one store, several books. */
static int books_known(struct scan_run *run, struct err *err)
{
    struct arena arena = {0};
    struct register_book *versions;
    size_t count;
    int code = register_books(run->registry, &versions, &count, NULL, &arena, err);
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct bytes text;
        bool read_already = versions[i].state == RECORD_REJECTED;
        for (size_t j = 0; j < run->book_count; j++)
            read_already =
                read_already || hash256_equal(&run->books[j]->sha256, &versions[i].sha256);
        if (read_already || run->book_count == BOOKS_MAX)
            continue;
        code = register_document(run->registry, &text, &versions[i].sha256, &arena, err);
        if (code == 0)
            code = book_read(&run->books[run->book_count], store_name(run->store), text,
                             run->params, err);
        run->book_count += code == 0;
    }
    arena_free(&arena);
    return code;
}

/* ---- waiting for a source ---------------------------------------------------------------- */

/* What may pass by itself: a node that is not there, or lets nobody in. Block files are there or
 * are not. */
static bool may_pass(const struct cmd_args *args, int code)
{
    const char *spec = cmd_value(args, "--source");
    return cmd_flag(args, "--follow") && spec && strncmp(spec, "blocks:", 7) != 0 &&
           (code == SANAD_IO || code == SANAD_ENVIRONMENT);
}

static void pause_seconds(uint64_t seconds)
{
    struct timespec pause = {.tv_sec = (time_t)seconds};
    (void)nanosleep(&pause, NULL); /* a shorter pause does no harm */
}

/* Says once why it waits, then longer and longer from look to look. */
struct away {
    bool told;
    uint64_t seconds;
};

static void away_wait(struct away *away, const struct err *why)
{
    if (!away->told)
        log_line("follow", "waits", why->text, NULL);
    away->told = true;
    away->seconds = away->seconds ? 2 * away->seconds : 1;
    if (away->seconds > FOLLOW_AWAY_SECONDS)
        away->seconds = FOLLOW_AWAY_SECONDS;
    pause_seconds(away->seconds);
}

static void away_end(struct away *away)
{
    if (away->told)
        log_line("follow", "goes", "on", NULL);
    *away = (struct away){.told = false};
}

static int source_open_patiently(struct scan_run *run, const struct cmd_source *from,
                                 const struct cmd_args *args, struct err *err)
{
    struct away away = {.told = false};
    int code;
    while (may_pass(args, code = source_open(&run->source, from->spec, &from->options, err)))
        away_wait(&away, err);
    away_end(&away);
    return code;
}

/* Opens the source and reads the books: what is wrong with them is told before a store is
 * made or changed. */
static int inputs_open(struct scan_run *run, const struct cmd_args *args, struct err *err)
{
    struct cmd_source from;
    size_t count;
    const char *const *paths = cmd_values(args, "--book", &count);
    const char *news = cmd_value(args, "--zmq");
    const char *spec;
    int code = cmd_required(&spec, args, "--source", err);
    if (code == 0)
        code = cmd_chain(&run->params, args, err);
    if (code == 0)
        code = cmd_source_read(&from, run->params, args, err);
    if (code == 0 && cmd_is_snapshot(from.spec)) {
        code = cmd_snapshot_open(&run->snapshot, from.spec, run->params, args, err);
        return code ? code : books_read(run, paths, count, err);
    }
    if (code == 0 && news)
        code = source_wake_open(&run->wake, news, err);
    if (code == 0)
        code = source_open_patiently(run, &from, args, err);
    if (code == 0 && source_tip(run->source) == NODE_NONE)
        code = err_set(err, SANAD_MISSING, "%s: holds no block", source_name(run->source));
    return code ? code : books_read(run, paths, count, err);
}

/* Where filters are kept: the folder that is named, or beside the store; where they were kept
 * before they are kept on. */
static int filters_make(struct scan_run *run, const struct cmd_args *args, const char *store,
                        struct err *err)
{
    char folder[PATH_SIZE];
    const char *named = cmd_value(args, "--filters-dir");
    if (!run->source) /* a snapshot has no blocks to make filters of: refused where asked for */
        return 0;
    if (named)
        return filters_open(&run->filters, named, run->params, FILTERS_WRITE, err);
    if (snprintf(folder, sizeof folder, "%s.filters", store) >= PATH_SIZE)
        return err_set(err, SANAD_USAGE, "--store: %s: too long", store);
    if (!cmd_flag(args, "--filters") && !file_exists(folder))
        return 0;
    return filters_open(&run->filters, folder, run->params, FILTERS_WRITE, err);
}

static int run_open(struct scan_run *run, const struct cmd_args *args, struct err *err)
{
    const char *spec;
    int64_t known;
    int code = cmd_required(&spec, args, "--store", err);
    if (code == 0)
        code = known_time(&known, args, err);
    if (code == 0)
        code = inputs_open(run, args, err);
    if (code == 0 && run->book_count == 0 && !file_exists(spec))
        code = err_set(err, SANAD_USAGE, "sanad scan: --book is needed: there is no store yet");
    if (code == 0)
        code = store_open(&run->store, spec, STORE_CREATE, err);
    if (code == 0)
        code = facts_open(&run->facts, run->store, run->params, err);
    if (code == 0)
        code = register_open(&run->registry, run->store, err);
    if (code == 0) {
        size_t count;
        const char *const *paths = cmd_values(args, "--book", &count);
        code = books_declare(run, args, paths, known, err);
    }
    if (code == 0)
        code = books_known(run, err);
    if (code == 0)
        code = filters_make(run, args, spec, err);
    if (code == 0 && run->book_count == 0)
        code = err_set(err, SANAD_USAGE, "sanad scan: --book is needed: the store holds none");
    for (size_t i = 0; i < run->book_count; i++)
        run->simulated = run->simulated || run->books[i]->simulated;
    return code;
}

/* Whose word it rests on, where it rests on somebody's. */
static json_t *evidence_json(const struct source *source)
{
    struct source_evidence evidence;
    source_evidence_get(&evidence, source);
    json_t *json = json_object();
    json_object_set_new(json, "source", json_string("p2p"));
    json_object_set_new(json, "peers_agreed", json_integer(evidence.agreed));
    json_object_set_new(json, "peers_wanted", json_integer(evidence.wanted));
    json_object_set_new(json, "peers_banned", json_integer(evidence.banned));
    json_object_set_new(json, "birthday", json_integer(evidence.birthday));
    return json;
}

static json_t *result_json(const struct scan_run *run, const struct scan_result *result,
                           const char *gap)
{
    char work[HEX256_SIZE];
    const struct facts_state *state = &result->state;
    u256_hex(work, &state->tip_work);
    double seconds = (double)result->nanoseconds * 1e-9;
    json_t *tip = json_object();
    json_object_set_new(tip, "height", json_integer(state->tip_height));
    json_object_set_new(tip, "hash", json_hash_display(&state->tip_hash));
    json_object_set_new(tip, "time", json_time(state->tip_time));
    json_object_set_new(tip, "chainwork", json_string(work));
    json_t *json = json_object();
    json_object_set_new(json, "chain", json_string(run->params->name));
    json_object_set_new(json, "simulated", json_boolean(run->simulated));
    json_object_set_new(json, "tip", tip);
    json_object_set_new(json, "from_height", json_integer(result->from_height));
    json_object_set_new(json, "first_height", json_integer(state->first_height));
    json_object_set_new(json, "blocks", json_integer((json_int_t)result->blocks));
    json_object_set_new(json, "blocks_again", json_integer((json_int_t)result->again_blocks));
    json_object_set_new(json, "late_scripts", json_integer((json_int_t)result->late_scripts));
    json_object_set_new(json, "filters", json_integer((json_int_t)result->filters));
    json_object_set_new(json, "stale_blocks", json_integer((json_int_t)result->stale_blocks));
    json_object_set_new(json, "withdrawn_blocks", json_integer(result->withdrawn_blocks));
    json_object_set_new(json, "transactions", json_integer((json_int_t)result->transactions));
    json_object_set_new(json, "bytes", json_integer((json_int_t)result->bytes));
    json_object_set_new(json, "coins", json_integer((json_int_t)state->coin_count));
    json_object_set_new(json, "spends", json_integer((json_int_t)state->spend_count));
    json_object_set_new(json, "complete", json_boolean(!*gap));
    if (*gap)
        json_object_set_new(json, "missing", json_pack("[s]", gap));
    json_object_set_new(json, "passes", json_integer(result->passes));
    json_object_set_new(json, "grade", json_string(grade_name(state->grade)));
    if (run->source && source_is_light(run->source))
        json_object_set_new(json, "evidence", evidence_json(run->source));
    json_object_set_new(json, "seconds", json_real(seconds));
    json_object_set_new(
        json, "bytes_per_second",
        json_integer(seconds > 0 ? (json_int_t)((double)result->bytes / seconds) : 0));
    return json;
}

static void filters_show(const struct scan_run *run, const struct scan_result *result,
                         const struct screen *screen)
{
    struct source_stats stats;
    source_stats_get(&stats, run->source);
    if (stats.has_undo || filters_count(run->filters) > 0)
        screen_line(screen, STYLE_PLAIN, "  filters  %llu new, %zu kept, %.1f MB",
                    (unsigned long long)result->filters, filters_count(run->filters),
                    (double)filters_bytes(run->filters) * 1e-6);
    else
        screen_line(screen, STYLE_UNSURE,
                    "  filters  none: no rev files stand beside the blocks to tell what is spent");
}

/* New blocks, older ones that were read again, and how fast it all went. */
static void read_show(const struct scan_result *result, const struct screen *screen)
{
    double seconds = (double)result->nanoseconds * 1e-9;
    if (result->blocks > 0 && result->state.grade == GRADE_FILTER)
        screen_line(
            screen, STYLE_PLAIN,
            "  filters  of %llu blocks from height %u; %llu transactions in those that match",
            (unsigned long long)result->blocks, result->from_height,
            (unsigned long long)result->transactions);
    else if (result->blocks > 0)
        screen_line(screen, STYLE_PLAIN, "  read     %llu blocks from height %u, %llu transactions",
                    (unsigned long long)result->blocks, result->from_height,
                    (unsigned long long)result->transactions);
    else
        screen_line(screen, STYLE_PLAIN, "  read     no new blocks");
    if (result->again_blocks > 0)
        screen_line(screen, STYLE_PLAIN, "  again    %llu blocks, for %llu new scripts",
                    (unsigned long long)result->again_blocks,
                    (unsigned long long)result->late_scripts);
    if (result->bytes > 0)
        screen_line(screen, STYLE_PLAIN, "  in all   %.1f MB in %.2f s (%.0f MB/s)",
                    (double)result->bytes / 1e6, seconds,
                    seconds > 0 ? (double)result->bytes / seconds / 1e6 : 0);
}

static void evidence_show(const struct source *source, const struct screen *screen)
{
    struct source_evidence evidence;
    source_evidence_get(&evidence, source);
    if (evidence.agreed == 1)
        screen_line(screen, STYLE_UNSURE,
                    "  agreed   one peer speaks for all filters: its word alone");
    else if (evidence.agreed > 0)
        screen_line(screen, STYLE_PLAIN, "  agreed   %u peers say the same of all filters%s",
                    evidence.agreed, evidence.agreed < 3 ? ": they are few" : "");
    else
        screen_line(screen, STYLE_PLAIN, "  agreed   in an earlier run: no block is new");
    if (evidence.birthday > 0)
        screen_line(screen, STYLE_UNSURE,
                    "  note     no block below height %u was looked at (--birthday)",
                    evidence.birthday);
}

static void result_show(const struct scan_run *run, const struct scan_result *result)
{
    struct screen screen = screen_stdout(run->simulated);
    char hash[HEX256_SIZE];
    char time[TIME_TEXT_SIZE];
    const struct facts_state *state = &result->state;
    hash256_display(hash, &state->tip_hash);
    time_format(time, state->tip_time);
    screen_line(&screen, STYLE_HEAD, "Scan of %s to block %u, %s", run->params->name,
                state->tip_height, time);
    screen_line(&screen, STYLE_PLAIN, "  block    %s", hash);
    screen_line(&screen, STYLE_PLAIN, "  grade    %s", grade_name(state->grade));
    if (run->source && source_is_light(run->source))
        evidence_show(run->source, &screen);
    read_show(result, &screen);
    screen_line(&screen, STYLE_PLAIN, "  found    %llu coins, %llu of them spent",
                (unsigned long long)state->coin_count, (unsigned long long)state->spend_count);
    if (run->filters)
        filters_show(run, result, &screen);
    screen_line(&screen, STYLE_PLAIN, "  beside   %llu stale blocks%s",
                (unsigned long long)result->stale_blocks,
                result->withdrawn_blocks ? "; a reorganisation was followed" : "");
    if (state->opened)
        screen_line(&screen, STYLE_UNSURE,
                    "  note     begins with a snapshot: what moved up to block %u is not known%s",
                    state->first_height,
                    state->grade < GRADE_SNAPSHOT ? ", and its hash was not checked" : "");
    if (facts_lack_older(state))
        screen_line(&screen, STYLE_UNSURE,
                    "  note     coins older than height %u are unknown: totals are not complete",
                    state->first_height);
}

/* A snapshot in place of blocks. */
static int snapshot_once(struct scan_run *run, const struct cmd_args *args, struct err *err)
{
    struct scan_opening *opening = &run->snapshot.opening;
    struct scan_result result;
    uint64_t threads;
    int code = cmd_number(&threads, args, "--threads", THREADS_MAX, 0, err);
    if (code)
        return code;
    opening->facts = run->facts;
    opening->store = run->store;
    opening->books = run->books;
    opening->book_count = run->book_count;
    opening->threads = (unsigned)threads;
    code = scan_opening_run(&result, opening, err);
    if (code)
        return code;
    if (cmd_flag(args, "--json"))
        return cmd_print_json(result_json(run, &result, ""), err);
    result_show(run, &result);
    return 0;
}

static int scan_once(struct scan_run *run, const struct cmd_args *args, struct err *err)
{
    uint64_t threads;
    uint64_t to;
    uint64_t checkpoint;
    struct source_stats stats;
    struct scan_result result;
    int code = cmd_number(&threads, args, "--threads", THREADS_MAX, 0, err);
    if (code == 0)
        code = cmd_number(&to, args, "--to", INT32_MAX, UINT64_MAX, err);
    if (code == 0)
        code = cmd_number(&checkpoint, args, "--checkpoint", CHECKPOINT_MS_MAX, 0, err);
    if (code)
        return code;
    source_stats_get(&stats, run->source);
    struct scan_options options = {.source = run->source,
                                   .facts = run->facts,
                                   .store = run->store,
                                   .books = run->books,
                                   .book_count = run->book_count,
                                   .threads = (unsigned)threads,
                                   .to_height = to == UINT64_MAX ? -1 : (int64_t)to,
                                   .checkpoint_ms = (unsigned)checkpoint,
                                   .parse_only = cmd_flag(args, "--parse-only"),
                                   .filters = run->filters};
    options.progress = progress_new("scan", stats.bytes, stats.blocks, "blocks");
    code = scan_run(&result, &options, err);
    progress_free(options.progress);
    if (code)
        return code;
    /* What was read is right; but later blocks are known that it does not reach. */
    struct err gap = {0};
    int missing = options.to_height < 0 ? source_gap(run->source, &gap) : 0;
    if (cmd_flag(args, "--json"))
        code = cmd_print_json(result_json(run, &result, gap.text), err);
    else
        result_show(run, &result);
    if (code == 0 && missing) {
        *err = gap;
        code = missing;
    }
    return code;
}

/* ---- following --------------------------------------------------------------------------- */

/* What was found is in the store up to the last checkpoint: ending at any moment is safe. */
static void on_stop(int number)
{
    (void)number;
    _exit(0);
}

static void stop_at_once(void)
{
    struct sigaction action = {.sa_handler = on_stop};
    (void)sigaction(SIGINT, &action, NULL); /* cannot fail for these */
    (void)sigaction(SIGTERM, &action, NULL);
}

static void news_wait(const struct scan_run *run, uint64_t seconds)
{
    if (run->wake)
        (void)source_wake_wait(run->wake, (unsigned)seconds * 1000);
    else
        pause_seconds(seconds);
}

/* A gap of a node that still downloads closes by itself. */
static int scan_again(struct scan_run *run, const struct cmd_args *args, struct err *err)
{
    int code = scan_once(run, args, err);
    if (code == SANAD_MISSING && source_gap(run->source, NULL) != 0) {
        log_line("follow", "missing", err->text, NULL);
        *err = (struct err){0};
        return 0;
    }
    return code;
}

/* Until it is told to end, or something is wrong that no waiting mends. */
static int follow(struct scan_run *run, const struct cmd_args *args, struct err *err)
{
    struct away away = {.told = false};
    uint64_t seconds;
    unsigned failures = 0;
    bool behind = true;
    int code = cmd_number(&seconds, args, "--every", FOLLOW_SECONDS_MAX,
                          run->wake ? FOLLOW_WOKEN_SECONDS : FOLLOW_SECONDS, err);
    stop_at_once();
    while (code == 0) {
        uint32_t before = source_tip(run->source);
        if (behind)
            code = scan_again(run, args, err);
        (void)fflush(stdout); /* a log file shows each round at once; errors show at the end */
        behind = code != 0;
        failures = behind ? failures + 1 : 0;
        if (code == 0)
            news_wait(run, seconds);
        if (may_pass(args, code) && failures < FOLLOW_FAILURES) {
            away_wait(&away, err);
            code = 0;
        }
        while (code == 0 && may_pass(args, code = source_refresh(run->source, err))) {
            away_wait(&away, err);
            code = 0;
        }
        away_end(&away);
        behind = behind || source_tip(run->source) != before;
    }
    return code;
}

static int scan_verb(const struct cmd_args *args, struct err *err)
{
    struct scan_run run = {0};
    int code = run_open(&run, args, err);
    if (code == 0)
        code = !run.source                  ? snapshot_once(&run, args, err)
               : cmd_flag(args, "--follow") ? follow(&run, args, err)
                                            : scan_once(&run, args, err);
    run_close(&run);
    return code;
}

static const struct cmd_option options[] = {
    {"--book", "FILE...", "address books; each becomes a declared version in the store"},
    {"--threads", "N", "how many threads read; as many as the machine has where left out"},
    {"--to", "HEIGHT", "the last block to read; the tip where left out"},
    {"--checkpoint", "MS", "commits what was found so often; 2000 milliseconds where left out"},
    {"--follow", NULL, "goes on as the source grows, until SIGTERM"},
    {"--every", "SECONDS", "how often --follow looks; 5, with --zmq 30"},
    {"--zmq", "ADDRESS", "where the node publishes `sequence`: tcp://HOST:PORT"},
    {"--filters", NULL,
     "keeps the blocks' filters beside the store, so that a wallet added later costs seconds"},
    {"--filters-dir", "DIR", "keeps them there"},
    {"--parse-only", NULL, "does not recompute merkle roots: grade parse"},
    {"--header", "HEX|FILE", "snapshot: the header of its block, by which its time is known"},
    {"--utxo-hash", "HEX", "snapshot: its hash_serialized_3, or muhash:HEX, where not known"},
    {"--known", "TIME", "when the books became known; now where left out"},
    {"--by", "NAME", "who declares the books"},
    {"--approver", "NAME", "who approves them; another than who declares"},
    CMD_SOURCE_OPTIONS,
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_scan = {
    .name = "scan",
    .summary = "finds all coins and spends of the books in a chain; resumes",
    .usage = "--source S --book FILE... --store FILE [--threads N] [--to HEIGHT] [--follow]",
    .options = options,
    .run = scan_verb,
};
