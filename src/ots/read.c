/* Reads a .ots file: a tree in preorder, walked without recursion. Each operation is executed as it
 * is read, so that nothing but the messages on the way to the present step is held. */
#include "ots/ots_priv.h"

#include <stdlib.h>

const uint8_t ots_magic[OTS_MAGIC_SIZE] =
    "\0OpenTimestamps\0\0Proof\0\xbf\x89\xe2\xe8\x84\xe8\x92\x94";
const uint8_t ots_notary_bitcoin[OTS_NOTARY_SIZE] = {0x05, 0x88, 0x96, 0x0d,
                                                     0x73, 0xd7, 0x19, 0x01};
const uint8_t ots_notary_pending[OTS_NOTARY_SIZE] = {0x83, 0xdf, 0xe3, 0x0d,
                                                     0x2e, 0xf9, 0x0c, 0x8e};

const uint8_t ots_notary_litecoin[OTS_NOTARY_SIZE] = {0x06, 0x86, 0x9a, 0x0d,
                                                      0x73, 0xd7, 0x1b, 0x45};
const uint8_t ots_notary_ethereum[OTS_NOTARY_SIZE] = {0x30, 0xfe, 0x80, 0x87,
                                                      0xb5, 0xc7, 0xea, 0xd7};

/* What an operation on the way to the present step has given. */
struct level {
    struct ots_message message;
    uint32_t step;
};
struct reading {
    const char *object;
    struct cursor cursor;
    const uint8_t *begin;
    struct arena *arena;
    struct level *levels; /* OTS_DEPTH_MAX + 1; [0] is the file's digest */
    size_t depth;
    size_t open[OTS_DEPTH_MAX + 1]; /* depths at which another branch follows */
    size_t open_count;
    struct ots_step *steps;
    size_t step_count, step_capacity;
    struct ots_attestation attestations[OTS_ATTESTATION_MAX];
    size_t attestation_count;
};

bool ots_is(struct bytes raw)
{
    return raw.size >= OTS_MAGIC_SIZE && memcmp(raw.data, ots_magic, OTS_MAGIC_SIZE) == 0;
}

uint64_t ots_varuint(struct cursor *cursor, uint64_t max)
{
    enum { BITS = 7, MORE = 0x80, SHIFT_MAX = 56 };
    uint64_t value = 0;
    for (unsigned shift = 0; shift <= SHIFT_MAX; shift += BITS) {
        uint8_t byte = cursor_u8(cursor);
        value |= (uint64_t)(byte & (MORE - 1)) << shift;
        if (byte & MORE)
            continue;
        if (value > max || (byte == 0 && shift > 0)) /* the shortest form has no empty end */
            cursor->bad = true;
        return cursor->bad ? 0 : value;
    }
    cursor->bad = true;
    return 0;
}

static int refuse(const struct reading *reading, struct err *err, const char *rule)
{
    return err_set(err, SANAD_REFUSED, "%s: byte %zu: %s", reading->object,
                   (size_t)(reading->cursor.at - reading->begin), rule);
}

static struct ots_step *step_add(struct reading *reading)
{
    enum { AT_FIRST = 64 };
    if (reading->step_count == reading->step_capacity) {
        reading->step_capacity = reading->step_capacity ? 2 * reading->step_capacity : AT_FIRST;
        reading->steps =
            mem_realloc(reading->steps, reading->step_capacity, sizeof *reading->steps);
    }
    struct ots_step *step = &reading->steps[reading->step_count++];
    *step = (struct ots_step){.parent = reading->levels[reading->depth].step};
    return step;
}

/* ---- attestations -----------------------------------------------------------------------------
 */

/* The reference client takes nothing in a calendar's address that could carry parameters. */
static bool uri_ok(struct bytes uri)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:";
    for (size_t i = 0; i < uri.size; i++)
        if (uri.data[i] == 0 || !strchr(allowed, uri.data[i]))
            return false;
    return true;
}

static bool pending_read(struct ots_attestation *attestation, struct bytes payload,
                         struct arena *arena)
{
    struct cursor cursor = cursor_of(payload);
    struct bytes uri = cursor_take(&cursor, ots_varuint(&cursor, OTS_URI_MAX));
    if (!cursor_done(&cursor) || !uri_ok(uri))
        return false;
    char *text = arena_alloc(arena, uri.size + 1, 1);
    if (uri.size > 0)
        memcpy(text, uri.data, uri.size);
    attestation->notary = OTS_PENDING;
    attestation->uri = text;
    return true;
}

static bool bitcoin_read(struct ots_attestation *attestation, struct bytes payload)
{
    struct cursor cursor = cursor_of(payload);
    attestation->notary = OTS_BITCOIN;
    attestation->height = (uint32_t)ots_varuint(&cursor, OTS_HEIGHT_MAX);
    return cursor_done(&cursor);
}

static bool other_height_ok(struct bytes payload)
{
    struct cursor cursor = cursor_of(payload);
    (void)ots_varuint(&cursor, INT64_MAX); /* nothing here looks at it */
    return cursor_done(&cursor);
}

static bool is_notary(const struct ots_step *step, const uint8_t notary[OTS_NOTARY_SIZE])
{
    return memcmp(step->notary, notary, OTS_NOTARY_SIZE) == 0;
}

static int attestation_read(struct reading *reading, struct err *err)
{
    struct cursor *cursor = &reading->cursor;
    const struct ots_message *message = &reading->levels[reading->depth].message;
    if (reading->attestation_count == OTS_ATTESTATION_MAX)
        return refuse(reading, err, "more attestations than anybody needs");
    struct bytes notary = cursor_take(cursor, OTS_NOTARY_SIZE);
    struct bytes payload = cursor_take(cursor, ots_varuint(cursor, OTS_PAYLOAD_MAX));
    if (cursor->bad)
        return refuse(reading, err, "an attestation is cut short or too long");
    struct ots_attestation found = {
        .notary = OTS_UNKNOWN, .step = (uint32_t)reading->step_count, .known = message->known};
    struct ots_step *step = step_add(reading);
    memcpy(step->notary, notary.data, OTS_NOTARY_SIZE);
    step->argument = payload;
    bool of_other = is_notary(step, ots_notary_litecoin) || is_notary(step, ots_notary_ethereum);
    if (of_other && !other_height_ok(payload))
        return refuse(reading, err, "an attestation by another chain is a height and nothing else");
    if (is_notary(step, ots_notary_bitcoin) && !bitcoin_read(&found, payload))
        return refuse(reading, err, "an attestation by Bitcoin is a height and nothing else");
    if (is_notary(step, ots_notary_pending) && !pending_read(&found, payload, reading->arena))
        return refuse(reading, err, "a pending attestation is a calendar's plain address");
    if (found.known)
        found.message = arena_bytes(reading->arena, bytes_of(message->data, message->size));
    reading->attestations[reading->attestation_count++] = found;
    return 0;
}

/* ---- operations
 * ---------------------------------------------------------------------------------- */

static int operation_read(struct reading *reading, uint8_t tag, struct err *err)
{
    struct bytes argument = {0};
    if (!ots_op_known(tag))
        return refuse(reading, err, "an operation that nobody has defined");
    if (reading->depth == OTS_DEPTH_MAX)
        return refuse(reading, err, "over 255 operations on the way to an attestation");
    enum ots_op op = (enum ots_op)tag;
    if (ots_op_has_argument(op)) {
        argument = cursor_take(&reading->cursor, ots_varuint(&reading->cursor, OTS_MESSAGE_MAX));
        if (reading->cursor.bad || argument.size == 0)
            return refuse(reading, err, "an argument is cut short, empty or too long");
    }
    struct level *next = &reading->levels[reading->depth + 1];
    if (!ots_apply(&next->message, op, argument, &reading->levels[reading->depth].message))
        return refuse(reading, err, "a message would have over 4096 bytes");
    next->step = (uint32_t)reading->step_count;
    struct ots_step *step = step_add(reading);
    step->op = op;
    step->argument = argument;
    reading->depth++;
    return 0;
}

/* A step is "ff" where its parent has another one behind it, then its tag. */
static int tree_read(struct reading *reading, struct err *err)
{
    struct cursor *cursor = &reading->cursor;
    int code = 0;
    for (;;) {
        uint8_t tag = cursor_u8(cursor);
        if (tag == OTS_FORK && !cursor->bad) {
            sanad_assert(reading->open_count <= reading->depth);
            reading->open[reading->open_count++] = reading->depth;
            tag = cursor_u8(cursor);
        }
        if (cursor->bad)
            return refuse(reading, err, "it is cut short");
        code =
            tag == OTS_ATTEST ? attestation_read(reading, err) : operation_read(reading, tag, err);
        if (code || (tag == OTS_ATTEST && reading->open_count == 0))
            return code;
        if (tag == OTS_ATTEST)
            reading->depth = reading->open[--reading->open_count];
    }
}

/* ---- the file
 * ---------------------------------------------------------------------------------------
 */

static int head_read(struct ots *ret_ots, struct reading *reading, struct err *err)
{
    struct cursor *cursor = &reading->cursor;
    struct bytes magic = cursor_take(cursor, OTS_MAGIC_SIZE);
    if (!ots_is(magic))
        return refuse(reading, err, "not a timestamp file of OpenTimestamps");
    if (ots_varuint(cursor, OTS_VERSION) != OTS_VERSION)
        return refuse(reading, err, "another version than 1");
    ret_ots->hash = (enum ots_op)cursor_u8(cursor);
    if (cursor->bad || ots_hash_size(ret_ots->hash) == 0)
        return refuse(reading, err, "the file's hash is neither SHA-256 nor SHA-1 nor RIPEMD-160");
    ret_ots->digest = cursor_take(cursor, ots_hash_size(ret_ots->hash));
    if (cursor->bad)
        return refuse(reading, err, "it is cut short");
    struct level *root = &reading->levels[0];
    root->step = OTS_ROOT;
    root->message.known = true;
    root->message.size = ret_ots->digest.size;
    memcpy(root->message.data, ret_ots->digest.data, ret_ots->digest.size);
    return 0;
}

static int file_read_into(struct ots *ret_ots, struct reading *reading, struct err *err)
{
    struct ots ots = {0};
    int code = head_read(&ots, reading, err);
    if (code == 0)
        code = tree_read(reading, err);
    if (code)
        return code;
    if (!cursor_done(&reading->cursor))
        return refuse(reading, err, "bytes behind the end");
    sanad_assert(reading->step_count > 0 && reading->attestation_count > 0);
    ots.step_count = reading->step_count;
    ots.attestation_count = reading->attestation_count;
    ots.steps = arena_alloc(reading->arena, ots.step_count, sizeof *ots.steps);
    memcpy(ots.steps, reading->steps, ots.step_count * sizeof *ots.steps);
    ots.attestations = arena_alloc(reading->arena, ots.attestation_count, sizeof *ots.attestations);
    memcpy(ots.attestations, reading->attestations,
           ots.attestation_count * sizeof *ots.attestations);
    *ret_ots = ots;
    return 0;
}

int ots_parse(struct ots *ret_ots, const char *object, struct bytes raw, struct arena *arena,
              struct err *err)
{
    if (raw.size > OTS_FILE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: over %d bytes", object, OTS_FILE_MAX);
    struct reading *reading = mem_zalloc(1, sizeof *reading);
    reading->object = object;
    reading->cursor = cursor_of(raw);
    reading->begin = raw.data;
    reading->arena = arena;
    reading->levels = mem_alloc((OTS_DEPTH_MAX + 1) * sizeof *reading->levels);
    int code = file_read_into(ret_ots, reading, err);
    free(reading->levels);
    free(reading->steps);
    free(reading);
    return code;
}

int ots_check(const struct ots_attestation *attestation, const struct hash256 *merkle_root,
              struct err *err)
{
    sanad_assert(attestation->notary == OTS_BITCOIN);
    if (!attestation->known)
        return err_set(err, SANAD_MISSING, "block %u: behind an operation that is not executed",
                       attestation->height);
    if (!bytes_equal(attestation->message, bytes_of(merkle_root->b, sizeof merkle_root->b)))
        return err_set(err, SANAD_FALSE, "block %u: its merkle root is another",
                       attestation->height);
    return 0;
}
