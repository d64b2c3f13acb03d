/* Proves: a fraud proof shows what the program finds in it, in its words: of two sizes and of one,
 * spoilt in any way, with other keys, and of logs that only grew. */
#include "tlog/tlog.h"
#include "toylog.h"
#include "verify_test.h"

enum { SIZE = 200 };
static struct toylog honest, forked;

static int setup(void **state)
{
    (void)state;
    toylog_make(&honest, "xs.example/log", SIZE, SIZE_MAX);
    toylog_make(&forked, "xs.example/log", SIZE, 5);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toylog_free(&honest);
    toylog_free(&forked);
    return 0;
}

static struct buf policy_of(const struct note_key *key)
{
    struct buf policy = buf_with_max(4096);
    buf_text(&policy, "log ");
    note_vkey_write(&policy, key);
    buf_text(&policy, "\nquorum none\n");
    return policy;
}

static struct buf fraud_make(struct toylog *first, size_t before, struct toylog *second,
                             size_t after)
{
    struct buf notes[2] = {buf_with_max(4096), buf_with_max(4096)};
    struct buf raw = buf_with_max(1 << 16);
    struct tlog_fraud fraud = {.path = {.count = 0}};
    struct tlog_reader reader = toylog_reader(second);
    struct err err = {0};
    toylog_checkpoint(first, &notes[0], before);
    toylog_checkpoint(second, &notes[1], after);
    fraud.first = buf_bytes(&notes[0]);
    fraud.second = buf_bytes(&notes[1]);
    if (before > 0 && before <= after)
        test_ok(tlog_fraud_prove(&fraud.path, &reader, before, after, &err), &err);
    tlog_fraud_write(&raw, &fraud);
    buf_free(&notes[0]);
    buf_free(&notes[1]);
    return raw;
}

static enum sanad_verdict fraud_both(struct bytes raw, const struct note_key *key)
{
    struct tlog_fraud fraud;
    struct arena arena = {0};
    struct err err = {0};
    struct sanad_result result;
    struct buf policy = policy_of(key);
    const struct sanad_input inputs[] = {input_of("file", raw),
                                         input_of("policy", buf_bytes(&policy))};
    int code = tlog_fraud_parse(&fraud, "file", raw, &arena, &err);
    if (code == 0)
        code = tlog_fraud_check(&fraud, key, &err);
    enum sanad_verdict verdict = sanad_verify_fraud(caller(), &result, &inputs[0], &inputs[1]);
    assert_int_equal(verdict, result.verdict);
    same("fraud", &result, code, &err);
    buf_free(&policy);
    arena_free(&arena);
    return verdict;
}

static void each_pair_of_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 5, 6, 7, 8, 63, 64, 65, 128, 199, 200};
    size_t held = 0;
    for (size_t i = 0; i < countof(sizes); i++)
        for (size_t j = 0; j < countof(sizes); j++) {
            struct buf grown = fraud_make(&honest, sizes[i], &honest, sizes[j]);
            assert_int_not_equal(fraud_both(buf_bytes(&grown), &honest.key), SANAD_VERDICT_HOLDS);
            buf_free(&grown);
            struct buf raw = fraud_make(&honest, sizes[i], &forked, sizes[j]);
            bool wanted = sizes[i] > 5 && sizes[j] >= sizes[i];
            bool holds = fraud_both(buf_bytes(&raw), &honest.key) == SANAD_VERDICT_HOLDS;
            assert_int_equal(holds, wanted);
            held += holds;
            buf_free(&raw);
        }
    assert_true(held > 30);
}

static void spoilt_files(void **state)
{
    (void)state;
    uint64_t random = 51;
    struct buf raw = fraud_make(&honest, 100, &forked, SIZE);
    struct test_key other = key_of("xs.example/log", NOTE_KEY_TYPE_ED25519, 99);
    assert_int_equal(fraud_both(buf_bytes(&raw), &honest.key), SANAD_VERDICT_HOLDS);
    assert_int_equal(fraud_both(buf_bytes(&raw), &other.key), SANAD_VERDICT_UNDECIDED);
    for (size_t i = 0; i < 5000; i++) {
        struct bytes bad = spoilt(buf_bytes(&raw), &random);
        (void)fraud_both(bad, &honest.key);
        spoilt_free(bad);
    }
    for (size_t size = 0; size < raw.size; size += 7)
        assert_int_not_equal(fraud_both(bytes_of(raw.data, size), &honest.key),
                             SANAD_VERDICT_HOLDS);
    buf_free(&raw);
}

/* One key for two origins: no two checkpoints of one log. */
static void two_origins_are_no_fraud(void **state)
{
    (void)state;
    struct buf notes[2] = {buf_with_max(4096), buf_with_max(4096)};
    struct buf raw = buf_with_max(1 << 16);
    struct tlog_fraud fraud = {.path = {.count = 0}};
    struct toylog other = forked;
    memcpy(other.origin, "xs.example/two", sizeof "xs.example/two");
    toylog_checkpoint(&honest, &notes[0], 100);
    toylog_checkpoint(&other, &notes[1], 100);
    fraud.first = buf_bytes(&notes[0]);
    fraud.second = buf_bytes(&notes[1]);
    tlog_fraud_write(&raw, &fraud);
    assert_int_equal(fraud_both(buf_bytes(&raw), &honest.key), SANAD_VERDICT_UNDECIDED);
    buf_free(&notes[0]);
    buf_free(&notes[1]);
    buf_free(&raw);
}

/* Another log's key before the right one changes nothing; a policy without logs shows nothing. */
static void policies_of_several_logs(void **state)
{
    (void)state;
    struct buf raw = fraud_make(&honest, 100, &forked, SIZE);
    struct test_key other = key_of("xp.example/log", NOTE_KEY_TYPE_ED25519, 98);
    struct buf policy = policy_of(&other.key);
    struct buf more = policy_of(&honest.key);
    struct sanad_result result;
    const struct sanad_input fraud = input_of("file", buf_bytes(&raw));
    policy.size -= strlen("quorum none\n");
    buf_add(&policy, buf_bytes(&more));
    const struct sanad_input both = input_of("policy", buf_bytes(&policy));
    const struct sanad_input none = input_of("policy", bytes_of_text("quorum none\n"));
    assert_int_equal(sanad_verify_fraud(caller(), &result, &fraud, &both), SANAD_VERDICT_HOLDS);
    assert_int_equal(sanad_verify_fraud(caller(), &result, &fraud, &none), SANAD_VERDICT_UNDECIDED);
    assert_string_equal(result.text, "fraud proof: the policy names no log");
    buf_free(&raw);
    buf_free(&policy);
    buf_free(&more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_of_sizes), cmocka_unit_test(spoilt_files),
        cmocka_unit_test(two_origins_are_no_fraud), cmocka_unit_test(policies_of_several_logs)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
