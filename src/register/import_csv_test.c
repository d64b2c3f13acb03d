/* Proves that an import is all or nothing with every row's fault told, that the same file
 * twice adds nothing, that what has no document is refused, and that an export comes back
 * as it was. */
#include "register_test.h"

static int import(struct fixture *fixture, struct import_report *report, const char *kind,
                  const char *text, const char *known, const char *approver, struct err *err)
{
    struct register_import import = {
        .nation = "XS", .proposer = "ana", .approver = approver, .known = day(known)};
    return register_import_csv(fixture->registry, report, kind, "file.csv", bytes_of_text(text),
                               &import, err);
}

/* Imports; checks the counts: added, approved, unchanged. */
static void imported(struct fixture *fixture, const char *kind, const char *text, const char *known,
                     const char *approver, const size_t counts[3])
{
    struct err err = {0};
    struct import_report report = {0};
    test_ok(import(fixture, &report, kind, text, known, approver, &err), &err);
    assert_int_equal(report.counts[IMPORT_ADDED], counts[0]);
    assert_int_equal(report.counts[IMPORT_APPROVED], counts[1]);
    assert_int_equal(report.counts[IMPORT_UNCHANGED], counts[2]);
    assert_int_equal(report.counts[IMPORT_REFUSED], 0);
    import_report_free(&report);
}

static void refused(struct fixture *fixture, const char *kind, const char *text, const char *part)
{
    struct err err = {0};
    struct import_report report = {0};
    int64_t before = entry_count(fixture);
    test_refused(import(fixture, &report, kind, text, "2025-08-01", NULL, &err), SANAD_REFUSED,
                 &err, part);
    assert_int_equal(entry_count(fixture), before);
    import_report_free(&report);
}

#define PRICE_HEADER "time,source,currency,price_minor_per_btc\n"
#define PRICE_ROWS "2025-07-16,a,USD,11888000\n2025-07-16,b,USD,11889000\n"

static void test_again(void **state)
{
    struct fixture *fixture = *state;
    const char *text = PRICE_HEADER PRICE_ROWS;
    imported(fixture, "price", text, "2025-07-17", NULL, (size_t[]){2, 0, 0});
    imported(fixture, "price", text, "2025-07-18", NULL, (size_t[]){0, 0, 2});
    /* a longer file is another document, but the rows it shares say the same */
    imported(fixture, "price", PRICE_HEADER PRICE_ROWS "2025-07-17,a,USD,11900000\n", "2025-07-18",
             NULL, (size_t[]){1, 0, 2});
    imported(fixture, "price", text, "2025-07-19", "bruno", (size_t[]){0, 2, 0});
    imported(fixture, "price", text, "2025-07-19", "bruno", (size_t[]){0, 0, 2});
    /* a corrected price supersedes */
    imported(fixture, "price", PRICE_HEADER "2025-07-16,a,USD,11888001\n", "2025-07-20", "bruno",
             (size_t[]){1, 0, 0});
    assert_int_equal(entry_count(fixture), 3 + 2 + 2);
}

static void test_all_or_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct import_report report = {0};
    int code = import(fixture, &report, "price",
                      PRICE_HEADER "2025-07-16,a,USD,11888000\n2025-07-16,b,USD,100\n"
                                   "2025-07-16,c,USD,x\n2025-07-16,d,USD,11900000\n"
                                   "2025-07-16,a,USD,11888002\n",
                      "2025-07-17", NULL, &err);
    test_refused(code, SANAD_REFUSED, &err, "file.csv: line 3: price: a price of 1");
    assert_non_null(strstr(err.text, "3 refused, nothing imported"));
    assert_int_equal(report.row_count, 5);
    assert_int_equal(report.rows[0].outcome, IMPORT_ADDED);
    assert_int_equal(report.rows[1].outcome, IMPORT_REFUSED);
    assert_int_equal(report.rows[2].outcome, IMPORT_REFUSED);
    assert_non_null(strstr(report.rows[2].why, "whole number"));
    assert_int_equal(report.rows[3].outcome, IMPORT_ADDED);
    assert_int_equal(report.rows[4].outcome, IMPORT_REFUSED);
    assert_non_null(strstr(report.rows[4].why, "stands twice in this import"));
    json_t *json = import_report_json(&report);
    assert_true(json_is_false(json_object_get(json, "imported")));
    assert_int_equal(json_integer_value(json_object_get(json, "refused")), 3);
    json_decref(json);
    import_report_free(&report);
    assert_int_equal(entry_count(fixture), 0);
}

static void test_price_files(void **state)
{
    struct fixture *fixture = *state;
    refused(fixture, "price", "time,source,currency\n", "no column \"price_minor_per_btc\"");
    refused(fixture, "price", "time,source,currency,price_minor_per_btc,price\n",
            "unknown column \"price\"");
    refused(fixture, "price", "time,source,currency,price_minor_per_btc,nation\n",
            "unknown column \"nation\"");
    refused(fixture, "price", "time,source,currency,price_minor_per_btc,time\n", "stands twice");
    refused(fixture, "price", PRICE_HEADER "2025-07-16,,USD,11888000\n", "\"source\" is missing");
    refused(fixture, "price", PRICE_HEADER "2025-07-16,a,USD,118880.00\n", "whole number");
    refused(fixture, "price", PRICE_HEADER "2025-07-16,a,USD,-1\n", "whole number");
    refused(fixture, "price", PRICE_HEADER "2025-07-16,a,USD,1\n", "a price of 1");
    refused(fixture, "price", PRICE_HEADER "2025-07-16,a\xff,USD,11888000\n", "UTF-8");
    refused(fixture, "price", PRICE_HEADER "2025-07-16,a,USD\n", "not as many fields");
    refused(fixture, "price", "", "no header line");
    refused(fixture, "book", "a\n", "comes with a whole book");
    refused(fixture, "gossip", "a\n", "no such kind");
}

#define DECLARATION_HEADER "txid,wallet,meaning,trade_date,settlement_date,document_sha256,note\n"

static void test_declarations(void **state)
{
    struct fixture *fixture = *state;
    refused(fixture, "declaration", DECLARATION_HEADER TXID_1 ",,purchase,,,,\n",
            "no document: \"document_sha256\" is empty");
    refused(fixture, "declaration", "txid,meaning\n" TXID_1 ",purchase\n", "no document");
    refused(fixture, "declaration", DECLARATION_HEADER TXID_1 ",,purchase,,,abc,\n",
            "64 hexadecimal digits");
    refused(fixture, "declaration", DECLARATION_HEADER TXID_1 ",,bought,,," DOC_1 ",\n",
            "none of the words");
    refused(fixture, "declaration",
            DECLARATION_HEADER TXID_1 ",,purchase,2025-01-02,2025-01-01," DOC_1 ",\n",
            "settlement_date before");
    imported(fixture, "declaration",
             DECLARATION_HEADER TXID_1 ",,purchase,2025-01-01,2025-01-02," DOC_1
                                       ",\"a, b\"\n" TXID_1 ",cold,seizure,,," DOC_2 ",\n",
             "2025-02-01", NULL, (size_t[]){2, 0, 0});
    /* here the document is the row's own: another one is another declaration */
    imported(fixture, "declaration", DECLARATION_HEADER TXID_1 ",cold,seizure,,," DOC_1 ",\n",
             "2025-02-01", NULL, (size_t[]){1, 0, 0});
    /* one document for the whole file */
    struct err err = {0};
    struct import_report report = {0};
    struct hash256 document = hash_of(DOC_2);
    struct register_import import = {
        .nation = "XS", .proposer = "ana", .known = day("2025-02-02"), .document = &document};
    test_ok(register_import_csv(fixture->registry, &report, "declaration", "f",
                                bytes_of_text("txid,meaning\n" TXID_2 ",donation\n"), &import,
                                &err),
            &err);
    import_report_free(&report);
}

static void test_known_column(void **state)
{
    struct fixture *fixture = *state;
    imported(fixture, "price",
             "time,source,currency,price_minor_per_btc,known\n"
             "2025-07-16,a,USD,11888000,2025-07-16T12:00:00Z\n2025-07-17,a,USD,11888100,\n",
             "2025-07-18", NULL, (size_t[]){2, 0, 0});
    refused(fixture, "price",
            "time,source,currency,price_minor_per_btc,known\n"
            "2025-07-18,a,USD,11888000,2025-07-17\n",
            "known: before the newest entry");
    refused(fixture, "price",
            "time,source,currency,price_minor_per_btc,known\n2025-07-18,a,USD,11888000,soon\n",
            "\"known\" must be a time");
}

static void test_four_eyes(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct import_report report = {0};
    int code =
        import(fixture, &report, "price", PRICE_HEADER PRICE_ROWS, "2025-07-17", "ANA", &err);
    test_refused(code, SANAD_REFUSED, &err, "approver: who prepared it can't approve it");
    code = import(fixture, &report, "price", PRICE_HEADER PRICE_ROWS, "2025-07-17", "", &err);
    test_refused(code, SANAD_REFUSED, &err, "approver: must be clean text");
    assert_int_equal(entry_count(fixture), 0);
    imported(fixture, "price", PRICE_HEADER PRICE_ROWS, "2025-07-17", "bruno", (size_t[]){2, 0, 0});
    assert_int_equal(entry_count(fixture), 4);
    /* who approved a proposal of another's cannot then be its preparer */
    struct register_import other = {
        .proposer = "bruno", .approver = "ana", .known = day("2025-07-18")};
    test_ok(register_import_csv(fixture->registry, &report, "price", "f",
                                bytes_of_text(PRICE_HEADER "2025-07-16,a,USD,11888005\n"), &other,
                                &err),
            &err);
    import_report_free(&report);
}

/* A proposal of bruno's, imported again by ana with bruno as approver: bruno may not. */
static void test_four_eyes_again(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct import_report report = {0};
    struct register_import first = {.proposer = "bruno", .known = day("2025-07-17")};
    struct register_import second = {
        .proposer = "ana", .approver = "bruno", .known = day("2025-07-17")};
    struct bytes text = bytes_of_text(PRICE_HEADER PRICE_ROWS);
    test_ok(register_import_csv(fixture->registry, &report, "price", "f", text, &first, &err),
            &err);
    import_report_free(&report);
    test_refused(register_import_csv(fixture->registry, &report, "price", "f", text, &second, &err),
                 SANAD_REFUSED, &err, "can't approve it (\"bruno\")");
    import_report_free(&report);
    assert_int_equal(entry_count(fixture), 2);
}

static void test_export(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct buf out = buf_with_max(1 << 16);
    imported(fixture, "declaration",
             DECLARATION_HEADER TXID_2 ",,sale,,," DOC_1 ",\"said \"\"so\"\", twice\"\n" TXID_1
                                       ",cold,custody,2025-01-01,," DOC_2 ",\n",
             "2025-02-01", NULL, (size_t[]){2, 0, 0});
    struct register_query query = {.kind = "declaration", .nation = "XS", .known = INT64_MAX};
    test_ok(register_export_csv(fixture->registry, &out, &query, &err), &err);
    assert_string_equal(
        buf_cstr(&out),
        "txid,wallet,meaning,trade_date,settlement_date,note,nation,known,visibility,"
        "document_name,document_sha256\n" TXID_2
        ",,sale,,,\"said \"\"so\"\", twice\",XS,2025-02-01T00:00:00Z,public,," DOC_1 "\n" TXID_1
        ",cold,custody,2025-01-01,,,XS,2025-02-01T00:00:00Z,public,," DOC_2 "\n");
    imported(fixture, "declaration", buf_cstr(&out), "2025-02-01", NULL, (size_t[]){0, 0, 2});
    struct fixture *other = NULL;
    assert_int_equal(fixture_setup((void **)&other), 0);
    imported(other, "declaration", buf_cstr(&out), "2020-01-01", NULL, (size_t[]){2, 0, 0});
    assert_int_equal(fixture_teardown((void **)&other), 0);
    buf_free(&out);
    struct buf small = buf_with_max(10);
    test_refused(register_export_csv(fixture->registry, &small, &query, &err), SANAD_REFUSED, &err,
                 "over 10 bytes");
    buf_free(&small);
}

#define LIABILITY_HEADER "time,entity,holder,holder_sector,amount_sat,document_sha256,note\n"
#define SERIES_HEADER "name,time,unit,value,document_sha256\n"

static void exported(struct fixture *fixture, const char *kind, const char *text)
{
    struct err err = {0};
    struct buf out = buf_with_max(1 << 16);
    struct register_query query = {.kind = kind, .nation = "XS", .known = INT64_MAX};
    test_ok(register_export_csv(fixture->registry, &out, &query, &err), &err);
    assert_string_equal(buf_cstr(&out), text);
    buf_free(&out);
}

static void test_liabilities(void **state)
{
    struct fixture *fixture = *state;
    refused(fixture, "liability", LIABILITY_HEADER "2025-07-16,bank,clients,S14,-1," DOC_1 ",\n",
            "whole number");
    refused(fixture, "liability",
            LIABILITY_HEADER "2025-07-16,bank,clients,S14,2100000000000001," DOC_1 ",\n",
            "whole number");
    refused(fixture, "liability", LIABILITY_HEADER "2025-07-16,bank,clients,S14,5,,\n",
            "no document");
    refused(fixture, "liability",
            LIABILITY_HEADER "2025-07-16,bank,clients,S14,5," DOC_1 ",\n"
                             "2025-07-16T00:00:00Z,bank,clients,S14,6," DOC_1 ",\n",
            "stands twice in this import");
    imported(fixture, "liability",
             LIABILITY_HEADER "2025-07-16,bank,clients,S14,500," DOC_1 ",a note\n"
                              "2025-07-16,bank,treasury,S1311,0," DOC_2 ",\n",
             "2025-08-01", "bruno", (size_t[]){2, 0, 0});
    const char *out =
        "time,entity,holder,holder_sector,amount_sat,note,nation,known,visibility,document_name,"
        "document_sha256\n2025-07-16T00:00:00Z,bank,clients,S14,500,a note,XS,"
        "2025-08-01T00:00:00Z,public,," DOC_1 "\n2025-07-16T00:00:00Z,bank,treasury,S1311,0,,XS,"
        "2025-08-01T00:00:00Z,public,," DOC_2 "\n";
    exported(fixture, "liability", out);
    imported(fixture, "liability", out, "2025-08-01", NULL, (size_t[]){0, 0, 2});
}

static void test_series(void **state)
{
    struct fixture *fixture = *state;
    refused(fixture, "series", SERIES_HEADER "reserves,2025-06-30,USD,1.5," DOC_1 "\n",
            "whole number");
    refused(fixture, "series", SERIES_HEADER "reserves,2025-06-30,dollars,1," DOC_1 "\n",
            "unit \"dollars\"");
    imported(fixture, "series",
             SERIES_HEADER "arrears,2025-06-30,USD,-150," DOC_1 "\narrears,2025-07-31,USD,0," DOC_1
                           "\n",
             "2025-08-01", NULL, (size_t[]){2, 0, 0});
    const char *out =
        "name,time,unit,value,note,nation,known,visibility,document_name,"
        "document_sha256\narrears,2025-06-30T00:00:00Z,USD,-150,,XS,"
        "2025-08-01T00:00:00Z,public,," DOC_1
        "\narrears,2025-07-31T00:00:00Z,USD,0,,XS,2025-08-01T00:00:00Z,public,," DOC_1 "\n";
    exported(fixture, "series", out);
    imported(fixture, "series", out, "2025-08-01", NULL, (size_t[]){0, 0, 2});
    refused(fixture, "programme", "id,version,sha256\nxs,1," DOC_1 "\n", "no column \"programme\"");
}

static void test_file(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct import_report report = {0};
    struct record *records;
    size_t count;
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    test_folder_make(folder);
    test_ok(path_join(path, folder, "prices.csv", &err), &err);
    test_ok(file_write(path, bytes_of_text(PRICE_HEADER PRICE_ROWS), &err), &err);
    struct register_import import = {.proposer = "ana", .known = day("2025-07-17")};
    test_ok(register_import_csv_file(fixture->registry, &report, "price", path, &import, &err),
            &err);
    struct register_query query = {.kind = "price", .known = INT64_MAX};
    test_ok(register_as_known(fixture->registry, &records, &count, &query, &fixture->arena, &err),
            &err);
    assert_int_equal(count, 2);
    assert_string_equal(records[0].document_name, "prices.csv");
    struct hash256 file;
    sha256_of(&file, bytes_of_text(PRICE_HEADER PRICE_ROWS));
    assert_true(hash256_equal(&records[0].document, &file));
    test_refused(
        register_import_csv_file(fixture->registry, &report, "price", folder, &import, &err),
        SANAD_IO, &err, folder);
    import_report_free(&report);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTER_TEST(test_again),
        REGISTER_TEST(test_all_or_nothing),
        REGISTER_TEST(test_price_files),
        REGISTER_TEST(test_declarations),
        REGISTER_TEST(test_known_column),
        REGISTER_TEST(test_four_eyes),
        REGISTER_TEST(test_four_eyes_again),
        REGISTER_TEST(test_export),
        REGISTER_TEST(test_liabilities),
        REGISTER_TEST(test_series),
        REGISTER_TEST(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
