/* Addresses: Base58Check of P2PKH and P2SH, bech32 of witness version 0, bech32m of the
 * versions after it (BIP173, BIP350). An address of another network is told apart from
 * one that is none. */
#include "chain/chain_priv.h"

enum {
    HASH_SIZE = 20,
    PROGRAM_SIZE_MIN = 2,
    PROGRAM_SIZE_MAX = 40,
    PROGRAM_VERSION_MAX = 16,
    PROGRAM_VALUES_MAX = (PROGRAM_SIZE_MAX * 8 + 4) / 5
};

/* Where the hash begins in P2PKH and P2SH. */
enum { P2PKH_HASH_AT = 3, P2SH_HASH_AT = 2 };

static bool program_size_ok(unsigned version, size_t size)
{
    if (version == 0)
        return size == 20 || size == 32; /* BIP141 */
    return version <= PROGRAM_VERSION_MAX && size >= PROGRAM_SIZE_MIN && size <= PROGRAM_SIZE_MAX;
}

/* 8 bits each to 5 bits each, the last padded with zeros. */
static size_t values_from_bytes(uint8_t ret_values[PROGRAM_VALUES_MAX], struct bytes bytes)
{
    size_t count = 0;
    uint32_t pool = 0;
    unsigned bits = 0;
    sanad_assert(bytes.size <= PROGRAM_SIZE_MAX);
    for (size_t i = 0; i < bytes.size; i++) {
        pool = pool << 8 | bytes.data[i];
        for (bits += 8; bits >= 5; bits -= 5)
            ret_values[count++] = pool >> (bits - 5) & 31;
    }
    if (bits > 0)
        ret_values[count++] = (uint8_t)(pool << (5 - bits) & 31);
    return count;
}

/* And back: false with over 4 bits of padding, padding that is not zero, or over 40 bytes. */
static bool bytes_from_values(uint8_t ret_bytes[PROGRAM_SIZE_MAX], size_t *ret_size,
                              const uint8_t *values, size_t value_count)
{
    size_t size = 0;
    uint32_t pool = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < value_count; i++) {
        pool = pool << 5 | values[i];
        bits += 5;
        if (bits < 8)
            continue;
        if (size == PROGRAM_SIZE_MAX)
            return false;
        bits -= 8;
        ret_bytes[size++] = (uint8_t)(pool >> bits);
    }
    if (bits >= 5 || (pool & ((1u << bits) - 1)) != 0)
        return false;
    *ret_size = size;
    return true;
}

static void write_base58(struct buf *buf, uint8_t prefix, struct bytes hash)
{
    uint8_t payload[1 + HASH_SIZE];
    payload[0] = prefix;
    memcpy(payload + 1, hash.data, HASH_SIZE);
    base58check_encode(buf, bytes_of(payload, sizeof payload));
}

static void write_segwit(struct buf *buf, const char *prefix, unsigned version,
                         struct bytes program)
{
    struct bech32 bech32 = {.kind = version == 0 ? BECH32 : BECH32M};
    sanad_assert(strlen(prefix) <= BECH32_PREFIX_MAX);
    memcpy(bech32.prefix, prefix, strlen(prefix) + 1);
    bech32.values[0] = (uint8_t)version;
    bech32.value_count = 1 + values_from_bytes(bech32.values + 1, program);
    bech32_encode(buf, &bech32);
}

static void write_address(struct buf *buf, const struct chain_params *params, struct bytes script)
{
    const uint8_t *s = script.data;
    switch (script_kind_of(script)) {
    case SCRIPT_P2PKH:
        write_base58(buf, params->p2pkh_prefix, bytes_of(s + P2PKH_HASH_AT, HASH_SIZE));
        break;
    case SCRIPT_P2SH:
        write_base58(buf, params->p2sh_prefix, bytes_of(s + P2SH_HASH_AT, HASH_SIZE));
        break;
    case SCRIPT_P2WPKH:
    case SCRIPT_P2WSH:
    case SCRIPT_P2TR:
    case SCRIPT_P2A:
    case SCRIPT_WITNESS_UNKNOWN:
        write_segwit(buf, params->bech32_prefix, s[0] == OP_0 ? 0 : s[0] - OP_1 + 1u,
                     bytes_of(s + 2, script.size - 2));
        break;
    case SCRIPT_NONSTANDARD:
    case SCRIPT_P2PK:
    case SCRIPT_MULTISIG:
    case SCRIPT_OP_RETURN:
        break;
    }
}

bool address_from_script(char ret_text[ADDRESS_TEXT_SIZE], const struct chain_params *params,
                         struct bytes script)
{
    struct buf text = buf_with_max(ADDRESS_TEXT_SIZE);
    write_address(&text, params, script);
    sanad_assert(!text.bad && text.size < ADDRESS_TEXT_SIZE);
    bool known = text.size > 0;
    if (known)
        memcpy(ret_text, buf_cstr(&text), text.size + 1);
    buf_free(&text);
    return known;
}

static bool prefix_of_another_network(const char *prefix)
{
    for (int id = 0; id < CHAIN_COUNT; id++)
        if (strcmp(chain_params_get((enum chain_id)id)->bech32_prefix, prefix) == 0)
            return true;
    return false;
}

static int segwit_to_script(struct buf *ret_script, const struct chain_params *params,
                            const struct bech32 *bech32, struct err *err)
{
    uint8_t program[PROGRAM_SIZE_MAX];
    size_t size;
    if (strcmp(bech32->prefix, params->bech32_prefix) != 0)
        return err_set(err, SANAD_REFUSED, "address: %s",
                       prefix_of_another_network(bech32->prefix) ? "of another network"
                                                                 : "unknown prefix");
    if (bech32->value_count == 0)
        return err_set(err, SANAD_REFUSED, "address: no witness version");
    unsigned version = bech32->values[0];
    if (version > PROGRAM_VERSION_MAX)
        return err_set(err, SANAD_REFUSED, "address: witness version over 16");
    if (bech32->kind != (version == 0 ? BECH32 : BECH32M))
        return err_set(err, SANAD_REFUSED,
                       "address: bech32 is for witness version 0 only, "
                       "bech32m for all after it");
    if (!bytes_from_values(program, &size, bech32->values + 1, bech32->value_count - 1))
        return err_set(err, SANAD_REFUSED, "address: witness program is badly padded or too long");
    if (!program_size_ok(version, size))
        return err_set(err, SANAD_REFUSED, "address: witness program of a length not allowed");
    script_add_witness(ret_script, version, bytes_of(program, size));
    return 0;
}

static bool version_of_another_network(uint8_t version)
{
    for (int id = 0; id < CHAIN_COUNT; id++) {
        const struct chain_params *other = chain_params_get((enum chain_id)id);
        if (version == other->p2pkh_prefix || version == other->p2sh_prefix)
            return true;
    }
    return false;
}

static int base58_to_script(struct buf *ret_script, const struct chain_params *params,
                            struct bytes payload, struct err *err)
{
    if (payload_is_private_key(payload))
        return err_set(err, SANAD_REFUSED, "address: a private key");
    if (payload.size != 1 + HASH_SIZE)
        return err_set(err, SANAD_REFUSED, "address: not 21 bytes");
    uint8_t version = payload.data[0];
    if (version == params->p2pkh_prefix) {
        script_add_p2pkh(ret_script, payload.data + 1);
    } else if (version == params->p2sh_prefix) {
        script_add_p2sh(ret_script, payload.data + 1);
    } else {
        return err_set(err, SANAD_REFUSED, "address: %s",
                       version_of_another_network(version) ? "of another network"
                                                           : "unknown version byte");
    }
    return 0;
}

int address_to_script(struct buf *ret_script, const struct chain_params *params, const char *text,
                      struct err *err)
{
    struct bech32 bech32;
    if (bech32_decode(&bech32, text))
        return segwit_to_script(ret_script, params, &bech32, err);
    struct buf payload = buf_with_max(BASE58_BYTES_MAX);
    int code = base58check_decode(&payload, text)
                   ? base58_to_script(ret_script, params, buf_bytes(&payload), err)
                   : err_set(err, SANAD_REFUSED, "address: bad checksum or unknown form");
    buf_free(&payload);
    return code;
}
