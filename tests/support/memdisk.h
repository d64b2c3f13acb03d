/* memdisk: a file system in memory that loses what was not synced. Each file has what a program
 * sees and what is on the disk; links, renames and removals wait until their folder is synced. When
 * the power goes, a random part of what waits is kept: writes torn at any byte or with holes,
 * renames in any order. It can also fail at any operation, as a full disk does. */
#ifndef SANAD_TEST_MEMDISK_H
#define SANAD_TEST_MEMDISK_H

#include "base/base.h"
#include "tlog/tlog.h"

struct memdisk;
struct memdisk *memdisk_new(uint64_t seed);
void memdisk_free(struct memdisk *disk);
struct tlog_io memdisk_io(struct memdisk *disk);
/* Tiles below a folder of it; both borrowed. */
struct memdisk_folder {
    struct memdisk *disk;
    const char *path;
};
struct tlog_reader memdisk_reader(struct memdisk_folder *folder);

/* Operations that changed something or tried to. */
uint64_t memdisk_operations(const struct memdisk *disk);
/* The power goes in the middle of the operation after so many more; from there on all fail. */
void memdisk_crash_after(struct memdisk *disk, uint64_t operations);
bool memdisk_is_off(const struct memdisk *disk);
/* What is left when the power is back. */
void memdisk_restart(struct memdisk *disk);
/* The process ends, not the power: only locks and handles go. */
void memdisk_kill(struct memdisk *disk);
/* The operation after so many more fails, half done; those behind it work again. */
void memdisk_fail_after(struct memdisk *disk, uint64_t operations);
/* Called after each rename and removal. */
void memdisk_watch(struct memdisk *disk, void (*watch)(void *context), void *context);

/* Random numbers of the disk's own seed, below a limit. */
uint64_t memdisk_random(struct memdisk *disk, uint64_t limit);

/* Files as a program sees them, for tests that damage them. The content may be written through
 * the buf; NULL: not there. */
size_t memdisk_file_count(const struct memdisk *disk);
const char *memdisk_file_name(const struct memdisk *disk, size_t index);
struct buf *memdisk_file(struct memdisk *disk, const char *path);
void memdisk_file_remove(struct memdisk *disk, const char *path);
/* A copy with all of it synced. */
struct memdisk *memdisk_copy(const struct memdisk *disk);

#endif
