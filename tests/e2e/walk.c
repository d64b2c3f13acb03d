/* Walks one block file in the order of its records and follows given scripts, in the plainest
 * way and apart from src/chain and src/scan, so that both can be held against each other:
 *
 *   e2e_walk SCRIPTS FIRST-HEIGHT FILE     SCRIPTS: hexadecimal, one a line
 *
 * Prints what touched them: TXID HEIGHT CLASS OWN-IN OWN-OUT FOREIGN-IN FOREIGN-OUT FEE NET,
 * "null" where an input is older than the file. */
#include "support.h"
#include "crypto/crypto.h"

#include <stdlib.h>

enum { OUT_MAX = 1 << 20, SCRIPT_MAX = 16384, BUCKETS = 1 << 16, NONE = -1 };

struct out {
    struct hash256 txid;
    uint32_t vout;
    int32_t next; /* of the bucket */
    int64_t value;
    bool own;
};
struct walk {
    struct bytes scripts[SCRIPT_MAX];
    size_t script_count;
    struct out *outs;
    int32_t out_count;
    int32_t buckets[BUCKETS];
    struct arena arena;
};
/* One transaction on its way. */
struct sums {
    struct hash256 txid;
    int64_t own_in, own_out, foreign_in, foreign_out;
    size_t own_count, foreign_count, out_own_count;
    bool unknown;
    bool coinbase;
};

static uint32_t bucket_of(const struct hash256 *txid)
{
    return load_le32(txid->b) % BUCKETS;
}

static int bytes_order(const void *a, const void *b)
{
    const struct bytes *x = a;
    const struct bytes *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return memcmp(x->data, y->data, x->size);
}

static void scripts_read(struct walk *walk, const char *path)
{
    struct buf text;
    struct err err = {0};
    test_ok(file_read(&text, path, 16 << 20, &err), &err);
    const char *at = buf_cstr(&text);
    while (*at) {
        size_t size = strcspn(at, "\n");
        uint8_t *script = arena_alloc(&walk->arena, size / 2 + 1, 1);
        assert_true(walk->script_count < SCRIPT_MAX);
        assert_true(hex_decode(script, size / 2, at, size));
        walk->scripts[walk->script_count++] = bytes_of(script, size / 2);
        at += size + (at[size] == '\n');
    }
    qsort(walk->scripts, walk->script_count, sizeof *walk->scripts, bytes_order);
    buf_free(&text);
}

static bool is_own(const struct walk *walk, struct bytes script)
{
    return bsearch(&script, walk->scripts, walk->script_count, sizeof script, bytes_order) != NULL;
}

static void input_take(struct walk *walk, struct sums *sums, struct cursor *cursor)
{
    struct hash256 txid;
    struct bytes raw = cursor_take(cursor, 32);
    uint32_t vout = cursor_le32(cursor);
    (void)cursor_compact_bytes(cursor, 1 << 22);
    (void)cursor_le32(cursor);
    assert_int_equal(raw.size, 32);
    memcpy(txid.b, raw.data, 32);
    if (hash256_is_zero(&txid)) {
        sums->coinbase = true;
        return;
    }
    for (int32_t i = walk->buckets[bucket_of(&txid)]; i != NONE; i = walk->outs[i].next) {
        const struct out *out = &walk->outs[i];
        if (out->vout != vout || !hash256_equal(&out->txid, &txid))
            continue;
        *(out->own ? &sums->own_in : &sums->foreign_in) += out->value;
        sums->own_count += out->own;
        sums->foreign_count += !out->own;
        return;
    }
    sums->unknown = true;
    sums->foreign_count++;
}

static void output_take(struct walk *walk, struct sums *sums, struct cursor *cursor, uint32_t vout)
{
    int64_t value = (int64_t)cursor_le64(cursor);
    struct bytes script = cursor_compact_bytes(cursor, 1 << 22);
    bool own = is_own(walk, script);
    assert_true(walk->out_count < OUT_MAX);
    walk->outs[walk->out_count++] =
        (struct out){.vout = vout, .value = value, .own = own, .next = NONE};
    *(own ? &sums->own_out : &sums->foreign_out) += value;
    sums->out_own_count += own;
}

static void show(const struct sums *sums, uint32_t height)
{
    char txid[HEX256_SIZE];
    const char *kind = sums->coinbase            ? "mined"
                       : sums->own_count == 0    ? "external-in"
                       : sums->foreign_count > 0 ? "mixed"
                       : sums->foreign_out == 0  ? "internal"
                                                 : "external-out";
    if (sums->own_count == 0 && sums->out_own_count == 0)
        return;
    hash256_display(txid, &sums->txid);
    (void)printf("%s %u %s %lld %lld ", txid, height, kind, (long long)sums->own_in,
                 (long long)sums->own_out);
    if (sums->unknown)
        (void)printf("null %lld null", (long long)sums->foreign_out);
    else
        (void)printf("%lld %lld %lld", (long long)sums->foreign_in, (long long)sums->foreign_out,
                     sums->coinbase ? 0LL
                                    : (long long)(sums->own_in + sums->foreign_in - sums->own_out -
                                                  sums->foreign_out));
    (void)printf(" %lld\n", (long long)(sums->own_out - sums->own_in));
}

/* The txid is of the form without witness. */
static void txid_make(struct sums *sums, const uint8_t *begin, const uint8_t *middle,
                      const uint8_t *witness, const uint8_t *end)
{
    struct buf plain = buf_with_max(4 << 20);
    buf_add(&plain, bytes_of(begin, 4));
    buf_add(&plain, bytes_of(middle, (size_t)(witness - middle)));
    buf_add(&plain, bytes_of(end - 4, 4));
    sha256d_of(&sums->txid, buf_bytes(&plain));
    buf_free(&plain);
}

static void tx_take(struct walk *walk, struct cursor *cursor, uint32_t height)
{
    struct sums sums = {0};
    const uint8_t *begin = cursor->at;
    (void)cursor_le32(cursor);
    bool segwit = cursor_left(cursor) > 2 && cursor->at[0] == 0;
    if (segwit)
        (void)cursor_take(cursor, 2);
    const uint8_t *middle = cursor->at;
    uint64_t ins = cursor_compact(cursor, 100000);
    for (uint64_t i = 0; i < ins; i++)
        input_take(walk, &sums, cursor);
    uint64_t outs = cursor_compact(cursor, 100000);
    int32_t first = walk->out_count;
    for (uint32_t i = 0; i < outs; i++)
        output_take(walk, &sums, cursor, i);
    const uint8_t *witness = cursor->at;
    for (uint64_t i = 0; segwit && i < ins; i++)
        for (uint64_t items = cursor_compact(cursor, 1 << 22); items > 0; items--)
            (void)cursor_compact_bytes(cursor, 1 << 22);
    (void)cursor_le32(cursor);
    assert_false(cursor->bad);
    txid_make(&sums, begin, middle, witness, cursor->at);
    for (int32_t i = first; i < walk->out_count; i++) {
        walk->outs[i].txid = sums.txid;
        walk->outs[i].next = walk->buckets[bucket_of(&sums.txid)];
        walk->buckets[bucket_of(&sums.txid)] = i;
    }
    show(&sums, height);
}

int main(int argc, char **argv)
{
    struct walk *walk = mem_zalloc(1, sizeof *walk);
    struct buf file;
    uint64_t height;
    struct err err = {0};
    if (argc != 4 || !number_parse(&height, argv[2], strlen(argv[2]), UINT32_MAX))
        return 2;
    walk->outs = mem_zalloc(OUT_MAX, sizeof *walk->outs);
    memset(walk->buckets, 0xff, sizeof walk->buckets); /* NONE */
    scripts_read(walk, argv[1]);
    test_ok(file_read(&file, argv[3], 256 << 20, &err), &err);
    struct cursor cursor = cursor_of(buf_bytes(&file));
    for (; cursor_left(&cursor) > 8; height++) {
        (void)cursor_le32(&cursor);
        uint32_t size = cursor_le32(&cursor);
        struct cursor block = cursor_of(cursor_take(&cursor, size));
        (void)cursor_take(&block, 80);
        for (uint64_t count = cursor_compact(&block, 100000); count > 0; count--)
            tx_take(walk, &block, (uint32_t)height);
        assert_true(cursor_done(&block));
    }
    buf_free(&file);
    free(walk->outs);
    arena_free(&walk->arena);
    free(walk);
    return 0;
}
