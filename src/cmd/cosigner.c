/* What the verbs of cosigners share: their key, the logs they know, how they stop. */
#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

int cmd_typed_key(struct role_key *ret_key, uint8_t type, const struct cmd_args *args,
                  struct err *err)
{
    return cmd_key_option(ret_key, "--key", type, args, err);
}

int cmd_key_option(struct role_key *ret_key, const char *option, uint8_t type,
                   const struct cmd_args *args, struct err *err)
{
    const char *path;
    struct note_key public_key;
    struct buf passphrase;
    int code = cmd_required(&path, args, option, err);
    if (code == 0)
        code = role_key_public(&public_key, path, err);
    if (code == 0 && public_key.type != type)
        code = err_set(err, SANAD_REFUSED, "%s: %s", path,
                       type == NOTE_KEY_TYPE_COSIGNATURE
                           ? "not a cosigner's key (key new --type cosigner)"
                           : "a cosigner's key, which signs no log");
    if (code == 0)
        code = cmd_passphrase(&passphrase, args, err);
    if (code)
        return code;
    code = role_key_read(ret_key, path, buf_cstr(&passphrase), err);
    secret_wipe(passphrase.data, passphrase.size);
    buf_free(&passphrase);
    return code;
}

int cmd_folder_beside(char ret_path[PATH_SIZE], const char *folder, const char *ending,
                      struct err *err)
{
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/')
        size--;
    int made = snprintf(ret_path, PATH_SIZE, "%.*s%s", (int)size, folder, ending);
    if (made < 0 || made >= PATH_SIZE)
        return err_set(err, SANAD_REFUSED, "%.200s: the path is too long", folder);
    return 0;
}

int cmd_cosigner_policy(struct tlog_policy **ret_policy, const struct cmd_args *args,
                        struct err *err)
{
    const char *path;
    struct tlog_policy *policy;
    int code = cmd_required(&path, args, "--policy", err);
    if (code == 0)
        code = cmd_policy_read(&policy, path, err);
    if (code)
        return code;
    if (tlog_policy_log_count(policy) == 0) {
        tlog_policy_free(policy);
        return err_set(err, SANAD_REFUSED, "%s: names no log", path);
    }
    *ret_policy = policy;
    return 0;
}

void cmd_fraud_keep(const char *folder, const char *origin, struct bytes fraud)
{
    enum { NAME_SIZE = 32, SHOWN = 8 };
    struct hash256 hash;
    struct err err = {0};
    char hex[2 * SHOWN + 1];
    char name[NAME_SIZE];
    char path[PATH_SIZE];
    sha256_of(&hash, fraud);
    hex_encode(hex, bytes_of(hash.b, SHOWN));
    (void)snprintf(name, sizeof name, "fraud-%s.txt", hex);
    int code = path_join(path, folder, name, &err);
    if (code == 0 && file_exists(path))
        return; /* told already */
    if (code == 0)
        code = file_write(path, fraud, &err);
    log_line("fraud", "origin", origin, "file", code == 0 ? path : err.text, NULL);
}

static void stop_signals(sigset_t *ret_set)
{
    (void)sigemptyset(ret_set);
    (void)sigaddset(ret_set, SIGINT);
    (void)sigaddset(ret_set, SIGTERM);
}

void cmd_stop_prepare(void)
{
    sigset_t set;
    stop_signals(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool cmd_stop_wait(uint64_t seconds)
{
    sigset_t set;
    const struct timespec time = {.tv_sec = (time_t)(seconds < INT32_MAX ? seconds : INT32_MAX)};
    stop_signals(&set);
    for (;;) {
        int got = sigtimedwait(&set, NULL, &time);
        if (got > 0)
            return true;
        if (errno != EINTR)
            return false;
    }
}
