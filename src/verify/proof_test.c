/* Proves: inclusion and consistency are decided as every published case says, and as the program
 * decides, in its words, also on spoilt proofs; hashes that are none are refused before. */
#include "tlog/tlog.h"
#include "verify_test.h"

/* A case of the vector files. */
struct proof_case {
    uint64_t index, size1, size2;
    struct hash256 leaf, root1, root2;
    struct tlog_proof proof;
    bool has_hashes; /* all of 32 bytes */
    bool refused;    /* wanted */
};

static bool hash_read(struct hash256 *ret_hash, const json_t *json)
{
    struct buf data = buf_with_max(1024);
    const char *text = json_string_value(json);
    bool good = text && base64_decode(&data, text, strlen(text)) && data.size == 32;
    if (good)
        memcpy(ret_hash->b, data.data, 32);
    buf_free(&data);
    return good;
}

static bool proof_read(struct tlog_proof *ret_proof, const json_t *json)
{
    ret_proof->count = 0;
    if (json_array_size(json) > TLOG_PROOF_MAX)
        return false;
    while (ret_proof->count < json_array_size(json)) {
        if (!hash_read(&ret_proof->hashes[ret_proof->count],
                       json_array_get(json, ret_proof->count)))
            return false;
        ret_proof->count++;
    }
    return true;
}

/* Where numbers stand there as reals, those over 2^63 are 2^64-1. */
static uint64_t number_of(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    if (json_is_real(value))
        return json_real_value(value) < 1e18 ? (uint64_t)json_real_value(value) : UINT64_MAX;
    return (uint64_t)json_integer_value(value);
}

/* One case compares two equal roots that are no hashes: filled up with zeros. */
static bool root_read(struct hash256 *ret_root, const json_t *json)
{
    struct buf data = buf_with_max(1024);
    const char *text = json_string_value(json);
    bool good = text && base64_decode(&data, text, strlen(text)) && data.size <= 32;
    if (good && data.size)
        memcpy(ret_root->b, data.data, data.size);
    buf_free(&data);
    return good;
}

static struct sanad_proof proof_of(const struct tlog_proof *proof)
{
    return (struct sanad_proof){.hashes = (const uint8_t(*)[32])(const void *)proof->hashes,
                                .count = proof->count};
}

static struct sanad_tree tree_of(uint64_t size, const struct hash256 *root)
{
    struct sanad_tree tree = {.size = size};
    memcpy(tree.root, root->b, 32);
    return tree;
}

static enum sanad_verdict inclusion_both(const struct proof_case *c, uint64_t size)
{
    struct err err = {0};
    struct sanad_result result;
    const struct sanad_tree tree = tree_of(size, &c->root2);
    const struct sanad_proof proof = proof_of(&c->proof);
    enum sanad_verdict verdict =
        sanad_verify_inclusion(&result, c->leaf.b, c->index, &tree, &proof);
    assert_int_equal(verdict, result.verdict);
    same("inclusion", &result,
         tlog_inclusion_check(&c->leaf, c->index, size, &c->proof, &c->root2, &err), &err);
    return verdict;
}

static enum sanad_verdict consistency_both(const struct proof_case *c)
{
    struct err err = {0};
    struct sanad_result result;
    const struct sanad_tree before = tree_of(c->size1, &c->root1);
    const struct sanad_tree after = tree_of(c->size2, &c->root2);
    const struct tlog_tree theirs[] = {{.size = c->size1, .root = c->root1},
                                       {.size = c->size2, .root = c->root2}};
    const struct sanad_proof proof = proof_of(&c->proof);
    enum sanad_verdict verdict = sanad_verify_consistency(&result, &before, &after, &proof);
    assert_int_equal(verdict, result.verdict);
    same("consistency", &result, tlog_consistency_check(&theirs[0], &theirs[1], &c->proof, &err),
         &err);
    return verdict;
}

/* Flips bits, drops, doubles and moves; both must still agree. */
static void spoil(struct proof_case *c, uint64_t *random)
{
    uint64_t *numbers[] = {&c->index, &c->size1, &c->size2};
    struct hash256 *hashes[] = {&c->leaf, &c->root1, &c->root2, &c->proof.hashes[0]};
    switch (random_below(random, 5)) {
    case 0:
        *numbers[random_below(random, 3)] ^= UINT64_C(1) << random_below(random, 12);
        break;
    case 1:
        hashes[random_below(random, 4)]->b[random_below(random, 32)] ^= 1;
        break;
    case 2:
        c->proof.count -= c->proof.count > 0;
        break;
    case 3:
        c->proof.count += c->proof.count < TLOG_PROOF_MAX;
        break;
    default:
        *numbers[random_below(random, 3)] = random_next(random) >> random_below(random, 64);
    }
    for (size_t i = 0; i < 3; i++)
        *numbers[i] &= INT64_MAX;
}

static size_t inclusion_file(const char *name, size_t *ret_held)
{
    struct buf data = test_data(name);
    const char *at = buf_cstr(&data);
    uint64_t random = 11;
    size_t seen = 0;
    for (json_t *json; (json = line_next(&at)); seen++) {
        struct proof_case c = {.index = number_of(json, "leafIdx")};
        bool good = hash_read(&c.leaf, json_object_get(json, "leafHash")) &&
                    hash_read(&c.root2, json_object_get(json, "root")) &&
                    proof_read(&c.proof, json_object_get(json, "proof"));
        bool wanted = !json_is_true(json_object_get(json, "wantErr"));
        uint64_t size = number_of(json, "treeSize");
        bool holds = good && inclusion_both(&c, size) == SANAD_VERDICT_HOLDS;
        assert_int_equal(holds, wanted);
        *ret_held += holds;
        for (size_t i = 0; i < 50 && good; i++) {
            struct proof_case other = c;
            other.size2 = size;
            spoil(&other, &random);
            (void)inclusion_both(&other, other.size2);
        }
        json_decref(json);
    }
    buf_free(&data);
    return seen;
}

static size_t consistency_file(const char *name, size_t *ret_held)
{
    struct buf data = test_data(name);
    const char *at = buf_cstr(&data);
    uint64_t random = 13;
    size_t seen = 0;
    for (json_t *json; (json = line_next(&at)); seen++) {
        struct proof_case c = {.size1 = number_of(json, "size1"),
                               .size2 = number_of(json, "size2")};
        bool good = root_read(&c.root1, json_object_get(json, "root1")) &&
                    root_read(&c.root2, json_object_get(json, "root2")) &&
                    proof_read(&c.proof, json_object_get(json, "proof"));
        bool wanted = !json_is_true(json_object_get(json, "wantErr"));
        bool holds = good && consistency_both(&c) == SANAD_VERDICT_HOLDS;
        if (c.size1 == 0 && c.proof.count == 0 && good)
            assert_true(holds); /* the vectors refuse it as useless: a witness may not */
        else
            assert_int_equal(holds, wanted);
        *ret_held += holds;
        for (size_t i = 0; i < 50 && good; i++) {
            struct proof_case other = c;
            spoil(&other, &random);
            (void)consistency_both(&other);
        }
        json_decref(json);
    }
    buf_free(&data);
    return seen;
}

static void published_inclusion_proofs(void **state)
{
    (void)state;
    size_t held = 0;
    assert_int_equal(inclusion_file("tlog/merkle-proofs/inclusion.jsonl", &held), 98);
    assert_int_equal(held, 6);
    held = 0;
    assert_int_equal(inclusion_file("tlog/xmod-generated/inclusion.jsonl", &held), 107);
    assert_true(held > 90);
}

static void published_consistency_proofs(void **state)
{
    (void)state;
    size_t held = 0;
    assert_int_equal(consistency_file("tlog/merkle-proofs/consistency.jsonl", &held), 98);
    assert_true(held >= 6);
    held = 0;
    assert_int_equal(consistency_file("tlog/xmod-generated/consistency.jsonl", &held), 190);
    assert_true(held > 150);
}

/* Every tree up to a size, every index, every smaller tree. */
static void small_trees(void **state)
{
    (void)state;
    enum { SIZE = 20 };
    struct hash256 leaves[SIZE], roots[SIZE + 1];
    struct tlog_frontier frontier = {.size = 0};
    tlog_empty_root(&roots[0]);
    for (size_t i = 0; i < SIZE; i++) {
        const uint8_t entry[] = {(uint8_t)i, 9};
        uint8_t ours[32];
        tlog_leaf_hash(&leaves[i], bytes_of(entry, sizeof entry));
        sanad_leaf_hash(ours, (struct sanad_bytes){entry, sizeof entry});
        assert_memory_equal(ours, leaves[i].b, 32);
        tlog_frontier_add(&frontier, &leaves[i]);
        tlog_frontier_root(&roots[i + 1], &frontier);
    }
    for (uint64_t m = 0; m <= SIZE; m++)
        for (uint64_t n = 0; n <= SIZE; n++) {
            struct proof_case c = {.size1 = m, .size2 = n, .root1 = roots[m], .root2 = roots[n]};
            enum sanad_verdict verdict = consistency_both(&c);
            assert_int_equal(verdict == SANAD_VERDICT_HOLDS, m == n || (m == 0 && n > 0));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_inclusion_proofs),
                                       cmocka_unit_test(published_consistency_proofs),
                                       cmocka_unit_test(small_trees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
