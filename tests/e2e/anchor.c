/* Makes the chain side of anchors for the end-to-end tests, which are sh:
 *
 *   e2e_anchor chain DIR COUNT            a regtest chain of COUNT blocks, genesis counted
 *   e2e_anchor carry DIR SCRIPT [OTHERS]  one block more on its tip: a transaction with an output
 *                                         of this script (hexadecimal) among OTHERS others; prints
 *                                         height, block hash, txid and the raw transaction
 *   e2e_anchor headers DIR FILE [COUNT]   the active chain's headers, 80 bytes each
 *   e2e_anchor block DIR HEIGHT FILE      one raw block
 *   e2e_anchor flip FILE BIT              one bit of a file changed */
#include "blkfolder.h"
#include "blkwriter.h"
#include "support.h"

#include <stdlib.h>

static uint32_t number_of(const char *text)
{
    uint64_t value;
    if (!number_parse(&value, text, strlen(text), UINT32_MAX))
        fail_msg("%s: no number", text);
    return (uint32_t)value;
}

static const struct chain_params *regtest(void)
{
    return chain_params_get(CHAIN_REGTEST);
}

static void chain(const char *folder, uint32_t count)
{
    struct mined *blocks = mem_zalloc(count, sizeof *blocks);
    struct blkwriter writer;
    struct err err = {0};
    test_ok(folder_make(folder, &err), &err);
    mined_chain(blocks, count, regtest());
    blkwriter_init(&writer, folder, regtest(), NULL);
    for (uint32_t i = 0; i < count; i++)
        (void)blkwriter_block(&writer, 0, buf_bytes(&blocks[i].raw));
    mined_free(blocks, count);
    free(blocks);
}

/* ---- a block that carries something ------------------------------------------------------------
 */

static void carrier_write(struct buf *buf, struct bytes script, uint32_t height)
{
    buf_le32(buf, 2);
    buf_u8(buf, 1);
    memset(buf_extend(buf, 32), 0xab, 32);
    buf_le32(buf, height);
    buf_u8(buf, 0);
    buf_le32(buf, UINT32_MAX);
    buf_u8(buf, 2);
    buf_le64(buf, 5000);
    buf_u8(buf, 1);
    buf_u8(buf, 0x51);
    buf_le64(buf, 0);
    buf_compact(buf, script.size);
    buf_add(buf, script);
    buf_le32(buf, 0);
}

/* A block of the tip's with the carrier in the middle of its transactions, mined anew. */
static void block_compose(struct buf *ret_raw, const struct mined *mined, struct bytes carrier)
{
    struct arena arena = {0};
    struct block block;
    struct hash256 hash;
    struct err err = {0};
    bool mutated;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    test_ok(block_parse(&block, buf_bytes(&mined->raw), &arena, &err), &err);
    buf_add(&raw, bytes_of(block.raw.data, HEADER_SIZE));
    buf_compact(&raw, block.tx_count + 1);
    for (size_t i = 0; i < block.tx_count; i++) {
        buf_add(&raw, block.txs[i].raw);
        if (i == block.tx_count / 2)
            buf_add(&raw, carrier);
    }
    test_ok(block_parse(&block, buf_bytes(&raw), &arena, &err), &err);
    struct hash256 *txids = arena_alloc(&arena, block.tx_count, sizeof *txids);
    block_txids(txids, &block);
    merkle_root(&block.header.merkle_root, &mutated, txids, block.tx_count);
    assert_false(mutated);
    do {
        block.header.nonce++;
        header_write(raw.data, &block.header);
        header_hash(&hash, raw.data);
    } while (!header_pow_ok(regtest(), &hash, block.header.bits));
    arena_free(&arena);
    *ret_raw = raw;
}

static void carried_print(uint32_t height, struct bytes raw, struct bytes carrier)
{
    struct hash256 hash;
    struct hash256 txid;
    char hash_text[HEX256_SIZE];
    char txid_text[HEX256_SIZE];
    char *hex = mem_alloc(2 * carrier.size + 1);
    header_hash(&hash, raw.data);
    sha256d_of(&txid, carrier);
    hash256_display(hash_text, &hash);
    hash256_display(txid_text, &txid);
    hex_encode(hex, carrier);
    (void)printf("%u %s %s %s\n", height, hash_text, txid_text, hex);
    free(hex);
}

static void carry(const char *folder, const char *script, uint32_t others)
{
    struct blkfolder blocks;
    struct blkwriter writer;
    struct mined mined;
    struct buf raw;
    struct buf bytes = test_hex(script);
    struct buf carrier = buf_with_max(1 << 16);
    blkfolder_read(&blocks, folder, regtest(), false);
    const struct folder_block *tip = &blocks.blocks[blocks.tip];
    struct mined_options options = {
        .prev = tip->hash, .height = tip->height + 1, .salt = tip->height + 1, .extra = others};
    mined_make(&mined, regtest(), &options);
    carrier_write(&carrier, buf_bytes(&bytes), options.height);
    block_compose(&raw, &mined, buf_bytes(&carrier));
    blkwriter_init(&writer, folder, regtest(), NULL);
    memcpy(writer.key, blocks.key, sizeof writer.key);
    (void)blkwriter_block(&writer, blocks.file_count - 1, buf_bytes(&raw));
    carried_print(options.height, buf_bytes(&raw), buf_bytes(&carrier));
    buf_free(&raw);
    buf_free(&carrier);
    buf_free(&bytes);
    mined_free(&mined, 1);
    blkfolder_free(&blocks);
}

/* ---- what verifiers are given
 * --------------------------------------------------------------------- */

static void headers(const char *folder, const char *path, uint32_t count)
{
    struct blkfolder blocks;
    struct err err = {0};
    struct buf all = buf_with_max(1 << 24);
    blkfolder_read(&blocks, folder, regtest(), false);
    for (uint32_t height = 0; height <= blocks.blocks[blocks.tip].height && height < count;
         height++) {
        uint32_t at = blkfolder_active(&blocks, height);
        buf_add(&all, bytes_of(blocks.blocks[at].raw.data, HEADER_SIZE));
    }
    test_ok(file_write(path, buf_bytes(&all), &err), &err);
    buf_free(&all);
    blkfolder_free(&blocks);
}

static void block(const char *folder, uint32_t height, const char *path)
{
    struct blkfolder blocks;
    struct err err = {0};
    blkfolder_read(&blocks, folder, regtest(), false);
    uint32_t at = blkfolder_active(&blocks, height);
    test_ok(file_write(path, blocks.blocks[at].raw, &err), &err);
    blkfolder_free(&blocks);
}

static void flip(const char *path, uint32_t bit)
{
    struct err err = {0};
    struct buf file;
    test_ok(file_read(&file, path, 1 << 24, &err), &err);
    assert_true(bit / 8 < file.size);
    file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    test_ok(file_write(path, buf_bytes(&file), &err), &err);
    buf_free(&file);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "chain") == 0 && argc == 4)
        chain(argv[2], number_of(argv[3]));
    else if (strcmp(verb, "carry") == 0 && (argc == 4 || argc == 5))
        carry(argv[2], argv[3], argc == 5 ? number_of(argv[4]) : 4);
    else if (strcmp(verb, "headers") == 0 && (argc == 4 || argc == 5))
        headers(argv[2], argv[3], argc == 5 ? number_of(argv[4]) : UINT32_MAX);
    else if (strcmp(verb, "block") == 0 && argc == 5)
        block(argv[2], number_of(argv[3]), argv[4]);
    else if (strcmp(verb, "flip") == 0 && argc == 4)
        flip(argv[2], number_of(argv[3]));
    else
        return 2;
    return 0;
}
