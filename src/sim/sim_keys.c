/* Private keys of the simulation: BIP32 derivation with secrets and the tweak of BIP341. All
 * of it comes from the seed, so nobody may ever use these keys for anything real. */
#include "sim/sim_priv.h"

static void set_public_key(struct sim_node *node)
{
    struct ec_point point;
    sanad_assert(ec_secret_point(&point, node->secret));
    ec_point_compressed(node->public_key, &point);
}

/* BIP32: a seed that gives no valid key has a chance of 2^-127; ours are checked. */
void sim_node_master(struct sim_node *ret_node, struct bytes seed)
{
    uint8_t mac[64];
    hmac_sha512(mac, bytes_of_text("Bitcoin seed"), seed);
    *ret_node = (struct sim_node){0};
    memcpy(ret_node->secret, mac, 32);
    memcpy(ret_node->chain_code, mac + 32, 32);
    sanad_assert(ec_secret_valid(ret_node->secret));
    set_public_key(ret_node);
}

void sim_node_fingerprint(uint8_t ret_fingerprint[4], const struct sim_node *node)
{
    struct hash160 hash;
    hash160_of(&hash, bytes_of(node->public_key, 33));
    memcpy(ret_fingerprint, hash.b, 4);
}

void sim_node_child(struct sim_node *ret_node, const struct sim_node *parent, uint32_t index)
{
    uint8_t message[37] = {0};
    uint8_t mac[64];
    uint32_t big_endian = __builtin_bswap32(index);
    if (index & SIM_HARDENED)
        memcpy(message + 1, parent->secret, 32);
    else
        memcpy(message, parent->public_key, 33);
    memcpy(message + 33, &big_endian, 4);
    hmac_sha512(mac, bytes_of(parent->chain_code, 32), bytes_of(message, sizeof message));
    struct sim_node node = {.depth = (uint8_t)(parent->depth + 1), .child = index};
    memcpy(node.secret, parent->secret, 32);
    sanad_assert(ec_secret_tweak_add(node.secret, mac));
    memcpy(node.chain_code, mac + 32, 32);
    sim_node_fingerprint(node.parent_fingerprint, parent);
    set_public_key(&node);
    *ret_node = node;
}

void sim_node_xpub(char ret_text[SIM_XPUB_SIZE], const struct sim_node *node)
{
    struct buf payload = buf_with_max(78);
    struct buf text = buf_with_max(SIM_XPUB_SIZE - 1);
    buf_be32(&payload, chain_params_get(CHAIN_REGTEST)->xpub_version);
    buf_u8(&payload, node->depth);
    buf_add(&payload, bytes_of(node->parent_fingerprint, 4));
    buf_be32(&payload, node->child);
    buf_add(&payload, bytes_of(node->chain_code, 32));
    buf_add(&payload, bytes_of(node->public_key, 33));
    base58check_encode(&text, buf_bytes(&payload));
    sanad_assert(!payload.bad && !text.bad);
    memcpy(ret_text, buf_cstr(&text), text.size + 1);
    buf_free(&payload);
    buf_free(&text);
}

/* The order of the group less the secret: the secret of the point with the other y. */
static void secret_negate(uint8_t secret[32])
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                      0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                      0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - secret[i] - borrow;
        borrow = digit < 0;
        secret[i] = (uint8_t)(digit + (borrow ? 256 : 0));
    }
}

/* BIP341: the internal key counts as the point with even y, then the tweak is added. */
void sim_taproot_secret(uint8_t ret_secret[32], const uint8_t secret[32],
                        const uint8_t public_key[33])
{
    struct hash256 tweak;
    sha256_tagged(&tweak, "TapTweak", bytes_of(public_key + 1, 32));
    memcpy(ret_secret, secret, 32);
    if (public_key[0] == 3)
        secret_negate(ret_secret);
    sanad_assert(ec_secret_tweak_add(ret_secret, tweak.b));
}
