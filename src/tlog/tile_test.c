/* Proves: tiles have one path and one width each, paths that are none are refused, and bundles say
 * exactly which entries they hold. */
#include "support.h"
#include "tlog/tlog.h"

static void paths_are_those_of_the_specification(void **state)
{
    (void)state;
    /* c2sp.org/tlog-tiles: index 1234067, and the partial tiles of a tree of 70,000. */
    static const struct {
        struct tlog_tile tile;
        const char *path;
    } known[] = {
        {{0, 1234067, 256}, "tile/0/x001/x234/067"},
        {{0, 0, 256}, "tile/0/000"},
        {{0, 273, 112}, "tile/0/273.p/112"},
        {{1, 1, 17}, "tile/1/001.p/17"},
        {{2, 0, 1}, "tile/2/000.p/1"},
        {{TLOG_ENTRIES, 999, 256}, "tile/entries/999"},
        {{TLOG_ENTRIES, 1000, 255}, "tile/entries/x001/000.p/255"},
        {{63, 0, 1}, "tile/63/000.p/1"},
    };
    for (size_t i = 0; i < countof(known); i++) {
        char path[TLOG_PATH_SIZE];
        struct tlog_tile tile;
        tlog_tile_path(path, &known[i].tile);
        assert_string_equal(path, known[i].path);
        assert_true(tlog_tile_from_path(&tile, path));
        assert_int_equal(tile.level, known[i].tile.level);
        assert_int_equal(tile.n, known[i].tile.n);
        assert_int_equal(tile.width, known[i].tile.width);
    }
}

static void other_spellings_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/x001/",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1/2",
        "tile/0/000.p",
        "tile/data/000",
        "tile/entries/../000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/000",
        "tile/0/000 ",
    };
    struct tlog_tile tile;
    for (size_t i = 0; i < countof(wrong); i++)
        if (tlog_tile_from_path(&tile, wrong[i]))
            fail_msg("%s: taken for a tile", wrong[i]);
}

static void widths_follow_from_the_size(void **state)
{
    (void)state;
    assert_int_equal(tlog_tile_width(0, 0, 0), 0);
    assert_int_equal(tlog_tile_width(1, 0, 0), 1);
    assert_int_equal(tlog_tile_width(256, 0, 0), 256);
    assert_int_equal(tlog_tile_width(256, 0, 1), 0);
    assert_int_equal(tlog_tile_width(256, 1, 0), 1);
    assert_int_equal(tlog_tile_width(70000, 0, 272), 256);
    assert_int_equal(tlog_tile_width(70000, 0, 273), 112);
    assert_int_equal(tlog_tile_width(70000, 0, 274), 0);
    assert_int_equal(tlog_tile_width(70000, 1, 0), 256);
    assert_int_equal(tlog_tile_width(70000, 1, 1), 17);
    assert_int_equal(tlog_tile_width(70000, 2, 0), 1);
    assert_int_equal(tlog_tile_width(70000, 3, 0), 0);
    assert_int_equal(tlog_tile_width(70000, TLOG_ENTRIES, 273), 112);
    assert_int_equal(tlog_tile_width((uint64_t)TLOG_SIZE_MAX, 63, 0), 0);
}

static void bundles_hold_what_they_say(void **state)
{
    (void)state;
    static const uint8_t bundle[] = {0, 1, 'a', 0, 0, 0, 2, 'b', 'c'};
    struct err err = {0};
    struct bytes entry;
    struct bytes all = bytes_of(bundle, sizeof bundle);
    test_ok(tlog_bundle_entry(&entry, all, 3, 0, &err), &err);
    assert_true(bytes_equal(entry, bytes_of_text("a")));
    test_ok(tlog_bundle_entry(&entry, all, 3, 1, &err), &err);
    assert_int_equal(entry.size, 0);
    test_ok(tlog_bundle_entry(&entry, all, 3, 2, &err), &err);
    assert_true(bytes_equal(entry, bytes_of_text("bc")));
    test_refused(tlog_bundle_entry(&entry, all, 2, 0, &err), SANAD_REFUSED, &err, "2 entries");
    test_refused(tlog_bundle_entry(&entry, all, 4, 0, &err), SANAD_REFUSED, &err, "4 entries");
    for (size_t size = 0; size < sizeof bundle; size++)
        test_refused(tlog_bundle_entry(&entry, bytes_of(bundle, size), 3, 0, &err), SANAD_REFUSED,
                     &err, "3 entries");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_those_of_the_specification),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(widths_follow_from_the_size),
        cmocka_unit_test(bundles_hold_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
