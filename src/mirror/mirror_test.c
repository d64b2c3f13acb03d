/* Proves: a copy is the log's own bytes, at every size and whether it grew at once or in steps; a
 * damaged or absent file anywhere, a fork, a rollback change nothing in it, and a fork leaves a
 * proof; power may go at any moment; a server is as good as a folder. */
#include "memdisk.h"
#include "toylog.h"
#include "mirror/mirror_priv.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    struct toylog log;
    char source[PATH_SIZE];
    char copy[PATH_SIZE];
    struct tlog_policy *policy;
    struct note_key key;
    uint8_t seed[32];
    struct mirror_options options;
    struct mirror_result result;
};

static int64_t now = 1000;
static int64_t set_clock(void)
{
    return now;
}

/* The machine's own files, not synced: what a sync is worth is shown with a memdisk. */
static int sync_not(void *context, const char *path, struct err *err)
{
    (void)context;
    (void)path;
    (void)err;
    return 0;
}

static const struct tlog_io *quick_io(void)
{
    static struct tlog_io io;
    io = *tlog_io_posix();
    io.sync = sync_not;
    io.sync_all = sync_not;
    return &io;
}

static void policy_read(struct tlog_policy **ret, const struct note_key *log, const char *more)
{
    struct buf text = buf_with_max(1 << 16);
    struct err err = {0};
    buf_text(&text, "log ");
    note_vkey_write(&text, log);
    buf_format(&text, "\n%squorum none\n", more);
    test_ok(tlog_policy_parse(ret, "policy", buf_bytes(&text), &err), &err);
    buf_free(&text);
}

static void place_open(struct place *place, size_t count)
{
    *place = (struct place){.log = {.count = 0}};
    toylog_make(&place->log, "log.example/a", count, SIZE_MAX);
    test_folder_make(place->source);
    test_folder_make(place->copy);
    policy_read(&place->policy, &place->log.key, "");
    toylog_key(&place->key, place->seed, "mirror.example/m1", NOTE_KEY_TYPE_COSIGNATURE, 5);
    place->options = (struct mirror_options){.where = place->source,
                                             .folder = place->copy,
                                             .policy = place->policy,
                                             .key = &place->key,
                                             .seed = place->seed,
                                             .thread_count = 2,
                                             .io = quick_io(),
                                             .clock = set_clock};
    now = 1000;
}

static void place_close(struct place *place)
{
    buf_free(&place->result.fraud);
    tlog_policy_free(place->policy);
    toylog_free(&place->log);
    test_folder_remove(place->source);
    test_folder_remove(place->copy);
}

static int run(struct place *place, struct err *err)
{
    buf_free(&place->result.fraud);
    return mirror_run(&place->result, &place->options, err);
}

/* The copy's checkpoint: its size, and when we cosigned. */
static size_t copy_size(const struct place *place, uint64_t *ret_time)
{
    struct mirror_source *source;
    struct buf raw;
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct arena arena = {0};
    struct err err = {0};
    bool valid = false;
    test_ok(mirror_source_open(&source, place->copy, 1000, &err), &err);
    test_ok(mirror_source_checkpoint(source, &raw, &err), &err);
    test_ok(note_parse(&note, "copy", buf_bytes(&raw), &arena, &err), &err);
    test_ok(tlog_checkpoint_parse(&checkpoint, "copy", note.text, &err), &err);
    test_ok(note_verify(&valid, &note, &place->log.key, 1, &err), &err);
    assert_true(valid);
    assert_true(tlog_cosigned_at(ret_time, &note, &place->key));
    arena_free(&arena);
    buf_free(&raw);
    mirror_source_close(source);
    return (size_t)checkpoint.size;
}

static void copy_holds(struct place *place, size_t size)
{
    struct tlog_audit audit;
    struct tlog_tree tree = {.size = size};
    struct tlog_reader reader = tlog_reader_folder(place->copy);
    struct err err = {0};
    uint64_t time;
    assert_int_equal(copy_size(place, &time), size);
    toylog_root(&place->log, &tree.root, size);
    test_ok(tlog_audit_run(&audit, &reader, &tree, NULL, NULL, &err), &err);
    assert_int_equal(audit.entries, size);
}

static void a_copy_is_the_log_at_every_size(void **state)
{
    static const size_t sizes[] = {0,   1,   2,    255,  256,  257,   300,   300,   511,   512,
                                   513, 700, 1024, 3000, 3001, 65535, 65536, 65537, 66100, 131400};
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place, 131400);
    size_t before = 0;
    for (size_t i = 0; i < countof(sizes); i++) {
        toylog_write(&place.log, place.source, sizes[i]);
        test_ok(run(&place, &err), &err);
        assert_int_equal(place.result.before, before);
        assert_int_equal(place.result.size, sizes[i]);
        assert_string_equal(place.result.origin, "log.example/a");
        assert_int_equal(place.result.placed, i == 0 || sizes[i] != before);
        before = sizes[i];
        copy_holds(&place, sizes[i]);
    }
    /* partial tiles are gone where the full one is there */
    char path[PATH_SIZE];
    test_ok(path_join(path, place.copy, "tile/entries/000.p/1", &err), &err);
    assert_false(file_exists(path));
    test_ok(path_join(path, place.copy, "tile/0/000.p/1", &err), &err);
    assert_false(file_exists(path));
    /* at once */
    test_folder_remove(place.copy);
    test_folder_make(place.copy);
    test_ok(run(&place, &err), &err);
    assert_int_equal(place.result.before, 0);
    copy_holds(&place, 131400);
    place_close(&place);
}

static void a_cosignature_never_goes_back(void **state)
{
    struct place place;
    struct err err = {0};
    uint64_t time;
    (void)state;
    place_open(&place, 600);
    toylog_write(&place.log, place.source, 10);
    test_ok(run(&place, &err), &err);
    (void)copy_size(&place, &time);
    assert_int_equal(time, 1000);
    now = 500;
    toylog_write(&place.log, place.source, 300);
    test_ok(run(&place, &err), &err);
    (void)copy_size(&place, &time);
    assert_int_equal(time, 1000);
    now = 2000;
    test_ok(run(&place, &err), &err); /* nothing new: nothing said */
    assert_false(place.result.placed);
    (void)copy_size(&place, &time);
    assert_int_equal(time, 1000);
    place_close(&place);
}

static void names_and_keys_are_a_mirrors_own(void **state)
{
    struct place place;
    struct note_key other;
    uint8_t seed[32];
    struct buf line = buf_with_max(4096);
    struct err err = {0};
    (void)state;
    place_open(&place, 10);
    toylog_write(&place.log, place.source, 10);
    for (size_t i = 0; i < 3; i++) {
        /* its name with another key, its key with another name, both its own */
        toylog_key(&other, seed, i == 1 ? "w.example" : place.key.name, NOTE_KEY_TYPE_COSIGNATURE,
                   i == 0 ? 6 : 5);
        buf_reset(&line);
        buf_text(&line, "witness w ");
        note_vkey_write(&line, &other);
        buf_u8(&line, '\n');
        tlog_policy_free(place.policy);
        policy_read(&place.policy, &place.log.key, buf_cstr(&line));
        place.options.policy = place.policy;
        if (i < 2)
            test_refused(run(&place, &err), SANAD_REFUSED, &err, "must be its own");
        else
            test_ok(run(&place, &err), &err);
    }
    place.options.key = &place.log.key;
    test_refused(run(&place, &err), SANAD_REFUSED, &err, "0x04");
    place.options.key = NULL; /* a copy without a cosignature is one too */
    test_ok(run(&place, &err), &err);
    assert_true(place.result.placed);
    buf_free(&line);
    place_close(&place);
}

/* ---- what the source may do
 * ----------------------------------------------------------------------
 */

static void fraud_is_shown(const struct place *place)
{
    struct tlog_fraud fraud;
    struct arena arena = {0};
    struct err err = {0};
    assert_true(place->result.fraud.size > 0);
    test_ok(tlog_fraud_parse(&fraud, "fraud", buf_bytes(&place->result.fraud), &arena, &err), &err);
    test_ok(tlog_fraud_check(&fraud, &place->log.key, &err), &err);
    arena_free(&arena);
}

static void a_second_story_is_refused_and_proved(void **state)
{
    static const struct {
        size_t have, fork, shown;
    } cases[] = {{300, 100, 300}, {300, 100, 700}, {300, 299, 301}, {300, 0, 200},
                 {300, 100, 101}, {256, 255, 512}, {512, 3, 66000}, {66000, 65999, 66100},
                 {66000, 5, 6},   {1, 0, 1},       {1, 0, 2},       {257, 256, 257}};
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct place place;
        struct toylog other;
        size_t count = cases[i].have > cases[i].shown ? cases[i].have : cases[i].shown;
        place_open(&place, count);
        toylog_make(&other, "log.example/a", count, cases[i].fork);
        toylog_write(&place.log, place.source, cases[i].have);
        test_ok(run(&place, &err), &err);
        test_folder_remove(place.source);
        assert_int_equal(mkdir(place.source, 0755), 0);
        toylog_write(&other, place.source, cases[i].shown);
        test_refused(run(&place, &err), SANAD_FALSE, &err, "two stories");
        fraud_is_shown(&place);
        assert_int_equal(place.result.size, cases[i].have);
        copy_holds(&place, cases[i].have);
        toylog_free(&other);
        place_close(&place);
    }
}

static void a_rollback_is_refused_and_no_fraud(void **state)
{
    static const size_t older[] = {0, 1, 255, 256, 299};
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place, 300);
    toylog_write(&place.log, place.source, 300);
    test_ok(run(&place, &err), &err);
    for (size_t i = 0; i < countof(older); i++) {
        toylog_write(&place.log, place.source, older[i]);
        test_refused(run(&place, &err), SANAD_REFUSED, &err, "went back");
        assert_int_equal(place.result.fraud.size, 0);
        copy_holds(&place, 300);
    }
    place_close(&place);
}

static void another_log_is_refused(void **state)
{
    struct place place;
    struct toylog other;
    struct err err = {0};
    (void)state;
    place_open(&place, 300);
    toylog_make(&other, "other.example/b", 300, SIZE_MAX);
    toylog_write(&place.log, place.source, 10);
    test_ok(run(&place, &err), &err);
    toylog_write(&other, place.source, 300);
    test_refused(run(&place, &err), SANAD_REFUSED, &err, "not a log of the policy");
    tlog_policy_free(place.policy);
    policy_read(&place.policy, &other.key, "");
    place.options.policy = place.policy;
    test_refused(run(&place, &err), SANAD_REFUSED, &err,
                 "not a log of the policy"); /* the copy's */
    /* the origin of one, the key of nobody */
    toylog_key(&place.log.key, place.log.seed, "log.example/a", NOTE_KEY_TYPE_ED25519, 8);
    toylog_write(&place.log, place.source, 300);
    tlog_policy_free(place.policy);
    toylog_key(&place.log.key, place.log.seed, "log.example/a", NOTE_KEY_TYPE_ED25519, 1);
    policy_read(&place.policy, &place.log.key, "");
    place.options.policy = place.policy;
    test_refused(run(&place, &err), SANAD_FALSE, &err, "no signature");
    toylog_free(&other);
    place_close(&place);
}

/* Every file below a folder, as paths; the caller frees the arena. */
static void files_of(const char *folder, char ***ret, size_t *ret_count, struct arena *arena)
{
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (struct dirent *entry = readdir(open); entry; entry = readdir(open)) {
        char path[PATH_SIZE];
        struct stat status;
        struct err err = {0};
        if (entry->d_name[0] == '.')
            continue;
        test_ok(path_join(path, folder, entry->d_name, &err), &err);
        assert_int_equal(stat(path, &status), 0);
        if (S_ISDIR(status.st_mode)) {
            files_of(path, ret, ret_count, arena);
            continue;
        }
        *ret = mem_realloc(*ret, *ret_count + 1, sizeof(char *));
        (*ret)[(*ret_count)++] = arena_strdup(arena, path);
    }
    (void)closedir(open);
}

static void damage_anywhere_is_refused(void **state)
{
    struct place place;
    struct arena arena = {0};
    char **files = NULL;
    size_t count = 0;
    struct err err = {0};
    (void)state;
    place_open(&place, 800);
    toylog_write(&place.log, place.source, 800);
    files_of(place.source, &files, &count, &arena);
    assert_int_equal(count, 10); /* 4 bundles, 4 + 1 tiles, the checkpoint */
    for (size_t i = 0; i < count; i++)
        for (int kind = 0; kind < 4; kind++) {
            struct buf whole;
            struct stat status;
            struct buf changed = buf_with_max(1 << 20);
            test_ok(file_read(&whole, files[i], 1 << 20, &err), &err);
            buf_add(&changed, buf_bytes(&whole));
            if (kind == 0)
                changed.data[changed.size / 2] ^= 1;
            else if (kind == 1)
                changed.size--;
            else if (kind == 2)
                buf_u8(&changed, 0);
            if (kind == 3)
                assert_int_equal(unlink(files[i]), 0);
            else
                test_ok(file_write(files[i], buf_bytes(&changed), &err), &err);
            int code = run(&place, &err);
            /* what level 0 holds, the copy computes from the entries, unless it is the edge */
            if (strstr(files[i], "/tile/0/") && !strstr(files[i], ".p/"))
                test_ok(code, &err);
            else if (code != SANAD_FALSE && code != SANAD_MISSING && code != SANAD_REFUSED)
                fail_msg("%s, damage %d: code %d", files[i], kind, code);
            assert_int_equal(place.result.fraud.size, 0);
            test_ok(file_write(files[i], buf_bytes(&whole), &err), &err);
            buf_free(&whole);
            buf_free(&changed);
            char path[PATH_SIZE];
            test_ok(path_join(path, place.copy, "checkpoint", &err), &err);
            assert_int_equal(stat(path, &status) == 0, code == 0);
            test_folder_remove(place.copy); /* else the rest would already be there */
            assert_int_equal(mkdir(place.copy, 0755), 0);
        }
    test_ok(run(&place, &err), &err);
    copy_holds(&place, 800);
    arena_free(&arena);
    free(files);
    place_close(&place);
}

/* ---- power and servers -------------------------------------------------------------------------
 */

/* What stands in the copy after a crash is a whole log of a size that was reached. */
static size_t disk_holds(struct memdisk *disk, struct place *place)
{
    struct memdisk_folder folder = {.disk = disk, .path = "copy"};
    struct tlog_reader reader = memdisk_reader(&folder);
    const struct tlog_io io = memdisk_io(disk);
    struct buf raw;
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct tlog_audit audit;
    struct arena arena = {0};
    struct err err = {0};
    int code = io.read(io.context, &raw, "copy/checkpoint", TLOG_CHECKPOINT_MAX, &err);
    if (code == SANAD_MISSING)
        return 0;
    test_ok(code, &err);
    test_ok(note_parse(&note, "copy", buf_bytes(&raw), &arena, &err), &err);
    test_ok(tlog_checkpoint_parse(&checkpoint, "copy", note.text, &err), &err);
    struct tlog_tree tree = {.size = checkpoint.size, .root = checkpoint.root};
    test_ok(tlog_audit_run(&audit, &reader, &tree, NULL, NULL, &err), &err);
    arena_free(&arena);
    buf_free(&raw);
    (void)place;
    return (size_t)checkpoint.size;
}

static void power_goes_at_any_moment(void **state)
{
    static const size_t sizes[] = {300, 700, 1100};
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place, 1100);
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct memdisk *disk = memdisk_new(seed);
        const struct tlog_io io = memdisk_io(disk);
        size_t reached = 0;
        place.options.io = &io;
        place.options.folder = "copy";
        place.options.thread_count = 1;
        for (size_t i = 0; i < countof(sizes); i++) {
            toylog_write(&place.log, place.source, sizes[i]);
            for (int crashes = 0; crashes < 3; crashes++) {
                memdisk_crash_after(disk, memdisk_random(disk, 40));
                if (run(&place, &err) == 0)
                    reached = sizes[i];
                memdisk_restart(disk);
                size_t has = disk_holds(disk, &place);
                assert_true(has >= reached); /* never back */
                reached = has;
            }
            memdisk_crash_after(disk, 1 << 20);
            test_ok(run(&place, &err), &err);
            reached = sizes[i];
            assert_int_equal(disk_holds(disk, &place), reached);
        }
        memdisk_free(disk);
    }
    place_close(&place);
}

static void handle(void *context, const struct http_request *request, struct http_answer *ret)
{
    http_answer_file(ret, context, request->path);
}

static void a_server_is_as_good_as_a_folder(void **state)
{
    static const size_t sizes[] = {1, 300, 5000};
    struct place place;
    struct http_server *server;
    struct err err = {0};
    char url[128];
    (void)state;
    place_open(&place, 5000);
    const struct http_server_options options = {
        .listen = "127.0.0.1:0", .handle = handle, .context = place.source};
    test_ok(http_server_start(&server, &options, &err), &err);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", http_server_port(server));
    place.options.where = url;
    test_refused(run(&place, &err), SANAD_MISSING, &err, "404");
    for (size_t i = 0; i < countof(sizes); i++) {
        toylog_write(&place.log, place.source, sizes[i]);
        test_ok(run(&place, &err), &err);
        copy_holds(&place, sizes[i]);
    }
    http_server_stop(server);
    test_refused(run(&place, &err), SANAD_IO, &err, "127.0.0.1");
    copy_holds(&place, 5000);
    place.options.where = "ftp://a/";
    test_refused(run(&place, &err), SANAD_REFUSED, &err, "not an http");
    place_close(&place);
}

/* ---- logs that others have written
 * -----------------------------------------------------------------
 */

/* One round from the tiles of a data folder with one of its checkpoints. */
static void data_round(struct place *place, const char *name, const char *checkpoint)
{
    char path[PATH_SIZE];
    char data[PATH_SIZE];
    char link[PATH_SIZE];
    char *whole;
    struct err err = {0};
    struct buf note = test_data(checkpoint);
    (void)test_data_path(data, name);
    test_ok(path_join(path, data, "tile", &err), &err);
    test_ok(path_join(link, place->source, "tile", &err), &err);
    whole = realpath(path, NULL);
    assert_non_null(whole);
    (void)unlink(link); /* of the round before */
    assert_int_equal(symlink(whole, link), 0);
    free(whole);
    test_ok(path_join(path, place->source, "checkpoint", &err), &err);
    test_ok(file_write(path, buf_bytes(&note), &err), &err);
    buf_free(&note);
    test_ok(run(place, &err), &err);
    assert_true(place->result.placed);
}

static void data_open(struct place *place, const char *vkey)
{
    struct err err = {0};
    place_open(place, 1);
    tlog_policy_free(place->policy);
    test_ok(note_vkey_parse(&place->log.key, vkey, &err), &err);
    policy_read(&place->policy, &place->log.key, "");
    place->options.policy = place->policy;
}

static void logs_of_others_are_mirrored(void **state)
{
    struct place place;
    uint64_t time;
    (void)state;
    data_open(&place,
              "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
    for (unsigned size = 0; size <= 15; size++) {
        char checkpoint[64];
        (void)snprintf(checkpoint, sizeof checkpoint, "tlog/tessera-testlog/checkpoint.%u", size);
        data_round(&place, "tlog/tessera-testlog", checkpoint);
        assert_int_equal(copy_size(&place, &time), size);
    }
    place_close(&place);
    data_open(&place,
              "example.org/sanad-test+44f80f61+AWWQbSwCsy816aug7gCnCIoLphskSAZYyxaL8F38P18O");
    data_round(&place, "tlog/xmod-log-600", "tlog/xmod-log-600/checkpoint");
    assert_int_equal(copy_size(&place, &time), 600);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_the_log_at_every_size),
        cmocka_unit_test(a_cosignature_never_goes_back),
        cmocka_unit_test(names_and_keys_are_a_mirrors_own),
        cmocka_unit_test(a_second_story_is_refused_and_proved),
        cmocka_unit_test(a_rollback_is_refused_and_no_fraud),
        cmocka_unit_test(another_log_is_refused),
        cmocka_unit_test(damage_anywhere_is_refused),
        cmocka_unit_test(power_goes_at_any_moment),
        cmocka_unit_test(a_server_is_as_good_as_a_folder),
        cmocka_unit_test(logs_of_others_are_mirrored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
