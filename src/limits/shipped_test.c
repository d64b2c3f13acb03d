/* Proves that the shipped programmes are read, that their readings, dates and limits are those
 * that their sources print, and that every assumption and source in them is used and named. */
#include "limits/limits.h"

#include "support.h"

#include <string.h>

static const char *const paths[] = {"programmes/sv-2025.json", "programmes/pk-2024.json"};

static struct programme *programme_of(const char *path)
{
    struct err err = {0};
    struct programme *programme = NULL;
    test_ok(programme_read_file(&programme, path, &err), &err);
    return programme;
}

static int64_t day_of(const char *text)
{
    struct err err = {0};
    int64_t day = 0;
    test_ok(date_parse(&day, text, &err), &err);
    return day;
}

static const struct criterion *criterion_of(const struct programme *programme, const char *version,
                                            const char *id)
{
    const struct programme_version *found = programme_version_find(programme, version);
    assert_non_null(found);
    for (size_t i = 0; i < found->criterion_count; i++)
        if (strcmp(found->criteria[i].id, id) == 0)
            return &found->criteria[i];
    fail_msg("no criterion \"%s\" in version %s", id, version);
    return NULL;
}

/* The limit of a criterion on its test date. */
static int64_t limit_on(const struct criterion *criterion, const char *date)
{
    for (size_t i = 0; i < criterion->date_count; i++)
        if (criterion->dates[i].day == day_of(date))
            return amount_minor(criterion->dates[i].limit);
    fail_msg("%s has no test date %s", criterion->id, date);
    return 0;
}

static bool assumes(const struct criterion *criterion, const char *assumption)
{
    for (size_t i = 0; i < criterion->assumption_count; i++)
        if (strcmp(criterion->assumptions[i], assumption) == 0)
            return true;
    return false;
}

/* ---- El Salvador ---------------------------------------------------------------------------- */

static void test_sv(void **state)
{
    (void)state;
    struct programme *sv = programme_of(paths[0]);
    assert_string_equal(sv->id, "sv-2025");
    assert_string_equal(sv->nation, "SV");
    assert_false(sv->simulated);
    assert_int_equal(sv->utc_offset_minutes, -360);
    assert_true(sv->has_size);
    assert_int_equal(amount_minor(sv->size), INT64_C(140000000000));
    assert_int_equal(sv->version_count, 1);
    assert_int_equal(sv->versions[0].from, day_of("2025-02-26"));
    assert_int_equal(sv->versions[0].known, day_of("2025-03-03"));
    assert_int_equal(sv->versions[0].until, INT64_MAX);
    assert_null(programme_version_at(sv, day_of("2025-02-25")));
    assert_non_null(programme_version_at(sv, day_of("2025-02-26")));
    programme_free(sv);
}

/* The criterion on bitcoin stands in four readings, each from 2025-01-31 against zero. */
static void test_sv_readings(void **state)
{
    (void)state;
    static const struct {
        const char *id, *reading, *perimeter_assumption;
        enum continuity continuity;
    } expected[] = {
        {"net-public-continuous", "continuous, net stock, public sector", "public-sector",
         CONTINUOUS},
        {"net-public-end-period", "end-period, net stock, public sector", "public-sector",
         END_PERIOD},
        {"net-fiscal-continuous", "continuous, net stock, fiscal sector", "fiscal-sector",
         CONTINUOUS},
        {"gross-public-continuous", "continuous, gross purchases and mining, public sector",
         "public-sector", CONTINUOUS},
    };
    struct programme *sv = programme_of(paths[0]);
    for (size_t i = 0; i < countof(expected); i++) {
        const struct criterion *criterion = criterion_of(sv, "2025-02-26", expected[i].id);
        assert_string_equal(criterion->reading, expected[i].reading);
        assert_int_equal(criterion->continuity, expected[i].continuity);
        assert_int_equal(criterion->kind, CRITERION_PERFORMANCE);
        assert_string_equal(criterion->unit.name, "BTC");
        assert_false(criterion->is_floor);
        assert_int_equal(criterion->base, day_of("2025-01-31"));
        assert_int_equal(criterion->date_count, 3);
        assert_int_equal(limit_on(criterion, "2025-03-31"), 0);
        assert_int_equal(limit_on(criterion, "2025-06-30"), 0);
        assert_int_equal(limit_on(criterion, "2025-12-31"), 0);
        assert_true(assumes(criterion, expected[i].perimeter_assumption));
        assert_true(assumes(criterion, "base-date"));
    }
    programme_free(sv);
}

/* Chivo is a company and the central bank is none of the fiscal sector. */
static void test_sv_perimeters(void **state)
{
    (void)state;
    static const struct {
        const char *sector;
        bool in_public, in_fiscal;
    } expected[] = {{"S1311", true, true},   {"S11001", true, true},   {"S121", true, false},
                    {"S12201", true, false}, {"S12601", true, false},  {"S11002", false, false},
                    {"S14", false, false},   {"S12202", false, false}, {"S2", false, false}};
    struct programme *sv = programme_of(paths[0]);
    assert_int_equal(sv->perimeter_count, 2);
    for (size_t i = 0; i < countof(expected); i++)
        for (size_t k = 0; k < sv->perimeter_count; k++) {
            struct entity entity = {.id = "somebody", .sector = expected[i].sector};
            bool is_public = strcmp(sv->perimeters[k].id, "public") == 0;
            assert_int_equal(perimeter_has_entity(&sv->perimeters[k], &entity),
                             is_public ? expected[i].in_public : expected[i].in_fiscal);
        }
    programme_free(sv);
}

/* What is done says when; where no source prints the day, nobody claims it. */
static void test_sv_actions(void **state)
{
    (void)state;
    struct programme *sv = programme_of(paths[0]);
    const struct programme_version *version = &sv->versions[0];
    size_t count = 0;
    for (size_t i = 0; i < version->criterion_count; i++) {
        const struct criterion *criterion = &version->criteria[i];
        if (criterion->has_quantity)
            continue;
        count++;
        assert_non_null(criterion->action.source);
        assert_int_equal(criterion->action.status,
                         criterion->kind == CRITERION_PRIOR_ACTION ? ACTION_DONE : ACTION_UNKNOWN);
    }
    assert_int_equal(count, 6);
    assert_int_equal(criterion_of(sv, "2025-02-26", "bitcoin-law")->action.on,
                     day_of("2025-01-29"));
    assert_int_equal(criterion_of(sv, "2025-02-26", "chivo-exit")->action.due,
                     day_of("2025-07-31"));
    programme_free(sv);
}

/* ---- Pakistan ------------------------------------------------------------------------------- */

static void test_pk(void **state)
{
    (void)state;
    struct programme *pk = programme_of(paths[1]);
    assert_string_equal(pk->id, "pk-2024");
    assert_string_equal(pk->nation, "PK");
    assert_false(pk->simulated);
    assert_int_equal(pk->utc_offset_minutes, 300);
    assert_int_equal(amount_minor(pk->size), INT64_C(700000000000));
    assert_int_equal(pk->version_count, 2);
    assert_string_equal(programme_version_at(pk, day_of("2024-09-25"))->id, "2024-09-25");
    assert_string_equal(programme_version_at(pk, day_of("2025-05-08"))->id, "2024-09-25");
    assert_string_equal(programme_version_at(pk, day_of("2025-05-09"))->id, "2025-05-09");
    assert_int_equal(pk->versions[0].known, day_of("2024-10-12"));
    assert_int_equal(pk->versions[1].known, day_of("2025-05-19"));
    programme_free(pk);
}

static void test_pk_limits(void **state)
{
    (void)state;
    static const struct {
        const char *version, *id, *date, *unit;
        enum criterion_kind kind;
        int64_t limit;
    } expected[] = {
        {"2024-09-25", "net-international-reserves", "2024-12-31", "USD", CRITERION_PERFORMANCE,
         INT64_C(-1215000000000)},
        {"2024-09-25", "net-international-reserves", "2025-06-30", "USD", CRITERION_PERFORMANCE,
         INT64_C(-865000000000)},
        {"2024-09-25", "primary-surplus", "2024-12-31", "PKR", CRITERION_PERFORMANCE,
         INT64_C(287700000000000)},
        {"2024-09-25", "primary-surplus", "2025-06-30", "PKR", CRITERION_PERFORMANCE,
         INT64_C(243500000000000)},
        {"2024-09-25", "primary-surplus-march", "2025-03-31", "PKR", CRITERION_INDICATIVE,
         INT64_C(270000000000000)},
        {"2024-09-25", "tax-revenue", "2024-12-31", "PKR", CRITERION_INDICATIVE,
         INT64_C(600900000000000)},
        {"2024-09-25", "tax-revenue", "2025-03-31", "PKR", CRITERION_INDICATIVE,
         INT64_C(917000000000000)},
        {"2025-05-09", "primary-surplus", "2025-06-30", "PKR", CRITERION_PERFORMANCE,
         INT64_C(243500000000000)},
        {"2025-05-09", "tax-revenue", "2025-06-30", "PKR", CRITERION_INDICATIVE,
         INT64_C(1230000000000000)},
        {"2025-05-09", "health-and-education", "2025-06-30", "PKR", CRITERION_INDICATIVE,
         INT64_C(286000000000000)},
    };
    struct programme *pk = programme_of(paths[1]);
    for (size_t i = 0; i < countof(expected); i++) {
        const struct criterion *criterion = criterion_of(pk, expected[i].version, expected[i].id);
        assert_int_equal(criterion->kind, expected[i].kind);
        assert_int_equal(criterion->continuity, END_PERIOD);
        assert_true(criterion->is_floor);
        assert_string_equal(criterion->unit.name, expected[i].unit);
        assert_int_equal(limit_on(criterion, expected[i].date), expected[i].limit);
    }
    programme_free(pk);
}

/* No source names a criterion on bitcoin, so there is none; two are continuous, as counted. */
static void test_pk_has_no_bitcoin(void **state)
{
    (void)state;
    struct programme *pk = programme_of(paths[1]);
    for (size_t i = 0; i < pk->term_count; i++)
        assert_int_equal(pk->terms[i].kind, TERM_SERIES);
    for (size_t v = 0; v < pk->version_count; v++) {
        size_t continuous = 0;
        for (size_t i = 0; i < pk->versions[v].criterion_count; i++) {
            const struct criterion *criterion = &pk->versions[v].criteria[i];
            assert_string_not_equal(criterion->unit.name, "BTC");
            assert_null(criterion->reading);
            if (criterion->continuity == CONTINUOUS) {
                assert_true(assumes(criterion, "continuous-as-2023"));
                continuous++;
            }
        }
        assert_int_equal(continuous, 2);
    }
    programme_free(pk);
}

/* ---- both ----------------------------------------------------------------------------------- */

static void text_is_whole(const struct limits_text *text)
{
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        assert_non_null(text->in[i]);
        assert_true(i == 0 || strcmp(text->in[i], text->in[LANGUAGE_EN]) != 0);
    }
}

static bool is_assumed(const struct programme *programme, const char *assumption)
{
    for (size_t v = 0; v < programme->version_count; v++)
        for (size_t i = 0; i < programme->versions[v].criterion_count; i++)
            if (assumes(&programme->versions[v].criteria[i], assumption))
                return true;
    return false;
}

/* Every criterion says that the memorandum was not read; every assumption is some criterion's,
 * and what is named stands in three languages. */
static void test_assumptions(void **state)
{
    (void)state;
    for (size_t p = 0; p < countof(paths); p++) {
        struct programme *programme = programme_of(paths[p]);
        text_is_whole(&programme->name);
        for (size_t i = 0; i < programme->assumption_count; i++) {
            text_is_whole(&programme->assumptions[i].text);
            if (!is_assumed(programme, programme->assumptions[i].id))
                fail_msg("%s: nobody assumes \"%s\"", paths[p], programme->assumptions[i].id);
        }
        for (size_t v = 0; v < programme->version_count; v++)
            for (size_t i = 0; i < programme->versions[v].criterion_count; i++) {
                text_is_whole(&programme->versions[v].criteria[i].name);
                assert_true(assumes(&programme->versions[v].criteria[i], "memorandum-not-read"));
            }
        programme_free(programme);
    }
}

/* How often a source is named as one: by the size, a version, an action. */
static bool is_source_of_something(const struct programme *programme, const char *id)
{
    if (strcmp(programme->size_source, id) == 0)
        return true;
    for (size_t v = 0; v < programme->version_count; v++) {
        const struct programme_version *version = &programme->versions[v];
        if (strcmp(version->source, id) == 0)
            return true;
        for (size_t i = 0; i < version->criterion_count; i++) {
            const char *source = version->criteria[i].action.source;
            if (source && strcmp(source, id) == 0)
                return true;
        }
    }
    return false;
}

/* Each source has a public address and is cited: by a figure, or in all three languages of an
 * assumption. */
static void test_sources(void **state)
{
    (void)state;
    for (size_t p = 0; p < countof(paths); p++) {
        struct programme *programme = programme_of(paths[p]);
        for (size_t i = 0; i < programme->source_count; i++) {
            const struct programme_source *source = &programme->sources[i];
            bool cited = is_source_of_something(programme, source->id);
            assert_int_equal(strncmp(source->url, "https://", 8), 0);
            for (size_t k = 0; k < programme->assumption_count; k++) {
                const struct limits_text *text = &programme->assumptions[k].text;
                bool here = strstr(text->in[LANGUAGE_EN], source->id) != NULL;
                assert_int_equal(strstr(text->in[LANGUAGE_ES], source->id) != NULL, here);
                assert_int_equal(strstr(text->in[LANGUAGE_UR], source->id) != NULL, here);
                cited = cited || here;
            }
            if (!cited)
                fail_msg("%s: nobody cites \"%s\"", paths[p], source->id);
        }
        programme_free(programme);
    }
}

/* The shipped book is El Salvador's: its programme fits it, Pakistan's does not. */
static void test_book(void **state)
{
    (void)state;
    struct err err = {0};
    struct book *book = NULL;
    struct programme *sv = programme_of(paths[0]), *pk = programme_of(paths[1]);
    test_ok(book_read_file(&book, "books/sv-public.json", chain_params_get(CHAIN_MAIN), &err),
            &err);
    test_ok(programme_fits(sv, book, &err), &err);
    test_refused(programme_fits(pk, book, &err), SANAD_REFUSED, &err, "PK");
    for (size_t i = 0; i < book->wallet_count; i++)
        for (size_t k = 0; k < sv->perimeter_count; k++)
            assert_true(perimeter_has_wallet(&sv->perimeters[k], book, (uint32_t)i));
    book_free(book);
    programme_free(sv);
    programme_free(pk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sv),
        cmocka_unit_test(test_sv_readings),
        cmocka_unit_test(test_sv_perimeters),
        cmocka_unit_test(test_sv_actions),
        cmocka_unit_test(test_pk),
        cmocka_unit_test(test_pk_limits),
        cmocka_unit_test(test_pk_has_no_bitcoin),
        cmocka_unit_test(test_assumptions),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
