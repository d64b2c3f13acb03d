/* `sanad verify` of what names files: a document, an annex and what is opened of it. */
#include "cmd/cmd.h"
#include "recheck/recheck.h"

#include <stdlib.h>

enum { ATTACHED_FILE_MAX = 1 << 30, OPENED_MAX = 64 };

/* What one run holds of an annex. */
struct opened_files {
    struct annex_opening openings[OPENED_MAX];
    struct buf files[OPENED_MAX];
    struct bytes plains[OPENED_MAX];
    size_t opening_count, plain_count;
};

static const char *const *paths_of(size_t *ret_count, const struct cmd_args *args,
                                   const char *option, struct err *err)
{
    const char *const *paths = cmd_values(args, option, ret_count);
    if (*ret_count <= OPENED_MAX)
        return paths;
    (void)err_set(err, SANAD_USAGE, "%s: more than %d files", option, OPENED_MAX);
    return NULL;
}

/* One option after the other: their values share one list. */
static int opened_read(struct opened_files *opened, const struct cmd_args *args, struct err *err)
{
    size_t count;
    int code = 0;
    const char *const *paths = paths_of(&count, args, "--opening", err);
    for (size_t i = 0; paths && i < count && code == 0; i++) {
        code = annex_opening_read_file(&opened->openings[i], paths[i], err);
        opened->opening_count += code == 0;
    }
    if (!paths || code)
        return err->code;
    paths = paths_of(&count, args, "--plain", err);
    for (size_t i = 0; paths && i < count && code == 0; i++) {
        code = file_read(&opened->files[i], paths[i], ATTACHED_FILE_MAX, err);
        if (code == 0)
            opened->plains[opened->plain_count++] = buf_bytes(&opened->files[i]);
    }
    return paths ? code : err->code;
}

static int annex_verify(struct recheck *recheck, const struct stmt *stmt,
                        const struct cmd_args *args, struct err *err)
{
    struct opened_files *opened = mem_zalloc(1, sizeof *opened);
    int code = opened_read(opened, args, err);
    const struct recheck_opened view = {.openings = opened->openings,
                                        .opening_count = opened->opening_count,
                                        .plains = opened->plains,
                                        .plain_count = opened->plain_count};
    if (code == 0)
        recheck_annex(recheck, stmt, &view);
    for (size_t i = 0; i < opened->plain_count; i++)
        buf_free(&opened->files[i]);
    free(opened);
    return code;
}

int cmd_verify_attached(struct recheck *recheck, const struct stmt *stmt,
                        const struct cmd_args *args, struct err *err)
{
    const char *path = cmd_value(args, "--file");
    struct buf file = {0};
    int code = path ? file_read(&file, path, ATTACHED_FILE_MAX, err) : 0;
    if (code)
        return code;
    struct bytes view = buf_bytes(&file);
    /* An annex is judged by what is opened: its age file is looked at where it is given. */
    if (path || stmt->kind == STMT_DOCUMENT)
        recheck_attached(recheck, stmt, path ? &view : NULL);
    buf_free(&file);
    return stmt->kind == STMT_ANNEX ? annex_verify(recheck, stmt, args, err) : 0;
}
