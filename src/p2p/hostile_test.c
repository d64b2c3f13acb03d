/* A hostile network: each attack is refused, who made it is banned or left, and the client ends
 * with what the honest peers have, which is what was mined.
 * ctest-label: threads */
#include "p2p/p2p_test.h"

enum { BLOCKS = 130 };

/* Whether somebody is banned for a reason, on disk. */
static bool ban_told(const struct stage *stage, const char *reason)
{
    char path[PATH_SIZE];
    struct buf text;
    struct err err = {0};
    test_ok(path_join(path, stage->folder, "bans.txt", &err), &err);
    if (!file_exists(path))
        return false;
    test_ok(file_read(&text, path, 1 << 20, &err), &err);
    bool found = strstr(buf_cstr(&text), reason) != NULL;
    if (!found)
        print_error("no ban for \"%s\" but:\n%s", reason, buf_cstr(&text));
    buf_free(&text);
    return found;
}

/* Among three honest peers one with a fault. */
static void stage_hostile(struct stage *stage, struct toypeer_options options)
{
    stage_open(stage, BLOCKS);
    (void)stage_peer_of(stage, options);
    for (int i = 0; i < 3; i++)
        (void)stage_peer(stage, TOYPEER_NONE);
    stage_client(stage);
    test_ok(stage_sync(stage), &stage->err);
    stage_complete(stage);
    stage_blocks(stage, 11);
}

/* The fault is seen whichever peer is asked first, and its maker is banned. */
static void banned_for(enum toypeer_fault fault, const char *reason)
{
    struct stage stage;
    stage_hostile(&stage, (struct toypeer_options){.fault = fault});
    assert_true(ban_told(&stage, reason));
    assert_int_equal(stage_banned(&stage), 1);
    stage_close(&stage);
}

/* The peer is of no use, but no ban is proper. */
static void left_alone(enum toypeer_fault fault)
{
    struct stage stage;
    stage_hostile(&stage, (struct toypeer_options){.fault = fault});
    assert_int_equal(stage_banned(&stage), 0);
    stage_close(&stage);
}

/* The liar knows more blocks than the others, so that it is listened to whoever is asked first. */
static void headers_lie(enum toypeer_fault fault, const char *reason)
{
    struct stage stage;
    struct toychain toy;
    struct toyworld longer;
    stage_open(&stage, 2);
    toyworld_free(&stage.world);
    toy_init(&toy, 19);
    uint32_t tip = toy_grow(&toy, 0, 60, 3);
    toyworld_of_toy(&stage.world, &toy, tip);
    toyworld_of_toy(&longer, &toy, toy_grow(&toy, tip, 9, 3));
    (void)stage_peer_of(&stage, (struct toypeer_options){.world = &longer, .fault = fault});
    for (int i = 0; i < 3; i++)
        (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    assert_true(ban_told(&stage, reason));
    stage_close(&stage);
    toyworld_free(&longer);
    toy_free(&toy);
}

static void test_headers(void **state)
{
    (void)state;
    headers_lie(TOYPEER_NO_POW, "a header without proof of work");
    headers_lie(TOYPEER_UNLINKED, "headers that do not follow each other");
}

static void test_false_filter(void **state)
{
    (void)state;
    banned_for(TOYPEER_FALSE_FILTER, "a filter that the agreed filter header denies");
}

static void test_denied_header(void **state)
{
    (void)state;
    banned_for(TOYPEER_DENIED_HEADER, "a filter that its own filter header denies");
}

static void test_frames(void **state)
{
    (void)state;
    banned_for(TOYPEER_HUGE, "4294967295 bytes, at most");
    banned_for(TOYPEER_LONG, "3999999 bytes, at most");
    banned_for(TOYPEER_MAGIC, "magic is not that of regtest");
    banned_for(TOYPEER_CHECKSUM, "a wrong checksum");
    banned_for(TOYPEER_GARBAGE, "magic is not that of regtest");
}

static void test_unasked(void **state)
{
    (void)state;
    banned_for(TOYPEER_UNASKED, "a filter that nobody asked for");
}

static void test_useless(void **state)
{
    (void)state;
    left_alone(TOYPEER_SILENT);
    left_alone(TOYPEER_MUTE);
    left_alone(TOYPEER_DROP);
    left_alone(TOYPEER_TRICKLE);
    left_alone(TOYPEER_SLOW);
    left_alone(TOYPEER_NOT_FOUND);
}

/* All blocks are fetched, so that the liar's turn comes. */
static void blocks_lie(enum toypeer_fault fault, const char *reason)
{
    struct stage stage;
    stage_hostile(&stage, (struct toypeer_options){.fault = fault});
    stage_blocks(&stage, 1);
    assert_true(ban_told(&stage, reason));
    stage_close(&stage);
}

static void test_blocks(void **state)
{
    (void)state;
    blocks_lie(TOYPEER_FALSE_BLOCK, "block ");
    blocks_lie(TOYPEER_OTHER_BLOCK, "a block that nobody asked for");
}

/* Two liars say the same, one honest peer another thing: the block decides, not the number. */
static void test_filter_without_output(void **state)
{
    struct stage stage;
    struct toyworld lie;
    struct arena arena = {0};
    struct buf filter = buf_with_max(BLOCK_SIZE_MAX);
    uint32_t height = 70;
    (void)state;
    stage_open(&stage, BLOCKS);
    struct bytes script = toyworld_output(&stage.world, height, &arena);
    assert_true(script.size > 0);
    toyworld_filter_without(&filter, &stage.world, height, script);
    toyworld_lie(&lie, &stage.world, height, buf_bytes(&filter));
    for (int i = 0; i < 3; i++)
        (void)stage_peer_of(&stage, (struct toypeer_options){.world = &lie});
    (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    assert_int_equal(stage_banned(&stage), 3);
    assert_true(ban_told(&stage, "a filter that lacks a script of its block"));
    stage_close(&stage);
    toyworld_free(&lie);
    buf_free(&filter);
    arena_free(&arena);
}

/* Liars who were faster, and the honest peer contradicts later what was agreed on without it. */
static void test_slow_honest_peer(void **state)
{
    struct stage stage;
    struct toyworld lie;
    struct arena arena = {0};
    struct buf filter = buf_with_max(BLOCK_SIZE_MAX);
    (void)state;
    stage = (struct stage){.peer_count = 0};
    struct toychain toy;
    toy_init(&toy, 5);
    uint32_t tip = toy_grow(&toy, 0, 80, 4);
    for (int i = 0; i < 2500; i++)
        tip = toy_mine(&toy, tip, (struct toy_options){.pay = toy.scripts[0]});
    toyworld_of_toy(&stage.world, &toy, tip);
    toy_free(&toy);
    test_folder_make(stage.folder);
    struct bytes script = toyworld_output(&stage.world, 70, &arena);
    toyworld_filter_without(&filter, &stage.world, 70, script);
    toyworld_lie(&lie, &stage.world, 70, buf_bytes(&filter));
    for (int i = 0; i < 3; i++)
        (void)stage_peer_of(&stage, (struct toypeer_options){.world = &lie});
    (void)stage_peer(&stage, TOYPEER_SLOW);
    stage_client(&stage);
    test_ok(p2p_sync_headers(stage.p2p, &stage.err), &stage.err);
    test_ok(p2p_sync_filter_headers(stage.p2p, p2p_best(stage.p2p), &stage.err), &stage.err);
    for (uint32_t i = 0; i < stage.world.count; i++) {
        struct hash256 header;
        assert_true(p2p_filter_header(stage.p2p, &header, i));
        assert_true(hash256_equal(&header, &stage.world.filter_headers[i]));
    }
    assert_int_equal(stage_banned(&stage), 3);
    stage_close(&stage);
    toyworld_free(&lie);
    buf_free(&filter);
    arena_free(&arena);
}

/* What a filter lacks was spent from, and cannot be seen in the block: nobody is believed. */
static void test_undecidable(void **state)
{
    struct stage stage;
    struct toyworld lie;
    struct arena arena = {0};
    struct buf filter = buf_with_max(BLOCK_SIZE_MAX);
    struct bytes script = bytes_of(NULL, 0);
    uint32_t height = 40;
    (void)state;
    stage_open(&stage, BLOCKS);
    while (script.size == 0)
        script = toyworld_prevout(&stage.world, ++height, &arena);
    toyworld_filter_without(&filter, &stage.world, height, script);
    toyworld_lie(&lie, &stage.world, height, buf_bytes(&filter));
    (void)stage_peer_of(&stage, (struct toypeer_options){.world = &lie});
    for (int i = 0; i < 3; i++)
        (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    char part[64];
    (void)snprintf(part, sizeof part, "height %u: peers differ", height);
    test_refused(stage_sync(&stage), SANAD_MISSING, &stage.err, part);
    assert_int_equal(stage_banned(&stage), 0);
    stage_close(&stage);
    toyworld_free(&lie);
    buf_free(&filter);
    arena_free(&arena);
}

/* Headers that cost nothing, without end: none of them enters the tree. */
static void test_flood(void **state)
{
    struct stage stage;
    struct u256 work = {{0, 1, 0, 0}};
    (void)state;
    stage_open(&stage, BLOCKS);
    stage.min_work = &work;
    stage.candidate_max = 7000;
    (void)stage_peer(&stage, TOYPEER_FLOOD);
    (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_refused(stage_sync(&stage), SANAD_MISSING, &stage.err, "with the work that regtest has");
    assert_int_equal(header_tree_count(stage.tree), 1);
    assert_true(ban_told(&stage, "headers without end and without work"));
    stage_close(&stage);
}

/* Asked for work that nobody has: exit 3. */
static void test_no_work(void **state)
{
    struct stage stage;
    struct u256 work = {{0, 1, 0, 0}};
    (void)state;
    stage_open(&stage, BLOCKS);
    stage.min_work = &work;
    (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_refused(stage_sync(&stage), SANAD_MISSING, &stage.err, "with the work that regtest has");
    assert_int_equal(header_tree_count(stage.tree), 1);
    stage_close(&stage);
}

/* A fork with less work changes nothing, wherever its peer stands in the list. */
static void test_less_work(void **state)
{
    struct stage stage;
    struct toychain toy;
    struct toyworld fork;
    (void)state;
    stage_open(&stage, 2);
    toyworld_free(&stage.world);
    toy_init(&toy, 19);
    uint32_t base = toy_grow(&toy, 0, 40, 3);
    toyworld_of_toy(&fork, &toy, toy_grow(&toy, base, 5, 3));
    toyworld_of_toy(&stage.world, &toy, toy_grow(&toy, base, 30, 3));
    (void)stage_peer_of(&stage, (struct toypeer_options){.world = &fork});
    for (int i = 0; i < 3; i++)
        (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_close(&stage);
    toyworld_free(&fork);
    toy_free(&toy);
}

/* Every peer has pruned the block that is wanted. */
static void test_pruned(void **state)
{
    struct stage stage;
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    (void)state;
    stage_open(&stage, BLOCKS);
    for (int i = 0; i < 3; i++)
        (void)stage_peer_of(&stage, (struct toypeer_options){.pruned = 100});
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    uint32_t best = p2p_best(stage.p2p);
    test_ok(p2p_block(stage.p2p, &raw, header_tree_ancestor(stage.tree, best, 100), &stage.err),
            &stage.err);
    test_refused(p2p_block(stage.p2p, &raw, header_tree_ancestor(stage.tree, best, 99), &stage.err),
                 SANAD_MISSING, &stage.err, "height 99: block: no peer has it");
    stage_close(&stage);
    buf_free(&raw);
}

/* Banned peers stay banned over a restart, and where all are, it is said. */
static void test_bans_stay(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, BLOCKS);
    struct toypeer *liar = stage_peer(&stage, TOYPEER_CHECKSUM);
    stage_client(&stage);
    test_refused(stage_sync(&stage), SANAD_MISSING, &stage.err, "banned");
    stage_client_end(&stage);
    unsigned connections = toypeer_connections(liar);
    test_refused(stage_try_client(&stage), SANAD_MISSING, &stage.err, "banned for a day");
    stage.p2p = NULL;
    assert_int_equal(toypeer_connections(liar), connections);
    stage_close(&stage);
}

/* Fewer than were asked for by number agree: not enough. */
static void test_too_few(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, BLOCKS);
    stage.agree_count = 3;
    (void)stage_peer(&stage, TOYPEER_NONE);
    (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_refused(stage_sync(&stage), SANAD_MISSING, &stage.err,
                 "3 peers must agree, and only 2 are left");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_false_filter),
        cmocka_unit_test(test_denied_header),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_unasked),
        cmocka_unit_test(test_useless),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_filter_without_output),
        cmocka_unit_test(test_slow_honest_peer),
        cmocka_unit_test(test_undecidable),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_no_work),
        cmocka_unit_test(test_less_work),
        cmocka_unit_test(test_pruned),
        cmocka_unit_test(test_bans_stay),
        cmocka_unit_test(test_too_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
