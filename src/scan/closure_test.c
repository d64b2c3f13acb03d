/* ctest-label: threads
 * Proves that a ranged branch is followed as far as its gap rule asks, although what makes it
 * grow stands in blocks that were read before: each script of the closure ends looked for
 * from the first block on, in few passes, and nothing is asked twice. */
#include "world_test.h"

/* AHEAD: how far the scan looks beyond a small closure, so that few passes are needed. */
enum { RANGE = 20, GAP = 10, AHEAD = 250 };

/* A public key of regtest, made from a secret that everybody may know. */
static void tpub_make(char ret_text[128], uint8_t number)
{
    uint8_t secret[32] = {[31] = number};
    struct ec_point point;
    struct buf payload = buf_with_max(128);
    struct buf text = buf_with_max(256);
    uint8_t key[33];
    assert_true(ec_secret_point(&point, secret));
    ec_point_compressed(key, &point);
    buf_be32(&payload, 0x043587cf);
    for (size_t i = 0; i < 9; i++)
        buf_u8(&payload, 0);
    memset(buf_extend(&payload, 32), number, 32); /* chain code */
    buf_add(&payload, bytes_of(key, sizeof key));
    base58check_encode(&text, buf_bytes(&payload));
    (void)snprintf(ret_text, 128, "%s", buf_cstr(&text));
    buf_free(&payload);
    buf_free(&text);
}

static void ranged_book(struct world *w, uint8_t number, const char *before, const char *behind)
{
    struct buf text;
    char tpub[128];
    tpub_make(tpub, number);
    book_begin(&text);
    buf_format(&text, "\"%s%s%s\"", before, tpub, behind);
    book_end(w, &text, RANGE, GAP);
}

/* The first script of a branch at an index, in the arena of the chain. */
static struct bytes script_at(struct world *w, size_t book, size_t branch, uint32_t index)
{
    size_t count;
    struct bytes *scripts;
    size_t script_count;
    const struct book_branch *branches = book_branches(w->books[book], &count);
    assert_true(branch < count);
    assert_true(book_branch_scripts(&scripts, &script_count, w->books[book], &branches[branch],
                                    index, &w->toy.arena));
    return scripts[script_count - 1];
}

static uint32_t pay(struct world *w, uint32_t tip, struct bytes script)
{
    tip = toy_mine(&w->toy, tip, (struct toy_options){.pay = script});
    return toy_mine_random(&w->toy, tip, 4); /* spends some of it */
}

static void write_all(struct world *w, uint32_t tip, uint32_t from)
{
    struct arena arena = {0};
    uint32_t *branch = toy_branch(&w->toy, tip, &arena);
    uint32_t height = w->toy.blocks[tip].height;
    toy_write(&w->toy, &w->writer,
              (struct toy_files){branch + from, height + 1 - from, 7, from, true});
    arena_free(&arena);
}

/* Every script of the store is complete, and the store tells the truth of it. Returns how many
 * there are. */
static size_t check_store(struct world *w, uint32_t tip)
{
    struct fact_script *scripts;
    size_t count;
    struct err err;
    test_ok(facts_scripts(w->facts, &scripts, &count, &w->toy.arena, &err), &err);
    w->watched_count = 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(scripts[i].complete_to, w->toy.blocks[tip].height);
        world_watch(w, scripts[i].script);
    }
    check_all(w, tip, GRADE_PREVOUT);
    return count;
}

static bool is_known(struct world *w, struct bytes script)
{
    int64_t id;
    bool found;
    struct err err;
    test_ok(facts_script_find(&id, &found, w->facts, script, &err), &err);
    return found;
}

/* Pays every ninth index of a branch, the highest first. */
static uint32_t pay_down(struct world *w, uint32_t tip, size_t branch, int64_t high, int64_t low)
{
    for (int64_t index = high; index >= low; index -= 9)
        tip = toy_mine(&w->toy, tip,
                       (struct toy_options){.pay = script_at(w, 0, branch, (uint32_t)index)});
    return tip;
}

/* Blocks that use a branch from the top down: what lets an index in is seen behind it. */
static void test_ladder(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 31);
    ranged_book(&w, 1, "wpkh(", "/<0;1>/*)");
    uint32_t tip = toy_grow(&w.toy, pay_down(&w, 0, 1, 17 + 9 * 70, 17), 10, 4);
    write_all(&w, tip, 0);
    struct scan_result result = world_scan(&w, 2);
    assert_int_equal(result.passes, 3); /* 270, then twice as much, and once more */
    assert_true(is_known(&w, script_at(&w, 0, 1, 17 + 9 * 70 + GAP)));
    assert_true(is_known(&w, script_at(&w, 0, 0, RANGE - 1)));
    assert_false(is_known(&w, script_at(&w, 0, 0, RANGE + AHEAD)));
    size_t count = check_store(&w, tip);
    assert_true(check_coins(&w, tip) >= 71);
    result = world_scan(&w, 2);
    assert_int_equal(result.passes, 0);
    assert_int_equal(check_store(&w, tip), count);
    world_free(&w);
}

/* An index beyond the gap of the highest used one is not in the set, so it makes nothing grow. */
static void test_beyond_the_gap(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 32);
    ranged_book(&w, 2, "pkh(", "/*)");
    uint32_t tip = pay(&w, 0, script_at(&w, 0, 0, RANGE + AHEAD + 1));
    tip = pay(&w, tip, script_at(&w, 0, 0, 3));
    write_all(&w, tip, 0);
    struct scan_result result = world_scan(&w, 1);
    assert_int_equal(result.passes, 1);
    assert_false(is_known(&w, script_at(&w, 0, 0, RANGE + AHEAD + 1)));
    (void)check_store(&w, tip);
    world_free(&w);
}

/* The branch grows in new blocks; the older ones are read again for what is new. */
static void test_grows_later(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 33);
    ranged_book(&w, 3, "tr(", "/*)");
    uint32_t tip = pay(&w, 0, script_at(&w, 0, 0, 300)); /* not looked for yet */
    tip = pay(&w, tip, script_at(&w, 0, 0, 0));
    write_all(&w, tip, 0);
    struct scan_result result = world_scan(&w, 1);
    assert_int_equal(result.passes, 1);
    assert_false(is_known(&w, script_at(&w, 0, 0, 300)));
    uint32_t known = w.toy.blocks[tip].height + 1;
    tip = pay_down(&w, tip, 0, 296, 8); /* lets 300 in, which lets 310 in */
    write_all(&w, tip, known);
    result = world_scan(&w, 1);
    assert_int_equal(result.passes, 2);
    assert_true(is_known(&w, script_at(&w, 0, 0, 310)));
    (void)check_store(&w, tip);
    world_free(&w);
}

/* combo() has several scripts an index; two books share a branch. */
static void test_combo_and_shared(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 34);
    ranged_book(&w, 4, "combo(", "/*)");
    ranged_book(&w, 4, "wpkh(", "/*)");
    uint32_t tip = pay(&w, 0, script_at(&w, 0, 0, 25));
    tip = pay(&w, tip, script_at(&w, 0, 0, 15));
    tip = pay(&w, tip, script_at(&w, 1, 0, 19));
    write_all(&w, tip, 0);
    (void)world_scan(&w, 2);
    assert_true(is_known(&w, script_at(&w, 0, 0, 25 + GAP)));
    (void)check_store(&w, tip);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_beyond_the_gap),
        cmocka_unit_test(test_grows_later),
        cmocka_unit_test(test_combo_and_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
