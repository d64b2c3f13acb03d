/* Builds a .ots file the way calendars do: several digests joined, the transaction that carries the
 * root, its txid, the block's merkle branch, an attestation at the block's height. */
#include "ots/ots_priv.h"

#include <stdlib.h>

/* ---- several digests ------------------------------------------------------------------------- */

static int digest_order(const void *a, const void *b)
{
    return hash256_compare(a, b);
}

static size_t digests_unique(struct hash256 *digests, size_t count)
{
    size_t kept = 0;
    qsort(digests, count, sizeof *digests, digest_order);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !hash256_equal(&digests[kept - 1], &digests[i]))
            digests[kept++] = digests[i];
    return kept;
}

static void pair_hash(struct hash256 *ret_hash, const struct hash256 *left,
                      const struct hash256 *right)
{
    struct hash256 pair[2] = {*left, *right};
    sha256_of(ret_hash, bytes_of(pair, sizeof pair));
}

void ots_join(struct hash256 *ret_root, struct ots_path *ret_path, const struct hash256 *digest,
              struct hash256 *digests, size_t count)
{
    struct ots_path path = {.count = 0};
    size_t at = 0;
    count = digests_unique(digests, count);
    while (at < count && !hash256_equal(&digests[at], digest))
        at++;
    sanad_assert(at < count); /* the caller's own is among them */
    for (; count > 1; at /= 2) {
        size_t sibling = at ^ 1;
        if (sibling < count) {
            sanad_assert(path.count < OTS_PATH_MAX);
            path.siblings[path.count].hash = digests[sibling];
            path.siblings[path.count++].left = at % 2 == 1;
        }
        for (size_t i = 0; i + 1 < count; i += 2)
            pair_hash(&digests[i / 2], &digests[i], &digests[i + 1]);
        if (count % 2)
            digests[count / 2] = digests[count - 1];
        count = count / 2 + count % 2;
    }
    *ret_root = digests[0];
    *ret_path = path;
}

static void path_root(struct hash256 *root, const struct ots_path *path)
{
    for (size_t i = 0; path && i < path->count; i++) {
        const struct ots_sibling *sibling = &path->siblings[i];
        struct hash256 ours = *root;
        pair_hash(root, sibling->left ? &sibling->hash : &ours,
                  sibling->left ? &ours : &sibling->hash);
    }
}

/* ---- the transaction --------------------------------------------------------------------------
 */

enum { OP_RETURN = 0x6a, VERSION_SIZE = 4 };

void ots_script(uint8_t ret_script[OTS_SCRIPT_SIZE], const struct hash256 *digest)
{
    ret_script[0] = OP_RETURN;
    ret_script[1] = sizeof digest->b; /* the opcode that pushes so many bytes */
    memcpy(ret_script + 2, digest->b, sizeof digest->b);
}

bool ots_tx_carries(size_t *ret_offset, const struct tx *tx, const struct hash256 *digest)
{
    for (size_t i = 0; i < tx->out_count; i++) {
        struct bytes script = tx->outs[i].script;
        if (script.size == 0 || script.data[0] != OP_RETURN)
            continue;
        const uint8_t *found = memmem(script.data, script.size, digest->b, sizeof digest->b);
        if (!found)
            continue;
        sanad_assert(found >= tx->in_out.data && found < tx->in_out.data + tx->in_out.size);
        *ret_offset = VERSION_SIZE + (size_t)(found - tx->in_out.data);
        return true;
    }
    return false;
}

/* ---- the file
 * ------------------------------------------------------------------------------------
 */

/* A chain of steps, each on the one before. */
struct chain {
    struct ots_step *steps;
    size_t count, max;
};

static struct ots_step *chain_add(struct chain *chain, enum ots_op op, struct bytes argument)
{
    sanad_assert(chain->count < chain->max);
    struct ots_step *step = &chain->steps[chain->count];
    *step = (struct ots_step){.parent = chain->count ? (uint32_t)(chain->count - 1) : OTS_ROOT,
                              .op = op,
                              .argument = argument};
    chain->count++;
    return step;
}

static void chain_join(struct chain *chain, const struct hash256 *sibling, bool left)
{
    chain_add(chain, left ? OTS_PREPEND : OTS_APPEND, bytes_of(sibling->b, sizeof sibling->b));
    chain_add(chain, OTS_SHA256, bytes_of(NULL, 0));
}

/* The transaction around what it carries, then its txid. */
static int tx_add(struct chain *chain, const struct ots_making *making,
                  const struct hash256 *carried, struct buf *stripped, struct err *err)
{
    const struct tx *tx = &making->block->txs[making->tx_index];
    size_t at;
    if (!ots_tx_carries(&at, tx, carried))
        return err_set(err, SANAD_REFUSED, "the transaction carries another digest, or none");
    tx_write_stripped(stripped, tx);
    if (stripped->bad)
        return err_set(err, SANAD_REFUSED,
                       "the transaction: over %d bytes without witness, too long for a timestamp",
                       OTS_MESSAGE_MAX);
    size_t behind = at + sizeof carried->b;
    sanad_assert(behind < stripped->size && memcmp(stripped->data + at, carried->b, 32) == 0);
    chain_add(chain, OTS_PREPEND, bytes_of(stripped->data, at));
    chain_add(chain, OTS_APPEND, bytes_of(stripped->data + behind, stripped->size - behind));
    chain_add(chain, OTS_SHA256, bytes_of(NULL, 0));
    chain_add(chain, OTS_SHA256, bytes_of(NULL, 0));
    return 0;
}

static void branch_take(struct merkle_branch *ret_branch, const struct ots_making *making)
{
    const struct block *block = making->block;
    struct hash256 *txids = mem_alloc(block->tx_count * sizeof *txids);
    block_txids(txids, block);
    merkle_branch(ret_branch, txids, block->tx_count, making->tx_index);
    free(txids);
}

static void made_write(struct buf *buf, const struct ots_making *making, struct chain *chain)
{
    struct buf height = buf_with_max(16);
    struct ots whole = {.hash = OTS_SHA256,
                        .digest = bytes_of(making->digest->b, sizeof making->digest->b),
                        .steps = chain->steps};
    ots_write_varuint(&height, making->height);
    struct ots_step *step = chain_add(chain, OTS_ATTEST, buf_bytes(&height));
    memcpy(step->notary, ots_notary_bitcoin, OTS_NOTARY_SIZE);
    whole.step_count = chain->count;
    ots_write(buf, &whole);
    buf_free(&height);
}

int ots_make(struct buf *buf, const struct ots_making *making, struct err *err)
{
    struct ots_step steps[OTS_DEPTH_MAX + 1];
    struct chain chain = {.steps = steps, .max = countof(steps)};
    struct hash256 carried = *making->digest;
    struct merkle_branch branch;
    struct buf stripped = buf_with_max(OTS_MESSAGE_MAX);
    sanad_assert(making->tx_index < making->block->tx_count);
    sanad_assert(making->height <= OTS_HEIGHT_MAX);
    for (size_t i = 0; making->path && i < making->path->count; i++)
        chain_join(&chain, &making->path->siblings[i].hash, making->path->siblings[i].left);
    path_root(&carried, making->path);
    int code = tx_add(&chain, making, &carried, &stripped, err);
    if (code == 0) {
        branch_take(&branch, making);
        for (size_t i = 0; i < branch.count; i++) {
            chain_join(&chain, &branch.siblings[i], branch.left[i]);
            chain_add(&chain, OTS_SHA256, bytes_of(NULL, 0));
        }
        made_write(buf, making, &chain);
    }
    buf_free(&stripped);
    return code;
}
