/* Proves: a partner's checkpoint enters only as the partner signed it, with a key that our root
 * names, never backwards and never with two roots of one size; a partner's roots enter from the
 * one that our root pins, each next one by the rules of rotation. */
#include "admit/admit_test.h"

#include <stdlib.h>

static void world_with_partner(struct world *world, const char *pin)
{
    struct buf partners = buf_with_max(4096);
    world_make(world);
    partners_of(&partners, world, pin);
    add_root(world,
             &(struct root_text){
                 .version = 1, .keys = "abcdefg", .roles = ROLES, .partners = buf_cstr(&partners)},
             "ab");
    buf_free(&partners);
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

static void checkpoint_refused(struct world *world, const struct claimed *claimed,
                               const struct claimed *noted, char letter, const char *part)
{
    char *json = checkpoint_json(world, claimed, noted, letter);
    refuse(world, STMT_PARTNER_CHECKPOINT, json, "g", part);
    free(json);
}

static void checkpoint_admitted(struct world *world, const struct claimed *claimed)
{
    char *json = checkpoint_json(world, claimed, claimed, 'j');
    add(world, STMT_PARTNER_CHECKPOINT, json, "g");
    free(json);
}

static void a_checkpoint_is_the_partners_own(void **state)
{
    (void)state;
    struct world world;
    const struct claimed right = claimed_of(5, 1);
    struct claimed other = right;
    world_with_partner(&world, NULL);
    assert_int_equal(admit_partner_count(world.admit), 1);
    assert_false(admit_partner(world.admit, 0)->has_tree);
    checkpoint_refused(&world, &right, &right, 'i', "no signature of a key that our root names");
    checkpoint_refused(&world, &right, &right, 'g', "no signature of a key that our root names");
    other.size = 6;
    checkpoint_refused(&world, &other, &right, 'j', "its size is not the one stated");
    other = claimed_of(5, 2);
    checkpoint_refused(&world, &other, &right, 'j', "its root is not the one stated");
    other = right;
    other.origin = "xq.example/log";
    checkpoint_refused(&world, &other, &other, 'j', "names no partner xp with log xq.example/log");
    checkpoint_refused(&world, &right, &other, 'j', "its origin is not the one stated");
    other = right;
    other.partner = "xq";
    checkpoint_refused(&world, &other, &right, 'j', "names no partner xq");
    char *json = checkpoint_json(&world, &right, &right, 'j');
    refuse(&world, STMT_PARTNER_CHECKPOINT, json, "d", "0 of 1 signatures");
    char *blank = strstr(json, "\"\", ");
    memmove(blank, blank + 4, strlen(blank + 4) + 1);
    refuse(&world, STMT_PARTNER_CHECKPOINT, json, "g", "partner-checkpoint");
    free(json);
    checkpoint_admitted(&world, &right);
    assert_int_equal(admit_partner(world.admit, 0)->tree.size, 5);
    assert_int_equal(admit_partner(world.admit, 0)->tree_entry, 1);
    world_free(&world);
}

/* One character of the signature is another: a known key that fails. */
static void a_checkpoint_that_was_changed_is_refused(void **state)
{
    (void)state;
    struct world world;
    const struct claimed right = claimed_of(5, 1);
    world_with_partner(&world, NULL);
    char *json = checkpoint_json(&world, &right, &right, 'j');
    char *line = strstr(json, "\xe2\x80\x94 j ");
    assert_non_null(line);
    line[40] = line[40] == 'A' ? 'B' : 'A';
    refuse(&world, STMT_PARTNER_CHECKPOINT, json, "g", "does not verify");
    free(json);
    world_free(&world);
}

static void a_partner_never_goes_back(void **state)
{
    (void)state;
    struct world world;
    const struct claimed five = claimed_of(5, 1);
    const struct claimed five_again = claimed_of(5, 2);
    const struct claimed four = claimed_of(4, 1);
    const struct claimed nine = claimed_of(9, 3);
    world_with_partner(&world, NULL);
    checkpoint_admitted(&world, &five);
    checkpoint_refused(&world, &four, &four, 'j', "older than the one in entry 1");
    checkpoint_refused(&world, &five_again, &five_again, 'j', "another root in entry 1");
    checkpoint_admitted(&world, &five); /* nothing new to say, on another day of ours */
    checkpoint_admitted(&world, &nine);
    checkpoint_refused(&world, &five, &five, 'j', "older than the one in entry 3");
    world_free(&world);
}

static void a_partner_that_is_dropped_speaks_no_more(void **state)
{
    (void)state;
    struct world world;
    const struct claimed five = claimed_of(5, 1);
    const struct claimed four = claimed_of(4, 1);
    struct buf partners = buf_with_max(4096);
    world_with_partner(&world, NULL);
    checkpoint_admitted(&world, &five);
    struct root_text root = {.version = 2, .date = "2025-02-01", .keys = "abcdefg", .roles = ROLES};
    add_root(&world, &root, "ab");
    assert_int_equal(admit_partner_count(world.admit), 0);
    checkpoint_refused(&world, &five, &five, 'j', "names no partner");
    /* What it said is remembered when it comes back. */
    partners_of(&partners, &world, NULL);
    root.version = 3;
    root.partners = buf_cstr(&partners);
    add_root(&world, &root, "ab");
    checkpoint_refused(&world, &four, &four, 'j', "older than the one in entry 1");
    checkpoint_admitted(&world, &five);
    buf_free(&partners);
    world_free(&world);
}

/* ---- roots ------------------------------------------------------------------------------------
 */

/* A root of the partner's log: keys h and i. */
static struct buf partner_root(const struct world *world, int version, const char *date,
                               const char *keys, const char *signers)
{
    struct buf roles = buf_with_max(4096);
    buf_text(&roles, "{\"root\":{\"threshold\":1,\"keys\":[");
    for (const char *k = keys; *k; k++)
        buf_format(&roles, "%s\"%c\"", k == keys ? "" : ",", *k);
    buf_text(&roles, "]}}");
    struct root_text root = {
        .version = version, .date = date, .keys = keys, .roles = buf_cstr(&roles)};
    struct buf body = root_body(world, &root);
    struct stmt_place place = {.authority = "xp",
                               .log = PARTNER_ORIGIN,
                               .seq = (uint64_t)version - 1,
                               .prev = version == 1 ? -1 : 70};
    struct buf entry = entry_at(world, STMT_ROOT, &place, buf_cstr(&body), signers);
    buf_free(&body);
    buf_free(&roles);
    return entry;
}

static void roots_of_a_partner_follow_the_pin(void **state)
{
    (void)state;
    struct world world;
    struct hash256 hash;
    struct err err = {0};
    char pin[HEX256_SIZE];
    world_make(&world);
    struct buf one = partner_root(&world, 1, "2025-01-01", "h", "h");
    struct buf other = partner_root(&world, 1, "2025-01-02", "h", "h");
    struct buf unsigned_one = partner_root(&world, 1, "2025-01-01", "h", "i");
    struct buf two = partner_root(&world, 2, "2025-02-01", "i", "hi");
    struct buf lone_two = partner_root(&world, 2, "2025-02-01", "i", "i");
    struct buf three = partner_root(&world, 3, "2025-03-01", "i", "i");
    test_ok(admit_text_hash(&hash, "root", buf_bytes(&one), &err), &err);
    hash256_straight(pin, &hash);
    world_free(&world);
    world_with_partner(&world, pin);
    refused(&world, buf_bytes(&two), "version 2 where 1 is next");
    refused(&world, buf_bytes(&other), "not the one that our root names");
    refused(&world, buf_bytes(&unsigned_one), "0 of 1 signatures");
    admitted(&world, buf_bytes(&one));
    refused(&world, buf_bytes(&one), "stands in the log already");
    refused(&world, buf_bytes(&lone_two), "under the root before it");
    refused(&world, buf_bytes(&three), "version 3 where 2 is next");
    admitted(&world, buf_bytes(&two));
    admitted(&world, buf_bytes(&three));
    assert_int_equal(admit_partner(world.admit, 0)->root_version, 3);
    /* Our own roots are not theirs, and nothing of ours counts on. */
    assert_int_equal(admit_root_version(world.admit, 4), 1);
    enum stmt_kind kind;
    assert_false(admit_kind(&kind, world.admit, 1));
    struct stmt_place place = next_place(&world, STMT_ROOT);
    assert_int_equal(place.seq, 1);
    assert_int_equal(place.prev, 0);
    buf_free(&one);
    buf_free(&other);
    buf_free(&unsigned_one);
    buf_free(&two);
    buf_free(&lone_two);
    buf_free(&three);
    world_free(&world);
}

static void what_a_root_says_of_partners(void **state)
{
    (void)state;
    struct world world;
    struct buf partners = buf_with_max(4096);
    struct buf key = buf_with_max(4096);
    world_with_partner(&world, HASH_A);
    struct root_text root = {.version = 2, .date = "2025-02-01", .keys = "abcdefg", .roles = ROLES};
    vkey_add(&key, key_of(&world, 'j'));
#define PARTNER(authority, log)                                                                    \
    buf_format(&partners, "{\"authority\":\"%s\",\"log\":\"%s\",\"keys\":[%s]}", authority, log,   \
               buf_cstr(&key))
    static const struct {
        const char *authority[2], *log[2], *part;
    } cases[] = {
        {{"xs", NULL}, {"a.example/log", NULL}, "nobody is a partner of itself"},
        {{"xq", NULL}, {ORIGIN, NULL}, "nobody is a partner of itself"},
        {{"xq", "xq"}, {"a.example/log", "b.example/log"}, "stands twice"},
        {{"xq", "xr"}, {"a.example/log", "a.example/log"}, "stands twice"},
        {{"xp", NULL}, {PARTNER_ORIGIN, NULL}, "the hash of its root 1 can't change"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        buf_reset(&partners);
        buf_text(&partners, "[");
        PARTNER(cases[i].authority[0], cases[i].log[0]);
        if (cases[i].authority[1]) {
            buf_text(&partners, ",");
            PARTNER(cases[i].authority[1], cases[i].log[1]);
        }
        buf_text(&partners, "]");
        root.partners = buf_cstr(&partners);
        refuse_root(&world, &root, "ab", cases[i].part);
    }
    buf_reset(&partners);
    partners_of(&partners, &world, HASH_B);
    root.partners = buf_cstr(&partners);
    refuse_root(&world, &root, "ab", "the hash of its root 1 can't change");
    buf_free(&partners);
    buf_free(&key);
    world_free(&world);
}

/* A root of somebody whom no root of ours names is a statement meant for another log. */
static void strangers_are_not_recorded(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    struct buf one = partner_root(&world, 1, "2025-01-01", "h", "h");
    refused(&world, buf_bytes(&one), "meant for the log " PARTNER_ORIGIN);
    world_free(&world);
    world_with_partner(&world, NULL);
    refused(&world, buf_bytes(&one), "no root of ours names its hash");
    world_free(&world);
    buf_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_is_the_partners_own),
        cmocka_unit_test(a_checkpoint_that_was_changed_is_refused),
        cmocka_unit_test(a_partner_never_goes_back),
        cmocka_unit_test(a_partner_that_is_dropped_speaks_no_more),
        cmocka_unit_test(roots_of_a_partner_follow_the_pin),
        cmocka_unit_test(what_a_root_says_of_partners),
        cmocka_unit_test(strangers_are_not_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
