/* The kinds of records, as data, and the check of a body against its kind. A new kind is a
 * new table here, and nothing else. */
#include "register/register_priv.h"

#include <stdlib.h>

/* RFC 8785: beyond it two readers of one number may differ. */
#define JSON_INTEGER_MAX ((INT64_C(1) << 53) - 1)

static const char *const meaning_names[] = {
#define X(name, text) [FLOW_##name] = (text),
    FLOW_MEANINGS(X)
#undef X
        [FLOW_MEANING_COUNT] = NULL};

const char *flow_meaning_name(enum flow_meaning meaning)
{
    sanad_assert((unsigned)meaning < FLOW_MEANING_COUNT);
    return meaning_names[meaning];
}

/* ---- checks over several fields ---- */

static bool is_capitals(const char *text, size_t size)
{
    return strlen(text) == size && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == size;
}

unsigned currency_decimals(const char *currency)
{
    static const char none[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF "
                               "XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";
    return strstr(none, currency) ? 0 : strstr(three, currency) ? 3 : 2;
}

/* Chivo once ran a night at 1 BTC = 1 USD: such a price never gets in, nor one of a single
 * minor unit. */
static int price_check(const char *object, const json_t *body, struct err *err)
{
    const char *currency = json_string_value(json_object_get(body, "currency"));
    json_int_t price = json_integer_value(json_object_get(body, "price_minor_per_btc"));
    json_int_t one = 1;
    for (unsigned i = 0; i < currency_decimals(currency); i++)
        one *= 10;
    if (price == 1 || price == one)
        return err_set(err, SANAD_REFUSED, "%s: a price of 1: one BTC is not one %s", object,
                       price == 1 ? "minor unit" : currency);
    return 0;
}

/* Trade comes before settlement. */
static int declaration_check(const char *object, const json_t *body, struct err *err)
{
    const char *trade = json_string_value(json_object_get(body, "trade_date"));
    const char *settlement = json_string_value(json_object_get(body, "settlement_date"));
    if (trade && settlement && strcmp(settlement, trade) < 0)
        return err_set(err, SANAD_REFUSED, "%s: settlement_date before trade_date", object);
    return 0;
}

/* A unit that limits knows, by its shape: BTC and currencies, hundredths of a percent, ones. A
 * series of coins is bounded as coins are. */
static int series_check(const char *object, const json_t *body, struct err *err)
{
    const char *unit = json_string_value(json_object_get(body, "unit"));
    json_int_t value = json_integer_value(json_object_get(body, "value"));
    if (!is_capitals(unit, 3) && strcmp(unit, "percent") != 0 && strcmp(unit, "count") != 0)
        return err_set(err, SANAD_REFUSED,
                       "%s: unit \"%.32s\": must be BTC, a currency, percent or count", object,
                       unit);
    if (strcmp(unit, "BTC") == 0 && (value > AMOUNT_MONEY_MAX_SAT || value < -AMOUNT_MONEY_MAX_SAT))
        return err_set(err, SANAD_REFUSED, "%s: over 21 million BTC", object);
    return 0;
}

/* ---- the tables ---- */

static const struct register_field book_fields[] = {
    {.name = "book_sha256", .type = FIELD_HASH, .required = true},
    {.name = "currency", .type = FIELD_CURRENCY, .required = true},
    {.name = "simulated", .type = FIELD_BOOLEAN, .required = true},
    {.name = "entities", .type = FIELD_INTEGER, .required = true, .max = INT32_MAX},
    {.name = "wallets", .type = FIELD_INTEGER, .required = true, .max = INT32_MAX},
};
static const struct register_field entity_fields[] = {
    {.name = "id", .type = FIELD_TEXT, .required = true, .in_key = true},
    {.name = "name", .type = FIELD_OBJECT, .required = true},
    {.name = "sector", .type = FIELD_TEXT, .required = true},
};
static const struct register_field wallet_fields[] = {
    {.name = "id", .type = FIELD_TEXT, .required = true, .in_key = true},
    {.name = "entity", .type = FIELD_TEXT, .required = true},
    {.name = "class", .type = FIELD_TEXT, .required = true},
    {.name = "since", .type = FIELD_DATE},
    {.name = "until", .type = FIELD_DATE},
};
static const struct register_field price_fields[] = {
    {.name = "currency", .type = FIELD_CURRENCY, .required = true, .in_key = true},
    {.name = "source", .type = FIELD_TEXT, .required = true, .in_key = true},
    {.name = "time", .type = FIELD_TIME, .required = true, .in_key = true},
    {.name = "price_minor_per_btc",
     .type = FIELD_INTEGER,
     .required = true,
     .min = 1,
     .max = INT64_C(1000000000000000)},
};
static const struct register_field declaration_fields[] = {
    {.name = "txid", .type = FIELD_TXID, .required = true, .in_key = true},
    {.name = "wallet", .type = FIELD_TEXT, .in_key = true},
    {.name = "meaning", .type = FIELD_CHOICE, .required = true, .choices = meaning_names},
    {.name = "trade_date", .type = FIELD_DATE},
    {.name = "settlement_date", .type = FIELD_DATE},
    {.name = "note", .type = FIELD_TEXT},
};

/* A line stands from its time on until the next of its entity and holder: the whole amount
 * owed, never a change. */
static const struct register_field liability_fields[] = {
    {.name = "time", .type = FIELD_TIME, .required = true, .in_key = true},
    {.name = "entity", .type = FIELD_TEXT, .required = true, .in_key = true},
    {.name = "holder", .type = FIELD_TEXT, .required = true, .in_key = true},
    {.name = "holder_sector", .type = FIELD_TEXT, .required = true},
    {.name = "amount_sat", .type = FIELD_INTEGER, .required = true, .max = AMOUNT_MONEY_MAX_SAT},
    {.name = "note", .type = FIELD_TEXT},
};
static const struct register_field series_fields[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .in_key = true},
    {.name = "time", .type = FIELD_TIME, .required = true, .in_key = true},
    {.name = "unit", .type = FIELD_TEXT, .required = true},
    {.name = "value",
     .type = FIELD_INTEGER,
     .required = true,
     .min = -JSON_INTEGER_MAX,
     .max = JSON_INTEGER_MAX},
    {.name = "note", .type = FIELD_TEXT},
};
/* The document of a programme is its file; the body holds what the file says. */
static const struct register_field programme_fields[] = {
    {.name = "id", .type = FIELD_TEXT, .required = true, .in_key = true},
    {.name = "version", .type = FIELD_TEXT, .required = true},
    {.name = "sha256", .type = FIELD_HASH, .required = true},
    {.name = "programme", .type = FIELD_OBJECT, .required = true},
};

static const struct register_kind kinds[] = {
    {.name = "book",
     .summary = "versions of a nation's address book",
     .fields = book_fields,
     .field_count = countof(book_fields),
     .national = true,
     .with_book = true,
     .document = DOCUMENT_OR_FILE},
    {.name = "entity",
     .summary = "public bodies, as the books name them",
     .fields = entity_fields,
     .field_count = countof(entity_fields),
     .national = true,
     .with_book = true,
     .document = DOCUMENT_OR_FILE},
    {.name = "wallet",
     .summary = "wallets, as the books declare them",
     .fields = wallet_fields,
     .field_count = countof(wallet_fields),
     .national = true,
     .with_book = true,
     .from_field = "since",
     .until_field = "until",
     .document = DOCUMENT_OR_FILE},
    {.name = "price",
     .summary = "prices of one BTC, by source",
     .fields = price_fields,
     .field_count = countof(price_fields),
     .from_field = "time",
     .document = DOCUMENT_OR_FILE,
     .check = price_check},
    {.name = "declaration",
     .summary = "what a transaction meant",
     .fields = declaration_fields,
     .field_count = countof(declaration_fields),
     .national = true,
     .document = DOCUMENT_REQUIRED,
     .check = declaration_check},
    {.name = "liability",
     .summary = "BTC owed, by debtor and holder",
     .fields = liability_fields,
     .field_count = countof(liability_fields),
     .national = true,
     .from_field = "time",
     .document = DOCUMENT_REQUIRED},
    {.name = "series",
     .summary = "figures over time: reserves, borrowing, arrears",
     .fields = series_fields,
     .field_count = countof(series_fields),
     .national = true,
     .from_field = "time",
     .document = DOCUMENT_REQUIRED,
     .check = series_check},
    {.name = "programme",
     .summary = "what was agreed, as programme files",
     .fields = programme_fields,
     .field_count = countof(programme_fields),
     .national = true,
     .document = DOCUMENT_OR_FILE},
};

const struct register_kind *register_kind_at(size_t index)
{
    return index < countof(kinds) ? &kinds[index] : NULL;
}

const struct register_kind *register_kind_find(const char *name)
{
    for (size_t i = 0; i < countof(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const struct register_field *kind_field(const struct register_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->field_count; i++)
        if (strcmp(kind->fields[i].name, name) == 0)
            return &kind->fields[i];
    return NULL;
}

/* ---- texts ---- */

bool is_nation(const char *text)
{
    return is_capitals(text, 2);
}

bool is_visibility(const char *text)
{
    return strcmp(text, "public") == 0 || strcmp(text, "fund") == 0 || strcmp(text, "sealed") == 0;
}

int name_check(const char *what, const char *name, struct err *err)
{
    size_t size = name ? strlen(name) : 0;
    if (size == 0 || size > REGISTER_TEXT_MAX || !text_is_clean(name))
        return err_set(err, SANAD_REFUSED, "%s: must be clean text of 1 to %d bytes", what,
                       REGISTER_TEXT_MAX);
    if (name[0] == ' ' || name[size - 1] == ' ')
        return err_set(err, SANAD_REFUSED, "%s: begins or ends with a space", what);
    return 0;
}

/* ---- fields ---- */

static bool is_choice(const struct register_field *field, const char *text)
{
    for (size_t i = 0; field->choices[i]; i++)
        if (strcmp(field->choices[i], text) == 0)
            return true;
    return false;
}

/* A day counts as its midnight. */
static bool moment_parse(int64_t *ret_time, const char *text)
{
    return date_parse(ret_time, text, NULL) == 0 || time_parse(ret_time, text, NULL) == 0;
}

/* The rule that a text breaks, or NULL. */
static const char *text_fault(const struct register_field *field, const char *text)
{
    struct hash256 hash;
    int64_t time;
    switch (field->type) {
    case FIELD_TEXT:
        return name_check("", text, NULL) == 0 ? NULL : "must be clean text";
    case FIELD_NATION:
        return is_nation(text) ? NULL : "must be two capital letters";
    case FIELD_CURRENCY:
        return is_capitals(text, 3) ? NULL : "must be three capital letters";
    case FIELD_TIME:
        return moment_parse(&time, text) ? NULL : "must be a time (RFC 3339) or a day";
    case FIELD_DATE:
        return date_parse(&time, text, NULL) == 0 ? NULL : "must be a day, YYYY-MM-DD";
    case FIELD_HASH:
    case FIELD_TXID:
        return hash256_from_straight(&hash, text) ? NULL : "must be 64 hexadecimal digits";
    case FIELD_CHOICE:
        return is_choice(field, text) ? NULL : "is none of the words it may be";
    case FIELD_INTEGER:
    case FIELD_BOOLEAN:
    case FIELD_OBJECT:
        break;
    }
    return "must not be a text";
}

/* One spelling for one thing: times in UTC, hashes in lower case. */
static json_t *text_normal(const struct register_field *field, const char *text)
{
    char normal[HEX256_SIZE];
    struct hash256 hash;
    int64_t time;
    if (field->type == FIELD_TIME && moment_parse(&time, text)) {
        time_format(normal, time);
        return json_string(normal);
    }
    if ((field->type == FIELD_HASH || field->type == FIELD_TXID) &&
        hash256_from_straight(&hash, text)) {
        hash256_straight(normal, &hash);
        return json_string(normal);
    }
    return json_string(text);
}

static int field_refuse(const struct register_field *field, const char *rule, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "\"%s\" %s", field->name, rule);
}

/* The value in its one spelling; a new reference. */
static int field_check(json_t **ret_value, const struct register_field *field, json_t *value,
                       struct err *err)
{
    const char *rule = NULL;
    json_int_t number = json_integer_value(value);
    if (field->type == FIELD_INTEGER)
        rule = json_is_integer(value) && number >= field->min && number <= field->max
                   ? NULL
                   : "must be an integer within its bounds";
    else if (field->type == FIELD_BOOLEAN)
        rule = json_is_boolean(value) ? NULL : "must be true or false";
    else if (field->type == FIELD_OBJECT)
        rule = json_is_object(value) ? NULL : "must be an object";
    else if (!json_is_string(value))
        rule = "must be a text";
    else
        rule = text_fault(field, json_string_value(value));
    if (rule)
        return field_refuse(field, rule, err);
    *ret_value =
        json_is_string(value) ? text_normal(field, json_string_value(value)) : json_incref(value);
    return 0;
}

/* A sign only where the field may be negative; there is one spelling of zero. */
static bool integer_from_text(int64_t *ret_value, const struct register_field *field,
                              const char *text)
{
    bool negative = text[0] == '-' && field->min < 0;
    uint64_t max = negative ? (uint64_t)0 - (uint64_t)field->min : (uint64_t)field->max;
    uint64_t number;
    text += negative ? 1 : 0;
    if (!number_parse(&number, text, strlen(text), max) || (negative && number == 0))
        return false;
    *ret_value = (int64_t)(negative ? (uint64_t)0 - number : number);
    return true;
}

int field_from_text(json_t **ret_value, const struct register_field *field, const char *text,
                    struct err *err)
{
    if (field->type == FIELD_INTEGER) {
        int64_t number;
        if (!integer_from_text(&number, field, text))
            return field_refuse(field, "must be a whole number within its bounds", err);
        *ret_value = json_integer(number);
        return 0;
    }
    if (field->type == FIELD_BOOLEAN) {
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return field_refuse(field, "must be true or false", err);
        *ret_value = json_boolean(text[0] == 't');
        return 0;
    }
    json_t *value = json_string(text);
    if (!value)
        return field_refuse(field, "is not UTF-8", err);
    *ret_value = value;
    return 0;
}

/* ---- bodies ---- */

static bool is_absent(const json_t *value)
{
    return !value || json_is_null(value);
}

/* Every field of the kind into `normal`; a null stays out. */
static int body_fields(json_t *normal, const struct register_kind *kind, const json_t *body,
                       struct err *err)
{
    for (size_t i = 0; i < kind->field_count; i++) {
        const struct register_field *field = &kind->fields[i];
        json_t *value = json_object_get(body, field->name);
        if (is_absent(value) && field->required)
            return field_refuse(field, "is missing", err);
        if (is_absent(value))
            continue;
        int code = field_check(&value, field, value, err);
        if (code)
            return code;
        (void)json_object_set_new(normal, field->name, value);
    }
    return 0;
}

/* What the table does not name: kept as it stands where it came with a book, else refused. */
static int body_others(json_t *normal, const struct register_kind *kind, const json_t *body,
                       struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)body, name, value) {
        if (kind->with_book)
            (void)json_object_set(normal, name, value);
        else if (!kind_field(kind, name))
            return err_set(err, SANAD_REFUSED, "unknown field \"%.64s\"", name);
    }
    return 0;
}

/* '/' parts a key, so it is escaped inside. */
static void key_add(struct buf *key, const char *text)
{
    for (; *text; text++) {
        if (*text == '/' || *text == '%')
            buf_format(key, "%%%02X", (unsigned)*text);
        else
            buf_u8(key, (uint8_t)*text);
    }
}

static int body_key(const char **ret_key, const struct register_kind *kind, const json_t *normal,
                    struct arena *arena, struct err *err)
{
    struct buf key = buf_with_max(REGISTER_TEXT_MAX);
    bool first = true;
    for (size_t i = 0; i < kind->field_count; i++) {
        if (!kind->fields[i].in_key)
            continue;
        const char *text = json_string_value(json_object_get(normal, kind->fields[i].name));
        if (!first)
            buf_u8(&key, '/');
        key_add(&key, text ? text : "");
        first = false;
    }
    if (first)
        buf_text(&key, kind->name); /* one thing a nation */
    int code = 0;
    if (key.bad)
        code = err_set(err, SANAD_REFUSED, "its key is over %d bytes", REGISTER_TEXT_MAX);
    else
        *ret_key = arena_strdup(arena, buf_cstr(&key));
    buf_free(&key);
    return code;
}

static int64_t body_time(const json_t *normal, const char *field, int64_t otherwise)
{
    const char *text = field ? json_string_value(json_object_get(normal, field)) : NULL;
    int64_t time = otherwise;
    if (text)
        sanad_assert(moment_parse(&time, text)); /* checked with its field */
    return time;
}

static int body_canonical(const char **ret_body, const json_t *normal, struct arena *arena,
                          struct err *err)
{
    struct buf text = buf_with_max(REGISTER_BODY_MAX);
    int code = json_canonical(&text, normal, err);
    if (code == 0)
        *ret_body = arena_strdup(arena, buf_cstr(&text));
    buf_free(&text);
    return code;
}

static int body_check(struct checked_body *ret_checked, const struct register_kind *kind,
                      json_t *normal, const json_t *body, struct arena *arena, struct err *err)
{
    struct checked_body checked = {0};
    int code = body_others(normal, kind, body, err);
    if (code == 0)
        code = body_fields(normal, kind, body, err);
    if (code == 0 && kind->check)
        code = kind->check(kind->name, normal, err);
    if (code == 0)
        code = body_key(&checked.key, kind, normal, arena, err);
    if (code == 0)
        code = body_canonical(&checked.body, normal, arena, err);
    if (code)
        return code;
    checked.valid_from = body_time(normal, kind->from_field, REGISTER_ALWAYS);
    checked.valid_until = body_time(normal, kind->until_field, REGISTER_NEVER);
    *ret_checked = checked;
    return 0;
}

int kind_body_check(struct checked_body *ret_checked, const struct register_kind *kind,
                    const json_t *body, struct arena *arena, struct err *err)
{
    if (!json_is_object(body))
        return err_set(err, SANAD_REFUSED, "the body must be an object");
    json_t *normal = json_object();
    int code = body_check(ret_checked, kind, normal, body, arena, err);
    json_decref(normal);
    return code;
}
