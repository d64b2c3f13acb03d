/* Writes the standard output scripts and the pieces that other scripts are made of. */
#include "chain/chain_priv.h"

enum { PUSH_SIZE_MAX = 75, NUMBER_MAX = 0x7fff };

void script_add_push(struct buf *script, struct bytes data)
{
    sanad_assert(data.size >= 1 && data.size <= PUSH_SIZE_MAX);
    buf_u8(script, (uint8_t)data.size);
    buf_add(script, data);
}

void script_add_number(struct buf *script, unsigned number)
{
    sanad_assert(number >= 1 && number <= NUMBER_MAX);
    if (number <= 16) {
        buf_u8(script, (uint8_t)(OP_1 + number - 1));
        return;
    }
    /* Little-endian, and a byte more where the highest bit would read as a minus sign. */
    uint8_t bytes[2] = {(uint8_t)number, (uint8_t)(number >> 8)};
    script_add_push(script, bytes_of(bytes, number < 0x80 ? 1 : 2));
}

void script_add_p2pkh(struct buf *script, const uint8_t key_hash[20])
{
    buf_u8(script, OP_DUP);
    buf_u8(script, OP_HASH160);
    script_add_push(script, bytes_of(key_hash, 20));
    buf_u8(script, OP_EQUALVERIFY);
    buf_u8(script, OP_CHECKSIG);
}

void script_add_p2sh(struct buf *script, const uint8_t script_hash[20])
{
    buf_u8(script, OP_HASH160);
    script_add_push(script, bytes_of(script_hash, 20));
    buf_u8(script, OP_EQUAL);
}

void script_add_witness(struct buf *script, unsigned version, struct bytes program)
{
    sanad_assert(version <= 16 && program.size >= 2 && program.size <= 40);
    buf_u8(script, version == 0 ? OP_0 : (uint8_t)(OP_1 + version - 1));
    script_add_push(script, program);
}
