/* Proves: lines that hold are put under the checkpoint beside those that stand there, of one key
 * the later, and the writer goes on with them; CR LF and a missing last newline are taken, any
 * other byte more or less is not, whatever is wrong with one line lets none in; and where the log
 * has gone on, its checkpoint is left alone and the older one comes out with its lines. */
#include "toylog.h"
#include "bundle/bundle.h"

#include <stdlib.h>

enum { COSIGNERS = 3 }; /* the policy knows all but the last */

struct place {
    char folder[PATH_SIZE];
    char public_folder[PATH_SIZE], private_folder[PATH_SIZE];
    struct note_key log, cosigners[COSIGNERS];
    uint8_t log_seed[32], seeds[COSIGNERS][32];
    struct tlog_policy *policy;
    struct bundle_answer_options options;
    struct bundle_answered answered;
    struct buf lines;
};

static struct tlog_writer_options writer_options(const struct place *place)
{
    return (struct tlog_writer_options){.public_folder = place->public_folder,
                                        .private_folder = place->private_folder,
                                        .origin = place->log.name,
                                        .key = &place->log,
                                        .seed = place->log_seed};
}

/* Adds entries, signs and places; with the lines that stand there only if they were of that tree.
 */
static void grow(struct place *place, size_t count)
{
    const struct tlog_writer_options options = writer_options(place);
    struct tlog_writer *writer;
    struct buf note;
    struct err err = {0};
    uint64_t first;
    struct bytes entry = bytes_of_text("an entry");
    test_ok(tlog_writer_open(&writer, &options, &err), &err);
    for (size_t i = 0; i < count; i++)
        test_ok(tlog_writer_add(writer, &first, &entry, 1, &err), &err);
    test_ok(tlog_writer_sign(writer, &note, &err), &err);
    test_ok(tlog_writer_place(writer, bytes_of(NULL, 0), &err), &err);
    buf_free(&note);
    tlog_writer_close(writer);
}

static void policy_make(struct place *place)
{
    struct buf text = buf_with_max(1 << 12);
    struct err err = {0};
    buf_text(&text, "log ");
    note_vkey_write(&text, &place->log);
    for (size_t i = 0; i + 1 < COSIGNERS; i++) {
        buf_format(&text, "\nwitness w%zu ", i);
        note_vkey_write(&text, &place->cosigners[i]);
    }
    buf_text(&text, "\ngroup both all w0 w1\nquorum both\n");
    test_ok(tlog_policy_parse(&place->policy, "policy", buf_bytes(&text), &err), &err);
    buf_free(&text);
}

static void place_open(struct place *place)
{
    struct err err = {0};
    *place = (struct place){.lines = buf_with_max(1 << 20)};
    test_folder_make(place->folder);
    test_ok(path_join(place->public_folder, place->folder, "log", &err), &err);
    test_ok(path_join(place->private_folder, place->folder, "log.private", &err), &err);
    toylog_key(&place->log, place->log_seed, "log.example/a", NOTE_KEY_TYPE_ED25519, 1);
    for (unsigned i = 0; i < COSIGNERS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "w%u.example", i);
        toylog_key(&place->cosigners[i], place->seeds[i], name, NOTE_KEY_TYPE_COSIGNATURE,
                   (uint8_t)(5 + i));
    }
    policy_make(place);
    const struct tlog_writer_options options = writer_options(place);
    test_ok(tlog_writer_init(&options, &err), &err);
    grow(place, 3);
    place->options = (struct bundle_answer_options){.folder = place->public_folder,
                                                    .private_folder = place->private_folder,
                                                    .policy = place->policy};
}

static void place_close(struct place *place)
{
    buf_free(&place->answered.note);
    buf_free(&place->lines);
    tlog_policy_free(place->policy);
    test_folder_remove(place->folder);
}

/* The log's checkpoint now. */
static void checkpoint_now(const struct place *place, struct buf *ret_raw)
{
    char path[PATH_SIZE];
    struct err err = {0};
    test_ok(path_join(path, place->public_folder, "checkpoint", &err), &err);
    test_ok(file_read(ret_raw, path, 1 << 20, &err), &err);
}

/* A cosigner's line over a checkpoint; empty: the log's. */
static void cosign(struct place *place, size_t cosigner, uint64_t time, struct bytes raw)
{
    struct buf now = {0};
    struct note note;
    struct arena arena = {0};
    struct err err = {0};
    if (raw.size == 0) {
        checkpoint_now(place, &now);
        raw = buf_bytes(&now);
    }
    test_ok(note_parse(&note, "checkpoint", raw, &arena, &err), &err);
    tlog_cosign(&place->lines, note.text, &place->cosigners[cosigner], place->seeds[cosigner],
                time);
    arena_free(&arena);
    buf_free(&now);
}

static int answer(struct place *place, struct bytes lines, struct err *err)
{
    buf_free(&place->answered.note);
    place->answered = (struct bundle_answered){.note = {0}};
    place->options.lines = lines;
    return bundle_answer(&place->answered, &place->options, err);
}

/* When a cosigner's line under the log's checkpoint was made; 0: there is none. */
static uint64_t standing(const struct place *place, size_t cosigner)
{
    struct buf raw;
    struct note note;
    struct arena arena = {0};
    struct err err = {0};
    uint64_t time = 0;
    bool valid = false;
    checkpoint_now(place, &raw);
    test_ok(note_parse(&note, "checkpoint", buf_bytes(&raw), &arena, &err), &err);
    test_ok(note_verify(&valid, &note, &place->log, 1, &err), &err);
    assert_true(valid);
    (void)tlog_cosigned_at(&time, &note, &place->cosigners[cosigner]); /* 0 where there is none */
    arena_free(&arena);
    buf_free(&raw);
    return time;
}

static void refused(struct place *place, struct bytes lines, int code, const char *words)
{
    struct buf before;
    struct buf after;
    struct err err = {0};
    checkpoint_now(place, &before);
    test_refused(answer(place, lines, &err), code, &err, words);
    checkpoint_now(place, &after);
    assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
    buf_free(&before);
    buf_free(&after);
}

/* ---- taken -------------------------------------------------------------------------------------
 */

static void lines_come_together(void **state)
{
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place);
    cosign(&place, 0, 100, bytes_of(NULL, 0));
    test_ok(answer(&place, buf_bytes(&place.lines), &err), &err);
    assert_true(place.answered.placed);
    assert_false(place.answered.quorum);
    assert_int_equal(place.answered.added, 1);
    assert_int_equal(place.answered.size, 3);
    assert_int_equal(place.answered.log_size, 3);
    assert_string_equal(place.answered.origin, "log.example/a");
    buf_reset(&place.lines);
    cosign(&place, 1, 50, bytes_of(NULL, 0)); /* another time than the first one's is fine */
    test_ok(answer(&place, buf_bytes(&place.lines), &err), &err);
    assert_true(place.answered.placed && place.answered.quorum);
    assert_int_equal(standing(&place, 0), 100);
    assert_int_equal(standing(&place, 1), 50);
    /* what is signed goes on, without the lines of the older tree */
    grow(&place, 2);
    assert_int_equal(standing(&place, 0), 0);
    place_close(&place);
}

static void of_one_key_the_later_stays(void **state)
{
    static const struct {
        uint64_t time;
        uint64_t stays;
        bool placed;
    } steps[] = {{100, 100, true}, {100, 100, false}, {99, 100, false},
                 {101, 101, true}, {1, 101, false},   {INT64_MAX, INT64_MAX, true}};
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place);
    for (size_t i = 0; i < countof(steps); i++) {
        buf_reset(&place.lines);
        cosign(&place, 0, steps[i].time, bytes_of(NULL, 0));
        test_ok(answer(&place, buf_bytes(&place.lines), &err), &err);
        assert_int_equal(place.answered.placed, steps[i].placed);
        assert_int_equal(place.answered.added, steps[i].placed);
        assert_int_equal(place.answered.known, !steps[i].placed);
        assert_true(standing(&place, 0) == steps[i].stays);
    }
    place_close(&place);
}

static void typed_by_hand(void **state)
{
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place);
    cosign(&place, 0, 100, bytes_of(NULL, 0));
    cosign(&place, 1, 100, bytes_of(NULL, 0));
    for (size_t way = 0; way < 4; way++) { /* LF or CR LF, with the last one or without */
        struct buf typed = buf_with_max(1 << 16);
        for (size_t i = 0; i < place.lines.size; i++) {
            bool last = i + 1 == place.lines.size;
            if (place.lines.data[i] == '\n' && last && way >= 2)
                break;
            if (place.lines.data[i] == '\n' && way % 2)
                buf_u8(&typed, '\r');
            buf_u8(&typed, place.lines.data[i]);
        }
        test_ok(answer(&place, buf_bytes(&typed), &err), &err);
        assert_int_equal(place.answered.added, way == 0 ? 2 : 0);
        assert_int_equal(place.answered.known, way == 0 ? 0 : 2);
        assert_true(place.answered.quorum);
        buf_free(&typed);
    }
    place_close(&place);
}

/* ---- not taken ---------------------------------------------------------------------------------
 */

static void no_other_byte(void **state)
{
    static const uint8_t bytes[] = {'\n', '\r', ' ', '\t', 0, 'A', '=', 0x80, 0xef};
    struct place place;
    struct err err = {0};
    (void)state;
    place_open(&place);
    cosign(&place, 0, 100, bytes_of(NULL, 0));
    cosign(&place, 1, 100, bytes_of(NULL, 0));
    struct bytes lines = buf_bytes(&place.lines);
    for (size_t at = 0; at <= lines.size; at++)
        for (size_t b = 0; b < countof(bytes); b++) { /* a byte more */
            struct buf more = buf_with_max(1 << 16);
            bool cr = bytes[b] == '\r' && at < lines.size && lines.data[at] == '\n';
            buf_add(&more, bytes_of(lines.data, at));
            buf_u8(&more, bytes[b]);
            buf_add(&more, bytes_of(lines.data + at, lines.size - at));
            int code = answer(&place, buf_bytes(&more), &err);
            if (cr)
                test_ok(code, &err);
            else
                assert_true(code == SANAD_REFUSED || code == SANAD_FALSE);
            buf_free(&more);
        }
    for (size_t at = 0; at < lines.size; at++) { /* a byte less */
        struct buf less = buf_with_max(1 << 16);
        buf_add(&less, bytes_of(lines.data, at));
        buf_add(&less, bytes_of(lines.data + at + 1, lines.size - at - 1));
        int code = answer(&place, buf_bytes(&less), &err);
        if (at + 1 == lines.size)
            test_ok(code, &err);
        else
            assert_true(code == SANAD_REFUSED || code == SANAD_FALSE);
        buf_free(&less);
    }
    place_close(&place);
}

static void any_bit_flipped_is_no_line(void **state)
{
    struct place place;
    (void)state;
    place_open(&place);
    cosign(&place, 0, 100, bytes_of(NULL, 0));
    cosign(&place, 1, 100, bytes_of(NULL, 0));
    for (size_t bit = 0; bit + 8 < 8 * place.lines.size; bit++) {
        struct err err = {0};
        place.lines.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int code = answer(&place, buf_bytes(&place.lines), &err);
        assert_true(code == SANAD_REFUSED || code == SANAD_FALSE);
        place.lines.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(standing(&place, 0), 0);
    assert_int_equal(standing(&place, 1), 0);
    place_close(&place);
}

static void one_bad_line_lets_none_in(void **state)
{
    struct place place;
    struct buf large = buf_with_max(1 << 20);
    (void)state;
    place_open(&place);
    refused(&place, bytes_of(NULL, 0), SANAD_REFUSED, "signature line");
    refused(&place, bytes_of_text("\n"), SANAD_REFUSED, "");
    cosign(&place, 0, 100, bytes_of(NULL, 0));
    size_t one = place.lines.size;
    cosign(&place, 2, 100, bytes_of(NULL, 0));
    refused(&place, buf_bytes(&place.lines), SANAD_REFUSED, "w2.example: no cosigner");
    place.lines.size = one;
    cosign(&place, 0, 101, bytes_of(NULL, 0));
    refused(&place, buf_bytes(&place.lines), SANAD_REFUSED, "2 lines of one key");
    place.lines.size = one;
    cosign(&place, 1, 0, bytes_of(NULL, 0));
    refused(&place, buf_bytes(&place.lines), SANAD_FALSE, "w1.example: it does not hold");
    place.lines.size = one;
    grow(&place, 1); /* the line is of the older tree */
    refused(&place, buf_bytes(&place.lines), SANAD_FALSE, "mistyped, or for another one");
    while (large.size <= BUNDLE_LINES_MAX)
        buf_add(&large, buf_bytes(&place.lines));
    refused(&place, buf_bytes(&large), SANAD_REFUSED, "65536");
    buf_free(&large);
    place_close(&place);
}

static void a_log_that_is_written_waits(void **state)
{
    struct place place;
    struct tlog_writer *writer;
    struct err err = {0};
    (void)state;
    place_open(&place);
    const struct tlog_writer_options options = writer_options(&place);
    cosign(&place, 0, 100, bytes_of(NULL, 0));
    test_ok(tlog_writer_open(&writer, &options, &err), &err);
    refused(&place, buf_bytes(&place.lines), SANAD_ENVIRONMENT, "another writer");
    tlog_writer_close(writer);
    place.options.private_folder = place.folder;
    refused(&place, buf_bytes(&place.lines), SANAD_REFUSED, "not the private folder");
    place.options.private_folder = place.private_folder;
    test_ok(answer(&place, buf_bytes(&place.lines), &err), &err);
    place_close(&place);
}

/* ---- the log has gone on -----------------------------------------------------------------------
 */

static void an_older_checkpoint_is_kept_with_its_lines(void **state)
{
    struct place place;
    struct buf older;
    struct buf newer;
    struct note note;
    struct arena arena = {0};
    struct err err = {0};
    uint64_t time = 0;
    (void)state;
    place_open(&place);
    checkpoint_now(&place, &older);
    cosign(&place, 0, 100, bytes_of(NULL, 0));
    cosign(&place, 1, 100, bytes_of(NULL, 0));
    /* named though it is the newest: nothing else than without */
    place.options.note = buf_bytes(&older);
    test_ok(answer(&place, buf_bytes(&place.lines), &err), &err);
    assert_true(place.answered.placed);
    grow(&place, 300);
    checkpoint_now(&place, &newer);
    test_ok(answer(&place, buf_bytes(&place.lines), &err), &err);
    assert_false(place.answered.placed);
    assert_true(place.answered.quorum);
    assert_int_equal(place.answered.size, 3);
    assert_int_equal(place.answered.log_size, 303);
    assert_int_equal(place.answered.added, 2);
    test_ok(note_parse(&note, "kept", buf_bytes(&place.answered.note), &arena, &err), &err);
    assert_int_equal(note.signature_count, 3);
    assert_true(tlog_cosigned_at(&time, &note, &place.cosigners[1]));
    refused(&place, bytes_of(place.lines.data, place.lines.size / 2 - 9), SANAD_FALSE,
            "it does not hold");
    arena_free(&arena);
    buf_free(&older);
    buf_free(&newer);
    place_close(&place);
}

/* A checkpoint of the log's own key that is not the log's beginning. */
static void a_checkpoint_of_another_story(void **state)
{
    struct place place;
    struct toylog other;
    (void)state;
    place_open(&place);
    for (size_t size = 2; size <= 4; size++) {
        struct buf note = buf_with_max(1 << 16);
        toylog_make(&other, "log.example/a", size, SIZE_MAX); /* the same key: number 1 */
        toylog_checkpoint(&other, &note, size);
        buf_reset(&place.lines);
        cosign(&place, 0, 100, buf_bytes(&note));
        place.options.note = buf_bytes(&note);
        refused(&place, buf_bytes(&place.lines), SANAD_FALSE,
                size == 4 ? "the log has only 3" : "are not those that were cosigned");
        buf_free(&note);
        toylog_free(&other);
    }
    struct buf note = buf_with_max(1 << 16);
    toylog_make(&other, "log.example/b", 3, SIZE_MAX);
    toylog_checkpoint(&other, &note, 3);
    place.options.note = buf_bytes(&note);
    refused(&place, buf_bytes(&place.lines), SANAD_REFUSED, "the log of this folder");
    buf_free(&note);
    toylog_free(&other);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_together),
        cmocka_unit_test(of_one_key_the_later_stays),
        cmocka_unit_test(typed_by_hand),
        cmocka_unit_test(no_other_byte),
        cmocka_unit_test(any_bit_flipped_is_no_line),
        cmocka_unit_test(one_bad_line_lets_none_in),
        cmocka_unit_test(a_log_that_is_written_waits),
        cmocka_unit_test(an_older_checkpoint_is_kept_with_its_lines),
        cmocka_unit_test(a_checkpoint_of_another_story),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
