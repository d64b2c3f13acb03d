/* Proves that the hot walker accepts and refuses what chain's block_parse does, over all real
 * blocks and over thousands of damaged ones, and that its txids, input keys, matches and
 * stripped forms are those of chain. */
#include "scan/scan_priv.h"

#include "support.h"

#include <dirent.h>
#include <stdlib.h>

/* An exact-size copy, so that AddressSanitizer sees every read past the end. */
struct walked {
    struct walk walk;
    uint8_t *data;
    struct hash256 *digests;
    struct sha256_job *jobs;
    uint64_t *log;
    bool ok;
};

static struct watch *watch;

static void walked_make(struct walked *w, struct bytes raw, bool with_jobs)
{
    *w = (struct walked){.walk = {.watch = watch}};
    w->data = mem_alloc(raw.size);
    memcpy(w->data, raw.data, raw.size);
    w->digests = mem_alloc(walk_tx_max(raw.size) * sizeof *w->digests);
    w->jobs = mem_alloc(walk_tx_max(raw.size) * sizeof *w->jobs);
    w->log = mem_alloc((raw.size / 41 + 1) * sizeof *w->log);
    w->walk.log = w->log;
    w->walk.digests = w->digests;
    w->walk.jobs = with_jobs ? w->jobs : NULL;
    w->ok = walk_block(&w->walk, w->data, raw.size);
}

static void walked_free(struct walked *w)
{
    walk_free(&w->walk);
    free(w->data);
    free(w->digests);
    free(w->jobs);
    free(w->log);
}

/* Both walks against the slow parse. */
static void check_same(struct bytes raw, const struct block *block)
{
    struct walked w;
    struct walked plain;
    size_t ordinal = 0;
    walked_make(&w, raw, true);
    walked_make(&plain, raw, false);
    assert_true(w.ok && plain.ok);
    assert_int_equal(w.walk.tx_count, block->tx_count);
    sha256d_many(w.jobs, w.walk.tx_count);
    for (size_t i = 0; i < block->tx_count; i++) {
        struct hash256 txid;
        tx_txid(&txid, &block->txs[i]);
        assert_true(hash256_equal(&txid, &w.digests[i]));
        for (size_t n = 0; n < block->txs[i].in_count; n++, ordinal++) {
            const struct outpoint *prevout = &block->txs[i].ins[n].prevout;
            uint64_t key = prevout_key(prevout->txid.b, prevout->vout);
            assert_int_equal(w.log[ordinal], key);
            assert_int_equal(plain.log[ordinal], key);
        }
    }
    assert_int_equal(w.walk.log_count, ordinal);
    assert_int_equal(plain.walk.log_count, ordinal);
    if (w.walk.touch_count == 0)
        assert_memory_equal(plain.data, raw.data, raw.size); /* nothing was slid */
    walked_free(&w);
    walked_free(&plain);
}

/* block_parse and both walks accept, or all refuse. Returns whether they accept. */
static bool check_agree(struct bytes raw)
{
    struct arena arena = {0};
    struct block block;
    struct err err;
    bool ok = block_parse(&block, raw, &arena, &err) == 0;
    if (ok) {
        check_same(raw, &block);
    } else {
        for (int with_jobs = 0; with_jobs < 2; with_jobs++) {
            struct walked w;
            walked_make(&w, raw, with_jobs);
            if (w.ok)
                fail_msg("the walk accepts what block_parse refuses: %s", err.text);
            assert_non_null(w.walk.rule);
            walked_free(&w);
        }
    }
    arena_free(&arena);
    return ok;
}

static void test_real_blocks(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    size_t count = 0;
    DIR *folder = opendir(test_data_path(path, "blocks"));
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char name[PATH_SIZE];
        if (!strstr(entry->d_name, ".raw"))
            continue;
        (void)snprintf(name, sizeof name, "blocks/%s", entry->d_name);
        struct buf raw = test_data(name);
        assert_true(check_agree(buf_bytes(&raw)));
        buf_free(&raw);
        count++;
    }
    assert_int_equal(closedir(folder), 0);
    assert_int_equal(count, 44);
}

/* ---- matches ------------------------------------------------------------------------------- */

/* Watches one script of a real block: the walk names its outputs, and what it keeps of the
 * transactions hashes to their txids. */
static void check_matches(struct bytes raw, const struct block *block, size_t tx, size_t out,
                          bool with_jobs)
{
    struct watch_script script = {.script = block->txs[tx].outs[out].script, .id = 1};
    struct watch *one = watch_new(&script, 1);
    struct walked w;
    size_t at = 0;
    watch = one;
    walked_make(&w, raw, with_jobs);
    for (uint32_t i = 0; i < block->tx_count; i++) {
        uint32_t matches = 0;
        for (uint32_t n = 0; n < block->txs[i].out_count; n++)
            matches += bytes_equal(block->txs[i].outs[n].script, script.script);
        if (matches == 0)
            continue;
        assert_true(at < w.walk.touch_count);
        const struct walk_touch *touch = &w.walk.touches[at++];
        struct hash256 want;
        struct hash256 got;
        assert_int_equal(touch->tx_index, i);
        assert_int_equal(touch->match_count, matches);
        for (uint32_t n = 0; n < matches; n++) {
            uint32_t vout = w.walk.matches[touch->match_at + n];
            assert_true(bytes_equal(block->txs[i].outs[vout].script, script.script));
        }
        tx_txid(&want, &block->txs[i]);
        sha256d_of(&got, bytes_of(touch->stripped, touch->size));
        assert_true(hash256_equal(&want, &got));
    }
    assert_int_equal(at, w.walk.touch_count);
    assert_true(at > 0);
    walked_free(&w);
    watch_free(one);
    watch = NULL;
}

static void test_matches(void **state)
{
    struct buf raw = test_data("blocks/block-0757753.raw");
    struct watch *nothing = watch;
    struct arena arena = {0};
    struct block block;
    struct err err;
    (void)state;
    test_ok(block_parse(&block, buf_bytes(&raw), &arena, &err), &err);
    for (size_t tx = 0; tx < block.tx_count; tx += 3)
        for (size_t out = 0; out < block.txs[tx].out_count; out++)
            if (!script_unspendable(block.txs[tx].outs[out].script))
                check_matches(buf_bytes(&raw), &block, tx, out, out % 2);
    watch = nothing;
    arena_free(&arena);
    buf_free(&raw);
}

/* Inputs asked for by ordinal: each names its transaction, once. */
static void test_wanted_inputs(void **state)
{
    struct buf raw = test_data("blocks/block-0757753.raw");
    struct arena arena = {0};
    struct block block;
    struct err err;
    (void)state;
    test_ok(block_parse(&block, buf_bytes(&raw), &arena, &err), &err);
    uint32_t ordinal = 0;
    for (uint32_t i = 0; i < block.tx_count; i++) {
        uint32_t ins = (uint32_t)block.txs[i].in_count;
        uint32_t wanted[] = {ordinal, ordinal + ins - 1, ordinal + ins}; /* the last: next tx */
        struct walk walk = {.watch = watch, .wanted = wanted};
        uint8_t *data = mem_alloc(raw.size);
        walk.log = mem_alloc((raw.size / 41 + 1) * sizeof *walk.log);
        walk.wanted_count = ins == 1 ? 1 : 2;
        if (i + 1 < block.tx_count) {
            wanted[walk.wanted_count] = ordinal + ins;
            walk.wanted_count++;
        }
        memcpy(data, raw.data, raw.size);
        assert_true(walk_block(&walk, data, raw.size));
        assert_int_equal(walk.touch_count, i + 1 < block.tx_count ? 2 : 1);
        assert_int_equal(walk.touches[0].tx_index, i);
        assert_int_equal(walk.touches[0].match_count, 0);
        assert_int_equal(walk.wanted_count, 0);
        free(walk.log);
        free(data);
        walk_free(&walk);
        ordinal += ins;
    }
    arena_free(&arena);
    buf_free(&raw);
}

/* ---- damage -------------------------------------------------------------------------------- */

static void test_truncated(void **state)
{
    (void)state;
    struct buf raw = test_data("blocks/block-0057043.raw");
    for (size_t size = 0; size < raw.size; size += size < 400 || size + 400 > raw.size ? 1 : 97)
        assert_false(check_agree(bytes_of(raw.data, size)));
    assert_true(check_agree(buf_bytes(&raw)));
    buf_u8(&raw, 0);
    assert_false(check_agree(buf_bytes(&raw)));
    buf_free(&raw);
}

static void test_damaged(void **state)
{
    (void)state;
    static const char *const names[] = {"blocks/block-0757739.raw", "blocks/block-0000170.raw",
                                        "blocks/block-0116928.raw", "blocks/block-0482683.raw"};
    uint64_t random = 20240314;
    size_t accepted = 0;
    for (size_t n = 0; n < countof(names); n++) {
        struct buf raw = test_data(names[n]);
        for (int round = 0; round < 400; round++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            size_t at = HEADER_SIZE + (size_t)(random >> 33) % (raw.size - HEADER_SIZE);
            static const uint8_t values[] = {0, 1, 0xfc, 0xfd, 0xfe, 0xff, 0x6a, 0x80};
            uint8_t old = raw.data[at];
            raw.data[at] = round % 2 ? values[(random >> 20) % 8] : (uint8_t)(random >> 12);
            accepted += check_agree(buf_bytes(&raw));
            raw.data[at] = old;
        }
        buf_free(&raw);
    }
    assert_true(accepted > 100); /* changes inside scripts and hashes parse all the same */
}

static int setup(void **state)
{
    (void)state;
    watch = watch_new(NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    watch_free(watch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_blocks),   cmocka_unit_test(test_matches),
        cmocka_unit_test(test_wanted_inputs), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
