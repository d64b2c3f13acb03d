/* Proves: a root follows the one before it with the thresholds of both, in the order of versions
 * and dates; root 1 may be pinned; a root that expired judges nothing of a later day; an entry is
 * judged under the root in force at its index. */
#include "admit/admit_test.h"

static char text[512];

#define ROOT_OF(threshold, keys) "{\"root\":{\"threshold\":" threshold ",\"keys\":[" keys "]}"

static void root_1_signs_itself(void **state)
{
    (void)state;
    struct world world;
    struct root_text root = {.version = 1, .keys = "abcdefg", .roles = ROLES};
    world_make(&world);
    refuse_root(&world, &root, "a", "1 of 2 signatures");
    refuse_root(&world, &root, "de", "0 of 2 signatures");
    root.version = 2;
    refuse_root(&world, &root, "ab", "version 2 where 1 is next");
    root.version = 1;
    root.roles = ROOT_OF("1", "\"h\"") "}";
    refuse_root(&world, &root, "ab", "h");
    root.roles = "{\"document\":{\"threshold\":1,\"keys\":[\"d\"]}}";
    refuse_root(&world, &root, "d", "role root: is missing");
    root.roles = ROLES;
    root.expires = "2025-01-01";
    refuse_root(&world, &root, "ab", "\"expires\": not after");
    root.expires = NULL;
    add_root(&world, &root, "bc");
    assert_int_equal(admit_root_version(world.admit, 0), 0);
    assert_int_equal(admit_root_version(world.admit, 1), 1);
    world_free(&world);
}

static void root_1_may_be_pinned(void **state)
{
    (void)state;
    struct world world;
    struct hash256 pin;
    struct err err = {0};
    struct root_text root = {.version = 1, .keys = "abcdefg", .roles = ROLES};
    world_make(&world);
    struct buf body = root_body(&world, &root);
    struct buf entry = entry_of(&world, STMT_ROOT, buf_cstr(&body), "ab");
    test_ok(admit_text_hash(&pin, "root", buf_bytes(&entry), &err), &err);
    struct admit_options options = {.origin = ORIGIN, .root_sha256 = &pin};
    admit_free(world.admit);
    world.admit = admit_new(&options);
    /* Other keys, rightly signed by themselves. */
    refuse_root(
        &world,
        &(struct root_text){.version = 1, .keys = "hij", .roles = ROOT_OF("1", "\"h\"") "}"}, "h",
        "not the root 1 that is trusted");
    admitted(&world, buf_bytes(&entry));
    buf_free(&entry);
    buf_free(&body);
    world_free(&world);
}

/* Root 2: h and i take the place of a and b. */
static const struct root_text second = {
    .version = 2,
    .date = "2025-06-01",
    .keys = "chidef",
    .roles = ROOT_OF("2", "\"c\",\"h\",\"i\"") ",\"document\":{\"threshold\":1,\"keys\":[\"d\"]}}"};

static void rotation_needs_both_thresholds(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    refuse_root(&world, &second, "hi", "under the root before it");
    refuse_root(&world, &second, "ab", "root: 0 of 2 signatures");
    refuse_root(&world, &second, "ah", "under the root before it");
    refuse_root(&world, &second, "abh", "1 of 2 signatures");
    refuse_root(&world, &second, "chi", "under the root before it");
    struct root_text root = second;
    root.version = 3;
    refuse_root(&world, &root, "abhi", "version 3 where 2 is next");
    root.version = 1;
    refuse_root(&world, &root, "abhi", "version 1 where 2 is next");
    root.version = 2;
    root.date = "2024-12-31";
    refuse_root(&world, &root, "abhi", "before that of root 1");
    add_root(&world, &second, "ach"); /* c counts in both */
    assert_int_equal(admit_root_version(world.admit, 1), 1);
    assert_int_equal(admit_root_version(world.admit, 2), 2);
    world_free(&world);
}

static void the_new_root_is_in_force(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    refuse(&world, STMT_DOCUMENT, document_of(text, 1, ""), "d", "1 of 2 signatures");
    add(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de");
    add_root(&world, &second, "abhi");
    refuse(&world, STMT_DOCUMENT, document_of(text, 2, ""), "ef", "under root 2");
    add(&world, STMT_DOCUMENT, document_of(text, 2, ""), "d");
    refuse(&world, STMT_AGREEMENT,
           "{\"date\":\"2025-07-16\",\"parties\":[\"xs\",\"xp\"],\"document_sha256\":\"" HASH_A
           "\",\"title\":{\"en\":\"t\"},\"authoritative\":\"en\"}",
           "g", "nobody has the role agreement");
    /* Root 1's keys can't bring themselves back. */
    struct root_text third = {
        .version = 3, .date = "2025-07-01", .keys = "abcdefg", .roles = ROLES};
    refuse_root(&world, &third, "ab", "under the root before it");
    add_root(&world, &third, "abhi");
    world_free(&world);
}

/* What stands at an index is judged as it was there, whatever came later. */
static void an_index_has_its_root(void **state)
{
    (void)state;
    struct world world;
    struct stmt_check check;
    struct stmt *stmt;
    struct err err = {0};
    world_begin(&world);
    struct buf entry = entry_of(&world, STMT_DOCUMENT, document_of(text, 1, ""), "ef");
    admitted(&world, buf_bytes(&entry));
    add_root(&world, &second, "abhi");
    test_ok(stmt_read(&stmt, "x", buf_bytes(&entry), &err), &err);
    test_ok(admit_judge(&check, world.admit, 1, stmt, &err), &err);
    assert_int_equal(check.valid, 2);
    test_refused(admit_judge(&check, world.admit, 3, stmt, &err), SANAD_MISSING, &err, "root 2");
    test_refused(admit_judge(&check, world.admit, 0, stmt, &err), SANAD_MISSING, &err, "no root");
    stmt_free(stmt);
    buf_free(&entry);
    world_free(&world);
}

static void a_root_expires(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    struct root_text root = {
        .version = 1, .expires = "2025-07-17", .keys = "abcdefg", .roles = ROLES};
    add_root(&world, &root, "ab");
    add(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de"); /* of the last day */
    char json[512];
    (void)document_of(json, 2, "");
    memcpy(strstr(json, "2025-07-16"), "2025-07-17", 10);
    refuse(&world, STMT_DOCUMENT, json, "de", "had expired");
    /* Its keys still say what comes after it. */
    root =
        (struct root_text){.version = 2, .date = "2025-08-01", .keys = "abcdefg", .roles = ROLES};
    add_root(&world, &root, "ab");
    add(&world, STMT_DOCUMENT, json, "de");
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_1_signs_itself),
        cmocka_unit_test(root_1_may_be_pinned),
        cmocka_unit_test(rotation_needs_both_thresholds),
        cmocka_unit_test(the_new_root_is_in_force),
        cmocka_unit_test(an_index_has_its_root),
        cmocka_unit_test(a_root_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
