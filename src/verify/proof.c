/* Inclusion and consistency proofs (RFC 9162, sections 2.1.1, 2.1.3.2 and 2.1.4.2). */
#include "verify/verify_priv.h"

static const uint8_t leaf_prefix = 0;
static const uint8_t node_prefix = 1;

void sanad_leaf_hash(uint8_t ret_hash[32], struct sanad_bytes entry)
{
    struct verify_sha256 hash;
    verify_sha256_begin(&hash);
    verify_sha256_add(&hash, verify_bytes(&leaf_prefix, 1));
    verify_sha256_add(&hash, entry);
    verify_sha256_end(ret_hash, &hash);
}

static void node_hash(uint8_t ret_hash[32], const uint8_t left[32], const uint8_t right[32])
{
    struct verify_sha256 hash;
    verify_sha256_begin(&hash);
    verify_sha256_add(&hash, verify_bytes(&node_prefix, 1));
    verify_sha256_add(&hash, verify_bytes(left, 32));
    verify_sha256_add(&hash, verify_bytes(right, 32));
    verify_sha256_end(ret_hash, &hash);
}

void verify_empty_root(uint8_t ret_root[32])
{
    sanad_sha256(ret_root, verify_bytes(NULL, 0));
}

static enum sanad_verdict contradicted(struct sanad_result *result, const char *sentence)
{
    return verify_say(result, SANAD_VERDICT_CONTRADICTED, "%s", sentence);
}

/* Where a node and the last one of its level stand: the walk from a leaf to the root. */
struct walk {
    uint64_t fn, sn;
};

static bool stands_right(const struct walk *walk)
{
    return (walk->fn & 1) || walk->fn == walk->sn;
}

static void walk_up(struct walk *walk)
{
    walk->fn >>= 1;
    walk->sn >>= 1;
}

/* A last node without a sibling goes up as it is. */
static void walk_up_alone(struct walk *walk)
{
    while (!(walk->fn & 1) && walk->fn != 0)
        walk_up(walk);
}

enum sanad_verdict sanad_verify_inclusion(struct sanad_result *ret_result, const uint8_t leaf[32],
                                          uint64_t index, const struct sanad_tree *tree,
                                          const struct sanad_proof *proof)
{
    if (index >= tree->size)
        return verify_refuse(ret_result, "inclusion proof: entry %u of a tree of %u", index,
                             tree->size);
    struct walk walk = {.fn = index, .sn = tree->size - 1};
    uint8_t hash[32];
    memcpy(hash, leaf, sizeof hash);
    for (size_t i = 0; i < proof->count; i++) {
        if (walk.sn == 0)
            return contradicted(ret_result, "inclusion proof: too many hashes");
        if (stands_right(&walk)) {
            node_hash(hash, proof->hashes[i], hash);
            walk_up_alone(&walk);
        } else {
            node_hash(hash, hash, proof->hashes[i]);
        }
        walk_up(&walk);
    }
    if (walk.sn != 0)
        return contradicted(ret_result, "inclusion proof: too few hashes");
    if (memcmp(hash, tree->root, sizeof hash) != 0)
        return contradicted(ret_result, "inclusion proof: it leads to another root");
    return verify_say(ret_result, SANAD_VERDICT_HOLDS, "entry %u of %u: these bytes stand there",
                      index, tree->size);
}

enum sanad_verdict verify_climb(struct verify_climb *ret_roots, struct sanad_result *result,
                                uint64_t before, uint64_t after, const struct sanad_proof *path)
{
    sanad_assert(before > 0 && before < after);
    if (path->count == 0)
        return contradicted(result, "consistency proof: it is empty");
    struct walk walk = {.fn = before - 1, .sn = after - 1};
    struct verify_climb roots;
    while (walk.fn & 1)
        walk_up(&walk);
    memcpy(roots.before, path->hashes[0], 32);
    memcpy(roots.after, path->hashes[0], 32);
    for (size_t i = 1; i < path->count; i++) {
        if (walk.sn == 0)
            return contradicted(result, "consistency proof: too many hashes");
        if (stands_right(&walk)) {
            node_hash(roots.before, path->hashes[i], roots.before);
            node_hash(roots.after, path->hashes[i], roots.after);
            walk_up_alone(&walk);
        } else {
            node_hash(roots.after, roots.after, path->hashes[i]);
        }
        walk_up(&walk);
    }
    if (walk.sn != 0)
        return contradicted(result, "consistency proof: too few hashes");
    *ret_roots = roots;
    return SANAD_VERDICT_HOLDS;
}

static enum sanad_verdict roots_compare(struct sanad_result *result,
                                        const struct sanad_tree *before,
                                        const struct sanad_tree *after,
                                        const struct verify_climb *roots)
{
    const struct sanad_tree *differs = NULL;
    if (memcmp(roots->before, before->root, 32) != 0)
        differs = before;
    else if (memcmp(roots->after, after->root, 32) != 0)
        differs = after;
    if (differs)
        return verify_say(result, SANAD_VERDICT_CONTRADICTED,
                          "consistency proof: the tree of %u has another root", differs->size);
    return verify_say(result, SANAD_VERDICT_HOLDS, "the tree of %u continues the one of %u",
                      after->size, before->size);
}

static bool is_power_of_two(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* 0 < before < after. */
static enum sanad_verdict path_check(struct sanad_result *result, const struct sanad_tree *before,
                                     const struct sanad_tree *after,
                                     const struct sanad_proof *proof)
{
    uint8_t hashes[SANAD_PROOF_MAX][32];
    struct sanad_proof path = {.hashes = (const uint8_t(*)[32])hashes};
    struct verify_climb roots;
    if (is_power_of_two(before->size)) /* then its root is the first hash, and left out */
        memcpy(hashes[path.count++], before->root, 32);
    if (proof->count > SANAD_PROOF_MAX - path.count)
        return contradicted(result, "consistency proof: too many hashes");
    if (proof->count)
        memcpy(hashes[path.count], proof->hashes, proof->count * sizeof *proof->hashes);
    path.count += proof->count;
    enum sanad_verdict verdict = verify_climb(&roots, result, before->size, after->size, &path);
    return verdict ? verdict : roots_compare(result, before, after, &roots);
}

enum sanad_verdict sanad_verify_consistency(struct sanad_result *ret_result,
                                            const struct sanad_tree *before,
                                            const struct sanad_tree *after,
                                            const struct sanad_proof *proof)
{
    struct verify_climb roots;
    if (before->size > after->size)
        return verify_refuse(ret_result, "consistency proof: from %u down to %u", before->size,
                             after->size);
    if (before->size != 0 && before->size != after->size)
        return path_check(ret_result, before, after, proof);
    if (proof->count != 0)
        return contradicted(ret_result, "consistency proof: it must be empty");
    memcpy(roots.before, before->size == 0 ? before->root : after->root, 32);
    memcpy(roots.after, after->root, 32);
    return roots_compare(ret_result, before, after, &roots);
}
