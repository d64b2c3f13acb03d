/* Books, prices and declarations as the institutions ask for them. */
#include "register/register_priv.h"

#include <stdlib.h>

/* A body that we wrote ourselves; what does not read was changed behind our back. */
static int body_read(json_t **ret_body, const struct record *record, struct err *err)
{
    int code =
        json_read(ret_body, record->kind, bytes_of_text(record->body), REGISTER_BODY_MAX, err);
    return code ? err_wrap(err, "register: record %lld", (long long)record->number) : 0;
}

static int damaged(const struct record *record, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "register: record %lld: its body was changed",
                   (long long)record->number);
}

/* ---- documents ---- */

int register_document(struct registry *registry, struct bytes *ret_text,
                      const struct hash256 *sha256, struct arena *arena, struct err *err)
{
    struct store_query *query;
    struct hash256 hash;
    char name[HEX256_SIZE];
    hash256_straight(name, sha256);
    int code = registry_query(registry, &query, QUERY_DOCUMENT_GET, err);
    if (code)
        return code;
    query_bind_hash(query, 1, sha256);
    code = query_step(query, err);
    if (code < 0)
        return code;
    if (code == 0)
        return err_set(err, SANAD_MISSING, "document %s: not kept here", name);
    struct bytes text = query_bytes(query, 0);
    sha256_of(&hash, text);
    bool same = hash256_equal(&hash, sha256);
    if (same)
        *ret_text = arena_bytes(arena, text);
    query_reset(query);
    return same ? 0
                : err_set(err, SANAD_FALSE, "register: document %s: its content was changed", name);
}

/* ---- books ---- */

static int book_from(struct register_book *ret_book, const struct record *record, struct err *err)
{
    json_t *body;
    int code = body_read(&body, record, err);
    if (code)
        return code;
    struct register_book book = {.number = record->number,
                                 .nation = record->nation,
                                 .known = record->known,
                                 .decided = record->decided,
                                 .state = record->state,
                                 .simulated = json_is_true(json_object_get(body, "simulated"))};
    const char *sha256 = json_string_value(json_object_get(body, "book_sha256"));
    if (!sha256 || !hash256_from_straight(&book.sha256, sha256))
        code = damaged(record, err);
    else
        *ret_book = book;
    json_decref(body);
    return code;
}

int register_book_as_known(struct registry *registry, struct register_book *ret_book,
                           struct bytes *ret_text, const char *nation, int64_t known,
                           struct arena *arena, struct err *err)
{
    struct register_query query = {.kind = "book", .nation = nation, .known = known};
    struct register_book book;
    struct record *records;
    size_t count;
    int code = register_as_known(registry, &records, &count, &query, arena, err);
    if (code)
        return code;
    if (count == 0)
        return err_set(err, SANAD_MISSING, "nation %.8s: no address book was known", nation);
    code = book_from(&book, &records[0], err);
    if (code == 0)
        code = register_document(registry, ret_text, &book.sha256, arena, err);
    if (code == 0)
        *ret_book = book;
    return code;
}

int register_books(struct registry *registry, struct register_book **ret_books, size_t *ret_count,
                   const char *nation, struct arena *arena, struct err *err)
{
    struct register_query query = {.kind = "book", .nation = nation, .known = INT64_MAX};
    struct record *records;
    size_t count;
    int code = register_history(registry, &records, &count, &query, arena, err);
    if (code)
        return code;
    struct register_book *books = arena_alloc(arena, count, sizeof *books);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!records[i].body)
            continue; /* withdrawn */
        code = book_from(&books[kept], &records[i], err);
        if (code)
            return code;
        kept++;
    }
    *ret_books = books;
    *ret_count = kept;
    return 0;
}

/* ---- prices ---- */

static int price_from(struct register_price *ret_price, const struct record *record,
                      struct arena *arena, struct err *err)
{
    json_t *body;
    int code = body_read(&body, record, err);
    if (code)
        return code;
    const char *source = json_string_value(json_object_get(body, "source"));
    const char *currency = json_string_value(json_object_get(body, "currency"));
    const json_t *price = json_object_get(body, "price_minor_per_btc");
    if (!source || !currency || !json_is_integer(price))
        code = damaged(record, err);
    else
        *ret_price = (struct register_price){.number = record->number,
                                             .time = record->valid_from,
                                             .source = arena_strdup(arena, source),
                                             .currency = arena_strdup(arena, currency),
                                             .price_minor_per_btc = json_integer_value(price),
                                             .document = record->document,
                                             .state = record->state};
    json_decref(body);
    return code;
}

/* The rows of one span of time; the key holds the time, so a key never leaves its span. */
static int prices_read(struct registry *registry, struct record **ret_records, size_t *ret_count,
                       const struct price_query *asked, struct arena *arena, struct err *err)
{
    struct register_query query = {.kind = "price",
                                   .nation = "",
                                   .known = asked->known,
                                   .spanned = true,
                                   .from_after = asked->after,
                                   .from_to = asked->to};
    return register_as_known(registry, ret_records, ret_count, &query, arena, err);
}

static int price_compare(const void *a, const void *b)
{
    const struct register_price *x = a;
    const struct register_price *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return strcmp(x->source, y->source);
}

int register_prices(struct registry *registry, struct register_price **ret_prices,
                    size_t *ret_count, const struct price_query *asked, struct arena *arena,
                    struct err *err)
{
    struct record *records;
    size_t count;
    int code = prices_read(registry, &records, &count, asked, arena, err);
    if (code)
        return code;
    struct register_price *prices = arena_alloc(arena, count, sizeof *prices);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        code = price_from(&prices[kept], &records[i], arena, err);
        if (code)
            return code;
        kept += strcmp(prices[kept].currency, asked->currency) == 0;
    }
    if (kept > 1)
        qsort(prices, kept, sizeof *prices, price_compare);
    *ret_prices = prices;
    *ret_count = kept;
    return 0;
}

/* ---- declarations ---- */

static bool meaning_from(enum flow_meaning *ret_meaning, const char *text)
{
    for (size_t i = 0; text && i < FLOW_MEANING_COUNT; i++)
        if (strcmp(flow_meaning_name((enum flow_meaning)i), text) == 0) {
            *ret_meaning = (enum flow_meaning)i;
            return true;
        }
    return false;
}

static const char *body_text(const json_t *body, const char *name, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(body, name));
    return text ? arena_strdup(arena, text) : NULL;
}

static bool body_date(int64_t *ret_date, const json_t *body, const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));
    return text && date_parse(ret_date, text, NULL) == 0;
}

static int declaration_from(struct register_declaration *ret, const struct record *record,
                            struct arena *arena, struct err *err)
{
    json_t *body;
    int code = body_read(&body, record, err);
    if (code)
        return code;
    struct register_declaration declaration = {.number = record->number,
                                               .wallet = body_text(body, "wallet", arena),
                                               .document = record->document,
                                               .document_name = record->document_name,
                                               .note = body_text(body, "note", arena),
                                               .known = record->known,
                                               .state = record->state};
    const char *txid = json_string_value(json_object_get(body, "txid"));
    const char *meaning = json_string_value(json_object_get(body, "meaning"));
    declaration.has_trade_date = body_date(&declaration.trade_date, body, "trade_date");
    declaration.has_settlement_date =
        body_date(&declaration.settlement_date, body, "settlement_date");
    if (!txid || !hash256_from_display(&declaration.txid, txid) ||
        !meaning_from(&declaration.meaning, meaning))
        code = damaged(record, err);
    else
        *ret = declaration;
    json_decref(body);
    return code;
}

static int declaration_compare(const void *a, const void *b)
{
    const struct register_declaration *x = a;
    const struct register_declaration *y = b;
    int order = hash256_compare(&x->txid, &y->txid);
    return order ? order : strcmp(x->wallet ? x->wallet : "", y->wallet ? y->wallet : "");
}

int register_declarations(struct registry *registry, struct register_declaration **ret_list,
                          size_t *ret_count, const char *nation, int64_t known, struct arena *arena,
                          struct err *err)
{
    struct register_query query = {.kind = "declaration", .nation = nation, .known = known};
    struct record *records;
    size_t count;
    int code = register_as_known(registry, &records, &count, &query, arena, err);
    if (code)
        return code;
    struct register_declaration *list = arena_alloc(arena, count, sizeof *list);
    for (size_t i = 0; i < count && code == 0; i++)
        code = declaration_from(&list[i], &records[i], arena, err);
    if (code)
        return code;
    if (count > 1)
        qsort(list, count, sizeof *list, declaration_compare);
    *ret_list = list;
    *ret_count = count;
    return 0;
}
