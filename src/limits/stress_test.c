/* Proves: shocks are rounded once, half to even, in 128 bits; the worst day, 30 days and
 * drawdown are of one source, its days named; a fault of a source, a gap, a rise and a lone
 * price are no fall; without a price the table says so; and on the real history the rows are
 * what a search over all pairs of days finds. */
#include "support.h"
#include "limits/limits.h"

static const char header[] = "time,source,currency,price_minor_per_btc\n";

static void prices_of(struct price_table *ret, const char *rows)
{
    struct buf text = buf_with_max(65536);
    struct err err = {0};
    buf_text(&text, header);
    buf_text(&text, rows);
    test_ok(prices_read(ret, "prices", buf_bytes(&text), "USD", &err), &err);
    buf_free(&text);
}

/* The table of some prices, of one bitcoin at 100,000.00. */
static void history_of(struct stress_table *ret, const char *rows)
{
    struct price_table prices;
    struct err err = {0};
    struct valuation value = {.any = true, .price_minor_per_btc = 10000000};
    struct stress_options options = {.programme_size = amount_unknown(),
                                     .reserves = amount_unknown()};
    prices_of(&prices, rows);
    test_ok(stress_make(ret, &prices, &value, amount_of(SAT_PER_BTC), &options, &err), &err);
    prices_free(&prices); /* the table stands alone */
}

static const struct stress_row *row_of(const struct stress_table *table, enum stress_kind kind)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].kind == kind)
            return &table->rows[i];
    return NULL;
}

static void check_row(const struct stress_table *table, enum stress_kind kind, const char *name,
                      int32_t change_basis)
{
    const struct stress_row *row = row_of(table, kind);
    assert_non_null(row);
    assert_string_equal(row->name, name);
    assert_int_equal(row->change_basis, change_basis);
}

static void shocks_are_money_and_shares(void **state)
{
    (void)state;
    static const int32_t shocks[] = {-5000, -10000, 0, 2500, -1};
    struct price_table prices;
    struct stress_table table;
    struct err err = {0};
    struct valuation value = {.any = true, .price_minor_per_btc = 10000100};
    struct stress_options options = {.shocks_basis = shocks,
                                     .shock_count = countof(shocks),
                                     .programme_size = amount_of(140000000000),
                                     .reserves = amount_of(3)};
    prices_of(&prices, "");
    test_ok(stress_make(&table, &prices, &value, amount_of(INT64_C(650001000000)), &options, &err),
            &err);
    /* 6500.01 BTC at 100,001.00: 650,007,500.01 exactly. */
    assert_int_equal(amount_minor(table.value), INT64_C(65000750001));
    assert_int_equal(table.count, countof(shocks)); /* no history */
    static const struct {
        const char *name;
        int64_t value, loss, of_programme;
    } rows[] = {{"-50.00 %", INT64_C(32500375000), INT64_C(32500375001), 2321},
                {"-100.00 %", 0, INT64_C(65000750001), 4643},
                {"0.00 %", INT64_C(65000750001), 0, 0},
                {"+25.00 %", INT64_C(81250937501), -INT64_C(16250187500), -1161},
                {"-0.01 %", INT64_C(64994249926), INT64_C(6500075), 0}};
    for (size_t i = 0; i < countof(rows); i++) {
        assert_string_equal(table.rows[i].name, rows[i].name);
        assert_null(table.rows[i].source);
        assert_int_equal(amount_minor(table.rows[i].value), rows[i].value);
        assert_int_equal(amount_minor(table.rows[i].loss), rows[i].loss);
        assert_int_equal(amount_minor(table.rows[i].of_programme), rows[i].of_programme);
    }
    assert_int_equal(amount_minor(table.rows[0].of_reserves), INT64_C(108334583336667));
    stress_free(&table);
    prices_free(&prices);
}

static void bad_shocks_are_refused(void **state)
{
    (void)state;
    static const int32_t deep[] = {-5000, -10001};
    static const int32_t high[] = {STRESS_BASIS_MAX + 1};
    static const int32_t many[STRESS_SHOCK_MAX + 1] = {0};
    static const struct {
        const int32_t *list;
        size_t count;
        const char *part;
    } bad[] = {{deep, countof(deep), "-100.01 %: a price falls"},
               {high, countof(high), "thousandfold"},
               {many, countof(many), "more than 64"}};
    struct price_table prices;
    struct valuation value = {0};
    struct err err = {0};
    prices_of(&prices, "");
    for (size_t i = 0; i < countof(bad); i++) {
        struct stress_table table = {.count = 77};
        struct stress_options options = {.shocks_basis = bad[i].list, .shock_count = bad[i].count};
        test_refused(stress_make(&table, &prices, &value, amount_zero(), &options, &err),
                     SANAD_REFUSED, &err, bad[i].part);
        assert_int_equal(table.count, 77);
    }
    prices_free(&prices);
}

static void the_worst_falls_are_found_and_named(void **state)
{
    (void)state;
    struct stress_table table;
    /* The last price of a day is its close; the peak of the drawdown is not the first day. */
    history_of(&table, "2025-01-01,x,USD,9000000\n2025-01-02T01:00:00Z,x,USD,5000000\n"
                       "2025-01-02T23:59:59Z,x,USD,10000000\n2025-01-03,x,USD,9000000\n"
                       "2025-01-04,x,USD,9500000\n2025-01-05,x,USD,8550000\n"
                       "2025-02-01,x,USD,8000000\n2025-02-02,x,USD,8100000\n");
    assert_int_equal(table.count, 3);
    check_row(&table, STRESS_DAY, "worst day 2025-01-03 (x)", -1000); /* of two: the earlier */
    check_row(&table, STRESS_MONTH, "worst 30 days 2025-01-02 to 2025-02-01 (x)", -2000);
    check_row(&table, STRESS_DRAWDOWN, "worst drawdown 2025-01-02 to 2025-02-01 (x)", -2000);
    assert_int_equal(amount_minor(row_of(&table, STRESS_DAY)->value), 9000000);
    assert_int_equal(amount_minor(row_of(&table, STRESS_DAY)->loss), 1000000);
    assert_false(amount_is_known(row_of(&table, STRESS_DAY)->of_programme));
    stress_free(&table);
}

static void what_is_no_fall_is_left_out(void **state)
{
    (void)state;
    static const char *const none[] = {
        "",
        "2025-01-01,x,USD,9000000\n",
        "2025-01-01,x,USD,9000000\n2025-01-02,x,USD,9000000\n2025-01-03,x,USD,9900000\n",
        /* one price of each source: never held against each other */
        "2025-01-01,x,USD,9000000\n2025-01-02,y,USD,8000000\n",
        /* both on one day */
        "2025-01-01T00:00:00Z,x,USD,9000000\n2025-01-01T12:00:00Z,x,USD,8000000\n",
    };
    struct stress_table table;
    for (size_t i = 0; i < countof(none); i++) {
        history_of(&table, none[i]);
        assert_int_equal(table.count, 0);
        stress_free(&table);
    }
    /* With a gap of a day there is a drawdown, but no day. */
    history_of(&table, "2025-01-01,x,USD,9000000\n2025-01-03,x,USD,8000000\n");
    assert_int_equal(table.count, 1);
    check_row(&table, STRESS_DRAWDOWN, "worst drawdown 2025-01-01 to 2025-01-03 (x)", -1111);
    stress_free(&table);
}

static void sources_are_not_mixed(void **state)
{
    (void)state;
    struct stress_table table;
    /* From y's first to x's second it would be -21 %. */
    history_of(&table, "2025-01-01,x,USD,9000000\n2025-01-02,x,USD,8910000\n"
                       "2025-01-01,y,USD,10000000\n2025-01-02,y,USD,9800000\n");
    check_row(&table, STRESS_DAY, "worst day 2025-01-02 (y)", -200);
    check_row(&table, STRESS_DRAWDOWN, "worst drawdown 2025-01-01 to 2025-01-02 (y)", -200);
    stress_free(&table);
}

static void a_fault_is_no_history(void **state)
{
    (void)state;
    struct stress_table table;
    /* z is a tenth for a day; x has a fault as the last point of a day: the sane one before it
     * is its close. */
    history_of(&table, "2025-01-01,x,USD,10000000\n2025-01-02T00:00:00Z,x,USD,9900000\n"
                       "2025-01-02T20:00:00Z,x,USD,200\n2025-01-03,x,USD,9900000\n"
                       "2025-01-01,y,USD,10000000\n2025-01-02,y,USD,9850000\n"
                       "2025-01-03,y,USD,9850000\n2025-01-01,z,USD,10000000\n"
                       "2025-01-02,z,USD,1000000\n2025-01-03,z,USD,9870000\n");
    check_row(&table, STRESS_DAY, "worst day 2025-01-02 (y)", -150);
    check_row(&table, STRESS_DRAWDOWN, "worst drawdown 2025-01-01 to 2025-01-02 (y)", -150);
    stress_free(&table);
}

static void without_a_price_there_is_no_money(void **state)
{
    (void)state;
    static const int32_t shock = -5000;
    struct price_table prices;
    struct stress_table table;
    struct err err = {0};
    struct valuation value = {.any = false};
    struct stress_options options = {.shocks_basis = &shock,
                                     .shock_count = 1,
                                     .programme_size = amount_zero(),
                                     .reserves = amount_of(100)};
    prices_of(&prices, "2025-01-01,x,USD,10000000\n2025-01-02,x,USD,9900000\n");
    test_ok(stress_make(&table, &prices, &value, amount_of(1), &options, &err), &err);
    assert_false(amount_is_known(table.value));
    assert_int_equal(table.count, 3); /* the shock, a day, a drawdown */
    for (size_t i = 0; i < table.count; i++) {
        assert_false(amount_is_known(table.rows[i].value));
        assert_false(amount_is_known(table.rows[i].loss));
        assert_false(amount_is_known(table.rows[i].of_programme));
        assert_false(amount_is_known(table.rows[i].of_reserves));
    }
    json_t *json = stress_json(&table);
    assert_true(json_is_null(json_object_get(json, "value_minor")));
    assert_true(json_is_null(json_object_get(json, "price_minor_per_btc")));
    json_t *day = json_array_get(json_object_get(json, "rows"), 1);
    assert_string_equal(json_string_value(json_object_get(day, "kind")), "worst-day");
    assert_string_equal(json_string_value(json_object_get(day, "from")), "2025-01-01");
    assert_string_equal(json_string_value(json_object_get(day, "to")), "2025-01-02");
    assert_int_equal(json_integer_value(json_object_get(day, "change_basis")), -100);
    assert_true(json_is_null(json_object_get(day, "loss_minor")));
    json_decref(json);
    stress_free(&table);
    /* Nothing held: everything is zero. */
    value = (struct valuation){.any = true, .price_minor_per_btc = 10000000};
    test_ok(stress_make(&table, &prices, &value, amount_zero(), &options, &err), &err);
    assert_int_equal(amount_minor(table.rows[0].loss), 0);
    assert_int_equal(amount_minor(table.rows[0].of_reserves), 0);
    assert_false(amount_is_known(table.rows[0].of_programme)); /* a share of nothing */
    stress_free(&table);
    prices_free(&prices);
}

/* ---- the real history -------------------------------------------------------------------- */

struct closes {
    size_t count;
    int64_t days[8192];
    int64_t cents[8192];
};

/* Daily closes from 2014 on: before, one exchange made most of the price. */
static void real_closes(struct closes *ret)
{
    struct buf text = test_data("market/btcusd-daily-ohlc-2009_2026-02-12.csv");
    struct csv csv;
    struct err err = {0};
    int64_t first;
    ret->count = 0;
    test_ok(csv_read(&csv, "ohlc", buf_bytes(&text), &err), &err);
    test_ok(date_parse(&first, "2014-01-01", &err), &err);
    int date = csv_column(&csv, "date");
    int close = csv_column(&csv, "close_usd");
    for (size_t i = 0; i < csv.row_count; i++) {
        int64_t day;
        struct amount price;
        test_ok(date_parse(&day, csv.rows[i][date], &err), &err);
        if (day < first)
            continue;
        assert_true(ret->count < countof(ret->days));
        test_ok(amount_parse(&price, csv.rows[i][close], 2, &err), &err);
        ret->days[ret->count] = day;
        ret->cents[ret->count++] = amount_minor(price);
    }
    assert_true(ret->count > 4000);
    csv_free(&csv);
    buf_free(&text);
}

/* The deepest fall of all pairs that are `days` apart (0: any). */
static void deepest(size_t *ret_from, size_t *ret_to, const struct closes *closes, int64_t days)
{
    long double worst = 1;
    for (size_t i = 0; i < closes->count; i++) {
        for (size_t j = i + 1; j < closes->count; j++) {
            if (days && closes->days[j] - closes->days[i] != days * 86400)
                continue;
            long double ratio = (long double)closes->cents[j] / (long double)closes->cents[i];
            if (ratio >= worst)
                continue;
            worst = ratio;
            *ret_from = i;
            *ret_to = j;
        }
    }
}

static void check_against(const struct stress_table *table, const struct closes *closes,
                          enum stress_kind kind, int64_t days)
{
    size_t from = 0;
    size_t to = 0;
    const struct stress_row *row = row_of(table, kind);
    deepest(&from, &to, closes, days);
    assert_non_null(row);
    assert_int_equal(row->from, closes->days[from]);
    assert_int_equal(row->to, closes->days[to]);
    long double basis =
        ((long double)closes->cents[to] / (long double)closes->cents[from] - 1) * 10000;
    assert_in_range(basis - row->change_basis + 1, 0, 2);
    long double value = (long double)amount_minor(table->value) * (long double)closes->cents[to] /
                        (long double)closes->cents[from];
    assert_in_range(value - (long double)amount_minor(row->value) + 1, 0, 2);
    assert_string_equal(row->source, "a");
}

/* Three sources that say the same but for a few cents, and one of them has faults. */
static void the_real_history_is_searched_whole(void **state)
{
    (void)state;
    static struct closes closes;
    struct price_table prices;
    struct stress_table table;
    struct err err = {0};
    struct valuation value = {.any = true, .price_minor_per_btc = 6612345};
    struct stress_options options = {.programme_size = amount_of(140000000000),
                                     .reserves = amount_unknown()};
    struct buf text = buf_with_max(4 << 20);
    real_closes(&closes);
    buf_text(&text, header);
    for (size_t i = 0; i < closes.count; i++) {
        char day[11];
        date_format(day, closes.days[i]);
        long long cents = closes.cents[i];
        buf_format(&text, "%s,a,USD,%lld\n%s,b,USD,%lld\n", day, cents, day, cents + 1000);
        buf_format(&text, "%s,c,USD,%lld\n", day, i % 500 == 499 ? cents / 100 : cents + 1000);
    }
    test_ok(prices_read(&prices, "prices", buf_bytes(&text), "USD", &err), &err);
    test_ok(stress_make(&table, &prices, &value, amount_of(INT64_C(650000000000)), &options, &err),
            &err);
    check_against(&table, &closes, STRESS_DAY, 1);
    check_against(&table, &closes, STRESS_MONTH, 30);
    check_against(&table, &closes, STRESS_DRAWDOWN, 0);
    assert_string_equal(row_of(&table, STRESS_DAY)->name, "worst day 2020-03-12 (a)");
    assert_int_equal(row_of(&table, STRESS_DAY)->change_basis, -3897);
    stress_free(&table);
    prices_free(&prices);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shocks_are_money_and_shares),
        cmocka_unit_test(bad_shocks_are_refused),
        cmocka_unit_test(the_worst_falls_are_found_and_named),
        cmocka_unit_test(what_is_no_fall_is_left_out),
        cmocka_unit_test(sources_are_not_mixed),
        cmocka_unit_test(a_fault_is_no_history),
        cmocka_unit_test(without_a_price_there_is_no_money),
        cmocka_unit_test(the_real_history_is_searched_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
