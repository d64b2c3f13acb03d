/* Any bytes as the block files of a regtest node: a first look while the second file is not
 * whole, a look again when it is, and a look at all of it at once. Whatever is found must be
 * what the index says, through single reads and through the stream, and where every block is
 * good, looking twice must not find less.
 * Input: flags, size of the first file, size of the second at the first look, the files. */
#include "source/source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLAG_KEYED = 1, HEAD_SIZE = 5, BATCH = 7 };

static const uint8_t KEY[8] = {0xfa, 0xbf, 0x00, 0xda, 0x11, 0x7e, 0xb5, 0x42};

static char folder[64]; /* made once, removed at the end */

static void path_of(char ret_path[PATH_SIZE], const char *name)
{
    struct err err = {0};
    sanad_assert(path_join(ret_path, folder, name, &err) == 0);
}

static void folder_remove(void)
{
    static const char *const names[] = {"blk00000.dat", "blk00001.dat", "xor.dat"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < countof(names); i++) {
        path_of(path, names[i]);
        (void)unlink(path); /* may not be there */
    }
    (void)rmdir(folder);
}

static void folder_begin(void)
{
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    if (folder[0])
        return;
    (void)snprintf(folder, sizeof folder, "%s/sanad-fuzz-XXXXXX", root);
    sanad_assert(mkdtemp(folder) && atexit(folder_remove) == 0);
}

static void file_put(const char *name, struct bytes bytes, bool keyed)
{
    char path[PATH_SIZE];
    uint8_t *masked = mem_alloc(bytes.size);
    path_of(path, name);
    for (size_t i = 0; i < bytes.size; i++)
        masked[i] = keyed ? bytes.data[i] ^ KEY[i % 8] : bytes.data[i];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    sanad_assert(fd >= 0 && write(fd, masked, bytes.size) == (ssize_t)bytes.size);
    sanad_assert(close(fd) == 0);
    free(masked);
}

static struct source *look(void)
{
    char spec[PATH_SIZE];
    struct err err = {0};
    struct source *source = NULL;
    struct source_options options = {.params = chain_params_get(CHAIN_REGTEST)};
    (void)snprintf(spec, sizeof spec, "blocks:%s", folder);
    int code = source_open(&source, spec, &options, &err);
    sanad_assert((code == 0) == (err.code == 0) && (code == 0) == (source != NULL));
    sanad_assert(text_is_clean(err.text));
    return source;
}

static void check_shard(const struct source *source, const struct source_shard *shard)
{
    struct source_reader *reader;
    struct source_block blocks[BATCH];
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct err err = {0};
    uint32_t total = 0;
    int count;
    sanad_assert(source_reader_open(&reader, source, shard, &err) == 0);
    while ((count = source_reader_next(reader, blocks, BATCH, &err)) > 0) {
        for (int i = 0; i < count; i++) {
            sanad_assert(source_block_read(source, &raw, blocks[i].node, &err) == 0);
            sanad_assert(bytes_equal(buf_bytes(&raw), bytes_of(blocks[i].data, blocks[i].size)));
            total++;
        }
    }
    sanad_assert(count == 0 && total == shard->block_count);
    source_reader_close(reader);
    buf_free(&raw);
}

static void check_source(struct source *source)
{
    struct source_plan plan;
    struct source_stats stats;
    struct err err = {0};
    uint32_t tip = source_tip(source);
    source_stats_get(&stats, source);
    sanad_assert(stats.stale_blocks <= stats.blocks);
    if (tip == NODE_NONE)
        return;
    sanad_assert(source_plan_make(&plan, source, tip, 0, NULL, &err) == 0);
    uint64_t planned = 0;
    for (size_t i = 0; i < plan.shard_count; i++) {
        check_shard(source, &plan.shards[i]);
        planned += plan.shards[i].block_count;
    }
    sanad_assert(planned == (uint64_t)plan.to_height + 1);
    sanad_assert(planned == stats.blocks - stats.stale_blocks);
    sanad_assert(source_active(source, plan.to_height) == tip);
    source_plan_free(&plan);
    (void)source_gap(source, &err); /* either answer is one */
}

static bool all_good(const struct source *source)
{
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct arena arena = {0};
    bool good = true;
    for (uint32_t i = 0; i < header_tree_count(source_headers(source)) && good; i++) {
        struct block block;
        struct err err = {0};
        if (!source_has_body(source, i))
            continue;
        good = source_block_read(source, &raw, i, &err) == 0 &&
               block_parse(&block, buf_bytes(&raw), &arena, &err) == 0 &&
               block_check(&block, chain_params_get(CHAIN_REGTEST), NODE_NONE, &err) == 0;
    }
    arena_free(&arena);
    buf_free(&raw);
    return good;
}

static const struct u256 *tip_work(const struct source *source)
{
    return &header_tree_node(source_headers(source), source_tip(source))->work;
}

/* `again` looked twice, `once` at all of it. The first look may have found a good block inside
 * another that was not whole then: more than one look finds, never less. */
static void compare(const struct source *again, const struct source *once)
{
    if (!all_good(once) || !all_good(again))
        return;
    if (source_tip(once) == NODE_NONE)
        return;
    sanad_assert(source_tip(again) != NODE_NONE);
    sanad_assert(u256_compare(tip_work(again), tip_work(once)) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_SIZE)
        return 0;
    bool keyed = data[0] & FLAG_KEYED;
    struct bytes rest = bytes_of(data + HEAD_SIZE, size - HEAD_SIZE);
    size_t first = load_le16(data + 1) < rest.size ? load_le16(data + 1) : rest.size;
    struct bytes second = bytes_of(rest.data + first, rest.size - first);
    size_t part = load_le16(data + 3) < second.size ? load_le16(data + 3) : second.size;
    struct err err = {0};
    folder_begin();
    file_put("xor.dat", keyed ? bytes_of(KEY, 8) : bytes_of("\0\0\0\0\0\0\0\0", 8), false);
    file_put("blk00000.dat", bytes_of(rest.data, first), keyed);
    file_put("blk00001.dat", bytes_of(second.data, part), keyed);
    struct source *again = look();
    if (again)
        check_source(again);
    file_put("blk00001.dat", second, keyed);
    if (again && source_refresh(again, &err) == 0) {
        check_source(again);
        struct source *once = look();
        if (once) {
            check_source(once);
            compare(again, once);
        }
        source_close(once);
    }
    source_close(again);
    return 0;
}
