/* Touched transactions with what is known of their prevouts. Prevouts are one blob a
 * transaction: for each input the evidence (1 byte) and, where it is not PREVOUT_UNKNOWN,
 * the value (8 bytes, little-endian) and the script (CompactSize length, bytes). */
#include "facts/facts_priv.h"

/* A transaction of 1 MB has at most 24,390 inputs, and a spendable script 10,000 bytes. */
enum { PREVOUTS_SIZE_MAX = 256 << 20 };

static void prevouts_write(struct buf *buf, const struct fact_prevout *prevouts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_u8(buf, (uint8_t)prevouts[i].evidence);
        if (prevouts[i].evidence == PREVOUT_UNKNOWN)
            continue;
        sanad_assert(amount_is_money(prevouts[i].value));
        buf_le64(buf, (uint64_t)amount_minor(prevouts[i].value));
        buf_compact(buf, prevouts[i].script.size);
        buf_add(buf, prevouts[i].script);
    }
}

static struct fact_prevout prevout_read(struct cursor *cursor)
{
    struct fact_prevout prevout = {.value = amount_unknown()};
    uint8_t evidence = cursor_u8(cursor);
    if (evidence > PREVOUT_PROVED)
        cursor->bad = true;
    if (evidence == PREVOUT_UNKNOWN || cursor->bad)
        return prevout;
    prevout.evidence = (enum prevout_evidence)evidence;
    uint64_t value = cursor_le64(cursor);
    prevout.script = cursor_compact_bytes(cursor, PREVOUTS_SIZE_MAX);
    if (value > (uint64_t)AMOUNT_MONEY_MAX_SAT)
        cursor->bad = true;
    else
        prevout.value = amount_of((int64_t)value);
    return prevout;
}

/* The scripts view the blob. Every input takes a byte at least, so the count is bounded. */
static bool prevouts_read(struct fact_prevout **ret_prevouts, size_t *ret_count, struct bytes blob,
                          struct arena *arena)
{
    struct cursor cursor = cursor_of(blob);
    size_t count = 0;
    for (; !cursor.bad && cursor_left(&cursor) > 0; count++)
        (void)prevout_read(&cursor); /* counted first, kept below */
    if (cursor.bad)
        return false;
    struct fact_prevout *prevouts = arena_alloc(arena, count, sizeof *prevouts);
    cursor = cursor_of(blob);
    for (size_t i = 0; i < count; i++)
        prevouts[i] = prevout_read(&cursor);
    *ret_prevouts = prevouts;
    *ret_count = count;
    return true;
}

/* The column `proved`: whether there is something left to look for. */
enum tx_proved { TX_OPEN, TX_PROVED, TX_SEARCHED };

static enum tx_proved proved_of(const struct fact_prevout *prevouts, size_t count, bool searched)
{
    for (size_t i = 0; i < count; i++)
        if (prevouts[i].evidence != PREVOUT_PROVED)
            return searched ? TX_SEARCHED : TX_OPEN;
    return TX_PROVED;
}

/* ---- adding ------------------------------------------------------------------------------ */

static int damaged(const struct facts *facts, struct err *err)
{
    return err_set(err, SANAD_REFUSED, "%s: the store is damaged: prevouts",
                   store_name(facts->store));
}

static int tx_insert(struct facts *facts, const struct fact_tx *tx, struct bytes prevouts,
                     struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_TX_ADD, err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, tx->height);
    query_bind_hash(query, 2, &tx->block_hash);
    query_bind_integer(query, 3, tx->tx_index);
    query_bind_hash(query, 4, &tx->txid);
    query_bind_integer(query, 5, proved_of(tx->prevouts, tx->prevout_count, tx->searched));
    query_bind_bytes(query, 6, prevouts);
    query_bind_bytes(query, 7, tx->stripped);
    return query_run(query, err);
}

/* Keeps of each input the stronger evidence. */
static int tx_merge(struct buf *buf, enum tx_proved *ret_proved, struct facts *facts,
                    const struct fact_tx *tx, struct bytes held, struct arena *arena,
                    struct err *err)
{
    struct fact_prevout *prevouts;
    size_t count;
    if (!prevouts_read(&prevouts, &count, held, arena) || count != tx->prevout_count)
        return damaged(facts, err);
    for (size_t i = 0; i < count; i++)
        if (tx->prevouts[i].evidence > prevouts[i].evidence)
            prevouts[i] = tx->prevouts[i];
    prevouts_write(buf, prevouts, count);
    *ret_proved = proved_of(prevouts, count, tx->searched);
    return 0;
}

static int tx_update(struct facts *facts, int64_t id, enum tx_proved proved, struct bytes prevouts,
                     struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_TX_PREVOUTS, err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, proved);
    query_bind_bytes(query, 2, prevouts);
    query_bind_integer(query, 3, id);
    return query_run(query, err);
}

static int tx_add_with(struct facts *facts, const struct fact_tx *tx, struct store_query *held,
                       struct buf *buf, struct err *err)
{
    query_bind_integer(held, 1, tx->height);
    query_bind_hash(held, 2, &tx->block_hash);
    query_bind_integer(held, 3, tx->tx_index);
    int code = query_step(held, err);
    if (code < 0)
        return code;
    if (code == 0) {
        prevouts_write(buf, tx->prevouts, tx->prevout_count);
        sanad_assert(!buf->bad);
        return tx_insert(facts, tx, buf_bytes(buf), err);
    }
    struct arena arena = {0};
    enum tx_proved proved = TX_OPEN;
    int64_t id = query_integer(held, 0);
    code = tx_merge(buf, &proved, facts, tx, query_bytes(held, 1), &arena, err);
    arena_free(&arena);
    query_reset(held);
    return code < 0 ? code : tx_update(facts, id, proved, buf_bytes(buf), err);
}

int facts_tx_add(struct facts *facts, const struct fact_tx *tx, struct err *err)
{
    struct store_query *held;
    struct buf buf = buf_with_max(PREVOUTS_SIZE_MAX);
    sanad_assert((tx->tx_index == 0) == (tx->prevout_count == 0));
    int code = facts_query(&held, facts, QUERY_TX_GET, err);
    if (code == 0)
        code = tx_add_with(facts, tx, held, &buf, err);
    buf_free(&buf);
    return code;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int row_tx(struct fact_tx *ret_tx, struct facts *facts, struct row *row, struct arena *arena,
                  struct err *err)
{
    struct fact_tx tx = {0};
    tx.txid = row_hash(row);
    tx.block_hash = row_hash(row);
    tx.height = row_u32(row);
    tx.tx_index = row_u32(row);
    tx.stripped = row_bytes(row);
    struct bytes blob = row_bytes(row);
    tx.searched = row_integer(row, TX_OPEN, TX_SEARCHED) == TX_SEARCHED;
    tx.block_time = row_integer(row, 0, UINT32_MAX);
    tx.block_median_time = row_integer(row, 0, UINT32_MAX);
    int code = row_check(row, facts, err);
    if (code < 0)
        return code;
    if (!prevouts_read(&tx.prevouts, &tx.prevout_count, blob, arena))
        return damaged(facts, err);
    *ret_tx = tx;
    return 0;
}

/* Goes through a query of TX_COLUMNS and frees it. */
static int txs_walk(struct facts *facts, struct store_query *query, facts_tx_visit *visit,
                    void *context, struct err *err)
{
    struct arena arena = {0};
    struct fact_tx tx;
    int code;
    while ((code = query_step(query, err)) == 1) {
        struct row row = {.query = query};
        code = row_tx(&tx, facts, &row, &arena, err);
        if (code == 0)
            code = visit(context, &tx, err);
        arena_reset(&arena);
        if (code != 0)
            break;
    }
    arena_free(&arena);
    store_query_free(query);
    return code;
}

int facts_txs(struct facts *facts, uint32_t from, uint32_t to, facts_tx_visit *visit, void *context,
              struct err *err)
{
    struct store_query *query;
    int code =
        store_query_new(&query, facts->store,
                        "SELECT " TX_COLUMNS
                        " FROM tx t CROSS " ACTIVE("t") " WHERE t.height BETWEEN ?1 AND ?2 "
                                                        "ORDER BY t.height,t.block_hash,t.tx_index",
                        err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, from);
    query_bind_integer(query, 2, to);
    return txs_walk(facts, query, visit, context, err);
}

/* Bytes that die with the row, copied. */
static void tx_keep(struct fact_tx *tx, struct arena *arena)
{
    tx->stripped = arena_bytes(arena, tx->stripped);
    for (size_t i = 0; i < tx->prevout_count; i++)
        tx->prevouts[i].script = arena_bytes(arena, tx->prevouts[i].script);
}

int facts_tx_get(struct fact_tx *ret_tx, bool *ret_found, struct facts *facts,
                 const struct hash256 *block_hash, struct fact_place place, struct arena *arena,
                 struct err *err)
{
    struct store_query *query;
    int code = facts_query(&query, facts, QUERY_TX_AT, err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, place.height);
    query_bind_hash(query, 2, block_hash);
    query_bind_integer(query, 3, place.tx_index);
    code = query_step(query, err);
    if (code <= 0) {
        if (code == 0)
            *ret_found = false;
        return code;
    }
    struct row row = {.query = query};
    struct fact_tx tx;
    code = row_tx(&tx, facts, &row, arena, err);
    if (code == 0) {
        tx_keep(&tx, arena);
        *ret_tx = tx;
        *ret_found = true;
    }
    query_reset(query);
    return code;
}

int facts_txs_unproved(struct facts *facts, struct fact_place from, facts_tx_visit *visit,
                       void *context, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(
        &query, facts->store,
        "SELECT " TX_COLUMNS " FROM tx t INDEXED BY tx_unproved CROSS " ACTIVE(
            "t") " WHERE t.proved<>1 AND t.height>=?1 AND (t.height>?1 OR t.tx_index>=?2) "
                 "ORDER BY t.height,t.block_hash,t.tx_index",
        err);
    if (code < 0)
        return code;
    query_bind_integer(query, 1, from.height);
    query_bind_integer(query, 2, from.tx_index);
    return txs_walk(facts, query, visit, context, err);
}

int facts_unproved_count(struct facts *facts, uint64_t *ret_count, struct err *err)
{
    struct store_query *query;
    int code = store_query_new(
        &query, facts->store,
        "SELECT count(*) FROM tx t INDEXED BY tx_unproved CROSS " ACTIVE("t") " WHERE t.proved<>1",
        err);
    if (code < 0)
        return code;
    code = query_step(query, err);
    if (code == 1)
        *ret_count = (uint64_t)query_integer(query, 0);
    store_query_free(query);
    return code < 0 ? code : 0;
}
