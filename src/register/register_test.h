/* What the tests of register share: a registry in memory and short ways to fill it. */
#ifndef SANAD_REGISTER_TEST_H
#define SANAD_REGISTER_TEST_H

#include "register/register_priv.h"

#include "support.h"

#include <stdlib.h>

#define TXID_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define TXID_2 "2222222222222222222222222222222222222222222222222222222222222222"
#define DOC_1 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DOC_2 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct fixture {
    struct store *store;
    struct registry *registry;
    struct arena arena;
};

static inline int fixture_setup(void **state)
{
    struct err err = {0};
    struct fixture *fixture = mem_zalloc(1, sizeof *fixture);
    test_ok(store_open(&fixture->store, "", STORE_MEMORY, &err), &err);
    test_ok(register_open(&fixture->registry, fixture->store, &err), &err);
    *state = fixture;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    register_close(fixture->registry);
    store_close(fixture->store);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* A day as a time. */
static inline int64_t day(const char *text)
{
    int64_t time = 0;
    struct err err = {0};
    test_ok(date_parse(&time, text, &err), &err);
    return time;
}

static inline struct hash256 hash_of(const char *hex)
{
    struct hash256 hash;
    assert_true(hash256_from_straight(&hash, hex));
    return hash;
}

/* A declaration of nation XS, proposed by "ana" with document DOC_1. */
static inline int propose(struct fixture *fixture, int64_t *ret_number, const char *body_text,
                          const char *known, struct err *err)
{
    json_t *body = json_loads(body_text, 0, NULL);
    assert_non_null(body);
    struct hash256 document = hash_of(DOC_1);
    struct proposal proposal = {.kind = "declaration",
                                .nation = "XS",
                                .body = body,
                                .document = &document,
                                .proposer = "ana",
                                .known = day(known)};
    int code = register_propose(fixture->registry, ret_number, &proposal, err);
    json_decref(body);
    return code;
}

static inline int64_t proposed(struct fixture *fixture, const char *body, const char *known)
{
    struct err err = {0};
    int64_t number = 0;
    test_ok(propose(fixture, &number, body, known, &err), &err);
    return number;
}

static inline void approved(struct fixture *fixture, int64_t number, const char *known)
{
    struct err err = {0};
    struct decision decision = {.number = number, .who = "bruno", .known = day(known)};
    test_ok(register_approve(fixture->registry, &decision, &err), &err);
}

static inline int64_t entry_count(struct fixture *fixture)
{
    struct err err = {0};
    struct hash256 head;
    int64_t count = -1;
    test_ok(register_check(fixture->registry, &count, &head, &err), &err);
    return count;
}

#define REGISTER_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
