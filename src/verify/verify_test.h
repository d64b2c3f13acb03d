/* What the tests of verify share: the caller's side of the core, and spoilt copies of inputs. Both
 * sides, the core and the program's own modules, must say the same of each. */
#ifndef SANAD_VERIFY_TEST_H
#define SANAD_VERIFY_TEST_H

#include "crypto/crypto.h"
#include "note/note.h"
#include "support.h"
#include "verify/verify.h"

#include <stdlib.h>

static inline bool caller_ed25519(void *context, const uint8_t key[32], const uint8_t signature[64],
                                  const uint8_t *message, size_t message_size)
{
    (void)context;
    return ed25519_verify(key, signature, bytes_of(message, message_size));
}

static inline const struct sanad_verifier *caller(void)
{
    static _Alignas(16) uint8_t memory[SANAD_MEMORY_SIZE];
    static const struct sanad_verifier verifier = {
        .ed25519 = caller_ed25519, .memory = memory, .memory_size = sizeof memory};
    return &verifier;
}

static inline struct sanad_input input_of(const char *name, struct bytes bytes)
{
    return (struct sanad_input){.name = name, .data = bytes.data, .size = bytes.size};
}

/* The verdict that an error code of the program stands for. */
static inline enum sanad_verdict verdict_of(int code)
{
    return code == 0               ? SANAD_VERDICT_HOLDS
           : code == SANAD_FALSE   ? SANAD_VERDICT_CONTRADICTED
           : code == SANAD_MISSING ? SANAD_VERDICT_UNDECIDED
                                   : SANAD_VERDICT_REFUSED;
}

/* The same verdict; and the same sentence, where the program says one. */
static inline void same(const char *what, const struct sanad_result *core, int code,
                        const struct err *err)
{
    if (core->verdict != verdict_of(code))
        fail_msg("%s: the core says %d (%s), the program %d (%s)", what, (int)core->verdict,
                 core->text, code, code ? err->text : "");
    if (code && strcmp(core->text, err->text) != 0)
        fail_msg("%s: the core says \"%s\", the program \"%s\"", what, core->text, err->text);
}

/* The same numbers in every run (xorshift64). */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline size_t random_below(uint64_t *state, size_t end)
{
    return end ? (size_t)(random_next(state) % end) : 0;
}

/* One change: a flipped bit, another byte, a cut end, a part taken out, said twice or moved. */
static inline void spoil_once(struct buf *buf, uint64_t *state)
{
    static const char bytes[] = "\n \t+=A09\"\\{}[],:-.e\xe2\x80\x94\x7f\xc3\x00#";
    size_t at = random_below(state, buf->size);
    size_t left = buf->size - at;
    size_t part = random_below(state, left < 80 ? left : 80);
    struct buf copy = buf_with_max(1 << 22);
    switch (random_below(state, 6)) {
    case 0:
        if (buf->size)
            buf->data[at] ^= (uint8_t)(1 << random_below(state, 8));
        break;
    case 1:
        if (buf->size)
            buf->data[at] = (uint8_t)bytes[random_below(state, sizeof bytes - 1)];
        break;
    case 2:
        buf->size = at;
        break;
    case 3:
        memmove(buf->data + at, buf->data + at + part, left - part);
        buf->size -= part;
        break;
    case 4:
        buf_add(&copy, bytes_of(buf->data + at, part));
        buf_add(buf, buf_bytes(&copy));
        break;
    default:
        buf_add(&copy, bytes_of(buf->data, at));
        buf_u8(&copy, (uint8_t)bytes[random_below(state, sizeof bytes - 1)]);
        buf_add(&copy, bytes_of(buf->data + at, left));
        buf_reset(buf);
        buf_add(buf, buf_bytes(&copy));
    }
    buf_free(&copy);
}

/* A copy with 1 to 3 changes, in memory of exactly its size, so that a read past it is noticed. The
 * caller frees. */
static inline struct bytes spoilt(struct bytes good, uint64_t *state)
{
    struct buf buf = buf_with_max(1 << 22);
    buf_add(&buf, good);
    for (size_t i = random_below(state, 3) + 1; i > 0 && buf.size > 0; i--)
        spoil_once(&buf, state);
    uint8_t *exact = mem_alloc(buf.size);
    if (buf.size)
        memcpy(exact, buf.data, buf.size);
    struct bytes bytes = bytes_of(exact, buf.size);
    buf_free(&buf);
    return bytes;
}

static inline void spoilt_free(struct bytes bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

/* A key of one type from a small number, and its vkey. */
struct test_key {
    struct note_key key;
    uint8_t seed[32];
    char vkey[512];
};
static inline struct test_key key_of(const char *name, uint8_t type, uint8_t number)
{
    struct test_key made = {.seed = {number, 77}};
    uint8_t public_key[32];
    struct err err = {0};
    struct buf vkey = buf_with_max(sizeof made.vkey - 1);
    ed25519_public(public_key, made.seed);
    test_ok(note_key_make(&made.key, name, type, public_key, &err), &err);
    note_vkey_write(&vkey, &made.key);
    (void)snprintf(made.vkey, sizeof made.vkey, "%s", buf_cstr(&vkey));
    buf_free(&vkey);
    return made;
}

/* The lines of a file of JSON objects, one after the other; NULL at the end. */
static inline json_t *line_next(const char **at)
{
    if (!**at)
        return NULL;
    size_t size = strcspn(*at, "\n");
    json_t *json = json_loadb(*at, size, 0, NULL);
    if (!json) /* some indexes are over 2^63 */
        json = json_loadb(*at, size, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(json);
    *at += size + ((*at)[size] == '\n');
    return json;
}

#endif
