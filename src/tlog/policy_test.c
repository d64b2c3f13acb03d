/* Proves: policies are read strictly, every other line is refused by its number; a checkpoint meets
 * one exactly where the log signed it and its groups are reached; a wrong signature of a key that
 * the policy knows rejects the whole checkpoint; lines of ML-DSA are those of unknown keys. */
#include "support.h"
#include "tlog/tlog.h"

#include <stdlib.h>

enum { WITNESS_COUNT = 5 };
static const char origin[] = "example.org/log";
static struct note_key log_key, witnesses[WITNESS_COUNT];
static char log_vkey[256], witness_vkeys[WITNESS_COUNT][256];

static void seed_of(uint8_t ret_seed[32], size_t who)
{
    memset(ret_seed, 0, 32);
    ret_seed[0] = (uint8_t)(who + 1);
}

static void key_make(struct note_key *ret_key, char ret_vkey[256], const char *name, uint8_t type,
                     size_t who)
{
    uint8_t seed[32], public_key[32];
    struct err err = {0};
    struct buf vkey = buf_with_max(255);
    seed_of(seed, who);
    ed25519_public(public_key, seed);
    test_ok(note_key_make(ret_key, name, type, public_key, &err), &err);
    note_vkey_write(&vkey, ret_key);
    (void)snprintf(ret_vkey, 256, "%s", buf_cstr(&vkey));
    buf_free(&vkey);
}

static int setup(void **state)
{
    (void)state;
    key_make(&log_key, log_vkey, origin, NOTE_KEY_TYPE_ED25519, 100);
    for (size_t i = 0; i < WITNESS_COUNT; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "w%zu.example", i);
        key_make(&witnesses[i], witness_vkeys[i], name, NOTE_KEY_TYPE_COSIGNATURE, i);
    }
    return 0;
}

/* $L stands for the log's key, $0 to $4 for the witnesses'. */
static struct buf expand(const char *text)
{
    struct buf out = buf_with_max(1 << 21);
    for (; *text; text++) {
        if (*text == '$' && text[1] == 'L')
            buf_text(&out, log_vkey);
        else if (*text == '$' && text[1] >= '0' && text[1] < '0' + WITNESS_COUNT)
            buf_text(&out, witness_vkeys[text[1] - '0']);
        else {
            buf_u8(&out, (uint8_t)*text);
            continue;
        }
        text++;
    }
    return out;
}

static int parse(struct tlog_policy **ret_policy, const char *text, struct err *err)
{
    struct buf raw = expand(text);
    int code = tlog_policy_parse(ret_policy, "policy", buf_bytes(&raw), err);
    buf_free(&raw);
    return code;
}

static void a_policy_is_read(void **state)
{
    (void)state;
    struct tlog_policy *policy;
    struct err err = {0};
    const char *name, *url;
    test_ok(parse(&policy,
                  "# a comment of any words $ + !\n\n  \t\nlog $L https://log.example/\n"
                  "witness one $0\n\twitness  two\t$1 https://w1.example \n"
                  "group both all one two\nquorum both\n",
                  &err),
            &err);
    assert_int_equal(tlog_policy_log_count(policy), 1);
    assert_memory_equal(tlog_policy_log(policy, 0, &url)->public_key, log_key.public_key, 32);
    assert_string_equal(url, "https://log.example/");
    assert_int_equal(tlog_policy_witness_count(policy), 2);
    assert_memory_equal(tlog_policy_witness(policy, 0, &name, &url)->id, witnesses[0].id, 4);
    assert_string_equal(name, "one");
    assert_null(url);
    (void)tlog_policy_witness(policy, 1, &name, &url);
    assert_string_equal(name, "two");
    assert_string_equal(url, "https://w1.example");
    tlog_policy_free(policy);
    tlog_policy_free(NULL);
}

static void other_lines_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "policy: no quorum"},
        {"log $L\n", "policy: no quorum"},
        {"quorum none", "the last line does not end"},
        {"quorum none\nquorum none\n", "line 2: a second quorum"},
        {"quorum\n", "line 1: must be: quorum NAME"},
        {"quorum a b\n", "line 1: must be: quorum NAME"},
        {"quorum a\nwitness a $0\n", "line 1: it names what no line above defines"},
        {"Log $L\nquorum none\n", "line 1: neither log, witness, group nor quorum"},
        {"log\nquorum none\n", "line 1: must be: log VKEY [URL]"},
        {"log $L u v\nquorum none\n", "line 1: must be: log VKEY [URL]"},
        {"log $0\nquorum none\n", "a log's key must be of type 0x01"},
        {"log $Lx\nquorum none\n", "line 1: "},
        {"log $L\nlog $L\nquorum none\n", "line 2: this log stands there already"},
        {"witness a\nquorum none\n", "line 1: must be: witness NAME VKEY [URL]"},
        {"witness a $0 u v\nquorum none\n", "line 1: must be: witness"},
        {"witness a $L\nquorum none\n", "a witness's key must be of type 0x04"},
        {"witness none $0\nquorum none\n", "\"none\" is no name"},
        {"witness a $0\nwitness a $1\nquorum a\n", "line 2: this name stands there already"},
        {"witness a $0\nwitness b $0\nquorum a\n", "line 2: this witness stands there already"},
        {"witness a $0\ngroup a any a\nquorum a\n", "line 2: this name stands there already"},
        {"witness a $0\ngroup none any a\nquorum a\n", "\"none\" is no name"},
        {"group g any\nquorum g\n", "line 1: must be: group NAME all|any|K MEMBER..."},
        {"group g any g\nquorum g\n", "it names a member that no line above defines"},
        {"witness a $0\ngroup g any a a\nquorum g\n", "in a group already"},
        {"witness a $0\ngroup g any a\ngroup h any a\nquorum g\n", "line 3: it names a member"},
        {"witness a $0\ngroup g 0 a\nquorum g\n", "line 2: its threshold is not"},
        {"witness a $0\ngroup g 2 a\nquorum g\n", "line 2: its threshold is not"},
        {"witness a $0\ngroup g 01 a\nquorum g\n", "line 2: its threshold is not"},
        {"witness a $0\ngroup g -1 a\nquorum g\n", "line 2: its threshold is not"},
        {"witness a $0\ngroup g most a\nquorum g\n", "line 2: its threshold is not"},
        {"quorum none\r\n", "a control character"},
        {"quorum\001none\n", "a control character"},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct tlog_policy *policy = NULL;
        struct err err = {0};
        test_refused(parse(&policy, rows[i].text, &err), SANAD_REFUSED, &err, rows[i].says);
        assert_null(policy);
    }
}

static void the_ceilings_hold(void **state)
{
    (void)state;
    struct err err = {0};
    struct tlog_policy *policy;
    for (size_t extra = 0; extra < 2; extra++) {
        struct buf text = buf_with_max(1 << 20);
        size_t count = TLOG_POLICY_WITNESS_MAX + extra;
        for (size_t i = 0; i < count; i++) {
            struct note_key key;
            char vkey[256];
            key_make(&key, vkey, "w.example", NOTE_KEY_TYPE_COSIGNATURE, i % 255);
            key.public_key[31] ^= (uint8_t)(i / 255); /* any bytes will do */
            test_ok(
                note_key_make(&key, "w.example", NOTE_KEY_TYPE_COSIGNATURE, key.public_key, &err),
                &err);
            buf_format(&text, "witness n%zu ", i);
            note_vkey_write(&text, &key);
            buf_u8(&text, '\n');
        }
        buf_text(&text, "group all all");
        for (size_t i = 0; i < count; i++)
            buf_format(&text, " n%zu", i);
        buf_text(&text, "\nquorum all\n");
        int code = tlog_policy_parse(&policy, "policy", buf_bytes(&text), &err);
        if (extra == 0) {
            test_ok(code, &err);
            assert_int_equal(tlog_policy_witness_count(policy), TLOG_POLICY_WITNESS_MAX);
            tlog_policy_free(policy);
        } else {
            test_refused(code, SANAD_REFUSED, &err, "line 257: too many witnesses");
        }
        buf_free(&text);
    }
    struct buf long_line = buf_with_max(1 << 21);
    buf_text(&long_line, "group g any");
    for (size_t i = 0; i < 600; i++)
        buf_text(&long_line, " w");
    buf_text(&long_line, "\nquorum g\n");
    test_refused(tlog_policy_parse(&policy, "policy", buf_bytes(&long_line), &err), SANAD_REFUSED,
                 &err, "line 1: too many words");
    while (long_line.size <= 1 << 20)
        buf_text(&long_line, "# a comment that fills the file\n");
    test_refused(tlog_policy_parse(&policy, "policy", buf_bytes(&long_line), &err), SANAD_REFUSED,
                 &err, "over 1048576 bytes");
    buf_free(&long_line);
}

/* ---- whether it is met --------------------------------------------------------------------------
 */

/* A checkpoint that the log (or not) and some witnesses signed; witness i at 1000 + i. */
static struct buf note_make(bool by_log, unsigned by_witnesses)
{
    struct tlog_checkpoint checkpoint = {.size = 3, .root = {.b = {1}}};
    struct buf text = buf_with_max(1 << 12);
    struct buf note = buf_with_max(1 << 14);
    uint8_t seed[32];
    memcpy(checkpoint.origin, origin, sizeof origin);
    tlog_checkpoint_write(&text, &checkpoint);
    buf_add(&note, buf_bytes(&text));
    buf_text(&note, "\n\u2014 unknown AAAAAAAA\n");
    seed_of(seed, 100);
    if (by_log)
        note_sign(&note, buf_bytes(&text), &log_key, seed);
    for (size_t i = 0; i < WITNESS_COUNT; i++) {
        seed_of(seed, i);
        if (by_witnesses >> i & 1)
            tlog_cosign(&note, buf_bytes(&text), &witnesses[i], seed, 1000 + i);
    }
    buf_free(&text);
    return note;
}

static int verify(struct tlog_policy_check *ret_check, const struct tlog_policy *policy,
                  struct bytes raw, struct err *err)
{
    struct arena arena = {0};
    struct note note;
    struct tlog_checkpoint checkpoint;
    test_ok(note_parse(&note, "note", raw, &arena, err), err);
    test_ok(tlog_checkpoint_parse(&checkpoint, "note", note.text, err), err);
    int code = tlog_policy_verify(ret_check, policy, &note, &checkpoint, err);
    arena_free(&arena);
    return code;
}

#define FIVE                                                                                       \
    "log $L\nwitness a $0\nwitness b $1\nwitness c $2\nwitness d $3\nwitness e $4\n"               \
    "group near any a b\ngroup far 2 c d e\n"

static bool near_and_far(unsigned by)
{
    return (by & 3) && __builtin_popcount(by >> 2) >= 2;
}

static void groups_are_reached_or_not(void **state)
{
    (void)state;
    struct tlog_policy *policy;
    struct err err = {0};
    test_ok(parse(&policy, FIVE "group top all near far\nquorum top\n", &err), &err);
    for (unsigned by = 0; by < 1u << WITNESS_COUNT; by++) {
        struct buf note = note_make(true, by);
        struct tlog_policy_check check = {.log = NULL};
        int code = verify(&check, policy, buf_bytes(&note), &err);
        assert_int_equal(code, near_and_far(by) ? 0 : SANAD_MISSING);
        assert_int_equal(check.quorum, near_and_far(by));
        assert_int_equal(check.cosigned, __builtin_popcount(by));
        assert_int_equal(check.oldest, by ? 1000 + (unsigned)__builtin_ctz(by) : 0);
        assert_non_null(check.log);
        for (size_t i = 0; i < WITNESS_COUNT; i++)
            assert_int_equal(check.witnessed[i], by >> i & 1);
        buf_free(&note);
    }
    tlog_policy_free(policy);
    test_ok(parse(&policy, FIVE "quorum c\n", &err), &err);
    for (unsigned by = 0; by < 1u << WITNESS_COUNT; by++) {
        struct buf note = note_make(true, by);
        struct tlog_policy_check check;
        assert_int_equal(verify(&check, policy, buf_bytes(&note), &err),
                         by & 4 ? 0 : SANAD_MISSING);
        buf_free(&note);
    }
    tlog_policy_free(policy);
}

static void the_log_must_have_signed(void **state)
{
    (void)state;
    struct tlog_policy *policy;
    struct err err = {0};
    struct tlog_policy_check check = {.log = NULL};
    test_ok(parse(&policy, FIVE "quorum none\n", &err), &err);
    struct buf note = note_make(true, 0);
    test_ok(verify(&check, policy, buf_bytes(&note), &err), &err);
    assert_true(check.log && check.quorum);
    buf_free(&note);
    note = note_make(false, 31);
    test_refused(verify(&check, policy, buf_bytes(&note), &err), SANAD_MISSING, &err,
                 "no log of the policy has signed it");
    buf_free(&note);
    tlog_policy_free(policy);
    /* A policy may name no log; then nothing says whose the checkpoint is. */
    test_ok(parse(&policy, "witness a $0\nquorum a\n", &err), &err);
    note = note_make(true, 31);
    test_refused(verify(&check, policy, buf_bytes(&note), &err), SANAD_MISSING, &err,
                 "no log of the policy has signed it");
    buf_free(&note);
    tlog_policy_free(policy);
}

/* Each line with one bit of its signature changed: whoever it is of, the note is rejected; a
 * changed name or id is an unknown signer and only does not count. */
static void a_wrong_signature_rejects_all(void **state)
{
    (void)state;
    struct tlog_policy *policy;
    struct err err = {0};
    struct tlog_policy_check check;
    test_ok(parse(&policy, FIVE "quorum none\n", &err), &err);
    for (size_t line = 0; line <= WITNESS_COUNT; line++) {
        struct buf note = note_make(true, 31);
        uint8_t *at = note.data + note.size - 20; /* in the last line's base64 */
        for (size_t i = 0; i < line; i++) {
            while (*at != '\n')
                at--;
            at -= 20;
        }
        *at = *at == 'A' ? 'B' : 'A';
        assert_int_equal(verify(&check, policy, buf_bytes(&note), &err), SANAD_FALSE);
        buf_free(&note);
    }
    tlog_policy_free(policy);
}

/* A line of ML-DSA-44 (type 0x06) is one of an unknown key, with a good signature or a bad one;
 * such a key is refused where a policy names it; alone it makes no checkpoint. */
static void mldsa_add(struct buf *note, const json_t *json, bool change)
{
    const char *line = json_string_value(json_object_get(json, "signature_line"));
    size_t at = note->size;
    assert_non_null(line);
    buf_text(note, line);
    if (note->data[note->size - 1] != '\n')
        buf_u8(note, '\n');
    if (change) {
        at += (note->size - at) / 2;
        note->data[at] = note->data[at] == 'A' ? 'B' : 'A';
    }
}

static void mldsa_alone(const struct tlog_policy *policy, const json_t *json)
{
    const json_t *text = json_object_get(json, "note");
    struct tlog_policy_check check;
    struct err err = {0};
    if (!json_is_string(text)) /* of a subtree: no checkpoint */
        return;
    test_refused(
        verify(&check, policy, bytes_of(json_string_value(text), json_string_length(text)), &err),
        SANAD_MISSING, &err, "no log of the policy has signed it");
}

static void mldsa_lines_are_ignored(void **state)
{
    (void)state;
    struct buf data = test_data("tlog/mldsa44/cosignatures.jsonl");
    struct tlog_policy *policy;
    struct err err = {0};
    size_t seen = 0;
    test_ok(parse(&policy, FIVE "group top all near far\nquorum top\n", &err), &err);
    for (const char *line = buf_cstr(&data); *line; seen++) {
        size_t size = strcspn(line, "\n");
        json_t *json = json_loadb(line, size, 0, NULL);
        assert_non_null(json);
        struct note_key key;
        test_refused(note_vkey_parse(&key, json_string_value(json_object_get(json, "vkey")), &err),
                     SANAD_REFUSED, &err, "type 0x06 is not supported");
        for (unsigned by = 0; by < 1u << WITNESS_COUNT; by++) {
            struct buf note = note_make(true, by);
            struct tlog_policy_check check;
            mldsa_add(&note, json, by % 2);
            assert_int_equal(verify(&check, policy, buf_bytes(&note), &err),
                             near_and_far(by) ? 0 : SANAD_MISSING);
            assert_int_equal(check.cosigned, __builtin_popcount(by));
            buf_free(&note);
        }
        mldsa_alone(policy, json);
        json_decref(json);
        line += size + (line[size] == '\n');
    }
    assert_int_equal(seen, 5);
    tlog_policy_free(policy);
    buf_free(&data);
}

/* A published checkpoint of a mirror has its cosignature alone: it verifies, and is no word of the
 * log. */
static void a_mirrors_line_is_no_logs(void **state)
{
    (void)state;
    struct buf raw = test_data("tlog/sunlight-mirror/checkpoint");
    struct buf text = test_data("tlog/sunlight-mirror/mirror.v0.json");
    struct arena arena = {0};
    struct tlog_policy *policy;
    struct tlog_policy_check check = {.cosigned = 0};
    struct note_key key;
    struct note note;
    struct err err = {0};
    json_t *json;
    uint64_t time = 0;
    test_ok(json_read(&json, "mirror", buf_bytes(&text), 1 << 16, &err), &err);
    const char *vkey = json_string_value(json_array_get(json_object_get(json, "verifier_keys"), 0));
    test_ok(note_vkey_parse(&key, vkey, &err), &err);
    test_ok(note_parse(&note, "mirror", buf_bytes(&raw), &arena, &err), &err);
    assert_true(tlog_cosigned_at(&time, &note, &key) && time == 0x69546780);
    struct buf rules = buf_with_max(4096);
    buf_format(&rules, "log $L\nwitness m %s\nquorum m\n", vkey);
    test_ok(parse(&policy, buf_cstr(&rules), &err), &err);
    test_refused(verify(&check, policy, buf_bytes(&raw), &err), SANAD_MISSING, &err,
                 "no log of the policy has signed it");
    raw.data[5] ^= 1; /* the origin */
    arena_reset(&arena);
    test_ok(note_parse(&note, "mirror", buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(note_verify(&(bool){false}, &note, &key, 1, &err), SANAD_FALSE);
    tlog_policy_free(policy);
    buf_free(&rules);
    buf_free(&text);
    buf_free(&raw);
    json_decref(json);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_read),         cmocka_unit_test(other_lines_are_refused),
        cmocka_unit_test(the_ceilings_hold),        cmocka_unit_test(groups_are_reached_or_not),
        cmocka_unit_test(the_log_must_have_signed), cmocka_unit_test(a_wrong_signature_rejects_all),
        cmocka_unit_test(mldsa_lines_are_ignored),  cmocka_unit_test(a_mirrors_line_is_no_logs),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
