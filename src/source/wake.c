/* News of a node by ZMQ: its topic `sequence` names every block that is connected or
 * disconnected. Nothing is taken from it but that it is time to look. */
#include "source/source.h"

#include <stdlib.h>
#include <zmq.h>

enum { MESSAGE_MAX = 1024, QUEUE_MAX = 1000, PART_MAX = 8, BODY_SIZE = 33, LABEL_AT = 32 };

struct source_wake {
    void *context;
    void *socket;
};

static bool number_set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool options_set(void *socket)
{
    const int64_t size_max = MESSAGE_MAX;
    return number_set(socket, ZMQ_LINGER, 0) && number_set(socket, ZMQ_RCVHWM, QUEUE_MAX) &&
           number_set(socket, ZMQ_TCP_KEEPALIVE, 1) && number_set(socket, ZMQ_IPV6, 1) &&
           zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) == 0 &&
           zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "sequence", 8) == 0;
}

int source_wake_open(struct source_wake **ret_wake, const char *endpoint, struct err *err)
{
    if (strncmp(endpoint, "tcp://", 6) != 0 && strncmp(endpoint, "ipc://", 6) != 0)
        return err_set(err, SANAD_USAGE, "%s: not of the form tcp://HOST:PORT", endpoint);
    struct source_wake *wake = mem_zalloc(1, sizeof *wake);
    wake->context = zmq_ctx_new();
    sanad_assert(wake->context);
    wake->socket = zmq_socket(wake->context, ZMQ_SUB);
    int code = 0;
    if (!wake->socket || !options_set(wake->socket))
        code = err_set(err, SANAD_ENVIRONMENT, "%s: %s", endpoint, zmq_strerror(zmq_errno()));
    else if (zmq_connect(wake->socket, endpoint) != 0) /* it need not be there yet */
        code = err_set(err, SANAD_USAGE, "%s: %s", endpoint, zmq_strerror(zmq_errno()));
    if (code)
        source_wake_close(wake);
    else
        *ret_wake = wake;
    return code;
}

void source_wake_close(struct source_wake *wake)
{
    if (!wake)
        return;
    if (wake->socket)
        (void)zmq_close(wake->socket);
    (void)zmq_ctx_term(wake->context);
    free(wake);
}

/* One message if there is one. *ret_news: it tells of a block; 'A' and 'R' are of the pool of
 * unconfirmed transactions. */
static bool message_take(void *socket, bool *ret_news)
{
    uint8_t part[MESSAGE_MAX];
    *ret_news = false;
    for (int i = 0; i < PART_MAX; i++) {
        int more = 0;
        size_t size = sizeof more;
        int got = zmq_recv(socket, part, sizeof part, ZMQ_DONTWAIT);
        if (got < 0)
            return false;
        if (i == 1 && got == BODY_SIZE && (part[LABEL_AT] == 'C' || part[LABEL_AT] == 'D'))
            *ret_news = true;
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) != 0 || !more)
            return true;
    }
    return true; /* longer than a node's: the rest counts as another */
}

bool source_wake_wait(struct source_wake *wake, unsigned ms)
{
    int64_t until = clock_ms() + ms;
    bool news = false;
    for (;;) {
        bool one;
        for (int i = 0; i < QUEUE_MAX && message_take(wake->socket, &one); i++)
            news = news || one;
        int64_t left = until - clock_ms();
        if (news || left <= 0)
            return news;
        zmq_pollitem_t item = {.socket = wake->socket, .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, left); /* what it failed to wait for, the loop waits for */
    }
}
