/* What the options of a verb say of the light client: where it keeps what it learned, how it gets
 * out, how many peers must agree, and from where on it looks. */
#include "cmd/cmd.h"
#include "source/source.h"

#include <stdlib.h>

enum { AGREE_MAX = 16 };

/* $XDG_CACHE_HOME/sanad, else ~/.cache/sanad. */
static int cache_default(char ret_folder[PATH_SIZE], struct err *err)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return path_join(ret_folder, cache, "sanad", err);
    if (!home || home[0] != '/')
        return err_set(err, SANAD_USAGE, "source p2p: --cache is needed: there is no HOME");
    return path_join(ret_folder, home, ".cache/sanad", err);
}

static void say(void *context, const char *text)
{
    (void)context;
    log_line("p2p", "says", text, NULL);
}

int cmd_source_p2p(struct cmd_source *source, const struct cmd_args *args, struct err *err)
{
    uint64_t agree = 0;
    uint64_t birthday = 0;
    bool takes = cmd_takes(args, "--cache");
    const char *cache = takes ? cmd_value(args, "--cache") : NULL;
    int code = 0;
    if (!source->spec || strncmp(source->spec, "p2p", 3) != 0)
        return 0;
    if (takes)
        code = cmd_number(&agree, args, "--agree", AGREE_MAX, 0, err);
    if (code == 0 && takes)
        code = cmd_number(&birthday, args, "--birthday", INT32_MAX, 0, err);
    if (code == 0 && !cache)
        code = cache_default(source->cache, err);
    else if (code == 0 && snprintf(source->cache, PATH_SIZE, "%s", cache) >= PATH_SIZE)
        code = err_set(err, SANAD_USAGE, "--cache: too long");
    if (code)
        return code;
    source->options.say = say;
    source->options.p2p_cache = source->cache;
    source->options.p2p_proxy = takes ? cmd_value(args, "--proxy") : NULL;
    source->options.p2p_agree = (unsigned)agree;
    source->options.p2p_birthday = (uint32_t)birthday;
    return 0;
}
