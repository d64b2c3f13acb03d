/* Proves: a copy that is fed by bundles alone, at any sizes, is the log's own, and its cosigners'
 * lines hold over its tree; a gap is told with the size that closes it; a second story is refused
 * and proved, whether the copy or only the witness's state knows the first, and leaves everything
 * as it was; whatever is flipped in a bundle, also with a right digest, brings nothing in; and one
 * key never cosigns two trees of one size, in whatever order bundles come.
 * ctest-label: threads */
#include "toylog.h"
#include "bundle/bundle_priv.h"

#include <stdlib.h>

struct place {
    struct toylog log;
    char folder[PATH_SIZE]; /* of all below */
    char path[PATH_SIZE];   /* the bundle */
    char copy[PATH_SIZE];
    char state[PATH_SIZE];
    struct tlog_policy *policy;
    struct note_key witness, mirror;
    uint8_t witness_seed[32], mirror_seed[32];
    struct bundle_import_options options;
    struct bundle_imported result;
};

static void policy_of(struct tlog_policy **ret, const struct note_key *log)
{
    struct buf text = buf_with_max(1 << 12);
    struct err err = {0};
    buf_text(&text, "log ");
    note_vkey_write(&text, log);
    buf_text(&text, "\nquorum none\n");
    test_ok(tlog_policy_parse(ret, "policy", buf_bytes(&text), &err), &err);
    buf_free(&text);
}

static void place_open(struct place *place, size_t count)
{
    struct err err = {0};
    *place = (struct place){.log = {.count = 0}};
    toylog_make(&place->log, "log.example/a", count, SIZE_MAX);
    test_folder_make(place->folder);
    test_ok(path_join(place->path, place->folder, "bundle", &err), &err);
    test_ok(path_join(place->copy, place->folder, "copy", &err), &err);
    test_ok(path_join(place->state, place->folder, "state", &err), &err);
    policy_of(&place->policy, &place->log.key);
    toylog_key(&place->witness, place->witness_seed, "w.example", NOTE_KEY_TYPE_COSIGNATURE, 5);
    toylog_key(&place->mirror, place->mirror_seed, "m.example", NOTE_KEY_TYPE_COSIGNATURE, 6);
    place->options = (struct bundle_import_options){.path = place->path,
                                                    .folder = place->copy,
                                                    .policy = place->policy,
                                                    .key = &place->witness,
                                                    .seed = place->witness_seed,
                                                    .state_folder = place->state,
                                                    .mirror_key = &place->mirror,
                                                    .mirror_seed = place->mirror_seed};
}

static void place_close(struct place *place)
{
    buf_free(&place->result.lines);
    buf_free(&place->result.fraud);
    tlog_policy_free(place->policy);
    toylog_free(&place->log);
    test_folder_remove(place->folder);
}

static void pack(struct place *place, struct toylog *log, size_t since, size_t size)
{
    struct tlog_reader tiles = toylog_reader(log);
    struct buf note = buf_with_max(4096);
    struct bundle_made made;
    struct err err = {0};
    toylog_checkpoint(log, &note, size);
    test_ok(bundle_export(&made, place->path, buf_bytes(&note), &tiles, since, &err), &err);
    buf_free(&note);
}

static int run(struct place *place, struct err *err)
{
    buf_free(&place->result.lines);
    buf_free(&place->result.fraud);
    return bundle_import(&place->result, &place->options, err);
}

/* The entries that the copy shows; 0: nothing. */
static size_t copy_size(const struct place *place)
{
    char path[PATH_SIZE];
    struct buf raw;
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct arena arena = {0};
    struct err err = {0};
    test_ok(path_join(path, place->copy, "checkpoint", &err), &err);
    if (!file_exists(path))
        return 0;
    test_ok(file_read(&raw, path, 1 << 16, &err), &err);
    test_ok(note_parse(&note, "copy", buf_bytes(&raw), &arena, &err), &err);
    test_ok(tlog_checkpoint_parse(&checkpoint, "copy", note.text, &err), &err);
    buf_free(&raw);
    arena_free(&arena);
    return (size_t)checkpoint.size;
}

/* The copy is the log's, and both lines hold over its tree. */
static void copy_holds(struct place *place, struct toylog *log, size_t size)
{
    const struct note_key *keys[] = {&place->witness, &place->mirror};
    struct tlog_audit audit;
    struct tlog_tree tree = {.size = size};
    struct tlog_reader reader = tlog_reader_folder(place->copy);
    struct buf raw = buf_with_max(1 << 16);
    struct note note;
    struct arena arena = {0};
    struct err err = {0};
    assert_int_equal(copy_size(place), size);
    toylog_root(log, &tree.root, size);
    test_ok(tlog_audit_run(&audit, &reader, &tree, NULL, NULL, &err), &err);
    toylog_checkpoint(log, &raw, size);
    buf_add(&raw, buf_bytes(&place->result.lines));
    test_ok(note_parse(&note, "cosigned", buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(note.signature_count, 3);
    for (size_t i = 0; i < countof(keys); i++) {
        uint64_t time = 0;
        assert_true(tlog_cosigned_at(&time, &note, keys[i]));
        assert_true(time > 0);
    }
    arena_free(&arena);
    buf_free(&raw);
}

static void bundles_alone_make_the_copy(void **state)
{
    static const size_t steps[][2] = {/* since, size */
                                      {0, 0},         {0, 1},         {1, 2},         {0, 255},
                                      {255, 257},     {256, 300},     {300, 300},     {290, 512},
                                      {512, 513},     {0, 3000},      {2816, 3001},   {3001, 65535},
                                      {65535, 65536}, {65300, 65537}, {65537, 131400}};
    struct place place;
    struct err err = {0};
    size_t before = 0;
    (void)state;
    place_open(&place, 131400);
    for (size_t i = 0; i < countof(steps); i++) {
        size_t size = steps[i][1];
        pack(&place, &place.log, steps[i][0], size);
        test_ok(run(&place, &err), &err);
        assert_int_equal(place.result.before, before);
        assert_int_equal(place.result.size, size);
        assert_int_equal(place.result.since, steps[i][0]);
        assert_string_equal(place.result.origin, "log.example/a");
        assert_int_equal(place.result.placed, i == 0 || size != before);
        copy_holds(&place, &place.log, size);
        before = size;
    }
    place_close(&place);
}

static void a_gap_is_told_with_the_size_that_closes_it(void **state)
{
    static const size_t cases[][3] = {/* have, since, size */
                                      {0, 256, 300},   {0, 1000, 1000}, {255, 256, 300},
                                      {255, 600, 700}, {300, 512, 600}, {300, 70000, 70001}};
    struct place place;
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        char words[64];
        place_open(&place, 70001);
        if (cases[i][0] > 0) {
            pack(&place, &place.log, 0, cases[i][0]);
            test_ok(run(&place, &err), &err);
        }
        pack(&place, &place.log, cases[i][1], cases[i][2]);
        (void)snprintf(words, sizeof words, "export again with --since %zu", cases[i][0]);
        test_refused(run(&place, &err), SANAD_MISSING, &err, words);
        assert_int_equal(place.result.lines.size, 0);
        assert_int_equal(copy_size(&place), cases[i][0]);
        pack(&place, &place.log, cases[i][0], cases[i][2]);
        test_ok(run(&place, &err), &err);
        copy_holds(&place, &place.log, cases[i][2]);
        place_close(&place);
    }
}

static void an_older_bundle_is_refused(void **state)
{
    struct place place;
    struct err err = {0};
    char lost[PATH_SIZE];
    (void)state;
    place_open(&place, 900);
    pack(&place, &place.log, 0, 700);
    test_ok(run(&place, &err), &err);
    pack(&place, &place.log, 0, 600);
    test_refused(run(&place, &err), SANAD_REFUSED, &err, "went back to 600");
    assert_int_equal(place.result.lines.size, 0);
    assert_int_equal(place.result.fraud.size, 0);
    /* the copy is lost, the state is not */
    test_ok(path_join(lost, place.folder, "lost", &err), &err);
    assert_int_equal(rename(place.copy, lost), 0);
    test_refused(run(&place, &err), SANAD_REFUSED, &err, "700 were cosigned already");
    assert_int_equal(copy_size(&place), 0);
    pack(&place, &place.log, 0, 800);
    test_ok(run(&place, &err), &err);
    copy_holds(&place, &place.log, 800);
    place_close(&place);
}

/* The state is lost, the copy is not: the witness begins again, where the copy is. */
static void a_new_witness_begins_with_the_copy(void **state)
{
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place, 900);
    place.options.key = NULL;
    pack(&place, &place.log, 0, 700);
    test_ok(run(&place, &err), &err);
    place.options.key = &place.witness;
    pack(&place, &place.log, 650, 900);
    test_ok(run(&place, &err), &err);
    copy_holds(&place, &place.log, 900);
    place_close(&place);
}

/* It cosigned less than the copy has, before the bundle begins: the copy's tiles lead there. */
static void a_witness_that_stayed_behind(void **state)
{
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place, 70000);
    pack(&place, &place.log, 0, 100);
    test_ok(run(&place, &err), &err);
    place.options.key = NULL;
    pack(&place, &place.log, 100, 66000);
    test_ok(run(&place, &err), &err);
    place.options.key = &place.witness;
    pack(&place, &place.log, 66000, 70000);
    test_ok(run(&place, &err), &err);
    copy_holds(&place, &place.log, 70000);
    place_close(&place);
}

/* ---- two stories -------------------------------------------------------------------------------
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

/* What is known of the first story. */
enum known { BY_BOTH, BY_COPY, BY_STATE };

static void second_story(size_t have, size_t fork, size_t since, size_t shown, enum known known)
{
    struct place place;
    struct toylog other;
    struct err err = {0};
    char lost[PATH_SIZE];
    place_open(&place, have > shown ? have + 5 : shown + 5);
    toylog_make(&other, "log.example/a", shown, fork);
    if (known == BY_COPY)
        place.options.key = NULL;
    pack(&place, &place.log, 0, have);
    test_ok(run(&place, &err), &err);
    place.options.key = &place.witness;
    if (known == BY_STATE) {
        test_ok(path_join(lost, place.folder, "lost", &err), &err);
        assert_int_equal(rename(place.copy, lost), 0);
    }
    pack(&place, &other, known == BY_STATE ? 0 : since, shown);
    test_refused(run(&place, &err), SANAD_FALSE, &err, "two stories");
    assert_int_equal(place.result.fraud_of_state, known != BY_COPY && shown >= have);
    assert_int_equal(place.result.lines.size, 0);
    assert_false(place.result.placed);
    fraud_is_shown(&place);
    assert_int_equal(copy_size(&place), known == BY_STATE ? 0 : have);
    /* the first story goes on, as if nothing had been */
    pack(&place, &place.log, 0, place.log.count);
    test_ok(run(&place, &err), &err);
    copy_holds(&place, &place.log, place.log.count);
    toylog_free(&other);
    place_close(&place);
}

static void a_second_story_is_refused_and_proved(void **state)
{
    static const struct {
        size_t have, fork, since, shown;
    } cases[] = {{300, 100, 0, 300}, {300, 100, 100, 700},         {300, 299, 299, 301},
                 {300, 0, 0, 300},   {300, 100, 256, 400},         {256, 255, 256, 512},
                 {512, 3, 0, 66000}, {66000, 65999, 66000, 66100}, {1, 0, 0, 1},
                 {1, 0, 0, 2},       {257, 256, 256, 257},         {700, 300, 520, 900}};
    (void)state;
    for (size_t i = 0; i < countof(cases); i++)
        for (enum known known = BY_BOTH; known <= BY_STATE; known++)
            second_story(cases[i].have, cases[i].fork, cases[i].since, cases[i].shown, known);
    second_story(700, 300, 0, 600, BY_BOTH); /* a smaller one, for which the copy is needed */
    second_story(700, 300, 520, 699, BY_COPY);
}

/* Bundles of two stories in any order, copies that come and go: one story alone is cosigned. */
static void one_story_alone_is_cosigned(void **state)
{
    enum { ROUNDS = 60, COUNT = 800, FORK = 20 };
    struct place place;
    struct toylog other;
    unsigned dice = 7;
    int chosen = -1;
    size_t cosigned = 0;
    (void)state;
    place_open(&place, COUNT);
    toylog_make(&other, "log.example/a", COUNT, FORK);
    for (size_t i = 0; i < ROUNDS; i++) {
        struct err err = {0};
        dice = dice * 1103515245u + 12345u;
        int story = dice >> 16 & 1;
        size_t size = FORK + 1 + (dice >> 17) % (COUNT - FORK);
        pack(&place, story ? &other : &place.log, 0, size);
        if (i % 9 == 8 && copy_size(&place) > 0)
            test_folder_remove(place.copy);
        if (run(&place, &err) != 0) {
            assert_int_equal(place.result.lines.size, 0);
            continue;
        }
        cosigned++;
        assert_true(chosen < 0 || chosen == story);
        chosen = story;
        copy_holds(&place, story ? &other : &place.log, size);
    }
    assert_true(cosigned >= 3);
    toylog_free(&other);
    place_close(&place);
}

/* ---- whose it is -------------------------------------------------------------------------------
 */

static void keys_and_logs_that_are_not_the_ones(void **state)
{
    struct place place;
    struct toylog stranger;
    struct tlog_policy *policy;
    struct note_key key;
    uint8_t seed[32];
    struct err err = {0};
    (void)state;
    place_open(&place, 300);
    toylog_make(&stranger, "log.example/b", 300, SIZE_MAX);
    pack(&place, &stranger, 0, 300);
    test_refused(run(&place, &err), SANAD_REFUSED, &err, "not a log of the policy");
    /* of the same name, with another key */
    toylog_key(&key, seed, "log.example/a", NOTE_KEY_TYPE_ED25519, 9);
    policy_of(&policy, &key);
    place.options.policy = policy;
    pack(&place, &place.log, 0, 300);
    test_refused(run(&place, &err), SANAD_FALSE, &err, "no signature of its key");
    place.options.policy = place.policy;
    for (size_t i = 0; i < 2; i++) {
        toylog_key(&key, seed, i ? "w.example" : "x.example", NOTE_KEY_TYPE_COSIGNATURE, i ? 7 : 5);
        place.options.mirror_key = &key;
        place.options.mirror_seed = seed;
        test_refused(run(&place, &err), SANAD_REFUSED, &err, "must be other ones");
    }
    assert_int_equal(copy_size(&place), 0);
    place.options.mirror_key = NULL;
    test_ok(run(&place, &err), &err);
    pack(&place, &stranger, 0, 300);
    tlog_policy_free(policy);
    policy_of(&policy, &stranger.key);
    place.options.policy = policy;
    place.options.key = NULL;
    assert_true(run(&place, &err) != 0); /* a copy of another log */
    assert_int_equal(copy_size(&place), 300);
    tlog_policy_free(policy);
    toylog_free(&stranger);
    place_close(&place);
}

/* The head of a bundle is what any witness is asked, as it stands. */
static void the_head_is_a_request(void **state)
{
    static const size_t cases[][2] = {{0, 10}, {10, 300}, {300, 300}, {300, 899}};
    struct place place;
    struct witness_folder *store;
    struct witness *witness;
    struct err err = {0};
    (void)state;
    place_open(&place, 900);
    test_ok(witness_folder_open(&store, place.state, &err), &err);
    const struct witness_log log = {.origin = place.log.origin, .key = &place.log.key};
    const struct witness_options options = {.key = &place.witness,
                                            .seed = place.witness_seed,
                                            .logs = &log,
                                            .log_count = 1,
                                            .store = witness_folder_store(store)};
    test_ok(witness_new(&witness, &options, &err), &err);
    for (size_t i = 0; i < countof(cases); i++) {
        struct bundle *bundle;
        struct http_answer answer;
        struct witness_event event;
        pack(&place, &place.log, cases[i][0], cases[i][1]);
        test_ok(bundle_open(&bundle, place.path, &err), &err);
        witness_add_checkpoint(witness, &answer, &event, buf_bytes(&bundle->raw));
        assert_int_equal(answer.status, 200);
        assert_int_equal(event.size, cases[i][1]);
        buf_free(&answer.body);
        bundle_close(bundle);
    }
    witness_free(witness);
    witness_folder_close(store);
    place_close(&place);
}

/* ---- damage ------------------------------------------------------------------------------------
 */

static void reseal(struct buf *file)
{
    struct hash256 digest;
    sha256_of(&digest, bytes_of(file->data, file->size - BUNDLE_DIGEST_SIZE));
    memcpy(file->data + file->size - BUNDLE_DIGEST_SIZE, digest.b, sizeof digest.b);
}

static void no_flip_comes_in(void **state)
{
    struct place place;
    struct buf file;
    struct err err = {0};
    (void)state;
    place_open(&place, 270);
    place.options.key = NULL; /* the state is not asked for what the mirror refuses */
    pack(&place, &place.log, 0, 257);
    test_ok(run(&place, &err), &err);
    pack(&place, &place.log, 257, 260);
    test_ok(file_read(&file, place.path, 1 << 20, &err), &err);
    struct buf honest = buf_with_max(file.size);
    buf_add(&honest, buf_bytes(&file));
    for (size_t at = 0; at < file.size; at++) {
        file.data[at] ^= (uint8_t)(1 << at % 8);
        if (at % 2 && at < file.size - BUNDLE_DIGEST_SIZE)
            reseal(&file);
        FILE *out = fopen(place.path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(file.data, 1, file.size, out), file.size);
        assert_int_equal(fclose(out), 0);
        assert_true(run(&place, &err) != 0);
        assert_int_equal(place.result.lines.size, 0);
        assert_int_equal(copy_size(&place), 257);
        memcpy(file.data, honest.data, file.size);
    }
    place.options.key = &place.witness;
    pack(&place, &place.log, 257, 260);
    test_ok(run(&place, &err), &err);
    copy_holds(&place, &place.log, 260);
    buf_free(&file);
    buf_free(&honest);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundles_alone_make_the_copy),
        cmocka_unit_test(a_gap_is_told_with_the_size_that_closes_it),
        cmocka_unit_test(an_older_bundle_is_refused),
        cmocka_unit_test(a_new_witness_begins_with_the_copy),
        cmocka_unit_test(a_witness_that_stayed_behind),
        cmocka_unit_test(a_second_story_is_refused_and_proved),
        cmocka_unit_test(one_story_alone_is_cosigned),
        cmocka_unit_test(keys_and_logs_that_are_not_the_ones),
        cmocka_unit_test(the_head_is_a_request),
        cmocka_unit_test(no_flip_comes_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
