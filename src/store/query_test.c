/* Proves that every bound type comes back as it went in, that NULL is told from empty, and
 * that errors of a step name the store and leave the query fit to run again. */
#include "store/store.h"

#include "support.h"

static struct store *store;
static struct err err;

static int setup(void **state)
{
    (void)state;
    return store_open(&store, "", STORE_MEMORY, &err) ||
           store_run(store, "CREATE TABLE t(id INTEGER PRIMARY KEY, a)", &err);
}

static int teardown(void **state)
{
    (void)state;
    store_close(store);
    return 0;
}

static struct store_query *query_of(const char *sql)
{
    struct store_query *query = NULL;
    test_ok(store_query_new(&query, store, sql, &err), &err);
    return query;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct hash256 hash = {{1, 2, 3}};
    struct hash256 back;
    struct store_query *query = query_of("SELECT ?1,?2,?3,?4,?5,?6,?7,?8");
    query_bind_integer(query, 1, INT64_MIN);
    query_bind_text(query, 2, "text");
    query_bind_bytes(query, 3, bytes_of("\0\1", 2));
    query_bind_bytes(query, 4, bytes_of(NULL, 0));
    query_bind_hash(query, 5, &hash);
    query_bind_amount(query, 6, amount_of(-7));
    query_bind_amount(query, 7, amount_unknown());
    query_bind_null(query, 8);
    assert_int_equal(query_step(query, &err), 1);
    assert_int_equal(query_integer(query, 0), INT64_MIN);
    assert_string_equal(query_text(query, 1), "text");
    assert_true(bytes_equal(query_bytes(query, 2), bytes_of("\0\1", 2)));
    assert_false(query_is_null(query, 3));
    assert_int_equal(query_bytes(query, 3).size, 0);
    test_ok(query_hash(&back, query, 4, &err), &err);
    assert_true(hash256_equal(&hash, &back));
    assert_int_equal(query_integer(query, 5), -7);
    assert_true(query_is_null(query, 6)); /* an unknown amount */
    assert_true(query_is_null(query, 7));
    assert_string_equal(query_text(query, 7), "");
    assert_int_equal(query_bytes(query, 7).size, 0);
    test_refused(query_hash(&back, query, 2, &err), SANAD_REFUSED, &err, "damaged");
    test_refused(query_hash(&back, query, 7, &err), SANAD_REFUSED, &err, "damaged");
    assert_int_equal(query_step(query, &err), 0);
    store_query_free(query);
    store_query_free(NULL);
}

static void test_run_again_after_error(void **state)
{
    (void)state;
    struct store_query *query = query_of("INSERT INTO t VALUES(?1,?2)");
    query_bind_integer(query, 1, 1);
    query_bind_text(query, 2, "x");
    test_ok(query_run(query, &err), &err);
    test_refused(query_run(query, &err), SANAD_IO, &err, ":memory:: ");
    query_bind_integer(query, 1, 2);
    test_ok(query_run(query, &err), &err);
    store_query_free(query);
}

static void test_bad_sql(void **state)
{
    (void)state;
    struct store_query *query = NULL;
    test_refused(store_query_new(&query, store, "SELECT a FROM nowhere", &err), SANAD_IO, &err,
                 "nowhere");
    assert_null(query);
    test_refused(store_run(store, "nonsense", &err), SANAD_IO, &err, "nonsense");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_run_again_after_error),
        cmocka_unit_test(test_bad_sql),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
