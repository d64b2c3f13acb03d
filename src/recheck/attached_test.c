/* Proves: a file that a statement names holds by hash and size alone; of an annex each part that
 * is opened holds or is contradicted, what stays sealed is undecided, and an opening of something
 * else is no opening; and opening files are read strictly. */
#include "recheck/recheck.h"
#include "support.h"

static const char whole_text[] = "all of it";
static const char part_text[] = "a part";

static struct bytes bytes_text(const char *text)
{
    return bytes_of_text(text);
}

static struct annex_opening opening_of(uint8_t salt, const char *label, const char *plain)
{
    struct annex_opening opening = {0};
    memset(opening.salt, salt, sizeof opening.salt);
    (void)snprintf(opening.label, sizeof opening.label, "%s", label);
    annex_commit(&opening.commitment, opening.salt, bytes_text(plain));
    return opening;
}

static struct stmt annex_of(bool with_items)
{
    const struct annex_opening whole = opening_of(1, "", whole_text);
    const struct annex_opening part = opening_of(2, "a.txt", part_text);
    const struct annex_opening other = opening_of(3, "b.txt", "another");
    struct stmt stmt = {.kind = STMT_ANNEX};
    stmt.json = json_pack("{s:o}", "commitment", json_hash_straight(&whole.commitment));
    if (with_items)
        json_object_set_new(stmt.json, "items",
                            json_pack("[{s:s, s:o}, {s:s, s:o}]", "label", "a.txt", "commitment",
                                      json_hash_straight(&part.commitment), "label", "b.txt",
                                      "commitment", json_hash_straight(&other.commitment)));
    return stmt;
}

static enum verdict judged(const struct stmt *stmt, const struct annex_opening *openings,
                           size_t opening_count, const char *plain)
{
    struct recheck recheck = {0};
    struct bytes plains[1] = {plain ? bytes_text(plain) : bytes_of(NULL, 0)};
    struct recheck_opened opened = {.openings = openings,
                                    .opening_count = opening_count,
                                    .plains = plains,
                                    .plain_count = plain ? 1 : 0};
    recheck_annex(&recheck, stmt, &opened);
    assert_true(recheck.count > 0);
    return recheck.verdict;
}

static void a_commitment_is_what_the_format_says(void **state)
{
    (void)state;
    struct buf bytes = buf_with_max(1024);
    struct hash256 hash;
    const struct annex_opening whole = opening_of(1, "", whole_text);
    buf_text(&bytes, "sanad/annex/v1\n");
    buf_add(&bytes, bytes_of(whole.salt, 32));
    buf_text(&bytes, whole_text);
    sha256_of(&hash, buf_bytes(&bytes));
    assert_true(hash256_equal(&hash, &whole.commitment));
    buf_free(&bytes);
}

static void what_is_opened_holds(void **state)
{
    (void)state;
    struct stmt plain = annex_of(false);
    struct stmt parts = annex_of(true);
    const struct annex_opening whole = opening_of(1, "", whole_text);
    struct annex_opening salted = whole;
    const struct annex_opening both[2] = {whole, opening_of(2, "a.txt", part_text)};
    const struct annex_opening stranger = opening_of(9, "", whole_text);
    assert_int_equal(judged(&plain, &whole, 1, whole_text), VERDICT_HOLDS);
    assert_int_equal(judged(&parts, &whole, 1, whole_text), VERDICT_HOLDS);
    assert_int_equal(judged(&plain, NULL, 0, NULL), VERDICT_UNDECIDED);
    assert_int_equal(judged(&plain, NULL, 0, whole_text), VERDICT_UNDECIDED);
    assert_int_equal(judged(&plain, &whole, 1, NULL), VERDICT_UNDECIDED);
    assert_int_equal(judged(&plain, &whole, 1, "all of it."), VERDICT_CONTRADICTED);
    assert_int_equal(judged(&plain, &stranger, 1, whole_text), VERDICT_CONTRADICTED);
    salted.salt[0] ^= 1;
    assert_int_equal(judged(&plain, &salted, 1, whole_text), VERDICT_CONTRADICTED);
    /* One part is shown, the other stays sealed. */
    assert_int_equal(judged(&parts, &both[1], 1, part_text), VERDICT_UNDECIDED);
    assert_int_equal(judged(&parts, &both[1], 1, whole_text), VERDICT_CONTRADICTED);
    assert_int_equal(judged(&parts, both, 2, whole_text), VERDICT_CONTRADICTED);
    json_decref(plain.json);
    json_decref(parts.json);
}

static void a_file_holds_by_hash_and_size(void **state)
{
    (void)state;
    struct bytes file = bytes_text(whole_text);
    struct hash256 hash;
    struct stmt stmt = {.kind = STMT_DOCUMENT};
    sha256_of(&hash, file);
    stmt.json = json_pack("{s:o, s:i}", "sha256", json_hash_straight(&hash), "size", 9);
    struct recheck recheck = {0};
    recheck_attached(&recheck, &stmt, &file);
    assert_int_equal(recheck.verdict, VERDICT_HOLDS);
    recheck_attached(&recheck, &stmt, NULL);
    assert_int_equal(recheck.verdict, VERDICT_UNDECIDED);
    json_object_set_new(stmt.json, "size", json_integer(10));
    recheck = (struct recheck){0};
    recheck_attached(&recheck, &stmt, &file);
    assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
    json_object_set_new(stmt.json, "size", json_integer(9));
    file.size--;
    recheck = (struct recheck){0};
    recheck_attached(&recheck, &stmt, &file);
    assert_int_equal(recheck.verdict, VERDICT_CONTRADICTED);
    json_decref(stmt.json);
}

static void openings_are_read_as_written(void **state)
{
    (void)state;
    struct annex_opening again;
    struct err err = {0};
    const struct annex_opening labels[2] = {opening_of(1, "", whole_text),
                                            opening_of(2, "\xda\xa9.pdf", part_text)};
    for (size_t i = 0; i < countof(labels); i++) {
        struct buf text = buf_with_max(4096);
        annex_opening_write(&text, &labels[i]);
        test_ok(annex_opening_read(&again, "o.json", buf_bytes(&text), &err), &err);
        assert_string_equal(again.label, labels[i].label);
        assert_memory_equal(again.salt, labels[i].salt, 32);
        assert_true(hash256_equal(&again.commitment, &labels[i].commitment));
        buf_free(&text);
    }
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
    static const char *const bad[][2] = {
        {"[]", "not an object"},
        {"{}", "is missing"},
        {"{\"format\":\"sanad/opening/v2\",\"commitment\":\"" ZEROS "\",\"salt\":\"" ZEROS "\"}",
         "not an opening"},
        {"{\"format\":\"sanad/opening/v1\",\"commitment\":\"" ZEROS "\",\"salt\":\"00\"}", "salt"},
        {"{\"format\":\"sanad/opening/v1\",\"commitment\":\"\",\"salt\":\"" ZEROS "\"}",
         "commitment"},
        {"{\"format\":\"sanad/opening/v1\",\"commitment\":\"" ZEROS "\",\"salt\":\"" ZEROS
         "\",\"x\":1}",
         "\"x\""},
    };
    for (size_t i = 0; i < countof(bad); i++)
        test_refused(annex_opening_read(&again, "o.json", bytes_of_text(bad[i][0]), &err),
                     SANAD_REFUSED, &err, bad[i][1]);
    assert_true(annex_is_age(bytes_of_text("age-encryption.org/v1\n-> X25519 x\n")));
    assert_false(annex_is_age(bytes_of_text("age-encryption.org/v1\n")));
    assert_false(annex_is_age(bytes_of_text("%PDF-1.7 age-encryption.org/v1\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commitment_is_what_the_format_says),
        cmocka_unit_test(what_is_opened_holds),
        cmocka_unit_test(a_file_holds_by_hash_and_size),
        cmocka_unit_test(openings_are_read_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
