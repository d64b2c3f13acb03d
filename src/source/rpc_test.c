/* Proves: of what a node answers only what it may say is taken. Chain info with members that
 * lack, are of another type or out of range; JSON-RPC answers with neither result nor error;
 * headers that do not follow or begin elsewhere; spent outputs whose counts lie: each is refused
 * with its rule, and what is right comes through as it should. And what stands behind "rpc:"
 * means what doc/formats/node.md says, without a password in any error. */
#include "source/source_priv.h"

#include "blkwriter.h"
#include "support.h"

#include <stdlib.h>
#include <unistd.h>

static json_t *json_of(const char *text)
{
    json_t *json;
    struct err err = {0};
    test_ok(json_read(&json, "test", bytes_of_text(text), 1 << 20, &err), &err);
    return json;
}

/* ---- chain info ----------------------------------------------------------------------------- */

#define HASH64 "00000000000000000000000000000000000000000000000000000000000000ff"

static int info_of(struct rpc_info *ret_info, const char *text, struct err *err)
{
    json_t *json = json_of(text);
    *err = (struct err){0};
    int code = rpc_info_read(ret_info, json, err);
    json_decref(json);
    return code;
}

static void info_is_read(void **state)
{
    struct rpc_info info;
    struct err err;
    (void)state;
    test_ok(
        info_of(
            &info,
            "{\"chain\":\"main\",\"blocks\":900000,\"headers\":900002,\"bestblockhash\":\"" HASH64
            "\",\"difficulty\":1.5e10,\"initialblockdownload\":true,\"pruned\":true,"
            "\"pruneheight\":899000,\"warnings\":[]}",
            &err),
        &err);
    assert_string_equal(info.chain, "main");
    assert_int_equal(info.blocks, 900000);
    assert_int_equal(info.headers, 900002);
    assert_int_equal(info.prune_height, 899000);
    assert_int_equal(info.best.b[0], 0xff);
    assert_true(info.downloading && info.pruned);
    /* Pruning is on, nothing is pruned yet; a height without pruning says nothing. */
    test_ok(info_of(&info,
                    "{\"chain\":\"x\",\"blocks\":0,\"headers\":-1,\"bestblockhash\":\"" HASH64
                    "\",\"pruned\":true}",
                    &err),
            &err);
    assert_int_equal(info.prune_height, 0);
    assert_int_equal(info.headers, 0);
    test_ok(info_of(&info,
                    "{\"chain\":\"x\",\"blocks\":0,\"headers\":0,\"bestblockhash\":\"" HASH64
                    "\",\"pruned\":false,\"pruneheight\":5}",
                    &err),
            &err);
    assert_int_equal(info.prune_height, 0);
}

static void other_info_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *rule;
    } cases[] = {
        {"[]", "not an object"},
        {"{}", "chain"},
        {"{\"chain\":5}", "chain"},
        {"{\"chain\":\"main\",\"blocks\":-1,\"headers\":0,\"bestblockhash\":\"" HASH64 "\"}",
         "blocks"},
        {"{\"chain\":\"main\",\"blocks\":10000001,\"headers\":0,\"bestblockhash\":\"" HASH64 "\"}",
         "blocks"},
        {"{\"chain\":\"main\",\"blocks\":1.5,\"headers\":0,\"bestblockhash\":\"" HASH64 "\"}",
         "blocks"},
        {"{\"chain\":\"main\",\"blocks\":1,\"bestblockhash\":\"" HASH64 "\"}", "headers"},
        {"{\"chain\":\"main\",\"blocks\":1,\"headers\":1,\"bestblockhash\":\"ff\"}",
         "no block hash"},
        {"{\"chain\":\"main\",\"blocks\":1,\"headers\":1,\"bestblockhash\":\"" HASH64
         "\",\"pruned\":true,\"pruneheight\":\"7\"}",
         "pruneheight"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct rpc_info info;
        struct err err;
        int code = info_of(&info, cases[i].text, &err);
        test_refused(code, SANAD_REFUSED, &err, cases[i].rule);
    }
}

/* ---- JSON-RPC -----------------------------------------------------------------------------------
 */

static void results_and_faults_are_told_apart(void **state)
{
    static const char *const bad[] = {
        "[]",
        "{\"result\":1}",
        "{\"result\":1,\"id\":\"0\"}",
        "{\"result\":1,\"id\":-1}",
        "{\"id\":0}",
        "{\"id\":0,\"error\":{}}",
        "{\"id\":0,\"error\":{\"code\":0,\"message\":\"\"}}",
        "{\"id\":0,\"error\":\"no\"}",
        "{\"id\":0,\"error\":{\"code\":-5}}",
    };
    struct rpc_fault fault;
    struct err err = {0};
    json_t *result;
    int64_t id;
    (void)state;
    json_t *json = json_of("{\"result\":\"00ff\",\"error\":null,\"id\":3}");
    test_ok(rpc_result_take(&result, &id, json, &fault, &err), &err);
    assert_int_equal(id, 3);
    assert_int_equal(fault.code, 0);
    assert_string_equal(json_string_value(result), "00ff");
    json_decref(json);
    json = json_of("{\"result\":null,\"error\":{\"code\":-28,\"message\":\"Loading\"},\"id\":0}");
    test_ok(rpc_result_take(&result, &id, json, &fault, &err), &err);
    assert_null(result);
    assert_int_equal(fault.code, -28);
    assert_string_equal(fault.text, "Loading");
    json_decref(json);
    for (size_t i = 0; i < countof(bad); i++) {
        json = json_of(bad[i]);
        assert_int_equal(rpc_result_take(&result, &id, json, &fault, &err), SANAD_REFUSED);
        json_decref(json);
    }
}

static void hexadecimal_is_bounded(void **state)
{
    static const char *const bad[] = {"[\"0\"]", "[\"0g\"]", "[5]", "[null]", "[\"00ff00\"]"};
    struct buf raw = buf_with_max(10);
    struct err err = {0};
    (void)state;
    json_t *json = json_of("[\"00fF\"]");
    test_ok(rpc_hex_take(&raw, json_array_get(json, 0), 2, &err), &err);
    assert_true(bytes_equal(buf_bytes(&raw), bytes_of("\x00\xff", 2)));
    json_decref(json);
    for (size_t i = 0; i < countof(bad); i++) {
        json = json_of(bad[i]);
        assert_int_equal(rpc_hex_take(&raw, json_array_get(json, 0), 2, &err), SANAD_REFUSED);
        json_decref(json);
    }
    buf_free(&raw);
}

static void heights_are_of_each_input(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"{\"vin\":[{\"prevout\":{\"height\":5}},{\"prevout\":{\"height\":0}}]}", 0},
        {"{\"vin\":[{\"prevout\":{\"height\":5}}]}", SANAD_REFUSED},
        {"{\"vin\":[{\"prevout\":{\"height\":5}},{}]}", SANAD_MISSING},
        {"{\"vin\":[{\"prevout\":{\"height\":5}},{\"prevout\":{\"height\":-1}}]}", SANAD_REFUSED},
        {"{\"vin\":[{\"prevout\":{\"height\":5}},{\"prevout\":{\"height\":10000001}}]}",
         SANAD_REFUSED},
        {"{\"vin\":[{\"prevout\":{\"height\":5}},{\"prevout\":{\"height\":\"1\"}}]}",
         SANAD_REFUSED},
        {"{\"vin\":7}", SANAD_REFUSED},
        {"[]", SANAD_REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        uint32_t heights[2] = {9, 9};
        struct err err = {0};
        json_t *json = json_of(cases[i].text);
        assert_int_equal(rpc_heights_read(heights, 2, json, &err), cases[i].code);
        if (cases[i].code == 0)
            assert_true(heights[0] == 5 && heights[1] == 0);
        json_decref(json);
    }
}

/* ---- headers
 * -------------------------------------------------------------------------------------- */

static void headers_must_follow(void **state)
{
    enum { COUNT = 5 };
    struct mined blocks[COUNT];
    uint8_t raw[COUNT * HEADER_SIZE];
    struct hash256 first;
    struct hash256 other = {{1}};
    struct err err = {0};
    size_t count;
    (void)state;
    mined_chain(blocks, COUNT, chain_params_get(CHAIN_REGTEST));
    for (size_t i = 0; i < COUNT; i++)
        memcpy(raw + i * HEADER_SIZE, blocks[i].raw.data, HEADER_SIZE);
    header_hash(&first, raw);
    test_ok(rpc_headers_check(&count, bytes_of(raw, sizeof raw), &first, &err), &err);
    assert_int_equal(count, COUNT);
    test_ok(rpc_headers_check(&count, bytes_of(raw, 0), &first, &err), &err);
    assert_int_equal(count, 0);
    test_refused(rpc_headers_check(&count, bytes_of(raw, sizeof raw), &other, &err), SANAD_REFUSED,
                 &err, "do not begin where");
    test_refused(rpc_headers_check(&count, bytes_of(raw, sizeof raw - 1), &first, &err),
                 SANAD_REFUSED, &err, "no multiple of 80");
    raw[2 * HEADER_SIZE + 70] ^= 1;
    test_refused(rpc_headers_check(&count, bytes_of(raw, sizeof raw), &first, &err), SANAD_REFUSED,
                 &err, "does not follow");
    size_t many = (RPC_HEADERS_MAX + 1) * HEADER_SIZE;
    uint8_t *flood = mem_zalloc(1, many);
    test_refused(rpc_headers_check(&count, bytes_of(flood, many), &first, &err), SANAD_REFUSED,
                 &err, "over 2000");
    free(flood);
    mined_free(blocks, COUNT);
}

/* ---- spent outputs
 * ---------------------------------------------------------------------------------- */

/* Two transactions behind the coinbase: one spends two outputs, one spends one. */
static void spent_write(struct buf *buf)
{
    static const uint8_t script[] = {0x51, 0x20, 1, 2, 3};
    buf_compact(buf, 3);
    buf_compact(buf, 0);
    buf_compact(buf, 2);
    buf_le64(buf, 5000000000);
    buf_compact(buf, sizeof script);
    buf_add(buf, bytes_of(script, sizeof script));
    buf_le64(buf, 0);
    buf_compact(buf, 0);
    buf_compact(buf, 1);
    buf_le64(buf, (uint64_t)AMOUNT_MONEY_MAX_SAT);
    buf_compact(buf, 1);
    buf_u8(buf, 0x51);
}

static void spent_outputs_become_undo_data(void **state)
{
    struct buf answer = buf_with_max(1000);
    struct buf raw = buf_with_max(1000);
    struct arena arena = {0};
    struct block_undo undo;
    struct err err = {0};
    (void)state;
    spent_write(&answer);
    test_ok(rpc_spent_to_undo(&raw, buf_bytes(&answer), &err), &err);
    test_ok(undo_parse(&undo, buf_bytes(&raw), &arena, &err), &err);
    assert_int_equal(undo.tx_count, 2);
    assert_int_equal(undo.txs[0].coin_count, 2);
    assert_int_equal(amount_minor(undo.txs[0].coins[0].value), 5000000000);
    assert_true(bytes_equal(undo.txs[0].coins[0].script, bytes_of("\x51\x20\x01\x02\x03", 5)));
    assert_int_equal(undo.txs[0].coins[0].height, 0); /* not told */
    assert_int_equal(undo.txs[0].coins[1].script.size, 0);
    assert_true(amount_equal(undo.txs[1].coins[0].value, amount_of(AMOUNT_MONEY_MAX_SAT)));
    arena_free(&arena);
    /* Cut anywhere, or longer, it is none. */
    for (size_t size = 0; size < answer.size; size++) {
        buf_reset(&raw);
        assert_int_equal(rpc_spent_to_undo(&raw, bytes_of(answer.data, size), &err), SANAD_REFUSED);
    }
    buf_u8(&answer, 0);
    buf_reset(&raw);
    test_refused(rpc_spent_to_undo(&raw, buf_bytes(&answer), &err), SANAD_REFUSED, &err,
                 "bytes behind the end");
    buf_free(&raw);
    buf_free(&answer);
}

static void lying_counts_are_refused(void **state)
{
    static const struct {
        const char *hex;
        const char *rule;
    } cases[] = {
        {"00", "number of transactions"},
        {"0101", "coinbase spends"},
        {"fe0000000100", "number of transactions"},
        {"0200fd0f27", "more than the bytes can hold"},
        {"02000101000000000000", "more than the bytes can hold"},
        {"020001ffffffffffffffff00", "no transaction can have"},
        {"0200010100000000000000fd112700", "no transaction can have"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        uint8_t raw[64];
        struct buf undo = buf_with_max(1000);
        struct err err = {0};
        size_t size = strlen(cases[i].hex) / 2;
        assert_true(hex_decode(raw, size, cases[i].hex, 2 * size));
        test_refused(rpc_spent_to_undo(&undo, bytes_of(raw, size), &err), SANAD_REFUSED, &err,
                     cases[i].rule);
        buf_free(&undo);
    }
}

/* ---- addresses
 * ---------------------------------------------------------------------------------------- */

static void addresses_mean_what_is_written(void **state)
{
    static const struct {
        const char *rest;
        enum chain_id chain;
        const char *url;
        const char *credentials;
    } cases[] = {
        {"http://127.0.0.1:8332", CHAIN_MAIN, "http://127.0.0.1:8332", NULL},
        {"http://127.0.0.1:8332/", CHAIN_MAIN, "http://127.0.0.1:8332", NULL},
        {"https://node.example/core/", CHAIN_MAIN, "https://node.example/core", NULL},
        {"node.example", CHAIN_MAIN, "http://node.example:8332", NULL},
        {"node.example", CHAIN_TESTNET4, "http://node.example:48332", NULL},
        {"node.example", CHAIN_SIGNET, "http://node.example:38332", NULL},
        {"node.example", CHAIN_REGTEST, "http://node.example:18443", NULL},
        {"[::1]:18443", CHAIN_REGTEST, "http://[::1]:18443", NULL},
        {"[::1]", CHAIN_MAIN, "http://[::1]:8332", NULL},
        {"u:p@h:1", CHAIN_MAIN, "http://h:1", "u:p"},
        {"http://u:p@x:y@h:1", CHAIN_MAIN, "http://h:1", "u:p@x:y"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct source_options options = {.params = chain_params_get(cases[i].chain)};
        struct rpc_node node;
        struct err err = {0};
        test_ok(rpc_node_init(&node, cases[i].rest, &options, &err), &err);
        assert_string_equal(node.url, cases[i].url);
        if (cases[i].credentials)
            assert_string_equal(node.credentials, cases[i].credentials);
        else
            assert_null(node.credentials);
        rpc_node_release(&node);
    }
}

static void other_addresses_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "http://",
        "ftp://h",
        "h/path",
        ":8332",
        "[::1",
        "[::1]x",
        "h:0",
        "h:65536",
        "h:8332x",
        "h:",
        "http://a b",
        "u@h:1",
        ":secretword@h",
        "h\x7f:1",
        "http://h:1#f",
        "secretword@h:1",
        "http://[]x:1",
        "h:1:2",
    };
    struct source_options options = {.params = chain_params_get(CHAIN_MAIN)};
    (void)state;
    for (size_t i = 0; i < countof(bad); i++) {
        struct rpc_node node;
        struct err err = {0};
        assert_true(rpc_node_init(&node, bad[i], &options, &err) < 0);
        assert_true(err.text[0]);
        assert_null(strstr(err.text, "secretword"));
        rpc_node_release(&node);
    }
}

static void cookies_are_read_again(void **state)
{
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct source_options options = {.params = chain_params_get(CHAIN_MAIN), .rpc_cookie = path};
    struct rpc_node node;
    struct err err = {0};
    (void)state;
    test_folder_make(folder);
    test_ok(path_join(path, folder, ".cookie", &err), &err);
    test_ok(file_write_private(path, bytes_of_text("__cookie__:one\n"), &err), &err);
    test_ok(rpc_node_init(&node, "h:1", &options, &err), &err);
    assert_string_equal(node.credentials, "__cookie__:one");
    unsigned used = node.epoch;
    assert_false(rpc_credentials_renew(&node, used)); /* the same: no use to ask again */
    test_ok(file_write_private(path, bytes_of_text("__cookie__:two"), &err), &err);
    assert_true(rpc_credentials_renew(&node, used));
    assert_string_equal(node.credentials, "__cookie__:two");
    assert_true(rpc_credentials_renew(&node, used)); /* somebody else read it meanwhile */
    assert_int_equal(unlink(path), 0);
    assert_false(rpc_credentials_renew(&node, node.epoch));
    assert_string_equal(node.credentials, "__cookie__:two");
    rpc_node_release(&node);
    /* What stands in the address goes before the cookie, and is never read again. */
    test_ok(rpc_node_init(&node, "u:p@h:1", &options, &err), &err);
    assert_false(rpc_credentials_renew(&node, node.epoch));
    rpc_node_release(&node);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_is_read),
        cmocka_unit_test(other_info_is_refused),
        cmocka_unit_test(results_and_faults_are_told_apart),
        cmocka_unit_test(hexadecimal_is_bounded),
        cmocka_unit_test(heights_are_of_each_input),
        cmocka_unit_test(headers_must_follow),
        cmocka_unit_test(spent_outputs_become_undo_data),
        cmocka_unit_test(lying_counts_are_refused),
        cmocka_unit_test(addresses_mean_what_is_written),
        cmocka_unit_test(other_addresses_are_refused),
        cmocka_unit_test(cookies_are_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
