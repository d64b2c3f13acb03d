/* Hexadecimal, hashes in their two orders, strict base64, strict decimal numbers. */
#include "base/base.h"

bool hash256_is_zero(const struct hash256 *hash)
{
    static const struct hash256 zero;
    return hash256_equal(hash, &zero);
}

void hex_encode(char *ret_text, struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        ret_text[2 * i] = digits[bytes.data[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    ret_text[2 * bytes.size] = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(uint8_t *ret_data, size_t size, const char *text, size_t text_size)
{
    if (size > SIZE_MAX / 2 || text_size != 2 * size)
        return false;
    for (size_t i = 0; i < text_size; i++)
        if (hex_digit(text[i]) < 0)
            return false;
    for (size_t i = 0; i < size; i++)
        ret_data[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return true;
}

static struct hash256 reversed(const struct hash256 *hash)
{
    struct hash256 other;
    for (size_t i = 0; i < 32; i++)
        other.b[i] = hash->b[31 - i];
    return other;
}

void hash256_display(char ret_text[HEX256_SIZE], const struct hash256 *hash)
{
    struct hash256 other = reversed(hash);
    hash256_straight(ret_text, &other);
}

bool hash256_from_display(struct hash256 *ret_hash, const char *text)
{
    struct hash256 straight;
    if (!hash256_from_straight(&straight, text))
        return false;
    *ret_hash = reversed(&straight);
    return true;
}

void hash256_straight(char ret_text[HEX256_SIZE], const struct hash256 *hash)
{
    hex_encode(ret_text, bytes_of(hash->b, 32));
}

bool hash256_from_straight(struct hash256 *ret_hash, const char *text)
{
    return hex_decode(ret_hash->b, 32, text, strlen(text));
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *buf, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes.data[i + 2] : 0;
        buf_u8(buf, (uint8_t)base64_digits[group >> 18]);
        buf_u8(buf, (uint8_t)base64_digits[group >> 12 & 63]);
        buf_u8(buf, left > 1 ? (uint8_t)base64_digits[group >> 6 & 63] : '=');
        buf_u8(buf, left > 2 ? (uint8_t)base64_digits[group & 63] : '=');
    }
}

static int base64_digit(char c)
{
    const char *at = c ? strchr(base64_digits, c) : NULL;
    return at ? (int)(at - base64_digits) : -1;
}

/* Digits and padding of one group of four; false where they are not canonical. */
static bool decode_group(struct buf *buf, const char *text, bool last)
{
    size_t pad = 0;
    if (last && text[3] == '=')
        pad = text[2] == '=' ? 2 : 1;
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i >= 4 - pad ? 0 : base64_digit(text[i]);
        if (digit < 0)
            return false;
        group = group << 6 | (uint32_t)digit;
    }
    if ((pad == 1 && (group & 0xff)) || (pad == 2 && (group & 0xffff)))
        return false; /* trailing bits must be zero */
    for (size_t i = 0; i < 3 - pad; i++)
        buf_u8(buf, (uint8_t)(group >> (16 - 8 * i)));
    return true;
}

bool base64_decode(struct buf *buf, const char *text, size_t text_size)
{
    size_t before = buf->size;
    bool good = text_size % 4 == 0;
    for (size_t i = 0; good && i < text_size; i += 4)
        good = decode_group(buf, text + i, i + 4 == text_size);
    if (!good)
        buf->size = before;
    return good && !buf->bad;
}

bool number_parse(uint64_t *ret_value, const char *text, size_t text_size, uint64_t max)
{
    if (text_size == 0 || text_size > 20 || (text[0] == '0' && text_size > 1))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < text_size; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    }
    if (value > max)
        return false;
    *ret_value = value;
    return true;
}
