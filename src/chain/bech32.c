/* Bech32 (BIP173) and bech32m (BIP350): text of 32 characters with an error-detecting code,
 * as segregated-witness addresses are written. */
#include "chain/chain_priv.h"

static const char bech32_charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* BIP173: one step of the code over GF(32). */
static uint32_t polymod_step(uint32_t checksum, uint8_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t top = checksum >> 25;
    checksum = (checksum & 0x1ffffff) << 5 ^ value;
    for (size_t i = 0; i < countof(generator); i++)
        if (top >> i & 1)
            checksum ^= generator[i];
    return checksum;
}

/* The code over the prefix: high bits, a zero, low bits. */
static uint32_t polymod_prefix(const char *prefix)
{
    uint32_t checksum = 1;
    for (const char *c = prefix; *c; c++)
        checksum = polymod_step(checksum, (uint8_t)(*c >> 5));
    checksum = polymod_step(checksum, 0);
    for (const char *c = prefix; *c; c++)
        checksum = polymod_step(checksum, *c & 31);
    return checksum;
}

/* Lower case into ret_text; false with both cases or a character outside 33..126. */
static bool text_lower(char ret_text[BECH32_TEXT_MAX + 1], const char *text, size_t size)
{
    bool lower = false;
    bool upper = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c < 33 || c > 126)
            return false;
        lower |= c >= 'a' && c <= 'z';
        upper |= c >= 'A' && c <= 'Z';
        ret_text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    ret_text[size] = 0;
    return !(lower && upper);
}

bool bech32_decode(struct bech32 *ret, const char *text)
{
    char lower[BECH32_TEXT_MAX + 1];
    struct bech32 out = {.value_count = 0};
    size_t size = strnlen(text, BECH32_TEXT_MAX + 1);
    if (size > BECH32_TEXT_MAX || !text_lower(lower, text, size))
        return false;
    const char *separator = strrchr(lower, '1');
    if (!separator || separator == lower)
        return false;
    size_t prefix_size = (size_t)(separator - lower);
    size_t data_size = size - prefix_size - 1;
    if (data_size < BECH32_CHECKSUM_SIZE || prefix_size > BECH32_PREFIX_MAX)
        return false;
    memcpy(out.prefix, lower, prefix_size);
    uint32_t checksum = polymod_prefix(out.prefix);
    for (size_t i = 0; i < data_size; i++) {
        const char *at = strchr(bech32_charset, separator[1 + i]);
        if (!at)
            return false;
        out.values[i] = (uint8_t)(at - bech32_charset);
        checksum = polymod_step(checksum, out.values[i]);
    }
    if (checksum != BECH32 && checksum != BECH32M)
        return false;
    out.kind = (enum bech32_kind)checksum;
    out.value_count = data_size - BECH32_CHECKSUM_SIZE;
    *ret = out;
    return true;
}

void bech32_encode(struct buf *buf, const struct bech32 *bech32)
{
    size_t prefix_size = strlen(bech32->prefix);
    sanad_assert(prefix_size >= 1 &&
                 prefix_size + 1 + bech32->value_count + BECH32_CHECKSUM_SIZE <= BECH32_TEXT_MAX);
    uint32_t checksum = polymod_prefix(bech32->prefix);
    buf_text(buf, bech32->prefix);
    buf_u8(buf, '1');
    for (size_t i = 0; i < bech32->value_count; i++) {
        sanad_assert(bech32->values[i] < 32);
        checksum = polymod_step(checksum, bech32->values[i]);
        buf_u8(buf, (uint8_t)bech32_charset[bech32->values[i]]);
    }
    for (size_t i = 0; i < BECH32_CHECKSUM_SIZE; i++)
        checksum = polymod_step(checksum, 0);
    checksum ^= bech32->kind;
    for (unsigned i = 0; i < BECH32_CHECKSUM_SIZE; i++)
        buf_u8(buf, (uint8_t)bech32_charset[checksum >> 5 * (5 - i) & 31]);
}
