/* Proves: of every published note the core finds as many signatures as the program, and of tens of
 * thousands of spoilt copies it says the same in the same words; and of keys. */
#include "verify_test.h"

#include "verify/verify_priv.h"

enum { KEY_COUNT = 16 };

/* The keys' texts stay where they are; the core's keys view them. */
struct keys {
    const char *texts[KEY_COUNT];
    struct note_key theirs[KEY_COUNT];
    struct verify_key ours[KEY_COUNT];
    size_t count;
};

static void vkey_both(const char *text)
{
    struct err err = {0};
    struct note_key theirs;
    struct verify_key ours;
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    int code = note_vkey_parse(&theirs, text, &err);
    assert_int_equal(verify_vkey(&ours, &result, verify_bytes_of(text)), verdict_of(code));
    same(text, &result, code, &err);
    if (code)
        return;
    assert_true(verify_is(ours.name, theirs.name));
    assert_memory_equal(ours.id, theirs.id, 4);
    assert_int_equal(ours.type, theirs.type);
    assert_memory_equal(ours.public_key, theirs.public_key, 32);
}

static void key_add(struct keys *keys, const char *text)
{
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    struct err err = {0};
    vkey_both(text);
    if (note_vkey_parse(&keys->theirs[keys->count], text, &err) != 0)
        return;
    assert_int_equal(verify_vkey(&keys->ours[keys->count], &result, verify_bytes_of(text)),
                     SANAD_VERDICT_HOLDS);
    keys->texts[keys->count++] = text;
}

/* What each side says of each key alone; returns how many signed. */
static size_t note_both(struct bytes raw, const struct keys *keys)
{
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    struct verify_run run = verify_run_begin(caller(), &result);
    struct verify_note ours;
    struct note theirs;
    struct arena arena = {0};
    struct err err = {0};
    size_t count = 0;
    int code = note_parse(&theirs, "x.note", raw, &arena, &err);
    (void)verify_note_parse(&run, &ours, "x.note", verify_bytes(raw.data, raw.size));
    same("note", &result, code, &err);
    for (size_t i = 0; code == 0 && i < keys->count; i++) {
        bool valid = false;
        struct verify_signed by = {.valid = false};
        struct err why = {0};
        result.verdict = SANAD_VERDICT_HOLDS;
        int rejected = note_verify(&valid, &theirs, &keys->theirs[i], 1, &why);
        (void)verify_note_by(&run, &by, &ours, &keys->ours[i]);
        same(keys->texts[i], &result, rejected, &why);
        assert_int_equal(by.valid, valid);
        count += valid;
    }
    arena_free(&arena);
    return count;
}

static void published_notes(void **state)
{
    (void)state;
    struct buf data = test_data("tlog/notes/notes.jsonl");
    const char *at = buf_cstr(&data);
    uint64_t random = 3;
    size_t seen = 0;
    for (json_t *json; (json = line_next(&at)); seen++) {
        struct keys keys = {.count = 0};
        const json_t *text = json_object_get(json, "note");
        struct bytes raw = bytes_of(json_string_value(text), json_string_length(text));
        size_t i;
        json_t *vkey;
        json_array_foreach (json_object_get(json, "vkeys"), i, vkey)
            key_add(&keys, json_string_value(vkey));
        size_t valid = note_both(raw, &keys);
        size_t wanted = (size_t)json_integer_value(json_object_get(json, "valid_sigs"));
        if (wanted > 0) /* 0: to be refused, also where another key has signed */
            assert_int_equal(valid, wanted);
        for (i = 0; i < 300; i++) {
            struct bytes bad = spoilt(raw, &random);
            (void)note_both(bad, &keys);
            spoilt_free(bad);
        }
        json_decref(json);
    }
    assert_int_equal(seen, 32);
    buf_free(&data);
}

static void a_mirrors_cosignature(void **state)
{
    (void)state;
    struct buf raw = test_data("tlog/sunlight-mirror/checkpoint");
    struct keys keys = {.count = 0};
    uint64_t random = 4;
    key_add(&keys, "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O");
    assert_int_equal(note_both(buf_bytes(&raw), &keys), 1);
    size_t survived = 0;
    for (size_t i = 0; i < 2000; i++) {
        struct bytes bad = spoilt(buf_bytes(&raw), &random);
        survived += note_both(bad, &keys) && !bytes_equal(bad, buf_bytes(&raw));
        spoilt_free(bad);
    }
    assert_true(survived < 20); /* a line said twice still holds */
    buf_free(&raw);
}

static void keys_that_are_none(void **state)
{
    (void)state;
    static const char good[] =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    uint64_t random = 6;
    vkey_both("");
    vkey_both("+");
    vkey_both("++");
    vkey_both("a+00000000+");
    vkey_both("a+00000000+BA==");
    vkey_both("a+00000000+AQ==");
    vkey_both("a+0000000+AQ==");
    vkey_both("a b+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    vkey_both("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    for (size_t i = 0; i < 5000; i++) {
        struct bytes bad = spoilt(bytes_of_text(good), &random);
        char text[512];
        size_t size = bad.size < sizeof text ? bad.size : sizeof text - 1;
        memcpy(text, bad.data, size);
        text[size] = 0;
        vkey_both(text);
        spoilt_free(bad);
    }
}

/* 914 edge cases, each as the signature of a note: what the program takes, the core takes. */
static bool edge_case_both(const json_t *one)
{
    struct buf key = test_hex(json_string_value(json_object_get(one, "key")));
    struct buf raw = test_hex(json_string_value(json_object_get(one, "sig")));
    const char *text = json_string_value(json_object_get(one, "msg"));
    struct note_signature line = {.name = "k", .signature = buf_bytes(&raw)};
    struct note theirs = {.text = bytes_of_text(text), .signatures = &line, .signature_count = 1};
    struct verify_signature signature = {.name = verify_bytes_of("k"), .size = raw.size};
    struct verify_note ours = {.text = verify_bytes_of(text), .signatures = &signature, .count = 1};
    struct note_key their_key = {.name = "k", .type = NOTE_KEY_TYPE_ED25519};
    struct verify_key our_key = {.name = verify_bytes_of("k"), .type = VERIFY_KEY_ED25519};
    struct verify_signed by = {.valid = false};
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    struct verify_run run = verify_run_begin(caller(), &result);
    struct err err = {0};
    bool valid = false;
    assert_int_equal(raw.size, 64);
    memcpy(signature.bytes, raw.data, 64);
    memcpy(their_key.public_key, key.data, 32);
    memcpy(our_key.public_key, key.data, 32);
    int code = note_verify(&valid, &theirs, &their_key, 1, &err);
    (void)verify_note_by(&run, &by, &ours, &our_key);
    same("edge case", &result, code, &err);
    assert_int_equal(by.valid, valid);
    buf_free(&key);
    buf_free(&raw);
    return valid;
}

static void edge_cases_of_ed25519(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    json_t *cases;
    struct err err = {0};
    size_t i;
    json_t *one;
    size_t taken = 0;
    test_ok(json_read_file(&cases, test_data_path(path, "tlog/ed25519/ed25519vectors.json"),
                           1 << 22, &err),
            &err);
    assert_int_equal(json_array_size(cases), 914);
    json_array_foreach (cases, i, one)
        taken += edge_case_both(one);
    assert_in_range(taken, 1, 913);
    json_decref(cases);
}

/* A note of a text with a number of lines by one key, whose name has a size. */
static struct buf note_of(size_t text_size, size_t name_size, size_t line_count, char vkey[512])
{
    char name[NOTE_NAME_MAX + 2];
    struct buf note = buf_with_max(2 << 20);
    memset(name, 'n', sizeof name);
    name[name_size < NOTE_NAME_MAX ? name_size : NOTE_NAME_MAX] = 0;
    const struct test_key key = key_of(name, NOTE_KEY_TYPE_ED25519, 1);
    memcpy(vkey, key.vkey, sizeof key.vkey);
    memset(buf_extend(&note, text_size), 'x', text_size);
    note.data[text_size - 1] = '\n';
    buf_u8(&note, '\n');
    for (size_t i = 0; i < line_count; i++)
        note_sign(&note, bytes_of(note.data, text_size), &key.key, key.seed);
    return note;
}

static void the_ceilings_are_the_programs(void **state)
{
    (void)state;
    char vkey[512];
    for (size_t count = NOTE_SIGNATURE_MAX - 1; count <= NOTE_SIGNATURE_MAX + 1; count++) {
        struct keys keys = {.count = 0};
        struct buf note = note_of(20, 5, count, vkey);
        key_add(&keys, vkey);
        assert_int_equal(note_both(buf_bytes(&note), &keys), count <= NOTE_SIGNATURE_MAX);
        buf_free(&note);
    }
    struct buf one = note_of(20, 5, 1, vkey);
    for (size_t size = NOTE_SIZE_MAX - 1; size <= NOTE_SIZE_MAX + 1; size++) {
        struct keys keys = {.count = 0};
        struct buf note = note_of(20 + size - one.size, 5, 1, vkey);
        key_add(&keys, vkey);
        assert_int_equal(note.size, size);
        assert_int_equal(note_both(buf_bytes(&note), &keys), size <= NOTE_SIZE_MAX);
        buf_free(&note);
    }
    buf_free(&one);
    for (size_t size = NOTE_NAME_MAX - 1; size <= NOTE_NAME_MAX + 1; size++) {
        struct keys keys = {.count = 0};
        struct buf note = note_of(20, size, 1, vkey);
        struct buf longer = buf_with_max(4096);
        const uint8_t *at = memchr(note.data + 20, 'n', note.size - 20);
        size_t before = (size_t)(at - note.data);
        buf_add(&longer, bytes_of(note.data, before));
        if (size > NOTE_NAME_MAX)
            buf_u8(&longer, 'n');
        buf_add(&longer, bytes_of(at, note.size - before));
        key_add(&keys, vkey);
        assert_int_equal(note_both(buf_bytes(&longer), &keys), size <= NOTE_NAME_MAX);
        buf_free(&note);
        buf_free(&longer);
    }
}

/* Signed rightly, but for a time that the format does not have. */
static void a_time_over_63_bits(void **state)
{
    (void)state;
    static const char text[] = "a\n1\nb\n";
    static const uint64_t times[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    struct test_key key = key_of("w.example", NOTE_KEY_TYPE_COSIGNATURE, 8);
    struct keys keys = {.count = 0};
    key_add(&keys, key.vkey);
    for (size_t i = 0; i < countof(times); i++) {
        uint8_t raw[4 + 8 + 64];
        struct buf message = buf_with_max(4096);
        struct buf note = buf_with_max(4096);
        memcpy(raw, key.key.id, 4);
        for (size_t n = 0; n < 8; n++)
            raw[4 + n] = (uint8_t)(times[i] >> (56 - 8 * n));
        buf_format(&message, "cosignature/v1\ntime %llu\n%s", (unsigned long long)times[i], text);
        ed25519_sign(raw + 12, key.seed, buf_bytes(&message));
        buf_format(&note, "%s\n\u2014 %s ", text, key.key.name);
        base64_encode(&note, bytes_of(raw, sizeof raw));
        buf_u8(&note, '\n');
        assert_int_equal(note_both(buf_bytes(&note), &keys), times[i] <= INT64_MAX);
        buf_free(&message);
        buf_free(&note);
    }
}

static void little_memory_is_refused(void **state)
{
    (void)state;
    struct buf raw = test_data("tlog/sunlight-mirror/checkpoint");
    _Alignas(16) static uint8_t memory[4096];
    struct verify_key key;
    struct sanad_result result = {.verdict = SANAD_VERDICT_HOLDS};
    static const char vkey[] =
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O";
    assert_int_equal(verify_vkey(&key, &result, verify_bytes_of(vkey)), SANAD_VERDICT_HOLDS);
    size_t refused = 0;
    for (size_t size = 0; size <= sizeof memory; size += 16) {
        const struct sanad_verifier verifier = {
            .ed25519 = caller_ed25519, .memory = memory, .memory_size = size};
        struct verify_run run = verify_run_begin(&verifier, &result);
        struct verify_note note;
        struct verify_signed by = {.valid = false};
        enum sanad_verdict verdict =
            verify_note_parse(&run, &note, "x", verify_bytes(raw.data, raw.size));
        if (verdict == SANAD_VERDICT_HOLDS)
            verdict = verify_note_by(&run, &by, &note, &key);
        assert_int_equal(by.valid, verdict == SANAD_VERDICT_HOLDS);
        if (verdict != SANAD_VERDICT_HOLDS)
            assert_string_equal(result.text, "memory: the caller lent too little");
        refused += verdict != SANAD_VERDICT_HOLDS;
    }
    assert_in_range(refused, 10, 100);
    buf_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_notes),
                                       cmocka_unit_test(a_mirrors_cosignature),
                                       cmocka_unit_test(keys_that_are_none),
                                       cmocka_unit_test(edge_cases_of_ed25519),
                                       cmocka_unit_test(the_ceilings_are_the_programs),
                                       cmocka_unit_test(a_time_over_63_bits),
                                       cmocka_unit_test(little_memory_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
