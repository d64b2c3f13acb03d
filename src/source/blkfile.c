/* "blocks:DIR": the blk and rev files of a node, indexed from the headers alone. A node's own
 * index must not be opened beside it, and a copy of the folder may lack it. */
#include "source/source_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_SIZE = 8,
    SCAN_THREADS = 8, /* more than processors: reading headers waits for the disk */
    SCAN_GROUP = 32,  /* files whose records are held at once */
    FILE_COUNT_MAX = 1 << 20
};

/* ---- the folder -------------------------------------------------------------------------------
 */

/* Reads "blk" + at least five digits + ".dat". */
static bool name_parse(uint32_t *ret_number, enum fd_kind *ret_kind, const char *name)
{
    size_t size = strlen(name);
    uint64_t number = 0;
    bool blk = strncmp(name, "blk", 3) == 0;
    if ((!blk && strncmp(name, "rev", 3) != 0) || size < 12 || strcmp(name + size - 4, ".dat") != 0)
        return false;
    for (size_t i = 3; i < size - 4; i++) {
        if (name[i] < '0' || name[i] > '9' || number > FILE_NUMBER_MAX / 10)
            return false;
        number = 10 * number + (uint64_t)(name[i] - '0');
    }
    if (size > 12 && name[3] == '0') /* five digits, more only where needed */
        return false;
    *ret_number = (uint32_t)number;
    *ret_kind = blk ? FD_BLK : FD_REV;
    return true;
}

struct blk_file *blkfile_find(const struct blkfile *blk, uint32_t number)
{
    size_t low = 0;
    size_t high = blk->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (blk->files[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < blk->file_count && blk->files[low].number == number ? &blk->files[low] : NULL;
}

static int compare_files(const void *a, const void *b)
{
    const struct blk_file *x = a;
    const struct blk_file *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The files of the folder as they are now, sorted; the caller frees. */
struct listing {
    struct blk_file *files;
    size_t count;
    size_t capacity;
    uint32_t *revs;
    size_t rev_count;
    size_t rev_capacity;
};

static int listing_add(struct listing *list, const char *name, struct err *err)
{
    uint32_t number;
    enum fd_kind kind;
    if (!name_parse(&number, &kind, name))
        return 0;
    if (list->count + list->rev_count >= FILE_COUNT_MAX)
        return err_set(err, SANAD_REFUSED, "over %d files", FILE_COUNT_MAX);
    if (kind == FD_REV) {
        if (list->rev_count == list->rev_capacity) {
            list->rev_capacity = list->rev_capacity ? 2 * list->rev_capacity : 64;
            list->revs = mem_realloc(list->revs, list->rev_capacity, sizeof *list->revs);
        }
        list->revs[list->rev_count++] = number;
        return 0;
    }
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->files = mem_realloc(list->files, list->capacity, sizeof *list->files);
    }
    list->files[list->count++] = (struct blk_file){.number = number};
    return 0;
}

static void listing_free(struct listing *list)
{
    free(list->files);
    free(list->revs);
    *list = (struct listing){0};
}

static int folder_list(struct listing *ret_list, const char *path, struct err *err)
{
    struct listing list = {0};
    DIR *folder = opendir(path);
    if (!folder)
        return err_set(err, SANAD_IO, "%s: open: %s", path, strerror(errno));
    int code = 0;
    errno = 0;
    for (struct dirent *entry = readdir(folder); entry && code == 0; entry = readdir(folder)) {
        code = listing_add(&list, entry->d_name, err);
        errno = 0;
    }
    if (code == 0 && errno != 0)
        code = err_set(err, SANAD_IO, "%s: list: %s", path, strerror(errno));
    (void)closedir(folder);
    if (code != 0) {
        listing_free(&list);
        return code;
    }
    if (list.count > 0)
        qsort(list.files, list.count, sizeof *list.files, compare_files);
    *ret_list = list;
    return 0;
}

/* The blocks of a file that a pruning node has deleted. */
static void file_forget(struct blkfile *blk, struct blk_file *file)
{
    struct source *source = &blk->base;
    for (uint32_t node = 0; node < source->place_count; node++)
        if (source->places[node].size > 0 && source->places[node].file == file->number)
            source_body_drop(source, node);
    fd_cache_drop(blk->fds, file->number);
    frame_undos_free(&file->undos);
    *file = (struct blk_file){.number = file->number, .gone = true};
}

/* Known files keep what is known of them; new ones come in; vanished ones are marked. */
static void files_merge(struct blkfile *blk, struct listing *list)
{
    struct blk_file *merged = mem_zalloc(blk->file_count + list->count, sizeof *merged);
    size_t count = 0;
    size_t old = 0;
    size_t fresh = 0;
    while (old < blk->file_count || fresh < list->count) {
        bool from_old = old < blk->file_count;
        if (from_old && fresh < list->count)
            from_old = blk->files[old].number <= list->files[fresh].number;
        struct blk_file *file = from_old ? &blk->files[old++] : &list->files[fresh++];
        bool there = !from_old;
        if (from_old && fresh < list->count && list->files[fresh].number == file->number) {
            there = true;
            fresh++;
        }
        if (!there && !file->gone)
            file_forget(blk, file);
        file->gone = !there;
        merged[count++] = *file;
    }
    free(blk->files);
    blk->files = merged;
    blk->file_count = count;
    blk->base.stats.has_undo = list->rev_count > 0;
}

/* ---- xor.dat ------------------------------------------------------------------------------------
 */

static int key_read(struct blkfile *blk, struct err *err)
{
    char path[PATH_SIZE];
    struct buf buf;
    int code = path_join(path, blk->folder, "xor.dat", err);
    if (code != 0 || !file_exists(path))
        return code;
    struct err why = {0};
    code = file_read(&buf, path, KEY_SIZE, &why);
    if (code != 0 && code != SANAD_REFUSED)
        return err_set(err, SANAD_IO, "%s", why.text);
    if (code == SANAD_REFUSED)
        return err_set(err, SANAD_REFUSED, "%s: over %d bytes, must be exactly that many", path,
                       KEY_SIZE);
    if (buf.size == KEY_SIZE) {
        blk->keyed = true;
        blk->key = load_le64(buf.data);
    } else {
        code = err_set(err, SANAD_REFUSED, "%s: %zu bytes, must be exactly %d", path, buf.size,
                       KEY_SIZE);
    }
    buf_free(&buf);
    return code;
}

/* ---- looking at files
 * ------------------------------------------------------------------------------ */

/* One file to be looked at, and what was found. */
struct scan_job {
    struct blk_file *file;
    bool last;
    uint64_t size;
    struct frame_result result;
    int code;
    struct err err;
};
struct scan_group {
    const struct blkfile *blk;
    struct scan_job *jobs;
    size_t count;
    atomic_size_t next;
};

static void scan_file(const struct blkfile *blk, struct scan_job *job)
{
    char name[FILE_NAME_SIZE];
    struct stat status;
    int fd;
    file_name_of(name, FD_BLK, job->file->number);
    job->code = file_open(&fd, blk->folder, FD_BLK, job->file->number, &job->err);
    if (job->code != 0)
        return;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM); /* one page a header, nothing ahead */
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        job->code = err_set(&job->err, SANAD_REFUSED, "%s: not a regular file", name);
    else if ((uint64_t)status.st_size < job->file->end)
        job->code = err_set(&job->err, SANAD_REFUSED, "%s: shorter than it was", name);
    if (job->code == 0) {
        job->size = (uint64_t)status.st_size;
        struct frame_input input = {
            .fd = fd, .size = job->size, .key = blk->key, .params = blk->base.params, .name = name};
        job->code = frame_scan(&job->result, &input, job->file->end, job->last, &job->err);
    }
    (void)close(fd); /* read only */
}

static void *scan_worker(void *context)
{
    struct scan_group *group = context;
    for (;;) {
        size_t i = atomic_fetch_add(&group->next, 1);
        if (i >= group->count)
            return NULL;
        scan_file(group->blk, &group->jobs[i]);
    }
}

/* Helpers are only an attempt: what they do not do, this thread does. */
static void scan_group_run(struct scan_group *group)
{
    pthread_t threads[SCAN_THREADS - 1];
    size_t started = 0;
    while (started < SCAN_THREADS - 1 && started + 1 < group->count &&
           pthread_create(&threads[started], NULL, scan_worker, group) == 0)
        started++;
    (void)scan_worker(group);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
}

/* No record of this network was ever found, yet the file is not empty: says why, as well as
 * can be told. 0 where nothing is wrong after all. */
static int refuse_key(const struct blkfile *blk, const struct blk_file *file, struct err *err)
{
    char name[FILE_NAME_SIZE];
    int fd;
    file_name_of(name, FD_BLK, file->number);
    int code = file_open(&fd, blk->folder, FD_BLK, file->number, err);
    if (code != 0)
        return code;
    struct frame_input input = {
        .fd = fd, .size = file->size, .key = blk->key, .params = blk->base.params, .name = name};
    const struct chain_params *plain = frame_network(&input, false);
    const struct chain_params *keyed = frame_network(&input, true);
    (void)close(fd); /* read only */
    const char *chain = blk->base.params->name;
    if (keyed == blk->base.params && !blk->keyed)
        return 0; /* its first record is not whole yet */
    if (keyed && keyed != blk->base.params)
        return err_set(err, SANAD_REFUSED, "%s: holds blocks of %s, not of %s", name, keyed->name,
                       chain);
    if (plain && !keyed)
        return err_set(err, SANAD_REFUSED,
                       "%s: is not obfuscated, but xor.dat says so: wrong or left-over xor.dat",
                       name);
    if (blk->keyed)
        return err_set(err, SANAD_REFUSED,
                       "%s: no block of %s found: xor.dat is not the key of these files", name,
                       chain);
    return err_set(err, SANAD_REFUSED,
                   "%s: no block of %s found: xor.dat, the key of obfuscated files, is not there",
                   name, chain);
}

/* Whole records whose headers have their proof of work, up to the first that has not. */
static size_t count_good(const struct frame_result *result)
{
    size_t good = 0;
    for (size_t i = 0; i < result->bad; i++)
        good += !result->records[i].damage;
    return good;
}

static int job_take(struct blkfile *blk, struct scan_job *job, struct err *err)
{
    struct blk_file *file = job->file;
    struct frame_result *result = &job->result;
    if (job->code == SANAD_MISSING) /* pruned in between: the next look marks it */
        return 0;
    if (job->code != 0) {
        *err = job->err;
        return job->code;
    }
    file->seen = true;
    file->size = job->size;
    file->end = result->end;
    file->garbage += result->garbage;
    file->tail_garbage = result->tail_garbage;
    file->tail_head = result->tail_head;
    file->truncated = result->truncated;
    file->again = result->again;
    bool foreign = result->record_count > 0 || result->tail_garbage > 0;
    if (foreign && blk->record_count == 0 && count_good(result) == 0) {
        int code = refuse_key(blk, file, err);
        if (code != 0)
            return code;
    }
    if (result->bad < result->record_count) {
        char name[FILE_NAME_SIZE];
        file_name_of(name, FD_BLK, file->number);
        return err_set(err, SANAD_REFUSED,
                       "%s: offset %llu: the header's proof of work does not hold", name,
                       (unsigned long long)result->records[result->bad].offset);
    }
    return blkfile_join(blk, file, result, err);
}

/* Takes what was found, file by file to its end: a file that comes before is joined before,
 * or all blocks of the next would wait for its. */
static int group_take(struct blkfile *blk, struct scan_group *group, struct err *err)
{
    int code = 0;
    for (size_t i = 0; i < group->count; i++) {
        struct scan_job *job = &group->jobs[i];
        bool more = true;
        while (code == 0 && more) {
            code = job_take(blk, job, err);
            more = job->result.more;
            frame_result_free(&job->result);
            if (code == 0 && more)
                scan_file(blk, job);
        }
        frame_result_free(&job->result);
    }
    return code;
}

/* The two highest files may be written to: a node that loads a snapshot fills two. */
static bool may_grow(const struct blkfile *blk, const struct blk_file *file)
{
    return file + 2 >= blk->files + blk->file_count;
}

/* Whether a known file has changed since it was looked at: its size, or the bytes behind its
 * last record. */
static int file_changed(const struct blkfile *blk, bool *ret_changed, const struct blk_file *file,
                        struct err *err)
{
    char name[FILE_NAME_SIZE];
    char path[PATH_SIZE];
    struct stat status;
    file_name_of(name, FD_BLK, file->number);
    int code = path_join(path, blk->folder, name, err);
    if (code != 0)
        return code;
    if (stat(path, &status) != 0) {
        *ret_changed = true; /* looking at it will say what is wrong */
        return 0;
    }
    uint64_t size = (uint64_t)status.st_size;
    *ret_changed = !file->seen || size != file->size || file->again;
    if (*ret_changed || size == file->end)
        return 0;
    uint8_t head[8] = {0};
    size_t count = size - file->end < sizeof head ? (size_t)(size - file->end) : sizeof head;
    code = blkfile_pread(blk, head, count, FD_BLK, file->number, file->end, err);
    source_xor(head, count, blk->key, file->end); /* the head is kept as it lies on disk */
    *ret_changed = code == 0 && load_le64(head) != file->tail_head;
    return code;
}

static int scan_changed(struct blkfile *blk, struct err *err)
{
    struct scan_job *jobs = mem_zalloc(SCAN_GROUP, sizeof *jobs);
    size_t at = 0;
    size_t limit = 1; /* the first file alone: a wrong key is found before all are read */
    int code = 0;
    while (code == 0 && at < blk->file_count) {
        struct scan_group group = {.blk = blk, .jobs = jobs};
        for (; code == 0 && at < blk->file_count && group.count < limit; at++) {
            bool changed = !blk->files[at].seen;
            if (!changed && !blk->files[at].gone)
                code = file_changed(blk, &changed, &blk->files[at], err);
            if (code == 0 && changed && !blk->files[at].gone)
                jobs[group.count++] = (struct scan_job){.file = &blk->files[at],
                                                        .last = may_grow(blk, &blk->files[at])};
        }
        if (code == 0) {
            scan_group_run(&group);
            code = group_take(blk, &group, err);
        }
        limit = SCAN_GROUP;
    }
    free(jobs);
    return code;
}

static void sum_stats(struct blkfile *blk)
{
    struct source_stats *stats = &blk->base.stats;
    stats->garbage_bytes = 0;
    stats->truncated_tail = false;
    for (size_t i = 0; i < blk->file_count; i++) {
        const struct blk_file *file = &blk->files[i];
        stats->garbage_bytes += file->garbage + file->tail_garbage;
        stats->truncated_tail |= file->truncated;
    }
    stats->orphan_blocks = blk->pending.live;
}

static int blkfile_refresh(struct source *source, struct err *err)
{
    struct blkfile *blk = (struct blkfile *)source;
    struct listing list;
    int code = folder_list(&list, blk->folder, err);
    if (code != 0)
        return code;
    files_merge(blk, &list);
    listing_free(&list);
    code = scan_changed(blk, err);
    if (blk->pending.live == 0)
        pending_free(&blk->pending);
    source_settle(source);
    sum_stats(blk);
    return code;
}

/* ---- reading
 * -------------------------------------------------------------------------------------- */

int blkfile_pread(const struct blkfile *blk, uint8_t *ret_data, size_t size, enum fd_kind kind,
                  uint32_t number, uint64_t offset, struct err *err)
{
    struct fd_pin pin;
    char name[FILE_NAME_SIZE];
    file_name_of(name, kind, number);
    int code = fd_cache_get(blk->fds, &pin, blk->folder, kind, number, err);
    if (code != 0)
        return code;
    code = file_pread(pin.fd, ret_data, size, offset, name, err);
    fd_cache_put(blk->fds, &pin);
    if (code == 0)
        source_xor(ret_data, size, blk->key, offset);
    return code;
}

int blkfile_check_hash(const struct blkfile *blk, uint32_t node, const struct hash256 *hash,
                       struct err *err)
{
    const struct header_node *header = header_tree_node(blk->base.tree, node);
    const struct source_place *place = &blk->base.places[node];
    if (hash256_equal(hash, &header->hash))
        return 0;
    char name[FILE_NAME_SIZE];
    file_name_of(name, FD_BLK, place->file);
    return err_set(err, SANAD_REFUSED,
                   "%s: offset %llu: no longer the block of height %u that was here", name,
                   (unsigned long long)place->offset, header->height);
}

int blkfile_check_header(const struct blkfile *blk, uint32_t node, const uint8_t *data,
                         struct err *err)
{
    struct hash256 hash;
    header_hash(&hash, data);
    return blkfile_check_hash(blk, node, &hash, err);
}

static int blkfile_block_read(const struct source *source, struct buf *ret_raw, uint32_t node,
                              struct err *err)
{
    const struct blkfile *blk = (const struct blkfile *)source;
    const struct source_place *place = &source->places[node];
    uint8_t *room = buf_extend(ret_raw, place->size);
    if (!room)
        return err_set(err, SANAD_REFUSED, "block of %u bytes: over the %zu asked for", place->size,
                       ret_raw->max);
    int code = blkfile_pread(blk, room, place->size, FD_BLK, place->file, place->offset, err);
    if (code == 0)
        code = blkfile_check_header(blk, node, room, err);
    if (code != 0)
        buf_reset(ret_raw);
    return code;
}

/* ---- gaps
 * -------------------------------------------------------------------------------------------- */

/* The first number between the lowest and the highest file that has no file. */
static bool find_hole(const struct blkfile *blk, uint32_t *ret_number)
{
    for (size_t i = 1; i < blk->file_count; i++) {
        if (blk->files[i].number != blk->files[i - 1].number + 1) {
            *ret_number = blk->files[i - 1].number + 1;
            return true;
        }
    }
    return false;
}

/* Orphans later than the tip. Those below an anchor are none of our business. */
static uint64_t count_later(const struct blkfile *blk)
{
    const struct pending *pending = &blk->pending;
    const struct header_node *tip = header_tree_node(blk->base.tree, blk->base.tip);
    uint64_t count = 0;
    for (uint32_t b = 0; b < pending->bucket_count; b++) {
        for (uint32_t i = pending->buckets[b]; i != PENDING_NONE; i = pending->entries[i].next) {
            struct header header;
            header_parse(&header, pending->entries[i].raw);
            count += header.time > tip->median_time;
        }
    }
    return count;
}

/* Whether all that lacks is the newest block, in a file that a node may be writing: that is no
 * gap, the block is just not there yet. */
static bool being_written(const struct blkfile *blk, uint32_t node)
{
    const struct header_node *header = header_tree_node(blk->base.tree, node);
    if (node != blk->base.best)
        return false;
    for (size_t i = blk->damage_count; i-- > 0;) {
        if (!hash256_equal(&blk->damages[i].hash, &header->hash))
            continue;
        for (size_t n = 0; n < blk->file_count; n++)
            if (blk->files[n].number == blk->damages[i].file)
                return blk->files[n].again;
    }
    return false;
}

static int blkfile_gap(const struct source *source, struct err *err)
{
    const struct blkfile *blk = (const struct blkfile *)source;
    uint32_t hole;
    if (source->tip == NODE_NONE)
        return err_set(err, SANAD_MISSING, "%s: has no block yet", blk->folder);
    const struct header_node *tip = header_tree_node(source->tree, source->tip);
    uint32_t first = source_first_unlinked(source);
    if (first != NODE_NONE && !being_written(blk, first))
        return blkfile_missing(source, first, err);
    uint64_t later = count_later(blk);
    if (later == 0)
        return 0;
    if (!find_hole(blk, &hole))
        return err_set(err, SANAD_MISSING,
                       "height %u has no block: %llu later blocks have no predecessor",
                       tip->height + 1, (unsigned long long)later);
    char name[FILE_NAME_SIZE];
    file_name_of(name, FD_BLK, hole);
    return err_set(err, SANAD_MISSING,
                   "height %u has no block: %s is not there, %llu later blocks have no predecessor",
                   tip->height + 1, name, (unsigned long long)later);
}

/* ---- open and close
 * ---------------------------------------------------------------------------------- */

static void blkfile_close(struct source *source)
{
    struct blkfile *blk = (struct blkfile *)source;
    for (size_t i = 0; i < blk->file_count; i++)
        frame_undos_free(&blk->files[i].undos);
    free(blk->files);
    pending_free(&blk->pending);
    free(blk->damages);
    fd_cache_free(blk->fds);
    free(blk->fds);
    (void)pthread_rwlock_destroy(&blk->undo_lock);
    source_release(source);
    free(blk);
}

static void blkfile_shard_name(const struct source *source, char ret_name[SOURCE_NAME_SIZE],
                               const struct source_shard *shard)
{
    char name[FILE_NAME_SIZE];
    (void)source;
    file_name_of(name, FD_BLK, shard->file);
    (void)snprintf(ret_name, SOURCE_NAME_SIZE, "%s", name);
}

static const struct source_ops blkfile_ops = {
    .refresh = blkfile_refresh,
    .block_read = blkfile_block_read,
    .undo_read = blkfile_undo_read,
    .missing = blkfile_missing,
    .gap = blkfile_gap,
    .shard_name = blkfile_shard_name,
    .reader_open = blkfile_reader_open,
    .reader_next = blkfile_reader_next,
    .reader_close = blkfile_reader_close,
    .close = blkfile_close,
};

static int check_files(const struct blkfile *blk, struct err *err)
{
    char inner[PATH_SIZE];
    if (blk->file_count > 0)
        return 0;
    if (path_join(inner, blk->folder, "blocks", NULL) == 0 && file_exists(inner))
        return err_set(err, SANAD_REFUSED,
                       "%s: no blk?????.dat in it; its folder blocks may be meant", blk->folder);
    return err_set(err, SANAD_REFUSED, "%s: no blk?????.dat in it", blk->folder);
}

/* The first block that is to be read must be there. */
static int check_root(const struct blkfile *blk, struct err *err)
{
    const struct source *source = &blk->base;
    char hash[HEX256_SIZE];
    char name[FILE_NAME_SIZE];
    if (source->tip != NODE_NONE || (blk->record_count == 0 && !source->anchored))
        return 0;
    if (source->anchored) {
        hash256_display(hash, &source->anchor.hash);
        return err_set(err, SANAD_MISSING, "%s: the anchor %u:%s is no block of it", blk->folder,
                       source->anchor.height, hash);
    }
    file_name_of(name, FD_BLK, blk->files[0].number);
    return err_set(err, SANAD_MISSING,
                   "%s: the genesis block is not there (the first file is %s): where a node has "
                   "pruned, name the first block to read with --anchor HEIGHT:HASH",
                   blk->folder, name);
}

int blkfile_open(struct source **ret_source, const char *folder,
                 const struct source_options *options, struct err *err)
{
    if (strlen(folder) >= PATH_SIZE)
        return err_set(err, SANAD_IO, "%.200s: path too long", folder);
    struct blkfile *blk = mem_zalloc(1, sizeof *blk);
    source_init(&blk->base, &blkfile_ops, options);
    (void)snprintf(blk->folder, sizeof blk->folder, "%s", folder);
    pending_init(&blk->pending);
    blk->fds = mem_alloc(sizeof *blk->fds);
    fd_cache_init(blk->fds);
    int code = pthread_rwlock_init(&blk->undo_lock, NULL);
    sanad_assert(code == 0);
    code = key_read(blk, err);
    if (code == 0)
        code = blkfile_refresh(&blk->base, err);
    if (code == 0)
        code = check_files(blk, err);
    if (code == 0)
        code = check_root(blk, err);
    if (code == 0)
        *ret_source = &blk->base;
    else
        blkfile_close(&blk->base);
    return code;
}
