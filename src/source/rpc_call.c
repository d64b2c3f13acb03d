/* One question to a node and its answer: REST, or JSON-RPC in batches. Waits, within bounds, for
 * a node that starts or is busy, and gives every other refusal its one sentence. */
#include "source/source_priv.h"

#include <stdlib.h>
#include <time.h>

enum {
    CONNECT_MS = 10000,
    PAUSE_MS = 250,     /* between two tries */
    FIRST_PAUSE_MS = 8, /* a full queue is soon shorter; each pause is twice the one before */
    LINE_TRIES = 4,     /* of a line that broke, each pause twice the one before */
    REASON_MAX = 160,
    RPC_WARMING_UP = -28 /* Core's RPC_IN_WARMUP */
};

/* How long we have waited in one question. */
struct patience {
    unsigned waited_ms;
    unsigned breaks;
};

static void pause_ms(unsigned ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL); /* a shorter pause does no harm */
}

/* Says once what is waited for, until an answer comes. */
static void tell(struct rpc_node *node, const char *why)
{
    char text[HTTP_URL_MAX + RPC_TEXT_SIZE];
    (void)pthread_mutex_lock(&node->lock);
    bool first = !node->told;
    node->told = true;
    (void)pthread_mutex_unlock(&node->lock);
    if (!first || !node->say)
        return;
    (void)snprintf(text, sizeof text, "%s: waiting for the node: %s", node->url, why);
    node->say(node->say_context, text);
}

/* The node is not ready: waits a little; false where it was waited for long enough. */
static bool wait_ready(struct rpc_node *node, struct patience *patience, const char *why)
{
    if (patience->waited_ms >= node->wait_ms)
        return false;
    unsigned pause = patience->waited_ms > 0 ? patience->waited_ms : FIRST_PAUSE_MS;
    pause = pause < PAUSE_MS ? pause : PAUSE_MS;
    if (pause == PAUSE_MS)
        tell(node, why);
    pause_ms(pause);
    patience->waited_ms += pause;
    return true;
}

/* The line broke: a node that answered before is tried again, a few times. */
static bool wait_line(const struct rpc_node *node, struct patience *patience)
{
    if (!node->patient || patience->breaks >= LINE_TRIES)
        return false;
    pause_ms((unsigned)PAUSE_MS << patience->breaks++);
    return true;
}

static void answered(struct rpc_node *node)
{
    (void)pthread_mutex_lock(&node->lock);
    node->told = false;
    (void)pthread_mutex_unlock(&node->lock);
}

/* The first line of an answer that is an excuse. */
static void reason_of(char ret_reason[REASON_MAX], const struct buf *body)
{
    size_t size = 0;
    while (size < body->size && size + 1 < REASON_MAX && body->data[size] >= 0x20)
        size++;
    (void)snprintf(ret_reason, REASON_MAX, "%.*s", (int)size,
                   body->data ? (const char *)body->data : "");
}

static int refuse_401(const struct rpc_node *node, struct err *err)
{
    if (node->from_cookie)
        return err_set(err, SANAD_ENVIRONMENT,
                       "%s: answers 401: the cookie %s is not the one of the running node",
                       node->url, node->cookie_path);
    return err_set(err, SANAD_ENVIRONMENT, "%s: answers 401: %s", node->url,
                   node->credentials ? "the user or the password is wrong"
                                     : "it wants a cookie (--rpc-cookie) or SANAD_RPC_AUTH");
}

static int refuse_status(const struct rpc_node *node, const struct http_response *response,
                         struct err *err)
{
    char reason[REASON_MAX];
    reason_of(reason, &response->body);
    if (strncmp(response->type, "text/html", 9) == 0)
        return err_set(err, SANAD_REFUSED, "%s: answers %u with a web page: no node's RPC is there",
                       node->url, response->status);
    if (response->status == 403)
        return err_set(err, SANAD_ENVIRONMENT,
                       "%s: answers 403: the node does not allow this machine (-rpcallowip)",
                       node->url);
    return err_set(err, response->status == 503 ? SANAD_ENVIRONMENT : SANAD_REFUSED,
                   "%s: answers %u: %s", node->url, response->status,
                   reason[0] ? reason : "without a reason");
}

/* Statuses that say something about the question, not about the way to the node. */
static bool is_answer(unsigned status)
{
    return status == 200 || status == 400 || status == 404 || status == 500;
}

/* What is to be done with a response: 0 it is the answer; 1 ask again; negative. */
static int response_judge(struct rpc_node *node, const struct http_response *response,
                          unsigned epoch, struct patience *patience, struct err *err)
{
    bool page = strncmp(response->type, "text/html", 9) == 0;
    char reason[REASON_MAX];
    if (response->status == 401)
        return rpc_credentials_renew(node, epoch) ? 1 : refuse_401(node, err);
    if (response->status == 503 && !page) {
        reason_of(reason, &response->body);
        if (wait_ready(node, patience, reason[0] ? reason : "it answers 503"))
            return 1;
        return refuse_status(node, response, err);
    }
    if (page || !is_answer(response->status))
        return refuse_status(node, response, err);
    return 0;
}

/* Asks until there is an answer; the caller frees its body. */
static int ask(struct rpc_node *node, struct http_response *ret_response, const char *path,
               const struct bytes *body, size_t size_max, struct err *err)
{
    const struct http_limits limits = {
        .size_max = size_max, .connect_ms = CONNECT_MS, .total_ms = node->timeout_ms};
    struct patience patience = {0};
    char url[HTTP_URL_MAX];
    int code = http_url_join(url, node->url, path + 1, err);
    sanad_assert(path[0] == '/');
    if (code)
        return code;
    for (;;) {
        struct http_response response;
        struct rpc_link *link = rpc_link_take(node);
        unsigned epoch = link->epoch;
        code = body ? http_post(link->client, &response, url, *body, &limits, err)
                    : http_get(link->client, &response, url, &limits, err);
        rpc_link_put(node, link);
        if (code == SANAD_IO && wait_line(node, &patience))
            continue;
        if (code)
            return code;
        code = response_judge(node, &response, epoch, &patience, err);
        if (code == 0) {
            *ret_response = response;
            return 0;
        }
        buf_free(&response.body);
        if (code < 0)
            return code;
    }
}

int rpc_rest(struct rpc_node *node, unsigned *ret_status, struct buf *ret_body, const char *path,
             size_t size_max, struct err *err)
{
    struct http_response response;
    int code = ask(node, &response, path, NULL, size_max, err);
    if (code)
        return code;
    if (response.status == 500) {
        code = refuse_status(node, &response, err);
        buf_free(&response.body);
        return code;
    }
    answered(node);
    *ret_status = response.status;
    *ret_body = response.body;
    return 0;
}

/* ---- JSON-RPC ---------------------------------------------------------------------------------
 */

static void calls_write(struct buf *buf, const struct rpc_call *calls, size_t count)
{
    buf_text(buf, count == 1 ? "" : "[");
    for (size_t i = 0; i < count; i++)
        buf_format(buf, "%s{\"jsonrpc\":\"1.0\",\"id\":%zu,\"method\":\"%s\",\"params\":%s}",
                   i == 0 ? "" : ",", i, calls[i].method, calls[i].params);
    buf_text(buf, count == 1 ? "" : "]");
    sanad_assert(!buf->bad);
}

static int call_take(struct rpc_call *calls, size_t count, const json_t *answer, struct err *err)
{
    struct rpc_fault fault;
    json_t *result;
    int64_t id;
    int code = rpc_result_take(&result, &id, answer, &fault, err);
    if (code)
        return code;
    if (id >= (int64_t)count)
        return err_set(err, SANAD_REFUSED, "an answer to no question");
    if (calls[id].result || calls[id].fault.code)
        return err_set(err, SANAD_REFUSED, "two answers to one question");
    calls[id].result = result;
    calls[id].fault = fault;
    return 0;
}

/* Each call has exactly one answer. */
static int calls_take(struct rpc_call *calls, size_t count, json_t *answer, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        calls[i].result = NULL;
        calls[i].fault = (struct rpc_fault){.code = 0};
    }
    if (count == 1 && json_is_object(answer))
        return call_take(calls, count, answer, err);
    if (!json_is_array(answer) || json_array_size(answer) != count)
        return err_set(err, SANAD_REFUSED, "not as many answers as questions");
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++)
        code = call_take(calls, count, json_array_get(answer, i), err);
    return code;
}

static const struct rpc_call *find_warming(const struct rpc_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (calls[i].fault.code == RPC_WARMING_UP)
            return &calls[i];
    return NULL;
}

/* One round: the answer, whatever it says. */
static int calls_ask(struct rpc_node *node, json_t **ret_answer, struct rpc_call *calls,
                     size_t count, struct bytes body, size_t size_max, struct err *err)
{
    struct http_response response;
    json_t *answer;
    int code = ask(node, &response, "/", &body, size_max, err);
    if (code)
        return code;
    if (response.status == 404 || response.body.size == 0)
        code = refuse_status(node, &response, err);
    else
        code = json_read(&answer, node->url, buf_bytes(&response.body), size_max, err);
    buf_free(&response.body);
    if (code)
        return code;
    code = calls_take(calls, count, answer, err);
    if (code) {
        json_decref(answer);
        return err_wrap(err, "%s", node->url);
    }
    *ret_answer = answer;
    return 0;
}

int rpc_calls(struct rpc_node *node, json_t **ret_answer, struct rpc_call *calls, size_t count,
              size_t size_max, struct err *err)
{
    struct buf body = buf_with_max(count * (sizeof calls[0].params + 128));
    struct patience patience = {0};
    json_t *answer = NULL;
    sanad_assert(count > 0 && count <= RPC_BATCH_MAX);
    calls_write(&body, calls, count);
    int code = calls_ask(node, &answer, calls, count, buf_bytes(&body), size_max, err);
    for (const struct rpc_call *warming;
         code == 0 && (warming = find_warming(calls, count)) != NULL;) {
        bool again = wait_ready(node, &patience, warming->fault.text);
        if (!again)
            code = err_set(err, SANAD_ENVIRONMENT, "%s: is not ready: %s", node->url,
                           warming->fault.text);
        json_decref(answer);
        answer = NULL;
        if (again)
            code = calls_ask(node, &answer, calls, count, buf_bytes(&body), size_max, err);
    }
    buf_free(&body);
    if (code == 0) {
        answered(node);
        *ret_answer = answer;
    }
    return code;
}
