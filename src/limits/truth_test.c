/* Proves on both simulated nations that what the generator counts of coins whose owner it knows is
 * what the terms say from blocks, books and declared records: the net position and the gross
 * acquisitions on every day, by the newest book and by each that stood before. */
#include "limits/limits_priv.h"

#include "nation.h"

#include <stdlib.h>

enum { DAY_MAX = 400, TERM_COUNT = 4 };

struct truth {
    struct nation nation;
    struct registry *registry;
    struct limits_meanings meanings;
    struct limits_records liabilities;
    struct perimeter perimeter;
    struct limits_term terms[TERM_COUNT];
    struct programme programme;
    size_t day_count;
    int64_t asked[DAY_MAX];
    struct limits_day days[DAY_MAX];
};

static int64_t day_of(const char *text)
{
    int64_t day = 0;
    struct err err = {0};
    test_ok(date_parse(&day, text, &err), &err);
    return day;
}

/* KIND-SUFFIX of what the simulation wrote. */
static void path_of(char ret_path[PATH_SIZE], const struct truth *truth, const char *kind,
                    const char *suffix)
{
    char file[96];
    struct err err = {0};
    (void)snprintf(file, sizeof file, "%s-%s", kind, suffix);
    test_ok(path_join(ret_path, truth->nation.folder, file, &err), &err);
}

static void import(struct truth *truth, const char *kind, const char *path)
{
    struct err err = {0};
    struct import_report report = {0};
    struct register_import import = {.nation = truth->nation.book->nation,
                                     .proposer = "ana",
                                     .approver = "bruno",
                                     .known = day_of("2025-12-31")};
    test_ok(register_import_csv_file(truth->registry, &report, kind, path, &import, &err), &err);
    import_report_free(&report);
}

/* The file and the register say the same lines. */
static void liabilities_open(struct truth *truth, const char *code)
{
    char path[PATH_SIZE], suffix[16];
    struct err err = {0};
    struct limits_records registered;
    (void)snprintf(suffix, sizeof suffix, "%s.csv", code);
    path_of(path, truth, "liabilities", suffix);
    test_ok(liabilities_read_file(&truth->liabilities, path, &err), &err);
    import(truth, "liability", path);
    test_ok(
        liabilities_from_register(&registered, truth->registry, truth->nation.book->nation, &err),
        &err);
    assert_int_equal(registered.count, truth->liabilities.count);
    for (size_t i = 0; i < registered.count; i++) {
        const struct limits_record *a = &registered.list[i];
        const struct limits_record *b = &truth->liabilities.list[i];
        assert_string_equal(a->entity, b->entity);
        assert_string_equal(a->holder, b->holder);
        assert_string_equal(a->holder_sector, b->holder_sector);
        assert_true(a->time == b->time && amount_equal(a->value, b->value));
        assert_true(hash256_equal(&a->document, &b->document));
    }
    limits_records_free(&registered);
}

static void programme_make(struct truth *truth, int32_t offset)
{
    static const char *const inside[] = {"S13"};
    for (size_t i = 0; i < WALLET_CLASS_COUNT; i++)
        truth->perimeter.has_class[i] = true;
    truth->perimeter.holder_sectors = inside;
    truth->perimeter.holder_count = 1;
    truth->terms[0] = (struct limits_term){.kind = TERM_BALANCE};
    truth->terms[1] = (struct limits_term){.kind = TERM_LIABILITIES, .max_age_days = 3660};
    truth->terms[2] = (struct limits_term){.kind = TERM_HELD_FROM, .mixing = TRACE_FIFO};
    truth->terms[2].meanings[FLOW_SEIZURE] = truth->terms[2].meanings[FLOW_CUSTODY] = true;
    truth->terms[3] = (struct limits_term){.kind = TERM_FLOWS};
    truth->terms[3].meanings[FLOW_PURCHASE] = truth->terms[3].meanings[FLOW_POOL_PAYOUT] = true;
    truth->terms[3].classes[FLOW_CLASS_MINED] = true;
    truth->programme = (struct programme){.utc_offset_minutes = offset,
                                          .perimeters = &truth->perimeter,
                                          .perimeter_count = 1,
                                          .terms = truth->terms,
                                          .term_count = TERM_COUNT};
}

static void truth_open(struct truth *truth, const char *code, int32_t offset)
{
    char path[PATH_SIZE], suffix[16];
    struct err err = {0};
    *truth = (struct truth){.day_count = 0};
    nation_open(&truth->nation, code);
    test_ok(register_open(&truth->registry, truth->nation.store, &err), &err);
    (void)snprintf(suffix, sizeof suffix, "%s.csv", code);
    path_of(path, truth, "declarations/flows", suffix);
    import(truth, "declaration", path);
    test_ok(
        limits_meanings_read(&truth->meanings, truth->registry, truth->nation.book->nation, &err),
        &err);
    liabilities_open(truth, code);
    programme_make(truth, offset);
    for (int64_t day = day_of("2025-01-01"); day <= day_of("2025-12-31"); day += LIMITS_DAY)
        truth->asked[truth->day_count++] = day;
    test_ok(limits_days_make(truth->days, truth->nation.facts, &truth->programme, truth->asked,
                             truth->day_count, &err),
            &err);
}

static void truth_close(struct truth *truth)
{
    limits_records_free(&truth->liabilities);
    limits_meanings_free(&truth->meanings);
    register_close(truth->registry);
    nation_close(&truth->nation);
}

/* Known, or the test says why not. */
static struct amount on(const struct truth *truth, struct term_value values[][DAY_MAX], size_t term,
                        const char *date)
{
    size_t i = (size_t)((day_of(date) - truth->asked[0]) / LIMITS_DAY);
    assert_true(i < truth->day_count && truth->asked[i] == day_of(date));
    if (values[term][i].why)
        fail_msg("%s: %s", date, values[term][i].why);
    return values[term][i].value;
}

static struct amount measure(const struct truth *truth, struct term_value values[][DAY_MAX],
                             bool stock, const char *date)
{
    if (!stock)
        return on(truth, values, 3, date);
    struct amount net = amount_sub(on(truth, values, 0, date), on(truth, values, 1, date));
    return amount_sub(net, on(truth, values, 2, date));
}

/* Every criterion that the truth has of this nation and book; returns how many. */
static size_t criteria_check(const struct truth *truth, struct term_value values[][DAY_MAX],
                             const json_t *criteria, const char *book, const char *base)
{
    const json_t *one;
    size_t i, count = 0;
    json_array_foreach (criteria, i, one) {
        const char *name = json_string_value(json_object_get(one, "criterion"));
        const char *date = json_string_value(json_object_get(one, "date"));
        if (strcmp(json_string_value(json_object_get(one, "nation")), truth->nation.book->nation) !=
                0 ||
            strcmp(json_string_value(json_object_get(one, "book")), book) != 0)
            continue;
        bool stock = strncmp(name, "net-public", 10) == 0;
        struct amount value =
            amount_sub(measure(truth, values, stock, date), measure(truth, values, stock, base));
        if (amount_minor(value) != json_integer_value(json_object_get(one, "value")))
            fail_msg("%s of book %s on %s: %lld, the truth has %lld", name, book, date,
                     (long long)amount_minor(value),
                     (long long)json_integer_value(json_object_get(one, "value")));
        count++;
    }
    return count;
}

/* The ledger of one version of the book, its flows, and all terms over all days. */
static size_t book_check(const struct truth *truth, const struct book *book, const json_t *criteria,
                         const char *published, const char *base)
{
    static struct term_value values[TERM_COUNT][DAY_MAX];
    struct err err = {0};
    struct arena arena = {0};
    struct ledger *ledger;
    struct flows flows;
    uint32_t tip = truth->nation.state.tip_height;
    const struct flows_options options = {.from = 0, .to = tip};
    test_ok(ledger_new(&ledger, truth->nation.facts, book, tip, &err), &err);
    test_ok(flows_make(&flows, ledger, &options, &err), &err);
    const struct limits_knowledge knowledge = {.programme = &truth->programme,
                                               .known = INT64_MAX - 1,
                                               .ledger = ledger,
                                               .flows = &flows,
                                               .meanings = &truth->meanings,
                                               .liabilities = &truth->liabilities};
    for (size_t term = 0; term < TERM_COUNT; term++)
        test_ok(limits_term_values(values[term], &knowledge, term, truth->days, truth->day_count,
                                   &arena, &err),
                &err);
    size_t count = criteria_check(truth, values, criteria, published, base);
    flows_free(&flows);
    ledger_free(ledger);
    arena_free(&arena);
    return count;
}

/* The newest book against what is so, an older one against what was reported by it. */
static size_t published_check(const struct truth *truth, const char *code, const char *published,
                              bool newest, const char *base)
{
    char suffix[64], path[PATH_SIZE];
    struct err err = {0};
    struct book *book;
    const json_t *all = truth->nation.truth;
    const json_t *told = newest ? all : json_object_get(all, "as_reported");
    (void)snprintf(suffix, sizeof suffix, "%s-%s.json", code, published);
    path_of(path, truth, "declarations/book", suffix);
    test_ok(book_read_file(&book, path, chain_params_get(CHAIN_REGTEST), &err), &err);
    size_t count = book_check(truth, book, json_object_get(told, "criteria"), published, base);
    book_free(book);
    return count;
}

static void test_xs(void **state)
{
    (void)state;
    static struct truth truth;
    truth_open(&truth, "xs", -360);
    assert_int_equal(published_check(&truth, "xs", "2025-12-05", true, "2025-01-31"), 676);
    assert_int_equal(published_check(&truth, "xs", "2025-02-15", false, "2025-01-31"), 676);
    assert_int_equal(published_check(&truth, "xs", "2025-09-05", false, "2025-01-31"), 676);
    truth_close(&truth);
}

static void test_xp(void **state)
{
    (void)state;
    static struct truth truth;
    truth_open(&truth, "xp", 300);
    assert_int_equal(published_check(&truth, "xp", "2025-11-20", true, "2025-06-30"), 186);
    assert_int_equal(published_check(&truth, "xp", "2025-06-15", false, "2025-06-30"), 186);
    truth_close(&truth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xs),
        cmocka_unit_test(test_xp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
