/* Block files of the bulk, written as they grow, and rev files beside them: records a little out
 * of order, XORed in place, rotated where Core rotates. */
#include "sim/sim_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    FILE_SIZE_MAX = 0x8000000,
    SHAKE = 8,
    RECORD_MAX = BLOCK_SIZE_MAX + 64,
    ZERO_TAIL = 1 << 16
};

/* One file under way. */
struct bulk_dat {
    const char *kind; /* "blk" or "rev" */
    int fd;
    uint64_t size;
};
/* A block and its undo data, each as it will stand in its file. */
struct bulk_record {
    struct buf blk, rev;
};
struct bulk_file {
    const char *out;
    uint8_t key[8];
    struct sim_rand dice;
    struct bulk_record waiting[SHAKE]; /* they may still change places */
    size_t waiting_count;
    struct bulk_dat blk, rev;
    uint32_t number;
    bool first; /* the genesis block comes first */
};

int bulk_file_new(struct bulk_file **ret_file, const char *out, uint64_t seed, struct err *err)
{
    struct bulk_file *file = mem_zalloc(1, sizeof *file);
    file->out = out;
    file->blk = (struct bulk_dat){.kind = "blk", .fd = -1};
    file->rev = (struct bulk_dat){.kind = "rev", .fd = -1};
    file->first = true;
    sim_xor_key(file->key, seed);
    sim_rand_init(&file->dice, seed, "bulk arrival");
    for (size_t i = 0; i < SHAKE; i++)
        file->waiting[i] = (struct bulk_record){buf_with_max(RECORD_MAX), buf_with_max(RECORD_MAX)};
    int code = sim_write_file(out, "blocks/xor.dat", bytes_of(file->key, sizeof file->key), err);
    if (code == 0)
        *ret_file = file;
    else
        free(file);
    return code;
}

static int io_fail(const struct bulk_file *file, const struct bulk_dat *dat, const char *what,
                   struct err *err)
{
    return err_set(err, SANAD_IO, "%s: %s%05u.dat: %s: %s", file->out, dat->kind, file->number,
                   what, strerror(errno));
}

static int dat_open(const struct bulk_file *file, struct bulk_dat *dat, struct err *err)
{
    char path[PATH_SIZE], name[32];
    (void)snprintf(name, sizeof name, "blocks/%s%05u.dat", dat->kind, file->number);
    int code = path_join(path, file->out, name, err);
    if (code != 0)
        return code;
    dat->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    dat->size = 0;
    return dat->fd < 0 ? io_fail(file, dat, "create", err) : 0;
}

static int write_all(const struct bulk_file *file, struct bulk_dat *dat, const uint8_t *data,
                     size_t size, struct err *err)
{
    while (size > 0) {
        ssize_t put = write(dat->fd, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return io_fail(file, dat, "write", err);
        data += put;
        size -= (size_t)put;
        dat->size += (uint64_t)put;
    }
    return 0;
}

static int dat_close(const struct bulk_file *file, struct bulk_dat *dat, struct err *err)
{
    int code = close(dat->fd) == 0 ? 0 : io_fail(file, dat, "close", err);
    dat->fd = -1;
    return code;
}

static int files_close(struct bulk_file *file, struct err *err)
{
    int code = dat_close(file, &file->blk, err);
    int rev_code = dat_close(file, &file->rev, code == 0 ? err : NULL);
    file->number++;
    return code != 0 ? code : rev_code;
}

static int files_open(struct bulk_file *file, struct err *err)
{
    int code = dat_open(file, &file->blk, err);
    return code != 0 ? code : dat_open(file, &file->rev, err);
}

/* The key turned so that its first byte meets the file's offset, eight bytes at a time. */
static void obfuscate(const struct bulk_file *file, const struct bulk_dat *dat, uint8_t *data,
                      size_t size)
{
    uint8_t turned[8];
    uint64_t key, word;
    for (size_t i = 0; i < 8; i++)
        turned[i] = file->key[(dat->size + i) % 8];
    memcpy(&key, turned, 8);
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, data + i, 8);
        word ^= key;
        memcpy(data + i, &word, 8);
    }
    for (; i < size; i++)
        data[i] ^= turned[i % 8];
}

static int dat_write(const struct bulk_file *file, struct bulk_dat *dat, struct buf *record,
                     struct err *err)
{
    obfuscate(file, dat, record->data, record->size);
    return write_all(file, dat, record->data, record->size, err);
}

static int record_write(struct bulk_file *file, struct bulk_record *record, struct err *err)
{
    int code = 0;
    if (file->blk.fd >= 0 && file->blk.size + record->blk.size > FILE_SIZE_MAX)
        code = files_close(file, err);
    if (code == 0 && file->blk.fd < 0)
        code = files_open(file, err);
    if (code == 0)
        code = dat_write(file, &file->blk, &record->blk, err);
    return code != 0 ? code : dat_write(file, &file->rev, &record->rev, err);
}

/* One of those that wait goes out, the newcomer takes its place. */
static int release(struct bulk_file *file, size_t at, struct err *err)
{
    int code = record_write(file, &file->waiting[at], err);
    struct bulk_record spare = file->waiting[at];
    file->waiting[at] = file->waiting[--file->waiting_count];
    file->waiting[file->waiting_count] = spare;
    return code;
}

static void record_begin(struct buf *record, struct bytes content)
{
    buf_reset(record);
    buf_add(record, bytes_of(chain_params_get(CHAIN_REGTEST)->magic, 4));
    buf_le32(record, (uint32_t)content.size);
    buf_add(record, content);
}

int bulk_file_add(struct bulk_file *file, struct bytes block, struct bytes undo, struct err *err)
{
    int code = 0;
    if (file->waiting_count == SHAKE)
        code = release(file, (size_t)sim_rand_below(&file->dice, SHAKE), err);
    if (code != 0)
        return code;
    struct bulk_record *record = &file->waiting[file->waiting_count++];
    struct header header;
    struct hash256 checksum;
    header_parse(&header, block.data);
    record_begin(&record->blk, block);
    buf_reset(&record->rev);
    if (undo.size > 0) {
        record_begin(&record->rev, undo);
        undo_checksum(&checksum, &header.prev, undo);
        buf_add(&record->rev, bytes_of(checksum.b, sizeof checksum.b));
    }
    sanad_assert(!record->blk.bad && !record->rev.bad);
    if (!file->first)
        return 0;
    file->first = false;
    return release(file, 0, err);
}

int bulk_file_end(struct bulk_file *file, struct err *err)
{
    static const uint8_t zeros[ZERO_TAIL];
    int code = 0;
    while (file->waiting_count > 0 && code == 0)
        code = release(file, 0, err);
    if (code == 0)
        code = write_all(file, &file->blk, zeros, sizeof zeros, err);
    if (code == 0)
        code = write_all(file, &file->rev, zeros, sizeof zeros, err);
    if (code == 0)
        code = files_close(file, err);
    if (file->blk.fd >= 0)
        (void)close(file->blk.fd); /* the first error is the one to tell */
    if (file->rev.fd >= 0)
        (void)close(file->rev.fd);
    for (size_t i = 0; i < SHAKE; i++) {
        buf_free(&file->waiting[i].blk);
        buf_free(&file->waiting[i].rev);
    }
    free(file);
    return code;
}
