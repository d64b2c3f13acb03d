/* Proves: the published signed notes verify exactly as often as they say, every broken form
 * is refused, and what we sign we verify. */
#include "support.h"
#include "note/note.h"

static const char spec_vkey[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/* c2sp.org/signed-note, the example of the specification. */
static const char spec_note[] = "This is an example message.\n\n"
                                "\xe2\x80\x94 example.com/foo "
                                "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOB"
                                "H3mFXmRKuwHjG1Yu72IneyaQM=\n";

/* How many of the keys signed; 0 where the note is refused or rejected. */
static size_t count_valid(struct bytes raw, const struct note_key *keys, size_t key_count)
{
    struct arena arena = {0};
    struct note note;
    struct err err = {0};
    bool valid[16] = {false};
    size_t count = 0;
    if (note_parse(&note, "note", raw, &arena, &err) == 0 &&
        note_verify(valid, &note, keys, key_count, &err) == 0)
        for (size_t i = 0; i < key_count; i++)
            count += valid[i];
    arena_free(&arena);
    return count;
}

static void published_notes_verify_as_they_say(void **state)
{
    (void)state;
    struct buf data = test_data("tlog/notes/notes.jsonl");
    size_t seen = 0;
    for (const char *line = buf_cstr(&data); *line;) {
        size_t size = strcspn(line, "\n");
        json_t *json = json_loadb(line, size, 0, NULL);
        assert_non_null(json);
        struct note_key keys[16];
        size_t key_count = 0;
        size_t i;
        json_t *vkey;
        json_array_foreach (json_object_get(json, "vkeys"), i, vkey)
            key_count += note_vkey_parse(&keys[key_count], json_string_value(vkey), NULL) == 0;
        const json_t *text = json_object_get(json, "note");
        size_t expected = (size_t)json_integer_value(json_object_get(json, "valid_sigs"));
        size_t got = count_valid(bytes_of(json_string_value(text), json_string_length(text)), keys,
                                 key_count);
        if (got != expected)
            fail_msg("%s: %zu signatures, not %zu",
                     json_string_value(json_object_get(json, "desc")), got, expected);
        seen++;
        json_decref(json);
        line += size + (line[size] == '\n');
    }
    assert_int_equal(seen, 32);
    buf_free(&data);
}

static void a_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct note_key key;
    struct err err = {0};
    test_ok(note_vkey_parse(&key, spec_vkey, &err), &err);
    char copy[sizeof spec_note];
    size_t refused = 0;
    for (size_t i = 0; i < sizeof spec_note - 1; i++) {
        memcpy(copy, spec_note, sizeof copy);
        copy[i] ^= 1;
        refused += count_valid(bytes_of(copy, sizeof copy - 1), &key, 1) == 0;
    }
    assert_int_equal(refused, sizeof spec_note - 1);
    assert_int_equal(count_valid(bytes_of(spec_note, sizeof spec_note - 1), &key, 1), 1);
}

static void broken_forms_are_refused(void **state)
{
    (void)state;
    static const char *const notes[] = {"",
                                        "\n",
                                        "text\n",
                                        "text\n\n",
                                        "text\n\nno dash AAAAAAAA\n",
                                        "text\n\n\xe2\x80\x94 a b+ AAAAAAAA\n",
                                        "text\n\n\xe2\x80\x94 name AAAA\n",
                                        "text\n\n\xe2\x80\x94 name AAAAAAA\n",
                                        "text\n\n\xe2\x80\x94 name AAAAAAAA",
                                        "te\rxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
                                        "te\xffxt\n\n\xe2\x80\x94 name AAAAAAAA\n",
                                        "te\xed\xa0\x80xt\n\n\xe2\x80\x94 name AAAAAAAA\n",
                                        "text\n\n\xe2\x80\x94  AAAAAAAA\n",
                                        "text\n\n\xe2\x80\x94 na\xc2\xa0me AAAAAAAA\n"};
    for (size_t i = 0; i < countof(notes); i++) {
        struct arena arena = {0};
        struct note note;
        struct err err = {0};
        if (note_parse(&note, "x.note", bytes_of_text(notes[i]), &arena, &err) != SANAD_REFUSED)
            fail_msg("note %zu was taken", i);
        assert_non_null(strstr(err.text, "x.note: "));
        arena_free(&arena);
    }
}

static void bad_vkeys_are_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "",
        "a",
        "a+b",
        "a+b+c",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"};
    for (size_t i = 0; i < countof(keys); i++) {
        struct note_key key;
        struct err err = {0};
        assert_int_equal(note_vkey_parse(&key, keys[i], &err), SANAD_REFUSED);
    }
}

static void what_we_sign_we_verify(void **state)
{
    (void)state;
    uint8_t seed[32] = {7};
    uint8_t public_key[32];
    struct note_key key;
    struct note_key again;
    struct err err = {0};
    ed25519_public(public_key, seed);
    test_ok(note_key_make(&key, "xs.example/reserve/k1", NOTE_KEY_TYPE_ED25519, public_key, &err),
            &err);
    struct buf vkey = buf_with_max(1024);
    note_vkey_write(&vkey, &key);
    test_ok(note_vkey_parse(&again, buf_cstr(&vkey), &err), &err);
    assert_memory_equal(&key, &again, sizeof key);
    struct buf note = buf_with_max(1024);
    /* The last blank line splits, so a text may hold blank lines itself. */
    struct bytes text = bytes_of_text("one\n\ntwo\n");
    buf_add(&note, text);
    buf_u8(&note, '\n');
    note_sign(&note, text, &key, seed);
    assert_int_equal(count_valid(buf_bytes(&note), &key, 1), 1);
    buf_free(&vkey);
    buf_free(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_notes_verify_as_they_say),
        cmocka_unit_test(a_changed_byte_is_noticed),
        cmocka_unit_test(broken_forms_are_refused),
        cmocka_unit_test(bad_vkeys_are_refused),
        cmocka_unit_test(what_we_sign_we_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
