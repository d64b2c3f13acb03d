/* Proves: our writer makes the files that golang.org/x/mod makes of the same entries: all of a log
 * of 600, and of one of 70,000, with its third level, those whose hashes are published. */
#include "memdisk.h"
#include "support.h"
#include "tlog/tlog_priv.h"

enum { BATCH = 1000 };

static struct note_key log_key;
static uint8_t seed[32] = {8};

static struct tlog_writer *log_make(const struct tlog_io *io)
{
    struct tlog_writer_options options = {.public_folder = "pub",
                                          .private_folder = "priv",
                                          .origin = "example.org/log",
                                          .key = &log_key,
                                          .seed = seed,
                                          .io = io};
    struct tlog_writer *writer;
    struct err err = {0};
    test_ok(tlog_writer_init(&options, &err), &err);
    test_ok(tlog_writer_open(&writer, &options, &err), &err);
    return writer;
}

static void add_and_sign(struct tlog_writer *writer, uint64_t size)
{
    static char texts[BATCH][40];
    static struct bytes entries[BATCH];
    struct err err = {0};
    struct buf note;
    while (tlog_writer_size(writer) < size) {
        unsigned long long index = tlog_writer_size(writer);
        uint64_t first;
        size_t count = 0;
        for (; count < BATCH && index < size; count++, index++) {
            (void)snprintf(texts[count], sizeof texts[count], "sanad leaf %llu", index);
            entries[count] = bytes_of_text(texts[count]);
        }
        test_ok(tlog_writer_add(writer, &first, entries, count, &err), &err);
    }
    test_ok(tlog_writer_sign(writer, &note, &err), &err);
    buf_free(&note);
    test_ok(tlog_writer_place(writer, bytes_of(NULL, 0), &err), &err);
}

static struct bytes file_of(struct memdisk *disk, const char *name)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "pub/%s", name);
    struct buf *file = memdisk_file(disk, path);
    if (!file)
        fail_msg("%s: it is not there", name);
    return buf_bytes(file);
}

static void the_log_of_600_is_the_same(struct memdisk *disk)
{
    static const char *const names[] = {
        "tile/0/000",       "tile/0/001",       "tile/0/002.p/88",      "tile/1/000.p/2",
        "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"};
    for (size_t i = 0; i < countof(names); i++) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "tlog/xmod-log-600/%s", names[i]);
        struct buf theirs = test_data(path);
        assert_true(bytes_equal(buf_bytes(&theirs), file_of(disk, names[i])));
        buf_free(&theirs);
    }
    struct buf theirs = test_data("tlog/xmod-log-600/checkpoint");
    struct bytes ours = file_of(disk, "checkpoint");
    const char *their_size = strchr(buf_cstr(&theirs), '\n'); /* the origin is another */
    const uint8_t *our_size = memchr(ours.data, '\n', ours.size);
    assert_true(their_size && our_size);
    assert_memory_equal(their_size, our_size, sizeof "\n600\n" - 1 + 44);
    buf_free(&theirs);
}

static void a_tile_is_the_same(struct memdisk *disk, const json_t *json)
{
    char hex[HEX256_SIZE];
    struct hash256 digest;
    struct err err = {0};
    const char *name, *expected;
    test_ok(json_get_string(&name, "tile", json, "path", &err), &err);
    test_ok(json_get_string(&expected, "tile", json, "sha256", &err), &err);
    struct bytes ours = file_of(disk, name);
    assert_int_equal(ours.size, json_integer_value(json_object_get(json, "bytes")));
    sha256_of(&digest, ours);
    hash256_straight(hex, &digest);
    assert_string_equal(hex, expected);
}

static void the_tiles_of_70000_are_the_same(struct memdisk *disk)
{
    struct buf data = test_data("tlog/xmod-generated/tiles-70000.jsonl");
    size_t seen = 0;
    for (const char *line = buf_cstr(&data); *line; seen++) {
        size_t size = strcspn(line, "\n");
        json_t *json = json_loadb(line, size, 0, NULL);
        assert_non_null(json);
        a_tile_is_the_same(disk, json);
        json_decref(json);
        line += size + (line[size] == '\n');
    }
    assert_int_equal(seen, 9);
    buf_free(&data);
}

static void we_write_what_others_write(void **state)
{
    (void)state;
    struct buf there = test_data("tlog/xmod-generated/tiles-70000.jsonl"); /* else skipped here */
    struct memdisk *disk = memdisk_new(1);
    struct tlog_io io = memdisk_io(disk);
    struct tlog_writer *writer = log_make(&io);
    buf_free(&there);
    add_and_sign(writer, 600);
    the_log_of_600_is_the_same(disk);
    add_and_sign(writer, 70000);
    the_tiles_of_70000_are_the_same(disk);
    tlog_writer_close(writer);
    memdisk_free(disk);
}

static int setup(void **state)
{
    uint8_t public_key[32];
    (void)state;
    ed25519_public(public_key, seed);
    return note_key_make(&log_key, "example.org/log", NOTE_KEY_TYPE_ED25519, public_key, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(we_write_what_others_write)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
