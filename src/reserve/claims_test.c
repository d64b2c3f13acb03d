/* Proves: a printed figure is judged at its own rounding against the day's lowest and highest
 * balance, money over coins against the day's prices, and all else stays undecided. */
#include "world.h"

#include <stdlib.h>

#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FOREIGN "0014ffffffffffffffffffffffffffffffffffffffff"
#define BOOK(nation, simulated)                                                                    \
    "{\"nation\":\"" nation "\",\"currency\":\"USD\",\"simulated\":" simulated ","                 \
    "\"entities\":[{\"id\":\"t\",\"name\":{\"en\":\"T\"},\"sector\":\"S1311\"}],"                  \
    "\"wallets\":[{\"id\":\"a\",\"entity\":\"t\",\"class\":\"reserve\",\"control\":\"declared\","  \
    "\"visibility\":\"public\",\"descriptors\":[\"raw(" SCRIPT_A ")\"],\"since\":null,"            \
    "\"until\":null}]}"

static const char *const header =
    "id,nation,publisher,date,quantity,printed,unit,rounding,relation,of,source,note\n";

static struct claims claims_of(const char *rows)
{
    struct buf text = buf_with_max(65536);
    struct claims claims;
    struct err err = {0};
    buf_text(&text, header);
    buf_text(&text, rows);
    test_ok(claims_read(&claims, "claims.csv", buf_bytes(&text), &err), &err);
    buf_free(&text);
    return claims;
}

/* 2025-01-01 a coinbase of 10 BTC, 2025-01-02 two more, 2025-01-03 five leave. */
static void world_fill(struct world *world, const char *book)
{
    world_open(world, book);
    size_t first = world_tx(world, NO_INS, OUT({SCRIPT_A, BTC(10)}));
    world_block(world);
    (void)world_tx(world, NO_INS, OUT({SCRIPT_A, BTC(2)}));
    world_block(world);
    (void)world_tx(world, IN({.coin = first}), OUT({SCRIPT_A, BTC(5)}, {FOREIGN, BTC(5)}));
    world_block(world);
    world_done(world);
}

static void coins_are_held_against_the_day(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    world_fill(&world, BOOK("SV", "false"));
    static const struct {
        const char *row;
        const char *verdict;
    } cases[] = {
        {"c,SV,P,2025-01-02,reserve,12,BTC,1,,,S,\n", "consistent"},
        {"c,SV,P,2025-01-02,reserve,10,BTC,0.01,,,S,\n", "consistent"}, /* the day's lowest */
        {"c,SV,P,2025-01-02,reserve,11.49,BTC,0.01,,,S,\n", "consistent"},
        {"c,SV,P,2025-01-02,reserve,9.99,BTC,0.01,,,S,\n", "contradicted"},
        {"c,SV,P,2025-01-02,reserve,9.99,BTC,0.02,,,S,\n", "consistent"}, /* at its rounding */
        {"c,SV,P,2025-01-02,reserve,13,BTC,1,,,S,\n", "contradicted"},
        {"c,SV,P,2025-01-03,total,7,BTC,0.01,,,S,\n", "consistent"},
        {"c,SV,P,2025-01-04,reserve,7,BTC,1,,,S,\n", "undecided"}, /* the scan ends within it */
        {"c,SV,P,2024-12-31,reserve,0,BTC,1,,,S,\n", "undecided"}, /* before the first block */
        {"c,PK,P,2025-01-02,reserve,12,BTC,1,,,S,\n", "undecided"},
        {"c,SV,P,2025-01-02,owners,15000000,people,1000000,,,S,\n", "undecided"},
        {"c,SV,P,2025-01-02,power,2000,MW,100,,,S,\n", "undecided"},
        {"c,SV,P,2025-01-02,statement,consolidation,text,,,,S,\n", "undecided"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct claims claims = claims_of(cases[i].row);
        test_ok(claims_check(&claims, world.facts, world.book, NULL, &err), &err);
        if (strcmp(claims.verdicts[0].verdict, cases[i].verdict) != 0)
            fail_msg("%s%s: %s", cases[i].row, claims.verdicts[0].verdict,
                     claims.verdicts[0].detail);
        claims_free(&claims);
    }
    world_close(&world);
}

static void a_simulated_book_decides_nothing(void **state)
{
    (void)state;
    struct world world;
    struct err err = {0};
    world_fill(&world, BOOK("SV", "true"));
    struct claims claims = claims_of("c,SV,P,2025-01-02,reserve,12,BTC,1,,,S,\n");
    test_ok(claims_check(&claims, world.facts, world.book, NULL, &err), &err);
    assert_string_equal(claims.verdicts[0].verdict, "undecided");
    assert_non_null(strstr(claims.verdicts[0].detail, "simulated"));
    test_ok(claims_check(&claims, NULL, NULL, NULL, &err), &err);
    assert_string_equal(claims.verdicts[0].verdict, "undecided");
    claims_free(&claims);
    world_close(&world);
}

/* The seed's figures: 745 million dollars for 6,238 coins. */
static void money_over_coins_implies_a_price(void **state)
{
    (void)state;
    struct price_point points[] = {
        {.time = 1752710400, .source = "high", .price_minor_per_btc = 12012345},
        {.time = 1752710400, .source = "low", .price_minor_per_btc = 11750000}};
    struct price_table prices = {.currency = "USD", .points = points, .count = 2};
    struct err err = {0};
    struct claims claims =
        claims_of("a,SV,P,2025-07-17,reserve,6238,BTC,1,,,S,\n"
                  "b,SV,P,2025-07-17,reserve-value,745000000,USD,1000000,value-of,a,S,\n"
                  "c,SV,P,2025-07-17,reserve-value,945000000,USD,1000000,value-of,a,S,\n"
                  "d,SV,P,2025-07-18,reserve-value,745000000,USD,1000000,value-of,a,S,\n");
    test_ok(claims_check(&claims, NULL, NULL, &prices, &err), &err);
    assert_string_equal(claims.verdicts[0].verdict, "undecided");
    assert_string_equal(claims.verdicts[1].verdict, "consistent");
    assert_string_equal(claims.verdicts[2].verdict, "contradicted");
    assert_string_equal(claims.verdicts[3].verdict, "undecided");
    /* 744.5 M over 6,238.5 to 745.5 M over 6,237.5 */
    assert_non_null(strstr(claims.verdicts[1].detail, "119,339.58 to 119,519.04"));
    claims_free(&claims);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"c,SV,P,2025-02-30,reserve,12,BTC,1,,,S,\n", "line 2"},
        {"c,SV,P,2025-01-02,reserve,\"6,238\",BTC,1,,,S,\n", "decimal"},
        {"c,SV,P,2025-01-02,reserve,12,BTC,0,,,S,\n", "rounding"},
        {"c,SV,,2025-01-02,reserve,12,BTC,1,,,S,\n", "publisher"},
        {"c,SV,P,2025-01-02,reserve,12,BTC,1,,,,\n", "source"},
        {"c,SV,P,2025-01-02,reserve,12,BTC,1,,,S,\nc,SV,P,2025-01-02,reserve,12,BTC,1,,,S,\n",
         "twice"},
        {"c,SV,P,2025-01-02,reserve-value,12,USD,1,value-of,x,S,\n", "value-of"},
        {"c,SV,P,2025-01-02,reserve,12,BTC,1,,,S,a\xe2\x80\xae"
         "b\n",
         "control"},
        /* The ends of what the figure stands for must be numbers too. */
        {"c,SV,P,2025-01-02,reserve,92233720368.54775807,BTC,1,,,S,\n", "too large"},
        {"c,SV,P,2025-01-02,reserve,1,BTC,92233720368.54775807,,,S,\n", "too large"},
        {"c,SV,P,2025-01-02,reserve,-92233720368.54775807,BTC,1,,,S,\n", "too large"},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf text = buf_with_max(4096);
        struct claims claims;
        struct err err = {0};
        buf_text(&text, header);
        buf_text(&text, rows[i][0]);
        test_refused(claims_read(&claims, "claims.csv", buf_bytes(&text), &err), SANAD_REFUSED,
                     &err, rows[i][1]);
        buf_free(&text);
    }
}

static void claims_are_counted_before_they_are_kept(void **state)
{
    (void)state;
    struct buf text = buf_with_max(8 << 20);
    struct claims claims;
    struct err err = {0};
    buf_text(&text, header);
    for (int i = 0; i < 10001; i++)
        buf_format(&text, "c%d,SV,P,2025-01-02,reserve,12,BTC,1,,,S,\n", i);
    test_refused(claims_read(&claims, "claims.csv", buf_bytes(&text), &err), SANAD_REFUSED, &err,
                 "more than 10000 claims");
    buf_free(&text);
}

/* Every printed figure of the shipped file against the real daily prices. */
static void the_shipped_claims_read_and_their_money_is_held_to_real_prices(void **state)
{
    (void)state;
    struct claims claims;
    struct csv csv;
    struct err err = {0};
    char path[PATH_SIZE];
    test_ok(claims_read_file(&claims, "claims/2024-2025.csv", &err), &err);
    test_ok(csv_read_file(&csv,
                          test_data_path(path, "market/btcusd-daily-ohlc-2009_2026-02-12.csv"),
                          64 << 20, &err),
            &err);
    struct price_point *points = mem_zalloc(2 * csv.row_count, sizeof *points);
    struct price_table prices = {.currency = "USD", .points = points};
    for (size_t row = 0; row < csv.row_count; row++) {
        int64_t day;
        test_ok(date_parse(&day, csv.rows[row][0], &err), &err);
        for (int column = 2; column <= 3; column++) {
            struct amount price;
            test_ok(amount_parse(&price, csv.rows[row][column], 4, &err), &err);
            points[prices.count++] = (struct price_point){
                .time = day,
                .source = column == 2 ? "high" : "low",
                .price_minor_per_btc = amount_minor(amount_mul_div(price, 1, 100))};
        }
    }
    test_ok(claims_check(&claims, NULL, NULL, &prices, &err), &err);
    size_t decided = 0;
    for (size_t i = 0; i < claims.count; i++) {
        if (!*claims.list[i].relation)
            continue;
        print_message("%s: %s: %s\n", claims.list[i].id, claims.verdicts[i].verdict,
                      claims.verdicts[i].detail);
        decided += strcmp(claims.verdicts[i].verdict, "undecided") != 0;
        if (strcmp(claims.list[i].id, "sv-2025-07-17-b-usd") == 0)
            assert_string_equal(claims.verdicts[i].verdict, "consistent");
    }
    assert_int_equal(decided, 7);
    free(points);
    csv_free(&csv);
    claims_free(&claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coins_are_held_against_the_day),
        cmocka_unit_test(a_simulated_book_decides_nothing),
        cmocka_unit_test(money_over_coins_implies_a_price),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(claims_are_counted_before_they_are_kept),
        cmocka_unit_test(the_shipped_claims_read_and_their_money_is_held_to_real_prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
