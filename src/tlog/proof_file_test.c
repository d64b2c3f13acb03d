/* Proves: a proof file is read as it was written, and every other form is refused by name. */
#include "support.h"
#include "tlog/tlog.h"

#define HASH "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
#define NOTE "example.org/log\n1\n" HASH "\n\n\u2014 a AAAAAAAA\n"

static void a_file_is_read_as_written(void **state)
{
    (void)state;
    struct err err = {0};
    for (size_t count = 0; count <= TLOG_PROOF_MAX; count++) {
        struct arena arena = {0};
        struct buf raw = buf_with_max(1 << 16);
        struct tlog_proof_file read;
        struct tlog_proof_file file = {.index = count * 1000003,
                                       .proof = {.count = count},
                                       .extra = bytes_of_text(count % 2 ? "more" : ""),
                                       .checkpoint = bytes_of_text(NOTE)};
        for (size_t i = 0; i < count; i++)
            file.proof.hashes[i].b[i % 32] = (uint8_t)(i + 1);
        tlog_proof_file_write(&raw, &file);
        test_ok(tlog_proof_file_parse(&read, "file", buf_bytes(&raw), &arena, &err), &err);
        assert_int_equal(read.index, file.index);
        assert_true(bytes_equal(read.extra, file.extra));
        assert_true(bytes_equal(read.checkpoint, file.checkpoint));
        assert_int_equal(read.proof.count, count);
        assert_memory_equal(read.proof.hashes, file.proof.hashes, count * sizeof(struct hash256));
        buf_free(&raw);
        arena_free(&arena);
    }
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    static const char first[] = "c2sp.org/tlog-proof@v1\n";
    static const struct {
        const char *rest, *says;
    } rows[] = {
        {"", "no line \"index\""},
        {"index 1", "no line \"index\""},
        {"index\n\n" NOTE, "no line \"index\""},
        {"index 01\n\n" NOTE, "no line \"index\""},
        {"index -1\n\n" NOTE, "no line \"index\""},
        {"index +1\n\n" NOTE, "no line \"index\""},
        {"index 1 \n\n" NOTE, "no line \"index\""},
        {"index  1\n\n" NOTE, "no line \"index\""},
        {"index 9223372036854775808\n\n" NOTE, "no line \"index\""},
        {"index 18446744073709551617\n\n" NOTE, "no line \"index\""},
        {"index 1\r\n\n" NOTE, "no line \"index\""},
        {"extra AAAA\nextra AAAA\nindex 1\n\n" NOTE, "no line \"index\""},
        {"extra AAA\nindex 1\n\n" NOTE, "no base64"},
        {"extra AAB=\nindex 1\n\n" NOTE, "no base64"},
        {"index 1\n", "no checkpoint behind an empty line"},
        {"index 1\n\n", "no checkpoint"},
        {"index 1\n" HASH "\n", "no checkpoint behind an empty line"},
        {"index 1\n" HASH "\n\n", "no checkpoint"},
        {"index 1\n" HASH " \n\n" NOTE, "hash 1 is not 32 bytes"},
        {"index 1\n" HASH "\nAAAA\n\n" NOTE, "hash 2 is not 32 bytes"},
        {"index 1\nAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB=\n\n" NOTE, "hash 1 is not"},
        {"index 1\nindex 1\n\n" NOTE, "hash 1 is not 32 bytes"},
        {"index 1\nextra AAAA\n\n" NOTE, "hash 1 is not 32 bytes"},
    };
    struct arena arena = {0};
    struct tlog_proof_file file;
    struct err err = {0};
    struct buf raw = buf_with_max(1 << 16);
    for (size_t i = 0; i < countof(rows); i++) {
        buf_reset(&raw);
        buf_format(&raw, "%s%s", first, rows[i].rest);
        test_refused(tlog_proof_file_parse(&file, "file", buf_bytes(&raw), &arena, &err),
                     SANAD_REFUSED, &err, rows[i].says);
    }
    test_refused(tlog_proof_file_parse(&file, "file", bytes_of_text("c2sp.org/tlog-proof@v2\n"),
                                       &arena, &err),
                 SANAD_REFUSED, &err, "file: proof: its first line is not c2sp.org/tlog-proof@v1");
    buf_reset(&raw);
    buf_format(&raw, "%sindex 1\n", first);
    for (size_t i = 0; i <= TLOG_PROOF_MAX; i++)
        buf_text(&raw, HASH "\n");
    buf_text(&raw, "\n" NOTE);
    test_refused(tlog_proof_file_parse(&file, "file", buf_bytes(&raw), &arena, &err), SANAD_REFUSED,
                 &err, "over 63 hashes");
    buf_free(&raw);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_as_written),
        cmocka_unit_test(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
