/* Proves: a statement that was built reads back to the same bytes; what is not canonical,
 * not clean or of another kind is refused; keys open only with their passphrase; and the
 * verdict on signatures follows thresholds, unknown keys, failures and expiry. */
#include "support.h"
#include "stmt/stmt.h"

#include <sys/stat.h>

static const struct stmt_place place = {
    .authority = "xs", .log = "xs.example/log", .seq = 3, .prev = 17};

static struct role_key key_of(const char *name, uint8_t number)
{
    struct role_key key;
    struct err err = {0};
    uint8_t seed[32] = {number};
    test_ok(role_key_new(&key, name, seed, &err), &err);
    return key;
}

static struct buf text_of(const char *json_text)
{
    struct buf text = buf_with_max(STMT_BODY_MAX * 2);
    struct err err = {0};
    json_t *json = json_loads(json_text, 0, NULL);
    assert_non_null(json);
    test_ok(stmt_build(&text, STMT_CLAIM, &place, json, &err), &err);
    json_decref(json);
    return text;
}

static struct buf signed_by(struct bytes text, const struct role_key *keys, size_t count)
{
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    struct err err = {0};
    buf_add(&note, text);
    for (size_t i = 0; i < count; i++) {
        struct buf next = buf_with_max(NOTE_SIZE_MAX);
        test_ok(stmt_sign(&next, buf_bytes(&note), &keys[i], &err), &err);
        buf_free(&note);
        note = next;
    }
    return note;
}

static void built_text_is_canonical(void **state)
{
    (void)state;
    struct buf text = text_of("{\"z\":1,\"a\":\"\\u06a9\\u0644\"}");
    assert_string_equal(
        buf_cstr(&text),
        "sanad/statement/v1 claim\n{\"a\":\"\xda\xa9\xd9\x84\",\"authority\":\"xs\","
        "\"log\":\"xs.example/log\",\"prev\":17,\"seq\":3,\"z\":1}\n");
    buf_free(&text);
}

static void bad_bodies_are_refused(void **state)
{
    (void)state;
    static const char *const bodies[][2] = {
        {"{\"a\":1.5}", "real"},
        {"{\"a\":null}", "null"},
        {"{\"a\":9007199254740993}", "2^53"},
        {"{\"\\u00e9\":1}", "ASCII"},
        {"{\"a\":{\"b\":[\"x\\u202ey\"]}}", "bidirectional"},
        {"{\"a\":\"\\u0007\"}", "control"},
    };
    for (size_t i = 0; i < countof(bodies); i++) {
        struct buf text = buf_with_max(STMT_BODY_MAX * 2);
        struct err err = {0};
        json_t *json = json_loads(bodies[i][0], 0, NULL);
        assert_non_null(json);
        test_refused(stmt_build(&text, STMT_CLAIM, &place, json, &err), SANAD_REFUSED, &err,
                     bodies[i][1]);
        json_decref(json);
        buf_free(&text);
    }
}

static void changed_notes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"sanad/statement/v2 claim\n{}\n", "not a sanad/statement/v1"},
        {"sanad/statement/v1 gossip\n{}\n", "unknown kind"},
        {"sanad/statement/v1 claim\n{ }\n", "RFC 8785"},
        {"sanad/statement/v1 claim\n{\"b\":1,\"a\":2}\n", "RFC 8785"},
        {"sanad/statement/v1 claim\n{\"a\":1,\"a\":2}\n", "duplicate"},
        {"sanad/statement/v1 claim\n{\"a\":1e2}\n", "real"},
        {"sanad/statement/v1 claim\n{}\n{}\n", "one line"},
        {"sanad/statement/v1 claim\n[]\n", "not an object"},
    };
    struct role_key key = key_of("xs.example/claim/k1", 1);
    for (size_t i = 0; i < countof(texts); i++) {
        struct buf note = buf_with_max(NOTE_SIZE_MAX);
        struct stmt *stmt;
        struct err err = {0};
        buf_text(&note, texts[i][0]);
        buf_u8(&note, '\n');
        note_sign(&note, bytes_of_text(texts[i][0]), &key.key, key.seed);
        test_refused(stmt_read(&stmt, "x.note", buf_bytes(&note), &err), SANAD_REFUSED, &err,
                     texts[i][1]);
        buf_free(&note);
    }
}

static struct trust *trust_of(const struct role_key *keys, size_t count, int threshold,
                              const char *expires)
{
    struct buf text = buf_with_max(65536);
    buf_text(&text, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        buf_text(&text, i ? ",\"" : "\"");
        note_vkey_write(&text, &keys[i].key);
        buf_text(&text, "\"");
    }
    buf_format(&text, "],\"roles\":{\"claim\":{\"threshold\":%d,\"keys\":[", threshold);
    for (size_t i = 0; i < count; i++)
        buf_format(&text, "%s\"%s\"", i ? "," : "", keys[i].key.name);
    buf_format(&text, "]}},\"expires\":%s}", expires);
    struct trust *trust;
    struct err err = {0};
    test_ok(trust_read(&trust, "trust.json", buf_bytes(&text), &err), &err);
    buf_free(&text);
    return trust;
}

static int verdict(struct bytes raw, const struct trust *trust, struct stmt_check *check)
{
    struct stmt *stmt;
    struct err err = {0};
    test_ok(stmt_read(&stmt, "x.note", raw, &err), &err);
    int code = stmt_verify(check, stmt, trust, 1735689600 /* 2025-01-01 */, &err);
    stmt_free(stmt);
    return code;
}

static void signatures_are_judged_by_the_role(void **state)
{
    (void)state;
    const struct role_key keys[] = {key_of("k1", 1), key_of("k2", 2), key_of("k3", 3)};
    struct trust *two_of_two = trust_of(keys, 2, 2, "{}");
    struct trust *expired = trust_of(keys, 2, 2, "{\"k2\":\"2025-01-01\"}");
    struct buf text = text_of("{\"a\":1}");
    struct buf one = signed_by(buf_bytes(&text), keys, 1);
    struct buf two = signed_by(buf_bytes(&text), keys, 2);
    struct buf three = signed_by(buf_bytes(&text), keys, 3);
    struct stmt_check check;
    assert_int_equal(verdict(buf_bytes(&one), two_of_two, &check), SANAD_MISSING);
    assert_int_equal(check.valid, 1);
    assert_int_equal(verdict(buf_bytes(&two), two_of_two, &check), 0);
    assert_int_equal(verdict(buf_bytes(&three), two_of_two, &check), 0);
    assert_int_equal(check.unknown, 1);
    assert_int_equal(verdict(buf_bytes(&two), expired, &check), SANAD_FALSE);
    /* One digit of the figure changed, signatures kept. */
    char *digit = strstr((char *)two.data, "\"a\":1");
    digit[4] = '2';
    assert_int_equal(verdict(buf_bytes(&two), two_of_two, &check), SANAD_FALSE);
    trust_free(two_of_two);
    trust_free(expired);
    buf_free(&text);
    buf_free(&one);
    buf_free(&two);
    buf_free(&three);
}

static void a_key_signs_once(void **state)
{
    (void)state;
    struct role_key key = key_of("k1", 1);
    struct buf text = text_of("{}");
    struct buf once = signed_by(buf_bytes(&text), &key, 1);
    struct buf twice = buf_with_max(NOTE_SIZE_MAX);
    struct err err = {0};
    test_refused(stmt_sign(&twice, buf_bytes(&once), &key, &err), SANAD_REFUSED, &err, "already");
    buf_free(&text);
    buf_free(&once);
    buf_free(&twice);
}

static void keys_open_only_with_their_passphrase(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct err err = {0};
    struct role_key key = key_of("xs.example/reserve/k1", 9);
    struct role_key again;
    struct note_key public_half;
    struct stat status;
    test_folder_make(folder);
    test_ok(path_join(path, folder, "k1.key", &err), &err);
    test_ok(role_key_write(&key, path, "open sesame", SECRET_COST_INTERACTIVE, &err), &err);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    test_refused(role_key_write(&key, path, "x", SECRET_COST_INTERACTIVE, &err), SANAD_IO, &err,
                 "never overwritten");
    test_refused(role_key_read(&again, path, "open sesam", &err), SANAD_FALSE, &err, "k1.key");
    test_ok(role_key_read(&again, path, "open sesame", &err), &err);
    assert_memory_equal(again.seed, key.seed, 32);
    test_ok(role_key_public(&public_half, path, &err), &err);
    assert_string_equal(public_half.name, "xs.example/reserve/k1");
    test_folder_remove(folder);
}

static void bad_trust_files_are_refused(void **state)
{
    (void)state;
    static const char *const vkey =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    static const char *const texts[][2] = {
        {"{\"keys\":[],\"extra\":1}", "unknown key"},
        {"{\"keys\":[\"x\"]}", "verifier key"},
        {"{\"keys\":[\"%s\",\"%s\"]}", "twice"},
        {"{\"keys\":[\"%s\"],\"roles\":{\"gossip\":{}}}", "no kind"},
        {"{\"keys\":[\"%s\"],\"roles\":{\"claim\":{\"threshold\":1,\"keys\":[\"other\"]}}}",
         "not under"},
        {"{\"keys\":[\"%s\"],\"roles\":{\"claim\":{\"threshold\":2,\"keys\":"
         "[\"example.com/foo\"]}}}",
         "threshold"},
        {"{\"keys\":[\"%s\"],\"roles\":{\"claim\":{\"threshold\":1,\"keys\":"
         "[\"example.com/foo\",\"example.com/foo\"]}}}",
         "twice"},
        {"{\"keys\":[\"%s\"],\"expires\":{\"example.com/foo\":\"soon\"}}", "not a date"},
    };
    for (size_t i = 0; i < countof(texts); i++) {
        struct buf text = buf_with_max(4096);
        struct trust *trust;
        struct err err = {0};
        const char *rest = texts[i][0];
        for (const char *at = strstr(rest, "%s"); at; at = strstr(rest, "%s")) {
            buf_add(&text, bytes_of(rest, (size_t)(at - rest)));
            buf_text(&text, vkey);
            rest = at + 2;
        }
        buf_text(&text, rest);
        test_refused(trust_read(&trust, "trust.json", buf_bytes(&text), &err), SANAD_REFUSED, &err,
                     texts[i][1]);
        buf_free(&text);
    }
}

static void a_cosigners_key_signs_no_statement(void **state)
{
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct role_key key;
    struct role_key again;
    struct err err = {0};
    struct buf note = buf_with_max(1 << 16);
    (void)state;
    test_folder_make(folder);
    test_ok(path_join(path, folder, "w1.key", &err), &err);
    test_ok(role_key_new_as(&key, "w1.example", NOTE_KEY_TYPE_COSIGNATURE, NULL, &err), &err);
    test_ok(role_key_write(&key, path, "open sesame", SECRET_COST_INTERACTIVE, &err), &err);
    test_ok(role_key_read(&again, path, "open sesame", &err), &err);
    assert_int_equal(again.key.type, NOTE_KEY_TYPE_COSIGNATURE);
    assert_memory_equal(again.key.id, key.key.id, sizeof key.key.id);
    assert_memory_equal(again.seed, key.seed, sizeof key.seed);
    test_refused(stmt_sign(&note, bytes_of_text("any text\n"), &again, &err), SANAD_REFUSED, &err,
                 "cosigner");
    assert_int_equal(note.size, 0);
    buf_free(&note);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_text_is_canonical),
        cmocka_unit_test(bad_bodies_are_refused),
        cmocka_unit_test(changed_notes_are_refused),
        cmocka_unit_test(signatures_are_judged_by_the_role),
        cmocka_unit_test(a_key_signs_once),
        cmocka_unit_test(keys_open_only_with_their_passphrase),
        cmocka_unit_test(bad_trust_files_are_refused),
        cmocka_unit_test(a_cosigners_key_signs_no_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
