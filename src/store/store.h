/* store: the database behind one small interface. SQLite now; PostgreSQL later behind the
 * same calls. One writer at a time; readers see the last commit. I/O. */
#ifndef SANAD_STORE_H
#define SANAD_STORE_H

#include "base/base.h"

struct store;
enum store_mode {
    STORE_READ,   /* must exist */
    STORE_WRITE,  /* must exist */
    STORE_CREATE, /* made where it does not exist */
    STORE_MEMORY  /* private and temporary; spec is ignored */
};
/* Refused, by name: a file that is no store of ours (foreign), one with a newer schema than
 * this program knows, one that another process is writing (ENVIRONMENT, after 2 s). An empty
 * file is a fresh store to STORE_CREATE and MISSING to those that would read or change it. */
int store_open(struct store **ret_store, const char *spec, enum store_mode mode, struct err *err);
void store_close(struct store *store);
const char *store_name(const struct store *store);

/* A module's schema: step i brings it from version i to i+1; never edited once landed.
 * Called at open by each module that owns tables. A read-only store that is older is MISSING. */
struct store_schema {
    const char *module;
    const char *const *steps;
    size_t step_count;
};
int store_migrate(struct store *store, const struct store_schema *schema, struct err *err);

/* Takes the write lock. Of a store opened with STORE_READ: holds one snapshot, so that all
 * reads up to store_commit or store_rollback see the same commit. */
int store_begin(struct store *store, struct err *err);
int store_commit(struct store *store, struct err *err); /* durable on return */
void store_rollback(struct store *store);
/* One or more statements without parameters. */
int store_run(struct store *store, const char *sql, struct err *err);

/* A prepared statement. Parameters are numbered from 1, columns from 0. Bound bytes and
 * texts must live until the next step or reset. A full disk, a lock or damage comes back
 * from step as an error that names the store. */
struct store_query;
int store_query_new(struct store_query **ret_query, struct store *store, const char *sql,
                    struct err *err);
void store_query_free(struct store_query *query);
void query_bind_integer(struct store_query *query, int at, int64_t value);
void query_bind_text(struct store_query *query, int at, const char *text);
void query_bind_bytes(struct store_query *query, int at, struct bytes bytes);
void query_bind_hash(struct store_query *query, int at, const struct hash256 *hash);
void query_bind_amount(struct store_query *query, int at, struct amount a); /* unknown: NULL */
void query_bind_null(struct store_query *query, int at);
/* 1: a row; 0: done (and reset); negative: error (and reset). */
int query_step(struct store_query *query, struct err *err);
/* Runs a statement that gives no rows, then resets it. */
int query_run(struct store_query *query, struct err *err);
void query_reset(struct store_query *query);
int64_t query_integer(const struct store_query *query, int column);
bool query_is_null(const struct store_query *query, int column);
/* Borrowed until the next step. */
struct bytes query_bytes(const struct store_query *query, int column);
const char *query_text(const struct store_query *query, int column); /* "" for NULL */
/* REFUSED where the column does not hold 32 bytes: a damaged store. */
int query_hash(struct hash256 *ret_hash, const struct store_query *query, int column,
               struct err *err);
int64_t store_last_row(const struct store *store);

#endif
