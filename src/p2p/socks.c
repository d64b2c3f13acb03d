/* SOCKS5 (RFC 1928) as far as a proxy such as Tor needs it: no authentication, connect. Names go
 * to the proxy as they are: nothing is looked up here. */
#include "p2p/p2p_priv.h"

#include <arpa/inet.h>

enum {
    SOCKS_VERSION = 5,
    SOCKS_NO_AUTHENTICATION = 0,
    SOCKS_CONNECT = 1,
    SOCKS_IPV4 = 1,
    SOCKS_NAME = 3,
    SOCKS_IPV6 = 4,
    SOCKS_HELLO_SIZE = 2,
    SOCKS_REPLY_HEAD = 4
};

void socks_hello_write(struct buf *buf)
{
    buf_u8(buf, SOCKS_VERSION);
    buf_u8(buf, 1);
    buf_u8(buf, SOCKS_NO_AUTHENTICATION);
}

void socks_connect_write(struct buf *buf, const struct address *address)
{
    uint8_t ip[16];
    size_t size = strlen(address->host);
    buf_u8(buf, SOCKS_VERSION);
    buf_u8(buf, SOCKS_CONNECT);
    buf_u8(buf, 0);
    if (inet_pton(AF_INET, address->host, ip) == 1) {
        buf_u8(buf, SOCKS_IPV4);
        buf_add(buf, bytes_of(ip, 4));
    } else if (inet_pton(AF_INET6, address->host, ip) == 1) {
        buf_u8(buf, SOCKS_IPV6);
        buf_add(buf, bytes_of(ip, 16));
    } else {
        sanad_assert(size < ADDRESS_HOST_SIZE);
        buf_u8(buf, SOCKS_NAME);
        buf_u8(buf, (uint8_t)size);
        buf_add(buf, bytes_of(address->host, size));
    }
    buf_u8(buf, (uint8_t)(address->port >> 8));
    buf_u8(buf, (uint8_t)address->port);
}

int socks_hello_parse(size_t *ret_size, struct bytes bytes, struct err *err)
{
    if (bytes.size > 0 && bytes.data[0] != SOCKS_VERSION)
        return err_set(err, SANAD_REFUSED, "proxy: does not speak SOCKS5");
    if (bytes.size >= SOCKS_HELLO_SIZE && bytes.data[1] != SOCKS_NO_AUTHENTICATION)
        return err_set(err, SANAD_REFUSED, "proxy: asks for a password");
    *ret_size = bytes.size >= SOCKS_HELLO_SIZE ? SOCKS_HELLO_SIZE : 0;
    return 0;
}

int socks_connect_parse(size_t *ret_size, struct bytes bytes, struct err *err)
{
    struct cursor cursor = cursor_of(bytes);
    size_t address_size = 0;
    uint8_t version = cursor_u8(&cursor);
    uint8_t reply = cursor_u8(&cursor);
    (void)cursor_u8(&cursor);
    uint8_t kind = cursor_u8(&cursor);
    *ret_size = 0;
    if (bytes.size > 0 && version != SOCKS_VERSION)
        return err_set(err, SANAD_REFUSED, "proxy: does not speak SOCKS5");
    if (bytes.size >= SOCKS_REPLY_HEAD && reply != 0)
        return err_set(err, SANAD_REFUSED, "proxy: cannot connect (reply %u)", reply);
    if (cursor.bad)
        return 0;
    if (kind == SOCKS_IPV4)
        address_size = 4;
    else if (kind == SOCKS_IPV6)
        address_size = 16;
    else if (kind == SOCKS_NAME)
        address_size = cursor_u8(&cursor);
    else
        return err_set(err, SANAD_REFUSED, "proxy: an address of kind %u", kind);
    (void)cursor_take(&cursor, address_size + 2);
    if (!cursor.bad)
        *ret_size = bytes.size - cursor_left(&cursor);
    return 0;
}
