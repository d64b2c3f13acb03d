/* What workers hand to the committer: touched transactions as bytes, and the file that takes
 * payloads which do not fit in memory. */
#include "scan/scan_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- touched transactions -------------------------------------------------------------------- */

void touched_write(struct buf *buf, const struct walk *walk, const struct walk_touch *touch,
                   const struct hash256 *txid)
{
    sanad_assert(touch->match_at + touch->match_count <= walk->match_count);
    buf_le32(buf, touch->tx_index);
    buf_le32(buf, touch->size);
    buf_le32(buf, touch->match_count);
    buf_add(buf, bytes_of(txid->b, sizeof txid->b));
    for (uint32_t i = 0; i < touch->match_count; i++)
        buf_le32(buf, walk->matches[touch->match_at + i]);
    buf_add(buf, bytes_of(touch->stripped, touch->size));
}

bool touched_read(struct touched *ret_touched, struct cursor *cursor)
{
    if (cursor_left(cursor) == 0)
        return false;
    ret_touched->tx_index = cursor_le32(cursor);
    uint32_t size = cursor_le32(cursor);
    uint64_t match_count = cursor_le32(cursor);
    struct bytes txid = cursor_take(cursor, sizeof ret_touched->txid.b);
    ret_touched->vouts = cursor_take(cursor, match_count * sizeof(uint32_t));
    ret_touched->stripped = cursor_take(cursor, size);
    sanad_assert(!cursor->bad);
    memcpy(ret_touched->txid.b, txid.data, txid.size);
    return true;
}

/* ---- the spill file -----------------------------------------------------------------------------
 */

/* Made at first use. It has no name, so a killed scan leaves nothing behind; what is released
 * is punched out, so that the disk holds only what still waits. */
struct spill {
    char *folder;
    pthread_mutex_t lock;
    int fd; /* -1: not made yet */
    uint64_t end;
};

struct spill *spill_new(const char *beside)
{
    struct spill *spill = mem_zalloc(1, sizeof *spill);
    const char *slash = strrchr(beside, '/');
    const char *temporary = getenv("TMPDIR");
    if (*beside == ':') /* a store in memory */
        spill->folder = mem_strdup(temporary && *temporary ? temporary : "/tmp");
    else if (!slash)
        spill->folder = mem_strdup(".");
    else {
        spill->folder = mem_strdup(beside);
        spill->folder[slash == beside ? 1 : slash - beside] = '\0';
    }
    spill->fd = -1;
    int code = pthread_mutex_init(&spill->lock, NULL);
    sanad_assert(code == 0);
    return spill;
}

void spill_free(struct spill *spill)
{
    if (!spill)
        return;
    if (spill->fd >= 0)
        (void)close(spill->fd); /* nobody will read it again */
    (void)pthread_mutex_destroy(&spill->lock);
    free(spill->folder);
    free(spill);
}

static int spill_fail(const struct spill *spill, const char *what, struct err *err)
{
    return err_set(err, SANAD_IO, "%s: temporary file of the scan: %s: %s", spill->folder, what,
                   strerror(errno));
}

/* For file systems that cannot make a file without a name. */
static int open_then_unlink(const struct spill *spill)
{
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/sanad-scan-XXXXXX", spill->folder);
    if (size < 0 || size >= (int)sizeof path)
        return -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path); /* at worst an empty name stays */
    return fd;
}

/* Room at the end of the file, under the lock. */
static int spill_room(struct spill *spill, uint64_t *ret_at, size_t size, struct err *err)
{
    (void)pthread_mutex_lock(&spill->lock);
    if (spill->fd < 0)
        spill->fd = open(spill->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (spill->fd < 0)
        spill->fd = open_then_unlink(spill);
    int code = spill->fd < 0 ? spill_fail(spill, "create", err) : 0;
    *ret_at = spill->end;
    spill->end += size;
    (void)pthread_mutex_unlock(&spill->lock);
    return code;
}

int spill_write(struct spill *spill, uint64_t *ret_at, struct bytes bytes, struct err *err)
{
    uint64_t at;
    int code = spill_room(spill, &at, bytes.size, err);
    for (size_t done = 0; code == 0 && done < bytes.size;) {
        ssize_t put = pwrite(spill->fd, bytes.data + done, bytes.size - done, (off_t)(at + done));
        if (put > 0)
            done += (size_t)put;
        else if (put == 0 || errno != EINTR)
            code = spill_fail(spill, "write", err);
    }
    if (code == 0)
        *ret_at = at;
    return code;
}

int spill_read(struct spill *spill, void *ret_data, uint64_t at, size_t size, struct err *err)
{
    uint8_t *data = ret_data;
    sanad_assert(spill->fd >= 0); /* something was written */
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(spill->fd, data + done, size - done, (off_t)(at + done));
        if (got > 0)
            done += (size_t)got;
        else if (got == 0 || errno != EINTR)
            return spill_fail(spill, "read", err);
    }
    return 0;
}

void spill_release(struct spill *spill, uint64_t at, uint64_t size)
{
    sanad_assert(spill->fd >= 0 && at + size <= spill->end);
    /* Where the file system cannot, the file is only larger. */
    (void)fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)size);
}
