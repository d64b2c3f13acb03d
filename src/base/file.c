/* Whole files: read with a ceiling, written so that a reader sees the old or the new. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int io_fail(struct err *err, const char *path, const char *what)
{
    return err_set(err, SANAD_IO, "%s: %s: %s", path, what, strerror(errno));
}

static int read_all(struct buf *buf, int fd, const char *path, struct err *err)
{
    for (;;) {
        enum { STEP = 1 << 16 };
        uint8_t step[STEP];
        ssize_t got = read(fd, step, sizeof step);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_fail(err, path, "read");
        if (got == 0)
            return 0;
        buf_add(buf, bytes_of(step, (size_t)got));
        if (buf->bad)
            return err_set(err, SANAD_REFUSED, "%s: over %zu bytes", path, buf->max);
    }
}

int file_read(struct buf *ret_buf, const char *path, size_t size_max, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_fail(err, path, "open");
    struct buf buf = buf_with_max(size_max);
    int code = read_all(&buf, fd, path, err);
    (void)close(fd); /* read only: nothing can be lost */
    if (code == 0)
        *ret_buf = buf;
    else
        buf_free(&buf);
    return code;
}

static int write_all(int fd, struct bytes content)
{
    while (content.size > 0) {
        ssize_t put = write(fd, content.data, content.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        content.data += put;
        content.size -= (size_t)put;
    }
    return 0;
}

/* The folder's entry must be durable too, or a crash may forget the rename. */
static int folder_sync(const char *path)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)size, path);
    int fd = open(size ? folder : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int code = fsync(fd);
    (void)close(fd);
    return code;
}

static int write_as(const char *path, struct bytes content, mode_t mode, struct err *err)
{
    char temporary[PATH_SIZE];
    int size = snprintf(temporary, sizeof temporary, "%s.tmp.%ld", path, (long)getpid());
    if (size < 0 || size >= (int)sizeof temporary)
        return err_set(err, SANAD_IO, "%.200s: path too long", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return io_fail(err, path, "create");
    bool written = write_all(fd, content) == 0 && fsync(fd) == 0;
    int code = written ? 0 : io_fail(err, path, "write");
    if (close(fd) != 0 && code == 0)
        code = io_fail(err, path, "close");
    if (code == 0 && (rename(temporary, path) != 0 || folder_sync(path) != 0))
        code = io_fail(err, path, "rename");
    if (code)
        (void)unlink(temporary); /* the first error is the one to tell */
    return code;
}

int file_write(const char *path, struct bytes content, struct err *err)
{
    return write_as(path, content, 0644, err);
}

int file_write_private(const char *path, struct bytes content, struct err *err)
{
    return write_as(path, content, 0600, err);
}

int path_join(char ret_path[PATH_SIZE], const char *folder, const char *name, struct err *err)
{
    char path[PATH_SIZE];
    size_t size = strlen(folder);
    bool slash = size > 0 && folder[size - 1] != '/'; /* the empty folder is the current one */
    int length = snprintf(path, sizeof path, "%s%s%s", folder, slash ? "/" : "", name);
    if (length < 0 || length >= PATH_SIZE)
        return err_set(err, SANAD_IO, "%.200s: path too long", folder);
    memcpy(ret_path, path, (size_t)length + 1);
    return 0;
}

int folder_make(const char *path, struct err *err)
{
    char step[PATH_SIZE];
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof step)
        return err_set(err, SANAD_IO, "%.200s: path empty or too long", path);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(step, path, i);
        step[i] = 0;
        if (mkdir(step, 0755) != 0 && errno != EEXIST)
            return io_fail(err, step, "create folder");
    }
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return err_set(err, SANAD_IO, "%s: not a folder", path);
    return 0;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
