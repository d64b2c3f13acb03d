/* Fuzzes the parser of signed notes; what parses is also verified against a key. */
#include "note/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct note note;
    struct note_key key;
    bool valid = false;
    if (note_parse(&note, "fuzz", bytes_of(data, size), &arena, NULL) == 0) {
        sanad_assert(note.signature_count > 0 && note.text.size > 0);
        uint8_t public_key[32] = {1};
        sanad_assert(note_key_make(&key, "k", NOTE_KEY_TYPE_ED25519, public_key, NULL) == 0);
        (void)note_verify(&valid, &note, &key, 1, NULL); /* either verdict is fine */
    }
    char text[512];
    size_t copied = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, copied);
    text[copied] = 0;
    (void)note_vkey_parse(&key, text, NULL);
    arena_free(&arena);
    return 0;
}
