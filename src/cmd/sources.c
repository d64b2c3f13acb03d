/* What the options of a verb say of its source: where it is, and how we get in. */
#include "cmd/cmd.h"
#include "source/source.h"

#include <stdlib.h>

enum { SECONDS_MAX = 86400 };

/* Core puts each network's files into a folder of its own. */
static const char *network_folder(const struct chain_params *params)
{
    return params->id == CHAIN_MAIN ? "" : params->name;
}

/* A node on this machine; its cookie goes nowhere else unasked. */
static bool is_local(const char *spec)
{
    static const char *const hosts[] = {"127.", "localhost", "[::1]"};
    const char *host = strncmp(spec, "rpc:", 4) == 0 ? spec + 4 : "";
    host += strncmp(host, "http://", 7) == 0 ? 7 : 0;
    for (size_t i = 0; i < countof(hosts); i++)
        if (strncmp(host, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return false;
}

/* The cookie of a node with Core's own data folder, where one stands there. */
static void cookie_default(struct cmd_source *source, const struct chain_params *params)
{
    const char *home = getenv("HOME");
    if (!home || !source->spec || !is_local(source->spec))
        return;
    int size = snprintf(source->cookie, sizeof source->cookie, "%s/.bitcoin/%s/.cookie", home,
                        network_folder(params));
    if (size > 0 && (size_t)size < sizeof source->cookie && file_exists(source->cookie))
        source->options.rpc_cookie = source->cookie;
}

static void say(void *context, const char *text)
{
    (void)context;
    log_line("source", "waits", text, NULL);
}

int cmd_source_read(struct cmd_source *source, const struct chain_params *params,
                    const struct cmd_args *args, struct err *err)
{
    uint64_t wait = SOURCE_WAIT_MS / 1000;
    uint64_t timeout = SOURCE_TIMEOUT_MS / 1000;
    bool anchored;
    *source = (struct cmd_source){.options = {.params = params, .say = say}};
    source->spec = cmd_value(args, "--source");
    bool waits = cmd_takes(args, "--rpc-cookie"); /* of a verb that reads whole chains */
    int code = cmd_anchor(&source->anchor, &anchored, args, err);
    if (code == 0 && waits)
        code = cmd_number(&wait, args, "--rpc-wait", SECONDS_MAX, SOURCE_WAIT_MS / 1000, err);
    if (code == 0 && waits)
        code =
            cmd_number(&timeout, args, "--rpc-timeout", SECONDS_MAX, SOURCE_TIMEOUT_MS / 1000, err);
    if (code == 0 && timeout == 0)
        code = err_set(err, SANAD_USAGE, "--rpc-timeout: 0 seconds are too few");
    if (code)
        return code;
    if (anchored)
        source->options.anchor = &source->anchor;
    source->options.wait_ms = wait > 0 ? (unsigned)wait * 1000 : 1;
    source->options.timeout_ms = (unsigned)timeout * 1000;
    source->options.rpc_cookie = waits ? cmd_value(args, "--rpc-cookie") : NULL;
    if (!source->options.rpc_cookie) {
        source->options.rpc_credentials = getenv("SANAD_RPC_AUTH");
        if (!source->options.rpc_credentials)
            cookie_default(source, params);
    }
    return cmd_source_p2p(source, args, err);
}
