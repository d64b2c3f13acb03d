/* Numbers of 256 bits, as far as targets and work need them: eight words of 32 bits, the lowest
 * first, so that no compiler asks for a helper of its own. */
#include "verify/verify_priv.h"

_Static_assert(sizeof(struct verify_u256) == 32, "eight words");

int verify_u256_compare(const struct verify_u256 *a, const struct verify_u256 *b)
{
    for (size_t i = 8; i > 0; i--)
        if (a->w[i - 1] != b->w[i - 1])
            return a->w[i - 1] < b->w[i - 1] ? -1 : 1;
    return 0;
}

void verify_u256_add(struct verify_u256 *a, const struct verify_u256 *b)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < 8; i++) {
        carry += (uint64_t)a->w[i] + b->w[i];
        a->w[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void subtract(struct verify_u256 *a, const struct verify_u256 *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < 8; i++) {
        uint64_t rest = (uint64_t)a->w[i] - b->w[i] - borrow;
        a->w[i] = (uint32_t)rest;
        borrow = rest >> 63;
    }
}

/* a = 2a + bit; returns the bit that fell out. */
static uint32_t shift_in(struct verify_u256 *a, uint32_t bit)
{
    for (size_t i = 0; i < 8; i++) {
        uint32_t out = a->w[i] >> 31;
        a->w[i] = a->w[i] << 1 | bit;
        bit = out;
    }
    return bit;
}

struct verify_u256 verify_u256_of_hash(const uint8_t hash[32])
{
    struct verify_u256 a;
    for (size_t i = 0; i < 8; i++)
        a.w[i] = (uint32_t)hash[4 * i] | (uint32_t)hash[4 * i + 1] << 8 |
                 (uint32_t)hash[4 * i + 2] << 16 | (uint32_t)hash[4 * i + 3] << 24;
    return a;
}

void verify_u256_big_endian(uint8_t ret_bytes[32], const struct verify_u256 *a)
{
    for (size_t i = 0; i < 32; i++)
        ret_bytes[i] = (uint8_t)(a->w[7 - i / 4] >> (24 - 8 * (i % 4)));
}

struct verify_u256 verify_u256_mul_div(const struct verify_u256 *a, uint32_t multiplier,
                                       uint32_t divisor)
{
    struct verify_u256 quotient;
    uint32_t product[9];
    uint64_t carry = 0;
    sanad_assert(divisor > 0);
    for (size_t i = 0; i < 8; i++) {
        carry += (uint64_t)a->w[i] * multiplier;
        product[i] = (uint32_t)carry;
        carry >>= 32;
    }
    product[8] = (uint32_t)carry;
    uint64_t rest = product[8];
    if (rest >= divisor) { /* more than 256 bits: the greatest there is */
        memset(&quotient, 0xff, sizeof quotient);
        return quotient;
    }
    for (size_t i = 8; i > 0; i--) {
        rest = rest << 32 | product[i - 1];
        quotient.w[i - 1] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    return quotient;
}

bool verify_target_of(struct verify_u256 *ret_target, uint32_t bits)
{
    uint8_t little[32] = {0};
    uint32_t exponent = bits >> 24;
    bool any = false;
    if (bits & 0x00800000) /* negative, or zero */
        return false;
    for (unsigned i = 0; i < 3; i++) {
        uint8_t byte = (uint8_t)(bits >> (8 * i));
        if (byte == 0 || exponent + i < 3) /* bytes below the point are cut off */
            continue;
        if (exponent + i - 3 >= sizeof little)
            return false;
        little[exponent + i - 3] = byte;
        any = true;
    }
    if (any)
        *ret_target = verify_u256_of_hash(little);
    return any;
}

uint32_t verify_target_bits(const struct verify_u256 *target)
{
    uint8_t big[32];
    uint32_t mantissa = 0;
    size_t begin = 0;
    verify_u256_big_endian(big, target);
    while (begin < sizeof big && big[begin] == 0)
        begin++;
    size_t size = sizeof big - begin;
    /* A mantissa with the sign bit set takes one byte more. */
    bool has_sign = size > 0 && big[begin] >= 0x80;
    for (size_t i = 0; i < 3; i++) {
        size_t at = begin + i - has_sign;
        bool is_there = !(has_sign && i == 0) && at < sizeof big;
        mantissa = mantissa << 8 | (is_there ? big[at] : 0);
    }
    return (uint32_t)(size + has_sign) << 24 | mantissa;
}

struct verify_u256 verify_work_of(const struct verify_u256 *target)
{
    /* 2^256 / (t+1) = ~t / (t+1) + 1, which stays in 256 bits. */
    const struct verify_u256 one = {{1}};
    struct verify_u256 work = {{0}};
    struct verify_u256 rest = {{0}};
    struct verify_u256 divisor = *target;
    verify_u256_add(&divisor, &one);
    for (unsigned i = 256; i > 0; i--) {
        uint32_t bit = ~target->w[(i - 1) / 32] >> ((i - 1) % 32) & 1;
        bool fits = shift_in(&rest, bit) || verify_u256_compare(&rest, &divisor) >= 0;
        if (fits)
            subtract(&rest, &divisor);
        (void)shift_in(&work, fits); /* the quotient is below 2^256: nothing falls out */
    }
    verify_u256_add(&work, &one);
    return work;
}
