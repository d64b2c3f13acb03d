/* Proves that a store refuses by name what it must not open or cannot write (foreign,
 * damaged, newer, older, locked, full, missing), that a commit survives SIGKILL, that
 * readers see the last commit while a writer is at work, and that migrations run once. */
#include "store/store.h"

#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const STEPS[] = {
    "CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT)",
    "ALTER TABLE note ADD COLUMN bytes BLOB",
};
static const struct store_schema OLD = {"note", STEPS, 1};
static const struct store_schema NEW = {"note", STEPS, 2};

struct place {
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
};

static int setup(void **state)
{
    struct err err;
    struct place *place = mem_zalloc(1, sizeof *place);
    test_folder_make(place->folder);
    test_ok(path_join(place->path, place->folder, "a%?#.db", &err), &err);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    test_folder_remove(place->folder);
    free(place);
    return 0;
}

static struct store *opened(const char *path, enum store_mode mode)
{
    struct err err;
    struct store *store = NULL;
    test_ok(store_open(&store, path, mode, &err), &err);
    return store;
}

static void refused(const char *path, enum store_mode mode, int code, const char *part)
{
    struct err err = {0};
    struct store *store = NULL;
    test_refused(store_open(&store, path, mode, &err), code, &err, part);
    assert_null(store);
}

static void run(struct store *store, const char *sql)
{
    struct err err;
    test_ok(store_run(store, sql, &err), &err);
}

static int64_t number(struct store *store, const char *sql)
{
    struct err err;
    struct store_query *query;
    test_ok(store_query_new(&query, store, sql, &err), &err);
    assert_int_equal(query_step(query, &err), 1);
    int64_t value = query_integer(query, 0);
    store_query_free(query);
    return value;
}

static void made(const char *path, const struct store_schema *schema)
{
    struct err err;
    struct store *store = opened(path, STORE_CREATE);
    test_ok(store_migrate(store, schema, &err), &err);
    store_close(store);
}

static void test_create_then_open(void **state)
{
    struct place *place = *state;
    struct err err;
    refused(place->path, STORE_READ, SANAD_IO, "no such store");
    refused(place->path, STORE_WRITE, SANAD_IO, "no such store");
    made(place->path, &NEW);
    struct store *store = opened(place->path, STORE_WRITE);
    assert_string_equal(store_name(store), place->path);
    test_ok(store_begin(store, &err), &err);
    run(store, "INSERT INTO note(text) VALUES('a')");
    assert_int_equal(store_last_row(store), 1);
    test_ok(store_commit(store, &err), &err);
    test_ok(store_begin(store, &err), &err);
    run(store, "INSERT INTO note(text) VALUES('b')");
    store_rollback(store);
    store_rollback(store); /* twice is fine */
    assert_int_equal(number(store, "SELECT count(*) FROM note"), 1);
    store_close(store);
    store = opened(place->path, STORE_READ);
    test_ok(store_migrate(store, &NEW, &err), &err);
    assert_int_equal(number(store, "SELECT count(*) FROM note"), 1);
    test_refused(store_run(store, "DELETE FROM note", &err), SANAD_ENVIRONMENT, &err, "written");
    store_close(store);
    store_close(NULL);
}

static void test_memory(void **state)
{
    (void)state;
    struct err err;
    struct store *store = opened("ignored", STORE_MEMORY);
    test_ok(store_migrate(store, &NEW, &err), &err);
    assert_int_equal(number(store, "SELECT count(*) FROM note"), 0);
    assert_false(file_exists("ignored"));
    store_close(store);
}

static void test_foreign(void **state)
{
    struct place *place = *state;
    struct err err;
    test_ok(file_write(place->path, bytes_of_text("this is a letter to the bank, no store"), &err),
            &err);
    refused(place->path, STORE_READ, SANAD_REFUSED, "no store of this program");
    refused(place->path, STORE_CREATE, SANAD_REFUSED, "no store of this program");
    assert_int_equal(unlink(place->path), 0);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    refused(place->path, STORE_CREATE, SANAD_REFUSED, "no store of this program");
    refused(place->path, STORE_READ, SANAD_REFUSED, "no store of this program");
    refused(place->folder, STORE_READ, SANAD_REFUSED, "is no file");
    refused("postgres://host/db", STORE_CREATE, SANAD_ENVIRONMENT, "files only");
    refused("", STORE_CREATE, SANAD_IO, "no path");
    refused("/nowhere/at/all.db", STORE_CREATE, SANAD_IO, "cannot be opened");
}

static void test_empty_file_is_new_only_to_create(void **state)
{
    struct place *place = *state;
    struct err err;
    test_ok(file_write(place->path, bytes_of("", 0), &err), &err);
    /* As a run leaves it that was killed right at the beginning. */
    refused(place->path, STORE_READ, SANAD_MISSING, "holds nothing yet");
    refused(place->path, STORE_WRITE, SANAD_MISSING, "holds nothing yet");
    made(place->path, &NEW);
    store_close(opened(place->path, STORE_READ));
}

static void test_newer_and_older(void **state)
{
    struct place *place = *state;
    struct err err = {0};
    store_close(opened(place->path, STORE_CREATE));
    struct store *none = opened(place->path, STORE_READ);
    test_refused(store_migrate(none, &NEW, &err), SANAD_MISSING, &err, "nothing of 'note'");
    store_close(none);
    made(place->path, &OLD);
    struct store *store = opened(place->path, STORE_READ);
    test_refused(store_migrate(store, &NEW, &err), SANAD_MISSING, &err, "older");
    store_close(store);
    made(place->path, &NEW);
    made(place->path, &NEW); /* nothing left to do */
    store = opened(place->path, STORE_WRITE);
    run(store, "INSERT INTO note(bytes) VALUES(x'00')"); /* the second step ran, once */
    test_refused(store_migrate(store, &OLD, &err), SANAD_REFUSED, &err, "'note' is newer");
    run(store, "PRAGMA user_version=2");
    store_close(store);
    refused(place->path, STORE_READ, SANAD_REFUSED, "format 2 is newer");
    refused(place->path, STORE_CREATE, SANAD_REFUSED, "format 2 is newer");
}

static void test_failed_migration_leaves_nothing(void **state)
{
    static const char *const broken[] = {"CREATE TABLE whole(x)", "CREATE TABLE half(x); nonsense"};
    static const struct store_schema schema = {"broken", broken, 2};
    struct err err;
    struct place *place = *state;
    struct store *store = opened(place->path, STORE_CREATE);
    assert_true(store_migrate(store, &schema, &err) < 0);
    assert_int_equal(
        number(store, "SELECT count(*) FROM sqlite_schema WHERE name IN('whole','half')"), 0);
    store_close(store);
}

static void test_locked(void **state)
{
    struct place *place = *state;
    struct err err;
    made(place->path, &NEW);
    struct store *writer = opened(place->path, STORE_WRITE);
    struct store *other = opened(place->path, STORE_WRITE);
    test_ok(store_begin(writer, &err), &err);
    run(writer, "INSERT INTO note(text) VALUES('not yet')");
    test_refused(store_begin(other, &err), SANAD_ENVIRONMENT, &err, "another process is writing");
    refused(place->path, STORE_WRITE, SANAD_ENVIRONMENT, "another process is writing");
    struct store *reader = opened(place->path, STORE_READ); /* readers never wait */
    assert_int_equal(number(reader, "SELECT count(*) FROM note"), 0);
    test_ok(store_begin(reader, &err), &err); /* a snapshot, held over the commit */
    assert_int_equal(number(reader, "SELECT count(*) FROM note"), 0);
    test_ok(store_commit(writer, &err), &err);
    assert_int_equal(number(reader, "SELECT count(*) FROM note"), 0);
    store_rollback(reader);
    assert_int_equal(number(reader, "SELECT count(*) FROM note"), 1);
    store_close(reader);
    store_close(other);
    store_close(writer);
}

static void test_full_disk(void **state)
{
    struct place *place = *state;
    struct err err = {0};
    made(place->path, &NEW);
    struct store *store = opened(place->path, STORE_WRITE);
    run(store, "PRAGMA max_page_count=8");
    run(store, "INSERT INTO note(text) VALUES('kept')");
    test_ok(store_begin(store, &err), &err);
    test_refused(store_run(store, "INSERT INTO note(bytes) VALUES(zeroblob(1000000))", &err),
                 SANAD_IO, &err, "the disk is full");
    store_rollback(store);
    assert_int_equal(number(store, "SELECT count(*) FROM note"), 1);
    store_close(store);
}

static void test_damaged(void **state)
{
    struct place *place = *state;
    struct err err = {0};
    made(place->path, &NEW);
    struct store *store = opened(place->path, STORE_WRITE);
    run(store, "INSERT INTO note(bytes) VALUES(zeroblob(100000))");
    store_close(store);
    struct buf file = {0};
    test_ok(file_read(&file, place->path, 1 << 20, &err), &err);
    for (size_t i = 4096; i < file.size; i++)
        file.data[i] = 0x5a;
    test_ok(file_write(place->path, buf_bytes(&file), &err), &err);
    buf_free(&file);
    store = opened(place->path, STORE_READ);
    test_refused(store_migrate(store, &NEW, &err), SANAD_REFUSED, &err, "damaged");
    store_close(store);
}

/* The child commits a row, leaves another uncommitted, and is killed. */
static void test_commit_survives_kill(void **state)
{
    struct place *place = *state;
    struct err err;
    made(place->path, &NEW);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store = NULL;
        (void)(store_open(&store, place->path, STORE_WRITE, &err) || store_begin(store, &err) ||
               store_run(store, "INSERT INTO note(text) VALUES('kept')", &err) ||
               store_commit(store, &err) || store_begin(store, &err) ||
               store_run(store, "INSERT INTO note(text) VALUES('lost')", &err));
        (void)raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct store *reader = opened(place->path, STORE_READ);
    assert_int_equal(number(reader, "SELECT count(*) FROM note"), 1);
    assert_int_equal(number(reader, "SELECT text='kept' FROM note"), 1);
    store_close(reader);
    store_close(opened(place->path, STORE_WRITE));
}

static void test_read_only_folder(void **state)
{
    struct place *place = *state;
    if (geteuid() == 0) {
        print_message("[  SKIPPED ] a closed folder is open to root\n");
        skip();
    }
    made(place->path, &NEW);
    assert_int_equal(chmod(place->folder, 0500), 0);
    struct store *reader = opened(place->path, STORE_READ);
    assert_int_equal(number(reader, "SELECT count(*) FROM note"), 0);
    store_close(reader);
    refused(place->path, STORE_WRITE, SANAD_IO, "cannot be opened");
    assert_int_equal(chmod(place->folder, 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_then_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_file_is_new_only_to_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer_and_older, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_migration_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commit_survives_kill, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_only_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
