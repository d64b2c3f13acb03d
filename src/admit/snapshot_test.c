/* Proves: what was kept of a log says of every next entry what the log itself says; it is taken for
 * its own tree, origin and key alone, never with a bit changed or a byte missing; and even sealed
 * with the key it is left where something that decides was left out, altered or does not fit. */
#include "admit/admit_priv.h"
#include "admit/admit_test.h"

static const uint8_t seed[32] = {7};
static const struct tlog_tree tree = {.size = 8, .root = {{9}}};

static void checkpoint(struct world *world, uint64_t size, uint8_t root)
{
    const struct claimed claimed = claimed_of(size, root);
    char *json = checkpoint_json(world, &claimed, &claimed, 'j');
    add(world, STMT_PARTNER_CHECKPOINT, json, "g");
    free(json);
}

static void revocation(struct world *world, char letter, unsigned from, const char *signers)
{
    char json[512];
    char id[9];
    hex_encode(id, bytes_of(key_of(world, letter)->key.id, 4));
    (void)snprintf(json, sizeof json,
                   "{\"date\":\"2025-07-16\",\"key\":\"%c\",\"key_id\":\"%s\","
                   "\"effective_index\":%u," REASON "}",
                   letter, id, from);
    add(world, STMT_REVOKE, json, signers);
}

/* Two roots, a partner with two checkpoints, two revocations, documents: eight entries. */
static void world_grow(struct world *world)
{
    struct buf partners = buf_with_max(4096);
    char json[512];
    world_make(world);
    partners_of(&partners, world, NULL);
    struct root_text root = {
        .version = 1, .keys = "abcdefg", .roles = ROLES, .partners = buf_cstr(&partners)};
    add_root(world, &root, "ab");                              /* 0 */
    add(world, STMT_DOCUMENT, document_of(json, 1, ""), "de"); /* 1 */
    checkpoint(world, 5, 1);                                   /* 2 */
    revocation(world, 'a', 3, "bc");                           /* 3 */
    root.version = 2;
    root.date = "2025-02-01";
    root.keys = "bchdefg";
    root.roles = "{\"root\":{\"threshold\":2,\"keys\":[\"b\",\"c\",\"h\"]},"
                 "\"document\":{\"threshold\":2,\"keys\":[\"d\",\"e\",\"f\"]},"
                 "\"partner-checkpoint\":{\"threshold\":1,\"keys\":[\"g\"]}}";
    add_root(world, &root, "bch");                             /* 4 */
    checkpoint(world, 6, 2);                                   /* 5 */
    revocation(world, 'd', 6, "bh");                           /* 6 */
    add(world, STMT_DOCUMENT, document_of(json, 2, ""), "ef"); /* 7 */
    assert_int_equal(admit_size(world->admit), tree.size);
    buf_free(&partners);
}

static struct buf kept_of(const struct world *world)
{
    struct buf raw = buf_with_max(ADMIT_SNAPSHOT_MAX);
    admit_snapshot_write(&raw, world->admit, &tree, seed);
    assert_false(raw.bad);
    return raw;
}

static bool taken(struct bytes raw)
{
    struct admit *admit = NULL;
    struct err err = {0};
    int code = admit_snapshot_read(&admit, raw, ORIGIN, &tree, seed, &err);
    if (code != 0)
        assert_int_equal(code, SANAD_MISSING);
    admit_free(admit);
    return code == 0;
}

static void states_are_equal(const struct admit *a, const struct admit *b)
{
    for (size_t i = 0; i < STMT_KIND_COUNT; i++) {
        struct stmt_place x, y;
        test_ok(admit_next(&x, a, (enum stmt_kind)i, NULL), NULL);
        test_ok(admit_next(&y, b, (enum stmt_kind)i, NULL), NULL);
        assert_int_equal(x.seq, y.seq);
        assert_int_equal(x.prev, y.prev);
        assert_string_equal(x.authority, y.authority);
        assert_string_equal(x.log, y.log);
    }
    for (uint64_t i = 0; i <= admit_size(a); i++) {
        enum stmt_kind x = STMT_ROOT, y = STMT_ROOT;
        assert_int_equal(admit_root_version(a, i), admit_root_version(b, i));
        assert_int_equal(admit_kind(&x, a, i), admit_kind(&y, b, i));
        assert_int_equal(x, y);
    }
    assert_int_equal(admit_size(a), admit_size(b));
    assert_int_equal(admit_partner_count(a), 1);
    assert_int_equal(admit_partner_count(b), 1);
    assert_memory_equal(&admit_partner(a, 0)->tree, &admit_partner(b, 0)->tree,
                        sizeof(struct tlog_tree));
    assert_int_equal(admit_partner(a, 0)->tree_entry, admit_partner(b, 0)->tree_entry);
}

/* Entries that may not follow, each for another rule, and one that may. */
static void next_entries(struct world *world)
{
    char json[512];
    const struct claimed older = claimed_of(5, 1);
    const struct claimed other = claimed_of(6, 3);
    refuse(world, STMT_DOCUMENT, document_of(json, 3, ""), "de", "or is revoked");
    refuse(world, STMT_DOCUMENT, document_of(json, 3, ",\"supersedes\":4"), "ef", "stands a root");
    refuse(world, STMT_DOCUMENT, document_of(json, 3, ",\"supersedes\":8"), "ef", "no statement");
    struct stmt_place place = next_place(world, STMT_DOCUMENT);
    place.prev = 1;
    struct buf gap = entry_at(world, STMT_DOCUMENT, &place, document_of(json, 3, ""), "ef");
    refused(world, buf_bytes(&gap), "are next");
    buf_free(&gap);
    place = (struct stmt_place){.authority = "xs", .log = ORIGIN, .seq = 1, .prev = 1};
    struct buf again = entry_at(world, STMT_DOCUMENT, &place, document_of(json, 2, ""), "ef");
    refused(world, buf_bytes(&again), "stands in the log already");
    buf_free(&again);
    char *text = checkpoint_json(world, &older, &older, 'j');
    refuse(world, STMT_PARTNER_CHECKPOINT, text, "g", "older than the one in entry 5");
    free(text);
    text = checkpoint_json(world, &other, &other, 'j');
    refuse(world, STMT_PARTNER_CHECKPOINT, text, "g", "another root in entry 5");
    free(text);
    struct root_text root = {.version = 3, .date = "2025-03-01", .keys = "abcdefg", .roles = ROLES};
    refuse_root(world, &root, "abc", "key a is revoked");
    root.version = 2;
    refuse_root(world, &root, "abc", "version 2 where 3 is next");
    add(world, STMT_DOCUMENT, document_of(json, 3, ",\"supersedes\":7"), "ef");
    checkpoint(world, 9, 4);
}

static void it_says_what_the_log_says(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    world_grow(&world);
    struct buf raw = kept_of(&world);
    struct world kept = world;
    test_ok(admit_snapshot_read(&kept.admit, buf_bytes(&raw), ORIGIN, &tree, seed, &err), &err);
    states_are_equal(world.admit, kept.admit);
    /* What was read can be kept again, and says the same. */
    struct buf again = kept_of(&kept);
    struct world second = world;
    test_ok(admit_snapshot_read(&second.admit, buf_bytes(&again), ORIGIN, &tree, seed, &err), &err);
    states_are_equal(world.admit, second.admit);
    next_entries(&world);
    next_entries(&kept);
    next_entries(&second);
    states_are_equal(world.admit, kept.admit);
    states_are_equal(world.admit, second.admit);
    buf_free(&again);
    buf_free(&raw);
    world_free(&second);
    world_free(&kept);
    world_free(&world);
}

static void an_empty_log_is_kept(void **state)
{
    (void)state;
    const struct tlog_tree empty = {.size = 0};
    struct buf raw = buf_with_max(ADMIT_SNAPSHOT_MAX);
    struct world world;
    struct admit *kept;
    struct err err = {0};
    world_make(&world);
    admit_snapshot_write(&raw, world.admit, &empty, seed);
    test_ok(admit_snapshot_read(&kept, buf_bytes(&raw), ORIGIN, &empty, seed, &err), &err);
    admit_free(world.admit);
    world.admit = kept;
    add_root(&world, &(struct root_text){.version = 1, .keys = "abcdefg", .roles = ROLES}, "ab");
    buf_free(&raw);
    world_free(&world);
}

static void it_is_of_one_tree_origin_and_key(void **state)
{
    (void)state;
    struct world world;
    struct admit *admit;
    struct err err = {0};
    world_grow(&world);
    struct buf raw = kept_of(&world);
    struct tlog_tree other = tree;
    const uint8_t other_seed[32] = {8};
    other.size = 7;
    test_refused(admit_snapshot_read(&admit, buf_bytes(&raw), ORIGIN, &other, seed, &err),
                 SANAD_MISSING, &err, "another tree");
    other = tree;
    other.root.b[31] = 1;
    err = (struct err){0};
    test_refused(admit_snapshot_read(&admit, buf_bytes(&raw), ORIGIN, &other, seed, &err),
                 SANAD_MISSING, &err, "another tree");
    err = (struct err){0};
    test_refused(admit_snapshot_read(&admit, buf_bytes(&raw), PARTNER_ORIGIN, &tree, seed, &err),
                 SANAD_MISSING, &err, "another tree");
    err = (struct err){0};
    test_refused(admit_snapshot_read(&admit, buf_bytes(&raw), ORIGIN, &tree, other_seed, &err),
                 SANAD_MISSING, &err, "not sealed");
    buf_free(&raw);
    world_free(&world);
}

static void no_bit_of_it_can_change(void **state)
{
    (void)state;
    struct world world;
    world_grow(&world);
    struct buf raw = kept_of(&world);
    assert_true(taken(buf_bytes(&raw)));
    for (size_t i = 0; i < raw.size; i++) {
        raw.data[i] ^= (uint8_t)(1u << i % 8);
        assert_false(taken(buf_bytes(&raw)));
        raw.data[i] ^= (uint8_t)(1u << i % 8);
        assert_false(taken(bytes_of(raw.data, i)));
    }
    assert_true(taken(buf_bytes(&raw)));
    buf_free(&raw);
    world_free(&world);
}

/* ---- sealed, and yet not taken --------------------------------------------------------------- */

enum { SEAL = SNAPSHOT_SEAL_SIZE };
/* The seal again, over whatever stands there now: as a holder of the key could make it. */
static void seal_again(struct buf *raw)
{
    uint8_t seal[SEAL];
    snapshot_seal(seal, bytes_of(raw->data, raw->size - SEAL), seed);
    memcpy(raw->data + raw->size - SEAL, seal, SEAL);
}

static size_t find(const struct buf *raw, const void *what, size_t size)
{
    for (size_t i = 0; i + size <= raw->size; i++)
        if (memcmp(raw->data + i, what, size) == 0)
            return i;
    fail_msg("%s", "it is not there");
    return 0;
}

/* Where its parts begin. */
struct parts {
    size_t kinds, places, seen, effects;
};
static struct parts parts_of(const struct buf *raw)
{
    const uint8_t authority[] = {2, 'x', 's'};
    struct parts parts = {.kinds = find(raw, authority, sizeof authority) + sizeof authority};
    parts.places = parts.kinds + tree.size;
    parts.seen = parts.places + 16 * STMT_KIND_COUNT;
    parts.effects = parts.seen + 8 + 16 * tree.size;
    return parts;
}

static void byte_refused(struct buf *raw, size_t at, uint8_t value)
{
    uint8_t before = raw->data[at];
    assert_int_not_equal(before, value);
    raw->data[at] = value;
    seal_again(raw);
    assert_false(taken(buf_bytes(raw)));
    raw->data[at] = before;
    seal_again(raw);
    assert_true(taken(buf_bytes(raw)));
}

static void what_decides_is_judged_again(void **state)
{
    (void)state;
    struct world world;
    world_grow(&world);
    struct buf raw = kept_of(&world);
    struct parts parts = parts_of(&raw);
    assert_int_equal(load_le64(raw.data + parts.seen), tree.size);
    assert_int_equal(load_le64(raw.data + parts.effects), 5); /* the older checkpoint is left out */
    byte_refused(&raw, find(&raw, "sanad/statement/v1 root", 23) + 200, '!');
    byte_refused(&raw, find(&raw, "\"effective_index\":3", 19) + 18, '2'); /* signed otherwise */
    byte_refused(&raw, find(&raw, "\"version\":2", 11) + 10, '3');
    byte_refused(&raw, parts.effects, 4);
    byte_refused(&raw, parts.effects, 6);
    byte_refused(&raw, parts.effects + 8, 8); /* an index past the end */
    byte_refused(&raw, parts.effects + 8, 5); /* out of order */
    buf_free(&raw);
    world_free(&world);
}

/* A root or a revocation less, and the count with it. */
static void nothing_that_decides_is_left_out(void **state)
{
    (void)state;
    struct world world;
    world_grow(&world);
    struct buf raw = kept_of(&world);
    struct parts parts = parts_of(&raw);
    struct cursor cursor = cursor_of(bytes_of(raw.data, raw.size - SEAL));
    (void)cursor_take(&cursor, parts.effects + 8);
    for (unsigned i = 0; i < 5; i++) {
        struct buf less = buf_with_max(ADMIT_SNAPSHOT_MAX);
        size_t begin = (size_t)(cursor.at - raw.data);
        uint64_t index = cursor_le64(&cursor);
        (void)cursor_compact_bytes(&cursor, TLOG_ENTRY_MAX);
        size_t end = (size_t)(cursor.at - raw.data);
        buf_add(&less, bytes_of(raw.data, begin));
        buf_add(&less, bytes_of(raw.data + end, raw.size - end));
        less.data[parts.effects] = 4;
        seal_again(&less);
        /* Without its newest checkpoint a partner could only go back. */
        assert_int_equal(taken(buf_bytes(&less)), index == 5);
        buf_free(&less);
    }
    assert_true(cursor_done(&cursor));
    buf_free(&raw);
    world_free(&world);
}

static void what_does_not_fit_is_left(void **state)
{
    (void)state;
    struct world world;
    world_grow(&world);
    struct buf raw = kept_of(&world);
    struct parts parts = parts_of(&raw);
    byte_refused(&raw, parts.kinds, STMT_KIND_COUNT);
    byte_refused(&raw, parts.kinds, STMT_DOCUMENT);           /* a root that is none */
    byte_refused(&raw, parts.kinds + 1, STMT_ROOT);           /* one that is not there */
    byte_refused(&raw, parts.places, (uint8_t)tree.size + 1); /* a number past the end */
    byte_refused(&raw, parts.places + 7, 0x80);
    byte_refused(&raw, parts.places + 8, (uint8_t)tree.size); /* an index past the end */
    byte_refused(&raw, parts.seen + 7, 0x80);                 /* more keys than bytes */
    memcpy(raw.data + parts.seen + 8, raw.data + parts.seen + 24, 16);
    seal_again(&raw);
    assert_false(taken(buf_bytes(&raw))); /* a statement twice */
    memset(raw.data + parts.seen + 8, 0, 16);
    seal_again(&raw);
    assert_false(taken(buf_bytes(&raw))); /* a key that means an empty place */
    buf_free(&raw);
    raw = kept_of(&world);
    buf_u8(&raw, 0);
    memmove(raw.data + raw.size - SEAL, raw.data + raw.size - SEAL - 1, SEAL);
    seal_again(&raw);
    assert_false(taken(buf_bytes(&raw))); /* a byte more */
    buf_free(&raw);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_the_log_says),
        cmocka_unit_test(an_empty_log_is_kept),
        cmocka_unit_test(it_is_of_one_tree_origin_and_key),
        cmocka_unit_test(no_bit_of_it_can_change),
        cmocka_unit_test(what_decides_is_judged_again),
        cmocka_unit_test(nothing_that_decides_is_left_out),
        cmocka_unit_test(what_does_not_fit_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
