/* Fuzzes the header tree: headers of 80 bytes one behind the other, on an invented network
 * with short periods where nearly every hash is work enough. The first byte chooses the
 * rules. A link byte before each header can put a known hash into it, so that trees grow;
 * every node that gets in is compared with a plain recomputation. */
#include "chain/chain.h"

enum { HEADERS_MAX = 256, RECORD_SIZE = 1 + HEADER_SIZE };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct chain_params easy_params(uint8_t rules)
{
    struct chain_params params = *chain_params_get(CHAIN_REGTEST);
    params.target_timespan = 8 * params.target_spacing;
    params.no_retarget = rules & 1;
    params.allow_min_difficulty = rules & 2;
    params.enforce_bip94 = rules & 4;
    return params;
}

/* The tree believes the hash it is given: one that always has work and depends on all. */
static void easy_hash(struct hash256 *ret_hash, const uint8_t raw[HEADER_SIZE])
{
    header_hash(ret_hash, raw);
    memset(ret_hash->b + 16, 0, 16);
}

static void check_node(const struct header_tree *tree, uint32_t index)
{
    const struct header_node *node = header_tree_node(tree, index);
    struct u256 work = work_of_bits(node->bits);
    uint32_t older = 0;
    uint32_t count = 0;
    for (uint32_t at = index; at != NODE_NONE && count < MEDIAN_TIME_SPAN;
         at = header_tree_node(tree, at)->prev, count++)
        older += header_tree_node(tree, at)->time <= node->median_time;
    sanad_assert(older > count / 2);
    if (node->prev != NODE_NONE) {
        const struct header_node *prev = header_tree_node(tree, node->prev);
        u256_add(&work, &prev->work);
        sanad_assert(node->height == prev->height + 1);
        sanad_assert(header_tree_ancestor(tree, index, prev->height) == node->prev);
        sanad_assert(header_tree_ancestor(tree, index, node->height / 2) ==
                     header_tree_ancestor(tree, node->prev, node->height / 2));
    }
    sanad_assert(u256_compare(&work, &node->work) == 0);
    sanad_assert(header_tree_find(tree, &node->hash) == index);
}

static void add_one(struct header_tree *tree, const uint8_t *record)
{
    uint8_t raw[HEADER_SIZE];
    uint8_t back[HEADER_SIZE];
    struct hash256 hash;
    struct err err = {0};
    uint32_t count = header_tree_count(tree);
    uint32_t index;
    memcpy(raw, record + 1, HEADER_SIZE);
    if (record[0] != 0xff && count > 0) {
        uint32_t prev = count - 1 - record[0] % count;
        uint32_t bits = header_tree_next_bits(tree, prev, load_le32(raw + 68));
        memcpy(raw + 4, header_tree_node(tree, prev)->hash.b, 32);
        if (raw[72] & 1) /* often the right bits */
            memcpy(raw + 72, &bits, 4);
    }
    easy_hash(&hash, raw);
    int code = header_tree_add(tree, &index, raw, &hash, &err);
    if (code != 0) {
        sanad_assert(code == SANAD_REFUSED || code == SANAD_MISSING);
        sanad_assert(err.text[0] && header_tree_count(tree) == count);
        return;
    }
    check_node(tree, index);
    header_tree_raw(tree, index, back);
    sanad_assert(memcmp(raw, back, HEADER_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 + RECORD_SIZE)
        return 0;
    struct chain_params params = easy_params(data[0]);
    struct chain_anchor anchor = {.height = data[0] >> 4};
    const uint8_t *records = data + 1;
    bool anchored = data[0] & 8;
    easy_hash(&anchor.hash, records + 1);
    struct header_tree *tree = header_tree_new(&params, anchored ? &anchor : NULL);
    for (size_t i = 0; i < HEADERS_MAX && (i + 1) * RECORD_SIZE <= size - 1; i++)
        add_one(tree, records + i * RECORD_SIZE);
    header_tree_free(tree);
    return 0;
}
