/* Proves: real headers chain and validate from genesis and from anchors; forks, medians,
 * work and ancestors agree with a plain recomputation; each rule refuses what breaks it:
 * proof of work, retarget, median time past, BIP94, the 20-minute rule, a lost predecessor,
 * an anchor that is not there. Short periods and an easy limit make mining cheap. */
#include "chain/chain_priv.h"
#include "support.h"

#include <stdlib.h>

enum { SHORT_PERIOD = 16 };

/* Main's rules with periods of 16 blocks and a limit that every second nonce meets. */
static struct chain_params easy_params(void)
{
    struct chain_params params = *chain_params_get(CHAIN_MAIN);
    params.pow_limit_bits = 0x207fffff;
    params.target_timespan = SHORT_PERIOD * params.target_spacing;
    memcpy(params.genesis_header, chain_params_get(CHAIN_REGTEST)->genesis_header, HEADER_SIZE);
    params.genesis_hash = chain_params_get(CHAIN_REGTEST)->genesis_hash;
    return params;
}

/* A header with proof of work for its own bits; `salt` makes siblings differ. */
static void mine(uint8_t ret_raw[HEADER_SIZE], const struct chain_params *params,
                 const struct hash256 *prev, uint32_t time, uint32_t bits, uint8_t salt)
{
    struct header header = {.version = 0x20000000, .prev = *prev, .time = time, .bits = bits};
    struct hash256 hash;
    header.merkle_root.b[0] = salt;
    do {
        header.nonce++;
        header_write(ret_raw, &header);
        header_hash(&hash, ret_raw);
    } while (!header_pow_ok(params, &hash, bits));
}

/* A child by the rules, `seconds` after its parent. */
static uint32_t grow(struct header_tree *tree, const struct chain_params *params, uint32_t parent,
                     uint32_t seconds, uint8_t salt)
{
    const struct header_node *node = header_tree_node(tree, parent);
    uint32_t time = node->time + seconds;
    uint8_t raw[HEADER_SIZE];
    uint32_t index;
    struct err err = {0};
    mine(raw, params, &node->hash, time, header_tree_next_bits(tree, parent, time), salt);
    test_ok(header_tree_add(tree, &index, raw, NULL, &err), &err);
    return index;
}

/* Tries a child with free time and bits. */
static int try_child(struct header_tree *tree, const struct chain_params *params, uint32_t parent,
                     uint32_t time, uint32_t bits, struct err *err)
{
    uint8_t raw[HEADER_SIZE];
    uint32_t index = 12345;
    uint32_t count = header_tree_count(tree);
    mine(raw, params, &header_tree_node(tree, parent)->hash, time, bits, 0);
    int code = header_tree_add(tree, &index, raw, NULL, err);
    if (code != 0) {
        assert_int_equal(index, 12345);
        assert_int_equal(header_tree_count(tree), count);
    }
    return code;
}

/* ---- real headers ------------------------------------------------------------------------ */

static void add_file(struct header_tree *tree, const struct buf *file)
{
    struct err err = {0};
    for (size_t at = 0; at < file->size; at += HEADER_SIZE) {
        uint32_t index;
        uint8_t back[HEADER_SIZE];
        test_ok(header_tree_add(tree, &index, file->data + at, NULL, &err), &err);
        assert_int_equal(index, at / HEADER_SIZE);
        header_tree_raw(tree, index, back);
        assert_memory_equal(back, file->data + at, HEADER_SIZE);
    }
    assert_int_equal(header_tree_count(tree), file->size / HEADER_SIZE);
}

static void real_headers_from_genesis(void **state)
{
    (void)state;
    struct buf file = test_data("headers/headers-0000000-0010236.bin");
    struct header_tree *tree = header_tree_new(chain_params_get(CHAIN_MAIN), NULL);
    assert_int_equal(header_tree_count(tree), 1); /* genesis is there from the start */
    add_file(tree, &file);
    const struct header_node *tip = header_tree_node(tree, 10236);
    assert_int_equal(tip->height, 10236);
    assert_int_equal(tip->work.w[0], UINT64_C(10237) * 0x100010001); /* difficulty 1 all along */
    header_tree_free(tree);
    buf_free(&file);
}

static void check_anchored_file(const char *name, uint32_t height)
{
    struct buf file = test_data(name);
    struct chain_anchor anchor = {.height = height};
    struct err err = {0};
    uint32_t index;
    header_hash(&anchor.hash, file.data);
    struct header_tree *tree = header_tree_new(chain_params_get(CHAIN_MAIN), &anchor);
    assert_int_equal(header_tree_count(tree), 0);
    int code = header_tree_add(tree, &index, file.data + HEADER_SIZE, NULL, &err);
    test_refused(code, SANAD_MISSING, &err, "the anchor");
    add_file(tree, &file);
    assert_int_equal(header_tree_node(tree, header_tree_count(tree) - 1)->height,
                     height + file.size / HEADER_SIZE - 1);
    header_tree_free(tree);
    buf_free(&file);
}

static void real_headers_from_anchors(void **state)
{
    (void)state;
    check_anchored_file("headers/headers-0586657-0589289.bin", 586657);
    check_anchored_file("headers/headers-0665280-0665407.bin", 665280);
    check_anchored_file("headers/headers-0822528-0830592.bin", 822528);
}

/* Inside the first period behind an anchor a retarget is not known; a whole period later it
 * is, and equals what the real chain has. */
static void anchored_retargets_become_exact(void **state)
{
    (void)state;
    struct buf file = test_data("headers/headers-0822528-0830592.bin");
    struct chain_anchor anchor = {.height = 822528 + 100};
    uint32_t index;
    struct err err = {0};
    uint32_t unknown = 0;
    uint32_t known = 0;
    header_hash(&anchor.hash, file.data + (size_t)100 * HEADER_SIZE);
    struct header_tree *tree = header_tree_new(chain_params_get(CHAIN_MAIN), &anchor);
    for (size_t at = (size_t)100 * HEADER_SIZE; at < file.size; at += HEADER_SIZE) {
        struct header header;
        header_parse(&header, file.data + at);
        uint32_t count = header_tree_count(tree);
        uint32_t next = count ? header_tree_next_bits(tree, count - 1, header.time) : 0;
        test_ok(header_tree_add(tree, &index, file.data + at, NULL, &err), &err);
        unknown += next == 0;
        known += next == header.bits;
    }
    assert_int_equal(unknown, 2); /* the anchor itself and the first retarget behind it */
    assert_int_equal(known, header_tree_count(tree) - 2);
    header_tree_free(tree);
    buf_free(&file);
}

static void a_changed_real_header_has_no_work(void **state)
{
    (void)state;
    struct buf file = test_data("headers/headers-0000000-0010236.bin");
    struct header_tree *tree = header_tree_new(chain_params_get(CHAIN_MAIN), NULL);
    struct err err = {0};
    uint32_t index;
    for (size_t at = 36; at < HEADER_SIZE; at++) {
        uint8_t raw[HEADER_SIZE];
        memcpy(raw, file.data + HEADER_SIZE, HEADER_SIZE);
        raw[at] ^= 1;
        int code = header_tree_add(tree, &index, raw, NULL, &err);
        test_refused(code, SANAD_REFUSED, &err, "header 1 (");
    }
    uint8_t raw[HEADER_SIZE];
    memcpy(raw, file.data + HEADER_SIZE, HEADER_SIZE);
    raw[4] ^= 1;
    test_refused(header_tree_add(tree, &index, raw, NULL, &err), SANAD_MISSING, &err,
                 "predecessor is not known");
    header_tree_free(tree);
    buf_free(&file);
}

/* Core's mining_mainnet.py: a coinbase of version 2 that pays one key. */
static void alternate_merkle_root(struct hash256 *ret_root, uint32_t height)
{
    struct buf coinbase = buf_with_max(256);
    struct buf tail = test_hex("ffffffff0100f2052a010000001976a914eadbac7f36c37e39361168b7aaee3cb2"
                               "4a25312d88ac00000000");
    buf_le32(&coinbase, 2);
    buf_u8(&coinbase, 1);
    memset(buf_extend(&coinbase, 32), 0, 32);
    buf_le32(&coinbase, 0xffffffff);
    if (height <= 16) {
        buf_u8(&coinbase, 2);
        buf_u8(&coinbase, (uint8_t)(0x50 + height));
        buf_u8(&coinbase, 0); /* two bytes are the least */
    } else {
        size_t size = height < 0x80 ? 1 : 2;
        buf_u8(&coinbase, (uint8_t)(1 + size));
        buf_u8(&coinbase, (uint8_t)size);
        buf_u8(&coinbase, (uint8_t)height);
        if (size == 2)
            buf_u8(&coinbase, (uint8_t)(height >> 8));
    }
    buf_add(&coinbase, buf_bytes(&tail));
    sha256d_of(ret_root, buf_bytes(&coinbase));
    buf_free(&tail);
    buf_free(&coinbase);
}

/* 2,016 headers that fork off at genesis with real work, mined fast enough for the greatest
 * retarget: at height 2016 they have four times the difficulty and more work than the real
 * chain has there. */
static void an_alternate_mainnet_with_more_work(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    json_t *json;
    struct err err = {0};
    struct buf file = test_data("headers/headers-0000000-0010236.bin");
    const char *name = "vectors/core/test/functional/data/mainnet_alt.json";
    test_ok(json_read_file(&json, test_data_path(path, name), 8 << 20, &err), &err);
    const json_t *times = json_object_get(json, "timestamps");
    const json_t *nonces = json_object_get(json, "nonces");
    assert_int_equal(json_array_size(times), 2016);
    struct header_tree *tree = header_tree_new(chain_params_get(CHAIN_MAIN), NULL);
    add_file(tree, &file);
    uint32_t index = 0;
    for (uint32_t height = 1; height <= 2016; height++) {
        struct header header = {
            .version = 0x20000000,
            .prev = header_tree_node(tree, index)->hash,
            .time = (uint32_t)json_integer_value(json_array_get(times, height - 1)),
            .nonce = (uint32_t)json_integer_value(json_array_get(nonces, height - 1)),
        };
        uint8_t raw[HEADER_SIZE];
        header.bits = header_tree_next_bits(tree, index, header.time);
        assert_int_equal(header.bits, height < 2016 ? 0x1d00ffff : 0x1c3fffc0);
        alternate_merkle_root(&header.merkle_root, height);
        header_write(raw, &header);
        test_ok(header_tree_add(tree, &index, raw, NULL, &err), &err);
        assert_int_equal(header_tree_node(tree, index)->height, height);
    }
    const struct header_node *alternate = header_tree_node(tree, index);
    assert_true(u256_compare(&alternate->work, &header_tree_node(tree, 2016)->work) > 0);
    assert_true(u256_compare(&alternate->work, &header_tree_node(tree, 10236)->work) < 0);
    assert_int_equal(header_tree_ancestor(tree, index, 0), 0);
    assert_int_equal(header_tree_ancestor(tree, index, 1), 10237);
    header_tree_free(tree);
    json_decref(json);
    buf_free(&file);
}

/* ---- forks against a plain recomputation -------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

static uint32_t plain_median(const struct header_tree *tree, uint32_t index)
{
    uint32_t times[MEDIAN_TIME_SPAN];
    size_t count = 0;
    for (; index != NODE_NONE && count < MEDIAN_TIME_SPAN;
         index = header_tree_node(tree, index)->prev)
        times[count++] = header_tree_node(tree, index)->time;
    qsort(times, count, sizeof *times, compare_times);
    return times[count / 2];
}

static void check_node(const struct header_tree *tree, uint32_t index)
{
    const struct header_node *node = header_tree_node(tree, index);
    struct u256 work = work_of_bits(node->bits);
    assert_int_equal(header_tree_find(tree, &node->hash), index);
    assert_int_equal(node->median_time, plain_median(tree, index));
    if (node->prev != NODE_NONE)
        u256_add(&work, &header_tree_node(tree, node->prev)->work);
    assert_int_equal(u256_compare(&work, &node->work), 0);
    uint32_t at = index;
    for (uint32_t height = node->height; at != NODE_NONE; height--) {
        assert_int_equal(header_tree_ancestor(tree, index, height), at);
        at = header_tree_node(tree, at)->prev;
    }
    assert_int_equal(header_tree_ancestor(tree, index, node->height + 1), NODE_NONE);
}

static void forks_agree_with_a_plain_recomputation(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    struct header_tree *tree = header_tree_new(&params, NULL);
    uint32_t seed = 1;
    for (uint32_t i = 1; i < 600; i++) {
        seed = seed * 1664525 + 1013904223;
        /* Mostly on the newest, at times up to 31 back: forks of forks. */
        uint32_t back = seed >> 28 ? 0 : seed >> 20 & 31;
        uint32_t parent = i - 1 - (back < i ? back : 0);
        const struct header_node *node = header_tree_node(tree, parent);
        uint32_t seconds = (seed >> 8) % 900;
        if (node->time + seconds <= node->median_time)
            seconds = node->median_time + 1 - node->time;
        assert_int_equal(grow(tree, &params, parent, seconds + (seconds == 0), (uint8_t)i), i);
    }
    for (uint32_t i = 0; i < header_tree_count(tree); i++)
        check_node(tree, i);
    header_tree_free(tree);
}

/* Times that go back, as far as the median lets them. */
static void medians_with_unordered_times(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    params.no_retarget = true; /* mining stays cheap */
    struct header_tree *tree = header_tree_new(&params, NULL);
    uint32_t seed = 7;
    for (uint32_t i = 1; i < 200; i++) {
        const struct header_node *node = header_tree_node(tree, i - 1);
        seed = seed * 1664525 + 1013904223;
        uint32_t time = node->median_time + 1 + (seed >> 16) % 3000;
        (void)grow(tree, &params, i - 1, time - node->time, 0);
        check_node(tree, i);
    }
    header_tree_free(tree);
}

/* Over several chunks of nodes and several sizes of the index: nothing moves or is lost. */
static void a_long_chain(void **state)
{
    (void)state;
    enum { LONG = 70000 };
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    struct header_tree *tree = header_tree_new(params, NULL);
    const struct header_node *genesis = header_tree_node(tree, 0);
    for (uint32_t i = 0; i < LONG; i++)
        assert_int_equal(grow(tree, params, i, 600, (uint8_t)i), i + 1);
    assert_ptr_equal(header_tree_node(tree, 0), genesis);
    for (uint32_t i = 0; i <= LONG; i++) {
        const struct header_node *node = header_tree_node(tree, i);
        uint32_t below = i / 3 * 2;
        if (node->height != i || header_tree_find(tree, &node->hash) != i ||
            header_tree_ancestor(tree, i, below) != below ||
            header_tree_ancestor(tree, LONG, i) != i || node->work.w[0] != 2 * ((uint64_t)i + 1))
            fail_msg("header %u", i);
    }
    struct hash256 unknown = header_tree_node(tree, LONG)->hash;
    unknown.b[31] ^= 1; /* same place in the index */
    assert_int_equal(header_tree_find(tree, &unknown), NODE_NONE);
    header_tree_free(tree);
}

static void adding_twice_gives_the_same_index(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    struct header_tree *tree = header_tree_new(&params, NULL);
    uint8_t raw[HEADER_SIZE];
    struct err err = {0};
    uint32_t index = 99;
    (void)grow(tree, &params, 0, 600, 0);
    (void)grow(tree, &params, 1, 600, 0);
    header_tree_raw(tree, 1, raw);
    test_ok(header_tree_add(tree, &index, raw, NULL, &err), &err);
    assert_int_equal(index, 1);
    test_ok(header_tree_add(tree, &index, params.genesis_header, NULL, &err), &err);
    assert_int_equal(index, 0);
    assert_int_equal(header_tree_count(tree), 3);
    header_tree_free(tree);
}

/* ---- rules ---------------------------------------------------------------------------------- */

static void wrong_bits_are_refused(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    struct header_tree *tree = header_tree_new(&params, NULL);
    struct err err = {0};
    uint32_t tip = 0;
    while (header_tree_node(tree, tip)->height < SHORT_PERIOD - 1)
        tip = grow(tree, &params, tip, 500, 0);
    const struct header_node *node = header_tree_node(tree, tip);
    /* 15 intervals of 500 s in a period of 9,600 s: the off-by-one of the rule. */
    uint32_t next = header_tree_next_bits(tree, tip, node->time + 500);
    assert_int_equal(next, retarget_bits(&params, 0x207fffff, 0, 7500));
    assert_int_not_equal(next, 0x207fffff);
    int code = try_child(tree, &params, tip, node->time + 500, 0x207fffff, &err);
    test_refused(code, SANAD_REFUSED, &err, "header 16 (");
    test_refused(code, SANAD_REFUSED, &err, "retarget");
    code = try_child(tree, &params, tip, node->time + 500, next - 1, &err);
    test_refused(code, SANAD_REFUSED, &err, "retarget");
    test_ok(try_child(tree, &params, tip, node->time + 500, next, &err), &err);
    /* Within the period the bits stay. */
    code = try_child(tree, &params, tip - 1, node->time, 0x207ffffe, &err);
    test_refused(code, SANAD_REFUSED, &err, "retarget");
    header_tree_free(tree);
}

static void retargets_are_clamped(void **state)
{
    (void)state;
    const struct chain_params *main = chain_params_get(CHAIN_MAIN);
    assert_int_equal(retarget_bits(main, 0x1c0ffff0, 1000, 1000 + 1209600), 0x1c0ffff0);
    assert_int_equal(retarget_bits(main, 0x1c0ffff0, 1000, 1000), 0x1c03fffc);
    assert_int_equal(retarget_bits(main, 0x1c0ffff0, 1000, 900), 0x1c03fffc);
    assert_int_equal(retarget_bits(main, 0x1c0ffff0, 0, 4 * 1209600), 0x1c3fffc0);
    assert_int_equal(retarget_bits(main, 0x1c0ffff0, 0, 5 * 1209600), 0x1c3fffc0);
    assert_int_equal(retarget_bits(main, 0x1d00ffff, 0, 2 * 1209600), 0x1d00ffff);
    /* Known retargets of Bitcoin Core's own tests: blocks 32255, 68543, 46367. */
    assert_int_equal(retarget_bits(main, 0x1d00ffff, 1261130161, 1262152739), 0x1d00d86a);
    assert_int_equal(retarget_bits(main, 0x1c05a3f4, 1279008237, 1279297671), 0x1c0168fd);
    assert_int_equal(retarget_bits(main, 0x1c387f6f, 1263163443, 1269211443), 0x1d00e1fd);
}

static void a_time_not_after_the_median_is_refused(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    struct header_tree *tree = header_tree_new(&params, NULL);
    struct err err = {0};
    uint32_t tip = 0;
    for (int i = 0; i < 13; i++) /* the next one is not the first of a period */
        tip = grow(tree, &params, tip, 600, 0);
    uint32_t median = header_tree_node(tree, tip)->median_time;
    assert_int_equal(median, header_tree_node(tree, tip)->time - 5 * 600);
    int code = try_child(tree, &params, tip, median, 0x207fffff, &err);
    test_refused(code, SANAD_REFUSED, &err, "median");
    test_ok(try_child(tree, &params, tip, median + 1, 0x207fffff, &err), &err);
    header_tree_free(tree);
}

/* Few headers behind an anchor give another median than the chain's: nothing is refused by
 * it until 11 are there. */
static void medians_behind_an_anchor_wait_for_eleven(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    struct header_tree *tree = header_tree_new(&params, NULL);
    uint8_t raw[HEADER_SIZE];
    struct err err = {0};
    uint32_t tip = grow(tree, &params, 0, 600, 0);
    struct chain_anchor anchor = {.height = 1, .hash = header_tree_node(tree, tip)->hash};
    uint32_t time = header_tree_node(tree, tip)->time;
    header_tree_raw(tree, tip, raw);
    header_tree_free(tree);
    tree = header_tree_new(&params, &anchor);
    test_ok(header_tree_add(tree, &tip, raw, NULL, &err), &err);
    test_ok(try_child(tree, &params, 0, time - 100, 0x207fffff, &err), &err);
    tip = 1;
    while (header_tree_count(tree) < 12)
        tip = grow(tree, &params, tip, 600, 0);
    uint32_t median = header_tree_node(tree, tip)->median_time;
    int code = try_child(tree, &params, tip, median, 0x207fffff, &err);
    test_refused(code, SANAD_REFUSED, &err, "median");
    header_tree_free(tree);
}

static void retargets_behind_an_anchor_stay_in_bounds(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    struct chain_anchor anchor = {.height = SHORT_PERIOD - 1};
    uint8_t raw[HEADER_SIZE];
    uint32_t tip;
    struct err err = {0};
    struct hash256 nothing = {{0}};
    mine(raw, &params, &nothing, 1700000000, 0x2010000a, 0);
    header_hash(&anchor.hash, raw);
    struct header_tree *tree = header_tree_new(&params, &anchor);
    test_ok(header_tree_add(tree, &tip, raw, NULL, &err), &err);
    assert_int_equal(header_tree_next_bits(tree, tip, 1700000600), 0);
    int code = try_child(tree, &params, tip, 1700000600, 0x20400029, &err);
    test_refused(code, SANAD_REFUSED, &err, "factor of four");
    code = try_child(tree, &params, tip, 1700000600, 0x20040001, &err);
    test_refused(code, SANAD_REFUSED, &err, "factor of four");
    test_ok(try_child(tree, &params, tip, 1700000600, 0x20040002, &err), &err);
    test_ok(try_child(tree, &params, tip, 1700000601, 0x20400028, &err), &err);
    header_tree_free(tree);
}

static void bits_above_the_limit_are_refused(void **state)
{
    (void)state;
    static const uint32_t bad[] = {0x2100ffff, 0x20ffffff, 0, 0x217fffff, 0xff7fffff, 0x1d80ffff};
    struct chain_params params = easy_params();
    struct header_tree *tree = header_tree_new(&params, NULL);
    struct err err = {0};
    for (size_t i = 0; i < countof(bad); i++) {
        struct header header = {.prev = params.genesis_hash, .time = 1296689202, .bits = bad[i]};
        uint8_t raw[HEADER_SIZE];
        uint32_t index;
        header_write(raw, &header);
        int code = header_tree_add(tree, &index, raw, NULL, &err);
        test_refused(code, SANAD_REFUSED, &err, "no target that the network allows");
    }
    header_tree_free(tree);
}

/* The 20-minute rule of testnet4: late headers have the limit, others the last real bits;
 * BIP94: the next period scales the bits of its first header, not of its last. */
static void testnet_rules(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    struct header_tree *tree = header_tree_new(&params, NULL);
    struct err err = {0};
    uint32_t tip = 0;
    params.allow_min_difficulty = true;
    params.enforce_bip94 = true;
    while (header_tree_node(tree, tip)->height < SHORT_PERIOD)
        tip = grow(tree, &params, tip, 100, 0);
    uint32_t real = header_tree_node(tree, tip)->bits;
    uint32_t time = header_tree_node(tree, tip)->time;
    assert_int_equal(real, 0x201fffff);
    assert_int_equal(header_tree_next_bits(tree, tip, time + 1200), real);
    assert_int_equal(header_tree_next_bits(tree, tip, time + 1201), 0x207fffff);
    int code = try_child(tree, &params, tip, time + 1200, 0x207fffff, &err);
    test_refused(code, SANAD_REFUSED, &err, "retarget");
    code = try_child(tree, &params, tip, time + 1201, real, &err);
    test_refused(code, SANAD_REFUSED, &err, "retarget");
    tip = grow(tree, &params, tip, 1201, 0);
    tip = grow(tree, &params, tip, 1201, 0);
    assert_int_equal(header_tree_node(tree, tip)->bits, 0x207fffff);
    tip = grow(tree, &params, tip, 600, 0);
    assert_int_equal(header_tree_node(tree, tip)->bits, real);
    while (header_tree_node(tree, tip)->height < 2 * SHORT_PERIOD - 1)
        tip = grow(tree, &params, tip, 1201, 0);
    assert_int_equal(header_tree_node(tree, tip)->bits, 0x207fffff);
    uint32_t first = header_tree_ancestor(tree, tip, SHORT_PERIOD);
    time = header_tree_node(tree, tip)->time;
    uint32_t next = header_tree_next_bits(tree, tip, time + 5000);
    assert_int_equal(next, retarget_bits(&params, real, header_tree_node(tree, first)->time, time));
    code = try_child(tree, &params, tip, time - 601, next, &err);
    test_refused(code, SANAD_REFUSED, &err, "BIP94");
    test_ok(try_child(tree, &params, tip, time - 600, next, &err), &err);
    header_tree_free(tree);
}

static void regtest_never_retargets(void **state)
{
    (void)state;
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    struct header_tree *tree = header_tree_new(params, NULL);
    uint32_t tip = 0;
    for (int i = 0; i < 300; i++) {
        tip = grow(tree, params, tip, 1, 0);
        assert_int_equal(header_tree_node(tree, tip)->bits, 0x207fffff);
    }
    header_tree_free(tree);
}

static void an_anchor_must_have_work_too(void **state)
{
    (void)state;
    struct chain_anchor anchor = {.height = 5};
    struct header header = {.bits = 0x1d00ffff, .time = 1700000000};
    uint8_t raw[HEADER_SIZE];
    uint32_t index;
    struct err err = {0};
    header_write(raw, &header);
    header_hash(&anchor.hash, raw);
    struct header_tree *tree = header_tree_new(chain_params_get(CHAIN_MAIN), &anchor);
    int code = header_tree_add(tree, &index, raw, NULL, &err);
    test_refused(code, SANAD_REFUSED, &err, "header 5 (");
    assert_int_equal(header_tree_count(tree), 0);
    assert_int_equal(header_tree_find(tree, &anchor.hash), NODE_NONE);
    header_tree_free(tree);
    header_tree_free(NULL);
}

static void an_anchor_higher_than_any_chain(void **state)
{
    (void)state;
    struct chain_params params = easy_params();
    struct chain_anchor anchor = {.height = 0xffffffff, .hash = params.genesis_hash};
    struct header_tree *tree = header_tree_new(&params, &anchor);
    uint32_t index;
    struct err err = {0};
    int code = header_tree_add(tree, &index, params.genesis_header, NULL, &err);
    test_refused(code, SANAD_REFUSED, &err, "higher than any chain");
    header_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_headers_from_genesis),
        cmocka_unit_test(real_headers_from_anchors),
        cmocka_unit_test(anchored_retargets_become_exact),
        cmocka_unit_test(a_changed_real_header_has_no_work),
        cmocka_unit_test(an_alternate_mainnet_with_more_work),
        cmocka_unit_test(forks_agree_with_a_plain_recomputation),
        cmocka_unit_test(medians_with_unordered_times),
        cmocka_unit_test(a_long_chain),
        cmocka_unit_test(adding_twice_gives_the_same_index),
        cmocka_unit_test(wrong_bits_are_refused),
        cmocka_unit_test(retargets_are_clamped),
        cmocka_unit_test(a_time_not_after_the_median_is_refused),
        cmocka_unit_test(medians_behind_an_anchor_wait_for_eleven),
        cmocka_unit_test(retargets_behind_an_anchor_stay_in_bounds),
        cmocka_unit_test(bits_above_the_limit_are_refused),
        cmocka_unit_test(testnet_rules),
        cmocka_unit_test(regtest_never_retargets),
        cmocka_unit_test(an_anchor_must_have_work_too),
        cmocka_unit_test(an_anchor_higher_than_any_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
