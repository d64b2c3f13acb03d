/* Proves that a programme is read as its file says and that every rule of
 * doc/formats/programme.md that it may break is refused, with the name of what broke it; that
 * perimeters hold whom they should; that days and versions are found. Quantities: expr_test.c. */
#include "programme_test.h"

#include "crypto/crypto.h"

#define DAY(text) day_of_text(text)

static int64_t day_of_text(const char *text)
{
    struct err err = {0};
    int64_t day = 0;
    test_ok(date_parse(&day, text, &err), &err);
    return day;
}

/* ---- what is read ---- */

static void test_top(void **state)
{
    (void)state;
    struct programme *programme = accepted(NULL, NULL);
    assert_string_equal(programme->id, "xs-2025");
    assert_string_equal(programme->nation, "XS");
    assert_true(programme->simulated);
    assert_string_equal(limits_text_in(&programme->name, LANGUAGE_EN), "SIMULATED");
    assert_string_equal(limits_text_in(&programme->name, LANGUAGE_ES), "SIMULADO");
    assert_string_equal(limits_text_in(&programme->name, LANGUAGE_UR), "فرضی");
    assert_string_equal(programme->timezone, "Etc/GMT+6");
    assert_int_equal(programme->utc_offset_minutes, -360);
    assert_int_equal(programme->lag_days, 3);
    assert_true(programme->has_size);
    assert_string_equal(programme->size_unit.name, "USD");
    assert_int_equal(amount_minor(programme->size), 140000000000);
    assert_string_equal(programme->size_source, "board");
    assert_int_equal(programme->source_count, 2);
    assert_string_equal(programme->sources[0].url, "https://example.org/a");
    assert_string_equal(programme->sources[0].date, "2025-02-26");
    assert_string_equal(programme->sources[0].sha256, HASH_TEXT);
    assert_null(programme->sources[1].url);
    assert_null(programme->sources[1].date);
    assert_null(programme->sources[1].sha256);
    assert_int_equal(programme->assumption_count, 2);
    /* What is missing in a language is told in English. */
    assert_string_equal(limits_text_in(&programme->assumptions[0].text, LANGUAGE_UR), "net");
    assert_int_equal(programme->rate_count, 1);
    assert_string_equal(programme->rates[0].from, "USD");
    assert_string_equal(programme->rates[0].to, "PKR");
    assert_int_equal(programme->rates[0].numerator, 27870);
    assert_int_equal(programme->rates[0].denominator, 100);
    programme_free(programme);
    programme_free(NULL);
}

static void test_left_out(void **state)
{
    (void)state;
    json_t *json = json_of(whole_text);
    json_put(json, "simulated", NULL);
    json_put(json, "reporting", NULL);
    json_put(json, "size", NULL);
    json_put(json, "exchange_rates", NULL);
    json_put(json, "versions/0/criteria/0/adjustors", NULL);
    json_put(json, "versions/0/criteria/0/waivers", NULL);
    json_put(json, "versions/0/criteria/0/buffer", NULL);
    json_put(json, "versions/0/criteria/0/reading", NULL);
    json_put(json, "versions/0/criteria/0/assumptions", NULL);
    json_put(json, "versions/0/criteria/0/test_dates", NULL);
    struct err err = {0};
    int code;
    struct programme *programme = programme_try(json, &err, &code);
    test_ok(code, &err);
    const struct criterion *net = &programme->versions[0].criteria[0];
    assert_false(programme->simulated);
    assert_false(programme->has_size);
    assert_int_equal(programme->lag_days, 0);
    assert_int_equal(programme->rate_count, 0);
    assert_int_equal(net->adjustor_count + net->waiver_count + net->assumption_count, 0);
    assert_int_equal(net->date_count, 0);
    assert_int_equal(amount_minor(net->buffer), 0);
    assert_null(net->reading);
    programme_free(programme);
}

static void test_versions(void **state)
{
    (void)state;
    struct programme *programme = accepted(NULL, NULL);
    const struct programme_version *first = &programme->versions[0];
    const struct programme_version *second = &programme->versions[1];
    assert_int_equal(programme->version_count, 2);
    assert_int_equal(first->from, DAY("2025-02-26"));
    assert_int_equal(first->until, DAY("2025-07-25"));
    assert_int_equal(first->known, DAY("2025-03-01"));
    assert_string_equal(first->source, "board");
    assert_int_equal(second->known, DAY("2025-07-25")); /* as `from`, where nothing is said */
    assert_true(second->until == INT64_MAX);
    assert_null(programme_version_at(programme, DAY("2025-02-25")));
    assert_ptr_equal(programme_version_at(programme, DAY("2025-02-26")), first);
    assert_ptr_equal(programme_version_at(programme, DAY("2025-07-24")), first);
    assert_ptr_equal(programme_version_at(programme, DAY("2025-07-25")), second);
    assert_ptr_equal(programme_version_at(programme, DAY("2099-01-01")), second);
    assert_ptr_equal(programme_version_find(programme, "second"), second);
    assert_null(programme_version_find(programme, "third"));
    programme_free(programme);
    /* A gap between two versions is no overlap. */
    programme = accepted("versions/0/until", "'2025-06-01'");
    assert_null(programme_version_at(programme, DAY("2025-06-01")));
    programme_free(programme);
}

static void test_criterion(void **state)
{
    (void)state;
    struct programme *programme = accepted(NULL, NULL);
    const struct criterion *net = &programme->versions[0].criteria[0];
    assert_string_equal(net->id, "net");
    assert_int_equal(net->kind, CRITERION_PERFORMANCE);
    assert_int_equal(net->continuity, CONTINUOUS);
    assert_string_equal(net->unit.name, "BTC");
    assert_int_equal(net->unit.decimals, 8);
    assert_true(net->has_quantity);
    assert_false(net->is_floor);
    assert_int_equal(amount_minor(net->limit), 0);
    assert_int_equal(net->base, DAY("2025-01-31"));
    assert_int_equal(net->date_count, 2);
    assert_int_equal(net->dates[0].day, DAY("2025-03-31"));
    assert_int_equal(amount_minor(net->dates[0].limit), 0);
    assert_int_equal(amount_minor(net->dates[1].limit), 500);
    assert_int_equal(amount_minor(net->buffer), 500000000);
    assert_int_equal(net->assumption_count, 2);
    assert_string_equal(net->assumptions[0], "zone");
    assert_string_equal(net->reading, "net stock");
    const struct criterion *reserves = &programme->versions[1].criteria[0];
    assert_int_equal(reserves->kind, CRITERION_INDICATIVE);
    assert_int_equal(reserves->continuity, END_PERIOD);
    assert_true(reserves->is_floor);
    assert_int_equal(amount_minor(reserves->limit), -5);
    assert_true(reserves->base == LIMITS_NO_DAY);
    programme_free(programme);
}

static void test_adjustor_waiver(void **state)
{
    (void)state;
    struct programme *programme = accepted(NULL, NULL);
    const struct criterion *net = &programme->versions[0].criteria[0];
    assert_int_equal(net->adjustor_count, 2);
    assert_string_equal(net->adjustors[0].id, "gift");
    assert_int_equal(net->adjustors[0].direction, 1);
    assert_int_equal(amount_minor(net->adjustors[0].cap), 1000);
    assert_string_equal(net->adjustors[0].source, "review");
    assert_int_equal(net->adjustors[1].direction, -1);
    assert_false(amount_is_known(net->adjustors[1].cap));
    assert_int_equal(net->waiver_count, 1);
    assert_int_equal(net->waivers[0].from, DAY("2025-07-04"));
    assert_int_equal(net->waivers[0].until, DAY("2025-07-04"));
    assert_int_equal(net->waivers[0].granted, DAY("2025-09-01"));
    assert_string_equal(net->waivers[0].document, HASH_TEXT);
    assert_string_equal(net->waivers[0].source, "review");
    programme_free(programme);
}

static void test_action(void **state)
{
    (void)state;
    struct programme *programme = accepted(NULL, NULL);
    const struct criterion *audit = &programme->versions[0].criteria[1];
    assert_int_equal(audit->kind, CRITERION_BENCHMARK);
    assert_false(audit->has_quantity);
    assert_string_equal(audit->unit.name, "none");
    assert_int_equal(audit->continuity, END_PERIOD);
    assert_int_equal(audit->action.due, DAY("2025-12-31"));
    assert_int_equal(audit->action.status, ACTION_DONE);
    assert_int_equal(audit->action.on, DAY("2025-11-20"));
    assert_string_equal(audit->action.source, "review");
    assert_null(audit->action.document);
    programme_free(programme);
    programme = accepted("versions/0/criteria/1/action", "{'due':'2025-12-31','status':'unknown'}");
    assert_int_equal(programme->versions[0].criteria[1].action.status, ACTION_UNKNOWN);
    assert_null(programme->versions[0].criteria[1].action.source);
    programme_free(programme);
    programme_free(accepted("versions/0/criteria/1/unit", "'none'"));
    programme_free(accepted("versions/0/criteria/1/continuity", "'end-period'"));
    programme_free(accepted("versions/0/criteria/1/kind", "'prior-action'"));
}

/* The hash is of the RFC 8785 form: neither spaces nor the order of members matter. */
static void test_hash(void **state)
{
    (void)state;
    struct err err = {0};
    struct programme *programme = accepted(NULL, NULL);
    struct programme *again = NULL;
    struct programme *other = accepted("reporting/lag_days", "4");
    struct buf canonical = buf_with_max(PROGRAMME_SIZE_MAX);
    struct hash256 hash;
    test_ok(json_canonical(&canonical, programme->json, &err), &err);
    sha256_of(&hash, buf_bytes(&canonical));
    assert_true(hash256_equal(&hash, &programme->sha256));
    test_ok(programme_read(&again, "again", buf_bytes(&canonical), &err), &err);
    assert_true(hash256_equal(&again->sha256, &programme->sha256));
    assert_false(hash256_equal(&other->sha256, &programme->sha256));
    buf_free(&canonical);
    programme_free(programme);
    programme_free(again);
    programme_free(other);
}

static void test_file(void **state)
{
    (void)state;
    struct err err = {0};
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    char *text = quoted(whole_text);
    struct programme *programme = NULL;
    test_folder_make(folder);
    test_ok(path_join(path, folder, "p.json", &err), &err);
    test_refused(programme_read_file(&programme, path, &err), SANAD_IO, &err, "p.json");
    test_ok(file_write(path, bytes_of_text(text), &err), &err);
    test_ok(programme_read_file(&programme, path, &err), &err);
    assert_string_equal(programme->versions[0].criteria[0].id, "net");
    programme_free(programme);
    test_folder_remove(folder);
    free(text);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(criterion_kind_name(CRITERION_PERFORMANCE), "performance-criterion");
    assert_string_equal(criterion_kind_name(CRITERION_INDICATIVE), "indicative-target");
    assert_string_equal(criterion_kind_name(CRITERION_BENCHMARK), "structural-benchmark");
    assert_string_equal(criterion_kind_name(CRITERION_PRIOR_ACTION), "prior-action");
    assert_string_equal(continuity_name(CONTINUOUS), "continuous");
    assert_string_equal(continuity_name(END_PERIOD), "end-period");
}

static void test_units(void **state)
{
    (void)state;
    static const struct limits_unit known[] = {{"BTC", 8},   {"USD", 2},  {"PKR", 2},
                                               {"JPY", 0},   {"KWD", 3},  {"percent", 2},
                                               {"count", 0}, {"none", 0}, {"XDR", 2}};
    static const char *const unknown[] = {"",    "btc", "XBT", "SAT", "US",      "USDX",
                                          "D A", "XXX", "XAU", "usd", "Percent", "AED AFN"};
    struct limits_unit unit = {0};
    for (size_t i = 0; i < countof(known); i++) {
        assert_true(limits_unit_find(&unit, known[i].name));
        assert_string_equal(unit.name, known[i].name);
        assert_int_equal(unit.decimals, known[i].decimals);
        assert_true(limits_unit_equal(&unit, &known[i]));
    }
    for (size_t i = 0; i < countof(unknown); i++)
        assert_false(limits_unit_find(&unit, unknown[i]));
    assert_string_equal(unit.name, "XDR"); /* untouched where there is none */
    assert_false(limits_unit_equal(&known[0], &known[1]));
}

/* ---- days ---- */

static void test_days(void **state)
{
    (void)state;
    struct programme programme = {.utc_offset_minutes = -360};
    int64_t day = DAY("2025-07-16");
    int64_t end = programme_day_end(&programme, day);
    char text[TIME_TEXT_SIZE];
    time_format(text, end);
    assert_string_equal(text, "2025-07-17T05:59:59Z");
    assert_int_equal(programme_day_of(&programme, end), day);
    assert_int_equal(programme_day_of(&programme, end + 1), day + LIMITS_DAY);
    assert_int_equal(programme_day_of(&programme, end - LIMITS_DAY), day - LIMITS_DAY);
    programme.utc_offset_minutes = 300;
    end = programme_day_end(&programme, day);
    time_format(text, end);
    assert_string_equal(text, "2025-07-16T18:59:59Z");
    assert_int_equal(programme_day_of(&programme, end), day);
    assert_int_equal(programme_day_of(&programme, end + 1), day + LIMITS_DAY);
    /* Before 1970 as after it. */
    programme.utc_offset_minutes = 0;
    assert_int_equal(programme_day_of(&programme, -1), -LIMITS_DAY);
    assert_int_equal(programme_day_of(&programme, -LIMITS_DAY), -LIMITS_DAY);
    assert_int_equal(programme_day_of(&programme, 0), 0);
}

/* ---- perimeters ---- */

enum { CLIENTS, OFFICE, BANK, PORT };
static struct entity entities[] = {{.id = "clients-office", .sector = "S1311"},
                                   {.id = "office", .sector = "S13"},
                                   {.id = "bank", .sector = "S12201"},
                                   {.id = "port", .sector = "S11001"}};
static struct wallet wallets[] = {{.id = "a", .entity = OFFICE, .class_ = WALLET_RESERVE},
                                  {.id = "b", .entity = BANK, .class_ = WALLET_TILL},
                                  {.id = "c", .entity = BANK, .class_ = WALLET_CLIENT}};
static const struct book book = {.nation = "XS",
                                 .simulated = true,
                                 .entities = entities,
                                 .entity_count = countof(entities),
                                 .wallets = wallets,
                                 .wallet_count = countof(wallets)};

static void test_perimeter_wallets(void **state)
{
    (void)state;
    struct programme *programme = accepted(NULL, NULL);
    const struct perimeter *public = &programme->perimeters[0];
    const struct perimeter *till = &programme->perimeters[1];
    const struct perimeter *all = &programme->perimeters[2];
    assert_int_equal(programme->perimeter_count, 3);
    assert_true(perimeter_has_entity(public, &entities[CLIENTS]));
    assert_true(perimeter_has_entity(public, &entities[OFFICE]));
    assert_false(perimeter_has_entity(public, &entities[BANK]));
    assert_true(perimeter_has_entity(public, &entities[PORT]));
    assert_false(perimeter_has_entity(till, &entities[OFFICE]));
    assert_true(perimeter_has_entity(till, &entities[BANK]));
    assert_true(perimeter_has_entity(all, &entities[BANK]));
    assert_true(perimeter_has_wallet(public, &book, 0));
    assert_false(perimeter_has_wallet(public, &book, 1));
    assert_true(perimeter_has_wallet(till, &book, 1));
    assert_false(perimeter_has_wallet(till, &book, 2)); /* of another class */
    assert_true(perimeter_has_wallet(all, &book, 2));
    programme_free(programme);
    programme = accepted("perimeters/public/except_entities", "['port']");
    assert_false(perimeter_has_entity(&programme->perimeters[0], &entities[PORT]));
    programme_free(programme);
    /* A list of entities leaves the sectors to holders of claims. */
    programme = accepted("perimeters/public/entities", "['bank']");
    assert_true(perimeter_has_entity(&programme->perimeters[0], &entities[BANK]));
    assert_false(perimeter_has_entity(&programme->perimeters[0], &entities[OFFICE]));
    programme_free(programme);
}

static void test_perimeter_holders(void **state)
{
    (void)state;
    struct programme *programme = accepted(NULL, NULL);
    const struct perimeter *public = &programme->perimeters[0];
    const struct perimeter *till = &programme->perimeters[1];
    assert_true(perimeter_has_holder(public, &book, "office", "S14"));
    assert_true(perimeter_has_holder(public, &book, "another-ministry", "S1311"));
    assert_false(perimeter_has_holder(public, &book, "customers", "S14"));
    assert_false(perimeter_has_holder(public, &book, "bank", "S12201"));
    assert_false(perimeter_has_holder(public, &book, "company", "S11001")); /* of holder_sectors */
    assert_false(perimeter_has_holder(public, &book, "customers", NULL));
    /* Nothing said of sectors: those of the book's entities. */
    assert_true(perimeter_has_holder(till, &book, "company", "S11001"));
    assert_false(perimeter_has_holder(till, &book, "customers", "S14"));
    programme_free(programme);
    programme = accepted("perimeters/public/holder_sectors", NULL);
    assert_true(perimeter_has_holder(&programme->perimeters[0], &book, "company", "S11001"));
    assert_false(perimeter_has_holder(&programme->perimeters[0], &book, "bank", "S12201"));
    programme_free(programme);
}

static void test_fits(void **state)
{
    (void)state;
    struct err err = {0};
    struct programme *programme = accepted(NULL, NULL);
    struct book other = book;
    test_ok(programme_fits(programme, &book, &err), &err);
    other.nation = "XP";
    test_refused(programme_fits(programme, &other, &err), SANAD_REFUSED, &err,
                 "programme \"xs-2025\": of nation XS, but the address book is of XP");
    other = book;
    other.simulated = false;
    test_refused(programme_fits(programme, &other, &err), SANAD_REFUSED, &err,
                 "a simulated programme, but a real address book");
    other = book;
    other.entity_count = PORT;
    test_refused(programme_fits(programme, &other, &err), SANAD_REFUSED, &err,
                 "perimeter \"till\": the address book has no entity \"port\"");
    programme_free(programme);
    programme = accepted("simulated", "false");
    test_refused(programme_fits(programme, &book, &err), SANAD_REFUSED, &err,
                 "a real programme, but a simulated address book");
    programme_free(programme);
}

/* ---- refusals ---- */

static void test_refused_top(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {"programme", NULL, "p.json: \"programme\" must be a string"},
        {"programme", "'XS'", "\"programme\": \"XS\": an id is"},
        {"programme", "''", "\"programme\": \"\": an id is"},
        {"draft", "true", "p.json: unknown key \"draft\""},
        {"nation", "'xs'", "\"nation\" must be two capital letters"},
        {"simulated", "1", "\"simulated\" must be true or false"},
        {"name", NULL, "p.json: \"name\": must be an object"},
        {"name", "{'es':'SIMULADO'}", "p.json: \"name\": \"en\" must be a string"},
        {"name/fr", "'x'", "\"name\": unknown key \"fr\""},
        {"name/es", "5", "\"es\" must be a string"},
        {"name/ur", "''", "\"ur\" must have 1 to"},
        {"name/en", "'a\\u202eb'", "control characters or direction marks"},
        {"timezone", "5", "\"timezone\" must be a string"},
        {"utc_offset_minutes", "-721",
         "\"utc_offset_minutes\" must be an integer from -720 to 840"},
        {"utc_offset_minutes", "841", "\"utc_offset_minutes\" must be an integer"},
        {"utc_offset_minutes", "'-6'", "\"utc_offset_minutes\" must be an integer"},
        {"reporting", "3", "\"reporting\": must be an object"},
        {"reporting/days", "3", "\"reporting\": unknown key \"days\""},
        {"reporting/lag_days", "367", "\"lag_days\" must be an integer from 0 to 366"},
        {"reporting/lag_days", "-1", "\"lag_days\" must be"},
        {"reporting/lag_days", "1.5", "\"lag_days\" must be"},
        {"size/source", NULL, "\"size\": a figure without a source"},
        {"size/source", "'letter'", "\"size\": \"source\": unknown source \"letter\""},
        {"size/value", "0", "\"value\" must be at least 1"},
        {"size/value", "-1", "\"value\" must be at least 1"},
        {"size/value", "'1'", "\"value\" must be an integer"},
        {"size/value", "9007199254740992", "beyond 2^53-1"},
        {"size/unit", "'percent'", "\"size\": \"unit\" must be a currency"},
        {"size/unit", "'EURO'", "unknown unit \"EURO\""},
        {"versions", NULL, "\"versions\" must be an array"},
        {"versions", "[]", "\"versions\": fewer than 1"},
        {"versions", "{}", "\"versions\" must be an array"},
    };
    struct err err = {0};
    struct programme *programme = NULL;
    REFUSED_ALL(list);
    test_refused(programme_read(&programme, "p.json", bytes_of_text("[]"), &err), SANAD_REFUSED,
                 &err, "p.json: must be an object");
    test_refused(programme_read(&programme, "p.json", bytes_of_text(""), &err), SANAD_REFUSED, &err,
                 "p.json: empty");
    test_refused(programme_read(&programme, "p.json", bytes_of_text("{\"a\":1,\"a\":1}"), &err),
                 SANAD_REFUSED, &err, "not valid JSON");
    assert_null(programme);
}

static void test_refused_lists(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {"sources", "5", "\"sources\" must be an array"},
        {"sources/0", "5", "\"sources\": p.json: \"id\" must be a string"},
        {"sources/0/title", NULL, "source \"board\": \"title\" must be a string"},
        {"sources/0/date", "'2025-02-30'", "source \"board\": \"date\": 2025-02-30: not a date"},
        {"sources/0/sha256", "'00'", "\"sha256\" must be 64 hexadecimal digits"},
        {"sources/0/page", "5", "source \"board\": unknown key \"page\""},
        {"sources/1/id", "'board'", "source \"board\": the id stands twice"},
        {"assumptions/0/id", "'net stock'", "\"net stock\": an id is"},
        {"assumptions/0/text", NULL, "assumption \"net-stock\": \"text\": must be an object"},
        {"assumptions/0/why", "'x'", "assumption \"net-stock\": unknown key \"why\""},
        {"assumptions/1/id", "'net-stock'", "assumption \"net-stock\": the id stands twice"},
        {"exchange_rates/0/source", NULL, "exchange rate 1: a figure without a source"},
        {"exchange_rates/0/from", "'PKR'", "exchange rate 1: from PKR to PKR"},
        {"exchange_rates/0/to", "'BTC'", "exchange rate 1: from USD to BTC"},
        {"exchange_rates/0/to", "'count'", "exchange rate 1: from USD to count"},
        {"exchange_rates/0/to", "'XXX'", "exchange rate 1: \"to\": unknown unit \"XXX\""},
        {"exchange_rates/0/denominator", "0", "\"denominator\" must be an integer from 1"},
        {"exchange_rates/0/numerator", "0", "\"numerator\" must be an integer from 1"},
        {"exchange_rates/+",
         "{'from':'USD','to':'PKR','numerator':1,'denominator':1,'source':'board'}",
         "exchange rate 2: from USD to PKR stands twice"},
    };
    REFUSED_ALL(list);
}

static void test_refused_perimeters(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {"perimeters", "[]", "p.json: \"perimeters\" must be an object"},
        {"perimeters/Public", "{}", "perimeter \"Public\": an id is"},
        {"perimeters/", "{}", "perimeter \"\": an id is"},
        {"perimeters/all", "5", "perimeter \"all\": must be an object"},
        {"perimeters/all/wallets", "[]", "perimeter \"all\": unknown key \"wallets\""},
        {"perimeters/all/classes", "['gold']", "\"classes\": \"gold\" is none of the 7"},
        {"perimeters/all/classes", "[7]", "\"classes\": \"(no string)\" is none of"},
        {"perimeters/all/classes", "['till','till']", "\"classes\": \"till\" stands twice"},
        {"perimeters/all/classes", "'till'", "\"classes\" must be an array"},
        /* Nobody should have to guess whether an empty list means all or none. */
        {"perimeters/all/classes", "[]", "\"classes\": fewer than 1"},
        {"perimeters/all/sectors", "[]", "\"sectors\": fewer than 1"},
        {"perimeters/all/sectors", "['public']", "\"public\" is no sector code such as S1311"},
        {"perimeters/all/holder_sectors", "['s13']", "\"s13\" is no sector code"},
        {"perimeters/all/sectors", "[13]", "\"sectors\": item 1 is no clean text"},
        {"perimeters/all/entities", "['a','']", "\"entities\": item 2 is no clean text"},
        {"perimeters/all/except_entities", "{}", "\"except_entities\" must be an array"},
    };
    REFUSED_ALL(list);
}

static void test_refused_versions(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {"versions/0", "5", "p.json: version 1: \"version\" must be a string"},
        {"versions/0/version", "'V 1'", "version 1: \"version\": \"V 1\": an id is"},
        {"versions/0/criterion", "[]", "version \"first\": unknown key \"criterion\""},
        {"versions/0/from", NULL, "version \"first\": \"from\" must be a string"},
        {"versions/0/from", "'26.2.2025'", "\"from\": 26.2.2025: not a date"},
        {"versions/0/from", "'2025-07-25'", "\"from\" must be before \"until\""},
        {"versions/0/known", "'soon'", "\"known\": soon: not a date"},
        {"versions/0/source", NULL, "version \"first\": a figure without a source"},
        {"versions/0/criteria", "[]", "version \"first\": \"criteria\": fewer than 1"},
        {"versions/1/version", "'first'", "version \"first\": the id stands twice"},
        {"versions/0/until", "null",
         "version \"second\": overlaps version \"first\", which has no \"until\""},
        {"versions/0/until", NULL, "version \"second\": overlaps version \"first\""},
        {"versions/0/until", "'2025-07-26'", "version \"second\": overlaps version \"first\""},
        {"versions/1/from", "'2025-02-26'", "version \"second\": out of order"},
        {"versions/1/from", "'2025-01-01'", "version \"second\": out of order"},
    };
    REFUSED_ALL(list);
}

#define NET "versions/0/criteria/0/"

static void test_refused_criterion(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {NET "id", NULL, "version \"first\": \"id\" must be a string"},
        {NET "id", "'audit'", "version \"first\": criterion \"audit\": the id stands twice"},
        {NET "measure", "1", "criterion \"net\": unknown key \"measure\""},
        {NET "kind", "'wish'", "criterion \"net\": \"kind\": \"wish\" is none of the 4"},
        {NET "continuity", "'monthly'", "\"continuity\": \"monthly\" is none of the 2"},
        {NET "continuity", NULL, "\"continuity\" must be a string"},
        {NET "unit", "'SAT'", "criterion \"net\": \"unit\": unknown unit \"SAT\""},
        {NET "unit", "'none'", "unknown unit \"none\""},
        {NET "unit", NULL, "\"unit\" must be a string"},
        {NET "unit", "'USD'",
         "criterion \"net\": the quantity is in BTC, but the criterion in USD"},
        {NET "quantity", NULL, "criterion \"net\": a quantity must be an object"},
        {NET "ceiling", NULL, "criterion \"net\": neither \"ceiling\" nor \"floor\""},
        {NET "floor", "0", "criterion \"net\": both \"ceiling\" and \"floor\""},
        {NET "ceiling", "null", "\"ceiling\" must be an integer"},
        {NET "ceiling", "1.0", "\"ceiling\" must be an integer"},
        {NET "ceiling", "2100000000000001", "\"ceiling\": over 21 million BTC"},
        {NET "ceiling", "-2100000000000001", "\"ceiling\": over 21 million BTC"},
        {"versions/1/criteria/0/floor", "-9007199254740992", "\"floor\": beyond 2^53-1"},
        {NET "buffer", "-1", "\"buffer\" must be at least 0"},
        {NET "buffer", "2100000000000001", "\"buffer\": over 21 million BTC"},
        {NET "buffer", "'5'", "\"buffer\" must be an integer"},
        {NET "base_date", "20250131", "\"base_date\" must be a string"},
        {NET "base_date", NULL, "criterion \"net\": \"change\" without \"base_date\""},
        {NET "reading", "''", "\"reading\" must have 1 to"},
        {NET "assumptions", "['net']", "\"assumptions\": unknown assumption \"net\""},
        {NET "assumptions", "[1]", "\"assumptions\": unknown assumption \"(no string)\""},
        {NET "assumptions", "'net-stock'", "\"assumptions\" must be an array"},
    };
    REFUSED_ALL(list);
    programme_free(accepted(NET "ceiling", "2100000000000000"));
    programme_free(accepted(NET "ceiling", "-2100000000000000"));
}

static void test_refused_dates(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {NET "test_dates", "{}", "\"test_dates\" must be an array"},
        {NET "test_dates", "['2025-06-30','2025-03-31']",
         "criterion \"net\": the test date 2025-03-31 is out of order"},
        {NET "test_dates", "['2025-06-30','2025-06-30']", "2025-06-30 is out of order"},
        {NET "test_dates", "['2025-01-31']", "2025-01-31 is not after the base date"},
        {NET "test_dates", "['2024-12-31']", "2024-12-31 is not after the base date"},
        {NET "test_dates", "['2025-02-29']", "test date 1: 2025-02-29: not a date"},
        {NET "test_dates", "[20250331]", "test date 1: must be an object"},
        {NET "test_dates", "[{'date':'2025-03-31','limit':null}]", "\"limit\" must be an integer"},
        {NET "test_dates", "[{'date':'2025-03-31','ceiling':0}]",
         "test date 1: unknown key \"ceiling\""},
        {NET "test_dates", "[{'date':'2025-03-31','limit':-2100000000000001}]",
         "test date 1: \"limit\": over 21 million BTC"},
        {"versions/1/criteria/0/test_dates", NULL, "\"test_dates\" must be an array"},
        {"versions/1/criteria/0/test_dates", "[]", "\"test_dates\": fewer than 1"},
    };
    REFUSED_ALL(list);
}

static void test_refused_adjustors(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {NET "adjustors/0", "5", "criterion \"net\": adjustor 1: \"id\" must be a string"},
        {NET "adjustors/1/id", "'gift'", "adjustor \"gift\": the id stands twice"},
        {NET "adjustors/0/source", NULL, "adjustor \"gift\": a figure without a source"},
        {NET "adjustors/0/source", "'x'", "adjustor \"gift\": \"source\": unknown source \"x\""},
        {NET "adjustors/0/cap", "-1", "adjustor \"gift\": \"cap\" must be at least 0"},
        {NET "adjustors/0/cap", "2100000000000001", "\"cap\": over 21 million BTC"},
        {NET "adjustors/0/direction", "'both'", "\"direction\": \"both\" is none of the 2"},
        {NET "adjustors/0/limit", "1", "adjustor \"gift\": unknown key \"limit\""},
        {NET "adjustors/0/quantity", NULL, "adjustor \"gift\": a quantity must be an object"},
        {NET "adjustors/0/quantity", "{'constant':{'unit':'USD','value':7}}",
         "adjustor \"gift\": the quantity is in USD, but the criterion in BTC"},
        {NET "adjustors", "{}", "\"adjustors\" must be an array"},
        {NET "waivers/0/from", "'2025-07-05'", "waiver 1: \"from\" is after \"until\""},
        {NET "waivers/0/source", NULL, "waiver 1: a figure without a source"},
        {NET "waivers/0/granted", NULL, "waiver 1: \"granted\" must be a string"},
        {NET "waivers/0/document_sha256", "'z'", "must be 64 hexadecimal digits"},
        {NET "waivers/0/day", "1", "waiver 1: unknown key \"day\""},
        {NET "waivers/+", "{'from':'2025-08-02','until':'2025-08-01'}",
         "waiver 2: \"granted\" must be a string"},
        {NET "waivers/+",
         "{'from':'2025-08-02','until':'2025-08-01','granted':'2025-09-01','source':'board'}",
         "waiver 2: \"from\" is after \"until\""},
    };
    REFUSED_ALL(list);
}

#define AUDIT "versions/0/criteria/1/"

static void test_refused_actions(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {AUDIT "quantity", "{'balance':{'perimeter':'public'}}",
         "criterion \"audit\": \"action\" with \"quantity\""},
        {AUDIT "ceiling", "0", "\"action\" with \"ceiling\""},
        {AUDIT "test_dates", "[]", "\"action\" with \"test_dates\""},
        {AUDIT "buffer", "0", "\"action\" with \"buffer\""},
        {AUDIT "kind", "'performance-criterion'", "\"action\" is for a structural-benchmark"},
        {AUDIT "unit", "'BTC'", "\"unit\": \"BTC\" is none of the 1"},
        {AUDIT "continuity", "'continuous'", "\"continuous\" is none of the 1"},
        {AUDIT "action", "5", "\"action\": must be an object"},
        {AUDIT "action", NULL, "\"continuity\" must be a string"},
        {AUDIT "action/due", NULL, "\"action\": \"due\" must be a string"},
        {AUDIT "action/status", "'late'", "\"status\": \"late\" is none of the 3"},
        {AUDIT "action/on", NULL, "\"action\": \"on\" must be a string"},
        {AUDIT "action/source", NULL, "\"action\": a figure without a source"},
        {AUDIT "action/status", "'not-done'", "\"action\": \"on\", but it is not done"},
        {AUDIT "action/by", "1", "\"action\": unknown key \"by\""},
        {AUDIT "action/document_sha256", "5", "\"document_sha256\" must be a string"},
    };
    REFUSED_ALL(list);
}

/* A list of so many items; '#' in them is the place in three digits. */
static void fill(json_t *json, const char *path, const char *item, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char text[512];
        const char *mark = strchr(item, '#');
        int before = mark ? (int)(mark - item) : (int)strlen(item);
        (void)snprintf(text, sizeof text, "%.*s", before, item);
        if (mark)
            (void)snprintf(text + before, sizeof text - (size_t)before, "%03zu%s", i, mark + 1);
        assert_int_equal(json_array_append_new(list, json_of(text)), 0);
    }
    json_put(json, path, list);
}

static void test_too_many(void **state)
{
    (void)state;
    static const struct {
        const char *path, *item;
        size_t max;
        const char *part;
    } lists[] = {
        {"assumptions", "{'id':'a#','text':{'en':'x'}}", PROGRAMME_LIST_MAX,
         "\"assumptions\": more than 256"},
        {"sources", "{'id':'s#','title':'x'}", PROGRAMME_LIST_MAX, "\"sources\": more than 256"},
        {NET "assumptions", "'zone'", PROGRAMME_LIST_MAX, "\"assumptions\": more than 256"},
        {NET "waivers",
         "{'from':'2025-08-02','until':'2025-08-02','granted':'2025-09-01',"
         "'source':'board','document_sha256':null}",
         PROGRAMME_LIST_MAX, "\"waivers\": more than 256"},
        {NET "adjustors",
         "{'id':'a#','quantity':{'constant':{'unit':'BTC','value':7}},'direction':'up',"
         "'source':'board'}",
         PROGRAMME_LIST_MAX, "\"adjustors\": more than 256"},
        {NET "test_dates", "'2#-03-31'", PROGRAMME_DATE_MAX, "\"test_dates\": more than 256"},
        {"perimeters/all/entities", "'e#'", PROGRAMME_LIST_MAX, "\"entities\": more than 256"},
        {"perimeters/all/sectors", "'S#'", PROGRAMME_LIST_MAX, "\"sectors\": more than 256"},
        {"exchange_rates",
         "{'from':'USD','to':'PKR','numerator':1,'denominator':1,'source':'board'}",
         PROGRAMME_LIST_MAX, "\"exchange_rates\": more than 256"},
        {"versions", "{'version':'v#'}", PROGRAMME_VERSION_MAX, "\"versions\": more than 64"},
        {"versions/0/criteria", "{'id':'c#'}", PROGRAMME_CRITERION_MAX,
         "\"criteria\": more than 256"},
        {"perimeters/all/classes", "'till'", WALLET_CLASS_COUNT, "\"classes\": more than 7"},
        {NET "quantity/change/difference/1/held_from/meanings", "'loan'", FLOW_MEANING_COUNT,
         "\"meanings\": more than 10"},
    };
    for (size_t i = 0; i < countof(lists); i++) {
        json_t *json = json_of(whole_text);
        fill(json, lists[i].path, lists[i].item, lists[i].max + 1);
        refused_json(json, lists[i].part);
    }
}

/* 256 adjustors are read, 64 perimeters are, and one more is not. */
static void test_just_enough(void **state)
{
    (void)state;
    struct err err = {0};
    int code;
    json_t *json = json_of(whole_text);
    fill(json, NET "adjustors",
         "{'id':'a#','quantity':{'constant':{'unit':'BTC','value':7}},'direction':'up',"
         "'source':'board'}",
         PROGRAMME_LIST_MAX);
    for (size_t i = 0; i < PROGRAMME_PERIMETER_MAX - 3; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "perimeters/p%zu", i);
        json_put(json, path, json_object());
    }
    struct programme *programme = programme_try(json_incref(json), &err, &code);
    test_ok(code, &err);
    assert_int_equal(programme->versions[0].criteria[0].adjustor_count, 256);
    assert_int_equal(programme->perimeter_count, PROGRAMME_PERIMETER_MAX);
    programme_free(programme);
    json_put(json, "perimeters/one-more", json_object());
    refused_json(json, "\"perimeters\": more than 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_criterion),
        cmocka_unit_test(test_adjustor_waiver),
        cmocka_unit_test(test_action),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_perimeter_wallets),
        cmocka_unit_test(test_perimeter_holders),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_refused_top),
        cmocka_unit_test(test_refused_lists),
        cmocka_unit_test(test_refused_perimeters),
        cmocka_unit_test(test_refused_versions),
        cmocka_unit_test(test_refused_criterion),
        cmocka_unit_test(test_refused_dates),
        cmocka_unit_test(test_refused_adjustors),
        cmocka_unit_test(test_refused_actions),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_just_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
