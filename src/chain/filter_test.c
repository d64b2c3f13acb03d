/* Proves that filters and filter headers are those of BIP158's vectors; that a filter of any block
 * has exactly the scripts of its outputs and prevouts, read by a decoder written for this test;
 * that matching finds every one of them, in any number of filters at once and by every kernel, and
 * that each broken filter is refused by its rule. */
#include "chain/chain_priv.h"

#include "support.h"

#include <stdlib.h>

/* ---- the vectors of BIP158 ------------------------------------------------------------------ */

enum { V_HEIGHT, V_HASH, V_BLOCK, V_SCRIPTS, V_PREV_HEADER, V_FILTER, V_HEADER };

static struct buf hex_member(const json_t *row, size_t at)
{
    return test_hex(json_string_value(json_array_get(row, at)));
}

/* The vectors have the prevouts as one list for the whole block. */
static struct block_undo undo_of(const struct block *block, const json_t *scripts,
                                 struct arena *arena)
{
    struct block_undo undo = {.tx_count = block->tx_count - 1};
    size_t at = 0;
    undo.txs = arena_alloc(arena, undo.tx_count, sizeof *undo.txs);
    for (size_t i = 0; i < undo.tx_count; i++) {
        struct undo_tx *tx = &undo.txs[i];
        tx->coin_count = block->txs[i + 1].in_count;
        tx->coins = arena_alloc(arena, tx->coin_count, sizeof *tx->coins);
        for (size_t n = 0; n < tx->coin_count; n++) {
            struct buf script = hex_member(scripts, at++);
            tx->coins[n].script = arena_bytes(arena, buf_bytes(&script));
            buf_free(&script);
        }
    }
    assert_int_equal(at, json_array_size(scripts));
    return undo;
}

static void check_vector(const json_t *row)
{
    struct arena arena = {0};
    struct block block;
    struct err err;
    struct hash256 hash, prev, header, expected;
    struct buf raw = hex_member(row, V_BLOCK);
    struct buf filter = hex_member(row, V_FILTER);
    struct buf built = buf_with_max(FILTER_SIZE_MAX);
    test_ok(block_parse(&block, buf_bytes(&raw), &arena, &err), &err);
    struct block_undo undo = undo_of(&block, json_array_get(row, V_SCRIPTS), &arena);
    test_ok(filter_build(&built, &block, &undo, &err), &err);
    assert_true(bytes_equal(buf_bytes(&built), buf_bytes(&filter)));
    test_ok(filter_check(buf_bytes(&filter), &err), &err);
    assert_true(hash256_from_display(&prev, json_string_value(json_array_get(row, V_PREV_HEADER))));
    assert_true(hash256_from_display(&expected, json_string_value(json_array_get(row, V_HEADER))));
    filter_hash(&hash, buf_bytes(&built));
    filter_header(&header, &hash, &prev);
    assert_true(hash256_equal(&header, &expected));
    buf_free(&raw);
    buf_free(&filter);
    buf_free(&built);
    arena_free(&arena);
}

static void test_vectors(void **state)
{
    (void)state;
    json_t *rows;
    struct err err;
    size_t checked = 0;
    struct buf text = test_data("vectors/bips/bip-0158/testnet-19.json");
    test_ok(json_read(&rows, "vectors", buf_bytes(&text), text.size, &err), &err);
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (json_is_integer(json_array_get(json_array_get(rows, i), V_HEIGHT))) {
            check_vector(json_array_get(rows, i));
            checked++;
        }
    assert_true(checked >= 10);
    json_decref(rows);
    buf_free(&text);
}

/* The genesis block of testnet, the first of those vectors, so that one stands here. */
static void test_known(void **state)
{
    (void)state;
    static const char GENESIS_OUTPUT[] =
        "4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504"
        "e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac";
    struct filter_items items = {.count = 0};
    struct hash256 hash;
    struct buf script = test_hex(GENESIS_OUTPUT);
    struct buf expected = test_hex("019dfca8");
    struct buf built = buf_with_max(FILTER_SIZE_MAX);
    assert_true(hash256_from_display(
        &hash, "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"));
    filter_items_begin(&items, &hash);
    filter_items_add_output(&items, buf_bytes(&script));
    filter_items_write(&built, &items);
    assert_true(bytes_equal(buf_bytes(&built), buf_bytes(&expected)));
    filter_items_free(&items);
    buf_free(&script);
    buf_free(&expected);
    buf_free(&built);
}

/* ---- SipHash -------------------------------------------------------------------------------- */

/* The vector of the paper's appendix: key 00 to 0f, message 00 to 0e. */
static void test_sip(void **state)
{
    (void)state;
    uint8_t data[64];
    uint64_t key[2];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    memcpy(key, data, sizeof key);
    assert_true(sip24(key, bytes_of(data, 15)) == UINT64_C(0xa129ca6149be45e5));
    for (int kernel = 0; kernel < SIP_KERNEL_COUNT; kernel++) {
        if (!sip_kernel_runs((enum sip_kernel)kernel))
            continue;
        for (size_t size = 0; size < 40; size++) {
            uint64_t words[8 * 2 * SIP_LANES];
            uint64_t hashes[2 * SIP_LANES];
            size_t word_count = sip_word_count(size);
            for (size_t i = 0; i < 2 * SIP_LANES; i++)
                for (size_t w = 0; w < word_count; w++)
                    words[w * 2 * SIP_LANES + i] = sip_word_at(bytes_of(data + i, size), w);
            sip24_many_by((enum sip_kernel)kernel, hashes, key, words, word_count, 2 * SIP_LANES);
            for (size_t i = 0; i < 2 * SIP_LANES; i++)
                assert_true(hashes[i] == sip24(key, bytes_of(data + i, size)));
        }
    }
}

/* ---- random filters ------------------------------------------------------------------------- */

enum { SAMPLE_SCRIPTS = 3000, SAMPLE_FILTERS = 60 };

struct sample {
    uint64_t random;
    struct arena arena;
    struct bytes scripts[SAMPLE_SCRIPTS];
    struct filter_job jobs[SAMPLE_FILTERS];
    uint8_t has[SAMPLE_FILTERS][SAMPLE_SCRIPTS];
    size_t counts[SAMPLE_FILTERS];
};

static uint64_t sample_random(struct sample *sample, uint64_t below)
{
    sample->random ^= sample->random << 13;
    sample->random ^= sample->random >> 7;
    sample->random ^= sample->random << 17;
    return (sample->random >> 8) % below;
}

static struct bytes random_script(struct sample *sample)
{
    static const size_t SIZES[] = {1, 7, 8, 22, 23, 25, 34, 35, 67, 9000};
    size_t size = SIZES[sample_random(sample, sample_random(sample, 50) ? 9 : countof(SIZES))];
    uint8_t *data = arena_alloc(&sample->arena, size, 1);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)sample_random(sample, 256);
    if (data[0] == OP_RETURN)
        data[0] = OP_DUP;
    return bytes_of(data, size);
}

static size_t size_of_sample(struct sample *sample, size_t number)
{
    static const size_t COUNTS[] = {0, 1, 2, 3, 4, 5, 63, 64, 65, 255, 256, 257, 258, 1024};
    return number < countof(COUNTS) ? COUNTS[number] : sample_random(sample, 2000);
}

static void sample_filter(struct sample *sample, size_t number)
{
    struct filter_items items = {.count = 0};
    struct filter_job *job = &sample->jobs[number];
    struct buf filter = buf_with_max(FILTER_SIZE_MAX);
    size_t count = size_of_sample(sample, number);
    for (size_t i = 0; i < sizeof job->block_hash.b; i++)
        job->block_hash.b[i] = (uint8_t)sample_random(sample, 256);
    filter_items_begin(&items, &job->block_hash);
    for (size_t i = 0; i < count; i++) {
        size_t which = sample_random(sample, SAMPLE_SCRIPTS);
        /* The same script twice counts once; the tiny ones may be equal too. */
        filter_items_add_prevout(&items, sample->scripts[which]);
        sample->has[number][which] = 1;
    }
    filter_items_write(&filter, &items);
    sample->counts[number] = items.count;
    job->filter = arena_bytes(&sample->arena, buf_bytes(&filter));
    filter_items_free(&items);
    buf_free(&filter);
}

static struct sample *sample_make(void)
{
    struct sample *sample = mem_zalloc(1, sizeof *sample);
    sample->random = 88172645463325252;
    for (size_t i = 0; i < SAMPLE_SCRIPTS; i++)
        sample->scripts[i] = random_script(sample);
    for (size_t i = 0; i < SAMPLE_FILTERS; i++)
        sample_filter(sample, i);
    return sample;
}

static void sample_free(struct sample *sample)
{
    arena_free(&sample->arena);
    free(sample);
}

/* A decoder of one bit at a time: the values, and that the padding is what is left. */
static size_t plain_decode(uint64_t *ret_values, struct bytes filter)
{
    struct cursor cursor = cursor_of(filter);
    size_t count = cursor_compact(&cursor, FILTER_ITEM_MAX);
    size_t bit = 0;
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        for (; cursor.at[bit / 8] & 0x80 >> bit % 8; bit++)
            value += 1 << FILTER_P;
        bit++;
        for (unsigned n = 0; n < FILTER_P; n++, bit++)
            value += (uint64_t)(cursor.at[bit / 8] >> (7 - bit % 8) & 1) << (FILTER_P - 1 - n);
        ret_values[i] = value;
    }
    assert_int_equal((bit + 7) / 8, cursor_left(&cursor));
    return count;
}

static bool plain_has(const struct filter_job *job, const uint64_t *values, size_t count,
                      struct bytes script)
{
    uint64_t key[2] = {load_le64(job->block_hash.b), load_le64(job->block_hash.b + 8)};
    uint64_t value = filter_reduce(sip24(key, script), count * FILTER_M);
    for (size_t i = 0; i < count; i++)
        if (values[i] == value)
            return true;
    return false;
}

/* Which of the filters one script is in, by the plain decoder. */
static void plain_match(bool *ret_matched, const struct sample *sample, const struct bytes *scripts,
                        size_t count)
{
    static uint64_t values[FILTER_ITEM_MAX];
    for (size_t i = 0; i < SAMPLE_FILTERS; i++) {
        size_t items = plain_decode(values, sample->jobs[i].filter);
        assert_int_equal(items, sample->counts[i]);
        ret_matched[i] = false;
        for (size_t s = 0; s < count && !ret_matched[i]; s++)
            ret_matched[i] = plain_has(&sample->jobs[i], values, items, scripts[s]);
    }
}

static void check_match(struct sample *sample, size_t first, size_t count)
{
    bool expected[SAMPLE_FILTERS];
    struct filter_targets *targets = filter_targets_new(sample->scripts + first, count);
    struct filter_matcher *matcher = filter_matcher_new(targets);
    plain_match(expected, sample, sample->scripts + first, count);
    filter_match_many(matcher, sample->jobs, SAMPLE_FILTERS);
    for (size_t i = 0; i < SAMPLE_FILTERS; i++) {
        struct filter_job *job = &sample->jobs[i];
        bool matched;
        struct err err;
        assert_null(job->rule);
        assert_true(job->matched == expected[i]);
        for (size_t s = 0; s < count; s++)
            assert_true(!sample->has[i][first + s] || job->matched);
        if (count < 4) {
            test_ok(filter_match_any(&matched, job->filter, &job->block_hash,
                                     sample->scripts + first, count, &err),
                    &err);
            assert_true(matched == expected[i]);
        }
    }
    filter_matcher_free(matcher);
    filter_targets_free(targets);
}

static void test_match(void **state)
{
    (void)state;
    struct sample *sample = sample_make();
    for (size_t first = 0; first < 300; first++)
        check_match(sample, first, first % 4);
    check_match(sample, 300, 40);
    check_match(sample, 100, 1000);
    check_match(sample, 0, SAMPLE_SCRIPTS);
    sample_free(sample);
}

/* A matcher is used again and again, with filters of other sizes before. */
static void test_match_few(void **state)
{
    (void)state;
    struct sample *sample = sample_make();
    struct filter_targets *targets = filter_targets_new(sample->scripts, 5);
    struct filter_matcher *matcher = filter_matcher_new(targets);
    bool expected[SAMPLE_FILTERS];
    plain_match(expected, sample, sample->scripts, 5);
    for (size_t count = 1; count <= 9; count++)
        for (size_t at = 0; at + count <= SAMPLE_FILTERS; at++) {
            filter_match_many(matcher, sample->jobs + at, count);
            for (size_t i = at; i < at + count; i++)
                assert_true(sample->jobs[i].matched == expected[i]);
        }
    filter_matcher_free(matcher);
    filter_targets_free(targets);
    sample_free(sample);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void refuse(const char *hex, const char *rule)
{
    struct err err;
    bool matched;
    struct hash256 hash = {{1}};
    struct bytes script = bytes_of("x", 1);
    struct buf filter = test_hex(hex);
    test_refused(filter_check(buf_bytes(&filter), &err), SANAD_REFUSED, &err, rule);
    test_refused(filter_match_any(&matched, buf_bytes(&filter), &hash, &script, 1, &err),
                 SANAD_REFUSED, &err, rule);
    buf_free(&filter);
}

static void accept(const char *hex)
{
    struct err err;
    struct buf filter = test_hex(hex);
    test_ok(filter_check(buf_bytes(&filter), &err), &err);
    buf_free(&filter);
}

static void test_rules(void **state)
{
    (void)state;
    accept("00");
    refuse("", "the number of elements is impossible");
    refuse("0000", "bytes follow the last element");
    refuse("fd0000", "the number of elements is impossible"); /* not the shortest form */
    refuse("01", "the number of elements is impossible");
    refuse("010000", "the number of elements is impossible"); /* 16 bits hold no element */
    accept("01000000");
    refuse("0100000000", "bytes follow the last element");
    refuse("01000001", "the padding is not zero");
    refuse("01000008", "the padding is not zero");
    accept("01000010"); /* the last bit of the element */
    accept("01800000"); /* quotient 1: 524,288 is below 784,931 */
    refuse("01c00000", "an element is not below its bound");
    refuse("01f80000", "ends inside an element"); /* quotient 5 needs 25 bits, 24 are there */
    refuse("01ffffff", "ends inside an element");
    refuse("01ffffffffffffffffffffffffff", "ends inside an element");
    refuse("fe07b20100", "the number of elements is impossible");
    refuse("ff0000000001000000", "the number of elements is impossible");
}

/* 784,930 is the highest value of one element, 784,931 none. */
static void test_bound(void **state)
{
    (void)state;
    /* quotient 1, rest 260,642: 10 + 0111111101000100010 + padding of 3 */
    accept("019fd110");
    refuse("019fd118", "an element is not below its bound");
}

/* A filter cut anywhere, or with any bit changed: never read beyond, and a cut is refused. */
static void test_damage(void **state)
{
    (void)state;
    struct sample *sample = sample_make();
    struct err err;
    for (size_t i = 1; i < 14; i++) {
        struct bytes filter = sample->jobs[i].filter;
        for (size_t size = 0; size < filter.size; size++) {
            uint8_t *cut = mem_alloc(size + 1); /* of its own, so that a sanitizer sees its end */
            uint8_t *exact = mem_realloc(cut, size ? size : 1, 1);
            memcpy(exact, filter.data, size);
            assert_int_equal(filter_check(bytes_of(exact, size), &err), SANAD_REFUSED);
            free(exact);
        }
        uint8_t *copy = mem_alloc(filter.size);
        for (size_t bit = 0; bit < 8 * filter.size; bit++) {
            memcpy(copy, filter.data, filter.size);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct filter_job job = {.filter = bytes_of(copy, filter.size)};
            struct filter_targets *targets = filter_targets_new(sample->scripts, 3);
            struct filter_matcher *matcher = filter_matcher_new(targets);
            filter_match_many(matcher, &job, 1);
            assert_int_equal(job.rule != NULL, filter_check(job.filter, &err) != 0);
            filter_matcher_free(matcher);
            filter_targets_free(targets);
        }
        free(copy);
    }
    sample_free(sample);
}

/* One element with the longest quotients that can be, next to usual ones in the other lanes. */
static void test_long_quotients(void **state)
{
    (void)state;
    struct sample *sample = sample_make();
    struct filter_items items = {.count = 0};
    struct hash256 hash = {{0}};
    struct filter_job jobs[8];
    struct buf filter = buf_with_max(FILTER_SIZE_MAX);
    struct bytes wanted = sample->scripts[0];
    filter_items_begin(&items, &hash);
    for (size_t i = 0; i < 400; i++)
        filter_items_add_prevout(&items, sample->scripts[i]);
    /* Hashes are not to be had at will, so they are set: a crowd below, one far above. */
    for (size_t i = 0; i < items.count; i++)
        items.hashes[i] >>= 20;
    items.hashes[399] = sip24(items.key, wanted);
    filter_items_write(&filter, &items);
    for (size_t i = 0; i < countof(jobs); i++)
        jobs[i] = sample->jobs[20 + i];
    jobs[3] = (struct filter_job){.filter = buf_bytes(&filter)};
    struct filter_targets *targets = filter_targets_new(&wanted, 1);
    struct filter_matcher *matcher = filter_matcher_new(targets);
    filter_match_many(matcher, jobs, countof(jobs));
    for (size_t i = 0; i < countof(jobs); i++)
        assert_null(jobs[i].rule);
    assert_true(jobs[3].matched);
    filter_matcher_free(matcher);
    filter_targets_free(targets);
    filter_items_free(&items);
    buf_free(&filter);
    sample_free(sample);
}

static void test_undo_of_another_block(void **state)
{
    (void)state;
    struct tx_in in = {.sequence = 0};
    struct undo_coin coin = {.script = bytes_of("x", 1)};
    struct tx txs[2] = {{.in_count = 1}, {.ins = &in, .in_count = 1}};
    struct undo_tx undo_txs[2] = {{.coins = &coin, .coin_count = 1}, {.coins = &coin}};
    struct block block = {.txs = txs, .tx_count = 2};
    struct block_undo undo = {.txs = undo_txs, .tx_count = 1};
    struct buf built = buf_with_max(FILTER_SIZE_MAX);
    struct err err;
    test_ok(filter_build(&built, &block, &undo, &err), &err);
    size_t size = built.size;
    undo.tx_count = 2;
    test_refused(filter_build(&built, &block, &undo, &err), SANAD_REFUSED, &err, "undo data");
    undo.tx_count = 1;
    undo_txs[0].coin_count = 0;
    test_refused(filter_build(&built, &block, &undo, &err), SANAD_REFUSED, &err, "undo data");
    test_refused(filter_build(&built, &block, NULL, &err), SANAD_REFUSED, &err, "undo data");
    assert_int_equal(built.size, size);
    buf_free(&built);
}

/* ---- real blocks ---------------------------------------------------------------------------- */

static const uint32_t REAL[] = {170,    24835,  57043,  116928, 150013, 210000, 255018,
                                277647, 367891, 403200, 478558, 757739, 757753, 866342};

/* Prevouts of the whole block, in the order of its inputs. */
static struct block_undo real_undo(const struct block *block, const struct csv *csv,
                                   struct arena *arena)
{
    struct block_undo undo = {.tx_count = block->tx_count - 1};
    int column = csv_column(csv, "script_pubkey_hex");
    size_t row = 0;
    assert_true(column >= 0);
    undo.txs = arena_alloc(arena, undo.tx_count, sizeof *undo.txs);
    for (size_t i = 0; i < undo.tx_count; i++) {
        struct undo_tx *tx = &undo.txs[i];
        tx->coin_count = block->txs[i + 1].in_count;
        tx->coins = arena_alloc(arena, tx->coin_count, sizeof *tx->coins);
        for (size_t n = 0; n < tx->coin_count; n++) {
            assert_true(row < csv->row_count);
            struct buf script = test_hex(csv->rows[row++][column]);
            tx->coins[n].script = arena_bytes(arena, buf_bytes(&script));
            buf_free(&script);
        }
    }
    assert_int_equal(row, csv->row_count);
    return undo;
}

static int compare_values(const void *a, const void *b)
{
    uint64_t x = load_le64(a);
    uint64_t y = load_le64(b);
    return x < y ? -1 : x > y;
}

/* The elements as BIP158 describes them, computed the plain way. */
static size_t plain_values(uint64_t *ret_values, const struct block *block,
                           const struct block_undo *undo)
{
    uint64_t key[2] = {load_le64(block->hash.b), load_le64(block->hash.b + 8)};
    size_t count = 0;
    size_t unique = 0;
    for (size_t i = 0; i < block->tx_count; i++) {
        for (size_t n = 0; n < block->txs[i].out_count; n++) {
            struct bytes script = block->txs[i].outs[n].script;
            if (script.size > 0 && script.data[0] != OP_RETURN)
                ret_values[count++] = sip24(key, script);
        }
        for (size_t n = 0; i > 0 && n < undo->txs[i - 1].coin_count; n++)
            if (undo->txs[i - 1].coins[n].script.size > 0)
                ret_values[count++] = sip24(key, undo->txs[i - 1].coins[n].script);
    }
    qsort(ret_values, count, sizeof *ret_values, compare_values);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || ret_values[i] != ret_values[i - 1])
            ret_values[unique++] = ret_values[i];
    for (size_t i = 0; i < unique; i++)
        ret_values[i] = filter_reduce(ret_values[i], unique * FILTER_M);
    return unique;
}

static void check_real(uint32_t height)
{
    static uint64_t expected[FILTER_ITEM_MAX];
    static uint64_t values[FILTER_ITEM_MAX];
    struct arena arena = {0};
    struct block block;
    struct csv csv;
    struct err err;
    char name[64];
    (void)snprintf(name, sizeof name, "blocks/block-%07u.raw", height);
    struct buf raw = test_data(name);
    (void)snprintf(name, sizeof name, "blocks/prevouts/prevouts-%07u.csv", height);
    struct buf text = test_data(name);
    struct buf filter = buf_with_max(FILTER_SIZE_MAX);
    test_ok(block_parse(&block, buf_bytes(&raw), &arena, &err), &err);
    test_ok(csv_read(&csv, name, buf_bytes(&text), &err), &err);
    struct block_undo undo = real_undo(&block, &csv, &arena);
    test_ok(filter_build(&filter, &block, &undo, &err), &err);
    test_ok(filter_check(buf_bytes(&filter), &err), &err);
    size_t count = plain_values(expected, &block, &undo);
    assert_int_equal(plain_decode(values, buf_bytes(&filter)), count);
    assert_memory_equal(values, expected, count * sizeof *values);
    csv_free(&csv);
    buf_free(&raw);
    buf_free(&text);
    buf_free(&filter);
    arena_free(&arena);
}

static void test_real(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(REAL); i++)
        check_real(REAL[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_sip),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_match_few),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_long_quotients),
        cmocka_unit_test(test_undo_of_another_block),
        cmocka_unit_test(test_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
