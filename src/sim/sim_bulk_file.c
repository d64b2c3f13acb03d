/* Block files of the bulk, written as they grow: records a little out of order, XORed in
 * place, rotated where Core rotates. */
#include "sim/sim_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_SIZE_MAX = 0x8000000, SHAKE = 8, RECORD_MAX = BLOCK_SIZE_MAX + 8, ZERO_TAIL = 1 << 16 };

struct bulk_file {
    const char *out;
    uint8_t key[8];
    struct sim_rand dice;
    struct buf waiting[SHAKE]; /* records that may still change places */
    size_t waiting_count;
    int fd;
    uint32_t number;
    uint64_t size; /* of the file under way */
    bool first;    /* the genesis block comes first */
};

int bulk_file_new(struct bulk_file **ret_file, const char *out, uint64_t seed, struct err *err)
{
    struct bulk_file *file = mem_zalloc(1, sizeof *file);
    file->out = out;
    file->fd = -1;
    file->first = true;
    sim_xor_key(file->key, seed);
    sim_rand_init(&file->dice, seed, "bulk arrival");
    for (size_t i = 0; i < SHAKE; i++)
        file->waiting[i] = buf_with_max(RECORD_MAX);
    int code = sim_write_file(out, "blocks/xor.dat", bytes_of(file->key, sizeof file->key), err);
    if (code == 0)
        *ret_file = file;
    else
        free(file);
    return code;
}

static int io_fail(const struct bulk_file *file, const char *what, struct err *err)
{
    return err_set(err, SANAD_IO, "%s: blk%05u.dat: %s: %s", file->out, file->number, what,
                   strerror(errno));
}

static int file_open(struct bulk_file *file, struct err *err)
{
    char path[PATH_SIZE], name[32];
    (void)snprintf(name, sizeof name, "blocks/blk%05u.dat", file->number);
    int code = path_join(path, file->out, name, err);
    if (code != 0)
        return code;
    file->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    file->size = 0;
    return file->fd < 0 ? io_fail(file, "create", err) : 0;
}

static int write_all(struct bulk_file *file, const uint8_t *data, size_t size, struct err *err)
{
    while (size > 0) {
        ssize_t put = write(file->fd, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return io_fail(file, "write", err);
        data += put;
        size -= (size_t)put;
        file->size += (uint64_t)put;
    }
    return 0;
}

static int file_close(struct bulk_file *file, struct err *err)
{
    int code = close(file->fd) == 0 ? 0 : io_fail(file, "close", err);
    file->fd = -1;
    file->number++;
    return code;
}

/* The key turned so that its first byte meets the file's offset, eight bytes at a time. */
static void obfuscate(const struct bulk_file *file, uint8_t *data, size_t size)
{
    uint8_t turned[8];
    uint64_t key, word;
    for (size_t i = 0; i < 8; i++)
        turned[i] = file->key[(file->size + i) % 8];
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

static int record_write(struct bulk_file *file, struct buf *record, struct err *err)
{
    int code = 0;
    if (file->fd >= 0 && file->size + record->size > FILE_SIZE_MAX)
        code = file_close(file, err);
    if (code == 0 && file->fd < 0)
        code = file_open(file, err);
    if (code != 0)
        return code;
    obfuscate(file, record->data, record->size);
    return write_all(file, record->data, record->size, err);
}

/* One of those that wait goes out, the newcomer takes its place. */
static int release(struct bulk_file *file, size_t at, struct err *err)
{
    int code = record_write(file, &file->waiting[at], err);
    struct buf spare = file->waiting[at];
    file->waiting[at] = file->waiting[--file->waiting_count];
    file->waiting[file->waiting_count] = spare;
    return code;
}

int bulk_file_add(struct bulk_file *file, struct bytes block, struct err *err)
{
    int code = 0;
    if (file->waiting_count == SHAKE)
        code = release(file, (size_t)sim_rand_below(&file->dice, SHAKE), err);
    if (code != 0)
        return code;
    struct buf *record = &file->waiting[file->waiting_count++];
    buf_reset(record);
    buf_add(record, bytes_of(chain_params_get(CHAIN_REGTEST)->magic, 4));
    buf_le32(record, (uint32_t)block.size);
    buf_add(record, block);
    sanad_assert(!record->bad);
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
        code = write_all(file, zeros, sizeof zeros, err);
    if (code == 0)
        code = file_close(file, err);
    if (file->fd >= 0)
        (void)close(file->fd); /* the first error is the one to tell */
    for (size_t i = 0; i < SHAKE; i++)
        buf_free(&file->waiting[i]);
    free(file);
    return code;
}
