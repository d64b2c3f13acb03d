/* Proves: checkpoints have one form, broken ones are refused, what we cosign is verified with the
 * time that was signed, and published checkpoints are read. */
#include "support.h"
#include "tlog/tlog.h"

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct err err = {0};
    struct tlog_checkpoint checkpoint = {.origin = "example.org/log", .size = 20852163};
    struct tlog_checkpoint again;
    struct buf text = buf_with_max(1024);
    tlog_leaf_hash(&checkpoint.root, bytes_of_text("x"));
    tlog_checkpoint_write(&text, &checkpoint);
    test_ok(tlog_checkpoint_parse(&again, "note", buf_bytes(&text), &err), &err);
    assert_string_equal(again.origin, "example.org/log");
    assert_int_equal(again.size, 20852163);
    assert_true(hash256_equal(&again.root, &checkpoint.root));
    assert_int_equal(again.extension.size, 0);
    buf_text(&text, "an extension\n");
    test_ok(tlog_checkpoint_parse(&again, "note", buf_bytes(&text), &err), &err);
    assert_int_equal(again.extension.size, 13);
    buf_free(&text);
}

static void broken_checkpoints_are_refused(void **state)
{
    (void)state;
#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define OTHER "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="
    static const struct {
        const char *text, *rule;
    } broken[] = {
        {"", "fewer than three lines"},
        {"log\n", "fewer than three lines"},
        {"log\n5\n", "fewer than three lines"},
        {"log\n5\n" OTHER, "fewer than three lines"},
        {"\n5\n" OTHER "\n", "the origin"},
        {"log\n05\n" OTHER "\n", "no decimal number"},
        {"log\n-5\n" OTHER "\n", "no decimal number"},
        {"log\n+5\n" OTHER "\n", "no decimal number"},
        {"log\n\n" OTHER "\n", "no decimal number"},
        {"log\n5 \n" OTHER "\n", "no decimal number"},
        {"log\n9223372036854775808\n" OTHER "\n", "no decimal number"},
        {"log\n18446744073709551617\n" OTHER "\n", "no decimal number"},
        {"log\n5\nbjQL\n", "32 bytes of base64"},
        {"log\n5\n" OTHER " \n", "32 bytes of base64"},
        {"log\n5\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1=\n", "32 bytes of base64"},
        {"log\n0\n" OTHER "\n", "the empty tree"},
        {"log\n5\n" OTHER "\nextension", "does not end"},
    };
    for (size_t i = 0; i < countof(broken); i++) {
        struct err err = {0};
        struct tlog_checkpoint checkpoint;
        test_refused(
            tlog_checkpoint_parse(&checkpoint, "note", bytes_of_text(broken[i].text), &err),
            SANAD_REFUSED, &err, broken[i].rule);
    }
    struct err err = {0};
    struct tlog_checkpoint checkpoint;
    test_ok(tlog_checkpoint_parse(&checkpoint, "note", bytes_of_text("log\n0\n" ROOT "\n"), &err),
            &err);
}

static void cosignatures_carry_their_time(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {7};
    struct err err = {0};
    struct arena arena = {0};
    struct note_key key;
    struct note note;
    uint8_t public_key[32];
    uint64_t time = 0;
    struct buf raw = buf_with_max(4096);
    static const char text[] = "log\n0\n" ROOT "\n";
    ed25519_public(public_key, seed);
    test_ok(note_key_make(&key, "witness", NOTE_KEY_TYPE_COSIGNATURE, public_key, &err), &err);
    buf_text(&raw, text);
    buf_text(&raw, "\n");
    tlog_cosign(&raw, bytes_of_text(text), &key, seed, 1700000000);
    test_ok(note_parse(&note, "note", buf_bytes(&raw), &arena, &err), &err);
    assert_true(tlog_cosigned_at(&time, &note, &key));
    assert_int_equal(time, 1700000000);
    raw.data[raw.size - 10] ^= 1;
    arena_reset(&arena);
    test_ok(note_parse(&note, "note", buf_bytes(&raw), &arena, &err), &err);
    assert_false(tlog_cosigned_at(&time, &note, &key));
    buf_free(&raw);
    arena_free(&arena);
}

/* The log of golang.org/x/mod carries a log signature and a cosignature. */
static void a_published_cosignature_verifies(void **state)
{
    (void)state;
    struct err err = {0};
    struct arena arena = {0};
    struct buf raw = test_data("tlog/xmod-log-600/checkpoint");
    struct note note;
    struct note_key key;
    uint64_t time = 0;
    /* data/tlog/xmod-log-600/vkeys.txt */
    test_ok(note_vkey_parse(&key,
                            "example.org/sanad-witness+ef3cb305+"
                            "BGsl+6X/pjB2PoJad0iqAS4uChMR0uvCx/dy1zEFXYVL",
                            &err),
            &err);
    test_ok(note_parse(&note, "checkpoint", buf_bytes(&raw), &arena, &err), &err);
    assert_true(tlog_cosigned_at(&time, &note, &key));
    assert_true(time > 0);
    buf_free(&raw);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(broken_checkpoints_are_refused),
        cmocka_unit_test(cosignatures_carry_their_time),
        cmocka_unit_test(a_published_cosignature_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
