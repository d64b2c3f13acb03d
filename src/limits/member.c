/* Members of a programme's objects, each with its rule, and the units of amounts. */
#include "limits/limits_priv.h"

/* ---- units ---- */

/* ISO 4217, active codes, without those that are no money (metals, tests). XDR: the Fund's. */
static const char currencies[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN "
    "BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP "
    "ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR "
    "ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR "
    "PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF "
    "XCD XCG XDR XOF XPF XSU XUA YER ZAR ZMW ZWG ZWL";

static bool is_currency(const char *name)
{
    if (strlen(name) != 3 || strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        return false;
    return strstr(currencies, name) != NULL;
}

bool limits_unit_find(struct limits_unit *ret_unit, const char *name)
{
    static const struct limits_unit others[] = {
        {"BTC", 8}, {"percent", 2}, {"count", 0}, {"none", 0}};
    for (size_t i = 0; i < countof(others); i++)
        if (strcmp(others[i].name, name) == 0) {
            *ret_unit = others[i];
            return true;
        }
    if (!is_currency(name))
        return false;
    *ret_unit = (struct limits_unit){.decimals = currency_decimals(name)};
    memcpy(ret_unit->name, name, 4);
    return true;
}

bool limits_unit_equal(const struct limits_unit *a, const struct limits_unit *b)
{
    return strcmp(a->name, b->name) == 0;
}

bool limits_unit_is_currency(const struct limits_unit *unit)
{
    return is_currency(unit->name);
}

/* ---- texts ---- */

const char *limits_text_in(const struct limits_text *text, enum limits_language language)
{
    sanad_assert((unsigned)language < LANGUAGE_COUNT);
    return text->in[language] ? text->in[language] : text->in[LANGUAGE_EN];
}

bool member_is_there(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return value && !json_is_null(value);
}

int member_text(const char **ret, const char *object, const json_t *json, const char *key,
                size_t max, struct err *err)
{
    const char *text;
    int code = json_get_string(&text, object, json, key, err);
    if (code)
        return code;
    if (!*text || strlen(text) > max)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must have 1 to %zu bytes", object, key, max);
    if (!text_is_clean(text))
        return err_set(err, SANAD_REFUSED,
                       "%s: \"%s\": a text with control characters or direction marks", object,
                       key);
    *ret = text;
    return 0;
}

int member_optional_text(const char **ret, const char *object, const json_t *json, const char *key,
                         size_t max, struct err *err)
{
    return member_is_there(json, key) ? member_text(ret, object, json, key, max, err) : 0;
}

bool id_is_valid(const char *text)
{
    size_t size = strlen(text);
    return size >= 1 && size <= PROGRAMME_ID_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == size;
}

int member_id(const char **ret, const char *object, const json_t *json, const char *key,
              struct err *err)
{
    const char *text;
    int code = json_get_string(&text, object, json, key, err);
    if (code)
        return code;
    if (!id_is_valid(text))
        return err_set(err, SANAD_REFUSED,
                       "%s: \"%s\": \"%.64s\": an id is 1 to %d of a-z, 0-9, '-' and '.'", object,
                       key, text, PROGRAMME_ID_MAX);
    *ret = text;
    return 0;
}

int member_date(int64_t *ret, const char *object, const json_t *json, const char *key,
                struct err *err)
{
    const char *text;
    int code = json_get_string(&text, object, json, key, err);
    if (code)
        return code;
    code = date_parse(ret, text, err);
    return code ? err_wrap(err, "%s: \"%s\"", object, key) : 0;
}

int member_optional_date(int64_t *ret, const char *object, const json_t *json, const char *key,
                         struct err *err)
{
    return member_is_there(json, key) ? member_date(ret, object, json, key, err) : 0;
}

int member_optional_hash(const char **ret, const char *object, const json_t *json, const char *key,
                         struct err *err)
{
    const char *text;
    struct hash256 hash;
    if (!member_is_there(json, key))
        return 0;
    int code = json_get_string(&text, object, json, key, err);
    if (code)
        return code;
    if (!hash256_from_straight(&hash, text))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be 64 hexadecimal digits", object, key);
    *ret = text;
    return 0;
}

int member_name(struct limits_text *ret, const char *object, const json_t *json, const char *key,
                struct err *err)
{
    static const char *const languages[] = {"en", "es", "ur", NULL};
    _Static_assert(countof(languages) == LANGUAGE_COUNT + 1, "a code for every language");
    const json_t *texts = json_object_get(json, key);
    char named[PROGRAMME_OBJECT_SIZE + 32];
    struct limits_text text = {0};
    (void)snprintf(named, sizeof named, "%.300s: \"%s\"", object, key);
    int code = json_only_keys(named, texts, languages, err);
    if (code == 0)
        code = member_text(&text.in[LANGUAGE_EN], named, texts, "en", PROGRAMME_TEXT_MAX, err);
    for (size_t i = LANGUAGE_EN + 1; i < LANGUAGE_COUNT && code == 0; i++)
        code =
            member_optional_text(&text.in[i], named, texts, languages[i], PROGRAMME_TEXT_MAX, err);
    if (code == 0)
        *ret = text;
    return code;
}

/* ---- lists and choices ---- */

int member_list(const json_t **ret, const char *object, const json_t *json, const char *key,
                size_t least, size_t most, struct err *err)
{
    const json_t *list = json_object_get(json, key);
    if (!list && least == 0) {
        *ret = NULL;
        return 0;
    }
    if (!json_is_array(list))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be an array", object, key);
    if (json_array_size(list) > most)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": more than %zu", object, key, most);
    if (json_array_size(list) < least)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": fewer than %zu", object, key, least);
    *ret = list;
    return 0;
}

/* The index of a name; `count` where it is none of them. */
static size_t name_find(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return i;
}

int member_choice(size_t *ret, const char *object, const json_t *json, const char *key,
                  const char *const *names, size_t count, struct err *err)
{
    const char *text;
    int code = json_get_string(&text, object, json, key, err);
    if (code)
        return code;
    size_t found = name_find(names, count, text);
    if (found == count)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": \"%.64s\" is none of the %zu it may be",
                       object, key, text, count);
    *ret = found;
    return 0;
}

int member_flags(bool *ret_flags, const char *object, const json_t *json, const char *key,
                 const char *const *names, size_t count, struct err *err)
{
    const json_t *list = json_object_get(json, key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        size_t found = text ? name_find(names, count, text) : count;
        if (found == count)
            return err_set(err, SANAD_REFUSED, "%s: \"%s\": \"%.64s\" is none of the %zu it may be",
                           object, key, text ? text : "(no string)", count);
        if (ret_flags[found])
            return err_set(err, SANAD_REFUSED, "%s: \"%s\": \"%s\" stands twice", object, key,
                           text);
        ret_flags[found] = true;
    }
    return 0;
}

/* ---- amounts ---- */

int member_unit(struct limits_unit *ret, const char *object, const json_t *json, const char *key,
                struct err *err)
{
    const char *name;
    struct limits_unit unit;
    int code = json_get_string(&name, object, json, key, err);
    if (code)
        return code;
    if (!limits_unit_find(&unit, name) || strcmp(name, "none") == 0)
        return err_set(err, SANAD_REFUSED,
                       "%s: \"%s\": unknown unit \"%.64s\" (BTC, a currency of ISO 4217, percent, "
                       "count)",
                       object, key, name);
    *ret = unit;
    return 0;
}

int member_amount(struct amount *ret, const char *object, const json_t *json, const char *key,
                  const struct limits_unit *unit, int64_t min, struct err *err)
{
    const json_t *value = json_object_get(json, key);
    bool is_coin = strcmp(unit->name, "BTC") == 0;
    int64_t most = is_coin ? AMOUNT_MONEY_MAX_SAT : PROGRAMME_INTEGER_MAX;
    if (!json_is_integer(value))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be an integer", object, key);
    int64_t raw = json_integer_value(value);
    if (raw < min && min >= 0)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be at least %lld", object, key,
                       (long long)min);
    if (raw > most || raw < -most)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": %s", object, key,
                       is_coin ? "over 21 million BTC" : "beyond 2^53-1");
    *ret = amount_of(raw);
    return 0;
}

int member_source(const char **ret, const struct programme *programme, const char *object,
                  const json_t *json, struct err *err)
{
    const char *id;
    if (!member_is_there(json, "source"))
        return err_set(err, SANAD_REFUSED, "%s: a figure without a source", object);
    int code = json_get_string(&id, object, json, "source", err);
    if (code)
        return code;
    for (size_t i = 0; i < programme->source_count; i++)
        if (strcmp(programme->sources[i].id, id) == 0) {
            *ret = programme->sources[i].id;
            return 0;
        }
    return err_set(err, SANAD_REFUSED, "%s: \"source\": unknown source \"%.64s\"", object, id);
}
