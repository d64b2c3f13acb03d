/* 256-bit integers, as far as targets and work need them. */
#include "chain/chain_priv.h"

int u256_compare(const struct u256 *a, const struct u256 *b)
{
    for (int i = 3; i >= 0; i--)
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i] ? -1 : 1;
    return 0;
}

void u256_add(struct u256 *a, const struct u256 *b)
{
    unsigned __int128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (unsigned __int128)a->w[i] + b->w[i];
        a->w[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static void u256_sub(struct u256 *a, const struct u256 *b)
{
    bool borrow = false;
    for (int i = 0; i < 4; i++) {
        uint64_t rest;
        bool under = __builtin_sub_overflow(a->w[i], b->w[i], &rest);
        under |= __builtin_sub_overflow(rest, (uint64_t)borrow, &a->w[i]);
        borrow = under;
    }
}

/* a = 2a + bit; returns the bit that fell out. */
static bool u256_shift_in(struct u256 *a, bool bit)
{
    for (int i = 0; i < 4; i++) {
        bool out = a->w[i] >> 63;
        a->w[i] = a->w[i] << 1 | (bit ? 1 : 0);
        bit = out;
    }
    return bit;
}

struct u256 u256_from_hash(const struct hash256 *hash)
{
    struct u256 a;
    for (int i = 0; i < 4; i++)
        a.w[i] = load_le64(hash->b + 8 * i);
    return a;
}

void u256_hex(char ret_text[HEX256_SIZE], const struct u256 *a)
{
    struct hash256 little;
    memcpy(little.b, a->w, sizeof little.b);
    hash256_display(ret_text, &little);
}

bool u256_from_hex(struct u256 *ret, const char *text)
{
    struct hash256 little;
    if (!hash256_from_display(&little, text))
        return false;
    *ret = u256_from_hash(&little);
    return true;
}

struct u256 u256_mul_div(const struct u256 *a, uint32_t multiplier, uint32_t divisor)
{
    sanad_assert(divisor > 0);
    uint64_t product[5];
    unsigned __int128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (unsigned __int128)a->w[i] * multiplier;
        product[i] = (uint64_t)carry;
        carry >>= 64;
    }
    product[4] = (uint64_t)carry;
    if (product[4] >= divisor)
        return (struct u256){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    struct u256 quotient;
    unsigned __int128 rest = product[4];
    for (int i = 3; i >= 0; i--) {
        rest = rest << 64 | product[i];
        quotient.w[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return quotient;
}

bool target_from_bits(struct u256 *ret_target, uint32_t bits)
{
    struct hash256 little = {{0}};
    unsigned exponent = bits >> 24;
    bool any = false;
    if (bits & 0x00800000) /* negative, or zero */
        return false;
    for (unsigned i = 0; i < 3; i++) {
        uint8_t byte = (uint8_t)(bits >> (8 * i));
        if (byte == 0 || exponent + i < 3) /* bytes below the point are cut off */
            continue;
        if (exponent + i - 3 >= sizeof little.b)
            return false;
        little.b[exponent + i - 3] = byte;
        any = true;
    }
    if (!any)
        return false;
    *ret_target = u256_from_hash(&little);
    return true;
}

uint32_t target_to_bits(const struct u256 *target)
{
    uint8_t little[32];
    memcpy(little, target->w, sizeof little);
    unsigned size = 32;
    while (size > 0 && little[size - 1] == 0)
        size--;
    /* A mantissa with the sign bit set takes one byte more. */
    if (size > 0 && little[size - 1] >= 0x80)
        size++;
    uint32_t mantissa = 0;
    for (unsigned i = 1; i <= 3; i++) {
        uint8_t byte = size >= i && size - i < 32 ? little[size - i] : 0;
        mantissa = mantissa << 8 | byte;
    }
    return size << 24 | mantissa;
}

struct u256 work_of_bits(uint32_t bits)
{
    struct u256 target;
    struct u256 work = {{0}};
    if (!target_from_bits(&target, bits))
        return work;
    /* 2^256 / (t+1) = (2^256 - (t+1)) / (t+1) + 1 = ~t / (t+1) + 1, which stays in 256 bits. */
    const struct u256 one = {{1, 0, 0, 0}};
    struct u256 divisor = target;
    u256_add(&divisor, &one);
    struct u256 rest = {{0}};
    for (int bit = 255; bit >= 0; bit--) {
        bool carry = u256_shift_in(&rest, !(target.w[bit / 64] >> (bit % 64) & 1));
        bool fits = carry || u256_compare(&rest, &divisor) >= 0;
        if (fits)
            u256_sub(&rest, &divisor);
        (void)u256_shift_in(&work, fits); /* the quotient is below 2^256: nothing falls out */
    }
    u256_add(&work, &one);
    return work;
}
