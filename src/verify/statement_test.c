/* Proves: the core takes exactly the statements that the program takes, their kinds and their JSON
 * in its one form, of built ones and of tens of thousands of spoilt ones; it counts signatures as
 * the program does, by keys alone and by trust files and roots, also spoilt ones; and the published
 * RFC 8785 pairs are told apart. */
#include "stmt/stmt.h"
#include "verify_test.h"

#include "verify/verify_priv.h"

enum { SIGNER_COUNT = 4 };
static struct test_key signers[SIGNER_COUNT];

static char folder[PATH_SIZE];

static int teardown(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    test_folder_make(folder);
    for (unsigned i = 0; i < SIGNER_COUNT; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "xs.example/k%u", i);
        signers[i] = key_of(name, NOTE_KEY_TYPE_ED25519, (uint8_t)i);
    }
    return 0;
}

/* ---- form ---------------------------------------------------------------------------------- */

/* Whether both took it. */
static bool read_both(struct bytes raw)
{
    struct stmt *theirs;
    struct sanad_statement ours;
    struct sanad_result result;
    struct err err = {0};
    const struct sanad_input input = input_of("x.note", raw);
    int code = stmt_read(&theirs, "x.note", raw, &err);
    enum sanad_verdict verdict = sanad_statement_read(caller(), &ours, &result, &input);
    assert_int_equal(verdict, result.verdict);
    if (verdict != verdict_of(code))
        fail_msg("core: %d %s; program: %s: %.*s", (int)verdict, result.text, err.text,
                 (int)raw.size, (const char *)raw.data);
    if (code)
        return false;
    assert_string_equal(sanad_kind_name(ours.kind), stmt_kind_name(theirs->kind));
    assert_int_equal(ours.text.size, theirs->note.text.size);
    assert_memory_equal(ours.text.data, theirs->note.text.data, ours.text.size);
    assert_int_equal(ours.signature_count, theirs->note.signature_count);
    stmt_free(theirs);
    return true;
}

/* A signed note of any two lines. */
static struct buf note_make(const char *first, struct bytes json, size_t signer_count)
{
    struct buf note = buf_with_max(1 << 20);
    struct buf lines = buf_with_max(1 << 16);
    buf_text(&note, first);
    buf_u8(&note, '\n');
    buf_add(&note, json);
    buf_u8(&note, '\n');
    for (size_t i = 0; i < signer_count; i++)
        note_sign(&lines, buf_bytes(&note), &signers[i].key, signers[i].seed);
    buf_u8(&note, '\n');
    buf_add(&note, buf_bytes(&lines));
    buf_free(&lines);
    return note;
}

static bool json_both(struct bytes json)
{
    struct buf note = note_make("sanad/statement/v1 claim", json, 1);
    bool taken = read_both(buf_bytes(&note));
    buf_free(&note);
    return taken;
}

/* Each form of JSON, and whether it is taken. */
static const struct {
    const char *json;
    bool taken;
} forms[] = {
    {"{}", true},
    {"{\"a\":1}", true},
    {"{\"a\":[],\"b\":{}}", true},
    {"{\"a\":[1,\"x\",true,false,[{\"z\":-1}]]}", true},
    {"{\"a\":9007199254740991}", true},
    {"{\"a\":-9007199254740991}", true},
    {"{\"a\":\"\\\"\\\\/\"}", true},
    {"{\"a\\\"\":1,\"a\\\\\":2}", true},
    {"{\"A\":1,\"a\":2,\"aa\":3,\"ab\":4}", true},
    {"{\"a\":\"\xd8\xb3\xd9\x86\xd8\xaf \xe2\x80\x8c \xf0\x9f\x98\x80\"}", true},
    {"{\"a\":\"\"}", true},
    {"{\"a\\\\\":1,\"a\\\"\":2}", false}, /* order of what is meant */
    {"{\"b\":1,\"a\":2}", false},
    {"{\"a\":1,\"a\":1}", false},
    {"{\"a\":1,}", false},
    {"{\"a\": 1}", false},
    {"{ }", false},
    {"{\"a\":1} ", false},
    {"", false},
    {"[]", false},
    {"[1]", false},
    {"1", false},
    {"\"a\"", false},
    {"null", false},
    {"{\"a\":null}", false},
    {"{\"a\":1.0}", false},
    {"{\"a\":1e3}", false},
    {"{\"a\":-0}", false},
    {"{\"a\":01}", false},
    {"{\"a\":+1}", false},
    {"{\"a\":-}", false},
    {"{\"a\":9007199254740992}", false},
    {"{\"a\":-9007199254740992}", false},
    {"{\"a\":99999999999999999999}", false},
    {"{\"a\":18446744073709551617}", false},
    {"{\"a\":tru}", false},
    {"{\"a\":truefalse}", false},
    {"{\"a\":\"\\u0041\"}", false},
    {"{\"a\":\"\\/\"}", false},
    {"{\"a\":\"\\n\"}", false},
    {"{\"a\":\"\\u0000\"}", false},
    {"{\"a\":\"\x7f\"}", false},
    {"{\"a\":\"\xc2\x85\"}", false},
    {"{\"a\":\"\xe2\x80\xae\"}", false},
    {"{\"a\":\"\xe2\x81\xa6\"}", false},
    {"{\"a\":\"\xef\xbb\xbf\"}", false},
    {"{\"a\":\"\xef\xbf\xbf\"}", false},
    {"{\"a\":\"\xef\xb7\x90\"}", false},
    {"{\"\":1}", false},
    {"{\"a b\":1}", false},
    {"{\"\xc3\xa9\":1}", false},
    {"{\"a\":\"x}", false},
    {"{\"a\":\"\\", false},
    {"{\"a\"}", false},
    {"{\"a\":[1,]}", false},
    {"{\"a\":[,1]}", false},
    {"{\"a\":[1 ,2]}", false},
    {"{\"a\":[1}", false},
    {"{1:2}", false},
};

static void each_form_of_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(forms); i++)
        if (json_both(bytes_of_text(forms[i].json)) != forms[i].taken)
            fail_msg("%s", forms[i].json);
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    for (size_t depth = 62; depth <= 66; depth++) {
        struct buf json = buf_with_max(1 << 16);
        buf_text(&json, "{\"a\":");
        for (size_t i = 1; i < depth; i++)
            buf_u8(&json, '[');
        for (size_t i = 1; i < depth; i++)
            buf_u8(&json, ']');
        buf_u8(&json, '}');
        assert_int_equal(json_both(buf_bytes(&json)), depth <= 64);
        buf_free(&json);
    }
    for (size_t size = STMT_BODY_MAX - 2; size <= STMT_BODY_MAX + 2; size++) {
        struct buf json = buf_with_max(1 << 16);
        buf_text(&json, "{\"a\":\"");
        while (json.size < size - 2)
            buf_u8(&json, 'x');
        buf_text(&json, "\"}");
        assert_int_equal(json_both(buf_bytes(&json)), size <= STMT_BODY_MAX);
        buf_free(&json);
    }
}

static void published_canonical_forms(void **state)
{
    (void)state;
    static const char *const names[] = {"arrays",  "french", "structures",
                                        "unicode", "values", "weird"};
    for (size_t i = 0; i < countof(names); i++) {
        static const char *const folders[] = {"input", "output"};
        for (size_t f = 0; f < countof(folders); f++) {
            char path[PATH_SIZE];
            (void)snprintf(path, sizeof path, "tlog/jcs/%s/%s.json", folders[f], names[i]);
            struct buf json = test_data(path);
            (void)json_both(buf_bytes(&json)); /* reals, arrays, controls: refused by both */
            buf_free(&json);
        }
    }
}

static struct buf random_json(uint64_t *random)
{
    static const char *const pieces[] = {"{",       "}",        "[",     "]",        ",",
                                         ":",       "\"a\"",    "\"b\"", "\"c\":",   "1",
                                         "-7",      "true",     "false", "\"\\\"\"", "\"\\\\\"",
                                         "\"x\"",   " ",        "null",  "0.5",      "\"\xd8\xb3\"",
                                         "\"aa\":", "{\"k\":2}"};
    struct buf json = buf_with_max(4096);
    buf_u8(&json, '{');
    for (size_t i = random_below(random, 9); i > 0; i--)
        buf_text(&json, pieces[random_below(random, countof(pieces))]);
    buf_u8(&json, '}');
    return json;
}

static void random_and_spoilt_json(void **state)
{
    (void)state;
    static const char good[] =
        "{\"authority\":\"xs\",\"by_class\":[{\"balance_sat\":5,\"class\":\"cold\"}],\"complete\":"
        "true,\"log\":\"xs.example/log\",\"prev\":-1,\"seq\":0,\"title\":{\"en\":\"A "
        "\\\"deed\\\"\","
        "\"ur\":\"\xd8\xb3\xd9\x86\xd8\xaf\"},\"total_sat\":2099999997690000}";
    uint64_t random = 31;
    size_t taken = 0;
    for (size_t i = 0; i < 8000; i++) {
        struct bytes bad = spoilt(bytes_of_text(good), &random);
        struct buf json = random_json(&random);
        taken += json_both(bad);
        taken += json_both(buf_bytes(&json));
        spoilt_free(bad);
        buf_free(&json);
    }
    assert_in_range(taken, 200, 8000);
}

/* ---- signatures ------------------------------------------------------------------------------ */

static const char claim_json[] =
    "{\"authority\":\"xs\",\"date\":\"2026-03-01\",\"log\":\"xs.example/log\",\"prev\":-1,"
    "\"seq\":0}";

static void spoilt_notes(void **state)
{
    (void)state;
    struct buf note = note_make("sanad/statement/v1 claim", bytes_of_text(claim_json), 2);
    uint64_t random = 32;
    assert_true(read_both(buf_bytes(&note)));
    for (size_t i = 0; i < 6000; i++) {
        struct bytes bad = spoilt(buf_bytes(&note), &random);
        (void)read_both(bad);
        spoilt_free(bad);
    }
    buf_free(&note);
    static const char *const firsts[] = {
        "sanad/statement/v1 ",        "sanad/statement/v1",
        "sanad/statement/v2 claim",   "sanad/statement/v1  claim",
        "sanad/statement/v1 claim ",  "sanad/statement/v1 solvency",
        "sanad/statement/v1 claim\n", ""};
    for (size_t i = 0; i < countof(firsts); i++) {
        note = note_make(firsts[i], bytes_of_text(claim_json), 1);
        assert_false(read_both(buf_bytes(&note)));
        buf_free(&note);
    }
}

static void all_kinds_are_known(void **state)
{
    (void)state;
    assert_int_equal(SANAD_KIND_COUNT, STMT_KIND_COUNT);
    for (unsigned i = 0; i < STMT_KIND_COUNT; i++) {
        enum sanad_kind kind;
        const char *name = stmt_kind_name((enum stmt_kind)i);
        assert_true(verify_kind_find(&kind, verify_bytes_of(name)));
        assert_string_equal(sanad_kind_name(kind), name);
    }
}

static enum sanad_verdict keys_verdict(struct bytes note, size_t key_count, size_t threshold)
{
    const char *vkeys[SIGNER_COUNT];
    struct sanad_result result;
    const struct sanad_input input = input_of("x.note", note);
    for (size_t i = 0; i < SIGNER_COUNT; i++)
        vkeys[i] = signers[i].vkey;
    const struct sanad_keys keys = {.vkeys = vkeys, .count = key_count, .threshold = threshold};
    return sanad_verify_statement(caller(), &result, &input, &keys);
}

static void keys_with_a_threshold(void **state)
{
    (void)state;
    struct buf note = note_make("sanad/statement/v1 claim", bytes_of_text(claim_json), 2);
    assert_int_equal(keys_verdict(buf_bytes(&note), 2, 2), SANAD_VERDICT_HOLDS);
    assert_int_equal(keys_verdict(buf_bytes(&note), 4, 2), SANAD_VERDICT_HOLDS);
    assert_int_equal(keys_verdict(buf_bytes(&note), 4, 3), SANAD_VERDICT_UNDECIDED);
    assert_int_equal(keys_verdict(buf_bytes(&note), 1, 1), SANAD_VERDICT_HOLDS);
    assert_int_equal(keys_verdict(buf_bytes(&note), 1, 2), SANAD_VERDICT_REFUSED);
    assert_int_equal(keys_verdict(buf_bytes(&note), 1, 0), SANAD_VERDICT_REFUSED);
    note.data[30] ^= 1; /* in the text */
    assert_int_equal(keys_verdict(buf_bytes(&note), 4, 2), SANAD_VERDICT_CONTRADICTED);
    buf_free(&note);
    /* A key under two names, a cosigner's key, one that is none. */
    struct test_key twin = key_of("xs.example/twin", NOTE_KEY_TYPE_ED25519, 0);
    struct test_key witness = key_of("xs.example/w", NOTE_KEY_TYPE_COSIGNATURE, 9);
    const char *const bad[] = {twin.vkey, witness.vkey, signers[0].vkey, "nothing"};
    note = note_make("sanad/statement/v1 claim", bytes_of_text(claim_json), 1);
    for (size_t i = 0; i < countof(bad); i++) {
        const char *const vkeys[] = {signers[0].vkey, bad[i]};
        const struct sanad_keys keys = {.vkeys = vkeys, .count = 2, .threshold = 1};
        const struct sanad_input input = input_of("x.note", buf_bytes(&note));
        struct sanad_result result;
        assert_int_equal(sanad_verify_statement(caller(), &result, &input, &keys),
                         SANAD_VERDICT_REFUSED);
    }
    buf_free(&note);
}

/* The program's way: trust of a file or a root, then the statement. */
static int stmt_code(struct bytes note, struct bytes trust_text, struct err *err)
{
    struct stmt *stmt;
    struct trust *trust;
    struct stmt_check check;
    char path[PATH_SIZE];
    int code = stmt_read(&stmt, "x.note", note, err);
    if (code)
        return code;
    test_ok(path_join(path, folder, "trust", err), err);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(trust_text.data, 1, trust_text.size, file), trust_text.size);
    assert_int_equal(fclose(file), 0);
    code = trust_read_file(&trust, path, err);
    if (code == 0) {
        code = stmt_verify(&check, stmt, trust, stmt_time(stmt), err);
        trust_free(trust);
    }
    stmt_free(stmt);
    return code;
}

/* Sentences are compared where the signatures decide; else they name a path or jansson's words. */
static enum sanad_verdict trust_both(struct bytes note, struct bytes trust)
{
    struct err err = {0};
    struct sanad_result result;
    const struct sanad_input inputs[] = {input_of("x.note", note), input_of("trust", trust)};
    int code = stmt_code(note, trust, &err);
    enum sanad_verdict verdict =
        sanad_verify_statement_by(caller(), &result, &inputs[0], &inputs[1]);
    assert_int_equal(verdict, result.verdict);
    if (verdict != verdict_of(code))
        fail_msg("core: %d %s; program: %s: %.*s", (int)verdict, result.text, err.text,
                 (int)trust.size, (const char *)trust.data);
    if (code == SANAD_MISSING)
        assert_string_equal(result.text, err.text);
    return verdict;
}

static struct buf trust_file(const char *more)
{
    struct buf trust = buf_with_max(8192);
    buf_format(&trust,
               "{\"keys\":[\"%s\",\"%s\",\"%s\"],\n \"roles\":{\"claim\":{\"threshold\":2,"
               "\"keys\":[\"%s\",\"%s\",\"%s\"]}}%s}",
               signers[0].vkey, signers[1].vkey, signers[2].vkey, signers[0].key.name,
               signers[1].key.name, signers[2].key.name, more);
    return trust;
}

static void trust_files(void **state)
{
    (void)state;
    uint64_t random = 33;
    static const struct {
        size_t signed_by;
        const char *more;
        enum sanad_verdict verdict;
    } rows[] = {
        {2, "", SANAD_VERDICT_HOLDS},
        {1, "", SANAD_VERDICT_UNDECIDED},
        {3, "", SANAD_VERDICT_HOLDS},
        {2, ",\"expires\":{}", SANAD_VERDICT_HOLDS},
        {2, ",\"expires\":{\"xs.example/k0\":\"2026-03-01\"}", SANAD_VERDICT_CONTRADICTED},
        {2, ",\"expires\":{\"xs.example/k0\":\"2026-03-02\"}", SANAD_VERDICT_HOLDS},
        {3, ",\"expires\":{\"xs.example/k0\":\"2026-03-01\"}", SANAD_VERDICT_HOLDS},
        {1, ",\"expires\":{\"xs.example/k0\":\"2026-03-01\"}", SANAD_VERDICT_UNDECIDED},
        {2, ",\"expires\":{\"xs.example/k9\":\"2026-03-01\"}", SANAD_VERDICT_REFUSED},
        {2, ",\"expires\":{\"xs.example/k0\":\"2026-02-29\"}", SANAD_VERDICT_REFUSED},
        {2, ",\"other\":1", SANAD_VERDICT_REFUSED},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf note =
            note_make("sanad/statement/v1 claim", bytes_of_text(claim_json), rows[i].signed_by);
        struct buf trust = trust_file(rows[i].more);
        assert_int_equal(trust_both(buf_bytes(&note), buf_bytes(&trust)), rows[i].verdict);
        for (size_t n = 0; n < 60; n++) {
            struct bytes bad = spoilt(buf_bytes(&trust), &random);
            (void)trust_both(buf_bytes(&note), bad);
            spoilt_free(bad);
        }
        buf_free(&note);
        buf_free(&trust);
    }
    struct buf note = note_make("sanad/statement/v1 document", bytes_of_text(claim_json), 2);
    struct buf trust = trust_file("");
    assert_int_equal(trust_both(buf_bytes(&note), buf_bytes(&trust)), SANAD_VERDICT_UNDECIDED);
    buf_free(&note);
    buf_free(&trust);
}

/* One key must never count as two signers, nor a role be said twice. */
static void trust_files_that_count_twice(void **state)
{
    (void)state;
    static const char *const roles[] = {
        "\"claim\":{\"threshold\":2,\"keys\":[\"xs.example/k0\",\"xs.example/k0\"]}",
        "\"claim\":{\"threshold\":1,\"keys\":[\"xs.example/k0\"]},"
        "\"claim\":{\"threshold\":1,\"keys\":[\"xs.example/k1\"]}",
        "\"claim\":{\"threshold\":1,\"keys\":[\"xs.example/k0\"]}},"
        "\"roles\":{\"claim\":{\"threshold\":1,\"keys\":[\"xs.example/k0\"]}",
        "\"claim\":{\"threshold\":2,\"threshold\":1,\"keys\":[\"xs.example/k0\",\"xs.example/"
        "k1\"]}",
        "\"claim\":{\"threshold\":2,\"keys\":[\"xs.example/k0\"]}",
        "\"claim\":{\"threshold\":0,\"keys\":[\"xs.example/k0\"]}",
        "\"claim\":{\"threshold\":1,\"keys\":[\"xs.example/k9\"]}",
        "\"claim\":{\"threshold\":1}",
        "\"claim\":{\"threshold\":1,\"keys\":[\"xs.example/k0\"],\"more\":1}",
        "\"wish\":{\"threshold\":1,\"keys\":[\"xs.example/k0\"]}"};
    const struct test_key twin = key_of("xs.example/twin", NOTE_KEY_TYPE_ED25519, 0);
    const char *const keys[] = {signers[0].vkey, twin.vkey};
    static const char good_role[] = "\"claim\":{\"threshold\":1,\"keys\":[\"xs.example/k0\"]}";
    struct buf note = note_make("sanad/statement/v1 claim", bytes_of_text(claim_json), 1);
    for (size_t i = 0; i < countof(roles) + countof(keys); i++) {
        struct buf trust = buf_with_max(8192);
        const char *role = i < countof(roles) ? roles[i] : good_role;
        buf_format(&trust, "{\"keys\":[\"%s\",\"%s\"],\"roles\":{%s}}", signers[0].vkey,
                   i < countof(roles) ? signers[1].vkey : keys[i - countof(roles)], role);
        assert_int_equal(trust_both(buf_bytes(&note), buf_bytes(&trust)), SANAD_VERDICT_REFUSED);
        buf_free(&trust);
    }
    buf_free(&note);
}

static struct buf root_note(size_t signed_by, const char *expires, const char *more)
{
    struct buf json = buf_with_max(8192);
    buf_format(&json,
               "{\"authority\":\"xs\",\"date\":\"2026-01-01\",\"expires\":\"%s\",\"keys\":[\"%s\","
               "\"%s\",\"%s\"],\"log\":\"xs.example/log\",%s\"prev\":-1,\"roles\":{\"claim\":{"
               "\"keys\":[\"%s\",\"%s\"],\"threshold\":1},\"root\":{\"keys\":[\"%s\",\"%s\"],"
               "\"threshold\":2}},\"seq\":0,\"version\":1}",
               expires, signers[0].vkey, signers[1].vkey, signers[2].vkey, more,
               signers[0].key.name, signers[1].key.name, signers[0].key.name, signers[1].key.name);
    struct buf note = note_make("sanad/statement/v1 root", buf_bytes(&json), signed_by);
    buf_free(&json);
    return note;
}

/* Two that a root may name, three that it may not. */
static void partners_make(char ret[5][1024])
{
    static const char hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const struct test_key cosigner = key_of("xp.example/w", NOTE_KEY_TYPE_COSIGNATURE, 30);
    const char *const formats[] = {"", ",\"root_sha256\":\"", ",\"root_sha256\":\"E", "", ""};
    for (size_t i = 0; i < 5; i++)
        (void)snprintf(ret[i], 1024,
                       "\"partners\":[{\"authority\":\"%s\",\"keys\":[\"%s\"],\"log\":"
                       "\"xp.example/log\"%s%s%s}],",
                       i == 4 ? "" : "xp", i == 3 ? cosigner.vkey : signers[3].vkey, formats[i],
                       *formats[i] ? hash + (i == 2) : "", *formats[i] ? "\"" : "");
}

/* A root's own text with a part of it put in another's place, and signed. */
static void other_roots_are_refused(void **state)
{
    (void)state;
    const struct test_key cosigner = key_of("xs.example/k2", NOTE_KEY_TYPE_COSIGNATURE, 2);
    const struct {
        const char *from, *to;
    } rows[] = {
        {"\"root\":{\"keys", "\"revoke\":{\"keys\":[\"xs.example/k0\"],\"threshold\":1},"
                             "\"root\":{\"keys"},
        {"\"root\":{\"keys", "\"document\":{\"keys"},
        {"\"claim\":{", "\"correction\":{"},
        {signers[2].vkey, cosigner.vkey},
        {"\"threshold\":2", "\"threshold\":3"},
        {"\"version\":1", "\"version\":0"},
        {"\"prev\":-1", "\"prev\":-2"},
        {"\"seq\":0", "\"seq\":-1"},
        {"\"seq\":0,", ""},
    };
    struct buf claim = note_make("sanad/statement/v1 claim", bytes_of_text(claim_json), 2);
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf root = root_note(0, "2027-01-01", "");
        const char *text = strchr(buf_cstr(&root), '\n') + 1;
        const char *at = strstr(text, rows[i].from);
        struct buf json = buf_with_max(1 << 16);
        assert_non_null(at);
        buf_add(&json, bytes_of(text, (size_t)(at - text)));
        buf_text(&json, rows[i].to);
        buf_add(&json,
                bytes_of(at + strlen(rows[i].from), strcspn(at, "\n") - strlen(rows[i].from)));
        struct buf note = note_make("sanad/statement/v1 root", buf_bytes(&json), 2);
        if (trust_both(buf_bytes(&claim), buf_bytes(&note)) != SANAD_VERDICT_REFUSED)
            fail_msg("%s for %s", rows[i].to, rows[i].from);
        buf_free(&root);
        buf_free(&json);
        buf_free(&note);
    }
    buf_free(&claim);
}

static void roots(void **state)
{
    (void)state;
    uint64_t random = 34;
    static char partners[5][1024];
    partners_make(partners);
    static const char partner[] =
        "\"partners\":[{\"authority\":\"xp\",\"keys\":[\"xp.example/log+00000000+AQ==\"],"
        "\"log\":\"xp.example/log\"}],";
    static const struct {
        size_t signed_by;
        const char *expires, *more;
        enum sanad_verdict verdict;
    } rows[] = {
        {2, "2027-01-01", "", SANAD_VERDICT_HOLDS},
        {3, "2027-01-01", "\"partners\":[],", SANAD_VERDICT_HOLDS},
        {1, "2027-01-01", "", SANAD_VERDICT_UNDECIDED},
        {2, "2026-03-01", "", SANAD_VERDICT_CONTRADICTED},
        {2, "2026-01-01", "", SANAD_VERDICT_REFUSED},
        {2, "2027-01-01", "\"other\":1,", SANAD_VERDICT_REFUSED},
        {2, "2027-01-01", partner, SANAD_VERDICT_REFUSED},
        {2, "2027-01-01", partners[0], SANAD_VERDICT_HOLDS},
        {2, "2027-01-01", partners[1], SANAD_VERDICT_HOLDS},
        {2, "2027-01-01", partners[2], SANAD_VERDICT_REFUSED},
        {2, "2027-01-01", partners[3], SANAD_VERDICT_REFUSED},
        {2, "2027-01-01", partners[4], SANAD_VERDICT_REFUSED},
    };
    struct buf note = note_make("sanad/statement/v1 claim", bytes_of_text(claim_json), 2);
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf root = root_note(rows[i].signed_by, rows[i].expires, rows[i].more);
        assert_int_equal(trust_both(buf_bytes(&note), buf_bytes(&root)), rows[i].verdict);
        for (size_t n = 0; n < 60; n++) {
            struct bytes bad = spoilt(buf_bytes(&root), &random);
            (void)trust_both(buf_bytes(&note), bad);
            spoilt_free(bad);
        }
        buf_free(&root);
    }
    buf_free(&note);
}

/* The text spoilt and signed again, so that what is behind the signature is reached. */
static void spoilt_roots_signed_again(void **state)
{
    (void)state;
    struct buf claim = note_make("sanad/statement/v1 claim", bytes_of_text(claim_json), 2);
    struct buf root = root_note(0, "2027-01-01", "\"partners\":[],");
    const uint8_t *begin = memchr(root.data, '\n', root.size);
    struct bytes json = bytes_of(begin + 1, root.size - (size_t)(begin - root.data) - 3);
    uint64_t random = 35;
    size_t held = 0;
    for (size_t i = 0; i < 1500; i++) {
        struct bytes bad = spoilt(json, &random);
        struct buf again = note_make("sanad/statement/v1 root", bad, 2);
        held += trust_both(buf_bytes(&claim), buf_bytes(&again)) == SANAD_VERDICT_HOLDS;
        buf_free(&again);
        spoilt_free(bad);
    }
    assert_in_range(held, 10, 1000);
    buf_free(&root);
    buf_free(&claim);
}

static void the_role_of_a_kind(void **state)
{
    (void)state;
    static const struct {
        const char *first, *json;
        enum sanad_verdict verdict;
    } rows[] = {
        {"sanad/statement/v1 correction", "{\"kind\":\"claim\"}", SANAD_VERDICT_HOLDS},
        {"sanad/statement/v1 correction", "{\"kind\":\"document\"}", SANAD_VERDICT_UNDECIDED},
        {"sanad/statement/v1 correction", "{\"kind\":\"none\"}", SANAD_VERDICT_UNDECIDED},
        {"sanad/statement/v1 correction", "{}", SANAD_VERDICT_UNDECIDED},
        {"sanad/statement/v1 revoke", "{}", SANAD_VERDICT_HOLDS},
        {"sanad/statement/v1 claim", "{\"as_of\":{\"time\":\"2026-12-31T23:59:59Z\"}}",
         SANAD_VERDICT_HOLDS},
        {"sanad/statement/v1 claim", "{\"as_of\":{\"time\":\"2027-01-01T00:00:00Z\"}}",
         SANAD_VERDICT_CONTRADICTED},
        {"sanad/statement/v1 claim", "{\"as_of\":{\"time\":\"2027-01-01T04:59:59+05:00\"}}",
         SANAD_VERDICT_HOLDS},
        {"sanad/statement/v1 claim", "{\"as_of\":7,\"date\":\"2027-01-01\"}",
         SANAD_VERDICT_CONTRADICTED},
        {"sanad/statement/v1 claim", "{\"date\":\"2027-13-01\"}", SANAD_VERDICT_HOLDS},
    };
    struct buf root = root_note(2, "2027-01-01", "");
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf note = note_make(rows[i].first, bytes_of_text(rows[i].json), 2);
        assert_int_equal(trust_both(buf_bytes(&note), buf_bytes(&root)), rows[i].verdict);
        buf_free(&note);
    }
    buf_free(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_form_of_json),
                                       cmocka_unit_test(depth_and_size_are_bounded),
                                       cmocka_unit_test(published_canonical_forms),
                                       cmocka_unit_test(random_and_spoilt_json),
                                       cmocka_unit_test(spoilt_notes),
                                       cmocka_unit_test(all_kinds_are_known),
                                       cmocka_unit_test(keys_with_a_threshold),
                                       cmocka_unit_test(trust_files),
                                       cmocka_unit_test(trust_files_that_count_twice),
                                       cmocka_unit_test(roots),
                                       cmocka_unit_test(other_roots_are_refused),
                                       cmocka_unit_test(spoilt_roots_signed_again),
                                       cmocka_unit_test(the_role_of_a_kind)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
