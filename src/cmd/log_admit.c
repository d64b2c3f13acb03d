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
