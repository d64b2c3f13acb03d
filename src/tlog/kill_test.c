/* Proves: a writer on the machine's own files that is killed (SIGKILL) at any moment has lost
 * nothing that it acknowledged, leaves a checkpoint whose tiles are there, and goes on where it
 * was. The writer is a child that tells each acknowledgement through a pipe before it goes on. */
#include "support.h"
#include "tlog/tlog.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUND_COUNT = 40, BATCH_MAX = 40, WAIT_MAX_US = 30000 };

static char folder[PATH_SIZE], public_folder[PATH_SIZE], private_folder[PATH_SIZE];
static struct note_key log_key;
static uint8_t seed[32] = {8};
static struct tlog_writer_options options;
static uint64_t random_state = 1;

static uint64_t draw(uint64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

static void entry_write(char ret_text[40], uint64_t index)
{
    (void)snprintf(ret_text, 40, "entry %llu", (unsigned long long)index);
}

/* Until it is killed; leaves on its own only where something goes wrong. */
static void child_run(int pipe_end)
{
    struct tlog_writer *writer;
    int code = tlog_writer_open(&writer, &options, NULL);
    while (code == 0) {
        char texts[BATCH_MAX][40];
        struct bytes entries[BATCH_MAX];
        uint64_t first;
        size_t count = 1 + draw(BATCH_MAX);
        for (size_t i = 0; i < count; i++) {
            entry_write(texts[i], tlog_writer_size(writer) + i);
            entries[i] = bytes_of_text(texts[i]);
        }
        code = tlog_writer_add(writer, &first, entries, count, NULL);
        uint64_t size = tlog_writer_size(writer);
        if (code == 0 && write(pipe_end, &size, sizeof size) != sizeof size)
            code = SANAD_IO;
        if (code == 0 && draw(3) == 0) {
            struct buf note;
            code = tlog_writer_sign(writer, &note, NULL);
            if (code == 0)
                buf_free(&note);
            if (code == 0)
                code = tlog_writer_place(writer, bytes_of(NULL, 0), NULL);
        }
    }
    _exit(1);
}

/* What the child acknowledged before it was killed; 0: nothing. */
static uint64_t child_kill(void)
{
    int ends[2];
    int status;
    uint64_t acknowledged = 0;
    assert_int_equal(pipe(ends), 0);
    uint64_t wait_us = draw(WAIT_MAX_US);
    random_state += 2; /* each child has numbers of its own */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        child_run(ends[1]);
    (void)close(ends[1]);
    ssize_t got = read(ends[0], &acknowledged, sizeof acknowledged); /* it has begun */
    assert_int_equal(got, sizeof acknowledged);
    (void)usleep((useconds_t)wait_us);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    for (uint64_t size; read(ends[0], &size, sizeof size) == sizeof size;)
        acknowledged = size;
    (void)close(ends[0]);
    return acknowledged;
}

static int entry_check(void *context, uint64_t index, struct bytes entry, struct err *err)
{
    char text[40];
    (void)context;
    (void)err;
    entry_write(text, index);
    assert_true(bytes_equal(entry, bytes_of_text(text)));
    return 0;
}

static void audit(struct bytes raw)
{
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct tlog_audit done;
    struct err err = {0};
    struct tlog_reader reader = tlog_reader_folder(public_folder);
    test_ok(note_parse(&note, "note", raw, &arena, &err), &err);
    test_ok(tlog_checkpoint_parse(&checkpoint, "note", note.text, &err), &err);
    struct tlog_tree tree = {.size = checkpoint.size, .root = checkpoint.root};
    test_ok(tlog_audit_run(&done, &reader, &tree, entry_check, NULL, &err), &err);
    arena_free(&arena);
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    uint64_t size = 0;
    char path[PATH_SIZE];
    struct err err = {0};
    test_ok(path_join(path, public_folder, "checkpoint", &err), &err);
    for (size_t round = 0; round < ROUND_COUNT; round++) {
        struct tlog_writer *writer;
        struct buf note;
        uint64_t acknowledged = child_kill();
        assert_true(acknowledged > size);
        test_ok(file_read(&note, path, TLOG_CHECKPOINT_MAX, &err), &err);
        audit(buf_bytes(&note)); /* what a reader sees before anybody repairs anything */
        buf_free(&note);
        test_ok(tlog_writer_open(&writer, &options, &err), &err);
        size = tlog_writer_size(writer);
        assert_true(size >= acknowledged && size <= acknowledged + BATCH_MAX);
        test_ok(tlog_writer_sign(writer, &note, &err), &err);
        audit(buf_bytes(&note));
        buf_free(&note);
        tlog_writer_close(writer);
    }
    print_message("killed %d times, %llu entries\n", ROUND_COUNT, (unsigned long long)size);
}

static int setup(void **state)
{
    uint8_t public_key[32];
    struct err err = {0};
    (void)state;
    ed25519_public(public_key, seed);
    test_folder_make(folder);
    test_ok(note_key_make(&log_key, "example.org/log", NOTE_KEY_TYPE_ED25519, public_key, &err),
            &err);
    test_ok(path_join(public_folder, folder, "public", &err), &err);
    test_ok(path_join(private_folder, folder, "private", &err), &err);
    options = (struct tlog_writer_options){.public_folder = public_folder,
                                           .private_folder = private_folder,
                                           .origin = "example.org/log",
                                           .key = &log_key,
                                           .seed = seed};
    test_ok(tlog_writer_init(&options, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_acknowledged_is_lost)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
