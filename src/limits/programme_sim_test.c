/* Proves that the programmes of the simulated nations are programmes: read, fitting every version
 * of their books with all its wallets inside, and saying of each criterion what the generator's
 * truth judged it by. */
#include "limits/limits.h"

#include "sim/sim.h"
#include "support.h"

enum { TRUTH_SIZE_MAX = 64 << 20 };

static char folder[PATH_SIZE];
static json_t *truth;

static const char *path_in(char ret_path[PATH_SIZE], const char *name)
{
    struct err err = {0};
    test_ok(path_join(ret_path, folder, name, &err), &err);
    return ret_path;
}

static int group_setup(void **state)
{
    (void)state;
    struct err err = {0};
    char path[PATH_SIZE];
    test_folder_make(folder);
    test_ok(sim_two_nations(folder, 1, &err), &err);
    test_ok(json_read_file(&truth, path_in(path, "truth.json"), TRUTH_SIZE_MAX, &err), &err);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    json_decref(truth);
    test_folder_remove(folder);
    return 0;
}

static struct programme *programme_of(const char *name)
{
    struct err err = {0};
    char path[PATH_SIZE];
    struct programme *programme = NULL;
    test_ok(programme_read_file(&programme, path_in(path, name), &err), &err);
    return programme;
}

static void fits(const char *programme_name, const char *book_name)
{
    struct err err = {0};
    char path[PATH_SIZE];
    struct book *book = NULL;
    struct programme *programme = programme_of(programme_name);
    test_ok(book_read_file(&book, path_in(path, book_name), chain_params_get(CHAIN_REGTEST), &err),
            &err);
    test_ok(programme_fits(programme, book, &err), &err);
    for (uint32_t i = 0; i < book->wallet_count; i++)
        assert_true(perimeter_has_wallet(&programme->perimeters[0], book, i));
    assert_true(book->wallet_count > 0);
    for (size_t i = 0; i < book->entity_count; i++)
        assert_true(
            perimeter_has_holder(&programme->perimeters[0], book, book->entities[i].id, NULL));
    assert_false(perimeter_has_holder(&programme->perimeters[0], book, "clients", "S14"));
    assert_true(perimeter_has_holder(&programme->perimeters[0], book, "treasury", "S1311"));
    book_free(book);
    programme_free(programme);
}

static void test_fits(void **state)
{
    (void)state;
    fits("programme-xs.json", "declarations/book-xs-2025-02-15.json");
    fits("programme-xs.json", "declarations/book-xs-2025-09-05.json");
    fits("programme-xs.json", "book-xs.json");
    fits("programme-xp.json", "declarations/book-xp-2025-06-15.json");
    fits("programme-xp.json", "book-xp.json");
    struct err err = {0};
    char path[PATH_SIZE];
    struct book *book = NULL;
    struct programme *programme = programme_of("programme-xs.json");
    test_ok(
        book_read_file(&book, path_in(path, "book-xp.json"), chain_params_get(CHAIN_REGTEST), &err),
        &err);
    test_refused(programme_fits(programme, book, &err), SANAD_REFUSED, &err, "of nation XS");
    book_free(book);
    programme_free(programme);
}

/* All texts are marked, in each language. */
static void marked(const struct limits_text *text)
{
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        assert_non_null(text->in[i]);
        assert_non_null(strstr(text->in[i], "SIMULATED"));
    }
}

static void test_shape(void **state)
{
    (void)state;
    static const char *const files[] = {"programme-xs.json", "programme-xp.json"};
    for (size_t i = 0; i < countof(files); i++) {
        struct programme *programme = programme_of(files[i]);
        marked(&programme->name);
        assert_true(programme->simulated);
        assert_true(programme->has_size);
        assert_int_equal(programme->lag_days, 2);
        for (size_t a = 0; a < programme->assumption_count; a++)
            marked(&programme->assumptions[a].text);
        for (size_t v = 0; v < programme->version_count; v++)
            for (size_t c = 0; c < programme->versions[v].criterion_count; c++)
                marked(&programme->versions[v].criteria[c].name);
        assert_non_null(programme->sources[0].sha256);
        programme_free(programme);
    }
    struct programme *xs = programme_of("programme-xs.json");
    assert_string_equal(xs->terms[0].label, "balances of public");
    assert_string_equal(xs->terms[3].label,
                        "declared purchase, pool-payout and mined inflows to public");
    programme_free(xs);
}

/* One line of the truth against the criterion that it names. */
static void judged(const struct programme *programme, const json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "criterion"));
    const char *date = json_string_value(json_object_get(row, "date"));
    int64_t value = json_integer_value(json_object_get(row, "value"));
    int64_t day = 0;
    const struct criterion *found = NULL;
    const struct programme_version *version =
        programme_version_find(programme, json_string_value(json_object_get(row, "version")));
    assert_non_null(version);
    for (size_t i = 0; i < version->criterion_count; i++)
        if (strcmp(version->criteria[i].id, id) == 0)
            found = &version->criteria[i];
    assert_non_null(found);
    assert_int_equal(date_parse(&day, date, NULL), 0);
    assert_true(day > found->base);
    bool met = strcmp(json_string_value(json_object_get(row, "verdict")), "met") == 0;
    assert_int_equal(met, value <= amount_minor(found->limit));
    if (found->continuity == END_PERIOD) {
        bool is_test_date = false;
        for (size_t i = 0; i < found->date_count; i++)
            is_test_date = is_test_date || found->dates[i].day == day;
        assert_true(is_test_date);
    }
}

static void test_truth(void **state)
{
    (void)state;
    struct programme *programmes[] = {programme_of("programme-xs.json"),
                                      programme_of("programme-xp.json")};
    const json_t *rows = json_object_get(truth, "criteria");
    const json_t *row;
    size_t i;
    size_t seen[countof(programmes)] = {0};
    json_array_foreach (rows, i, row)
        for (size_t p = 0; p < countof(programmes); p++)
            if (strcmp(json_string_value(json_object_get(row, "programme")), programmes[p]->id) ==
                0) {
                judged(programmes[p], row);
                seen[p]++;
            }
    assert_true(seen[0] > 100 && seen[1] > 100);
    assert_int_equal(seen[0] + seen[1], json_array_size(rows));
    programme_free(programmes[0]);
    programme_free(programmes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_truth),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
