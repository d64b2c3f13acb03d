/* Proves that files of addresses become books that the reader accepts, that what a file says
 * twice it says alike, and that a fault names its line. */
#include "book_test.h"

static int convert(json_t **ret_json, const char *text, const struct book_defaults *defaults,
                   struct err *err)
{
    char folder[PATH_SIZE];
    char path[PATH_SIZE];
    test_folder_make(folder);
    test_ok(path_join(path, folder, "in.csv", err), err);
    test_ok(file_write(path, bytes_of_text(text), err), err);
    int code = book_from_csv(ret_json, path, defaults, main_params(), err);
    test_folder_remove(folder);
    return code;
}

static void is_book(const char *text, const struct book_defaults *defaults, const char *expected)
{
    struct err err = {0};
    json_t *json = NULL;
    test_ok(convert(&json, text, defaults, &err), &err);
    json_t *wanted = json_loads(expected, 0, NULL);
    assert_non_null(wanted);
    if (!json_equal(json, wanted)) {
        char *found = json_dumps(json, JSON_SORT_KEYS);
        print_message("found %s\n", found);
        free(found);
    }
    assert_true(json_equal(json, wanted));
    json_decref(json);
    json_decref(wanted);
}

static void is_refused(const char *text, const char *part)
{
    struct err err = {0};
    json_t *json = NULL;
    test_refused(convert(&json, text, NULL, &err), SANAD_REFUSED, &err, part);
    assert_null(json);
}

static void test_bare(void **state)
{
    (void)state;
    static const struct book_defaults defaults = {
        .nation = "SV", .currency = "USD", .entity = "onb", .wallet = "r", .class_ = "reserve"};
    is_book("address\n" ADDRESS_1 "\n" ADDRESS_2 "\n", &defaults,
            "{\"nation\":\"SV\",\"currency\":\"USD\",\"entities\":[{\"id\":\"onb\",\"name\":{"
            "\"en\":\"onb\"},\"sector\":\"S1\"}],\"wallets\":[{\"id\":\"r\",\"entity\":\"onb\","
            "\"class\":\"reserve\",\"control\":\"declared\",\"visibility\":\"public\","
            "\"descriptors\":[\"addr(" ADDRESS_1 ")\",\"addr(" ADDRESS_2 ")\"]}]}");
    is_book("address\n" ADDRESS_1 "\n", NULL,
            "{\"nation\":\"ZZ\",\"currency\":\"XXX\",\"entities\":[{\"id\":\"holder\",\"name\":{"
            "\"en\":\"holder\"},\"sector\":\"S1\"}],\"wallets\":[{\"id\":\"wallet-1\","
            "\"entity\":\"holder\",\"class\":\"other\",\"control\":\"declared\","
            "\"visibility\":\"public\",\"descriptors\":[\"addr(" ADDRESS_1 ")\"]}]}");
}

static void test_full(void **state)
{
    (void)state;
    is_book("wallet,entity,entity_name,sector,class,control,visibility,temperature,since,until,"
            "range,gap,note,descriptor,address,nation,currency\n"
            "a,onb,\"Office, the\",S1311,reserve,signed,fund,cold,2025-01-01,2026-01-01,5,3,n,"
            "wpkh(" XPUB "/0/*),,PK,PKR\n"
            "b,mof,Finance,S13,till,declared,public,,,,,,,," ADDRESS_1 ",PK,PKR\n"
            "a,onb,\"Office, "
            "the\",S1311,reserve,signed,fund,cold,2025-01-01,2026-01-01,5,3,n,," ADDRESS_2
            ",PK,PKR\n",
            NULL,
            "{\"nation\":\"PK\",\"currency\":\"PKR\",\"entities\":[{\"id\":\"onb\",\"name\":{"
            "\"en\":\"Office, the\"},\"sector\":\"S1311\"},{\"id\":\"mof\",\"name\":{\"en\":"
            "\"Finance\"},\"sector\":\"S13\"}],\"wallets\":[{\"id\":\"a\",\"entity\":\"onb\","
            "\"class\":\"reserve\",\"control\":\"signed\",\"visibility\":\"fund\","
            "\"temperature\":\"cold\",\"since\":\"2025-01-01\",\"until\":\"2026-01-01\","
            "\"range\":5,\"gap\":3,\"note\":\"n\",\"descriptors\":[\"wpkh(" XPUB
            "/0/*)\",\"addr(" ADDRESS_2 ")\"]},{\"id\":\"b\",\"entity\":\"mof\",\"class\":"
            "\"till\",\"control\":\"declared\",\"visibility\":\"public\",\"descriptors\":["
            "\"addr(" ADDRESS_1 ")\"]}]}");
}

static void test_faults(void **state)
{
    (void)state;
    is_refused("address,colour\n" ADDRESS_1 ",red\n", "unknown column \"colour\"");
    is_refused("address,address\n" ADDRESS_1 "," ADDRESS_1 "\n", "column \"address\" stands twice");
    is_refused("address\n", "no rows");
    is_refused("wallet\nw\n", "line 2: needs an address or a descriptor");
    is_refused("address,descriptor\n" ADDRESS_1 ",addr(" ADDRESS_1 ")\n",
               "line 2: needs an address or a descriptor, one of them");
    is_refused("address\n" ADDRESS_1 "\n32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzq\n", "line 3: address:");
    is_refused("address\nmipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn\n", "another network");
    is_refused("descriptor\nwpkh(nonsense)\n", "line 2: descriptor:");
    is_refused("address,script_pubkey_hex\n" ADDRESS_1
               ",a9140b55e104bb614b309d85efac36703194ff2d830288\n",
               "line 2: script_pubkey_hex is not the address's");
    is_refused("address,script_pubkey_hex\n" ADDRESS_1 ",a914\n", "script_pubkey_hex");
    is_refused("address,range\n" ADDRESS_1 ",many\n", "line 2: not a number");
    is_refused("address,gap\n" ADDRESS_1 ",10001\n", "line 2: not a number");
    is_refused("address,class\n" ADDRESS_1 ",reserve\n" ADDRESS_2 ",till\n",
               "line 3: says otherwise than an earlier line: class");
    is_refused("address,nation\n" ADDRESS_1 ",SV\n" ADDRESS_2 ",PK\n",
               "line 3: says otherwise than an earlier line: nation");
    is_refused("address,entity,sector,wallet\n" ADDRESS_1 ",e,S13,a\n" ADDRESS_2 ",e,S11,b\n",
               "line 3: says otherwise than an earlier line: sector");
    is_refused("address,entity\n" ADDRESS_1 ",\xff\xfe\n", "line 2: not UTF-8");
    is_refused("address,wallet\n" ADDRESS_1 ",\xff\n", "line 2: not UTF-8");
}

/* What only the whole shows is said by the reader. */
static void test_read_again(void **state)
{
    (void)state;
    is_refused("address,wallet\n" ADDRESS_1 ",a\n" ADDRESS_1 ",b\n", "stands in wallet \"a\"");
    is_refused("address,class\n" ADDRESS_1 ",gold\n", "wallet \"wallet-1\": \"class\": \"gold\"");
    is_refused("address,since,until\n" ADDRESS_1 ",2025-01-02,2025-01-01\n", "must be before");
    is_refused("address,nation\n" ADDRESS_1 ",El Salvador\n", "two capital letters");
}

static void test_core(void **state)
{
    (void)state;
    static const struct book_defaults defaults = {
        .nation = "XS", .currency = "USD", .entity = "onb", .simulated = true};
    is_book(" \n{\"wallet_name\":\"treasury\",\"descriptors\":[{\"desc\":\"wpkh(" XPUB
            "/0/*)\",\"timestamp\":1700000000,\"active\":true,\"internal\":false,\"range\":[0,9],"
            "\"next\":0}]}",
            &defaults,
            "{\"nation\":\"XS\",\"currency\":\"USD\",\"simulated\":true,\"entities\":[{\"id\":"
            "\"onb\",\"name\":{\"en\":\"onb\"},\"sector\":\"S1\"}],\"wallets\":[{\"id\":"
            "\"treasury\",\"entity\":\"onb\",\"class\":\"other\",\"control\":\"declared\","
            "\"visibility\":\"public\",\"descriptors\":[{\"desc\":\"wpkh(" XPUB
            "/0/*)\",\"timestamp\":1700000000,\"active\":true,\"internal\":false,\"range\":[0,9],"
            "\"next\":0}]}]}");
    is_refused("{\"wallet_name\":\"w\"}", "\"descriptors\" must be an array");
    is_refused("[{\"desc\":\"wpkh(xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvv"
               "NKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi/*)\"}]",
               "a private key");
    is_refused("{", "not valid JSON");
    is_refused("[]", "\"descriptors\" must be an array with content");
}

/* The published list of El Salvador, with the scripts that its publisher gave. */
static void test_published(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    struct err err = {0};
    json_t *json = NULL;
    test_data_path(path, "addresses/el-salvador-reserve-addresses.csv");
    test_ok(book_from_csv(&json, path, NULL, main_params(), &err), &err);
    json_t *wallet = json_array_get(json_object_get(json, "wallets"), 0);
    assert_int_equal(json_array_size(json_object_get(wallet, "descriptors")), 20);
    json_decref(json);
}

/* Every labelled address of exchanges and custodians, of all forms, against its script. */
static void test_labelled(void **state)
{
    (void)state;
    struct err err = {0};
    struct csv csv;
    struct buf raw = test_data("addresses/exchange-and-custodian-addresses-defillama.csv");
    struct buf text = buf_with_max(8 << 20);
    test_ok(csv_read(&csv, "labelled", buf_bytes(&raw), &err), &err);
    int address = csv_column(&csv, "address");
    int script = csv_column(&csv, "script_pubkey_hex");
    buf_text(&text, "address,script_pubkey_hex\n");
    for (size_t i = 0; i < csv.row_count; i++)
        buf_format(&text, "%s,%s\n", csv.rows[i][address], csv.rows[i][script]);
    json_t *json = NULL;
    test_ok(convert(&json, buf_cstr(&text), NULL, &err), &err);
    json_t *wallet = json_array_get(json_object_get(json, "wallets"), 0);
    assert_int_equal(json_array_size(json_object_get(wallet, "descriptors")), csv.row_count);
    assert_true(csv.row_count > 4000);
    json_decref(json);
    csv_free(&csv);
    buf_free(&text);
    buf_free(&raw);
}

/* A list of sanctioned addresses holds one of another chain by mistake: its line is named. */
static void test_foreign_address(void **state)
{
    (void)state;
    is_refused("address\n" ADDRESS_1 "\nTUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq\n", "line 3: address:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bare),     cmocka_unit_test(test_full),
        cmocka_unit_test(test_faults),   cmocka_unit_test(test_read_again),
        cmocka_unit_test(test_core),     cmocka_unit_test(test_published),
        cmocka_unit_test(test_labelled), cmocka_unit_test(test_foreign_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
