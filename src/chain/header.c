/* Block headers: 80 bytes to fields and back, hash, proof of work. */
#include "chain/chain_priv.h"

void header_parse(struct header *ret_header, const uint8_t raw[HEADER_SIZE])
{
    ret_header->version = (int32_t)load_le32(raw);
    memcpy(ret_header->prev.b, raw + 4, 32);
    memcpy(ret_header->merkle_root.b, raw + 36, 32);
    ret_header->time = load_le32(raw + 68);
    ret_header->bits = load_le32(raw + 72);
    ret_header->nonce = load_le32(raw + 76);
}

void header_write(uint8_t ret_raw[HEADER_SIZE], const struct header *header)
{
    _Static_assert(sizeof header->prev == 32 && sizeof header->merkle_root == 32, "no padding");
    memcpy(ret_raw, &header->version, 4);
    memcpy(ret_raw + 4, header->prev.b, 32);
    memcpy(ret_raw + 36, header->merkle_root.b, 32);
    memcpy(ret_raw + 68, &header->time, 4);
    memcpy(ret_raw + 72, &header->bits, 4);
    memcpy(ret_raw + 76, &header->nonce, 4);
}

void header_hash(struct hash256 *ret_hash, const uint8_t raw[HEADER_SIZE])
{
    sha256d_of(ret_hash, bytes_of(raw, HEADER_SIZE));
}

bool header_pow_ok(const struct chain_params *params, const struct hash256 *hash, uint32_t bits)
{
    struct u256 target;
    struct u256 limit;
    bool limit_good = target_from_bits(&limit, params->pow_limit_bits);
    sanad_assert(limit_good);
    if (!target_from_bits(&target, bits) || u256_compare(&target, &limit) > 0)
        return false;
    struct u256 value = u256_from_hash(hash);
    return u256_compare(&value, &target) <= 0;
}

uint32_t retarget_bits(const struct chain_params *params, uint32_t bits, uint32_t first_time,
                       uint32_t last_time)
{
    struct u256 target;
    struct u256 limit;
    int64_t period = params->target_timespan;
    int64_t span = (int64_t)last_time - first_time;
    bool good = target_from_bits(&target, bits) && target_from_bits(&limit, params->pow_limit_bits);
    sanad_assert(good && period >= 4 && period <= UINT32_MAX / 4);
    if (span < period / 4)
        span = period / 4;
    if (span > period * 4)
        span = period * 4;
    target = u256_mul_div(&target, (uint32_t)span, (uint32_t)period);
    return target_to_bits(u256_compare(&target, &limit) > 0 ? &limit : &target);
}
