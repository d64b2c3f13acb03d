/* The server: libmicrohttpd with a pool of threads, and around it what it does not have: a time
 * limit for whole requests, a ceiling for bodies, and paths that can only mean themselves. */
#include "http/http_priv.h"

#include <microhttpd.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REAP_MS = 200, BACKLOG = 1024, STACK_SIZE = 1 << 19 };

/* An open connection, in the server's list. */
struct link {
    struct link *before, *behind;
    int socket;
    int64_t since_ms; /* since it was opened or completed a request */
};
/* A request on its way. */
struct call {
    char *query; /* NULL: none */
    struct buf body;
    bool begun;
};
struct http_server {
    struct http_server_options options;
    struct MHD_Daemon *daemon;
    uint16_t port;
    pthread_t reaper;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    bool stopping;
    struct link *links;
    unsigned link_count;
};

/* ---- connections and their time ---------------------------------------------------------------
 */

static void link_open(struct http_server *server, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct link *link = mem_zalloc(1, sizeof *link);
    sanad_assert(info);
    link->socket = info->connect_fd;
    link->since_ms = clock_ms();
    (void)pthread_mutex_lock(&server->lock);
    link->behind = server->links;
    if (link->behind)
        link->behind->before = link;
    server->links = link;
    server->link_count++;
    (void)pthread_mutex_unlock(&server->lock);
    *context = link;
}

static void link_close(struct http_server *server, struct link *link)
{
    (void)pthread_mutex_lock(&server->lock);
    if (link->before)
        link->before->behind = link->behind;
    else
        server->links = link->behind;
    if (link->behind)
        link->behind->before = link->before;
    server->link_count--;
    (void)pthread_mutex_unlock(&server->lock);
    free(link);
}

/* Told before the socket is closed, so that its number can't be another connection's yet. */
static void on_connection(void *context, struct MHD_Connection *connection, void **link_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        link_open(server, connection, link_context);
    else if (*link_context)
        link_close(server, *link_context);
}

/* The library's own limit starts anew with every byte; this one does not. */
static void *reap(void *context)
{
    struct http_server *server = context;
    (void)pthread_mutex_lock(&server->lock);
    while (!server->stopping) {
        struct timespec until;
        int64_t limit = clock_ms() - (int64_t)server->options.seconds * 1000;
        for (struct link *link = server->links; link; link = link->behind)
            if (link->since_ms < limit)
                (void)shutdown(link->socket, SHUT_RDWR); /* its thread sees the end and closes */
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += REAP_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&server->wake, &server->lock, &until);
    }
    (void)pthread_mutex_unlock(&server->lock);
    return NULL;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **call_context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *server = context;
    struct call *call = *call_context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info && info->socket_context && code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        struct link *link = info->socket_context;
        (void)pthread_mutex_lock(&server->lock);
        link->since_ms = clock_ms();
        (void)pthread_mutex_unlock(&server->lock);
    }
    if (call) {
        free(call->query);
        buf_free(&call->body);
        free(call);
    }
    *call_context = NULL;
}

/* ---- requests ---------------------------------------------------------------------------------
 */

/* The whole target, before the library parts it. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct call *call = mem_zalloc(1, sizeof *call);
    const struct http_server *server = context;
    const char *query = strchr(target, '?');
    (void)connection;
    call->body = buf_with_max(server->options.body_max);
    if (query)
        call->query = mem_strdup(query + 1);
    return call;
}

/* Escapes stay as they are, and are refused with the path. */
static size_t on_unescape(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

bool http_path_ok(const char *path)
{
    size_t size = strlen(path);
    if (size > HTTP_PATH_MAX || path[0] != '/')
        return false;
    for (const char *at = path; *at; at++)
        if (*at <= 0x20 || *at >= 0x7f || strchr("%\\\"<>^`{|}", *at))
            return false;
    for (const char *at = path; at; at = strchr(at, '/')) {
        size_t part = strcspn(++at, "/");
        if ((part == 0 && at[part]) || (part == 1 && at[0] == '.') ||
            (part == 2 && at[0] == '.' && at[1] == '.'))
            return false;
    }
    return true;
}

static enum MHD_Result answer_send(struct MHD_Connection *connection, struct http_answer *answer)
{
    struct MHD_Response *response;
    enum MHD_Result result = MHD_NO;
    sanad_assert(answer->status >= 200 && answer->status < 600 && answer->type);
    if (answer->is_file)
        response = MHD_create_response_from_fd64(answer->file_size, answer->file);
    else
        response = MHD_create_response_from_buffer(answer->body.size, answer->body.data,
                                                   MHD_RESPMEM_MUST_COPY);
    buf_free(&answer->body);
    if (!response) {
        if (answer->is_file)
            (void)close(answer->file);
        return MHD_NO;
    }
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type) == MHD_YES &&
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
        (!answer->cache || MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                                   answer->cache) == MHD_YES) &&
        (answer->status != 405 ||
         MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST") == MHD_YES))
        result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *text)
{
    struct http_answer answer;
    http_answer_text(&answer, status, text);
    return answer_send(connection, &answer);
}

static const char *method_of(const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return "GET";
    return strcmp(method, "POST") == 0 ? "POST" : NULL;
}

/* What can be refused before the body is read is refused then. */
static enum MHD_Result call_begin(const struct http_server *server,
                                  struct MHD_Connection *connection, const char *method,
                                  const char *path)
{
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t size;
    if (!method_of(method))
        return refuse(connection, 405, "method not allowed");
    if (!http_path_ok(path))
        return refuse(connection, 400, "no such path can be");
    if (length && !number_parse(&size, length, strlen(length), INT64_MAX))
        return refuse(connection, 400, "content length");
    if (length && size > server->options.body_max)
        return refuse(connection, 413, "body too large");
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_size, void **call_context)
{
    struct http_server *server = context;
    struct call *call = *call_context;
    struct http_answer answer = {.status = 0};
    (void)version;
    if (!call)
        return MHD_NO;
    if (!call->begun) {
        call->begun = true;
        return call_begin(server, connection, method, path);
    }
    if (*data_size > 0) {
        buf_add(&call->body, bytes_of(data, *data_size));
        *data_size = 0;
        return call->body.bad ? MHD_NO : MHD_YES; /* chunks without end: nothing to say to that */
    }
    struct http_request request = {.method = method_of(method),
                                   .path = path,
                                   .query = call->query,
                                   .body = buf_bytes(&call->body)};
    server->options.handle(server->options.context, &request, &answer);
    return answer_send(connection, &answer);
}

/* ---- start and stop ---------------------------------------------------------------------------
 */

/* HOST:PORT in two; an IPv6 address stands in brackets. */
static bool listen_split(char host[256], char port[8], const char *text)
{
    const char *colon = strrchr(text, ':');
    uint64_t number;
    if (!colon || colon == text || !number_parse(&number, colon + 1, strlen(colon + 1), 65535))
        return false;
    size_t size = (size_t)(colon - text);
    bool bracketed = text[0] == '[' && size > 2 && text[size - 1] == ']';
    if (bracketed) {
        text++;
        size -= 2;
    }
    if (size >= 256 || (!bracketed && memchr(text, ':', size)))
        return false;
    memcpy(host, text, size);
    host[size] = 0;
    (void)snprintf(port, 8, "%u", (unsigned)number);
    return true;
}

static int listen_on(const struct addrinfo *address)
{
    int yes = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    (void)close(fd);
    errno = why;
    return -1;
}

static int listen_open(int *ret_fd, const char *text, struct err *err)
{
    char host[256];
    char port[8];
    struct addrinfo *list;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    if (!listen_split(host, port, text))
        return err_set(err, SANAD_USAGE, "%s: not HOST:PORT", text);
    int failed = getaddrinfo(host, port, &hints, &list);
    if (failed)
        return err_set(err, SANAD_USAGE, "%s: %s", text, gai_strerror(failed));
    int fd = -1;
    errno = EADDRNOTAVAIL;
    for (const struct addrinfo *at = list; at && fd < 0; at = at->ai_next)
        fd = listen_on(at);
    int why = errno;
    freeaddrinfo(list);
    if (fd < 0)
        return err_set(err, SANAD_ENVIRONMENT, "%s: listen: %s", text, strerror(why));
    *ret_fd = fd;
    return 0;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char port[8];
    uint64_t number = 0;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((struct sockaddr *)&address, size, NULL, 0, port, sizeof port,
                    NI_NUMERICSERV) != 0)
        return 0;
    (void)number_parse(&number, port, strlen(port), 65535); /* what the system says of itself */
    return (uint16_t)number;
}

static struct MHD_Daemon *daemon_start(struct http_server *server, int fd)
{
    const struct http_server_options *options = &server->options;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, options->connection_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEADER_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        options->seconds, MHD_OPTION_THREAD_POOL_SIZE,
        options->thread_count > 1 ? options->thread_count : 0, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)STACK_SIZE, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        server, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, server, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
}

static void defaults_fill(struct http_server_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (options->thread_count == 0)
        options->thread_count = processors > 0 ? (unsigned)processors : 1;
    if (options->thread_count > HTTP_THREAD_CEILING)
        options->thread_count = HTTP_THREAD_CEILING;
    if (options->connection_max == 0)
        options->connection_max = HTTP_CONNECTION_MAX;
    if (options->connection_max < options->thread_count)
        options->connection_max = options->thread_count;
    if (options->seconds == 0)
        options->seconds = HTTP_SECONDS;
    sanad_assert(options->connection_max <= HTTP_CONNECTION_CEILING);
    sanad_assert(options->body_max <= HTTP_BODY_CEILING);
}

static void server_free(struct http_server *server)
{
    (void)pthread_cond_destroy(&server->wake);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

int http_server_start(struct http_server **ret_server, const struct http_server_options *options,
                      struct err *err)
{
    int fd;
    pthread_condattr_t monotonic;
    int code = listen_open(&fd, options->listen, err);
    if (code)
        return code;
    struct http_server *server = mem_zalloc(1, sizeof *server);
    server->options = *options;
    defaults_fill(&server->options);
    server->port = port_of(fd);
    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&server->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    server->daemon = daemon_start(server, fd);
    if (!server->daemon) {
        (void)close(fd);
        server_free(server);
        return err_set(err, SANAD_ENVIRONMENT, "%s: the server does not start", options->listen);
    }
    if (pthread_create(&server->reaper, NULL, reap, server) != 0) {
        MHD_stop_daemon(server->daemon);
        server_free(server);
        return err_set(err, SANAD_ENVIRONMENT, "%s: no thread can be made", options->listen);
    }
    *ret_server = server;
    return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

unsigned http_server_connections(const struct http_server *server)
{
    /* The lock is not part of what the caller sees. */
    struct http_server *locked = (struct http_server *)(uintptr_t)server;
    (void)pthread_mutex_lock(&locked->lock);
    unsigned count = locked->link_count;
    (void)pthread_mutex_unlock(&locked->lock);
    return count;
}

void http_server_stop(struct http_server *server)
{
    if (!server)
        return;
    MHD_stop_daemon(server->daemon);
    (void)pthread_mutex_lock(&server->lock);
    server->stopping = true;
    (void)pthread_cond_signal(&server->wake);
    (void)pthread_mutex_unlock(&server->lock);
    (void)pthread_join(server->reaper, NULL);
    sanad_assert(server->link_count == 0);
    server_free(server);
}
