/* ctest-label: threads
 * Proves that kept filters come back as they were added, whatever the order and the branch; that
 * matching finds every block that pays or spends from a script, by any number of threads; that a
 * crash costs no more than what was not committed; and that a change of any bit is noticed. */
#include "filters/filters_priv.h"

#include "support.h"
#include "toychain.h"

#include <stdlib.h>
#include <unistd.h>

enum { BLOCKS = 150, TXS = 4, SMALL_BLOCKS = 12 };

struct world {
    struct toychain toy;
    struct header_tree *tree;
    uint32_t *nodes; /* of the toy blocks */
    struct buf *filters_of;
    struct filter_entry *entries;
    char folder[PATH_SIZE]; /* everything is below it */
    char path[PATH_SIZE];   /* the filters */
    struct filters *filters;
    uint32_t tip;
};

/* ---- a chain and its filters ---------------------------------------------------------------- */

static void block_filter(struct world *w, uint32_t i)
{
    struct arena arena = {0};
    struct block block;
    struct block_undo undo;
    struct err err;
    struct toy_block *toy = &w->toy.blocks[i];
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct filter_entry *entry = &w->entries[i];
    toy_undo(&w->toy, &raw, i);
    test_ok(undo_parse(&undo, buf_bytes(&raw), &arena, &err), &err);
    test_ok(block_parse(&block, buf_bytes(&toy->raw), &arena, &err), &err);
    w->filters_of[i] = buf_with_max(FILTER_SIZE_MAX);
    test_ok(filter_build(&w->filters_of[i], &block, &undo, &err), &err);
    *entry = (struct filter_entry){.block_hash = toy->hash, .height = toy->height};
    if (i > 0)
        entry->prev_header = w->entries[toy->parent].header;
    filter_entry_hash(entry, buf_bytes(&w->filters_of[i]));
    test_ok(header_tree_add(w->tree, &w->nodes[i], toy->raw.data, NULL, &err), &err);
    buf_free(&raw);
    arena_free(&arena);
}

/* Filters of all blocks that the chain has now. */
static void filters_make(struct world *w)
{
    w->tree = header_tree_new(w->toy.params, NULL);
    w->nodes = mem_zalloc(w->toy.count, sizeof *w->nodes);
    w->filters_of = mem_zalloc(w->toy.count, sizeof *w->filters_of);
    w->entries = mem_zalloc(w->toy.count, sizeof *w->entries);
    for (uint32_t i = 0; i < w->toy.count; i++)
        block_filter(w, i);
}

static void world_open(struct world *w, enum filters_mode mode)
{
    struct err err;
    test_ok(filters_open(&w->filters, w->path, w->toy.params, mode, &err), &err);
}

static void world_close(struct world *w)
{
    filters_close(w->filters);
    w->filters = NULL;
}

static void world_make(struct world *w, uint64_t seed, uint32_t blocks)
{
    struct err err;
    *w = (struct world){.filters = NULL};
    test_folder_make(w->folder);
    test_ok(path_join(w->path, w->folder, "filters", &err), &err);
    toy_init(&w->toy, seed);
    w->tip = toy_grow(&w->toy, 0, blocks, TXS);
}

static void world_free(struct world *w)
{
    world_close(w);
    for (uint32_t i = 0; i < w->toy.count && w->filters_of; i++)
        buf_free(&w->filters_of[i]);
    free(w->filters_of);
    free(w->entries);
    free(w->nodes);
    header_tree_free(w->tree);
    toy_free(&w->toy);
    test_folder_remove(w->folder);
}

static void add(struct world *w, uint32_t i)
{
    struct err err;
    test_ok(filters_add(w->filters, &w->entries[i], buf_bytes(&w->filters_of[i]), &err), &err);
}

static void add_all(struct world *w)
{
    for (uint32_t i = 0; i < w->toy.count; i++)
        add(w, i);
}

static void check_block(struct world *w, uint32_t i)
{
    struct filter_entry entry;
    struct err err;
    struct buf filter = buf_with_max(FILTER_SIZE_MAX);
    const struct filter_entry *expected = &w->entries[i];
    assert_true(filters_has(w->filters, &expected->block_hash));
    test_ok(filters_get(w->filters, &entry, &filter, &expected->block_hash, &err), &err);
    assert_true(bytes_equal(buf_bytes(&filter), buf_bytes(&w->filters_of[i])));
    assert_true(hash256_equal(&entry.header, &expected->header));
    assert_true(hash256_equal(&entry.prev_header, &expected->prev_header));
    assert_true(hash256_equal(&entry.filter_hash, &expected->filter_hash));
    assert_int_equal(entry.height, expected->height);
    assert_false(entry.unrooted);
    buf_free(&filter);
}

static void check_all(struct world *w)
{
    assert_int_equal(filters_count(w->filters), w->toy.count);
    for (uint32_t i = 0; i < w->toy.count; i++)
        check_block(w, i);
}

/* ---- what must match ------------------------------------------------------------------------ */

static struct filters_query query_of(const struct world *w, uint32_t tip, uint32_t from)
{
    return (struct filters_query){
        .tree = w->tree, .tip = w->nodes[tip], .from_height = from, .threads = 1};
}

/* Whether a block of the branch pays or spends from the script, by the generator's records. */
static void touched_by(const struct world *w, bool *ret_touched, uint32_t tip, struct bytes script)
{
    struct arena arena = {0};
    struct toy_coins coins = toy_outputs(&w->toy, tip, &arena);
    for (size_t i = 0; i < coins.count; i++) {
        const struct toy_coin *coin = &coins.coins[i];
        if (!bytes_equal(coin->script, script))
            continue;
        ret_touched[coin->block] = true;
        if (coin->spent && !coin->overwritten)
            ret_touched[coin->spent_block] = true;
    }
    arena_free(&arena);
}

static size_t check_match(struct world *w, uint32_t tip, uint32_t from, struct bytes script)
{
    bool *touched = mem_zalloc(w->toy.count, sizeof *touched);
    struct err err;
    uint32_t *nodes;
    size_t count;
    size_t missed = 0;
    struct filters_query query = query_of(w, tip, from);
    query.scripts = &script;
    query.script_count = 1;
    test_ok(filters_match(&nodes, &count, w->filters, &query, &err), &err);
    if (script.size > 0 && script.data[0] != 0x6a)
        touched_by(w, touched, tip, script);
    for (size_t i = 0; i < count; i++) {
        uint32_t block = 0;
        while (w->nodes[block] != nodes[i])
            block++;
        assert_true(i == 0 || nodes[i] > nodes[i - 1]);
        touched[block] = false;
    }
    for (uint32_t i = 0; i < w->toy.count; i++)
        missed += touched[i] && w->toy.blocks[i].height >= from;
    assert_int_equal(missed, 0);
    free(nodes);
    free(touched);
    return count;
}

static void test_round(void **state)
{
    (void)state;
    struct world w;
    size_t matches = 0;
    world_make(&w, 1, BLOCKS);
    filters_make(&w);
    world_open(&w, FILTERS_WRITE);
    add_all(&w);
    check_all(&w); /* before anything is written */
    world_close(&w);
    world_open(&w, FILTERS_READ);
    check_all(&w);
    assert_int_equal(filters_covered(w.filters, w.tree, w.nodes[w.tip], 0), BLOCKS);
    for (uint32_t i = 0; i < w.toy.script_count; i++)
        matches += check_match(&w, w.tip, i % 3 * 50, w.toy.scripts[i]);
    assert_true(matches > 100);
    assert_true(matches < w.toy.script_count * BLOCKS / 2);
    world_free(&w);
}

/* Any order, twice, on two branches; and all threads agree. */
static void test_orders(void **state)
{
    (void)state;
    struct world w;
    world_make(&w, 2, BLOCKS / 2);
    uint32_t fork = w.tip;
    uint32_t other = toy_grow(&w.toy, fork, 20, TXS);
    w.tip = toy_grow(&w.toy, fork, 90, TXS);
    filters_make(&w);
    struct arena arena = {0};
    uint32_t *order = arena_alloc(&arena, w.toy.count, sizeof *order);
    for (uint32_t i = 0; i < w.toy.count; i++)
        order[i] = i;
    toy_shuffle(&w.toy, order, w.toy.count);
    for (uint32_t i = 0; i < w.toy.count; i++) {
        if (i % 40 == 0) {
            world_close(&w);
            world_open(&w, FILTERS_WRITE);
        }
        add(&w, order[i]);
        add(&w, order[i / 2]);
    }
    check_all(&w);
    assert_int_equal(filters_covered(w.filters, w.tree, w.nodes[other], 0), BLOCKS / 2 + 20);
    for (size_t i = 0; i < 20; i++) {
        (void)check_match(&w, w.tip, 0, w.toy.scripts[i]);
        (void)check_match(&w, other, 30, w.toy.scripts[i]);
    }
    struct filters_query query = query_of(&w, w.tip, 0);
    query.scripts = w.toy.scripts;
    query.script_count = 3;
    uint32_t *one, *many;
    size_t one_count, many_count;
    struct err err;
    test_ok(filters_match(&one, &one_count, w.filters, &query, &err), &err);
    query.threads = 7;
    test_ok(filters_match(&many, &many_count, w.filters, &query, &err), &err);
    assert_int_equal(one_count, many_count);
    assert_memory_equal(one, many, one_count * sizeof *one);
    free(one);
    free(many);
    arena_free(&arena);
    world_free(&w);
}

static void test_missing(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct filter_entry entry;
    uint32_t *nodes;
    size_t count;
    world_make(&w, 3, SMALL_BLOCKS);
    filters_make(&w);
    test_refused(filters_open(&w.filters, w.path, w.toy.params, FILTERS_READ, &err), SANAD_MISSING,
                 &err, "index.dat");
    world_open(&w, FILTERS_WRITE);
    assert_int_equal(filters_covered(w.filters, w.tree, w.nodes[w.tip], 0), -1);
    for (uint32_t i = 0; i < w.toy.count; i++)
        if (i != 7)
            add(&w, i);
    struct filters_query query = query_of(&w, w.tip, 2);
    query.scripts = w.toy.scripts;
    query.script_count = 1;
    test_refused(filters_match(&nodes, &count, w.filters, &query, &err), SANAD_MISSING, &err,
                 "height 7 has no filter");
    test_refused(filters_get(w.filters, &entry, NULL, &w.entries[7].block_hash, &err),
                 SANAD_MISSING, &err, "no filter of this block");
    assert_false(filters_has(w.filters, &w.entries[7].block_hash));
    assert_int_equal(filters_covered(w.filters, w.tree, w.nodes[w.tip], 0), 6);
    assert_int_equal(filters_covered(w.filters, w.tree, w.nodes[w.tip], 8), SMALL_BLOCKS);
    query.from_height = 8;
    test_ok(filters_match(&nodes, &count, w.filters, &query, &err), &err);
    free(nodes);
    query.from_height = SMALL_BLOCKS + 1; /* nothing */
    test_ok(filters_match(&nodes, &count, w.filters, &query, &err), &err);
    assert_int_equal(count, 0);
    free(nodes);
    world_free(&w);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void test_refusals(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct filters *second;
    world_make(&w, 4, SMALL_BLOCKS);
    filters_make(&w);
    world_open(&w, FILTERS_WRITE);
    struct filter_entry entry = w.entries[3];
    struct bytes filter = buf_bytes(&w.filters_of[3]);
    test_refused(filters_add(w.filters, &entry, buf_bytes(&w.filters_of[4]), &err), SANAD_REFUSED,
                 &err, "height 3: the filter is not that of its hash");
    entry.prev_header = w.entries[3].header;
    test_refused(filters_add(w.filters, &entry, filter, &err), SANAD_REFUSED, &err,
                 "the filter header does not follow");
    assert_int_equal(filters_count(w.filters), 0);
    add(&w, 3);
    filter_entry_hash(&entry, filter);
    test_refused(filters_add(w.filters, &entry, filter, &err), SANAD_REFUSED, &err,
                 "another filter or header");
    test_refused(filters_open(&second, w.path, w.toy.params, FILTERS_WRITE, &err),
                 SANAD_ENVIRONMENT, &err, "another process");
    world_close(&w);
    test_refused(filters_open(&second, w.path, chain_params_get(CHAIN_MAIN), FILTERS_WRITE, &err),
                 SANAD_REFUSED, &err, "another chain");
    world_open(&w, FILTERS_READ);
    assert_int_equal(filters_count(w.filters), 1);
    world_free(&w);
}

/* A chain of headers that does not hang together is noticed, an unrooted beginning is not. */
static void test_headers(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    uint32_t *nodes;
    size_t count;
    world_make(&w, 5, SMALL_BLOCKS);
    filters_make(&w);
    world_open(&w, FILTERS_WRITE);
    struct filters_query query = query_of(&w, w.tip, 0);
    query.scripts = w.toy.scripts;
    query.script_count = 1;
    for (uint32_t i = 0; i < w.toy.count; i++) {
        struct filter_entry entry = w.entries[i];
        if (i == 5) {
            entry.prev_header = w.entries[5].filter_hash;
            filter_entry_hash(&entry, buf_bytes(&w.filters_of[i]));
        }
        test_ok(filters_add(w.filters, &entry, buf_bytes(&w.filters_of[i]), &err), &err);
    }
    test_refused(filters_match(&nodes, &count, w.filters, &query, &err), SANAD_REFUSED, &err,
                 "height 5: its filter header does not follow");
    query.from_height = 5;
    test_refused(filters_match(&nodes, &count, w.filters, &query, &err), SANAD_REFUSED, &err,
                 "height 6: its filter header does not follow");
    world_close(&w);
    test_ok(path_join(w.path, w.folder, "second", &err), &err);
    world_open(&w, FILTERS_WRITE);
    struct filter_entry before = {.height = 0};
    for (uint32_t i = 4; i < w.toy.count; i++) {
        struct filter_entry entry = w.entries[i];
        entry.prev_header = before.header;
        entry.unrooted = i == 4;
        filter_entry_hash(&entry, buf_bytes(&w.filters_of[i]));
        test_ok(filters_add(w.filters, &entry, buf_bytes(&w.filters_of[i]), &err), &err);
        before = entry;
    }
    query.from_height = 4;
    test_ok(filters_match(&nodes, &count, w.filters, &query, &err), &err);
    free(nodes);
    world_free(&w);
}

/* ---- damage --------------------------------------------------------------------------------- */

struct image {
    struct buf index, data;
    char index_path[PATH_SIZE], data_path[PATH_SIZE];
};

static void image_take(struct image *image, const struct world *w)
{
    struct err err;
    test_ok(path_join(image->index_path, w->path, "index.dat", &err), &err);
    test_ok(path_join(image->data_path, w->path, "filters.dat", &err), &err);
    test_ok(file_read(&image->index, image->index_path, 1 << 20, &err), &err);
    test_ok(file_read(&image->data, image->data_path, 1 << 20, &err), &err);
}

/* Without syncing, as it is done a thousand times. */
static void plain_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void image_put(const struct image *image, size_t index_size, size_t data_size)
{
    plain_write(image->index_path, image->index.data, index_size);
    plain_write(image->data_path, image->data.data, data_size);
}

static void image_free(struct image *image)
{
    buf_free(&image->index);
    buf_free(&image->data);
}

static void small_world(struct world *w, struct image *image, uint64_t seed)
{
    world_make(w, seed, SMALL_BLOCKS);
    filters_make(w);
    world_open(w, FILTERS_WRITE);
    add_all(w);
    world_close(w);
    image_take(image, w);
}

/* Cut anywhere, or with nonsense behind: what was whole is there, the rest can be added again. */
static void check_torn(struct world *w, size_t index_size, size_t data_size)
{
    size_t whole = index_size < HEAD_SIZE ? 0 : (index_size - HEAD_SIZE) / ENTRY_SIZE;
    size_t end = 0;
    size_t kept = 0;
    while (kept < whole && (end += w->filters_of[kept].size) <= data_size)
        kept++;
    world_open(w, FILTERS_READ);
    assert_int_equal(filters_count(w->filters), kept);
    world_close(w);
    world_open(w, FILTERS_WRITE);
    assert_int_equal(filters_count(w->filters), kept);
    for (uint32_t i = 0; i < kept; i++)
        check_block(w, i);
    for (uint32_t i = (uint32_t)kept; i < w->toy.count; i++)
        add(w, i);
    world_close(w);
    world_open(w, FILTERS_READ);
    check_all(w);
    world_close(w);
}

static void test_torn(void **state)
{
    (void)state;
    struct world w;
    struct image image;
    small_world(&w, &image, 6);
    size_t index = image.index.size;
    size_t data = image.data.size;
    for (size_t cut = 0; cut < 300; cut += 7)
        for (size_t gone = 0; gone < 200; gone += 41) {
            image_put(&image, index - cut, data - gone);
            check_torn(&w, index - cut, data - gone);
        }
    image_put(&image, index, 0);
    check_torn(&w, index, 0);
    image_put(&image, HEAD_SIZE, data);
    check_torn(&w, HEAD_SIZE, data);
    image_put(&image, 0, 0);
    world_open(&w, FILTERS_WRITE);
    add_all(&w);
    check_all(&w);
    image_free(&image);
    world_free(&w);
}

/* Half an entry of zeros, as a file system may leave behind. */
static void test_torn_zeros(void **state)
{
    (void)state;
    struct world w;
    struct image image;
    small_world(&w, &image, 7);
    size_t entry = image.index.size - ENTRY_SIZE;
    for (size_t from = 0; from < ENTRY_SIZE; from += 16) {
        struct image torn = image;
        torn.index.data = mem_alloc(image.index.size);
        memcpy(torn.index.data, image.index.data, image.index.size);
        memset(torn.index.data + entry + from, 0, ENTRY_SIZE - from);
        image_put(&torn, image.index.size, image.data.size);
        check_torn(&w, image.index.size - ENTRY_SIZE, image.data.size);
        free(torn.index.data);
    }
    image_free(&image);
    world_free(&w);
}

static void check_damaged(struct world *w, struct image *image, struct buf *buf, size_t bit)
{
    struct err err;
    uint32_t *nodes = NULL;
    size_t count;
    struct filters_query query = query_of(w, w->tip, 0);
    query.scripts = w->toy.scripts;
    query.script_count = 2;
    buf->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    image_put(image, image->index.size, image->data.size);
    int code = filters_open(&w->filters, w->path, w->toy.params, FILTERS_READ, &err);
    if (code == 0) {
        code = filters_match(&nodes, &count, w->filters, &query, &err);
        world_close(w);
    }
    free(nodes);
    buf->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (buf == &image->index && bit / 8 >= buf->size - ENTRY_SIZE)
        test_refused(code, SANAD_MISSING, &err, "has no filter"); /* the torn end */
    else if (buf == &image->index)
        test_refused(code, SANAD_REFUSED, &err, "index.dat");
    else
        test_refused(code, SANAD_REFUSED, &err, "the filter is damaged: its hash differs");
}

static void test_every_bit(void **state)
{
    (void)state;
    struct world w;
    struct image image;
    small_world(&w, &image, 8);
    for (size_t bit = 0; bit < 8 * image.index.size; bit += 3)
        check_damaged(&w, &image, &image.index, bit);
    for (size_t bit = 0; bit < 8 * image.data.size; bit += 5)
        check_damaged(&w, &image, &image.data, bit);
    image_free(&image);
    world_free(&w);
}

/* Entries with a right checksum that say what cannot be. */
static void check_entry(struct world *w, struct image *image, size_t at, struct entry_record record,
                        const char *rule)
{
    struct err err;
    struct buf raw = buf_with_max(ENTRY_SIZE);
    uint8_t old[ENTRY_SIZE];
    uint8_t *place = image->index.data + HEAD_SIZE + at * ENTRY_SIZE;
    entry_write(&raw, &record);
    memcpy(old, place, ENTRY_SIZE);
    memcpy(place, raw.data, ENTRY_SIZE);
    image_put(image, image->index.size, image->data.size);
    test_refused(filters_open(&w->filters, w->path, w->toy.params, FILTERS_WRITE, &err),
                 SANAD_REFUSED, &err, rule);
    memcpy(place, old, ENTRY_SIZE);
    buf_free(&raw);
}

static void test_impossible(void **state)
{
    (void)state;
    struct world w;
    struct image image;
    struct entry_record good, bad;
    small_world(&w, &image, 9);
    entry_parse(&good, image.index.data + HEAD_SIZE + 4 * ENTRY_SIZE);
    bad = good;
    bad.size = 0;
    check_entry(&w, &image, 4, bad, "entry 4: a filter of an impossible size");
    bad.size = FILTER_SIZE_MAX + 1;
    check_entry(&w, &image, 4, bad, "entry 4: a filter of an impossible size");
    bad = good;
    bad.flags = 2;
    check_entry(&w, &image, 4, bad, "entry 4: an unknown flag");
    bad = good;
    bad.offset++;
    check_entry(&w, &image, 4, bad, "entry 4: does not begin where the one before ends");
    bad = good;
    bad.block_hash = w.entries[1].block_hash;
    check_entry(&w, &image, 4, bad, "entry 4: its block has another one");
    image_put(&image, image.index.size, image.data.size);
    world_open(&w, FILTERS_READ);
    check_all(&w);
    image_free(&image);
    world_free(&w);
}

/* Whoever reads while another writes sees what was committed. */
static void test_reader_beside(void **state)
{
    (void)state;
    struct world w;
    struct err err;
    struct filters *reader;
    world_make(&w, 10, SMALL_BLOCKS);
    filters_make(&w);
    world_open(&w, FILTERS_WRITE);
    for (uint32_t i = 0; i < 6; i++)
        add(&w, i);
    test_ok(filters_commit(w.filters, &err), &err);
    for (uint32_t i = 6; i < w.toy.count; i++)
        add(&w, i);
    test_ok(filters_open(&reader, w.path, w.toy.params, FILTERS_READ, &err), &err);
    assert_int_equal(filters_count(reader), 6);
    filters_close(reader);
    check_all(&w);
    world_free(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),      cmocka_unit_test(test_orders),
        cmocka_unit_test(test_missing),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_headers),    cmocka_unit_test(test_torn),
        cmocka_unit_test(test_torn_zeros), cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_impossible), cmocka_unit_test(test_reader_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
