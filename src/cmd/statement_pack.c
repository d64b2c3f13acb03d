/* `sanad statement make pack`: the programme evaluated, and all that its partner receives
 * written into one folder. */
#include "cmd/cmd.h"
#include "pack/pack.h"

/* One run of the verb. */
struct pack_run {
    struct cmd_places places;
    struct cmd_limits *limits;
    struct limits_result result;
    bool has_result;
    struct accounts *accounts;
    struct pack_previous *previous;
    struct price_table prices; /* in the book's currency */
    struct register_declaration *meanings;
    size_t meaning_count;
    struct pack *pack;
    struct pack_files files;
    struct arena arena;
};

static void run_free(struct pack_run *run)
{
    pack_files_free(&run->files);
    pack_free(run->pack);
    if (run->has_result)
        limits_result_free(&run->result);
    prices_free(&run->prices);
    pack_previous_free(run->previous);
    accounts_free(run->accounts);
    cmd_limits_close(run->limits);
    cmd_places_close(&run->places);
    arena_free(&run->arena);
}

static int evaluate(struct pack_run *run, struct err *err)
{
    struct limits_options options = {.day = cmd_limits_day(run->limits)};
    int code = limits_evaluate(&run->result, cmd_limits_now(run->limits), &options, err);
    run->has_result = code == 0;
    if (code == 0 && !run->result.as_of.any)
        code = err_set(err, SANAD_MISSING, "pack: no block of the scan is of that day");
    if (code == 0)
        code = limits_report_compare(&run->result, cmd_limits_history(run->limits), err);
    return code;
}

static int inputs_open(struct pack_run *run, const struct cmd_args *args, struct err *err)
{
    const char *accounts = cmd_value(args, "--accounts");
    const char *previous = cmd_value(args, "--previous");
    struct cmd_context *context = cmd_limits_context(run->limits);
    const struct limits_knowledge *now = cmd_limits_now(run->limits);
    const struct book *book = ledger_book(now->ledger);
    int code = accounts ? accounts_read_file(&run->accounts, accounts, err)
                        : accounts_shipped(&run->accounts, err);
    if (code == 0 && previous)
        code = pack_previous_read(&run->previous, previous, err);
    if (code == 0)
        code = cmd_prices(&run->prices, context, args, book->currency, err);
    if (code == 0)
        code = register_declarations(context->registry, &run->meanings, &run->meaning_count,
                                     book->nation, now->known, &run->arena, err);
    return code;
}

/* The earliest base date of the criteria in force; LIMITS_NO_DAY where none has one. */
static int64_t base_of(const struct limits_result *result)
{
    int64_t base = LIMITS_NO_DAY;
    for (size_t i = 0; i < result->criterion_count; i++) {
        int64_t day = result->criteria[i].criterion->base;
        if (day != LIMITS_NO_DAY && (base == LIMITS_NO_DAY || day < base))
            base = day;
    }
    return base;
}

/* The day of the last pack. */
static int previous_day(int64_t *ret_day, const struct pack_previous *previous, struct err *err)
{
    const json_t *as_of = json_object_get(previous->report->json, "as_of");
    const char *text = json_string_value(json_object_get(as_of, "date"));
    return text && date_parse(ret_day, text, NULL) == 0
               ? 0
               : err_set(err, SANAD_REFUSED, "last pack: its \"as_of\" has no date");
}

/* The period begins behind the last pack, else behind the base date, else with the first block;
 * it ends with the day. */
static int period_set(struct pack_input *input, const struct pack_run *run, struct err *err)
{
    const struct programme *programme = run->result.programme;
    struct cmd_context *context = cmd_limits_context(run->limits);
    struct limits_day day;
    int64_t base = base_of(&run->result);
    int code = 0;
    input->from = facts_first_read(&context->state);
    input->from_time = INT64_MIN;
    input->to_time = run->result.as_of.end;
    if (run->previous) {
        code = previous_day(&base, run->previous, err);
        if (code == 0)
            input->from_time = programme_day_end(programme, base);
        input->from = run->previous->height + 1;
        return code;
    }
    if (base == LIMITS_NO_DAY)
        return 0;
    code = limits_days_make(&day, context->facts, programme, &base, 1, err);
    if (code == 0 && day.any && day.height < run->result.block.height) {
        input->from = day.height + 1;
        input->from_time = day.end;
    }
    return code;
}

static int make(struct pack_run *run, struct err *err)
{
    const struct limits_knowledge *now = cmd_limits_now(run->limits);
    struct pack_input input = {.result = &run->result,
                               .ledger = now->ledger,
                               .meanings = run->meanings,
                               .meaning_count = run->meaning_count,
                               .liabilities = now->liabilities,
                               .known = now->known,
                               .prices = run->prices.count ? &run->prices : NULL,
                               .accounts = run->accounts,
                               .previous = run->previous};
    int code = period_set(&input, run, err);
    if (code == 0)
        code = pack_make(&run->pack, &input, err);
    if (code == 0)
        code = pack_files_make(&run->files, run->pack, err);
    return code;
}

/* A report that is behind the last pack has the next number. Where it is typed, that counts; where
 * the log says another, the last pack is not its newest. */
static int place_take(struct stmt_place *ret_place, const struct pack_run *run, enum stmt_kind kind,
                      const struct cmd_args *args, struct err *err)
{
    struct stmt_place place;
    const json_t *last = run->previous ? json_object_get(run->previous->report->json, "seq") : NULL;
    uint64_t next =
        last && json_integer_value(last) >= 0 ? (uint64_t)json_integer_value(last) + 1 : 0;
    int code = cmd_places_next(&place, &run->places, kind, err);
    if (code)
        return code;
    if (run->places.admit && next > 0 && kind == STMT_CRITERIA_REPORT && place.seq != next)
        return err_set(err, SANAD_REFUSED,
                       "--previous: its report is number %llu of its kind, and the log has %llu",
                       (unsigned long long)next - 1, (unsigned long long)place.seq);
    if (!run->places.admit && !cmd_value(args, "--seq") && next > 0)
        place.seq = next;
    *ret_place = place;
    return 0;
}

/* One statement of the pack: built, signed with every --key, added. Takes the body. */
static int note_add(struct pack_run *run, enum stmt_kind kind, const char *name, json_t *body,
                    const struct cmd_args *args, struct err *err)
{
    struct stmt_place place;
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    int code = place_take(&place, run, kind, args, err);
    if (code == 0)
        code = stmt_make(&note, kind, &place, body, err);
    if (code == 0)
        code = cmd_sign(&note, args, err);
    if (code == 0)
        pack_files_add(&run->files, name, buf_bytes(&note));
    json_decref(body);
    buf_free(&note);
    return code;
}

static int notes_add(struct pack_run *run, const struct cmd_args *args, struct err *err)
{
    struct hash256 hash;
    bool restricted = false;
    json_t *report = pack_report(run->pack, &run->files);
    const struct position *position = pack_position(run->pack);
    int code = cmd_public_book(&hash, &restricted, position->book, args, err);
    if (code) {
        json_decref(report);
        return code;
    }
    code = note_add(run, STMT_CRITERIA_REPORT, "criteria-report.note", report, args, err);
    if (code == 0)
        code = note_add(run, STMT_RESERVE_POSITION, "position.note",
                        position_statement(position, restricted ? &hash : NULL), args, err);
    return code;
}

static int say(const struct pack_run *run, const struct cmd_args *args, struct err *err)
{
    char hash[HEX256_SIZE];
    if (cmd_flag(args, "--json")) {
        json_t *list = json_array();
        for (size_t i = 0; i < run->files.count; i++)
            json_array_append_new(list,
                                  json_pack("{s:s, s:o}", "name", run->files.list[i].name, "sha256",
                                            json_hash_straight(&run->files.list[i].sha256)));
        return cmd_print_json(json_pack("{s:o}", "files", list), err);
    }
    struct screen screen = screen_stdout(run->result.book->simulated);
    for (size_t i = 0; i < run->files.count; i++) {
        hash256_straight(hash, &run->files.list[i].sha256);
        screen_line(&screen, STYLE_PLAIN, "%s  %s", hash, run->files.list[i].name);
    }
    return 0;
}

int cmd_statement_pack(const struct cmd_args *args, struct err *err)
{
    struct pack_run run = {0};
    const char *out;
    int code = cmd_required(&out, args, "--out", err);
    if (code == 0)
        code = cmd_places_open(&run.places, args, err); /* before the long part: it may be wrong */
    if (code == 0)
        code = cmd_limits_open(&run.limits, args, err);
    if (code == 0)
        code = evaluate(&run, err);
    if (code == 0)
        code = inputs_open(&run, args, err);
    if (code == 0)
        code = make(&run, err);
    if (code == 0)
        code = notes_add(&run, args, err);
    if (code == 0)
        code = pack_folder_write(out, &run.files, err);
    if (code == 0)
        code = say(&run, args, err);
    run_free(&run);
    return code;
}
