/* The machine's own files, as the writer asks for them. Paths are opened as they are; whatever
 * fails is one sentence with the path. */
#include "tlog/tlog.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int io_fail(struct err *err, const char *path, const char *what)
{
    return err_set(err, SANAD_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* The folder that a path lies in, made with its parents. */
static int parent_make(const char *path, struct err *err)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    int size = snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (size < 0 || size >= (int)sizeof folder)
        return err_set(err, SANAD_IO, "%.200s: path too long", path);
    return folder_make(folder, err);
}

static int file_open(int *ret_fd, const char *path, int flags, struct err *err)
{
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 && errno == ENOENT) {
        int code = parent_make(path, err);
        if (code)
            return code;
        fd = open(path, flags | O_CREAT | O_CLOEXEC, 0644);
    }
    if (fd < 0)
        return io_fail(err, path, "create");
    *ret_fd = fd;
    return 0;
}

static int posix_lock(void *context, int *ret_handle, const char *path, struct err *err)
{
    int fd;
    (void)context;
    int code = file_open(&fd, path, O_RDWR, err);
    if (code)
        return code;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        code = errno == EWOULDBLOCK
                   ? err_set(err, SANAD_ENVIRONMENT, "%s: another writer holds it", path)
                   : io_fail(err, path, "lock");
        (void)close(fd); /* nothing was written */
        return code;
    }
    *ret_handle = fd;
    return 0;
}

static void posix_unlock(void *context, int handle)
{
    (void)context;
    (void)close(handle); /* nothing was written; the lock goes with it */
}

static int write_all(int fd, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(fd, bytes.data, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        bytes = bytes_of(bytes.data + put, bytes.size - (size_t)put);
    }
    return 0;
}

static int posix_append_open(void *context, int *ret_handle, const char *path, struct err *err)
{
    (void)context;
    return file_open(ret_handle, path, O_WRONLY | O_APPEND, err);
}

static int posix_append(void *context, int handle, struct bytes bytes, struct err *err)
{
    (void)context;
    if (write_all(handle, bytes) != 0)
        return err_set(err, SANAD_IO, "append: %s", strerror(errno));
    return 0;
}

static int posix_append_sync(void *context, int handle, struct err *err)
{
    (void)context;
    if (fdatasync(handle) != 0)
        return err_set(err, SANAD_IO, "sync: %s", strerror(errno));
    return 0;
}

static void posix_append_close(void *context, int handle)
{
    (void)context;
    (void)close(handle); /* what counts was synced */
}

static int posix_put(void *context, const char *path, struct bytes bytes, struct err *err)
{
    int fd;
    (void)context;
    int code = file_open(&fd, path, O_WRONLY | O_TRUNC, err);
    if (code)
        return code;
    if (write_all(fd, bytes) != 0)
        code = io_fail(err, path, "write");
    if (close(fd) != 0 && code == 0)
        code = io_fail(err, path, "close");
    return code;
}

/* fsync or syncfs of what stands at a path. */
static int sync_with(int (*call)(int), const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_fail(err, path, "open");
    int code = call(fd) == 0 ? 0 : io_fail(err, path, "sync");
    (void)close(fd); /* only read */
    return code;
}

static int posix_sync(void *context, const char *path, struct err *err)
{
    (void)context;
    return sync_with(fsync, path, err);
}

static int posix_sync_all(void *context, const char *path, struct err *err)
{
    (void)context;
    return sync_with(syncfs, path, err);
}

static int posix_rename(void *context, const char *from, const char *to, struct err *err)
{
    (void)context;
    return rename(from, to) == 0 ? 0 : io_fail(err, to, "rename");
}

static int posix_remove(void *context, const char *path, struct err *err)
{
    (void)context;
    return remove(path) == 0 ? 0 : io_fail(err, path, "remove");
}

static int posix_read(void *context, struct buf *ret_data, const char *path, size_t size_max,
                      struct err *err)
{
    (void)context;
    if (!file_exists(path))
        return err_set(err, SANAD_MISSING, "%s: it is not there", path);
    return file_read(ret_data, path, size_max, err);
}

const struct tlog_io *tlog_io_posix(void)
{
    static const struct tlog_io io = {.lock = posix_lock,
                                      .unlock = posix_unlock,
                                      .append_open = posix_append_open,
                                      .append = posix_append,
                                      .append_sync = posix_append_sync,
                                      .append_close = posix_append_close,
                                      .put = posix_put,
                                      .sync = posix_sync,
                                      .sync_all = posix_sync_all,
                                      .rename = posix_rename,
                                      .remove = posix_remove,
                                      .read = posix_read};
    return &io;
}
