/* An honest network: all comes and is kept, a restart asks for nothing again, a chain that grows
 * or is reorganised is followed, and filters made here equal those of another encoder.
 * ctest-label: threads */
#include "p2p/p2p_test.h"

static void test_sync(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, 250);
    for (int i = 0; i < 4; i++)
        (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_blocks(&stage, 17);
    struct p2p_report report;
    p2p_report_get(&report, stage.p2p);
    assert_int_equal(report.agreed, 4);
    assert_int_equal(report.wanted, 3);
    assert_int_equal(report.banned, 0);
    stage_close(&stage);
}

static void test_kept(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, 120);
    struct toypeer *peer = stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    unsigned headers = toypeer_headers_sent(peer);
    unsigned filters = toypeer_filters_sent(peer);
    assert_int_equal(headers, 119);
    assert_int_equal(filters, 120);
    stage_client_end(&stage);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    assert_int_equal(toypeer_headers_sent(peer), headers);
    assert_int_equal(toypeer_filters_sent(peer), filters);
    stage_close(&stage);
}

/* Longer than a message of headers and than one of filter headers. */
static void test_long(void **state)
{
    struct stage stage;
    (void)state;
    stage = (struct stage){.peer_count = 0};
    struct toychain toy;
    toy_init(&toy, 3);
    uint32_t tip = 0;
    for (int i = 0; i < 4050; i++)
        tip = toy_mine(&toy, tip, (struct toy_options){.pay = toy.scripts[0]});
    toyworld_of_toy(&stage.world, &toy, tip);
    toy_free(&toy);
    test_folder_make(stage.folder);
    for (int i = 0; i < 3; i++)
        (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_close(&stage);
}

static void test_reorganisation(void **state)
{
    struct stage stage;
    struct toychain toy;
    struct toyworld first;
    struct toyworld second;
    (void)state;
    stage_open(&stage, 2);
    toyworld_free(&stage.world);
    toy_init(&toy, 11);
    uint32_t base = toy_grow(&toy, 0, 60, 3);
    uint32_t a = toy_grow(&toy, base, 5, 3);
    uint32_t b = toy_grow(&toy, base, 9, 3);
    toyworld_of_toy(&first, &toy, a);
    toyworld_of_toy(&second, &toy, b);
    stage.world = first;
    struct toypeer *peers[3];
    for (int i = 0; i < 3; i++)
        peers[i] = stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    for (int i = 0; i < 3; i++)
        toypeer_world(peers[i], &second);
    stage.world = second;
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_client_end(&stage);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_close(&stage);
    toyworld_free(&first);
    toy_free(&toy);
}

/* BIP158: the toy peers' filters come from an encoder of their own. */
static void test_encoders_agree(void **state)
{
    struct toyworld world;
    struct err err = {0};
    (void)state;
    stage_world(&world, 23, 80);
    for (uint32_t i = 0; i < world.count; i++) {
        struct arena arena = {0};
        struct block block;
        struct block_undo undo;
        struct buf filter = buf_with_max(BLOCK_SIZE_MAX);
        test_ok(block_parse(&block, world.blocks[i], &arena, &err), &err);
        bool has_undo = world.undos[i].size > 0;
        if (has_undo)
            test_ok(undo_parse(&undo, world.undos[i], &arena, &err), &err);
        test_ok(filter_build(&filter, &block, has_undo ? &undo : NULL, &err), &err);
        assert_true(bytes_equal(buf_bytes(&filter), world.filters[i]));
        buf_free(&filter);
        arena_free(&arena);
    }
    toyworld_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoders_agree), cmocka_unit_test(test_sync),
        cmocka_unit_test(test_kept),           cmocka_unit_test(test_long),
        cmocka_unit_test(test_reorganisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
