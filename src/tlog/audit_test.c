/* Proves: an audit sees every entry and passes only where all files and the root agree; and of
 * 10,000 random flipped bits and 10,000 truncations in the files of a log each is caught by the
 * writer's open, by the audit or by a reader of the checkpoint, but for those in files that play no
 * role, and those in a frame that can't be told from one that was never acknowledged. */
#include "memdisk.h"
#include "support.h"
#include "tlog/tlog_priv.h"

#include <stdlib.h>

enum { SIZE = 300, PENDING = 5, DAMAGE_COUNT = 10000 };

static struct note_key log_key, witness_key;
static uint8_t seed[32] = {3}, witness_seed[32] = {4};

/* A log of 300 entries, signed, placed with a witness's line, and five more in the write-ahead
 * log. */
struct world {
    struct memdisk *disk;
    struct tlog_tree tree;
};

static struct tlog_writer_options options_of(const struct tlog_io *io)
{
    return (struct tlog_writer_options){.public_folder = "pub",
                                        .private_folder = "priv",
                                        .origin = "example.org/log",
                                        .key = &log_key,
                                        .seed = seed,
                                        .io = io};
}

static void add(struct tlog_writer *writer, size_t count)
{
    struct err err = {0};
    for (size_t i = 0; i < count; i++) {
        char text[40];
        uint64_t first;
        (void)snprintf(text, sizeof text, "entry %llu",
                       (unsigned long long)tlog_writer_size(writer));
        struct bytes entry = bytes_of_text(text);
        test_ok(tlog_writer_add(writer, &first, &entry, 1, &err), &err);
    }
}

static void sign_and_place(struct tlog_writer *writer)
{
    struct err err = {0};
    struct arena arena = {0};
    struct buf raw;
    struct note note;
    struct buf lines = buf_with_max(1 << 12);
    test_ok(tlog_writer_sign(writer, &raw, &err), &err);
    test_ok(note_parse(&note, "note", buf_bytes(&raw), &arena, &err), &err);
    tlog_cosign(&lines, note.text, &witness_key, witness_seed, 1700000000);
    test_ok(tlog_writer_place(writer, buf_bytes(&lines), &err), &err);
    buf_free(&lines);
    buf_free(&raw);
    arena_free(&arena);
}

static struct world world_make(void)
{
    struct world world = {.disk = memdisk_new(1)};
    struct tlog_io io = memdisk_io(world.disk);
    struct tlog_writer_options options = options_of(&io);
    struct tlog_writer *writer;
    struct err err = {0};
    test_ok(tlog_writer_init(&options, &err), &err);
    test_ok(tlog_writer_open(&writer, &options, &err), &err);
    add(writer, SIZE - 30);
    sign_and_place(writer);
    add(writer, 30);
    sign_and_place(writer);
    world.tree = writer->tree;
    add(writer, PENDING);
    tlog_writer_close(writer);
    return world;
}

struct visits {
    uint64_t next;
    uint64_t stop_at;
};

static int visit(void *context, uint64_t index, struct bytes entry, struct err *err)
{
    struct visits *visits = context;
    char text[40];
    (void)snprintf(text, sizeof text, "entry %llu", (unsigned long long)index);
    assert_true(bytes_equal(entry, bytes_of_text(text)));
    assert_int_equal(index, visits->next++);
    return index == visits->stop_at ? err_set(err, SANAD_MISSING, "stopped") : 0;
}

static int audit(const struct world *world, struct memdisk *disk, struct err *err)
{
    struct memdisk_folder folder = {.disk = disk, .path = "pub"};
    struct tlog_reader reader = memdisk_reader(&folder);
    struct tlog_audit done;
    int code = tlog_audit_run(&done, &reader, &world->tree, NULL, NULL, err);
    if (code == 0)
        assert_int_equal(done.entries, SIZE);
    return code;
}

static void an_audit_sees_every_entry(void **state)
{
    (void)state;
    struct world world = world_make();
    struct memdisk_folder folder = {.disk = world.disk, .path = "pub"};
    struct tlog_reader reader = memdisk_reader(&folder);
    struct tlog_audit done = {0};
    struct visits visits = {.stop_at = UINT64_MAX};
    struct err err = {0};
    test_ok(tlog_audit_run(&done, &reader, &world.tree, visit, &visits, &err), &err);
    assert_int_equal(visits.next, SIZE);
    assert_int_equal(done.bytes, 10 * 7 + 90 * 8 + 200 * 9);
    visits = (struct visits){.stop_at = 9};
    test_refused(tlog_audit_run(&done, &reader, &world.tree, visit, &visits, &err), SANAD_MISSING,
                 &err, "stopped");
    world.tree.root.b[5] ^= 1;
    test_refused(audit(&world, world.disk, &err), SANAD_FALSE, &err,
                 "log of 300 entries: they give another root");
    struct tlog_tree empty = {.size = 0};
    tlog_empty_root(&empty.root);
    test_ok(tlog_audit_run(&done, &reader, &empty, NULL, NULL, &err), &err);
    assert_int_equal(done.entries, 0);
    test_refused(tlog_audit_run(&done, &reader, &(struct tlog_tree){.size = 0}, NULL, NULL, &err),
                 SANAD_FALSE, &err, "log of 0 entries");
    memdisk_free(world.disk);
}

static void an_audit_names_the_file(void **state)
{
    (void)state;
    static const char *const names[] = {"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1",
                                        "tile/entries/000", "tile/entries/001.p/44"};
    struct world world = world_make();
    for (size_t i = 0; i < countof(names); i++) {
        struct err err = {0};
        char path[PATH_SIZE];
        struct memdisk *disk = memdisk_copy(world.disk);
        (void)snprintf(path, sizeof path, "pub/%s", names[i]);
        struct buf *file = memdisk_file(disk, path);
        assert_non_null(file);
        file->data[file->size - 1] ^= 1;
        test_refused(audit(&world, disk, &err), SANAD_FALSE, &err, names[i]);
        file->size--;
        test_refused(audit(&world, disk, &err), SANAD_FALSE, &err, names[i]);
        memdisk_file_remove(disk, path);
        test_refused(audit(&world, disk, &err), SANAD_MISSING, &err, names[i]);
        memdisk_free(disk);
    }
    memdisk_free(world.disk);
}

/* ---- damage -------------------------------------------------------------------------------------
 */

/* Whoever reads the checkpoint with the keys of log and witness at hand. */
static bool reader_content(struct memdisk *disk)
{
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct buf *raw = memdisk_file(disk, "pub/checkpoint");
    uint64_t time;
    bool valid = false;
    bool content = raw && note_parse(&note, "checkpoint", buf_bytes(raw), &arena, NULL) == 0 &&
                   note_verify(&valid, &note, &log_key, 1, NULL) == 0 && valid &&
                   tlog_cosigned_at(&time, &note, &witness_key) &&
                   tlog_checkpoint_parse(&checkpoint, "checkpoint", note.text, NULL) == 0;
    arena_free(&arena);
    return content;
}

static bool open_content(struct memdisk *disk, uint64_t *ret_size)
{
    struct tlog_io io = memdisk_io(disk);
    struct tlog_writer_options options = options_of(&io);
    struct tlog_writer *writer = NULL;
    struct err err = {0};
    int code = tlog_writer_open(&writer, &options, &err);
    if (code) {
        assert_int_equal(code, SANAD_FALSE);
        assert_non_null(strchr(err.text, ':')); /* it names what is wrong */
        return false;
    }
    *ret_size = tlog_writer_size(writer);
    tlog_writer_close(writer);
    return true;
}

/* A partial tile of an earlier size serves nobody who has a newer checkpoint; the lock is empty. */
static bool plays_no_role(const char *path)
{
    return strstr(path, "001.p/14") || strcmp(path, "priv/lock") == 0;
}

static void damage(struct memdisk *disk, struct buf *file, bool cut)
{
    size_t at = memdisk_random(disk, file->size);
    if (cut)
        file->size = at;
    else
        file->data[at] ^= (uint8_t)(1u << memdisk_random(disk, 8));
}

static void random_damage_is_caught(void **state)
{
    (void)state;
    struct world world = world_make();
    unsigned no_role = 0, unacknowledged = 0, caught[2] = {0};
    bool cut = false;
    while (caught[0] < DAMAGE_COUNT || caught[1] < DAMAGE_COUNT) {
        size_t pick = memdisk_random(world.disk, memdisk_file_count(world.disk));
        const char *path = memdisk_file_name(world.disk, pick);
        struct memdisk *disk = memdisk_copy(world.disk);
        struct buf *file = memdisk_file(disk, path);
        uint64_t size = 0;
        if (file && file->size > 0) {
            cut = !cut;
            damage(disk, file, cut);
            bool fine = audit(&world, disk, NULL) == 0;
            fine = reader_content(disk) && fine;
            fine = open_content(disk, &size) && fine;
            if (!fine)
                caught[cut]++;
            else if (plays_no_role(path))
                no_role++;
            else { /* the last frames of the write-ahead log, which were never signed */
                assert_string_equal(path, "priv/wal");
                assert_true(size >= SIZE && size < SIZE + PENDING);
                unacknowledged++;
            }
        }
        memdisk_free(disk);
    }
    print_message("%u flips and %u cuts caught, %u in files without a role, %u like a torn tail\n",
                  caught[0], caught[1], no_role, unacknowledged);
    assert_true(unacknowledged < 200 && no_role < DAMAGE_COUNT);
    uint64_t size;
    assert_true(audit(&world, world.disk, NULL) == 0 && reader_content(world.disk));
    assert_true(open_content(world.disk, &size) && size == SIZE + PENDING); /* no false alarm */
    memdisk_free(world.disk);
}

static int setup(void **state)
{
    uint8_t public_key[32];
    (void)state;
    ed25519_public(public_key, seed);
    int code = note_key_make(&log_key, "example.org/log", NOTE_KEY_TYPE_ED25519, public_key, NULL);
    ed25519_public(public_key, witness_seed);
    return code ? code
                : note_key_make(&witness_key, "witness.example", NOTE_KEY_TYPE_COSIGNATURE,
                                public_key, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_audit_sees_every_entry),
        cmocka_unit_test(an_audit_names_the_file),
        cmocka_unit_test(random_damage_is_caught),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
