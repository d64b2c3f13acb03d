/* Reads block folders whole: de-obfuscates, splits into records, finds heights. */
#include "blkfolder.h"
#include "support.h"

#include <stdlib.h>

enum { FILE_MAX = 512 << 20 };

/* A file's bytes without the key; empty where there is no file. */
static struct bytes plain_file(struct blkfolder *folder, const char *path, const char *kind,
                               uint32_t number)
{
    char name[32];
    char whole[PATH_SIZE];
    struct buf buf;
    struct err err = {0};
    (void)snprintf(name, sizeof name, "%s%05u.dat", kind, number);
    test_ok(path_join(whole, path, name, &err), &err);
    if (!file_exists(whole))
        return bytes_of(NULL, 0);
    test_ok(file_read(&buf, whole, FILE_MAX, &err), &err);
    for (size_t i = 0; i < buf.size; i++)
        buf.data[i] ^= folder->key[i % 8];
    struct bytes kept = arena_bytes(&folder->arena, buf_bytes(&buf));
    buf_free(&buf);
    return kept;
}

/* The next record at or behind *at: what lies between records is skipped. */
static bool next_record(struct bytes *ret_body, size_t *at, struct bytes file,
                        const struct chain_params *params, size_t trailer)
{
    for (; *at + 8 <= file.size; (*at)++) {
        if (memcmp(file.data + *at, params->magic, 4) != 0)
            continue;
        uint32_t size = load_le32(file.data + *at + 4);
        if (size > BLOCK_SIZE_MAX || *at + 8 + size + trailer > file.size)
            continue;
        *ret_body = bytes_of(file.data + *at + 8, size);
        *at += 8 + size + trailer;
        return true;
    }
    return false;
}

static void blocks_read(struct blkfolder *folder, struct bytes file, uint32_t number)
{
    struct bytes body;
    for (size_t at = 0; next_record(&body, &at, file, folder->params, 0);) {
        if (folder->count == folder->capacity) {
            folder->capacity = folder->capacity ? folder->capacity * 2 : 1024;
            folder->blocks = mem_realloc(folder->blocks, folder->capacity, sizeof *folder->blocks);
        }
        struct folder_block *block = &folder->blocks[folder->count++];
        struct header header;
        *block = (struct folder_block){.raw = body, .file = number, .height = UINT32_MAX};
        block->offset = (uint64_t)(body.data - file.data);
        header_parse(&header, body.data);
        header_hash(&block->hash, body.data);
        block->prev = header.prev;
    }
}

/* An undo record says by its checksum alone to which block of its file it belongs. */
static void undo_read(struct blkfolder *folder, struct bytes file, size_t first)
{
    struct bytes body;
    for (size_t at = 0; next_record(&body, &at, file, folder->params, 32);) {
        for (size_t i = first; i < folder->count; i++) {
            struct hash256 checksum;
            if (folder->blocks[i].undo.data)
                continue;
            undo_checksum(&checksum, &folder->blocks[i].prev, body);
            if (memcmp(checksum.b, body.data + body.size, 32) == 0) {
                folder->blocks[i].undo = body;
                break;
            }
        }
    }
}

static int by_hash(const void *a, const void *b)
{
    const struct folder_block *const *x = a;
    const struct folder_block *const *y = b;
    return hash256_compare(&(*x)->hash, &(*y)->hash);
}

/* The block of a hash, or NULL. */
static struct folder_block *find(struct folder_block *const *sorted, size_t count,
                                 const struct hash256 *hash)
{
    struct folder_block wanted = {.hash = *hash};
    const struct folder_block *key = &wanted;
    struct folder_block *const *found =
        count ? bsearch(&key, sorted, count, sizeof *sorted, by_hash) : NULL; /* NOLINT: pointers */
    return found ? *found : NULL;
}

/* Each block's predecessor in the folder, or NULL. */
static const struct folder_block **prevs_find(struct blkfolder *folder)
{
    struct folder_block **sorted = mem_zalloc(folder->count, sizeof(void *));
    const struct folder_block **prevs = mem_zalloc(folder->count, sizeof(void *));
    for (size_t i = 0; i < folder->count; i++)
        sorted[i] = &folder->blocks[i];
    qsort(sorted, folder->count, sizeof(void *), by_hash);
    for (size_t i = 0; i < folder->count; i++)
        prevs[i] = find(sorted, folder->count, &folder->blocks[i].prev);
    free(sorted);
    return prevs;
}

/* Follows predecessors down to a known height, then counts up along the same way. */
static void height_find(struct blkfolder *folder, const struct folder_block *const *prevs,
                        uint32_t index, uint32_t *way)
{
    size_t steps = 0;
    for (; folder->blocks[index].height == UINT32_MAX; steps++) {
        way[steps] = index;
        if (!prevs[index])
            return; /* hangs on nothing */
        index = (uint32_t)(prevs[index] - folder->blocks);
    }
    for (uint32_t height = folder->blocks[index].height; steps > 0; steps--)
        folder->blocks[way[steps - 1]].height = ++height;
}

static void heights_find(struct blkfolder *folder)
{
    const struct folder_block **prevs = prevs_find(folder);
    uint32_t *way = mem_zalloc(folder->count, sizeof *way);
    for (size_t i = 0; i < folder->count; i++)
        if (hash256_equal(&folder->blocks[i].hash, &folder->params->genesis_hash))
            folder->blocks[i].height = 0;
    for (uint32_t i = 0; i < folder->count; i++) {
        height_find(folder, prevs, i, way);
        uint32_t height = folder->blocks[i].height;
        if (height != UINT32_MAX && height > folder->blocks[folder->tip].height)
            folder->tip = i;
    }
    for (const struct folder_block *block = &folder->blocks[folder->tip]; block;
         block = prevs[block - folder->blocks])
        folder->blocks[block - folder->blocks].active = true;
    free(way);
    free(prevs);
}

void blkfolder_read(struct blkfolder *ret_folder, const char *path,
                    const struct chain_params *params, bool with_undo)
{
    char whole[PATH_SIZE];
    struct buf key;
    struct err err = {0};
    *ret_folder = (struct blkfolder){.params = params};
    test_ok(path_join(whole, path, "xor.dat", &err), &err);
    if (file_exists(whole)) {
        test_ok(file_read(&key, whole, 8, &err), &err);
        assert_int_equal(key.size, 8);
        memcpy(ret_folder->key, key.data, 8);
        buf_free(&key);
    }
    for (;; ret_folder->file_count++) {
        size_t first = ret_folder->count;
        struct bytes file = plain_file(ret_folder, path, "blk", ret_folder->file_count);
        if (!file.data)
            break;
        blocks_read(ret_folder, file, ret_folder->file_count);
        if (with_undo)
            undo_read(ret_folder, plain_file(ret_folder, path, "rev", ret_folder->file_count),
                      first);
    }
    assert_true(ret_folder->count > 0);
    heights_find(ret_folder);
}

void blkfolder_free(struct blkfolder *folder)
{
    free(folder->blocks);
    arena_free(&folder->arena);
    *folder = (struct blkfolder){0};
}

uint32_t blkfolder_active(const struct blkfolder *folder, uint32_t height)
{
    for (size_t i = 0; i < folder->count; i++)
        if (folder->blocks[i].active && folder->blocks[i].height == height)
            return (uint32_t)i;
    fail_msg("no active block at height %u", height);
    return UINT32_MAX;
}
