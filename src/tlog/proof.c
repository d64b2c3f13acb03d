/* Inclusion and consistency proofs checked (RFC 9162, sections 2.1.3.2 and 2.1.4.2). */
#include "tlog/tlog_priv.h"

int tlog_inclusion_check(const struct hash256 *leaf, uint64_t index, uint64_t size,
                         const struct tlog_proof *proof, const struct hash256 *root,
                         struct err *err)
{
    sanad_assert(proof->count <= TLOG_PROOF_MAX);
    if (index >= size)
        return err_set(err, SANAD_REFUSED, "inclusion proof: entry %llu of a tree of %llu",
                       (unsigned long long)index, (unsigned long long)size);
    uint64_t fn = index;
    uint64_t sn = size - 1;
    struct hash256 hash = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (sn == 0)
            return err_set(err, SANAD_FALSE, "inclusion proof: too many hashes");
        if ((fn & 1) || fn == sn) {
            tlog_node_hash(&hash, &proof->hashes[i], &hash);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tlog_node_hash(&hash, &hash, &proof->hashes[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0)
        return err_set(err, SANAD_FALSE, "inclusion proof: too few hashes");
    if (!hash256_equal(&hash, root))
        return err_set(err, SANAD_FALSE, "inclusion proof: it leads to another root");
    return 0;
}

int tlog_path_climb(struct hash256 *ret_before, struct hash256 *ret_after, uint64_t before,
                    uint64_t after, const struct tlog_proof *path, struct err *err)
{
    sanad_assert(before > 0 && before < after && path->count <= TLOG_PROOF_MAX);
    if (path->count == 0)
        return err_set(err, SANAD_FALSE, "consistency proof: it is empty");
    uint64_t fn = before - 1;
    uint64_t sn = after - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    struct hash256 fr = path->hashes[0];
    struct hash256 sr = fr;
    for (size_t i = 1; i < path->count; i++) {
        const struct hash256 *hash = &path->hashes[i];
        if (sn == 0)
            return err_set(err, SANAD_FALSE, "consistency proof: too many hashes");
        if ((fn & 1) || fn == sn) {
            tlog_node_hash(&fr, hash, &fr);
            tlog_node_hash(&sr, hash, &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tlog_node_hash(&sr, &sr, hash);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0)
        return err_set(err, SANAD_FALSE, "consistency proof: too few hashes");
    *ret_before = fr;
    *ret_after = sr;
    return 0;
}

static bool is_power_of_two(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static int roots_compare(const struct tlog_tree *before, const struct tlog_tree *after,
                         const struct hash256 *fr, const struct hash256 *sr, struct err *err)
{
    if (!hash256_equal(fr, &before->root))
        return err_set(err, SANAD_FALSE, "consistency proof: the tree of %llu has another root",
                       (unsigned long long)before->size);
    if (!hash256_equal(sr, &after->root))
        return err_set(err, SANAD_FALSE, "consistency proof: the tree of %llu has another root",
                       (unsigned long long)after->size);
    return 0;
}

int tlog_consistency_check(const struct tlog_tree *before, const struct tlog_tree *after,
                           const struct tlog_proof *proof, struct err *err)
{
    struct tlog_proof path = {.count = 0};
    struct hash256 fr;
    struct hash256 sr;
    if (before->size > after->size)
        return err_set(err, SANAD_REFUSED, "consistency proof: from %llu down to %llu",
                       (unsigned long long)before->size, (unsigned long long)after->size);
    if (before->size == 0 || before->size == after->size) {
        if (proof->count != 0)
            return err_set(err, SANAD_FALSE, "consistency proof: it must be empty");
        return before->size == 0 ? 0
                                 : roots_compare(before, after, &after->root, &after->root, err);
    }
    if (is_power_of_two(before->size)) /* then its root is the first hash, and left out */
        path.hashes[path.count++] = before->root;
    if (proof->count > TLOG_PROOF_MAX - path.count)
        return err_set(err, SANAD_FALSE, "consistency proof: too many hashes");
    memcpy(path.hashes + path.count, proof->hashes, proof->count * sizeof *proof->hashes);
    path.count += proof->count;
    int code = tlog_path_climb(&fr, &sr, before->size, after->size, &path, err);
    return code ? code : roots_compare(before, after, &fr, &sr, err);
}
