/* Proves that quantities are read as they say, with the unit of their result; that terms that
 * say the same are one, with a label to read; and that each rule they may break is refused. */
#include "programme_test.h"

#define QUANTITY "versions/0/criteria/0/quantity"
#define BALANCE "{'balance':{'perimeter':'public'}}"
#define USD(n) "{'constant':{'unit':'USD','value':" #n "}}"
#define COINS(n) "{'constant':{'unit':'BTC','value':" #n "}}"

static const struct expr *quantity_of(const struct programme *programme)
{
    return &programme->versions[0].criteria[0].quantity;
}

static bool is_op(const struct expr *expr, enum expr_op op, size_t children)
{
    return expr->op == op && expr->child_count == children;
}

static void test_whole(void **state)
{
    (void)state;
    struct programme *programme = accepted(NULL, NULL);
    const struct expr *change = quantity_of(programme);
    assert_true(is_op(change, EXPR_CHANGE, 1));
    assert_string_equal(change->unit.name, "BTC");
    const struct expr *net = &change->children[0];
    assert_true(is_op(net, EXPR_DIFFERENCE, 2));
    assert_true(is_op(&net->children[0], EXPR_DIFFERENCE, 2));
    assert_int_equal(net->children[0].children[0].op, EXPR_TERM);
    assert_int_equal(net->children[0].children[0].term, 0);
    assert_int_equal(net->children[0].children[1].term, 1);
    assert_int_equal(net->children[1].term, 2);
    assert_int_equal(programme->term_count, 5);
    assert_int_equal(programme->terms[0].kind, TERM_BALANCE);
    assert_int_equal(programme->terms[1].kind, TERM_LIABILITIES);
    assert_int_equal(programme->terms[1].max_age_days, 35);
    assert_int_equal(programme->terms[2].kind, TERM_HELD_FROM);
    assert_true(programme->terms[2].meanings[FLOW_SEIZURE]);
    assert_true(programme->terms[2].meanings[FLOW_CUSTODY]);
    assert_false(programme->terms[2].meanings[FLOW_PURCHASE]);
    assert_int_equal(programme->terms[2].mixing, TRACE_FIFO);
    assert_int_equal(programme->terms[3].perimeter, 2); /* of the adjustor */
    assert_int_equal(programme->terms[4].kind, TERM_SERIES);
    assert_true(programme->terms[4].perimeter == SIZE_MAX);
    assert_string_equal(programme->terms[4].series, "reserves");
    assert_int_equal(programme->terms[4].max_age_days, LIMITS_AGE_DEFAULT_DAYS);
    programme_free(programme);
}

static const char *label_of(const char *operator, char ret_label[256])
{
    struct programme *programme = accepted(QUANTITY, operator);
    const struct expr *expr = quantity_of(programme);
    assert_int_equal(expr->op, EXPR_TERM);
    (void)snprintf(ret_label, 256, "%s", programme->terms[expr->term].label);
    programme_free(programme);
    return ret_label;
}

static void test_labels(void **state)
{
    (void)state;
    static const struct {
        const char *json, *label;
    } cases[] = {
        {BALANCE, "balances of public"},
        {"{'liabilities':{'perimeter':'public'}}", "client liabilities of public"},
        {"{'liabilities':{'perimeter':'public','max_age_days':7}}",
         "client liabilities of public, at most 7 days old"},
        {"{'held_from':{'perimeter':'public','meanings':['seizure','custody']}}",
         "coins held from seizure, custody in public"},
        {"{'held_from':{'perimeter':'all','meanings':['loan'],'mixing':'pro-rata'}}",
         "coins held from loan in all, mixed pro-rata"},
        {"{'flows':{'perimeter':'public','meanings':['purchase','pool-payout'],"
         "'classes':['mined']}}",
         "declared purchase, pool-payout and mined inflows to public"},
        {"{'flows':{'perimeter':'public','classes':['mined']}}", "mined inflows to public"},
        {"{'flows':{'perimeter':'till','meanings':['donation'],'unclassified':'ignore'}}",
         "declared donation inflows to till, unexplained ones ignored"},
    };
    char label[256];
    for (size_t i = 0; i < countof(cases); i++)
        assert_string_equal(label_of(cases[i].json, label), cases[i].label);
    struct programme *programme = accepted(NULL, NULL);
    assert_string_equal(programme->terms[4].label, "series reserves");
    programme_free(programme);
}

/* What says the same is one term, wherever it stands and in whatever order it is said. */
static void test_pool(void **state)
{
    (void)state;
    static const char *const alike[][2] = {
        {BALANCE, BALANCE},
        {"{'liabilities':{'perimeter':'all'}}",
         "{'liabilities':{'max_age_days':35,'perimeter':'all'}}"},
        {"{'flows':{'perimeter':'all','meanings':['sale','loan']}}",
         "{'flows':{'perimeter':'all','meanings':['loan','sale'],'unclassified':'undecided'}}"},
        {"{'held_from':{'perimeter':'all','meanings':['loan']}}",
         "{'held_from':{'perimeter':'all','meanings':['loan'],'mixing':'fifo'}}"},
    };
    static const char *const unlike[][2] = {
        {BALANCE, "{'balance':{'perimeter':'all'}}"},
        {"{'liabilities':{'perimeter':'all'}}",
         "{'liabilities':{'max_age_days':36,'perimeter':'all'}}"},
        {"{'flows':{'perimeter':'all','meanings':['sale']}}",
         "{'flows':{'perimeter':'all','meanings':['sale'],'unclassified':'ignore'}}"},
        {"{'flows':{'perimeter':'all','meanings':['sale']}}",
         "{'flows':{'perimeter':'all','meanings':['sale'],'classes':['mined']}}"},
        {"{'flows':{'perimeter':'all','meanings':['loan']}}",
         "{'held_from':{'perimeter':'all','meanings':['loan']}}"},
        {"{'held_from':{'perimeter':'all','meanings':['loan']}}",
         "{'held_from':{'perimeter':'all','meanings':['loan'],'mixing':'lifo'}}"},
    };
    char json[512];
    for (size_t i = 0; i < countof(alike) + countof(unlike); i++) {
        bool same = i < countof(alike);
        const char *const *pair = same ? alike[i] : unlike[i - countof(alike)];
        (void)snprintf(json, sizeof json, "{'difference':[%s,%s]}", pair[0], pair[1]);
        struct programme *programme = accepted(QUANTITY, json);
        const struct expr *expr = quantity_of(programme);
        assert_int_equal(expr->children[0].term == expr->children[1].term, same);
        programme_free(programme);
    }
}

static void test_arithmetic(void **state)
{
    (void)state;
    struct programme *programme =
        accepted(QUANTITY, "{'sum':[{'smallest':[" COINS(5) "," COINS(
                               -6) "]},{'largest':[" BALANCE "]},{'times':{'of':" BALANCE
                                   ",'numerator':-2,'denominator':3}}]}");
    const struct expr *sum = quantity_of(programme);
    assert_true(is_op(sum, EXPR_SUM, 3));
    assert_true(is_op(&sum->children[0], EXPR_SMALLEST, 2));
    assert_int_equal(sum->children[0].children[1].op, EXPR_CONSTANT);
    assert_int_equal(amount_minor(sum->children[0].children[1].constant), -6);
    assert_true(is_op(&sum->children[1], EXPR_LARGEST, 1));
    assert_true(is_op(&sum->children[2], EXPR_TIMES, 1));
    assert_int_equal(sum->children[2].numerator, -2);
    assert_int_equal(sum->children[2].denominator, 3);
    programme_free(programme);
}

/* A criterion of another unit with a quantity of it. */
static struct programme *in_unit(const char *unit, const char *quantity)
{
    struct err err = {0};
    int code;
    json_t *json = json_of(whole_text);
    json_put(json, "versions/0/criteria/0/unit", json_string(unit));
    json_put(json, "versions/0/criteria/0/adjustors", NULL);
    json_put(json, QUANTITY, json_of(quantity));
    struct programme *programme = programme_try(json, &err, &code);
    test_ok(code, &err);
    assert_string_equal(quantity_of(programme)->unit.name, unit);
    return programme;
}

static void test_units_of_results(void **state)
{
    (void)state;
    struct programme *programme = in_unit("percent", "{'percent':[" BALANCE "," COINS(1) "]}");
    assert_true(is_op(quantity_of(programme), EXPR_PERCENT, 2));
    programme_free(programme);
    programme = in_unit("PKR", "{'convert':{'of':" USD(5) ",'to':'PKR','rate':'programme'}}");
    assert_true(is_op(quantity_of(programme), EXPR_CONVERT, 1));
    assert_int_equal(quantity_of(programme)->rate, RATE_PROGRAMME);
    assert_string_equal(quantity_of(programme)->children[0].unit.name, "USD");
    programme_free(programme);
    programme = in_unit("EUR", "{'convert':{'of':" BALANCE ",'to':'EUR','rate':'market'}}");
    assert_int_equal(quantity_of(programme)->rate, RATE_MARKET);
    programme_free(programme);
    programme_free(in_unit("count", "{'series':{'name':'arrears','unit':'count'}}"));
}

static void test_refused_quantities(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {QUANTITY, "5", "criterion \"net\": a quantity must be an object with one member"},
        {QUANTITY, "{}", "a quantity must be an object with one member"},
        {QUANTITY, "[" BALANCE "]", "a quantity must be an object"},
        {QUANTITY, "{'balance':{'perimeter':'all'},'sum':[]}", "with one member, its operator"},
        {QUANTITY, "{'product':[]}", "criterion \"net\": unknown operator \"product\""},
        {QUANTITY, "{'balance':'public'}", "\"balance\": must be an object"},
        {QUANTITY, "{'balance':{}}", "\"balance\": \"perimeter\" must be a string"},
        {QUANTITY, "{'balance':{'perimeter':'private'}}", "unknown perimeter \"private\""},
        {QUANTITY, "{'balance':{'perimeter':'all','class':'till'}}", "unknown key \"class\""},
        {QUANTITY, "{'flows':{'perimeter':'all'}}", "\"flows\": neither a meaning nor a class"},
        {QUANTITY, "{'flows':{'perimeter':'all','meanings':[],'classes':[]}}",
         "neither a meaning nor a class"},
        {QUANTITY, "{'flows':{'perimeter':'all','meanings':['gift']}}",
         "\"meanings\": \"gift\" is none of the 10"},
        {QUANTITY, "{'flows':{'perimeter':'all','classes':['purchase']}}",
         "\"classes\": \"purchase\" is none of the 5"},
        {QUANTITY, "{'flows':{'perimeter':'all','meanings':['loan'],'unclassified':'zero'}}",
         "\"unclassified\": \"zero\" is none of the 2"},
        {QUANTITY, "{'flows':{'perimeter':'all','meanings':['loan','loan']}}",
         "\"meanings\": \"loan\" stands twice"},
        {QUANTITY, "{'held_from':{'perimeter':'all','meanings':[]}}", "\"meanings\": fewer than 1"},
        {QUANTITY, "{'held_from':{'perimeter':'all'}}", "\"meanings\" must be an array"},
        {QUANTITY, "{'held_from':{'perimeter':'all','meanings':['loan'],'mixing':'hifo'}}",
         "\"mixing\": \"hifo\" is none of the 3"},
        {QUANTITY, "{'held_from':{'perimeter':'all','meanings':['loan'],'classes':['mined']}}",
         "\"held_from\": unknown key \"classes\""},
        {QUANTITY, "{'liabilities':{'perimeter':'all','max_age_days':0}}",
         "\"max_age_days\" must be an integer from 1 to 3660"},
        {QUANTITY, "{'liabilities':{'perimeter':'all','max_age_days':3661}}", "\"max_age_days\""},
        {QUANTITY, "{'liabilities':{'perimeter':'all','max_age_days':null}}", "\"max_age_days\""},
        {QUANTITY, "{'series':{'name':'reserves','unit':'BTC'}}", /* the first of two */
         "series \"reserves\" in USD, but elsewhere in BTC"},
        {QUANTITY, "{'series':{'name':'Net reserves','unit':'BTC'}}", "\"Net reserves\": an id is"},
        {QUANTITY, "{'series':{'name':'x','unit':'none'}}", "unknown unit \"none\""},
        {QUANTITY, "{'series':{'name':'x'}}", "\"unit\" must be a string"},
        {QUANTITY, "{'constant':{'unit':'ounce','value':7}}", "unknown unit \"ounce\""},
        {QUANTITY, "{'constant':{'unit':'BTC'}}", "\"value\" must be an integer"},
        {QUANTITY, COINS(2100000000000001), "\"value\": over 21 million BTC"},
        {QUANTITY, COINS(-2100000000000001), "\"value\": over 21 million BTC"},
        {QUANTITY, USD(9007199254740992), "\"value\": beyond 2^53-1"},
    };
    REFUSED_ALL(list);
}

static void test_refused_operators(void **state)
{
    (void)state;
    static const struct refusal list[] = {
        {QUANTITY, "{'sum':[" BALANCE "," USD(1) "]}", "\"sum\" mixes the units BTC and USD"},
        {QUANTITY, "{'difference':[" BALANCE "," USD(1) "]}", "\"difference\" mixes the units"},
        {QUANTITY, "{'percent':[" BALANCE "," USD(1) "]}", "\"percent\" mixes the units BTC"},
        {QUANTITY, "{'largest':[" USD(1) "," BALANCE "]}", "\"largest\" mixes the units USD"},
        {QUANTITY, "{'sum':[]}", "\"sum\" must be a list of 1 to 256 quantities"},
        {QUANTITY, "{'sum':{'of':1}}", "\"sum\" must be a list"},
        {QUANTITY, "{'difference':[" BALANCE "]}", "\"difference\" must be a list of 2 to 2"},
        {QUANTITY, "{'difference':[" BALANCE "," BALANCE "," BALANCE "]}", "must be a list of 2"},
        {QUANTITY, "{'percent':[" BALANCE "," COINS(0) "]}", "constant 0 divides by 0"},
        {QUANTITY, "{'percent':[" BALANCE "," BALANCE "]}",
         "the quantity is in percent, but the criterion in BTC"},
        {QUANTITY, "{'times':{'of':" BALANCE ",'numerator':1,'denominator':0}}",
         "\"times\": \"denominator\" 0 divides by zero"},
        {QUANTITY, "{'times':{'of':" BALANCE ",'numerator':1,'denominator':-1}}",
         "\"denominator\" must be an integer"},
        {QUANTITY, "{'times':{'of':" BALANCE ",'numerator':0.5,'denominator':1}}",
         "\"numerator\" must be an integer"},
        {QUANTITY, "{'times':{'numerator':1,'denominator':1}}", "a quantity must be an object"},
        {QUANTITY, "{'times':{'of':" BALANCE ",'by':2}}", "\"times\": unknown key \"by\""},
        {QUANTITY, "{'convert':{'of':" BALANCE ",'to':'USD','rate':'official'}}",
         "\"rate\": \"official\" is none of the 2"},
        {QUANTITY, "{'convert':{'of':" BALANCE ",'to':'USD','rate':'programme'}}",
         "\"exchange_rates\" has none from BTC to USD"},
        /* A rate says one direction; the other would be a guess at its rounding. */
        {QUANTITY,
         "{'convert':{'of':{'constant':{'unit':'PKR','value':1}},'to':'USD',"
         "'rate':'programme'}}",
         "\"exchange_rates\" has none from PKR to USD"},
        {QUANTITY, "{'convert':{'of':" USD(1) ",'to':'PKR','rate':'market'}}",
         "there is a market rate for BTC only"},
        {QUANTITY, "{'convert':{'of':" USD(1) ",'to':'USD','rate':'programme'}}",
         "\"convert\" from USD to USD"},
        {QUANTITY, "{'convert':{'of':" USD(1) ",'to':'BTC','rate':'programme'}}",
         "\"convert\" from USD to BTC"},
        {QUANTITY,
         "{'convert':{'of':{'constant':{'unit':'count','value':1}},'to':'USD',"
         "'rate':'programme'}}",
         "\"convert\" from count to USD"},
        {QUANTITY, "{'convert':{'of':" BALANCE ",'to':'none','rate':'market'}}",
         "\"to\": unknown unit \"none\""},
        {QUANTITY, "{'change':{'sum':[{'change':" BALANCE "}]}}",
         "\"change\" inside another \"change\""},
        {QUANTITY, "{'change':[" BALANCE "]}", "a quantity must be an object"},
        {"versions/1/criteria/0/quantity", "{'change':{'series':{'name':'reserves','unit':'USD'}}}",
         "criterion \"reserves\": \"change\" without \"base_date\""},
    };
    REFUSED_ALL(list);
    /* Beside each other they may stand. */
    programme_free(accepted(QUANTITY, "{'sum':[{'change':" BALANCE "},{'change':" BALANCE "}]}"));
}

/* The base date is also asked for where only an adjustor counts from it. */
static void test_adjustor_base(void **state)
{
    (void)state;
    json_t *json = whole_but(QUANTITY, BALANCE);
    json_put(json, "versions/0/criteria/0/base_date", NULL);
    refused_json(json, "adjustor \"down\": \"change\" without \"base_date\"");
}

static json_t *nested(size_t depth)
{
    json_t *json = json_of(BALANCE);
    for (size_t i = 1; i < depth; i++) {
        json_t *outer = json_object();
        json_t *list = json_array();
        assert_int_equal(json_array_append_new(list, json), 0);
        assert_int_equal(json_object_set_new(outer, "sum", list), 0);
        json = outer;
    }
    return json;
}

static void test_depth(void **state)
{
    (void)state;
    struct err err = {0};
    int code;
    json_t *json = json_of(whole_text);
    json_put(json, QUANTITY, nested(EXPR_DEPTH_MAX));
    struct programme *programme = programme_try(json_incref(json), &err, &code);
    test_ok(code, &err);
    programme_free(programme);
    json_put(json, QUANTITY, nested(EXPR_DEPTH_MAX + 1));
    refused_json(json, "criterion \"net\": a quantity more than 16 deep");
}

static json_t *sum_of_series(size_t first, size_t count)
{
    json_t *sum = json_object();
    json_t *list = json_array();
    for (size_t i = first; i < first + count; i++) {
        char text[96];
        (void)snprintf(text, sizeof text, "{'series':{'name':'s%zu','unit':'BTC'}}", i);
        assert_int_equal(json_array_append_new(list, json_of(text)), 0);
    }
    assert_int_equal(json_object_set_new(sum, "sum", list), 0);
    return sum;
}

static void test_too_many(void **state)
{
    (void)state;
    struct err err = {0};
    int code;
    json_t *json = json_of(whole_text);
    json_put(json, QUANTITY, sum_of_series(0, PROGRAMME_LIST_MAX + 1));
    refused_json(json, "\"sum\" must be a list of 1 to 256 quantities");
    /* Four sums of 255 terms, and two terms of the rest: one is left until the ceiling. */
    json = json_of(whole_text);
    json_t *list = json_array();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_array_append_new(list, sum_of_series(i * 255, 255)), 0);
    json_put(json, QUANTITY, json_pack("{s:o}", "sum", list));
    struct programme *programme = programme_try(json_incref(json), &err, &code);
    test_ok(code, &err);
    assert_int_equal(programme->term_count, 4 * 255 + 2);
    assert_string_equal(programme->terms[4 * 255 - 1].label, "series s1019");
    programme_free(programme);
    assert_int_equal(json_array_append_new(list, sum_of_series(4 * 255, 3)), 0);
    refused_json(json, "more than 1024 different terms in the programme");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_units_of_results),
        cmocka_unit_test(test_refused_quantities),
        cmocka_unit_test(test_refused_operators),
        cmocka_unit_test(test_adjustor_base),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
