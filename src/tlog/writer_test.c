/* Proves: a log on the machine's own files is written, signed, placed, opened again and audited;
 * the same entries give the same bytes; one writer at a time; and an open refuses, by name, tiles,
 * bundles, states and checkpoints that were taken away, changed or put back. */
#include "support.h"
#include "tlog/tlog_priv.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct note_key log_key;
static uint8_t seed[32] = {9};

struct log {
    char folder[PATH_SIZE], public_folder[PATH_SIZE], private_folder[PATH_SIZE];
    struct tlog_writer_options options;
    struct tlog_writer *writer;
};

static void log_make(struct log *log)
{
    struct err err = {0};
    uint8_t public_key[32];
    ed25519_public(public_key, seed);
    test_ok(note_key_make(&log_key, "example.org/log", NOTE_KEY_TYPE_ED25519, public_key, &err),
            &err);
    test_folder_make(log->folder);
    test_ok(path_join(log->public_folder, log->folder, "served", &err), &err);
    test_ok(path_join(log->private_folder, log->folder, "kept/private", &err), &err);
    log->options = (struct tlog_writer_options){.public_folder = log->public_folder,
                                                .private_folder = log->private_folder,
                                                .origin = "example.org/log",
                                                .key = &log_key,
                                                .seed = seed};
    test_ok(tlog_writer_init(&log->options, &err), &err);
    test_ok(tlog_writer_open(&log->writer, &log->options, &err), &err);
}

static void log_end(struct log *log)
{
    tlog_writer_close(log->writer);
    test_folder_remove(log->folder);
}

static void log_add(struct log *log, size_t count)
{
    struct err err = {0};
    static char texts[2000][40];
    static struct bytes entries[2000];
    uint64_t first;
    while (count > 0) {
        uint64_t size = tlog_writer_size(log->writer);
        size_t now = count < 2000 ? count : 2000;
        for (size_t i = 0; i < now; i++) {
            unsigned long long index = size + i;
            (void)snprintf(texts[i], sizeof texts[i], "entry %llu", index);
            entries[i] = bytes_of_text(texts[i]);
        }
        test_ok(tlog_writer_add(log->writer, &first, entries, now, &err), &err);
        assert_int_equal(first, size);
        count -= now;
    }
}

static void log_sign(struct log *log)
{
    struct err err = {0};
    struct buf note;
    test_ok(tlog_writer_sign(log->writer, &note, &err), &err);
    buf_free(&note);
    test_ok(tlog_writer_place(log->writer, bytes_of(NULL, 0), &err), &err);
}

static void log_reopen(struct log *log)
{
    struct err err = {0};
    tlog_writer_close(log->writer);
    log->writer = NULL;
    test_ok(tlog_writer_open(&log->writer, &log->options, &err), &err);
}

static struct tlog_tree placed_tree(const struct log *log)
{
    struct err err = {0};
    char path[PATH_SIZE];
    struct buf raw;
    struct tlog_tree tree;
    test_ok(path_join(path, log->public_folder, "checkpoint", &err), &err);
    test_ok(file_read(&raw, path, TLOG_CHECKPOINT_MAX, &err), &err);
    test_ok(tlog_writer_note_read(&tree, log->writer, path, buf_bytes(&raw), &err), &err);
    buf_free(&raw);
    return tree;
}

static int entry_check(void *context, uint64_t index, struct bytes entry, struct err *err)
{
    char text[40];
    uint64_t *next = context;
    (void)err;
    assert_int_equal(index, (*next)++);
    (void)snprintf(text, sizeof text, "entry %llu", (unsigned long long)index);
    assert_true(bytes_equal(entry, bytes_of_text(text)));
    return 0;
}

static void log_audit(const struct log *log, uint64_t size)
{
    struct err err = {0};
    struct tlog_tree tree = placed_tree(log);
    struct tlog_reader reader = tlog_reader_folder(log->public_folder);
    struct tlog_audit audit;
    uint64_t next = 0;
    assert_int_equal(tree.size, size);
    test_ok(tlog_audit_run(&audit, &reader, &tree, entry_check, &next, &err), &err);
    assert_int_equal(audit.entries, size);
    assert_int_equal(next, size);
}

static bool log_has(const struct log *log, const char *name)
{
    char path[PATH_SIZE];
    return path_join(path, log->public_folder, name, NULL) == 0 && file_exists(path);
}

static void a_log_grows_over_many_lives(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 3, 252, 1, 254, 1, 600, 64000, 424, 300, 2};
    struct log log;
    uint64_t size = 0;
    log_make(&log);
    log_audit(&log, 0);
    for (size_t i = 0; i < countof(steps); i++) {
        log_add(&log, steps[i]);
        size += steps[i];
        if (i % 3 == 1)
            log_reopen(&log); /* with entries that are not signed */
        assert_int_equal(tlog_writer_size(log.writer), size);
        log_sign(&log);
        assert_int_equal(tlog_writer_signed_size(log.writer), size);
        log_audit(&log, size);
        if (i % 3 == 2)
            log_reopen(&log);
    }
    assert_true(log_has(&log, "tile/2/000.p/1"));
    assert_true(log_has(&log, "tile/1/000") && !log_has(&log, "tile/1/000.p"));
    assert_true(log_has(&log, "tile/0/255") && !log_has(&log, "tile/entries/000.p"));
    log_end(&log);
}

static void the_same_tree_gives_the_same_note(void **state)
{
    (void)state;
    struct err err = {0};
    struct log log;
    struct buf notes[3];
    log_make(&log);
    log_add(&log, 300);
    test_ok(tlog_writer_sign(log.writer, &notes[0], &err), &err);
    test_ok(tlog_writer_sign(log.writer, &notes[1], &err), &err);
    log_reopen(&log);
    test_ok(tlog_writer_sign(log.writer, &notes[2], &err), &err);
    for (size_t i = 0; i < 3; i++)
        assert_true(bytes_equal(buf_bytes(&notes[i]), buf_bytes(&notes[0])));
    for (size_t i = 0; i < 3; i++)
        buf_free(&notes[i]);
    log_end(&log);
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    struct err err = {0};
    struct log log;
    struct tlog_writer *second = NULL;
    char path[PATH_SIZE];
    struct buf old;
    struct buf note;
    log_make(&log);
    test_refused(tlog_writer_open(&second, &log.options, &err), SANAD_ENVIRONMENT, &err,
                 "private/lock: another writer holds it");
    assert_null(second);
    /* One that does not care for locks is noticed when it has signed. */
    test_ok(path_join(path, log.private_folder, "signed", &err), &err);
    test_ok(file_read(&old, path, TLOG_CHECKPOINT_MAX, &err), &err);
    log_add(&log, 3);
    buf_add(&old, bytes_of_text("\u2014 someone AAAAAAAA\n"));
    test_ok(file_write(path, buf_bytes(&old), &err), &err);
    test_refused(tlog_writer_sign(log.writer, &note, &err), SANAD_ENVIRONMENT, &err,
                 "private/signed: another writer has signed");
    test_refused(tlog_writer_sign(log.writer, &note, &err), SANAD_IO, &err, "open the log again");
    buf_free(&old);
    log_end(&log);
}

static void a_log_is_begun_once_and_is_its_own(void **state)
{
    (void)state;
    struct err err = {0};
    struct log log;
    struct tlog_writer *other = NULL;
    struct note_key key;
    uint8_t public_key[32];
    uint8_t wrong[32] = {1};
    log_make(&log);
    tlog_writer_close(log.writer);
    log.writer = NULL;
    test_refused(tlog_writer_init(&log.options, &err), SANAD_REFUSED, &err, "stands there already");
    struct tlog_writer_options options = log.options;
    options.origin = "example.org/other";
    test_refused(tlog_writer_open(&other, &options, &err), SANAD_FALSE, &err,
                 "signed: it is of example.org/log, not of example.org/other");
    ed25519_public(public_key, wrong);
    test_ok(note_key_make(&key, "example.org/log", NOTE_KEY_TYPE_ED25519, public_key, &err), &err);
    options = log.options;
    options.key = &key;
    options.seed = wrong;
    test_refused(tlog_writer_open(&other, &options, &err), SANAD_FALSE, &err,
                 "signed: the log's key has not signed it");
    options = log.options;
    char empty[PATH_SIZE];
    test_ok(path_join(empty, log.folder, "nothing", &err), &err);
    options.private_folder = empty;
    test_refused(tlog_writer_open(&other, &options, &err), SANAD_MISSING, &err, "nothing/signed");
    test_refused(tlog_writer_init(&options, &err), SANAD_REFUSED, &err,
                 "served/checkpoint: a log stands there already");
    log_end(&log);
}

static void bad_entries_and_lines_are_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct log log;
    uint64_t first = 77;
    uint8_t *big = mem_zalloc(TLOG_ENTRY_MAX + 1, 1);
    struct buf lines = buf_with_max(1 << 16);
    log_make(&log);
    struct bytes entry = bytes_of(big, TLOG_ENTRY_MAX + 1);
    test_refused(tlog_writer_add(log.writer, &first, &entry, 1, &err), SANAD_REFUSED, &err,
                 "entry 0: over 65535 bytes");
    entry.size--;
    test_ok(tlog_writer_add(log.writer, &first, &entry, 1, &err), &err);
    struct bytes *many = mem_zalloc(1100, sizeof *many);
    for (size_t i = 0; i < 1100; i++)
        many[i] = entry;
    first = 77;
    test_refused(tlog_writer_add(log.writer, &first, many, 1100, &err), SANAD_REFUSED, &err,
                 "in one call");
    assert_int_equal(first, 77);
    log_sign(&log);
    static const char *const bad[] = {"no line\n", "\u2014 a AAAA\n", "\u2014 a b AAAAAAAA\n",
                                      "\n\u2014 a AAAAAAAA\n", "\u2014 a AAAAAAAA"};
    for (size_t i = 0; i < countof(bad); i++)
        test_refused(tlog_writer_place(log.writer, bytes_of_text(bad[i]), &err), SANAD_REFUSED,
                     &err, "checkpoint: ");
    note_sign(&lines, bytes_of_text("another text\n"), &log_key, seed);
    test_refused(tlog_writer_place(log.writer, buf_bytes(&lines), &err), SANAD_REFUSED, &err,
                 "in the name of the log itself");
    test_ok(tlog_writer_place(log.writer, bytes_of_text("\u2014 a AAAAAAAA\n"), &err), &err);
    assert_int_equal(placed_tree(&log).size, 1);
    free(big);
    free(many);
    buf_free(&lines);
    log_end(&log);
}

/* ---- what was changed meanwhile -----------------------------------------------------------------
 */

static void file_change(const struct log *log, const char *name, int change)
{
    struct err err = {0};
    char path[PATH_SIZE];
    struct buf raw;
    test_ok(path_join(path, log->folder, name, &err), &err);
    test_ok(file_read(&raw, path, 1 << 24, &err), &err);
    if (change == 'd')
        assert_int_equal(unlink(path), 0);
    raw.data[raw.size / 2] ^= 4;
    if (change == 'f')
        test_ok(file_write(path, buf_bytes(&raw), &err), &err);
    if (change == 'c')
        test_ok(file_write(path, bytes_of(raw.data, raw.size - 1), &err), &err);
    buf_free(&raw);
}

static void an_open_names_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int change;
        const char *says;
    } rows[] = {{"served/tile/0/001.p/44", 'd', "tile/0/001.p/44"},
                {"served/tile/0/001.p/44", 'f', "tile/entries/001.p/44: entry "},
                {"served/tile/0/001.p/44", 'c', "tile/0/001.p/44"},
                {"served/tile/entries/001.p/44", 'd', "tile/entries/001.p/44"},
                {"served/tile/entries/001.p/44", 'f', "tile/entries/001.p/44"},
                {"served/tile/entries/001.p/44", 'c', "tile/entries/001.p/44"},
                {"served/tile/1/000.p/1", 'd', "tile/1/000.p/1"},
                {"served/tile/1/000.p/1", 'f', "tile/1/000.p/1: hash 0 is not the root"},
                {"served/tile/0/000", 'f', "is not the root of tile/0/000"},
                {"served/tile/0/000", 'd', "tile/0/000"},
                {"served/checkpoint", 'f', "served/checkpoint"},
                {"served/checkpoint", 'c', "served/checkpoint"},
                {"kept/private/signed", 'f', "private/signed"},
                {"kept/private/signed", 'c', "private/signed"},
                {"kept/private/wal", 'f', "private/wal"},
                {"kept/private/wal", 'd', "private/wal"}};
    for (size_t i = 0; i < countof(rows); i++) {
        struct err err = {0};
        struct log log;
        log_make(&log);
        log_add(&log, 300);
        log_sign(&log);
        log_add(&log, 7);
        tlog_writer_close(log.writer);
        log.writer = NULL;
        file_change(&log, rows[i].name, rows[i].change);
        test_refused(tlog_writer_open(&log.writer, &log.options, &err), SANAD_FALSE, &err,
                     rows[i].says);
        log_end(&log);
    }
}

static void copy(const struct log *log, const char *from, const char *to)
{
    struct err err = {0};
    char path[PATH_SIZE];
    struct buf raw;
    test_ok(path_join(path, log->folder, from, &err), &err);
    test_ok(file_read(&raw, path, 1 << 24, &err), &err);
    test_ok(path_join(path, log->folder, to, &err), &err);
    test_ok(file_write(path, buf_bytes(&raw), &err), &err);
    buf_free(&raw);
}

/* A state from a backup would sign another future: what stands beside it gives it away. */
static void a_state_put_back_is_noticed(void **state)
{
    (void)state;
    struct err err = {0};
    struct log log;
    log_make(&log);
    log_add(&log, 10);
    log_sign(&log);
    copy(&log, "kept/private/signed", "old-signed");
    copy(&log, "kept/private/wal", "old-wal");
    log_add(&log, 10);
    log_sign(&log);
    copy(&log, "kept/private/signed", "new-signed");
    tlog_writer_close(log.writer);
    log.writer = NULL;
    copy(&log, "old-signed", "kept/private/signed");
    test_refused(tlog_writer_open(&log.writer, &log.options, &err), SANAD_FALSE, &err,
                 "checkpoint: it is ahead of");
    copy(&log, "new-signed", "kept/private/signed");
    copy(&log, "old-wal", "kept/private/wal");
    test_refused(tlog_writer_open(&log.writer, &log.options, &err), SANAD_FALSE, &err,
                 "wal: it holds entries 0 to 10, 20 were signed");
    log_end(&log);
}

/* All of it is put back, and only tiles are left of the future that was. */
static void a_log_put_back_whole_is_noticed(void **state)
{
    (void)state;
    static const char *const names[] = {"kept/private/signed", "kept/private/wal",
                                        "served/checkpoint"};
    static const char *const kept[] = {"old-signed", "old-wal", "old-checkpoint"};
    for (size_t far = 0; far < 2; far++) {
        struct err err = {0};
        struct log log;
        struct buf note;
        uint64_t first;
        struct bytes other = bytes_of_text("another future");
        log_make(&log);
        log_add(&log, 10);
        log_sign(&log);
        for (size_t i = 0; i < countof(names); i++)
            copy(&log, names[i], kept[i]);
        log_add(&log, far ? 300 : 1);
        log_sign(&log);
        tlog_writer_close(log.writer);
        log.writer = NULL;
        for (size_t i = 0; i < countof(names); i++)
            copy(&log, kept[i], names[i]);
        int code = tlog_writer_open(&log.writer, &log.options, &err);
        if (far) {
            test_refused(code, SANAD_FALSE, &err, "tile/entries/000: it is ahead of");
        } else {
            test_ok(code, &err);
            test_ok(tlog_writer_add(log.writer, &first, &other, 1, &err), &err);
            test_refused(tlog_writer_sign(log.writer, &note, &err), SANAD_FALSE, &err,
                         "tile/entries/000.p/11: other bytes stand there");
        }
        log_end(&log);
    }
}

static void the_write_ahead_log_is_begun_anew(void **state)
{
    (void)state;
    struct log log;
    struct err err = {0};
    struct stat status;
    char path[PATH_SIZE];
    log_make(&log);
    test_ok(path_join(path, log.private_folder, "wal", &err), &err);
    log.writer->wal_enough = 4000;
    for (size_t i = 0; i < 20; i++) {
        log_add(&log, 30);
        log_sign(&log);
        assert_int_equal(stat(path, &status), 0);
        assert_true(status.st_size < 6000);
        assert_int_equal((uint64_t)status.st_size, log.writer->wal_size);
    }
    log_add(&log, 30);
    log_reopen(&log);
    assert_int_equal(tlog_writer_size(log.writer), 630);
    log_sign(&log);
    log_audit(&log, 630);
    log_end(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_grows_over_many_lives),
        cmocka_unit_test(the_same_tree_gives_the_same_note),
        cmocka_unit_test(one_writer_at_a_time),
        cmocka_unit_test(a_log_is_begun_once_and_is_its_own),
        cmocka_unit_test(bad_entries_and_lines_are_refused),
        cmocka_unit_test(an_open_names_what_is_wrong),
        cmocka_unit_test(a_state_put_back_is_noticed),
        cmocka_unit_test(a_log_put_back_whole_is_noticed),
        cmocka_unit_test(the_write_ahead_log_is_begun_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
