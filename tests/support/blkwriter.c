/* Writes block folders for tests, and mines the blocks that go into them. */
#include "blkwriter.h"
#include "support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void blkwriter_init(struct blkwriter *writer, const char *folder, const struct chain_params *params,
                    const uint8_t key[8])
{
    char path[PATH_SIZE];
    struct err err = {0};
    *writer = (struct blkwriter){.params = params};
    (void)snprintf(writer->folder, sizeof writer->folder, "%s", folder);
    if (!key)
        return;
    memcpy(writer->key, key, sizeof writer->key);
    test_ok(path_join(path, folder, "xor.dat", &err), &err);
    test_ok(file_write(path, bytes_of(key, 8), &err), &err);
}

static int open_file(const struct blkwriter *writer, const char *name)
{
    char path[PATH_SIZE];
    struct err err = {0};
    test_ok(path_join(path, writer->folder, name, &err), &err);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    return fd;
}

static uint64_t size_of(int fd)
{
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    return (uint64_t)status.st_size;
}

void blkwriter_put(const struct blkwriter *writer, const char *name, uint64_t offset,
                   struct bytes bytes)
{
    int fd = open_file(writer, name);
    uint8_t *masked = mem_alloc(bytes.size);
    if (offset == UINT64_MAX)
        offset = size_of(fd);
    for (size_t i = 0; i < bytes.size; i++)
        masked[i] = bytes.data[i] ^ writer->key[(offset + i) % 8];
    assert_int_equal(pwrite(fd, masked, bytes.size, (off_t)offset), (ssize_t)bytes.size);
    free(masked);
    assert_int_equal(close(fd), 0);
}

void blkwriter_zeros(const struct blkwriter *writer, const char *name, uint64_t count)
{
    int fd = open_file(writer, name);
    assert_int_equal(ftruncate(fd, (off_t)(size_of(fd) + count)), 0);
    assert_int_equal(close(fd), 0);
}

void blkwriter_cut(const struct blkwriter *writer, const char *name, uint64_t size)
{
    int fd = open_file(writer, name);
    assert_true(size <= size_of(fd));
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(close(fd), 0);
}

void blkwriter_remove(const struct blkwriter *writer, const char *name)
{
    char path[PATH_SIZE];
    struct err err = {0};
    test_ok(path_join(path, writer->folder, name, &err), &err);
    assert_int_equal(unlink(path), 0);
}

uint64_t blkwriter_size(const struct blkwriter *writer, const char *name)
{
    int fd = open_file(writer, name);
    uint64_t size = size_of(fd);
    assert_int_equal(close(fd), 0);
    return size;
}

uint64_t blkwriter_block(const struct blkwriter *writer, uint32_t file, struct bytes block)
{
    char name[32];
    struct buf record = buf_with_max(block.size + 8);
    (void)snprintf(name, sizeof name, "blk%05u.dat", file);
    uint64_t offset = blkwriter_size(writer, name) + 8;
    buf_add(&record, bytes_of(writer->params->magic, 4));
    buf_le32(&record, (uint32_t)block.size);
    buf_add(&record, block);
    blkwriter_put(writer, name, UINT64_MAX, buf_bytes(&record));
    buf_free(&record);
    return offset;
}

void blkwriter_undo(const struct blkwriter *writer, uint32_t file, const struct hash256 *prev,
                    struct bytes undo)
{
    char name[32];
    struct buf record = buf_with_max(undo.size + 40);
    struct hash256 checksum;
    (void)snprintf(name, sizeof name, "rev%05u.dat", file);
    undo_checksum(&checksum, prev, undo);
    buf_add(&record, bytes_of(writer->params->magic, 4));
    buf_le32(&record, (uint32_t)undo.size);
    buf_add(&record, undo);
    buf_add(&record, bytes_of(checksum.b, sizeof checksum.b));
    blkwriter_put(writer, name, UINT64_MAX, buf_bytes(&record));
    buf_free(&record);
}

/* ---- mining -----------------------------------------------------------------------------------
 */

static void write_tx(struct buf *buf, struct bytes script_sig, const struct outpoint *prevout,
                     struct bytes script)
{
    buf_le32(buf, 1);
    buf_compact(buf, 1);
    buf_add(buf, bytes_of(prevout->txid.b, 32));
    buf_le32(buf, prevout->vout);
    buf_compact(buf, script_sig.size);
    buf_add(buf, script_sig);
    buf_le32(buf, 0xffffffff);
    buf_compact(buf, 1);
    buf_le64(buf, 1000);
    buf_compact(buf, script.size);
    buf_add(buf, script);
    buf_le32(buf, 0);
}

/* OP_1, then OP_NOPs: size without meaning. */
static void write_script(struct buf *buf, const struct mined_options *options,
                         const struct chain_params *params)
{
    buf_u8(buf, 0x51);
    if (options->carried.size > 0) {
        buf_add(buf, bytes_of(params->magic, 4));
        buf_le32(buf, (uint32_t)options->carried.size);
        buf_add(buf, options->carried);
    }
    memset(buf_extend(buf, options->filler), 0x61, options->filler);
}

static void write_coinbase(struct buf *buf, const struct mined_options *options,
                           const struct chain_params *params)
{
    struct buf output = buf_with_max(BLOCK_SIZE_MAX);
    struct outpoint none = {.vout = 0xffffffff};
    struct buf script = buf_with_max(64);
    if (options->height <= 16) {
        buf_u8(&script, options->height == 0 ? 0 : (uint8_t)(0x50 + options->height));
    } else {
        buf_u8(&script, 3); /* two bytes would do for low heights, were they not below 128 */
        buf_le16(&script, (uint16_t)options->height);
        buf_u8(&script, 0);
        if (options->height < 0x8000) { /* the shortest form, as BIP34 asks */
            script.data[0] = options->height < 0x80 ? 1 : 2;
            script.size = 1 + (size_t)script.data[0];
        }
    }
    buf_u8(&script, 4);
    buf_le32(&script, options->salt);
    write_script(&output, options, params);
    write_tx(buf, buf_bytes(&script), &none, buf_bytes(&output));
    buf_free(&script);
    buf_free(&output);
}

static void write_txs(struct buf *buf, struct hash256 *txids, const struct mined_options *options,
                      const struct chain_params *params)
{
    size_t begin = buf->size;
    write_coinbase(buf, options, params);
    for (uint32_t i = 0; i <= options->extra; i++) {
        if (i > 0) {
            struct outpoint prevout = {.vout = i};
            memcpy(prevout.txid.b, &options->salt, sizeof options->salt);
            memcpy(prevout.txid.b + 8, &options->height, sizeof options->height);
            write_tx(buf, bytes_of(NULL, 0), &prevout, bytes_of("\x51", 1));
        }
        sha256d_of(&txids[i], bytes_of(buf->data + begin, buf->size - begin));
        begin = buf->size;
    }
}

void mined_make(struct mined *ret_mined, const struct chain_params *params,
                const struct mined_options *options)
{
    struct header genesis;
    header_parse(&genesis, params->genesis_header);
    struct header header = {.version = 0x20000000,
                            .prev = options->prev,
                            .time = options->time ? options->time
                                                  : genesis.time + 600 * options->height,
                            .bits = params->pow_limit_bits};
    struct hash256 *txids = mem_zalloc(options->extra + 1, sizeof *txids);
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    bool mutated;
    (void)buf_extend(&raw, HEADER_SIZE);
    buf_compact(&raw, options->extra + 1);
    write_txs(&raw, txids, options, params);
    merkle_root(&header.merkle_root, &mutated, txids, options->extra + 1);
    free(txids);
    assert_false(raw.bad || mutated);
    do {
        header.nonce++;
        header_write(raw.data, &header);
        header_hash(&ret_mined->hash, raw.data);
    } while (!header_pow_ok(params, &ret_mined->hash, header.bits));
    ret_mined->raw = raw;
}

/* The genesis coinbase of Bitcoin, which regtest shares. */
static const char genesis_tx[] =
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d"
    "0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66"
    "207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe55"
    "48271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba"
    "0b8d578a4c702b6bf11d5fac00000000";

void mined_chain(struct mined *blocks, size_t count, const struct chain_params *params)
{
    struct buf tx = test_hex(genesis_tx);
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    buf_add(&raw, bytes_of(params->genesis_header, HEADER_SIZE));
    buf_u8(&raw, 1);
    buf_add(&raw, buf_bytes(&tx));
    buf_free(&tx);
    blocks[0] = (struct mined){.raw = raw, .hash = params->genesis_hash};
    for (size_t i = 1; i < count; i++) {
        struct mined_options options = {.prev = blocks[i - 1].hash,
                                        .height = (uint32_t)i,
                                        .salt = (uint32_t)i,
                                        .extra = (uint32_t)(i % 4)};
        mined_make(&blocks[i], params, &options);
    }
}

void mined_free(struct mined *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_free(&blocks[i].raw);
}
