/* The state of a witness in a folder: a journal that is appended to and synced, a lock that keeps
 * a second witness out. */
#include "witness/witness_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

struct witness_folder {
    char path[PATH_SIZE];
    char journal[PATH_SIZE];
    int lock;
    int fd; /* of the journal; -1: not open */
};

static int folder_read(void *context, struct buf *ret_journal, struct err *err)
{
    struct witness_folder *folder = context;
    if (!file_exists(folder->journal)) {
        *ret_journal = buf_with_max(0);
        return 0;
    }
    return file_read(ret_journal, folder->journal, WITNESS_JOURNAL_MAX, err);
}

static int folder_fail(const struct witness_folder *folder, const char *what, struct err *err)
{
    return err_set(err, SANAD_IO, "%s: %s: %s", folder->journal, what, strerror(errno));
}

static int folder_append(void *context, struct bytes frame, struct err *err)
{
    struct witness_folder *folder = context;
    sanad_assert(folder->fd >= 0); /* a journal begins by `replace` */
    while (frame.size > 0) {
        ssize_t put = write(folder->fd, frame.data, frame.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return folder_fail(folder, "write", err);
        frame = bytes_of(frame.data + put, frame.size - (size_t)put);
    }
    return fdatasync(folder->fd) == 0 ? 0 : folder_fail(folder, "sync", err);
}

static int folder_replace(void *context, struct bytes journal, struct err *err)
{
    struct witness_folder *folder = context;
    int code = file_write_private(folder->journal, journal, err);
    if (code)
        return code;
    if (folder->fd >= 0)
        (void)close(folder->fd); /* what it would say is of the old journal */
    folder->fd = open(folder->journal, O_WRONLY | O_APPEND | O_CLOEXEC);
    return folder->fd >= 0 ? 0 : folder_fail(folder, "open", err);
}

int witness_folder_open(struct witness_folder **ret_folder, const char *path, struct err *err)
{
    char lock[PATH_SIZE];
    struct witness_folder *folder = mem_zalloc(1, sizeof *folder);
    folder->fd = folder->lock = -1;
    int code = folder_make(path, err);
    if (code == 0)
        code = path_join(folder->path, path, "", err);
    if (code == 0)
        code = path_join(folder->journal, path, "journal", err);
    if (code == 0)
        code = path_join(lock, path, "lock", err);
    if (code == 0) {
        folder->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (folder->lock < 0)
            code = err_set(err, SANAD_IO, "%s: open: %s", lock, strerror(errno));
        else if (flock(folder->lock, LOCK_EX | LOCK_NB) != 0)
            code = err_set(err, SANAD_ENVIRONMENT, "%s: another witness works on it", path);
    }
    if (code)
        witness_folder_close(folder);
    else
        *ret_folder = folder;
    return code;
}

struct witness_store witness_folder_store(struct witness_folder *folder)
{
    return (struct witness_store){
        .context = folder, .read = folder_read, .append = folder_append, .replace = folder_replace};
}

void witness_folder_close(struct witness_folder *folder)
{
    if (!folder)
        return;
    if (folder->fd >= 0)
        (void)close(folder->fd); /* all of it is synced */
    if (folder->lock >= 0)
        (void)close(folder->lock);
    free(folder);
}
