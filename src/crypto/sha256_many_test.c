/* Proves: sha256d_many and sha256_many give each job its own digest and touch nothing else, on
 * every kernel, for every small size alone, for all sizes together, for any number of jobs (lanes
 * half filled), for big messages among small ones and for more big ones than one pass holds.
 * ctest-label: threads */
#include "crypto/crypto_priv.h"
#include "support.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <pthread.h>

/* Jobs over separate allocations of exact size, so that ASan sees every overread. */
struct batch {
    struct sha256_job *jobs;
    struct hash256 *digests; /* one more than jobs: a guard */
    size_t count;
};

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static struct batch batch_new(const size_t *sizes, size_t count)
{
    struct batch batch = {.jobs = mem_zalloc(count + 1, sizeof *batch.jobs),
                          .digests = mem_zalloc(count + 1, sizeof *batch.digests),
                          .count = count};
    uint64_t seed = 1;
    for (size_t i = 0; i < count; i++) {
        uint8_t *data = sizes[i] ? mem_alloc(sizes[i]) : NULL;
        for (size_t j = 0; j < sizes[i]; j++)
            data[j] = (uint8_t)next(&seed);
        batch.jobs[i] = (struct sha256_job){data, sizes[i], &batch.digests[i]};
    }
    return batch;
}

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free((void *)(uintptr_t)batch->jobs[i].data);
    free(batch->jobs);
    free(batch->digests);
}

static void digests_check(struct batch *batch, bool once)
{
    memset(batch->digests, 0xee, (batch->count + 1) * sizeof *batch->digests);
    if (once)
        sha256_many(batch->jobs, batch->count);
    else
        sha256d_many(batch->jobs, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        struct hash256 inner, twice;
        const struct sha256_job *job = &batch->jobs[i];
        assert_true(EVP_Digest(job->data, job->size, inner.b, NULL, EVP_sha256(), NULL));
        assert_true(EVP_Digest(inner.b, 32, twice.b, NULL, EVP_sha256(), NULL));
        assert_ptr_equal(job->ret_digest, &batch->digests[i]);
        assert_memory_equal(batch->digests[i].b, once ? inner.b : twice.b, 32);
    }
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(batch->digests[batch->count].b[i], 0xee);
}

static void batch_check(struct batch *batch)
{
    for (int kernel = 0; kernel < SHA256_KERNEL_COUNT; kernel++) {
        if (!sha256_kernel_runs((enum sha256_kernel)kernel))
            continue;
        sha256_kernel_set((enum sha256_kernel)kernel);
        digests_check(batch, false);
        digests_check(batch, true);
    }
}

static void sizes_check(const size_t *sizes, size_t count)
{
    struct batch batch = batch_new(sizes, count);
    batch_check(&batch);
    batch_free(&batch);
}

static void no_jobs(void **state)
{
    (void)state;
    sizes_check(NULL, 0);
}

/* 1 to 5 jobs of each size 0 to 300: full, overfull and half-filled groups. */
static void each_small_size_alone(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 300; size++) {
        size_t sizes[5] = {size, size, size, size, size};
        sizes_check(sizes, 1 + size % 5);
    }
}

static void all_small_sizes_together(void **state)
{
    (void)state;
    size_t sizes[301];
    for (size_t i = 0; i < countof(sizes); i++)
        sizes[i] = i * 7 % 301;
    for (size_t count = 0; count <= countof(sizes); count += 1 + count / 8)
        sizes_check(sizes, count);
}

/* The sizes where the block count, the number of padding blocks or the way changes. */
static void sizes_around_every_boundary(void **state)
{
    (void)state;
    size_t sizes[4 * 40];
    size_t count = 0;
    for (size_t block = 1; block <= 40; block++) {
        sizes[count++] = 64 * block - 9;
        sizes[count++] = 64 * block - 8;
        sizes[count++] = 64 * block - 1;
        sizes[count++] = 64 * block;
    }
    sizes_check(sizes, count);
    for (size_t i = 0; i + 3 < count; i++)
        sizes_check(sizes + i, 3);
}

static void random_mixes(void **state)
{
    (void)state;
    uint64_t seed = 20250716;
    for (unsigned round = 0; round < 60; round++) {
        size_t sizes[200];
        size_t count = next(&seed) % countof(sizes);
        for (size_t i = 0; i < count; i++) {
            uint64_t kind = next(&seed) % 16;
            size_t top = kind == 0 ? 20000 : kind < 3 ? 4000 : kind < 6 ? 100 : 600;
            sizes[i] = next(&seed) % top;
        }
        sizes_check(sizes, count);
    }
}

/* One message that outlasts all others, first, in the middle and last. */
static void one_giant(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 90; count += 1 + count / 3) {
        size_t sizes[90];
        for (size_t i = 0; i < count; i++)
            sizes[i] = 60 + i * 13 % 500;
        for (unsigned place = 0; place < 3; place++) {
            size_t at = place * (count - 1) / 2;
            size_t before = sizes[at];
            sizes[at] = 100000;
            sizes_check(sizes, count);
            sizes[at] = before;
        }
    }
}

/* More big ones than a pass holds: the pass has to be repeated. */
static void many_big_ones(void **state)
{
    (void)state;
    enum { COUNT = 600 };
    size_t sizes[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        sizes[i] = i % 8 == 7 ? 250 : 2000 + i * 37 % 900;
    sizes_check(sizes, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        sizes[i] = 2100;
    sizes_check(sizes, COUNT);
}

static void *thread_main(void *data)
{
    struct batch *batch = data;
    for (unsigned i = 0; i < 20; i++)
        sha256d_many(batch->jobs, batch->count);
    return NULL;
}

/* Threads share nothing: each gets the digests of a lone run. */
static void threads_do_not_meet(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    size_t sizes[100];
    for (size_t i = 0; i < countof(sizes); i++)
        sizes[i] = i * i % 5000;
    struct batch lone = batch_new(sizes, countof(sizes));
    sha256d_many(lone.jobs, lone.count);
    struct batch batches[THREADS];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        batches[i] = batch_new(sizes, countof(sizes));
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, &batches[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_memory_equal(batches[i].digests, lone.digests, sizeof *lone.digests * lone.count);
        batch_free(&batches[i]);
    }
    batch_free(&lone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_jobs),
        cmocka_unit_test(each_small_size_alone),
        cmocka_unit_test(all_small_sizes_together),
        cmocka_unit_test(sizes_around_every_boundary),
        cmocka_unit_test(random_mixes),
        cmocka_unit_test(one_giant),
        cmocka_unit_test(many_big_ones),
        cmocka_unit_test(threads_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
