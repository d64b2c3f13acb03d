/* Proves: every text of the pages is there in all three languages, Urdu is written in its own
 * script, and none holds what a page would have to escape. */
#include "pack/pack_priv.h"

#include "support.h"

static bool has_arabic(const char *text)
{
    for (; *text; text++)
        if ((uint8_t)*text >= 0xd8 && (uint8_t)*text <= 0xdb)
            return true;
    return false;
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        for (size_t l = 0; l < LANGUAGE_COUNT; l++) {
            const char *text = pack_text((enum pack_text)i, (enum limits_language)l);
            assert_true(*text && text_is_clean(text));
            assert_null(strpbrk(text, "<>&\""));
        }
        assert_true(i == TEXT_LANGUAGE_CODE ||
                    has_arabic(pack_text((enum pack_text)i, LANGUAGE_UR)));
    }
}

/* A text that breaks off within a character, and characters that steer a reader's eye. */
static void test_escape(void **state)
{
    (void)state;
    static const struct {
        const char *text, *html;
    } cases[] = {{"a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;"},
                 {"x\xe2\x80\xaey", "x\xef\xbf\xbdy"},
                 {"x\xe2\x81\xa6y", "x\xef\xbf\xbdy"},
                 {"x\x01y", "x\xef\xbf\xbdy"},
                 {"\xd8", "\xef\xbf\xbd"},
                 {"سلام", "سلام"}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf buf = buf_with_max(1000);
        html_escape(&buf, cases[i].text);
        assert_string_equal(buf_cstr(&buf), cases[i].html);
        buf_free(&buf);
    }
}

/* In Urdu each figure and each run of Latin words keeps its direction, without what only
 * punctuates around it; elsewhere figures are not broken over lines. */
static void test_prose(void **state)
{
    (void)state;
    static const struct {
        enum limits_language language;
        const char *text, *html;
    } cases[] = {
        {LANGUAGE_UR, "کل 5 BTC: -7 BTC۔",
         "کل <bdi dir=\"ltr\"><span class=\"d\">5</span> BTC</bdi>: <bdi dir=\"ltr\"><span "
         "class=\"d\">-7</span> BTC</bdi>۔"},
        {LANGUAGE_UR, "ہے (a b c): <x>", "ہے (<bdi dir=\"ltr\">a b c): &lt;x&gt;</bdi>"},
        {LANGUAGE_UR, "یہ: no line is here۔", "یہ: <bdi dir=\"ltr\">no line is here</bdi>۔"},
        {LANGUAGE_EN, "rose by 3 & more", "rose by <span class=\"d\">3</span> &amp; more"},
        {LANGUAGE_EN, "", ""}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf buf = buf_with_max(1000);
        struct page page = {.buf = &buf, .language = cases[i].language};
        page_prose(&page, cases[i].text);
        assert_string_equal(buf_cstr(&buf), cases[i].html);
        buf_free(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_escape),
                                       cmocka_unit_test(test_prose)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
