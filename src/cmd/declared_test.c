/* Proves: of several declarations for one transaction the first that was added stays, whatever
 * the order of txids, and very many of them are sorted in a moment. */
#include "support.h"
#include "cmd/cmd.h"

/* Adds one for a txid that is made of a number; `kind` tells it from others. */
static void add(struct cmd_declared *declared, uint32_t number, const char *kind)
{
    struct flow_declared one = {.kind = kind};
    uint32_t mixed = number * 2654435761u; /* odd: every number has its own, in no order */
    memcpy(one.txid.b, &mixed, sizeof mixed);
    cmd_declared_add(declared, &one);
}

static void check(const struct cmd_declared *declared)
{
    for (size_t i = 1; i < declared->count; i++)
        assert_true(hash256_compare(&declared->list[i - 1].txid, &declared->list[i].txid) < 0);
}

static void the_first_of_a_transaction_stays(void **state)
{
    (void)state;
    struct cmd_declared declared = {0};
    cmd_declared_sort(&declared); /* of none */
    assert_int_equal(declared.count, 0);
    for (uint32_t i = 0; i < 300; i++)
        add(&declared, i, "purchase");
    for (uint32_t i = 300; i-- > 200;)
        add(&declared, i, "sale");
    for (uint32_t i = 290; i < 310; i++)
        add(&declared, i, "seizure");
    cmd_declared_sort(&declared);
    check(&declared);
    assert_int_equal(declared.count, 310);
    size_t counts[3] = {0};
    for (size_t i = 0; i < declared.count; i++) {
        counts[0] += strcmp(declared.list[i].kind, "purchase") == 0;
        counts[1] += strcmp(declared.list[i].kind, "sale") == 0;
        counts[2] += strcmp(declared.list[i].kind, "seizure") == 0;
    }
    assert_int_equal(counts[0], 300);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 10);
    cmd_declared_free(&declared);
    assert_null(declared.list);
}

/* To compare each with each would take minutes. */
static void very_many_are_sorted_in_a_moment(void **state)
{
    (void)state;
    enum { MANY = 200000 };
    struct cmd_declared declared = {0};
    for (uint32_t i = 0; i < MANY; i++)
        add(&declared, i, "purchase");
    for (uint32_t i = 0; i < MANY; i++)
        add(&declared, i, "sale");
    cmd_declared_sort(&declared);
    check(&declared);
    assert_int_equal(declared.count, MANY);
    for (size_t i = 0; i < declared.count; i++)
        assert_string_equal(declared.list[i].kind, "purchase");
    cmd_declared_free(&declared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_a_transaction_stays),
        cmocka_unit_test(very_many_are_sorted_in_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
