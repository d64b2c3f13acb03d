/* facts, inside: the handle with its prepared statements, and rows read column by column. */
#ifndef SANAD_FACTS_PRIV_H
#define SANAD_FACTS_PRIV_H

#include "facts/facts.h"

#define BLOCK_COLUMNS "b.height,b.hash,b.prev,b.time,b.median_time,b.work,b.tx_count,b.size"
#define COIN_COLUMNS                                                                               \
    "c.script,c.txid,c.vout,c.block_hash,c.height,c.tx_index,c.coinbase,c.value,c.made"
#define TX_COLUMNS                                                                                 \
    "t.txid,t.block_hash,t.height,t.tx_index,t.stripped,t.prevouts,"                               \
    "t.proved,b.time,b.median_time"
/* The block of a row of x, where that block is on the active chain. */
#define ACTIVE(x) "JOIN block b ON b.height=" x ".height AND b.hash=" x ".block_hash AND b.active=1"

/* Statements that run often are prepared once, at their first use. */
#define FACTS_QUERIES(X)                                                                           \
    X(CHAIN_GET, "SELECT name,generation FROM chain WHERE only=1")                                 \
    X(CHAIN_SET, "INSERT INTO chain VALUES(1,?1,0)")                                               \
    X(GENERATION_SET, "UPDATE chain SET generation=?1 WHERE only=1")                               \
    X(STATE_GET, "SELECT first_height,first_hash,anchored,tip_height,tip_hash,tip_time,"           \
                 "tip_median_time,tip_work,grade,block_count,tx_count,byte_count,coin_count,"      \
                 "spend_count,opened FROM scan_state WHERE only=1")                                \
    X(STATE_SET, "INSERT OR REPLACE INTO scan_state "                                              \
                 "VALUES(1,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)")                   \
    X(BLOCK_ADD, "INSERT INTO block VALUES(?1,?2,?3,?4,?5,?6,?7,?8,1) "                            \
                 "ON CONFLICT(height,hash) DO UPDATE SET active=1")                                \
    X(BLOCK_AT, "SELECT " BLOCK_COLUMNS " FROM block b WHERE b.height=?1 AND b.active=1")          \
    X(BLOCK_MEDIAN, "SELECT median_time FROM block WHERE height=?1 AND active=1")                  \
    X(SCRIPT_GET, "SELECT script FROM script WHERE id=?1")                                         \
    X(SCRIPT_FIND, "SELECT id FROM script WHERE script=?1")                                        \
    X(SCRIPT_ADD, "INSERT INTO script(script,complete_to) VALUES(?1,-1)")                          \
    X(SCRIPT_COMPLETE, "UPDATE script SET complete_to=?1 WHERE id=?2")                             \
    X(COIN_ADD, "INSERT OR IGNORE INTO coin VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                   \
    X(COIN_FIND,                                                                                   \
      "SELECT " COIN_COLUMNS " FROM coin c " ACTIVE("c") " WHERE c.txid=?1 AND c.vout=?2 "         \
                                                         "AND c.height<=?3 ORDER BY c.height "     \
                                                         "DESC LIMIT 1")                           \
    X(SPEND_ADD, "INSERT OR IGNORE INTO spend VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                 \
    X(TX_AT,                                                                                       \
      "SELECT " TX_COLUMNS " FROM tx t JOIN block b ON b.height=t.height AND b.hash=t.block_hash " \
      "WHERE t.height=?1 AND t.block_hash=?2 AND t.tx_index=?3")                                   \
    X(TX_GET, "SELECT id,prevouts FROM tx WHERE height=?1 AND block_hash=?2 AND tx_index=?3")      \
    X(TX_ADD, "INSERT INTO tx(height,block_hash,tx_index,txid,proved,prevouts,stripped) "          \
              "VALUES(?1,?2,?3,?4,?5,?6,?7)")                                                      \
    X(TX_PREVOUTS, "UPDATE tx SET proved=?1,prevouts=?2 WHERE id=?3")

enum facts_query {
#define X(name, sql) QUERY_##name,
    FACTS_QUERIES(X)
#undef X
        QUERY_COUNT
};

struct facts {
    struct store *store;
    const struct chain_params *params;
    int64_t generation; /* of the state that this handle last read or wrote */
    struct store_query *queries[QUERY_COUNT];
};

/* The statement of this name, ready to be bound. */
int facts_query(struct store_query **ret_query, struct facts *facts, enum facts_query which,
                struct err *err);
/* Runs a statement once that has one integer parameter and no rows. */
int facts_run_integer(struct facts *facts, const char *sql, int64_t value, struct err *err);

/* A row read from left to right. The first column that no fact can hold sets `bad`. */
struct row {
    const struct store_query *query;
    int at;
    bool bad;
};
int64_t row_integer(struct row *row, int64_t min, int64_t max);
uint32_t row_u32(struct row *row);
struct hash256 row_hash(struct row *row);
struct bytes row_bytes(struct row *row); /* borrowed until the next step */
struct u256 row_work(struct row *row);
struct amount row_money(struct row *row);
/* 0, or REFUSED "the store is damaged" where a column was bad. */
int row_check(const struct row *row, const struct facts *facts, struct err *err);

/* Work is kept big-endian without leading zeros. */
enum { WORK_SIZE = 32 };
struct bytes work_bytes(uint8_t room[WORK_SIZE], const struct u256 *work);

struct fact_block row_block(struct row *row); /* BLOCK_COLUMNS */
struct fact_coin row_coin(struct row *row);   /* COIN_COLUMNS; not spent */

#endif
