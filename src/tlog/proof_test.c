/* Proves: every published inclusion and consistency proof is accepted or refused as its file says
 * (transparency-dev/merkle and golang.org/x/mod, through SANAD_DATA), those of subtrees as far as
 * they are proofs of a tree; none that holds survives a changed bit, a hash more or a hash less;
 * and the frontier gives the published roots. */
#include "support.h"
#include "tlog/tlog.h"

/* A base64 member of 32 bytes; false where it has another length. */
static bool hash_member(struct hash256 *ret, const json_t *value)
{
    struct buf raw = buf_with_max(256);
    const char *text = json_string_value(value);
    bool good = text && base64_decode(&raw, text, strlen(text)) && raw.size == 32;
    if (good)
        memcpy(ret->b, raw.data, 32);
    buf_free(&raw);
    return good;
}

static bool proof_member(struct tlog_proof *ret, const json_t *list)
{
    *ret = (struct tlog_proof){.count = json_array_size(list)};
    if (ret->count > TLOG_PROOF_MAX)
        return false;
    for (size_t i = 0; i < ret->count; i++)
        if (!hash_member(&ret->hashes[i], json_array_get(list, i)))
            return false;
    return true;
}

static uint64_t size_member(const json_t *json, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(json, key));
}

/* What a proof is held against. */
struct claim {
    bool of_entry; /* else of growth */
    struct hash256 leaf;
    uint64_t index;
    struct tlog_tree before, after;
};

static bool claim_holds(const struct claim *claim, const struct tlog_proof *proof)
{
    if (claim->of_entry)
        return tlog_inclusion_check(&claim->leaf, claim->index, claim->after.size, proof,
                                    &claim->after.root, NULL) == 0;
    return tlog_consistency_check(&claim->before, &claim->after, proof, NULL) == 0;
}

static size_t spoiled;

static void must_fail(const struct claim *claim, const struct tlog_proof *proof)
{
    assert_false(claim_holds(claim, proof));
    spoiled++;
}

/* A proof that holds, changed in each way that there is. */
static void spoil(const struct claim *good, const struct tlog_proof *proof)
{
    struct tlog_proof changed = *proof;
    struct claim claim = *good;
    for (size_t i = 0; i < proof->count; i++)
        for (unsigned bit = (unsigned)i; bit < 256; bit += 61) {
            changed.hashes[i].b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            must_fail(good, &changed);
            changed = *proof;
        }
    if (proof->count > 0) {
        changed.count--;
        must_fail(good, &changed);
    }
    changed = *proof;
    changed.count++;
    must_fail(good, &changed);
    claim.after.root.b[31] ^= 1;
    must_fail(&claim, proof);
    claim = *good;
    (good->of_entry ? &claim.leaf : &claim.before.root)->b[0] ^= 0x80;
    must_fail(&claim, proof);
}

static bool inclusion_accepted(const json_t *json)
{
    struct claim claim = {.of_entry = true,
                          .index = size_member(json, "leafIdx"),
                          .after = {.size = size_member(json, "treeSize")}};
    struct tlog_proof proof;
    bool accepted = hash_member(&claim.leaf, json_object_get(json, "leafHash")) &&
                    hash_member(&claim.after.root, json_object_get(json, "root")) &&
                    proof_member(&proof, json_object_get(json, "proof")) &&
                    claim_holds(&claim, &proof);
    if (accepted)
        spoil(&claim, &proof);
    return accepted;
}

/* One vector compares two equal roots that are no hashes ("don't care 2"): filled up with zeros. */
static bool root_member(struct hash256 *ret, const json_t *value)
{
    struct buf raw = buf_with_max(256);
    const char *text = json_string_value(value);
    bool good = text && base64_decode(&raw, text, strlen(text)) && raw.size <= 32;
    *ret = (struct hash256){.b = {0}};
    if (good)
        memcpy(ret->b, raw.data, raw.size);
    buf_free(&raw);
    return good;
}

static bool consistency_accepted(const json_t *json)
{
    struct claim claim = {.before = {.size = size_member(json, "size1")},
                          .after = {.size = size_member(json, "size2")}};
    struct tlog_proof proof;
    /* The vectors refuse the empty tree as useless; a witness must accept it, so that rule is
     * its own (data/tlog/README.md). */
    bool accepted =
        claim.before.size > 0 && root_member(&claim.before.root, json_object_get(json, "root1")) &&
        root_member(&claim.after.root, json_object_get(json, "root2")) &&
        proof_member(&proof, json_object_get(json, "proof")) && claim_holds(&claim, &proof);
    if (accepted)
        spoil(&claim, &proof);
    return accepted;
}

/* A subtree is a tree: its entries are counted from its start, which its size must divide. */
static bool subtree_inclusion_accepted(const json_t *json)
{
    uint64_t start = size_member(json, "start"), end = size_member(json, "end"), span = 1;
    struct hash256 leaf;
    struct hash256 root;
    struct tlog_proof proof;
    if (start >= end || size_member(json, "leafIdx") < start)
        return false;
    while (span < end - start)
        span *= 2;
    return start % span == 0 && hash_member(&leaf, json_object_get(json, "leafHash")) &&
           hash_member(&root, json_object_get(json, "root")) &&
           proof_member(&proof, json_object_get(json, "proof")) &&
           tlog_inclusion_check(&leaf, size_member(json, "leafIdx") - start, end - start, &proof,
                                &root, NULL) == 0;
}

/* From the subtree [0, end) to the tree: what a consistency proof is. Later starts are for
 * sign-subtree, which is not there. */
static size_t subtrees_from_zero;

static bool subtree_consistency_accepted(const json_t *json)
{
    struct tlog_tree before = {.size = size_member(json, "end")};
    struct tlog_tree after = {.size = size_member(json, "size")};
    struct tlog_proof proof;
    if (size_member(json, "start") != 0) /* not ours to judge */
        return json_is_false(json_object_get(json, "wantErr"));
    subtrees_from_zero++;
    struct hash256 empty;
    tlog_empty_root(&empty);
    return root_member(&before.root, json_object_get(json, "root1")) &&
           root_member(&after.root, json_object_get(json, "root2")) &&
           (before.size > 0 || hash256_equal(&before.root, &empty)) &&
           proof_member(&proof, json_object_get(json, "proof")) &&
           tlog_consistency_check(&before, &after, &proof, NULL) == 0;
}

static void vectors_run(const char *name, bool (*accepted)(const json_t *json), size_t expected)
{
    struct buf data = test_data(name);
    size_t seen = 0;
    for (const char *line = buf_cstr(&data); *line;) {
        size_t size = strcspn(line, "\n");
        json_t *json = json_loadb(line, size, 0, NULL);
        /* Some indexes are over 2^63, which no checkpoint can have: refused before any proof. */
        bool fits = json != NULL;
        if (!fits)
            json = json_loadb(line, size, JSON_DECODE_INT_AS_REAL, NULL);
        assert_non_null(json);
        bool wanted = json_is_false(json_object_get(json, "wantErr"));
        if ((fits && accepted(json)) != wanted)
            fail_msg("%s: line %zu: %s", name, seen + 1,
                     wanted ? "refused, but it holds" : "accepted, but it does not hold");
        seen++;
        json_decref(json);
        line += size + (line[size] == '\n');
    }
    assert_int_equal(seen, expected);
    buf_free(&data);
}

static void published_proofs_hold_as_they_say(void **state)
{
    (void)state;
    vectors_run("tlog/merkle-proofs/inclusion.jsonl", inclusion_accepted, 98);
    vectors_run("tlog/merkle-proofs/consistency.jsonl", consistency_accepted, 98);
    vectors_run("tlog/xmod-generated/inclusion.jsonl", inclusion_accepted, 107);
    vectors_run("tlog/xmod-generated/consistency.jsonl", consistency_accepted, 190);
    print_message("%zu spoiled proofs refused\n", spoiled);
    assert_true(spoiled > 5000);
}

static void subtrees_hold_as_they_say(void **state)
{
    (void)state;
    vectors_run("tlog/merkle-proofs/subtreeinclusion.jsonl", subtree_inclusion_accepted, 204);
    subtrees_from_zero = 0;
    vectors_run("tlog/merkle-proofs/subtreeconsistency.jsonl", subtree_consistency_accepted, 118);
    assert_int_equal(subtrees_from_zero, 102);
}

static void leaf_number(struct hash256 *ret, uint64_t i)
{
    char text[40];
    int size = snprintf(text, sizeof text, "sanad leaf %llu", (unsigned long long)i);
    tlog_leaf_hash(ret, bytes_of(text, (size_t)size));
}

static void the_frontier_gives_published_roots(void **state)
{
    (void)state;
    struct buf data = test_data("tlog/xmod-generated/roots.jsonl");
    struct tlog_frontier frontier = {.size = 0};
    size_t seen = 0;
    for (const char *line = buf_cstr(&data); *line;) {
        size_t size = strcspn(line, "\n");
        json_t *json = json_loadb(line, size, 0, NULL);
        char text[HEX256_SIZE];
        struct hash256 root;
        for (uint64_t wanted = size_member(json, "size"); frontier.size < wanted;) {
            struct hash256 leaf;
            leaf_number(&leaf, frontier.size);
            tlog_frontier_add(&frontier, &leaf);
        }
        tlog_frontier_root(&root, &frontier);
        hash256_straight(text, &root);
        assert_string_equal(text, json_string_value(json_object_get(json, "root")));
        seen++;
        json_decref(json);
        line += size + (line[size] == '\n');
    }
    assert_int_equal(seen, 94);
    buf_free(&data);
}

static void sizes_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct hash256 root;
    struct tlog_proof empty = {.count = 0};
    struct tlog_proof one = {.count = 1};
    tlog_empty_root(&root);
    struct tlog_tree none = {.size = 0, .root = root};
    struct tlog_tree five = {.size = 5, .root = root};
    test_refused(tlog_inclusion_check(&root, 5, 5, &empty, &root, &err), SANAD_REFUSED, &err,
                 "entry 5 of a tree of 5");
    test_refused(tlog_inclusion_check(&root, 0, 0, &empty, &root, &err), SANAD_REFUSED, &err,
                 "entry 0 of a tree of 0");
    test_refused(tlog_consistency_check(&five, &none, &empty, &err), SANAD_REFUSED, &err,
                 "from 5 down to 0");
    test_refused(tlog_consistency_check(&none, &five, &one, &err), SANAD_FALSE, &err, "empty");
    test_ok(tlog_consistency_check(&none, &five, &empty, &err), &err);
    test_refused(tlog_consistency_check(&five, &five, &one, &err), SANAD_FALSE, &err, "empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_proofs_hold_as_they_say),
        cmocka_unit_test(subtrees_hold_as_they_say),
        cmocka_unit_test(the_frontier_gives_published_roots),
        cmocka_unit_test(sizes_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
