/* The hot loop: walks a block by pointers, each step bounded by the end of the block, and
 * notes what a scan needs. The rules are those of block_parse in chain; a test holds the two
 * against each other. It allocates only where a watched script is met. */
#include "scan/scan_priv.h"

#include <stdlib.h>

enum {
    TX_SIZE_LEAST = 60, /* version 4, counts 2, one input 41, one output 9, lock time 4 */
    IN_SIZE_LEAST = 41, /* outpoint 36, empty script 1, sequence 4 */
    OUT_SIZE_LEAST = 9, /* value 8, empty script 1 */
    COMPACT_MAX = 1 << 25,
    COINBASE_SCRIPT_LEAST = 2,
    COINBASE_SCRIPT_MOST = 100
};
/* prevout_key of an input that spends nothing. */
#define NULL_KEY (UINT64_C(0xffffffff) * PREVOUT_MIX)

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define hot_inline static inline __attribute__((always_inline))

static const char RULE_ENDS[] = "ends early, or a count or length is impossible or not in its "
                                "shortest form";

/* What the walk carries along; `end` is the block's. */
struct step {
    const uint8_t *end;
    struct walk *walk;
    uint64_t *log;
    size_t next_wanted; /* ordinal of the next input that is asked for */
};

hot_inline const uint8_t *broken(struct step *step, const char *rule)
{
    step->walk->rule = rule;
    return NULL;
}

size_t walk_tx_max(size_t size)
{
    return size / TX_SIZE_LEAST + 1;
}

/* ---- CompactSize ------------------------------------------------------------------------- */

/* The long forms, 0xfd and up, which must be needed and may not pass COMPACT_MAX. */
static __attribute__((noinline, cold)) const uint8_t *
compact_long(uint64_t *ret_value, const uint8_t *p, const uint8_t *end)
{
    size_t size = *p == 0xfd ? 2 : *p == 0xfe ? 4 : 8;
    uint64_t least = *p == 0xfd ? 0xfd : *p == 0xfe ? 0x10000 : UINT64_C(0x100000000);
    uint64_t value = 0;
    if ((size_t)(end - ++p) < size)
        return NULL;
    memcpy(&value, p, size);
    if (value < least || value > COMPACT_MAX)
        return NULL;
    *ret_value = value;
    return p + size;
}

/* p < end must hold; the result may be end. */
hot_inline const uint8_t *compact(uint64_t *ret_value, const uint8_t *p, const uint8_t *end)
{
    if (likely(*p < 0xfd)) {
        *ret_value = *p;
        return p + 1;
    }
    return compact_long(ret_value, p, end);
}

/* ---- inputs, outputs, witness ---------------------------------------------------------------- */

hot_inline const uint8_t *walk_inputs(struct step *step, const uint8_t *p, uint64_t count,
                                      bool coinbase)
{
    uint64_t *log = step->log;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t size;
        if (unlikely(step->end - p < IN_SIZE_LEAST))
            return broken(step, RULE_ENDS);
        uint64_t key = prevout_key(p, load_le32(p + 32));
        *log++ = key;
        if (unlikely(key == NULL_KEY) && !coinbase && load_le32(p + 32) == 0xffffffff &&
            hash256_is_zero((const struct hash256 *)p))
            return broken(step, "an input that is not the coinbase's spends nothing");
        p = compact(&size, p + 36, step->end);
        if (unlikely(!p || (uint64_t)(step->end - p) < size + 4))
            return broken(step, RULE_ENDS);
        p += size + 4;
    }
    step->log = log;
    return p;
}

static __attribute__((noinline, cold)) void note_match(struct walk *walk, uint32_t vout)
{
    if (walk->match_count == walk->match_capacity) {
        walk->match_capacity = walk->match_capacity ? 2 * walk->match_capacity : 64;
        walk->matches = mem_realloc(walk->matches, walk->match_capacity, sizeof *walk->matches);
    }
    walk->matches[walk->match_count++] = vout;
}

hot_inline const uint8_t *walk_outputs(struct step *step, const uint8_t *p, uint64_t count)
{
    const struct watch *watch = step->walk->watch;
    uint64_t left = (uint64_t)AMOUNT_MONEY_MAX_SAT;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t size;
        if (unlikely(step->end - p < OUT_SIZE_LEAST))
            return broken(step, RULE_ENDS);
        uint64_t value = load_le64(p);
        if (unlikely(value > left))
            return broken(step, "outputs are worth less than 0 or over 21 million BTC");
        left -= value;
        p = compact(&size, p + 8, step->end);
        if (unlikely(!p || (uint64_t)(step->end - p) < size))
            return broken(step, RULE_ENDS);
        if (unlikely(watch_maybe(watch, p, size)) &&
            watch_find(watch, bytes_of(p, size)) != WATCH_EMPTY)
            note_match(step->walk, (uint32_t)i);
        p += size;
    }
    return p;
}

hot_inline const uint8_t *walk_witness(struct step *step, const uint8_t *p, uint64_t in_count)
{
    const uint8_t *end = step->end;
    uint64_t any = 0;
    for (uint64_t i = 0; i < in_count; i++) {
        uint64_t items;
        if (unlikely(p == end || !(p = compact(&items, p, end))))
            return broken(step, RULE_ENDS);
        any |= items;
        for (; items > 0; items--) {
            uint64_t size;
            if (unlikely(p == end || !(p = compact(&size, p, end))))
                return broken(step, RULE_ENDS);
            if (unlikely((uint64_t)(end - p) < size))
                return broken(step, RULE_ENDS);
            p += size;
        }
    }
    return likely(any) ? p : broken(step, "witness marker, but every stack is empty");
}

/* ---- one transaction ---------------------------------------------------------------------------
 */

static __attribute__((noinline, cold)) void note_touch(struct walk *walk, struct step *step,
                                                       const uint8_t *stripped, size_t size,
                                                       uint32_t match_at)
{
    if (walk->touch_count == walk->touch_capacity) {
        walk->touch_capacity = walk->touch_capacity ? 2 * walk->touch_capacity : 64;
        walk->touches = mem_realloc(walk->touches, walk->touch_capacity, sizeof *walk->touches);
    }
    sanad_assert(size <= BLOCK_SIZE_MAX && match_at <= walk->match_count);
    walk->touches[walk->touch_count++] = (struct walk_touch){
        .stripped = stripped,
        .size = (uint32_t)size,
        .tx_index = walk->tx_count,
        .match_at = match_at,
        .match_count = walk->match_count - match_at,
    };
    size_t passed = (size_t)(step->log - walk->log);
    while (walk->wanted_count > 0 && *walk->wanted < passed) {
        walk->wanted++;
        walk->wanted_count--;
    }
    step->next_wanted = walk->wanted_count ? *walk->wanted : SIZE_MAX;
}

/* Makes the stripped form contiguous; `io` is where the input count stands, `witness` the
 * end of the outputs, `end` that of the transaction. */
hot_inline uint8_t *slide(uint8_t *io, uint8_t *witness, const uint8_t *end)
{
    uint32_t version = load_le32(io - 6);
    uint32_t lock_time = load_le32(end - 4);
    memcpy(io - 4, &version, 4);
    memcpy(witness, &lock_time, 4);
    return io - 4;
}

/* A count of things of `least` bytes each; p < end is checked here. */
hot_inline const uint8_t *count_of(struct step *step, uint64_t *ret_count, const uint8_t *p,
                                   uint64_t least)
{
    if (unlikely(p == step->end || !(p = compact(ret_count, p, step->end)) ||
                 *ret_count > (uint64_t)(step->end - p) / least))
        return broken(step, RULE_ENDS);
    return likely(*ret_count > 0) ? p : broken(step, "a transaction without inputs or outputs");
}

hot_inline uint8_t *walk_tx(struct step *step, uint8_t *tx, bool with_jobs, bool coinbase)
{
    struct walk *walk = step->walk;
    uint32_t match_at = walk->match_count;
    uint64_t ins;
    uint64_t outs;
    if (unlikely(step->end - tx < TX_SIZE_LEAST))
        return (uint8_t *)broken(step, RULE_ENDS);
    bool segwit = tx[4] == 0;
    if (unlikely(segwit && tx[5] != 1))
        return (uint8_t *)broken(step, tx[5] ? "witness flag is not 1" : "no inputs");
    uint8_t *io = tx + 4 + (segwit ? 2 : 0);
    const uint8_t *p = count_of(step, &ins, io, IN_SIZE_LEAST);
    if (unlikely(!p || !(p = walk_inputs(step, p, ins, coinbase))))
        return NULL;
    p = count_of(step, &outs, p, OUT_SIZE_LEAST);
    if (unlikely(!p || !(p = walk_outputs(step, p, outs))))
        return NULL;
    uint8_t *witness = (uint8_t *)p;
    if (segwit && unlikely(!(p = walk_witness(step, p, ins))))
        return NULL;
    if (unlikely(step->end - p < 4))
        return (uint8_t *)broken(step, RULE_ENDS);
    p += 4;
    bool touched = unlikely(walk->match_count != match_at ||
                            (size_t)(step->log - walk->log) > step->next_wanted);
    uint8_t *stripped = tx;
    size_t size = 8 + (size_t)(witness - io);
    if (segwit && (with_jobs || touched))
        stripped = slide(io, witness, p);
    if (with_jobs) {
        walk->jobs[walk->tx_count].data = stripped;
        walk->jobs[walk->tx_count].size = size;
        walk->jobs[walk->tx_count].ret_digest = &walk->digests[walk->tx_count];
    }
    if (touched)
        note_touch(walk, step, stripped, size, match_at);
    walk->tx_count++;
    return (uint8_t *)p;
}

/* ---- the block
 * ------------------------------------------------------------------------------------ */

/* Only the first transaction makes coins from nothing. It was not slid yet when this looks,
 * so it is called before anything is written. */
static bool coinbase_ok(struct step *step, const uint8_t *tx)
{
    const uint8_t *in = tx + (tx[4] == 0 ? 6 : 4);
    bool null = in[0] == 1 && load_le32(in + 33) == 0xffffffff &&
                hash256_is_zero((const struct hash256 *)(in + 1));
    if (!null)
        return broken(step, "the first transaction is no coinbase") != NULL;
    if (in[37] < COINBASE_SCRIPT_LEAST || in[37] > COINBASE_SCRIPT_MOST)
        return broken(step, "the coinbase's script has not 2 to 100 bytes") != NULL;
    return true;
}

hot_inline bool walk_txs(struct step *step, uint8_t *tx, uint64_t count, bool with_jobs)
{
    tx = walk_tx(step, tx, with_jobs, true);
    for (uint64_t i = 1; tx && i < count; i++)
        tx = walk_tx(step, tx, with_jobs, false);
    if (tx && unlikely(tx != step->end))
        return broken(step, "bytes follow the last transaction") != NULL;
    return tx != NULL;
}

bool walk_block(struct walk *walk, uint8_t *data, size_t size)
{
    struct step step = {.end = data + size, .walk = walk, .log = walk->log};
    uint64_t count;
    walk->tx_count = 0;
    walk->log_count = 0;
    walk->rule = NULL;
    step.next_wanted = walk->wanted_count ? *walk->wanted : SIZE_MAX;
    if (size < HEADER_SIZE + 1 + TX_SIZE_LEAST || size > BLOCK_SIZE_MAX)
        return broken(&step, "has not 141 to 4,000,000 bytes") != NULL;
    const uint8_t *p = count_of(&step, &count, data + HEADER_SIZE, TX_SIZE_LEAST);
    if (!p)
        return broken(&step, "the number of transactions is impossible") != NULL;
    uint8_t *first = data + (p - data);
    if (!coinbase_ok(&step, first))
        return false;
    bool ok =
        walk->jobs ? walk_txs(&step, first, count, true) : walk_txs(&step, first, count, false);
    walk->log_count = (uint32_t)(step.log - walk->log);
    sanad_assert(walk->log_count <= size / IN_SIZE_LEAST);
    sanad_assert(walk->tx_count <= walk_tx_max(size) && ok == !walk->rule);
    return ok;
}

void walk_reset(struct walk *walk)
{
    walk->match_count = 0;
    walk->touch_count = 0;
}

void walk_free(struct walk *walk)
{
    free(walk->matches);
    free(walk->touches);
    walk->matches = NULL;
    walk->touches = NULL;
    walk->match_capacity = 0;
    walk->touch_capacity = 0;
}
