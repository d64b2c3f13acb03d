/* What stands in a log decides what may follow: its entries, replayed. Behind `log add`, which asks
 * whether a statement may enter, and `statement make --dir`, which asks where the next one stands.
 */
#include "admit/admit.h"
#include "cmd/cmd.h"

int cmd_admit_replay(struct admit **ret_admit, const struct tlog_reader *reader,
                     const struct tlog_tree *tree, const struct admit_options *options,
                     struct err *err)
{
    struct tlog_audit audit;
    struct admit *admit = admit_new(options);
    int code = tlog_audit_run(&audit, reader, tree, admit_visit, admit, err);
    if (code)
        admit_free(admit);
    else
        *ret_admit = admit;
    return code;
}

/* ---- kept between two runs ---------------------------------------------------------------------
 */

static int kept_path(char ret_path[PATH_SIZE], const struct tlog_writer_options *options,
                     struct err *err)
{
    return path_join(ret_path, options->private_folder, "admission", err);
}

static bool kept_read(struct admit **ret_admit, const struct tlog_writer_options *options,
                      const struct tlog_tree *tree)
{
    char path[PATH_SIZE];
    struct buf raw;
    if (kept_path(path, options, NULL) != 0 || !file_exists(path) ||
        file_read(&raw, path, ADMIT_SNAPSHOT_MAX, NULL) != 0)
        return false;
    int code =
        admit_snapshot_read(ret_admit, buf_bytes(&raw), options->origin, tree, options->seed, NULL);
    buf_free(&raw);
    return code == 0;
}

int cmd_admit_open(struct admit **ret_admit, const struct tlog_writer_options *options,
                   const struct tlog_tree *tree, struct err *err)
{
    struct tlog_reader reader = tlog_reader_folder(options->public_folder);
    /* All of it was admitted here, and the audit says that it is the same. */
    struct admit_options admit = {.origin = options->origin, .admitted_before = tree->size};
    if (kept_read(ret_admit, options, tree))
        return 0;
    return cmd_admit_replay(ret_admit, &reader, tree, &admit, err);
}

void cmd_admit_keep(const struct admit *admit, const struct tlog_writer_options *options,
                    const struct tlog_tree *tree)
{
    char path[PATH_SIZE];
    struct buf raw = buf_with_max(ADMIT_SNAPSHOT_MAX);
    admit_snapshot_write(&raw, admit, tree, options->seed);
    if (!raw.bad && kept_path(path, options, NULL) == 0)
        (void)file_write_private(path, buf_bytes(&raw), NULL); /* the next run reads the log */
    buf_free(&raw);
}
