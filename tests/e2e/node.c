/* A node for the end-to-end tests: serves a folder of block files as Bitcoin Core does, over REST
 * and JSON-RPC, and lies and fails as it is told. Written from Core's documentation of both, and
 * apart from the client that it tests.
 *
 *   e2e_node DIR CHAIN PORT PORTFILE CONTROL [COOKIE [ZMQ]]
 *
 * PORT 0 takes any free one; PORTFILE then tells which. With COOKIE (a file that is written, new
 * at each start; "-": none) JSON-RPC wants it. CONTROL holds words, read again for each request:
 *   cut=N        knows no block above height N
 *   norest       REST is off             nospent     no /rest/spenttxouts
 *   old          headers have their count in the path, as before v24
 *   heightlie    spent outputs were made one block later
 *   notx         getrawtransaction knows no block hash
 *   pruned=N     has thrown away what lies below height N
 *   ibd=N        is in its first download, N headers ahead
 *   says=N       says that its best block has this height, while it sends all headers
 *   warmup=N     its first N answers are that it starts (-28)
 *   busy         some answers are that its queue is full
 *   401 403 500  every answer is that    html redirect   likewise
 *   chain=NAME   says that it is of this chain
 *   genesis      has another block 0     wrongblock     sends the block before the one asked
 *   badbody      spoils the last byte of blocks above height 20
 *   badheader    spoils a header          loosehead     sends headers that do not follow
 *   truncate     sends half of every body above 1,000 bytes, then closes
 *   biglength    says that a body has 4 GB
 *   shortblock   says the true length of a block that is cut by a byte
 *   spentlie     spent outputs are worth one satoshi more
 *   slow=MS      waits before each answer  trickle        a byte each 0.2 seconds
 *   junk         JSON that is none */
#include "chain/chain.h"
#include "source/source.h"
#include "support.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

enum { WORDS_SIZE = 512, REQUEST_MAX = 1 << 20, TARGET_SIZE = 512, BODY_MAX = 64 << 20 };

struct node {
    struct source *source;
    const struct chain_params *params;
    const char *control;
    char authorization[256]; /* what the header must be; empty: all may */
    pthread_rwlock_t lock;   /* of the source: refresh alone writes */
    atomic_uint answers;
    void *publisher;
};
static struct node node;

/* One request and what goes back. */
struct exchange {
    char words[WORDS_SIZE];
    char target[TARGET_SIZE];
    bool post;
    bool allowed;
    struct buf body; /* of the request */
    unsigned status;
    const char *type;
    struct buf answer;
};

static void must(int code, const struct err *err)
{
    if (code < 0) {
        (void)fprintf(stderr, "e2e_node: %s\n", err->text);
        exit(4);
    }
}

static unsigned number_of(const char *text)
{
    uint64_t value;
    return number_parse(&value, text, strlen(text), 65535) ? (unsigned)value : 0;
}

/* ---- what it was told -------------------------------------------------------------------------
 */

static void words_read(char ret_words[WORDS_SIZE])
{
    FILE *file = fopen(node.control, "r");
    size_t size = 0;
    ret_words[0] = ' ';
    if (file) {
        size = fread(ret_words + 1, 1, WORDS_SIZE - 3, file);
        (void)fclose(file);
    }
    for (size_t i = 1; i <= size; i++)
        if (ret_words[i] == '\n')
            ret_words[i] = ' ';
    ret_words[size + 1] = ' ';
    ret_words[size + 2] = 0;
}

static bool told(const struct exchange *x, const char *word)
{
    char padded[64];
    (void)snprintf(padded, sizeof padded, " %s ", word);
    return strstr(x->words, padded) != NULL;
}

static bool told_number(const struct exchange *x, const char *name, uint64_t *ret)
{
    char padded[64];
    (void)snprintf(padded, sizeof padded, " %s=", name);
    const char *at = strstr(x->words, padded);
    if (!at)
        return false;
    at += strlen(padded);
    return number_parse(ret, at, strcspn(at, " "), UINT32_MAX);
}

/* ---- the chain ----------------------------------------------------------------------------------
 */

static uint32_t tip_height(const struct exchange *x)
{
    uint64_t cut;
    uint32_t height =
        header_tree_node(source_headers(node.source), source_tip(node.source))->height;
    return told_number(x, "cut", &cut) && cut < height ? (uint32_t)cut : height;
}

static uint32_t node_at(const struct exchange *x, uint32_t height)
{
    return height <= tip_height(x) ? source_active(node.source, height) : NODE_NONE;
}

static const struct hash256 *hash_of(uint32_t at)
{
    return &header_tree_node(source_headers(node.source), at)->hash;
}

static uint32_t height_of(uint32_t at)
{
    return header_tree_node(source_headers(node.source), at)->height;
}

/* A block by its hash as text; NODE_NONE where it is none or not known. */
static uint32_t node_find(const char *text)
{
    char hash_text[HEX256_SIZE];
    struct hash256 hash;
    (void)snprintf(hash_text, sizeof hash_text, "%.64s", text);
    return hash256_from_display(&hash, hash_text)
               ? header_tree_find(source_headers(node.source), &hash)
               : NODE_NONE;
}

static bool is_pruned(const struct exchange *x, uint32_t at)
{
    uint64_t below;
    return told_number(x, "pruned", &below) && height_of(at) < below;
}

static bool block_get(const struct exchange *x, struct buf *raw, uint32_t at)
{
    struct err err = {0};
    if (told(x, "wrongblock") && height_of(at) > 0)
        at = source_active(node.source, height_of(at) - 1);
    if (is_pruned(x, at) || source_block_read(node.source, raw, at, &err) != 0)
        return false;
    if (told(x, "badbody") && height_of(at) > 20)
        raw->data[raw->size - 1] ^= 1;
    if (told(x, "shortblock"))
        raw->size--;
    return true;
}

static void header_put(const struct exchange *x, struct buf *buf, uint32_t at)
{
    uint8_t raw[HEADER_SIZE];
    header_tree_raw(source_headers(node.source), at, raw);
    if (told(x, "badheader") && height_of(at) == 30)
        raw[70] ^= 1; /* of its time */
    buf_add(buf, bytes_of(raw, sizeof raw));
}

static json_t *chain_info(const struct exchange *x)
{
    uint64_t ahead = 0;
    uint64_t pruned = 0;
    uint64_t says;
    char name[32] = "";
    uint32_t height = tip_height(x);
    const char *chain = strstr(x->words, " chain=");
    if (told_number(x, "says", &says))
        height = (uint32_t)says;
    bool downloads = told_number(x, "ibd", &ahead);
    bool prunes = told_number(x, "pruned", &pruned);
    if (chain)
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(chain + 7, " "), chain + 7);
    json_t *json = json_pack(
        "{s:s,s:i,s:i,s:o,s:f,s:f,s:b,s:i,s:b,s:[]}", "chain", name[0] ? name : node.params->name,
        "blocks", height, "headers", (int)(height + ahead), "bestblockhash",
        json_hash_display(hash_of(node_at(x, height))), "difficulty", 4.656542373906925e-10,
        "verificationprogress", 0.99, "initialblockdownload", downloads, "size_on_disk", 12345,
        "pruned", prunes, "warnings");
    if (prunes)
        (void)json_object_set_new(json, "pruneheight", json_integer((json_int_t)pruned));
    return json;
}

/* Value and script of every output that a block spends, transaction by transaction. */
static bool spent_put(const struct exchange *x, struct buf *buf, uint32_t at)
{
    struct buf raw = buf_with_max(32 << 20);
    struct arena arena = {0};
    struct block_undo undo = {0};
    struct err err = {0};
    bool has = height_of(at) == 0 ||
               (!is_pruned(x, at) && source_undo_read(node.source, &raw, at, &err) == 0 &&
                undo_parse(&undo, buf_bytes(&raw), &arena, &err) == 0);
    buf_compact(buf, undo.tx_count + 1);
    buf_compact(buf, 0);
    for (size_t i = 0; has && i < undo.tx_count; i++) {
        buf_compact(buf, undo.txs[i].coin_count);
        for (size_t c = 0; c < undo.txs[i].coin_count; c++) {
            const struct undo_coin *coin = &undo.txs[i].coins[c];
            buf_le64(buf, (uint64_t)amount_minor(coin->value) + told(x, "spentlie"));
            buf_compact(buf, coin->script.size);
            buf_add(buf, coin->script);
        }
    }
    buf_free(&raw);
    arena_free(&arena);
    return has;
}

/* ---- REST
 * ----------------------------------------------------------------------------------------- */

static void answer_line(struct exchange *x, unsigned status, const char *line)
{
    buf_reset(&x->answer);
    x->status = status;
    x->type = "text/plain";
    buf_format(&x->answer, "%s\r\n", line);
}

static void answer_json(struct exchange *x, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(16));
    x->type = "application/json";
    buf_text(&x->answer, text);
    buf_text(&x->answer, "\n");
    free(text);
    json_decref(json);
}

static void rest_headers(struct exchange *x, const char *rest)
{
    const char *query = strstr(rest, "?count=");
    const char *slash = strchr(rest, '/');
    uint64_t count = 5;
    if (told(x, "old")) {
        if (!slash || !number_parse(&count, rest, (size_t)(slash - rest), 2000)) {
            answer_line(x, 400,
                        "No header count specified. Use /rest/headers/<count>/<hash>.<ext>.");
            return;
        }
        rest = slash + 1;
    } else if (query && !number_parse(&count, query + 7, strlen(query + 7), 2000)) {
        answer_line(x, 400, "Header count is invalid or out of acceptable range (1-2000)");
        return;
    }
    uint32_t at = node_find(rest);
    uint32_t height = at == NODE_NONE ? UINT32_MAX : height_of(at);
    for (uint64_t i = 0; i < count && at != NODE_NONE && node_at(x, height) == at; i++) {
        if (!(told(x, "loosehead") && i == 7))
            header_put(x, &x->answer, at);
        at = node_at(x, ++height);
    }
}

static void rest_block(struct exchange *x, const char *rest)
{
    uint32_t at = node_find(rest);
    if (at == NODE_NONE || !block_get(x, &x->answer, at))
        answer_line(x, 404, at == NODE_NONE ? "not found" : "not available (pruned data)");
}

static void rest_height(struct exchange *x, const char *rest)
{
    uint64_t height;
    uint32_t at = NODE_NONE;
    if (number_parse(&height, rest, strcspn(rest, "."), UINT32_MAX - 1))
        at = node_at(x, (uint32_t)height);
    if (at == NODE_NONE) {
        answer_line(x, 404, "Block height out of range");
        return;
    }
    struct hash256 hash = *hash_of(at);
    if (told(x, "genesis") && height == 0)
        hash.b[0] ^= 1;
    buf_add(&x->answer, bytes_of(hash.b, sizeof hash.b));
}

static void rest(struct exchange *x)
{
    const char *path = x->target + 5;
    x->type = "application/octet-stream";
    if (strcmp(path, "/chaininfo.json") == 0) {
        answer_json(x, chain_info(x));
    } else if (strncmp(path, "/headers/", 9) == 0) {
        rest_headers(x, path + 9);
    } else if (strncmp(path, "/block/", 7) == 0) {
        rest_block(x, path + 7);
    } else if (strncmp(path, "/blockhashbyheight/", 19) == 0) {
        rest_height(x, path + 19);
    } else if (strncmp(path, "/spenttxouts/", 13) == 0 && !told(x, "nospent")) {
        uint32_t at = node_find(path + 13);
        if (at == NODE_NONE || !spent_put(x, &x->answer, at))
            answer_line(x, 404, "not found");
    } else {
        answer_line(x, 404, "");
        buf_reset(&x->answer);
    }
}

/* ---- JSON-RPC
 * ----------------------------------------------------------------------------------------
 */

static json_t *fault(int code, const char *message)
{
    return json_pack("{s:n,s:{s:i,s:s}}", "result", "error", "code", code, "message", message);
}

static json_t *result(json_t *value)
{
    return json_pack("{s:o,s:n}", "result", value, "error");
}

static json_t *hex_result(struct buf *raw)
{
    char *hex = mem_alloc(2 * raw->size + 1);
    hex_encode(hex, buf_bytes(raw));
    json_t *json = result(json_string(hex));
    free(hex);
    return json;
}

static json_t *rpc_block(struct exchange *x, const char *hash, bool header_only)
{
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    uint32_t at = node_find(hash);
    json_t *json = NULL;
    if (at == NODE_NONE)
        return fault(-5, "Block not found");
    if (header_only)
        header_put(x, &raw, at);
    else if (!block_get(x, &raw, at))
        json = fault(-1, "Block not available (pruned data)");
    if (!json)
        json = hex_result(&raw);
    buf_free(&raw);
    return json;
}

/* The inputs of a transaction as verbosity 2 tells them: only what a client of heights needs. */
static json_t *inputs_of(const struct tx *tx, const struct undo_tx *undo, bool lie)
{
    json_t *list = json_array();
    for (size_t i = 0; i < tx->in_count; i++) {
        json_t *in = json_pack("{s:o,s:i}", "txid", json_hash_display(&tx->ins[i].prevout.txid),
                               "vout", (int)tx->ins[i].prevout.vout);
        if (undo && i < undo->coin_count)
            (void)json_object_set_new(in, "prevout",
                                      json_pack("{s:b,s:i,s:f}", "generated",
                                                undo->coins[i].coinbase, "height",
                                                (int)undo->coins[i].height + lie, "value", 0.5));
        (void)json_array_append_new(list, in);
    }
    return list;
}

static json_t *transaction_in(const struct exchange *x, const struct block *block,
                              const struct block_undo *undo, const char *txid, int verbosity)
{
    struct hash256 wanted;
    struct hash256 id;
    if (!hash256_from_display(&wanted, txid))
        return fault(-8, "txid must be of length 64");
    for (size_t i = 0; i < block->tx_count; i++) {
        struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
        tx_txid(&id, &block->txs[i]);
        if (!hash256_equal(&id, &wanted))
            continue;
        if (verbosity == 2)
            return result(json_pack(
                "{s:o}", "vin",
                inputs_of(&block->txs[i], i > 0 && i <= undo->tx_count ? &undo->txs[i - 1] : NULL,
                          told(x, "heightlie"))));
        buf_add(&raw, block->txs[i].raw);
        json_t *json = hex_result(&raw);
        buf_free(&raw);
        return json;
    }
    return fault(-5, "No such transaction found in the provided block");
}

static json_t *rpc_transaction(struct exchange *x, const char *txid, int verbosity,
                               const char *hash)
{
    struct buf raw = buf_with_max(BLOCK_SIZE_MAX);
    struct buf raw_undo = buf_with_max(32 << 20);
    struct arena arena = {0};
    struct block block;
    struct block_undo undo = {0};
    struct err err = {0};
    uint32_t at = hash ? node_find(hash) : NODE_NONE;
    json_t *json = NULL;
    if (at == NODE_NONE || told(x, "notx") || !block_get(x, &raw, at))
        json = fault(-5, "No such mempool transaction. Use -txindex");
    else if (block_parse(&block, buf_bytes(&raw), &arena, &err) != 0)
        json = fault(-1, err.text);
    else if (verbosity == 2 && height_of(at) > 0 &&
             source_undo_read(node.source, &raw_undo, at, &err) == 0)
        (void)undo_parse(&undo, buf_bytes(&raw_undo), &arena, &err);
    if (!json)
        json = transaction_in(x, &block, &undo, txid, verbosity);
    buf_free(&raw);
    buf_free(&raw_undo);
    arena_free(&arena);
    return json;
}

static json_t *rpc_one(struct exchange *x, const json_t *call, bool warming)
{
    const char *method = json_string_value(json_object_get(call, "method"));
    const json_t *params = json_object_get(call, "params");
    const char *first = json_string_value(json_array_get(params, 0));
    const json_t *second = json_array_get(params, 1);
    if (warming)
        return fault(-28, "Loading block index…");
    if (!method)
        return fault(-32600, "Missing method");
    if (strcmp(method, "getblockchaininfo") == 0)
        return result(chain_info(x));
    if (strcmp(method, "getblockhash") == 0) {
        json_int_t height = json_integer_value(json_array_get(params, 0));
        uint32_t at = height >= 0 ? node_at(x, (uint32_t)height) : NODE_NONE;
        return at == NODE_NONE ? fault(-8, "Block height out of range")
                               : result(json_hash_display(hash_of(at)));
    }
    if (strcmp(method, "getblockheader") == 0 && first && json_is_false(second))
        return rpc_block(x, first, true);
    if (strcmp(method, "getblock") == 0 && first && json_integer_value(second) == 0)
        return rpc_block(x, first, false);
    if (strcmp(method, "getrawtransaction") == 0 && first)
        return rpc_transaction(x, first, (int)json_integer_value(second),
                               json_string_value(json_array_get(params, 2)));
    return fault(-32601, "Method not found");
}

static void rpc(struct exchange *x, bool warming)
{
    struct err err = {0};
    json_t *request;
    if (!x->allowed) {
        answer_line(x, 401, "");
        buf_reset(&x->answer);
        return;
    }
    if (json_read(&request, "request", buf_bytes(&x->body), REQUEST_MAX, &err) != 0) {
        answer_json(x, fault(-32700, "Parse error"));
        x->status = 500;
        return;
    }
    json_t *out = json_is_array(request) ? json_array() : NULL;
    for (size_t i = 0; i < (out ? json_array_size(request) : 1); i++) {
        const json_t *call = out ? json_array_get(request, i) : request;
        json_t *one = rpc_one(x, call, warming);
        (void)json_object_set(one, "id", json_object_get(call, "id"));
        if (out)
            (void)json_array_insert_new(out, 0, one); /* any order is allowed */
        else
            out = one;
    }
    if (json_is_object(out) && !json_is_null(json_object_get(out, "error")))
        x->status = 500;
    json_decref(request);
    answer_json(x, out);
    if (told(x, "junk")) {
        buf_reset(&x->answer);
        buf_text(&x->answer, "{\"result\":[1,2,");
    }
}

/* ---- an exchange --------------------------------------------------------------------------------
 */

static bool excuse(struct exchange *x, unsigned number, bool *ret_warming)
{
    static const char *const statuses[] = {"401", "403", "500"};
    uint64_t warmup;
    *ret_warming = told_number(x, "warmup", &warmup) && number < warmup;
    for (size_t i = 0; i < countof(statuses); i++)
        if (told(x, statuses[i])) {
            answer_line(x, number_of(statuses[i]), "");
            return true;
        }
    if (told(x, "html")) {
        answer_line(x, 200, "<html><body>Welcome</body></html>");
        x->type = "text/html; charset=utf-8";
    } else if (told(x, "redirect")) {
        answer_line(x, 302, "moved");
    } else if (*ret_warming && !x->post) {
        answer_line(x, 503, "Service temporarily unavailable: Loading block index…");
    } else if (told(x, "busy") && number % 40 == 3) {
        answer_line(x, 503, "Work queue depth exceeded");
    } else {
        return false;
    }
    return true;
}

static void exchange_do(struct exchange *x)
{
    uint64_t ms;
    bool warming;
    struct err err = {0};
    words_read(x->words);
    if (told_number(x, "slow", &ms))
        (void)usleep((unsigned)ms * 1000);
    if (excuse(x, atomic_fetch_add(&node.answers, 1), &warming))
        return;
    bool news = strstr(x->target, "chaininfo") || x->post;
    (void)(news ? pthread_rwlock_wrlock(&node.lock) : pthread_rwlock_rdlock(&node.lock));
    if (news)
        must(source_refresh(node.source, &err), &err);
    if (x->post && strcmp(x->target, "/") == 0)
        rpc(x, warming);
    else if (!x->post && strncmp(x->target, "/rest/", 6) == 0 && !told(x, "norest"))
        rest(x);
    else
        x->status = 404;
    (void)pthread_rwlock_unlock(&node.lock);
}

/* ---- HTTP
 * ------------------------------------------------------------------------------------------ */

static bool send_all(int line, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = send(line, (const uint8_t *)data + done, size - done, MSG_NOSIGNAL);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

/* False where the connection ends. */
static bool answer_send(int line, const struct exchange *x)
{
    char head[256];
    size_t size = x->answer.size;
    bool half = told(x, "truncate") && size > 1000;
    unsigned long long length = told(x, "biglength") ? 1ULL << 32 : size;
    int head_size = snprintf(head, sizeof head,
                             "HTTP/1.1 %u x\r\nContent-Type: %s\r\nContent-Length: %llu\r\n%s\r\n",
                             x->status, x->type ? x->type : "text/plain", length,
                             x->status == 302 ? "Location: http://127.0.0.1:1/\r\n" : "");
    if (!send_all(line, head, (size_t)head_size))
        return false;
    if (told(x, "trickle") && size > 0) {
        for (size_t i = 0; i < size && send_all(line, x->answer.data + i, 1); i++)
            (void)usleep(200000);
        return false;
    }
    return send_all(line, x->answer.data, half ? size / 2 : size) && !half && length == size;
}

/* Reads one request; false where the connection ends. */
static bool request_read(int line, struct buf *in, struct exchange *x)
{
    char *end;
    uint64_t length = 0;
    while (!(end = strstr(buf_cstr(in), "\r\n\r\n"))) {
        uint8_t piece[4096];
        ssize_t got = recv(line, piece, sizeof piece, 0);
        if (got <= 0)
            return false;
        buf_add(in, bytes_of(piece, (size_t)got));
        if (in->bad)
            return false;
    }
    size_t head = (size_t)(end - (const char *)in->data) + 4;
    const char *text = buf_cstr(in);
    const char *header = strcasestr(text, "\r\nContent-Length: ");
    const char *authorization = strcasestr(text, "\r\nAuthorization: ");
    x->post = strncmp(text, "POST ", 5) == 0;
    const char *target = strchr(text, ' ');
    (void)snprintf(x->target, sizeof x->target, "%.*s", (int)strcspn(target + 1, " \r"),
                   target + 1);
    x->allowed =
        node.authorization[0] == 0 ||
        (authorization &&
         strncmp(authorization + 17, node.authorization, strcspn(authorization + 17, "\r")) == 0 &&
         strcspn(authorization + 17, "\r") == strlen(node.authorization));
    if (header && header < end)
        (void)number_parse(&length, header + 18, strcspn(header + 18, "\r"), REQUEST_MAX);
    while (in->size < head + length) {
        uint8_t piece[65536];
        ssize_t got = recv(line, piece, sizeof piece, 0);
        if (got <= 0)
            return false;
        buf_add(in, bytes_of(piece, (size_t)got));
        if (in->bad)
            return false;
    }
    x->body = buf_with_max(REQUEST_MAX);
    buf_add(&x->body, bytes_of(in->data + head, length));
    buf_reset(in); /* clients of this test do not ask ahead */
    return true;
}

static void *serve(void *context)
{
    int line = (int)(intptr_t)context;
    struct buf in = buf_with_max(2 * REQUEST_MAX);
    bool more = true;
    while (more) {
        struct exchange *x = mem_zalloc(1, sizeof *x);
        x->status = 200;
        x->answer = buf_with_max(BODY_MAX);
        more = request_read(line, &in, x);
        if (more) {
            exchange_do(x);
            more = answer_send(line, x);
        }
        buf_free(&x->body);
        buf_free(&x->answer);
        free(x);
    }
    buf_free(&in);
    (void)close(line);
    return NULL;
}

/* ---- news
 * ----------------------------------------------------------------------------------------- */

/* Core's `sequence`: for each block the hash as displayed, as bytes, and what became of it. */
static void publish(const struct hash256 *hash, char label)
{
    uint8_t body[33];
    uint32_t count = 0;
    for (size_t i = 0; i < 32; i++)
        body[i] = hash->b[31 - i];
    body[32] = (uint8_t)label;
    (void)zmq_send(node.publisher, "sequence", 8, ZMQ_SNDMORE);
    (void)zmq_send(node.publisher, body, sizeof body, ZMQ_SNDMORE);
    (void)zmq_send(node.publisher, &count, sizeof count, 0);
}

static void *publish_main(void *context)
{
    uint32_t before = NODE_NONE;
    (void)context;
    while (node.publisher) {
        struct exchange x = {.status = 0};
        struct err err = {0};
        words_read(x.words);
        (void)pthread_rwlock_wrlock(&node.lock);
        must(source_refresh(node.source, &err), &err);
        uint32_t tip = node_at(&x, tip_height(&x));
        (void)pthread_rwlock_unlock(&node.lock);
        if (before != NODE_NONE && tip != before) {
            publish(hash_of(before), 'D');
            publish(hash_of(tip), 'C');
        }
        before = tip;
        (void)usleep(100000);
    }
    return NULL;
}

/* ---- begin
 * ------------------------------------------------------------------------------------------- */

static void cookie_make(const char *path)
{
    struct err err = {0};
    uint8_t random[16];
    char hex[33];
    struct buf base64 = buf_with_max(200);
    struct buf cookie = buf_with_max(100);
    if (getrandom(random, sizeof random, 0) != sizeof random)
        exit(4);
    hex_encode(hex, bytes_of(random, sizeof random));
    buf_format(&cookie, "__cookie__:%s", hex);
    must(file_write_private(path, buf_bytes(&cookie), &err), &err);
    base64_encode(&base64, buf_bytes(&cookie));
    (void)snprintf(node.authorization, sizeof node.authorization, "Basic %s", buf_cstr(&base64));
    buf_free(&base64);
    buf_free(&cookie);
}

static int listen_at(const char *port, const char *port_file)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    struct err err = {0};
    char text[16];
    int on = 1;
    int line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)number_of(port));
    (void)setsockopt(line, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(line, (struct sockaddr *)&address, sizeof address) != 0 || listen(line, 64) != 0 ||
        getsockname(line, (struct sockaddr *)&address, &size) != 0) {
        perror("e2e_node: listen");
        exit(4);
    }
    (void)snprintf(text, sizeof text, "%u\n", ntohs(address.sin_port));
    must(file_write(port_file, bytes_of_text(text), &err), &err);
    return line;
}

int main(int argc, char **argv)
{
    char spec[PATH_SIZE + 8];
    struct err err = {0};
    pthread_t thread;
    if (argc < 6 || !(node.params = chain_params_find(argv[2])))
        return 2;
    struct source_options options = {.params = node.params};
    (void)snprintf(spec, sizeof spec, "blocks:%s", argv[1]);
    (void)signal(SIGPIPE, SIG_IGN);
    node.control = argv[5];
    must(pthread_rwlock_init(&node.lock, NULL) == 0 ? 0 : -1, &err);
    must(source_open(&node.source, spec, &options, &err), &err);
    if (argc > 6 && strcmp(argv[6], "-") != 0)
        cookie_make(argv[6]);
    if (argc > 7) {
        node.publisher = zmq_socket(zmq_ctx_new(), ZMQ_PUB);
        if (zmq_bind(node.publisher, argv[7]) != 0 ||
            pthread_create(&thread, NULL, publish_main, NULL) != 0)
            return 4;
    }
    int door = listen_at(argv[3], argv[4]);
    for (;;) {
        int line = accept(door, NULL, NULL);
        int on = 1;
        (void)setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (line >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)line) == 0)
            (void)pthread_detach(thread);
    }
}
