/* Proves: only well-formed UTF-8 passes, what could steer a reader's terminal or reorder
 * signed text does not, and Urdu and Spanish do. */
#include "base/base_priv.h"

#include "support.h"

static void sequences_that_are_not_well_formed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xc2",             /* cut short */
        "\xc0\xaf",         /* overlong solidus */
        "\xc1\xbf",         /* overlong */
        "\xe0\x80\xaf",     /* overlong in three */
        "\xe0\x82\x9b",     /* overlong C1: a terminal might obey it */
        "\xf0\x80\x80\xaf", /* overlong in four */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* past U+10FFFF */
        "\xf8\x90\x80\x80", /* five-byte lead */
        "\xff",
        "\xe2\x82",     /* cut short */
        "\xe2\x82\x41", /* interrupted */
    };
    for (size_t i = 0; i < countof(bad); i++) {
        assert_false(text_is_utf8(bytes_of_text(bad[i])));
        assert_false(text_is_clean(bad[i]));
        char text[8];
        (void)snprintf(text, sizeof text, "%s", bad[i]);
        text_defuse(text);
        assert_int_equal(text[0], '?');
        assert_true(text_is_clean(text));
        assert_int_equal(strlen(text), strlen(bad[i]));
    }
}

static void text_for_people_passes(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "Oficina Nacional del Bitcoin de El Salvador: a\xc3\xb1o",
        "\xd9\xbe\xd8\xa7\xda\xa9\xd8\xb3\xd8\xaa\xd8\xa7\xd9\x86", /* Pakistan, in Urdu */
        "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xb1", /* with U+200C, which Urdu needs */
        "\xf0\x9f\x87\xb8\xf0\x9f\x87\xbb",     /* past the first plane */
        "\xed\x9f\xbf\xee\x80\x80",             /* beside the surrogates */
    };
    for (size_t i = 0; i < countof(good); i++) {
        char text[128];
        assert_true(text_is_clean(good[i]));
        (void)snprintf(text, sizeof text, "%s", good[i]);
        text_defuse(text);
        assert_string_equal(text, good[i]);
    }
}

static void text_that_steers_is_not_clean(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a\nb",
        "\x1b[31m",
        "\x7f",
        "\xc2\x9b[31m",     /* C1 control sequence introducer */
        "\xe2\x80\xaegpj",  /* U+202E right-to-left override */
        "\xe2\x80\xaa",     /* U+202A */
        "\xe2\x81\xa6",     /* U+2066 isolate */
        "\xe2\x81\xa9",     /* U+2069 */
        "\xef\xbb\xbf",     /* byte order mark */
        "\xef\xb7\x90",     /* U+FDD0 */
        "\xef\xbf\xbf",     /* U+FFFF */
        "\xf0\x9f\xbf\xbe", /* U+1FFFE */
        "\xf4\x8f\xbf\xbf", /* U+10FFFF */
    };
    for (size_t i = 0; i < countof(bad); i++)
        if (text_is_clean(bad[i]))
            fail_msg("text %zu passes", i);
    char text[] = "a\x1b]0;\xe2\x80\xae\xc2\x9b";
    text_defuse(text);
    assert_string_equal(text, "a?]0;?????");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_that_are_not_well_formed),
        cmocka_unit_test(text_for_people_passes),
        cmocka_unit_test(text_that_steers_is_not_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
