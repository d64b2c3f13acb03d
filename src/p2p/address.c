/* Addresses: as text, as peers gossip them (addr, BIP155's addrv2), and which are of the public
 * Internet, so that no peer can make us knock at the doors of a private network. */
#include "p2p/p2p_priv.h"

#include <arpa/inet.h>

enum {
    IPV4_SIZE = 4,
    IPV6_SIZE = 16,
    MAPPED_SIZE = 12,
    BIP155_IPV4 = 1,
    BIP155_IPV6 = 2,
    BIP155_KNOWN_MAX = 7,
    PORT_MAX = 65535
};
static const uint8_t MAPPED[MAPPED_SIZE] = {[10] = 0xff, [11] = 0xff};

static bool host_is_clean(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != ':')
            return false;
    }
    return size > 0 && size < ADDRESS_HOST_SIZE;
}

/* Where the host ends and, behind a colon, the port begins; one that has several colons and no
 * brackets is an IPv6 address alone. */
static void split(const char *text, size_t size, struct bytes *ret_host, struct bytes *ret_port)
{
    const char *end = text + size;
    const char *close = size > 0 && text[0] == '[' ? memchr(text, ']', size) : NULL;
    const char *colon = memchr(text, ':', size);
    *ret_host = bytes_of(text, size);
    *ret_port = bytes_of(end, 0);
    if (close) {
        *ret_host = bytes_of(text + 1, (size_t)(close - text - 1));
        *ret_port = bytes_of(close + 1, (size_t)(end - close - 1));
    } else if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
        *ret_host = bytes_of(text, (size_t)(colon - text));
        *ret_port = bytes_of(colon, (size_t)(end - colon));
    }
}

int address_parse(struct address *ret_address, const char *text, size_t text_size,
                  uint16_t default_port, struct err *err)
{
    struct bytes host;
    struct bytes port;
    uint64_t number = default_port;
    struct address address = {.port = 0};
    if (text_size >= PEER_NAME_SIZE)
        return err_set(err, SANAD_USAGE, "peer: an address of %zu characters", text_size);
    split(text, text_size, &host, &port);
    bool port_ok = port.size == 0 ||
                   (port.data[0] == ':' &&
                    number_parse(&number, (const char *)port.data + 1, port.size - 1, PORT_MAX));
    if (!host_is_clean((const char *)host.data, host.size) || !port_ok || number == 0)
        return err_set(err, SANAD_USAGE, "peer %.*s: not of the form HOST:PORT", (int)text_size,
                       text);
    memcpy(address.host, host.data, host.size);
    address.port = (uint16_t)number;
    *ret_address = address;
    return 0;
}

void address_format(char ret_text[PEER_NAME_SIZE], const struct address *address)
{
    bool v6 = strchr(address->host, ':') != NULL;
    (void)snprintf(ret_text, PEER_NAME_SIZE, v6 ? "[%s]:%u" : "%s:%u", address->host,
                   address->port);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool address_is_ip(const struct address *address)
{
    uint8_t raw[IPV6_SIZE];
    return inet_pton(AF_INET, address->host, raw) == 1 ||
           inet_pton(AF_INET6, address->host, raw) == 1;
}

static bool v4_is_public(const uint8_t ip[IPV4_SIZE])
{
    return ip[0] != 0 && ip[0] != 10 && ip[0] != 127 && ip[0] < 224 &&
           !(ip[0] == 100 && (ip[1] & 0xc0) == 64) && !(ip[0] == 169 && ip[1] == 254) &&
           !(ip[0] == 172 && (ip[1] & 0xf0) == 16) && !(ip[0] == 192 && ip[1] == 168) &&
           !(ip[0] == 198 && (ip[1] & 0xfe) == 18);
}

/* Global unicast, but for what stands for an IPv4 address (6to4) or for documents. */
static bool v6_is_public(const uint8_t ip[IPV6_SIZE])
{
    return (ip[0] & 0xe0) == 0x20 && !(ip[0] == 0x20 && ip[1] == 0x02) &&
           !(ip[0] == 0x20 && ip[1] == 0x01 && (ip[2] == 0 || (ip[2] == 0x0d && ip[3] == 0xb8)));
}

bool address_is_public(const struct address *address)
{
    uint8_t raw[IPV6_SIZE];
    if (inet_pton(AF_INET, address->host, raw) == 1)
        return v4_is_public(raw);
    return inet_pton(AF_INET6, address->host, raw) == 1 && v6_is_public(raw);
}

bool address_is_loopback(const struct address *address)
{
    uint8_t raw[IPV6_SIZE];
    return (inet_pton(AF_INET, address->host, raw) == 1 && raw[0] == 127) ||
           strcmp(address->host, "::1") == 0 || strcmp(address->host, "localhost") == 0;
}

/* False where it is not of the public Internet. */
static bool address_of_ip(struct address *ret_address, struct bytes ip, uint16_t port)
{
    struct address address = {.port = port};
    int family = ip.size == IPV4_SIZE ? AF_INET : AF_INET6;
    if (ip.size == IPV6_SIZE && memcmp(ip.data, MAPPED, MAPPED_SIZE) == 0) {
        ip = bytes_of(ip.data + MAPPED_SIZE, IPV4_SIZE);
        family = AF_INET;
    }
    if (port == 0 || !inet_ntop(family, ip.data, address.host, sizeof address.host) ||
        !address_is_public(&address))
        return false;
    *ret_address = address;
    return true;
}

static uint16_t take_port(struct cursor *cursor)
{
    uint16_t high = cursor_u8(cursor);
    return (uint16_t)(high << 8 | cursor_u8(cursor));
}

int wire_addr_parse(struct wire_address *ret_addresses, size_t *ret_count, struct bytes payload,
                    struct err *err)
{
    struct cursor cursor = cursor_of(payload);
    size_t found = 0;
    uint64_t count = cursor_compact(&cursor, WIRE_ADDR_MAX);
    for (uint64_t i = 0; i < count && !cursor.bad; i++) {
        struct wire_address *to = &ret_addresses[found];
        to->time = cursor_le32(&cursor);
        to->services = cursor_le64(&cursor);
        struct bytes ip = cursor_take(&cursor, IPV6_SIZE);
        uint16_t port = take_port(&cursor);
        found += !cursor.bad && address_of_ip(&to->address, ip, port);
    }
    if (!cursor_done(&cursor))
        return err_set(err, SANAD_REFUSED, "message addr: not whole addresses, at most %d",
                       WIRE_ADDR_MAX);
    *ret_count = found;
    return 0;
}

/* BIP155: the networks that are known have one length each. */
static bool length_fits(uint8_t network, size_t size)
{
    static const size_t sizes[BIP155_KNOWN_MAX + 1] = {0, 4, 16, 10, 32, 32, 16, 16};
    return network == 0 || network > BIP155_KNOWN_MAX || sizes[network] == size;
}

int wire_addrv2_parse(struct wire_address *ret_addresses, size_t *ret_count, struct bytes payload,
                      struct err *err)
{
    struct cursor cursor = cursor_of(payload);
    size_t found = 0;
    bool fits = true;
    uint64_t count = cursor_compact(&cursor, WIRE_ADDR_MAX);
    for (uint64_t i = 0; i < count && !cursor.bad && fits; i++) {
        struct wire_address *to = &ret_addresses[found];
        to->time = cursor_le32(&cursor);
        to->services = cursor_compact(&cursor, UINT64_MAX);
        uint8_t network = cursor_u8(&cursor);
        struct bytes ip = cursor_compact_bytes(&cursor, WIRE_ADDR_SIZE_MAX);
        uint16_t port = take_port(&cursor);
        fits = cursor.bad || length_fits(network, ip.size);
        found += !cursor.bad && fits && (network == BIP155_IPV4 || network == BIP155_IPV6) &&
                 address_of_ip(&to->address, ip, port);
    }
    if (!fits || !cursor_done(&cursor))
        return err_set(err, SANAD_REFUSED, "message addrv2: not whole addresses, at most %d",
                       WIRE_ADDR_MAX);
    *ret_count = found;
    return 0;
}
