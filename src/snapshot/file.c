/* The window over a snapshot file, and its head. One buffer, filled again when less than a whole
 * coin is left in it, so that memory does not depend on the file. */
#include "snapshot/snapshot_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const uint8_t snapshot_magic[5] = {'u', 't', 'x', 'o', 0xff};

static int head_parse(struct snapshot_head *ret_head, struct bytes raw, const char *path,
                      const struct chain_params *params, struct err *err)
{
    struct cursor cursor = cursor_of(raw);
    struct bytes magic = cursor_take(&cursor, sizeof snapshot_magic);
    uint16_t version = cursor_le16(&cursor);
    struct bytes network = cursor_take(&cursor, sizeof ret_head->magic);
    struct bytes base = cursor_take(&cursor, sizeof ret_head->base.b);
    uint64_t coins = cursor_le64(&cursor);
    if (cursor.bad || !bytes_equal(magic, bytes_of(snapshot_magic, sizeof snapshot_magic)))
        return err_set(err, SANAD_REFUSED, "%s: not a snapshot as dumptxoutset writes it", path);
    if (version != SNAPSHOT_VERSION)
        return err_set(err, SANAD_REFUSED, "%s: snapshot of version %u: only %d is known", path,
                       version, SNAPSHOT_VERSION);
    if (memcmp(network.data, params->magic, sizeof params->magic) != 0)
        return err_set(err, SANAD_REFUSED, "%s: snapshot of another network than %s", path,
                       params->name);
    if (coins == 0)
        return err_set(err, SANAD_REFUSED, "%s: snapshot without coins", path);
    memcpy(ret_head->magic, network.data, network.size);
    memcpy(ret_head->base.b, base.data, base.size);
    ret_head->coin_count = coins;
    return 0;
}

int snapshot_file_more(struct snapshot_file *file, struct err *err)
{
    size_t kept = (size_t)(file->end - file->at);
    memmove(file->buffer, file->at, kept);
    file->at = file->buffer;
    file->end = file->buffer + kept;
    while (!file->whole && (size_t)(file->end - file->at) < WINDOW_SIZE) {
        size_t room = WINDOW_SIZE - (size_t)(file->end - file->at);
        ssize_t got = read(file->fd, file->buffer + (file->end - file->at), room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, SANAD_IO, "%s: %s", file->path, strerror(errno));
        file->whole = got == 0;
        file->end += got;
        progress_add(file->progress, (uint64_t)got, 0);
    }
    return 0;
}

int snapshot_file_open(struct snapshot_file *file, struct snapshot_head *ret_head, const char *path,
                       const struct chain_params *params, struct err *err)
{
    *file = (struct snapshot_file){.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (file->fd < 0)
        return err_set(err, SANAD_IO, "%s: %s", path, strerror(errno));
    (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice: may be ignored */
    file->buffer = mem_alloc(WINDOW_SIZE);
    file->at = file->end = file->buffer;
    int code = snapshot_file_more(file, err);
    size_t size = (size_t)(file->end - file->at);
    struct bytes head = bytes_of(file->at, size < SNAPSHOT_HEAD_SIZE ? size : SNAPSHOT_HEAD_SIZE);
    if (code == 0)
        code = head_parse(ret_head, head, path, params, err);
    file->at += head.size;
    return code;
}

void snapshot_file_close(struct snapshot_file *file)
{
    if (file->fd >= 0)
        (void)close(file->fd); /* read only */
    free(file->buffer);
    *file = (struct snapshot_file){.fd = -1};
}

int snapshot_head_read(struct snapshot_head *ret_head, const char *path,
                       const struct chain_params *params, struct err *err)
{
    struct snapshot_file file;
    int code = snapshot_file_open(&file, ret_head, path, params, err);
    snapshot_file_close(&file);
    return code;
}
