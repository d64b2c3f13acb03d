/* What the tests of the client share: a chain in memory, peers that serve it, a folder, and a
 * client over them with short clocks. */
#ifndef SANAD_P2P_TEST_H
#define SANAD_P2P_TEST_H

#include "p2p/p2p.h"
#include "support.h"
#include "toypeer.h"

#include <stdlib.h>

enum { STAGE_PEER_MAX = 8, STAGE_TIMEOUT_MS = 1500, STAGE_PATIENCE_MS = 8000 };

struct stage {
    struct toyworld world;
    struct toypeer *peers[STAGE_PEER_MAX];
    size_t peer_count;
    char folder[PATH_SIZE];
    char list[512];
    const char *proxy;
    const struct u256 *min_work;
    unsigned agree_count;
    uint32_t candidate_max;
    /* of the client */
    struct header_tree *tree;
    struct filters *filters;
    struct p2p *p2p;
    struct err err;
};

static inline void stage_say(void *context, const char *text)
{
    (void)context;
    print_message("%s\n", text);
}

/* A chain of `count` blocks of random transactions. */
static inline void stage_world(struct toyworld *ret_world, uint64_t seed, uint32_t count)
{
    struct toychain toy;
    toy_init(&toy, seed);
    uint32_t tip = toy_grow(&toy, 0, count - 1, 4);
    toyworld_of_toy(ret_world, &toy, tip);
    toy_free(&toy);
}

static inline void stage_open(struct stage *stage, uint32_t blocks)
{
    *stage = (struct stage){.peer_count = 0};
    stage_world(&stage->world, 7, blocks);
    test_folder_make(stage->folder);
}

static inline struct toypeer *stage_peer_of(struct stage *stage, struct toypeer_options options)
{
    options.world = options.world ? options.world : &stage->world;
    assert_true(stage->peer_count < STAGE_PEER_MAX);
    struct toypeer *peer = toypeer_start(&options);
    stage->peers[stage->peer_count++] = peer;
    size_t size = strlen(stage->list);
    (void)snprintf(stage->list + size, sizeof stage->list - size, "%s127.0.0.1:%u", size ? "," : "",
                   toypeer_port(peer));
    return peer;
}

static inline struct toypeer *stage_peer(struct stage *stage, enum toypeer_fault fault)
{
    return stage_peer_of(stage, (struct toypeer_options){.fault = fault});
}

static inline int stage_try_client(struct stage *stage)
{
    char folder[PATH_SIZE];
    stage->err = (struct err){0};
    stage->tree = header_tree_new(stage->world.params, NULL);
    test_ok(path_join(folder, stage->folder, "filters", &stage->err), &stage->err);
    test_ok(filters_open(&stage->filters, folder, stage->world.params, FILTERS_WRITE, &stage->err),
            &stage->err);
    struct p2p_options options = {.params = stage->world.params,
                                  .tree = stage->tree,
                                  .filters = stage->filters,
                                  .folder = stage->folder,
                                  .peers = stage->list,
                                  .proxy = stage->proxy,
                                  .min_work = stage->min_work,
                                  .agree_count = stage->agree_count,
                                  .candidate_max = stage->candidate_max,
                                  .timeout_ms = STAGE_TIMEOUT_MS,
                                  .patience_ms = STAGE_PATIENCE_MS,
                                  .say = getenv("P2P_TEST_LOG") ? stage_say : NULL};
    return p2p_open(&stage->p2p, &options, &stage->err);
}

static inline void stage_client(struct stage *stage)
{
    test_ok(stage_try_client(stage), &stage->err);
}

static inline void stage_client_end(struct stage *stage)
{
    p2p_close(stage->p2p);
    filters_close(stage->filters);
    header_tree_free(stage->tree);
    stage->p2p = NULL;
}

static inline void stage_close(struct stage *stage)
{
    stage_client_end(stage);
    for (size_t i = 0; i < stage->peer_count; i++)
        toypeer_stop(stage->peers[i]);
    toyworld_free(&stage->world);
    test_folder_remove(stage->folder);
}

static inline int stage_sync(struct stage *stage)
{
    uint32_t last = stage->world.count - 1;
    stage->err = (struct err){0};
    int code = p2p_sync_headers(stage->p2p, &stage->err);
    if (code == 0)
        code = p2p_sync_filter_headers(stage->p2p, p2p_best(stage->p2p), &stage->err);
    if (code == 0)
        code = p2p_sync_filters(stage->p2p, 0, last, NULL, &stage->err);
    return code;
}

/* All that the world has is there, and no other thing. */
static inline void stage_complete(struct stage *stage)
{
    const struct toyworld *world = &stage->world;
    uint32_t best = p2p_best(stage->p2p);
    struct buf filter = buf_with_max(BLOCK_SIZE_MAX);
    assert_int_equal(header_tree_node(stage->tree, best)->height, world->count - 1);
    for (uint32_t i = 0; i < world->count; i++) {
        struct hash256 header;
        struct filter_entry entry;
        uint32_t node = header_tree_ancestor(stage->tree, best, i);
        assert_true(hash256_equal(&header_tree_node(stage->tree, node)->hash, &world->hashes[i]));
        assert_true(p2p_filter_header(stage->p2p, &header, i));
        assert_true(hash256_equal(&header, &world->filter_headers[i]));
        test_ok(filters_get(stage->filters, &entry, &filter, &world->hashes[i], &stage->err),
                &stage->err);
        assert_true(bytes_equal(buf_bytes(&filter), world->filters[i]));
    }
    buf_free(&filter);
}

static inline void stage_blocks(struct stage *stage, uint32_t step)
{
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    uint32_t best = p2p_best(stage->p2p);
    for (uint32_t i = 1; i < stage->world.count; i += step) {
        uint32_t node = header_tree_ancestor(stage->tree, best, i);
        test_ok(p2p_block(stage->p2p, &raw, node, &stage->err), &stage->err);
        assert_true(bytes_equal(buf_bytes(&raw), stage->world.blocks[i]));
    }
    buf_free(&raw);
}

static inline unsigned stage_banned(struct stage *stage)
{
    struct p2p_report report;
    p2p_report_get(&report, stage->p2p);
    return report.banned;
}

#endif
