/* Proves: an entry that breaks a rule of form, schema, origin, sequence, reference or signatures
 * is refused with its rule and changes nothing; what is next of each kind is told; and nothing
 * enters before a root. Roots, revocations and partners have tests of their own. */
#include "admit/admit_test.h"

#include <stdlib.h>

static char text[512];

static void nothing_enters_before_a_root(void **state)
{
    (void)state;
    struct world world;
    struct stmt_place place;
    struct err err = {0};
    world_make(&world);
    test_refused(admit_next(&place, world.admit, STMT_ROOT, &err), SANAD_REFUSED, &err,
                 "whose log");
    refuse(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de", "no root stands before it");
    assert_int_equal(admit_root_version(world.admit, 0), 0);
    world_free(&world);
}

static void an_entry_needs_its_form(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    struct buf entry = entry_of(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de");
    struct buf bad = buf_with_max(TLOG_ENTRY_MAX * 2);
    refused(&world, bytes_of_text(""), "entry 1: ");
    refused(&world, bytes_of_text("not a note\n"), "entry 1: statement");
    for (size_t cut = 1; cut < entry.size; cut += 97)
        refused(&world, bytes_of(entry.data, entry.size - cut), "entry 1: ");
    buf_add(&bad, buf_bytes(&entry));
    buf_text(&bad, "\n");
    refused(&world, buf_bytes(&bad), "entry 1: ");
    /* Too long for a bundle, by lines of strangers. */
    buf_reset(&bad);
    buf_add(&bad, buf_bytes(&entry));
    for (int i = 0; i < 90; i++) {
        buf_format(&bad, "\xe2\x80\x94 n%d ", i);
        for (int j = 0; j < 200; j++)
            buf_text(&bad, "AAAA");
        buf_text(&bad, "\n");
    }
    assert_true(bad.size > TLOG_ENTRY_MAX);
    refused(&world, buf_bytes(&bad), "over 65535 bytes");
    /* The last line once more. */
    buf_reset(&bad);
    buf_add(&bad, buf_bytes(&entry));
    size_t line = entry.size - 1;
    while (entry.data[line - 1] != '\n')
        line--;
    buf_add(&bad, bytes_of(entry.data + line, entry.size - line));
    refused(&world, buf_bytes(&bad), "signs twice");
    admitted(&world, buf_bytes(&entry));
    buf_free(&bad);
    buf_free(&entry);
    world_free(&world);
}

static void an_entry_needs_its_schema(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    refuse(&world, STMT_DOCUMENT, "{\"date\":\"2025-07-16\"}", "de", "\"sha256\": is missing");
    refuse(&world, STMT_DOCUMENT, document_of(text, 1, ",\"surplus\":1"), "de", "\"surplus\"");
    world_free(&world);
}

static void an_entry_is_meant_for_this_log(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    struct stmt_place place = next_place(&world, STMT_DOCUMENT);
    place.log = "other.example/log";
    struct buf entry = entry_at(&world, STMT_DOCUMENT, &place, document_of(text, 1, ""), "de");
    refused(&world, buf_bytes(&entry), "meant for the log other.example/log");
    buf_free(&entry);
    place = next_place(&world, STMT_DOCUMENT);
    place.authority = "xp";
    entry = entry_at(&world, STMT_DOCUMENT, &place, document_of(text, 1, ""), "de");
    refused(&world, buf_bytes(&entry), "xp speaks, and this is the log of xs");
    buf_free(&entry);
    world_free(&world);
}

static void the_authority_may_be_given(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    admit_free(world.admit);
    world.admit = admit_new(&(struct admit_options){.origin = ORIGIN, .authority = "zz"});
    struct stmt_place place = {.authority = "xs", .log = ORIGIN, .prev = -1};
    struct root_text root = {.version = 1, .keys = "abcdefg", .roles = ROLES};
    struct buf body = root_body(&world, &root);
    struct buf entry = entry_at(&world, STMT_ROOT, &place, buf_cstr(&body), "ab");
    refused(&world, buf_bytes(&entry), "xs speaks, and this is the log of zz");
    buf_free(&entry);
    place.authority = "zz";
    entry = entry_at(&world, STMT_ROOT, &place, buf_cstr(&body), "ab");
    admitted(&world, buf_bytes(&entry));
    buf_free(&entry);
    buf_free(&body);
    world_free(&world);
}

static void one_statement_stands_once(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    struct buf entry = entry_of(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de");
    struct buf others = entry_of(&world, STMT_DOCUMENT, document_of(text, 1, ""), "df");
    admitted(&world, buf_bytes(&entry));
    refused(&world, buf_bytes(&entry), "stands in the log already");
    refused(&world, buf_bytes(&others), "stands in the log already");
    buf_free(&entry);
    buf_free(&others);
    world_free(&world);
}

static void sequence_refused(struct world *world, uint64_t seq, int64_t prev)
{
    struct stmt_place place = {.authority = "xs", .log = ORIGIN, .seq = seq, .prev = prev};
    struct buf entry = entry_at(world, STMT_DOCUMENT, &place, document_of(text, 9, ""), "de");
    refused(world, buf_bytes(&entry), "are next");
    buf_free(&entry);
}

static void each_kind_counts_for_itself(void **state)
{
    (void)state;
    struct world world;
    struct stmt_place place;
    struct err err = {0};
    world_begin(&world);
    sequence_refused(&world, 0, 0); /* the first has none before it */
    sequence_refused(&world, 1, -1);
    add(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de"); /* 1 */
    add(&world, STMT_AGREEMENT,
        "{\"date\":\"2025-07-16\",\"parties\":[\"xs\",\"xp\"],\"document_sha256\":\"" HASH_A
        "\",\"title\":{\"en\":\"t\"},\"authoritative\":\"en\"}",
        "g"); /* 2 */
    test_ok(admit_next(&place, world.admit, STMT_DOCUMENT, &err), &err);
    assert_int_equal(place.seq, 1);
    assert_int_equal(place.prev, 1);
    assert_string_equal(place.authority, "xs");
    assert_string_equal(place.log, ORIGIN);
    sequence_refused(&world, 1, 2);  /* the one before, but not of its kind */
    sequence_refused(&world, 1, -1); /* none */
    sequence_refused(&world, 0, 1);  /* a number that is taken */
    sequence_refused(&world, 2, 1);  /* a gap */
    sequence_refused(&world, 1, 3);  /* itself */
    add(&world, STMT_DOCUMENT, document_of(text, 2, ""), "de");
    enum stmt_kind kind;
    assert_true(admit_kind(&kind, world.admit, 2));
    assert_int_equal(kind, STMT_AGREEMENT);
    assert_false(admit_kind(&kind, world.admit, 4));
    world_free(&world);
}

static void correction_of(char ret_json[512], int index, const char *kind)
{
    (void)snprintf(ret_json, 512,
                   "{\"date\":\"2025-07-17\",\"corrects\":%d,\"kind\":\"%s\"," REASON "}", index,
                   kind);
}

static void references_name_what_stands_there(void **state)
{
    (void)state;
    struct world world;
    char json[512];
    world_begin(&world);
    add(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de"); /* 1 */
    refuse(&world, STMT_DOCUMENT, document_of(text, 2, ",\"supersedes\":0"), "de", "stands a root");
    refuse(&world, STMT_DOCUMENT, document_of(text, 2, ",\"supersedes\":2"), "de",
           "no statement stands at 2");
    refuse(&world, STMT_DOCUMENT, document_of(text, 2, ",\"translation_of\":0"), "de",
           "stands a root");
    add(&world, STMT_DOCUMENT, document_of(text, 2, ",\"supersedes\":1,\"translation_of\":1"),
        "de"); /* 2 */
    correction_of(json, 1, "agreement");
    refuse(&world, STMT_CORRECTION, json, "g", "at 1 stands a document");
    correction_of(json, 3, "document");
    refuse(&world, STMT_CORRECTION, json, "de", "no statement stands at 3");
    correction_of(json, 1, "document");
    refuse(&world, STMT_CORRECTION, json, "g", "0 of 2 signatures");
    refuse(&world, STMT_CORRECTION, json, "ab", "0 of 2 signatures");
    add(&world, STMT_CORRECTION, json, "ef"); /* 3 */
    correction_of(json, 3, "document");
    refuse(&world, STMT_CORRECTION, json, "de", "at 3 stands a correction");
    world_free(&world);
}

static void annexes_and_anchors_point_back(void **state)
{
    (void)state;
    struct world world;
    char json[1024];
    world_begin(&world);
    for (int index = 2; index >= 0; index--) {
        (void)snprintf(json, sizeof json,
                       "{\"date\":\"2025-07-16\",\"ciphertext_sha256\":\"" HASH_A
                       "\",\"ciphertext_size\":1,\"commitment\":\"" HASH_B
                       "\",\"recipients\":[\"age1\"],\"annex_of\":%d}",
                       index);
        if (index > 0)
            refuse(&world, STMT_ANNEX, json, "g", "no statement stands at");
        else
            add(&world, STMT_ANNEX, json, "g"); /* 1 */
    }
    for (int size = 3; size >= 2; size--) {
        (void)snprintf(json, sizeof json,
                       "{\"date\":\"2025-07-16\",\"size\":%d,\"root_hash\":\"" HASH_A
                       "\",\"checkpoint_sha256\":\"" HASH_A
                       "\",\"chain\":\"main\",\"height\":5,\"block_hash\":\"" HASH_A
                       "\",\"proof_sha256\":\"" HASH_A "\"}",
                       size);
        if (size > 2)
            refuse(&world, STMT_ANCHOR, json, "g", "3 lies ahead");
        else
            add(&world, STMT_ANCHOR, json, "g");
    }
    world_free(&world);
}

static void the_role_must_sign(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    const char *json = document_of(text, 1, "");
    refuse(&world, STMT_DOCUMENT, json, "d", "1 of 2 signatures");
    refuse(&world, STMT_DOCUMENT, json, "dg", "1 of 2 signatures");  /* g is of other roles */
    refuse(&world, STMT_DOCUMENT, json, "dab", "1 of 2 signatures"); /* root is no master key */
    refuse(&world, STMT_DOCUMENT, json, "dj", "1 of 2 signatures");  /* j is nobody */
    refuse(&world, STMT_CLAIM,
           "{\"id\":\"c\",\"nation\":\"XS\",\"publisher\":\"p\",\"date\":\"2025-07-16\","
           "\"quantity\":\"q\",\"printed\":\"1\",\"unit\":\"BTC\",\"source\":\"s\",\"note\":\"\"}",
           "abcdefg", "nobody has the role claim");
    struct buf entry = entry_of(&world, STMT_DOCUMENT, json, "def");
    /* A signature of a known key that fails spoils the entry, however many hold. */
    entry.data[entry.size - 10] = entry.data[entry.size - 10] == 'A' ? 'B' : 'A';
    refused(&world, buf_bytes(&entry), "does not verify");
    buf_free(&entry);
    add(&world, STMT_DOCUMENT, json, "djf"); /* a stranger's line is no harm */
    world_free(&world);
}

/* The writer of a log does not verify again what it has signed; all else it does. */
static void what_was_admitted_before_is_not_verified_again(void **state)
{
    (void)state;
    struct world world;
    char json[512];
    char id[9];
    world_make(&world);
    admit_free(world.admit);
    world.admit = admit_new(&(struct admit_options){.origin = ORIGIN, .admitted_before = 3});
    struct root_text root = {.version = 1, .keys = "abcdefg", .roles = ROLES};
    refuse_root(&world, &root, "a", "1 of 2 signatures");
    add_root(&world, &root, "ab"); /* 0 */
    refuse(&world, STMT_DOCUMENT, document_of(text, 1, ",\"x\":1"), "d", "\"x\"");
    add(&world, STMT_DOCUMENT, document_of(text, 1, ""), "d"); /* 1: one of two */
    hex_encode(id, bytes_of(key_of(&world, 'f')->key.id, 4));
    (void)snprintf(json, sizeof json,
                   "{\"date\":\"2025-07-20\",\"key\":\"f\",\"key_id\":\"%s\","
                   "\"effective_index\":1," REASON "}",
                   id);
    refuse(&world, STMT_REVOKE, json, "a", "1 of 2 signatures");
    add(&world, STMT_DOCUMENT, document_of(text, 2, ""), "d"); /* 2 */
    refuse(&world, STMT_DOCUMENT, document_of(text, 3, ""), "d", "1 of 2 signatures");
    add(&world, STMT_DOCUMENT, document_of(text, 3, ""), "de");
    world_free(&world);
}

static void sizes_and_names(void **state)
{
    (void)state;
    struct hash256 one;
    struct hash256 two;
    struct err err = {0};
    struct world world;
    world_begin(&world);
    struct buf entry = entry_of(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de");
    struct buf other = entry_of(&world, STMT_DOCUMENT, document_of(text, 1, ""), "f");
    test_ok(admit_text_hash(&one, "x", buf_bytes(&entry), &err), &err);
    test_ok(admit_text_hash(&two, "x", buf_bytes(&other), &err), &err);
    assert_true(hash256_equal(&one, &two));
    test_refused(admit_text_hash(&one, "x", bytes_of_text("x"), &err), SANAD_REFUSED, &err, "x: ");
    test_ok(admit_visit(world.admit, 1, buf_bytes(&entry), &err), &err);
    assert_string_equal(admit_rule_name(ADMIT_SEQUENCE), "sequence");
    buf_free(&entry);
    buf_free(&other);
    world_free(&world);
    admit_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_enters_before_a_root),
        cmocka_unit_test(an_entry_needs_its_form),
        cmocka_unit_test(an_entry_needs_its_schema),
        cmocka_unit_test(an_entry_is_meant_for_this_log),
        cmocka_unit_test(the_authority_may_be_given),
        cmocka_unit_test(one_statement_stands_once),
        cmocka_unit_test(each_kind_counts_for_itself),
        cmocka_unit_test(references_name_what_stands_there),
        cmocka_unit_test(annexes_and_anchors_point_back),
        cmocka_unit_test(the_role_must_sign),
        cmocka_unit_test(what_was_admitted_before_is_not_verified_again),
        cmocka_unit_test(sizes_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
