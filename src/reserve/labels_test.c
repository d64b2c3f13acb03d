/* Proves: names of foreign scripts are read from addresses, refused by line, and stand on the
 * other side of a flow only, never on our own. */
#include "world.h"

/* Ours, two of an exchange, one of a pool. */
#define SCRIPT_A "0014aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SCRIPT_F "0014ffffffffffffffffffffffffffffffffffffffff"
#define SCRIPT_1 "00141111111111111111111111111111111111111111"
#define SCRIPT_2 "00142222222222222222222222222222222222222222"

static const char book[] =
    "{\"nation\":\"XS\",\"currency\":\"USD\",\"entities\":[{\"id\":\"t\",\"name\":"
    "{\"en\":\"T\"},\"sector\":\"S1311\"}],\"wallets\":[{\"id\":\"a\",\"entity\":\"t\","
    "\"class\":\"reserve\",\"control\":\"declared\",\"visibility\":\"public\","
    "\"descriptors\":[\"raw(" SCRIPT_A ")\"],\"since\":null,\"until\":null}]}";

static void address_of(char ret_text[ADDRESS_TEXT_SIZE], const char *script_hex)
{
    struct buf script = test_hex(script_hex);
    assert_true(address_from_script(ret_text, chain_params_find("main"), buf_bytes(&script)));
    buf_free(&script);
}

static int read_labels(struct label_table *ret, const char *text, struct err *err)
{
    return labels_read(ret, "labels.csv", bytes_of_text(text), chain_params_find("main"), err);
}

/* A table that names every script of this test. */
static struct label_table labels_of_all(void)
{
    static const char *const scripts[][2] = {{SCRIPT_F, "exchange"},
                                             {SCRIPT_A, "ourselves"},
                                             {SCRIPT_1, "pool"},
                                             {SCRIPT_2, "exchange"}};
    struct label_table table;
    struct buf text = buf_with_max(4096);
    struct err err = {0};
    buf_text(&text, "label,address\n");
    for (size_t i = 0; i < countof(scripts); i++) {
        char address[ADDRESS_TEXT_SIZE];
        address_of(address, scripts[i][0]);
        buf_format(&text, "%s,%s\n", scripts[i][1], address);
    }
    test_ok(read_labels(&table, buf_cstr(&text), &err), &err);
    buf_free(&text);
    return table;
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"label\nx\n", "needs columns"},
        {"address\n1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\n", "needs columns"},
        {"address,label\n1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,\n", "line 2"},
        {"address,label\n1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb,x\n", "line 2"},
        {"address,label\n1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,x\nmipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn,"
         "x\n",
         "line 3"},
        {"address,label\n1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,a\xe2\x80\xae"
         "b\n",
         "not clean"},
    };
    for (size_t i = 0; i < countof(texts); i++) {
        struct label_table table;
        struct err err = {0};
        test_refused(read_labels(&table, texts[i][0], &err), SANAD_REFUSED, &err, texts[i][1]);
        assert_non_null(strstr(err.text, "labels.csv"));
    }
}

static void the_other_side_is_named(void **state)
{
    (void)state;
    struct world world;
    struct ledger *ledger;
    struct flows flows;
    struct err err = {0};
    struct label_table labels = labels_of_all();
    world_open(&world, book);
    size_t old = world_tx(&world, NO_INS, OUT({SCRIPT_F, BTC(50)}, {SCRIPT_A, BTC(9)}));
    world_block(&world);
    size_t bought =
        world_tx(&world, IN({.coin = old}), OUT({SCRIPT_A, BTC(10)}, {SCRIPT_2, BTC(40)}));
    (void)world_tx(&world, IN({.coin = bought}, {.coin = old + 1}),
                   OUT({SCRIPT_A, BTC(12)}, {SCRIPT_1, BTC(7)}));
    world_done(&world);
    test_ok(ledger_new(&ledger, world.facts, world.book, 1, &err), &err);
    struct flows_options options = {.from = 1, .to = 1, .labels = &labels};
    test_ok(flows_make(&flows, ledger, &options, &err), &err);
    assert_int_equal(flows.count, 2);
    /* Both scripts of the exchange are one party; what is ours has none. */
    assert_int_equal(flows.list[0].party_count, 1);
    assert_string_equal(flows.list[0].parties[0].label, "exchange");
    assert_int_equal(amount_minor(flows.list[0].parties[0].in), BTC(50));
    assert_int_equal(amount_minor(flows.list[0].parties[0].out), BTC(40));
    assert_int_equal(flows.list[1].party_count, 1);
    assert_string_equal(flows.list[1].parties[0].label, "pool");
    assert_int_equal(amount_minor(flows.list[1].parties[0].out), BTC(7));
    flows_free(&flows);
    ledger_free(ledger);
    labels_free(&labels);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(the_other_side_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
