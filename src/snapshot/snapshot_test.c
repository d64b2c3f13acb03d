/* ctest-label: threads
 * Proves: a snapshot that was written by the specification is read with every coin of the watched
 * scripts and no other, across windows, in groups of any order; both hashes are those of the slow
 * way; every truncation and every lie of a count, an order or a value is refused by name. */
#include "coinfile.h"
#include "snapshot/snapshot.h"

#include <stdlib.h>
#include <unistd.h>

enum { RAW_MAX = 64 << 20, FOUND_MAX = 4096 };

struct found {
    struct snapshot_coin coins[FOUND_MAX];
    size_t count;
};

static int found_add(void *context, const struct snapshot_coin *coin, struct err *err)
{
    struct found *found = context;
    (void)err;
    assert_true(found->count < FOUND_MAX);
    found->coins[found->count++] = *coin;
    return 0;
}

struct stage {
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct coinfile coins;
    struct arena arena;
    struct hash256 base;
    struct buf raw;
    struct found found;
    struct snapshot_result result;
    struct err err;
};

static const struct chain_params *params(void)
{
    return chain_params_get(CHAIN_REGTEST);
}

static struct bytes script_of(struct stage *stage, const char *hex)
{
    struct buf raw = test_hex(hex);
    struct bytes script = arena_bytes(&stage->arena, buf_bytes(&raw));
    buf_free(&raw);
    return script;
}

static const char *const scripts_hex[] = {
    "76a914000102030405060708090a0b0c0d0e0f1011121388ac",
    "a914101112131415161718191a1b1c1d1e1f2021222387",
    "0014202122232425262728292a2b2c2d2e2f30313233",
    "5120303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
    /* the generator of secp256k1, compressed and not */
    "210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798ac",
    ("410479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
     "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8ac"),
    "51024e73",
    "51",
};

static void stage_make(struct stage *stage)
{
    memset(stage, 0, sizeof *stage);
    test_folder_make(stage->folder);
    test_ok(path_join(stage->path, stage->folder, "coins.dat", &stage->err), &stage->err);
    memset(stage->base.b, 0x5a, sizeof stage->base.b);
    stage->raw = buf_with_max(RAW_MAX);
}

static void stage_free(struct stage *stage)
{
    coinfile_free(&stage->coins);
    buf_free(&stage->raw);
    arena_free(&stage->arena);
    test_folder_remove(stage->folder);
}

/* A coin of transaction `tx`. */
static void coin(struct stage *stage, uint32_t tx, uint32_t vout, const char *script, int64_t sat)
{
    struct coinfile_coin one = {.outpoint.vout = vout,
                                .height = 1 + tx % 900,
                                .coinbase = tx % 5 == 0,
                                .sat = sat,
                                .script = script_of(stage, script)};
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = tx * 2654435761u + (uint32_t)i;
        memcpy(one.outpoint.txid.b + 4 * i, &word, 4);
    }
    coinfile_add(&stage->coins, &one);
}

/* Without a sync: thousands of these follow each other. */
static void put(struct stage *stage)
{
    FILE *file = fopen(stage->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(stage->raw.data, 1, stage->raw.size, file), stage->raw.size);
    assert_int_equal(fclose(file), 0);
}

static void write_all(struct stage *stage)
{
    buf_reset(&stage->raw);
    coinfile_write(&stage->raw, &stage->coins, params(), &stage->base);
    assert_false(stage->raw.bad);
    put(stage);
}

static int read_with(struct stage *stage, const struct bytes *scripts, size_t count, bool hashes)
{
    struct snapshot_options options = {.path = stage->path,
                                       .params = params(),
                                       .base_height = 1000,
                                       .scripts = scripts,
                                       .script_count = count,
                                       .visit = found_add,
                                       .context = &stage->found,
                                       .serialized = hashes,
                                       .muhash = hashes,
                                       .threads = 3};
    stage->found.count = 0;
    stage->err = (struct err){0};
    return snapshot_read(&stage->result, &options, &stage->err);
}

/* MuHash of the coins, one by one in the order of the list. */
static struct hash256 muhash_slow(const struct coinfile *file)
{
    struct muhash *set = muhash_new();
    struct hash256 digest;
    for (size_t i = 0; i < file->count; i++) {
        const struct coinfile_coin *one = &file->coins[i];
        struct buf text = buf_with_max(SCRIPT_SIZE_MAX + 128);
        buf_add(&text, bytes_of(one->outpoint.txid.b, 32));
        buf_le32(&text, one->outpoint.vout);
        buf_le32(&text, one->height * 2 + one->coinbase);
        buf_le64(&text, (uint64_t)one->sat);
        buf_compact(&text, one->script.size);
        buf_add(&text, one->script);
        muhash_add(set, buf_bytes(&text));
        buf_free(&text);
    }
    muhash_digest(&digest, set);
    muhash_free(set);
    return digest;
}

static void many_coins(struct stage *stage, uint32_t txs)
{
    char other[64];
    for (uint32_t tx = 0; tx < txs; tx++) {
        uint32_t outs = tx % 97 == 0 ? 300 : 1 + tx % 3;
        for (uint32_t vout = 0; vout < outs; vout++) {
            (void)snprintf(other, sizeof other, "0014%08x%032x", tx, vout);
            coin(stage, tx, tx % 97 == 0 ? vout * 131 : vout,
                 (tx + vout) % 41 == 0 ? scripts_hex[(tx + vout) / 41 % countof(scripts_hex)]
                                       : other,
                 1000 + (int64_t)tx * vout);
        }
    }
}

/* ---- what holds ------------------------------------------------------------------------------ */

static void coins_are_found(void **state)
{
    struct stage stage;
    struct bytes scripts[countof(scripts_hex)];
    size_t expected = 0;
    int64_t total = 0;
    (void)state;
    stage_make(&stage);
    many_coins(&stage, 20000);
    for (size_t i = 0; i < countof(scripts); i++)
        scripts[i] = script_of(&stage, scripts_hex[i]);
    write_all(&stage);
    assert_true(stage.raw.size > 2 << 20); /* more than one window */
    test_ok(read_with(&stage, scripts, countof(scripts), true), &stage.err);
    for (size_t i = 0; i < stage.coins.count; i++) {
        total += stage.coins.coins[i].sat;
        for (size_t n = 0; n < countof(scripts); n++) {
            if (!bytes_equal(stage.coins.coins[i].script, scripts[n]))
                continue;
            const struct snapshot_coin *hit = &stage.found.coins[expected++];
            assert_int_equal(hit->script, n);
            assert_memory_equal(hit->outpoint.txid.b, stage.coins.coins[i].outpoint.txid.b, 32);
            assert_int_equal(hit->outpoint.vout, stage.coins.coins[i].outpoint.vout);
            assert_int_equal(amount_minor(hit->value), stage.coins.coins[i].sat);
            assert_int_equal(hit->height, stage.coins.coins[i].height);
            assert_int_equal(hit->coinbase, stage.coins.coins[i].coinbase);
        }
    }
    assert_true(expected > 100);
    assert_int_equal(stage.found.count, expected);
    assert_int_equal(amount_minor(stage.result.total), total);
    assert_int_equal(stage.result.tx_count, 20000);
    struct hash256 slow;
    coinfile_serialized(&slow, &stage.coins);
    assert_true(hash256_equal(&stage.result.serialized, &slow));
    slow = muhash_slow(&stage.coins);
    assert_true(hash256_equal(&stage.result.muhash, &slow));
    /* The same without hashing. */
    test_ok(read_with(&stage, scripts, countof(scripts), false), &stage.err);
    assert_int_equal(stage.found.count, expected);
    stage_free(&stage);
}

/* The largest scripts a node keeps, and a group that is larger than a chunk. */
static void long_scripts(void **state)
{
    struct stage stage;
    struct bytes watched;
    struct hash256 slow;
    char *hex = mem_zalloc(1, 2 * SCRIPT_SIZE_MAX + 1);
    (void)state;
    stage_make(&stage);
    for (uint32_t vout = 0; vout < 260; vout++) {
        memset(hex, 'a', vout % 2 ? (size_t)2 * SCRIPT_SIZE_MAX : 2 * (vout + 1));
        hex[vout % 2 ? 2 * SCRIPT_SIZE_MAX : 2 * (vout + 1)] = 0;
        coin(&stage, 7, vout, hex, vout);
    }
    watched = script_of(&stage, "aa");
    write_all(&stage);
    test_ok(read_with(&stage, &watched, 1, true), &stage.err);
    assert_int_equal(stage.found.count, 1);
    coinfile_serialized(&slow, &stage.coins);
    assert_true(hash256_equal(&stage.result.serialized, &slow));
    free(hex);
    stage_free(&stage);
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

static void small(struct stage *stage)
{
    stage_make(stage);
    coin(stage, 1, 0, scripts_hex[0], 5);
    coin(stage, 2, 0, scripts_hex[2], 6);
    coin(stage, 2, 1, scripts_hex[5], 7);
    coin(stage, 3, 4, scripts_hex[3], 8);
    write_all(stage);
}

static void refused(struct stage *stage, const char *part)
{
    test_refused(read_with(stage, NULL, 0, true), SANAD_REFUSED, &stage->err, part);
}

static void truncations(void **state)
{
    struct stage stage;
    (void)state;
    small(&stage);
    size_t whole = stage.raw.size;
    test_ok(read_with(&stage, NULL, 0, true), &stage.err);
    for (size_t size = 0; size < whole; size++) {
        assert_int_equal(truncate(stage.path, (off_t)size), 0);
        refused(&stage, "");
        put(&stage);
    }
    buf_u8(&stage.raw, 0);
    put(&stage);
    refused(&stage, "bytes follow the last coin");
    stage_free(&stage);
}

static void heads(void **state)
{
    struct stage stage;
    (void)state;
    small(&stage);
    struct {
        size_t at;
        uint8_t byte;
        const char *part;
    } changes[] = {
        {0, 'U', "not a snapshot"},
        {5, 1, "version 1: only 2 is known"},
        {7, 0xf9, "another network than regtest"},
        {43, 3, "bytes follow"},
        {43, 5, "ends early"},
        {43, 0, "without coins"},
        {50, 0x80, "ends early"},
        {83, 0, "number of outputs"},
        {83, 200, "number of outputs"},
    };
    for (size_t i = 0; i < countof(changes); i++) {
        uint8_t old = stage.raw.data[changes[i].at];
        stage.raw.data[changes[i].at] = changes[i].byte;
        put(&stage);
        refused(&stage, changes[i].part);
        stage.raw.data[changes[i].at] = old;
    }
    stage_free(&stage);
}

static void lies(void **state)
{
    struct stage stage;
    (void)state;
    stage_make(&stage);
    coin(&stage, 1, 3, scripts_hex[0], 5);
    coin(&stage, 1, 3, scripts_hex[1], 5);
    write_all(&stage);
    refused(&stage, "names one output twice");
    stage.coins.count = 0;
    coin(&stage, 1, 3, scripts_hex[0], AMOUNT_MONEY_MAX_SAT);
    coin(&stage, 2, 3, scripts_hex[1], 1);
    write_all(&stage);
    refused(&stage, "all coins up to here are worth over 21 million BTC");
    stage.coins.count = 0;
    coin(&stage, 1, 0, scripts_hex[0], 1);
    stage.coins.coins[0].height = 1001;
    write_all(&stage);
    refused(&stage, "younger than the snapshot's block");
    stage.coins.count = 0;
    coin(&stage, 1, 0, scripts_hex[0], 1);
    stage.coins.coins[0].script = bytes_of(arena_alloc(&stage.arena, 1, 10001), 10001);
    write_all(&stage);
    refused(&stage, "a number in it is impossible");
    /* Two transactions, the second first; and one twice. */
    stage.coins.count = 0;
    coin(&stage, 1, 0, scripts_hex[0], 1);
    coin(&stage, 2, 0, scripts_hex[0], 1);
    write_all(&stage);
    size_t half = (stage.raw.size - 51) / 2;
    uint8_t *first = stage.raw.data + 51;
    memcpy(first, first + half, half);
    put(&stage);
    refused(&stage, "not in ascending order");
    stage_free(&stage);
}

/* No flip of a bit goes unnoticed: what is still a snapshot has another hash. */
static void bit_flips(void **state)
{
    struct stage stage;
    (void)state;
    small(&stage);
    test_ok(read_with(&stage, NULL, 0, true), &stage.err);
    struct hash256 serialized = stage.result.serialized;
    struct hash256 product = stage.result.muhash;
    for (size_t bit = 51 * 8; bit < stage.raw.size * 8; bit++) {
        stage.raw.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        put(&stage);
        if (read_with(&stage, NULL, 0, true) == 0) {
            assert_false(hash256_equal(&stage.result.serialized, &serialized));
            assert_false(hash256_equal(&stage.result.muhash, &product));
        } else
            assert_int_equal(stage.err.code, SANAD_REFUSED);
        stage.raw.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    stage_free(&stage);
}

static void known_sets(void **state)
{
    struct hash256 base;
    (void)state;
    assert_true(hash256_from_display(
        &base, "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"));
    const struct snapshot_known *known = snapshot_known_find(chain_params_get(CHAIN_MAIN), &base);
    assert_non_null(known);
    assert_int_equal(known->height, 840000);
    assert_null(snapshot_known_find(chain_params_get(CHAIN_TESTNET4), &base));
    base.b[31] ^= 1;
    assert_null(snapshot_known_find(chain_params_get(CHAIN_MAIN), &base));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coins_are_found),
        cmocka_unit_test(long_scripts),
        cmocka_unit_test(truncations),
        cmocka_unit_test(heads),
        cmocka_unit_test(lies),
        cmocka_unit_test(bit_flips),
        cmocka_unit_test(known_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
