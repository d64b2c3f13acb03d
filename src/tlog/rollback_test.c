/* Proves: of 10,000 logs whose public and private folder come from two moments of one life, none is
 * opened; of those whose folders belong together each is opened, and continues what was signed. */
#include "memdisk.h"
#include "support.h"
#include "tlog/tlog_priv.h"

#include <stdlib.h>

enum { LIFE_COUNT = 25, MOMENT_COUNT = 24, STEP_MAX = 60, ROLLBACK_COUNT = 10000 };

static struct note_key log_key;
static uint8_t seed[32] = {6};

static struct tlog_writer_options options_of(const struct tlog_io *io)
{
    return (struct tlog_writer_options){.public_folder = "pub",
                                        .private_folder = "priv",
                                        .origin = "example.org/log",
                                        .key = &log_key,
                                        .seed = seed,
                                        .io = io};
}

/* Copies of a log's folders at some moments of its life: after each a larger tree was signed, and
 * some entries may wait behind it. */
struct life {
    struct memdisk *moments[MOMENT_COUNT];
    struct tlog_tree trees[MOMENT_COUNT];
};

static void add(struct tlog_writer *writer, size_t count, const char *word)
{
    struct err err = {0};
    char texts[STEP_MAX][48];
    struct bytes entries[STEP_MAX];
    uint64_t first;
    sanad_assert(count > 0 && count <= STEP_MAX);
    for (size_t i = 0; i < count; i++) {
        unsigned long long index = tlog_writer_size(writer) + i;
        (void)snprintf(texts[i], sizeof texts[i], "%s %llu", word, index);
        entries[i] = bytes_of_text(texts[i]);
    }
    test_ok(tlog_writer_add(writer, &first, entries, count, &err), &err);
}

static void sign(struct tlog_writer *writer)
{
    struct err err = {0};
    struct buf note;
    test_ok(tlog_writer_sign(writer, &note, &err), &err);
    buf_free(&note);
    test_ok(tlog_writer_place(writer, bytes_of(NULL, 0), &err), &err);
}

static void life_make(struct life *life, uint64_t number)
{
    struct memdisk *disk = memdisk_new(number);
    struct tlog_io io = memdisk_io(disk);
    struct tlog_writer_options options = options_of(&io);
    struct tlog_writer *writer;
    struct err err = {0};
    test_ok(tlog_writer_init(&options, &err), &err);
    test_ok(tlog_writer_open(&writer, &options, &err), &err);
    for (size_t i = 0; i < MOMENT_COUNT; i++) {
        add(writer, 1 + memdisk_random(disk, STEP_MAX), "entry");
        sign(writer);
        life->trees[i] = writer->tree;
        if (memdisk_random(disk, 3) == 0)
            add(writer, 1, "entry");
        life->moments[i] = memdisk_copy(disk);
    }
    tlog_writer_close(writer);
    memdisk_free(disk);
}

static void life_free(struct life *life)
{
    for (size_t i = 0; i < MOMENT_COUNT; i++)
        memdisk_free(life->moments[i]);
}

/* The public folder of one moment with the private one of another. */
static struct memdisk *mixed(const struct life *life, size_t public_at, size_t private_at)
{
    static const char *const names[] = {"priv/signed", "priv/wal"};
    struct memdisk *disk = memdisk_copy(life->moments[public_at]);
    for (size_t i = 0; i < countof(names); i++) {
        struct buf *to = memdisk_file(disk, names[i]);
        const struct buf *from = memdisk_file(life->moments[private_at], names[i]);
        assert_true(to && from);
        buf_reset(to);
        buf_add(to, buf_bytes(from));
    }
    return disk;
}

static void continues(struct tlog_writer *writer, struct memdisk *disk,
                      const struct tlog_tree *before)
{
    struct memdisk_folder folder = {.disk = disk, .path = "pub"};
    struct tlog_reader reader = memdisk_reader(&folder);
    struct tlog_proof proof;
    struct tlog_audit audit;
    struct err err = {0};
    add(writer, 1 + memdisk_random(disk, STEP_MAX), "entry");
    sign(writer);
    test_ok(tlog_consistency_prove(&proof, &reader, before->size, writer->tree.size, &err), &err);
    test_ok(tlog_consistency_check(before, &writer->tree, &proof, &err), &err);
    test_ok(tlog_audit_run(&audit, &reader, &writer->tree, NULL, NULL, &err), &err);
}

/* Whether it was opened. */
static bool open_mixed(const struct life *life, size_t public_at, size_t private_at)
{
    struct memdisk *disk = mixed(life, public_at, private_at);
    struct tlog_io io = memdisk_io(disk);
    struct tlog_writer_options options = options_of(&io);
    struct tlog_writer *writer = NULL;
    struct err err = {0};
    int code = tlog_writer_open(&writer, &options, &err);
    if (code == 0) {
        assert_int_equal(public_at, private_at);
        continues(writer, disk, &life->trees[public_at]);
        tlog_writer_close(writer);
    } else {
        assert_int_equal(code, SANAD_FALSE);
        assert_non_null(strchr(err.text, ':')); /* it names the file */
    }
    memdisk_free(disk);
    return code == 0;
}

static void no_rollback_is_opened(void **state)
{
    (void)state;
    size_t refused = 0, opened = 0;
    for (uint64_t number = 1; number <= LIFE_COUNT; number++) {
        struct life life;
        life_make(&life, number);
        for (size_t i = 0; i < MOMENT_COUNT; i++)
            for (size_t k = 0; k < MOMENT_COUNT; k++) {
                bool open = open_mixed(&life, i, k);
                assert_int_equal(open, i == k); /* no false alarm, and none missed */
                *(open ? &opened : &refused) += 1;
            }
        life_free(&life);
    }
    print_message("%zu rollbacks refused, %zu whole logs opened and continued\n", refused, opened);
    assert_true(refused >= ROLLBACK_COUNT);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_rollback_is_opened)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
