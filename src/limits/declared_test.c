/* Proves that what stands as known on a day is the same in memory as the register itself says,
 * for every day of a register in which things are proposed, approved, rejected and withdrawn in
 * any order; and that a series has one unit. */
#include "limits/limits_priv.h"

#include "support.h"

#include <stdlib.h>

enum { START = 1000000, STEP_COUNT = 160 };

struct fixture {
    struct store *store;
    struct registry *registry;
    struct arena arena;
    uint64_t dice;
};

static int fixture_setup(void **state)
{
    struct err err = {0};
    struct fixture *fixture = mem_zalloc(1, sizeof *fixture);
    test_ok(store_open(&fixture->store, "", STORE_MEMORY, &err), &err);
    test_ok(register_open(&fixture->registry, fixture->store, &err), &err);
    fixture->dice = 88172645463325252u;
    *state = fixture;
    return 0;
}

static int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    register_close(fixture->registry);
    store_close(fixture->store);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* xorshift: the same in every run. */
static unsigned roll(struct fixture *fixture, unsigned sides)
{
    fixture->dice ^= fixture->dice << 13;
    fixture->dice ^= fixture->dice >> 7;
    fixture->dice ^= fixture->dice << 17;
    return (unsigned)(fixture->dice % sides);
}

static int propose(struct fixture *fixture, int64_t *ret_number, const char *kind, json_t *body,
                   const char *key, int64_t known, struct err *err)
{
    struct hash256 document = {.b = {7}};
    struct proposal proposal = {.kind = kind,
                                .nation = "XS",
                                .body = body,
                                .key = key,
                                .document = &document,
                                .document_name = "paper",
                                .proposer = "ana",
                                .known = known};
    int code = register_propose(fixture->registry, ret_number, &proposal, err);
    json_decref(body);
    return code;
}

static int64_t proposed(struct fixture *fixture, const char *kind, json_t *body, int64_t known)
{
    int64_t number = 0;
    struct err err = {0};
    assert_non_null(body);
    test_ok(propose(fixture, &number, kind, body, NULL, known, &err), &err);
    return number;
}

static void decided(struct fixture *fixture, int64_t number, bool approve, int64_t known)
{
    struct err err = {0};
    struct decision decision = {.number = number, .who = "bruno", .known = known};
    test_ok(approve ? register_approve(fixture->registry, &decision, &err)
                    : register_reject(fixture->registry, &decision, &err),
            &err);
}

/* ---- a register in which everything happens ---- */

/* A body of one of a few keys, with a value of its own. */
static json_t *some_body(struct fixture *fixture, const char *kind, int value)
{
    static const char *const times[] = {"2025-01-31", "2025-02-28T01:02:03Z", "2025-03-31"};
    const char *time = times[roll(fixture, 3)];
    if (strcmp(kind, "liability") == 0)
        return json_pack("{ss ss ss ss si}", "time", time, "entity",
                         roll(fixture, 2) ? "bank" : "a/b%2F", "holder",
                         roll(fixture, 2) ? "clients" : "treasury", "holder_sector", "S14",
                         "amount_sat", value);
    if (strcmp(kind, "series") == 0)
        return json_pack("{ss ss ss si}", "name", "arrears", "time", time, "unit", "USD", "value",
                         roll(fixture, 2) ? value : -value);
    char txid[HEX256_SIZE];
    (void)snprintf(txid, sizeof txid, "%063d%u", 0, roll(fixture, 3));
    json_t *body = json_pack("{ss ss}", "txid", txid, "meaning",
                             flow_meaning_name((enum flow_meaning)(value % FLOW_MEANING_COUNT)));
    if (roll(fixture, 2))
        (void)json_object_set_new(body, "wallet", json_string(roll(fixture, 2) ? "a" : "b/%"));
    return body;
}

static void withdraw_some(struct fixture *fixture, const char *kind, const int64_t *numbers,
                          size_t count, int64_t known)
{
    struct record record;
    struct err err = {0};
    int64_t number;
    test_ok(register_record(fixture->registry, &record, numbers[roll(fixture, (unsigned)count)],
                            &fixture->arena, &err),
            &err);
    (void)propose(fixture, &number, kind, NULL, record.key, known, &err); /* or nothing stands */
}

/* Several things in one second, and seconds in which nothing happens. */
static int64_t play(struct fixture *fixture, const char *kind)
{
    int64_t numbers[STEP_COUNT];
    size_t count = 0;
    int64_t known = START;
    for (int i = 1; i <= STEP_COUNT; i++) {
        known += roll(fixture, 3);
        unsigned what = count ? roll(fixture, 6) : 0;
        if (what <= 2) {
            numbers[count++] = proposed(fixture, kind, some_body(fixture, kind, i), known);
        } else if (what <= 4) {
            struct record record;
            struct err err = {0};
            int64_t number = numbers[roll(fixture, (unsigned)count)];
            test_ok(register_record(fixture->registry, &record, number, &fixture->arena, &err),
                    &err);
            if (record.state == RECORD_PROPOSED)
                decided(fixture, number, what == 3, known);
        } else {
            withdraw_some(fixture, kind, numbers, count, known);
        }
    }
    return known;
}

static struct record *as_known(struct fixture *fixture, size_t *ret_count, const char *kind,
                               int64_t known)
{
    struct err err = {0};
    struct record *records;
    struct register_query query = {.kind = kind, .nation = "XS", .known = known};
    test_ok(
        register_as_known(fixture->registry, &records, ret_count, &query, &fixture->arena, &err),
        &err);
    return records;
}

/* Every number that the register gives is one that stands in memory, with its value. */
static void same_records(struct fixture *fixture, const struct limits_records *records,
                         const char *kind, const char *value, int64_t known)
{
    const struct limits_record *list[STEP_COUNT];
    size_t expected;
    const struct record *theirs = as_known(fixture, &expected, kind, known);
    assert_true(records->count <= countof(list));
    size_t count = records_standing(list, records, known);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < expected && theirs[at].number != list[i]->number)
            at++;
        assert_true(at < expected);
        json_t *body = json_loads(theirs[at].body, 0, NULL);
        assert_true(amount_minor(list[i]->value) ==
                    json_integer_value(json_object_get(body, value)));
        json_decref(body);
        assert_int_equal(list[i]->time, theirs[at].valid_from);
        assert_true(i == 0 || record_compare(list[i - 1], list[i]) < 0);
    }
}

static void test_liabilities(void **state)
{
    struct fixture *fixture = *state;
    struct limits_records records;
    struct err err = {0};
    int64_t end = play(fixture, "liability");
    test_ok(liabilities_from_register(&records, fixture->registry, "XS", &err), &err);
    assert_true(records.count > 60);
    for (int64_t known = START - 1; known <= end; known++)
        same_records(fixture, &records, "liability", "amount_sat", known);
    bool escaped = false;
    for (size_t i = 0; i < records.count; i++)
        escaped = escaped || strcmp(records.list[i].entity, "a/b%2F") == 0;
    assert_true(escaped);
    limits_records_free(&records);
    test_ok(liabilities_from_register(&records, fixture->registry, "XP", &err), &err);
    assert_int_equal(records.count, 0);
    limits_records_free(&records);
}

static void test_series(void **state)
{
    struct fixture *fixture = *state;
    struct limits_records records;
    struct err err = {0};
    int64_t end = play(fixture, "series");
    test_ok(series_from_register(&records, fixture->registry, "XS", "arrears", &err), &err);
    assert_true(records.count > 60);
    assert_string_equal(records.unit.name, "USD");
    for (int64_t known = START - 1; known <= end; known++)
        same_records(fixture, &records, "series", "value", known);
    limits_records_free(&records);
    test_ok(series_from_register(&records, fixture->registry, "XS", "reserves", &err), &err);
    assert_int_equal(records.count, 0);
    assert_string_equal(records.name, "reserves");
    limits_records_free(&records);
}

static void test_meanings(void **state)
{
    struct fixture *fixture = *state;
    struct limits_meanings meanings;
    struct err err = {0};
    int64_t end = play(fixture, "declaration");
    test_ok(limits_meanings_read(&meanings, fixture->registry, "XS", &err), &err);
    assert_true(meanings.count > 60);
    assert_string_equal(meanings.list[0].document_name, "paper");
    struct meaning_index index = meaning_index_make(&meanings, &fixture->arena);
    for (int64_t known = START - 1; known <= end; known++) {
        struct register_declaration *list;
        size_t count;
        size_t found = 0;
        test_ok(register_declarations(fixture->registry, &list, &count, "XS", known,
                                      &fixture->arena, &err),
                &err);
        for (unsigned tx = 0; tx < 3; tx++)
            for (unsigned wallet = 0; wallet < 3; wallet++) {
                static const char *const names[] = {NULL, "a", "b/%"};
                struct hash256 txid = {.b = {(uint8_t)tx}};
                enum flow_meaning meaning;
                found +=
                    meaning_in(&meaning, meaning_index_find(&index, &txid), names[wallet], known);
            }
        assert_int_equal(found, count);
        for (size_t i = 0; i < count; i++) {
            enum flow_meaning meaning = FLOW_MEANING_COUNT;
            assert_true(meaning_in(&meaning, meaning_index_find(&index, &list[i].txid),
                                   list[i].wallet, known));
            assert_int_equal(meaning, list[i].meaning);
        }
    }
    limits_meanings_free(&meanings);
}

/* Found by leading bytes as by all of them, also where many share those. */
static void test_index(void **state)
{
    enum { COUNT = 300 };
    struct fixture *fixture = *state;
    struct limits_meaning list[COUNT] = {0};
    const struct limits_meanings meanings = {.list = list, .count = COUNT};
    const struct meaning_index nothing = meaning_index_make(NULL, &fixture->arena);
    for (size_t i = 0; i < COUNT; i++) { /* in order: 20 of each lead, some of them twice */
        list[i].txid.b[7] = (uint8_t)(i / 20 * 3);
        list[i].txid.b[20] = (uint8_t)(i % 20 / 2 * 5);
    }
    struct meaning_index index = meaning_index_make(&meanings, &fixture->arena);
    for (unsigned i = 0; i < 256 * 60; i++) {
        struct hash256 txid = {.b = {0}};
        txid.b[7] = (uint8_t)(i / 256);
        txid.b[20] = (uint8_t)(i % 256);
        struct meaning_range a = meaning_index_find(&index, &txid);
        assert_true(a.count == 0 || hash256_equal(&a.list[0].txid, &txid));
        bool there = i / 256 % 3 == 0 && i / 256 < 45 && i % 256 % 5 == 0 && i % 256 < 50;
        assert_int_equal(a.count, there ? 2 : 0);
        assert_int_equal(meaning_index_find(&nothing, &txid).count, 0);
    }
}

/* ---- units ---- */

static json_t *figure(const char *time, const char *unit, int value)
{
    return json_pack("{ss ss ss si}", "name", "r", "time", time, "unit", unit, "value", value);
}

/* A unit that was put right leaves no value for the days on which it stood. */
static void test_units(void **state)
{
    struct fixture *fixture = *state;
    struct limits_records records;
    struct err err = {0};
    const struct limits_record *list[8];
    proposed(fixture, "series", figure("2025-01-31", "USD", 1), START);
    proposed(fixture, "series", figure("2025-02-28", "PKR", 2), START + 1);
    test_refused(series_from_register(&records, fixture->registry, "XS", "r", &err), SANAD_REFUSED,
                 &err, "series r: register entry 1 is in USD, register entry 2 in PKR");
    proposed(fixture, "series", figure("2025-02-28", "USD", 3), START + 2);
    test_ok(series_from_register(&records, fixture->registry, "XS", "r", &err), &err);
    assert_string_equal(records.unit.name, "USD");
    assert_int_equal(records_standing(list, &records, START + 1), 2);
    assert_true(amount_is_known(list[0]->value) && !amount_is_known(list[1]->value));
    assert_int_equal(records_standing(list, &records, START + 2), 2);
    assert_true(amount_equal(list[1]->value, amount_of(3)));
    assert_string_equal(list[1]->source, "register entry 3");
    limits_records_free(&records);
    proposed(fixture, "series", figure("2025-03-31", "QQQ", 4), START + 3);
    test_refused(series_from_register(&records, fixture->registry, "XS", "r", &err), SANAD_REFUSED,
                 &err, "register entry 4: its unit is not");
    decided(fixture, 4, false, START + 4);
    test_ok(series_from_register(&records, fixture->registry, "XS", "r", &err), &err);
    assert_int_equal(records_standing(list, &records, START + 3), 3);
    assert_false(amount_is_known(list[2]->value));
    assert_int_equal(records_standing(list, &records, START + 4), 2);
    limits_records_free(&records);
}

#define DECLARED_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DECLARED_TEST(test_liabilities), DECLARED_TEST(test_series), DECLARED_TEST(test_meanings),
        DECLARED_TEST(test_index),       DECLARED_TEST(test_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
