/* An honest network: all comes and is kept, a restart asks for nothing again, a chain that grows
 * or is reorganised is followed, and filters made here equal those of another encoder.
 * ctest-label: threads */
#include "p2p/p2p_test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void test_sync(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, 250);
    for (int i = 0; i < 4; i++)
        (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_blocks(&stage, 17);
    struct p2p_report report;
    p2p_report_get(&report, stage.p2p);
    assert_int_equal(report.agreed, 4);
    assert_int_equal(report.wanted, 3);
    assert_int_equal(report.banned, 0);
    stage_close(&stage);
}

static void test_kept(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, 120);
    struct toypeer *peer = stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    unsigned headers = toypeer_headers_sent(peer);
    unsigned filters = toypeer_filters_sent(peer);
    assert_int_equal(headers, 119);
    assert_int_equal(filters, 120);
    stage_client_end(&stage);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    assert_int_equal(toypeer_headers_sent(peer), headers);
    assert_int_equal(toypeer_filters_sent(peer), filters);
    stage_close(&stage);
}

/* Longer than a message of headers and than one of filter headers. */
static void test_long(void **state)
{
    struct stage stage;
    (void)state;
    stage = (struct stage){.peer_count = 0};
    struct toychain toy;
    toy_init(&toy, 3);
    uint32_t tip = 0;
    for (int i = 0; i < 4050; i++)
        tip = toy_mine(&toy, tip, (struct toy_options){.pay = toy.scripts[0]});
    toyworld_of_toy(&stage.world, &toy, tip);
    toy_free(&toy);
    test_folder_make(stage.folder);
    for (int i = 0; i < 3; i++)
        (void)stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_close(&stage);
}

static void test_reorganisation(void **state)
{
    struct stage stage;
    struct toychain toy;
    struct toyworld first;
    struct toyworld second;
    (void)state;
    stage_open(&stage, 2);
    toyworld_free(&stage.world);
    toy_init(&toy, 11);
    uint32_t base = toy_grow(&toy, 0, 60, 3);
    uint32_t a = toy_grow(&toy, base, 5, 3);
    uint32_t b = toy_grow(&toy, base, 9, 3);
    toyworld_of_toy(&first, &toy, a);
    toyworld_of_toy(&second, &toy, b);
    stage.world = first;
    struct toypeer *peers[3];
    for (int i = 0; i < 3; i++)
        peers[i] = stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    for (int i = 0; i < 3; i++)
        toypeer_world(peers[i], &second);
    stage.world = second;
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_client_end(&stage);
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_close(&stage);
    toyworld_free(&first);
    toy_free(&toy);
}

/* ---- a network that goes away and comes back ---------------------------------------------------
 */

struct later {
    struct toypeer_options options;
    struct toypeer *peer;
};

static void *later_main(void *context)
{
    struct later *later = context;
    struct timespec pause = {.tv_sec = 1, .tv_nsec = 500000000};
    (void)nanosleep(&pause, NULL);
    later->peer = toypeer_start(&later->options);
    return NULL;
}

static void test_comes_back(void **state)
{
    struct stage stage;
    pthread_t thread;
    (void)state;
    stage_open(&stage, 60);
    struct toypeer *peer = stage_peer(&stage, TOYPEER_NONE);
    stage_client(&stage);
    test_ok(p2p_sync_headers(stage.p2p, &stage.err), &stage.err);
    struct later later = {.options = {.world = &stage.world, .port = toypeer_port(peer)}};
    toypeer_stop(peer);
    assert_int_equal(pthread_create(&thread, NULL, later_main, &later), 0);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    (void)pthread_join(thread, NULL);
    stage.peers[0] = later.peer;
    stage_close(&stage);
}

/* ---- a proxy
 * ------------------------------------------------------------------------------------- */

struct proxy {
    int listener;
    uint16_t port;
    uint16_t to; /* where it connects, whatever name it is told */
    char name[64];
    pthread_t thread;
};

static int loopback_socket(uint16_t *port, bool listens)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(*port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (!listens) {
        assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
        return fd;
    }
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void read_exactly(int fd, uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = recv(fd, data + at, size - at, 0);
        assert_true(got > 0);
        at += (size_t)got;
    }
}

/* Bytes both ways until one side is done. */
static void relay(int a, int b)
{
    static uint8_t room[65536];
    for (;;) {
        struct pollfd fds[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0)
            return;
        for (int i = 0; i < 2; i++) {
            if (!fds[i].revents)
                continue;
            ssize_t got = recv(fds[i].fd, room, sizeof room, 0);
            if (got <= 0 || send(i == 0 ? b : a, room, (size_t)got, MSG_NOSIGNAL) != got)
                return;
        }
    }
}

/* RFC 1928, for one connection. */
static void *proxy_main(void *context)
{
    struct proxy *proxy = context;
    uint8_t raw[64];
    int client = accept(proxy->listener, NULL, NULL);
    read_exactly(client, raw, 3);
    assert_memory_equal(raw, "\5\1\0", 3);
    assert_int_equal(send(client, "\5\0", 2, 0), 2);
    read_exactly(client, raw, 5);
    assert_memory_equal(raw, "\5\1\0\3", 4);
    read_exactly(client, (uint8_t *)proxy->name, raw[4]);
    read_exactly(client, raw, 2);
    int node = loopback_socket(&proxy->to, false);
    assert_int_equal(send(client, "\5\0\0\1\0\0\0\0\0\0", 10, 0), 10);
    relay(client, node);
    (void)close(client);
    (void)close(node);
    return NULL;
}

/* A name that nobody can look up here is connected to all the same: the proxy was told it. */
static void test_proxy(void **state)
{
    struct stage stage;
    char address[32];
    struct proxy proxy = {.port = 0};
    (void)state;
    stage_open(&stage, 60);
    struct toypeer *peer = stage_peer(&stage, TOYPEER_NONE);
    proxy.to = toypeer_port(peer);
    proxy.listener = loopback_socket(&proxy.port, true);
    assert_int_equal(pthread_create(&proxy.thread, NULL, proxy_main, &proxy), 0);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", proxy.port);
    (void)snprintf(stage.list, sizeof stage.list, "node.invalid:18444");
    stage.proxy = address;
    stage_client(&stage);
    test_ok(stage_sync(&stage), &stage.err);
    stage_complete(&stage);
    stage_close(&stage);
    (void)pthread_join(proxy.thread, NULL);
    (void)close(proxy.listener);
    assert_string_equal(proxy.name, "node.invalid");
}

/* BIP158: the toy peers' filters come from an encoder of their own. */
static void test_encoders_agree(void **state)
{
    struct toyworld world;
    struct err err = {0};
    (void)state;
    stage_world(&world, 23, 80);
    for (uint32_t i = 0; i < world.count; i++) {
        struct arena arena = {0};
        struct block block;
        struct block_undo undo;
        struct buf filter = buf_with_max(BLOCK_SIZE_MAX);
        test_ok(block_parse(&block, world.blocks[i], &arena, &err), &err);
        bool has_undo = world.undos[i].size > 0;
        if (has_undo)
            test_ok(undo_parse(&undo, world.undos[i], &arena, &err), &err);
        test_ok(filter_build(&filter, &block, has_undo ? &undo : NULL, &err), &err);
        assert_true(bytes_equal(buf_bytes(&filter), world.filters[i]));
        buf_free(&filter);
        arena_free(&arena);
    }
    toyworld_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoders_agree), cmocka_unit_test(test_sync),
        cmocka_unit_test(test_kept),           cmocka_unit_test(test_long),
        cmocka_unit_test(test_reorganisation), cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
