/* The inner loop of filter decoding. Each element must be decoded before the place of the next is
 * known, so one filter leaves most of the processor idle: four are decoded side by side. */
#include "chain/chain_priv.h"

#include <stdatomic.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* Of 64 bits loaded at a byte 57 are there whatever the bit in it; an element has a quotient of
 * ones, a zero and 19 bits. */
enum { QUOTIENT_MAX = 57 - 1 - FILTER_P };

/* One element where nothing is unusual; false: with care, please. */
INLINE bool read_element(const uint8_t *bits, uint64_t *bit, uint64_t end, uint64_t *value)
{
    if (__builtin_expect(*bit >= end, 0))
        return false;
    uint64_t word = load_be64(bits + (*bit >> 3)) << (*bit & 7);
    unsigned quotient = (unsigned)__builtin_clzll(~word | 1);
    if (__builtin_expect(quotient > QUOTIENT_MAX, 0))
        return false;
    uint64_t rest = word << (quotient + 1) >> (64 - FILTER_P);
    *value += ((uint64_t)quotient << FILTER_P) + rest;
    *bit += quotient + 1 + FILTER_P;
    return true;
}

INLINE size_t read_one(struct filter_reader *reader, uint64_t *ret_values, size_t count)
{
    const uint8_t *bits = reader->bits;
    uint64_t end = reader->careless_end;
    uint64_t bit = reader->bit;
    uint64_t value = reader->value;
    size_t done = 0;
    for (; done < count && read_element(bits, &bit, end, &value); done++)
        ret_values[done] = value;
    reader->bit = bit;
    reader->value = value;
    reader->left -= (uint32_t)done;
    return done;
}

INLINE size_t read_lanes(struct filter_reader *const readers[FILTER_LANES],
                         uint64_t ret_values[FILTER_LANES][FILTER_CHUNK], size_t count)
{
    const uint8_t *bits[FILTER_LANES];
    uint64_t end[FILTER_LANES], bit[FILTER_LANES], value[FILTER_LANES];
    size_t done = 0;
    for (int i = 0; i < FILTER_LANES; i++) {
        bits[i] = readers[i]->bits;
        end[i] = readers[i]->careless_end;
        bit[i] = readers[i]->bit;
        value[i] = readers[i]->value;
    }
    for (; done < count; done++) {
        uint64_t next_bit[FILTER_LANES], next_value[FILTER_LANES];
        bool careless = true;
        for (int i = 0; i < FILTER_LANES; i++) {
            next_bit[i] = bit[i];
            next_value[i] = value[i];
            if (!read_element(bits[i], &next_bit[i], end[i], &next_value[i]))
                careless = false;
        }
        if (!careless)
            break;
        for (int i = 0; i < FILTER_LANES; i++) {
            bit[i] = next_bit[i];
            value[i] = next_value[i];
            ret_values[i][done] = value[i];
        }
    }
    for (int i = 0; i < FILTER_LANES; i++) {
        readers[i]->bit = bit[i];
        readers[i]->value = value[i];
        readers[i]->left -= (uint32_t)done;
    }
    return done;
}

INLINE size_t take(uint64_t *ret_found, const uint64_t *values, size_t count,
                   const struct filter_map *map)
{
    const uint64_t *words = map->words;
    uint64_t mask = map->mask;
    unsigned shift = map->shift;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = values[i] >> shift & mask;
        ret_found[kept] = values[i];
        kept += words[bit >> 6] >> (bit & 63) & 1;
    }
    return kept;
}

#ifdef __x86_64__

#define WIDE __attribute__((target("bmi,bmi2,lzcnt")))

WIDE static size_t read_one_wide(struct filter_reader *reader, uint64_t *ret_values, size_t count)
{
    return read_one(reader, ret_values, count);
}

WIDE static size_t read_lanes_wide(struct filter_reader *const readers[FILTER_LANES],
                                   uint64_t ret_values[FILTER_LANES][FILTER_CHUNK], size_t count)
{
    return read_lanes(readers, ret_values, count);
}

WIDE static size_t take_wide(uint64_t *ret_found, const uint64_t *values, size_t count,
                             const struct filter_map *map)
{
    return take(ret_found, values, count, map);
}

/* Asked of the processor once: under a hypervisor the answer is slow. */
static bool is_wide(void)
{
    enum { UNKNOWN, NARROW, IS_WIDE };
    static atomic_int known = UNKNOWN;
    unsigned a, b, c, d;
    int is = atomic_load_explicit(&known, memory_order_relaxed);
    if (is == UNKNOWN) {
        bool lzcnt = __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & bit_LZCNT);
        is = lzcnt && __builtin_cpu_supports("bmi2") ? IS_WIDE : NARROW;
        atomic_store_explicit(&known, is, memory_order_relaxed);
    }
    return is == IS_WIDE;
}

#else

#define read_one_wide read_one
#define read_lanes_wide read_lanes
#define take_wide take
static bool is_wide(void)
{
    return false;
}

#endif

size_t filter_read_one(struct filter_reader *reader, uint64_t *ret_values, size_t count)
{
    sanad_assert(count <= reader->left);
    return is_wide() ? read_one_wide(reader, ret_values, count)
                     : read_one(reader, ret_values, count);
}

size_t filter_read_lanes(struct filter_reader *const readers[FILTER_LANES],
                         uint64_t ret_values[FILTER_LANES][FILTER_CHUNK], size_t count)
{
    sanad_assert(count <= FILTER_CHUNK);
    for (int i = 0; i < FILTER_LANES; i++)
        sanad_assert(count <= readers[i]->left);
    return is_wide() ? read_lanes_wide(readers, ret_values, count)
                     : read_lanes(readers, ret_values, count);
}

size_t filter_take(uint64_t *ret_found, const uint64_t *values, size_t count,
                   const struct filter_map *map)
{
    return is_wide() ? take_wide(ret_found, values, count, map)
                     : take(ret_found, values, count, map);
}
