/* The two hashes of a set of coins, computed beside the parser. Chunks of whole coins stand in a
 * ring. One thread streams them in order through SHA-256 (hash_serialized_3 is one stream, and so
 * the floor of what a verified read can cost); others multiply for MuHash, in any order. A chunk is
 * free again when all that want it have had it. */
#include "snapshot/snapshot_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { RING = 16, THREADS_MAX = 64 };

struct slot {
    struct buf chunk;
    unsigned wanted; /* by how many it is still to be read */
};

struct hasher {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot ring[RING];
    uint64_t given;    /* chunks; chunk i stands in slot i modulo RING */
    uint64_t streamed; /* the next chunk of the stream */
    uint64_t taken;    /* the next chunk of MuHash */
    bool over;
    bool serialized, muhash;
    unsigned thread_count;
    pthread_t threads[THREADS_MAX];
    struct sha256 stream;
    struct muhash *product;
};

/* The next chunk for one who reads at *at; NULL at the end. */
static struct slot *chunk_take(struct hasher *hasher, uint64_t *at)
{
    struct slot *slot = NULL;
    pthread_mutex_lock(&hasher->lock);
    while (*at == hasher->given && !hasher->over)
        pthread_cond_wait(&hasher->changed, &hasher->lock);
    if (*at < hasher->given)
        slot = &hasher->ring[(*at)++ % RING];
    pthread_mutex_unlock(&hasher->lock);
    return slot;
}

static void chunk_done(struct hasher *hasher, struct slot *slot)
{
    pthread_mutex_lock(&hasher->lock);
    sanad_assert(slot->wanted > 0);
    slot->wanted--;
    pthread_cond_broadcast(&hasher->changed);
    pthread_mutex_unlock(&hasher->lock);
}

static void *stream_thread(void *context)
{
    struct hasher *hasher = context;
    struct slot *slot;
    while ((slot = chunk_take(hasher, &hasher->streamed))) {
        sha256_add(&hasher->stream, buf_bytes(&slot->chunk));
        chunk_done(hasher, slot);
    }
    return NULL;
}

/* The size of the coin that stands at the beginning. */
static size_t coin_size(struct bytes chunk)
{
    struct cursor cursor = cursor_of(chunk);
    (void)cursor_take(&cursor, SERIAL_FIXED);
    (void)cursor_compact_bytes(&cursor, SCRIPT_SIZE_MAX);
    sanad_assert(!cursor.bad); /* we wrote it */
    return (size_t)(cursor.at - chunk.data);
}

static void *muhash_thread(void *context)
{
    struct hasher *hasher = context;
    struct muhash *product = muhash_new();
    struct slot *slot;
    while ((slot = chunk_take(hasher, &hasher->taken))) {
        struct bytes rest = buf_bytes(&slot->chunk);
        while (rest.size > 0) {
            size_t size = coin_size(rest);
            muhash_add(product, bytes_of(rest.data, size));
            rest = bytes_of(rest.data + size, rest.size - size);
        }
        chunk_done(hasher, slot);
    }
    pthread_mutex_lock(&hasher->lock);
    muhash_merge(hasher->product, product);
    pthread_mutex_unlock(&hasher->lock);
    muhash_free(product);
    return NULL;
}

static void thread_start(struct hasher *hasher, void *(*run)(void *))
{
    sanad_assert(hasher->thread_count < THREADS_MAX);
    sanad_assert(pthread_create(&hasher->threads[hasher->thread_count++], NULL, run, hasher) == 0);
}

struct hasher *hasher_new(bool serialized, bool muhash, unsigned threads)
{
    struct hasher *hasher = mem_zalloc(1, sizeof *hasher);
    if (threads == 0)
        threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    if (threads == 0 || threads >= THREADS_MAX)
        threads = threads == 0 ? 1 : THREADS_MAX - 1;
    pthread_mutex_init(&hasher->lock, NULL);
    pthread_cond_init(&hasher->changed, NULL);
    sha256_init(&hasher->stream);
    hasher->serialized = serialized;
    hasher->muhash = muhash;
    if (muhash)
        hasher->product = muhash_new();
    if (serialized)
        thread_start(hasher, stream_thread);
    for (unsigned i = 0; muhash && i < threads; i++)
        thread_start(hasher, muhash_thread);
    return hasher;
}

void hasher_give(struct hasher *hasher, struct buf *chunk)
{
    pthread_mutex_lock(&hasher->lock);
    struct slot *slot = &hasher->ring[hasher->given % RING];
    while (slot->wanted > 0)
        pthread_cond_wait(&hasher->changed, &hasher->lock);
    struct buf empty = slot->chunk;
    slot->chunk = *chunk;
    slot->wanted = (hasher->serialized ? 1u : 0u) + (hasher->muhash ? 1u : 0u);
    hasher->given++;
    pthread_cond_broadcast(&hasher->changed);
    pthread_mutex_unlock(&hasher->lock);
    if (empty.max == 0)
        empty = buf_with_max(chunk->max);
    buf_reset(&empty);
    *chunk = empty;
}

static void threads_end(struct hasher *hasher)
{
    pthread_mutex_lock(&hasher->lock);
    hasher->over = true;
    pthread_cond_broadcast(&hasher->changed);
    pthread_mutex_unlock(&hasher->lock);
    for (unsigned i = 0; i < hasher->thread_count; i++)
        sanad_assert(pthread_join(hasher->threads[i], NULL) == 0);
    hasher->thread_count = 0;
}

void hasher_finish(struct hasher *hasher, struct hash256 *ret_serialized,
                   struct hash256 *ret_muhash)
{
    threads_end(hasher);
    if (hasher->serialized) {
        struct hash256 once;
        sha256_final(&once, &hasher->stream);
        sha256_of(ret_serialized, bytes_of(once.b, sizeof once.b));
    }
    if (hasher->muhash)
        muhash_digest(ret_muhash, hasher->product);
}

void hasher_free(struct hasher *hasher)
{
    if (!hasher)
        return;
    threads_end(hasher);
    for (size_t i = 0; i < RING; i++)
        buf_free(&hasher->ring[i].chunk);
    muhash_free(hasher->product);
    pthread_cond_destroy(&hasher->changed);
    pthread_mutex_destroy(&hasher->lock);
    free(hasher);
}
