/* Turns what an office has (a CSV file of addresses, Core's `listdescriptors`) into a book.
 * What the file does not say and the caller does not give gets the code that stands for
 * "unknown" (nation ZZ, currency XXX, sector S1), which a person then replaces. */
#include "book/book_priv.h"

#include <stdlib.h>

static const char *const known_columns[] = {
    "n",          "address",     "descriptor", "script_pubkey_hex",
    "nation",     "currency",    "entity",     "entity_name",
    "sector",     "wallet",      "class",      "control",
    "visibility", "temperature", "since",      "until",
    "range",      "gap",         "note"};

struct converter {
    const char *object;
    const struct csv *csv;
    const struct chain_params *params;
    const struct book_defaults *defaults;
    json_t *book;
    json_t *entities_by_id; /* borrowed objects of the arrays below */
    json_t *wallets_by_id;
    size_t row;
    struct err *err;
};

static const char *or_else(const char *text, const char *otherwise)
{
    return text && *text ? text : otherwise;
}

static int row_refuse(struct converter *converter, const char *rule, const char *what)
{
    return err_set(converter->err, SANAD_REFUSED, "%s: line %zu: %s%s%.100s", converter->object,
                   converter->csv->lines[converter->row], rule, *what ? ": " : "", what);
}

/* The field of a column in this row; "" where there is no such column. */
static const char *field(const struct converter *converter, const char *column)
{
    int at = csv_column(converter->csv, column);
    return at < 0 ? "" : converter->csv->rows[converter->row][at];
}

/* Sets a member, or refuses where another row has said something else. */
static int set_once(struct converter *converter, json_t *object, const char *key, json_t *value)
{
    const json_t *old = json_object_get(object, key);
    bool differs = old && !json_equal((json_t *)old, value);
    if (differs) {
        json_decref(value);
        return row_refuse(converter, "says otherwise than an earlier line", key);
    }
    (void)json_object_set_new(object, key, value);
    return 0;
}

static int set_text(struct converter *converter, json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text); /* NULL where it is no UTF-8 */
    return value ? set_once(converter, object, key, value)
                 : row_refuse(converter, "not UTF-8", key);
}

/* ---- entities and wallets ---- */

static int entity_add(struct converter *converter, const char *id)
{
    json_t *entity = json_object_get(converter->entities_by_id, id);
    if (!entity) {
        entity = json_object();
        (void)json_array_append_new(json_object_get(converter->book, "entities"), entity);
        (void)json_object_set(converter->entities_by_id, id, entity);
    }
    int code = set_text(converter, entity, "id", id);
    if (code == 0)
        code = set_text(converter, entity, "sector", or_else(field(converter, "sector"), "S1"));
    json_t *name = json_pack("{s:s}", "en", or_else(field(converter, "entity_name"), id));
    if (code == 0 && !name)
        code = row_refuse(converter, "not UTF-8", "entity_name");
    if (code == 0)
        code = set_once(converter, entity, "name", name);
    else
        json_decref(name);
    return code;
}

/* A column that is copied where it has content. */
static int wallet_optional(struct converter *converter, json_t *wallet, const char *key)
{
    const char *text = field(converter, key);
    return *text ? set_text(converter, wallet, key, text) : 0;
}

static int wallet_number(struct converter *converter, json_t *wallet, const char *key, uint64_t max)
{
    const char *text = field(converter, key);
    uint64_t value;
    if (!*text)
        return 0;
    if (!number_parse(&value, text, strlen(text), max))
        return row_refuse(converter, "not a number within its bounds", key);
    return set_once(converter, wallet, key, json_integer((json_int_t)value));
}

static int wallet_members(struct converter *converter, json_t *wallet, const char *entity)
{
    static const char *const copied[] = {"temperature", "since", "until", "note"};
    const char *class_ = or_else(converter->defaults->class_, "other");
    int code = set_text(converter, wallet, "entity", entity);
    if (code == 0)
        code = set_text(converter, wallet, "class", or_else(field(converter, "class"), class_));
    if (code == 0)
        code = set_text(converter, wallet, "control",
                        or_else(field(converter, "control"), "declared"));
    if (code == 0)
        code = set_text(converter, wallet, "visibility",
                        or_else(field(converter, "visibility"), "public"));
    for (size_t i = 0; i < countof(copied) && code == 0; i++)
        code = wallet_optional(converter, wallet, copied[i]);
    if (code == 0)
        code = wallet_number(converter, wallet, "range", BOOK_RANGE_MAX);
    if (code == 0)
        code = wallet_number(converter, wallet, "gap", BOOK_GAP_MAX);
    return code;
}

static json_t *wallet_of(struct converter *converter, const char *id)
{
    json_t *wallet = json_object_get(converter->wallets_by_id, id);
    if (wallet)
        return wallet;
    wallet = json_pack("{s:s, s:[]}", "id", id, "descriptors");
    if (!wallet)
        return NULL;
    (void)json_array_append_new(json_object_get(converter->book, "wallets"), wallet);
    (void)json_object_set(converter->wallets_by_id, id, wallet);
    return wallet;
}

/* ---- rows ---- */

/* The script that the file gives must be the address's own. */
static int address_check(struct converter *converter, const char *address)
{
    struct buf script = buf_with_max(SCRIPT_SIZE_MAX);
    int code = address_to_script(&script, converter->params, address, converter->err);
    if (code) {
        buf_free(&script);
        return err_wrap(converter->err, "%s: line %zu", converter->object,
                        converter->csv->lines[converter->row]);
    }
    const char *given = field(converter, "script_pubkey_hex");
    uint8_t bytes[ADDRESS_TEXT_SIZE];
    bool same = !*given || (script.size <= sizeof bytes &&
                            hex_decode(bytes, script.size, given, strlen(given)) &&
                            memcmp(bytes, script.data, script.size) == 0);
    buf_free(&script);
    return same ? 0 : row_refuse(converter, "script_pubkey_hex is not the address's", address);
}

static int row_descriptor(struct converter *converter, json_t *descriptors)
{
    const char *address = field(converter, "address");
    const char *descriptor = field(converter, "descriptor");
    if (!*address == !*descriptor)
        return row_refuse(converter, "needs an address or a descriptor, one of them", "");
    struct descriptor *parsed;
    int code = *address ? address_check(converter, address)
                        : descriptor_parse(&parsed, converter->params, descriptor, converter->err);
    if (code)
        return *address ? code
                        : err_wrap(converter->err, "%s: line %zu", converter->object,
                                   converter->csv->lines[converter->row]);
    if (*descriptor)
        descriptor_free(parsed);
    json_t *text = *address ? json_sprintf("addr(%s)", address) : json_string(descriptor);
    (void)json_array_append_new(descriptors, text);
    return 0;
}

static int row_convert(struct converter *converter)
{
    const struct book_defaults *defaults = converter->defaults;
    const char *entity = or_else(field(converter, "entity"), or_else(defaults->entity, "holder"));
    const char *id = or_else(field(converter, "wallet"), or_else(defaults->wallet, "wallet-1"));
    const char *nation = or_else(field(converter, "nation"), or_else(defaults->nation, "ZZ"));
    const char *currency =
        or_else(field(converter, "currency"), or_else(defaults->currency, "XXX"));
    int code = set_text(converter, converter->book, "nation", nation);
    if (code == 0)
        code = set_text(converter, converter->book, "currency", currency);
    if (code == 0)
        code = entity_add(converter, entity);
    json_t *wallet = code == 0 ? wallet_of(converter, id) : NULL;
    if (code == 0 && !wallet)
        code = row_refuse(converter, "not UTF-8", "wallet");
    if (code == 0)
        code = wallet_members(converter, wallet, entity);
    if (code == 0)
        code = row_descriptor(converter, json_object_get(wallet, "descriptors"));
    return code;
}

static int columns_check(const struct converter *converter)
{
    const struct csv *csv = converter->csv;
    for (size_t c = 0; c < csv->column_count; c++) {
        size_t i = 0;
        while (i < countof(known_columns) && strcmp(known_columns[i], csv->columns[c]) != 0)
            i++;
        if (i == countof(known_columns))
            return err_set(converter->err, SANAD_REFUSED, "%s: unknown column \"%.64s\"",
                           converter->object, csv->columns[c]);
        if (csv_column(csv, csv->columns[c]) != (int)c)
            return err_set(converter->err, SANAD_REFUSED, "%s: column \"%s\" stands twice",
                           converter->object, csv->columns[c]);
    }
    if (csv->row_count == 0)
        return err_set(converter->err, SANAD_REFUSED, "%s: no rows", converter->object);
    return 0;
}

static json_t *book_new(const struct book_defaults *defaults)
{
    json_t *book = json_pack("{s:[], s:[]}", "entities", "wallets");
    if (defaults->simulated)
        (void)json_object_set_new(book, "simulated", json_true());
    return book;
}

static int csv_convert(json_t **ret_book, const char *object, struct bytes text,
                       const struct book_defaults *defaults, const struct chain_params *params,
                       struct err *err)
{
    struct csv csv;
    int code = csv_read(&csv, object, text, err);
    if (code)
        return code;
    struct converter converter = {.object = object,
                                  .csv = &csv,
                                  .params = params,
                                  .defaults = defaults,
                                  .book = book_new(defaults),
                                  .entities_by_id = json_object(),
                                  .wallets_by_id = json_object(),
                                  .err = err};
    code = columns_check(&converter);
    for (; code == 0 && converter.row < csv.row_count; converter.row++)
        code = row_convert(&converter);
    json_decref(converter.entities_by_id);
    json_decref(converter.wallets_by_id);
    csv_free(&csv);
    if (code)
        json_decref(converter.book);
    else
        *ret_book = converter.book;
    return code;
}

/* ---- listdescriptors ---- */

/* Core's answer, or only its array, as it stands: the reader takes its items. */
static int core_convert(json_t **ret_book, const char *object, struct bytes text,
                        const struct book_defaults *defaults, struct err *err)
{
    json_t *core;
    int code = json_read(&core, object, text, BOOK_SIZE_MAX, err);
    if (code)
        return code;
    json_t *list = json_object_get(core, "descriptors");
    const char *name = json_string_value(json_object_get(core, "wallet_name"));
    const char *holder = or_else(defaults->entity, "holder");
    json_t *book = book_new(defaults);
    json_t *entity =
        json_pack("{s:s, s:{s:s}, s:s}", "id", holder, "name", "en", holder, "sector", "S1");
    json_t *wallet =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "id",
                  or_else(defaults->wallet, or_else(name, "wallet-1")), "entity", holder, "class",
                  or_else(defaults->class_, "other"), "control", "declared", "visibility", "public",
                  "descriptors", list ? list : core);
    (void)json_object_set_new(book, "nation", json_string(or_else(defaults->nation, "ZZ")));
    (void)json_object_set_new(book, "currency", json_string(or_else(defaults->currency, "XXX")));
    (void)json_array_append_new(json_object_get(book, "entities"), entity);
    (void)json_array_append_new(json_object_get(book, "wallets"), wallet);
    json_decref(core);
    *ret_book = book;
    return 0;
}

/* ---- both ---- */

static bool looks_like_json(struct bytes text)
{
    size_t i = 0;
    while (i < text.size && strchr(" \t\r\n", text.data[i]) && text.data[i])
        i++;
    return i < text.size && (text.data[i] == '{' || text.data[i] == '[');
}

/* As the contract writes a book: nation first. Takes the reference. */
static json_t *in_order(json_t *json)
{
    static const char *const keys[] = {"nation", "currency", "simulated", "entities", "wallets"};
    json_t *ordered = json_object();
    for (size_t i = 0; i < countof(keys); i++)
        if (json_object_get(json, keys[i]))
            (void)json_object_set(ordered, keys[i], json_object_get(json, keys[i]));
    json_decref(json);
    return ordered;
}

/* What we hand out is a book that the reader accepts. */
static int converted_check(const json_t *json, const char *object,
                           const struct chain_params *params, struct err *err)
{
    struct buf text = buf_with_max(BOOK_SIZE_MAX);
    struct book *book = NULL;
    int code = json_canonical(&text, json, err);
    if (code)
        code = err_wrap(err, "%s", object);
    else
        code = book_read(&book, object, buf_bytes(&text), params, err);
    book_free(book);
    buf_free(&text);
    return code;
}

int book_convert(json_t **ret_book, const char *object, struct bytes text,
                 const struct book_defaults *defaults, const struct chain_params *params,
                 struct err *err)
{
    static const struct book_defaults none = {0};
    json_t *json = NULL;
    if (!defaults)
        defaults = &none;
    int code = looks_like_json(text) ? core_convert(&json, object, text, defaults, err)
                                     : csv_convert(&json, object, text, defaults, params, err);
    if (code)
        return code;
    json = in_order(json);
    code = converted_check(json, object, params, err);
    if (code)
        json_decref(json);
    else
        *ret_book = json;
    return code;
}

int book_from_csv(json_t **ret_book, const char *path, const struct book_defaults *defaults,
                  const struct chain_params *params, struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, BOOK_SIZE_MAX, err);
    if (code)
        return code;
    code = book_convert(ret_book, path, buf_bytes(&text), defaults, params, err);
    buf_free(&text);
    return code;
}
