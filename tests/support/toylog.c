/* Entries are told from their index; tiles are cut from full arrays of hashes. */
#include "toylog.h"

#include <stdlib.h>

void toylog_key(struct note_key *ret_key, uint8_t ret_seed[32], const char *name, uint8_t type,
                uint8_t number)
{
    struct err err = {0};
    uint8_t public_key[32];
    memset(ret_seed, number, 32);
    ed25519_public(public_key, ret_seed);
    test_ok(note_key_make(ret_key, name, type, public_key, &err), &err);
}

void toylog_entry(const struct toylog *log, struct buf *ret_entry, size_t index)
{
    buf_reset(ret_entry);
    if (index % 7 == 3 && index < log->fork)
        return; /* an empty entry is one too */
    buf_format(ret_entry, "%s %zu of the log", index < log->fork ? "entry" : "another", index);
    if (index % 5 == 0)
        buf_text(ret_entry, ", and a little more to say");
}

void toylog_make(struct toylog *ret_log, const char *origin, size_t count, size_t fork)
{
    struct buf entry = buf_with_max(128);
    struct toylog log = {.count = count, .fork = fork};
    sanad_assert(count <= TOYLOG_MAX);
    (void)snprintf(log.origin, sizeof log.origin, "%s", origin);
    toylog_key(&log.key, log.seed, origin, NOTE_KEY_TYPE_ED25519, 1);
    log.leaves = mem_zalloc(count + 1, sizeof *log.leaves);
    for (size_t i = 0; i < count; i++) {
        toylog_entry(&log, &entry, i);
        tlog_leaf_hash(&log.leaves[i], buf_bytes(&entry));
    }
    buf_free(&entry);
    log.hashes[0] = log.leaves;
    log.hash_counts[0] = count;
    for (log.levels = 1; log.levels < countof(log.hashes); log.levels++) {
        const struct hash256 *below = log.hashes[log.levels - 1];
        size_t full = log.hash_counts[log.levels - 1] / TLOG_TILE_WIDTH;
        struct hash256 *level = mem_zalloc(full + 1, sizeof *level);
        for (size_t i = 0; i < full; i++) {
            struct tlog_frontier tree = {.size = 0};
            for (size_t k = 0; k < TLOG_TILE_WIDTH; k++)
                tlog_frontier_add(&tree, &below[i * TLOG_TILE_WIDTH + k]);
            tlog_frontier_root(&level[i], &tree);
        }
        log.hashes[log.levels] = level;
        log.hash_counts[log.levels] = full;
    }
    *ret_log = log;
}

void toylog_free(struct toylog *log)
{
    for (size_t i = 0; i < log->levels; i++)
        free(log->hashes[i]);
}

void toylog_root(const struct toylog *log, struct hash256 *ret_root, size_t size)
{
    struct tlog_frontier tree = {.size = 0};
    sanad_assert(size <= log->count);
    for (size_t i = 0; i < size; i++)
        tlog_frontier_add(&tree, &log->leaves[i]);
    tlog_frontier_root(ret_root, &tree);
}

void toylog_checkpoint(const struct toylog *log, struct buf *note, size_t size)
{
    struct tlog_checkpoint checkpoint = {.size = size};
    struct buf text = buf_with_max(4096);
    memcpy(checkpoint.origin, log->origin, sizeof checkpoint.origin);
    toylog_root(log, &checkpoint.root, size);
    tlog_checkpoint_write(&text, &checkpoint);
    buf_add(note, buf_bytes(&text));
    buf_u8(note, '\n');
    note_sign(note, buf_bytes(&text), &log->key, log->seed);
    buf_free(&text);
}

static int toy_read(void *context, struct buf *ret_data, const struct tlog_tile *tile,
                    struct err *err)
{
    const struct toylog *log = context;
    size_t first = (size_t)tile->n * TLOG_TILE_WIDTH;
    struct buf data = buf_with_max(1 << 20);
    struct buf entry = buf_with_max(128);
    size_t level = tile->level == TLOG_ENTRIES ? 0 : tile->level;
    if (level >= log->levels || first + tile->width > log->hash_counts[level])
        return err_set(err, SANAD_MISSING, "toylog: no such tile");
    for (size_t i = first; i < first + tile->width; i++) {
        if (tile->level != TLOG_ENTRIES) {
            buf_add(&data, bytes_of(log->hashes[level][i].b, 32));
            continue;
        }
        toylog_entry(log, &entry, i);
        buf_u8(&data, (uint8_t)(entry.size >> 8));
        buf_u8(&data, (uint8_t)entry.size);
        buf_add(&data, buf_bytes(&entry));
    }
    buf_free(&entry);
    *ret_data = data;
    return 0;
}

struct tlog_reader toylog_reader(struct toylog *log)
{
    return (struct tlog_reader){.context = log, .read = toy_read};
}

void toylog_proof(struct toylog *log, struct tlog_proof *ret_proof, size_t before, size_t after)
{
    struct err err = {0};
    struct tlog_reader reader = toylog_reader(log);
    *ret_proof = (struct tlog_proof){.count = 0};
    if (before > 0)
        test_ok(tlog_consistency_prove(ret_proof, &reader, before, after, &err), &err);
}

static void put(const char *folder, const char *name, struct bytes bytes)
{
    char path[PATH_SIZE];
    struct err err = {0};
    test_ok(path_join(path, folder, name, &err), &err);
    char *slash = strrchr(path, '/');
    *slash = 0;
    test_ok(folder_make(path, &err), &err);
    *slash = '/';
    FILE *file = fopen(path, "wb"); /* not file_write: nobody needs this to be durable */
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

void toylog_write(struct toylog *log, const char *folder, size_t size)
{
    static const unsigned levels[] = {TLOG_ENTRIES, 0, 1, 2, 3};
    struct tlog_reader reader = toylog_reader(log);
    struct buf note = buf_with_max(4096);
    for (size_t l = 0; l < countof(levels); l++)
        for (uint64_t n = 0; tlog_tile_width(size, levels[l], n) > 0; n++) {
            struct tlog_tile tile = {
                .level = levels[l], .n = n, .width = tlog_tile_width(size, levels[l], n)};
            char path[TLOG_PATH_SIZE];
            struct buf data;
            struct err err = {0};
            tlog_tile_path(path, &tile);
            test_ok(reader.read(reader.context, &data, &tile, &err), &err);
            put(folder, path, buf_bytes(&data));
            buf_free(&data);
        }
    toylog_checkpoint(log, &note, size);
    put(folder, "checkpoint", buf_bytes(&note));
    buf_free(&note);
}
