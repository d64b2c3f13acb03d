/* What the parts of chain share among themselves and show to nobody else. */
#ifndef SANAD_CHAIN_PRIV_H
#define SANAD_CHAIN_PRIV_H

#include "chain/chain.h"

/* floor(a * multiplier / divisor), at most 2^256-1: the product is kept in 320 bits, so that
 * an easy synthetic limit does not wrap around. */
struct u256 u256_mul_div(const struct u256 *a, uint32_t multiplier, uint32_t divisor);

/* The nBits that follow a period: `bits` are those that are scaled, the times those of the
 * period's first and last header. */
uint32_t retarget_bits(const struct chain_params *params, uint32_t bits, uint32_t first_time,
                       uint32_t last_time);

#endif
