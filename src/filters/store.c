/* The folder of kept filters: opened and checked, added to, committed. What is written first is
 * synced first, so that an entry of the index never tells of bytes that are not there. */
#include "filters/filters_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char INDEX_NAME[] = "index.dat";
static const char DATA_NAME[] = "filters.dat";
static const char MAGIC[16] = "sanad filters 1\n";

enum {
    CHECK_AT = 120,
    OPEN_BATCH = 8192,        /* entries read at once */
    WRITE_SIZE = 1 << 20,     /* of filters, at once */
    COMMIT_SIZE = 64 << 20,   /* a commit of its own accord after so many bytes */
    INDEX_BUF_MAX = 256 << 20 /* 2 million entries */
};

/* ---- entries -------------------------------------------------------------------------------- */

static void check_of(uint8_t ret_check[8], const uint8_t raw[ENTRY_SIZE])
{
    struct hash256 hash;
    sha256d_of(&hash, bytes_of(raw, CHECKED_SIZE));
    memcpy(ret_check, hash.b, 8);
}

void entry_write(struct buf *buf, const struct entry_record *record)
{
    uint8_t check[8];
    size_t begin = buf->size;
    buf_add(buf, bytes_of(record->block_hash.b, 32));
    buf_add(buf, bytes_of(record->filter_hash.b, 32));
    buf_add(buf, bytes_of(record->prev_header.b, 32));
    buf_le64(buf, record->offset);
    buf_le32(buf, record->size);
    buf_le32(buf, record->height);
    buf_le32(buf, record->flags);
    buf_le32(buf, 0);
    sanad_assert(!buf->bad);
    check_of(check, buf->data + begin);
    buf_add(buf, bytes_of(check, sizeof check));
}

void entry_parse(struct entry_record *ret_record, const uint8_t raw[ENTRY_SIZE])
{
    struct cursor cursor = cursor_of(bytes_of(raw, ENTRY_SIZE));
    memcpy(ret_record->block_hash.b, cursor_take(&cursor, 32).data, 32);
    memcpy(ret_record->filter_hash.b, cursor_take(&cursor, 32).data, 32);
    memcpy(ret_record->prev_header.b, cursor_take(&cursor, 32).data, 32);
    ret_record->offset = cursor_le64(&cursor);
    ret_record->size = cursor_le32(&cursor);
    ret_record->height = cursor_le32(&cursor);
    ret_record->flags = cursor_le32(&cursor);
}

int filters_damaged(const struct filters *filters, size_t number, const char *rule, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "%s/%s: entry %zu: %s", filters->folder, INDEX_NAME, number,
                   rule);
}

/* ---- the table in memory -------------------------------------------------------------------- */

/* A block's hash ends with zeros; what it begins with its miner could not choose. */
static uint64_t key_of(const struct hash256 *hash)
{
    return load_le64(hash->b);
}

uint32_t kept_find(const struct filters *filters, const struct hash256 *block_hash)
{
    if (filters->count == 0)
        return ENTRY_NONE;
    uint64_t key = key_of(block_hash);
    for (size_t at = key & filters->slot_mask;; at = (at + 1) & filters->slot_mask) {
        uint32_t entry = filters->slots[at];
        if (entry == ENTRY_NONE)
            return ENTRY_NONE;
        if (filters->entries[entry].key == key)
            return entry;
    }
}

static void slot_put(const struct filters *filters, uint32_t entry)
{
    size_t at = filters->entries[entry].key & filters->slot_mask;
    while (filters->slots[at] != ENTRY_NONE)
        at = (at + 1) & filters->slot_mask;
    filters->slots[at] = entry;
}

static void slots_grow(struct filters *filters)
{
    size_t slots = filters->slot_mask ? 2 * (filters->slot_mask + 1) : 4096;
    filters->slot_mask = slots - 1;
    filters->slots = mem_realloc(filters->slots, slots, sizeof *filters->slots);
    memset(filters->slots, 0xff, slots * sizeof *filters->slots);
    for (size_t i = 0; i < filters->count; i++)
        slot_put(filters, (uint32_t)i);
}

static void kept_push(struct filters *filters, const struct entry_record *record)
{
    if (filters->count == filters->capacity) {
        filters->capacity += filters->capacity / 4 + 4096;
        filters->entries =
            mem_realloc(filters->entries, filters->capacity, sizeof *filters->entries);
    }
    if (2 * filters->count >= filters->slot_mask)
        slots_grow(filters);
    filters->entries[filters->count] = (struct kept){
        .key = key_of(&record->block_hash),
        .offset = record->offset & DATA_SIZE_MAX,
        .size = record->size & 0xffffff,
    };
    slot_put(filters, (uint32_t)filters->count++);
    filters->data_size += record->size;
}

/* ---- files ---------------------------------------------------------------------------------- */

int filters_read(const struct filters *filters, bool index, void *ret_data, size_t size,
                 uint64_t offset, struct err *err)
{
    uint8_t *at = ret_data;
    const char *name = index ? INDEX_NAME : DATA_NAME;
    while (size > 0) {
        ssize_t got = pread(index ? filters->index_fd : filters->data_fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, SANAD_IO, "%s/%s: %s", filters->folder, name, strerror(errno));
        if (got == 0)
            return err_set(err, SANAD_REFUSED, "%s/%s: ends before its index says", filters->folder,
                           name);
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static int file_append(const struct filters *filters, bool index, struct bytes bytes,
                       uint64_t offset, struct err *err)
{
    while (bytes.size > 0) {
        ssize_t got = pwrite(index ? filters->index_fd : filters->data_fd, bytes.data, bytes.size,
                             (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(err, SANAD_IO, "%s/%s: %s", filters->folder,
                           index ? INDEX_NAME : DATA_NAME, strerror(errno));
        bytes = bytes_of(bytes.data + got, bytes.size - (size_t)got);
        offset += (uint64_t)got;
    }
    return 0;
}

static int file_sync(const struct filters *filters, bool index, struct err *err)
{
    if (fdatasync(index ? filters->index_fd : filters->data_fd) == 0)
        return 0;
    return err_set(err, SANAD_IO, "%s/%s: %s", filters->folder, index ? INDEX_NAME : DATA_NAME,
                   strerror(errno));
}

static int file_open(struct filters *filters, int *ret_fd, uint64_t *ret_size, const char *name,
                     struct err *err)
{
    char path[PATH_SIZE];
    struct stat status;
    int flags = filters->mode == FILTERS_WRITE ? O_RDWR | O_CREAT : O_RDONLY;
    int code = path_join(path, filters->folder, name, err);
    if (code != 0)
        return code;
    int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set(err, errno == ENOENT ? SANAD_MISSING : SANAD_IO, "%s: %s", path,
                       strerror(errno));
    *ret_fd = fd;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return err_set(err, SANAD_REFUSED, "%s: not a regular file", path);
    *ret_size = (uint64_t)status.st_size;
    return 0;
}

/* ---- opening -------------------------------------------------------------------------------- */

static void head_make(uint8_t ret_head[HEAD_SIZE], const struct chain_params *params)
{
    memset(ret_head, 0, HEAD_SIZE);
    memcpy(ret_head, MAGIC, sizeof MAGIC);
    memcpy(ret_head + sizeof MAGIC, params->genesis_hash.b, 32);
    check_of(ret_head + CHECK_AT, ret_head);
}

static int head_check(const struct filters *filters, struct err *err)
{
    uint8_t head[HEAD_SIZE], expected[HEAD_SIZE], check[8];
    int code = filters_read(filters, true, head, sizeof head, 0, err);
    if (code != 0)
        return code;
    check_of(check, head);
    head_make(expected, filters->params);
    if (memcmp(head, MAGIC, sizeof MAGIC) != 0)
        return err_set(err, SANAD_REFUSED, "%s/%s: not an index of filters of this version",
                       filters->folder, INDEX_NAME);
    if (memcmp(check, head + CHECK_AT, sizeof check) != 0)
        return err_set(err, SANAD_REFUSED, "%s/%s: its head is damaged", filters->folder,
                       INDEX_NAME);
    if (memcmp(head, expected, sizeof head) != 0)
        return err_set(err, SANAD_REFUSED, "%s: holds filters of another chain", filters->folder);
    return 0;
}

/* What one batch of raw entries looks like to the checksum. */
static void checks_make(bool *ret_good, const uint8_t *raw, size_t count)
{
    struct sha256_job *jobs = mem_alloc(count * sizeof *jobs);
    struct hash256 *digests = mem_alloc(count * sizeof *digests);
    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct sha256_job){raw + i * ENTRY_SIZE, CHECKED_SIZE, &digests[i]};
    sha256d_many(jobs, count);
    for (size_t i = 0; i < count; i++)
        ret_good[i] = memcmp(digests[i].b, raw + i * ENTRY_SIZE + CHECK_AT, 8) == 0;
    free(jobs);
    free(digests);
}

/* An index that is being read. */
struct opening {
    struct filters *filters;
    uint64_t data_size; /* of the file */
    size_t torn;        /* the first entry that failed, or SIZE_MAX */
};

/* Its filter was not written whole. */
static bool is_beyond(const struct opening *o, const uint8_t *raw)
{
    struct entry_record record;
    entry_parse(&record, raw);
    return record.size > o->data_size || record.offset > o->data_size - record.size;
}

static int entry_take(struct opening *o, size_t number, const uint8_t *raw, struct err *err)
{
    struct filters *filters = o->filters;
    struct entry_record record;
    entry_parse(&record, raw);
    if (record.size == 0 || record.size > FILTER_SIZE_MAX)
        return filters_damaged(filters, number, "a filter of an impossible size", err);
    if (record.flags & ~(uint32_t)FLAG_UNROOTED || load_le32(raw + 116) != 0)
        return filters_damaged(filters, number, "an unknown flag", err);
    if (record.offset != filters->data_size || record.offset > DATA_SIZE_MAX)
        return filters_damaged(filters, number, "does not begin where the one before ends", err);
    if (kept_find(filters, &record.block_hash) != ENTRY_NONE)
        return filters_damaged(filters, number, "its block has another one", err);
    if (is_beyond(o, raw))
        o->torn = number; /* all behind it lie beyond the end, too */
    else
        kept_push(filters, &record);
    return 0;
}

/* Takes a batch; an entry that fails its checksum is the torn end, unless a good one follows. */
static int batch_take(struct opening *o, size_t first, const uint8_t *raw, size_t count,
                      struct err *err)
{
    bool good[OPEN_BATCH];
    int code = 0;
    checks_make(good, raw, count);
    for (size_t i = 0; i < count && code == 0; i++) {
        const uint8_t *at = raw + i * ENTRY_SIZE;
        if (o->torn == SIZE_MAX && good[i])
            code = entry_take(o, first + i, at, err);
        else if (o->torn == SIZE_MAX)
            o->torn = first + i;
        else if (good[i] && !is_beyond(o, at))
            code = filters_damaged(o->filters, o->torn, "its checksum is wrong", err);
    }
    return code;
}

static int index_read(struct filters *filters, uint64_t index_size, uint64_t data_size,
                      struct err *err)
{
    struct opening o = {.filters = filters, .data_size = data_size, .torn = SIZE_MAX};
    size_t count = (size_t)((index_size - HEAD_SIZE) / ENTRY_SIZE);
    uint8_t *raw = mem_alloc((size_t)OPEN_BATCH * ENTRY_SIZE);
    int code = 0;
    for (size_t first = 0; first < count && code == 0; first += OPEN_BATCH) {
        size_t many = count - first < OPEN_BATCH ? count - first : OPEN_BATCH;
        code = entries_read(filters, raw, first, many, err);
        if (code == 0)
            code = batch_take(&o, first, raw, many, err);
    }
    free(raw);
    return code;
}

static int tails_cut(struct filters *filters, struct err *err)
{
    uint64_t index_size = HEAD_SIZE + (uint64_t)filters->count * ENTRY_SIZE;
    if (ftruncate(filters->index_fd, (off_t)index_size) != 0 ||
        ftruncate(filters->data_fd, (off_t)filters->data_size) != 0)
        return err_set(err, SANAD_IO, "%s: %s", filters->folder, strerror(errno));
    return 0;
}

static int head_create(struct filters *filters, uint64_t data_size, struct err *err)
{
    uint8_t head[HEAD_SIZE];
    head_make(head, filters->params);
    if (data_size > 0)
        return err_set(err, SANAD_REFUSED, "%s/%s: has no head, but there are filters",
                       filters->folder, INDEX_NAME);
    int code = file_append(filters, true, bytes_of(head, sizeof head), 0, err);
    return code ? code : file_sync(filters, true, err);
}

static int files_open(struct filters *filters, struct err *err)
{
    uint64_t index_size = 0;
    uint64_t data_size = 0;
    bool writes = filters->mode == FILTERS_WRITE;
    int code = writes ? folder_make(filters->folder, err) : 0;
    if (code == 0)
        code = file_open(filters, &filters->index_fd, &index_size, INDEX_NAME, err);
    if (code == 0 && writes && flock(filters->index_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, SANAD_ENVIRONMENT, "%s: another process writes to it", filters->folder);
    if (code == 0)
        code = file_open(filters, &filters->data_fd, &data_size, DATA_NAME, err);
    if (code == 0 && writes && index_size < HEAD_SIZE) {
        code = head_create(filters, data_size, err);
        index_size = HEAD_SIZE;
    }
    if (code == 0)
        code = head_check(filters, err);
    if (code == 0)
        code = index_read(filters, index_size, data_size, err);
    if (code == 0 && writes)
        code = tails_cut(filters, err);
    return code;
}

static void filters_free(struct filters *filters)
{
    if (filters->index_fd >= 0)
        (void)close(filters->index_fd); /* what was to be kept is synced */
    if (filters->data_fd >= 0)
        (void)close(filters->data_fd);
    (void)pthread_rwlock_destroy(&filters->lock);
    buf_free(&filters->data);
    buf_free(&filters->index);
    free(filters->entries);
    free(filters->slots);
    free(filters);
}

int filters_open(struct filters **ret_filters, const char *folder,
                 const struct chain_params *params, enum filters_mode mode, struct err *err)
{
    struct filters *filters = mem_zalloc(1, sizeof *filters);
    filters->index_fd = filters->data_fd = -1;
    filters->params = params;
    filters->mode = mode;
    filters->data = buf_with_max(WRITE_SIZE + FILTER_SIZE_MAX);
    filters->index = buf_with_max(INDEX_BUF_MAX);
    sanad_assert(pthread_rwlock_init(&filters->lock, NULL) == 0);
    int code = 0;
    if (snprintf(filters->folder, sizeof filters->folder, "%s", folder) >= PATH_SIZE)
        code = err_set(err, SANAD_REFUSED, "%s: a path too long", folder);
    if (code == 0)
        code = files_open(filters, err);
    if (code != 0) {
        filters_free(filters);
        return code;
    }
    filters->data_written = filters->data_synced = filters->data_size;
    filters->entries_written = filters->count;
    *ret_filters = filters;
    return 0;
}

void filters_close(struct filters *filters)
{
    if (!filters)
        return;
    if (filters->mode == FILTERS_WRITE)
        (void)filters_commit(filters, NULL); /* else lost, as the header says */
    filters_free(filters);
}

/* ---- adding --------------------------------------------------------------------------------- */

static int data_flush(struct filters *filters, struct err *err)
{
    int code = file_append(filters, false, buf_bytes(&filters->data), filters->data_written, err);
    if (code != 0)
        return code;
    filters->data_written += filters->data.size;
    buf_reset(&filters->data);
    return 0;
}

static int commit_locked(struct filters *filters, struct err *err)
{
    if (filters->entries_written == filters->count)
        return 0;
    int code = data_flush(filters, err);
    if (code == 0)
        code = file_sync(filters, false, err);
    if (code == 0)
        code = file_append(filters, true, buf_bytes(&filters->index),
                           HEAD_SIZE + (uint64_t)filters->entries_written * ENTRY_SIZE, err);
    if (code == 0)
        code = file_sync(filters, true, err);
    if (code != 0)
        return code;
    buf_reset(&filters->index);
    filters->entries_written = filters->count;
    filters->data_synced = filters->data_written;
    return 0;
}

int filters_commit(struct filters *filters, struct err *err)
{
    (void)pthread_rwlock_wrlock(&filters->lock);
    int code = commit_locked(filters, err);
    (void)pthread_rwlock_unlock(&filters->lock);
    return code;
}

void filter_entry_hash(struct filter_entry *entry, struct bytes filter)
{
    filter_hash(&entry->filter_hash, filter);
    filter_header(&entry->header, &entry->filter_hash, &entry->prev_header);
}

/* The same once more adds nothing; another filter of a block is refused. */
static int same_check(const struct filters *filters, uint32_t number,
                      const struct filter_entry *entry, struct err *err)
{
    uint8_t raw[ENTRY_SIZE];
    struct entry_record record;
    int code = entries_read(filters, raw, number, 1, err);
    if (code != 0)
        return code;
    entry_parse(&record, raw);
    if (hash256_equal(&record.block_hash, &entry->block_hash) &&
        hash256_equal(&record.filter_hash, &entry->filter_hash) &&
        hash256_equal(&record.prev_header, &entry->prev_header))
        return 0;
    return err_set(err, SANAD_REFUSED, "%s: height %u: its block has another filter or header",
                   filters->folder, entry->height);
}

static int add_locked(struct filters *filters, const struct filter_entry *entry,
                      struct bytes filter, struct err *err)
{
    uint32_t known = kept_find(filters, &entry->block_hash);
    if (known != ENTRY_NONE)
        return same_check(filters, known, entry, err);
    if (filters->data_size > DATA_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: holds as much as it can", filters->folder);
    if (filters->data.size >= WRITE_SIZE) {
        int code = filters->data_size - filters->data_synced >= COMMIT_SIZE
                       ? commit_locked(filters, err)
                       : data_flush(filters, err);
        if (code != 0)
            return code;
    }
    struct entry_record record = {
        .block_hash = entry->block_hash,
        .filter_hash = entry->filter_hash,
        .prev_header = entry->prev_header,
        .offset = filters->data_size,
        .size = (uint32_t)filter.size,
        .height = entry->height,
        .flags = entry->unrooted ? FLAG_UNROOTED : 0,
    };
    buf_add(&filters->data, filter);
    entry_write(&filters->index, &record);
    sanad_assert(!filters->data.bad && !filters->index.bad);
    kept_push(filters, &record);
    return 0;
}

int filters_add_hashed(struct filters *filters, const struct filter_entry *entry,
                       struct bytes filter, struct err *err)
{
    struct hash256 header;
    sanad_assert(filters->mode == FILTERS_WRITE);
    filter_header(&header, &entry->filter_hash, &entry->prev_header);
    if (filter.size == 0 || filter.size > FILTER_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "height %u: a filter of an impossible size",
                       entry->height);
    if (!hash256_equal(&header, &entry->header))
        return err_set(err, SANAD_REFUSED, "height %u: the filter header does not follow",
                       entry->height);
    (void)pthread_rwlock_wrlock(&filters->lock);
    int code = add_locked(filters, entry, filter, err);
    (void)pthread_rwlock_unlock(&filters->lock);
    return code;
}

int filters_add(struct filters *filters, const struct filter_entry *entry, struct bytes filter,
                struct err *err)
{
    struct hash256 hash;
    filter_hash(&hash, filter);
    if (!hash256_equal(&hash, &entry->filter_hash))
        return err_set(err, SANAD_REFUSED, "height %u: the filter is not that of its hash",
                       entry->height);
    return filters_add_hashed(filters, entry, filter, err);
}

/* ---- asking --------------------------------------------------------------------------------- */

static void lock_read(const struct filters *filters)
{
    (void)pthread_rwlock_rdlock(&((struct filters *)(uintptr_t)filters)->lock);
}

static void unlock_read(const struct filters *filters)
{
    (void)pthread_rwlock_unlock(&((struct filters *)(uintptr_t)filters)->lock);
}

size_t filters_count(const struct filters *filters)
{
    lock_read(filters);
    size_t count = filters->count;
    unlock_read(filters);
    return count;
}

uint64_t filters_bytes(const struct filters *filters)
{
    lock_read(filters);
    uint64_t bytes = filters->data_size;
    unlock_read(filters);
    return bytes;
}

bool filters_has(const struct filters *filters, const struct hash256 *block_hash)
{
    lock_read(filters);
    bool has = kept_find(filters, block_hash) != ENTRY_NONE;
    unlock_read(filters);
    return has;
}

int entries_read(const struct filters *filters, uint8_t *ret_raw, size_t first, size_t count,
                 struct err *err)
{
    size_t written = filters->entries_written;
    /* While the folder is opened nothing waits to be written. */
    size_t on_disk = filters->index.size == 0 || first + count <= written ? count
                     : first < written                                    ? written - first
                                                                          : 0;
    int code = on_disk == 0 ? 0
                            : filters_read(filters, true, ret_raw, on_disk * ENTRY_SIZE,
                                           HEAD_SIZE + (uint64_t)first * ENTRY_SIZE, err);
    if (code == 0 && on_disk < count)
        memcpy(ret_raw + on_disk * ENTRY_SIZE,
               filters->index.data + (first + on_disk - written) * ENTRY_SIZE,
               (count - on_disk) * ENTRY_SIZE);
    return code;
}

static int filter_read(const struct filters *filters, struct buf *ret_filter,
                       const struct kept *kept, struct err *err)
{
    buf_reset(ret_filter);
    uint8_t *room = buf_extend(ret_filter, kept->size);
    if (!room)
        return err_set(err, SANAD_REFUSED, "a filter of %u bytes: over the %zu asked for",
                       (unsigned)kept->size, ret_filter->max);
    if (kept->offset < filters->data_written)
        return filters_read(filters, false, room, kept->size, kept->offset, err);
    memcpy(room, filters->data.data + (kept->offset - filters->data_written), kept->size);
    return 0;
}

static int get_locked(const struct filters *filters, struct filter_entry *ret_entry,
                      struct buf *ret_filter, const struct hash256 *block_hash, struct err *err)
{
    uint8_t raw[ENTRY_SIZE], check[8];
    struct entry_record record;
    struct hash256 hash;
    uint32_t number = kept_find(filters, block_hash);
    if (number == ENTRY_NONE)
        return err_set(err, SANAD_MISSING, "%s: no filter of this block", filters->folder);
    int code = entries_read(filters, raw, number, 1, err);
    if (code == 0 && ret_filter)
        code = filter_read(filters, ret_filter, &filters->entries[number], err);
    if (code != 0)
        return code;
    check_of(check, raw);
    entry_parse(&record, raw);
    if (memcmp(check, raw + CHECK_AT, sizeof check) != 0 ||
        !hash256_equal(&record.block_hash, block_hash))
        return filters_damaged(filters, number, "it was changed", err);
    if (ret_filter)
        filter_hash(&hash, buf_bytes(ret_filter));
    if (ret_filter && !hash256_equal(&hash, &record.filter_hash))
        return filters_damaged(filters, number, "its filter is damaged", err);
    *ret_entry = (struct filter_entry){
        .block_hash = record.block_hash,
        .height = record.height,
        .filter_hash = record.filter_hash,
        .prev_header = record.prev_header,
        .unrooted = record.flags & FLAG_UNROOTED,
    };
    filter_header(&ret_entry->header, &ret_entry->filter_hash, &ret_entry->prev_header);
    return 0;
}

int filters_get(struct filters *filters, struct filter_entry *ret_entry, struct buf *ret_filter,
                const struct hash256 *block_hash, struct err *err)
{
    lock_read(filters);
    int code = get_locked(filters, ret_entry, ret_filter, block_hash, err);
    unlock_read(filters);
    return code;
}
