/* Files of a blocks folder: names, exact reads, and a bounded cache of open descriptors, so
 * that random reads of thousands of files need not open one each time. */
#include "source/source_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void file_name_of(char ret_name[FILE_NAME_SIZE], enum fd_kind kind, uint32_t number)
{
    sanad_assert(number <= FILE_NUMBER_MAX);
    (void)snprintf(ret_name, FILE_NAME_SIZE, "%s%05u.dat", kind == FD_BLK ? "blk" : "rev", number);
}

int file_open(int *ret_fd, const char *folder, enum fd_kind kind, uint32_t number, struct err *err)
{
    char name[FILE_NAME_SIZE];
    char path[PATH_SIZE];
    file_name_of(name, kind, number);
    int code = path_join(path, folder, name, err);
    if (code != 0)
        return code;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return err_set(err, SANAD_MISSING, "%s: is not there", name);
    if (fd < 0)
        return err_set(err, SANAD_IO, "%s: open: %s", name, strerror(errno));
    *ret_fd = fd;
    return 0;
}

int file_pread(int fd, uint8_t *ret_data, size_t size, uint64_t offset, const char *name,
               struct err *err)
{
    while (size > 0) {
        ssize_t got = pread(fd, ret_data, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, SANAD_IO, "%s: read: %s", name, strerror(errno));
        if (got == 0)
            return err_set(err, SANAD_REFUSED, "%s: shorter than it was: has no byte %llu", name,
                           (unsigned long long)offset);
        ret_data += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

void fd_cache_init(struct fd_cache *cache)
{
    *cache = (struct fd_cache){0};
    for (size_t i = 0; i < countof(cache->slots); i++)
        cache->slots[i].fd = -1;
    int code = pthread_mutex_init(&cache->lock, NULL);
    sanad_assert(code == 0);
}

/* Read only: closing can lose nothing. */
static void slot_close(struct fd_slot *slot)
{
    if (slot->fd >= 0)
        (void)close(slot->fd);
    slot->fd = -1;
}

void fd_cache_free(struct fd_cache *cache)
{
    for (size_t i = 0; i < countof(cache->slots); i++) {
        sanad_assert(cache->slots[i].pins == 0);
        slot_close(&cache->slots[i]);
    }
    (void)pthread_mutex_destroy(&cache->lock);
}

void fd_cache_drop(struct fd_cache *cache, uint32_t number)
{
    (void)pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < countof(cache->slots); i++)
        if (cache->slots[i].number == number && cache->slots[i].pins == 0)
            slot_close(&cache->slots[i]);
    (void)pthread_mutex_unlock(&cache->lock);
}

static struct fd_slot *slot_find(struct fd_cache *cache, enum fd_kind kind, uint32_t number)
{
    for (size_t i = 0; i < countof(cache->slots); i++) {
        struct fd_slot *slot = &cache->slots[i];
        if (slot->fd >= 0 && slot->kind == kind && slot->number == number)
            return slot;
    }
    return NULL;
}

/* A free slot, else the one unused for longest; NULL where all are pinned. */
static struct fd_slot *slot_oldest(struct fd_cache *cache)
{
    struct fd_slot *oldest = NULL;
    for (size_t i = 0; i < countof(cache->slots); i++) {
        struct fd_slot *slot = &cache->slots[i];
        if (slot->fd < 0)
            return slot;
        if (slot->pins == 0 && (!oldest || slot->used < oldest->used))
            oldest = slot;
    }
    return oldest;
}

/* With the lock held. */
static int cache_fill(struct fd_cache *cache, struct fd_slot **ret_slot, int *ret_fd,
                      const char *folder, enum fd_kind kind, uint32_t number, struct err *err)
{
    int fd;
    int code = file_open(&fd, folder, kind, number, err);
    if (code != 0)
        return code;
    struct fd_slot *slot = slot_oldest(cache);
    if (slot) {
        slot_close(slot);
        *slot = (struct fd_slot){.fd = fd, .kind = kind, .number = number};
    }
    *ret_slot = slot;
    *ret_fd = fd;
    return 0;
}

int fd_cache_get(struct fd_cache *cache, struct fd_pin *ret_pin, const char *folder,
                 enum fd_kind kind, uint32_t number, struct err *err)
{
    int code = 0;
    (void)pthread_mutex_lock(&cache->lock);
    struct fd_slot *slot = slot_find(cache, kind, number);
    int fd = slot ? slot->fd : -1;
    if (!slot)
        code = cache_fill(cache, &slot, &fd, folder, kind, number, err);
    if (code == 0 && slot) {
        slot->pins++;
        slot->used = ++cache->clock;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    if (code == 0)
        *ret_pin = (struct fd_pin){.fd = fd, .slot = slot};
    return code;
}

void fd_cache_put(struct fd_cache *cache, struct fd_pin *pin)
{
    if (!pin->slot) {
        (void)close(pin->fd);
        return;
    }
    (void)pthread_mutex_lock(&cache->lock);
    sanad_assert(pin->slot->pins > 0);
    pin->slot->pins--;
    (void)pthread_mutex_unlock(&cache->lock);
}
