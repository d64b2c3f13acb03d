/* From a parsed descriptor to output scripts: the templates of BIP381 to 387 filled with the
 * keys of one branch and index. */
#include "chain/chain_priv.h"

#include <stdlib.h>

enum { TAPSCRIPT_VERSION = 0xc0 };

/* No script that a text of DESCRIPTOR_TEXT_MAX describes is longer than the text: every key
 * has at least as many characters as it has bytes in a script. */
enum { INNER_SCRIPT_MAX = DESCRIPTOR_TEXT_MAX };

struct script_key {
    uint8_t bytes[65];
    uint8_t size;
};

/* Inside tr() a key is its x coordinate alone. */
static bool key_of(struct script_key *ret_key, const struct desc_node *node, size_t which,
                   uint32_t branch, uint32_t index)
{
    size_t size;
    sanad_assert(which < node->key_count);
    if (!desc_key_bytes(ret_key->bytes, &size, &node->keys[which], branch, index))
        return false;
    if (node->context == DESC_IN_TR || node->kind == DESC_TR) {
        memmove(ret_key->bytes, ret_key->bytes + 1, 32);
        size = 32;
    }
    ret_key->size = (uint8_t)size;
    return true;
}

static struct bytes key_bytes(const struct script_key *key)
{
    return bytes_of(key->bytes, key->size);
}

static void add_pk(struct buf *script, const struct script_key *key)
{
    script_add_push(script, key_bytes(key));
    buf_u8(script, OP_CHECKSIG);
}

static void add_pkh(struct buf *script, const struct script_key *key)
{
    struct hash160 hash;
    hash160_of(&hash, key_bytes(key));
    script_add_p2pkh(script, hash.b);
}

static void add_wpkh(struct buf *script, const struct script_key *key)
{
    struct hash160 hash;
    sanad_assert(key->size == 33);
    hash160_of(&hash, key_bytes(key));
    script_add_witness(script, 0, bytes_of(hash.b, sizeof hash.b));
}

static void add_sh(struct buf *script, struct bytes inner)
{
    struct hash160 hash;
    hash160_of(&hash, inner);
    script_add_p2sh(script, hash.b);
}

static void add_sh_wpkh(struct buf *script, const struct script_key *key)
{
    struct buf inner = buf_with_max(INNER_SCRIPT_MAX);
    add_wpkh(&inner, key);
    add_sh(script, buf_bytes(&inner));
    buf_free(&inner);
}

static void add_wsh(struct buf *script, struct bytes inner)
{
    struct hash256 hash;
    sha256_of(&hash, inner);
    script_add_witness(script, 0, bytes_of(hash.b, sizeof hash.b));
}

/* BIP384: P2PK, P2PKH, P2WPKH, P2SH-P2WPKH, in this order. */
static void add_combo(struct buf *script, const struct script_key *key, uint32_t which)
{
    static void (*const add[])(struct buf *, const struct script_key *) = {add_pk, add_pkh,
                                                                           add_wpkh, add_sh_wpkh};
    sanad_assert(which < countof(add));
    add[which](script, key);
}

static int key_compare(const void *a, const void *b)
{
    const struct script_key *left = a;
    const struct script_key *right = b;
    /* Keys of two sizes differ in their first byte: 2 or 3 against 4. */
    size_t size = left->size < right->size ? left->size : right->size;
    return memcmp(left->bytes, right->bytes, size);
}

/* BIP383: k key ... key n OP_CHECKMULTISIG. */
static void add_multi(struct buf *script, const struct desc_node *node,
                      const struct script_key *keys)
{
    script_add_number(script, node->threshold);
    for (size_t i = 0; i < node->key_count; i++)
        script_add_push(script, key_bytes(&keys[i]));
    script_add_number(script, (unsigned)node->key_count);
    buf_u8(script, OP_CHECKMULTISIG);
}

/* BIP387: key OP_CHECKSIG key OP_CHECKSIGADD ... k OP_NUMEQUAL. */
static void add_multi_a(struct buf *script, const struct desc_node *node,
                        const struct script_key *keys)
{
    for (size_t i = 0; i < node->key_count; i++) {
        script_add_push(script, key_bytes(&keys[i]));
        buf_u8(script, i == 0 ? OP_CHECKSIG : OP_CHECKSIGADD);
    }
    script_add_number(script, node->threshold);
    buf_u8(script, OP_NUMEQUAL);
}

static bool add_multi_family(struct buf *script, const struct desc_node *node, uint32_t branch,
                             uint32_t index)
{
    struct script_key *keys = mem_zalloc(node->key_count, sizeof *keys);
    bool ok = true;
    for (size_t i = 0; ok && i < node->key_count; i++)
        ok = key_of(&keys[i], node, i, branch, index);
    if (node->kind == DESC_SORTEDMULTI || node->kind == DESC_SORTEDMULTI_A)
        qsort(keys, node->key_count, sizeof *keys, key_compare);
    if (ok && node->context == DESC_IN_TR)
        add_multi_a(script, node, keys);
    else if (ok)
        add_multi(script, node, keys);
    free(keys);
    return ok;
}

/* BIP341: TapLeaf(version ‖ size ‖ script). */
static bool leaf_hash(struct hash256 *ret_hash, const struct desc_node *leaf, uint32_t branch,
                      uint32_t index)
{
    struct buf script = buf_with_max(INNER_SCRIPT_MAX);
    struct buf whole = buf_with_max(INNER_SCRIPT_MAX + 8);
    bool ok = desc_node_script(&script, leaf, branch, index, 0);
    if (ok) {
        buf_u8(&whole, TAPSCRIPT_VERSION);
        buf_compact(&whole, script.size);
        buf_add(&whole, buf_bytes(&script));
        sanad_assert(!whole.bad);
        sha256_tagged(ret_hash, "TapLeaf", buf_bytes(&whole));
    }
    buf_free(&script);
    buf_free(&whole);
    return ok;
}

/* BIP341: TapBranch of the two children, the smaller first. */
static bool tree_hash(struct hash256 *ret_hash, const struct desc_node *tree, uint32_t branch,
                      uint32_t index)
{
    struct hash256 both[2];
    if (tree->kind != DESC_PAIR)
        return leaf_hash(ret_hash, tree, branch, index);
    if (!tree_hash(&both[0], tree->left, branch, index) ||
        !tree_hash(&both[1], tree->right, branch, index))
        return false;
    if (hash256_compare(&both[0], &both[1]) > 0) {
        struct hash256 larger = both[0];
        both[0] = both[1];
        both[1] = larger;
    }
    sha256_tagged(ret_hash, "TapBranch", bytes_of(both, sizeof both));
    return true;
}

static bool add_tr(struct buf *script, const struct desc_node *node, uint32_t branch,
                   uint32_t index)
{
    struct script_key internal;
    struct hash256 root;
    uint8_t output[32];
    if (!key_of(&internal, node, 0, branch, index) ||
        (node->left && !tree_hash(&root, node->left, branch, index)) ||
        !ec_taproot_output(output, internal.bytes, node->left ? &root : NULL))
        return false;
    script_add_witness(script, 1, bytes_of(output, sizeof output));
    return true;
}

static bool add_nested(struct buf *script, const struct desc_node *node, uint32_t branch,
                       uint32_t index)
{
    struct buf inner = buf_with_max(INNER_SCRIPT_MAX);
    bool ok = desc_node_script(&inner, node->left, branch, index, 0);
    sanad_assert(!inner.bad);
    if (ok && node->kind == DESC_SH)
        add_sh(script, buf_bytes(&inner));
    else if (ok)
        add_wsh(script, buf_bytes(&inner));
    buf_free(&inner);
    return ok;
}

static bool add_single(struct buf *script, const struct desc_node *node, uint32_t branch,
                       uint32_t index, uint32_t which)
{
    struct script_key key;
    if (!key_of(&key, node, 0, branch, index))
        return false;
    if (node->kind == DESC_PK)
        add_pk(script, &key);
    else if (node->kind == DESC_PKH)
        add_pkh(script, &key);
    else if (node->kind == DESC_WPKH)
        add_wpkh(script, &key);
    else
        add_combo(script, &key, which);
    return true;
}

bool desc_node_script(struct buf *script, const struct desc_node *node, uint32_t branch,
                      uint32_t index, uint32_t which)
{
    sanad_assert(node->kind != DESC_PAIR);
    switch (node->kind) {
    case DESC_PK:
    case DESC_PKH:
    case DESC_WPKH:
    case DESC_COMBO:
        return add_single(script, node, branch, index, which);
    case DESC_MULTI:
    case DESC_SORTEDMULTI:
    case DESC_MULTI_A:
    case DESC_SORTEDMULTI_A:
        return add_multi_family(script, node, branch, index);
    case DESC_SH:
    case DESC_WSH:
        return add_nested(script, node, branch, index);
    case DESC_TR:
        return add_tr(script, node, branch, index);
    case DESC_RAW:
    case DESC_ADDR:
        buf_add(script, buf_bytes(&node->script));
        return true;
    case DESC_PAIR: /* has a hash, no script */
        break;
    }
    return false;
}
