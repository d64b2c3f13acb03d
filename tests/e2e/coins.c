/* Makes snapshots for the end-to-end tests, from blocks and apart from the product's reader:
 *
 *   e2e_coins DIR CHAIN HEIGHT OUT    writes the unspent coins after the block at a height as
 *                                     dumptxoutset does; prints the block's hash, its header,
 *                                     hash_serialized_3, and the largest coins: script and satoshi
 */
#include "coinfile.h"
#include "source/source.h"

#include <stdlib.h>

static void header_print(const char *folder, const struct chain_params *params, uint32_t height)
{
    struct source *source;
    struct source_options options = {.params = params};
    struct err err = {0};
    char spec[PATH_SIZE + 8];
    uint8_t raw[HEADER_SIZE];
    char hex[2 * HEADER_SIZE + 1];
    (void)snprintf(spec, sizeof spec, "blocks:%s", folder);
    test_ok(source_open(&source, spec, &options, &err), &err);
    header_tree_raw(source_headers(source), source_active(source, height), raw);
    hex_encode(hex, bytes_of(raw, sizeof raw));
    printf("header %s\n", hex);
    source_close(source);
}

static int by_value(const void *a, const void *b)
{
    const struct coinfile_coin *left = a;
    const struct coinfile_coin *right = b;
    return left->sat > right->sat ? -1 : left->sat < right->sat;
}

static void largest_print(struct coinfile *file)
{
    enum { SHOWN = 12 };
    char hex[2 * 128 + 1];
    qsort(file->coins, file->count, sizeof *file->coins, by_value);
    for (size_t i = 0; i < file->count && i < SHOWN; i++) {
        if (file->coins[i].script.size > 128)
            continue;
        hex_encode(hex, file->coins[i].script);
        printf("coin %s %lld\n", hex, (long long)file->coins[i].sat);
    }
}

int main(int argc, char **argv)
{
    struct coinfile file = {0};
    struct hash256 base;
    struct hash256 hash;
    struct arena arena = {0};
    struct buf raw = buf_with_max((size_t)1 << 30);
    struct err err = {0};
    uint64_t height;
    char text[HEX256_SIZE];
    if (argc != 5 || !number_parse(&height, argv[3], strlen(argv[3]), UINT32_MAX))
        return 2;
    const struct chain_params *params = chain_params_find(argv[2]);
    assert_non_null(params);
    coinfile_of_blocks(&file, &base, argv[1], params, (uint32_t)height, &arena);
    coinfile_write(&raw, &file, params, &base);
    test_ok(file_write(argv[4], buf_bytes(&raw), &err), &err);
    hash256_display(text, &base);
    printf("base %s\n", text);
    header_print(argv[1], params, (uint32_t)height);
    coinfile_serialized(&hash, &file);
    hash256_display(text, &hash);
    printf("hash %s\n", text);
    largest_print(&file);
    coinfile_free(&file);
    buf_free(&raw);
    arena_free(&arena);
    return 0;
}
