/* Coins followed over ten years: 100,000 transactions of a book, each of two of its coins, in
 * 50,000 blocks. First as nations do it: an inflow that is kept apart and moved once a year.
 * Then the worst: by proportion, where every payment carries a part of it to its end. Prints what
 * is held and the median of five runs; fails where a satoshi is lost. */
#include "support_time.h"
#include "reserve/reserve.h"
#include "store/store.h"

#include <stdlib.h>

enum { TX_COUNT = 100000, BLOCK_TXS = 2, POOL = 600, RUN_COUNT = 5, SWEEP_EVERY = 10000 };
#define COIN_SAT INT64_C(1000000)

static const char book_text[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"simulated\":true,\"entities\":[{\"id\":\"t\","
    "\"name\":{\"en\":\"T\"},\"sector\":\"S1311\"}],\"wallets\":[{\"id\":\"a\",\"entity\":\"t\","
    "\"class\":\"reserve\",\"control\":\"declared\",\"visibility\":\"public\",\"descriptors\":["
    "\"raw(0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)\"],\"since\":null,\"until\":null}]}";

/* What is written so far. */
struct bench {
    struct store *store;
    struct facts *facts;
    struct book *book;
    int64_t script;
    struct bytes script_bytes;
    struct fact_coin pool[POOL];
    size_t pool_count;
    struct fact_coin apart; /* the coin that is kept apart */
    struct hash256 inflow;
    uint32_t height, tx_index;
    uint64_t random;
};

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench_trace: %s\n", err->text);
    exit(1);
}

static size_t draw(struct bench *bench, size_t below)
{
    bench->random = bench->random * 6364136223846793005u + 1442695040888963407u;
    return (size_t)((bench->random >> 33) % below);
}

static struct hash256 block_hash(uint32_t height)
{
    struct hash256 hash = {.b = {1}};
    memcpy(hash.b + 4, &height, sizeof height);
    return hash;
}

static void block_next(struct bench *bench, uint32_t height)
{
    struct err err = {0};
    struct fact_block block = {
        .hash = block_hash(height), .height = height, .time = 1500000000 + (int64_t)height * 6000};
    block.median_time = block.time;
    bench->height = height;
    bench->tx_index = 1;
    must(facts_block_add(bench->facts, &block, &err), &err);
}

static struct buf tx_bytes(const struct bench *bench, const struct fact_coin *ins, size_t in_count,
                           const struct amount *outs, size_t out_count)
{
    struct buf raw = buf_with_max(1 << 16);
    buf_le32(&raw, 2);
    buf_compact(&raw, in_count);
    for (size_t i = 0; i < in_count; i++) {
        buf_add(&raw, bytes_of(ins[i].outpoint.txid.b, 32));
        buf_le32(&raw, ins[i].outpoint.vout);
        buf_compact(&raw, 0);
        buf_le32(&raw, 0xffffffff);
    }
    buf_compact(&raw, out_count);
    for (size_t i = 0; i < out_count; i++) {
        buf_le64(&raw, (uint64_t)amount_minor(outs[i]));
        buf_compact(&raw, bench->script_bytes.size);
        buf_add(&raw, bench->script_bytes);
    }
    buf_le32(&raw, 0);
    return raw;
}

/* Pays from coins (the book's where they have a script) to the book; fills in the new coins. */
static void pay(struct bench *bench, struct fact_coin *ins, size_t in_count,
                const struct amount *outs, size_t out_count, struct fact_coin *ret_coins)
{
    struct err err = {0};
    struct fact_prevout prevouts[4];
    struct buf raw = tx_bytes(bench, ins, in_count, outs, out_count);
    struct fact_tx tx = {.block_hash = block_hash(bench->height),
                         .height = bench->height,
                         .tx_index = bench->tx_index++,
                         .stripped = buf_bytes(&raw),
                         .prevouts = prevouts,
                         .prevout_count = in_count};
    sha256d_of(&tx.txid, buf_bytes(&raw));
    for (size_t i = 0; i < in_count; i++) {
        prevouts[i] = (struct fact_prevout){
            .evidence = PREVOUT_PROVED, .value = ins[i].value, .script = bench->script_bytes};
        ins[i].spent = true;
        ins[i].spent_height = tx.height;
        ins[i].spent_tx_index = tx.tx_index;
        ins[i].spent_vin = (uint32_t)i;
        ins[i].spent_block_hash = tx.block_hash;
        ins[i].spent_txid = tx.txid;
        if (ins[i].script)
            must(facts_spend_add(bench->facts, &ins[i], &err), &err);
    }
    for (size_t i = 0; i < out_count; i++) {
        ret_coins[i] = (struct fact_coin){.script = bench->script,
                                          .outpoint = {.txid = tx.txid, .vout = (uint32_t)i},
                                          .block_hash = tx.block_hash,
                                          .height = tx.height,
                                          .tx_index = tx.tx_index,
                                          .value = outs[i]};
        must(facts_coin_add(bench->facts, &ret_coins[i], &err), &err);
    }
    must(facts_tx_add(bench->facts, &tx, &err), &err);
    buf_free(&raw);
}

/* Something that is not the book's, to be spent. */
static struct fact_coin foreign(struct bench *bench, int64_t sat)
{
    struct fact_coin coin = {.value = amount_of(sat)};
    bench->random++;
    memcpy(coin.outpoint.txid.b, &bench->random, sizeof bench->random);
    return coin;
}

static void pool_fill(struct bench *bench)
{
    const struct amount one = amount_of(COIN_SAT);
    while (bench->pool_count < POOL) {
        struct fact_coin from = foreign(bench, COIN_SAT);
        pay(bench, &from, 1, &one, 1, &bench->pool[bench->pool_count++]);
    }
    struct fact_coin from = foreign(bench, COIN_SAT);
    pay(bench, &from, 1, &one, 1, &bench->apart);
    bench->inflow = bench->apart.outpoint.txid;
}

/* Two coins become two others of the same sum. */
static void pool_mix(struct bench *bench)
{
    size_t a = draw(bench, POOL);
    size_t b = (a + 1 + draw(bench, POOL - 1)) % POOL;
    struct fact_coin ins[2] = {bench->pool[a], bench->pool[b]}, made[2];
    struct amount sum = amount_add(ins[0].value, ins[1].value);
    struct amount first = amount_of((int64_t)draw(bench, (size_t)amount_minor(sum) + 1));
    const struct amount outs[2] = {first, amount_sub(sum, first)};
    pay(bench, ins, 2, outs, 2, made);
    bench->pool[a] = made[0];
    bench->pool[b] = made[1];
}

static void facts_write(struct bench *bench)
{
    struct err err = {0};
    block_next(bench, 0);
    pool_fill(bench);
    for (uint32_t i = 0; i < TX_COUNT; i++) {
        if (i % BLOCK_TXS == 0)
            block_next(bench, 1 + i / BLOCK_TXS);
        struct fact_coin from = bench->apart;
        if (i % SWEEP_EVERY == 0)
            pay(bench, &from, 1, &from.value, 1, &bench->apart);
        else
            pool_mix(bench);
    }
    struct facts_state state = {.any = true,
                                .tip_height = bench->height,
                                .tip_hash = block_hash(bench->height),
                                .first_hash = block_hash(0),
                                .tip_time = 2000000000,
                                .tip_median_time = 2000000000,
                                .grade = GRADE_PREVOUT};
    must(facts_state_set(bench->facts, &state, &err), &err);
    must(facts_scripts_complete(bench->facts, bench->height, &err), &err);
}

static void bench_open(struct bench *bench)
{
    struct err err = {0};
    struct arena arena = {0};
    size_t count;
    const struct chain_params *params = chain_params_get(CHAIN_REGTEST);
    must(store_open(&bench->store, "", STORE_MEMORY, &err), &err);
    must(facts_open(&bench->facts, bench->store, params, &err), &err);
    must(book_read(&bench->book, "book", bytes_of_text(book_text), params, &err), &err);
    struct bytes *scripts;
    const struct book_branch *branches = book_branches(bench->book, &count);
    if (!book_branch_scripts(&scripts, &count, bench->book, &branches[0], 0, &bench->book->arena))
        exit(1);
    bench->script_bytes = scripts[0];
    must(facts_script_add(bench->facts, &bench->script, scripts[0], &err), &err);
    must(store_begin(bench->store, &err), &err);
    facts_write(bench);
    must(store_commit(bench->store, &err), &err);
    arena_free(&arena);
}

static void trace_time(const struct ledger *ledger, const char *what,
                       const struct trace_inflow *inflow, enum trace_rule rule)
{
    static const bool wanted[] = {true};
    double runs[RUN_COUNT];
    size_t count = 0;
    for (int run = 0; run < RUN_COUNT; run++) {
        struct trace *trace;
        struct err err = {0};
        double before = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        must(trace_new(&trace, ledger, wanted, inflow, 1, rule, &err), &err);
        runs[run] = bench_seconds(CLOCK_THREAD_CPUTIME_ID) - before;
        const struct trace_point *points = trace_points(trace, &count);
        if (count != 1 || !amount_equal(points[0].held, amount_of(COIN_SAT))) {
            (void)fprintf(stderr, "bench_trace: %s: a satoshi is lost\n", what);
            exit(1);
        }
        trace_free(trace);
    }
    (void)printf("%-34s %-9s %8.2f ms\n", what, trace_rule_name(rule),
                 1e3 * bench_median(runs, RUN_COUNT));
}

int main(void)
{
    struct bench *bench = mem_zalloc(1, sizeof *bench);
    struct ledger *ledger;
    struct err err = {0};
    bench_open(bench);
    double before = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
    must(ledger_new(&ledger, bench->facts, bench->book, bench->height, &err), &err);
    (void)printf("%-44s %8.2f ms\n", "ledger of 100,000 transactions",
                 1e3 * (bench_seconds(CLOCK_THREAD_CPUTIME_ID) - before));
    const struct trace_inflow apart = {.txid = bench->inflow, .wallet = UINT32_MAX};
    size_t count;
    struct fact_coin *coins;
    struct arena arena = {0};
    must(facts_coins(bench->facts, &coins, &count, 0, &arena, &err), &err);
    const struct trace_inflow mixed = {.txid = coins[0].outpoint.txid, .wallet = UINT32_MAX};
    for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++)
        trace_time(ledger, "kept apart", &apart, rule);
    for (enum trace_rule rule = 0; rule < TRACE_RULE_COUNT; rule++)
        trace_time(ledger, "in every payment", &mixed, rule);
    arena_free(&arena);
    ledger_free(ledger);
    book_free(bench->book);
    facts_close(bench->facts);
    store_close(bench->store);
    free(bench);
    return 0;
}
