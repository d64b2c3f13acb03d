/* The operations of OpenTimestamps: their tags and names, and what each makes of a message. Tags
 * and limits are those of the reference client (python-opentimestamps, core/op.py). */
#include "ots/ots_priv.h"

/* name, value, bytes of the result (0: depends on the message), has an argument */
static const struct {
    enum ots_op op;
    const char *name;
    size_t size;
    bool argument;
} ops[] = {
    {OTS_SHA1, "sha1", 20, false},      {OTS_RIPEMD160, "ripemd160", 20, false},
    {OTS_SHA256, "sha256", 32, false},  {OTS_KECCAK256, "keccak256", 32, false},
    {OTS_APPEND, "append", 0, true},    {OTS_PREPEND, "prepend", 0, true},
    {OTS_REVERSE, "reverse", 0, false}, {OTS_HEXLIFY, "hexlify", 0, false},
};

static size_t op_find(uint8_t tag)
{
    size_t at = 0;
    while (at < countof(ops) && (uint8_t)ops[at].op != tag)
        at++;
    return at;
}

bool ots_op_known(uint8_t tag)
{
    return op_find(tag) < countof(ops);
}

bool ots_op_has_argument(enum ots_op op)
{
    size_t at = op_find((uint8_t)op);
    sanad_assert(at < countof(ops));
    return ops[at].argument;
}

const char *ots_op_name(enum ots_op op)
{
    size_t at = op_find((uint8_t)op);
    return op == OTS_ATTEST ? "attestation" : at < countof(ops) ? ops[at].name : "unknown";
}

size_t ots_hash_size(enum ots_op hash)
{
    bool is_hash = hash == OTS_SHA1 || hash == OTS_RIPEMD160 || hash == OTS_SHA256;
    return is_hash ? ops[op_find((uint8_t)hash)].size : 0;
}

size_t ots_hash(uint8_t ret_digest[32], enum ots_op hash, struct bytes content)
{
    struct hash256 digest = {{0}};
    struct hash160 shorter = {{0}};
    size_t size = ots_hash_size(hash);
    sanad_assert(size > 0);
    if (hash == OTS_SHA256)
        sha256_of(&digest, content);
    else if (hash == OTS_SHA1)
        sha1_of(&shorter, content);
    else
        ripemd160_of(&shorter, content);
    memcpy(ret_digest, hash == OTS_SHA256 ? digest.b : shorter.b, size);
    return size;
}

static void joined(struct ots_message *result, struct bytes first, struct bytes second)
{
    memcpy(result->data, first.data, first.size);
    memcpy(result->data + first.size, second.data, second.size);
}

static void reversed(uint8_t *data, const struct ots_message *message)
{
    for (size_t i = 0; i < message->size; i++)
        data[i] = message->data[message->size - 1 - i];
}

static void hexlified(uint8_t *data, const struct ots_message *message)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < message->size; i++) {
        data[2 * i] = (uint8_t)digits[message->data[i] >> 4];
        data[2 * i + 1] = (uint8_t)digits[message->data[i] & 0xf];
    }
}

static size_t result_size(enum ots_op op, size_t argument_size, size_t message_size)
{
    size_t at = op_find((uint8_t)op);
    sanad_assert(at < countof(ops));
    if (ops[at].size > 0)
        return ops[at].size;
    return op == OTS_HEXLIFY ? 2 * message_size : message_size + argument_size;
}

bool ots_apply(struct ots_message *ret_result, enum ots_op op, struct bytes argument,
               const struct ots_message *message)
{
    struct bytes view = bytes_of(message->data, message->size);
    size_t size = result_size(op, argument.size, message->size);
    sanad_assert(message->size > 0 && message->size <= OTS_MESSAGE_MAX);
    sanad_assert(ots_op_has_argument(op) == (argument.size > 0));
    if (size > OTS_MESSAGE_MAX)
        return false;
    ret_result->size = size;
    ret_result->known = message->known && op != OTS_KECCAK256;
    if (!ret_result->known)
        return true;
    if (op == OTS_APPEND)
        joined(ret_result, view, argument);
    else if (op == OTS_PREPEND)
        joined(ret_result, argument, view);
    else if (op == OTS_REVERSE)
        reversed(ret_result->data, message);
    else if (op == OTS_HEXLIFY)
        hexlified(ret_result->data, message);
    else
        (void)ots_hash(ret_result->data, op, view);
    return true;
}
