/* The streaming pass over a source that fetches blocks one by one. A shard is a run of heights;
 * its reader asks for the next blocks while the scan works on those before, each through the
 * kind's block_read, in threads of its own. */
#include "source/source_priv.h"

#include <stdlib.h>

enum {
    SHARD_BLOCKS = 64,
    READER_THREADS = 2, /* each asks for one block at a time */
    SLOT_COUNT = 6      /* of at most 4 MB each: bounds the memory of a reader */
};

struct slot {
    struct buf raw;
    bool done;
    int code;
    struct err err;
};

struct fetch_reader {
    struct source_reader base;
    const struct source_shard *shard;
    pthread_t threads[READER_THREADS];
    unsigned thread_count;
    struct slot slots[SLOT_COUNT];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Below: under the lock. Numbers are of the shard's nodes. */
    uint32_t handed;   /* up to here the caller has, or had, the blocks */
    uint32_t released; /* up to here slots are free again */
    uint32_t asked;    /* up to here a thread has taken the block on */
    bool stop;
};

void source_fetch_add(struct source *source, uint32_t node)
{
    uint32_t height = source_node_height(source, node);
    (void)source_body_add(source, node,
                          (struct source_place){
                              .offset = height,
                              .size = SOURCE_SIZE_UNKNOWN,
                              .file = (height / SHARD_BLOCKS) & SOURCE_FILE_MASK,
                          });
}

static struct slot *slot_of(struct fetch_reader *reader, uint32_t number)
{
    return &reader->slots[number % SLOT_COUNT];
}

/* The next number that a slot is free for; false: no more will come. */
static bool number_take(struct fetch_reader *reader, uint32_t *ret_number)
{
    (void)pthread_mutex_lock(&reader->lock);
    while (!reader->stop && reader->asked < reader->shard->block_count &&
           reader->asked - reader->released >= SLOT_COUNT)
        (void)pthread_cond_wait(&reader->changed, &reader->lock);
    bool more = !reader->stop && reader->asked < reader->shard->block_count;
    if (more)
        *ret_number = reader->asked++;
    (void)pthread_mutex_unlock(&reader->lock);
    return more;
}

static void slot_fill(struct fetch_reader *reader, uint32_t number)
{
    struct slot *slot = slot_of(reader, number);
    slot->code = source_block_read(reader->base.source, &slot->raw, reader->shard->nodes[number],
                                   &slot->err);
    (void)pthread_mutex_lock(&reader->lock);
    slot->done = true;
    if (slot->code != 0)
        reader->stop = true; /* what comes behind it is of no use */
    (void)pthread_cond_broadcast(&reader->changed);
    (void)pthread_mutex_unlock(&reader->lock);
}

static void *fetch_main(void *context)
{
    struct fetch_reader *reader = context;
    uint32_t number;
    while (number_take(reader, &number))
        slot_fill(reader, number);
    return NULL;
}

int source_fetch_reader_open(struct source_reader **ret_reader, const struct source *source,
                             const struct source_shard *shard, struct err *err)
{
    struct fetch_reader *reader = mem_zalloc(1, sizeof *reader);
    (void)err; /* what is wrong with a block is told when it is its turn */
    reader->base.source = source;
    reader->shard = shard;
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        reader->slots[i].raw = buf_with_max(BLOCK_SIZE_MAX);
    int code = pthread_mutex_init(&reader->lock, NULL);
    code |= pthread_cond_init(&reader->changed, NULL);
    sanad_assert(code == 0);
    while (reader->thread_count < READER_THREADS &&
           pthread_create(&reader->threads[reader->thread_count], NULL, fetch_main, reader) == 0)
        reader->thread_count++;
    *ret_reader = &reader->base;
    return 0;
}

/* Waits for the next block; where no thread could be started this one fetches it. */
static void head_wait(struct fetch_reader *reader)
{
    uint32_t number;
    if (reader->thread_count == 0 && !slot_of(reader, reader->handed)->done &&
        number_take(reader, &number))
        slot_fill(reader, number);
    (void)pthread_mutex_lock(&reader->lock);
    while (!slot_of(reader, reader->handed)->done)
        (void)pthread_cond_wait(&reader->changed, &reader->lock);
    (void)pthread_mutex_unlock(&reader->lock);
}

/* Gives the slots of the last call back to the threads. */
static void slots_release(struct fetch_reader *reader)
{
    (void)pthread_mutex_lock(&reader->lock);
    for (; reader->released < reader->handed; reader->released++)
        slot_of(reader, reader->released)->done = false;
    (void)pthread_cond_broadcast(&reader->changed);
    (void)pthread_mutex_unlock(&reader->lock);
}

int source_fetch_reader_next(struct source_reader *base, struct source_block *ret_blocks,
                             size_t max, struct err *err)
{
    struct fetch_reader *reader = (struct fetch_reader *)base;
    slots_release(reader);
    if (reader->handed == reader->shard->block_count)
        return 0;
    head_wait(reader);
    size_t most = max < SLOT_COUNT / 2 ? max : SLOT_COUNT / 2; /* the others fill meanwhile */
    size_t count = 0;
    (void)pthread_mutex_lock(&reader->lock);
    while (count < most && reader->handed < reader->shard->block_count) {
        struct slot *slot = slot_of(reader, reader->handed);
        if (!slot->done || slot->code != 0)
            break;
        ret_blocks[count++] = (struct source_block){
            .node = reader->shard->nodes[reader->handed++],
            .data = slot->raw.data,
            .size = slot->raw.size,
        };
    }
    (void)pthread_mutex_unlock(&reader->lock);
    if (count > 0)
        return (int)count;
    struct slot *bad = slot_of(reader, reader->handed);
    sanad_assert(bad->done && bad->code != 0);
    if (err)
        *err = bad->err;
    return bad->code;
}

void source_fetch_reader_close(struct source_reader *base)
{
    struct fetch_reader *reader = (struct fetch_reader *)base;
    (void)pthread_mutex_lock(&reader->lock);
    reader->stop = true;
    (void)pthread_cond_broadcast(&reader->changed);
    (void)pthread_mutex_unlock(&reader->lock);
    for (unsigned i = 0; i < reader->thread_count; i++)
        (void)pthread_join(reader->threads[i], NULL);
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        buf_free(&reader->slots[i].raw);
    (void)pthread_mutex_destroy(&reader->lock);
    (void)pthread_cond_destroy(&reader->changed);
    free(reader);
}
