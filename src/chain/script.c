/* Which kind of script an output has, and whether anybody could ever spend it. */
#include "chain/chain_priv.h"

enum { MULTISIG_KEY_MAX = 20, WITNESS_PROGRAM_MIN = 2, WITNESS_PROGRAM_MAX = 40 };

const char *script_kind_name(enum script_kind kind)
{
    static const char *const names[] = {
        [SCRIPT_NONSTANDARD] = "nonstandard",
        [SCRIPT_P2PK] = "p2pk",
        [SCRIPT_P2PKH] = "p2pkh",
        [SCRIPT_P2SH] = "p2sh",
        [SCRIPT_P2WPKH] = "p2wpkh",
        [SCRIPT_P2WSH] = "p2wsh",
        [SCRIPT_P2TR] = "p2tr",
        [SCRIPT_P2A] = "p2a",
        [SCRIPT_MULTISIG] = "multisig",
        [SCRIPT_WITNESS_UNKNOWN] = "witness_unknown",
        [SCRIPT_OP_RETURN] = "op_return",
    };
    sanad_assert((size_t)kind < countof(names));
    return names[kind];
}

bool script_unspendable(struct bytes script)
{
    return script.size > SCRIPT_SIZE_MAX || (script.size > 0 && script.data[0] == OP_RETURN);
}

/* The first byte of a public key says how long it must be. */
static bool key_size_fits(struct bytes key)
{
    if (key.size == 33)
        return key.data[0] == 2 || key.data[0] == 3;
    if (key.size == 65)
        return key.data[0] == 4 || key.data[0] == 6 || key.data[0] == 7;
    return false;
}

static bool is_p2pkh(struct bytes script)
{
    const uint8_t *s = script.data;
    return script.size == 25 && s[0] == OP_DUP && s[1] == OP_HASH160 && s[2] == 20 &&
           s[23] == OP_EQUALVERIFY && s[24] == OP_CHECKSIG;
}

static bool is_p2sh(struct bytes script)
{
    const uint8_t *s = script.data;
    return script.size == 23 && s[0] == OP_HASH160 && s[1] == 20 && s[22] == OP_EQUAL;
}

static bool is_p2pk(struct bytes script)
{
    const uint8_t *s = script.data;
    return (script.size == 35 || script.size == 67) && s[0] == script.size - 2 &&
           s[script.size - 1] == OP_CHECKSIG && key_size_fits(bytes_of(s + 1, s[0]));
}

/* BIP141: one small number, then one push of 2 to 40 bytes, nothing else. */
static bool is_witness_program(struct bytes script)
{
    const uint8_t *s = script.data;
    return script.size >= 2 + WITNESS_PROGRAM_MIN && script.size <= 2 + WITNESS_PROGRAM_MAX &&
           (s[0] == OP_0 || (s[0] >= OP_1 && s[0] <= OP_16)) && s[1] == script.size - 2;
}

static enum script_kind witness_kind(struct bytes script)
{
    const uint8_t *s = script.data;
    if (s[0] == OP_0 && s[1] == 20)
        return SCRIPT_P2WPKH;
    if (s[0] == OP_0)
        return s[1] == 32 ? SCRIPT_P2WSH : SCRIPT_NONSTANDARD;
    if (s[0] == OP_1 && s[1] == 32)
        return SCRIPT_P2TR;
    if (s[0] == OP_1 && s[1] == 2 && s[2] == 0x4e && s[3] == 0x73)
        return SCRIPT_P2A;
    return SCRIPT_WITNESS_UNKNOWN;
}

/* One operation; the data that it pushes, empty for OP_0 and for what pushes nothing. */
static uint8_t read_op(struct cursor *cursor, struct bytes *ret_data)
{
    uint8_t op = cursor_u8(cursor);
    uint64_t size = 0;
    if (op < OP_PUSHDATA1)
        size = op;
    else if (op == OP_PUSHDATA1)
        size = cursor_u8(cursor);
    else if (op == OP_PUSHDATA2)
        size = cursor_le16(cursor);
    else if (op == OP_PUSHDATA4)
        size = cursor_le32(cursor);
    *ret_data = cursor_take(cursor, size);
    return op;
}

/* 1 to 20 in its shortest form; 0 where the operation is no such number. */
static unsigned small_number(uint8_t op, struct bytes data)
{
    if (op >= OP_1 && op <= OP_16)
        return op - OP_1 + 1u;
    if (op == 1 && data.size == 1 && data.data[0] > 16 && data.data[0] <= MULTISIG_KEY_MAX)
        return data.data[0];
    return 0;
}

static bool is_multisig(struct bytes script)
{
    if (script.size < 4 || script.data[script.size - 1] != OP_CHECKMULTISIG)
        return false;
    struct cursor cursor = cursor_of(bytes_of(script.data, script.size - 1));
    struct bytes data;
    uint8_t op = read_op(&cursor, &data);
    unsigned needed = small_number(op, data);
    unsigned keys = 0;
    for (op = read_op(&cursor, &data); !cursor.bad && key_size_fits(data); keys++)
        op = read_op(&cursor, &data);
    return cursor_done(&cursor) && needed > 0 && keys >= needed && small_number(op, data) == keys;
}

enum script_kind script_kind_of(struct bytes script)
{
    if (is_p2pkh(script))
        return SCRIPT_P2PKH;
    if (is_p2sh(script))
        return SCRIPT_P2SH;
    if (is_witness_program(script))
        return witness_kind(script);
    if (script.size > 0 && script.data[0] == OP_RETURN)
        return SCRIPT_OP_RETURN;
    if (is_p2pk(script))
        return SCRIPT_P2PK;
    return is_multisig(script) ? SCRIPT_MULTISIG : SCRIPT_NONSTANDARD;
}
