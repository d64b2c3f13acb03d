/* The tree of all headers seen: proof of work, exact retarget, median time past, cumulative
 * work, ancestors. Nodes lie in chunks and never move; one open-addressed table finds them
 * by hash. What the next header most often needs (the times of its 11 predecessors, the
 * work of its bits) is kept from the one before, so that a million headers cost little. */
#include "chain/chain_priv.h"

#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum {
    CHUNK_SHIFT = 14,
    CHUNK_NODES = 1 << CHUNK_SHIFT,
    HEADER_COUNT_MAX = 1 << 24, /* 319 years of blocks; stale and hostile ones have room too */
    HEIGHT_MAX = 1 << 30,       /* far from where an index or twice a height would overflow */
    CHUNK_COUNT_MAX = HEADER_COUNT_MAX / CHUNK_NODES,
    SLOTS_AT_FIRST = 1 << 15,
    SLOTS_GROWTH = 4,
    HUGE_PAGE_SIZE = 1 << 21,
    BITS_CACHE_SIZE = 16,
    TIMEWARP_MAX_S = 600 /* BIP94 */
};

_Static_assert(HEADER_COUNT_MAX < NODE_NONE, "no index may look like none");
_Static_assert((SLOTS_AT_FIRST & (SLOTS_AT_FIRST - 1)) == 0, "slots are found by a mask");
_Static_assert(CHUNK_NODES * sizeof(struct header_node) == HUGE_PAGE_SIZE, "a page a chunk");

/* What a node has that is nobody else's business. */
struct node_side {
    uint32_t skip;      /* an ancestor far back: ancestors are found in O(log n) */
    uint32_t real_bits; /* of the last header that did not use the 20-minute rule; 0 unknown */
};

/* `tag` is the first four bytes of the hash: it tells the place and spares most looks at
 * the node itself. `number` is the index plus one; 0 is an empty slot. */
struct index_slot {
    uint32_t tag;
    uint32_t number;
};

struct bits_entry {
    uint32_t bits;
    struct u256 target; /* zero: the bits are refused on this network */
    struct u256 work;
};

/* The times of the last headers up to `tip`, as they came and sorted. */
struct time_window {
    uint32_t tip;
    uint32_t count;
    uint32_t next; /* the place in `recent` to be overwritten: the oldest once full */
    uint32_t recent[MEDIAN_TIME_SPAN];
    uint32_t sorted[MEDIAN_TIME_SPAN];
};

struct header_tree {
    const struct chain_params *params;
    struct u256 limit;
    uint32_t limit_bits;
    uint32_t interval; /* blocks a period */
    struct chain_anchor anchor;
    struct hash256 root_prev; /* the hash that the root names, for header_tree_raw */
    uint32_t count;
    uint32_t slot_count; /* a power of two, at least twice the count */
    struct index_slot *slots;
    struct time_window window;
    struct bits_entry bits_cache[BITS_CACHE_SIZE];
    struct header_node *nodes[CHUNK_COUNT_MAX];
    struct node_side *sides[CHUNK_COUNT_MAX];
};

/* A header on its way into the tree. */
struct candidate {
    struct header header;
    struct hash256 hash;
    uint32_t prev; /* index, or NODE_NONE for the root */
    uint32_t height;
    uint32_t slot; /* of the index, empty: where the hash belongs */
};

static struct header_node *node_at(const struct header_tree *tree, uint32_t index)
{
    return &tree->nodes[index >> CHUNK_SHIFT][index & (CHUNK_NODES - 1)];
}

static struct node_side *side_at(const struct header_tree *tree, uint32_t index)
{
    return &tree->sides[index >> CHUNK_SHIFT][index & (CHUNK_NODES - 1)];
}

static bool from_genesis(const struct header_tree *tree)
{
    return tree->anchor.height == 0;
}

/* A million headers touch 150 MB once: small pages would cost as much as all the checks. */
static void *with_huge_pages(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    uintptr_t begin = ((uintptr_t)memory + HUGE_PAGE_SIZE - 1) & ~(uintptr_t)(HUGE_PAGE_SIZE - 1);
    uintptr_t end = ((uintptr_t)memory + size) & ~(uintptr_t)(HUGE_PAGE_SIZE - 1);
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* only advice */
#else
    (void)size;
#endif
    return memory;
}

static void chunk_add(struct header_tree *tree, uint32_t chunk)
{
    size_t size = CHUNK_NODES * sizeof(struct header_node);
    struct header_node *nodes = aligned_alloc(HUGE_PAGE_SIZE, size);
    if (!nodes)
        nodes = mem_alloc(size); /* says so and ends the program, or finds other room */
    tree->nodes[chunk] = with_huge_pages(nodes, size);
    tree->sides[chunk] = mem_alloc(CHUNK_NODES * sizeof(struct node_side));
}

/* ---- the index by hash ------------------------------------------------------------------ */

static struct index_slot *slots_new(uint32_t count)
{
    return with_huge_pages(mem_zalloc(count, sizeof(struct index_slot)),
                           count * sizeof(struct index_slot));
}

static void index_put(struct header_tree *tree, struct index_slot slot)
{
    uint32_t mask = tree->slot_count - 1;
    uint32_t at = slot.tag & mask;
    sanad_assert(slot.number != 0);
    while (tree->slots[at].number != 0)
        at = (at + 1) & mask;
    tree->slots[at] = slot;
}

static void index_grow(struct header_tree *tree)
{
    struct index_slot *old = tree->slots;
    uint32_t old_count = tree->slot_count;
    tree->slot_count = SLOTS_GROWTH * old_count;
    tree->slots = slots_new(tree->slot_count);
    for (uint32_t i = 0; i < old_count; i++)
        if (old[i].number != 0)
            index_put(tree, old[i]);
    free(old);
}

/* The index of a hash; where there is none, the empty slot where it belongs. */
static uint32_t index_find(const struct header_tree *tree, uint32_t *ret_slot,
                           const struct hash256 *hash)
{
    uint32_t mask = tree->slot_count - 1;
    uint32_t tag = load_le32(hash->b);
    uint32_t at = tag & mask;
    for (; tree->slots[at].number != 0; at = (at + 1) & mask) {
        uint32_t index = tree->slots[at].number - 1;
        if (tree->slots[at].tag == tag && hash256_equal(&node_at(tree, index)->hash, hash))
            return index;
    }
    *ret_slot = at;
    return NODE_NONE;
}

static void index_add(struct header_tree *tree, const struct candidate *candidate, uint32_t index)
{
    uint32_t tag = load_le32(candidate->hash.b);
    struct index_slot *slot = &tree->slots[candidate->slot];
    sanad_assert(slot->number == 0);
    *slot = (struct index_slot){.tag = tag, .number = index + 1};
    if (tree->count > tree->slot_count / 2)
        index_grow(tree);
}

uint32_t header_tree_find(const struct header_tree *tree, const struct hash256 *hash)
{
    uint32_t slot;
    return index_find(tree, &slot, hash);
}

/* Nearly always the header added last. */
static uint32_t find_prev(const struct header_tree *tree, const struct hash256 *prev)
{
    if (tree->count > 0 && hash256_equal(&node_at(tree, tree->count - 1)->hash, prev))
        return tree->count - 1;
    return header_tree_find(tree, prev);
}

/* ---- bits: target and work, worked out once for each value -------------------------------- */

static const struct bits_entry *bits_look_up(struct header_tree *tree, uint32_t bits)
{
    struct bits_entry *entry = &tree->bits_cache[(bits ^ bits >> 24) % BITS_CACHE_SIZE];
    if (entry->bits == bits)
        return entry;
    struct u256 target;
    bool good = target_from_bits(&target, bits) && u256_compare(&target, &tree->limit) <= 0;
    *entry = (struct bits_entry){.bits = bits};
    if (good) {
        entry->target = target;
        entry->work = work_of_bits(bits);
    }
    return entry;
}

/* ---- median time past --------------------------------------------------------------------- */

/* Takes one equal value out and puts the new one in its order. */
static void sorted_replace(uint32_t *sorted, uint32_t count, uint32_t old, uint32_t new)
{
    uint32_t at = 0;
    while (at < count - 1 && sorted[at] != old)
        at++;
    for (; at + 1 < count && sorted[at + 1] < new; at++)
        sorted[at] = sorted[at + 1];
    for (; at > 0 && sorted[at - 1] > new; at--)
        sorted[at] = sorted[at - 1];
    sorted[at] = new;
}

static void window_push(struct time_window *window, uint32_t time)
{
    uint32_t old = window->recent[window->next];
    sanad_assert(window->next < MEDIAN_TIME_SPAN && window->count <= MEDIAN_TIME_SPAN);
    if (window->count < MEDIAN_TIME_SPAN) {
        old = UINT32_MAX; /* the greatest: stands at the end of what is sorted */
        window->sorted[window->count++] = old;
    }
    sorted_replace(window->sorted, window->count, old, time);
    window->recent[window->next] = time;
    window->next = (window->next + 1) % MEDIAN_TIME_SPAN;
}

/* Makes the window end at `tip`: nothing to do unless the chain forks here. */
static void window_move(struct header_tree *tree, uint32_t tip)
{
    uint32_t times[MEDIAN_TIME_SPAN];
    uint32_t count = 0;
    if (tree->window.tip == tip)
        return;
    tree->window = (struct time_window){.tip = tip};
    for (uint32_t at = tip; at != NODE_NONE && count < MEDIAN_TIME_SPAN;
         at = node_at(tree, at)->prev)
        times[count++] = node_at(tree, at)->time;
    while (count > 0)
        window_push(&tree->window, times[--count]);
}

static uint32_t window_median(const struct time_window *window)
{
    sanad_assert(window->count > 0);
    return window->sorted[window->count / 2];
}

/* ---- ancestors ------------------------------------------------------------------------------ */

/* Jump pointers after Myers, "An applicative random-access stack" (1983): a jump is joined
 * with the one before where both are equally long, else it is one step. */
static uint32_t skip_of_child(const struct header_tree *tree, uint32_t prev)
{
    uint32_t near = side_at(tree, prev)->skip;
    uint32_t far = side_at(tree, near)->skip;
    uint32_t first = node_at(tree, prev)->height - node_at(tree, near)->height;
    uint32_t second = node_at(tree, near)->height - node_at(tree, far)->height;
    return first == second ? far : prev;
}

uint32_t header_tree_ancestor(const struct header_tree *tree, uint32_t index, uint32_t height)
{
    sanad_assert(index < tree->count);
    if (height > node_at(tree, index)->height || height < node_at(tree, 0)->height)
        return NODE_NONE;
    while (node_at(tree, index)->height > height) {
        uint32_t skip = side_at(tree, index)->skip;
        index = node_at(tree, skip)->height >= height ? skip : node_at(tree, index)->prev;
    }
    return index;
}

/* ---- what nBits must be -----------------------------------------------------------------------
 */

/* The first header of a new period; BIP94 scales the bits of the period's first header,
 * which cannot have used the 20-minute rule, others those of its last. The timespan covers
 * one interval less than the period has blocks: an error of the first release that is the
 * rule now. */
static uint32_t retarget(const struct header_tree *tree, uint32_t prev)
{
    const struct header_node *last = node_at(tree, prev);
    if (tree->params->no_retarget)
        return last->bits;
    if (last->height + 1 < tree->interval)
        return 0;
    uint32_t first_index = header_tree_ancestor(tree, prev, last->height + 1 - tree->interval);
    if (first_index == NODE_NONE)
        return 0;
    const struct header_node *first = node_at(tree, first_index);
    uint32_t bits = tree->params->enforce_bip94 ? first->bits : last->bits;
    return retarget_bits(tree->params, bits, first->time, last->time);
}

uint32_t header_tree_next_bits(const struct header_tree *tree, uint32_t prev, uint32_t time)
{
    sanad_assert(prev < tree->count);
    const struct header_node *last = node_at(tree, prev);
    const struct chain_params *params = tree->params;
    if ((last->height + 1) % tree->interval == 0)
        return retarget(tree, prev);
    if (!params->allow_min_difficulty)
        return last->bits;
    if (time > (uint64_t)last->time + 2 * (uint64_t)params->target_spacing)
        return tree->limit_bits;
    return side_at(tree, prev)->real_bits;
}

/* ---- adding --------------------------------------------------------------------------------- */

static int refuse(const struct candidate *candidate, struct err *err, const char *rule)
{
    char hash[HEX256_SIZE];
    hash256_display(hash, &candidate->hash);
    return err_set(err, SANAD_REFUSED, "header %u (%s): %s", candidate->height, hash, rule);
}

static int check_work(struct header_tree *tree, const struct candidate *candidate, struct err *err)
{
    const struct bits_entry *entry = bits_look_up(tree, candidate->header.bits);
    struct u256 value = u256_from_hash(&candidate->hash);
    struct u256 zero = {{0}};
    if (u256_compare(&entry->target, &zero) == 0)
        return refuse(candidate, err, "its nBits is no target that the network allows");
    if (u256_compare(&value, &entry->target) > 0)
        return refuse(candidate, err, "proof of work: the hash is above the target");
    return 0;
}

/* Where a run from an anchor has not the whole period, a retarget can only be held to its
 * bounds: a quarter and four times the old target. */
static bool retarget_in_bounds(const struct header_tree *tree, uint32_t old_bits, uint32_t new_bits)
{
    struct u256 old_target;
    struct u256 new_target;
    bool good = target_from_bits(&old_target, old_bits) && target_from_bits(&new_target, new_bits);
    sanad_assert(good); /* both passed check_work */
    struct u256 low = u256_mul_div(&old_target, 1, 4);
    struct u256 high = u256_mul_div(&old_target, 4, 1);
    if (u256_compare(&high, &tree->limit) > 0)
        high = tree->limit;
    good = target_from_bits(&low, target_to_bits(&low));
    return good && u256_compare(&new_target, &low) >= 0 && u256_compare(&new_target, &high) <= 0;
}

static int check_bits(const struct header_tree *tree, const struct candidate *candidate,
                      struct err *err)
{
    uint32_t bits = candidate->header.bits;
    uint32_t expected = header_tree_next_bits(tree, candidate->prev, candidate->header.time);
    if (expected != 0 && bits != expected)
        return refuse(candidate, err, "its nBits is not what the retarget rule gives");
    if (expected == 0 && !tree->params->allow_min_difficulty &&
        !retarget_in_bounds(tree, node_at(tree, candidate->prev)->bits, bits))
        return refuse(candidate, err, "its nBits moves the target by more than a factor of four");
    return 0;
}

static int check_time(const struct header_tree *tree, const struct candidate *candidate,
                      struct err *err)
{
    const struct header_node *prev = node_at(tree, candidate->prev);
    /* Behind an anchor the median is of too few headers to refuse by, until 11 are there. */
    bool full = from_genesis(tree) || prev->height - tree->anchor.height + 1 >= MEDIAN_TIME_SPAN;
    if (full && candidate->header.time <= prev->median_time)
        return refuse(candidate, err, "its time is not after the median of the 11 before it");
    if (tree->params->enforce_bip94 && candidate->height % tree->interval == 0 &&
        (int64_t)candidate->header.time < (int64_t)prev->time - TIMEWARP_MAX_S)
        return refuse(candidate, err, "its time is over 600 s before its predecessor's (BIP94)");
    return 0;
}

static uint32_t real_bits_of(const struct header_tree *tree, const struct candidate *candidate)
{
    if (candidate->header.bits != tree->limit_bits || candidate->height % tree->interval == 0)
        return candidate->header.bits;
    return candidate->prev == NODE_NONE ? 0 : side_at(tree, candidate->prev)->real_bits;
}

static uint32_t append(struct header_tree *tree, const struct candidate *candidate)
{
    const struct header *header = &candidate->header;
    uint32_t index = tree->count;
    uint32_t prev = candidate->prev;
    sanad_assert(index < HEADER_COUNT_MAX && (prev == NODE_NONE) == (index == 0));
    if (!tree->nodes[index >> CHUNK_SHIFT])
        chunk_add(tree, index >> CHUNK_SHIFT);
    window_move(tree, prev);
    window_push(&tree->window, header->time);
    tree->window.tip = index;
    struct header_node *node = node_at(tree, index);
    *node = (struct header_node){
        .hash = candidate->hash,
        .merkle_root = header->merkle_root,
        .work = bits_look_up(tree, header->bits)->work,
        .prev = prev,
        .height = candidate->height,
        .time = header->time,
        .median_time = window_median(&tree->window),
        .bits = header->bits,
        .version = header->version,
        .nonce = header->nonce,
    };
    if (prev != NODE_NONE)
        u256_add(&node->work, &node_at(tree, prev)->work);
    side_at(tree, index)->real_bits = real_bits_of(tree, candidate);
    side_at(tree, index)->skip = prev == NODE_NONE ? index : skip_of_child(tree, prev);
    tree->count++;
    index_add(tree, candidate, index);
    return index;
}

static int add_root(struct header_tree *tree, uint32_t *ret_index, struct candidate *candidate,
                    struct err *err)
{
    if (!hash256_equal(&candidate->hash, &tree->anchor.hash)) {
        char hash[HEX256_SIZE];
        hash256_display(hash, &candidate->hash);
        return err_set(err, SANAD_MISSING, "header %s: the anchor %u was not read before it", hash,
                       tree->anchor.height);
    }
    candidate->prev = NODE_NONE;
    candidate->height = tree->anchor.height;
    if (candidate->height > HEIGHT_MAX)
        return refuse(candidate, err, "higher than any chain is");
    int code = check_work(tree, candidate, err);
    if (code != 0)
        return code;
    tree->root_prev = candidate->header.prev;
    *ret_index = append(tree, candidate);
    return 0;
}

static int add_child(struct header_tree *tree, uint32_t *ret_index, struct candidate *candidate,
                     struct err *err)
{
    candidate->prev = find_prev(tree, &candidate->header.prev);
    if (candidate->prev == NODE_NONE) {
        char hash[HEX256_SIZE];
        hash256_display(hash, &candidate->hash);
        return err_set(err, SANAD_MISSING, "header %s: its predecessor is not known", hash);
    }
    candidate->height = node_at(tree, candidate->prev)->height + 1;
    if (tree->count == HEADER_COUNT_MAX || candidate->height > HEIGHT_MAX)
        return refuse(candidate, err, "more headers than any chain has");
    int code = check_work(tree, candidate, err);
    if (code == 0)
        code = check_bits(tree, candidate, err);
    if (code == 0)
        code = check_time(tree, candidate, err);
    if (code == 0)
        *ret_index = append(tree, candidate);
    return code;
}

int header_tree_add(struct header_tree *tree, uint32_t *ret_index, const uint8_t raw[HEADER_SIZE],
                    const struct hash256 *hash, struct err *err)
{
    struct candidate candidate;
    if (hash)
        candidate.hash = *hash;
    else
        header_hash(&candidate.hash, raw);
    uint32_t known = index_find(tree, &candidate.slot, &candidate.hash);
    if (known != NODE_NONE) {
        *ret_index = known;
        return 0;
    }
    header_parse(&candidate.header, raw);
    return tree->count == 0 ? add_root(tree, ret_index, &candidate, err)
                            : add_child(tree, ret_index, &candidate, err);
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

struct header_tree *header_tree_new(const struct chain_params *params,
                                    const struct chain_anchor *anchor)
{
    struct header_tree *tree = mem_zalloc(1, sizeof *tree);
    bool good = target_from_bits(&tree->limit, params->pow_limit_bits);
    sanad_assert(good && params->target_spacing > 0 &&
                 params->target_timespan >= params->target_spacing);
    tree->params = params;
    tree->limit_bits = params->pow_limit_bits;
    tree->interval = params->target_timespan / params->target_spacing;
    tree->window.tip = NODE_NONE;
    tree->slot_count = SLOTS_AT_FIRST;
    tree->slots = slots_new(tree->slot_count);
    if (anchor) {
        tree->anchor = *anchor;
        return tree;
    }
    uint32_t index;
    struct err err = {0};
    tree->anchor.hash = params->genesis_hash;
    good = header_tree_add(tree, &index, params->genesis_header, &params->genesis_hash, &err) == 0;
    sanad_assert(good);
    return tree;
}

void header_tree_free(struct header_tree *tree)
{
    if (!tree)
        return;
    for (size_t i = 0; i < CHUNK_COUNT_MAX; i++) {
        free(tree->nodes[i]);
        free(tree->sides[i]);
    }
    free(tree->slots);
    free(tree);
}

uint32_t header_tree_count(const struct header_tree *tree)
{
    return tree->count;
}

const struct header_node *header_tree_node(const struct header_tree *tree, uint32_t index)
{
    sanad_assert(index < tree->count);
    return node_at(tree, index);
}

void header_tree_raw(const struct header_tree *tree, uint32_t index, uint8_t ret_raw[HEADER_SIZE])
{
    const struct header_node *node = header_tree_node(tree, index);
    struct header header = {
        .version = node->version,
        .prev = node->prev == NODE_NONE ? tree->root_prev : node_at(tree, node->prev)->hash,
        .merkle_root = node->merkle_root,
        .time = node->time,
        .bits = node->bits,
        .nonce = node->nonce,
    };
    header_write(ret_raw, &header);
}
