/* Proves: a bundle of any two sizes gives every tile, entry and root of its tree from its base on,
 * and nothing before; so do trees of up to 2^62 entries, whose upper tiles come from the edge; any
 * bit flipped, any byte cut or added is damage and told as that; and where the digest was made
 * right again, whatever is still accepted says the same of the log. ctest-label: threads */
#include "toylog.h"
#include "bundle/bundle_priv.h"
#include "vastlog.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static char folder[PATH_SIZE];

static int setup(void **state)
{
    (void)state;
    test_folder_make(folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static void path_of(char ret_path[PATH_SIZE], const char *name)
{
    struct err err = {0};
    test_ok(path_join(ret_path, folder, name, &err), &err);
}

/* A bundle of a toy log, as a file. */
static void bundle_make(struct toylog *log, char ret_path[PATH_SIZE], size_t since, size_t size)
{
    struct tlog_reader tiles = toylog_reader(log);
    struct buf note = buf_with_max(4096);
    struct bundle_made made;
    struct err err = {0};
    path_of(ret_path, "bundle");
    toylog_checkpoint(log, &note, size);
    test_ok(bundle_export(&made, ret_path, buf_bytes(&note), &tiles, since, &err), &err);
    assert_int_equal(made.since, since);
    assert_int_equal(made.size, size);
    assert_string_equal(made.origin, log->origin);
    buf_free(&note);
}

/* Bytes as an open file. */
static int file_of(struct bytes bytes)
{
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    assert_true(fd >= 0);
    while (bytes.size > 0) {
        ssize_t put = write(fd, bytes.data, bytes.size);
        assert_true(put > 0);
        bytes = bytes_of(bytes.data + put, bytes.size - (size_t)put);
    }
    return fd;
}

static int load(struct bundle **ret_bundle, struct bytes bytes, struct err *err)
{
    *ret_bundle = NULL;
    return bundle_load(ret_bundle, "bundle", file_of(bytes), err);
}

/* The digest of what stands before it. */
static void reseal(struct buf *file)
{
    struct hash256 digest;
    assert_true(file->size >= BUNDLE_DIGEST_SIZE);
    sha256_of(&digest, bytes_of(file->data, file->size - BUNDLE_DIGEST_SIZE));
    memcpy(file->data + file->size - BUNDLE_DIGEST_SIZE, digest.b, sizeof digest.b);
}

/* ---- tiles -------------------------------------------------------------------------------------
 */

static void tile_is_the_logs(const struct tlog_reader *reader, struct toylog *log, size_t base,
                             size_t size, unsigned level, uint64_t n)
{
    struct tlog_reader toy = toylog_reader(log);
    struct tlog_tile tile = {.level = level, .n = n, .width = tlog_tile_width(size, level, n)};
    size_t unit = level == TLOG_ENTRIES ? 1 : (size_t)1 << 8 * level;
    struct buf expected;
    struct buf found;
    struct err err = {0};
    if ((size_t)(n + 1) * TLOG_TILE_WIDTH * unit <= base) {
        test_refused(reader->read(reader->context, &found, &tile, &err), SANAD_MISSING, &err,
                     "it has not");
        return;
    }
    /* the tile in which the base lies may begin with hashes of the edge */
    test_ok(tlog_tile_read(&expected, &toy, &tile, &err), &err);
    test_ok(tlog_tile_read(&found, reader, &tile, &err), &err);
    assert_true(bytes_equal(buf_bytes(&expected), buf_bytes(&found)));
    buf_free(&found);
    if (tile.width > 1) { /* and a narrower one */
        tile.width /= 2;
        expected.size = tile.width * sizeof(struct hash256);
        test_ok(reader->read(reader->context, &found, &tile, &err), &err);
        assert_true(level == TLOG_ENTRIES || bytes_equal(buf_bytes(&expected), buf_bytes(&found)));
        buf_free(&found);
    }
    tile.width = tlog_tile_width(size, level, n) + 1;
    if (tile.width <= TLOG_TILE_WIDTH)
        test_refused(reader->read(reader->context, &found, &tile, &err), SANAD_MISSING, &err,
                     "it has not");
    buf_free(&expected);
}

static void tree_is_the_logs(struct toylog *log, size_t since, size_t size)
{
    static const unsigned levels[] = {TLOG_ENTRIES, 0, 1, 2, 3};
    char path[PATH_SIZE];
    struct bundle *bundle;
    struct err err = {0};
    struct hash256 root;
    struct hash256 expected;
    size_t base = since / TLOG_TILE_WIDTH * TLOG_TILE_WIDTH;
    bundle_make(log, path, since, size);
    test_ok(bundle_open(&bundle, path, &err), &err);
    assert_int_equal(bundle_head(bundle)->since, since);
    assert_int_equal(bundle_head(bundle)->base, base);
    assert_int_equal(bundle_head(bundle)->checkpoint.size, size);
    struct tlog_reader reader = bundle_reader(bundle);
    for (size_t l = 0; l < countof(levels); l++)
        for (uint64_t n = 0; tlog_tile_width(size, levels[l], n) > 0; n++)
            tile_is_the_logs(&reader, log, base, size, levels[l], n);
    for (size_t i = 0; i < 5; i++) { /* and the root of any size from the base on */
        size_t at = i == 0 ? base : i == 1 ? since : i == 2 ? size : base + (size - base) * i / 7;
        test_ok(tlog_root_read(&root, &reader, at, &err), &err);
        toylog_root(log, &expected, at);
        assert_true(hash256_equal(&root, &expected));
    }
    bundle_close(bundle);
}

static void every_tile_from_the_base_on(void **state)
{
    static const size_t pairs[][2] = {
        {0, 0},           {0, 1},         {1, 1},         {0, 255},        {255, 255},
        {255, 256},       {0, 256},       {256, 256},     {256, 257},      {257, 300},
        {300, 300},       {300, 511},     {300, 512},     {511, 513},      {512, 1000},
        {0, 3000},        {2999, 3000},   {65535, 65536}, {65280, 65536},  {65000, 65537},
        {65536, 65536},   {65536, 70000}, {0, 66000},     {60000, 131072}, {131071, 131400},
        {131072, 131072}, {70000, 131400}};
    struct toylog log;
    (void)state;
    toylog_make(&log, "log.example/a", 131400, SIZE_MAX);
    for (size_t i = 0; i < countof(pairs); i++)
        tree_is_the_logs(&log, pairs[i][0], pairs[i][1]);
    toylog_free(&log);
}

/* Several threads read at once, each in another order. */
struct walk {
    struct toylog *log;
    struct bundle *bundle;
    unsigned step;
    bool good;
};

static void *walk_run(void *context)
{
    struct walk *walk = context;
    struct tlog_reader reader = bundle_reader(walk->bundle);
    uint64_t count = bundle_head(walk->bundle)->checkpoint.size / TLOG_TILE_WIDTH;
    struct hash256 leaves[TLOG_TILE_WIDTH];
    bool good = true;
    for (uint64_t i = 0; i < count; i++) {
        struct tlog_tile tile = {
            .level = TLOG_ENTRIES, .n = i * walk->step % count, .width = TLOG_TILE_WIDTH};
        struct buf data = {0};
        good = good && tlog_tile_read(&data, &reader, &tile, NULL) == 0 &&
               tlog_bundle_leaves(leaves, buf_bytes(&data), tile.width) &&
               memcmp(leaves, walk->log->leaves + tile.n * TLOG_TILE_WIDTH, sizeof leaves) == 0;
        buf_free(&data);
    }
    walk->good = good;
    return NULL;
}

static void threads_read_at_once(void **state)
{
    static const unsigned steps[] = {1, 1, 3, 251};
    struct toylog log;
    struct walk walks[countof(steps)];
    pthread_t threads[countof(steps)];
    char path[PATH_SIZE];
    struct bundle *bundle;
    struct err err = {0};
    (void)state;
    toylog_make(&log, "log.example/a", 140000, SIZE_MAX);
    bundle_make(&log, path, 0, 140000);
    test_ok(bundle_open(&bundle, path, &err), &err);
    for (size_t i = 0; i < countof(steps); i++) {
        walks[i] = (struct walk){.log = &log, .bundle = bundle, .step = steps[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, walk_run, &walks[i]), 0);
    }
    for (size_t i = 0; i < countof(steps); i++) {
        (void)pthread_join(threads[i], NULL);
        assert_true(walks[i].good);
    }
    bundle_close(bundle);
    toylog_free(&log);
}

/* ---- large trees -------------------------------------------------------------------------------
 */

static void vast_holds(const struct vastlog *vast, uint64_t since, uint64_t size)
{
    struct tlog_checkpoint checkpoint = {.size = size, .origin = "log.example/vast"};
    struct buf text = buf_with_max(4096);
    struct buf note = buf_with_max(4096);
    struct note_key key;
    uint8_t seed[32];
    struct bundle_made made;
    struct bundle *bundle;
    char path[PATH_SIZE];
    struct err err = {0};
    struct tlog_reader tiles = vastlog_reader(vast);
    struct hash256 root;
    struct hash256 expected;
    path_of(path, "vast");
    toylog_key(&key, seed, checkpoint.origin, NOTE_KEY_TYPE_ED25519, 1);
    vastlog_root(vast, &checkpoint.root, size);
    tlog_checkpoint_write(&text, &checkpoint);
    buf_add(&note, buf_bytes(&text));
    buf_u8(&note, '\n');
    note_sign(&note, buf_bytes(&text), &key, seed);
    test_ok(bundle_export(&made, path, buf_bytes(&note), &tiles, since, &err), &err);
    test_ok(bundle_open(&bundle, path, &err), &err);
    struct tlog_reader reader = bundle_reader(bundle);
    for (uint64_t at = since - since % TLOG_TILE_WIDTH; at <= size; at += (size - since) / 9 + 1) {
        test_ok(tlog_root_read(&root, &reader, at, &err), &err);
        vastlog_root(vast, &expected, at);
        assert_true(hash256_equal(&root, &expected));
    }
    bundle_close(bundle);
    buf_free(&text);
    buf_free(&note);
}

static void trees_as_large_as_one_likes(void **state)
{
    static const uint64_t sinces[] = {(1 << 24) - 700,
                                      (1 << 24) - 1,
                                      1 << 24,
                                      (1 << 24) + 65536 - 300,
                                      UINT64_C(0x123456789abcdef),
                                      (UINT64_C(1) << 32) - 3,
                                      (UINT64_C(1) << 56) - 1,
                                      (UINT64_C(1) << 62) + 12345,
                                      (UINT64_C(1) << 62) - 1501};
    struct vastlog *vast = mem_zalloc(1, sizeof *vast);
    (void)state;
    vastlog_make(vast);
    for (size_t i = 0; i < countof(sinces); i++) {
        vast_holds(vast, sinces[i], sinces[i]);
        vast_holds(vast, sinces[i], sinces[i] + 1);
        vast_holds(vast, sinces[i], sinces[i] + 1500);
    }
    vast_holds(vast, (1 << 24) - 5, (1 << 24) + 70000);
    free(vast);
}

/* ---- damage ------------------------------------------------------------------------------------
 */

static void small_make(struct buf *ret_file, size_t since, size_t size)
{
    struct toylog log;
    char path[PATH_SIZE];
    struct err err = {0};
    toylog_make(&log, "log.example/a", size, SIZE_MAX);
    bundle_make(&log, path, since, size);
    test_ok(file_read(ret_file, path, 1 << 20, &err), &err);
    toylog_free(&log);
}

static void any_bit_flipped_is_damage(void **state)
{
    static const size_t pairs[][2] = {{0, 0}, {2, 5}, {256, 258}, {515, 519}};
    (void)state;
    for (size_t p = 0; p < countof(pairs); p++) {
        struct buf file;
        small_make(&file, pairs[p][0], pairs[p][1]);
        for (size_t bit = 0; bit < 8 * file.size; bit++) {
            struct bundle *bundle;
            struct err err = {0};
            file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            int code = load(&bundle, buf_bytes(&file), &err);
            test_refused(code, SANAD_REFUSED, &err,
                         bit / 8 < sizeof BUNDLE_FIRST_LINE - 1 ? "no bundle"
                                                                : "damaged in transport");
            file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        buf_free(&file);
    }
}

static void any_byte_cut_or_added_is_damage(void **state)
{
    struct buf file;
    struct bundle *bundle;
    struct err err = {0};
    (void)state;
    small_make(&file, 2, 5);
    for (size_t size = 0; size < file.size; size++)
        test_refused(load(&bundle, bytes_of(file.data, size), &err), SANAD_REFUSED, &err,
                     size < 57 ? "no bundle" : "damaged in transport");
    buf_u8(&file, 0);
    test_refused(load(&bundle, buf_bytes(&file), &err), SANAD_REFUSED, &err,
                 "damaged in transport");
    file.size--;
    for (size_t at = 0; at < file.size; at++) { /* a byte less anywhere */
        struct buf less = buf_with_max(file.size);
        buf_add(&less, bytes_of(file.data, at));
        buf_add(&less, bytes_of(file.data + at + 1, file.size - at - 1));
        assert_int_equal(load(&bundle, buf_bytes(&less), &err), SANAD_REFUSED);
        buf_free(&less);
    }
    test_ok(load(&bundle, buf_bytes(&file), &err), &err);
    bundle_close(bundle);
    buf_free(&file);
}

/* Whoever flips a bit and makes the digest right again changes signature lines, or nothing. */
static void a_right_digest_makes_no_other_log(void **state)
{
    struct buf file;
    struct bundle *bundle;
    struct hash256 root;
    struct err err = {0};
    size_t accepted = 0;
    (void)state;
    small_make(&file, 258, 262);
    struct buf honest = buf_with_max(file.size);
    buf_add(&honest, buf_bytes(&file));
    test_ok(load(&bundle, buf_bytes(&file), &err), &err);
    root = bundle_head(bundle)->checkpoint.root;
    size_t lines = bundle->raw.size - bundle->head.note.size +
                   (sizeof BUNDLE_FIRST_LINE - 1 + BUNDLE_LENGTH_SIZE);
    bundle_close(bundle);
    for (size_t bit = 0; bit < 8 * (file.size - BUNDLE_DIGEST_SIZE); bit++) {
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        reseal(&file);
        int code = load(&bundle, buf_bytes(&file), &err);
        assert_true(code == 0 || code == SANAD_REFUSED || code == SANAD_FALSE);
        if (code == 0) {
            const struct bundle_head *head = bundle_head(bundle);
            accepted++;
            assert_true(bit / 8 >= lines); /* the checkpoint: another origin, or another line */
            assert_true(hash256_equal(&head->checkpoint.root, &root));
            assert_int_equal(head->checkpoint.size, 262);
            assert_int_equal(head->since, 258);
        }
        bundle_close(bundle);
        memcpy(file.data, honest.data, file.size);
    }
    assert_true(accepted > 0);
    buf_free(&honest);
    buf_free(&file);
}

/* ---- form --------------------------------------------------------------------------------------
 */

/* A file of a head and what follows, with a right digest. */
static int load_parts(const char *head, struct bytes rest, struct err *err)
{
    struct buf file = buf_with_max(1 << 20);
    struct bundle *bundle;
    buf_text(&file, BUNDLE_FIRST_LINE);
    buf_be32(&file, (uint32_t)strlen(head));
    buf_text(&file, head);
    buf_add(&file, rest);
    (void)buf_extend(&file, BUNDLE_DIGEST_SIZE);
    reseal(&file);
    int code = load(&bundle, buf_bytes(&file), err);
    bundle_close(bundle);
    buf_free(&file);
    return code;
}

#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
#define LINE "\n\u2014 log.example AAAAAAAA\n"

static void heads_that_are_none(void **state)
{
    static const struct {
        const char *head;
        const char *why;
        int code;
    } cases[] = {
        {"old 0\n\nlog.example\n0\n" EMPTY_ROOT LINE, NULL, 0},
        {"", "first line", SANAD_REFUSED},
        {"old 0\n\n", "checkpoint", SANAD_REFUSED},
        {"new 0\n\nlog.example\n0\n" EMPTY_ROOT LINE, "first line", SANAD_REFUSED},
        {"old 00\n\nlog.example\n0\n" EMPTY_ROOT LINE, "first line", SANAD_REFUSED},
        {"old 1\n\nlog.example\n0\n" EMPTY_ROOT LINE, "down to", SANAD_REFUSED},
        {"old 0\n" EMPTY_ROOT "\nlog.example\n0\n" EMPTY_ROOT LINE, "must be empty", SANAD_FALSE},
        {"old 0\n\nlog.example\n0\nAAAAQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n" LINE,
         "checkpoint is none", SANAD_REFUSED},
        {"old 0\n\nlog.example\n0\n" EMPTY_ROOT "\nnobody\n", "checkpoint is none", SANAD_REFUSED},
        {"old 0\n\nlog.example\n1\n" EMPTY_ROOT LINE, "cut short", SANAD_REFUSED},
        {"old 9223372036854775807\n\nlog.example\n9223372036854775807\n" EMPTY_ROOT LINE,
         "cut short", SANAD_REFUSED},
        {"old 0\n\nlog.example\n9223372036854775807\n" EMPTY_ROOT LINE, "cut short", SANAD_REFUSED},
        {"old 0\n\nlog.example\n9223372036854775808\n" EMPTY_ROOT LINE, "size", SANAD_REFUSED},
    };
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        int code = load_parts(cases[i].head, bytes_of(NULL, 0), &err);
        if (cases[i].why)
            test_refused(code, cases[i].code, &err, cases[i].why);
        else
            test_ok(code, &err);
    }
    test_refused(load_parts("old 0\n\nlog.example\n0\n" EMPTY_ROOT LINE, bytes_of("\0", 1), &err),
                 SANAD_REFUSED, &err, "bytes behind");
}

static void slices_that_are_none(void **state)
{
    /* one entry "a": its leaf hash is the root of one entry */
    static const struct {
        const char *bytes;
        size_t size;
        const char *why;
        int code;
    } cases[] = {
        {"\0\0\0\3\0\1a", 7, NULL, 0},
        {"\0\0\0\3\0\1b", 7, "do not give the root", SANAD_FALSE},
        {"\0\0\0\3\0\2a", 7, "not just 1 entries", SANAD_REFUSED},
        {"\0\0\0\3\0\0a", 7, "not just 1 entries", SANAD_REFUSED},
        {"\0\0\0\5\0\1a\0\0", 9, "not just 1 entries", SANAD_REFUSED},
        {"\0\0\0\0", 4, "not just 1 entries", SANAD_REFUSED},
        {"\0\0\0\4\0\1a", 7, "cut short", SANAD_REFUSED},
        {"\0\0\0", 3, "cut short", SANAD_REFUSED},
        {"\377\377\377\377\0\1a", 7, "over 16777472 bytes", SANAD_REFUSED},
        {"\1\0\2\0\0\1a", 7, "over 16777472 bytes|cut short", SANAD_REFUSED},
        {"\0\0\0\3\0\1a\0", 8, "bytes behind", SANAD_REFUSED},
    };
    struct hash256 root;
    struct buf head = buf_with_max(4096);
    struct err err = {0};
    (void)state;
    tlog_leaf_hash(&root, bytes_of_text("a"));
    buf_text(&head, "old 0\n\nlog.example\n1\n");
    base64_encode(&head, bytes_of(root.b, sizeof root.b));
    buf_text(&head, "\n" LINE);
    for (size_t i = 0; i < countof(cases); i++) {
        int code = load_parts(buf_cstr(&head), bytes_of(cases[i].bytes, cases[i].size), &err);
        if (!cases[i].why)
            test_ok(code, &err);
        else if (strchr(cases[i].why, '|'))
            assert_int_equal(code, cases[i].code);
        else
            test_refused(code, cases[i].code, &err, cases[i].why);
    }
    buf_free(&head);
}

static void a_proof_must_be_the_one(void **state)
{
    struct buf file;
    struct bundle *bundle;
    struct err err = {0};
    (void)state;
    small_make(&file, 2, 5);
    /* "old 2" becomes "old 1": the entries are the same, the proof is another size's */
    uint8_t *at = memmem(file.data, file.size, "old 2\n", 6);
    assert_non_null(at);
    at[4] = '1';
    reseal(&file);
    test_refused(load(&bundle, buf_bytes(&file), &err), SANAD_FALSE, &err, "consistency proof");
    buf_free(&file);
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static void a_bundle_that_is_wrong_is_not_handed_out(void **state)
{
    struct toylog log;
    struct toylog other;
    struct bundle_made made;
    struct buf note = buf_with_max(4096);
    char path[PATH_SIZE];
    struct err err = {0};
    (void)state;
    toylog_make(&log, "log.example/a", 400, SIZE_MAX);
    toylog_make(&other, "log.example/a", 400, 100);
    struct tlog_reader tiles = toylog_reader(&other);
    toylog_checkpoint(&log, &note, 400);
    path_of(path, "wrong");
    test_refused(bundle_export(&made, path, buf_bytes(&note), &tiles, 300, &err), SANAD_FALSE, &err,
                 "do not give the root");
    assert_false(file_exists(path));
    path_of(path, "wrong.tmp");
    assert_false(file_exists(path));
    path_of(path, "wrong");
    test_refused(bundle_export(&made, path, buf_bytes(&note), &tiles, 401, &err), SANAD_REFUSED,
                 &err, "fewer than 401");
    test_refused(bundle_export(&made, path, bytes_of_text("no note"), &tiles, 0, &err),
                 SANAD_REFUSED, &err, "checkpoint");
    tiles = toylog_reader(&log);
    test_refused(bundle_export(&made, folder, buf_bytes(&note), &tiles, 0, &err), SANAD_IO, &err,
                 "rename");
    test_refused(bundle_open(&(struct bundle *){NULL}, path, &err), SANAD_IO, &err, "open");
    test_refused(bundle_open(&(struct bundle *){NULL}, folder, &err), SANAD_REFUSED, &err,
                 "no bundle");
    toylog_free(&log);
    toylog_free(&other);
    buf_free(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tile_from_the_base_on),
        cmocka_unit_test(threads_read_at_once),
        cmocka_unit_test(trees_as_large_as_one_likes),
        cmocka_unit_test(any_bit_flipped_is_damage),
        cmocka_unit_test(any_byte_cut_or_added_is_damage),
        cmocka_unit_test(a_right_digest_makes_no_other_log),
        cmocka_unit_test(heads_that_are_none),
        cmocka_unit_test(slices_that_are_none),
        cmocka_unit_test(a_proof_must_be_the_one),
        cmocka_unit_test(a_bundle_that_is_wrong_is_not_handed_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
