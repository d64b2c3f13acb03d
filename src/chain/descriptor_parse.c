/* Script and tree expressions of descriptors: which function may stand where, and with which
 * arguments (BIP381 to 387). */
#include "chain/chain_priv.h"

#include <stdarg.h>
#include <stdlib.h>

enum {
    MULTI_KEY_MAX = 20,      /* BIP383 */
    MULTI_BARE_KEY_MAX = 3,  /* BIP383: more is not standard */
    MULTI_A_KEY_MAX = 999,   /* BIP387 */
    REDEEM_SCRIPT_MAX = 520, /* BIP16: one stack element */
    NAME_MAX = 16
};

/* ---- the text ---- */

static size_t place(const struct desc_parser *parser)
{
    return (size_t)(parser->cursor.at - parser->start) + 1;
}

int desc_refuse(struct desc_parser *parser, const char *format, ...)
{
    char rule[160];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(rule, sizeof rule, format, args); /* cut is fine */
    va_end(args);
    return err_set(parser->err, SANAD_REFUSED, "descriptor: character %zu: %s", place(parser),
                   rule);
}

int desc_refuse_inner(struct desc_parser *parser)
{
    return err_wrap(parser->err, "descriptor: character %zu", place(parser));
}

char desc_peek(const struct desc_parser *parser)
{
    return cursor_left(&parser->cursor) > 0 ? (char)*parser->cursor.at : '\0';
}

bool desc_accept(struct desc_parser *parser, char c)
{
    bool there = c != '\0' && desc_peek(parser) == c;
    if (there)
        (void)cursor_u8(&parser->cursor);
    return there;
}

struct bytes desc_token(struct desc_parser *parser, const char *stops)
{
    size_t size = 0;
    size_t left = cursor_left(&parser->cursor);
    while (size < left && !strchr(stops, parser->cursor.at[size]))
        size++;
    return cursor_take(&parser->cursor, size);
}

static int expect(struct desc_parser *parser, char c)
{
    return desc_accept(parser, c) ? 0 : desc_refuse(parser, "%c is missing", c);
}

/* ---- functions ---- */

struct function {
    const char *name;
    enum desc_kind kind;
    unsigned contexts; /* where it may stand: enum desc_context, added */
    int (*read)(struct desc_parser *parser, struct desc_node *node);
};

static enum desc_key_form key_form(const struct desc_node *node)
{
    if (node->context == DESC_IN_TR || node->kind == DESC_TR)
        return DESC_KEY_XONLY;
    bool segwit = node->context == DESC_IN_WSH || node->kind == DESC_WPKH;
    return segwit ? DESC_KEY_COMPRESSED : DESC_KEY_ANY;
}

static int read_key(struct desc_parser *parser, struct desc_node *node)
{
    node->keys = mem_realloc(node->keys, node->key_count + 1, sizeof *node->keys);
    struct desc_key *key = &node->keys[node->key_count++];
    *key = (struct desc_key){.ends = NULL};
    return desc_key_parse(parser, key, key_form(node));
}

static size_t multi_key_max(const struct desc_node *node)
{
    if (node->context == DESC_IN_TR)
        return MULTI_A_KEY_MAX;
    return node->context == DESC_IN_NOTHING ? MULTI_BARE_KEY_MAX : MULTI_KEY_MAX;
}

/* k, the pushes of the keys, n, OP_CHECKMULTISIG. */
static size_t multi_script_size(const struct desc_node *node)
{
    size_t size = 3;
    for (size_t i = 0; i < node->key_count; i++)
        size += 1 + (node->keys[i].fixed_size > 0 ? node->keys[i].fixed_size : 33);
    return size;
}

static int read_multi(struct desc_parser *parser, struct desc_node *node)
{
    uint64_t threshold;
    struct bytes digits = desc_token(parser, ",()");
    if (!number_parse(&threshold, (const char *)digits.data, digits.size, MULTI_A_KEY_MAX) ||
        threshold == 0)
        return desc_refuse(parser, "a threshold is a number from 1 to %d", MULTI_A_KEY_MAX);
    node->threshold = (unsigned)threshold;
    while (desc_accept(parser, ',')) {
        if (node->key_count == multi_key_max(node))
            return desc_refuse(parser, "over %zu keys", multi_key_max(node));
        int code = read_key(parser, node);
        if (code != 0)
            return code;
    }
    if (node->threshold > node->key_count)
        return desc_refuse(parser, "a threshold of %u with %zu keys", node->threshold,
                           node->key_count);
    if (node->context == DESC_IN_SH && multi_script_size(node) > REDEEM_SCRIPT_MAX)
        return desc_refuse(parser, "a redeem script of over %d bytes", REDEEM_SCRIPT_MAX);
    return 0;
}

static int read_sh(struct desc_parser *parser, struct desc_node *node)
{
    return desc_node_parse(parser, &node->left, DESC_IN_SH);
}

static int read_wsh(struct desc_parser *parser, struct desc_node *node)
{
    return desc_node_parse(parser, &node->left, DESC_IN_WSH);
}

/* BIP386: a leaf, or a pair of trees in braces. */
static int read_tree(struct desc_parser *parser, struct desc_node **ret_node, unsigned depth)
{
    if (!desc_accept(parser, '{'))
        return desc_node_parse(parser, ret_node, DESC_IN_TR);
    if (depth == DESCRIPTOR_TREE_MAX)
        return desc_refuse(parser, "a tree deeper than %d", DESCRIPTOR_TREE_MAX);
    struct desc_node *pair = mem_zalloc(1, sizeof *pair);
    *ret_node = pair;
    pair->kind = DESC_PAIR;
    pair->context = DESC_IN_TR;
    int code = read_tree(parser, &pair->left, depth + 1);
    if (code == 0)
        code = expect(parser, ',');
    if (code == 0)
        code = read_tree(parser, &pair->right, depth + 1);
    return code == 0 ? expect(parser, '}') : code;
}

static int read_tr(struct desc_parser *parser, struct desc_node *node)
{
    int code = read_key(parser, node);
    if (code == 0 && desc_accept(parser, ','))
        code = read_tree(parser, &node->left, 0);
    return code;
}

static int read_raw(struct desc_parser *parser, struct desc_node *node)
{
    struct bytes digits = desc_token(parser, "()");
    if (digits.size == 0 || digits.size % 2 != 0)
        return desc_refuse(parser, "raw() takes pairs of hexadecimal digits");
    if (digits.size / 2 > SCRIPT_SIZE_MAX)
        return desc_refuse(parser, "raw() takes at most %d bytes", SCRIPT_SIZE_MAX);
    node->script = buf_with_max(SCRIPT_SIZE_MAX);
    uint8_t *room = buf_extend(&node->script, digits.size / 2);
    if (!hex_decode(room, digits.size / 2, (const char *)digits.data, digits.size))
        return desc_refuse(parser, "raw() takes pairs of hexadecimal digits");
    return 0;
}

static int read_addr(struct desc_parser *parser, struct desc_node *node)
{
    char text[ADDRESS_TEXT_SIZE];
    struct bytes token = desc_token(parser, "()");
    if (token.size >= sizeof text)
        return desc_refuse(parser, "an address of over %zu characters", sizeof text - 1);
    memcpy(text, token.data, token.size);
    text[token.size] = 0;
    node->script = buf_with_max(ADDRESS_TEXT_SIZE);
    int code = address_to_script(&node->script, parser->params, text, parser->err);
    return code == 0 ? 0 : desc_refuse_inner(parser);
}

enum { IN_ALL = DESC_IN_NOTHING | DESC_IN_SH | DESC_IN_WSH };
static const struct function functions[] = {
    {"pk", DESC_PK, IN_ALL | DESC_IN_TR, read_key},
    {"pkh", DESC_PKH, IN_ALL | DESC_IN_TR, read_key},
    {"wpkh", DESC_WPKH, DESC_IN_NOTHING | DESC_IN_SH, read_key},
    {"combo", DESC_COMBO, DESC_IN_NOTHING, read_key},
    {"multi", DESC_MULTI, IN_ALL, read_multi},
    {"sortedmulti", DESC_SORTEDMULTI, IN_ALL, read_multi},
    {"multi_a", DESC_MULTI_A, DESC_IN_TR, read_multi},
    {"sortedmulti_a", DESC_SORTEDMULTI_A, DESC_IN_TR, read_multi},
    {"sh", DESC_SH, DESC_IN_NOTHING, read_sh},
    {"wsh", DESC_WSH, DESC_IN_NOTHING | DESC_IN_SH, read_wsh},
    {"tr", DESC_TR, DESC_IN_NOTHING, read_tr},
    {"raw", DESC_RAW, DESC_IN_NOTHING, read_raw},
    {"addr", DESC_ADDR, DESC_IN_NOTHING, read_addr},
};

static const struct function *function_find(struct bytes name)
{
    for (size_t i = 0; i < countof(functions); i++)
        if (bytes_equal(name, bytes_of_text(functions[i].name)))
            return &functions[i];
    return NULL;
}

static const char *context_words(enum desc_context context)
{
    switch (context) {
    case DESC_IN_SH:
        return "inside sh()";
    case DESC_IN_WSH:
        return "inside wsh()";
    case DESC_IN_TR:
        return "inside tr()";
    case DESC_IN_NOTHING:
        break;
    }
    return "outside tr()"; /* all but multi_a and its sibling may stand alone */
}

/* A name is shown only where it can be one: a key is never echoed. */
static int refuse_name(struct desc_parser *parser, struct bytes name)
{
    if (desc_peek(parser) != '(' || name.size == 0)
        return desc_refuse(parser, "a function must stand here");
    if (name.size > NAME_MAX)
        return desc_refuse(parser, "an unknown function");
    return desc_refuse(parser, "an unknown function, %.*s()", (int)name.size,
                       (const char *)name.data);
}

int desc_node_parse(struct desc_parser *parser, struct desc_node **ret_node,
                    enum desc_context context)
{
    struct bytes name = desc_token(parser, "(){},[]/#");
    const struct function *function = function_find(name);
    if (!function)
        return refuse_name(parser, name);
    if (!(function->contexts & context))
        return desc_refuse(parser, "%s() may not stand %s", function->name, context_words(context));
    struct desc_node *node = mem_zalloc(1, sizeof *node);
    *ret_node = node;
    node->kind = function->kind;
    node->context = context;
    int code = expect(parser, '(');
    if (code == 0)
        code = function->read(parser, node);
    return code == 0 ? expect(parser, ')') : code;
}

void desc_node_free(struct desc_node *node)
{
    if (!node)
        return;
    desc_node_free(node->left);
    desc_node_free(node->right);
    for (size_t i = 0; i < node->key_count; i++)
        desc_key_free(&node->keys[i]);
    free(node->keys);
    buf_free(&node->script);
    free(node);
}
