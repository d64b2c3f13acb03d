/* The way to a node: its address, who we say that we are, and a bounded number of connections
 * that are kept. Passwords stand in no error text. */
#include "source/source_priv.h"

#include <stdlib.h>

enum { COOKIE_SIZE_MAX = 1024, CREDENTIALS_MAX = 512, PORT_MAX = 65535 };

/* ---- the address --------------------------------------------------------------------------------
 */

/* As Core has them. */
static unsigned default_port(const struct chain_params *params)
{
    switch (params->id) {
    case CHAIN_MAIN:
        return 8332;
    case CHAIN_TESTNET4:
        return 48332;
    case CHAIN_SIGNET:
        return 38332;
    case CHAIN_REGTEST:
    case CHAIN_COUNT:
        break;
    }
    return 18443;
}

static int credentials_set(struct rpc_node *node, const char *text, size_t size, const char *where,
                           struct err *err)
{
    const char *colon = memchr(text, ':', size);
    if (!colon || colon == text || size > CREDENTIALS_MAX)
        return err_set(err, SANAD_REFUSED, "%s: not of the form USER:PASSWORD", where);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20)
            return err_set(err, SANAD_REFUSED, "%s: has control characters", where);
    free(node->credentials);
    node->credentials = mem_alloc(size + 1);
    memcpy(node->credentials, text, size);
    node->credentials[size] = 0;
    node->epoch++;
    return 0;
}

/* Whether a host and perhaps a port stand there; *ret_port: it has a port. */
static bool host_ok(bool *ret_port, const char *host)
{
    const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
    const char *colon = strchr(end ? end : host, ':');
    uint64_t port;
    if (host[0] == '[' && !end)
        return false;
    *ret_port = colon != NULL;
    if (colon == host || host[0] == 0 || (end && end[1] != 0 && end[1] != ':'))
        return false;
    return !colon || (number_parse(&port, colon + 1, strlen(colon + 1), PORT_MAX) && port > 0);
}

/* "http://HOST:PORT", "https://...", "HOST:PORT", "HOST"; each with "USER:PASSWORD@" before the
 * host if need be. A path, as a proxy may want it, is taken with a scheme only. */
static int address_parse(struct rpc_node *node, const char *rest, const struct chain_params *params,
                         struct err *err)
{
    static const char form[] = "source rpc: not of the form rpc:http://HOST:PORT or rpc:HOST:PORT";
    const char *scheme = strncmp(rest, "https://", 8) == 0 ? "https://" : "http://";
    bool given = strncmp(rest, scheme, strlen(scheme)) == 0;
    const char *at = given ? rest + strlen(scheme) : rest;
    const char *slash = strchr(at, '/');
    const char *user_end = NULL;
    char host[HTTP_URL_MAX];
    bool has_port;
    for (const char *c = at; *c && c != slash; c++)
        if (*c == '@')
            user_end = c;
    if (user_end) {
        int code =
            credentials_set(node, at, (size_t)(user_end - at), "what stands before the @", err);
        if (code)
            return err_wrap(err, "source rpc");
        at = user_end + 1;
    }
    size_t size = slash ? (size_t)(slash - at) : strlen(at);
    if (size >= sizeof host - 64 || (slash && !given))
        return err_set(err, SANAD_USAGE, "%s", form);
    (void)snprintf(host, sizeof host, "%.*s", (int)size, at);
    if (!host_ok(&has_port, host))
        return err_set(err, SANAD_USAGE, "%s", form);
    struct buf url = buf_with_max(HTTP_URL_MAX - 64); /* a path of REST comes behind */
    buf_format(&url, "%s%s", scheme, host);
    if (!has_port && !given)
        buf_format(&url, ":%u", default_port(params));
    if (slash)
        buf_text(&url, slash);
    while (url.size > 0 && url.data[url.size - 1] == '/')
        url.size--;
    int code = url.bad ? err_set(err, SANAD_USAGE, "source rpc: the address is too long")
                       : http_url_check(buf_cstr(&url), err);
    if (code == 0)
        (void)snprintf(node->url, sizeof node->url, "%s", buf_cstr(&url));
    buf_free(&url);
    return code;
}

/* ---- credentials ----------------------------------------------------------------------------- */

static int cookie_read(struct rpc_node *node, struct err *err)
{
    struct buf raw;
    int code = file_read(&raw, node->cookie_path, COOKIE_SIZE_MAX, err);
    if (code)
        return code;
    size_t size = raw.size;
    while (size > 0 && (raw.data[size - 1] == '\n' || raw.data[size - 1] == '\r'))
        size--;
    bool same = node->credentials && strlen(node->credentials) == size &&
                memcmp(node->credentials, raw.data, size) == 0;
    if (!same)
        code = credentials_set(node, (const char *)raw.data, size, node->cookie_path, err);
    explicit_bzero(raw.data, raw.size);
    buf_free(&raw);
    return code;
}

bool rpc_credentials_renew(struct rpc_node *node, unsigned used)
{
    (void)pthread_mutex_lock(&node->lock);
    /* A node makes a new cookie each time it starts. */
    if (node->epoch == used && node->from_cookie)
        (void)cookie_read(node, NULL); /* not there: nothing new */
    bool newer = node->epoch != used;
    (void)pthread_mutex_unlock(&node->lock);
    return newer;
}

int rpc_node_init(struct rpc_node *node, const char *rest, const struct source_options *options,
                  struct err *err)
{
    *node = (struct rpc_node){
        .wait_ms = options->wait_ms ? options->wait_ms : SOURCE_WAIT_MS,
        .timeout_ms = options->timeout_ms ? options->timeout_ms : SOURCE_TIMEOUT_MS,
        .say = options->say,
        .say_context = options->say_context,
    };
    int code = pthread_mutex_init(&node->lock, NULL);
    code |= pthread_cond_init(&node->room, NULL);
    sanad_assert(code == 0);
    code = address_parse(node, rest, options->params, err);
    if (code || node->credentials)
        return code;
    if (options->rpc_credentials)
        return credentials_set(node, options->rpc_credentials, strlen(options->rpc_credentials),
                               "SANAD_RPC_AUTH", err);
    if (!options->rpc_cookie)
        return 0;
    if (strlen(options->rpc_cookie) >= PATH_SIZE)
        return err_set(err, SANAD_IO, "%.200s: path too long", options->rpc_cookie);
    (void)snprintf(node->cookie_path, sizeof node->cookie_path, "%s", options->rpc_cookie);
    node->from_cookie = true;
    return cookie_read(node, err);
}

/* ---- connections ------------------------------------------------------------------------------
 */

void rpc_node_release(struct rpc_node *node)
{
    while (node->links) {
        struct rpc_link *link = node->links;
        node->links = link->next;
        http_client_free(link->client);
        free(link);
    }
    if (node->credentials)
        explicit_bzero(node->credentials, strlen(node->credentials));
    free(node->credentials);
    (void)pthread_mutex_destroy(&node->lock);
    (void)pthread_cond_destroy(&node->room);
}

struct rpc_link *rpc_link_take(struct rpc_node *node)
{
    (void)pthread_mutex_lock(&node->lock);
    while (!node->links && node->link_count == RPC_LINK_MAX)
        (void)pthread_cond_wait(&node->room, &node->lock);
    struct rpc_link *link = node->links;
    if (link) {
        node->links = link->next;
    } else {
        link = mem_zalloc(1, sizeof *link);
        link->client = http_client_new();
        link->epoch = node->epoch - 1; /* anything else */
        node->link_count++;
    }
    if (link->epoch != node->epoch) {
        http_client_set(link->client,
                        &(struct http_client_options){.credentials = node->credentials,
                                                      .body_type = "application/json",
                                                      .direct = true});
        link->epoch = node->epoch;
    }
    (void)pthread_mutex_unlock(&node->lock);
    return link;
}

void rpc_link_put(struct rpc_node *node, struct rpc_link *link)
{
    (void)pthread_mutex_lock(&node->lock);
    link->next = node->links;
    node->links = link;
    (void)pthread_cond_signal(&node->room);
    (void)pthread_mutex_unlock(&node->lock);
}
