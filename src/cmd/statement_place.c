/* Where a statement stands in its log: as it is typed (--authority, --log, --seq, --prev), or as
 * the log itself says (--dir), so that nobody counts by hand. */
#include "admit/admit.h"
#include "cmd/cmd.h"

static int place_given(struct stmt_place *ret_place, const struct cmd_args *args, struct err *err)
{
    uint64_t prev;
    struct stmt_place place;
    int code = cmd_required(&place.authority, args, "--authority", err);
    if (code == 0)
        code = cmd_required(&place.log, args, "--log", err);
    if (code == 0)
        code = cmd_number(&place.seq, args, "--seq", INT64_MAX, 0, err);
    if (code == 0)
        code = cmd_number(&prev, args, "--prev", INT64_MAX, UINT64_MAX, err);
    if (code)
        return code;
    place.prev = prev == UINT64_MAX ? -1 : (int64_t)prev;
    *ret_place = place;
    return 0;
}

/* What the log says is not typed as well. */
static int options_check(const struct cmd_args *args, struct err *err)
{
    static const char *const said[] = {"--seq", "--prev"};
    for (size_t i = 0; i < countof(said); i++)
        if (cmd_value(args, said[i]))
            return err_set(err, SANAD_USAGE, "%s: --dir says it already", said[i]);
    return 0;
}

/* --log or --authority beside --dir: what the log says, or a mistake. */
static int same_check(const struct cmd_args *args, const char *where,
                      const struct stmt_place *place, struct err *err)
{
    const char *log = cmd_value(args, "--log");
    const char *authority = cmd_value(args, "--authority");
    if (log && strcmp(log, place->log) != 0)
        return err_set(err, SANAD_REFUSED, "%.200s: the log of %.100s, and not %.100s", where,
                       place->log, log);
    if (authority && strcmp(authority, place->authority) != 0)
        return err_set(err, SANAD_REFUSED, "%.200s: %.100s speaks there, and not %.100s", where,
                       place->authority, authority);
    return 0;
}

/* Nothing is decided by it but the place: whoever adds the statement looks at everything again. So
 * the signatures in the log are not verified here. */
static int log_replay(struct cmd_places *places, const struct cmd_args *args, struct err *err)
{
    const struct tlog_tree tree = {places->log.checkpoint.size, places->log.checkpoint.root};
    struct admit_options options = {.origin = places->log.checkpoint.origin,
                                    .admitted_before = tree.size};
    int code = tree.size > 0 ? 0 : cmd_required(&options.authority, args, "--authority", err);
    if (code == 0)
        code = cmd_admit_replay(&places->admit, &places->log.reader, &tree, &options, err);
    return code;
}

static int log_places(struct cmd_places *places, const char *where, const struct cmd_args *args,
                      struct err *err)
{
    struct stmt_place place;
    int code = options_check(args, err);
    if (code == 0)
        code = cmd_log_open(&places->log, where, err);
    if (code == 0)
        code = log_replay(places, args, err);
    if (code == 0)
        code = admit_next(&place, places->admit, STMT_ROOT, err);
    if (code == 0)
        code = same_check(args, where, &place, err);
    return code;
}

int cmd_places_open(struct cmd_places *ret_places, const struct cmd_args *args, struct err *err)
{
    struct cmd_places places = {.admit = NULL};
    const char *where = cmd_value(args, "--dir");
    int code =
        where ? log_places(&places, where, args, err) : place_given(&places.typed, args, err);
    if (code)
        cmd_places_close(&places);
    else
        *ret_places = places;
    return code;
}

void cmd_places_close(struct cmd_places *places)
{
    admit_free(places->admit);
    cmd_log_close(&places->log);
    places->admit = NULL;
}

int cmd_places_next(struct stmt_place *ret_place, const struct cmd_places *places,
                    enum stmt_kind kind, struct err *err)
{
    if (places->admit)
        return admit_next(ret_place, places->admit, kind, err);
    *ret_place = places->typed;
    return 0;
}
