/* Proves: a checkpoint meets a policy, and an entry stands in a log, exactly where the program says
 * so and in its words: on a log with a log's key, three witnesses and groups, on the published logs
 * and a mirror's checkpoint, and on thousands of spoilt checkpoints, policies and proof files. */
#include "tlog/tlog.h"
#include "toylog.h"
#include "verify_test.h"

#include "verify/verify_priv.h"

enum { WITNESS_COUNT = 3, SIZE = 300, INDEX = 123 };

static struct toylog log_;
static struct test_key witnesses[WITNESS_COUNT];
static char log_vkey[512];

static int setup(void **state)
{
    (void)state;
    struct buf vkey = buf_with_max(sizeof log_vkey - 1);
    toylog_make(&log_, "xs.example/log", SIZE, SIZE_MAX);
    note_vkey_write(&vkey, &log_.key);
    memcpy(log_vkey, buf_cstr(&vkey), vkey.size + 1);
    buf_free(&vkey);
    for (unsigned i = 0; i < WITNESS_COUNT; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "w%u.example", i);
        witnesses[i] = key_of(name, NOTE_KEY_TYPE_COSIGNATURE, (uint8_t)(40 + i));
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    toylog_free(&log_);
    return 0;
}

/* A checkpoint with the lines of the first witnesses. */
static struct buf checkpoint_make(size_t size, size_t cosigned)
{
    struct buf note = buf_with_max(1 << 16);
    toylog_checkpoint(&log_, &note, size);
    const uint8_t *end = NULL;
    for (size_t i = 0; i + 1 < note.size && !end; i++)
        if (note.data[i] == '\n' && note.data[i + 1] == '\n')
            end = note.data + i + 1;
    struct buf text = buf_with_max(1 << 16);
    buf_add(&text, bytes_of(note.data, (size_t)(end - note.data)));
    for (size_t i = 0; i < cosigned; i++)
        tlog_cosign(&note, buf_bytes(&text), &witnesses[i].key, witnesses[i].seed, 1000 - i);
    buf_free(&text);
    return note;
}

static struct buf policy_make(const char *quorum)
{
    struct buf policy = buf_with_max(1 << 16);
    buf_format(&policy, "# who is believed\nlog %s https://xs.example/log\n", log_vkey);
    for (size_t i = 0; i < WITNESS_COUNT; i++)
        buf_format(&policy, "witness w%zu %s\n", i, witnesses[i].vkey);
    buf_format(&policy, "group two 2 w0 w1\ngroup\tone any  w2 two\n%s\n", quorum);
    return policy;
}

/* ---- checkpoints ------------------------------------------------------------------------------
 */

static int checkpoint_code(struct tlog_policy_check *check, struct bytes raw, struct bytes policy,
                           struct err *err)
{
    struct note note;
    struct tlog_checkpoint checkpoint;
    struct tlog_policy *parsed;
    struct arena arena = {0};
    int code = note_parse(&note, "checkpoint", raw, &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, "checkpoint", note.text, err);
    if (code == 0)
        code = tlog_policy_parse(&parsed, "policy", policy, err);
    if (code == 0) {
        code = tlog_policy_verify(check, parsed, &note, &checkpoint, err);
        tlog_policy_free(parsed);
    }
    arena_free(&arena);
    return code;
}

static enum sanad_verdict checkpoint_both(struct bytes raw, struct bytes policy)
{
    struct tlog_policy_check check = {.log = NULL};
    struct sanad_checkpoint ours = {.size = 0};
    struct sanad_result result;
    struct err err = {0};
    const struct sanad_input inputs[] = {input_of("checkpoint", raw), input_of("policy", policy)};
    int code = checkpoint_code(&check, raw, policy, &err);
    enum sanad_verdict verdict =
        sanad_verify_checkpoint(caller(), &ours, &result, &inputs[0], &inputs[1]);
    assert_int_equal(verdict, result.verdict);
    same("checkpoint", &result, code, &err);
    if (code == 0) {
        assert_int_equal(ours.cosigned, check.cosigned);
        assert_int_equal(ours.oldest, check.oldest);
        assert_int_equal(ours.log_signed, check.log != NULL);
        assert_true(ours.quorum);
    }
    return verdict;
}

static void each_quorum(void **state)
{
    (void)state;
    static const struct {
        size_t cosigned;
        const char *quorum;
        enum sanad_verdict verdict;
    } rows[] = {
        {0, "quorum none", SANAD_VERDICT_HOLDS},    {0, "quorum w0", SANAD_VERDICT_UNDECIDED},
        {1, "quorum w0", SANAD_VERDICT_HOLDS},      {1, "quorum two", SANAD_VERDICT_UNDECIDED},
        {2, "quorum two", SANAD_VERDICT_HOLDS},     {2, "quorum one", SANAD_VERDICT_HOLDS},
        {1, "quorum one", SANAD_VERDICT_UNDECIDED}, {2, "quorum w2", SANAD_VERDICT_UNDECIDED},
        {3, "quorum w2", SANAD_VERDICT_HOLDS},      {3, "quorum w9", SANAD_VERDICT_REFUSED},
        {3, "quorum", SANAD_VERDICT_REFUSED},       {3, "", SANAD_VERDICT_REFUSED},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf note = checkpoint_make(SIZE, rows[i].cosigned);
        struct buf policy = policy_make(rows[i].quorum);
        assert_int_equal(checkpoint_both(buf_bytes(&note), buf_bytes(&policy)), rows[i].verdict);
        buf_free(&note);
        buf_free(&policy);
    }
}

/* Memory that the guide names for everyday files; less is refused, and nothing holds by it. */
static void how_much_memory(void **state)
{
    (void)state;
    enum { EVERYDAY = 65536 };
    _Alignas(16) static uint8_t memory[EVERYDAY];
    struct buf note = checkpoint_make(SIZE, 3);
    struct buf policy = policy_make("quorum one");
    const struct sanad_input inputs[] = {input_of("checkpoint", buf_bytes(&note)),
                                         input_of("policy", buf_bytes(&policy))};
    size_t held = 0;
    for (size_t size = 0; size <= EVERYDAY; size += 512) {
        struct sanad_verifier verifier = *caller();
        struct sanad_checkpoint checkpoint;
        struct sanad_result result;
        verifier.memory = memory + size % 5; /* aligned to nothing */
        verifier.memory_size = size - size % 5;
        enum sanad_verdict verdict =
            sanad_verify_checkpoint(&verifier, &checkpoint, &result, &inputs[0], &inputs[1]);
        assert_int_equal(verdict, held || verdict == SANAD_VERDICT_HOLDS ? SANAD_VERDICT_HOLDS
                                                                         : SANAD_VERDICT_REFUSED);
        held += verdict == SANAD_VERDICT_HOLDS;
    }
    assert_in_range(held, 1, 100);
    buf_free(&note);
    buf_free(&policy);
}

/* The forms of a policy that policy_test.c of the program refuses one by one. */
static void each_line_of_a_policy(void **state)
{
    (void)state;
    struct buf note = checkpoint_make(SIZE, 1);
    static const char *const lines[] = {"log\n",
                                        "log $L u v\n",
                                        "log $L\nlog $L\n",
                                        "log $0\n",
                                        "log x\n",
                                        "Log $L\n",
                                        "witness a\n",
                                        "witness a $0 u v\n",
                                        "witness a $L\n",
                                        "witness none $0\n",
                                        "witness a $0\nwitness a $1\n",
                                        "witness a $0\nwitness b $0\n",
                                        "witness a $0\ngroup a any a\n",
                                        "witness a $0\ngroup none any a\n",
                                        "group g any\n",
                                        "group g any g\n",
                                        "witness a $0\ngroup g any a a\n",
                                        "witness a $0\ngroup g any a\ngroup h any a\n",
                                        "witness a $0\ngroup g 0 a\n",
                                        "witness a $0\ngroup g 2 a\n",
                                        "witness a $0\ngroup g 01 a\n",
                                        "witness a $0\ngroup g -1 a\n",
                                        "witness a $0\ngroup g most a\n",
                                        "quorum none\n",
                                        "quorum a b\n",
                                        "\r\n",
                                        "\001\n",
                                        "\x7f\n",
                                        "",
                                        "  # words of any kind $0 \n",
                                        "\t\n",
                                        "log $L\n",
                                        "log $L\nwitness a $0\n"};
    for (size_t i = 0; i < countof(lines); i++) {
        struct buf policy = buf_with_max(1 << 16);
        for (const char *p = lines[i]; *p; p++)
            if (*p == '$') {
                p++;
                buf_text(&policy, *p == 'L' ? log_vkey : witnesses[*p - '0'].vkey);
            } else {
                buf_u8(&policy, (uint8_t)*p);
            }
        buf_text(&policy, "quorum none\n");
        (void)checkpoint_both(buf_bytes(&note), buf_bytes(&policy));
        (void)checkpoint_both(buf_bytes(&note), bytes_of(policy.data, policy.size - 1));
        (void)checkpoint_both(buf_bytes(&note), bytes_of(policy.data, policy.size - 12));
        buf_free(&policy);
    }
    buf_free(&note);
}

static void ceilings_of_a_policy(void **state)
{
    (void)state;
    struct buf note = checkpoint_make(SIZE, 0);
    struct test_key witness_more = key_of("m.example", NOTE_KEY_TYPE_COSIGNATURE, 1);
    for (size_t extra = 0; extra < 2; extra++) {
        struct buf policy = buf_with_max(1 << 20);
        for (size_t i = 0; i < TLOG_POLICY_GROUP_MAX / 4; i++) {
            struct test_key key = key_of("other.example/log", NOTE_KEY_TYPE_ED25519, (uint8_t)i);
            buf_format(&policy, "log %s\n", key.vkey);
        }
        if (extra)
            buf_format(&policy, "log %s\n", log_vkey);
        buf_text(&policy, "quorum none\n");
        assert_int_equal(checkpoint_both(buf_bytes(&note), buf_bytes(&policy)),
                         extra ? SANAD_VERDICT_REFUSED : SANAD_VERDICT_UNDECIDED);
        buf_free(&policy);
        policy = buf_with_max(1 << 20);
        buf_text(&policy, "quorum none\ngroup g any");
        for (size_t i = 0; i < 512 + extra; i++)
            buf_text(&policy, " a");
        buf_u8(&policy, '\n');
        (void)checkpoint_both(buf_bytes(&note), buf_bytes(&policy));
        buf_free(&policy);
        policy = buf_with_max(1 << 20);
        for (size_t i = 0; i < TLOG_POLICY_WITNESS_MAX + extra; i++) {
            struct test_key key = key_of("w.example", NOTE_KEY_TYPE_COSIGNATURE, (uint8_t)i);
            if (i == TLOG_POLICY_WITNESS_MAX)
                key = witness_more;
            buf_format(&policy, "witness w%zu %s\n", i, key.vkey);
        }
        buf_format(&policy, "log %s\nquorum none\n", log_vkey);
        assert_int_equal(checkpoint_both(buf_bytes(&note), buf_bytes(&policy)),
                         extra ? SANAD_VERDICT_REFUSED : SANAD_VERDICT_HOLDS);
        buf_free(&policy);
        policy = buf_with_max(1 << 20);
        buf_format(&policy, "log %s\nwitness g %s\n", log_vkey, witness_more.vkey);
        for (size_t i = 0; i < TLOG_POLICY_GROUP_MAX + extra; i++) {
            buf_format(&policy, "group g%zu any g", i); /* each of the one before */
            if (i > 0)
                buf_format(&policy, "%zu", i - 1);
            buf_u8(&policy, '\n');
        }
        buf_text(&policy, "quorum none\n");
        assert_int_equal(checkpoint_both(buf_bytes(&note), buf_bytes(&policy)),
                         extra ? SANAD_VERDICT_REFUSED : SANAD_VERDICT_HOLDS);
        buf_free(&policy);
    }
    buf_free(&note);
}

static void spoilt_checkpoints_and_policies(void **state)
{
    (void)state;
    struct buf note = checkpoint_make(SIZE, 3);
    struct buf policy = policy_make("quorum one");
    uint64_t random = 41;
    size_t held = 0;
    for (size_t i = 0; i < 4000; i++) {
        struct bytes bad = spoilt(buf_bytes(&note), &random);
        held += checkpoint_both(bad, buf_bytes(&policy)) == SANAD_VERDICT_HOLDS;
        spoilt_free(bad);
        bad = spoilt(buf_bytes(&policy), &random);
        held += checkpoint_both(buf_bytes(&note), bad) == SANAD_VERDICT_HOLDS;
        spoilt_free(bad);
    }
    assert_in_range(held, 10, 4000);
    buf_free(&note);
    buf_free(&policy);
}

static void published_logs(void **state)
{
    (void)state;
    struct buf policy = buf_with_max(4096);
    buf_text(&policy, "log example.com/log/testdata+33d7b496+"
                      "AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\nquorum none\n");
    for (int size = 0; size <= 15; size++) {
        char name[64];
        (void)snprintf(name, sizeof name, "tlog/tessera-testlog/checkpoint.%d", size);
        struct buf note = test_data(name);
        assert_int_equal(checkpoint_both(buf_bytes(&note), buf_bytes(&policy)),
                         SANAD_VERDICT_HOLDS);
        buf_free(&note);
    }
    buf_free(&policy);
    policy = buf_with_max(4096);
    buf_text(&policy,
             "log example.org/sanad-test+44f80f61+AWWQbSwCsy816aug7gCnCIoLphskSAZYyxaL8F38P18O\n"
             "witness w "
             "example.org/sanad-witness+ef3cb305+BGsl+6X/pjB2PoJad0iqAS4uChMR0uvCx/dy1zEFXYVL\n"
             "quorum w\n");
    struct buf note = test_data("tlog/xmod-log-600/checkpoint");
    assert_int_equal(checkpoint_both(buf_bytes(&note), buf_bytes(&policy)), SANAD_VERDICT_HOLDS);
    note.data[note.size - 20] ^= 1;
    (void)checkpoint_both(buf_bytes(&note), buf_bytes(&policy));
    buf_free(&note);
    buf_free(&policy);
}

/* ---- places -------------------------------------------------------------------------------------
 */

static struct buf proof_make(size_t cosigned, struct bytes extra)
{
    struct buf note = checkpoint_make(SIZE, cosigned);
    struct tlog_reader reader = toylog_reader(&log_);
    struct tlog_proof_file file = {.index = INDEX, .extra = extra, .checkpoint = buf_bytes(&note)};
    struct buf raw = buf_with_max(1 << 16);
    struct err err = {0};
    test_ok(tlog_inclusion_prove(&file.proof, &reader, INDEX, SIZE, &err), &err);
    tlog_proof_file_write(&raw, &file);
    buf_free(&note);
    return raw;
}

/* As `sanad verify FILE --proof P --policy Q` puts it together. */
static int place_code(int *ret_signatures, int *ret_inclusion, struct bytes entry, struct bytes raw,
                      struct bytes policy, struct err *err)
{
    struct tlog_proof_file file;
    struct tlog_checkpoint checkpoint;
    struct tlog_policy *parsed;
    struct tlog_policy_check check;
    struct note note;
    struct hash256 leaf;
    struct arena arena = {0};
    int code = tlog_proof_file_parse(&file, "proof", raw, &arena, err);
    if (code == 0)
        code = note_parse(&note, "proof", file.checkpoint, &arena, err);
    if (code == 0)
        code = tlog_checkpoint_parse(&checkpoint, "proof", note.text, err);
    if (code == 0)
        code = tlog_policy_parse(&parsed, "policy", policy, err);
    if (code == 0) {
        tlog_leaf_hash(&leaf, entry);
        *ret_signatures = tlog_policy_verify(&check, parsed, &note, &checkpoint, NULL);
        *ret_inclusion = tlog_inclusion_check(&leaf, file.index, checkpoint.size, &file.proof,
                                              &checkpoint.root, NULL);
        tlog_policy_free(parsed);
    }
    arena_free(&arena);
    return code;
}

static enum sanad_verdict place_both(struct bytes entry, struct bytes raw, struct bytes policy)
{
    int signatures = 0;
    int inclusion = 0;
    struct err err = {0};
    struct sanad_place place;
    struct sanad_result result;
    const struct sanad_input inputs[] = {input_of("entry", entry), input_of("proof", raw),
                                         input_of("policy", policy)};
    int code = place_code(&signatures, &inclusion, entry, raw, policy, &err);
    enum sanad_verdict verdict =
        sanad_verify_place(caller(), &place, &result, &inputs[0], &inputs[1], &inputs[2]);
    assert_int_equal(verdict, result.verdict);
    if (code) {
        same("place", &result, code, &err);
        return verdict;
    }
    assert_int_equal(place.signatures.verdict, verdict_of(signatures));
    assert_int_equal(place.inclusion.verdict,
                     inclusion == 0 ? SANAD_VERDICT_HOLDS : SANAD_VERDICT_CONTRADICTED);
    bool bad = signatures == SANAD_FALSE || inclusion != 0;
    assert_int_equal(verdict, bad          ? SANAD_VERDICT_CONTRADICTED
                              : signatures ? SANAD_VERDICT_UNDECIDED
                                           : SANAD_VERDICT_HOLDS);
    return verdict;
}

static void a_place_in_a_log(void **state)
{
    (void)state;
    struct buf entry = buf_with_max(1 << 16);
    struct buf policy = policy_make("quorum two");
    struct buf proof = proof_make(2, bytes_of(NULL, 0));
    toylog_entry(&log_, &entry, INDEX);
    assert_int_equal(place_both(buf_bytes(&entry), buf_bytes(&proof), buf_bytes(&policy)),
                     SANAD_VERDICT_HOLDS);
    buf_u8(&entry, 0);
    assert_int_equal(place_both(buf_bytes(&entry), buf_bytes(&proof), buf_bytes(&policy)),
                     SANAD_VERDICT_CONTRADICTED);
    entry.size--;
    buf_free(&proof);
    proof = proof_make(1, bytes_of_text("anything"));
    assert_int_equal(place_both(buf_bytes(&entry), buf_bytes(&proof), buf_bytes(&policy)),
                     SANAD_VERDICT_UNDECIDED);
    struct sanad_place place;
    struct sanad_result result;
    uint8_t *large = mem_zalloc(SANAD_ENTRY_MAX + 1, 1);
    const struct sanad_input inputs[] = {input_of("entry", bytes_of(large, SANAD_ENTRY_MAX + 1)),
                                         input_of("proof", buf_bytes(&proof)),
                                         input_of("policy", buf_bytes(&policy))};
    assert_int_equal(
        sanad_verify_place(caller(), &place, &result, &inputs[0], &inputs[1], &inputs[2]),
        SANAD_VERDICT_REFUSED);
    free(large);
    buf_free(&entry);
    buf_free(&policy);
    buf_free(&proof);
}

static void ceilings_of_a_proof(void **state)
{
    (void)state;
    struct buf policy = policy_make("quorum none");
    struct buf note = checkpoint_make(SIZE, 0);
    const struct bytes none = bytes_of(NULL, 0);
    for (size_t count = TLOG_PROOF_MAX - 1; count <= TLOG_PROOF_MAX + 1; count++) {
        struct buf raw = buf_with_max(1 << 16);
        buf_text(&raw, "c2sp.org/tlog-proof@v1\nindex 1\n");
        for (size_t i = 0; i < count; i++)
            buf_text(&raw, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
        buf_u8(&raw, '\n');
        buf_add(&raw, buf_bytes(&note));
        assert_int_equal(place_both(none, buf_bytes(&raw), buf_bytes(&policy)),
                         count > TLOG_PROOF_MAX ? SANAD_VERDICT_REFUSED
                                                : SANAD_VERDICT_CONTRADICTED);
        buf_free(&raw);
    }
    for (size_t size = TLOG_CHECKPOINT_MAX - 1; size <= TLOG_CHECKPOINT_MAX + 1; size++) {
        struct buf raw = buf_with_max(4 << 20);
        uint8_t *zeros = mem_zalloc(size, 1);
        buf_text(&raw, "c2sp.org/tlog-proof@v1\nextra ");
        base64_encode(&raw, bytes_of(zeros, size));
        buf_text(&raw, "\nindex 1\n\n");
        buf_add(&raw, buf_bytes(&note));
        assert_int_equal(place_both(none, buf_bytes(&raw), buf_bytes(&policy)),
                         size > TLOG_CHECKPOINT_MAX ? SANAD_VERDICT_REFUSED
                                                    : SANAD_VERDICT_CONTRADICTED);
        buf_free(&raw);
        free(zeros);
    }
    buf_free(&policy);
    buf_free(&note);
}

static void spoilt_proofs(void **state)
{
    (void)state;
    struct buf entry = buf_with_max(1 << 16);
    struct buf policy = policy_make("quorum two");
    struct buf proof = proof_make(2, bytes_of_text("extra"));
    uint64_t random = 42;
    size_t held = 0;
    toylog_entry(&log_, &entry, INDEX);
    for (size_t i = 0; i < 6000; i++) {
        struct bytes bad = spoilt(buf_bytes(&proof), &random);
        held += place_both(buf_bytes(&entry), bad, buf_bytes(&policy)) == SANAD_VERDICT_HOLDS;
        spoilt_free(bad);
    }
    assert_in_range(held, 1, 600); /* the extra data is nobody's */
    static const char *const files[] = {"",
                                        "c2sp.org/tlog-proof@v1",
                                        "c2sp.org/tlog-proof@v1\n",
                                        "c2sp.org/tlog-proof@v1\nextra \n",
                                        "c2sp.org/tlog-proof@v1\nextra\nindex 1\n\n",
                                        "c2sp.org/tlog-proof@v1\nindex 1\n",
                                        "c2sp.org/tlog-proof@v1\nindex 1\n\n",
                                        "c2sp.org/tlog-proof@v1\nindex 01\n\nx",
                                        "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nx",
                                        "c2sp.org/tlog-proof@v1\nindex 9223372036854775807\n\nx",
                                        "c2sp.org/tlog-proof@v1\nextra \nindex 1\n\nx",
                                        "c2sp.org/tlog-proof@v2\nindex 1\n\nx"};
    for (size_t i = 0; i < countof(files); i++)
        assert_int_equal(place_both(buf_bytes(&entry), bytes_of_text(files[i]), buf_bytes(&policy)),
                         SANAD_VERDICT_REFUSED);
    buf_free(&entry);
    buf_free(&policy);
    buf_free(&proof);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_quorum),
                                       cmocka_unit_test(how_much_memory),
                                       cmocka_unit_test(each_line_of_a_policy),
                                       cmocka_unit_test(ceilings_of_a_policy),
                                       cmocka_unit_test(spoilt_checkpoints_and_policies),
                                       cmocka_unit_test(published_logs),
                                       cmocka_unit_test(a_place_in_a_log),
                                       cmocka_unit_test(ceilings_of_a_proof),
                                       cmocka_unit_test(spoilt_proofs)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
