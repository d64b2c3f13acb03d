/* A bundle read once from front to back: its form, its digest, the hashes of every 65,536 entries;
 * then the roots that follow from them. No more is kept than one slice and a hash for each 65,536
 * entries, however large the file is. */
#include "bundle/bundle_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The front of the file, hashed on its way. */
struct scan {
    struct bundle *bundle;
    uint64_t at;
    struct sha256 hash;
    struct buf slice;
    struct hash256 roots[TLOG_TILE_WIDTH]; /* of the slices of one group */
};

int bundle_bytes(uint8_t *ret_bytes, const struct bundle *bundle, uint64_t offset, size_t size,
                 struct err *err)
{
    while (size > 0) {
        ssize_t got = pread(bundle->fd, ret_bytes, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, SANAD_IO, "%s: read: %s", bundle->object, strerror(errno));
        if (got == 0)
            return err_set(err, SANAD_IO, "%s: it has become shorter", bundle->object);
        ret_bytes += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

static int scan_take(struct scan *scan, void *ret_bytes, size_t size, struct err *err)
{
    const struct bundle *bundle = scan->bundle;
    sanad_assert(scan->at <= bundle->end);
    if (size > bundle->end - scan->at)
        return err_set(err, SANAD_REFUSED, "%s: it is cut short", bundle->object);
    int code = bundle_bytes(ret_bytes, bundle, scan->at, size, err);
    if (code)
        return code;
    sha256_add(&scan->hash, bytes_of(ret_bytes, size));
    scan->at += size;
    return 0;
}

/* A length and so many bytes behind it, into a buffer that is emptied first. */
static int scan_block(struct scan *scan, struct buf *block, size_t max, const char *what,
                      struct err *err)
{
    uint8_t length[BUNDLE_LENGTH_SIZE];
    int code = scan_take(scan, length, sizeof length, err);
    if (code)
        return code;
    size_t size = load_be32(length);
    if (size > max)
        return err_set(err, SANAD_REFUSED, "%s: %s: over %zu bytes", scan->bundle->object, what,
                       max);
    if (size > scan->bundle->end - scan->at) /* before any memory is asked for */
        return err_set(err, SANAD_REFUSED, "%s: it is cut short", scan->bundle->object);
    buf_reset(block);
    uint8_t *room = buf_extend(block, size);
    sanad_assert(room || size == 0);
    return size ? scan_take(scan, room, size, err) : 0;
}

static int first_line_scan(struct scan *scan, struct err *err)
{
    static const char line[] = BUNDLE_FIRST_LINE;
    char read[sizeof line - 1];
    int code = scan_take(scan, read, sizeof read, err);
    if (code == 0 && memcmp(read, line, sizeof read) != 0)
        code = err_set(err, SANAD_REFUSED, "%s: no bundle: its first line is not %.*s",
                       scan->bundle->object, (int)sizeof read - 1, line);
    return code;
}

/* The head is what a witness is asked. */
static int head_scan(struct scan *scan, struct err *err)
{
    struct bundle *bundle = scan->bundle;
    struct bundle_head *head = &bundle->head;
    struct witness_request request;
    bundle->raw = buf_with_max(BUNDLE_HEAD_MAX);
    int code = scan_block(scan, &bundle->raw, BUNDLE_HEAD_MAX, "head", err);
    if (code == 0 && witness_request_parse(&request, buf_bytes(&bundle->raw), &bundle->arena, err))
        code = err_wrap(err, "%s", bundle->object);
    if (code)
        return code;
    if (request.unsigned_note || request.empty_wrong)
        return err_set(err, SANAD_REFUSED, "%s: its checkpoint is none", bundle->object);
    if (request.old_size > request.checkpoint.size)
        return err_set(err, SANAD_REFUSED, "%s: from %llu entries down to %llu", bundle->object,
                       (unsigned long long)request.old_size,
                       (unsigned long long)request.checkpoint.size);
    const uint8_t *text = request.note.text.data;
    head->note = bytes_of(text, (size_t)(bundle->raw.data + bundle->raw.size - text));
    head->checkpoint = request.checkpoint;
    head->since = request.old_size;
    head->base = bundle_base(request.old_size);
    bundle->proof = request.proof;
    return 0;
}

static int edge_scan(struct scan *scan, struct err *err)
{
    struct bundle *bundle = scan->bundle;
    int code = 0;
    for (unsigned level = 1; level < BUNDLE_LEVELS && code == 0; level++)
        code =
            scan_take(scan, bundle->edge[level],
                      bundle_edge_count(bundle->head.base, level) * sizeof bundle->edge[0][0], err);
    return code;
}

static struct bundle_group *group_add(struct bundle *bundle, uint64_t offset)
{
    if (bundle->group_count == bundle->group_capacity) {
        bundle->group_capacity = bundle->group_capacity ? 2 * bundle->group_capacity : 16;
        bundle->groups =
            mem_realloc(bundle->groups, bundle->group_capacity, sizeof *bundle->groups);
    }
    bundle->groups[bundle->group_count] = (struct bundle_group){.offset = offset};
    return &bundle->groups[bundle->group_count++];
}

/* The n-th slice of the log: 256 entries, or the last ones. */
static int slice_scan(struct scan *scan, uint64_t n, struct err *err)
{
    struct bundle *bundle = scan->bundle;
    struct hash256 leaves[TLOG_TILE_WIDTH];
    unsigned width = tlog_tile_width(bundle->head.checkpoint.size, TLOG_ENTRIES, n);
    unsigned place = (unsigned)(n % TLOG_TILE_WIDTH);
    struct bundle_group *group = bundle->group_count && place
                                     ? &bundle->groups[bundle->group_count - 1]
                                     : group_add(bundle, scan->at);
    int code = scan_block(scan, &scan->slice, BUNDLE_SLICE_MAX, "entries", err);
    if (code)
        return code;
    if (!tlog_bundle_leaves(leaves, buf_bytes(&scan->slice), width))
        return err_set(err, SANAD_REFUSED, "%s: slice %llu has not just %u entries", bundle->object,
                       (unsigned long long)n, width);
    if (width < TLOG_TILE_WIDTH)
        return 0;
    tlog_tile_root(&scan->roots[place], leaves);
    if (place == TLOG_TILE_WIDTH - 1)
        tlog_tile_root(&group->hash, scan->roots);
    return 0;
}

static int slices_scan(struct scan *scan, struct err *err)
{
    const struct bundle *bundle = scan->bundle;
    uint64_t size = bundle->head.checkpoint.size;
    int code = 0;
    scan->slice = buf_with_max(BUNDLE_SLICE_MAX);
    memcpy(scan->roots, bundle->edge[1], sizeof scan->roots); /* those that come before `base` */
    for (uint64_t n = bundle->head.base / TLOG_TILE_WIDTH; code == 0 && n * TLOG_TILE_WIDTH < size;
         n++)
        code = slice_scan(scan, n, err);
    buf_free(&scan->slice);
    if (code == 0 && scan->at != bundle->end)
        code = err_set(err, SANAD_REFUSED, "%s: bytes behind its entries", bundle->object);
    return code;
}

/* Hashes what is left, where the form was not what it must be: is it the carrier's fault? */
static int scan_drain(struct scan *scan, struct err *err)
{
    enum { STEP = 1 << 16 };
    uint8_t *bytes = mem_alloc(STEP);
    int code = 0;
    while (code == 0 && scan->at < scan->bundle->end) {
        uint64_t left = scan->bundle->end - scan->at;
        code = scan_take(scan, bytes, left < STEP ? (size_t)left : STEP, err);
    }
    free(bytes);
    return code;
}

/* What the scan says, unless the bytes are not those that were sent off. */
static int digest_check(struct scan *scan, int found, struct err *err)
{
    struct bundle *bundle = scan->bundle;
    struct hash256 digest;
    struct hash256 told;
    if (found && found != SANAD_REFUSED)
        return found;
    struct err why = {0};
    int code = scan_drain(scan, &why);
    if (code == 0)
        code = bundle_bytes(told.b, bundle, bundle->end, sizeof told.b, &why);
    if (code) {
        if (err)
            *err = why;
        return code;
    }
    sha256_final(&digest, &scan->hash);
    if (!hash256_equal(&digest, &told))
        return err_set(
            err, SANAD_REFUSED,
            "%s: damaged in transport: its bytes are not those that were sent off; carry "
            "it over again",
            bundle->object);
    bundle->head.digest = digest;
    return found;
}

/* The roots that follow from the entries, and the proof in the head. */
static int roots_check(struct bundle *bundle, struct err *err)
{
    struct tlog_reader reader = bundle_reader(bundle);
    const struct tlog_checkpoint *checkpoint = &bundle->head.checkpoint;
    struct tlog_tree before = {.size = bundle->head.since};
    struct tlog_tree after = {.size = checkpoint->size};
    int code = tlog_root_read(&after.root, &reader, after.size, err);
    if (code == 0 && !hash256_equal(&after.root, &checkpoint->root))
        code = err_set(err, SANAD_FALSE, "its entries do not give the root of its checkpoint");
    if (code == 0)
        code = tlog_root_read(&before.root, &reader, before.size, err);
    if (code == 0)
        code = tlog_consistency_check(&before, &after, &bundle->proof, err);
    return code ? err_wrap(err, "%s", bundle->object) : 0;
}

static int size_take(struct bundle *bundle, struct err *err)
{
    enum { LEAST = sizeof BUNDLE_FIRST_LINE - 1 + BUNDLE_LENGTH_SIZE + BUNDLE_DIGEST_SIZE };
    struct stat stat;
    if (fstat(bundle->fd, &stat) != 0)
        return err_set(err, SANAD_IO, "%s: %s", bundle->object, strerror(errno));
    if (!S_ISREG(stat.st_mode) || stat.st_size < LEAST)
        return err_set(err, SANAD_REFUSED, "%s: no bundle: not a file, or one of too few bytes",
                       bundle->object);
    bundle->head.bytes = (uint64_t)stat.st_size;
    bundle->end = bundle->head.bytes - BUNDLE_DIGEST_SIZE;
    return 0;
}

static struct bundle *bundle_new(const char *object, int fd)
{
    struct bundle *bundle = mem_zalloc(1, sizeof *bundle);
    bundle->object = mem_strdup(object);
    bundle->fd = fd;
    (void)pthread_mutex_init(&bundle->lock, NULL);
    return bundle;
}

int bundle_load(struct bundle **ret_bundle, const char *object, int fd, struct err *err)
{
    struct bundle *bundle = bundle_new(object, fd);
    struct scan *scan = mem_zalloc(1, sizeof *scan);
    scan->bundle = bundle;
    sha256_init(&scan->hash);
    int code = size_take(bundle, err);
    if (code == 0)
        code = first_line_scan(scan, err);
    if (code == 0) {
        code = head_scan(scan, err);
        if (code == 0)
            code = edge_scan(scan, err);
        if (code == 0)
            code = slices_scan(scan, err);
        code = digest_check(scan, code, err);
    }
    if (code == 0)
        code = roots_check(bundle, err);
    free(scan);
    if (code)
        bundle_close(bundle);
    else
        *ret_bundle = bundle;
    return code;
}

static int file_open(int *ret_fd, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, SANAD_IO, "%s: open: %s", path, strerror(errno));
    *ret_fd = fd;
    return 0;
}

int bundle_open(struct bundle **ret_bundle, const char *path, struct err *err)
{
    int fd;
    int code = file_open(&fd, path, err);
    return code ? code : bundle_load(ret_bundle, path, fd, err);
}

void bundle_close(struct bundle *bundle)
{
    if (!bundle)
        return;
    (void)close(bundle->fd); /* only read */
    (void)pthread_mutex_destroy(&bundle->lock);
    buf_free(&bundle->raw);
    arena_free(&bundle->arena);
    free(bundle->groups);
    free(bundle->object);
    free(bundle);
}

const struct bundle_head *bundle_head(const struct bundle *bundle)
{
    return &bundle->head;
}

int bundle_note_read(struct buf *ret_note, const char *path, struct err *err)
{
    int fd;
    int code = file_open(&fd, path, err);
    if (code)
        return code;
    struct bundle *bundle = bundle_new(path, fd);
    struct scan *scan = mem_zalloc(1, sizeof *scan);
    scan->bundle = bundle;
    sha256_init(&scan->hash);
    code = size_take(bundle, err);
    if (code == 0)
        code = first_line_scan(scan, err);
    if (code == 0)
        code = head_scan(scan, err);
    if (code == 0) {
        *ret_note = buf_with_max(BUNDLE_HEAD_MAX);
        buf_add(ret_note, bundle->head.note);
    }
    free(scan);
    bundle_close(bundle);
    return code;
}
