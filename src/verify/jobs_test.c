/* Proves: a caller that answers signatures later gets the verdict that one gets which answers at
 * once, in few rounds, on good and spoilt notes; and no room for them never makes one hold. */
#include "verify_test.h"

static struct test_key signers[3];
static struct sanad_jobs jobs;
static uint8_t messages[1 << 20];

static int setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < countof(signers); i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "xs.example/k%u", i);
        signers[i] = key_of(name, NOTE_KEY_TYPE_ED25519, (uint8_t)i);
    }
    return 0;
}

static struct buf note_make(void)
{
    struct buf note = buf_with_max(1 << 16);
    struct buf lines = buf_with_max(1 << 16);
    buf_text(&note, "sanad/statement/v1 claim\n{\"a\":1}\n");
    for (size_t i = 0; i < countof(signers); i++)
        note_sign(&lines, buf_bytes(&note), &signers[i].key, signers[i].seed);
    buf_u8(&note, '\n');
    buf_add(&note, buf_bytes(&lines));
    buf_free(&lines);
    return note;
}

static void jobs_answer(void)
{
    for (size_t i = 0; i < jobs.count; i++) {
        struct sanad_job *job = &jobs.jobs[i];
        job->good =
            ed25519_verify(job->key, job->signature, bytes_of(job->message, job->message_size));
        job->answered = true;
    }
    jobs.open = 0;
}

static enum sanad_verdict verify_with(const struct sanad_verifier *verifier, struct bytes note)
{
    const char *const vkeys[] = {signers[0].vkey, signers[1].vkey, signers[2].vkey};
    const struct sanad_keys keys = {.vkeys = vkeys, .count = 3, .threshold = 2};
    const struct sanad_input input = input_of("x.note", note);
    struct sanad_result result;
    return sanad_verify_statement(verifier, &result, &input, &keys);
}

static struct sanad_verifier later(void)
{
    struct sanad_verifier verifier = *caller();
    memset(&jobs, 0, sizeof jobs);
    jobs.messages = messages;
    jobs.messages_size = sizeof messages;
    verifier.ed25519 = sanad_jobs_ed25519;
    verifier.context = &jobs;
    return verifier;
}

static void later_is_as_at_once(void **state)
{
    (void)state;
    struct buf note = note_make();
    uint64_t random = 61;
    size_t held = 0;
    for (size_t i = 0; i < 1500; i++) {
        struct bytes bad = i ? spoilt(buf_bytes(&note), &random) : buf_bytes(&note);
        struct sanad_verifier verifier = later();
        enum sanad_verdict verdict = verify_with(&verifier, bad);
        size_t rounds = 0;
        for (; jobs.open; rounds++) {
            jobs_answer();
            verdict = verify_with(&verifier, bad);
        }
        assert_in_range(rounds, 0, 1);
        assert_int_equal(verdict, verify_with(caller(), bad));
        held += verdict == SANAD_VERDICT_HOLDS;
        if (i == 0)
            assert_int_equal(jobs.count, 3);
        else
            spoilt_free(bad);
    }
    assert_in_range(held, 1, 1000);
    buf_free(&note);
}

static void no_room_never_holds(void **state)
{
    (void)state;
    struct buf note = note_make();
    struct sanad_verifier verifier = later();
    jobs.messages_size = 10;
    assert_int_equal(verify_with(&verifier, buf_bytes(&note)), SANAD_VERDICT_CONTRADICTED);
    assert_true(jobs.full);
    assert_int_equal(jobs.count, 0);
    verifier = later();
    jobs.count = SANAD_JOB_MAX;
    assert_int_equal(verify_with(&verifier, buf_bytes(&note)), SANAD_VERDICT_CONTRADICTED);
    assert_true(jobs.full);
    buf_free(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(later_is_as_at_once),
                                       cmocka_unit_test(no_room_never_holds)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
