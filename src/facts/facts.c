/* Opening the facts of a store: schema, the one chain it holds, prepared statements, rows. */
#include "facts/facts_priv.h"

#include <stdlib.h>

static const char *const STEPS[] = {
    "CREATE TABLE chain(only INTEGER PRIMARY KEY CHECK(only=1), name TEXT NOT NULL,"
    " generation INTEGER NOT NULL);"
    "CREATE TABLE scan_state(only INTEGER PRIMARY KEY CHECK(only=1),"
    " first_height INTEGER NOT NULL, first_hash BLOB NOT NULL, anchored INTEGER NOT NULL,"
    " tip_height INTEGER NOT NULL, tip_hash BLOB NOT NULL, tip_time INTEGER NOT NULL,"
    " tip_median_time INTEGER NOT NULL, tip_work BLOB NOT NULL, grade INTEGER NOT NULL,"
    " block_count INTEGER NOT NULL, tx_count INTEGER NOT NULL, byte_count INTEGER NOT NULL,"
    " coin_count INTEGER NOT NULL, spend_count INTEGER NOT NULL);"
    "CREATE TABLE script(id INTEGER PRIMARY KEY, script BLOB NOT NULL UNIQUE,"
    " complete_to INTEGER);"
    "CREATE TABLE block(height INTEGER NOT NULL, hash BLOB NOT NULL, prev BLOB NOT NULL,"
    " time INTEGER NOT NULL, median_time INTEGER NOT NULL, work BLOB NOT NULL,"
    " tx_count INTEGER NOT NULL, size INTEGER NOT NULL, active INTEGER NOT NULL,"
    " PRIMARY KEY(height,hash)) WITHOUT ROWID;"
    "CREATE TABLE coin(height INTEGER NOT NULL, block_hash BLOB NOT NULL,"
    " tx_index INTEGER NOT NULL, vout INTEGER NOT NULL, txid BLOB NOT NULL,"
    " script INTEGER NOT NULL, value INTEGER NOT NULL, coinbase INTEGER NOT NULL,"
    " PRIMARY KEY(height,block_hash,tx_index,vout)) WITHOUT ROWID;"
    "CREATE INDEX coin_outpoint ON coin(txid,vout);"
    "CREATE TABLE spend(coin_height INTEGER NOT NULL, coin_block_hash BLOB NOT NULL,"
    " coin_tx_index INTEGER NOT NULL, coin_vout INTEGER NOT NULL, height INTEGER NOT NULL,"
    " block_hash BLOB NOT NULL, tx_index INTEGER NOT NULL, vin INTEGER NOT NULL,"
    " txid BLOB NOT NULL, PRIMARY KEY(coin_height,coin_block_hash,coin_tx_index,coin_vout,"
    "height,block_hash)) WITHOUT ROWID;"
    "CREATE TABLE tx(id INTEGER PRIMARY KEY, height INTEGER NOT NULL, block_hash BLOB NOT NULL,"
    " tx_index INTEGER NOT NULL, txid BLOB NOT NULL, proved INTEGER NOT NULL,"
    " prevouts BLOB NOT NULL, stripped BLOB NOT NULL, UNIQUE(height,block_hash,tx_index));"
    "CREATE INDEX tx_unproved ON tx(height,block_hash,tx_index) WHERE proved<>1;",
    /* Runs that begin with a snapshot of the unspent coins. */
    "ALTER TABLE scan_state ADD COLUMN opened INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE coin ADD COLUMN made INTEGER;",
};
static const struct store_schema SCHEMA = {"facts", STEPS, countof(STEPS)};

static const char *const SQL[QUERY_COUNT] = {
#define X(name, sql) [QUERY_##name] = (sql),
    FACTS_QUERIES(X)
#undef X
};

/* ---- the chain ---------------------------------------------------------------------------- */

static int chain_read(const struct chain_params **ret_params, struct facts *facts, struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_CHAIN_GET, err);
    if (code == 0)
        code = query_step(query, err);
    if (code < 0)
        return code;
    if (code == 0)
        return err_set(err, SANAD_MISSING, "%s: holds no chain", store_name(facts->store));
    const struct chain_params *params = chain_params_find(query_text(query, 0));
    facts->generation = query_integer(query, 1);
    query_reset(query);
    if (!params)
        return err_set(err, SANAD_REFUSED, "%s: the store is damaged: an unknown chain",
                       store_name(facts->store));
    *ret_params = params;
    return 0;
}

static int chain_write(struct facts *facts, const struct chain_params *params, struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_CHAIN_SET, err);
    if (code == 0)
        code = store_begin(facts->store, err);
    if (code < 0)
        return code;
    query_bind_text(query, 1, params->name);
    code = query_run(query, err);
    if (code == 0)
        return store_commit(facts->store, err);
    store_rollback(facts->store);
    return code;
}

static int chain_settle(struct facts *facts, const struct chain_params *params, struct err *err)
{
    const struct chain_params *held;
    int code = chain_read(&held, facts, err);
    if (code == SANAD_MISSING) {
        code = chain_write(facts, params, err);
        if (code == SANAD_ENVIRONMENT)
            code = chain_read(&held, facts, err); /* read-only, or another wrote it just now */
        else
            held = params;
    }
    if (code == 0 && held != params)
        return err_set(err, SANAD_REFUSED, "%s: holds chain '%s', not '%s'",
                       store_name(facts->store), held->name, params->name);
    return code;
}

int facts_open(struct facts **ret_facts, struct store *store, const struct chain_params *params,
               struct err *err)
{
    int code = store_migrate(store, &SCHEMA, err);
    if (code < 0)
        return code;
    struct facts *facts = mem_zalloc(1, sizeof *facts);
    facts->store = store;
    facts->params = params;
    code = chain_settle(facts, params, err);
    if (code < 0) {
        facts_close(facts);
        return code;
    }
    *ret_facts = facts;
    return 0;
}

void facts_close(struct facts *facts)
{
    if (!facts)
        return;
    for (size_t i = 0; i < QUERY_COUNT; i++)
        store_query_free(facts->queries[i]);
    free(facts);
}

/* Whether the table of the chain stands at all: a store may hold declared records only. */
static int chain_table_stands(bool *ret_stands, struct store *store, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(
        &query, store, "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='chain'", err);
    if (code < 0)
        return code;
    code = query_step(query, err);
    store_query_free(query);
    if (code < 0)
        return code;
    *ret_stands = code == 1;
    return 0;
}

int facts_chain(const struct chain_params **ret_params, struct store *store, struct err *err)
{
    bool stands;
    int code = chain_table_stands(&stands, store, err);
    if (code < 0)
        return code;
    if (!stands)
        return err_set(err, SANAD_MISSING, "%s: holds no chain", store_name(store));
    struct facts facts = {.store = store};
    code = chain_read(ret_params, &facts, err);
    store_query_free(facts.queries[QUERY_CHAIN_GET]);
    return code;
}

/* ---- statements ------------------------------------------------------------------------------ */

int facts_query(struct store_query **ret_query, struct facts *facts, enum facts_query which,
                struct err *err)
{
    if (!facts->queries[which]) {
        int code = store_query_new(&facts->queries[which], facts->store, SQL[which], err);
        if (code < 0)
            return code;
    }
    *ret_query = facts->queries[which];
    return 0;
}

int facts_run_integer(struct facts *facts, const char *sql, int64_t value, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(&query, facts->store, sql, err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, value);
    code = query_run(query, err);
    store_query_free(query);
    return code;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

int64_t row_integer(struct row *row, int64_t min, int64_t max)
{
    int column = row->at++;
    int64_t value = query_integer(row->query, column);
    if (query_is_null(row->query, column) || value < min || value > max)
        row->bad = true;
    return row->bad ? min : value;
}

uint32_t row_u32(struct row *row)
{
    return (uint32_t)row_integer(row, 0, UINT32_MAX);
}

struct hash256 row_hash(struct row *row)
{
    struct hash256 hash = {{0}};
    if (query_hash(&hash, row->query, row->at++, NULL) < 0)
        row->bad = true;
    return hash;
}

struct bytes row_bytes(struct row *row)
{
    return query_bytes(row->query, row->at++);
}

struct amount row_money(struct row *row)
{
    return amount_of(row_integer(row, 0, AMOUNT_MONEY_MAX_SAT));
}

struct bytes work_bytes(uint8_t room[WORK_SIZE], const struct u256 *work)
{
    size_t zeros = 0;
    for (size_t i = 0; i < WORK_SIZE; i++)
        room[i] = (uint8_t)(work->w[3 - i / 8] >> (56 - i % 8 * 8));
    while (zeros < WORK_SIZE && room[zeros] == 0)
        zeros++;
    return bytes_of(room + zeros, WORK_SIZE - zeros);
}

struct u256 row_work(struct row *row)
{
    struct u256 work = {{0}};
    struct bytes bytes = row_bytes(row);
    if (bytes.size > WORK_SIZE) {
        row->bad = true;
        return work;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        size_t at = WORK_SIZE - bytes.size + i;
        work.w[3 - at / 8] |= (uint64_t)bytes.data[i] << (56 - at % 8 * 8);
    }
    return work;
}

int row_check(const struct row *row, const struct facts *facts, struct err *err)
{
    return row->bad ? err_set(err, SANAD_REFUSED,
                              "%s: the store is damaged: a column holds what no fact can be",
                              store_name(facts->store))
                    : 0;
}
