/* Proves: what is too large, too slow, malformed or not plain is refused; pipelined and many idle
 * connections are served in turn with bounded memory; files are served and nothing beside them. */
#include "support.h"
#include "http/http_priv.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BODY_MAX = 4096 };

struct place {
    struct http_server *server;
    char folder[PATH_SIZE];
    _Atomic unsigned handled;
};

/* Tells what it was asked. */
static void handle(void *context, const struct http_request *request, struct http_answer *ret)
{
    struct place *place = context;
    place->handled++;
    if (strncmp(request->path, "/files/", 7) == 0) {
        http_answer_file(ret, place->folder, request->path + 6);
        return;
    }
    *ret = (struct http_answer){.status = 200, .type = "text/plain"};
    ret->body = buf_with_max(BODY_MAX * 4);
    buf_format(&ret->body, "%s %s [%s] %zu bytes\n", request->method, request->path,
               request->query ? request->query : "-", request->body.size);
}

static void place_open(struct place *place, unsigned connection_max, unsigned seconds)
{
    struct err err = {0};
    *place = (struct place){.handled = 0};
    const struct http_server_options options = {.listen = "127.0.0.1:0",
                                                .handle = handle,
                                                .context = place,
                                                .body_max = BODY_MAX,
                                                .connection_max = connection_max,
                                                .thread_count = 2,
                                                .seconds = seconds};
    test_folder_make(place->folder);
    test_ok(http_server_start(&place->server, &options, &err), &err);
    assert_int_not_equal(http_server_port(place->server), 0);
}

static void place_close(struct place *place)
{
    http_server_stop(place->server);
    test_folder_remove(place->folder);
}

static int dial(const struct place *place)
{
    const struct timeval patience = {.tv_sec = 20};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(place->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* May fail where the server has closed already. */
static bool say(int fd, const char *text)
{
    size_t size = strlen(text);
    return send(fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* All that comes until the other side closes. */
static struct buf hear(int fd)
{
    struct buf buf = buf_with_max(1 << 20);
    char step[4096];
    ssize_t got;
    while ((got = recv(fd, step, sizeof step, 0)) > 0)
        buf_add(&buf, bytes_of(step, (size_t)got));
    (void)close(fd);
    return buf;
}

/* The whole answer to one request; the caller frees. */
static struct buf ask(const struct place *place, const char *request)
{
    int fd = dial(place);
    (void)say(fd, request); /* what it answers is what counts */
    return hear(fd);
}

static void answers(const struct place *place, const char *request, const char *part)
{
    struct buf answer = ask(place, request);
    if (!strstr(buf_cstr(&answer), part))
        fail_msg("asked: %s\nheard: %s\nwanted: %s", request, buf_cstr(&answer), part);
    buf_free(&answer);
}

#define REST " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static void what_was_asked_arrives(void **state)
{
    struct place place;
    (void)state;
    place_open(&place, 0, 0);
    answers(&place, "GET /a/b?x=%2e&y" REST, "GET /a/b [x=%2e&y] 0 bytes");
    answers(&place, "GET /" REST, "GET / [-] 0 bytes");
    answers(&place,
            "POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabcde",
            "POST /a [-] 5 bytes");
    answers(&place,
            "POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
            "POST /a [-] 7 bytes");
    answers(&place, "HEAD /a" REST, "200 OK");
    place_close(&place);
}

static void paths_mean_only_themselves(void **state)
{
    static const char *const bad[] = {"/..",   "/../a",     "/a/../b", "/a/..", "/./a",  "//a",
                                      "/a//b", "/%2e%2e/a", "/a%2fb",  "/a%00", "/a\\b", "/a/.",
                                      "/\x7f", "/\xc3\xa9", "*",       "a",     "/<a>",  "/a\"b"};
    static const char *const good[] = {"/", "/a", "/a/", "/a.b/..c", "/...", "/a/b.p/1", "/~a+b:c"};
    struct place place;
    (void)state;
    for (size_t i = 0; i < countof(bad); i++)
        assert_false(http_path_ok(bad[i]));
    for (size_t i = 0; i < countof(good); i++)
        assert_true(http_path_ok(good[i]));
    place_open(&place, 0, 0);
    for (size_t i = 0; i < countof(bad); i++) {
        char request[256];
        (void)snprintf(request, sizeof request, "GET %s" REST, bad[i]);
        struct buf answer = ask(&place, request);
        assert_null(strstr(buf_cstr(&answer), "200 OK"));
        buf_free(&answer);
    }
    assert_int_equal(place.handled, 0);
    place_close(&place);
}

static void what_is_too_large_is_refused(void **state)
{
    struct place place;
    struct buf request = buf_with_max(1 << 20);
    (void)state;
    place_open(&place, 0, 0);
    answers(&place,
            "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4097\r\n\r\n",
            " 413 ");
    answers(
        &place,
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 99999999999999\r\n\r\n",
        " 413 ");
    buf_text(&request, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        buf_text(&request, "100\r\n");
        memset(buf_extend(&request, 256), 'a', 256);
        buf_text(&request, "\r\n");
    }
    struct buf answer = ask(&place, buf_cstr(&request)); /* closed without a word, or refused */
    assert_null(strstr(buf_cstr(&answer), "200 OK"));
    buf_free(&answer);
    buf_reset(&request);
    buf_text(&request, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
    memset(buf_extend(&request, HTTP_HEADER_MAX), 'a', HTTP_HEADER_MAX);
    buf_text(&request, "\r\n\r\n");
    answer = ask(&place, buf_cstr(&request));
    assert_null(strstr(buf_cstr(&answer), "200 OK"));
    buf_free(&answer);
    buf_free(&request);
    assert_int_equal(place.handled, 0);
    answers(&place, "GET /" REST, "200 OK");
    place_close(&place);
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const bad[] = {
        "\r\n\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", /* no host */
        "PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0x5\r\n\r\nabcde",
        ("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
         "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "\x16\x03\x01\x02\x01\x01\xfc\x03\x03",
    };
    struct place place;
    (void)state;
    place_open(&place, 0, 2);
    for (size_t i = 0; i < countof(bad); i++) {
        int fd = dial(&place);
        (void)say(fd, bad[i]);
        (void)shutdown(fd, SHUT_WR);
        struct buf answer = hear(fd);
        assert_null(strstr(buf_cstr(&answer), "200 OK"));
        buf_free(&answer);
    }
    assert_int_equal(place.handled, 0);
    answers(&place, "GET /" REST, "200 OK");
    place_close(&place);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct place place;
    (void)state;
    place_open(&place, 0, 0);
    int fd = dial(&place);
    assert_true(say(fd, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\n"
                        "Content-Length: 3\r\n\r\nabcGET /3" REST));
    struct buf answer = hear(fd);
    const char *first = strstr(buf_cstr(&answer), "GET /1 [-] 0 bytes");
    assert_non_null(first);
    const char *second = strstr(first, "POST /2 [-] 3 bytes");
    assert_non_null(second);
    assert_non_null(strstr(second, "GET /3 [-] 0 bytes"));
    buf_free(&answer);
    place_close(&place);
}

/* Feeds a byte now and then until the other side closes; returns what it then heard. */
static struct buf trickle(int fd, const char *text)
{
    for (size_t i = 0;; i = text[i + 1] ? i + 1 : i) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, 50) > 0 || send(fd, text + i, 1, MSG_NOSIGNAL) != 1)
            return hear(fd);
    }
}

static void who_trickles_is_closed(void **state)
{
    static const char *const slow[] = {
        "GET / HTTP/1.1\r\nHost: h\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaa",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    struct place place;
    (void)state;
    place_open(&place, 0, 1);
    for (size_t i = 0; i < countof(slow); i++) {
        struct timespec before, after;
        (void)clock_gettime(CLOCK_MONOTONIC, &before);
        struct buf answer = trickle(dial(&place), slow[i]);
        (void)clock_gettime(CLOCK_MONOTONIC, &after);
        assert_null(strstr(buf_cstr(&answer), "200 OK"));
        assert_true(after.tv_sec - before.tv_sec < 15); /* far from what the bytes would take */
        buf_free(&answer);
    }
    assert_int_equal(place.handled, 0);
    place_close(&place);
}

static long resident_pages(void)
{
    struct buf text;
    uint64_t pages = 0;
    struct err err = {0};
    test_ok(file_read(&text, "/proc/self/statm", 4096, &err), &err);
    const char *at = strchr(buf_cstr(&text), ' ');
    assert_non_null(at);
    assert_true(number_parse(&pages, at + 1, strspn(at + 1, "0123456789"), INT32_MAX));
    buf_free(&text);
    return (long)pages;
}

static void idle_connections_are_bounded_and_others_served(void **state)
{
    enum { IDLE = 300, ALLOWED = 64 };
    int sockets[IDLE];
    struct place place;
    (void)state;
    place_open(&place, ALLOWED, 1);
    answers(&place, "GET /" REST, "200 OK");
    long before = resident_pages();
    for (int i = 0; i < IDLE; i++)
        sockets[i] = dial(&place);
    for (int i = 0; i < IDLE; i++)
        (void)say(sockets[i], "GET / HTTP/1.1\r\nHost:");
    assert_true(http_server_connections(place.server) <= ALLOWED);
    answers(&place, "GET /late" REST, "GET /late"); /* once those before it have timed out */
    assert_true(http_server_connections(place.server) <= ALLOWED);
    assert_true((resident_pages() - before) * sysconf(_SC_PAGESIZE) < 64 << 20);
    for (int i = 0; i < IDLE; i++)
        (void)close(sockets[i]);
    place_close(&place);
}

static void put(const struct place *place, const char *name, const char *text)
{
    char path[PATH_SIZE];
    struct err err = {0};
    test_ok(path_join(path, place->folder, name, &err), &err);
    test_ok(file_write(path, bytes_of_text(text), &err), &err);
}

static void files_are_served_and_nothing_beside_them(void **state)
{
    struct place place;
    char path[PATH_SIZE];
    struct err err = {0};
    (void)state;
    place_open(&place, 0, 0);
    test_ok(path_join(path, place.folder, "tile/0", &err), &err);
    test_ok(folder_make(path, &err), &err);
    put(&place, "checkpoint", "origin\n");
    put(&place, "tile/0/000", "hashes");
    put(&place, ".hidden", "secret");
    test_ok(path_join(path, place.folder, "link", &err), &err);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    test_ok(path_join(path, place.folder, "linked", &err), &err);
    assert_int_equal(symlink("tile", path), 0);
    test_ok(path_join(path, place.folder, "pipe", &err), &err);
    assert_int_equal(mkfifo(path, 0600), 0);
    answers(&place, "GET /files/checkpoint" REST, "\r\n\r\norigin\n");
    answers(&place, "GET /files/checkpoint" REST, "text/plain; charset=utf-8");
    answers(&place, "GET /files/tile/0/000" REST, "immutable");
    answers(&place, "GET /files/tile/0/000" REST, "application/octet-stream");
    answers(&place, "HEAD /files/tile/0/000" REST, "Content-Length: 6");
    static const char *const absent[] = {
        "none",         "",     "tile",        "tile/",       ".hidden", "link",
        "linked/0/000", "pipe", "tile/0/000/", "checkpoint/x"};
    for (size_t i = 0; i < countof(absent); i++) {
        char request[256];
        (void)snprintf(request, sizeof request, "GET /files/%s" REST, absent[i]);
        answers(&place, request, " 404 ");
    }
    place_close(&place);
}

static void an_address_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"",           "1.2.3.4",     ":80",   "h:99999",     "::1:80",
                                      "127.0.0.1:", "127.0.0.1:x", "[::1]", "127.0.0.1:-1"};
    struct place place;
    struct http_server *server = NULL;
    struct err err = {0};
    char taken[32];
    (void)state;
    struct http_server_options options = {.handle = handle, .body_max = 1};
    for (size_t i = 0; i < countof(bad); i++) {
        options.listen = bad[i];
        test_refused(http_server_start(&server, &options, &err), SANAD_USAGE, &err, bad[i]);
    }
    place_open(&place, 0, 0);
    (void)snprintf(taken, sizeof taken, "127.0.0.1:%u", http_server_port(place.server));
    options.listen = taken;
    test_refused(http_server_start(&server, &options, &err), SANAD_ENVIRONMENT, &err, "in use");
    place_close(&place);
    assert_null(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_arrives),
        cmocka_unit_test(paths_mean_only_themselves),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(who_trickles_is_closed),
        cmocka_unit_test(idle_connections_are_bounded_and_others_served),
        cmocka_unit_test(files_are_served_and_nothing_beside_them),
        cmocka_unit_test(an_address_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
