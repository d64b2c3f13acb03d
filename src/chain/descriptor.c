/* Output descriptors: the checksum of BIP380, bare SLIP-132 keys, and the public face of what
 * descriptor_parse.c reads and descriptor_script.c writes. */
#include "chain/chain_priv.h"

#include <stdlib.h>

enum { CHECKSUM_SIZE = 8, COMBO_SCRIPT_COUNT = 4, COMBO_UNCOMPRESSED_SCRIPT_COUNT = 2 };

static const char checksum_charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* BIP380: the place of a character among these is its group and its symbol. */
static const char input_charset[] = "0123456789()[],'/*abcdefgh@:$%{}"
                                    "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
                                    "ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";

static uint64_t polymod_step(uint64_t checksum, unsigned value)
{
    static const uint64_t generator[5] = {0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a,
                                          0x644d626ffd};
    unsigned top = (unsigned)(checksum >> 35);
    checksum = (checksum & 0x7ffffffff) << 5 ^ value;
    for (size_t i = 0; i < countof(generator); i++)
        if (top >> i & 1)
            checksum ^= generator[i];
    return checksum;
}

static bool checksum_of(char ret_text[CHECKSUM_SIZE + 1], const char *text, size_t size)
{
    uint64_t checksum = 1;
    unsigned group = 0;
    for (size_t i = 0; i < size; i++) {
        const char *at = text[i] ? strchr(input_charset, text[i]) : NULL;
        if (!at)
            return false;
        unsigned value = (unsigned)(at - input_charset);
        checksum = polymod_step(checksum, value & 31);
        group = group * 3 + (value >> 5);
        if (i % 3 == 2) {
            checksum = polymod_step(checksum, group);
            group = 0;
        }
    }
    if (size % 3 != 0)
        checksum = polymod_step(checksum, group);
    for (size_t i = 0; i < CHECKSUM_SIZE; i++)
        checksum = polymod_step(checksum, 0);
    checksum ^= 1;
    for (unsigned i = 0; i < CHECKSUM_SIZE; i++)
        ret_text[i] = checksum_charset[checksum >> 5 * (7 - i) & 31];
    ret_text[CHECKSUM_SIZE] = 0;
    return true;
}

bool descriptor_checksum(char ret_text[9], const char *text)
{
    return checksum_of(ret_text, text, strlen(text));
}

/* The size of the text before its checksum, verified where there is one. */
static int checksum_strip(size_t *ret_size, const char *text, size_t text_size, struct err *err)
{
    char expected[CHECKSUM_SIZE + 1];
    const char *mark = memchr(text, '#', text_size);
    size_t size = mark ? (size_t)(mark - text) : text_size;
    if (!checksum_of(expected, text, size))
        return err_set(err, SANAD_REFUSED, "descriptor: a character that is not allowed");
    if (mark && text_size - size - 1 != CHECKSUM_SIZE)
        return err_set(err, SANAD_REFUSED, "descriptor: a checksum is # and %d characters",
                       CHECKSUM_SIZE);
    if (mark && memcmp(mark + 1, expected, CHECKSUM_SIZE) != 0)
        return err_set(err, SANAD_REFUSED, "descriptor: bad checksum: it should be %s", expected);
    *ret_size = size;
    return 0;
}

/* The functions around a bare key: SLIP-132 says which. Keys of multi-signature wallets are
 * not here: one of several signers alone means no script, and guessing would show a zero. */
static const struct {
    const char *before;
    const char *after;
} bare_frames[] = {
    [SLIP132_NONE] = {NULL, NULL},
    [SLIP132_P2SH_P2WPKH] = {"sh(wpkh(", "/<0;1>/*))"},
    [SLIP132_P2WPKH] = {"wpkh(", "/<0;1>/*)"},
};

/* Appends the descriptor that a bare key means. */
static int bare_key_expand(struct buf *ret_text, const struct chain_params *params,
                           struct bytes text, struct err *err)
{
    struct ext_key key;
    int code = ext_key_parse_sized(&key, params, (const char *)text.data, text.size, err);
    if (code != 0)
        return err_wrap(err, "descriptor: no function");
    if (key.slip132 == SLIP132_NONE)
        return err_set(err, SANAD_REFUSED,
                       "descriptor: no function: the key alone does not say its script");
    if (key.slip132 == SLIP132_P2SH_P2WSH || key.slip132 == SLIP132_P2WSH)
        return err_set(err, SANAD_REFUSED,
                       "descriptor: the key of one of several signers alone: write the descriptor "
                       "with all keys");
    sanad_assert((size_t)key.slip132 < countof(bare_frames));
    buf_text(ret_text, bare_frames[key.slip132].before);
    ext_key_write(ret_text, params, &key);
    buf_text(ret_text, bare_frames[key.slip132].after);
    return 0;
}

static int parse_text(struct descriptor *descriptor, const struct chain_params *params,
                      struct err *err)
{
    struct bytes text = bytes_of_text(descriptor->text);
    struct desc_parser parser = {.params = params,
                                 .start = text.data,
                                 .cursor = cursor_of(text),
                                 .branch_count = 1,
                                 .err = err};
    int code = desc_node_parse(&parser, &descriptor->root, DESC_IN_NOTHING);
    if (code == 0 && !cursor_done(&parser.cursor))
        code = desc_refuse(&parser, "something follows the end");
    descriptor->branch_count = parser.branch_count;
    descriptor->ranged = parser.ranged;
    return code;
}

int descriptor_parse(struct descriptor **ret_descriptor, const struct chain_params *params,
                     const char *text, struct err *err)
{
    struct err own = {0};
    struct buf plain = buf_with_max(DESCRIPTOR_TEXT_MAX + 1);
    size_t size = strnlen(text, DESCRIPTOR_TEXT_MAX + 1);
    err = err ? err : &own;
    if (size > DESCRIPTOR_TEXT_MAX)
        return err_set(err, SANAD_REFUSED, "descriptor: over %d characters", DESCRIPTOR_TEXT_MAX);
    int code = checksum_strip(&size, text, size, err);
    if (code == 0 && !memchr(text, '(', size))
        code = bare_key_expand(&plain, params, bytes_of(text, size), err);
    else
        buf_add(&plain, bytes_of(text, size));
    struct descriptor *descriptor = mem_zalloc(1, sizeof *descriptor);
    descriptor->text = mem_strdup(buf_cstr(&plain));
    if (code == 0)
        code = parse_text(descriptor, params, err);
    buf_free(&plain);
    if (code == 0)
        *ret_descriptor = descriptor;
    else
        descriptor_free(descriptor);
    return code;
}

void descriptor_free(struct descriptor *descriptor)
{
    if (!descriptor)
        return;
    desc_node_free(descriptor->root);
    free(descriptor->text);
    free(descriptor);
}

bool descriptor_is_ranged(const struct descriptor *descriptor)
{
    return descriptor->ranged;
}

uint32_t descriptor_branch_count(const struct descriptor *descriptor)
{
    return descriptor->branch_count;
}

uint32_t descriptor_script_count(const struct descriptor *descriptor)
{
    const struct desc_node *root = descriptor->root;
    if (root->kind != DESC_COMBO)
        return 1;
    /* BIP384: an uncompressed key has no witness scripts. */
    return root->keys[0].fixed_size == 65 ? COMBO_UNCOMPRESSED_SCRIPT_COUNT : COMBO_SCRIPT_COUNT;
}

bool descriptor_script(struct buf *ret_script, const struct descriptor *descriptor, uint32_t branch,
                       uint32_t index, uint32_t which)
{
    size_t start = ret_script->size;
    sanad_assert(branch < descriptor->branch_count);
    sanad_assert(which < descriptor_script_count(descriptor));
    if (descriptor->ranged && index > DESCRIPTOR_INDEX_MAX)
        return false;
    bool ok = desc_node_script(ret_script, descriptor->root, branch, index, which);
    if (ok && !ret_script->bad)
        return true;
    ret_script->size = start;
    return false;
}

const char *descriptor_text(const struct descriptor *descriptor)
{
    return descriptor->text;
}
