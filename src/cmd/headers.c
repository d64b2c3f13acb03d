/* The headers that a verb holds timestamps against: of a source, of a file of headers, or the
 * hashes of a store with a header that proves itself by its hash. */
#include "cmd/cmd.h"
#include "source/source.h"

#include <stdlib.h>

enum { HEADERS_FILE_MAX = 1 << 30 };

struct cmd_headers {
    const struct chain_params *params;
    struct source *source;          /* or NULL */
    struct header_tree *file;       /* or NULL */
    const struct header_tree *tree; /* the source's or the file's */
    uint32_t tip;                   /* node with the most work */
    struct cmd_context context;     /* its store, where has_store */
    bool has_store;
    char missing[ERR_TEXT_SIZE]; /* why there are none, though they were asked for */
};

void cmd_headers_close(struct cmd_headers *headers)
{
    if (!headers)
        return;
    source_close(headers->source);
    header_tree_free(headers->file);
    if (headers->has_store)
        cmd_context_close(&headers->context);
    free(headers);
}

const struct chain_params *cmd_headers_chain(const struct cmd_headers *headers)
{
    return headers->params;
}

/* ---- opening ------------------------------------------------------------------------------------
 */

static void tip_take(struct cmd_headers *headers, uint32_t node)
{
    const struct header_node *found = header_tree_node(headers->file, node);
    const struct header_node *tip =
        headers->tip == NODE_NONE ? NULL : header_tree_node(headers->file, headers->tip);
    int order = tip ? u256_compare(&found->work, &tip->work) : 1;
    if (order > 0 || (order == 0 && hash256_compare(&found->hash, &tip->hash) < 0))
        headers->tip = node; /* of equal work the lower hash, as sources have it */
}

/* Headers one behind the other, 80 bytes each, from genesis or from --anchor on. */
static int file_take(struct cmd_headers *headers, const char *path,
                     const struct chain_anchor *anchor, struct err *err)
{
    struct buf raw = {0};
    int code = file_read(&raw, path, HEADERS_FILE_MAX, err);
    if (code == 0 && (raw.size == 0 || raw.size % HEADER_SIZE != 0))
        code = err_set(err, SANAD_REFUSED, "%s: not headers of %d bytes each", path, HEADER_SIZE);
    headers->file = header_tree_new(headers->params, anchor);
    headers->tree = headers->file;
    for (size_t at = 0; code == 0 && at < raw.size; at += HEADER_SIZE) {
        uint32_t node = NODE_NONE;
        code = header_tree_add(headers->file, &node, raw.data + at, NULL, err);
        if (code == 0)
            tip_take(headers, node);
        else if (code == SANAD_MISSING)
            code = err_set(err, SANAD_REFUSED, "%s: byte %zu: not the header behind one before it",
                           path, at);
        else
            code = err_wrap(err, "%s", path);
    }
    buf_free(&raw);
    return code;
}

static int chain_take(const struct chain_params **ret_params, const struct cmd_args *args,
                      const char *chain, struct err *err)
{
    if (!chain || cmd_value(args, "--chain"))
        return cmd_chain(ret_params, args, err);
    *ret_params = chain_params_find(chain);
    return *ret_params ? 0 : err_set(err, SANAD_REFUSED, "%s: an unknown chain", chain);
}

static int headers_fill(struct cmd_headers *headers, const struct cmd_args *args, struct err *err)
{
    struct cmd_source source;
    bool given = cmd_value(args, "--source") != NULL;
    const char *file = cmd_takes(args, "--headers") ? cmd_value(args, "--headers") : NULL;
    int code = cmd_source_read(&source, headers->params, args, err);
    headers->tip = NODE_NONE;
    if (code == 0 && given) {
        code = source_open(&headers->source, source.spec, &source.options, err);
        headers->tree = code == 0 ? source_headers(headers->source) : NULL;
        headers->tip = code == 0 ? source_tip(headers->source) : NODE_NONE;
    } else if (code == 0 && file) {
        code = file_take(headers, file, source.options.anchor, err);
    } else if (code == 0 && cmd_value(args, "--store")) {
        code = cmd_context_open(&headers->context, args, err);
        headers->has_store = code == 0;
        headers->params = code == 0 ? headers->context.params : headers->params;
    }
    return code;
}

int cmd_headers_open(struct cmd_headers **ret_headers, const struct cmd_args *args,
                     const char *chain, struct err *err)
{
    const struct chain_params *params;
    struct err why = {0};
    int code = chain_take(&params, args, chain, err);
    if (code)
        return code;
    struct cmd_headers *headers = mem_zalloc(1, sizeof *headers);
    headers->params = params;
    code = headers_fill(headers, args, &why);
    if (code == SANAD_MISSING) {
        (void)snprintf(headers->missing, sizeof headers->missing, "%s", why.text);
        code = 0;
    }
    if (code && err)
        *err = why;
    if (code)
        cmd_headers_close(headers);
    else
        *ret_headers = headers;
    return code;
}

/* ---- asking
 * --------------------------------------------------------------------------------------- */

static void header_of_node(struct cmd_header *ret_header, const struct header_node *node,
                           uint32_t tip_height)
{
    *ret_header = (struct cmd_header){.hash = node->hash,
                                      .merkle_root = node->merkle_root,
                                      .height = node->height,
                                      .time = node->time,
                                      .above = tip_height - node->height};
}

static int tree_at(struct cmd_header *ret_header, const struct cmd_headers *headers,
                   uint32_t height, struct err *err)
{
    uint32_t node = headers->tip == NODE_NONE
                        ? NODE_NONE
                        : header_tree_ancestor(headers->tree, headers->tip, height);
    if (node == NODE_NONE)
        return err_set(err, SANAD_MISSING, "the chain at hand has no block %u", height);
    uint32_t tip_height = header_tree_node(headers->tree, headers->tip)->height;
    header_of_node(ret_header, header_tree_node(headers->tree, node), tip_height);
    return 0;
}

bool cmd_header_read(struct cmd_header *ret_header, struct bytes raw)
{
    struct header header;
    if (raw.size != HEADER_SIZE)
        return false;
    *ret_header = (struct cmd_header){.height = 0};
    header_parse(&header, raw.data);
    header_hash(&ret_header->hash, raw.data);
    ret_header->merkle_root = header.merkle_root;
    ret_header->time = header.time;
    return true;
}

/* A store has hashes: the header beside the proof is believed where its hash is the block's. */
static int store_at(struct cmd_header *ret_header, struct cmd_headers *headers, uint32_t height,
                    struct bytes beside, struct err *err)
{
    struct fact_block block;
    struct cmd_header header;
    int code = facts_block_at(&block, headers->context.facts, height, err);
    if (code == SANAD_MISSING)
        return err_set(err, SANAD_MISSING, "the store has no block %u", height);
    if (code)
        return code;
    if (!cmd_header_read(&header, beside))
        return err_set(err, SANAD_MISSING,
                       "the store knows block %u by its hash alone, and no header lies beside",
                       height);
    if (!hash256_equal(&header.hash, &block.hash))
        return err_set(err, SANAD_MISSING,
                       "the header that lies beside is not of the store's block %u", height);
    header.height = height;
    header.above = headers->context.state.tip_height - height;
    *ret_header = header;
    return 0;
}

int cmd_headers_at(struct cmd_header *ret_header, struct cmd_headers *headers, uint32_t height,
                   struct bytes beside, struct err *err)
{
    struct cmd_header header;
    char hash[HEX256_SIZE];
    if (headers->missing[0])
        return err_set(err, SANAD_MISSING, "%s", headers->missing);
    if (headers->tree)
        return tree_at(ret_header, headers, height, err);
    if (headers->has_store)
        return store_at(ret_header, headers, height, beside, err);
    if (!cmd_header_read(&header, beside))
        return err_set(err, SANAD_MISSING,
                       "no header of block %u: give --source, --headers or --store", height);
    hash256_display(hash, &header.hash);
    return err_set(err, SANAD_MISSING,
                   "it holds if block %u is %s: give --source, --headers or --store", height, hash);
}
