/* A file system in memory: names and contents each twice, as seen and as durable. */
#include "memdisk.h"

#include <stdlib.h>

enum { SECTOR_SIZE = 512, FILE_MAX = 1 << 28 };
#define NEVER UINT64_MAX

struct inode {
    struct buf seen;
    struct buf durable;
    bool is_folder;
    int handle;
    struct inode *older;
};
struct name {
    char *path;
    struct inode *inode;
};
struct names {
    struct name *at;
    size_t count, capacity;
};
/* A change of names that waits for its folder: `from` disappears, `to` appears; either may be
 * absent. */
struct change {
    char *from, *to;
    struct inode *inode;
    bool done;
};
struct memdisk {
    struct names seen, durable;
    struct change *changes;
    size_t change_count, change_capacity;
    struct inode *newest; /* of all that ever were */
    struct arena arena;   /* of paths */
    uint64_t random;
    uint64_t operations, crash_at, fail_at;
    bool off, locked;
    void (*watch)(void *context);
    void *watch_context;
};

uint64_t memdisk_random(struct memdisk *disk, uint64_t limit)
{
    disk->random = disk->random * 6364136223846793005u + 1442695040888963407u;
    return (disk->random >> 33) % limit;
}

struct memdisk *memdisk_new(uint64_t seed)
{
    struct memdisk *disk = mem_zalloc(1, sizeof *disk);
    disk->random = seed * 0x9e3779b97f4a7c15u + 1;
    disk->crash_at = disk->fail_at = NEVER;
    return disk;
}

void memdisk_free(struct memdisk *disk)
{
    if (!disk)
        return;
    while (disk->newest) {
        struct inode *inode = disk->newest;
        disk->newest = inode->older;
        buf_free(&inode->seen);
        buf_free(&inode->durable);
        free(inode);
    }
    free(disk->seen.at);
    free(disk->durable.at);
    free(disk->changes);
    arena_free(&disk->arena);
    free(disk);
}

/* ---- names --------------------------------------------------------------------------------------
 */

static struct name *name_find(const struct names *names, const char *path)
{
    size_t size = strlen(path);
    for (size_t i = 0; i < names->count; i++) {
        /* Paths differ mostly at their end. */
        size_t have = strlen(names->at[i].path);
        if (have == size && names->at[i].path[have - 1] == path[size - 1] &&
            memcmp(names->at[i].path, path, size) == 0)
            return &names->at[i];
    }
    return NULL;
}

static void name_set(struct names *names, char *path, struct inode *inode)
{
    struct name *name = name_find(names, path);
    if (!name) {
        if (names->count == names->capacity) {
            names->capacity = names->capacity ? 2 * names->capacity : 32;
            names->at = mem_realloc(names->at, names->capacity, sizeof *names->at);
        }
        name = &names->at[names->count++];
        name->path = path;
    }
    name->inode = inode;
}

static void name_drop(struct names *names, const char *path)
{
    struct name *name = name_find(names, path);
    if (name)
        *name = names->at[--names->count];
}

static bool inside(const char *folder, const char *path)
{
    size_t size = strlen(folder);
    return strncmp(folder, path, size) == 0 && path[size] == '/';
}

static void change_apply(struct names *names, const struct change *change)
{
    if (change->from)
        name_drop(names, change->from);
    if (change->to)
        name_set(names, change->to, change->inode);
}

static void change_add(struct memdisk *disk, struct change change)
{
    if (disk->change_count == disk->change_capacity) {
        disk->change_capacity = disk->change_capacity ? 2 * disk->change_capacity : 32;
        disk->changes = mem_realloc(disk->changes, disk->change_capacity, sizeof *disk->changes);
    }
    disk->changes[disk->change_count++] = change;
    change_apply(&disk->seen, &change);
}

static bool parent_is(const char *folder, const char *path)
{
    return inside(folder, path) && !strchr(path + strlen(folder) + 1, '/');
}

static struct inode *inode_new(struct memdisk *disk, bool is_folder)
{
    struct inode *inode = mem_zalloc(1, sizeof *inode);
    inode->seen = inode->durable = buf_with_max(FILE_MAX);
    inode->is_folder = is_folder;
    inode->handle = disk->newest ? disk->newest->handle + 1 : 0;
    inode->older = disk->newest;
    disk->newest = inode;
    return inode;
}

static void parents_make(struct memdisk *disk, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        char folder[PATH_SIZE];
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = 0;
        if (folder[0] == 0 || name_find(&disk->seen, folder))
            continue;
        change_add(disk, (struct change){.to = arena_strdup(&disk->arena, folder),
                                         .inode = inode_new(disk, true)});
    }
}

static struct inode *file_make(struct memdisk *disk, const char *path)
{
    struct name *name = name_find(&disk->seen, path);
    if (name)
        return name->inode;
    parents_make(disk, path);
    struct inode *inode = inode_new(disk, false);
    change_add(disk, (struct change){.to = arena_strdup(&disk->arena, path), .inode = inode});
    return inode;
}

static void content_set(struct buf *buf, struct bytes bytes)
{
    buf_reset(buf);
    buf_add(buf, bytes);
}

static void inode_sync(struct inode *inode)
{
    content_set(&inode->durable, buf_bytes(&inode->seen));
}

/* ---- faults -------------------------------------------------------------------------------------
 */

enum fate { GOES_WELL, GOES_HALF, IS_OFF };

static enum fate fate_of(struct memdisk *disk)
{
    if (disk->off)
        return IS_OFF;
    uint64_t now = disk->operations++;
    if (now == disk->crash_at) {
        disk->off = true;
        return GOES_HALF;
    }
    return now == disk->fail_at ? GOES_HALF : GOES_WELL;
}

static int fault(enum fate fate, struct err *err)
{
    if (fate == GOES_WELL)
        return 0;
    return err_set(err, SANAD_IO, fate == IS_OFF ? "disk: the power is off" : "disk: it is full");
}

uint64_t memdisk_operations(const struct memdisk *disk)
{
    return disk->operations;
}
void memdisk_crash_after(struct memdisk *disk, uint64_t operations)
{
    disk->crash_at = operations == NEVER ? NEVER : disk->operations + operations;
}
void memdisk_fail_after(struct memdisk *disk, uint64_t operations)
{
    disk->fail_at = operations == NEVER ? NEVER : disk->operations + operations;
}
bool memdisk_is_off(const struct memdisk *disk)
{
    return disk->off;
}
void memdisk_watch(struct memdisk *disk, void (*watch)(void *context), void *context)
{
    disk->watch = watch;
    disk->watch_context = context;
}

static void watch_call(struct memdisk *disk)
{
    if (disk->watch)
        disk->watch(disk->watch_context);
}

/* What a file holds after the power went: some of what was written behind the last sync, torn
 * anywhere, with sectors that never came. */
static void content_tear(struct memdisk *disk, struct inode *inode)
{
    size_t same = 0;
    size_t both = inode->seen.size < inode->durable.size ? inode->seen.size : inode->durable.size;
    if (bytes_equal(buf_bytes(&inode->seen), buf_bytes(&inode->durable)))
        return;
    while (same < both && inode->seen.data[same] == inode->durable.data[same])
        same++;
    if (memdisk_random(disk, 3) == 0) { /* nothing came */
        content_set(&inode->seen, buf_bytes(&inode->durable));
        return;
    }
    size_t size = same + memdisk_random(disk, inode->seen.size - same + 1);
    if (memdisk_random(disk, 3) == 0)
        size = inode->seen.size; /* all of the size, not all of the bytes */
    inode->seen.size = size;
    for (size_t at = same; at < size && memdisk_random(disk, 2);) {
        size_t hole = at + memdisk_random(disk, SECTOR_SIZE) + 1;
        hole = hole < size ? hole : size;
        if (memdisk_random(disk, 2))
            memset(inode->seen.data + at, 0, hole - at);
        at = hole;
    }
}

/* Names whose folder is gone are gone. */
static void orphans_drop(struct names *names)
{
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < names->count; i++) {
            char folder[PATH_SIZE];
            const char *slash = strrchr(names->at[i].path, '/');
            if (!slash)
                continue;
            memcpy(folder, names->at[i].path, (size_t)(slash - names->at[i].path));
            folder[slash - names->at[i].path] = 0;
            if (name_find(names, folder))
                continue;
            names->at[i--] = names->at[--names->count];
            again = true;
        }
    }
}

void memdisk_restart(struct memdisk *disk)
{
    uint64_t kept = memdisk_random(disk, 4); /* none, some, most, or all of what waits */
    for (size_t left = disk->change_count; left > 0; left--) {
        size_t pick = memdisk_random(disk, disk->change_count);
        while (disk->changes[pick].done) /* in any order */
            pick = (pick + 1) % disk->change_count;
        disk->changes[pick].done = true;
        if (memdisk_random(disk, 3) < kept)
            change_apply(&disk->durable, &disk->changes[pick]);
    }
    disk->change_count = 0;
    orphans_drop(&disk->durable);
    disk->seen.count = 0;
    for (size_t i = 0; i < disk->durable.count; i++)
        name_set(&disk->seen, disk->durable.at[i].path, disk->durable.at[i].inode);
    for (struct inode *inode = disk->newest; inode; inode = inode->older) {
        content_tear(disk, inode);
        inode_sync(inode);
    }
    disk->off = disk->locked = false;
    disk->crash_at = disk->fail_at = NEVER;
}

void memdisk_kill(struct memdisk *disk)
{
    disk->off = disk->locked = false;
    disk->crash_at = disk->fail_at = NEVER;
}

/* ---- the operations -----------------------------------------------------------------------------
 */

static int disk_lock(void *context, int *ret_handle, const char *path, struct err *err)
{
    struct memdisk *disk = context;
    if (disk->off)
        return fault(IS_OFF, err);
    if (disk->locked)
        return err_set(err, SANAD_ENVIRONMENT, "%s: another writer holds it", path);
    (void)file_make(disk, path);
    disk->locked = true;
    *ret_handle = 0;
    return 0;
}

static void disk_unlock(void *context, int handle)
{
    struct memdisk *disk = context;
    (void)handle;
    disk->locked = false;
}

static int disk_append_open(void *context, int *ret_handle, const char *path, struct err *err)
{
    struct memdisk *disk = context;
    enum fate fate = fate_of(disk);
    if (fate != GOES_WELL)
        return fault(fate, err);
    *ret_handle = file_make(disk, path)->handle;
    return 0;
}

static struct inode *inode_of(const struct memdisk *disk, int handle)
{
    struct inode *inode = disk->newest;
    while (inode->handle != handle)
        inode = inode->older;
    return inode;
}

static int disk_append(void *context, int handle, struct bytes bytes, struct err *err)
{
    struct memdisk *disk = context;
    enum fate fate = fate_of(disk);
    size_t size = fate == GOES_WELL   ? bytes.size
                  : fate == GOES_HALF ? memdisk_random(disk, bytes.size + 1)
                                      : 0;
    buf_add(&inode_of(disk, handle)->seen, bytes_of(bytes.data, size));
    return fault(fate, err);
}

static int disk_append_sync(void *context, int handle, struct err *err)
{
    struct memdisk *disk = context;
    enum fate fate = fate_of(disk);
    if (fate == GOES_WELL || (fate == GOES_HALF && memdisk_random(disk, 2)))
        inode_sync(inode_of(disk, handle));
    return fault(fate, err);
}

static void disk_append_close(void *context, int handle)
{
    (void)context;
    (void)handle;
}

static int disk_put(void *context, const char *path, struct bytes bytes, struct err *err)
{
    struct memdisk *disk = context;
    enum fate fate = fate_of(disk);
    if (fate == IS_OFF)
        return fault(fate, err);
    struct inode *inode = file_make(disk, path);
    size_t size = fate == GOES_WELL ? bytes.size : memdisk_random(disk, bytes.size + 1);
    content_set(&inode->seen, bytes_of(bytes.data, size));
    return fault(fate, err);
}

/* A file's content, or the names in a folder. */
static int disk_sync(void *context, const char *path, struct err *err)
{
    struct memdisk *disk = context;
    enum fate fate = fate_of(disk);
    struct name *name = name_find(&disk->seen, path);
    if (fate == GOES_WELL && !name)
        return err_set(err, SANAD_IO, "%s: open: not there", path);
    if (fate == IS_OFF || (fate == GOES_HALF && memdisk_random(disk, 2)) || !name)
        return fault(fate, err);
    if (!name->inode->is_folder)
        inode_sync(name->inode);
    size_t left = 0;
    for (size_t i = 0; i < disk->change_count; i++) {
        const struct change *change = &disk->changes[i];
        if (name->inode->is_folder && parent_is(path, change->to ? change->to : change->from))
            change_apply(&disk->durable, change);
        else
            disk->changes[left++] = *change;
    }
    disk->change_count = left;
    return fault(fate, err);
}

static int disk_sync_all(void *context, const char *path, struct err *err)
{
    struct memdisk *disk = context;
    enum fate fate = fate_of(disk);
    (void)path;
    if (fate == IS_OFF || (fate == GOES_HALF && memdisk_random(disk, 2)))
        return fault(fate, err);
    for (struct inode *inode = disk->newest; inode; inode = inode->older)
        inode_sync(inode);
    for (size_t i = 0; i < disk->change_count; i++)
        change_apply(&disk->durable, &disk->changes[i]);
    disk->change_count = 0;
    return fault(fate, err);
}

static int disk_rename(void *context, const char *from, const char *to, struct err *err)
{
    struct memdisk *disk = context;
    enum fate fate = fate_of(disk);
    struct name *name = name_find(&disk->seen, from);
    if (fate == GOES_WELL && !name)
        return err_set(err, SANAD_IO, "%s: rename: not there", from);
    if (fate == IS_OFF || (fate == GOES_HALF && memdisk_random(disk, 2)) || !name)
        return fault(fate, err);
    change_add(disk, (struct change){.from = arena_strdup(&disk->arena, from),
                                     .to = arena_strdup(&disk->arena, to),
                                     .inode = name->inode});
    watch_call(disk);
    return fault(fate, err);
}

static int disk_remove(void *context, const char *path, struct err *err)
{
    struct memdisk *disk = context;
    struct name *name = name_find(&disk->seen, path);
    if (!name) /* nothing to do is no operation: the writer asks for many */
        return err_set(err, SANAD_IO, "%s: remove: not there", path);
    for (size_t i = 0; i < disk->seen.count; i++)
        if (inside(path, disk->seen.at[i].path))
            return err_set(err, SANAD_IO, "%s: remove: not empty", path);
    enum fate fate = fate_of(disk);
    if (fate == IS_OFF || (fate == GOES_HALF && memdisk_random(disk, 2)))
        return fault(fate, err);
    change_add(disk, (struct change){.from = arena_strdup(&disk->arena, path)});
    watch_call(disk);
    return fault(fate, err);
}

static int disk_read(void *context, struct buf *ret_data, const char *path, size_t size_max,
                     struct err *err)
{
    struct memdisk *disk = context;
    struct name *name = name_find(&disk->seen, path);
    struct buf data = buf_with_max(size_max);
    if (disk->off)
        return fault(IS_OFF, err);
    if (!name || name->inode->is_folder)
        return err_set(err, SANAD_MISSING, "%s: it is not there", path);
    buf_add(&data, buf_bytes(&name->inode->seen));
    if (data.bad) {
        buf_free(&data);
        return err_set(err, SANAD_REFUSED, "%s: over %zu bytes", path, size_max);
    }
    *ret_data = data;
    return 0;
}

struct tlog_io memdisk_io(struct memdisk *disk)
{
    return (struct tlog_io){.context = disk,
                            .lock = disk_lock,
                            .unlock = disk_unlock,
                            .append_open = disk_append_open,
                            .append = disk_append,
                            .append_sync = disk_append_sync,
                            .append_close = disk_append_close,
                            .put = disk_put,
                            .sync = disk_sync,
                            .sync_all = disk_sync_all,
                            .rename = disk_rename,
                            .remove = disk_remove,
                            .read = disk_read};
}

static int folder_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                       struct err *err)
{
    struct memdisk_folder *folder = context;
    char name[TLOG_PATH_SIZE];
    char path[PATH_SIZE];
    struct buf data = buf_with_max(FILE_MAX);
    tlog_tile_path(name, tile);
    sanad_assert(path_join(path, folder->path, name, NULL) == 0);
    struct name *found = name_find(&folder->disk->seen, path);
    if (!found) /* as a server would: also while the writer has no power */
        return err_set(err, SANAD_MISSING, "%s: it is not there", path);
    buf_add(&data, buf_bytes(&found->inode->seen));
    *ret_data = data;
    return 0;
}

struct tlog_reader memdisk_reader(struct memdisk_folder *folder)
{
    return (struct tlog_reader){.context = folder, .read = folder_read};
}

/* ---- files for tests that damage them -----------------------------------------------------------
 */

size_t memdisk_file_count(const struct memdisk *disk)
{
    return disk->seen.count;
}

const char *memdisk_file_name(const struct memdisk *disk, size_t index)
{
    sanad_assert(index < disk->seen.count);
    return disk->seen.at[index].path;
}

struct buf *memdisk_file(struct memdisk *disk, const char *path)
{
    struct name *name = name_find(&disk->seen, path);
    return name && !name->inode->is_folder ? &name->inode->seen : NULL;
}

void memdisk_file_remove(struct memdisk *disk, const char *path)
{
    name_drop(&disk->seen, path);
    name_drop(&disk->durable, path);
}

struct memdisk *memdisk_copy(const struct memdisk *disk)
{
    struct memdisk *copy = memdisk_new(disk->random);
    for (size_t i = 0; i < disk->seen.count; i++) {
        const struct name *name = &disk->seen.at[i];
        struct inode *inode = inode_new(copy, name->inode->is_folder);
        char *path = arena_strdup(&copy->arena, name->path);
        buf_add(&inode->seen, buf_bytes(&name->inode->seen));
        inode_sync(inode);
        name_set(&copy->seen, path, inode);
        name_set(&copy->durable, path, inode);
    }
    return copy;
}
