/* Fuzzes what may enter a log. The input is a list of entries, each: u8 kind, u8 signers, u16 LE
 * size, bytes. Kind 0: the bytes are the entry. Else they are the JSON of a statement of kind - 1,
 * which gets its place and the signatures of the keys a to h whose bits are set, so that what
 * stands behind the signatures is reached. What is admitted is admitted again by a replay without
 * a finding; what is refused changes nothing. */
#include "admit/admit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENTRY_MAX = 32 };

static bool entry_sign(struct buf *note, uint8_t signers)
{
    bool any = false;
    for (unsigned k = 0; k < 8; k++) {
        struct role_key key;
        const char name[2] = {(char)('a' + (int)k), 0};
        const uint8_t seed[32] = {(uint8_t)(k + 1)};
        struct buf next = buf_with_max(NOTE_SIZE_MAX);
        if (!(signers & (1u << k)))
            continue;
        sanad_assert(role_key_new(&key, name, seed, NULL) == 0);
        any = stmt_sign(&next, buf_bytes(note), &key, NULL) == 0;
        if (any) {
            buf_reset(note);
            buf_add(note, buf_bytes(&next));
        }
        buf_free(&next);
    }
    return any;
}

/* A statement of these members at the next place, unless they say another. */
static bool entry_make(struct buf *note, const struct admit *admit, enum stmt_kind kind,
                       uint8_t signers, struct bytes text)
{
    struct stmt_place place = {.authority = "xs", .log = "xs.example/log", .seq = 0, .prev = -1};
    json_t *json;
    if (json_read(&json, "fuzz", text, STMT_BODY_MAX, NULL) != 0)
        return false;
    (void)admit_next(&place, admit, kind, NULL);
    const char *log = json_string_value(json_object_get(json, "log"));
    const char *authority = json_string_value(json_object_get(json, "authority"));
    place.log = log ? log : place.log;
    place.authority = authority ? authority : place.authority;
    bool made = json_is_object(json) && stmt_build(note, kind, &place, json, NULL) == 0 &&
                entry_sign(note, signers);
    json_decref(json);
    return made;
}

static void count_finding(void *context, const struct admit_finding *finding)
{
    sanad_assert(finding->rule < ADMIT_RULE_COUNT && finding->text[0] != 0);
    ++*(size_t *)context;
}

/* One entry for the log, and for the reader of all that was offered. */
static bool offer(struct admit *admit, struct admit *reader, struct bytes entry, bool clean)
{
    struct err err = {0};
    size_t findings = 0;
    uint64_t size = admit_size(admit);
    int code = admit_entry(admit, size, entry, &err);
    sanad_assert(admit_size(admit) == size + (code == 0));
    sanad_assert((code == 0) == (err.text[0] == 0));
    admit_replay(reader, admit_size(reader), entry, count_finding, &findings);
    sanad_assert(!clean || (findings == 0) == (code == 0));
    return code == 0;
}

static void replay(const struct buf *entries, size_t count)
{
    struct admit *again = admit_new(&(struct admit_options){.origin = "xs.example/log"});
    for (size_t i = 0; i < count; i++) {
        size_t findings = 0;
        admit_replay(again, i, buf_bytes(&entries[i]), count_finding, &findings);
        sanad_assert(findings == 0);
    }
    admit_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_of(bytes_of(data, size));
    const struct admit_options options = {.origin = "xs.example/log"};
    struct admit *admit = admit_new(&options);
    struct admit *reader = admit_new(&options);
    struct buf entries[ENTRY_MAX];
    size_t count = 0;
    bool clean = true; /* nothing was refused so far: both are in one state */
    for (size_t i = 0; i < ENTRY_MAX && !cursor_done(&cursor) && !cursor.bad; i++) {
        uint8_t kind = (uint8_t)(cursor_u8(&cursor) % (STMT_KIND_COUNT + 1));
        uint8_t signers = cursor_u8(&cursor);
        struct bytes text = cursor_take(&cursor, cursor_le16(&cursor));
        struct buf note = buf_with_max(NOTE_SIZE_MAX);
        bool made =
            kind == 0 || entry_make(&note, admit, (enum stmt_kind)(kind - 1), signers, text);
        if (kind == 0)
            buf_add(&note, text);
        if (made && offer(admit, reader, buf_bytes(&note), clean))
            entries[count++] = note;
        else
            buf_free(&note);
        clean = clean && count == admit_size(reader);
    }
    replay(entries, count);
    for (size_t i = 0; i < count; i++)
        buf_free(&entries[i]);
    admit_free(admit);
    admit_free(reader);
    return 0;
}
