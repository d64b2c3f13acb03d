/* note: signed notes as C2SP defines them (c2sp.org/signed-note), strictly. A text, a blank
 * line, signature lines. Free of anything of sanad's own; statements and the log stand on it. */
#ifndef SANAD_NOTE_H
#define SANAD_NOTE_H

#include "base/base.h"
#include "crypto/crypto.h"

enum {
    NOTE_SIZE_MAX = 1 << 20,
    NOTE_SIGNATURE_MAX = 100, /* lines; at least 16 must be accepted */
    NOTE_NAME_MAX = 255,
    NOTE_KEY_TYPE_ED25519 = 0x01,
    NOTE_KEY_TYPE_COSIGNATURE = 0x04
};

/* A verifier key of one of the two Ed25519 types. */
struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint8_t id[4]; /* SHA-256(name ‖ 0x0A ‖ type ‖ key)[0:4] */
    uint8_t type;
    uint8_t public_key[32];
};
/* Non-empty, no Unicode space, no '+', UTF-8, at most 255 bytes. */
bool note_name_ok(const char *name);
/* Fills the id too. REFUSED: a name that is none. */
int note_key_make(struct note_key *ret_key, const char *name, uint8_t type,
                  const uint8_t public_key[32], struct err *err);
/* "name+hex8+base64". REFUSED: bad form, an id that does not follow from name and key, a key
 * type other than 0x01 and 0x04. */
int note_vkey_parse(struct note_key *ret_key, const char *text, struct err *err);
void note_vkey_write(struct buf *buf, const struct note_key *key);

struct note_signature {
    const char *name;
    uint8_t id[4];
    struct bytes signature; /* behind the id */
};
/* A parsed note; everything views the input or the arena. */
struct note {
    struct bytes text; /* with its final newline, as signed */
    struct note_signature *signatures;
    size_t signature_count;
};
/* REFUSED names `object` and the rule. */
int note_parse(struct note *ret_note, const char *object, struct bytes raw, struct arena *arena,
               struct err *err);
/* Sets ret_valid[i] for each key that signed (0x01) or cosigned (0x04) the text rightly. FALSE
 * where a line with the name and id of a known key does not verify: the whole note is rejected.
 * Unknown lines are ignored. */
int note_verify(bool *ret_valid, const struct note *note, const struct note_key *keys,
                size_t key_count, struct err *err);
/* A line as it was read: "— name base64\n". */
void note_line_write(struct buf *lines, const struct note_signature *signature);
/* Appends "— name base64\n" over `text` (which ends in a newline). */
void note_sign(struct buf *lines, struct bytes text, const struct note_key *key,
               const uint8_t seed[32]);

#endif
