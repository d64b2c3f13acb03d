/* Frames of the version 1 transport: magic, command, length, checksum. A length is compared with
 * the most that its command may have before a byte of the payload is taken in. */
#include "p2p/p2p_priv.h"

struct command {
    char text[WIRE_COMMAND_SIZE + 1];
    uint32_t max;
};
static const struct command commands[WIRE_OTHER + 1] = {
#define X(name, text, max) [WIRE_##name] = {text, max},
    WIRE_COMMANDS(X)
#undef X
        [WIRE_OTHER] = {"other", WIRE_OTHER_MAX},
};

const char *wire_command_name(enum wire_command command)
{
    return commands[command].text;
}

/* Printable ASCII, then zeros to the end. */
static bool command_is_padded(const uint8_t raw[WIRE_COMMAND_SIZE])
{
    size_t size = 0;
    while (size < WIRE_COMMAND_SIZE && raw[size] > 0x20 && raw[size] < 0x7f)
        size++;
    for (size_t i = size; i < WIRE_COMMAND_SIZE; i++)
        if (raw[i] != 0)
            return false;
    return size > 0;
}

static enum wire_command command_find(const uint8_t raw[WIRE_COMMAND_SIZE])
{
    for (int i = 0; i < WIRE_OTHER; i++)
        if (memcmp(raw, commands[i].text, WIRE_COMMAND_SIZE) == 0)
            return (enum wire_command)i;
    return WIRE_OTHER;
}

int wire_head_parse(struct wire_head *ret_head, const uint8_t raw[WIRE_HEAD_SIZE],
                    const struct chain_params *params, struct err *err)
{
    struct cursor cursor = cursor_of(bytes_of(raw, WIRE_HEAD_SIZE));
    struct wire_head head;
    struct bytes magic = cursor_take(&cursor, sizeof params->magic);
    struct bytes name = cursor_take(&cursor, WIRE_COMMAND_SIZE);
    head.size = cursor_le32(&cursor);
    struct bytes checksum = cursor_take(&cursor, sizeof head.checksum);
    sanad_assert(cursor_done(&cursor));
    if (!bytes_equal(magic, bytes_of(params->magic, sizeof params->magic)))
        return err_set(err, SANAD_REFUSED, "message: magic is not that of %s", params->name);
    if (!command_is_padded(name.data))
        return err_set(err, SANAD_REFUSED, "message: command is no padded ASCII");
    head.command = command_find(name.data);
    if (head.size > commands[head.command].max)
        return err_set(err, SANAD_REFUSED, "message %s: %u bytes, at most %u",
                       commands[head.command].text, head.size, commands[head.command].max);
    memcpy(head.checksum, checksum.data, sizeof head.checksum);
    *ret_head = head;
    return 0;
}

bool wire_checksum_ok(const struct wire_head *head, struct bytes payload)
{
    struct hash256 digest;
    sha256d_of(&digest, payload);
    return memcmp(digest.b, head->checksum, sizeof head->checksum) == 0;
}

void wire_write(struct buf *buf, const struct chain_params *params, enum wire_command command,
                struct bytes payload)
{
    struct hash256 digest;
    sanad_assert(command < WIRE_OTHER && payload.size <= WIRE_PAYLOAD_MAX);
    sha256d_of(&digest, payload);
    buf_add(buf, bytes_of(params->magic, sizeof params->magic));
    buf_add(buf, bytes_of(commands[command].text, WIRE_COMMAND_SIZE));
    buf_le32(buf, (uint32_t)payload.size);
    buf_add(buf, bytes_of(digest.b, 4));
    buf_add(buf, payload);
}
