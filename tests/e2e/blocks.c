/* Rearranges, forks and spoils block folders for the end-to-end tests, which are sh:
 *
 *   e2e_blocks shuffle IN OUT CHAIN SEED FILES      the same blocks in random order, another key
 *   e2e_blocks sort IN OUT CHAIN FILES              the same blocks by height, without a key
 *   e2e_blocks list DIR CHAIN                       prints height, transactions, file, offset
 *                                                   and size of every active block
 *   e2e_blocks fork DIR CHAIN HEIGHT COUNT          COUNT blocks more on the active block at
 *                                                   HEIGHT, or on the block of that hash
 *   e2e_blocks spoil IN OUT CHAIN HEIGHT HOW        all blocks, one of them changed (see ways)
 *   e2e_blocks put DIR FILE OFFSET HEX              writes bytes, obfuscated as the folder is
 *   e2e_blocks tip DIR CHAIN                        prints height and hash of the highest block */
#include "blkfolder.h"
#include "blkwriter.h"
#include "support.h"

#include <stdlib.h>

static uint64_t number_of(const char *text)
{
    uint64_t value;
    if (!number_parse(&value, text, strlen(text), UINT32_MAX))
        fail_msg("%s: no number", text);
    return value;
}

static const struct chain_params *chain_of(const char *name)
{
    const struct chain_params *params = chain_params_find(name);
    assert_non_null(params);
    return params;
}

static void folder_ready(const char *path)
{
    struct err err = {0};
    test_ok(folder_make(path, &err), &err);
}

/* ---- shuffle ---------------------------------------------------------------------------- */

/* A plain generator (splitmix64): the same seed gives the same order. */
static uint64_t dice(uint64_t *state)
{
    uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static void shuffle(const char *in, const char *out, const char *chain, uint64_t seed,
                    uint32_t files)
{
    struct blkfolder folder;
    struct blkwriter writer;
    uint8_t key[8];
    blkfolder_read(&folder, in, chain_of(chain), true);
    uint32_t *order = mem_zalloc(folder.count, sizeof *order);
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)dice(&seed);
    for (size_t i = 0; i < folder.count; i++) {
        size_t other = (size_t)(dice(&seed) % (i + 1));
        order[i] = order[other];
        order[other] = (uint32_t)i;
    }
    folder_ready(out);
    blkwriter_init(&writer, out, folder.params, key);
    for (size_t i = 0; i < folder.count; i++) {
        const struct folder_block *block = &folder.blocks[order[i]];
        uint32_t file = (uint32_t)(i * files / folder.count);
        (void)blkwriter_block(&writer, file, block->raw);
        if (block->undo.data)
            blkwriter_undo(&writer, file, &block->prev, block->undo);
    }
    free(order);
    blkfolder_free(&folder);
}

/* ---- new blocks --------------------------------------------------------------------------- */

/* Merkle root of the block's transactions into its header, then a nonce. */
static void mine(struct buf *raw, const struct chain_params *params)
{
    struct arena arena = {0};
    struct block block;
    struct hash256 hash;
    struct err err = {0};
    bool mutated;
    test_ok(block_parse(&block, buf_bytes(raw), &arena, &err), &err);
    struct hash256 *txids = arena_alloc(&arena, block.tx_count, sizeof *txids);
    block_txids(txids, &block);
    merkle_root(&block.header.merkle_root, &mutated, txids, block.tx_count);
    assert_false(mutated);
    do {
        block.header.nonce++;
        header_write(raw->data, &block.header);
        header_hash(&hash, raw->data);
    } while (!header_pow_ok(params, &hash, block.header.bits));
    arena_free(&arena);
}

/* A block of the new branch: a coinbase of its own, and the transactions of the block that it
 * takes the place of, or none. */
static void fork_block(struct buf *ret_raw, const struct blkfolder *folder,
                       const struct mined_options *options, const struct folder_block *replaced)
{
    struct mined mined;
    struct block old;
    struct arena arena = {0};
    struct err err = {0};
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    mined_make(&mined, folder->params, options);
    buf_add(&raw, bytes_of(mined.raw.data, HEADER_SIZE));
    if (!replaced) {
        buf_add(&raw, bytes_of(mined.raw.data + HEADER_SIZE, mined.raw.size - HEADER_SIZE));
    } else {
        test_ok(block_parse(&old, replaced->raw, &arena, &err), &err);
        buf_compact(&raw, old.tx_count);
        buf_add(&raw, bytes_of(mined.raw.data + HEADER_SIZE + 1, mined.raw.size - HEADER_SIZE - 1));
        for (size_t i = 1; i < old.tx_count; i++)
            buf_add(&raw, old.txs[i].raw);
    }
    assert_false(raw.bad);
    mine(&raw, folder->params);
    mined_free(&mined, 1);
    arena_free(&arena);
    *ret_raw = raw;
}

/* The block that a word names: an active height, or a hash. */
static const struct folder_block *block_named(const struct blkfolder *folder, const char *word)
{
    struct hash256 hash;
    if (!hash256_from_display(&hash, word))
        return &folder->blocks[blkfolder_active(folder, (uint32_t)number_of(word))];
    for (size_t i = 0; i < folder->count; i++)
        if (hash256_equal(&folder->blocks[i].hash, &hash))
            return &folder->blocks[i];
    fail_msg("%s: no block", word);
    return NULL;
}

/* Blocks on the one that is named, in a new file. The first half repeats the transactions of
 * the active branch, the second half leaves them out. */
static void fork_chain(const char *path, const char *chain, const char *name, uint32_t count)
{
    struct blkfolder folder;
    struct blkwriter writer;
    blkfolder_read(&folder, path, chain_of(chain), false);
    blkwriter_init(&writer, path, folder.params, NULL);
    memcpy(writer.key, folder.key, sizeof writer.key);
    const struct folder_block *at = block_named(&folder, name);
    struct hash256 prev = at->hash;
    uint32_t height = at->height;
    struct header header;
    uint32_t tip_height = folder.blocks[folder.tip].height;
    header_parse(&header, at->raw.data);
    for (uint32_t i = 1; i <= count; i++) {
        struct buf raw;
        const struct folder_block *replaced =
            at->active && i <= count / 2 && height + i <= tip_height
                ? &folder.blocks[blkfolder_active(&folder, height + i)]
                : NULL;
        struct mined_options options = {.prev = prev,
                                        .height = height + i,
                                        .salt = 0xf0000000u + count,
                                        .time = header.time + 60 * i};
        fork_block(&raw, &folder, &options, replaced);
        header_hash(&prev, raw.data);
        (void)blkwriter_block(&writer, folder.file_count, buf_bytes(&raw));
        buf_free(&raw);
    }
    blkfolder_free(&folder);
}

/* ---- spoil ------------------------------------------------------------------------------- */

/* The block split where transactions begin, for the ways below. */
struct spoiled {
    const struct chain_params *params;
    struct block block;
    struct buf out; /* what is written instead */
    const struct blkwriter *writer;
    char name[32]; /* of the file that it goes to */
};

static void copy(struct spoiled *spoiled)
{
    buf_add(&spoiled->out, spoiled->block.raw);
}

/* Header, another count, the transactions as they were. */
static void recount(struct spoiled *spoiled, const uint8_t *count, size_t size)
{
    const struct bytes raw = spoiled->block.raw;
    size_t begin = HEADER_SIZE + (spoiled->block.tx_count < 253 ? 1 : 3);
    buf_add(&spoiled->out, bytes_of(raw.data, HEADER_SIZE));
    buf_add(&spoiled->out, bytes_of(count, size));
    buf_add(&spoiled->out, bytes_of(raw.data + begin, raw.size - begin));
}

static void way_value(struct spoiled *spoiled)
{
    copy(spoiled); /* one satoshi more in the coinbase's first output */
    const struct tx *coinbase = &spoiled->block.txs[0];
    size_t at = (size_t)(coinbase->outs[0].script.data - spoiled->block.raw.data) - 9;
    spoiled->out.data[at] ^= 1;
}

static void way_pow(struct spoiled *spoiled)
{
    struct header header = spoiled->block.header;
    struct hash256 hash;
    copy(spoiled);
    do {
        header.nonce++;
        header_write(spoiled->out.data, &header);
        header_hash(&hash, spoiled->out.data);
    } while (header_pow_ok(spoiled->params, &hash, header.bits));
}

/* The merkle root stays the same where the tail of an odd list is repeated (CVE-2012-2459). */
static void way_duplicate_tail(struct spoiled *spoiled)
{
    const struct block *block = &spoiled->block;
    assert_true(block->tx_count % 2 == 1 && block->tx_count > 1 && block->tx_count < 252);
    uint8_t count = (uint8_t)(block->tx_count + 1);
    recount(spoiled, &count, 1);
    buf_add(&spoiled->out, block->txs[block->tx_count - 1].raw);
}

static void way_count_huge(struct spoiled *spoiled)
{
    static const uint8_t count[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    recount(spoiled, count, sizeof count);
}

static void way_count_long(struct spoiled *spoiled)
{
    const uint8_t count[] = {0xfd, (uint8_t)spoiled->block.tx_count, 0};
    recount(spoiled, count, sizeof count);
}

static void way_count_more(struct spoiled *spoiled)
{
    const uint8_t count = (uint8_t)(spoiled->block.tx_count + 1);
    recount(spoiled, &count, 1);
}

static void way_no_transactions(struct spoiled *spoiled)
{
    buf_add(&spoiled->out, bytes_of(spoiled->block.raw.data, HEADER_SIZE));
    buf_u8(&spoiled->out, 0);
}

/* The length of the coinbase's input script, which stands right before it. */
static void way_script_huge(struct spoiled *spoiled)
{
    static const uint8_t size[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    const struct bytes raw = spoiled->block.raw;
    size_t at = (size_t)(spoiled->block.txs[0].ins[0].script_sig.data - raw.data);
    buf_add(&spoiled->out, bytes_of(raw.data, at - 1));
    buf_add(&spoiled->out, bytes_of(size, sizeof size));
    buf_add(&spoiled->out, bytes_of(raw.data + at, raw.size - at));
}

static void way_tail_missing(struct spoiled *spoiled)
{
    copy(spoiled);
    spoiled->out.size--;
}

static void way_tail_longer(struct spoiled *spoiled)
{
    copy(spoiled);
    buf_u8(&spoiled->out, 0);
}

/* Bytes before the record: what stands there begins like one. */
static void way_garbage(struct spoiled *spoiled)
{
    struct buf garbage = buf_with_max(4096);
    buf_text(&garbage, "no record at all, and then the half of one: ");
    buf_add(&garbage, bytes_of(spoiled->params->magic, 4));
    buf_le32(&garbage, 81);
    buf_text(&garbage, "and on it goes");
    blkwriter_put(spoiled->writer, spoiled->name, UINT64_MAX, buf_bytes(&garbage));
    buf_free(&garbage);
    copy(spoiled);
}

static void way_left_out(struct spoiled *spoiled)
{
    (void)spoiled; /* nothing is written */
}

static const struct {
    const char *name;
    void (*apply)(struct spoiled *spoiled);
} ways[] = {
    {"none", copy},
    {"value", way_value},
    {"pow", way_pow},
    {"duplicate-tail", way_duplicate_tail},
    {"count-huge", way_count_huge},
    {"count-long", way_count_long},
    {"count-more", way_count_more},
    {"no-transactions", way_no_transactions},
    {"script-huge", way_script_huge},
    {"tail-missing", way_tail_missing},
    {"tail-longer", way_tail_longer},
    {"left-out", way_left_out},
    {"garbage", way_garbage},
};

static void spoil(const char *in, const char *out, const char *chain, uint32_t height,
                  const char *how)
{
    struct blkfolder folder;
    struct blkwriter writer;
    struct arena arena = {0};
    struct err err = {0};
    struct spoiled spoiled = {.params = chain_of(chain), .out = buf_with_max(BLOCK_SIZE_MAX)};
    size_t way = 0;
    while (way < countof(ways) && strcmp(ways[way].name, how) != 0)
        way++;
    assert_true(way < countof(ways));
    blkfolder_read(&folder, in, spoiled.params, false);
    uint32_t target = blkfolder_active(&folder, height);
    test_ok(block_parse(&spoiled.block, folder.blocks[target].raw, &arena, &err), &err);
    folder_ready(out);
    blkwriter_init(&writer, out, folder.params, NULL);
    spoiled.writer = &writer;
    (void)snprintf(spoiled.name, sizeof spoiled.name, "blk%05u.dat", folder.blocks[target].file);
    for (uint32_t i = 0; i < folder.count; i++) {
        if (i == target)
            ways[way].apply(&spoiled);
        struct bytes raw = i == target ? buf_bytes(&spoiled.out) : folder.blocks[i].raw;
        if (raw.size > 0)
            (void)blkwriter_block(&writer, folder.blocks[i].file, raw);
    }
    buf_free(&spoiled.out);
    arena_free(&arena);
    blkfolder_free(&folder);
}

/* ---- small things -------------------------------------------------------------------------- */

static int by_height(const void *a, const void *b)
{
    const struct folder_block *x = a;
    const struct folder_block *y = b;
    return x->height < y->height ? -1 : x->height > y->height;
}

/* Losing blocks stand beside those that won. */
static void sort(const char *in, const char *out, const char *chain, uint32_t files)
{
    struct blkfolder folder;
    struct blkwriter writer;
    blkfolder_read(&folder, in, chain_of(chain), false);
    qsort(folder.blocks, folder.count, sizeof *folder.blocks, by_height);
    folder_ready(out);
    blkwriter_init(&writer, out, folder.params, NULL);
    for (size_t i = 0; i < folder.count; i++)
        (void)blkwriter_block(&writer, (uint32_t)(i * files / folder.count), folder.blocks[i].raw);
    blkfolder_free(&folder);
}

static void list(const char *path, const char *chain)
{
    struct blkfolder folder;
    blkfolder_read(&folder, path, chain_of(chain), false);
    qsort(folder.blocks, folder.count, sizeof *folder.blocks, by_height);
    for (size_t i = 0; i < folder.count; i++) {
        const struct folder_block *block = &folder.blocks[i];
        struct cursor cursor = cursor_of(block->raw);
        (void)cursor_take(&cursor, HEADER_SIZE);
        uint64_t count = cursor_compact(&cursor, BLOCK_TX_MAX);
        if (block->active)
            (void)printf("%u %llu %u %llu %zu\n", block->height, (unsigned long long)count,
                         block->file, (unsigned long long)block->offset, block->raw.size);
    }
    blkfolder_free(&folder);
}

static void tip(const char *path, const char *chain)
{
    char hash[HEX256_SIZE];
    struct blkfolder folder;
    blkfolder_read(&folder, path, chain_of(chain), false);
    hash256_display(hash, &folder.blocks[folder.tip].hash);
    (void)printf("%u %s\n", folder.blocks[folder.tip].height, hash);
    blkfolder_free(&folder);
}

static void put(const char *path, const char *name, uint64_t offset, const char *hex)
{
    struct blkwriter writer;
    struct buf key;
    char whole[PATH_SIZE];
    struct err err = {0};
    struct buf bytes = test_hex(hex);
    blkwriter_init(&writer, path, chain_of("regtest"), NULL);
    test_ok(path_join(whole, path, "xor.dat", &err), &err);
    if (file_exists(whole)) {
        test_ok(file_read(&key, whole, sizeof writer.key, &err), &err);
        memcpy(writer.key, key.data, key.size);
        buf_free(&key);
    }
    blkwriter_put(&writer, name, offset, buf_bytes(&bytes));
    buf_free(&bytes);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "shuffle") == 0 && argc == 7)
        shuffle(argv[2], argv[3], argv[4], number_of(argv[5]), (uint32_t)number_of(argv[6]));
    else if (strcmp(verb, "fork") == 0 && argc == 6)
        fork_chain(argv[2], argv[3], argv[4], (uint32_t)number_of(argv[5]));
    else if (strcmp(verb, "spoil") == 0 && argc == 7)
        spoil(argv[2], argv[3], argv[4], (uint32_t)number_of(argv[5]), argv[6]);
    else if (strcmp(verb, "sort") == 0 && argc == 6)
        sort(argv[2], argv[3], argv[4], (uint32_t)number_of(argv[5]));
    else if (strcmp(verb, "list") == 0 && argc == 4)
        list(argv[2], argv[3]);
    else if (strcmp(verb, "put") == 0 && argc == 6)
        put(argv[2], argv[3], number_of(argv[4]), argv[5]);
    else if (strcmp(verb, "tip") == 0 && argc == 4)
        tip(argv[2], argv[3]);
    else
        return 2;
    return 0;
}
