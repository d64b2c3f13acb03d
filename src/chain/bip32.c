/* BIP32 public derivation and the extended keys of SLIP-132. Private keys are recognised only
 * to be refused; nothing of them is kept or shown. */
#include "chain/chain_priv.h"

enum {
    EXT_KEY_SIZE = 78, /* version 4, depth 1, fingerprint 4, child 4, chain code 32, key 33 */
    EXT_KEY_DEPTH_MAX = 255,
    CHILD_INDEX_MAX = 0x7fffffff, /* above it are the hardened ones */
    WIF_SIZE = 33,                /* version and key */
    WIF_COMPRESSED_SIZE = 34      /* and a 1 */
};

/* SLIP-132, first table: what the four version bytes of an extended key say. Both networks of
 * the table stand here by their xpub_version, since signet, testnet4 and regtest share one. */
struct ext_version {
    uint32_t public_version;
    uint32_t private_version;
    uint32_t network; /* the plain public version of the network */
    enum slip132_kind kind;
};
enum { NETWORK_MAIN = 0x0488b21e, NETWORK_TEST = 0x043587cf };
static const struct ext_version ext_versions[] = {
    {0x0488b21e, 0x0488ade4, NETWORK_MAIN, SLIP132_NONE},        /* xpub */
    {0x049d7cb2, 0x049d7878, NETWORK_MAIN, SLIP132_P2SH_P2WPKH}, /* ypub */
    {0x04b24746, 0x04b2430c, NETWORK_MAIN, SLIP132_P2WPKH},      /* zpub */
    {0x0295b43f, 0x0295b005, NETWORK_MAIN, SLIP132_P2SH_P2WSH},  /* Ypub */
    {0x02aa7ed3, 0x02aa7a99, NETWORK_MAIN, SLIP132_P2WSH},       /* Zpub */
    {0x043587cf, 0x04358394, NETWORK_TEST, SLIP132_NONE},        /* tpub */
    {0x044a5262, 0x044a4e28, NETWORK_TEST, SLIP132_P2SH_P2WPKH}, /* upub */
    {0x045f1cf6, 0x045f18bc, NETWORK_TEST, SLIP132_P2WPKH},      /* vpub */
    {0x024289ef, 0x024285b5, NETWORK_TEST, SLIP132_P2SH_P2WSH},  /* Upub */
    {0x02575483, 0x02575048, NETWORK_TEST, SLIP132_P2WSH},       /* Vpub */
};

static const struct ext_version *ext_version_find(uint32_t version)
{
    for (size_t i = 0; i < countof(ext_versions); i++)
        if (ext_versions[i].public_version == version || ext_versions[i].private_version == version)
            return &ext_versions[i];
    return NULL;
}

static bool payload_is_wif(struct bytes payload)
{
    static const uint8_t versions[] = {0x80, 0xef}; /* main and all the others */
    if (payload.size != WIF_SIZE &&
        (payload.size != WIF_COMPRESSED_SIZE || payload.data[WIF_COMPRESSED_SIZE - 1] != 1))
        return false;
    return memchr(versions, payload.data[0], sizeof versions) != NULL;
}

bool payload_is_private_key(struct bytes payload)
{
    if (payload.size != EXT_KEY_SIZE)
        return payload_is_wif(payload);
    uint32_t version = load_be32(payload.data);
    const struct ext_version *found = ext_version_find(version);
    return found && found->private_version == version;
}

static int ext_key_read(struct ext_key *ret_key, struct bytes payload, struct err *err)
{
    struct ext_key key = {.depth = 0};
    struct cursor cursor = cursor_of(payload);
    key.slip132 = ext_version_find(cursor_be32(&cursor))->kind;
    key.depth = cursor_u8(&cursor);
    memcpy(key.parent_fingerprint, cursor_take(&cursor, 4).data, 4);
    key.child = cursor_be32(&cursor);
    memcpy(key.chain_code, cursor_take(&cursor, 32).data, 32);
    memcpy(key.public_key, cursor_take(&cursor, 33).data, 33);
    sanad_assert(cursor_done(&cursor));
    static const uint8_t no_parent[4];
    if (key.depth == 0 && (key.child != 0 || memcmp(key.parent_fingerprint, no_parent, 4) != 0))
        return err_set(err, SANAD_REFUSED, "key: depth 0, yet it names a parent");
    if (!ec_point_parse(&key.point, bytes_of(key.public_key, 33)))
        return err_set(err, SANAD_REFUSED, "key: not a point of the curve");
    *ret_key = key;
    return 0;
}

static int ext_key_check(struct ext_key *ret_key, const struct chain_params *params,
                         struct bytes payload, struct err *err)
{
    if (payload_is_private_key(payload))
        return err_set(err, SANAD_REFUSED, "key: a private key");
    if (payload.size != EXT_KEY_SIZE)
        return err_set(err, SANAD_REFUSED, "key: not 78 bytes");
    const struct ext_version *version = ext_version_find(load_be32(payload.data));
    if (!version)
        return err_set(err, SANAD_REFUSED, "key: unknown version bytes");
    if (version->network != params->xpub_version)
        return err_set(err, SANAD_REFUSED, "key: of another network");
    return ext_key_read(ret_key, payload, err);
}

int ext_key_parse_sized(struct ext_key *ret_key, const struct chain_params *params,
                        const char *text, size_t text_size, struct err *err)
{
    struct buf payload = buf_with_max(BASE58_BYTES_MAX);
    int code = base58check_decode_sized(&payload, text, text_size)
                   ? ext_key_check(ret_key, params, buf_bytes(&payload), err)
                   : err_set(err, SANAD_REFUSED, "key: bad checksum or unknown form");
    if (payload.size)
        secret_wipe(payload.data, payload.size);
    buf_free(&payload);
    return code;
}

int ext_key_parse(struct ext_key *ret_key, const struct chain_params *params, const char *text,
                  struct err *err)
{
    return ext_key_parse_sized(ret_key, params, text, strnlen(text, BASE58_TEXT_MAX + 1), err);
}

void ext_key_write(struct buf *buf, const struct chain_params *params, const struct ext_key *key)
{
    struct buf payload = buf_with_max(EXT_KEY_SIZE);
    buf_be32(&payload, params->xpub_version);
    buf_u8(&payload, key->depth);
    buf_add(&payload, bytes_of(key->parent_fingerprint, 4));
    buf_be32(&payload, key->child);
    buf_add(&payload, bytes_of(key->chain_code, 32));
    buf_add(&payload, bytes_of(key->public_key, 33));
    sanad_assert(!payload.bad && payload.size == EXT_KEY_SIZE);
    base58check_encode(buf, buf_bytes(&payload));
    buf_free(&payload);
}

/* BIP32, CKDpub: I = HMAC-SHA512(chain code, point ‖ index); the left half times G is added to
 * the point, the right half is the new chain code. */
bool ext_key_child_point(struct ec_point *ret_point, uint8_t ret_chain_code[32],
                         const struct ext_key *parent, uint32_t index)
{
    uint8_t message[33 + 4];
    uint8_t mac[64];
    struct ec_point point = parent->point;
    sanad_assert(index <= CHILD_INDEX_MAX);
    memcpy(message, parent->public_key, 33);
    message[33] = (uint8_t)(index >> 24);
    message[34] = (uint8_t)(index >> 16);
    message[35] = (uint8_t)(index >> 8);
    message[36] = (uint8_t)index;
    hmac_sha512(mac, bytes_of(parent->chain_code, 32), bytes_of(message, sizeof message));
    if (!ec_point_tweak_add(&point, mac))
        return false;
    *ret_point = point;
    memcpy(ret_chain_code, mac + 32, 32);
    return true;
}

bool ext_key_child(struct ext_key *ret_child, const struct ext_key *parent, uint32_t index)
{
    struct ext_key child = {.child = index, .slip132 = parent->slip132};
    struct hash160 fingerprint;
    if (parent->depth == EXT_KEY_DEPTH_MAX ||
        !ext_key_child_point(&child.point, child.chain_code, parent, index))
        return false;
    child.depth = (uint8_t)(parent->depth + 1);
    ec_point_compressed(child.public_key, &child.point);
    hash160_of(&fingerprint, bytes_of(parent->public_key, 33));
    memcpy(child.parent_fingerprint, fingerprint.b, 4);
    *ret_child = child;
    return true;
}
