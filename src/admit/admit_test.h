/* What the tests of admit share: a log that grows, keys that sign, bodies of each kind. */
#ifndef SANAD_ADMIT_TEST_H
#define SANAD_ADMIT_TEST_H

#include "admit/admit.h"
#include "support.h"

#include <stdlib.h>

#define ORIGIN "xs.example/log"
#define PARTNER_ORIGIN "xp.example/log"
#define HASH_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define REASON "\"reason\":{\"en\":\"why\"},\"authoritative\":\"en\""

/* Keys 'a' to 'j'; a letter is the name of one: "ab" are two signers. */
enum { KEY_COUNT = 10 };
struct world {
    struct role_key keys[KEY_COUNT];
    struct admit *admit;
};

static inline struct role_key test_key(const char *name, uint8_t number)
{
    struct role_key key;
    struct err err = {0};
    uint8_t seed[32] = {number};
    test_ok(role_key_new(&key, name, seed, &err), &err);
    return key;
}

static inline void world_make(struct world *world)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        char name[2] = {(char)('a' + i), 0};
        world->keys[i] = test_key(name, (uint8_t)(i + 1));
    }
    world->admit = admit_new(&(struct admit_options){.origin = ORIGIN});
}

static inline void world_free(struct world *world)
{
    admit_free(world->admit);
}

static inline const struct role_key *key_of(const struct world *world, char letter)
{
    assert_true(letter >= 'a' && letter < 'a' + KEY_COUNT);
    return &world->keys[letter - 'a'];
}

static inline void vkey_add(struct buf *buf, const struct role_key *key)
{
    buf_text(buf, "\"");
    note_vkey_write(buf, &key->key);
    buf_text(buf, "\"");
}

/* The members of a root: "a" to `last` are its keys, `roles` its roles, partners where not NULL. */
struct root_text {
    int version;
    const char *date, *expires;
    const char *keys; /* letters */
    const char *roles;
    const char *partners;
};
static inline struct buf root_body(const struct world *world, const struct root_text *root)
{
    struct buf text = buf_with_max(65536);
    buf_format(&text, "{\"version\":%d,\"date\":\"%s\",\"expires\":\"%s\",\"keys\":[",
               root->version, root->date ? root->date : "2025-01-01",
               root->expires ? root->expires : "2030-01-01");
    for (const char *k = root->keys; *k; k++) {
        buf_text(&text, k == root->keys ? "" : ",");
        vkey_add(&text, key_of(world, *k));
    }
    buf_format(&text, "],\"roles\":%s", root->roles);
    if (root->partners)
        buf_format(&text, ",\"partners\":%s", root->partners);
    buf_text(&text, "}");
    return text;
}

/* An entry at a place, signed by these letters. */
static inline struct buf entry_at(const struct world *world, enum stmt_kind kind,
                                  const struct stmt_place *place, const char *json,
                                  const char *signers)
{
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    struct err err = {0};
    json_t *body = json_loads(json, 0, NULL);
    assert_non_null(body);
    test_ok(stmt_build(&note, kind, place, body, &err), &err);
    for (const char *s = signers; *s; s++) {
        struct buf next = buf_with_max(NOTE_SIZE_MAX);
        test_ok(stmt_sign(&next, buf_bytes(&note), key_of(world, *s), &err), &err);
        buf_free(&note);
        note = next;
    }
    json_decref(body);
    return note;
}

/* Where the next of a kind stands, also before there is a root. */
static inline struct stmt_place next_place(const struct world *world, enum stmt_kind kind)
{
    struct stmt_place place = {.authority = "xs", .log = ORIGIN, .seq = 0, .prev = -1};
    (void)admit_next(&place, world->admit, kind, NULL);
    return place;
}

static inline struct buf entry_of(const struct world *world, enum stmt_kind kind, const char *json,
                                  const char *signers)
{
    struct stmt_place place = next_place(world, kind);
    return entry_at(world, kind, &place, json, signers);
}

static inline void admitted(struct world *world, struct bytes entry)
{
    struct err err = {0};
    uint64_t size = admit_size(world->admit);
    test_ok(admit_entry(world->admit, size, entry, &err), &err);
    assert_int_equal(admit_size(world->admit), size + 1);
}

static inline void refused(struct world *world, struct bytes entry, const char *part)
{
    struct err err = {0};
    uint64_t size = admit_size(world->admit);
    test_refused(admit_entry(world->admit, size, entry, &err), SANAD_REFUSED, &err, part);
    assert_int_equal(admit_size(world->admit), size);
}

static inline void add(struct world *world, enum stmt_kind kind, const char *json,
                       const char *signers)
{
    struct buf entry = entry_of(world, kind, json, signers);
    admitted(world, buf_bytes(&entry));
    buf_free(&entry);
}

static inline void refuse(struct world *world, enum stmt_kind kind, const char *json,
                          const char *signers, const char *part)
{
    struct buf entry = entry_of(world, kind, json, signers);
    refused(world, buf_bytes(&entry), part);
    buf_free(&entry);
}

static inline void add_root(struct world *world, const struct root_text *root, const char *signers)
{
    struct buf body = root_body(world, root);
    add(world, STMT_ROOT, buf_cstr(&body), signers);
    buf_free(&body);
}

static inline void refuse_root(struct world *world, const struct root_text *root,
                               const char *signers, const char *part)
{
    struct buf body = root_body(world, root);
    refuse(world, STMT_ROOT, buf_cstr(&body), signers, part);
    buf_free(&body);
}

/* Root 2 of 3 (a, b, c), documents 2 of 3 (d, e, f), agreements and machines 1 of 1 (g). */
#define ROLES                                                                                      \
    "{\"root\":{\"threshold\":2,\"keys\":[\"a\",\"b\",\"c\"]},"                                    \
    "\"document\":{\"threshold\":2,\"keys\":[\"d\",\"e\",\"f\"]},"                                 \
    "\"annex\":{\"threshold\":1,\"keys\":[\"g\"]},"                                                \
    "\"agreement\":{\"threshold\":1,\"keys\":[\"g\"]},"                                            \
    "\"anchor\":{\"threshold\":1,\"keys\":[\"g\"]},"                                               \
    "\"partner-checkpoint\":{\"threshold\":1,\"keys\":[\"g\"]}}"

/* A world with that root. */
static inline void world_begin(struct world *world)
{
    world_make(world);
    add_root(world, &(struct root_text){.version = 1, .keys = "abcdefg", .roles = ROLES}, "ab");
}

/* A document that is like no other: its number is its size. `rest` is empty or ",…". */
static inline const char *document_of(char ret_json[512], unsigned number, const char *rest)
{
    (void)snprintf(ret_json, 512,
                   "{\"date\":\"2025-07-16\",\"sha256\":\"" HASH_A
                   "\",\"media_type\":\"text/plain\",\"size\":%u,\"title\":{\"en\":\"t\"},"
                   "\"authoritative\":\"en\",\"language\":\"en\"%s}",
                   number, rest);
    return ret_json;
}

/* ---- partners ----------------------------------------------------------------------------------
 */

/* "xp" with the log key j, its root 1 pinned or not. */
static inline void partners_of(struct buf *text, const struct world *world, const char *pin)
{
    buf_text(text, "[{\"authority\":\"xp\",\"log\":\"" PARTNER_ORIGIN "\",\"keys\":[");
    vkey_add(text, key_of(world, 'j'));
    buf_text(text, "]");
    if (pin)
        buf_format(text, ",\"root_sha256\":\"%s\"", pin);
    buf_text(text, "}]");
}

struct claimed {
    const char *partner, *origin;
    uint64_t size;
    struct hash256 root;
};
static inline struct claimed claimed_of(uint64_t size, uint8_t root)
{
    return (struct claimed){
        .partner = "xp", .origin = PARTNER_ORIGIN, .size = size, .root = {{root}}};
}

static inline void lines_add(json_t *list, struct bytes note)
{
    const char *at = (const char *)note.data;
    const char *end = at + note.size;
    while (at < end) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        json_array_append_new(list, json_stringn(at, (size_t)(line - at)));
        at = line + 1;
    }
}

/* The members of a partner-checkpoint that says `claimed` with a note that says `noted`. */
static inline char *checkpoint_json(const struct world *world, const struct claimed *claimed,
                                    const struct claimed *noted, char letter)
{
    struct tlog_checkpoint checkpoint = {.size = noted->size, .root = noted->root};
    struct buf note = buf_with_max(65536);
    char hash[HEX256_SIZE];
    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", noted->origin);
    tlog_checkpoint_write(&note, &checkpoint);
    struct buf lines = buf_with_max(65536);
    buf_add(&lines, buf_bytes(&note));
    buf_text(&lines, "\n");
    const struct role_key *key = key_of(world, letter);
    note_sign(&lines, buf_bytes(&note), &key->key, key->seed);
    hash256_straight(hash, &claimed->root);
    json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:s, s:[]}", "date", "2025-07-16", "partner",
                             claimed->partner, "origin", claimed->origin, "size",
                             (json_int_t)claimed->size, "root_hash", hash, "checkpoint");
    lines_add(json_object_get(json, "checkpoint"), buf_bytes(&lines));
    char *text = json_dumps(json, 0);
    json_decref(json);
    buf_free(&lines);
    buf_free(&note);
    return text;
}

#endif
