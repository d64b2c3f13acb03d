/* The hot walker of the scan against block_parse: both accept or both refuse, with txids and
 * without, and what they read is the same. The first output's script is watched, so that the
 * paths of a match are walked too. */
#include "scan/scan_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct room {
    uint8_t *data;
    struct sha256_job *jobs;
    struct hash256 *digests;
    uint64_t *log;
};

static void room_make(struct room *room, const uint8_t *data, size_t size)
{
    room->data = mem_alloc(size);
    if (size)
        memcpy(room->data, data, size);
    room->jobs = mem_alloc(walk_tx_max(size) * sizeof *room->jobs);
    room->digests = mem_alloc(walk_tx_max(size) * sizeof *room->digests);
    room->log = mem_alloc((size / 41 + 1) * sizeof *room->log);
}

static void room_free(struct room *room)
{
    free(room->data);
    free(room->jobs);
    free(room->digests);
    free(room->log);
}

/* What the walk kept hashes to the transaction's id. */
static void check_touches(const struct walk *walk, const struct block *block)
{
    for (uint32_t i = 0; i < walk->touch_count; i++) {
        const struct walk_touch *touch = &walk->touches[i];
        struct hash256 want;
        struct hash256 got;
        tx_txid(&want, &block->txs[touch->tx_index]);
        sha256d_of(&got, bytes_of(touch->stripped, touch->size));
        sanad_assert(hash256_equal(&want, &got));
    }
}

static void check_same(const struct walk *walk, const struct block *block)
{
    size_t ordinal = 0;
    sanad_assert(walk->tx_count == block->tx_count);
    for (size_t i = 0; i < block->tx_count; i++) {
        struct hash256 txid;
        tx_txid(&txid, &block->txs[i]);
        sanad_assert(!walk->jobs || hash256_equal(&txid, &walk->digests[i]));
        for (size_t n = 0; n < block->txs[i].in_count; n++) {
            const struct outpoint *prevout = &block->txs[i].ins[n].prevout;
            sanad_assert(walk->log[ordinal] == prevout_key(prevout->txid.b, prevout->vout));
            ordinal++;
        }
    }
    sanad_assert(walk->log_count == ordinal);
    check_touches(walk, block);
}

static void walk_once(const uint8_t *data, size_t size, const struct block *block,
                      const struct watch *watch, bool with_jobs)
{
    struct room room;
    uint32_t wanted[] = {0, 2};
    room_make(&room, data, size);
    struct walk walk = {.watch = watch,
                        .wanted = wanted,
                        .wanted_count = countof(wanted),
                        .jobs = with_jobs ? room.jobs : NULL,
                        .digests = room.digests,
                        .log = room.log};
    bool ok = walk_block(&walk, room.data, size);
    sanad_assert(ok == (block != NULL) && ok == !walk.rule);
    if (ok && with_jobs)
        sha256d_many(room.jobs, walk.tx_count);
    if (ok)
        check_same(&walk, block);
    walk_free(&walk);
    room_free(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct block block;
    struct watch_script script = {.id = 1};
    bool ok =
        size <= BLOCK_SIZE_MAX && block_parse(&block, bytes_of(data, size), &arena, NULL) == 0;
    if (ok)
        script.script = block.txs[0].outs[0].script;
    struct watch *watch = watch_new(&script, ok ? 1 : 0);
    walk_once(data, size, ok ? &block : NULL, watch, false);
    walk_once(data, size, ok ? &block : NULL, watch, true);
    watch_free(watch);
    arena_free(&arena);
    return 0;
}
