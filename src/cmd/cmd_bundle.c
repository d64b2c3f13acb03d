/* `sanad bundle`: a log carried across an air gap as one file, cosigned there, and the lines that
 * come back put under its checkpoint. */
#include "bundle/bundle.h"
#include "cmd/cmd.h"

/* ---- export ------------------------------------------------------------------------------------
 */

static int made_show(const struct bundle_made *made, const char *path, const struct cmd_args *args,
                     struct err *err)
{
    char digest[HEX256_SIZE];
    hash256_straight(digest, &made->digest);
    if (cmd_flag(args, "--json"))
        return cmd_print_json(json_pack("{s:s, s:I, s:I, s:I, s:s}", "origin", made->origin,
                                        "since", (json_int_t)made->since, "size",
                                        (json_int_t)made->size, "bytes", (json_int_t)made->bytes,
                                        "sha256", digest),
                              err);
    struct screen screen = screen_stdout(false);
    screen_line(&screen, STYLE_PLAIN, "%s: %s from %llu to %llu entries, %llu bytes", path,
                made->origin, (unsigned long long)made->since, (unsigned long long)made->size,
                (unsigned long long)made->bytes);
    screen_line(&screen, STYLE_FAINT, "last 32 bytes: %s", digest);
    return 0;
}

static int export_verb(const char *where, const struct cmd_args *args, struct err *err)
{
    struct cmd_log log = {0};
    struct bundle_made made;
    const char *path;
    const char *given;
    uint64_t since = 0;
    int code = cmd_required(&given, args, "--since", err);
    if (code == 0)
        code = cmd_number(&since, args, "--since", TLOG_SIZE_MAX, 0, err);
    if (code == 0)
        code = cmd_required(&path, args, "--out", err);
    if (code == 0)
        code = cmd_log_open(&log, where, err);
    if (code == 0)
        code = bundle_export(&made, path, buf_bytes(&log.note_raw), &log.reader, since, err);
    if (code == 0)
        code = made_show(&made, path, args, err);
    cmd_log_close(&log);
    return code;
}

/* ---- import ------------------------------------------------------------------------------------
 */

/* What an import is given. */
struct import_run {
    struct bundle_import_options options;
    struct tlog_policy *policy;
    struct role_key key, mirror_key;
    char state_folder[PATH_SIZE];
};

/* The witness's state stands beside the copy, which is served. */
static int import_keys(struct import_run *run, const struct cmd_args *args, struct err *err)
{
    const char *state = cmd_value(args, "--state");
    int code = 0;
    if (cmd_value(args, "--key")) {
        code = cmd_typed_key(&run->key, NOTE_KEY_TYPE_COSIGNATURE, args, err);
        run->options.key = &run->key.key;
        run->options.seed = run->key.seed;
        run->options.state_folder = run->state_folder;
    }
    if (code == 0 && cmd_value(args, "--mirror-key")) {
        code =
            cmd_key_option(&run->mirror_key, "--mirror-key", NOTE_KEY_TYPE_COSIGNATURE, args, err);
        run->options.mirror_key = &run->mirror_key.key;
        run->options.mirror_seed = run->mirror_key.seed;
    }
    if (code)
        return code;
    return state ? path_join(run->state_folder, state, "", err)
                 : cmd_folder_beside(run->state_folder, run->options.folder, ".state", err);
}

/* Only who cosigns has an answer. */
static int answer_wanted(const struct import_run *run, const struct cmd_args *args, struct err *err)
{
    static const char *const of_answers[] = {"--out", "--qr-out", "--state"};
    if (run->options.key || run->options.mirror_key)
        return 0;
    for (size_t i = 0; i < countof(of_answers); i++)
        if (cmd_value(args, of_answers[i]))
            return err_set(err, SANAD_USAGE, "sanad bundle: %s: no key, so no answer",
                           of_answers[i]);
    return cmd_flag(args, "--qr") ? err_set(err, SANAD_USAGE,
                                            "sanad bundle: --qr: no key, so no "
                                            "answer")
                                  : 0;
}

static int answer_write(const struct bundle_imported *result, const struct cmd_args *args,
                        struct err *err)
{
    const char *path = cmd_value(args, "--out");
    const char *qr_path = cmd_value(args, "--qr-out");
    int code = path ? file_write(path, buf_bytes(&result->lines), err) : 0;
    if (code == 0 && qr_path)
        code = qr_write(qr_path, buf_bytes(&result->lines), err);
    return code;
}

static int imported_show(struct bundle_imported *result, const struct cmd_args *args,
                         struct err *err)
{
    if (cmd_flag(args, "--json"))
        return cmd_print_json(
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:s}", "origin", result->origin, "since",
                      (json_int_t)result->since, "before", (json_int_t)result->before, "size",
                      (json_int_t)result->size, "bytes", (json_int_t)result->bytes, "placed",
                      result->placed, "lines", buf_cstr(&result->lines)),
            err);
    struct screen screen = screen_stdout(false);
    screen_line(&screen, STYLE_HEAD, "%s: %llu entries, %llu new", result->origin,
                (unsigned long long)result->size,
                (unsigned long long)(result->size - result->before));
    (void)fputs(buf_cstr(&result->lines), stdout);
    return cmd_flag(args, "--qr") ? qr_show(&screen, buf_bytes(&result->lines), err) : 0;
}

static int import_verb(const char *path, const struct cmd_args *args, struct err *err)
{
    struct import_run run = {.options.path = path};
    struct bundle_imported result = {.lines = {0}};
    int code = cmd_required(&run.options.folder, args, "--mirror", err);
    if (code == 0)
        code = cmd_cosigner_policy(&run.policy, args, err);
    run.options.policy = run.policy;
    if (code == 0)
        code = import_keys(&run, args, err);
    if (code == 0)
        code = answer_wanted(&run, args, err);
    if (code == 0)
        code = bundle_import(&result, &run.options, err);
    if (result.fraud.size)
        cmd_fraud_keep(result.fraud_of_state ? run.state_folder : run.options.folder, result.origin,
                       buf_bytes(&result.fraud));
    if (code == 0)
        code = answer_write(&result, args, err);
    if (code == 0)
        code = imported_show(&result, args, err);
    buf_free(&result.lines);
    buf_free(&result.fraud);
    tlog_policy_free(run.policy);
    role_key_wipe(&run.key);
    role_key_wipe(&run.mirror_key);
    return code;
}

/* ---- answer ------------------------------------------------------------------------------------
 */

static int answered_show(const struct bundle_answered *answered, const struct cmd_args *args,
                         struct err *err)
{
    if (cmd_flag(args, "--json"))
        return cmd_print_json(
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:b}", "origin", answered->origin, "size",
                      (json_int_t)answered->size, "log_size", (json_int_t)answered->log_size,
                      "added", (json_int_t)answered->added, "known", (json_int_t)answered->known,
                      "placed", answered->placed, "quorum", answered->quorum),
            err);
    struct screen screen = screen_stdout(false);
    screen_line(&screen, STYLE_HEAD, "%s: %zu cosignatures of %llu entries, %zu were there already",
                answered->origin, answered->added, (unsigned long long)answered->size,
                answered->known);
    screen_line(&screen, answered->quorum ? STYLE_GOOD : STYLE_UNSURE, "  the quorum is %s",
                answered->quorum ? "reached" : "not reached yet");
    if (answered->log_size != answered->size)
        screen_line(&screen, STYLE_UNSURE,
                    "  the log has gone on to %llu entries: its checkpoint stays as it was%s",
                    (unsigned long long)answered->log_size,
                    cmd_value(args, "--out") ? "" : "; --out FILE keeps the one that was cosigned");
    return 0;
}

static int answer_read(struct bundle_answer_options *options, struct buf *lines, struct buf *note,
                       const char *path, const struct cmd_args *args, struct err *err)
{
    const char *bundle = cmd_value(args, "--bundle");
    int code = file_read(lines, path, BUNDLE_LINES_MAX, err);
    if (code == 0 && bundle)
        code = bundle_note_read(note, bundle, err);
    options->lines = buf_bytes(lines);
    options->note = buf_bytes(note);
    return code;
}

static int answer_verb(const char *path, const struct cmd_args *args, struct err *err)
{
    struct bundle_answer_options options = {.folder = NULL};
    struct bundle_answered answered = {.note = {0}};
    struct tlog_policy *policy = NULL;
    struct buf lines = {0};
    struct buf note = {0};
    char private_folder[PATH_SIZE];
    const char *given = cmd_value(args, "--private");
    const char *out = cmd_value(args, "--out");
    int code = cmd_required(&options.folder, args, "--log", err);
    if (code == 0)
        code = given ? path_join(private_folder, given, "", err)
                     : cmd_folder_beside(private_folder, options.folder, ".private", err);
    if (code == 0)
        code = cmd_cosigner_policy(&policy, args, err);
    options.policy = policy;
    options.private_folder = private_folder;
    if (code == 0)
        code = answer_read(&options, &lines, &note, path, args, err);
    if (code == 0)
        code = bundle_answer(&answered, &options, err);
    if (code == 0 && out)
        code = file_write(out, buf_bytes(&answered.note), err);
    if (code == 0)
        code = answered_show(&answered, args, err);
    buf_free(&answered.note);
    buf_free(&lines);
    buf_free(&note);
    tlog_policy_free(policy);
    return code;
}

/* ---- the verb ----------------------------------------------------------------------------------
 */

static int bundle_verb(const struct cmd_args *args, struct err *err)
{
    static const struct {
        const char *word;
        const char *what;
        int (*run)(const char *what, const struct cmd_args *args, struct err *err);
    } verbs[] = {{"export", "one DIR or URL", export_verb},
                 {"import", "one FILE", import_verb},
                 {"answer", "one FILE of signature lines", answer_verb}};
    size_t count;
    const char *const *words = cmd_words(args, &count);
    for (size_t i = 0; count > 0 && i < countof(verbs); i++)
        if (strcmp(words[0], verbs[i].word) == 0)
            return count == 2 ? verbs[i].run(words[1], args, err)
                              : err_set(err, SANAD_USAGE, "sanad bundle %s: %s", verbs[i].word,
                                        verbs[i].what);
    return err_set(err, SANAD_USAGE, "sanad bundle: say export, import or answer");
}

static const struct cmd_option options_of[] = {
    {"--since", "SIZE", "export: the entries that the other side has"},
    {"--out", "FILE", "export: the bundle; import: the answer; answer: the cosigned checkpoint"},
    {"--policy", "FILE", "logs and their cosigners (c2sp.org/tlog-policy)"},
    {"--mirror", "DIR", "import: the copy that is extended"},
    {"--mirror-key", "FILE", "import: cosigns as the mirror: a key and name of its own"},
    {"--key", "FILE", "import: cosigns as the witness (key new --type cosigner)"},
    {"--state", "DIR", "import: what the witness has cosigned; MIRROR.state where left out"},
    {"--qr", NULL, "import: shows the answer as a QR code on the terminal"},
    {"--qr-out", "FILE.svg", "import: writes it as a picture"},
    {"--log", "DIR", "answer: the log's folder"},
    {"--private", "DIR", "answer: what is not served of it; DIR.private where left out"},
    {"--bundle", "FILE", "answer: the bundle that was sent, where the log has gone on since"},
    {"--passphrase-file", "FILE", "the keys' passphrase, one line; else SANAD_PASSPHRASE"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_bundle = {
    .name = "bundle",
    .summary = "a log carried across an air gap as one file, and the answer back",
    .usage = "export DIR|URL --since SIZE --out FILE | "
             "import FILE --policy FILE --mirror DIR [--key K] [--mirror-key K] [--out FILE] "
             "[--qr] | answer FILE --log DIR --policy FILE [--bundle FILE]",
    .options = options_of,
    .run = bundle_verb,
};
