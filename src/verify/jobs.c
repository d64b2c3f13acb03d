/* Signatures that are answered later: which were asked for, and what the answers were. */
#include "verify/verify_priv.h"

static struct sanad_job *job_find(struct sanad_jobs *jobs, const struct sanad_job *wanted)
{
    for (size_t i = 0; i < jobs->count; i++) {
        struct sanad_job *job = &jobs->jobs[i];
        if (memcmp(job->key, wanted->key, sizeof job->key) == 0 &&
            memcmp(job->signature, wanted->signature, sizeof job->signature) == 0 &&
            verify_equal(verify_bytes(job->message, job->message_size),
                         verify_bytes(wanted->message, wanted->message_size)))
            return job;
    }
    return NULL;
}

/* The message may lie in memory that the next call writes over, so it is copied. */
static bool job_add(struct sanad_jobs *jobs, struct sanad_job job)
{
    sanad_assert(jobs->count <= SANAD_JOB_MAX && jobs->messages_used <= jobs->messages_size);
    if (jobs->count == SANAD_JOB_MAX ||
        job.message_size > jobs->messages_size - jobs->messages_used)
        return false;
    uint8_t *copy = jobs->messages + jobs->messages_used;
    memcpy(copy, job.message, job.message_size);
    job.message = copy;
    jobs->messages_used += job.message_size;
    jobs->jobs[jobs->count++] = job;
    return true;
}

bool sanad_jobs_ed25519(void *context, const uint8_t key[32], const uint8_t signature[64],
                        const uint8_t *message, size_t message_size)
{
    struct sanad_jobs *jobs = context;
    struct sanad_job wanted = {.message = message, .message_size = message_size};
    memcpy(wanted.key, key, sizeof wanted.key);
    memcpy(wanted.signature, signature, sizeof wanted.signature);
    const struct sanad_job *known = job_find(jobs, &wanted);
    if (known && known->answered)
        return known->good;
    if (!known && !job_add(jobs, wanted)) {
        jobs->full = true;
        return false;
    }
    jobs->open++;
    return true; /* so that the call goes on and asks for all that it may need */
}
