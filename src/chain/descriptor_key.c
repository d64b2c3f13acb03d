/* Key expressions of descriptors: origin, key, path, multipath step and range (BIP380,
 * BIP389), and the bytes of the key at one branch and index. */
#include "chain/chain_priv.h"

#include <stdlib.h>

enum { FINGERPRINT_DIGITS = 8, DEPTH_MAX = 255 };

/* The steps after an extended key. */
struct key_path {
    uint32_t steps[DESCRIPTOR_STEP_MAX]; /* 0 at tuple_at */
    size_t step_count;
    uint32_t tuple[DESCRIPTOR_BRANCH_MAX];
    uint32_t tuple_count; /* 0: no multipath step */
    size_t tuple_at;
    bool ranged;
};

static bool accept_hardened(struct desc_parser *parser)
{
    return desc_accept(parser, 'h') || desc_accept(parser, '\'');
}

static int read_index(struct desc_parser *parser, uint32_t *ret_index)
{
    uint64_t value;
    struct bytes digits = desc_token(parser, "/,;<>)]}h'*");
    if (!number_parse(&value, (const char *)digits.data, digits.size, DESCRIPTOR_INDEX_MAX))
        return desc_refuse(parser, "a step is a number below 2147483648");
    *ret_index = (uint32_t)value;
    return 0;
}

/* [ fingerprint /step ... ]: where the key comes from. It changes no script, so it is checked
 * and not kept. */
static int read_origin(struct desc_parser *parser)
{
    uint8_t fingerprint[FINGERPRINT_DIGITS / 2];
    struct bytes digits = desc_token(parser, "/]");
    if (!hex_decode(fingerprint, sizeof fingerprint, (const char *)digits.data, digits.size))
        return desc_refuse(parser, "a fingerprint is 8 hexadecimal digits");
    for (size_t count = 0; desc_accept(parser, '/'); count++) {
        uint32_t index;
        if (count == DESCRIPTOR_STEP_MAX)
            return desc_refuse(parser, "over %d steps in an origin", DESCRIPTOR_STEP_MAX);
        int code = read_index(parser, &index);
        if (code != 0)
            return code;
        (void)accept_hardened(parser); /* both kinds may stand in an origin */
    }
    if (!desc_accept(parser, ']'))
        return desc_refuse(parser, "an origin ends with ]");
    return 0;
}

static int refuse_hardened(struct desc_parser *parser)
{
    return desc_refuse(parser, "a hardened step after a public key: it needs the private key");
}

static int read_plain_index(struct desc_parser *parser, uint32_t *ret_index)
{
    int code = read_index(parser, ret_index);
    return code == 0 && accept_hardened(parser) ? refuse_hardened(parser) : code;
}

/* BIP389, after "<": two or more different steps. */
static int read_tuple(struct desc_parser *parser, struct key_path *path)
{
    do {
        uint32_t index;
        if (path->tuple_count == DESCRIPTOR_BRANCH_MAX)
            return desc_refuse(parser, "over %d values in a multipath step", DESCRIPTOR_BRANCH_MAX);
        int code = read_plain_index(parser, &index);
        if (code != 0)
            return code;
        for (uint32_t i = 0; i < path->tuple_count; i++)
            if (path->tuple[i] == index)
                return desc_refuse(parser, "a multipath step has a value twice");
        path->tuple[path->tuple_count++] = index;
    } while (desc_accept(parser, ';'));
    if (!desc_accept(parser, '>'))
        return desc_refuse(parser, "a multipath step ends with >");
    if (path->tuple_count < 2)
        return desc_refuse(parser, "a multipath step has two values or more");
    if (parser->branch_count > 1 && parser->branch_count != path->tuple_count)
        return desc_refuse(parser, "multipath steps of unequal lengths");
    parser->branch_count = path->tuple_count;
    return 0;
}

static int read_step(struct desc_parser *parser, struct key_path *path)
{
    if (path->step_count == DESCRIPTOR_STEP_MAX)
        return desc_refuse(parser, "over %d steps in a path", DESCRIPTOR_STEP_MAX);
    size_t at = path->step_count++;
    path->steps[at] = 0;
    if (!desc_accept(parser, '<'))
        return read_plain_index(parser, &path->steps[at]);
    if (path->tuple_count > 0)
        return desc_refuse(parser, "two multipath steps in one key");
    path->tuple_at = at;
    return read_tuple(parser, path);
}

static int read_path(struct desc_parser *parser, struct key_path *path)
{
    while (!path->ranged && desc_accept(parser, '/')) {
        if (desc_accept(parser, '*')) {
            path->ranged = true;
            continue;
        }
        int code = read_step(parser, path);
        if (code != 0)
            return code;
    }
    if (!path->ranged)
        return 0;
    parser->ranged = true;
    return accept_hardened(parser) ? refuse_hardened(parser) : 0;
}

/* *key walks the steps [first, last). */
static bool walk(struct ext_key *key, const uint32_t *steps, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++)
        if (!ext_key_child(key, key, steps[i]))
            return false;
    return true;
}

static bool derive_ends(struct desc_key *key, const struct ext_key *root,
                        const struct key_path *path)
{
    bool fork = path->tuple_count > 0;
    struct ext_key stem = *root;
    if (!walk(&stem, path->steps, 0, fork ? path->tuple_at : path->step_count))
        return false;
    key->end_count = fork ? path->tuple_count : 1;
    key->ends = mem_zalloc(key->end_count, sizeof *key->ends);
    if (!fork)
        key->ends[0] = stem;
    for (uint32_t i = 0; fork && i < key->end_count; i++)
        if (!ext_key_child(&key->ends[i], &stem, path->tuple[i]) ||
            !walk(&key->ends[i], path->steps, path->tuple_at + 1, path->step_count))
            return false;
    return true;
}

static int read_extended(struct desc_parser *parser, struct desc_key *key, struct bytes token)
{
    struct ext_key root;
    struct key_path path = {.step_count = 0};
    int code = ext_key_parse_sized(&root, parser->params, (const char *)token.data, token.size,
                                   parser->err);
    if (code != 0)
        return desc_refuse_inner(parser);
    code = read_path(parser, &path);
    if (code != 0)
        return code;
    if (root.depth + path.step_count + path.ranged > DEPTH_MAX)
        return desc_refuse(parser, "a path below depth %d", DEPTH_MAX);
    key->ranged = path.ranged;
    if (!derive_ends(key, &root, &path))
        return desc_refuse(parser, "a key of this path does not exist"); /* 1 in 2^127 */
    return 0;
}

static bool is_hex(struct bytes token)
{
    for (size_t i = 0; i < token.size; i++)
        if (!memchr("0123456789abcdefABCDEF", token.data[i], 22))
            return false;
    return true;
}

static int read_fixed(struct desc_parser *parser, struct desc_key *key, struct bytes token,
                      enum desc_key_form form)
{
    struct ec_point point;
    bool xonly = token.size == 64;
    size_t skip = xonly ? 1 : 0;
    if (xonly && form != DESC_KEY_XONLY)
        return desc_refuse(parser, "an x-only key stands in tr() only");
    if (token.size == 130 && form != DESC_KEY_ANY)
        return desc_refuse(parser, "an uncompressed key is not allowed here");
    key->fixed[0] = 2;
    key->fixed_size = token.size / 2 + skip;
    bool decoded =
        hex_decode(key->fixed + skip, token.size / 2, (const char *)token.data, token.size);
    sanad_assert(decoded);
    if (!ec_point_parse(&point, bytes_of(key->fixed, key->fixed_size)))
        return desc_refuse(parser, "not a public key of the curve");
    if (desc_peek(parser) == '/')
        return desc_refuse(parser, "a path after a key that is not extended");
    return 0;
}

int desc_key_parse(struct desc_parser *parser, struct desc_key *key, enum desc_key_form form)
{
    int code = desc_accept(parser, '[') ? read_origin(parser) : 0;
    if (code != 0)
        return code;
    struct bytes token = desc_token(parser, "/,(){}[]<>");
    if (desc_peek(parser) == '(' && bytes_equal(token, bytes_of_text("musig")))
        return desc_refuse(parser, "musig() (BIP390) is not supported");
    if (desc_peek(parser) == '(')
        return desc_refuse(parser, "a key must stand here, not a function");
    if (desc_peek(parser) == '[')
        return desc_refuse(parser, "an origin stands once, before the key");
    if (token.size == 0)
        return desc_refuse(parser, "no key");
    if ((token.size == 64 || token.size == 66 || token.size == 130) && is_hex(token))
        return read_fixed(parser, key, token, form);
    return read_extended(parser, key, token);
}

void desc_key_free(struct desc_key *key)
{
    free(key->ends);
    *key = (struct desc_key){.ends = NULL};
}

bool desc_key_bytes(uint8_t ret_bytes[65], size_t *ret_size, const struct desc_key *key,
                    uint32_t branch, uint32_t index)
{
    struct ec_point point;
    uint8_t chain_code[32];
    if (key->fixed_size > 0) {
        memcpy(ret_bytes, key->fixed, key->fixed_size);
        *ret_size = key->fixed_size;
        return true;
    }
    uint32_t end = key->end_count > 1 ? branch : 0;
    sanad_assert(end < key->end_count);
    *ret_size = 33;
    if (!key->ranged) {
        memcpy(ret_bytes, key->ends[end].public_key, 33);
        return true;
    }
    if (!ext_key_child_point(&point, chain_code, &key->ends[end], index))
        return false;
    ec_point_compressed(ret_bytes, &point);
    return true;
}
