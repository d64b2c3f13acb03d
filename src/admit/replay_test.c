/* Proves: replaying what was admitted gives the same state and no finding; swapping, dropping,
 * doubling or changing any entry that a later one of its kind follows gives one; what breaks a
 * rule is told by that rule, has no effect, and the reading goes on. */
#include "admit/admit_test.h"

#include <stdlib.h>

/* ---- a log of everything ------------------------------------------------------------------------
 */

enum { ENTRY_COUNT = 60, ENTRY_ROOM = 80 };
struct story {
    struct world world;
    struct buf entries[ENTRY_ROOM];
    size_t count;
    unsigned number; /* of the next thing that is like no other */
    int version;
    uint64_t document; /* the newest */
    uint64_t seed;
};

static unsigned dice(struct story *story, unsigned sides)
{
    sanad_assert(sides > 0);
    story->seed = story->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(story->seed >> 33) % sides;
}

static void tell(struct story *story, enum stmt_kind kind, const char *json, const char *signers)
{
    assert_true(story->count < ENTRY_ROOM);
    struct buf entry = entry_of(&story->world, kind, json, signers);
    admitted(&story->world, buf_bytes(&entry));
    if (kind == STMT_DOCUMENT)
        story->document = story->count;
    story->entries[story->count++] = entry;
}

static void tell_root(struct story *story)
{
    struct buf partners = buf_with_max(4096);
    partners_of(&partners, &story->world, NULL);
    struct root_text root = {.version = ++story->version,
                             .keys = "abcdegh",
                             .roles = ROLES,
                             .partners = buf_cstr(&partners)};
    /* Only the first knows f, which is revoked later. */
    if (story->version == 1)
        root.keys = "abcdefgh";
    else
        root.roles = "{\"root\":{\"threshold\":2,\"keys\":[\"a\",\"b\",\"c\"]},"
                     "\"document\":{\"threshold\":2,\"keys\":[\"d\",\"e\"]},"
                     "\"agreement\":{\"threshold\":1,\"keys\":[\"g\"]},"
                     "\"partner-checkpoint\":{\"threshold\":1,\"keys\":[\"g\"]}}";
    struct buf body = root_body(&story->world, &root);
    tell(story, STMT_ROOT, buf_cstr(&body), "ab");
    buf_free(&body);
    buf_free(&partners);
}

static void tell_agreement(struct story *story)
{
    char json[512];
    (void)snprintf(
        json, sizeof json,
        "{\"date\":\"2025-07-16\",\"parties\":[\"xs\",\"xp\"],\"document_sha256\":\"" HASH_A
        "\",\"title\":{\"en\":\"number %u\"},\"authoritative\":\"en\"}",
        story->number++);
    tell(story, STMT_AGREEMENT, json, "g");
}

static void tell_correction(struct story *story)
{
    char json[512];
    (void)snprintf(json, sizeof json,
                   "{\"date\":\"2025-07-16\",\"corrects\":%llu,\"kind\":\"document\",\"reason\":"
                   "{\"en\":\"number %u\"},\"authoritative\":\"en\"}",
                   (unsigned long long)story->document, story->number++);
    tell(story, STMT_CORRECTION, json, "de");
}

static void tell_document(struct story *story)
{
    char json[512];
    tell(story, STMT_DOCUMENT, document_of(json, story->number++, ""), "de");
}

static void tell_partner(struct story *story)
{
    const struct claimed claimed = claimed_of(story->number++, 1);
    char *json = checkpoint_json(&story->world, &claimed, &claimed, 'j');
    tell(story, STMT_PARTNER_CHECKPOINT, json, "g");
    free(json);
}

static void tell_revocation(struct story *story, uint64_t from)
{
    char json[512];
    char id[9];
    hex_encode(id, bytes_of(key_of(&story->world, 'f')->key.id, 4));
    (void)snprintf(json, sizeof json,
                   "{\"date\":\"2025-07-20\",\"key\":\"f\",\"key_id\":\"%s\","
                   "\"effective_index\":%llu," REASON "}",
                   id, (unsigned long long)from);
    tell(story, STMT_REVOKE, json, "ab");
}

/* Entries at random, and then one more of each kind, so that a later one follows each. Returns how
 * many stand before those. */
static size_t story_tell(struct story *story, uint64_t seed)
{
    static void (*const tellers[])(struct story *) = {tell_agreement, tell_correction,
                                                      tell_document, tell_partner, tell_root};
    *story = (struct story){.seed = seed, .number = 1};
    world_make(&story->world);
    tell_root(story);
    tell_document(story);
    tell_revocation(story, 2);
    while (story->count < ENTRY_COUNT)
        tellers[dice(story, countof(tellers))](story);
    size_t inner = story->count;
    tell_revocation(story, 1);
    for (size_t i = 0; i < countof(tellers); i++)
        tellers[i](story);
    return inner;
}

static void story_free(struct story *story)
{
    for (size_t i = 0; i < story->count; i++)
        buf_free(&story->entries[i]);
    world_free(&story->world);
}

/* ---- replayed
 * ------------------------------------------------------------------------------------ */

struct findings {
    size_t count;
    size_t of_rule[ADMIT_RULE_COUNT];
    uint64_t first; /* where */
    char text[ERR_TEXT_SIZE];
};
static void collect(void *context, const struct admit_finding *finding)
{
    struct findings *findings = context;
    if (findings->count++ == 0) {
        findings->first = finding->index;
        (void)snprintf(findings->text, sizeof findings->text, "%s", finding->text);
    }
    findings->of_rule[finding->rule]++;
}

static struct admit *replayed(struct findings *ret_findings, const struct bytes *entries,
                              size_t count)
{
    struct admit *admit = admit_new(&(struct admit_options){.origin = ORIGIN});
    *ret_findings = (struct findings){0};
    for (size_t i = 0; i < count; i++)
        admit_replay(admit, i, entries[i], collect, ret_findings);
    assert_int_equal(admit_size(admit), count);
    return admit;
}

static size_t views_of(struct bytes ret_views[ENTRY_ROOM + 1], const struct story *story)
{
    for (size_t i = 0; i < story->count; i++)
        ret_views[i] = buf_bytes(&story->entries[i]);
    return story->count;
}

static void same_state(const struct admit *a, const struct admit *b, const struct story *story)
{
    for (size_t k = 0; k < STMT_KIND_COUNT; k++) {
        struct stmt_place x;
        struct stmt_place y;
        assert_int_equal(admit_next(&x, a, (enum stmt_kind)k, NULL), 0);
        assert_int_equal(admit_next(&y, b, (enum stmt_kind)k, NULL), 0);
        assert_true(x.seq == y.seq && x.prev == y.prev);
        assert_string_equal(x.authority, y.authority);
    }
    for (uint64_t i = 0; i < story->count; i++) {
        enum stmt_kind x;
        enum stmt_kind y;
        struct stmt *stmt;
        struct stmt_check check[2];
        assert_true(admit_kind(&x, a, i) && admit_kind(&y, b, i) && x == y);
        assert_int_equal(admit_root_version(a, i), admit_root_version(b, i));
        assert_int_equal(stmt_read(&stmt, "x", buf_bytes(&story->entries[i]), NULL), 0);
        assert_int_equal(admit_judge(&check[0], a, i, stmt, NULL),
                         admit_judge(&check[1], b, i, stmt, NULL));
        assert_int_equal(check[0].valid, check[1].valid);
        stmt_free(stmt);
    }
    assert_int_equal(admit_partner_count(a), admit_partner_count(b));
    assert_memory_equal(&admit_partner(a, 0)->tree, &admit_partner(b, 0)->tree,
                        sizeof(struct tlog_tree));
}

static void a_replay_gives_the_same_state(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct story story;
        struct findings findings;
        struct bytes views[ENTRY_ROOM + 1];
        (void)story_tell(&story, seed);
        size_t count = views_of(views, &story);
        struct admit *admit = replayed(&findings, views, count);
        assert_int_equal(findings.count, 0);
        same_state(admit, story.world.admit, &story);
        admit_free(admit);
        story_free(&story);
    }
}

static void must_be_found(const struct bytes *views, size_t count, const char *what, size_t i)
{
    struct findings findings;
    admit_free(replayed(&findings, views, count));
    if (findings.count == 0)
        fail_msg("%s at %zu is not found", what, i);
}

static void what_was_moved_is_found(void **state)
{
    (void)state;
    struct story story;
    struct bytes views[ENTRY_ROOM + 1];
    size_t inner = story_tell(&story, 7);
    size_t count = views_of(views, &story);
    for (size_t i = 0; i < inner; i++) {
        size_t j = dice(&story, (unsigned)inner);
        if (j != i) {
            struct bytes kept = views[i];
            views[i] = views[j];
            views[j] = kept;
            must_be_found(views, count, "a swap", i);
            (void)views_of(views, &story);
        }
        memmove(&views[i], &views[i + 1], (count - i - 1) * sizeof *views);
        must_be_found(views, count - 1, "a drop", i);
        (void)views_of(views, &story);
        memmove(&views[j + 1], &views[j], (count - j) * sizeof *views);
        views[j] = buf_bytes(&story.entries[i]);
        must_be_found(views, count + 1, "a double", i);
        (void)views_of(views, &story);
    }
    story_free(&story);
}

static void what_was_changed_is_found(void **state)
{
    (void)state;
    struct story story;
    struct bytes views[ENTRY_ROOM + 1];
    (void)story_tell(&story, 9);
    size_t count = views_of(views, &story);
    for (size_t round = 0; round < 200; round++) {
        size_t i = dice(&story, (unsigned)count);
        size_t at = dice(&story, (unsigned)story.entries[i].size);
        uint8_t flip = (uint8_t)(1u << dice(&story, 8));
        story.entries[i].data[at] ^= flip;
        must_be_found(views, count, "a changed byte", i);
        story.entries[i].data[at] ^= flip;
    }
    story_free(&story);
}

/* ---- findings
 * ------------------------------------------------------------------------------------- */

static void found_once(struct world *world, struct bytes bad, enum admit_rule rule, uint64_t seq,
                       int64_t prev)
{
    struct findings findings = {0};
    char json[512];
    uint64_t index = admit_size(world->admit);
    admit_replay(world->admit, index, bad, collect, &findings);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.of_rule[rule], 1);
    assert_int_equal(findings.first, index);
    assert_int_equal(strncmp(findings.text, "entry ", 6), 0);
    /* The next document is as it should be. */
    struct stmt_place place = {.authority = "xs", .log = ORIGIN, .seq = seq, .prev = prev};
    struct buf good = entry_at(world, STMT_DOCUMENT, &place, document_of(json, 77, ""), "de");
    admit_replay(world->admit, index + 1, buf_bytes(&good), collect, &findings);
    assert_int_equal(findings.count, 1);
    buf_free(&good);
}

/* A number is left out, once: one finding, and what follows it is in order. */
static void a_gap_is_told_once(void **state)
{
    (void)state;
    struct world world;
    char json[512];
    world_begin(&world);
    struct stmt_place place = {.authority = "xs", .log = ORIGIN, .seq = 1, .prev = -1};
    struct buf late = entry_at(&world, STMT_DOCUMENT, &place, document_of(json, 1, ""), "de");
    found_once(&world, buf_bytes(&late), ADMIT_SEQUENCE, 2, 1);
    /* It counts all the same: it is only out of its place. */
    enum stmt_kind kind;
    assert_true(admit_kind(&kind, world.admit, 1));
    buf_free(&late);
    world_free(&world);
}

static void rubbish_is_told_and_passed_over(void **state)
{
    (void)state;
    struct world world;
    world_begin(&world);
    found_once(&world, bytes_of_text("rubbish"), ADMIT_FORM, 0, -1);
    enum stmt_kind kind;
    assert_false(admit_kind(&kind, world.admit, 1));
    world_free(&world);
}

static void an_unsigned_document_takes_its_place_alone(void **state)
{
    (void)state;
    struct world world;
    char json[512];
    world_begin(&world);
    struct buf entry = entry_of(&world, STMT_DOCUMENT, document_of(json, 1, ""), "d");
    found_once(&world, buf_bytes(&entry), ADMIT_SIGNATURES, 1, 1);
    enum stmt_kind kind;
    assert_false(admit_kind(&kind, world.admit, 1)); /* nothing may refer to it */
    buf_free(&entry);
    world_free(&world);
}

/* A root that the old keys have not signed changes nothing; nor does a revocation of strangers. */
static void what_is_forged_has_no_effect(void **state)
{
    (void)state;
    struct world world;
    char json[512];
    char id[9];
    world_begin(&world);
    struct root_text forged = {.version = 2,
                               .keys = "hij",
                               .roles = "{\"root\":{\"threshold\":1,\"keys\":[\"h\"]},"
                                        "\"document\":{\"threshold\":1,\"keys\":[\"i\"]}}"};
    struct buf body = root_body(&world, &forged);
    struct buf root = entry_of(&world, STMT_ROOT, buf_cstr(&body), "h");
    found_once(&world, buf_bytes(&root), ADMIT_SIGNATURES, 0, -1);
    assert_int_equal(admit_root_version(world.admit, 2), 1);
    hex_encode(id, bytes_of(key_of(&world, 'd')->key.id, 4));
    (void)snprintf(json, sizeof json,
                   "{\"date\":\"2025-07-20\",\"key\":\"d\",\"key_id\":\"%s\","
                   "\"effective_index\":1," REASON "}",
                   id);
    struct buf revoke = entry_of(&world, STMT_REVOKE, json, "h");
    struct findings findings = {0};
    admit_replay(world.admit, 3, buf_bytes(&revoke), collect, &findings);
    assert_int_equal(findings.of_rule[ADMIT_SIGNATURES], 1);
    struct buf after = entry_of(&world, STMT_DOCUMENT, document_of(json, 9, ""), "de");
    admit_replay(world.admit, 4, buf_bytes(&after), collect, &findings);
    assert_int_equal(findings.count, 1); /* d still counts */
    buf_free(&after);
    buf_free(&revoke);
    buf_free(&root);
    buf_free(&body);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_gives_the_same_state),
        cmocka_unit_test(what_was_moved_is_found),
        cmocka_unit_test(what_was_changed_is_found),
        cmocka_unit_test(a_gap_is_told_once),
        cmocka_unit_test(rubbish_is_told_and_passed_over),
        cmocka_unit_test(an_unsigned_document_takes_its_place_alone),
        cmocka_unit_test(what_is_forged_has_no_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
