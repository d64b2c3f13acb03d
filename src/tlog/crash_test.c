/* Proves: whatever moment the power goes, the process ends or the disk fails, an entry that was
 * acknowledged is there afterwards and in its place, no two signed trees contradict each other, and
 * whoever reads the checkpoint at any moment finds the tiles for it. Thousands of random lives of a
 * log on a disk that loses what was not synced; each is repeated by its number. */
#include "memdisk.h"
#include "support.h"
#include "tlog/tlog_priv.h"

#include <stdlib.h>

enum { ENTRY_MAX_COUNT = 4000, SEEN_MAX = 4096, BATCH_MAX = 160 };

/* One life of a log, and what the world knows of it. */
struct life {
    struct memdisk *disk;
    struct memdisk_folder folder;
    struct tlog_io io;
    struct tlog_writer_options options;
    struct tlog_writer *writer;
    uint64_t salts[ENTRY_MAX_COUNT]; /* what makes entry i; in the order acknowledged */
    uint64_t acknowledged;
    uint64_t tried; /* entries behind those, of an add that failed */
    struct tlog_tree seen[SEEN_MAX];
    size_t seen_count;
    uint64_t placed; /* the largest size that place put there for good */
};

static struct note_key log_key;
static uint8_t seed[32] = {7};
static uint64_t life_number; /* TLOG_LIFE=number runs one again */
static uint64_t lives_done, crashes_done, faults_done;

static void entry_make(struct buf *entry, uint64_t index, uint64_t salt)
{
    buf_reset(entry);
    for (uint64_t size = salt % 97; entry->size < size;)
        buf_format(entry, "%llu.%llu ", (unsigned long long)index, (unsigned long long)salt);
}

static void life_see(struct life *life, struct bytes raw)
{
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct err err = {0};
    bool valid = false;
    test_ok(note_parse(&note, "seen", raw, &arena, &err), &err);
    test_ok(note_verify(&valid, &note, &log_key, 1, &err), &err);
    assert_true(valid);
    test_ok(tlog_checkpoint_parse(&checkpoint, "seen", note.text, &err), &err);
    struct tlog_tree tree = {.size = checkpoint.size, .root = checkpoint.root};
    arena_free(&arena);
    for (size_t i = 0; i < life->seen_count; i++)
        if (life->seen[i].size == tree.size) {
            assert_memory_equal(&life->seen[i].root, &tree.root, sizeof tree.root);
            return;
        }
    assert_true(life->seen_count < SEEN_MAX);
    life->seen[life->seen_count++] = tree;
}

/* What stands there to be read must hold together, at any moment. */
static void reader_looks(void *context)
{
    struct life *life = context;
    struct buf *raw = memdisk_file(life->disk, "pub/checkpoint");
    struct tlog_reader reader = memdisk_reader(&life->folder);
    struct hash256 root;
    struct err err = {0};
    if (!raw)
        return;
    life_see(life, buf_bytes(raw));
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    test_ok(note_parse(&note, "checkpoint", buf_bytes(raw), &arena, &err), &err);
    test_ok(tlog_checkpoint_parse(&checkpoint, "checkpoint", note.text, &err), &err);
    test_ok(tlog_root_read(&root, &reader, checkpoint.size, &err), &err);
    assert_memory_equal(&root, &checkpoint.root, sizeof root);
    if (checkpoint.size > 0) {
        struct buf bundle;
        struct tlog_tile tile = {.level = TLOG_ENTRIES, .n = (checkpoint.size - 1) / 256};
        tile.width = tlog_tile_width(checkpoint.size, TLOG_ENTRIES, tile.n);
        test_ok(tlog_tile_read(&bundle, &reader, &tile, &err), &err);
        buf_free(&bundle);
    }
    arena_free(&arena);
}

static int entry_compare(void *context, uint64_t index, struct bytes entry, struct err *err)
{
    struct life *life = context;
    struct buf expected = buf_with_max(1 << 10);
    (void)err;
    assert_true(index < life->acknowledged);
    entry_make(&expected, index, life->salts[index]);
    assert_true(bytes_equal(entry, buf_bytes(&expected)));
    buf_free(&expected);
    return 0;
}

/* Every tree anyone has seen is a beginning of the one that is there now. */
static void life_judge(struct life *life)
{
    struct buf note;
    struct err err = {0};
    struct tlog_audit audit;
    struct tlog_reader reader = memdisk_reader(&life->folder);
    struct tlog_frontier frontier = {.size = 0};
    struct hash256 roots[1];
    test_ok(tlog_writer_sign(life->writer, &note, &err), &err);
    life_see(life, buf_bytes(&note));
    buf_free(&note);
    assert_int_equal(tlog_writer_signed_size(life->writer), life->acknowledged);
    struct buf entry = buf_with_max(1 << 10);
    for (uint64_t size = 0; size <= life->acknowledged; size++) {
        struct hash256 leaf;
        tlog_frontier_root(roots, &frontier);
        for (size_t i = 0; i < life->seen_count; i++)
            if (life->seen[i].size == size)
                assert_memory_equal(&life->seen[i].root, roots, sizeof *roots);
        if (size == life->acknowledged)
            break;
        entry_make(&entry, size, life->salts[size]);
        tlog_leaf_hash(&leaf, buf_bytes(&entry));
        tlog_frontier_add(&frontier, &leaf);
    }
    buf_free(&entry);
    for (size_t i = 0; i < life->seen_count; i++)
        assert_true(life->seen[i].size <= life->acknowledged);
    struct tlog_tree tree = {.size = life->acknowledged, .root = roots[0]};
    test_ok(tlog_audit_run(&audit, &reader, &tree, entry_compare, life, &err), &err);
    assert_int_equal(audit.entries, life->acknowledged);
}

/* ---- what happens in a life ---------------------------------------------------------------------
 */

static bool life_add(struct life *life)
{
    struct err err = {0};
    struct bytes entries[BATCH_MAX];
    struct buf made[BATCH_MAX];
    uint64_t first = UINT64_MAX;
    size_t count = 1 + memdisk_random(life->disk, memdisk_random(life->disk, 3) ? 8 : BATCH_MAX);
    if (life->acknowledged + count > ENTRY_MAX_COUNT)
        return true;
    for (size_t i = 0; i < count; i++) {
        uint64_t index = life->acknowledged + i;
        uint64_t salt = memdisk_random(life->disk, 1 << 30);
        if (life->tried == 0) /* what an earlier failure may have written stays known */
            life->salts[index] = salt;
        made[i] = buf_with_max(1 << 10);
        entry_make(&made[i], index, salt);
        entries[i] = buf_bytes(&made[i]);
    }
    int code = tlog_writer_add(life->writer, &first, entries, count, &err);
    if (life->tried)
        assert_int_equal(code, SANAD_IO);
    for (size_t i = 0; i < count; i++)
        buf_free(&made[i]);
    if (code) {
        assert_int_equal(code, SANAD_IO);
        /* The first failure may have reached the disk; those behind it tried nothing. */
        life->tried = life->tried ? life->tried : count;
        return false;
    }
    assert_int_equal(first, life->acknowledged);
    life->acknowledged += count;
    assert_int_equal(tlog_writer_size(life->writer), life->acknowledged);
    return true;
}

static bool life_sign(struct life *life)
{
    struct err err = {0};
    struct buf note;
    int code = tlog_writer_sign(life->writer, &note, &err);
    if (code) {
        assert_int_equal(code, SANAD_IO);
        return false;
    }
    life_see(life, buf_bytes(&note));
    buf_free(&note);
    return true;
}

static bool life_place(struct life *life)
{
    struct err err = {0};
    int code = tlog_writer_place(life->writer, bytes_of(NULL, 0), &err);
    if (code) {
        assert_int_equal(code, SANAD_IO);
        return false;
    }
    life->placed = tlog_writer_signed_size(life->writer);
    return true;
}

/* An add that was cut off is there whole or not at all. */
static void life_settle(struct life *life)
{
    uint64_t size = tlog_writer_size(life->writer);
    if (life->tried && size == life->acknowledged + life->tried)
        life->acknowledged = size;
    assert_int_equal(size, life->acknowledged);
    life->tried = 0;
}

static bool life_open(struct life *life)
{
    struct err err = {0};
    int code = tlog_writer_open(&life->writer, &life->options, &err);
    if (code) {
        life->writer = NULL;
        if (code != SANAD_IO)
            test_ok(code, &err);
        return false;
    }
    life->writer->wal_enough = 1500; /* so that it is begun anew every few signatures */
    life_settle(life);
    assert_true(tlog_writer_signed_size(life->writer) >= life->placed);
    return true;
}

static bool life_step(struct life *life)
{
    if (!life->writer)
        return life_open(life);
    switch (memdisk_random(life->disk, 8)) {
    case 0:
    case 1:
        return life_sign(life);
    case 2:
        return life_sign(life) && life_place(life);
    case 3:
        return life_place(life);
    default:
        return life_add(life);
    }
}

static void life_end(struct life *life)
{
    tlog_writer_close(life->writer);
    life->writer = NULL;
}

static void life_begin(struct life *life, uint64_t number)
{
    struct err err = {0};
    *life = (struct life){.disk = memdisk_new(number)};
    life->folder = (struct memdisk_folder){.disk = life->disk, .path = "pub"};
    life->io = memdisk_io(life->disk);
    life->options = (struct tlog_writer_options){.public_folder = "pub",
                                                 .private_folder = "priv",
                                                 .origin = "example.org/log",
                                                 .key = &log_key,
                                                 .seed = seed,
                                                 .io = &life->io};
    /* The power may also go while the log is made: then it is made again, or is there. */
    memdisk_crash_after(life->disk, memdisk_random(life->disk, 24));
    while (tlog_writer_init(&life->options, &err) != 0) {
        if (!memdisk_is_off(life->disk)) {
            assert_int_equal(err.code, SANAD_REFUSED);
            break;
        }
        memdisk_restart(life->disk);
    }
    if (memdisk_is_off(life->disk))
        memdisk_restart(life->disk);
    memdisk_crash_after(life->disk, UINT64_MAX);
    memdisk_watch(life->disk, reader_looks, life);
    test_ok(life_open(life) ? 0 : -1, &err);
}

/* With random steps until the fault is met, and then again, a few times. */
static void life_live(uint64_t number)
{
    struct life *life = mem_zalloc(1, sizeof *life);
    life_begin(life, number);
    for (uint64_t round = 0, rounds = 1 + memdisk_random(life->disk, 5); round < rounds; round++) {
        uint64_t kind = memdisk_random(life->disk, 4);
        uint64_t after = memdisk_random(life->disk, memdisk_random(life->disk, 2) ? 12 : 90);
        if (kind == 0)
            memdisk_fail_after(life->disk, after);
        else
            memdisk_crash_after(life->disk, after);
        bool alive = true;
        for (size_t step = 0; step < 40 && alive; step++)
            alive = life_step(life);
        if (kind == 0 && memdisk_random(life->disk, 2)) /* it goes on as it is, and says IO */
            for (size_t step = 0; step < 4; step++)
                (void)life_step(life);
        faults_done += !alive && !memdisk_is_off(life->disk);
        crashes_done += memdisk_is_off(life->disk);
        life_end(life);
        if (memdisk_is_off(life->disk) || memdisk_random(life->disk, 2))
            memdisk_restart(life->disk);
        else
            memdisk_kill(life->disk);
        reader_looks(life);
        if (memdisk_random(life->disk, 2) && life_open(life))
            life_judge(life);
    }
    struct err err = {0};
    if (!life->writer)
        test_ok(life_open(life) ? 0 : -1, &err);
    life_judge(life);
    life_end(life);
    memdisk_free(life->disk);
    free(life);
    lives_done++;
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    const char *only = getenv("TLOG_LIFE");
    uint64_t first = 0;
    uint64_t count = 1500;
    if (only && number_parse(&first, only, strlen(only), UINT64_MAX - 1))
        count = 1;
    for (life_number = first; life_number < first + count; life_number++)
        life_live(life_number);
    print_message("%llu lives, %llu times without power, %llu times a disk that failed\n",
                  (unsigned long long)lives_done, (unsigned long long)crashes_done,
                  (unsigned long long)faults_done);
}

static int setup(void **state)
{
    uint8_t public_key[32];
    struct err err = {0};
    (void)state;
    ed25519_public(public_key, seed);
    return note_key_make(&log_key, "example.org/log", NOTE_KEY_TYPE_ED25519, public_key, &err);
}

static int teardown(void **state)
{
    (void)state;
    print_message("the last was life %llu\n", (unsigned long long)life_number);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_acknowledged_is_lost)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
