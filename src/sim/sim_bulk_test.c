/* Proves the bulk: the same seed gives the same bytes; every block parses and keeps merkle
 * root, witness commitment, height and proof of work; every input spends an output made
 * before it, once, and none makes value; and the truth agrees with a plain walk over the
 * blocks that matches the scripts of the book's descriptors. */
#include "sim/sim_priv.h"
#include "support.h"

#include <signal.h>
#include <sys/resource.h>

enum { SIZE = 14000000, FILE_MAX = 64 << 20, TABLE_SIZE = 1 << 21, BLOCK_MAX = 400 };

static char folder[PATH_SIZE];

static struct buf read_in(const char *place, const char *name)
{
    struct err err = {0};
    struct buf buf;
    char path[PATH_SIZE];
    test_ok(path_join(path, place, name, &err), &err);
    test_ok(file_read(&buf, path, FILE_MAX, &err), &err);
    return buf;
}

static void make(char ret_folder[PATH_SIZE], uint64_t seed)
{
    struct err err = {0};
    struct sim_bulk_options options = {.seed = seed, .size = SIZE};
    test_folder_make(ret_folder);
    test_ok(sim_bulk(ret_folder, &options, &err), &err);
}

static int group_setup(void **state)
{
    (void)state;
    make(folder, 1);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static void test_same_seed_same_bytes(void **state)
{
    static const char *const names[] = {"blocks/blk00000.dat", "blocks/rev00000.dat",
                                        "blocks/xor.dat", "book-bulk.json", "truth.json"};
    char again[PATH_SIZE];
    (void)state;
    make(again, 1);
    for (size_t i = 0; i < countof(names); i++) {
        struct buf a = read_in(folder, names[i]), b = read_in(again, names[i]);
        assert_true(bytes_equal(buf_bytes(&a), buf_bytes(&b)));
        buf_free(&a);
        buf_free(&b);
    }
    test_folder_remove(again);
}

static void test_refusals(void **state)
{
    struct err err = {0};
    struct sim_bulk_options options = {.seed = 1};
    (void)state;
    test_refused(sim_bulk(folder, &options, &err), SANAD_REFUSED, &err, "has no end");
    options.block_count = SIM_BULK_BLOCK_MAX + 1;
    test_refused(sim_bulk(folder, &options, &err), SANAD_REFUSED, &err, "more blocks");
    options.block_count = 1;
    options.size = SIM_BULK_SIZE_MAX + 1;
    test_refused(sim_bulk(folder, &options, &err), SANAD_REFUSED, &err, "more blocks");
    options.size = 1000;
    test_refused(sim_bulk(folder, &options, &err), SANAD_REFUSED, &err, "already holds");
}

static void test_number_of_blocks(void **state)
{
    struct err err = {0};
    struct sim_bulk_options options = {.seed = 3, .block_count = 17};
    char place[PATH_SIZE];
    json_t *truth = NULL;
    (void)state;
    test_folder_make(place);
    test_ok(sim_bulk(place, &options, &err), &err);
    struct buf text = read_in(place, "truth.json");
    test_ok(json_read(&truth, "truth", buf_bytes(&text), FILE_MAX, &err), &err);
    const json_t *tip = json_object_get(truth, "tip");
    assert_int_equal(json_integer_value(json_object_get(tip, "height")), 17);
    buf_free(&text);
    json_decref(truth);
    test_folder_remove(place);
}

/* A full disk, played by a limit on the size of files: one sentence, and no crash. */
static void test_full_disk(void **state)
{
    struct err err = {0};
    struct sim_bulk_options options = {.seed = 4, .size = SIZE};
    struct rlimit before, small;
    char place[PATH_SIZE], other[PATH_SIZE];
    (void)state;
    test_folder_make(place);
    test_folder_make(other);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 300000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int bulk_code = sim_bulk(place, &options, &err);
    struct err other_err = {0};
    int other_code = sim_two_nations(other, 4, &other_err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    test_refused(bulk_code, SANAD_IO, &err, "blk00000.dat: write");
    test_refused(other_code, SANAD_IO, &other_err, "blk00000.dat: write");
    test_folder_remove(place);
    test_folder_remove(other);
}

/* ---- the walk ----------------------------------------------------------------------------------
 */

/* Outputs not yet spent, by outpoint: open addressing, entries are emptied and kept. */
struct unspent {
    struct outpoint outpoint;
    struct amount value;
    bool used, spent, watched;
};
struct walk {
    struct unspent *table;
    struct bytes *scripts; /* watched, sorted */
    size_t script_count;
    struct arena arena;
    uint64_t coins, spends, touched, txs;
    struct amount total;
};

static struct unspent *slot(struct walk *walk, const struct outpoint *outpoint)
{
    size_t at = (load_le64(outpoint->txid.b) + outpoint->vout) % TABLE_SIZE;
    while (walk->table[at].used &&
           (!hash256_equal(&walk->table[at].outpoint.txid, &outpoint->txid) ||
            walk->table[at].outpoint.vout != outpoint->vout))
        at = (at + 1) % TABLE_SIZE;
    return &walk->table[at];
}

static int script_order(const void *a, const void *b)
{
    const struct bytes *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return memcmp(x->data, y->data, x->size);
}

static void add_descriptor(struct walk *walk, const char *text, uint32_t range)
{
    struct err err = {0};
    struct descriptor *descriptor;
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    test_ok(descriptor_parse(&descriptor, chain_params_get(CHAIN_REGTEST), text, &err), &err);
    for (uint32_t branch = 0; branch < descriptor_branch_count(descriptor); branch++)
        for (uint32_t i = 0; i < (descriptor_is_ranged(descriptor) ? range : 1); i++) {
            buf_reset(&script);
            assert_true(descriptor_script(&script, descriptor, branch, i, 0));
            walk->scripts[walk->script_count++] = arena_bytes(&walk->arena, buf_bytes(&script));
        }
    buf_free(&script);
    descriptor_free(descriptor);
}

static void watch_book(struct walk *walk)
{
    struct err err = {0};
    json_t *book = NULL;
    struct buf text = read_in(folder, "book-bulk.json");
    test_ok(json_read(&book, "book", buf_bytes(&text), FILE_MAX, &err), &err);
    const json_t *wallets = json_object_get(book, "wallets");
    assert_true(json_is_true(json_object_get(book, "simulated")));
    walk->scripts = mem_zalloc(10000, sizeof *walk->scripts);
    for (size_t i = 0; i < json_array_size(wallets); i++) {
        const json_t *wallet = json_array_get(wallets, i);
        const json_t *list = json_object_get(wallet, "descriptors");
        add_descriptor(walk, json_string_value(json_array_get(list, 0)),
                       (uint32_t)json_integer_value(json_object_get(wallet, "range")));
    }
    qsort(walk->scripts, walk->script_count, sizeof *walk->scripts, script_order);
    assert_true(walk->script_count > 1000);
    buf_free(&text);
    json_decref(book);
}

static struct amount walk_ins(struct walk *walk, const struct tx *tx, bool *touched)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < tx->in_count; i++) {
        struct unspent *coin = slot(walk, &tx->ins[i].prevout);
        assert_true(coin->used && !coin->spent);
        coin->spent = true;
        sum = amount_add(sum, coin->value);
        if (!coin->watched)
            continue;
        walk->total = amount_sub(walk->total, coin->value);
        walk->spends++;
        *touched = true;
    }
    return sum;
}

static struct amount walk_outs(struct walk *walk, const struct tx *tx, bool *touched)
{
    struct amount sum = amount_zero();
    struct outpoint outpoint;
    tx_txid(&outpoint.txid, tx);
    for (size_t i = 0; i < tx->out_count; i++) {
        outpoint.vout = (uint32_t)i;
        struct unspent *coin = slot(walk, &outpoint);
        assert_false(coin->used);
        *coin = (struct unspent){.outpoint = outpoint, .value = tx->outs[i].value, .used = true};
        sum = amount_add(sum, coin->value);
        if (!bsearch(&tx->outs[i].script, walk->scripts, walk->script_count, sizeof *walk->scripts,
                     script_order))
            continue;
        coin->watched = true;
        walk->total = amount_add(walk->total, coin->value);
        walk->coins++;
        *touched = true;
    }
    return sum;
}

static void walk_block(struct walk *walk, const struct block *block, uint32_t height)
{
    struct amount due = chain_subsidy(chain_params_get(CHAIN_REGTEST), height);
    struct amount coinbase = amount_zero();
    for (size_t i = 0; i < block->tx_count; i++, walk->txs++) {
        bool touched = false;
        struct amount in = i == 0 ? amount_zero() : walk_ins(walk, &block->txs[i], &touched);
        struct amount out = walk_outs(walk, &block->txs[i], &touched);
        walk->touched += touched ? 1 : 0;
        if (i == 0)
            coinbase = out;
        else
            assert_true(amount_compare(in, out) >= 0);
        due = i == 0 ? due : amount_add(due, amount_sub(in, out));
    }
    assert_true(amount_compare(coinbase, due) <= 0);
}

static int height_order(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    return x->header.time < y->header.time ? -1 : x->header.time > y->header.time;
}

/* The blocks of the one file, in height order: times rise by ten minutes. */
static struct block *blocks_read(size_t *ret_count, bool *ret_in_order, struct buf *file,
                                 struct arena *arena)
{
    struct err err = {0};
    struct buf key = read_in(folder, "blocks/xor.dat");
    struct block *blocks = mem_zalloc(BLOCK_MAX, sizeof *blocks);
    *file = read_in(folder, "blocks/blk00000.dat");
    for (size_t i = 0; i < file->size; i++)
        file->data[i] ^= key.data[i % 8];
    struct cursor cursor = cursor_of(buf_bytes(file));
    *ret_count = 0;
    *ret_in_order = true;
    while (cursor_le32(&cursor) == 0xdab5bffa) {
        uint32_t size = cursor_le32(&cursor);
        struct block *block = &blocks[(*ret_count)++];
        assert_true(*ret_count <= BLOCK_MAX);
        test_ok(block_parse(block, cursor_take(&cursor, size), arena, &err), &err);
        if (block != blocks && height_order(block - 1, block) > 0)
            *ret_in_order = false;
    }
    assert_true(cursor_left(&cursor) + 4 == 65536);
    qsort(blocks, *ret_count, sizeof *blocks, height_order);
    buf_free(&key);
    return blocks;
}

static int64_t integer(const json_t *json, const char *key)
{
    assert_true(json_is_integer(json_object_get(json, key)));
    return json_integer_value(json_object_get(json, key));
}

static void check_truth(const struct walk *walk, uint32_t height)
{
    struct err err = {0};
    json_t *truth = NULL;
    struct buf text = read_in(folder, "truth.json");
    test_ok(json_read(&truth, "truth", buf_bytes(&text), FILE_MAX, &err), &err);
    const json_t *positions = json_object_get(truth, "positions");
    const json_t *last = json_array_get(positions, json_array_size(positions) - 1);
    assert_int_equal(integer(json_object_get(truth, "tip"), "height"), height);
    assert_int_equal(integer(last, "height"), height);
    assert_int_equal(integer(last, "total_sat"), amount_minor(walk->total));
    assert_int_equal(integer(truth, "coins"), walk->coins);
    assert_int_equal(integer(truth, "spends"), walk->spends);
    assert_int_equal(integer(truth, "touched"), walk->touched);
    assert_int_equal(integer(truth, "transactions"), walk->txs);
    buf_free(&text);
    json_decref(truth);
}

static void test_blocks_and_truth(void **state)
{
    struct err err = {0};
    struct arena arena = {0};
    struct buf file;
    struct walk walk = {.total = amount_zero()};
    struct header_tree *tree = header_tree_new(chain_params_get(CHAIN_REGTEST), NULL);
    size_t count = 0, largest = 0;
    bool in_order = true;
    (void)state;
    walk.table = mem_zalloc(TABLE_SIZE, sizeof *walk.table);
    watch_book(&walk);
    struct block *blocks = blocks_read(&count, &in_order, &file, &arena);
    for (uint32_t height = 0; height < count; height++) {
        uint32_t node;
        test_ok(header_tree_add(tree, &node, blocks[height].raw.data, NULL, &err), &err);
        assert_int_equal(header_tree_node(tree, node)->height, height);
        test_ok(block_check(&blocks[height], chain_params_get(CHAIN_REGTEST), height, &err), &err);
        if (height > 0)
            walk_block(&walk, &blocks[height], height);
        largest = blocks[height].tx_count > largest ? blocks[height].tx_count : largest;
    }
    assert_false(in_order);
    assert_true(largest > 1500 && walk.coins > 20 && walk.spends > 5);
    check_truth(&walk, (uint32_t)count - 1);
    header_tree_free(tree);
    free(blocks);
    free(walk.table);
    free(walk.scripts);
    arena_free(&walk.arena);
    arena_free(&arena);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bytes), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_number_of_blocks),     cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_blocks_and_truth),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
