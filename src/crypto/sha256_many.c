/* Many hashes at once, single or double. A kernel is fast only while all its lanes are busy, and
 * transactions differ in size by four orders of magnitude, so this file decides which
 * message runs in which lane:
 *   - small messages wait until four of the same block count are there, then run as a group;
 *   - big ones (few, but often half of all bytes) run longest first, and a lane whose
 *     message ends takes the next; when the big ones run out, small ones fill the lanes;
 *   - what is left waiting at the end is grouped in order of size, the longer ones first
 *     brought down to the shortest of their group.
 * All scratch memory is on the stack and of fixed size. */
#include "crypto/crypto_priv.h"

enum {
    LANES = SHA256_LANE_COUNT,
    SMALL_BLOCK_MAX = 32, /* about 2 kB: above, filling a lane again costs nothing to speak of */
    SMALL_SIZE_MAX = SMALL_BLOCK_MAX * SHA256_BLOCK_SIZE - 9,
    BIG_COUNT_MAX = 256, /* big messages of one pass */
    WAITING_MAX = SMALL_BLOCK_MAX * (LANES - 1),
};

/* The end of a message with its padding: at most two blocks, from TAIL_START on. The room
 * before them lets the last 64 bytes of a message be copied whole, which needs no branch
 * on the size. */
enum { TAIL_START = SHA256_BLOCK_SIZE, TAIL_SIZE = TAIL_START + 2 * SHA256_BLOCK_SIZE };
struct tail {
    uint8_t bytes[TAIL_SIZE];
};

struct scheduler {
    const struct sha256_ops *ops;
    const struct sha256_job *waiting[SMALL_BLOCK_MAX + 1][LANES]; /* by block count */
    unsigned waiting_count[SMALL_BLOCK_MAX + 1];
    struct sha256_group group;
    struct tail tails[LANES];
    struct hash256 unused; /* digest of lanes that have no message */
};

/* A message that occupies a lane on its own. */
struct run {
    struct sha256_lane lane;
    const uint8_t *at;
    size_t left; /* blocks before the last two */
    const struct sha256_job *job;
};

/* Blocks of the first hash, padding (at least 9 bytes) included. */
static size_t block_count(const struct sha256_job *job)
{
    return (job->size + 8) / SHA256_BLOCK_SIZE + 1;
}

static bool is_big(const struct sha256_job *job)
{
    return job->size > SMALL_SIZE_MAX;
}

/* Writes the padded end; returns its blocks, 1 or 2. */
static size_t tail_write(struct tail *tail, const uint8_t *data, size_t size)
{
    static const uint8_t padding[SHA256_BLOCK_SIZE] = {0x80};
    uint8_t *block = tail->bytes + TAIL_START;
    size_t held = size % SHA256_BLOCK_SIZE;
    if (size >= SHA256_BLOCK_SIZE)
        memcpy(tail->bytes + held, data + size - SHA256_BLOCK_SIZE, SHA256_BLOCK_SIZE);
    else if (size > 0)
        memcpy(block, data, size);
    memcpy(block + held, padding, sizeof padding);
    size_t blocks = held < 56 ? 1 : 2;
    uint64_t bits = __builtin_bswap64((uint64_t)size * 8);
    memcpy(block + blocks * SHA256_BLOCK_SIZE - 8, &bits, sizeof bits);
    return blocks;
}

/* Puts the end of a job and the place of its digest into lane i of the group. */
static void group_set_end(struct scheduler *s, unsigned i, const struct sha256_job *job)
{
    struct tail *tail = &s->tails[i];
    size_t blocks = tail_write(tail, job->data, job->size);
    size_t whole = job->size / SHA256_BLOCK_SIZE;
    s->group.last[1][i] = tail->bytes + TAIL_START + (blocks - 1) * SHA256_BLOCK_SIZE;
    if (blocks == 2)
        s->group.last[0][i] = tail->bytes + TAIL_START;
    else if (whole > 0)
        s->group.last[0][i] = job->data + (whole - 1) * SHA256_BLOCK_SIZE;
    else
        s->group.last[0][i] = NULL; /* a message of one block: only last[1] is used */
    s->group.digests[i] = job->ret_digest;
}

/* Lanes from `count` on repeat lane 0, to no effect. */
static void group_fill_up(struct scheduler *s, unsigned count)
{
    struct sha256_group *group = &s->group;
    for (unsigned i = count; i < LANES; i++) {
        group->lanes[i] = group->lanes[0];
        group->data[i] = group->data[0];
        group->last[0][i] = group->last[0][0];
        group->last[1][i] = group->last[1][0];
        group->digests[i] = &s->unused;
    }
}

/* Runs `count` (1 to 4) messages of the same block count from their start. */
static void group_run(struct scheduler *s, const struct sha256_job *const *jobs, unsigned count,
                      size_t blocks)
{
    for (unsigned i = 0; i < count; i++) {
        s->group.lanes[i] = s->ops->initial;
        s->group.data[i] = jobs[i]->data;
        group_set_end(s, i, jobs[i]);
    }
    group_fill_up(s, count);
    s->group.block_count = blocks >= 2 ? blocks - 2 : 0;
    s->group.one_left = blocks == 1;
    s->ops->finish(&s->group);
}

static void small_add(struct scheduler *s, const struct sha256_job *job)
{
    size_t blocks = block_count(job);
    /* By the time four are together, their first and last bytes have arrived. */
    __builtin_prefetch(job->data);
    __builtin_prefetch(job->data + job->size);
    s->waiting[blocks][s->waiting_count[blocks]++] = job;
    if (s->waiting_count[blocks] == LANES) {
        group_run(s, s->waiting[blocks], LANES, blocks);
        s->waiting_count[blocks] = 0;
    }
}

/* ---- what waits at the end ---- */

/* Hashes the first blocks of lane i alone, so that `blocks` of its message are left. */
static void lane_advance(struct scheduler *s, unsigned i, const struct sha256_job *job,
                         size_t blocks)
{
    size_t own = block_count(job);
    size_t from_data = own - blocks;
    if (blocks == 1 && own > 1)
        from_data--; /* the last but one may stand in the tail */
    s->ops->lanes(&s->group.lanes[i], &s->group.data[i], 1, from_data);
    s->group.data[i] += from_data * SHA256_BLOCK_SIZE;
    if (blocks == 1 && own > 1)
        s->ops->lanes(&s->group.lanes[i], &s->group.last[0][i], 1, 1);
}

/* Runs up to four messages, longest first, of different block counts. */
static void group_run_ragged(struct scheduler *s, const struct sha256_job *const *jobs,
                             unsigned count)
{
    size_t shortest = block_count(jobs[count - 1]);
    for (unsigned i = 0; i < count; i++) {
        s->group.lanes[i] = s->ops->initial;
        s->group.data[i] = jobs[i]->data;
        group_set_end(s, i, jobs[i]);
        if (block_count(jobs[i]) > shortest)
            lane_advance(s, i, jobs[i], shortest);
    }
    group_fill_up(s, count);
    s->group.block_count = shortest >= 2 ? shortest - 2 : 0;
    s->group.one_left = shortest == 1;
    s->ops->finish(&s->group);
}

static void waiting_finish(struct scheduler *s)
{
    const struct sha256_job *jobs[WAITING_MAX];
    unsigned count = 0;
    for (size_t blocks = SMALL_BLOCK_MAX; blocks > 0; blocks--)
        for (unsigned i = 0; i < s->waiting_count[blocks]; i++)
            jobs[count++] = s->waiting[blocks][i]; /* NOLINT: set below waiting_count */
    for (unsigned i = 0; i < count; i += LANES)
        group_run_ragged(s, jobs + i, count - i < LANES ? count - i : LANES);
}

/* ---- big ones ---- */

/* One pass: jobs[0] to jobs[count-1], of which `big` are the big ones, longest first. */
struct pass {
    const struct sha256_job *jobs;
    size_t count;
    size_t small_next; /* small jobs before this one have been taken */
    const struct sha256_job *big[BIG_COUNT_MAX];
    unsigned big_count;
    unsigned big_next;
    unsigned big_running;
    struct run runs[LANES];
    unsigned run_count;
    struct run ended[LANES]; /* all but the last two blocks hashed */
    unsigned ended_count;
};

static void big_insert(struct pass *pass, const struct sha256_job *job)
{
    unsigned i = pass->big_count++;
    for (; i > 0 && pass->big[i - 1]->size < job->size; i--)
        pass->big[i] = pass->big[i - 1];
    pass->big[i] = job;
}

/* Takes as many jobs into the pass as it has room for big ones. */
static void pass_start(struct pass *pass, const struct sha256_job *jobs, size_t count)
{
    pass->jobs = jobs;
    pass->small_next = 0;
    pass->big_count = pass->big_next = pass->big_running = 0;
    pass->run_count = pass->ended_count = 0;
    for (pass->count = 0; pass->count < count; pass->count++) {
        if (!is_big(&jobs[pass->count]))
            continue;
        if (pass->big_count == BIG_COUNT_MAX)
            break;
        big_insert(pass, &jobs[pass->count]);
    }
}

/* The next small job that is worth a lane of its own, or NULL; shorter ones on the way
 * are left to the groups. */
static const struct sha256_job *small_take(struct scheduler *s, struct pass *pass)
{
    while (pass->small_next < pass->count) {
        const struct sha256_job *job = &pass->jobs[pass->small_next++];
        if (is_big(job))
            continue;
        if (block_count(job) > 2)
            return job;
        small_add(s, job);
    }
    return NULL;
}

/* Fills the free lanes: with big jobs, and with small ones while big ones still run. */
static void lanes_fill(struct scheduler *s, struct pass *pass)
{
    while (pass->run_count < LANES) {
        const struct sha256_job *job = NULL;
        if (pass->big_next < pass->big_count) {
            job = pass->big[pass->big_next++];
            pass->big_running++;
        } else if (pass->big_running > 0) {
            job = small_take(s, pass);
        }
        if (!job)
            return;
        pass->runs[pass->run_count++] = (struct run){
            .lane = s->ops->initial, .at = job->data, .left = block_count(job) - 2, .job = job};
    }
}

static void ended_finish(struct scheduler *s, struct pass *pass)
{
    if (pass->ended_count == 0)
        return;
    for (unsigned i = 0; i < pass->ended_count; i++) {
        s->group.lanes[i] = pass->ended[i].lane;
        s->group.data[i] = NULL; /* block_count is 0 */
        group_set_end(s, i, pass->ended[i].job);
    }
    group_fill_up(s, pass->ended_count);
    s->group.block_count = 0;
    s->group.one_left = false;
    s->ops->finish(&s->group);
    pass->ended_count = 0;
}

/* Hashes `blocks` blocks in every busy lane, three lanes as four. */
static void lanes_step(const struct scheduler *s, struct pass *pass, size_t blocks)
{
    struct sha256_lane lanes[LANES];
    const uint8_t *data[LANES];
    unsigned width = pass->run_count == 3 ? 4 : pass->run_count;
    for (unsigned i = 0; i < width; i++) {
        const struct run *run = &pass->runs[i < pass->run_count ? i : 0];
        lanes[i] = run->lane;
        data[i] = run->at;
    }
    s->ops->lanes(lanes, data, width, blocks);
    for (unsigned i = 0; i < pass->run_count; i++) {
        pass->runs[i].lane = lanes[i];
        pass->runs[i].at += blocks * SHA256_BLOCK_SIZE;
        pass->runs[i].left -= blocks;
    }
}

/* Moves the runs that have only their last two blocks left out of the lanes. */
static void runs_retire(struct scheduler *s, struct pass *pass)
{
    for (unsigned i = pass->run_count; i-- > 0;) {
        if (pass->runs[i].left > 0)
            continue;
        if (is_big(pass->runs[i].job))
            pass->big_running--;
        pass->ended[pass->ended_count++] = pass->runs[i];
        pass->runs[i] = pass->runs[--pass->run_count];
        if (pass->ended_count == LANES)
            ended_finish(s, pass);
    }
}

static void pass_run(struct scheduler *s, struct pass *pass)
{
    for (;;) {
        lanes_fill(s, pass);
        if (pass->run_count == 0)
            break;
        size_t step = pass->runs[0].left;
        for (unsigned i = 1; i < pass->run_count; i++)
            step = pass->runs[i].left < step ? pass->runs[i].left : step;
        lanes_step(s, pass, step);
        runs_retire(s, pass);
    }
    ended_finish(s, pass);
    while (pass->small_next < pass->count) {
        const struct sha256_job *job = &pass->jobs[pass->small_next++];
        if (!is_big(job))
            small_add(s, job);
    }
}

static void many(const struct sha256_job *jobs, size_t count, bool once)
{
    struct scheduler s;
    struct pass pass;
    s.ops = sha256_ops_current();
    s.group.once = once;
    memset(s.waiting_count, 0, sizeof s.waiting_count);
    while (count > 0) {
        pass_start(&pass, jobs, count);
        pass_run(&s, &pass);
        jobs += pass.count;
        count -= pass.count;
    }
    waiting_finish(&s);
}

void sha256d_many(struct sha256_job *jobs, size_t count)
{
    many(jobs, count, false);
}

void sha256_many(struct sha256_job *jobs, size_t count)
{
    many(jobs, count, true);
}

/* ---- headers ---- */

void sha256d_80(struct hash256 *out, const uint8_t *in, size_t stride, size_t count)
{
    struct scheduler s;
    s.ops = sha256_ops_current();
    s.group.once = false;
    for (size_t i = 0; i < count; i += LANES) {
        struct sha256_job jobs[LANES];
        const struct sha256_job *pointers[LANES];
        unsigned width = count - i < LANES ? (unsigned)(count - i) : LANES;
        for (unsigned lane = 0; lane < width; lane++) {
            jobs[lane] = (struct sha256_job){in + (i + lane) * stride, 80, &out[i + lane]};
            pointers[lane] = &jobs[lane];
        }
        group_run(&s, pointers, width, 2);
    }
}
