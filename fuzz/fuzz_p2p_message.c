/* Fuzzes all that is read from a peer or a proxy: the first byte chooses the message, the rest is
 * the payload. What is accepted and has one form is written again and must be the same bytes. */
#include "p2p/p2p_priv.h"

#include <stdlib.h>

enum { OUT_MAX_SIZE = 1 << 23 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *out, struct bytes payload)
{
    sanad_assert(!out->bad && bytes_equal(buf_bytes(out), payload));
}

static void fuzz_head(struct bytes payload)
{
    struct wire_head head;
    if (payload.size < WIRE_HEAD_SIZE)
        return;
    if (wire_head_parse(&head, payload.data, chain_params_get(CHAIN_MAIN), NULL) == 0)
        sanad_assert(head.size <= WIRE_PAYLOAD_MAX);
    (void)wire_checksum_ok(&head, payload);
}

static void fuzz_version(struct bytes payload)
{
    struct wire_version version;
    if (wire_version_parse(&version, payload, NULL) == 0)
        sanad_assert(text_is_clean(version.agent) && version.protocol >= WIRE_PROTOCOL_MIN);
}

static void fuzz_headers(struct bytes payload)
{
    struct wire_headers headers;
    struct buf out = buf_with_max(OUT_MAX_SIZE);
    if (wire_headers_parse(&headers, payload, NULL) == 0) {
        buf_compact(&out, headers.count);
        for (size_t i = 0; i < headers.count; i++) {
            buf_add(&out, bytes_of(headers.raw + i * WIRE_HEADER_STRIDE, HEADER_SIZE));
            buf_u8(&out, 0);
        }
        same(&out, payload);
    }
    buf_free(&out);
}

static void fuzz_cfilter(struct bytes payload)
{
    struct wire_cfilter cfilter;
    struct buf out = buf_with_max(OUT_MAX_SIZE);
    if (wire_cfilter_parse(&cfilter, payload, NULL) == 0) {
        buf_u8(&out, 0);
        buf_add(&out, bytes_of(cfilter.block_hash.b, 32));
        buf_compact(&out, cfilter.filter.size);
        buf_add(&out, cfilter.filter);
        same(&out, payload);
        (void)filter_check(cfilter.filter, NULL);
    }
    buf_free(&out);
}

static void fuzz_cfheaders(struct bytes payload)
{
    struct wire_cfheaders cfheaders;
    struct buf out = buf_with_max(OUT_MAX_SIZE);
    if (wire_cfheaders_parse(&cfheaders, payload, NULL) == 0) {
        buf_u8(&out, 0);
        buf_add(&out, bytes_of(cfheaders.stop.b, 32));
        buf_add(&out, bytes_of(cfheaders.prev_header.b, 32));
        buf_compact(&out, cfheaders.count);
        buf_add(&out, bytes_of(cfheaders.hashes, cfheaders.count * 32));
        same(&out, payload);
    }
    buf_free(&out);
}

static void fuzz_cfcheckpt(struct bytes payload)
{
    struct wire_cfcheckpt cfcheckpt;
    struct buf out = buf_with_max(OUT_MAX_SIZE);
    if (wire_cfcheckpt_parse(&cfcheckpt, payload, NULL) == 0) {
        buf_u8(&out, 0);
        buf_add(&out, bytes_of(cfcheckpt.stop.b, 32));
        buf_compact(&out, cfcheckpt.count);
        buf_add(&out, bytes_of(cfcheckpt.headers, cfcheckpt.count * 32));
        same(&out, payload);
    }
    buf_free(&out);
}

static void fuzz_inv(struct bytes payload)
{
    struct wire_inv inv;
    struct buf out = buf_with_max(OUT_MAX_SIZE);
    if (wire_inv_parse(&inv, payload, NULL) == 0) {
        buf_compact(&out, inv.count);
        for (size_t i = 0; i < inv.count; i++) {
            struct hash256 hash = wire_inv_hash(&inv, i);
            buf_le32(&out, wire_inv_type(&inv, i));
            buf_add(&out, bytes_of(hash.b, 32));
        }
        same(&out, payload);
    }
    buf_free(&out);
}

/* Every address that is taken is one of the public Internet, and its text is read back. */
static void fuzz_gossip(struct bytes payload, bool second)
{
    size_t count = 0;
    struct wire_address *found = mem_zalloc(WIRE_ADDR_MAX, sizeof *found);
    int code = second ? wire_addrv2_parse(found, &count, payload, NULL)
                      : wire_addr_parse(found, &count, payload, NULL);
    for (size_t i = 0; code == 0 && i < count; i++) {
        char name[PEER_NAME_SIZE];
        struct address back;
        address_format(name, &found[i].address);
        sanad_assert(address_is_public(&found[i].address));
        sanad_assert(address_parse(&back, name, strlen(name), 1, NULL) == 0);
        sanad_assert(address_equal(&back, &found[i].address));
    }
    free(found);
}

static void fuzz_socks(struct bytes payload)
{
    size_t size;
    if (socks_hello_parse(&size, payload, NULL) == 0)
        sanad_assert(size <= payload.size);
    if (socks_connect_parse(&size, payload, NULL) == 0)
        sanad_assert(size <= payload.size);
}

static void fuzz_address(struct bytes payload)
{
    struct address address;
    struct address back;
    char name[PEER_NAME_SIZE];
    if (address_parse(&address, (const char *)payload.data, payload.size, 8333, NULL) < 0)
        return;
    address_format(name, &address);
    sanad_assert(text_is_clean(name));
    if (address_is_ip(&address)) {
        sanad_assert(address_parse(&back, name, strlen(name), 1, NULL) == 0);
        sanad_assert(address_equal(&address, &back));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct bytes) = {
        fuzz_head,      fuzz_version, fuzz_headers, fuzz_cfilter, fuzz_cfheaders,
        fuzz_cfcheckpt, fuzz_inv,     fuzz_socks,   fuzz_address,
    };
    if (size == 0)
        return 0;
    struct bytes payload = bytes_of(data + 1, size - 1);
    size_t which = data[0] % (countof(readers) + 2);
    if (which < countof(readers))
        readers[which](payload);
    else
        fuzz_gossip(payload, which > countof(readers));
    return 0;
}
