/* Frames, messages, addresses, SOCKS5 and the files of peers and bans: what is written is read
 * back, known bytes are what the documents say, and each bound is held to the byte. */
#include "p2p/p2p_priv.h"
#include "support.h"

#include <stdlib.h>

static struct bytes bytes_from(struct buf *buf)
{
    return buf_bytes(buf);
}

/* ---- frames
 * --------------------------------------------------------------------------------------- */

static int head_of(struct wire_head *ret_head, const char *hex, struct err *err)
{
    struct buf raw = test_hex(hex);
    assert_int_equal(raw.size, WIRE_HEAD_SIZE);
    int code = wire_head_parse(ret_head, raw.data, chain_params_get(CHAIN_MAIN), err);
    buf_free(&raw);
    return code;
}

/* The verack that the protocol's documentation shows. */
static void test_verack(void **state)
{
    struct wire_head head;
    struct err err = {0};
    struct buf out = buf_with_max(100);
    struct buf known = test_hex("f9beb4d976657261636b000000000000000000005df6e0e2");
    (void)state;
    wire_write(&out, chain_params_get(CHAIN_MAIN), WIRE_VERACK, bytes_of(NULL, 0));
    assert_true(bytes_equal(bytes_from(&out), bytes_from(&known)));
    test_ok(wire_head_parse(&head, out.data, chain_params_get(CHAIN_MAIN), &err), &err);
    assert_int_equal(head.command, WIRE_VERACK);
    assert_true(wire_checksum_ok(&head, bytes_of(NULL, 0)));
    assert_false(wire_checksum_ok(&head, bytes_of("x", 1)));
    buf_free(&out);
    buf_free(&known);
}

static void test_frames_refused(void **state)
{
    struct wire_head head;
    struct err err = {0};
    (void)state;
    /* magic of regtest; 4 GB; one byte over a ping's 8; a name with a byte behind its zeros */
    test_refused(head_of(&head, "fabfb5da76657261636b000000000000000000005df6e0e2", &err),
                 SANAD_REFUSED, &err, "magic");
    test_refused(head_of(&head, "f9beb4d9626c6f636b00000000000000ffffffff00000000", &err),
                 SANAD_REFUSED, &err, "message block: 4294967295 bytes, at most 4000000");
    test_refused(head_of(&head, "f9beb4d970696e6700000000000000000900000000000000", &err),
                 SANAD_REFUSED, &err, "message ping: 9 bytes, at most 8");
    test_refused(head_of(&head, "f9beb4d970696e6700000000000000410800000000000000", &err),
                 SANAD_REFUSED, &err, "padded");
    test_refused(head_of(&head, "f9beb4d900000000000000000000000000000000000000ff", &err),
                 SANAD_REFUSED, &err, "padded");
    /* an unknown command is skipped up to 4,000,000 bytes */
    test_ok(head_of(&head, "f9beb4d9666f6f00000000000000000000093d0000000000", &err), &err);
    assert_int_equal(head.command, WIRE_OTHER);
    test_refused(head_of(&head, "f9beb4d9666f6f00000000000000000001093d0000000000", &err),
                 SANAD_REFUSED, &err, "message other");
}

/* ---- messages
 * ------------------------------------------------------------------------------------- */

static void test_version(void **state)
{
    struct err err = {0};
    struct buf out = buf_with_max(1000);
    struct wire_version back;
    struct wire_version version = {.protocol = WIRE_PROTOCOL,
                                   .services = 73,
                                   .time = 1700000000,
                                   .nonce = 99,
                                   .agent = "/sanad:0/",
                                   .height = 840000};
    (void)state;
    wire_version_write(&out, &version);
    assert_int_equal(out.size, 86 + 9);
    assert_int_equal(out.data[out.size - 1], 0); /* BIP37: relay nothing */
    test_ok(wire_version_parse(&back, bytes_from(&out), &err), &err);
    assert_int_equal(back.services, 73);
    assert_int_equal(back.height, 840000);
    assert_string_equal(back.agent, "/sanad:0/");
    for (size_t size = 0; size < out.size - 1; size++)
        test_refused(wire_version_parse(&back, bytes_of(out.data, size), &err), SANAD_REFUSED, &err,
                     "cut short");
    out.data[0] = 0x7c; /* 70012 */
    test_refused(wire_version_parse(&back, bytes_from(&out), &err), SANAD_REFUSED, &err,
                 "protocol 70012, at least 70013");
    out.data[0] = 0x80;
    out.data[81] = '\033'; /* an agent that would steer a terminal */
    test_ok(wire_version_parse(&back, bytes_from(&out), &err), &err);
    assert_int_equal(back.agent[0], '?');
    buf_free(&out);
}

static void test_headers_message(void **state)
{
    struct err err = {0};
    struct wire_headers headers;
    struct buf payload = buf_with_max(1 << 20);
    (void)state;
    buf_compact(&payload, 2000);
    memset(buf_extend(&payload, 2000 * 81), 0, 2000 * 81);
    test_ok(wire_headers_parse(&headers, bytes_from(&payload), &err), &err);
    assert_int_equal(headers.count, 2000);
    payload.data[3 + 80] = 1;
    test_refused(wire_headers_parse(&headers, bytes_from(&payload), &err), SANAD_REFUSED, &err,
                 "with transactions");
    payload.data[3 + 80] = 0;
    test_refused(wire_headers_parse(&headers, bytes_of(payload.data, payload.size - 1), &err),
                 SANAD_REFUSED, &err, "not whole");
    buf_reset(&payload);
    buf_compact(&payload, 2001);
    memset(buf_extend(&payload, 2001 * 81), 0, 2001 * 81);
    test_refused(wire_headers_parse(&headers, bytes_from(&payload), &err), SANAD_REFUSED, &err,
                 "at most 2000");
    buf_free(&payload);
}

static void test_filter_messages(void **state)
{
    struct err err = {0};
    struct wire_cfilter cfilter;
    struct wire_cfheaders cfheaders;
    struct wire_cfcheckpt cfcheckpt;
    struct buf payload = buf_with_max(1 << 20);
    (void)state;
    memset(buf_extend(&payload, 33), 0, 33);
    buf_compact(&payload, 1);
    buf_u8(&payload, 0);
    test_ok(wire_cfilter_parse(&cfilter, bytes_from(&payload), &err), &err);
    assert_int_equal(cfilter.filter.size, 1);
    payload.data[0] = 1;
    test_refused(wire_cfilter_parse(&cfilter, bytes_from(&payload), &err), SANAD_REFUSED, &err,
                 "basic");
    payload.data[0] = 0;
    buf_u8(&payload, 0);
    test_refused(wire_cfilter_parse(&cfilter, bytes_from(&payload), &err), SANAD_REFUSED, &err,
                 "one whole filter");
    buf_reset(&payload);
    memset(buf_extend(&payload, 65), 0, 65);
    buf_compact(&payload, 2);
    memset(buf_extend(&payload, 64), 0, 64);
    test_ok(wire_cfheaders_parse(&cfheaders, bytes_from(&payload), &err), &err);
    assert_int_equal(cfheaders.count, 2);
    payload.size--;
    test_refused(wire_cfheaders_parse(&cfheaders, bytes_from(&payload), &err), SANAD_REFUSED, &err,
                 "whole hashes");
    payload.size -= 32;
    payload.size++;
    test_refused(wire_cfheaders_parse(&cfheaders, bytes_from(&payload), &err), SANAD_REFUSED, &err,
                 "whole hashes");
    buf_reset(&payload);
    memset(buf_extend(&payload, 33), 0, 33);
    buf_compact(&payload, 1);
    memset(buf_extend(&payload, 32), 0, 32);
    test_ok(wire_cfcheckpt_parse(&cfcheckpt, bytes_from(&payload), &err), &err);
    assert_int_equal(cfcheckpt.count, 1);
    buf_free(&payload);
}

static void test_requests(void **state)
{
    struct hash256 hash = {{1, 2, 3}};
    struct buf payload = buf_with_max(1000);
    struct wire_inv inv;
    struct err err = {0};
    (void)state;
    wire_cfrange_write(&payload, 0x01020304, &hash);
    assert_int_equal(payload.size, 37);
    assert_memory_equal(payload.data, "\0\4\3\2\1\1\2\3", 8);
    buf_reset(&payload);
    wire_getdata_write(&payload, INV_WITNESS_BLOCK, &hash);
    assert_memory_equal(payload.data, "\1\2\0\0\x40\1\2\3", 8);
    test_ok(wire_inv_parse(&inv, bytes_from(&payload), &err), &err);
    assert_int_equal(wire_inv_type(&inv, 0), INV_WITNESS_BLOCK);
    struct hash256 back = wire_inv_hash(&inv, 0);
    assert_true(hash256_equal(&back, &hash));
    buf_reset(&payload);
    wire_getheaders_write(&payload, &hash, 1);
    assert_int_equal(payload.size, 4 + 1 + 32 + 32);
    buf_free(&payload);
}

/* ---- addresses
 * ------------------------------------------------------------------------------------ */

static void parses(const char *text, const char *expected)
{
    struct address address;
    struct err err = {0};
    char name[PEER_NAME_SIZE];
    test_ok(address_parse(&address, text, strlen(text), 8333, &err), &err);
    address_format(name, &address);
    assert_string_equal(name, expected);
}

static void refuses(const char *text)
{
    struct address address;
    struct err err = {0};
    test_refused(address_parse(&address, text, strlen(text), 8333, &err), SANAD_USAGE, &err,
                 "not of the form HOST:PORT");
}

static void test_addresses(void **state)
{
    (void)state;
    parses("1.2.3.4", "1.2.3.4:8333");
    parses("1.2.3.4:18444", "1.2.3.4:18444");
    parses("::1", "[::1]:8333");
    parses("[2001:db8::1]:5", "[2001:db8::1]:5");
    parses("[2001:db8::1]", "[2001:db8::1]:8333");
    parses("node.example", "node.example:8333");
    parses("abc.onion:80", "abc.onion:80");
    refuses("");
    refuses(":8333");
    refuses("host:");
    refuses("host:0");
    refuses("host:65536");
    refuses("host:+1");
    refuses("ho st");
    refuses("host\n");
    refuses("[::1]8333");
    refuses("user@host:1");
}

static bool is_public(const char *host)
{
    struct address address = {.port = 1};
    (void)snprintf(address.host, sizeof address.host, "%s", host);
    return address_is_public(&address);
}

static void test_public(void **state)
{
    static const char *const private[] = {
        "0.0.0.0",     "10.1.2.3",    "127.0.0.1",   "100.64.0.1", "169.254.1.1", "172.16.0.1",
        "192.168.1.1", "198.18.0.1",  "224.0.0.1",   "255.1.1.1",  "::1",         "::",
        "fe80::1",     "fc00::1",     "2001:db8::1", "2002::1",    "2001::1",     "name",
        "172.31.9.9",  "100.127.1.1", "64:ff9b::1",
    };
    (void)state;
    for (size_t i = 0; i < countof(private); i++)
        assert_false(is_public(private[i]));
    assert_true(is_public("8.8.8.8"));
    assert_true(is_public("172.32.0.1"));
    assert_true(is_public("100.128.0.1"));
    assert_true(is_public("2a00:1450::1"));
}

static void test_gossip(void **state)
{
    struct err err = {0};
    size_t count;
    struct wire_address *found = mem_zalloc(WIRE_ADDR_MAX, sizeof *found);
    /* time, services, ::ffff:8.8.8.8, port 8333; then one of a private network */
    struct buf addr = test_hex("02"
                               "01000000"
                               "4900000000000000"
                               "00000000000000000000ffff08080808"
                               "208d"
                               "01000000"
                               "4900000000000000"
                               "00000000000000000000ffff0a000001"
                               "208d");
    (void)state;
    test_ok(wire_addr_parse(found, &count, bytes_from(&addr), &err), &err);
    assert_int_equal(count, 1);
    assert_string_equal(found[0].address.host, "8.8.8.8");
    assert_int_equal(found[0].address.port, 8333);
    assert_int_equal(found[0].services, 0x49);
    test_refused(wire_addr_parse(found, &count, bytes_of(addr.data, addr.size - 1), &err),
                 SANAD_REFUSED, &err, "not whole");
    buf_free(&addr);
    /* BIP155: IPv4, Tor v3 (passed over), an unknown network (too), IPv6 */
    struct buf addrv2 = test_hex("04"
                                 "01000000"
                                 "49"
                                 "01"
                                 "04"
                                 "08080404"
                                 "208d"
                                 "01000000"
                                 "09"
                                 "04"
                                 "20"
                                 "0000000000000000000000000000000000000000000000000000000000000001"
                                 "208d"
                                 "01000000"
                                 "09"
                                 "63"
                                 "02"
                                 "abcd"
                                 "208d"
                                 "01000000"
                                 "fd4804"
                                 "02"
                                 "10"
                                 "2a001450000000000000000000000001"
                                 "208d");
    test_ok(wire_addrv2_parse(found, &count, bytes_from(&addrv2), &err), &err);
    assert_int_equal(count, 2);
    assert_string_equal(found[1].address.host, "2a00:1450::1");
    assert_int_equal(found[1].services, 0x448);
    addrv2.data[7] = 5; /* an IPv4 address of five bytes */
    test_refused(wire_addrv2_parse(found, &count, bytes_from(&addrv2), &err), SANAD_REFUSED, &err,
                 "addrv2");
    buf_free(&addrv2);
    free(found);
}

/* ---- SOCKS5
 * --------------------------------------------------------------------------------------- */

static void test_socks(void **state)
{
    struct err err = {0};
    struct buf out = buf_with_max(600);
    struct address name = {.host = "seed.example", .port = 8333};
    struct address ip = {.host = "8.8.8.8", .port = 1};
    size_t size;
    (void)state;
    socks_hello_write(&out);
    assert_memory_equal(out.data, "\5\1\0", 3);
    buf_reset(&out);
    socks_connect_write(&out, &name);
    assert_int_equal(out.size, 4 + 1 + 12 + 2);
    assert_memory_equal(out.data, "\5\1\0\3\14seed.example\x20\x8d", 19);
    buf_reset(&out);
    socks_connect_write(&out, &ip);
    assert_memory_equal(out.data, "\5\1\0\1\10\10\10\10\0\1", 10);
    test_ok(socks_hello_parse(&size, bytes_of("\5", 1), &err), &err);
    assert_int_equal(size, 0);
    test_ok(socks_hello_parse(&size, bytes_of("\5\0", 2), &err), &err);
    assert_int_equal(size, 2);
    test_refused(socks_hello_parse(&size, bytes_of("\5\2", 2), &err), SANAD_REFUSED, &err,
                 "password");
    test_refused(socks_hello_parse(&size, bytes_of("HTTP", 4), &err), SANAD_REFUSED, &err,
                 "does not speak");
    for (size_t i = 0; i < 10; i++) {
        test_ok(socks_connect_parse(&size, bytes_of("\5\0\0\1\0\0\0\0\0\0", i), &err), &err);
        assert_int_equal(size, 0);
    }
    test_ok(socks_connect_parse(&size, bytes_of("\5\0\0\1\0\0\0\0\0\0", 10), &err), &err);
    assert_int_equal(size, 10);
    test_ok(socks_connect_parse(&size, bytes_of("\5\0\0\3\2ab\0\0", 9), &err), &err);
    assert_int_equal(size, 9);
    test_refused(socks_connect_parse(&size, bytes_of("\5\5\0\1\0\0\0\0\0\0", 10), &err),
                 SANAD_REFUSED, &err, "reply 5");
    test_refused(socks_connect_parse(&size, bytes_of("\5\0\0\7\0\0\0\0\0\0", 10), &err),
                 SANAD_REFUSED, &err, "of kind 7");
    buf_free(&out);
}

/* ---- files
 * ---------------------------------------------------------------------------------------- */

static void test_known(void **state)
{
    char folder[PATH_SIZE];
    struct known known;
    struct err err = {0};
    struct address a = {.host = "8.8.8.8", .port = 1};
    struct address same_host = {.host = "8.8.8.8", .port = 2};
    struct address here = {.host = "127.0.0.1", .port = 1};
    struct address here_too = {.host = "127.0.0.1", .port = 2};
    (void)state;
    test_folder_make(folder);
    test_ok(known_open(&known, folder, &err), &err);
    assert_non_null(known_add(&known, &a, 73, 5));
    assert_null(known_add(&known, &a, 9, 7));
    test_ok(known_save_peers(&known, &err), &err);
    test_ok(known_ban(&known, &a, 1000, "lies, and more", &err), &err);
    test_ok(known_ban(&known, &here, 1000, "x", &err), &err);
    known_free(&known);
    test_ok(known_open(&known, folder, &err), &err);
    assert_int_equal(known.peer_count, 1);
    assert_int_equal(known.peers[0].services, 9);
    assert_int_equal(known.peers[0].seen, 7);
    const struct known_ban *ban = known_ban_of(&known, &same_host, 1000 + BAN_SECONDS - 1);
    assert_non_null(ban);
    assert_string_equal(ban->reason, "lies, and more");
    assert_null(known_ban_of(&known, &same_host, 1000 + BAN_SECONDS));
    assert_non_null(known_ban_of(&known, &here, 1000));
    assert_null(known_ban_of(&known, &here_too, 1000));
    known_free(&known);
    char path[PATH_SIZE];
    test_ok(path_join(path, folder, "bans.txt", &err), &err);
    test_ok(file_write(path, bytes_of_text("sanad bans 1\n8.8.8.8:1 soon lies\n"), &err), &err);
    test_refused(known_open(&known, folder, &err), SANAD_REFUSED, &err, "line 2: not of the form");
    test_folder_remove(folder);
}

/* The least work and the anchors of each network are numbers and hashes. */
static void test_networks(void **state)
{
    (void)state;
    for (int i = 0; i < CHAIN_COUNT; i++) {
        const struct p2p_network *network = p2p_network_of((enum chain_id)i);
        struct u256 work;
        struct hash256 hash;
        uint32_t height = 0;
        assert_true(u256_from_hex(&work, network->min_work));
        for (const struct p2p_anchor *at = network->anchors; at->height; at++) {
            assert_true(at->height > height);
            assert_true(hash256_from_display(&hash, at->hash));
            height = at->height;
        }
        for (size_t j = 0; network->seeds[j]; j++) {
            struct address address;
            test_ok(address_parse(&address, network->seeds[j], strlen(network->seeds[j]),
                                  network->port, NULL),
                    &(struct err){0});
            assert_false(address_is_ip(&address));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verack),          cmocka_unit_test(test_frames_refused),
        cmocka_unit_test(test_version),         cmocka_unit_test(test_headers_message),
        cmocka_unit_test(test_filter_messages), cmocka_unit_test(test_requests),
        cmocka_unit_test(test_addresses),       cmocka_unit_test(test_public),
        cmocka_unit_test(test_gossip),          cmocka_unit_test(test_socks),
        cmocka_unit_test(test_known),           cmocka_unit_test(test_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
