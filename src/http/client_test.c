/* Proves: the client takes what a server gives within its limits, and nothing else: no larger or
 * later answer, no redirect, no address of another kind. */
#include "support.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct http_limits limits = {.size_max = 1000, .connect_ms = 5000, .total_ms = 10000};

static void handle(void *context, const struct http_request *request, struct http_answer *ret)
{
    (void)context;
    *ret = (struct http_answer){.status = 200, .type = "text/x.echo"};
    ret->body = buf_with_max(100000);
    if (strcmp(request->path, "/large") == 0)
        memset(buf_extend(&ret->body, 1001), 'a', 1001);
    else if (strcmp(request->path, "/full") == 0)
        memset(buf_extend(&ret->body, 1000), 'a', 1000);
    else if (strcmp(request->path, "/moved") == 0)
        ret->status = 302;
    else if (strcmp(request->path, "/conflict") == 0)
        ret->status = 409;
    else
        buf_add(&ret->body, request->body);
}

static uint16_t serve(struct http_server **ret_server)
{
    struct err err = {0};
    const struct http_server_options options = {
        .listen = "127.0.0.1:0", .handle = handle, .body_max = 4096, .thread_count = 1};
    test_ok(http_server_start(ret_server, &options, &err), &err);
    return http_server_port(*ret_server);
}

static const char *url_of(char ret_url[128], uint16_t port, const char *path)
{
    (void)snprintf(ret_url, 128, "http://127.0.0.1:%u%s", port, path);
    return ret_url;
}

static void answers_within_limits_are_taken(void **state)
{
    struct http_server *server;
    struct http_response response;
    struct err err = {0};
    char url[128];
    uint16_t port = serve(&server);
    struct http_client *client = http_client_new();
    (void)state;
    url_of(url, port, "/");
    test_ok(http_post(client, &response, url, bytes_of_text("hello"), &limits, &err), &err);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.type, "text/x.echo");
    assert_string_equal(buf_cstr(&response.body), "hello");
    buf_free(&response.body);
    test_ok(http_post(client, &response, url, bytes_of(NULL, 0), &limits, &err), &err);
    assert_int_equal(response.body.size, 0);
    buf_free(&response.body);
    test_ok(http_get(client, &response, url_of(url, port, "/full"), &limits, &err), &err);
    assert_int_equal(response.body.size, 1000);
    buf_free(&response.body);
    test_ok(http_get(client, &response, url_of(url, port, "/conflict"), &limits, &err), &err);
    assert_int_equal(response.status, 409);
    buf_free(&response.body);
    http_client_free(client);
    http_server_stop(server);
}

static void what_is_larger_or_elsewhere_is_refused(void **state)
{
    struct http_server *server;
    struct http_response response;
    struct err err = {0};
    char url[128];
    uint16_t port = serve(&server);
    struct http_client *client = http_client_new();
    (void)state;
    test_refused(http_get(client, &response, url_of(url, port, "/large"), &limits, &err),
                 SANAD_REFUSED, &err, "over 1000 bytes");
    test_refused(http_get(client, &response, url_of(url, port, "/moved"), &limits, &err),
                 SANAD_REFUSED, &err, "redirects");
    http_server_stop(server);
    test_refused(http_get(client, &response, url_of(url, port, "/"), &limits, &err), SANAD_IO, &err,
                 "127.0.0.1");
    http_client_free(client);
}

static void addresses_of_another_kind_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "file:///etc/passwd",
                                      "ftp://h/",
                                      "HTTP://h/",
                                      "http://",
                                      "http:///a",
                                      "http://:80/",
                                      "http://user@h/",
                                      "http://user:secret@h/",
                                      "http://h/a b",
                                      "http://h/a\r\nX: y",
                                      "http://h/a#b",
                                      "http://h/\xc3\xa9"};
    struct http_client *client = http_client_new();
    struct http_response response;
    struct err err = {0};
    char joined[HTTP_URL_MAX];
    char *longest = mem_zalloc(HTTP_URL_MAX + 8, 1);
    (void)state;
    for (size_t i = 0; i < countof(bad); i++)
        test_refused(http_get(client, &response, bad[i], &limits, &err), SANAD_REFUSED, &err, "");
    (void)snprintf(longest, 16, "http://h/");
    memset(longest + 9, 'a', HTTP_URL_MAX - 9);
    test_refused(http_url_check(longest, &err), SANAD_REFUSED, &err, "too long");
    test_refused(http_url_join(joined, longest, "b", &err), SANAD_REFUSED, &err, "too long");
    test_ok(http_url_join(joined, "http://h", "b/c", &err), &err);
    assert_string_equal(joined, "http://h/b/c");
    test_ok(http_url_join(joined, "https://h/p/", "b", &err), &err);
    assert_string_equal(joined, "https://h/p/b");
    free(longest);
    http_client_free(client);
}

/* A server of its own kind: sends `text` once asked, then one byte after another. */
struct odd {
    int fd;
    uint16_t port;
    const char *text;
    bool trickle;
    pthread_t thread;
};

static void *odd_run(void *context)
{
    struct odd *odd = context;
    char request[4096];
    int fd = accept(odd->fd, NULL, NULL);
    assert_true(recv(fd, request, sizeof request, 0) > 0);
    (void)send(fd, odd->text, strlen(odd->text), MSG_NOSIGNAL);
    while (odd->trickle && send(fd, "a", 1, MSG_NOSIGNAL) == 1)
        (void)usleep(20000);
    (void)close(fd);
    return NULL;
}

static void odd_start(struct odd *odd, const char *text, bool trickle)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *odd = (struct odd){.text = text, .trickle = trickle};
    odd->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(odd->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(odd->fd, 4), 0);
    assert_int_equal(getsockname(odd->fd, (struct sockaddr *)&address, &size), 0);
    odd->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&odd->thread, NULL, odd_run, odd), 0);
}

static void odd_ask(const char *text, bool trickle, int expected, const char *part)
{
    const struct http_limits quick = {.size_max = 100000, .connect_ms = 1000, .total_ms = 500};
    struct odd odd;
    struct http_response response;
    struct err err = {0};
    char url[128];
    struct http_client *client = http_client_new();
    odd_start(&odd, text, trickle);
    test_refused(http_get(client, &response, url_of(url, odd.port, "/"), &quick, &err), expected,
                 &err, part);
    http_client_free(client);
    (void)pthread_join(odd.thread, NULL);
    (void)close(odd.fd);
}

static void servers_that_lie_or_linger_cost_a_time(void **state)
{
    (void)state;
    odd_ask("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n", true, SANAD_IO, "");
    odd_ask("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\nabc", false, SANAD_IO, "");
    odd_ask("", true, SANAD_IO, "");
    odd_ask("", false, SANAD_IO, "");
    odd_ask("nonsense\r\n\r\n", false, SANAD_IO, "");
    odd_ask("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc", false, SANAD_REFUSED,
            "over");
    odd_ask("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip", false, SANAD_IO, "");
    odd_ask("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", false, SANAD_REFUSED,
            "redirects");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_within_limits_are_taken),
        cmocka_unit_test(what_is_larger_or_elsewhere_is_refused),
        cmocka_unit_test(addresses_of_another_kind_are_refused),
        cmocka_unit_test(servers_that_lie_or_linger_cost_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
