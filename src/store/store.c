/* Opening a store, its identity, its transactions and the migrations of its schema. */
#include "store/store_priv.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int store_fail(const struct store *store, int sqlite_code, struct err *err)
{
    const char *name = store->name;
    switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, SANAD_ENVIRONMENT, "%s: another process is writing it", name);
    case SQLITE_FULL:
        return err_set(err, SANAD_IO, "%s: the disk is full", name);
    case SQLITE_NOTADB:
        return err_set(err, SANAD_REFUSED, "%s: is no store of this program", name);
    case SQLITE_CORRUPT:
        return err_set(err, SANAD_REFUSED, "%s: the store is damaged", name);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return err_set(err, SANAD_ENVIRONMENT, "%s: may not be written", name);
    case SQLITE_CANTOPEN:
        return err_set(err, SANAD_IO, "%s: cannot be opened", name);
    case SQLITE_NOMEM:
        return err_set(err, SANAD_ENVIRONMENT, "%s: no memory left", name);
    default:
        return err_set(err, SANAD_IO, "%s: %s", name, sqlite3_errmsg(store->db));
    }
}

int store_run(struct store *store, const char *sql, struct err *err)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : store_fail(store, code, err);
}

/* The first column of the first row. */
static int ask_integer(int64_t *ret_value, struct store *store, const char *sql, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(&query, store, sql, err);
    if (code < 0)
        return code;
    code = query_step(query, err);
    if (code == 1)
        *ret_value = query_integer(query, 0);
    store_query_free(query);
    return code < 0 ? code : 0;
}

/* ---- identity ------------------------------------------------------------------------ */

struct identity {
    int64_t application_id;
    int64_t format;
    int64_t table_count;
};

static int identity_read(struct identity *ret_identity, struct store *store, struct err *err)
{
    struct identity id = {0};
    int code = ask_integer(&id.application_id, store, "PRAGMA application_id", err);
    if (code == 0)
        code = ask_integer(&id.format, store, "PRAGMA user_version", err);
    if (code == 0)
        code = ask_integer(&id.table_count, store, "SELECT count(*) FROM sqlite_schema", err);
    if (code == 0)
        *ret_identity = id;
    return code;
}

static bool identity_is_empty(const struct identity *id)
{
    return id->application_id == 0 && id->format == 0 && id->table_count == 0;
}

static int identity_check(const struct identity *id, const struct store *store, struct err *err)
{
    if (id->application_id != STORE_APPLICATION_ID)
        return err_set(err, SANAD_REFUSED, "%s: is no store of this program", store->name);
    if (id->format > STORE_FORMAT)
        return err_set(err, SANAD_REFUSED, "%s: store format %lld is newer than this program (%d)",
                       store->name, (long long)id->format, STORE_FORMAT);
    return 0;
}

/* Gives an empty database our identity. Of two processes that race to do so the second
 * finds the table there and adds nothing. */
static int identity_write(struct store *store, struct err *err)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "PRAGMA application_id=%d; PRAGMA user_version=%d;"
                   "CREATE TABLE IF NOT EXISTS module_version("
                   "module TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID",
                   STORE_APPLICATION_ID, STORE_FORMAT);
    int code = store_begin(store, err);
    if (code == 0)
        code = store_run(store, sql, err);
    if (code == 0)
        return store_commit(store, err);
    store_rollback(store);
    return code;
}

/* ---- opening -------------------------------------------------------------------------- */

/* A read-only folder cannot take the files that SQLite lays beside a store in WAL mode. A
 * store without such files is whole in itself and is then read as it stands. */
static bool folder_is_closed(const char *path)
{
    char folder[PATH_SIZE];
    char wal[PATH_SIZE + 8];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 1,
                   slash ? path : ".");
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    return access(folder, W_OK) != 0 && !file_exists(wal);
}

/* "file:" form of a path: '?' and '#' would end it, '%' begins an escape, and a path from
 * the root needs the empty authority before it. */
static void uri_of(struct buf *buf, const char *path, const char *query)
{
    buf_text(buf, *path == '/' ? "file://" : "file:");
    for (const char *p = path; *p; p++) {
        if (strchr("%?#", *p))
            buf_format(buf, "%%%02x", (unsigned)*p);
        else
            buf_format(buf, "%c", *p);
    }
    buf_text(buf, query);
}

static int connect_to(struct store *store, const char *path, struct err *err)
{
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    struct buf uri = buf_with_max(4 * PATH_SIZE);
    if (store->mode == STORE_MEMORY) {
        buf_text(&uri, ":memory:");
        flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    } else if (store->mode == STORE_READ) {
        uri_of(&uri, path, folder_is_closed(path) ? "?immutable=1" : "");
        flags |= SQLITE_OPEN_READONLY;
    } else {
        uri_of(&uri, path, "");
        flags |= SQLITE_OPEN_READWRITE | (store->mode == STORE_CREATE ? SQLITE_OPEN_CREATE : 0);
    }
    int code = sqlite3_open_v2(buf_cstr(&uri), &store->db, flags, NULL);
    buf_free(&uri);
    return code == SQLITE_OK ? 0 : store_fail(store, code, err);
}

static int settle(struct store *store, struct err *err)
{
    char sql[256];
    sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
    (void)snprintf(sql, sizeof sql,
                   "PRAGMA cache_size=-%d; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
                   "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;%s",
                   STORE_CACHE_KIB, store->mode == STORE_READ ? "PRAGMA query_only=ON" : "");
    return store_run(store, sql, err);
}

/* WAL, so that readers never wait for the writer; FULL, so that a commit is on disk when
 * it returns. */
static int settle_writer(struct store *store, const struct identity *id, struct err *err)
{
    int code = store_run(store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", err);
    if (code == 0 && identity_is_empty(id))
        return identity_write(store, err);
    if (code == 0 && store->mode != STORE_MEMORY) { /* says at once that it is being written */
        code = store_begin(store, err);
        store_rollback(store);
    }
    return code;
}

static int store_connect(struct store *store, const char *path, struct err *err)
{
    struct identity id = {0};
    int code = connect_to(store, path, err);
    if (code == 0)
        code = settle(store, err);
    if (code == 0)
        code = identity_read(&id, store, err);
    if (code < 0)
        return code;
    bool fresh = identity_is_empty(&id);
    if (!fresh)
        code = identity_check(&id, store, err);
    else if (store->mode == STORE_READ || store->mode == STORE_WRITE)
        return err_set(err, SANAD_MISSING, "%s: holds nothing yet", store->name);
    if (code == 0 && store->mode != STORE_READ)
        code = settle_writer(store, &id, err);
    return code;
}

static int path_check(const char *spec, enum store_mode mode, struct err *err)
{
    struct stat status;
    if (mode == STORE_MEMORY)
        return 0;
    if (strstr(spec, "://"))
        return err_set(err, SANAD_ENVIRONMENT, "%s: this program stores in files only", spec);
    if (!*spec || strlen(spec) >= PATH_SIZE)
        return err_set(err, SANAD_IO, "%.64s: no path of a store", spec);
    bool there = stat(spec, &status) == 0;
    if (!there && mode != STORE_CREATE)
        return err_set(err, SANAD_IO, "%s: no such store", spec);
    if (there && !S_ISREG(status.st_mode))
        return err_set(err, SANAD_REFUSED, "%s: is no file", spec);
    return 0;
}

int store_open(struct store **ret_store, const char *spec, enum store_mode mode, struct err *err)
{
    int code = path_check(spec, mode, err);
    if (code < 0)
        return code;
    struct store *store = mem_zalloc(1, sizeof *store);
    store->mode = mode;
    store->name = mem_strdup(mode == STORE_MEMORY ? ":memory:" : spec);
    code = store_connect(store, spec, err);
    if (code < 0) {
        store_close(store);
        return code;
    }
    *ret_store = store;
    return 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_rollback(store);
    /* Refused only where a query is still open: our own mistake. */
    int code = sqlite3_close(store->db);
    sanad_assert(code == SQLITE_OK);
    free(store->name);
    free(store);
}

const char *store_name(const struct store *store)
{
    return store->name;
}

/* ---- transactions ----------------------------------------------------------------------- */

int store_begin(struct store *store, struct err *err)
{
    sanad_assert(!store->in_transaction);
    int code = store_run(store, store->mode == STORE_READ ? "BEGIN" : "BEGIN IMMEDIATE", err);
    store->in_transaction = code == 0;
    return code;
}

int store_commit(struct store *store, struct err *err)
{
    sanad_assert(store->in_transaction);
    int code = store_run(store, "COMMIT", err);
    if (code < 0)
        store_rollback(store);
    store->in_transaction = false;
    return code;
}

void store_rollback(struct store *store)
{
    if (!store->in_transaction)
        return;
    store->in_transaction = false;
    /* SQLite may have rolled back by itself after a full disk; then there is nothing to do. */
    if (!sqlite3_get_autocommit(store->db))
        (void)store_run(store, "ROLLBACK", NULL);
}

int64_t store_last_row(const struct store *store)
{
    return sqlite3_last_insert_rowid(store->db);
}

/* ---- migrations ---------------------------------------------------------------------------- */

static int version_get(size_t *ret_version, struct store *store, const char *module,
                       struct err *err)
{
    struct store_query *query;
    int code =
        store_query_new(&query, store, "SELECT version FROM module_version WHERE module=?1", err);
    if (code < 0)
        return code;
    query_bind_text(query, 1, module);
    code = query_step(query, err);
    int64_t version = code == 1 ? query_integer(query, 0) : 0;
    store_query_free(query);
    if (code < 0)
        return code;
    if (version < 0)
        return err_set(err, SANAD_REFUSED, "%s: the store is damaged", store->name);
    *ret_version = (size_t)version;
    return 0;
}

static int version_set(struct store *store, const char *module, size_t version, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(&query, store,
                               "INSERT INTO module_version VALUES(?1,?2) "
                               "ON CONFLICT(module) DO UPDATE SET version=excluded.version",
                               err);
    if (code < 0)
        return code;
    query_bind_text(query, 1, module);
    query_bind_integer(query, 2, (int64_t)version);
    code = query_run(query, err);
    store_query_free(query);
    return code;
}

/* Inside a transaction: another process may have migrated while we waited for the lock. */
static int steps_run(struct store *store, const struct store_schema *schema, struct err *err)
{
    size_t version;
    int code = version_get(&version, store, schema->module, err);
    for (; code == 0 && version < schema->step_count; version++)
        code = store_run(store, schema->steps[version], err);
    return code < 0 ? code : version_set(store, schema->module, version, err);
}

int store_migrate(struct store *store, const struct store_schema *schema, struct err *err)
{
    size_t version;
    int code = version_get(&version, store, schema->module, err);
    if (code < 0 || version == schema->step_count)
        return code;
    if (version > schema->step_count)
        return err_set(err, SANAD_REFUSED,
                       "%s: schema %zu of '%s' is newer than this program (%zu)", store->name,
                       version, schema->module, schema->step_count);
    if (store->mode == STORE_READ && version == 0)
        return err_set(err, SANAD_MISSING, "%s: holds nothing of '%s' yet", store->name,
                       schema->module);
    if (store->mode == STORE_READ)
        return err_set(err, SANAD_MISSING,
                       "%s: schema %zu of '%s' is older than this program (%zu): open it for "
                       "writing once",
                       store->name, version, schema->module, schema->step_count);
    code = store_begin(store, err);
    if (code < 0)
        return code;
    code = steps_run(store, schema, err);
    if (code == 0)
        return store_commit(store, err);
    store_rollback(store);
    return code;
}
