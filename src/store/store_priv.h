/* store, inside: the handle and how SQLite's codes become errors of ours. */
#ifndef SANAD_STORE_PRIV_H
#define SANAD_STORE_PRIV_H

#include "store/store.h"

#include <sqlite3.h>

enum {
    STORE_APPLICATION_ID = 0x53414e44, /* "SAND", at byte 68 of the file */
    STORE_FORMAT = 1,                  /* user_version: how module versions are kept */
    STORE_BUSY_MS = 2000,
    STORE_CACHE_KIB = 8192
};

struct store {
    sqlite3 *db;
    char *name;
    enum store_mode mode;
    bool in_transaction;
};
struct store_query {
    struct store *store;
    sqlite3_stmt *statement;
};

/* The sentence for what SQLite says, naming the store: a lock is ENVIRONMENT, a full disk
 * and I/O are IO, damage and foreign files are REFUSED. */
int store_fail(const struct store *store, int sqlite_code, struct err *err);

#endif
