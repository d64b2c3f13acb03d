/* ctest-label: threads
 * Proves on real blocks of the main chain that a scan finds what a plain list of all outputs
 * gives: the coins of the key of block 9 through the first payment (block 170) and every
 * later spend, in the file of blocks 0 to 4312; and labelled addresses in blocks 831328 to
 * 831335 from an anchor. */
#include "scan/scan.h"

#include "blkwriter.h"
#include "support.h"

#include <dirent.h>
#include <stdlib.h>

/* The key that block 9 pays, and that pays Hal Finney in block 170. */
#define KEY_9                                                                                      \
    "0411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e" \
    "160bfa9b8b64f9d4c03f999b8643f656b412a3"
#define TXID_170 "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"

struct real {
    char folder[PATH_SIZE];
    char spec[PATH_SIZE + 8];
    struct source *source;
    struct store *store;
    struct facts *facts;
    struct book *book;
};

static void real_init(struct real *r)
{
    *r = (struct real){.source = NULL};
    test_folder_make(r->folder);
    (void)snprintf(r->spec, sizeof r->spec, "blocks:%s", r->folder);
}

static void real_free(struct real *r)
{
    source_close(r->source);
    facts_close(r->facts);
    store_close(r->store);
    book_free(r->book);
    test_folder_remove(r->folder);
}

static void book_of(struct real *r, const char *descriptors)
{
    struct err err;
    struct buf text = buf_with_max(1 << 24);
    buf_text(&text, "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[{\"id\":\"e\",\"name\":"
                    "{\"en\":\"E\"},\"sector\":\"S1311\"}],\"wallets\":[{\"id\":\"w\",\"entity\":"
                    "\"e\",\"class\":\"reserve\",\"control\":\"declared\",\"visibility\":"
                    "\"public\",\"since\":null,\"until\":null,\"descriptors\":[");
    buf_text(&text, descriptors);
    buf_text(&text, "]}]}");
    test_ok(book_read(&r->book, "book", buf_bytes(&text), chain_params_get(CHAIN_MAIN), &err),
            &err);
    buf_free(&text);
}

static struct scan_result scan_of(struct real *r, const struct chain_anchor *anchor)
{
    struct err err;
    struct scan_result result;
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    struct source_options options = {.params = params, .anchor = anchor};
    test_ok(source_open(&r->source, r->spec, &options, &err), &err);
    test_ok(store_open(&r->store, "", STORE_MEMORY, &err), &err);
    test_ok(facts_open(&r->facts, r->store, params, &err), &err);
    struct scan_options scan = {.source = r->source,
                                .facts = r->facts,
                                .store = r->store,
                                .books = &r->book,
                                .book_count = 1,
                                .threads = 2,
                                .to_height = -1};
    test_ok(scan_run(&result, &scan, &err), &err);
    return result;
}

/* ---- the plain list ---------------------------------------------------------------------------
 */

struct plain_coin {
    struct outpoint outpoint;
    int64_t value;
    uint32_t height, tx_index;
    uint32_t spent_height, spent_vin;
    bool spent;
};
enum { PLAIN_MAX = 4096 };
struct plain {
    struct plain_coin *coins; /* room for PLAIN_MAX */
    size_t count;
    struct bytes scripts[1024]; /* what the addresses stand for */
    size_t script_count;
};

static bool plain_watches(const struct plain *plain, struct bytes script)
{
    for (size_t i = 0; i < plain->script_count; i++)
        if (bytes_equal(plain->scripts[i], script))
            return true;
    return false;
}

static void plain_tx(struct plain *plain, const struct tx *tx, uint32_t height, uint32_t index,
                     bool (*watches)(const struct plain *, struct bytes))
{
    struct hash256 txid;
    tx_txid(&txid, tx);
    for (uint32_t vin = 0; index > 0 && vin < tx->in_count; vin++)
        for (size_t i = 0; i < plain->count; i++) {
            struct plain_coin *coin = &plain->coins[i];
            if (coin->outpoint.vout != tx->ins[vin].prevout.vout ||
                !hash256_equal(&coin->outpoint.txid, &tx->ins[vin].prevout.txid))
                continue;
            assert_false(coin->spent);
            coin->spent = true;
            coin->spent_height = height;
            coin->spent_vin = vin;
        }
    for (uint32_t vout = 0; vout < tx->out_count; vout++) {
        if (!watches(plain, tx->outs[vout].script))
            continue;
        assert_true(plain->count < PLAIN_MAX);
        plain->coins[plain->count++] =
            (struct plain_coin){.outpoint = {txid, vout},
                                .value = amount_minor(tx->outs[vout].value),
                                .height = height,
                                .tx_index = index};
    }
}

static void check_plain(struct real *r, const struct plain *plain, uint32_t height)
{
    struct arena arena = {0};
    struct err err;
    struct fact_coin *coins;
    size_t count;
    test_ok(facts_coins(r->facts, &coins, &count, height, &arena, &err), &err);
    assert_int_equal(count, plain->count);
    for (size_t i = 0; i < count; i++) {
        const struct plain_coin *want = &plain->coins[i];
        assert_true(hash256_equal(&coins[i].outpoint.txid, &want->outpoint.txid));
        assert_int_equal(coins[i].outpoint.vout, want->outpoint.vout);
        assert_int_equal(coins[i].height, want->height);
        assert_int_equal(coins[i].tx_index, want->tx_index);
        assert_int_equal(amount_minor(coins[i].value), want->value);
        assert_int_equal(coins[i].spent, want->spent);
        assert_int_equal(coins[i].spent_height, want->spent_height);
        assert_int_equal(coins[i].spent_vin, want->spent_vin);
    }
    arena_free(&arena);
}

/* ---- blocks 0 to 4312
 * ---------------------------------------------------------------------------- */

static bool watches_key_9(const struct plain *plain, struct bytes script)
{
    uint8_t key[65];
    (void)plain;
    assert_true(hex_decode(key, sizeof key, KEY_9, strlen(KEY_9)));
    return script.size == 67 && script.data[0] == 65 && script.data[66] == 0xac &&
           memcmp(script.data + 1, key, 65) == 0;
}

/* Walks the file by its record sizes: it holds the blocks in order. */
static void plain_file(struct plain *plain, const struct buf *file)
{
    struct cursor cursor = cursor_of(buf_bytes(file));
    struct arena arena = {0};
    for (uint32_t height = 0; cursor_left(&cursor) > 8; height++) {
        struct block block;
        struct err err;
        (void)cursor_le32(&cursor);
        uint32_t size = cursor_le32(&cursor);
        test_ok(block_parse(&block, cursor_take(&cursor, size), &arena, &err), &err);
        for (uint32_t i = 0; i < block.tx_count; i++)
            plain_tx(plain, &block.txs[i], height, i, watches_key_9);
        arena_reset(&arena);
    }
    arena_free(&arena);
}

static int visit_spender(void *context, const struct fact_tx *tx, struct err *err)
{
    char text[HEX256_SIZE];
    (void)err;
    hash256_display(text, &tx->txid);
    for (size_t i = 0; i < tx->prevout_count; i++)
        assert_int_equal(tx->prevouts[i].evidence, PREVOUT_PROVED);
    if (tx->height == 170 && tx->tx_index == 1) {
        assert_string_equal(text, TXID_170);
        assert_int_equal(amount_minor(tx->prevouts[0].value), 5000000000);
        *(bool *)context = true;
    }
    return 0;
}

static void test_first_payment(void **state)
{
    (void)state;
    struct real r;
    struct plain plain = {.coins = mem_zalloc(PLAIN_MAX, sizeof(struct plain_coin))};
    struct err err;
    char path[PATH_SIZE];
    bool seen = false;
    struct buf file = test_data("blocks/blk-0000000-0004312.dat");
    real_init(&r);
    test_ok(path_join(path, r.folder, "blk00000.dat", &err), &err);
    test_ok(file_write(path, buf_bytes(&file), &err), &err);
    book_of(&r, "\"pk(" KEY_9 ")\"");
    struct scan_result result = scan_of(&r, NULL);
    assert_int_equal(result.state.tip_height, 4312);
    assert_int_equal(result.transactions, 4371);
    assert_int_equal(result.state.grade, GRADE_PREVOUT);
    plain_file(&plain, &file);
    assert_true(plain.count > 4);
    check_plain(&r, &plain, 4312);
    assert_int_equal(plain.coins[0].height, 9);
    assert_true(plain.coins[0].spent && plain.coins[0].spent_height == 170);
    assert_int_equal(plain.coins[1].height, 170);
    assert_int_equal(plain.coins[1].value, 4000000000);
    assert_true(plain.coins[1].spent); /* and on: 30 BTC, 29 BTC … */
    test_ok(facts_txs(r.facts, 0, 4312, visit_spender, &seen, &err), &err);
    assert_true(seen);
    print_message("%zu coins of the key of block 9\n", plain.count);
    free(plain.coins);
    buf_free(&file);
    real_free(&r);
}

/* ---- a run of today's blocks from an anchor
 * ---------------------------------------------------------- */

enum { RUN_FIRST = 831328, RUN_LAST = 831335, ADDRESSES = 1000 };

/* Descriptors of labelled addresses; their scripts go into the plain list. */
static void labelled(struct buf *text, struct plain *plain, struct arena *arena)
{
    char path[PATH_SIZE];
    struct csv csv;
    struct err err;
    const struct chain_params *params = chain_params_get(CHAIN_MAIN);
    test_ok(csv_read_file(
                &csv,
                test_data_path(path, "addresses/exchange-and-custodian-addresses-defillama.csv"),
                8 << 20, &err),
            &err);
    int column = csv_column(&csv, "address");
    assert_true(column >= 0);
    for (size_t i = 0; i < csv.row_count && plain->script_count < ADDRESSES; i++) {
        struct buf script = buf_with_max(128);
        const char *address = csv.rows[i][column];
        if (address_to_script(&script, params, address, &err) == 0 &&
            !strstr(buf_cstr(text), address)) {
            buf_format(text, "%s\"addr(%s)\"", plain->script_count ? "," : "", address);
            plain->scripts[plain->script_count++] = arena_bytes(arena, buf_bytes(&script));
        }
        buf_free(&script);
    }
    csv_free(&csv);
}

static void test_anchored_run(void **state)
{
    (void)state;
    struct real r;
    struct blkwriter writer;
    struct plain plain = {.coins = mem_zalloc(PLAIN_MAX, sizeof(struct plain_coin))};
    struct chain_anchor anchor = {.height = RUN_FIRST};
    struct buf blocks[RUN_LAST - RUN_FIRST + 1];
    struct buf text = buf_with_max(1 << 20);
    struct arena scripts = {0};
    buf_u8(&text, ' ');
    real_init(&r);
    blkwriter_init(&writer, r.folder, chain_params_get(CHAIN_MAIN), NULL);
    for (uint32_t height = RUN_FIRST; height <= RUN_LAST; height++) {
        char name[64];
        (void)snprintf(name, sizeof name, "blocks/block-%07u.raw", height);
        blocks[height - RUN_FIRST] = test_data(name);
        (void)blkwriter_block(&writer, height % 2, buf_bytes(&blocks[height - RUN_FIRST]));
    }
    header_hash(&anchor.hash, blocks[0].data);
    labelled(&text, &plain, &scripts);
    book_of(&r, buf_cstr(&text));
    struct scan_result result = scan_of(&r, &anchor);
    assert_int_equal(result.blocks, 8);
    assert_int_equal(result.transactions, 22904);
    assert_int_equal(result.state.first_height, RUN_FIRST);
    assert_int_equal(result.state.grade, GRADE_MERKLE); /* prevouts are older than the run */
    struct arena arena = {0};
    for (uint32_t height = RUN_FIRST; height <= RUN_LAST; height++) {
        struct block block;
        struct err err;
        test_ok(block_parse(&block, buf_bytes(&blocks[height - RUN_FIRST]), &arena, &err), &err);
        for (uint32_t i = 0; i < block.tx_count; i++)
            plain_tx(&plain, &block.txs[i], height, i, plain_watches);
        arena_reset(&arena);
        buf_free(&blocks[height - RUN_FIRST]);
    }
    check_plain(&r, &plain, RUN_LAST);
    print_message("%zu coins of %d labelled addresses\n", plain.count, ADDRESSES);
    assert_true(plain.count > 20);
    free(plain.coins);
    buf_free(&text);
    arena_free(&arena);
    arena_free(&scripts);
    real_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_payment),
        cmocka_unit_test(test_anchored_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
