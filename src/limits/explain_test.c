/* Proves the sentences: who, how much, which day, what did not happen; in three languages, each
 * whole. */
#include "stage_test.h"

/* As in July 2025: clients take dollars for 30 BTC on 2025-01-08, no coin moves; sold on day 9.
 * On day 17 the office buys 5. */
static void play(struct stage *stage)
{
    stage_open(stage, stage_book);
    size_t first = world_tx(
        &stage->world, NO_INS,
        OUT({SCRIPT_RESERVE, BTC(40)}, {SCRIPT_CLIENTS, BTC(60)}, {SCRIPT_FOREIGN, BTC(1000)}));
    stage_owes(stage, "operator", "S14", 0, BTC(60), STAGE_DAY(0));
    stage_owes(stage, "operator", "S14", 7, BTC(30), STAGE_DAY(7));
    stage_to(stage, 9);
    size_t sold = world_tx(&stage->world, IN({.coin = first + 1}),
                           OUT({SCRIPT_CLIENTS, BTC(30)}, {SCRIPT_FOREIGN, BTC(30)}));
    stage_means(stage, sold, NULL, FLOW_SALE, STAGE_DAY(9));
    stage_to(stage, 17);
    size_t bought = world_tx(&stage->world, IN({.coin = first + 2}),
                             OUT({SCRIPT_RESERVE, BTC(5)}, {SCRIPT_FOREIGN, BTC(995)}));
    stage_means(stage, bought, NULL, FLOW_PURCHASE, STAGE_DAY(17));
    stage_to(stage, 20);
}

static char *explained(const struct criterion_result *result, enum limits_language language)
{
    struct buf buf = buf_with_max(1 << 16);
    limits_explain(&buf, result, language);
    char *text = mem_strdup(buf_cstr(&buf));
    assert_false(buf.bad);
    buf_free(&buf);
    assert_true(text_is_clean(text));
    assert_null(strchr(text, '{'));
    return text;
}

static void says(const struct criterion_result *result, enum limits_language language,
                 const char *const *parts)
{
    char *text = explained(result, language);
    for (; *parts; parts++)
        if (!strstr(text, *parts))
            fail_msg("\"%s\" says nothing of \"%s\"", text, *parts);
    free(text);
}

static void says_not(const struct criterion_result *result, const char *part)
{
    char *text = explained(result, LANGUAGE_EN);
    if (strstr(text, part))
        fail_msg("\"%s\" says \"%s\"", text, part);
    free(text);
}

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ON(n) ((struct limits_options){.day = STAGE_DAY(n)})

static void customers_took_dollars_and_no_coin_moved(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    stage_ready(&stage, json_of(stage_programme));
    struct limits_result result = stage_evaluate(&stage, ON(7));
    const struct criterion_result *net = stage_criterion(&result, "net");
    says(net, LANGUAGE_EN,
         PARTS("30 BTC against a ceiling of 0 BTC: broken by 30 BTC.", "Broken since 2025-01-08.",
               "Client liabilities of operator fell by 30 BTC on 2025-01-08 and no coins were "
               "sold; the net position rose by 30 BTC to 30 BTC."));
    says(net, LANGUAGE_ES, PARTS("30 BTC", "2025-01-08", "pasivos con clientes", "operator"));
    says(net, LANGUAGE_UR, PARTS("30 BTC", "2025-01-08", "operator"));
    limits_result_free(&result);
    result = stage_evaluate(&stage, ON(9));
    net = stage_criterion(&result, "net");
    says(net, LANGUAGE_EN,
         PARTS("0 BTC to spare", "Broken from 2025-01-08", "met again on 2025-01-10"));
    limits_result_free(&result);
    stage_close(&stage);
}

/* Where coins were sold as well the sentence does not say that none were. */
static void a_sale_of_the_same_day_is_told(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    json_t *json = json_of(stage_programme);
    json_put(json, "versions/0/criteria/0/base_date", json_string("2025-01-08"));
    json_put(json, "versions/0/criteria/0/ceiling", json_integer(-1));
    json_put(json, "versions/0/criteria/0/base_date", json_string("2025-01-03"));
    stage_owes(&stage, "operator", "S14", 9, 0, STAGE_DAY(9));
    json_put(json, "versions/0/from", json_string("2025-01-10"));
    stage_ready(&stage, json);
    struct limits_result result = stage_evaluate(&stage, ON(9));
    const struct criterion_result *net = stage_criterion(&result, "net");
    says(net, LANGUAGE_EN,
         PARTS("from 2025-01-03 to 2025-01-10", "fell by 60 BTC", "declared sales -30 BTC"));
    says_not(net, "no coins were sold");
    limits_result_free(&result);
    stage_close(&stage);
}

static void a_purchase_is_named(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    stage_ready(&stage, json_of(stage_programme));
    struct limits_result result = stage_evaluate(&stage, ON(18));
    const struct criterion_result *gross = stage_criterion(&result, "gross");
    says(gross, LANGUAGE_EN,
         PARTS("5 BTC against a ceiling of 0 BTC: broken by 5 BTC", "declared purchases",
               "on 2025-01-18", "acquisitions rose by 5 BTC"));
    limits_result_free(&result);
    result = stage_evaluate(&stage, ON(20)); /* the newest block's day goes on */
    says(stage_criterion(&result, "gross"), LANGUAGE_EN, PARTS("The day is not over."));
    limits_result_free(&result);
    stage_close(&stage);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    json_t *json = json_of(stage_programme);
    json_t *gap = json_of("{'liabilities':{'perimeter':'public','max_age_days':3}}");
    json_put(json, "versions/0/criteria/0/quantity", gap);
    stage_ready(&stage, json);
    struct limits_result result = stage_evaluate(&stage, ON(13));
    const struct criterion_result *net = stage_criterion(&result, "net");
    assert_int_equal(net->verdict, LIMITS_UNDECIDED);
    says(net, LANGUAGE_EN, PARTS("Undecided: ", "operator", "2025-01-08"));
    assert_false(result.complete);
    limits_result_free(&result);
    stage_close(&stage);
}

static void every_word_is_there_in_every_language(void **state)
{
    (void)state;
    for (enum limits_language language = LANGUAGE_EN; language < LANGUAGE_COUNT; language++) {
        for (enum reason_kind kind = REASON_PURCHASE; kind < REASON_KIND_COUNT; kind++)
            assert_true(strlen(limits_reason_words(kind, language)) > 3);
        for (enum limits_verdict verdict = LIMITS_MET; verdict <= LIMITS_NOT_MET; verdict++)
            assert_true(strlen(limits_verdict_words(verdict, language)) > 2);
    }
}

/* Each sentence that can be said, in each language, from results made by hand. */
static void no_sentence_is_missing(void **state)
{
    (void)state;
    struct stage stage;
    play(&stage);
    stage_ready(&stage, json_of(stage_programme));
    struct limits_result result = stage_evaluate(&stage, ON(9));
    struct criterion_result made = *stage_criterion(&result, "net");
    struct waiver waiver = {
        .from = STAGE_DAY(7), .until = STAGE_DAY(8), .granted = STAGE_DAY(30), .source = "s"};
    made.breaches[0].waiver = &waiver;
    made.warning = made.preliminary = made.misreporting = made.has_reported = true;
    made.reported_verdict = LIMITS_NOT_MET;
    made.day_over = false;
    struct limits_change *change = &made.breaches[0].change;
    for (enum reason_kind kind = REASON_PURCHASE; kind < REASON_KIND_COUNT; kind++)
        for (int sign = -1; sign <= 1; sign += 2)
            for (int days = 1; days <= 2; days++)
                for (enum limits_subject subject = SUBJECT_FIGURE; subject <= SUBJECT_ACQUISITIONS;
                     subject++)
                    for (enum limits_language language = LANGUAGE_EN; language < LANGUAGE_COUNT;
                         language++) {
                        *change = (struct limits_change){.subject = subject,
                                                         .from = STAGE_DAY(7 - days),
                                                         .to = STAGE_DAY(7),
                                                         .before = amount_zero(),
                                                         .after = amount_of(sign * BTC(3)),
                                                         .count = 2,
                                                         .rest = amount_of(-sign * BTC(4))};
                        change->reasons[0] = (struct reason){
                            .kind = kind, .who = "somebody", .effect = amount_of(sign * BTC(6))};
                        change->reasons[1] = (struct reason){.kind = REASON_FEES,
                                                             .effect = amount_of(sign * BTC(1))};
                        says(&made, language,
                             PARTS("2025-01-08", "6 BTC", "3 BTC", "1 BTC", "4 BTC", "2025-01-31",
                                   limits_verdict_words(LIMITS_NOT_MET, language),
                                   kind == REASON_LIABILITIES ? "somebody"
                                                              : limits_reason_words(kind, language),
                                   limits_reason_words(REASON_FEES, language)));
                    }
    change->count = 0;
    for (enum limits_language language = LANGUAGE_EN; language < LANGUAGE_COUNT; language++)
        says(&made, language, PARTS("2025-01-08"));
    limits_result_free(&result);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(customers_took_dollars_and_no_coin_moved),
        cmocka_unit_test(a_sale_of_the_same_day_is_told),
        cmocka_unit_test(a_purchase_is_named),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(every_word_is_there_in_every_language),
        cmocka_unit_test(no_sentence_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
