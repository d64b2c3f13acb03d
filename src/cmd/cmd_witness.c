/* `sanad witness`: cosigns checkpoints of the logs that a policy names, over HTTP
 * (c2sp.org/tlog-witness). */
#include "cmd/cmd.h"
#include "http/http.h"
#include "witness/witness.h"

enum { THREADS = 64, DAY_SECONDS = 86400 };

struct run {
    const char *folder;
    struct role_key key;
    struct tlog_policy *policy;
    struct witness_log logs[TLOG_POLICY_LOG_MAX];
    size_t log_count;
    struct witness_folder *state;
    struct witness *witness;
    struct http_server *server;
};

static void handle(void *context, const struct http_request *request, struct http_answer *answer)
{
    struct run *run = context;
    struct witness_event event;
    char status[16];
    char size[32];
    witness_answer(run->witness, answer, &event, request);
    (void)snprintf(status, sizeof status, "%u", answer->status);
    (void)snprintf(size, sizeof size, "%llu", (unsigned long long)event.size);
    if (event.origin[0])
        log_line("add-checkpoint", "status", status, "origin", event.origin, "size", size, "why",
                 event.why, NULL);
    else
        log_line("request", "status", status, "method", request->method, "path", request->path,
                 "why", event.why, NULL);
    if (event.fraud.size)
        cmd_fraud_keep(run->folder, event.origin, buf_bytes(&event.fraud));
    buf_free(&event.fraud);
}

/* The name of a log's key is its origin (tlog-policy). */
static void logs_take(struct run *run)
{
    const char *url;
    run->log_count = tlog_policy_log_count(run->policy);
    for (size_t i = 0; i < run->log_count; i++) {
        const struct note_key *key = tlog_policy_log(run->policy, i, &url);
        run->logs[i] = (struct witness_log){.origin = key->name, .key = key};
    }
}

static int state_open(struct run *run, struct err *err)
{
    int code = witness_folder_open(&run->state, run->folder, err);
    if (code)
        return code;
    const struct witness_options options = {.key = &run->key.key,
                                            .seed = run->key.seed,
                                            .logs = run->logs,
                                            .log_count = run->log_count,
                                            .store = witness_folder_store(run->state)};
    return witness_new(&run->witness, &options, err);
}

static int serve(struct run *run, const char *listen, struct err *err)
{
    const struct http_server_options options = {.listen = listen,
                                                .handle = handle,
                                                .context = run,
                                                .body_max = WITNESS_BODY_MAX,
                                                .thread_count = THREADS};
    char port[16];
    struct buf vkey = buf_with_max(1024);
    int code = http_server_start(&run->server, &options, err);
    if (code)
        return code;
    (void)snprintf(port, sizeof port, "%u", http_server_port(run->server));
    note_vkey_write(&vkey, &run->key.key);
    log_line("listening", "address", listen, "port", port, "vkey", buf_cstr(&vkey), NULL);
    buf_free(&vkey);
    while (!cmd_stop_wait(DAY_SECONDS))
        ;
    log_line("stopping", NULL);
    return 0;
}

static int witness_verb(const struct cmd_args *args, struct err *err)
{
    struct run run = {.folder = NULL};
    const char *listen;
    size_t words;
    (void)cmd_words(args, &words);
    if (words)
        return err_set(err, SANAD_USAGE, "sanad witness: takes options only");
    int code = cmd_required(&listen, args, "--listen", err);
    if (code == 0)
        code = cmd_required(&run.folder, args, "--state", err);
    if (code == 0)
        code = cmd_cosigner_policy(&run.policy, args, err);
    if (code == 0)
        code = cmd_typed_key(&run.key, NOTE_KEY_TYPE_COSIGNATURE, args, err);
    if (code == 0) {
        logs_take(&run);
        cmd_stop_prepare();
        code = state_open(&run, err);
    }
    if (code == 0)
        code = serve(&run, listen, err);
    http_server_stop(run.server);
    witness_free(run.witness);
    witness_folder_close(run.state);
    tlog_policy_free(run.policy);
    role_key_wipe(&run.key);
    return code;
}

static const struct cmd_option options[] = {
    {"--key", "FILE", "the witness's key (key new --type cosigner)"},
    {"--policy", "FILE", "the logs that it knows: lines `log VKEY` (c2sp.org/tlog-policy)"},
    {"--state", "DIR", "what it has cosigned; never restore it from a copy"},
    {"--listen", "HOST:PORT", "where it listens; port 0: any that is free"},
    {"--passphrase-file", "FILE", "the passphrase, one line; else SANAD_PASSPHRASE"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_witness = {
    .name = "witness",
    .summary = "cosigns the checkpoints of other people's logs",
    .usage = "--key FILE --policy FILE --state DIR --listen HOST:PORT",
    .options = options,
    .run = witness_verb,
};
