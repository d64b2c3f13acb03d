/* A folder appears whole or not at all: written beside under another name, synced, renamed. */
#include "pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int folder_sync(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return done ? 0 : err_set(err, SANAD_IO, "%s: cannot be synced", path);
}

/* What we wrote ourselves, after a failure: nothing else is in it. */
static void folder_remove(const char *folder, const struct pack_files *files)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < files->count; i++)
        if (path_join(path, folder, files->list[i].name, NULL) == 0)
            (void)unlink(path); /* it may not have been made */
    (void)rmdir(folder);
}

static int files_write(const char *folder, const struct pack_files *files, struct err *err)
{
    char path[PATH_SIZE];
    int code = 0;
    for (size_t i = 0; i < files->count && code == 0; i++) {
        code = path_join(path, folder, files->list[i].name, err);
        if (code == 0)
            code = file_write(path, buf_bytes(&files->list[i].content), err);
    }
    return code ? code : folder_sync(folder, err);
}

/* Beside `folder`, in the same file system; without a slash at its end. */
static int beside(char ret_path[PATH_SIZE], char ret_folder[PATH_SIZE], const char *folder,
                  struct err *err)
{
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/')
        size--;
    if (size == 0 || size + 16 > PATH_SIZE)
        return err_set(err, SANAD_USAGE, "%.80s: no name of a folder", folder);
    (void)snprintf(ret_folder, PATH_SIZE, "%.*s", (int)size, folder);
    (void)snprintf(ret_path, PATH_SIZE, "%.*s.part-XXXXXX", (int)size, folder);
    return 0;
}

static int parent_make(const char *folder, struct err *err)
{
    char parent[PATH_SIZE];
    const char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return 0;
    (void)snprintf(parent, sizeof parent, "%.*s", (int)(slash - folder), folder);
    return folder_make(parent, err);
}

int pack_folder_write(const char *folder, const struct pack_files *files, struct err *err)
{
    char part[PATH_SIZE];
    char name[PATH_SIZE];
    int code = beside(part, name, folder, err);
    if (code == 0)
        code = parent_make(name, err);
    if (code)
        return code;
    if (!mkdtemp(part))
        return err_set(err, SANAD_IO, "%s: cannot be made", part);
    if (chmod(part, 0755) != 0)
        code = err_set(err, SANAD_IO, "%s: cannot be opened to others", part);
    if (code == 0)
        code = files_write(part, files, err);
    if (code == 0 && rename(part, name) != 0)
        code = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
                   ? err_set(err, SANAD_REFUSED, "%s: exists; a pack is never written over", name)
                   : err_set(err, SANAD_IO, "%s: cannot be renamed", part);
    if (code)
        folder_remove(part, files);
    return code;
}
