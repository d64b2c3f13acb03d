/* Any bytes as the rev file beside a small, good block file. What is handed out must carry
 * its checksum for that block; all else must be said to be missing. */
#include "source/source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNDO_MAX = 1 << 20 };

/* The coinbase of Bitcoin's genesis block, and on it three mined blocks, their headers apart
 * from the predecessor's hash and the merkle root being worked out here. */
static const char GENESIS_TX[] =
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d"
    "0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66"
    "207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe55"
    "48271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba"
    "0b8d578a4c702b6bf11d5fac00000000";

static char folder[64]; /* made once, removed at the end */

static void path_of(char ret_path[PATH_SIZE], const char *name)
{
    struct err err = {0};
    sanad_assert(path_join(ret_path, folder, name, &err) == 0);
}

static void folder_remove(void)
{
    char path[PATH_SIZE];
    path_of(path, "blk00000.dat");
    (void)unlink(path);
    path_of(path, "rev00000.dat");
    (void)unlink(path);
    (void)rmdir(folder);
}

static void file_put(const char *name, struct bytes bytes)
{
    char path[PATH_SIZE];
    path_of(path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    sanad_assert(fd >= 0 && write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size);
    sanad_assert(close(fd) == 0);
}

/* Transactions are not looked at here but for their number: the coinbase stands for all. */
static void add_block(struct buf *file, struct hash256 *prev, uint32_t height)
{
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    uint8_t tx[204];
    uint8_t raw[HEADER_SIZE];
    struct header header;
    struct hash256 hash;
    uint32_t count = 1 + height / 2;
    sanad_assert(hex_decode(tx, sizeof tx, GENESIS_TX, 2 * sizeof tx));
    header_parse(&header, params->genesis_header);
    header.prev = height == 0 ? header.prev : *prev;
    header.time += height;
    for (;; header.nonce++) {
        header_write(raw, &header);
        header_hash(&hash, raw);
        if (header_pow_ok(params, &hash, header.bits))
            break;
    }
    buf_add(file, bytes_of(params->magic, 4));
    buf_le32(file, (uint32_t)(HEADER_SIZE + 1 + count * sizeof tx));
    buf_add(file, bytes_of(raw, sizeof raw));
    buf_compact(file, count);
    for (uint32_t i = 0; i < count; i++)
        buf_add(file, bytes_of(tx, sizeof tx));
    *prev = hash;
}

static void folder_begin(void)
{
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    struct buf file = buf_with_max(1 << 16);
    struct hash256 prev = {{0}};
    if (folder[0])
        return;
    (void)snprintf(folder, sizeof folder, "%s/sanad-fuzz-XXXXXX", root);
    sanad_assert(mkdtemp(folder) && atexit(folder_remove) == 0);
    for (uint32_t height = 0; height < 6; height++)
        add_block(&file, &prev, height);
    sanad_assert(!file.bad);
    file_put("blk00000.dat", buf_bytes(&file));
    buf_free(&file);
}

/* The bytes must stand in the file with this block's checksum behind them. */
static void check_found(struct bytes file, struct bytes undo, const struct hash256 *prev)
{
    struct hash256 checksum;
    struct buf whole = buf_with_max(UNDO_MAX);
    undo_checksum(&checksum, prev, undo);
    buf_add(&whole, undo);
    buf_add(&whole, bytes_of(checksum.b, sizeof checksum.b));
    sanad_assert(memmem(file.data, file.size, whole.data, whole.size));
    buf_free(&whole);
}

static void parse(struct bytes raw)
{
    struct arena arena = {0};
    struct block_undo undo;
    struct err err = {0};
    int code = undo_parse(&undo, raw, &arena, &err);
    sanad_assert((code == 0) == (err.code == 0));
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct source *source;
    struct source_options options = {.params = chain_params_get(CHAIN_REGTEST)};
    struct buf raw = buf_with_max(UNDO_MAX);
    char spec[PATH_SIZE];
    folder_begin();
    file_put("rev00000.dat", bytes_of(data, size));
    (void)snprintf(spec, sizeof spec, "blocks:%s", folder);
    sanad_assert(source_open(&source, spec, &options, &err) == 0);
    for (uint32_t height = 0; source_active(source, height) != NODE_NONE; height++) {
        uint32_t node = source_active(source, height);
        int code = source_undo_read(source, &raw, node, &err);
        if (code == 0 && height > 0) {
            uint32_t prev = source_active(source, height - 1);
            check_found(bytes_of(data, size), buf_bytes(&raw),
                        &header_tree_node(source_headers(source), prev)->hash);
            parse(buf_bytes(&raw));
        }
        sanad_assert(code == 0 || code == SANAD_MISSING || code == SANAD_REFUSED);
    }
    source_close(source);
    buf_free(&raw);
    return 0;
}
