/* Base58 and Base58Check: numbers written with 58 digits that are hard to confuse, as
 * Bitcoin's first addresses and its extended keys are. */
#include "chain/chain_priv.h"

static const char base58_digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

enum { BASE58_CHECKSUM_SIZE = 4 };

static int base58_value(char c)
{
    const char *at = c ? strchr(base58_digits, c) : NULL;
    return at ? (int)(at - base58_digits) : -1;
}

/* A number in places of 256 or 58, least significant first, no leading zeros. */
struct places {
    uint8_t at[BASE58_TEXT_MAX];
    size_t count;
};

/* places = places * base + digit, in places of `place_base`; false over `count_max` places. */
static bool places_push(struct places *places, size_t count_max, unsigned place_base, unsigned base,
                        unsigned digit)
{
    unsigned carry = digit;
    for (size_t i = 0; i < places->count; i++) {
        carry += places->at[i] * base;
        places->at[i] = (uint8_t)(carry % place_base);
        carry /= place_base;
    }
    for (; carry > 0; carry /= place_base) {
        if (places->count == count_max)
            return false;
        places->at[places->count++] = (uint8_t)(carry % place_base);
    }
    return true;
}

bool base58_decode(struct buf *buf, const char *text, size_t text_size)
{
    struct places bytes = {.count = 0};
    size_t zeros = 0;
    if (text_size > BASE58_TEXT_MAX)
        return false;
    while (zeros < text_size && text[zeros] == base58_digits[0])
        zeros++;
    if (zeros > BASE58_BYTES_MAX)
        return false;
    for (size_t i = zeros; i < text_size; i++) {
        int value = base58_value(text[i]);
        if (value < 0 || !places_push(&bytes, BASE58_BYTES_MAX - zeros, 256, 58, (unsigned)value))
            return false;
    }
    uint8_t *room = buf_extend(buf, zeros + bytes.count);
    if (!room)
        return false;
    memset(room, 0, zeros);
    for (size_t i = 0; i < bytes.count; i++)
        room[zeros + i] = bytes.at[bytes.count - 1 - i];
    return true;
}

void base58_encode(struct buf *buf, struct bytes bytes)
{
    struct places digits = {.count = 0};
    size_t zeros = 0;
    sanad_assert(bytes.size <= BASE58_BYTES_MAX);
    while (zeros < bytes.size && bytes.data[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < bytes.size; i++) {
        bool fits = places_push(&digits, BASE58_TEXT_MAX, 58, 256, bytes.data[i]);
        sanad_assert(fits);
    }
    for (size_t i = 0; i < zeros; i++)
        buf_u8(buf, (uint8_t)base58_digits[0]);
    for (size_t i = digits.count; i-- > 0;)
        buf_u8(buf, (uint8_t)base58_digits[digits.at[i]]);
}

bool base58check_decode_sized(struct buf *buf, const char *text, size_t text_size)
{
    size_t start = buf->size;
    if (!base58_decode(buf, text, text_size))
        return false;
    struct hash256 digest;
    size_t size = buf->size - start;
    bool ok = size >= BASE58_CHECKSUM_SIZE;
    if (ok) {
        size -= BASE58_CHECKSUM_SIZE;
        sha256d_of(&digest, bytes_of(buf->data + start, size));
        ok = memcmp(digest.b, buf->data + start + size, BASE58_CHECKSUM_SIZE) == 0;
    }
    buf->size = start + (ok ? size : 0);
    return ok;
}

bool base58check_decode(struct buf *buf, const char *text)
{
    return base58check_decode_sized(buf, text, strnlen(text, BASE58_TEXT_MAX + 1));
}

void base58check_encode(struct buf *buf, struct bytes payload)
{
    uint8_t whole[BASE58_BYTES_MAX];
    struct hash256 digest;
    sanad_assert(payload.size <= sizeof whole - BASE58_CHECKSUM_SIZE);
    sha256d_of(&digest, payload);
    memcpy(whole, payload.data, payload.size);
    memcpy(whole + payload.size, digest.b, BASE58_CHECKSUM_SIZE);
    base58_encode(buf, bytes_of(whole, payload.size + BASE58_CHECKSUM_SIZE));
}
