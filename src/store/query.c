/* Prepared statements: binding, stepping, and columns read with their type checked. */
#include "store/store_priv.h"

#include <stdlib.h>

int store_query_new(struct store_query **ret_query, struct store *store, const char *sql,
                    struct err *err)
{
    sqlite3_stmt *statement = NULL;
    const char *tail = NULL;
    int code = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, &tail);
    if (code != SQLITE_OK)
        return store_fail(store, code, err);
    sanad_assert(statement && !*tail); /* one statement, all of it */
    struct store_query *query = mem_zalloc(1, sizeof *query);
    query->store = store;
    query->statement = statement;
    *ret_query = query;
    return 0;
}

void store_query_free(struct store_query *query)
{
    if (!query)
        return;
    (void)sqlite3_finalize(query->statement); /* repeats the error that step gave */
    free(query);
}

/* A parameter that is not there, or bound while rows are read, is our own mistake. */
static void bound(int code)
{
    sanad_assert(code == SQLITE_OK);
}

void query_bind_integer(struct store_query *query, int at, int64_t value)
{
    bound(sqlite3_bind_int64(query->statement, at, value));
}

void query_bind_text(struct store_query *query, int at, const char *text)
{
    bound(
        sqlite3_bind_text64(query->statement, at, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8));
}

void query_bind_bytes(struct store_query *query, int at, struct bytes bytes)
{
    /* A NULL pointer would bind NULL instead of no bytes. */
    bound(sqlite3_bind_blob64(query->statement, at, bytes.size ? (const void *)bytes.data : "",
                              bytes.size, SQLITE_STATIC));
}

void query_bind_hash(struct store_query *query, int at, const struct hash256 *hash)
{
    query_bind_bytes(query, at, bytes_of(hash->b, sizeof hash->b));
}

void query_bind_amount(struct store_query *query, int at, struct amount a)
{
    if (amount_is_known(a))
        query_bind_integer(query, at, amount_minor(a));
    else
        query_bind_null(query, at);
}

void query_bind_null(struct store_query *query, int at)
{
    bound(sqlite3_bind_null(query->statement, at));
}

int query_step(struct store_query *query, struct err *err)
{
    int code = sqlite3_step(query->statement);
    if (code == SQLITE_ROW)
        return 1;
    int result = code == SQLITE_DONE ? 0 : store_fail(query->store, code, err);
    query_reset(query);
    return result;
}

int query_run(struct store_query *query, struct err *err)
{
    int code = query_step(query, err);
    sanad_assert(code != 1); /* a statement that gives rows is stepped */
    return code;
}

void query_reset(struct store_query *query)
{
    (void)sqlite3_reset(query->statement); /* repeats the error that step gave */
}

int64_t query_integer(const struct store_query *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}

bool query_is_null(const struct store_query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

struct bytes query_bytes(const struct store_query *query, int column)
{
    const void *data = sqlite3_column_blob(query->statement, column);
    int size = sqlite3_column_bytes(query->statement, column);
    return bytes_of(data, data ? (size_t)size : 0);
}

const char *query_text(const struct store_query *query, int column)
{
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    return text ? (const char *)text : "";
}

int query_hash(struct hash256 *ret_hash, const struct store_query *query, int column,
               struct err *err)
{
    struct bytes bytes = query_bytes(query, column);
    if (bytes.size != sizeof ret_hash->b)
        return err_set(err, SANAD_REFUSED, "%s: the store is damaged: a hash of %zu bytes",
                       query->store->name, bytes.size);
    memcpy(ret_hash->b, bytes.data, sizeof ret_hash->b);
    return 0;
}
