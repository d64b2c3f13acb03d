/* `sanad mirror`: a verified copy of somebody else's log, cosigned, once or again and again. */
#include "cmd/cmd.h"
#include "mirror/mirror.h"

enum { EVERY_MAX = 86400 };

static void round_log(const struct mirror_result *result, int code, const struct err *err)
{
    char before[32];
    char size[32];
    char bytes[32];
    (void)snprintf(before, sizeof before, "%llu", (unsigned long long)result->before);
    (void)snprintf(size, sizeof size, "%llu", (unsigned long long)result->size);
    (void)snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)result->bytes);
    if (code)
        log_line("mirror", "status", "failed", "origin", result->origin, "size", size, "why",
                 err->text, NULL);
    else
        log_line("mirror", "status", result->placed ? "placed" : "same", "origin", result->origin,
                 "before", before, "size", size, "bytes", bytes, NULL);
}

static int round_show(const struct mirror_result *result, const struct cmd_args *args,
                      struct err *err)
{
    if (!cmd_flag(args, "--json")) {
        (void)printf("%s: %llu entries, %llu new\n", result->origin,
                     (unsigned long long)result->size,
                     (unsigned long long)(result->size - result->before));
        return 0;
    }
    return cmd_print_json(json_pack("{s:s, s:I, s:I, s:I, s:b}", "origin", result->origin, "before",
                                    (json_int_t)result->before, "size", (json_int_t)result->size,
                                    "bytes", (json_int_t)result->bytes, "placed", result->placed),
                          err);
}

/* One round; a fraud proof is kept beside the copy. */
static int round_run(struct mirror_result *result, const struct mirror_options *options,
                     struct err *err)
{
    int code = mirror_run(result, options, err);
    if (result->fraud.size)
        cmd_fraud_keep(options->folder, result->origin, buf_bytes(&result->fraud));
    buf_free(&result->fraud);
    return code;
}

/* Goes on whatever a round says: a source that is down or lies today is asked again. A signal ends
 * the program at once, for a round may be cut anywhere. */
_Noreturn static void rounds_run(const struct mirror_options *options, uint64_t every)
{
    struct mirror_result result;
    for (;;) {
        struct err err = {0};
        int code = round_run(&result, options, &err);
        round_log(&result, code, &err);
        (void)cmd_stop_wait(every);
    }
}

static int mirror_go(const struct mirror_options *options, const struct cmd_args *args,
                     struct err *err)
{
    struct mirror_result result;
    uint64_t every;
    int code = cmd_number(&every, args, "--every", EVERY_MAX, 0, err);
    if (code == 0 && every > 0)
        rounds_run(options, every);
    if (code == 0)
        code = round_run(&result, options, err);
    return code ? code : round_show(&result, args, err);
}

static int mirror_verb(const struct cmd_args *args, struct err *err)
{
    struct mirror_options options = {.where = NULL};
    struct tlog_policy *policy = NULL;
    struct role_key key = {.seed = {0}};
    size_t words;
    (void)cmd_words(args, &words);
    if (words)
        return err_set(err, SANAD_USAGE, "sanad mirror: takes options only");
    int code = cmd_required(&options.where, args, "--log", err);
    if (code == 0)
        code = cmd_required(&options.folder, args, "--out", err);
    if (code == 0)
        code = cmd_cosigner_policy(&policy, args, err);
    if (code == 0 && cmd_value(args, "--key")) {
        code = cmd_typed_key(&key, NOTE_KEY_TYPE_COSIGNATURE, args, err);
        options.key = &key.key;
        options.seed = key.seed;
    }
    options.policy = policy;
    if (code == 0)
        code = mirror_go(&options, args, err);
    tlog_policy_free(policy);
    role_key_wipe(&key);
    return code;
}

static const struct cmd_option options_of[] = {
    {"--log", "URL|DIR", "the log: its address or its folder"},
    {"--policy", "FILE", "the logs that may be mirrored (c2sp.org/tlog-policy)"},
    {"--out", "DIR", "the copy, served as it is"},
    {"--key", "FILE", "cosigns the copy: a key of its own (key new --type cosigner)"},
    {"--every", "SECONDS", "goes on, a round every so often"},
    {"--passphrase-file", "FILE", "the passphrase, one line; else SANAD_PASSPHRASE"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_mirror = {
    .name = "mirror",
    .summary = "a verified, cosigned copy of somebody else's log",
    .usage = "--log URL|DIR --policy FILE --out DIR [--key FILE] [--every SECONDS]",
    .options = options_of,
    .run = mirror_verb,
};
