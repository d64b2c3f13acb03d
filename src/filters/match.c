/* A branch of the chain against scripts: pieces of the branch are read in large runs, held against
 * their hashes and headers, and matched, on as many threads as there are. */
#include "filters/filters_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    PIECE_COUNT = 64,       /* filters read and matched at once: about a megabyte today */
    RUN_SIZE_MAX = 64 << 20 /* of bytes read at once; PIECE_COUNT filters have 20 MB at most */
};

struct matching {
    struct filters *filters;
    const struct filters_query *query;
    const struct filter_targets *targets;
    uint32_t *nodes;   /* of the branch, ascending */
    uint32_t *entries; /* theirs */
    bool *matched;
    size_t count;
    atomic_size_t next;
    pthread_mutex_t lock; /* of the two below */
    size_t bad;           /* the lowest that failed, or SIZE_MAX */
    struct err err;
};

/* What a thread works with. */
struct piece {
    struct matching *matching;
    struct filter_matcher *matcher;
    struct buf data;
    uint8_t raw[(PIECE_COUNT + 1) * ENTRY_SIZE];
    struct entry_record records[PIECE_COUNT + 1]; /* [0] is of the block before */
    struct filter_job jobs[PIECE_COUNT];
};

/* ---- the branch ----------------------------------------------------------------------------- */

/* The nodes from from_height to the tip, ascending. */
static uint32_t *branch_nodes(const struct header_tree *tree, uint32_t tip, size_t count)
{
    uint32_t *nodes = mem_alloc(count * sizeof *nodes);
    uint32_t node = tip;
    for (size_t i = count; i-- > 0; node = header_tree_node(tree, node)->prev) {
        sanad_assert(node != NODE_NONE);
        nodes[i] = node;
    }
    return nodes;
}

static size_t branch_count(const struct header_tree *tree, uint32_t tip, uint32_t from_height)
{
    uint32_t height = header_tree_node(tree, tip)->height;
    return height < from_height ? 0 : height - from_height + 1;
}

int64_t filters_covered(const struct filters *filters, const struct header_tree *tree, uint32_t tip,
                        uint32_t from_height)
{
    size_t count = branch_count(tree, tip, from_height);
    uint32_t *nodes = branch_nodes(tree, tip, count);
    size_t covered = 0;
    while (covered < count && filters_has(filters, &header_tree_node(tree, nodes[covered])->hash))
        covered++;
    free(nodes);
    return (int64_t)from_height + (int64_t)covered - 1;
}

static uint32_t height_of(const struct matching *m, size_t number)
{
    return header_tree_node(m->query->tree, m->nodes[number])->height;
}

static int entries_find(struct matching *m, struct err *err)
{
    for (size_t i = 0; i < m->count; i++) {
        m->entries[i] = kept_find(m->filters, &header_tree_node(m->query->tree, m->nodes[i])->hash);
        if (m->entries[i] == ENTRY_NONE)
            return err_set(err, SANAD_MISSING, "%s: height %u has no filter", m->filters->folder,
                           height_of(m, i));
    }
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* How many entries from `at` on stand behind each other in the store. */
static size_t run_length(const uint32_t *entries, size_t count)
{
    size_t run = 1;
    while (run < count && entries[run] == entries[run - 1] + 1)
        run++;
    return run;
}

static int run_read(struct piece *piece, size_t first, size_t at, size_t run, struct err *err)
{
    const struct filters *filters = piece->matching->filters;
    const uint32_t *entries = &piece->matching->entries[first + at];
    const struct kept *begin = &filters->entries[entries[0]];
    const struct kept *last = &filters->entries[entries[run - 1]];
    size_t size = (size_t)(last->offset + last->size - begin->offset);
    int code = entries_read(filters, piece->raw + (at + 1) * ENTRY_SIZE, entries[0], run, err);
    uint8_t *room = buf_extend(&piece->data, size);
    sanad_assert(room);
    return code ? code : filters_read(filters, false, room, size, begin->offset, err);
}

/* Entries and filters of [first, first + count), and the entry of the block before. */
static int piece_read(struct piece *piece, size_t first, size_t count, struct err *err)
{
    const struct matching *m = piece->matching;
    int code = 0;
    buf_reset(&piece->data);
    if (first > 0)
        code = entries_read(m->filters, piece->raw, m->entries[first - 1], 1, err);
    for (size_t at = 0; at < count && code == 0;) {
        size_t run = run_length(&m->entries[first + at], count - at);
        code = run_read(piece, first, at, run, err);
        at += run;
    }
    size_t offset = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        size_t size = m->filters->entries[m->entries[first + i]].size;
        piece->jobs[i] = (struct filter_job){
            .block_hash = header_tree_node(m->query->tree, m->nodes[first + i])->hash,
            .filter = bytes_of(piece->data.data + offset, size),
        };
        offset += size;
    }
    return code;
}

/* ---- checking ------------------------------------------------------------------------------- */

/* Each filter against the hash of its entry. Returns how many were right before a wrong one. */
static size_t hashes_check(struct piece *piece, size_t count)
{
    struct sha256_job jobs[PIECE_COUNT];
    struct hash256 digests[PIECE_COUNT];
    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct sha256_job){piece->jobs[i].filter.data, piece->jobs[i].filter.size,
                                      &digests[i]};
    sha256d_many(jobs, count);
    for (size_t i = 0; i < count; i++)
        if (!hash256_equal(&digests[i], &piece->records[i + 1].filter_hash))
            return i;
    return count;
}

/* Each previous header against the header of the block before. */
static size_t headers_check(struct piece *piece, size_t first, size_t count)
{
    const struct matching *m = piece->matching;
    for (size_t i = 0; i < count; i++) {
        const struct entry_record *record = &piece->records[i + 1];
        struct hash256 header = {{0}};
        bool genesis = height_of(m, first + i) == 0;
        if (!genesis && first + i == 0)
            continue; /* what is before the range is not looked at */
        if (!genesis)
            filter_header(&header, &piece->records[i].filter_hash, &piece->records[i].prev_header);
        if (record->flags & FLAG_UNROOTED ? genesis || !hash256_is_zero(&record->prev_header)
                                          : !hash256_equal(&header, &record->prev_header))
            return i;
    }
    return count;
}

static size_t entries_check(struct piece *piece, size_t first, size_t count)
{
    for (size_t i = 0; i <= count; i++)
        if (i > 0 || first > 0)
            entry_parse(&piece->records[i], piece->raw + i * ENTRY_SIZE);
    for (size_t i = 0; i < count; i++)
        if (!hash256_equal(&piece->records[i + 1].block_hash, &piece->jobs[i].block_hash) ||
            piece->records[i + 1].height != height_of(piece->matching, first + i))
            return i;
    return count;
}

/* 0, or REFUSED and the number of the first that is wrong. */
static int piece_check(struct piece *piece, size_t *ret_bad, size_t first, size_t count,
                       struct err *err)
{
    const char *rule = "its entry was changed";
    size_t good = entries_check(piece, first, count);
    if (good == count) {
        rule = "the filter is damaged: its hash differs";
        good = hashes_check(piece, count);
    }
    if (good == count) {
        rule = "its filter header does not follow from the block before";
        good = headers_check(piece, first, count);
    }
    if (good == count)
        return 0;
    *ret_bad = first + good;
    return err_set(err, SANAD_REFUSED, "%s: height %u: %s", piece->matching->filters->folder,
                   height_of(piece->matching, first + good), rule);
}

/* ---- a thread ------------------------------------------------------------------------------- */

static int jobs_settle(struct piece *piece, size_t *ret_bad, size_t first, size_t count,
                       struct err *err)
{
    struct matching *m = piece->matching;
    for (size_t i = 0; i < count; i++) {
        if (piece->jobs[i].rule) {
            *ret_bad = first + i;
            return err_set(err, SANAD_REFUSED, "%s: height %u: filter: %s", m->filters->folder,
                           height_of(m, first + i), piece->jobs[i].rule);
        }
        m->matched[first + i] = piece->jobs[i].matched;
    }
    return 0;
}

static void piece_do(struct piece *piece, size_t first, size_t count)
{
    struct matching *m = piece->matching;
    struct err err;
    size_t bad = first;
    int code = piece_read(piece, first, count, &err);
    if (code == 0)
        code = piece_check(piece, &bad, first, count, &err);
    if (code == 0) {
        filter_match_many(piece->matcher, piece->jobs, count);
        code = jobs_settle(piece, &bad, first, count, &err);
    }
    if (code == 0 && m->query->progress)
        progress_add(m->query->progress, piece->data.size, count);
    (void)pthread_mutex_lock(&m->lock);
    if (code != 0 && bad < m->bad) {
        m->bad = bad;
        m->err = err;
    }
    (void)pthread_mutex_unlock(&m->lock);
}

static void *match_main(void *context)
{
    struct matching *m = context;
    struct piece *piece = mem_alloc(sizeof *piece);
    piece->matching = m;
    piece->matcher = filter_matcher_new(m->targets);
    piece->data = buf_with_max(RUN_SIZE_MAX);
    for (;;) {
        size_t first = atomic_fetch_add(&m->next, PIECE_COUNT);
        if (first >= m->count)
            break;
        piece_do(piece, first, m->count - first < PIECE_COUNT ? m->count - first : PIECE_COUNT);
    }
    filter_matcher_free(piece->matcher);
    buf_free(&piece->data);
    free(piece);
    return NULL;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int match_run(struct matching *m, struct err *err)
{
    int code = entries_find(m, err);
    if (code != 0)
        return code;
    size_t pieces = (m->count + PIECE_COUNT - 1) / PIECE_COUNT;
    threads_do(threads_choose(m->query->threads, pieces), match_main, m);
    if (m->bad == SIZE_MAX)
        return 0;
    if (err)
        *err = m->err;
    return m->err.code;
}

static void collect(uint32_t **ret_nodes, size_t *ret_count, const struct matching *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++)
        count += m->matched[i];
    *ret_nodes = mem_alloc((count + 1) * sizeof **ret_nodes);
    *ret_count = 0;
    for (size_t i = 0; i < m->count; i++)
        if (m->matched[i])
            (*ret_nodes)[(*ret_count)++] = m->nodes[i];
}

int filters_match(uint32_t **ret_nodes, size_t *ret_count, struct filters *filters,
                  const struct filters_query *query, struct err *err)
{
    struct matching m = {.filters = filters,
                         .query = query,
                         .count = branch_count(query->tree, query->tip, query->from_height),
                         .bad = SIZE_MAX};
    /* What waits to be written is in the files then; whatever is added meanwhile is not of the
     * branch. */
    int code = filters->mode == FILTERS_WRITE ? filters_commit(filters, err) : 0;
    if (code != 0)
        return code;
    sanad_assert(pthread_mutex_init(&m.lock, NULL) == 0);
    m.targets = filter_targets_new(query->scripts, query->script_count);
    m.nodes = branch_nodes(query->tree, query->tip, m.count);
    m.entries = mem_alloc((m.count + 1) * sizeof *m.entries);
    m.matched = mem_zalloc(m.count + 1, sizeof *m.matched);
    (void)pthread_rwlock_rdlock(&filters->lock);
    code = match_run(&m, err);
    (void)pthread_rwlock_unlock(&filters->lock);
    if (code == 0)
        collect(ret_nodes, ret_count, &m);
    filter_targets_free((struct filter_targets *)(uintptr_t)m.targets);
    free(m.nodes);
    free(m.entries);
    free(m.matched);
    (void)pthread_mutex_destroy(&m.lock);
    return code;
}
