/* Proves: a pack is made from an evaluation and a ledger; its CSV files and pages hold what
 * those say, escaped and disarmed; restricted wallets are told as totals only; the same inputs
 * give the same bytes; the next pack tells what changed, and refuses one that is not its own;
 * a folder appears whole or not at all. */
#include "pack/pack.h"

#include "world.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_B "0014bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCRIPT_C "0014cccccccccccccccccccccccccccccccccccccccc"
#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"

static const char book_text[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"simulated\":true,\"entities\":["
    "{\"id\":\"treasury\",\"name\":{\"en\":\"<script>alert(1)</script> & Co\"},"
    "\"sector\":\"S1311\"},"
    "{\"id\":\"operator\",\"name\":{\"en\":\"Operator\",\"ur\":\"آپریٹر\"},\"sector\":\"S11001\"}],"
    "\"wallets\":["
    "{\"id\":\"vault\",\"entity\":\"treasury\",\"class\":\"reserve\",\"control\":\"signed\","
    "\"visibility\":\"public\",\"descriptors\":[\"raw(" SCRIPT_A ")\"],\"since\":null,"
    "\"until\":null},"
    "{\"id\":\"hidden-one\",\"entity\":\"treasury\",\"class\":\"seized\",\"control\":\"declared\","
    "\"visibility\":\"fund\",\"descriptors\":[\"raw(" SCRIPT_B ")\"],\"since\":null,"
    "\"until\":null},"
    "{\"id\":\"clients\",\"entity\":\"operator\",\"class\":\"client\",\"control\":\"declared\","
    "\"visibility\":\"public\",\"descriptors\":[\"raw(" SCRIPT_C ")\"],\"since\":null,"
    "\"until\":null}]}";

/* A nation, its programme and the evaluation of a day, all written by hand. */
struct fixture {
    struct world world;
    struct ledger *ledger;
    struct accounts *accounts;
    struct price_table prices;
    struct programme programme;
    struct programme_version version;
    struct criterion criteria[2];
    struct limits_term terms[2];
    struct expr children[2], difference;
    struct criterion_term values[2];
    struct breach breach;
    struct criterion_result results[2];
    struct limits_result result;
    struct register_declaration declared;
    struct limits_record owed[2];
    struct limits_records liabilities;
    struct pack_input input;
};

static void chain_write(struct fixture *f)
{
    struct world *world = &f->world;
    world_open(world, book_text);
    size_t outside = world_tx(world, NO_INS, OUT({FOREIGN, BTC(50)}));
    world_block(world); /* 1: five bought, two seized */
    size_t bought =
        world_tx(world, IN({.coin = outside}), OUT({SCRIPT_A, BTC(5)}, {FOREIGN, BTC(40)}));
    (void)world_tx(world, IN({.coin = bought + 1}), OUT({SCRIPT_B, BTC(2)}, {FOREIGN, BTC(37)}));
    size_t rest = world->coin_count - 1;
    world_block(world); /* 2: three that nobody explained */
    (void)world_tx(world, IN({.coin = rest}), OUT({SCRIPT_C, BTC(3)}, {FOREIGN, BTC(33)}));
    world_block(world); /* 3: one paid away from the vault, with a fee */
    (void)world_tx(world, IN({.coin = bought}), OUT({FOREIGN, BTC(1)}, {SCRIPT_A, BTC(4) - 1000}));
    world_block(world); /* 4 */
    world_done(world);
}

static void programme_write(struct fixture *f)
{
    f->terms[0] = (struct limits_term){
        .kind = TERM_BALANCE, .label = "=balances of public", .unit = {"BTC", 8}};
    f->terms[1] =
        (struct limits_term){.kind = TERM_LIABILITIES, .label = "owed outside", .unit = {"BTC", 8}};
    f->children[0] = (struct expr){.op = EXPR_TERM, .unit = {"BTC", 8}, .term = 0};
    f->children[1] = (struct expr){.op = EXPR_TERM, .unit = {"BTC", 8}, .term = 1};
    f->difference = (struct expr){
        .op = EXPR_DIFFERENCE, .unit = {"BTC", 8}, .children = f->children, .child_count = 2};
    f->criteria[0] = (struct criterion){.id = "net-public",
                                        .name = {{"No accumulation \xe2\x80\xae evil <img src=x>",
                                                  "Sin acumulación", "جمع نہ کرنا"}},
                                        .continuity = CONTINUOUS,
                                        .unit = {"BTC", 8},
                                        .has_quantity = true,
                                        .quantity = {.op = EXPR_CHANGE,
                                                     .children = &f->difference,
                                                     .child_count = 1,
                                                     .unit = {"BTC", 8}},
                                        .limit = amount_zero(),
                                        .base = WORLD_START,
                                        .buffer = amount_zero()};
    f->criteria[1] = (struct criterion){.id = "audit",
                                        .name = {{"Audit published", NULL, NULL}},
                                        .kind = CRITERION_BENCHMARK,
                                        .continuity = END_PERIOD,
                                        .unit = {"none", 0},
                                        .base = LIMITS_NO_DAY,
                                        .action = {.due = WORLD_START + 30 * LIMITS_DAY}};
    f->version = (struct programme_version){
        .id = "2025-01-01", .criteria = f->criteria, .criterion_count = 2};
    f->programme = (struct programme){.id = "xs-1",
                                      .nation = "XS",
                                      .simulated = true,
                                      .name = {{"XS arrangement", NULL, NULL}},
                                      .timezone = "Etc/GMT+6",
                                      .utc_offset_minutes = -360,
                                      .terms = f->terms,
                                      .term_count = 2,
                                      .versions = &f->version,
                                      .version_count = 1};
}

static void result_write(struct fixture *f, uint32_t height)
{
    struct err err = {0};
    struct amount value = amount_of(BTC(4));
    f->values[0] =
        (struct criterion_term){.term = 0,
                                .at = {.value = amount_of(BTC(9)), .source = "chain, block 4"},
                                .base = {.value = amount_zero(), .source = "chain, block 0"}};
    f->values[1] = (struct criterion_term){
        .term = 1,
        .at = {.value = amount_of(BTC(5)), .source = "liabilities.csv line 3"},
        .base = {.value = amount_zero(), .source = "liabilities.csv line 2"}};
    f->breach = (struct breach){.from = WORLD_START + LIMITS_DAY,
                                .corrected = LIMITS_NO_DAY,
                                .worst_day = WORLD_START + LIMITS_DAY,
                                .worst = value};
    f->results[0] = (struct criterion_result){.version = &f->version,
                                              .criterion = &f->criteria[0],
                                              .day = WORLD_START + height * LIMITS_DAY,
                                              .day_over = true,
                                              .in_force = true,
                                              .value = value,
                                              .limit = amount_zero(),
                                              .headroom = amount_neg(value),
                                              .verdict = LIMITS_NOT_MET,
                                              .terms = f->values,
                                              .term_count = 2,
                                              .breaches = &f->breach,
                                              .breach_count = 1,
                                              .has_reported = true,
                                              .reported_value = amount_zero(),
                                              .reported_verdict = LIMITS_MET,
                                              .misreporting = true};
    f->results[1] = (struct criterion_result){.version = &f->version,
                                              .criterion = &f->criteria[1],
                                              .day = WORLD_START + 30 * LIMITS_DAY,
                                              .value = amount_unknown(),
                                              .limit = amount_unknown(),
                                              .headroom = amount_unknown(),
                                              .verdict = LIMITS_UNDECIDED,
                                              .why = "nobody has said whether it was done"};
    f->result = (struct limits_result){.programme = &f->programme,
                                       .version = &f->version,
                                       .as_of = {.day = WORLD_START + height * LIMITS_DAY,
                                                 .height = height,
                                                 .any = true,
                                                 .over = true},
                                       .book = f->world.book,
                                       .grade = GRADE_PREVOUT,
                                       .complete = false,
                                       .criteria = f->results,
                                       .criterion_count = 2};
    test_ok(facts_block_at(&f->result.block, f->world.facts, height, &err), &err);
}

static void fixture_open(struct fixture *f)
{
    struct err err = {0};
    static const char prices[] = "time,source,currency,price_minor_per_btc\n"
                                 "2025-01-01,alpha,USD,10000000\n2025-01-02,alpha,USD,11000000\n"
                                 "2025-01-03,alpha,USD,12000000\n2025-01-04,alpha,USD,11500000\n"
                                 "2025-01-05,alpha,USD,12500000\n";
    memset(f, 0, sizeof *f);
    chain_write(f);
    programme_write(f);
    test_ok(ledger_new(&f->ledger, f->world.facts, f->world.book, f->world.height, &err), &err);
    test_ok(accounts_read_file(&f->accounts, "accounts/bpm6.json", &err), &err);
    test_ok(prices_read(&f->prices, "prices", bytes_of_text(prices), "USD", &err), &err);
    result_write(f, 4);
    f->declared = (struct register_declaration){.meaning = FLOW_PURCHASE};
    for (size_t i = 0; i < f->world.coin_count; i++)
        if (amount_equal(f->world.coins[i].fact.value, amount_of(BTC(5))))
            f->declared.txid = f->world.coins[i].fact.outpoint.txid;
    f->owed[0] = (struct limits_record){.time = WORLD_START + LIMITS_DAY,
                                        .known = WORLD_START,
                                        .decided = INT64_MAX,
                                        .entity = "operator",
                                        .holder = "clients",
                                        .holder_sector = "S14",
                                        .value = amount_of(BTC(2))};
    f->owed[1] = f->owed[0];
    f->owed[1].time += LIMITS_DAY;
    f->owed[1].value = amount_of(BTC(5));
    f->liabilities = (struct limits_records){.list = f->owed, .count = 2, .unit = {"BTC", 8}};
    f->input = (struct pack_input){.result = &f->result,
                                   .ledger = f->ledger,
                                   .from = 0,
                                   .from_time = INT64_MIN,
                                   .to_time = WORLD_START + 4 * LIMITS_DAY,
                                   .meanings = &f->declared,
                                   .meaning_count = 1,
                                   .liabilities = &f->liabilities,
                                   .known = INT64_MAX,
                                   .prices = &f->prices,
                                   .accounts = f->accounts};
}

static void fixture_close(struct fixture *f)
{
    prices_free(&f->prices);
    accounts_free(f->accounts);
    ledger_free(f->ledger);
    world_close(&f->world);
}

static struct pack_files files_of(const struct pack_input *input, json_t **ret_report)
{
    struct pack *pack;
    struct pack_files files;
    struct err err = {0};
    test_ok(pack_make(&pack, input, &err), &err);
    test_ok(pack_files_make(&files, pack, &err), &err);
    if (ret_report)
        *ret_report = pack_report(pack, &files);
    pack_free(pack);
    return files;
}

static const char *content(struct pack_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->list[i].name, name) == 0)
            return buf_cstr(&files->list[i].content);
    fail_msg("no file %s", name);
    return NULL;
}

static void has(struct pack_files *files, const char *name, const char *part)
{
    const char *text = content(files, name);
    if (!strstr(text, part))
        fail_msg("%s lacks \"%s\":\n%.3000s", name, part, text);
}

static void lacks(struct pack_files *files, const char *name, const char *part)
{
    if (strstr(content(files, name), part))
        fail_msg("%s has \"%s\"", name, part);
}

/* ---- what the files say -------------------------------------------------------------------- */

static void test_tables(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct pack_files files = files_of(&f.input, NULL);
    has(&files, "addresses.csv", "simulated,wallet,entity,class,address,script,balance_btc\r\n");
    has(&files, "addresses.csv",
        "SIMULATED,vault,treasury,reserve,bc1q42424242424242424242424242424242ty9ll3,,3."
        "99999000\r\n");
    lacks(&files, "addresses.csv", "hidden-one");
    has(&files, "balances.csv", "SIMULATED,wallet,vault,treasury,reserve,signed,3.99999000,1,1,");
    has(&files, "balances.csv", "SIMULATED,restricted,,,,,2.00000000,,,,\r\n");
    has(&files, "balances.csv", "SIMULATED,total,,,,,8.99999000,,,,\r\n");
    lacks(&files, "balances.csv", "hidden-one");
    has(&files, "net-position.csv",
        "net-public,2025-01-05,2025-01-01,term,'=balances of public,BTC,9.00000000,0.00000000,"
        "9.00000000,\"chain, block 4\",\r\n");
    has(&files, "net-position.csv",
        "SIMULATED,,2025-01-05,,period,held less owed,BTC,3.99999000,0.00000000,3.99999000,,\r\n");
    has(&files, "net-position.csv",
        "net-public,2025-01-05,2025-01-01,net position,,BTC,4.00000000,0.00000000,4.00000000");
    has(&files, "criteria.csv",
        ",BTC,4.00000000,ceiling,0.00000000,-4.00000000,not-met,2025-01-02,"
        ",,met,yes,");
    has(&files, "criteria.csv", "none,,action,,,undecided,,,,,no,nobody has said");
    has(&files, "flows.csv", ",purchase,vault\r\n");
    has(&files, "flows.csv", ",unclassified,clients\r\n");
    lacks(&files, "flows.csv", "hidden-one");
    pack_files_free(&files);
    fixture_close(&f);
}

/* Worked out by hand: 5 bought at 110,000, 2 unexplained (seized, not declared) at 110,000,
 * 3 at 120,000, one out at 115,000 with a fee, 125,000 at the end. */
static void test_accounts(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct pack_files files = files_of(&f.input, NULL);
    has(&files, "accounts.csv", "simulated,side,part,code,line,amount_btc,amount_usd\r\n");
    has(&files, "accounts.csv", "assets,opening,AN2,");
    has(&files, "accounts.csv", "declared\",5.00000000,550000.00\r\n");
    has(&files, "accounts.csv", "what they were,5.00000000,580000.00\r\n");
    has(&files, "accounts.csv", "what they were,-1.00000000,-115000.00\r\n");
    has(&files, "accounts.csv", ",Network fees paid,-0.00001000,-1.15\r\n");
    has(&files, "accounts.csv",
        "assets,revaluation,K7,Revaluation (holding gains and losses),"
        "0.00000000,109999.90\r\n");
    has(&files, "accounts.csv",
        "assets,closing,AN2,Bitcoin held: non-produced non-financial assets,8.99999000,"
        "1124998.75\r\n");
    has(&files, "accounts.csv", "liabilities,transactions,F8,");
    has(&files, "accounts.csv", "Bitcoin owed to holders outside,5.00000000,625000.00\r\n");
    pack_files_free(&files);
    /* Without prices the coins stand and the money is empty. */
    f.input.prices = NULL;
    files = files_of(&f.input, NULL);
    has(&files, "accounts.csv", "non-financial assets,8.99999000,\r\n");
    has(&files, "pack-en.html", "The money column is unknown");
    pack_files_free(&files);
    /* Clients without a line of what is owed: unknown, not zero. */
    f.input.liabilities = NULL;
    files = files_of(&f.input, NULL);
    has(&files, "accounts.csv", "liabilities,closing,AF8,Bitcoin owed to holders outside,,\r\n");
    pack_files_free(&files);
    fixture_close(&f);
}

static void page_check(struct pack_files *files, const char *name, const char *lang,
                       const char *zero)
{
    has(files, name, lang);
    has(files, name, zero);
    has(files, name, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co");
    lacks(files, name, "<script");
    lacks(files, name, "<img");
    lacks(files, name, "\xe2\x80\xae"); /* a bidirectional override */
    lacks(files, name, "hidden-one");
    lacks(files, name, "http://");
    lacks(files, name, "https://");
    lacks(files, name, "<link");
    lacks(files, name, "url(");
    has(files, name, "<span class=\"sim\">SIMULATED</span>");
    has(files, name, "8.99999000");
    has(files, name, "@page{size:A4");
}

static void test_pages(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct pack_files files = files_of(&f.input, NULL);
    page_check(&files, "pack-en.html", "<html lang=\"en\" dir=\"ltr\">",
               "Bitcoin adds zero to official reserve assets");
    page_check(&files, "pack-es.html", "<html lang=\"es\" dir=\"ltr\">",
               "Bitcoin suma cero a los activos de reserva oficiales");
    page_check(&files, "pack-ur.html", "<html lang=\"ur\" dir=\"rtl\">", "صفر کا اضافہ");
    has(&files, "pack-en.html", "No accumulation \xef\xbf\xbd evil &lt;img src=x&gt;");
    has(&files, "pack-ur.html", "<bdi dir=\"rtl\">جمع نہ کرنا</bdi>");
    has(&files, "pack-ur.html", "<bdi>آپریٹر</bdi>");
    has(&files, "pack-ur.html", "<bdi dir=\"ltr\">-4.00000000 BTC</bdi>");
    has(&files, "pack-en.html", "Possible misreporting");
    char hash[HEX256_SIZE];
    hash256_straight(hash, &f.world.book->sha256);
    has(&files, "pack-es.html", hash);
    hash256_display(hash, &f.result.block.hash);
    has(&files, "pack-es.html", hash);
    pack_files_free(&files);
    fixture_close(&f);
}

static void test_report(void **state)
{
    (void)state;
    struct fixture f;
    json_t *report;
    struct buf text = buf_with_max(1 << 16);
    struct err err = {0};
    struct stmt_place place = {.authority = "xs", .log = "xs.example/log", .prev = -1};
    fixture_open(&f);
    struct pack_files files = files_of(&f.input, &report);
    test_ok(stmt_make(&text, STMT_CRITERIA_REPORT, &place, report, &err), &err);
    const char *line = buf_cstr(&text);
    assert_non_null(strstr(line, "\"bound\":\"ceiling\""));
    assert_non_null(strstr(line, "\"headroom\":-400000000"));
    assert_non_null(strstr(line, "\"since\":\"2025-01-02\""));
    assert_non_null(strstr(line, "\"missing\":\"nobody has said whether it was done\""));
    assert_non_null(strstr(line, "\"possible_misreporting\":true"));
    assert_int_equal(json_array_size(json_object_get(report, "files")), files.count);
    assert_int_equal(files.count, 10);
    assert_null(json_object_get(report, "previous_sha256"));
    json_decref(report);
    /* The same inputs give the same bytes. */
    struct pack_files again = files_of(&f.input, &report);
    for (size_t i = 0; i < files.count; i++)
        assert_true(hash256_equal(&files.list[i].sha256, &again.list[i].sha256));
    json_decref(report);
    pack_files_free(&again);
    pack_files_free(&files);
    buf_free(&text);
    fixture_close(&f);
}

/* ---- one pack after the other ---------------------------------------------------------------- */

static void note_add(struct pack_files *files, json_t *report)
{
    struct buf text = buf_with_max(1 << 16);
    struct buf note = buf_with_max(NOTE_SIZE_MAX);
    struct role_key key;
    struct err err = {0};
    static const uint8_t seed[32] = {7};
    struct stmt_place place = {.authority = "xs", .log = "xs.example/log", .prev = -1};
    test_ok(stmt_make(&text, STMT_CRITERIA_REPORT, &place, report, &err), &err);
    test_ok(role_key_new(&key, "xs.example/criteria", seed, &err), &err);
    test_ok(stmt_sign(&note, buf_bytes(&text), &key, &err), &err);
    pack_files_add(files, "criteria-report.note", buf_bytes(&note));
    json_decref(report);
    buf_free(&text);
    buf_free(&note);
}

static void pack_put(const struct pack_input *input, const char *folder)
{
    json_t *report;
    struct err err = {0};
    struct pack_files files = files_of(input, &report);
    note_add(&files, report);
    test_ok(pack_folder_write(folder, &files, &err), &err);
    pack_files_free(&files);
}

static void refused_after(const struct fixture *f, struct pack_previous *previous, const char *key,
                          json_t *value, const char *part)
{
    struct pack *pack = NULL;
    struct err err = {0};
    struct pack_input input = f->input;
    json_t *whole = previous->report->json;
    previous->report->json = json_deep_copy(whole);
    json_object_set_new(previous->report->json, key, value);
    input.previous = previous;
    test_refused(pack_make(&pack, &input, &err), SANAD_REFUSED, &err, part);
    assert_null(pack);
    json_decref(previous->report->json);
    previous->report->json = whole;
}

static void test_next(void **state)
{
    (void)state;
    struct fixture f;
    struct err err = {0};
    struct pack_previous *previous;
    json_t *report;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    test_folder_make(folder);
    fixture_open(&f);
    test_ok(path_join(path, folder, "one", &err), &err);
    result_write(&f, 2);
    f.results[0].verdict = LIMITS_MET;
    f.results[0].breach_count = 0;
    f.results[0].value = amount_of(-5);
    f.results[0].headroom = amount_of(5);
    pack_put(&f.input, path);
    test_ok(pack_previous_read(&previous, path, &err), &err);
    assert_int_equal(previous->height, 2);
    result_write(&f, 4);
    f.input.previous = previous;
    f.input.from = 3;
    f.input.from_time = WORLD_START + 2 * LIMITS_DAY;
    struct pack_files files = files_of(&f.input, &report);
    has(&files, "changes.csv",
        "SIMULATED,wallet,vault,balance,BTC,5.00000000,3.99999000,-1.00001000");
    has(&files, "changes.csv", "SIMULATED,total,,balance,BTC,10.00000000,8.99999000,-1.00001000");
    has(&files, "changes.csv", "SIMULATED,criterion,net-public,verdict,,met,not-met,\r\n");
    has(&files, "changes.csv", "criterion,net-public,value,BTC,-0.00000005,4.00000000,4.00000005");
    lacks(&files, "changes.csv", "clients");
    lacks(&files, "flows.csv", "purchase");
    has(&files, "accounts.csv",
        "assets,opening,AN2,Bitcoin held: non-produced non-financial "
        "assets,10.00000000,1200000.00\r\n");
    assert_non_null(json_object_get(report, "previous_sha256"));
    json_decref(report);
    pack_files_free(&files);
    refused_after(&f, previous, "nation", json_string("XP"), "another nation");
    refused_after(&f, previous, "chain", json_string("signet"), "another chain");
    refused_after(&f, previous, "programme", json_string("xs-2"), "another programme");
    refused_after(&f, previous, "simulated", json_false(), "do not mix");
    previous->height = 3;
    refused_after(&f, previous, "seq", json_integer(0), "not on this chain");
    previous->height = 9;
    refused_after(&f, previous, "seq", json_integer(0), "after block 4");
    pack_previous_free(previous);
    pack_previous_free(NULL);
    fixture_close(&f);
    test_folder_remove(folder);
}

/* Criteria that a statement has no room for stand in a file of their own, and the next pack
 * reads them there. */
static void test_many_criteria(void **state)
{
    (void)state;
    enum { MANY = 60 };
    struct fixture f;
    struct err err = {0};
    struct pack_previous *previous;
    json_t *report;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    static struct criterion criteria[MANY];
    static struct criterion_result results[MANY];
    static char ids[MANY][24];
    test_folder_make(folder);
    fixture_open(&f);
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "criterion-%zu", i);
        criteria[i] = f.criteria[0];
        criteria[i].id = ids[i];
        results[i] = f.results[0];
        results[i].criterion = &criteria[i];
    }
    f.result.criteria = results;
    f.result.criterion_count = MANY;
    struct pack_files files = files_of(&f.input, &report);
    has(&files, "criteria.json", "\"id\":\"criterion-59\"");
    assert_null(json_object_get(report, "criteria"));
    assert_int_equal(json_integer_value(json_object_get(report, "criterion_count")), MANY);
    pack_files_free(&files);
    json_decref(report);
    test_ok(path_join(path, folder, "one", &err), &err);
    pack_put(&f.input, path);
    test_ok(pack_previous_read(&previous, path, &err), &err);
    assert_int_equal(json_array_size(previous->criteria), MANY);
    f.input.previous = previous;
    f.input.from = 5;
    results[7].verdict = LIMITS_MET;
    files = files_of(&f.input, NULL);
    has(&files, "changes.csv",
        "simulated,subject,id,member,unit,before,now,change\r\n"
        "SIMULATED,criterion,criterion-7,verdict,,not-met,met,\r\n");
    pack_files_free(&files);
    pack_previous_free(previous);
    test_ok(path_join(path, path, "criteria.json", &err), &err);
    test_ok(file_write(path, bytes_of_text("[]"), &err), &err);
    test_ok(path_join(path, folder, "one", &err), &err);
    test_refused(pack_previous_read(&previous, path, &err), SANAD_REFUSED, &err, "criteria.json");
    fixture_close(&f);
    test_folder_remove(folder);
}

static void test_previous_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct err err = {0};
    struct pack_previous *previous = NULL;
    char folder[PATH_SIZE];
    char one[PATH_SIZE];
    char path[PATH_SIZE];
    test_folder_make(folder);
    fixture_open(&f);
    test_ok(path_join(one, folder, "one", &err), &err);
    pack_put(&f.input, one);
    test_ok(path_join(path, one, "criteria-report.note", &err), &err);
    test_ok(pack_previous_read(&previous, path, &err), &err);
    assert_true(previous->has_balances);
    pack_previous_free(previous);
    test_ok(path_join(path, one, "balances.csv", &err), &err);
    test_ok(file_write(path, bytes_of_text("kind,wallet,balance_btc\r\n"), &err), &err);
    test_refused(pack_previous_read(&previous, one, &err), SANAD_REFUSED, &err,
                 "not the file that its criteria-report names");
    assert_int_equal(unlink(path), 0);
    test_ok(pack_previous_read(&previous, one, &err), &err);
    assert_false(previous->has_balances);
    pack_previous_free(previous);
    assert_int_not_equal(pack_previous_read(&previous, folder, &err), 0);
    fixture_close(&f);
    test_folder_remove(folder);
}

static void test_folder(void **state)
{
    (void)state;
    struct err err = {0};
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    struct pack_files files = {0};
    struct stat status;
    test_folder_make(folder);
    test_ok(path_join(path, folder, "deep/pack", &err), &err);
    pack_files_add(&files, "a.csv", bytes_of_text("a\r\n"));
    test_ok(pack_folder_write(path, &files, &err), &err);
    test_refused(pack_folder_write(path, &files, &err), SANAD_REFUSED, &err, "never written over");
    /* Nothing is left behind: the folder has one entry beside . and .. */
    test_ok(path_join(path, folder, "deep", &err), &err);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_nlink, 3);
    test_refused(pack_folder_write("", &files, &err), SANAD_USAGE, &err, "no name");
    pack_files_free(&files);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_pages),         cmocka_unit_test(test_report),
        cmocka_unit_test(test_next),          cmocka_unit_test(test_previous_refused),
        cmocka_unit_test(test_many_criteria), cmocka_unit_test(test_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
