/* A run of Bitcoin's headers: each names the one before, has the work that its nBits ask for, the
 * nBits that the rules ask for, and a time after the median of the eleven before it. */
#include "verify/verify_priv.h"

enum {
    MEDIAN_SPAN = 11,
    PREV_AT = 4,
    MERKLE_ROOT_AT = 36,
    TIME_AT = 68,
    BITS_AT = 72,
    TARGET_SPACING_S = 600,
    TIMEWARP_MAX_S = 600, /* BIP94 */
    TWO_WEEKS_S = 1209600,
    ONE_DAY_S = 86400,
    HEIGHT_MAX = 1 << 30,
    COUNT_MAX = 1 << 24 /* 319 years of blocks */
};

/* As Bitcoin Core's kernel/chainparams.cpp states them. */
struct network {
    uint32_t limit_bits;
    uint32_t period_s;
    bool no_retarget;
    bool allow_min_difficulty; /* after 20 minutes without a block */
    bool enforce_bip94;
    uint8_t genesis[32];
};
static const struct network networks[] = {
    [SANAD_NETWORK_MAIN] = {.limit_bits = 0x1d00ffff,
                            .period_s = TWO_WEEKS_S,
                            .genesis = {0x6f, 0xe2, 0x8c, 0x0a, 0xb6, 0xf1, 0xb3, 0x72,
                                        0xc1, 0xa6, 0xa2, 0x46, 0xae, 0x63, 0xf7, 0x4f,
                                        0x93, 0x1e, 0x83, 0x65, 0xe1, 0x5a, 0x08, 0x9c,
                                        0x68, 0xd6, 0x19, 0x00, 0x00, 0x00, 0x00, 0x00}},
    [SANAD_NETWORK_TESTNET4] = {.limit_bits = 0x1d00ffff,
                                .period_s = TWO_WEEKS_S,
                                .allow_min_difficulty = true,
                                .enforce_bip94 = true,
                                .genesis = {0x43, 0xf0, 0x8b, 0xda, 0xb0, 0x50, 0xe3, 0x5b,
                                            0x56, 0x7c, 0x86, 0x4b, 0x91, 0xf4, 0x7f, 0x50,
                                            0xae, 0x72, 0x5a, 0xe2, 0xde, 0x53, 0xbc, 0xfb,
                                            0xba, 0xf2, 0x84, 0xda, 0x00, 0x00, 0x00, 0x00}},
    [SANAD_NETWORK_SIGNET] = {.limit_bits = 0x1e0377ae,
                              .period_s = TWO_WEEKS_S,
                              .genesis = {0xf6, 0x1e, 0xee, 0x3b, 0x63, 0xa3, 0x80, 0xa4,
                                          0x77, 0xa0, 0x63, 0xaf, 0x32, 0xb2, 0xbb, 0xc9,
                                          0x7c, 0x9f, 0xf9, 0xf0, 0x1f, 0x2c, 0x42, 0x25,
                                          0xe9, 0x73, 0x98, 0x81, 0x08, 0x00, 0x00, 0x00}},
    [SANAD_NETWORK_REGTEST] = {.limit_bits = 0x207fffff,
                               .period_s = ONE_DAY_S,
                               .no_retarget = true,
                               .allow_min_difficulty = true,
                               .genesis = {0x06, 0x22, 0x6e, 0x46, 0x11, 0x1a, 0x0b, 0x59,
                                           0xca, 0xaf, 0x12, 0x60, 0x43, 0xeb, 0x5b, 0xbf,
                                           0x28, 0xc3, 0x4f, 0x3a, 0x5e, 0x33, 0x2a, 0x1f,
                                           0xc7, 0xb2, 0xb7, 0x3c, 0xf1, 0x88, 0x91, 0x0f}},
};

/* The run while it is walked: the header at `at` is being looked at, all before it are good. */
struct run {
    const struct network *network;
    const uint8_t *raw;
    uint32_t first, at;
    uint32_t interval; /* blocks of a period */
    struct verify_u256 limit;
    uint8_t hash[32];      /* of the header at `at` */
    uint8_t prev_hash[32]; /* of the one before */
    uint32_t real_bits;    /* of the last that did not use the 20-minute rule; 0: unknown */
    uint32_t bits;         /* whose target and work are these */
    struct verify_u256 target, one_work, work;
};

static const uint8_t *header_at(const struct run *run, uint32_t at)
{
    return run->raw + (size_t)SANAD_HEADER_SIZE * at;
}

static uint32_t load_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t time_of(const struct run *run, uint32_t at)
{
    return load_le32(header_at(run, at) + TIME_AT);
}

static uint32_t bits_of(const struct run *run, uint32_t at)
{
    return load_le32(header_at(run, at) + BITS_AT);
}

static uint32_t height_of(const struct run *run)
{
    return run->first + run->at;
}

static void header_hash(uint8_t ret_hash[32], const uint8_t *raw)
{
    uint8_t once[32];
    sanad_sha256(once, verify_bytes(raw, SANAD_HEADER_SIZE));
    sanad_sha256(ret_hash, verify_bytes(once, sizeof once));
}

static enum sanad_verdict refuse(const struct run *run, struct sanad_result *result,
                                 const char *rule)
{
    char hash[65];
    verify_hash_show(hash, run->hash);
    return verify_refuse(result, "header %u (%s): %s", (uint64_t)height_of(run), hash, rule);
}

/* ---- work ---------------------------------------------------------------------------------- */

static enum sanad_verdict work_check(struct run *run, struct sanad_result *result)
{
    uint32_t bits = bits_of(run, run->at);
    struct verify_u256 value = verify_u256_of_hash(run->hash);
    if (bits != run->bits) {
        struct verify_u256 target;
        if (!verify_target_of(&target, bits) || verify_u256_compare(&target, &run->limit) > 0)
            return refuse(run, result, "its nBits is no target that the network allows");
        run->bits = bits;
        run->target = target;
        run->one_work = verify_work_of(&target);
    }
    if (verify_u256_compare(&value, &run->target) > 0)
        return refuse(run, result, "proof of work: the hash is above the target");
    return SANAD_VERDICT_HOLDS;
}

/* ---- nBits ------------------------------------------------------------------------------------
 */

uint32_t verify_retarget(uint32_t bits, int64_t span, uint32_t period, uint32_t limit_bits)
{
    struct verify_u256 target;
    struct verify_u256 limit;
    bool good = verify_target_of(&target, bits) && verify_target_of(&limit, limit_bits);
    sanad_assert(good && period >= 4);
    span = span < period / 4 ? period / 4 : span > 4 * (int64_t)period ? 4 * (int64_t)period : span;
    target = verify_u256_mul_div(&target, (uint32_t)span, period);
    return verify_target_bits(verify_u256_compare(&target, &limit) > 0 ? &limit : &target);
}

/* The timespan covers one interval less than the period has blocks: an error of the first release
 * that is the rule now. 0: the run does not hold the whole period. */
static uint32_t retarget(const struct run *run)
{
    uint32_t last = run->at - 1;
    if (run->network->no_retarget)
        return bits_of(run, last);
    if (run->at < run->interval)
        return 0;
    uint32_t first = run->at - run->interval;
    return verify_retarget(bits_of(run, run->network->enforce_bip94 ? first : last),
                           (int64_t)time_of(run, last) - time_of(run, first),
                           run->network->period_s, run->network->limit_bits);
}

static uint32_t expected_bits(const struct run *run)
{
    const struct network *network = run->network;
    if (height_of(run) % run->interval == 0)
        return retarget(run);
    if (!network->allow_min_difficulty)
        return bits_of(run, run->at - 1);
    if (time_of(run, run->at) > (uint64_t)time_of(run, run->at - 1) + 2 * TARGET_SPACING_S)
        return network->limit_bits;
    return run->real_bits;
}

bool verify_retarget_in_bounds(uint32_t old_bits, uint32_t new_bits, uint32_t limit_bits)
{
    struct verify_u256 old_target;
    struct verify_u256 new_target;
    struct verify_u256 limit;
    bool good = verify_target_of(&old_target, old_bits) &&
                verify_target_of(&new_target, new_bits) && verify_target_of(&limit, limit_bits);
    sanad_assert(good); /* the first two passed work_check */
    struct verify_u256 low = verify_u256_mul_div(&old_target, 1, 4);
    struct verify_u256 high = verify_u256_mul_div(&old_target, 4, 1);
    if (verify_u256_compare(&high, &limit) > 0)
        high = limit;
    return verify_target_of(&low, verify_target_bits(&low)) &&
           verify_u256_compare(&new_target, &low) >= 0 &&
           verify_u256_compare(&new_target, &high) <= 0;
}

static enum sanad_verdict bits_check(const struct run *run, struct sanad_result *result)
{
    uint32_t expected = expected_bits(run);
    if (expected != 0 && bits_of(run, run->at) != expected)
        return refuse(run, result, "its nBits is not what the retarget rule gives");
    if (expected == 0 && !run->network->allow_min_difficulty &&
        !verify_retarget_in_bounds(bits_of(run, run->at - 1), run->bits, run->network->limit_bits))
        return refuse(run, result, "its nBits moves the target by more than a factor of four");
    return SANAD_VERDICT_HOLDS;
}

/* ---- time --------------------------------------------------------------------------------------
 */

/* Of the eleven before, or as many as there are. */
static uint32_t median_time(const struct run *run)
{
    uint32_t sorted[MEDIAN_SPAN];
    uint32_t count = run->at < MEDIAN_SPAN ? run->at : MEDIAN_SPAN;
    sanad_assert(count > 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t time = time_of(run, run->at - count + i);
        uint32_t at = i;
        for (; at > 0 && sorted[at - 1] > time; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = time;
    }
    return sorted[count / 2];
}

static enum sanad_verdict time_check(const struct run *run, struct sanad_result *result)
{
    uint32_t time = time_of(run, run->at);
    /* Behind an anchor the median is of too few headers to refuse by, until 11 are there. */
    bool is_full = run->first == 0 || run->at >= MEDIAN_SPAN;
    if (is_full && time <= median_time(run))
        return refuse(run, result, "its time is not after the median of the 11 before it");
    if (run->network->enforce_bip94 && height_of(run) % run->interval == 0 &&
        (int64_t)time < (int64_t)time_of(run, run->at - 1) - TIMEWARP_MAX_S)
        return refuse(run, result, "its time is over 600 s before its predecessor's (BIP94)");
    return SANAD_VERDICT_HOLDS;
}

/* ---- the run
 * -------------------------------------------------------------------------------------- */

static enum sanad_verdict first_check(struct run *run, struct sanad_result *result,
                                      const struct sanad_anchor *anchor)
{
    const uint8_t *hash = anchor->hash ? anchor->hash : run->network->genesis;
    char shown[65];
    if (memcmp(run->hash, hash, sizeof run->hash) == 0)
        return work_check(run, result);
    verify_hash_show(shown, run->hash);
    return verify_say(result, SANAD_VERDICT_UNDECIDED,
                      "header %s: the anchor %u was not read before it", shown,
                      (uint64_t)anchor->height);
}

static enum sanad_verdict next_check(struct run *run, struct sanad_result *result)
{
    if (memcmp(header_at(run, run->at) + PREV_AT, run->prev_hash, sizeof run->prev_hash) != 0)
        return refuse(run, result, "it does not name the one before it");
    enum sanad_verdict verdict = work_check(run, result);
    if (verdict == SANAD_VERDICT_HOLDS)
        verdict = bits_check(run, result);
    return verdict ? verdict : time_check(run, result);
}

static void header_keep(struct run *run)
{
    bool is_real = run->bits != run->network->limit_bits || height_of(run) % run->interval == 0;
    if (is_real)
        run->real_bits = run->bits;
    verify_u256_add(&run->work, &run->one_work);
    memcpy(run->prev_hash, run->hash, sizeof run->hash);
}

static enum sanad_verdict input_check(struct sanad_result *result,
                                      const struct sanad_input *headers,
                                      const struct sanad_anchor *anchor)
{
    size_t count = headers->size / SANAD_HEADER_SIZE;
    if (headers->size % SANAD_HEADER_SIZE != 0 || count == 0 || count > COUNT_MAX)
        return verify_refuse(result, "%s: not 1 to %u headers of 80 bytes", headers->name,
                             (uint64_t)COUNT_MAX);
    if (anchor->height > HEIGHT_MAX || (size_t)anchor->network >= countof(networks))
        return verify_refuse(result, "%s: higher than any chain is", headers->name);
    if (!anchor->hash && anchor->height != 0)
        return verify_refuse(result, "%s: an anchor without its hash", headers->name);
    return SANAD_VERDICT_HOLDS;
}

static void headers_set(struct sanad_headers *headers, const struct run *run)
{
    *headers = (struct sanad_headers){.raw = run->raw, .first = run->first, .count = run->at};
    memcpy(headers->tip, run->prev_hash, sizeof headers->tip);
    verify_u256_big_endian(headers->work, &run->work);
}

enum sanad_verdict sanad_verify_headers(struct sanad_headers *ret_headers,
                                        struct sanad_result *ret_result,
                                        const struct sanad_input *headers,
                                        const struct sanad_anchor *anchor)
{
    sanad_assert(headers->name);
    enum sanad_verdict verdict = input_check(ret_result, headers, anchor);
    if (verdict)
        return verdict;
    uint32_t count = (uint32_t)(headers->size / SANAD_HEADER_SIZE);
    struct run run = {
        .network = &networks[anchor->network], .raw = headers->data, .first = anchor->height};
    bool has_limit = verify_target_of(&run.limit, run.network->limit_bits);
    sanad_assert(has_limit);
    run.interval = run.network->period_s / TARGET_SPACING_S;
    for (; run.at < count; run.at++) {
        header_hash(run.hash, header_at(&run, run.at));
        verdict =
            run.at == 0 ? first_check(&run, ret_result, anchor) : next_check(&run, ret_result);
        if (verdict)
            return verdict;
        header_keep(&run);
    }
    headers_set(ret_headers, &run);
    return verify_say(ret_result, SANAD_VERDICT_HOLDS, "%s: %u headers from %u hold", headers->name,
                      (uint64_t)count, (uint64_t)run.first);
}

/* ---- what is in it
 * ----------------------------------------------------------------------------------- */

static const uint8_t *raw_at(const struct sanad_headers *headers, uint32_t height)
{
    bool is_in = height >= headers->first && height - headers->first < headers->count;
    return is_in ? headers->raw + (size_t)SANAD_HEADER_SIZE * (height - headers->first) : NULL;
}

bool sanad_headers_hash(uint8_t ret_hash[32], const struct sanad_headers *headers, uint32_t height)
{
    const uint8_t *raw = raw_at(headers, height);
    if (raw)
        header_hash(ret_hash, raw);
    return raw != NULL;
}

bool sanad_headers_merkle_root(uint8_t ret_root[32], const struct sanad_headers *headers,
                               uint32_t height)
{
    const uint8_t *raw = raw_at(headers, height);
    if (raw)
        memcpy(ret_root, raw + MERKLE_ROOT_AT, 32);
    return raw != NULL;
}

bool sanad_headers_find(uint32_t *ret_height, const struct sanad_headers *headers,
                        const uint8_t hash[32])
{
    bool found = headers->count > 0 && memcmp(headers->tip, hash, 32) == 0;
    uint32_t at = headers->count - 1;
    /* The hash of each stands in the one behind it. */
    for (uint32_t i = 1; i < headers->count && !found; i++) {
        found = memcmp(headers->raw + (size_t)SANAD_HEADER_SIZE * i + PREV_AT, hash, 32) == 0;
        at = i - 1;
    }
    if (found)
        *ret_height = headers->first + at;
    return found;
}

/* ---- a statement's block
 * -------------------------------------------------------------------------------- */

/* Height and hash, in `as_of` or beside each other. */
static bool block_of(uint32_t *ret_height, char ret_hash[65], struct sanad_bytes json)
{
    struct sanad_bytes block;
    struct sanad_bytes value;
    int64_t height;
    if (!sanad_json_member(&block, json, "as_of"))
        block = json;
    if (!sanad_json_member(&value, block, "height") || !sanad_json_integer(&height, value) ||
        height < 0 || height > UINT32_MAX || !sanad_json_member(&value, block, "block_hash") ||
        !sanad_json_string(ret_hash, 65, value))
        return false;
    *ret_height = (uint32_t)height;
    return true;
}

enum sanad_verdict sanad_verify_block(struct sanad_result *ret_result,
                                      const struct sanad_statement *statement,
                                      const struct sanad_headers *headers)
{
    uint32_t height;
    char stated[65];
    char shown[65];
    uint8_t hash[32];
    if (!block_of(&height, stated, statement->json))
        return verify_say(ret_result, SANAD_VERDICT_UNDECIDED, "%s: it names no block",
                          sanad_kind_name(statement->kind));
    if (!sanad_headers_hash(hash, headers, height))
        return verify_say(ret_result, SANAD_VERDICT_UNDECIDED,
                          "block %u: not among the headers from %u on", (uint64_t)height,
                          (uint64_t)headers->first);
    verify_hash_show(shown, hash);
    if (!verify_is(verify_bytes_of(stated), shown))
        return verify_say(ret_result, SANAD_VERDICT_CONTRADICTED, "block %u: %s, stated is %s",
                          (uint64_t)height, shown, stated);
    return verify_say(ret_result, SANAD_VERDICT_HOLDS, "block %u: %s stands in the chain",
                      (uint64_t)height, shown);
}
