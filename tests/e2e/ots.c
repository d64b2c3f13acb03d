/* Our half of the interoperation with the reference library of OpenTimestamps:
 *
 *   e2e_ots judge DIR            what we make of each file: name, then "refused" and why, or
 *                                its attestations (notary, payload, message or "-")
 *   e2e_ots carried BLOCK        the digests that a raw block carries in OP_RETURN outputs: 32
 *                                bytes behind the first push, of transactions that fit
 *   e2e_ots make BLOCK DIGEST HEIGHT FILE
 *                                the proof of one of them
 *   e2e_ots folder DIR BLOCK...  raw blocks of mainnet as a node's folder, and their headers in
 *                                DIR/headers */
#include "blkwriter.h"
#include "ots/ots.h"
#include "support.h"

#include <dirent.h>
#include <stdlib.h>

/* ---- judge -------------------------------------------------------------------------------------
 */

static int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *attestation_text(const struct ots *ots, const struct ots_attestation *attestation)
{
    struct buf text = buf_with_max(1 << 16);
    const struct ots_step *step = &ots->steps[attestation->step];
    char hex[2 * OTS_PAYLOAD_MAX + 1];
    hex_encode(hex, bytes_of(step->notary, OTS_NOTARY_SIZE));
    buf_format(&text, " %s:", hex);
    hex_encode(hex, step->argument);
    buf_format(&text, "%s:", hex);
    hex_encode(hex, attestation->message);
    buf_text(&text, attestation->known ? hex : "-");
    char *copy = mem_strdup(buf_cstr(&text));
    buf_free(&text);
    return copy;
}

static void taken_print(const struct ots *ots, struct bytes raw)
{
    char **texts = mem_zalloc(ots->attestation_count, sizeof(char *));
    struct buf again = buf_with_max(OTS_FILE_MAX);
    char hex[65];
    ots_write(&again, ots);
    assert_true(bytes_equal(buf_bytes(&again), raw));
    buf_free(&again);
    hex_encode(hex, ots->digest);
    (void)printf("taken %02x %s", (unsigned)ots->hash, hex);
    for (size_t i = 0; i < ots->attestation_count; i++)
        texts[i] = attestation_text(ots, &ots->attestations[i]);
    qsort(texts, ots->attestation_count, sizeof(char *), text_order);
    for (size_t i = 0; i < ots->attestation_count; i++) {
        (void)fputs(texts[i], stdout);
        free(texts[i]);
    }
    free(texts);
    (void)putchar('\n');
}

static void judge_one(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    struct err err = {0};
    struct buf raw;
    struct arena arena = {0};
    struct ots ots;
    test_ok(path_join(path, folder, name, &err), &err);
    test_ok(file_read(&raw, path, 1 << 22, &err), &err);
    (void)printf("%s ", name);
    if (ots_parse(&ots, name, buf_bytes(&raw), &arena, &err) == 0)
        taken_print(&ots, buf_bytes(&raw));
    else
        (void)printf("refused %s\n", err.text);
    buf_free(&raw);
    arena_free(&arena);
}

static void judge(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (entry->d_name[0] != '.')
            judge_one(folder, entry->d_name);
    (void)closedir(dir);
}

/* ---- blocks ------------------------------------------------------------------------------------
 */

static void block_read(struct block *ret_block, struct buf *raw, const char *path,
                       struct arena *arena)
{
    struct err err = {0};
    test_ok(file_read(raw, path, BLOCK_SIZE_MAX, &err), &err);
    test_ok(block_parse(ret_block, buf_bytes(raw), arena, &err), &err);
}

static void carried(const char *path)
{
    struct arena arena = {0};
    struct buf raw;
    struct block block;
    block_read(&block, &raw, path, &arena);
    for (size_t i = 0; i < block.tx_count; i++) {
        const struct tx *tx = &block.txs[i];
        for (size_t out = 0; out < tx->out_count; out++) {
            struct bytes script = tx->outs[out].script;
            char hex[65];
            if (script.size < OTS_SCRIPT_SIZE || script.data[0] != 0x6a ||
                tx_stripped_size(tx) > OTS_MESSAGE_MAX)
                continue;
            hex_encode(hex, bytes_of(script.data + 2, 32));
            (void)printf("%s\n", hex);
        }
    }
    buf_free(&raw);
    arena_free(&arena);
}

static void make(const char *path, const char *digest_text, const char *height_text,
                 const char *out)
{
    struct arena arena = {0};
    struct buf raw;
    struct buf file = buf_with_max(OTS_FILE_MAX);
    struct block block;
    struct hash256 digest;
    uint64_t height;
    struct err err = {0};
    size_t at;
    block_read(&block, &raw, path, &arena);
    assert_true(hash256_from_straight(&digest, digest_text));
    assert_true(number_parse(&height, height_text, strlen(height_text), OTS_HEIGHT_MAX));
    struct ots_making making = {.digest = &digest, .block = &block, .height = (uint32_t)height};
    while (making.tx_index < block.tx_count &&
           !ots_tx_carries(&at, &block.txs[making.tx_index], &digest))
        making.tx_index++;
    assert_true(making.tx_index < block.tx_count);
    test_ok(ots_make(&file, &making, &err), &err);
    test_ok(file_write(out, buf_bytes(&file), &err), &err);
    buf_free(&file);
    buf_free(&raw);
    arena_free(&arena);
}

static void folder(const char *path, char *const *blocks, size_t count)
{
    struct blkwriter writer;
    struct err err = {0};
    char name[PATH_SIZE];
    struct buf headers = buf_with_max(1 << 20);
    test_ok(folder_make(path, &err), &err);
    blkwriter_init(&writer, path, chain_params_get(CHAIN_MAIN), NULL);
    for (size_t i = 0; i < count; i++) {
        struct buf raw;
        test_ok(file_read(&raw, blocks[i], BLOCK_SIZE_MAX, &err), &err);
        (void)blkwriter_block(&writer, 0, buf_bytes(&raw));
        buf_add(&headers, bytes_of(raw.data, HEADER_SIZE));
        buf_free(&raw);
    }
    test_ok(path_join(name, path, "headers", &err), &err);
    test_ok(file_write(name, buf_bytes(&headers), &err), &err);
    buf_free(&headers);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "judge") == 0 && argc == 3)
        judge(argv[2]);
    else if (strcmp(verb, "carried") == 0 && argc == 3)
        carried(argv[2]);
    else if (strcmp(verb, "make") == 0 && argc == 6)
        make(argv[2], argv[3], argv[4], argv[5]);
    else if (strcmp(verb, "folder") == 0 && argc > 3)
        folder(argv[2], argv + 3, (size_t)argc - 3);
    else
        return 2;
    return 0;
}
