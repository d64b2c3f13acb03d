/* The witnesses of a policy, asked to cosign a log's newest checkpoint before it is put in place.
 * One that is down costs its timeout, and is told; the policy decides whether it was needed. */
#include "cmd/cmd.h"
#include "witness/witness.h"

#include <stdlib.h>

enum { TIMEOUT_DEFAULT_SECONDS = 10, TIMEOUT_MAX_SECONDS = 600 };

struct cmd_witnesses {
    struct tlog_policy *policy;
    struct witness_peer *peers;
    const char **names;
    struct witness_reply *replies;
    size_t count;
    bool asked;
    unsigned timeout_ms;
};

/* Those that have an address can be asked. */
static void peers_take(struct cmd_witnesses *witnesses)
{
    size_t count = tlog_policy_witness_count(witnesses->policy);
    witnesses->peers = mem_zalloc(count + 1, sizeof *witnesses->peers);
    witnesses->names = mem_zalloc(count + 1, sizeof(const char *));
    witnesses->replies = mem_zalloc(count + 1, sizeof *witnesses->replies);
    for (size_t i = 0; i < count; i++) {
        const char *name;
        const char *url;
        const struct note_key *key = tlog_policy_witness(witnesses->policy, i, &name, &url);
        if (!url)
            continue;
        witnesses->peers[witnesses->count] = (struct witness_peer){.key = key, .url = url};
        witnesses->names[witnesses->count++] = name;
    }
}

int cmd_witnesses_open(struct cmd_witnesses **ret_witnesses, const struct cmd_args *args,
                       struct err *err)
{
    uint64_t seconds;
    const char *path = cmd_value(args, "--policy");
    *ret_witnesses = NULL;
    int code =
        cmd_number(&seconds, args, "--timeout", TIMEOUT_MAX_SECONDS, TIMEOUT_DEFAULT_SECONDS, err);
    if (code || !path)
        return code;
    struct cmd_witnesses *witnesses = mem_zalloc(1, sizeof *witnesses);
    code = cmd_policy_read(&witnesses->policy, path, err);
    if (code) {
        free(witnesses);
        return code;
    }
    witnesses->timeout_ms = (unsigned)seconds * 1000;
    peers_take(witnesses);
    *ret_witnesses = witnesses;
    return 0;
}

void cmd_witnesses_close(struct cmd_witnesses *witnesses)
{
    if (!witnesses)
        return;
    for (size_t i = 0; i < witnesses->count; i++)
        buf_free(&witnesses->replies[i].lines);
    free(witnesses->peers);
    free(witnesses->names);
    free(witnesses->replies);
    tlog_policy_free(witnesses->policy);
    free(witnesses);
}

int cmd_witnesses_ask(struct cmd_witnesses *witnesses, struct buf *lines, struct bytes note,
                      const char *folder, struct err *err)
{
    struct tlog_reader tiles = tlog_reader_folder(folder);
    int code = witness_ask(witnesses->replies, witnesses->peers, witnesses->count, note, &tiles,
                           witnesses->timeout_ms, err);
    witnesses->asked = code == 0;
    for (size_t i = 0; i < witnesses->count && code == 0; i++)
        if (witnesses->replies[i].code == 0)
            buf_add(lines, buf_bytes(&witnesses->replies[i].lines));
    return code;
}

json_t *cmd_witnesses_json(const struct cmd_witnesses *witnesses)
{
    json_t *list = json_array();
    for (size_t i = 0; witnesses && witnesses->asked && i < witnesses->count; i++) {
        const struct witness_reply *reply = &witnesses->replies[i];
        json_t *json =
            json_pack("{s:s, s:b}", "name", witnesses->names[i], "cosigned", reply->code == 0);
        json_object_set_new(json, "time",
                            reply->code == 0 ? json_time((int64_t)reply->time) : json_null());
        json_object_set_new(json, "why",
                            reply->code == 0 ? json_null() : json_string(reply->err.text));
        json_array_append_new(list, json);
    }
    return list;
}

void cmd_witnesses_show(const struct cmd_witnesses *witnesses, const struct screen *screen)
{
    for (size_t i = 0; witnesses && witnesses->asked && i < witnesses->count; i++) {
        const struct witness_reply *reply = &witnesses->replies[i];
        if (reply->code == 0)
            screen_line(screen, STYLE_GOOD, "  cosigned by %s", witnesses->names[i]);
        else
            screen_line(screen, STYLE_UNSURE, "  NOT cosigned by %s: %s", witnesses->names[i],
                        reply->err.text);
    }
}
