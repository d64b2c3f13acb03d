/* Proves the two nations' folder as a whole: the same seed gives the same bytes and another
 * seed others; every block parses and keeps the rules that need no script, on a chain of
 * headers whose most work is the tip of the truth; undo records stand beside what they undo;
 * coinbases take subsidy and fees; and the truth adds up without the ledger's help. */
#include "sim/sim_priv.h"
#include "support.h"

#include <dirent.h>

enum { FILE_MAX = 64 << 20 };

/* Made once, for all tests that only look. */
static char folder[PATH_SIZE];

static void make(char ret_folder[PATH_SIZE], uint64_t seed)
{
    struct err err = {0};
    test_folder_make(ret_folder);
    test_ok(sim_two_nations(ret_folder, seed, &err), &err);
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

static struct buf read_in(const char *place, const char *name)
{
    struct err err = {0};
    struct buf buf;
    char path[PATH_SIZE];
    test_ok(path_join(path, place, name, &err), &err);
    test_ok(file_read(&buf, path, FILE_MAX, &err), &err);
    return buf;
}

static json_t *json_in(const char *place, const char *name)
{
    struct err err = {0};
    json_t *json = NULL;
    struct buf buf = read_in(place, name);
    test_ok(json_read(&json, name, buf_bytes(&buf), FILE_MAX, &err), &err);
    buf_free(&buf);
    return json;
}

static int64_t integer(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static bool is(const json_t *json, const char *key, const char *text)
{
    return strcmp(json_string_value(json_object_get(json, key)), text) == 0;
}

/* One hash over names and contents of a folder, sub-folders aside, in the order of names. */
static void folder_hash(struct sha256 *hash, const char *place)
{
    struct dirent **names;
    int count = scandir(place, &names, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        if (names[i]->d_type == DT_REG) {
            struct buf buf = read_in(place, names[i]->d_name);
            sha256_add(hash, bytes_of_text(names[i]->d_name));
            sha256_add(hash, buf_bytes(&buf));
            buf_free(&buf);
        } else if (names[i]->d_name[0] != '.') {
            struct err err = {0};
            char path[PATH_SIZE];
            test_ok(path_join(path, place, names[i]->d_name, &err), &err);
            folder_hash(hash, path);
        }
        free(names[i]);
    }
    free(names);
}

static void test_same_seed_same_bytes(void **state)
{
    char again[PATH_SIZE], other[PATH_SIZE];
    const char *const places[3] = {folder, again, other};
    struct hash256 digests[3];
    (void)state;
    make(again, 1);
    make(other, 2);
    for (size_t i = 0; i < 3; i++) {
        struct sha256 hash;
        sha256_init(&hash);
        folder_hash(&hash, places[i]);
        sha256_final(&digests[i], &hash);
    }
    test_folder_remove(again);
    test_folder_remove(other);
    assert_true(hash256_equal(&digests[0], &digests[1]));
    assert_false(hash256_equal(&digests[0], &digests[2]));
}

static void test_folder_in_use(void **state)
{
    struct err err = {0};
    (void)state;
    test_refused(sim_two_nations(folder, 1, &err), SANAD_REFUSED, &err,
                 "already holds block files");
    test_refused(sim_two_nations("/proc/none", 1, &err), SANAD_IO, &err, "/proc/none");
}

/* ---- the folder of blocks
 * ------------------------------------------------------------------------ */

struct dat {
    struct buf buf; /* plain */
    struct cursor cursor;
};

static bool dat_open(struct dat *dat, const char *kind, unsigned number)
{
    char name[32], path[PATH_SIZE];
    struct err err = {0};
    struct buf key = read_in(folder, "blocks/xor.dat");
    assert_int_equal(key.size, 8);
    assert_true(load_le64(key.data) != 0);
    (void)snprintf(name, sizeof name, "blocks/%s%05u.dat", kind, number);
    test_ok(path_join(path, folder, name, &err), &err);
    bool exists = file_exists(path);
    if (exists) {
        dat->buf = read_in(folder, name);
        for (size_t i = 0; i < dat->buf.size; i++)
            dat->buf.data[i] ^= key.data[i % 8];
        dat->cursor = cursor_of(buf_bytes(&dat->buf));
    }
    buf_free(&key);
    return exists;
}

/* The next record's body; false at the end or where zeros were preallocated. */
static bool record(struct dat *dat, struct bytes *ret_body, size_t extra)
{
    static const uint8_t magic[4] = {0xfa, 0xbf, 0xb5, 0xda};
    struct bytes head = cursor_take(&dat->cursor, 4);
    if (!bytes_equal(head, bytes_of(magic, 4)))
        return false;
    uint32_t size = cursor_le32(&dat->cursor);
    *ret_body = cursor_take(&dat->cursor, size + extra);
    assert_false(dat->cursor.bad);
    return true;
}

enum { SEEN_MAX = 8000 };
struct seen {
    struct bytes *raws; /* in the order of the files */
    size_t count;
    struct arena arena;
};

static struct seen read_blocks(void)
{
    struct seen seen = {.raws = mem_zalloc(SEEN_MAX, sizeof *seen.raws)};
    struct dat dat;
    unsigned number = 0;
    for (; dat_open(&dat, "blk", number); number++) {
        struct bytes body;
        while (record(&dat, &body, 0)) {
            assert_true(seen.count < SEEN_MAX);
            seen.raws[seen.count++] = arena_bytes(&seen.arena, body);
        }
        buf_free(&dat.buf);
    }
    assert_true(number >= 3);
    return seen;
}

static void seen_free(struct seen *seen)
{
    free(seen->raws);
    arena_free(&seen->arena);
}

static int raw_time_order(const void *a, const void *b)
{
    const struct bytes *x = a, *y = b;
    uint32_t x_time = load_le32(x->data + 68), y_time = load_le32(y->data + 68);
    return x_time < y_time ? -1 : x_time > y_time;
}

/* In the order of time every header finds its predecessor. */
static struct header_tree *tree_of(const struct seen *seen)
{
    struct err err = {0};
    struct header_tree *tree = header_tree_new(chain_params_get(CHAIN_REGTEST), NULL);
    struct bytes *raws = mem_zalloc(seen->count, sizeof *raws);
    memcpy(raws, seen->raws, seen->count * sizeof *raws);
    qsort(raws, seen->count, sizeof *raws, raw_time_order);
    for (size_t i = 0; i < seen->count; i++) {
        uint32_t index;
        test_ok(header_tree_add(tree, &index, raws[i].data, NULL, &err), &err);
    }
    free(raws);
    assert_int_equal(header_tree_count(tree), seen->count);
    return tree;
}

static uint32_t tip_of(const struct header_tree *tree)
{
    uint32_t tip = 0;
    for (uint32_t i = 1; i < header_tree_count(tree); i++)
        if (u256_compare(&header_tree_node(tree, i)->work, &header_tree_node(tree, tip)->work) > 0)
            tip = i;
    return tip;
}

static void test_blocks_keep_the_rules(void **state)
{
    char hash[HEX256_SIZE];
    struct err err = {0};
    struct arena arena = {0};
    (void)state;
    struct seen seen = read_blocks();
    struct header_tree *tree = tree_of(&seen);
    bool in_order = true;
    uint32_t highest = 0;
    for (size_t i = 0; i < seen.count; i++) {
        struct block block;
        test_ok(block_parse(&block, seen.raws[i], &arena, &err), &err);
        uint32_t node = header_tree_find(tree, &block.hash);
        uint32_t height = header_tree_node(tree, node)->height;
        test_ok(block_check(&block, chain_params_get(CHAIN_REGTEST), height, &err), &err);
        assert_true(height == 0 || height == 1 || i > 0);
        in_order = in_order && height >= highest;
        highest = height > highest ? height : highest;
        arena_reset(&arena);
    }
    assert_false(in_order);
    json_t *truth = json_in(folder, "truth.json");
    const json_t *tip = json_object_get(truth, "tip");
    const struct header_node *node = header_tree_node(tree, tip_of(tree));
    hash256_display(hash, &node->hash);
    assert_true(is(tip, "hash", hash));
    assert_int_equal(integer(tip, "height"), node->height);
    assert_true(node->height >= 2000 && node->height <= 6000);
    assert_int_equal(json_array_size(json_object_get(truth, "stale_blocks")),
                     seen.count - node->height - 1);
    json_decref(truth);
    header_tree_free(tree);
    seen_free(&seen);
    arena_free(&arena);
}

/* ---- undo records and coinbases
 * ------------------------------------------------------------------ */

static struct amount sum_of_outs(const struct tx *tx)
{
    struct amount sum = amount_zero();
    for (size_t i = 0; i < tx->out_count; i++)
        sum = amount_add(sum, tx->outs[i].value);
    return sum;
}

/* Coinbase = subsidy + (spent − paid), the former from the undo data. */
static void check_coinbase(const struct block *block, const struct block_undo *undo,
                           uint32_t height)
{
    struct amount due = chain_subsidy(chain_params_get(CHAIN_REGTEST), height);
    assert_int_equal(undo->tx_count + 1, block->tx_count);
    for (size_t t = 1; t < block->tx_count; t++) {
        for (size_t i = 0; i < undo->txs[t - 1].coin_count; i++) {
            const struct undo_coin *coin = &undo->txs[t - 1].coins[i];
            due = amount_add(due, coin->value);
            assert_true(coin->height <= height);
            assert_true(!coin->coinbase || coin->height + COINBASE_MATURITY <= height);
        }
        due = amount_sub(due, sum_of_outs(&block->txs[t]));
    }
    assert_true(amount_equal(due, sum_of_outs(&block->txs[0])));
}

static int time_order(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    return x->header.time < y->header.time ? -1 : x->header.time > y->header.time;
}

/* The record's checksum tells which block of the file it belongs to: the search begins where
 * the last one ended, since both lists are about in the order of time. */
static bool check_record(struct bytes body, const struct block *blocks, size_t count, size_t *at,
                         const struct header_tree *tree, struct arena *arena)
{
    struct err err = {0};
    struct bytes raw = bytes_of(body.data, body.size - 32);
    for (size_t i = 0; i < count; i++) {
        const struct block *block = &blocks[(*at + i) % count];
        struct hash256 checksum;
        struct block_undo undo;
        undo_checksum(&checksum, &block->header.prev, raw);
        if (memcmp(checksum.b, raw.data + raw.size, 32) != 0)
            continue;
        test_ok(undo_parse(&undo, raw, arena, &err), &err);
        if (undo.tx_count + 1 != block->tx_count)
            continue; /* a losing block beside it has the same predecessor */
        uint32_t node = header_tree_find(tree, &block->hash);
        check_coinbase(block, &undo, header_tree_node(tree, node)->height);
        *at = (*at + i) % count;
        return true;
    }
    return false;
}

static size_t check_rev_file(unsigned number, const struct header_tree *tree)
{
    struct err err = {0};
    struct dat blk, rev;
    struct bytes body;
    struct arena arena = {0};
    size_t block_count = 0, undo_count = 0;
    struct block *blocks = mem_zalloc(SEEN_MAX, sizeof *blocks);
    assert_true(dat_open(&blk, "blk", number) && dat_open(&rev, "rev", number));
    while (record(&blk, &body, 0))
        test_ok(block_parse(&blocks[block_count++], body, &arena, &err), &err);
    qsort(blocks, block_count, sizeof *blocks, time_order);
    for (size_t at = 0; record(&rev, &body, 32); undo_count++)
        assert_true(check_record(body, blocks, block_count, &at, tree, &arena));
    assert_true(undo_count <= block_count && undo_count + 6 > block_count);
    buf_free(&blk.buf);
    buf_free(&rev.buf);
    free(blocks);
    arena_free(&arena);
    return undo_count;
}

static void test_undo_and_coinbases(void **state)
{
    size_t count = 0;
    struct dat dat;
    (void)state;
    struct seen seen = read_blocks();
    struct header_tree *tree = tree_of(&seen);
    for (unsigned number = 0; dat_open(&dat, "blk", number); number++) {
        buf_free(&dat.buf);
        count += check_rev_file(number, tree);
    }
    assert_true(count >= header_tree_node(tree, tip_of(tree))->height);
    header_tree_free(tree);
    seen_free(&seen);
}

/* ---- the truth
 * ------------------------------------------------------------------------------------- */

static int64_t position_at(const json_t *truth, const char *nation, int64_t height, const char *key)
{
    const json_t *list = json_object_get(truth, "positions");
    int64_t found = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *position = json_array_get(list, i);
        if (is(position, "nation", nation) && integer(position, "height") <= height)
            found = integer(position, key);
    }
    return found;
}

/* The flows and what enters and leaves give the last position; each class keeps its meaning. */
static void check_flows(const json_t *truth, const char *nation, size_t which)
{
    const json_t *flows = json_object_get(truth, "flows");
    const json_t *whole = json_array_get(json_object_get(truth, "conservation"), which);
    int64_t net = integer(whole, "entered_sat") - integer(whole, "left_sat");
    for (size_t i = 0; i < json_array_size(flows); i++) {
        const json_t *flow = json_array_get(flows, i);
        if (!is(flow, "nation", nation))
            continue;
        int64_t own_in = integer(flow, "own_in_sat"), out = integer(flow, "foreign_out_sat");
        assert_int_equal(integer(flow, "net_sat"), integer(flow, "own_out_sat") - own_in);
        net += integer(flow, "net_sat");
        if (is(flow, "class", "internal"))
            assert_int_equal(integer(flow, "net_sat"), -integer(flow, "fee_sat"));
        if (is(flow, "class", "internal") || is(flow, "class", "external-out"))
            assert_true(integer(flow, "foreign_in_sat") == 0 &&
                        (out > 0) == is(flow, "class", "external-out"));
        if (is(flow, "class", "external-in") || is(flow, "class", "mined"))
            assert_int_equal(own_in, 0);
    }
    assert_int_equal(net, position_at(truth, nation, INT64_MAX, "total_sat"));
    assert_int_equal(net, integer(whole, "closing_sat"));
    assert_true(is(whole, "nation", nation));
}

static size_t count_class(const json_t *truth, const char *nation, const char *class_)
{
    const json_t *flows = json_object_get(truth, "flows");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(flows); i++) {
        const json_t *flow = json_array_get(flows, i);
        count += is(flow, "nation", nation) && is(flow, "class", class_);
    }
    return count;
}

static int64_t value_on(const json_t *list, const char *criterion, const char *book,
                        const char *date)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        if (is(row, "criterion", criterion) && is(row, "book", book) && is(row, "date", date)) {
            assert_true(is(row, "verdict", "met") || is(row, "verdict", "not-met"));
            return integer(row, "value");
        }
    }
    fail_msg("no %s of book %s on %s", criterion, book, date);
    return 0;
}

static int64_t of_xs(const json_t *truth, const char *date)
{
    return value_on(json_object_get(truth, "criteria"), "net-public-continuous", "2025-12-05",
                    date);
}

/* The usual cases of a node's wallet at its tip: coinbases that can't be spent yet. */
static void check_immature(const json_t *truth)
{
    const json_t *flows = json_object_get(truth, "flows");
    int64_t tip = integer(json_object_get(truth, "tip"), "height");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(flows); i++) {
        const json_t *flow = json_array_get(flows, i);
        count += is(flow, "class", "mined") && integer(flow, "height") + COINBASE_MATURITY > tip;
    }
    assert_true(count >= 2);
}

/* domain.md, "Acceptance cases", as far as a date and a value tell them. */
static void check_story(const json_t *truth)
{
    const json_t *now = json_object_get(truth, "criteria");
    const json_t *reported = json_object_get(json_object_get(truth, "as_reported"), "criteria");
    const int64_t btc = SAT_PER_BTC, most_fees = btc / 100;
    /* liability: no coin moves, +30 BTC on that day; matched in August */
    int64_t rise = of_xs(truth, "2025-07-04") - of_xs(truth, "2025-07-03");
    assert_true(rise > 30 * btc - most_fees && rise <= 30 * btc);
    assert_true(of_xs(truth, "2025-07-03") <= 0 && of_xs(truth, "2025-07-04") > 0);
    assert_true(of_xs(truth, "2025-08-20") <= 0);
    assert_true(value_on(now, "net-public-end-period", "2025-12-05", "2025-09-30") <= 0);
    /* seizure and its sweep, the deposit inside the public sector, the split: fees only */
    static const char *const quiet[][2] = {{"2025-03-19", "2025-03-20"},
                                           {"2025-05-21", "2025-05-22"},
                                           {"2025-04-09", "2025-04-10"},
                                           {"2025-08-28", "2025-08-29"},
                                           {"2025-11-17", "2025-11-18"}};
    for (size_t i = 0; i < countof(quiet); i++) {
        int64_t change = of_xs(truth, quiet[i][1]) - of_xs(truth, quiet[i][0]);
        assert_true(change <= 0 && change > -most_fees);
    }
    /* a purchase parked in the seized wallet counts, to the end of the year */
    rise = of_xs(truth, "2025-10-07") - of_xs(truth, "2025-10-06");
    assert_true(rise > 12 * btc - most_fees && of_xs(truth, "2025-10-07") > 0);
    assert_true(value_on(now, "net-public-end-period", "2025-12-05", "2025-12-31") > 0);
    /* late declaration: the same rise under the older book before the coins moved */
    assert_int_equal(value_on(reported, "net-public-end-period", "2025-09-05", "2025-09-30"),
                     value_on(now, "net-public-end-period", "2025-12-05", "2025-09-30"));
    /* and the other nation's: coins after the base, so the verdict changes */
    const int64_t limit = 60 * btc;
    assert_true(value_on(reported, "net-public-end-period", "2025-06-15", "2025-09-30") <= limit);
    assert_true(value_on(now, "net-public-end-period", "2025-11-20", "2025-09-30") > limit);
    /* two versions of the memorandum */
    assert_true(value_on(now, "net-public-end-period", "2025-12-05", "2025-06-30") <= 0);
    assert_true(value_on(now, "gross-acquisitions-end-period", "2025-12-05", "2025-06-30") > 0);
}

static void test_truth(void **state)
{
    static const char *const classes[] = {"mined", "external-in", "internal", "external-out"};
    (void)state;
    json_t *truth = json_in(folder, "truth.json");
    check_flows(truth, "XS", 0);
    check_flows(truth, "XP", 1);
    for (size_t i = 0; i < countof(classes); i++) {
        assert_true(count_class(truth, "XS", classes[i]) > 0);
        assert_true(count_class(truth, "XP", classes[i]) > 0);
    }
    assert_true(count_class(truth, "XS", "mixed") >= 3);
    check_immature(truth);
    check_story(truth);
    assert_int_equal(json_array_size(json_object_get(truth, "possible_own")), 2);
    json_decref(truth);
}

/* The figure that the story is about, on its day, found by the day's own rule. */
static void test_reserve_of_july(void **state)
{
    int64_t day = 0;
    (void)state;
    struct sim *sim = sim_new(1);
    assert_true(date_parse(&day, "2025-07-16", NULL) == 0);
    sim_play(sim);
    json_t *truth = json_in(folder, "truth.json");
    uint32_t height = sim_height_at(sim, day + 86399);
    assert_int_equal(position_at(truth, "XS", height, "reserve_sat"), INT64_C(623818000000));
    json_decref(truth);
    sim_free(sim);
}

/* Every descriptor parses and gives the scripts that the ledger gave. */
static void test_descriptors(void **state)
{
    struct err err = {0};
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    (void)state;
    struct sim *sim = sim_new(8);
    for (enum sim_wallet_id id = 0; id < SIM_WALLET_COUNT; id++) {
        struct descriptor *descriptor;
        struct sim_address address;
        test_ok(descriptor_parse(&descriptor, sim->params, sim_descriptor(sim, id), &err), &err);
        assert_true(descriptor_is_ranged(descriptor) != sim_plan(id)->single);
        for (uint32_t branch = 0; branch < descriptor_branch_count(descriptor); branch++) {
            uint32_t index = sim_plan(id)->single ? 0 : 25;
            buf_reset(&script);
            assert_true(descriptor_script(&script, descriptor, branch, index, 0));
            sim_address_make(&address, sim, id, branch, index);
            assert_true(bytes_equal(buf_bytes(&script), address.script));
        }
        descriptor_free(descriptor);
    }
    buf_free(&script);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_folder_in_use),
        cmocka_unit_test(test_blocks_keep_the_rules),
        cmocka_unit_test(test_undo_and_coinbases),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_reserve_of_july),
        cmocka_unit_test(test_descriptors),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
