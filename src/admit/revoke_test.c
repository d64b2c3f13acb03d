/* Proves: from its effective index on a revoked key does not count, below it it does; only a key
 * that a root named is revoked, with the threshold of the root, and never so that nobody is left
 * to sign the next root; a revoked key does not come back. */
#include "admit/admit_test.h"

static char text[512];

static const char *revocation_of(char ret_json[512], const struct world *world, char letter,
                                 uint64_t from)
{
    char id[9];
    hex_encode(id, bytes_of(key_of(world, letter)->key.id, 4));
    (void)snprintf(ret_json, 512,
                   "{\"date\":\"2025-07-20\",\"key\":\"%c\",\"key_id\":\"%s\","
                   "\"effective_index\":%llu," REASON "}",
                   letter, id, (unsigned long long)from);
    return ret_json;
}

static void the_root_revokes(void **state)
{
    (void)state;
    struct world world;
    char json[512];
    world_begin(&world);
    add(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de"); /* 1 */
    refuse(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 2), "a", "1 of 2 signatures");
    refuse(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 2), "de", "0 of 2 signatures");
    refuse(&world, STMT_REVOKE, revocation_of(json, &world, 'j', 2), "ab", "no root has named");
    refuse(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 3), "ab", "3 lies ahead");
    /* The right name with the id of another key. */
    (void)revocation_of(json, &world, 'd', 2);
    char *id = strstr(json, "key_id\":\"") + 9;
    *id = *id == '0' ? '1' : '0';
    refuse(&world, STMT_REVOKE, json, "ab", "no root has named");
    add(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 2), "ab"); /* 2 */
    refuse(&world, STMT_DOCUMENT, document_of(text, 2, ""), "de", "revoked");
    refuse(&world, STMT_DOCUMENT, document_of(text, 2, ""), "d", "0 of 2 signatures");
    add(&world, STMT_DOCUMENT, document_of(text, 2, ""), "def"); /* e and f are enough */
    refuse(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 2), "ab",
           "from entry 2 on already");
    refuse(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 4), "ab",
           "from entry 2 on already");
    add(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 1), "bc"); /* stolen earlier */
    world_free(&world);
}

static struct stmt *read_entry(const struct buf *entry)
{
    struct stmt *stmt;
    struct err err = {0};
    test_ok(stmt_read(&stmt, "x", buf_bytes(entry), &err), &err);
    return stmt;
}

/* Judged once more after the revocation: what stands below stays good, what stands above falls. */
static void what_stands_below_stays_good(void **state)
{
    (void)state;
    struct world world;
    struct stmt_check check;
    struct err err = {0};
    char json[512];
    world_begin(&world);
    struct buf first = entry_of(&world, STMT_DOCUMENT, document_of(text, 1, ""), "de");
    admitted(&world, buf_bytes(&first)); /* 1 */
    struct buf second = entry_of(&world, STMT_DOCUMENT, document_of(text, 2, ""), "de");
    admitted(&world, buf_bytes(&second)); /* 2 */
    struct stmt *one = read_entry(&first);
    struct stmt *two = read_entry(&second);
    test_ok(admit_judge(&check, world.admit, 2, two, &err), &err);
    uint64_t from;
    assert_false(admit_reaches_back(&from, world.admit));
    add(&world, STMT_REVOKE, revocation_of(json, &world, 'f', 3), "ab"); /* 3, not back */
    assert_false(admit_reaches_back(&from, world.admit));
    add(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 2), "ab"); /* 4, back to 2 */
    assert_true(admit_reaches_back(&from, world.admit));
    assert_int_equal(from, 2);
    add(&world, STMT_REVOKE, revocation_of(json, &world, 'g', 4), "ab");
    assert_true(admit_reaches_back(&from, world.admit));
    assert_int_equal(from, 2);
    test_ok(admit_judge(&check, world.admit, 1, one, &err), &err);
    assert_int_equal(check.valid, 2);
    test_refused(admit_judge(&check, world.admit, 2, two, &err), SANAD_FALSE, &err, "revoked");
    assert_int_equal(check.valid, 1);
    stmt_free(one);
    stmt_free(two);
    buf_free(&first);
    buf_free(&second);
    world_free(&world);
}

static void somebody_is_left_to_sign_the_next_root(void **state)
{
    (void)state;
    struct world world;
    char json[512];
    world_begin(&world);
    add(&world, STMT_REVOKE, revocation_of(json, &world, 'a', 1), "ab"); /* b and c are left */
    refuse(&world, STMT_REVOKE, revocation_of(json, &world, 'b', 2), "bc",
           "only 1 keys of role root are left");
    refuse(&world, STMT_REVOKE, revocation_of(json, &world, 'd', 2), "ab", "revoked");
    struct root_text next = {.version = 2,
                             .date = "2025-08-01",
                             .keys = "bchi",
                             .roles = "{\"root\":{\"threshold\":2,\"keys\":[\"c\",\"h\",\"i\"]}}"};
    refuse_root(&world, &next, "ahi", "under the root before it");
    next.keys = "abchi";
    refuse_root(&world, &next, "bchi", "key a is revoked");
    next.keys = "bchi";
    add_root(&world, &next, "bch");
    /* b was replaced: it can go now, under the new root's threshold. */
    add(&world, STMT_REVOKE, revocation_of(json, &world, 'b', 3), "hi");
    world_free(&world);
}

/* A root stays one, also where a key that signed it is revoked for the time before. */
static void a_root_is_never_unmade(void **state)
{
    (void)state;
    struct world world;
    struct stmt_check check;
    struct err err = {0};
    char json[512];
    world_begin(&world);
    struct root_text next = {.version = 2,
                             .date = "2025-08-01",
                             .keys = "chi",
                             .roles = "{\"root\":{\"threshold\":2,\"keys\":[\"c\",\"h\",\"i\"]}}"};
    struct buf body = root_body(&world, &next);
    struct buf entry = entry_of(&world, STMT_ROOT, buf_cstr(&body), "abhi");
    admitted(&world, buf_bytes(&entry)); /* 1 */
    add(&world, STMT_REVOKE, revocation_of(json, &world, 'a', 0), "hi");
    struct stmt *root = read_entry(&entry);
    test_ok(admit_judge(&check, world.admit, 1, root, &err), &err);
    assert_int_equal(admit_root_version(world.admit, 3), 2);
    stmt_free(root);
    buf_free(&entry);
    buf_free(&body);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_revokes),
        cmocka_unit_test(what_stands_below_stays_good),
        cmocka_unit_test(somebody_is_left_to_sign_the_next_root),
        cmocka_unit_test(a_root_is_never_unmade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
