/* The face of the module: what is kept is read, the thread begins, and calls wait for it. */
#include "p2p/p2p_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* ---- options
 * ------------------------------------------------------------------------------------------- */

static int proxy_read(struct p2p *p2p, struct err *err)
{
    struct address found[1];
    size_t count;
    const char *text = p2p->options.proxy;
    if (!text)
        return 0;
    int code = address_parse(&p2p->proxy, text, strlen(text), 0, err);
    if (code < 0)
        return err_wrap(err, "--proxy");
    if (!address_is_ip(&p2p->proxy)) {
        /* The proxy's own name, not a peer's. */
        code = resolve_now(found, &count, 1, &p2p->proxy, err);
        if (code == 0 && count == 0)
            code = err_set(err, SANAD_MISSING, "--proxy %s: no address", text);
        if (code < 0)
            return code;
        p2p->proxy = found[0];
    }
    p2p->proxied = true;
    return 0;
}

/* A name is looked up here and now, or left to the proxy. The first address stands for it: two
 * of one name may be one machine, and must not count as two peers. */
static int given_add(struct p2p *p2p, struct address address, struct err *err)
{
    struct address found[16];
    size_t count = 1;
    found[0] = address;
    if (!p2p->proxied && !address_is_ip(&address)) {
        int code = resolve_now(found, &count, countof(found), &address, err);
        if (code < 0)
            return code;
        if (count == 0)
            return err_set(err, SANAD_MISSING, "peer %s: no address", address.host);
        for (size_t i = count; i-- > 0;)
            if (!strchr(found[i].host, ':'))
                found[0] = found[i]; /* IPv4 where there is one: fewer are without it */
    }
    (void)known_add(&p2p->known, &found[0], 0, 0);
    for (size_t i = 0; i < p2p->known.peer_count; i++)
        if (address_equal(&p2p->known.peers[i].address, &found[0]))
            p2p->known.peers[i].given = true;
    return 0;
}

static int given_read(struct p2p *p2p, struct err *err)
{
    unsigned count = 0;
    const char *at = p2p->options.peers;
    while (at) {
        struct address address;
        const char *comma = strchr(at, ',');
        size_t size = comma ? (size_t)(comma - at) : strlen(at);
        int code = address_parse(&address, at, size, p2p->network->port, err);
        if (code == 0 && ++count > P2P_GIVEN_MAX)
            code = err_set(err, SANAD_USAGE, "peers: more than %d", P2P_GIVEN_MAX);
        if (code == 0)
            code = given_add(p2p, address, err);
        if (code < 0)
            return code;
        at = comma ? comma + 1 : NULL;
    }
    p2p->given = true;
    unsigned possible = connect_possible(p2p);
    if (possible == 0) {
        const struct known_ban *ban = p2p->known.ban_count ? &p2p->known.bans[0] : NULL;
        return err_set(err, SANAD_MISSING,
                       "p2p: every peer that is given is banned for a day (%s): %s",
                       ban ? ban->reason : "", p2p->known.bans_path);
    }
    return 0;
}

/* Without given peers: the seeds' names are looked up in a thread, or connected to through the
 * proxy, which looks them up at its far end. */
static int seeds_read(struct p2p *p2p, struct err *err)
{
    const char *const *seeds = p2p->network->seeds;
    if (!seeds[0])
        return err_set(err, SANAD_USAGE, "source p2p: %s has no seeds: write p2p:HOST:PORT",
                       p2p->params->name);
    if (!p2p->proxied) {
        p2p->resolver = resolver_start(seeds, p2p->network->port);
        return 0;
    }
    for (size_t i = 0; seeds[i]; i++) {
        struct address address = {.port = p2p->network->port};
        (void)snprintf(address.host, sizeof address.host, "%s", seeds[i]);
        (void)known_add(&p2p->known, &address, 0, time_now());
    }
    return 0;
}

static void numbers_set(struct p2p *p2p)
{
    const struct p2p_options *options = &p2p->options;
    unsigned possible = p2p->given ? connect_possible(p2p) : P2P_PEER_MAX;
    unsigned most = possible < P2P_PEER_MAX ? possible : P2P_PEER_MAX;
    p2p->timeout_ms = options->timeout_ms ? options->timeout_ms : P2P_TIMEOUT_MS;
    p2p->patience_ms = options->patience_ms ? options->patience_ms : P2P_PATIENCE_MS;
    p2p->peers_wanted = options->peer_count ? options->peer_count
                        : p2p->given        ? most
                                            : P2P_PEERS_WANTED;
    p2p->peers_wanted = p2p->peers_wanted < P2P_PEER_MAX ? p2p->peers_wanted : P2P_PEER_MAX;
    p2p->agree_strict = options->agree_count > 0 || !p2p->given;
    p2p->agree_wanted = options->agree_count ? options->agree_count : P2P_AGREE_WANTED;
    if (!p2p->agree_strict && most < p2p->agree_wanted)
        p2p->agree_wanted = most;
    if (p2p->peers_wanted < p2p->agree_wanted)
        p2p->peers_wanted = p2p->agree_wanted;
    p2p->report.wanted = p2p->agree_wanted;
    p2p->candidate_max = options->candidate_max ? options->candidate_max : CANDIDATE_MAX;
}

/* ---- opening
 * ------------------------------------------------------------------------------------------- */

static int folder_lock(struct p2p *p2p, struct err *err)
{
    char path[PATH_SIZE];
    int code = folder_make(p2p->folder, err);
    if (code == 0)
        code = path_join(path, p2p->folder, "lock", err);
    if (code < 0)
        return code;
    p2p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (p2p->lock_fd < 0)
        return err_set(err, SANAD_IO, "%s: cannot be opened", path);
    if (flock(p2p->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, SANAD_ENVIRONMENT, "%s: another process works in this folder",
                       p2p->folder);
    return 0;
}

static void release(struct p2p *p2p)
{
    resolver_free(p2p->resolver);
    headers_close(p2p);
    agree_close(p2p);
    ranges_end(p2p);
    known_free(&p2p->known);
    if (p2p->lock_fd >= 0)
        (void)close(p2p->lock_fd);
    free(p2p);
}

static int open_files(struct p2p *p2p, struct err *err)
{
    int code = folder_lock(p2p, err);
    if (code == 0)
        code = known_open(&p2p->known, p2p->folder, err);
    if (code == 0)
        code = headers_load(p2p, err);
    if (code == 0)
        code = agree_load(p2p, err);
    if (code == 0)
        code = proxy_read(p2p, err);
    if (code == 0)
        code = p2p->options.peers ? given_read(p2p, err) : seeds_read(p2p, err);
    return code;
}

int p2p_open(struct p2p **ret_p2p, const struct p2p_options *options, struct err *err)
{
    sanad_assert(options->params && options->tree && header_tree_count(options->tree) > 0);
    struct p2p *p2p = mem_zalloc(1, sizeof *p2p);
    p2p->options = *options;
    p2p->params = options->params;
    p2p->network = p2p_network_of(options->params->id);
    p2p->tree = options->tree;
    p2p->filters = options->filters;
    p2p->lock_fd = p2p->headers_fd = p2p->agreed_fd = p2p->candidate.fd = -1;
    (void)snprintf(p2p->folder, sizeof p2p->folder, "%s", options->folder);
    bool good = u256_from_hex(&p2p->min_work, p2p->network->min_work);
    sanad_assert(good);
    if (options->min_work)
        p2p->min_work = *options->min_work;
    int code = open_files(p2p, err);
    if (code == 0) {
        numbers_set(p2p);
        code = net_start(p2p, err);
    }
    if (code < 0) {
        release(p2p);
        return code;
    }
    *ret_p2p = p2p;
    return 0;
}

void p2p_close(struct p2p *p2p)
{
    if (!p2p)
        return;
    net_stop(p2p);
    (void)known_save_peers(&p2p->known, NULL); /* next time they are found anew */
    release(p2p);
}

/* ---- calls
 * --------------------------------------------------------------------------------------------- */

uint32_t p2p_best(const struct p2p *p2p)
{
    return p2p->best;
}

bool p2p_has_news(struct p2p *p2p)
{
    (void)pthread_mutex_lock(&p2p->lock);
    bool news = p2p->news;
    (void)pthread_mutex_unlock(&p2p->lock);
    return news;
}

enum { COMMIT_SECONDS = 2 };

/* Filters that came are made durable every few seconds, while more come. */
static void wait_and_commit(struct p2p *p2p)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail with this clock */
    until.tv_sec += COMMIT_SECONDS;
    if (pthread_cond_timedwait(&p2p->changed, &p2p->lock, &until) == 0)
        return;
    (void)pthread_mutex_unlock(&p2p->lock);
    (void)filters_commit(p2p->filters, NULL); /* what is wrong is told by the commit at the end */
    (void)pthread_mutex_lock(&p2p->lock);
}

/* With the lock held: the thread works until the task ends. */
static int task_run(struct p2p *p2p, enum task task, struct err *err)
{
    sanad_assert(p2p->task == TASK_NONE);
    p2p->task = task;
    p2p->task_done = false;
    p2p->task_code = 0;
    p2p->task_err = (struct err){0};
    p2p->task_since_ms = p2p->progress_ms = clock_ms();
    net_wake(p2p);
    while (!p2p->task_done && task != TASK_FILTERS)
        (void)pthread_cond_wait(&p2p->changed, &p2p->lock);
    while (!p2p->task_done)
        wait_and_commit(p2p);
    p2p->task = TASK_NONE;
    if (p2p->task_code < 0 && err)
        *err = p2p->task_err;
    return p2p->task_code;
}

int p2p_sync_headers(struct p2p *p2p, struct err *err)
{
    (void)pthread_mutex_lock(&p2p->lock);
    headers_begin(p2p);
    int code = task_run(p2p, TASK_HEADERS, err);
    (void)pthread_mutex_unlock(&p2p->lock);
    return code;
}

int p2p_sync_filter_headers(struct p2p *p2p, uint32_t tip, struct err *err)
{
    (void)pthread_mutex_lock(&p2p->lock);
    agree_begin(p2p, tip);
    int code = task_run(p2p, TASK_AGREE, err);
    judge_end(p2p);
    (void)pthread_mutex_unlock(&p2p->lock);
    return code;
}

bool p2p_filter_header(struct p2p *p2p, struct hash256 *ret_header, uint32_t height)
{
    (void)pthread_mutex_lock(&p2p->lock);
    bool found = agree_read(p2p, ret_header, height, NULL) == 0;
    (void)pthread_mutex_unlock(&p2p->lock);
    return found;
}

int p2p_sync_filters(struct p2p *p2p, uint32_t from_height, uint32_t to_height,
                     struct progress *progress, struct err *err)
{
    struct err commit_err = {0};
    sanad_assert(p2p->filters && from_height <= to_height);
    (void)pthread_mutex_lock(&p2p->lock);
    p2p->filter_progress = progress;
    int code = ranges_begin(p2p, from_height, to_height, err);
    bool any = code == 0 && p2p->range_count > 0;
    if (any)
        code = task_run(p2p, TASK_FILTERS, err);
    ranges_end(p2p);
    p2p->filter_progress = NULL;
    (void)pthread_mutex_unlock(&p2p->lock);
    /* What came is kept, also where not all came. */
    int committed = any ? filters_commit(p2p->filters, &commit_err) : 0;
    if (code == 0 && committed < 0 && err)
        *err = commit_err;
    return code < 0 ? code : committed;
}

int p2p_block(struct p2p *p2p, struct buf *ret_raw, uint32_t node, struct err *err)
{
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct want want = {.node = node, .ret_raw = &raw};
    (void)pthread_mutex_lock(&p2p->lock);
    blocks_add(p2p, &want);
    net_wake(p2p);
    while (!want.done)
        (void)pthread_cond_wait(&p2p->changed, &p2p->lock);
    (void)pthread_mutex_unlock(&p2p->lock);
    buf_reset(ret_raw);
    buf_add(ret_raw, buf_bytes(&raw));
    buf_free(&raw);
    if (want.code < 0 && err)
        *err = want.err;
    return want.code;
}

void p2p_report_get(struct p2p_report *ret_report, struct p2p *p2p)
{
    (void)pthread_mutex_lock(&p2p->lock);
    p2p->report.ready = net_ready(p2p);
    *ret_report = p2p->report;
    (void)pthread_mutex_unlock(&p2p->lock);
}
