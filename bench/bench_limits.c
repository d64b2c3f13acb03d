/* Benchmark: ten years of daily evaluation, 16 criteria over four perimeters, an invented book of
 * 10,000 wallets with 66,000 transactions, 20,000 meanings and 5,450 lines of liabilities. The
 * store, the ledger and the flows are made first; measured are the days, each term, and the whole
 * evaluation with its daily values, and its comparison with what was reported, where all was known
 * in time and where all came late. Prints the input, a checksum, seconds and peak memory. */
#include "support_time.h"
#include "limits/limits.h"

#include <stdlib.h>
#include <sys/resource.h>

enum {
    WALLETS = 10000,
    ENTITIES = 50,
    OPERATORS = 5, /* entities that keep clients' coins */
    DAYS = 3650,
    BLOCKS = DAYS * 4,
    TXS = 66000,
    MEANINGS = 20000,
    PERIMETERS = 4,
    RUNS = 5
};
#define START INT64_C(1420070400) /* 2015-01-01 */

static uint32_t roll(uint64_t *dice, uint32_t sides)
{
    *dice = *dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*dice >> 33) % sides);
}

static void must(int code, const struct err *err)
{
    if (code == 0)
        return;
    (void)fprintf(stderr, "bench: %s\n", err->text);
    exit(1);
}

/* ---- the world --------------------------------------------------------------------------------
 */

struct own_coin {
    struct fact_coin fact;
    uint32_t wallet;
};
struct bench {
    struct store *store;
    struct facts *facts;
    struct book *book;
    struct own_coin *coins; /* not spent */
    size_t coin_count;
    struct hash256 *txids;
    int64_t script_ids[WALLETS];
    uint64_t dice;
    struct ledger *ledger;
    struct flows flows;
    struct limits_meanings meanings;
    struct limits_records liabilities, series;
    struct programme *programme;
    struct limits_knowledge knowledge;
    struct limits_knowledge then; /* the last answer of the history */
};

static void script_of(uint8_t ret_script[22], uint32_t wallet)
{
    memset(ret_script, 0x5a, 22);
    ret_script[0] = 0;
    ret_script[1] = 20;
    memcpy(ret_script + 2, &wallet, sizeof wallet);
}

static void book_make(struct bench *bench)
{
    static const char *const classes[] = {"reserve", "operating", "till", "mining", "seized"};
    struct buf text = buf_with_max(64 << 20);
    struct err err = {0};
    buf_text(&text, "{\"nation\":\"XS\",\"currency\":\"USD\",\"simulated\":true,\"entities\":[");
    for (unsigned i = 0; i < ENTITIES; i++)
        buf_format(&text, "%s{\"id\":\"entity-%u\",\"name\":{\"en\":\"E\"},\"sector\":\"%s\"}",
                   i ? "," : "", i, i % 2 ? "S1311" : "S11001");
    buf_text(&text, "],\"wallets\":[");
    for (uint32_t i = 0; i < WALLETS; i++) {
        uint8_t script[22];
        char hex[45];
        script_of(script, i);
        hex_encode(hex, bytes_of(script, sizeof script));
        buf_format(&text,
                   "%s{\"id\":\"wallet-%u\",\"entity\":\"entity-%u\",\"class\":\"%s\","
                   "\"control\":\"declared\",\"visibility\":\"public\",\"descriptors\":"
                   "[\"raw(%s)\"],\"since\":null,\"until\":null}",
                   i ? "," : "", i, i % ENTITIES,
                   i % ENTITIES < OPERATORS ? "client" : classes[i % countof(classes)], hex);
    }
    buf_text(&text, "]}");
    must(book_read(&bench->book, "book", buf_bytes(&text), chain_params_get(CHAIN_REGTEST), &err),
         &err);
    buf_free(&text);
}

static void scripts_add(struct bench *bench)
{
    struct err err = {0};
    for (uint32_t i = 0; i < WALLETS; i++) {
        uint8_t script[22];
        script_of(script, i);
        must(facts_script_add(bench->facts, &bench->script_ids[i], bytes_of(script, 22), &err),
             &err);
    }
}

static struct hash256 block_hash(uint32_t height)
{
    struct hash256 hash = {.b = {0xbb}};
    memcpy(hash.b + 4, &height, sizeof height);
    return hash;
}

static int64_t block_time(uint32_t height)
{
    return START + (int64_t)height * (LIMITS_DAY / 4);
}

static void blocks_add(struct bench *bench)
{
    struct err err = {0};
    for (uint32_t height = 0; height <= BLOCKS; height++) {
        struct fact_block block = {.hash = block_hash(height),
                                   .height = height,
                                   .time = block_time(height),
                                   .median_time = block_time(height)};
        must(facts_block_add(bench->facts, &block, &err), &err);
    }
}

/* Version, one input, outputs of value and wallet (UINT32_MAX: somebody else's), lock time. */
struct out {
    uint32_t wallet;
    int64_t sat;
};
static void tx_write(struct buf *raw, const struct outpoint *in, const struct out outs[2])
{
    buf_le32(raw, 2);
    buf_compact(raw, 1);
    buf_add(raw, bytes_of(in->txid.b, 32));
    buf_le32(raw, in->vout);
    buf_compact(raw, 0);
    buf_le32(raw, 0xffffffff);
    buf_compact(raw, 2);
    for (size_t i = 0; i < 2; i++) {
        uint8_t script[22];
        script_of(script, outs[i].wallet);
        buf_le64(raw, (uint64_t)outs[i].sat);
        buf_compact(raw, sizeof script);
        buf_add(raw, bytes_of(script, sizeof script));
    }
    buf_le32(raw, 0);
}

static void coins_change(struct bench *bench, const struct fact_tx *tx,
                         const struct own_coin *spent, const struct out outs[2])
{
    struct err err = {0};
    if (spent) {
        struct fact_coin coin = spent->fact;
        coin.spent = true;
        coin.spent_height = tx->height;
        coin.spent_tx_index = tx->tx_index;
        coin.spent_block_hash = tx->block_hash;
        coin.spent_txid = tx->txid;
        must(facts_spend_add(bench->facts, &coin, &err), &err);
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (outs[i].wallet == UINT32_MAX)
            continue;
        struct own_coin made = {.wallet = outs[i].wallet};
        made.fact = (struct fact_coin){.script = bench->script_ids[made.wallet],
                                       .outpoint = {.txid = tx->txid, .vout = i},
                                       .block_hash = tx->block_hash,
                                       .height = tx->height,
                                       .tx_index = tx->tx_index,
                                       .value = amount_of(outs[i].sat)};
        must(facts_coin_add(bench->facts, &made.fact, &err), &err);
        bench->coins[bench->coin_count++] = made;
    }
}

/* Half come from outside, a quarter moves inside, a quarter leaves. */
static void tx_add(struct bench *bench, uint32_t number)
{
    struct err err = {0};
    struct buf raw = buf_with_max(1024);
    uint32_t height = 1 + (uint32_t)((uint64_t)number * (BLOCKS - 1) / TXS);
    uint32_t what = bench->coin_count > 100 ? number % 4 : 0;
    struct own_coin spent = {.wallet = UINT32_MAX};
    struct outpoint in = {.txid = {.b = {0xee}}, .vout = number};
    if (what >= 2) {
        size_t at = roll(&bench->dice, (uint32_t)bench->coin_count);
        spent = bench->coins[at];
        bench->coins[at] = bench->coins[--bench->coin_count];
        in = spent.fact.outpoint;
    }
    int64_t sat =
        what >= 2 ? amount_minor(spent.fact.value) : SAT_PER_BTC + roll(&bench->dice, SAT_PER_BTC);
    const struct out outs[2] = {{what == 3 ? UINT32_MAX : roll(&bench->dice, WALLETS), sat / 3},
                                {what == 2 ? spent.wallet : UINT32_MAX, sat - sat / 3}};
    uint8_t script[22];
    script_of(script, spent.wallet);
    struct fact_prevout prevout = {.evidence = PREVOUT_PROVED,
                                   .value = amount_of(sat),
                                   .script = bytes_of(script, sizeof script)};
    tx_write(&raw, &in, outs);
    struct fact_tx tx = {.block_hash = block_hash(height),
                         .height = height,
                         .tx_index = number + 1,
                         .stripped = buf_bytes(&raw),
                         .prevouts = &prevout,
                         .prevout_count = 1};
    sha256d_of(&tx.txid, buf_bytes(&raw));
    bench->txids[number] = tx.txid;
    must(facts_tx_add(bench->facts, &tx, &err), &err);
    coins_change(bench, &tx, what >= 2 ? &spent : NULL, outs);
    buf_free(&raw);
}

static void world_make(struct bench *bench)
{
    struct err err = {0};
    must(store_open(&bench->store, "", STORE_MEMORY, &err), &err);
    must(facts_open(&bench->facts, bench->store, chain_params_get(CHAIN_REGTEST), &err), &err);
    book_make(bench);
    bench->coins = mem_zalloc(2 * TXS, sizeof *bench->coins);
    bench->txids = mem_zalloc(TXS, sizeof *bench->txids);
    must(store_begin(bench->store, &err), &err);
    scripts_add(bench);
    blocks_add(bench);
    for (uint32_t i = 0; i < TXS; i++)
        tx_add(bench, i);
    struct facts_state state = {.any = true,
                                .first_hash = block_hash(0),
                                .tip_height = BLOCKS,
                                .tip_hash = block_hash(BLOCKS),
                                .tip_time = block_time(BLOCKS),
                                .tip_median_time = block_time(BLOCKS),
                                .grade = GRADE_PREVOUT};
    must(facts_state_set(bench->facts, &state, &err), &err);
    must(facts_scripts_complete(bench->facts, BLOCKS, &err), &err);
    must(store_commit(bench->store, &err), &err);
}

/* ---- what is declared -------------------------------------------------------------------------
 */

static int meaning_compare(const void *a, const void *b)
{
    const struct limits_meaning *x = a;
    const struct limits_meaning *y = b;
    return hash256_compare(&x->txid, &y->txid);
}

static void meanings_make(struct bench *bench)
{
    struct limits_meanings *meanings = &bench->meanings;
    meanings->list = arena_alloc(&meanings->arena, MEANINGS, sizeof *meanings->list);
    for (uint32_t i = 0; i < MEANINGS; i++) {
        uint32_t tx = (uint32_t)((uint64_t)i * TXS / MEANINGS);
        meanings->list[i] =
            (struct limits_meaning){.txid = bench->txids[tx],
                                    .meaning = (enum flow_meaning)(i % FLOW_MEANING_COUNT),
                                    .known = START,
                                    .decided = INT64_MAX,
                                    .number = i + 1};
    }
    meanings->count = MEANINGS;
    qsort(meanings->list, MEANINGS, sizeof *meanings->list, meaning_compare);
}

#define DOC "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Of each operator: three holders a month; and of the first its clients every day. */
static void liabilities_make(struct bench *bench)
{
    struct buf text = buf_with_max(16 << 20);
    struct err err = {0};
    buf_text(&text, "time,entity,holder,holder_sector,amount_sat,document_sha256\n");
    for (unsigned day = 0; day < DAYS; day++) {
        char date[11];
        date_format(date, START + (int64_t)day * LIMITS_DAY);
        buf_format(&text, "%s,entity-0,every-day,S14,%u," DOC "\n", date, 1000 + day);
        for (unsigned i = 0; i < OPERATORS * 3 && day % 30 == 0; i++)
            buf_format(&text, "%s,entity-%u,holder-%u,S14,%u," DOC "\n", date, i / 3, i % 3,
                       100000 + day * 10 + i);
    }
    must(liabilities_read(&bench->liabilities, "l.csv", buf_bytes(&text), &err), &err);
    buf_reset(&text);
    buf_text(&text, "time,unit,value,document_sha256\n");
    for (unsigned day = 0; day < DAYS; day += 7) {
        char date[11];
        date_format(date, START + (int64_t)day * LIMITS_DAY);
        buf_format(&text, "%s,USD,%u.25," DOC "\n", date, 1000000 + day * 3);
    }
    must(series_read(&bench->series, "reserves", "s.csv", buf_bytes(&text), &err), &err);
    buf_free(&text);
}

static void quantity_add(struct buf *text, unsigned kind, unsigned perimeter)
{
    if (kind == 0)
        buf_format(text,
                   "{\"change\":{\"difference\":[{\"difference\":[{\"balance\":{\"perimeter\":"
                   "\"p%u\"}},{\"liabilities\":{\"perimeter\":\"p%u\"}}]},{\"held_from\":"
                   "{\"perimeter\":\"p%u\",\"meanings\":[\"seizure\",\"custody\"]}}]}}",
                   perimeter, perimeter, perimeter);
    else if (kind == 1)
        buf_format(text,
                   "{\"change\":{\"flows\":{\"perimeter\":\"p%u\",\"meanings\":[\"purchase\","
                   "\"pool-payout\"],\"classes\":[\"mined\"]}}}",
                   perimeter);
    else if (kind == 2)
        buf_format(text, "{\"balance\":{\"perimeter\":\"p%u\"}}", perimeter);
    else
        buf_text(text, "{\"series\":{\"name\":\"reserves\",\"unit\":\"USD\"}}");
}

static void programme_make(struct bench *bench)
{
    static const char *const perimeters[PERIMETERS] = {
        "{}", "{\"sectors\":[\"S13\"]}", "{\"sectors\":[\"S11001\"],\"holder_sectors\":[\"S13\"]}",
        "{\"classes\":[\"reserve\",\"seized\"]}"};
    struct buf text = buf_with_max(1 << 20);
    struct err err = {0};
    buf_text(&text,
             "{\"programme\":\"bench\",\"nation\":\"XS\",\"simulated\":true,\"name\":{\"en\":"
             "\"SIMULATED\"},\"timezone\":\"Etc/GMT+6\",\"utc_offset_minutes\":-360,"
             "\"sources\":[{\"id\":\"s\",\"title\":\"S\"}],\"perimeters\":{");
    for (unsigned i = 0; i < PERIMETERS; i++)
        buf_format(&text, "%s\"p%u\":%s", i ? "," : "", i, perimeters[i]);
    buf_text(&text, "},\"versions\":[{\"version\":\"1\",\"from\":\"2015-01-05\",\"source\":\"s\","
                    "\"criteria\":[");
    for (unsigned i = 0; i < PERIMETERS * 4; i++) {
        buf_format(&text,
                   "%s{\"id\":\"c%u\",\"name\":{\"en\":\"C\"},\"kind\":\"performance-criterion\","
                   "\"continuity\":\"continuous\",\"unit\":\"%s\",\"ceiling\":%u,\"base_date\":"
                   "\"2015-01-05\",\"test_dates\":[\"2024-12-20\"],\"quantity\":",
                   i ? "," : "", i, i % 4 == 3 ? "USD" : "BTC", 4000000000u);
        quantity_add(&text, i % 4, i / 4);
        buf_text(&text, "}");
    }
    buf_text(&text, "]}]}");
    must(programme_read(&bench->programme, "programme", buf_bytes(&text), &err), &err);
    buf_free(&text);
}

static void ledger_make(struct bench *bench)
{
    struct err err = {0};
    const struct flows_options options = {.to = BLOCKS};
    double start = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    must(ledger_new(&bench->ledger, bench->facts, bench->book, BLOCKS, &err), &err);
    double middle = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    must(flows_make(&bench->flows, bench->ledger, &options, &err), &err);
    size_t changes;
    (void)ledger_changes(bench->ledger, &changes);
    printf("input: %d wallets, %zu changes, %zu flows, %zu lines of liabilities\n", WALLETS,
           changes, bench->flows.count, bench->liabilities.count);
    printf("%-44s %.3f s\n%-44s %.3f s\n", "(ledger)", middle - start, "(flows)",
           bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - middle);
    bench->knowledge = (struct limits_knowledge){.programme = bench->programme,
                                                 .known = INT64_MAX - 1,
                                                 .ledger = bench->ledger,
                                                 .flows = &bench->flows,
                                                 .meanings = &bench->meanings,
                                                 .liabilities = &bench->liabilities,
                                                 .series = &bench->series,
                                                 .series_count = 1};
}

/* ---- measured ---------------------------------------------------------------------------------
 */

static void print_median(const char *what, double *seconds)
{
    double median = bench_median(seconds, RUNS);
    printf("%-44s median %.4f s  best %.4f s\n", what, median, seconds[0]);
}

static void terms_run(struct bench *bench)
{
    static int64_t asked[DAYS];
    static struct limits_day days[DAYS];
    static struct term_value values[DAYS];
    struct err err = {0};
    double seconds[RUNS];
    for (size_t i = 0; i < DAYS; i++)
        asked[i] = START + (int64_t)i * LIMITS_DAY;
    for (size_t run = 0; run < RUNS; run++) {
        double start = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        must(limits_days_make(days, bench->facts, bench->programme, asked, DAYS, &err), &err);
        seconds[run] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    }
    print_median("days", seconds);
    for (size_t term = 0; term < bench->programme->term_count; term++) {
        size_t known = 0;
        for (size_t run = 0; run < RUNS; run++) {
            struct arena arena = {0};
            double start = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
            must(limits_term_values(values, &bench->knowledge, term, days, DAYS, &arena, &err),
                 &err);
            seconds[run] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
            known = 0;
            for (size_t i = 0; i < DAYS; i++)
                known += values[i].why == NULL;
            arena_free(&arena);
        }
        char what[96];
        (void)snprintf(what, sizeof what, "%.40s (%zu days known)",
                       bench->programme->terms[term].label, known);
        print_median(what, seconds);
    }
}

static void evaluation_run(struct bench *bench)
{
    double seconds[RUNS];
    struct err err = {0};
    const struct limits_options options = {.day = START + (int64_t)(DAYS - 1) * LIMITS_DAY,
                                           .has_daily = true,
                                           .daily_from = START + 10 * LIMITS_DAY,
                                           .daily_to = START + (int64_t)(DAYS - 1) * LIMITS_DAY};
    size_t met = 0;
    size_t undecided = 0;
    for (size_t run = 0; run < RUNS; run++) {
        struct limits_result result;
        double start = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
        must(limits_evaluate(&result, &bench->knowledge, &options, &err), &err);
        seconds[run] = bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
        met = undecided = 0;
        for (size_t i = 0; i < result.criterion_count * result.daily_count; i++) {
            met += result.daily[i].verdict == LIMITS_MET;
            undecided += result.daily[i].verdict == LIMITS_UNDECIDED;
        }
        limits_result_free(&result);
    }
    print_median("evaluation, 16 criteria, daily", seconds);
    printf("result: %zu criterion days met, %zu undecided\n", met, undecided);
}

/* One book all along; what was known when is in the records. */
static int knowledge_at(const struct limits_knowledge **ret_knowledge, void *context, int64_t known,
                        struct err *err)
{
    struct bench *bench = context;
    (void)err;
    bench->then = bench->knowledge;
    bench->then.known = known;
    *ret_knowledge = &bench->then;
    return 0;
}

/* Each line and meaning is known so long after it holds that every day is reported with another
 * knowledge of the days before it; of the coins that are followed one inflow in fifty. */
static void records_delay(struct bench *bench, int64_t seconds)
{
    for (size_t i = 0; i < bench->liabilities.count; i++)
        bench->liabilities.list[i].known = bench->liabilities.list[i].time + seconds;
    for (size_t i = 0; i < bench->meanings.count; i++) { /* in order of entry: of time */
        struct limits_meaning *meaning = &bench->meanings.list[i];
        int64_t tx = (meaning->number - 1) * TXS / MEANINGS;
        uint32_t height = 1 + (uint32_t)(tx * (BLOCKS - 1) / TXS);
        bool followed = meaning->meaning == FLOW_SEIZURE || meaning->meaning == FLOW_CUSTODY;
        if (!followed || i % 50 == 0)
            meaning->known = block_time(height) + seconds;
    }
}

static void compare_run(struct bench *bench, const char *what)
{
    struct err err = {0};
    struct limits_result result;
    const struct limits_history history = {.context = bench, .at = knowledge_at};
    const struct limits_options options = {.day = START + (int64_t)(DAYS - 1) * LIMITS_DAY};
    size_t changed = 0;
    must(limits_evaluate(&result, &bench->knowledge, &options, &err), &err);
    double start = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    must(limits_report_compare(&result, &history, &err), &err);
    printf("%-44s %.3f s\n", what, bench_seconds(CLOCK_PROCESS_CPUTIME_ID) - start);
    for (size_t i = 0; i < result.criterion_count; i++)
        changed += result.criteria[i].changed_days;
    printf("result: %zu verdicts are not those of the report\n", changed);
    limits_result_free(&result);
}

int main(void)
{
    static struct bench bench = {.dice = 1};
    world_make(&bench);
    meanings_make(&bench);
    liabilities_make(&bench);
    programme_make(&bench);
    ledger_make(&bench);
    terms_run(&bench);
    evaluation_run(&bench);
    compare_run(&bench, "as reported, all known in time");
    records_delay(&bench, LIMITS_DAY * 3 / 2);
    compare_run(&bench, "as reported, all known late");
    struct rusage usage;
    sanad_assert(getrusage(RUSAGE_SELF, &usage) == 0);
    printf("peak memory: %ld MB, the store in memory included\n", usage.ru_maxrss / 1024);
    flows_free(&bench.flows);
    ledger_free(bench.ledger);
    programme_free(bench.programme);
    limits_records_free(&bench.liabilities);
    limits_records_free(&bench.series);
    limits_meanings_free(&bench.meanings);
    book_free(bench.book);
    facts_close(bench.facts);
    store_close(bench.store);
    free(bench.coins);
    free(bench.txids);
    return 0;
}
