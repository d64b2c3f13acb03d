/* Proves that a folder of block files is read as it is: in any order, obfuscated or not, with
 * stale branches, repeated blocks and missing files; that each refusal says what is wrong;
 * and that looking again finds what a node wrote meanwhile. */
#include "folder_test.h"

/* ---- as it should be
 * ----------------------------------------------------------------------------- */

static void test_in_order(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 9);
    put_range(&f, 1, 10, CHAIN_LENGTH - 1);
    open_ok(&f);
    check_all(&f, CHAIN_LENGTH - 1);
    assert_int_equal(f.stats.blocks, CHAIN_LENGTH);
    assert_int_equal(f.stats.stale_blocks + f.stats.orphan_blocks + f.stats.repeated_blocks, 0);
    assert_int_equal(f.stats.garbage_bytes, 0);
    assert_false(f.stats.truncated_tail || f.stats.has_undo);
    assert_int_equal(source_first_height(f.source), 0);
    test_ok(source_gap(f.source, &f.err), &f.err);
    fixture_end(&f);
}

/* Blocks lie by a fixed permutation over three files, obfuscated. */
static void test_shuffled(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    for (size_t i = 0; i < CHAIN_LENGTH; i++)
        (void)put(&f, (uint32_t)(i * 7 % 3), i * 11 % CHAIN_LENGTH);
    open_ok(&f);
    check_all(&f, CHAIN_LENGTH - 1);
    assert_int_equal(f.stats.orphan_blocks, 0);
    fixture_end(&f);
}

static void test_zero_key(void **state)
{
    (void)state;
    static const uint8_t zeros[8];
    struct fixture f;
    fixture_begin(&f, zeros);
    put_range(&f, 0, 0, 5);
    open_ok(&f);
    check_all(&f, 5);
    fixture_end(&f);
}

static void test_stale_and_repeated(void **state)
{
    (void)state;
    struct fixture f;
    struct mined stale[2];
    fixture_begin(&f, KEY);
    struct mined_options options = {.prev = f.blocks[4].hash, .height = 5, .salt = 99};
    mined_make(&stale[0], f.params, &options);
    options = (struct mined_options){.prev = stale[0].hash, .height = 6, .salt = 100};
    mined_make(&stale[1], f.params, &options);
    put_range(&f, 0, 0, 5);
    (void)blkwriter_block(&f.writer, 0, buf_bytes(&stale[0].raw));
    (void)blkwriter_block(&f.writer, 0, buf_bytes(&stale[1].raw));
    (void)put(&f, 0, 3);
    put_range(&f, 0, 6, 9);
    open_ok(&f);
    check_all(&f, 9);
    assert_int_equal(f.stats.stale_blocks, 2);
    assert_int_equal(f.stats.repeated_blocks, 1);
    assert_int_equal(f.stats.blocks, 12);
    mined_free(stale, countof(stale));
    fixture_end(&f);
}

/* Two blocks of equal work: the lower hash is the tip in whatever order they lie. */
static void test_equal_work(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct fixture f;
        struct mined twins[2];
        fixture_begin(&f, NULL);
        for (uint32_t i = 0; i < 2; i++) {
            struct mined_options options = {
                .prev = f.blocks[3].hash, .height = 4, .salt = 1000 + i};
            mined_make(&twins[i], f.params, &options);
        }
        put_range(&f, 0, 0, 3);
        (void)blkwriter_block(&f.writer, 0, buf_bytes(&twins[order].raw));
        (void)blkwriter_block(&f.writer, 0, buf_bytes(&twins[1 - order].raw));
        open_ok(&f);
        struct u256 a = u256_from_hash(&twins[0].hash);
        struct u256 b = u256_from_hash(&twins[1].hash);
        const struct hash256 *lower = u256_compare(&a, &b) < 0 ? &twins[0].hash : &twins[1].hash;
        const struct header_node *tip =
            header_tree_node(source_headers(f.source), source_tip(f.source));
        assert_true(hash256_equal(&tip->hash, lower));
        mined_free(twins, 2);
        fixture_end(&f);
    }
}

/* ---- missing files, anchors
 * ----------------------------------------------------------------------------- */

static void test_missing_file(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    for (uint32_t file = 0; file < 6; file++)
        put_range(&f, file, 4 * file, 4 * file + 3);
    blkwriter_remove(&f.writer, "blk00003.dat");
    open_ok(&f);
    check_all(&f, 11);
    assert_int_equal(f.stats.orphan_blocks, 8);
    test_refused(source_gap(f.source, &f.err), SANAD_MISSING, &f.err,
                 "height 12 has no block: blk00003.dat is not there, 8 later blocks");
    put_range(&f, 3, 12, 15);
    refresh_ok(&f);
    check_all(&f, 23);
    test_ok(source_gap(f.source, &f.err), &f.err);
    fixture_end(&f);
}

static void test_no_genesis(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    put_range(&f, 12, 8, 20);
    test_refused(try_open(&f, NULL), SANAD_MISSING, &f.err,
                 "the genesis block is not there (the first file is blk00012.dat)");
    assert_non_null(strstr(f.err.text, "--anchor HEIGHT:HASH"));
    struct chain_anchor anchor = {.height = 9, .hash = f.blocks[9].hash};
    test_ok(try_open(&f, &anchor), &f.err);
    assert_int_equal(tip_height(&f), 20);
    assert_int_equal(source_first_height(f.source), 9);
    assert_int_equal(source_active(f.source, 8), NODE_NONE);
    assert_true(source_active(f.source, 9) != NODE_NONE);
    assert_int_equal(f.stats.orphan_blocks, 1); /* height 8, below the anchor */
    test_ok(source_gap(f.source, &f.err), &f.err);
    check_stream(&f, 9);
    struct source_plan plan;
    test_refused(source_plan_make(&plan, f.source, source_tip(f.source), 8, NULL, &f.err),
                 SANAD_MISSING, &f.err, "height 8 has no block: it is below the anchor 9");
    fixture_end(&f);
}

static void test_anchor_unknown(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 5);
    struct chain_anchor anchor = {.height = 9, .hash = f.blocks[9].hash};
    test_refused(try_open(&f, &anchor), SANAD_MISSING, &f.err, "the anchor 9:");
    assert_non_null(strstr(f.err.text, "is no block of it"));
    fixture_end(&f);
}

/* A node that prunes while we follow: what was read stays linked, the bodies are gone. */
static void test_pruned_meanwhile(void **state)
{
    (void)state;
    struct fixture f;
    struct source_plan plan;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 9);
    put_range(&f, 1, 10, 15);
    open_ok(&f);
    uint32_t low = source_active(f.source, 4);
    blkwriter_remove(&f.writer, "blk00000.dat");
    put_range(&f, 2, 16, 18);
    refresh_ok(&f);
    assert_int_equal(tip_height(&f), 18);
    assert_false(source_has_body(f.source, low));
    assert_int_equal(f.stats.blocks, 9);
    assert_int_equal(f.stats.stale_blocks, 0);
    test_refused(source_block_read(f.source, &raw, low, &f.err), SANAD_MISSING, &f.err,
                 "height 4 has no block: its file is gone");
    test_refused(source_plan_make(&plan, f.source, source_tip(f.source), 3, NULL, &f.err),
                 SANAD_MISSING, &f.err, "height 3 has no block: its file is gone");
    check_stream(&f, 10);
    refresh_ok(&f);
    assert_int_equal(tip_height(&f), 18);
    put_range(&f, 0, 0, 9); /* and put back from a copy */
    refresh_ok(&f);
    check_all(&f, 18);
    assert_int_equal(f.stats.blocks, 19);
    buf_free(&raw);
    fixture_end(&f);
}

/* ---- refused
 * ------------------------------------------------------------------------------------------------
 */

static void test_xor_sizes(void **state)
{
    (void)state;
    static const uint8_t key[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const size_t sizes[] = {0, 7, 9};
    for (size_t i = 0; i < countof(sizes); i++) {
        struct fixture f;
        char path[PATH_SIZE];
        fixture_begin(&f, NULL);
        put_range(&f, 0, 0, 2);
        test_ok(path_join(path, f.folder, "xor.dat", &f.err), &f.err);
        test_ok(file_write(path, bytes_of(key, sizes[i]), &f.err), &f.err);
        test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, "/xor.dat: ");
        assert_non_null(strstr(f.err.text, "must be exactly"));
        fixture_end(&f);
    }
}

static void test_wrong_key(void **state)
{
    (void)state;
    uint8_t other[8];
    struct fixture f;
    char path[PATH_SIZE];
    for (size_t wrong = 0; wrong < 8; wrong++) {
        fixture_begin(&f, KEY);
        put_range(&f, 0, 0, 9);
        put_range(&f, 1, 10, 20);
        memcpy(other, KEY, sizeof other);
        other[wrong] ^= 0x55; /* one byte of the key is enough */
        test_ok(path_join(path, f.folder, "xor.dat", &f.err), &f.err);
        test_ok(file_write(path, bytes_of(other, 8), &f.err), &f.err);
        test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err,
                     "blk00000.dat: no block of regtest found: xor.dat is not the key");
        fixture_end(&f);
    }
}

static void test_key_absent(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 9);
    blkwriter_remove(&f.writer, "xor.dat");
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err,
                 "blk00000.dat: no block of regtest found: xor.dat, the key of obfuscated files");
    fixture_end(&f);
}

static void test_key_left_over(void **state)
{
    (void)state;
    struct fixture f;
    char path[PATH_SIZE];
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 9);
    test_ok(path_join(path, f.folder, "xor.dat", &f.err), &f.err);
    test_ok(file_write(path, bytes_of(KEY, 8), &f.err), &f.err);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, "is not obfuscated, but xor.dat says");
    fixture_end(&f);
}

static void test_other_network(void **state)
{
    (void)state;
    for (int keyed = 0; keyed < 2; keyed++) {
        struct fixture f;
        fixture_begin(&f, keyed ? KEY : NULL);
        put_range(&f, 0, 0, 9);
        f.params = chain_params_get(CHAIN_MAIN);
        test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err,
                     "blk00000.dat: holds blocks of regtest, not of main");
        fixture_end(&f);
    }
}

/* A node checks headers before it writes: a whole record that fails is another's work. */
static void test_bad_work(void **state)
{
    (void)state;
    struct fixture f;
    char expected[80];
    fixture_begin(&f, KEY);
    struct hash256 hash;
    struct header header;
    header_parse(&header, f.blocks[6].raw.data);
    do {
        header.nonce++;
        header_write(f.blocks[6].raw.data, &header);
        header_hash(&hash, f.blocks[6].raw.data);
    } while (header_pow_ok(f.params, &hash, header.bits));
    put_range(&f, 0, 0, 5);
    uint64_t at = put(&f, 0, 6);
    put_range(&f, 0, 7, 9);
    (void)snprintf(expected, sizeof expected,
                   "blk00000.dat: offset %llu: the header's proof of work does not hold",
                   (unsigned long long)at);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, expected);
    fixture_end(&f);
}

/* Rules that need the predecessor: the file and the offset are named too. */
static void test_bad_header(void **state)
{
    (void)state;
    struct fixture f;
    struct mined bad;
    char expected[80];
    fixture_begin(&f, KEY);
    struct mined_options options = {
        .prev = f.blocks[15].hash, .height = 16, .salt = 3, .time = 1296688700};
    mined_make(&bad, f.params, &options);
    put_range(&f, 0, 0, 15);
    uint64_t at = blkwriter_block(&f.writer, 0, buf_bytes(&bad.raw));
    (void)snprintf(expected, sizeof expected, "blk00000.dat: offset %llu: header 16 (",
                   (unsigned long long)at);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, expected);
    mined_free(&bad, 1);
    fixture_end(&f);
}

static void test_no_files(void **state)
{
    (void)state;
    struct fixture f;
    char path[PATH_SIZE];
    fixture_begin(&f, NULL);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, "no blk?????.dat in it");
    test_ok(path_join(path, f.folder, "blocks", &f.err), &f.err);
    test_ok(folder_make(path, &f.err), &f.err);
    test_refused(try_open(&f, NULL), SANAD_REFUSED, &f.err, "its folder blocks may be meant");
    test_folder_remove(f.folder);
    test_refused(try_open(&f, NULL), SANAD_IO, &f.err, "No such file");
    test_folder_make(f.folder);
    fixture_end(&f);
}

static void test_specs(void **state)
{
    (void)state;
    struct source *source;
    struct err err = {0};
    struct source_options options = {.params = chain_params_get(CHAIN_MAIN)};
    test_refused(source_open(&source, "floppy:A", &options, &err), SANAD_USAGE, &err,
                 "not of the form blocks:DIR or ");
    test_refused(source_open(&source, "blocks:", &options, &err), SANAD_USAGE, &err,
                 "names no folder");
}

/* A file that becomes shorter than its records was replaced under us. */
static void test_shrunk(void **state)
{
    (void)state;
    struct fixture f;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 9);
    open_ok(&f);
    blkwriter_cut(&f.writer, "blk00000.dat", 600);
    test_refused(source_refresh(f.source, &f.err), SANAD_REFUSED, &f.err,
                 "blk00000.dat: shorter than it was");
    test_refused(source_block_read(f.source, &raw, source_tip(f.source), &f.err), SANAD_REFUSED,
                 &f.err, "blk00000.dat: shorter than it was: has no byte");
    buf_free(&raw);
    fixture_end(&f);
}

/* Other bytes where the index saw a block: neither reader hands them out. */
static void test_replaced(void **state)
{
    (void)state;
    struct fixture f;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct source_plan plan;
    struct source_reader *reader;
    struct source_block blocks[16];
    fixture_begin(&f, NULL);
    put_range(&f, 0, 0, 4);
    uint64_t at = put(&f, 0, 5);
    put_range(&f, 0, 6, 9);
    open_ok(&f);
    blkwriter_put(&f.writer, "blk00000.dat", at + 40, bytes_of("changed", 7));
    test_refused(source_block_read(f.source, &raw, source_active(f.source, 5), &f.err),
                 SANAD_REFUSED, &f.err, "no longer the block of height 5");
    assert_int_equal(raw.size, 0);
    test_ok(source_plan_make(&plan, f.source, source_tip(f.source), 0, NULL, &f.err), &f.err);
    test_ok(source_reader_open(&reader, f.source, &plan.shards[0], &f.err), &f.err);
    test_refused(source_reader_next(reader, blocks, countof(blocks), &f.err), SANAD_REFUSED, &f.err,
                 "no longer the block of height 5");
    source_reader_close(reader);
    source_plan_free(&plan);
    buf_free(&raw);
    fixture_end(&f);
}

/* ---- looking again
 * ------------------------------------------------------------------------------------------- */

static void test_refresh(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    put_range(&f, 0, 0, 4);
    uint64_t end = blkwriter_size(&f.writer, "blk00000.dat");
    blkwriter_zeros(&f.writer, "blk00000.dat", 100000);
    open_ok(&f);
    check_all(&f, 4);
    uint32_t node = source_tip(f.source);
    refresh_ok(&f);
    check_all(&f, 4);
    for (size_t i = 5; i <= 9; i++) { /* the space taken in advance fills */
        uint8_t head[8];
        uint32_t size = (uint32_t)f.blocks[i].raw.size;
        memcpy(head, f.params->magic, 4);
        memcpy(head + 4, &size, 4);
        blkwriter_put(&f.writer, "blk00000.dat", end, bytes_of(head, 8));
        blkwriter_put(&f.writer, "blk00000.dat", end + 8, buf_bytes(&f.blocks[i].raw));
        end += 8 + size;
        refresh_ok(&f);
        check_all(&f, (uint32_t)i);
    }
    blkwriter_cut(&f.writer, "blk00000.dat", end); /* the node closes the file */
    put_range(&f, 1, 10, 12);
    refresh_ok(&f);
    check_all(&f, 12);
    assert_int_equal(source_active(f.source, 4), node);
    assert_int_equal(f.stats.garbage_bytes, 0);
    fixture_end(&f);
}

static void test_reorganisation(void **state)
{
    (void)state;
    struct fixture f;
    struct mined branch[7];
    fixture_begin(&f, KEY);
    struct hash256 prev = f.blocks[5].hash;
    for (uint32_t i = 0; i < countof(branch); i++) {
        struct mined_options options = {.prev = prev, .height = 6 + i, .salt = 500 + i};
        mined_make(&branch[i], f.params, &options);
        prev = branch[i].hash;
    }
    put_range(&f, 0, 0, 11);
    open_ok(&f);
    check_all(&f, 11);
    for (size_t i = countof(branch); i-- > 0;) /* the tip first, its ancestors later */
        (void)blkwriter_block(&f.writer, 0, buf_bytes(&branch[i].raw));
    refresh_ok(&f);
    assert_int_equal(tip_height(&f), 12);
    assert_int_equal(f.stats.stale_blocks, 6);
    const struct header_node *six =
        header_tree_node(source_headers(f.source), source_active(f.source, 6));
    assert_true(hash256_equal(&six->hash, &branch[0].hash));
    put_range(&f, 1, 12, 15); /* and back */
    refresh_ok(&f);
    check_all(&f, 15);
    assert_int_equal(f.stats.stale_blocks, 7);
    mined_free(branch, countof(branch));
    fixture_end(&f);
}

static void test_empty_file(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f, KEY);
    blkwriter_zeros(&f.writer, "blk00000.dat", 4096);
    open_ok(&f);
    assert_int_equal(source_tip(f.source), NODE_NONE);
    assert_int_equal(source_active(f.source, 0), NODE_NONE);
    test_refused(source_gap(f.source, &f.err), SANAD_MISSING, &f.err, "has no block yet");
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),         cmocka_unit_test(test_shuffled),
        cmocka_unit_test(test_zero_key),         cmocka_unit_test(test_stale_and_repeated),
        cmocka_unit_test(test_equal_work),       cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_no_genesis),       cmocka_unit_test(test_anchor_unknown),
        cmocka_unit_test(test_pruned_meanwhile), cmocka_unit_test(test_xor_sizes),
        cmocka_unit_test(test_wrong_key),        cmocka_unit_test(test_key_absent),
        cmocka_unit_test(test_key_left_over),    cmocka_unit_test(test_other_network),
        cmocka_unit_test(test_bad_work),         cmocka_unit_test(test_bad_header),
        cmocka_unit_test(test_no_files),         cmocka_unit_test(test_specs),
        cmocka_unit_test(test_shrunk),           cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_refresh),          cmocka_unit_test(test_reorganisation),
        cmocka_unit_test(test_empty_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
