/* What stands for a key as known at a time, and everything that ever stood. */
#include "register/register_priv.h"

#include <stdlib.h>

enum { SQL_SIZE_MAX = 4096 };

/* A list that grows in the heap and ends in an arena. */
struct record_list {
    struct record *records;
    size_t count;
    size_t capacity;
};

static struct record *list_add(struct record_list *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->records = mem_realloc(list->records, list->capacity, sizeof *list->records);
    }
    return &list->records[list->count++];
}

static void list_give(struct record_list *list, struct record **ret_records, size_t *ret_count,
                      struct arena *arena)
{
    *ret_records = arena_alloc(arena, list->count, sizeof **ret_records);
    if (list->count)
        memcpy(*ret_records, list->records, list->count * sizeof *list->records);
    *ret_count = list->count;
}

/* Conditions only for what is asked, so that the indexes serve. */
static int query_make(struct store_query **ret_query, struct registry *registry,
                      const struct register_query *asked, const char *more, struct err *err)
{
    struct buf sql = buf_with_max(SQL_SIZE_MAX);
    buf_text(&sql, "SELECT " RECORD_COLUMNS " FROM register_journal r"
                   " LEFT JOIN register_journal d ON d.record = r.number"
                   " AND d.number <> r.number AND d.known <= ?1"
                   " WHERE r.kind = ?2 AND r.action = 'propose' AND r.known <= ?1");
    if (asked->nation)
        buf_text(&sql, " AND r.nation = ?3");
    if (asked->key)
        buf_text(&sql, " AND r.key = ?4");
    if (asked->spanned)
        buf_text(&sql, " AND r.valid_from > ?5 AND r.valid_from <= ?6");
    buf_text(&sql, more);
    struct store_query *query;
    int code = store_query_new(&query, registry->store, buf_cstr(&sql), err);
    buf_free(&sql);
    if (code)
        return code;
    query_bind_integer(query, 1, asked->known);
    query_bind_text(query, 2, asked->kind);
    if (asked->nation)
        query_bind_text(query, 3, asked->nation);
    if (asked->key)
        query_bind_text(query, 4, asked->key);
    if (asked->spanned) {
        query_bind_integer(query, 5, asked->from_after);
        query_bind_integer(query, 6, asked->from_to);
    }
    *ret_query = query;
    return 0;
}

static bool holds_at(const struct record *record, const struct register_query *asked)
{
    return !asked->at_a_time ||
           (record->valid_from <= asked->valid && asked->valid < record->valid_until);
}

static bool same_key(const struct record *a, const struct record *b)
{
    return strcmp(a->key, b->key) == 0 && strcmp(a->nation, b->nation) == 0;
}

/* Rows come key by key, the one that stands first; the rest of a key is passed over. */
static int standing_read(struct record_list *list, struct store_query *query,
                         const struct register_query *asked, struct arena *arena, struct err *err)
{
    struct record last = {.key = "", .nation = "?"};
    int code;
    while ((code = query_step(query, err)) > 0) {
        if (strcmp(query_text(query, 3), last.key) == 0 &&
            strcmp(query_text(query, 2), last.nation) == 0)
            continue;
        code = record_from(&last, query, arena, err);
        if (code)
            return code;
        if (last.body && holds_at(&last, asked))
            *list_add(list) = last;
    }
    return code;
}

static int standing_compare(const void *a, const void *b)
{
    const struct record *x = a;
    const struct record *y = b;
    int order = strcmp(x->nation, y->nation);
    if (order == 0)
        order = x->valid_from < y->valid_from ? -1 : x->valid_from > y->valid_from;
    return order != 0 ? order : strcmp(x->key, y->key);
}

/* Approved before proposed; of the approved the one approved last, of the proposed the newest. */
#define STANDING_ORDER                                                                             \
    " AND (d.action IS NULL OR d.action = 'approve')"                                              \
    " ORDER BY r.nation, r.key, d.number IS NULL, d.number DESC, r.number DESC"

int register_as_known(struct registry *registry, struct record **ret_records, size_t *ret_count,
                      const struct register_query *asked, struct arena *arena, struct err *err)
{
    struct store_query *query;
    struct record_list list = {0};
    int code = query_make(&query, registry, asked, STANDING_ORDER, err);
    if (code)
        return code;
    code = standing_read(&list, query, asked, arena, err);
    store_query_free(query);
    if (code == 0 && list.count > 1)
        qsort(list.records, list.count, sizeof *list.records, standing_compare);
    for (size_t i = 1; code == 0 && i < list.count; i++)
        sanad_assert(!same_key(&list.records[i - 1], &list.records[i]));
    if (code == 0)
        list_give(&list, ret_records, ret_count, arena);
    free(list.records);
    return code;
}

int register_history(struct registry *registry, struct record **ret_records, size_t *ret_count,
                     const struct register_query *asked, struct arena *arena, struct err *err)
{
    struct store_query *query;
    struct record_list list = {0};
    int code = query_make(&query, registry, asked, " ORDER BY r.number", err);
    if (code)
        return code;
    while ((code = query_step(query, err)) > 0) {
        struct record record;
        code = record_from(&record, query, arena, err);
        if (code)
            break;
        *list_add(&list) = record;
    }
    store_query_free(query);
    if (code == 0)
        list_give(&list, ret_records, ret_count, arena);
    free(list.records);
    return code;
}

/* ---- as JSON ---- */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *time_or_null(int64_t time)
{
    char text[TIME_TEXT_SIZE];
    if (time == REGISTER_ALWAYS || time == REGISTER_NEVER)
        return json_null();
    time_format(text, time);
    return json_string(text);
}

json_t *register_record_json(const struct record *record)
{
    char document[HEX256_SIZE];
    hash256_straight(document, &record->document);
    json_t *json = json_object();
    (void)json_object_set_new(json, "number", json_integer(record->number));
    (void)json_object_set_new(json, "kind", json_string(record->kind));
    (void)json_object_set_new(json, "nation",
                              text_or_null(*record->nation ? record->nation : NULL));
    (void)json_object_set_new(json, "key", json_string(record->key));
    (void)json_object_set_new(json, "state", json_string(record_state_name(record->state)));
    (void)json_object_set_new(json, "valid_from", time_or_null(record->valid_from));
    (void)json_object_set_new(json, "valid_until", time_or_null(record->valid_until));
    (void)json_object_set_new(json, "known", time_or_null(record->known));
    (void)json_object_set_new(json, "decided",
                              record->decider ? time_or_null(record->decided) : json_null());
    (void)json_object_set_new(json, "proposer", json_string(record->proposer));
    (void)json_object_set_new(json, "decider", text_or_null(record->decider));
    (void)json_object_set_new(json, "visibility", json_string(record->visibility));
    (void)json_object_set_new(json, "document_sha256", json_string(document));
    (void)json_object_set_new(json, "document_name", text_or_null(record->document_name));
    (void)json_object_set_new(json, "supersedes",
                              record->supersedes ? json_integer(record->supersedes) : json_null());
    json_t *body = record->body ? json_loads(record->body, JSON_REJECT_DUPLICATES, NULL) : NULL;
    (void)json_object_set_new(json, "body", body ? body : json_null());
    return json;
}
