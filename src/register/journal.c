/* The journal: one line after the other, each hashing the one before it and its own
 * canonical form, and the check of the whole. */
#include "register/register_priv.h"

#include <stdlib.h>

static const char *const action_names[] = {
#define X(name, text) [ACTION_##name] = (text),
    ENTRY_ACTIONS(X)
#undef X
};

const char *entry_action_name(enum entry_action action)
{
    sanad_assert((unsigned)action < ACTION_COUNT);
    return action_names[action];
}

/* ---- schema and statements ---- */

static const char *const schema_steps[] = {
    "CREATE TABLE register_journal ("
    " number INTEGER PRIMARY KEY,"
    " action TEXT NOT NULL,"
    " known INTEGER NOT NULL,"
    " actor TEXT NOT NULL,"
    " record INTEGER NOT NULL,"
    " kind TEXT NOT NULL,"
    " nation TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " valid_from INTEGER,"
    " valid_until INTEGER,"
    " document BLOB,"
    " document_name TEXT,"
    " visibility TEXT,"
    " body TEXT,"
    " supersedes INTEGER,"
    " reason TEXT,"
    " previous BLOB NOT NULL,"
    " hash BLOB NOT NULL);"
    "CREATE INDEX register_journal_record ON register_journal (record, number);"
    "CREATE INDEX register_journal_key ON register_journal (kind, nation, key, number);"
    "CREATE INDEX register_journal_known ON register_journal (kind, nation, known);"
    "CREATE INDEX register_journal_valid ON register_journal (kind, nation, valid_from);"
    "CREATE TABLE register_document (sha256 BLOB PRIMARY KEY, content BLOB NOT NULL);",
};
static const struct store_schema schema = {
    .module = "register", .steps = schema_steps, .step_count = countof(schema_steps)};

/* A record and its decision, if it has one. */
#define RECORD_JOIN                                                                                \
    " FROM register_journal r LEFT JOIN register_journal d"                                        \
    " ON d.record = r.number AND d.number <> r.number "

static const char *const statements[REGISTRY_QUERY_COUNT] = {
    [QUERY_TAIL] = "SELECT number, hash FROM register_journal ORDER BY number DESC LIMIT 1",
    [QUERY_LAST_KNOWN] = "SELECT MAX(known) FROM register_journal WHERE kind = ?1 AND nation = ?2",
    [QUERY_NEWEST] = "SELECT " RECORD_COLUMNS RECORD_JOIN
                     "WHERE r.kind = ?1 AND r.nation = ?2 AND r.key = ?3 AND r.action = 'propose'"
                     " AND (d.action IS NULL OR d.action = 'approve')"
                     " ORDER BY r.number DESC LIMIT 1",
    [QUERY_INSERT] = "INSERT INTO register_journal VALUES"
                     " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
                     " ?18)",
    [QUERY_RECORD] =
        "SELECT " RECORD_COLUMNS RECORD_JOIN "WHERE r.number = ?1 AND r.action = 'propose'",
    [QUERY_DOCUMENT_ADD] = "INSERT INTO register_document VALUES (?1, ?2)",
    [QUERY_DOCUMENT_GET] = "SELECT content FROM register_document WHERE sha256 = ?1",
};

int register_open(struct registry **ret_registry, struct store *store, struct err *err)
{
    int code = store_migrate(store, &schema, err);
    if (code)
        return code;
    struct registry *registry = mem_zalloc(1, sizeof *registry);
    registry->store = store;
    *ret_registry = registry;
    return 0;
}

void register_close(struct registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < REGISTRY_QUERY_COUNT; i++)
        store_query_free(registry->queries[i]);
    free(registry);
}

int registry_query(struct registry *registry, struct store_query **ret_query,
                   enum registry_query which, struct err *err)
{
    struct store_query **query = &registry->queries[which];
    if (!*query) {
        int code = store_query_new(query, registry->store, statements[which], err);
        if (code)
            return code;
    }
    query_reset(*query);
    *ret_query = *query;
    return 0;
}

/* ---- the hash of an entry ---- */

static void set_text(json_t *json, const char *key, const char *text)
{
    if (text)
        (void)json_object_set_new(json, key, json_string(text));
}

/* Seconds may be anything, but the ends of time stand for "always" and "never". */
static void set_time(json_t *json, const char *key, int64_t time)
{
    if (time != REGISTER_ALWAYS && time != REGISTER_NEVER)
        (void)json_object_set_new(json, key, json_integer(time));
}

static void set_hash(json_t *json, const char *key, const struct hash256 *hash)
{
    char text[HEX256_SIZE];
    hash256_straight(text, hash);
    (void)json_object_set_new(json, key, json_string(text));
}

/* Members that do not apply are left out. The body goes in by its hash, so that a sealed
 * body can be kept apart from a journal that is shown. */
static json_t *entry_json(const struct entry *entry)
{
    json_t *json = json_object();
    (void)json_object_set_new(json, "number", json_integer(entry->number));
    (void)json_object_set_new(json, "record", json_integer(entry->record));
    (void)json_object_set_new(json, "known", json_integer(entry->known));
    set_text(json, "action", entry_action_name(entry->action));
    set_text(json, "actor", entry->actor);
    set_text(json, "kind", entry->kind);
    set_text(json, "nation", entry->nation);
    set_text(json, "key", entry->key);
    set_text(json, "reason", entry->reason);
    if (entry->action != ACTION_PROPOSE)
        return json;
    set_time(json, "valid_from", entry->valid_from);
    set_time(json, "valid_until", entry->valid_until);
    set_hash(json, "document", &entry->document);
    set_text(json, "document_name", entry->document_name);
    set_text(json, "visibility", entry->visibility);
    (void)json_object_set_new(json, "supersedes", json_integer(entry->supersedes));
    if (entry->body) {
        struct hash256 body;
        sha256_of(&body, bytes_of_text(entry->body));
        set_hash(json, "body_sha256", &body);
    }
    return json;
}

int entry_hash(struct hash256 *ret_hash, const struct entry *entry, struct err *err)
{
    struct buf text = buf_with_max(1 << 20);
    json_t *json = entry_json(entry);
    int code = json_canonical(&text, json, err);
    json_decref(json);
    if (code == 0) {
        struct sha256 hash;
        sha256_init(&hash);
        sha256_add(&hash, bytes_of_text("sanad/journal/v1\n"));
        sha256_add(&hash, bytes_of(entry->previous.b, sizeof entry->previous.b));
        sha256_add(&hash, buf_bytes(&text));
        sha256_final(ret_hash, &hash);
    }
    buf_free(&text);
    return code;
}

/* ---- writing ---- */

static int journal_tail(struct registry *registry, int64_t *ret_number, struct hash256 *ret_hash,
                        struct err *err)
{
    struct store_query *query;
    int code = registry_query(registry, &query, QUERY_TAIL, err);
    if (code)
        return code;
    *ret_number = 0;
    *ret_hash = (struct hash256){0};
    code = query_step(query, err);
    if (code > 0) {
        *ret_number = query_integer(query, 0);
        code = query_hash(ret_hash, query, 1, err);
        query_reset(query);
    }
    return code;
}

static int known_check(struct registry *registry, const struct entry *entry, struct err *err)
{
    struct store_query *query;
    if (entry->known < 0 || entry->known > REGISTER_TIME_MAX)
        return err_set(err, SANAD_REFUSED, "known: outside the years 1970 to 9999");
    int code = registry_query(registry, &query, QUERY_LAST_KNOWN, err);
    if (code)
        return code;
    query_bind_text(query, 1, entry->kind);
    query_bind_text(query, 2, entry->nation);
    code = query_step(query, err);
    if (code <= 0)
        return code;
    int64_t last = query_is_null(query, 0) ? 0 : query_integer(query, 0);
    query_reset(query);
    if (entry->known >= last)
        return 0;
    char text[TIME_TEXT_SIZE];
    time_format(text, last);
    return err_set(err, SANAD_REFUSED,
                   "known: before the newest entry of this register (%s): what was known on a day "
                   "is not changed afterwards",
                   text);
}

static void bind_optional(struct store_query *query, int at, const char *text)
{
    if (text)
        query_bind_text(query, at, text);
    else
        query_bind_null(query, at);
}

static void entry_bind(struct store_query *query, const struct entry *entry)
{
    query_bind_integer(query, 1, entry->number);
    query_bind_text(query, 2, entry_action_name(entry->action));
    query_bind_integer(query, 3, entry->known);
    query_bind_text(query, 4, entry->actor);
    query_bind_integer(query, 5, entry->record);
    query_bind_text(query, 6, entry->kind);
    query_bind_text(query, 7, entry->nation);
    query_bind_text(query, 8, entry->key);
    if (entry->action == ACTION_PROPOSE) {
        query_bind_integer(query, 9, entry->valid_from);
        query_bind_integer(query, 10, entry->valid_until);
        query_bind_hash(query, 11, &entry->document);
    } else {
        for (int at = 9; at <= 11; at++)
            query_bind_null(query, at);
    }
    bind_optional(query, 12, entry->document_name);
    bind_optional(query, 13, entry->visibility);
    bind_optional(query, 14, entry->body);
    query_bind_integer(query, 15, entry->supersedes);
    bind_optional(query, 16, entry->reason);
    query_bind_hash(query, 17, &entry->previous);
    query_bind_hash(query, 18, &entry->hash);
}

int journal_append(struct registry *registry, struct entry *entry, struct err *err)
{
    struct store_query *query;
    int64_t last;
    int code = known_check(registry, entry, err);
    if (code == 0)
        code = journal_tail(registry, &last, &entry->previous, err);
    if (code)
        return code;
    entry->number = last + 1;
    if (entry->action == ACTION_PROPOSE)
        entry->record = entry->number;
    code = entry_hash(&entry->hash, entry, err);
    if (code == 0)
        code = registry_query(registry, &query, QUERY_INSERT, err);
    if (code)
        return code;
    entry_bind(query, entry);
    return query_run(query, err);
}

/* ---- checking ---- */

static const char *column_text(const struct store_query *query, int column)
{
    return query_is_null(query, column) ? NULL : query_text(query, column);
}

/* Borrowed from the query until its next step. */
static int entry_from(struct entry *ret_entry, const struct store_query *query, struct err *err)
{
    struct entry entry = {.number = query_integer(query, 0),
                          .action = ACTION_COUNT,
                          .known = query_integer(query, 2),
                          .actor = query_text(query, 3),
                          .record = query_integer(query, 4),
                          .kind = query_text(query, 5),
                          .nation = query_text(query, 6),
                          .key = query_text(query, 7),
                          .valid_from = query_integer(query, 8),
                          .valid_until = query_integer(query, 9),
                          .document_name = column_text(query, 11),
                          .visibility = column_text(query, 12),
                          .body = column_text(query, 13),
                          .supersedes = query_integer(query, 14),
                          .reason = column_text(query, 15)};
    for (size_t i = 0; i < ACTION_COUNT; i++)
        if (strcmp(query_text(query, 1), action_names[i]) == 0)
            entry.action = (enum entry_action)i;
    if (entry.action == ACTION_COUNT)
        return err_set(err, SANAD_FALSE, "an action that is none");
    int code = entry.action == ACTION_PROPOSE ? query_hash(&entry.document, query, 10, err) : 0;
    if (code == 0)
        code = query_hash(&entry.previous, query, 16, err);
    if (code == 0)
        code = query_hash(&entry.hash, query, 17, err);
    if (code == 0)
        *ret_entry = entry;
    return code;
}

/* What a check carries from entry to entry. */
struct chain_check {
    int64_t count;
    struct hash256 head;
    json_t *last_known; /* of "kind nation" */
};

static int order_check(struct chain_check *check, const struct entry *entry, struct err *err)
{
    char place[64];
    (void)snprintf(place, sizeof place, "%.32s %.8s", entry->kind, entry->nation);
    json_t *last = json_object_get(check->last_known, place);
    if (last && json_integer_value(last) > entry->known)
        return err_set(err, SANAD_FALSE, "known before the entry that stands before it");
    if (last)
        (void)json_integer_set(last, entry->known);
    else
        (void)json_object_set_new(check->last_known, place, json_integer(entry->known));
    return 0;
}

static int entry_check(struct chain_check *check, const struct store_query *query, struct err *err)
{
    struct entry entry;
    struct hash256 hash;
    int code = entry_from(&entry, query, err);
    if (code)
        return code;
    if (entry.number != check->count + 1)
        return err_set(err, SANAD_FALSE, "an entry is missing before it");
    if (!hash256_equal(&entry.previous, &check->head))
        return err_set(err, SANAD_FALSE, "does not hash the entry before it");
    if (entry_hash(&hash, &entry, NULL) != 0 || !hash256_equal(&hash, &entry.hash))
        return err_set(err, SANAD_FALSE, "its content was changed: its hash differs");
    bool proposes = entry.action == ACTION_PROPOSE;
    if (proposes ? entry.record != entry.number : entry.record >= entry.number)
        return err_set(err, SANAD_FALSE, "speaks of a record that is not there yet");
    check->count = entry.number;
    check->head = entry.hash;
    return order_check(check, &entry, err);
}

/* Statements that must find nothing, and what it would mean if they did. */
static const struct {
    const char *sql;
    const char *rule;
} must_be_empty[] = {
    {"SELECT MIN(d.number) FROM register_journal d JOIN register_journal r ON r.number = d.record"
     " WHERE d.action <> 'propose' AND (r.action <> 'propose' OR r.kind <> d.kind"
     " OR r.nation <> d.nation OR r.key <> d.key)",
     "decides what is no record, or another one"},
    {"SELECT MIN(d.number) FROM register_journal d JOIN register_journal r ON r.number = d.record"
     " WHERE d.action = 'approve' AND LOWER(d.actor) = LOWER(r.actor)",
     "approved by the one who prepared it"},
    {"SELECT MAX(number) FROM register_journal WHERE action <> 'propose' AND record IN"
     " (SELECT record FROM register_journal WHERE action <> 'propose'"
     " GROUP BY record HAVING COUNT(*) > 1)",
     "decides a record a second time"},
};

static int rules_check(struct registry *registry, struct err *err)
{
    for (size_t i = 0; i < countof(must_be_empty); i++) {
        struct store_query *query;
        int code = store_query_new(&query, registry->store, must_be_empty[i].sql, err);
        if (code)
            return code;
        code = query_step(query, err);
        if (code > 0)
            code = query_is_null(query, 0)
                       ? 0
                       : err_set(err, SANAD_FALSE, "register: entry %lld: %s",
                                 (long long)query_integer(query, 0), must_be_empty[i].rule);
        store_query_free(query);
        if (code)
            return code;
    }
    return 0;
}

static int documents_check(struct registry *registry, struct err *err)
{
    struct store_query *query;
    int code =
        store_query_new(&query, registry->store,
                        "SELECT sha256, content FROM register_document ORDER BY sha256", err);
    if (code)
        return code;
    while ((code = query_step(query, err)) > 0) {
        struct hash256 name;
        struct hash256 hash;
        code = query_hash(&name, query, 0, err);
        if (code)
            break;
        sha256_of(&hash, query_bytes(query, 1));
        if (!hash256_equal(&hash, &name)) {
            char text[HEX256_SIZE];
            hash256_straight(text, &name);
            code =
                err_set(err, SANAD_FALSE, "register: document %s: its content was changed", text);
            break;
        }
    }
    store_query_free(query);
    return code;
}

static int chain_check(struct registry *registry, struct chain_check *check, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(&query, registry->store,
                               "SELECT number, action, known, actor, record, kind, nation, key,"
                               " valid_from, valid_until, document, document_name, visibility,"
                               " body, supersedes, reason, previous, hash"
                               " FROM register_journal ORDER BY number",
                               err);
    if (code)
        return code;
    while ((code = query_step(query, err)) > 0) {
        int64_t number = query_integer(query, 0);
        code = entry_check(check, query, err);
        if (code) {
            code = err_wrap(err, "register: entry %lld", (long long)number);
            break;
        }
    }
    store_query_free(query);
    return code;
}

int register_check(struct registry *registry, int64_t *ret_entry_count, struct hash256 *ret_head,
                   struct err *err)
{
    struct chain_check check = {.last_known = json_object()};
    int code = chain_check(registry, &check, err);
    json_decref(check.last_known);
    if (code == 0)
        code = rules_check(registry, err);
    if (code == 0)
        code = documents_check(registry, err);
    if (code)
        return code;
    *ret_entry_count = check.count;
    *ret_head = check.head;
    return 0;
}
